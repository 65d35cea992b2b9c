//! Modified Tchebycheff scalarization (mTche): minimizes maxᵢ (Lᵢ − zᵢ)/αᵢ, so losses settle along the ray α.
//!
//! The form that decomposition methods use to place their solutions (Ma et al. 2018; in libmoon mTche).
//! wᵢ = 1/αᵢ at the largest quotient; tasks that tie share the step. Shares below 1e-6 count as 1e-6. The
//! ideal point z is 0 in training.

use super::tchebycheff::largest;
use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "modified_tchebycheff",
    label: "Modified Tchebycheff",
    gloss: "worst ratio",
    optimizes: "Trains only the task whose loss exceeds its share of the preference most, so that the losses end up in the ratio of the preference: here a large share allows a large loss.",
    choose: "When the losses should end up in a given ratio, or solutions for many preferences should spread evenly over a front.",
    avoid: "When losses have different units, since the ratio depends on them, or progress should be smooth: one task is trained at a time, and the active one jumps from step to step.",
    pitfalls: "The preference works the other way round than in Tchebycheff, where a large share presses the loss down. Here the ideal point z is 0, shares below 1e-6 count as 1e-6, and tasks that tie share the step. With equal shares the direction is Tchebycheff's and the step K² times longer.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::SumsToK],
    source: Source {
        authors: &["Xiaoliang Ma", "Qingfu Zhang", "Guangdong Tian", "Junshan Yang", "Zexuan Zhu"],
        title: "On Tchebycheff Decomposition Approaches for Multiobjective Evolutionary Optimization",
        venue: Venue::Journal("IEEE TEVC"),
        year: 2018,
        link: "https://scholars.cityu.edu.hk/en/publications/on-tchebycheff-decomposition-approaches-for-multiobjective-evolut/",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &["tchebycheff"],
    build: Build::Losses(|_| Box::new(ModifiedTchebycheff)),
};

/// Shares of a preference that divide count as at least this much.
pub(super) const SMALLEST_SHARE: f64 = 1e-6;

struct ModifiedTchebycheff;

impl LossesMethod for ModifiedTchebycheff {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, |_| 0.0, w);
        Outcome::Settled
    }
}

/// Writes the weights (K) for preference α (K) and ideal point z and returns maxᵢ (Lᵢ − zᵢ)/αᵢ.
pub fn evaluate(losses: &[f64], preference: &[f64], ideal: impl Fn(usize) -> f64, w: &mut [f64]) -> f64 {
    largest(losses, |i| 1.0 / preference[i].max(SMALLEST_SHARE), ideal, w)
}
