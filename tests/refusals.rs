//! What is wrong with a study, or with the text of a model, is told where it stands, by what was meant and by what to do.

use std::path::Path;

use gainswarm::config::{Config, ConfigError};
use gainswarm::model::Model;

use crate::support::{gainswarm, stderr, write_config};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(&Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml"), text)
}

fn refused(text: &str) -> String {
    parse(text).map(|_| ()).expect_err(text).to_string()
}

/// A mass that a law of these lines pushes.
fn mass(law: &str) -> String {
    format!(
        "[plant]\nequations = \"x'' = push/m\"\n[plant.states]\nx = {{ unit = \"m\" }}\n[plant.inputs]\npush = {{ unit = \"N\" }}\n\
         [plant.parameters]\nm = {{ unit = \"kg\", default = 1.0 }}\n{law}\n[cost.ise]\n[[scenarios]]\ninitial_state = [1.0, 0.0]\n"
    )
}

#[test]
fn what_shows_only_beside_the_plant_is_told_where_it_stands() {
    // The third line of the law names what neither it nor the plant has.
    let law = "\nforce = -k*x\nrate = 2*speed\npush = force - rate\n";
    let declared = "gains]\nk = { default = 1.0, search = [0.0, 2.0] }";
    let inline = mass(&format!("[controller]\nequations = '''{law}'''\n[controller.{declared}"));
    let line = 1 + inline.lines().position(|line| line.starts_with("rate")).expect("the line");
    let error = refused(&inline);
    let told = |line: usize| {
        format!("line {line}: column 10: `speed` is unknown\n    rate = 2*speed\n             ^")
    };
    assert!(error.contains(&format!("study.toml, {}", told(line))), "{error}");
    assert!(error.contains("known: k, "), "{error}");

    let directory = tempfile::tempdir().expect("a directory");
    let text = format!("# A law.\nkind = \"controller\"\nequations = '''{law}'''\n[{declared}\n");
    write_config(directory.path(), "law.toml", text);
    let study = write_config(directory.path(), "study.toml", mass("[controller]\nfile = \"law.toml\""));
    let run = gainswarm(&["check", &study]);
    assert_eq!(run.status.code(), Some(2));
    let error = stderr(&run);
    assert!(error.contains(&format!("law.toml, {}", told(5))), "{error}");
}

#[test]
fn a_law_that_ships_and_does_not_suit_the_plant_is_told_by_both_places() {
    // A regulator steers one input; this plant has two.
    let text = "[plant]\nequations = \"x' = -x + a + b\"\n[plant.states]\nx = {}\n[plant.inputs]\na = {}\nb = {}\n\
                [controller]\ntype = \"lqr\"\n[connect]\na = \"u\"\nb = \"u\"\nx1 = \"x\"\n\
                [[scenarios]]\nsignals = { reference = 1.0 }\n[cost.ise]\n";
    let error = refused(text);
    let place = "study.toml, line 8: controller does not fit: models/controllers/lqr.toml, line 5: column ";
    assert!(error.contains(place), "{error}");
    assert!(
        error.contains("`lqr_reference` is asked of a plant of which the controller drives 2 inputs"),
        "{error}"
    );
}

#[test]
fn a_misspelt_key_of_a_model_is_named_before_what_it_leaves_out() {
    let model = |declared: &str| {
        format!(
            "kind = \"plant\"\nequations = \"x' = -a*x + u\"\n[states]\nx = {{}}\n[inputs]\nu = {{}}\n{declared}"
        )
    };
    let table = "[parameters]\na = { default = 1.0 }\n[tables]\n";
    for (text, words) in [
        (
            model("[parameters]\na = { defualt = 1.0 }\n"),
            "line 8: unknown key `defualt` in [parameters.a]\n  allowed: unit, doc, label, default, range, search, scale (did you mean `default`?)",
        ),
        (
            model(&format!("{table}hill = {{ x = [0, 1], yy = [0, 1] }}")),
            "unknown key `yy` in [tables.hill]\n  allowed: x, y (did you mean `y`?)",
        ),
        (model("[parameter]\na = { default = 1.0 }\n"), "unknown key `parameter` at the top level\n"),
        (model("[parameter]\na = { default = 1.0 }\n"), "(did you mean `parameters`?)"),
        ("kind = \"plant\"\nequatons = \"x' = 1\"\n[states]\nx = {}\n".into(), "unknown key `equatons`"),
        ("kind = \"plant\"\nequatons = \"x' = 1\"\n[states]\nx = {}\n".into(), "(did you mean `equations`?)"),
        (
            "knd = \"plant\"\nequations = \"x' = 1\"\n".into(),
            "kind is missing\n  a model needs kind and equations; rename `knd`",
        ),
    ] {
        let error = Model::parse("model.toml".as_ref(), &text).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    for (from, to, words) in [
        ("[plant.states]", "[plant.state]", "unknown key `state` in [plant]"),
        ("[plant.states]", "[plant.state]", "(did you mean `states`?)"),
        (
            "[plant.states]",
            "[states]",
            "states is part of a model, but this should be a study\n  write [plant.states]",
        ),
        (
            "x'' = push/m",
            "y'' = push/m",
            "`y` is no state\n    y'' = push/m\n    ^\n  declare it in [plant.states]",
        ),
    ] {
        let good = mass(
            "[controller]\nequations = \"push = -k*x\"\n[controller.gains]\nk = { default = 1.0, search = [0.0, 2.0] }",
        );
        parse(&good).expect("a study");
        let error = refused(&good.replacen(from, to, 1));
        assert!(error.contains(words), "{to}\n{error}");
    }
    let error = refused("kind = \"plant\"\nequations = \"x' = u\"\n[states]\nx = {}\n[inputs]\nu = {}\n");
    let words =
        "kind begins the text of a model, but this should be a study\n  `gainswarm init --plant FILE` writes";
    assert!(error.contains(words), "{error}");
}

#[test]
fn what_is_not_measured_is_refused_with_what_has_to_be_said_for_it() {
    let of = |rest: &str| {
        mass(
            "[controller]\nequations = \"push = -k*x\"\n[controller.gains]\nk = { default = 1.0, search = [0.0, 2.0] }",
        ) + rest
    };
    parse(&of("")).expect("a study");
    for (rest, words) in [
        (
            "[limits]\nmax_overshoot = 5.0\n",
            "limits.max_overshoot limits what the study does not measure\n  `overshoot` is measured of a response: add [[response]] with output = ",
        ),
        ("[limits]\nmax_chattering = 5.0\n", "add [cost.chattering], with weight = 0.0"),
        ("[cost.settling_time]\n", "`settling_time` is measured of a response: add [[response]]"),
        ("[aggregate]\nalpha = 0.1\n", "aggregate.alpha is for type = \"cvar\""),
        (
            "[[response]]\noutput = \"x\"\n[[response]]\noutput = \"x_dot\"\n[cost.overshoot]\n",
            "(did you mean `x_overshoot`?)",
        ),
    ] {
        let error = refused(&of(rest));
        assert!(error.contains(words), "{rest}\n{error}");
    }
    let error = refused(&format!("constraints = [\"overshoot <= 5\"]\n{}", of("")));
    assert!(
        error.contains("names what the study does not measure\n  `overshoot` is measured of a response"),
        "{error}"
    );
    let error = refused(&of("[[objectives]]\nname = \"ise\"\n[[objectives]]\nname = \"rise_time\"\n"));
    assert!(error.contains("`rise_time` is measured of a response"), "{error}");
    // What has been said is no hint.
    parse(&of("[[response]]\noutput = \"x\"\n[limits]\nmax_overshoot = 5.0\n")).expect("a study");
}

#[test]
fn values_of_different_dimensions_are_not_joined() {
    let law = |input: &str, output: &str| {
        mass(&format!(
            "[controller]\nequations = \"push = -k*seen\"\n[controller.inputs]\nseen = {{ unit = \"{input}\" }}\n\
             [controller.gains]\nk = {{ default = 1.0, search = [0.0, 2.0] }}\n[controller.outputs]\npush = {{ unit = \"{output}\" }}\n[connect]\nseen = \"x\""
        ))
    };
    for (input, output) in [("m", "N"), ("mm", "kN"), ("", ""), ("m", ""), ("", "kg m/s^2")] {
        parse(&law(input, output)).unwrap_or_else(|error| panic!("{input}, {output}: {error}"));
    }
    for (input, output, words) in [
        ("rad", "", "connect.seen joins x of plant, in m, to seen of controller, in rad\n"),
        ("m/s", "N", "connect.seen joins x of plant, in m, to seen of controller, in m/s\n"),
        ("m", "N m", "connect.push joins push of controller, in N m, to push of plant, in N\n"),
    ] {
        let error = refused(&law(input, output));
        assert!(error.contains(words), "{input}, {output}: {error}");
    }
}

#[test]
fn plus_before_an_equals_sign_is_not_taken_for_a_next_value() {
    let law = |statement: &str| {
        let text = "[controller]\nequations = \"\"\"\nSUM\npush = -k*total\"\"\"\n[controller.gains]\nk = { default = 1.0, search = [0.0, 2.0] }\n\
                    [controller.inputs]\nseen = {}\n[controller.states]\ntotal = {}\n[connect]\nseen = \"x\"";
        mass(&text.replace("SUM", statement))
    };
    parse(&law("total+ = total + seen")).expect("a value of the next period");
    for statement in ["total += seen", "total+= seen", "total+=seen"] {
        let error = refused(&law(statement));
        assert!(error.contains("`+=` does not add to a value here"), "{error}");
        assert!(
            error.contains("write `total+ = total + …` for the value of the next period, or `total' = …`"),
            "{error}"
        );
    }
}
