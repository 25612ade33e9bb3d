//! The problem that a study poses: immutable, made once from a checked config.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

use crate::closed_loop::{ClosedLoop, Measured};
use crate::config::{Config, Coverage, TunedGain};
use crate::constraint::{Constraint, Follower};
use crate::costs::Aggregate;
use crate::native::Backend;
use crate::parameter::Parameter;
use crate::sampling::{self, Group};
use crate::simulation::{Keep, Runner, Scenario, Simulator, Terms};
use crate::stability::{
    self, Certificate, Certifying, Limited, LoopResponse, MARGIN, SampledLoop, Verdict, Wanted, World,
};
use crate::swarm::{Axis, Outcome, Plan};

/// Gives the certificate of a controller's parameter values, without allocating.
pub type Certifier = Box<dyn Fn(&[f64]) -> Certificate + Send + Sync>;

/// What is tuned, on what, and how it is judged.
pub struct Problem {
    /// The controller's parameters.
    pub parameters: Vec<Parameter>,
    /// Their values where they are not tuned.
    pub values: Vec<f64>,
    /// The parameters that the swarm may change.
    pub tuned: Vec<TunedGain>,
    /// Those that follow from others.
    pub followers: Vec<Follower>,
    /// What must hold between the parameters.
    pub constraints: Vec<Constraint>,
    /// The values that each parameter may take in the search.
    pub searched: Vec<Range<f64>>,
    /// Where a gain vector without a stable certificate is infeasible: what certifies it.
    pub required_certificate: Option<Certifier>,
    /// What that certificate has to tell.
    pub certificate_limits: Limited,
    /// The cases that every gain vector is judged on.
    pub scenarios: Vec<Scenario>,
    /// The weight of each, which sum up to 1.
    pub weights: Vec<f64>,
    /// How the costs in them become one.
    pub aggregate: Aggregate,
    /// The places of each objective's terms, with what a unit of them costs; none where the cost is one.
    pub objectives: Vec<Vec<(usize, f64)>>,
    /// The largest value of each cost term that is feasible.
    pub limits: Vec<f64>,
    /// Simulates the closed loop.
    pub simulator: Box<dyn Simulator>,
    /// The same in longer steps, the longest first, for a search that is coarse first.
    pub coarser: LongerSteps,
    /// What runs the simulations of a tuning.
    pub backend: Backend,
    /// The cost terms that the cost needs.
    pub terms: Terms,
    /// Whether a simulation stops once its particle cannot improve on its personal best.
    pub early_abandonment: bool,
    /// How the search goes.
    pub search: Plan,
    /// Bytes that a run may use.
    pub memory_limit: Option<u64>,
    /// The seed of every random number.
    pub seed: u64,
    /// The study and what of it the simulator covers, so that another process can make the same.
    #[cfg(feature = "mpi")]
    pub study: (String, Coverage),
}

/// How many times as long the longer steps are.
const LONGER: [u16; 3] = [10, 5, 2];

/// The simulations of a problem in longer steps.
pub struct Coarser {
    /// How many times as long.
    pub factor: u16,
    /// The same cases.
    pub scenarios: Vec<Scenario>,
    /// Simulates the closed loop.
    pub simulator: Box<dyn Simulator>,
}

impl Coarser {
    /// The simulations of a config in steps so many times as long; `None` where the duration or a control period is no whole number of them.
    fn new(config: &Config, factor: u16) -> Option<Self> {
        let mut config = Config { history: Keep::NOTHING, ..config.clone() };
        config.simulation.dt *= f64::from(factor);
        config.simulation.whole_steps().ok()?;
        for group in &mut config.scenarios {
            group.lengthen(factor)?;
        }
        let closed_loop = config.closed_loop(Coverage::Tuning).ok()?;
        let (scenarios, _) = sampling::scenarios(&config.scenarios, &config.nominal());
        Some(Self { factor, scenarios, simulator: Box::new(runner_of(&config, closed_loop)) })
    }
}

/// The simulations of a problem in longer steps, the longest first. They are made when they are first asked for: most commands need none.
#[derive(Default)]
pub struct LongerSteps {
    config: Option<Box<Config>>,
    made: OnceLock<Vec<Coarser>>,
}

impl LongerSteps {
    /// Those of a config, if its search is coarse first.
    fn of(config: &Config) -> Self {
        let is_coarse_first = config.swarm.coarse_first && config.objectives.is_empty();
        Self { config: is_coarse_first.then(|| Box::new(config.clone())), made: OnceLock::new() }
    }

    fn all(&self) -> &Vec<Coarser> {
        let make = |config| LONGER.iter().filter_map(|factor| Coarser::new(config, *factor)).collect();
        self.made.get_or_init(|| self.config.as_deref().map_or(Vec::new(), make))
    }
}

impl Deref for LongerSteps {
    type Target = Vec<Coarser>;

    fn deref(&self) -> &Vec<Coarser> {
        self.all()
    }
}

impl IntoIterator for LongerSteps {
    type Item = Coarser;
    type IntoIter = std::vec::IntoIter<Coarser>;

    fn into_iter(self) -> Self::IntoIter {
        self.all();
        self.made.into_inner().unwrap_or_default().into_iter()
    }
}

impl Problem {
    /// The problem of a checked config.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let (scenarios, weights) = sampling::scenarios(&config.scenarios, &config.nominal());
        Self::covering(config, Coverage::Tuning, scenarios, weights)
    }

    /// The problem of a checked config on other scenarios of it, those of its validation too.
    #[must_use]
    pub fn on(config: &Config, scenarios: Vec<Scenario>, weights: Vec<f64>) -> Self {
        Self::covering(config, Coverage::All, scenarios, weights)
    }

    /// The same with a simulator that covers no more than it has to.
    pub(crate) fn covering(
        config: &Config,
        coverage: Coverage,
        scenarios: Vec<Scenario>,
        weights: Vec<f64>,
    ) -> Self {
        Self {
            parameters: config.controller.parameters().to_vec(),
            values: config.controller.values.clone(),
            tuned: config.tune.clone(),
            followers: config.followers.clone(),
            constraints: config.constraints.clone(),
            searched: config.searched(),
            required_certificate: required_certifier(config),
            certificate_limits: config.certificate_limits,
            simulator: Box::new(runner_in(config, coverage)),
            coarser: match coverage {
                Coverage::Tuning => LongerSteps::of(config),
                Coverage::All => LongerSteps::default(),
            },
            backend: config.simulation.backend,
            scenarios,
            weights,
            aggregate: config.aggregate,
            objectives: objectives(config),
            limits: config.limits.clone(),
            terms: Terms::Needed,
            early_abandonment: config.simulation.early_abandonment,
            search: config.swarm.clone(),
            memory_limit: config.memory_limit,
            seed: config.seed,
            #[cfg(feature = "mpi")]
            study: (config.to_toml(), coverage),
        }
    }

    /// The search space.
    #[must_use]
    pub fn axes(&self) -> Vec<Axis> {
        self.tuned.iter().map(|gain| gain.axis).collect()
    }

    /// Writes the parameter values of a position, a number an axis, into `values`, which has one for each parameter of the controller.
    ///
    /// # Panics
    ///
    /// When `values` has another length.
    pub fn decode(&self, position: &[f64], values: &mut [f64]) {
        values.copy_from_slice(&self.values);
        for (gain, value) in self.tuned.iter().zip(position) {
            values[gain.index] = *value;
        }
        self.follow(values);
    }

    /// Gives the gains that follow from others their values.
    pub fn follow(&self, values: &mut [f64]) {
        for Follower { index, of, .. } in &self.followers {
            values[*index] = of.at(values);
        }
    }

    /// How far parameter values are from being simulated at all; 0 when they are.
    ///
    /// Values that break a constraint rank behind those without a required certificate, and those behind all that were
    /// simulated, whose violation is at most [`SIMULATED_VIOLATION_MAX`]. The first are ordered by how far they are outside, the
    /// second by how fast their fastest motion grows or, where it dies out, by how much its certificate exceeds the study's limits.
    #[must_use]
    pub fn violation(&self, values: &[f64]) -> f64 {
        let broken: f64 =
            self.constraints.iter().map(|constraint| constraint.violation(values, &self.searched)).sum();
        if broken > 0.0 {
            return SIMULATED_VIOLATION_MAX + 1.0 + broken;
        }
        let Some(certify) = &self.required_certificate else { return 0.0 };
        let certificate @ Certificate { verdict, max_real_part, .. } = certify(values);
        let ranked = |excess: f64| if excess.is_finite() { 0.5 * excess / (1.0 + excess) } else { 0.5 };
        if verdict == Verdict::Stable {
            let excess = certificate.excess(&self.certificate_limits);
            return if excess > 0.0 { SIMULATED_VIOLATION_MAX + ranked(excess) } else { 0.0 };
        }
        // Where nothing grows, the law does not push toward the surface or there are no eigenvalues at all.
        let growth = if max_real_part >= -MARGIN { max_real_part + MARGIN } else { f64::INFINITY };
        SIMULATED_VIOLATION_MAX + 0.5 + ranked(growth)
    }
}

fn objectives(config: &Config) -> Vec<Vec<(usize, f64)>> {
    let factor = |(place, weight): &(usize, f64)| (*place, weight / config.cost[*place].norm);
    config.objectives.iter().map(|objective| objective.parts.iter().map(factor).collect()).collect()
}

/// A gain vector that fails in a scenario violates more; one that only exceeds limits, no more.
pub const FAILING_VIOLATION: f64 = 1.0;

/// No gain vector that was simulated violates more.
pub const SIMULATED_VIOLATION_MAX: f64 = 3.0;

/// The cost of an outcome as it may be shown: NaN where gains fail in a scenario, since the penalty of a failure is on no scale with
/// the costs of the scenarios that survive.
#[must_use]
pub fn known_cost(outcome: &Outcome) -> f64 {
    if outcome.violation <= FAILING_VIOLATION { outcome.cost } else { f64::NAN }
}

/// What runs the closed loop of a study in the scenarios of its tuning.
#[must_use]
pub fn runner(config: &Config) -> Runner {
    runner_in(config, Coverage::Tuning)
}

fn runner_in(config: &Config, coverage: Coverage) -> Runner {
    let Ok(closed_loop) = config.closed_loop(coverage) else {
        unreachable!("a config is checked when it is read")
    };
    runner_of(config, closed_loop)
}

fn runner_of(config: &Config, closed_loop: ClosedLoop) -> Runner {
    let noise = if closed_loop.layout.world.noisy.is_empty() { Vec::new() } else { sampling::noise_table() };
    let steps = config.simulation.steps();
    Runner::new(closed_loop, config.simulation.dt, steps, noise.into()).keeping(config.history)
}

/// What runs the control law of a study by itself for so many control periods, and what it measures, in the order in which that stands for signals; what is
/// recorded are its outputs. `None` where the law needs what the plant answers to its own output.
#[must_use]
pub fn law_runner(config: &Config, values: &[f64], periods: u64) -> Option<(Runner, Vec<Measured>)> {
    let law = config.law_alone(values).ok()?;
    let measured = law.measured.clone();
    let runner = Runner::new(law.closed_loop().ok()?, config.control_period(), periods, Vec::new().into());
    Some((runner, measured))
}

/// Steps in which a loop may come to rest whose equilibrium is not found otherwise.
const SETTLING_STEPS: u64 = 50_000;

/// The loop of a study as it is certified: in the world of each group of scenarios, with signals as they are at the end of its first one; `observed` are
/// names of values.
fn sampled(config: &Config, observed: &[&str]) -> Option<SampledLoop> {
    let step = config.sampled_loop(observed).ok()?;
    let mut worlds: Vec<World> = Vec::new();
    for group in &config.scenarios {
        let first = Group { count: 1, ..group.clone() };
        let (scenarios, _) = sampling::scenarios(&[first], &config.nominal());
        let scenario = scenarios.first()?;
        let pieces = scenario.conditions.signals.iter();
        #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
        let world = World {
            control_period: group.control_period.max(1),
            dead_time: group.dead_time as f64 * config.simulation.dt,
            lag: group.actuator_lag,
            signals: pieces.map(|pieces| pieces.last().map_or(0.0, |piece| piece.1)).collect(),
            start: config.initial_state_ranges().iter().map(|state| state.default).collect(),
            aside: scenario.initial_state.clone(),
        };
        if !worlds.iter().any(|known| known.is_like(&world)) {
            worlds.push(world);
        }
    }
    Some(SampledLoop { step, worlds, dt: config.simulation.dt, settling: SETTLING_STEPS })
}

/// What certifies the config's controller on its plant, with all that a certificate can tell.
#[must_use]
pub fn certifier(config: &Config) -> Certifier {
    certifier_of(config, Wanted::ALL)
}

/// What certifies gain vectors in a search; `None` where the study asks for nothing.
fn required_certifier(config: &Config) -> Option<Certifier> {
    let is_limited = config.certificate_limits.iter().any(Option::is_some);
    let wanted = stability::wanted(&config.certificate_limits);
    (config.require_certificate || is_limited).then(|| certifier_of(config, wanted))
}

/// The same, telling no more than is wanted, which takes less time.
#[must_use]
pub fn certifier_of(config: &Config, wanted: Wanted) -> Certifier {
    let certifying = sampled(config, &[]).map(Certifying::new);
    Box::new(move |values| {
        certifying.as_ref().map_or(Certificate::UNKNOWN, |certifying| certifying.certify(values, wanted))
    })
}

/// The loops of a study over frequency with these parameter values, one for each driven input, and what they make of disturbances and noise of the outputs of
/// its responses; none where the loop is not stable or not differentiable at its equilibrium.
#[must_use]
pub fn loops(config: &Config, values: &[f64]) -> Vec<LoopResponse> {
    let outputs: Vec<&str> = config.responses.iter().map(|response| response.output.as_str()).collect();
    sampled(config, &outputs).map_or(Vec::new(), |of| Certifying::new(of).loops(values))
}
