//! What the page remembers of the gradient view: how it is turned, which lines it has, and gradients held in the hand.
//!
//! Held gradients are a part of the configuration, so links and undo have them; the worker says what the methods make
//! of them. A drag is one step of undo, and one question to the worker is on its way at a time.

use super::engine::Engine;
use super::page::Page;
use crate::balance::Construction;
use crate::config::gradients::GRADIENTS;
use crate::config::{Edit, ExperimentConfig};
use crate::plots::{Frozen, Grip, Look, Orbit, freeze};
use crate::protocol::Aggregation;
use leptos::prelude::*;

/// Steps of the arrow keys and buttons, as a share of the picture's radius; with Shift.
const STEP: f64 = 0.05;
const FAR: f64 = 0.25;
/// Radians by which an arrow key turns space; with Shift three times as far.
const TURN: f64 = std::f64::consts::PI / 36.0;

/// What the worker is asked: gradients, losses of the step, and the step.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub gradients: Vec<f64>,
    pub losses: Vec<f64>,
    pub step: u32,
}

/// Signals of the gradient view; copied freely.
#[derive(Clone, Copy)]
pub struct ArrowsState {
    pub orbit: RwSignal<Orbit>,
    /// Whether methods draw their construction lines.
    pub lines: RwSignal<bool>,
    /// The task whose arrow keys and boxes move.
    pub chosen: RwSignal<usize>,
    /// The length that reaches to the rim while an arrow is dragged.
    pub extent: RwSignal<Option<f64>>,
    /// What the runs make of the held gradients; empty until it is known.
    pub answers: RwSignal<Vec<Aggregation>>,
    /// (K, K) the held gradients.
    pub rows: Memo<Option<Vec<f64>>>,
    /// What they were when they were taken.
    pub taken: RwSignal<Option<Vec<f64>>>,
    constructions: Memo<Vec<Option<Construction>>>,
}

impl ArrowsState {
    pub fn new(config: RwSignal<ExperimentConfig>) -> Self {
        let lines = RwSignal::new(false);
        let rows = Memo::new(move |_| config.with(|config| config.view.gradients.clone()));
        let taken = RwSignal::new(None);
        Effect::watch(
            move || rows.get(),
            move |rows, before, _| {
                let size = |rows: &Option<Vec<f64>>| rows.as_ref().map(Vec::len);
                let same_tasks = before.is_some_and(|before| size(before).is_some() && size(before) == size(rows));
                if !same_tasks {
                    taken.set(rows.clone());
                }
            },
            true,
        );
        Self {
            orbit: RwSignal::new(Orbit::default()),
            lines,
            chosen: RwSignal::new(0),
            extent: RwSignal::new(None),
            answers: RwSignal::new(Vec::new()),
            rows,
            taken,
            constructions: Memo::new(move |_| {
                if !lines.get() {
                    return Vec::new();
                }
                config.with(|config| config.runs.iter().map(|run| run.construction(config.n_tasks())).collect())
            }),
        }
    }

    /// Tracks everything of it that is drawn.
    pub fn track(self) {
        self.orbit.track();
        self.extent.track();
        self.chosen.track();
        self.answers.track();
        self.rows.track();
        self.constructions.track();
    }

    /// Calls `see` with what the gradient view reads.
    pub fn with_look<T>(self, see: impl FnOnce(Look) -> T) -> T {
        let (orbit, extent, chosen) = (self.orbit.get(), self.extent.get(), self.chosen.get());
        self.constructions.with(|constructions| {
            self.rows.with(|rows| {
                self.answers.with(|answers| {
                    let frozen = rows.as_ref().map(|rows| Frozen { rows, answers });
                    see(Look { orbit, constructions, frozen, extent, chosen: Some(chosen) })
                })
            })
        })
    }
}

/// What the worker should be asked now; `None` while nothing is held.
pub fn question(page: Page) -> Option<Question> {
    let gradients = page.arrows.rows.get_untracked()?;
    let step = page.step.get_untracked();
    let run = page.at_run.get_untracked();
    let losses = page.history.with_untracked(|history| {
        let record = history.runs.get(run).and_then(|run| run.at(step));
        record.map(|record| record.losses.clone()).unwrap_or_default()
    });
    Some(Question { gradients, losses, step })
}

/// Asks the worker whenever something changed that the answer depends on.
pub fn follow(page: Page) {
    Effect::new(move |_| {
        page.step.track();
        page.at_run.track();
        page.history.track();
        if page.arrows.rows.with(Option::is_some) {
            Engine::aggregate(page);
        } else if page.arrows.answers.with_untracked(|answers| !answers.is_empty()) {
            page.arrows.answers.set(Vec::new());
        }
    });
}

/// Takes the gradients of the shown step in the hand, or lets them go.
pub fn toggle(page: Page) {
    let held = page.arrows.rows.with_untracked(Option::is_some);
    let rows = if held { None } else { untrack(move || page.with_scene(freeze)).or_else(|| first_preset(page)) };
    if let Err(sentence) = page.edit(Edit::Gradients(rows)) {
        // Gradients on the way to divergence may be too long to be held.
        page.notices.update(|notices| notices.push(sentence));
    }
}

fn first_preset(page: Page) -> Option<Vec<f64>> {
    let k = page.config.with_untracked(ExperimentConfig::n_tasks);
    GRADIENTS.first().and_then(|preset| preset.rows(k)).map(<[f64]>::to_vec)
}

/// Puts the named gradients in the place of the held ones.
pub fn choose_preset(page: Page, id: &str) {
    let k = page.config.with_untracked(ExperimentConfig::n_tasks);
    let Some(rows) = GRADIENTS.iter().find(|preset| preset.id == id).and_then(|preset| preset.rows(k)) else { return };
    page.arrows.taken.set(Some(rows.to_vec()));
    // Presets are valid by test.
    let _ = page.edit(Edit::Gradients(Some(rows.to_vec())));
}

/// Back to what was taken.
pub fn reset(page: Page) {
    if let Some(rows) = page.arrows.taken.get_untracked() {
        // It was valid when it was taken.
        let _ = page.edit(Edit::Gradients(Some(rows)));
    }
}

/// Sets one coordinate of a held gradient.
///
/// # Errors
/// A sentence for the control that asked.
pub fn set_coordinate(page: Page, task: usize, axis: usize, value: f64) -> Result<(), String> {
    let Some(mut rows) = page.arrows.rows.get_untracked() else { return Ok(()) };
    let k = page.config.with_untracked(ExperimentConfig::n_tasks);
    if let Some(entry) = rows.get_mut(task * k + axis) {
        *entry = value;
    }
    page.edit(Edit::Gradients(Some(rows)))
}

/// Moves one coordinate by a step of the buttons.
pub fn nudge(page: Page, task: usize, axis: usize, up: bool, far: bool) -> Result<(), String> {
    let Some(rows) = page.arrows.rows.get_untracked() else { return Ok(()) };
    let k = page.config.with_untracked(ExperimentConfig::n_tasks);
    let step = reach(&rows) * if far { FAR } else { STEP } * if up { 1.0 } else { -1.0 };
    let value = rows.get(task * k + axis).copied().unwrap_or(0.0);
    set_coordinate(page, task, axis, short(value + step, reach(&rows)))
}

/// The longest coordinate, of which steps are a share; 1 where all are zero.
fn reach(rows: &[f64]) -> f64 {
    let longest = rows.iter().fold(0.0_f64, |longest, x| longest.max(x.abs()));
    if longest > 0.0 { longest } else { 1.0 }
}

/// A thousandth of `scale` is as fine as a hand places a tip; links stay short.
fn short(x: f64, scale: f64) -> f64 {
    let digits = 3 - scale.abs().max(1e-30).log10().floor() as i32;
    let text = if digits > 0 { format!("{x:.*}", digits as usize) } else { format!("{x:.0}") };
    text.parse::<f64>().unwrap_or(x) + 0.0
}

/// A pointer that moves a tip or turns space.
#[derive(Debug, Clone, PartialEq)]
pub enum Drag {
    Tip { task: usize, from: (f64, f64), rows: Vec<f64>, grip: Grip, begun: bool },
    Space { last: (f64, f64), radius: f64 },
}

impl Drag {
    /// The pointer is at (x, y) now.
    pub fn go_on(&mut self, page: Page, (x, y): (f64, f64)) {
        match self {
            Self::Tip { task, from, rows, grip, begun } => {
                let moved = moved(rows, *task, grip.moved(x - from.0, y - from.1), grip.extent);
                if page.arrows.rows.with_untracked(|now| now.as_ref() == Some(&moved)) {
                    return;
                }
                let edit = Edit::Gradients(Some(moved));
                // The first move is the step of undo that the whole drag is. Beyond the range a tip stays.
                let done = if *begun { page.edit_further(&edit) } else { page.edit(edit) };
                *begun |= done.is_ok();
            }
            Self::Space { last, radius } => {
                let (dx, dy) = (x - last.0, y - last.1);
                *last = (x, y);
                page.arrows.orbit.update(|orbit| *orbit = orbit.turned(-dx / *radius, dy / *radius));
            }
        }
    }
}

fn moved(rows: &[f64], task: usize, by: [f64; 3], extent: f64) -> Vec<f64> {
    let k = if rows.len() == 4 { 2 } else { 3 };
    let mut rows = rows.to_vec();
    for (axis, by) in by.into_iter().take(k).enumerate() {
        if let Some(entry) = rows.get_mut(task * k + axis) {
            *entry = short(*entry + by, extent);
        }
    }
    rows
}

/// Arrow keys move the chosen tip, Page Up and Page Down along the line of sight; Enter chooses the next. Whether the
/// key was one of these.
pub fn move_by_key(page: Page, grip: &Grip, key: &str, far: bool) -> bool {
    let Some(rows) = page.arrows.rows.get_untracked() else { return false };
    let n_tasks = grip.tips.len().max(1);
    let chosen = page.arrows.chosen.get_untracked() % n_tasks;
    let step = grip.extent * if far { FAR } else { STEP };
    let px = step / grip.unit;
    let by = match key {
        "ArrowLeft" => grip.moved(-px, 0.0),
        "ArrowRight" => grip.moved(px, 0.0),
        "ArrowUp" => grip.moved(0.0, -px),
        "ArrowDown" => grip.moved(0.0, px),
        "PageUp" if n_tasks == 3 => grip.toward.map(|x| -step * x),
        "PageDown" if n_tasks == 3 => grip.toward.map(|x| step * x),
        "Enter" => {
            page.arrows.chosen.set((chosen + 1) % n_tasks);
            return true;
        }
        _ => return false,
    };
    // Beyond the range a tip stays.
    let _ = page.edit(Edit::Gradients(Some(moved(&rows, chosen, by, grip.extent))));
    true
}

/// Arrow keys turn space. Whether the key was one of these.
pub fn turn_by_key(page: Page, key: &str, far: bool) -> bool {
    let turn = if far { 3.0 * TURN } else { TURN };
    let (around, over) = match key {
        "ArrowLeft" => (-turn, 0.0),
        "ArrowRight" => (turn, 0.0),
        "ArrowUp" => (0.0, turn),
        "ArrowDown" => (0.0, -turn),
        _ => return false,
    };
    page.arrows.orbit.update(|orbit| *orbit = orbit.turned(around, over));
    true
}
