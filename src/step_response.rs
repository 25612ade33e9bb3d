//! What is told of a step response, for terminal and page: the aspects that the judge of a study finds, and the time of the peak, which is seen in the
//! trajectory.

use crate::config::Config;
use crate::costs::{Aspect, Measure, Response};
use crate::figures::{label, number, number_or_dash};
use crate::registry::Member;
use crate::simulation::{Record, Trajectory};

/// How an output responds to its reference in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResponse {
    /// The output, and what it should be.
    pub of: [String; 2],
    /// What is told of it.
    pub measures: Vec<Measured>,
}

/// A measure of a step response.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What it is: `rise time`.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// The value; NaN where there is none.
    pub value: f64,
    /// The same as a person reads it.
    pub text: String,
}

/// The aspects that are told, in their order; behind the first comes the time of the peak.
const TOLD: [Aspect; 6] = [
    Aspect::RiseTime,
    Aspect::Overshoot,
    Aspect::Undershoot,
    Aspect::SettlingTime,
    Aspect::SteadyStateError,
    Aspect::Peak,
];

/// What is told of each response of a study in a run; `seen` is what [`seen`] says of it.
#[must_use]
pub fn step_responses(config: &Config, record: &Record, seen: &[Seen]) -> Vec<StepResponse> {
    let one = |(of, response): (usize, &Response)| {
        let value = |aspect: Aspect| {
            let is_it = |measure: &Measure| *measure == Measure::Response { of, aspect };
            let place = config.cost.iter().position(|term| is_it(&term.measure))?;
            let value = if record.survived() { record.values[place] } else { f64::NAN };
            Some((value, config.cost[place].unit))
        };
        let Seen { is_held, peak_time } = seen.get(of).copied().unwrap_or_default();
        let is_out = value(Aspect::Unsettled).is_some_and(|(is_out, _)| is_out > 0.5);
        let measured = |aspect: Aspect| {
            let (value, unit) = value(aspect)?;
            // What is moved all the time has no last step.
            let is_of_step = !matches!(aspect, Aspect::SteadyStateError | Aspect::Peak);
            let value = if is_of_step && !is_held { f64::NAN } else { value };
            let never = aspect == Aspect::SettlingTime && is_out && is_held;
            let text = if never { "not settled".into() } else { number_or_dash(value) };
            Some(Measured { name: label(aspect.name()), unit, value, text })
        };
        let peak = peak_time.filter(|_| record.survived());
        let peak = Measured {
            name: "peak time".into(),
            unit: "s",
            value: peak.unwrap_or(f64::NAN),
            text: peak.map_or("–".into(), number),
        };
        let mut measures: Vec<Measured> = TOLD.into_iter().filter_map(measured).collect();
        measures.insert(measures.len().min(1), peak);
        StepResponse { of: [response.output.clone(), response.reference.clone()], measures }
    };
    config.responses.iter().enumerate().map(one).collect()
}

/// What an output should be, as far as a trajectory shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SetPoint {
    /// A column.
    Column(&'static str),
    /// A number.
    Number(f64),
}

/// The outputs that have a set point: those of responses, or without these the only value that the law measures, if it has one reference.
pub(crate) fn set_points(config: &Config) -> Vec<(&'static str, SetPoint)> {
    let columns = config.columns();
    let column = |name: &str| columns.iter().map(|column| column.quantity.name).find(|known| *known == name);
    let signals = config.wiring.signals.iter();
    let references: Vec<_> = signals.filter(|signal| !signal.is_disturbance).collect();
    let set_point = |reference: &str| {
        let number = reference.parse().ok().map(SetPoint::Number);
        let usual =
            || references.iter().find(|signal| signal.name == reference)?.default.map(SetPoint::Number);
        number.or_else(|| column(reference).map(SetPoint::Column)).or_else(usual)
    };
    let mut pairs: Vec<(&str, &str)> =
        config.responses.iter().map(|response| (&response.output[..], &response.reference[..])).collect();
    let is_signal = |name: &&String| config.wiring.signal(name).is_some();
    let measured: Vec<&String> = config.wiring.measured.values().filter(|name| !is_signal(name)).collect();
    if let ([], [output], [reference]) = (&pairs[..], &measured[..], &references[..]) {
        pairs.push((output, reference.name));
    }
    pairs
        .into_iter()
        .filter_map(|(output, reference)| Some((column(output)?, set_point(reference)?)))
        .collect()
}

/// What a trajectory shows of a response.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Seen {
    /// Whether the reference stands still from its last step on, before the run is nearly over.
    pub is_held: bool,
    /// When the output is farthest beyond the reference, in s from that step; `None` where it never is. Samples tell it as far as they lie apart.
    pub peak_time: Option<f64>,
}

/// What a trajectory shows of each response of a study; nothing of one that is no column.
#[must_use]
pub fn seen(config: &Config, trajectory: &Trajectory) -> Vec<Seen> {
    let names = config.columns();
    let place = |name: &str| Some(1 + names.iter().position(|column| column.quantity.name == name)?);
    let rows: Vec<&[f64]> = trajectory.rows().collect();
    let one = |response: &Response| {
        let output = place(&response.output)?;
        let number = response.reference.parse::<f64>().ok();
        let column = place(&response.reference);
        let reference = |row: &[f64]| number.or_else(|| Some(row[column?]));
        let point = |row: &&[f64]| Some([row[0], row[output], reference(row)?]);
        Some(seen_of(&rows.iter().map(point).collect::<Option<Vec<_>>>()?))
    };
    config
        .responses
        .iter()
        .map(|response| one(response).unwrap_or(Seen { is_held: true, peak_time: None }))
        .collect()
}

/// The share of a run that a reference has to stand still at its end.
const HELD: f64 = 0.01;

/// The same of rows of time, output and reference.
fn seen_of(points: &[[f64; 3]]) -> Seen {
    #[allow(clippy::float_cmp, reason = "a signal is held, or it has changed")]
    let steps = points.windows(2).rposition(|pair| pair[0][2] != pair[1][2]).map_or(0, |place| place + 1);
    let after = &points[steps..];
    let (Some([start, first, reference]), Some([end, ..])) = (after.first(), after.last()) else {
        return Seen::default();
    };
    let is_held = end - start > HELD * end;
    let way = |point: &[f64; 3]| (point[1] - first) / (reference - first);
    let highest = (0..after.len()).max_by(|a, b| way(&after[*a]).total_cmp(&way(&after[*b]))).unwrap_or(0);
    let is_beyond = is_held && way(&after[highest]) > 1.0 && highest + 1 < after.len();
    Seen { is_held, peak_time: is_beyond.then(|| after[highest][0] - start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 − e^(−ζωt) (cos ηt + ζω/η sin ηt) with η = ω √(1 − ζ²), the step response of ω²/(s² + 2ζωs + ω²).
    fn second_order(zeta: f64, omega: f64, t: f64) -> f64 {
        let damped = omega * (1.0 - zeta * zeta).sqrt();
        1.0 - (-zeta * omega * t).exp() * ((damped * t).cos() + zeta * omega / damped * (damped * t).sin())
    }

    #[test]
    fn the_peak_of_a_second_order_system_comes_half_a_turn_after_the_last_step() {
        // t_p = π/(ω √(1 − ζ²)) (Ogata 2010, Modern Control Engineering, section 5-3).
        let (zeta, omega, dt) = (0.4, 3.0, 1e-3);
        let expected = std::f64::consts::PI / (omega * (1.0_f64 - zeta * zeta).sqrt());
        for (start, way) in [(0, 2.0), (700, -5.0)] {
            let point = |k: i32| {
                let t = f64::from(k) * dt;
                let since = f64::from((k - start).max(0)) * dt;
                let reference = if k < start { 0.0 } else { way };
                [t, if k < start { 0.0 } else { way * second_order(zeta, omega, since) }, reference]
            };
            let seen = seen_of(&(0..6000).map(point).collect::<Vec<_>>());
            let found = seen.peak_time.expect("a peak");
            assert!(seen.is_held);
            assert!((found - expected).abs() <= dt, "{found} instead of {expected}");
        }
    }

    #[test]
    fn what_never_goes_beyond_its_reference_has_no_peak() {
        let lag = |k: i32| [f64::from(k), 1.0 - (-0.01 * f64::from(k)).exp(), 1.0];
        let held = Seen { is_held: true, peak_time: None };
        assert_eq!(seen_of(&(0..2000).map(lag).collect::<Vec<_>>()), held);
        assert_eq!(seen_of(&[[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), held, "no way to go");
        assert_eq!(seen_of(&[]), Seen::default());
    }

    #[test]
    fn a_reference_that_always_moves_has_no_last_step() {
        let wave = |k: i32| [f64::from(k), 0.0, (0.01 * f64::from(k)).sin()];
        assert!(!seen_of(&(0..2000).map(wave).collect::<Vec<_>>()).is_held);
    }
}
