//! The report of a tuning: a page that needs nothing else. What a browser shows of it is tested by `tests/browser/report.py`.

use std::path::{Path, PathBuf};

use crate::support::{SMALL_STUDY, gainswarm, stderr, write_config};

/// Tunes the small study into a directory of its own.
fn tuned(directory: &Path, options: &[&str]) -> PathBuf {
    let config = write_config(directory, "small.toml", SMALL_STUDY);
    let output = directory.join("out");
    let run = gainswarm(
        &[&["tune", &config, "--quiet", "--output", output.to_str().expect("UTF-8")], options].concat(),
    );
    assert!(run.status.success(), "{}", stderr(&run));
    output
}

/// The page after a validation whose results go to `output`.
fn validated(config: &Path, gains: &Path, output: &Path) -> String {
    let [config, gains, out] = [config, gains, output].map(|path| path.to_str().expect("UTF-8"));
    let paths = ["validate", config, "--gains", gains, "--output", out];
    let run = gainswarm(&[&paths[..], &["--samples", "20", "--quiet", "--report"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    std::fs::read_to_string(output.join("report.html")).expect("a page")
}

fn report(output: &Path, options: &[&str]) -> (Option<i32>, String) {
    let run = gainswarm(&[&["report", output.to_str().expect("UTF-8")], options].concat());
    (run.status.code(), stderr(&run))
}

#[test]
fn a_report_needs_nothing_else_and_is_the_same_when_it_is_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &["--report"]);
    let read = || std::fs::read_to_string(output.join("report.html")).expect("a page");
    let page = read();
    // An SVG names its language by an address that nobody opens; nothing else does.
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!addresses.contains("http:") && !addresses.contains("https:") && !addresses.contains("src="));
    for section in [
        "gains",
        "law",
        "motion",
        "trajectories",
        "phase",
        "cost",
        "certificate",
        "convergence",
        "machine",
        "config",
    ] {
        assert!(page.contains(&format!("id=\"{section}\"")), "{section}");
    }
    assert!(!page.contains("id=\"validation\""), "nothing has been validated");
    assert_eq!(report(&output, &[]).0, Some(0));
    assert_eq!(read(), page);
}

#[test]
fn every_plot_is_there_as_svg_and_png() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &[]);
    assert_eq!(report(&output, &["--plots"]).0, Some(0));
    let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
    let names: Vec<&str> =
        page.split("data-plot=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let file = |extension: &str| output.join("plots").join(format!("{name}.{extension}"));
        let svg = std::fs::read_to_string(file("svg")).expect("an SVG");
        assert!(svg.starts_with("<svg") && !svg.contains("var("), "{name} has colours of its own");
        assert!(svg.contains("\n<title>small: "), "{name} says what it is of");
        assert!(std::fs::read(file("png")).expect("a PNG").starts_with(b"\x89PNG"));
    }
}

#[test]
fn a_validation_of_these_gains_is_in_the_report_and_one_of_others_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &[]);
    let config = directory.path().join("small.toml");
    let validate = |gains: &Path| validated(&config, gains, &output);
    assert!(validate(&output.join("gains.csv")).contains("id=\"validation\""));
    let other = directory.path().join("other.csv");
    let gains = std::fs::read_to_string(output.join("gains.csv")).expect("gains");
    let (head, row) = (gains.lines().next().expect("a header"), "classical,k1,29.5,1,,,false");
    std::fs::write(&other, format!("{head}\n{row}\n")).expect("written");
    assert!(!validate(&other).contains("id=\"validation\""));
}

#[test]
fn results_that_do_not_belong_together_make_no_report() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, said) = report(&directory.path().join("nowhere"), &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("nowhere") && said.contains("gainswarm tune"), "{said}");

    let output = tuned(directory.path(), &[]);
    let gains = std::fs::read_to_string(output.join("gains.csv")).expect("gains");
    let changed = gains.replacen("classical,kx,11.53", "classical,kx,11.54", 1);
    assert_ne!(changed, gains);
    std::fs::write(output.join("gains.csv"), changed).expect("written");
    let (code, said) = report(&output, &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("does not do what summary.csv says") && said.contains("tune again"), "{said}");
    assert!(!output.join("report.html").exists());

    std::fs::write(output.join("manifest.json"), "{}").expect("written");
    assert!(report(&output, &[]).1.contains("is not a manifest of gainswarm"));
}

#[test]
fn an_overview_leads_to_the_report_of_every_study() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "small.toml", SMALL_STUDY);
    let config =
        write_config(directory.path(), "night.toml", "studies = [\"small.toml\"]\n[grid]\nseed = [1, 2]\n");
    let output = directory.path().join("night");
    let run =
        gainswarm(&["batch", &config, "--quiet", "--report", "--output", output.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
    for study in ["small-seed1", "small-seed2"] {
        let link = format!("{study}/report.html");
        assert!(page.contains(&format!("href=\"{link}\"")) && output.join(link).exists(), "{study}");
    }
}

#[test]
fn what_moves_to_its_end_has_not_settled_on_any_page() {
    let directory = tempfile::tempdir().expect("a directory");
    // 508 steps of 0.7 ms are a rounding error less than the duration.
    let text = SMALL_STUDY.replace("duration = 0.2", "dt = 0.0007\nduration = 0.3556");
    write_config(directory.path(), "small.toml", text);
    let config = write_config(directory.path(), "night.toml", "studies = [\"small.toml\"]\n");
    let output = directory.path().join("night");
    let run =
        gainswarm(&["batch", &config, "--quiet", "--report", "--output", output.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let page = |path: &str| std::fs::read_to_string(output.join(path)).expect("a page");
    let (study, overview) = (page("small/report.html"), page("report.html"));
    assert!(study.contains("<dd class=\"bad\">not in 2 of 2</dd>") && study.contains("not all settle"));
    assert!(overview.contains("<td class=\"number bad\">not all</td>"));
    assert!(!overview.contains("interquartile range"), "one study has no spread");
}

#[test]
fn a_page_of_gains_that_do_not_hold_says_so_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let cases = [
        (
            "limits.toml",
            format!("{SMALL_STUDY}[limits]\nmax_peak_force = 1e-3\n"),
            "EXCEEDS max_peak_force = 0.001 N",
        ),
        (
            "weak.toml",
            SMALL_STUDY.replace("duration = 0.2", "duration = 2.0") + "[controller]\nu_max = 0.01\n",
            "FAILS in 2 of 2",
        ),
        (
            "apart.toml",
            format!("constraints = [\"sin(1e5*k1) > 0.999999999\"]\n{SMALL_STUDY}"),
            "NOT SIMULATED",
        ),
    ];
    for (name, text, words) in cases {
        let config = write_config(directory.path(), name, text);
        let output = directory.path().join("out").join(name);
        let run = gainswarm(&["tune", &config, "--report", "--output", output.to_str().expect("UTF-8")]);
        assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
        let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
        let header = page.split("</header>").next().expect("a header");
        assert!(header.contains("not feasible") && header.contains(words), "{header}");
        assert!(!header.contains("NaN"), "{header}");
        if name == "weak.toml" {
            assert!(header.contains("not in 2 of 2"), "what falls has not settled: {header}");
        }
    }
}

#[test]
fn a_gain_that_ends_at_its_bound_is_marked() {
    let directory = tempfile::tempdir().expect("a directory");
    let narrow = "[[tune]]\nparameter = \"K\"\nlower = 1.0\nupper = 1.000001\n";
    let config = write_config(directory.path(), "narrow.toml", format!("{SMALL_STUDY}{narrow}"));
    let output = directory.path().join("out");
    let run = gainswarm(&["tune", &config, "--report", "--output", output.to_str().expect("UTF-8")]);
    assert!(run.status.success(), "{}", stderr(&run));
    let gains = std::fs::read_to_string(output.join("gains.csv")).expect("gains");
    let bound = gains.lines().find(|line| line.starts_with("classical,K,")).expect("K");
    assert!(bound.starts_with("classical,K,1.0,") || bound.starts_with("classical,K,1.000001,"), "{bound}");
    let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
    let row = page.split("<tr data-gain=\"K\">").nth(1).and_then(|rest| rest.split("</tr>").next());
    assert!(row.expect("a row").contains("<span class=\"mark\">at its bound</span>"), "{row:?}");
}

#[test]
fn new_results_take_the_old_page_away() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &["--report"]);
    assert_eq!(report(&output, &["--plots"]).0, Some(0));
    let mine = output.join("plots/mine.png");
    std::fs::write(&mine, "not ours").expect("written");
    tuned(directory.path(), &["--seed", "8", "--force"]);
    assert!(!output.join("report.html").exists());
    let left: Vec<_> = std::fs::read_dir(output.join("plots")).expect("the folder").flatten().collect();
    assert_eq!(
        left.iter().map(std::fs::DirEntry::path).collect::<Vec<_>>(),
        [mine],
        "ours are gone, others stay"
    );
}

#[test]
fn a_validation_on_another_plant_is_not_that_of_this_study() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &[]);
    let other =
        write_config(directory.path(), "other.toml", format!("{SMALL_STUDY}[plant]\nlink1_mass = 0.35\n"));
    let page = validated(other.as_ref(), &output.join("gains.csv"), &output);
    assert!(!page.contains("id=\"validation\""));
    let [other, gains, out] = [Path::new(&other), &output.join("gains.csv"), &output]
        .map(|path| path.to_str().expect("UTF-8").to_owned());
    let run =
        gainswarm(&["validate", &other, "--gains", &gains, "--output", &out, "--samples", "5", "--report"]);
    assert!(stderr(&run).contains("the page does not show this validation"), "{}", stderr(&run));
}

#[test]
fn a_validation_on_sets_that_were_written_after_the_tuning_is_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &[]);
    let sets = format!("{SMALL_STUDY}[[validation]]\nname = \"wider\"\nranges = {{ theta1 = 0.2 }}\n");
    let later = write_config(directory.path(), "small.toml", sets);
    let page = validated(later.as_ref(), &output.join("gains.csv"), &output);
    assert!(page.contains("id=\"validation\"") && page.contains("wider"));
}

/// The text of a page without its tags.
fn text_of(page: &str) -> String {
    let mut pieces = page.split('<');
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    std::iter::once(first).chain(rest).collect()
}

#[test]
fn a_page_says_what_it_is_of_by_what_and_when() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = tuned(directory.path(), &["--report"]);
    let page = || std::fs::read_to_string(output.join("report.html")).expect("a page");
    let manifest = std::fs::read_to_string(output.join("manifest.json")).expect("a manifest");
    let line = manifest.lines().find(|line| line.contains("\"finished\"")).expect("a time");
    let time = line.split('"').nth(3).expect("a text");
    let (date, clock) = (&time[..10], &time[11..16]);
    let version = env!("CARGO_PKG_VERSION");
    let html = page();
    let text = text_of(&html);
    for words in [
        &format!("Tuned on {date} at {clock} UTC with gainswarm {version}")[..],
        "classical controller for the double inverted pendulum",
        "u = u_eq − s (K sat(σ/ε) + kd σ)",
        "relative: k1*(theta1' + lambda1*theta1)",
        "tanh: tanh(sigma/epsilon)",
        "true: if abs(beta)",
        "surface weight of the lower link",
        "within [simulation] settled_position and settled_angle",
        "angle_limit = 1.5707963",
        "damping ratio",
        "θ₁ rate, rad/s",
        "control effort",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(html.contains("<title>small: tuning report · gainswarm</title>"));
    assert!(!text.contains("theta1_dot in") && text.contains("converged by then"));

    // Results of a version that did not write the time down have that of the file, and say nothing of what it did not find out.
    std::fs::write(output.join("manifest.json"), manifest.replace(&format!("{line}\n"), ""))
        .expect("written");
    let summary = std::fs::read_to_string(output.join("summary.csv")).expect("a summary");
    let (head, row) = summary.trim_end().split_once('\n').expect("a row");
    let place = head.split(',').position(|column| column == "converged").expect("its column");
    let [head, row] = [head, row].map(|line| line.split(',').take(place).collect::<Vec<_>>().join(","));
    std::fs::write(output.join("summary.csv"), format!("{head}\n{row}\n")).expect("written");
    assert_eq!(report(&output, &[]).0, Some(0));
    assert!(page().contains("Tuned on 2") && !page().contains("converged"));
    std::fs::write(output.join("summary.csv"), format!("{head},converged\n{row},false\n")).expect("written");
    assert_eq!(report(&output, &[]).0, Some(0));
    assert!(page().contains("had not converged when it stopped"));
}

#[test]
fn eigenvalues_of_sliding_are_shown_where_the_state_slides() {
    let directory = tempfile::tempdir().expect("a directory");
    let page = |controller: &str| {
        let text = format!("{SMALL_STUDY}[controller]\ntype = \"{controller}\"\n");
        let config = write_config(directory.path(), &format!("{controller}.toml"), text);
        let output = directory.path().join("out").join(controller);
        let run = gainswarm(&["tune", &config, "--report", "--output", output.to_str().expect("UTF-8")]);
        assert!(run.status.success(), "{}", stderr(&run));
        std::fs::read_to_string(output.join("report.html")).expect("a page")
    };
    let (layered, sliding) = (page("classical"), page("super_twisting"));
    assert!(
        layered.contains("eigenvalues z of one control period") && !layered.contains("\"sliding_dynamics\"")
    );
    assert!(sliding.contains("\"sliding_dynamics\"") && !sliding.contains("\"closed_loop\""));
}

#[test]
fn an_overview_says_in_what_its_groups_differ_and_its_labels_do_too() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "small.toml", SMALL_STUDY);
    let grid = "studies = [\"small.toml\"]\n[grid]\nseed = [1, 2]\ncontroller.u_max = [140.0, 150.0]\nplant.link1_length = [0.4]\n";
    let config = write_config(directory.path(), "night.toml", grid);
    let output = directory.path().join("night");
    let run =
        gainswarm(&["batch", &config, "--quiet", "--report", "--output", output.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
    assert!(
        page.contains("4 studies in 2 groups. The studies of a group differ in the seed alone."),
        "{page}"
    );
    assert!(page.contains("The groups differ in controller.u_max."), "{page}");
    // `small-u_max140.0-link1_length0.4` is too long to stand beside the plot.
    for label in ["…max140.0…", "…max150.0…"] {
        assert!(page.contains(&format!(">\n{label}\n<")), "{label}");
    }
}

#[test]
fn a_scenario_is_named_by_the_signals_that_it_sets() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "plant = { type = \"dc_motor\" }\ncontroller = { type = \"pi\", u_max = 24.0 }\nconnect = { measurement = \"omega\", voltage = \"u\" }\n\
                scenarios = [{ signals = { reference = 100.0 } }]\ncost.itae.signals = [\"error\"]\nsimulation.duration = 0.2\nswarm.stopping.generations = 1\n";
    let config = write_config(directory.path(), "motor.toml", text);
    let output = directory.path().join("o");
    let done = gainswarm(&["tune", &config, "--quiet", "--output", &output.display().to_string()]);
    assert!(done.status.code().is_some_and(|code| code < 2), "{}", stderr(&done));
    report(&output, &[]);
    let page = std::fs::read_to_string(output.join("report.html")).expect("a report");
    assert!(page.contains("1: reference 100"), "the motor's load, which comes first, is as usual");
    assert!(!page.contains("load 100"));
}
