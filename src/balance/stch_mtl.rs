//! STCH-MTL (Lin et al. 2024, the authors' multi-task code): a smooth maximum of log losses over their nadir.
//!
//! Minimizes Kμ log Σ (Lᵢ/nᵢ)^(1/μ), so wᵢ = K softmax(log(L/n)/μ)ᵢ/Lᵢ. The nadir n is the mean loss of the
//! warm-up, during which Σ log Lᵢ is minimized (`si`); the authors warm up for four epochs and average over
//! the last of them, here both are the same number of steps. With μ = 1 it is K log Σ Lᵢ/nᵢ. Losses at or
//! below 1e-12 count as 1e-12.

use super::si::{FLOOR, log_losses};
use super::solve::softmax;
use super::{Build, Kind, Knob, KnobScale, LossesMethod, Method, Need, Outcome, Promise, Setup, StepContext};

pub const METHOD: Method = Method {
    id: "stch_mtl",
    label: "STCH-MTL",
    gloss: "slowest from nadir",
    optimizes: "Divides every loss by what it was in a warm-up and minimizes a smooth maximum of these ratios.",
    choose: "When losses have different units, no preference is given and the task that has fallen least should not be left behind.",
    avoid: "When losses can reach zero, or when the warm-up says little about how hard a task is. It follows no preference.",
    pitfalls: "It is the authors' multi-task code, not the formula of their paper (STCH). With their μ = 1 the weights keep one ratio after the warm-up, that of 1/n; only a smaller μ turns to the task that has fallen least. They warm up for four epochs and average over the last; here n is the mean loss over the warm-up, 20 steps of SI.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: super::stch::METHOD.source,
    kind: Kind::LossWeighting,
    knobs: &[
        Knob { name: "mu", label: "smoothing μ", default: 1.0, min: 0.001, max: 10.0, scale: KnobScale::Log },
        Knob {
            name: "warmup",
            label: "warm-up steps",
            default: 20.0,
            min: 1.0,
            max: 1000.0,
            scale: KnobScale::Integer,
        },
    ],
    needs: &[Need::HeadsScaledByWeights, Need::LossValues],
    same_direction_k2: &[],
    build: Build::Losses(|setup| Box::new(StchMtl::new(setup))),
};

struct StchMtl {
    mu: f64,
    warmup: f64,
    seen: f64,       // steps of the warm-up so far
    nadir: Vec<f64>, // (K)
}

impl StchMtl {
    fn new(setup: &Setup) -> Self {
        Self { mu: setup.knobs[0], warmup: setup.knobs[1], seen: 0.0, nadir: vec![0.0; setup.n_tasks] }
    }
}

impl LossesMethod for StchMtl {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        if self.seen < self.warmup {
            self.seen += 1.0;
            for (nadir, loss) in self.nadir.iter_mut().zip(ctx.losses) {
                *nadir += (loss.max(FLOOR) - *nadir) / self.seen;
            }
            log_losses(ctx.losses, w);
        } else {
            evaluate(ctx.losses, &self.nadir, self.mu, w);
        }
        if ctx.losses.iter().any(|&loss| loss < FLOOR) { Outcome::Degenerate } else { Outcome::Settled }
    }
}

/// Writes the weights (K) for a nadir (K) above 0.
pub fn evaluate(losses: &[f64], nadir: &[f64], mu: f64, w: &mut [f64]) {
    let k = losses.len() as f64;
    for (i, w) in w.iter_mut().enumerate() {
        *w = (libm::log(losses[i].max(FLOOR)) - libm::log(nadir[i])) / mu;
    }
    softmax(w);
    for (w, loss) in w.iter_mut().zip(losses) {
        *w *= k / loss.max(FLOOR);
    }
}
