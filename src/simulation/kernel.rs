//! The hot loop: a bundle of lanes, each a closed loop of its own, advances step by step.
//!
//! A bundle is a few native-width vectors. Every lane has its own gains, state, cost and step count, so that a lane whose
//! simulation ends is given the next job while the others go on, and no result depends on who shares a bundle. Between two
//! events (a lane fails, is abandoned, or has done its steps) the loop runs without looking at single lanes.
//!
//! ```text
//! for k in 0..steps:  u, σ = controller(x_k);  cost += dt·(… x_k, u, σ …);  x_{k+1} = integrator(x_k, u, dt)
//! ```
//!
//! A run has failed at k when x_{k+1} is not finite, a link's |θ| exceeds the angle limit or |x| the track limit; it then
//! costs [`FAILURE_COST`]·(2 − k·dt/T), so that longer survival is better and any failure costs more than [`FAILURE_COST`].

use std::marker::PhantomData;
use std::sync::Arc;

use bumpalo::Bump;
use fearless_simd::{Simd, prelude::*};

use super::batch::{Batch, Ending, Record, Records};
use super::bundle::Bundle;
use super::history::{History, Keep, Policy, Trajectory, histories_in, sample_width, write_sample};
use super::pack::{Common, View};
use super::watch::Shared;
use super::{Features, Scenario, SimdLevel, Simulator, Workspace};
use crate::controllers::{Controller, Saturation, SurfaceKind};
use crate::costs::{Judgement, TERMS, TermSet, Timing};
use crate::integrators::Method;
use crate::lanes::on_level;
use crate::plants::Plant;
use crate::{Error, memory};

/// The cost of a run that fails at the last moment; one that fails at once costs twice as much.
pub const FAILURE_COST: f64 = 1e6;

/// Vectors a bundle: two give an out-of-order processor independent work while one waits for its own results.
pub(super) const VECTORS: usize = 2;

/// What is common to all simulations of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Integration step and control period in s.
    pub dt: f64,
    /// Control steps a simulation.
    pub steps: u64,
    /// A link beyond this has fallen, in rad.
    pub angle_limit: f64,
    /// A cart beyond this has left the track, in m.
    pub track_limit: f64,
    /// How it is judged.
    pub judgement: Judgement,
    /// The angles on which the sliding surface stands.
    pub surface: SurfaceKind,
    /// The switching function of the control law.
    pub saturation: Saturation,
    /// Whether the equivalent control is on.
    pub equivalent_control: bool,
    /// What any of the scenarios needs of the world.
    pub features: Features,
    /// What each simulation of a batch keeps of its way.
    pub keep: Keep,
    /// Standard normal numbers for noisy sensors, a power of two of them; empty where no sensor is noisy.
    pub noise: Arc<[f64]>,
}

impl Settings {
    /// The steps of a simulation.
    #[must_use]
    pub fn timing(&self) -> Timing {
        Timing { dt: self.dt, steps: self.steps }
    }
}

/// The simulator of one plant, controller and integrator.
pub struct Kernel<P: Plant<N>, C, M, const N: usize> {
    pub(super) settings: Settings,
    pub(super) plant: P::Constants<f64>,
    method: M,
    controller: PhantomData<fn() -> C>,
}

impl<P: Plant<N>, C: Controller, M: Method, const N: usize> Kernel<P, C, M, N> {
    /// Whether it is worth a loop of its own for the core cost terms, and the widest vectors.
    const FAST: bool = P::FAST && M::FAST;

    /// A simulator of the plant with the given parameter values.
    #[must_use]
    pub fn new(method: M, plant: &[f64], settings: Settings) -> Self {
        Self { settings, plant: P::constants(plant), method, controller: PhantomData }
    }
}

impl<P: Plant<N>, C: Controller, M: Method, const N: usize> Simulator for Kernel<P, C, M, N>
where
    P::Constants<f64>: Send + Sync,
{
    fn effective(&self, level: SimdLevel) -> SimdLevel {
        if !Self::FAST && level == SimdLevel::Avx512 { SimdLevel::Avx2 } else { level }
    }

    fn lanes(&self, level: SimdLevel) -> usize {
        on_level!(level, Self::FAST, simd => lanes(simd))
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: TermSet) -> usize {
        on_level!(level, Self::FAST, simd => bytes::<_, P, C, M, N>(simd, terms, &self.settings))
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        workspace.with_arena(|arena, jobs| {
            on_level!(level, Self::FAST, simd => drain(simd, self, batch, arena, jobs, None));
        });
    }

    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        let width = sample_width(N);
        let stride = stride.max(1) as u64;
        let rows = usize::try_from(self.settings.steps / stride).unwrap_or(usize::MAX).saturating_add(1);
        let what = "the trajectory (use a larger --every or a shorter --duration)";
        let mut storage = memory::empty(what, rows.saturating_mul(width))?;
        storage.resize(rows * width, 0.0);

        let mut history = History::new(Policy::Decimate, width, stride, &mut storage);
        let records = Records::new(1, TERMS)?;
        let queue = 0.into();
        let batch = Batch {
            values,
            width: values.len(),
            scenarios: std::slice::from_ref(scenario),
            bounds: &[f64::INFINITY],
            reaches: &[1.0],
            terms: TermSet::ALL,
            queue: &queue,
            end: 1,
            records: &records,
        };
        let mut workspace = Workspace::reserve(self.workspace_bytes(level, batch.terms), self.lanes(level))?;
        workspace.with_arena(|arena, jobs| {
            on_level!(level, Self::FAST, simd => drain(simd, self, &batch, arena, jobs, Some(&mut history)));
        });
        let stored = history.len() * width;
        storage.truncate(stored);
        Ok((records.get(0), Trajectory { width, values: storage }))
    }
}

#[inline(always)]
fn lanes<S: Simd>(_simd: S) -> usize {
    VECTORS * S::f64s::LEN
}

/// The bundle, a step counter and a history a lane: all that a run takes from the arena.
#[inline(always)]
fn bytes<S: Simd, P: Plant<N>, C: Controller, M: Method, const N: usize>(
    simd: S,
    terms: TermSet,
    settings: &Settings,
) -> usize {
    let bundle = Bundle::<S, P, C, N>::bytes(terms, &settings.features, needs_all::<P, C, M, N>(settings));
    let samples = settings.keep.capacity * sample_width(N) * size_of::<f64>();
    let history = if samples > 0 { samples + size_of::<History<'_>>() } else { 0 };
    bundle + lanes(simd) * (size_of::<u64>() + history)
}

/// Whether there is but the longer loop.
fn needs_all<P: Plant<N>, C: Controller, M: Method, const N: usize>(settings: &Settings) -> bool {
    !Kernel::<P, C, M, N>::FAST || settings.keep.capacity > 0
}

const DECLARED: &str = "the arena holds what the workspace declares";

/// Puts the state of a lane at the start of `step`, and the force and σ there, into a history.
fn see<S: Simd, const N: usize>(
    history: &mut History<'_>,
    slot: usize,
    step: u64,
    dt: f64,
    view: &View<S, N>,
) {
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
    let time = step as f64 * dt;
    history.offer(step, |row| write_sample::<S, N>(row, time, &view.state, [view.force, view.sigma], slot));
}

/// Runs jobs from the queue until it is empty and every lane is idle; what is recorded is a single job, whose end is seen too.
#[inline(always)]
fn drain<S: Simd, P: Plant<N>, C: Controller, M: Method, const N: usize>(
    simd: S,
    kernel: &Kernel<P, C, M, N>,
    batch: &Batch<'_>,
    arena: &Bump,
    jobs: &mut [Option<usize>],
    mut recorded: Option<&mut History<'_>>,
) {
    let (settings, method) = (&kernel.settings, kernel.method);
    let common = Common::new(simd, settings);
    let shared = Shared::new(simd, settings, batch.terms);
    let all = needs_all::<P, C, M, N>(settings);
    let mut bundle =
        Bundle::<S, P, C, N>::new(simd, arena, &kernel.plant, batch.terms, &settings.features, all);
    let done = arena.try_alloc_slice_fill_copy(lanes(simd), 0_u64).expect(DECLARED);
    let keep = if recorded.is_some() { Keep::NOTHING } else { settings.keep };
    let histories = histories_in(arena, keep, sample_width(N), lanes(simd));

    for lane in 0..lanes(simd) {
        bundle.assign(lane, kernel, batch, jobs, done);
    }
    while let Some(stretch) = next_event(settings.steps, jobs, done) {
        // Two loops, since what a study does not ask for would cost it speed even as a branch.
        let (advanced, stopped) = if Kernel::<P, C, M, N>::FAST && bundle.watches.is_empty() {
            advance(
                simd,
                stretch,
                #[inline(always)]
                |_, vector| bundle.step::<M, false>(simd, method, vector, &common, &shared, settings).stopped,
            )
        } else {
            advance(
                simd,
                stretch,
                #[inline(always)]
                |step, vector| {
                    let view = bundle.step::<M, true>(simd, method, vector, &common, &shared, settings);
                    let first = vector * S::f64s::LEN;
                    // What is recorded is in the first lane, since there is no other job.
                    if let Some(history) = recorded.as_mut().filter(|_| vector == 0) {
                        see(history, 0, done[0] + step, settings.dt, &view);
                    }
                    for (slot, history) in histories.iter_mut().skip(first).take(S::f64s::LEN).enumerate() {
                        if jobs[first + slot].is_some() {
                            see(history, slot, done[first + slot] + step, settings.dt, &view);
                        }
                    }
                    view.stopped
                },
            )
        };
        for (steps, _) in done.iter_mut().zip(&*jobs).filter(|(_, job)| job.is_some()) {
            *steps += advanced;
        }
        for lane in 0..lanes(simd) {
            let Some(job) = jobs[lane] else { continue };
            if stopped >> lane & 1 == 0 && done[lane] < settings.steps {
                continue;
            }
            let (vector, slot) = (lane / S::f64s::LEN, lane % S::f64s::LEN);
            let record = bundle.record(lane, settings, done[lane]);
            if let Some(history) = recorded.as_mut().filter(|_| record.ending == Ending::Survived) {
                // One step more shows the force at the end; a single job shares its bundle with no other.
                let view = bundle.step::<M, true>(simd, method, vector, &common, &shared, settings);
                see(history, slot, done[lane], settings.dt, &view);
            }
            batch.records.set(job, &record);
            if let Some(history) = histories.get_mut(lane) {
                history.clear();
            }
            bundle.assign(lane, kernel, batch, jobs, done);
        }
    }
}

/// Steps until the first active lane has done all of its own, or `None` when no lane is active.
fn next_event(steps: u64, jobs: &[Option<usize>], done: &[u64]) -> Option<u64> {
    jobs.iter().zip(done).filter(|(job, _)| job.is_some()).map(|(_, done)| steps - done).min()
}

/// Advances all lanes by up to `steps`; returns how many steps were done and the lanes that stopped, a bit a lane.
#[inline(always)]
fn advance<S: Simd>(simd: S, steps: u64, mut step_of: impl FnMut(u64, usize) -> u64) -> (u64, u64) {
    for step in 0..steps {
        let mut stopped = 0;
        for vector in 0..VECTORS {
            stopped |= step_of(step, vector) << (vector * lanes(simd) / VECTORS);
        }
        if stopped != 0 {
            return (step + 1, stopped);
        }
    }
    (steps, 0)
}
