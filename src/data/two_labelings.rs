//! Two labelings of one cloud: each task asks on which side of its own line a point lies.
//!
//! The angle between the lines is an exact dial of conflict. Two labelings
//! agree on a share 1 − θ/180 of the points, and with one shared linear output
//! the cosine of the task gradients starts at cos θ. With separate heads 180°
//! is cooperative again (a head can flip the sign) and 90° is the worst.

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, Split, Targets, TaskEntry, TaskInfo,
    TaskKind,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};

/// Points that validate and that test.
const HELD_OUT: usize = 1024;

pub const SOURCE: DataSource = DataSource {
    id: "two-labelings",
    title: "Two labelings of one cloud",
    description: "Points of the unit disc; each task asks on which side of its own line a point \
                  lies. The angle between neighboring lines sets how much the tasks disagree.",
    files: &[],
    knobs: &[
        Knob {
            name: "angle",
            label: "Angle between neighboring lines (degrees)",
            default: 90.0,
            min: 0.0,
            max: 180.0,
            scale: KnobScale::Linear,
        },
        Knob {
            name: "flip",
            label: "Share of wrong training labels",
            default: 0.0,
            min: 0.0,
            max: 0.5,
            scale: KnobScale::Linear,
        },
        Knob {
            name: "points",
            label: "Training points",
            default: 256.0,
            min: 16.0,
            max: 4096.0,
            scale: KnobScale::Integer,
        },
    ],
    tasks: &[
        line("line1", "line 1"),
        line("line2", "line 2"),
        line("line3", "line 3"),
        line("line4", "line 4"),
        line("line5", "line 5"),
        line("line6", "line 6"),
    ],
    default_tasks: &[0, 1],
    seeding: Seeding::Seeded,
    image: None,
    truth: Some(truth),
    limit: None,
    make,
};

const fn line(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Binary }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [angle, flip, points] = request.knobs else {
        unreachable!("the registry entry has three knobs, and their number is checked");
    };
    let rows = [*points as usize, HELD_OUT, HELD_OUT];
    let mut splits =
        [0, 1, 2].map(|i| Split { rows: rows[i], x: disc(request.seed, SPLITS[i], rows[i]), targets: Vec::new() });
    let mut tasks = Vec::new();
    for &task in request.tasks {
        let normal = normal_of(*angle, task);
        for split in &mut splits {
            let labels = split.x.chunks_exact(2).map(|p| side(p, normal)).collect();
            split.targets.push(Targets::Value(labels));
        }
        // Held-out labels stay true, so that tests measure what was learned,
        // not the noise.
        flip_labels(request.seed, task, *flip, &mut splits[0]);
        let entry = source.tasks[task];
        tasks.push(TaskInfo {
            id: entry.id.to_owned(),
            name: entry.label.to_owned(),
            kind: entry.kind,
            metric: entry.kind.metric(),
            class_names: vec!["below".to_owned(), "above".to_owned()],
            scale: None,
            unit: None,
            excludes: Vec::new(),
        });
    }
    let [train, validation, test] = splits;
    Ok(Dataset {
        name: source.id.to_owned(),
        title: source.title.to_owned(),
        n_inputs: 2,
        shape: InputShape::Plane { range: 1.0 },
        tasks,
        train,
        validation,
        test,
        attribution: None,
    })
}

/// The side of each point without wrong labels.
fn truth(knobs: &[f64], task: usize, _info: &TaskInfo, points: &[f32]) -> Vec<f32> {
    let normal = normal_of(knobs[0], task);
    points.chunks_exact(2).map(|point| side(point, normal)).collect()
}

fn normal_of(angle: f64, task: usize) -> [f64; 2] {
    let radians = (task as f64 * angle).to_radians();
    [libm::cos(radians), libm::sin(radians)]
}

/// (rows, 2) uniform in the unit disc; point i takes draws 2i (radius) and 2i + 1 (angle).
fn disc(seed: u32, split: u32, rows: usize) -> Vec<f32> {
    let stream = Stream::new(seed, StreamId::Data, split);
    (0..rows as u64)
        .flat_map(|i| {
            let radius = stream.uniform(2 * i).sqrt();
            let turn = stream.uniform(2 * i + 1) * std::f64::consts::TAU;
            [(radius * libm::cos(turn)) as f32, (radius * libm::sin(turn)) as f32]
        })
        .collect()
}

/// 1 where the point lies on the side that `normal` points to, else 0.
fn side(point: &[f32], normal: [f64; 2]) -> f32 {
    let height = normal[0] * f64::from(point[0]) + normal[1] * f64::from(point[1]);
    if height > 0.0 { 1.0 } else { 0.0 }
}

/// Inverts each label of the task pushed last with probability `share`.
fn flip_labels(seed: u32, task: usize, share: f64, split: &mut Split) {
    let stream = Stream::new(seed, StreamId::Noise, task as u32);
    if let Some(Targets::Value(labels)) = split.targets.last_mut() {
        for (i, label) in labels.iter_mut().enumerate() {
            if stream.uniform(i as u64) < share {
                *label = 1.0 - *label;
            }
        }
    }
}
