//! DWA, dynamic weight average (Liu et al. 2019): w = K·softmax(r/T), rᵢ = L̄ᵢ(t−1)/L̄ᵢ(t−2) over epochs.
//!
//! Weights are 1 until two epochs are finished, as in the paper. A mean loss that is not positive gives
//! r = 1: no progress is known.

use super::solve::softmax;
use super::{
    Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "dwa",
    label: "DWA",
    gloss: "slowest first",
    optimizes: "Compares the mean losses of the last two epochs and gives more weight to the task whose loss fell least. Large T evens the weights out.",
    choose: "When tasks learn at different speeds and a mild correction from the losses alone is enough.",
    avoid: "When losses or gradients differ in size: it sees progress only. When a loss cannot fall any further, which looks like slow progress and gains weight.",
    pitfalls: "nash-mtl, FAMO and pamal replace epochs by windows of 25 iterations and take the mean of the weighted losses; LibMTL, TorchJD and this code follow the paper, with weights that sum to K and are 1 until two epochs are over. With T = 2 the weights hardly move: ratios of 0.9 and 1 give weights that differ by 5 %.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::SumsToK],
    source: Source {
        authors: &["Shikun Liu", "Edward Johns", "Andrew J. Davison"],
        title: "End-to-End Multi-Task Learning with Attention",
        venue: Venue::Proceedings("CVPR"),
        year: 2019,
        link: "https://arxiv.org/abs/1803.10704",
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
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("dwa")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.temperature as f32, 0.0, 0.0, 0.0] })
    }

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
