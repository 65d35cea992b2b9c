//! A started experiment: compared runs and single-task references, trained in turn.

mod plan;
mod probe;

use super::further::FurtherSeeds;
use super::ladder::{self, Ladder};
use super::network;
use super::sharpness::Survey;
use super::sweep::Sweep;
use super::workshop::{CHECKPOINT_BYTES, Rows, Stuff, Workshop};
use super::{Clock, pictures};
use crate::backend::Workload;
use crate::balance::modify::{Change, modified};
use crate::balance::{Balancer, Gramian, Setup, StepContext};
use crate::config::{
    AnalyticConfig, DataConfig, ExperimentConfig, NetworkConfig, Rates, RunConfig, Subject, TrainingConfig,
};
use crate::data::{BuildRequest, Dataset, InputShape, MtldFile, Split, Truth};
use crate::kernels::combine;
use crate::problem::Parameter;
use crate::protocol::{
    AskedSharpness, AskedSweep, AttributionOutline, BackendReport, Divergence, Evaluation, Frame, InputOutline,
    Outline, Record, ReferenceNews, RunNews, RunOutline, RunPredictions, SharpnessReading, Stored, SweepPortion,
    TaskOutline,
};
use crate::strategy::chart::Chart;
use crate::strategy::population::Members;
use crate::train::{Checkpoints, Ending, Evaluator, Trainer};
use plan::{Laying, Telling};
use std::borrow::Cow;
use std::rc::Rc;

/// Seed of every generated data set: the points are part of the experiment, not of the run.
const DATA_SEED: u32 = 0;
/// Evaluations on the test split over a run.
const EVALUATIONS: u32 = 40;
/// Training rows on which metrics are taken: enough to tell learning from learning by heart.
const TRAIN_SAMPLE: usize = 500;
/// Multiply-adds of one Gramian above which methods that do not need it compute it only now and then.
const CHEAP_GRAMIAN: usize = 4_000_000;
const GRAMIAN_EVERY: u32 = 10;
/// Looks around after a step over a run, and the least number of steps between two: each costs three forward passes.
const LOOKS: u32 = 60;
const LOOK_EVERY: u32 = 10;
/// Points along each curve of a true front.
const FRONT_POINTS: usize = 101;
/// Curves and points of each over a front that is a surface.
const SURFACE_POINTS: usize = 31;
/// Largest K for which every method is also asked what it would do with each run's gradients.
const COMPARED_TASKS: usize = 3;

/// Why an experiment cannot start, in a sentence for the reader.
pub enum StartError {
    /// The configuration does not fit the data it names.
    Config(String),
    Data(String),
    Device(String),
}

impl StartError {
    pub fn sentence(self) -> String {
        let (Self::Config(why) | Self::Data(why) | Self::Device(why)) = self;
        why
    }
}

/// What networks of an experiment are made of and judged by.
pub struct Basis {
    pub outline: Outline,
    pub material: Material,
    pub workshop: Workshop,
    pub report: BackendReport,
}

/// What one call of [`Experiment::advance`] did.
pub enum Advance {
    Stepped,
    /// A step of a further seed.
    Further,
    Finished,
    /// The device is gone, and why.
    Lost(String),
}

/// Runs, references, and what the page has not heard yet.
pub struct Experiment {
    outline: Outline,
    material: Material,
    runs: Vec<Run>,
    references: Vec<Run>,
    further: FurtherSeeds,
    comparers: Vec<Option<Balancer>>,
    compared_gramian: Gramian,
    /// What comparers are told besides the gradients: preference (K), learning rate and seed of the runs.
    preference: Vec<f64>,
    rates: Rates,
    seed: u32,
    /// Records of the step that not every run has done yet.
    round: Vec<Option<Record>>,
    /// What the steps of each run took so far.
    millis: Vec<f64>,
    turn: usize,
    pending: Frame,
    news: bool,
    theta: Vec<f32>,
    /// True losses that a plan's checkpoints have.
    telling: Option<Telling>,
    laying: Option<Laying>,
    survey: Option<Survey>,
    sweep: Option<Sweep>,
}

/// What runs learn from and are judged by.
pub enum Material {
    Rows {
        data: DataConfig,
        /// Without its rows.
        dataset: Box<Dataset>,
        test: Rc<Split>,
        validation: Rc<Split>,
        /// Some of the training rows.
        sample: Rc<Split>,
    },
    /// The losses are all there is.
    Formulas,
}

/// A trainer with what judges and remembers it.
pub struct Run {
    pub trainer: Trainer,
    /// `None` where there is no test split.
    pub evaluator: Option<Evaluator>,
    pub targets: Vec<usize>,
    /// Of θ, of all members of a manifold or of a population, or of φ of a chart.
    pub checkpoints: Option<Checkpoints>,
    /// (K) preference at which a front is looked at; `None` where it trains a single point.
    pub mixture: Option<Vec<f64>>,
    /// Members of a population, which are looked at one by one; 0 where there is none.
    pub points: usize,
    /// What makes θ of what is stored, where a run trains a chart.
    pub chart: Option<Rc<Chart>>,
    /// Whether d = wᵀG, so that its weights say what it would do with other gradients.
    pub weighs_rows: bool,
}

impl Run {
    /// The θ that is looked at in what [`Trainer::weights`] gave.
    pub fn point<'a>(&self, weights: &'a [f32]) -> Cow<'a, [f32]> {
        match &self.mixture {
            None => Cow::Borrowed(weights),
            Some(alpha) => point_of((self.chart.as_deref(), self.points), weights, alpha),
        }
    }

    /// The last stored θ not after `step`, of a manifold at its preference.
    pub fn stored(&self, step: u32) -> Option<(u32, Cow<'_, [f32]>)> {
        let (step, weights) = self.checkpoints.as_ref()?.at(step)?;
        Some((step, self.point(weights)))
    }
}

/// θ at a preference in what a front stores: where its chart leads, the nearest of so many points, or the mixture of
/// its members as a backend mixes them.
pub fn point_of<'a>((chart, points): (Option<&Chart>, usize), weights: &'a [f32], alpha: &[f64]) -> Cow<'a, [f32]> {
    match chart {
        Some(chart) => Cow::Owned(chart.at(weights, alpha)),
        None if points > 0 => {
            let members = Members::new(weights, points, alpha.len());
            Cow::Borrowed(members.theta(members.nearest(alpha)))
        }
        None => {
            let mut theta = vec![0.0; weights.len() / alpha.len().max(1)];
            combine(weights, alpha, &mut theta);
            Cow::Owned(theta)
        }
    }
}

impl Basis {
    /// Builds data and networks, or the problem, and chooses a backend.
    pub async fn build(config: &ExperimentConfig, files: &[MtldFile], ladder: &mut Ladder) -> Result<Self, StartError> {
        match &config.subject {
            Subject::Network { data, network } => Self::of_network(config, (data, network), files, ladder).await,
            Subject::Analytic(analytic) => {
                let workshop = Workshop::new(config, Stuff::Formulas(analytic.clone()));
                let outline = outline_of_problem(config, analytic);
                Ok(Self { outline, material: Material::Formulas, workshop, report: ladder::exact() })
            }
        }
    }

    async fn of_network(
        config: &ExperimentConfig,
        (data, network_config): (&DataConfig, &NetworkConfig),
        files: &[MtldFile],
        ladder: &mut Ladder,
    ) -> Result<Self, StartError> {
        let (mut dataset, rows) = load(config, (data, network_config), files)?;
        let test = Rc::new(std::mem::take(&mut dataset.test));
        let validation = rows.validation.clone();
        let sample = Rc::new(rows.train.first(TRAIN_SAMPLE, dataset.n_inputs));
        let k = dataset.tasks.len();
        let all: Vec<usize> = (0..k).collect();
        let shared = rows.workload(&all, &data.loss_scales, &config.training);
        let chosen = ladder.choose(config.backend, &shared, &rows.theta(&shared, (config.training.seed, 0))).await;
        let report = chosen.report.clone();
        let cheap = shared.layout.work() * rows.batch_rows * k <= CHEAP_GRAMIAN;
        let gramian_every = if cheap { 1 } else { GRAMIAN_EVERY };
        let workshop = Workshop::new(config, Stuff::Rows { rows: Box::new(rows), chosen, gramian_every });
        let outline = outline_of_network(config, &dataset, &shared, (sample.rows, gramian_every));
        let material = Material::Rows { data: data.clone(), dataset: Box::new(dataset), test, validation, sample };
        Ok(Self { outline, material, workshop, report })
    }

    /// Bytes that data and one network take, roughly: rows, and per parameter θ, two moments and K gradients of every
    /// member.
    pub fn bytes(&self) -> usize {
        let Self { outline, material, .. } = self;
        let rows = match material {
            Material::Rows { dataset, test, validation, .. } => {
                let rows = outline.train_rows + test.rows + validation.rows;
                rows * (dataset.n_inputs + outline.n_tasks)
            }
            Material::Formulas => 0,
        };
        let members = outline.runs.iter().map(|run| run.members).max().unwrap_or(0).max(1);
        size_of::<f32>() * (rows + outline.n_parameters * (3 + outline.n_tasks) * members)
    }
}

impl Experiment {
    /// Makes the runs and references of the first seed.
    pub fn assemble(config: &ExperimentConfig, basis: Basis) -> Result<Self, StartError> {
        let Basis { outline, material, workshop, .. } = basis;
        let k = outline.n_tasks;
        let TrainingConfig { seed, seeds, .. } = config.training;
        let runs = (0..config.runs.len()).map(|run| workshop.run(run, seed, true)).collect::<Result<Vec<_>, _>>()?;
        let references = (0..k).map(|task| workshop.reference(task, seed)).collect::<Result<Vec<_>, _>>()?;
        let comparers = config.runs.iter().map(|run| {
            let setup = Setup { n_tasks: k, knobs: run.knobs.clone() };
            let balancer = modified(run.method, &setup, &run.modifiers);
            // What changes weights may remember its own run's.
            let remembers = run.modifiers.iter().any(|applied| matches!(applied.modifier.change, Change::Weights(_)));
            // Gradients uphill of one run say nothing of another's.
            let alone = run.method.answers_alone() && !remembers && run.ascent().is_none() && run.learned().is_none();
            (k <= COMPARED_TASKS && alone).then_some(balancer)
        });
        let comparers = comparers.collect();
        let pending = no_news(runs.len(), k);
        Ok(Self {
            outline,
            material,
            further: FurtherSeeds::new(workshop, seed, seeds),
            round: vec![None; runs.len()],
            millis: vec![0.0; runs.len()],
            runs,
            references,
            comparers,
            compared_gramian: Gramian::new(k),
            preference: config.preference(),
            rates: config.training.rates(),
            seed,
            turn: 0,
            pending,
            news: false,
            theta: Vec::new(),
            telling: None,
            laying: None,
            survey: None,
            sweep: None,
        })
    }

    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The step that the slowest run has come to.
    pub fn head(&self) -> u32 {
        self.runs.iter().map(|run| run.trainer.next_step()).min().unwrap_or(0)
    }

    /// Whether the first seed is complete.
    pub fn finished(&self) -> bool {
        self.runs.iter().chain(&self.references).all(|run| run.trainer.ending().is_some())
    }

    /// Whether every seed is complete, or the rest were stopped.
    pub fn finished_all(&self) -> bool {
        self.finished() && self.further.finished()
    }

    /// Whether there is something to train here: what others train may be all that is left.
    pub fn has_work(&self) -> bool {
        !self.finished() || self.further.has_work()
    }

    /// The seeds behind the first.
    pub fn further(&mut self) -> &mut FurtherSeeds {
        &mut self.further
    }

    /// How much of the first seed and of all further ones is done, in [0, 1]; `elsewhere` networks were done by others.
    pub fn shares(&self, elsewhere: f64) -> (f64, f64) {
        let networks = self.runs.iter().chain(&self.references);
        let part = |run: &Run| match run.trainer.ending() {
            Some(_) => 1.0,
            None => f64::from(run.trainer.next_step()) / f64::from(self.outline.steps + 1),
        };
        let first = networks.map(part).sum::<f64>() / (self.runs.len() + self.references.len()).max(1) as f64;
        (first, self.further.share(self.outline.steps, elsewhere))
    }

    /// Looks at every manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        for mixture in self.runs.iter_mut().filter_map(|run| run.mixture.as_mut()) {
            mixture.copy_from_slice(preference);
        }
        self.further.prefer(preference);
    }

    pub fn has_news(&self) -> bool {
        self.news || (self.finished() && self.further.has_ready())
    }

    /// What is new since the last call.
    pub fn take_frame(&mut self) -> Frame {
        self.news = false;
        let fresh = no_news(self.runs.len(), self.references.len());
        let mut frame = std::mem::replace(&mut self.pending, fresh);
        frame.finished = self.finished();
        // Further seeds may be complete before the first, and wait for it.
        if frame.finished {
            frame.seeds = self.further.take_ready();
        }
        frame.checkpoints = self.stored();
        for ((news, run), millis) in frame.runs.iter_mut().zip(&mut self.runs).zip(&self.millis) {
            news.dispatches = run.trainer.dispatches();
            news.computing_millis = *millis;
        }
        frame
    }

    fn stored(&self) -> Stored {
        let checkpoints = || self.runs.iter().filter_map(|run| run.checkpoints.as_ref());
        Stored {
            count: checkpoints().map(Checkpoints::count).sum::<usize>() as u32,
            bytes: checkpoints().map(Checkpoints::bytes).sum::<usize>() as u64,
            most_bytes: CHECKPOINT_BYTES as u64,
        }
    }

    /// Begins to read the sharpness along the runs, or says in a sentence why it cannot.
    pub fn survey(&mut self, asked: AskedSharpness) -> Result<(), String> {
        self.survey = None;
        self.survey = Some(Survey::new(asked, &mut self.runs, &self.outline)?);
        Ok(())
    }

    /// Whether there is a portion of that to do now.
    pub fn surveys(&self) -> bool {
        self.survey.as_ref().is_some_and(|survey| survey.wants_to_advance(&self.runs))
    }

    /// One portion of it.
    pub fn survey_on(&mut self) -> Option<SharpnessReading> {
        self.survey.as_mut()?.advance(&self.runs)
    }

    /// Begins to go along the manifolds, and tells the points that are asked for at once; or says in a sentence why it
    /// cannot.
    pub fn sweep(&mut self, asked: &AskedSweep) -> Result<Vec<SweepPortion>, String> {
        if asked.points > 0 {
            self.sweep = None;
        }
        let of = (&mut self.runs[..], &self.material, &self.outline);
        let (portions, spread) = Sweep::new(asked, of, &self.preference)?;
        if spread.is_some() {
            self.sweep = spread;
        }
        Ok(portions)
    }

    /// Whether there are points left to tell.
    pub fn sweeps(&self) -> bool {
        self.sweep.as_ref().is_some_and(Sweep::wants_to_advance)
    }

    /// Some more of them.
    pub fn sweep_on(&mut self, clock: &Clock) -> Option<SweepPortion> {
        self.sweep.as_mut()?.advance(&mut self.runs, clock)
    }

    /// One step of the run whose turn it is; when the first seed is complete, one of a further seed.
    pub async fn advance(&mut self, clock: &Clock) -> Advance {
        let n = self.runs.len() + self.references.len();
        for _ in 0..n {
            let turn = self.turn;
            self.turn = (turn + 1) % n;
            let is_run = turn < self.runs.len();
            let run = if is_run { &mut self.runs[turn] } else { &mut self.references[turn - self.runs.len()] };
            if run.trainer.ending().is_some() {
                continue;
            }
            let result = if is_run {
                self.advance_run(turn, clock).await
            } else {
                self.advance_reference(turn - self.runs.len()).await
            };
            return match result {
                Ok(()) => Advance::Stepped,
                Err(error) => Advance::Lost(error.to_string()),
            };
        }
        self.advance_further(clock).await
    }

    async fn advance_further(&mut self, clock: &Clock) -> Advance {
        if !self.further.has_work() {
            return Advance::Finished;
        }
        let of = (&self.outline, &self.material, &self.preference[..]);
        match self.further.advance(of, &mut self.theta, clock).await {
            Ok(()) => Advance::Further,
            Err(why) => Advance::Lost(why),
        }
    }

    async fn advance_run(&mut self, index: usize, clock: &Clock) -> Result<(), crate::backend::BackendError> {
        let steps = self.outline.steps;
        let run = &mut self.runs[index];
        let step = run.trainer.next_step();
        let judges = due(step, self.outline.evaluate_every, steps) && run.evaluator.is_some();
        let stores = run.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.wants(step, steps));
        if judges || stores {
            run.trainer.weights(&mut self.theta).await?;
        }
        if judges && self.theta.iter().all(|x| x.is_finite()) {
            let theta = run.point(&self.theta);
            let news = &mut self.pending.runs[index].evaluations;
            if let Some(evaluator) = &mut run.evaluator {
                news.extend(self.material.evaluate(evaluator, &theta, &run.targets, step));
            }
        }
        if stores && let Some(checkpoints) = &mut run.checkpoints {
            checkpoints.store(step, &self.theta);
        }
        let judging = run.evaluator.as_ref().map_or(u32::MAX, |_| self.outline.evaluate_every);
        let storing = run.checkpoints.as_ref().map_or(u32::MAX, Checkpoints::every);
        run.trainer.be_quiet_until(next_due(step, judging, steps).min(next_due(step, storing, steps)));
        // What looks on (evaluations, checkpoints, comparisons) is no part of a method's cost.
        let before = clock();
        self.round[index] = run.trainer.advance().await?;
        self.millis[index] += clock() - before;
        self.pending.runs[index].diverged = diverged(&run.trainer);
        if self.runs[index + 1..].iter().all(|later| later.trainer.ending().is_some()) {
            self.close_round();
        }
        Ok(())
    }

    /// Every run has done the step: what the others would do there can be said.
    fn close_round(&mut self) {
        self.news = true;
        let weights = |record: &Option<Record>| record.as_ref().map_or_else(Vec::new, |record| record.weights.clone());
        let weights: Vec<Vec<f64>> = self.round.iter().map(weights).collect();
        for index in 0..self.round.len() {
            if let Some(mut record) = self.round[index].take() {
                self.compare(index, &weights, &mut record);
                self.pending.runs[index].records.push(record);
            }
        }
    }

    /// Asks every run's method what it would do with this run's gradients. Weights that do not come from
    /// gradients are those of the method's own run; methods that change coordinates have none.
    fn compare(&mut self, index: usize, weights: &[Vec<f64>], record: &mut Record) {
        let Some(pull) = &record.pull else { return };
        let k = record.losses.len();
        if !(2..=COMPARED_TASKS).contains(&k) {
            return;
        }
        if self.runs[index].trainer.backend().is_exact() {
            self.compared_gramian.set_from_exact_products(&pull.gramian);
        } else {
            self.compared_gramian.set_from_products(&pull.gramian);
        }
        let ctx = StepContext {
            losses: &record.losses,
            first_losses: &record.losses,
            epoch_means: None,
            preference: &self.preference,
            learning_rate: self.rates.at(record.step),
            step: u64::from(record.step),
            seed: self.seed,
            served: Default::default(),
        };
        for (other, comparer) in self.comparers.iter_mut().enumerate() {
            record.compared.push(match comparer {
                _ if other == index && self.runs[other].weighs_rows => weights[other].clone(),
                Some(Balancer::Gramian(method)) => {
                    let mut weights = vec![0.0; k];
                    method.weights(&ctx, &self.compared_gramian, &mut weights);
                    weights
                }
                // Weights of a mixture are those of a preference that another run did not draw.
                _ if self.runs[other].weighs_rows && self.runs[other].mixture.is_none() => weights[other].clone(),
                _ => Vec::new(),
            });
        }
    }

    async fn advance_reference(&mut self, task: usize) -> Result<(), crate::backend::BackendError> {
        let steps = self.outline.steps;
        let reference = &mut self.references[task];
        let step = reference.trainer.next_step();
        let news = &mut self.pending.references[task];
        let judge = reference.evaluator.as_mut().zip(self.material.test());
        if let Some((evaluator, test)) = judge
            && due(step, self.outline.evaluate_every, steps)
        {
            reference.trainer.backend().parameters(&mut self.theta).await?;
            let (losses, metrics) = evaluator.judge(&self.theta, test, &reference.targets);
            for (known, value) in [(&mut news.test_losses, losses[0]), (&mut news.metrics, metrics[0])] {
                if value.is_finite() {
                    known.push((step, value));
                }
            }
        }
        let judging = reference.evaluator.as_ref().map_or(u32::MAX, |_| self.outline.evaluate_every);
        reference.trainer.be_quiet_until(next_due(step, judging, steps));
        if let Some(record) = reference.trainer.advance().await? {
            news.losses.push((step, record.losses[0]));
        }
        self.news = true;
        Ok(())
    }

    /// Outputs of every run at its checkpoint nearest to and not after `step`.
    pub fn predictions(&mut self, step: u32) -> Vec<RunPredictions> {
        let Self { runs, material, .. } = self;
        let draw = |run: &mut Run| {
            let Some((step, theta)) = run.stored(step) else { return RunPredictions::default() };
            let (step, theta) = (step, theta.into_owned());
            let (Material::Rows { data, dataset, test, .. }, Some(evaluator)) = (&*material, &mut run.evaluator) else {
                return RunPredictions { step, ..Default::default() };
            };
            let truth = |points: &[f32]| -> Vec<Vec<f32>> {
                let tasks = data.tasks.iter().zip(&dataset.tasks);
                let of = |truth: Truth| tasks.map(|(&task, info)| truth(&data.knobs, task, info, points)).collect();
                data.source.truth.map_or_else(Vec::new, of)
            };
            RunPredictions { step, body: pictures::draw(evaluator, &theta, (dataset, test), &truth) }
        };
        runs.iter_mut().map(draw).collect()
    }
}

/// Builds the data set of a configuration. Its rows live once, shared by all runs; what is left of it, with the test
/// rows, describes them.
pub fn load(
    config: &ExperimentConfig,
    (data, network): (&DataConfig, &NetworkConfig),
    files: &[MtldFile],
) -> Result<(Dataset, Rows), StartError> {
    let request = BuildRequest {
        seed: DATA_SEED,
        knobs: &data.knobs,
        tasks: &data.tasks,
        files,
        label_noise: data.label_noise,
        max_rows: None,
    };
    let mut dataset = data.source.build(&request).map_err(|error| StartError::Data(error.to_string()))?;
    let train = Rc::new(std::mem::take(&mut dataset.train));
    let validation = Rc::new(std::mem::take(&mut dataset.validation));
    config.check_loaded(dataset.n_inputs, train.rows).map_err(|complaint| StartError::Config(complaint.sentence))?;
    let convolutions = match dataset.shape {
        InputShape::Image { width, height } => network.convolutions([height, width]).map_err(StartError::Config)?,
        _ => Vec::new(),
    };
    let rows = Rows {
        network: network.clone(),
        convolutions,
        n_inputs: dataset.n_inputs,
        ids: data.tasks.clone(),
        kinds: dataset.tasks.iter().map(|task| task.kind).collect(),
        metrics: dataset.tasks.iter().map(|task| task.metric).collect(),
        loss_scales: data.loss_scales.clone(),
        batch_rows: config.batch_rows(train.rows),
        train,
        validation,
    };
    Ok((dataset, rows))
}

/// Whether something that is done at multiples of `every` and at the end is to be done at `step`.
pub fn due(step: u32, every: u32, last: u32) -> bool {
    step.is_multiple_of(every.max(1)) || step == last
}

/// The first step behind `step` at which something is due that is to be done at multiples of `every` and at the end.
pub fn next_due(step: u32, every: u32, last: u32) -> u32 {
    let every = every.max(1);
    let next = (step / every).saturating_add(1).saturating_mul(every);
    if step < last { next.min(last) } else { next }
}

/// Steps between looks around, at steps whose Gramian is known.
pub fn look_every(steps: u32, gramian_every: u32) -> u32 {
    steps.div_ceil(LOOKS).max(LOOK_EVERY).next_multiple_of(gramian_every)
}

fn no_news(runs: usize, k: usize) -> Frame {
    Frame { runs: vec![RunNews::default(); runs], references: no_reference_news(k), ..Frame::default() }
}

fn no_reference_news(k: usize) -> Vec<ReferenceNews> {
    (0..k).map(|task| ReferenceNews { task, ..Default::default() }).collect()
}

pub fn diverged(trainer: &Trainer) -> Option<Divergence> {
    match trainer.ending() {
        Some(Ending::Diverged(divergence)) => Some(divergence.clone()),
        _ => None,
    }
}

impl Material {
    pub fn test(&self) -> Option<&Rc<Split>> {
        match self {
            Self::Rows { test, .. } => Some(test),
            Self::Formulas => None,
        }
    }

    /// Metrics at θ on rows of every kind; `None` for an analytic problem.
    fn evaluate(&self, evaluator: &mut Evaluator, theta: &[f32], targets: &[usize], step: u32) -> Option<Evaluation> {
        let Self::Rows { test, validation, sample, .. } = self else { return None };
        let (losses, metrics) = evaluator.judge(theta, test, targets);
        let mut beside = |split: &Split| match split.rows {
            0 => (Vec::new(), Vec::new()),
            _ => evaluator.judge(theta, split, targets),
        };
        let (validation_losses, validation) = beside(validation);
        let train = beside(sample).1;
        Some(Evaluation { step, metrics, losses, validation, validation_losses, train })
    }
}

fn run_outlines(config: &ExperimentConfig) -> Vec<RunOutline> {
    let mut runs: Vec<RunOutline> = Vec::new();
    for (index, run) in config.runs.iter().enumerate() {
        let named = |run: &RunConfig| match run.learned() {
            Some(learned) => format!("m-{}-{}", learned.learner.id, run.method.id),
            None => format!("m-{}", run.method.id),
        };
        let same = config.runs[..index].iter().filter(|other| named(other) == named(run)).count();
        let suffix = if same == 0 { String::new() } else { format!("-{}", same + 1) };
        runs.push(RunOutline {
            id: format!("{}{suffix}", named(run)),
            method: run.method.id.into(),
            label: crate::config::name_of_run(config, index),
            seed: config.training.seed,
            backward_passes: run.backward_passes(config.n_tasks()),
            members: run.learned().map_or(0, |learned| learned.members(config.n_tasks())),
            mixes: run.learned().is_some_and(|learned| learned.learner.crowd.is_none()),
        });
    }
    runs
}

fn outline_of_network(
    config: &ExperimentConfig,
    dataset: &Dataset,
    workload: &Workload,
    (train_sample, gramian_every): (usize, u32),
) -> Outline {
    let tasks = dataset.tasks.iter().map(|task| TaskOutline {
        id: task.id.clone(),
        name: task.name.clone(),
        metric: task.metric.name().into(),
        classes: task.class_names.clone(),
    });
    let attribution = dataset.attribution.iter().map(|source| AttributionOutline {
        title: source.title.clone(),
        license: source.spdx.clone(),
        license_url: source.license_url.clone(),
        note: source.note.clone(),
        citation: source.citations.clone(),
        source: source.source.clone(),
    });
    Outline {
        n_tasks: dataset.tasks.len(),
        n_shared: workload.layout.n_shared(),
        n_parameters: workload.layout.n_parameters(),
        steps: config.training.steps,
        train_rows: workload.data.rows,
        train_sample,
        batch_rows: workload.batch_rows,
        tasks: tasks.collect(),
        runs: run_outlines(config),
        seeds: config.training.seeds,
        seed_every: network::every(config.training.steps),
        evaluate_every: config.training.steps.div_ceil(EVALUATIONS).max(1),
        gramian_every,
        look_every: look_every(config.training.steps, gramian_every),
        loss_scales: workload.loss_scales.clone(),
        attribution: attribution.collect(),
        input: match dataset.shape {
            InputShape::Plane { range } => InputOutline::Plane { low: -range, high: range },
            InputShape::Image { width, height } => InputOutline::Image { width, height },
            InputShape::Tabular => InputOutline::Tabular,
        },
        front: Vec::new(),
    }
}

fn outline_of_problem(config: &ExperimentConfig, analytic: &AnalyticConfig) -> Outline {
    let problem = analytic.problem;
    let (k, p) = (problem.n_tasks(), problem.n_parameters);
    let tasks = problem.tasks.iter().enumerate().map(|(task, name)| TaskOutline {
        id: format!("{}", task + 1),
        name: (*name).into(),
        metric: String::new(),
        classes: Vec::new(),
    });
    let front = problem.front.map_or_else(Vec::new, |front| {
        let n = if front.parameter == Parameter::Square { SURFACE_POINTS } else { FRONT_POINTS };
        let losses = |at: [f64; 2]| {
            let mut losses = vec![0.0; k];
            (front.losses)(&at, &mut losses);
            losses
        };
        front.samples(n).into_iter().map(|curve| curve.into_iter().map(losses).collect()).collect()
    });
    Outline {
        n_tasks: k,
        n_shared: p,
        n_parameters: p,
        steps: config.training.steps,
        train_rows: 0,
        train_sample: 0,
        batch_rows: 0,
        tasks: tasks.collect(),
        runs: run_outlines(config),
        seeds: config.training.seeds,
        seed_every: network::every(config.training.steps),
        evaluate_every: config.training.steps,
        gramian_every: 1,
        look_every: look_every(config.training.steps, 1),
        loss_scales: analytic.loss_scales.clone(),
        attribution: Vec::new(),
        input: InputOutline::Parameters { low: problem.bounds.low, high: problem.bounds.high },
        front,
    }
}
