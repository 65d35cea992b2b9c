//! Where in the network the tasks pull, layer by layer and unit by unit, and which rows set them against each other.
//!
//! All numbers are those of one run at a stored checkpoint, on the rows of one batch. Blue is agreement, orange
//! conflict, as everywhere.

mod examples;
mod stack;

use crate::measure::layers::{least_cosine, total};
use crate::protocol::{LayerPull, Probed, ProbedRows, Pull, Record};
use crate::train::{History, RunHistory};

use super::picture::{Anchor, LABEL, Pen, Rect, TICK};
use super::{Color, Picture, Plot, Scene, Stage, Switch, Table, axis, exact};

pub(super) const PLOT: Plot = Plot {
    id: "layers",
    title: "Inside the network",
    subtitle,
    least_height: |scene| match probed(scene) {
        Some(_) if scene.inside.examples => 420.0,
        probed => 64.0 + stack::TALL * probed.map_or(2, |probed| probed.layers.len().max(1)) as f64,
    },
    draw,
    table: |scene| match probed(scene) {
        Some(probed) if scene.inside.examples => examples::table(scene, probed),
        Some(probed) => stack::table(scene, probed),
        None => Table::new(["layer"]),
    },
    data,
    summary,
    switch: |_| Switch::Inside,
    shows_all_seeds: |_| false,
    reads_predictions: false,
    at_once: false,
};

/// Said in the place of layers that cannot be.
const NO_NETWORK: &str = "An analytic problem has no layers, units or rows: its parameters are the whole of it. \
                          Gradients shows how they pull.";

/// What a reader can choose in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Layer(usize),
    /// A row of the training split.
    Example(u32),
}

/// What is known of the inside of a network, and what the reader chose there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inside<'a> {
    /// The probe at the view cursor, when it has arrived, or why there is none.
    pub probed: Option<&'a Result<Probed, String>>,
    /// The layer at which the gradient view stands; the whole network otherwise.
    pub layer: Option<usize>,
    /// Whether single rows are shown instead of layers.
    pub examples: bool,
    /// The chosen row of the training split.
    pub example: Option<u32>,
    /// Whether rows go by their cosine, the lowest first; else as in their batch.
    pub worst_first: bool,
}

/// The probe, if it is of the run that the view stands at and fits the tasks.
fn probed<'s>(scene: &Scene<'s>) -> Option<&'s Probed> {
    let k = scene.n_tasks();
    let probed = scene.inside.probed?.as_ref().ok().filter(|probed| probed.run as usize == scene.at_run)?;
    let whole = |layer: &LayerPull| layer.gramian.len() == k * k && layer.units.iter().all(|unit| unit.len() == k * k);
    let rows = probed.examples.iter().all(|row| row.gramian.len() == k * k && row.losses.len() == k);
    (k > 0 && rows && !probed.layers.is_empty() && probed.layers.iter().all(whole)).then_some(probed)
}

/// (K, K) Gramian over all shared parameters.
fn whole(scene: &Scene, probed: &Probed) -> Vec<f64> {
    total(probed.layers.iter().map(|layer| &layer.gramian[..]), scene.n_tasks())
}

/// The layer that is chosen and exists.
fn chosen_layer(scene: &Scene, probed: &Probed) -> Option<usize> {
    scene.inside.layer.filter(|layer| *layer < probed.layers.len())
}

/// Calls `see` with what the gradient view sees: the chosen layer alone, where one is chosen and known.
pub(super) fn at_layer<T>(scene: &Scene, see: impl FnOnce(&Scene) -> T) -> T {
    match history_of_layer(scene) {
        Some(history) => see(&Scene { history: &history, ..*scene }),
        None => see(scene),
    }
}

/// `layer 2 of 3 only` where the gradient view stands at a layer; else empty.
pub(super) fn layer_words(scene: &Scene) -> String {
    let known = probed(scene).and_then(|probed| Some((chosen_layer(scene, probed)?, probed.layers.len(), probed.step)));
    known.map_or_else(String::new, |(layer, of, step)| format!("layer {} of {of} only, step {step}", layer + 1))
}

/// A history with one record, that of the chosen layer: its Gramian, and what wᵀG is there for the weights that
/// methods gave for the whole. What the optimizer did to a layer alone is not known.
fn history_of_layer(scene: &Scene) -> Option<History> {
    let probed = probed(scene)?;
    let k = scene.n_tasks();
    let gramian = &probed.layers[chosen_layer(scene, probed)?].gramian;
    let run = scene.history.runs.get(scene.at_run)?;
    // Weights belong to the gradients of their own step and batch.
    let own_batch = probed.rows == ProbedRows::default() && probed.counted == probed.of;
    let record = run.at(probed.step).filter(|record| own_batch && record.step == probed.step);
    let compared = record.map_or_else(Vec::new, |record| record.compared.clone());
    // A method whose d is no sum of these rows says so by comparing nothing.
    let sums = compared.get(scene.at_run).is_some_and(|own| !own.is_empty());
    let weights = record.filter(|_| sums).map_or(&[][..], |record| &record.weights);
    let mut pull = Pull { gramian: gramian.clone(), ..Pull::default() };
    if weights.len() == k {
        let along = |i: usize| (0..k).map(|j| gramian[i * k + j] * weights[j]).sum();
        pull.along_direction = (0..k).map(along).collect();
        let square: f64 = pull.along_direction.iter().zip(weights).map(|(product, weight)| product * weight).sum();
        pull.direction_length = square.max(0.0).sqrt();
    }
    let losses = record.map_or_else(|| vec![0.0; k], |record| record.losses.clone());
    let record = Record { step: probed.step, losses, pull: Some(pull), compared, ..Record::default() };
    let mut history = History { outline: scene.history.outline.clone(), ..History::default() };
    history.runs = vec![RunHistory::default(); scene.history.runs.len()];
    history.runs[scene.at_run].records.push(record);
    history.runs[scene.at_run].diverged.clone_from(&run.diverged);
    Some(history)
}

fn subtitle(scene: &Scene) -> String {
    if scene.is_analytic() {
        return String::new();
    }
    let name = scene.run_name(scene.at_run);
    let Some(probed) = probed(scene) else { return format!("at {name}") };
    let rows = match &probed.rows {
        ProbedRows::Batch(batch) => format!("batch of step {}", batch.unwrap_or(probed.step)),
        ProbedRows::Chosen(rows) => match rows[..] {
            [row] => format!("row {row} alone"),
            _ => format!("{} chosen rows", rows.len()),
        },
    };
    let part =
        if probed.counted < probed.of { format!(", first {} of {}", probed.counted, probed.of) } else { String::new() };
    format!("{name}, step {}, {rows}{part}", probed.step)
}

/// What is said instead of a picture, if there is none.
fn absence(scene: &Scene) -> Option<String> {
    if scene.is_analytic() {
        return Some(NO_NETWORK.to_owned());
    }
    if scene.n_tasks() == 1 {
        return Some("One task cannot conflict. Add a task to see where in the network they pull.".to_owned());
    }
    if scene.is_empty() {
        return Some("Where in the network the tasks pull appears here with the first checkpoint.".to_owned());
    }
    let name = scene.run_name(scene.at_run);
    if let Some(at) = scene.diverged(scene.at_run).filter(|at| *at <= scene.step) {
        return Some(format!("{name} diverged at step {at}: it has no gradients here. Step back to see its last."));
    }
    match scene.inside.probed {
        Some(Err(why)) => Some(why.clone()),
        _ if probed(scene).is_none() => Some(format!("The layers of {name} appear here when they are computed.")),
        _ => None,
    }
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let pen = Pen::new(stage);
    if let Some(words) = absence(scene) {
        return pen.empty(&words);
    }
    match probed(scene) {
        Some(probed) if scene.inside.examples => examples::draw(scene, pen, probed),
        Some(probed) => stack::draw(scene, pen, probed),
        None => pen.picture,
    }
}

/// The palette from agreement to conflict with its zero, `width` px and words wide; returns where it ends.
fn palette(pen: &mut Pen, left: f64, y: f64) -> f64 {
    let ink = pen.ink();
    pen.tick((left, y + 4.0), "+1 agree", Anchor::Start);
    let from = left + pen.stage.text_width("+1 agree", TICK) + 8.0;
    let pixels = (0..36).map(|i| ink.signed(f64::from(i) / 17.5 - 1.0, 1.0).rgb).collect();
    pen.image(Rect { left: from, top: y - 3.0, right: from + 72.0, bottom: y + 3.0 }, 36, pixels);
    pen.line(vec![(from + 36.0, y - 5.0), (from + 36.0, y + 5.0)], 1.0, ink.edge);
    let words = "−1 conflict";
    pen.tick((from + 80.0, y + 4.0), words, Anchor::Start);
    from + 80.0 + pen.stage.text_width(words, TICK)
}

/// Ground of a cell that stands for a cosine; faint where it is noise, sunk where there is none.
fn ground(pen: &Pen, cosine: Option<f64>, noise: bool) -> Color {
    let ink = pen.ink();
    match cosine {
        Some(cosine) if noise => ink.bg.mix(ink.signed(-cosine, 1.0), 0.25),
        Some(cosine) => ink.signed(-cosine, 1.0),
        None => ink.sunk,
    }
}

/// `1, 3` for a pair of tasks; nothing where there is only one pair.
fn pair_words(scene: &Scene, (i, j): (usize, usize)) -> String {
    if scene.n_tasks() == 2 { String::new() } else { format!("{}, {}", i + 1, j + 1) }
}

/// The least cosine and, with more than two tasks, whose it is.
fn cosine_words(scene: &Scene, gramian: &[f64]) -> String {
    match least_cosine(gramian, scene.n_tasks()) {
        None => "–".to_owned(),
        Some((i, j, cosine)) if scene.n_tasks() > 2 => {
            format!("{} ({}, {})", axis::cosine(cosine), scene.task_name(i), scene.task_name(j))
        }
        Some((_, _, cosine)) => axis::cosine(cosine),
    }
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "layer", "unit", "row", "task", "other_task", "quantity", "value"]);
    let Some(probed) = probed(scene) else { return table };
    let k = scene.n_tasks();
    let (step, run) = (probed.step.to_string(), scene.run_name(scene.at_run));
    let mut push = |place: [String; 3], task: String, other: String, quantity: &str, value: f64| {
        let [layer, unit, row] = place;
        let cells = [step.clone(), run.clone(), layer, unit, row, task, other, quantity.to_owned(), exact(value)];
        table.rows.push(cells.to_vec());
    };
    let mut gramian = |place: [String; 3], values: &[f64]| {
        for (idx, value) in values.iter().enumerate().filter(|(idx, _)| idx / k <= idx % k) {
            push(place.clone(), scene.task_name(idx / k), scene.task_name(idx % k), "gramian", *value);
        }
    };
    for (index, layer) in probed.layers.iter().enumerate() {
        let name = (index + 1).to_string();
        gramian([name.clone(), String::new(), String::new()], &layer.gramian);
        for (unit, values) in layer.units.iter().enumerate() {
            gramian([name.clone(), (unit + 1).to_string(), String::new()], values);
        }
    }
    for example in &probed.examples {
        gramian([String::new(), String::new(), example.row.to_string()], &example.gramian);
    }
    for example in &probed.examples {
        for (task, loss) in example.losses.iter().enumerate() {
            let place = [String::new(), String::new(), example.row.to_string()];
            push(place, scene.task_name(task), String::new(), "loss", *loss);
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    if let Some(words) = absence(scene) {
        return words;
    }
    match probed(scene) {
        Some(probed) if scene.inside.examples => examples::summary(scene, probed),
        Some(probed) => stack::summary(scene, probed),
        None => String::new(),
    }
}
