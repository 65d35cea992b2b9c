//! What the ZDT problems share (Zitzler, Deb & Thiele 2000): f₁ = x₁, f₂ = g·h(f₁/g, f₁), g = 1 + 9·mean(x₂…xₙ).
//!
//! On the front g = 1, so x₂ = … = xₙ = 0 and f₂ = h(f₁, f₁).

use super::{Bounds, Edge, Start};

pub const N: usize = 30;
pub const SOURCE: &str = "Zitzler, Deb & Thiele, Comparison of Multiobjective Evolutionary Algorithms (2000)";
pub const TASKS: &[&str] = &["f₁", "f₂"];
pub const BOUNDS: Bounds = Bounds { low: 0.0, high: 1.0, edge: Edge::Wall };
pub const STARTS: &[Start] = &[
    Start { id: "middle", x: &[0.5; N] },
    Start { id: "corner", x: &[0.9; N] },
    Start { id: "low-f1", x: &with_first(0.1) },
];

const fn with_first(first: f64) -> [f64; N] {
    let mut x = [0.6; N];
    x[0] = first;
    x
}

/// The least f₁/g at which the slope of its root is taken: at 0 it is infinite.
const LEAST: f64 = 1e-8;

/// h at (r, f₁) with its two partial derivatives.
pub struct Shape {
    pub value: f64,
    pub by_ratio: f64,
    pub by_first: f64,
}

/// √r and its slope, which is at most 5,000.
pub fn root(r: f64) -> (f64, f64) {
    (r.sqrt(), 0.5 / r.max(LEAST).sqrt())
}

fn distance(x: &[f64]) -> f64 {
    1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64
}

pub fn losses(shape: fn(f64, f64) -> Shape, x: &[f64], losses: &mut [f64]) {
    let g = distance(x);
    losses.copy_from_slice(&[x[0], g * shape(x[0] / g, x[0]).value]);
}

pub fn gradients(shape: fn(f64, f64) -> Shape, x: &[f64], rows: &mut [f64]) {
    let g = distance(x);
    let ratio = x[0] / g;
    let shape = shape(ratio, x[0]);
    let (first, second) = rows.split_at_mut(x.len());
    first.fill(0.0);
    first[0] = 1.0;
    let by_distance = shape.value - ratio * shape.by_ratio;
    second.fill(by_distance * 9.0 / (x.len() - 1) as f64);
    second[0] = shape.by_ratio + g * shape.by_first;
}

/// The Pareto-optimal x with this f₁.
pub fn set(at: &[f64], x: &mut [f64]) {
    x.fill(0.0);
    x[0] = at[0];
}
