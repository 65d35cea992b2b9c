//! Time of the weight gradients of all tasks of one layer, dense and by lists of what a ReLU left on: `cargo bench
//! --bench listed`.

use divan::Bencher;
use paretoscope::kernels::gemm::Packing;
use paretoscope::kernels::listed::{By, Lists, Places};
use paretoscope::kernels::weight_gradient;
use paretoscope::rng::{Stream, StreamId};

/// (rows, inputs, units) of layers: two narrow ones, and the first of MultiMNIST and of a network four times as wide.
const LAYERS: [(usize, usize, usize); 4] = [(64, 8, 8), (64, 32, 32), (256, 784, 128), (512, 784, 512)];
const TASKS: [usize; 4] = [1, 2, 4, 8];

fn main() {
    divan::main();
}

/// x, outputs of the layer of which half are on, and deltas that are 0 where they are off.
fn operands((rows, inputs, units): (usize, usize, usize), tasks: usize) -> [Vec<f32>; 3] {
    let draws = Stream::new(9, StreamId::Data, 0);
    let normals = |n: usize, from: u64| (0..n).map(|i| draws.normal(from + i as u64) as f32).collect::<Vec<_>>();
    let y: Vec<f32> = normals(rows * units, 1 << 32).into_iter().map(|y| y.max(0.0)).collect();
    let mut dy = normals(tasks * rows * units, 2 << 32);
    for (dy, y) in dy.iter_mut().zip(y.iter().cycle()) {
        *dy *= f32::from(*y > 0.0);
    }
    [normals(rows * inputs, 0), y, dy]
}

#[divan::bench(args = LAYERS, consts = TASKS)]
fn dense<const K: usize>(bencher: Bencher<'_, '_>, layer: (usize, usize, usize)) {
    let (rows, inputs, units) = layer;
    let [x, _, dy] = operands(layer, K);
    let (mut weight, mut bias) = (vec![0.0; inputs * units], vec![0.0; units]);
    let mut packing = Packing::default();
    bencher.bench_local(|| {
        for dy in dy.chunks_exact(rows * units) {
            weight_gradient(layer, &x, dy, &mut weight, &mut bias, &mut packing);
        }
    });
}

#[divan::bench(args = LAYERS, consts = TASKS)]
fn listed<const K: usize>(bencher: Bencher<'_, '_>, layer: (usize, usize, usize)) {
    let (rows, inputs, units) = layer;
    let [x, y, dy] = operands(layer, K);
    let mut lists = Lists::default();
    let mut out = vec![0.0; K * (inputs + 1) * units];
    let size = (inputs + 1) * units;
    bencher.bench_local(|| {
        lists.sort((K, units), By::Unit, &y, &dy);
        let places = Places { task: size, step: 1, stride: units };
        lists.times((rows, inputs), |row, input| x[row * inputs + input], (places, &mut out), &Packing::default());
        for task in 0..K {
            lists.sums(task, &mut out[task * size + inputs * units..][..units]);
        }
    });
}
