//! What several seeds of an experiment say together: medians and quartiles of losses, test metrics and Δm.
//!
//! A seed that diverged counts with the worst there is from where it did, so a median may be infinite.

use super::History;
use crate::measure::delta_m::{Compared, delta_m};
use crate::measure::spread::Spread;
use crate::protocol::{Divergence, SeedCurves, SeedProgress};

/// (step, median and quartiles) by ascending step.
pub type Band = Vec<(u32, Spread)>;

/// Medians and quartiles over all complete seeds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bands {
    /// One entry a run, in it one a task: unscaled losses.
    pub losses: Vec<Vec<Band>>,
    /// The same of test metrics.
    pub metrics: Vec<Vec<Band>>,
    /// One entry a task: losses and test metrics of the networks that learn it alone.
    pub references: Vec<(Band, Band)>,
}

/// What one seed says about one network and task.
struct Told {
    /// (step, value) by ascending step.
    points: Vec<(u32, f64)>,
    /// Where it diverged, and what it counts with from there.
    diverged: Option<u32>,
    worst: f64,
}

impl Told {
    fn new(points: impl Iterator<Item = (u32, Option<f64>)>, diverged: Option<&Divergence>, worst: f64) -> Self {
        let known =
            |(step, value): (u32, Option<f64>)| value.filter(|value| value.is_finite()).map(|value| (step, value));
        Self { points: points.filter_map(known).collect(), diverged: diverged.map(|end| end.step), worst }
    }

    fn at(&self, step: u32) -> Option<f64> {
        // A network that was never judged has no worst value either.
        if self.diverged.is_some_and(|end| step >= end) && !self.points.is_empty() {
            return Some(self.worst);
        }
        self.points.binary_search_by_key(&step, |(told, _)| *told).ok().map(|idx| self.points[idx].1)
    }
}

/// Losses of one task from a further seed.
fn losses(curves: &SeedCurves, task: usize) -> Told {
    let points = curves.losses.iter().map(|(step, losses)| (*step, losses.get(task).copied()));
    Told::new(points, curves.diverged.as_ref(), f64::INFINITY)
}

/// Test metrics of one task from a further seed.
fn metrics(curves: &SeedCurves, task: usize) -> Told {
    let points = curves.metrics.iter().map(|(step, metrics)| (*step, metrics.get(task).copied()));
    Told::new(points, curves.diverged.as_ref(), f64::NEG_INFINITY)
}

/// At multiples of `every` and at the end, where every seed has something to say: others would be a band of others.
fn band(seeds: &[Told], every: u32, last: u32) -> Band {
    let mut steps: Vec<u32> = (0..=last).step_by(every.max(1) as usize).chain([last]).collect();
    steps.dedup();
    let all = |step: u32| seeds.iter().map(|seed| seed.at(step)).collect::<Option<Vec<f64>>>();
    steps.into_iter().filter_map(|step| Some((step, Spread::of(all(step)?)?))).collect()
}

impl Bands {
    /// Of everything that is known; empty with one seed.
    pub fn of(history: &History) -> Self {
        if history.seeds.is_empty() {
            return Self::default();
        }
        let History { outline, runs, references, seeds, .. } = history;
        let (k, last) = (outline.n_tasks, outline.steps);
        let of_run = |run: usize, task: usize| {
            let known = &runs[run];
            let end = known.diverged.as_ref();
            let points = known.records.iter().map(|record| (record.step, record.losses.get(task).copied()));
            let mut of_losses = vec![Told::new(points, end, f64::INFINITY)];
            let points = known.evaluations.iter().map(|known| (known.step, known.metrics.get(task).copied()));
            let mut of_metrics = vec![Told::new(points, end, f64::NEG_INFINITY)];
            for curves in seeds.iter().filter_map(|seed| seed.runs.get(run)) {
                of_losses.push(losses(curves, task));
                of_metrics.push(metrics(curves, task));
            }
            (band(&of_losses, outline.seed_every, last), band(&of_metrics, outline.evaluate_every, last))
        };
        let of_reference = |task: usize| {
            let own = |list: &[(u32, f64)]| {
                Told::new(list.iter().map(|(step, value)| (*step, Some(*value))), None, f64::INFINITY)
            };
            let known = references.get(task);
            let mut of_losses = vec![own(known.map_or(&[], |known| &known.losses))];
            let mut of_metrics = vec![own(known.map_or(&[], |known| &known.metrics))];
            for curves in seeds.iter().filter_map(|seed| seed.references.get(task)) {
                of_losses.push(losses(curves, 0));
                of_metrics.push(metrics(curves, 0));
            }
            (band(&of_losses, outline.seed_every, last), band(&of_metrics, outline.evaluate_every, last))
        };
        let of_runs = (0..runs.len()).map(|run| (0..k).map(|task| of_run(run, task)).unzip());
        let (losses, metrics) = of_runs.unzip();
        Self { losses, metrics, references: (0..k).map(of_reference).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// Median and quartiles of a run's loss at `step`, or at the last told step before it.
    pub fn loss_at(&self, run: usize, task: usize, step: u32) -> Option<Spread> {
        at(self.losses.get(run)?.get(task)?, step)
    }

    /// The step that [`Bands::loss_at`] tells of, for all runs and tasks: seeds meet at some steps only.
    pub fn loss_step(&self, step: u32) -> Option<u32> {
        told(self.losses.first()?.first()?, step)
    }

    /// The same of test metrics.
    pub fn metric_step(&self, step: u32) -> Option<u32> {
        told(self.metrics.first()?.first()?, step)
    }

    /// The same of its test metric.
    pub fn metric_at(&self, run: usize, task: usize, step: u32) -> Option<Spread> {
        at(self.metrics.get(run)?.get(task)?, step)
    }
}

fn told(band: &Band, step: u32) -> Option<u32> {
    let after = band.partition_point(|(told, _)| *told <= step);
    after.checked_sub(1).map(|idx| band[idx].0)
}

fn at(band: &Band, step: u32) -> Option<Spread> {
    let after = band.partition_point(|(told, _)| *told <= step);
    after.checked_sub(1).map(|idx| band[idx].1)
}

impl History {
    /// Complete seeds, the first among them.
    pub fn n_seeds(&self) -> usize {
        1 + self.seeds.len()
    }

    /// Δm of a run by the test metrics at `step`, or the last before it, against the single-task networks of the same
    /// seed: the mean relative loss in percent, lower is better. One entry a complete seed, the first first; `None`
    /// where there is no such metric, a network diverged, or a baseline is not above 0.
    pub fn delta_m(&self, run: usize, step: u32) -> Vec<Option<f64>> {
        let last = |list: &[(u32, f64)]| {
            let after = list.partition_point(|(told, _)| *told <= step);
            after.checked_sub(1).map(|idx| list[idx].1)
        };
        let first = self.runs.get(run).and_then(|run| {
            let alive = run.diverged.as_ref().is_none_or(|end| step < end.step);
            let metrics = &run.evaluation_at(step).filter(|_| alive)?.metrics;
            let alone = self.references.iter().map(|reference| last(&reference.metrics));
            cost(metrics, alone)
        });
        let further = self.seeds.iter().map(|seed| {
            let curves = seed.runs.get(run)?;
            let alive = curves.diverged.as_ref().is_none_or(|end| step < end.step);
            let after = curves.metrics.partition_point(|(told, _)| *told <= step);
            let metrics = &curves.metrics[after.checked_sub(1).filter(|_| alive)?].1;
            let alone = seed.references.iter().map(|curves| {
                let after = curves.metrics.partition_point(|(told, _)| *told <= step);
                after.checked_sub(1).and_then(|idx| curves.metrics[idx].1.first().copied())
            });
            cost(metrics, alone)
        });
        std::iter::once(first).chain(further).collect()
    }

    /// Median and quartiles of Δm over the complete seeds, if it is defined in all of them.
    pub fn delta_m_spread(&self, run: usize, step: u32) -> Option<Spread> {
        let all: Option<Vec<f64>> = self.delta_m(run, step).into_iter().collect();
        Spread::of(all?)
    }
}

/// Every test metric is one of which more is better.
fn cost(metrics: &[f64], alone: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let compared = metrics.iter().zip(alone).map(|(multi_task, alone)| {
        Some(Compared { multi_task: *multi_task, single_task: alone?, higher_is_better: true })
    });
    let compared: Vec<Compared> = compared.collect::<Option<_>>()?;
    delta_m(&compared).filter(|_| compared.len() == metrics.len())
}

/// Whether every seed is complete, or the rest were stopped.
pub fn ended(progress: &SeedProgress) -> bool {
    progress.stopped || progress.trained >= progress.of
}

/// How far the seeds are, in a sentence.
pub fn progress_words(progress: &SeedProgress) -> String {
    let SeedProgress { trained, of, stopped, seconds_left } = *progress;
    match (trained, stopped) {
        (0 | 1, true) => "Stopped: one seed is kept.".to_owned(),
        (kept, true) => format!("Stopped: {kept} of {of} seeds are kept."),
        (all, false) if all >= of => format!("{of} seeds trained."),
        (some, false) => {
            let left = match seconds_left {
                None => String::new(),
                Some(seconds) if seconds < 1.0 => ", less than a second left".to_owned(),
                Some(seconds) if seconds < 100.0 => format!(", about {seconds:.0} s left"),
                Some(seconds) => format!(", about {:.0} min left", seconds / 60.0),
            };
            format!("Seed {} of {of}{left}.", some + 1)
        }
    }
}
