//! The data of a report as its script reads them: runs, tables, and where each plot has its numbers.

use serde_json::{Map, Value, json};

use super::charts::{CONVERGENCE, Chart, DataSource, START, limit_of, rounded};
use super::{front, loops};
use crate::replay::{Replay, ReplayedRun};
use crate::report::plot::PlotAxis;
use crate::report::results::Results;
use crate::simulation::Ending;
use crate::stability::{Certificate, Eigenvalue, LoopResponse};

/// Everything, as JSON that may stand in a script element; the runs of the first replay come before those of the second.
pub(super) fn json(
    results: &Results,
    [replay, worst]: [&Replay; 2],
    (certificate, loops): (&Certificate, &[LoopResponse]),
    charts: &[&Chart],
    trade_offs: &Value,
) -> String {
    let config = &results.config;
    let drawing = config.plant.drawing();
    let links = drawing.iter().flat_map(|drawing| &drawing.links);
    let links = links.map(|(angle, length)| json!({ "angle": angle, "length": length }));
    let force = drawing.as_ref().and_then(|drawing| drawing.force.as_deref());
    let setting = |name: &String| config.settings().into_iter().find(|(known, _)| known == name);
    let track = drawing.as_ref().and_then(|drawing| {
        drawing.track.or_else(|| drawing.track_setting.as_ref().and_then(setting).map(|(_, value)| value))
    });
    let plots: Map<String, Value> = charts
        .iter()
        .filter(|chart| !chart.series.is_empty())
        .map(|chart| (chart.plot.name.clone(), plot(chart)))
        .collect();
    let value = json!({
        "runs": runs(replay).chain(runs(worst)).collect::<Vec<_>>(),
        "tables": tables(results, certificate, loops),
        "worst": replay.runs.iter().position(|run| run.index == replay.worst),
        "links": links.collect::<Vec<_>>(),
        "cart": drawing.as_ref().map(|drawing| &drawing.cart),
        "force": force,
        "track": track,
        "u_max": force.and_then(|force| limit_of(results, force)),
        "plots": plots,
        "trade_offs": trade_offs,
    });
    // No text may end the element.
    value.to_string().replace('<', "\\u003c")
}

fn runs(replay: &Replay) -> impl Iterator<Item = Value> {
    replay.runs.iter().map(|one| run(replay, one))
}

fn run(replay: &Replay, run: &ReplayedRun) -> Value {
    let record = &replay.records[run.index];
    let column = |place: usize| run.trajectory.rows().map(|row| rounded(row[place])).collect::<Vec<_>>();
    let columns: Map<String, Value> =
        run.columns.iter().enumerate().map(|(place, name)| ((*name).into(), column(place).into())).collect();
    json!({ "name": run.name, "cost": record.cost, "survived": record.ending == Ending::Survived, "columns": columns })
}

fn tables(results: &Results, certificate: &Certificate, loops: &[LoopResponse]) -> Value {
    let numbers =
        |column: &str| results.convergence(column).iter().map(|value| rounded(*value)).collect::<Vec<_>>();
    let columns = ["evaluations", "best_cost", "median_personal_best", "spread", "hypervolume"];
    let is_there = |name: &&&str| !results.convergence(name).is_empty();
    let convergence: Map<String, Value> =
        columns.iter().filter(is_there).map(|name| ((*name).into(), numbers(name).into())).collect();
    let mut tables = Map::new();
    tables.insert(CONVERGENCE.into(), convergence.into());
    let part = |part: fn(&Eigenvalue) -> f64| certificate.eigenvalues.iter().map(part).collect::<Vec<_>>();
    let eigenvalues = json!({ "re": part(|value| value.re), "im": part(|value| value.im) });
    tables.insert(certificate.motion.name().into(), eigenvalues);
    tables.extend(loops.iter().map(loops::table));
    tables.extend(front::table(results));
    tables.into()
}

fn plot(chart: &Chart) -> Value {
    let label = |axis: &PlotAxis| axis.label().to_owned();
    let series = chart.series.iter().map(|series| {
        let mut entry = json!({ "x": series.x, "y": series.y, "label": series.label });
        match &series.source {
            DataSource::Run(place) => entry["run"] = (*place).into(),
            DataSource::Table(name) => entry["table"] = name.as_str().into(),
        }
        if let Some(ink) = series.ink {
            entry["ink"] = ink.name().into();
        }
        if let Some(along) = &series.along {
            entry["along"] = along.as_str().into();
        }
        if !series.tells.is_empty() {
            entry["tells"] = json!(series.tells);
        }
        entry
    });
    // What shows a part of the time already stays as it is.
    let is_whole_time =
        chart.series.iter().any(|series| series.x == "t") && !chart.plot.name.ends_with(START);
    json!({
        "frame": chart.plot.frame(),
        "x_range": chart.plot.x.range,
        "y_range": chart.plot.y.range,
        "log_x": chart.plot.x.is_logarithmic,
        "log_y": chart.plot.y.is_logarithmic,
        "x_label": label(&chart.plot.x),
        "y_label": label(&chart.plot.y),
        "zooms": is_whole_time,
        "series": series.collect::<Vec<_>>(),
    })
}
