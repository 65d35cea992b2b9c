//! GLS, geometric loss strategy (Chennupati et al. 2019): minimizes (Π Lᵢ)^(1/K).
//!
//! The weight on gᵢ is value/(K Lᵢ), from the mean of log losses. Losses at or below 1e-12 count as 1e-12.

use super::si::{FLOOR, log_losses};
use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "gls",
    label: "GLS",
    gloss: "geometric mean",
    optimizes: "Minimizes the geometric mean of the losses, so a task's pull is relative to its own loss and units cancel.",
    choose: "When losses are positive, differ in units, and relative progress is what counts.",
    avoid: "When a loss can come close to 0, since its task then takes all the weight, or when losses can be negative.",
    pitfalls: "The weights that LibMTL returns are not the factors of the gradients, though its gradient is right; the factor of task k, used here, is the geometric mean divided by K times its loss. The mean is taken over logarithms, so that products cannot overflow, and losses at 1e-12 or below count as 1e-12. The direction is that of SI; only the length differs, which Adam removes.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Sumanth Chennupati", "Ganesh Sistu", "Senthil Yogamani", "Samir A. Rawashdeh"],
        title: "MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task Learning",
        venue: Venue::Proceedings("CVPR Workshops"),
        year: 2019,
        link: "https://arxiv.org/abs/1904.08492",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &["si"],
    build: Build::Losses(|_| Box::new(Gls)),
};

struct Gls;

impl LossesMethod for Gls {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("gls")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [FLOOR as f32, 0.0, 0.0, 0.0] })
    }

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
