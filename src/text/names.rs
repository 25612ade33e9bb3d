//! Names, and lists of values, that live as long as the program: those of models, which are read while it runs, beside those that are compiled in.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

/// The text for the rest of the program; each is kept once, however often it is read.
pub(crate) fn kept(text: &str) -> &'static str {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(known) = kept.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.into());
    kept.insert(text);
    text
}

static LISTS: Mutex<Vec<&'static [&'static str]>> = Mutex::new(Vec::new());

/// Names for the rest of the program; each list is kept once.
pub(crate) fn kept_names(names: &[&str]) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.iter().map(|name| kept(name)).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lists.iter().find(|known| ***known == names[..]) {
        return known;
    }
    let names: &'static [&'static str] = Box::leak(names.into());
    lists.push(names);
    names
}

static VALUES: Mutex<Vec<&'static [f64]>> = Mutex::new(Vec::new());

/// Numbers for the rest of the program; each list is kept once.
pub(crate) fn kept_values(values: Vec<f64>) -> &'static [f64] {
    let mut kept = VALUES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.iter().find(|known| ***known == values[..]) {
        return known;
    }
    let values: &'static [f64] = Box::leak(values.into());
    kept.push(values);
    values
}
