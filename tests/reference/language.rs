//! The language of models: its signs, words and functions, each with what it means.

use std::fmt::Write;

use gainswarm::graph::TABLE;
use gainswarm::model::{CONSTANTS, FUNCTIONS, OPERATORS, SIGNS, STATEMENTS, WORDS, unit, value};
use gainswarm::parameter::Short;

use super::pages::{code, table};

const INTRODUCTION: &str = "# The language of models

Plants, laws, costs, constraints and conditions of failure are written in one language of equations. It has no loops and no side effects; a text that
cannot be read is refused with its line, column and a mark below the place. [The library of models](../models/README.md) has examples of all of it.

";

/// The page, but for the keys of a model file.
pub(super) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## Statements\n\nIn any order; one a line, or several with `;` between them. A line that ends with a sign or within parentheses goes on in the next. `#` begins a remark.\n\n");
    page.push_str(&table(
        ["statement", "meaning"],
        STATEMENTS.map(|(form, meaning)| [code(form), meaning.into()]),
    ));
    page.push_str("## Operators\n\nFrom what binds least to what binds most. Truth is a number: 0 and NaN are false, all else is true.\n\n");
    let rows = OPERATORS.iter().map(|of| {
        let example = format!("`{}` is {}", of.example, Short(of.value));
        [code(of.written), of.meaning.into(), example]
    });
    page.push_str(&table(["operator", "meaning", "example"], rows));
    page.push_str("## Functions\n\n");
    let called = TABLE.iter().filter_map(|entry| {
        let operands = ["a", "b", "c"][..entry.operands].join(", ");
        Some([code(&format!("{}({operands})", entry.call?)), entry.meaning.into()])
    });
    let further = FUNCTIONS.iter().map(|(call, meaning)| [code(call), (*meaning).into()]);
    page.push_str(&table(["function", "meaning"], called.chain(further)));
    page.push_str("## Constants\n\n");
    page.push_str(&table(["name", "meaning"], CONSTANTS.map(|(name, meaning)| [code(name), meaning.into()])));
    page.push_str("## Names\n\n");
    let words = WORDS.map(code).join(", ");
    let _ = writeln!(
        page,
        "Letters of any script, digits and `_`, at most 64 characters, not beginning with a digit; not {words}. `__` stands in names that the program makes itself.\n"
    );
    page.push_str("## Units\n\n");
    let names: Vec<String> = unit::names().map(code).collect();
    let prefixes: Vec<String> = unit::PREFIXES.iter().map(|prefix| code(prefix)).collect();
    let _ = writeln!(
        page,
        "Where units are declared, equations whose sides do not fit are refused. A unit is a product of {}, with {} before them and whole or broken exponents behind (`kg m²`, `N m s/rad`, `m/s^2`, `N (rad/s)^-½`, `m^(5/2)`, never `m^2.5`). Factors, such as that of `g` against `kg`, are not looked at.\n",
        names.join(", "),
        prefixes.join(", ")
    );
    page
}

#[test]
fn the_operators_of_the_reference_give_what_it_says() {
    for of in OPERATORS {
        let found = value(of.example, &[]).unwrap_or_else(|| panic!("{} cannot be read", of.example));
        assert!((found - of.value).abs() < 1e-12, "{} is {found}, not {}", of.example, of.value);
        let signs: Vec<&str> =
            of.written.split(|c: char| c.is_alphanumeric() || c == ' ').filter(|s| !s.is_empty()).collect();
        assert!(signs.iter().all(|sign| of.example.contains(sign)), "{} shows {}", of.example, of.written);
    }
}

#[test]
fn every_sign_and_word_of_the_language_is_in_the_reference() {
    let page = page();
    for written in SIGNS.iter().chain(&WORDS) {
        assert!(page.contains(written), "{written}");
    }
    for (name, _) in CONSTANTS {
        assert!(WORDS.contains(&name), "{name} may be no name of a model");
    }
}
