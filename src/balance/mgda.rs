//! MGDA (Désidéri 2012; Sener & Koltun 2018): the shortest vector of the convex hull of the gradients.
//!
//! w = argmin ‖wᵀG‖ over the simplex; then gᵢ·d ≥ ‖d‖² for all i, and d = 0 exactly at Pareto-stationary
//! points. Solved exactly (K = 2 included) instead of by Frank–Wolfe: with unit rows u, bᵢ ∝ 1/‖gᵢ‖ and
//! rows (uᵢ, bᵢ), it is the projection of the last axis onto their cone. Zero gradients share all the
//! weight, since 0 is then the shortest vector. Where several w give the same d, one of them is taken.
//!
//! `norm` divides the rows first, by ‖gᵢ‖ ("l2"), Lᵢ ("loss") or both ("loss+"), and d is the shortest average
//! of what results; w, which refers to the undivided rows, then sums to something else than 1. Losses at or
//! below 1e-12 count as 1e-12.

use super::si::FLOOR;
use super::solve::{Column, MAX_TASKS, Square, cone};
use super::{
    Build, Construction, Gramian, GramianMethod, Kind, Knob, Method, Outcome, Promise, ResidentKernel, Setup, Source,
    StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "mgda",
    label: "MGDA",
    gloss: "shortest average",
    optimizes: "Takes the shortest weighted average of the task gradients: no task gets worse to first order, and the step vanishes where no common descent exists.",
    choose: "When no task may pay for another, and training should stop at a Pareto-stationary point.",
    avoid: "When gradients differ in size: small ones decide, so a nearly finished or quiet task holds the others back. When a particular trade-off is wanted: the preference does not enter.",
    pitfalls: "Solvers of libraries are inexact: on random conflicts of five tasks TorchJD's default was typically 10 % off the direction, and it steps at Pareto-stationary points; for two tasks LibMTL and nash-mtl replace the weights 1 and 0 by 0.999 and 0.001. Some divide the gradients by their lengths or losses first. Here the problem is solved exactly, gradients are divided only if set so, and a task whose gradient is zero takes all the weight, so that d = 0.",
    promises: &[
        Promise::NoTaskHurt,
        Promise::OrderFree,
        Promise::Linear,
        Promise::OnSimplex,
        Promise::ShortestAverage,
        Promise::RestsWhenOpposed,
    ],
    source: Source {
        authors: &["Ozan Sener", "Vladlen Koltun"],
        title: "Multi-Task Learning as Multi-Objective Optimization",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2018,
        link: "https://arxiv.org/abs/1810.04650",
    },
    kind: Kind::GradientWeighting,
    knobs: &[Knob::choice("norm", "rows divided by", &["none", "l2", "loss", "loss-plus"])],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(Mgda::new(setup))),
};

pub struct Mgda {
    norm: f32,
    by_length: bool,
    by_loss: bool,
}

impl Mgda {
    pub fn new(setup: &Setup) -> Self {
        let norm = setup.knobs[0] as u32;
        Self { norm: norm as f32, by_length: norm == 1 || norm == 3, by_loss: norm >= 2 }
    }
}

impl GramianMethod for Mgda {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/cone"), shader!("solve/shortest"), shader!("mgda")];
        Some(ResidentKernel { name: METHOD.id, sources, settings: [self.norm, FLOOR as f32, 0.0, 0.0] })
    }

    fn construction(&self) -> Option<Construction> {
        // The hull of divided rows is another one.
        (!self.by_length && !self.by_loss).then_some(Construction::Hull)
    }

    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        if !self.by_length && !self.by_loss {
            return shortest(gramian, w);
        }
        let k = w.len();
        let mut divisors: Column = [1.0; MAX_TASKS];
        let mut norms: Column = [0.0; MAX_TASKS];
        for i in (0..k).filter(|&i| !gramian.is_zero(i)) {
            divisors[i] = if self.by_loss { ctx.losses[i].max(FLOOR) } else { 1.0 };
            norms[i] = if self.by_length { 1.0 } else { gramian.norms()[i] } / divisors[i];
            divisors[i] *= if self.by_length { gramian.norms()[i] } else { 1.0 };
        }
        let outcome = shortest_of(&norms[..k], &cosines(gramian), gramian.noise(), w);
        for i in 0..k {
            w[i] /= divisors[i];
        }
        outcome
    }
}

/// Writes w (K) on the simplex that makes wᵀG shortest.
pub fn shortest(gramian: &Gramian, w: &mut [f64]) -> Outcome {
    shortest_of(gramian.norms(), &cosines(gramian), gramian.noise(), w)
}

fn cosines(gramian: &Gramian) -> Square {
    let k = gramian.n_tasks();
    let mut c: Square = [0.0; MAX_TASKS * MAX_TASKS];
    for i in 0..k {
        for j in 0..k {
            c[i * k + j] = gramian.cosine(i, j);
        }
    }
    c
}

/// The same from lengths (K) and cosines (K, K) with their rounding error.
pub fn shortest_of(norms: &[f64], c: &Square, noise: f64, w: &mut [f64]) -> Outcome {
    let k = w.len();
    let n_zero = norms.iter().filter(|&&n| n == 0.0).count();
    if n_zero > 0 {
        for (w, &norm) in w.iter_mut().zip(norms) {
            *w = if norm == 0.0 { 1.0 / n_zero as f64 } else { 0.0 };
        }
        return Outcome::Degenerate;
    }
    let smallest = norms.iter().copied().fold(f64::INFINITY, f64::min);
    let mut b: Column = [0.0; MAX_TASKS];
    for (b, norm) in b.iter_mut().zip(norms) {
        *b = smallest / norm;
    }
    let mut a: Square = [0.0; MAX_TASKS * MAX_TASKS];
    for i in 0..k {
        for j in 0..k {
            a[i * k + j] = c[i * k + j] + b[i] * b[j];
        }
    }
    let outcome = cone::project(&a, &b[..k], noise, w);
    let mut total = 0.0;
    for i in 0..k {
        w[i] *= b[i];
        total += w[i];
    }
    for w in w.iter_mut() {
        *w /= total;
    }
    outcome
}
