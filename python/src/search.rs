//! The swarm without a study: positions are asked for and their costs told.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gainswarm::archive::{self, Archive, Damage, Persist};
use gainswarm::config::AskTell;
use gainswarm::swarm::pareto::{Costs, TradeOffSearch};
use gainswarm::swarm::{Outcome, Seeker, StopReason};
use gainswarm::{Error, Member};
use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyBytes;

use crate::alone::Going;
use crate::convert::object;
use crate::errors::{raised, refused};
use crate::tuning::array;

/// A search, and how far it is.
#[pyclass(frozen, module = "gainswarm._gainswarm")]
pub(crate) struct Search {
    config: AskTell,
    inner: Mutex<Inner>,
}

/// What changes of a search.
struct Inner {
    seeker: Seeker,
    /// Time before it was last restored, and when it was.
    earlier: Duration,
    since: Instant,
    ended: Option<StopReason>,
    question: Question,
    /// Whether the positions have been asked for.
    is_open: bool,
    /// Positions that nobody was asked for, since they break a relation.
    rejected: u64,
}

/// A generation: what its positions come to that break a relation, and the values of all parameters at the others, which are asked for.
#[derive(Default)]
struct Question {
    told: Vec<Option<Costs>>,
    values: Vec<f64>,
    rows: usize,
}

#[pymethods]
impl Search {
    /// A search by the text of a config of `gainswarm ask-tell`.
    #[new]
    fn new(py: Python<'_>, text: &str) -> PyResult<Self> {
        let _going = Going::begin();
        let config =
            AskTell::parse(Path::new("swarm.toml"), text).map_err(|error| raised(py, error.into()))?;
        let seeker = config.seeker().map_err(|error| raised(py, error))?;
        let mut inner = Inner {
            seeker,
            earlier: Duration::ZERO,
            since: Instant::now(),
            ended: None,
            question: Question::default(),
            is_open: false,
            rejected: 0,
        };
        inner.next(&config);
        Ok(Self { config, inner: Mutex::new(inner) })
    }

    /// The values of the parameters at the positions to judge, a row each.
    fn ask<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let _going = Going::begin();
        let mut inner = self.inner(py);
        if let Some(reason) = inner.ended {
            let found = format!("the search has ended: {}", reason.summary());
            return Err(refused(py, found, "look at done before ask(), or allow more evaluations".into()));
        }
        inner.is_open = true;
        let Question { values, rows, .. } = &inner.question;
        array(py, values.clone()).reshape([*rows, self.parameters()])
    }

    /// Takes the costs of all positions, a row each, and how far each is from feasible.
    fn tell(
        &self,
        py: Python<'_>,
        costs: PyReadonlyArray2<'_, f64>,
        violations: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<()> {
        let _going = Going::begin();
        let mut inner = self.inner(py);
        if !inner.is_open {
            let found = "tell() without ask()".into();
            return Err(refused(py, found, "ask for positions, judge them, then tell their costs".into()));
        }
        let (count, objectives) = (inner.question.rows, inner.objectives());
        let [rows, columns] = [costs.shape()[0], costs.shape()[1]];
        if rows != count || columns != objectives {
            let shape = |rows, columns| match objectives {
                1 => format!("({rows},)"),
                _ => format!("({rows}, {columns})"),
            };
            let found = format!("costs of shape {}", shape(rows, columns));
            let allowed = format!("allowed: {}, a row a position", shape(count, objectives));
            return Err(refused(py, found, allowed));
        }
        if violations.len() != count {
            let found = format!("violations of shape ({},)", violations.len());
            return Err(refused(py, found, format!("allowed: ({count},), a number a position")));
        }
        let (costs, violations) = (costs.as_array(), violations.as_array());
        if let Some(negative) = violations.iter().find(|violation| **violation < 0.0) {
            return Err(refused(
                py,
                format!("a violation of {negative}"),
                "allowed: 0 where feasible, or more".into(),
            ));
        }
        let told = costs
            .rows()
            .into_iter()
            .zip(violations)
            .map(|(row, violation)| Costs { violation: *violation, ..Costs::feasible(&row.to_vec()) });
        inner.tell(told);
        inner.next(&self.config);
        Ok(())
    }

    /// Why the search has ended, in a word and in a sentence; `None` while it goes on.
    #[getter]
    fn ended(&self, py: Python<'_>) -> Option<(&'static str, &'static str)> {
        let inner = self.inner(py);
        inner.ended.map(|reason| (reason.name(), reason.summary()))
    }

    #[getter]
    fn generations(&self, py: Python<'_>) -> u64 {
        let inner = self.inner(py);
        inner.seeker.generations()
    }

    #[getter]
    fn evaluations(&self, py: Python<'_>) -> u64 {
        let inner = self.inner(py);
        inner.seeker.evaluations()
    }

    #[getter]
    fn restarts(&self, py: Python<'_>) -> u64 {
        let inner = self.inner(py);
        inner.seeker.restarts()
    }

    /// Positions that were not asked for, since they break a relation.
    #[getter]
    fn rejected(&self, py: Python<'_>) -> u64 {
        self.inner(py).rejected
    }

    #[getter]
    fn objectives(&self, py: Python<'_>) -> usize {
        self.inner(py).objectives()
    }

    /// The best position, its cost and its violation; of several objectives the knee and its costs.
    fn best<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let inner = self.inner(py);
        let (position, best) = inner.seeker.best();
        if !best.is_better_than(&Outcome::WORST) {
            return Ok(None);
        }
        let of = inner.seeker.trade_offs();
        let knee = of.and_then(|of| Some((of, of.front().knee()?)));
        let (position, costs, violation) = match knee {
            Some((of, knee)) => self.kept(of, knee),
            None => (self.config.values(position), vec![best.cost], AskTell::shown(best.violation)),
        };
        let parts = (array(py, position), array(py, costs), violation);
        parts.into_pyobject(py).map(|parts| Some(parts.into_any()))
    }

    /// Positions, costs and violations of the trade-offs that are kept, in the order of the first objective.
    #[allow(clippy::type_complexity, reason = "a tuple of Python")]
    fn front<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Vec<f64>)> {
        let inner = self.inner(py);
        let of = inner.seeker.trade_offs();
        let points: Vec<_> =
            of.into_iter().flat_map(|of| of.in_order().into_iter().map(|p| self.kept(of, p))).collect();
        let rows = points.len();
        let positions = points.iter().flat_map(|(position, ..)| position.iter().copied()).collect();
        let costs = points.iter().flat_map(|(_, costs, _)| costs.iter().copied()).collect();
        let violations = points.iter().map(|(.., violation)| *violation).collect();
        let positions = array(py, positions).reshape([rows, self.parameters()])?;
        Ok((positions, array(py, costs).reshape([rows, inner.objectives()])?, violations))
    }

    #[getter]
    fn hypervolume(&self, py: Python<'_>) -> Option<f64> {
        let inner = self.inner(py);
        inner.seeker.trade_offs().map(TradeOffSearch::hypervolume)
    }

    /// The config with every default.
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.config.to_value())
    }

    /// The state of the search.
    fn save<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut inner = self.inner(py);
        let mut bytes = Vec::new();
        let nanoseconds = u64::try_from(inner.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let rejected = inner.rejected;
        archive::save(&mut State { seeker: &mut inner.seeker, nanoseconds, rejected }, &mut bytes);
        PyBytes::new(py, &bytes)
    }

    /// Goes on from a saved state; `open` says whether positions had been asked for and not been told.
    fn restore(&self, py: Python<'_>, bytes: &[u8], open: bool) -> PyResult<()> {
        let mut inner = self.inner(py);
        let mut state = State { seeker: &mut inner.seeker, nanoseconds: 0, rejected: 0 };
        archive::restore(&mut state, bytes).map_err(|damage| raised(py, Error::State(damage)))?;
        let State { nanoseconds, rejected, .. } = state;
        (inner.earlier, inner.since) = (Duration::from_nanos(nanoseconds), Instant::now());
        inner.rejected = rejected;
        let earlier = inner.earlier;
        let ended = inner.seeker.resume(earlier);
        inner.ended = ended.map_err(|why| raised(py, Error::Overrun(why)))?;
        inner.next(&self.config);
        inner.is_open = open && inner.ended.is_none();
        Ok(())
    }

    /// Whether positions have been asked for and not been told.
    #[getter]
    fn is_open(&self, py: Python<'_>) -> bool {
        self.inner(py).is_open
    }
}

impl Search {
    /// How many parameters there are, with those that follow from others.
    fn parameters(&self) -> usize {
        self.config.values(&vec![0.0; self.config.axes.len()]).len()
    }

    /// A kept trade-off: the values of its parameters, costs, violation.
    fn kept(&self, of: &TradeOffSearch, point: usize) -> (Vec<f64>, Vec<f64>, f64) {
        let mut position = vec![0.0; of.best().0.len()];
        of.locate(point, &mut position);
        let Costs { violation, values } = of.front().costs()[point];
        (self.config.values(&position), values[..of.objectives()].to_vec(), AskTell::shown(violation))
    }

    /// What changes. Whoever waits for it lets the interpreter go on.
    fn inner(&self, py: Python<'_>) -> MutexGuard<'_, Inner> {
        self.inner.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn elapsed(&self) -> Duration {
        self.earlier + self.since.elapsed()
    }

    fn objectives(&self) -> usize {
        self.seeker.trade_offs().map_or(1, TradeOffSearch::objectives)
    }

    /// Goes on to the next generation that has positions to ask for, where the search has not ended.
    fn next(&mut self, config: &AskTell) {
        while self.ended.is_none() {
            let positions = self.seeker.ask().positions.chunks_exact(config.axes.len());
            let values: Vec<Vec<f64>> = positions.map(|position| config.values(position)).collect();
            let told: Vec<Option<Costs>> = values.iter().map(|values| config.unasked(values)).collect();
            let asked = values.into_iter().zip(&told).filter(|(_, told)| told.is_none());
            let asked: Vec<Vec<f64>> = asked.map(|(values, _)| values).collect();
            self.question = Question { told, rows: asked.len(), values: asked.concat() };
            if self.question.rows > 0 {
                return;
            }
            self.tell(std::iter::empty());
        }
    }

    /// Tells the generation: what those come to that were asked for, in their order.
    fn tell(&mut self, mut asked: impl Iterator<Item = Costs>) {
        let told = std::mem::take(&mut self.question).told.into_iter();
        self.rejected += told.as_slice().iter().flatten().count() as u64;
        let costs: Vec<Costs> = told.filter_map(|unasked| unasked.or_else(|| asked.next())).collect();
        let of_one = |costs: &Costs| Outcome { violation: costs.violation, cost: costs.values[0] };
        let outcomes: Vec<Outcome> = costs.iter().map(of_one).collect();
        let elapsed = self.elapsed();
        self.ended = self.seeker.tell(&outcomes, &costs, elapsed);
        self.is_open = false;
    }
}

/// A search, the time that it has taken, and the positions that nobody was asked for.
struct State<'s> {
    seeker: &'s mut Seeker,
    nanoseconds: u64,
    rejected: u64,
}

impl Persist for State<'_> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.nanoseconds)?;
        archive.u64(&mut self.rejected)?;
        self.seeker.pass(archive)
    }
}
