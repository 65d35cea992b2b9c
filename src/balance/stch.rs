//! STCH, smooth Tchebycheff scalarization (Lin et al. 2024): minimizes μ log Σ exp(αᵢ(Lᵢ − zᵢ)/μ).
//!
//! wᵢ = αᵢ softmax(α(L − z)/μ)ᵢ. The ideal point z is 0 in training, the lower bound of every loss here.

use super::solve::softmax;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "stch",
    label: "STCH",
    gloss: "soft worst case",
    optimizes: "Minimizes a smooth maximum of the weighted losses: with small μ only the worst task counts, with large μ all do.",
    choose: "When a preference should reach every trade-off, also where the front bulges inward, without the jumps of Tchebycheff.",
    avoid: "When the losses have different units: then the one with the largest numbers counts as the worst. STCH-MTL cancels units.",
    pitfalls: "The authors' multi-task code is another method, listed as STCH-MTL. μ is in units of α times loss, so what is small depends on the problem; 0.01 to 1 are in use, 0.1 is the default here. The ideal point is 0, and the weights sum to an average of α, so steps are shorter than those of Constant.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Xi Lin", "Xiaoyuan Zhang", "Zhiyuan Yang", "Fei Liu", "Zhenkun Wang", "Qingfu Zhang"],
        title: "Smooth Tchebycheff Scalarization for Multi-Objective Optimization",
        venue: Venue::Proceedings("ICML"),
        year: 2024,
        link: "https://arxiv.org/abs/2402.19078",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob { name: "mu", label: "smoothing μ", default: 0.1, min: 0.001, max: 10.0, scale: KnobScale::Log }],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Stch::new(setup))),
};

struct Stch {
    mu: f64,
}

impl Stch {
    fn new(setup: &Setup) -> Self {
        Self { mu: setup.knobs[0] }
    }
}

impl LossesMethod for Stch {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, |_| 0.0, self.mu, w);
        Outcome::Settled
    }
}

/// Writes the weights (K) for preference α (K) and ideal point z and returns the scalarized loss.
pub fn evaluate(losses: &[f64], preference: &[f64], ideal: impl Fn(usize) -> f64, mu: f64, w: &mut [f64]) -> f64 {
    for (i, w) in w.iter_mut().enumerate() {
        *w = preference[i] * (losses[i] - ideal(i)) / mu;
    }
    let top = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let value = mu * (top + libm::log(w.iter().map(|x| libm::exp(x - top)).sum::<f64>()));
    softmax(w);
    for (w, alpha) in w.iter_mut().zip(preference) {
        *w *= alpha;
    }
    value
}
