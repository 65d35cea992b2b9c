//! What makes the trainers of an experiment, from its first seed and from every further one.

use super::experiment::{Run, StartError, look_every};
use super::ladder::Chosen;
use crate::backend::exact::{Descent, Exact};
use crate::backend::{Backend, Workload};
use crate::balance::{METHODS, Need};
use crate::config::{AnalyticConfig, ExperimentConfig, NetworkConfig, RunConfig, TrainingConfig};
use crate::data::{Batches, Metric, Split, TaskKind};
use crate::nn::{Convolution, Network, ParamLayout};
use crate::protocol::BackendKind;
use crate::strategy::Learned;
use crate::strategy::chart::{Begin, Chart, Ground};
use crate::strategy::manifold::member_starts;
use crate::train::{Checkpoints, Evaluator, Trainer, TrainerSetup};
use std::rc::Rc;

/// Memory for the checkpoints of all runs together.
pub const CHECKPOINT_BYTES: usize = 96 << 20;

/// Makes runs and single-task references of any seed.
pub struct Workshop {
    training: TrainingConfig,
    runs: Vec<RunConfig>,
    /// (K)
    preference: Vec<f64>,
    /// (K) at which manifolds are looked at.
    shown: Vec<f64>,
    stuff: Stuff,
}

/// What runs learn from.
pub enum Stuff {
    Rows { rows: Box<Rows>, chosen: Chosen, gramian_every: u32 },
    Formulas(AnalyticConfig),
}

/// Data and network that all runs share.
pub struct Rows {
    pub network: NetworkConfig,
    /// Before its trunk.
    pub convolutions: Vec<Convolution>,
    pub n_inputs: usize,
    /// (K) positions in the source's tasks: a task's head starts the same whatever stands beside it.
    pub ids: Vec<usize>,
    pub kinds: Vec<TaskKind>,
    pub metrics: Vec<Metric>,
    pub loss_scales: Vec<f64>,
    pub train: Rc<Split>,
    pub validation: Rc<Split>,
    pub batch_rows: usize,
}

impl Rows {
    /// The network that learns these of the K tasks.
    pub fn workload(&self, tasks: &[usize], scales: &[f64], training: &TrainingConfig) -> Workload {
        let kinds: Vec<_> = tasks.iter().map(|&task| self.kinds[task]).collect();
        let network = Network::new(self.n_inputs, &self.convolutions, &self.network, &kinds);
        Workload {
            layout: ParamLayout::new(&network),
            network,
            data: self.train.clone(),
            validation: self.validation.clone(),
            targets: tasks.to_vec(),
            loss_scales: scales.to_vec(),
            batch_rows: self.batch_rows,
            optimizer: training.optimizer,
            weight_decay: training.weight_decay,
            clip: training.clip,
        }
    }

    /// Initial weights, of a manifold those of one member.
    pub fn theta(&self, workload: &Workload, (seed, member): (u32, u32)) -> Vec<f32> {
        let ids: Vec<usize> = workload.targets.iter().map(|&task| self.ids[task]).collect();
        workload.layout.initial_member(&workload.network, self.network.init, (seed, member), &ids)
    }
}

impl Workshop {
    pub fn new(config: &ExperimentConfig, stuff: Stuff) -> Self {
        let preference = config.preference();
        let shown = preference.clone();
        Self { training: config.training.clone(), runs: config.runs.clone(), preference, shown, stuff }
    }

    /// Looks at every manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        self.shown.copy_from_slice(preference);
    }

    /// Whether a graphics device trains what is made here.
    pub fn is_on_device(&self) -> bool {
        matches!(&self.stuff, Stuff::Rows { chosen, .. } if chosen.report.kind == BackendKind::Gpu)
    }

    pub fn n_runs(&self) -> usize {
        self.runs.len()
    }

    pub fn n_tasks(&self) -> usize {
        self.preference.len()
    }

    /// Run number `at` from this seed; with checkpoints if it is to be looked back at.
    pub fn run(&self, at: usize, seed: u32, keep: bool) -> Result<Run, StartError> {
        let tasks: Vec<usize> = (0..self.n_tasks()).collect();
        let scales = match &self.stuff {
            Stuff::Rows { rows, .. } => &rows.loss_scales,
            Stuff::Formulas(analytic) => &analytic.loss_scales,
        };
        self.make(&self.runs[at], &tasks, scales, (seed, keep))
    }

    /// The task alone, by the plain gradient.
    pub fn reference(&self, task: usize, seed: u32) -> Result<Run, StartError> {
        self.make(&plain(), &[task], &[1.0], (seed, false))
    }

    fn make(
        &self,
        run: &RunConfig,
        tasks: &[usize],
        scales: &[f64],
        (seed, keep): (u32, bool),
    ) -> Result<Run, StartError> {
        let training = &self.training;
        let learned = run.learned();
        let points = learned.map_or(0, |learned| learned.points(tasks.len()));
        let mixes = |learned: &&Learned| learned.learner.mixes_members();
        let members = learned.filter(mixes).map_or(0, |learned| learned.members(tasks.len()));
        let charted = learned.and_then(|learned| Some((learned, learned.learner.chart?)));
        let chart = |ground: Ground<'_>, theta: &[f32]| {
            charted.map(|(learned, charted)| {
                let chart = Rc::new(Chart::new(&charted, &learned.knobs, ground, tasks.len()));
                (chart.start(seed, theta), chart)
            })
        };
        let own_starts = learned.and_then(|learned| Some((learned.learner.crowd?.own_starts)(&learned.knobs)));
        let own_starts = own_starts.unwrap_or(false);
        let mut others = Vec::new();
        let bytes = CHECKPOINT_BYTES / self.runs.len();
        let setup = |floor: Vec<f64>, batches: Batches, gramian_every: u32| TrainerSetup {
            run,
            floor,
            preference: if tasks.len() == self.n_tasks() { self.preference.clone() } else { vec![1.0] },
            rates: training.rates(),
            seed,
            batches,
            gramian_every,
        };
        let (backend, evaluator, setup, n_parameters, chart) = match &self.stuff {
            Stuff::Rows { rows, chosen, gramian_every } => {
                let workload = rows.workload(tasks, scales, training);
                let n_parameters = workload.layout.n_parameters();
                let metrics = tasks.iter().map(|&task| rows.metrics[task]).collect();
                let evaluator = Evaluator::new(workload.network.clone(), workload.layout.clone(), metrics);
                let batches = Batches::new(rows.train.rows, rows.batch_rows, seed);
                let theta = rows.theta(&workload, (seed, 0));
                let member = |member| rows.theta(&workload, (seed, member as u32));
                let held: Vec<f32> = (0..members).flat_map(member).collect();
                for at in 1..points {
                    let theta = if own_starts { member(at) } else { theta.clone() };
                    others.push(chosen.backend(workload.clone(), theta).map_err(StartError::Device)?);
                }
                let chart = chart(Ground::Network(&workload.network, &workload.layout, rows.network.init), &theta);
                let mut backend: Backend = chosen.backend(workload, theta).map_err(StartError::Device)?;
                if members > 0 {
                    backend.hold_members(&held).map_err(|error| StartError::Device(error.to_string()))?;
                }
                (backend, Some(evaluator), setup(vec![0.0; tasks.len()], batches, *gramian_every), n_parameters, chart)
            }
            Stuff::Formulas(AnalyticConfig { problem, start, .. }) => {
                let floor = tasks.iter().zip(scales).map(|(&task, scale)| problem.floor[task] * scale).collect();
                let descent = Descent {
                    problem,
                    targets: tasks.to_vec(),
                    loss_scales: scales.to_vec(),
                    optimizer: training.optimizer,
                    weight_decay: training.weight_decay,
                    clip: training.clip,
                    multiplier: 1.0,
                };
                let p = start.len();
                let from = match own_starts {
                    false => start.repeat(points.max(1)),
                    true => member_starts(problem, start, points, seed).iter().map(|&x| f64::from(x)).collect(),
                };
                let exact = |x: &[f64]| Backend::Exact(Box::new(Exact::new(descent.clone(), x.to_vec())));
                others.extend(from.chunks_exact(p).skip(1).map(exact));
                let mut backend = exact(&from[..p]);
                if members > 0 {
                    let held = member_starts(problem, start, members, seed);
                    backend.hold_members(&held).map_err(|error| StartError::Device(error.to_string()))?;
                }
                let x: Vec<f32> = start.iter().map(|&x| x as f32).collect();
                let chart = chart(Ground::Problem(problem), &x);
                (backend, None, setup(floor, Batches::new(1, 1, seed), 1), start.len(), chart)
            }
        };
        let look = look_every(training.steps, setup.gramian_every);
        let stored = chart.as_ref().map_or(n_parameters * members.max(points).max(1), |(phi, _)| phi.len());
        let (mut trainer, chart) = match (chart, learned) {
            (Some((phi, chart)), Some(learned)) => {
                let begin = Begin { chart: chart.clone(), phi, training };
                (Trainer::on_chart(backend, begin, &learned.knobs, setup), Some(chart))
            }
            _ => (Trainer::with_others(backend, others, setup), None),
        };
        if keep {
            trainer.look_around_every(look);
        }
        Ok(Run {
            trainer,
            evaluator,
            targets: tasks.to_vec(),
            checkpoints: keep.then(|| Checkpoints::new(training.steps, stored, bytes)),
            chart,
            mixture: learned.map(|_| self.shown.clone()),
            points,
            weighs_rows: !run.method.needs(Need::KeptRows) && run.ascent().is_none(),
        })
    }
}

/// With one task every method is the plain gradient; the first of the registry is the cheapest.
fn plain() -> RunConfig {
    RunConfig::new(&METHODS[0])
}
