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

/// A judgement under way.
pub struct Judging {
    next: usize,
    losses: Vec<f64>,      // (K) sums
    right: Vec<f64>,       // (K) sums
    scores: Vec<Vec<f32>>, // (K) logits in the order of the rows, where they are ranked
    own: Vec<f32>,         // targets of the rows at hand
    dz: Vec<f32>,
}

impl Evaluator {
    /// Head k is judged by `metrics[k]`.
    pub fn new(network: Network, layout: ParamLayout, metrics: Vec<Metric>) -> Self {
        let forward = Forward::new(&network, CHUNK);
        Self { network, layout, metrics, forward, packing: Packing::default(), rows: Vec::new() }
    }

    /// (K) unscaled losses and (K) metrics on a split; head k is judged by `targets[k]`.
    pub fn judge(&mut self, theta: &[f32], split: &Split, targets: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let mut judging = self.begin();
        while !self.judge_on(&mut judging, theta, split, targets) {}
        self.verdict(judging, split, targets)
    }

    /// Begins to judge in portions.
    pub fn begin(&self) -> Judging {
        let k = self.metrics.len();
        Judging {
            next: 0,
            losses: vec![0.0; k],
            right: vec![0.0; k],
            scores: vec![Vec::new(); k],
            own: Vec::new(),
            dz: Vec::new(),
        }
    }

    /// Judges some more rows of the same split at the same θ; true once all are done.
    pub fn judge_on(&mut self, judging: &mut Judging, theta: &[f32], split: &Split, targets: &[usize]) -> bool {
        let ranks = |metric: &Metric| matches!(metric, Metric::BalancedAccuracy | Metric::Auc);
        let first = judging.next;
        judging.next = (first + CHUNK).min(split.rows);
        self.rows.clear();
        self.rows.extend(first as u32..judging.next as u32);
        self.forward.run((&self.network, &self.layout), theta, &split.x, &self.rows, &mut self.packing);
        let Judging { losses, right, scores, own, dz, .. } = judging;
        for (task, head) in self.network.heads.iter().enumerate() {
            let outputs = head.layers.last().map_or(1, |layer| layer.outputs());
            let z = &self.forward.outputs(task)[..self.rows.len() * outputs];
            own.clear();
            match &split.targets[targets[task]] {
                Targets::Class(classes) => own.extend(self.rows.iter().map(|&row| classes[row as usize] as f32)),
                Targets::Value(values) => own.extend(self.rows.iter().map(|&row| values[row as usize])),
            }
            dz.resize(z.len(), 0.0);
            let task_loss = TaskLoss { loss: head.loss, targets: own, scale: 1.0 };
            losses[task] += loss(&task_loss, outputs, z, dz) * self.rows.len() as f64;
            if ranks(&self.metrics[task]) {
                scores[task].extend(z.iter().step_by(outputs));
            }
            for (z, &target) in z.chunks_exact(outputs).zip(&*own) {
                right[task] += match self_answer(z) {
                    Guess::Class(class) => f64::from(class as f32 == target),
                    Guess::Logit(z) => match head.loss {
                        crate::nn::Loss::BinaryCrossEntropy => f64::from((z > 0.0) == (target > 0.5)),
                        _ => f64::from(z - target).powi(2),
                    },
                };
            }
        }
        judging.next >= split.rows
    }

    /// Losses and metrics once all rows are judged.
    pub fn verdict(&self, judging: Judging, split: &Split, targets: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let Judging { losses, right, scores, .. } = judging;
        let n = split.rows.max(1) as f64;
        let metrics = self.metrics.iter().enumerate().map(|(task, metric)| match metric {
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
