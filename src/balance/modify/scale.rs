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
    change: Change::Weights(|| Box::new(OverK)),
};

pub const K_MEAN: Modifier = Modifier {
    id: "k-mean",
    label: "times K",
    about: "Multiplies the method's weights by the number of tasks, which gives a mean over tasks the length of a sum, \
            so that methods of both kinds are compared at one learning rate.",
    paper: "the code of Navon et al., Multi-Task Learning as a Bargaining Game (ICML)",
    year: 2022,
    change: Change::Weights(|| Box::new(TimesK)),
};

pub const SUM: Modifier = Modifier {
    id: "sum",
    label: "weights sum to K",
    about: "Divides the method's weights by their mean size, so that like those of Sum their sizes add up to K: methods \
            then differ in how they share the step out, not in how long it is.",
    paper: "Chen et al., GradNorm: Gradient Normalization for Adaptive Loss Balancing (ICML)",
    year: 2018,
    change: Change::Weights(|| Box::new(ToK)),
};

struct OverK;
struct TimesK;
struct ToK;

impl WeightsModifier for OverK {
    fn change(&mut self, w: &mut [f64]) {
        let k = w.len() as f64;
        w.iter_mut().for_each(|w| *w /= k);
    }
}

impl WeightsModifier for TimesK {
    fn change(&mut self, w: &mut [f64]) {
        let k = w.len() as f64;
        w.iter_mut().for_each(|w| *w *= k);
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
