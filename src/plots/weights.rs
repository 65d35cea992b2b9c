//! How much each task counts over steps: the weights a method gave, one panel a task.

use super::axis::{self, Scale, round_values};
use super::picture::Pen;
use super::ruler::Ruler;
use super::series::{Chart, Curve, Panel};
use super::{Picture, Plot, Scene, Stage, Switch, Table, exact, number};

pub(super) const PLOT: Plot = Plot {
    id: "weights",
    title: "Weights",
    subtitle: |_| "share of each task in the update".to_owned(),
    least_height: |scene| Chart::least_height(scene.n_tasks()),
    draw,
    table,
    data,
    summary,
    switch: |_| Switch::None,
    shows_all_seeds: |_| false,
    reads_predictions: false,
    at_once: false,
};

/// wᵢ / Σ|w|, which compares methods of any scale; `None` where the method gave no weights.
fn share(weights: &[f64], task: usize) -> Option<f64> {
    let total: f64 = weights.iter().map(|w| w.abs()).sum();
    let share = weights.get(task)? / total;
    share.is_finite().then_some(share)
}

fn curve(scene: &Scene, run: usize, task: usize) -> Vec<(f64, f64)> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let records = scene.history.runs[run].records.iter().filter(|record| record.step < end);
    records.filter_map(|r| Some((f64::from(r.step), share(&r.weights, task)?))).collect()
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let weighted = |run: &usize| scene.history.runs[*run].records.iter().any(|r| !r.weights.is_empty());
    let runs: Vec<usize> = scene.runs().into_iter().filter(weighted).collect();
    if runs.is_empty() {
        return Pen::new(stage).empty(if scene.is_empty() {
            "The weights each method gives the tasks appear here as the runs train."
        } else {
            "The drawn methods work on gradients directly and give no weights. Show one that weights tasks."
        });
    }
    let mut panels: Vec<Panel> = Vec::new();
    for task in 0..scene.n_tasks() {
        let curves: Vec<Curve> = runs
            .iter()
            .map(|run| Curve { run: *run, points: curve(scene, *run, task), noise: Vec::new(), behind: None })
            .collect();
        let lowest = curves.iter().flat_map(|c| &c.points).map(|p| p.1).fold(0.0, f64::min);
        let scale = Scale::linear(if lowest < -0.005 { -1.0 } else { 0.0 }, 1.0, 0.0, 1.0);
        let ticks = round_values(scale.low, 1.0, 2);
        panels.push(Panel {
            title: scene.task_name(task),
            curves,
            earlier: Vec::new(),
            reference: Vec::new(),
            scale,
            ticks: ticks.into_iter().map(|value| (value, axis::tick(value))).collect(),
            zero: Some(0.0),
            words: Vec::new(),
        });
    }
    Chart { scene, panels, ruler: Ruler::steps(scene), quantity: "share", number, below: 0.0 }.draw(stage)
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "step"]);
    table.columns.extend((0..scene.n_tasks()).map(|task| scene.task_name(task)));
    for run in scene.runs() {
        let Some(record) = scene.history.runs[run].at(scene.step) else { continue };
        let mut row = vec![scene.run_name(run), record.step.to_string()];
        let weight = |task: usize| record.weights.get(task).map_or("none".to_owned(), |w| number(*w));
        row.extend((0..scene.n_tasks()).map(weight));
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "weight"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        for record in &history.records {
            for (task, weight) in record.weights.iter().enumerate() {
                let cells = [record.step.to_string(), scene.run_name(run), scene.task_name(task), exact(*weight)];
                table.rows.push(cells.to_vec());
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    let mut words = String::new();
    for run in scene.runs() {
        let Some(record) = scene.history.runs[run].at(scene.step) else { continue };
        let most = (0..scene.n_tasks())
            .filter_map(|task| Some((share(&record.weights, task)?, task)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((share, task)) = most {
            words += &format!(
                " {} gives {} the most, a share of {}.",
                scene.run_name(run),
                scene.task_name(task),
                axis::cosine(share)
            );
        }
    }
    if words.is_empty() { "No weights yet.".to_owned() } else { format!("Weights at step {}.{words}", scene.step) }
}
