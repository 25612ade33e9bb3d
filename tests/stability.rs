//! The certificate of shipped laws, and what `certify` prints of it.

use gainswarm::config::Config;
use gainswarm::draw::{Draw, Purpose};
use gainswarm::problem::certifier;
use gainswarm::stability::{Certificate, Verdict};

use crate::support::{gainswarm, stderr, stdout, write_config};

const STUDY: &str = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n";

fn parse(text: &str) -> Config {
    Config::parse("study.toml".as_ref(), text).expect("a valid study")
}

fn certificate(config: &Config, values: &[f64]) -> Certificate {
    certifier(config)(values)
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
    assert_eq!(certificate(&weightless, &weightless.controller.values).verdict, Verdict::Unstable);
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
