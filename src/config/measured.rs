//! Constraints on what a simulation or the certificate measures, such as `overshoot <= 5` or `phase_margin >= 45`.
//!
//! A bound of one figure is a limit, as those of `[limits]`. Any other relation of terms becomes a term of its own that has to stay within a limit:
//! 1 − (larger side − smaller side) at most 1 or, of an equality, 1 + ∣difference∣ at most 1 + [`EQUAL`].

use super::cost::{SETTLED, is_of_times, lacking};
use super::{CONSTRAINTS_MAX, ConfigError, ControllerConfig, Refusal};
use crate::constraint::Linear;
use crate::costs::{Aspect, Measure, TERMS_MAX, Term};
use crate::model::{self, Comparison};
use crate::stability::{LIMITS, Limited};
use crate::text::{Section, kept};

/// How far the sides of an equality of what is measured may differ.
const EQUAL: f64 = 1e-3;

/// What the relations of measured values ask for.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// The places of terms, each with the largest value that it may have.
    limits: Vec<(usize, f64)>,
    /// The places of figures of the certificate, each with its bound.
    certificate: Vec<(usize, f64)>,
}

/// The name of a figure of the certificate, without what says which way it is bounded.
fn figure(place: usize) -> &'static str {
    let name = LIMITS[place].parameter.name;
    name.strip_prefix("min_").unwrap_or(name)
}

fn is_gain(controller: &ControllerConfig, name: &str) -> bool {
    controller.parameters().iter().any(|parameter| parameter.name == name)
}

/// Whether a relation is about what is measured.
pub(super) fn is_measured(text: &str, controller: &ControllerConfig, terms: &[Term]) -> bool {
    let names = model::names(text).unwrap_or_default();
    names.iter().any(|(_, name)| {
        let is_figure = (0..LIMITS.len()).any(|place| figure(place) == name);
        !is_gain(controller, name) && (is_figure || terms.iter().any(|term| term.name == name))
    })
}

/// Reads the relations of measured values; terms that they need are added.
pub(super) fn read(
    root: &Section<'_>,
    controller: &ControllerConfig,
    terms: &mut Vec<Term>,
) -> Result<Measured, ConfigError> {
    let known = terms.clone();
    let read = root.texts("constraints", CONSTRAINTS_MAX, |text| {
        let names = model::names(text).unwrap_or_default();
        let mut others = names.iter().filter(|(_, name)| !is_gain(controller, name));
        if let Some(remedy) = others.find_map(|(_, name)| lacking(name, &known)) {
            let problem = format!("\"{}\" names what the study does not measure", text.escape_debug());
            return Err(Refusal { problem, remedy });
        }
        if !is_measured(text, controller, &known) {
            return Ok(None);
        }
        match names.iter().find(|(_, name)| is_gain(controller, name)) {
            None => Asked::read(text, &known).map(Some),
            Some((_, gain)) => Err(Refusal {
                problem: format!("\"{}\" relates the gain {gain} to what is measured", text.escape_debug()),
                remedy: "allowed: relations of gains, or of terms of the cost".into(),
            }),
        }
    })?;
    let mut measured = Measured::default();
    for asked in read.into_iter().flatten() {
        match asked {
            Asked::Limit(place, bound) => measured.limits.push((place, bound)),
            Asked::Figure(place, bound) => measured.certificate.push((place, bound)),
            Asked::Own(term, bound) => {
                measured.limits.push((terms.len(), bound));
                let name = kept(&format!("constraint_{}", terms.len() - known.len() + 1));
                terms.push(Term { name, ..term });
            }
        }
    }
    if terms.len() > TERMS_MAX {
        let problem = format!("and [[response]] and [cost] make {} terms", terms.len());
        return Err(root.error("constraints", &problem, format!("allowed: at most {TERMS_MAX}")));
    }
    Ok(measured)
}

impl Measured {
    /// Limits what is measured further. What depends on times that a response has only when it settles has to settle.
    pub(super) fn apply(&self, terms: &[Term], limits: &mut [f64], certificate: &mut Limited) {
        for (place, bound) in &self.limits {
            limits[*place] = limits[*place].min(*bound);
            for (limit, term) in limits.iter_mut().zip(terms) {
                if let Measure::Response { of, aspect: Aspect::Unsettled } = term.measure
                    && is_of_times(&terms[*place], terms, of)
                {
                    *limit = limit.min(SETTLED);
                }
            }
        }
        for (place, bound) in &self.certificate {
            let tighter =
                |known: f64| if LIMITS[*place].is_most { known.min(*bound) } else { known.max(*bound) };
            certificate[*place] = Some(certificate[*place].map_or(*bound, tighter));
        }
    }
}

/// What a relation asks for.
enum Asked {
    Limit(usize, f64),
    Figure(usize, f64),
    Own(Term, f64),
}

impl Asked {
    fn read(text: &str, terms: &[Term]) -> Result<Self, Refusal> {
        let refuse = |problem: &str, remedy: String| Refusal {
            problem: format!("\"{}\" {problem}", text.escape_debug()),
            remedy,
        };
        let figures: Vec<&str> = (0..LIMITS.len()).map(figure).collect();
        let names: Vec<&str> = terms.iter().map(|term| term.name).chain(figures.iter().copied()).collect();
        let relation = model::relation(text, &names)
            .map_err(|error| Refusal { problem: error.marked(text), remedy: error.remedy })?;
        let comparison = relation.comparison;
        let linear = Linear::of(&relation, &vec![1.0..2.0; names.len()]);
        let alone = linear.and_then(|linear| {
            let mut weighed = linear.weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
            let (place, weight) = weighed.next().filter(|_| comparison != Comparison::Equal)?;
            weighed.next().is_none().then(|| (place, -linear.constant / weight, *weight < 0.0))
        });
        match alone {
            Some((place, bound, is_most)) if place >= terms.len() => {
                let limit = &LIMITS[place - terms.len()];
                let (name, range) = (figures[place - terms.len()], limit.parameter);
                if limit.is_most != is_most {
                    let way = if limit.is_most { "<=" } else { ">=" };
                    return Err(refuse("bounds it the wrong way", format!("allowed: {name} {way} a number")));
                }
                if !range.allows(bound) {
                    return Err(refuse("is out of range", format!("allowed: {}", range.allowed())));
                }
                Ok(Self::Figure(place - terms.len(), bound))
            }
            Some((place, bound, true)) if (1e-12..=1e12).contains(&bound) => Ok(Self::Limit(place, bound)),
            _ if is_about(text, &figures) => Err(refuse(
                "names a figure of the certificate beside others",
                "allowed: a figure of the certificate against a number, such as phase_margin >= 45".into(),
            )),
            _ => Ok(Self::own(text, relation.at, comparison)),
        }
    }

    /// A term that is at most its bound where the relation holds.
    fn own(text: &str, at: usize, comparison: Comparison) -> Self {
        let signs = text[at..].chars().take_while(|c| "<>=≤≥".contains(*c));
        let (left, right) = (&text[..at], &text[at + signs.map(char::len_utf8).sum::<usize>()..]);
        let grows = text[at..].starts_with(['>', '≥']);
        let (expression, bound) = match comparison {
            Comparison::Equal => (format!("1 + abs(({left}) - ({right}))"), 1.0 + EQUAL),
            _ if grows => (format!("1 - (({left}) - ({right}))"), 1.0),
            _ => (format!("1 - (({right}) - ({left}))"), 1.0),
        };
        Self::Own(Term::at_the_end("", expression), bound)
    }
}

fn is_about(text: &str, figures: &[&str]) -> bool {
    model::names(text).unwrap_or_default().iter().any(|(_, name)| figures.contains(&name.as_str()))
}
