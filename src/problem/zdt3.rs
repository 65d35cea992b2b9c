//! ZDT3 (Zitzler, Deb & Thiele 2000): f₂ = g·(1 − √(f₁/g) − (f₁/g) sin 10πf₁), a front in five pieces.

use super::zdt::{self, Shape};
use super::{Front, Parameter, Problem};
use std::f64::consts::PI;

pub const PROBLEM: Problem = Problem {
    id: "zdt3",
    label: "ZDT3",
    about: "ZDT1 with a wave: the front falls into five pieces, and between them lie points that cannot be improved \
            locally. Where a run ends depends on the piece it starts above. Thirty parameters in a box with walls.",
    source: zdt::SOURCE,
    n_parameters: zdt::N,
    tasks: zdt::TASKS,
    bounds: zdt::BOUNDS,
    starts: zdt::STARTS,
    floor: &[0.0, -1.0],
    losses: |x, losses| zdt::losses(shape, x, losses),
    gradients: |x, rows| zdt::gradients(shape, x, rows),
    front: Some(Front {
        parameter: Parameter::Intervals(PIECES),
        set: zdt::set,
        losses: |at, losses| {
            let f = at[0];
            losses.copy_from_slice(&[f, 1.0 - f.sqrt() - f * libm::sin(10.0 * PI * f)]);
        },
    }),
};

/// f₁ on the front: from where f₂ falls below all before it, down to its next minimum.
const PIECES: &[[f64; 2]] = &[
    [0.0, 0.083_001_534_926_91],
    [0.182_228_728_029_4, 0.257_762_363_387_83],
    [0.409_313_674_808_7, 0.453_882_104_088_8],
    [0.618_396_794_439_3, 0.652_511_703_804_6],
    [0.823_331_798_326_7, 0.851_832_865_436_4],
];

fn shape(r: f64, first: f64) -> Shape {
    let (root, slope) = zdt::root(r);
    let (sine, cosine) = (libm::sin(10.0 * PI * first), libm::cos(10.0 * PI * first));
    Shape { value: 1.0 - root - r * sine, by_ratio: -slope - sine, by_first: -10.0 * PI * r * cosine }
}
