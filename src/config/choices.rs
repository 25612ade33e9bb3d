//! Choices of a law that are tuned: `[[tune]] parameter = "saturation", choices = ["tanh", "linear"]`.
//!
//! Each becomes a parameter of the law with the name of the choice, whose values are the places of its `choices`; the law's text becomes all
//! of theirs, selected by that parameter. A single one is no search: the law has it.

use std::sync::Arc;

use super::{ConfigError, ControllerConfig, PlantConfig};
use crate::model::{self, Choices, Misread};
use crate::parameter::Parameter;
use crate::text::{Section, kept, kept_names, one_of};

/// The most `[[tune]]` tables: one for each gain, each choice, and each parameter of the plant.
pub(super) fn tables_max(plant: &PlantConfig, controller: &ControllerConfig) -> usize {
    let choices = controller.of.model.declared.choices.len();
    controller.parameters().len() + choices + plant.parameters().len()
}

/// Gives the controller a parameter for each choice of the law that a `[[tune]]` table names.
pub(super) fn tune(
    root: &Section<'_>,
    of_controller: &Section<'_>,
    plant: &PlantConfig,
    controller: &mut ControllerConfig,
) -> Result<(), ConfigError> {
    for section in root.sections("tune", tables_max(plant, controller))? {
        let Some((key, _)) = section.text("parameter")? else { continue };
        if controller.of.model.declared.expressions.contains_key(key) {
            add(&section, key, of_controller, plant, controller)?;
        }
    }
    Ok(())
}

/// The choice that a `[[tune]]` table fixes, where it does: it has one of `choices`, and no parameter is searched.
pub(super) fn fixed<'a>(
    section: &Section<'a>,
    controller: &ControllerConfig,
) -> Result<Option<&'a str>, ConfigError> {
    let Some((key, _)) = section.text("parameter")? else { return Ok(None) };
    let is_fixed = |choices: &Choices| choices.tuned.is_none();
    if !controller.of.model.declared.choices.get(key).is_some_and(is_fixed) {
        return Ok(None);
    }
    names(section, key, &[])?;
    Ok(Some(key))
}

impl ControllerConfig {
    /// The texts of the law's expressions with these values of its parameters: key, the name of the choice where it is one, and text.
    #[must_use]
    pub fn texts(&self, values: &[f64]) -> Vec<(&str, Option<&str>, &str)> {
        let declared = &self.of.model.declared;
        let mut texts: Vec<(&str, Option<&str>, &str)> = Vec::new();
        for (key, text) in &declared.expressions {
            let Some(choices) = declared.choices.get(key) else {
                texts.push((key, None, text));
                continue;
            };
            let value = self.parameters().iter().position(|parameter| parameter.name == key);
            let chosen = value.and_then(|place| self.parameters()[place].chosen(values[place]));
            let mut tuned = choices.tuned.iter().flat_map(|tuned| &tuned.texts);
            texts.push(match tuned.find(|(name, _)| Some(name.as_str()) == chosen) {
                Some((name, text)) => (key, Some(name), text),
                None => (key, Some(&choices.default), text),
            });
        }
        texts
    }
}

/// The parameters of a controller, and behind them the choices that a `[[tune]]` table may name too.
pub(super) fn with_parameters(controller: &ControllerConfig) -> Vec<Parameter> {
    let choices = controller.of.model.declared.choices.iter();
    let untuned = choices.filter(|(_, choices)| choices.tuned.is_none());
    let named = untuned.map(|(key, _)| Parameter::fixed(kept(key), "1", 0.0, [0.0, 0.0], "choice"));
    controller.parameters().iter().copied().chain(named).collect()
}

/// The tuned choice that stands in an expression.
pub(super) fn named(text: &str, controller: &ControllerConfig) -> Option<&'static str> {
    let names = model::names(text).ok()?;
    let mut choices = controller.parameters().iter().filter(|parameter| !parameter.choices.is_empty());
    choices.find(|choice| names.iter().any(|(_, name)| name == choice.name)).map(|choice| choice.name)
}

/// The names that a parameter of a search without a study has, where it is a choice.
pub(super) fn of_numbers(section: &Section<'_>) -> Result<Option<&'static [&'static str]>, ConfigError> {
    if !section.has("choices") {
        return Ok(None);
    }
    let names = names(section, "this", &["a", "b"])?;
    let twice = |(at, name): &(usize, &String)| names[..*at].contains(name);
    if let Some((_, name)) = names.iter().enumerate().find(twice) {
        let problem = format!("has \"{}\" twice", name.escape_debug());
        return Err(section.error("choices", &problem, "keep one of them".into()));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(Some(kept_names(&names)))
}

/// The names of a table, and nothing that is of numbers beside them.
fn names(section: &Section<'_>, key: &str, known: &[&str]) -> Result<Vec<String>, ConfigError> {
    if let Some(stray) =
        ["lower", "upper", "scale", "integer", "step", "values"].iter().find(|key| section.has(key))
    {
        let problem = format!("is for numbers, and {key} is a choice among names");
        return Err(section.error(stray, &problem, "take it out: choices says all".into()));
    }
    section.words("choices")?.filter(|names| !names.is_empty()).ok_or_else(|| {
        let remedy = format!("give some of them: choices = {known:?}");
        section.error("choices", "is missing", remedy)
    })
}

fn add(
    section: &Section<'_>,
    key: &str,
    of_controller: &Section<'_>,
    plant: &PlantConfig,
    controller: &mut ControllerConfig,
) -> Result<(), ConfigError> {
    let law = &controller.of.model;
    let Some(choices) = law.declared.choices.get(key).cloned() else {
        let problem = format!("= \"{key}\" is an expression without choices here");
        return Err(section.error("parameter", &problem, "tune the gains in it instead".into()));
    };
    let leave_out = |problem: &str| {
        let problem = format!("= \"{key}\" {problem}");
        Err(section.error("parameter", &problem, "leave out this [[tune]] table".into()))
    };
    if choices.tuned.is_some() {
        return leave_out("is tuned twice");
    }
    if !law.names_in_statements().contains(key) {
        return leave_out("has no effect: it stands in none of the law's equations");
    }
    let known: Vec<&str> = choices.texts.iter().map(|(name, _)| name.as_str()).collect();
    let names = names(section, key, &known)?;
    let refuse = |found: Misread| section.error("choices", &found.problem, found.remedy);
    if let Some(stray) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let problem = format!("has \"{}\", which is no {key} of {}", stray.escape_debug(), controller.name());
        return Err(section.error("choices", &problem, format!("allowed: {}", one_of(stray, &known))));
    }
    let value = names.iter().position(|name| *name == choices.default);
    if of_controller.has(key) && value.is_none() {
        let problem = format!("= \"{}\" is not among the choices that [[tune]] searches", choices.default);
        return Err(of_controller.error(key, &problem, format!("allowed: {}", names.join(", "))));
    }
    let states: Vec<&str> = plant.states().iter().map(|state| state.name).collect();
    let of = Arc::make_mut(&mut controller.of);
    if let [only] = &names[..] {
        return of.model.choose(key, Some(only), &states).map_err(refuse);
    }
    of.model.decide(key, &names, &states).map_err(refuse)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let doc = kept(&format!("which {key} the law has"));
    #[allow(clippy::cast_precision_loss, reason = "places among choices")]
    let [last, value] = [names.len() - 1, value.unwrap_or(0)].map(|place| place as f64);
    let choice = Parameter::fixed(kept(key), "1", 0.0, [0.0, last], doc);
    of.parameters.push(Parameter { choices: kept_names(&names), ..choice });
    controller.values.push(value);
    Ok(())
}
