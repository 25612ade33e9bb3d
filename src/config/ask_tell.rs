//! A search without a study: the config of `ask-tell`.

use std::ops::Range;
use std::path::Path;

use super::relations::Numbers;
use super::{ConfigError, DIMENSIONS_MAX, Refusal, axis, choices, search};
use crate::Error;
use crate::constraint::{Constraint, Follower};
use crate::parameter::Parameter;
use crate::swarm::pareto::{Costs, OBJECTIVES_MAX};
use crate::swarm::{Axis, Plan, ResampledSearch, Restarts, Scale, Seeker};
use crate::text::{Section, Source, kept};

/// The violation of a position that breaks a relation is so many times 1 and how far it is outside: worse than any that is told.
const UNASKED: f64 = 1e200;

/// A search without a study.
#[derive(Debug, Clone, PartialEq)]
pub struct AskTell {
    /// The seed of every random number.
    pub seed: u64,
    /// How it searches.
    pub swarm: Plan,
    /// What is searched: the parameters that do not follow from others.
    pub axes: Vec<Axis>,
    /// Positions that are out at a time; `None` for whole generations.
    pub outstanding: Option<usize>,
    /// Whether costs are others when they are asked again.
    pub resample: bool,
    /// What must hold between the parameters.
    pub constraints: Vec<Constraint>,
    /// The place among the parameters of each axis.
    places: Vec<usize>,
    /// The parameters that follow from others.
    followers: Vec<Follower>,
    /// The values that each parameter may take in the search.
    searched: Vec<Range<f64>>,
}

/// What a command line adds to the config of a search.
#[derive(Debug, Clone, Default)]
pub struct Added<'a> {
    /// The seed in place of the config's.
    pub seed: Option<u64>,
    /// Positions that are out at a time, in place of the config's.
    pub outstanding: Option<usize>,
    /// Further relations.
    pub constraints: &'a [String],
}

impl AskTell {
    /// Reads and checks a config of `seed`, `objectives`, `outstanding`, `constraints`, `[swarm]` and `[[parameters]]`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line and what is allowed.
    pub fn load(path: &Path, added: &Added<'_>) -> Result<Self, ConfigError> {
        read(&Source::read(path)?, added)
    }

    /// Checks the text of a config; `path` stands in errors.
    ///
    /// # Errors
    ///
    /// As [`AskTell::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        read(&Source::new(path, text.into()), &Added::default())
    }

    /// The values of all parameters at a position, a number an axis.
    #[must_use]
    pub fn values(&self, position: &[f64]) -> Vec<f64> {
        let mut values: Vec<f64> = self.searched.iter().map(|range| range.start).collect();
        for (place, value) in self.places.iter().zip(position) {
            values[*place] = *value;
        }
        for Follower { index, of, .. } in &self.followers {
            values[*index] = of.at(&values);
        }
        values
    }

    /// Where the parameters are allowed that follow from others.
    pub(super) fn following(&self) -> impl Iterator<Item = &Axis> {
        self.followers.iter().map(|follower| &follower.axis)
    }

    /// How far values of the parameters are from what must hold between them; 0 where all holds.
    #[must_use]
    pub fn violation(&self, values: &[f64]) -> f64 {
        self.constraints.iter().map(|constraint| constraint.violation(values, &self.searched)).sum()
    }

    /// What values of the parameters come to that break a relation, so that nobody is asked for their cost; `None` of others.
    #[must_use]
    pub fn unasked(&self, values: &[f64]) -> Option<Costs> {
        let broken = self.violation(values);
        if broken == 0.0 {
            return None;
        }
        Some(Costs { violation: UNASKED * (1.0 + broken), values: [f64::NAN; OBJECTIVES_MAX] })
    }

    /// A violation as it was told, or how far a relation is broken.
    #[must_use]
    pub fn shown(violation: f64) -> f64 {
        if violation >= UNASKED { violation / UNASKED - 1.0 } else { violation }
    }

    /// The search by whole generations, at its beginning.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub fn seeker(&self) -> Result<Seeker, Error> {
        if self.resample {
            let search = ResampledSearch::new(&self.axes, &self.swarm, self.seed)?;
            return Ok(Seeker::Resampled(search.into()));
        }
        Seeker::new(&self.axes, &self.swarm, self.seed)
    }
}

/// Checks the text of a config of a search without a study.
pub(super) fn read(source: &Source, added: &Added<'_>) -> Result<AskTell, ConfigError> {
    let document = source.document()?;
    let root = Section::root(source, document.get_ref());
    root.refuse_all_but(&["seed", "objectives", "outstanding", "constraints", "swarm", "parameters"])?;
    let seed = root.whole("seed", 1, 0..=i64::MAX as u64)?;
    let objectives = root.whole("objectives", 1, 1..=OBJECTIVES_MAX as u64)?;
    let objectives = usize::try_from(objectives).unwrap_or(OBJECTIVES_MAX);
    let (names, all) = parameters(&root)?;
    let mut free: Vec<(usize, Axis)> = all.iter().copied().enumerate().collect();
    let lowest: Vec<f64> = all.iter().map(|axis| axis.lower).collect();
    let remedy = "widen the bounds of [[parameters]], add some, or take the constraint out";
    let numbers = Numbers { names: &names, values: &lowest, remedy };
    let (constraints, followers) = numbers.related(&root, added.constraints, |_| Ok(false), &mut free)?;
    let searched = numbers.ranges(&free);
    let (places, axes): (Vec<usize>, Vec<Axis>) = free.into_iter().unzip();
    let section = root.section("swarm")?;
    let mut swarm = search::swarm(&section, [axes.len(), 1], objectives)?;
    if section.has("coarse_first") {
        let remedy = "take it out; a part of a simulation can judge in a study";
        return Err(section.error(
            "coarse_first",
            "is not for a search whose costs come from outside",
            remedy.into(),
        ));
    }
    swarm.coarse_first = false;
    // A cost from outside may have any offset, so that a share of it says little.
    let is_slow_said = section.has("restarts") && section.section("restarts")?.has("slow_gain");
    if !is_slow_said {
        swarm.restarts.slow_gain = 0.0;
    }
    let outstanding = outstanding(&root, &swarm, added)?;
    let resample = resample(&section, &swarm, outstanding.is_some())?;
    if resample {
        swarm.restarts = Restarts::NONE;
    }
    for start in starts(&section, &names, &all, swarm.settings.particles)? {
        swarm.settings.start.push(places.iter().map(|place| start[*place]).collect());
    }
    if let Some(Refusal { problem, remedy }) = search::excess(&swarm, [axes.len(), 1]) {
        return Err(section.error("particles", &problem, remedy));
    }
    section.finish()?;
    let seed = added.seed.unwrap_or(seed);
    Ok(AskTell { seed, swarm, axes, outstanding, resample, constraints, places, followers, searched })
}

/// The names of the parameters and where they are searched.
fn parameters(root: &Section<'_>) -> Result<(Vec<&'static str>, Vec<Axis>), ConfigError> {
    let (mut axes, mut names) = (Vec::new(), Vec::new());
    for section in root.sections("parameters", DIMENSIONS_MAX)? {
        let name = kept(&section.file_name("name", &format!("x{}", axes.len() + 1))?);
        if names.contains(&name) {
            let problem = format!("= \"{name}\" appears twice");
            return Err(section.error("name", &problem, "give each parameter a name of its own".into()));
        }
        names.push(name);
        let range = Parameter::fixed("lower", "1", 0.0, [-1e100, 1e100], "bound");
        let bound = |key: &str| -> Result<f64, ConfigError> {
            let missing = || section.error(key, "is missing", format!("allowed: {}", range.allowed()));
            section.optional_number(key, &range)?.ok_or_else(missing)
        };
        if let Some(names) = choices::of_numbers(&section)? {
            section.finish()?;
            axes.push(Axis::of_choices(names));
            continue;
        }
        // A list of values has its own bounds.
        let usual = match section.list("values") {
            Ok(Some(_)) => Axis::new(range.min, range.max, Scale::Linear),
            _ => Axis::new(bound("lower")?, bound("upper")?, Scale::Linear),
        };
        let axis = axis::read(&section, &range, &usual)?;
        section.finish()?;
        axes.push(axis);
    }
    if axes.is_empty() {
        let remedy = "add a [[parameters]] table with lower and upper for each dimension".into();
        return Err(root.error("parameters", "is missing", remedy));
    }
    Ok((names, axes))
}

/// Positions, a value a parameter, from which the first particles start.
fn starts(
    section: &Section<'_>,
    names: &[&'static str],
    axes: &[Axis],
    particles: usize,
) -> Result<Vec<Vec<f64>>, ConfigError> {
    let range = |(name, axis): (&&'static str, &Axis)| {
        Parameter::fixed(name, "1", axis.lower, [axis.lower, axis.upper], "coordinate")
    };
    let ranges: Vec<Parameter> = names.iter().zip(axes).map(range).collect();
    let no_positions = |key: &str| {
        let remedy =
            format!("allowed: at most {particles} rows of {} numbers, such as [[…], […]]", axes.len());
        section.error(key, "holds no positions", remedy)
    };
    let mut starts = Vec::new();
    for key in ["initial", "warm_start"] {
        let is_text = key == "initial" && section.text(key).is_ok();
        match section.rows(key, particles, &ranges)? {
            Some(rows) => starts.extend(rows),
            None if section.has(key) && !is_text => return Err(no_positions(key)),
            None => {}
        }
    }
    Ok(starts)
}

/// How many positions are out at a time, where the search does not go by generations.
fn outstanding(root: &Section<'_>, plan: &Plan, added: &Added<'_>) -> Result<Option<usize>, ConfigError> {
    const KEY: &str = "outstanding";
    let most = plan.settings.particles;
    let said = root.whole(KEY, 1, 1..=u64::MAX >> 1)?;
    let said = root.has(KEY).then(|| usize::try_from(said).unwrap_or(usize::MAX));
    let Some(outstanding) = added.outstanding.or(said) else { return Ok(None) };
    let refuse = |problem: &str, remedy: &str| Err(root.error(KEY, problem, remedy.into()));
    if plan.trade_offs.is_some() {
        return refuse("is not for several objectives", "take it out, or give one objective");
    }
    if plan.polish.is_some() {
        return refuse("cannot be combined with [swarm.polish]", "keep one of the two");
    }
    if plan.restarts.slow_gain > 0.0 {
        return refuse("cannot be combined with slow_gain in [swarm.restarts]", "keep one of the two");
    }
    if outstanding > most {
        let problem = format!("= {outstanding} is more than the {most} particles");
        return refuse(&problem, &format!("allowed: from 1 to {most}, or more particles in [swarm]"));
    }
    Ok(Some(outstanding))
}

/// Whether costs are others when they are asked again. Then a single swarm goes on to the end of its budget.
fn resample(section: &Section<'_>, plan: &Plan, is_out: bool) -> Result<bool, ConfigError> {
    const KEY: &str = "resample";
    if !section.switch(KEY, false)? {
        return Ok(false);
    }
    let stopping = section.section("stopping")?;
    let others = [
        (is_out, "outstanding"),
        (plan.trade_offs.is_some(), "several objectives"),
        (section.has("restarts"), "restarts"),
        (section.has("candidates"), "candidates"),
        (section.has("shrinks"), "shrinks"),
        (plan.polish.is_some(), "polish"),
        (stopping.has("target"), "stopping.target"),
        (stopping.has("stall_generations"), "stopping.stall_generations"),
    ];
    match others.iter().find(|(is_there, _)| *is_there) {
        Some((_, other)) => {
            let remedy = "keep one of the two; it ends by generations, evaluations or wall_time";
            Err(section.error(KEY, &format!("cannot be combined with {other}"), remedy.into()))
        }
        None => Ok(true),
    }
}
