//! What is said of the studies of a batch that are done, whether they were tuned here or put together from shards.

use super::table::table;
use super::{ShowArgs, note, print};
use crate::Error;
use crate::figures::{folded, number_or_dash};
use crate::registry::Member;
use crate::report::{self, Spread, StudyRow};
use crate::stability::Verdict;

/// Prints the studies.
pub(super) fn show(rows: &[&StudyRow], show: &ShowArgs) -> Result<(), Error> {
    if show.json {
        let all: Vec<String> = rows.iter().map(|row| row.to_json()).collect();
        print(&format!("[{}]\n", all.join(",\n")))
    } else if show.quiet || rows.is_empty() {
        Ok(())
    } else {
        print(&table_of(rows))
    }
}

/// Notes the studies whose gains do not hold, and returns whether there are none.
pub(super) fn note_infeasible(rows: &[&StudyRow]) -> bool {
    let infeasible = rows.iter().filter(|row| !row.is_feasible());
    for row in infeasible.clone() {
        note(&format!("error: {}: no feasible gain vector was found", row.config.study));
    }
    infeasible.count() == 0
}

/// Warns of gains that are not certified and of searches that had not converged.
pub(super) fn note_doubts(rows: &[&StudyRow]) {
    let unstable = rows.iter().filter(|row| row.summary.get("certificate") != Verdict::Stable.name()).count();
    if unstable > 0 {
        note(&format!(
            "warning: the gains of {unstable} of {} studies have no stable certificate (certificate in summary.csv)",
            rows.len()
        ));
    }
    let unconverged = rows.iter().filter(|row| row.summary.get("converged") == false).count();
    if unconverged > 0 {
        note(&format!(
            "warning: the searches of {unconverged} of {} studies had not converged (converged in summary.csv)\n  \
             they go on when the batch is started again with a larger --evaluations",
            rows.len()
        ));
    }
}

/// A line a group: how its costs are spread over the seeds, with the interquartile range.
fn table_of(rows: &[&StudyRow]) -> String {
    let line = |(name, spread): (String, Spread)| {
        let Spread { seeds, feasible, best, median, worst, interquartile_range } = spread;
        let figures = [best, median, worst, interquartile_range].map(number_or_dash);
        let seeds = if feasible < seeds { format!("{feasible}/{seeds}") } else { seeds.to_string() };
        [folded(&name, 30), seeds].into_iter().chain(figures).collect()
    };
    let head = ["study", "seeds", "best cost", "median", "worst", "IQR"];
    table(&head, &[1, 2, 3, 4, 5], report::groups(rows).into_iter().map(line))
}
