//! Errors of the crate as exceptions of `gainswarm._errors`.

use std::any::Any;

use gainswarm::Error;
use gainswarm::config::ConfigError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The exception that stands for an error; its text is the error's, with options as keyword arguments.
pub(crate) fn raised(py: Python<'_>, error: Error) -> PyErr {
    if let Error::Config(error) = error {
        return of_config(py, error);
    }
    let text = spoken(&error.to_string());
    let (name, remedy) = match error {
        Error::Option { remedy, .. } => ("OptionError", remedy),
        Error::Answer { remedy, .. } => ("AnswerError", remedy),
        Error::State(_) | Error::Overrun(_) => ("StateError", String::new()),
        Error::Refused { remedy, .. } => ("RefusedError", remedy),
        Error::Write { remedy, .. } => ("WriteError", remedy.to_owned()),
        Error::MemoryLimit { .. } | Error::Memory { .. } => ("MemoryLimitError", String::new()),
        Error::NotReproduced { .. } => ("InternalError", String::new()),
        _ => ("GainswarmError", String::new()),
    };
    exception(py, name, (text, spoken(&remedy)))
}

fn of_config(py: Python<'_>, error: ConfigError) -> PyErr {
    let text = error.to_string();
    let path = error.path.display().to_string();
    match error.marked() {
        Some(marked) => {
            let mark = format!("{}\n{}^", marked.line, " ".repeat(marked.column.saturating_sub(1)));
            let parts = (text, error.remedy.clone(), path, error.line, marked.problem, marked.column, mark);
            exception(py, "ModelError", parts)
        }
        None => exception(py, "ConfigError", (text, error.remedy, path, error.line, error.problem)),
    }
}

/// A panic that was caught: a bug of gainswarm, and no reason to end the interpreter.
pub(crate) fn panicked(py: Python<'_>, panic: &(dyn Any + Send)) -> PyErr {
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
    let text = format!(
        "gainswarm has failed: {}\n  this is a bug of gainswarm: please report it with what was called",
        said.unwrap_or_else(|| "a panic".into())
    );
    exception(py, "InternalError", (text, String::new()))
}

/// An option that is refused.
pub(crate) fn refused(py: Python<'_>, found: String, remedy: String) -> PyErr {
    exception(py, "OptionError", (format!("{found}\n  {remedy}"), remedy))
}

fn exception<'py>(py: Python<'py>, name: &str, parts: impl pyo3::call::PyCallArgs<'py>) -> PyErr {
    let made = py.import("gainswarm._errors").and_then(|errors| errors.getattr(name)?.call1(parts));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => {
            let wrong = PyRuntimeError::new_err(format!("gainswarm._errors.{name} cannot be raised"));
            wrong.set_cause(py, Some(error));
            wrong
        }
    }
}

/// A text with the options of the command line as the keyword arguments that they are here.
pub(crate) fn spoken(text: &str) -> String {
    const OPTIONS: [(&str, &str); 15] = [
        ("--resume", "resume=True"),
        ("--force", "force=True"),
        ("--output", "output"),
        ("--threads", "threads"),
        ("--simd", "simd"),
        ("--particles", "particles"),
        ("--duration", "duration"),
        ("--dt", "dt"),
        ("--initial-state", "initial_state"),
        ("--replay", "replay"),
        ("--every", "every"),
        ("--seed", "seed"),
        ("--math", "math"),
        ("--precision", "precision"),
        ("--format", "format"),
    ];
    let text =
        ["generations", "evaluations"].iter().fold(text.to_owned(), |text, limit| resumed(&text, limit));
    OPTIONS.iter().fold(text, |text, (option, keyword)| text.replace(option, keyword))
}

/// A text in which a command line that goes on to a larger limit is the method of a result.
fn resumed(text: &str, limit: &str) -> String {
    let Some((before, rest)) = text.split_once(&format!("--resume --{limit} ")) else {
        return text.to_owned();
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    format!("{before}tuning.resume({limit}={}){}", &rest[..end], &rest[end..])
}
