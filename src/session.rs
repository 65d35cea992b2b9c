//! The training side as a machine without input or output: commands in, events out.
//!
//! The worker's glue (and the command line, and the tests) feeds it commands and files, calls
//! [`Session::advance`] while there is time, and sends on what [`Session::drain`] hands out. The clock it
//! is given serves only to report speed and to let `auto` choose a backend: no result depends on it.

mod experiment;
mod frozen;
mod further;
mod gpu_survey;
mod ladder;
mod land;
mod pictures;
mod sharpness;
mod surveyor;
mod sweep;
mod wander;
mod workshop;

pub use land::Land;

use crate::config::{ExperimentConfig, RunConfig, link};
use crate::data::{DataError, MtldFile, mtld};
use crate::protocol::{BackendReport, Command, Event, FailureCode, RunId, SeedProgress};
use experiment::{Advance, Experiment, StartError};
use ladder::Ladder;
use std::rc::Rc;
use surveyor::Surveyor;

/// Milliseconds since some fixed moment.
pub type Clock = Rc<dyn Fn() -> f64>;

/// What the page's worker is made of.
pub struct Session {
    clock: Clock,
    ladder: Ladder,
    files: Vec<MtldFile>,
    /// Files that were asked for and have not come.
    asked: Vec<String>,
    waiting: Option<Waiting>,
    experiment: Option<Running>,
    /// Maps of a subject that another session trains, or this one.
    surveyor: Surveyor,
    outbox: Vec<Event>,
    paused: bool,
    frame_in_flight: bool,
}

/// A start that needs files first.
struct Waiting {
    id: RunId,
    config: ExperimentConfig,
}

struct Running {
    id: RunId,
    config: ExperimentConfig,
    experiment: Experiment,
    report: BackendReport,
    computing_millis: f64,
    steps: u64,
    reported_at: f64,
    /// What was computed when the first seed was complete.
    first_millis: Option<f64>,
    /// The last that was said about seeds, and when.
    seeds_said: Option<(SeedProgress, f64)>,
    done: bool,
}

/// How often the speed in the backend chip is renewed.
const SPEED_MILLIS: f64 = 1_000.0;
/// How often it is said how far further seeds are.
const SEEDS_MILLIS: f64 = 250.0;

impl Session {
    pub fn new(clock: Clock) -> Self {
        let ready = Event::Ready { version: env!("CARGO_PKG_VERSION").into() };
        Self {
            ladder: Ladder::new(clock.clone()),
            clock,
            files: Vec::new(),
            asked: Vec::new(),
            waiting: None,
            experiment: None,
            surveyor: Surveyor::default(),
            outbox: vec![ready],
            paused: false,
            frame_in_flight: false,
        }
    }

    /// Events since the last call, in order.
    pub fn drain(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether [`Session::advance`] has something to do now.
    pub fn wants_to_advance(&self) -> bool {
        let trains = |running: &Running| !self.paused && !running.experiment.finished_all();
        let asked = |running: &Running| {
            let experiment = &running.experiment;
            experiment.is_laying() || experiment.has_truth() || experiment.surveys() || experiment.sweeps()
        };
        let works = |running: &Running| asked(running) || trains(running);
        self.surveyor.has_work() || self.experiment.as_ref().is_some_and(works)
    }

    /// Answers one command.
    pub async fn handle(&mut self, command: Command) {
        match command {
            Command::Start { id, link } => self.start(id, &link).await,
            Command::File { name, bytes } => self.file(&name, bytes).await,
            Command::StopSeeds { id } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    running.experiment.further().stop();
                }
                self.send_frame();
            }
            Command::Resume => self.paused = false,
            Command::Pause => self.paused = true,
            Command::FrameDrawn => {
                self.frame_in_flight = false;
                self.send_frame();
            }
            Command::Predict { id, step } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    let runs = running.experiment.predictions(step);
                    self.outbox.push(Event::Predictions { id, step, runs });
                }
            }
            Command::Probe { id, step, run, rows } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    let probed = running.experiment.probe(step, run, rows);
                    self.outbox.push(Event::Probed { id, probed });
                }
            }
            Command::Sharpness { id, asked } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    let refused = running.experiment.survey(asked).err();
                    self.outbox.extend(refused.map(|why| Event::Sharpness { id, reading: Err(why) }));
                }
            }
            Command::ProbeBackend => {
                self.ladder.forget();
                if let Some(running) = self.experiment.take() {
                    self.begin(running.id, running.config).await;
                }
            }
            Command::Ping => self.outbox.push(Event::Pong),
            Command::LoseDevice => self.ladder.lose(),
            Command::Plan { id, request } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    let begun = running.experiment.plan(&running.config, &request);
                    let refused = begun.err().map(|why| (request.number, Err(why)));
                    // Most planes are there at once.
                    if let Some((number, plan)) = refused.or_else(|| running.experiment.lay_on(&self.clock)) {
                        self.outbox.push(Event::Planned { id, number, plan });
                    }
                }
            }
            Command::Prepare { id, link } => {
                let files = self.surveyor.prepare(id, &link, &mut self.outbox);
                self.ask_for(files);
                self.surveyor.try_build(&self.files, &mut self.outbox);
            }
            Command::Survey { id, order } => self.surveyor.begin(id, order, &mut self.outbox),
            Command::StopSurvey { id } => self.surveyor.stop(id),
            Command::Wander { id, number } => self.surveyor.wander(id, number, &mut self.outbox),
            Command::Prefer { id, preference } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    running.prefer(preference);
                }
            }
            Command::Sweep { id, asked } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    let portions = match running.experiment.sweep(&asked) {
                        Ok(portions) => portions.into_iter().map(Ok).collect(),
                        Err(why) => vec![Err(why)],
                    };
                    self.outbox.extend(portions.into_iter().map(|portion| Event::Swept { id, portion }));
                }
            }
            Command::Aggregate { id, gradients, losses, step } => {
                if let Some(running) = self.experiment.as_ref().filter(|running| running.id == id) {
                    let answers = frozen::aggregate(&running.config, &gradients, &losses, step);
                    self.outbox.push(Event::Aggregated { id, gradients, answers });
                }
            }
        }
    }

    async fn start(&mut self, id: RunId, text: &str) {
        self.experiment = None;
        self.waiting = None;
        self.frame_in_flight = false;
        match link::parse(text) {
            Ok(parsed) => {
                if self.ask_for(parsed.config.files().to_vec()) {
                    self.begin(id, parsed.config).await;
                } else {
                    self.waiting = Some(Waiting { id, config: parsed.config });
                }
            }
            Err(rejected) => {
                let sentences: Vec<&str> = rejected.complaints.iter().map(|c| c.sentence.as_str()).collect();
                self.fail(Some(id), FailureCode::Link, sentences.join(" "));
            }
        }
    }

    /// Asks for those of these files that are missing; true where none is.
    fn ask_for(&mut self, files: Vec<&'static str>) -> bool {
        let known = |name: &&str| self.files.iter().any(|file| file.file_name == **name);
        let missing: Vec<&str> = files.into_iter().filter(|name| !known(name)).collect();
        for name in &missing {
            // A file that is on its way serves everything that waits for it.
            if !self.asked.iter().any(|asked| asked == name) {
                self.asked.push((*name).into());
                self.outbox.push(Event::NeedFile { name: (*name).into() });
            }
        }
        missing.is_empty()
    }

    async fn file(&mut self, name: &str, bytes: Result<Vec<u8>, String>) {
        self.asked.retain(|asked| asked != name);
        let decoded = match bytes {
            Ok(bytes) => mtld::decode(name, &bytes).map_err(|error: DataError| error.to_string()),
            Err(why) => {
                Err(format!("The data file {name} could not be loaded: {why}. Try again, or choose another data set."))
            }
        };
        match decoded {
            Ok(file) => {
                self.files.retain(|known| known.file_name != name);
                self.files.push(file);
                self.surveyor.try_build(&self.files, &mut self.outbox);
                let ready = self.waiting.as_ref().is_some_and(|waiting| {
                    waiting.config.files().iter().all(|name| self.files.iter().any(|file| file.file_name == *name))
                });
                if ready && let Some(waiting) = self.waiting.take() {
                    self.begin(waiting.id, waiting.config).await;
                }
            }
            Err(message) => {
                self.surveyor.miss(name, &message, &mut self.outbox);
                // Who has gone on to other data does not miss it.
                let missed = |waiting: &mut Waiting| waiting.config.files().contains(&name);
                if let Some(waiting) = self.waiting.take_if(missed) {
                    self.fail(Some(waiting.id), FailureCode::Data, message);
                }
            }
        }
    }

    async fn begin(&mut self, id: RunId, config: ExperimentConfig) {
        let built = Experiment::build(&config, &self.files, &mut self.ladder).await;
        match built {
            Ok((experiment, report)) => {
                self.frame_in_flight = false;
                self.outbox.push(Event::Backend(report.clone()));
                self.outbox.push(Event::Started { id, outline: experiment.outline().clone() });
                self.experiment = Some(Running {
                    id,
                    config,
                    experiment,
                    report,
                    computing_millis: 0.0,
                    steps: 0,
                    reported_at: 0.0,
                    first_millis: None,
                    seeds_said: None,
                    done: false,
                });
            }
            Err(StartError::Config(message)) => self.fail(Some(id), FailureCode::Link, message),
            Err(StartError::Data(message)) => self.fail(Some(id), FailureCode::Data, message),
            Err(StartError::Device(message)) => self.fail(Some(id), FailureCode::Device, message),
        }
    }

    /// Trains one step of one run, and judges and stores where that is due; before it a portion of what else was
    /// asked, which goes on while training is paused.
    pub async fn advance(&mut self) {
        self.surveyor.advance(&mut self.ladder, &self.clock, &mut self.outbox).await;
        if let Some(running) = &mut self.experiment {
            if let Some((number, plan)) = running.experiment.lay_on(&self.clock) {
                self.outbox.push(Event::Planned { id: running.id, number, plan });
            }
            if let Some(truth) = running.experiment.tell_truth(&self.clock) {
                self.outbox.push(Event::Truth { id: running.id, truth });
            }
            if let Some(reading) = running.experiment.survey_on() {
                self.outbox.push(Event::Sharpness { id: running.id, reading: Ok(reading) });
            }
            if let Some(portion) = running.experiment.sweep_on(&self.clock) {
                self.outbox.push(Event::Swept { id: running.id, portion: Ok(portion) });
            }
        }
        if self.paused {
            return;
        }
        let Some(running) = &mut self.experiment else { return };
        let before = (self.clock)();
        let advanced = running.experiment.advance(&self.clock).await;
        running.computing_millis += (self.clock)() - before;
        if running.first_millis.is_none() && running.experiment.finished() {
            running.first_millis = Some(running.computing_millis);
        }
        match advanced {
            Advance::Stepped | Advance::Further => running.steps += 1,
            Advance::Finished => {}
            Advance::Lost(why) => {
                let id = running.id;
                let step = running.experiment.head();
                let config = running.config.clone();
                self.experiment = None;
                let where_to = self.ladder.device_lost();
                self.fail(
                    Some(id),
                    FailureCode::Device,
                    format!("{why}. It happened at step {step}. Training starts again from step 0 {where_to}."),
                );
                self.begin(id, config).await;
            }
        }
    }

    /// Packs what is new into a frame, unless one is still on its way to the screen.
    pub fn send_frame(&mut self) {
        let Some(running) = &mut self.experiment else { return };
        if !self.frame_in_flight && running.experiment.has_news() {
            self.frame_in_flight = true;
            let frame = running.experiment.take_frame();
            self.outbox.push(Event::Frame { id: running.id, frame });
        }
        let finished = running.experiment.finished() && !running.experiment.has_news();
        let due = running.computing_millis - running.reported_at >= SPEED_MILLIS;
        if (due || (finished && !running.done)) && running.computing_millis > 0.0 {
            running.reported_at = running.computing_millis;
            running.report.steps_per_second = Some(running.steps as f64 / running.computing_millis * 1e3);
            self.outbox.push(Event::Backend(running.report.clone()));
        }
        if finished && !running.done {
            running.done = true;
            let millis = running.first_millis.unwrap_or(running.computing_millis);
            self.outbox.push(Event::Done { id: running.id, seconds: millis / 1e3 });
        }
        if let Some(progress) = running.seed_news() {
            self.outbox.push(Event::Seeds { id: running.id, progress });
        }
    }

    fn fail(&mut self, id: Option<RunId>, code: FailureCode, message: String) {
        self.outbox.push(Event::Failed { id, code, message });
    }
}

impl Running {
    /// Looks at manifolds elsewhere from now on; what is no preference changes nothing.
    fn prefer(&mut self, preference: Vec<f64>) {
        let sum: f64 = preference.iter().sum();
        let sound = preference.iter().all(|share| *share >= 0.0) && sum > 0.0 && sum.is_finite();
        if !sound || preference.len() != self.config.n_tasks() {
            return;
        }
        let shares: Vec<f64> = preference.iter().map(|share| share / sum).collect();
        self.experiment.prefer(&shares);
        // Runs that heed a preference have theirs from the start; a lost device must not give them another.
        if !self.config.runs.iter().any(RunConfig::heeds_preference) {
            self.config.training.preference = Some(shares);
        }
    }

    /// How far the seeds are, when there are several and it is time to say so again.
    fn seed_news(&mut self) -> Option<SeedProgress> {
        let of = self.config.training.seeds;
        if of < 2 {
            return None;
        }
        let (trained, stopped) = (self.experiment.further().trained(), self.experiment.further().stopped());
        let trained = if self.experiment.finished() { trained } else { 0 };
        let ended = trained == of || stopped;
        let progress = SeedProgress {
            trained,
            of,
            seconds_left: if ended { Some(0.0) } else { self.millis_left().map(|millis| millis / 1e3) },
            stopped,
        };
        let news = self.seeds_said.is_none_or(|(said, when)| {
            let other = (said.trained, said.stopped) != (progress.trained, progress.stopped);
            other || (!ended && self.computing_millis - when >= SEEDS_MILLIS)
        });
        news.then(|| {
            self.seeds_said = Some((progress, self.computing_millis));
            progress
        })
    }

    /// From the steps done so far; further seeds are quicker than the first, so their own steps count once there are
    /// some.
    fn millis_left(&self) -> Option<f64> {
        let (first, further) = self.experiment.shares();
        let seeds = f64::from(self.config.training.seeds);
        let left = match self.first_millis {
            Some(millis) if further * (seeds - 1.0) >= 0.1 => {
                (self.computing_millis - millis) * (1.0 - further) / further
            }
            Some(millis) => millis * (seeds - 1.0) * (1.0 - further),
            None if first > 0.0 => self.computing_millis / first * (seeds - first),
            None => return None,
        };
        (left > 0.0 && left.is_finite()).then_some(left)
    }
}
