//! `gainswarm list`: the members of every family.

use super::{print, table};
use crate::Error;
use crate::closed_loop::Method;
use crate::config::{Config, Equations, controllers_as_they_stand};
use crate::costs::{Aspect, How, Term, Usual};
use crate::figures::folded;
use crate::graph::TABLE;
use crate::model::{FUNCTIONS, Kind, shipped};
use crate::parameter::{Parameter, Short};
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
        "plants" => described(models(Kind::Plant).iter().map(named)),
        "controllers" => described(models(Kind::Controller).iter().map(named)),
        "rules" => described(RuleKind::ALL.iter().map(|kind| (kind.name(), kind.parameters()))),
        _ => Vec::new(),
    };
    let rows = match family {
        "plants" => summaries(Kind::Plant),
        "controllers" => summaries(Kind::Controller),
        "measures" => [rows::<Usual>(), rows::<Aspect>(), rows::<How>()].concat(),
        "signals" => rows::<WaveShape>(),
        "functions" => functions(),
        "integrators" => rows::<Method>(),
        "costs" => {
            usual_cost().iter().map(|term| vec![term.name.into(), folded(&term.summary, 58)]).collect()
        }
        "rules" => rows::<RuleKind>(),
        "topologies" => rows::<TopologyKind>(),
        _ => rows::<FormatKind>(),
    };
    std::iter::once(table::table(&[family, ""], &[], rows)).chain(parameters).collect::<Vec<_>>().join("\n")
}

const COLUMNS: [&str; 5] = ["unit", "default", "allowed", "usual", "meaning"];

/// The models of a kind that ship.
fn models(kind: Kind) -> Vec<Equations> {
    shipped(kind).iter().filter_map(|shipped| Equations::shipped(kind, shipped.name)).collect()
}

fn named(model: &Equations) -> (&'static str, &[Parameter]) {
    (model.name, &model.parameters)
}

fn summaries(kind: Kind) -> Vec<Vec<String>> {
    let row = |model: &Equations| vec![model.name.into(), folded(&model.model.declared.summary, 44)];
    models(kind).iter().map(row).collect()
}

/// What a simulation of the usual plant costs where a study says nothing.
fn usual_cost() -> Vec<Term> {
    Config::usual().cost
}

/// The parameters of each member, with everything that is declared of them.
fn described<'a>(members: impl Iterator<Item = (&'static str, &'a [Parameter])>) -> Vec<String> {
    let one = |(name, parameters): (&'static str, &[Parameter])| {
        let header: Vec<&str> = std::iter::once(name).chain(COLUMNS).collect();
        let mut rows: Vec<Vec<String>> = parameters.iter().map(cells).collect();
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
    members.map(one).collect()
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

/// The parameters of the controllers of the usual plant as they stand in docs/sliding-mode.md: those that all share first, then those of each.
fn parameters_in_markdown() -> String {
    let laws: Vec<Equations> = controllers_as_they_stand()
        .into_iter()
        .filter_map(|name| Equations::shipped(Kind::Controller, name))
        .collect();
    let all =
        |parameter: &Parameter| laws.iter().all(|law| law.parameters.iter().any(|other| other == parameter));
    let table = |name: &str, parameters: Vec<&Parameter>| {
        let header: Vec<&str> = std::iter::once(name).chain(COLUMNS).collect();
        in_markdown(&header, parameters.into_iter().map(cells))
    };
    let shared = laws[0].parameters.iter().filter(|parameter| all(parameter)).collect();
    let own = laws
        .iter()
        .map(|law| table(law.name, law.parameters.iter().filter(|parameter| !all(parameter)).collect()));
    std::iter::once(table("all of these", shared)).chain(own).collect::<Vec<_>>().join("\n")
}

/// The cost terms of the usual plant as they stand in docs/sliding-mode.md.
fn costs_in_markdown() -> String {
    let row = |term: Term| {
        let numbers = [term.weight, term.norm].map(|number| Short(number).to_string());
        [term.name.into(), term.unit.into(), term.summary].into_iter().chain(numbers).collect()
    };
    in_markdown(&["term", "unit", "value", "weight", "norm"], usual_cost().into_iter().map(row))
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
