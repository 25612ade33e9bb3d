//! The certificate of a law that is not differentiable where it comes to rest, and says that it holds a value σ of the plant's states at 0.
//!
//! On σ = 0 the plant x' = f(x) + g(x)·u moves as under the equivalent control u = −(∇σ·f)/(∇σ·g): x' = f − g (∇σ·f)/(∇σ·g) (Utkin 1992,
//! doi:10.1007/978-3-642-84379-2, chapter 2). There ∇σ·x' = 0, so that one eigenvalue of the Jacobian is 0 and belongs to ∇σ; the others are those of
//! the motion on the surface. They say nothing of how fast the law is sampled. So the loop is simulated too, from a small deviation, and has to
//! come nearer to its equilibrium, or to stay as near.

use super::dense::{self, System};
use super::equilibrium::{Moving, Pace, World};
use super::{Certificate, EIGENVALUES_MAX, Eigenvalue, Motion, Reason, Spectrum, Verdict};
use crate::closed_loop::Slides;

/// Steps of Newton's method at most, and the step that ends it.
const STEPS_MAX: usize = 60;
const NEAR: f64 = 1e-10;
/// The deviation from the equilibrium that is simulated, by state, and how often it has to fall to 1/e.
const DEVIATION: f64 = 1e-2;
const TIMES: f64 = 5.0;
/// Steps of that simulation at most.
const SIMULATED_MAX: f64 = 20_000.0;
/// What may be left of each state's deviation in the end, of its largest before.
const LEFT: f64 = 0.5;

/// A surface, and the memory to certify a loop on it.
pub(super) struct Surface {
    of: Slides,
    states: usize,
    room: Vec<f64>,
    slopes: Vec<f64>,
    /// The derivative of the motion by the states, row by row, and the gradient of σ.
    jacobian: Vec<f64>,
    normal: Vec<f64>,
    /// The motion, then σ.
    motion: Vec<f64>,
    matrix: Vec<f64>,
    places: Vec<usize>,
    re: Vec<f64>,
    im: Vec<f64>,
    rest: Vec<f64>,
    /// The largest deviations in the first half of a simulation, and in its last quarter.
    far: [Vec<f64>; 2],
}

impl Surface {
    pub(super) fn new(of: Slides, states: usize) -> Self {
        let zeros = |count: usize| vec![0.0; count];
        Self {
            room: vec![0.0; of.motion.room()],
            slopes: vec![0.0; of.motion.room()],
            jacobian: zeros(states * states),
            normal: zeros(states),
            motion: zeros(2 * states + 1),
            matrix: zeros(states * states),
            places: vec![0; states],
            re: zeros(states),
            im: zeros(states),
            rest: zeros(states),
            far: [zeros(states), zeros(states)],
            of,
            states,
        }
    }

    /// The certificate of a loop that is at its start.
    pub(super) fn certify(
        &mut self,
        moving: &mut Moving,
        world: &World,
        pace: Pace,
    ) -> Result<Certificate, Reason> {
        let n = self.states;
        let unstable =
            Certificate { verdict: Verdict::Unstable, motion: Motion::Sliding, ..Certificate::UNKNOWN };
        let mut is_at_rest = false;
        let mut reaches = false;
        for _ in 0..STEPS_MAX {
            match self.linearise(moving) {
                Some(says) => reaches = says,
                None => return Ok(Certificate { reason: Reason::NoInput, ..unstable }),
            }
            if is_at_rest {
                break;
            }
            // The motion has no part along ∇σ, so σ itself takes its place.
            let length = self.normal.iter().map(|x| x * x).sum::<f64>().sqrt();
            for row in 0..n {
                for column in 0..n {
                    let along = self.normal[row] * self.normal[column] / length;
                    self.matrix[row * n + column] = -(self.jacobian[row * n + column] + along);
                }
                self.motion[row] += self.normal[row] * self.motion[n] / length;
            }
            dense::solve(&mut self.matrix, n, &mut self.motion, &mut self.places);
            moving.displace(&self.motion[..n]);
            let near = |(change, state): (&f64, &f64)| change.abs() <= NEAR * (1.0 + state.abs());
            is_at_rest = self.motion[..n].iter().zip(moving.states()).all(near);
        }
        if !is_at_rest {
            return Err(Reason::NoEquilibrium);
        }
        self.rest.copy_from_slice(moving.states());
        let eigenvalues = self.on_surface().ok_or(Reason::NoEquilibrium)?;
        let max_real_part = eigenvalues.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max);
        let unstable = Certificate { max_real_part, eigenvalues, order: n - 1, ..unstable };
        if !reaches {
            return Ok(Certificate { reason: Reason::DoesNotReach, ..unstable });
        }
        let verdict = Verdict::of(max_real_part);
        if verdict == Verdict::Stable && !self.comes_near(moving, world, pace, max_real_part) {
            return Ok(Certificate { reason: Reason::NotHeld, ..unstable });
        }
        Ok(Certificate { verdict, ..unstable })
    }

    /// The motion with its derivatives, and whether the law reaches the surface; nothing where the control does not move σ.
    fn linearise(&mut self, moving: &Moving) -> Option<bool> {
        let (n, first) = (self.states, moving.of.inputs);
        let mut reaches = true;
        let mut is_finite = true;
        drop(self.of.motion.run(moving.numbers().iter().copied(), &mut self.room));
        for column in 0..n {
            let results = self.of.motion.along(first + column, &self.room, &mut self.slopes);
            for (row, result) in results.enumerate() {
                is_finite &= result.value.is_finite();
                match row.checked_sub(n) {
                    None => {
                        self.motion[row] = result.value;
                        self.jacobian[row * n + column] = result.slope;
                    }
                    Some(0) => {
                        self.motion[n] = result.value;
                        self.normal[column] = result.slope;
                    }
                    Some(1) => is_finite &= result.value != 0.0,
                    Some(_) => reaches = result.value != 0.0,
                }
            }
        }
        let slopes = self.jacobian.iter().chain(&self.normal);
        let moves = self.normal.iter().any(|slope| *slope != 0.0);
        (is_finite && moves && slopes.into_iter().all(|slope| slope.is_finite())).then_some(reaches)
    }

    /// The eigenvalues on the surface: in an orthonormal basis of which ∇σ is the first vector (a Householder reflection), without that one.
    fn on_surface(&mut self) -> Option<Spectrum> {
        let n = self.states;
        let length = self.normal.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.normal.iter_mut().for_each(|x| *x /= length);
        self.normal[0] += 1_f64.copysign(self.normal[0]);
        let by = 2.0 / self.normal.iter().map(|x| x * x).sum::<f64>();
        let (v, a) = (&self.normal, &mut self.jacobian);
        for j in 0..n {
            let dot: f64 = (0..n).map(|i| v[i] * a[i * n + j]).sum();
            (0..n).for_each(|i| a[i * n + j] -= by * dot * v[i]);
        }
        for i in 0..n {
            let dot: f64 = (0..n).map(|j| v[j] * a[i * n + j]).sum();
            (0..n).for_each(|j| a[i * n + j] -= by * dot * v[j]);
        }
        let m = n - 1;
        for i in 0..m {
            for j in 0..m {
                self.matrix[i * m + j] = a[(i + 1) * n + j + 1];
            }
        }
        let mut system = System { n: m, a: &mut self.matrix[..m * m], b: &mut [], c: &mut [] };
        system.balance();
        system.turn(&mut self.motion);
        if !dense::eigenvalues(&mut self.matrix, m, &mut self.re, &mut self.im) {
            return None;
        }
        let mut values = [Eigenvalue { re: f64::NEG_INFINITY, im: 0.0 }; EIGENVALUES_MAX];
        let count = m.min(EIGENVALUES_MAX);
        for (value, (re, im)) in values.iter_mut().zip(self.re.iter().zip(&self.im)).take(count) {
            *value = Eigenvalue { re: *re, im: *im };
        }
        values[..count].sort_unstable_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
        Some(Spectrum::of(&values[..count]))
    }

    /// Whether the sampled loop comes nearer to its equilibrium from a small deviation, in the time in which the slowest motion on the surface should have
    /// fallen several times.
    pub(super) fn comes_near(
        &mut self,
        moving: &mut Moving,
        world: &World,
        pace: Pace,
        slowest: f64,
    ) -> bool {
        let wanted = TIMES / (-slowest * pace.dt);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bounded number of steps"
        )]
        let steps = wanted.clamp(100.0, SIMULATED_MAX) as u64;
        let left = if wanted > SIMULATED_MAX { 1.0 } else { LEFT };
        let (rest, [early, late]) = (&self.rest, &mut self.far);
        let deviation = |place: usize| DEVIATION * (world.aside[place] - rest[place]).abs().max(DEVIATION);
        moving.displace_to(|place| rest[place] + deviation(place));
        early.fill(0.0);
        late.fill(0.0);
        moving.run(pace, steps, |step, states| {
            let seen = if step < steps / 2 { &mut *early } else { &mut *late };
            if step < steps / 2 || step >= steps - steps / 4 {
                for ((far, state), rest) in seen.iter_mut().zip(states).zip(rest) {
                    let off = (state - rest).abs();
                    *far = if off.is_nan() { f64::INFINITY } else { far.max(off) };
                }
            }
        });
        early.iter().zip(late.iter()).all(|(early, late)| *late <= left * early)
    }
}
