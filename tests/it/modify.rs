//! The registry of modifiers, and that a modified method is the method on modified gradients.

use paretoscope::balance::modify::{Applied, Change, MODIFIERS, RowFactors, modified, modifier, penalty_way};
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

fn list(ids: &[&str]) -> Vec<Applied> {
    ids.iter().map(|id| Applied::new(modifier(id).expect("registered"))).collect()
}

/// Direction, and the size of its parts, of every step on the same rows, losses and served rows.
fn directions(
    method: &Method,
    knobs: &[f64],
    modifiers: &[Applied],
    rows: &[Vec<f64>],
    losses: &[f64],
    n_steps: u64,
) -> Vec<(Vec<f64>, f64)> {
    let k = rows.len();
    let shares: f64 = (1..=k).map(|i| i as f64).sum();
    let preference: Vec<f64> = (1..=k).map(|i| i as f64 / shares).collect();
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
                Balancer::Rows(balancer) => {
                    // As its strategy does it.
                    let rows = scaled(rows, &RowFactors::new(method, modifiers).factors(&ctx, Some(of_rows.norms())));
                    let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
                    let mut d = vec![0.0; rows[0].len()];
                    balancer.begin(&ctx, d.len());
                    balancer.direction(&ctx, 0, &slices, &mut d);
                    return (d, lengths(&rows).iter().sum());
                }
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
        // Preferences rise evenly with the task's number, so K αᵢ is 2i/(K + 1).
        let k = case.rows.len() as f64;
        let shares: Vec<f64> = (1..=case.rows.len()).map(|i| 2.0 * i as f64 / (k + 1.0)).collect();
        let by_coordinates = METHODS.iter().filter(|method| {
            matches!(method.build, Build::Rows(_)) && !method.needs(Need::Representation)
        });
        for method in gramian_methods().chain(by_coordinates) {
            for (id, factors) in [("unit", &unit), ("log", &log), ("pref", &shares)] {
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
        for method in METHODS.iter().filter(|method| list(&["mean"])[0].modifier.refuses(method).is_none()) {
            let of = |ids: &[&str]| {
                directions(method, &method.default_knobs(), &list(ids), &case.rows, &case.losses, 1).remove(0)
            };
            let (plain, size) = of(&[]);
            for (ids, factor) in [(&["mean"][..], 1.0 / k), (&["k-mean"], k), (&["mean", "k-mean"], 1.0)] {
                let expected: Vec<f64> = plain.iter().map(|d| factor * d).collect();
                let (ours, _) = of(ids);
                prop_assert!(distance(&ours, &expected) <= 1e-12 * factor * size, "{} {ids:?}", method.id);
            }
            let has_weights = !matches!(method.build, Build::Rows(_));
            if has_weights && !method.needs(Need::KeptRows) {
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
                let modifiers = [Applied::new(modifier)];
                for (d, _) in directions(method, &method.default_knobs(), &modifiers, &rows, &losses, 2) {
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
            let by_coordinates = matches!(method.build, Build::Rows(_));
            let refused = match modifier.change {
                Change::Weights(_) => by_coordinates,
                Change::Heads => {
                    by_coordinates || method.needs(Need::HeadsScaledByWeights) || method.needs(Need::KeptRows)
                }
                Change::CosinePenalty => false,
                Change::Uphill { .. } => {
                    let beyond = [Need::LastLayer, Need::LookAhead, Need::TwoMoreBatches, Need::Excess, Need::KeptRows];
                    method.needs(Need::Representation) || beyond.iter().any(|need| method.needs(*need))
                }
                _ => by_coordinates && method.needs(Need::Representation),
            };
            assert_eq!(modifier.refuses(method).is_some(), refused, "{} with {}", method.id, modifier.id);
        }
    }
}

/// With unit rows a method that weighs losses gets w′ᵢ/‖gᵢ‖, and still hears of the losses after a step.
#[test]
fn a_method_of_losses_is_told_of_lengths() {
    let rows = vec![vec![3.0, 0.0, 4.0], vec![0.0, 0.5, 0.0]];
    for method in METHODS.iter().filter(|method| matches!(method.build, Build::Losses(_))) {
        let of =
            |ids: &[&str]| directions(method, &method.default_knobs(), &list(ids), &rows, &[0.7, 0.3], 1).remove(0);
        let (plain, unit) = (of(&[]).0, of(&["unit"]).0);
        // The rows are orthogonal, so the coordinates tell the weights.
        for (at, length) in [(0, 5.0), (1, 0.5), (2, 5.0)] {
            assert!((unit[at] - plain[at] / length).abs() < 1e-12, "{}: {unit:?} {plain:?}", method.id);
        }
    }
    let famo = method("famo").expect("registered");
    let setup = Setup { n_tasks: 2, knobs: famo.default_knobs() };
    let ctx = StepContext {
        losses: &[1.0, 1.0],
        first_losses: &[1.0, 1.0],
        epoch_means: None,
        preference: &[0.5, 0.5],
        learning_rate: 0.1,
        step: 0,
        seed: 3,
        served: Served::default(),
    };
    let mut balancer = modified(famo, &setup, &list(&["unit"]));
    let weights = |balancer: &mut Balancer| {
        let Balancer::Gramian(method) = balancer else { panic!("it looks at gradients") };
        let mut w = vec![0.0; 2];
        method.weights(&ctx, &gramian(&rows), &mut w);
        [w[0] * 5.0, w[1] * 0.5]
    };
    let before = weights(&mut balancer);
    balancer.after_step(&ctx, &[0.5, 1.0]);
    let after = weights(&mut balancer);
    assert!((before[0] - before[1]).abs() < 1e-12, "{before:?}");
    assert!(after[1] > after[0], "the task that fell less is worth more: {after:?}");
}

/// vᵢ is the derivative of Σ cos² by gᵢ.
#[test]
fn the_penalty_falls_along_its_way() {
    let rows = vec![vec![1.0, 0.4, -0.3, 0.2], vec![-0.7, 1.3, 0.1, 0.5], vec![0.2, 0.9, 2.0, -1.1]];
    let penalty = |rows: &[Vec<f64>]| {
        let of = gramian(rows);
        [(0, 1), (0, 2), (1, 2)].iter().map(|&(i, j)| of.cosine(i, j).powi(2)).sum::<f64>()
    };
    for i in 0..3 {
        let mut w = vec![0.0; 3];
        penalty_way(&gramian(&rows), i, &mut w);
        let way = combined(&w, &rows);
        for p in 0..4 {
            let at = |shift: f64| {
                let mut moved = rows.clone();
                moved[i][p] += shift;
                penalty(&moved)
            };
            let exact = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((way[p] - exact).abs() < 1e-8, "v{i}, coordinate {p}: {} instead of {exact}", way[p]);
        }
    }
    let mut w = vec![1.0; 2];
    penalty_way(&gramian(&[vec![0.0, 0.0], vec![1.0, 2.0]]), 0, &mut w);
    assert_eq!(w, [0.0, 0.0], "a gradient that is 0 has no angle");
}
