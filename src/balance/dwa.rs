//! DWA, dynamic weight average (Liu et al. 2019): w = K·softmax(r/T), rᵢ = L̄ᵢ(t−1)/L̄ᵢ(t−2) over epochs.
//!
//! Weights are 1 until two epochs are finished, as in the paper. A mean loss that is not positive gives
//! r = 1: no progress is known.

use super::solve::softmax;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "dwa",
    label: "DWA",
    gloss: "slowest first",
    optimizes: "Compares the mean losses of the last two epochs and gives more weight to the task whose loss fell least. Large T evens the weights out. Does not see the size of a loss or of a gradient, only progress. One backward pass.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::SumsToK],
    source: Source {
        authors: &[],
        title: "Liu, Johns & Davison, End-to-End Multi-Task Learning with Attention (CVPR)",
        venue: Venue::Preprint,
        year: 2019,
        link: "",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob { name: "T", label: "temperature", default: 2.0, min: 0.1, max: 10.0, scale: KnobScale::Log }],
    needs: &[Need::HeadsScaledByWeights, Need::EpochMeans],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Dwa::new(setup))),
};

struct Dwa {
    temperature: f64,
}

impl Dwa {
    fn new(setup: &Setup) -> Self {
        Self { temperature: setup.knobs[0] }
    }
}

impl LossesMethod for Dwa {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let k = w.len() as f64;
        let Some((last, before)) = ctx.epoch_means else {
            w.fill(1.0);
            return Outcome::Settled;
        };
        for (w, (&last, &before)) in w.iter_mut().zip(last.iter().zip(before)) {
            let ratio = if before > 0.0 { (last / before).min(1e9) } else { 1.0 };
            *w = ratio / self.temperature;
        }
        softmax(w);
        for w in w.iter_mut() {
            *w *= k;
        }
        Outcome::Settled
    }
}
