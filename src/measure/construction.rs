//! What a method draws on its way from gradients to update, in the coordinates of [`Arrows`].

use super::arrows::{Arrows, Vector, dot, length, plus, scaled};
use crate::balance::solve::dual_cone::Scaled;
use crate::balance::{Construction, Gramian};

/// A part of a construction.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Straight lines from one point to the next.
    Path(Vec<Vector>),
    Point(Vector),
    /// All points of this distance.
    Ball {
        center: Vector,
        radius: f64,
    },
}

/// The lines of one method; `update` is the d that it gives for these gradients.
pub fn pieces(construction: Construction, arrows: &Arrows, update: Option<Vector>) -> Vec<Piece> {
    let k = arrows.n_tasks();
    let tips: Vec<Vector> = (0..k).map(|i| arrows.gradient(i)).collect();
    let mut pieces = Vec::new();
    match construction {
        Construction::Projections => {
            for (i, tip) in tips.iter().enumerate() {
                for (j, other) in arrows.units().iter().enumerate().filter(|(j, _)| *j != i) {
                    let along = dot(arrows.units()[i], *other);
                    if along < 0.0 && arrows.lengths()[j] > 0.0 {
                        let foot = plus(*tip, -arrows.lengths()[i] * along, *other);
                        pieces.extend([Piece::Path(vec![*tip, foot]), Piece::Point(foot)]);
                    }
                }
            }
        }
        Construction::Hull => {
            let mut rim = tips;
            if k > 2 {
                rim.push(rim[0]);
            }
            pieces.push(Piece::Path(rim));
            pieces.extend(update.into_iter().flat_map(|d| [Piece::Path(vec![[0.0; 3], d]), Piece::Point(d)]));
        }
        Construction::Ball { share } => {
            let mean = arrows.combine(&vec![1.0 / k as f64; k]);
            pieces.extend([Piece::Path(vec![[0.0; 3], mean]), Piece::Point(mean)]);
            pieces.push(Piece::Ball { center: mean, radius: share * length(mean) });
        }
        Construction::DualCone => {
            let rows = arrows.rows();
            let rows: Vec<&[f64]> = rows.chunks_exact(k).collect();
            let scaled_gramian = Scaled::new(&Gramian::from_rows(&rows), 0.0);
            for (i, tip) in tips.iter().enumerate() {
                let (mut aim, mut weights) = (vec![0.0; k], vec![0.0; k]);
                aim[i] = 1.0;
                scaled_gramian.project(&aim, &mut weights);
                let foot = arrows.combine(&weights);
                if length(plus(foot, -1.0, *tip)) > 1e-9 * length(*tip) {
                    pieces.extend([Piece::Path(vec![*tip, foot]), Piece::Point(foot)]);
                }
            }
        }
    }
    pieces
}

impl Piece {
    /// The largest distance from the origin of anything in it.
    pub fn reach(&self) -> f64 {
        match self {
            Self::Path(points) => points.iter().map(|point| length(*point)).fold(0.0, f64::max),
            Self::Point(point) => length(*point),
            Self::Ball { center, radius } => length(*center) + radius,
        }
    }

    /// The same, everything multiplied.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        match self {
            Self::Path(points) => Self::Path(points.iter().map(|point| scaled(factor, *point)).collect()),
            Self::Point(point) => Self::Point(scaled(factor, *point)),
            Self::Ball { center, radius } => Self::Ball { center: scaled(factor, *center), radius: factor * radius },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::{Balancer, METHODS, Setup, StepContext};

    /// Weights (K) and construction of every method that has one, by default knobs.
    fn drawn(rows: &[f64], k: usize) -> Vec<(&'static str, Construction, Arrows, Vector)> {
        let chunks: Vec<&[f64]> = rows.chunks_exact(k).collect();
        let gramian = Gramian::from_rows(&chunks);
        let arrows = Arrows::of_rows(rows, k).expect("two or three rows");
        let (ones, even) = (vec![1.0; k], vec![1.0 / k as f64; k]);
        let ctx = StepContext {
            losses: &ones,
            first_losses: &ones,
            epoch_means: None,
            preference: &even,
            learning_rate: 0.01,
            step: 0,
            seed: 0,
            served: Default::default(),
        };
        let mut found = Vec::new();
        for method in METHODS {
            let setup = Setup { n_tasks: k, knobs: method.default_knobs() };
            if let Balancer::Gramian(mut built) = method.new_balancer(&setup)
                && let Some(construction) = built.construction()
            {
                let mut w = vec![0.0; k];
                built.weights(&ctx, &gramian, &mut w);
                found.push((method.id, construction, arrows.clone(), arrows.combine(&w)));
            }
        }
        found
    }

    fn points(pieces: &[Piece]) -> Vec<Vector> {
        let point = |piece: &Piece| if let Piece::Point(point) = piece { Some(*point) } else { None };
        pieces.iter().filter_map(point).collect()
    }

    #[test]
    fn constructions_end_where_the_methods_do() {
        for (k, rows) in [
            (2, vec![1.0, 0.2, -0.8, 0.9]),
            (2, vec![1.0, 0.0, 0.5, 0.5]),
            (3, vec![1.0, 0.2, 0.1, -0.8, 0.9, 0.0, -0.1, -0.7, 1.2]),
        ] {
            let all = drawn(&rows, k);
            assert!(all.len() >= 4, "{} methods draw lines", all.len());
            for (id, construction, arrows, d) in all {
                let pieces = pieces(construction, &arrows, Some(d));
                let feet = points(&pieces);
                match construction {
                    Construction::Projections if k == 2 => {
                        // d is the sum of the projected gradients; without conflict nothing is drawn.
                        let conflict = dot(arrows.units()[0], arrows.units()[1]) < 0.0;
                        assert_eq!(feet.len(), if conflict { 2 } else { 0 });
                        let sum = feet.iter().fold([0.0; 3], |sum, foot| plus(sum, 1.0, *foot));
                        assert!(!conflict || length(plus(sum, -1.0, d)) < 1e-9, "{id}");
                    }
                    Construction::Projections => {
                        for foot in feet {
                            assert!(arrows.units().iter().any(|u| dot(*u, foot).abs() < 1e-9), "{id}");
                        }
                    }
                    Construction::Hull => {
                        // The shortest point is no farther than any corner in its own direction.
                        assert!((0..k).all(|i| dot(arrows.gradient(i), d) >= dot(d, d) - 1e-9), "{id}");
                        assert_eq!(feet, [d]);
                    }
                    Construction::Ball { share } => {
                        let Some(Piece::Ball { center, radius }) = pieces.last() else { panic!("{id} has no ball") };
                        assert!((length(*center) * share - radius).abs() < 1e-12);
                        assert!((length(plus(d, -1.0, *center)) - radius).abs() < 1e-6 * radius, "{id}");
                    }
                    Construction::DualCone => {
                        // d is the mean of the projected gradients; those inside the cone stay.
                        let inside: Vec<Vector> = (0..k).map(|i| arrows.gradient(i)).collect();
                        let moved = pieces.iter().filter_map(|piece| match piece {
                            Piece::Path(path) => Some((path[0], path[1])),
                            _ => None,
                        });
                        let mut sum = inside.iter().fold([0.0; 3], |sum, g| plus(sum, 1.0, *g));
                        for (from, to) in moved {
                            assert!(arrows.units().iter().all(|u| dot(*u, to) >= -1e-9), "{id}");
                            sum = plus(plus(sum, -1.0, from), 1.0, to);
                        }
                        assert!(length(plus(scaled(1.0 / k as f64, sum), -1.0, d)) < 1e-9, "{id}");
                    }
                }
            }
        }
    }
}
