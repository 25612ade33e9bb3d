//! `--shard`: which part of a batch or of a validation a process computes, as the user or the scheduler says.

use std::str::FromStr;

use crate::Error;
use crate::engine;
use crate::shard::{SHARDS_MAX, Shard};

/// What `--shard` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// This one.
    This(Shard),
    /// The one that the environment says, of as many as it says or as are given.
    Auto(Option<usize>),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let auto = text.strip_prefix("auto").map(|rest| match rest.strip_prefix('/') {
            Some(of) => of.parse().ok().filter(|of| (1..=SHARDS_MAX).contains(of)).map(Some),
            None => rest.is_empty().then_some(None),
        });
        let found = match auto {
            Some(of) => of.map(Self::Auto),
            None => text.parse().ok().map(Self::This),
        };
        found.ok_or_else(|| {
            format!("allowed: I/N with 1 ≤ I ≤ N ≤ {SHARDS_MAX}, such as 3/12; auto; or auto/N")
        })
    }
}

/// What numbers the processes of a job: variables that schedulers set.
struct Source {
    /// Which one this is.
    index: &'static str,
    /// The first number of the job; ranks begin at 0.
    first: First,
    /// How many there are, when something says so.
    count: Option<Count>,
    /// The last number of the job, where something may say it.
    last: Option<&'static str>,
}

enum First {
    /// 0.
    Zero,
    /// As the variable says.
    Said(&'static str),
    /// Not known.
    Unknown,
}

enum Count {
    /// As the variable says.
    Said(&'static str),
    /// From the first number to this one.
    UpTo(&'static str),
}

const SOURCES: [Source; 6] = [
    Source {
        index: "SLURM_ARRAY_TASK_ID",
        first: First::Said("SLURM_ARRAY_TASK_MIN"),
        count: Some(Count::Said("SLURM_ARRAY_TASK_COUNT")),
        last: Some("SLURM_ARRAY_TASK_MAX"),
    },
    Source { index: "PBS_ARRAY_INDEX", first: First::Unknown, count: None, last: None },
    Source { index: "PBS_ARRAYID", first: First::Unknown, count: None, last: None },
    Source {
        index: "SGE_TASK_ID",
        first: First::Said("SGE_TASK_FIRST"),
        count: Some(Count::UpTo("SGE_TASK_LAST")),
        last: None,
    },
    Source {
        index: "OMPI_COMM_WORLD_RANK",
        first: First::Zero,
        count: Some(Count::Said("OMPI_COMM_WORLD_SIZE")),
        last: None,
    },
    Source { index: "PMI_RANK", first: First::Zero, count: Some(Count::Said("PMI_SIZE")), last: None },
];

/// A variable of the environment.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Wanted {
    /// The part that is meant.
    pub(super) fn resolved(self) -> Result<Shard, Error> {
        if let Self::Auto(_) = self {
            // The ranks of an MPI job have a part each.
            engine::part_ways();
        }
        self.resolved_in(&|name| std::env::var(name).ok())
    }

    fn resolved_in(self, variable: Lookup<'_>) -> Result<Shard, Error> {
        let of = match self {
            Self::This(shard) => return Ok(shard),
            Self::Auto(of) => of,
        };
        // Grid Engine says "undefined" of a job that is no array.
        let is_set = |name: &str| variable(name).is_some_and(|value| value != "undefined");
        let set: Vec<&Source> = SOURCES.iter().filter(|source| is_set(source.index)).collect();
        let mut found: Option<(&Source, Shard)> = None;
        for source in &set {
            let shard = source.shard(of, variable)?;
            match found {
                Some((other, one)) if one != shard => {
                    let (a, b) = (other.index, source.index);
                    return Err(refuse(
                        format!("finds two answers: {a} says {one}, and {b} says {shard}"),
                        "give --shard I/N",
                    ));
                }
                _ => found = Some((source, shard)),
            }
        }
        found.map(|(_, shard)| shard).ok_or_else(|| {
            let names = SOURCES.map(|source| source.index).join(", ");
            refuse(
                format!("finds none of {names}"),
                "start it as a task of a job array or with mpirun, or give --shard I/N",
            )
        })
    }
}

fn refuse(found: String, remedy: impl Into<String>) -> Error {
    Error::Option { option: "--shard auto", found, remedy: remedy.into() }
}

impl Source {
    fn shard(&self, of: Option<usize>, variable: Lookup<'_>) -> Result<Shard, Error> {
        let whole = |name: &str| match variable(name) {
            None => Err(refuse(
                format!("finds {} but not {name}", self.index),
                "give --shard auto/N with an array from 1 to N, or --shard I/N",
            )),
            Some(text) => text.trim().parse::<usize>().map_err(|_| {
                refuse(format!("finds {name}={text}, which is no whole number"), "give --shard I/N")
            }),
        };
        let index = whole(self.index)?;
        if let (Some(of), First::Said(_) | First::Unknown) = (of, &self.first) {
            // The number of a task is that of the shard, also where only some of an array are started again.
            return Shard::new(index, of).ok_or_else(|| {
                refuse(
                    format!("finds {}={index}, and the shards are numbered from 1 to {of}", self.index),
                    format!("start an array from 1 to {of}, or give --shard I/{of}"),
                )
            });
        }
        let (first, count) = (self.first(&whole)?, self.count(&whole)?);
        let last = self.last.filter(|last| variable(last).is_some()).map(&whole).transpose()?;
        if let Some(last) = last.filter(|last| last + 1 != first + count) {
            let found = format!("finds an array with gaps: {count} tasks from {first} to {last}");
            return Err(refuse(found, "give an array without gaps, or --shard auto/N with N of all shards"));
        }
        if let Some(of) = of.filter(|of| *of != count) {
            let remedy = format!("start {of} processes, or give --shard auto");
            return Err(refuse(
                format!("/{of} contradicts the {count} processes of the job ({})", self.index),
                remedy,
            ));
        }
        let shard = index.checked_sub(first).and_then(|index| Shard::new(index + 1, count));
        shard.ok_or_else(|| {
            refuse(
                format!("finds {}={index}, which is not one of {count} from {first}", self.index),
                "give an array without gaps, or --shard I/N",
            )
        })
    }

    /// The number of the first task. An array that begins elsewhere than others do is one of which some tasks are run again.
    fn first(&self, whole: &dyn Fn(&str) -> Result<usize, Error>) -> Result<usize, Error> {
        let name = match self.first {
            First::Zero => return Ok(0),
            First::Unknown => {
                return Err(refuse(
                    format!("finds {}, which does not say how many tasks there are", self.index),
                    "give --shard auto/N with an array from 1 to N, or --shard I/N",
                ));
            }
            First::Said(name) => name,
        };
        let first = whole(name)?;
        if first > 1 {
            return Err(refuse(
                format!("finds {name}={first}: are these some tasks of a larger array?"),
                "give --shard auto/N with N as before, so that the number of a task is that of its shard; or --shard I/N",
            ));
        }
        Ok(first)
    }

    fn count(&self, whole: &dyn Fn(&str) -> Result<usize, Error>) -> Result<usize, Error> {
        match self.count {
            None => Ok(1),
            Some(Count::Said(name)) => whole(name),
            Some(Count::UpTo(last)) => Ok((whole(last)? + 1).saturating_sub(self.first(whole)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wanted, the environment, and what is found or said.
    type Example<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    fn found(wanted: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let wanted: Wanted = wanted.parse()?;
        wanted.resolved_in(&variable).map(|shard| shard.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shard_is_what_the_user_or_the_scheduler_says() {
        // As the manuals of Slurm (sbatch), OpenPBS (qsub), Grid Engine (qsub), Open MPI (mpirun) and MPICH's Hydra name them.
        let slurm = |id, min, count| {
            [("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", min), ("SLURM_ARRAY_TASK_COUNT", count)]
        };
        let grid_engine =
            |id, first, last| [("SGE_TASK_ID", id), ("SGE_TASK_FIRST", first), ("SGE_TASK_LAST", last)];
        let ranks = [
            ("OMPI_COMM_WORLD_RANK", "0"),
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("PMI_RANK", "0"),
            ("PMI_SIZE", "4"),
        ];
        let cases: [Example<'_>; 11] = [
            ("3/12", &[], "3/12"),
            ("auto", &slurm("1", "1", "12"), "1/12"),
            ("auto", &slurm("0", "0", "12"), "1/12"),
            ("auto", &slurm("11", "0", "12"), "12/12"),
            ("auto/12", &slurm("7", "7", "1"), "7/12"),
            ("auto/12", &[("PBS_ARRAY_INDEX", "5")], "5/12"),
            ("auto/12", &[("PBS_ARRAYID", "12")], "12/12"),
            ("auto", &grid_engine("2", "1", "6"), "2/6"),
            ("auto", &ranks[..2], "1/4"),
            ("auto/4", &ranks, "1/4"),
            ("auto", &[ranks[2], ranks[3], ("SGE_TASK_ID", "undefined")], "1/4"),
        ];
        for (wanted, variables, expected) in cases {
            assert_eq!(found(wanted, variables).as_deref(), Ok(expected), "{wanted} {variables:?}");
        }
    }

    #[test]
    fn what_is_missing_or_contradictory_is_said() {
        let refused: [Example<'_>; 11] = [
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "1"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_MAX", "9"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "an array with gaps: 3 tasks from 1 to 9",
            ),
            ("auto", &[], "finds none of SLURM_ARRAY_TASK_ID"),
            ("auto", &[("SLURM_ARRAY_TASK_ID", "3")], "but not SLURM_ARRAY_TASK_MIN"),
            ("auto", &[("SLURM_ARRAY_TASK_ID", "x")], "SLURM_ARRAY_TASK_ID=x, which is no whole number"),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "3"),
                    ("SLURM_ARRAY_TASK_MIN", "3"),
                    ("SLURM_ARRAY_TASK_COUNT", "1"),
                ],
                "some tasks of a larger array",
            ),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "9"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "not one of 3 from 1",
            ),
            ("auto", &[("PBS_ARRAY_INDEX", "3")], "does not say how many"),
            ("auto/12", &[("PBS_ARRAY_INDEX", "0")], "numbered from 1 to 12"),
            ("auto", &[("OMPI_COMM_WORLD_RANK", "1")], "but not OMPI_COMM_WORLD_SIZE"),
            ("auto/8", &[("PMI_RANK", "1"), ("PMI_SIZE", "4")], "contradicts the 4 processes"),
            (
                "auto/4",
                &[("PMI_RANK", "1"), ("PMI_SIZE", "4"), ("PBS_ARRAY_INDEX", "3")],
                "PBS_ARRAY_INDEX says 3/4, and PMI_RANK says 2/4",
            ),
        ];
        for (wanted, variables, expected) in refused {
            let why = found(wanted, variables).expect_err(wanted);
            assert!(why.contains(expected) && why.contains("--shard"), "{why}");
        }
        for text in ["auto/", "auto/0", "auto3", "3", "0/4", "5/4", "auto/x"] {
            assert!(found(text, &[]).expect_err(text).starts_with("allowed: I/N"), "{text}");
        }
    }
}
