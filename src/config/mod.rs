//! An experiment as a value: valid by construction, the same for the page, links, command line and tests.
//!
//! Raw text (a link, a host message) becomes an [`ExperimentConfig`] or a list of precise [`Complaint`]s
//! at this boundary and never later. A run is a function of its configuration alone.

pub mod link;
pub mod presets;

use crate::balance::{METHODS, Method};
use crate::data::{DATASETS, DataSource};
use std::ops::RangeInclusive;

/// Ranges shared by the page's controls, links and host messages.
pub const TASKS: RangeInclusive<usize> = 1..=16;
pub const RUNS: RangeInclusive<usize> = 1..=6;
pub const WIDTH: RangeInclusive<u32> = 1..=1024;
pub const TRUNK_LAYERS: RangeInclusive<usize> = 1..=6;
pub const HEAD_LAYERS: RangeInclusive<usize> = 0..=3;
pub const GAIN: RangeInclusive<f64> = 0.0..=10.0;
pub const LOSS_SCALE: RangeInclusive<f64> = 1e-4..=1e4;
pub const LEARNING_RATE: RangeInclusive<f64> = 1e-6..=10.0;
pub const MOMENTUM: RangeInclusive<f64> = 0.0..=0.999;
pub const CLIP: RangeInclusive<f64> = 1e-3..=1e3;
pub const BATCH: RangeInclusive<u32> = 1..=4096;
pub const STEPS: RangeInclusive<u32> = 1..=20_000;

/// What is trained, on what, by which methods.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentConfig {
    pub preset: &'static presets::Preset,
    pub data: DataConfig,
    pub network: NetworkConfig,
    pub training: TrainingConfig,
    /// 1..6 runs that share data, initial weights and batches.
    pub runs: Vec<RunConfig>,
    pub backend: BackendChoice,
    pub view: ViewConfig,
}

/// A data set, its knobs and the tasks taken from it.
#[derive(Debug, Clone, PartialEq)]
pub struct DataConfig {
    pub source: &'static DataSource,
    /// One value for each of the source's knobs.
    pub knobs: Vec<f64>,
    /// Indices into the source's tasks, in order, without repeats; their number is K.
    pub tasks: Vec<usize>,
    /// (K) factor on each task's loss; it scales the head's gradient too. Plots show unscaled losses.
    pub loss_scales: Vec<f64>,
}

/// An MLP trunk with one head per task.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkConfig {
    /// Widths of the shared layers, first to last.
    pub trunk: Vec<u32>,
    /// Widths of the hidden layers of every head; empty for linear heads.
    pub head: Vec<u32>,
    pub activation: Activation,
    pub init: Init,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    Tanh,
}

/// Initial weights; biases are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Normal with sd gain/√fan_in: gain of the first shared layer, of the other shared layers, of head layers.
    Gains { first: f64, trunk: f64, head: f64 },
    /// Normal with sd √(2/fan_in) before ReLU, √(1/fan_in) otherwise (He et al. 2015; LeCun et al. 1998).
    FanIn,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrainingConfig {
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    /// Largest length of the whole gradient (shared d and heads together).
    pub clip: Option<f64>,
    pub batch: Batch,
    pub steps: u32,
    /// Seeds initial weights, batches and methods.
    pub seed: u32,
    /// (K) on the simplex; `None` is uniform.
    pub preference: Option<Vec<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    Sgd { momentum: f64 },
    /// β₁ 0.9, β₂ 0.999, ε 1e-8, bias-corrected (Kingma & Ba 2015).
    Adam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    All,
    Rows(u32),
}

/// One compared run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    pub method: &'static Method,
    /// One value for each of the method's knobs.
    pub knobs: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendChoice {
    Auto,
    Cpu,
    Gpu,
}

/// Where the reader looks; never changes a number.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewConfig {
    /// View cursor, a step.
    pub step: u32,
    /// View ids; empty is the overview.
    pub views: Vec<&'static str>,
    pub theme: Option<Theme>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

/// One thing wrong with a text, in a sentence: what was given, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The key of the link or field of the file.
    pub key: String,
    pub sentence: String,
}

impl ExperimentConfig {
    /// K.
    pub fn n_tasks(&self) -> usize {
        self.data.tasks.len()
    }

    /// (K) preference on the simplex.
    pub fn preference(&self) -> Vec<f64> {
        let k = self.n_tasks();
        self.training.preference.clone().unwrap_or_else(|| vec![1.0 / k as f64; k])
    }

    /// Whether `other` trains exactly the same thing and differs at most in view and backend.
    pub fn same_training(&self, other: &Self) -> bool {
        self.data == other.data
            && self.network == other.network
            && self.training == other.training
            && self.runs == other.runs
    }
}

impl RunConfig {
    /// A run of this method with its defaults.
    pub fn new(method: &'static Method) -> Self {
        Self { method, knobs: method.default_knobs() }
    }
}

/// The registries a configuration points into; named here so that readers find them.
pub const fn registries() -> (&'static [Method], &'static [DataSource]) {
    (METHODS, DATASETS)
}
