//! The test metric of every task over steps, such as accuracy or R², on rows that no run trains on.

use crate::config::Along;
use crate::protocol::{Evaluation, TaskOutline};
use crate::train::Band;

use super::axis::{self, Scale, round_values};
use super::picture::Pen;
use super::ruler::Ruler;
use super::series::{Chart, Curve, Earlier, Panel, axis_values, calm, value_at};
use super::{Kept, Picture, Plot, Scene, Stage, Switch, Table, exact, number, percent, seeds, sharing};

pub(super) const PLOT: Plot = Plot {
    id: "metrics",
    title: "Test metric",
    subtitle,
    least_height: |scene| Chart::least_height(scene.n_tasks()) + 32.0,
    draw,
    table,
    data,
    summary,
    switch: |scene| if scene.is_analytic() { Switch::None } else { Switch::Along },
    shows_all_seeds: |_| true,
    reads_predictions: false,
    at_once: false,
};

/// Whether this task's metric is a share of right answers.
pub(super) fn is_share(scene: &Scene, task: usize) -> bool {
    scene.history.outline.tasks.get(task).is_some_and(TaskOutline::is_share)
}

/// Whether this task's metric is from 0 to 1.
fn is_bounded(scene: &Scene, task: usize) -> bool {
    scene.history.outline.tasks.get(task).is_some_and(TaskOutline::is_question)
}

fn metric_name(scene: &Scene, task: usize) -> String {
    let name = scene.history.outline.tasks.get(task).map(|outline| outline.metric.clone());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "metric".to_owned())
}

/// Said in the place of metrics that cannot be.
const NO_TEST: &str = "An analytic problem has no test set: its losses are all there is to know. The losses and loss \
                       space show where the runs stand.";

fn subtitle(scene: &Scene) -> String {
    if scene.is_analytic() {
        return String::new();
    }
    let first = metric_name(scene, 0);
    let same = (1..scene.n_tasks()).all(|task| metric_name(scene, task) == first);
    let what = if same { format!("test {first}") } else { "on the test split".to_owned() };
    seeds::brief(scene).map_or_else(|| what.clone(), |words| format!("{what}, {words}"))
}

/// The task, with its metric where not all have the same.
fn panel_title(scene: &Scene, task: usize) -> String {
    let own = metric_name(scene, task);
    if (0..scene.n_tasks()).all(|other| metric_name(scene, other) == own) {
        scene.task_name(task)
    } else {
        format!("{}, {own}", scene.task_name(task))
    }
}

fn curve(scene: &Scene, run: usize, task: usize) -> Vec<(f64, f64)> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let known = scene.history.runs[run].evaluations.iter().filter(|evaluation| evaluation.step < end);
    known.filter_map(|e| Some((f64::from(e.step), *e.metrics.get(task)?))).filter(|point| point.1.is_finite()).collect()
}

fn band<'s>(scene: &'s Scene, run: usize, task: usize) -> Option<&'s Band> {
    scene.history.bands.metrics.get(run)?.get(task)
}

/// Medians over seeds where several are complete.
fn reference(scene: &Scene, task: usize) -> Vec<(f64, f64)> {
    if let Some((_, band)) = scene.history.bands.references.get(task).filter(|known| !known.1.is_empty()) {
        return seeds::medians(band);
    }
    let known = scene.history.references.get(task).map_or(&[][..], |reference| &reference.metrics);
    known.iter().map(|(step, value)| (f64::from(*step), *value)).filter(|p| p.1.is_finite()).collect()
}

/// A range that shows the learned part: a steep start runs out below.
fn range(values: impl Iterator<Item = f64>, bounded: bool) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(lowest), Some(highest)) = (sorted.first(), sorted.last()) else { return (0.0, 1.0) };
    let early = sorted[sorted.len() / 10];
    let stride = if highest - early > 0.25 { 0.1 } else { 0.05 };
    let top = (highest / stride - 1e-9).ceil() * stride;
    let floor = if bounded { 0.0 } else { -1.0 };
    let low = if highest - lowest <= 0.3 { *lowest } else { early };
    let bottom = ((low / stride).floor() * stride).max(floor).min(top - 2.0 * stride);
    (bottom, top.min(if bounded || *highest <= 1.0 { 1.0 } else { top }))
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    if scene.is_analytic() {
        return Pen::new(stage).empty(NO_TEST);
    }
    if scene.history.runs.iter().all(|run| run.evaluations.is_empty()) {
        return Pen::new(stage).empty("The test metric of every task appears here after the first evaluation.");
    }
    let mut panels: Vec<Panel> = Vec::new();
    for task in 0..scene.n_tasks() {
        let curves: Vec<Curve> = scene
            .runs()
            .into_iter()
            .map(|run| seeds::curve(run, curve(scene, run, task), band(scene, run, task)))
            .collect();
        let reference = reference(scene, task);
        let share = is_share(scene, task);
        let earlier = earlier(scene, task);
        let values = axis_values(scene, &curves).chain(reference.iter().map(|point| point.1));
        let values = values.chain(earlier.iter().flat_map(|curve| calm(&curve.points)));
        let (low, high) = range(values, is_bounded(scene, task));
        let scale = Scale::linear(low, high, 0.0, 1.0);
        let values = round_values(low, high, 4);
        let last = values.len().saturating_sub(1);
        let word = |(i, value): (usize, f64)| {
            let shown = axis::tick(if share { (100.0 * value * 1e6).round() / 1e6 } else { value });
            (value, if share && i == last { format!("{shown} %") } else { shown })
        };
        let ticks = values.into_iter().enumerate().map(word).collect();
        panels.push(Panel {
            title: panel_title(scene, task),
            curves,
            earlier,
            reference,
            scale,
            ticks,
            zero: Some(0.0),
            words: Vec::new(),
        });
    }
    let all_shares = (0..scene.n_tasks()).all(|task| is_share(scene, task));
    let number = if all_shares { percent } else { number };
    let quantity = if all_shares { "" } else { "metric" };
    let mut pen = Pen::new(stage);
    let below = sharing::room(scene, stage);
    Chart { scene, panels, ruler: Ruler::of(scene), quantity, number, below }.draw_with(&mut pen);
    if below > 0.0 {
        sharing::draw(scene, &mut pen, below);
    }
    pen.picture
}

/// The test metrics of kept runs.
fn earlier<'s>(scene: &Scene<'s>, task: usize) -> Vec<Earlier<'s>> {
    let points = |kept: &'s Kept<'s>| {
        let told = kept.run.metrics.iter();
        told.filter_map(|(step, metrics)| Some((f64::from(*step), *metrics.get(task)?))).collect()
    };
    scene.kept.iter().map(|kept| Earlier { kept, points: points(kept) }).collect()
}

fn word(scene: &Scene, task: usize, value: f64) -> String {
    if is_share(scene, task) { percent(value) } else { number(value) }
}

/// What was evaluated, with what came out; empty where there are no such rows.
fn splits(evaluation: &Evaluation) -> impl Iterator<Item = (&'static str, &[f64])> {
    let all = [("test", &evaluation.metrics), ("validation", &evaluation.validation), ("training", &evaluation.train)];
    all.into_iter().filter(|(_, metrics)| !metrics.is_empty()).map(|(rows, metrics)| (rows, metrics.as_slice()))
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "rows", "step"]);
    let ruler = Ruler::of(scene);
    let place = |run: Option<usize>, step: u32| ruler.column().map(|_| ruler.cell(run, step));
    table.columns.extend(ruler.column().map(str::to_owned));
    let several = seeds::words(scene).map_or(String::new(), |words| format!(", {words}"));
    let name = |task: usize| format!("{} ({}{several})", scene.task_name(task), metric_name(scene, task));
    table.columns.extend((0..scene.n_tasks()).map(name));
    let costs = scene.runs().into_iter().any(|run| sharing::words(scene, run).is_some());
    if costs {
        table.columns.push(sharing::MEANING.to_owned());
    }
    for run in scene.runs() {
        let Some(evaluation) = scene.history.runs[run].evaluation_at(scene.step) else { continue };
        for (rows, metrics) in splits(evaluation) {
            let tested = rows == "test";
            // Rows that only the first seed was judged by say so.
            let note = if several.is_empty() || tested { "" } else { ", first seed" };
            let mut row = vec![scene.run_name(run), format!("{rows}{note}"), evaluation.step.to_string()];
            row.extend(place(Some(run), evaluation.step));
            let of_seeds = |task: usize| scene.history.bands.metric_at(run, task, scene.step).filter(|_| tested);
            row.extend(metrics.iter().enumerate().map(|(task, value)| match of_seeds(task) {
                Some(spread) => seeds::cell(&spread, |value| word(scene, task, value)),
                None => word(scene, task, *value),
            }));
            if costs {
                row.push(sharing::words(scene, run).filter(|_| tested).unwrap_or_else(|| "–".to_owned()));
            }
            table.rows.push(row);
        }
    }
    if scene.history.references.iter().any(|reference| !reference.metrics.is_empty()) {
        let mut row = vec!["single task".to_owned(), "test".to_owned(), scene.step.to_string()];
        row.extend(place(None, scene.step));
        row.extend((0..scene.n_tasks()).map(|task| {
            let value = value_at(&reference(scene, task), f64::from(scene.step));
            value.map_or("–".to_owned(), |value| word(scene, task, value))
        }));
        row.extend(costs.then(|| "–".to_owned()));
        table.rows.push(row);
    }
    for kept in scene.kept {
        let after = kept.run.metrics.partition_point(|(step, _)| *step <= scene.step);
        let Some((step, metrics)) = after.checked_sub(1).map(|idx| &kept.run.metrics[idx]) else { continue };
        let mut row = vec![format!("{} (kept)", kept.name), "test".to_owned(), step.to_string()];
        row.extend(ruler.column().map(|_| ruler.cell_of_kept(kept, *step)));
        row.extend(metrics.iter().enumerate().map(|(task, value)| word(scene, task, *value)));
        row.extend(costs.then(|| "–".to_owned()));
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "rows", "task", "metric", "value", "loss"]);
    let several = !scene.history.bands.is_empty();
    if several {
        table.columns.push("over seeds".to_owned());
    }
    let ruler = Ruler::of(scene);
    table.columns.extend(ruler.column().map(str::to_owned));
    let finish = |mut row: Vec<String>, step: u32, run: Option<usize>, which: &str| {
        row.extend(several.then(|| which.to_owned()));
        row.extend(ruler.column().map(|_| ruler.cell(run, step)));
        row
    };
    // Of runs by their number; networks that learn one task alone have none.
    let row =
        |step: u32, (run, rows): (Option<usize>, &str), task: usize, (value, loss): (String, String), which: &str| {
            let (task, metric) = (scene.task_name(task), metric_name(scene, task));
            let name = run.map_or("single task".to_owned(), |run| scene.run_name(run));
            finish(vec![step.to_string(), name, rows.to_owned(), task, metric, value, loss], step, run, which)
        };
    let of_all = |step: u32, run: usize, value: f64, which: &str| {
        let name = scene.run_name(run);
        let cells =
            [step.to_string(), name, "test".into(), "all".into(), "Δm in percent".into(), exact(value), String::new()];
        finish(cells.to_vec(), step, Some(run), which)
    };
    for (run, history) in scene.history.runs.iter().enumerate() {
        for evaluation in &history.evaluations {
            for (rows, metrics) in splits(evaluation) {
                for (task, value) in metrics.iter().enumerate() {
                    let loss = evaluation.losses.get(task).filter(|_| rows == "test");
                    let loss = loss.map_or(String::new(), |loss| exact(*loss));
                    table.rows.push(row(evaluation.step, (Some(run), rows), task, (exact(*value), loss), "first seed"));
                }
            }
            let costs = scene.history.delta_m(run, evaluation.step);
            if let Some(Some(cost)) = costs.first() {
                table.rows.push(of_all(evaluation.step, run, *cost, "first seed"));
            }
            if let Some(spread) = scene.history.delta_m_spread(run, evaluation.step).filter(|_| several) {
                let numbers = [("median", spread.median), ("25 %", spread.low), ("75 %", spread.high)];
                table.rows.extend(numbers.map(|(which, value)| of_all(evaluation.step, run, value, which)));
            }
        }
        for task in 0..scene.n_tasks() {
            let of_seeds = band(scene, run, task).into_iter();
            table.rows.extend(of_seeds.flat_map(|band| {
                seeds::data_rows(band, |step, value, which| {
                    row(step, (Some(run), "test"), task, (value, String::new()), which)
                })
            }));
        }
    }
    for (task, reference) in scene.history.references.iter().enumerate() {
        let name = (None, "test");
        for (step, value) in &reference.metrics {
            table.rows.push(row(*step, name, task, (exact(*value), String::new()), "first seed"));
        }
        let of_seeds = scene.history.bands.references.get(task).into_iter();
        table.rows.extend(of_seeds.flat_map(|(_, band)| {
            seeds::data_rows(band, |step, value, which| row(step, name, task, (value, String::new()), which))
        }));
    }
    for kept in scene.kept {
        for (step, metrics) in &kept.run.metrics {
            for (task, value) in metrics.iter().enumerate() {
                let name = format!("{} (kept)", kept.name);
                let (task, metric) = (scene.task_name(task), metric_name(scene, task));
                let cells = [step.to_string(), name, "test".into(), task, metric, exact(*value), String::new()];
                let mut row = cells.to_vec();
                row.extend(several.then(String::new));
                row.extend(ruler.column().map(|_| ruler.cell_of_kept(kept, *step)));
                table.rows.push(row);
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    if scene.is_analytic() {
        return NO_TEST.to_owned();
    }
    let table = table(&Scene { along: Along::Steps, ..*scene });
    if table.rows.is_empty() {
        return "No evaluation yet.".to_owned();
    }
    let tested = table.rows.iter().filter(|row| row[1] == "test");
    let rows = tested.map(|row| format!("{}: {}", row[0], row[3..].join(", ")));
    let tasks = table.columns[3..].join(", ");
    format!("Test metrics of {tasks} at step {}. {}.", scene.step, rows.collect::<Vec<_>>().join("; "))
}
