//! Conflict over time at each run's own weights: the cosine of task gradients as lines and bands or as a heat map,
//! their lengths, the curvature along the step, and whether the step helped.
//!
//! Blue is agreement, orange conflict. Where both gradients are shorter than 1 % of their own maximum,
//! the angle is mostly noise, is drawn faint and counts neither way.

use crate::config::Aspect;
use crate::measure::conflict::{
    self, Falls, Meeting, Rate, Triad, known_pulls, length_ratio, magnitude_similarity, pairs,
};
use crate::measure::pull;
use crate::train::Readings;

use super::axis::{self, Scale};
use super::conflict_strips::{palette, share_words};
use super::pair_series::{For, Point, Reading, curve};
use super::picture::{Anchor, Pen, Rect};
use super::ruler::Ruler;
use super::series::{Chart, Panel};
use super::{
    Picture, Plot, Scene, Stage, Switch, Table, conflict_series, conflict_strips, exact, flatness, number, pair_series,
    triad,
};

pub(super) const PLOT: Plot = Plot {
    id: "cosine",
    title: "Conflict over time",
    subtitle: |scene| readings_of(scene).map_or_else(|| subtitle(scene), flatness::subtitle),
    least_height: |scene| match readings_of(scene) {
        Some(_) => flatness::least_height(scene),
        None => least_height(scene),
    },
    draw: |scene, stage| match readings_of(scene) {
        Some(readings) => flatness::draw(scene, readings, stage),
        None => draw(scene, stage),
    },
    table: |scene| readings_of(scene).map_or_else(|| table(scene), |readings| flatness::table(scene, readings)),
    data: |scene| readings_of(scene).map_or_else(|| data(scene), |readings| flatness::data(scene, readings)),
    summary: |scene| readings_of(scene).map_or_else(|| summary(scene), |readings| flatness::summary(scene, readings)),
    switch: |_| Switch::Aspect,
    shows_all_seeds: |_| false,
    reads_predictions: false,
    at_once: false,
};

/// What is known of flatness, where it is what the view shows.
fn readings_of<'s>(scene: &Scene<'s>) -> Option<&'s Readings> {
    static NONE: Readings = Readings { runs: Vec::new(), done: 0, of: 0, refusal: None };
    (scene.aspect == Aspect::Flatness).then(|| scene.readings.unwrap_or(&NONE))
}

fn subtitle(scene: &Scene) -> String {
    let every = match scene.history.outline.look_every {
        0 | 1 => "every step".to_owned(),
        n => format!("every {n} steps"),
    };
    let many = scene.n_tasks() > 3;
    match scene.aspect {
        Aspect::Cosine => match scene.n_tasks() {
            0..=2 => "cosine of g₁ and g₂ at each run's own weights".to_owned(),
            3 => "cosine of each pair at each run's own weights".to_owned(),
            _ => "lowest and mean cosine over all pairs".to_owned(),
        },
        Aspect::Heat => "cosine of each pair at each run's own weights".to_owned(),
        Aspect::Similarity => "2‖a‖‖b‖ / (‖a‖² + ‖b‖²) of task gradients".to_owned(),
        Aspect::Ratio if many => "longer by shorter gradient of a pair, log scale".to_owned(),
        Aspect::Ratio => "‖a‖ / ‖b‖ of task gradients, log scale".to_owned(),
        Aspect::Curvature => format!("of the summed losses along the step, {every}"),
        Aspect::Helped if scene.history.outline.batch_rows >= scene.history.outline.train_rows => {
            "each step's own batch, before and after it".to_owned()
        }
        Aspect::Helped => format!("each step's own batch, before and after it, {every}"),
        // Its own file has the words.
        Aspect::Flatness => String::new(),
    }
}

fn least_height(scene: &Scene) -> f64 {
    let panels = if scene.n_tasks() == 3 { 3 } else { 1 + usize::from(scene.n_tasks() > 3) };
    let lamps = triad::room(scene, 328.0);
    match scene.aspect {
        Aspect::Cosine => Chart::least_height(panels) + band_room(scene) + lamps,
        Aspect::Similarity | Aspect::Ratio => Chart::least_height(panels) + lamps,
        Aspect::Curvature => Chart::least_height(1) + lamps,
        Aspect::Heat => conflict_strips::least_height(scene, pairs(scene.n_tasks()).count()).max(160.0),
        Aspect::Helped => conflict_strips::least_height(scene, scene.n_tasks()).max(160.0),
        Aspect::Flatness => flatness::least_height(scene),
    }
}

fn cosine_of(meeting: &Meeting) -> Option<f64> {
    Some(meeting.cosine)
}

fn readings(n_tasks: usize) -> Vec<Reading> {
    Reading::all(n_tasks, Reading::Lowest)
}

fn read(scene: &Scene, run: usize, reading: Reading, purpose: For) -> Vec<Point> {
    pair_series::read(scene, run, reading, cosine_of, purpose)
}

const BAND: f64 = 18.0;

fn band_room(scene: &Scene) -> f64 {
    let n = scene.runs().len();
    if scene.n_tasks() > 3 || n == 0 || n > 8 { 0.0 } else { 30.0 + n as f64 * (BAND + 4.0) * band_rows(scene) }
}

fn band_rows(scene: &Scene) -> f64 {
    if scene.n_tasks() == 3 { 2.0 } else { 1.0 }
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let known = scene.history.runs.iter().flat_map(|run| &run.records).any(|record| record.pull.is_some());
    if scene.n_tasks() < 2 {
        return Pen::new(stage).empty("One task cannot conflict. Add a task to see how gradients pull.");
    }
    if !known {
        return Pen::new(stage).empty("The angle between the task gradients appears here as the runs train.");
    }
    match scene.aspect {
        Aspect::Cosine => draw_cosines(scene, stage),
        Aspect::Heat => conflict_strips::draw_heat(scene, stage),
        Aspect::Similarity => conflict_series::draw_similarity(scene, stage),
        Aspect::Ratio => conflict_series::draw_ratio(scene, stage),
        Aspect::Curvature => conflict_series::draw_curvature(scene, stage),
        Aspect::Helped => conflict_strips::draw_helped(scene, stage),
        Aspect::Flatness => flatness::draw(scene, &Readings::default(), stage),
    }
}

fn draw_cosines(scene: &Scene, stage: &Stage) -> Picture {
    let mut panels = Vec::new();
    for reading in readings(scene.n_tasks()) {
        let scale = Scale::linear(-1.0, 1.0, 0.0, 1.0);
        let curves = scene.runs().into_iter().map(|run| curve(run, &read(scene, run, reading, For::Curve))).collect();
        panels.push(Panel {
            title: reading.name(scene),
            curves,
            earlier: Vec::new(),
            reference: Vec::new(),
            scale,
            ticks: [-1.0, 0.0, 1.0].map(|v| (v, if v > 0.0 { "+1".to_owned() } else { axis::tick(v) })).into(),
            zero: Some(0.0),
            // With several panels the words would meet the curves.
            words: if scene.n_tasks() == 2 {
                vec![(1.0, "agree"), (0.0, "unrelated"), (-1.0, "conflict")]
            } else {
                Vec::new()
            },
        });
    }
    let mut pen = Pen::new(stage);
    let (room, lamps) = (band_room(scene), triad::room(scene, stage.width));
    let lamps = if stage.height - lamps >= 170.0 { lamps } else { 0.0 };
    let room = if stage.height - room - lamps >= 170.0 { room } else { 0.0 };
    let below = room + lamps;
    let chart = Chart { scene, panels, ruler: Ruler::steps(scene), quantity: "", number: axis::cosine, below };
    let frame = chart.draw_with(&mut pen);
    if room > 0.0 {
        bands(scene, &mut pen, frame.left, frame.right, frame.bottom + 44.0);
    }
    if lamps > 0.0 {
        triad::draw(scene, &mut pen, stage.height - lamps + 4.0);
    }
    pen.picture
}

/// One colored row a run (three tasks: its three pairs), with the share of conflict at its end.
fn bands(scene: &Scene, pen: &mut Pen, left: f64, right: f64, top: f64) {
    let ink = pen.ink();
    let cells = ((right - left) / 2.0).floor().clamp(1.0, 400.0) as usize;
    let rows = readings(scene.n_tasks());
    let height = if rows.len() > 1 { 2.0 * (BAND + 4.0) / rows.len() as f64 - 1.5 } else { BAND };
    pen.tick((right + 8.0, top - 6.0), "in conflict", Anchor::Start);
    let mut y = top;
    for run in scene.runs() {
        let style = *ink.run(run);
        let middle = y + (height * rows.len() as f64) / 2.0;
        let aside = if rows.len() > 1 { 30.0 } else { 12.0 };
        pen.marker(&style, (left - aside, middle), 4.0, true);
        for reading in &rows {
            let points = read(scene, run, *reading, For::Count);
            let mut pixels = vec![ink.bg.rgb; cells];
            let last = f64::from(scene.last_step());
            let reached = points.last().map_or(0.0, |point| f64::from(point.step));
            for (i, pixel) in pixels.iter_mut().enumerate() {
                let step = last * (i as f64 + 0.5) / cells as f64;
                let after = points.partition_point(|point| f64::from(point.step) <= step);
                if step > reached || after == 0 {
                    continue;
                }
                let point = &points[after - 1];
                // Conflict is the warm end of the scale.
                let color = ink.signed(-point.value, 1.0);
                *pixel = if point.noise { ink.bg.mix(color, 0.25).rgb } else { color.rgb };
            }
            let place = Rect { left, top: y, right, bottom: y + height - 1.0 };
            pen.image(place, cells, pixels);
            if let Reading::Pair(i, j) = reading
                && rows.len() > 1
            {
                pen.tick((left - 4.0, y + height / 2.0 + 3.0), format!("{}, {}", i + 1, j + 1), Anchor::End);
            }
            if height >= 10.0 || rows.len() == 1 {
                let words = share_words(conflict_share(&points));
                pen.label((right + 8.0, y + height / 2.0 + 4.0), words, ink.ink2, Anchor::Start);
            }
            y += height;
        }
        y += 4.0;
    }
    let y = y + 10.0;
    palette(pen, left, y);
    let x = Scale::linear(0.0, f64::from(scene.last_step()), left, right).at(f64::from(scene.step));
    let bottom = y - 14.0;
    pen.hairline((x, top - 2.0), (x, bottom), ink.accent);
}

fn conflict_share(points: &[Point]) -> Option<f64> {
    let clear = || points.iter().filter(|point| !point.noise);
    let conflicts = clear().filter(|point| point.value < 0.0).count();
    (clear().count() > 0).then(|| conflicts as f64 / clear().count() as f64)
}

/// `met`, `not met` or `unknown`.
fn condition(met: Option<bool>) -> String {
    match met {
        Some(true) => "met",
        Some(false) => "not met",
        None => "unknown",
    }
    .to_owned()
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new([
        "run",
        "tasks",
        "cosine",
        "conflict rate so far",
        "left out as noise",
        "magnitude similarity",
        "length ratio",
        "curvature along step",
        "gain it takes back",
        "conflict (cos < 0)",
        "dominance (cos ≤ −similarity)",
        "high curvature (takes back all)",
        "predicted change",
        "actual change",
        "steps that lowered it",
        "promises kept",
    ]);
    let (k, step) = (scene.n_tasks(), scene.step);
    let or_dash = |value: Option<f64>| value.map_or("–".to_owned(), number);
    for run in scene.runs() {
        let history = &scene.history.runs[run];
        let known = known_pulls(history, k);
        for (i, j) in pairs(k) {
            let meetings = conflict::meetings(&known, k, (i, j));
            let after = meetings.partition_point(|meeting| meeting.step <= step);
            let now = after.checked_sub(1).map(|at| meetings[at]);
            let rate = Rate::until(&meetings, step);
            let triad = Triad::at(history, &meetings, step);
            let [conflicts, dominates, bends] = triad.conditions().map(condition);
            let similarity = now.and_then(|now| magnitude_similarity(now.length, now.other_length));
            table.rows.push(vec![
                scene.run_name(run),
                format!("{}, {}", scene.task_name(i), scene.task_name(j)),
                now.map_or("–".to_owned(), |now| axis::cosine(now.cosine)),
                share_words(rate.share()),
                rate.noise.to_string(),
                similarity.map_or("–".to_owned(), axis::cosine),
                or_dash(now.and_then(|now| length_ratio(now.length, now.other_length))),
                or_dash(triad.bend.map(|bend| bend.curvature)),
                triad.bend.map_or("–".to_owned(), |bend| bend.share().map_or("no gain".to_owned(), axis::percent)),
                conflicts,
                dominates,
                bends,
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
        for task in 0..k {
            let changes = conflict::changes(&scene.history.outline, history, task);
            let after = changes.partition_point(|change| change.step <= step);
            let now = after.checked_sub(1).map(|at| changes[at]);
            let falls = Falls::until(&changes, step);
            let mut row = vec![scene.run_name(run), scene.task_name(task)];
            row.extend((0..10).map(|_| String::new()));
            row.extend([
                or_dash(now.and_then(|now| now.predicted)),
                or_dash(now.map(|now| now.actual)),
                share_words(falls.share()),
                share_words(falls.kept_share()),
            ]);
            table.rows.push(row);
        }
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new([
        "step",
        "run",
        "task",
        "other_task",
        "cosine",
        "length",
        "other_length",
        "magnitude_similarity",
        "curvature",
        "other_curvature",
        "predicted_change",
        "other_predicted_change",
        "change",
        "other_change",
    ]);
    let k = scene.n_tasks();
    for (run, history) in scene.history.runs.iter().enumerate() {
        let changes: Vec<_> = (0..k).map(|task| conflict::changes(&scene.history.outline, history, task)).collect();
        for record in &history.records {
            let Some(pull) = &record.pull else { continue };
            let lengths = pull::lengths(&pull.gramian, k);
            let or_empty = |value: Option<f64>| value.map_or(String::new(), exact);
            let bend = |i: usize| or_empty(record.around.as_ref().and_then(|around| around.curvatures.get(i).copied()));
            let change = |i: usize| {
                let at = changes[i].binary_search_by_key(&record.step, |change| change.step).ok()?;
                Some(changes[i][at])
            };
            let predicted = |i: usize| or_empty(change(i).and_then(|change| change.predicted));
            let actual = |i: usize| or_empty(change(i).map(|change| change.actual));
            for (i, j) in pairs(k) {
                table.rows.push(vec![
                    record.step.to_string(),
                    scene.run_name(run),
                    scene.task_name(i),
                    scene.task_name(j),
                    or_empty(record.cosine(i, j)),
                    exact(lengths[i]),
                    exact(lengths[j]),
                    or_empty(magnitude_similarity(lengths[i], lengths[j])),
                    bend(i),
                    bend(j),
                    predicted(i),
                    predicted(j),
                    actual(i),
                    actual(j),
                ]);
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    let mut words = String::new();
    for run in scene.runs() {
        if scene.aspect == Aspect::Helped {
            for task in 0..scene.n_tasks() {
                let changes = conflict::changes(&scene.history.outline, &scene.history.runs[run], task);
                if let share @ Some(_) = Falls::until(&changes, u32::MAX).share() {
                    let (run, task) = (scene.run_name(run), scene.task_name(task));
                    words += &format!(" {run}: {} of steps lowered {task}.", share_words(share));
                }
            }
            continue;
        }
        let reading = if scene.n_tasks() == 2 { Reading::Pair(0, 1) } else { Reading::Lowest };
        if let share @ Some(_) = conflict_share(&read(scene, run, reading, For::Count)) {
            words += &format!(" {}: {} of steps in conflict.", scene.run_name(run), share_words(share));
        }
    }
    words += &triad::sentence(scene);
    if words.is_empty() { "No gradients yet.".to_owned() } else { words.trim_start().to_owned() }
}
