//! Losses, metrics and outputs at a given θ on held-out rows. On the CPU always: θ comes from a checkpoint.

use crate::backend::cpu::Forward;
use crate::data::{Metric, Split, Targets};
use crate::kernels::gemm::Packing;
use crate::kernels::{TaskLoss, loss};
use crate::measure::ranking::{auc, balanced_accuracy};
use crate::nn::{Network, ParamLayout};

/// Rows evaluated at once.
const CHUNK: usize = 256;

/// Room for forward passes of one network.
pub struct Evaluator {
    network: Network,
    layout: ParamLayout,
    metrics: Vec<Metric>,
    forward: Forward<f32>,
    packing: Packing<f32>,
    rows: Vec<u32>,
}

impl Evaluator {
    /// Head k is judged by `metrics[k]`.
    pub fn new(network: Network, layout: ParamLayout, metrics: Vec<Metric>) -> Self {
        let forward = Forward::new(&network, CHUNK);
        Self { network, layout, metrics, forward, packing: Packing::default(), rows: Vec::new() }
    }

    /// (K) unscaled losses and (K) metrics on a split; head k is judged by `targets[k]`.
    pub fn judge(&mut self, theta: &[f32], split: &Split, targets: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let k = self.metrics.len();
        let (mut losses, mut right) = (vec![0.0; k], vec![0.0; k]);
        let ranks = |metric: &Metric| matches!(metric, Metric::BalancedAccuracy | Metric::Auc);
        let ranked: Vec<bool> = self.metrics.iter().map(ranks).collect();
        let mut scores = vec![Vec::new(); k]; // (n) logits in the order of the rows, where they are ranked
        let mut dz = Vec::new();
        self.for_chunks(theta, &split.x, split.rows, |network, forward, rows| {
            for task in 0..k {
                let head = &network.heads[task];
                let outputs = head.layers.last().map_or(1, |layer| layer.outputs());
                let z = &forward.outputs(task)[..rows.len() * outputs];
                let own: Vec<f32> = match &split.targets[targets[task]] {
                    Targets::Class(classes) => rows.iter().map(|&row| classes[row as usize] as f32).collect(),
                    Targets::Value(values) => rows.iter().map(|&row| values[row as usize]).collect(),
                };
                dz.resize(z.len(), 0.0);
                let task_loss = TaskLoss { loss: head.loss, targets: &own, scale: 1.0 };
                losses[task] += loss(&task_loss, outputs, z, &mut dz) * rows.len() as f64;
                if ranked[task] {
                    scores[task].extend(z.iter().step_by(outputs));
                }
                for (z, &target) in z.chunks_exact(outputs).zip(&own) {
                    right[task] += match self_answer(z) {
                        Guess::Class(class) => f64::from(class as f32 == target),
                        Guess::Logit(z) => match head.loss {
                            crate::nn::Loss::BinaryCrossEntropy => f64::from((z > 0.0) == (target > 0.5)),
                            _ => f64::from(z - target).powi(2),
                        },
                    };
                }
            }
        });
        let n = split.rows.max(1) as f64;
        let metrics = (0..k).map(|task| match self.metrics[task] {
            Metric::Accuracy => right[task] / n,
            Metric::BalancedAccuracy => balanced_accuracy(&scores[task], &answers(&split.targets[targets[task]])),
            Metric::Auc => auc(&scores[task], &answers(&split.targets[targets[task]])),
            Metric::R2 => 1.0 - right[task] / spread(&split.targets[targets[task]]),
        });
        let metrics = metrics.collect();
        (losses.iter().map(|loss| loss / n).collect(), metrics)
    }

    /// (K) of (n, C) outputs for (n, D) inputs.
    pub fn outputs(&mut self, theta: &[f32], x: &[f32]) -> Vec<Vec<f32>> {
        let n = x.len() / self.network.n_inputs.max(1);
        let mut all = vec![Vec::new(); self.metrics.len()];
        self.for_chunks(theta, x, n, |network, forward, rows| {
            for (task, all) in all.iter_mut().enumerate() {
                let outputs = network.heads[task].layers.last().map_or(1, |layer| layer.outputs());
                all.extend_from_slice(&forward.outputs(task)[..rows.len() * outputs]);
            }
        });
        all
    }

    fn for_chunks(
        &mut self,
        theta: &[f32],
        x: &[f32],
        n: usize,
        mut visit: impl FnMut(&Network, &Forward<f32>, &[u32]),
    ) {
        for first in (0..n).step_by(CHUNK) {
            self.rows.clear();
            self.rows.extend(first as u32..(first + CHUNK).min(n) as u32);
            self.forward.run((&self.network, &self.layout), theta, x, &self.rows, &mut self.packing);
            visit(&self.network, &self.forward, &self.rows);
        }
    }
}

enum Guess {
    Class(usize),
    Logit(f32),
}

fn self_answer(z: &[f32]) -> Guess {
    match z {
        [z] => Guess::Logit(*z),
        _ => Guess::Class(top_class(z)),
    }
}

/// Index of the largest output (the first of equals).
pub fn top_class(z: &[f32]) -> usize {
    let mut best = 0;
    for (class, &value) in z.iter().enumerate() {
        if value > z[best] {
            best = class;
        }
    }
    best
}

/// Whether each row's answer is yes; a class other than the first counts as yes.
fn answers(targets: &Targets) -> Vec<bool> {
    match targets {
        Targets::Class(classes) => classes.iter().map(|&class| class > 0).collect(),
        Targets::Value(values) => values.iter().map(|&value| value > 0.5).collect(),
    }
}

/// Σ (y − ȳ)².
fn spread(targets: &Targets) -> f64 {
    match targets {
        Targets::Class(_) => 1.0,
        Targets::Value(values) => {
            let mean = values.iter().map(|&y| f64::from(y)).sum::<f64>() / values.len().max(1) as f64;
            values.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>().max(f64::MIN_POSITIVE)
        }
    }
}
