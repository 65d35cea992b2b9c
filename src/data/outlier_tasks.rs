//! Outlier tasks (Emami et al. 2025, R-MTGB): eight regressions share most of a random function, two share another.
//!
//! f(x) = √(2/N) Σₙ θₙ cos(wₙ·x / (¼ d) + bₙ), N = 500, d = 5: a draw from a Gaussian process by random features.
//! An inlier is c·f_common + (1 − c)·fₜ, an outlier c·f_other + (1 − c)·fₜ. In the paper every task has rows of its
//! own; here all tasks are asked about the same rows, because one batch goes through one trunk.

use super::{
    BuildRequest, DataError, DataSource, Dataset, InputShape, SPLITS, Seeding, TaskEntry, TaskKind, regressions,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};
use std::f64::consts::TAU;

const N_INPUTS: usize = 5;
const FEATURES: usize = 500;
/// The paper's 300 training rows and 1 000 test rows; as many validate.
const ROWS: [usize; 3] = [300, 1000, 1000];
/// Tasks before the outliers.
const INLIERS: usize = 8;

pub const SOURCE: DataSource = DataSource {
    id: "outlier-tasks",
    title: "Outlier tasks",
    description: "Ten random functions of five numbers. Eight are mostly one function, two mostly another: who helps \
                  the many at the cost of the few?",
    files: &[],
    knobs: &[Knob {
        name: "common",
        label: "Share of the common function",
        default: 0.9,
        min: 0.0,
        max: 1.0,
        scale: KnobScale::Linear,
    }],
    tasks: &[
        function("in1", "inlier 1"),
        function("in2", "inlier 2"),
        function("in3", "inlier 3"),
        function("in4", "inlier 4"),
        function("in5", "inlier 5"),
        function("in6", "inlier 6"),
        function("in7", "inlier 7"),
        function("in8", "inlier 8"),
        function("out1", "outlier 1"),
        function("out2", "outlier 2"),
    ],
    default_tasks: &[0, 1, 2, 8],
    seeding: Seeding::Seeded,
    image: None,
    truth: None,
    limit: None,
    make,
};

const fn function(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let [common] = *request.knobs else {
        unreachable!("the registry entry has one knob, and their number is checked");
    };
    let points = [0, 1, 2].map(|i| {
        let stream = Stream::new(request.seed, StreamId::Data, SPLITS[i]);
        (0..(ROWS[i] * N_INPUTS) as u64).map(|index| (2.0 * stream.uniform(index) - 1.0) as f32).collect()
    });
    // Functions 0 and 1 are the common one and the other; those of the tasks follow.
    let shared = [RandomFunction::draw(request.seed, 0), RandomFunction::draw(request.seed, 1)];
    Ok(regressions(source, request, (N_INPUTS, InputShape::Tabular), points, |task, x| {
        let own = RandomFunction::draw(request.seed, 2 + task as u32);
        let shared = &shared[usize::from(task >= INLIERS)];
        x.chunks_exact(N_INPUTS).map(|row| common * shared.at(row) + (1.0 - common) * own.at(row)).collect()
    }))
}

/// A sum of cosines in random directions.
struct RandomFunction {
    /// (w / (¼ d), b, √(2/N) θ) of every cosine.
    features: Vec<([f64; N_INPUTS], f64, f64)>,
}

impl RandomFunction {
    /// Cosine n takes draws 7n .. 7n + 7: its five frequencies, its factor θ and its phase b.
    fn draw(seed: u32, number: u32) -> Self {
        let stream = Stream::new(seed, StreamId::Functions, number);
        let length_scale = 0.25 * N_INPUTS as f64;
        let height = (2.0 / FEATURES as f64).sqrt();
        let feature = |n: usize| {
            let first = ((N_INPUTS + 2) * n) as u64;
            let frequency = std::array::from_fn(|i| stream.normal(first + i as u64) / length_scale);
            let factor = stream.normal(first + N_INPUTS as u64);
            let phase = TAU * stream.uniform(first + N_INPUTS as u64 + 1);
            (frequency, phase, height * factor)
        };
        Self { features: (0..FEATURES).map(feature).collect() }
    }

    fn at(&self, x: &[f32]) -> f64 {
        let term = |(frequency, phase, height): &([f64; N_INPUTS], f64, f64)| {
            let inside: f64 = frequency.iter().zip(x).map(|(w, &x)| w * f64::from(x)).sum();
            height * libm::cos(inside + phase)
        };
        self.features.iter().map(term).sum()
    }
}
