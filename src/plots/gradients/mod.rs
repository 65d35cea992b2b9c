//! How the task gradients pull at one run's weights, exact from the Gramian, and whom each update helps.
//!
//! Two gradients span a plane and three a space, so the picture is isometric and nothing is projected; the sum of the
//! unit gradients points up. Four or more do not fit: their cosines stand in a matrix. The sign table decides in all
//! cases. Runs stand at different points, so all updates belong to the weights of one run and say so. Frozen gradients
//! belong to no run: the reader moves them, and the updates are what the methods make of them.

use crate::balance::Construction;
use crate::measure::arrows::{Arrows, Vector, dot, length, scaled};
use crate::measure::construction::{self, Piece};
use crate::measure::pull::{self, Effect};
use crate::protocol::{Aggregation, Record};

use super::axis;
use super::layers;
use super::orbit::Orbit;
use super::picture::{Pen, TICK};
use super::{Anchor, Picture, Plot, RunStyle, Scene, Shape, Stage, Switch, Table, exact, number};
use camera::Camera;
use matrix::matrix;
use plane::plane;
use signs::{signs, signs_height, tasks_are_rows};
use space::space;

mod camera;
mod matrix;
mod plane;
mod signs;
mod space;

pub(super) const PLOT: Plot = Plot {
    id: "gradients",
    title: "Gradients",
    subtitle: |scene| match scene.n_tasks() {
        _ if frozen(scene).is_some() => "frozen: drag the tips; all lengths to one scale".to_owned(),
        _ if !layers::layer_words(scene).is_empty() => {
            format!("{}, at {}", layers::layer_words(scene), scene.run_name(scene.at_run))
        }
        0..=3 if to_scale(scene) => format!("to scale, at {}", scene.run_name(scene.at_run)),
        0..=3 => format!("directions only, at {}", scene.run_name(scene.at_run)),
        _ => format!("cosines of all pairs, at {}", scene.run_name(scene.at_run)),
    },
    least_height: |scene| match scene.n_tasks() {
        0..=2 => 340.0,
        3 => 420.0,
        n => 420.0 + 10.0 * n as f64,
    },
    draw: |scene, stage| at_chosen_layer(scene, |scene| draw(scene, stage)),
    table: |scene| at_chosen_layer(scene, table),
    data,
    summary: |scene| at_chosen_layer(scene, summary),
    switch: |scene| if (2..=3).contains(&scene.n_tasks()) { Switch::Arrows } else { Switch::AtRun },
    shows_all_seeds: |_| false,
    reads_predictions: false,
    at_once: true,
};

/// The scene at the layer that is chosen in the view of layers; frozen gradients belong to none.
fn at_chosen_layer<T>(scene: &Scene, look: impl FnOnce(&Scene) -> T) -> T {
    if frozen(scene).is_some() { look(scene) } else { layers::at_layer(scene, look) }
}

/// What only this view reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// How three gradients are turned.
    pub orbit: Orbit,
    /// Construction lines of each run; empty where none are drawn.
    pub constructions: &'a [Option<Construction>],
    /// Gradients that the reader holds in the place of a run's.
    pub frozen: Option<Frozen<'a>>,
    /// The length that reaches to the rim while an arrow is dragged.
    pub extent: Option<f64>,
    /// The task whose arrow the keys move.
    pub chosen: Option<usize>,
}

/// Gradients without a run, and what every run's method makes of them.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'a> {
    /// (K, K) row-major: K gradients in K coordinates.
    pub rows: &'a [f64],
    /// One entry a run; empty until they are computed.
    pub answers: &'a [Aggregation],
}

/// A direction that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrow {
    pub what: Pointer,
    /// Its part in the span of two or three gradients, to scale (x right, y up, z towards the reader); else zero.
    pub drawn: Vector,
    /// Its true length.
    pub length: f64,
    /// (K) cosines with the task gradients; `None` where one of the two is zero.
    pub cosines: Vec<Option<f64>>,
    /// Share of its squared length outside the span of the gradients, in [0, 1].
    pub outside: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// gᵢ of this task.
    Gradient(usize),
    /// The direction d this run's method gives here (a step along −d).
    Update(usize),
    /// The step the optimizer of the run took, turned around to compare with d.
    Step(usize),
}

/// The record whose gradients are shown: of `at_run`, at the view cursor or the last one before.
fn record<'s>(scene: &Scene<'s>) -> Option<&'s Record> {
    let k = scene.n_tasks();
    let record = scene.history.runs.get(scene.at_run)?.pull_at(scene.step)?;
    let pull = record.pull.as_ref()?;
    (pull.gramian.len() == k * k && pull.gramian.iter().all(|entry| entry.is_finite())).then_some(record)
}

/// The gradients in the coordinates in which they are drawn; `None` without two or three.
fn frame(scene: &Scene) -> Option<Arrows> {
    let k = scene.n_tasks();
    if let Some(frozen) = frozen(scene) {
        return Arrows::of_rows(frozen.rows, k);
    }
    Arrows::of_gramian(&record(scene)?.pull.as_ref()?.gramian, k)
}

/// Frozen gradients that fit the tasks.
fn frozen<'s>(scene: &Scene<'s>) -> Option<Frozen<'s>> {
    let k = scene.n_tasks();
    scene.look.frozen.filter(|frozen| (2..=3).contains(&k) && frozen.rows.len() == k * k)
}

/// Rows (K, K) that hold the gradients of the shown step still, as they are drawn; `None` without two or three.
pub fn freeze(scene: &Scene) -> Option<Vec<f64>> {
    let rows = frame(scene)?.rows();
    let k = scene.n_tasks();
    // Four digits of each gradient's length are more than a picture shows, and keep links short.
    let rounded = |row: &[f64]| -> Vec<f64> {
        let top = row.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        let digits = if top > 1e-30 { 3 - top.log10().floor() as i32 } else { 30 };
        let entry =
            |x: &f64| if digits > 0 { format!("{x:.*}", digits as usize).parse().unwrap_or(0.0) } else { x.round() };
        // Minus zero is zero here.
        row.iter().map(|x| entry(x) + 0.0).collect()
    };
    Some(rows.chunks_exact(k).flat_map(rounded).collect())
}

/// Whether lengths are drawn, and not only directions: lines and arrows to drag mean nothing without.
fn to_scale(scene: &Scene) -> bool {
    frozen(scene).is_some() || !scene.look.constructions.is_empty()
}

/// Lines of all shown runs that draw some.
fn construction_pieces(scene: &Scene, arrows: &[Arrow]) -> Vec<(usize, Piece)> {
    let Some(frame) = frame(scene) else { return Vec::new() };
    let mut found = Vec::new();
    for run in scene.runs() {
        if let Some(Some(construction)) = scene.look.constructions.get(run) {
            let update = arrows.iter().find(|arrow| arrow.what == Pointer::Update(run)).map(|arrow| arrow.drawn);
            let pieces = construction::pieces(*construction, &frame, update);
            found.extend(pieces.into_iter().map(|piece| (run, piece)));
        }
    }
    found
}

fn draw_pieces(scene: &Scene, pen: &mut Pen, arrows: &[Arrow], camera: &Camera) {
    let Some(extent) = camera.extent else { return };
    for (run, piece) in construction_pieces(scene, arrows) {
        // What ends a thousand rims away, or has no end, is nowhere near the picture.
        let is_near = piece.reach() / extent < 1e3;
        if !is_near {
            continue;
        }
        let color = pen.ink().run(run).mark;
        match piece.times(1.0 / extent) {
            Piece::Path(points) => {
                let points: Vec<_> = points.into_iter().map(|point| camera.at(point)).collect();
                pen.dashed(&points, 1.25, color, &[1.5, 3.0], 0.0);
            }
            Piece::Point(point) => pen.ring(camera.at(point), 3.0, 1.25, color),
            // Seen from anywhere a ball is a disc of its own radius.
            Piece::Ball { center, radius } => {
                let (x, y) = camera.at(center);
                let r = radius * camera.radius;
                let at = |i: i32| f64::from(i) * std::f64::consts::TAU / 72.0;
                let rim: Vec<_> = (0..=72).map(|i| (x + r * at(i).cos(), y + r * at(i).sin())).collect();
                if r < 4000.0 {
                    pen.dashed(&rim, 1.0, color, &[1.5, 3.0], 0.0);
                }
            }
        }
    }
}

/// All arrows at the view cursor: K gradients, then the updates of the drawn runs, then the step. Frozen gradients have
/// no step.
pub fn arrows(scene: &Scene) -> Vec<Arrow> {
    let k = scene.n_tasks();
    if let Some(held) = frozen(scene) {
        return frozen_arrows(scene, held);
    }
    let Some(record) = record(scene) else { return Vec::new() };
    let Some(pull) = &record.pull else { return Vec::new() };
    let lengths = pull::lengths(&pull.gramian, k);
    let frame = Arrows::of_gramian(&pull.gramian, k);
    let embedding = pull::Embedding::new(&pull.gramian, k);

    // A vector known by its products with the gradients and its length, perhaps by its weights.
    let arrow = |what: Pointer, products: &[f64], length: f64, weights: Option<&[f64]>| -> Option<Arrow> {
        if products.len() != k || !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let cosines: Vec<Option<f64>> = (0..k).map(|i| pull::cosine(products[i], lengths[i], length)).collect();
        if cosines.iter().all(Option::is_none) {
            return None;
        }
        let mut drawn = [0.0; 3];
        let inside: f64 = if let Some(frame) = &frame {
            drawn = match weights {
                Some(weights) => frame.combine(weights),
                None => frame.place(products, length),
            };
            // Products at the level of rounding have no direction.
            let size = self::length(drawn);
            if !(size > 1e-6 * length && size.is_finite()) {
                return None;
            }
            (size / length).powi(2)
        } else {
            embedding.project(products).iter().map(|c| (c / length).powi(2)).sum()
        };
        let outside = if inside.is_finite() { (1.0 - inside).clamp(0.0, 1.0) } else { 0.0 };
        Some(Arrow { what, drawn, length, cosines, outside: if outside < 1e-6 { 0.0 } else { outside } })
    };

    let mut arrows = Vec::new();
    for i in 0..k {
        let cosines = (0..k).map(|j| pull::cosine(pull.gramian[i * k + j], lengths[i], lengths[j])).collect();
        let drawn = frame.as_ref().map_or([0.0; 3], |frame| frame.gradient(i));
        arrows.push(Arrow { what: Pointer::Gradient(i), drawn, length: lengths[i], cosines, outside: 0.0 });
    }
    for run in scene.runs() {
        let what = Pointer::Update(run);
        let weights = record.compared.get(run).filter(|weights| weights.len() == k);
        // After the last step nothing was applied any more: there the weights say what d would be.
        if run == scene.at_run && !pull.along_direction.is_empty() {
            arrows.extend(arrow(what, &pull.along_direction, pull.direction_length, None));
        } else if let Some(weights) = weights {
            let products: Vec<f64> =
                (0..k).map(|i| (0..k).map(|j| pull.gramian[i * k + j] * weights[j]).sum()).collect();
            let square: f64 = products.iter().zip(weights).map(|(p, w)| p * w).sum();
            arrows.extend(arrow(what, &products, square.max(0.0).sqrt(), Some(weights)));
        }
    }
    if !scene.runs().contains(&scene.at_run) {
        return arrows;
    }
    let backwards: Vec<f64> = pull.along_step.iter().map(|product| -product).collect();
    arrows.extend(arrow(Pointer::Step(scene.at_run), &backwards, pull.step_length, None));
    arrows
}

fn frozen_arrows(scene: &Scene, held: Frozen) -> Vec<Arrow> {
    let Some(frame) = Arrows::of_rows(held.rows, scene.n_tasks()) else { return Vec::new() };
    let arrow = |what: Pointer, drawn: Vector| {
        let size = length(drawn);
        // Unit vectors keep the cosine where a product would leave the range.
        let cosine = |u: &Vector| pull::cosine(dot(*u, scaled(1.0 / size, drawn)), length(*u), 1.0);
        Arrow { what, drawn, length: size, cosines: frame.units().iter().map(cosine).collect(), outside: 0.0 }
    };
    let mut arrows: Vec<Arrow> = (0..frame.n_tasks()).map(|i| arrow(Pointer::Gradient(i), frame.gradient(i))).collect();
    for run in scene.runs() {
        let Some([x, y, rest @ ..]) = held.answers.get(run).map(|answer| &answer.direction[..]) else { continue };
        let drawn = [*x, *y, rest.first().copied().unwrap_or(0.0)];
        let size = length(drawn);
        if size > 0.0 && size.is_finite() && held.answers[run].direction.len() == frame.n_tasks() {
            arrows.push(arrow(Pointer::Update(run), drawn));
        }
    }
    arrows
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let mut pen = Pen::new(stage);
    let held = frozen(scene).is_some();
    if scene.is_empty() && !held {
        return pen.empty("The gradients of all tasks appear here as the runs train.");
    }
    if scene.n_tasks() < 2 {
        return pen.empty("One task cannot conflict. Add a task to see how gradients pull.");
    }
    let name = scene.run_name(scene.at_run);
    if let Some(at) = scene.diverged(scene.at_run).filter(|at| *at <= scene.step && !held) {
        return pen
            .empty(&format!("{name} diverged at step {at}: it has no gradients here. Step back to see its last."));
    }
    let arrows = arrows(scene);
    if arrows.is_empty() {
        return pen.empty(&format!("The gradients at {name} appear here when they are computed."));
    }
    if !held && arrows.iter().take(scene.n_tasks()).all(|arrow| arrow.length == 0.0) {
        let step = scene.step;
        return pen.empty(&format!("All task gradients of {name} are zero at step {step}: nothing pulls."));
    }
    let updates: Vec<&Arrow> = arrows.iter().filter(|arrow| !matches!(arrow.what, Pointer::Gradient(_))).collect();
    let by_task = tasks_are_rows(scene, stage, &updates);
    let table = signs_height(scene, &updates, by_task);
    let notes = notes(scene, &updates);
    let notes_height: f64 =
        if notes.is_empty() { 0.0 } else { 16.0 * stage.wrap(&notes, TICK, stage.width - 8.0).len() as f64 + 4.0 };
    let below = table + notes_height;
    let tall = stage.height - below >= 150.0;
    let bottom = if tall { stage.height - below } else { stage.height };
    match scene.n_tasks() {
        2 => plane(scene, &mut pen, &arrows, bottom),
        3 => space(scene, &mut pen, &arrows, bottom),
        _ => matrix(scene, &mut pen, bottom),
    }
    if tall {
        signs(scene, &mut pen, &updates, by_task, bottom + 4.0);
        let color = pen.ink().ink3;
        for (i, line) in stage.wrap(&notes, TICK, stage.width - 8.0).into_iter().enumerate() {
            let y = bottom + table + 13.0 + 16.0 * i as f64;
            pen.text((0.0, y), line, TICK, color, Anchor::Start);
        }
    }
    pen.picture
}

/// What the picture alone could hide.
fn notes(scene: &Scene, updates: &[&Arrow]) -> String {
    let mut words = String::new();
    for arrow in updates.iter().filter(|arrow| arrow.outside > 0.05) {
        let percent = (100.0 * arrow.outside).floor().min(99.0);
        let place = if scene.n_tasks() == 2 { "this plane" } else { "the gradients' span" };
        words += &format!(" Hollow: {percent:.0} % of {} lies outside {place}.", owner(scene, arrow.what));
    }
    let hurts = |arrow: &&&Arrow| arrow.cosines.iter().flatten().any(|c| Effect::of(*c) == Effect::Hurts);
    let step = updates.iter().find(|arrow| matches!(arrow.what, Pointer::Step(_)));
    let own = updates.iter().find(|arrow| arrow.what == Pointer::Update(scene.at_run));
    if step.is_some_and(|arrow| hurts(&arrow)) && own.is_some_and(|arrow| !hurts(&arrow)) {
        words += " The optimizer bends d: the step hurts a task that d does not.";
    }
    if let Some(held) = frozen(scene) {
        for (run, answer) in held.answers.iter().enumerate().filter(|(run, _)| scene.runs().contains(run)) {
            let name = scene.run_name(run);
            if !answer.refusal.is_empty() {
                words += &format!(" {name} is not drawn: {}", answer.refusal);
            } else if answer.direction.iter().all(|d| *d == 0.0) {
                words += &format!(" {name} rests: its d is next to nothing beside the gradients.");
            } else if answer.weights.is_empty() {
                words += &format!(" {name} works on the drawn coordinates; other axes would give another d.");
            }
        }
    }
    words.trim_start().to_owned()
}

fn owner(scene: &Scene, what: Pointer) -> String {
    match what {
        Pointer::Gradient(task) => format!("g{}", subscript(task + 1)),
        Pointer::Update(run) => scene.run_name(run),
        Pointer::Step(_) => "the step".to_owned(),
    }
}

fn subscript(n: usize) -> String {
    let low = |c: char| char::from_u32('₀' as u32 + (c as u32 - '0' as u32)).unwrap_or(c);
    n.to_string().chars().map(low).collect()
}

/// Ink of an update: the run's own, neutral for the step.
fn style(pen: &Pen, what: Pointer) -> RunStyle {
    let ink = pen.ink();
    match what {
        Pointer::Update(run) => *ink.run(run),
        _ => RunStyle { mark: ink.ink2, text: ink.ink2, shape: Shape::Circle, dash: &[3.0, 3.0] },
    }
}

fn effect_words(cosine: Option<f64>) -> String {
    let Some(cosine) = cosine else { return "–".to_owned() };
    let word = match Effect::of(cosine) {
        Effect::Helps => "helps",
        Effect::Hurts => "hurts",
        Effect::Neither => "neither",
    };
    format!("{word} {}", axis::cosine(cosine))
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["direction", "length"]);
    table.columns.extend((0..scene.n_tasks()).map(|task| scene.task_name(task)));
    table.columns.push("outside the span".to_owned());
    for arrow in arrows(scene) {
        let name = match arrow.what {
            Pointer::Gradient(task) => format!("gradient of {}", scene.task_name(task)),
            Pointer::Update(run) => format!("update of {}", scene.run_name(run)),
            Pointer::Step(run) => format!("step of {}", scene.run_name(run)),
        };
        let gradient = matches!(arrow.what, Pointer::Gradient(_));
        let mut row = vec![name, number(arrow.length)];
        row.extend(arrow.cosines.iter().map(|cosine| match cosine {
            Some(cosine) if gradient => axis::cosine(*cosine),
            cosine => effect_words(*cosine),
        }));
        row.push(if gradient { "0 %".to_owned() } else { format!("{:.0} %", 100.0 * arrow.outside) });
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "other_task", "quantity", "value"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        let name = scene.run_name(run);
        for record in &history.records {
            let Some(pull) = &record.pull else { continue };
            let k = scene.n_tasks();
            let mut push = |task: String, other: String, quantity: &str, value: f64| {
                let cells = [record.step.to_string(), name.clone(), task, other, quantity.to_owned(), exact(value)];
                table.rows.push(cells.to_vec());
            };
            for (idx, value) in pull.gramian.iter().enumerate() {
                push(scene.task_name(idx / k.max(1)), scene.task_name(idx % k.max(1)), "gramian", *value);
            }
            for (task, value) in pull.along_direction.iter().enumerate() {
                push(scene.task_name(task), String::new(), "along_direction", *value);
            }
            for (task, value) in pull.along_step.iter().enumerate() {
                push(scene.task_name(task), String::new(), "along_step", *value);
            }
            push(String::new(), String::new(), "direction_length", pull.direction_length);
            push(String::new(), String::new(), "step_length", pull.step_length);
        }
    }
    table
}

/// What the updates do to the held gradients, in a sentence or two; `None` where nothing is held.
pub fn held_headline(scene: &Scene) -> Option<String> {
    frozen(scene)?;
    let (mut hurting, mut kind): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for arrow in arrows(scene) {
        let Pointer::Update(run) = arrow.what else { continue };
        let hurts = |cosine: &Option<f64>| cosine.is_some_and(|c| Effect::of(c) == Effect::Hurts);
        let tasks = arrow.cosines.iter().enumerate().filter(|(_, cosine)| hurts(cosine));
        let tasks: Vec<String> = tasks.map(|(task, _)| scene.task_name(task)).collect();
        if tasks.is_empty() {
            kind.push(scene.run_name(run));
        } else {
            hurting.push(format!("{} hurts {}", scene.run_name(run), listed(&tasks)));
        }
    }
    let kind = match kind.len() {
        0 => None,
        1 => Some(format!("{} hurts no task", kind[0])),
        _ => Some(format!("{} hurt no task", listed(&kind))),
    };
    let clauses: Vec<String> = hurting.into_iter().chain(kind).collect();
    Some(if clauses.is_empty() {
        "Held gradients: no method moves.".to_owned()
    } else {
        format!("Held gradients: {}.", clauses.join("; "))
    })
}

/// `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn summary(scene: &Scene) -> String {
    let arrows = arrows(scene);
    if arrows.is_empty() {
        return "No gradients yet.".to_owned();
    }
    let mut words = match frozen(scene) {
        Some(_) => "Frozen gradients.".to_owned(),
        None => format!("Gradients at {}, step {}.", scene.run_name(scene.at_run), scene.step),
    };
    if let (2, Some(Some(cosine))) = (scene.n_tasks(), arrows[0].cosines.get(1)) {
        words += &format!(" They are {:.0} degrees apart.", cosine.acos().to_degrees());
    }
    for arrow in &arrows {
        let name = match arrow.what {
            Pointer::Gradient(_) => continue,
            Pointer::Update(run) => scene.run_name(run),
            Pointer::Step(run) => format!("The step of {}", scene.run_name(run)),
        };
        let hurt: Vec<String> = arrow
            .cosines
            .iter()
            .enumerate()
            .filter(|(_, cosine)| cosine.is_some_and(|c| Effect::of(c) == Effect::Hurts))
            .map(|(task, _)| scene.task_name(task))
            .collect();
        words += &if hurt.is_empty() {
            format!(" {name} hurts no task.")
        } else {
            format!(" {name} hurts {}.", hurt.join(", "))
        };
    }
    words
}
