//! The rooms of the library and the files of a room use each other in one direction: there are no circles.

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
