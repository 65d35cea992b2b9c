//! PaLoRA (Dimitriadis, Delattre, Frossard & Fleuret 2025): θ(α) = θ₀ + s Σ αₖ AₖBₖ, low ranks around one network.
//!
//! Every weight matrix (inputs, outputs), that of a convolution among them, has an Aₖ (inputs, r) and a Bₖ (r, outputs)
//! for each task, heads too; biases are shared. As usual for such adapters A starts at random and B at 0.

use super::{ANNEAL, Charted, DRAWS, Ground, Map, P, STREAMS, refuses_on_chart};
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method};
use crate::math::Real;
use crate::nn::Part;
use crate::rng::{Stream, StreamId};
use crate::strategy::Learner;
use std::ops::Range;

pub const LEARNER: Learner = Learner {
    id: "palora",
    label: "PaLoRA",
    about: "Trains one network and, for every task, a product of two thin matrices that is added to each of its weight \
            matrices in the share of the preference. What tasks have in common is learned by the network, what tells \
            them apart by the adapters. It holds little more than one network, where mixtures of whole networks hold \
            one a task.",
    pitfalls: "Biases are those of all tasks. An adapter's gradient has its share of the preference as a factor, so \
               adapters learn at the learning rate times the number of tasks. Preferences are drawn alike all the \
               time unless they are annealed: the paper spreads several of them evenly in every step and moves them \
               from the middle to the ends while it trains. Of more than two tasks, and where a step takes one, what \
               is moved is drawn. A rank above that of a matrix is cut to it. Curves of training are those of the \
               preferences drawn.",
    paper: "Dimitriadis, Delattre, Frossard & Fleuret, Pareto Low-Rank Adapters: Efficient Multi-Task Learning with \
            Preferences (ICLR)",
    year: 2025,
    link: "https://arxiv.org/abs/2407.08056",
    knobs: &[
        P,
        DRAWS,
        Knob { name: "rank", label: "rank", default: 4.0, min: 1.0, max: 8.0, scale: KnobScale::Integer },
        Knob {
            name: "scale",
            label: "scale of the adapters",
            default: 1.0,
            min: 0.01,
            max: 100.0,
            scale: KnobScale::Log,
        },
        Knob {
            name: "rate",
            label: "learning rate of the adapters, times tasks",
            default: 1.0,
            min: 0.01,
            max: 100.0,
            scale: KnobScale::Log,
        },
        ANNEAL,
    ],
    tasks: (2, 4),
    crowd: None,
    chart: Some(Charted {
        map: |knobs, ground, k| Box::new(LowRank::new(knobs, ground, k)),
        // A pair of a rank cut to a matrix has at most twice its numbers.
        numbers: |_, n, k| n * (1.0 + 2.0 * k),
        rows: 24.0,
        networks_only: Some(
            "an analytic problem has no weight matrices to which ranks could be added. Choose a data set.",
        ),
    }),
    refuses: |method: &Method, modifiers: &[Applied], _| refuses_on_chart("PaLoRA", method, modifiers),
};

/// φ is θ₀, then by matrix and task Aₖ (inputs, r) and Bₖ (r, outputs).
pub struct LowRank {
    n_parameters: usize,
    n_tasks: usize,
    scale: f64,
    rate: f64,
    matrices: Vec<Matrix>,
    length: usize,
}

/// A weight matrix.
struct Matrix {
    range: Range<usize>,
    inputs: usize,
    outputs: usize,
    rank: usize,
    /// Where its adapters begin in φ.
    start: usize,
}

impl Matrix {
    /// Numbers of one task's adapter: those of A and of both.
    fn adapter(&self) -> (usize, usize) {
        (self.inputs * self.rank, (self.inputs + self.outputs) * self.rank)
    }
}

impl LowRank {
    /// From values in the order of the learner's knobs.
    pub fn new(knobs: &[f64], ground: Ground<'_>, n_tasks: usize) -> Self {
        let value = |at: usize| knobs.get(at).copied().unwrap_or(LEARNER.knobs[at].default);
        let n_parameters = ground.n_parameters();
        let (mut matrices, mut length) = (Vec::new(), n_parameters);
        if let Ground::Network(_, layout, _) = ground {
            for block in layout.blocks().iter().filter(|block| block.part == Part::Weight) {
                let (inputs, outputs) = (block.fan_in, block.range.len() / block.fan_in.max(1));
                let rank = (value(2) as usize).min(inputs).min(outputs);
                let matrix = Matrix { range: block.range.clone(), inputs, outputs, rank, start: length };
                length += n_tasks * matrix.adapter().1;
                matrices.push(matrix);
            }
        }
        Self { n_parameters, n_tasks, scale: value(3), rate: value(4), matrices, length }
    }
}

impl<T: Real> Map<T> for LowRank {
    fn start(&self, seed: u32, theta: &[T]) -> Vec<T> {
        let mut phi = theta.to_vec();
        phi.resize(self.length, T::default());
        for (at, matrix) in self.matrices.iter().enumerate() {
            let (of_a, both) = matrix.adapter();
            let deviation = 1.0 / (matrix.inputs as f64).sqrt();
            for task in 0..self.n_tasks {
                let draws = Stream::new(seed, StreamId::Strategy, STREAMS + (at * self.n_tasks + task) as u32);
                for (i, number) in phi[matrix.start + task * both..][..of_a].iter_mut().enumerate() {
                    *number = T::of(deviation * draws.normal(i as u64));
                }
            }
        }
        phi
    }

    fn at(&self, phi: &[T], alpha: &[f64], theta: &mut [T]) {
        theta.copy_from_slice(&phi[..self.n_parameters]);
        for matrix in &self.matrices {
            let (of_a, both) = matrix.adapter();
            let weights = &mut theta[matrix.range.clone()];
            for (adapter, share) in phi[matrix.start..].chunks_exact(both).zip(&alpha[..self.n_tasks]) {
                let (a, b) = adapter.split_at(of_a);
                let share = T::of(self.scale * share);
                for (row, a) in weights.chunks_exact_mut(matrix.outputs).zip(a.chunks_exact(matrix.rank)) {
                    for (&a, b) in a.iter().zip(b.chunks_exact(matrix.outputs)) {
                        let a = share * a;
                        row.iter_mut().zip(b).for_each(|(weight, &b)| *weight += a * b);
                    }
                }
            }
        }
    }

    fn pull_back(&self, phi: &[T], alpha: &[f64], gradient: &[T], out: &mut [T]) {
        out.iter_mut().zip(gradient).for_each(|(out, &slope)| *out += slope);
        for matrix in &self.matrices {
            let (of_a, both) = matrix.adapter();
            let slopes = &gradient[matrix.range.clone()];
            let adapters = phi[matrix.start..].chunks_exact(both).zip(out[matrix.start..].chunks_exact_mut(both));
            for ((adapter, out), share) in adapters.zip(&alpha[..self.n_tasks]) {
                let ((a, b), (da, db)) = (adapter.split_at(of_a), out.split_at_mut(of_a));
                let share = T::of(self.scale * share);
                let rows = slopes.chunks_exact(matrix.outputs);
                let pairs = a.chunks_exact(matrix.rank).zip(da.chunks_exact_mut(matrix.rank));
                for (slopes, (a, da)) in rows.zip(pairs) {
                    let ranks = b.chunks_exact(matrix.outputs).zip(db.chunks_exact_mut(matrix.outputs));
                    for ((&a, da), (b, db)) in a.iter().zip(da).zip(ranks) {
                        let product: T = slopes.iter().zip(b).map(|(&slope, &b)| slope * b).sum();
                        *da += share * product;
                        let a = share * a;
                        db.iter_mut().zip(slopes).for_each(|(db, &slope)| *db += a * slope);
                    }
                }
            }
        }
    }

    fn parts(&self) -> Vec<(Range<usize>, f64)> {
        vec![(0..self.n_parameters, 1.0), (self.n_parameters..self.length, self.rate * self.n_tasks as f64)]
    }
}
