//! The end of a worker that trains single networks for another one: it says what became of each, and keeps none.

use super::experiment::Basis;
use super::ladder::Ladder;
use super::network::UnderWay;
use super::{Clock, sentences};
use crate::config::{ExperimentConfig, link};
use crate::data::MtldFile;
use crate::protocol::{Command, Event, FailureCode, HandProgress, Network, RunId};
use std::collections::VecDeque;

/// How often it is said how far the network under way is.
const PROGRESS_MILLIS: f64 = 250.0;

/// What another worker asked for.
pub struct Hand {
    id: RunId,
    config: ExperimentConfig,
    /// `None` while files are on their way.
    basis: Option<Basis>,
    /// (K) at which every manifold is to be looked at, where that was said.
    shown: Option<Vec<f64>>,
    queue: VecDeque<Network>,
    current: Option<(Network, UnderWay)>,
    theta: Vec<f32>,
    millis: f64,
    said_at: f64,
}

impl Hand {
    /// Ready for the networks of this link, once its files are there.
    ///
    /// # Errors
    /// What is wrong with the link.
    pub fn enlist(id: RunId, text: &str) -> Result<Self, String> {
        let parsed = link::parse(text).map_err(|rejected| sentences(&rejected))?;
        Ok(Self {
            id,
            config: parsed.config,
            basis: None,
            shown: None,
            queue: VecDeque::new(),
            current: None,
            theta: Vec::new(),
            millis: 0.0,
            said_at: 0.0,
        })
    }

    pub fn id(&self) -> RunId {
        self.id
    }

    pub fn files(&self) -> Vec<&'static str> {
        self.config.files().to_vec()
    }

    /// Builds data and network once all files are there.
    pub async fn try_build(&mut self, files: &[MtldFile], ladder: &mut Ladder, outbox: &mut Vec<Event>) {
        let known = |name: &&str| files.iter().any(|file| file.file_name == **name);
        if self.basis.is_some() || !self.files().iter().all(known) {
            return;
        }
        ladder.keep_to_cpu();
        match Basis::build(&self.config, files, ladder).await {
            Ok(mut basis) => {
                if let Some(shown) = &self.shown {
                    basis.workshop.prefer(shown);
                }
                self.basis = Some(basis);
            }
            Err(error) => {
                let message = error.sentence();
                outbox.push(Event::Failed { id: Some(self.id), code: FailureCode::Data, message });
            }
        }
    }

    /// Heeds what is said to whoever trains.
    pub fn handle(&mut self, command: &Command) {
        match command {
            Command::Train { network, .. } => self.queue.push_back(*network),
            Command::StopSeeds { .. } => {
                self.queue.clear();
                self.current = None;
            }
            Command::Prefer { preference, .. } if preference.len() == self.config.n_tasks() => {
                if let Some(basis) = &mut self.basis {
                    basis.workshop.prefer(preference);
                }
                if let Some((_, current)) = &mut self.current {
                    current.prefer(preference);
                }
                self.shown = Some(preference.clone());
            }
            _ => {}
        }
    }

    pub fn has_work(&self) -> bool {
        self.basis.is_some() && (self.current.is_some() || !self.queue.is_empty())
    }

    /// One step of the network under way, or a portion of its front.
    pub async fn advance(&mut self, clock: &Clock, outbox: &mut Vec<Event>) {
        let Some(basis) = &self.basis else { return };
        let before = clock();
        let (id, preference) = (self.id, self.config.preference());
        let advanced = async {
            if self.current.is_none()
                && let Some(network) = self.queue.pop_front()
            {
                self.current = Some((network, UnderWay::new(&basis.workshop, &basis.outline, network)?));
            }
            let Some((_, current)) = &mut self.current else { return Ok(false) };
            current.advance((&basis.outline, &basis.material, &preference), &mut self.theta, clock).await
        };
        match advanced.await {
            Ok(true) => {
                if let Some((network, current)) = self.current.take() {
                    outbox.push(Event::Trained { id, network, curves: current.into_curves() });
                }
            }
            Ok(false) => {}
            Err(message) => outbox.push(Event::Failed { id: Some(id), code: FailureCode::Device, message }),
        }
        self.millis += clock() - before;
        if self.millis - self.said_at >= PROGRESS_MILLIS {
            self.said_at = self.millis;
            let share = self.current.as_ref().map_or(0.0, |(_, current)| current.share(basis.outline.steps));
            outbox.push(Event::Progress { id, progress: HandProgress { share, millis: self.millis } });
        }
    }
}
