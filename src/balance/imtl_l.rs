//! IMTL-L (Liu et al. 2021): minimizes Σ e^(sᵢ)Lᵢ − sᵢ over θ and s, so that every e^(sᵢ)Lᵢ drifts to 1.
//!
//! s is learned by an Adam of its own with the model's learning rate, as in `uw`; |s| ≤ 30 keeps weights
//! finite when losses reach 0.

use super::solve::adam::Adam;
use super::{Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, StepContext};

pub const METHOD: Method = Method {
    id: "imtl_l",
    label: "IMTL-L",
    gloss: "learned scales",
    optimizes: "Learns one scale per task that brings every scaled loss to 1, whatever the unit of the loss.",
    choose: "When losses have different units or sizes and one learned scale for each is enough to level them.",
    avoid: "When tasks conflict: gradients are not looked at. When losses change fast or fall to 0: the scales move only as fast as the learning rate lets them, and the scale of a vanishing loss keeps growing.",
    pitfalls: "LibMTL has it only together with IMTL-G. Its objective is twice that of UW with the sign of s turned, so both take the same direction and differ in length only. Here s starts at 0, is learned by an Adam of its own with the model's learning rate, and stays within ±30; the heads are scaled too.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: super::imtl_g::METHOD.source,
    kind: Kind::LossWeighting,
    knobs: &[START],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &["uw"],
    build: Build::Losses(|setup| Box::new(ImtlL::new(setup))),
};

/// s before anything is learned.
pub const START: Knob =
    Knob { name: "log_scale", label: "s at the start", default: 0.0, min: -5.0, max: 5.0, scale: KnobScale::Linear };

const LARGEST_LOG_SCALE: f64 = 30.0;

struct ImtlL {
    log_scale: Vec<f64>, // (K)
    gradient: Vec<f64>,  // (K)
    adam: Adam,
}

impl ImtlL {
    fn new(setup: &Setup) -> Self {
        let k = setup.n_tasks;
        Self { log_scale: vec![setup.knobs[0]; k], gradient: vec![0.0; k], adam: Adam::new(k) }
    }
}

impl LossesMethod for ImtlL {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, &self.log_scale, w, &mut self.gradient);
        learn(&mut self.adam, ctx.learning_rate, &self.gradient, &mut self.log_scale);
        Outcome::Settled
    }
}

/// One step of s (K) against its gradient.
pub fn learn(adam: &mut Adam, learning_rate: f64, gradient: &[f64], log_scale: &mut [f64]) {
    adam.step(learning_rate, gradient, log_scale);
    for s in log_scale {
        *s = s.clamp(-LARGEST_LOG_SCALE, LARGEST_LOG_SCALE);
    }
}

/// Writes w = e^s and the objective's gradient with respect to s (K each); returns the objective.
pub fn evaluate(losses: &[f64], log_scale: &[f64], w: &mut [f64], gradient: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for (i, (&loss, &s)) in losses.iter().zip(log_scale).enumerate() {
        w[i] = libm::exp(s);
        gradient[i] = w[i] * loss - 1.0;
        value += w[i] * loss - s;
    }
    value
}
