//! `paretoscope run`: the page's experiment without the page, by the same session.

use super::seeds;
use crate::config::{BackendChoice, Edit, ExperimentConfig, link};
use crate::data::DataError;
use crate::protocol::{BackendKind, BackendReport, Command, Event, FailureCode, RunId};
use crate::session::Session;
use crate::train::History;
use serde_json::{Value, json};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// What the flags of `run` say beyond the link.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunOptions {
    /// Steps instead of the link's.
    pub steps: Option<u32>,
    /// How many seeds, from the link's on; 0 is as many as the link says.
    pub seeds: u32,
    /// Seeds trained at once; 0 is as many as suit the machine.
    pub threads: u32,
    pub backend: Option<BackendChoice>,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq)]
pub enum RunError {
    /// The link or a flag is wrong.
    Input(String),
    /// The experiment could not start or go on.
    Failed(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(sentence) | Self::Failed(sentence)) = self;
        f.write_str(sentence)
    }
}

impl std::error::Error for RunError {}

/// One seed's histories, with what trained them.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedResult {
    pub config: ExperimentConfig,
    pub history: History,
    pub backend: BackendReport,
}

/// What happens meanwhile.
pub trait Watch {
    /// Called now and then; `false` stops the run and keeps what there is.
    fn goes_on(&mut self, seed_idx: u32, step: u32, steps: u32) -> bool;
    /// Called after every portion of a map; `false` keeps what there is.
    fn surveyed(&mut self, _done: u32, _of: u32) -> bool {
        true
    }
}

/// Reads a link, or the text of a configuration file (JSON).
///
/// # Errors
/// [`RunError::Input`] with every complaint.
pub fn read(text: &str, options: &RunOptions) -> Result<ExperimentConfig, RunError> {
    let parsed = link::read(text.trim()).map_err(|rejected| {
        let sentences: Vec<&str> = rejected.complaints.iter().map(|c| c.sentence.as_str()).collect();
        RunError::Input(format!("{} {}", rejected.cause.headline(), sentences.join(" ")))
    })?;
    let mut config = parsed.config;
    if let Some(steps) = options.steps {
        if !crate::config::STEPS.contains(&steps) {
            let (low, high) = (crate::config::STEPS.start(), crate::config::STEPS.end());
            return Err(RunError::Input(format!("--steps {steps} is out of range. Give {low} to {high}.")));
        }
        config = config.apply(&Edit::Steps(steps)).map_err(|complaint| RunError::Input(complaint.sentence))?;
    }
    if let Some(backend) = options.backend {
        config.backend = backend;
    }
    Ok(config)
}

/// Reads a data file by name.
pub type ReadFile<'a> = dyn Fn(&str) -> io::Result<Vec<u8>> + Sync + 'a;

/// Milliseconds since some fixed moment, for any thread.
pub type SharedClock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Trains every seed to its end, several at once; those that `watch` ended come as far as they got.
///
/// # Errors
/// [`RunError::Failed`] with the session's sentence.
pub fn run(
    config: &ExperimentConfig,
    options: &RunOptions,
    read_file: &ReadFile<'_>,
    clock: &SharedClock,
    watch: &mut dyn Watch,
) -> Result<Vec<SeedResult>, RunError> {
    let seeds = if options.seeds > 0 { options.seeds } else { config.training.seeds };
    let threads = if options.threads > 0 { options.threads } else { seeds::threads(config) };
    seeds::each(seeds, threads, watch, &|seed_idx, watch| {
        let mut config = config.clone();
        // Every seed is told in full, so each is an experiment of its own.
        config.training.seeds = 1;
        config.training.seed = config.training.seed_at(seed_idx);
        let clock = clock.clone();
        let clock = Rc::new(move || clock());
        pollster::block_on(one_seed(config, seed_idx, &|name| read_file(name), clock, watch))
            .map(|trained| trained.result)
    })
}

/// A seed that was trained, with the session that can still be asked about it.
pub(super) struct TrainedSeed {
    pub session: Session,
    pub id: RunId,
    pub result: SeedResult,
    /// Whether it reached its end.
    pub complete: bool,
}

/// Trains one experiment of one seed.
pub(super) async fn one_seed(
    config: ExperimentConfig,
    seed_idx: u32,
    read_file: &dyn Fn(&str) -> io::Result<Vec<u8>>,
    clock: crate::session::Clock,
    watch: &mut dyn Watch,
) -> Result<TrainedSeed, RunError> {
    let mut session = Session::new(clock);
    let id = RunId(1);
    session.handle(Command::Start { id, link: link::write(&config) }).await;
    let mut history = History::default();
    let mut backend = None;
    let mut complete = false;
    let mut stopped = false;
    let mut lost = None;
    while !complete && !stopped {
        let mut replies = Vec::new();
        for event in session.drain() {
            match event {
                Event::NeedFile { name } => {
                    let bytes = read_file(&name).map_err(|error| error.to_string());
                    replies.push(Command::File { name, bytes });
                }
                Event::Backend(report) => {
                    if config.backend == BackendChoice::Gpu && report.kind == BackendKind::Cpu {
                        return Err(RunError::Failed(report.statement));
                    }
                    backend = Some(report);
                }
                Event::Started { outline, .. } => {
                    lost = None;
                    history = History::new(outline);
                }
                Event::Frame { frame, .. } => {
                    history.extend(frame);
                    replies.push(Command::FrameDrawn);
                }
                Event::Done { .. } => complete = true,
                // The session starts again by itself after a lost device; it says so with `Started`.
                Event::Failed { code: FailureCode::Device, message, .. } => lost = Some(message),
                Event::Failed { code: FailureCode::Link, message, .. } => return Err(RunError::Input(message)),
                Event::Failed { message, .. } => return Err(RunError::Failed(message)),
                Event::Ready { .. }
                | Event::Pong
                | Event::Loading { .. }
                | Event::Predictions { .. }
                | Event::Seeds { .. }
                | Event::Aggregated { .. }
                | Event::Planned { .. }
                | Event::Truth { .. }
                | Event::Prepared { .. }
                | Event::Surveyed { .. }
                | Event::Wandered { .. }
                | Event::Swept { .. }
                | Event::Probed { .. }
                | Event::Trained { .. }
                | Event::Progress { .. }
                | Event::Sharpness { .. } => {}
            }
        }
        if let Some(message) = lost.take() {
            return Err(RunError::Failed(message));
        }
        for reply in replies {
            session.handle(reply).await;
        }
        for _ in 0..64 {
            if !session.wants_to_advance() {
                break;
            }
            session.advance().await;
        }
        session.send_frame();
        stopped = !watch.goes_on(seed_idx, history.head(), history.outline.steps);
    }
    let backend = backend.ok_or_else(|| RunError::Failed("No backend was chosen.".into()))?;
    Ok(TrainedSeed { session, id, result: SeedResult { config, history, backend }, complete })
}

/// The JSON of DESIGN: `{"config","backend","runs":[{"id","method","seed","records","test"}]}`.
pub fn to_json(results: &[SeedResult]) -> Value {
    let runs = results.iter().flat_map(|result| {
        result.history.runs.iter().zip(&result.history.outline.runs).map(|(run, outline)| {
            let k = result.history.outline.n_tasks;
            let records = run.records.iter().map(|record| {
                let cosines: Option<Vec<Vec<Option<f64>>>> = record
                    .pull
                    .as_ref()
                    .map(|_| (0..k).map(|i| (0..k).map(|j| record.cosine(i, j)).collect()).collect());
                json!({
                    "step": record.step,
                    "losses": record.losses,
                    "weights": if record.weights.is_empty() { Value::Null } else { json!(record.weights) },
                    "cosines": cosines,
                })
            });
            let test = run.evaluations.last().map(|evaluation| {
                let tasks = result.history.outline.tasks.iter().enumerate().map(|(k, task)| {
                    json!({"task": task.id, "metric": task.metric, "value": evaluation.metrics[k],
                           "loss": evaluation.losses[k], "validation": evaluation.validation.get(k),
                           "train": evaluation.train.get(k)})
                });
                json!({"step": evaluation.step, "tasks": tasks.collect::<Vec<_>>()})
            });
            json!({
                "id": outline.id,
                "method": outline.method,
                "seed": outline.seed,
                "records": records.collect::<Vec<_>>(),
                "test": test,
                "diverged": run.diverged.as_ref().map(|d| json!({"step": d.step, "last_finite_step": d.last_finite_step(), "cause": d.cause})),
            })
        })
    });
    let runs: Vec<Value> = runs.collect();
    let first = results.first();
    json!({
        "config": first.and_then(|result| serde_json::from_str::<Value>(&link::to_json(&result.config)).ok()),
        "backend": first.map(|result| backend_json(&result.backend)),
        "runs": runs,
    })
}

fn backend_json(report: &BackendReport) -> Value {
    let kind = match report.kind {
        BackendKind::Cpu => "cpu",
        BackendKind::Gpu => "gpu",
    };
    json!({"kind": kind, "adapter": report.adapter, "statement": report.statement})
}

/// Long format: one row per run, step and task.
///
/// # Errors
/// What the writer says.
pub fn write_csv(results: &[SeedResult], out: impl io::Write) -> Result<(), csv::Error> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["run", "method", "seed", "step", "task", "loss", "weight"])?;
    for result in results {
        for (run, outline) in result.history.runs.iter().zip(&result.history.outline.runs) {
            for record in &run.records {
                for (task, loss) in record.losses.iter().enumerate() {
                    rows.write_record([
                        outline.id.clone(),
                        outline.method.clone(),
                        outline.seed.to_string(),
                        record.step.to_string(),
                        result.history.outline.tasks[task].id.clone(),
                        loss.to_string(),
                        record.weights.get(task).map_or_else(String::new, f64::to_string),
                    ])?;
                }
            }
        }
    }
    rows.flush()?;
    Ok(())
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        Self::Failed(error.to_string())
    }
}
