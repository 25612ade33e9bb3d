//! The hypervolume: the measure of what a set of points dominates, up to a reference point (Zitzler & Thiele 1999,
//! doi:10.1109/4235.797969).
//!
//! With it, for each point, what that point alone dominates: by how much the whole falls without it. Both come exactly from one sweep
//! through the dimensions, as that of Fonseca, Paquete & López-Ibáñez 2006, doi:10.1109/CEC.2006.1688440: in slices along the
//! last objective, in each of them in slices along the one before, and in a plane in strips between neighbours along the first objective.
//! In a strip, the lowest point so far dominates what lies above it, and alone what lies between it and the second lowest. That
//! takes n log n steps for n points in two objectives, at most n²/2 in three and n³/6 in four.

use super::costs::OBJECTIVES_MAX;
use crate::{Error, memory};

/// A point in the space of objectives; coordinates beyond their number are not looked at.
pub type Point = [f64; OBJECTIVES_MAX];

/// Room for measuring so many points.
#[derive(Debug, Clone)]
pub struct Hypervolume {
    objectives: usize,
    /// The points in the order of the first objective, of the third and of the fourth.
    across: Vec<usize>,
    upwards: Vec<usize>,
    onwards: Vec<usize>,
    /// The place of each point in `across`.
    places: Box<[usize]>,
    /// Which points belong to the present slice along the fourth objective.
    is_in: Box<[bool]>,
    /// The points of the present slice along the third objective, in the order of the first.
    slice: Vec<usize>,
}

/// What has been summed up.
struct Sums<'a> {
    alone: &'a mut [f64],
    total: f64,
}

impl Hypervolume {
    /// Room for `count` points in two to four objectives.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// When there are fewer objectives or more.
    pub fn new(objectives: usize, count: usize) -> Result<Self, Error> {
        assert!((2..=OBJECTIVES_MAX).contains(&objectives), "two to {OBJECTIVES_MAX} objectives");
        let what = "the hypervolume (kept points)";
        Ok(Self {
            objectives,
            across: memory::empty(what, count)?,
            upwards: memory::empty(what, count)?,
            onwards: memory::empty(what, count)?,
            places: memory::filled(what, count, 0)?,
            is_in: memory::filled(what, count, false)?,
            slice: memory::empty(what, count)?,
        })
    }

    /// The measure of all that the points dominate within the reference point; `alone` becomes what each of them alone does. A point that is
    /// not better than the reference in every objective adds nothing.
    ///
    /// # Allocation
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// When there are more points than there is room for, or another number of them in `alone`.
    pub fn measure(&mut self, points: &[Point], reference: &Point, alone: &mut [f64]) -> f64 {
        assert_eq!(points.len(), alone.len(), "a number for each point");
        assert!(points.len() <= self.places.len(), "room for the points");
        alone.fill(0.0);
        let mut sums = Sums { alone, total: 0.0 };
        let is_within = |point: &Point| (0..self.objectives).all(|k| point[k] < reference[k]);
        self.across.clear();
        self.across.extend((0..points.len()).filter(|i| is_within(&points[*i])));
        let by =
            |k: usize| move |a: &usize, b: &usize| points[*a][k].total_cmp(&points[*b][k]).then(a.cmp(b));
        self.across.sort_unstable_by(by(0));
        if self.objectives == 2 {
            strips(points, &self.across, reference, 1.0, &mut sums);
            return sums.total;
        }
        for (place, i) in self.across.iter().enumerate() {
            self.places[*i] = place;
        }
        self.upwards.clone_from(&self.across);
        self.upwards.sort_unstable_by(by(2));
        if self.objectives == 3 {
            self.is_in.fill(true);
            self.slices(points, reference, 1.0, &mut sums);
            return sums.total;
        }
        self.is_in.fill(false);
        self.onwards.clone_from(&self.across);
        self.onwards.sort_unstable_by(by(3));
        for l in 0..self.onwards.len() {
            let from = self.onwards[l];
            self.is_in[from] = true;
            let to = self.onwards.get(l + 1).map_or(reference[3], |next| points[*next][3]);
            if to > points[from][3] {
                self.slices(points, reference, to - points[from][3], &mut sums);
            }
        }
        sums.total
    }

    /// Sums up what is dominated in three objectives, `size` times, by the points that are in.
    fn slices(&mut self, points: &[Point], reference: &Point, size: f64, sums: &mut Sums<'_>) {
        self.slice.clear();
        let mut from = reference[2];
        for i in self.upwards.iter().copied().filter(|i| self.is_in[*i]) {
            let to = points[i][2];
            if to > from {
                strips(points, &self.slice, reference, size * (to - from), sums);
            }
            from = to;
            let place = self.slice.partition_point(|other| self.places[*other] < self.places[i]);
            self.slice.insert(place, i);
        }
        strips(points, &self.slice, reference, size * (reference[2] - from), sums);
    }
}

/// Sums up what is dominated in two objectives, `size` times, by points in the order of the first.
fn strips(points: &[Point], across: &[usize], reference: &Point, size: f64, sums: &mut Sums<'_>) {
    let Some((first, others)) = across.split_first() else { return };
    let mut sum = |owner: usize, to: f64, from: f64, second: f64| {
        let width = size * (to - from);
        sums.alone[owner] += width * (second - points[owner][1]);
        sums.total += width * (reference[1] - points[owner][1]);
    };
    let (mut owner, mut from, mut second) = (*first, points[*first][0], reference[1]);
    for i in others {
        let [x, y, ..] = points[*i];
        if y >= second {
            continue;
        }
        sum(owner, x, from, second);
        from = x;
        if y < points[owner][1] {
            (owner, second) = (*i, points[owner][1]);
        } else {
            second = y;
        }
    }
    sum(owner, reference[0], from, second);
}
