//! The preference as row factors: the method sees K αᵢ gᵢ, the gradients of the tasks' preferred shares.
//!
//! For a method that heeds the preference itself it counts twice.

use super::{Change, Modifier};

pub const MODIFIER: Modifier = Modifier {
    id: "pref",
    label: "preference on the rows",
    about: "Multiplies every task gradient by its share of the preference, times K, before the method sees it. Methods \
            that do not see the scale of a row, such as Nash-MTL, are not moved by it.",
    paper: "Quinton & Rey, Jacobian Descent for Multi-Objective Optimization (arXiv)",
    year: 2024,
    knob: None,
    change: Change::Preference(|preference, factors| {
        let k = preference.len() as f64;
        for (factor, &share) in factors.iter_mut().zip(preference) {
            *factor = k * share;
        }
    }),
};
