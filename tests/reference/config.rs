//! Config keys: what the readers ask for, whether it is there or not, on studies in which names in capitals stand for those of a model. What a
//! key means stands in `keys.toml`, unless its declaration says so.

use std::collections::BTreeSet;
use std::fmt::Write;

use gainswarm::Member;
use gainswarm::config::{Asked, Reader};
use gainswarm::costs::{AggregateKind, Usual};
use gainswarm::stability::LIMITS;
use gainswarm::swarm::rules::RuleKind;

use super::pages::{Meaning, Meanings, code, hold, meanings, place, table};

/// Keys whose range and default a model declares.
const OF_MODELS: [(&str, &str); 3] =
    [("plant", "PARAMETER"), ("controller", "GAIN"), ("simulation", "SETTING")];

fn study() -> String {
    std::fs::read_to_string(place("tests/reference/study.toml")).expect("a study")
}

fn asked(reader: Reader, text: &str) -> Vec<Asked> {
    let path = place("tests/reference/sample.toml");
    reader.asked(&path, text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What a reader asks some texts for, under the names that stand for those of models.
fn all(reader: Reader, texts: impl IntoIterator<Item = String>) -> Vec<Asked> {
    let mut all = Vec::new();
    for text in texts {
        Asked::merge(&mut all, asked(reader, &text));
    }
    let mut named = Vec::new();
    for mut one in all {
        one.table = generic(reader, &one.table);
        match (reader, one.table.as_str(), one.key.as_str()) {
            (_, table, key) if table == "cost.OBJECTIVE" || (table, key) == ("cost", "OBJECTIVE") => continue,
            (Reader::Model, "gains" | "settings", _) => continue,
            (_, table, key) if OF_OTHERS.contains(&(reader, &path(table, key))) => continue,
            (Reader::Study, "limits", key) if is_of_term(key) => one.key = "max_TERM".into(),
            (Reader::Study, "cost", "NAME") => one.key = "TERM".into(),
            (Reader::Study, "cost", term) if is_usual(term) => one.key = "USUAL".into(),
            (Reader::Model, "usual_controller", key) if key != "type" => one.key = "KEY".into(),
            (Reader::Model, table, _) if GROUPS.contains(&table) => one.key = "NAME".into(),
            _ => {}
        }
        Asked::merge(&mut named, vec![one]);
    }
    named
}

/// Keys that a reader looks for to say which other reader they belong to.
const OF_OTHERS: [(Reader, &str); 5] = [
    (Reader::Study, "studies"),
    (Reader::Study, "swarm.resample"),
    (Reader::Search, "swarm.coarse_first"),
    (Reader::Batch, "controller"),
    (Reader::Batch, "scenarios"),
];

/// Tables of a model whose keys are names.
const GROUPS: [&str; 9] =
    ["states", "inputs", "parameters", "gains", "outputs", "tables", "settings", "usual_cost", "expressions"];

/// Whether a limit is of a term, and not of the certificate.
fn is_of_term(key: &str) -> bool {
    key.starts_with("max_") && !LIMITS.iter().any(|limit| limit.parameter.name == key)
}

fn is_usual(term: &str) -> bool {
    Usual::ALL.iter().any(|usual| usual.name() == term)
}

fn generic(reader: Reader, table: &str) -> String {
    let mut parts: Vec<&str> = table.split('.').collect();
    match (reader, &parts[..]) {
        (Reader::Study, ["cost", term]) if is_usual(term) => parts[1] = "USUAL",
        // Of the plant's usual cost.
        (Reader::Study, ["cost", "NAME"]) => parts[1] = "TERM",
        _ => {}
    }
    if reader == Reader::Model && parts.len() == 2 && GROUPS.contains(&parts[0]) {
        parts[1] = "NAME";
        // Numbers all have the same keys.
        if ["gains", "settings"].contains(&parts[0]) {
            parts[0] = "parameters";
        }
    }
    parts.join(".")
}

/// Studies in which every key is asked for.
fn studies() -> Vec<String> {
    let usual = study();
    let mut texts = vec![usual.clone()];
    let aggregates = AggregateKind::ALL.iter().map(|kind| ("type = \"mean\"", "type", kind.name()));
    let rules = RuleKind::ALL.iter().map(|rule| ("rule = \"learning\"", "rule", rule.name()));
    texts.extend(aggregates.chain(rules).map(|(from, key, name)| {
        assert!(usual.contains(from), "{from}");
        usual.replace(from, &format!("{key} = \"{name}\""))
    }));
    let own = "expression = \"STATE\"";
    let objectives =
        format!("[[objectives]]\nname = \"itae\"\n[[objectives]]\nname = \"OBJECTIVE\"\n{own}\n");
    let of_best =
        usual.replace("[swarm.restarts]\n[swarm.polish]\n", "").replace("rule = \"learning\"\n", "");
    texts.push(format!("{of_best}\n{objectives}"));
    texts.push(format!(
        "{of_best}\n{}",
        objectives.replace("name = \"itae\"", "name = \"a\"\ncost = { TERM = 1.0 }")
    ));
    texts
        .push(usual.replace("[swarm.polish]\n", "[swarm.polish]\n[swarm.stopping]\nstall_generations = 5\n"));
    texts.push(format!("{usual}\n[[response]]\noutput = \"STATE\"\n"));
    texts.push(usual.replace(
        "{ type = \"table\", times = [0.0, 1.0], values = [0.0, 1.0] }",
        "{ type = \"table\", file = \"table.csv\", column = \"value\" }",
    ));
    texts
}

/// What the readers ask of a plant and a law that stand in the study itself, beside the keys of a model file: their names. And a key of compiled
/// code, which is asked for where there is any.
fn of_own_models() -> Vec<Asked> {
    let plant = "[plant]\nnumerator = [1.0]\ndenominator = [1.0, 1.0]\n";
    let law = "[controller]\nequations = \"u = k*y\"\n[controller.gains]\nk = { default = 1.0, search = [0.0, 2.0] }\n";
    let rest = "[cost.itae]\nsignals = [\"y\"]\n[[scenarios]]\nsignals = { load = 1.0 }\n";
    let mut own = asked(Reader::Study, &format!("{plant}{law}{rest}"));
    own.retain(|one| ["plant", "controller"].contains(&one.table.as_str()) && one.key == "name");
    assert_eq!(own.len(), 2, "{own:?}");
    for table in ["plant", "controller"] {
        let (allowed, default) = (vec!["a text".into()], Vec::new());
        own.push(Asked {
            table: table.into(),
            key: "library_sha256".into(),
            allowed,
            default,
            doc: String::new(),
        });
    }
    own
}

const SEARCHES: [&str; 3] = [
    "[[parameters]]\nlower = 0.0\nupper = 1.0\n",
    "objectives = 2\n[[parameters]]\nlower = 0.0\nupper = 1.0\n",
    "[[parameters]]\nchoices = [\"a\", \"b\"]\n[[parameters]]\nlower = 0.0\nupper = 1.0\n[swarm]\nresample = true\n",
];

fn models() -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(place("tests/reference").join(name)).expect("a model");
    let [plant, law] = ["plant.toml", "controller.toml"].map(read);
    let sliding = "[states]\nSTATE2 = {}\n[tables]\nTABLE = { x = [0, 1], y = [0, 1] }\n[certificate]\nsliding = \"error\"\n[rules]\nGAIN = \"K\"\n";
    let (linear, output) = (
        "kind = \"plant\"\nnumerator = [1.0]\ndenominator = [1.0, 1.0]\n",
        "kind = \"plant\"\nA = [[-1.0]]\nB = [[1.0]]\nC = [[1.0]]\n",
    );
    let extends =
        "kind = \"plant\"\nextends = \"mass_spring_damper\"\nequations = \"mass*x'' = u - stiffness*x\"\n";
    let law_with = law.replace(
        "OUTPUT = GAIN*(EXPRESSION)",
        "OUTPUT = GAIN*(EXPRESSION) + 0*table(TABLE, STATE2)\nSTATE2' = 0",
    );
    vec![plant, law, format!("{law_with}\n{sliding}"), linear.into(), output.into(), extends.into()]
}

const BATCH: &str = "studies = [\"study.toml\"]\n[grid]\nseed = [1, 2]\n";

/// Validations have the keys of scenarios.
const VALIDATION: &str = "validation[]";

/// Whether a key is a table, which has a section of its own.
fn is_table(asked: &Asked, all: &[Asked]) -> bool {
    let path = path(&asked.table, &asked.key);
    let tables = [path.clone(), format!("{path}[]")];
    let has_keys = all.iter().any(|other| {
        tables.iter().any(|table| other.table == *table || other.table.starts_with(&format!("{table}.")))
    });
    has_keys && asked.allowed.iter().all(|allowed| allowed.contains("table"))
}

/// Keys in the unit of something of the study, the unit that they have here, and what it is that of.
const OF_UNITS: [(&str, &str, &str); 4] = [
    ("scenarios[].noise.STATE", " m", "the state"),
    ("scenarios[].quantisation.STATE", " m", "the state"),
    ("scenarios[].ranges.STATE", " m", "the state"),
    ("scenarios[].rate_limit", " 1/s", "what drives the plant, by s"),
];

/// What is allowed, in the unit that it has in any study.
fn in_its_unit(path: &str, allowed: String) -> String {
    let found = OF_UNITS.iter().find(|(key, ..)| *key == path);
    let named =
        found.and_then(|(_, unit, of)| Some(format!("{}, in the unit of {of}", allowed.strip_suffix(unit)?)));
    named.unwrap_or(allowed)
}

fn path(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The head of a table as a file has it.
fn head(table: &str) -> String {
    match table.rsplit_once("[]") {
        Some((array, "")) => format!("[[{}]]", array.replace("[]", "")),
        _ => format!("[{}]", table.replace("[]", "")),
    }
}

/// What is known of a key under a group, or under that which it shares its texts with; notes that it is used.
struct Texts<'a> {
    all: &'a Meanings,
    used: BTreeSet<(String, String)>,
    missing: Vec<String>,
}

impl Texts<'_> {
    fn find(&mut self, group: &str, path: &str) -> Option<Meaning> {
        let is_search = group == "search";
        let shared = if is_search { path.replacen("parameters[]", "tune[]", 1) } else { path.to_owned() };
        let places = [(group, path), (group, shared.as_str()), ("study", path), ("study", shared.as_str())];
        for (group, path) in places {
            if let Some(meaning) = self.all.get(group).and_then(|keys| keys.get(path)) {
                self.used.insert((group.into(), path.into()));
                return Some(meaning.clone());
            }
        }
        None
    }

    /// The rows of a table.
    fn rows(&mut self, group: &str, table: &str, all: &[Asked]) -> Vec<[String; 4]> {
        let mut rows = Vec::new();
        for one in all.iter().filter(|one| one.table == table && !is_table(one, all)) {
            let path = path(table, &one.key);
            let said = self.find(group, &path);
            if said.is_none() && one.doc.is_empty() {
                self.missing.push(format!("[{group}] \"{path}\""));
            }
            let said = said.unwrap_or_default();
            let meaning = if said.told.is_empty() { one.doc.clone() } else { said.told };
            let of_model = OF_MODELS.contains(&(table, one.key.as_str()));
            let declared = |of_it: &str, own: String| if of_model { of_it.to_owned() } else { own };
            let allowed =
                declared("a number in the range that the model declares", one.allowed.join("; or "));
            let allowed = in_its_unit(&path, allowed);
            let default = one.default.iter().map(|text| code(text)).collect::<Vec<_>>().join(" or ");
            let allowed = said.allowed.unwrap_or(allowed);
            let default = said.default.unwrap_or_else(|| declared("the model's", default));
            rows.push([code(&one.key), meaning, allowed, default]);
        }
        rows
    }

    /// A table of a validation, whose keys are those of the same table of scenarios, but for some; only the first has a section.
    fn as_scenarios(&mut self, level: &str, rest: &str, all: &[Asked]) -> String {
        let keys = |table: &str| -> BTreeSet<&str> {
            let table = format!("{table}{rest}");
            all.iter().filter(|one| one.table == table).map(|one| one.key.as_str()).collect()
        };
        let [own, scenarios] = [VALIDATION, "scenarios[]"].map(keys);
        assert!(own.is_subset(&scenarios), "{rest}: {own:?} are among {scenarios:?}");
        if !rest.is_empty() {
            return String::new();
        }
        let without: Vec<String> = scenarios.difference(&own).map(|key| code(key)).collect();
        let said = self.find("study", VALIDATION).unwrap_or_default().told;
        let head = head(VALIDATION);
        format!(
            "{level} `{head}`\n\n{said} Its keys are those of `[[scenarios]]`, but for {}.\n\n",
            without.join(", ")
        )
    }

    /// The sections of what a reader asks for.
    fn sections(&mut self, group: &str, level: &str, all: &[Asked]) -> String {
        let mut tables: Vec<&str> = Vec::new();
        for one in all {
            if !tables.contains(&one.table.as_str()) {
                tables.push(&one.table);
            }
        }
        let roots: Vec<&str> =
            all.iter().filter(|one| one.table.is_empty()).map(|one| one.key.as_str()).collect();
        let root = |table: &str| {
            let first = table.split(['.', '[']).next().unwrap_or_default();
            roots.iter().position(|root| *root == first).map_or(0, |place| place + 1)
        };
        tables.sort_by_key(|table| root(table));
        let mut text = String::new();
        for of in tables {
            if let Some(rest) = of.strip_prefix(VALIDATION) {
                text.push_str(&self.as_scenarios(level, rest, all));
                continue;
            }
            // The search of another program is that of a study, but for what is said of it.
            let is_as_in_a_study = group == "search" && of.starts_with("swarm");
            let mut rows = self.rows(group, of, all);
            if is_as_in_a_study {
                let own = &self.all[group];
                rows.retain(|[key, ..]| own.contains_key(&path(of, key.trim_matches('`'))));
            }
            if is_as_in_a_study && rows.is_empty() {
                continue;
            }
            if rows.is_empty() && !self.all[group].contains_key(of) {
                continue;
            }
            if !of.is_empty() {
                let _ = writeln!(text, "{level} `{}`\n", head(of));
                match self.find(group, of) {
                    Some(said) => {
                        let _ = writeln!(text, "{}\n", said.told);
                    }
                    None => self.missing.push(format!("[{group}] \"{of}\"")),
                }
            }
            if rows.is_empty() {
                continue;
            }
            text.push_str(&table(["key", "meaning", "allowed", "default"], rows));
        }
        text
    }

    /// Fails where a key has no text, or a text has no key.
    fn finish(self) {
        assert!(
            self.missing.is_empty(),
            "tests/reference/keys.toml says nothing of\n{}",
            self.missing.join("\n")
        );
        let all = self
            .all
            .iter()
            .flat_map(|(group, keys)| keys.keys().map(move |key| (group.clone(), key.clone())));
        let idle: Vec<_> = all.filter(|one| !self.used.contains(one)).collect();
        assert!(idle.is_empty(), "tests/reference/keys.toml speaks of what no reader asks for: {idle:?}");
    }
}

const INTRODUCTION: &str = "# Config keys

Every key that gainswarm reads, as its readers ask for it. A number outside its range, a key that is not listed, and a name that is misspelt are refused with
the line of the file and what is allowed. `gainswarm check CONFIG` shows a study with all defaults filled in; `gainswarm init` writes one with a comment on every key.

Names in capitals stand for those of a model: `STATE`, `INPUT` and `PARAMETER` of the plant, `SETTING` for a number that it adds to `[simulation]`, `GAIN` and `EXPRESSION` of the law,
`SIGNAL` for a reference or an input that nothing drives, `TERM` for a term of the cost. A key without a default may be left out, unless its meaning says otherwise.

A study has at least one `[[scenarios]]` and one term of the cost. It has `[connect]` where the names of plant and law differ, and a `[[response]]` for limits such as
`max_overshoot`.

";

#[test]
fn every_config_key_is_in_the_reference() {
    let known = meanings("keys.toml");
    let mut texts = Texts { all: &known, used: BTreeSet::new(), missing: Vec::new() };
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## A study\n\n");
    let mut of_study = all(Reader::Study, studies());
    Asked::merge(&mut of_study, of_own_models());
    page.push_str(&texts.sections("study", "###", &of_study));
    page.push_str("## A batch\n\n`gainswarm batch` runs every study with every combination of the values in its grid.\n\n");
    page.push_str(&texts.sections("batch", "###", &all(Reader::Batch, [BATCH.to_owned()])));
    page.push_str("## A search for another program\n\n`gainswarm ask-tell` searches for a program that judges the positions.\n\n");
    page.push_str(&texts.sections("search", "###", &all(Reader::Search, SEARCHES.map(String::from))));
    hold("reference/config.md", &page);
    let mut page = super::language::page();
    page.push_str("## A model file\n\n");
    page.push_str(&texts.sections("model", "###", &all(Reader::Model, models())));
    hold("reference/language.md", &page);
    texts.finish();
}

#[test]
fn no_study_of_the_project_has_a_key_that_the_reference_lacks() {
    let known = all(Reader::Study, studies());
    let is_name = |key: &str| key.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let mut read = 0;
    for folder in ["configs", "configs/known"] {
        for entry in std::fs::read_dir(place(folder)).expect("a folder") {
            let file = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let is_study =
                text.contains("[[scenarios]]") && file.extension().is_some_and(|end| end == "toml");
            if !is_study {
                continue;
            }
            for one in Reader::Study.asked(&file, &text).unwrap_or_else(|error| panic!("{error}")) {
                let table = one.table.replacen(VALIDATION, "scenarios[]", 1);
                let same = |known: &Asked| {
                    let parts = |table: &str| table.split('.').map(String::from).collect::<Vec<_>>();
                    let [a, b] = [&known.table, &table].map(|table| parts(table));
                    a.len() == b.len()
                        && a.iter().zip(&b).all(|(a, b)| a == b || is_name(a.trim_end_matches("[]")))
                };
                let mut tables = known.iter().filter(|known| same(known));
                let is_there =
                    tables.any(|known| known.key == one.key || is_name(known.key.trim_start_matches("max_")));
                // A model that stands in the study has the keys of a model file.
                let is_other = OF_OTHERS.contains(&(Reader::Study, &path(&one.table, &one.key)));
                let is_model = one.table.starts_with("plant") || one.table.starts_with("controller");
                assert!(is_there || is_model || is_other, "{}: {one:?}", file.display());
                read += 1;
            }
        }
    }
    assert!(read > 1000, "{read} keys");
}
