//! The sign table under the arrows: whom each update helps, and how much of it leaves the gradients' span.

use crate::measure::pull::Effect;

use super::super::axis;
use super::super::picture::{Anchor, LABEL, Pen, Point, Rect, Stage, TICK};
use super::{Arrow, Pointer, Scene, owner, style, subscript};

const ROW: f64 = 22.0;
/// Heads the bars of what lies outside the span.
const OUTSIDE: &str = "outside";

/// What heads a row or column of the sign table.
fn short_name(scene: &Scene, what: Pointer) -> String {
    match what {
        Pointer::Step(_) => "its step".to_owned(),
        _ => owner(scene, what),
    }
}

/// Few tasks are rows under the runs while the runs' names fit; else tasks are columns beside them.
pub(super) fn tasks_are_rows(scene: &Scene, stage: &Stage, updates: &[&Arrow]) -> bool {
    let widest =
        updates.iter().map(|arrow| stage.text_width(&short_name(scene, arrow.what), LABEL)).fold(0.0, f64::max);
    let column = (stage.width - task_width(scene, stage, updates)) / updates.len().max(1) as f64;
    let room = stage.height - signs_height(scene, updates, false) >= 230.0;
    scene.n_tasks() <= 3 && (widest + 15.0 <= column || !room)
}

fn task_width(scene: &Scene, stage: &Stage, updates: &[&Arrow]) -> f64 {
    let bars = leaves_span(updates).then(|| stage.text_width(OUTSIDE, TICK));
    let widths = (0..scene.n_tasks()).map(|task| stage.text_width(&scene.task_name(task), TICK)).chain(bars);
    (widths.fold(0.0, f64::max) + 12.0).min(stage.width * 0.35)
}

pub(super) fn signs_height(scene: &Scene, updates: &[&Arrow], by_task: bool) -> f64 {
    if updates.is_empty() {
        return 0.0;
    }
    let bars = usize::from(by_task && leaves_span(updates));
    let rows = if by_task { scene.n_tasks() + bars } else { updates.len() };
    30.0 + ROW * rows as f64
}

/// Whether the table says how much of each update lies outside the span.
fn leaves_span(updates: &[&Arrow]) -> bool {
    updates.iter().any(|arrow| arrow.outside > 0.005)
}

/// Whom each update helps: word, sign and cosine; only `hurts` is colored.
pub(super) fn signs(scene: &Scene, pen: &mut Pen, updates: &[&Arrow], by_task: bool, top: f64) {
    if updates.is_empty() {
        return;
    }
    let ink = pen.ink();
    let k = scene.n_tasks();
    let name = |arrow: &Arrow| short_name(scene, arrow.what);
    let head: f64 = if by_task {
        task_width(scene, pen.stage, updates)
    } else {
        updates.iter().map(|arrow| pen.stage.text_width(&name(arrow), LABEL)).fold(0.0, f64::max) + 28.0
    };
    let head = head.min(pen.stage.width * 0.35);
    let (rows, columns) = if by_task { (k, updates.len()) } else { (updates.len(), k) };
    let bars = leaves_span(updates);
    let bar_room = if bars && !by_task { 64.0 } else { 0.0 };
    let column = ((pen.stage.width - head - bar_room) / columns as f64).min(132.0);
    let line = top + 20.0;
    pen.hairline((0.0, line), (pen.stage.width, line), ink.line);
    if by_task {
        for (c, arrow) in updates.iter().enumerate() {
            let x = head + column * c as f64;
            let style = style(pen, arrow.what);
            pen.marker(&style, (x + 5.0, top + 10.0), 4.0, !matches!(arrow.what, Pointer::Step(_)));
            let words = pen.stage.fit(&name(arrow), LABEL, column - 15.0);
            pen.label((x + 14.0, top + 14.0), words, ink.ink, Anchor::Start);
        }
    } else {
        for task in 0..k {
            let x = head + column * task as f64;
            let full = scene.task_name(task);
            let words = if pen.stage.text_width(&full, TICK) <= column - 4.0 {
                full
            } else {
                format!("g{}", subscript(task + 1))
            };
            pen.text((x, top + 14.0), words, TICK, ink.ink2, Anchor::Start);
        }
    }
    for row in 0..rows {
        let y = line + ROW * row as f64 + 16.0;
        if by_task {
            let words = pen.stage.fit(&scene.task_name(row), TICK, head - 8.0);
            pen.text((0.0, y), words, TICK, ink.ink3, Anchor::Start);
        } else {
            let style = style(pen, updates[row].what);
            let filled = !matches!(updates[row].what, Pointer::Step(_));
            pen.marker(&style, (6.0, y - 4.0), 4.0, filled);
            let words = pen.stage.fit(&name(updates[row]), LABEL, head - 24.0);
            pen.label((16.0, y), words, style.text, Anchor::Start);
        }
        for c in 0..columns {
            let (arrow, task) = if by_task { (updates[c], row) } else { (updates[row], c) };
            sign(pen, arrow.cosines[task], (head + column * c as f64, y), column);
        }
        if bars && !by_task {
            outside(pen, updates[row].outside, (head + column * columns as f64, y), bar_room);
        }
    }
    if !bars {
        return;
    }
    if by_task {
        let y = line + ROW * rows as f64 + 16.0;
        let words = pen.stage.fit(OUTSIDE, TICK, head - 8.0);
        pen.text((0.0, y), words, TICK, ink.ink3, Anchor::Start);
        for (c, arrow) in updates.iter().enumerate() {
            outside(pen, arrow.outside, (head + column * c as f64, y), column);
        }
    } else {
        let x = head + column * columns as f64;
        pen.text((x, top + 14.0), OUTSIDE, TICK, ink.ink2, Anchor::Start);
    }
}

/// A small bar: the share of an update's squared length that no arrow can show.
fn outside(pen: &mut Pen, share: f64, (x, y): Point, room: f64) {
    let ink = pen.ink();
    let width = 28.0_f64.min(room - 4.0);
    if width < 8.0 {
        return;
    }
    let bar = Rect { left: x, top: y - 8.0, right: x + width, bottom: y - 2.0 };
    pen.rect(bar, ink.line);
    pen.rect(Rect { right: x + width * share.clamp(0.0, 1.0), ..bar }, ink.ink2);
    let words = format!("{:.0} %", (100.0 * share).clamp(0.0, 100.0));
    if width + 6.0 + pen.stage.text_width(&words, TICK) <= room {
        pen.tick((x + width + 6.0, y), words, Anchor::Start);
    }
}

fn sign(pen: &mut Pen, cosine: Option<f64>, at: Point, room: f64) {
    let ink = pen.ink();
    let (x, y) = at;
    let Some(cosine) = cosine else {
        pen.label((x, y), "–", ink.ink3, Anchor::Start);
        return;
    };
    let (word, color) = match Effect::of(cosine) {
        Effect::Helps => ("helps", ink.ink),
        Effect::Hurts => ("hurts", ink.bad),
        Effect::Neither => ("neither", ink.ink2),
    };
    match Effect::of(cosine) {
        Effect::Helps => pen.area(vec![(x + 4.5, y - 8.5), (x + 9.0, y), (x, y)], color),
        Effect::Hurts => pen.area(vec![(x, y - 8.5), (x + 9.0, y - 8.5), (x + 4.5, y)], color),
        Effect::Neither => {
            pen.line(vec![(x, y - 6.0), (x + 9.0, y - 6.0)], 1.5, color);
            pen.line(vec![(x, y - 2.5), (x + 9.0, y - 2.5)], 1.5, color);
        }
    }
    let words = pen.stage.text_width(word, LABEL);
    let digits = axis::cosine(cosine);
    let number = pen.stage.text_width(&digits, LABEL);
    if 14.0 + words + 5.0 + number <= room - 4.0 {
        pen.label((x + 14.0, y), word, color, Anchor::Start);
        let muted = if color == ink.bad { ink.bad } else { ink.ink3 };
        pen.label((x + 14.0 + words + 5.0, y), digits, muted, Anchor::Start);
    } else if 14.0 + words <= room - 2.0 {
        pen.label((x + 14.0, y), word, color, Anchor::Start);
    } else if 12.0 + number <= room {
        pen.label((x + 12.0, y), digits, color, Anchor::Start);
    } else {
        // Narrow columns do without the zero before the point.
        pen.label((x + 11.0, y), digits.replacen("0.", ".", 1), color, Anchor::Start);
    }
}
