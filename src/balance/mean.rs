//! Mean: the average of the task gradients, d = (1/K) Σ gᵢ, whatever the preference.
//!
//! The same direction as `sum`, K times shorter: the same run under Adam, a K times smaller learning
//! rate under SGD. Libraries disagree about which of the two "equal weighting" means.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "mean",
    label: "Mean",
    gloss: "average",
    optimizes: "Averages the task losses: the same direction as Sum, K times shorter.",
    choose: "When a plain baseline is wanted whose step does not grow with the number of tasks.",
    avoid: "When one gradient is much larger than the others: it decides alone. When tasks disagree: the mean may fall while one task gets worse.",
    pitfalls: "By equal weighting some mean the sum and some the mean: LibMTL's documentation divides by K and its code does not, TorchJD has both. Under Adam the heads and the trunk learn as with Sum; under plain SGD the learning rate is in effect divided by K. Here every weight is 1/K, in the heads too, whatever the preference.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Rich Caruana"],
        title: "Multitask Learning",
        venue: Venue::Journal("Machine Learning"),
        year: 1997,
        link: "https://doi.org/10.1023/A:1007379606734",
    },
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
