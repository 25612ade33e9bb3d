//! `gainswarm list`: the members of every family.

use std::path::Path;

use super::{print, table};
use crate::Error;
use crate::controllers::ControllerKind;
use crate::costs::{Aspect, CostKind, How, Usual};
use crate::figures::folded;
use crate::graph::TABLE;
use crate::integrators::IntegratorKind;
use crate::model::{FUNCTIONS, Kind, Model, shipped};
use crate::parameter::{Parameter, Short};
use crate::plants::PlantKind;
use crate::registry::Member;
use crate::report::FormatKind;
use crate::rules::RuleKind;
use crate::signals::WaveShape;
use crate::swarm::topologies::TopologyKind;

pub(super) const FAMILIES: [&str; 10] = [
    "plants",
    "controllers",
    "integrators",
    "costs",
    "measures",
    "signals",
    "functions",
    "rules",
    "topologies",
    "formats",
];

pub(super) fn run(family: Option<&str>, verbose: bool, markdown: bool) -> Result<(), Error> {
    match (markdown, family) {
        (false, _) => {}
        (true, None | Some("controllers")) => return print(&parameters_in_markdown()),
        (true, Some("costs")) => return print(&costs_in_markdown()),
        (true, Some(family)) => {
            return Err(Error::Option {
                option: "--markdown",
                found: format!("has no table of {family}"),
                remedy: "allowed: controllers, costs; or leave it out".into(),
            });
        }
    }
    let chosen = FAMILIES.iter().filter(|name| family.is_none_or(|family| family == **name));
    let tables: Vec<String> = chosen.map(|family| members(family, verbose)).collect();
    print(&tables.join("\n"))
}

fn members(family: &str, verbose: bool) -> String {
    let parameters: Vec<String> = match family {
        _ if !verbose => Vec::new(),
        "plants" => described(PlantKind::parameters),
        "controllers" => described(ControllerKind::parameters),
        "rules" => described(RuleKind::parameters),
        _ => Vec::new(),
    };
    let rows = match family {
        "plants" => with_models(rows::<PlantKind>(), Kind::Plant),
        "controllers" => with_models(rows::<ControllerKind>(), Kind::Controller),
        "measures" => [rows::<Usual>(), rows::<Aspect>(), rows::<How>()].concat(),
        "signals" => rows::<WaveShape>(),
        "functions" => functions(),
        "integrators" => rows::<IntegratorKind>(),
        "costs" => rows::<CostKind>(),
        "rules" => rows::<RuleKind>(),
        "topologies" => rows::<TopologyKind>(),
        _ => rows::<FormatKind>(),
    };
    std::iter::once(table::table(&[family, ""], &[], rows)).chain(parameters).collect::<Vec<_>>().join("\n")
}

const COLUMNS: [&str; 5] = ["unit", "default", "allowed", "searched", "meaning"];

/// The parameters of each member, with everything that is declared of them.
fn described<M: Member>(parameters: impl Fn(M) -> &'static [Parameter]) -> Vec<String> {
    let one = |member: &M| {
        let header: Vec<&str> = std::iter::once(member.name()).chain(COLUMNS).collect();
        let mut rows: Vec<Vec<String>> = parameters(*member).iter().map(cells).collect();
        let columns = 0..COLUMNS.len();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            2 + cells.chain([header[column].chars().count()]).max().unwrap_or(0)
        };
        // The meaning has what the others leave of a line.
        let room = 80_usize.saturating_sub(columns.map(width).sum()).max(16);
        for doc in rows.iter_mut().filter_map(|row| row.last_mut()) {
            *doc = folded(doc, room);
        }
        table::table(&header, &[2], rows)
    };
    M::ALL.iter().map(one).collect()
}

fn cells(parameter: &Parameter) -> Vec<String> {
    let range = |[lower, upper]: [f64; 2]| format!("{} … {}", Short(lower), Short(upper));
    vec![
        parameter.name.into(),
        parameter.unit.into(),
        Short(parameter.default).to_string(),
        range([parameter.min, parameter.max]),
        parameter.search.map_or(String::new(), range),
        parameter.doc.into(),
    ]
}

/// The parameters of all controllers as they stand in README: those that all share first, then those of each.
fn parameters_in_markdown() -> String {
    let all = |parameter: &Parameter| {
        ControllerKind::ALL.iter().all(|kind| kind.parameters().iter().any(|other| other == parameter))
    };
    let table = |name: &str, parameters: Vec<&Parameter>| {
        let header: Vec<&str> = std::iter::once(name).chain(COLUMNS).collect();
        in_markdown(&header, parameters.into_iter().map(cells))
    };
    let shared = ControllerKind::ALL[0].parameters().iter().filter(|parameter| all(parameter)).collect();
    let own = ControllerKind::ALL.iter().map(|kind| {
        table(kind.name(), kind.parameters().iter().filter(|parameter| !all(parameter)).collect())
    });
    std::iter::once(table("all controllers", shared)).chain(own).collect::<Vec<_>>().join("\n")
}

/// The cost terms as they stand in README.
fn costs_in_markdown() -> String {
    let row = |kind: &CostKind| {
        let (weight, norm) = kind.defaults();
        let numbers = [weight, norm].map(|number| Short(number).to_string());
        [kind.name().into(), kind.unit().into(), kind.summary().into()].into_iter().chain(numbers).collect()
    };
    in_markdown(&["term", "unit", "value", "weight", "norm"], CostKind::ALL.iter().map(row))
}

fn in_markdown(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", escaped.join(" | "))
    };
    let head = line(header.iter().map(|name| (*name).into()).collect());
    std::iter::once(head)
        .chain([format!("|{}\n", "---|".repeat(header.len()))])
        .chain(rows.map(line))
        .collect()
}

/// The compiled members, and behind them the models that ship as texts of equations.
fn with_models(mut compiled: Vec<Vec<String>>, kind: Kind) -> Vec<Vec<String>> {
    for found in shipped(kind)
        .iter()
        .filter(|shipped| !compiled.iter().any(|row| row[0] == shipped.name))
        .collect::<Vec<_>>()
    {
        let model = Model::parse(Path::new(found.path), found.text);
        let summary = model.map_or(String::new(), |model| model.declared.summary);
        compiled.push(vec![found.name.into(), folded(&summary, 44)]);
    }
    compiled
}

/// The functions of the language of models.
fn functions() -> Vec<Vec<String>> {
    let of_table = TABLE.iter().filter_map(|entry| {
        let operands = ["a", "a, b", "a, b, c"][entry.operands - 1];
        Some(vec![format!("{}({operands})", entry.call?), entry.meaning.into()])
    });
    let others = FUNCTIONS.iter().map(|(form, meaning)| vec![(*form).into(), folded(meaning, 50)]);
    of_table.chain(others).collect()
}

fn rows<M: Member>() -> Vec<Vec<String>> {
    let longest = M::ALL.iter().map(|member| member.name().chars().count()).max().unwrap_or(0);
    let row = |member: &M| vec![member.name().into(), folded(member.summary(), 78 - longest)];
    M::ALL.iter().map(row).collect()
}
