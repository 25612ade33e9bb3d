//! The resolved config as it stands in `manifest.json`: the keys of the TOML, with every default filled in.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::Config;
use crate::costs::{CostKind, Term};
use crate::parameter::Parameter;
use crate::registry::Member;

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("study", &self.study)?;
        map.serialize_entry("seed", &self.seed)?;
        let constraints: Vec<&str> =
            self.constraints.iter().map(|constraint| constraint.text.as_str()).collect();
        map.serialize_entry("constraints", &constraints)?;
        map.serialize_entry("require_certificate", &self.require_certificate)?;
        map.serialize_entry("plant", &plant(self))?;
        map.serialize_entry("controller", &controller(self))?;
        map.serialize_entry("simulation", &simulation(self))?;
        map.serialize_entry("cost", &cost(self))?;
        map.serialize_entry("scenarios", &scenarios(self))?;
        map.serialize_entry("swarm", &swarm(self))?;
        map.serialize_entry("tune", &tune(self))?;
        map.end()
    }
}

fn plant(config: &Config) -> Value {
    let mut map = Map::new();
    map.insert("type".into(), config.plant.kind.name().into());
    add(&mut map, config.plant.kind.parameters(), &config.plant.values);
    map.into()
}

fn controller(config: &Config) -> Value {
    let controller = &config.controller;
    let mut map = Map::new();
    map.insert("type".into(), controller.kind.name().into());
    map.insert("surface".into(), controller.surface.name().into());
    map.insert("saturation".into(), controller.saturation.name().into());
    map.insert("equivalent_control".into(), controller.equivalent_control.into());
    add(&mut map, controller.kind.parameters(), &controller.values);
    map.into()
}

fn simulation(config: &Config) -> Value {
    let simulation = &config.simulation;
    json!({
        "dt": simulation.dt,
        "duration": simulation.duration,
        "integrator": simulation.integrator.name(),
        "angle_limit": simulation.angle_limit,
        "track_limit": simulation.track_limit,
        "settled_position": simulation.settled_position,
        "settled_angle": simulation.settled_angle,
        "early_abandonment": simulation.early_abandonment,
    })
}

fn cost(config: &Config) -> Value {
    let names: Vec<&str> = config.plant.kind.states().iter().map(|state| state.name).collect();
    let term = |(kind, term): (&CostKind, &Term)| {
        let mut entry = json!({ "weight": term.weight, "norm": term.norm });
        if kind.chooses_states() {
            let chosen = names.iter().enumerate().filter(|(i, _)| term.states >> i & 1 == 1);
            entry["states"] = chosen.map(|(_, name)| *name).collect();
        }
        (kind.name().into(), entry)
    };
    Value::Object(CostKind::ALL.iter().zip(&config.cost).map(term).collect())
}

fn scenarios(config: &Config) -> Value {
    config.scenarios.iter().map(|scenario| json!({ "initial_state": scenario.initial_state })).collect()
}

fn swarm(config: &Config) -> Value {
    let settings = &config.swarm.settings;
    let mut coefficients = Map::new();
    add(&mut coefficients, settings.rule.parameters(), &settings.coefficients);
    json!({
        "particles": settings.particles,
        "rule": settings.rule.name(),
        settings.rule.name(): coefficients,
        "topology": settings.topology.name(),
        "informants": settings.informed,
        "stopping": { "generations": config.swarm.generations },
    })
}

fn tune(config: &Config) -> Value {
    let parameters = config.controller.kind.parameters();
    let gain = |gain: &crate::problem::TunedGain| {
        json!({
            "parameter": parameters[gain.index].name,
            "lower": gain.axis.lower,
            "upper": gain.axis.upper,
            "scale": gain.axis.scale.name(),
        })
    };
    config.tune.iter().map(gain).collect()
}

fn add(map: &mut Map<String, Value>, parameters: &[Parameter], values: &[f64]) {
    for (parameter, value) in parameters.iter().zip(values) {
        map.insert(parameter.name.into(), (*value).into());
    }
}
