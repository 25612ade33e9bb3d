//! The certificate: eigenvalues of known matrices, the linearisation against the analytic Jacobian, and what it says.

use gainswarm::config::Config;
use gainswarm::draw::{Draw, Purpose};
use gainswarm::problem::certifier;
use gainswarm::stability::{Certificate, Eigenvalue, Square, Verdict, eigenvalues};

use crate::support::{gainswarm, stderr, stdout, write_config};

const STUDY: &str = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n";

fn parse(text: &str) -> Config {
    Config::parse("study.toml".as_ref(), text).expect("a valid study")
}

fn certificate(config: &Config, values: &[f64]) -> Certificate {
    certifier(config)(values)
}

/// The eigenvalues of a matrix given by its rows.
fn spectrum<const N: usize>(rows: [[f64; N]; N]) -> Vec<Eigenvalue> {
    let element = |i: usize, j: usize| if i.max(j) < N { rows[i][j] } else { 0.0 };
    eigenvalues(&Square::from_fn(element), N).expect("a finite matrix").to_vec()
}

#[test]
fn eigenvalues_of_matrices_with_known_spectra() {
    // The companion matrix of (s+1)(s+2)(s+3)(s²+2s+5): −1, −2, −3, −1 ± 2i.
    let mut found = spectrum([
        [-8.0, -28.0, -58.0, -67.0, -30.0],
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ]);
    found.sort_by(|a, b| a.im.total_cmp(&b.im).then(a.re.total_cmp(&b.re)));
    for (value, (re, im)) in
        found.iter().zip([(-1.0, -2.0), (-3.0, 0.0), (-2.0, 0.0), (-1.0, 0.0), (-1.0, 2.0)])
    {
        assert!((value.re - re).abs() < 1e-9 && (value.im - im).abs() < 1e-9, "{value:?} and {re}{im:+}i");
    }
    let triangular = spectrum([[-4.0, 7.0, 1.0], [0.0, 0.5, 9.0], [0.0, 0.0, -1e3]]);
    let real: Vec<f64> = triangular.iter().map(|value| value.re).collect();
    assert!(real.iter().zip([0.5, -4.0, -1e3]).all(|(a, b)| (a - b).abs() < 1e-9), "{real:?}");
    let rotation = spectrum([[0.0, -3.0], [3.0, 0.0]]);
    assert!(rotation.iter().all(|value| value.re.abs() < 1e-12 && (value.im.abs() - 3.0).abs() < 1e-12));
    assert!(spectrum([[0.0; 4]; 4]).iter().all(|value| value.re == 0.0 && value.im == 0.0));
    assert_eq!(spectrum([[-2.5]]), [Eigenvalue { re: -2.5, im: 0.0 }]);
    // The discrete Laplacian on 6 points: −2 + 2 cos(kπ/7).
    let laplacian = |i: usize, j: usize| match i.abs_diff(j) {
        0 => -2.0,
        1 => 1.0,
        _ => 0.0,
    };
    let found = spectrum::<6>(std::array::from_fn(|i| std::array::from_fn(|j| laplacian(i, j))));
    for (k, value) in (1..=6_i32).zip(found) {
        let expected = -2.0 + 2.0 * (f64::from(k) * std::f64::consts::PI / 7.0).cos();
        assert!((value.re - expected).abs() < 1e-12 && value.im == 0.0, "{value:?} and {expected}");
    }
    assert!(eigenvalues(&Square::from_element(f64::NAN), 6).is_none());
}

#[test]
fn no_positive_gains_are_stable_on_the_absolute_surface() {
    for (controller, _) in
        [("classical", 0), ("super_twisting", 1), ("adaptive", 2), ("hybrid_adaptive_super_twisting", 3)]
    {
        let config =
            parse(&format!("[controller]\ntype = \"{controller}\"\nsurface = \"absolute\"\n{STUDY}"));
        let parameters = config.controller.parameters();
        for particle in 0..20 {
            let mut draw = Draw::new(1, Purpose::InitialPosition, 0, particle);
            let mut values = config.controller.values.clone();
            for (value, parameter) in values.iter_mut().zip(parameters) {
                if ["k1", "k2", "lambda1", "lambda2", "kx", "lambdax"].contains(&parameter.name) {
                    *value = draw.between(0.1, 50.0);
                }
            }
            let certificate = certificate(&config, &values);
            assert_eq!(certificate.verdict, Verdict::Unstable, "{controller} {values:?}");
            assert!(certificate.max_real_part > 0.0);
        }
    }
}

#[test]
fn a_law_that_does_not_push_or_a_surface_that_no_force_moves_is_unstable() {
    let idle = parse(&format!("[controller]\nK = 0.0\nkd = 0.0\n{STUDY}"));
    // What nothing pushes stays where it is on the way to the surface.
    assert_eq!(certificate(&idle, &idle.controller.values).verdict, Verdict::Marginal);
    let weightless = parse(&format!("[controller]\nk1 = 0.0\nk2 = 0.0\nkx = 0.0\n{STUDY}"));
    let certificate = certificate(&weightless, &weightless.controller.values);
    assert!(certificate.verdict == Verdict::Unstable && certificate.sliding.is_empty());
}

#[test]
fn certify_prints_eigenvalues_and_exits_with_1_when_not_stable() {
    let directory = tempfile::tempdir().expect("a directory");
    let stable = write_config(directory.path(), "stable.toml", STUDY);
    let run = gainswarm(&["certify", &stable]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stdout(&run).starts_with("stable, largest real part -"), "{}", stdout(&run));
    assert_eq!(stdout(&run).matches("closed loop").count(), 6);

    let idle = format!("[controller]\nK = 0.0\nkd = 0.0\n{STUDY}");
    let unstable = write_config(directory.path(), "unstable.toml", idle);
    let run = gainswarm(&["certify", &unstable]);
    assert_eq!(run.status.code(), Some(1));
    assert!(stdout(&run).starts_with("MARGINAL"), "{}", stdout(&run));
}
