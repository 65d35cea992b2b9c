//! What pairs of task gradients say over steps: one pair, or the extreme and the mean of many.

use super::Scene;
use super::series::Curve;
use crate::measure::conflict::{Meeting, known_pulls, meetings, pairs};

/// What one panel or row reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Pair(usize, usize),
    Lowest,
    Highest,
    Mean,
}

/// A value at a step and whether it is mostly noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub step: u32,
    pub value: f64,
    pub noise: bool,
}

/// How many records are read: a curve has no more pixels, a table counts every step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum For {
    Curve,
    Count,
}

impl Reading {
    /// Every pair of up to three tasks; of more tasks an extreme and the mean.
    pub fn all(n_tasks: usize, extreme: Self) -> Vec<Self> {
        match n_tasks {
            0 | 1 => Vec::new(),
            2 | 3 => pairs(n_tasks).map(|(i, j)| Self::Pair(i, j)).collect(),
            _ => vec![extreme, Self::Mean],
        }
    }

    /// Empty for the only pair.
    pub fn name(self, scene: &Scene) -> String {
        match self {
            Self::Pair(..) if scene.n_tasks() == 2 => String::new(),
            Self::Pair(i, j) => format!("{} and {}", scene.task_name(i), scene.task_name(j)),
            Self::Lowest => "lowest of all pairs".to_owned(),
            Self::Highest => "highest of all pairs".to_owned(),
            Self::Mean => "mean over all pairs".to_owned(),
        }
    }
}

/// A value of the pairs at every step of a run that is known.
pub(super) fn read(
    scene: &Scene,
    run: usize,
    reading: Reading,
    value: fn(&Meeting) -> Option<f64>,
    purpose: For,
) -> Vec<Point> {
    let k = scene.n_tasks();
    let mut known = known_pulls(&scene.history.runs[run], k);
    // Many pairs: 500 records draw the same curve and keep a frame short.
    let most = if k > 3 { 500 } else { 2000 };
    if k > 3 || purpose == For::Curve {
        let every = known.len() / most + 1;
        known = known.into_iter().step_by(every).collect();
    }
    let of = |pair| {
        let point = |meeting: &Meeting| {
            let value = value(meeting).filter(|value| value.is_finite())?;
            Some(Point { step: meeting.step, value, noise: meeting.noise })
        };
        meetings(&known, k, pair).iter().filter_map(point).collect::<Vec<Point>>()
    };
    if let Reading::Pair(i, j) = reading {
        return of((i, j));
    }
    // By step: the extreme one, the sum of values, their number and whether all are noise.
    let mut together: Vec<(Point, f64, usize)> =
        known.iter().map(|(step, _)| (Point { step: *step, value: 0.0, noise: true }, 0.0, 0)).collect();
    for pair in pairs(k) {
        for point in of(pair) {
            let Ok(at) = together.binary_search_by_key(&point.step, |known| known.0.step) else { continue };
            let (extreme, sum, count) = &mut together[at];
            let noise = extreme.noise && point.noise;
            let beats = match reading {
                Reading::Highest => point.value > extreme.value,
                _ => point.value < extreme.value,
            };
            if *count == 0 || beats {
                *extreme = point;
            }
            if reading == Reading::Mean {
                extreme.noise = noise;
            }
            *sum += point.value;
            *count += 1;
        }
    }
    together
        .into_iter()
        .filter(|(_, _, count)| *count > 0)
        .map(|(extreme, sum, count)| match reading {
            Reading::Mean => Point { value: sum / count as f64, ..extreme },
            _ => extreme,
        })
        .collect()
}

/// The curve of a run's points, with where they are noise.
pub(super) fn curve(run: usize, points: &[Point]) -> Curve {
    let mut noise: Vec<(f64, f64)> = Vec::new();
    let mut going = false;
    for point in points {
        let step = f64::from(point.step);
        match noise.last_mut() {
            Some(range) if going && point.noise => range.1 = step,
            _ if point.noise => noise.push((step, step)),
            _ => {}
        }
        going = point.noise;
    }
    Curve {
        run,
        points: points.iter().map(|point| (f64::from(point.step), point.value)).collect(),
        noise,
        behind: None,
    }
}
