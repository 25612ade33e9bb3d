//! The library of models: a page each, made of what the model declares, with its equations as MathML.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use gainswarm::model::{Kind, Model, Parameter, Quantity, shipped, typeset};
use gainswarm::parameter::Short;

use super::open_loop;
use super::pages::{code, hold, place, table};

const INTRODUCTION: &str = "# The library of models

Plants and laws that ship with gainswarm: equations, states, parameters with units and ranges, sources. Each is a text in `models/` of the project; a study names
it with `[plant] type = \"…\"` or `[controller] type = \"…\"`, and [one of your own](../reference/language.md) is written in the same way.

In the equations a dot, or a prime behind a longer name, is the derivative by time, a name with + the value at the next control period, and *Lf* and *Lg* are Lie derivatives along the plant without control and along what
drives it. `sat` is a number within ±1, `clamp` one within two bounds, `delay` a value so many seconds ago.

";

fn folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Plant => "plants",
        Kind::Controller => "controllers",
    }
}

/// A text of the model in Markdown, where `_` and `*` in names must stay.
fn plain(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '_' | '<' | '`') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A source whose DOIs are links.
fn linked(source: &str) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some(at) = rest.find("doi:") {
        text.push_str(&plain(&rest[..at]));
        let doi = &rest[at + 4..];
        let mut end = doi.find([' ', ',', ';']).unwrap_or(doi.len());
        // A parenthesis belongs to it where it was opened in it.
        while doi[..end].ends_with([')', '.'])
            && doi[..end].matches('(').count() < doi[..end].matches(')').count().max(1)
        {
            end -= 1;
        }
        let _ = write!(text, "[doi:{0}](https://doi.org/{0})", &doi[..end]);
        rest = &doi[end..];
    }
    text + &plain(rest)
}

/// A name, and as the equations have it where that is another.
fn name(of: &str) -> String {
    let set = typeset("", of).unwrap_or_default();
    let is_same = ["<mi mathvariant=\"normal\">", "<mi>"]
        .map(|tag| format!("<math>{tag}{of}</mi></math>"))
        .contains(&set);
    if is_same { code(of) } else { format!("{} {set}", code(of)) }
}

fn unit(of: &Quantity) -> String {
    of.unit_shown().to_owned()
}

fn range([low, high]: [f64; 2]) -> String {
    let end = |end: f64| {
        if end.abs() >= f64::MAX {
            if end < 0.0 { "−∞".into() } else { "∞".into() }
        } else {
            Short(end).to_string()
        }
    };
    format!("{} … {}", end(low), end(high))
}

fn block(mathml: &str) -> String {
    format!("<div style=\"overflow: auto hidden; padding: 0.3em 0\">\n{mathml}\n</div>\n\n")
}

fn parameters(head: &str, of: &[Parameter]) -> String {
    if of.is_empty() {
        return String::new();
    }
    let row = |of: &Parameter| {
        let Parameter { quantity, default, range: allowed, .. } = of;
        let search = of.search.map_or(String::new(), |search| {
            format!("; searched {}{}", range(search), if of.logarithmic { ", by its logarithm" } else { "" })
        });
        let range = format!("{}{search}", range(*allowed));
        [name(&quantity.name), plain(&quantity.doc), unit(quantity), Short(*default).to_string(), range]
    };
    let columns = ["name", "meaning", "unit", "default", "allowed"];
    format!("## {head}\n\n{}", table(columns, of.iter().map(row)))
}

fn quantities(model: &Model) -> String {
    let declared = &model.declared;
    let mut text = String::new();
    let rows = declared.states.iter().map(|state| {
        let of = &state.quantity;
        let start =
            state.initial_gain.as_ref().map_or_else(|| Short(state.initial).to_string(), |gain| code(gain));
        [name(&of.name), plain(&of.doc), unit(of), start]
    });
    if !declared.states.is_empty() {
        let _ = write!(text, "## States\n\n{}", table(["name", "meaning", "unit", "start"], rows));
    }
    let rows = declared.inputs.iter().map(|input| {
        let of = &input.quantity;
        let default =
            input.default.map_or("must be connected or given".into(), |value| Short(value).to_string());
        let limit = input.limit.map_or(String::new(), |limit| format!(", at most ±{}", Short(limit)));
        [name(&of.name), plain(&of.doc), unit(of), default + &limit]
    });
    if !declared.inputs.is_empty() {
        let _ = write!(text, "## Inputs\n\n{}", table(["name", "meaning", "unit", "default"], rows));
    }
    let rows = declared.outputs.iter().map(|of| [name(&of.name), plain(&of.doc), unit(of)]);
    if !declared.outputs.is_empty() {
        let _ = write!(text, "## Outputs\n\n{}", table(["name", "meaning", "unit"], rows));
    }
    text
}

/// A summary as a sentence; a formula stays as it is.
fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    match (letters.next(), summary.chars().nth(1)) {
        (Some(first), Some(second)) if second.is_alphabetic() => {
            format!("{}{}", first.to_uppercase(), plain(letters.as_str()))
        }
        _ => plain(summary),
    }
}

/// Texts that a study may choose or replace.
fn expressions(model: &Model) -> String {
    let declared = &model.declared;
    let mut text = String::new();
    for (key, usual) in &declared.expressions {
        let set = |text: &str| typeset(key, text).unwrap_or_else(|_| format!("<code>{text}</code>"));
        let _ = write!(text, "### `{key}`\n\n");
        match declared.choices.get(key) {
            None => {
                let _ = write!(text, "{}", block(&set(usual)));
            }
            Some(choices) => {
                for (name, texts) in &choices.texts {
                    let is_default =
                        if *name == choices.default { ", unless a study says otherwise" } else { "" };
                    let many =
                        if texts.len() > 1 { "; the first that names only what the plant has" } else { "" };
                    let _ = write!(text, "`{key} = \"{name}\"`{is_default}{many}:\n\n");
                    for one in texts {
                        text.push_str(&block(&set(one)));
                    }
                }
            }
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("## What a study may choose\n\nBy name, or as an expression of its own.\n\n{text}")
    }
}

fn conditions(head: &str, texts: &[String]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let set = |text: &String| {
        block(&typeset("", text).expect("a relation").replace("<math>", "<math display=\"block\">"))
    };
    format!("{head}\n\n{}", texts.iter().map(set).collect::<String>())
}

fn page(model: &Model, called: &str) -> String {
    let declared = &model.declared;
    let mut page = format!("# `{called}`\n\n{}.\n\n", sentence(&declared.summary));
    let _ = writeln!(page, "```toml\n[{}]\ntype = \"{called}\"\n```\n", model.kind.name());
    let _ = write!(page, "## Equations\n\n{}", block(&model.typeset()));
    page.push_str(&conditions("A simulation has failed when", declared.fail.as_slice()));
    if let Some(sliding) = &declared.sliding {
        let _ =
            write!(page, "The law brings {} to 0 and holds it there", typeset("", sliding).expect("a name"));
        match &declared.reaches {
            Some(reaches) => {
                let _ = write!(page, " where {}.\n\n", typeset("", reaches).expect("a condition"));
            }
            None => page.push_str(".\n\n"),
        }
    }
    page.push_str(&expressions(model));
    if model.kind == Kind::Plant {
        let motion = open_loop::of(called);
        let _ = write!(page, "## Open loop\n\n{}\n\n", motion.told(model));
        for (state, svg) in motion.plots(model) {
            let file = format!("{called}-{state}.svg");
            let style = "width: 49%; min-width: min(100%, 22em)";
            let _ = writeln!(page, "<img src=\"{file}\" alt=\"{state} over time\" style=\"{style}\">");
            hold(&format!("models/plants/{file}"), &svg);
        }
        page.push('\n');
    }
    page.push_str(&quantities(model));
    page.push_str(&parameters(
        if model.kind == Kind::Plant { "Parameters" } else { "Gains" },
        &declared.parameters,
    ));
    page.push_str(&conditions("A study is refused where the parameters do not satisfy", &declared.require));
    page.push_str(&conditions("A study is warned where they do not satisfy", &declared.warn));
    page.push_str(&parameters("Its keys of `[simulation]`", &declared.settings));
    if let Some(rules) = &declared.rules {
        let gains: String = rules
            .gains
            .iter()
            .map(|(gain, text)| block(&typeset(gain, text).expect("an expression")))
            .collect();
        let _ = write!(
            page,
            "## Published rules\n\nA rule that gives the ideal form K (1 + 1/(Ti s) + Td s) comes to these gains (`gainswarm rules`):\n\n{gains}"
        );
    }
    let source = if declared.source.is_empty() {
        "None is named.".into()
    } else {
        format!("{}.", linked(&declared.source))
    };
    let _ = write!(page, "## Source\n\n{source}\n");
    page
}

#[test]
fn every_model_that_ships_has_its_page() {
    let mut index = INTRODUCTION.to_owned();
    let mut wanted = BTreeSet::from(["README.md".to_owned()]);
    for kind in Kind::ALL {
        let folder = folder(kind);
        let mut rows = Vec::new();
        for of in shipped(kind) {
            let model = Model::parse(Path::new(of.path), of.text).unwrap_or_else(|error| panic!("{error}"));
            let text = page(&model, of.name);
            wanted.insert(format!("{folder}/{}.md", of.name));
            let plots = text.split("src=\"").skip(1).filter_map(|part| part.split('"').next());
            wanted.extend(plots.map(|plot| format!("{folder}/{plot}")));
            hold(&format!("models/{folder}/{}.md", of.name), &text);
            rows.push([format!("[`{0}`]({folder}/{0}.md)", of.name), plain(&model.declared.summary)]);
        }
        let head = if kind == Kind::Plant { "Plants" } else { "Laws" };
        let _ = write!(index, "## {head}\n\n{}", table(["name", "what it is"], rows));
    }
    hold("models/README.md", &index);
    let mut found = BTreeSet::new();
    let mut size = 0;
    for folder in ["", "plants/", "controllers/"] {
        for entry in std::fs::read_dir(place("docs/models").join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.path().is_file() {
                size += entry.metadata().expect("a size").len();
                found.insert(format!("{folder}{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    assert_eq!(found, wanted, "docs/models has what the models make, and nothing else");
    assert!(size < 2_000_000, "{size} bytes of pages and plots");
}

#[test]
fn equations_are_set_as_a_book_has_them() {
    let set =
        |text: &str| typeset("", text).expect("an expression").replace("<math>", "").replace("</math>", "");
    let fraction = set("(a + b)/(c*d)");
    assert!(fraction.starts_with("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"), "{fraction}");
    assert!(!fraction.contains("<mo>(</mo>"), "a fraction needs no parentheses: {fraction}");
    for (text, parentheses) in [
        ("a*(b + c)", 1),
        ("a - (b - c)", 1),
        ("a + (b + c)", 0),
        ("(a*b)*c", 0),
        ("(a + b)^2", 1),
        ("-a*b", 0),
        ("a*(-b)", 1),
        ("a - (-b)", 1),
        ("-(a + b)", 1),
        ("sin(a)^2", 1),
        ("sin(a)^b", 2),
        ("(a or b) and c", 1),
        ("a and b or c", 0),
        ("(a^b)^c", 1),
        ("a^(b + c)", 0),
        ("sqrt(a + b)", 0),
        ("abs(a - b)", 0),
    ] {
        assert_eq!(set(text).matches("<mo>(</mo>").count(), parentheses, "{text}: {}", set(text));
    }
    assert!(set("theta1").contains("<msub><mi>θ</mi><mn>1</mn></msub>"), "{}", set("theta1"));
    assert!(set("u_max").contains("<msub><mi>u</mi><mi mathvariant=\"normal\">max</mi></msub>"));
    assert!(set("cart_mass").contains("cart_mass"));
    assert!(set("a != b").contains('≠'));
    let kept = |text: &str, sign: &str| {
        assert!(set(text).contains(&format!("<mi>a</mi><mo>{sign}</mo>")), "{}", set(text));
    };
    kept("a > b", "&gt;");
    kept("a <= b + 1", "≤");
    kept("a >= max(b, 1)", "≥");
    let choice = set("if a then 1 else if b then 2 else 3");
    assert_eq!(choice.matches("<mtr>").count(), 3, "branches of one choice: {choice}");
}
