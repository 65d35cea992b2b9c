//! CAGrad (Liu et al. 2021): the best worst-case decrease within a ball around the mean gradient g₀.
//!
//! w = argmin over the simplex of g_w·g₀ + c‖g₀‖‖g_w‖ with g_w = wᵀG; d = g₀ + c‖g₀‖ g_w/‖g_w‖, divided by
//! 1 + c² (`rescale` square) or 1 + c (linear). The minimizer is the shortest vector of the hull of the gᵢ + τ g₀ for
//! the τ with ‖g_w‖ = τ c‖g₀‖, found by regula falsi over exact hull problems. Where g_w vanishes the method
//! is undefined: d = g₀ for c < 1, whose ball does not reach 0, and d = 0 otherwise.

use super::mgda::shortest_of;
use super::solve::rank::longest;
use super::solve::{Column, MAX_TASKS, Square, dot};
use super::{
    Build, Construction, Gramian, GramianMethod, Kind, Knob, KnobScale, Method, Outcome, Promise, ResidentKernel,
    Setup, Source, StepContext, Venue,
};

pub const METHOD: Method = Method {
    id: "cagrad",
    label: "CAGrad",
    gloss: "near the mean",
    optimizes: "Stays within a set distance of the mean gradient and there helps the worst-off task most. With c = 0 it is Mean, with large c it turns to MGDA, so c sets how much fairness is bought.",
    choose: "When the mean loss is the goal but the worst-off task should not pay for it, and one number may set how far to go.",
    avoid: "When gradient lengths differ widely: the mean, near which it stays, follows the longest gradient. When no task may get worse, which a small c does not ensure.",
    pitfalls: "Lengths differ between libraries: LibMTL divides by 1 + c², the authors' toy by 1 + c, TorchJD by nothing, and nash-mtl multiplies by K. Where the weighted gradient g_w vanishes the rule is undefined; TorchJD then returns 0 (also for small gradients), LibMTL adds a small number and divides. Here c = 0.4, the step is rescaled only if the knob says so, and where g_w vanishes d is the mean gradient for c < 1 and 0 otherwise.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &["Bo Liu", "Xingchao Liu", "Xiaojie Jin", "Peter Stone", "Qiang Liu"],
        title: "Conflict-Averse Gradient Descent for Multi-task Learning",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2021,
        link: "https://arxiv.org/abs/2110.14048",
    },
    kind: Kind::GradientWeighting,
    knobs: &[
        Knob { name: "c", label: "radius c", default: 0.4, min: 0.0, max: 10.0, scale: KnobScale::Linear },
        Knob::choice("rescale", "rescaled", &["no", "square", "linear"]),
    ],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(CaGrad::new(setup))),
};

/// Most tasks whose search is left to a device: llvmpipe silently ends every loop of an invocation after 65,536 turns
/// of all of them, which sixteen tasks exceed.
const RESIDENT_TASKS: usize = 8;

struct CaGrad {
    n_tasks: usize,
    c: f64,
    rescale: f64,
}

/// G in units of its longest row.
struct Rows<'a> {
    gramian: &'a Gramian,
    lengths: Column,
    along_mean: Column, // uᵢ·g₀
    mean: f64,          // ‖g₀‖
}

impl Rows<'_> {
    /// w of the shortest vector of the hull of gᵢ + τ g₀; returns ‖wᵀG‖.
    fn hull(&self, tau: f64, w: &mut [f64]) -> (f64, Outcome) {
        let k = w.len();
        let mut products: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let mut norms: Column = [0.0; MAX_TASKS];
        let shift = |i: usize| self.lengths[i] * self.along_mean[i];
        for i in 0..k {
            for j in 0..k {
                products[i * k + j] = self.lengths[i] * self.lengths[j] * self.gramian.cosine(i, j)
                    + tau * (shift(i) + shift(j))
                    + tau * tau * self.mean * self.mean;
            }
            norms[i] = products[i * k + i].max(0.0).sqrt();
        }
        for i in 0..k {
            for j in 0..k {
                let length = norms[i] * norms[j];
                let cosine = if length > 0.0 { products[i * k + j] / length } else { 0.0 };
                products[i * k + j] = if i == j { 1.0 } else { cosine.clamp(-1.0, 1.0) };
            }
        }
        let outcome = shortest_of(&norms[..k], &products, self.gramian.noise(), w);
        let mut x: Column = [0.0; MAX_TASKS];
        for i in 0..k {
            x[i] = w[i] * self.lengths[i];
        }
        let square: f64 = (0..k).map(|i| x[i] * (0..k).map(|j| x[j] * self.gramian.cosine(i, j)).sum::<f64>()).sum();
        (square.max(0.0).sqrt(), outcome)
    }
}

impl CaGrad {
    fn new(setup: &Setup) -> Self {
        Self { n_tasks: setup.n_tasks, c: setup.knobs[0], rescale: setup.knobs[1] }
    }

    /// Finds τ in its logarithm, where both sides of ‖g_w‖ = τ c‖g₀‖ are smooth; writes w.
    fn solve(&self, rows: &Rows<'_>, w: &mut [f64]) -> Option<(f64, Outcome)> {
        let reach = self.c * rows.mean;
        let excess = |at: f64, w: &mut [f64]| {
            let (length, outcome) = rows.hull(libm::exp(at), w);
            (libm::log(length.max(1e-300) / reach) - at, length, outcome)
        };
        let mut high = libm::log(1.01 / reach);
        let mut low = high - 40.0;
        let (mut at_low, mut at_high) = (excess(low, w).0, excess(high, w).0);
        if at_low <= 0.0 {
            return None;
        }
        let mut side = 0;
        for _ in 0..100 {
            let secant = (low * at_high - high * at_low) / (at_high - at_low);
            let inside = secant > low && secant < high;
            let middle = if inside { secant } else { 0.5 * (low + high) };
            let (value, length, outcome) = excess(middle, w);
            if value.abs() < 1e-13 || high - low < 1e-14 * low.abs().max(1.0) {
                return Some((length, outcome));
            }
            // Illinois: the end that stays twice in a row counts half.
            if value > 0.0 {
                (low, at_low) = (middle, value);
                at_high *= if side == 1 { 0.5 } else { 1.0 };
                side = 1;
            } else {
                (high, at_high) = (middle, value);
                at_low *= if side == -1 { 0.5 } else { 1.0 };
                side = -1;
            }
        }
        let (_, length, outcome) = excess(0.5 * (low + high), w);
        Some((length, outcome))
    }
}

impl GramianMethod for CaGrad {
    fn resident(&self) -> Option<ResidentKernel> {
        let sources = &[shader!("solve/cone"), shader!("solve/shortest"), shader!("cagrad")];
        (self.n_tasks <= RESIDENT_TASKS).then_some(ResidentKernel {
            name: METHOD.id,
            sources,
            settings: [self.c as f32, self.rescale as f32, 0.0, 0.0],
        })
    }

    fn construction(&self) -> Option<Construction> {
        Some(Construction::Ball { share: self.c })
    }

    fn weights(&mut self, _ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let even = 1.0 / k as f64;
        let mut rows = Rows { gramian, lengths: [0.0; MAX_TASKS], along_mean: [0.0; MAX_TASKS], mean: 0.0 };
        for i in 0..k {
            rows.lengths[i] = gramian.norms()[i] / longest(gramian);
        }
        for i in 0..k {
            rows.along_mean[i] = even * (0..k).map(|j| gramian.cosine(i, j) * rows.lengths[j]).sum::<f64>();
        }
        rows.mean = (even * dot(&rows.lengths[..k], &rows.along_mean[..k])).max(0.0).sqrt();
        let shrink = match self.rescale as u32 {
            0 => 1.0,
            1 => 1.0 / (1.0 + self.c * self.c),
            _ => 1.0 / (1.0 + self.c),
        };
        if rows.mean * rows.mean <= gramian.noise() * gramian.noise() || self.c == 0.0 {
            w.fill(even * shrink);
            return if self.c == 0.0 { Outcome::Settled } else { Outcome::Degenerate };
        }
        match self.solve(&rows, w) {
            Some((length, outcome)) if length > 0.0 => {
                for w in w.iter_mut() {
                    *w = shrink * (even + self.c * rows.mean / length * *w);
                }
                outcome
            }
            _ => {
                w.fill(if self.c < 1.0 { even * shrink } else { 0.0 });
                Outcome::Degenerate
            }
        }
    }
}
