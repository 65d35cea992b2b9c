//! Layers, units and rows of a probe add up to the Gramian of the whole, against plain sums in f64.

use paretoscope::backend::Workload;
use paretoscope::backend::cpu::Cpu;
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, Owner, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::train::{affordable_rows, inspect};
use std::rc::Rc;

const ROWS: usize = 9;
const INPUTS: usize = 4;
/// What sums of the same f32 numbers may differ by, of the two lengths' product.
const SUMS: f64 = 1e-6;
/// What a backward pass in f32 may differ by from one in f64.
const PASSES: f64 = 1e-5;

const KINDS: [TaskKind; 3] = [TaskKind::Multiclass { classes: 3 }, TaskKind::Binary, TaskKind::Regression];

fn workload(trunk: &[u32], head: &[u32], activation: Activation) -> (Workload, Vec<f64>) {
    let config =
        NetworkConfig { filters: vec![], trunk: trunk.into(), head: head.into(), activation, init: Init::FanIn };
    let network = Network::mlp(INPUTS, &config, &KINDS);
    let layout = ParamLayout::new(&network);
    let draws = Stream::new(8, StreamId::Data, 0);
    let classes = Targets::Class((0..ROWS).map(|row| draws.below(row as u64, 3)).collect());
    let signs = Targets::Value((0..ROWS).map(|row| draws.below(100 + row as u64, 2) as f32).collect());
    let values = Targets::Value((0..ROWS).map(|row| draws.normal(200 + row as u64) as f32).collect());
    let x = (0..ROWS * INPUTS).map(|i| draws.normal(300 + i as u64) as f32).collect();
    let data = Rc::new(Split { rows: ROWS, x, targets: vec![classes, signs, values] });
    let mut theta: Vec<f64> = layout.initial(&network, Init::FanIn, 3, &[0, 1, 2]);
    // Biases away from 0, so that no ReLU sits on its kink.
    for (i, value) in theta.iter_mut().enumerate() {
        *value = f64::from((*value + 0.1 * draws.normal(900 + i as u64)) as f32);
    }
    let workload = Workload {
        layout,
        network,
        validation: data.clone(),
        data,
        targets: vec![0, 1, 2],
        loss_scales: vec![1.0, 0.25, 3.0],
        batch_rows: ROWS,
        optimizer: Optimizer::Adam,
        weight_decay: 0.0,
        clip: Some(1e-3),
    };
    (workload, theta)
}

/// Losses (K) and G (K, P) of these rows together, in f64.
fn gradients(workload: &Workload, theta: &[f64], rows: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let k = KINDS.len();
    let mut cpu = Cpu::<f64>::new(Workload { batch_rows: rows.len(), ..workload.clone() }, theta.to_vec());
    let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
    cpu.gradients(rows, &mut losses, &mut m);
    (losses, cpu.rows().to_vec())
}

/// The Gramian of these columns of G, entry by entry.
fn products(g: &[f64], columns: &[usize]) -> Vec<f64> {
    let k = KINDS.len();
    let p = g.len() / k;
    let entry = |idx: usize| columns.iter().map(|c| g[idx / k * p + c] * g[idx % k * p + c]).sum();
    (0..k * k).map(entry).collect()
}

#[track_caller]
fn check_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let k = KINDS.len();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (idx, (found, wanted)) in found.iter().zip(expected).enumerate() {
        let size = (expected[idx / k * (k + 1)] * expected[idx % k * (k + 1)]).sqrt();
        assert!((found - wanted).abs() <= tolerance * size + 1e-12, "{what}, entry {idx}: {found}, expected {wanted}");
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    let mut total = vec![0.0; KINDS.len() * KINDS.len()];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, value)| *total += value);
    }
    total
}

#[track_caller]
fn check(trunk: &[u32], head: &[u32], activation: Activation) {
    let (workload, theta) = workload(trunk, head, activation);
    let single: Vec<f32> = theta.iter().map(|value| *value as f32).collect();
    let rows: Vec<u32> = [4, 0, 7, 2, 8].into();
    let found = inspect(&workload, &single, &rows);
    let (_, g) = gradients(&workload, &theta, &rows);
    let p = workload.layout.n_shared();

    assert_eq!(found.layers.len(), trunk.len());
    for (index, layer) in found.layers.iter().enumerate() {
        let (weight, bias) = workload.layout.layer(Owner::Shared, index);
        let columns: Vec<usize> = (weight.start..bias.end).collect();
        check_near(&layer.gramian, &products(&g, &columns), PASSES, &format!("layer {index}"));
        assert_eq!((layer.width, layer.units.len()), (trunk[index], trunk[index] as usize));
        check_near(&sum(layer.units.iter()), &layer.gramian, SUMS, &format!("units of layer {index}"));
        let width = trunk[index] as usize;
        for (unit, gramian) in layer.units.iter().enumerate() {
            let columns: Vec<usize> = columns.iter().copied().skip(unit).step_by(width).collect();
            assert_eq!(columns.len(), layer.inputs as usize + 1);
            check_near(gramian, &products(&g, &columns), PASSES, &format!("unit {unit} of layer {index}"));
        }
    }
    let all: Vec<usize> = (0..p).collect();
    let whole = products(&g, &all);
    let layers = sum(found.layers.iter().map(|layer| &layer.gramian));
    check_near(&layers, &whole, PASSES, "layers");
    let mut single_whole = vec![0.0; KINDS.len() * KINDS.len()];
    let mut cpu = Cpu::<f32>::new(Workload { batch_rows: rows.len(), ..workload.clone() }, single.clone());
    cpu.gradients(&rows, &mut [0.0; 3], &mut single_whole);
    check_near(&layers, &single_whole, SUMS, "layers, in f32");

    // Each row alone, and their mean: G of the batch.
    let mut mean = vec![0.0; g.len()];
    assert_eq!(found.examples.iter().map(|example| example.row).collect::<Vec<_>>(), rows);
    for (example, row) in found.examples.iter().zip(&rows) {
        let (losses, own) = gradients(&workload, &theta, &[*row]);
        for (found, expected) in example.losses.iter().zip(&losses) {
            assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "row {row}: {found}, {expected}");
        }
        check_near(&example.gramian, &products(&own, &all), PASSES, &format!("row {row}"));
        mean.iter_mut().zip(&own).for_each(|(mean, value)| *mean += value / rows.len() as f64);
    }
    check_near(&products(&mean, &all), &whole, 1e-12, "the mean of the rows' gradients");
}

#[test]
fn layers_units_and_rows_add_up() {
    check(&[6, 5, 4], &[], Activation::Relu);
    check(&[5], &[3], Activation::Tanh);
    check(&[7, 3], &[4, 2], Activation::Gelu);
}

#[test]
fn large_networks_are_probed_on_fewer_rows() {
    let layout = |width: u32| {
        let config = NetworkConfig {
            filters: vec![],
            trunk: vec![width; 2],
            head: vec![],
            activation: Activation::Relu,
            init: Init::FanIn,
        };
        ParamLayout::new(&Network::mlp(1_296, &config, &KINDS))
    };
    let (small, large) = (affordable_rows(&layout(4), 3), affordable_rows(&layout(1_024), 3));
    assert_eq!(small, 4_096);
    assert!((16..100).contains(&large), "{large}");
}
