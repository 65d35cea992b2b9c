//! Conflict over time: the cosine of task gradients at each run's own weights, as lines and as bands.
//!
//! Blue is agreement, orange conflict. Where both gradients are shorter than 1 % of their own maximum,
//! the angle is mostly noise and is drawn faint.

use crate::measure::pull;
use crate::protocol::Pull;

use super::axis::{self, Scale};
use super::picture::{Anchor, LABEL, Pen, Rect, TICK};
use super::series::{Chart, Curve, Panel};
use super::{Picture, Plot, Scene, Stage, Switch, Table, exact};

pub(super) const PLOT: Plot = Plot {
    id: "cosine",
    title: "Conflict over time",
    subtitle: |scene| match scene.n_tasks() {
        0..=2 => "cosine of g₁ and g₂ at each run's own weights".to_owned(),
        3 => "cosine of each pair at each run's own weights".to_owned(),
        _ => "lowest and mean cosine over all pairs".to_owned(),
    },
    least_height: |scene| {
        let panels = if scene.n_tasks() == 3 { 3 } else { 1 + usize::from(scene.n_tasks() > 3) };
        Chart::least_height(panels) + band_room(scene)
    },
    draw,
    table,
    data,
    summary,
    switch: |_| Switch::None,
    reads_predictions: false,
};

/// What one panel reads from a record.
#[derive(Clone, Copy)]
enum Reading {
    Pair(usize, usize),
    Lowest,
    Mean,
}

/// A cosine at a step and whether it is mostly noise.
struct Point {
    step: u32,
    cosine: f64,
    noise: bool,
}

fn readings(n_tasks: usize) -> Vec<Reading> {
    match n_tasks {
        0 | 1 => Vec::new(),
        2 | 3 => pairs(n_tasks).map(|(i, j)| Reading::Pair(i, j)).collect(),
        _ => vec![Reading::Lowest, Reading::Mean],
    }
}

fn pairs(n_tasks: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_tasks).flat_map(move |i| (i + 1..n_tasks).map(move |j| (i, j)))
}

/// How many records are read: a curve has no more pixels, a table counts every step.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Curve,
    Count,
}

fn read(scene: &Scene, run: usize, reading: Reading, purpose: For) -> Vec<Point> {
    let k = scene.n_tasks();
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let whole = |pull: &&Pull| pull.gramian.len() == k * k && pull.gramian.iter().all(|entry| entry.is_finite());
    let records = scene.history.runs[run].records.iter().filter(|record| record.step < end);
    let mut known: Vec<(u32, &Pull)> =
        records.filter_map(|record| Some((record.step, record.pull.as_ref().filter(whole)?))).collect();
    // Many pairs: 500 records draw the same curve and keep a frame short.
    let most = if k > 3 { 500 } else { 2000 };
    if k > 3 || purpose == For::Curve {
        let every = known.len() / most + 1;
        known = known.into_iter().step_by(every).collect();
    }
    let mut most = vec![0.0f64; k];
    for (_, pull) in &known {
        for (most, length) in most.iter_mut().zip(pull::lengths(&pull.gramian, k)) {
            *most = most.max(length);
        }
    }
    known
        .into_iter()
        .filter_map(|(step, pull)| {
            let lengths = pull::lengths(&pull.gramian, k);
            let pair = |(i, j): (usize, usize)| {
                let cosine = pull::cosine(pull.gramian[i * k + j], lengths[i], lengths[j])?;
                Some((cosine, pull::is_noise(lengths[i], lengths[j], most[i], most[j])))
            };
            let (cosine, noise) = match reading {
                Reading::Pair(i, j) => pair((i, j))?,
                Reading::Lowest => pairs(k).filter_map(pair).min_by(|a, b| a.0.total_cmp(&b.0))?,
                Reading::Mean => {
                    let all: Vec<(f64, bool)> = pairs(k).filter_map(pair).collect();
                    if all.is_empty() {
                        return None;
                    }
                    let sum: f64 = all.iter().map(|one| one.0).sum();
                    (sum / all.len() as f64, all.iter().all(|one| one.1))
                }
            };
            Some(Point { step, cosine, noise })
        })
        .collect()
}

fn name(scene: &Scene, reading: Reading) -> String {
    match reading {
        Reading::Pair(..) if scene.n_tasks() == 2 => String::new(),
        Reading::Pair(i, j) => format!("{} and {}", scene.task_name(i), scene.task_name(j)),
        Reading::Lowest => "lowest of all pairs".to_owned(),
        Reading::Mean => "mean over all pairs".to_owned(),
    }
}

fn noise_ranges(points: &[Point]) -> Vec<(f64, f64)> {
    let mut ranges: Vec<(f64, f64)> = Vec::new();
    let mut going = false;
    for point in points {
        let step = f64::from(point.step);
        match ranges.last_mut() {
            Some(range) if going && point.noise => range.1 = step,
            _ if point.noise => ranges.push((step, step)),
            _ => {}
        }
        going = point.noise;
    }
    ranges
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
    let mut panels = Vec::new();
    for reading in readings(scene.n_tasks()) {
        let scale = Scale::linear(-1.0, 1.0, 0.0, 1.0);
        let curves = scene
            .runs()
            .into_iter()
            .map(|run| {
                let points = read(scene, run, reading, For::Curve);
                let noise = noise_ranges(&points);
                Curve { run, points: points.iter().map(|p| (f64::from(p.step), p.cosine)).collect(), noise }
            })
            .collect();
        panels.push(Panel {
            title: name(scene, reading),
            curves,
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
    let room = band_room(scene);
    let below = if stage.height - room >= 170.0 { room } else { 0.0 };
    let chart = Chart { scene, panels, quantity: "", number: axis::cosine, below };
    let frame = chart.draw_with(&mut pen);
    if below > 0.0 {
        bands(scene, &mut pen, frame.left, frame.right, frame.bottom + 44.0);
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
                let color = ink.signed(-point.cosine, 1.0);
                *pixel = if point.noise { ink.bg.mix(color, 0.25).rgb } else { color.rgb };
            }
            let place = Rect { left, top: y, right, bottom: y + height - 1.0 };
            pen.image(place, cells, pixels);
            if let Reading::Pair(i, j) = reading
                && rows.len() > 1
            {
                pen.tick((left - 4.0, y + height / 2.0 + 3.0), format!("{}, {}", i + 1, j + 1), Anchor::End);
            }
            let share = conflict_share(&points);
            if height >= 10.0 || rows.len() == 1 {
                let words = share.map_or("–".to_owned(), share_words);
                pen.label((right + 8.0, y + height / 2.0 + 4.0), words, ink.ink2, Anchor::Start);
            }
            y += height;
        }
        y += 4.0;
    }
    // The scale, where there is room for it.
    let y = y + 10.0;
    let words = "−1 conflict";
    let width = 72.0 + pen.stage.text_width(words, LABEL) + pen.stage.text_width("+1 agree", TICK) + 16.0;
    if y + 8.0 <= pen.stage.height && left + width < pen.stage.width {
        pen.tick((left, y + 4.0), "+1 agree", Anchor::Start);
        let from = left + pen.stage.text_width("+1 agree", TICK) + 8.0;
        let pixels = (0..36).map(|i| ink.signed(f64::from(i) / 17.5 - 1.0, 1.0).rgb).collect();
        pen.image(Rect { left: from, top: y - 3.0, right: from + 72.0, bottom: y + 3.0 }, 36, pixels);
        pen.tick((from + 78.0, y + 4.0), words, Anchor::Start);
    }
    let x = Scale::linear(0.0, f64::from(scene.last_step()), left, right).at(f64::from(scene.step));
    let bottom = y - 14.0;
    pen.hairline((x, top - 2.0), (x, bottom), ink.accent);
}

fn conflict_share(points: &[Point]) -> Option<f64> {
    let conflicts = points.iter().filter(|point| point.cosine < 0.0).count();
    (!points.is_empty()).then(|| conflicts as f64 / points.len() as f64)
}

fn share_words(share: f64) -> String {
    let percent = 100.0 * share;
    let fine = (percent > 0.0 && percent < 9.95) || (percent > 98.5 && percent < 100.0);
    if fine { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["run", "tasks", "cosine", "steps in conflict"]);
    for run in scene.runs() {
        for (i, j) in pairs(scene.n_tasks()) {
            let points = read(scene, run, Reading::Pair(i, j), For::Count);
            let after = points.partition_point(|point| point.step <= scene.step);
            let now = after.checked_sub(1).map_or("–".to_owned(), |idx| axis::cosine(points[idx].cosine));
            let share = conflict_share(&points).map_or("–".to_owned(), share_words);
            let tasks = format!("{}, {}", scene.task_name(i), scene.task_name(j));
            table.rows.push(vec![scene.run_name(run), tasks, now, share]);
        }
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "other_task", "cosine", "length", "other_length"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        for record in &history.records {
            let Some(pull) = &record.pull else { continue };
            let lengths = pull::lengths(&pull.gramian, scene.n_tasks());
            for (i, j) in pairs(scene.n_tasks()) {
                table.rows.push(vec![
                    record.step.to_string(),
                    scene.run_name(run),
                    scene.task_name(i),
                    scene.task_name(j),
                    record.cosine(i, j).map_or(String::new(), exact),
                    exact(lengths[i]),
                    exact(lengths[j]),
                ]);
            }
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    let mut words = String::new();
    for run in scene.runs() {
        let reading = if scene.n_tasks() == 2 { Reading::Pair(0, 1) } else { Reading::Lowest };
        if let Some(share) = conflict_share(&read(scene, run, reading, For::Count)) {
            words += &format!(" {}: {} of steps in conflict.", scene.run_name(run), share_words(share));
        }
    }
    if words.is_empty() { "No gradients yet.".to_owned() } else { words.trim_start().to_owned() }
}
