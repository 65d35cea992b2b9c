//! The registry of methods as data, and what each method promises on any input.

use paretoscope::balance::Promise::{self, *};
use paretoscope::balance::{
    Balancer, Gramian, KnobScale, METHODS, Method, Need, Outcome, Served, Setup, Source, StepContext, method,
};
use proptest::prelude::*;

/// G with its losses; rows all have P entries.
#[derive(Debug, Clone)]
struct Case {
    rows: Vec<Vec<f64>>, // (K, P)
    losses: Vec<f64>,    // (K)
}

struct Step {
    w: Option<Vec<f64>>,
    d: Vec<f64>,
    outcome: Outcome,
}

/// Runs `n_steps` steps on the same gradients and returns the last.
fn steps(method: &Method, case: &Case, n_steps: u64) -> Step {
    let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    steps_with(method, case, n_steps, &Gramian::from_rows(&rows))
}

/// M from products accumulated in f32.
fn gramian_in_f32(case: &Case) -> Gramian {
    let k = case.rows.len();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0_f32, |sum, (a, b)| sum + *a as f32 * *b as f32);
    let m: Vec<f64> = (0..k * k).map(|at| f64::from(product(&case.rows[at / k], &case.rows[at % k]))).collect();
    let mut gramian = Gramian::new(k);
    gramian.set_from_products(&m);
    gramian
}

fn steps_with(method: &Method, case: &Case, n_steps: u64, gramian: &Gramian) -> Step {
    let k = case.rows.len();
    steps_of(method, &method.default_knobs(), &vec![1.0 / k as f64; k], case, n_steps, gramian)
}

/// One step with one knob set, on exact rows.
fn step_with_knob(id: &str, knob: &str, value: f64, case: &Case) -> Step {
    let method = method(id).expect("registered");
    let mut knobs = method.default_knobs();
    knobs[method.knobs.iter().position(|k| k.name == knob).expect("a knob of the method")] = value;
    let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    let k = rows.len();
    steps_of(method, &knobs, &vec![1.0 / k as f64; k], case, 1, &Gramian::from_rows(&rows))
}

fn steps_of(method: &Method, knobs: &[f64], preference: &[f64], case: &Case, n_steps: u64, gramian: &Gramian) -> Step {
    let k = case.rows.len();
    let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    let mut balancer = method.new_balancer(&Setup { n_tasks: k, knobs: knobs.to_vec() });
    let halved: Vec<f64> = case.losses.iter().map(|loss| 0.5 * loss).collect();
    let mut w = vec![0.0; k];
    let mut d = vec![0.0; rows[0].len()];
    let mut outcome = Outcome::Settled;
    let mut kept = vec![0.0; k];
    // Every batch has the same gradients, and so has the network a step ahead.
    let cross: Vec<f64> = (0..k * k).map(|at| gramian.product(at / k, at % k)).collect();
    let labels: Vec<f64> =
        (0..k * k).map(|at| if at / k == at % k { 1.0 + case.losses[at / k].clamp(0.0, 1.0) } else { 0.5 }).collect();
    for step in 0..n_steps {
        let sums = (step + 1) as f64;
        let estimate = |row: &Vec<f64>| row.iter().map(|g| g * (g / (sums * g * g + 1e-7).sqrt())).sum::<f64>();
        let excess: Vec<f64> = case.rows.iter().map(estimate).collect();
        let ctx = StepContext {
            losses: &case.losses,
            first_losses: &case.losses,
            epoch_means: (step > 0).then_some((&halved, &case.losses)),
            preference,
            learning_rate: 0.1,
            step,
            seed: 7,
            served: Served {
                last_layer: Some(gramian),
                validation_losses: Some(&case.losses),
                cross: Some(&cross),
                excess: Some(&excess),
                label_products: Some(&labels),
            },
        };
        match &mut balancer {
            Balancer::Losses(balancer) => {
                outcome = balancer.weights(&ctx, &mut w);
                if method.needs(Need::LossesAfterStep) {
                    balancer.after_step(&ctx, &halved);
                }
            }
            Balancer::Gramian(balancer) if method.needs(Need::KeptRows) => {
                let (mut keep, mut add) = (vec![0.0; k], vec![0.0; k]);
                balancer.keep(&ctx, gramian, &mut keep, &mut add);
                // The rows are the same in every step, so the kept ones are multiples of them.
                for (kept, (keep, add)) in kept.iter_mut().zip(keep.iter().zip(&add)) {
                    *kept = keep * *kept + add;
                }
                let mut of_kept = Gramian::new(k);
                of_kept.set_scaled(gramian, &kept);
                outcome = balancer.weights(&ctx, &of_kept, &mut w);
            }
            Balancer::Gramian(balancer) => outcome = balancer.weights(&ctx, gramian, &mut w),
            Balancer::Rows(balancer) => {
                balancer.begin(&ctx, d.len());
                // Two blocks, as a backend would hand them over.
                let cut = d.len() / 2;
                let (left, right) = d.split_at_mut(cut);
                let part = |from: usize, to: usize| rows.iter().map(|row| &row[from..to]).collect::<Vec<_>>();
                balancer.direction(&ctx, 0, &part(0, cut), left);
                balancer.direction(&ctx, cut, &part(cut, cut + right.len()), right);
            }
        }
    }
    if matches!(balancer, Balancer::Rows(_)) {
        return Step { w: None, d, outcome };
    }
    if method.needs(Need::KeptRows) {
        // As weights of G.
        w.iter_mut().zip(&kept).for_each(|(w, kept)| *w *= kept);
    }
    for (p, d) in d.iter_mut().enumerate() {
        *d = rows.iter().zip(&w).map(|(row, w)| w * row[p]).sum();
    }
    Step { w: Some(w), d, outcome }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn scaled(case: &Case, factors: impl Fn(usize) -> f64) -> Case {
    let row = |(i, row): (usize, &Vec<f64>)| row.iter().map(|g| g * factors(i)).collect();
    Case { rows: case.rows.iter().enumerate().map(row).collect(), losses: case.losses.clone() }
}

/// One promise on one case; the complaint says by how much it is broken.
fn check(id: &str, promise: Promise, case: &Case) -> Result<(), String> {
    let method = method(id).ok_or(format!("{id} is not registered"))?;
    let k = case.rows.len();
    let Step { w, d, .. } = steps(method, case, 2);
    let along: Vec<f64> = case.rows.iter().map(|row| dot(row, &d)).collect();
    let lengths: Vec<f64> = case.rows.iter().map(|row| norm(row)).collect();
    let total: f64 = lengths.iter().zip(w.iter().flatten()).map(|(n, w)| (n * w).abs()).sum();
    let size = if w.is_some() { total } else { lengths.iter().sum() };
    let same = |what: &str, off: f64, allowed: f64| {
        if off <= allowed { Ok(()) } else { Err(format!("{id}: {what} by {off:e}, allowed {allowed:e}")) }
    };
    match promise {
        NoTaskHurt => (0..k).try_for_each(|i| same("a task is hurt", -along[i], 1e-11 * lengths[i] * size)),
        OrderFree => {
            let turned: Vec<usize> = (0..k).map(|i| (i + 1) % k).collect();
            let case = Case {
                rows: turned.iter().map(|&i| case.rows[i].clone()).collect(),
                losses: turned.iter().map(|&i| case.losses[i]).collect(),
            };
            let other = steps(method, &case, 2);
            same("the order of tasks moves d", apart(&d, &other.d), 1e-9 * size)
        }
        Linear => {
            let larger = steps(method, &scaled(case, |_| 8.0), 2);
            let eight: Vec<f64> = d.iter().map(|d| 8.0 * d).collect();
            same("d is not linear", apart(&eight, &larger.d), 1e-9 * size)
        }
        RowScaleFree => {
            let other = steps(method, &scaled(case, |i| [1e-3, 7.0, 1e4][i % 3]), 2);
            same("the scale of a row moves d", apart(&d, &other.d), 1e-9 * size)
        }
        OnSimplex | SumsToK => {
            let w = w.unwrap_or_default();
            let sum = if promise == OnSimplex { 1.0 } else { k as f64 };
            same("a weight is negative", -w.iter().copied().fold(0.0, f64::min), 0.0)?;
            same("the weights sum to something else", (w.iter().sum::<f64>() - sum).abs(), 1e-12 * sum)
        }
        ShortestAverage => {
            let w = w.unwrap_or_default();
            let square = dot(&d, &d);
            let smallest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
            (0..k).try_for_each(|i| {
                let rounding = 1e-10 * lengths[i] * smallest;
                same("gᵢ·d is below ‖d‖²", square - along[i], rounding)?;
                let pulls = w[i] * lengths[i] > 1e-9 * smallest;
                same("gᵢ·d exceeds ‖d‖² at wᵢ > 0", if pulls { along[i] - square } else { 0.0 }, rounding)
            })
        }
        Bargain => {
            let w = w.unwrap_or_default();
            let gains: Vec<f64> = along.iter().zip(&w).map(|(along, w)| along * w).collect();
            (0..k).try_for_each(|i| same("a task gains more than another", (gains[i] / gains[0] - 1.0).abs(), 1e-9))
        }
        RestsWhenOpposed => {
            let rows = vec![case.rows[0].clone(), case.rows[0].iter().map(|g| -g).collect()];
            let opposed = Case { rows, losses: vec![1.0; 2] };
            let rest = steps(method, &opposed, 1);
            same("d does not vanish", norm(&rest.d), 1e-7 * lengths[0].max(1.0))
        }
        OthersGain => (1..k).try_for_each(|i| same("a task gains nothing", -along[i], -1e-6 * lengths[i] * norm(&d))),
        LaggardGains => {
            let last = (0..k).max_by(|&i, &j| case.losses[i].total_cmp(&case.losses[j])).unwrap_or(0);
            same("the task that lags is hurt", -along[last], 1e-10 * lengths[last] * size)
        }
        SteersToRay => {
            let mean = case.losses.iter().sum::<f64>() / k as f64;
            let away: Vec<f64> = case.losses.iter().map(|loss| loss - mean).collect();
            let off = norm(&away);
            let change = dot(&away, &along) / off;
            let steepest: Vec<f64> =
                (0..d.len()).map(|p| (0..k).map(|i| away[i] / off * case.rows[i][p]).sum()).collect();
            // σ of the way where the losses are off the ray by more than 1 %.
            let least = if off > 0.0101 * norm(&case.losses) { 0.1 * norm(&steepest) } else { 0.0 };
            let longest = lengths.iter().copied().fold(0.0, f64::max);
            same("the distance falls too slowly", least - change, 1e-10 * longest * size)
        }
        SumWithoutConflict => {
            let conflict = (0..k).any(|i| (0..k).any(|j| dot(&case.rows[i], &case.rows[j]) < 0.0));
            let sum: Vec<f64> = (0..d.len()).map(|p| case.rows.iter().map(|row| row[p]).sum()).collect();
            same("d differs from the sum", if conflict { 0.0 } else { apart(&d, &sum) }, 1e-12 * size)
        }
    }
}

/// Independent rows of ordinary angles: entries in ±1, with a unit on a coordinate of their own.
fn ordinary(spread: f64) -> impl Strategy<Value = Case> {
    (2..=6_usize).prop_flat_map(move |k| {
        let entries = prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, k + 6), k);
        let scales = prop::collection::vec(-spread..=spread, k);
        (entries, scales, prop::collection::vec(0.01..5.0_f64, k)).prop_map(|(mut rows, scales, losses)| {
            for (i, row) in rows.iter_mut().enumerate() {
                row[i] += 1.0;
                row.iter_mut().for_each(|g| *g *= power_of_ten(scales[i]));
            }
            Case { rows, losses }
        })
    })
}

fn power_of_ten(x: f64) -> f64 {
    10.0_f64.powf(x)
}

/// Anything finite: few coordinates, repeated, opposed and zero rows, scales 1e±8, odd losses.
fn hostile() -> impl Strategy<Value = Case> {
    (1..=16_usize, 1..=4_usize).prop_flat_map(|(k, p)| {
        let row = prop::collection::vec((-2..=2_i32).prop_map(f64::from), p);
        let scale = prop_oneof![Just(1.0), Just(1e8), Just(1e-8), Just(0.0), Just(-1.0)];
        let loss = prop_oneof![Just(0.0), Just(-1.0), Just(1e-300), Just(1e300), 0.0..3.0_f64];
        (prop::collection::vec((row, scale), k), prop::collection::vec(loss, k)).prop_map(|(rows, losses)| Case {
            rows: rows.into_iter().map(|(row, s)| row.into_iter().map(|g| g * s).collect()).collect(),
            losses,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_on_rows_of_like_size(case in ordinary(0.5)) {
        for method in METHODS {
            for &promise in method.promises {
                if let Err(complaint) = check(method.id, promise, &case) {
                    prop_assert!(false, "{promise:?}: {complaint}");
                }
            }
        }
    }

    #[test]
    fn promises_of_solvers_hold_on_rows_of_very_different_size(case in ordinary(8.0)) {
        for (id, promise) in [
            ("mgda", NoTaskHurt),
            ("mgda", ShortestAverage),
            ("nash_mtl", NoTaskHurt),
            ("nash_mtl", RowScaleFree),
            ("pcd", OthersGain),
        ] {
            if let Err(complaint) = check(id, promise, &case) {
                prop_assert!(false, "{promise:?}: {complaint}");
            }
        }
    }

    #[test]
    fn promises_of_linear_programs_hold_on_rows_of_different_size(case in ordinary(2.0)) {
        // A program's tolerance is absolute in w, which rows that differ by 1e11 turn into a direction of its own.
        for (id, promise) in [("epo", LaggardGains), ("pmgda", SteersToRay)] {
            if let Err(complaint) = check(id, promise, &case) {
                prop_assert!(false, "{promise:?}: {complaint}");
            }
        }
    }

    #[test]
    fn finite_input_gives_finite_output(case in hostile()) {
        for method in METHODS {
            for step in [steps(method, &case, 3), steps_with(method, &case, 3, &gramian_in_f32(&case))] {
                let Step { w, d, outcome } = step;
                prop_assert!(w.iter().flatten().all(|w| w.is_finite()), "{}: w = {w:?}", method.id);
                prop_assert!(d.iter().all(|d| d.is_finite()), "{}: d = {d:?}", method.id);
                prop_assert!(outcome != Outcome::NotSettled, "{} did not settle", method.id);
            }
        }
    }

    #[test]
    fn knobs_at_their_ends_give_finite_output(case in hostile()) {
        let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
        let gramian = Gramian::from_rows(&rows);
        let even = vec![1.0 / rows.len() as f64; rows.len()];
        for method in METHODS {
            for (at, knob) in method.knobs.iter().enumerate() {
                for end in [knob.min, knob.max] {
                    let mut knobs = method.default_knobs();
                    knobs[at] = end;
                    let Step { w, d, .. } = steps_of(method, &knobs, &even, &case, 3, &gramian);
                    let finite = w.iter().flatten().chain(&d).all(|x| x.is_finite());
                    prop_assert!(finite, "{}, {} = {end}: w = {w:?}, d = {d:?}", method.id, knob.name);
                }
            }
        }
    }

    #[test]
    fn one_sided_preferences_give_finite_output(case in hostile()) {
        let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
        let gramian = Gramian::from_rows(&rows);
        let mut corner = vec![0.0; rows.len()];
        corner[0] = 1.0;
        for method in METHODS.iter().filter(|method| method.needs(Need::Preference)) {
            let Step { w, d, outcome } = steps_of(method, &method.default_knobs(), &corner, &case, 3, &gramian);
            let finite = w.iter().flatten().chain(&d).all(|x| x.is_finite());
            prop_assert!(finite && outcome != Outcome::NotSettled, "{}: w = {w:?}, d = {d:?}", method.id);
        }
    }

    #[test]
    fn two_tasks_follow_the_closed_forms(mut case in ordinary(1.0)) {
        case.rows.truncate(2);
        case.losses.truncate(2);
        let (a, b) = (&case.rows[0], &case.rows[1]);
        let (n1, n2, product) = (norm(a), norm(b), dot(a, b));
        let gap = n1 * n1 + n2 * n2 - 2.0 * product;
        let share = ((n2 * n2 - product) / gap).clamp(0.0, 1.0);
        let squeeze = (2.0 + 2.0 * product / (n1 * n2)).sqrt();
        let expected = [
            ("mgda", [share, 1.0 - share]),
            ("pcgrad", [1.0 - product.min(0.0) / (n1 * n1), 1.0 - product.min(0.0) / (n2 * n2)]),
            ("nash_mtl", [1.0 / (n1 * squeeze), 1.0 / (n2 * squeeze)]), // of length max_norm = 1
        ];
        for (id, expected) in expected {
            let w = steps(method(id).expect("registered"), &case, 1).w.unwrap_or_default();
            prop_assert!(apart(&w, &expected) <= 1e-9 * norm(&expected), "{id}: {w:?}, not {expected:?}");
        }
    }

    #[test]
    fn declared_twins_share_their_direction_for_two_tasks(mut case in ordinary(1.0)) {
        case.rows.truncate(2);
        case.losses.truncate(2);
        for one in METHODS {
            for other in one.same_direction_k2.iter().filter_map(|id| method(id)) {
                let (a, b) = (steps(one, &case, 1).d, steps(other, &case, 1).d);
                let cosine = dot(&a, &b) / (norm(&a) * norm(&b));
                prop_assert!(cosine > 1.0 - 1e-6, "{} and {}: cosine {cosine}", one.id, other.id);
            }
        }
    }
}

#[test]
fn a_broken_promise_is_noticed() {
    let case = Case { rows: vec![vec![3.0, 0.0], vec![-1.0, 0.5]], losses: vec![1.0, 2.0] };
    for (id, promise) in [
        ("sum", NoTaskHurt),
        ("sum", OnSimplex),
        ("sum", ShortestAverage),
        ("mgda", Bargain),
        ("mgda", RowScaleFree),
        ("mgda", SumsToK),
        ("nash_mtl", Linear),
        ("sum", OthersGain),
        ("sum", LaggardGains),
        ("sum", SteersToRay),
        ("rlw", OrderFree),
        ("rlw", RestsWhenOpposed),
    ] {
        assert!(check(id, promise, &case).is_err(), "{id} passes {promise:?}");
    }
    let agreeing = Case { rows: vec![vec![1.0, 0.0], vec![1.0, 0.5]], losses: vec![1.0, 2.0] };
    assert!(check("mgda", SumWithoutConflict, &agreeing).is_err());
}

/// Input without descent in common, and what w and the outcome are by policy.
#[track_caller]
fn check_policy(id: &str, rows: &[&[f64]], w: &[f64], outcome: Outcome) {
    let case = Case { rows: rows.iter().map(|row| row.to_vec()).collect(), losses: vec![1.0; rows.len()] };
    let step = steps(method(id).expect("registered"), &case, 1);
    assert!(apart(step.w.as_deref().unwrap_or(&[]), w) < 1e-9, "{id}: {:?}", step.w);
    assert_eq!(step.outcome, outcome, "{id}");
}

#[test]
fn degenerate_input_follows_the_written_policy() {
    let (zero, a, b) = ([0.0, 0.0], [3.0, 0.0], [0.0, 2.0]);
    check_policy("mgda", &[&zero, &zero], &[0.5, 0.5], Outcome::Degenerate);
    check_policy("mgda", &[&a, &zero, &b], &[0.0, 1.0, 0.0], Outcome::Degenerate);
    check_policy("nash_mtl", &[&zero, &zero], &[0.0, 0.0], Outcome::Degenerate);
    let root = 0.5_f64.sqrt();
    check_policy("nash_mtl", &[&a, &zero, &b], &[root / 3.0, 0.0, root / 2.0], Outcome::Settled);
    check_policy("pcgrad", &[&a, &zero, &b], &[1.0, 1.0, 1.0], Outcome::Settled);
    check_policy("pcgrad", &[&zero, &zero], &[1.0, 1.0], Outcome::Settled);
    check_policy("gradvac", &[&a, &zero, &b], &[1.0, 1.0, 1.0], Outcome::Settled);
    check_policy("krum", &[&a, &b], &[0.5, 0.5], Outcome::Degenerate);
    check_policy("krum", &[&a, &a, &b], &[0.5, 0.5, 0.0], Outcome::Settled);
    check_policy("pcd", &[&zero, &a], &[0.0, 0.0], Outcome::Degenerate);
    check_policy("pcd", &[&a, &zero], &[1.0, 0.0], Outcome::Degenerate);
    check_policy("pcd", &[&a, &b, &[0.0, -2.0]], &[1.0, 0.0, 0.0], Outcome::Degenerate);
    check_policy("epo", &[&zero, &zero], &[0.5, 0.5], Outcome::Degenerate);
    check_policy("pmgda", &[&zero, &zero], &[0.5, 0.5], Outcome::Degenerate);
    // All losses are alike and so are their shares: no task is off the ray.
    check_policy("pbi", &[&a, &b], &[0.5_f64.sqrt(); 2], Outcome::Settled);
    check_policy("tchebycheff", &[&a, &b], &[0.25, 0.25], Outcome::Settled);
}

#[test]
fn exactly_the_declared_methods_follow_the_preference() {
    let rows = vec![vec![3.0, 0.6, -0.9, 1.5], vec![-0.9, 0.8, 0.1, 0.4], vec![0.1, -0.4, 0.6, 0.2]];
    let case = Case { rows, losses: vec![0.7, 2.0, 1.1] };
    let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    let gramian = Gramian::from_rows(&rows);
    for method in METHODS {
        let under = |preference: &[f64]| {
            let step = steps_of(method, &method.default_knobs(), preference, &case, 2, &gramian);
            step.w.unwrap_or(step.d)
        };
        let (uniform, skewed) = (under(&[1.0 / 3.0; 3]), under(&[0.1, 0.3, 0.6]));
        let moved = apart(&uniform, &skewed) > 1e-6 * norm(&uniform);
        assert_eq!(moved, method.needs(Need::Preference), "{}: {uniform:?} and {skewed:?}", method.id);
    }
}

/// Descends on ½‖x − aᵢ‖² for two points and returns both losses at the end.
fn losses_at_rest(id: &str, preference: [f64; 2]) -> [f64; 2] {
    let method = method(id).expect("registered");
    let points = [[0.0, 0.0], [3.0, 0.0]];
    let Balancer::Gramian(mut balancer) = method.new_balancer(&Setup { n_tasks: 2, knobs: method.default_knobs() })
    else {
        panic!("{id} is no Gramian method");
    };
    let mut x = [2.5, 2.0];
    let losses = |x: &[f64; 2]| points.map(|a| 0.5 * ((x[0] - a[0]).powi(2) + (x[1] - a[1]).powi(2)));
    for step in 0..4000 {
        let rows = points.map(|a| [x[0] - a[0], x[1] - a[1]]);
        let now = losses(&x);
        let ctx = StepContext {
            losses: &now,
            first_losses: &now,
            epoch_means: None,
            preference: &preference,
            learning_rate: 0.0,
            step,
            seed: 0,
            served: Default::default(),
        };
        let mut w = [0.0; 2];
        balancer.weights(&ctx, &Gramian::from_rows(&[&rows[0], &rows[1]]), &mut w);
        let rate = 0.1 / (1.0 + 0.02 * step as f64);
        for p in 0..2 {
            x[p] -= rate * (w[0] * rows[0][p] + w[1] * rows[1][p]);
        }
    }
    assert!(x[1].abs() < 0.02, "{id} rests off the Pareto set at {x:?}");
    losses(&x)
}

#[test]
fn preference_methods_end_where_the_preference_says() {
    for preference in [[0.8, 0.2], [0.5, 0.5], [0.25, 0.75]] {
        let [a, b] = losses_at_rest("epo", preference);
        let off = (preference[0] * a) / (preference[1] * b);
        assert!((off - 1.0).abs() < 0.05, "epo, {preference:?}: losses {a} and {b}");
        let [a, b] = losses_at_rest("pmgda", preference);
        let off = (a / preference[0]) / (b / preference[1]);
        assert!((off - 1.0).abs() < 0.05, "pmgda, {preference:?}: losses {a} and {b}");
    }
}

#[test]
fn random_weights_follow_their_distribution() {
    const K: usize = 4;
    let rlw = method("rlw").expect("registered");
    // Variance of one of four weights: sampled for softmaxes of normal and uniform numbers, (K − 1)/(K²(K + 1)) on
    // the simplex, and a sum over the fifteen outcomes of coins.
    for (distribution, expected) in [(0.0, 0.0354), (1.0, 0.00382), (2.0, 0.0375), (3.0, 0.0806)] {
        let setup = Setup { n_tasks: K, knobs: vec![distribution] };
        let Balancer::Losses(mut balancer) = rlw.new_balancer(&setup) else { panic!("rlw looks at losses") };
        let n = 4000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for step in 0..n {
            let even = [1.0 / K as f64; K];
            let ctx = StepContext {
                losses: &even,
                first_losses: &even,
                epoch_means: None,
                preference: &even,
                learning_rate: 0.0,
                step,
                seed: 3,
                served: Default::default(),
            };
            let mut w = [0.0; K];
            balancer.weights(&ctx, &mut w);
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|w| *w >= 0.0), "{w:?}");
            if distribution == 3.0 {
                let n_heads = w.iter().filter(|w| **w > 0.0).count() as f64;
                assert!(w.iter().all(|w| *w == 0.0 || (w * n_heads - 1.0).abs() < 1e-12), "{w:?}");
            }
            sum += w[0];
            squares += (w[0] - even[0]) * (w[0] - even[0]);
        }
        let (mean, variance) = (sum / n as f64, squares / n as f64);
        // Four standard errors of the mean; the variance of 4000 draws is good to a tenth.
        assert!((mean - 0.25).abs() < 4.0 * (expected / n as f64).sqrt(), "distribution {distribution}: mean {mean}");
        assert!((variance / expected - 1.0).abs() < 0.1, "distribution {distribution}: variance {variance}");
    }
}

#[test]
fn mgda_divides_rows_as_told() {
    let rows = vec![vec![3.0, 0.6, -0.9, 1.5], vec![-0.9, 0.8, 0.1, 0.4], vec![0.1, -0.4, 0.6, 0.2]];
    let case = Case { rows, losses: vec![0.7, 2.0, 1.1] };
    let mgda = method("mgda").expect("registered");
    let lengths: Vec<f64> = case.rows.iter().map(|row| norm(row)).collect();
    type Divisor<'a> = &'a dyn Fn(usize) -> f64;
    let divisors: [Divisor; 4] = [&|_| 1.0, &|i| lengths[i], &|i| case.losses[i], &|i| case.losses[i] * lengths[i]];
    for (norm_knob, divisor) in divisors.into_iter().enumerate() {
        let ours = step_with_knob("mgda", "norm", norm_knob as f64, &case);
        let plain = steps(mgda, &scaled(&case, |i| 1.0 / divisor(i)), 1);
        assert!(apart(&ours.d, &plain.d) < 1e-12, "norm {norm_knob}: {:?}, not {:?}", ours.d, plain.d);
    }
    let zero = Case { rows: vec![vec![1.0, 0.0], vec![0.0, 0.0]], losses: vec![0.0, 0.0] };
    for norm_knob in 1..=3 {
        let step = step_with_knob("mgda", "norm", f64::from(norm_knob), &zero);
        assert_eq!((step.d, step.outcome), (vec![0.0, 0.0], Outcome::Degenerate));
    }
}

#[test]
fn pcgrad_visits_tasks_as_listed_when_told() {
    // Every two rows conflict, so the order decides.
    let rows = vec![vec![1.0, 0.1, 0.0], vec![-0.8, 1.0, 0.0], vec![-0.1, -0.9, 0.6]];
    let case = Case { rows, losses: vec![1.0; 3] };
    let as_rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    let mut w = vec![0.0; 3];
    let listed = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    paretoscope::balance::pcgrad::project(&Gramian::from_rows(&as_rows), &listed, &mut w, &mut [0; 3]);
    assert_eq!(step_with_knob("pcgrad", "shuffle", 0.0, &case).w, Some(w.clone()));
    let pcgrad = method("pcgrad").expect("registered");
    let differs = |n_steps| steps(pcgrad, &case, n_steps).w.is_some_and(|other| apart(&other, &w) > 1e-3);
    assert!((1..20).any(differs), "no random order differs from the given one");
}

#[test]
fn projections_are_reported() {
    // Tasks 0 and 1 conflict, task 2 gets along with both.
    let gramian = Gramian::from_rows(&[&[1.0, 0.0, 0.5], &[-0.5, 1.0, 0.1], &[0.1, 0.2, 1.0]]);
    let ctx = StepContext {
        losses: &[1.0; 3],
        first_losses: &[1.0; 3],
        epoch_means: None,
        preference: &[1.0 / 3.0; 3],
        learning_rate: 0.1,
        step: 0,
        seed: 7,
        served: Served::default(),
    };
    for (id, expected) in [("pcgrad", [0b010, 0b001, 0]), ("gradvac", [0b010, 0b001, 0]), ("upgrad", [0b010, 0b001, 0])]
    {
        let method = method(id).expect("registered");
        let setup = Setup { n_tasks: 3, knobs: method.default_knobs() };
        let unit = paretoscope::balance::modify::modifier("unit").expect("registered");
        let unit = paretoscope::balance::modify::Applied::new(unit);
        for modifiers in [vec![], vec![unit]] {
            let Balancer::Gramian(mut built) = paretoscope::balance::modify::modified(method, &setup, &modifiers)
            else {
                panic!("{id} weighs gradients")
            };
            built.weights(&ctx, &gramian, &mut [0.0; 3]);
            assert_eq!(built.moved_by(), expected, "{id}");
            built.weights(&ctx, &Gramian::from_rows(&[&[1.0, 0.0], &[1.0, 0.2], &[1.0, 0.1]]), &mut [0.0; 3]);
            // What fired once is not remembered. GradVac's target cosines have moved meanwhile and may fire anew.
            assert!(id == "gradvac" || built.moved_by() == [0; 3], "{id}");
        }
    }
}

#[test]
fn stch_mtl_turns_to_the_slowest_after_its_warm_up() {
    let method = method("stch_mtl").expect("registered");
    let Balancer::Losses(mut balancer) = method.new_balancer(&Setup { n_tasks: 2, knobs: vec![1.0, 3.0] }) else {
        panic!("stch_mtl looks at losses");
    };
    let mut weights = |losses: [f64; 2], step| {
        let ctx = StepContext {
            losses: &losses,
            first_losses: &losses,
            epoch_means: None,
            preference: &[0.5, 0.5],
            learning_rate: 0.0,
            step,
            seed: 0,
            served: Default::default(),
        };
        let mut w = [0.0; 2];
        assert_eq!(balancer.weights(&ctx, &mut w), Outcome::Settled);
        w
    };
    for (step, losses) in [[1.0, 30.0], [2.0, 20.0], [3.0, 10.0]].into_iter().enumerate() {
        assert_eq!(weights(losses, step as u64), losses.map(|loss| 1.0 / loss), "the warm-up minimizes Σ log L");
    }
    // The nadir is (2, 20): μ = 1 minimizes 2 log(L₁/2 + L₂/20).
    let w = weights([1.0, 20.0], 3);
    assert!(apart(&w, &[2.0 / 1.5 / 2.0, 2.0 / 1.5 / 20.0]) < 1e-12, "{w:?}");
}

#[test]
fn every_method_promises_something_and_every_promise_is_made() {
    for method in METHODS {
        assert!(!method.promises.is_empty(), "{} promises nothing", method.id);
    }
    for promise in Promise::ALL {
        assert!(METHODS.iter().any(|method| method.promises.contains(promise)), "nobody promises {promise:?}");
    }
}

#[test]
fn two_methods_differ_unless_declared_equal() {
    let rows = vec![vec![3.0, 0.6, -0.9, 1.5], vec![-0.9, 0.8, 0.1, 0.4], vec![0.1, -0.4, 0.6, 0.2]];
    let case = Case { rows, losses: vec![0.7, 2.0, 1.1] };
    for (i, one) in METHODS.iter().enumerate() {
        for other in &METHODS[..i] {
            let (a, b) = (steps(one, &case, 2).d, steps(other, &case, 2).d);
            let cosine = dot(&a, &b) / (norm(&a) * norm(&b));
            let declared = one.same_direction_k2.contains(&other.id);
            // FairGrad with its default α = 1 is the bargain for any K.
            // These see equal progress here and are the sum.
            let even = ["dwa", "coba", "excess_mtl"];
            let equal_progress = even.contains(&one.id) || even.contains(&other.id);
            // stch_mtl warms up with the objective of si, whose direction gls shares.
            let warm_up = one.id == "stch_mtl" && ["si", "gls"].contains(&other.id);
            // The mean of gradients that do not change is the gradient.
            let steady = one.id == "m_config" && (other.id == "config" || other.same_direction_k2.contains(&"config"));
            // The same rule on other gradients, which nobody serves here.
            let at_features = one.id.strip_suffix("_ub") == Some(other.id);
            let excused = equal_progress || warm_up || steady || at_features;
            assert!(cosine < 1.0 - 1e-9 || declared || excused, "{} and {} are the same", one.id, other.id);
        }
    }
}

#[test]
fn the_registry_is_sound_as_data() {
    for (at, method) in METHODS.iter().enumerate() {
        let id = method.id;
        let snake = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        assert!(!id.is_empty() && snake(id), "id {id}");
        assert!(
            METHODS[..at].iter().all(|other| other.id != id && other.label != method.label),
            "{id} is listed twice"
        );
        for text in [method.optimizes, method.choose, method.avoid, method.pitfalls] {
            assert!(text.ends_with('.') && text.len() > 30 && !text.contains("  "), "{id}: {text:?}");
        }
        assert!(!method.label.is_empty() && !method.gloss.is_empty(), "{id} has no name");
        assert!(method.gloss.split_whitespace().count() <= 3, "{id}: gloss is two or three words");
        let Source { authors, title, year, link, .. } = method.source;
        assert!(!authors.is_empty() && !title.is_empty() && link.starts_with("https://"), "{id} has no source");
        assert!((1967..=2030).contains(&year), "{id}: {year}");
        for (n, knob) in method.knobs.iter().enumerate() {
            assert!(knob.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{id}: {}", knob.name);
            assert!(method.knobs[..n].iter().all(|other| other.name != knob.name), "{id}: {}", knob.name);
            assert!(knob.min < knob.max && (knob.min..=knob.max).contains(&knob.default), "{id}: {}", knob.name);
            assert!(knob.scale != KnobScale::Log || knob.min > 0.0, "{id}: {} starts at 0", knob.name);
            assert!(!knob.label.is_empty(), "{id}: {} has no label", knob.name);
        }
        for (n, need) in method.needs.iter().enumerate() {
            assert!(snake(need.id()) && !method.needs[..n].contains(need), "{id}: {need:?}");
        }
        let losses_only = [Need::LossesAfterStep, Need::EpochMeans];
        let losses_stage = method.build.stage() == "losses";
        assert!(losses_stage || losses_only.iter().all(|need| !method.needs(*need)), "{id}: needs of the losses stage");
        for twin in method.same_direction_k2 {
            assert!(*twin != id && snake(twin), "{id}: {twin}");
            let back = paretoscope::balance::method(twin).is_none_or(|twin| twin.same_direction_k2.contains(&id));
            assert!(back, "{id}: {twin} does not name it back");
        }
        let built = method.new_balancer(&Setup { n_tasks: 3, knobs: method.default_knobs() });
        let stage = match built {
            Balancer::Losses(_) => "losses",
            Balancer::Gramian(_) => "gramian",
            Balancer::Rows(_) => "rows",
        };
        assert_eq!(stage, method.build.stage(), "{id}");
    }
}
