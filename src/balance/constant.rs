//! Constant: fixed weights, linear scalarization d = K Σ αᵢ gᵢ with the preference α.
//!
//! Papers call it LS or SCAL. The weights sum to K, so that the uniform preference is `sum`. Its minima cover
//! the convex part of a Pareto front alone (Boyd & Vandenberghe 2004, sec. 4.7).

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "constant",
    label: "Constant",
    gloss: "fixed weights",
    optimizes: "Weights every loss by its share of the preference and never moves them; without a preference it is Sum.",
    choose: "When you know how much each task should count, and as the baseline that other methods are measured against.",
    avoid: "When the trade-off you want lies where the Pareto front bulges inward: it cannot stop there. When losses differ in scale and nobody can tune the weights.",
    pitfalls: "Most comparisons forget to tune it. Libraries disagree about the sum of the weights: LibMTL documents equal weighting as a mean and computes a sum, TorchJD has both, and the difference is a factor of K in the step. Here the weights sum to K, so that an even preference is Sum, and they scale the heads too.",
    promises: &[
        Promise::OrderFree,
        Promise::Linear,
        Promise::SumsToK,
        Promise::RestsWhenOpposed,
        Promise::SumWithoutConflict,
    ],
    source: Source {
        authors: &["Stephen Boyd", "Lieven Vandenberghe"],
        title: "Convex Optimization",
        venue: Venue::Book("Cambridge University Press"),
        year: 2004,
        link: "https://doi.org/10.1017/CBO9780511804441",
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
