//! How sharp the losses are along the runs: asked for while somebody looks, kept as it comes.

use super::page::Page;
use crate::config::Aspect;
use crate::plots::Switch;
use crate::protocol::{AskedSharpness, Command, RunId, SharpnessReading};
use crate::train::Readings;
use leptos::prelude::*;

/// What was read of the open start; copied freely.
#[derive(Clone, Copy)]
pub struct Sharpness {
    pub readings: RwSignal<Readings>,
    /// Why there are none, in a sentence.
    pub why: RwSignal<Option<String>>,
    /// The start that was asked about.
    asked: StoredValue<Option<RunId>>,
}

impl Sharpness {
    pub fn new() -> Self {
        Self { readings: RwSignal::new(Readings::default()), why: RwSignal::new(None), asked: StoredValue::new(None) }
    }

    /// Calls `look` with what plots read of it, tracking every signal.
    pub fn with<T>(self, look: impl FnOnce(Result<Option<&Readings>, &str>) -> T) -> T {
        self.why.with(|why| {
            self.readings.with(|readings| match why {
                Some(why) => look(Err(why)),
                None => look(Ok(Some(readings))),
            })
        })
    }

    /// Tracks everything that pictures show of it.
    pub fn track(self) {
        self.with(|_| ());
    }

    /// A reading came.
    pub fn hear(self, reading: Result<SharpnessReading, String>) {
        match reading {
            Ok(reading) => self.readings.update(|readings| readings.insert(reading)),
            Err(why) => self.why.set(Some(why)),
        }
    }
}

/// Asks once a start, as soon as flatness is what is looked at.
pub fn follow(page: Page) {
    Effect::new(move |_| {
        let looked_at = page.aspect.get() == Aspect::Flatness
            && page.trouble.with(Option::is_none)
            && page
                .plots_on_screen()
                .iter()
                .any(|plot| page.with_scene(|scene| (plot.switch)(scene)) == Switch::Aspect);
        let n_runs = page.history.with(|history| if history.head() > 0 { history.runs.len() } else { 0 });
        let run = page.engine.with_value(|engine| engine.current());
        let sharpness = page.sharpness;
        if !looked_at || n_runs == 0 || !page.fresh.get() || sharpness.asked.get_value() == Some(run) {
            return;
        }
        let asked = AskedSharpness::default();
        if page.engine.with_value(|engine| engine.ask(|id| Command::Sharpness { id, asked })) {
            sharpness.asked.set_value(Some(run));
            sharpness.why.set(None);
            sharpness.readings.set(Readings::new(n_runs));
        }
    });
}
