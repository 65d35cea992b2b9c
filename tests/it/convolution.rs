//! Convolutions: counts of the published LeNet, the forward pass by its definition, gradients by central differences.

use crate::allocations::taken;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::kernels::gemm::Packing;
use paretoscope::kernels::{convolve, filter_gradient, image_delta};
use paretoscope::landscape::{Ground, Pull, map_rows};
use paretoscope::nn::{Convolution, KERNEL, Network, Owner, ParamLayout};
use paretoscope::protocol::MapPlane;
use paretoscope::rng::{Stream, StreamId};
use paretoscope::train::inspect;
use std::rc::Rc;

const DIGITS: [TaskKind; 2] = [TaskKind::Multiclass { classes: 10 }; 2];

/// That of "Pareto Manifold Learning" on MultiMNIST.
fn lenet() -> NetworkConfig {
    let (activation, init) = (Activation::Relu, Init::FanIn);
    NetworkConfig { filters: vec![10, 20], trunk: vec![50], head: vec![50], activation, init }
}

fn network(image: [usize; 2], config: &NetworkConfig, kinds: &[TaskKind]) -> Network {
    let shapes = config.convolutions(image).expect("images that are large enough");
    Network::new(image[0] * image[1], &shapes, config, kinds)
}

pub fn workload(image: [usize; 2], rows: usize, config: &NetworkConfig, kinds: &[TaskKind]) -> Workload {
    let network = network(image, config, kinds);
    let draws = Stream::new(5, StreamId::Data, 0);
    let targets = kinds.iter().enumerate().map(|(task, kind)| {
        let at = |row: usize| (1_000_000 + 10_000 * task + row) as u64;
        match *kind {
            TaskKind::Multiclass { classes } => {
                Targets::Class((0..rows).map(|row| draws.below(at(row), classes as u32)).collect())
            }
            TaskKind::Binary => Targets::Value((0..rows).map(|row| draws.below(at(row), 2) as f32).collect()),
            TaskKind::Regression => Targets::Value((0..rows).map(|row| draws.normal(at(row)) as f32).collect()),
        }
    });
    let data = Split {
        rows,
        x: (0..rows * network.n_inputs).map(|i| draws.normal(i as u64) as f32).collect(),
        targets: targets.collect(),
    };
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: Rc::new(data.clone()),
        data: Rc::new(data),
        targets: (0..kinds.len()).collect(),
        loss_scales: vec![1.0; kinds.len()],
        batch_rows: rows,
        optimizer: Optimizer::Sgd { momentum: 0.0 },
        weight_decay: 0.0,
        clip: None,
    }
}

/// Initial weights with biases away from 0.
fn theta(workload: &Workload, config: &NetworkConfig) -> Vec<f64> {
    let ids: Vec<usize> = (0..workload.network.n_tasks()).collect();
    let mut theta: Vec<f64> = workload.layout.initial(&workload.network, config.init, 3, &ids);
    let draws = Stream::new(9, StreamId::Probe, 1);
    theta.iter_mut().enumerate().for_each(|(i, value)| *value += 0.1 * draws.normal(i as u64));
    theta
}

#[test]
fn lenet_has_as_many_parameters_as_published() {
    let network = network([28, 28], &lenet(), &DIGITS);
    let layout = ParamLayout::new(&network);
    assert_eq!((layout.n_shared(), layout.head(0).len(), layout.head(1).len()), (21_330, 3_060, 3_060));
    assert_eq!(network.trunk.iter().map(|layer| layer.outputs()).collect::<Vec<_>>(), [12 * 12 * 10, 4 * 4 * 20, 50]);
    // 24 · 24 places of 25 numbers, 8 · 8 of 250, biases with them, and the dense layers.
    assert_eq!(network.work(), 576 * 260 + 64 * 5_020 + 16_050 + 2 * 3_060);
    let names: Vec<&str> = layout.blocks().iter().map(|block| &block.name[..]).take(4).collect();
    assert_eq!(names, ["trunk.0.weight", "trunk.0.bias", "trunk.1.weight", "trunk.1.bias"]);
    assert_eq!(layout.layer(Owner::Shared, 1).0.len(), 250 * 20);
}

#[test]
fn too_small_images_are_refused_in_a_sentence() {
    let three = NetworkConfig { filters: vec![2; 3], ..lenet() };
    assert!(three.convolutions([36, 36]).is_ok());
    let why = three.convolutions([28, 28]).expect_err("4 × 4 is left");
    assert!(why.contains("28 × 28") && why.contains("4 × 4") && why.contains("3 convolutions"), "{why}");
    assert!(lenet().convolutions([5, 30]).is_err());
}

/// What goes into the activation, by the definition: every place of every filter, then the largest of each square.
fn by_definition(shape: Convolution, x: &[f64], weight: &[f64], bias: &[f64]) -> (Vec<f64>, Vec<u8>) {
    let [rows, columns] = shape.pooled();
    let at = |y: usize, across: usize, filter: usize| -> f64 {
        let mut sum = bias[filter];
        for dy in 0..KERNEL {
            for dx in 0..KERNEL {
                for channel in 0..shape.channels {
                    let pixel = (y + dy) * shape.width + across + dx;
                    let tap = (dy * KERNEL + dx) * shape.channels + channel;
                    sum += x[pixel * shape.channels + channel] * weight[tap * shape.filters + filter];
                }
            }
        }
        sum
    };
    let (mut values, mut taken) = (Vec::new(), Vec::new());
    for pixel in 0..rows * columns {
        let (top, left) = (pixel / columns * 2, pixel % columns * 2);
        for filter in 0..shape.filters {
            let four = [0, 1, 2, 3].map(|corner| at(top + corner / 2, left + corner % 2, filter));
            let best = (1..4).fold(0, |best, corner| if four[corner] > four[best] { corner } else { best });
            values.push(four[best]);
            taken.push(best as u8);
        }
    }
    (values, taken)
}

fn draws(n: usize, stream: u32) -> Vec<f64> {
    let draws = Stream::new(2, StreamId::Probe, stream);
    (0..n).map(|i| draws.normal(i as u64)).collect()
}

#[test]
fn forward_is_what_the_definition_says() {
    for (height, width, channels, filters) in
        [(6, 6, 1, 1), (28, 28, 1, 10), (12, 12, 10, 20), (7, 11, 1, 4), (9, 8, 3, 5), (13, 6, 2, 13), (8, 8, 4, 8)]
    {
        let shape = Convolution { height, width, channels, filters };
        let (weight, bias) = (draws(shape.fan_in() * filters, 0), draws(filters, 1));
        for rows in [1, 3] {
            let x = draws(rows * shape.inputs(), 2);
            let n = rows * shape.outputs();
            let (mut y, mut taken) = (vec![f64::NAN; n], vec![9; n]);
            let mut packing = Packing::default();
            let tanh = Some(Activation::Tanh);
            convolve((rows, shape), &x, &weight, &bias, tanh, &mut y, &mut taken, &mut packing);
            let (expected, corners): (Vec<_>, Vec<_>) =
                x.chunks(shape.inputs()).map(|x| by_definition(shape, x, &weight, &bias)).unzip();
            assert_eq!(taken, corners.concat(), "{shape:?}");
            for (y, expected) in y.iter().zip(expected.concat()) {
                assert!((y - expected.tanh()).abs() < 1e-12, "{shape:?}: {y} and {}", expected.tanh());
            }
            // The same numbers where nobody asks which was the largest.
            let mut again = vec![f64::NAN; n];
            convolve((rows, shape), &x, &weight, &bias, tanh, &mut again, &mut [], &mut packing);
            assert_eq!(again, y);
        }
    }
}

#[test]
fn the_first_of_equal_values_has_the_gradient() {
    let shape = Convolution { height: 6, width: 6, channels: 1, filters: 1 };
    let (mut y, mut taken) = ([0.0], [9]);
    let mut packing = Packing::default();
    // Everywhere the same image: all four places have the value 25 · 0.5.
    let (x, weight) = ([1.0; 36], [0.5; 25]);
    convolve((1, shape), &x, &weight, &[0.25], None, &mut y, &mut taken, &mut packing);
    assert_eq!((y, taken), ([12.75], [0]));
    let (mut dw, mut db, mut dx) = ([9.0; 25], [9.0], [9.0; 36]);
    filter_gradient((1, shape), &x, &taken, &[2.0], &mut dw, &mut db, &mut packing);
    assert_eq!((dw, db), ([2.0; 25], [2.0]));
    image_delta((1, shape), &[2.0], &taken, &weight, None, &mut dx, &mut packing);
    for (pixel, dx) in dx.iter().enumerate() {
        let seen = pixel / 6 < 5 && pixel % 6 < 5;
        assert_eq!(*dx, if seen { 1.0 } else { 0.0 }, "pixel {pixel}");
    }
}

#[test]
fn a_nan_is_never_pooled_away() {
    let shape = Convolution { height: 6, width: 6, channels: 1, filters: 1 };
    for corner in [0, 5, 30, 35] {
        // Each of these pixels is seen by one of the four places only.
        let mut x = [1.0; 36];
        x[corner] = f64::NAN;
        let (mut y, mut taken) = ([0.0], [9]);
        let relu = Some(Activation::Relu);
        convolve((1, shape), &x, &[1.0; 25], &[0.0], relu, &mut y, &mut taken, &mut Packing::default());
        assert!(y[0].is_nan(), "corner {corner}");
    }
}

#[track_caller]
fn check_gradients(image: [usize; 2], config: &NetworkConfig, kinds: &[TaskKind]) {
    const ROWS: usize = 3;
    let workload = workload(image, ROWS, config, kinds);
    let (k, layout) = (kinds.len(), workload.layout.clone());
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let theta = theta(&workload, config);
    let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
    let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
    cpu.gradients(&rows, &mut losses, &mut m);
    let (g, heads) = (cpu.rows().to_vec(), cpu.gradient().to_vec());
    let mut at = |i: usize, delta: f64| {
        cpu.parameters_mut().copy_from_slice(&theta);
        cpu.parameters_mut()[i] += delta;
        let mut losses = vec![0.0; k];
        cpu.losses(&rows, &mut losses);
        losses
    };
    // So near that no largest value of a square changes places with another; rounding leaves 1e-9.
    let h = 1e-6;
    for i in 0..layout.n_parameters() {
        let (up, down) = (at(i, h), at(i, -h));
        for task in 0..k {
            let numeric = (up[task] - down[task]) / (2.0 * h);
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
    // One weighted backward pass is the same combination of rows.
    let (weights, ones) = ([0.3, 1.3, 2.3, 3.3], vec![1.0; k]);
    let one_step = |weighted: bool| {
        let mut cpu = Cpu::<f64>::new(workload.clone(), theta.clone());
        let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
        let combine = if weighted {
            cpu.losses(&rows, &mut losses);
            Combine::Weighted(&weights[..k])
        } else {
            cpu.gradients(&rows, &mut losses, &mut m);
            Combine::Rows(&weights[..k])
        };
        cpu.apply(Apply { combine, head_weights: &ones, learning_rate: 1.0, aside: 0.0, probe: false });
        cpu.parameters().to_vec()
    };
    for (i, (a, b)) in one_step(true).iter().zip(one_step(false)).enumerate() {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "parameter {i}: {a} weighted, {b} by rows");
    }
}

#[test]
fn gradients_of_a_small_lenet() {
    let kinds = [TaskKind::Multiclass { classes: 3 }, TaskKind::Binary, TaskKind::Regression];
    let config = |filters: &[u32], activation| NetworkConfig {
        filters: filters.into(),
        trunk: vec![5],
        head: vec![4],
        activation,
        init: Init::FanIn,
    };
    // Sides of which a row and a column fill no square, and filters that fill no strip.
    check_gradients([19, 20], &config(&[2, 5], Activation::Tanh), &kinds);
    check_gradients([16, 16], &config(&[3, 4], Activation::Relu), &DIGITS);
    check_gradients([9, 8], &config(&[9], Activation::Gelu), &kinds[1..]);
}

#[test]
fn layers_filters_and_rows_add_up() {
    let config = NetworkConfig { filters: vec![3, 5], trunk: vec![6], ..lenet() };
    let workload = workload([16, 18], 5, &config, &DIGITS);
    let theta = theta(&workload, &config);
    let single: Vec<f32> = theta.iter().map(|value| *value as f32).collect();
    let rows = [0, 1, 2, 3, 4];
    let found = inspect(&workload, &single, &rows);
    let p = workload.layout.n_shared();
    let products = |g: &[f64], columns: std::ops::Range<usize>| -> Vec<f64> {
        let row = |task: usize| &g[task * p..][columns.clone()];
        let product = |ij: usize| row(ij / 2).iter().zip(row(ij % 2)).map(|(a, b)| a * b).sum();
        (0..4).map(product).collect()
    };
    let near = |found: &[f64], expected: &[f64], what: &str| {
        let size = expected[0].max(expected[3]);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-4 * size, "{what}: {found} and {expected}");
        }
    };
    let gradients = |rows: &[u32]| {
        let mut cpu = Cpu::<f64>::new(Workload { batch_rows: rows.len(), ..workload.clone() }, theta.clone());
        cpu.gradients(rows, &mut [0.0; 2], &mut [0.0; 4]);
        cpu.rows().to_vec()
    };
    let g = gradients(&rows);
    let shapes: Vec<(u32, u32)> = found.layers.iter().map(|layer| (layer.inputs, layer.width)).collect();
    assert_eq!(shapes, [(25, 3), (75, 5), (5, 6)]);
    for (index, layer) in found.layers.iter().enumerate() {
        let (weight, bias) = workload.layout.layer(Owner::Shared, index);
        near(&layer.gramian, &products(&g, weight.start..bias.end), &format!("layer {index}"));
        let mut sum = vec![0.0; 4];
        for unit in &layer.units {
            sum.iter_mut().zip(unit).for_each(|(sum, unit)| *sum += unit);
        }
        near(&sum, &layer.gramian, &format!("units of layer {index}"));
    }
    assert_eq!(found.examples.len(), rows.len());
    for (example, row) in found.examples.iter().zip(rows) {
        near(&example.gramian, &products(&gradients(&[row]), 0..p), &format!("row {row}"));
    }
}

#[test]
fn no_step_takes_memory_once_it_is_warm() {
    let mut workload = workload([16, 16], 6, &NetworkConfig { filters: vec![3, 5], ..lenet() }, &DIGITS);
    workload.optimizer = Optimizer::Adam;
    let rows = [0, 1, 2, 3, 4, 5];
    let start: Vec<f32> = workload.layout.initial(&workload.network, Init::FanIn, 1, &[0, 1]);
    let mut cpu = Cpu::<f32>::new(workload, start);
    let (mut losses, mut m, w) = ([0.0; 2], [0.0; 4], [0.5; 2]);
    let mut step = || {
        let update = |combine| Apply { combine, head_weights: &w, learning_rate: 1e-3, aside: 0.0, probe: false };
        cpu.losses(&rows, &mut losses);
        cpu.apply(update(Combine::Weighted(&w)));
        cpu.gradients(&rows, &mut losses, &mut m);
        cpu.apply(update(Combine::Rows(&w)));
    };
    (0..2).for_each(|_| step());
    let before = taken();
    (0..3).for_each(|_| step());
    assert_eq!(taken() - before, 0);
}

#[test]
fn maps_of_convolutions_are_what_direct_evaluation_says() {
    const ROWS: usize = 9;
    let config = NetworkConfig { filters: vec![3, 4], trunk: vec![5], head: vec![4], ..lenet() };
    let kinds = [TaskKind::Multiclass { classes: 3 }, TaskKind::Regression];
    let workload = workload([16, 17], ROWS, &config, &kinds);
    // The rows of a map are fewer where a row costs more.
    assert_eq!(map_rows(workload.layout.work(), 512), 512);
    let published = ParamLayout::new(&network([28, 28], &lenet(), &DIGITS));
    assert_eq!(map_rows(published.work(), 12_000), 64_000_000 / published.work());

    let vector = |stream: u32, size: f64| -> Vec<f32> {
        let draws = Stream::new(3, StreamId::Probe, stream);
        (0..workload.layout.n_parameters()).map(|i| (size * draws.normal(i as u64)) as f32).collect()
    };
    let plane = MapPlane {
        origin: theta(&workload, &config).iter().map(|value| *value as f32).collect(),
        directions: vec![vector(1, 0.1), vector(2, 0.1)],
        spans: vec![[-1.0, 1.0]; 2],
    };
    let mut ground = Ground::of_network(&workload, ROWS);
    ground.stand_on(&plane);
    let (mut losses, mut numbers) = ([0.0; 2], vec![0.0; Pull::count(2)]);
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    for [x, y] in [[0.0, 0.0], [0.5, -0.25], [-1.0, 1.0]] {
        let [u, v] = [&plane.directions[0], &plane.directions[1]];
        let at = |i: usize| f64::from(plane.origin[i]) + x * f64::from(u[i]) + y * f64::from(v[i]);
        let there: Vec<f64> = (0..plane.origin.len()).map(at).collect();
        let mut cpu = Cpu::<f64>::new(workload.clone(), there.clone());
        let (mut expected, mut m) = ([0.0; 2], [0.0; 4]);
        cpu.gradients(&rows, &mut expected, &mut m);
        let near = |losses: &[f64; 2], way: &str| {
            for (found, expected) in losses.iter().zip(&expected) {
                assert!((found - expected).abs() <= 1e-5 * expected, "{way} at {x}, {y}: {found} and {expected}");
            }
        };
        ground.losses([x, y], &mut losses);
        near(&losses, "in the plane");
        let single: Vec<f32> = there.iter().map(|value| *value as f32).collect();
        ground.losses_at(&single, &mut losses);
        near(&losses, "by parameters");
        ground.pull([x, y], &mut losses, &mut numbers);
        near(&losses, "with the pull");
        let pull = Pull::new(2, &numbers).expect("as many numbers as two tasks have");
        let size = m[0].max(m[3]);
        assert!((pull.product(0, 1) - m[1]).abs() <= 1e-4 * size, "{} and {}", pull.product(0, 1), m[1]);
    }
    let before = taken();
    ground.losses([0.25, 0.5], &mut losses);
    assert_eq!(taken() - before, 0);
}
