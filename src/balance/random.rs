//! Random gradient weighting (RGW, Lin et al. 2022, alg. 2): w = softmax(z), z ~ N(0, I), on the task gradients.
//!
//! What other libraries list as Random. Unlike `rlw` it weighs the shared gradients alone: heads keep their
//! own. Its draws are K places behind those of `rlw`, so that one seed gives the two different weights.

use super::solve::softmax;
use super::{Build, Gramian, GramianMethod, Kind, Method, Outcome, Promise, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "random",
    label: "Random",
    gloss: "random gradients",
    optimizes: "Weights the task gradients at random in every step and looks at none of them; the heads train as usual. The control for methods that choose such weights with care: what they gain over this they gain by choosing. K backward passes.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::Linear, Promise::OnSimplex],
    source: Source {
        authors: &[],
        title: "Lin et al., Reasonable Effectiveness of Random Weighting (TMLR)",
        venue: Venue::Preprint,
        year: 2022,
        link: "",
    },
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
