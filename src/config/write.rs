//! The resolved config: the keys of the TOML, with every default filled in; as JSON it stands in `manifest.json`.

use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::axis;
use super::write_models;
use super::{AskTell, Config, ConfigError};
use crate::costs::{Aggregate, AggregateKind, Measure, Objective, Response, Term};
use crate::native::Backend;
use crate::parameter::Parameter;
use crate::registry::Member;
use crate::sampling::Group;
use crate::simulation::Keep;
use crate::stability::LIMITS;
use crate::swarm::pareto::TradeOffs;
use crate::swarm::{Axis, Plan, PolishPlan, Restarts, Stopping};

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("study", &self.study)?;
        map.serialize_entry("seed", &self.seed)?;
        let constraints: Vec<&str> =
            self.constraints.iter().filter(|one| one.is_said).map(|one| one.text.as_str()).collect();
        map.serialize_entry("constraints", &constraints)?;
        map.serialize_entry("require_certificate", &self.require_certificate)?;
        if let Some(bytes) = self.memory_limit {
            map.serialize_entry("memory_limit", &bytes)?;
        }
        map.serialize_entry("plant", &plant(self))?;
        map.serialize_entry("controller", &controller(self))?;
        map.serialize_entry("connect", &self.wiring.connect)?;
        map.serialize_entry("simulation", &simulation(self))?;
        let Keep { capacity, policy } = self.history;
        map.serialize_entry("history", &json!({ "capacity": capacity, "policy": policy.name() }))?;
        map.serialize_entry("cost", &cost(self))?;
        if !self.objectives.is_empty() {
            map.serialize_entry("objectives", &objectives(self))?;
        }
        if !self.responses.is_empty() {
            map.serialize_entry("response", &responses(self))?;
        }
        map.serialize_entry("aggregate", &aggregate(self))?;
        map.serialize_entry("limits", &limits(self))?;
        map.serialize_entry("scenarios", &groups(self, &self.scenarios, false))?;
        map.serialize_entry("validation", &groups(self, &self.validation, true))?;
        map.serialize_entry("swarm", &swarm(self))?;
        map.serialize_entry("tune", &tune(self))?;
        map.end()
    }
}

impl Config {
    /// The resolved config as TOML, which reads as the same config again.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "numbers, texts and tables have a form in TOML")]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a config in TOML")
    }

    /// The config that stands in a `manifest.json`, in the form of `text`'s key `config`; `path` stands in errors.
    ///
    /// # Errors
    ///
    /// When there is none, or one that this program would refuse.
    pub fn from_manifest(path: &Path, text: &[u8]) -> Result<Self, ConfigError> {
        let manifest: Option<Value> = serde_json::from_slice(text).ok();
        let config = manifest.as_ref().and_then(|manifest| toml::to_string(manifest.get("config")?).ok());
        let text = config.ok_or_else(|| ConfigError {
            path: path.into(),
            line: None,
            problem: "is not a manifest of gainswarm".into(),
            remedy: "give the directory that `gainswarm tune` has written".into(),
        })?;
        // Its line numbers are those of the text written here, which the user does not have.
        Self::parse(path, &text).map_err(|error| ConfigError { line: None, ..error })
    }
}

fn plant(config: &Config) -> Value {
    let mut map = Map::new();
    write_models::model(&mut map, &config.plant.of);
    add(&mut map, config.plant.parameters(), &config.plant.values);
    map.into()
}

fn controller(config: &Config) -> Value {
    let controller = &config.controller;
    let mut map = Map::new();
    write_models::model(&mut map, &controller.of);
    // Those of the plant stand in [[tune]] alone.
    let own = config.plant.own_gains(controller);
    add(&mut map, &controller.parameters()[..own], &controller.values[..own]);
    map.into()
}

fn simulation(config: &Config) -> Value {
    let simulation = &config.simulation;
    let mut value = json!({
        "dt": simulation.dt,
        "duration": simulation.duration,
        "integrator": simulation.integrator.name(),
        "early_abandonment": simulation.early_abandonment,
    });
    if simulation.backend != Backend::Auto {
        value["backend"] = simulation.backend.name().into();
    }
    for (name, number) in config.settings() {
        value[name] = number.into();
    }
    if let Some(fail) = &simulation.fail {
        value["fail"] = fail.as_str().into();
    }
    value
}

fn cost(config: &Config) -> Value {
    let term = |term: &Term| {
        let mut entry = json!({ "weight": term.weight, "norm": term.norm });
        if !config.objectives.is_empty() {
            // The objectives say it.
            entry = json!({ "norm": term.norm });
        }
        match &term.measure {
            Measure::Usual { signals, .. } => entry["signals"] = json!(signals),
            Measure::Own { how, expression } => {
                entry[how.name()] = expression.as_str().into();
                if term.unit != "1" {
                    entry["unit"] = term.unit.into();
                }
            }
            Measure::Response { .. } => {}
        }
        (term.name.into(), entry)
    };
    Value::Object(config.cost.iter().map(term).collect())
}

fn objectives(config: &Config) -> Value {
    let one = |objective: &Objective| {
        let part = |(place, weight): &(usize, f64)| (config.cost[*place].name.into(), (*weight).into());
        let cost: Map<String, Value> = objective.parts.iter().map(part).collect();
        json!({ "name": objective.name, "cost": cost })
    };
    config.objectives.iter().map(one).collect()
}

fn responses(config: &Config) -> Value {
    let one = |Response { output, reference, band }: &Response| {
        let reference = reference.parse::<f64>().map_or_else(|_| reference.as_str().into(), Value::from);
        json!({ "output": output, "reference": reference, "band": band })
    };
    config.responses.iter().map(one).collect()
}

fn aggregate(config: &Config) -> Value {
    let Aggregate { kind, mean, worst, alpha, quantile } = config.aggregate;
    match kind {
        AggregateKind::Mean | AggregateKind::Worst => json!({ "type": kind.name() }),
        AggregateKind::MeanMax => json!({ "type": kind.name(), "mean": mean, "worst": worst }),
        AggregateKind::Cvar => json!({ "type": kind.name(), "alpha": alpha }),
        AggregateKind::Quantile => json!({ "type": kind.name(), "quantile": quantile }),
    }
}

fn limits(config: &Config) -> Value {
    let set = config.cost.iter().zip(&config.limits).filter(|(_, limit)| limit.is_finite());
    let of_terms = set.map(|(term, limit)| (term.limit_name(), (*limit).into()));
    let of_certificate = LIMITS.iter().zip(config.certificate_limits);
    let of_certificate =
        of_certificate.filter_map(|(limit, value)| Some((limit.parameter.name.into(), value?.into())));
    Value::Object(of_terms.chain(of_certificate).collect())
}

/// Groups as they stand in the config; infinite durations and rates are left out.
fn groups(config: &Config, groups: &[Group], validation: bool) -> Value {
    let states = config.plant.states();
    let by_name = |names: &mut dyn Iterator<Item = &'static str>, values: &[f64]| {
        let named = names.zip(values).filter(|(_, value)| **value != 0.0);
        Value::Object(named.map(|(name, value)| (name.into(), (*value).into())).collect())
    };
    let one = |group: &Group| {
        let mut map = Map::new();
        let mut add = |key: &str, value: Value| map.insert(key.into(), value);
        add("name", group.name.as_str().into());
        if !validation {
            add("count", group.count.into());
            add("weight", group.weight.into());
            add("seed", group.seed.into());
        }
        add("sampling", group.sampling.name().into());
        let ranges = states.iter().zip(&group.initial_state);
        add(
            "ranges",
            Value::Object(ranges.map(|(state, range)| (state.name.into(), json!(range))).collect()),
        );
        let parameters = config.plant.parameters();
        add("uncertainty", by_name(&mut parameters.iter().map(|p| p.name), &group.uncertainty));
        add("signals", write_models::signals(config.signals(), &group.signals));
        add("noise", by_name(&mut states.iter().map(|state| state.name), &group.noise));
        add("quantisation", by_name(&mut states.iter().map(|state| state.name), &group.quantisation));
        add("actuator_lag", group.actuator_lag.into());
        if group.rate_limit.is_finite() {
            add("rate_limit", group.rate_limit.into());
        }
        add("dead_time", group.dead_time.into());
        add("control_period", group.control_period.into());
        Value::Object(map)
    };
    groups.iter().map(one).collect()
}

impl AskTell {
    /// What the search depends on, as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let axes: Value = self.axes.iter().map(axis::written).collect();
        let said: Vec<&str> =
            self.constraints.iter().filter(|one| one.is_said).map(|one| one.text.as_str()).collect();
        let mut value = json!({ "seed": self.seed, "swarm": plan(&self.swarm), "parameters": axes });
        if let Some(TradeOffs { objectives, .. }) = self.swarm.trade_offs {
            value["objectives"] = objectives.into();
        }
        if let Some(outstanding) = self.outstanding {
            value["outstanding"] = outstanding.into();
        }
        if self.resample {
            value["swarm"]["resample"] = true.into();
        }
        if !said.is_empty() {
            value["constraints"] = said.into();
            value["following"] = self.following().map(|axis| json!([axis.lower, axis.upper])).collect();
        }
        value
    }
}

fn swarm(config: &Config) -> Value {
    let mut value = plan(&config.swarm);
    if config.swarm.trade_offs.is_none() {
        value["coarse_first"] = json!(config.swarm.coarse_first);
    }
    if config.starts_from_rules {
        value["warm_start"] = json!("rules");
    }
    value
}

fn plan(plan: &Plan) -> Value {
    let Plan { settings, restarts, polish, trade_offs, coarse_first: _, shrinks, stopping } = plan;
    if let Some(TradeOffs { kept, .. }) = trade_offs {
        let mut value = json!({
            "particles": settings.particles,
            "kept": kept,
            "initial": settings.initial.name(),
            "stopping": self::stopping(stopping),
        });
        if !settings.start.is_empty() {
            value["warm_start"] = json!(settings.start);
        }
        return value;
    }
    let mut coefficients = Map::new();
    add(&mut coefficients, settings.rule.parameters(), &settings.coefficients);
    let mut value = json!({
        "particles": settings.particles,
        "rule": settings.rule.name(),
        settings.rule.name(): coefficients,
        "topology": settings.topology.name(),
        "informants": settings.informed,
        "candidates": settings.candidates,
        "shrinks": shrinks,
        "bounds": settings.bounds.name(),
        "initial": settings.initial.name(),
        "stopping": self::stopping(stopping),
    });
    if !settings.start.is_empty() {
        value["warm_start"] = json!(settings.start);
    }
    let Restarts { times, doublings, patience, slow_gain } = restarts;
    value["restarts"] = match times {
        0 => json!({ "times": times }),
        _ => json!({ "times": times, "doublings": doublings, "patience": patience, "slow_gain": slow_gain }),
    };
    if let Some(PolishPlan { after, step }) = polish {
        value["polish"] = json!({ "after": after, "step": step });
    }
    value
}

/// The rules that apply.
fn stopping(stopping: &Stopping) -> Value {
    let mut map = Map::new();
    map.insert("generations".into(), stopping.generations.into());
    if stopping.evaluations < u64::MAX {
        map.insert("evaluations".into(), stopping.evaluations.into());
    }
    if let Some(generations) = stopping.stall_generations {
        map.insert("stall_generations".into(), generations.into());
        map.insert("stall_gain".into(), stopping.stall_gain.into());
    }
    for (name, value) in [("target", stopping.target), ("wall_time", stopping.wall_time)] {
        if let Some(value) = value {
            map.insert(name.into(), value.into());
        }
    }
    map.into()
}

fn tune(config: &Config) -> Value {
    let parameters = config.controller.parameters();
    let searched = config.tune.iter().map(|gain| (gain.index, gain.axis));
    let follow = config.followers.iter().map(|follower| (follower.index, follower.axis));
    let mut all: Vec<(usize, Axis)> = searched.chain(follow).collect();
    all.sort_by_key(|(index, _)| *index);
    let gain = |(index, of): (usize, Axis)| {
        let mut entry = json!({ "parameter": parameters[index].name });
        for (key, value) in axis::written(&of) {
            entry[key] = value;
        }
        entry
    };
    all.into_iter().map(gain).collect()
}

fn add(map: &mut Map<String, Value>, parameters: &[Parameter], values: &[f64]) {
    // What a choice is stands with its texts.
    for (parameter, value) in parameters.iter().zip(values).filter(|(of, _)| of.choices.is_empty()) {
        map.insert(parameter.name.into(), (*value).into());
    }
}
