//! The judge of a study on models: its terms, its cost and when it has failed, as one more text of equations.
//!
//! ```text
//! integral   j' = e           the rectangle rule
//! maximum    j+ = max(j, e)
//! mean       ∫ e dt / T
//! tail       the mean of e in the last tenth
//! final      e of the states at the end
//! cost       Σ weight/norm · term
//! partial    the same over terms that never fall while a simulation goes on: a lower bound, if no other is below 0
//! ```
//!
//! Names with two underscores are the judge's own; no model or study has such.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use super::ripple::{has_ripple, ripple_filter};
use super::{Aspect, How, Measure, Response, Term, Usual};
use crate::model::{Declarations, Input, Kind, Misread, Model, Quantity, State, names};

/// The steps of a simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The step in s.
    pub dt: f64,
    /// How many there are.
    pub steps: u64,
}

impl Timing {
    /// The step with which the last tenth begins.
    #[must_use]
    pub fn tail_start(&self) -> u64 {
        self.steps - self.steps.div_ceil(10)
    }
}

/// What a judge is made of.
#[derive(Debug, Clone, Copy)]
pub struct Criteria<'a> {
    /// The terms.
    pub terms: &'a [Term],
    /// The responses that some of them are about.
    pub responses: &'a [Response],
    /// When a simulation has failed, besides states that are not finite.
    pub fail: Option<&'a str>,
    /// Numbers that terms and failure may name.
    pub settings: &'a [(&'static str, f64)],
    /// Its steps.
    pub timing: Timing,
}

/// Where texts of the study stand in the equations of a judge: the range, and the place of the term; `None` for the failure.
pub type Places = Vec<(Range<usize>, Option<usize>)>;

/// A judge.
#[derive(Debug, Clone)]
pub struct Judge {
    /// Its equations.
    pub model: Model,
    /// Where texts of the study stand in them.
    pub places: Places,
}

/// Equations while they are written.
struct Writing<'a> {
    criteria: Criteria<'a>,
    text: String,
    states: Vec<(String, f64)>,
    inputs: BTreeSet<String>,
    places: Places,
    /// Whether it is asked whether this is the first step.
    asks_for_first: bool,
}

impl Judge {
    /// The judge of these criteria.
    ///
    /// # Errors
    ///
    /// With the place in the equations, see `places`.
    pub fn new(criteria: Criteria<'_>) -> Result<Self, (Misread, Places)> {
        let mut writing = Writing {
            criteria,
            text: String::new(),
            states: Vec::new(),
            inputs: BTreeSet::new(),
            places: Vec::new(),
            asks_for_first: false,
        };
        writing.all();
        let named = |name: String| Quantity { name, ..Quantity::default() };
        let declared = Declarations {
            states: writing
                .states
                .into_iter()
                .map(|(name, initial)| State { quantity: named(name), initial, ..State::default() })
                .collect(),
            inputs: writing
                .inputs
                .into_iter()
                .map(|name| {
                    let setting = criteria.settings.iter().find(|(known, _)| *known == name);
                    Input { default: setting.map(|(_, value)| *value), quantity: named(name), limit: None }
                })
                .collect(),
            ..Declarations::default()
        };
        match Model::new(Kind::Controller, declared, &writing.text) {
            Ok(model) => Ok(Self { model, places: writing.places }),
            Err(error) => Err((error, writing.places)),
        }
    }
}

impl Writing<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn state(&mut self, name: String, initial: f64) {
        self.states.push((name, initial));
    }

    /// A text of the study: an own name for it.
    fn own(&mut self, name: &str, expression: &str, of: Option<usize>) {
        let from = self.text.len() + name.len() + 4;
        // In parentheses, so that it is one expression whatever it is.
        self.line(&format!("{name} = ({expression})"));
        self.places.push((from..from + expression.len(), of));
        let is_own = |name: &str| {
            ["t", "dt", "pi"].contains(&name) || self.criteria.terms.iter().any(|term| term.name == name)
        };
        let needed: Vec<String> = names(expression).into_iter().flatten().map(|(_, name)| name).collect();
        self.inputs.extend(needed.into_iter().filter(|name| !is_own(name)));
    }

    fn all(&mut self) {
        let Criteria { terms, responses, fail, .. } = self.criteria;
        for (place, response) in responses.iter().enumerate() {
            self.response(place, response);
        }
        for (place, term) in terms.iter().enumerate() {
            match &term.measure {
                Measure::Usual { kind, signals } => self.usual(place, term.name, *kind, signals),
                Measure::Own { how, expression } => {
                    self.own(&format!("e__{place}"), expression, Some(place));
                    self.over_time(place, term.name, *how, &format!("e__{place}"));
                }
                Measure::Response { of, aspect } => {
                    let value = aspect_of(*of, *aspect);
                    self.line(&format!("{} = {value}", term.name));
                }
            }
        }
        let part = |term: &Term| format!("{:?}*{}", term.weight / term.norm, term.name);
        let weighed = || terms.iter().filter(|term| term.weight > 0.0);
        let sum = |parts: Vec<String>| if parts.is_empty() { "0".into() } else { parts.join(" + ") };
        let cost = sum(weighed().map(part).collect());
        self.line(&format!("cost = {cost}"));
        let is_bounded = weighed().all(|term| never_falls(term) || is_never_below_zero(term));
        let partial = if is_bounded {
            sum(weighed().filter(|term| never_falls(term)).map(part).collect())
        } else {
            format!("{:?}", f64::MIN)
        };
        self.line(&format!("partial = {partial}"));
        match fail {
            Some(fail) => self.own("failed", fail, None),
            None => self.line("failed = 0"),
        }
        if self.asks_for_first {
            self.state("started__".into(), 0.0);
            self.line("started__+ = 1");
        }
    }

    fn over_time(&mut self, place: usize, name: &str, how: How, value: &str) {
        match how {
            How::Final => self.line(&format!("{name} = {value}")),
            How::Maximum => {
                self.state(format!("j__{place}"), f64::MIN);
                self.line(&format!("j__{place}+ = max(j__{place}, {value})\n{name} = j__{place}"));
            }
            How::Tail => {
                #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
                let (start, count) = {
                    let Timing { steps, .. } = self.criteria.timing;
                    let start = self.criteria.timing.tail_start();
                    (start as f64 - 0.5, (steps - start) as f64)
                };
                self.state(format!("j__{place}"), 0.0);
                self.line(&format!("j__{place}+ = j__{place} + (if t > {start:?}*dt then {value} else 0)"));
                self.line(&format!("{name} = j__{place}/{count:?}"));
            }
            How::Integrate | How::Mean => {
                self.state(format!("j__{place}"), 0.0);
                self.line(&format!("j__{place}' = {value}"));
                #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
                let whole = self.criteria.timing.steps as f64 * self.criteria.timing.dt;
                let divided = if how == How::Mean { format!("/{whole:?}") } else { String::new() };
                self.line(&format!("{name} = j__{place}{divided}"));
            }
        }
    }

    fn usual(&mut self, place: usize, name: &str, kind: Usual, signals: &[String]) {
        self.inputs.extend(signals.iter().cloned());
        let sum = |of: &dyn Fn(&str) -> String| {
            signals.iter().map(|signal| of(signal)).collect::<Vec<_>>().join(" + ")
        };
        let squares = sum(&|s| format!("{s}^2"));
        let sizes = sum(&|s| format!("abs({s})"));
        match kind {
            Usual::Ise | Usual::ControlEffort | Usual::SlidingEnergy => {
                self.over_time(place, name, How::Integrate, &squares);
            }
            Usual::Iae => self.over_time(place, name, How::Integrate, &sizes),
            Usual::Itae => self.over_time(place, name, How::Integrate, &format!("t*({sizes})")),
            Usual::Itse => self.over_time(place, name, How::Integrate, &format!("t*({squares})")),
            Usual::PeakForce => {
                let largest = signals.iter().map(|s| format!("abs({s})")).collect::<Vec<_>>().join(", ");
                let largest = if signals.len() > 1 { format!("max({largest})") } else { largest };
                self.state(format!("j__{place}"), 0.0);
                self.line(&format!("j__{place}+ = max(j__{place}, {largest})\n{name} = j__{place}"));
            }
            Usual::ControlRate | Usual::Chattering => {
                let mut changes = Vec::new();
                for signal in signals {
                    let change = self.change(signal);
                    changes.push(match kind {
                        Usual::ControlRate => format!("{change}^2"),
                        _ => format!("abs({change})/dt"),
                    });
                }
                let how = if kind == Usual::ControlRate { How::Integrate } else { How::Mean };
                self.over_time(place, name, how, &changes.join(" + "));
            }
            Usual::Ripple => {
                let filtered = self.filtered(place, signals);
                self.over_time(place, name, How::Integrate, &filtered);
            }
        }
    }

    /// The name of the change of a signal from step to step, 0 in the first: no signal is so large as what stands before it there.
    fn change(&mut self, signal: &str) -> String {
        let name = format!("change__{signal}");
        if self.states.iter().all(|(known, _)| *known != format!("before__{signal}")) {
            self.state(format!("before__{signal}"), f64::MAX);
            self.line(&format!("before__{signal}+ = {signal}\nstep__{signal} = {signal} - before__{signal}"));
            self.line(&format!("{name} = if abs(step__{signal}) < 1e300 then step__{signal} else 0"));
        }
        name
    }

    /// The squares of signals behind the high-pass filter, summed up; it starts in its steady state.
    fn filtered(&mut self, place: usize, signals: &[String]) -> String {
        let dt = self.criteria.timing.dt;
        if !has_ripple(dt) {
            return "0".into();
        }
        self.asks_for_first = true;
        let [b0, b1, b2, a1, a2] = ripple_filter(dt);
        let mut squares = Vec::new();
        for (k, s) in signals.iter().enumerate() {
            let own = |name: &str| format!("{name}__{place}_{k}");
            let [x1, x2, y1, y2, y] = ["xa", "xb", "ya", "yb", "y"].map(own);
            for state in [&x1, &x2, &y1, &y2] {
                self.state(state.clone(), 0.0);
            }
            let mut text = String::new();
            // A signal that has always been what it is first has no ripple yet.
            let _ = writeln!(text, "{0} = if started__ > 0.5 then {x1} else {s}", own("p"));
            let _ = writeln!(text, "{0} = if started__ > 0.5 then {x2} else {s}", own("q"));
            let _ = writeln!(
                text,
                "{y} = {b0:?}*{s} + {b1:?}*{} + {b2:?}*{} - {a1:?}*{y1} - {a2:?}*{y2}",
                own("p"),
                own("q")
            );
            let _ = write!(text, "{x1}+ = {s}\n{x2}+ = {}\n{y1}+ = {y}\n{y2}+ = {y1}", own("p"));
            self.line(&text);
            squares.push(format!("{y}^2"));
        }
        squares.join(" + ")
    }

    /// What is remembered of a response: its way z from 0 to 1, when it passes marks, and when it was last out of its band.
    fn response(&mut self, place: usize, Response { output, reference, band }: &Response) {
        self.asks_for_first = true;
        self.inputs.insert(output.clone());
        let is_number = reference.parse::<f64>().is_ok();
        if !is_number {
            self.inputs.insert(reference.clone());
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
        let tail = self.criteria.timing.tail_start() as f64 - 0.5;
        let names = ["ra", "fa", "ta", "za", "lo", "hi", "top", "low", "out", "sse", "most"];
        for name in names {
            self.state(format!("{name}__{place}"), if name == "most" { f64::MIN } else { 0.0 });
        }
        let text = format!(
            "r__# = ({reference})
y__# = {output}
new__# = not (started__ > 0.5) or r__# != ra__#
f__# = if new__# then y__# else fa__#
o__# = if new__# then t else ta__#
z__# = if r__# == f__# then 1 else (y__# - f__#)/(r__# - f__#)
w__# = if new__# then z__# else za__#
a__# = if new__# then -1 else lo__#
b__# = if new__# then -1 else hi__#
a_now__# = if a__# >= 0 or z__# < 0.1 then a__# else t - o__# - (if z__# > w__# then dt*(z__# - 0.1)/(z__# - w__#) else 0)
b_now__# = if b__# >= 0 or z__# < 0.9 then b__# else t - o__# - (if z__# > w__# then dt*(z__# - 0.9)/(z__# - w__#) else 0)
far__# = abs(z__# - 1)
was__# = abs(w__# - 1)
c__# = if new__# then 0 else out__#
in__# = if was__# > {band:?} then t - o__# - dt*({band:?} - far__#)/(was__# - far__#) else c__#
out__#+ = if far__# > {band:?} then t - o__# + dt else in__#
ra__#+ = r__#
fa__#+ = f__#
ta__#+ = o__#
za__#+ = z__#
lo__#+ = a_now__#
hi__#+ = b_now__#
top__#+ = max(if new__# then 0 else top__#, z__#)
low__#+ = min(if new__# then 0 else low__#, z__#)
most__#+ = max(most__#, y__#)
sse__#+ = sse__# + (if t > {tail:?}*dt then abs(r__# - y__#) else 0)"
        );
        self.line(&text.replace('#', &place.to_string()));
        #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
        let count = (self.criteria.timing.steps - self.criteria.timing.tail_start()) as f64;
        self.line(
            &format!(
                "mean_error__# = sse__#/{count:?}
rise__# = if hi__# >= 0 then hi__# - lo__# else t - ta__#
is_out__# = if abs(za__# - 1) > {band:?} then 1 else 0"
            )
            .replace('#', &place.to_string()),
        );
    }
}

fn aspect_of(place: usize, aspect: Aspect) -> String {
    match aspect {
        Aspect::RiseTime => format!("rise__{place}"),
        Aspect::SettlingTime => format!("out__{place}"),
        Aspect::Overshoot => format!("100*max(top__{place} - 1, 0)"),
        Aspect::Undershoot => format!("100*abs(low__{place})"),
        Aspect::SteadyStateError => format!("mean_error__{place}"),
        Aspect::Peak => format!("most__{place}"),
        Aspect::Unsettled => format!("is_out__{place}"),
    }
}

/// Whether its value never falls while a simulation goes on.
fn never_falls(term: &Term) -> bool {
    match &term.measure {
        Measure::Usual { .. } => true,
        Measure::Own { how, expression } => match how {
            How::Integrate | How::Mean | How::Tail => crate::model::is_never_below_zero(expression),
            How::Maximum => true,
            How::Final => false,
        },
        Measure::Response { .. } => false,
    }
}

/// Whether its value is never below 0 at the end.
fn is_never_below_zero(term: &Term) -> bool {
    match &term.measure {
        Measure::Response { aspect, .. } => *aspect != Aspect::Peak,
        Measure::Own { expression, .. } => crate::model::is_never_below_zero(expression),
        Measure::Usual { .. } => true,
    }
}
