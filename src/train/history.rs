//! What is known of an experiment so far: the store that plots, tables, links and hosts read.
//!
//! The worker sends news; the page keeps one `History` per start. It holds no parameters.

use super::seeds::Bands;
use crate::protocol::{Divergence, Evaluation, Frame, Outline, Record, SeedRecord, Stored};

/// Everything recorded about one start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    pub outline: Outline,
    /// One entry a run, in the order of the outline.
    pub runs: Vec<RunHistory>,
    /// One entry a task.
    pub references: Vec<Reference>,
    /// Further seeds that are complete. Everything else is of the first seed.
    pub seeds: Vec<SeedRecord>,
    /// Medians and quartiles of all seeds; empty before the second is complete.
    pub bands: Bands,
    pub finished: bool,
    pub checkpoints: Stored,
}

/// Records of one run, by ascending step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunHistory {
    pub records: Vec<Record>,
    pub evaluations: Vec<Evaluation>,
    pub diverged: Option<Divergence>,
    pub dispatches: u64,
    /// Time that its steps took so far, on the machine that trained it.
    pub computing_millis: f64,
}

/// The same network trained for one task alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reference {
    /// (step, unscaled loss of the batch).
    pub losses: Vec<(u32, f64)>,
    /// (step, test loss).
    pub test_losses: Vec<(u32, f64)>,
    /// (step, test metric).
    pub metrics: Vec<(u32, f64)>,
}

impl History {
    pub fn new(outline: Outline) -> Self {
        let runs = vec![RunHistory::default(); outline.runs.len()];
        let references = vec![Reference::default(); outline.n_tasks];
        Self { outline, runs, references, ..Self::default() }
    }

    /// Adds a frame's news.
    pub fn extend(&mut self, frame: Frame) {
        for (run, news) in self.runs.iter_mut().zip(frame.runs) {
            run.records.extend(news.records);
            run.evaluations.extend(news.evaluations);
            if news.diverged.is_some() {
                run.diverged = news.diverged;
            }
            run.dispatches = run.dispatches.max(news.dispatches);
            run.computing_millis = run.computing_millis.max(news.computing_millis);
        }
        for news in frame.references {
            if let Some(reference) = self.references.get_mut(news.task) {
                reference.losses.extend(news.losses);
                reference.test_losses.extend(news.test_losses);
                reference.metrics.extend(news.metrics);
            }
        }
        self.finished = frame.finished;
        if !frame.seeds.is_empty() {
            self.seeds.extend(frame.seeds);
            self.bands = Bands::of(self);
        }
        self.checkpoints = frame.checkpoints;
    }

    /// The computed head: the last step that every run that still goes has reached. When all have diverged, the
    /// step at which the last of them did.
    pub fn head(&self) -> u32 {
        let reached = |run: &RunHistory| run.records.last().map_or(0, |record| record.step);
        let going = self.runs.iter().filter(|run| run.diverged.is_none()).map(reached).min();
        let ended = || self.runs.iter().filter_map(|run| run.diverged.as_ref()).map(|end| end.step).max();
        going.or_else(ended).unwrap_or(0)
    }
}

impl RunHistory {
    /// Mean time of a step; 0 before one was measured.
    pub fn millis_per_step(&self) -> f64 {
        let steps = self.records.last().map_or(0, |record| record.step).max(1);
        self.computing_millis.max(0.0) / f64::from(steps)
    }

    /// The record at `step`, or the last one before it.
    pub fn at(&self, step: u32) -> Option<&Record> {
        let after = self.records.partition_point(|record| record.step <= step);
        after.checked_sub(1).map(|idx| &self.records[idx])
    }

    /// The last record not after `step` that knows the Gramian.
    pub fn pull_at(&self, step: u32) -> Option<&Record> {
        let after = self.records.partition_point(|record| record.step <= step);
        self.records[..after].iter().rev().find(|record| record.pull.is_some())
    }

    /// The last evaluation not after `step`.
    pub fn evaluation_at(&self, step: u32) -> Option<&Evaluation> {
        let after = self.evaluations.partition_point(|evaluation| evaluation.step <= step);
        after.checked_sub(1).map(|idx| &self.evaluations[idx])
    }
}

impl Record {
    /// cos(gᵢ, gⱼ) of the scaled task gradients; `None` where unknown or a gradient is zero.
    pub fn cosine(&self, i: usize, j: usize) -> Option<f64> {
        let k = self.losses.len();
        let m = &self.pull.as_ref()?.gramian;
        let length = (m[i * k + i] * m[j * k + j]).sqrt();
        (length > 0.0).then(|| (m[i * k + j] / length).clamp(-1.0, 1.0))
    }
}
