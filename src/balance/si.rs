//! SI, scale-invariant loss: minimizes Σ log Lᵢ, so wᵢ = 1/Lᵢ (a baseline of Navon et al. 2022).
//!
//! One library uses log(1 + L), which is not scale-invariant. Losses at or below 1e-12 count as 1e-12.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, StepContext};

pub const METHOD: Method = Method {
    id: "si",
    label: "SI",
    gloss: "log losses",
    optimizes: "Minimizes the sum of the logarithms of the losses: multiplying a loss by a constant changes nothing.",
    choose: "When losses come in different units and a rule without settings should level them.",
    avoid: "When one task can be solved almost completely: its weight 1/L grows without limit and it pulls hardest. Losses must be positive.",
    pitfalls: "SamsungLabs/MTL takes log(1 + L), which does depend on units. Here it is log L, and losses below 1e-12 count as 1e-12. The direction is that of GLS; the length is not, which SGD feels and Adam hardly.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: super::nash_mtl::METHOD.source,
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &["gls"],
    build: Build::Losses(|_| Box::new(Si)),
};

/// Smallest loss whose logarithm is taken.
pub(super) const FLOOR: f64 = 1e-12;

struct Si;

impl LossesMethod for Si {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        log_losses(ctx.losses, w);
        if ctx.losses.iter().any(|&loss| loss < FLOOR) { Outcome::Degenerate } else { Outcome::Settled }
    }
}

/// Writes w = 1/L (K) and returns Σ log Lᵢ.
pub fn log_losses(losses: &[f64], w: &mut [f64]) -> f64 {
    let mut value = 0.0;
    for (w, &loss) in w.iter_mut().zip(losses) {
        let loss = loss.max(FLOOR);
        value += libm::log(loss);
        *w = 1.0 / loss;
    }
    value
}
