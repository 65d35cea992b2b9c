//! Function classes: six functions of one number, some nearly the same and some strangers to each other.
//!
//! Labels correlate from −0.18 (square wave and cubic) to 0.94 (overtone and square wave), and the correlations are
//! known exactly, so that what methods make of related tasks can be held against how related they are.

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TaskEntry, TaskKind, regressions,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};
use std::f64::consts::TAU;

/// Points that validate and that test.
const HELD_OUT: usize = 1024;

pub const SOURCE: DataSource = DataSource {
    id: "function-classes",
    title: "Function classes",
    description: "Six functions of one number: a sine, its shifted copy, its overtone, a tent, a square wave and a \
                  cubic. Some are nearly the same, some have nothing in common.",
    files: &[],
    knobs: &[Knob {
        name: "points",
        label: "Training points",
        default: 256.0,
        min: 16.0,
        max: 4096.0,
        scale: KnobScale::Integer,
    }],
    tasks: &[
        class("sine", "sin 2πx"),
        class("cosine", "cos 2πx"),
        class("overtone", "sin 2πx + ½ sin 6πx"),
        class("tent", "2|x| − 1"),
        class("square", "sign sin 2πx"),
        class("cubic", "4x³ − 3x"),
    ],
    default_tasks: &[0, 1, 2, 3],
    seeding: Seeding::Seeded,
    image: None,
    truth: None,
    limit: None,
    make,
};

const fn class(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [points] = request.knobs else {
        unreachable!("the registry entry has one knob, and their number is checked");
    };
    let rows = [*points as usize, HELD_OUT, HELD_OUT];
    let points = [0, 1, 2].map(|i| draw_points(request.seed, SPLITS[i], rows[i]));
    Ok(regressions(source, request, (1, InputShape::Tabular), points, |task, x| {
        x.iter().map(|&x| value(task, f64::from(x))).collect()
    }))
}

/// (rows) uniform in [−1, 1).
fn draw_points(seed: u32, split: u32, rows: usize) -> Vec<f32> {
    let stream = Stream::new(seed, StreamId::Data, split);
    (0..rows as u64).map(|index| (2.0 * stream.uniform(index) - 1.0) as f32).collect()
}

fn value(task: usize, x: f64) -> f64 {
    let sine = libm::sin(TAU * x);
    match task {
        0 => sine,
        1 => libm::cos(TAU * x),
        2 => sine + 0.5 * libm::sin(3.0 * TAU * x),
        3 => 2.0 * x.abs() - 1.0,
        // Half a period decides, not the sine: its zeros are no exact zeros.
        4 => {
            if (2.0 * x).floor().rem_euclid(2.0) == 0.0 {
                1.0
            } else {
                -1.0
            }
        }
        _ => (4.0 * x * x - 3.0) * x,
    }
}
