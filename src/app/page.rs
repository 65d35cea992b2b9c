//! The state of the page as signals, and the few ways to change it.
//!
//! Components read signals and call methods of [`Page`]; nothing else writes. The page owns no parameters: it
//! holds the configuration, what the worker reported, and where the reader looks.

use super::arrows::ArrowsState;
use super::engine::Engine;
use super::events::{self, Redone};
use super::fronts::FrontState;
use super::land::LandState;
use super::later::Part;
use super::painter::Painter;
use super::probing::Probing;
use super::sharpness::Sharpness;
use super::shelf::{self, Shelf};
use super::{address, storage};
use crate::config::link::Rejected;
use crate::config::presets::{self, Preset, default_preset};
use crate::config::{Along, Aspect, Edit, ExperimentConfig, Theme, needs_restart};
use crate::plots::{AT_ONCE, Kept, Plot, Scene, Swept, name};
use crate::protocol::{BackendReport, Command, FailureCode, RunPredictions, SeedProgress};
use crate::train::History;
use leptos::prelude::*;
use std::rc::Rc;

/// Edits that can be taken back.
const UNDO: usize = 100;
/// Two edits of the same control within this time are taken back together.
const SAME_EDIT_MILLIS: f64 = 1000.0;
/// Least time between two sets of numbers on the cards.
const TOLD_MILLIS: f64 = 80.0;
/// How long a moving slider may wait before the worker starts again.
const RESTART_MILLIS: u64 = 60;

/// Why there is a card in the place of the views.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// The address holds a link that must not be run as it stands.
    Link(Box<Rejected>),
    /// The worker cannot go on.
    Worker(String),
    /// The worker goes on, but not with this experiment.
    Failed { code: FailureCode, message: String },
}

impl Trouble {
    /// What the card says, in one line.
    pub fn sentence(&self) -> String {
        match self {
            Self::Link(rejected) => {
                let sentences = rejected.complaints.iter().map(|complaint| complaint.sentence.as_str());
                std::iter::once(rejected.cause.headline()).chain(sentences).collect::<Vec<_>>().join(" ")
            }
            Self::Worker(reason) => format!("The training worker stopped: {}.", reason.trim_end_matches('.')),
            Self::Failed { message, .. } => message.clone(),
        }
    }
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loading {
    pub name: String,
    pub received: u64,
    pub total: Option<u64>,
}

/// Predictions that arrived, and the step they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    pub asked: u32,
    /// Whether every run answered; one that has no checkpoint yet may answer later.
    pub complete: bool,
    /// Records known when it was asked for.
    pub records: usize,
    /// (K) Where on learned fronts it was asked for.
    pub preference: Vec<f64>,
    pub runs: Vec<RunPredictions>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawer {
    Problem,
    Methods,
}

/// What floats above the page; one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    Presets,
    Share,
    Export,
    Help,
    Backend,
    Menu,
}

/// Everything a component may need; copied freely.
#[derive(Clone, Copy)]
pub struct Page {
    pub config: RwSignal<ExperimentConfig>,
    /// Whether the configuration is an experiment the reader asked for, and not a stand-in for a damaged link.
    pub opened: RwSignal<bool>,
    pub trouble: RwSignal<Option<Trouble>>,
    /// Sentences about the link that was opened.
    pub notices: RwSignal<Vec<String>>,

    pub history: RwSignal<History>,
    /// Whether the history is that of the configuration, and not of the one before the last edit.
    pub fresh: RwSignal<bool>,
    pub predictions: RwSignal<Option<Predicted>>,
    /// What is seen inside the network.
    pub probing: Probing,
    pub backend: RwSignal<Option<BackendReport>>,
    pub loading: RwSignal<Option<Loading>>,
    /// Seconds the computation took, when it is done.
    pub done: RwSignal<Option<f64>>,
    /// How far the seeds are, where there are several.
    pub seeds: RwSignal<Option<SeedProgress>>,

    /// View cursor: where the reader wants to look.
    pub cursor: RwSignal<u32>,
    /// The step that is drawn: the view cursor, or the computed head while it is behind.
    pub step: Memo<u32>,
    /// The same for words and numbers of cards, at most so often as one can read: laying them out anew costs a browser
    /// as much as several plots.
    pub told: Signal<u32>,
    pub hover: RwSignal<Option<u32>>,
    pub playing: RwSignal<bool>,
    pub speed: RwSignal<f64>,
    /// Which runs the reader wants to see, by run.
    pub visible: RwSignal<Vec<bool>>,
    /// On a narrow screen, the runs that are drawn.
    pub narrow_pick: RwSignal<Vec<usize>>,
    pub at_run: RwSignal<usize>,
    pub log_losses: RwSignal<bool>,
    pub arrows: ArrowsState,
    pub land: LandState,
    pub sharpness: Sharpness,
    pub fronts: FrontState,
    pub aspect: RwSignal<Aspect>,
    /// What losses and test metrics are drawn over.
    pub along: RwSignal<Along>,
    /// Finished runs of earlier experiments.
    pub shelf: Shelf,
    /// The maximized view; `None` is the overview.
    pub view: RwSignal<Option<&'static str>>,
    pub tiles: RwSignal<Vec<&'static str>>,
    /// Views that show their table.
    pub tables: RwSignal<Vec<&'static str>>,
    /// The part of the program that the first picture does not need.
    pub later: Part,
    pub theme: RwSignal<Option<Theme>>,
    pub dark: Signal<bool>,
    pub narrow: Signal<bool>,
    pub still: Signal<bool>,
    pub drawer: RwSignal<Option<Drawer>>,
    pub float: RwSignal<Option<Float>>,

    pub past: RwSignal<Vec<ExperimentConfig>>,
    pub future: RwSignal<Vec<ExperimentConfig>>,
    /// Edits that trained the open experiment again.
    pub edits: RwSignal<Vec<Redone>>,
    last_edit: StoredValue<(String, f64)>,
    restarts: StoredValue<u32>,
    /// Pairs of the opened link that this version does not know.
    pub unknown: StoredValue<Vec<(String, String)>>,
    pub engine: StoredValue<Engine, LocalStorage>,
    pub painter: StoredValue<Rc<Painter>, LocalStorage>,
}

impl Page {
    /// A page that has opened nothing yet.
    pub fn new() -> Self {
        let theme = RwSignal::new(storage::theme());
        let system_dark = leptos_use::use_media_query("(prefers-color-scheme: dark)");
        let config = default_preset().config();
        let runs = config.runs.len();
        let tiles = presets::tiles(&config).to_vec();
        let cursor = RwSignal::new(config.view.step);
        let config = RwSignal::new(config);
        let history = RwSignal::new(History::default());
        let step = Memo::new(move |_| {
            let cursor = cursor.get();
            history.with(|history| if history.runs.is_empty() { cursor } else { cursor.min(history.head()) })
        });
        Self {
            cursor,
            step,
            told: leptos_use::signal_throttled(step, TOLD_MILLIS),
            config,
            opened: RwSignal::new(false),
            trouble: RwSignal::new(None),
            notices: RwSignal::new(Vec::new()),
            history,
            fresh: RwSignal::new(false),
            predictions: RwSignal::new(None),
            probing: Probing::new(),
            backend: RwSignal::new(None),
            loading: RwSignal::new(None),
            done: RwSignal::new(None),
            seeds: RwSignal::new(None),
            hover: RwSignal::new(None),
            playing: RwSignal::new(false),
            speed: RwSignal::new(1.0),
            visible: RwSignal::new(vec![true; runs]),
            narrow_pick: RwSignal::new(vec![0, 2]),
            at_run: RwSignal::new(0),
            log_losses: RwSignal::new(true),
            arrows: ArrowsState::new(config),
            land: LandState::new(),
            sharpness: Sharpness::new(),
            fronts: FrontState::new(),
            aspect: RwSignal::new(Aspect::default()),
            along: RwSignal::new(Along::default()),
            shelf: Shelf::new(config),
            view: RwSignal::new(None),
            tiles: RwSignal::new(tiles),
            tables: RwSignal::new(Vec::new()),
            later: Part::new(),
            theme,
            dark: Signal::derive(move || match theme.get() {
                Some(theme) => theme == Theme::Dark,
                None => system_dark.get(),
            }),
            narrow: leptos_use::use_media_query("(max-width: 700px)"),
            still: leptos_use::use_media_query("(prefers-reduced-motion: reduce)"),
            drawer: RwSignal::new(None),
            float: RwSignal::new(None),
            past: RwSignal::new(Vec::new()),
            future: RwSignal::new(Vec::new()),
            edits: RwSignal::new(Vec::new()),
            last_edit: StoredValue::new((String::new(), 0.0)),
            restarts: StoredValue::new(0),
            unknown: StoredValue::new(Vec::new()),
            engine: StoredValue::new_local(Engine::default()),
            painter: StoredValue::new_local(Rc::new(Painter::default())),
        }
    }

    // What is open.

    /// Opens what the address holds; a link that cannot be trusted is shown, not run.
    pub fn open_address(self) {
        match crate::config::link::parse(&address::hash()) {
            Ok(parsed) => {
                self.notices.set(parsed.notices);
                self.unknown.set_value(parsed.unknown);
                self.open(parsed.config);
            }
            Err(rejected) => {
                self.playing.set(false);
                self.send(&Command::Pause);
                self.opened.set(false);
                self.trouble.set(Some(Trouble::Link(Box::new(rejected))));
            }
        }
    }

    /// Opens a popover, or closes it when it is open.
    pub fn toggle(self, float: Float) {
        self.float.update(|open| *open = if *open == Some(float) { None } else { Some(float) });
    }

    /// Starts this experiment and looks where it says.
    pub fn open(self, config: ExperimentConfig) {
        self.playing.set(false);
        self.edits.set(Vec::new());
        shelf::keep_now(self);
        self.look(&config);
        let other_data = !self.opened.get_untracked()
            || self.config.with_untracked(|old| (old.data(), old.analytic()) != (config.data(), config.analytic()));
        self.config.set(config);
        self.opened.set(true);
        self.restart_now(other_data);
    }

    /// Starts from a preset, with an entry in the browser's history.
    pub fn open_preset(self, preset: &'static Preset) {
        let before = self.config.get_untracked();
        let Ok(config) = before.apply(&Edit::Preset(preset.id.into())) else { return };
        if self.opened.get_untracked() {
            self.remember(before, "");
        }
        self.notices.set(Vec::new());
        self.unknown.set_value(Vec::new());
        let from_the_start = config.view.step == 0;
        self.open(config);
        address::push(self);
        // The reader asked for an experiment that is watched from its first step.
        self.playing.set(from_the_start && !self.still.get_untracked());
    }

    /// Goes back to a kept experiment; the one before can be had by undo.
    pub fn open_kept(self, mut config: ExperimentConfig) {
        let before = self.config.get_untracked();
        if !needs_restart(&before, &config) {
            return;
        }
        config.view.clone_from(&before.view);
        config.view.step = self.cursor.get_untracked().min(config.training.steps);
        self.remember(before, "");
        self.notices.set(Vec::new());
        self.open(config);
        address::push(self);
    }

    fn look(self, config: &ExperimentConfig) {
        self.cursor.set(config.view.step);
        self.hover.set(None);
        self.at_run.set(0);
        self.aspect.set(config.view.aspect);
        self.along.set(config.view.along);
        self.probing.layer.set(None);
        self.probing.example.set(None);
        self.probing.rows.set(Default::default());
        self.visible.set(vec![true; config.runs.len()]);
        self.narrow_pick.set(if config.runs.len() > 2 { vec![0, 2] } else { vec![0, 1] });
        if let Some(theme) = config.view.theme {
            self.theme.set(Some(theme));
        }
        let known = |id: &&'static str| name(id).is_some();
        let views: Vec<&'static str> = config.view.views.iter().copied().filter(known).collect();
        self.view.set(if let [only] = views[..] { Some(only) } else { None });
        let missing: Vec<&str> = config.view.views.iter().copied().filter(|id| !known(id)).collect();
        if !missing.is_empty() {
            let sentence = format!("This version has no view {} yet; the rest of the link holds.", missing.join(", "));
            self.notices.update(|notices| notices.push(sentence));
        }
        // What a link asks for comes first; the preset's tiles fill the rest.
        let mut tiles = if views.len() > 1 { views } else { Vec::new() };
        for id in presets::tiles(config) {
            if tiles.len() < 4 && !tiles.contains(&id) {
                tiles.push(id);
            }
        }
        tiles.truncate(4);
        self.tiles.set(tiles);
    }

    // Edits.

    /// Changes the configuration; it stays valid, and the worker starts again if it must.
    ///
    /// # Errors
    /// A sentence for the control that asked.
    pub fn edit(self, edit: Edit) -> Result<(), String> {
        let before = self.config.get_untracked();
        let after = before.apply(&edit).map_err(|complaint| complaint.sentence)?;
        if after == before {
            return Ok(());
        }
        self.follow_runs(&before, &after, &edit);
        self.remember(before.clone(), &control(&edit));
        if needs_restart(&before, &after) {
            events::remember(self, events::what(&edit));
        }
        self.adopt(&before, after);
        Ok(())
    }

    /// As [`Page::edit`], but a part of the change before it: undo takes both back together.
    ///
    /// # Errors
    /// A sentence for the control that asked.
    pub fn edit_further(self, edit: &Edit) -> Result<(), String> {
        let before = self.config.get_untracked();
        let after = before.apply(edit).map_err(|complaint| complaint.sentence)?;
        if after != before {
            self.adopt(&before, after);
        }
        Ok(())
    }

    /// Keeps each run's visibility with the run when runs are added or removed.
    fn follow_runs(self, before: &ExperimentConfig, after: &ExperimentConfig, edit: &Edit) {
        let old = self.visible.get_untracked();
        let visible = match edit {
            Edit::RemoveRun(at) => {
                old.iter().enumerate().filter(|(i, _)| i != at).map(|(_, visible)| *visible).collect()
            }
            Edit::ToggleMethod(id) if after.runs.len() < before.runs.len() => {
                before.runs.iter().zip(old).filter(|(run, _)| run.method.id != id).map(|(_, visible)| visible).collect()
            }
            _ => old,
        };
        self.set_visible(visible, after.runs.len());
    }

    fn set_visible(self, mut visible: Vec<bool>, runs: usize) {
        visible.resize(runs, true);
        if self.visible.with_untracked(|old| *old != visible) {
            self.visible.set(visible);
        }
        if self.at_run.get_untracked() >= runs {
            self.at_run.set(0);
        }
        self.narrow_pick.update(|pick| {
            pick.retain(|run| *run < runs);
            if pick.is_empty() {
                pick.push(0);
            }
        });
    }

    fn remember(self, mut before: ExperimentConfig, control: &str) {
        before.view.step = self.cursor.get_untracked();
        let now = super::painter::now();
        let (last, when) = self.last_edit.get_value();
        self.last_edit.set_value((control.into(), now));
        self.future.update(Vec::clear);
        if !control.is_empty() && last == control && now - when < SAME_EDIT_MILLIS {
            return;
        }
        self.past.update(|past| {
            if past.len() == UNDO {
                past.remove(0);
            }
            past.push(before);
        });
    }

    pub fn undo(self) {
        self.travel(self.past, self.future);
    }

    pub fn redo(self) {
        self.travel(self.future, self.past);
    }

    fn travel(self, from: RwSignal<Vec<ExperimentConfig>>, to: RwSignal<Vec<ExperimentConfig>>) {
        let Some(config) = from.try_update(Vec::pop).flatten() else { return };
        let before = self.config.get_untracked();
        let cursor = self.cursor.get_untracked();
        // Fewer steps had pushed the cursor to the new end; with them back, so is the cursor.
        let pushed = cursor == before.training.steps && config.training.steps > cursor;
        let back = config.view.step;
        to.update(|to| {
            let mut left = before.clone();
            left.view.step = cursor;
            to.push(left);
        });
        self.last_edit.set_value((String::new(), 0.0));
        // Hidden runs stay hidden wherever they stand now.
        let seen = self.visible.get_untracked();
        let place = |run: usize| (config.runs[run].method.id, crate::config::copy_of_run(&config, run));
        let shown = |run: usize| {
            let old = (0..before.runs.len())
                .find(|old| (before.runs[*old].method.id, crate::config::copy_of_run(&before, *old)) == place(run));
            old.and_then(|old| seen.get(old).copied()).unwrap_or(true)
        };
        let visible = (0..config.runs.len()).map(shown).collect();
        self.set_visible(visible, config.runs.len());
        self.adopt(&before, config);
        if pushed {
            self.seek(back);
        }
    }

    fn adopt(self, before: &ExperimentConfig, after: ExperimentConfig) {
        // What could not be trained as it was is tried again as it is now.
        let restart = needs_restart(before, &after) || self.trouble.with_untracked(Option::is_some);
        let tasks = |config: &ExperimentConfig| (config.subject.id(), config.subject.task_names());
        let other_data = tasks(before) != tasks(&after);
        self.cursor.update(|step| *step = (*step).min(after.training.steps));
        // Tiles that nobody chose follow what is trained.
        if self.tiles.get_untracked() == presets::tiles(before) {
            self.tiles.set(presets::tiles(&after).to_vec());
        }
        if restart {
            // What is finished and about to be trained away stays within reach.
            shelf::keep_now(self);
        }
        self.config.set(after);
        self.opened.set(true);
        if !restart {
            return;
        }
        self.fresh.set(false);
        self.arrows.answers.set(Vec::new());
        // What the worker still sends is about the configuration before.
        self.engine.update_value(Engine::abandon);
        if other_data {
            // A time line of other data has nothing to do with them, nor has a choice of its rows.
            self.edits.set(Vec::new());
            self.probing.rows.set(Default::default());
            self.restart_now(true);
            return;
        }
        let turn = self.restarts.try_update_value(|turn| {
            *turn += 1;
            *turn
        });
        set_timeout(
            move || {
                if Some(self.restarts.get_value()) == turn {
                    self.restart_now(false);
                }
            },
            std::time::Duration::from_millis(RESTART_MILLIS),
        );
    }

    /// Trains the configuration from step 0. The old curves stay until the first new ones, unless they are
    /// about something else.
    fn restart_now(self, forget: bool) {
        self.restarts.update_value(|turn| *turn += 1);
        self.fresh.set(false);
        self.done.set(None);
        self.seeds.set(None);
        self.loading.set(None);
        if forget {
            self.history.set(History::default());
            self.predictions.set(None);
            self.probing.forget();
        }
        match self.trouble.get_untracked() {
            // A worker that is gone trains nothing; a new one starts with what is wanted now.
            Some(Trouble::Worker(_)) => {
                self.trouble.set(None);
                Engine::begin(self);
            }
            _ => {
                self.trouble.set(None);
                Engine::train(self);
            }
        }
    }

    pub fn send(self, command: &Command) {
        self.engine.with_value(|engine| engine.send(command));
    }

    // Where the reader looks.

    /// Moves the view cursor.
    pub fn seek(self, step: u32) {
        let last = self.config.with_untracked(|config| config.training.steps);
        let step = step.min(last);
        if self.cursor.get_untracked() != step {
            self.cursor.set(step);
        }
    }

    pub fn seek_by(self, steps: i64) {
        self.playing.set(false);
        self.seek((i64::from(self.cursor.get_untracked()) + steps).clamp(0, i64::from(u32::MAX)) as u32);
    }

    /// Plays from the cursor, or from step 0 at the end; or pauses.
    pub fn set_playing(self, playing: bool) {
        if playing {
            let steps = self.config.with_untracked(|config| config.training.steps);
            let end = self.history.with_untracked(|history| if history.finished { history.head() } else { steps });
            if self.cursor.get_untracked() >= end {
                self.cursor.set(0);
            }
            self.hover.set(None);
        }
        self.playing.set(playing);
    }

    /// Which runs are drawn.
    pub fn shown(self) -> Vec<bool> {
        let visible = self.visible.get();
        if !self.narrow.get() {
            return visible;
        }
        let pick = self.narrow_pick.get();
        (0..visible.len()).map(|run| pick.contains(&run)).collect()
    }

    /// Draws the run or hides it; on a narrow screen the run chosen longest ago makes room.
    pub fn toggle_run(self, run: usize) {
        if self.narrow.get_untracked() {
            self.narrow_pick.update(|pick| {
                if let Some(at) = pick.iter().position(|chosen| *chosen == run) {
                    if pick.len() > 1 {
                        pick.remove(at);
                    }
                } else {
                    pick.push(run);
                    if pick.len() > 2 {
                        pick.remove(0);
                    }
                }
            });
        } else {
            self.visible.update(|visible| {
                if let Some(visible) = visible.get_mut(run) {
                    *visible = !*visible;
                }
            });
        }
    }

    /// The configuration with where the reader looks, as links hold it.
    pub fn with_view(self) -> ExperimentConfig {
        let mut config = self.config.get();
        config.view.step = self.cursor.get().min(config.training.steps);
        config.view.along = self.along.get();
        config.view.aspect = self.aspect.get();
        config.view.views = match self.view.get() {
            Some(view) => vec![view],
            // The overview has its preset's tiles unless the reader or a link chose others.
            None => {
                let tiles = self.tiles.get();
                if tiles == presets::tiles(&config) { Vec::new() } else { tiles }
            }
        };
        config
    }

    /// Calls `look` with what plots read, tracking every signal of it.
    pub fn with_scene<T>(self, look: impl FnOnce(&Scene) -> T) -> T {
        let shown = self.shown();
        let at_run = self.at_run.get();
        let step = self.step.get();
        let (hover, log_losses, aspect) = (self.hover.get(), self.log_losses.get(), self.aspect.get());
        let along = self.along.get();
        self.history.with(|history| {
            // Nothing is known beyond the head, so nothing can be read there.
            let hover = hover.filter(|step| *step <= history.head());
            self.probing.with(|inside| {
                self.predictions.with(|predictions| {
                    let predictions = predictions.as_ref().map(|predicted| predicted.runs.as_slice());
                    let shown = &shown;
                    self.arrows.with_look(|held| {
                        self.config.with(|config| {
                            self.land.with(config, held.orbit, |land| {
                                self.shelf.with_drawn(history, |kept: &[Kept]| {
                                    self.sharpness.readings.with(|readings| {
                                        self.fronts.fronts.with(|fronts| {
                                            look(&Scene {
                                                readings: Some(readings),
                                                history,
                                                predictions,
                                                step,
                                                hover,
                                                shown,
                                                log_losses,
                                                along,
                                                aspect,
                                                at_run,
                                                look: held,
                                                inside,
                                                kept,
                                                land,
                                                fronts: Swept {
                                                    known: Some(fronts),
                                                    preference: &config.preference(),
                                                    rows: self.fronts.rows.get(),
                                                    metrics: self.fronts.metrics.get(),
                                                    lines: self.fronts.lines.get(),
                                                },
                                            })
                                        })
                                    })
                                })
                            })
                        })
                    })
                })
            })
        })
    }

    /// The plots that are on the screen and whose code is here.
    pub fn plots_on_screen(self) -> Vec<&'static Plot> {
        let ids: Vec<&'static str> = match self.view.get() {
            Some(view) => vec![view],
            None => self.tiles.get(),
        };
        ids.into_iter().filter_map(|id| self.plot(id)).collect()
    }

    /// The plot with this view id, once its code is here. Tracks its coming.
    pub fn plot(self, id: &str) -> Option<&'static Plot> {
        let fits = |plot: &&Plot| plot.id == id;
        AT_ONCE.iter().find(fits).or_else(|| self.later.get()?.plots.iter().find(fits))
    }
}

/// The slider that makes this edit, as a name: its edits in quick succession are one. Empty for everything else.
fn control(edit: &Edit) -> String {
    match edit {
        Edit::DataKnob { knob, .. } => format!("data {knob}"),
        Edit::LossScale { position, .. } => format!("scale {position}"),
        Edit::RunKnob { run, knob, .. } => format!("run {run} {knob}"),
        Edit::Width(_) => "width".into(),
        Edit::Depth(_) => "depth".into(),
        Edit::Momentum(_) => "momentum".into(),
        Edit::LearningRate(_) => "rate".into(),
        Edit::Clip(Some(_)) => "clip".into(),
        Edit::Steps(_) => "steps".into(),
        Edit::Preference(Some(_)) => "preference".into(),
        Edit::Start(_) => "start".into(),
        _ => String::new(),
    }
}

/// The page's state, anywhere below the root.
pub fn use_page() -> Page {
    expect_context::<Page>()
}
