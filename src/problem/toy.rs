//! The two-parameter toy of CAGrad (Liu et al. 2021), Nash-MTL (Navon et al. 2022), FAMO and Aligned-MTL.
//!
//! Above the axis x₂ = 0 each loss is the logarithm of a distance to a tanh-shaped curve: a narrow valley
//! with a nearly vertical wall. Below it is a bowl. tanh(x₂/2) fades one into the other. Both fades are 0 on
//! the axis, so the start (0, 0) moves only because the maxima pass their gradient on at equality, as the
//! published code's did; so do these.

use super::{Bounds, Edge, Front, Parameter, Problem, Start};

pub const PROBLEM: Problem = Problem {
    id: "toy",
    label: "Two valleys and a bowl",
    about: "The two-parameter figure of CAGrad, Nash-MTL, FAMO and Aligned-MTL. Two logarithmic valleys lead down to \
            a bowl where the losses disagree about left and right. Methods get stuck in a valley, stop at the nearest \
            point of the front, or find its middle.",
    source: "Liu et al., Conflict-Averse Gradient Descent for Multi-task Learning (NeurIPS 2021)",
    n_parameters: 2,
    tasks: &["loss 1", "loss 2"],
    bounds: Bounds { low: -11.0, high: 11.0, edge: Edge::Open },
    starts: &[
        Start { id: "upper-left", x: &[-8.5, 7.5] },
        Start { id: "origin", x: &[0.0, 0.0] },
        Start { id: "upper-right", x: &[9.0, 9.0] },
        Start { id: "left", x: &[-7.5, -0.5] },
        Start { id: "right", x: &[9.0, -1.0] },
        Start { id: "lower-left", x: &[-8.5, -5.0] },
    ],
    floor: &[-21.0, -21.0],
    losses,
    gradients,
    front: Some(Front {
        parameter: Parameter::Intervals(&[[-7.0, 7.0]]),
        set: |at, x| x.copy_from_slice(&[at[0], lowest(at[0])]),
        losses: |at, losses| {
            let x2 = lowest(at[0]);
            let rise = 0.1 * (x2 + 8.0) * (x2 + 8.0);
            for (loss, far) in losses.iter_mut().zip([7.0 - at[0], 7.0 + at[0]]) {
                *loss = libm::tanh(-0.5 * x2) * ((far * far + rise) / 10.0 - 20.0);
            }
        },
    }),
};

/// Distances count as at least this, so that the valleys have a floor.
const NEAREST: f64 = 5e-6;

/// x₂ of the Pareto set, by bisection: −8.355 in its middle, −8.434 at its ends.
///
/// At x₁ = 7(2w − 1) the weights w and 1 − w cancel the slopes along x₁. There the weighted sum is
/// tanh(−½x₂)·(19.6 w(1 − w) + 0.01 (x₂ + 8)² − 20), and x₂ minimizes it.
fn lowest(x1: f64) -> f64 {
    let level = 0.1 * (49.0 - x1 * x1) - 20.0;
    let (mut low, mut high) = (-9.0, -8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let depth = libm::tanh(-0.5 * middle);
        let down = middle + 8.0;
        let slope = 0.02 * down * depth - 0.5 * (1.0 - depth * depth) * (level + 0.01 * down * down);
        if slope > 0.0 { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

/// A loss above and below the axis, each with its gradient.
struct Branches {
    valley: f64,
    valley_slope: [f64; 2],
    bowl: f64,
    bowl_slope: [f64; 2],
}

fn branches(x: &[f64]) -> [Branches; 2] {
    let bend = libm::tanh(-x[1]);
    let bend_slope = bend * bend - 1.0;
    // (inside the modulus, its sign of tanh, center of the bowl)
    let of = |inside: f64, sign: f64, center: f64| {
        let distance = inside.abs();
        let along = if distance >= NEAREST { 1.0 / inside } else { 0.0 };
        let (right, down) = (x[0] - center, x[1] + 8.0);
        Branches {
            valley: libm::log(distance.max(NEAREST)) + 6.0,
            valley_slope: [-0.5 * along, sign * bend_slope * along],
            bowl: (right * right + 0.1 * down * down) / 10.0 - 20.0,
            bowl_slope: [0.2 * right, 0.02 * down],
        }
    };
    [of(0.5 * (-x[0] - 7.0) - bend, -1.0, 7.0), of(0.5 * (-x[0] + 3.0) + bend + 2.0, 1.0, -7.0)]
}

/// max(tanh(½x₂), 0) and max(tanh(−½x₂), 0), with their derivatives.
fn fades(x: &[f64]) -> [(f64, f64); 2] {
    let t = libm::tanh(0.5 * x[1]);
    let slope = 0.5 * (1.0 - t * t);
    let upper = if t >= 0.0 { (t, slope) } else { (0.0, 0.0) };
    let lower = if t <= 0.0 { (-t, -slope) } else { (0.0, 0.0) };
    [upper, lower]
}

fn losses(x: &[f64], losses: &mut [f64]) {
    let [upper, lower] = fades(x);
    for (loss, of) in losses.iter_mut().zip(branches(x)) {
        *loss = of.valley * upper.0 + of.bowl * lower.0;
    }
}

fn gradients(x: &[f64], rows: &mut [f64]) {
    let [upper, lower] = fades(x);
    for (row, of) in rows.chunks_exact_mut(2).zip(branches(x)) {
        row[0] = of.valley_slope[0] * upper.0 + of.bowl_slope[0] * lower.0;
        row[1] = of.valley_slope[1] * upper.0 + of.valley * upper.1 + of.bowl_slope[1] * lower.0 + of.bowl * lower.1;
    }
}
