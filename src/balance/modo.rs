//! MoDo (Chen et al. 2023): multi-gradient descent with an unbiased product of gradients of two independent batches.
//!
//! λ ← Π(λ − γ(G₁G₂ᵀ + ρI)λ) from 1/K with the projection Π onto the simplex; d = λᵀG of a third batch, the step's own.
//! Where the batch is the whole training split all three are the same. Without batches of their own (single steps of
//! the command line) G stands for both. Never undefined: λ stays on the simplex.

use super::solve::{dot, simplex};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "modo",
    label: "MoDo",
    gloss: "double sampling",
    optimizes: "Lets the weights drift toward the shortest combination of gradients, and measures it on two batches that know nothing of each other, so that their noise does not look like a long gradient.",
    choose: "When batches are noisy and the weights should be steady and free of the bias that noise brings to MGDA.",
    avoid: "When a conflict has to be settled at once: the weights drift by a pace γ. When the batch is the whole training split: without noise there is nothing to gain from more batches.",
    pitfalls: "γ is 0.001 in LibMTL and 0.1 in TorchJD, and d comes from a third batch or from the mean of all. Here γ and ρ are 0.1, w starts even and d comes from the third batch, the step's own. Where the batch is the whole training split, all three are the same.",
    promises: &[Promise::OrderFree, Promise::OnSimplex],
    source: Source {
        authors: &["Lisha Chen", "Heshan Fernando", "Yiming Ying", "Tianyi Chen"],
        title: "Three-Way Trade-Off in Multi-Objective Learning: Optimization, Generalization and Conflict-Avoidance",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2023,
        link: "https://arxiv.org/abs/2305.20057",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob {
            name: "gamma",
            label: "pace γ of the weights",
            default: 0.1,
            min: 1e-4,
            max: 10.0,
            scale: KnobScale::Log,
        },
        Knob {
            name: "rho",
            label: "pull ρ to even weights",
            default: 0.1,
            min: 0.0,
            max: 10.0,
            scale: KnobScale::Linear,
        },
    ],
    needs: &[Need::TwoMoreBatches],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(MoDo::new(setup))),
};

/// λ and the knobs.
pub struct MoDo {
    gamma: f64,
    rho: f64,
    lambda: Vec<f64>, // (K)
}

impl MoDo {
    pub fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self { gamma: setup.knobs[0], rho: setup.knobs[1], lambda: vec![1.0 / k as f64; k] }
    }

    /// w (K) after one more A = G₁G₂ᵀ, given by rows.
    pub fn observe(&mut self, row: impl Fn(usize, &[f64]) -> f64, w: &mut [f64]) {
        for (i, w) in w.iter_mut().enumerate() {
            *w = self.lambda[i] - self.gamma * (row(i, &self.lambda) + self.rho * self.lambda[i]);
        }
        simplex::project(w);
        self.lambda.copy_from_slice(w);
    }
}

impl GramianMethod for MoDo {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        match ctx.served.cross {
            Some(a) => self.observe(|i, lambda| dot(&a[i * k..(i + 1) * k], lambda), w),
            None => self.observe(|i, lambda| gramian.along(i, lambda), w),
        }
        Outcome::Settled
    }
}
