//! What the reading of a front and its indicators promise for any points: what no order, unit or beaten point changes.

use paretoscope::measure::front::{
    FrontReading, Indicators, dominates, hypervolume, igd, indicators, nondominated, reach, read_front, reference,
    spacing, spread,
};
use proptest::prelude::*;

/// Points of K losses on a grid, so that ties and repeats occur, or anywhere between.
fn points(k: usize, sizes: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let loss = prop_oneof![(0..=5_u8).prop_map(|n| f64::from(n) / 4.0), 0.0..1.25_f64];
    prop::collection::vec(prop::collection::vec(loss, k), sizes)
}

/// The same for two or three losses.
fn any_points(sizes: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop_oneof![points(2, sizes.clone()), points(3, sizes)]
}

/// Shares of the first of two tasks, all different, in no order.
fn shares(n: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let even: Vec<f64> = (0..n).map(|i| i as f64 / (n - 1) as f64).collect();
    Just(even).prop_shuffle().prop_map(|shares| shares.into_iter().map(|a| vec![a, 1.0 - a]).collect())
}

/// Alphas and losses of two tasks.
fn front() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<Vec<f64>>)> {
    (2..=12_usize).prop_flat_map(|n| (shares(n), points(2, n..=n)))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

fn both_close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => close(a, b),
        (a, b) => a == b,
    }
}

/// Whether two sets are worth the same, with every length of one `by` times that of the other.
fn same_worth(a: &Indicators, b: &Indicators, by: f64, area: f64) -> bool {
    let scaled = |value: Option<f64>, by: f64| value.map(|value| value * by);
    a.free == b.free
        && both_close(scaled(a.hypervolume, area), b.hypervolume)
        && both_close(a.ratio, b.ratio)
        && both_close(scaled(a.igd, by), b.igd)
        && both_close(scaled(a.spread, by), b.spread)
        && both_close(scaled(a.spacing, by), b.spacing)
}

fn turned(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let turn = |point: &Vec<f64>| {
        let mut point = point.clone();
        point.rotate_left(1);
        point
    };
    points.iter().map(turn).collect()
}

fn scaled(points: &[Vec<f64>], by: &[f64]) -> Vec<Vec<f64>> {
    points.iter().map(|point| point.iter().zip(by).map(|(x, by)| x * by).collect()).collect()
}

/// A point that some other one dominates.
fn beaten(by: &[f64]) -> Vec<f64> {
    by.iter().enumerate().map(|(task, x)| if task == 0 { x + 0.25 } else { *x }).collect()
}

fn own_reference(points: &[Vec<f64>]) -> Vec<f64> {
    reference(&[], points.iter().map(Vec::as_slice), points.first().map_or(2, Vec::len))
}

fn read((alphas, losses): (&[Vec<f64>], &[Vec<f64>])) -> FrontReading {
    read_front(alphas, losses, &[0.9, 1.1], (&[1.5, 1.5], &[]))
}

/// Stretches without their positions, which are of an order.
fn rises(reading: &FrontReading, alphas: &[Vec<f64>]) -> Vec<(usize, u64, u64, u64)> {
    let bits = |at: usize, task: usize| alphas[at][task].to_bits();
    let of = |stretch: &paretoscope::measure::front::Stretch| {
        (stretch.task, bits(stretch.from, stretch.task), bits(stretch.to, stretch.task), stretch.rise.to_bits())
    };
    reading.wrong_way.iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_changes_what_points_are_worth(
        (points, shuffled) in any_points(1..=12).prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle())),
    ) {
        let k = points[0].len();
        let known = [vec![vec![0.1; k], vec![0.3; k]], vec![(0..k).map(|i| i as f64 / 2.0).collect()]];
        let at: Vec<f64> = (0..k).map(|i| 1.25 + i as f64 / 8.0).collect();
        let plain = indicators(&points, &at, &known);
        prop_assert!(same_worth(&plain, &indicators(&shuffled, &at, &known), 1.0, 1.0));
        let at_turned = turned(&[at])[0].clone();
        let known_turned: Vec<Vec<Vec<f64>>> = known.iter().map(|curve| turned(curve)).collect();
        prop_assert!(same_worth(&plain, &indicators(&turned(&points), &at_turned, &known_turned), 1.0, 1.0));
        prop_assert_eq!(own_reference(&points), own_reference(&shuffled));
        prop_assert_eq!(turned(&[own_reference(&points)])[0].clone(), own_reference(&turned(&points)));
    }

    #[test]
    fn units_change_what_they_must(points in any_points(1..=12), by in 0.01..100.0_f64, other in 0.01..100.0_f64) {
        let k = points[0].len();
        let known = [vec![vec![0.1; k], vec![0.3; k]]];
        let at = vec![1.25; k];
        let plain = indicators(&points, &at, &known);
        // One unit for all losses.
        let all = vec![by; k];
        let known_scaled = [scaled(&known[0], &all)];
        let at_scaled = scaled(std::slice::from_ref(&at), &all)[0].clone();
        let one = indicators(&scaled(&points, &all), &at_scaled, &known_scaled);
        prop_assert!(same_worth(&plain, &one, by, by.powi(k as i32)), "{plain:?} {one:?}");
        // Each loss in a unit of its own: dominance and shares of the front do not know, areas do by the product.
        let each: Vec<f64> = (0..k).map(|i| if i == 0 { by } else { other }).collect();
        let at_each = scaled(std::slice::from_ref(&at), &each)[0].clone();
        let free = nondominated(&scaled(&points, &each));
        prop_assert_eq!(free, nondominated(&points));
        let own = indicators(&scaled(&points, &each), &at_each, &[scaled(&known[0], &each)]);
        let area: f64 = each.iter().product();
        prop_assert!(both_close(plain.ratio, own.ratio));
        prop_assert!(both_close(plain.hypervolume.map(|volume| volume * area), own.hypervolume));
        // The reference goes with the units.
        let expected = scaled(&[own_reference(&points)], &each)[0].clone();
        prop_assert!(expected.iter().zip(own_reference(&scaled(&points, &each))).all(|(a, b)| close(*a, b)));
    }

    #[test]
    fn more_points_are_never_worth_less(points in any_points(2..=12)) {
        let k = points[0].len();
        let at = vec![1.25; k];
        let known = [vec![vec![0.0; k]]];
        let mut last = indicators(&points[..1], &at, &known);
        for n in 2..=points.len() {
            let now = indicators(&points[..n], &at, &known);
            prop_assert!(now.hypervolume >= last.hypervolume.map(|volume| volume - 1e-12));
            prop_assert!(now.ratio >= last.ratio.map(|ratio| ratio - 1e-12));
            last = now;
        }
        // Every point is inside the reference that is made of all.
        let all = own_reference(&points);
        prop_assert!(points.iter().all(|point| point.iter().zip(&all).all(|(x, limit)| x <= limit)));
        let wide: Vec<f64> = all.iter().map(|limit| limit + 1.0).collect();
        prop_assert!(hypervolume(&points, &wide) > hypervolume(&points, &all));
    }

    #[test]
    fn a_beaten_point_changes_nothing(points in any_points(1..=10), which in 0..10_usize) {
        let k = points[0].len();
        let at = vec![1.25; k];
        let known = [vec![vec![0.2; k], vec![0.1; k]]];
        let mut more = points.clone();
        more.push(beaten(&points[which % points.len()]));
        prop_assert!(dominates(&points[which % points.len()], &more[points.len()]));
        prop_assert_eq!(indicators(&points, &at, &known), indicators(&more, &at, &known));
        let flags = nondominated(&more);
        prop_assert!(flags[..points.len()] == nondominated(&points) && !flags[points.len()]);
        // Nor does one that is no number.
        more.push(vec![f64::NAN; k]);
        prop_assert_eq!(indicators(&points, &at, &known), indicators(&more, &at, &known));
    }

    #[test]
    fn nothing_is_away_from_a_front_that_is_among_the_points(points in any_points(1..=10), front in any_points(1..=5)) {
        if points[0].len() != front[0].len() {
            return Ok(());
        }
        let away = igd(&points, &front).expect("finite points");
        prop_assert_eq!(away == 0.0, front.iter().all(|best| points.contains(best)));
        prop_assert!(away >= 0.0);
        // Of the points that nobody beats it is what a set is said to be away from its front.
        let free: Vec<Vec<f64>> =
            points.iter().zip(nondominated(&points)).filter(|(_, free)| *free).map(|(p, _)| p.clone()).collect();
        let told = indicators(&points, &vec![2.0; points[0].len()], std::slice::from_ref(&front)).igd;
        prop_assert_eq!(told, igd(&free, &front));
        // Moving all points by a length moves the mean by no more than that.
        let moved: Vec<Vec<f64>> = points.iter().map(|p| p.iter().map(|x| x + 0.5).collect()).collect();
        let length = 0.5 * (front[0].len() as f64).sqrt();
        let far = igd(&moved, &front).expect("finite points");
        prop_assert!((far - away).abs() <= length + 1e-12);
    }

    #[test]
    fn distances_between_points_do_not_know_where_the_points_are(points in any_points(2..=10), shift in -3.0..3.0_f64) {
        let moved: Vec<Vec<f64>> = points.iter().map(|p| p.iter().map(|x| x + shift).collect()).collect();
        prop_assert!(both_close(spread(&points), spread(&moved)));
        let (here, there) = (spacing(&points).expect("points"), spacing(&moved).expect("points"));
        prop_assert!((here - there).abs() < 1e-9);
        // No two points are further apart than the box is wide.
        let wide = spread(&points).expect("points");
        for (a, b) in points.iter().flat_map(|a| points.iter().map(move |b| (a, b))) {
            let apart = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
            prop_assert!(apart <= wide + 1e-12);
        }
        let same = vec![points[0].clone(); points.len()];
        prop_assert_eq!((spread(&same), spacing(&same)), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn every_weighted_sum_is_least_in_the_reach(points in points(2, 1..=15), weight in 0.0..=1.0_f64) {
        let pairs: Vec<[f64; 2]> = points.iter().map(|p| [p[0], p[1]]).collect();
        let corners = reach(&pairs);
        let sum = |p: &[f64; 2]| weight * p[0] + (1.0 - weight) * p[1];
        let least = |of: &[[f64; 2]]| of.iter().map(sum).fold(f64::INFINITY, f64::min);
        prop_assert!((least(&pairs) - least(&corners)).abs() < 1e-12);
        // And no corner is there for nothing: it is a point, nobody beats it, and the others do not reach it.
        let flags = nondominated(&points);
        for corner in &corners {
            prop_assert!(pairs.iter().zip(&flags).any(|(pair, free)| *free && pair == corner));
        }
        for three in corners.windows(3) {
            let [a, b, c] = [three[0], three[1], three[2]];
            prop_assert!((b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0]));
        }
    }

    #[test]
    fn a_front_is_read_the_same_in_any_order(
        (alphas, losses, order) in front().prop_flat_map(|(alphas, losses)| {
            let order: Vec<usize> = (0..losses.len()).collect();
            (Just(alphas), Just(losses), Just(order).prop_shuffle())
        }),
    ) {
        let plain = read((&alphas, &losses));
        let alphas_of: Vec<Vec<f64>> = order.iter().map(|&at| alphas[at].clone()).collect();
        let losses_of: Vec<Vec<f64>> = order.iter().map(|&at| losses[at].clone()).collect();
        let other = read((&alphas_of, &losses_of));
        prop_assert_eq!(&plain.extents, &other.extents);
        prop_assert_eq!((plain.is_flat, plain.is_degenerate), (other.is_flat, other.is_degenerate));
        prop_assert_eq!(rises(&plain, &alphas), rises(&other, &alphas_of));
        prop_assert_eq!(plain.best_for_all.map(|best| best.1), other.best_for_all.map(|best| best.1));
        prop_assert!(order.iter().enumerate().all(|(to, &from)| plain.nondominated[from] == other.nondominated[to]));
        prop_assert!(same_worth(&plain.worth, &other.worth, 1.0, 1.0));
        // The tasks by other names.
        let swapped = read_front(&turned(&alphas), &turned(&losses), &[1.1, 0.9], (&[1.5, 1.5], &[]));
        prop_assert_eq!((plain.is_flat, plain.is_degenerate), (swapped.is_flat, swapped.is_degenerate));
        let named = rises(&swapped, &turned(&alphas)).into_iter();
        let mut named: Vec<_> = named.map(|(task, from, to, rise)| (1 - task, from, to, rise)).collect();
        let mut expected = rises(&plain, &alphas);
        named.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(named, expected);
    }

    #[test]
    fn units_do_not_change_a_verdict((alphas, losses) in front(), by in 1.0..64.0_f64, small in 0.0..0.05_f64) {
        // Powers of two, so that no threshold is missed by rounding; small fronts, so that some are flat.
        let by = [by.log2().round().exp2(), 0.5];
        let losses = scaled(&losses, &[small, small]);
        let nothing = [0.5, 1.0];
        let plain = read_front(&alphas, &losses, &nothing, (&[1.5, 1.5], &[]));
        let other = read_front(
            &alphas,
            &scaled(&losses, &by),
            &scaled(&[nothing.to_vec()], &by)[0],
            (&[1.5 * by[0], 1.5 * by[1]], &[]),
        );
        prop_assert_eq!((plain.is_flat, plain.is_degenerate), (other.is_flat, other.is_degenerate));
        prop_assert_eq!(plain.best_for_all, other.best_for_all);
        let places = |reading: &FrontReading| -> Vec<_> {
            reading.wrong_way.iter().map(|stretch| (stretch.task, stretch.from, stretch.to)).collect()
        };
        prop_assert_eq!(places(&plain), places(&other));
    }

    #[test]
    fn a_flat_front_stays_flat_when_it_shrinks_and_none_is_flat_that_changes(
        (alphas, losses) in front(), small in 0.0..0.1_f64,
    ) {
        let nothing = [1.0, 1.0];
        let of = |by: f64| read_front(&alphas, &scaled(&losses, &[by, by]), &nothing, (&[1.5, 1.5], &[]));
        let (wide, narrow) = (of(small), of(small / 2.0));
        prop_assert!(!wide.is_flat || narrow.is_flat);
        prop_assert!(!wide.is_degenerate || wide.is_flat);
        // One point of a flat front serves all, to 1 %; no loss of those that nobody beats changes by 3 %; and where
        // that holds it is flat.
        let free: Vec<&Vec<f64>> = losses.iter().zip(&wide.nondominated).filter(|(_, f)| **f).map(|(p, _)| p).collect();
        let range = |of: &[&Vec<f64>], task: usize| {
            let of = || of.iter().map(|p| small * p[task]);
            of().fold(f64::MIN, f64::max) - of().fold(f64::MAX, f64::min)
        };
        let best = |task: usize| losses.iter().map(|p| small * p[task]).fold(f64::MAX, f64::min);
        let serves = losses.iter().any(|p| (0..2).all(|task| small * p[task] - best(task) <= 0.01));
        prop_assert_eq!(wide.is_flat, serves && (0..2).all(|task| range(&free, task) <= 0.03));
        let all: Vec<&Vec<f64>> = losses.iter().collect();
        prop_assert_eq!(wide.is_even, (0..2).all(|task| range(&all, task) <= 0.03));
    }

    #[test]
    fn stretches_are_where_a_loss_rises_with_its_weight((alphas, losses) in front()) {
        let reading = read((&alphas, &losses));
        for stretch in &reading.wrong_way {
            let (task, from, to) = (stretch.task, stretch.from, stretch.to);
            prop_assert!(alphas[from][task] < alphas[to][task]);
            prop_assert!(close(losses[to][task] - losses[from][task], stretch.rise));
            // All points between lie in order.
            let mut between: Vec<usize> = (0..alphas.len())
                .filter(|&at| (alphas[from][task]..=alphas[to][task]).contains(&alphas[at][task]))
                .collect();
            between.sort_by(|a, b| alphas[*a][task].total_cmp(&alphas[*b][task]));
            prop_assert!(between.windows(2).all(|pair| losses[pair[0]][task] < losses[pair[1]][task]));
        }
        // Points whose losses fall with their weights go no wrong way, and nobody beats any of them.
        let good: Vec<Vec<f64>> = alphas.iter().map(|alpha| vec![1.0 - alpha[0], 1.0 - alpha[1]]).collect();
        let good = read((&alphas, &good));
        prop_assert!(good.wrong_way.is_empty() && good.nondominated.iter().all(|free| *free));
        // And the other way round both go wrong from end to end.
        let bad: Vec<Vec<f64>> = alphas.iter().map(|alpha| vec![alpha[0], alpha[1]]).collect();
        let bad = read((&alphas, &bad));
        prop_assert_eq!(bad.wrong_way.len(), 2);
        prop_assert!(bad.wrong_way.iter().all(|stretch| close(stretch.rise, 1.0)));
    }

    #[test]
    fn a_known_front_has_the_same_reference_whatever_the_points(points in points(2, 1..=8), front in points(2, 2..=8)) {
        let of = |points: &[Vec<f64>]| reference(std::slice::from_ref(&front), points.iter().map(Vec::as_slice), 2);
        prop_assert_eq!(of(&points), of(&[]));
        prop_assert_eq!(of(&points), own_reference(&front));
        // The front is all of itself.
        let whole = indicators(&front, &of(&points), std::slice::from_ref(&front));
        prop_assert!(whole.ratio.is_none_or(|ratio| close(ratio, 1.0)));
        // Points that the front weakly dominates are worth no more than it.
        let behind: Vec<Vec<f64>> = front.iter().map(|p| p.iter().map(|x| x + 0.03).collect()).collect();
        let less = indicators(&behind, &of(&points), std::slice::from_ref(&front));
        prop_assert!(less.ratio.is_none_or(|ratio| ratio <= 1.0 + 1e-12));
    }
}
