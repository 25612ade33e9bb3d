//! The map of a control period over all that a loop carries, the contents of its delay lines included, and its eigenvalues.
//!
//! The law acts in the first step of a period, and what it says is held over the others. A delay line of d steps holds d numbers, the newest first.

use super::dense::{self, System};
use super::equilibrium::{Moving, Pace};
use super::response::{self, Complex, DelayResponse, Margins, PeriodResponse};
use super::{EIGENVALUES_MAX, Eigenvalue, Spectrum};

/// Eigenvalues of a smaller magnitude count as 0: their motion is over after a period.
const OVER: f64 = 1e-9;
/// Frequencies that are looked at, at most.
const FREQUENCIES_MAX: usize = 6000;

/// Room for the map of a period.
pub(super) struct Period {
    /// How many rows there is room for.
    most: usize,
    /// What moves, and in the end its part that the probes move and that moves what the law says.
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
    /// With room for so many rows and probes.
    pub(super) fn new(most: usize, variables: usize, probes: usize) -> Self {
        let zeros = |count: usize| vec![0.0; count];
        Self {
            most,
            a: zeros(most * most),
            b: zeros(most * probes),
            c: zeros(most * probes),
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
        let probes = moving.of.probes;
        for column in 0..full + probes {
            self.state[..full].fill(0.0);
            if column < full {
                self.state[column] = 1.0;
            }
            for step in 0..pace.steps {
                let probe = column.checked_sub(full).filter(|_| step == 0);
                self.advance(moving, usize::from(step > 0), probe);
            }
            for row in 0..full {
                match column.checked_sub(full) {
                    None => self.a[row * full + column] = self.state[row],
                    Some(probe) => self.b[probe * full + row] = self.state[row],
                }
            }
        }
        self.say(moving, full);
        self.take_apart(full, probes);
        self.find_eigenvalues(probes)
    }

    /// A step of the linearised loop.
    fn advance(&mut self, moving: &Moving, which: usize, probe: Option<usize>) {
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
            *after = sum + probe.map_or(0.0, |probe| moving.probes[probe * k + row]);
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

    /// The law's outputs by all that moves.
    fn say(&mut self, moving: &Moving, full: usize) {
        let (k, own) = (moving.order(), moving.of.moving.len());
        for (row, said) in
            self.c[..moving.of.probes * full].chunks_exact_mut(full).zip(moving.said.chunks_exact(k))
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

    /// Removes what the probes do not move, or what does not move the law's outputs, one after the other: each is an eigenvalue by itself.
    /// What nothing moves and stays as it is put is a constant and has none.
    fn take_apart(&mut self, full: usize, probes: usize) {
        self.kept.clear();
        self.kept.extend(0..full);
        let mut alone = full;
        let is_zero = |rows: &[f64], at: usize| (0..probes).all(|probe| rows[probe * full + at] == 0.0);
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
        for probe in 0..probes {
            for row in 0..n {
                self.b[probe * n + row] = self.b[probe * full + self.kept[row]];
                self.c[probe * n + row] = self.c[probe * full + self.kept[row]];
            }
        }
        self.n = n;
        // Those that are alone behind those of the rest.
        self.re.copy_within(alone..full, n);
        self.im[n..n + full - alone].fill(0.0);
        self.count = n + full - alone;
    }

    fn find_eigenvalues(&mut self, probes: usize) -> bool {
        let n = self.n;
        let mut system =
            System { n, a: &mut self.a[..n * n], b: &mut self.b[..probes * n], c: &mut self.c[..probes * n] };
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
        let (n, probes, period) = (self.n, moving.of.probes, pace.period());
        let mut omegas = std::mem::take(&mut self.omegas);
        response::frequencies(&mut omegas, self.eigenvalues().take(n), n, period);
        let mut least = Margins::NONE;
        for probe in 0..probes {
            let found = if pace.steps == 1 {
                let mut response = DelayResponse { moving, probe, room: &mut self.room, period };
                response::margins(&mut |omega| response.at(omega), &omegas)
            } else {
                let own = probe * n..(probe + 1) * n;
                let (a, b, c) = (&self.a[..n * n], &self.b[own.clone()], &self.c[own]);
                let mut response = PeriodResponse { n, a, b, c, room: &mut self.room, period };
                response::margins(&mut |omega| response.at(omega), &omegas)
            };
            least = least.least(found);
        }
        self.omegas = omegas;
        least
    }
}
