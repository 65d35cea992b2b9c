//! Fonseca & Fleming (1995): fᵢ = 1 − exp(−Σⱼ (xⱼ ∓ 1/√n)²), two bells that look away from each other.
//!
//! The Pareto set is the segment xⱼ = s/√n, s in [−1, 1]; the front is concave, so the minima of weighted
//! sums lie only near its two ends.

use super::{Bounds, Edge, Front, Parameter, Problem, Start};

pub const PROBLEM: Problem = Problem {
    id: "fonseca-fleming",
    label: "Fonseca–Fleming",
    about: "Two bells side by side with a front that bends the other way: a weighted sum is lowest near one of its two \
            ends, never in the middle. Far away the losses are flat and gradients nearly vanish.",
    source: "Fonseca & Fleming, An Overview of Evolutionary Algorithms in Multiobjective Optimization (1995)",
    n_parameters: N,
    tasks: &["bell 1", "bell 2"],
    bounds: Bounds { low: -2.0, high: 2.0, edge: Edge::Open },
    starts: &[
        Start { id: "upper", x: &[-0.5, 1.25] },
        Start { id: "near-1", x: &[1.25, 0.25] },
        Start { id: "near-2", x: &[-1.25, -0.25] },
        Start { id: "far", x: &[1.5, -1.5] },
    ],
    floor: &[0.0, 0.0],
    losses,
    gradients,
    front: Some(Front {
        parameter: Parameter::Intervals(&[[-1.0, 1.0]]),
        set: |at, x| x.fill(at[0] * CENTER),
        losses: |at, losses| {
            for (loss, end) in losses.iter_mut().zip([1.0, -1.0]) {
                let away = at[0] - end;
                *loss = 1.0 - libm::exp(-away * away);
            }
        },
    }),
};

const N: usize = 2;
/// 1/√n.
const CENTER: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// exp(−Σ (xⱼ − c)²).
fn bell(x: &[f64], center: f64) -> f64 {
    libm::exp(-x.iter().map(|x| (x - center) * (x - center)).sum::<f64>())
}

fn losses(x: &[f64], losses: &mut [f64]) {
    for (loss, center) in losses.iter_mut().zip([CENTER, -CENTER]) {
        *loss = 1.0 - bell(x, center);
    }
}

fn gradients(x: &[f64], rows: &mut [f64]) {
    for (row, center) in rows.chunks_exact_mut(N).zip([CENTER, -CENTER]) {
        let bell = bell(x, center);
        for (slope, x) in row.iter_mut().zip(x) {
            *slope = 2.0 * (x - center) * bell;
        }
    }
}
