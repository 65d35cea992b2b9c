//! Points in loss space, for any number of losses and lower is better: who beats whom, and measures of a whole set.
//!
//! A point is K losses. Dominance needs no units; every other measure here says which ones it needs.

mod hull;
mod hypervolume;
mod igd;
mod indicators;
mod manifold;
mod spacing;
mod spread;

pub use hull::reach;
pub use hypervolume::{hypervolume, hypervolume_2d, hypervolume_3d};
pub use igd::igd;
pub use indicators::{Indicators, indicators};
pub use manifold::{FrontReading, Stretch, read_front, reference};
pub use spacing::spacing;
pub use spread::spread;

/// Whether `a` is nowhere worse than `b` and somewhere better. Lower is better.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let nowhere_worse = a.iter().zip(b).all(|(x, y)| x <= y);
    nowhere_worse && a.iter().zip(b).any(|(x, y)| x < y)
}

/// For every point, whether no other point dominates it. Points with a number that is not finite never
/// count, neither as dominating nor as non-dominated.
pub fn nondominated(points: &[Vec<f64>]) -> Vec<bool> {
    let valid = |point: &Vec<f64>| point.iter().all(|x| x.is_finite());
    let beaten = |point: &Vec<f64>| points.iter().any(|other| valid(other) && dominates(other, point));
    points.iter().map(|point| valid(point) && !beaten(point)).collect()
}

/// How far a point is above a front in every loss at once, as a share of the front's extent in each; 0 on it.
/// `None` for a front without points or a point that is no number. Between sampled points it says too much.
pub fn excess(point: &[f64], front: &[Vec<Vec<f64>>]) -> Option<f64> {
    let known = || front.iter().flatten();
    let extents: Vec<f64> = (0..point.len())
        .map(|task| {
            let values = known().filter_map(|losses| losses.get(task));
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            (high - low).max(f64::MIN_POSITIVE)
        })
        .collect();
    let over = |losses: &Vec<f64>| {
        let shares = point.iter().zip(losses).zip(&extents).map(|((loss, best), extent)| (loss - best) / extent);
        shares.fold(0.0, f64::max)
    };
    let least = known().map(over).fold(f64::INFINITY, f64::min);
    (least.is_finite() && point.iter().all(|loss| loss.is_finite())).then_some(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nondominated_points_are_those_nobody_beats() {
        let points = [vec![1.0, 3.0], vec![2.0, 2.0], vec![3.0, 1.0], vec![3.0, 2.0], vec![2.0, 2.0]];
        assert_eq!(nondominated(&points), [true, true, true, false, true]);
        assert_eq!(nondominated(&[vec![f64::NAN, 0.0], vec![1.0, 1.0]]), [false, true]);
        assert!(nondominated(&[]).is_empty());
        assert!(dominates(&[1.0, 1.0, 1.0], &[1.0, 2.0, 1.0]) && !dominates(&[1.0, 1.0], &[1.0, 1.0]));
    }

    #[test]
    fn excess_is_the_least_that_some_point_of_the_front_is_better_by() {
        let front = vec![vec![vec![0.0, 2.0], vec![4.0, 0.0]]];
        assert_eq!(excess(&[0.0, 2.0], &front), Some(0.0));
        assert_eq!(excess(&[1.0, 2.5], &front), Some(0.25));
        assert_eq!(excess(&[4.0, 0.25], &front), Some(0.125));
        assert_eq!(excess(&[f64::NAN, 0.0], &front), None);
        assert_eq!(excess(&[0.0, 0.0], &[]), None);
    }
}
