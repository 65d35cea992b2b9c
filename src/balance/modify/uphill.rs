//! Flat regions (Phan et al. 2022, after Foret et al. 2021; adaptive after Kwon et al. 2021): every task's gradient
//! once more uphill of θ, hᵢ = ∇Lᵢ(θ + εᵢ) − gᵢ, and what the method makes of the hᵢ joins what it makes of the gᵢ.
//!
//! εᵢ = ρ T²gᵢ/‖T gᵢ‖ with T = 1 or, adaptive, T = |θ| by entries; gᵢ over shared parameters and own head together. The
//! method is built twice, so that what one of them remembers stays its own. Heads get their gradient at θ + εᵢ.

use super::{Applied, Change, Modifier};
use crate::balance::{Knob, KnobScale, Method, Need};

/// What its knob is.
const fn rho(default: f64) -> Option<Knob> {
    Some(Knob { name: "rho", label: "ρ", default, min: 1e-3, max: 2.0, scale: KnobScale::Log })
}

/// Uphill by a length in parameters.
pub const PLAIN: Modifier = Modifier {
    id: "sam",
    label: "SAM",
    about: "Takes every task's gradient once more ρ uphill of the weights and balances what the two differ by apart from \
            the plain part, so that training ends where the losses are flatter. Every task's gradient is taken twice.",
    paper: "Phan et al., Improving Multi-Task Learning via Seeking Task-Based Flat Regions (arXiv), after SAM of Foret \
            et al. (ICLR 2021)",
    year: 2022,
    knob: rho(0.05),
    change: Change::Uphill { adaptive: false },
};

/// Uphill by a length in shares of each parameter.
pub const ADAPTIVE: Modifier = Modifier {
    id: "asam",
    label: "adaptive SAM",
    about: "SAM with each weight's way uphill measured in its own size: networks that differ in the scale of their \
            layers alone are equally flat to it. Every task's gradient is taken twice.",
    paper: "Kwon et al., ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural \
            Networks (ICML), by task as in Phan et al. 2022",
    year: 2021,
    knob: rho(0.5),
    change: Change::Uphill { adaptive: true },
};

/// How far uphill a task's gradient is taken anew: ε = ρ T²g/‖T g‖ with g of shared parameters and own head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ascent {
    /// ρ.
    pub rho: f64,
    /// T = |θ| by entries (Kwon et al. 2021) instead of 1.
    pub adaptive: bool,
}

impl Ascent {
    /// The one that a run's modifiers ask for.
    pub fn among(modifiers: &[Applied]) -> Option<Self> {
        modifiers.iter().find_map(|applied| match applied.modifier.change {
            Change::Uphill { adaptive } => Some(Self { rho: applied.value, adaptive }),
            _ => None,
        })
    }

    /// ρ over the length of T g; 0 where there is no way up.
    pub fn reach(&self, length: f64) -> f64 {
        if length > 0.0 { self.rho / length } else { 0.0 }
    }
}

/// What would be needed of the hᵢ too and is there of the gᵢ alone.
pub fn refuses(method: &Method, label: &str) -> Option<String> {
    let id = method.id;
    method.needs.iter().find_map(|need| match need {
        Need::Representation => Some(format!(
            "{id} works on the gradients at the shared features, and {label} on those of the weights. Choose its form \
             for parameters."
        )),
        Need::KeptRows | Need::Excess => Some(format!(
            "{id} remembers the gradients of past steps, and {label} would need a second memory for what it adds. \
             Choose a method that looks at the gradients of the step."
        )),
        Need::TwoMoreBatches | Need::LookAhead => Some(format!(
            "{id} looks at the gradients of further batches, of which {label} knows no flat part. Choose a method that \
             looks at the step's own batch."
        )),
        Need::LastLayer => Some(format!(
            "{id} looks at the last shared layer alone, of which {label} knows no flat part. Choose a method that looks \
             at all shared parameters."
        )),
        _ => None,
    })
}
