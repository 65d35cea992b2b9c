//! GLS, geometric loss strategy (Chennupati et al. 2019): minimizes (Π Lᵢ)^(1/K).
//!
//! The weight on gᵢ is value/(K Lᵢ), from the mean of log losses. Losses at or below 1e-12 count as 1e-12.

use super::si::{FLOOR, log_losses};
use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "gls",
    label: "GLS",
    gloss: "geometric mean",
    optimizes: "Minimizes the geometric mean of the losses, so a task's pull is relative to its own loss and units cancel. As any loss nears zero it takes all the weight. One backward pass; losses must be positive.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &[],
        title: "Chennupati et al., MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss (CVPR Workshops)",
        venue: Venue::Preprint,
        year: 2019,
        link: "",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &["si"],
    build: Build::Losses(|_| Box::new(Gls)),
};

struct Gls;

impl LossesMethod for Gls {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, w);
        if ctx.losses.iter().any(|&loss| loss < FLOOR) { Outcome::Degenerate } else { Outcome::Settled }
    }
}

/// Writes the weights (K) and returns (Π Lᵢ)^(1/K).
pub fn evaluate(losses: &[f64], w: &mut [f64]) -> f64 {
    let k = losses.len() as f64;
    let value = libm::exp(log_losses(losses, w) / k);
    for w in w.iter_mut() {
        *w *= value / k;
    }
    value
}
