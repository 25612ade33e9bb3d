//! Reading `[cost]`, `[[response]]` and `[limits]`: what is measured, what of it costs, and what is too much.

use std::collections::BTreeSet;

use super::{ConfigError, ControllerConfig, PlantConfig, SimulationConfig, Wiring};
use crate::closed_loop::start_of;
use crate::costs::{Aspect, How, Measure, Response, TERMS_MAX, Term, Usual};
use crate::model::{self, UsualTerm};
use crate::parameter::Parameter;
use crate::registry::Member;
use crate::stability::{LIMITS, Limited};
use crate::text::{Refusal, Section, kept, one_of};

const WEIGHT: Parameter = Parameter::fixed("weight", "1", 1.0, [0.0, 1e12], "weight of the term");
const NORM: Parameter = Parameter::fixed("norm", "1", 1.0, [1e-12, 1e12], "what the term is divided by");
const BAND: Parameter = Parameter::fixed(
    "band",
    "1",
    0.02,
    [1e-9, 1.0],
    "half the width of the settling band, as a share of the way",
);
/// Most responses of a study: each has all aspects as terms.
const RESPONSES_MAX: usize = 3;
const NO_WEIGHT: &str = "has no term with a weight above 0: every gain vector would cost 0";

/// The terms of a study and the responses that some of them are about.
pub(super) fn terms(
    root: &Section<'_>,
    plant: &PlantConfig,
    controller: &ControllerConfig,
    wiring: &Wiring,
) -> Result<(Vec<Term>, Vec<Response>), ConfigError> {
    let section = root.section("cost")?;
    let known = Known::new(plant, controller, wiring);
    let responses = known.responses(root)?;
    let terms = known.terms(&section, &responses, root.has("objectives"))?;
    Ok((terms, responses))
}

fn weigh(table: &Section<'_>, term: &mut Term) -> Result<(), ConfigError> {
    term.weight = table.number(&Parameter { default: term.weight, ..WEIGHT })?;
    term.norm = table.number(&Parameter { default: term.norm, ..NORM })?;
    Ok(())
}

/// The names of the values that a study can be judged by.
pub(super) fn known_names<'a>(
    plant: &'a PlantConfig,
    controller: &'a ControllerConfig,
    wiring: &'a Wiring,
) -> Vec<&'a str> {
    Known::new(plant, controller, wiring).in_expressions()
}

/// The values that a study can be judged by.
struct Known<'a> {
    /// With their units; "1" of what has none.
    values: Vec<(&'a str, &'a str)>,
    states: Vec<String>,
    driven: Vec<String>,
    /// Values of the controller.
    of_law: Vec<&'a str>,
    references: Vec<&'a str>,
    /// What only expressions name: settings of the plant, and its states at the start.
    further: Vec<&'a str>,
    usual: &'a [UsualTerm],
}

impl<'a> Known<'a> {
    fn new(plant: &'a PlantConfig, controller: &'a ControllerConfig, wiring: &'a Wiring) -> Self {
        let mut values: Vec<(&str, &str)> =
            plant.states().iter().map(|state| (state.name, state.unit)).collect();
        let (mut of_law, mut seen) = (Vec::new(), Vec::new());
        let declared = &plant.of.model.declared;
        let inputs = declared.inputs.iter().map(|input| &input.quantity);
        let outputs = declared.outputs.iter();
        values.extend(inputs.chain(outputs).map(|q| (q.name.as_str(), kept(q.unit_shown()))));
        seen.extend(plant.of.model.values());
        values.extend(wiring.signals.iter().map(|signal| (signal.name, signal.unit)));
        let outputs = controller.of.model.declared.outputs.iter();
        values.extend(outputs.map(|q| (q.name.as_str(), kept(q.unit_shown()))));
        let mut met = BTreeSet::new();
        values.retain(|(name, _)| met.insert(*name));
        of_law.extend(controller.of.model.values());
        seen.extend(&of_law);
        for name in seen {
            if !values.iter().any(|(known, _)| *known == name) {
                values.push((name, "1"));
            }
        }
        let references = wiring.signals.iter().filter(|signal| !signal.is_disturbance);
        Self {
            values,
            states: plant.states().iter().map(|state| state.name.to_owned()).collect(),
            driven: wiring.driven().into_iter().map(String::from).collect(),
            of_law,
            references: references.map(|signal| signal.name).collect(),
            further: (plant.of.settings.iter().map(|setting| setting.name))
                .chain(plant.states().iter().map(|state| kept(&start_of(state.name))))
                .collect(),
            usual: &declared.cost,
        }
    }

    /// All names that an expression may have.
    fn in_expressions(&self) -> Vec<&'a str> {
        self.values.iter().map(|(name, _)| *name).chain(self.further.iter().copied()).collect()
    }

    fn names(&self) -> Vec<&'a str> {
        self.values.iter().map(|(name, _)| *name).collect()
    }

    fn unit(&self, name: &str) -> &'a str {
        self.values.iter().find(|(known, _)| *known == name).map_or("1", |(_, unit)| unit)
    }

    fn value(&self, section: &Section<'_>, key: &str, name: &str) -> Result<(), ConfigError> {
        if self.values.iter().any(|(known, _)| *known == name) {
            return Ok(());
        }
        let problem = format!("= \"{}\" is unknown", name.escape_debug());
        Err(section.error(key, &problem, format!("allowed: {}", one_of(name, &self.names()))))
    }

    fn responses(&self, root: &Section<'_>) -> Result<Vec<Response>, ConfigError> {
        let mut responses: Vec<Response> = Vec::new();
        for section in root.sections("response", RESPONSES_MAX)? {
            let output = section.text("output")?.map(|(text, _)| text);
            let output = output.ok_or_else(|| {
                section.error("output", "is missing", format!("allowed: {}", self.names().join(", ")))
            })?;
            self.value(&section, "output", output)?;
            if responses.iter().any(|response| response.output == output) {
                let problem = format!("= \"{output}\" appears twice");
                return Err(section.error("output", &problem, "keep one [[response]] of it".into()));
            }
            let usual = self.references.first().copied().unwrap_or("0");
            let reference = match (section.any_number("reference"), section.text("reference")) {
                (Ok(Some(number)), _) => format!("{number:?}"),
                (_, Ok(Some((name, _)))) => {
                    self.value(&section, "reference", name)?;
                    name.to_owned()
                }
                (Ok(None), _) => usual.to_owned(),
                (_, Err(error)) | (Err(error), Ok(None)) => return Err(error),
            };
            let band = section.number(&BAND)?;
            section.finish()?;
            responses.push(Response { output: output.to_owned(), reference, band });
        }
        Ok(responses)
    }

    fn terms(
        &self,
        section: &Section<'_>,
        responses: &[Response],
        has_objectives: bool,
    ) -> Result<Vec<Term>, ConfigError> {
        let mut of_responses: Vec<Term> = responses
            .iter()
            .enumerate()
            .flat_map(|(k, response)| self.aspects(k, response, responses.len()))
            .collect();
        let mut terms: Vec<Term> = self.usual.iter().filter_map(|usual| self.usual_term(usual)).collect();
        for name in section.keys() {
            let table = section.section(&name)?;
            if let Some(term) = terms.iter_mut().find(|term| term.name == name) {
                self.adapted(&table, term)?;
            } else if let Some(place) = of_responses.iter().position(|term| term.name == name) {
                let mut term = of_responses.remove(place);
                term.weight = WEIGHT.default;
                weigh(&table, &mut term)?;
                terms.push(term);
            } else {
                terms.push(self.term(section, &table, &name, &of_responses)?);
            }
            table.finish()?;
        }
        if terms.iter().all(|term| term.weight == 0.0) && !has_objectives {
            let remedy = format!(
                "state at least one, such as [cost.{}] with signals = [\"error\"], or [cost.NAME] with integrate = \"…\"",
                Usual::Itae.name()
            );
            return Err(section.error("", NO_WEIGHT, remedy));
        }
        terms.extend(of_responses);
        if terms.len() > TERMS_MAX {
            let problem = format!("and [[response]] make {} terms", terms.len());
            return Err(section.error("", &problem, format!("allowed: at most {TERMS_MAX}")));
        }
        Ok(terms)
    }

    /// A term of the plant's usual cost; `None` where the study does not have its values.
    fn usual_term(&self, usual: &UsualTerm) -> Option<Term> {
        let UsualTerm { name, signals, own, unit, doc, weight, norm, is_told } = usual;
        let known = self.in_expressions();
        let measure = if let Some((how, expression)) = own {
            let how = How::ALL.iter().find(|known| known.name() == how)?;
            Measure::Own { how: *how, expression: expression.clone() }
        } else {
            let kind = Usual::ALL.iter().find(|kind| kind.name() == name)?;
            Measure::Usual { kind: *kind, signals: signals.clone() }
        };
        let is_known = match &measure {
            Measure::Own { expression, .. } => {
                let names = model::names(expression).ok()?;
                let own = ["t", "dt", "pi"];
                names.iter().all(|(_, name)| own.contains(&name.as_str()) || known.contains(&name.as_str()))
            }
            _ => signals.iter().all(|signal| known.contains(&signal.as_str())),
        };
        let (usual_unit, usual_doc) = self.told(&measure);
        let unit = if unit.is_empty() { usual_unit } else { kept(unit) };
        let summary = if doc.is_empty() { usual_doc } else { doc.clone() };
        let (weight, norm, is_told) = (*weight, *norm, Some(*is_told));
        is_known.then_some(Term { name: kept(name), unit, summary, weight, norm, measure, is_told })
    }

    /// What a study says of a term of the usual cost; the rest stays.
    fn adapted(&self, table: &Section<'_>, term: &mut Term) -> Result<(), ConfigError> {
        weigh(table, term)?;
        match &mut term.measure {
            Measure::Usual { kind, signals } => {
                // The older name of the key.
                let is_old = !kind.is_of_control() && table.has("states");
                let key = if is_old { "states" } else { "signals" };
                let named = self.named(table, key)?;
                if table.has(key) && named.is_empty() {
                    let allowed = format!("allowed: some of {}", self.names().join(", "));
                    return Err(table.error(key, "is empty", allowed));
                }
                if !named.is_empty() && named != *signals {
                    *signals = named;
                    let told = Measure::Usual { kind: *kind, signals: signals.clone() };
                    (_, term.summary) = self.told(&told);
                }
            }
            Measure::Own { how, expression } => {
                if let Some((own, _)) = table.text(how.name())? {
                    own.clone_into(expression);
                }
                if let Some((unit, _)) = table.text("unit")? {
                    term.unit = kept(unit);
                }
            }
            Measure::Response { .. } => {}
        }
        Ok(())
    }

    /// What is told of a response; with the name of its output where a term has that of an aspect already.
    fn aspects(&self, of: usize, response: &Response, responses: usize) -> Vec<Term> {
        let is_taken = |name: &str| self.usual.iter().any(|usual| usual.name == name);
        let term = |aspect: &Aspect| Term {
            name: match responses {
                1 if !is_taken(aspect.name()) => aspect.name(),
                _ => kept(&format!("{}_{}", response.output, aspect.name())),
            },
            unit: aspect.unit().unwrap_or_else(|| kept(self.unit(&response.output))),
            summary: format!("{} ({} to {})", aspect.summary(), response.output, response.reference),
            weight: 0.0,
            norm: NORM.default,
            measure: Measure::Response { of, aspect: *aspect },
            is_told: None,
        };
        Aspect::ALL.iter().map(term).collect()
    }

    fn term(
        &self,
        section: &Section<'_>,
        table: &Section<'_>,
        name: &str,
        of_responses: &[Term],
    ) -> Result<Term, ConfigError> {
        let usual = Usual::ALL.iter().find(|kind| kind.name() == name).copied();
        let measure = match usual {
            Some(kind) => Measure::Usual { kind, signals: self.signals(table, kind)? },
            None => self.own(section, table, name, of_responses)?,
        };
        let (unit, summary) = self.described(table, &measure)?;
        let mut term = Term {
            name: kept(name),
            unit,
            summary,
            weight: WEIGHT.default,
            norm: NORM.default,
            measure,
            is_told: None,
        };
        weigh(table, &mut term)?;
        Ok(term)
    }

    /// The values that a table names, each of which is known.
    fn named(&self, table: &Section<'_>, key: &str) -> Result<Vec<String>, ConfigError> {
        table.texts(key, self.values.len(), |name| {
            if self.values.iter().any(|(known, _)| *known == name) {
                return Ok(name.to_owned());
            }
            let problem = format!("\"{}\" is unknown", name.escape_debug());
            Err(Refusal { problem, remedy: format!("allowed: {}", one_of(name, &self.names())) })
        })
    }

    fn signals(&self, table: &Section<'_>, kind: Usual) -> Result<Vec<String>, ConfigError> {
        let named = self.named(table, "signals")?;
        if !named.is_empty() {
            return Ok(named);
        }
        if kind.is_of_control() {
            return Ok(self.driven.clone());
        }
        let of_law = |name: &str| self.of_law.contains(&name).then(|| vec![name.to_owned()]);
        match kind {
            Usual::SlidingEnergy => of_law("sigma").ok_or_else(|| {
                let problem = "is missing, and the controller has no value `sigma`";
                table.error("signals", problem, format!("allowed: some of {}", self.names().join(", ")))
            }),
            _ => Ok(of_law("error").unwrap_or_else(|| self.states.clone())),
        }
    }

    /// A term of the study's own.
    fn own(
        &self,
        section: &Section<'_>,
        table: &Section<'_>,
        name: &str,
        of_responses: &[Term],
    ) -> Result<Measure, ConfigError> {
        let mut found = None;
        for how in How::ALL {
            let Some((text, _)) = table.text(how.name())? else { continue };
            if found.is_some() {
                return Err(table.error(how.name(), "is one measure too many", "keep one of them".into()));
            }
            found = Some(Measure::Own { how: *how, expression: text.to_owned() });
        }
        let hows: Vec<&str> = How::ALL.iter().map(|how| how.name()).collect();
        let Some(measure) = found else {
            let usual = Usual::ALL.iter().map(|kind| kind.name());
            let usual: Vec<&str> = usual.chain(of_responses.iter().map(|term| term.name)).collect();
            let remedy = lacking(name, of_responses).unwrap_or_else(|| {
                format!(
                    "allowed: {}; or a name of your own with one of {} = \"expression\"",
                    one_of(name, &usual),
                    hows.join(", ")
                )
            });
            return Err(section.error(name, "does not say what is measured", remedy));
        };
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !name.contains("__");
        if !is_name || name.len() > 64 || RESERVED.contains(&name) || self.names().contains(&name) {
            let remedy =
                "allowed: letters, digits and single `_`, and no name of a value of plant or controller";
            return Err(section.error(name, "cannot be the name of a term", remedy.into()));
        }
        Ok(measure)
    }

    fn described(
        &self,
        table: &Section<'_>,
        measure: &Measure,
    ) -> Result<(&'static str, String), ConfigError> {
        let unit = table.text("unit")?.map(|(text, _)| kept(text));
        let (usual, summary) = self.told(measure);
        Ok((unit.unwrap_or(usual), summary))
    }

    /// The usual unit of a measure, and what it is, in a line.
    fn told(&self, measure: &Measure) -> (&'static str, String) {
        match measure {
            Measure::Own { how, expression } => ("1", format!("{}, e = {expression}", how.summary())),
            Measure::Usual { kind, signals } => {
                let of = kept(self.unit(signals.first().map_or("", String::as_str)));
                let unit = if *kind == Usual::PeakForce { of } else { "1" };
                (unit, format!("{}, s = {}", kind.summary(), signals.join(", ")))
            }
            Measure::Response { .. } => ("1", String::new()),
        }
    }
}

/// Names that the judge has itself.
pub(super) const RESERVED: [&str; 7] = ["cost", "partial", "failed", "t", "dt", "pi", "sensitivity"];

/// The limit of what is 0 where a response settles and 1 where it does not.
pub(super) const SETTLED: f64 = 0.5;

/// What a study lacks so that a usual name is that of a term; `None` of a name that it has, or that nothing usual has.
pub(super) fn lacking(name: &str, terms: &[Term]) -> Option<String> {
    if terms.iter().any(|term| term.name == name) {
        return None;
    }
    let has_response = terms.iter().any(|term| matches!(term.measure, Measure::Response { .. }));
    if !has_response && Aspect::ALL.iter().any(|aspect| aspect.name() == name) {
        let of = "the value that has to come to its reference";
        return Some(format!(
            "`{name}` is measured of a response: add [[response]] with output = \"…\", {of}"
        ));
    }
    let is_usual = Usual::ALL.iter().any(|usual| usual.name() == name);
    is_usual
        .then(|| format!("add [cost.{name}], with weight = 0.0 where it shall be measured and cost nothing"))
}

/// `max_<term>` of each term, infinite where there is none. What depends on times that a response has only when it settles has to settle.
pub(super) fn limits(
    section: Section<'_>,
    terms: &[Term],
    simulation: &SimulationConfig,
) -> Result<Vec<f64>, ConfigError> {
    let mut limits = Vec::new();
    for term in terms {
        let range =
            Parameter::fixed(kept(&term.limit_name()), term.unit, 0.0, [1e-12, 1e12], "largest value");
        let given = section.optional_number(range.name, &range)?;
        let must_settle = matches!(term.measure, Measure::Response { of, aspect: Aspect::Unsettled } if needs_to_settle(terms, of));
        let usual = if must_settle { SETTLED } else { f64::INFINITY };
        limits.push(given.unwrap_or(usual));
        if term.is_settling_time() && (simulation.duration..f64::INFINITY).contains(&limits[limits.len() - 1])
        {
            let remedy = format!(
                "allowed: less than the duration of {} s, which a run that never settles has",
                simulation.duration
            );
            return Err(section.error(range.name, "cannot be exceeded", remedy));
        }
    }
    for key in section.keys() {
        if let Some(remedy) = key.strip_prefix("max_").and_then(|name| lacking(name, terms)) {
            return Err(section.error(&key, "limits what the study does not measure", remedy));
        }
    }
    section.finish()?;
    Ok(limits)
}

/// What is asked of the certificate: nothing of laws that have no margins.
pub(super) fn certificate_limits(
    section: &Section<'_>,
    controller: &ControllerConfig,
) -> Result<Limited, ConfigError> {
    let mut limited: Limited = [None; LIMITS.len()];
    let slides = controller.of.model.declared.sliding.is_some();
    for (place, limit) in limited.iter_mut().zip(&LIMITS) {
        let name = limit.parameter.name;
        *place = section.optional_number(name, &limit.parameter)?;
        if place.is_some() && slides {
            let remedy = "take it out, or use a controller that is differentiable at rest";
            return Err(section.error(name, "is not known of a controller that slides", remedy.into()));
        }
    }
    Ok(limited)
}

/// Whether the cost is made of times of a response that mean nothing where it never settles.
fn needs_to_settle(terms: &[Term], response: usize) -> bool {
    terms.iter().any(|term| term.weight > 0.0 && is_of_times(term, terms, response))
}

/// Whether a term is such a time of a response, or made of one.
pub(super) fn is_of_times(term: &Term, terms: &[Term], response: usize) -> bool {
    let is_time = |term: &Term| matches!(term.measure, Measure::Response { of, aspect: Aspect::RiseTime | Aspect::SettlingTime } if of == response);
    match &term.measure {
        Measure::Own { expression, .. } => {
            let names = model::names(expression).unwrap_or_default();
            names.iter().any(|(_, name)| terms.iter().any(|term| term.name == name && is_time(term)))
        }
        _ => is_time(term),
    }
}
