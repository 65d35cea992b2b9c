//! DTLZ2 (Deb et al. 2002) with three losses: an octant of the unit sphere, blown up by 1 + g.
//!
//! f₁ = (1 + g) cos a cos b, f₂ = (1 + g) cos a sin b, f₃ = (1 + g) sin a with a = x₁π/2, b = x₂π/2 and
//! g = Σ (xⱼ − ½)² over the other parameters. The front is g = 0.

use super::{Bounds, Edge, Front, Parameter, Problem, Start};
use std::f64::consts::FRAC_PI_2;

pub const PROBLEM: Problem = Problem {
    id: "dtlz2",
    label: "DTLZ2, three losses",
    about: "Three losses whose front is an eighth of a sphere: two parameters are its longitude and latitude, ten more \
            its distance. It is concave, so a weighted sum runs to a corner. Updates that leave the box end at its \
            wall.",
    source: "Deb, Thiele, Laumanns & Zitzler, Scalable Multi-Objective Optimization Test Problems (2002)",
    n_parameters: N,
    tasks: &["f₁", "f₂", "f₃"],
    bounds: Bounds { low: 0.0, high: 1.0, edge: Edge::Wall },
    starts: &[
        Start { id: "middle", x: &starting(0.4, 0.6) },
        Start { id: "near-1", x: &starting(0.1, 0.2) },
        Start { id: "near-3", x: &starting(0.85, 0.3) },
    ],
    floor: &[0.0, 0.0, 0.0],
    losses,
    gradients,
    front: Some(Front {
        parameter: Parameter::Square,
        set: |at, x| {
            x.fill(0.5);
            x[..2].copy_from_slice(at);
        },
        losses: |at, losses| losses.copy_from_slice(&direction(at)),
    }),
};

const N: usize = 12;

const fn starting(latitude: f64, longitude: f64) -> [f64; N] {
    let mut x = [0.9; N];
    x[0] = latitude;
    x[1] = longitude;
    x
}

fn angles(x: &[f64]) -> [f64; 4] {
    let (a, b) = (x[0] * FRAC_PI_2, x[1] * FRAC_PI_2);
    [libm::cos(a), libm::sin(a), libm::cos(b), libm::sin(b)]
}

/// The unit vector of the first two parameters.
fn direction(x: &[f64]) -> [f64; 3] {
    let [cos_a, sin_a, cos_b, sin_b] = angles(x);
    [cos_a * cos_b, cos_a * sin_b, sin_a]
}

fn radius(x: &[f64]) -> f64 {
    1.0 + x[2..].iter().map(|x| (x - 0.5) * (x - 0.5)).sum::<f64>()
}

fn losses(x: &[f64], losses: &mut [f64]) {
    let radius = radius(x);
    for (loss, part) in losses.iter_mut().zip(direction(x)) {
        *loss = radius * part;
    }
}

fn gradients(x: &[f64], rows: &mut [f64]) {
    let [cos_a, sin_a, cos_b, sin_b] = angles(x);
    let along = radius(x) * FRAC_PI_2;
    let by_a = [-sin_a * cos_b, -sin_a * sin_b, cos_a];
    let by_b = [-cos_a * sin_b, cos_a * cos_b, 0.0];
    for (task, (row, part)) in rows.chunks_exact_mut(N).zip(direction(x)).enumerate() {
        row[0] = along * by_a[task];
        row[1] = along * by_b[task];
        for (slope, x) in row[2..].iter_mut().zip(&x[2..]) {
            *slope = 2.0 * (x - 0.5) * part;
        }
    }
}
