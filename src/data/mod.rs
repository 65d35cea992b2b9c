//! Data sets: what a network is trained on, where it comes from, and the registry of all of them.
//!
//! A data set is a row-major matrix of inputs and one column of targets per
//! task, in three splits. It comes from a generator (a function of the seed) or
//! from a shipped file; each has a file of its own here and one line in
//! [`DATASETS`], and nothing else names it. Reading a file off the network is
//! the caller's business: this module turns bytes into numbers.

pub mod batches;
pub mod bike;
pub mod census;
pub mod digits8;
pub mod error;
pub mod function_classes;
pub mod gradnorm_toy;
mod label_noise;
pub mod meats;
pub mod mmoe;
pub mod mtld;
pub mod multimnist;
pub mod multimnist3;
pub mod multitab;
mod orthonormal;
pub mod outlier_tasks;
pub mod penguins;
mod stored;
mod table;
pub mod two_labelings;
pub mod two_sines;

use crate::balance::Knob;
use crate::rng::{Stream, StreamId};
use std::ops::RangeInclusive;

pub use batches::Batches;
pub use error::{DataError, Fault};
pub use mtld::MtldFile;

/// Every data set, in the order in which the page offers them.
pub const DATASETS: &[DataSource] = &[
    two_sines::SOURCE,
    two_labelings::SOURCE,
    digits8::SOURCE,
    multimnist::LITE,
    multimnist::FULL,
    multimnist3::SOURCE,
    penguins::SOURCE,
    bike::SOURCE,
    census::SOURCE,
    meats::SOURCE,
    function_classes::SOURCE,
    gradnorm_toy::SOURCE,
    outlier_tasks::SOURCE,
    mmoe::SOURCE,
    multitab::SOURCE,
];

/// Shares of wrong training labels that a data set can be built with. Half of the labels of a yes/no task are no
/// labels at all.
pub const LABEL_NOISE: RangeInclusive<f64> = 0.0..=0.5;

/// The data set called `id`.
pub fn source(id: &str) -> Option<&'static DataSource> {
    DATASETS.iter().find(|entry| entry.id == id)
}

/// An entry of the registry: what is known before anything is loaded, and how to build it.
#[derive(Clone, Copy, Debug)]
pub struct DataSource {
    /// Short name of letters, digits and hyphens; part of links.
    pub id: &'static str,
    pub title: &'static str,
    /// One or two sentences for a reader.
    pub description: &'static str,
    /// Names of the files it needs, under the page's `data/`; none for a generator.
    pub files: &'static [&'static str],
    /// Settings, in the shape that methods use, so that page and links treat both alike.
    pub knobs: &'static [Knob],
    /// All tasks it offers.
    pub tasks: &'static [TaskEntry],
    /// Positions in `tasks` that are chosen at first.
    pub default_tasks: &'static [usize],
    pub seeding: Seeding,
    /// Height and width of its images; `None` where rows are no images.
    pub image: Option<ImageSize>,
    /// The targets that the points of a plane ought to have, for pictures; `None` where nobody knows them.
    pub truth: Option<Truth>,
    /// What the range of a single knob cannot say; `None` where all values go with all others.
    pub limit: Option<Limit>,
    /// Called only by [`DataSource::build`], which has checked the request.
    make: fn(&DataSource, &BuildRequest<'_>) -> Result<Dataset, DataError>,
}

/// Height and width of a set's gray images, given its knobs.
pub type ImageSize = fn(knobs: &[f64]) -> [usize; 2];

/// (n) standardized targets of task `task` at (n, 2) points, given the set's knobs and the built task.
pub type Truth = fn(knobs: &[f64], task: usize, info: &TaskInfo, points: &[f32]) -> Vec<f32>;

/// Refuses values of knobs that do not go together, or not with that many tasks. The defaults go with any number.
pub type Limit = fn(&DataSource, knobs: &[f64], n_tasks: usize) -> Result<(), DataError>;

/// A task as it is known before the data is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskEntry {
    pub id: &'static str,
    pub label: &'static str,
    pub kind: TaskKind,
}

/// Whether the seed of the data changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeding {
    /// Each seed draws other points.
    Seeded,
    /// The same rows whatever the seed: a real set or a published protocol.
    Fixed,
}

/// What to build.
#[derive(Clone, Copy, Debug)]
pub struct BuildRequest<'a> {
    /// Seed of the data, separate from the seed of the training.
    pub seed: u32,
    /// One value a knob in the order of the entry, or none for the defaults.
    pub knobs: &'a [f64],
    /// Positions in the entry's `tasks`, each once, in the order wanted.
    pub tasks: &'a [usize],
    /// The decoded files; others than those needed are ignored.
    pub files: &'a [MtldFile],
    /// Share of training labels that are wrong, in [`LABEL_NOISE`]; 0 leaves every row as it is.
    pub label_noise: f64,
    /// Keep at most this many rows of each split, from its beginning.
    pub max_rows: Option<usize>,
}

impl<'a> BuildRequest<'a> {
    fn file(&self, source: &DataSource, name: &str) -> Result<&'a MtldFile, DataError> {
        self.files
            .iter()
            .find(|file| file.file_name == name)
            .ok_or_else(|| DataError::MissingFile { dataset: source.id.to_owned(), file: name.to_owned() })
    }
}

impl DataSource {
    /// The default of every knob.
    pub fn default_knobs(&self) -> Vec<f64> {
        self.knobs.iter().map(|knob| knob.default).collect()
    }

    /// Holds values of the knobs against each other and against the number of tasks.
    ///
    /// # Errors
    /// What the entry's limit says.
    pub fn check_limit(&self, knobs: &[f64], n_tasks: usize) -> Result<(), DataError> {
        self.limit.map_or(Ok(()), |limit| limit(self, knobs, n_tasks))
    }

    /// Builds the data set.
    ///
    /// A function of the request alone: the same bits natively and in wasm.
    ///
    /// # Errors
    /// A knob out of range or at odds with the tasks, a task that does not exist or is chosen twice, no task, no
    /// rows, an impossible share of wrong labels, or a file that is missing or does not fit.
    pub fn build(&self, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
        let dataset = || self.id.to_owned();
        let defaults = self.default_knobs();
        let knobs = if request.knobs.is_empty() { &defaults[..] } else { request.knobs };
        if knobs.len() != self.knobs.len() {
            return Err(DataError::KnobCount { dataset: dataset(), expected: self.knobs.len(), found: knobs.len() });
        }
        for (knob, &value) in self.knobs.iter().zip(knobs) {
            if !knob.allows(value) {
                return Err(DataError::Knob {
                    dataset: dataset(),
                    knob: knob.name.to_owned(),
                    value,
                    allowed: format!("to {}", knob.range()),
                });
            }
        }
        if request.tasks.is_empty() {
            return Err(DataError::NoTasks { dataset: dataset() });
        }
        for (i, &task) in request.tasks.iter().enumerate() {
            if task >= self.tasks.len() {
                return Err(DataError::UnknownTask { dataset: dataset(), task, count: self.tasks.len() });
            }
            if request.tasks[..i].contains(&task) {
                return Err(DataError::RepeatedTask { dataset: dataset(), task });
            }
        }
        self.check_limit(knobs, request.tasks.len())?;
        if !LABEL_NOISE.contains(&request.label_noise) {
            return Err(DataError::LabelNoise { share: request.label_noise });
        }
        if request.max_rows == Some(0) {
            return Err(DataError::NoRows { dataset: dataset() });
        }
        let mut built = (self.make)(self, &BuildRequest { knobs, ..*request })?;
        label_noise::spoil(&mut built, request);
        if let Some(rows) = request.max_rows {
            let n_inputs = built.n_inputs;
            for split in [&mut built.train, &mut built.validation, &mut built.test] {
                split.truncate(rows, n_inputs);
            }
        }
        Ok(built)
    }
}

/// The kind of a task, which decides its head, its loss and its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Softmax cross-entropy over `classes` outputs; accuracy.
    Multiclass { classes: usize },
    /// Binary cross-entropy on one logit; accuracy, unless the task says otherwise.
    Binary,
    /// Mean squared error on one standardized output; R².
    Regression,
}

impl TaskKind {
    /// Outputs of the task's head.
    pub fn n_outputs(self) -> usize {
        match self {
            Self::Multiclass { classes } => classes,
            Self::Binary | Self::Regression => 1,
        }
    }

    /// What is reported on held-out rows of a task that says nothing else.
    pub fn metric(self) -> Metric {
        match self {
            Self::Multiclass { .. } | Self::Binary => Metric::Accuracy,
            Self::Regression => Metric::R2,
        }
    }
}

/// The measure of success on held-out rows; higher is better for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Share of rows answered rightly, in [0, 1].
    Accuracy,
    /// Mean of that share among the yes rows and among the no rows, in [0, 1].
    BalancedAccuracy,
    /// Chance that a yes row scores higher than a no row, in [0, 1]: says something even where yes is rare.
    Auc,
    /// 1 − residual / total sum of squares, in (−∞, 1].
    R2,
}

impl Metric {
    /// What outlines, plots and tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::Auc => "AUC",
            Self::R2 => "R²",
        }
    }
}

/// A task of a built data set.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskInfo {
    /// Short name of letters, digits, `-`, `_` and `.`.
    pub id: String,
    pub name: String,
    pub kind: TaskKind,
    /// What held-out rows are judged by: R² of a regression, one of the others for classes, and for a multiclass
    /// task accuracy.
    pub metric: Metric,
    /// Names of the classes: `classes` for a multiclass task, two (no, yes) for
    /// a binary one, none for a regression.
    pub class_names: Vec<String>,
    /// How a regression's standardized target was made; `None` for classes.
    pub scale: Option<TargetScale>,
    /// Unit of the unstandardized target, where it has one.
    pub unit: Option<String>,
    /// Input features that were dropped because they contain the answer.
    pub excludes: Vec<String>,
}

/// Takes a standardized target back to its own units: value = mean + std · z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetScale {
    pub mean: f64,
    pub std: f64,
}

impl TargetScale {
    /// Mean and population standard deviation; deviation 1 where all values are the same.
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
        Self { mean, std: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
    }

    fn standardized(self, values: &[f64]) -> Targets {
        Targets::Value(values.iter().map(|v| ((v - self.mean) / self.std) as f32).collect())
    }
}

/// The targets of one task, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Class indices of a multiclass task.
    Class(Vec<u32>),
    /// 0 or 1 of a binary task, or the standardized value of a regression.
    Value(Vec<f32>),
}

impl Targets {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Class(labels) => labels.len(),
            Self::Value(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Class(labels) => labels.truncate(rows),
            Self::Value(values) => values.truncate(rows),
        }
    }
}

/// Rows with their targets.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Split {
    pub rows: usize,
    /// (rows, n_inputs) row-major.
    pub x: Vec<f32>,
    /// One a task, in the order of [`Dataset::tasks`].
    pub targets: Vec<Targets>,
}

impl Split {
    /// The first `rows` rows, or all.
    pub fn first(&self, rows: usize, n_inputs: usize) -> Self {
        let mut first = self.clone();
        first.truncate(rows, n_inputs);
        first
    }

    fn truncate(&mut self, rows: usize, n_inputs: usize) {
        self.rows = self.rows.min(rows);
        self.x.truncate(self.rows * n_inputs);
        for targets in &mut self.targets {
            targets.truncate(self.rows);
        }
    }
}

/// What a row looks like, for pictures of predictions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputShape {
    /// Points of a plane; both coordinates are within ±`range`.
    Plane { range: f32 },
    /// A gray image, row-major from the top left, 0 black to 1 white.
    Image { width: usize, height: usize },
    /// Columns without a picture.
    Tabular,
}

/// A data set, ready to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Id of its [`DataSource`].
    pub name: String,
    pub title: String,
    /// Numbers in a row of `x`.
    pub n_inputs: usize,
    pub shape: InputShape,
    pub tasks: Vec<TaskInfo>,
    pub train: Split,
    pub validation: Split,
    pub test: Split,
    /// Where the data comes from; `None` for a generator.
    pub attribution: Option<Attribution>,
}

/// Whose data it is and under which license, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    pub title: String,
    /// SPDX license identifier.
    pub spdx: String,
    pub license_url: String,
    /// What the license or its owner asks to be said.
    pub note: String,
    pub citations: Vec<String>,
    /// Package, version and registry that it was converted from.
    pub source: String,
}

impl Attribution {
    fn of(file: &MtldFile) -> Self {
        let header = &file.header;
        let source = &header.source;
        let mut from = source.package.clone();
        for part in [&source.version, &source.registry] {
            if !part.is_empty() {
                from.push(' ');
                from.push_str(part);
            }
        }
        Self {
            title: header.title.clone(),
            spdx: header.license.spdx.clone(),
            license_url: header.license.url.clone(),
            note: header.license.note.clone(),
            citations: header.citation.clone(),
            source: from,
        }
    }
}

/// The train, validation and test splits, in this order and under this number
/// in [`crate::rng::StreamId::Data`].
const SPLITS: [u32; 3] = [0, 1, 2];

/// Distance of the splits in [`StreamId::Noise`]: no set has more tasks.
const NOISE_SPLIT: u32 = 16;

/// A generated set of regressions: `function` gives task t's values at all rows of (rows, n_inputs) points.
fn regressions(
    source: &DataSource,
    request: &BuildRequest<'_>,
    inputs: (usize, InputShape),
    points: [Vec<f32>; 3],
    function: impl Fn(usize, &[f32]) -> Vec<f64>,
) -> Dataset {
    noisy_regressions(source, request, inputs, points, 0.0, function)
}

/// The same with normal noise of deviation `noise` on the values of every row, held-out ones too: it belongs to what
/// the task asks for.
///
/// All splits use the mean and deviation of the training rows: a network cannot know those of rows that it has not
/// seen.
fn noisy_regressions(
    source: &DataSource,
    request: &BuildRequest<'_>,
    (n_inputs, shape): (usize, InputShape),
    points: [Vec<f32>; 3],
    noise: f64,
    function: impl Fn(usize, &[f32]) -> Vec<f64>,
) -> Dataset {
    let mut splits = points.map(|x| Split { rows: x.len() / n_inputs, x, targets: Vec::new() });
    let mut tasks = Vec::new();
    for &task in request.tasks {
        let entry = source.tasks[task];
        let mut raw = splits.each_ref().map(|split| function(task, &split.x));
        if noise > 0.0 {
            for (values, split) in raw.iter_mut().zip(SPLITS) {
                let stream = Stream::new(request.seed, StreamId::Noise, NOISE_SPLIT * split + task as u32);
                for (row, value) in values.iter_mut().enumerate() {
                    *value += noise * stream.normal(row as u64);
                }
            }
        }
        let scale = TargetScale::of(&raw[0]);
        for (split, values) in splits.iter_mut().zip(&raw) {
            split.targets.push(scale.standardized(values));
        }
        tasks.push(TaskInfo {
            id: entry.id.to_owned(),
            name: entry.label.to_owned(),
            kind: entry.kind,
            metric: entry.kind.metric(),
            class_names: Vec::new(),
            scale: Some(scale),
            unit: None,
            excludes: Vec::new(),
        });
    }
    let [train, validation, test] = splits;
    Dataset {
        name: source.id.to_owned(),
        title: source.title.to_owned(),
        n_inputs,
        shape,
        tasks,
        train,
        validation,
        test,
        attribution: None,
    }
}

/// Cuts the training rows of a file into training and validation rows: the last
/// tenth validates.
fn without_last_tenth(train: (usize, usize)) -> [(usize, usize); 2] {
    let (from, to) = train;
    let cut = to - (to - from) / 10;
    [(from, cut), (cut, to)]
}
