//! The outcome of tuned gains in words, for the terminal and the page.

use crate::config::Config;
use crate::costs::{Aspect, Measure, Term};
use crate::figures::{at_most, number};
use crate::parameter::Short;
use crate::simulation::{Ending, Record};

/// What is wrong with gains that do not hold; `None` for gains that do. Without records they were not simulated.
pub(crate) fn objection(config: &Config, records: &[Record]) -> Option<String> {
    let fault = fault(config, records)?;
    let survives = records.iter().all(|record| record.ending == Ending::Survived);
    Some(if survives { format!("{}, but {fault}", survival(records.len())) } else { fault })
}

/// What is said of gains that survive so many scenarios.
pub(crate) fn survival(scenarios: usize) -> String {
    if scenarios == 1 {
        "survives its scenario".into()
    } else {
        format!("survives all {scenarios} scenarios")
    }
}

/// The same without saying that they survive.
pub(crate) fn fault(config: &Config, records: &[Record]) -> Option<String> {
    let all = records.len();
    let failed = records.iter().filter(|record| record.ending != Ending::Survived).count();
    if records.iter().all(|record| record.ending == Ending::Pending) {
        return Some("NOT SIMULATED".into());
    }
    if failed > 0 {
        return Some(format!("FAILS in {failed} of {all} scenarios"));
    }
    let beyond = exceeded(config, records);
    (!beyond.is_empty()).then(|| format!("EXCEEDS {beyond}"))
}

/// The limits that gains exceed, and by what.
fn exceeded(config: &Config, records: &[Record]) -> String {
    let worst = |place: usize| records.iter().map(|record| record.values[place]).fold(f64::NAN, f64::max);
    let terms = config.cost.iter().zip(&config.limits).enumerate();
    let beyond = terms.map(|(place, (term, limit))| (term, *limit, worst(place)));
    let words = beyond.filter(|(_, limit, worst)| worst > limit).map(|(term, limit, worst)| {
        let unit = if term.unit == "1" { String::new() } else { format!(" {}", term.unit) };
        format!("{} = {}{unit} with {}{unit}", term.limit_name(), Short(limit), number(worst))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Whether a settling time is one, and not that of a simulation which moves to its end.
pub(crate) fn is_settled(config: &Config, time: f64) -> bool {
    time < config.simulation.duration - 0.5 * config.simulation.dt
}

/// When the last scenario settled, or in how many none did: what fell or moved to the end has not settled. `None` where no term says when.
pub(crate) fn settling(config: &Config, records: &[Record]) -> Option<String> {
    let (place, unsettled) = settled(config, records)?;
    if unsettled > 0 {
        return Some(format!("not in {unsettled} of {}", records.len()));
    }
    Some(match records.iter().map(|record| record.values[place]).fold(0.0, f64::max) {
        0.0 => "at once: starts within the settling band".into(),
        latest if latest < 5e-4 => format!("<= {} s", at_most(latest, 9)),
        latest => format!("<= {} s", at_most(latest, 3)),
    })
}

/// In how many scenarios the response does not settle; none where no term says when.
pub(crate) fn unsettled(config: &Config, records: &[Record]) -> usize {
    settled(config, records).map_or(0, |(_, unsettled)| unsettled)
}

/// The place of the term that says when a scenario settles, and how many have not.
fn settled(config: &Config, records: &[Record]) -> Option<(usize, usize)> {
    let place = config.cost.iter().position(Term::is_settling_time)?;
    let unsettled = config.cost.iter().position(|term| match (&term.measure, &config.cost[place].measure) {
        (Measure::Response { of, aspect: Aspect::Unsettled }, Measure::Response { of: other, .. }) => {
            of == other
        }
        _ => false,
    });
    let is_settled = |record: &Record| match unsettled {
        Some(unsettled) => record.values[unsettled] == 0.0,
        None => is_settled(config, record.values[place]),
    };
    let settled = |record: &&Record| record.ending == Ending::Survived && is_settled(record);
    Some((place, records.len() - records.iter().filter(settled).count()))
}

/// What "settled" means in a study, in a line; empty where nothing settles.
pub(crate) fn settling_band(config: &Config) -> String {
    let of_response = |response: &crate::costs::Response| {
        format!(
            "settled means: {} stays within {} % of its way to {}\n",
            response.output,
            Short(100.0 * response.band),
            response.reference
        )
    };
    let of_plant =
        own_settling(config).map(|term| format!("settled means: {}\n", with_settings(config, term)));
    config.responses.iter().map(of_response).chain(of_plant).collect()
}

/// What a run that succeeds is at its end, as the end of a sentence.
pub(crate) fn at_the_end(config: &Config) -> String {
    let of_response = |response: &crate::costs::Response| {
        format!("{} within {} % of its way", response.output, Short(100.0 * response.band))
    };
    let settles: Vec<String> = config.responses.iter().map(of_response).collect();
    if !settles.is_empty() {
        return format!(" with {} at the end", settles.join(", "));
    }
    let settles = own_settling(config).is_some();
    String::from(if settles { " when it survives and is settled at the end" } else { " when it survives" })
}

/// The term that says when all of a plant has settled; a response has its own.
fn own_settling(config: &Config) -> Option<&Term> {
    let is_own = |term: &&Term| !matches!(term.measure, Measure::Response { .. });
    config.cost.iter().filter(is_own).find(|term| term.is_settling_time())
}

/// What a term is, with the numbers of the plant that it names.
fn with_settings(config: &Config, term: &Term) -> String {
    let named = |(name, value): &(&str, f64)| {
        let unit = config.plant.of.settings.iter().find(|known| known.name == *name).map_or("1", |s| s.unit);
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        format!("{name} = {}{unit}", Short(*value))
    };
    let in_it: Vec<String> =
        config.settings().iter().filter(|(name, _)| term.summary.contains(name)).map(named).collect();
    if in_it.is_empty() { term.summary.clone() } else { format!("within {}", in_it.join(", ")) }
}
