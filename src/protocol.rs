//! What page and worker say to each other, and the bytes it travels as.
//!
//! Postcard bytes in one transferable buffer: compact, and the same code packs and unpacks natively,
//! so that sessions are tested as scripts. `RunId` drops events of an earlier start; one `Frame` is in
//! flight until the page answers `FrameDrawn`.

mod crew;
mod front;
mod map;

pub use crew::*;
pub use front::*;
pub use map::*;

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Counts starts; events of an older start are dropped by the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct RunId(pub u32);

/// Page → worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Train the experiment of this link from step 0. The link was validated by the page; it is parsed again.
    Start {
        id: RunId,
        link: String,
    },
    /// Bytes of a data file that [`Event::NeedFile`] asked for, or why there are none.
    File {
        name: String,
        bytes: Result<Vec<u8>, String>,
    },
    /// Train no further seeds; those that are complete stay.
    StopSeeds {
        id: RunId,
    },
    /// Go on computing, or stop after the current slice.
    Resume,
    Pause,
    /// The last frame is on the screen; the next may come.
    FrameDrawn,
    /// Predictions of every run at the checkpoint nearest to and not after `step`.
    Predict {
        id: RunId,
        step: u32,
    },
    /// How the tasks pull at the layers, units and rows of one run, at its checkpoint nearest to and not after `step`.
    Probe {
        id: RunId,
        step: u32,
        run: u32,
        rows: ProbedRows,
    },
    /// How sharp each run's losses are along its checkpoints, on its first training rows; takes the place of what was
    /// asked before.
    Sharpness {
        id: RunId,
        asked: AskedSharpness,
    },
    /// Probe the adapters again and choose anew.
    ProbeBackend,
    /// Answered with [`Event::Pong`]: a worker that was ended gives no sign of its own.
    Ping,
    /// Drops the device as if the driver had been lost; for tests of the ladder.
    LoseDevice,
    /// Lay a plane through stored checkpoints, then tell their true losses.
    Plan {
        id: RunId,
        request: PlanRequest,
    },
    /// Build data and network, or the problem, of this link, to survey planes of it; nothing is trained.
    Prepare {
        id: RunId,
        link: String,
    },
    /// Evaluate losses over a plane of what was last prepared.
    Survey {
        id: RunId,
        order: SurveyOrder,
    },
    /// Survey no further, and train from no other start; the next order may come at once.
    StopSurvey {
        id: RunId,
    },
    /// Train the runs of what was last prepared from every other start of its problem, for an exact map.
    Wander {
        id: RunId,
        /// Comes back with every portion.
        number: u32,
    },
    /// Look at every manifold at this preference (K) from now on: evaluations, predictions, probes and maps. Nothing is
    /// trained anew; runs that train a single point go on as they began.
    Prefer {
        id: RunId,
        preference: Vec<f64>,
    },
    /// Losses and metrics along every manifold.
    Sweep {
        id: RunId,
        asked: AskedSweep,
    },
    /// What every run's method, built afresh, makes of these gradients (K, K) in K coordinates. `losses` (K) are
    /// unscaled; empty, every scaled loss counts as 1. Learning rate and draws are those of `step`.
    Aggregate {
        id: RunId,
        gradients: Vec<f64>,
        losses: Vec<f64>,
        step: u32,
    },
    /// Build data and network, or the problem, of this link, to train single networks of it for another worker.
    Enlist {
        id: RunId,
        link: String,
    },
    /// Train this network to its end, behind those that were asked for before; of what was last enlisted for.
    Train {
        id: RunId,
        network: Network,
    },
}

/// Worker → page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The worker hears commands from now on.
    Ready {
        version: String,
    },
    /// The answer to [`Command::Ping`].
    Pong,
    /// The worker should fetch this file (relative to the site) and hand it back as [`Command::File`].
    /// Never leaves the worker: its glue answers it and reports [`Event::Loading`].
    NeedFile {
        name: String,
    },
    Loading {
        name: String,
        received: u64,
        total: Option<u64>,
    },
    Backend(BackendReport),
    Started {
        id: RunId,
        outline: Outline,
    },
    Frame {
        id: RunId,
        frame: Frame,
    },
    Predictions {
        id: RunId,
        step: u32,
        runs: Vec<RunPredictions>,
    },
    /// How far the further seeds are, a few times a second.
    Seeds {
        id: RunId,
        progress: SeedProgress,
    },
    /// The answer to [`Command::Aggregate`], one entry a run.
    Aggregated {
        id: RunId,
        gradients: Vec<f64>,
        answers: Vec<Aggregation>,
    },
    /// The answer to [`Command::Probe`], or why there is none, in a sentence.
    Probed {
        id: RunId,
        probed: Result<Probed, String>,
    },
    /// The answer to [`Command::Plan`], or why there is no such plane, in a sentence.
    Planned {
        id: RunId,
        number: u32,
        plan: Result<MapPlan, String>,
    },
    /// More true losses of a plan's checkpoints.
    Truth {
        id: RunId,
        truth: MapTruth,
    },
    /// The answer to [`Command::Prepare`].
    Prepared {
        id: RunId,
        prepared: Result<Prepared, String>,
    },
    /// More of what [`Command::Survey`] asked for, or why it cannot be had.
    Surveyed {
        id: RunId,
        number: u32,
        portion: Result<SurveyPortion, String>,
    },
    /// More of what [`Command::Wander`] asked for, or why it cannot be had, in a sentence.
    Wandered {
        id: RunId,
        number: u32,
        portion: Result<Wandered, String>,
    },
    /// A part of the answer to [`Command::Sharpness`], one run at one checkpoint; or why there is none, in a sentence.
    Sharpness {
        id: RunId,
        reading: Result<SharpnessReading, String>,
    },
    /// A part of the answer to [`Command::Sweep`], of one run; or why there is none, in a sentence.
    Swept {
        id: RunId,
        portion: Result<SweepPortion, String>,
    },
    /// All runs (and the single-task references) of the first seed reached their last step or diverged.
    Done {
        id: RunId,
        seconds: f64,
    },
    /// What went wrong, what still holds, and what to do, in sentences.
    Failed {
        id: Option<RunId>,
        code: FailureCode,
        message: String,
    },
    /// The answer to [`Command::Train`].
    Trained {
        id: RunId,
        network: Network,
        curves: SeedCurves,
    },
    /// How far the network under way is, a few times a second.
    Progress {
        id: RunId,
        progress: HandProgress,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureCode {
    Link,
    Data,
    Device,
    Panic,
}

/// Which backend trains, and the rungs of the ladder that led there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackendReport {
    pub kind: BackendKind,
    /// Adapter name for the GPU; empty for the CPU.
    pub adapter: String,
    /// One sentence: `Running on your CPU. This browser offers no WebGPU adapter. …`
    pub statement: String,
    pub rungs: Vec<Rung>,
    /// Whether last bits of what it trains are this machine's own.
    pub approximate: bool,
    pub steps_per_second: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BackendKind {
    #[default]
    Cpu,
    Gpu,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    pub name: String,
    pub passed: bool,
    pub detail: String,
}

impl Rung {
    pub fn new(name: &str, passed: bool, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed, detail: detail.into() }
    }
}

/// What the page must know about a started experiment to draw it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Outline {
    pub n_tasks: usize,
    pub n_shared: usize,
    pub n_parameters: usize,
    pub steps: u32,
    /// Rows of the training split and rows per batch.
    pub train_rows: usize,
    /// Training rows that are evaluated; 0 for an analytic problem.
    pub train_sample: usize,
    pub batch_rows: usize,
    pub tasks: Vec<TaskOutline>,
    /// Exactly the runs of the configuration, in order.
    pub runs: Vec<RunOutline>,
    /// How many seeds are trained, the first among them; 0 is read as 1.
    pub seeds: u32,
    /// Losses of further seeds are told at multiples of this step (and at the end).
    pub seed_every: u32,
    /// Evaluation on the test split happens at multiples of this step (and at the end).
    pub evaluate_every: u32,
    /// The Gramian is recorded at multiples of this step.
    pub gramian_every: u32,
    /// Runs look around after their step at multiples of this one, see [`Record::around`].
    pub look_every: u32,
    /// (K) factor on each task's loss.
    pub loss_scales: Vec<f64>,
    pub attribution: Vec<AttributionOutline>,
    pub input: InputOutline,
    /// The true Pareto front in unscaled losses (K), one list a curve; empty where nobody knows it.
    pub front: Vec<Vec<Vec<f64>>>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TaskOutline {
    pub id: String,
    pub name: String,
    /// `accuracy`, `balanced accuracy` or `AUC` (0..1), or `R²`; empty for an analytic loss, which has no test set.
    pub metric: String,
    /// Class names for classification, else empty.
    pub classes: Vec<String>,
}

impl TaskOutline {
    /// Whether the metric is a share of right answers, told in percent.
    pub fn is_share(&self) -> bool {
        matches!(self.metric.as_str(), "accuracy" | "balanced accuracy")
    }

    /// Whether the metric judges answers to a question, in [0, 1].
    pub fn is_question(&self) -> bool {
        self.is_share() || self.metric == "AUC"
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunOutline {
    /// `m-<method>` or, when a method stands twice, `m-<method>-2`; `m-<learner>-<method>` for a front.
    pub id: String,
    pub method: String,
    pub label: String,
    pub seed: u32,
    /// Backward passes through the trunk in one step.
    pub backward_passes: usize,
    /// Networks of its front; 0 where it trains a single point. Losses of a step are those of the last preference that
    /// the step drew, so they jump, or those of one member of a population.
    pub members: usize,
    /// Whether every preference has a point of the front, by mixtures or by a chart, and not members alone.
    pub mixes: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AttributionOutline {
    pub title: String,
    pub license: String,
    pub license_url: String,
    pub note: String,
    pub citation: Vec<String>,
    pub source: String,
}

/// How inputs can be pictured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum InputOutline {
    /// Two inputs in `[low, high]`: predictions are maps.
    Plane { low: f32, high: f32 },
    /// Grey images, row-major, 0..1.
    Image { width: usize, height: usize },
    #[default]
    Tabular,
    /// No inputs: the losses are functions of the parameters. The box they are pictured in.
    Parameters { low: f64, high: f64 },
}

/// News since the last frame.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Frame {
    /// One entry a run, in the order of the outline.
    pub runs: Vec<RunNews>,
    /// Single-task reference runs, one a task: (steps, unscaled losses, metrics at evaluation steps).
    pub references: Vec<ReferenceNews>,
    /// Further seeds that are complete.
    pub seeds: Vec<SeedRecord>,
    /// Whether the first seed is complete.
    pub finished: bool,
    /// Of all runs.
    pub checkpoints: Stored,
}

/// Checkpoints and the memory they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stored {
    pub count: u32,
    pub bytes: u64,
    /// Never more than these.
    pub most_bytes: u64,
}

/// A further seed, trained to its end: what medians and bands need.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SeedRecord {
    pub seed: u32,
    /// One entry a run, in the order of the outline.
    pub runs: Vec<SeedCurves>,
    /// Single-task references, one a task; their lists hold one number each.
    pub references: Vec<SeedCurves>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SeedCurves {
    /// (step, (K) unscaled losses), at the multiples that the outline names and at the end.
    pub losses: Vec<(u32, Vec<f64>)>,
    /// (step, (K) test metrics) at evaluation steps; empty without a test split.
    pub metrics: Vec<(u32, Vec<f64>)>,
    pub diverged: Option<Divergence>,
    /// The front at the last step, or the only point, where some run of the experiment learns a front; empty where this
    /// one diverged.
    pub front: Vec<FrontPoint>,
}

/// How far an experiment of several seeds is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SeedProgress {
    /// Complete seeds, the first among them.
    pub trained: u32,
    pub of: u32,
    /// Estimated from the steps done so far; `None` before there are any.
    pub seconds_left: Option<f64>,
    /// Whether the reader stopped the rest.
    pub stopped: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunNews {
    pub records: Vec<Record>,
    pub evaluations: Vec<Evaluation>,
    pub diverged: Option<Divergence>,
    /// GPU dispatches so far; 0 on the CPU.
    pub dispatches: u64,
    /// Time that its steps took so far, on this machine.
    pub computing_millis: f64,
}

/// One step of one run, before its update.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    pub step: u32,
    /// (K) unscaled losses of the batch.
    pub losses: Vec<f64>,
    /// (K) weights the method gave; empty for rows methods.
    pub weights: Vec<f64>,
    /// What the Gramian tells at this step; `None` where it was not computed.
    pub pull: Option<Pull>,
    /// Whether the method's inner problem did not settle.
    pub unsettled: bool,
    /// (K) bit j of entry i says that the method moved task i's gradient because of task j's; empty for methods that
    /// move no gradient by another.
    pub moved_by: Vec<u16>,
    /// For each run of the experiment the weights (K) that its method gives for *this* run's Gramian
    /// (a loss weighting: its own weights of this step); empty where there are none.
    pub compared: Vec<Vec<f64>>,
    /// What a look around after the step found; at multiples of `Outline::look_every` alone.
    pub around: Option<Around>,
}

/// The same batch after the step, and how the losses bend there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Around {
    /// (K) unscaled losses of the step's own batch after it.
    pub losses_after: Vec<f64>,
    /// (K) ΔθᵀHᵢΔθ / ‖Δθ‖² of the scaled losses behind the step, Δθ in the shared parameters; empty where the step had
    /// no length or ended at a wall.
    pub curvatures: Vec<f64>,
}

/// How the tasks pull at one step. Task gradients include the loss scale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pull {
    /// (K, K) Gramian of the scaled task gradients of the shared parameters.
    pub gramian: Vec<f64>,
    /// (K) gᵢ · d, d before the optimizer.
    pub along_direction: Vec<f64>,
    /// ‖d‖.
    pub direction_length: f64,
    /// (K) gᵢ · Δθ of the step the optimizer took on the shared parameters: negative helps task i.
    /// Empty at the last record, after which no step was taken.
    pub along_step: Vec<f64>,
    /// ‖Δθ‖ of the shared parameters.
    pub step_length: f64,
}

/// Metrics after `step` updates, on the test split and beside it on rows that were held out or learned from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    pub step: u32,
    /// (K) test metrics, as the outline names them.
    pub metrics: Vec<f64>,
    /// (K) unscaled losses on the test split.
    pub losses: Vec<f64>,
    /// (K) metrics on the validation split; empty without one.
    pub validation: Vec<f64>,
    /// (K) unscaled losses there.
    pub validation_losses: Vec<f64>,
    /// (K) metrics on the first training rows, at most as many as `Outline::train_sample`.
    pub train: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Divergence {
    /// The first step whose numbers were not all finite.
    pub step: u32,
    pub cause: String,
}

impl Divergence {
    /// The last step whose numbers were all finite, if there was one.
    pub fn last_finite_step(&self) -> Option<u32> {
        self.step.checked_sub(1)
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReferenceNews {
    pub task: usize,
    /// (step, unscaled loss of the batch).
    pub losses: Vec<(u32, f64)>,
    /// (step, test loss).
    pub test_losses: Vec<(u32, f64)>,
    /// (step, test metric).
    pub metrics: Vec<(u32, f64)>,
}

/// What one run's method makes of given gradients.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Aggregation {
    /// (K); empty for a method that works on coordinates, and without an answer.
    pub weights: Vec<f64>,
    /// d in the coordinates of the gradients; empty without an answer.
    pub direction: Vec<f64>,
    /// Why there is no answer, in a sentence; else empty.
    pub refusal: String,
}

/// Outputs of one run at one checkpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunPredictions {
    /// The checkpoint's step (≤ the asked one).
    pub step: u32,
    pub body: PredictionBody,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PredictionBody {
    /// For plane inputs: per task `side`² values, row 0 at the top (x₂ = high), scaled as the targets;
    /// probability of class 1 for binary tasks. `targets` is the same for the true function.
    Maps { side: usize, outputs: Vec<Vec<f32>>, targets: Vec<Vec<f32>> },
    /// For images and tables: the first rows of the test split. Empty for an analytic problem.
    Samples(Vec<Sample>),
}

impl Default for PredictionBody {
    fn default() -> Self {
        Self::Samples(Vec::new())
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Image pixels 0..1 (empty for tables).
    pub pixels: Vec<f32>,
    /// One entry a task.
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Class index, or value for regression.
    pub truth: f32,
    pub predicted: f32,
    /// Probability of the predicted class; 1 for regression.
    pub confidence: f32,
}

/// Training rows of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbedRows {
    /// Those of the step's batch; `None` for the batch of the checkpoint's own step.
    Batch(Option<u32>),
    /// These.
    Chosen(Vec<u32>),
}

/// Rows that are named one by one at most.
const MOST_CHOSEN: usize = 512;

impl FromStr for ProbedRows {
    type Err = String;

    /// Rows of the training split by number: `3, 17, 20-23`; nothing is the batch of the shown step.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| {
            format!(
                "“{}” is no row. Rows are numbers and ranges: 3, 17, 20-23.",
                part.chars().take(20).collect::<String>()
            )
        };
        let mut rows = Vec::new();
        for part in text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u32, u32) =
                first.trim().parse().ok().zip(last.trim().parse().ok()).ok_or_else(|| wrong(part))?;
            if first > last {
                return Err(wrong(part));
            }
            if rows.len() as u64 + u64::from(last - first) + 1 > MOST_CHOSEN as u64 {
                return Err(format!("At most {MOST_CHOSEN} rows can be chosen."));
            }
            rows.extend(first..=last);
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(if rows.is_empty() { Self::default() } else { Self::Chosen(rows) })
    }
}

impl Default for ProbedRows {
    fn default() -> Self {
        Self::Batch(None)
    }
}

/// How the tasks pull inside one run's network. Task gradients include the loss scale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Probed {
    pub run: u32,
    /// The checkpoint's step (≤ the asked one).
    pub step: u32,
    pub rows: ProbedRows,
    /// Rows that layers and units are the mean of: the first of `of`, as many as a probe may cost.
    pub counted: u32,
    pub of: u32,
    /// Shared layers, first to last.
    pub layers: Vec<LayerPull>,
    /// The first of the rows, each alone.
    pub examples: Vec<ExamplePull>,
}

/// One shared layer, weight and bias.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LayerPull {
    pub inputs: u32,
    /// Its units.
    pub width: u32,
    /// (K, K) Gramian of the task gradients with respect to this layer.
    pub gramian: Vec<f64>,
    /// (K, K) of each of the first units: its column of the weight and its bias.
    pub units: Vec<Vec<f64>>,
}

/// One training row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ExamplePull {
    /// Its place in the training split.
    pub row: u32,
    /// (K) its unscaled losses.
    pub losses: Vec<f64>,
    /// (K, K) Gramian of its own task gradients with respect to all shared parameters.
    pub gramian: Vec<f64>,
    /// Its inputs where they are a point of the plane.
    pub place: Option<[f32; 2]>,
    /// What the network answers, and the pixels of an image.
    pub sample: Sample,
}

/// What a reading of sharpness is to look at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AskedSharpness {
    /// ρ of the way uphill, in parameters.
    pub rho: f64,
    /// Most training rows, 1 to 512.
    pub rows: u32,
    /// Checkpoints along a run, 2 to 21, first and last among them.
    pub checkpoints: u32,
}

impl Default for AskedSharpness {
    fn default() -> Self {
        Self { rho: 0.05, rows: 512, checkpoints: 21 }
    }
}

/// How sharp the losses of one run are at one of its checkpoints.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SharpnessReading {
    pub run: u32,
    pub step: u32,
    /// ρ of [`TaskSharpness::rise`].
    pub rho: f64,
    /// Training rows that were looked at, the first ones; 0 for an analytic problem.
    pub rows: u32,
    pub tasks: Vec<TaskSharpness>,
    /// How many readings there are with this one, and how many there will be if no run diverges.
    pub done: u32,
    pub of: u32,
}

/// Sharpness of one task, of its unscaled loss over shared parameters and own head.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TaskSharpness {
    /// On the rows that were looked at.
    pub loss: f64,
    /// λ_max of the Hessian; where it did not settle, a number that λ_max is not below.
    pub curvature: f64,
    /// ‖Hv − curvature·v‖ for the unit vector v that it was found with: an eigenvalue is no further away.
    pub residual: f64,
    /// Whether the residual came below 1 % of the curvature.
    pub settled: bool,
    /// Products of H with a vector that it took.
    pub products: u32,
    /// L(θ + ρ g/‖g‖) − L(θ).
    pub rise: f64,
}

/// Bytes that are no message of this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbled(pub String);

macro_rules! bytes {
    ($message:ty) => {
        impl $message {
            /// The message as it travels.
            pub fn to_bytes(&self) -> Vec<u8> {
                postcard::to_stdvec(self).expect("messages hold nothing that postcard refuses")
            }

            /// The message these bytes hold.
            ///
            /// # Errors
            /// [`Garbled`] when they are not exactly one message.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, Garbled> {
                match postcard::take_from_bytes(bytes) {
                    Ok((message, [])) => Ok(message),
                    Ok((_, rest)) => Err(Garbled(format!("{} bytes too many", rest.len()))),
                    Err(error) => Err(Garbled(error.to_string())),
                }
            }
        }
    };
}

bytes!(Command);
bytes!(Event);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbers_and_ranges() {
        let rows = |text: &str| text.parse::<ProbedRows>();
        assert_eq!(rows("3, 17,20-22 3"), Ok(ProbedRows::Chosen(vec![3, 17, 20, 21, 22])));
        assert_eq!(rows("  , "), Ok(ProbedRows::Batch(None)));
        for wrong in ["x", "-", "4-", "-4", "5-3", "1.5", "99999999999"] {
            let sentence = rows(wrong).expect_err(wrong);
            assert!(sentence.contains("no row") && sentence.contains(wrong), "{sentence}");
        }
        assert!(rows("0-4294967295").expect_err("too many").contains("512"));
        assert!(rows("0-511").is_ok() && rows("0-512").is_err());
    }
}
