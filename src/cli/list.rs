//! `gainswarm list`: the members of every family.

use super::{print, table};
use crate::Error;
use crate::controllers::ControllerKind;
use crate::costs::CostKind;
use crate::integrators::IntegratorKind;
use crate::plants::PlantKind;
use crate::registry::Member;
use crate::topologies::TopologyKind;

pub(super) const FAMILIES: [&str; 5] = ["plants", "controllers", "integrators", "costs", "topologies"];

pub(super) fn run(family: Option<&str>) -> Result<(), Error> {
    let chosen = FAMILIES.iter().filter(|name| family.is_none_or(|family| family == **name));
    let tables: Vec<String> = chosen.map(|family| members(family)).collect();
    print(&tables.join("\n"))
}

fn members(family: &str) -> String {
    let rows = match family {
        "plants" => rows::<PlantKind>(),
        "controllers" => rows::<ControllerKind>(),
        "integrators" => rows::<IntegratorKind>(),
        "costs" => rows::<CostKind>(),
        _ => rows::<TopologyKind>(),
    };
    table::table(&[family, ""], &[], rows)
}

fn rows<M: Member>() -> Vec<Vec<String>> {
    M::ALL.iter().map(|member| vec![member.name().into(), member.summary().into()]).collect()
}
