//! The eigenvalues of a certificate: which of them tell how the loop moves about upright, as a plot and as a table of motions.

use maud::{Markup, html};

use super::charts::{Chart, table_series};
use super::table::{heads, number_heads};
use crate::figures::{label, number, number_or_dash};
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::stability::{Certificate, Eigenvalue, MARGIN, Verdict};

const SLIDING: &str = "sliding_dynamics";
const CLOSED_LOOP: &str = "closed_loop";

/// The eigenvalues that say how the loop moves about upright, by what they are of.
///
/// A law whose force has a finite slope at σ = 0 never slides there: its closed loop is linear near upright, and the sliding dynamics
/// are only what it comes near as the slope grows. They stand beside those of the closed loop where they are slower, since
/// the certificate goes by the slowest of both.
pub(super) fn spectra(certificate: &Certificate) -> Vec<(&'static str, Vec<Eigenvalue>)> {
    let sliding = (SLIDING, certificate.sliding.to_vec());
    if certificate.is_sampled && certificate.sliding.is_empty() {
        let closed_loop = certificate.closed_loop.map_or(Vec::new(), |spectrum| spectrum.to_vec());
        return vec![(CLOSED_LOOP, closed_loop)];
    }
    let Some(closed_loop) = &certificate.closed_loop else { return vec![sliding] };
    let largest =
        |values: &[Eigenvalue]| values.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max);
    let [limit, own] = [&certificate.sliding, closed_loop].map(|spectrum| largest(spectrum));
    let decides = limit > own + MARGIN.max(1e-6 * own.abs());
    let closed_loop = (CLOSED_LOOP, closed_loop.to_vec());
    if decides { vec![closed_loop, sliding] } else { vec![closed_loop] }
}

/// What the eigenvalues are of, in a sentence.
pub(super) fn explanation(certificate: &Certificate) -> &'static str {
    match (&certificate.closed_loop, spectra(certificate).len()) {
        _ if certificate.verdict == Verdict::Unknown => "There are no eigenvalues to show.",
        (None, _) if certificate.is_sampled => {
            "The law is not differentiable where it comes to rest, so that the state slides along the surface σ = 0. These are the eigenvalues of that \
             motion in continuous time."
        }
        _ if certificate.is_sampled => {
            "These are the eigenvalues z of one control period, as those of continuous time, log(z)/T."
        }
        (None, _) => {
            "The force of this law has no finite slope on the sliding surface σ = 0, so that the state slides along it. These are \
             the eigenvalues of that motion."
        }
        (Some(_), 1) => {
            "Close to upright, inside its boundary layer, this law acts linearly. These are the eigenvalues of the closed loop there."
        }
        (Some(_), _) => {
            "Close to upright, inside its boundary layer, this law acts linearly. These are the eigenvalues of the closed loop there, and those of the \
             motion along the sliding surface σ = 0, which the certificate also asks to be stable."
        }
    }
}

/// An eigenvalue that is so many times farther out than the next would leave no room for the others.
const FAR: f64 = 20.0;

/// The size beyond which eigenvalues are left out of the plot.
fn reach(values: impl Iterator<Item = Eigenvalue>) -> f64 {
    let mut sizes: Vec<f64> = values.map(size).collect();
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
    let spectra = spectra(certificate);
    let all = || spectra.iter().flat_map(|(_, values)| values.iter().copied());
    let reach = reach(all());
    let is_far = |value: &Eigenvalue| size(*value) > reach;
    let near = || all().filter(|value| !is_far(value));
    let y = PlotAxis::over("imaginary part, 1/s", near().map(|value| value.im));
    let border = Mark { shape: Shape::Line, ink: Ink::Text, points: y.range.map(|im| (0.0, im)).into() };
    // Eigenvalues in both spectra appear as a dot in a ring.
    let looks = [(Ink::First, Shape::Dots), (Ink::Second, Shape::Rings)];
    let dots = spectra.iter().zip(looks).map(|((_, values), (ink, shape))| Mark {
        shape,
        ink,
        points: values.iter().filter(|value| !is_far(value)).map(|value| (value.re, value.im)).collect(),
    });
    let series = spectra.iter().map(|(of, _)| table_series(of, "re", "im", &label(of)));
    let mut far: Vec<String> = all().filter(is_far).map(complex).collect();
    far.dedup();
    let beyond = if far.is_empty() {
        String::new()
    } else {
        format!(" Too far out to be drawn: {}\u{a0}1/s.", far.join(", "))
    };
    let legend = spectra.iter().zip(looks).map(|((of, _), (ink, _))| (ink, label(of)));
    Chart {
        plot: Plot {
            name: "eigenvalues".into(),
            caption: format!(
                "Eigenvalues about {}; left of the line is stable.{beyond}",
                if certificate.is_sampled { "the equilibrium" } else { "upright" }
            ),
            x: PlotAxis::over("real part, 1/s", near().map(|value| value.re).chain([0.0])),
            marks: std::iter::once(border).chain(dots).collect(),
            legend: if spectra.len() > 1 { legend.collect() } else { Vec::new() },
            y,
        },
        series: series.collect(),
    }
}

/// Its imaginary part only where there is one.
fn complex(value: Eigenvalue) -> String {
    let imaginary = if value.im == 0.0 { String::new() } else { format!(" {:+.3}i", value.im) };
    format!("{}{imaginary}", number(value.re))
}

/// A row a motion: a real eigenvalue, or a pair with its natural frequency and its damping ratio.
pub(super) fn table(certificate: &Certificate) -> Markup {
    let spectra = spectra(certificate);
    let is_one = spectra.len() == 1;
    html! {
        table {
            thead {
                tr {
                    @if !is_one { (heads(&["of"])) }
                    (number_heads(&["real part, 1/s", "imaginary part, 1/s", "natural frequency, rad/s", "damping ratio", "time constant, s"]))
                }
            }
            tbody {
                @for (of, values) in spectra {
                    // A pair is a row.
                    @for value in values.iter().filter(|value| value.im >= 0.0) {
                        tr { @if !is_one { th scope="row" { (label(of)) } } (motion(*value)) }
                    }
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
