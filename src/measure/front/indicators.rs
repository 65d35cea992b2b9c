//! What a set of points is worth, in the measures of the literature: each is of the points that no other one dominates.

use super::{hypervolume, igd, nondominated, spacing, spread};

/// `None` where something cannot be told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Indicators {
    /// How many points no other one dominates.
    pub free: usize,
    /// Over the reference point, of 2 or 3 losses.
    pub hypervolume: Option<f64>,
    /// The same as a share of what the known front's samples dominate. Between two samples it may be above 1.
    pub ratio: Option<f64>,
    /// See [`igd`], to the known front's samples.
    pub igd: Option<f64>,
    /// See [`spread`].
    pub spread: Option<f64>,
    /// See [`spacing`].
    pub spacing: Option<f64>,
}

/// Of `points` (n, K), over `reference` (K), against the curves of a known front; no curves where nobody knows it.
pub fn indicators(points: &[Vec<f64>], reference: &[f64], known: &[Vec<Vec<f64>>]) -> Indicators {
    let free: Vec<Vec<f64>> =
        points.iter().zip(nondominated(points)).filter(|(_, free)| *free).map(|(point, _)| point.clone()).collect();
    let known: Vec<Vec<f64>> = known.concat();
    let hypervolume = |points: &[Vec<f64>]| hypervolume(points, reference);
    let of_front = hypervolume(&known).filter(|volume| *volume > 0.0);
    let of_points = hypervolume(&free).filter(|_| !free.is_empty());
    Indicators {
        free: free.len(),
        hypervolume: of_points,
        ratio: of_points.zip(of_front).map(|(of_points, of_front)| of_points / of_front),
        igd: igd(&free, &known),
        spread: spread(&free),
        spacing: spacing(&free),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_front_has_a_part_of_everything() {
        let known = [vec![vec![0.0, 1.0], vec![0.5, 0.5], vec![1.0, 0.0]]];
        let whole = indicators(&known[0], &[2.0, 2.0], &known);
        assert_eq!((whole.free, whole.hypervolume, whole.ratio), (3, Some(3.25), Some(1.0)));
        assert_eq!((whole.igd, whole.spread, whole.spacing), (Some(0.0), Some(2.0_f64.sqrt()), Some(0.0)));
        // A beaten point counts nowhere.
        let points = [vec![0.5, 0.5], vec![0.75, 1.0]];
        let part = indicators(&points, &[2.0, 2.0], &known);
        assert_eq!((part.free, part.hypervolume, part.ratio), (1, Some(2.25), Some(2.25 / 3.25)));
        assert_eq!((part.spread, part.spacing), (None, None));
        assert!(part.igd.is_some_and(|igd| (igd - 2.0_f64.sqrt() / 3.0).abs() < 1e-15), "{part:?}");
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let points = [vec![0.0, 1.0], vec![1.0, 0.0]];
        let unknown = indicators(&points, &[2.0, 2.0], &[]);
        assert_eq!((unknown.hypervolume, unknown.ratio, unknown.igd), (Some(3.0), None, None));
        assert_eq!(indicators(&[vec![f64::NAN, 0.0]], &[1.0, 1.0], &[]), Indicators::default());
        // Of four losses there is no hypervolume, but all else.
        let four = indicators(&[vec![0.0; 4]], &[1.0; 4], &[vec![vec![0.0; 4]]]);
        assert_eq!((four.hypervolume, four.ratio, four.igd), (None, None, Some(0.0)));
    }
}
