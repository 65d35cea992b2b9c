//! RLW, random loss weighting (Lin et al. 2022): w = softmax(z) with z ~ N(0, I), drawn anew each step.
//!
//! Weights sum to 1; the paper compares against equal weights of the same sum, so this is a noisy `mean`.

use super::solve::softmax;
use super::{Build, Kind, LossesMethod, Method, Need, Outcome, StepContext};

pub const METHOD: Method = Method {
    id: "rlw",
    label: "RLW",
    gloss: "random weights",
    formula: "w = softmax(z),  z ~ N(0, I)",
    about: "Draws new weights at random in every step. On average it is Mean with noise, yet it often keeps up with \
            learned weightings, which makes it the honest control for them. One backward pass.",
    paper: "Lin et al., Reasonable Effectiveness of Random Weighting (TMLR)",
    year: 2022,
    kind: Kind::LossWeighting,
    knobs: &[],
    needs: &[Need::HeadsScaledByWeights],
    same_direction_k2: &[],
    build: Build::Losses(|_| Box::new(Rlw)),
};

struct Rlw;

impl LossesMethod for Rlw {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        ctx.draws().fill_normal(0, w);
        from_normals(w);
        Outcome::Settled
    }
}

/// Overwrites K standard normal draws by the weights they stand for.
pub fn from_normals(z: &mut [f64]) {
    softmax(z);
}
