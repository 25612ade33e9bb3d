//! What tuned gains came to, in words that a terminal and a page share.

use crate::config::Config;
use crate::costs::CostKind;
use crate::figures::number;
use crate::parameter::Short;
use crate::simulation::{Ending, Record};

/// What is wrong with gains that do not hold; `None` for gains that do. Without records they were not simulated.
pub(crate) fn objection(config: &Config, records: &[Record]) -> Option<String> {
    let all = records.len();
    let failed = records.iter().filter(|record| record.ending != Ending::Survived).count();
    if records.iter().all(|record| record.ending == Ending::Pending) {
        return Some("NOT SIMULATED".into());
    }
    if failed > 0 {
        return Some(format!("FAILS in {failed} of {all} scenarios"));
    }
    let beyond = exceeded(config, records);
    (!beyond.is_empty()).then(|| format!("survives all {all} scenarios, but EXCEEDS {beyond}"))
}

/// The limits that gains exceed, and by what.
fn exceeded(config: &Config, records: &[Record]) -> String {
    let worst =
        |kind: CostKind| records.iter().map(|record| record.values[kind as usize]).fold(f64::NAN, f64::max);
    let beyond = CostKind::ALL.iter().zip(&config.limits).map(|(kind, limit)| (kind, *limit, worst(*kind)));
    let words = beyond.filter(|(_, limit, worst)| worst > limit).map(|(kind, limit, worst)| {
        let unit = kind.unit();
        format!("{} = {} {unit} with {} {unit}", kind.limit_name(), Short(limit), number(worst))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Whether a settling time is one, and not that of a simulation which moves to its end.
pub(crate) fn is_settled(config: &Config, time: f64) -> bool {
    time < config.simulation.duration - 0.5 * config.simulation.dt
}

/// When the last scenario settled, or in how many none did: what fell or moved to the end has not settled.
pub(crate) fn settling(config: &Config, records: &[Record]) -> String {
    let time = |record: &Record| record.values[CostKind::SettlingTime as usize];
    let settled = |record: &&Record| record.ending == Ending::Survived && is_settled(config, time(record));
    let (all, count) = (records.len(), records.iter().filter(settled).count());
    if count < all {
        return format!("not in {} of {all}", all - count);
    }
    match records.iter().map(time).fold(0.0, f64::max) {
        0.0 => "at once: starts within the settling band".into(),
        latest if latest < 5e-4 => format!("<= {} s", number(latest)),
        latest => format!("<= {latest:.3} s"),
    }
}

/// What "settled" means in a study, in a line.
pub(crate) fn settling_band(config: &Config) -> String {
    let (angle, position) = (config.simulation.settled_angle, config.simulation.settled_position);
    format!("settled: |theta| <= {} rad and |x| <= {} m, and stays there\n", Short(angle), Short(position))
}
