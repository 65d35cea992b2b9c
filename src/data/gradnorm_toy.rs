//! The toy of GradNorm (Chen et al. 2018, sec. 4): fₜ(x) = tanh((b + εₜ)·x), one family of functions, T tasks.
//!
//! The page's size: 32 inputs and one output a task instead of 250 and 100. b and εₜ are normal, εₜ smaller by the
//! knob; their sum is divided by its expected length, since of the paper's own values 96 % saturate for normal x.
//! The paper multiplies task t by σₜ, so that its squared error counts σₜ² times as much. Targets are standardized
//! here as everywhere, and σₜ² is the task's loss scale: `sc=1,10000` for the paper's σ = (1, 100).

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TaskEntry, TaskKind, regressions,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};

const N_INPUTS: usize = 32;
/// Points that validate and that test.
const HELD_OUT: usize = 1024;

pub const SOURCE: DataSource = DataSource {
    id: "gradnorm-toy",
    title: "GradNorm's toy",
    description: "Ten regressions of one family: the tanh of a shared random direction, turned a little for each task. \
                  Scale the losses apart and see which method notices that the tasks are alike.",
    files: &[],
    knobs: &[
        Knob {
            name: "difference",
            label: "Each task's own part beside the shared one",
            // √(3.5 / 10), the paper's variances.
            default: 0.59,
            min: 0.0,
            max: 10.0,
            scale: KnobScale::Linear,
        },
        Knob { name: "gain", label: "Gain inside tanh", default: 1.0, min: 0.1, max: 10.0, scale: KnobScale::Log },
        Knob {
            name: "points",
            label: "Training points",
            default: 1024.0,
            min: 16.0,
            max: 4096.0,
            scale: KnobScale::Integer,
        },
    ],
    tasks: &[
        family("f1", "f₁"),
        family("f2", "f₂"),
        family("f3", "f₃"),
        family("f4", "f₄"),
        family("f5", "f₅"),
        family("f6", "f₆"),
        family("f7", "f₇"),
        family("f8", "f₈"),
        family("f9", "f₉"),
        family("f10", "f₁₀"),
    ],
    default_tasks: &[0, 1],
    seeding: Seeding::Seeded,
    image: None,
    truth: None,
    limit: None,
    make,
};

const fn family(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [difference, gain, points] = *request.knobs else {
        unreachable!("the registry entry has three knobs, and their number is checked");
    };
    let rows = [points as usize, HELD_OUT, HELD_OUT];
    let points = [0, 1, 2].map(|i| {
        let mut x = vec![0.0; rows[i] * N_INPUTS];
        Stream::new(request.seed, StreamId::Data, SPLITS[i]).fill_normal(0, &mut x);
        x.into_iter().map(|x| x as f32).collect()
    });
    Ok(regressions(source, request, (N_INPUTS, InputShape::Tabular), points, |task, x| {
        let weights = weights(request.seed, task, difference);
        let inside = |row: &[f32]| -> f64 { row.iter().zip(&weights).map(|(&x, w)| f64::from(x) * w).sum() };
        x.chunks_exact(N_INPUTS).map(|row| libm::tanh(gain * inside(row))).collect()
    }))
}

/// (b + r εₜ) / √(d (1 + r²)): b is sequence 0 of the functions, εₜ sequence t + 1.
fn weights(seed: u32, task: usize, difference: f64) -> [f64; N_INPUTS] {
    let normal = |sub: usize| {
        let mut draws = [0.0; N_INPUTS];
        Stream::new(seed, StreamId::Functions, sub as u32).fill_normal(0, &mut draws);
        draws
    };
    let (shared, own) = (normal(0), normal(task + 1));
    let length = (N_INPUTS as f64 * (1.0 + difference * difference)).sqrt();
    std::array::from_fn(|i| (shared[i] + difference * own[i]) / length)
}
