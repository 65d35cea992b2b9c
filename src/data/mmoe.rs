//! The synthetic tasks of MMoE (Ma et al., KDD 2018): two regressions whose weights are a chosen cosine apart.
//!
//! w₁ = c u₁ and w₂ = c (p u₁ + √(1 − p²) u₂) for orthonormal u₁, u₂; x is normal, and
//! yₖ = wₖ·x + Σᵢ sin(αᵢ wₖ·x + βᵢ) + N(0, 0.1²), i = 1 … 4. The paper leaves α and β open. βᵢ = (i − 1)² as in Google
//! Research's later generator of such pairs; αᵢ = i/2 and 16 inputs instead of its αᵢ = i and 100, with which
//! a few thousand rows teach little. c = 1.
//!
//! p is the cosine of the weights. What the sines make of it, the correlation of the labels, is smaller: 0.37 at
//! p = 0.5, 0.68 at 0.8, 0.82 at 0.9 and 0.995 at 1, where only the noise differs.

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TaskEntry, TaskKind, noisy_regressions,
    orthonormal,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};

const N_INPUTS: usize = 16;
/// Points that validate and that test.
const HELD_OUT: usize = 1024;
/// (αᵢ, βᵢ) of every sine.
const SINES: [(f64, f64); 4] = [(0.5, 0.0), (1.0, 1.0), (1.5, 4.0), (2.0, 9.0)];
/// Deviation of the noise in all rows.
const NOISE: f64 = 0.1;

pub const SOURCE: DataSource = DataSource {
    id: "mmoe",
    title: "MMoE's related tasks",
    description: "Two regressions, each a line with four sines on it along a direction of its own. p is the cosine of \
                  the two directions, not the correlation of the labels: that is 0.37 at p = 0.5, 0.68 at 0.8 and \
                  0.82 at 0.9.",
    files: &[],
    knobs: &[
        Knob { name: "p", label: "Cosine of the weights", default: 0.5, min: -1.0, max: 1.0, scale: KnobScale::Linear },
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
        TaskEntry { id: "y1", label: "y₁", kind: TaskKind::Regression },
        TaskEntry { id: "y2", label: "y₂", kind: TaskKind::Regression },
    ],
    default_tasks: &[0, 1],
    seeding: Seeding::Seeded,
    image: None,
    truth: None,
    limit: None,
    make,
};

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [p, points] = *request.knobs else {
        unreachable!("the registry entry has two knobs, and their number is checked");
    };
    let rows = [points as usize, HELD_OUT, HELD_OUT];
    let points = [0, 1, 2].map(|i| {
        let mut x = vec![0.0; rows[i] * N_INPUTS];
        Stream::new(request.seed, StreamId::Data, SPLITS[i]).fill_normal(0, &mut x);
        x.into_iter().map(|x| x as f32).collect()
    });
    let [u1, u2] = orthonormal::directions::<2, N_INPUTS>(request.seed);
    let turned = std::array::from_fn(|i| p * u1[i] + (1.0 - p * p).sqrt() * u2[i]);
    let weights = [u1, turned];
    Ok(noisy_regressions(source, request, (N_INPUTS, InputShape::Tabular), points, NOISE, |task, x| {
        let along = |row: &[f32]| -> f64 { row.iter().zip(&weights[task]).map(|(&x, w)| f64::from(x) * w).sum() };
        x.chunks_exact(N_INPUTS).map(|row| value(along(row))).collect()
    }))
}

/// z + Σ sin(αᵢ z + βᵢ).
fn value(z: f64) -> f64 {
    z + SINES.iter().map(|(alpha, beta)| libm::sin(alpha * z + beta)).sum::<f64>()
}
