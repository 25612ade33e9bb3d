//! Where results go: into the directory that the user gives, or into one below `outputs` that is free or already holds this study.

use std::path::{Path, PathBuf};

use super::{SearchArgs, note};
use crate::Error;
use crate::report::{self, Held, Owner};
pub(super) use crate::study::Place;

impl Place {
    /// The usual one of that name: `outputs/name`, or `outputs/name-2` and so on where that holds other results. No two processes get the same.
    pub(super) fn usual(
        name: &str,
        search: &SearchArgs,
        owner: &dyn Fn(&Path) -> Owner,
    ) -> Result<Self, Error> {
        let first = numbered(name, 1);
        let known = own(name, owner).or_else(|| search.safety().force.then(|| first.clone()));
        if let Some(directory) = known {
            return Self::at(directory);
        }
        let mut directory = first.clone();
        let (mut number, mut reason) = (1, None);
        let held = loop {
            match take(&directory, owner)? {
                Ok(held) => break held,
                Err(why) => reason.get_or_insert(why),
            };
            number += 1;
            directory = numbered(name, number);
        };
        if let Some(why) = reason.filter(|_| !search.show.quiet) {
            note(&format!("{} {why}: writing to {}", first.display(), directory.display()));
        }
        Ok(Self { directory, held })
    }
}

/// Locks a directory that does not hold other results, or says why that is not possible.
fn take(directory: &Path, owner: &dyn Fn(&Path) -> Owner) -> Result<Result<Held, String>, Error> {
    if let Owner::Another(why) = owner(directory) {
        return Ok(Err(why));
    }
    let Some(held) = report::hold_if_free(directory)? else {
        return Ok(Err("is in use by another gainswarm".into()));
    };
    // Another process may have written into it before it was locked.
    Ok(if let Owner::Another(why) = owner(directory) { Err(why) } else { Ok(held) })
}

/// The directory that [`Place::usual`] would take now; nothing is made or kept.
pub(super) fn foreseen(name: &str, owner: &dyn Fn(&Path) -> Owner) -> PathBuf {
    let is_free = |directory: &PathBuf| !matches!(owner(directory), Owner::Another(_));
    let mut all = (1..).map(|number| numbered(name, number));
    own(name, owner).or_else(|| all.find(is_free)).unwrap_or_else(|| numbered(name, 1))
}

/// The first of the usual directories that is ours.
fn own(name: &str, owner: &dyn Fn(&Path) -> Owner) -> Option<PathBuf> {
    let mut numbers: Vec<u64> = std::fs::read_dir("outputs")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| number(entry.file_name().to_str()?.strip_prefix(name)?))
        .collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| numbered(name, number)).find(|path| owner(path) == Owner::This)
}

/// The number of a usual directory, by what follows the name.
fn number(rest: &str) -> Option<u64> {
    if rest.is_empty() { Some(1) } else { rest.strip_prefix('-')?.parse().ok().filter(|number| *number > 1) }
}

fn numbered(name: &str, number: u64) -> PathBuf {
    let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
    Path::new("outputs").join(name)
}
