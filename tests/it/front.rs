//! What measures of a front promise for any set of points.

use paretoscope::measure::front::{dominates, hypervolume, hypervolume_2d, hypervolume_3d, igd, nondominated, spacing};
use paretoscope::rng::{Stream, StreamId};
use proptest::prelude::*;

/// Points of K losses on a grid, so that ties, repeats and points beyond the reference at 1 occur.
fn points<const K: usize>(most: usize) -> impl Strategy<Value = Vec<[f64; K]>> {
    let loss = prop_oneof![(0..=5_u8).prop_map(|n| f64::from(n) / 4.0), 0.0..1.2_f64];
    prop::collection::vec(prop::collection::vec(loss, K).prop_map(|p| p.try_into().expect("K losses")), 0..=most)
}

fn lists<const K: usize>(points: &[[f64; K]]) -> Vec<Vec<f64>> {
    points.iter().map(|point| point.to_vec()).collect()
}

/// Size of the union of the boxes between the points and 1, by inclusion and exclusion over all subsets.
fn union<const K: usize>(points: &[[f64; K]]) -> f64 {
    (1_u32..1 << points.len())
        .map(|subset| {
            let mut corner = [f64::NEG_INFINITY; K];
            for (_, point) in points.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1) {
                (0..K).for_each(|i| corner[i] = f64::max(corner[i], point[i]));
            }
            let sign = if subset.count_ones() % 2 == 1 { 1.0 } else { -1.0 };
            sign * corner.iter().map(|x| (1.0 - x).max(0.0)).product::<f64>()
        })
        .sum()
}

/// Volume by slices: between two neighboring third losses the area is that of the points below both.
fn by_slices(points: &[[f64; 3]]) -> f64 {
    let mut cuts: Vec<f64> = points.iter().map(|point| point[2].min(1.0)).chain([1.0]).collect();
    cuts.sort_by(f64::total_cmp);
    let area = |z: f64| {
        let below: Vec<[f64; 2]> = points.iter().filter(|p| p[2] <= z).map(|p| [p[0], p[1]]).collect();
        hypervolume_2d(&below, [1.0, 1.0])
    };
    cuts.windows(2).map(|cut| (cut[1] - cut[0]) * area(cut[0])).sum()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_hypervolume_is_the_size_of_the_union(flat in points::<2>(8), deep in points::<3>(8)) {
        prop_assert!(close(hypervolume_2d(&flat, [1.0; 2]), union(&flat)));
        prop_assert!(close(hypervolume_3d(&deep, [1.0; 3]), union(&deep)));
    }

    #[test]
    fn the_volume_is_the_sum_of_its_slices(points in points::<3>(40)) {
        prop_assert!(close(hypervolume_3d(&points, [1.0; 3]), by_slices(&points)));
    }

    #[test]
    fn adding_points_never_takes_hypervolume_away(points in points::<3>(20)) {
        let mut last = 0.0;
        for n in 0..=points.len() {
            let now = hypervolume_3d(&points[..n], [1.0; 3]);
            prop_assert!(now >= last - 1e-12, "{n} points: {now} after {last}");
            last = now;
        }
        let all = lists(&points);
        let front = nondominated(&all);
        let kept: Vec<Vec<f64>> = all.iter().zip(&front).filter(|(_, on)| **on).map(|(p, _)| p.clone()).collect();
        prop_assert!(close(last, hypervolume(&kept, &[1.0; 3]).expect("three losses")));
    }

    #[test]
    fn the_order_of_points_and_of_losses_does_not_matter(points in points::<3>(20), turn in 0..20_usize) {
        let whole = hypervolume_3d(&points, [1.0; 3]);
        let mut turned: Vec<[f64; 3]> = points.iter().map(|&[a, b, c]| [c, a, b]).collect();
        let n = turned.len();
        turned.rotate_left(turn.min(n));
        turned.reverse();
        prop_assert!(close(whole, hypervolume_3d(&turned, [1.0; 3])));
        let flat = |points: &[[f64; 3]]| points.iter().map(|p| [p[0], p[1]]).collect::<Vec<_>>();
        let swapped: Vec<[f64; 2]> = flat(&points).iter().rev().map(|&[a, b]| [b, a]).collect();
        prop_assert!(close(hypervolume_2d(&flat(&points), [1.0; 2]), hypervolume_2d(&swapped, [1.0; 2])));
        if let (Some(one), Some(other)) = (spacing(&lists(&points)), spacing(&lists(&turned))) {
            prop_assert!(close(one, other));
        }
    }

    #[test]
    fn dominance_is_a_strict_order(points in points::<4>(12)) {
        let beats = |a: usize, b: usize| dominates(&points[a], &points[b]);
        for a in 0..points.len() {
            prop_assert!(!beats(a, a));
            for b in 0..points.len() {
                prop_assert!(!(beats(a, b) && beats(b, a)));
                for c in 0..points.len() {
                    prop_assert!(!(beats(a, b) && beats(b, c)) || beats(a, c));
                }
            }
        }
        let on_front = nondominated(&lists(&points));
        prop_assert!(points.is_empty() || on_front.contains(&true));
        for b in 0..points.len() {
            let beaten_by_front = (0..points.len()).any(|a| on_front[a] && beats(a, b));
            prop_assert_eq!(on_front[b], !beaten_by_front);
        }
    }

    #[test]
    fn distance_to_a_front_falls_with_every_point(points in points::<2>(12), front in points::<2>(6)) {
        let front = lists(&front);
        let mut last = f64::INFINITY;
        for n in 1..=points.len() {
            let Some(now) = igd(&lists(&points[..n]), &front) else {
                prop_assert!(front.is_empty());
                continue;
            };
            prop_assert!((0.0..=last).contains(&now));
            last = now;
        }
        let both = [lists(&points), front.clone()].concat();
        prop_assert_eq!(igd(&both, &front), (!front.is_empty()).then_some(0.0));
    }
}

/// The share of random points in the unit cube that some point dominates.
#[test]
fn the_volume_agrees_with_random_points() {
    let draws = Stream::new(5, StreamId::Data, 0);
    let mut numbers = vec![0.0; 36 + 3 * 60_000];
    draws.fill_uniform(0, &mut numbers);
    let points: Vec<[f64; 3]> = numbers[..36].chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    let below = |at: &&[f64]| points.iter().any(|point| point.iter().zip(*at).all(|(x, y)| x <= y));
    let share = numbers[36..].chunks_exact(3).filter(below).count() as f64 / 60_000.0;
    let volume = hypervolume_3d(&points, [1.0; 3]);
    // Four standard deviations of the share.
    assert!((volume - share).abs() < 4.0 * (0.25_f64 / 60_000.0).sqrt(), "{volume} against {share}");
}
