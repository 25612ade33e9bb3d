//! How a study judges its simulations: weights, norms, chosen states, bands.

use super::{CORE, CostKind, CostTerm, Measure, TERMS, Term, with_cost};

/// The force above this frequency, in Hz, counts as ripple.
pub const RIPPLE_HZ: f64 = 10.0;

/// The steps of a simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The step in s.
    pub dt: f64,
    /// How many there are.
    pub steps: u64,
}

impl Timing {
    /// The step with which the last tenth begins.
    #[must_use]
    pub fn tail_start(&self) -> u64 {
        self.steps - self.steps.div_ceil(10)
    }
}

/// A choice of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermSet(u32);

impl TermSet {
    /// All of them.
    pub const ALL: Self = Self((1 << TERMS) - 1);

    /// The core terms and those that `wanted` accepts.
    #[must_use]
    pub fn core_and(wanted: impl Fn(CostKind) -> bool) -> Self {
        let chosen = CostKind::ALL.iter().filter(|kind| kind.is_core() || wanted(**kind));
        Self(chosen.fold(0, |set, kind| set | 1 << *kind as u32))
    }

    /// Whether a term is among them.
    #[inline(always)]
    #[must_use]
    pub const fn contains(self, kind: CostKind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }

    /// Whether a term beyond the core is among them.
    #[inline(always)]
    #[must_use]
    pub const fn has_optional(self) -> bool {
        self.0 >> CORE != 0
    }
}

/// What each term is multiplied with to be part of the cost: scale·weight/norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors(pub [f64; TERMS]);

impl Factors {
    /// The cost, in the order of the hot loop, so that a finished simulation and the hot loop's partial cost agree in every bit.
    #[must_use]
    pub fn total(&self, sums: &[f64; TERMS]) -> f64 {
        let mut cost = self.0[0] * sums[0];
        for (factor, sum) in self.0.iter().zip(sums).skip(1) {
            cost = factor.mul_add(*sum, cost);
        }
        cost
    }
}

/// How a study judges its simulations.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What each term is multiplied with to be part of the cost.
    pub factors: Factors,
    /// What each term is multiplied with to be a value in its unit.
    pub scales: [f64; TERMS],
    /// The states that each term looks at, a bit a state.
    pub states: [u32; TERMS],
    /// A cart within ± this, in m, counts as settled.
    pub settled_position: f64,
    /// A link within ± this, in rad, counts as settled.
    pub settled_angle: f64,
}

impl Judgement {
    /// Of the given terms, in the order of [`CostKind::ALL`].
    ///
    /// # Panics
    ///
    /// When there are fewer.
    #[must_use]
    pub fn new(terms: &[Term], timing: &Timing, settled_position: f64, settled_angle: f64) -> Self {
        let scales = std::array::from_fn(|k| with_cost!(CostKind::ALL[k], T => T::scale(timing)));
        let factors = Factors(std::array::from_fn(|k| scales[k] * terms[k].weight / terms[k].norm));
        let states = std::array::from_fn(|k| match terms[k].measure {
            Measure::Compiled { states, .. } => states,
            _ => u32::MAX,
        });
        Self { factors, scales, states, settled_position, settled_angle }
    }

    /// The terms that a cost needs, and those that are `limited`. Without a term beyond the core every state is chosen, so a choice of states needs one.
    #[must_use]
    pub fn needed(&self, limited: impl Fn(CostKind) -> bool) -> TermSet {
        let chooses = |kind: &CostKind| kind.is_core() && self.states[*kind as usize] != u32::MAX;
        if CostKind::ALL.iter().any(chooses) {
            return TermSet::ALL;
        }
        TermSet::core_and(|kind| self.factors.0[kind as usize] != 0.0 || limited(kind))
    }
}

/// Whether steps of `dt` are short enough for frequencies above [`RIPPLE_HZ`].
#[must_use]
pub fn has_ripple(dt: f64) -> bool {
    2.0 * RIPPLE_HZ * dt < 1.0
}

/// The Butterworth high-pass filter of second order for [`RIPPLE_HZ`], by the bilinear transform: b0, b1, b2, a1, a2. Where the
/// steps are too long for such frequencies, it lets nothing pass.
///
/// Oppenheim & Schafer, *Discrete-Time Signal Processing*, section 7.1.
#[must_use]
pub fn ripple_filter(dt: f64) -> [f64; 5] {
    if !has_ripple(dt) {
        return [0.0; 5];
    }
    let k = libm::tan(std::f64::consts::PI * RIPPLE_HZ * dt);
    let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * k + k * k);
    [norm, -2.0 * norm, norm, 2.0 * (k * k - 1.0) * norm, (1.0 - std::f64::consts::SQRT_2 * k + k * k) * norm]
}
