//! Annealed rays (Dimitriadis, Delattre, Frossard & Fleuret 2025): preferences go from the middle to the ends.
//!
//! A ray u becomes αₖ ∝ uₖ^(c·t), t the share of the steps that are done: 1/K each at first, u where c·t is 1, and
//! beyond that ever nearer to an end. Two tasks have evenly spread u where a step takes several preferences.

use super::super::manifold::draw_preference;
use crate::balance::{Knob, KnobScale};
use libm::{exp, log as ln};

/// The last knob of every chart: c, or 0 for preferences that are drawn alike all the time.
pub(super) const ANNEAL: Knob = Knob {
    name: "anneal",
    label: "preferences from the middle to the ends",
    default: 0.0,
    min: 0.0,
    max: 20.0,
    scale: KnobScale::Linear,
};

/// The outermost rays of two tasks, before they are moved: no share is less. The paper does not say how far out its
/// rays begin; this is our choice.
const EDGE: f64 = 0.05;

/// c of a run, and how many steps it has.
#[derive(Debug, Clone, Copy)]
pub struct Rays {
    pub anneal: f64,
    pub steps: u32,
}

impl Rays {
    /// Writes preference number `draw` of `draws` in a step; `p` is the concentration of those that are drawn.
    pub fn write(
        self,
        (seed, step): (u32, u64),
        (draw, draws): (usize, usize),
        p: f64,
        alpha: &mut [f64], // (K)
    ) {
        if self.anneal > 0.0 && alpha.len() == 2 && draws > 1 {
            let share = EDGE + (1.0 - 2.0 * EDGE) * draw as f64 / (draws - 1) as f64;
            alpha.copy_from_slice(&[share, 1.0 - share]);
        } else {
            draw_preference((seed, step), draw, p, alpha);
        }
        if self.anneal > 0.0 {
            let done = (step as f64 / f64::from(self.steps.max(1))).min(1.0);
            sharpen(self.anneal * done, alpha);
        }
    }
}

/// αₖ ← αₖ^power / Σ.
fn sharpen(power: f64, alpha: &mut [f64]) {
    // A share may be too small for a number, and 0 has no logarithm.
    alpha.iter_mut().for_each(|share| *share = power * ln(share.max(f64::MIN_POSITIVE)));
    let largest = alpha.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for share in &mut *alpha {
        *share = exp(*share - largest);
        sum += *share;
    }
    alpha.iter_mut().for_each(|share| *share /= sum);
}
