//! Sum: every task counts the same, d = Σ gᵢ; with a preference, linear scalarization d = K Σ αᵢ gᵢ.
//!
//! Papers call it LS or EW, some with a factor 1/K; that factor is the method `mean` here.

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
    same_direction_k2: &["mean"],
    build: Build::Losses(|_| Box::new(Sum)),
};

struct Sum;

impl LossesMethod for Sum {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let k = w.len() as f64;
        for (w, alpha) in w.iter_mut().zip(ctx.preference) {
            *w = k * alpha;
        }
        Outcome::Settled
    }
}
