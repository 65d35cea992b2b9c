//! Pareto manifold learning: a step is the chain rule through the mixture, on every backend, and takes no memory.

use crate::allocations::taken;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::exact::{Descent, Exact};
use paretoscope::backend::{Apply, Backend, Combine, Spread, Workload};
use paretoscope::balance::{METHODS, method};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer, Rates, RunConfig, Schedule, Way, link};
use paretoscope::data::{Batches, Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::problem::{Problem, problem};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::strategy::manifold::{draw_preference, member_starts};
use paretoscope::strategy::multi_forward::{Penalized, order_gradient};
use paretoscope::strategy::{LEARNERS, Learned};
use paretoscope::train::{Trainer, TrainerSetup};
use pollster::block_on;
use std::rc::Rc;

const ROWS: usize = 9;
const RATE: f64 = 0.05;

/// A run as links write it.
fn run(text: &str) -> RunConfig {
    let parsed = link::parse(&format!("#v=1&p=two-sines&m={text}"));
    parsed.unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.complaints)).config.runs.remove(0)
}

// -------------------------------------------------------------- preferences

#[test]
fn drawn_preferences_are_those_of_dirichlet() {
    for k in [2_usize, 3, 4] {
        for p in [0.05, 0.5, 1.0, 3.0, 20.0] {
            let n = 4_000;
            let (mut mean, mut square) = (vec![0.0; k], vec![0.0; k]);
            let mut alpha = vec![0.0; k];
            for step in 0..n {
                draw_preference((3, step), (step % 8) as usize, p, &mut alpha);
                assert!(alpha.iter().all(|a| (0.0..=1.0).contains(a)), "{alpha:?}");
                assert!((alpha.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                for (at, a) in alpha.iter().enumerate() {
                    mean[at] += a / n as f64;
                    square[at] += a * a / n as f64;
                }
            }
            let share = 1.0 / k as f64;
            let variance = share * (1.0 - share) / (k as f64 * p + 1.0);
            for at in 0..k {
                // Four standard errors of a mean of n draws; a variance of bounded numbers varies by at most 15 %.
                assert!((mean[at] - share).abs() < 4.0 * (variance / n as f64).sqrt(), "K {k} p {p}: {mean:?}");
                let found = square[at] - mean[at] * mean[at];
                assert!((found / variance - 1.0).abs() < 0.15, "K {k} p {p}: {found} for {variance}");
            }
        }
    }
}

#[test]
fn draws_are_a_function_of_seed_step_and_draw() {
    let drawn = |seed, step, draw| {
        let mut alpha = [0.0; 3];
        draw_preference((seed, step), draw, 1.0, &mut alpha);
        alpha
    };
    assert_eq!(drawn(1, 5, 2), drawn(1, 5, 2));
    let others = [drawn(1, 5, 2), drawn(2, 5, 2), drawn(1, 6, 2), drawn(1, 5, 3)];
    for (at, one) in others.iter().enumerate() {
        assert!(others[at + 1..].iter().all(|other| other != one));
    }
}

#[test]
fn members_begin_apart_and_inside_the_box() {
    for problem in paretoscope::problem::PROBLEMS {
        let (p, start) = (problem.n_parameters, problem.starts[0].x);
        let starts = member_starts(problem, start, 3, 7);
        let members: Vec<&[f32]> = starts.chunks_exact(p).collect();
        for member in &members {
            let x: Vec<f64> = member.iter().map(|&x| f64::from(x)).collect();
            let mut confined = x.clone();
            problem.confine(&mut confined);
            assert_eq!(x, confined, "{}", problem.id);
        }
        assert!(members[0] != members[1] && members[1] != members[2] && members[0] != members[2], "{}", problem.id);
        assert_eq!(starts, member_starts(problem, start, 3, 7));
        assert_ne!(starts, member_starts(problem, start, 3, 8));
    }
}

// ----------------------------------------------------------- the chain rule

fn workload(optimizer: Optimizer) -> Workload {
    let config = NetworkConfig {
        filters: Vec::new(),
        trunk: vec![5],
        head: vec![3],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let kinds = [TaskKind::Multiclass { classes: 3 }, TaskKind::Regression];
    let network = Network::mlp(3, &config, &kinds);
    let draws = Stream::new(31, StreamId::Data, 0);
    let data = Rc::new(Split {
        rows: ROWS,
        x: (0..3 * ROWS).map(|i| draws.normal(i as u64) as f32).collect(),
        targets: vec![
            Targets::Class((0..ROWS).map(|row| draws.below(500 + row as u64, 3)).collect()),
            Targets::Value((0..ROWS).map(|row| draws.normal(700 + row as u64) as f32).collect()),
        ],
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: vec![0, 1],
        loss_scales: vec![1.0, 0.5],
        batch_rows: ROWS,
        optimizer,
        weight_decay: 0.0,
        clip: None,
    }
}

#[test]
fn a_members_gradient_is_that_of_the_mixtures_loss() {
    let workload = workload(Optimizer::Sgd { momentum: 0.0 });
    let n = workload.layout.n_parameters();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let member = |member| workload.layout.initial_member::<f64>(&workload.network, Init::FanIn, (4, member), &[0, 1]);
    let members = [member(0), member(1)].concat();
    assert!(members[..n] == workload.layout.initial::<f64>(&workload.network, Init::FanIn, 4, &[0, 1])[..]);
    assert!(members[..n] != members[n..]);
    let alphas = [[0.3, 0.7], [0.9, 0.1]];
    // Σ over the draws of Σ αᵢ sᵢ Lᵢ(Σ αₖθₖ), by losses alone.
    let total = |members: &[f64]| {
        let of_draw = |alpha: &[f64; 2]| {
            let theta = (0..n).map(|at| alpha[0] * members[at] + alpha[1] * members[n + at]).collect();
            let mut losses = [0.0; 2];
            Cpu::<f64>::new(workload.clone(), theta).losses(&rows, &mut losses);
            (0..2).map(|task| alpha[task] * workload.loss_scales[task] * losses[task]).sum::<f64>()
        };
        alphas.iter().map(of_draw).sum::<f64>()
    };
    let mut cpu = Cpu::<f64>::new(workload.clone(), members[..n].to_vec());
    cpu.hold_members(members.clone());
    let (mut losses, mut m) = ([0.0; 2], [0.0; 4]);
    for (draw, alpha) in alphas.iter().enumerate() {
        cpu.mix(alpha);
        cpu.gradients(&rows, &mut losses, &mut m);
        let (combine, probe) = (Combine::Rows(alpha), true);
        let apply = Apply { combine, head_weights: alpha, learning_rate: 1.0, aside: 0.0, probe };
        let keep = draw as f64;
        let report = cpu.apply_to_members(apply, Spread { alpha, keep, moves: draw == 1 });
        assert_eq!(report.step_length > 0.0, draw == 1);
    }
    for at in 0..2 * n {
        let mut moved = members.clone();
        moved[at] += 1e-5;
        let above = total(&moved);
        moved[at] -= 2e-5;
        let slope = (above - total(&moved)) / 2e-5;
        let step = members[at] - cpu.members()[at];
        // Central differences of f64 losses near 1.
        assert!((slope - step).abs() < 1e-8, "{at}: {step} for {slope}");
    }
    let mixed = |at: usize| alphas[1][0] * cpu.members()[at] + alphas[1][1] * cpu.members()[n + at];
    assert!((0..n).all(|at| (cpu.parameters()[at] - mixed(at)).abs() < 1e-15));
}

fn descent(problem: &'static Problem, optimizer: Optimizer) -> Descent {
    Descent {
        problem,
        targets: (0..problem.n_tasks()).collect(),
        loss_scales: vec![1.0; problem.n_tasks()],
        optimizer,
        weight_decay: 0.0,
        clip: None,
        multiplier: 1.0,
    }
}

fn trainer(backend: Backend, run: &RunConfig, steps: u32, batches: Batches) -> Trainer {
    let k = backend.loss_scales().len();
    let setup = TrainerSetup {
        run,
        floor: vec![0.0; k],
        preference: vec![1.0 / k as f64; k],
        rates: Rates { highest: RATE, schedule: Schedule::CONSTANT, steps },
        seed: 5,
        batches,
        gramian_every: 1,
    };
    Trainer::new(backend, setup)
}

/// Trains `steps` on a problem of two losses and holds every step to the formulas, row factors and all.
#[track_caller]
fn check_steps(text: &str, factors: impl Fn(&[f64], &[f64]) -> Vec<f64>, window: usize) {
    let problem = problem("quadratics").expect("registered");
    let run = run(text);
    let settings = run.settings().expect("a manifold");
    let p = problem.n_parameters;
    let k = problem.n_tasks();
    let held = member_starts(problem, problem.starts[0].x, k, 5);
    let descent = descent(problem, Optimizer::Sgd { momentum: 0.0 });
    let mut backend = Backend::Exact(Box::new(Exact::new(descent, problem.starts[0].x.to_vec())));
    backend.hold_members(&held).expect("room");
    let mut trainer = trainer(backend, &run, 6, Batches::new(1, 1, 5));
    let mut x: Vec<f64> = held.iter().map(|&x| f64::from(x)).collect();
    let mut past: Vec<Vec<f64>> = Vec::new();
    let mut ordered = false;
    for step in 0..6 {
        let mut draws: Vec<Vec<f64>> = Vec::new();
        let mut at: Vec<(Vec<f64>, Vec<f64>)> = Vec::new(); // losses and rows
        for draw in 0..settings.draws {
            let mut alpha = vec![0.0; k];
            draw_preference((5, step), draw, settings.concentration, &mut alpha);
            let point: Vec<f64> = (0..p).map(|c| (0..k).map(|i| alpha[i] * x[i * p + c]).sum()).collect();
            let (mut losses, mut rows) = (vec![0.0; k], vec![0.0; k * p]);
            (problem.losses)(&point, &mut losses);
            (problem.gradients)(&point, &mut rows);
            at.push((losses, rows));
            draws.push(alpha);
        }
        let mean_of = |recent: &[Vec<f64>]| -> Vec<f64> {
            (0..k).map(|i| recent.iter().map(|l| l[i]).sum::<f64>() / recent.len().max(1) as f64).collect()
        };
        let recent = mean_of(&past[past.len().saturating_sub(window)..]);
        let mut order = vec![0.0; settings.draws * k];
        let flat = |rows: &[Vec<f64>]| rows.concat();
        let losses: Vec<Vec<f64>> = at.iter().map(|(losses, _)| losses.clone()).collect();
        let drawn = (&flat(&draws)[..], &flat(&losses)[..]);
        let term = order_gradient(drawn, k, settings.penalized, 1.0, &mut order);
        let weighted: f64 = drawn.0.iter().zip(drawn.1).map(|(a, l)| a * l).sum();
        let coefficient = if settings.order * term < weighted { settings.order } else { 0.0 };
        ordered |= coefficient * term > 0.0;
        let mut gradient = vec![0.0; k * p];
        for (draw, (alpha, (_, rows))) in draws.iter().zip(&at).enumerate() {
            let lengths: Vec<f64> = rows.chunks_exact(p).map(|r| r.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
            let factors = factors(&recent, &lengths);
            for c in 0..p {
                let weight = |i: usize| alpha[i] * factors[i] + coefficient * order[draw * k + i];
                let d: f64 = (0..k).map(|i| weight(i) * rows[i * p + c]).sum();
                (0..k).for_each(|member| gradient[member * p + c] += alpha[member] * d);
            }
        }
        for (member, x) in x.chunks_exact_mut(p).enumerate() {
            x.iter_mut().zip(&gradient[member * p..]).for_each(|(x, g)| *x -= RATE * g);
            problem.confine(x);
        }
        past.push(mean_of(&losses));
        let record = block_on(trainer.advance()).expect("a step").expect("a record");
        assert_eq!(record.losses, losses[settings.draws - 1], "{text}");
        let mut members = Vec::new();
        block_on(trainer.weights(&mut members)).expect("members");
        for (at, (found, x)) in members.iter().zip(&x).enumerate() {
            // What is stored has f32's digits.
            assert!((f64::from(*found) - x).abs() < 1e-6 * x.abs().max(1.0), "{text} {step} {at}: {found} for {x}");
        }
    }
    assert_eq!(ordered, settings.order > 0.0, "{text}: the term must have counted");
}

#[test]
fn steps_are_the_papers() {
    let plain = |_: &[f64], _: &[f64]| vec![1.0; 2];
    let ratio = |recent: &[f64], _: &[f64]| {
        let all: f64 = recent.iter().sum();
        recent.iter().map(|loss| if all > 0.0 { 1.0 - loss / all } else { 0.5 }).collect()
    };
    let norm = |_: &[f64], lengths: &[f64]| lengths.iter().map(|length| 1.0 / (length + 1e-3)).collect();
    check_steps("sum~way~pamal", plain, 25);
    check_steps("sum~way~pamal~p~.2~draws~3", plain, 25);
    check_steps("sum~way~pamal~draws~8~order~.1~sign~code", plain, 25);
    check_steps("sum~way~pamal~balance~ratio", ratio, 25);
    check_steps("sum~way~pamal~balance~ratio~window~2~draws~2", ratio, 2);
    check_steps("sum~way~pamal~balance~norm~draws~2", norm, 25);
}

#[test]
fn a_wrong_order_pulls_the_right_way() {
    // The task that weighs more loses more: its loss there must go down, and up where it weighs less.
    let alphas = [0.8, 0.2, 0.2, 0.8];
    let losses = [2.0, 1.0, 1.0, 2.0];
    let mut gradient = [0.0; 4];
    let term = order_gradient((&alphas, &losses), 2, Penalized::WrongOrder, 1.0, &mut gradient);
    assert!(term > 1.9 && gradient[0] > 0.0 && gradient[2] < 0.0 && gradient[3] > 0.0, "{term} {gradient:?}");
    assert!(order_gradient((&alphas, &losses), 2, Penalized::RightOrder, 1.0, &mut gradient).abs() < 1e-12);
}

// ------------------------------------------------------------- every method

fn on_network(run: &RunConfig, optimizer: Optimizer) -> Trainer {
    let workload = workload(optimizer);
    let member = |member| workload.layout.initial_member::<f32>(&workload.network, Init::FanIn, (5, member), &[0, 1]);
    let mut backend = Backend::Cpu(Box::new(Cpu::new(workload.clone(), member(0))));
    backend.hold_members(&[member(0), member(1)].concat()).expect("room");
    trainer(backend, run, 40, Batches::new(ROWS, ROWS, 5))
}

#[test]
fn every_method_that_is_not_refused_trains_inside() {
    let mut trained = 0;
    for learner in LEARNERS.iter().filter(|learner| learner.mixes_members()) {
        for method in METHODS {
            let run = RunConfig { way: Way::Front(Learned::new(learner)), ..RunConfig::new(method) };
            if run.refusal(2).is_some() {
                continue;
            }
            let mut trainer = on_network(&run, Optimizer::Adam);
            let (mut before, mut after) = (Vec::new(), Vec::new());
            block_on(trainer.weights(&mut before)).expect("members");
            while block_on(trainer.advance()).expect("a step").is_some() {}
            assert_eq!(trainer.ending(), Some(&paretoscope::train::Ending::Complete), "{}", method.id);
            block_on(trainer.weights(&mut after)).expect("members");
            let n = before.len() / 2;
            let moved = |range: std::ops::Range<usize>| before[range.clone()] != after[range];
            assert!(moved(0..n) && moved(n..2 * n), "{}", method.id);
            trained += 1;
        }
    }
    // Two in three can say what to do at a point that no step before has seen.
    assert!(3 * trained > 2 * METHODS.len(), "{trained} of {}", METHODS.len());
}

#[test]
fn a_step_takes_no_memory() {
    let text = "sum~way~pamal~draws~4~order~.1~balance~ratio";
    let mut trainer = on_network(&run(text), Optimizer::Adam);
    // Records are made of fresh lists; a step of a single point tells how many.
    let mut single = on_network(&RunConfig::new(method("sum").expect("registered")), Optimizer::Adam);
    let steps = |trainer: &mut Trainer| {
        (0..3).for_each(|_| drop(block_on(trainer.advance())));
        let before = taken();
        (0..5).for_each(|_| drop(block_on(trainer.advance())));
        taken() - before
    };
    assert_eq!(steps(&mut trainer), steps(&mut single));
}
