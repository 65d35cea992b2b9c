//! MultiTab-Bench (Sinodinos, Wei and Armanfard, arXiv:2511.09970): regressions as related and as complex as wanted.
//!
//! U holds T orthonormal rows of 32 numbers, P is 1 on the diagonal and p elsewhere, and W = V Λ^½ U with P = V Λ Vᵀ,
//! so that W Wᵀ = P exactly. x is normal, zₜ = wₜ·x and yₜ = Σ zₜᵏ + N(0, noise²), k = 1 … degree, in every row, held
//! out or not. T is the number of chosen tasks, so another number turns the directions a little.
//!
//! P has the eigenvalues 1 + (T − 1)p along (1, …, 1) and 1 − p across it; there are none below 0 for p from
//! −1/(T − 1) to 1. V is not unique, as eigenvalues repeat, and V U is a set of orthonormal rows like U. The one
//! that is fair to all tasks is W = P^½ U: wₜ = √(1 − p) uₜ + (√(1 + (T − 1)p) − √(1 − p)) mean(u).

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TaskEntry, TaskKind, noisy_regressions,
    orthonormal,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};

const N_INPUTS: usize = 32;
const N_TASKS: usize = 8;
/// Points that validate and that test.
const HELD_OUT: usize = 1024;
/// How far below its limit p may lie: less than a link writes, more than rounding.
const ROUNDING: f64 = 1e-9;

pub const SOURCE: DataSource = DataSource {
    id: "multitab",
    title: "MultiTab-Bench",
    description: "Polynomials of one projection a task. p is the cosine of any two projections: at 0 the tasks have \
                  nothing in common and compete for the shared units, at 1 they are all the same.",
    files: &[],
    knobs: &[
        Knob {
            name: "p",
            label: "Cosine of any two tasks’ weights",
            default: 0.5,
            min: -1.0,
            max: 1.0,
            scale: KnobScale::Linear,
        },
        Knob { name: "degree", label: "Highest degree", default: 2.0, min: 1.0, max: 3.0, scale: KnobScale::Integer },
        Knob::choice("degrees", "Degree of the tasks", &["equal", "rising"]),
        Knob {
            name: "noise",
            label: "Deviation of the noise",
            default: 0.01,
            min: 0.0,
            max: 1.0,
            scale: KnobScale::Linear,
        },
        Knob {
            name: "points",
            label: "Training points",
            default: 2000.0,
            min: 16.0,
            max: 8192.0,
            scale: KnobScale::Integer,
        },
    ],
    tasks: &[
        polynomial("y1", "y₁"),
        polynomial("y2", "y₂"),
        polynomial("y3", "y₃"),
        polynomial("y4", "y₄"),
        polynomial("y5", "y₅"),
        polynomial("y6", "y₆"),
        polynomial("y7", "y₇"),
        polynomial("y8", "y₈"),
    ],
    default_tasks: &[0, 1, 2],
    seeding: Seeding::Seeded,
    image: None,
    truth: None,
    limit: Some(limit),
    make,
};

const fn polynomial(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}

/// Refuses a p that no T directions can have between any two of them.
fn limit(source: &DataSource, knobs: &[f64], n_tasks: usize) -> Result<(), DataError> {
    let others = n_tasks.saturating_sub(1) as f64;
    let p = knobs[0];
    if 1.0 + others * p >= -ROUNDING {
        return Ok(());
    }
    // Rounded towards 0, so that the sentence names an allowed value.
    let lowest = (-1000.0 / others).ceil() / 1000.0;
    Err(DataError::Knob {
        dataset: source.id.to_owned(),
        knob: source.knobs[0].name.to_owned(),
        value: p,
        allowed: format!(
            "to a number from {lowest} to 1, or choose fewer tasks: no {n_tasks} directions can be further apart from \
             each other"
        ),
    })
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [p, degree, degrees, noise, points] = *request.knobs else {
        unreachable!("the registry entry has five knobs, and their number is checked");
    };
    let rows = [points as usize, HELD_OUT, HELD_OUT];
    let points = [0, 1, 2].map(|i| {
        let mut x = vec![0.0; rows[i] * N_INPUTS];
        Stream::new(request.seed, StreamId::Data, SPLITS[i]).fill_normal(0, &mut x);
        x.into_iter().map(|x| x as f32).collect()
    });
    let weights = weights(request.seed, p, request.tasks);
    Ok(noisy_regressions(source, request, (N_INPUTS, InputShape::Tabular), points, noise, |task, x| {
        let along = |row: &[f32]| -> f64 { row.iter().zip(&weights[task]).map(|(&x, w)| f64::from(x) * w).sum() };
        let degree = degree_of(task, degree as usize, degrees == 1.0);
        x.chunks_exact(N_INPUTS).map(|row| powers(along(row), degree)).collect()
    }))
}

/// Rows of W in the places of the chosen tasks; the others are not used.
///
/// uₜ belongs to the registry's task, and sums run in the registry's order: neither depends on the order of choice.
fn weights(seed: u32, p: f64, tasks: &[usize]) -> [[f64; N_INPUTS]; N_TASKS] {
    let u = orthonormal::directions::<N_TASKS, N_INPUTS>(seed);
    let t = tasks.len() as f64;
    let across = (1.0 - p).sqrt();
    let along = (1.0 + (t - 1.0) * p).max(0.0).sqrt();
    let chosen = (0..N_TASKS).filter(|task| tasks.contains(task));
    let mut mean = [0.0; N_INPUTS];
    for task in chosen {
        for (mean, u) in mean.iter_mut().zip(&u[task]) {
            *mean += u / t;
        }
    }
    u.map(|u| std::array::from_fn(|i| across * u[i] + (along - across) * mean[i]))
}

/// Of every task the same, or 1, 2, … in turn up to the highest.
fn degree_of(task: usize, highest: usize, rising: bool) -> usize {
    if rising { 1 + task % highest } else { highest }
}

/// z + z² + … up to the degree.
fn powers(z: f64, degree: usize) -> f64 {
    (0..degree).fold(0.0, |sum, _| z * (1.0 + sum))
}
