//! The map of a control period over all that a loop carries, the contents of its delay lines included, and its eigenvalues.
//!
//! The law acts in the first step of a period, and what it says is held over the others. A delay line of d steps holds d numbers, the newest first.

use super::complex::Complex;
use super::dense::{self, System};
use super::equilibrium::{Moving, Pace};
use super::response::{self, Margins, Motion, Response};
use super::{EIGENVALUES_MAX, Eigenvalue, Spectrum};

/// Eigenvalues of a smaller magnitude count as 0: their motion is over after a period.
const OVER: f64 = 1e-9;
/// Frequencies that are looked at, at most.
const FREQUENCIES_MAX: usize = 6000;

/// Room for the map of a period.
pub(super) struct Period {
    /// How many rows there is room for.
    most: usize,
    /// What moves, and in the end its part that some way in moves and that moves some way out.
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
    /// The order of that part.
    n: usize,
    h: Vec<f64>,
    state: Vec<f64>,
    after: Vec<f64>,
    kept: Vec<usize>,
    re: Vec<f64>,
    im: Vec<f64>,
    /// How many eigenvalues there are; those of the part stand first.
    pub(super) count: usize,
    room: Vec<Complex>,
    omegas: Vec<f64>,
}

impl Period {
    /// With room for so many rows and ways in and out.
    pub(super) fn new(most: usize, variables: usize, ways: usize) -> Self {
        let zeros = |count: usize| vec![0.0; count];
        Self {
            most,
            a: zeros(most * most),
            b: zeros(most * ways),
            c: zeros(most * ways),
            n: 0,
            h: zeros(most * most),
            state: zeros(2 * most),
            after: zeros(variables),
            kept: Vec::with_capacity(most),
            re: zeros(most),
            im: zeros(most),
            count: 0,
            room: vec![Complex::default(); (most * (most + 1)).max(variables * (variables + 1))],
            omegas: Vec::with_capacity(FREQUENCIES_MAX),
        }
    }

    /// Makes the map of a period of a loop that has been linearised, and its eigenvalues; false where they cannot be found.
    pub(super) fn map(&mut self, moving: &Moving, pace: Pace) -> bool {
        let lines: usize = (0..moving.of.delays.len()).map(|line| moving.held(line)).sum();
        let full = moving.of.moving.len() + lines;
        if full > self.most {
            return false;
        }
        let ways = moving.of.ways();
        for column in 0..full + ways {
            self.state[..full].fill(0.0);
            if column < full {
                self.state[column] = 1.0;
            }
            for step in 0..pace.steps {
                let way = column.checked_sub(full).filter(|_| step == 0);
                self.advance(moving, usize::from(step > 0), way);
            }
            for row in 0..full {
                match column.checked_sub(full) {
                    None => self.a[row * full + column] = self.state[row],
                    Some(way) => self.b[way * full + row] = self.state[row],
                }
            }
        }
        self.say(moving, full);
        self.take_apart(full, ways);
        self.find_eigenvalues(ways)
    }

    /// A step of the linearised loop.
    fn advance(&mut self, moving: &Moving, which: usize, way: Option<usize>) {
        let (k, own) = (moving.order(), moving.of.moving.len());
        let rows = moving.steps[which].chunks_exact(k);
        for (row, (after, slopes)) in self.after.iter_mut().zip(rows).enumerate() {
            let mut sum: f64 = slopes[..own].iter().zip(&self.state).map(|(slope, x)| slope * x).sum();
            let mut at = own;
            for (line, slope) in slopes[own..].iter().enumerate() {
                let held = moving.held(line);
                if held > 0 {
                    sum += slope * self.state[at + held - 1];
                }
                at += held;
            }
            *after = sum + way.map_or(0.0, |way| moving.ins[way * k + row]);
        }
        self.state[..own].copy_from_slice(&self.after[..own]);
        let mut at = own;
        for line in 0..k - own {
            let held = moving.held(line);
            if held > 0 {
                self.state.copy_within(at..at + held - 1, at + 1);
                self.state[at] = self.after[own + line];
            }
            at += held;
        }
    }

    /// The ways out by all that moves.
    fn say(&mut self, moving: &Moving, full: usize) {
        let (k, own) = (moving.order(), moving.of.moving.len());
        for (row, said) in
            self.c[..moving.of.ways() * full].chunks_exact_mut(full).zip(moving.outs.chunks_exact(k))
        {
            row.fill(0.0);
            row[..own].copy_from_slice(&said[..own]);
            let mut at = own;
            for (line, slope) in said[own..].iter().enumerate() {
                at += moving.held(line);
                if moving.held(line) > 0 {
                    row[at - 1] = *slope;
                }
            }
        }
    }

    /// Removes what no way in moves, or what moves no way out, one after the other: each is an eigenvalue by itself.
    /// What nothing moves and stays as it is put is a constant and has none.
    fn take_apart(&mut self, full: usize, ways: usize) {
        self.kept.clear();
        self.kept.extend(0..full);
        let mut alone = full;
        let is_zero = |rows: &[f64], at: usize| (0..ways).all(|way| rows[way * full + at] == 0.0);
        loop {
            let others = |i: usize| self.kept.iter().filter(move |j| **j != i);
            let is_alone = |i: &usize| {
                let is_moved = !is_zero(&self.b, *i) || others(*i).any(|j| self.a[i * full + j] != 0.0);
                let moves = !is_zero(&self.c, *i) || others(*i).any(|j| self.a[j * full + i] != 0.0);
                !is_moved || !moves
            };
            let Some(place) = self.kept.iter().position(is_alone) else { break };
            let i = self.kept[place];
            let own = self.a[i * full + i];
            #[allow(clippy::float_cmp, reason = "what stays as it is has a slope of exactly 1")]
            let stands =
                own == 1.0 && is_zero(&self.b, i) && (0..full).all(|j| j == i || self.a[i * full + j] == 0.0);
            self.kept.remove(place);
            if !stands {
                alone -= 1;
                (self.re[alone], self.im[alone]) = (own, 0.0);
            }
        }
        let n = self.kept.len();
        for row in 0..n {
            for column in 0..n {
                self.a[row * n + column] = self.a[self.kept[row] * full + self.kept[column]];
            }
        }
        for way in 0..ways {
            for row in 0..n {
                self.b[way * n + row] = self.b[way * full + self.kept[row]];
                self.c[way * n + row] = self.c[way * full + self.kept[row]];
            }
        }
        self.n = n;
        // Those that are alone behind those of the rest.
        self.re.copy_within(alone..full, n);
        self.im[n..n + full - alone].fill(0.0);
        self.count = n + full - alone;
    }

    fn find_eigenvalues(&mut self, ways: usize) -> bool {
        let n = self.n;
        let mut system =
            System { n, a: &mut self.a[..n * n], b: &mut self.b[..ways * n], c: &mut self.c[..ways * n] };
        system.balance();
        system.turn(&mut self.state);
        self.h[..n * n].copy_from_slice(&self.a[..n * n]);
        dense::eigenvalues(&mut self.h, n, &mut self.re, &mut self.im)
    }

    fn eigenvalues(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.re[..self.count].iter().copied().zip(self.im[..self.count].iter().copied())
    }

    /// The largest magnitude of an eigenvalue.
    pub(super) fn radius(&self) -> f64 {
        self.eigenvalues().map(|(re, im)| re.hypot(im)).fold(0.0, f64::max)
    }

    /// The eigenvalues as those of continuous time, the largest real part first, as many as are shown.
    pub(super) fn spectrum(&self, period: f64) -> Spectrum {
        let mut shown = [Eigenvalue { re: 0.0, im: 0.0 }; EIGENVALUES_MAX];
        let mut count = 0;
        for (re, im) in self.eigenvalues() {
            let size = re.hypot(im);
            if size <= OVER {
                continue;
            }
            let value = Eigenvalue { re: libm::log(size) / period, im: libm::atan2(im, re) / period };
            let is_before = |other: &Eigenvalue| {
                other.re.total_cmp(&value.re).then(other.im.total_cmp(&value.im)).is_ge()
            };
            let place = shown[..count].iter().take_while(|other| is_before(other)).count();
            if place < EIGENVALUES_MAX {
                count = (count + 1).min(EIGENVALUES_MAX);
                shown.copy_within(place..count - 1, place + 1);
                shown[place] = value;
            }
        }
        Spectrum::of(&shown[..count])
    }

    /// The margins of the loops, each broken with the others closed.
    pub(super) fn margins(&mut self, moving: &Moving, pace: Pace) -> Margins {
        let omegas = self.frequencies(pace);
        let mut least = Margins::NONE;
        for probe in 0..moving.of.probes {
            let mut of = self.loop_response(moving, pace, probe);
            least = least.least(response::margins(&mut |omega| of.at(omega), &omegas).margins);
        }
        self.omegas = omegas;
        least
    }

    /// The slowest motion, in rad/s: the smallest size of an eigenvalue as that of continuous time.
    pub(super) fn slowest(&self, pace: Pace) -> f64 {
        let motions = self.eigenvalues().take(self.n).map(|(re, im)| (re.hypot(im), libm::atan2(im, re)));
        let motions = motions.filter(|(size, _)| *size > OVER);
        let sizes = motions.map(|(size, angle)| libm::log(size).hypot(angle) / pace.period());
        sizes.fold(std::f64::consts::PI / pace.period(), f64::min)
    }

    /// The frequencies in rad/s of lightly damped motions, those first that die out last.
    pub(super) fn resonances(&self, pace: Pace) -> Vec<f64> {
        const MOST: usize = 40;
        let motions = self.eigenvalues().take(self.n).map(|(re, im)| (re.hypot(im), libm::atan2(im, re)));
        let motions = motions.map(|(size, angle)| (-libm::log(size.max(1e-300)), angle));
        let mut light: Vec<(f64, f64)> =
            motions.filter(|(decay, angle)| *angle > 0.0 && *decay < 0.3 * angle).collect();
        light.sort_by(|a, b| a.0.total_cmp(&b.0));
        light.into_iter().take(MOST).map(|(_, angle)| angle / pace.period()).collect()
    }

    /// The frequencies that are looked at, in room that is given back.
    pub(super) fn frequencies(&mut self, pace: Pace) -> Vec<f64> {
        let mut omegas = std::mem::take(&mut self.omegas);
        response::frequencies(&mut omegas, self.eigenvalues().take(self.n), self.n, pace.period());
        omegas
    }

    /// S of a loop, which is broken at its probe.
    pub(super) fn loop_response<'a>(
        &'a mut self,
        moving: &'a Moving,
        pace: Pace,
        probe: usize,
    ) -> Response<'a> {
        let mut of = self.response(moving, pace, [probe, probe]);
        of.direct += 1.0;
        of
    }

    /// The frequency response from one way into the loop to one out of it.
    pub(super) fn response<'a>(
        &'a mut self,
        moving: &'a Moving,
        pace: Pace,
        [way_in, out]: [usize; 2],
    ) -> Response<'a> {
        let (n, period, room) = (self.n, pace.period(), &mut self.room[..]);
        let direct = moving.direct[moving.of.ways() * out + way_in];
        let of = if pace.steps == 1 {
            Motion::Step { moving, way_in, out }
        } else {
            let [b, c] = [(&self.b, way_in), (&self.c, out)].map(|(rows, way)| &rows[way * n..][..n]);
            Motion::Period { n, a: &self.a[..n * n], b, c }
        };
        Response { of, direct, room, period }
    }
}
