//! SDMGrad (Xiao et al. 2023): the shortest combination near the mean gradient, from products of independent batches.
//!
//! w descends ½‖Gᵀ(w + λ·1/K)‖² on the simplex by `n_iter` steps with momentum, on A = G₁G₂ᵀ divided by the square of
//! mean √(max(Aᵢᵢ, 0) + 1e-4); d = (w + λ/K)/(1 + λ) on a third batch, the step's own. w goes on from the last step,
//! the momentum does not. Without batches of their own (single steps of the command line) G stands for both. Never
//! undefined: w stays on the simplex.

use super::solve::{Column, MAX_TASKS, dot, simplex};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "sdmgrad",
    label: "SDMGrad",
    gloss: "regularized descent",
    optimizes: "Seeks the shortest combination of the gradients, pulled toward their mean by λ, on batches that know nothing of each other. Large λ is the plain mean.",
    choose: "When batches are noisy and the weights should not follow the noise of the step they are used in, or when MGDA strays too far from the mean.",
    avoid: "When steady weights matter: the inner steps are long, so under noise w jumps between extremes. Also when two more batches a step cost too much.",
    pitfalls: "The official code uses one gradient three times where the paper asks for independent ones; the inner learning rate is 10 there and in TorchJD, 5 in LibMTL. Here two more batches give G₁ and G₂ and the step's own batch gives d; 20 inner steps, momentum 0.5 and λ = 0.3 are the defaults. w is kept from step to step, the momentum v is not; s is the mean of √Aₖₖ with A = G₁G₂ᵀ, about the length of a gradient.",
    promises: &[Promise::OnSimplex],
    source: Source {
        authors: &["Peiyao Xiao", "Hao Ban", "Kaiyi Ji"],
        title: "Direction-oriented Multi-objective Learning: Simple and Provable Stochastic Algorithms",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2023,
        link: "https://arxiv.org/abs/2305.18409",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob {
            name: "lambda",
            label: "pull λ to the mean",
            default: 0.3,
            min: 0.0,
            max: 10.0,
            scale: KnobScale::Linear,
        },
        Knob { name: "lr", label: "inner learning rate", default: 10.0, min: 1e-3, max: 100.0, scale: KnobScale::Log },
        Knob { name: "momentum", label: "inner momentum", default: 0.5, min: 0.0, max: 0.99, scale: KnobScale::Linear },
        Knob { name: "n_iter", label: "inner steps", default: 20.0, min: 1.0, max: 200.0, scale: KnobScale::Integer },
    ],
    needs: &[Need::TwoMoreBatches],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(SdmGrad::new(setup))),
};

/// w and the knobs.
pub struct SdmGrad {
    lambda: f64,
    lr: f64,
    momentum: f64,
    n_iter: usize,
    w: Vec<f64>, // (K)
}

impl SdmGrad {
    pub fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        let [lambda, lr, momentum, n_iter] = [0, 1, 2, 3].map(|knob| setup.knobs[knob]);
        Self { lambda, lr, momentum, n_iter: n_iter as usize, w: vec![1.0 / k as f64; k] }
    }

    /// Weights (K) of G after one more A = G₁G₂ᵀ, given by its diagonal and its rows.
    pub fn observe(&mut self, diagonal: impl Fn(usize) -> f64, row: impl Fn(usize, &[f64]) -> f64, out: &mut [f64]) {
        let k = out.len();
        let pull = self.lambda / k as f64;
        let scale = (0..k).map(|i| (diagonal(i).max(0.0) + 1e-4).sqrt()).sum::<f64>() / k as f64;
        let (mut velocity, mut at): (Column, Column) = ([0.0; MAX_TASKS], [0.0; MAX_TASKS]);
        for _ in 0..self.n_iter {
            for (at, w) in at.iter_mut().zip(&self.w) {
                *at = w + pull;
            }
            for i in 0..k {
                // Beyond 1e12 the projection ends at a corner in any case.
                let gradient = (row(i, &at[..k]) / scale / scale).clamp(-1e12, 1e12);
                velocity[i] = self.momentum * velocity[i] + gradient;
                self.w[i] -= self.lr * velocity[i];
            }
            simplex::project(&mut self.w);
        }
        for (out, w) in out.iter_mut().zip(&self.w) {
            *out = (w + pull) / (1.0 + self.lambda);
        }
    }
}

impl GramianMethod for SdmGrad {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        match ctx.served.cross {
            Some(a) => self.observe(|i| a[i * k + i], |i, at| dot(&a[i * k..(i + 1) * k], at), w),
            None => self.observe(|i| gramian.product(i, i), |i, at| gramian.along(i, at), w),
        }
        Outcome::Settled
    }
}
