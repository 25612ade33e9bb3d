//! The problem that a study poses: immutable, made once from a checked config.

use crate::config::Config;
use crate::controllers::surface::{Layout, Surface};
use crate::controllers::{Controller, ControllerKind, with_controller};
use crate::costs::Factors;
use crate::integrators::{Integrator, with_integrator};
use crate::parameter::Parameter;
use crate::plants::{Plant, PlantKind, Quantity, with_plant};
use crate::simulation::{Kernel, Scenario, Settings, Simulator};
use crate::stability::{self, Certificate, linearise};
use crate::swarm::{self, Axis};

/// A parameter that the swarm may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TunedGain {
    /// Its position among the controller's parameters.
    pub index: usize,
    /// Where it is searched.
    pub axis: Axis,
}

/// What is tuned, on what, and how it is judged.
pub struct Problem {
    /// The controller's parameters.
    pub parameters: &'static [Parameter],
    /// Their values where they are not tuned.
    pub values: Vec<f64>,
    /// The parameters that the swarm may change.
    pub tuned: Vec<TunedGain>,
    /// The cases that every gain vector is judged on.
    pub scenarios: Vec<Scenario>,
    /// Simulates the closed loop of this plant, controller and integrator.
    pub simulator: Box<dyn Simulator>,
    /// Whether a simulation stops once its particle cannot improve on its personal best.
    pub early_abandonment: bool,
    /// How the swarm is made up.
    pub swarm: swarm::Settings,
    /// Generations to run.
    pub generations: u64,
    /// The seed of every random number.
    pub seed: u64,
}

impl Problem {
    /// The problem of a checked config.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            parameters: config.controller.kind.parameters(),
            values: config.controller.values.clone(),
            tuned: config.tune.clone(),
            scenarios: config.scenarios.clone(),
            simulator: simulator(config),
            early_abandonment: config.simulation.early_abandonment,
            swarm: config.swarm.settings.clone(),
            generations: config.swarm.generations,
            seed: config.seed,
        }
    }

    /// The search space.
    #[must_use]
    pub fn axes(&self) -> Vec<Axis> {
        self.tuned.iter().map(|gain| gain.axis).collect()
    }

    /// Writes the parameter values of a position into `values`.
    pub fn decode(&self, position: &[f64], values: &mut [f64]) {
        values.copy_from_slice(&self.values);
        for (gain, value) in self.tuned.iter().zip(position) {
            values[gain.index] = *value;
        }
    }
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

    /// The plant's states.
    #[must_use]
    pub fn states(self) -> &'static [Quantity] {
        with_plant!(self, P => <P as Plant<_>>::STATES)
    }
}

/// The one place where a study's choices become types.
fn simulator(config: &Config) -> Box<dyn Simulator> {
    let settings = settings(config);
    let plant = &config.plant.values;
    with_plant!(config.plant.kind, P => {
        with_controller!(config.controller.kind, C => {
            with_integrator!(config.simulation.integrator, I => build::<P, C, I, _>(plant, settings))
        })
    })
}

/// The certificate of a controller's parameter values about upright.
#[must_use]
pub fn certificate(config: &Config, values: &[f64]) -> Certificate {
    with_plant!(config.plant.kind, P => {
        with_controller!(config.controller.kind, C => certify::<P, C, _>(config, values))
    })
}

fn certify<P: Plant<N>, C: Controller, const N: usize>(config: &Config, values: &[f64]) -> Certificate {
    let controller = &config.controller;
    let layout = const { Layout::of(C::PARAMETERS) };
    let surface = Surface::<f64, N>::new(controller.surface, controller.equivalent_control, layout, values);
    stability::certify(&linearise::<P, N>(&config.plant.values), &surface, C::reaching(values))
}

fn build<P: Plant<N>, C: Controller, I: Integrator, const N: usize>(
    plant: &[f64],
    settings: Settings,
) -> Box<dyn Simulator>
where
    P::Constants<f64>: Send + Sync,
{
    Box::new(Kernel::<P, C, I, N>::new(plant, settings))
}

fn settings(config: &Config) -> Settings {
    let simulation = &config.simulation;
    Settings {
        dt: simulation.dt,
        steps: simulation.steps(),
        angle_limit: simulation.angle_limit,
        track_limit: simulation.track_limit,
        factors: Factors(std::array::from_fn(|k| {
            simulation.dt * config.cost[k].weight / config.cost[k].norm
        })),
        surface: config.controller.surface,
        saturation: config.controller.saturation,
        equivalent_control: config.controller.equivalent_control,
    }
}
