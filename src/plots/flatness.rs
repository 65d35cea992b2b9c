//! Flatness over steps: every task's largest curvature and its rise uphill, two panels a task, from readings.
//!
//! Not a view of its own: the view that shows where runs stand draws it.

use super::axis::{self, Scale};
use super::picture::Pen;
use super::ruler::Ruler;
use super::series::{Chart, Curve, Panel, axis_values};
use super::{Picture, Scene, Stage, Table, exact, number};
use crate::protocol::TaskSharpness;
use crate::train::Readings;

/// Widest range of a log axis, in its low end's multiples.
const WIDEST: f64 = 1e6;

/// What will be here.
const WAITING: &str =
    "How sharp the losses are where the runs stand appears here, checkpoint by checkpoint, once it is asked for.";

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Quantity {
    /// λ_max.
    Curvature,
    /// L(θ + ρ g/‖g‖) − L(θ).
    Rise,
}

const QUANTITIES: [Quantity; 2] = [Quantity::Curvature, Quantity::Rise];

impl Quantity {
    fn value(self, found: &TaskSharpness) -> f64 {
        match self {
            Self::Curvature => found.curvature,
            Self::Rise => found.rise,
        }
    }

    fn title(self, scene: &Scene, task: usize, rho: f64) -> String {
        let name = scene.task_name(task);
        match self {
            Self::Curvature => format!("{name}: largest curvature"),
            Self::Rise => format!("{name}: rise at ρ {rho}"),
        }
    }
}

/// Muted words beside a title.
pub fn subtitle(readings: &Readings) -> String {
    let Some(reading) = readings.runs.iter().flatten().next() else { return "how sharp the losses are".to_owned() };
    let so_far = if readings.done < readings.of {
        format!(", {} of {} read", readings.done, readings.of)
    } else {
        String::new()
    };
    match reading.rows {
        0 => format!("lower is flatter{so_far}"),
        rows => format!("first {rows} training rows, lower is flatter{so_far}"),
    }
}

/// CSS px that the picture wants at least on a phone.
pub fn least_height(scene: &Scene) -> f64 {
    Chart::least_height(QUANTITIES.len() * scene.n_tasks())
}

/// Both quantities of every task over steps, on log axes. What is not above 0 has no place there and is in the table;
/// curvatures that did not settle are faint.
pub fn draw(scene: &Scene, readings: &Readings, stage: &Stage) -> Picture {
    if readings.is_empty() {
        return Pen::new(stage).empty(readings.refusal.as_deref().unwrap_or(WAITING));
    }
    let rho = readings.runs.iter().flatten().next().map_or(0.0, |reading| reading.rho);
    let panels = (0..scene.n_tasks()).flat_map(|task| QUANTITIES.map(|quantity| (task, quantity)));
    let panels = panels.map(|(task, quantity)| {
        let curves: Vec<Curve> = scene.runs().into_iter().map(|run| curve(readings, (run, task), quantity)).collect();
        let values = axis_values(scene, &curves).filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = axis::loss_range(values, true);
        let scale = Scale::log(low.max(high / WIDEST), high, 0.0, 1.0);
        Panel {
            title: quantity.title(scene, task, rho) + &beyond(scene, readings, task, quantity),
            curves,
            earlier: Vec::new(),
            reference: Vec::new(),
            scale,
            ticks: scale.ticks().into_iter().map(|value| (value, axis::tick(value))).collect(),
            zero: None,
            words: Vec::new(),
        }
    });
    Chart { scene, panels: panels.collect(), ruler: Ruler::steps(scene), quantity: "", number, below: 0.0 }.draw(stage)
}

/// ` (not above 0: Sum)`: whose last reading a log axis cannot show.
fn beyond(scene: &Scene, readings: &Readings, task: usize, quantity: Quantity) -> String {
    let is_beyond = |run: &usize| {
        let last = readings.of_task(*run, task).last();
        last.is_some_and(|(_, found)| quantity.value(found) <= 0.0)
    };
    let names: Vec<String> = scene.runs().into_iter().filter(is_beyond).map(|run| scene.run_name(run)).collect();
    if names.is_empty() { String::new() } else { format!(" (not above 0: {})", names.join(", ")) }
}

fn curve(readings: &Readings, (run, task): (usize, usize), quantity: Quantity) -> Curve {
    let known: Vec<(f64, f64, bool)> = readings
        .of_task(run, task)
        .map(|(step, found)| {
            let sure = quantity != Quantity::Curvature || found.settled;
            (f64::from(step), quantity.value(found), sure)
        })
        .filter(|(_, value, _)| value.is_finite() && *value > 0.0)
        .collect();
    Curve {
        run,
        points: known.iter().map(|(step, value, _)| (*step, *value)).collect(),
        noise: known.iter().filter(|(.., sure)| !sure).map(|(step, ..)| (*step, *step)).collect(),
        behind: None,
    }
}

/// `12.3`, `at least 12.3` where the search was stopped.
fn curvature_words(found: &TaskSharpness) -> String {
    let value = number(found.curvature);
    if found.settled { value } else { format!("at least {value}") }
}

/// The readings at the view cursor.
pub fn table(scene: &Scene, readings: &Readings) -> Table {
    let mut table = Table::new(["run", "step", "task", "largest curvature", "rise", "ρ", "rows", "products"]);
    for run in scene.runs() {
        let Some(reading) = readings.at(run, scene.step) else { continue };
        for (task, found) in reading.tasks.iter().enumerate() {
            table.rows.push(vec![
                scene.run_name(run),
                reading.step.to_string(),
                scene.task_name(task),
                curvature_words(found),
                number(found.rise),
                number(reading.rho),
                if reading.rows == 0 { "–".to_owned() } else { reading.rows.to_string() },
                found.products.to_string(),
            ]);
        }
    }
    table
}

/// Every reading in long format.
pub fn data(scene: &Scene, readings: &Readings) -> Table {
    let columns =
        ["step", "run", "task", "curvature", "residual", "settled", "products", "rise", "rho", "loss", "rows"];
    let mut table = Table::new(columns);
    for (run, readings) in readings.runs.iter().enumerate() {
        for reading in readings {
            for (task, found) in reading.tasks.iter().enumerate() {
                table.rows.push(vec![
                    reading.step.to_string(),
                    scene.run_name(run),
                    scene.task_name(task),
                    exact(found.curvature),
                    exact(found.residual),
                    found.settled.to_string(),
                    found.products.to_string(),
                    exact(found.rise),
                    exact(reading.rho),
                    exact(found.loss),
                    reading.rows.to_string(),
                ]);
            }
        }
    }
    table
}

/// One sentence a task: which run stands flattest and which sharpest at the view cursor.
pub fn summary(scene: &Scene, readings: &Readings) -> String {
    let mut words = String::new();
    for task in 0..scene.n_tasks() {
        let of_run = |run: usize| Some((run, readings.at(run, scene.step)?.tasks.get(task)?.curvature));
        let known: Vec<(usize, f64)> =
            scene.runs().into_iter().filter_map(of_run).filter(|(_, curvature)| curvature.is_finite()).collect();
        let flattest = known.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let sharpest = known.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let (Some(flat), Some(sharp)) = (flattest, sharpest) else { continue };
        let run = |of: &(usize, f64)| format!("{} with {}", scene.run_name(of.0), number(of.1));
        words += &match known.len() {
            1 => format!(" {}: {}.", scene.task_name(task), run(flat)),
            _ => format!(" {}: flattest is {}, sharpest {}.", scene.task_name(task), run(flat), run(sharp)),
        };
    }
    if words.is_empty() {
        readings.refusal.clone().unwrap_or_else(|| "No sharpness was read yet.".to_owned())
    } else {
        format!("Largest curvature at step {}.{words}", scene.step)
    }
}
