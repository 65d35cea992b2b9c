//! What a network says: maps over the plane, or its answers for the first rows of the test split.

use crate::data::{Dataset, InputShape, Split, Targets, TaskKind};
use crate::math::exp_f32;
use crate::protocol::{Answer, PredictionBody, Sample};
use crate::train::{Evaluator, top_class};

/// Points along each side of a map.
const SIDE: usize = 48;
/// Test rows shown.
const SAMPLES: usize = 12;

/// Outputs at θ, as the data set can be pictured; samples come from the test rows.
pub fn draw(
    evaluator: &mut Evaluator,
    theta: &[f32],
    (dataset, test): (&Dataset, &Split),
    truth: &dyn Fn(&[f32]) -> Vec<Vec<f32>>,
) -> PredictionBody {
    match dataset.shape {
        InputShape::Plane { range } => {
            let points = grid(range);
            let outputs = evaluator.outputs(theta, &points);
            let outputs = outputs.into_iter().zip(&dataset.tasks).map(|(z, task)| shown(z, task.kind)).collect();
            PredictionBody::Maps { side: SIDE, outputs, targets: truth(&points) }
        }
        InputShape::Image { .. } | InputShape::Tabular => {
            let rows: Vec<u32> = (0..SAMPLES.min(test.rows) as u32).collect();
            PredictionBody::Samples(samples(evaluator, theta, (dataset, test), &rows))
        }
    }
}

/// What the network at θ answers to these rows of a split, with the pixels of images.
pub fn samples(
    evaluator: &mut Evaluator,
    theta: &[f32],
    (dataset, split): (&Dataset, &Split),
    rows: &[u32],
) -> Vec<Sample> {
    let inputs = |row: &u32| &split.x[*row as usize * dataset.n_inputs..][..dataset.n_inputs];
    let x: Vec<f32> = rows.iter().flat_map(inputs).copied().collect();
    let outputs = evaluator.outputs(theta, &x);
    let is_image = matches!(dataset.shape, InputShape::Image { .. });
    let sample = |(at, row): (usize, &u32)| {
        let answers = dataset.tasks.iter().enumerate().map(|(task, info)| {
            let width = info.kind.n_outputs();
            let z = &outputs[task][at * width..][..width];
            answer(z, info.kind, &split.targets[task], *row as usize)
        });
        let pixels = if is_image { inputs(row) } else { &[] };
        Sample { pixels: pixels.to_vec(), answers: answers.collect() }
    };
    rows.iter().enumerate().map(sample).collect()
}

/// (SIDE², 2) cell centers, row 0 at the top.
fn grid(range: f32) -> Vec<f32> {
    let at = |i: usize| range * (2.0 * (i as f32 + 0.5) / SIDE as f32 - 1.0);
    (0..SIDE * SIDE).flat_map(|cell| [at(cell % SIDE), -at(cell / SIDE)]).collect()
}

fn shown(z: Vec<f32>, kind: TaskKind) -> Vec<f32> {
    match kind {
        TaskKind::Regression => z,
        TaskKind::Binary => z.into_iter().map(probability).collect(),
        TaskKind::Multiclass { classes } => z.chunks_exact(classes).map(|z| top_class(z) as f32).collect(),
    }
}

fn probability(z: f32) -> f32 {
    1.0 / (1.0 + exp_f32(-z))
}

fn answer(z: &[f32], kind: TaskKind, targets: &Targets, row: usize) -> Answer {
    let truth = match targets {
        Targets::Class(classes) => classes[row] as f32,
        Targets::Value(values) => values[row],
    };
    match kind {
        TaskKind::Regression => Answer { truth, predicted: z[0], confidence: 1.0 },
        TaskKind::Binary => {
            let p = probability(z[0]);
            Answer { truth, predicted: f32::from(p > 0.5), confidence: p.max(1.0 - p) }
        }
        TaskKind::Multiclass { .. } => {
            let class = top_class(z);
            let sum: f32 = z.iter().map(|&other| exp_f32(other - z[class])).sum();
            Answer { truth, predicted: class as f32, confidence: 1.0 / sum }
        }
    }
}
