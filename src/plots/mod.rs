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
pub mod ink;
mod layers;
mod losses;
mod metrics;
mod paint;
mod pair_series;
mod picture;
mod place;
mod predictions;
mod seeds;
mod series;
mod sharing;
mod triad;
mod weights;

pub use axis::{count, number, percent};
pub use cosine::Aspect;
pub use gradients::{Arrow, Frozen, Look, Orbit, Pointer, VIEWS, arrows, freeze};
pub use ink::{Color, Ink, RunStyle, Shape};
pub use layers::{Choice, Inside};
pub use paint::{Paint, SANS, SERIF, paint, svg};
pub use picture::{
    Anchor, Face, Grip, Image, Measure, Picture, Point, Rect, Stage, StepAxis, Stroke, Text, Turn, typical_width,
};
pub use place::spread;

use crate::protocol::{InputOutline, RunPredictions};
use crate::train::History;

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
    /// What the view of conflicts shows.
    pub aspect: Aspect,
    /// The run whose gradients the arrows show (runs stand at different points), and whose samples.
    pub at_run: usize,
    /// What only the gradients read.
    pub look: Look<'a>,
    /// How the tasks pull inside that run's network, and what is chosen there.
    pub inside: Inside<'a>,
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
    /// Whether it draws [`Scene::predictions`], which are computed only while somebody looks.
    pub reads_predictions: bool,
}

/// What a reader can switch at a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    None,
    /// Logarithmic or linear losses.
    LogScale,
    /// The run whose numbers are shown.
    AtRun,
    /// The same, lines of methods, and arrows that can be held and moved.
    Arrows,
    /// What the view of conflicts shows.
    Aspect,
    /// The run, layers or rows, and which of them.
    Inside,
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
];

/// The entry with this view id.
pub fn plot(id: &str) -> Option<&'static Plot> {
    PLOTS.iter().find(|plot| plot.id == id)
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
