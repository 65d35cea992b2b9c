//! Nash-MTL (Navon et al. 2022): the bargaining solution, α > 0 with M α = 1/α and d = Gᵀα.
//!
//! Then gᵢ·d = 1/αᵢ > 0 for every task, and ‖d‖ = √K before `max_norm` shortens it. The paper iterates
//! convex subproblems; here the strictly convex ½αᵀMα − Σ log αᵢ is solved by Newton's method with
//! x = α‖g‖, without state between steps. Zero gradients cannot bargain and get weight 0. Where no
//! bargain exists (Pareto-stationary points) the ridge of the solver lets d fade to 0.

use super::solve::{Column, MAX_TASKS, Square, nash};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "nash_mtl",
    label: "Nash-MTL",
    gloss: "bargain",
    optimizes: "Lets the tasks bargain: the update gives every task the same relative gain, so rescaling a loss changes nothing.",
    choose: "When losses differ in unit or size and every task should gain in every step, measured by its own gradient.",
    avoid: "When the step should shrink as training ends: its length does not, so under SGD the learning rate has to fall. When a finished task has only noise left: its gradient counts as much as any other.",
    pitfalls: "The paper's code solves a chain of convex problems, returns the one before the last and starts from where the step before ended; on 16 of 120 random conflicts its direction was more than 1 % off. Here Newton's method solves the one convex problem behind it, without memory. As in that code the longest step is 1, which makes every step exactly that long unless no bargain exists; a zero gradient gets weight 0.",
    promises: &[
        Promise::NoTaskHurt,
        Promise::OrderFree,
        Promise::RowScaleFree,
        Promise::Bargain,
        Promise::RestsWhenOpposed,
    ],
    source: Source {
        authors: &[
            "Aviv Navon",
            "Aviv Shamsian",
            "Idan Achituve",
            "Haggai Maron",
            "Kenji Kawaguchi",
            "Gal Chechik",
            "Ethan Fetaya",
        ],
        title: "Multi-Task Learning as a Bargaining Game",
        venue: Venue::Proceedings("ICML"),
        year: 2022,
        link: "https://arxiv.org/abs/2202.01017",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob {
        name: "max_norm",
        label: "longest step (0: no limit)",
        default: 1.0,
        min: 0.0,
        max: 10.0,
        scale: KnobScale::Linear,
    }],
    needs: &[],
    same_direction_k2: &["imtl_g", "config", "fairgrad", "imtl"],
    build: Build::Gramian(|setup| Box::new(NashMtl::new(setup))),
};

struct NashMtl {
    max_norm: f64,
}

impl NashMtl {
    fn new(setup: &Setup) -> Self {
        Self { max_norm: setup.knobs[0] }
    }
}

impl GramianMethod for NashMtl {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("nash_mtl")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.max_norm as f32, 0.0, 0.0, 0.0] })
    }

    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        w.fill(0.0);
        let k = w.len();
        let mut members = [0; MAX_TASKS];
        let mut n = 0;
        for i in (0..k).filter(|&i| !gramian.is_zero(i)) {
            members[n] = i;
            n += 1;
        }
        if n == 0 {
            return Outcome::Degenerate;
        }
        let mut c: Square = [0.0; MAX_TASKS * MAX_TASKS];
        for i in 0..n {
            for j in 0..n {
                c[i * n + j] = gramian.cosine(members[i], members[j]);
            }
        }
        let mut x: Column = [0.0; MAX_TASKS];
        let outcome = nash::bargain(&c, n, gramian.noise(), &mut x[..n]);
        let mut square = 0.0;
        for i in 0..n {
            for j in 0..n {
                square += x[i] * c[i * n + j] * x[j];
            }
        }
        let length = square.max(0.0).sqrt();
        let shorten = if self.max_norm > 0.0 && length > self.max_norm { self.max_norm / length } else { 1.0 };
        for i in 0..n {
            w[members[i]] = shorten * x[i] / gramian.norms()[members[i]];
        }
        if square < 0.5 * n as f64 { Outcome::Degenerate } else { outcome }
    }
}
