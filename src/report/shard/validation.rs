//! The parts of a validation: a file a part with the record of each of its runs, in the form of [`checkpoint`]. What a validation tells is
//! computed of the records of all parts, and so is that of the whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::checkpoint::{self, difference};
use super::super::directory::prepare_directory;
use super::super::pareto::Chosen;
use super::{Part, Whole, incomplete, place_of_missing, refuse_other_numbers};
use crate::Error;
use crate::archive::{self, Archive, Damage, Persist};
use crate::config::Config;
use crate::engine::TradeOff;
use crate::figures::{count, pasted};
use crate::shard::Shard;
use crate::simulation::{Ending, Record};

/// A part of a validation.
pub struct ValidationShard<'a> {
    /// Which one.
    pub shard: Shard,
    /// The study.
    pub config: &'a Config,
    /// Where config and gains are, as they were given.
    pub files: [&'a Path; 2],
    /// Runs of each set in the whole.
    pub samples: usize,
    /// The seed of every random number.
    pub seed: u64,
    /// The gains, and those that they are compared with, if any.
    pub gains: &'a [Vec<f64>],
    /// What they are where they are trade-offs.
    pub chosen: Option<&'a Chosen>,
    /// The cost of each of them in the scenarios of the tuning.
    pub tuned: Vec<f64>,
    /// The runs of this part: set after set, and in each set of one gain vector after the other.
    pub records: Vec<Vec<Record>>,
}

impl ValidationShard<'_> {
    /// Refuses a directory where parts of another number are, or where nothing can be written.
    ///
    /// # Errors
    ///
    /// As said.
    pub fn prepare(directory: &Path, shard: Shard) -> Result<(), Error> {
        prepare_directory(directory)?;
        refuse_other_numbers(directory, Whole::Validation, shard)
    }

    /// Writes the part as one file, which is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&mut self, directory: &Path) -> Result<(), Error> {
        let Self { shard, config, files, samples, seed, gains, chosen, tuned, records } = self;
        let identity = json!({
            "shard": shard.to_string(),
            "files": files,
            "of": {
                "config": config, "gains": gains, "seed": seed, "samples": samples,
                "trade_offs": chosen.map(listed),
            },
        });
        let mut state = Vec::new();
        archive::save(&mut Kept { tuned, records, terms: config.cost.len() }, &mut state);
        checkpoint::write_file(&Whole::Validation.path(directory, *shard), &identity, &state, true)
    }
}

/// What a part keeps beside what it is of.
struct Kept<'a> {
    tuned: &'a mut [f64],
    records: &'a mut [Vec<Record>],
    terms: usize,
}

impl Persist for Kept<'_> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64s(self.tuned)?;
        for record in self.records.iter_mut().flatten() {
            archive.one_of(&mut record.ending, &Ending::ALL)?;
            archive.u64(&mut record.steps)?;
            archive.f64(&mut record.cost)?;
            archive.f64s(&mut record.values[..self.terms])?;
        }
        Ok(())
    }
}

/// A validation whose parts are all there.
pub struct ValidationParts {
    /// The study.
    pub config: Config,
    /// Where config and gains are, as they were given to the first part.
    pub files: [PathBuf; 2],
    /// Runs of each set.
    pub samples: usize,
    /// The seed of every random number.
    pub seed: u64,
    /// The gains, and those that they are compared with, if any.
    pub gains: Vec<Vec<f64>>,
    /// What they are where they are trade-offs.
    pub chosen: Option<Chosen>,
    /// The cost of each of them in the scenarios of the tuning.
    pub tuned: Vec<f64>,
    /// All runs: set after set, and in each set of one gain vector after the other.
    pub records: Vec<Vec<Record>>,
}

impl ValidationParts {
    /// The validation that parts make; they are read one after the other.
    pub(super) fn read(parts: &BTreeMap<Shard, Part>) -> Result<Self, Error> {
        let Some(first) = parts.values().next() else { return Err(Error::State(Damage::Short)) };
        let (identity, state) = opened(first)?;
        let broken = || first.refuse("does not say what it is of", first.again());
        let mut whole = Self::empty(&identity).ok_or_else(broken)?;
        whole.refuse_gaps(first, parts)?;
        let mut next = Some((identity.clone(), state));
        for part in parts.values() {
            let (other, state) = match next.take() {
                Some(first) => first,
                None => opened(part)?,
            };
            let [here, there] = [&identity, &other].map(|identity| &identity["of"]);
            if let Some(how) = difference(there, here, "") {
                let problem = format!("is of another validation than shard {}: {how}", first.shard);
                return Err(part.refuse(problem, format!("{}, or shard {}", part.again(), first.shard)));
            }
            if other["shard"] != part.shard.to_string() {
                let problem =
                    format!("says that it is shard {}, but its name says {}", other["shard"], part.shard);
                return Err(part.refuse(problem, "give it its name again, or run both shards again"));
            }
            whole.add(part, &state)?;
        }
        Ok(whole)
    }

    /// The validation of an identity, without any runs.
    fn empty(identity: &Value) -> Option<Self> {
        let of = identity.get("of")?;
        let config = study(of)?;
        let gains: Vec<Vec<f64>> = serde_json::from_value(of.get("gains")?.clone()).ok()?;
        let width = config.controller.parameters().len();
        let sets = crate::validation::sets(&config).ok()?.len();
        Some(Self {
            files: serde_json::from_value(identity.get("files")?.clone()).ok()?,
            samples: usize::try_from(of.get("samples")?.as_u64()?).ok()?,
            seed: of.get("seed")?.as_u64()?,
            tuned: Vec::new(),
            records: vec![Vec::new(); sets * gains.len()],
            chosen: match of.get("trade_offs")? {
                Value::Null => None,
                listed => Some(chosen(listed, &gains)?),
            },
            gains: Some(gains)
                .filter(|gains| !gains.is_empty() && gains.iter().all(|one| one.len() == width))?,
            config,
        })
    }

    /// Refuses a validation of which a part with runs is missing.
    fn refuse_gaps(&self, first: &Part, parts: &BTreeMap<Shard, Part>) -> Result<(), Error> {
        let missing = Shard::all(first.shard.of())
            .filter(|shard| !parts.contains_key(shard) && !shard.runs(self.samples).is_empty());
        let missing: Vec<Shard> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        let [config, gains] = self.files.each_ref().map(|file| pasted(file));
        let option = if self.chosen.is_some() { "--front" } else { "--gains" };
        let line = |shard: &Shard| {
            format!(
                "shard {shard} is missing ({} runs of each set)",
                count(shard.runs(self.samples).len() as u64)
            )
        };
        let command = |shard: &Shard| {
            format!(
                "gainswarm validate {config} {option} {gains} … --shard {shard} --output {}",
                place_of_missing(parts)
            )
        };
        let [lines, commands] =
            [missing.iter().map(line).collect::<Vec<_>>(), missing.iter().map(command).collect()];
        Err(incomplete(&first.directory, "validation", &lines, &commands))
    }

    /// Adds the runs of the next part.
    fn add(&mut self, part: &Part, state: &[u8]) -> Result<(), Error> {
        let runs = part.shard.runs(self.samples).len();
        let words = self
            .records
            .len()
            .checked_mul(runs)
            .and_then(|runs| runs.checked_mul(3 + self.config.cost.len()));
        if words.and_then(|words| words.checked_add(self.gains.len())?.checked_mul(8)) != Some(state.len()) {
            // Before room is made for what is not there.
            return Err(part.refuse("is damaged: it has not as many runs as it should", part.again()));
        }
        let mut tuned = vec![0.0; self.gains.len()];
        // Values behind those of the study are 0 in every record.
        let nothing = Record { values: [0.0; crate::costs::TERMS_MAX], ..Record::PENDING };
        let mut records = vec![vec![nothing; runs]; self.records.len()];
        let kept = &mut Kept { tuned: &mut tuned, records: &mut records, terms: self.config.cost.len() };
        archive::restore(kept, state)
            .map_err(|damage| part.refuse(format!("is damaged: {damage}"), part.again()))?;
        let bits = |costs: &[f64]| costs.iter().map(|cost| cost.to_bits()).collect::<Vec<_>>();
        if !self.tuned.is_empty() && bits(&self.tuned) != bits(&tuned) {
            let problem = "has another cost of the gains in the scenarios of the tuning than the shards before: its machine computes otherwise";
            return Err(
                part.refuse(problem, "this is a bug of gainswarm: please report it with both processors")
            );
        }
        self.tuned = tuned;
        self.records.iter_mut().zip(records).for_each(|(all, more)| all.extend(more));
        Ok(())
    }
}

/// The study that is written in an object.
fn study(of: &Value) -> Option<Config> {
    let text = json!({ "config": of.get("config")? }).to_string();
    Config::from_manifest(Path::new("the shard"), text.as_bytes()).ok()
}

/// Trade-offs, but for their gains.
fn listed(chosen: &Chosen) -> Value {
    let row = |(row, point): &(usize, TradeOff)| {
        let TradeOff { objectives, is_knee, ends, .. } = point;
        json!({ "row": row, "objectives": objectives, "is_knee": is_knee, "ends": ends })
    };
    json!({ "config": chosen.config, "rows": chosen.rows.iter().map(row).collect::<Vec<_>>() })
}

/// The trade-offs of those gains.
fn chosen(listed: &Value, gains: &[Vec<f64>]) -> Option<Chosen> {
    let config = study(listed)?;
    let rows = listed.get("rows")?.as_array().filter(|rows| rows.len() == gains.len())?;
    let objectives = config.objectives.len();
    let row = |(row, values): (&Value, &Vec<f64>)| {
        let part = |key: &str| row.get(key).cloned();
        let point = TradeOff {
            values: values.clone(),
            objectives: serde_json::from_value(part("objectives")?).ok()?,
            is_knee: part("is_knee")?.as_bool()?,
            ends: serde_json::from_value(part("ends")?).ok()?,
        };
        let fits = point.objectives.len() == objectives && point.ends.iter().all(|end| *end < objectives);
        fits.then_some((usize::try_from(part("row")?.as_u64()?).ok()?, point))
    };
    Some(Chosen { rows: rows.iter().zip(gains).map(row).collect::<Option<_>>()?, config })
}

/// What a part is of, and its state.
fn opened(part: &Part) -> Result<(Value, Vec<u8>), Error> {
    let (mut identity, state) =
        checkpoint::opened(&part.path).map_err(|problem| part.refuse(problem, part.again()))?;
    part.same_version(identity["program"].as_str().unwrap_or_default())?;
    Ok((identity["config"].take(), state))
}
