//! Surveys beside training: builds the data and network of a link, and evaluates planes of them in portions.

use super::Clock;
use super::gpu_survey::GpuSurvey;
use super::ladder::Ladder;
use super::land::Land;
use super::wander::Wander;
use crate::config::{ExperimentConfig, link};
use crate::data::MtldFile;
use crate::landscape::{Ground, Survey};
use crate::protocol::{Event, Prepared, RunId, SurveyOrder};

/// Longest stretch of work between two looks at the queue.
const PORTION_MILLIS: f64 = 25.0;

/// What a surveying worker holds.
#[derive(Default)]
pub struct Surveyor {
    state: State,
    survey: Option<Survey>,
    gpu: GpuSurvey,
    /// Paths from other starts; the map comes before them.
    wander: Option<Wander>,
    /// An order that came before its subject was ready.
    early: Option<(RunId, SurveyOrder)>,
}

#[derive(Default)]
enum State {
    #[default]
    Nothing,
    /// Data files are on their way.
    Waiting {
        id: RunId,
        config: Box<ExperimentConfig>,
    },
    Ready {
        id: RunId,
        config: Box<ExperimentConfig>,
        land: Box<Land>,
        ground: Ground,
        rows: usize,
    },
}

impl Surveyor {
    /// Reads the link; the files that it needs and that are missing are told back.
    pub fn prepare(&mut self, id: RunId, text: &str, outbox: &mut Vec<Event>) -> Vec<&'static str> {
        *self = Self::default();
        match link::parse(text) {
            Ok(parsed) => {
                let files = parsed.config.files();
                self.state = State::Waiting { id, config: Box::new(parsed.config) };
                files.to_vec()
            }
            Err(rejected) => {
                let sentences: Vec<&str> = rejected.complaints.iter().map(|c| c.sentence.as_str()).collect();
                outbox.push(Event::Prepared { id, prepared: Err(sentences.join(" ")) });
                Vec::new()
            }
        }
    }

    /// Builds the subject if all its files are there.
    pub fn try_build(&mut self, files: &[MtldFile], outbox: &mut Vec<Event>) {
        let State::Waiting { id, config } = &self.state else { return };
        if !config.files().iter().all(|name| files.iter().any(|file| file.file_name == *name)) {
            return;
        }
        let (id, config) = (*id, config.clone());
        match Land::build(&config, files) {
            Ok(land) => {
                let rows = land.map_rows();
                let ground = land.ground(rows);
                let (n_tasks, n_parameters) = (ground.n_tasks() as u32, ground.n_parameters() as u32);
                self.state = State::Ready { id, config, land: Box::new(land), ground, rows };
                outbox.push(Event::Prepared { id, prepared: Ok(Prepared { n_tasks, n_parameters }) });
                if let Some((id, order)) = self.early.take() {
                    self.begin(id, order, outbox);
                }
            }
            Err(why) => self.refuse(id, why, outbox),
        }
    }

    /// A file cannot be had.
    pub fn miss(&mut self, name: &str, why: &str, outbox: &mut Vec<Event>) {
        if let State::Waiting { id, config } = &self.state
            && config.files().contains(&name)
        {
            self.refuse(*id, why.into(), outbox);
        }
    }

    fn refuse(&mut self, id: RunId, why: String, outbox: &mut Vec<Event>) {
        if let Some((id, order)) = self.early.take() {
            outbox.push(Event::Surveyed { id, number: order.number, portion: Err(why.clone()) });
        }
        self.state = State::Nothing;
        outbox.push(Event::Prepared { id, prepared: Err(why) });
    }

    /// Takes an order; it ends the one before.
    pub fn begin(&mut self, id: RunId, order: SurveyOrder, outbox: &mut Vec<Event>) {
        self.survey = None;
        self.early = None;
        let number = order.number;
        let refused = match &mut self.state {
            State::Waiting { id: prepared, .. } if *prepared == id => {
                self.early = Some((id, order));
                return;
            }
            State::Ready { id: prepared, land, ground, rows, .. } if *prepared == id => {
                let wanted = (order.rows as usize).min(land.train_rows());
                if wanted > land.map_rows() {
                    Err(format!("A map of this network takes at most {} rows.", land.map_rows()))
                } else {
                    if wanted.max(1) != *rows && wanted > 0 {
                        *ground = land.ground(wanted);
                        *rows = wanted;
                    }
                    Survey::new(order, ground).map(|survey| self.survey = Some(survey))
                }
            }
            _ => Err("There is nothing to survey: this experiment has not been prepared here.".into()),
        };
        if let Err(why) = refused {
            outbox.push(Event::Surveyed { id, number, portion: Err(why) });
        }
    }

    pub fn stop(&mut self, id: RunId) {
        let prepared = match &self.state {
            State::Ready { id, .. } | State::Waiting { id, .. } => Some(*id),
            State::Nothing => None,
        };
        if prepared == Some(id) {
            self.survey = None;
            self.wander = None;
            self.early = None;
        }
    }

    /// Begins to train from the other starts, anew where that was under way.
    pub fn wander(&mut self, id: RunId, number: u32, outbox: &mut Vec<Event>) {
        self.wander = None;
        let wander = match &self.state {
            State::Ready { id: prepared, config, .. } if *prepared == id => Wander::new(number, config),
            _ => Err("There is nothing to train: this experiment has not been prepared here.".into()),
        };
        match wander {
            Ok(wander) => self.wander = Some(wander),
            Err(why) => outbox.push(Event::Wandered { id, number, portion: Err(why) }),
        }
    }

    pub fn has_work(&self) -> bool {
        self.survey.is_some() || self.wander.is_some()
    }

    /// One portion, as long as the clock allows.
    pub async fn advance(&mut self, ladder: &mut Ladder, clock: &Clock, outbox: &mut Vec<Event>) {
        let State::Ready { id, land, ground, rows, .. } = &mut self.state else { return };
        let id = *id;
        if let Some(survey) = &mut self.survey
            && let Some(portion) = self.gpu.portion(survey, (land, ground, *rows), (ladder, clock)).await
        {
            outbox.push(Event::Surveyed { id, number: survey.number(), portion: Ok(portion) });
            if survey.is_done() {
                self.survey = None;
            }
            return;
        }
        let end = clock() + PORTION_MILLIS;
        let mut over = || clock() >= end;
        if let Some(survey) = &mut self.survey {
            let mut portion = survey.portion(ground, &mut over);
            portion.refused = self.gpu.refused(survey);
            outbox.push(Event::Surveyed { id, number: survey.number(), portion: Ok(portion) });
            if survey.is_done() {
                self.survey = None;
            }
        } else if let Some(wander) = &mut self.wander {
            let portion = wander.portion(&mut over).await;
            let goes_on = portion.is_ok() && !wander.is_done();
            outbox.push(Event::Wandered { id, number: wander.number(), portion });
            if !goes_on {
                self.wander = None;
            }
        }
    }
}
