//! CR-MOGM (Zhou et al. 2022): weights that change slowly, λₜ = α λₜ₋₁ + (1 − α) λ̂ₜ, from λ₀ = λ̂₀.
//!
//! Stochastic gradients make a method's weights noisy and its direction biased; the mean over steps calms both, and a
//! method's guarantees for the single step are given up for it.

use super::{Change, Modifier, WeightsModifier};
use crate::balance::{Knob, KnobScale};

pub const MODIFIER: Modifier = Modifier {
    id: "smooth",
    label: "slow weights",
    about: "Averages the method's weights over steps (α of the past), which takes the noise of batches out of them. What the \
            method promises of one step, such as hurting no task, holds only on average.",
    paper: "Zhou et al., On the Convergence of Stochastic Multi-Objective Gradient Manipulation and Beyond (NeurIPS)",
    year: 2022,
    // The authors' default.
    knob: Some(Knob {
        name: "alpha",
        label: "share of the past",
        default: 0.9,
        min: 0.0,
        max: 0.999,
        scale: KnobScale::Linear,
    }),
    change: Change::Weights(|alpha| Box::new(CrMogm::new(alpha))),
};

pub struct CrMogm {
    alpha: f64,
    mean: Vec<f64>, // (K); empty before the first step
}

impl CrMogm {
    /// `alpha` from 0 (the method's own weights) to 1 (those of the first step for ever).
    pub fn new(alpha: f64) -> Self {
        Self { alpha, mean: Vec::new() }
    }

    /// Replaces the method's weights (K) by their mean.
    pub fn smooth(&mut self, w: &mut [f64]) {
        if self.mean.is_empty() {
            self.mean = w.to_vec();
        }
        for (mean, w) in self.mean.iter_mut().zip(w) {
            *mean = self.alpha * *mean + (1.0 - self.alpha) * *w;
            *w = *mean;
        }
    }
}

impl WeightsModifier for CrMogm {
    fn change(&mut self, w: &mut [f64]) {
        self.smooth(w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_each_step_is_new() {
        let mut slow = CrMogm::new(0.9);
        let mut after = |weights: [f64; 2]| {
            let mut w = weights;
            slow.smooth(&mut w);
            w
        };
        assert_eq!(after([1.0, 0.0]), [1.0, 0.0]);
        let second = after([0.0, 10.0]);
        assert!((second[0] - 0.9).abs() < 1e-15 && (second[1] - 1.0).abs() < 1e-15, "{second:?}");
    }
}
