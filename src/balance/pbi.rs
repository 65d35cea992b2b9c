//! PBI, penalty-based boundary intersection (Zhang & Li 2007): minimizes d₁ + θ d₂.
//!
//! With u = α/‖α‖, d₁ = L·u is the distance along the preference and d₂ = ‖L − d₁u‖ the distance from it;
//! w = u + θ(L − d₁u)/d₂. On the ray itself, where d₂ has no gradient, w = u. Weights may be negative: a task
//! that is ahead of the ray is held back. The ideal point is 0.

use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "pbi",
    label: "PBI",
    gloss: "along ray",
    optimizes: "Shortens the losses along the ray of the preference and punishes leaving it, so that they end up in its ratio: here a large share allows a large loss.",
    choose: "When the losses should end up in a given ratio and all of them should count on the way, not only the worst.",
    avoid: "When no task may get worse: with large θ a task that is ahead is pushed back, and the end need not be Pareto optimal.",
    pitfalls: "θ is 5 in MOEA/D and 1 in libmoon, whose NumPy version divides all preferences by one common norm. Here θ is 5, each preference is scaled to length 1, and the ideal point is 0. Weights may be negative; on the ray itself, where the distance from it has no gradient, w is the ray's direction.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Qingfu Zhang", "Hui Li"],
        title: "MOEA/D: A Multiobjective Evolutionary Algorithm Based on Decomposition",
        venue: Venue::Journal("IEEE TEVC"),
        year: 2007,
        link: "https://doi.org/10.1109/TEVC.2007.892759",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob { name: "theta", label: "penalty θ", default: 5.0, min: 0.0, max: 100.0, scale: KnobScale::Linear }],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Pbi::new(setup))),
};

/// Share of the losses below which their distance from the ray is rounding.
const ON_THE_RAY: f64 = 1e-14;

struct Pbi {
    theta: f64,
}

impl Pbi {
    fn new(setup: &Setup) -> Self {
        Self { theta: setup.knobs[0] }
    }
}

impl LossesMethod for Pbi {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, self.theta, w);
        Outcome::Settled
    }
}

/// Writes the weights (K) for preference α (K) and returns d₁ + θ d₂.
pub fn evaluate(losses: &[f64], preference: &[f64], theta: f64, w: &mut [f64]) -> f64 {
    let (along, off) = resolve(losses, preference, w);
    let length = preference.iter().map(|a| a * a).sum::<f64>().sqrt();
    for (w, alpha) in w.iter_mut().zip(preference) {
        *w = alpha / length + theta * *w;
    }
    along + theta * off
}

/// Distances of the losses (K) along the ray α and from it; writes the unit vector (K) away from the ray, or
/// zeros on it.
pub(super) fn resolve(losses: &[f64], preference: &[f64], away: &mut [f64]) -> (f64, f64) {
    let length = preference.iter().map(|a| a * a).sum::<f64>().sqrt();
    let top = losses.iter().fold(f64::MIN_POSITIVE, |top, loss| top.max(loss.abs()));
    let along: f64 = losses.iter().zip(preference).map(|(loss, alpha)| loss / top * (alpha / length)).sum();
    for (i, away) in away.iter_mut().enumerate() {
        *away = losses[i] / top - along * (preference[i] / length);
    }
    let off = away.iter().map(|x| x * x).sum::<f64>().sqrt();
    let off = if off > ON_THE_RAY { off } else { 0.0 };
    for away in away.iter_mut() {
        *away = if off > 0.0 { *away / off } else { 0.0 };
    }
    (top * along, top * off)
}
