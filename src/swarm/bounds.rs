//! What happens to a particle that would leave the box.

use crate::draw::Draw;
use crate::registry::Member;

/// What happens to a coordinate beyond its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// It stops at the bound and turns back at half its speed (Clerc 2012, hal-00764996).
    Absorb,
    /// It is mirrored at the bound, as often as it takes.
    Reflect,
    /// It is drawn anew, and rests there.
    Resample,
    /// It comes in again at the other side.
    Periodic,
}

impl Member for Bounds {
    const ALL: &'static [Self] = &[Self::Absorb, Self::Reflect, Self::Resample, Self::Periodic];

    fn name(self) -> &'static str {
        match self {
            Self::Absorb => "absorb",
            Self::Reflect => "reflect",
            Self::Resample => "resample",
            Self::Periodic => "periodic",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Absorb => "stops at the bound and turns back at half its speed",
            Self::Reflect => "is mirrored at the bound",
            Self::Resample => "is drawn anew and rests",
            Self::Periodic => "comes in again at the other side",
        }
    }
}

impl Bounds {
    /// Moves a coordinate of the unit cube along its velocity.
    pub(super) fn fly(self, u: &mut f64, velocity: &mut f64, draw: &mut Draw) {
        *u += *velocity;
        if (0.0..=1.0).contains(u) {
            return;
        }
        match self {
            Self::Absorb => {
                *u = if *u > 1.0 { 1.0 } else { 0.0 };
                *velocity *= -0.5;
            }
            Self::Reflect => {
                // The mirrored path repeats after twice the width of the box; on its second half the coordinate runs backwards.
                let way = u.rem_euclid(2.0);
                let back = way > 1.0;
                *u = if back { 2.0 - way } else { way };
                *velocity = if back { -*velocity } else { *velocity };
            }
            Self::Resample => {
                *u = draw.uniform();
                *velocity = 0.0;
            }
            Self::Periodic => *u = u.rem_euclid(1.0),
        }
    }
}
