//! The problem that a study poses: immutable, made once from a checked config.

use std::ops::Range;
use std::sync::Arc;

use crate::config::Config;
use crate::constraint::Constraint;
use crate::controllers::surface::{Layout, Surface};
use crate::controllers::{Controller, ControllerKind, with_controller};
use crate::costs::{Aggregate, CostKind, Judgement, TermSet, Timing};
use crate::integrators::{IntegratorKind, Method, Rk4};
use crate::parameter::Parameter;
use crate::plants::{Plant, PlantKind, Quantity, with_plant};
use crate::sampling::{self, Group};
use crate::simulation::{Features, Kernel, Runner, Scenario, Settings, Simulator};
use crate::stability::{
    self, Certificate, Certifying, Limited, MARGIN, SampledLoop, Verdict, Wanted, World, linearise,
};
use crate::swarm::{Axis, Outcome, Plan};

/// A parameter that the swarm may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TunedGain {
    /// Its position among the controller's parameters.
    pub index: usize,
    /// Where it is searched.
    pub axis: Axis,
}

/// Gives the certificate of a controller's parameter values about upright, without allocating.
pub type Certifier = Box<dyn Fn(&[f64]) -> Certificate + Send + Sync>;

/// What is tuned, on what, and how it is judged.
pub struct Problem {
    /// The controller's parameters.
    pub parameters: Vec<Parameter>,
    /// Their values where they are not tuned.
    pub values: Vec<f64>,
    /// The parameters that the swarm may change.
    pub tuned: Vec<TunedGain>,
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
    /// The largest value of each cost term that is feasible.
    pub limits: Vec<f64>,
    /// Simulates the closed loop of this plant, controller and integrator.
    pub simulator: Box<dyn Simulator>,
    /// The cost terms that the cost needs.
    pub terms: TermSet,
    /// Whether a simulation stops once its particle cannot improve on its personal best.
    pub early_abandonment: bool,
    /// How the search goes.
    pub search: Plan,
    /// Bytes that a run may use.
    pub memory_limit: Option<u64>,
    /// The seed of every random number.
    pub seed: u64,
}

impl Problem {
    /// The problem of a checked config.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let (scenarios, weights) = sampling::scenarios(&config.scenarios, &config.nominal());
        let features = Features::of(&scenarios);
        Self::on(config, scenarios, weights, features)
    }

    /// The problem of a checked config on other scenarios, of which any may need the `features`: the same features give a scenario
    /// the same bits in any company.
    #[must_use]
    pub fn on(config: &Config, scenarios: Vec<Scenario>, weights: Vec<f64>, features: Features) -> Self {
        let limited = |kind: CostKind| config.limits[kind as usize].is_finite();
        Self {
            parameters: config.controller.parameters().to_vec(),
            values: config.controller.values.clone(),
            tuned: config.tune.clone(),
            constraints: config.constraints.clone(),
            searched: config.searched(),
            required_certificate: required_certifier(config),
            certificate_limits: config.certificate_limits,
            simulator: simulator(config, features),
            scenarios,
            weights,
            aggregate: config.aggregate,
            limits: config.limits.clone(),
            terms: match config.wiring {
                None => judgement(config).needed(limited),
                Some(_) => TermSet::ALL,
            },
            early_abandonment: config.simulation.early_abandonment,
            search: config.swarm.clone(),
            memory_limit: config.memory_limit,
            seed: config.seed,
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

impl ControllerKind {
    /// The controller's numeric parameters, in the order of `gains.csv`.
    #[must_use]
    pub fn parameters(self) -> &'static [Parameter] {
        with_controller!(self, C => C::PARAMETERS)
    }
}

impl PlantKind {
    /// The plant's physical parameters.
    #[must_use]
    pub fn parameters(self) -> &'static [Parameter] {
        with_plant!(self, P => <P as Plant<_>>::PARAMETERS)
    }

    /// The lengths of the links in m, in their order, for the given parameter values.
    #[must_use]
    pub fn link_lengths(self, values: &[f64]) -> Vec<f64> {
        let named = self.parameters().iter().zip(values);
        named
            .filter(|(parameter, _)| parameter.name.ends_with("_length"))
            .map(|(_, length)| *length)
            .collect()
    }

    /// The plant's states.
    #[must_use]
    pub fn states(self) -> &'static [Quantity] {
        with_plant!(self, P => <P as Plant<_>>::STATES)
    }
}

/// The one place where a study's choices become types, or a program.
fn simulator(config: &Config, features: Features) -> Box<dyn Simulator> {
    if cfg!(fuzzing) {
        unreachable!("fuzzing reads texts: it is built without the loops, in a tenth of the time");
    }
    let (Some(plant_kind), Some(controller)) = (config.plant.of.compiled(), config.controller.of.compiled())
    else {
        return Box::new(runner(config));
    };
    let settings = settings(config, features);
    let plant = &config.plant.values;
    with_plant!(plant_kind, P => {
        with_controller!(controller, C => match config.simulation.integrator {
            // The one that tunings use is compiled into the loop of the plants that they use.
            IntegratorKind::Rk4 if const { <P as Plant<_>>::FAST } => build::<P, C, _, _>(Rk4, plant, settings),
            other => build::<P, C, _, _>(other, plant, settings),
        })
    })
}

/// What runs the closed loop of a study on models.
///
/// # Panics
///
/// Where plant or controller is compiled.
#[must_use]
pub fn runner(config: &Config) -> Runner {
    let Ok(closed_loop) = config.closed_loop() else { unreachable!("a config is checked when it is read") };
    let noise = if closed_loop.layout.world.noisy.is_empty() { Vec::new() } else { sampling::noise_table() };
    let steps = config.simulation.steps();
    Runner::new(closed_loop, config.simulation.dt, steps, noise.into()).keeping(config.history)
}

/// Steps in which a loop may come to rest whose equilibrium is not found otherwise.
const SETTLING_STEPS: u64 = 50_000;

/// The loop of a study on models as it is certified: in the world of each group of scenarios, with signals as they are at the end of its first one.
fn sampled(config: &Config) -> Option<SampledLoop> {
    let step = config.sampled_loop().ok()?;
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

/// The same, of which a sampled certificate tells no more than is wanted, which takes less time.
#[must_use]
pub fn certifier_of(config: &Config, wanted: Wanted) -> Certifier {
    let (Some(plant), Some(controller)) = (config.plant.of.compiled(), config.controller.of.compiled())
    else {
        let certifying = sampled(config).map(Certifying::new);
        return Box::new(move |values| {
            certifying.as_ref().map_or(Certificate::UNKNOWN, |certifying| certifying.certify(values, wanted))
        });
    };
    with_plant!(plant, P => {
        with_controller!(controller, C => certify::<P, C, _>(config))
    })
}

fn certify<P: Plant<N>, C: Controller, const N: usize>(config: &Config) -> Certifier {
    let linear = linearise::<P, N>(&config.plant.values);
    let (surface, equivalent_control) = (config.controller.surface, config.controller.equivalent_control);
    Box::new(move |values| {
        let layout = const { Layout::of(C::PARAMETERS) };
        let surface = Surface::<f64, N>::new(surface, equivalent_control, layout, values);
        stability::certify(&linear, &surface, C::reaching(values))
    })
}

fn build<P: Plant<N>, C: Controller, M: Method, const N: usize>(
    method: M,
    plant: &[f64],
    settings: Settings,
) -> Box<dyn Simulator>
where
    P::Constants<f64>: Send + Sync,
{
    Box::new(Kernel::<P, C, M, N>::new(method, plant, settings))
}

fn settings(config: &Config, features: Features) -> Settings {
    let simulation = &config.simulation;
    Settings {
        dt: simulation.dt,
        steps: simulation.steps(),
        angle_limit: simulation.angle_limit,
        track_limit: simulation.track_limit,
        judgement: judgement(config),
        surface: config.controller.surface,
        saturation: config.controller.saturation,
        equivalent_control: config.controller.equivalent_control,
        features,
        keep: config.history,
        noise: if features.sensors { sampling::noise_table().into() } else { Arc::default() },
    }
}

fn judgement(config: &Config) -> Judgement {
    let simulation = &config.simulation;
    let timing = Timing { dt: simulation.dt, steps: simulation.steps() };
    Judgement::new(&config.cost, &timing, simulation.settled_position, simulation.settled_angle)
}
