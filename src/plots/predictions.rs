//! What the networks answer at the view cursor: maps for plane inputs, pictures or rows for the rest.

use crate::protocol::{Answer, InputOutline, PredictionBody, RunPredictions, Sample};

use super::axis;
use super::metrics::is_share;
use super::picture::{Anchor, Face, LABEL, Pen, Rect, TICK, Text};
use super::{Picture, Plot, Scene, Stage, Switch, Table, manifold, number, percent};

pub(super) const PLOT: Plot = Plot {
    id: "predictions",
    title: "Predictions",
    subtitle,
    least_height: |scene| match body(scene, 0) {
        Some(PredictionBody::Maps { .. }) => 60.0 + 100.0 * scene.n_tasks().min(4) as f64,
        _ => 300.0,
    },
    draw,
    table,
    data,
    summary,
    switch: |scene| match scene.history.outline.input {
        // Maps of a plane show every run at once; samples stand at one.
        InputOutline::Plane { .. } => Switch::None,
        _ => Switch::AtRun,
    },
    shows_all_seeds: |_| false,
    reads_predictions: true,
    at_once: true,
};

/// Said in the place of predictions that cannot be.
const NO_NETWORK: &str = "An analytic problem predicts nothing: there is no network, and its parameters are the whole \
                          answer. Loss space shows where they lead.";

fn predictions<'s>(scene: &Scene<'s>, run: usize) -> Option<&'s RunPredictions> {
    scene.predictions?.get(run)
}

fn body<'s>(scene: &Scene<'s>, run: usize) -> Option<&'s PredictionBody> {
    predictions(scene, run).map(|predictions| &predictions.body)
}

fn subtitle(scene: &Scene) -> String {
    if scene.is_analytic() {
        return String::new();
    }
    match body(scene, scene.at_run) {
        Some(PredictionBody::Maps { .. }) => match manifold::names_of_learners(scene) {
            learners if learners.is_empty() => "loss below each picture".to_owned(),
            learners => format!("loss below each picture; of {learners} at your preference, held-out rows"),
        },
        Some(PredictionBody::Samples(_)) => {
            let step = predictions(scene, scene.at_run).map_or(0, |predictions| predictions.step);
            format!("{}, step {step}", scene.run_name(scene.at_run))
        }
        None => String::new(),
    }
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let pen = Pen::new(stage);
    if scene.is_analytic() {
        return pen.empty(NO_NETWORK);
    }
    let Some(predictions) = scene.predictions else {
        return pen.empty("What each network answers appears here with the first checkpoint.");
    };
    let shown: Vec<usize> = scene.runs().into_iter().filter(|run| *run < predictions.len()).collect();
    let any_map = shown.iter().any(|run| matches!(predictions[*run].body, PredictionBody::Maps { .. }));
    if any_map {
        return maps(scene, pen, &shown);
    }
    match body(scene, scene.at_run) {
        Some(PredictionBody::Samples(samples)) if !samples.is_empty() => match &scene.history.outline.input {
            InputOutline::Image { width, height } if *width > 0 && *height > 0 => {
                images(scene, pen, samples, *width, *height)
            }
            _ => rows(scene, pen, samples),
        },
        _ => pen.empty("This run has no predictions at this step."),
    }
}

/// The loss a run had at its checkpoint; of a learned front the loss where the reader stands, which is what the picture
/// is of.
fn loss(scene: &Scene, run: usize, task: usize) -> Option<f64> {
    if manifold::learns(scene, run) {
        let here = manifold::losses_here(scene, run)?;
        return here.get(task).copied().filter(|loss| loss.is_finite());
    }
    let step = predictions(scene, run)?.step;
    let loss = *scene.history.runs.get(run)?.at(step)?.losses.get(task)?;
    loss.is_finite().then_some(loss)
}

/// The value of the deepest color: two standard deviations, or what the targets need.
fn full_scale(predictions: &[RunPredictions]) -> f64 {
    let mut most = 0.0f32;
    for prediction in predictions {
        if let PredictionBody::Maps { targets, .. } = &prediction.body {
            for value in targets.iter().flatten().filter(|value| value.is_finite()) {
                most = most.max(value.abs());
            }
        }
    }
    axis::loss_range([f64::from(most).max(1e-3)].into_iter(), false).1
}

fn maps(scene: &Scene, mut pen: Pen, shown: &[usize]) -> Picture {
    let ink = pen.ink();
    let stage = pen.stage;
    let Some(predictions) = scene.predictions else { return pen.picture };
    let side_room = 18.0;
    let columns = shown.len() + 1;
    let gap = if stage.width < 380.0 { 5.0 } else { 8.0 };
    let cell = ((stage.width - side_room) / columns as f64 - gap).clamp(16.0, 180.0);
    let (head, below, foot) = (24.0, 22.0, 24.0);
    let by_height = (stage.height - head - foot) / (cell + below);
    // Fewer tasks at a legible size beat many stamps; the table has all.
    let least = ((stage.height - head - foot) / 36.0).floor().max(1.0) as usize;
    let n_rows = scene.n_tasks().min(least).max(1);
    let cell = if by_height < n_rows as f64 { (stage.height - head - foot) / n_rows as f64 - below } else { cell };
    let cell = cell.max(12.0);
    let x = |column: usize| side_room + column as f64 * (cell + gap);
    pen.label((x(0), 14.0), stage.fit("target", LABEL, cell + gap - 2.0), ink.ink2, Anchor::Start);
    for (i, run) in shown.iter().enumerate() {
        let style = *ink.run(*run);
        pen.marker(&style, (x(i + 1) + 5.0, 10.0), 3.8, true);
        let words = stage.fit(&scene.run_name(*run), LABEL, cell + gap - 14.0);
        pen.label((x(i + 1) + 14.0, 14.0), words, style.text, Anchor::Start);
    }
    let full = full_scale(predictions);
    for task in 0..n_rows {
        let top = head + task as f64 * (cell + below);
        pen.put(Text {
            at: (11.0, top + cell / 2.0),
            words: stage.fit(&scene.task_name(task), LABEL, cell + below - 4.0),
            size: LABEL,
            face: Face::Plain,
            color: ink.ink2,
            anchor: Anchor::Middle,
            halo: None,
            upwards: true,
        });
        let probability = scene.history.outline.tasks.get(task).is_some_and(|t| !t.classes.is_empty());
        let mut map = |column: usize, side: usize, values: Option<&Vec<f32>>| {
            let place = Rect { left: x(column), top, right: x(column) + cell, bottom: top + cell };
            let color = |value: &f32| {
                let value = f64::from(*value);
                if probability { ink.signed(2.0 * value - 1.0, 1.0).rgb } else { ink.signed(value, full).rgb }
            };
            match values.filter(|values| side > 0 && values.len() == side * side) {
                Some(values) => pen.image(place, side, values.iter().map(color).collect()),
                None => pen.rect(place, ink.sunk),
            }
        };
        let mut target = None;
        for (i, run) in shown.iter().enumerate() {
            if let PredictionBody::Maps { side, outputs, targets } = &predictions[*run].body {
                map(i + 1, *side, outputs.get(task));
                target = target.or(targets.get(task).map(|values| (*side, values)));
            } else {
                map(i + 1, 0, None);
            }
        }
        map(0, target.map_or(0, |target| target.0), target.map(|target| target.1));
        let losses: Vec<Option<f64>> = shown.iter().map(|run| loss(scene, *run, task)).collect();
        // Held-out rows are not compared with batches.
        let compared: Vec<f64> = shown
            .iter()
            .zip(&losses)
            .filter(|(run, _)| !manifold::learns(scene, **run))
            .filter_map(|(_, loss)| *loss)
            .collect();
        let worst = compared.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for ((i, run), loss) in shown.iter().enumerate().zip(&losses) {
            let single = !manifold::learns(scene, *run);
            let bold = single && compared.len() > 1 && loss.is_some_and(|loss| loss == worst);
            pen.put(Text {
                at: (x(i + 1), top + cell + 14.0),
                words: loss.map_or("–".to_owned(), number),
                size: LABEL,
                face: if bold { Face::Bold } else { Face::Plain },
                color: if bold { ink.ink } else { ink.ink2 },
                anchor: Anchor::Start,
                halo: None,
                upwards: false,
            });
        }
    }
    scale_bar(scene, &mut pen, full, n_rows);
    pen.picture
}

fn scale_bar(scene: &Scene, pen: &mut Pen, full: f64, n_rows: usize) {
    let ink = pen.ink();
    let y = pen.stage.height - 8.0;
    let probability = scene.history.outline.tasks.first().is_some_and(|t| !t.classes.is_empty());
    let (low, high) = if probability {
        ("0".to_owned(), "1".to_owned())
    } else {
        (axis::tick(-full), format!("+{}", axis::tick(full)))
    };
    let from = 18.0 + pen.stage.text_width(&low, TICK) + 6.0;
    pen.tick((18.0, y + 4.0), low, Anchor::Start);
    let pixels = (0..48).map(|i| ink.signed(f64::from(i) / 23.5 - 1.0, 1.0).rgb).collect();
    pen.image(Rect { left: from, top: y - 3.0, right: from + 96.0, bottom: y + 3.0 }, 48, pixels);
    let after = from + 102.0 + pen.stage.text_width(&high, TICK);
    pen.tick((from + 102.0, y + 4.0), high, Anchor::Start);
    let words = if n_rows < scene.n_tasks() {
        format!("{n_rows} of {} tasks; the table has all", scene.n_tasks())
    } else if let InputOutline::Plane { low, high } = &scene.history.outline.input {
        let (low, high) = (axis::tick(f64::from(*low)), axis::tick(f64::from(*high)));
        format!("x₁ right, x₂ up, {low} to {high}")
    } else {
        String::new()
    };
    let words = pen.stage.fit(&words, TICK, pen.stage.width - after - 12.0);
    pen.tick((pen.stage.width, y + 4.0), words, Anchor::End);
}

/// Whether the answer names the wrong class.
pub(super) fn is_wrong(scene: &Scene, task: usize, answer: &Answer) -> bool {
    is_class(scene, task) && answer.truth.round() != answer.predicted.round()
}

fn is_class(scene: &Scene, task: usize) -> bool {
    is_share(scene, task) || scene.history.outline.tasks.get(task).is_some_and(|t| !t.classes.is_empty())
}

pub(super) fn answer_words(scene: &Scene, task: usize, value: f32) -> String {
    if !is_class(scene, task) || !value.is_finite() {
        return number(f64::from(value));
    }
    let class = value.round().max(0.0) as usize;
    let names = scene.history.outline.tasks.get(task).map_or(&[][..], |outline| &outline.classes);
    names.get(class).cloned().unwrap_or_else(|| class.to_string())
}

fn images(scene: &Scene, mut pen: Pen, samples: &[Sample], width: usize, height: usize) -> Picture {
    let ink = pen.ink();
    let stage = pen.stage;
    let k = scene.n_tasks();
    let name_width =
        (0..k).map(|task| stage.text_width(&scene.task_name(task), TICK)).fold(0.0, f64::max).min(48.0) + 6.0;
    // Many tasks: one line cannot hold each; the first ones are shown.
    let lines = k.min(4);
    let text = 16.0 * lines as f64 + 4.0;
    let gap = 16.0;
    let columns = ((stage.width + gap) / (96.0 + gap)).floor().clamp(2.0, 8.0) as usize;
    let column = ((stage.width + gap) / columns as f64 - gap).max(24.0);
    let tallest = (stage.height - text - 4.0).max(24.0);
    let size = column.min(84.0).min(tallest).min(((stage.height - 12.0) / 2.0 - text).max(44.0));
    let rows = ((stage.height + 8.0) / (size + text + 8.0)).floor().max(1.0) as usize;
    for (idx, sample) in samples.iter().take(rows * columns).enumerate() {
        let left = (idx % columns) as f64 * (column + gap);
        let top = (idx / columns) as f64 * (size + text + 8.0);
        let place = Rect { left, top, right: left + size, bottom: top + size };
        if sample.pixels.len() == width * height {
            let pixels = sample.pixels.iter().map(|grey| ink.sunk.mix(ink.ink, f64::from(*grey)).rgb).collect();
            pen.image(place, width, pixels);
        } else {
            pen.rect(place, ink.sunk);
        }
        for (task, answer) in sample.answers.iter().take(lines).enumerate() {
            let y = top + size + 15.0 + 16.0 * task as f64;
            let wrong = is_wrong(scene, task, answer);
            let color = if wrong { ink.bad } else { ink.ink2 };
            let name = stage.fit(&scene.task_name(task), TICK, name_width - 6.0);
            pen.text((left, y), name, TICK, if wrong { ink.bad } else { ink.ink3 }, Anchor::Start);
            let words = stage.fit(&answer_words(scene, task, answer.predicted), LABEL, column - name_width);
            let wide = (stage.measure)(&words, LABEL, Face::Bold);
            let x = left + name_width;
            pen.put(Text {
                at: (x, y),
                words,
                size: LABEL,
                face: Face::Bold,
                color: if wrong { ink.bad } else { ink.ink },
                anchor: Anchor::Start,
                halo: None,
                upwards: false,
            });
            let after = if wrong {
                pen.line(vec![(x - 1.0, y - 4.0), (x + wide + 1.0, y - 4.0)], 1.25, ink.bad);
                format!("is {}", answer_words(scene, task, answer.truth))
            } else if is_class(scene, task) {
                let sure = f64::from(answer.confidence);
                if sure.is_finite() { format!("{:.0} %", 100.0 * sure) } else { String::new() }
            } else {
                format!("is {}", number(f64::from(answer.truth)))
            };
            let after = stage.fit(&after, TICK, column + gap - name_width - wide - 8.0);
            pen.text((x + wide + 5.0, y), after, TICK, color, Anchor::Start);
        }
    }
    pen.picture
}

fn rows(scene: &Scene, mut pen: Pen, samples: &[Sample]) -> Picture {
    let ink = pen.ink();
    let stage = pen.stage;
    const ROW: f64 = 20.0;
    let left = 44.0;
    let columns = (((stage.width - left) / 132.0).floor().max(1.0) as usize).min(scene.n_tasks());
    let column = (stage.width - left) / columns.max(1) as f64;
    pen.tick((0.0, 14.0), "row", Anchor::Start);
    for task in 0..columns {
        let words = stage.fit(&format!("{}: answer, truth", scene.task_name(task)), LABEL, column - 8.0);
        pen.label((left + column * task as f64, 14.0), words, ink.ink2, Anchor::Start);
    }
    pen.hairline((0.0, 20.0), (stage.width, 20.0), ink.line);
    let hidden = columns < scene.n_tasks();
    let room = stage.height - 24.0 - if hidden { 18.0 } else { 0.0 };
    let n = ((room / ROW).floor().max(1.0) as usize).min(samples.len());
    for (idx, sample) in samples.iter().take(n).enumerate() {
        let y = 24.0 + ROW * idx as f64 + 14.0;
        pen.tick((0.0, y), (idx + 1).to_string(), Anchor::Start);
        for (task, answer) in sample.answers.iter().take(columns).enumerate() {
            let x = left + column * task as f64;
            let wrong = is_wrong(scene, task, answer);
            let words = stage.fit(&answer_words(scene, task, answer.predicted), LABEL, column / 2.0 - 6.0);
            let wide = stage.text_width(&words, LABEL);
            pen.label((x, y), words, if wrong { ink.bad } else { ink.ink }, Anchor::Start);
            if wrong {
                pen.line(vec![(x - 1.0, y - 4.0), (x + wide + 1.0, y - 4.0)], 1.25, ink.bad);
            }
            let truth = answer_words(scene, task, answer.truth);
            let truth = if wrong { format!("is {truth}") } else { truth };
            let truth = stage.fit(&truth, LABEL, column / 2.0 - 6.0);
            let color = if wrong { ink.bad } else { ink.ink3 };
            pen.label((x + column / 2.0, y), truth, color, Anchor::Start);
        }
    }
    if hidden {
        let words = format!("{columns} of {} tasks; the table has all", scene.n_tasks());
        pen.tick((stage.width, stage.height - 4.0), words, Anchor::End);
    }
    pen.picture
}

fn table(scene: &Scene) -> Table {
    let Some(all) = scene.predictions else {
        return Table::new(["run", "step"]);
    };
    if let Some(PredictionBody::Samples(samples)) = body(scene, scene.at_run) {
        let mut table = Table::new(["row"]);
        for task in 0..scene.n_tasks() {
            let name = scene.task_name(task);
            table.columns.extend([format!("{name} answer"), format!("{name} truth"), format!("{name} sure")]);
        }
        for (idx, sample) in samples.iter().enumerate() {
            let mut row = vec![(idx + 1).to_string()];
            for (task, answer) in sample.answers.iter().enumerate() {
                row.push(answer_words(scene, task, answer.predicted));
                row.push(answer_words(scene, task, answer.truth));
                let sure = percent(f64::from(answer.confidence));
                row.push(if is_class(scene, task) { sure } else { String::new() });
            }
            table.rows.push(row);
        }
        return table;
    }
    // A map's values are in the data; here is how far each reaches.
    let mut table = Table::new(["run", "task", "step", "loss", "lowest", "highest"]);
    for run in scene.runs() {
        let Some(RunPredictions { step, body: PredictionBody::Maps { outputs, .. } }) = all.get(run) else {
            continue;
        };
        for (task, values) in outputs.iter().enumerate() {
            let finite = || values.iter().map(|v| f64::from(*v)).filter(|v| v.is_finite());
            table.rows.push(vec![
                scene.run_name(run),
                scene.task_name(task),
                step.to_string(),
                loss(scene, run, task).map_or("–".to_owned(), number),
                number(finite().fold(f64::INFINITY, f64::min)),
                number(finite().fold(f64::NEG_INFINITY, f64::max)),
            ]);
        }
    }
    table
}

fn data(scene: &Scene) -> Table {
    let Some(all) = scene.predictions else {
        return Table::new(["step", "run", "task", "row", "column", "value", "truth"]);
    };
    let mut table = Table::new(["step", "run", "task", "row", "column", "value", "truth"]);
    let plain = |value: f32| if value.is_finite() { value.to_string() } else { String::new() };
    for (run, prediction) in all.iter().enumerate() {
        let mut push = |task: usize, row: usize, column: usize, value: f32, truth: f32| {
            table.rows.push(vec![
                prediction.step.to_string(),
                scene.run_name(run),
                scene.task_name(task),
                row.to_string(),
                column.to_string(),
                plain(value),
                plain(truth),
            ]);
        };
        match &prediction.body {
            PredictionBody::Maps { side, outputs, targets } => {
                for (task, values) in outputs.iter().enumerate() {
                    for (idx, value) in values.iter().enumerate() {
                        let truth = targets.get(task).and_then(|t| t.get(idx)).copied().unwrap_or(f32::NAN);
                        push(task, idx / (*side).max(1), idx % (*side).max(1), *value, truth);
                    }
                }
            }
            PredictionBody::Samples(samples) => {
                for (row, sample) in samples.iter().enumerate() {
                    for (task, answer) in sample.answers.iter().enumerate() {
                        push(task, row, 0, answer.predicted, answer.truth);
                    }
                }
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    let Some(all) = scene.predictions else { return "No predictions yet.".to_owned() };
    if let Some(PredictionBody::Samples(samples)) = body(scene, scene.at_run) {
        let mut words = format!("{} answers {} rows of the test split.", scene.run_name(scene.at_run), samples.len());
        for task in (0..scene.n_tasks()).filter(|task| is_class(scene, *task)) {
            let answers = samples.iter().filter_map(|sample| sample.answers.get(task));
            let wrong = answers.filter(|answer| is_wrong(scene, task, answer)).count();
            words += &format!(" {}: {} wrong.", scene.task_name(task), axis::count(wrong));
        }
        return words;
    }
    let step = all.first().map_or(0, |prediction| prediction.step);
    let mut words = format!("Maps of what each run answers at step {step}.");
    for task in 0..scene.n_tasks() {
        let single = scene.runs().into_iter().filter(|run| !manifold::learns(scene, *run));
        let near = single.filter_map(|run| Some((loss(scene, run, task)?, run)));
        if let Some((loss, run)) = near.min_by(|a, b| a.0.total_cmp(&b.0)) {
            let name = scene.run_name(run);
            words += &format!(" {}: {name} is nearest to the target, loss {}.", scene.task_name(task), number(loss));
        }
        for run in scene.runs().into_iter().filter(|run| manifold::learns(scene, *run)) {
            let Some(loss) = loss(scene, run, task) else { continue };
            let (name, task) = (scene.run_name(run), scene.task_name(task));
            words += &format!(" {task}: {name} at the preference has loss {} on held-out rows.", number(loss));
        }
    }
    words
}
