//! A study on models as one closed loop: the parts, and what is wrong where they do not fit.

use std::path::Path;

use super::cost::known_names;
use super::{Config, ConfigError, Refusal, system};
use crate::closed_loop::{ClosedLoop, Connected, DELAY_MAX, Imperfections, Parts, Sampled, Unfit};
use crate::costs::{Criteria, Judge, Measure, Timing};
use crate::figures::{label, with_unit};
use crate::model::{self, Kind, Misread};
use crate::parameter::Quantity;
use crate::program::TooLarge;
use crate::sampling::Group;
use crate::text::{Section, Source, one_of};

/// The scenarios that a closed loop is made for: what none of them asks for is not in it. One that is made for all gives a scenario the
/// same bits, whatever others there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Those that gains are tuned on.
    Tuning,
    /// Those of the validation too.
    All,
}

/// What a column of a trajectory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A state of the plant.
    State,
    /// An output of the plant.
    Output,
    /// What drives the plant.
    Drive,
    /// A signal of the scenario.
    Signal,
    /// A value of the controller.
    Law,
}

/// A column of a trajectory behind the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name and unit.
    pub quantity: Quantity,
    /// What it is.
    pub role: Role,
}

impl Config {
    /// The columns of a trajectory behind the time, in their order.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        let mut add = |of: &model::Quantity, role: Role| {
            let quantity = system::quantity(of);
            if !columns.iter().any(|column| column.quantity.name == quantity.name) {
                columns.push(Column { quantity, role });
            }
        };
        let (plant, law) = (&self.plant.of.model.declared, &self.controller.of.model.declared);
        let wiring = &self.wiring;
        plant.states.iter().for_each(|state| add(&state.quantity, Role::State));
        plant.outputs.iter().for_each(|output| add(output, Role::Output));
        let (driven, others): (Vec<_>, Vec<_>) =
            plant.inputs.iter().partition(|input| wiring.drive.contains_key(&input.quantity.name));
        for input in driven {
            add(&input.quantity, Role::Drive);
        }
        let references = law.inputs.iter();
        let references = references.filter(|input| wiring.signal(&input.quantity.name).is_some());
        let asked = self.asked_signals();
        let signals = others.into_iter().chain(references);
        for input in signals.filter(|input| asked.contains(&input.quantity.name.as_str())) {
            add(&input.quantity, Role::Signal);
        }
        let drives = |name: &String| wiring.drive.values().any(|source| source == name);
        let rest = law.outputs.iter().filter(|output| !drives(&output.name));
        rest.for_each(|output| add(output, Role::Law));
        columns
    }

    /// The places of the signals that any group of scenarios says something of, or that have no value of their own: the others are not
    /// in the loop.
    pub(super) fn asked_places(&self) -> Vec<usize> {
        let groups = || self.scenarios.iter().chain(&self.validation);
        let is_asked = |place: usize| groups().any(|group| !group.signals[place].is_empty());
        let signals = self.wiring.signals.iter().enumerate();
        let asked = signals.filter(|(place, signal)| signal.default.is_none() || is_asked(*place));
        asked.map(|(place, _)| place).collect()
    }

    fn asked_signals(&self) -> Vec<&'static str> {
        self.asked_places().into_iter().map(|place| self.wiring.signals[place].name).collect()
    }

    /// The name of a state, signal or other column as people write it.
    pub(crate) fn label(&self, name: &str) -> String {
        if name == "t" {
            return "time".into();
        }
        let columns = self.columns();
        let known = columns.iter().find(|column| column.quantity.name == name);
        known.map_or_else(|| label(name), |column| column.quantity.label.to_owned())
    }

    /// The same with its unit, as it stands along an axis.
    pub(crate) fn quantity(&self, name: &str, unit: &str) -> String {
        with_unit(self.label(name), unit)
    }

    /// The numbers of `[simulation]` that the plant asks for, by name.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, f64)> {
        let names = self.plant.of.settings.iter().map(|setting| setting.name);
        names.zip(self.simulation.settings.iter().copied()).collect()
    }

    /// Whether a run that succeeds is settled at its end.
    pub(crate) fn judges_settling(&self) -> bool {
        !self.responses.is_empty() || self.cost.iter().any(crate::costs::Term::is_settling_time)
    }

    /// Whether each term is found in every simulation: it costs something, has a limit, or another such names it.
    fn needed_terms(&self) -> Vec<bool> {
        let is_asked = |place: usize| self.cost[place].weight > 0.0 || self.limits[place].is_finite();
        (0..self.cost.len()).map(is_asked).collect()
    }

    /// What judges a simulation.
    ///
    /// # Errors
    ///
    /// What is wrong with its expressions; nothing of a config that has been checked.
    pub(super) fn judge(&self) -> Result<Judge, Misfit> {
        let settings = self.settings();
        Judge::new(self.criteria(&settings)).map_err(|(error, places)| Misfit::Judge(error, places))
    }

    fn criteria<'a>(&'a self, settings: &'a [(&'static str, f64)]) -> Criteria<'a> {
        let simulation = &self.simulation;
        Criteria {
            terms: &self.cost,
            responses: &self.responses,
            fail: simulation.fail.as_deref(),
            settings,
            timing: Timing { dt: simulation.dt, steps: simulation.steps() },
        }
    }

    /// The closed loop of a study.
    ///
    /// # Errors
    ///
    /// What does not fit; nothing of a config that has been checked.
    pub(crate) fn closed_loop(&self, coverage: Coverage) -> Result<ClosedLoop, Misfit> {
        let judge = self.judge()?;
        ClosedLoop::new(&self.parts(&judge, coverage)).map_err(|unfit| match unfit {
            Unfit::Model("judge", error) => Misfit::Judge(error, judge.places),
            other => Misfit::Loop(other),
        })
    }

    /// A step of the closed loop of a study as its certificate needs it: on the nominal plant, with ideal sensors; `observed` are names of values.
    ///
    /// # Errors
    ///
    /// What does not fit, such as what the controller says of its certificate; nothing else of a config that has been checked.
    pub(crate) fn sampled_loop(&self, observed: &[&str]) -> Result<Sampled, Misfit> {
        let judge = self.judge()?;
        let parts = self.parts(&judge, Coverage::Tuning);
        let lags = self.scenarios.iter().any(|group| group.actuator_lag > 0.0);
        let dead_time = self.scenarios.iter().map(|group| group.dead_time).max().unwrap_or(0);
        let world = Imperfections { dead_time, actuator: lags, ..Imperfections::default() };
        Sampled::new(&Parts { varies: false, world, ..parts }, observed).map_err(Misfit::Loop)
    }

    pub(super) fn parts<'a>(&'a self, judge: &'a Judge, coverage: Coverage) -> Parts<'a> {
        let (plant, law, wiring) = (&self.plant, &self.controller.of, &self.wiring);
        let others: &[Group] = if coverage == Coverage::All { &self.validation } else { &[] };
        let groups = || self.scenarios.iter().chain(others);
        Parts {
            plant: &plant.of.model,
            nominal: &plant.values,
            tuned: &plant.tuned,
            varies: groups().any(|group| group.uncertainty.iter().any(|percent| *percent > 0.0)),
            law: Connected { model: &law.model, connect: wiring.measured.clone() },
            drive: wiring.drive.clone(),
            signals: self.asked_signals().into_iter().map(String::from).collect(),
            world: world(&groups()),
            judge: Connected { model: &judge.model, connect: std::collections::BTreeMap::new() },
            terms: self.cost.iter().map(|term| term.name.to_owned()).zip(self.needed_terms()).collect(),
            method: self.simulation.integrator,
            dt: self.simulation.dt,
            shown: self.columns().iter().map(|column| column.quantity.name.to_owned()).collect(),
        }
    }
}

impl Config {
    /// What does not fit after the integration step has been changed.
    pub(crate) fn misfit(&self) -> Option<Refusal> {
        let remedy = format!("allowed: delays of at most {DELAY_MAX} steps");
        match self.closed_loop(Coverage::All) {
            Ok(_) => None,
            Err(Misfit::Loop(Unfit::Delay(found))) => {
                Some(Refusal { problem: format!("makes a delay {found}"), remedy })
            }
            Err(_) => Some(Refusal { problem: "does not fit the models of the study".into(), remedy }),
        }
    }
}

/// What any group needs of the world.
fn world<'a>(groups: &(impl Iterator<Item = &'a Group> + Clone)) -> Imperfections {
    let states = groups.clone().map(|group| group.noise.len()).max().unwrap_or(0);
    let is_noisy = |place: &usize| groups.clone().any(|group| group.noise[*place] > 0.0);
    Imperfections {
        noisy: (0..states).filter(is_noisy).collect(),
        coarse: groups.clone().any(|group| group.quantisation.iter().any(|step| *step > 0.0)),
        hold: groups.clone().any(|group| group.control_period > 1),
        dead_time: groups.clone().map(|group| group.dead_time).max().unwrap_or(0),
        actuator: groups.clone().any(|group| group.actuator_lag > 0.0 || group.rate_limit.is_finite()),
    }
}

/// Why a study has no closed loop.
pub(crate) enum Misfit {
    /// The judge says something that cannot be; where texts of the study stand in it.
    Judge(Misread, Vec<(std::ops::Range<usize>, Option<usize>)>),
    /// Something else.
    Loop(Unfit),
}

/// Refuses a study whose models do not make a closed loop.
pub(super) fn check(source: &Source, root: &Section<'_>, config: &Config) -> Result<(), ConfigError> {
    let names = known_names(&config.plant, &config.controller, &config.wiring);
    for term in &config.cost {
        if let Measure::Own { how, expression } = &term.measure {
            let section = root.section("cost")?.section(term.name)?;
            let key = crate::registry::Member::name(*how);
            let mut known = names.clone();
            known.extend(config.cost.iter().map(|other| other.name).filter(|name| *name != term.name));
            read(source, &section, key, expression, &known)?;
        }
    }
    if let Some(fail) = &config.simulation.fail {
        read(source, &root.section("simulation")?, "fail", fail, &names)?;
    }
    let slides = config.controller.of.model.declared.sliding.is_some();
    let misfit = match config.closed_loop(Coverage::All) {
        Err(misfit) => misfit,
        Ok(_) if !slides => return Ok(()),
        Ok(_) => match config.sampled_loop(&[]) {
            Err(misfit) => misfit,
            Ok(_) => return Ok(()),
        },
    };
    Err(match misfit {
        Misfit::Judge(error, places) => {
            let place = places.iter().find(|(range, _)| range.contains(&error.at));
            let (key, text, at) = match place {
                Some((range, Some(term))) => {
                    let text = match &config.cost[*term].measure {
                        Measure::Own { expression, .. } => expression.clone(),
                        _ => String::new(),
                    };
                    (format!("cost.{}", config.cost[*term].name), text, error.at - range.start)
                }
                Some((range, None)) => {
                    let fail = config.simulation.fail.clone().unwrap_or_default();
                    ("simulation.fail".into(), fail, error.at - range.start)
                }
                None => ("cost".into(), String::new(), 0),
            };
            let shown = Misread { at, ..error };
            root.error("cost", &format!("({key}): {}", shown.marked(&text)), shown.remedy)
        }
        Misfit::Loop(unfit) => unfitting(root, config, unfit),
    })
}

/// Refuses an expression of a study that cannot be read, or has unknown names.
fn read(
    source: &Source,
    section: &Section<'_>,
    key: &str,
    text: &str,
    known: &[&str],
) -> Result<(), ConfigError> {
    let stands = section.text(key)?.and_then(|(_, at)| at);
    let refuse = |error: Misread| match stands {
        Some(at) => source.error(Some(at + error.at), error.marked(text), error.remedy),
        None => section.error(key, &error.marked(text), error.remedy),
    };
    let names = model::names(text).map_err(refuse)?;
    let own = ["t", "dt", "pi"];
    match names.into_iter().find(|(_, name)| !own.contains(&name.as_str()) && !known.contains(&name.as_str()))
    {
        None => Ok(()),
        Some((at, name)) => Err(refuse(Misread {
            at,
            problem: format!("`{name}` is unknown"),
            remedy: format!("known: {}", one_of(&name, known)),
        })),
    }
}

/// What is wrong with the statements of a model beside the other one, told where they stand: in the file that the study names, in the study, or in
/// what ships.
fn misread(
    root: &Section<'_>,
    kind: Kind,
    config: &Config,
    error: Misread,
) -> Result<ConfigError, ConfigError> {
    let section = root.section(kind.name())?;
    if let Some((file, _)) = section.text("file")? {
        let source = Source::read(&root.source().beside(file))?;
        let document = source.document()?;
        return Ok(model::unfitting(&source, &Section::root(&source, document.get_ref()), error));
    }
    let equations = if kind == Kind::Plant { &config.plant.of } else { &config.controller.of };
    let is_meant = |shipped: &&model::Shipped| shipped.name == equations.name && !section.has("equations");
    let Some(shipped) = model::shipped(kind).iter().find(is_meant) else {
        return Ok(model::unfitting(root.source(), &section, error));
    };
    let inner = Source::new(Path::new(shipped.path), shipped.text.into());
    let document = inner.document()?;
    let inner = model::unfitting(&inner, &Section::root(&inner, document.get_ref()), error);
    Ok(root.error(kind.name(), &format!("does not fit: {}", inner.place()), inner.remedy))
}

fn unfitting(root: &Section<'_>, config: &Config, unfit: Unfit) -> ConfigError {
    match unfit {
        Unfit::Model(of, error) => {
            let of = if of == "plant" { Kind::Plant } else { Kind::Controller };
            misread(root, of, config, error).unwrap_or_else(|error| error)
        }
        Unfit::Law { problem, remedy } => root.error("controller", &problem, remedy),
        Unfit::Connection(name) => {
            root.error("connect", &format!("leaves `{name}` open"), "connect it in [connect]".into())
        }
        Unfit::Circle(name) => root.error(
            "controller",
            &format!(
                "is a circle: `{name}` needs an output of the plant that depends on `{name}` in the same step"
            ),
            "measure a state, or delay the output by a control period".into(),
        ),
        Unfit::Delay(found) => root.error(
            "plant",
            &format!("has a delay {found}"),
            format!(
                "allowed: times made of numbers and parameters of the plant, at most {DELAY_MAX} steps of dt"
            ),
        ),
        Unfit::TooLarge(TooLarge::Slots(slots)) => root.error(
            "plant",
            &format!("and controller need {slots} values at a time"),
            format!("allowed: {}; use a smaller model or fewer terms", crate::program::SLOTS_MAX),
        ),
    }
}
