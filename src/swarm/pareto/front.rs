//! The archive: the best trade-offs found so far, a bounded number of them.
//!
//! A new point enters unless a kept one is as good in everything, and what it dominates goes. When the archive is full, the point goes that
//! adds least to the hypervolume (SMS-EMOA; Beume, Naujoks & Emmerich 2007, doi:10.1016/j.ejor.2006.08.008), measured where the kept
//! points span the unit cube, up to a reference point at 1.1. For each objective a best point always stays, so that the ends
//! of the front are those of tuning for one objective. While nothing feasible is known, the least violating point alone is kept.

use std::cmp::Ordering;
use std::ops::Range;

use super::costs::{Costs, OBJECTIVES_MAX};
use super::hypervolume::{Hypervolume, Point};
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};

/// The reference point in each objective, where the kept points reach from 0 to 1.
const REFERENCE: f64 = 1.1;

/// In how many ways points are found.
pub(super) const WAYS: usize = 3;

/// The kept points; there is room for one more than are kept, which comes or goes.
#[derive(Debug, Clone)]
pub struct Front {
    dimensions: usize,
    objectives: usize,
    kept: usize,
    cubes: Box<[f64]>,
    costs: Box<[Costs]>,
    origins: Box<[Origin]>,
    /// The costs where the kept points span the unit cube.
    scaled: Box<[Point]>,
    /// What each point alone adds to the hypervolume of `scaled`.
    gains: Box<[f64]>,
    /// A best point of each objective.
    ends: [usize; OBJECTIVES_MAX],
    hypervolume: Hypervolume,
    room: Box<[f64]>,
}

/// Where a kept point comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The generation that found it.
    pub(super) generation: u64,
    /// Which move found it; from [`WAYS`] on, the scout of an objective.
    pub(super) way: usize,
}

impl Front {
    /// An empty archive for `capacity` points.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// When there are fewer than two objectives or more than four, or fewer points than objectives.
    pub(super) fn new(dimensions: usize, objectives: usize, capacity: usize) -> Result<Self, Error> {
        assert!(capacity >= objectives, "a point for each end of the front");
        let what = "the archive (kept points)";
        let room = capacity.saturating_add(1);
        Ok(Self {
            dimensions,
            objectives,
            kept: 0,
            cubes: memory::filled(what, room.saturating_mul(dimensions), 0.0)?,
            costs: memory::filled(what, room, Costs::WORST)?,
            origins: memory::filled(what, room, Origin::default())?,
            scaled: memory::filled(what, room, [0.0; OBJECTIVES_MAX])?,
            gains: memory::filled(what, room, 0.0)?,
            ends: [0; OBJECTIVES_MAX],
            hypervolume: Hypervolume::new(objectives, room)?,
            room: memory::filled(what, room, 0.0)?,
        })
    }

    /// How many points are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept
    }

    /// Whether nothing was found yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// What the kept points cost, in no order.
    #[must_use]
    pub fn costs(&self) -> &[Costs] {
        &self.costs[..self.kept]
    }

    /// Where a kept point lies in the unit cube.
    #[must_use]
    pub fn cube(&self, point: usize) -> &[f64] {
        &self.cubes[self.row(point)]
    }

    /// For each objective, a point that is best in it.
    #[must_use]
    pub fn ends(&self) -> &[usize] {
        &self.ends[..if self.is_empty() { 0 } else { self.objectives }]
    }

    /// The measure of what the kept points dominate within a reference point, in the units of the objectives; 0 while none is feasible.
    ///
    /// # Panics
    ///
    /// When the reference has not a coordinate an objective.
    pub fn hypervolume(&mut self, reference: &[f64]) -> f64 {
        if !self.is_feasible() {
            return 0.0;
        }
        let mut corner = [0.0; OBJECTIVES_MAX];
        corner[..self.objectives].copy_from_slice(reference);
        for (scaled, costs) in self.scaled.iter_mut().zip(&self.costs[..self.kept]) {
            *scaled = costs.values;
        }
        let total = self.hypervolume.measure(&self.scaled[..self.kept], &corner, &mut self.room[..self.kept]);
        self.scale();
        total
    }

    /// The knee: the point that lies farthest, towards the better, from the line or plane through the ends, where the kept
    /// points span the unit cube (Das 1999, *On characterizing the "knee" of the Pareto curve based on normal-boundary intersection*,
    /// Structural Optimization 18). Where the ends span no plane, that through the worst of each objective. `None` while nothing
    /// is kept.
    #[must_use]
    pub fn knee(&self) -> Option<usize> {
        let normal = self.normal();
        let height = |point: &usize| {
            let along: f64 = normal.iter().zip(&self.scaled[*point]).map(|(n, cost)| n * cost).sum();
            1.0 - along
        };
        (0..self.kept).max_by(|a, b| height(a).total_cmp(&height(b)).then(b.cmp(a)))
    }

    /// How far the kept points reach in an objective; 0 while none is feasible.
    pub(super) fn width(&self, objective: usize) -> f64 {
        let along = || self.costs().iter().map(|costs| costs.values[objective]);
        if !self.is_feasible() {
            return 0.0;
        }
        along().fold(f64::NEG_INFINITY, f64::max) - along().fold(f64::INFINITY, f64::min)
    }

    /// Which of two points is worth more to the front: the ends most, others as they add to the hypervolume.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        let is_end = |point: usize| self.ends().contains(&point);
        is_end(a).cmp(&is_end(b)).then(self.gains[a].total_cmp(&self.gains[b]))
    }

    /// What the points of a generation that one way of moving found add to the hypervolume, one by one.
    pub(super) fn gain(&self, origin: Origin) -> f64 {
        let points = self.origins[..self.kept].iter().zip(&self.gains);
        points.filter(|(other, _)| **other == origin).map(|(_, gain)| gain).sum()
    }

    /// Takes a point in, if it is any better than what is kept. [`Front::weigh`] must follow before others look at the worth of points.
    pub(super) fn offer(&mut self, cube: &[f64], costs: &Costs, origin: Origin) {
        if !costs.is_valid() || self.costs().iter().any(|kept| kept.covers(costs)) {
            return;
        }
        for point in (0..self.kept).rev() {
            if costs.covers(&self.costs[point]) {
                self.remove(point);
            }
        }
        let row = self.row(self.kept);
        self.cubes[row].copy_from_slice(cube);
        (self.costs[self.kept], self.origins[self.kept]) = (*costs, origin);
        self.kept += 1;
        if self.kept == self.costs.len() {
            self.weigh();
            let least = (0..self.kept).min_by(|a, b| self.compare(*a, *b).then(a.cmp(b)));
            self.remove(least.unwrap_or_default());
        }
    }

    /// Keeps what another archive of the same size keeps.
    pub(super) fn copy(&mut self, other: &Self) {
        self.kept = other.kept;
        self.cubes.copy_from_slice(&other.cubes);
        self.costs.copy_from_slice(&other.costs);
        self.origins.copy_from_slice(&other.origins);
        self.weigh();
    }

    /// Finds out what each point is worth.
    pub(super) fn weigh(&mut self) {
        self.scale();
        let corner = [REFERENCE; OBJECTIVES_MAX];
        let _ = self.hypervolume.measure(&self.scaled[..self.kept], &corner, &mut self.gains[..self.kept]);
        for k in 0..self.objectives {
            // Of several that are as good, the one that adds most.
            let best = (0..self.kept).min_by(|a, b| {
                let of = |point: usize| self.costs[point].values[k];
                of(*a).total_cmp(&of(*b)).then(self.gains[*b].total_cmp(&self.gains[*a]))
            });
            self.ends[k] = best.unwrap_or_default();
        }
    }

    /// Whether the kept points are feasible: all are, or none is.
    fn is_feasible(&self) -> bool {
        self.costs().first().is_some_and(Costs::is_feasible)
    }

    /// Scales the costs of the kept points to the unit cube.
    fn scale(&mut self) {
        let (costs, scaled) = (&self.costs[..self.kept], &mut self.scaled[..self.kept]);
        for k in 0..self.objectives {
            // A quarter, so that no difference overflows.
            let of = |costs: &Costs| 0.25 * costs.values[k];
            let low = costs.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = costs.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            for (scaled, costs) in scaled.iter_mut().zip(costs) {
                scaled[k] = if high > low { (of(costs) - low) / (high - low) } else { 0.0 };
            }
        }
    }

    /// n for which n·c = 1 on the plane through the scaled ends; all 1 where there is no such plane.
    fn normal(&self) -> Point {
        const SMALLEST_PIVOT: f64 = 1e-9;
        let m = self.objectives;
        let mut rows = [[0.0; OBJECTIVES_MAX + 1]; OBJECTIVES_MAX];
        for (row, end) in rows.iter_mut().zip(self.ends()) {
            row[..m].copy_from_slice(&self.scaled[*end][..m]);
            row[m] = 1.0;
        }
        // Gauss and Jordan, with pivots from the rows below.
        for k in 0..m {
            let pivot = (k..m).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs())).unwrap_or(k);
            rows.swap(k, pivot);
            let line = rows[k];
            if line[k].abs() < SMALLEST_PIVOT {
                return [1.0; OBJECTIVES_MAX];
            }
            for (i, row) in rows.iter_mut().enumerate().take(m) {
                let factor = if i == k { 1.0 - 1.0 / line[k] } else { row[k] / line[k] };
                for (entry, of_line) in row.iter_mut().zip(&line) {
                    *entry -= factor * of_line;
                }
            }
        }
        let mut normal = [0.0; OBJECTIVES_MAX];
        for (n, row) in normal.iter_mut().zip(&rows).take(m) {
            *n = row[m];
        }
        normal
    }

    /// The last point takes the place of one that goes.
    fn remove(&mut self, point: usize) {
        self.kept -= 1;
        let last = self.row(self.kept);
        self.cubes.copy_within(last, point * self.dimensions);
        self.costs[point] = self.costs[self.kept];
        self.origins[point] = self.origins[self.kept];
    }

    fn row(&self, point: usize) -> Range<usize> {
        point * self.dimensions..(point + 1) * self.dimensions
    }
}

impl Persist for Front {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let room = self.costs.len();
        archive.index(&mut self.kept, room)?;
        archive.f64s(&mut self.cubes)?;
        self.costs.iter_mut().try_for_each(|costs| costs.pass(archive))?;
        for Origin { generation, way } in &mut self.origins {
            archive.u64(generation)?;
            archive.index(way, WAYS + OBJECTIVES_MAX)?;
        }
        // Made anew, not saved.
        self.weigh();
        Ok(())
    }
}
