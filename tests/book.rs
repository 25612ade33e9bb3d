//! What the documents show, run as it stands there. Commands work, and print what is shown but for its numbers; files are those
//! that a reader writes; links lead somewhere; every page is in the book.
//!
//! A fenced block is one of
//!
//! - `console`: commands behind `$ ` and what they print, `…` for any number of lines; `console not-run` is shown alone, and
//!   `console needs=TOOL` is run where the tool is there;
//! - `LANGUAGE file=NAME`: a file that the commands below find;
//! - `toml`, `json`: a file or a part of one, parsed;
//! - `python`: run by the tests of the Python package, or `not-run`;
//! - `text`, `c`, `matlab`: to be read.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A fenced block: what stands behind the fence, and its lines.
struct Block {
    kind: String,
    lines: Vec<String>,
}

impl Block {
    fn language(&self) -> &str {
        self.kind.split(' ').next().unwrap_or_default()
    }

    /// What stands behind `name=`.
    fn says(&self, name: &str) -> Option<&str> {
        self.kind.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn is(&self, word: &str) -> bool {
        self.kind.split(' ').any(|other| other == word)
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// A document without its fenced blocks, and these.
fn read(path: &Path) -> (String, Vec<Block>) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut prose, mut blocks, mut open) = (String::new(), Vec::new(), None::<Block>);
    for line in text.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(kind), None) => open = Some(Block { kind: kind.into(), lines: Vec::new() }),
            (None, Some(mut block)) => {
                block.lines.push(line.into());
                open = Some(block);
            }
            (None, None) => prose.extend([line, "\n"]),
        }
    }
    assert!(open.is_none(), "{} has a block without an end", path.display());
    (prose, blocks)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a directory that end so, but for those of other tools.
fn below(directory: &Path, extension: &str, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && !matches!(name.to_str(), Some("target" | "outputs" | "node_modules" | ".git")) {
            below(&path, extension, found);
        } else if path.extension().is_some_and(|other| other == extension) {
            found.insert(path);
        }
    }
}

/// The documents of the project.
fn documents() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for directory in ["docs", ".github"] {
        below(&root().join(directory), "md", &mut found);
    }
    let others = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "python/README.md",
    ];
    found.extend(others.map(|name| root().join(name)));
    found
}

/// A line without its numbers and without the spaces that align them: what a run measures is its own.
fn form(line: &str) -> String {
    let mut form = String::new();
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let is_number =
            c.is_ascii_digit() && !form.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        if is_number {
            let belongs = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ',' | 'e');
            let mut last = c;
            while let Some(next) = characters.next_if(|next| belongs(next) || (last == 'e' && *next == '-')) {
                last = next;
            }
            form = form.trim_end_matches('-').to_owned() + "#";
        } else if c != ' ' || !form.ends_with(' ') {
            form.push(c);
        }
    }
    form.trim_end().to_owned()
}

/// Whether lines are as a document shows them: `…` stands for any number of them.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skip| fits(rest, &printed[skip..])),
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| form(line) == form(first) && fits(rest, others)),
    }
}

/// A directory with what a reader of the documents has: the program, and the studies of the repository.
struct Desk {
    directory: tempfile::TempDir,
    path: String,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_gainswarm")).parent().expect("a directory");
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
        std::os::unix::fs::symlink(root().join("configs"), directory.path().join("configs")).expect("a link");
        Self { directory, path }
    }

    fn run(&self, command: &str) -> std::process::Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.directory.path()).env("PATH", &self.path);
        shell.output().expect("a shell")
    }

    /// Writes the files of a page and runs its commands, in the order in which they stand there.
    fn work_through(&self, page: &str) {
        let (_, blocks) = read(&root().join(page));
        for block in &blocks {
            if let Some(name) = block.says("file") {
                fs::write(self.directory.path().join(name), block.text()).expect("written");
            }
            if block.language() == "console" && !block.is("not-run") {
                let tool = block.says("needs").unwrap_or("sh");
                if self.run(&format!("command -v {tool}")).status.success() {
                    self.commands(page, block);
                } else {
                    eprintln!("{page}: skipped without {tool}: {}", block.lines[0]);
                }
            }
        }
    }

    fn commands(&self, page: &str, block: &Block) {
        let mut lines = block.lines.iter().map(String::as_str).peekable();
        while let Some(line) = lines.next() {
            let command =
                line.strip_prefix("$ ").unwrap_or_else(|| panic!("{page}: {line} comes before any command"));
            let shown: Vec<&str> =
                std::iter::from_fn(|| lines.next_if(|line| !line.starts_with("$ "))).collect();
            let run = self.run(command);
            let (printed, said) =
                (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
            assert!(run.status.success(), "{page}: {command}: {printed}{said}");
            let lines: Vec<&str> = printed.lines().collect();
            assert!(
                fits(&shown, &lines),
                "{page}: {command} prints\n{printed}\nand is shown with\n{}",
                shown.join("\n")
            );
        }
    }
}

/// Pages that are worked through, each series at a desk of its own.
macro_rules! series {
    ($($name:ident: $($page:literal)+;)+) => {
        const WORKED_THROUGH: &[&str] = &[$($($page),+),+];
        $(
            #[test]
            fn $name() {
                let desk = Desk::new();
                for page in [$($page),+] {
                    desk.work_through(page);
                }
            }
        )+
    };
}

series! {
    readme_works_as_it_stands: "README.md";
    the_motor_is_tuned_made_robust_traded_off_and_exported:
        "docs/tutorials/motor.md" "docs/tutorials/robust.md" "docs/tutorials/trade-offs.md" "docs/tutorials/firmware.md";
    plants_of_ones_own_are_tuned: "docs/tutorials/own-plant.md";
    a_motor_is_identified: "docs/tutorials/identification.md";
    a_night_is_killed_and_split: "docs/tutorials/night.md";
    plants_of_all_kinds_are_read: "docs/how-to/plants.md";
    models_are_refused_as_shown: "docs/how-to/refused.md";
    gains_are_looked_at_and_compared: "docs/how-to/gains.md";
    rules_are_compared: "docs/how-to/rules.md";
    long_runs_go_on: "docs/how-to/long-runs.md";
    other_programs_ask_and_tell: "docs/how-to/other-programs.md";
    a_loop_is_certified: "docs/explanation/certificate.md";
    a_known_answer_is_found: "docs/known-answers.md";
    what_others_do_is_done_here: "docs/migrating.md";
    a_change_of_the_project_is_tried: "CONTRIBUTING.md";
}

#[test]
fn every_block_is_of_a_known_kind_and_is_run_or_parsed_or_marked() {
    for path in documents() {
        let page = path.strip_prefix(root()).expect("below the root").display().to_string();
        for block in read(&path).1 {
            match block.language() {
                "console" => {
                    assert!(block.lines[0].starts_with("$ "), "{page}: a console begins with a command");
                    assert!(
                        block.is("not-run") || WORKED_THROUGH.contains(&&*page),
                        "{page} belongs into the series above"
                    );
                }
                "toml" => {
                    if let Err(error) = block.text().parse::<toml::Table>() {
                        panic!("{page}: {error}\n{}", block.text());
                    }
                }
                "json" => drop(serde_json::from_str::<serde_json::Value>(&block.text()).expect("JSON")),
                "text" | "c" | "matlab" | "python" | "rust" | "mermaid" => {}
                _ => panic!("{page}: ```{} says not how it is checked", block.kind),
            }
        }
    }
}

#[test]
fn a_line_that_differs_in_more_than_its_numbers_is_found() {
    let shown = ["a  12.5 s", "…", "cost  1.2e-7", "b"];
    assert!(fits(&shown, &["a     9,000 s", "x", "cost  -3", "b"]));
    assert!(!fits(&shown, &["a  12.5 ms", "x", "cost  3", "b"]) && !fits(&shown, &["a  1 s", "b"]));
    assert_ne!(form("theta1 = 3"), form("theta2 = 3"), "a digit of a name is no number");
}

/// The targets of the links in a text, but for those in code.
fn links(prose: &str) -> Vec<String> {
    let outside_of_code: String = prose.split('`').step_by(2).collect();
    let targets = outside_of_code.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a page: its headings as GitHub and mdBook write them, the second of a name with a number.
fn anchors(prose: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for heading in prose.lines().filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let free = (1..).map(|n| format!("{anchor}-{n}"));
        let name = std::iter::once(anchor.clone()).chain(free).find(|name| !found.contains(name));
        found.insert(name.expect("one is free"));
    }
    found
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    for path in documents() {
        let (prose, _) = read(&path);
        for link in links(&prose).iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { path.clone() } else { path.parent().expect("a directory").join(file) };
            assert!(target.exists(), "{}: ({link}) leads nowhere", path.display());
            assert!(
                anchor.is_empty() || anchors(&read(&target).0).contains(anchor),
                "{}: ({link}): there is no such heading",
                path.display()
            );
            let (docs, target) = (root().join("docs"), target.canonicalize().expect("a path"));
            let stays = !path.starts_with(&docs) || target.starts_with(docs.canonicalize().expect("a path"));
            assert!(
                stays,
                "{}: ({link}) leads out of the book, where no reader of it can follow",
                path.display()
            );
        }
    }
}

#[test]
fn every_page_is_in_the_book_once() {
    let docs = root().join("docs");
    let summary = links(&read(&docs.join("SUMMARY.md")).0);
    let listed: BTreeSet<PathBuf> = summary.iter().map(|link| docs.join(link)).collect();
    assert_eq!(listed.len(), summary.len(), "a page is listed twice");
    let mut pages = BTreeSet::new();
    below(&docs, "md", &mut pages);
    pages.remove(&docs.join("SUMMARY.md"));
    assert_eq!(listed, pages, "docs/SUMMARY.md lists what is there");
}

#[test]
fn readme_and_architecture_stay_short() {
    for (name, lines) in [("README.md", 150), ("ARCHITECTURE.md", 110)] {
        let text = fs::read_to_string(root().join(name)).expect("a file");
        assert!(text.lines().count() <= lines, "{name} has more than {lines} lines");
    }
}
