//! Losses of every task over steps, one panel a task, with the network that learns the task alone.

use super::axis::{self, Scale};
use super::picture::Pen;
use super::ruler::Ruler;
use super::series::{Chart, Earlier, Panel, axis_values, calm, value_at};
use super::{Kept, Picture, Plot, Scene, Stage, Switch, Table, exact, manifold, number, scale_word, seeds};
use crate::measure::spread::Spread;
use crate::train::Band;

pub(super) const PLOT: Plot = Plot {
    id: "losses",
    title: "Losses",
    subtitle,
    least_height: |scene| Chart::least_height(scene.n_tasks()),
    draw,
    table,
    data,
    summary,
    switch: |_| Switch::LogScale,
    shows_all_seeds: |_| true,
    reads_predictions: false,
    at_once: true,
};

fn subtitle(scene: &Scene) -> String {
    // Beside the switch of the scale a word about it is the first that can go.
    let words = seeds::brief(scene).unwrap_or_else(|| scale_word(scene.logs_losses()).to_owned());
    match manifold::names_of_learners(scene) {
        learners if learners.is_empty() => words,
        learners => format!("{words}; {learners}: at the preference each step drew"),
    }
}

/// The finite losses of one task.
pub(super) fn curve(scene: &Scene, run: usize, task: usize) -> Vec<(f64, f64)> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let records = scene.history.runs[run].records.iter().filter(|record| record.step < end);
    records
        .filter_map(|record| Some((f64::from(record.step), *record.losses.get(task)?)))
        .filter(|point| point.1.is_finite())
        .collect()
}

/// Medians over seeds where several are complete.
fn reference(scene: &Scene, task: usize) -> Vec<(f64, f64)> {
    if let Some((band, _)) = scene.history.bands.references.get(task).filter(|known| !known.0.is_empty()) {
        return seeds::medians(band);
    }
    let known = scene.history.references.get(task).map_or(&[][..], |reference| &reference.losses);
    known.iter().map(|(step, loss)| (f64::from(*step), *loss)).filter(|point| point.1.is_finite()).collect()
}

fn band<'s>(scene: &'s Scene, run: usize, task: usize) -> Option<&'s Band> {
    scene.history.bands.losses.get(run)?.get(task)
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
                .map(|run| seeds::curve(run, curve(scene, run, task), band(scene, run, task)))
                .collect(),
            earlier: earlier(scene, task),
            reference: reference(scene, task),
            scale: Scale::linear(0.0, 1.0, 0.0, 1.0),
            ticks: Vec::new(),
            zero: None,
            words: Vec::new(),
        })
        .collect();
    // One range for all tasks: panels are compared by eye.
    let kept = |panel: &'_ Panel| panel.earlier.iter().flat_map(|curve| calm(&curve.points)).collect::<Vec<_>>();
    let all = panels
        .iter()
        .flat_map(|panel| axis_values(scene, &panel.curves).chain(calm(&panel.reference)).chain(kept(panel)));
    let log = scene.logs_losses();
    let (low, high) = axis::loss_range(all, log);
    let scale = if log { Scale::log(low, high, 0.0, 1.0) } else { Scale::linear(low, high, 0.0, 1.0) };
    for panel in &mut panels {
        panel.scale = scale;
        panel.ticks = scale.ticks().into_iter().map(|value| (value, axis::tick(value))).collect();
    }
    Chart { scene, panels, ruler: Ruler::of(scene), quantity: "loss", number, below: 0.0 }.draw(stage)
}

/// The losses of kept runs.
fn earlier<'s>(scene: &Scene<'s>, task: usize) -> Vec<Earlier<'s>> {
    let points = |kept: &'s Kept<'s>| {
        let told = kept.run.losses.iter();
        told.filter_map(|(step, losses)| Some((f64::from(*step), *losses.get(task)?))).collect()
    };
    scene.kept.iter().map(|kept| Earlier { kept, points: points(kept) }).collect()
}

/// Medians and quartiles of a run's losses at the cursor, one a task.
fn spreads(scene: &Scene, run: usize) -> Option<Vec<Spread>> {
    (0..scene.n_tasks()).map(|task| scene.history.bands.loss_at(run, task, scene.step)).collect()
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "step"]);
    let ruler = Ruler::of(scene);
    let place = |run: Option<usize>, step: u32| ruler.column().map(|_| ruler.cell(run, step));
    table.columns.extend(ruler.column().map(str::to_owned));
    let several = seeds::words(scene).map_or(String::new(), |words| format!(" ({words})"));
    table.columns.extend((0..scene.n_tasks()).map(|task| scene.task_name(task) + &several));
    for run in scene.runs() {
        if let Some(spreads) = spreads(scene, run) {
            let cells = spreads.iter().map(|spread| seeds::cell(spread, number));
            let step = scene.history.bands.loss_step(scene.step).unwrap_or(scene.step);
            let first = [scene.run_name(run), step.to_string()].into_iter().chain(place(Some(run), step));
            table.rows.push(first.chain(cells).collect());
            continue;
        }
        let Some(record) = scene.history.runs[run].at(scene.step) else { continue };
        let mut row = vec![scene.run_name(run), record.step.to_string()];
        row.extend(place(Some(run), record.step));
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
        let mut row = vec!["single task".to_owned(), scene.step.to_string()];
        row.extend(place(None, scene.step));
        table.rows.push([row, alone].concat());
    }
    for kept in scene.kept {
        let after = kept.run.losses.partition_point(|(step, _)| *step <= scene.step);
        let Some((step, losses)) = after.checked_sub(1).map(|idx| &kept.run.losses[idx]) else { continue };
        let mut row = vec![format!("{} (kept)", kept.name), step.to_string()];
        row.extend(ruler.column().map(|_| ruler.cell_of_kept(kept, *step)));
        row.extend(losses.iter().map(|loss| number(*loss)));
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "loss"]);
    let several = !scene.history.bands.is_empty();
    let ruler = Ruler::of(scene);
    // Of runs by their number; networks that learn one task alone have none.
    let row = |step: u32, run: Option<usize>, task: usize, loss: String, which: &str| {
        let name = run.map_or("single task".to_owned(), |run| scene.run_name(run));
        let mut row = vec![step.to_string(), name, scene.task_name(task), loss];
        row.extend(several.then(|| which.to_owned()));
        row.extend(ruler.column().map(|_| ruler.cell(run, step)));
        row
    };
    if several {
        table.columns.push("over seeds".to_owned());
    }
    table.columns.extend(ruler.column().map(str::to_owned));
    for (run, history) in scene.history.runs.iter().enumerate() {
        let name = Some(run);
        for record in &history.records {
            for (task, loss) in record.losses.iter().enumerate() {
                table.rows.push(row(record.step, name, task, exact(*loss), "first seed"));
            }
        }
        for task in 0..scene.n_tasks() {
            let of_seeds = band(scene, run, task).into_iter();
            table.rows.extend(
                of_seeds
                    .flat_map(|band| seeds::data_rows(band, |step, value, which| row(step, name, task, value, which))),
            );
        }
    }
    for (task, reference) in scene.history.references.iter().enumerate() {
        for (step, loss) in &reference.losses {
            table.rows.push(row(*step, None, task, exact(*loss), "first seed"));
        }
        let of_seeds = scene.history.bands.references.get(task).into_iter();
        table
            .rows
            .extend(of_seeds.flat_map(|(band, _)| {
                seeds::data_rows(band, |step, value, which| row(step, None, task, value, which))
            }));
    }
    for kept in scene.kept {
        for (step, losses) in &kept.run.losses {
            for (task, loss) in losses.iter().enumerate() {
                let name = format!("{} (kept)", kept.name);
                let mut row = vec![step.to_string(), name, scene.task_name(task), exact(*loss)];
                row.extend(several.then(String::new));
                row.extend(ruler.column().map(|_| ruler.cell_of_kept(kept, *step)));
                table.rows.push(row);
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    if scene.is_empty() {
        return "No losses yet.".to_owned();
    }
    if let Some(seeds) = seeds::words(scene) {
        return seeds_summary(scene, &seeds);
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

/// Where medians lie, and whether their quartiles tell them apart.
fn seeds_summary(scene: &Scene, seeds: &str) -> String {
    let step = scene.history.bands.loss_step(scene.step).unwrap_or(scene.step);
    let mut words = format!("Losses at step {step}, {seeds}.");
    for task in 0..scene.n_tasks() {
        let known = |run: usize| Some((scene.history.bands.loss_at(run, task, scene.step)?, scene.run_name(run)));
        let mut known: Vec<(Spread, String)> = scene.runs().into_iter().filter_map(known).collect();
        known.sort_by(|a, b| a.0.median.total_cmp(&b.0.median));
        let name = scene.task_name(task);
        let cells: Vec<String> =
            known.iter().map(|(spread, run)| format!("{run} {}", seeds::cell(spread, number))).collect();
        if cells.is_empty() {
            continue;
        }
        let touch = known.windows(2).any(|pair| pair[0].0.overlaps(&pair[1].0));
        let note = if touch { "; bands overlap, so they tell no difference there" } else { "" };
        words += &format!(" {name}: {}{note}.", cells.join(", "));
    }
    words
}
