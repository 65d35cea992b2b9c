//! Cosine penalty (Suteu & Guo 2019): λ Σ_{i<j} cos²(gᵢ, gⱼ) joins the losses, so that task gradients turn orthogonal.
//!
//! With uᵢ = gᵢ/‖gᵢ‖ and cᵢⱼ their cosines, its gradient is λ Σᵢ Hᵢ vᵢ with vᵢ = 2 Σ_{j≠i} cᵢⱼ (uⱼ − cᵢⱼ uᵢ)/‖gᵢ‖
//! and Hᵢ the Hessian of the scaled loss. The vᵢ are combinations of the rows of G, so their weights follow from M; the
//! strategy takes Hᵢ vᵢ as a central difference of gᵢ along vᵢ, for the shared parameters and the task's head.

use super::{Change, Modifier};
use crate::balance::{Gramian, Knob, KnobScale};

pub const MODIFIER: Modifier = Modifier {
    id: "ortho",
    label: "cosine penalty",
    about: "Adds λ Σ cos² of all pairs of task gradients to what is minimized, which turns the gradients toward right \
            angles. It costs 3K² more backward passes a step, and says nothing of who is right.",
    paper: "Suteu & Guo, Regularizing Deep Multi-Task Networks using Orthogonal Gradients (arXiv)",
    year: 2019,
    knob: Some(Knob { name: "lambda", label: "λ", default: 0.1, min: 1e-4, max: 100.0, scale: KnobScale::Log }),
    change: Change::CosinePenalty,
};

/// (K) weights of vᵢ as a combination of the rows of G; all 0 where gᵢ is.
pub fn along(gramian: &Gramian, i: usize, w: &mut [f64]) {
    let norms = gramian.norms();
    w.fill(0.0);
    if norms[i] == 0.0 {
        return;
    }
    for j in 0..w.len() {
        if j != i && norms[j] > 0.0 {
            let c = gramian.cosine(i, j);
            w[j] += 2.0 * c / (norms[i] * norms[j]);
            w[i] -= 2.0 * c * c / (norms[i] * norms[i]);
        }
    }
}
