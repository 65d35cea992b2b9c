//! An experiment as a value: valid by construction, the same for the page, links, command line and tests.
//!
//! Raw text (a link, a host message) becomes an [`ExperimentConfig`] or a list of precise [`Complaint`]s
//! at this boundary and never later. A run is a function of its configuration alone.
//!
//! There is one validator, the readers of the keys in [`link::KEYS`]: an edit of the page, a link and a
//! host message pass through the same ones, so no range can hold in one place and not in another.

mod edit;
pub mod gradients;
mod keys;
pub mod link;
mod map;
mod number;
pub mod presets;
mod schedule;
mod view;

pub use edit::{Edit, copy_of_run, differences, name_of_run, needs_restart};
pub use map::MapConfig;
pub use schedule::{Decay, Rates, Schedule};
pub use view::{Along, Aspect};

use crate::balance::modify::{Applied, Ascent, Change};
use crate::balance::{Balancer, Build, Construction, METHODS, Method, Need, Setup};
pub use crate::data::LABEL_NOISE;
use crate::data::{DATASETS, DataSource};
use crate::nn::{Convolution, Layer};
use crate::problem::{PROBLEMS, Problem};
use crate::strategy::Learned;
use crate::strategy::chart::{self, Charted};
use crate::strategy::manifold::{Balance, Settings};
use std::ops::RangeInclusive;

/// Ranges shared by the page's controls, links and host messages.
pub const TASKS: RangeInclusive<usize> = 1..=16;
pub const RUNS: RangeInclusive<usize> = 1..=6;
pub const WIDTH: RangeInclusive<u32> = 1..=1024;
pub const TRUNK_LAYERS: RangeInclusive<usize> = 1..=6;
pub const CONVOLUTIONS: RangeInclusive<usize> = 0..=3;
pub const FILTERS: RangeInclusive<u32> = 1..=64;
pub const HEAD_LAYERS: RangeInclusive<usize> = 0..=3;
pub const GAIN: RangeInclusive<f64> = 0.0..=10.0;
pub const LOSS_SCALE: RangeInclusive<f64> = 1e-4..=1e4;
pub const LEARNING_RATE: RangeInclusive<f64> = 1e-6..=10.0;
pub const MOMENTUM: RangeInclusive<f64> = 0.0..=0.999;
pub const WEIGHT_DECAY: RangeInclusive<f64> = 0.0..=1.0;
pub const DECAY_FACTOR: RangeInclusive<f64> = 0.01..=0.999;
pub const CLIP: RangeInclusive<f64> = 1e-3..=1e3;
pub const BATCH: RangeInclusive<u32> = 1..=4096;
pub const STEPS: RangeInclusive<u32> = 1..=20_000;
/// Seeds over which runs are repeated.
pub const SEEDS: RangeInclusive<u32> = 1..=20;
/// Coordinates of gradients that the reader moves.
pub const COORDINATE: RangeInclusive<f64> = -1e12..=1e12;

/// Largest parameters × batch rows × steps × networks, the single-task ones among them: about an hour of a
/// laptop's CPU. Those of convolutions count at every place they are taken to.
///
/// The largest preset needs a thirtieth of it. Without a limit one link could occupy a tab for weeks.
pub const WORK: f64 = 4e12;
/// Largest count of numbers held at once, 1 GiB of f32: for every network its weights, two optimizer moments,
/// the update, where it came from and the K task gradients (twice for
/// methods that store rows); and for every row of its batch the activations and
/// the K gradients of each.
pub const MEMORY: f64 = 268_435_456.0;
/// Most numbers of one run that makes its network of the preference: that of MultiMNIST by a hypernetwork is in it.
pub const CHART: f64 = 4e6;
/// What a budget counts before the data are loaded: no data set is smaller. The exact check comes with
/// [`ExperimentConfig::check_loaded`].
const FEWEST_INPUTS: usize = 1;
const FEWEST_ROWS: usize = 16;

/// View ids: the values of `view=`, and what follows `plot-` and `table-` in test ids.
pub const VIEWS: &[&str] =
    &["losses", "gradients", "cosine", "weights", "front", "metrics", "predictions", "layers", "landscape"];

/// What is trained, on what, by which methods.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentConfig {
    pub preset: &'static presets::Preset,
    pub subject: Subject,
    pub training: TrainingConfig,
    /// 1..6 runs that share their start, data and batches.
    pub runs: Vec<RunConfig>,
    pub backend: BackendChoice,
    pub view: ViewConfig,
}

/// What is trained: there is either a network with its data, or a problem with its start.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A network learns tasks of a data set.
    Network { data: DataConfig, network: NetworkConfig },
    /// Analytic losses go down from a starting point.
    Analytic(AnalyticConfig),
}

/// An analytic problem, where runs begin, and how much each loss counts.
#[derive(Clone)]
pub struct AnalyticConfig {
    pub problem: &'static Problem,
    /// (P) inside the problem's box.
    pub start: Vec<f64>,
    /// (K) factor on each loss. Plots show unscaled losses.
    pub loss_scales: Vec<f64>,
}

/// A data set, its knobs and the tasks taken from it.
#[derive(Clone)]
pub struct DataConfig {
    pub source: &'static DataSource,
    /// One value for each of the source's knobs.
    pub knobs: Vec<f64>,
    /// Indices into the source's tasks, in order, without repeats; their number is K.
    pub tasks: Vec<usize>,
    /// Share of training labels that are wrong; held-out rows stay true.
    pub label_noise: f64,
    /// (K) factor on each task's loss; it scales the head's gradient too. Plots show unscaled losses.
    pub loss_scales: Vec<f64>,
}

/// An MLP trunk, perhaps behind convolutions, with one head per task.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkConfig {
    /// Filters of the shared convolutions before the trunk, first to last, each 5 × 5 and pooled 2 × 2; empty for none.
    pub filters: Vec<u32>,
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
    /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the tanh form of Hendrycks & Gimpel (2016).
    Gelu,
}

impl Activation {
    /// Whether the slope has to be told x: of the others it follows from the value.
    pub fn needs_inputs(self) -> bool {
        self == Self::Gelu
    }
}

/// Initial weights; biases are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Normal with sd gain/√fan_in: gain of the first shared layer, of the other shared layers, of head layers.
    Gains { first: f64, trunk: f64, head: f64 },
    /// Normal with sd √(2/fan_in) before ReLU and GELU, √(1/fan_in) otherwise (He et al. 2015; LeCun et al. 1998).
    FanIn,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrainingConfig {
    pub optimizer: Optimizer,
    /// The highest; a schedule may go below it.
    pub learning_rate: f64,
    pub schedule: Schedule,
    /// λ of every parameter, biases too; what it does is the optimizer's.
    pub weight_decay: f64,
    /// Largest length of the whole gradient (shared d and heads together).
    pub clip: Option<f64>,
    pub batch: Batch,
    pub steps: u32,
    /// Seeds initial weights, batches and methods.
    pub seed: u32,
    /// How many seeds the runs are trained from: `seed` and the following ones. Everything but medians and bands is
    /// that of the first.
    pub seeds: u32,
    /// (K) on the simplex; `None` is uniform.
    pub preference: Option<Vec<f64>>,
}

impl TrainingConfig {
    /// Seed number `at`, from 0; behind the largest one comes 0.
    pub fn seed_at(&self, at: u32) -> u32 {
        self.seed.wrapping_add(at)
    }

    pub fn rates(&self) -> Rates {
        Rates { highest: self.learning_rate, schedule: self.schedule, steps: self.steps }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Weight decay adds λθ to the gradient.
    Sgd { momentum: f64 },
    /// β₁ 0.9, β₂ 0.999, ε 1e-8, bias-corrected (Kingma & Ba 2015). Weight decay adds λθ to the gradient.
    Adam,
    /// The same, but weight decay shortens θ by lr·λ·θ beside the step (Loshchilov & Hutter 2019).
    AdamW,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    All,
    Rows(u32),
}

/// One compared run.
#[derive(Clone)]
pub struct RunConfig {
    pub method: &'static Method,
    /// One value for each of the method's knobs.
    pub knobs: Vec<f64>,
    /// In the order in which they are applied, each at most once; none that refuses the method.
    pub modifiers: Vec<Applied>,
    pub way: Way,
}

/// What a run trains with its method.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Way {
    /// One θ.
    #[default]
    SinglePoint,
    /// Several at once, which are a front together.
    Front(Learned),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendChoice {
    Auto,
    Cpu,
    Gpu,
}

/// Where the reader looks; never changes a number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ViewConfig {
    /// View cursor, a step.
    pub step: u32,
    /// View ids; empty is the overview.
    pub views: Vec<&'static str>,
    pub theme: Option<Theme>,
    /// What losses and test metrics are drawn over.
    pub along: Along,
    /// What the view of conflicts shows.
    pub aspect: Aspect,
    /// (K, K) row-major, K = 2 or 3: gradients that the reader moves in the place of a run's.
    pub gradients: Option<Vec<f64>>,
    pub map: MapConfig,
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
        self.loss_scales().len()
    }

    /// (K) factor on each task's loss.
    pub fn loss_scales(&self) -> &[f64] {
        match &self.subject {
            Subject::Network { data, .. } => &data.loss_scales,
            Subject::Analytic(analytic) => &analytic.loss_scales,
        }
    }

    fn loss_scales_mut(&mut self) -> &mut Vec<f64> {
        match &mut self.subject {
            Subject::Network { data, .. } => &mut data.loss_scales,
            Subject::Analytic(analytic) => &mut analytic.loss_scales,
        }
    }

    /// Another data set with its default knobs and tasks, no wrong labels and loss scales of 1; the network stays if
    /// there is one, without the convolutions that its images are too small for.
    fn choose_data(&mut self, source: &'static DataSource) {
        let mut network = self.network().cloned().unwrap_or_else(NetworkConfig::plain);
        let data = DataConfig::new(source);
        while !network.filters.is_empty() && data.convolutions(&network).is_err() {
            network.filters.pop();
        }
        self.subject = Subject::Network { data, network };
        self.training.preference = None;
        self.release_gradients();
    }

    /// An analytic problem from its first starting point, with loss scales of 1. It has no rows to choose from.
    fn choose_problem(&mut self, problem: &'static Problem) {
        self.subject = Subject::Analytic(AnalyticConfig::new(problem));
        self.training.preference = None;
        self.training.batch = Batch::All;
        self.release_gradients();
    }

    /// Gradients of another number of tasks are none.
    fn release_gradients(&mut self) {
        let k = self.n_tasks();
        self.view.gradients.take_if(|rows| rows.len() != k * k);
    }

    /// The data set and its tasks; `None` for an analytic problem.
    pub fn data(&self) -> Option<&DataConfig> {
        match &self.subject {
            Subject::Network { data, .. } => Some(data),
            Subject::Analytic(_) => None,
        }
    }

    /// The network; `None` for an analytic problem.
    pub fn network(&self) -> Option<&NetworkConfig> {
        match &self.subject {
            Subject::Network { network, .. } => Some(network),
            Subject::Analytic(_) => None,
        }
    }

    /// The analytic problem and its start; `None` where a network learns.
    pub fn analytic(&self) -> Option<&AnalyticConfig> {
        match &self.subject {
            Subject::Network { .. } => None,
            Subject::Analytic(analytic) => Some(analytic),
        }
    }

    /// Names of the data files that training needs.
    pub fn files(&self) -> &'static [&'static str] {
        self.data().map_or(&[], |data| data.source.files)
    }

    /// (K) preference, ≥ 0, Σ = 1 up to rounding.
    ///
    /// A link may give a preference to few digits (`.33,.33,.34`); the sum is divided out here.
    pub fn preference(&self) -> Vec<f64> {
        let k = self.n_tasks();
        match &self.training.preference {
            Some(given) => {
                let sum: f64 = given.iter().sum();
                given.iter().map(|part| part / sum).collect()
            }
            None => vec![1.0 / k as f64; k],
        }
    }

    /// Whether `other` trains exactly the same thing and differs at most in view and backend, and in a preference that
    /// no run heeds while it trains.
    pub fn same_training(&self, other: &Self) -> bool {
        let heeded = self.runs.iter().any(RunConfig::heeds_preference);
        let aside = |training: &TrainingConfig| TrainingConfig { preference: None, ..training.clone() };
        let trained = self.training == other.training || !heeded && aside(&self.training) == aside(&other.training);
        self.subject == other.subject && trained && self.runs == other.runs
    }

    /// Weights and biases of one run, trunk and heads, for rows of `n_inputs` numbers; P of an analytic problem.
    pub fn n_parameters(&self, n_inputs: usize) -> f64 {
        let (data, network) = match &self.subject {
            Subject::Network { data, network } => (data, network),
            Subject::Analytic(analytic) => return analytic.problem.n_parameters as f64,
        };
        let shapes = data.convolutions(network).unwrap_or_default();
        let mut total: f64 = shapes.iter().map(|shape| ((shape.fan_in() + 1) * shape.filters) as f64).sum();
        let mut below = shapes.last().map_or(n_inputs, |shape| shape.outputs()) as f64;
        for &width in &network.trunk {
            total += (below + 1.0) * f64::from(width);
            below = f64::from(width);
        }
        for task in data.tasks.iter().filter_map(|&task| data.source.tasks.get(task)) {
            let mut below = below;
            let widths = network.head.iter().map(|&width| f64::from(width));
            for width in widths.chain([task.kind.n_outputs() as f64]) {
                total += (below + 1.0) * width;
                below = width;
            }
        }
        total
    }

    /// Multiplications that a row costs beyond one a parameter: a convolution takes its parameters to many places.
    fn further_work(&self) -> f64 {
        let Subject::Network { data, network } = &self.subject else { return 0.0 };
        let shapes = data.convolutions(network).unwrap_or_default();
        let further = |shape: &Convolution| {
            let layer = Layer::Convolution { shape: *shape, activation: None };
            (layer.work() - (layer.fan_in() + 1) * layer.units()) as f64
        };
        shapes.iter().map(further).sum()
    }

    /// Outputs of all layers of one run, trunk and heads; 0 for an analytic problem.
    fn n_units(&self) -> f64 {
        let Subject::Network { data, network } = &self.subject else { return 0.0 };
        let sum = |widths: &[u32]| widths.iter().map(|&width| f64::from(width)).sum::<f64>();
        let outputs = data.tasks.iter().filter_map(|&task| data.source.tasks.get(task));
        let outputs: f64 = outputs.map(|task| task.kind.n_outputs() as f64).sum();
        let shapes = data.convolutions(network).unwrap_or_default();
        let pixels: f64 = shapes.iter().map(|shape| shape.outputs() as f64).sum();
        pixels + sum(&network.trunk) + sum(&network.head) * data.tasks.len() as f64 + outputs
    }

    /// Rows of a batch when the training split has `n_rows`.
    pub fn batch_rows(&self, n_rows: usize) -> usize {
        match self.training.batch {
            Batch::All => n_rows,
            Batch::Rows(rows) => rows as usize,
        }
    }

    /// Holds the configuration against data that were loaded: `n_inputs` numbers a row, `n_rows` training rows.
    ///
    /// # Errors
    /// A batch larger than the training split (it is not cut in silence), or more than [`WORK`] or [`MEMORY`].
    pub fn check_loaded(&self, n_inputs: usize, n_rows: usize) -> Result<(), Complaint> {
        if self.batch_rows(n_rows) > n_rows {
            let source = self.subject.title();
            return Err(Complaint::new(
                "b",
                format!(
                    "The batch has {} rows, but {source} has {n_rows} training rows. Choose at most {n_rows}, or all.",
                    self.batch_rows(n_rows)
                ),
            ));
        }
        self.check_budget(n_inputs, n_rows)
    }

    fn check_budget(&self, n_inputs: usize, n_rows: usize) -> Result<(), Complaint> {
        let parameters = self.n_parameters(n_inputs);
        let k = self.n_tasks() as f64;
        let points = |run: &RunConfig| run.n_points(self.n_tasks()) as f64;
        let runs: f64 = self.runs.iter().map(points).sum();
        let rows = self.batch_rows(n_rows) as f64;
        let storing: f64 = self.runs.iter().filter(|run| run.stores_rows()).map(points).sum();
        // What a penalty looks at beside θ: three gradients a task.
        let penalized = |run: &RunConfig| if run.looks_around() { 3.0 * k } else { 0.0 };
        // Uphill every task's gradient is taken once more.
        let uphill = |run: &RunConfig| if run.ascent().is_some() { 1.0 } else { 0.0 };
        // A manifold goes forward and back once a draw, and once more forward for the order of its losses.
        let drawn = |run: &RunConfig| run.draws() as f64;
        let ordered = |run: &RunConfig| if run.orders_losses() { 0.5 * drawn(run) } else { 0.0 };
        let of_point = |run: &RunConfig| (1.0 + penalized(run) + uphill(run)) * drawn(run) + ordered(run);
        // Members that are weighed together go forward once more before.
        let weighed = |run: &RunConfig| {
            let together = run.learned().and_then(|learned| learned.learner.crowd?.shares).is_some();
            if together { 0.5 } else { 0.0 }
        };
        let of_run = |run: &RunConfig| (of_point(run) + weighed(run)) * points(run);
        // Going through a chart costs as much as some rows more.
        let charted = |run: &RunConfig| {
            let beside = run.charted().map_or(0.0, |(_, chart)| chart.rows);
            beside / rows.max(1.0) * drawn(run)
        };
        let passes: f64 = self.runs.iter().map(|run| of_run(run) + charted(run)).sum();
        // Every member has its weights, two moments, its update and where that came from.
        let members: f64 = self.runs.iter().filter(|run| run.settings().is_some()).map(|_| 5.0 * k).sum();
        // So have the numbers of a chart.
        let numbers = |run: &RunConfig| {
            let of_chart = |(knobs, chart): (&[f64], Charted)| (chart.numbers)(knobs, parameters, k);
            run.charted().map_or(0.0, of_chart)
        };
        let most = self.runs.iter().map(numbers).fold(0.0, f64::max);
        if most > CHART {
            return Err(Complaint::new(
                "net",
                format!(
                    "The network has {parameters} parameters, and a run that makes them of the preference would hold \
                     {most:.1e} numbers for them, at most {CHART:.1e} are allowed. Choose narrower layers, or another \
                     front learner."
                ),
            ));
        }
        let charts: f64 = 5.0 * self.runs.iter().map(numbers).sum::<f64>();
        // The first seed's networks stay while those of one further seed are trained.
        let held = f64::from(self.training.seeds.min(2));
        // Every run has K tasks; every single-task reference has one.
        let memory = held
            * (parameters * (runs * (k + 5.0) + storing * k + k * 6.0 + members)
                + charts
                + rows * self.n_units() * (runs * (k + 1.0) + k * 2.0));
        let seeds = f64::from(self.training.seeds);
        let work = (parameters + self.further_work()) * rows * f64::from(self.training.steps) * (passes + k) * seeds;
        if memory > MEMORY {
            return Err(Complaint::new(
                "net",
                format!(
                    "The network has {parameters} parameters, too many for these tasks and runs: {memory:.1e} numbers \
                     would be held at once, at most {MEMORY:.1e} are allowed. Narrower layers, fewer tasks, fewer \
                     runs or a single seed help."
                ),
            ));
        }
        if work > WORK {
            return Err(Complaint::new(
                "st",
                format!(
                    "This asks for {work:.1e} units of work (parameters{} × batch rows × steps × networks × seeds); at \
                     most {WORK:.1e} are allowed, about an hour of computing. Fewer steps, narrower layers, a smaller \
                     batch, fewer runs or fewer seeds help.",
                    if self.further_work() > 0.0 { ", those of convolutions at every place," } else { "" }
                ),
            ));
        }
        Ok(())
    }

    /// Passes the configuration through the readers that links pass through.
    ///
    /// # Errors
    /// Every complaint a link with these values would get.
    pub fn check(&self) -> Result<(), Vec<Complaint>> {
        let read = keys::read_all(self.preset, keys::texts(self));
        if !read.complaints.is_empty() {
            return Err(read.complaints);
        }
        if read.config != *self {
            return Err(vec![Complaint::new(
                "p",
                "The configuration holds lists whose lengths do not fit its tasks, knobs or methods. \
                 Start again from a preset.",
            )]);
        }
        Ok(())
    }
}

impl Subject {
    /// Id of the data set or of the analytic problem.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Network { data, .. } => data.source.id,
            Self::Analytic(analytic) => analytic.problem.id,
        }
    }

    /// What the page calls it.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Network { data, .. } => data.source.title,
            Self::Analytic(analytic) => analytic.problem.label,
        }
    }

    /// A few sentences about it.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Network { data, .. } => data.source.description,
            Self::Analytic(analytic) => analytic.problem.about,
        }
    }

    /// Names of the K tasks.
    pub fn task_names(&self) -> Vec<&'static str> {
        match self {
            Self::Network { data, .. } => {
                data.tasks.iter().filter_map(|&task| Some(data.source.tasks.get(task)?.label)).collect()
            }
            Self::Analytic(analytic) => analytic.problem.tasks.to_vec(),
        }
    }
}

impl AnalyticConfig {
    /// The problem from its first starting point, with loss scales of 1.
    pub fn new(problem: &'static Problem) -> Self {
        let start = problem.starts.first().map_or_else(|| vec![0.0; problem.n_parameters], |start| start.x.to_vec());
        Self { problem, start, loss_scales: vec![1.0; problem.n_tasks()] }
    }
}

impl NetworkConfig {
    /// What a data set is learned with when nothing said so: after an analytic problem there is no network to keep.
    pub fn plain() -> Self {
        Self {
            filters: Vec::new(),
            trunk: vec![16, 16],
            head: Vec::new(),
            activation: Activation::Relu,
            init: Init::FanIn,
        }
    }

    /// The shapes of its convolutions over gray images of this height and width.
    ///
    /// # Errors
    /// A sentence where the images are too small for all of them.
    pub fn convolutions(&self, [height, width]: [usize; 2]) -> Result<Vec<Convolution>, String> {
        let mut shapes: Vec<Convolution> = Vec::new();
        let (mut below, mut channels) = ([height, width], 1);
        for &filters in &self.filters {
            let shape = Convolution { height: below[0], width: below[1], channels, filters: filters as usize };
            if shape.outputs() == 0 {
                let [rows, columns] = below;
                let kept = match shapes.len() {
                    0 => "none".to_owned(),
                    1 => "one".to_owned(),
                    some => some.to_string(),
                };
                return Err(format!(
                    "Images of {height} × {width} pixels are too small for {} convolutions: {kept} of them leaves \
                     {rows} × {columns}, and another needs at least 6 × 6. Take convolutions away, or choose larger \
                     images.",
                    self.filters.len()
                ));
            }
            (below, channels) = (shape.pooled(), shape.filters);
            shapes.push(shape);
        }
        Ok(shapes)
    }
}

impl DataConfig {
    /// The source with its default knobs and tasks, no wrong labels and loss scales of 1.
    pub fn new(source: &'static DataSource) -> Self {
        let tasks = source.default_tasks.to_vec();
        Self { source, knobs: source.default_knobs(), label_noise: 0.0, loss_scales: vec![1.0; tasks.len()], tasks }
    }

    /// The shapes of a network's convolutions over these rows.
    ///
    /// # Errors
    /// A sentence where rows are no images, or too small ones.
    pub fn convolutions(&self, network: &NetworkConfig) -> Result<Vec<Convolution>, String> {
        match self.source.image {
            _ if network.filters.is_empty() => Ok(Vec::new()),
            Some(size) => network.convolutions(size(&self.knobs)),
            None => Err(format!(
                "The rows of {} are no images, so no convolution goes over them. Write the shared layers without \
                 “c”, or choose images.",
                self.source.title
            )),
        }
    }
}

// Entries of registries are long: by id they can be read in a test's message.
impl std::fmt::Debug for DataConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { source, knobs, tasks, label_noise, loss_scales } = self;
        write!(f, "{} {knobs:?}, tasks {tasks:?} × {loss_scales:?}, {label_noise} wrong", source.id)
    }
}

impl std::fmt::Debug for AnalyticConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {:?}, losses × {:?}", self.problem.id, self.start, self.loss_scales)
    }
}

impl std::fmt::Debug for RunConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let modifiers: Vec<_> = self.modifier_ids().collect();
        write!(f, "{} {:?} {modifiers:?} {:?}", self.method.id, self.knobs, self.learned())
    }
}

impl PartialEq for AnalyticConfig {
    fn eq(&self, other: &Self) -> bool {
        self.problem.id == other.problem.id && self.start == other.start && self.loss_scales == other.loss_scales
    }
}

impl PartialEq for DataConfig {
    fn eq(&self, other: &Self) -> bool {
        self.source.id == other.source.id
            && self.knobs == other.knobs
            && self.tasks == other.tasks
            && self.label_noise == other.label_noise
            && self.loss_scales == other.loss_scales
    }
}

impl RunConfig {
    /// A run of this method with its defaults.
    pub fn new(method: &'static Method) -> Self {
        Self { method, knobs: method.default_knobs(), modifiers: Vec::new(), way: Way::SinglePoint }
    }

    /// Its front learner; `None` for a single point.
    pub fn learned(&self) -> Option<&Learned> {
        match &self.way {
            Way::SinglePoint => None,
            Way::Front(learned) => Some(learned),
        }
    }

    /// What the knobs of its front learner say, where members are mixed.
    pub fn settings(&self) -> Option<Settings> {
        self.learned().filter(|learned| learned.learner.mixes_members()).map(|learned| Settings::of(&learned.knobs))
    }

    /// Values of its front learner's knobs and the map from preferences to θ, where it trains one.
    pub fn charted(&self) -> Option<(&[f64], Charted)> {
        let learned = self.learned()?;
        Some((&learned.knobs, learned.learner.chart?))
    }

    /// Preferences that a step draws; 1 where it draws none.
    pub fn draws(&self) -> usize {
        match (self.settings(), self.charted()) {
            (Some(settings), _) => settings.draws,
            (None, Some((knobs, _))) => chart::draws(knobs),
            (None, None) => 1,
        }
    }

    /// Networks that it trains side by side, each with what a single point has: 1 unless it trains a population.
    pub fn n_points(&self, n_tasks: usize) -> usize {
        self.learned().map_or(1, |learned| learned.points(n_tasks).max(1))
    }

    /// Whether losses of several preferences are put in order in every step.
    fn orders_losses(&self) -> bool {
        self.settings().is_some_and(|settings| settings.order > 0.0)
    }

    /// Whether another preference is another training.
    pub fn heeds_preference(&self) -> bool {
        let multiplied = |applied: &Applied| matches!(applied.modifier.change, Change::Preference(_));
        // A front has all preferences.
        self.learned().is_none() && (self.method.needs(Need::Preference) || self.modifiers.iter().any(multiplied))
    }

    /// Why its front learner cannot learn a front of so many tasks with its method, in a sentence.
    pub fn refusal(&self, n_tasks: usize) -> Option<String> {
        let Learned { learner, knobs } = self.learned()?;
        let (fewest, most) = learner.tasks;
        if !(fewest..=most).contains(&n_tasks) {
            return Some(format!(
                "it learns fronts of {fewest} to {most} tasks; here are {n_tasks}. Choose other tasks, or leave it out."
            ));
        }
        (learner.refuses)(self.method, &self.modifiers, knobs)
    }

    /// Lines that may be drawn from plain gradients to its update, if it makes that of them alone.
    pub fn construction(&self, n_tasks: usize) -> Option<Construction> {
        if !self.modifiers.is_empty() || !self.method.answers_alone() || self.learned().is_some() {
            return None;
        }
        match self.method.new_balancer(&Setup { n_tasks, knobs: self.knobs.clone() }) {
            Balancer::Gramian(method) => method.construction(),
            _ => None,
        }
    }

    /// Whether a backend holds K rows of P numbers for it beside G.
    fn stores_rows(&self) -> bool {
        let by_coordinates = matches!(self.method.build, Build::Rows(_));
        let by_modifiers = (by_coordinates && !self.modifiers.is_empty()) || self.looks_around();
        self.method.stores_rows() || by_modifiers || self.ascent().is_some()
    }

    /// Backward passes of one step through the trunk, those that its modifiers ask for among them; without what plots
    /// look at.
    pub fn backward_passes(&self, n_tasks: usize) -> usize {
        // K times two sides and back again.
        let beside = if self.looks_around() && n_tasks > 1 { 3 * n_tasks * n_tasks } else { 0 };
        let own = self.method.cost(n_tasks).backward;
        let of_draw = match self.ascent() {
            // What weighs losses goes back once for every task too.
            Some(_) => own.max(n_tasks) + n_tasks + beside,
            None => own + beside,
        };
        let of_draw = of_draw * self.n_points(n_tasks);
        match self.settings() {
            // Lengths of rows are told by rows.
            Some(Settings { draws, balance: Balance::Norm, .. }) => draws * of_draw.max(n_tasks),
            _ => self.draws() * of_draw,
        }
    }

    /// Whether gradients are taken beside θ in every step.
    pub fn looks_around(&self) -> bool {
        self.modifiers.iter().any(|applied| matches!(applied.modifier.change, Change::CosinePenalty))
    }

    /// How far uphill gradients are taken anew in every step, if they are.
    pub fn ascent(&self) -> Option<Ascent> {
        Ascent::among(&self.modifiers)
    }

    fn modifier_ids(&self) -> impl Iterator<Item = &'static str> {
        self.modifiers.iter().map(|applied| applied.modifier.id)
    }
}

impl PartialEq for RunConfig {
    fn eq(&self, other: &Self) -> bool {
        let method = self.method.id == other.method.id;
        let same = method && self.knobs == other.knobs && self.modifiers == other.modifiers;
        same && self.way == other.way
    }
}

impl Complaint {
    pub fn new(key: &str, sentence: impl Into<String>) -> Self {
        Self { key: key.into(), sentence: sentence.into() }
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// The registries a configuration points into; named here so that readers find them.
pub const fn registries() -> (&'static [Method], &'static [DataSource], &'static [Problem]) {
    (METHODS, DATASETS, PROBLEMS)
}
