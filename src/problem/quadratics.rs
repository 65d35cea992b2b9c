//! Two convex quadratics (in the manner of Fliege & Svaiter 2000): fᵢ = ½ (x − aᵢ)ᵀ Qᵢ (x − aᵢ).
//!
//! The Pareto set is x(λ) = (λQ₁ + (1 − λ)Q₂)⁻¹ (λQ₁a₁ + (1 − λ)Q₂a₂), λ in [0, 1]: a curve, because the
//! bowls are stretched along different axes.

use super::{Bounds, Edge, Front, Parameter, Problem, Start};

pub const PROBLEM: Problem = Problem {
    id: "quadratics",
    label: "Two quadratics",
    about: "Two bowls with different centers, one steep along x₁, the other tilted. Everything is convex, so every \
            trade-off is the minimum of some weighted sum, and where a method stops on the bent line between the two \
            centers is its own choice.",
    source: "in the manner of Fliege & Svaiter, Steepest descent methods for multicriteria optimization (2000)",
    n_parameters: 2,
    tasks: &["bowl 1", "bowl 2"],
    bounds: Bounds { low: -3.0, high: 3.0, edge: Edge::Open },
    starts: &[
        Start { id: "upper-left", x: &[-2.5, 2.5] },
        Start { id: "upper-right", x: &[2.5, 2.5] },
        Start { id: "lower-left", x: &[-2.5, -2.5] },
        Start { id: "lower-right", x: &[2.5, -2.5] },
    ],
    floor: &[0.0, 0.0],
    losses,
    gradients,
    front: Some(Front {
        parameter: Parameter::Intervals(&[[0.0, 1.0]]),
        set: |at, x| {
            let (w, v) = (at[0], 1.0 - at[0]);
            let [p, q] = [0, 1].map(|i| times(Q[i], A[i]));
            let sum = mixed(w, v);
            let right = [w * p[0] + v * q[0], w * p[1] + v * q[1]];
            x.copy_from_slice(&solved(sum, right));
        },
        losses: |at, losses| {
            // x − a₁ = (λQ₁ + (1 − λ)Q₂)⁻¹ (1 − λ)Q₂(a₂ − a₁), and x − a₂ alike.
            let (w, v) = (at[0], 1.0 - at[0]);
            let apart = [A[1][0] - A[0][0], A[1][1] - A[0][1]];
            let toward = |share: f64, q: [f64; 3]| times(q, apart).map(|part| share * part);
            for (i, offset) in [toward(v, Q[1]), toward(-w, Q[0])].into_iter().enumerate() {
                losses[i] = form(Q[i], solved(mixed(w, v), offset));
            }
        },
    }),
};

/// Centers.
const A: [[f64; 2]; 2] = [[-1.0, -0.5], [1.0, 0.75]];
/// (Q₁₁, Q₁₂, Q₂₂) of each bowl.
const Q: [[f64; 3]; 2] = [[3.0, 0.0, 0.5], [0.75, 0.5, 1.5]];

fn mixed(w: f64, v: f64) -> [f64; 3] {
    [0, 1, 2].map(|i| w * Q[0][i] + v * Q[1][i])
}

fn times([a, b, c]: [f64; 3], x: [f64; 2]) -> [f64; 2] {
    [a * x[0] + b * x[1], b * x[0] + c * x[1]]
}

fn solved([a, b, c]: [f64; 3], y: [f64; 2]) -> [f64; 2] {
    let determinant = a * c - b * b;
    [(c * y[0] - b * y[1]) / determinant, (a * y[1] - b * y[0]) / determinant]
}

/// ½ xᵀQx.
fn form(q: [f64; 3], x: [f64; 2]) -> f64 {
    let y = times(q, x);
    0.5 * (x[0] * y[0] + x[1] * y[1])
}

fn losses(x: &[f64], losses: &mut [f64]) {
    for ((loss, a), q) in losses.iter_mut().zip(A).zip(Q) {
        *loss = form(q, [x[0] - a[0], x[1] - a[1]]);
    }
}

fn gradients(x: &[f64], rows: &mut [f64]) {
    for ((row, a), q) in rows.chunks_exact_mut(2).zip(A).zip(Q) {
        row.copy_from_slice(&times(q, [x[0] - a[0], x[1] - a[1]]));
    }
}
