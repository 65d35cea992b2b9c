//! Sum: every task counts the same, d = Σ gᵢ, whatever the preference; `constant` is the sum that follows one.
//!
//! Papers call it EW, some with a factor 1/K; that factor is the method `mean` here.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "sum",
    label: "Sum",
    gloss: "equal weights",
    optimizes: "Adds the task losses and trains on the total. The task with the largest gradient decides; when tasks disagree, the total may fall while one task gets worse. One backward pass: the baseline that every other method has to beat.",
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
        title: "Caruana, Multitask Learning (Machine Learning 28)",
        venue: Venue::Preprint,
        year: 1997,
        link: "",
    },
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights],
    same_direction_k2: &["mean", "constant", "krum", "trimmed_mean"],
    build: Build::Losses(|_| Box::new(Sum)),
};

struct Sum;

impl LossesMethod for Sum {
    fn weights(&mut self, _ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        w.fill(1.0);
        Outcome::Settled
    }
}
