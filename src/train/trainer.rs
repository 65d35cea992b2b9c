//! One run: backend, strategy and batches, turned into records.

use super::look_around::look_around;
use crate::backend::{Backend, BackendError, Course, ResidentStep, Weighting};
use crate::config::{Rates, RunConfig};
use crate::data::Batches;
use crate::protocol::{Around, Divergence, Pull, Record};
use crate::strategy::chart::{Begin, OnChart};
use crate::strategy::manifold::Manifold;
use crate::strategy::population::Population;
use crate::strategy::single_point::{Place, take_told};
use crate::strategy::{Motion, SinglePoint, Step, Strategy};
use std::collections::VecDeque;
use std::ops::Range;

/// A run that goes step by step.
pub struct Trainer {
    backend: Backend,
    strategy: Strategy,
    batches: Batches,
    rows: Vec<u32>,
    preference: Vec<f64>,
    rates: Rates,
    seed: u32,
    gramian_every: u32,
    look_every: Option<u32>,
    next: u32,
    ending: Option<Ending>,
    step: Step,
    /// Whether the run stays on its device, once that is known.
    stays: Option<bool>,
    /// What steps told that the device has done and nobody has heard of yet.
    ahead: VecDeque<ResidentStep>,
    /// Before this step nobody asks for weights.
    quiet_until: u32,
}

/// Everything but the backend that makes a run.
pub struct TrainerSetup<'a> {
    pub run: &'a RunConfig,
    /// (K) values below which the scaled losses never fall.
    pub floor: Vec<f64>,
    pub preference: Vec<f64>,
    /// Their steps are the run's.
    pub rates: Rates,
    pub seed: u32,
    pub batches: Batches,
    pub gramian_every: u32,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    Complete,
    Diverged(Divergence),
}

impl Trainer {
    /// A run that one backend trains.
    pub fn new(backend: Backend, setup: TrainerSetup<'_>) -> Self {
        Self::with_others(backend, Vec::new(), setup)
    }

    /// A run with one more backend for every further member of a population.
    pub fn with_others(first: Backend, others: Vec<Backend>, setup: TrainerSetup<'_>) -> Self {
        let TrainerSetup { run, seed, batches, .. } = setup;
        let mut backend = first;
        let learned = run.learned().map(|learned| (learned, learned.learner.crowd));
        let strategy = match learned {
            Some((learned, Some(crowd))) => {
                let (population, held) = Population::new(run, (learned, crowd), backend, others, batches, seed);
                backend = held;
                Strategy::Population(Box::new(population))
            }
            Some((learned, None)) => {
                Strategy::Manifold(Box::new(Manifold::new(run, &learned.knobs, &backend, batches, seed)))
            }
            None => Strategy::SinglePoint(Box::new(SinglePoint::new(
                run.method,
                &run.knobs,
                &run.modifiers,
                &backend,
                batches,
                seed,
            ))),
        };
        Self::assemble(backend, strategy, setup)
    }

    /// A run on a chart that its front learner has, with these knobs of the learner.
    pub fn on_chart(backend: Backend, begin: Begin<'_>, knobs: &[f64], setup: TrainerSetup<'_>) -> Self {
        let TrainerSetup { run, seed, batches, .. } = setup;
        let chart = OnChart::new((run, knobs), begin, &backend, batches, seed);
        Self::assemble(backend, Strategy::Chart(Box::new(chart)), setup)
    }

    fn assemble(backend: Backend, mut strategy: Strategy, setup: TrainerSetup<'_>) -> Self {
        let TrainerSetup { run: _, floor, preference, rates, seed, batches, gramian_every } = setup;
        strategy.bound_losses(&floor);
        Self {
            strategy,
            rows: vec![0; batches.size()],
            step: Step::new(backend.loss_scales().len()),
            backend,
            batches,
            preference,
            rates,
            seed,
            gramian_every: gramian_every.max(1),
            look_every: None,
            next: 0,
            ending: None,
            stays: None,
            ahead: VecDeque::new(),
            quiet_until: 0,
        }
    }

    /// Promises that nobody asks for weights before `step`, so that a device may take all steps until there at once.
    pub fn be_quiet_until(&mut self, step: u32) {
        self.quiet_until = step;
    }

    /// Looks around after steps at multiples of `every`, see [`Record::around`]. The run does not notice.
    pub fn look_around_every(&mut self, every: u32) {
        self.look_every = Some(every.max(1));
    }

    /// The step that comes next: 0 at the start, the number of updates so far.
    pub fn next_step(&self) -> u32 {
        self.next
    }

    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Which rows each step trains on.
    pub fn batches(&self) -> Batches {
        self.batches
    }

    pub fn backend(&mut self) -> &mut Backend {
        &mut self.backend
    }

    /// Its backend and weighting, for a device that takes its steps with those of others; `None` where it has none, is
    /// as fast alone, has begun, or looks around.
    pub fn companion(&self) -> Option<(&Backend, Weighting<'_>)> {
        let is_new = self.next == 0 && self.stays.is_none() && self.look_every.is_none();
        let weighting = self.strategy.weighting(&self.preference, self.seed)?;
        (is_new && self.backend.gains_by_company()).then_some((&self.backend, weighting))
    }

    /// (n, B) the rows that these steps learn from.
    pub fn rows(&self, steps: Range<u32>) -> Vec<u32> {
        let size = self.batches.size();
        let mut rows = vec![0; steps.len() * size];
        for (step, rows) in steps.zip(rows.chunks_exact_mut(size)) {
            self.batches.indices(u64::from(step), rows);
        }
        rows
    }

    pub fn learning_rates(&self, steps: Range<u32>) -> Vec<f64> {
        steps.map(|step| self.rates.at(step)).collect()
    }

    /// What a device did of the next steps, which [`Self::advance`] tells of one by one. Weights stay on the device.
    pub fn hear(&mut self, told: Vec<ResidentStep>) {
        self.ahead.extend(told);
    }

    /// What is worth storing: θ, all members of a manifold one behind the other, φ of a chart, or what
    /// [`Members`](crate::strategy::population::Members) reads of a population.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn weights(&mut self, weights: &mut Vec<f32>) -> Result<(), BackendError> {
        match &mut self.strategy {
            Strategy::SinglePoint(_) => self.backend.parameters(weights).await,
            Strategy::Manifold(_) => self.backend.members(weights).await,
            Strategy::Population(population) => population.weights(&mut self.backend, weights).await,
            Strategy::Chart(chart) => {
                weights.clear();
                weights.extend_from_slice(chart.numbers());
                Ok(())
            }
        }
    }

    /// GPU dispatches so far; 0 on the CPU.
    pub fn dispatches(&self) -> u64 {
        let others = match &self.strategy {
            Strategy::Population(population) => population.dispatches(),
            Strategy::SinglePoint(_) | Strategy::Manifold(_) | Strategy::Chart(_) => 0,
        };
        self.backend.dispatches() + others
    }

    /// Trains one step and returns its record, or `None` once the run has ended.
    ///
    /// After the last update one more record tells the losses where the run ends.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost; the run cannot go on with this backend.
    pub async fn advance(&mut self) -> Result<Option<Record>, BackendError> {
        if self.ending.is_some() {
            return Ok(None);
        }
        let step = self.next;
        let last = step >= self.rates.steps;
        if self.ahead.is_empty() && self.stays().await? {
            self.go_ahead(step).await?;
        }
        self.batches.indices(u64::from(step), &mut self.rows);
        let place = Place {
            step: u64::from(step),
            seed: self.seed,
            learning_rate: self.rates.at(step),
            preference: &self.preference,
            probe: step.is_multiple_of(self.gramian_every) || last,
            motion: if last { Motion::Observe } else { Motion::Update },
            mixture: None,
        };
        match self.ahead.pop_front() {
            Some(told) => take_told(told, &mut self.step),
            None => self.strategy.step(&mut self.backend, &self.rows, place, &mut self.step).await?,
        }
        if let Some(what) = self.not_finite() {
            let blame = if step == 0 {
                "the initial gains or the loss scales are too large"
            } else {
                "the learning rate is probably too high"
            };
            let cause = format!("{what} is no longer a finite number; {blame}");
            self.ending = Some(Ending::Diverged(Divergence { step, cause }));
            return Ok(None);
        }
        if last {
            self.ending = Some(Ending::Complete);
        }
        self.next = step + 1;
        let looks = !last && self.look_every.is_some_and(|every| step.is_multiple_of(every));
        let around = if looks {
            Some(look_around(&mut self.backend, &self.rows, self.step.report.step_length).await?)
        } else {
            None
        };
        Ok(Some(self.record(step, around)))
    }

    /// Whether the run stays on its device, which is decided at its first step.
    async fn stays(&mut self) -> Result<bool, BackendError> {
        if let Some(stays) = self.stays {
            return Ok(stays);
        }
        let weighting = self.strategy.weighting(&self.preference, self.seed);
        let stays = match weighting {
            Some(weighting) => self.backend.settle(&weighting).await?,
            None => false,
        };
        self.stays = Some(stays);
        Ok(stays)
    }

    /// Lets the device take all steps from `first` on until somebody asks for weights or looks around.
    async fn go_ahead(&mut self, first: u32) -> Result<(), BackendError> {
        let steps = self.rates.steps;
        let end = self.quiet_until.clamp(first + 1, steps + 1);
        let most = (end - first).min(self.backend.most_steps() as u32);
        let looks = |step: &u32| self.look_every.is_some_and(|every| step.is_multiple_of(every));
        let n = (first..first + most).position(|step| looks(&step)).map_or(most, |at| at as u32 + 1);
        let (rows, learning_rates) = (self.rows(first..first + n), self.learning_rates(first..first + n));
        let course = Course {
            first_step: u64::from(first),
            rows: &rows,
            learning_rates: &learning_rates,
            gramian_every: self.gramian_every,
            reports: true,
            last_looks: first + n > steps,
        };
        self.ahead.extend(self.backend.advance(course).await?);
        Ok(())
    }

    fn not_finite(&self) -> Option<&'static str> {
        let bad = |values: &[f64]| values.iter().any(|value| !value.is_finite());
        if bad(&self.step.losses) {
            Some("A loss")
        } else if self.step.probed && bad(&self.step.gramian) {
            Some("A task gradient")
        } else if bad(&self.step.weights) || bad(&self.step.report.along_direction) {
            Some("The update")
        } else {
            None
        }
    }

    fn record(&self, step: u32, around: Option<Around>) -> Record {
        let Step { losses, weights, gramian, probed, report, outcome, moved_by } = &self.step;
        let pull = probed.then(|| Pull {
            gramian: gramian.clone(),
            along_direction: report.along_direction.clone(),
            direction_length: report.direction_length,
            along_step: report.along_step.clone(),
            step_length: report.step_length,
        });
        Record {
            step,
            losses: losses.clone(),
            weights: weights.clone(),
            pull,
            unsettled: *outcome == crate::balance::Outcome::NotSettled,
            moved_by: moved_by.clone(),
            compared: Vec::new(),
            around,
        }
    }
}
