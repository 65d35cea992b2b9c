//! Where in the network tasks pull: Gramians by layer, by unit and by single row, at a given θ.
//!
//! On the CPU always, beside the run: θ comes from a checkpoint.

use crate::backend::Workload;
use crate::backend::cpu::Cpu;
use crate::config::Optimizer;
use crate::kernels::gramian_block;
use crate::nn::{Owner, ParamLayout};
use crate::protocol::{ExamplePull, LayerPull};

/// Multiplications × rows × tasks of one inspection: a step of the largest preset.
const WORK: usize = 200_000_000;
/// Rows it looks at, fewest and most.
const ROWS: (usize, usize) = (16, 4096);
/// Units told of one layer, and numbers for them.
const UNITS: usize = 256;
const UNIT_NUMBERS: usize = 32_768;
/// Rows told one by one.
const EXAMPLES: usize = 64;

/// What [`inspect`] finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspection {
    /// Shared layers, first to last, the mean over the rows.
    pub layers: Vec<LayerPull>,
    /// The first of the rows, without pictures and answers.
    pub examples: Vec<ExamplePull>,
}

/// Rows whose gradients an inspection of this network takes.
pub fn affordable_rows(layout: &ParamLayout, n_tasks: usize) -> usize {
    (WORK / (layout.work() * n_tasks).max(1)).clamp(ROWS.0, ROWS.1)
}

/// Inspects the network at θ on these training rows, at least one; how many of its rows a batch has does not matter.
pub fn inspect(workload: &Workload, theta: &[f32], rows: &[u32]) -> Inspection {
    // Nothing is trained here, so there need be no room for moments.
    let optimizer = Optimizer::Sgd { momentum: 0.0 };
    let beside = |batch_rows: usize| {
        Cpu::<f32>::new(Workload { batch_rows, optimizer, clip: None, ..workload.clone() }, theta.to_vec())
    };
    let k = workload.network.n_tasks();
    let mut cpu = beside(rows.len());
    let (mut losses, mut whole) = (vec![0.0; k], vec![0.0; k * k]);
    cpu.gradients(rows, &mut losses, &mut whole);
    let g = cpu.rows();
    let layers = workload.network.trunk.iter().enumerate().map(|(index, layer)| {
        let (weight, bias) = workload.layout.layer(Owner::Shared, index);
        let mut gramian = vec![0.0; k * k];
        gramian_block(workload.layout.n_shared(), weight.start..bias.end, g, g, &mut gramian);
        let width = layer.units();
        let row = |task: usize| &g[task * workload.layout.n_shared()..][weight.start..bias.end];
        let rows: Vec<&[f32]> = (0..k).map(row).collect();
        LayerPull { inputs: layer.fan_in() as u32, width: width as u32, gramian, units: units(&rows, width) }
    });
    let layers = layers.collect();

    let rows = &rows[..rows.len().min(EXAMPLES)];
    let mut cpu = beside(rows.len());
    let mut losses = vec![0.0; rows.len() * k];
    let mut gramians = vec![0.0; rows.len() * k * k];
    cpu.examples(rows, &mut losses, &mut gramians);
    let numbers = losses.chunks_exact(k).zip(gramians.chunks_exact(k * k));
    let example = |(row, (losses, gramian)): (&u32, (&[f64], &[f64]))| ExamplePull {
        row: *row,
        losses: losses.to_vec(),
        gramian: gramian.to_vec(),
        ..ExamplePull::default()
    };
    Inspection { layers, examples: rows.iter().zip(numbers).map(example).collect() }
}

/// (K, K) Gramians of the first columns of K task gradients of one layer, (inputs + 1, width) each, the bias last.
fn units(gradients: &[&[f32]], width: usize) -> Vec<Vec<f64>> {
    let k = gradients.len();
    let told = width.min(UNITS).min(UNIT_NUMBERS / (k * k).max(1));
    let mut units = vec![vec![0.0; k * k]; told];
    let mut sums = vec![0.0; told];
    for i in 0..k {
        for j in i..k {
            sums.fill(0.0);
            for (a, b) in gradients[i].chunks_exact(width).zip(gradients[j].chunks_exact(width)) {
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += f64::from(*a) * f64::from(*b);
                }
            }
            for (unit, sum) in units.iter_mut().zip(&sums) {
                unit[i * k + j] = *sum;
                unit[j * k + i] = *sum;
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_units() {
        // Two inputs, three units, the bias below; the second task's gradient has one entry.
        let first = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let second = [0.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0];
        let units = units(&[&first, &second], 3);
        assert_eq!(units[0], [1.0 + 16.0 + 49.0, 0.0, 0.0, 0.0]);
        assert_eq!(units[1], [4.0 + 25.0 + 64.0, -10.0, -10.0, 4.0]);
        assert_eq!(units[2][0], 9.0 + 36.0 + 81.0);
    }

    #[test]
    fn wide_layers_and_many_tasks_are_cut() {
        let wide = vec![1.0_f32; 2 * 300];
        assert_eq!(units(&[&wide, &wide], 300).len(), UNITS);
        let rows: Vec<&[f32]> = vec![&wide; 16];
        assert_eq!(units(&rows, 300).len(), 128);
    }
}
