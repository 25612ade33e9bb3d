//! The eigenvalues of a certificate, as a plot and as a table of motions.

use maud::{Markup, html};

use super::charts::{Chart, table_series};
use super::table::number_heads;
use crate::figures::{label, number, number_or_dash};
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::stability::{Certificate, Eigenvalue, Motion, Verdict};

/// What the eigenvalues are of, in a sentence.
pub(super) fn explanation(certificate: &Certificate) -> &'static str {
    match certificate.motion {
        _ if certificate.verdict == Verdict::Unknown => "There are no eigenvalues to show.",
        Motion::Sliding => {
            "The law is not differentiable where it comes to rest, so that the state slides along the surface σ = 0. These are the eigenvalues of that \
             motion in continuous time."
        }
        Motion::ClosedLoop => {
            "These are the eigenvalues z of one control period, as those of continuous time, log(z)/T."
        }
    }
}

/// An eigenvalue that is so many times farther out than the next would leave no room for the others.
const FAR: f64 = 20.0;

/// The size beyond which eigenvalues are left out of the plot.
fn reach(values: &[Eigenvalue]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().copied().map(size).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    let next = sizes.windows(2).take_while(|pair| pair[0] > FAR * pair[1] && pair[1] > 1e-3).count();
    sizes.get(next).copied().unwrap_or(0.0)
}

/// Its natural frequency in rad/s.
fn size(value: Eigenvalue) -> f64 {
    value.re.hypot(value.im)
}

/// Eigenvalues in the complex plane.
pub(super) fn eigenvalues(certificate: &Certificate) -> Chart {
    let (of, all) = (certificate.motion.name(), certificate.eigenvalues);
    let reach = reach(&all);
    let (near, far): (Vec<Eigenvalue>, Vec<_>) = all.iter().partition(|value| size(**value) <= reach);
    let y = PlotAxis::over("imaginary part, 1/s", near.iter().map(|value| value.im));
    let border = Mark { shape: Shape::Line, ink: Ink::Text, points: y.range.map(|im| (0.0, im)).into() };
    let dots = near.iter().map(|value| (value.re, value.im));
    let dots = Mark { shape: Shape::Dots, ink: Ink::First, points: dots.collect() };
    let far: Vec<String> = far.into_iter().map(complex).collect();
    let beyond = if far.is_empty() {
        String::new()
    } else {
        format!(" Too far out to be drawn: {}\u{a0}1/s.", far.join(", "))
    };
    Chart {
        plot: Plot {
            name: "eigenvalues".into(),
            caption: format!("Eigenvalues about the equilibrium; left of the line is stable.{beyond}"),
            x: PlotAxis::over("real part, 1/s", near.iter().map(|value| value.re).chain([0.0])),
            marks: vec![border, dots],
            legend: Vec::new(),
            y,
        },
        series: vec![table_series(of, "re", "im", &label(of))],
    }
}

/// Its imaginary part only where there is one.
fn complex(value: Eigenvalue) -> String {
    let imaginary = if value.im == 0.0 { String::new() } else { format!(" {:+.3}i", value.im) };
    format!("{}{imaginary}", number(value.re))
}

/// A row a motion: a real eigenvalue, or a pair with its natural frequency and its damping ratio.
pub(super) fn table(certificate: &Certificate) -> Markup {
    html! {
        table {
            thead {
                tr {
                    (number_heads(&["real part, 1/s", "imaginary part, 1/s", "natural frequency, rad/s", "damping ratio", "time constant, s"]))
                }
            }
            tbody {
                // A pair is a row.
                @for value in certificate.eigenvalues.iter().filter(|value| value.im >= 0.0) {
                    tr { (motion(*value)) }
                }
            }
        }
    }
}

fn motion(value: Eigenvalue) -> Markup {
    let is_pair = value.im > 0.0;
    let of_a_pair = |value: f64| if is_pair { number_or_dash(value) } else { "–".into() };
    // A growing motion has no time constant of decay.
    let time_constant = if value.re < 0.0 { number_or_dash(-1.0 / value.re) } else { "–".into() };
    html! {
        td.number { (number(value.re)) }
        td.number { @if is_pair { "± " (number(value.im)) } @else { "0" } }
        td.number { (of_a_pair(size(value))) }
        td.number { (of_a_pair(-value.re / size(value))) }
        td.number { (time_constant) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_row_with_the_frequency_and_the_damping_of_an_oscillator() {
        // s² + 2 ζ ω s + ω² with ω = 5 and ζ = 0.6 has the zeros −3 ± 4i.
        let row = motion(Eigenvalue { re: -3.0, im: 4.0 }).into_string();
        for text in [">-3.00000<", ">± 4.00000<", ">5.00000<", ">0.600000<", ">0.333333<"] {
            assert!(row.contains(text), "{text} in {row}");
        }
        let real = motion(Eigenvalue { re: 2.0, im: 0.0 }).into_string();
        assert_eq!(real.matches("–").count(), 3, "no frequency, damping or decay: {real}");
    }
}
