//! Learned fronts: swept while somebody looks, and the place on them that the preference says.

use super::engine::Engine;
use super::page::Page;
use crate::config::ExperimentConfig;
use crate::plots::reads_fronts;
use crate::protocol::{AskedSweep, Command, RunId, SweepPortion};
use crate::train::{Fronts, Rows};
use leptos::prelude::*;

/// Points spread over a front that is looked at in peace, and over one that is still trained.
const POINTS: u32 = 101;
const POINTS_ON_THE_WAY: u32 = 21;
/// How many times a front is swept while its run is trained or played through.
const SWEEPS: u32 = 40;

/// What a sweep was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    run: RunId,
    step: u32,
    points: u32,
}

/// What was swept of the open start; copied freely.
#[derive(Clone, Copy)]
pub struct FrontState {
    pub fronts: RwSignal<Fronts>,
    /// Held-out rows that losses are told of.
    pub rows: RwSignal<Rows>,
    /// Metrics on the axes.
    pub metrics: RwSignal<bool>,
    /// Of three tasks, lines where there is no room for them beside space.
    pub lines: RwSignal<bool>,
    asked: StoredValue<Option<Asked>>,
    /// The preference that the worker was told last, and of which start.
    told: StoredValue<Option<(RunId, Vec<f64>)>>,
    /// Counts questions.
    number: StoredValue<u32>,
}

impl FrontState {
    pub fn new() -> Self {
        Self {
            fronts: RwSignal::new(Fronts::default()),
            rows: RwSignal::new(Rows::default()),
            metrics: RwSignal::new(false),
            lines: RwSignal::new(false),
            asked: StoredValue::new(None),
            told: StoredValue::new(None),
            number: StoredValue::new(0),
        }
    }

    /// What was swept belongs to another start.
    pub fn forget(self) {
        self.asked.set_value(None);
        self.told.set_value(None);
        if self.fronts.with_untracked(|fronts| *fronts != Fronts::default()) {
            self.fronts.set(Fronts::default());
        }
    }

    /// A portion came, or why there is none.
    pub fn hear(self, portion: Result<SweepPortion, String>) {
        self.fronts.update(|fronts| match portion {
            Ok(portion) => fronts.insert(portion),
            Err(why) => fronts.refuse(why),
        });
    }

    pub fn track(self) {
        self.fronts.track();
        self.rows.track();
        self.metrics.track();
        self.lines.track();
    }
}

/// Whether a run of this experiment learns a front.
pub fn learns(config: &ExperimentConfig) -> bool {
    config.runs.iter().any(|run| run.learned().is_some())
}

/// Sweeps fronts of the open start, and follows the preference along them.
pub fn follow(page: Page) {
    let state = page.fronts;
    let ready = Memo::new(move |_| {
        let opened = page.trouble.with(Option::is_none) && page.fresh.get() && page.config.with(learns);
        opened && page.history.with(|history| history.runs.iter().any(|run| !run.records.is_empty()))
    });
    let preference = Memo::new(move |_| page.config.with(ExperimentConfig::preference));
    // Another preference is another place on every front: told, asked about and looked at anew, never trained.
    // A start is told too: the preference may have moved since its link was sent.
    Effect::new(move |_| {
        let now = preference.get();
        if !ready.get() {
            return;
        }
        let told = Some((page.engine.with_value(|engine| engine.current()), now.clone()));
        if state.told.with_value(|before| *before == told) {
            return;
        }
        let preference = now.clone();
        if page.engine.with_value(|engine| engine.ask(|id| Command::Prefer { id, preference })) {
            state.told.set_value(told);
            ask(page, page.step.get_untracked(), &now, 0);
            Engine::predict(page);
        }
    });
    Effect::new(move |_| {
        if !ready.get() || page.history.with(|history| history.head()) == 0 {
            return;
        }
        let looked_at = page.plots_on_screen().into_iter().any(reads_fronts);
        let (step, steps) = (page.step.get(), page.config.with(|config| config.training.steps));
        let moving = page.playing.get() || !page.history.with(|history| history.finished);
        let stride = if moving { (steps / SWEEPS).max(1) } else { 1 };
        let points = match (looked_at, moving) {
            (false, _) => 0,
            (true, true) => POINTS_ON_THE_WAY,
            (true, false) => POINTS,
        };
        let run = page.engine.with_value(|engine| engine.current());
        let wanted = Asked { run, step: step / stride * stride, points };
        let under_way = state.fronts.with(Fronts::is_under_way);
        if state.asked.get_value() == Some(wanted) || (under_way && points > 0) {
            return;
        }
        if ask(page, step, &preference.get_untracked(), points) {
            state.asked.set_value(Some(wanted));
        }
    });
}

/// Asks for the point of this preference, and for so many others.
fn ask(page: Page, step: u32, preference: &[f64], points: u32) -> bool {
    let state = page.fronts;
    let number = state.number.get_value() + 1;
    let preference = Some(preference.to_vec());
    let asked = AskedSweep { number, step, preference, points, all_runs: true, rows: 0 };
    let sent = page.engine.with_value(|engine| engine.ask(|id| Command::Sweep { id, asked }));
    if sent {
        state.number.set_value(number);
        let n_runs = page.history.with_untracked(|history| history.runs.len());
        state.fronts.update(|fronts| {
            if points > 0 {
                fronts.expect(number, n_runs);
            } else {
                fronts.here.resize(n_runs, None);
            }
        });
    }
    sent
}
