//! The training side as a machine without input or output: commands in, events out.
//!
//! The worker's glue (and the command line, and the tests) feeds it commands and files, calls
//! [`Session::advance`] while there is time, and sends on what [`Session::drain`] hands out. The clock it
//! is given serves only to report speed and to let `auto` choose a backend: no result depends on it.

mod convoy;
mod crew;
mod experiment;
mod frozen;
mod further;
mod gpu_survey;
mod hand;
mod ladder;
mod land;
mod network;
mod pictures;
mod sharpness;
mod surveyor;
mod sweep;
mod wander;
mod workshop;

pub use crew::Order;
pub use land::Land;

use crate::config::link::Rejected;
use crate::config::{BackendChoice, ExperimentConfig, RunConfig, link};
use crate::data::{DataError, MtldFile, mtld};
use crate::kernels::Team;
use crate::protocol::{BackendKind, BackendReport, Command, Event, FailureCode, RunId, SeedProgress};
use crew::Crew;
use experiment::{Advance, Basis, Experiment, StartError};
use hand::Hand;
use ladder::Ladder;
use std::rc::Rc;
use std::sync::Arc;
use surveyor::Surveyor;

/// Milliseconds since some fixed moment.
pub type Clock = Rc<dyn Fn() -> f64>;

/// What the page's worker is made of.
pub struct Session {
    clock: Clock,
    ladder: Ladder,
    files: Vec<MtldFile>,
    /// The same as they came, for hands; empty where there can be none.
    raw_files: Vec<(String, Vec<u8>)>,
    /// Files that were asked for and have not come.
    asked: Vec<String>,
    waiting: Option<Waiting>,
    experiment: Option<Running>,
    /// Maps of a subject that another session trains, or this one.
    surveyor: Surveyor,
    /// Others that train networks of further seeds.
    crew: Crew,
    /// Networks that this session trains for another one.
    hand: Option<Hand>,
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
    /// Hands that would fit into memory and have something to do.
    most_hands: usize,
    /// The last that was said about seeds, and when.
    seeds_said: Option<(SeedProgress, f64)>,
    done: bool,
}

/// How often the speed in the backend chip is renewed.
const SPEED_MILLIS: f64 = 1_000.0;
/// How often it is said how far further seeds are.
const SEEDS_MILLIS: f64 = 250.0;
/// Memory for data and networks of all hands together.
const HANDS_BYTES: usize = 256 << 20;

impl Session {
    pub fn new(clock: Clock) -> Self {
        let ready = Event::Ready { version: env!("CARGO_PKG_VERSION").into() };
        Self {
            ladder: Ladder::new(clock.clone()),
            clock,
            files: Vec::new(),
            raw_files: Vec::new(),
            asked: Vec::new(),
            waiting: None,
            experiment: None,
            surveyor: Surveyor::default(),
            crew: Crew::default(),
            hand: None,
            outbox: vec![ready],
            paused: false,
            frame_in_flight: false,
        }
    }

    /// Events since the last call, in order.
    pub fn drain(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.outbox)
    }

    /// At most so many others may train for this session, see [`Order`]; none unless this is called.
    pub fn offer_hands(&mut self, most: usize) {
        self.crew.offer(most);
    }

    /// Threads that share large kernels on the CPU, or why they did not come; results are the same bits without them.
    pub fn offer_team(&mut self, team: Result<Arc<dyn Team>, String>) {
        self.ladder.team = Some(team);
    }

    /// What is to be done about those who train for this session, in order.
    pub fn drain_orders(&mut self) -> Vec<Order> {
        self.crew.drain()
    }

    /// A hand said something.
    pub fn hear_hand(&mut self, hand: usize, event: Event) {
        let heard = self.crew.hear(hand, event);
        if let Some(running) = &mut self.experiment {
            match heard {
                Ok(Some((network, curves))) => running.experiment.further().complete(network, curves),
                Ok(None) => {}
                Err(networks) => running.experiment.further().take_back(networks),
            }
        }
        self.order_networks();
    }

    /// A hand could not be started, or ended.
    pub fn lose_hand(&mut self, hand: usize) {
        let networks = self.crew.lose(hand);
        if let Some(running) = &mut self.experiment {
            running.experiment.further().take_back(networks);
        }
        self.order_networks();
    }

    /// To be called every few seconds while there are hands: notices those that ended in silence.
    pub fn pulse(&mut self) {
        let needed = self.experiment.as_ref().is_some_and(|running| !running.experiment.finished_all());
        let networks = self.crew.pulse(needed);
        if let Some(running) = &mut self.experiment {
            running.experiment.further().take_back(networks);
        }
        self.order_networks();
    }

    fn order_networks(&mut self) {
        if let Some(running) = &mut self.experiment {
            let further = running.experiment.further();
            self.crew.give(further.waiting(), || further.hand_out());
        }
    }

    /// Enlists hands for what was begun. On a GPU every network rounds as that device does, and several workers would
    /// wait for each other, so there are none.
    fn hire(&mut self) {
        let Some(running) = &self.experiment else { return };
        let most = if running.report.kind == BackendKind::Cpu { running.most_hands } else { 0 };
        // What trains here adds as the reader's choice allows, and so do they.
        let backend = if running.report.approximate { BackendChoice::Auto } else { BackendChoice::Cpu };
        let config = ExperimentConfig { backend, ..running.config.clone() };
        let needed = config.files();
        let files: Vec<_> =
            self.raw_files.iter().filter(|(name, _)| needed.contains(&name.as_str())).cloned().collect();
        self.crew.enlist(most, &link::write(&config), &files);
        self.order_networks();
    }

    /// Whether [`Session::advance`] has something to do now.
    pub fn wants_to_advance(&self) -> bool {
        let trains = |running: &Running| !self.paused && running.experiment.has_work();
        let asked = |running: &Running| {
            let experiment = &running.experiment;
            experiment.is_laying() || experiment.has_truth() || experiment.surveys() || experiment.sweeps()
        };
        let works = |running: &Running| asked(running) || trains(running);
        let helps = !self.paused && self.hand.as_ref().is_some_and(Hand::has_work);
        self.surveyor.has_work() || self.experiment.as_ref().is_some_and(works) || helps
    }

    /// Answers one command.
    pub async fn handle(&mut self, command: Command) {
        match command {
            Command::Start { id, link } => self.start(id, &link).await,
            Command::File { name, bytes } => self.file(&name, bytes).await,
            Command::StopSeeds { id } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id) {
                    running.experiment.further().stop();
                    self.crew.rest();
                }
                if let Some(hand) = self.hand.as_mut().filter(|hand| hand.id() == id) {
                    hand.handle(&command);
                }
                self.send_frame();
            }
            Command::Resume | Command::Pause => {
                self.paused = command == Command::Pause;
                self.crew.pause(self.paused);
            }
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
            Command::Prefer { id, ref preference } => {
                if let Some(running) = self.experiment.as_mut().filter(|running| running.id == id)
                    && let Some(shares) = running.prefer(preference)
                {
                    self.crew.prefer(&shares);
                }
                if let Some(hand) = self.hand.as_mut().filter(|hand| hand.id() == id) {
                    hand.handle(&command);
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
            Command::Enlist { id, link } => match Hand::enlist(id, &link) {
                Ok(mut hand) => {
                    self.ask_for(hand.files());
                    hand.try_build(&self.files, &mut self.ladder, &mut self.outbox).await;
                    self.hand = Some(hand);
                }
                Err(message) => {
                    self.hand = None;
                    self.fail(Some(id), FailureCode::Link, message);
                }
            },
            Command::Train { id, .. } => {
                if let Some(hand) = self.hand.as_mut().filter(|hand| hand.id() == id) {
                    hand.handle(&command);
                }
            }
        }
    }

    async fn start(&mut self, id: RunId, text: &str) {
        self.crew.rest();
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
            Err(rejected) => self.fail(Some(id), FailureCode::Link, sentences(&rejected)),
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
            Ok(bytes) => {
                let decoded = mtld::decode(name, &bytes).map_err(|error: DataError| error.to_string());
                if decoded.is_ok() && self.crew.is_offered() {
                    self.raw_files.retain(|(known, _)| known != name);
                    self.raw_files.push((name.into(), bytes));
                }
                decoded
            }
            Err(why) => {
                Err(format!("The data file {name} could not be loaded: {why}. Try again, or choose another data set."))
            }
        };
        match decoded {
            Ok(file) => {
                self.files.retain(|known| known.file_name != name);
                self.files.push(file);
                self.surveyor.try_build(&self.files, &mut self.outbox);
                if let Some(hand) = &mut self.hand {
                    hand.try_build(&self.files, &mut self.ladder, &mut self.outbox).await;
                }
                let ready = self.waiting.as_ref().is_some_and(|waiting| {
                    waiting.config.files().iter().all(|name| self.files.iter().any(|file| file.file_name == *name))
                });
                if ready && let Some(waiting) = self.waiting.take() {
                    self.begin(waiting.id, waiting.config).await;
                }
            }
            Err(message) => {
                self.surveyor.miss(name, &message, &mut self.outbox);
                if let Some(hand) = self.hand.take_if(|hand| hand.files().contains(&name)) {
                    self.fail(Some(hand.id()), FailureCode::Data, message.clone());
                }
                // Who has gone on to other data does not miss it.
                let missed = |waiting: &mut Waiting| waiting.config.files().contains(&name);
                if let Some(waiting) = self.waiting.take_if(missed) {
                    self.fail(Some(waiting.id), FailureCode::Data, message);
                }
            }
        }
    }

    async fn begin(&mut self, id: RunId, config: ExperimentConfig) {
        let built = Basis::build(&config, &self.files, &mut self.ladder).await.and_then(|basis| {
            let (report, bytes) = (basis.report.clone(), basis.bytes());
            Ok((Experiment::assemble(&config, basis)?, report, bytes))
        });
        match built {
            Ok((mut experiment, report, bytes)) => {
                // Fewer than two networks a hand are not worth its start.
                let most_hands = (HANDS_BYTES / bytes.max(1)).min(experiment.further().waiting() / 2);
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
                    most_hands,
                    seeds_said: None,
                    done: false,
                });
                self.hire();
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
        if let Some(hand) = &mut self.hand {
            hand.advance(&self.clock, &mut self.outbox).await;
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
                self.crew.rest();
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
        if let Some(progress) = running.seed_news(&self.crew, (self.clock)()) {
            self.outbox.push(Event::Seeds { id: running.id, progress });
        }
    }

    fn fail(&mut self, id: Option<RunId>, code: FailureCode, message: String) {
        self.outbox.push(Event::Failed { id, code, message });
    }
}

impl Running {
    /// Looks at manifolds elsewhere from now on, and says where; what is no preference changes nothing.
    fn prefer(&mut self, preference: &[f64]) -> Option<Vec<f64>> {
        let sum: f64 = preference.iter().sum();
        let sound = preference.iter().all(|share| *share >= 0.0) && sum > 0.0 && sum.is_finite();
        if !sound || preference.len() != self.config.n_tasks() {
            return None;
        }
        let shares: Vec<f64> = preference.iter().map(|share| share / sum).collect();
        self.experiment.prefer(&shares);
        // Runs that heed a preference have theirs from the start; a lost device must not give them another.
        if !self.config.runs.iter().any(RunConfig::heeds_preference) {
            self.config.training.preference = Some(shares.clone());
        }
        Some(shares)
    }

    /// How far the seeds are, when there are several and it is time to say so again.
    fn seed_news(&mut self, crew: &Crew, now: f64) -> Option<SeedProgress> {
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
            seconds_left: if ended { Some(0.0) } else { self.millis_left(crew).map(|millis| millis / 1e3) },
            stopped,
        };
        let news = self.seeds_said.is_none_or(|(said, when)| {
            let other = (said.trained, said.stopped) != (progress.trained, progress.stopped);
            other || (!ended && now - when >= SEEDS_MILLIS)
        });
        news.then(|| {
            self.seeds_said = Some((progress, now));
            progress
        })
    }

    /// From the steps done so far; further seeds are quicker than the first, so their own steps count once there are
    /// some. What is left of the first is done here alone, the rest by all.
    fn millis_left(&self, crew: &Crew) -> Option<f64> {
        let (first, further) = self.experiment.shares(crew.share());
        let further_seeds = f64::from(self.config.training.seeds - 1);
        let (of_first, of_further) = match self.first_millis {
            Some(millis) => (millis, self.computing_millis - millis),
            None => (self.computing_millis, 0.0),
        };
        let seed_millis = match further * further_seeds {
            seeds if seeds >= 0.1 => (of_further + crew.millis()) / seeds,
            _ if first > 0.0 => of_first / first,
            _ => return None,
        };
        let left_of_first = if first > 0.0 { of_first / first * (1.0 - first) } else { 0.0 };
        let left = left_of_first + seed_millis * further_seeds * (1.0 - further);
        let millis = left_of_first.max(left / (crew.size() + 1) as f64);
        (millis > 0.0 && millis.is_finite()).then_some(millis)
    }
}

/// What is wrong with a link.
fn sentences(rejected: &Rejected) -> String {
    let sentences: Vec<&str> = rejected.complaints.iter().map(|c| c.sentence.as_str()).collect();
    sentences.join(" ")
}
