//! The registry of methods as data, and what each method promises on any input.

use paretoscope::balance::{
    Balancer, Gramian, KnobScale, METHODS, Method, Need, Outcome, Served, Setup, StepContext, method,
};
use proptest::prelude::*;

/// A promise that is checked on random gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    /// gᵢ·d ≥ 0 for all tasks when the rows are independent.
    NoTaskHurt,
    /// Reordering the tasks reorders w and leaves d.
    OrderFree,
    /// d(s·G) = s·d(G).
    Linear,
    /// d stays when single rows are rescaled.
    RowScaleFree,
    /// Σw = 1 and w ≥ 0.
    OnSimplex,
    /// Σw = K and w ≥ 0.
    SumsToK,
    /// gᵢ·d ≥ ‖d‖², with equality where wᵢ > 0.
    ShortestAverage,
    /// wᵢ (gᵢ·d) is the same for all tasks.
    Bargain,
    /// d = 0 for two opposed rows of equal length.
    RestsWhenOpposed,
    /// d = Σ gᵢ where no two rows conflict.
    SumWithoutConflict,
}

use Property::*;

/// What each method promises; every registered method must be listed.
const PROMISES: &[(&str, &[Property])] = &[
    ("sum", &[OrderFree, Linear, SumsToK, RestsWhenOpposed, SumWithoutConflict]),
    ("mean", &[OrderFree, Linear, OnSimplex, RestsWhenOpposed]),
    ("rlw", &[Linear, OnSimplex]),
    ("uw", &[OrderFree, Linear]),
    ("dwa", &[OrderFree, Linear, SumsToK]),
    ("gls", &[OrderFree, Linear]),
    ("si", &[OrderFree, Linear]),
    ("imtl_l", &[OrderFree, Linear]),
    ("stch", &[OrderFree, Linear]),
    ("famo", &[OrderFree, Linear, OnSimplex]),
    ("coba", &[OrderFree, Linear, OnSimplex]),
    ("svd_reweighting", &[OrderFree, Linear, SumsToK]),
    ("gradnorm", &[OrderFree, Linear, SumsToK]),
    ("excess_mtl", &[OrderFree, SumsToK]),
    ("auto_lambda", &[OrderFree]),
    ("pcgrad", &[Linear, RestsWhenOpposed, SumWithoutConflict]),
    ("mgda", &[NoTaskHurt, OrderFree, Linear, OnSimplex, ShortestAverage, RestsWhenOpposed]),
    ("mgda_ub", &[NoTaskHurt, OrderFree, Linear, OnSimplex, ShortestAverage, RestsWhenOpposed]),
    ("cagrad", &[OrderFree, Linear, RestsWhenOpposed]),
    ("nash_mtl", &[NoTaskHurt, OrderFree, RowScaleFree, Bargain, RestsWhenOpposed]),
    ("fairgrad", &[NoTaskHurt, OrderFree, Bargain, RestsWhenOpposed]),
    ("graddrop", &[OrderFree, Linear]),
    ("graddrop_ub", &[OrderFree, Linear]),
    ("upgrad", &[NoTaskHurt, OrderFree, Linear, RestsWhenOpposed]),
    ("dualproj", &[NoTaskHurt, OrderFree, Linear, RestsWhenOpposed]),
    ("imtl_g", &[OrderFree, Linear, RestsWhenOpposed]),
    ("imtl", &[OrderFree, Linear, RestsWhenOpposed]),
    ("aligned_mtl", &[OrderFree, Linear, RestsWhenOpposed]),
    ("aligned_mtl_ub", &[OrderFree, Linear, RestsWhenOpposed]),
    ("config", &[OrderFree, Linear, RestsWhenOpposed]),
    ("m_config", &[OrderFree, Linear, RestsWhenOpposed]),
    ("moco", &[OrderFree]),
    ("modo", &[OrderFree, OnSimplex]),
    // Its inner steps are long enough to blow rounding up, so another order of tasks ends elsewhere.
    ("sdmgrad", &[OnSimplex]),
    ("db_mtl", &[OrderFree]),
];

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
    let rows: Vec<&[f64]> = case.rows.iter().map(Vec::as_slice).collect();
    let mut balancer = method.new_balancer(&Setup { n_tasks: k, knobs: method.default_knobs() });
    let preference = vec![1.0 / k as f64; k];
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
            preference: &preference,
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
fn check(id: &str, property: Property, case: &Case) -> Result<(), String> {
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
    match property {
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
            let sum = if property == OnSimplex { 1.0 } else { k as f64 };
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
        for (id, properties) in PROMISES {
            for &property in *properties {
                if let Err(complaint) = check(id, property, &case) {
                    prop_assert!(false, "{property:?}: {complaint}");
                }
            }
        }
    }

    #[test]
    fn promises_of_solvers_hold_on_rows_of_very_different_size(case in ordinary(8.0)) {
        for (id, property) in [("mgda", NoTaskHurt), ("mgda", ShortestAverage), ("nash_mtl", NoTaskHurt), ("nash_mtl", RowScaleFree)] {
            if let Err(complaint) = check(id, property, &case) {
                prop_assert!(false, "{property:?}: {complaint}");
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
    for (id, property) in [
        ("sum", NoTaskHurt),
        ("sum", OnSimplex),
        ("sum", ShortestAverage),
        ("mgda", Bargain),
        ("mgda", RowScaleFree),
        ("mgda", SumsToK),
        ("nash_mtl", Linear),
        ("rlw", OrderFree),
        ("rlw", RestsWhenOpposed),
    ] {
        assert!(check(id, property, &case).is_err(), "{id} passes {property:?}");
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
}

#[test]
fn every_method_is_promised_something() {
    let promised: Vec<&str> = PROMISES.iter().map(|(id, _)| *id).collect();
    let registered: Vec<&str> = METHODS.iter().map(|method| method.id).collect();
    assert_eq!(promised, registered, "PROMISES lists the registry in its order");
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
            // The mean of gradients that do not change is the gradient.
            let steady = one.id == "m_config" && (other.id == "config" || other.same_direction_k2.contains(&"config"));
            // The same rule on other gradients, which nobody serves here.
            let at_features = one.id.strip_suffix("_ub") == Some(other.id);
            let excused = equal_progress || steady || at_features;
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
        for text in [method.label, method.gloss, method.formula, method.about, method.paper] {
            assert!(!text.trim().is_empty() && !text.contains("  ") || text == method.formula, "{id}: {text:?}");
        }
        assert!(method.about.ends_with('.') && method.about.len() > 80, "{id}: about is a few sentences");
        assert!(method.gloss.split_whitespace().count() <= 3, "{id}: gloss is two or three words");
        assert!((1967..=2030).contains(&method.year), "{id}: {}", method.year);
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
