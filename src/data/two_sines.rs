//! Two sines: predict sin 4x₁ and sin 4x₂ from a point of the plane.
//!
//! Neither task is hard, but a narrow trunk has no room for both, so every
//! balancing method must choose; that is the default experiment. The 256
//! training points are the whole training set: a batch is all of them.

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TargetScale, TaskEntry, TaskInfo,
    TaskKind, regressions,
};
use crate::rng::{Stream, StreamId};

/// Points of each split.
const POINTS: usize = 256;
const FREQUENCY: f64 = 4.0;

pub const SOURCE: DataSource = DataSource {
    id: "two-sines",
    title: "Two sines",
    description: "256 points of the plane; one task is the sine of the first coordinate, \
                  the other the sine of the second. A narrow trunk cannot hold both.",
    files: &[],
    knobs: &[],
    tasks: &[
        TaskEntry { id: "sin-x1", label: "sin 4x₁", kind: TaskKind::Regression },
        TaskEntry { id: "sin-x2", label: "sin 4x₂", kind: TaskKind::Regression },
    ],
    default_tasks: &[0, 1],
    seeding: Seeding::Seeded,
    image: None,
    truth: Some(truth),
    limit: None,
    make,
};

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let points = SPLITS.map(|split| draw_points(request.seed, split));
    Ok(regressions(source, request, (2, InputShape::Plane { range: 1.0 }), points, |task, x| sines(x, task)))
}

/// The sine itself, on the scale of the training points.
fn truth(_knobs: &[f64], task: usize, info: &TaskInfo, points: &[f32]) -> Vec<f32> {
    let scale = info.scale.unwrap_or(TargetScale { mean: 0.0, std: 1.0 });
    sines(points, task).iter().map(|y| ((y - scale.mean) / scale.std) as f32).collect()
}

/// (POINTS, 2) uniform in [−1, 1)²; coordinate j of point i is draw 2i + j.
///
/// A draw is a multiple of 2⁻²⁴, so 2u − 1 is exact in f32 too.
fn draw_points(seed: u32, split: u32) -> Vec<f32> {
    let stream = Stream::new(seed, StreamId::Data, split);
    (0..2 * POINTS as u64).map(|index| (2.0 * stream.uniform(index) - 1.0) as f32).collect()
}

/// sin 4x of one coordinate, by the same code natively and in wasm.
fn sines(x: &[f32], coordinate: usize) -> Vec<f64> {
    x.chunks_exact(2).map(|point| libm::sin(FREQUENCY * f64::from(point[coordinate]))).collect()
}
