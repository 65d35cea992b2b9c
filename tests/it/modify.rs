//! The registry of modifiers, and that a modified method is the method on modified gradients.

use paretoscope::balance::modify::{Change, MODIFIERS, Modifier, modified, modifier};
use paretoscope::balance::{Balancer, Build, Gramian, METHODS, Method, Need, Served, Setup, StepContext, method};
use proptest::prelude::*;

/// Rows that are apart from each other, and positive losses.
#[derive(Debug, Clone)]
struct Case {
    rows: Vec<Vec<f64>>, // (K, P)
    losses: Vec<f64>,    // (K)
    factors: Vec<f64>,   // (K) positive
}

fn case() -> impl Strategy<Value = Case> {
    (2..=5_usize).prop_flat_map(|k| {
        let entries = prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, k + 6), k);
        let positive = || prop::collection::vec((-1.0..1.0_f64).prop_map(|x| 10.0_f64.powf(x)), k);
        (entries, positive(), positive()).prop_map(|(mut rows, losses, factors)| {
            rows.iter_mut().enumerate().for_each(|(i, row)| row[i] += 1.0);
            Case { rows, losses, factors }
        })
    })
}

fn scaled(rows: &[Vec<f64>], factors: &[f64]) -> Vec<Vec<f64>> {
    rows.iter().zip(factors).map(|(row, factor)| row.iter().map(|g| g * factor).collect()).collect()
}

fn gramian(rows: &[Vec<f64>]) -> Gramian {
    Gramian::from_rows(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn lengths(rows: &[Vec<f64>]) -> Vec<f64> {
    gramian(rows).norms().to_vec()
}

fn combined(w: &[f64], rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).map(|p| w.iter().zip(rows).map(|(w, row)| w * row[p]).sum()).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// What cancels when the directions add up, at most: the scale of rounding.
fn size(w: &[f64], rows: &[Vec<f64>]) -> f64 {
    w.iter().zip(lengths(rows)).map(|(w, length)| (w * length).abs()).sum()
}

fn list(ids: &[&str]) -> Vec<&'static Modifier> {
    ids.iter().map(|id| modifier(id).expect("registered")).collect()
}

/// Direction, and the size of its parts, of every step on the same rows, losses and served rows.
fn directions(
    method: &Method,
    knobs: &[f64],
    modifiers: &[&'static Modifier],
    rows: &[Vec<f64>],
    losses: &[f64],
    n_steps: u64,
) -> Vec<(Vec<f64>, f64)> {
    let k = rows.len();
    let preference = vec![1.0 / k as f64; k];
    let of_rows = gramian(rows);
    let cross: Vec<f64> = (0..k * k).map(|at| of_rows.product(at / k, at % k)).collect();
    let excess = lengths(rows);
    // Tasks that have come equally far are a tie to GradNorm, which rounding would break.
    let first_losses: Vec<f64> = losses.iter().enumerate().map(|(i, loss)| loss * (1.5 + i as f64)).collect();
    let mut balancer = modified(method, &Setup { n_tasks: k, knobs: knobs.to_vec() }, modifiers);
    let mut kept = vec![vec![0.0; rows[0].len()]; k];
    (0..n_steps)
        .map(|step| {
            let ctx = StepContext {
                losses,
                first_losses: &first_losses,
                epoch_means: None,
                preference: &preference,
                learning_rate: 0.1,
                step,
                seed: 3,
                served: Served {
                    last_layer: Some(&of_rows),
                    cross: Some(&cross),
                    excess: Some(&excess),
                    ..Served::default()
                },
            };
            let mut w = vec![0.0; k];
            match &mut balancer {
                Balancer::Gramian(balancer) if method.needs(Need::KeptRows) => {
                    let (mut keep, mut add) = (vec![0.0; k], vec![0.0; k]);
                    balancer.keep(&ctx, &of_rows, &mut keep, &mut add);
                    for (i, kept) in kept.iter_mut().enumerate() {
                        kept.iter_mut().zip(&rows[i]).for_each(|(kept, g)| *kept = keep[i] * *kept + add[i] * g);
                    }
                    balancer.weights(&ctx, &gramian(&kept), &mut w);
                    return (combined(&w, &kept), size(&w, &kept));
                }
                Balancer::Gramian(balancer) => _ = balancer.weights(&ctx, &of_rows, &mut w),
                Balancer::Losses(balancer) => _ = balancer.weights(&ctx, &mut w),
                Balancer::Rows(_) => panic!("{} has no weights", method.id),
            }
            (combined(&w, rows), size(&w, rows))
        })
        .collect()
}

fn gramian_methods() -> impl Iterator<Item = &'static Method> {
    METHODS.iter().filter(|method| matches!(method.build, Build::Gramian(_)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a method looks at: M, the last layer, other batches, the excess, rows kept over steps.
    #[test]
    fn row_factors_are_the_method_on_multiplied_rows(case in case()) {
        let unit: Vec<f64> = lengths(&case.rows).iter().map(|length| 1.0 / length).collect();
        let log: Vec<f64> = case.losses.iter().map(|loss| 1.0 / loss).collect();
        for method in gramian_methods() {
            for (id, factors) in [("unit", &unit), ("log", &log)] {
                let mut knobs = method.default_knobs();
                // SDMGrad's inner descent jumps about at its default rate, where rounding decides.
                let rate = method.knobs.iter().zip(&mut knobs).find(|(knob, _)| knob.name == "lr");
                rate.into_iter().for_each(|(_, rate)| *rate = 0.1);
                let ours = directions(method, &knobs, &list(&[id]), &case.rows, &case.losses, 2);
                let multiplied = scaled(&case.rows, factors);
                let theirs = directions(method, &knobs, &[], &multiplied, &case.losses, 2);
                for ((ours, _), (theirs, size)) in ours.iter().zip(&theirs) {
                    let off = distance(ours, theirs);
                    prop_assert!(off <= 1e-9 * size, "{} {id}: off by {off:e} of {size:e}", method.id);
                }
            }
        }
    }

    #[test]
    fn unit_rows_take_the_scale_of_rows_away(case in case()) {
        let other = scaled(&case.rows, &case.factors);
        for method in gramian_methods().filter(|method| method.answers_alone()) {
            let of = |rows: &[Vec<f64>], ids: &[&str]| {
                directions(method, &method.default_knobs(), &list(ids), rows, &case.losses, 2).pop().expect("two steps")
            };
            let ((one, size), (two, _)) = (of(&case.rows, &["unit"]), of(&other, &["unit"]));
            prop_assert!(distance(&one, &two) <= 1e-9 * size, "{}", method.id);
        }
    }

    #[test]
    fn log_gradients_take_the_unit_of_a_loss_away(case in case()) {
        let rows = scaled(&case.rows, &case.factors);
        let losses: Vec<f64> = case.losses.iter().zip(&case.factors).map(|(loss, factor)| loss * factor).collect();
        for method in gramian_methods().filter(|method| method.answers_alone() && !method.needs(Need::LossValues)) {
            let of = |rows: &[Vec<f64>], losses: &[f64]| {
                directions(method, &method.default_knobs(), &list(&["log"]), rows, losses, 1).remove(0)
            };
            let ((one, size), (two, _)) = (of(&case.rows, &case.losses), of(&rows, &losses));
            prop_assert!(distance(&one, &two) <= 1e-9 * size, "{}", method.id);
        }
    }

    #[test]
    fn modifiers_repeat_what_mgda_does_itself(case in case()) {
        let mgda = method("mgda").expect("registered");
        for (norm, id) in [(1.0, "unit"), (2.0, "log")] {
            let own = directions(mgda, &[norm], &[], &case.rows, &case.losses, 1).remove(0);
            let ours = directions(mgda, &[0.0], &list(&[id]), &case.rows, &case.losses, 1).remove(0);
            prop_assert!(distance(&own.0, &ours.0) <= 1e-9 * own.1, "{id}");
        }
    }

    #[test]
    fn scales_are_what_they_are_called(case in case()) {
        let k = case.rows.len() as f64;
        for method in METHODS.iter().filter(|method| !matches!(method.build, Build::Rows(_))) {
            let of = |ids: &[&str]| {
                directions(method, &method.default_knobs(), &list(ids), &case.rows, &case.losses, 1).remove(0)
            };
            let (plain, size) = of(&[]);
            for (ids, factor) in [(&["mean"][..], 1.0 / k), (&["k-mean"], k), (&["mean", "k-mean"], 1.0)] {
                let expected: Vec<f64> = plain.iter().map(|d| factor * d).collect();
                let (ours, _) = of(ids);
                prop_assert!(distance(&ours, &expected) <= 1e-12 * factor * size, "{} {ids:?}", method.id);
            }
            if !method.needs(Need::KeptRows) {
                // All rows alike, all losses alike: the size of d is that of the weights together.
                let row = vec![case.rows[0].clone(); case.rows.len()];
                let losses = vec![1.0; row.len()];
                let (_, size) =
                    directions(method, &method.default_knobs(), &list(&["sum"]), &row, &losses, 1).remove(0);
                let length = lengths(&row)[0];
                prop_assert!((size - k * length).abs() <= 1e-9 * k * length || size == 0.0, "{}", method.id);
            }
        }
    }

    #[test]
    fn slow_weights_are_a_mean_over_steps(case in case()) {
        // On the same gradients MGDA's weights stay and RLW's are drawn anew.
        for (id, constant) in [("mgda", true), ("rlw", false)] {
            let method = method(id).expect("registered");
            let knobs = method.default_knobs();
            let of = |ids: &[&str]| directions(method, &knobs, &list(ids), &case.rows, &case.losses, 2);
            let (plain, slow) = (of(&[]), of(&["smooth"]));
            let both = plain[0].0.iter().zip(&plain[1].0);
            let mean: Vec<f64> = both.map(|(first, next)| 0.9 * first + 0.1 * next).collect();
            prop_assert!(distance(&plain[0].0, &slow[0].0) <= 1e-12 * plain[0].1);
            prop_assert!(distance(&mean, &slow[1].0) <= 1e-12 * (plain[0].1 + plain[1].1));
            prop_assert_eq!(constant, distance(&plain[0].0, &plain[1].0) <= 1e-9 * plain[0].1);
        }
    }
}

/// Without unit rows the scale of a row does move d, so the property above says something.
#[test]
fn without_them_the_scale_of_a_row_matters() {
    let rows = vec![vec![1.0, 0.2, -0.3], vec![-0.4, 1.0, 0.1]];
    let other = scaled(&rows, &[1.0, 5.0]);
    for id in ["sum", "mgda", "pcgrad", "cagrad", "upgrad", "aligned_mtl"] {
        let of = |rows: &[Vec<f64>]| {
            let method = method(id).expect("registered");
            directions(method, &method.default_knobs(), &[], rows, &[1.0; 2], 1).remove(0).0
        };
        assert!(distance(&of(&rows), &of(&other)) > 1e-2, "{id}");
    }
}

#[test]
fn zero_rows_and_vanished_losses_stay_finite() {
    let rows = vec![vec![0.0; 3], vec![1e-30, 0.0, 2e-30], vec![-3.0, 1.0, 0.0]];
    for method in METHODS {
        for modifier in MODIFIERS.iter().filter(|modifier| modifier.refuses(method).is_none()) {
            for losses in [[0.0, 1.0, 2.0], [-1.0, 1e-200, 5.0]] {
                for (d, _) in directions(method, &method.default_knobs(), &[modifier], &rows, &losses, 2) {
                    assert!(d.iter().all(|d| d.is_finite()), "{} {}: {d:?}", method.id, modifier.id);
                }
            }
        }
    }
}

#[test]
fn the_registry_is_consistent() {
    for (at, modifier) in MODIFIERS.iter().enumerate() {
        assert!(!MODIFIERS[..at].iter().any(|earlier| earlier.id == modifier.id), "{} stands twice", modifier.id);
        assert!(modifier.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", modifier.id);
        assert!(!modifier.label.is_empty() && !modifier.paper.is_empty(), "{}", modifier.id);
        assert!(modifier.about.ends_with('.') && (1990..2100).contains(&modifier.year), "{}", modifier.id);
    }
    for method in METHODS {
        // `mod` stands in the place of a setting's name in links.
        assert!(method.knobs.iter().all(|knob| knob.name != "mod"), "{}", method.id);
        for modifier in MODIFIERS {
            let pair = (method.build, modifier.change);
            let refused = matches!(pair, (Build::Rows(_), _) | (Build::Losses(_), Change::Lengths(_)));
            assert_eq!(modifier.refuses(method).is_some(), refused, "{} with {}", method.id, modifier.id);
        }
    }
}
