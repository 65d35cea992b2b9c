//! COSMOS (Ruchte & Grabocka 2021): minimizes α·L − λ cos(α, L), the losses near the ray of the preference.
//!
//! wᵢ = αᵢ − λ (αᵢ/‖α‖ − cos · Lᵢ/‖L‖)/‖L‖. The method as published also feeds random preferences to the
//! network; this is its loss for one preference (λ from 1 to 8 there). One library uses α/‖α‖ in the linear
//! term. Losses at or below 1e-12 have no angle: w = α. Weights may be negative.

use super::si::FLOOR;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "cosmos",
    label: "COSMOS",
    gloss: "toward ray",
    optimizes: "Adds to the weighted sum a reward for losses in the ratio of the preference: here a large share allows a large loss. The reward spreads solutions over a front that the plain sum would skip.",
    choose: "When several preferences should end at well-spread points of the front, each with its losses near the ray of its preference.",
    avoid: "When losses become small: the angle does not shrink with them, so its pull outgrows that of the sum. When a task must never be pushed up, for weights may be negative.",
    pitfalls: "The published method also feeds random preferences to the network; this is only its loss, for one preference. λ is 1 here, 1 to 8 in the paper and 5 to 10 in libmoon, which also divides the preference of the linear term by its length; TorchJD and this code do not. The two terms read an uneven preference in opposite ways: a large share means a small loss in the sum and allows a large one in the angle.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Michael Ruchte", "Josif Grabocka"],
        title: "Scalable Pareto Front Approximation for Deep Multi-Objective Learning",
        venue: Venue::Proceedings("ICDM"),
        year: 2021,
        link: "https://arxiv.org/abs/2103.13392",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob {
        name: "lambda",
        label: "weight of the angle",
        default: 1.0,
        min: 0.0,
        max: 20.0,
        scale: KnobScale::Linear,
    }],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Cosmos::new(setup))),
};

struct Cosmos {
    lambda: f64,
}

impl Cosmos {
    fn new(setup: &Setup) -> Self {
        Self { lambda: setup.knobs[0] }
    }
}

impl LossesMethod for Cosmos {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, self.lambda, w);
        if ctx.losses.iter().all(|loss| loss.abs() <= FLOOR) { Outcome::Degenerate } else { Outcome::Settled }
    }
}

/// Writes the weights (K) for preference α (K) and returns α·L − λ cos(α, L).
pub fn evaluate(losses: &[f64], preference: &[f64], lambda: f64, w: &mut [f64]) -> f64 {
    let top = losses.iter().fold(0.0_f64, |top, loss| top.max(loss.abs()));
    let linear: f64 = losses.iter().zip(preference).map(|(loss, alpha)| alpha * loss).sum();
    w.copy_from_slice(preference);
    if top <= FLOOR {
        return linear;
    }
    let share = |i: usize| losses[i] / top;
    let length = (0..losses.len()).map(|i| share(i) * share(i)).sum::<f64>().sqrt();
    let size = preference.iter().map(|a| a * a).sum::<f64>().sqrt();
    let cosine: f64 = (0..losses.len()).map(|i| preference[i] / size * (share(i) / length)).sum();
    for (i, w) in w.iter_mut().enumerate() {
        *w -= lambda * (preference[i] / size - cosine * share(i) / length) / (top * length);
    }
    linear - lambda * cosine
}
