//! Unit-norm rows (the "l2" of Sener & Koltun 2018, for any method): gᵢ/‖gᵢ‖ instead of gᵢ. A zero row stays zero.

use super::{Change, Modifier};

pub const MODIFIER: Modifier = Modifier {
    id: "unit",
    label: "unit rows",
    about: "Divides every task gradient by its length before the method sees it: only directions count, neither the \
            scale of a loss nor how far a task has come. The step no longer shrinks as the tasks are solved; heads \
            that follow the weights are divided by the same lengths.",
    paper: "Sener & Koltun, Multi-Task Learning as Multi-Objective Optimization (NeurIPS)",
    year: 2018,
    knob: None,
    change: Change::Lengths(|lengths, factors| {
        for (factor, &length) in factors.iter_mut().zip(lengths) {
            *factor = if length > 0.0 { 1.0 / length } else { 1.0 };
        }
    }),
};
