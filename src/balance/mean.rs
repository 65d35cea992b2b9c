//! Mean: the average of the task gradients, d = (1/K) Σ gᵢ, whatever the preference.
//!
//! The same direction as `sum`, K times shorter: the same run under Adam, a K times smaller learning
//! rate under SGD. Libraries disagree about which of the two "equal weighting" means.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, StepContext};

pub const METHOD: Method = Method {
    id: "mean",
    label: "Mean",
    gloss: "average",
    formula: "d = (1/K) Σ gᵢ",
    about: "Averages the task losses: the same direction as Sum, K times shorter. Under Adam the heads and the trunk \
            learn as with Sum; under plain SGD the learning rate is in effect divided by K.",
    paper: "Caruana, Multitask Learning (Machine Learning 28)",
    year: 1997,
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights],
    same_direction_k2: &["sum", "constant", "krum", "trimmed_mean"],
    build: Build::Losses(|_| Box::new(Mean)),
};

struct Mean;

impl LossesMethod for Mean {
    fn weights(&mut self, _ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        w.fill(1.0 / w.len() as f64);
        Outcome::Settled
    }
}
