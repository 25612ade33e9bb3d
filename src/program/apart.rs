//! Instructions apart from those whose results they need, so that a processor need not wait for these.

use foldhash::HashMap;

use super::wanted::{Line, Wanted};
use crate::graph::Id;

/// How many instructions stand between one that makes a value and one that needs it, where that can be.
const APART: usize = 2;

/// How far ahead an instruction is looked for that can stand between.
const AHEAD: usize = 12;

/// The lines in an order in which results are not needed at once.
pub(super) fn apart(wanted: &Wanted<'_>, lines: &[Line]) -> Vec<Line> {
    let makers = makers(wanted, lines);
    let needs = needs(wanted, lines, &makers);
    let mut placed: Vec<Option<usize>> = vec![None; lines.len()];
    let mut open: Vec<usize> = (0..lines.len()).collect();
    let mut result = Vec::new();
    while !open.is_empty() {
        let now = result.len();
        // How long ago the latest of what it needs was placed; `None` where something has not been.
        let distance = |line: usize| {
            let mut distance = usize::MAX;
            for need in &needs[line] {
                distance = distance.min(now - placed[*need]?);
            }
            Some(distance)
        };
        let window = open.iter().take(AHEAD).enumerate();
        let ready = window.filter_map(|(place, line)| distance(*line).map(|distance| (place, distance)));
        // The first that is far enough, or else the one that is farthest.
        let mut best: Option<(usize, usize)> = None;
        for (place, distance) in ready {
            let distance = distance.min(APART + 1);
            if best.is_none_or(|(_, most)| distance > most) {
                best = Some((place, distance));
            }
        }
        let (place, _) = best.unwrap_or((0, 0));
        let line = open.remove(place);
        placed[line] = Some(now);
        result.push(lines[line]);
    }
    result
}

/// The line that makes each value.
fn makers(wanted: &Wanted<'_>, lines: &[Line]) -> HashMap<Id, usize> {
    let made = |(place, line)| wanted.made(line).into_iter().map(move |id| (id, place));
    lines.iter().enumerate().flat_map(made).collect()
}

/// The lines that stand before each line: those that make what it needs, and, before a carried value is overwritten, those that read it.
fn needs(wanted: &Wanted<'_>, lines: &[Line], makers: &HashMap<Id, usize>) -> Vec<Vec<usize>> {
    let mut needs: Vec<Vec<usize>> = lines
        .iter()
        .map(|line| wanted.read(line).iter().filter_map(|operand| makers.get(operand).copied()).collect())
        .collect();
    for (now, next) in wanted.now_and_next() {
        let Some(maker) = makers.get(&next).copied() else { continue };
        let readers = (0..maker).filter(|reader| wanted.read(&lines[*reader]).contains(&now));
        needs[maker].extend(readers);
    }
    needs
}
