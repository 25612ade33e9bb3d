//! Runs a program: jobs from a queue, one a lane, a block of lanes step by step.
//!
//! Every lane has its own numbers and its own count of steps, so that a lane whose simulation ends is given the next job while the
//! others go on, and no result depends on who shares a block. Between two events (a lane stops, or has done its steps) the loop looks at
//! nothing but the bits that say who stops.

use std::sync::{Arc, OnceLock};

use bumpalo::Bump;
use fearless_simd::{Simd, prelude::*};

use super::batch::{Batch, Ending, Extent, FAILURE_COST, PARTS, Record, Records, Terms};
use super::history::{History, Keep, Policy, Trajectory, histories_in};
use super::{Scenario, SimdLevel, Simulator, Workspace};
use crate::closed_loop::{ClosedLoop, DelayLine};
use crate::costs::TERMS_MAX;
use crate::lanes::on_level;
use crate::native::{Form, Native, Refusal, Source};
use crate::program::{Block, Program, Step, step};
use crate::{Error, memory};

/// Instructions of a step that is made machine code of, at most.
const INSTRUCTIONS_MAX: usize = 4000;

/// Vectors a slot.
const VECTORS: usize = 8;

/// Simulates the closed loop of a program.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(super) closed_loop: ClosedLoop,
    pub(super) dt: f64,
    pub(super) steps: u64,
    /// Standard normal numbers for noisy sensors; their number is a power of two.
    noise: Arc<[f64]>,
    keep: Keep,
    /// The program's plain step as machine code, once there is some.
    pub(super) native: OnceLock<Native>,
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
    /// Simulations of `steps` steps of `dt` s; `noise` are standard normal numbers for noisy sensors, a power of two of them or none.
    #[must_use]
    pub fn new(closed_loop: ClosedLoop, dt: f64, steps: u64, noise: Arc<[f64]>) -> Self {
        Self { closed_loop, dt, steps, noise, keep: Keep::NOTHING, native: OnceLock::new() }
    }

    /// The same, keeping some of the way of each simulation.
    #[must_use]
    pub fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// Numbers of a sample: the time and what is shown.
    fn width(&self) -> usize {
        1 + self.closed_loop.program.watched.shown.len()
    }

    /// What it runs.
    #[must_use]
    pub fn closed_loop(&self) -> &ClosedLoop {
        &self.closed_loop
    }

    /// The one place from which the loop is entered, so that it is compiled once a level and number of slots.
    fn drive(
        &self,
        level: SimdLevel,
        batch: &Batch<'_>,
        workspace: &mut Workspace,
        recorded: Option<&mut History<'_>>,
    ) {
        let slots = self.code(batch.terms, recorded.is_some()).slots;
        workspace.with_arena(|arena, jobs| {
            on_slots!(slots, N => on_level!(level, true, simd => drain::<_, N>(simd, self, batch, arena, jobs, recorded)));
        });
    }

    /// Steps of so many parts of a simulation.
    fn steps_of(&self, parts: usize) -> u64 {
        if parts >= PARTS { self.steps } else { (self.steps * parts as u64 / PARTS as u64).max(1) }
    }

    /// The step that is run: another one where its values are looked at, or all terms are asked for.
    fn code(&self, terms: Terms, is_recorded: bool) -> &Step {
        let Program { plain, watched, .. } = &self.closed_loop.program;
        let is_seen = is_recorded || self.keep.capacity > 0 || terms == Terms::All;
        if is_seen { watched } else { plain }
    }

    fn bytes(&self, level: SimdLevel, terms: Terms, is_recorded: bool) -> usize {
        let slots = self.code(terms, is_recorded).slots;
        on_slots!(slots, N => on_level!(level, true, simd => bytes::<_, N>(simd, self)))
    }

    /// What the noise of a state's sensor is in a step, by its standard deviation.
    pub(super) fn noise_at(&self, scenario: &Scenario, state: usize, step: u64) -> f64 {
        let offset = scenario.conditions.sensors.as_ref().map_or(0, |sensors| sensors.offsets[state]);
        #[allow(clippy::cast_possible_truncation, reason = "a place in a table")]
        let at = offset.wrapping_add(step as usize) & self.noise.len().wrapping_sub(1);
        self.noise.get(at).copied().unwrap_or(0.0)
    }

    fn room(&self) -> usize {
        let Program { start, end, look, .. } = &self.closed_loop.program;
        start.room().max(end.room()).max(look.room())
    }

    /// Steps that the delay lines remember, all together.
    fn remembered(&self) -> usize {
        self.closed_loop.layout.delays.iter().map(|line| line.most).sum()
    }
}

impl Simulator for Runner {
    fn lanes(&self, level: SimdLevel) -> usize {
        on_level!(level, true, simd => lanes(simd))
    }

    fn source(&self, level: SimdLevel) -> Option<Source> {
        // What is looked at step by step stays on the program, and so does what a compiler would take minutes for.
        let Step { instructions, calls, .. } = &self.closed_loop.program.plain;
        // A call is of a whole block: what is compiled does a step of two vectors after the other.
        if instructions.len() > INSTRUCTIONS_MAX || !calls.is_empty() || self.keep.capacity > 0 {
            return None;
        }
        let form = on_level!(level, true, simd => form(simd));
        Some(Source::new(level, form, &[&self.closed_loop.program]))
    }

    fn adopt(
        &self,
        level: SimdLevel,
        native: Native,
        values: &[f64],
        scenarios: &[Scenario],
    ) -> Result<(), Refusal> {
        self.try_out(level, &native, values, scenarios)?;
        // The first one stays: another one does the same.
        let _ = self.native.set(native);
        Ok(())
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize {
        self.bytes(level, terms, false)
    }

    fn flops_a_step(&self) -> f64 {
        f64::from(self.closed_loop.program.flops)
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
        let width = self.width();
        let stride = stride.max(1) as u64;
        let rows = usize::try_from(self.steps / stride).unwrap_or(usize::MAX).saturating_add(1);
        let mut storage = memory::empty(
            "the trajectory (use a larger --every or a shorter --duration)",
            rows.saturating_mul(width),
        )?;
        storage.resize(rows * width, 0.0);
        let mut history = History::new(Policy::Decimate, width, stride, &mut storage);
        let records = Records::new(1, self.closed_loop.layout.terms.len())?;
        let queue = 0.into();
        let batch = Batch {
            values,
            width: values.len(),
            scenarios: std::slice::from_ref(scenario),
            chosen: None,
            bounds: &[f64::INFINITY],
            reaches: &[1.0],
            terms: Terms::All,
            extent: Extent::Whole,
            queue: &queue,
            end: 1,
            records: &records,
        };
        let mut workspace = Workspace::reserve(self.bytes(level, Terms::All, true), self.lanes(level))?;
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
fn form<S: Simd>(_simd: S) -> Form {
    Form { width: S::f64s::LEN, vectors: VECTORS }
}

#[inline(always)]
fn bytes<S: Simd, const N: usize>(simd: S, runner: &Runner) -> usize {
    let kept = runner.keep.capacity * runner.width();
    let numbers = 2 * lanes(simd) + runner.room() + lanes(simd) * (runner.remembered() + kept);
    let histories = if kept > 0 { lanes(simd) * size_of::<History<'_>>() } else { 0 };
    size_of::<Block<S::f64s, VECTORS, N>>() + numbers * size_of::<f64>() + histories
}

/// The lanes of a block with their jobs.
struct Lanes<'a, 'b, S: Simd, const N: usize> {
    runner: &'a Runner,
    /// The step that is run.
    code: &'a Step,
    batch: &'a Batch<'b>,
    block: &'a mut Block<S::f64s, VECTORS, N>,
    jobs: &'a mut [Option<usize>],
    done: &'a mut [u64],
    /// The step with which a signal of each lane changes next.
    change: &'a mut [u64],
    room: &'a mut [f64],
    /// What the delay lines remember: of each line, of each lane, so many steps in turn.
    past: &'a mut [f64],
    /// The lanes that have a job, a bit a lane.
    active: u64,
    /// Steps of a simulation.
    steps: u64,
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
    let code = runner.code(batch.terms, recorded.is_some());
    let is_plain = std::ptr::eq(code, &raw const runner.closed_loop.program.plain);
    let mut lanes = Lanes::<S, N> {
        runner,
        code,
        batch,
        block: arena.try_alloc_with(|| Block::empty(simd)).expect(DECLARED),
        jobs,
        done: arena.try_alloc_slice_fill_copy(lanes(simd), 0_u64).expect(DECLARED),
        change: arena.try_alloc_slice_fill_copy(lanes(simd), u64::MAX).expect(DECLARED),
        room: arena.try_alloc_slice_fill_copy(runner.room(), 0.0).expect(DECLARED),
        past: arena.try_alloc_slice_fill_copy(runner.remembered() * lanes(simd), 0.0).expect(DECLARED),
        active: 0,
        steps: runner.steps_of(if let Extent::Parts(parts) = batch.extent { parts } else { PARTS }),
    };
    let histories = histories_in(arena, runner.keep, runner.width(), lanes.jobs.len());
    lanes.block.fill::<S>(simd, &code.constants);
    for lane in 0..lanes.jobs.len() {
        lanes.assign(lane);
    }
    let native = runner.native.get().filter(|native| is_plain && native.form() == form(simd));
    while let Some(stretch) = lanes.next_event() {
        let (mut advanced, mut stopped) = (0, 0);
        while advanced < stretch && stopped == 0 {
            if let Some(native) = native {
                // What is delayed is looked at after each step.
                let steps = if runner.closed_loop.layout.delays.is_empty() { stretch } else { 1 };
                let (done, stops) = native.advance(lanes.block.vectors_mut(), steps, lanes.active);
                lanes.remember(advanced);
                (advanced, stopped) = (advanced + done, stops);
                continue;
            }
            step(simd, code, lanes.block);
            stopped = lanes.block.mask::<S>(simd, code.stop) & lanes.active;
            if let Some(history) = recorded.as_mut() {
                lanes.see(history, 0, lanes.done[0] + advanced, &code.shown);
            }
            for (lane, history) in histories.iter_mut().enumerate() {
                if lanes.active >> lane & 1 == 1 {
                    lanes.see(history, lane, lanes.done[lane] + advanced, &code.shown);
                }
            }
            lanes.remember(advanced);
            advanced += 1;
        }
        lanes.advance(advanced, stopped, histories, recorded.as_deref_mut());
    }
}

impl<S: Simd, const N: usize> Lanes<'_, '_, S, N> {
    /// Steps until the first lane has done all of its own, one of its signals changes or one of its parts ends, or `None` when no lane has a job.
    fn next_event(&self) -> Option<u64> {
        let active = (0..self.jobs.len()).filter(|lane| self.jobs[*lane].is_some());
        active.map(|lane| self.event_of(lane) - self.done[lane]).min()
    }

    /// The step after which a lane is looked at next.
    fn event_of(&self, lane: usize) -> u64 {
        let event = self.steps.min(self.change[lane]);
        if self.batch.extent != Extent::Marked {
            return event;
        }
        let ends = (1..PARTS).map(|parts| self.runner.steps_of(parts));
        ends.filter(|end| *end > self.done[lane]).fold(event, u64::min)
    }

    /// Notes the cost of a lane at the end of a part.
    fn mark(&mut self, lane: usize, job: usize) {
        if self.batch.extent == Extent::Marked {
            let reached = (1..PARTS).find(|parts| self.runner.steps_of(*parts) == self.done[lane]);
            if let Some(parts) = reached {
                let cost = self.record(lane, job).cost;
                self.batch.records.set_mark(job, parts, cost);
            }
        }
    }

    /// Puts what a step has made into the delay lines, and takes out what reaches the next; `since` steps were done before since the last
    /// event.
    #[inline(always)]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers of steps, bounded by the length of a line"
    )]
    fn remember(&mut self, since: u64) {
        let mut first = 0;
        for DelayLine { slot, steps, most } in &self.runner.closed_loop.layout.delays {
            for lane in 0..self.jobs.len() {
                let line = &mut self.past[first..][..*most];
                first += most;
                let step = (self.done[lane] + since) as usize;
                let delay = (self.block.get::<S>(*steps, lane) as usize).clamp(1, *most);
                line[step % most] = self.block.get::<S>(*slot, lane);
                let then = if step + 1 < delay { 0.0 } else { line[(step + 1 - delay) % most] };
                self.block.set::<S>(*slot, lane, then);
            }
        }
    }

    /// Sets the signals of a lane as they are in its next step, and finds out when one changes.
    fn signal(&mut self, lane: usize) {
        let Some(job) = self.jobs[lane] else { return };
        let (_, scenario, _) = self.batch.job(job);
        let layout = &self.runner.closed_loop.layout;
        let step = self.done[lane];
        let mut change = u64::MAX;
        for (place, pieces) in scenario.conditions.signals.iter().take(layout.signals).enumerate() {
            let behind = pieces.partition_point(|piece| piece.0 <= step);
            if let Some(piece) = behind.checked_sub(1).and_then(|now| pieces.get(now)) {
                self.block.set::<S>(layout.signals_at + place, lane, piece.1);
            }
            change = change.min(pieces.get(behind).map_or(u64::MAX, |piece| piece.0));
        }
        for (place, state) in layout.world.noisy.iter().enumerate() {
            let normal = self.runner.noise_at(scenario, *state, step);
            self.block.set::<S>(layout.noise_at + place, lane, normal);
            change = step + 1;
        }
        self.change[lane] = change;
    }

    /// What the step showed of a lane that has just been done.
    fn see(&self, history: &mut History<'_>, lane: usize, step: u64, shown: &[u8]) {
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let time = step as f64 * self.runner.dt;
        history.offer(step, |row| {
            row[0] = time;
            for (cell, slot) in row[1..].iter_mut().zip(shown) {
                *cell = self.block.get::<S>(usize::from(*slot), lane);
            }
        });
    }

    /// What is to be seen of a lane at the end of its last step.
    fn see_the_end(&mut self, history: &mut History<'_>, lane: usize, job: usize) {
        let Runner { closed_loop, dt, .. } = self.runner;
        let numbers = self
            .runner
            .at_the_end(self.batch.job(job), self.code.carried, |slot| self.block.get::<S>(slot, lane));
        let shown = closed_loop.program.look.run(numbers, self.room);
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let time = self.done[lane] as f64 * dt;
        history.offer(self.done[lane], |row| {
            row[0] = time;
            for (cell, value) in row[1..].iter_mut().zip(shown) {
                *cell = value;
            }
        });
    }

    /// Counts the steps of all lanes, and gives those that have ended the next job.
    fn advance(
        &mut self,
        steps: u64,
        stopped: u64,
        histories: &mut [History<'_>],
        mut recorded: Option<&mut History<'_>>,
    ) {
        for lane in 0..self.jobs.len() {
            let Some(job) = self.jobs[lane] else { continue };
            self.done[lane] += steps;
            if stopped >> lane & 1 == 1 || self.done[lane] >= self.steps {
                let record = self.record(lane, job);
                self.batch.records.set(job, &record);
                if let Some(history) = recorded.as_deref_mut().filter(|_| record.ending == Ending::Survived) {
                    self.signal(lane);
                    self.see_the_end(history, lane, job);
                }
                if let Some(history) = histories.get_mut(lane) {
                    history.clear();
                }
                self.assign(lane);
                continue;
            }
            self.mark(lane, job);
            if self.done[lane] >= self.change[lane] {
                self.signal(lane);
            }
        }
    }

    fn record(&mut self, lane: usize, job: usize) -> Record {
        let Runner { closed_loop, steps: all, .. } = self.runner;
        let numbers = self
            .runner
            .at_the_end(self.batch.job(job), self.code.carried, |slot| self.block.get::<S>(slot, lane));
        let mut results = closed_loop.program.end.run(numbers, self.room);
        let failed = results.next().is_some_and(|failed| failed != 0.0);
        let cost = results.next().unwrap_or(f64::NAN);
        let mut terms = [0.0; TERMS_MAX];
        let known = self.batch.terms == Terms::All;
        for ((term, value), needed) in terms.iter_mut().zip(results).zip(&closed_loop.layout.terms) {
            *term = if known || *needed { value } else { 0.0 };
        }
        let steps = self.done[lane];
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let (ending, cost) = if failed {
            (Ending::Failed, FAILURE_COST * (2.0 - (steps - 1) as f64 / *all as f64))
        } else if steps < self.steps {
            (Ending::Abandoned, cost)
        } else {
            (Ending::Survived, cost)
        };
        Record { ending, steps, cost, values: terms }
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
        let Step { carried, prepared, .. } = self.code;
        for (place, number) in program.start.run(inputs, self.room).enumerate() {
            let slot = match place.checked_sub(program.carried) {
                None => (place < *carried).then_some(place),
                Some(place) => prepared[place].map(usize::from),
            };
            if let Some(slot) = slot {
                self.block.set::<S>(slot, lane, number);
            }
        }
        self.signal(lane);
    }
}
