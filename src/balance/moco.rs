//! MoCo (Fernando et al. 2023): running means Y of the gradients, rid of the noise of a batch, choose the weights.
//!
//! Y ← Y − βₜ(Y − Ĝ) from 0 with rows ĝᵢ = Lᵢgᵢ/(‖gᵢ‖ + 1e-8), λ ← softmax(λ − γₜ(YYᵀ + ρI)λ) from 1/K, d = Yᵀλ;
//! βₜ = β/t^σβ and γₜ = γ/t^σγ for update t from 1. Rows of length Lᵢ and the softmax are the authors' code; the paper
//! keeps plain rows and projects λ onto the simplex. Losses count as at least 0 and at most 1e12; a zero gradient only
//! fades its row; with all rows 0 the softmax evens λ out.

use super::solve::softmax;
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "moco",
    label: "MoCo",
    gloss: "tracked gradients",
    optimizes: "Tracks every task's gradient by a running mean and lets the weights drift toward the shortest combination of those means, so that the noise of a batch does not decide.",
    choose: "When batches are small and noisy, and the noise should not bias the weights as it does in MGDA.",
    avoid: "When gradients turn fast or training is short: the step follows the running means, not the batch, and both paces fall with the steps.",
    pitfalls: "The paper tracks plain gradients and projects the weights onto the simplex; the authors' code in LibMTL gives every gradient the length of its loss and takes a softmax of the weights instead. This implementation follows that code, with β = 0.5/√t, γ = 0.1/√t and ρ = 0. The softmax pulls the weights back toward even ones in every step, so they stay close to those unless losses are large.",
    promises: &[Promise::OrderFree],
    source: Source {
        authors: &[
            "Heshan Devaka Fernando",
            "Han Shen",
            "Miao Liu",
            "Subhajit Chaudhury",
            "Keerthiram Murugesan",
            "Tianyi Chen",
        ],
        title: "Mitigating Gradient Bias in Multi-objective Learning: A Provably Convergent Approach",
        venue: Venue::Proceedings("ICLR"),
        year: 2023,
        link: "https://openreview.net/forum?id=dLAYGdKTi2",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob { name: "beta", label: "pace β of the means", default: 0.5, min: 1e-3, max: 1.0, scale: KnobScale::Log },
        Knob { name: "beta_sigma", label: "decay of β", default: 0.5, min: 0.0, max: 2.0, scale: KnobScale::Linear },
        Knob {
            name: "gamma",
            label: "pace γ of the weights",
            default: 0.1,
            min: 1e-4,
            max: 10.0,
            scale: KnobScale::Log,
        },
        Knob { name: "gamma_sigma", label: "decay of γ", default: 0.5, min: 0.0, max: 2.0, scale: KnobScale::Linear },
        Knob {
            name: "rho",
            label: "pull ρ to even weights",
            default: 0.0,
            min: 0.0,
            max: 10.0,
            scale: KnobScale::Linear,
        },
    ],
    needs: &[Need::LossValues, Need::KeptRows],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(MoCo::new(setup))),
};

const FLOOR: f64 = 1e-8;
const LARGEST_LOSS: f64 = 1e12;

struct MoCo {
    beta: f64,
    beta_sigma: f64,
    gamma: f64,
    gamma_sigma: f64,
    rho: f64,
    lambda: Vec<f64>, // (K)
}

impl MoCo {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        let [beta, beta_sigma, gamma, gamma_sigma, rho] = [0, 1, 2, 3, 4].map(|knob| setup.knobs[knob]);
        Self { beta, beta_sigma, gamma, gamma_sigma, rho, lambda: vec![1.0 / k as f64; k] }
    }
}

impl GramianMethod for MoCo {
    fn keep(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, keep: &mut [f64], add: &mut [f64]) {
        let beta = self.beta / libm::pow((ctx.step + 1) as f64, self.beta_sigma);
        keep.fill(1.0 - beta);
        for (i, add) in add.iter_mut().enumerate() {
            *add = beta * ctx.losses[i].clamp(0.0, LARGEST_LOSS) / (gramian.norms()[i] + FLOOR);
        }
    }

    fn weights(&mut self, ctx: &StepContext<'_>, kept: &Gramian, w: &mut [f64]) -> Outcome {
        let gamma = self.gamma / libm::pow((ctx.step + 1) as f64, self.gamma_sigma);
        for (i, w) in w.iter_mut().enumerate() {
            *w = self.lambda[i] - gamma * (kept.along(i, &self.lambda) + self.rho * self.lambda[i]);
        }
        softmax(w);
        self.lambda.copy_from_slice(w);
        Outcome::Settled
    }
}
