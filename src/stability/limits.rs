//! What a study may ask of a certificate beyond that it is stable: `[limits]`.

use super::{Certificate, Margins, Verdict, Wanted};
use crate::parameter::Parameter;

/// A figure of a certificate that can be limited.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Its key, unit, allowed values and meaning.
    pub parameter: Parameter,
    /// Whether it may not be larger, or not smaller.
    pub(crate) is_most: bool,
    of: fn(&Certificate) -> f64,
}

const fn limit(
    [name, unit]: [&'static str; 2],
    range: [f64; 2],
    doc: &'static str,
    is_most: bool,
    of: fn(&Certificate) -> f64,
) -> Limit {
    Limit { parameter: Parameter::fixed(name, unit, range[0], range, doc), is_most, of }
}

/// All of them.
pub const LIMITS: [Limit; 5] = [
    limit(["max_sensitivity", "1"], [1.0, 1e6], "largest sensitivity Ms = max ∣1/(1 + L)∣", true, |c| {
        margins(c).sensitivity
    }),
    limit(
        ["min_gain_margin", "1"],
        [1.0, 1e6],
        "factor by which the loop gain may grow, and where it has a lower limit fall",
        false,
        |c| margins(c).gain.min(1.0 / margins(c).gain_down),
    ),
    limit(
        ["min_phase_margin", "°"],
        [0.0, 180.0],
        "angle from the loop's −180° where its gain is 1",
        false,
        |c| margins(c).phase,
    ),
    limit(["min_delay_margin", "s"], [0.0, 1e6], "further lag for which the loop stays stable", false, |c| {
        margins(c).delay
    }),
    limit(
        ["min_period_factor", "1"],
        [1e-3, 256.0],
        "longest stable control period in those of the study",
        false,
        |c| c.period_factor,
    ),
];

fn margins(certificate: &Certificate) -> Margins {
    certificate.margins.unwrap_or(Margins::UNKNOWN)
}

/// The limits of a study; `None` where there is none.
pub type Limited = [Option<f64>; LIMITS.len()];

/// What a certificate has to tell so that it can be held against the limits.
#[must_use]
pub fn wanted(limited: &Limited) -> Wanted {
    let [margins @ .., period] = limited;
    Wanted { margins: margins.iter().any(Option::is_some), period: period.unwrap_or(0.0) }
}

impl Certificate {
    /// By how much it exceeds limits, all together and each relative to itself; 0 where it meets them, 1 for each that is not known.
    #[must_use]
    pub fn excess(&self, limited: &Limited) -> f64 {
        let one = |(limit, most): (&Limit, &Option<f64>)| {
            let Some(most) = *most else { return 0.0 };
            let value = (limit.of)(self);
            match limit.is_most {
                _ if value.is_nan() || self.verdict != Verdict::Stable => 1.0,
                true if value > most => value / most - 1.0,
                false if value < most => 1.0 - value / most,
                _ => 0.0,
            }
        };
        LIMITS.iter().zip(limited).map(one).sum()
    }

    /// The limits that it exceeds, each with its value.
    #[must_use]
    pub fn exceeded(&self, limited: &Limited) -> Vec<(&'static str, f64)> {
        let alone = |place: usize| {
            let mut one: Limited = [None; LIMITS.len()];
            one[place] = limited[place];
            self.excess(&one) > 0.0
        };
        let places = (0..LIMITS.len()).filter(|place| alone(*place));
        places.map(|place| (LIMITS[place].parameter.name, (LIMITS[place].of)(self))).collect()
    }
}
