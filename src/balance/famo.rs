//! FAMO (Liu et al. 2023): z = softmax(ξ) balances the decrease of log losses, learned from losses alone.
//!
//! Before the step wᵢ = (zᵢ/Dᵢ)/Σ(zⱼ/Dⱼ) with Dᵢ = Lᵢ − bᵢ + 1e-8; after it ξ takes an Adam step on
//! Jᵀδ + γξ, where δᵢ = log Dᵢ before − log Dᵢ after on the same batch and J is the softmax's Jacobian.
//! The decay γ enters the gradient (the paper's algorithm), not the parameters as in AdamW. The lower
//! bounds b are 0 unless a problem's losses go below. Losses at or below b count as 1e-8 above it, so
//! weights stay finite.

use super::solve::adam::Adam;
use super::solve::{dot, softmax};
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "famo",
    label: "FAMO",
    gloss: "equal log decrease",
    optimizes: "Weights the log losses so that every task improves at the same relative rate, learning the weights from how the losses change.",
    choose: "When K gradients a step are too expensive but you want what the max-min gradient methods aim at: the task that improves least should improve more.",
    avoid: "When a loss can come close to its lower bound: its logarithm runs away and the task takes nearly all the weight.",
    pitfalls: "The decay γ is 1e-3 in the paper, LibMTL and TorchJD, 1e-5 or 1e-2 in the authors' two files; it belongs in the gradient of ξ, not on ξ itself as in AdamW. One of those files clips gradients before the backward pass, which does nothing. Here γ = 1e-3, nothing is clipped, and the lower bound is 0 unless an analytic problem's losses go below it.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex],
    source: Source {
        authors: &["Bo Liu", "Yihao Feng", "Peter Stone", "Qiang Liu"],
        title: "FAMO: Fast Adaptive Multitask Optimization",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2023,
        link: "https://arxiv.org/abs/2306.03792",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob { name: "w_lr", label: "learning rate of ξ", default: 0.025, min: 1e-4, max: 1.0, scale: KnobScale::Log },
        Knob { name: "gamma", label: "decay of ξ", default: 1e-3, min: 0.0, max: 1.0, scale: KnobScale::Linear },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::LossesAfterStep, Need::LossValues],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Famo::new(setup))),
};

const FLOOR: f64 = 1e-8;

/// Logits ξ and what the update after the step needs from before it.
pub struct Famo {
    w_lr: f64,
    gamma: f64,
    lower_bounds: Vec<f64>, // (K)
    logits: Vec<f64>,       // (K)
    z: Vec<f64>,            // (K) softmax(logits)
    log_before: Vec<f64>,   // (K)
    gradient: Vec<f64>,     // (K)
    adam: Adam,
}

impl Famo {
    fn new(setup: &Setup) -> Self {
        Self::with_lower_bounds(setup, vec![0.0; setup.n_tasks])
    }

    /// With bounds b (K) that the losses cannot pass.
    pub fn with_lower_bounds(setup: &Setup, lower_bounds: Vec<f64>) -> Self {
        let k = setup.n_tasks;
        Self {
            w_lr: setup.knobs[0],
            gamma: setup.knobs[1],
            lower_bounds,
            logits: vec![0.0; k],
            z: vec![1.0 / k as f64; k],
            log_before: vec![0.0; k],
            gradient: vec![0.0; k],
            adam: Adam::new(k),
        }
    }

    /// ξ (K).
    pub fn logits(&self) -> &[f64] {
        &self.logits
    }

    fn above_bound(&self, i: usize, loss: f64) -> f64 {
        (loss - self.lower_bounds[i] + FLOOR).max(FLOOR)
    }
}

impl LossesMethod for Famo {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/adam"), shader!("famo")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.w_lr as f32, self.gamma as f32, 0.0, 0.0] })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        self.z.copy_from_slice(&self.logits);
        softmax(&mut self.z);
        for (i, w) in w.iter_mut().enumerate() {
            let above = self.above_bound(i, ctx.losses[i]);
            self.log_before[i] = libm::log(above);
            *w = self.z[i] / above;
        }
        let total: f64 = w.iter().sum();
        for w in w.iter_mut() {
            *w /= total;
        }
        Outcome::Settled
    }

    fn after_step(&mut self, _ctx: &StepContext<'_>, losses_after: &[f64]) {
        for (i, &loss) in losses_after.iter().enumerate() {
            self.gradient[i] = self.log_before[i] - libm::log(self.above_bound(i, loss));
        }
        let mean = dot(&self.z, &self.gradient);
        for i in 0..losses_after.len() {
            self.gradient[i] = self.z[i] * (self.gradient[i] - mean) + self.gamma * self.logits[i];
        }
        self.adam.step(self.w_lr, &self.gradient, &mut self.logits);
    }

    fn bound_losses(&mut self, floor: &[f64]) {
        self.lower_bounds.copy_from_slice(floor);
    }
}
