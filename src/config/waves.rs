//! Reading the signals of a group of scenarios: numbers, waves, and tables of times and values.

use std::path::Path;
use std::sync::Arc;

use super::{ConfigError, Wiring};
use crate::parameter::Parameter;
use crate::signals::{Wave, WaveShape};
use crate::text::{FILE_SIZE_MAX, Section, one_of, read_bounded};

/// Most waves of a signal.
const WAVES_MAX: usize = 16;
/// Most points of a table.
const POINTS_MAX: usize = 100_000;

const START: Parameter = Parameter::fixed("start", "s", 0.0, [0.0, 1e6], "when it begins");
const LASTING: Parameter = Parameter::fixed("duration", "s", f64::INFINITY, [1e-9, 1e9], "how long it lasts");
const FREQUENCY: Parameter = Parameter::fixed("frequency", "Hz", 1.0, [1e-6, 1e6], "of a sine or a noise");

/// The waves of each signal, in steps of `dt` s; none where the group says nothing of it.
pub(super) fn read(section: &Section<'_>, wiring: &Wiring, dt: f64) -> Result<Vec<Vec<Wave>>, ConfigError> {
    let table = section.section("signals")?;
    let mut all = Vec::new();
    for signal in &wiring.signals {
        if !table.has(signal.name) && signal.default.is_none() {
            let problem = "is missing: nothing is connected to it, and it has no default";
            let remedy = format!(
                "say what it is, such as signals = {{ {0} = 1.0 }}, or connect it: [connect] {0} = \"…\"",
                signal.name
            );
            return Err(table.error(signal.name, problem, remedy));
        }
        let mut waves = of_signal(&table, signal.name, signal.unit, dt)?;
        // Those of this input may stand beside `signals`.
        if signal.name == DISTURBANCE && section.has(DISTURBANCES) {
            if !waves.is_empty() {
                let problem = format!("says what signals.{DISTURBANCE} says too");
                return Err(section.error(DISTURBANCES, &problem, "keep one of them".into()));
            }
            let tables = section.sections(DISTURBANCES, WAVES_MAX)?;
            waves = tables.into_iter().map(|one| wave(one, signal.unit, dt)).collect::<Result<_, _>>()?;
        }
        all.push(waves);
    }
    table.finish()?;
    Ok(all)
}

/// The input of a plant on which the waves of the key act.
const DISTURBANCE: &str = "disturbance";
const DISTURBANCES: &str = "disturbances";

/// A number, a wave or several.
fn of_signal(
    table: &Section<'_>,
    name: &'static str,
    unit: &'static str,
    dt: f64,
) -> Result<Vec<Wave>, ConfigError> {
    if !table.has(name) {
        return Ok(Vec::new());
    }
    if let Ok(Some(value)) = table.any_number(name) {
        return Ok(vec![Wave::constant(value)]);
    }
    if let Ok(one) = table.section(name) {
        return Ok(vec![wave(one, unit, dt)?]);
    }
    let waves = table.sections(name, WAVES_MAX)?;
    if waves.is_empty() {
        let remedy =
            "allowed: a number, a wave such as { type = \"step\", amplitude = 1.0 }, or an array of waves";
        return Err(table.error(name, "has no waves", remedy.into()));
    }
    waves.into_iter().map(|one| wave(one, unit, dt)).collect()
}

fn wave(entry: Section<'_>, unit: &'static str, dt: f64) -> Result<Wave, ConfigError> {
    let shape = entry.choice("type", WaveShape::Step)?;
    let amplitude = Parameter::fixed("amplitude", unit, 1.0, [-1e12, 1e12], "of the wave");
    let mut wave = Wave { shape, ..Wave::constant(0.0) };
    wave.amplitude = match shape {
        WaveShape::Table => entry.number(&amplitude)?,
        _ => entry.optional_number("amplitude", &amplitude)?.ok_or_else(|| {
            entry.error("amplitude", "is missing", format!("allowed: {}", amplitude.allowed()))
        })?,
    };
    if shape != WaveShape::Constant {
        wave.start = entry.number(&START)?;
    }
    let needs_end = matches!(shape, WaveShape::Ramp | WaveShape::Pulse | WaveShape::Chirp);
    if needs_end || matches!(shape, WaveShape::Sine | WaveShape::Noise) {
        wave.duration = entry.number(&LASTING)?;
        if needs_end && wave.duration.is_infinite() {
            return Err(entry.error("duration", "is missing", format!("allowed: {}", LASTING.allowed())));
        }
        if wave.duration < 0.5 * dt {
            let remedy = format!("allowed: at least a step, {dt} s");
            return Err(entry.error("duration", "is shorter than a step", remedy));
        }
    }
    if matches!(shape, WaveShape::Sine | WaveShape::Chirp | WaveShape::Noise) {
        let highest = 0.5 / dt;
        let within = Parameter { max: highest, default: FREQUENCY.default.min(highest), ..FREQUENCY };
        wave.frequency = entry.number(&within)?;
        if shape == WaveShape::Chirp {
            let end = Parameter { name: "end_frequency", default: wave.frequency, ..within };
            wave.end_frequency = entry.number(&end)?;
        }
    }
    if shape == WaveShape::Table {
        wave.points = points(&entry)?;
        wave.held = entry.switch("held", false)?;
    }
    entry.finish()?;
    Ok(wave)
}

/// Points of time and value: from a CSV file, or as they stand here.
fn points(entry: &Section<'_>) -> Result<Arc<[(f64, f64)]>, ConfigError> {
    if let Some((file, _)) = entry.text("file")? {
        let path = entry.source().beside(file);
        let column = entry.text("column")?.map(|(name, _)| name);
        return from_csv(&path, column);
    }
    let remedy = "give file = \"…\", a CSV file of time and value, or times = […] and values = […]";
    let missing = |key: &str| entry.error(key, "is missing", remedy.into());
    let times = entry.list("times")?.ok_or_else(|| missing("times"))?;
    let values = entry.list("values")?.ok_or_else(|| missing("values"))?;
    if times.len() != values.len() || times.is_empty() || times.len() > POINTS_MAX {
        let problem = format!("has {} numbers, but times has {}", values.len(), times.len());
        let remedy = format!("allowed: a value for each of 1 to {POINTS_MAX} times");
        return Err(entry.error("values", &problem, remedy));
    }
    if let Some(place) = times.windows(2).position(|pair| pair[0] >= pair[1]) {
        let problem = format!("is out of order: {} stands before {}", times[place], times[place + 1]);
        return Err(entry.error("times", &problem, "allowed: each time above the one before".into()));
    }
    Ok(times.into_iter().zip(values).collect())
}

/// A CSV file with a time in s and a value in each row, which is the second cell or that of a named column; a first row of names may stand
/// above.
fn from_csv(path: &Path, column: Option<&str>) -> Result<Arc<[(f64, f64)]>, ConfigError> {
    let refuse = |line: Option<usize>, problem: String, remedy: &str| ConfigError {
        path: path.into(),
        line,
        problem,
        remedy: remedy.into(),
    };
    let form = "allowed: rows of time in s and value, with a comma between them and decimal points";
    let bytes = read_bounded(path, 16 * FILE_SIZE_MAX).map_err(|problem| {
        refuse(None, problem, "give the path of a CSV file, from the directory of the config")
    })?;
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice());
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut place = 1;
    for (row, record) in csv.records().enumerate() {
        let record = record.map_err(|error| refuse(None, format!("is not a table: {error}"), form))?;
        let line = record.position().and_then(|position| usize::try_from(position.line()).ok());
        if let (0, Some(name)) = (row, column) {
            let names: Vec<&str> = record.iter().collect();
            place = names.iter().position(|known| *known == name).ok_or_else(|| {
                let problem = format!("has no column \"{}\"", name.escape_debug());
                refuse(line, problem, &format!("allowed: {}", one_of(name, &names)))
            })?;
            continue;
        }
        let number = |cell: usize| record.get(cell)?.parse::<f64>().ok().filter(|number| number.is_finite());
        match (number(0), number(place)) {
            (Some(time), Some(value)) => {
                if let Some(last) = points.last().filter(|last| last.0 >= time) {
                    let problem = format!("time {time} stands behind {}: times out of order", last.0);
                    return Err(refuse(line, problem, "sort the rows by time, each time once"));
                }
                points.push((time, value));
            }
            _ if row == 0 || record.iter().all(str::is_empty) => {}
            _ => {
                let text: String = record.iter().collect::<Vec<_>>().join(",").chars().take(40).collect();
                let problem = format!("\"{}\" is no time and value", text.escape_debug());
                return Err(refuse(line, problem, form));
            }
        }
        if points.len() > POINTS_MAX {
            let problem = format!("has more than {POINTS_MAX} rows");
            return Err(refuse(line, problem, "take fewer: values between them are interpolated"));
        }
    }
    if points.is_empty() {
        return Err(refuse(None, "holds no times and values".into(), form));
    }
    Ok(points.into())
}
