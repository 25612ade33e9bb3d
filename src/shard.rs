//! A shard: one of several parts of a batch or of a validation, each computed by a process of its own, on any machine.
//!
//! Random numbers are keyed by purpose, seed and index, so that no part needs to know what the others do.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Most shards of a whole.
pub const SHARDS_MAX: usize = 10_000;

/// Which part of how many, written `3/12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Part `number` of `of`, counted from 1; `None` where there is no such part, or where there are more than [`SHARDS_MAX`].
    #[must_use]
    pub fn new(number: usize, of: usize) -> Option<Self> {
        (1 <= number && number <= of && of <= SHARDS_MAX).then_some(Self { number, of })
    }

    /// All parts of so many.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (1..=of).map(move |number| Self { number, of })
    }

    /// Which one, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// How many parts the whole has.
    #[must_use]
    pub fn of(&self) -> usize {
        self.of
    }

    /// Whether the study at a place of a batch is in this part. Studies are dealt like cards, since those that stand together often take
    /// equally long.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        self.with_study(place) == *self
    }

    /// Which part of the same whole has the study at a place of a batch.
    #[must_use]
    pub fn with_study(&self, place: usize) -> Self {
        Self { number: place % self.of + 1, of: self.of }
    }

    /// The runs of a set that are in this part: one piece, by at most one run longer or shorter than those of the other parts.
    #[must_use]
    pub fn runs(&self, runs: usize) -> Range<usize> {
        // The product of two such numbers fits where a run has a record in memory.
        let end = |parts: usize| parts * (runs / self.of) + parts * (runs % self.of) / self.of;
        end(self.number - 1)..end(self.number)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, of) = text.split_once('/').ok_or(())?;
        let whole = |text: &str| text.parse().map_err(drop);
        Self::new(whole(number)?, whole(of)?).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_and_every_study_is_in_one_shard() {
        for (runs, of) in [(0, 3), (2, 5), (12, 12), (100, 7), (1_000_000, 9999), (1000, 1)] {
            let pieces: Vec<Range<usize>> = Shard::all(of).map(|shard| shard.runs(runs)).collect();
            assert_eq!((pieces[0].start, pieces[of - 1].end), (0, runs));
            assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start), "{runs} runs in {of}");
            let lengths = || pieces.iter().map(Range::len);
            assert!(lengths().max() <= lengths().min().map(|least| least + 1), "{runs} runs in {of}");
            for place in 0..50 {
                assert_eq!(Shard::all(of).filter(|shard| shard.has(place)).count(), 1);
            }
        }
    }

    #[test]
    fn a_shard_is_written_as_it_is_read_and_there_are_no_others() {
        assert_eq!("3/12".parse::<Shard>().map(|shard| shard.to_string()), Ok("3/12".into()));
        for text in ["", "3", "0/12", "13/12", "3/", "/12", "a/b", "-1/2", "1/10001", "1/2/3", "1/0"] {
            assert_eq!(text.parse::<Shard>(), Err(()), "{text}");
        }
    }
}
