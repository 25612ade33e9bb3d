//! Reading `constraints`: what must hold between gains, or between the parameters of a search without a study.

use std::ops::Range;

use super::{CONSTRAINTS_MAX, ConfigError, Refusal};
use crate::constraint::{self, Constraint, Follower};
use crate::model;
use crate::swarm::Axis;
use crate::text::Section;

/// The numbers that relations name.
pub(super) struct Numbers<'a> {
    /// Their names.
    pub(super) names: &'a [&'a str],
    /// What they are where they are not searched.
    pub(super) values: &'a [f64],
    /// What to do about relations that leave nothing to search.
    pub(super) remedy: &'a str,
}

/// Relations, and the numbers that follow from others.
pub(super) type Related = (Vec<Constraint>, Vec<Follower>);

impl Numbers<'_> {
    /// What the config and `more` texts say must hold, but for texts that are `of_others`. Numbers that follow from others are taken out of
    /// the searched ones, which are pairs of a place and an axis.
    pub(super) fn related(
        &self,
        root: &Section<'_>,
        more: &[String],
        of_others: impl Fn(&str) -> Result<bool, Refusal>,
        searched: &mut Vec<(usize, Axis)>,
    ) -> Result<Related, ConfigError> {
        let refuse = |Refusal { problem, remedy }: Refusal| root.error("constraints", &problem, remedy);
        let ranges = self.ranges(searched);
        let said = root.texts("constraints", CONSTRAINTS_MAX, |text| {
            if of_others(text)? { Ok(None) } else { self.one(text, &ranges).map(Some) }
        })?;
        let more = more.iter().map(|text| self.one(text, &ranges).map_err(refuse));
        let mut all: Vec<Constraint> = said.into_iter().flatten().collect();
        all.extend(more.collect::<Result<Vec<_>, _>>()?);
        if all.len() > CONSTRAINTS_MAX {
            let problem = format!("has {} entries with those of the command line", all.len());
            return Err(root.error("constraints", &problem, format!("allowed: at most {CONSTRAINTS_MAX}")));
        }
        let followers = constraint::followers(&mut all, searched, self.names, self.values)
            .map_err(|text| refuse(self.cannot(&text, "leaves no gains to search")))?;
        let ranges = self.ranges(searched);
        // A gain that follows has no range of its own: the equality from which it follows always holds.
        let follows =
            |constraint: &&Constraint| followers.iter().any(|follower| follower.text == constraint.text);
        match self.broken(all.iter().filter(|constraint| !follows(constraint)), &ranges) {
            Some(refusal) => Err(refuse(refusal)),
            None => Ok((all, followers)),
        }
    }

    /// What is wrong where a relation cannot hold.
    pub(super) fn broken<'c>(
        &self,
        all: impl IntoIterator<Item = &'c Constraint>,
        ranges: &[Range<f64>],
    ) -> Option<Refusal> {
        let broken = all.into_iter().find(|constraint| !constraint.can_hold(ranges))?;
        Some(self.cannot(&broken.text, "cannot hold for any gains that are searched"))
    }

    /// Where each number may be; a single value where it is not searched.
    pub(super) fn ranges(&self, searched: &[(usize, Axis)]) -> Vec<Range<f64>> {
        let mut ranges: Vec<Range<f64>> = self.values.iter().map(|value| *value..*value).collect();
        for (place, axis) in searched {
            ranges[*place] = axis.lower..axis.upper;
        }
        ranges
    }

    fn one(&self, text: &str, ranges: &[Range<f64>]) -> Result<Constraint, Refusal> {
        let relation = model::relation(text, self.names)
            .map_err(|error| Refusal { problem: error.marked(text), remedy: error.remedy })?;
        Constraint::new(text, relation, ranges).ok_or_else(|| self.cannot(text, "is too long"))
    }

    fn cannot(&self, text: &str, what: &str) -> Refusal {
        Refusal { problem: format!("\"{}\" {what}", text.escape_debug()), remedy: self.remedy.into() }
    }
}
