//! `gainswarm list`: the members of every family.

use super::{print, table};
use crate::Error;
use crate::controllers::ControllerKind;
use crate::costs::CostKind;
use crate::integrators::IntegratorKind;
use crate::parameter::{Parameter, Short};
use crate::plants::PlantKind;
use crate::registry::Member;
use crate::topologies::TopologyKind;

pub(super) const FAMILIES: [&str; 5] = ["plants", "controllers", "integrators", "costs", "topologies"];

pub(super) fn run(family: Option<&str>, verbose: bool) -> Result<(), Error> {
    let chosen = FAMILIES.iter().filter(|name| family.is_none_or(|family| family == **name));
    let tables: Vec<String> = chosen.map(|family| members(family, verbose)).collect();
    print(&tables.join("\n"))
}

fn members(family: &str, verbose: bool) -> String {
    let parameters: Vec<String> = match family {
        "plants" if verbose => {
            PlantKind::ALL.iter().map(|kind| described(kind.name(), kind.parameters())).collect()
        }
        "controllers" if verbose => {
            ControllerKind::ALL.iter().map(|kind| described(kind.name(), kind.parameters())).collect()
        }
        _ => Vec::new(),
    };
    let rows = match family {
        "plants" => rows::<PlantKind>(),
        "controllers" => rows::<ControllerKind>(),
        "integrators" => rows::<IntegratorKind>(),
        "costs" => rows::<CostKind>(),
        _ => rows::<TopologyKind>(),
    };
    std::iter::once(table::table(&[family, ""], &[], rows)).chain(parameters).collect::<Vec<_>>().join("\n")
}

/// The parameters of a member, with everything that is declared of them.
fn described(name: &str, parameters: &[Parameter]) -> String {
    let row = |parameter: &Parameter| {
        let range = format!("{} … {}", Short(parameter.min), Short(parameter.max));
        let search = |[lower, upper]: [f64; 2]| format!("{} … {}", Short(lower), Short(upper));
        let search = parameter.search.map_or(String::new(), search);
        let default = Short(parameter.default).to_string();
        vec![parameter.name.into(), parameter.unit.into(), default, range, search, parameter.doc.into()]
    };
    table::table(&[name, "unit", "default", "allowed", "searched", ""], &[2], parameters.iter().map(row))
}

fn rows<M: Member>() -> Vec<Vec<String>> {
    M::ALL.iter().map(|member| vec![member.name().into(), member.summary().into()]).collect()
}
