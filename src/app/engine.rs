//! The worker's life as the page sees it: started, heard, watched, started again.

use super::arrows::{self, Question};
use super::page::{Loading, Page, Predicted, Trouble};
use super::worker_client::WorkerClient;
use crate::config::link;
use crate::protocol::{Command, Event, FailureCode, RunId, RunPredictions};
use crate::train::History;
use leptos::prelude::*;
use std::time::Duration;

/// A worker that is not ready by then is taken for dead; should it answer later, it is welcome.
const READY: Duration = Duration::from_secs(10);
/// How often a worker is asked whether it is there. Browsers end workers without an event when memory is short.
const PULSE: Duration = Duration::from_secs(4);
/// Questions without an answer after which a worker is taken for dead. Building the largest data set takes a slow
/// machine a few seconds. Counted, not timed: a computer that slept heard nothing either.
const UNANSWERED: u32 = 4;
/// How long the curves before an edit may stay while the new ones are on their way to the view cursor.
const CATCH_UP_MILLIS: f64 = 300.0;

/// One worker and what it is doing.
#[derive(Default)]
pub struct Engine {
    client: Option<WorkerClient>,
    ready: bool,
    /// Counts workers, so that a timer of an earlier one changes nothing.
    generation: u32,
    run: RunId,
    /// The history of a start that has not reached the view cursor, and when it began.
    next: Option<(History, f64)>,
    /// How often the worker was asked since it last said anything.
    unanswered: u32,
    /// The step of the predictions that are on their way, the records known when they were asked for, and where on
    /// learned fronts.
    asked: Option<(u32, usize, Vec<f64>)>,
    /// The question about held gradients that is on its way, and the last one that was answered.
    aggregating: Option<Question>,
    aggregated: Option<Question>,
    version: String,
}

impl Engine {
    pub fn send(&self, command: &Command) {
        if let (true, Some(client)) = (self.ready, &self.client) {
            client.send(command);
        }
    }

    /// The version the worker reported.
    pub fn version(&self) -> String {
        self.version.clone()
    }

    /// Starts a worker; the open experiment follows when it is ready.
    pub fn begin(page: Page) {
        let died = move |reason: String| {
            page.engine.update_value(|engine| {
                engine.client = None;
                engine.ready = false;
            });
            page.playing.set(false);
            page.trouble.set(Some(Trouble::Worker(reason)));
        };
        // A worker is ended outside its own event handlers.
        let died = move |reason: String| set_timeout(move || died(reason), Duration::ZERO);
        let started = WorkerClient::start(move |event| hear(page, event), died);
        let generation = page
            .engine
            .try_update_value(|engine| {
                engine.ready = false;
                engine.next = None;
                engine.asked = None;
                engine.aggregating = None;
                engine.aggregated = None;
                engine.unanswered = 0;
                engine.generation += 1;
                engine.generation
            })
            .unwrap_or_default();
        match started {
            Ok(client) => page.engine.update_value(|engine| engine.client = Some(client)),
            Err(reason) => page.trouble.set(Some(Trouble::Worker(reason))),
        }
        set_timeout(move || watch(page, generation), PULSE);
        set_timeout(
            move || {
                let late = page.engine.with_value(|engine| engine.generation == generation && !engine.ready);
                if late && page.trouble.get_untracked().is_none() {
                    page.trouble.set(Some(Trouble::Worker("it has not answered for ten seconds".into())));
                }
            },
            READY,
        );
    }

    /// Whatever the current start still reports is not heard.
    pub fn abandon(&mut self) {
        self.run.0 += 1;
        self.next = None;
        self.asked = None;
        self.aggregating = None;
        self.aggregated = None;
    }

    /// The current start.
    pub fn current(&self) -> RunId {
        self.run
    }

    /// Sends what asks about the current start, if a worker can answer it.
    pub fn ask(&self, command: impl FnOnce(RunId) -> Command) -> bool {
        let able = self.ready && self.next.is_none();
        if able {
            self.send(&command(self.run));
        }
        able
    }

    /// Trains no further seeds; those that are complete stay.
    pub fn stop_seeds(page: Page) {
        page.engine.with_value(|engine| engine.send(&Command::StopSeeds { id: engine.run }));
    }

    /// Trains the open experiment from step 0.
    pub fn train(page: Page) {
        let link = untrack(move || link::write(&page.with_view()));
        page.engine.update_value(|engine| {
            engine.abandon();
            engine.send(&Command::Start { id: engine.run, link });
        });
        page.probing.forget();
        page.land.forget();
        page.sharpness.forget();
        page.fronts.forget();
        // A worker that was paused for a damaged link or a hidden tab stays paused over a start.
        page.send(if hidden() { &Command::Pause } else { &Command::Resume });
    }

    /// Asks for predictions at the cursor, unless an answer is on its way.
    pub fn predict(page: Page) {
        let step = page.step.get_untracked();
        let records = page.history.with_untracked(records);
        let preference = page.config.with_untracked(|config| config.preference());
        let known = page.predictions.with_untracked(|known| {
            known.as_ref().is_some_and(|known| {
                let here = known.asked == step && known.preference == preference;
                here && (known.complete || known.records == records)
            })
        });
        if known {
            return;
        }
        page.engine.update_value(|engine| {
            if engine.asked.is_none() && engine.ready && engine.next.is_none() {
                engine.asked = Some((step, records, preference));
                engine.send(&Command::Predict { id: engine.run, step });
            }
        });
    }
}

impl Engine {
    /// Asks what the runs make of the held gradients, unless an answer is on its way or known.
    pub fn aggregate(page: Page) {
        let Some(question) = untrack(move || arrows::question(page)) else { return };
        let unknown = page.arrows.answers.with_untracked(Vec::is_empty);
        page.engine.update_value(|engine| {
            let news = unknown || engine.aggregated.as_ref() != Some(&question);
            if engine.ready && engine.aggregating.is_none() && news {
                let Question { gradients, losses, step } = question.clone();
                engine.aggregating = Some(question);
                engine.send(&Command::Aggregate { id: engine.run, gradients, losses, step });
            }
        });
    }
}

fn records(history: &History) -> usize {
    history.runs.iter().map(|run| run.records.len()).sum()
}

/// Whether nobody can see the page.
pub fn hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}

/// Asks the worker whether it is there, as long as it is the current one and somebody looks.
fn watch(page: Page, generation: u32) {
    let unanswered = page.engine.try_update_value(|engine| {
        if engine.generation != generation || engine.client.is_none() {
            return None;
        }
        if hidden() || !engine.ready {
            engine.unanswered = 0;
        } else {
            engine.unanswered += 1;
            engine.send(&Command::Ping);
        }
        Some(engine.unanswered)
    });
    let Some(Some(unanswered)) = unanswered else { return };
    if unanswered > UNANSWERED && page.trouble.get_untracked().is_none() {
        page.playing.set(false);
        let reason = "it has not answered for a while; the browser may have ended it to save memory";
        page.trouble.set(Some(Trouble::Worker(reason.into())));
    }
    set_timeout(move || watch(page, generation), PULSE);
}

fn hear(page: Page, event: Event) {
    let current = |id: RunId| page.engine.with_value(|engine| engine.run == id);
    let taken_for_dead = page.engine.try_update_value(|engine| std::mem::take(&mut engine.unanswered) > UNANSWERED);
    // A worker that was only slow is welcome back; one that panicked is not, whatever it still answers.
    let back = taken_for_dead == Some(true) || matches!(event, Event::Ready { .. });
    if back && matches!(page.trouble.get_untracked(), Some(Trouble::Worker(_))) {
        page.trouble.set(None);
    }
    match event {
        Event::Pong => {}
        Event::Ready { version } => {
            page.engine.update_value(|engine| {
                engine.ready = true;
                engine.version = version;
            });
            if page.opened.get_untracked() {
                Engine::train(page);
            }
        }
        Event::NeedFile { .. } => {}
        // A file of data that nobody waits for any more is no news.
        Event::Loading { name, .. }
            if page.config.with_untracked(|config| !config.files().contains(&name.as_str())) => {}
        Event::Loading { name, received, total } => {
            let complete = total.is_some_and(|total| received >= total);
            page.loading.set((!complete).then_some(Loading { name, received, total }));
        }
        Event::Backend(report) => page.backend.set(Some(report)),
        Event::Started { id, outline } if current(id) => {
            page.loading.set(None);
            // A device that was lost takes what was asked along.
            page.fronts.forget();
            page.engine.update_value(|engine| {
                engine.asked = None;
                engine.aggregating = None;
                engine.aggregated = None;
            });
            Engine::aggregate(page);
            let history = History::new(outline);
            if page.history.with_untracked(|old| old.runs.is_empty()) {
                page.history.set(history);
            } else {
                page.engine.update_value(|engine| engine.next = Some((history, super::painter::now())));
            }
        }
        Event::Frame { id, frame } if current(id) => {
            match page.engine.try_update_value(|engine| engine.next.take()).flatten() {
                Some((mut next, since)) => {
                    next.extend(frame);
                    let cursor = page.cursor.get_untracked();
                    let waits = super::painter::now() - since < CATCH_UP_MILLIS;
                    if waits && !next.finished && next.head() < cursor {
                        // The old curves give way at once to new ones that reach the cursor: nothing jumps.
                        page.engine.update_value(|engine| engine.next = Some((next, since)));
                        return page.send(&Command::FrameDrawn);
                    }
                    page.predictions.set(None);
                    page.probing.forget();
                    page.history.set(next);
                }
                None => page.history.update(|history| history.extend(frame)),
            }
            if !page.fresh.get_untracked() {
                page.fresh.set(true);
            }
            let painter = page.painter.get_value();
            painter.when_drawn(move || page.send(&Command::FrameDrawn));
        }
        Event::Predictions { id, runs, .. } if current(id) => {
            let asked = page.engine.try_update_value(|engine| engine.asked.take()).flatten();
            let (asked, records, preference) = asked.unwrap_or_default();
            let finished = page.history.with_untracked(|history| history.finished);
            let complete = finished || runs.iter().all(|run| *run != RunPredictions::default());
            page.predictions.set(Some(Predicted { asked, complete, records, preference, runs }));
        }
        Event::Aggregated { id, gradients, answers } if current(id) => {
            page.engine.update_value(|engine| engine.aggregated = engine.aggregating.take());
            // The newest question wins; what was asked before it is drawn all the same while the pointer moves.
            if page.arrows.rows.with_untracked(|rows| rows.as_ref().map(Vec::len) == Some(gradients.len())) {
                page.arrows.answers.set(answers);
            }
            Engine::aggregate(page);
        }
        Event::Probed { id, probed } if current(id) => page.probing.hear(probed),
        Event::Sharpness { id, reading } if current(id) => page.sharpness.hear(reading),
        Event::Swept { id, portion } if current(id) => page.fronts.hear(portion),
        Event::Planned { id, number, plan } if current(id) => page.land.hear_plan(page, number, plan),
        Event::Truth { id, truth } if current(id) => page.land.hear_truth(truth),
        Event::Seeds { id, progress } if current(id) => page.seeds.set(Some(progress)),
        Event::Done { id, seconds } if current(id) => page.done.set(Some(seconds)),
        Event::Failed { id, code, message } if id.is_none_or(current) => {
            page.loading.set(None);
            match code {
                FailureCode::Panic => page.trouble.set(Some(Trouble::Worker(message))),
                // The device may go while everything else holds: the chip and the report say what follows.
                FailureCode::Device if page.history.with_untracked(|history| !history.runs.is_empty()) => {
                    page.notices.set(vec![message]);
                }
                code => {
                    page.playing.set(false);
                    page.trouble.set(Some(Trouble::Failed { code, message }));
                }
            }
        }
        Event::Started { .. }
        | Event::Frame { .. }
        | Event::Predictions { .. }
        | Event::Seeds { .. }
        | Event::Aggregated { .. }
        | Event::Probed { .. }
        | Event::Planned { .. }
        | Event::Truth { .. }
        | Event::Prepared { .. }
        | Event::Surveyed { .. }
        | Event::Wandered { .. }
        | Event::Swept { .. }
        | Event::Sharpness { .. }
        | Event::Done { .. }
        | Event::Trained { .. }
        | Event::Progress { .. }
        | Event::Failed { .. } => {}
    }
}
