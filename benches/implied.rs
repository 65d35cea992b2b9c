//! Time of a step of a Gramian method whose rows of G are implied or formed, for a wide network and small batches:
//! `cargo bench --bench implied`.

use divan::Bencher;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use std::rc::Rc;

const TASKS: usize = 8;
const INPUTS: usize = 1296;
const BATCHES: [usize; 3] = [16, 32, 128];

fn main() {
    divan::main();
}

/// 1296 – 1024 – 1024 – 10, eight tasks of ten classes.
fn run(batch_rows: usize) -> Cpu<f32> {
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![1024, 1024],
        head: vec![],
        activation: Activation::Relu,
        init: Init::FanIn,
    };
    let network = Network::mlp(INPUTS, &config, &[TaskKind::Multiclass { classes: 10 }; TASKS]);
    let layout = ParamLayout::new(&network);
    let draws = Stream::new(9, StreamId::Data, 0);
    let normals = |n: usize, from: u64| (0..n).map(move |i| draws.normal(from + i as u64) as f32);
    let classes =
        |task: usize| (0..batch_rows).map(move |row| draws.below((1 << 40) + (1_000 * task + row) as u64, 10));
    let data = Rc::new(Split {
        rows: batch_rows,
        x: normals(batch_rows * INPUTS, 0).collect(),
        targets: (0..TASKS).map(|task| Targets::Class(classes(task).collect())).collect(),
    });
    let theta = normals(layout.n_parameters(), 1 << 32).map(|x| 0.03 * x).collect();
    let workload = Workload {
        network,
        layout,
        validation: data.clone(),
        data,
        targets: (0..TASKS).collect(),
        loss_scales: vec![1.0; TASKS],
        batch_rows,
        optimizer: Optimizer::Adam,
        weight_decay: 0.0,
        clip: None,
    };
    Cpu::new(workload, theta)
}

fn step(bencher: Bencher<'_, '_>, mut run: Cpu<f32>) {
    let rows: Vec<u32> = (0..run.workload().batch_rows as u32).collect();
    let (mut losses, mut m, ones) = ([0.0; TASKS], [0.0; TASKS * TASKS], [1.0; TASKS]);
    bencher.bench_local(|| {
        run.gradients(&rows, &mut losses, &mut m);
        let combine = Combine::Rows(&ones);
        run.apply(Apply { combine, head_weights: &ones, learning_rate: 1e-3, aside: 0.0, probe: false })
    });
}

#[divan::bench(args = BATCHES, sample_count = 20)]
fn implied(bencher: Bencher<'_, '_>, batch_rows: usize) {
    step(bencher, run(batch_rows));
}

#[divan::bench(args = BATCHES, sample_count = 20)]
fn formed(bencher: Bencher<'_, '_>, batch_rows: usize) {
    step(bencher, run(batch_rows).with_explicit_rows());
}
