//! Reading `[[objectives]]`: what is traded off, each a sum of weighted terms or an expression of them.

use super::cost::{RESERVED, lacking};
use super::{ConfigError, ControllerConfig};
use crate::costs::{Objective, Term};
use crate::model;
use crate::parameter::Parameter;
use crate::swarm::pareto::OBJECTIVES_MAX;
use crate::text::{Section, kept, one_of};

const FORMS: &str =
    "cost = { TERM = weight, … } or expression = \"…\" of terms; without either, the name is that of a term";

/// The objectives of a study; none where it has one cost. Terms weigh in the study's cost what they weigh in all objectives together.
pub(super) fn read(
    root: &Section<'_>,
    terms: &mut Vec<Term>,
    values: &[&str],
    controller: &ControllerConfig,
) -> Result<Vec<Objective>, ConfigError> {
    let mut objectives: Vec<Objective> = Vec::new();
    let sections = root.sections("objectives", OBJECTIVES_MAX)?;
    if sections.is_empty() && !root.has("objectives") {
        return Ok(objectives);
    }
    if sections.len() < 2 {
        let remedy = format!("allowed: 2 to {OBJECTIVES_MAX} tables; a single objective is [cost]");
        return Err(root.error("objectives", "has fewer than two tables", remedy));
    }
    let cost = root.section("cost")?;
    for name in cost.keys() {
        let table = cost.section(&name)?;
        if table.has("weight") {
            let remedy = "take it out, and give the weight there, such as cost = { NAME = 2.0 }".into();
            return Err(table.error("weight", "is for [[objectives]] to say", remedy));
        }
    }
    let gains = controller.parameters().iter().map(|parameter| parameter.name);
    let taken: Vec<&str> = gains.chain(["knee", "extreme", "certificate"]).collect();
    for term in terms.iter_mut() {
        term.weight = 0.0;
    }
    for section in sections {
        let objective = one(&section, terms, values)?;
        if objectives.iter().any(|known| known.name == objective.name) {
            let problem = format!("= \"{}\" appears twice", objective.name);
            return Err(section.error("name", &problem, "give each objective a name of its own".into()));
        }
        if let Some(name) = taken.iter().find(|taken| **taken == objective.name) {
            let problem = format!("= \"{name}\" is the name of a gain or a column of pareto.csv");
            return Err(section.error("name", &problem, "give the objective a name of its own".into()));
        }
        section.finish()?;
        objectives.push(objective);
    }
    for (place, weight) in objectives.iter().flat_map(|objective| &objective.parts) {
        terms[*place].weight += weight;
    }
    Ok(objectives)
}

fn one(section: &Section<'_>, terms: &mut Vec<Term>, values: &[&str]) -> Result<Objective, ConfigError> {
    let missing = || section.error("name", "is missing", format!("give it a name, and {FORMS}"));
    let name = section.text("name")?.map(|(name, _)| name.to_owned()).ok_or_else(missing)?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.contains("__");
    if !is_name || name.len() > 64 {
        let remedy = "allowed: letters, digits and single `_`, such as \"settling\"".into();
        return Err(section.error("name", "cannot be the name of an objective", remedy));
    }
    let names: Vec<&'static str> = terms.iter().map(|term| term.name).collect();
    let place_of = |name: &str| names.iter().position(|known| *known == name);
    let expression = section.text("expression")?.map(|(text, _)| text.to_owned());
    if let Some(expression) = expression {
        if section.has("cost") {
            return Err(section.error("cost", "stands beside an expression", "keep one of the two".into()));
        }
        if names.iter().chain(values).chain(&RESERVED).any(|known| *known == name) {
            let remedy = "give the objective a name of its own".into();
            return Err(section.error("name", "is that of a term or value, and has an expression", remedy));
        }
        return Ok(Objective { parts: vec![(of_expression(section, &name, expression, terms)?, 1.0)], name });
    }
    let unknown = |key: &str, name: &str| {
        let problem = format!("names no term \"{}\"", name.escape_debug());
        if let Some(remedy) = lacking(name, terms) {
            return section.error(key, &problem, remedy);
        }
        section.error(key, &problem, format!("allowed: {FORMS}; the terms are {}", one_of(name, &names)))
    };
    if !section.has("cost") {
        let place = place_of(&name).ok_or_else(|| unknown("name", &name))?;
        return Ok(Objective { name, parts: vec![(place, 1.0)] });
    }
    let cost = section.section("cost")?;
    let mut parts = Vec::new();
    for key in cost.keys() {
        let place = place_of(&key).ok_or_else(|| unknown("cost", &key))?;
        let weight = Parameter::fixed(names[place], "1", 1.0, [1e-12, 1e12], "weight of the term");
        parts.push((place, cost.number(&weight)?));
    }
    if parts.is_empty() {
        return Err(section.error("cost", "is empty", format!("allowed: {FORMS}")));
    }
    cost.finish()?;
    parts.sort_unstable_by_key(|(place, _)| *place);
    Ok(Objective { name, parts })
}

/// The place of a new term: an expression of others at the end of a simulation.
fn of_expression(
    section: &Section<'_>,
    name: &str,
    expression: String,
    terms: &mut Vec<Term>,
) -> Result<usize, ConfigError> {
    if let Err(error) = model::names(&expression) {
        return Err(section.error("expression", &error.marked(&expression), error.remedy));
    }
    terms.push(Term::at_the_end(kept(name), expression));
    Ok(terms.len() - 1)
}
