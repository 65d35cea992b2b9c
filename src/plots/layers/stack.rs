//! The layers of a network as rows: each one's share of every task's gradient, its cosines, and its units.

use crate::measure::layers::{Serves, division, least_cosine, serves, share_of};
use crate::measure::pull;
use crate::protocol::{LayerPull, Probed};

use super::super::picture::{Face, Point, Text};
use super::super::{Ink, number, percent};
use super::{
    Anchor, Choice, Color, LABEL, Pen, Picture, Rect, Scene, TICK, Table, axis, chosen_layer, cosine_words, ground,
    pair_words, palette, whole,
};

/// Height of a layer on a phone.
pub(super) const TALL: f64 = 104.0;
/// Width from which a layer's units stand beside its bars.
const WIDE: f64 = 520.0;
/// Bars of tasks in one layer; with more tasks the table has the rest.
const BARS: usize = 4;
/// Units of all layers together that a table lists without a chosen layer.
const LISTED_UNITS: usize = 64;

/// A task's tone: from ink to pale in the order of the tasks.
fn tone(ink: &Ink, task: usize, n_tasks: usize) -> Color {
    let t = task as f64 / (n_tasks.max(2) - 1) as f64;
    ink.ink.mix(ink.bg, 0.12 + 0.58 * t)
}

pub(super) fn draw(scene: &Scene, mut pen: Pen, probed: &Probed) -> Picture {
    let ink = pen.ink();
    let (width, height) = (pen.stage.width, pen.stage.height);
    let wide = width >= WIDE;
    let n = probed.layers.len();
    let (head, foot) = (20.0, legend_height(scene, &pen));
    let row = ((height - head - foot) / n as f64).clamp(20.0, if wide { 96.0 } else { 150.0 });
    let columns = Columns::new(width, wide);
    heading(&mut pen, &columns);
    let all = whole(scene, probed);
    for (index, layer) in probed.layers.iter().enumerate() {
        let top = head + row * index as f64;
        if top + row > height - foot + 1.0 {
            break;
        }
        let place = Rect { left: 0.0, top, right: width, bottom: top + row - 4.0 };
        pen.picture.choices.push((place, Choice::Layer(index)));
        let chosen = chosen_layer(scene, probed) == Some(index);
        if chosen {
            pen.rect(place, ink.sunk);
            pen.rect(Rect { right: 3.0, ..place }, ink.accent);
        } else if index > 0 {
            pen.hairline((0.0, top - 2.0), (width, top - 2.0), ink.grid);
        }
        name(&mut pen, (8.0, top + 16.0), index, layer, chosen);
        bars(scene, &mut pen, (columns.bars, top + 4.0), row, layer, &all);
        cosines(scene, &mut pen, (columns.cosine, top + 4.0), row, (layer, probed));
        let strip = if wide {
            Rect { left: columns.units, top: top + 4.0, right: width - 4.0, bottom: top + row - 8.0 }
        } else {
            Rect { left: 8.0, top: top + 48.0, right: width - 4.0, bottom: top + row - 8.0 }
        };
        units(scene, &mut pen, strip, layer);
    }
    legend(scene, &mut pen, height - foot);
    pen.picture
}

/// Where the parts of a row begin.
struct Columns {
    bars: f64,
    cosine: f64,
    units: f64,
    wide: bool,
}

impl Columns {
    fn new(width: f64, wide: bool) -> Self {
        let bars = if wide { 92.0 } else { (0.25 * width).clamp(60.0, 92.0) };
        let cosine = bars + if wide { 124.0 } else { 0.36 * width };
        Self { bars, cosine, units: cosine + 76.0, wide }
    }
}

fn heading(pen: &mut Pen, columns: &Columns) {
    pen.tick((columns.bars, 12.0), pen.stage.fit("share of ‖g‖²", TICK, columns.cosine - columns.bars), Anchor::Start);
    pen.tick((columns.cosine, 12.0), "cosine", Anchor::Start);
    if columns.wide {
        let words = "units: cosine above, whose gradient reaches it below";
        let words = pen.stage.fit(words, TICK, pen.stage.width - columns.units);
        pen.tick((columns.units, 12.0), words, Anchor::Start);
    }
}

fn name(pen: &mut Pen, at: Point, index: usize, layer: &LayerPull, chosen: bool) {
    let ink = pen.ink();
    pen.put(Text {
        at,
        words: format!("layer {}", index + 1),
        size: LABEL,
        face: if chosen { Face::Bold } else { Face::Plain },
        color: ink.ink,
        anchor: Anchor::Start,
        halo: None,
        upwards: false,
    });
    pen.tick((at.0, at.1 + 15.0), format!("{} → {}", layer.inputs, layer.width), Anchor::Start);
}

fn bars(scene: &Scene, pen: &mut Pen, (left, top): Point, row: f64, layer: &LayerPull, all: &[f64]) {
    let ink = pen.ink();
    let k = scene.n_tasks();
    let shown = k.min(BARS);
    // On a phone the units stand below the bars.
    let room = if pen.stage.width >= WIDE { row - 10.0 } else { (row - 10.0).min(42.0) };
    let pitch = (room / shown as f64).clamp(4.0, 15.0);
    let length = 64.0;
    for (task, share) in share_of(&layer.gramian, all, k).into_iter().enumerate().take(shown) {
        let y = top + pitch * task as f64;
        let bar = Rect { left, top: y + 2.0, right: left + length, bottom: y + pitch - 2.0 };
        pen.rect(bar, ink.grid);
        pen.rect(Rect { right: left + (length * share).max(1.0), ..bar }, tone(ink, task, k));
        if pitch >= 11.0 {
            pen.tick((left + length + 6.0, y + pitch / 2.0 + 4.0), format!("{:.0} %", 100.0 * share), Anchor::Start);
        }
    }
}

/// One cell for two tasks, the triangle of all pairs for more.
fn cosines(scene: &Scene, pen: &mut Pen, (left, top): Point, row: f64, (layer, probed): (&LayerPull, &Probed)) {
    let k = scene.n_tasks();
    let lengths = pull::lengths(&layer.gramian, k);
    let most = most_lengths(probed.layers.iter().map(|layer| &layer.gramian[..]), k);
    if k == 2 {
        let cosine = pull::cosine(layer.gramian[1], lengths[0], lengths[1]);
        let noise = pull::is_noise(lengths[0], lengths[1], most[0], most[1]);
        let color = ground(pen, cosine, noise);
        let cell = Rect { left, top: top + 2.0, right: left + 52.0, bottom: top + (row - 12.0).clamp(14.0, 30.0) };
        pen.rect(cell, color);
        let words = cosine.map_or("–".to_owned(), axis::cosine);
        let middle = (cell.top + cell.bottom) / 2.0 + 4.0;
        pen.label((left + 26.0, middle), words, pen.ink().on(color), Anchor::Middle);
        return;
    }
    let room = (row - 12.0).min(if pen.stage.width >= WIDE { row } else { 42.0 });
    let cell = (room / (k as f64 - 1.0)).clamp(2.0, 16.0).min(60.0 / (k as f64 - 1.0));
    for i in 0..k {
        for j in i + 1..k {
            let cosine = pull::cosine(layer.gramian[i * k + j], lengths[i], lengths[j]);
            let color = ground(pen, cosine, pull::is_noise(lengths[i], lengths[j], most[i], most[j]));
            let (x, y) = (left + cell * (j as f64 - 1.0), top + 2.0 + cell * i as f64);
            let gap = if cell > 4.0 { 1.0 } else { 0.0 };
            pen.rect(Rect { left: x, top: y, right: x + cell - gap, bottom: y + cell - gap }, color);
        }
    }
    // The lower left of the triangle is free.
    if let Some((i, j, cosine)) = least_cosine(&layer.gramian, k)
        && row >= 60.0
        && pen.stage.width >= WIDE
    {
        let words = format!("{}: {}", pair_words(scene, (i, j)), axis::cosine(cosine));
        pen.tick((left, top + 16.0 + cell * (k as f64 - 1.0)), words, Anchor::Start);
    }
}

/// (K) the largest length of each task's gradient over some parts.
fn most_lengths<'a>(parts: impl Iterator<Item = &'a [f64]>, n_tasks: usize) -> Vec<f64> {
    let mut most = vec![0.0_f64; n_tasks];
    for part in parts {
        for (most, length) in most.iter_mut().zip(pull::lengths(part, n_tasks)) {
            *most = most.max(length);
        }
    }
    most
}

/// The least cosine of each told unit and whether it is noise, and how the unit divides between the tasks.
fn read_units(scene: &Scene, layer: &LayerPull) -> Vec<(Option<f64>, bool, Option<Vec<f64>>)> {
    let k = scene.n_tasks();
    let most = most_lengths(layer.units.iter().map(|unit| &unit[..]), k);
    let read = |unit: &Vec<f64>| {
        let lengths = pull::lengths(unit, k);
        let least = least_cosine(unit, k);
        let noise = least.is_some_and(|(i, j, _)| pull::is_noise(lengths[i], lengths[j], most[i], most[j]));
        (least.map(|(_, _, cosine)| cosine), noise, division(unit, &layer.gramian, layer.width as usize, k))
    };
    layer.units.iter().map(read).collect()
}

/// Two strips, a cell a unit: its least cosine, and below it whose gradient reaches it; then both in words.
fn units(scene: &Scene, pen: &mut Pen, place: Rect, layer: &LayerPull) {
    let ink = pen.ink();
    let k = scene.n_tasks();
    let all = read_units(scene, layer);
    if all.is_empty() || place.width() < 8.0 || place.height() < 8.0 {
        return;
    }
    let words_room = if place.height() >= 36.0 { 17.0 } else { 0.0 };
    let band = ((place.height() - words_room - 2.0) / 2.0).clamp(3.0, 24.0);
    let cell = (place.width() / all.len() as f64).min(30.0);
    let right = place.left + cell * all.len() as f64;
    let below = place.top + band + 2.0;
    if cell >= 4.0 {
        let gap = if cell >= 7.0 { 1.0 } else { 0.0 };
        for (unit, (cosine, noise, division)) in all.iter().enumerate() {
            let left = place.left + cell * unit as f64;
            let right = left + cell - gap;
            let color = ground(pen, *cosine, *noise);
            pen.rect(Rect { left, top: place.top, right, bottom: place.top + band }, color);
            pen.rect(Rect { left, top: below, right, bottom: below + band }, ink.grid);
            let mut top = below;
            for (task, share) in division.iter().flatten().enumerate() {
                let bottom = top + band * share;
                pen.rect(Rect { left, top, right, bottom }, tone(ink, task, k));
                top = bottom;
            }
        }
    } else {
        // One pixel a unit; the bars are a picture of a few rows.
        const ROWS: usize = 12;
        let pixels = all.iter().map(|(cosine, noise, _)| ground(pen, *cosine, *noise).rgb).collect();
        pen.image(Rect { right, bottom: place.top + band, ..place }, all.len(), pixels);
        let color = |row: usize, division: &Option<Vec<f64>>| {
            let Some(division) = division else { return ink.grid.rgb };
            let mut rest = (row as f64 + 0.5) / ROWS as f64;
            let task = division.iter().position(|share| {
                rest -= share;
                rest <= 0.0
            });
            tone(ink, task.unwrap_or(k - 1), k).rgb
        };
        let pixels = (0..ROWS).flat_map(|row| all.iter().map(move |unit| (row, &unit.2)));
        let pixels = pixels.map(|(row, division)| color(row, division)).collect();
        pen.image(Rect { left: place.left, top: below, right, bottom: below + band }, all.len(), pixels);
    }
    if words_room > 0.0 {
        let words = pen.stage.fit(&service_words(scene, layer), TICK, place.width());
        pen.tick((place.left, below + band + 13.0), words, Anchor::Start);
    }
}

/// How many units serve whom: `odd 12, ge5 8, both 40, none 4`.
fn service_words(scene: &Scene, layer: &LayerPull) -> String {
    let k = scene.n_tasks();
    let all: Vec<Serves> = read_units(scene, layer).into_iter().map(|(_, _, parts)| serves(parts.as_deref())).collect();
    let count = |what: Serves| all.iter().filter(|serves| **serves == what).count();
    let mut words: Vec<String> = Vec::new();
    for task in 0..k {
        let n = count(Serves::Task(task));
        if n > 0 {
            words.push(format!("{n} {} {}", if n == 1 { "serves" } else { "serve" }, scene.task_name(task)));
        }
    }
    for (what, name) in [(Serves::Several, if k == 2 { "both" } else { "several" }), (Serves::None, "none")] {
        let n = count(what);
        if n > 0 {
            words.push(format!("{n} {name}"));
        }
    }
    let told = layer.units.len();
    let of =
        if told < layer.width as usize { format!(" (first {told} of {} units)", layer.width) } else { String::new() };
    words.join(", ") + &of
}

fn legend_height(scene: &Scene, pen: &Pen) -> f64 {
    if pen.stage.width < WIDE && scene.n_tasks() <= BARS { 40.0 } else { 24.0 }
}

fn legend(scene: &Scene, pen: &mut Pen, top: f64) {
    let ink = pen.ink();
    let k = scene.n_tasks();
    let end = palette(pen, 0.0, top + 14.0);
    if k > BARS {
        return;
    }
    let below = pen.stage.width < WIDE;
    let (mut x, y) = if below { (0.0, top + 32.0) } else { (end + 24.0, top + 14.0) };
    let room = (pen.stage.width - x) / k as f64 - 22.0;
    for task in 0..k {
        pen.rect(Rect { left: x, top: y - 5.0, right: x + 10.0, bottom: y + 5.0 }, tone(ink, task, k));
        let words = pen.stage.fit(&scene.task_name(task), TICK, room);
        pen.tick((x + 15.0, y + 4.0), words.clone(), Anchor::Start);
        x += 15.0 + pen.stage.text_width(&words, TICK) + 16.0;
    }
}

fn serves_words(scene: &Scene, division: Option<&[f64]>) -> String {
    match serves(division) {
        Serves::Task(task) => scene.task_name(task),
        Serves::Several => if scene.n_tasks() == 2 { "both" } else { "several" }.to_owned(),
        Serves::None => "none".to_owned(),
    }
}

pub(super) fn table(scene: &Scene, probed: &Probed) -> Table {
    let k = scene.n_tasks();
    let mut table = Table::new(["layer", "units"]);
    for task in 0..k {
        let name = scene.task_name(task);
        table.columns.extend([format!("length, {name}"), format!("share of ‖g‖², {name}")]);
    }
    table.columns.extend([if k == 2 { "cosine" } else { "least cosine" }.to_owned(), "serves".to_owned()]);
    let mut push = |name: String, units: String, (part, of): (&[f64], &[f64]), serves: String| {
        let mut row = vec![name, units];
        for (length, share) in pull::lengths(part, k).into_iter().zip(share_of(part, of, k)) {
            row.extend([number(length), percent(share)]);
        }
        row.extend([cosine_words(scene, part), serves]);
        table.rows.push(row);
    };
    let all = whole(scene, probed);
    for (index, layer) in probed.layers.iter().enumerate() {
        let words = service_words(scene, layer);
        push(format!("layer {}", index + 1), layer.width.to_string(), (&layer.gramian, &all), words);
    }
    push("all layers".to_owned(), String::new(), (&all, &all), String::new());
    let few = probed.layers.iter().map(|layer| layer.units.len()).sum::<usize>() <= LISTED_UNITS;
    let chosen = chosen_layer(scene, probed);
    for (index, layer) in probed.layers.iter().enumerate().filter(|(index, _)| few || chosen == Some(*index)) {
        for (unit, gramian) in layer.units.iter().enumerate() {
            let division = division(gramian, &layer.gramian, layer.width as usize, k);
            let serves = serves_words(scene, division.as_deref());
            let name = format!("layer {}, unit {}", index + 1, unit + 1);
            push(name, String::new(), (gramian, &layer.gramian), serves);
        }
    }
    table
}

pub(super) fn summary(scene: &Scene, probed: &Probed) -> String {
    let k = scene.n_tasks();
    let name = scene.run_name(scene.at_run);
    let mut words = format!("{name} at step {}, {} shared layers.", probed.step, probed.layers.len());
    if probed.layers.len() == 1 {
        words = format!("{name} at step {}, one shared layer.", probed.step);
    }
    let least = probed.layers.iter().enumerate().filter_map(|(i, l)| Some((i, least_cosine(&l.gramian, k)?.2)));
    if let Some((layer, cosine)) = least.min_by(|a, b| a.1.total_cmp(&b.1)) {
        words += &format!(" The lowest cosine, {}, is in layer {}.", axis::cosine(cosine), layer + 1);
    }
    for (index, layer) in probed.layers.iter().enumerate() {
        words += &format!(" Layer {}, units: {}.", index + 1, service_words(scene, layer));
    }
    words
}
