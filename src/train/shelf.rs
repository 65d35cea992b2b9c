//! Runs of earlier experiments that are kept while the reader changes things: enough to draw them again.

use super::History;
use crate::measure::spread::Spread;
use crate::protocol::TaskOutline;

/// Points that a kept curve has at most.
const MOST_POINTS: usize = 200;

/// What is kept of a finished experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelved {
    pub tasks: Vec<TaskOutline>,
    pub runs: Vec<KeptRun>,
    /// Complete seeds; of several, curves are medians.
    pub seeds: usize,
}

/// A kept run.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    pub label: String,
    /// Method id.
    pub method: String,
    /// (step, (K) unscaled losses) by ascending step, the last one included.
    pub losses: Vec<(u32, Vec<f64>)>,
    /// (step, (K) test metrics).
    pub metrics: Vec<(u32, Vec<f64>)>,
    /// Backward passes through the shared network in one step.
    pub backward_passes: usize,
    /// What a step took; 0 where it was not measured.
    pub millis_per_step: f64,
    /// The first step whose numbers were not all finite.
    pub diverged: Option<u32>,
}

impl KeptRun {
    pub fn last_step(&self) -> u32 {
        self.losses.last().map_or(0, |(step, _)| *step)
    }
}

impl Shelved {
    /// What to keep of this history; `None` while it is not finished.
    pub fn of(history: &History) -> Option<Self> {
        let complete = history.finished && !history.runs.is_empty();
        complete.then(|| Self {
            tasks: history.outline.tasks.clone(),
            runs: (0..history.runs.len()).map(|run| kept(history, run)).collect(),
            seeds: history.n_seeds(),
        })
    }

    /// Whether losses of both are losses of the same tasks.
    pub fn is_comparable(&self, tasks: &[TaskOutline]) -> bool {
        self.tasks == tasks
    }
}

fn kept(history: &History, run: usize) -> KeptRun {
    let known = &history.runs[run];
    let outline = history.outline.runs.get(run).cloned().unwrap_or_default();
    let diverged = known.diverged.as_ref().map(|end| end.step);
    let end = diverged.unwrap_or(u32::MAX);
    let bands = history.bands.losses.get(run).zip(history.bands.metrics.get(run));
    let (losses, metrics) = match bands {
        Some((losses, metrics)) => (medians(losses), medians(metrics)),
        None => (
            known.records.iter().map(|record| (record.step, record.losses.clone())).collect(),
            known.evaluations.iter().map(|known| (known.step, known.metrics.clone())).collect(),
        ),
    };
    let alive = |list: Vec<(u32, Vec<f64>)>| {
        let finite = |(step, values): &(u32, Vec<f64>)| *step < end && values.iter().all(|value| value.is_finite());
        thin(list.into_iter().filter(finite).collect())
    };
    KeptRun {
        label: outline.label,
        method: outline.method,
        losses: alive(losses),
        metrics: alive(metrics),
        backward_passes: outline.backward_passes,
        millis_per_step: known.millis_per_step(),
        diverged,
    }
}

/// (step, medians (K)) where every task has one.
fn medians(tasks: &[super::Band]) -> Vec<(u32, Vec<f64>)> {
    let Some(first) = tasks.first() else { return Vec::new() };
    let at = |place: usize, step: u32| {
        let spread =
            |band: &super::Band| band.get(place).filter(|told| told.0 == step).map(|(_, s): &(u32, Spread)| s.median);
        tasks.iter().map(spread).collect::<Option<Vec<f64>>>()
    };
    first.iter().enumerate().filter_map(|(place, (step, _))| Some((*step, at(place, *step)?))).collect()
}

/// Every so many points, and the last.
fn thin(mut list: Vec<(u32, Vec<f64>)>) -> Vec<(u32, Vec<f64>)> {
    let every = list.len().div_ceil(MOST_POINTS - 1).max(1);
    let last = list.len().saturating_sub(1);
    let mut place = 0;
    list.retain(|_| {
        let keep = place % every == 0 || place == last;
        place += 1;
        keep
    });
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Outline, Record, RunOutline};

    fn history(records: u32) -> History {
        let run = RunOutline { label: "Sum".into(), method: "sum".into(), backward_passes: 2, ..RunOutline::default() };
        let tasks = vec![TaskOutline { id: "a".into(), ..TaskOutline::default() }];
        let mut history = History::new(Outline { n_tasks: 1, tasks, runs: vec![run], ..Outline::default() });
        let record = |step: u32| Record { step, losses: vec![1.0 / f64::from(step + 1)], ..Record::default() };
        history.runs[0].records = (0..records).map(record).collect();
        history.runs[0].computing_millis = f64::from(records - 1) / 2.0;
        history.finished = true;
        history
    }

    #[test]
    fn long_runs_are_thinned_and_keep_both_ends() {
        for records in [1, 2, 199, 200, 201, 1000, 20_001] {
            let kept = &Shelved::of(&history(records)).expect("finished").runs[0];
            assert!(kept.losses.len() <= MOST_POINTS, "{records}: {}", kept.losses.len());
            assert_eq!((kept.losses[0].0, kept.last_step()), (0, records - 1));
            assert_eq!(kept.losses.last().expect("points").1, [1.0 / f64::from(records)]);
            assert_eq!(kept.millis_per_step, if records == 1 { 0.0 } else { 0.5 });
        }
    }

    #[test]
    fn only_finished_experiments_are_kept_and_only_finite_numbers() {
        let mut going = history(3);
        going.finished = false;
        assert_eq!(Shelved::of(&going), None);
        assert_eq!(Shelved::of(&History { finished: true, ..History::default() }), None);
        let mut wild = history(10);
        wild.runs[0].records[6].losses[0] = f64::NAN;
        wild.runs[0].diverged = Some(crate::protocol::Divergence { step: 8, cause: String::new() });
        let kept = Shelved::of(&wild).expect("finished");
        let steps: Vec<u32> = kept.runs[0].losses.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [0, 1, 2, 3, 4, 5, 7]);
        assert!(kept.is_comparable(&wild.outline.tasks) && !kept.is_comparable(&[]));
    }
}
