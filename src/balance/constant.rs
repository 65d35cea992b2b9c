//! Constant: fixed weights, linear scalarization d = K Σ αᵢ gᵢ with the preference α.
//!
//! Papers call it LS or SCAL. The weights sum to K, so that the uniform preference is `sum`. Its minima cover
//! the convex part of a Pareto front alone (Boyd & Vandenberghe 2004, sec. 4.7).

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "constant",
    label: "Constant",
    gloss: "fixed weights",
    optimizes: "Weights every loss by its share of the preference and never moves them; without a preference it is Sum. The baseline that most comparisons forget to tune. It cannot stop where a Pareto front bulges inward. One backward pass.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[
        Promise::OrderFree,
        Promise::Linear,
        Promise::SumsToK,
        Promise::RestsWhenOpposed,
        Promise::SumWithoutConflict,
    ],
    source: Source {
        authors: &[],
        title: "Boyd & Vandenberghe, Convex Optimization (Cambridge University Press)",
        venue: Venue::Preprint,
        year: 2004,
        link: "",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::Preference],
    same_direction_k2: &["sum", "mean", "krum", "trimmed_mean"],
    build: Build::Losses(|_| Box::new(Constant)),
};

struct Constant;

impl LossesMethod for Constant {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let k = w.len() as f64;
        for (w, alpha) in w.iter_mut().zip(ctx.preference) {
            *w = k * alpha;
        }
        Outcome::Settled
    }
}
