//! Layers whose rows of G are not formed against the same layers with their rows, in f64.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Scope, StepReport, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use std::rc::Rc;

const ROWS: usize = 5;
const INPUTS: usize = 40;
/// Two layers that are implied for six tasks, and one that is too narrow for it.
const TRUNK: [u32; 3] = [24, 20, 4];
const TASKS: usize = 6;

fn workload(tasks: usize, trunk: &[u32]) -> Workload {
    let config = NetworkConfig {
        filters: vec![],
        trunk: trunk.into(),
        head: vec![],
        activation: Activation::Relu,
        init: Init::FanIn,
    };
    let network = Network::mlp(INPUTS, &config, &vec![TaskKind::Regression; tasks]);
    let draws = Stream::new(3, StreamId::Data, 0);
    let values = |from: u64, n: usize| (0..n as u64).map(|i| draws.normal(from + i) as f32).collect::<Vec<_>>();
    let targets = |task: usize| Targets::Value(values(1_000 * task as u64, 2 * ROWS));
    let data = Rc::new(Split {
        rows: 2 * ROWS,
        x: values(1 << 32, 2 * ROWS * INPUTS),
        targets: (0..tasks).map(targets).collect(),
    });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: (0..tasks).collect(),
        loss_scales: (0..tasks).map(|task| 0.5 + task as f64 / 4.0).collect(),
        batch_rows: ROWS,
        optimizer: Optimizer::Adam,
        weight_decay: 0.01,
        clip: Some(1.0),
    }
}

/// The same run twice: with implied rows and with explicit ones.
fn pair() -> [Cpu<f64>; 2] {
    let workload = workload(TASKS, &TRUNK);
    let draws = Stream::new(4, StreamId::Init, 0);
    let theta: Vec<f64> = (0..workload.layout.n_parameters() as u64).map(|i| 0.3 * draws.normal(i)).collect();
    let implied = Cpu::new(workload.clone(), theta.clone());
    let explicit = Cpu::new(workload, theta).with_explicit_rows();
    assert!(implied.implies_rows() && !explicit.implies_rows());
    [implied, explicit]
}

fn rows(step: usize) -> Vec<u32> {
    (0..ROWS).map(|row| ((step * ROWS + row) % (2 * ROWS)) as u32).collect()
}

#[track_caller]
fn near(implied: &[f64], explicit: &[f64]) {
    assert_eq!(implied.len(), explicit.len());
    let size = explicit.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    assert!(size > 0.0, "nothing is compared");
    for (a, b) in implied.iter().zip(explicit) {
        assert!((a - b).abs() <= 1e-11 * size, "{a} and {b}");
    }
}

fn gradients(cpu: &mut Cpu<f64>, step: usize) -> Vec<f64> {
    let (mut losses, mut m) = ([0.0; TASKS], vec![0.0; TASKS * TASKS]);
    cpu.gradients(&rows(step), &mut losses, &mut m);
    m.extend(losses);
    m
}

fn update(cpu: &mut Cpu<f64>, combine: Combine<'_>, aside: f64) -> StepReport {
    let head_weights = &[1.0; TASKS];
    cpu.apply(Apply { combine, head_weights, learning_rate: 0.01, aside, probe: true })
}

const WEIGHTS: [f64; TASKS] = [0.7, 0.0, -0.2, 1.5, 0.3, 0.1];

/// M, what an update reports and where it leads.
#[test]
fn steps_go_the_same_way() {
    let [mut implied, mut explicit] = pair();
    for step in 0..6 {
        near(&gradients(&mut implied, step), &gradients(&mut explicit, step));
        let [a, b] = [&mut implied, &mut explicit].map(|cpu| update(cpu, Combine::Rows(&WEIGHTS), 0.0));
        near(&a.along_direction, &b.along_direction);
        near(&a.along_step, &b.along_step);
        near(&[a.direction_length, a.step_length], &[b.direction_length, b.step_length]);
        near(implied.gradient(), explicit.gradient());
        near(implied.parameters(), explicit.parameters());
    }
}

/// Whoever reads rows finds them, before an update, after it, and after the losses of another batch.
#[test]
fn rows_are_there_when_they_are_read() {
    let [mut implied, mut explicit] = pair();
    let both = |implied: &mut Cpu<f64>, explicit: &mut Cpu<f64>, step: usize| {
        near(&gradients(implied, step), &gradients(explicit, step));
    };
    both(&mut implied, &mut explicit, 0);
    near(implied.rows(), explicit.rows());
    both(&mut implied, &mut explicit, 1);
    for cpu in [&mut implied, &mut explicit] {
        update(cpu, Combine::Rows(&WEIGHTS), 0.0);
    }
    near(implied.rows(), explicit.rows());
    both(&mut implied, &mut explicit, 0);
    for cpu in [&mut implied, &mut explicit] {
        cpu.losses(&rows(1), &mut [0.0; TASKS]);
    }
    near(implied.rows(), explicit.rows());
}

/// What is read, as numbers.
type Use = fn(&mut Cpu<f64>) -> Vec<f64>;

/// Everything else that rows are used for.
#[test]
fn whatever_uses_rows_finds_them() {
    let uses: [Use; 7] = [
        |cpu| told(|m| cpu.gramian(Scope::LastLayer, m)),
        |cpu| {
            let mut kept = told(|m| cpu.keep(&[0.5; TASKS], &WEIGHTS, m));
            gradients(cpu, 1);
            kept.extend(told(|m| cpu.gramian(Scope::Cross, m)));
            update(cpu, Combine::Kept(&WEIGHTS), 0.0);
            kept.extend(cpu.parameters());
            kept
        },
        |cpu| {
            let mut out = vec![0.0; TASKS];
            cpu.excess(&mut out);
            out
        },
        |cpu| {
            cpu.aim(&WEIGHTS, &[1.0; TASKS]);
            cpu.look(0.1);
            let there = cpu.parameters().to_vec();
            cpu.step_back();
            there
        },
        |cpu| {
            cpu.set_aside(0.0, &WEIGHTS);
            let report = update(cpu, Combine::Rows(&[1.0; TASKS]), 0.5);
            [report.along_direction, report.along_step, cpu.parameters().to_vec()].concat()
        },
        |cpu| told(|m| cpu.flatten(&rows(0), paretoscope::balance::modify::Ascent { rho: 0.1, adaptive: false }, m)),
        |cpu| {
            let theta: Vec<f64> = cpu.parameters().iter().map(|x| x * 1.01).collect();
            let before = cpu.parameters().to_vec();
            cpu.put(&theta, Some(&before)).along_step
        },
    ];
    for (number, using) in uses.into_iter().enumerate() {
        let [mut implied, mut explicit] = pair();
        near(&gradients(&mut implied, 0), &gradients(&mut explicit, 0));
        let (a, b) = (using(&mut implied), using(&mut explicit));
        assert!(!a.is_empty(), "use {number} tells nothing");
        near(&a, &b);
    }
}

fn told(mut tell: impl FnMut(&mut [f64])) -> Vec<f64> {
    let mut m = vec![0.0; TASKS * TASKS];
    tell(&mut m);
    m
}

/// The plan: rows of few tasks, of large batches and of narrow layers are formed.
#[test]
fn rows_are_implied_only_where_that_is_less_work() {
    let implies = |tasks, trunk: &[u32], rows| {
        let workload = Workload { batch_rows: rows, ..workload(tasks, trunk) };
        let n = workload.layout.n_parameters();
        Cpu::<f32>::new(workload, vec![0.0; n]).implies_rows()
    };
    assert!(implies(6, &[24, 20], 5));
    assert!(!implies(3, &[24, 20], 5));
    assert!(!implies(6, &[24, 20], 40));
    assert!(!implies(6, &[2, 2], 5));
}
