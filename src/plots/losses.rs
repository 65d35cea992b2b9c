//! Losses of every task over steps, one panel a task, with the network that learns the task alone.

use super::axis::{self, Scale};
use super::picture::Pen;
use super::series::{Chart, Curve, Panel, axis_values, calm, value_at};
use super::{Picture, Plot, Scene, Stage, Switch, Table, exact, number, scale_word};

pub(super) const PLOT: Plot = Plot {
    id: "losses",
    title: "Losses",
    subtitle: |scene| scale_word(scene.logs_losses()).to_owned(),
    least_height: |scene| Chart::least_height(scene.n_tasks()),
    draw,
    table,
    data,
    summary,
    switch: |_| Switch::LogScale,
    reads_predictions: false,
};

/// The finite losses of one task.
pub(super) fn curve(scene: &Scene, run: usize, task: usize) -> Vec<(f64, f64)> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let records = scene.history.runs[run].records.iter().filter(|record| record.step < end);
    records
        .filter_map(|record| Some((f64::from(record.step), *record.losses.get(task)?)))
        .filter(|point| point.1.is_finite())
        .collect()
}

fn reference(scene: &Scene, task: usize) -> Vec<(f64, f64)> {
    let known = scene.history.references.get(task).map_or(&[][..], |reference| &reference.losses);
    known.iter().map(|(step, loss)| (f64::from(*step), *loss)).filter(|point| point.1.is_finite()).collect()
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    if scene.is_empty() {
        return Pen::new(stage).empty("The loss of every task appears here as the runs train.");
    }
    let mut panels: Vec<Panel> = (0..scene.n_tasks())
        .map(|task| Panel {
            title: scene.task_name(task),
            curves: scene
                .runs()
                .into_iter()
                .map(|run| Curve { run, points: curve(scene, run, task), noise: Vec::new() })
                .collect(),
            reference: reference(scene, task),
            scale: Scale::linear(0.0, 1.0, 0.0, 1.0),
            ticks: Vec::new(),
            zero: None,
            words: Vec::new(),
        })
        .collect();
    // One range for all tasks: panels are compared by eye.
    let all = panels.iter().flat_map(|panel| axis_values(scene, &panel.curves).chain(calm(&panel.reference)));
    let log = scene.logs_losses();
    let (low, high) = axis::loss_range(all, log);
    let scale = if log { Scale::log(low, high, 0.0, 1.0) } else { Scale::linear(low, high, 0.0, 1.0) };
    for panel in &mut panels {
        panel.scale = scale;
        panel.ticks = scale.ticks().into_iter().map(|value| (value, axis::tick(value))).collect();
    }
    Chart { scene, panels, quantity: "loss", number, below: 0.0 }.draw(stage)
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "step"]);
    table.columns.extend((0..scene.n_tasks()).map(|task| scene.task_name(task)));
    for run in scene.runs() {
        let Some(record) = scene.history.runs[run].at(scene.step) else { continue };
        let mut row = vec![scene.run_name(run), record.step.to_string()];
        if let Some(end) = scene.diverged(run).filter(|end| scene.step >= *end) {
            row[1] = format!("diverged at {end}");
            row.extend((0..scene.n_tasks()).map(|_| "–".to_owned()));
        } else {
            row.extend(record.losses.iter().map(|loss| number(*loss)));
        }
        table.rows.push(row);
    }
    let alone: Vec<String> = (0..scene.n_tasks())
        .map(|task| value_at(&reference(scene, task), f64::from(scene.step)).map_or("–".to_owned(), number))
        .collect();
    if scene.history.references.iter().any(|reference| !reference.losses.is_empty()) {
        table.rows.push([vec!["single task".to_owned(), scene.step.to_string()], alone].concat());
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "loss"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        for record in &history.records {
            for (task, loss) in record.losses.iter().enumerate() {
                let cells = [record.step.to_string(), scene.run_name(run), scene.task_name(task), exact(*loss)];
                table.rows.push(cells.to_vec());
            }
        }
    }
    for (task, reference) in scene.history.references.iter().enumerate() {
        for (step, loss) in &reference.losses {
            let cells = [step.to_string(), "single task".to_owned(), scene.task_name(task), exact(*loss)];
            table.rows.push(cells.to_vec());
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    if scene.is_empty() {
        return "No losses yet.".to_owned();
    }
    let mut words = format!("Losses at step {}.", scene.step);
    for task in 0..scene.n_tasks() {
        let mut values: Vec<(f64, String)> = scene
            .runs()
            .into_iter()
            .filter(|run| scene.diverged(*run).is_none_or(|end| scene.step < end))
            .filter_map(|run| {
                let loss = *scene.history.runs[run].at(scene.step)?.losses.get(task)?;
                loss.is_finite().then(|| (loss, scene.run_name(run)))
            })
            .collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = scene.task_name(task);
        match (values.first(), values.last()) {
            (Some(low), Some(high)) if values.len() > 1 => {
                words += &format!(
                    " {name}: {} is lowest with {}, {} highest with {}.",
                    low.1,
                    number(low.0),
                    high.1,
                    number(high.0)
                );
            }
            (Some(only), _) => words += &format!(" {name}: {} at {}.", only.1, number(only.0)),
            _ => {}
        }
    }
    for run in scene.runs() {
        if let Some(end) = scene.diverged(run) {
            words += &format!(" {} diverged at step {end}.", scene.run_name(run));
        }
    }
    words
}
