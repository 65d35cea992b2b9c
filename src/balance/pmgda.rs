//! PMGDA (Zhang et al. 2024): MGDA that first steers the losses to the ray of the preference, then stays on it.
//!
//! h = ‖L − (L·u)u‖ is the distance of the losses from the ray u = α/‖α‖, ∇h = Σ cᵢgᵢ with c = ∂h/∂L. Off the ray
//! (h above `h_tol` times ‖L‖): max minᵢ gᵢ·d over averages d of the unit rows and the unit ∇h, with
//! ∇h·d ≥ σ‖∇h‖; that is a linear program, and ‖d‖ ≤ 1. On it: the shortest Σ wᵢgᵢ + ν∇h, which is MGDA of the rows
//! without their part along ∇h. In weights of the rows, ∇h counts as c; they may be negative. Where ∇h
//! vanishes: MGDA. Zero gradients get weight 0 off the ray and all of it (as in `mgda`) on it.

use super::mgda::{shortest, shortest_of};
use super::pbi::resolve;
use super::solve::linear::{MAX_VARIABLES, Program};
use super::solve::rank::longest;
use super::solve::{Column, MAX_TASKS, Square, dot};
use super::{
    Build, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Need, Outcome, Promise, Setup, Source, StepContext,
    Venue,
};

pub const METHOD: Method = Method {
    id: "pmgda",
    label: "PMGDA",
    gloss: "preference descent",
    optimizes: "Steers the losses to the ray of the preference while hurting every task as little as that allows, then descends along the ray.",
    choose: "When the losses should end in the ratio that the preference names.",
    avoid: "When the losses have different units, since the ray compares their values. Also when a smooth path matters: it bends where it meets the ray.",
    pitfalls: "A large share allows a large loss here, the opposite of EPO. h is the distance of the losses from the ray; within 1 % of ‖L‖ (a knob) they count as on it. Off the ray d averages unit vectors, so ‖d‖ ≤ 1 whatever their lengths, and on it d has the gradients' own scale; weights may be negative, and where ∇h vanishes the method is MGDA.",
    promises: &[Promise::OrderFree, Promise::SteersToRay],
    source: Source {
        authors: &["Xiaoyuan Zhang", "Xi Lin", "Qingfu Zhang"],
        title: "PMGDA: A Preference-based Multiple Gradient Descent Algorithm",
        venue: Venue::Preprint,
        year: 2024,
        link: "https://arxiv.org/abs/2402.09492",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob {
            name: "sigma", label: "speed to the ray σ", default: 0.1, min: 0.0, max: 1.0, scale: KnobScale::Linear
        },
        Knob {
            name: "h_tol",
            label: "distance that counts as on it",
            default: 0.01,
            min: 1e-4,
            max: 1.0,
            scale: KnobScale::Log,
        },
    ],
    needs: &[Need::LossValues, Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(Pmgda::new(setup))),
};

struct Pmgda {
    sigma: f64,
    h_tol: f64,
}

/// The rows in units of the longest, and ∇h among them.
struct Rows<'a> {
    gramian: &'a Gramian,
    lengths: Column, // (K)
    c: Column,       // (K) ∂h/∂L
    along: Column,   // (K) uᵢ·∇h/‖∇h‖
    steepness: f64,  // ‖∇h‖
}

impl Pmgda {
    fn new(setup: &Setup) -> Self {
        Self { sigma: setup.knobs[0], h_tol: setup.knobs[1] }
    }
}

impl<'a> Rows<'a> {
    fn new(gramian: &'a Gramian, c: Column) -> Self {
        let k = gramian.n_tasks();
        let mut rows = Self { gramian, lengths: [0.0; MAX_TASKS], c, along: [0.0; MAX_TASKS], steepness: 0.0 };
        let mut parts: Column = [0.0; MAX_TASKS];
        for i in 0..k {
            rows.lengths[i] = gramian.norms()[i] / longest(gramian);
            parts[i] = rows.lengths[i] * c[i];
        }
        for i in 0..k {
            rows.along[i] = (0..k).map(|j| gramian.cosine(i, j) * parts[j]).sum();
        }
        let square = dot(&parts[..k], &rows.along[..k]);
        let size: f64 = parts[..k].iter().map(|part| part.abs()).sum();
        if square > 10.0 * gramian.noise() * size * size {
            rows.steepness = square.sqrt();
            for along in &mut rows.along[..k] {
                *along = (*along / rows.steepness).clamp(-1.0, 1.0);
            }
        }
        rows
    }

    /// Writes w (K) of the correction; false where rounding hides the solution.
    fn correct(&self, sigma: f64, w: &mut [f64]) -> bool {
        let k = w.len();
        // Variables: shares of the K unit rows, the share of ∇h, and 1 + minᵢ gᵢ·d ≥ 0.
        let (own, least) = (k, k + 1);
        let mut program = Program::default();
        let mut sum = [0.0; MAX_VARIABLES];
        let mut toward = [0.0; MAX_VARIABLES];
        for i in (0..k).filter(|&i| self.lengths[i] > 0.0) {
            sum[i] = 1.0;
            toward[i] = self.along[i];
            let mut gain = [0.0; MAX_VARIABLES];
            for j in (0..k).filter(|&j| self.lengths[j] > 0.0) {
                gain[j] = self.lengths[i] * self.gramian.cosine(i, j);
            }
            gain[own] = self.lengths[i] * self.along[i];
            gain[least] = -1.0;
            program.at_least(&gain[..k + 2], -1.0);
        }
        sum[own] = 1.0;
        toward[own] = 1.0;
        program.equal(&sum[..k + 2], 1.0);
        program.at_least(&toward[..k + 2], sigma);
        let mut costs = [0.0; MAX_VARIABLES];
        costs[least] = 1.0;
        let mut x = [0.0; MAX_VARIABLES];
        if !program.maximize(&costs[..k + 2], &mut x[..k + 2]) {
            return false;
        }
        let unit = 1.0 / longest(self.gramian);
        for i in 0..k {
            let share = if self.lengths[i] > 0.0 { x[i] / self.lengths[i] } else { 0.0 };
            let steered = if self.lengths[i] > 0.0 { x[own] / self.steepness * self.c[i] } else { 0.0 };
            w[i] = unit * (share + steered);
        }
        true
    }

    /// Writes w (K) of the prediction.
    fn predict(&self, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let noise = self.gramian.noise();
        let mut norms: Column = [0.0; MAX_TASKS];
        let mut c: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let across = |i: usize| 1.0 - self.along[i] * self.along[i];
        for i in 0..k {
            norms[i] = if across(i) > 10.0 * noise { self.lengths[i] * across(i).sqrt() } else { 0.0 };
        }
        for i in 0..k {
            for j in 0..k {
                let product = self.gramian.cosine(i, j) - self.along[i] * self.along[j];
                let cosine = if norms[i] * norms[j] > 0.0 { product / (across(i) * across(j)).sqrt() } else { 0.0 };
                c[i * k + j] = if i == j { 1.0 } else { cosine.clamp(-1.0, 1.0) };
            }
        }
        let outcome = shortest_of(&norms[..k], &c, noise, w);
        let nu = (0..k).map(|i| w[i] * self.lengths[i] * self.along[i]).sum::<f64>() / self.steepness;
        for (w, c) in w.iter_mut().zip(&self.c) {
            *w -= nu * c;
        }
        outcome
    }
}

impl GramianMethod for Pmgda {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let mut c: Column = [0.0; MAX_TASKS];
        let (along, off) = resolve(ctx.losses, ctx.preference, &mut c[..k]);
        let rows = Rows::new(gramian, c);
        if rows.steepness == 0.0 {
            return shortest(gramian, w);
        }
        if off <= self.h_tol * libm::hypot(along, off) {
            return rows.predict(w);
        }
        if rows.correct(self.sigma, w) {
            return Outcome::Settled;
        }
        shortest(gramian, w);
        Outcome::Degenerate
    }
}
