//! The terms of a study: what each measures, and how much it weighs.

use crate::registry::Member;

/// A term: a number that a simulation comes to, and its part of the cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The key in the config and the column in `summary.csv`.
    pub name: &'static str,
    /// The unit of the value.
    pub unit: &'static str,
    /// The value, in a line.
    pub summary: String,
    /// 0 keeps the term out of the cost.
    pub weight: f64,
    /// What the value is divided by.
    pub norm: f64,
    /// What the value is.
    pub measure: Measure,
    /// Of a plant's usual cost, whether reports tell it; others are told where they cost something.
    pub is_told: Option<bool>,
}

/// One of several objectives: a sum of weighted terms, minimised.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// What it is called.
    pub name: String,
    /// The places of its terms, each with its weight.
    pub parts: Vec<(usize, f64)>,
}

/// What a term measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// A usual measure of some values.
    Usual {
        /// Which one.
        kind: Usual,
        /// The names of the values; what it makes of each is summed up, but for a peak, which is the largest.
        signals: Vec<String>,
    },
    /// An expression of the study's own.
    Own {
        /// What is made of it over time.
        how: How,
        /// Its text.
        expression: String,
    },
    /// How a response does.
    Response {
        /// The place of the response among those of the study.
        of: usize,
        /// In what respect.
        aspect: Aspect,
    },
}

impl Term {
    /// An expression at the end of a simulation, out of the cost.
    #[must_use]
    pub fn at_the_end(name: &'static str, expression: String) -> Self {
        Self {
            name,
            unit: "1",
            summary: format!("{}, e = {expression}", How::Final.summary()),
            weight: 0.0,
            norm: 1.0,
            measure: Measure::Own { how: How::Final, expression },
            is_told: None,
        }
    }

    /// The key that limits it.
    #[must_use]
    pub fn limit_name(&self) -> String {
        format!("max_{}", self.name)
    }

    /// Whether its value is the time that a response takes to settle.
    #[must_use]
    pub fn is_settling_time(&self) -> bool {
        self.name == Aspect::SettlingTime.name()
            || matches!(self.measure, Measure::Response { aspect: Aspect::SettlingTime, .. })
    }
}

/// A small family without types of its own: members with a name and a line each.
macro_rules! names {
    ($(#[$doc:meta])* pub enum $kind:ident { $($member:ident = $name:literal, $summary:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {
            $(
                #[doc = $summary]
                $member,
            )+
        }

        impl Member for $kind {
            const ALL: &'static [Self] = &[$(Self::$member),+];

            fn name(self) -> &'static str {
                match self { $(Self::$member => $name,)+ }
            }

            fn summary(self) -> &'static str {
                match self { $(Self::$member => $summary,)+ }
            }
        }
    };
}

names! {
    /// Usual measures of values s of a model.
    pub enum Usual {
        Ise = "ise", "∫ Σ s² dt";
        Iae = "iae", "∫ Σ |s| dt";
        Itae = "itae", "∫ t Σ |s| dt";
        Itse = "itse", "∫ t Σ s² dt";
        ControlEffort = "control_effort", "∫ Σ s² dt of what drives the plant";
        ControlRate = "control_rate", "∫ Σ (Δs)² dt, Δs from step to step, of what drives the plant";
        SlidingEnergy = "sliding_energy", "∫ σ² dt";
        PeakForce = "peak_force", "largest |s| of what drives the plant";
        Chattering = "chattering", "total variation a second of what drives the plant, Σ |Δs| / T";
        Ripple = "ripple", "∫ Σ s² dt of what drives the plant above 10 Hz";
    }
}

names! {
    /// What is made of an expression over time.
    pub enum How {
        Integrate = "integrate", "∫ e dt";
        Maximum = "maximum", "the largest e";
        Final = "final", "e at the end";
        Mean = "mean", "∫ e dt / T";
        Tail = "tail", "the mean of e in the last tenth";
    }
}

names! {
    /// What is told of the response of an output to its reference: of the last step of the reference, from the value that the output has then.
    pub enum Aspect {
        RiseTime = "rise_time", "time from 10 % to 90 % of the way to the reference";
        SettlingTime = "settling_time", "time from when on the output stays within the band about its reference";
        Overshoot = "overshoot", "largest way beyond the reference, in per cent of the way to it";
        Undershoot = "undershoot", "largest way to the other side, in per cent of the way to the reference";
        SteadyStateError = "steady_state_error", "mean of |reference − output| in the last tenth";
        Peak = "peak", "the largest value of the output";
        Unsettled = "unsettled", "1 where the output is out of the band at the end, else 0";
    }
}

impl Usual {
    /// Whether its name is made of the first letters of words.
    #[must_use]
    pub fn is_acronym(self) -> bool {
        matches!(self, Self::Ise | Self::Iae | Self::Itae | Self::Itse)
    }

    /// Whether it is about what drives the plant.
    #[must_use]
    pub fn is_of_control(self) -> bool {
        matches!(
            self,
            Self::ControlEffort | Self::ControlRate | Self::PeakForce | Self::Chattering | Self::Ripple
        )
    }
}

impl Aspect {
    /// The unit; `None` for that of the output.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::RiseTime | Self::SettlingTime => Some("s"),
            Self::Overshoot | Self::Undershoot => Some("%"),
            Self::Unsettled => Some("1"),
            Self::SteadyStateError | Self::Peak => None,
        }
    }
}

/// An output whose response to its reference is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The name of the output.
    pub output: String,
    /// What it should be: the name of a signal or a number, an expression of what the judge knows.
    pub reference: String,
    /// Half the width of the band in which it has settled, as a share of the way.
    pub band: f64,
}
