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
    optimizes: "Minimizes a norm of the weighted losses. Its p leads from the plain weighted sum (1) to the worst case (large), and from a certain p on it reaches trade-offs where the front bulges inward. One backward pass; depends on the units of the losses.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &[],
        title: "Miettinen, Nonlinear Multiobjective Optimization (Kluwer)",
        venue: Venue::Preprint,
        year: 1999,
        link: "",
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
