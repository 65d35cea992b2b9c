//! Methods that no golden case covers, each against something that knows nothing of their code: a scan of what
//! they could have answered, central differences of what they minimize, or the formula on explicit vectors.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Scope, Workload};
use paretoscope::balance::{
    Balancer, Gramian, GramianMethod, LossesMethod, METHODS, Served, Setup, StepContext, method,
};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, Owner, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use std::rc::Rc;

/// Methods without golden cases and what they are held against.
const ORACLES: &[(&str, fn())] = &[
    ("constant", constant_is_k_times_the_preference),
    ("modified_tchebycheff", modified_tchebycheff_is_the_slope_of_its_objective),
    ("aasf", aasf_is_the_slope_of_its_objective),
    ("random", random_weights_are_a_softmax_of_normals),
    ("svd_reweighting", svd_reweighting_projects_on_the_leading_direction),
    ("auto_lambda", auto_lambda_takes_adams_first_step),
    ("mgda_ub", representation_methods_weigh_explicit_rows),
    ("graddrop_ub", graddrop_ub_masks_explicit_rows),
    ("imtl", imtl_follows_its_two_closed_forms),
    ("aligned_mtl_ub", representation_methods_weigh_explicit_rows),
    ("epo", epo_beats_every_feasible_average),
    ("pmgda", pmgda_beats_every_other_step),
    ("m_config", m_config_is_config_of_the_corrected_means),
];

#[test]
fn every_method_has_golden_cases_or_an_oracle() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../data/golden_vectors.json")).expect("golden values are JSON");
    let golden = |id: &str| {
        ["grad_cases", "step_cases"]
            .iter()
            .any(|section| file[section].as_array().expect("a list").iter().any(|case| case["method"] == *id))
    };
    for method in METHODS {
        let listed = ORACLES.iter().any(|(id, _)| *id == method.id);
        assert!(golden(method.id) != listed, "{}: golden {}, oracle {listed}", method.id, golden(method.id));
    }
}

#[test]
fn methods_without_golden_cases_agree_with_their_oracles() {
    for (_, oracle) in ORACLES {
        oracle();
    }
}

fn built(id: &str, knobs: &[(&str, f64)], n_tasks: usize) -> Balancer {
    let entry = method(id).expect("registered");
    let mut setup = Setup { n_tasks, knobs: entry.default_knobs() };
    for (name, value) in knobs {
        let at = entry.knobs.iter().position(|knob| knob.name == *name).expect("a knob of the method");
        setup.knobs[at] = *value;
    }
    entry.new_balancer(&setup)
}

fn losses_method(id: &str, knobs: &[(&str, f64)], n_tasks: usize) -> Box<dyn LossesMethod> {
    match built(id, knobs, n_tasks) {
        Balancer::Losses(method) => method,
        _ => panic!("{id} weighs losses"),
    }
}

fn gramian_method(id: &str, knobs: &[(&str, f64)], n_tasks: usize) -> Box<dyn GramianMethod> {
    match built(id, knobs, n_tasks) {
        Balancer::Gramian(method) => method,
        _ => panic!("{id} weighs gradients"),
    }
}

fn context<'a>(losses: &'a [f64], preference: &'a [f64], step: u64, served: Served<'a>) -> StepContext<'a> {
    StepContext {
        losses,
        first_losses: losses,
        epoch_means: None,
        preference,
        learning_rate: 0.05,
        step,
        seed: 11,
        served,
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// wᵀG.
fn combined(w: &[f64], rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).map(|p| rows.iter().zip(w).map(|(row, w)| w * row[p]).sum()).collect()
}

fn gramian(rows: &[Vec<f64>]) -> Gramian {
    Gramian::from_rows(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[track_caller]
fn close(what: &str, ours: &[f64], exact: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    let off = ours.iter().zip(exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off <= tolerance, "{what}: {ours:?} instead of {exact:?}, off by {off:e}");
}

/// (K, P) rows with some conflict.
fn random_rows(k: usize, p: usize, case: u32) -> Vec<Vec<f64>> {
    let draws = Stream::new(5, StreamId::Data, case);
    (0..k).map(|i| (0..p).map(|at| draws.normal((i * p + at) as u64)).collect()).collect()
}

fn constant_is_k_times_the_preference() {
    let mut w = [0.0; 3];
    let mut constant = losses_method("constant", &[], 3);
    constant.weights(&context(&[9.0, 1.0, 0.1], &[0.5, 0.3, 0.2], 4, Served::default()), &mut w);
    close("constant", &w, &[1.5, 0.9, 0.6], 1e-15);
}

/// The weights against central differences of `value` at the losses.
#[track_caller]
fn is_slope(id: &str, preference: &[f64], value: impl Fn(&[f64]) -> f64) {
    for losses in [[0.7, 2.0, 1.1], [3.0, 0.2, 0.4], [0.05, 0.3, 5.0]] {
        let mut w = [0.0; 3];
        losses_method(id, &[], 3).weights(&context(&losses, preference, 0, Served::default()), &mut w);
        let slope: Vec<f64> = (0..3)
            .map(|i| {
                let at = |by: f64| {
                    let mut moved = losses;
                    moved[i] += by;
                    value(&moved)
                };
                (at(1e-5) - at(-1e-5)) / 2e-5
            })
            .collect();
        close(id, &w, &slope, 1e-6 * (1.0 + norm(&slope)));
    }
}

fn modified_tchebycheff_is_the_slope_of_its_objective() {
    let preference = [0.5, 0.2, 0.3];
    is_slope("modified_tchebycheff", &preference, |losses| {
        losses.iter().zip(preference).map(|(loss, share)| loss / share).fold(f64::NEG_INFINITY, f64::max)
    });
}

fn aasf_is_the_slope_of_its_objective() {
    let preference = [0.5, 0.2, 0.3];
    is_slope("aasf", &preference, |losses| {
        let soft: f64 = losses.iter().zip(preference).map(|(loss, share)| (loss / share / 0.1).exp()).sum();
        0.1 * soft.ln() + 0.1 * dot(losses, &preference)
    });
}

fn random_weights_are_a_softmax_of_normals() {
    let mut random = gramian_method("random", &[], 3);
    let rows = gramian(&random_rows(3, 4, 9));
    let (mut sum, mut square, mut mixed) = (0.0, 0.0, 0.0);
    let n = 20_000;
    for step in 0..n {
        let mut w = [0.0; 3];
        random.weights(&context(&[1.0; 3], &[1.0 / 3.0; 3], step, Served::default()), &rows, &mut w);
        assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Differences of two normals: mean 0, variance 2, and covariance 1 where they share one.
        let (a, b) = ((w[0] / w[1]).ln(), (w[2] / w[1]).ln());
        sum += a;
        square += a * a;
        mixed += a * b;
    }
    let mean = |x: f64| x / n as f64;
    assert!(mean(sum).abs() < 0.04 && (mean(square) - 2.0).abs() < 0.08 && (mean(mixed) - 1.0).abs() < 0.06);
}

fn svd_reweighting_projects_on_the_leading_direction() {
    let columns = random_rows(4, 7, 3);
    let products: Vec<f64> = (0..16).map(|at| dot(&columns[at / 4], &columns[at % 4])).collect();
    // The leading left singular vector of the columns by power iteration in their own space.
    let mut u = vec![1.0; 7];
    for _ in 0..5_000 {
        let mut next = vec![0.0; 7];
        for column in &columns {
            let along = dot(column, &u);
            next.iter_mut().zip(column).for_each(|(next, c)| *next += along * c);
        }
        let length = norm(&next);
        u = next.iter().map(|x| x / length).collect();
    }
    let along: Vec<f64> = columns.iter().map(|column| dot(column, &u).abs()).collect();
    let sum: f64 = along.iter().sum();
    let mut w = [0.0; 4];
    let served = Served { label_products: Some(&products), ..Served::default() };
    losses_method("svd_reweighting", &[], 4).weights(&context(&[1.0; 4], &[0.25; 4], 0, served), &mut w);
    close("svd_reweighting", &w, &along.iter().map(|x| 4.0 * x / sum).collect::<Vec<_>>(), 1e-9);
}

fn auto_lambda_takes_adams_first_step() {
    // ∂/∂wᵢ of the validation loss behind a plain step is −lr Σⱼ gᵢ·vⱼ (held against central differences of a network
    // in `served.rs`). Adam's first step has the length of its rate, against the sign.
    let served = Served { cross: Some(&[0.4, 0.3, -0.9, 0.2]), ..Served::default() };
    let mut w = [0.0; 2];
    let ctx = context(&[1.0; 2], &[0.5; 2], 0, served);
    gramian_method("auto_lambda", &[("meta_lr", 0.01), ("init", 0.3)], 2).weights(&ctx, &Gramian::new(2), &mut w);
    close("auto_lambda", &w, &[0.31, 0.29], 1e-7);
}

fn imtl_follows_its_two_closed_forms() {
    let rows = vec![vec![3.0, 0.4, -0.2], vec![-0.5, 0.9, 0.1]];
    let losses = [0.4, 3.0];
    let mut imtl = gramian_method("imtl", &[], 2);
    // Adam on e^s L − s from s = 0 moves each s by its rate, against the sign of L − 1.
    for (step, scales) in [[1.0, 1.0], [0.05_f64.exp(), (-0.05_f64).exp()]].into_iter().enumerate() {
        let mut w = [0.0; 2];
        imtl.weights(&context(&losses, &[0.5; 2], step as u64, Served::default()), &gramian(&rows), &mut w);
        let lengths = [scales[0] * norm(&rows[0]), scales[1] * norm(&rows[1])];
        let total = lengths[0] + lengths[1];
        close("imtl", &w, &[scales[0] * lengths[1] / total, scales[1] * lengths[0] / total], 1e-6);
        close("heads of imtl", imtl.head_weights().expect("learned scales"), &scales, 1e-6);
    }
}

fn m_config_is_config_of_the_corrected_means() {
    const BETA: f64 = 0.8;
    let mut m_config = gramian_method("m_config", &[("beta", BETA), ("renewed", 1.0)], 3);
    let mut kept = vec![vec![0.0; 5]; 3];
    let mut renewals = [0; 3];
    for step in 0..7_usize {
        let rows = random_rows(3, 5, 40 + step as u32);
        let ctx_losses = [1.0; 3];
        let ctx = context(&ctx_losses, &[1.0 / 3.0; 3], step as u64, Served::default());
        let (mut keep, mut add) = ([0.0; 3], [0.0; 3]);
        m_config.keep(&ctx, &gramian(&rows), &mut keep, &mut add);
        let served: Vec<Vec<f64>> = (0..3)
            .map(|i| kept[i].iter().zip(&rows[i]).map(|(kept, g)| keep[i] * kept + add[i] * g).collect())
            .collect();
        // All means at the first step, then one after the other.
        for i in (0..3).filter(|i| step == 0 || *i == (step - 1) % 3) {
            renewals[i] += 1;
            kept[i] = kept[i].iter().zip(&rows[i]).map(|(kept, g)| BETA * kept + (1.0 - BETA) * g).collect();
        }
        let mut w = [0.0; 3];
        m_config.weights(&ctx, &gramian(&served), &mut w);
        let means: Vec<Vec<f64>> =
            (0..3).map(|i| kept[i].iter().map(|x| x / (1.0 - BETA.powi(renewals[i]))).collect()).collect();
        // ConFIG: equal positive cosines with all means, and the length of their projections' sum.
        let d = combined(&w, &served);
        let u: Vec<f64> = d.iter().map(|x| x / norm(&d)).collect();
        let cosines: Vec<f64> = means.iter().map(|row| dot(row, &u) / norm(row)).collect();
        close("angles of m_config", &cosines, &[cosines[0]; 3], 1e-10);
        let along: f64 = means.iter().map(|row| dot(row, &u)).sum();
        close("length of m_config", &[norm(&d)], &[along], 1e-10 * along.abs());
    }
}

/// The points of a simplex of `n` shares in steps of 1/`grid`.
fn simplex(n: usize, grid: usize, visit: &mut dyn FnMut(&[f64])) {
    fn walk(at: usize, left: usize, grid: usize, shares: &mut Vec<f64>, visit: &mut dyn FnMut(&[f64])) {
        if at + 1 == shares.len() {
            shares[at] = left as f64 / grid as f64;
            return visit(shares);
        }
        for own in 0..=left {
            shares[at] = own as f64 / grid as f64;
            walk(at + 1, left - own, grid, shares, visit);
        }
    }
    walk(0, grid, grid, &mut vec![0.0; n], visit);
}

fn epo_beats_every_feasible_average() {
    for (k, grid) in [(2, 20_000), (3, 300)] {
        for case in 0..12 {
            let rows = random_rows(k, k + 2, 100 + case);
            let draws = Stream::new(6, StreamId::Data, case);
            let losses: Vec<f64> = (0..k).map(|i| 0.2 + 3.0 * draws.uniform(i as u64)).collect();
            let mut preference: Vec<f64> = (0..k).map(|i| 0.2 + draws.uniform(10 + i as u64)).collect();
            let sum: f64 = preference.iter().sum();
            preference.iter_mut().for_each(|share| *share /= sum);
            let mut w = vec![0.0; k];
            let ctx = context(&losses, &preference, 0, Served::default());
            gramian_method("epo", &[], k).weights(&ctx, &gramian(&rows), &mut w);

            // The paper's program, written down from its definitions.
            let weighted: Vec<f64> = losses.iter().zip(&preference).map(|(loss, share)| loss * share).collect();
            let total: f64 = weighted.iter().sum();
            let shares: Vec<f64> = weighted.iter().map(|x| x / total).collect();
            let imbalance: f64 = shares.iter().map(|s| s * (s * k as f64).ln()).sum();
            assert!(imbalance > 1e-4, "the case asks for balance");
            let anchor: Vec<f64> = (0..k).map(|i| preference[i] * ((shares[i] * k as f64).ln() - imbalance)).collect();
            let pull: Vec<f64> = rows.iter().map(|row| dot(row, &combined(&anchor, &rows))).collect();
            let worst = (0..k).max_by(|&a, &b| weighted[a].total_cmp(&weighted[b])).expect("a task");
            let gains = |w: &[f64]| rows.iter().map(|row| dot(row, &combined(w, &rows))).collect::<Vec<_>>();
            let feasible = |w: &[f64], slack: f64| {
                gains(w).iter().enumerate().all(|(j, gain)| {
                    if j == worst || pull.iter().all(|pull| *pull <= 0.0) {
                        *gain >= -slack
                    } else {
                        pull[j] > 0.0 || *gain >= pull[j] - slack
                    }
                })
            };
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-9 && w.iter().all(|w| *w >= 0.0), "{w:?}");
            assert!(feasible(&w, 1e-8), "case {case}: {w:?} breaks a constraint");
            let ours = dot(&w, &pull);
            let mut best = f64::NEG_INFINITY;
            simplex(k, grid, &mut |w| {
                if feasible(w, 0.0) {
                    best = best.max(dot(w, &pull));
                }
            });
            assert!(best.is_finite() && ours >= best - 1e-8, "case {case}: {ours} below {best}");
            // The scan comes as near as its steps are fine.
            assert!(ours - best < 60.0 / grid as f64, "case {case}: {ours} far above {best}");
        }
    }
}

fn pmgda_beats_every_other_step() {
    const SIGMA: f64 = 0.1;
    for case in 0..12 {
        let rows = random_rows(2, 4, 200 + case);
        let draws = Stream::new(8, StreamId::Data, case);
        let losses: Vec<f64> = (0..2).map(|i| 0.2 + 3.0 * draws.uniform(i)).collect();
        let preference = [0.35, 0.65];
        // ∇h of h = ‖L − (L·u)u‖ by central differences.
        let ray: Vec<f64> = preference.iter().map(|share| share / norm(&preference)).collect();
        let h = |losses: &[f64]| {
            let along = dot(losses, &ray);
            norm(&losses.iter().zip(&ray).map(|(loss, u)| loss - along * u).collect::<Vec<_>>())
        };
        let c: Vec<f64> = (0..2)
            .map(|i| {
                let at = |by: f64| {
                    let mut moved = losses.clone();
                    moved[i] += by;
                    h(&moved)
                };
                (at(1e-6) - at(-1e-6)) / 2e-6
            })
            .collect();
        let steer = combined(&c, &rows);
        let steepness = norm(&steer);

        // Off the ray: no average of the unit rows and the unit ∇h keeps the speed and helps the worst-off more.
        assert!(h(&losses) > 0.01 * norm(&losses), "the case lies off the ray");
        let mut w = [0.0; 2];
        let ctx = context(&losses, &preference, 0, Served::default());
        gramian_method("pmgda", &[("sigma", SIGMA)], 2).weights(&ctx, &gramian(&rows), &mut w);
        let d = combined(&w, &rows);
        let worst = |d: &[f64]| rows.iter().map(|row| dot(row, d)).fold(f64::INFINITY, f64::min);
        assert!(dot(&steer, &d) >= (SIGMA - 1e-6) * steepness, "case {case}: too slow to the ray");
        let parts: Vec<Vec<f64>> =
            rows.iter().chain([&steer]).map(|v| v.iter().map(|x| x / norm(v)).collect()).collect();
        let mut best = f64::NEG_INFINITY;
        simplex(3, 300, &mut |shares| {
            let d = combined(shares, &parts);
            if dot(&steer, &d) >= SIGMA * steepness {
                best = best.max(worst(&d));
            }
        });
        let ours = worst(&d);
        assert!(ours >= best - 1e-6 && ours - best < 0.1, "case {case}: {ours}, the scan found {best}");

        // On the ray (tolerance 1): the shortest Σ wᵢgᵢ + ν∇h.
        gramian_method("pmgda", &[("h_tol", 1.0)], 2).weights(&ctx, &gramian(&rows), &mut w);
        let ours = norm(&combined(&w, &rows));
        let mut shortest = f64::INFINITY;
        simplex(2, 20_000, &mut |shares| {
            let v = combined(shares, &rows);
            let nu = -dot(&v, &steer) / (steepness * steepness);
            shortest = shortest.min(norm(&v.iter().zip(&steer).map(|(v, s)| v + nu * s).collect::<Vec<_>>()));
        });
        assert!(ours <= shortest + 1e-6 && shortest - ours < 1e-3, "case {case}: {ours} instead of {shortest}");
    }
}

/// Three regressions behind one tanh layer, with linear heads: small enough to differentiate by hand.
struct ByHand {
    cpu: Cpu<f64>,
    rows: Vec<u32>,
    x: Vec<[f64; 2]>,
    z: Vec<Vec<f64>>,    // (B, H)
    at_z: Vec<Vec<f64>>, // (K, B·H) ∂Lₖ/∂z with the loss scales
    slopes: Vec<f64>,    // (B·H) tanh′
}

fn by_hand() -> ByHand {
    const B: usize = 6;
    const H: usize = 4;
    let draws = Stream::new(33, StreamId::Data, 0);
    let x: Vec<f32> = (0..2 * B).map(|i| draws.normal(i as u64) as f32).collect();
    let targets: Vec<Vec<f32>> =
        (0..3).map(|k| (0..B).map(|b| draws.normal((100 + 10 * k + b) as u64) as f32).collect()).collect();
    let data = Rc::new(Split { rows: B, x: x.clone(), targets: targets.iter().cloned().map(Targets::Value).collect() });
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![H as u32],
        head: vec![],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let network = Network::mlp(2, &config, &[TaskKind::Regression; 3]);
    let layout = ParamLayout::new(&network);
    let theta: Vec<f64> = layout.initial(&network, Init::FanIn, 3, &[0, 1, 2]);
    let loss_scales = [1.0, 0.5, 2.0];
    let workload = Workload {
        layout: layout.clone(),
        network,
        data: data.clone(),
        validation: data,
        targets: vec![0, 1, 2],
        loss_scales: loss_scales.to_vec(),
        batch_rows: B,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    };
    let (weight, bias) = layout.layer(Owner::Shared, 0);
    let inputs: Vec<[f64; 2]> = (0..B).map(|b| [f64::from(x[2 * b]), f64::from(x[2 * b + 1])]).collect();
    let unit = |b: usize, h: usize| {
        let sum = (0..2).map(|i| inputs[b][i] * theta[weight.start + i * H + h]).sum::<f64>();
        (sum + theta[bias.start + h]).tanh()
    };
    let z: Vec<Vec<f64>> = (0..B).map(|b| (0..H).map(|h| unit(b, h)).collect()).collect();
    let at_z = (0..3)
        .map(|k| {
            let (weight, bias) = layout.layer(Owner::Head(k), 0);
            let head = &theta[weight];
            (0..B * H)
                .map(|at| {
                    let (b, h) = (at / H, at % H);
                    let off = dot(&z[b], head) + theta[bias.start] - f64::from(targets[k][b]);
                    loss_scales[k] * 2.0 / B as f64 * off * head[h]
                })
                .collect()
        })
        .collect();
    let slopes = (0..B * H).map(|at| 1.0 - z[at / H][at % H].powi(2)).collect();
    ByHand { cpu: Cpu::new(workload, theta), rows: (0..B as u32).collect(), x: inputs, z, at_z, slopes }
}

fn representation_methods_weigh_explicit_rows() {
    let ByHand { mut cpu, rows, at_z, .. } = by_hand();
    let mut losses = [0.0; 3];
    cpu.losses(&rows, &mut losses);
    let mut products = [0.0; 9];
    cpu.gramian(Scope::Representation, &mut products);
    let explicit: Vec<f64> = (0..9).map(|at| dot(&at_z[at / 3], &at_z[at % 3])).collect();
    close("products at the representation", &products, &explicit, 1e-12);
    // The weights are those of the plain method, which has golden cases, on the rows written down by hand.
    for (id, plain) in [("mgda_ub", "mgda"), ("aligned_mtl_ub", "aligned_mtl")] {
        let ctx = context(&losses, &[1.0 / 3.0; 3], 0, Served::default());
        let mut served = Gramian::new(3);
        served.set(&products, true);
        let (mut w, mut exact) = ([0.0; 3], [0.0; 3]);
        gramian_method(id, &[], 3).weights(&ctx, &served, &mut w);
        gramian_method(plain, &[], 3).weights(&ctx, &gramian(&at_z), &mut exact);
        close(id, &w, &exact, 1e-9);
    }
}

fn graddrop_ub_masks_explicit_rows() {
    let ByHand { mut cpu, rows, x, z, at_z, slopes } = by_hand();
    let mut losses = [0.0; 3];
    cpu.losses(&rows, &mut losses);
    let Balancer::Rows(mut at_features) = built("graddrop_ub", &[], 3) else { panic!("a rows method") };
    let ctx = context(&losses, &[1.0 / 3.0; 3], 0, Served::default());
    let combine = Combine::AtRepresentation(at_features.as_mut(), &ctx);
    cpu.apply(Apply { combine, head_weights: &[1.0; 3], learning_rate: 1.0, aside: 0.0, probe: false });
    // The rule's own draws on the rows by hand; what is left of every coordinate is all of one sign.
    let Balancer::Rows(mut again) = built("graddrop_ub", &[], 3) else { panic!("a rows method") };
    again.begin(&ctx, slopes.len());
    let scaled: Vec<Vec<f64>> =
        at_z.iter().map(|row| row.iter().zip(&slopes).map(|(g, slope)| g * slope).collect()).collect();
    let mut d = vec![0.0; slopes.len()];
    again.direction(&ctx, 0, &scaled.iter().map(Vec::as_slice).collect::<Vec<_>>(), &mut d);
    let mut mixed = 0;
    for (at, d) in d.iter().enumerate() {
        let sum = |keep: fn(f64) -> bool| scaled.iter().map(|row| row[at]).filter(|g| keep(*g)).sum::<f64>();
        let (positive, negative) = (sum(|g| g > 0.0), sum(|g| g < 0.0));
        mixed += usize::from(positive * negative < 0.0);
        assert!((d - positive).abs() < 1e-12 || (d - negative).abs() < 1e-12, "coordinate {at}: {d}");
    }
    assert!(mixed > 4, "{mixed} coordinates are disputed");
    let hidden = z[0].len();
    let layout = &cpu.workload().layout;
    let (weight, bias) = layout.layer(Owner::Shared, 0);
    let mut exact = vec![0.0; layout.n_shared()];
    for (at, d) in d.iter().enumerate() {
        let (b, h) = (at / hidden, at % hidden);
        (0..2).for_each(|i| exact[weight.start + i * hidden + h] += x[b][i] * d);
        exact[bias.start + h] += d;
    }
    close("graddrop_ub", &cpu.gradient()[..layout.n_shared()], &exact, 1e-12);
}
