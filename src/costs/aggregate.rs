//! How the costs of a gain vector in its scenarios become one.
//!
//! Every aggregate is monotone: it never falls when the cost in a scenario rises. The weights of the scenarios sum up to 1.
//!
//! | aggregate | value |
//! |---|---|
//! | `mean` | Σ w·c |
//! | `worst` | max c |
//! | `mean_max` | mean·Σ w·c + worst·max c |
//! | `cvar` | the mean of the worst share alpha, by weight (Rockafellar & Uryasev 2000, doi:10.21314/JOR.2000.038) |
//! | `quantile` | the smallest c that a share of at least quantile, by weight, does not exceed |

use crate::registry::Member;

/// The kinds of aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// Σ w·c.
    Mean,
    /// max c.
    Worst,
    /// A sum of both.
    MeanMax,
    /// The mean of the worst share.
    Cvar,
    /// What a share does not exceed.
    Quantile,
}

impl Member for AggregateKind {
    const ALL: &'static [Self] = &[Self::Mean, Self::Worst, Self::MeanMax, Self::Cvar, Self::Quantile];

    fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Worst => "worst",
            Self::MeanMax => "mean_max",
            Self::Cvar => "cvar",
            Self::Quantile => "quantile",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Mean => "weighted mean over the scenarios",
            Self::Worst => "largest cost in any scenario",
            Self::MeanMax => "mean times the weighted mean plus worst times the largest cost",
            Self::Cvar => "mean of the worst share alpha of the scenarios",
            Self::Quantile => "cost that a share of the scenarios does not exceed",
        }
    }
}

/// An aggregate with its shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate {
    /// Which one.
    pub kind: AggregateKind,
    /// The share of the mean in `mean_max`.
    pub mean: f64,
    /// The share of the largest in `mean_max`.
    pub worst: f64,
    /// The worst share that `cvar` looks at.
    pub alpha: f64,
    /// The share that `quantile` looks at.
    pub quantile: f64,
}

/// A cost and the weight of its scenario.
pub type Weighed = (f64, f64);

impl Aggregate {
    /// The aggregate of costs; sorts them where it needs their order.
    #[must_use]
    pub fn of(&self, costs: &mut [Weighed]) -> f64 {
        let mean = |costs: &[Weighed]| costs.iter().map(|(cost, weight)| cost * weight).sum::<f64>();
        let worst = |costs: &[Weighed]| costs.iter().map(|(cost, _)| *cost).fold(0.0, f64::max);
        match self.kind {
            AggregateKind::Mean => mean(costs),
            AggregateKind::Worst => worst(costs),
            AggregateKind::MeanMax => self.mean * mean(costs) + self.worst * worst(costs),
            AggregateKind::Cvar => {
                costs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
                let (mut left, mut sum) = (self.alpha, 0.0);
                for (cost, weight) in costs.iter() {
                    let part = weight.min(left);
                    sum += cost * part;
                    left -= part;
                }
                sum / (self.alpha - left.max(0.0))
            }
            AggregateKind::Quantile => {
                costs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
                let mut below = 0.0;
                let reached = costs.iter().find(|(_, weight)| {
                    below += weight;
                    // The weights sum up to 1 but for rounding.
                    below >= self.quantile * (1.0 - 1e-12)
                });
                reached.or(costs.last()).map_or(0.0, |(cost, _)| *cost)
            }
        }
    }

    /// A lower bound of the aggregate a unit of cost in one scenario, whatever the other scenarios cost.
    #[must_use]
    pub fn leverage(&self, weight: f64) -> f64 {
        match self.kind {
            AggregateKind::Mean => weight,
            AggregateKind::Worst => 1.0,
            AggregateKind::MeanMax => self.mean * weight + self.worst,
            AggregateKind::Cvar => (weight / self.alpha).min(1.0),
            AggregateKind::Quantile => f64::from(u8::from(weight > 1.0 - self.quantile * (1.0 - 1e-12))),
        }
    }
}
