//! Conflict over time as colored rows: the cosine of every pair, and whether each step lowered each loss.

use super::axis::{self, Scale};
use super::pair_series::{For, Point, Reading, read};
use super::picture::{Anchor, LABEL, Pen, Rect, StepAxis, TICK};
use super::{Picture, Scene, Stage, triad};
use crate::measure::conflict::{Change, Falls, Meeting, Rate, changes, pairs};
use std::cmp::Ordering;

/// A row lower than this cannot be read.
const LEAST_ROW: f64 = 12.0;
const MOST_ROW: f64 = 56.0;
const TOP: f64 = 22.0;
/// Room of the step axis, and of the legend below it.
const AXIS: f64 = 22.0;
const LEGEND: f64 = 20.0;

/// One row: a run and one of its pairs or tasks.
struct Row<T> {
    run: usize,
    label: String,
    series: T,
    /// Right of the row: the value at the step that is read, and a share over all steps.
    now: String,
    share: String,
}

/// What stands above and below the rows.
struct Legend<'a> {
    share: &'a str,
    draw: &'a dyn Fn(&mut Pen, f64, f64),
    /// What the rows leave out.
    note: String,
}

pub(super) fn least_height(scene: &Scene, n_each: usize) -> f64 {
    let rows = (scene.runs().len() * n_each).clamp(1, 24) as f64;
    TOP + AXIS + LEGEND + 14.0 * rows + triad::room(scene, 328.0)
}

/// How many pairs or tasks of each run fit into the picture.
fn fitting(scene: &Scene, stage: &Stage, n_each: usize) -> usize {
    let room = stage.height - TOP - AXIS - LEGEND - triad::room(scene, stage.width);
    let rows = (room / LEAST_ROW).floor().max(1.0) as usize;
    (rows / scene.runs().len().max(1)).clamp(1, n_each.max(1))
}

/// The step that the words at the right are about.
fn read_step(scene: &Scene) -> u32 {
    scene.hover.unwrap_or(scene.step)
}

/// `94 %`; one decimal near the ends.
pub(super) fn share_words(share: Option<f64>) -> String {
    let Some(share) = share else { return "–".to_owned() };
    let percent = 100.0 * share;
    let fine = (percent > 0.0 && percent < 9.95) || (percent > 98.5 && percent < 100.0);
    if fine { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// The palette of cosines from `left` on, zero marked, as far as it fits.
pub(super) fn palette(pen: &mut Pen, left: f64, y: f64) {
    let ink = pen.ink();
    let (agree, conflict) = ("+1 agree", "−1 conflict");
    let from = left + pen.stage.text_width(agree, TICK) + 8.0;
    let end = from + 78.0 + pen.stage.text_width(conflict, TICK);
    if end > pen.stage.width {
        return;
    }
    pen.tick((left, y + 4.0), agree, Anchor::Start);
    let pixels = (0..37).map(|i| ink.signed(f64::from(i) / 18.0 - 1.0, 1.0).rgb).collect();
    pen.image(Rect { left: from, top: y - 3.0, right: from + 72.0, bottom: y + 3.0 }, 37, pixels);
    pen.hairline((from + 36.0, y - 6.0), (from + 36.0, y + 6.0), ink.ink3);
    pen.tick((from + 78.0, y + 4.0), conflict, Anchor::Start);
    if end + 14.0 + pen.stage.text_width("faint: both gradients tiny", TICK) < pen.stage.width - 60.0 {
        pen.tick((end + 14.0, y + 4.0), "faint: both gradients tiny", Anchor::Start);
    }
}

fn cosine_of(meeting: &Meeting) -> Option<f64> {
    Some(meeting.cosine)
}

fn rate(points: &[Point]) -> Rate {
    let noise = points.iter().filter(|point| point.noise).count();
    let conflicts = points.iter().filter(|point| !point.noise && point.value < 0.0).count();
    Rate { conflicts, counted: points.len() - noise, noise }
}

/// The cosine of every pair and run as a heat map.
pub(super) fn draw_heat(scene: &Scene, stage: &Stage) -> Picture {
    let all = pairs(scene.n_tasks()).count();
    let kept = fitting(scene, stage, all);
    let at = read_step(scene);
    let mut rows: Vec<Row<Vec<Point>>> = Vec::new();
    for run in scene.runs() {
        let mut own: Vec<((usize, usize), Vec<Point>)> = pairs(scene.n_tasks())
            .map(|(i, j)| ((i, j), read(scene, run, Reading::Pair(i, j), cosine_of, For::Count)))
            .collect();
        if kept < all {
            // The pairs that are most in conflict say most.
            let share = |points: &[Point]| rate(points).share().unwrap_or(0.0);
            own.sort_by(|a, b| share(&b.1).total_cmp(&share(&a.1)));
        }
        own.truncate(kept);
        rows.extend(own.into_iter().map(|((i, j), points)| {
            let after = points.partition_point(|point| point.step <= at);
            Row {
                run,
                label: if all > 1 { format!("{}, {}", i + 1, j + 1) } else { String::new() },
                now: after.checked_sub(1).map_or("–".to_owned(), |idx| axis::cosine(points[idx].value)),
                share: share_words(rate(&points).share()),
                series: points,
            }
        }));
    }
    let note = if kept < all { format!("{kept} of {all} pairs a run; the table has all") } else { String::new() };
    let legend = Legend { share: "in conflict", draw: &palette, note };
    strips(scene, stage, &rows, kept, &legend, |pen, row, place| {
        let ink = pen.ink();
        let cells = (place.width() / 2.0).floor().clamp(1.0, 400.0) as usize;
        let mut pixels = vec![ink.bg.rgb; cells];
        let last = f64::from(scene.last_step());
        let reached = row.series.last().map_or(0.0, |point| f64::from(point.step));
        for (i, pixel) in pixels.iter_mut().enumerate() {
            let step = last * (i as f64 + 0.5) / cells as f64;
            let after = row.series.partition_point(|point| f64::from(point.step) <= step);
            if step > reached || after == 0 {
                continue;
            }
            let point = &row.series[after - 1];
            // Conflict is the warm end of the scale.
            let color = ink.signed(-point.value, 1.0);
            *pixel = if point.noise { ink.bg.mix(color, 0.25).rgb } else { color.rgb };
        }
        pen.image(place, cells, pixels);
    })
}

/// Whether each step lowered each task's loss on its own batch.
pub(super) fn draw_helped(scene: &Scene, stage: &Stage) -> Picture {
    let k = scene.n_tasks();
    let kept = fitting(scene, stage, k);
    let at = read_step(scene);
    let mut rows: Vec<Row<Vec<Change>>> = Vec::new();
    for run in scene.runs() {
        for task in 0..kept.min(k) {
            let series = changes(&scene.history.outline, &scene.history.runs[run], task);
            let after = series.partition_point(|change| change.step <= at);
            let now = after.checked_sub(1).map(|idx| series[idx].actual);
            let now = now.map_or("–", |now| {
                if now < 0.0 {
                    "fell"
                } else if now > 0.0 {
                    "rose"
                } else {
                    "same"
                }
            });
            rows.push(Row {
                run,
                label: if k > 1 { (task + 1).to_string() } else { String::new() },
                now: now.to_owned(),
                share: share_words(Falls::until(&series, u32::MAX).share()),
                series,
            });
        }
    }
    if rows.iter().all(|row| row.series.is_empty()) {
        let words = "Whether each step lowered each loss appears here as the runs train.";
        return Pen::new(stage).empty(words);
    }
    let note = if kept < k { format!("{kept} of {k} tasks; the table has all") } else { String::new() };
    let legend = Legend { share: "fell", draw: &fell_and_rose, note };
    // Between looks nothing is known; a look stands for the steps up to the next one where they are far apart.
    strips(scene, stage, &rows, kept, &legend, |pen, row, place| {
        let ink = pen.ink();
        pen.rect(place, ink.sunk);
        let cells = (place.width() / 2.0).floor().clamp(1.0, 400.0) as usize;
        let last = f64::from(scene.last_step());
        let apart = row.series.windows(2).map(|pair| pair[1].step - pair[0].step).max().unwrap_or(1);
        let cell = |i: usize| {
            let (from, to) = (last * i as f64 / cells as f64, last * (i as f64 + 1.0) / cells as f64);
            let after = row.series.partition_point(|change| f64::from(change.step) < to);
            let change = row.series.get(after.checked_sub(1)?)?;
            (f64::from(change.step + apart) > from).then_some(change.actual)
        };
        let middle = f64::midpoint(place.top, place.bottom);
        let mut i = 0;
        while i < cells {
            let own = cell(i).map(sign);
            let n = (i..cells).take_while(|at| cell(*at).map(sign) == own).count().max(1);
            let x = |i: usize| place.left + place.width() * i as f64 / cells as f64;
            let (left, right) = (x(i), x(i + n));
            match own {
                Some(Ordering::Less) => {
                    pen.rect(Rect { left, right, top: middle, bottom: place.bottom }, ink.signed(-0.75, 1.0));
                }
                Some(Ordering::Greater) => {
                    pen.rect(Rect { left, right, top: place.top, bottom: middle }, ink.signed(0.75, 1.0));
                }
                _ => {}
            }
            i += n;
        }
    })
}

/// The sign of a change; none for what stayed or is no number.
fn sign(change: f64) -> Ordering {
    change.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
}

/// Lower half: it fell; upper half: it rose.
fn fell_and_rose(pen: &mut Pen, left: f64, y: f64) {
    let ink = pen.ink();
    let mut x = left;
    for (value, up, words) in [(-0.75, false, "low: the loss fell"), (0.75, true, "high: it rose")] {
        let (top, bottom) = if up { (y - 5.0, y) } else { (y, y + 5.0) };
        if x + 20.0 + pen.stage.text_width(words, TICK) > pen.stage.width {
            return;
        }
        pen.rect(Rect { left: x, top: y - 5.0, right: x + 14.0, bottom: y + 5.0 }, ink.sunk);
        pen.rect(Rect { left: x, top, right: x + 14.0, bottom }, ink.signed(value, 1.0));
        pen.tick((x + 20.0, y + 4.0), words, Anchor::Start);
        x += 20.0 + pen.stage.text_width(words, TICK) + 16.0;
    }
}

/// Rows with names left, words right and a step axis below; `fill` draws inside a row.
fn strips<T>(
    scene: &Scene,
    stage: &Stage,
    rows: &[Row<T>],
    n_each: usize,
    legend: &Legend,
    fill: impl Fn(&mut Pen, &Row<T>, Rect),
) -> Picture {
    let mut pen = Pen::new(stage);
    let ink = pen.ink();
    let small = stage.width < 460.0;
    let labels = rows.iter().map(|row| stage.text_width(&row.label, TICK)).fold(0.0, f64::max);
    let labels = if labels > 0.0 { labels + 8.0 } else { 0.0 };
    let names = scene.runs().into_iter().map(|run| stage.text_width(&scene.run_name(run), LABEL)).fold(0.0, f64::max);
    // A few rows a run leave no height for its name beside each; the name stands in the middle of its rows.
    let names = names.min(stage.width * if small { 0.2 } else { 0.25 });
    let left = 18.0 + names + 8.0 + labels;
    let (now, share) = (if small { 0.0 } else { 44.0 }, stage.text_width(legend.share, TICK).max(40.0) + 8.0);
    let right = (stage.width - now - share - 4.0).max(left + 10.0);
    let room = triad::room(scene, stage.width);
    let room = if stage.height - room >= TOP + AXIS + LEGEND + LEAST_ROW * rows.len() as f64 { room } else { 0.0 };
    let n_runs = scene.runs().len().max(1);
    let gap = 5.0;
    let free = stage.height - TOP - AXIS - LEGEND - room - gap * (n_runs as f64 - 1.0);
    let height = (free / rows.len().max(1) as f64).clamp(2.0, MOST_ROW);
    let mut y = TOP;
    for (at, row) in rows.iter().enumerate() {
        let first = at % n_each == 0;
        if first && at > 0 {
            y += gap;
        }
        if first {
            let middle = y + height * n_each as f64 / 2.0;
            let style = *ink.run(row.run);
            pen.marker(&style, (6.0, middle), 4.0, true);
            let name = stage.fit(&scene.run_name(row.run), LABEL, names);
            pen.label((18.0, middle + 4.0), name, style.text, Anchor::Start);
        }
        let place = Rect { left, top: y + 0.5, right, bottom: y + height - 0.5 };
        fill(&mut pen, row, place);
        let base = y + height / 2.0 + 4.0;
        if height >= LEAST_ROW - 1.0 {
            pen.tick((left - 6.0, base), row.label.clone(), Anchor::End);
            if now > 0.0 {
                pen.text((right + now, base), row.now.clone(), TICK, ink.ink, Anchor::End);
            }
            pen.text((stage.width, base), row.share.clone(), TICK, ink.ink2, Anchor::End);
        }
        y += height;
    }
    let place = Rect { left, top: TOP, right, bottom: y };
    pen.tick((stage.width, TOP - 8.0), legend.share, Anchor::End);
    let last = scene.last_step();
    pen.picture.step_axes.push(StepAxis { place, last });
    let x = |step: f64| Scale::linear(0.0, f64::from(last), left, right).at(step);
    pen.hairline((left, y), (right, y), ink.edge);
    let mut values = axis::step_values(last);
    let widest = stage.text_width(&last.to_string(), TICK) + 10.0;
    if widest * values.len() as f64 > place.width() + widest {
        values = vec![0.0, f64::from(last)];
    }
    for value in values {
        pen.hairline((x(value), y), (x(value), y + 4.0), ink.edge);
        pen.tick((x(value), y + 16.0), axis::tick(value), Anchor::Middle);
    }
    for (step, color) in [(Some(scene.step), ink.accent), (scene.hover, ink.ink2)] {
        let Some(step) = step else { continue };
        let at = x(f64::from(step));
        pen.hairline((at, TOP - 4.0), (at, y), color);
        if Some(step) == scene.hover || scene.hover.is_none() {
            let words = format!("step {step}");
            let half = stage.text_width(&words, TICK) / 2.0;
            let middle = at.clamp(half, (right - half).max(half));
            pen.text((middle, TOP - 8.0), words, TICK, color, Anchor::Middle);
        }
    }
    let line = y + AXIS + 8.0;
    if line + 6.0 <= stage.height - room {
        if legend.note.is_empty() {
            (legend.draw)(&mut pen, left.min(18.0), line);
        } else {
            let words = stage.fit(&legend.note, TICK, stage.width);
            pen.tick((stage.width, line + 4.0), words, Anchor::End);
            if stage.width > 520.0 {
                (legend.draw)(&mut pen, left.min(18.0), line);
            }
        }
    }
    if room > 0.0 {
        triad::draw(scene, &mut pen, stage.height - room + 4.0);
    }
    pen.picture
}
