//! What the report, `simulate`, `certify` and `sensitivity` say of a loop with a set point: a first-order plant under a proportional law, whose loop is known in
//! closed form.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{gainswarm, stderr, write_config};

/// τ y' = u − y under u = K (r − y), once T = 0.02 s: L = K (1 − a)/(z − a) with a = exp(−T/τ) (Åström & Wittenmark 1997, section 2.3).
const STUDY: &str = r#"
[plant]
equations = "y' = (g*u - y)/tau"
[plant.states]
y = { unit = "m" }
[plant.inputs]
u = { unit = "V", limit = 100.0 }
[plant.parameters]
tau = { unit = "s", default = 0.5 }
g = { unit = "m/V", default = 1.0 }
[controller]
equations = "error = reference - y; u = K*error"
[controller.inputs]
reference = { unit = "m" }
y = { unit = "m" }
[controller.gains]
K = { unit = "V/m", default = 4.0, search = [3.9, 4.1] }
[controller.outputs]
u = { unit = "V" }
[simulation]
dt = 0.02
duration = 3.0
[[scenarios]]
signals = { reference = { type = "step", amplitude = 2.0, start = 0.5 } }
[[response]]
output = "y"
[cost.ise]
signals = ["error"]
[cost.control_effort]
[swarm.stopping]
evaluations = 60
"#;
const TAU: f64 = 0.5;
const T: f64 = 0.02;

/// Tunes the study; its config, its directory and its gain.
fn tuned(directory: &Path) -> (String, PathBuf, f64) {
    let config = write_config(directory, "first.toml", STUDY);
    let output = directory.join("out");
    let run =
        gainswarm(&["tune", &config, "--quiet", "--report", "--output", output.to_str().expect("UTF-8")]);
    assert!(run.status.success(), "{}", stderr(&run));
    let gains = std::fs::read_to_string(output.join("gains.csv")).expect("gains");
    let gain = gains.lines().nth(1).and_then(|row| row.split(',').nth(2)?.parse().ok()).expect("K");
    (config, output, gain)
}

fn page(output: &Path) -> String {
    std::fs::read_to_string(output.join("report.html")).expect("a page")
}

fn data(page: &str) -> Value {
    let data = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next());
    serde_json::from_str(data.expect("data")).expect("JSON")
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().expect("a column").iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Real and imaginary part of the loop at a frequency.
fn open_loop(gain: f64, omega: f64) -> [f64; 2] {
    let a = (-T / TAU).exp();
    let (re, im) = ((omega * T).cos() - a, (omega * T).sin());
    let scale = gain * (1.0 - a) / (re * re + im * im);
    [scale * re, -scale * im]
}

#[test]
fn a_page_has_the_bode_and_nyquist_plot_of_the_closed_form() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, output, gain) = tuned(directory.path());
    let html = page(&output);
    let data = data(&html);
    let table = &data["tables"]["loop_u"];
    let column = |name: &str| numbers(&table[name]);
    let [omega, magnitude, phase] = ["omega", "magnitude", "phase"].map(column);
    let [re, im, s, t] = ["re", "im", "s", "t"].map(column);
    assert!((200..=400).contains(&omega.len()), "{}", omega.len());
    assert!((omega[omega.len() - 1] - PI / T).abs() < 1e-3, "up to half the sampling frequency");
    for place in 0..omega.len() {
        let [x, y] = open_loop(gain, omega[place]);
        let near = |found: f64, expected: f64| (found - expected).abs() < 3e-5 * (1.0 + expected.abs());
        let size = x.hypot(y);
        assert!(near(re[place], x) && near(im[place], y), "L at {} rad/s", omega[place]);
        assert!(near(magnitude[place], 20.0 * size.log10()), "|L| at {} rad/s", omega[place]);
        // Numbers of the page are rounded: at half the sampling frequency the angle may be on the other side of the axis.
        let off = (phase[place] - y.atan2(x).to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
        assert!(off.abs() < 0.05, "the phase at {} rad/s", omega[place]);
        let one = (1.0 + x).hypot(y);
        assert!(near(s[place], 1.0 / one) && near(t[place], size / one), "S and T at {} rad/s", omega[place]);
    }
    // A circle is one in the Nyquist plot, −1 is in its middle, and all of the Ms circle is seen.
    let plot = &data["plots"]["nyquist"];
    let [frame, x, y] = ["frame", "x_range", "y_range"].map(|name| numbers(&plot[name]));
    let [across, up] = [(x[1] - x[0]) / (frame[2] - frame[0]), (y[1] - y[0]) / (frame[3] - frame[1])];
    assert!((across / up - 1.0).abs() < 1e-9 && x[0] <= -2.0 && x[1] >= 1.0 && y[1] >= 1.0, "{plot}");
    // Each is told in words too.
    for words in ["Nyquist plot near −1", "gain margin", "phase margin", "Ms = "] {
        assert!(html.contains(&format!("aria-label=\"{words}")) || html.contains(words), "{words}");
    }
    let text = std::fs::read_to_string(output.join("frequency_response.csv")).expect("a table");
    assert_eq!(
        text.lines().next(),
        Some("input,omega,l_re,l_im,s_re,s_im,t_re,t_im,ps_y_re,ps_y_im,cs_y_re,cs_y_im")
    );
    assert_eq!(text.lines().count(), 1 + omega.len());
    let first: Vec<f64> = text
        .lines()
        .nth(1)
        .expect("a row")
        .split(',')
        .skip(1)
        .map(|cell| cell.parse().expect("a number"))
        .collect();
    let [x, y] = open_loop(gain, first[0]);
    assert!((first[1] - x).abs() < 1e-6 && (first[2] - y).abs() < 1e-6, "{first:?}");
}

#[test]
fn page_and_certificate_tell_the_largest_of_the_gang_of_four() {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, output, gain) = tuned(directory.path());
    let a = (-T / TAU).exp();
    // S is largest at z = −1; T and PS are at z = 1; the noise comes to K S.
    let ms = (1.0 + a) / (1.0 + a - gain * (1.0 - a));
    let expected = [("S", ms), ("T", gain / (1.0 + gain)), ("PS", 1.0 / (1.0 + gain)), ("CS", gain * ms)];
    let html = page(&output);
    let gains = output.join("gains.csv");
    let run = gainswarm(&["certify", &config, "--gains", gains.to_str().expect("UTF-8"), "--json"]);
    let json: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let told = json["loops"][0]["gang_of_four"].as_array().expect("a list");
    assert_eq!((told.len(), json["loops"][0]["input"].as_str()), (4, Some("u")));
    for ((symbol, expected), told) in expected.into_iter().zip(told) {
        let row = html.split(&format!("<tr data-peak=\"{symbol}\">")).nth(1).expect("a row");
        let value = row.split("data-value=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
        let shown: f64 = value.expect("a number");
        assert!((shown - expected).abs() < 1e-6 * expected, "{symbol}: {shown}, not {expected}");
        assert_eq!(told["of"], symbol);
        assert!((told["largest"].as_f64().expect("a number") - expected).abs() < 1e-6 * expected, "{told}");
    }
    assert!(html.contains("m per V") && html.contains("V per m"), "units");
    let run = gainswarm(&["certify", &config, "--gains", gains.to_str().expect("UTF-8")]);
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(text.contains("from a disturbance of u to y") && text.contains("from noise of y to u"), "{text}");
}

#[test]
fn the_set_point_is_drawn_with_its_output_and_what_drives_it_stands_below() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, output, _) = tuned(directory.path());
    let html = page(&output);
    let names: Vec<&str> =
        html.split("data-plot=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names[..2], ["y", "u"], "{names:?}");
    assert!(!names.contains(&"reference"), "it has no plot of its own: {names:?}");
    let data = data(&html);
    let [plot, below] = ["y", "u"].map(|name| &data["plots"][name]);
    assert_eq!(plot["x_range"], below["x_range"], "one time axis");
    let series = plot["series"].as_array().expect("series");
    let set_point: Vec<&Value> = series.iter().filter(|series| series.get("ink").is_some()).collect();
    assert_eq!(set_point.len(), 1);
    assert_eq!((&set_point[0]["y"], &set_point[0]["label"]), (&"reference".into(), &"set point".into()));
    assert!(numbers(&plot["y_range"])[1] > 2.0, "all of it is seen");
    assert!(html.contains("set point</span>"), "the legend");
    let reference = numbers(&data["runs"][0]["columns"]["reference"]);
    assert!(reference[0] == 0.0 && reference.last() == Some(&2.0), "{reference:?}");
}

#[test]
fn page_and_simulate_measure_the_step_response() {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, output, gain) = tuned(directory.path());
    // y goes to K/(1 + K) of the way; z = a − K (1 − a) is its pole.
    let left = 2.0 / (1.0 + gain);
    let gains = output.join("gains.csv");
    let run = gainswarm(&["simulate", &config, "--gains", gains.to_str().expect("UTF-8")]);
    assert!(run.status.success(), "{}", stderr(&run));
    let said = stderr(&run);
    let lines: Vec<&str> = said.lines().collect();
    let [.., head, row, last] = &lines[..] else { panic!("{said}") };
    assert!(last.starts_with("survived"), "{said}");
    for words in ["rise time s", "peak time s", "overshoot %", "settling time s", "steady state error m"] {
        assert!(head.contains(words), "{words}: {said}");
    }
    // With an offset it settles nowhere, and it never goes beyond.
    assert!(row.starts_with("y to reference") && row.contains("not settled") && row.contains('–'), "{said}");
    let cells: Vec<&str> = row.split_whitespace().rev().collect();
    let [peak, error] = [cells[0], cells[1]].map(|cell| cell.parse::<f64>().expect("a number"));
    assert!((error - left).abs() < 1e-4 && (peak - (2.0 - left)).abs() < 1e-4, "{said}");
    let csv = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(csv.lines().next(), Some("t,y,u,reference"));
    let section = page(&output);
    let section = section.split("<section id=\"response\">").nth(1).expect("a section");
    let section = section.split("</section>").next().expect("its end");
    assert!(section.contains("not settled") && section.contains(cells[1]), "{section}");
}

#[test]
fn the_sensitivity_of_a_tuning_is_in_its_report_and_that_of_other_gains_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, output, _) = tuned(directory.path());
    let out = output.to_str().expect("UTF-8");
    assert!(!page(&output).contains("id=\"sensitivity\""));
    let run = gainswarm(&["sensitivity", out]);
    assert!(run.status.success(), "{}", stderr(&run));
    let table = output.join("sensitivity.csv");
    let text = std::fs::read_to_string(&table).expect("a table");
    assert!(
        text.starts_with("gain,value,unit,cost,percent_worse,fixed_lower,fixed_upper,retuned_lower,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1 + 3);
    assert!(gainswarm(&["report", out]).status.success());
    let html = page(&output);
    assert!(html.contains("id=\"sensitivity\"") && html.contains("10 % worse"));
    let upper: f64 =
        text.lines().nth(1).and_then(|row| row.split(',').nth(6)?.parse().ok()).unwrap_or(f64::NAN);
    assert!(upper.is_nan() || html.contains(&format!("{upper:.5}")), "{upper}");
    // A file of other gains.
    let cost = text.lines().nth(1).and_then(|row| row.split(',').nth(3)).expect("a cost");
    std::fs::write(&table, text.replace(cost, "1.0")).expect("written");
    assert!(gainswarm(&["report", out]).status.success());
    assert!(!page(&output).contains("id=\"sensitivity\""));
    // A study needs gains, a directory has its own.
    let gains = output.join("gains.csv");
    for (options, words) in [
        (&["sensitivity", &config][..], "give a gains.csv"),
        (&["sensitivity", out, "--gains", gains.to_str().expect("UTF-8")][..], "a directory has its own"),
    ] {
        let run = gainswarm(options);
        assert_eq!(run.status.code(), Some(2));
        assert!(stderr(&run).contains(words), "{}", stderr(&run));
    }
    // New results take it away.
    let run = gainswarm(&["tune", &config, "--quiet", "--seed", "9", "--force", "--output", out]);
    assert!(run.status.success(), "{}", stderr(&run));
    assert!(!table.exists() && !output.join("frequency_response.csv").exists());
}
