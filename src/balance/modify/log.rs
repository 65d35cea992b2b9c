//! Log-gradients (log-MGDA, log-CAGrad and the like of Liu et al. 2023): ∇ log Lᵢ = gᵢ/Lᵢ instead of gᵢ.

use super::{Change, Modifier};
use crate::balance::si;

pub const MODIFIER: Modifier = Modifier {
    id: "log",
    label: "log-gradients",
    about: "Gives the method the gradients of log L, gᵢ/Lᵢ: multiplying a loss by a constant then changes nothing, and \
            a nearly solved task pulls hardest. Losses of 1e-12 or less count as 1e-12. For a method that \
            looks at log losses already, such as SI, it counts twice.",
    paper: "Liu et al., FAMO: Fast Adaptive Multitask Optimization (NeurIPS)",
    year: 2023,
    knob: None,
    change: Change::Losses(|losses, factors| {
        for (factor, &loss) in factors.iter_mut().zip(losses) {
            *factor = 1.0 / loss.max(si::FLOOR);
        }
    }),
};
