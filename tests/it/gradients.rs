//! Task gradients against central differences in f64, for every kind of task, activation and depth.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Scope, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, Owner, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use std::rc::Rc;

const ROWS: usize = 7;
const INPUTS: usize = 3;

fn workload(trunk: &[u32], head: &[u32], activation: Activation, kinds: &[TaskKind], scales: &[f64]) -> Workload {
    let config =
        NetworkConfig { filters: vec![], trunk: trunk.into(), head: head.into(), activation, init: Init::FanIn };
    let network = Network::mlp(INPUTS, &config, kinds);
    let draws = Stream::new(5, StreamId::Data, 0);
    let targets = kinds.iter().enumerate().map(|(task, kind)| match *kind {
        TaskKind::Multiclass { classes } => {
            Targets::Class((0..ROWS).map(|row| draws.below((100 * task + row) as u64, classes as u32)).collect())
        }
        TaskKind::Binary => {
            Targets::Value((0..ROWS).map(|row| draws.below((500 + 100 * task + row) as u64, 2) as f32).collect())
        }
        TaskKind::Regression => {
            Targets::Value((0..ROWS).map(|row| draws.normal((900 + 100 * task + row) as u64) as f32).collect())
        }
    });
    let data = Split {
        rows: ROWS,
        x: (0..ROWS * INPUTS).map(|i| draws.normal(3_000 + i as u64) as f32).collect(),
        targets: targets.collect(),
    };
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: Rc::new(data.clone()),
        data: Rc::new(data),
        targets: (0..kinds.len()).collect(),
        loss_scales: scales.to_vec(),
        batch_rows: ROWS,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    }
}

#[track_caller]
fn check(trunk: &[u32], head: &[u32], activation: Activation, kinds: &[TaskKind], scales: &[f64]) {
    let workload = workload(trunk, head, activation, kinds, scales);
    let (k, layout) = (kinds.len(), workload.layout.clone());
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let ids: Vec<usize> = (0..k).collect();
    // Biases away from 0, so that no ReLU sits on its kink.
    let draws = Stream::new(9, StreamId::Probe, 1);
    let mut theta: Vec<f64> = layout.initial(&workload.network, Init::FanIn, 3, &ids);
    for (i, value) in theta.iter_mut().enumerate() {
        *value += 0.1 * draws.normal(i as u64);
    }
    let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
    let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
    cpu.gradients(&rows, &mut losses, &mut m);
    let g = cpu.rows().to_vec();
    let heads = cpu.gradient().to_vec();

    let mut at = |i: usize, delta: f64| {
        let mut moved = theta.clone();
        moved[i] += delta;
        cpu.parameters_mut().copy_from_slice(&moved);
        let mut losses = vec![0.0; k];
        cpu.losses(&rows, &mut losses);
        losses
    };
    // With h = 1e-5 the cubic error is about 1e-10 and rounding about 1e-11 of losses near 1.
    let h = 1e-5;
    for i in 0..layout.n_parameters() {
        let (up, down) = (at(i, h), at(i, -h));
        for task in 0..k {
            let numeric = scales[task] * (up[task] - down[task]) / (2.0 * h);
            let exact = if i < layout.n_shared() {
                g[task * layout.n_shared() + i]
            } else if layout.head(task).contains(&i) {
                heads[i]
            } else {
                0.0
            };
            assert!(
                (numeric - exact).abs() <= 1e-7 * (1.0 + exact.abs()),
                "parameter {i}, task {task}: {exact}, by differences {numeric}"
            );
        }
    }
    for i in 0..k {
        for j in 0..k {
            let row = |i: usize| &g[i * layout.n_shared()..][..layout.n_shared()];
            let product: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
            assert!((product - m[i * k + j]).abs() <= 1e-12 * (1.0 + product.abs()));
        }
    }

    // The Gramian of the last shared layer is over its columns only.
    cpu.parameters_mut().copy_from_slice(&theta);
    cpu.gradients(&rows, &mut losses, &mut m);
    let mut last_layer = vec![0.0; k * k];
    cpu.gramian(Scope::LastLayer, &mut last_layer);
    let (weight, bias) = layout.layer(Owner::Shared, trunk.len() - 1);
    for i in 0..k {
        for j in 0..k {
            let row = |i: usize| &g[i * layout.n_shared()..][weight.start..bias.end];
            let product: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
            assert!((product - last_layer[i * k + j]).abs() <= 1e-12 * (1.0 + product.abs()));
        }
    }

    // One weighted backward pass is the same combination of rows.
    let weights: Vec<f64> = (0..k).map(|task| 0.3 + task as f64).collect();
    let ones = vec![1.0; k];
    let one_step = |weighted: bool| {
        let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
        let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
        let combine = if weighted {
            cpu.losses(&rows, &mut losses);
            Combine::Weighted(&weights)
        } else {
            cpu.gradients(&rows, &mut losses, &mut m);
            Combine::Rows(&weights)
        };
        cpu.apply(Apply { combine, head_weights: &ones, learning_rate: 1.0, aside: 0.0, probe: false });
        cpu.parameters().to_vec()
    };
    for (i, (a, b)) in one_step(true).iter().zip(one_step(false)).enumerate() {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "parameter {i}: {a} weighted, {b} by rows");
    }
}

#[test]
fn gradients_at_the_representation() {
    let kinds = [TaskKind::Regression; 3];
    let scales = [1.0, 0.5, 4.0];
    let workload = workload(&[5], &[], Activation::Tanh, &kinds, &scales);
    let layout = &workload.layout;
    let theta: Vec<f64> = layout.initial(&workload.network, Init::FanIn, 3, &[0, 1, 2]);
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
    let (mut losses, mut m) = ([0.0; 3], [0.0; 9]);
    cpu.losses(&rows, &mut losses);
    cpu.gramian(Scope::Representation, &mut m);
    // For a squared error behind a linear head, ∂L/∂z of a row is 2 s/B·(output − target)·v.
    let (weight, bias) = layout.layer(Owner::Shared, 0);
    let z = |row: usize, unit: usize| {
        let x = |i: usize| f64::from(workload.data.x[row * INPUTS + i]);
        (theta[bias.start + unit] + (0..INPUTS).map(|i| x(i) * theta[weight.start + 5 * i + unit]).sum::<f64>()).tanh()
    };
    let gradient = |task: usize| -> Vec<f64> {
        let (v, c) = layout.layer(Owner::Head(task), 0);
        let Targets::Value(targets) = &workload.data.targets[task] else { panic!("a regression") };
        let each = (0..ROWS).flat_map(|row| {
            let output = theta[c.start] + (0..5).map(|unit| z(row, unit) * theta[v.start + unit]).sum::<f64>();
            let off = 2.0 * scales[task] / ROWS as f64 * (output - f64::from(targets[row]));
            theta[v.clone()].iter().map(move |v| off * v).collect::<Vec<f64>>()
        });
        each.collect()
    };
    for i in 0..3 {
        for j in 0..3 {
            let exact: f64 = gradient(i).iter().zip(gradient(j)).map(|(a, b)| a * b).sum();
            assert!(
                (m[3 * i + j] - exact).abs() <= 1e-12 * (1.0 + exact.abs()),
                "{i}·{j}: {} is {exact}",
                m[3 * i + j]
            );
        }
    }
    // The weighted pass after it is undisturbed.
    let (weights, ones) = ([0.3, 1.3, 2.3], [1.0; 3]);
    let mut other = Cpu::<f64>::new(workload.clone(), theta.clone());
    for cpu in [&mut cpu, &mut other] {
        cpu.losses(&rows, &mut losses);
    }
    cpu.gramian(Scope::Representation, &mut m);
    for cpu in [&mut cpu, &mut other] {
        cpu.apply(Apply {
            combine: Combine::Weighted(&weights),
            head_weights: &ones,
            learning_rate: 1.0,
            aside: 0.0,
            probe: false,
        });
    }
    assert_eq!(cpu.parameters(), other.parameters());
}

const CLASSES: TaskKind = TaskKind::Multiclass { classes: 4 };

#[test]
fn every_kind_of_task() {
    for kind in [CLASSES, TaskKind::Binary, TaskKind::Regression] {
        check(&[5], &[], Activation::Tanh, &[kind], &[1.0]);
    }
}

#[test]
fn mixed_tasks_with_deep_trunk_and_heads() {
    let kinds = [CLASSES, TaskKind::Binary, TaskKind::Regression];
    for activation in [Activation::Tanh, Activation::Relu, Activation::Gelu] {
        check(&[6, 9, 5], &[8, 3], activation, &kinds, &[1.0, 0.05, 7.0]);
        check(&[1], &[2], activation, &kinds, &[1.0, 1.0, 1.0]);
    }
}

#[test]
fn sixteen_tasks() {
    check(&[4, 4], &[], Activation::Tanh, &[TaskKind::Regression; 16], &[0.5; 16]);
}
