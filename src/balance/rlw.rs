//! RLW, random loss weighting (Lin et al. 2022): w = softmax(z) with z ~ N(0, I), drawn anew each step.
//!
//! The paper's other distributions: z ~ U(0, 1) through the softmax; w ~ Dir(1, …, 1), uniform on the simplex;
//! and fair coins zᵢ ∈ {0, 1}, tossed until one shows 1, w = z/Σz. Weights sum to 1; the paper compares against
//! equal weights of the same sum, so this is a noisy `mean`.

use super::solve::softmax;
use super::{
    Build, Kind, Knob, LossesMethod, Method, Need, Outcome, Promise, ResidentKernel, Setup, Source, StepContext, Venue,
};
use crate::rng::Stream;

pub const METHOD: Method = Method {
    id: "rlw",
    label: "RLW",
    gloss: "random weights",
    optimizes: "Minimizes a sum of the losses whose weights are drawn at random in every step. On average it is Mean with noise.",
    choose: "When you need an honest control for learned loss weightings: it often keeps up with them.",
    avoid: "When steps have to be quiet, or when one loss dwarfs the others: random weights do not level them.",
    pitfalls: "The weights sum to 1, as in LibMTL, TorchJD and nash-mtl; set beside Sum every step is about K times shorter, which SGD feels and Adam hardly. The default draw is normal; the paper's uniform, Dirichlet and Bernoulli draws can be chosen too. The heads get the random weights as well.",
    promises: &[Promise::Linear, Promise::OnSimplex],
    source: Source {
        authors: &["Baijiong Lin", "Feiyang Ye", "Yu Zhang", "Ivor W. Tsang"],
        title: "Reasonable Effectiveness of Random Weighting: A Litmus Test for Multi-Task Learning",
        venue: Venue::Journal("TMLR"),
        year: 2022,
        link: "https://arxiv.org/abs/2111.10603",
    },
    kind: Kind::LossWeighting,
    knobs: &[Knob::choice("distribution", "draws", &["normal", "uniform", "dirichlet", "bernoulli"])],
    needs: &[Need::HeadsScaledByWeights],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(Rlw::new(setup))),
};

#[derive(Clone, Copy)]
enum Distribution {
    Normal,
    Uniform,
    Dirichlet,
    Bernoulli,
}

struct Rlw {
    distribution: Distribution,
}

impl Rlw {
    fn new(setup: &Setup) -> Self {
        let distribution = match setup.knobs[0] as u32 {
            0 => Distribution::Normal,
            1 => Distribution::Uniform,
            2 => Distribution::Dirichlet,
            _ => Distribution::Bernoulli,
        };
        Self { distribution }
    }
}

impl LossesMethod for Rlw {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("rlw")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.distribution as u32 as f32, 0.0, 0.0, 0.0] })
    }

    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let draws = ctx.draws();
        match self.distribution {
            Distribution::Normal => {
                draws.fill_normal(0, w);
                from_normals(w);
            }
            Distribution::Uniform => {
                draws.fill_uniform(0, w);
                softmax(w);
            }
            Distribution::Dirichlet => {
                // Exponential draws, brought to a sum of 1.
                draws.fill_uniform(0, w);
                for u in w.iter_mut() {
                    *u = -libm::log(1.0 - *u);
                }
                share_out(w);
            }
            Distribution::Bernoulli => toss(&draws, w),
        }
        Outcome::Settled
    }
}

/// Overwrites K standard normal draws by the weights they stand for.
pub fn from_normals(z: &mut [f64]) {
    softmax(z);
}

/// Divides by the sum; equal weights where all are 0.
fn share_out(w: &mut [f64]) {
    let total: f64 = w.iter().sum();
    let even = 1.0 / w.len() as f64;
    for w in w.iter_mut() {
        *w = if total > 0.0 { *w / total } else { even };
    }
}

/// Fair coins until one shows 1; 64 rounds without any are as good as never.
fn toss(draws: &Stream, w: &mut [f64]) {
    let k = w.len();
    for round in 0..64 {
        for (i, w) in w.iter_mut().enumerate() {
            *w = f64::from(draws.below((round * k + i) as u64, 2));
        }
        if w.contains(&1.0) {
            break;
        }
    }
    share_out(w);
}
