//! ZDT1 (Zitzler, Deb & Thiele 2000): f₂ = g·(1 − √(f₁/g)), a convex front.

use super::zdt::{self, Shape};
use super::{Front, Parameter, Problem};

pub const PROBLEM: Problem = Problem {
    id: "zdt1",
    label: "ZDT1",
    about: "Thirty parameters in a box, of which one chooses the trade-off and the others cost f₂. The front is convex \
            and becomes infinitely steep at f₁ = 0. Updates that leave the box end at its wall.",
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
        losses: |at, losses| losses.copy_from_slice(&[at[0], 1.0 - at[0].sqrt()]),
    }),
};

fn shape(r: f64, _first: f64) -> Shape {
    let (root, slope) = zdt::root(r);
    Shape { value: 1.0 - root, by_ratio: -slope, by_first: 0.0 }
}
