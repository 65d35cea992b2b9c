//! A started experiment: compared runs and single-task references, trained in turn.

use super::ladder::{Chosen, Ladder};
use super::pictures;
use crate::backend::{Backend, Workload};
use crate::balance::{Balancer, Gramian, METHODS, Need, Setup, StepContext};
use crate::config::{DataConfig, ExperimentConfig, RunConfig};
use crate::data::{Batches, BuildRequest, Dataset, InputShape, Metric, MtldFile, Split, Truth};
use crate::nn::{Network, ParamLayout};
use crate::protocol::{
    AttributionOutline, BackendReport, Divergence, Evaluation, Frame, InputOutline, Outline, Record, ReferenceNews,
    RunNews, RunOutline, RunPredictions, TaskOutline,
};
use crate::train::{Checkpoints, Ending, Evaluator, Trainer, TrainerSetup};
use std::rc::Rc;

/// Seed of every generated data set: the points are part of the experiment, not of the run.
const DATA_SEED: u32 = 0;
/// Memory for the checkpoints of all runs together.
const CHECKPOINT_BYTES: usize = 96 << 20;
/// Evaluations on the test split over a run.
const EVALUATIONS: u32 = 40;
/// Multiply-adds of one Gramian above which methods that do not need it compute it only now and then.
const CHEAP_GRAMIAN: usize = 4_000_000;
const GRAMIAN_EVERY: u32 = 10;
/// Largest K for which every method is also asked what it would do with each run's gradients.
const COMPARED_TASKS: usize = 3;

/// Why an experiment cannot start, in a sentence for the reader.
pub enum StartError {
    Data(String),
    Device(String),
}

/// What one call of [`Experiment::advance`] did.
pub enum Advance {
    Stepped,
    Finished,
    /// The device is gone, and why.
    Lost(String),
}

/// Runs, references, and what the page has not heard yet.
pub struct Experiment {
    outline: Outline,
    data: DataConfig,
    dataset: Dataset,
    test: Rc<Split>,
    runs: Vec<Run>,
    references: Vec<Run>,
    comparers: Vec<Option<Balancer>>,
    compared_gramian: Gramian,
    turn: usize,
    pending: Frame,
    news: bool,
    theta: Vec<f32>,
}

/// A trainer with what judges and remembers it.
struct Run {
    trainer: Trainer,
    evaluator: Evaluator,
    targets: Vec<usize>,
    checkpoints: Option<Checkpoints>,
    /// Whether d = wᵀG, so that its weights say what it would do with other gradients.
    weighs_rows: bool,
    /// Empty without `weighs_rows`.
    last_weights: Vec<f64>,
}

impl Experiment {
    /// Builds data, networks and backends.
    pub async fn build(
        config: &ExperimentConfig,
        files: &[MtldFile],
        ladder: &mut Ladder,
    ) -> Result<(Self, BackendReport), StartError> {
        let request = BuildRequest {
            seed: DATA_SEED,
            knobs: &config.data.knobs,
            tasks: &config.data.tasks,
            files,
            max_rows: None,
        };
        let source = config.data.source;
        let dataset = source.build(&request).map_err(|error| StartError::Data(error.to_string()))?;
        let train = Rc::new(dataset.train.clone());
        let validation = Rc::new(dataset.validation.clone());
        let test = Rc::new(dataset.test.clone());
        config.check_loaded(dataset.n_inputs, train.rows).map_err(|complaint| StartError::Data(complaint.sentence))?;
        let batch_rows = config.batch_rows(train.rows);
        let kinds: Vec<_> = dataset.tasks.iter().map(|task| task.kind).collect();
        let k = kinds.len();
        let training = &config.training;
        let workload = |tasks: &[usize], scales: &[f64]| {
            let kinds: Vec<_> = tasks.iter().map(|&task| kinds[task]).collect();
            let network = Network::mlp(dataset.n_inputs, &config.network, &kinds);
            Workload {
                layout: ParamLayout::new(&network),
                network,
                data: train.clone(),
                validation: validation.clone(),
                targets: tasks.to_vec(),
                loss_scales: scales.to_vec(),
                batch_rows,
                optimizer: training.optimizer,
                learning_rate: training.learning_rate,
                clip: training.clip,
            }
        };
        let all: Vec<usize> = (0..k).collect();
        let shared = workload(&all, &config.data.loss_scales);
        let theta = |workload: &Workload| -> Vec<f32> {
            let ids: Vec<usize> = workload.targets.iter().map(|&task| config.data.tasks[task]).collect();
            workload.layout.initial(&workload.network, config.network.init, training.seed, &ids)
        };
        let start = theta(&shared);
        let chosen = ladder.choose(config.backend, &shared, &start).await;
        let cheap = shared.layout.n_parameters() * batch_rows * k <= CHEAP_GRAMIAN;
        let gramian_every = if cheap { 1 } else { GRAMIAN_EVERY };
        let bytes = CHECKPOINT_BYTES / config.runs.len();
        let make = |chosen: &Chosen, workload: Workload, run: &RunConfig, keep: bool| -> Result<Run, StartError> {
            let n_parameters = workload.layout.n_parameters();
            let kinds = workload.targets.iter().map(|&task| kinds[task]).collect();
            let evaluator = Evaluator::new(workload.network.clone(), workload.layout.clone(), kinds);
            let batches = Batches::new(train.rows, batch_rows, training.seed);
            let preference = if workload.targets.len() == k { config.preference() } else { vec![1.0] };
            let setup = TrainerSetup {
                run,
                preference,
                learning_rate: training.learning_rate,
                seed: training.seed,
                steps: training.steps,
                batches,
                gramian_every,
            };
            let theta = theta(&workload);
            let targets = workload.targets.clone();
            let n_tasks = targets.len();
            let weighs_rows = !run.method.needs(Need::KeptRows);
            let backend: Backend = chosen.backend(workload, theta).map_err(StartError::Device)?;
            Ok(Run {
                trainer: Trainer::new(backend, setup),
                evaluator,
                targets,
                checkpoints: keep.then(|| Checkpoints::new(training.steps, n_parameters, bytes)),
                weighs_rows,
                last_weights: if weighs_rows { vec![1.0; n_tasks] } else { Vec::new() },
            })
        };
        let mut runs = Vec::new();
        for run in &config.runs {
            runs.push(make(&chosen, shared.clone(), run, true)?);
        }
        // With one task every method is the plain gradient; the first of the registry is the cheapest.
        let plain = RunConfig::new(&METHODS[0]);
        let mut references = Vec::new();
        for task in 0..k {
            references.push(make(&chosen, workload(&[task], &[1.0]), &plain, false)?);
        }
        let comparers = config.runs.iter().map(|run| {
            let setup = Setup { n_tasks: k, knobs: run.knobs.clone() };
            let balancer = run.method.new_balancer(&setup);
            (k <= COMPARED_TASKS && run.method.answers_alone()).then_some(balancer)
        });
        let comparers = comparers.collect();
        let outline = outline(config, &dataset, &shared, gramian_every);
        let pending =
            Frame { runs: vec![RunNews::default(); runs.len()], references: no_reference_news(k), finished: false };
        let experiment = Self {
            outline,
            data: config.data.clone(),
            dataset,
            test,
            runs,
            references,
            comparers,
            compared_gramian: Gramian::new(k),
            turn: 0,
            pending,
            news: false,
            theta: Vec::new(),
        };
        Ok((experiment, chosen.report))
    }

    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The step that the slowest run has come to.
    pub fn head(&self) -> u32 {
        self.runs.iter().map(|run| run.trainer.next_step()).min().unwrap_or(0)
    }

    pub fn finished(&self) -> bool {
        self.runs.iter().chain(&self.references).all(|run| run.trainer.ending().is_some())
    }

    pub fn has_news(&self) -> bool {
        self.news
    }

    /// What is new since the last call.
    pub fn take_frame(&mut self) -> Frame {
        self.news = false;
        let fresh = Frame {
            runs: vec![RunNews::default(); self.runs.len()],
            references: no_reference_news(self.references.len()),
            finished: false,
        };
        let mut frame = std::mem::replace(&mut self.pending, fresh);
        frame.finished = self.finished();
        for (news, run) in frame.runs.iter_mut().zip(&mut self.runs) {
            news.dispatches = run.trainer.backend().dispatches();
        }
        frame
    }

    /// One step of the run whose turn it is.
    pub async fn advance(&mut self) -> Advance {
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
                self.advance_run(turn).await
            } else {
                self.advance_reference(turn - self.runs.len()).await
            };
            self.news = true;
            return match result {
                Ok(()) => Advance::Stepped,
                Err(error) => Advance::Lost(error.to_string()),
            };
        }
        Advance::Finished
    }

    async fn advance_run(&mut self, index: usize) -> Result<(), crate::backend::BackendError> {
        let steps = self.outline.steps;
        let run = &mut self.runs[index];
        let step = run.trainer.next_step();
        let evaluates = step.is_multiple_of(self.outline.evaluate_every) || step == steps;
        let stores = run.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.wants(step, steps));
        if evaluates || stores {
            run.trainer.backend().parameters(&mut self.theta).await?;
        }
        if evaluates && self.theta.iter().all(|x| x.is_finite()) {
            let (losses, metrics) = run.evaluator.judge(&self.theta, &self.test, &run.targets);
            self.pending.runs[index].evaluations.push(Evaluation { step, metrics, losses });
        }
        if stores && let Some(checkpoints) = &mut run.checkpoints {
            checkpoints.store(step, &self.theta);
        }
        let record = run.trainer.advance().await?;
        let diverged = diverged(&run.trainer);
        if let Some(mut record) = record {
            if run.weighs_rows && !record.weights.is_empty() {
                run.last_weights.clone_from(&record.weights);
            }
            self.compare(index, &mut record);
            self.pending.runs[index].records.push(record);
        }
        self.pending.runs[index].diverged = diverged;
        Ok(())
    }

    /// Asks every run's method what it would do with this run's gradients.
    fn compare(&mut self, index: usize, record: &mut Record) {
        let Some(pull) = &record.pull else { return };
        let k = record.losses.len();
        if !(2..=COMPARED_TASKS).contains(&k) {
            return;
        }
        self.compared_gramian.set_from_products(&pull.gramian);
        let uniform = [1.0 / k as f64; COMPARED_TASKS];
        let ctx = StepContext {
            losses: &record.losses,
            first_losses: &record.losses,
            epoch_means: None,
            preference: &uniform[..k],
            learning_rate: 0.0,
            step: u64::from(record.step),
            seed: 0,
            served: Default::default(),
        };
        for (other, comparer) in self.comparers.iter_mut().enumerate() {
            let weights = match comparer {
                _ if other == index && self.runs[other].weighs_rows => record.weights.clone(),
                Some(Balancer::Gramian(method)) => {
                    let mut weights = vec![0.0; k];
                    method.weights(&ctx, &self.compared_gramian, &mut weights);
                    weights
                }
                _ => self.runs[other].last_weights.clone(),
            };
            record.compared.push(weights);
        }
    }

    async fn advance_reference(&mut self, task: usize) -> Result<(), crate::backend::BackendError> {
        let steps = self.outline.steps;
        let reference = &mut self.references[task];
        let step = reference.trainer.next_step();
        let news = &mut self.pending.references[task];
        if step.is_multiple_of(self.outline.evaluate_every) || step == steps {
            reference.trainer.backend().parameters(&mut self.theta).await?;
            let (_, metrics) = reference.evaluator.judge(&self.theta, &self.test, &reference.targets);
            if metrics[0].is_finite() {
                news.metrics.push((step, metrics[0]));
            }
        }
        if let Some(record) = reference.trainer.advance().await? {
            news.losses.push((step, record.losses[0]));
        }
        Ok(())
    }

    /// Outputs of every run at its checkpoint nearest to and not after `step`.
    pub fn predictions(&mut self, step: u32) -> Vec<RunPredictions> {
        let Self { runs, dataset, data, .. } = self;
        let truth = |points: &[f32]| -> Vec<Vec<f32>> {
            let tasks = data.tasks.iter().zip(&dataset.tasks);
            let of = |truth: Truth| tasks.map(|(&task, info)| truth(&data.knobs, task, info, points)).collect();
            data.source.truth.map_or_else(Vec::new, of)
        };
        let draw = |run: &mut Run| {
            let stored = run.checkpoints.as_ref().and_then(|checkpoints| checkpoints.at(step));
            stored.map_or_else(RunPredictions::default, |(step, theta)| RunPredictions {
                step,
                body: pictures::draw(&mut run.evaluator, theta, dataset, &truth),
            })
        };
        runs.iter_mut().map(draw).collect()
    }
}

fn no_reference_news(k: usize) -> Vec<ReferenceNews> {
    (0..k).map(|task| ReferenceNews { task, ..Default::default() }).collect()
}

fn diverged(trainer: &Trainer) -> Option<Divergence> {
    match trainer.ending() {
        Some(Ending::Diverged(divergence)) => Some(divergence.clone()),
        _ => None,
    }
}

fn outline(config: &ExperimentConfig, dataset: &Dataset, workload: &Workload, gramian_every: u32) -> Outline {
    let tasks = dataset.tasks.iter().map(|task| TaskOutline {
        id: task.id.clone(),
        name: task.name.clone(),
        metric: match task.kind.metric() {
            Metric::Accuracy => "accuracy".into(),
            Metric::R2 => "R²".into(),
        },
        classes: task.class_names.clone(),
    });
    let mut runs: Vec<RunOutline> = Vec::new();
    for (index, run) in config.runs.iter().enumerate() {
        let same = config.runs[..index].iter().filter(|other| other.method.id == run.method.id).count();
        let suffix = if same == 0 { String::new() } else { format!("-{}", same + 1) };
        runs.push(RunOutline {
            id: format!("m-{}{suffix}", run.method.id),
            method: run.method.id.into(),
            label: crate::config::name_of_run(config, index),
            seed: config.training.seed,
        });
    }
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
        train_rows: dataset.train.rows,
        batch_rows: workload.batch_rows,
        tasks: tasks.collect(),
        runs,
        evaluate_every: config.training.steps.div_ceil(EVALUATIONS).max(1),
        gramian_every,
        attribution: attribution.collect(),
        input: match dataset.shape {
            InputShape::Plane { range } => InputOutline::Plane { low: -range, high: range },
            InputShape::Image { width, height } => InputOutline::Image { width, height },
            InputShape::Tabular => InputOutline::Tabular,
        },
    }
}
