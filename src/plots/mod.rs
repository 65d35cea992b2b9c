//! Pictures of a history. One file a plot, one line each in [`PLOTS`]; drawn by plotters on any backend.
//!
//! A plot is a pure function from a [`Scene`] to a [`Picture`], a list of strokes in CSS px. The page
//! paints it on canvases, tests and exports as SVG, with the same code and ink. What plotters lacks
//! (halos, hatching, dashes, direct labels pushed apart) is made of plain strokes over its backend.

mod axis;
mod conflict_series;
mod conflict_strips;
mod cosine;
pub mod flatness;
mod front;
mod gradients;
mod indicators;
pub mod ink;
mod landscape;
mod layers;
mod losses;
mod manifold;
mod metrics;
mod orbit;
mod paint;
mod pair_series;
mod picture;
mod place;
mod predictions;
mod ruler;
mod seeds;
mod series;
mod sharing;
mod triad;
mod triangle;
mod weights;

use axis::cosine;
pub use axis::{count, number, percent};
pub use gradients::{Arrow, Frozen, Look, Pointer, arrows, freeze, held_headline};
pub use ink::{Color, Ink, RunStyle, Shape};
pub use landscape::{Badge, Land, Wind, badge, pareto, wind};
pub use layers::{Choice, Inside};
pub use orbit::{Orbit, SURFACE_VIEWS, VIEWS};
pub use paint::{Outline, Paint, SANS, SERIF, paint, svg};
pub use picture::{
    Anchor, Face, Grip, Image, Measure, Picture, PlaneAxis, Point, Rect, Stage, StepAxis, Stroke, Text, Turn,
    typical_width,
};
pub use place::spread;
pub use triangle::Triangle;

use crate::config::{Along, Aspect};
use crate::protocol::{InputOutline, RunPredictions};
use crate::train::{Fronts, History, KeptRun, Readings, Rows, RunHistory};

/// What a plot may look at. Steps are view steps; nothing here changes a number.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub history: &'a History,
    /// Predictions at the view cursor, when they have arrived.
    pub predictions: Option<&'a [RunPredictions]>,
    /// View cursor.
    pub step: u32,
    /// Step under the pointer or keyboard, in any linked plot.
    pub hover: Option<u32>,
    /// Which runs are drawn, by run index; their colors go by position. Missing entries are drawn.
    pub shown: &'a [bool],
    /// Losses on a log axis.
    pub log_losses: bool,
    /// What losses and test metrics are drawn over.
    pub along: Along,
    /// What the view of conflicts shows.
    pub aspect: Aspect,
    /// How sharp the losses are along the runs, as far as that was read.
    pub readings: Option<&'a Readings>,
    /// The run whose gradients the arrows show (runs stand at different points), and whose samples.
    pub at_run: usize,
    /// What only the gradients read.
    pub look: Look<'a>,
    /// How the tasks pull inside that run's network, and what is chosen there.
    pub inside: Inside<'a>,
    /// The map of losses, and how it is looked at.
    pub land: Land<'a>,
    /// Runs of earlier experiments on the same tasks that are drawn beside these.
    pub kept: &'a [Kept<'a>],
    /// Fronts that runs have learned, and where on them the reader stands.
    pub fronts: Swept<'a>,
}

/// Learned fronts, as far as they were swept.
#[derive(Clone, Copy, Default)]
pub struct Swept<'a> {
    pub known: Option<&'a Fronts>,
    /// (K) Where the reader stands, on the simplex; empty where nobody does.
    pub preference: &'a [f64],
    /// Held-out rows that losses and metrics are told of.
    pub rows: Rows,
    /// Metrics on the axes instead of losses.
    pub metrics: bool,
    /// Of three tasks, lines over one axis a task where there is no room for them beside space.
    pub lines: bool,
}

/// A run from the shelf.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<'a> {
    /// Its method, and what was different: `PCGrad, learning rate .01`.
    pub name: String,
    pub run: &'a KeptRun,
    /// The run whose color it takes: of the same method.
    pub like: Option<usize>,
}

/// One entry of [`PLOTS`].
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// View id: `view=` in links, `plot-<id>` and `table-<id>` in the page.
    pub id: &'static str,
    pub title: &'static str,
    /// One muted phrase beside the title.
    pub subtitle: fn(&Scene) -> String,
    /// CSS px that the plot wants at least on a phone, for a number of tasks.
    pub least_height: fn(&Scene) -> f64,
    pub draw: fn(&Scene, &Stage) -> Picture,
    /// The same facts as a table at the view cursor.
    pub table: fn(&Scene) -> Table,
    /// Every recorded value in long format, for [`csv`].
    pub data: fn(&Scene) -> Table,
    /// One or two sentences for screen readers.
    pub summary: fn(&Scene) -> String,
    /// The one control beside its title.
    pub switch: fn(&Scene) -> Switch,
    /// Whether it shows medians where there are several seeds, and not the first one alone.
    pub shows_all_seeds: fn(&Scene) -> bool,
    /// Whether it draws [`Scene::predictions`], which are computed only while somebody looks.
    pub reads_predictions: bool,
    /// Whether its code comes with the page, because the default experiment shows it at once.
    pub at_once: bool,
}

/// What is known of a plot before its code has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub id: &'static str,
    pub title: &'static str,
}

/// What a reader can switch at a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    None,
    /// Logarithmic or linear losses, and what they are drawn over.
    LogScale,
    /// What curves are drawn over.
    Along,
    /// The run whose numbers are shown.
    AtRun,
    /// The same, lines of methods, and arrows that can be held and moved.
    Arrows,
    /// What the view of conflicts shows.
    Aspect,
    /// The run, layers or rows, and which of them.
    Inside,
    /// Plane, height and grid of the map, contours or surface, and the run that is read.
    Landscape,
    /// Losses or metrics, and of which held-out rows.
    Front,
}

/// The one list of plots, in the order of the tabs.
pub const PLOTS: &[Plot] = &[
    losses::PLOT,
    gradients::PLOT,
    cosine::PLOT,
    weights::PLOT,
    front::PLOT,
    metrics::PLOT,
    predictions::PLOT,
    layers::PLOT,
    landscape::PLOT,
];

/// The names of [`PLOTS`], in the same order. They refer to no code, so a program that reads them need not have it.
pub const NAMES: &[Name] = &{
    let mut names = [Name { id: "", title: "" }; PLOTS.len()];
    let mut at = 0;
    while at < PLOTS.len() {
        names[at] = Name { id: PLOTS[at].id, title: PLOTS[at].title };
        at += 1;
    }
    names
};

/// Those of [`PLOTS`] whose code comes with the page.
pub static AT_ONCE: [Plot; count_at_once()] = {
    let mut plots = [losses::PLOT; count_at_once()];
    let (mut at, mut found) = (0, 0);
    while at < PLOTS.len() {
        if PLOTS[at].at_once {
            plots[found] = PLOTS[at];
            found += 1;
        }
        at += 1;
    }
    plots
};

const fn count_at_once() -> usize {
    let (mut at, mut count) = (0, 0);
    while at < PLOTS.len() {
        if PLOTS[at].at_once {
            count += 1;
        }
        at += 1;
    }
    count
}

/// The name with this view id.
pub fn name(id: &str) -> Option<&'static Name> {
    NAMES.iter().find(|name| name.id == id)
}

/// The entry with this view id.
pub fn plot(id: &str) -> Option<&'static Plot> {
    PLOTS.iter().find(|plot| plot.id == id)
}

/// What stands beside the plot's title; of several seeds a plot that shows but one says so.
pub fn subtitle(plot: &Plot, scene: &Scene) -> String {
    let words = (plot.subtitle)(scene);
    match (shows_first_seed(plot, scene), words.is_empty()) {
        (false, _) => words,
        (true, true) => "first seed".to_owned(),
        (true, false) => format!("first seed, {words}"),
    }
}

/// What a screen reader says of the plot, with the same care.
pub fn summary(plot: &Plot, scene: &Scene) -> String {
    let words = (plot.summary)(scene);
    if shows_first_seed(plot, scene) { format!("Of the first seed. {words}") } else { words }
}

fn shows_first_seed(plot: &Plot, scene: &Scene) -> bool {
    !(plot.shows_all_seeds)(scene) && scene.history.n_seeds() > 1 && scene.look.frozen.is_none()
}

/// What is to be known of a run's learned front before a point of it is chosen, in a sentence; empty where it is plain.
pub fn front_verdict(scene: &Scene, run: usize) -> String {
    manifold::verdict(scene, run)
}

/// Where the reader stands on a run's learned front, in a sentence or two; empty before that is known.
pub fn front_here(scene: &Scene, run: usize) -> String {
    manifold::here_words(scene, run)
}

/// What the first run's learned front offers, in a sentence; `None` where there is none to speak of.
pub fn front_headline(scene: &Scene) -> Option<String> {
    manifold::headline(scene)
}

/// What the runs are worth that stand in loss space, a row a run: hypervolume and what else is measured of points.
pub fn front_measures(scene: &Scene) -> Table {
    indicators::table(scene)
}

/// Whether the plot draws learned fronts, which are swept only while somebody looks.
pub fn reads_fronts(plot: &Plot) -> bool {
    plot.id == front::PLOT.id
}

/// Whether the plot draws the probe of [`Inside`], which is computed only while somebody looks.
pub fn reads_probe(plot: &Plot, layer: Option<usize>) -> bool {
    plot.id == layers::PLOT.id || (plot.id == gradients::PLOT.id && layer.is_some())
}

/// A plot's numbers as words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }
}

/// The table as comma-separated values (RFC 4180, `\n` lines), with ASCII minus signs.
pub fn csv(table: &Table) -> String {
    let cell = |text: &String| {
        let plain = text.replace('−', "-");
        if plain.contains([',', '"', '\n', '\r']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
    };
    let line = |cells: &Vec<String>| cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\n";
    std::iter::once(&table.columns).chain(&table.rows).map(line).collect()
}

impl<'a> Scene<'a> {
    /// A history as nobody has chosen anything yet, at step 0.
    pub fn of(history: &'a History) -> Self {
        Self {
            history,
            predictions: None,
            step: 0,
            hover: None,
            shown: &[],
            log_losses: true,
            along: Along::default(),
            aspect: Aspect::default(),
            readings: None,
            at_run: 0,
            look: Look::default(),
            inside: Inside::default(),
            land: Land::default(),
            kept: &[],
            fronts: Swept::default(),
        }
    }
}

impl Scene<'_> {
    /// Indices of the drawn runs.
    pub(crate) fn runs(&self) -> Vec<usize> {
        let hidden = |run: &usize| self.shown.get(*run).is_some_and(|shown| !shown);
        (0..self.history.runs.len()).filter(|run| !hidden(run)).collect()
    }

    pub(crate) fn n_tasks(&self) -> usize {
        self.history.outline.n_tasks
    }

    /// Whether the losses are formulas of the parameters: no network, no rows, no test split.
    pub(crate) fn is_analytic(&self) -> bool {
        matches!(self.history.outline.input, InputOutline::Parameters { .. })
    }

    /// Whether losses are drawn on a log axis: as asked for, unless an analytic problem's go below 0.
    pub(crate) fn logs_losses(&self) -> bool {
        let runs = self.history.runs.iter().flat_map(|run| run.records.iter().flat_map(|record| &record.losses));
        let references = self.history.references.iter().flat_map(|known| known.losses.iter().map(|(_, loss)| loss));
        let signed = || self.is_analytic() && runs.chain(references).any(|loss| *loss <= 0.0);
        self.log_losses && !signed()
    }

    /// The run's name; `run 3` where the outline has none.
    pub(crate) fn run_name(&self, run: usize) -> String {
        let label = self.history.outline.runs.get(run).map(|outline| outline.label.clone());
        label.filter(|label| !label.is_empty()).unwrap_or_else(|| format!("run {}", run + 1))
    }

    pub(crate) fn task_name(&self, task: usize) -> String {
        let name = self.history.outline.tasks.get(task).map(|outline| outline.name.clone());
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("task {}", task + 1))
    }

    /// Backward passes through the shared network in one step of the run.
    pub(crate) fn backward_passes(&self, run: usize) -> f64 {
        self.history.outline.runs.get(run).map_or(0, |outline| outline.backward_passes) as f64
    }

    /// What a step of the run took on the machine that trains; 0 before that is known.
    pub(crate) fn millis_per_step(&self, run: usize) -> f64 {
        self.history.runs.get(run).map_or(0.0, RunHistory::millis_per_step)
    }

    /// The last step of the experiment, at least 1.
    pub(crate) fn last_step(&self) -> u32 {
        let recorded = self.history.runs.iter().filter_map(|run| run.records.last());
        let reached = recorded.map(|record| record.step).max().unwrap_or(0);
        self.history.outline.steps.max(reached).max(1)
    }

    /// Whether anything was recorded yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.history.runs.iter().all(|run| run.records.is_empty())
    }

    /// The step at which the run diverged; everything before it is known.
    pub(crate) fn diverged(&self, run: usize) -> Option<u32> {
        self.history.runs.get(run)?.diverged.as_ref().map(|end| end.step)
    }
}

/// A loss axis' word for the current scale.
fn scale_word(log: bool) -> &'static str {
    if log { "log scale" } else { "linear scale" }
}

/// Full-precision number for data tables; empty for what is no number.
fn exact(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}
