//! p-norm scalarization (weighted metric, Miettinen 1999, sec. 3.4): minimizes ‖α(L − z)‖ₚ.
//!
//! wᵢ = αᵢ (xᵢ/‖x‖)^(p−1) with x = α(L − z): p = 1 is `constant` over K, large p turns to `tchebycheff`. The
//! ideal point z is 0 in training. At the ideal point, where the norm has no gradient, w = 0.

use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "pnorm",
    label: "p-norm",
    gloss: "loss norm",
    optimizes: "Minimizes the p-norm of the weighted losses: p leads from the plain weighted sum (1) to the worst case (large).",
    choose: "When you want something between Constant and Tchebycheff: from a certain p on it reaches trade-offs where the front bulges inward.",
    avoid: "When the losses have different units: the larger p, the more the loss with the largest numbers decides.",
    pitfalls: "The preference is applied before the power, so the same α means another trade-off for another p; with p = 2 the weights go with α²L. Here p is 2 and the ideal point, which the norm is measured from, is 0. Weights are at most α, so steps are shorter than those of Constant.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["Kaisa Miettinen"],
        title: "Nonlinear Multiobjective Optimization",
        venue: Venue::Book("Kluwer Academic Publishers"),
        year: 1999,
        link: "https://doi.org/10.1007/978-1-4615-5563-6",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob { name: "p", label: "power p", default: 2.0, min: 1.0, max: 20.0, scale: KnobScale::Log }],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(PNorm::new(setup))),
};

struct PNorm {
    p: f64,
}

impl PNorm {
    fn new(setup: &Setup) -> Self {
        Self { p: setup.knobs[0] }
    }
}

impl LossesMethod for PNorm {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let value = evaluate(ctx.losses, ctx.preference, |_| 0.0, self.p, w);
        if value > 0.0 { Outcome::Settled } else { Outcome::Degenerate }
    }
}

/// Writes the weights (K) for preference α (K) and ideal point z and returns ‖α(L − z)‖ₚ, p ≥ 1.
pub fn evaluate(losses: &[f64], preference: &[f64], ideal: impl Fn(usize) -> f64, p: f64, w: &mut [f64]) -> f64 {
    for (i, w) in w.iter_mut().enumerate() {
        *w = preference[i] * (losses[i] - ideal(i));
    }
    let top = w.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
    if top == 0.0 {
        w.fill(0.0);
        return 0.0;
    }
    let norm = libm::pow(w.iter().map(|x| libm::pow(x.abs() / top, p)).sum(), 1.0 / p);
    for (w, alpha) in w.iter_mut().zip(preference) {
        *w = alpha * libm::pow(w.abs() / top / norm, p - 1.0).copysign(*w);
    }
    top * norm
}
