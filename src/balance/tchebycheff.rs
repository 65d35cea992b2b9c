//! Tchebycheff scalarization (Bowman 1976): minimizes the largest weighted loss, maxᵢ αᵢ(Lᵢ − zᵢ).
//!
//! wᵢ = αᵢ at the largest product and 0 elsewhere; tasks that tie share the step. The ideal point z is 0 in
//! training, the lower bound of every loss here. Its smooth form is `stch`. One library returns the largest
//! loss without the factor αᵢ.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "tchebycheff",
    label: "Tchebycheff",
    gloss: "worst case",
    optimizes: "Minimizes the largest weighted loss, so each step trains only the task that has it.",
    choose: "When the worst case is what matters, or when a preference should reach every trade-off, also where the front bulges inward.",
    avoid: "When training has to be fast or smooth: the active task jumps from step to step. STCH is the smooth form. Losses with different units cannot be compared.",
    pitfalls: "libmoon's function returns the largest loss without its factor α. Here the step is αₖgₖ of the task with the largest αₖLₖ, and tasks that tie share it; the ideal point is 0. A large share asks for a small loss; Modified Tchebycheff divides by the shares instead.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &["V. Joseph Bowman"],
        title: "On the Relationship of the Tchebycheff Norm and the Efficient Frontier of Multiple-Criteria Objectives",
        venue: Venue::Proceedings("Multiple Criteria Decision Making"),
        year: 1976,
        link: "https://doi.org/10.1007/978-3-642-87563-2_5",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues, Need::Preference],
    same_direction_k2: &["modified_tchebycheff"],
    build: Build::Losses(|_| Box::new(Tchebycheff)),
};

struct Tchebycheff;

impl LossesMethod for Tchebycheff {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        evaluate(ctx.losses, ctx.preference, |_| 0.0, w);
        Outcome::Settled
    }
}

/// Writes the weights (K) for preference α (K) and ideal point z and returns maxᵢ αᵢ(Lᵢ − zᵢ).
pub fn evaluate(losses: &[f64], preference: &[f64], ideal: impl Fn(usize) -> f64, w: &mut [f64]) -> f64 {
    largest(losses, |i| preference[i], ideal, w)
}

/// The same for any factors in place of α.
pub(super) fn largest(
    losses: &[f64],
    factor: impl Fn(usize) -> f64,
    ideal: impl Fn(usize) -> f64,
    w: &mut [f64],
) -> f64 {
    let weighted = |i: usize| factor(i) * (losses[i] - ideal(i));
    let value = (0..losses.len()).map(weighted).fold(f64::NEG_INFINITY, f64::max);
    let n_largest = (0..losses.len()).filter(|&i| weighted(i) == value).count();
    for (i, w) in w.iter_mut().enumerate() {
        *w = if weighted(i) == value { factor(i) / n_largest as f64 } else { 0.0 };
    }
    value
}
