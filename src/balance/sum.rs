//! Sum: every task counts the same, d = Σ gᵢ, whatever the preference; `constant` is the sum that follows one.
//!
//! Papers call it EW, some with a factor 1/K; that factor is the method `mean` here.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, StepContext};

pub const METHOD: Method = Method {
    id: "sum",
    label: "Sum",
    gloss: "equal weights",
    formula: "d = Σ gᵢ",
    about: "Adds the task losses and trains on the total. The task with the largest gradient decides; when tasks \
            disagree, the total may fall while one task gets worse. One backward pass: the baseline that every other \
            method has to beat.",
    paper: "Caruana, Multitask Learning (Machine Learning 28)",
    year: 1997,
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
