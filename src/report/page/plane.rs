//! Lines in a plane that end at the frame of a plot.

/// A circle about a point of the real axis.
pub(super) fn circle(centre: f64, radius: f64) -> Vec<(f64, f64)> {
    let angle = |k: u32| f64::from(k) * std::f64::consts::TAU / 180.0;
    (0..=180).map(|k| (centre + radius * libm::cos(angle(k)), radius * libm::sin(angle(k)))).collect()
}

/// The pieces of a line that are within a range of x and one of y (Liang & Barsky 1984, doi:10.1145/357332.357333).
pub(super) fn within(points: &[(f64, f64)], [x, y]: [[f64; 2]; 2]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for (way, room) in [(-dx, a.0 - x[0]), (dx, x[1] - a.0), (-dy, a.1 - y[0]), (dy, y[1] - a.1)] {
            if way == 0.0 && room < 0.0 {
                to = -1.0;
            } else if way < 0.0 {
                from = from.max(room / way);
            } else if way > 0.0 {
                to = to.min(room / way);
            }
        }
        if !(from <= to && (dx + dy).is_finite()) {
            continue;
        }
        let at = |share: f64| (a.0 + share * dx, a.1 + share * dy);
        let goes_on = from == 0.0 && pieces.last().is_some_and(|piece| piece.last() == Some(&a));
        match pieces.last_mut().filter(|_| goes_on) {
            Some(piece) => piece.push(if to < 1.0 { at(to) } else { b }),
            None => {
                pieces.push(vec![if from > 0.0 { at(from) } else { a }, if to < 1.0 { at(to) } else { b }]);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [[f64; 2]; 2] = [[-1.0, 1.0], [-1.0, 1.0]];

    #[test]
    fn a_line_is_cut_where_it_leaves_its_frame_and_goes_on_where_it_comes_back() {
        // Out over the right border and back, then out for good over the upper left corner's sides.
        let points = [(0.0, 0.0), (2.0, 0.0), (2.0, 0.5), (0.0, 0.5), (-1.0, 1.5)];
        let found = within(&points, FRAME);
        assert_eq!(found, [vec![(0.0, 0.0), (1.0, 0.0)], vec![(1.0, 0.5), (0.0, 0.5), (-0.5, 1.0)]]);
        assert!(within(&[(2.0, 2.0), (3.0, -2.0)], FRAME).is_empty());
        assert!(within(&[(2.0, -1.0), (2.0, 1.0)], FRAME).is_empty(), "along the frame, outside of it");
        assert!(within(&[(f64::NAN, 0.0), (0.0, 0.0)], FRAME).is_empty());
        assert!(within(&[(f64::NEG_INFINITY, 0.0), (0.0, 0.0)], FRAME).is_empty());
        assert_eq!(within(&[(-3.0, 0.0), (3.0, 0.0)], FRAME), [vec![(-1.0, 0.0), (1.0, 0.0)]], "across it");
    }

    #[test]
    fn a_circle_is_closed_and_within_its_frame_whole() {
        let of = circle(0.0, 0.5);
        let [piece] = &within(&of, FRAME)[..] else { panic!("one piece") };
        assert_eq!((piece.len(), of.len()), (181, 181));
        assert!(piece.iter().all(|(x, y)| (x.hypot(*y) - 0.5).abs() < 1e-12));
    }
}
