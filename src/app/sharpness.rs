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
    /// The start that was asked about.
    asked: StoredValue<Option<RunId>>,
}

impl Sharpness {
    pub fn new() -> Self {
        Self { readings: RwSignal::new(Readings::default()), asked: StoredValue::new(None) }
    }

    /// What was read belongs to another start.
    pub fn forget(self) {
        self.asked.set_value(None);
        if self.readings.with_untracked(|readings| *readings != Readings::default()) {
            self.readings.set(Readings::default());
        }
    }

    /// A reading came, or why there is none.
    pub fn hear(self, reading: Result<SharpnessReading, String>) {
        self.readings.update(|readings| match reading {
            Ok(reading) => readings.insert(reading),
            Err(why) => readings.refusal = Some(why),
        });
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
            sharpness.readings.set(Readings::new(n_runs));
        }
    });
}
