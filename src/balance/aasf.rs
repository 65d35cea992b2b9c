//! AASF, augmented achievement scalarization: minimizes μ log Σ exp((Lᵢ − zᵢ)/(αᵢμ)) + ρ Σ αᵢ(Lᵢ − zᵢ).
//!
//! Wierzbicki's (1980) worst ratio plus a small sum that rules out weakly Pareto optimal ends, with the
//! maximum made smooth as in libmoon (Zhang et al. 2024). wᵢ = softmax((L − z)/(αμ))ᵢ/αᵢ + ραᵢ. Shares below
//! 1e-6 count as 1e-6 where they divide. The ideal point z is 0 in training.

use super::modified_tchebycheff::SMALLEST_SHARE;
use super::solve::softmax;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "aasf",
    label: "AASF",
    gloss: "augmented worst ratio",
    optimizes: "Works smoothly on the loss that exceeds its share of the preference most, plus a little of the weighted sum so that no task is left where it could still improve for free. The losses end up near the ratio of the preference: a large share allows a large loss.",
    choose: "When you want losses in the ratio of the preference, also where the front bulges inward, and Modified Tchebycheff jumps too much between tasks.",
    avoid: "When the losses have different units: their ratio and the smoothing μ are measured in them. When a large share should mean a small loss, as with Tchebycheff or EPO.",
    pitfalls: "The preference works the other way round than in a weighted sum, apart from the small sum that is added. Wierzbicki's function takes the plain maximum; libmoon smooths it with μ = 0.1 and ρ = 0.1, the defaults here too, but takes exponentials without subtracting the largest exponent, which can overflow. Here it is subtracted, the ideal point is 0, and shares below 1e-6 count as 1e-6 where they divide.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Xiaoyuan Zhang", "Liang Zhao", "Yingying Yu", "Xi Lin", "Yifan Chen", "Han Zhao", "Qingfu Zhang"],
        title: "LibMOON: A Gradient-based MultiObjective OptimizatioN Library in PyTorch",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2024,
        link: "https://arxiv.org/abs/2409.02969",
    },
    kind: Kind::LossWeighting,
    knobs: &[
        Knob { name: "mu", label: "smoothing μ", default: 0.1, min: 0.001, max: 10.0, scale: KnobScale::Log },
        Knob {
            name: "rho", label: "weight of the sum ρ", default: 0.1, min: 0.0, max: 10.0, scale: KnobScale::Linear
        },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Aasf::new(setup))),
};

/// Largest exponent that is told apart; its differences stay inside f64.
const LARGEST: f64 = 1e300;

struct Aasf {
    mu: f64,
    rho: f64,
}

impl Aasf {
    fn new(setup: &Setup) -> Self {
        Self { mu: setup.knobs[0], rho: setup.knobs[1] }
    }
}

impl LossesMethod for Aasf {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, |_| 0.0, (self.mu, self.rho), w);
        Outcome::Settled
    }
}

/// Writes the weights (K) for preference α (K), ideal point z and (μ, ρ); returns the scalarized loss.
pub fn evaluate(
    losses: &[f64],
    preference: &[f64],
    ideal: impl Fn(usize) -> f64,
    (mu, rho): (f64, f64),
    w: &mut [f64],
) -> f64 {
    let share = |i: usize| preference[i].max(SMALLEST_SHARE);
    let mut linear = 0.0;
    for (i, w) in w.iter_mut().enumerate() {
        let above = losses[i] - ideal(i);
        *w = (above / (share(i) * mu)).clamp(-LARGEST, LARGEST);
        linear += preference[i] * above;
    }
    let top = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let value = mu * (top + libm::log(w.iter().map(|x| libm::exp(x - top)).sum::<f64>()));
    softmax(w);
    for (i, w) in w.iter_mut().enumerate() {
        *w = *w / share(i) + rho * preference[i];
    }
    value + rho * linear
}
