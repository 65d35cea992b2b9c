//! Time of a step through the small convolutional network of the papers, 256 images of 28 × 28: `cargo bench --bench
//! convolution`.

use divan::Bencher;
use divan::counter::ItemsCount;
use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine, Workload};
use paretoscope::config::{Activation, Init, NetworkConfig, Optimizer};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::nn::{Network, ParamLayout};
use paretoscope::rng::{Stream, StreamId};
use std::rc::Rc;

const SIDE: usize = 28;
const ROWS: usize = 256;
const KINDS: [TaskKind; 2] = [TaskKind::Multiclass { classes: 10 }; 2];

fn main() {
    divan::main();
}

fn cpu() -> Cpu<f32> {
    let (activation, init) = (Activation::Relu, Init::FanIn);
    let config = NetworkConfig { filters: vec![10, 20], trunk: vec![50], head: vec![50], activation, init };
    let shapes = config.convolutions([SIDE; 2]).expect("images that are large enough");
    let network = Network::new(SIDE * SIDE, &shapes, &config, &KINDS);
    let draws = Stream::new(5, StreamId::Data, 0);
    let class = |task: usize| (0..ROWS).map(|row| draws.below((ROWS * task + row) as u64, 10)).collect();
    let data = Rc::new(Split {
        rows: ROWS,
        x: (0..ROWS * SIDE * SIDE).map(|i| draws.normal(10_000 + i as u64) as f32).collect(),
        targets: vec![Targets::Class(class(0)), Targets::Class(class(1))],
    });
    let layout = ParamLayout::new(&network);
    let theta = layout.initial(&network, init, 1, &[0, 1]);
    let workload = Workload {
        network,
        layout,
        validation: data.clone(),
        data,
        targets: vec![0, 1],
        loss_scales: vec![1.0; 2],
        batch_rows: ROWS,
        optimizer: Optimizer::Adam,
        weight_decay: 0.0,
        clip: None,
    };
    Cpu::new(workload, theta)
}

/// Multiplications of all rows going forward are what is counted.
fn work(cpu: &Cpu<f32>) -> ItemsCount {
    ItemsCount::new(ROWS * cpu.workload().layout.work())
}

#[divan::bench]
fn forward(bencher: Bencher) {
    let mut cpu = cpu();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let mut losses = [0.0; 2];
    bencher.counter(work(&cpu)).bench_local(|| cpu.losses(&rows, &mut losses));
}

/// One backward pass of the weighted sum, or one for each task and their Gramian.
#[divan::bench(args = [false, true])]
fn step(bencher: Bencher, by_rows: bool) {
    let mut cpu = cpu();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let (mut losses, mut m, ones) = ([0.0; 2], [0.0; 4], [1.0; 2]);
    bencher.counter(work(&cpu)).bench_local(|| {
        let combine = if by_rows {
            cpu.gradients(&rows, &mut losses, &mut m);
            Combine::Rows(&ones)
        } else {
            cpu.losses(&rows, &mut losses);
            Combine::Weighted(&ones)
        };
        cpu.apply(Apply { combine, head_weights: &ones, learning_rate: 1e-3, aside: 0.0, probe: false })
    });
}
