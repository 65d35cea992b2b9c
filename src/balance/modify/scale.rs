//! How long d is: papers and libraries write the same method as a sum over tasks, as a mean, or as K times what it is.
//!
//! Under SGD the factor K is another learning rate, under Adam it is invisible; clipping sees it in between.

use super::{Change, Modifier, WeightsModifier};

pub const MEAN: Modifier = Modifier {
    id: "mean",
    label: "divided by K",
    about: "Divides the method's weights by the number of tasks, which turns a sum over tasks into a mean: K times \
            smaller steps under SGD, none at all under Adam.",
    paper: "the toy of Liu et al., Conflict-Averse Gradient Descent for Multi-task Learning (NeurIPS)",
    year: 2021,
    knob: None,
    change: Change::Length(|k| 1.0 / k as f64),
};

pub const K_MEAN: Modifier = Modifier {
    id: "k-mean",
    label: "times K",
    about: "Multiplies the method's weights by the number of tasks, which gives a mean over tasks the length of a sum, \
            so that methods of both kinds are compared at one learning rate.",
    paper: "the code of Navon et al., Multi-Task Learning as a Bargaining Game (ICML)",
    year: 2022,
    knob: None,
    change: Change::Length(|k| k as f64),
};

pub const SUM: Modifier = Modifier {
    id: "sum",
    label: "weights sum to K",
    about: "Divides the method's weights by their mean size, so that like those of Sum their sizes add up to K: methods \
            then differ in how they share the step out, not in how long it is.",
    paper: "Chen et al., GradNorm: Gradient Normalization for Adaptive Loss Balancing (ICML)",
    year: 2018,
    knob: None,
    change: Change::Weights(|_| Box::new(ToK)),
};

/// A factor on all weights, from K.
pub(super) struct Factor(pub fn(usize) -> f64);
struct ToK;

impl WeightsModifier for Factor {
    fn change(&mut self, w: &mut [f64]) {
        let factor = (self.0)(w.len());
        w.iter_mut().for_each(|w| *w *= factor);
    }
}

impl WeightsModifier for ToK {
    /// Sizes, since weights of opposite sign may cancel; all-zero weights stay.
    fn change(&mut self, w: &mut [f64]) {
        let mean = w.iter().map(|w| w.abs()).sum::<f64>() / w.len() as f64;
        if mean > 0.0 {
            w.iter_mut().for_each(|w| *w /= mean);
        }
    }
}
