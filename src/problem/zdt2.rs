//! ZDT2 (Zitzler, Deb & Thiele 2000): f₂ = g·(1 − (f₁/g)²), a concave front.

use super::zdt::{self, Shape};
use super::{Front, Parameter, Problem};

pub const PROBLEM: Problem = Problem {
    id: "zdt2",
    label: "ZDT2",
    about: "ZDT1 with a front that bends the other way: between the two ends no point minimizes a weighted sum, so Sum \
            ends in a corner whatever its weights. Thirty parameters in a box with walls.",
    source: zdt::SOURCE,
    n_parameters: zdt::N,
    tasks: zdt::TASKS,
    bounds: zdt::BOUNDS,
    starts: zdt::STARTS,
    floor: &[0.0, 0.0],
    losses: |x, losses| zdt::losses(shape, x, losses),
    gradients: |x, rows| zdt::gradients(shape, x, rows),
    front: Some(Front {
        parameter: Parameter::Intervals(&[[0.0, 1.0]]),
        set: zdt::set,
        losses: |at, losses| losses.copy_from_slice(&[at[0], 1.0 - at[0] * at[0]]),
    }),
};

fn shape(r: f64, _first: f64) -> Shape {
    Shape { value: 1.0 - r * r, by_ratio: -2.0 * r, by_first: 0.0 }
}
