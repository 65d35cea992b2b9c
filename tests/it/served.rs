//! What a network serves to methods that need more than losses and M, and what they make of it.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Backend, Combine, Part, Scope, Workload};
use paretoscope::balance::modify::{Applied, modifier};
use paretoscope::balance::{
    Balancer, Cost, Gramian, GramianMethod, METHODS, Outcome, Served, Setup, StepContext, config, method,
    svd_reweighting,
};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer, Rates, RunConfig};
use paretoscope::data::{Batches, Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::strategy::single_point::Place;
use paretoscope::strategy::{Motion, SinglePoint, Step};
use paretoscope::train::{Trainer, TrainerSetup};
use std::rc::Rc;

const ROWS: usize = 9;
const TASKS: usize = 3;
const EVERY_ROW: [u32; ROWS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

fn split(sub: u32) -> Rc<Split> {
    let draws = Stream::new(21, StreamId::Data, sub);
    let targets = (0..TASKS).map(|task| {
        Targets::Value((0..ROWS).map(|row| draws.normal((1_000 + 100 * task + row) as u64) as f32).collect())
    });
    Rc::new(Split {
        rows: ROWS,
        x: (0..2 * ROWS).map(|i| draws.normal(i as u64) as f32).collect(),
        targets: targets.collect(),
    })
}

/// Three regressions on a small network in f64, at its initial weights.
fn network() -> Cpu<f64> {
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![5, 4],
        head: vec![3],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let network = Network::mlp(2, &config, &[TaskKind::Regression; TASKS]);
    let layout = ParamLayout::new(&network);
    let theta = layout.initial(&network, Init::FanIn, 3, &[0, 1, 2]);
    let workload = Workload {
        layout,
        network,
        data: split(0),
        validation: split(1),
        targets: vec![0, 1, 2],
        loss_scales: vec![1.0, 0.5, 2.0],
        batch_rows: ROWS,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    };
    Cpu::new(workload, theta)
}

#[track_caller]
fn close(what: &str, ours: &[f64], exact: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    for (at, (ours, exact)) in ours.iter().zip(exact).enumerate() {
        assert!((ours - exact).abs() <= tolerance * (1.0 + exact.abs()), "{what} {at}: {ours} instead of {exact}");
    }
}

fn products(a: &[f64], b: &[f64]) -> Vec<f64> {
    let n = a.len() / TASKS;
    let row = |of: &[f64], i: usize| of[i * n..(i + 1) * n].to_vec();
    let dot = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
    (0..TASKS * TASKS).map(|at| dot(row(a, at / TASKS), row(b, at % TASKS))).collect()
}

#[test]
fn kept_rows_are_what_they_are_said_to_be() {
    let mut cpu = network();
    let n_shared = cpu.workload().layout.n_shared();
    let (mut losses, mut m, mut of_kept) = ([0.0; TASKS], [0.0; TASKS * TASKS], [0.0; TASKS * TASKS]);
    let mut exact = vec![0.0; TASKS * n_shared];
    for (keep, add) in [([0.9, 0.5, 0.0], [0.1, 2.0, 1.0]), ([0.3, 1.0, 1.0], [-1.0, 0.0, 0.25])] {
        cpu.gradients(&EVERY_ROW, &mut losses, &mut m);
        cpu.keep(&keep, &add, &mut of_kept);
        for (at, exact) in exact.iter_mut().enumerate() {
            *exact = keep[at / n_shared] * *exact + add[at / n_shared] * cpu.rows()[at];
        }
        close("their Gramian", &of_kept, &products(&exact, &exact), 1e-12);
        cpu.gramian(Scope::Cross, &mut m);
        close("products with G", &m, &products(&exact, cpu.rows()), 1e-12);
        let w = [0.7, -0.2, 1.5];
        cpu.apply(Apply {
            combine: Combine::Kept(&w),
            head_weights: &[1.0; TASKS],
            learning_rate: 1.0,
            aside: 0.0,
            probe: false,
        });
        let d: Vec<f64> = (0..n_shared).map(|p| (0..TASKS).map(|k| w[k] * exact[k * n_shared + p]).sum()).collect();
        close("d", &cpu.gradient()[..n_shared], &d, 1e-12);
    }
}

#[test]
fn the_excess_is_the_formula() {
    let mut cpu = network();
    let n_shared = cpu.workload().layout.n_shared();
    let (mut losses, mut m, mut excess) = ([0.0; TASKS], [0.0; TASKS * TASKS], [0.0; TASKS]);
    let mut sums = vec![0.0; TASKS * n_shared];
    for _ in 0..3 {
        cpu.gradients(&EVERY_ROW, &mut losses, &mut m);
        cpu.excess(&mut excess);
        let mut exact = [0.0; TASKS];
        for (at, (sum, g)) in sums.iter_mut().zip(cpu.rows()).enumerate() {
            *sum += g * g;
            exact[at / n_shared] += g * g / (*sum + 1e-7_f64).sqrt();
        }
        close("excess", &excess, &exact, 1e-12);
        cpu.apply(Apply {
            combine: Combine::Rows(&[0.3; TASKS]),
            head_weights: &[1.0; TASKS],
            learning_rate: 1.0,
            aside: 0.0,
            probe: false,
        });
    }
}

/// Auto-λ takes −lr gᵢ·Σvⱼ for what its paper computes by finite differences.
#[test]
fn the_look_ahead_gives_the_derivative_of_the_validation_loss() {
    let mut cpu = network();
    let layout = cpu.workload().layout.clone();
    let scales = cpu.workload().loss_scales.clone();
    let (mut losses, mut m) = ([0.0; TASKS], [0.0; TASKS * TASKS]);
    let (w, rate) = ([0.4, 1.1, 0.7], 0.05);
    let theta = cpu.parameters().to_vec();
    cpu.gradients(&EVERY_ROW, &mut losses, &mut m);
    let (g, heads) = (cpu.rows().to_vec(), cpu.gradient().to_vec());
    cpu.keep(&[0.0; TASKS], &[1.0; TASKS], &mut m);
    cpu.aim(&w, &w);
    cpu.look(rate);
    cpu.gradients_on(Part::Validation, &EVERY_ROW, &mut losses, &mut m);
    cpu.gramian(Scope::Cross, &mut m);
    cpu.step_back();
    assert_eq!(cpu.parameters(), theta);

    // The validation loss behind the step with weights `w` of the shared parameters.
    let mut ahead = |shared: [f64; TASKS]| {
        let mut moved = theta.clone();
        for (p, moved) in moved[..layout.n_shared()].iter_mut().enumerate() {
            *moved -= rate * (0..TASKS).map(|k| shared[k] * g[k * layout.n_shared() + p]).sum::<f64>();
        }
        for (task, weight) in w.iter().enumerate() {
            for p in layout.head(task) {
                moved[p] -= rate * weight * heads[p];
            }
        }
        cpu.parameters_mut().copy_from_slice(&moved);
        let mut losses = [0.0; TASKS];
        cpu.losses_on(Part::Validation, &EVERY_ROW, &mut losses);
        losses.iter().zip(&scales).map(|(loss, scale)| loss * scale).sum::<f64>()
    };
    for i in 0..TASKS {
        let (mut up, mut down) = (w, w);
        // The cubic error is about 1e-12, rounding 1e-12.
        up[i] += 1e-4;
        down[i] -= 1e-4;
        let numeric = (ahead(up) - ahead(down)) / 2e-4;
        let exact = -rate * m[i * TASKS..(i + 1) * TASKS].iter().sum::<f64>();
        assert!((numeric - exact).abs() < 1e-9, "task {i}: {exact}, by differences {numeric}");
    }
}

#[test]
fn without_validation_rows_the_training_rows_stand_in() {
    let mut workload = network().workload().clone();
    workload.validation = Rc::new(Split { rows: 0, x: Vec::new(), targets: Vec::new() });
    let theta = network().parameters().to_vec();
    let mut cpu = Cpu::<f64>::new(workload, theta);
    let (mut own, mut other) = ([0.0; TASKS], [0.0; TASKS]);
    cpu.losses(&EVERY_ROW, &mut own);
    cpu.losses_on(Part::Validation, &EVERY_ROW, &mut other);
    assert_eq!(own, other);
}

/// Weights of twelve steps with batches of four.
fn trained(id: &str, knobs: &[f64], validation: u32) -> Vec<Vec<f64>> {
    let mut workload = network().workload().clone();
    workload.validation = split(validation);
    workload.batch_rows = 4;
    let theta = network().parameters().iter().map(|&x| x as f32).collect();
    let method = method(id).expect("registered");
    let run = RunConfig { knobs: knobs.to_vec(), modifiers: Vec::new(), ..RunConfig::new(method) };
    let setup = TrainerSetup {
        run: &run,
        floor: vec![0.0; TASKS],
        preference: vec![1.0 / 3.0; TASKS],
        rates: Rates::constant(1.0, 12),
        seed: 2,
        batches: Batches::new(ROWS, 4, 2),
        gramian_every: 1,
    };
    let mut trainer = Trainer::new(Backend::Cpu(Box::new(Cpu::new(workload, theta))), setup);
    let mut weights = Vec::new();
    while let Some(record) = pollster::block_on(trainer.advance()).expect("a step") {
        weights.push(record.weights);
    }
    assert_eq!(weights.len(), 13, "{id}");
    weights
}

#[test]
fn a_step_costs_what_the_registry_says() {
    for method in METHODS {
        let mut workload = network().workload().clone();
        workload.batch_rows = 4;
        let theta = network().parameters().iter().map(|&x| x as f32).collect();
        let run = RunConfig { knobs: method.default_knobs(), modifiers: Vec::new(), ..RunConfig::new(method) };
        let setup = TrainerSetup {
            run: &run,
            floor: vec![0.0; TASKS],
            preference: vec![1.0 / 3.0; TASKS],
            rates: Rates::constant(0.01, 100),
            seed: 2,
            batches: Batches::new(ROWS, 4, 2),
            // Plots get their Gramian at step 0 alone.
            gramian_every: 1_000,
        };
        let mut trainer = Trainer::new(Backend::Cpu(Box::new(Cpu::new(workload, theta))), setup);
        let mut passes = || {
            pollster::block_on(trainer.advance()).expect("a step").expect("a record");
            match trainer.backend() {
                Backend::Cpu(cpu) => cpu.passes(),
                _ => panic!("on the CPU"),
            }
        };
        passes();
        let before = passes();
        let after = (0..10).map(|_| passes()).last().expect("ten steps");
        let Cost { backward, forward } = method.cost(TASKS);
        let measured = (after.backward - before.backward, after.forward - before.forward);
        assert_eq!(measured, (10 * backward, 10 * forward), "{}", method.id);
    }
}

#[test]
fn validation_rows_reach_those_who_ask() {
    let differs = |id: &str, knobs: &[f64]| trained(id, knobs, 1) != trained(id, knobs, 2);
    assert!(differs("coba", &[2.0, 6.0, 5.0, 0.01]));
    assert!(differs("auto_lambda", &[0.01, 0.1]));
    let mgda = method("mgda").expect("registered");
    assert!(!differs("mgda", &mgda.default_knobs()));
}

#[test]
fn double_sampling_sees_batches_of_its_own() {
    // On one batch MoDo's A would be M, and its first weights those without any serving.
    let weights = trained("modo", &[0.1, 0.0], 1);
    let mut cpu = network();
    let mut rows = [0; 4];
    let mut on = |number: u32| {
        let mut workload = cpu.workload().clone();
        workload.batch_rows = 4;
        cpu = Cpu::new(workload, network().parameters().to_vec());
        Batches::new(ROWS, 4, 2).other(number).indices(0, &mut rows);
        cpu.gradients(&rows, &mut [0.0; TASKS], &mut [0.0; TASKS * TASKS]);
        cpu.rows().to_vec()
    };
    let (own, first, second) = (on(0), on(1), on(2));
    let step = |a: Vec<f64>| {
        let served = Served { cross: Some(&a), ..Served::default() };
        let mut w = [0.0; TASKS];
        let mut modo = gramian_method("modo", &[0.1, 0.0], TASKS);
        modo.weights(&context(&[1.0; 3], &[1.0; 3], 0, served), &Gramian::new(TASKS), &mut w);
        w
    };
    close("w", &weights[0], &step(products(&first, &second)), 1e-5);
    let apart = |w: [f64; TASKS]| w.iter().zip(&weights[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart(step(products(&own, &own))) > 1e-3 && apart(step(products(&second, &first))) > 1e-4);
}

fn gramian_method(id: &str, knobs: &[f64], n_tasks: usize) -> Box<dyn GramianMethod> {
    match method(id).expect("registered").new_balancer(&Setup { n_tasks, knobs: knobs.to_vec() }) {
        Balancer::Gramian(method) => method,
        _ => panic!("{id} looks at the Gramian"),
    }
}

fn context<'a>(losses: &'a [f64], first: &'a [f64], step: u64, served: Served<'a>) -> StepContext<'a> {
    let preference = &[1.0 / 3.0; 3][..losses.len()];
    StepContext {
        losses,
        first_losses: first,
        epoch_means: None,
        preference,
        learning_rate: 0.1,
        step,
        seed: 1,
        served,
    }
}

#[test]
fn gradnorm_levels_the_norms_of_the_layer_it_is_served() {
    let losses = [1.0, 1.0];
    let everywhere = Gramian::from_rows(&[&[1.0, 0.0], &[0.0, 5.0]]);
    // At the last shared layer it is the other task that is loud.
    let last_layer = Gramian::from_rows(&[&[8.0, 0.0], &[0.0, 2.0]]);
    let mut gradnorm = gramian_method("gradnorm", &[1.5, 0.025], 2);
    let mut w = [0.0; 2];
    for step in 0..400 {
        let served = Served { last_layer: Some(&last_layer), ..Served::default() };
        gradnorm.weights(&context(&losses, &losses, step, served), &everywhere, &mut w);
        assert!((w[0] + w[1] - 2.0).abs() < 1e-12);
    }
    // Equal progress: w₁n₁ = w₂n₂ with Σ w = 2. Adam goes about it in steps of its learning rate.
    assert!((w[0] - 0.4).abs() < 0.05 && (w[1] - 1.6).abs() < 0.05, "{w:?}");
}

#[test]
fn m_config_renews_in_turn_and_corrects_its_start() {
    let g = Gramian::from_rows(&[&[1.0, 0.2, 0.0], &[-0.4, 2.0, 0.1], &[0.0, 0.3, 0.7]]);
    let losses = [1.0; 3];
    let mut method = gramian_method("m_config", &[0.9, 1.0], 3);
    let mut turns = Vec::new();
    for step in 0..5 {
        let ctx = context(&losses, &losses, step, Served::default());
        let (mut keep, mut add) = ([0.0; 3], [0.0; 3]);
        method.keep(&ctx, &g, &mut keep, &mut add);
        turns.push(add.map(|add| add > 0.0));
        if step == 0 {
            let mut kept = Gramian::new(3);
            kept.set_scaled(&g, &add);
            let (mut w, mut exact) = ([0.0; 3], [0.0; 3]);
            method.weights(&ctx, &kept, &mut w);
            config::equal_angles(&g, &[1.0 / 3.0; 3], &mut exact);
            close("the first step is ConFIG's", &[w[0] * add[0], w[1] * add[1], w[2] * add[2]], &exact, 1e-12);
        }
    }
    let only = |task: usize| [task == 0, task == 1, task == 2];
    assert_eq!(turns, [[true; 3], only(0), only(1), only(2), only(0)]);
}

#[test]
fn auto_lambda_gives_weight_to_whom_it_helps() {
    let mut method = gramian_method("auto_lambda", &[0.01, 0.1], 2);
    let g = Gramian::from_rows(&[&[1.0, 0.0], &[0.0, 1.0]]);
    let mut w = [0.0; 2];
    for step in 0..20 {
        // Task 0 goes along with both validation losses, task 1 against them.
        let served = Served { cross: Some(&[1.0, 0.5, -0.8, 0.1]), ..Served::default() };
        method.weights(&context(&[1.0; 2], &[1.0; 2], step, served), &g, &mut w);
    }
    assert!(w[0] > 0.25 && w[1] == 0.0, "{w:?}");
}

#[test]
fn svd_reweighting_drops_the_outlier() {
    // Tasks 0 and 1 follow nearly one direction, task 2 another.
    let c = [[3.0, 0.1, 0.0], [2.9, -0.1, 0.0], [0.0, 0.0, 2.0]];
    let m: Vec<f64> = (0..9).map(|at| (0..3).map(|p| c[at / 3][p] * c[at % 3][p]).sum()).collect();
    let mut w = [0.0; 3];
    assert_eq!(svd_reweighting::explained(&m, 1, &mut w), Outcome::Settled);
    assert!((w[0] + w[1] - 3.0).abs() < 1e-9 && w[2] < 1e-9, "{w:?}");
    assert!((w[0] / w[1] - 3.0 / 2.9).abs() < 0.01, "{w:?}");
    svd_reweighting::explained(&m, 3, &mut w);
    // All directions explain everything: the lengths of the columns.
    let lengths = c.map(|c| c.iter().map(|c| c * c).sum::<f64>().sqrt());
    let sum: f64 = lengths.iter().sum();
    close("full rank", &w, &lengths.map(|length| 3.0 * length / sum), 1e-12);
    assert_eq!(svd_reweighting::explained(&[0.0; 9], 1, &mut w), Outcome::Degenerate);
    assert_eq!(w, [1.0; 3]);
}

#[test]
fn gradients_that_vanish_follow_the_written_policy() {
    let zero = Gramian::new(2);
    for (id, w, outcome) in [("gradnorm", [1.0; 2], Outcome::Degenerate), ("db_mtl", [0.0; 2], Outcome::Degenerate)] {
        let entry = method(id).expect("registered");
        let mut ours = [0.5; 2];
        let mut method = gramian_method(id, &entry.default_knobs(), 2);
        let ctx = context(&[1.0, 2.0], &[1.0, 2.0], 0, Served { last_layer: Some(&zero), ..Served::default() });
        assert_eq!(method.weights(&ctx, &zero, &mut ours), outcome, "{id}");
        assert_eq!(ours, w, "{id}");
    }
    // Tracked rows that are all 0 leave MoCo nothing to go by: λ evens out, whatever it was.
    let mut moco = gramian_method("moco", &[0.5, 0.5, 10.0, 0.0, 0.0], 2);
    let apart = Gramian::from_rows(&[&[3.0, 0.0], &[0.0, 0.1]]);
    let mut w = [0.0; 2];
    for (step, gramian) in [&apart, &zero, &zero, &zero, &zero].into_iter().enumerate() {
        moco.weights(&context(&[1.0; 2], &[1.0; 2], step as u64, Served::default()), gramian, &mut w);
        assert!(step > 0 || w[1] > 0.9, "{w:?}");
    }
    assert!((w[0] - 0.5).abs() < 0.1, "{w:?}");
}

/// One step with the cosine penalty and one without differ by lr·λ times its gradient, as central differences have it.
#[test]
fn the_cosine_penalty_adds_its_gradient() {
    let step = |lambda: Option<f64>| {
        let mut applied = Applied::new(modifier("ortho").expect("registered"));
        applied.value = lambda.unwrap_or(0.0);
        let modifiers: Vec<Applied> = lambda.map(|_| applied).into_iter().collect();
        let theta = network().parameters().iter().map(|&x| x as f32).collect();
        let mut backend = Backend::Cpu(Box::new(Cpu::new(network().workload().clone(), theta)));
        let batches = Batches::new(ROWS, ROWS, 1);
        let mut strategy = SinglePoint::new(method("sum").expect("registered"), &[], &modifiers, &backend, batches, 1);
        let place = Place {
            step: 0,
            seed: 1,
            learning_rate: 1.0,
            preference: &[1.0 / 3.0; TASKS],
            probe: true,
            motion: Motion::Update,
            mixture: None,
        };
        let mut out = Step::new(TASKS);
        pollster::block_on(strategy.step(&mut backend, &EVERY_ROW, place, &mut out)).expect("a step");
        let mut theta = Vec::new();
        pollster::block_on(backend.parameters(&mut theta)).expect("parameters");
        theta.into_iter().map(f64::from).collect::<Vec<f64>>()
    };
    let (plain, strong) = (step(None), step(Some(1.0)));
    let penalty = |at: usize, shift: f64| {
        let mut cpu = network();
        cpu.parameters_mut()[at] += shift;
        let (mut losses, mut m) = ([0.0; TASKS], [0.0; TASKS * TASKS]);
        cpu.gradients(&EVERY_ROW, &mut losses, &mut m);
        let square = |i: usize, j: usize| m[i * TASKS + j].powi(2) / (m[i * TASKS + i] * m[j * TASKS + j]);
        square(0, 1) + square(0, 2) + square(1, 2)
    };
    let exact: Vec<f64> = (0..plain.len()).map(|at| (penalty(at, 1e-5) - penalty(at, -1e-5)) / 2e-5).collect();
    let size = exact.iter().map(|x| x * x).sum::<f64>().sqrt();
    let n_shared = network().workload().layout.n_shared();
    assert!(exact[n_shared..].iter().any(|x| x.abs() > 0.01 * size), "the heads have their part in it");
    for (at, exact) in exact.iter().enumerate() {
        let ours = plain[at] - strong[at];
        // Central differences of f32 gradients at a hundredth.
        assert!((ours - exact).abs() < 2e-3 * size, "parameter {at}: {ours} instead of {exact}, of length {size}");
    }
}

/// What the cards say of modifiers: 3K² backward and 3K forward passes of a penalty, K backward for lengths, 2K
/// backward and K + 1 forward uphill.
#[test]
fn modifiers_cost_what_they_say() {
    let passes = |id: &str, modifiers: &[&str]| {
        let applied = modifiers.iter().map(|id| Applied::new(modifier(id).expect("registered"))).collect();
        let method = method(id).expect("registered");
        let run = RunConfig { knobs: method.default_knobs(), modifiers: applied, ..RunConfig::new(method) };
        let theta = network().parameters().iter().map(|&x| x as f32).collect();
        let setup = TrainerSetup {
            run: &run,
            floor: vec![0.0; TASKS],
            preference: vec![1.0 / 3.0; TASKS],
            rates: Rates::constant(0.01, 100),
            seed: 2,
            batches: Batches::new(ROWS, ROWS, 2),
            gramian_every: 1_000,
        };
        let backend = Backend::Cpu(Box::new(Cpu::new(network().workload().clone(), theta)));
        let mut trainer = Trainer::new(backend, setup);
        let mut so_far = || {
            pollster::block_on(trainer.advance()).expect("a step").expect("a record");
            match trainer.backend() {
                Backend::Cpu(cpu) => cpu.passes(),
                _ => unreachable!("it was made on the CPU"),
            }
        };
        // Step 0 has what plots ask for, and perhaps looks around.
        let first = so_far();
        let second = so_far();
        (second.backward - first.backward, second.forward - first.forward)
    };
    assert_eq!(passes("mgda", &["ortho"]), (TASKS + 3 * TASKS * TASKS, 1 + 3 * TASKS));
    assert_eq!(passes("mgda", &["sam"]), (2 * TASKS, 1 + TASKS));
    assert_eq!(passes("sum", &["asam"]), (2 * TASKS, 1 + TASKS));
    assert_eq!(passes("sum", &[]), (1, 1));
    assert_eq!(passes("sum", &["unit"]), (TASKS, 1));
    assert_eq!(passes("mgda", &["unit", "pref"]), (TASKS, 1));
}

/// Over a wall there is nothing to take a difference with: there the penalty pauses, elsewhere it is exact.
#[test]
fn the_cosine_penalty_knows_walls() {
    let step = |start: &str, lambda: f64| {
        let link = format!("#v=1&p=toy&d=zdt1&start={start}&opt=sgd&lr=.001&st=1&m=sum~mod~ortho~by~{lambda},sum");
        let mut session = paretoscope::session::Session::new(Rc::new(|| 0.0));
        let id = paretoscope::protocol::RunId(1);
        pollster::block_on(session.handle(paretoscope::protocol::Command::Start { id, link }));
        let mut losses = Vec::new();
        while session.wants_to_advance() {
            pollster::block_on(session.advance());
            for event in session.drain() {
                if let paretoscope::protocol::Event::Frame { frame, .. } = event {
                    losses.extend(frame.runs.into_iter().map(|run| run.records));
                }
            }
            pollster::block_on(session.handle(paretoscope::protocol::Command::FrameDrawn));
        }
        losses.into_iter().flatten().filter(|record| record.step == 1).map(|record| record.losses).collect::<Vec<_>>()
    };
    let n = paretoscope::problem::problem("zdt1").expect("registered").n_parameters;
    let at = |x: f64| vec![x.to_string(); n].join(",");
    let (inside, wall) = (step(&at(0.5), 10.0), step(&at(0.0), 10.0));
    assert_ne!(inside[0], inside[1], "inside it does something");
    assert_eq!(wall[0], wall[1], "at the corner every way leads over a wall");
}
