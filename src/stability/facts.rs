//! A certificate in words and numbers, for terminal, page and files.

use serde_json::{Map, Value, json};

use super::{Certificate, LoopResponse, Margins, Motion, Reason, Verdict};
use crate::figures::number;
use crate::registry::Member;

/// The largest of one of the gang of four.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// S, T, PS or CS.
    pub symbol: &'static str,
    /// What it is, in a phrase.
    pub meaning: String,
    /// Its largest magnitude.
    pub largest: f64,
    /// Where that is, in rad/s.
    pub at: f64,
    /// From what to what it goes, where these have units of their own.
    pub between: Option<[String; 2]>,
}

impl LoopResponse {
    /// The largest of the gang of four: S and T, and of each output PS and CS where the one has to do with the other.
    #[must_use]
    pub fn gang(&self) -> Vec<Peak> {
        let Self { margins, at, input, .. } = self;
        let peak = |symbol, meaning: String, [largest, at]: [f64; 2]| Peak {
            symbol,
            meaning,
            largest,
            at,
            between: None,
        };
        let mut peaks = vec![
            peak("S", "sensitivity, 1/(1 + L)".into(), [margins.sensitivity, at.sensitivity]),
            peak(
                "T",
                "complementary sensitivity, L/(1 + L)".into(),
                [margins.complementary, at.complementary],
            ),
        ];
        for of in &self.outputs {
            let output = &of.output;
            let gangs = [
                (&of.load, "PS", format!("from a disturbance of {input} to {output}"), [input, output]),
                (&of.noise, "CS", format!("from noise of {output} to {input}"), [output, input]),
            ];
            peaks.extend(gangs.into_iter().filter(|(gang, ..)| gang.is_there()).map(
                |(gang, symbol, meaning, between)| Peak {
                    between: Some(between.map(Clone::clone)),
                    ..peak(symbol, meaning, [gang.largest, gang.at])
                },
            ));
        }
        peaks
    }

    /// Its margins' places and the largest of the gang of four.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let at = &self.at;
        let gang = self.gang().into_iter().map(|Peak { symbol, largest, at, between, .. }| {
            let [from, to] = between.map_or([None, None], |names| names.map(Some));
            json!({ "of": symbol, "from": from, "to": to, "largest": largest, "at": at })
        });
        json!({
            "input": self.input,
            "gain_margin_at": at.gain,
            "gain_margin_down_at": at.gain_down,
            "phase_margin_at": at.phase,
            "gang_of_four": gang.collect::<Vec<_>>(),
        })
    }
}

impl Certificate {
    /// What it is of, in a phrase: the loop, the plant, the world.
    #[must_use]
    pub fn scope_text(&self) -> String {
        let scope = &self.scope;
        let period = if scope.steps == 1 {
            format!("control period {} s", number(scope.period))
        } else {
            format!("control period {} s ({} steps)", number(scope.period), scope.steps)
        };
        let worst =
            if scope.worlds > 1 { format!(", the worst of {} worlds", scope.worlds) } else { String::new() };
        let by =
            if scope.differences { "; what is compiled code is differentiated by differences" } else { "" };
        format!(
            "the loop as it is sampled: nominal plant, ideal sensors, {period}, dead time {} s, actuator lag {} s{worst}{by}",
            number(scope.dead_time),
            number(scope.lag)
        )
    }

    /// What beside the eigenvalues decides, in a sentence; nothing where they say all.
    #[must_use]
    pub fn reason_text(&self) -> Option<&'static str> {
        (self.reason != Reason::None).then(|| self.reason.summary())
    }

    /// Names and values of what is known beside the verdict.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if !self.radius.is_nan() {
            facts.push((
                "spectral radius",
                format!("{} (1 − radius = {})", number(self.radius), number(1.0 - self.radius)),
            ));
        }
        if let Some(text) = self.longest_period() {
            facts.push(("longest stable period", text));
        }
        let Some(margins) = &self.margins else { return facts };
        let Margins { gain, gain_down, phase, delay, sensitivity, complementary } = *margins;
        let decibels =
            |factor: f64| format!("{} ({} dB)", number(factor), number(20.0 * libm::log10(factor)));
        let up = if gain.is_finite() { decibels(gain) } else { "unlimited".into() };
        let down = if gain_down > 0.0 { decibels(gain_down) } else { "unlimited".into() };
        let periods =
            || format!("{} s ({} control periods)", number(delay), number(delay / self.scope.period));
        facts.extend([
            ("gain margin, up", up),
            ("gain margin, down", down),
            (
                "phase margin",
                if phase.is_finite() { format!("{}°", number(phase)) } else { "unlimited".into() },
            ),
            ("delay margin", if delay.is_finite() { periods() } else { "unlimited".into() }),
            ("largest sensitivity Ms", number(sensitivity)),
            ("largest complementary sensitivity Mt", number(complementary)),
        ]);
        facts
    }

    /// The longest stable period as a person reads it; nothing where it is not known.
    pub(crate) fn longest_period(&self) -> Option<String> {
        let factor = self.period_factor;
        let seconds = || number(factor * self.scope.period);
        match factor {
            factor if factor.is_nan() => None,
            f64::INFINITY => Some("more than 256 times the period of the study".into()),
            0.0 => Some("none: not stable for a thousandth of the period of the study either".into()),
            factor => Some(format!("{} s, {} times the period of the study", seconds(), number(factor))),
        }
    }

    /// That the margins are the least of several loops, in a sentence; nothing for one loop.
    #[must_use]
    pub fn loops_text(&self) -> Option<String> {
        let loops = self.scope.loops;
        let has_several = self.margins.is_some() && loops > 1;
        has_several.then(|| {
            format!("The margins are the least of {loops} loops, one for each driven input, each broken with the others closed.")
        })
    }

    /// The keys of a table of results, with null for what is not known or has no limit.
    #[must_use]
    pub fn columns(&self) -> Map<String, Value> {
        let mut map = Map::new();
        let mut add = |name: &str, value: Value| drop(map.insert(name.into(), value));
        add("spectral_radius", self.radius.into());
        add("period_factor", self.period_factor.into());
        let margins = self.margins.unwrap_or(Margins::UNKNOWN);
        add("gain_margin", margins.gain.into());
        add("gain_margin_down", margins.gain_down.into());
        add("phase_margin", margins.phase.into());
        add("delay_margin", margins.delay.into());
        add("max_sensitivity", margins.sensitivity.into());
        add("max_complementary_sensitivity", margins.complementary.into());
        map
    }

    /// All of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let list = |values: &[super::Eigenvalue]| {
            values.iter().map(|value| json!([value.re, value.im])).collect::<Vec<_>>()
        };
        let scope = &self.scope;
        let eigenvalues = |of: Motion| (self.motion == of).then(|| list(&self.eigenvalues));
        let is_known = self.verdict != Verdict::Unknown;
        let mut value = json!({
            "verdict": self.verdict.name(),
            "reason": self.reason.name(),
            "of": self.scope_text(),
            "max_real_part": self.max_real_part,
            "sliding_dynamics": eigenvalues(Motion::Sliding).unwrap_or_default(),
            "closed_loop": eigenvalues(Motion::ClosedLoop).filter(|_| is_known),
        });
        let Value::Object(map) = &mut value else { return value };
        map.extend(self.columns());
        map.insert("eigenvalues".into(), self.order.into());
        map.insert(
            "scope".into(),
            json!({
                "control_period": scope.period, "steps": scope.steps, "dead_time": scope.dead_time,
                "actuator_lag": scope.lag, "loops": scope.loops, "worlds": scope.worlds,
            }),
        );
        value
    }

    /// The verdict as a person reads it.
    #[must_use]
    pub fn word(&self) -> String {
        if self.verdict == Verdict::Stable { "stable".into() } else { self.verdict.name().to_uppercase() }
    }
}
