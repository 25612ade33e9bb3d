//! Runs a program: jobs from a queue, one a lane, a block of lanes step by step.
//!
//! Every lane has its own numbers and its own count of steps, so that a lane whose simulation ends is given the next job while the
//! others go on, and no result depends on who shares a block. Between two events (a lane stops, or has done its steps) the loop looks at
//! nothing but the bits that say who stops.

use bumpalo::Bump;
use fearless_simd::{Simd, prelude::*};

use super::batch::{Batch, Ending, Record, Records};
use super::history::{History, Policy, Trajectory};
use super::kernel::FAILURE_COST;
use super::{Scenario, SimdLevel, Simulator, Workspace};
use crate::closed_loop::ClosedLoop;
use crate::costs::{TERMS, TermSet};
use crate::lanes::on_level;
use crate::program::{Block, Program, step};
use crate::{Error, memory};

/// Vectors a slot.
const VECTORS: usize = 8;

/// Simulates the closed loop of a program.
#[derive(Debug, Clone)]
pub struct Runner {
    closed_loop: ClosedLoop,
    dt: f64,
    steps: u64,
}

const DECLARED: &str = "the arena holds what the workspace declares";

/// The number of slots that a program is compiled for.
macro_rules! on_slots {
    ($slots:expr, $N:ident => $body:expr) => {
        if $slots <= 64 {
            const $N: usize = 64;
            $body
        } else if $slots <= 128 {
            const $N: usize = 128;
            $body
        } else {
            const $N: usize = 256;
            $body
        }
    };
}

impl Runner {
    /// Simulations of `steps` steps of `dt` s.
    #[must_use]
    pub fn new(closed_loop: ClosedLoop, dt: f64, steps: u64) -> Self {
        Self { closed_loop, dt, steps }
    }

    /// The one place from which the loop is entered, so that it is compiled once a level and number of slots.
    fn drive(
        &self,
        level: SimdLevel,
        batch: &Batch<'_>,
        workspace: &mut Workspace,
        recorded: Option<&mut History<'_>>,
    ) {
        let slots = self.closed_loop.program.slots;
        workspace.with_arena(|arena, jobs| {
            on_slots!(slots, N => on_level!(level, true, simd => drain::<_, N>(simd, self, batch, arena, jobs, recorded)));
        });
    }

    fn room(&self) -> usize {
        let Program { start, end, .. } = &self.closed_loop.program;
        start.room().max(end.room())
    }

    /// The numbers of a job in the order of the program's inputs.
    fn inputs<'a>(
        &'a self,
        values: &'a [f64],
        scenario: &'a Scenario,
        bound: f64,
    ) -> impl Iterator<Item = f64> + 'a {
        let layout = &self.closed_loop.layout;
        let plant = scenario.conditions.plant.as_deref().unwrap_or(&[]);
        let plant = plant.iter().copied().take(layout.parameters);
        values
            .iter()
            .copied()
            .take(layout.gains)
            .chain(plant)
            .chain(scenario.initial_state.iter().copied())
            .chain([bound])
    }
}

impl Simulator for Runner {
    fn effective(&self, level: SimdLevel) -> SimdLevel {
        level
    }

    fn lanes(&self, level: SimdLevel) -> usize {
        on_level!(level, true, simd => lanes(simd))
    }

    fn workspace_bytes(&self, level: SimdLevel, _terms: TermSet) -> usize {
        let slots = self.closed_loop.program.slots;
        on_slots!(slots, N => on_level!(level, true, simd => bytes::<_, N>(simd, self.room())))
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        self.drive(level, batch, workspace, None);
    }

    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        let width = 1 + self.closed_loop.program.watched.shown.len();
        let stride = stride.max(1) as u64;
        let rows = usize::try_from(self.steps / stride).unwrap_or(usize::MAX).saturating_add(1);
        let mut storage = memory::empty(
            "the trajectory (use a larger --every or a shorter --duration)",
            rows.saturating_mul(width),
        )?;
        storage.resize(rows * width, 0.0);
        let mut history = History::new(Policy::Decimate, width, stride, &mut storage);
        let records = Records::new(1)?;
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
        self.drive(level, &batch, &mut workspace, Some(&mut history));
        let stored = history.len() * width;
        storage.truncate(stored);
        Ok((records.get(0), Trajectory { width, values: storage }))
    }
}

#[inline(always)]
fn lanes<S: Simd>(_simd: S) -> usize {
    VECTORS * S::f64s::LEN
}

#[inline(always)]
fn bytes<S: Simd, const N: usize>(simd: S, room: usize) -> usize {
    size_of::<Block<S::f64s, VECTORS, N>>() + lanes(simd) * size_of::<u64>() + room * size_of::<f64>()
}

/// The lanes of a block with their jobs.
struct Lanes<'a, 'b, S: Simd, const N: usize> {
    runner: &'a Runner,
    batch: &'a Batch<'b>,
    block: &'a mut Block<S::f64s, VECTORS, N>,
    jobs: &'a mut [Option<usize>],
    done: &'a mut [u64],
    room: &'a mut [f64],
    /// The lanes that have a job, a bit a lane.
    active: u64,
}

/// Runs jobs from the queue until it is empty and every lane is idle; what is recorded is a single job.
#[inline(always)]
fn drain<S: Simd, const N: usize>(
    simd: S,
    runner: &Runner,
    batch: &Batch<'_>,
    arena: &Bump,
    jobs: &mut [Option<usize>],
    mut recorded: Option<&mut History<'_>>,
) {
    let program = &runner.closed_loop.program;
    let mut lanes = Lanes::<S, N> {
        runner,
        batch,
        block: arena.try_alloc_with(|| Block::empty(simd)).expect(DECLARED),
        jobs,
        done: arena.try_alloc_slice_fill_copy(lanes(simd), 0_u64).expect(DECLARED),
        room: arena.try_alloc_slice_fill_copy(runner.room(), 0.0).expect(DECLARED),
        active: 0,
    };
    let code = if recorded.is_some() { &program.watched } else { &program.plain };
    lanes.block.fill::<S>(simd, &code.constants);
    for lane in 0..lanes.jobs.len() {
        lanes.assign(lane);
    }
    while let Some(stretch) = lanes.next_event() {
        let mut advanced = 0;
        let mut stopped = 0;
        while advanced < stretch && stopped == 0 {
            step(simd, &code.instructions, lanes.block);
            stopped = lanes.block.mask::<S>(simd, code.stop) & lanes.active;
            if let Some(history) = recorded.as_mut() {
                lanes.see(history, lanes.done[0] + advanced, &code.shown);
            }
            advanced += 1;
        }
        lanes.advance(advanced, stopped);
    }
}

impl<S: Simd, const N: usize> Lanes<'_, '_, S, N> {
    /// Steps until the first lane has done all of its own, or `None` when no lane has a job.
    fn next_event(&self) -> Option<u64> {
        let active = self.jobs.iter().zip(&*self.done).filter(|(job, _)| job.is_some());
        active.map(|(_, done)| self.runner.steps - done).min()
    }

    /// What the step showed that has just been done.
    fn see(&self, history: &mut History<'_>, step: u64, shown: &[u8]) {
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let time = step as f64 * self.runner.dt;
        history.offer(step, |row| {
            row[0] = time;
            for (cell, slot) in row[1..].iter_mut().zip(shown) {
                *cell = self.block.get::<S>(usize::from(*slot), 0);
            }
        });
    }

    /// Counts the steps of all lanes, and gives those that have ended the next job.
    fn advance(&mut self, steps: u64, stopped: u64) {
        for lane in 0..self.jobs.len() {
            let Some(job) = self.jobs[lane] else { continue };
            self.done[lane] += steps;
            if stopped >> lane & 1 == 1 || self.done[lane] >= self.runner.steps {
                let record = self.record(lane, job);
                self.batch.records.set(job, &record);
                self.assign(lane);
            }
        }
    }

    fn record(&mut self, lane: usize, job: usize) -> Record {
        let Runner { closed_loop, steps: all, .. } = self.runner;
        let (values, scenario, bound) = self.batch.job(job);
        let block = &self.block;
        let carried = (0..closed_loop.program.carried).map(|slot| block.get::<S>(slot, lane));
        let inputs = self.runner.inputs(values, scenario, bound).chain(carried);
        let mut results = closed_loop.program.end.run(inputs, self.room);
        let failed = results.next().is_some_and(|failed| failed != 0.0);
        let cost = results.next().unwrap_or(f64::NAN);
        let mut final_positions = [0.0; 2];
        for place in 0..closed_loop.layout.states {
            let size = results.next().unwrap_or(f64::NAN).abs();
            match place {
                0 => final_positions[0] = size,
                _ if place < closed_loop.layout.states / 2 => {
                    final_positions[1] = final_positions[1].max(size);
                }
                _ => {}
            }
        }
        let mut terms = [0.0; TERMS];
        for (term, sum) in terms.iter_mut().zip(results) {
            *term = sum;
        }
        let steps = self.done[lane];
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let (ending, cost) = if failed {
            (Ending::Failed, FAILURE_COST * (2.0 - (steps - 1) as f64 / *all as f64))
        } else if steps < *all {
            (Ending::Abandoned, cost)
        } else {
            (Ending::Survived, cost)
        };
        Record { ending, steps, cost, values: terms, final_positions }
    }

    /// Gives a lane the next job; without one it goes on idly, looked at by nobody.
    fn assign(&mut self, lane: usize) {
        self.jobs[lane] = self.batch.take();
        self.done[lane] = 0;
        self.active &= !(1 << lane);
        let Some(job) = self.jobs[lane] else { return };
        self.active |= 1 << lane;
        let (values, scenario, bound) = self.batch.job(job);
        let inputs = self.runner.inputs(values, scenario, bound);
        let program = &self.runner.closed_loop.program;
        for (slot, number) in program.start.run(inputs, self.room).enumerate() {
            self.block.set::<S>(slot, lane, number);
        }
    }
}
