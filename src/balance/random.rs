//! Random gradient weighting (RGW, Lin et al. 2022, alg. 2): w = softmax(z), z ~ N(0, I), on the task gradients.
//!
//! What other libraries list as Random. Unlike `rlw` it weighs the shared gradients alone: heads keep their
//! own. Its draws are K places behind those of `rlw`, so that one seed gives the two different weights.

use super::solve::softmax;
use super::{Build, Gramian, GramianMethod, Kind, Method, Outcome, Promise, StepContext};

pub const METHOD: Method = Method {
    id: "random",
    label: "Random",
    gloss: "random gradients",
    optimizes: "Weights the task gradients at random in every step and looks at none of them; the heads train as usual.",
    choose: "When you test a method that weights gradients: what it gains over this, it gains by choosing.",
    avoid: "When you want a good model: the weights know nothing. RLW is the cheaper control.",
    pitfalls: "TorchJD uses the name Random for weighting gradients and for weighting losses. Here Random weights the shared gradients alone and RLW weights the losses, heads included; one seed gives them different weights. The weights sum to 1, so steps are about those of Mean, not of Sum.",
    promises: &[Promise::Linear, Promise::OnSimplex],
    source: super::rlw::METHOD.source,
    kind: Kind::GradientWeighting,
    knobs: &[],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Gramian(|_| Box::new(Random)),
};

struct Random;

impl GramianMethod for Random {
    fn weights(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, w: &mut [f64]) -> Outcome {
        ctx.draws().fill_normal(w.len() as u64, w);
        softmax(w);
        Outcome::Settled
    }
}
