//! The rooms of the library and the files of a room use each other in one direction: there are no circles. None of them knows a model by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which module uses which.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Names that `lib.rs` gives to parts of rooms.
const PARTS: [(&str, &str); 4] =
    [("rules", "swarm"), ("topologies", "swarm"), ("export", "report"), ("Error", "error")];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without comments and tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("UTF-8");
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first names of all paths that begin with `start`: both of `crate::{a::b, c}`.
fn first_names(code: &str, start: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = |text: &str| text.trim_start().chars().take_while(|c| is_name(*c)).collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(start) {
        if code[..at].ends_with(is_name) || code[..at].ends_with(':') {
            continue;
        }
        let rest = &code[at + start.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(name(rest));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && is_name(c) => {
                    names.insert(name(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// What lies on a circle: all that reaches itself.
fn on_circles(uses: &Uses) -> Vec<&str> {
    let reaches_itself = |start: &&String| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = uses[*start].iter().collect();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(uses.get(next).into_iter().flatten());
            }
        }
        seen.contains(*start)
    };
    uses.keys().filter(reaches_itself).map(String::as_str).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn rooms_use_each_other_in_one_direction() {
    let root = Path::new("src");
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut uses = Uses::new();
    for file in files.iter().filter(|file| !["lib", "main"].contains(&stem(file).as_str())) {
        let inside = file.strip_prefix(root).expect("a source");
        let room = stem(Path::new(inside.components().next().expect("a name").as_os_str()));
        let names = first_names(&code(file), "crate::");
        let part =
            |name: &String| PARTS.iter().find(|(part, _)| part == name).map(|(_, room)| (*room).into());
        let others = names.iter().map(|name| part(name).unwrap_or_else(|| name.clone()));
        let others: BTreeSet<String> = others.filter(|other| *other != room).collect();
        uses.entry(room).or_default().extend(others);
    }
    assert!(uses.len() > 30 && uses["swarm"].contains("draw"), "the sources are read: {uses:?}");
    let circles = on_circles(&uses);
    assert!(circles.is_empty(), "these rooms use each other in a circle: {circles:?}");
}

#[test]
fn files_of_a_room_use_each_other_in_one_direction() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut rooms: BTreeMap<PathBuf, Uses> = BTreeMap::new();
    for file in files.iter().filter(|file| stem(file) != "mod") {
        let folder = file.parent().expect("a folder").to_path_buf();
        rooms.entry(folder).or_default().insert(stem(file), first_names(&code(file), "super::"));
    }
    for (folder, mut uses) in rooms {
        let files: BTreeSet<String> = uses.keys().cloned().collect();
        for names in uses.values_mut() {
            names.retain(|name| files.contains(name));
        }
        let circles = on_circles(&uses);
        assert!(circles.is_empty(), "in {}: {circles:?}", folder.display());
    }
}

/// The texts in quotes of a source, without comments, tests and examples of use in `--help`.
fn literals(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = text.replace("'\"'", "' '");
    while let Some(at) = rest.find(['"', '/']) {
        if rest[at..].starts_with("//") {
            let end = rest[at..].find('\n').map_or(rest.len(), |length| at + length);
            rest.replace_range(..end, "");
        } else if rest[at..].starts_with('/') {
            rest.replace_range(..=at, "");
        } else {
            let is_help = rest[..at].trim_end().ends_with("_help =");
            let begin = at + 1;
            let mut is_escaped = false;
            let ends = |c: char| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            };
            let length = rest[begin..].find(ends).expect("an end");
            if !is_help {
                found.push(rest[begin..begin + length].to_owned());
            }
            rest.replace_range(..=begin + length, "");
        }
    }
    found
}

/// The names of all models, and of the terms and settings that they declare.
fn names_of_models() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["models/plants", "models/controllers"] {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            names.insert(stem(&path));
            let model: toml::Table = std::fs::read_to_string(&path).expect("UTF-8").parse().expect("a model");
            let declared =
                ["usual_cost", "settings"].into_iter().filter_map(|key| model.get(key)?.as_table());
            names.extend(declared.flat_map(toml::Table::keys).cloned());
        }
    }
    names
}

#[test]
fn the_library_knows_no_model_by_its_name() {
    let mut names = names_of_models();
    // Of four laws the names are words of their own: π of every equation, a probability, an experiment, and a function of the language.
    assert!(["pi", "p", "relay", "lqr"].iter().all(|name| names.remove(*name)));
    assert!(["dc_motor", "pid", "cart_travel", "angle_limit"].iter().all(|name| names.contains(*name)));
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    // The table of the usual terms, which any study may have.
    files.retain(|file| !file.ends_with("costs/term.rs"));
    let mut read = 0;
    for file in files {
        let literals = literals(&std::fs::read_to_string(&file).expect("UTF-8"));
        read += literals.len();
        for literal in literals {
            let mut words = literal.split(|c: char| !c.is_alphanumeric() && c != '_');
            let named = words.find(|word| {
                names.contains(*word) || word.strip_prefix("max_").is_some_and(|term| names.contains(term))
            });
            assert!(named.is_none(), "{}: {named:?} in \"{literal}\"", file.display());
        }
    }
    assert!(read > 2000, "{read} texts");
}
