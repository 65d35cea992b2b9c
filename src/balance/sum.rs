//! Sum: every task counts the same, d = Σ gᵢ, whatever the preference; `constant` is the sum that follows one.
//!
//! Papers call it EW, some with a factor 1/K; that factor is the method `mean` here.

use super::{Build, Kind, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, StepContext};

pub const METHOD: Method = Method {
    id: "sum",
    label: "Sum",
    gloss: "equal weights",
    optimizes: "Adds the task losses and trains on the total.",
    choose: "When you start: it is the baseline that every other method has to beat, best with loss scales that are tuned.",
    avoid: "When the task with the largest gradients drowns the others, or when tasks disagree: the total may fall while one of them gets worse.",
    pitfalls: "Papers call it EW and some divide by K: LibMTL's documentation says 1/K while its code adds. Here Sum adds and Mean divides; SGD feels the factor K, Adam hardly. It ignores the preference; Constant follows it.",
    promises: &[
        Promise::OrderFree,
        Promise::Linear,
        Promise::SumsToK,
        Promise::RestsWhenOpposed,
        Promise::SumWithoutConflict,
    ],
    source: super::mean::METHOD.source,
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights],
    same_direction_k2: &["mean", "constant", "krum", "trimmed_mean"],
    build: Build::Losses(|_| Box::new(Sum)),
};

struct Sum;

impl LossesMethod for Sum {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("sum")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [0.0; 4] })
    }

    fn weights(&mut self, _ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        w.fill(1.0);
        Outcome::Settled
    }
}
