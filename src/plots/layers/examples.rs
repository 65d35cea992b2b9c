//! Single training rows by the cosine of their own task gradients: which data set the tasks against each other.

use crate::measure::layers::least_cosine;
use crate::protocol::{ExamplePull, InputOutline, Probed, ProbedRows};

use super::super::axis::Scale;
use super::super::number;
use super::super::predictions::{answer_words, is_wrong};
use super::{
    Anchor, Choice, LABEL, Pen, Picture, Rect, Scene, TICK, Table, axis, cosine_words, pair_words, palette, whole,
};

/// Dots over the axis.
const DOT: f64 = 3.5;
/// Height of the dots with their axis.
const STRIP: f64 = 84.0;
/// Size of a row's picture.
const SIDE: f64 = 44.0;

/// What all rows of the probe are to the single ones.
fn together(probed: &Probed) -> &'static str {
    match probed.rows {
        ProbedRows::Batch(_) => "their batch",
        ProbedRows::Chosen(_) => "all of them together",
    }
}

fn cosine(scene: &Scene, example: &ExamplePull) -> Option<f64> {
    least_cosine(&example.gramian, scene.n_tasks()).map(|(_, _, cosine)| cosine)
}

/// The rows in the order that was asked for; those without a cosine last.
fn ordered<'s>(scene: &Scene, probed: &'s Probed) -> Vec<&'s ExamplePull> {
    let mut rows: Vec<&ExamplePull> = probed.examples.iter().collect();
    if scene.inside.worst_first {
        let key = |row: &&ExamplePull| cosine(scene, row).unwrap_or(f64::INFINITY);
        rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    rows
}

/// Mean of the rows' cosines, and that of the mean of all rows' gradients.
fn means(scene: &Scene, probed: &Probed) -> (Option<f64>, Option<f64>) {
    let all: Vec<f64> = probed.examples.iter().filter_map(|row| cosine(scene, row)).collect();
    let mean = (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
    (mean, least_cosine(&whole(scene, probed), scene.n_tasks()).map(|(_, _, cosine)| cosine))
}

pub(super) fn draw(scene: &Scene, mut pen: Pen, probed: &Probed) -> Picture {
    let height = pen.stage.height;
    if probed.examples.is_empty() {
        return pen.empty("No row was told.");
    }
    let chosen = probed.examples.iter().find(|row| Some(row.row) == scene.inside.example);
    let lines = pen.stage.wrap(&detail(scene, probed, chosen), LABEL, pen.stage.width - 4.0);
    let foot = 16.0 * lines.len().min(4) as f64 + 26.0;
    strip(scene, &mut pen, probed);
    let room = Rect { left: 0.0, top: STRIP + 26.0, right: pen.stage.width, bottom: height - foot - 4.0 };
    grid(scene, &mut pen, probed, room);
    let color = pen.ink().ink2;
    for (i, line) in lines.into_iter().take(4).enumerate() {
        pen.label((0.0, height - foot + 14.0 + 16.0 * i as f64), line, color, Anchor::Start);
    }
    palette(&mut pen, 0.0, height - 8.0);
    pen.picture
}

/// Every row as a dot over its cosine, equal ones on top of each other.
fn strip(scene: &Scene, pen: &mut Pen, probed: &Probed) {
    let ink = pen.ink();
    let (left, right) = (10.0, pen.stage.width - 10.0);
    let base = STRIP - 16.0;
    let scale = Scale::linear(-1.0, 1.0, left, right);
    for (value, words) in [(-1.0, "−1"), (0.0, "0"), (1.0, "+1")] {
        let x = scale.at(value);
        pen.hairline((x, 4.0), (x, base + 4.0), if value == 0.0 { ink.edge } else { ink.grid });
        pen.tick((x, base + 16.0), words, Anchor::Middle);
    }
    pen.hairline((left, base), (right, base), ink.line);
    let columns = ((right - left) / (2.0 * DOT + 1.0)).floor().max(1.0);
    let most = ((base - 6.0) / (2.0 * DOT + 1.0)).floor().max(1.0) as usize;
    let mut heights = vec![0usize; columns as usize + 1];
    let mut top = None;
    for row in &probed.examples {
        let Some(value) = cosine(scene, row) else { continue };
        let x = scale.at(value);
        let column = (((x - left) / (right - left).max(1.0) * columns).floor().max(0.0) as usize).min(columns as usize);
        let level = heights[column].min(most - 1);
        heights[column] += 1;
        let y = base - DOT - 1.0 - level as f64 * (2.0 * DOT + 1.0);
        pen.disc((x, y), DOT, ink.signed(-value, 1.0));
        pen.ring((x, y), DOT, 0.75, ink.edge);
        let place = Rect { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 };
        pen.picture.choices.push((place, Choice::Example(row.row)));
        if Some(row.row) == scene.inside.example {
            top = Some((x, y));
        }
    }
    if let Some(at) = top {
        pen.ring(at, DOT + 2.5, 2.0, ink.accent);
    }
    let (mean, batch) = means(scene, probed);
    let mut words = Vec::new();
    if let Some(mean) = mean {
        let x = scale.at(mean);
        pen.area(vec![(x, base + 1.0), (x + 4.0, base + 7.0), (x - 4.0, base + 7.0)], ink.ink);
        words.push(format!("▲ mean of {} rows {}", probed.examples.len(), axis::cosine(mean)));
    }
    if let Some(batch) = batch {
        let x = scale.at(batch);
        pen.line(vec![(x, 4.0), (x, base)], 1.5, ink.ink2);
        words.push(format!("❘ {}, {} rows, {}", together(probed), probed.counted, axis::cosine(batch)));
    }
    let words = pen.stage.fit(&words.join("   "), TICK, pen.stage.width - 4.0);
    pen.tick((pen.stage.width / 2.0, STRIP + 16.0), words, Anchor::Middle);
}

/// The rows as pictures with their cosines.
fn grid(scene: &Scene, pen: &mut Pen, probed: &Probed, room: Rect) {
    let ink = pen.ink();
    let rows = ordered(scene, probed);
    let pictured = !matches!(scene.history.outline.input, InputOutline::Tabular);
    let (wide, side) = (if pictured { SIDE + 20.0 } else { 84.0 }, if pictured { SIDE } else { 20.0 });
    let columns = (room.width() / wide).floor().max(1.0) as usize;
    let pitch = side + 24.0;
    let lines = (room.height() / pitch).floor().max(0.0) as usize;
    let shown = (columns * lines).min(rows.len());
    for (at, row) in rows.into_iter().take(shown).enumerate() {
        let left = room.left + wide * (at % columns) as f64 + 2.0;
        let top = room.top + pitch * (at / columns) as f64 + 2.0;
        let place = Rect { left, top, right: left + if pictured { side } else { wide - 8.0 }, bottom: top + side };
        picture(scene, pen, row, place);
        let target = Rect { left: left - 2.0, top: top - 2.0, right: left + wide - 4.0, bottom: top + pitch - 2.0 };
        pen.picture.choices.push((target, Choice::Example(row.row)));
        if Some(row.row) == scene.inside.example {
            let Rect { left, top, right, bottom } = place;
            let outline = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top), (right, top)];
            pen.line(outline, 2.5, ink.accent);
        }
        let least = least_cosine(&row.gramian, scene.n_tasks());
        let words = least.map_or("–".to_owned(), |(i, j, cosine)| {
            format!("{} {}", pair_words(scene, (i, j)), axis::cosine(cosine)).trim_start().to_owned()
        });
        let color = least.map_or(ink.sunk, |(_, _, cosine)| ink.signed(-cosine, 1.0));
        let y = place.bottom + 14.0;
        pen.rect(Rect { left, top: y - 7.0, right: left + 7.0, bottom: y }, color);
        pen.text((left + 11.0, y), pen.stage.fit(&words, TICK, wide - 14.0), TICK, ink.ink2, Anchor::Start);
    }
}

/// The row's pixels, its place in the plane, or its number.
fn picture(scene: &Scene, pen: &mut Pen, row: &ExamplePull, place: Rect) {
    let ink = pen.ink();
    match &scene.history.outline.input {
        InputOutline::Image { width, height } if *width > 0 && row.sample.pixels.len() == width * height => {
            let grey = |grey: &f32| ink.sunk.mix(ink.ink, f64::from(*grey)).rgb;
            pen.image(place, *width, row.sample.pixels.iter().map(grey).collect());
        }
        InputOutline::Plane { low, high } if high > low => {
            pen.rect(place, ink.sunk);
            if let Some([x, y]) = row.place.filter(|place| place.iter().all(|v| v.is_finite())) {
                let part = |v: f32| f64::from((v - low) / (high - low)).clamp(0.0, 1.0);
                let at = (place.left + place.width() * part(x), place.bottom - (place.bottom - place.top) * part(y));
                pen.hairline(
                    (place.left, (place.top + place.bottom) / 2.0),
                    (place.right, (place.top + place.bottom) / 2.0),
                    ink.line,
                );
                pen.hairline(
                    ((place.left + place.right) / 2.0, place.top),
                    ((place.left + place.right) / 2.0, place.bottom),
                    ink.line,
                );
                pen.disc(at, 3.0, ink.ink);
            }
        }
        _ => {
            pen.rect(place, ink.sunk);
            let words = pen.stage.fit(&format!("row {}", row.row), TICK, place.width() - 4.0);
            let middle = ((place.left + place.right) / 2.0, (place.top + place.bottom) / 2.0 + 4.0);
            pen.text(middle, words, TICK, ink.ink2, Anchor::Middle);
        }
    }
}

/// What the chosen row says in numbers, or how to choose one.
fn detail(scene: &Scene, probed: &Probed, chosen: Option<&ExamplePull>) -> String {
    let Some(row) = chosen else {
        return format!("{} Choose a row to read it, with the pointer or ↑ and ↓.", conflicts(scene, probed));
    };
    let mut words = format!("Row {}: cosine {}.", row.row, cosine_words(scene, &row.gramian));
    for task in 0..scene.n_tasks().min(4) {
        let name = scene.task_name(task);
        words += &format!(" {name}: loss {}", number(row.losses.get(task).copied().unwrap_or(f64::NAN)));
        if let Some(answer) = row.sample.answers.get(task) {
            let verb = if is_wrong(scene, task, answer) { "wrongly says" } else { "says" };
            let (said, truth) = (answer_words(scene, task, answer.predicted), answer_words(scene, task, answer.truth));
            words += &format!(", {verb} {said}, is {truth}");
        }
        words += ".";
    }
    words
}

/// `Of 64 rows 20 are in conflict.`
fn conflicts(scene: &Scene, probed: &Probed) -> String {
    let n = probed.examples.iter().filter(|row| cosine(scene, row).is_some_and(|cosine| cosine < 0.0)).count();
    let of = probed.examples.len();
    match (of, n) {
        (1, 0) => "The tasks of this row do not conflict.".to_owned(),
        (1, _) => "The tasks of this row conflict.".to_owned(),
        (_, 0) => format!("Of {of} rows none is in conflict."),
        (_, 1) => format!("Of {of} rows one is in conflict."),
        _ => format!("Of {of} rows {} are in conflict.", axis::count(n)),
    }
}

pub(super) fn table(scene: &Scene, probed: &Probed) -> Table {
    let k = scene.n_tasks();
    let mut table = Table::new(["row", if k == 2 { "cosine" } else { "least cosine" }]);
    for task in 0..k {
        let name = scene.task_name(task);
        let columns = ["loss", "answer", "truth"].map(|what| format!("{name} {what}"));
        table.columns.extend(columns);
    }
    for row in ordered(scene, probed) {
        let mut cells = vec![row.row.to_string(), cosine_words(scene, &row.gramian)];
        for task in 0..k {
            cells.push(number(row.losses[task]));
            let answer = row.sample.answers.get(task);
            let words = |value: f32| answer_words(scene, task, value);
            cells.push(answer.map_or(String::new(), |answer| words(answer.predicted)));
            cells.push(answer.map_or(String::new(), |answer| words(answer.truth)));
        }
        table.rows.push(cells);
    }
    let (mean, batch) = means(scene, probed);
    for (name, value) in [("mean of these rows", mean), (together(probed), batch)] {
        let mut cells = vec![name.to_owned(), value.map_or("–".to_owned(), axis::cosine)];
        cells.resize(table.columns.len(), String::new());
        table.rows.push(cells);
    }
    table
}

pub(super) fn summary(scene: &Scene, probed: &Probed) -> String {
    let mut words = conflicts(scene, probed);
    let known = probed.examples.iter().filter_map(|row| Some((row.row, cosine(scene, row)?)));
    if let Some((row, cosine)) = known.min_by(|a, b| a.1.total_cmp(&b.1)) {
        words += &format!(" The worst is row {row} with cosine {}.", axis::cosine(cosine));
    }
    let (mean, batch) = means(scene, probed);
    if let (Some(mean), Some(batch)) = (mean, batch) {
        let (mean, batch) = (axis::cosine(mean), axis::cosine(batch));
        words += &format!(" Their mean cosine is {mean}, that of {} {batch}.", together(probed));
    }
    if let Some(row) = probed.examples.iter().find(|row| Some(row.row) == scene.inside.example) {
        words += &format!(" {}", detail(scene, probed, Some(row)));
    }
    words
}
