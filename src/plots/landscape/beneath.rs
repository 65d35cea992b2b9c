//! What stands beneath the maps where there is room: how far they are off over the steps, and numbers.

use crate::landscape::{HEIGHTS, HeightUnit, Pull};
use crate::protocol::OffMeasure;

use super::super::axis::{self, Scale};
use super::super::picture::{Anchor, LABEL, Pen, Rect, Stroke, TICK};
use super::super::ruler::Ruler;
use super::super::series::{Chart, Curve, Panel, axis_values};
use super::super::{Picture, Stage};
use super::chart::titled;
use super::known::{Known, brief};
use super::relief::What;

/// Px of a heading.
const HEAD: f64 = 24.0;
/// Px of a row of numbers.
const ROW: f64 = 22.0;

/// Curves over steps in the left or upper part.
pub(super) fn curves(known: &Known, pen: &mut Pen, place: Rect) {
    if known.sheet.plan.exact {
        heading(pen, place, "Sum along the way", "losses times their scales");
        sum(known, pen, place);
    } else {
        let how = match known.measure() {
            OffMeasure::Ratio => "true ÷ map or map ÷ true, the worse task",
            OffMeasure::ShareOfRange => "difference in percent of the task's range, the worse task",
        };
        heading(pen, place, "How far the map is off", how);
        off(known, pen, place);
    }
}

/// Numbers in the right or lower part.
pub(super) fn numbers(known: &Known, pen: &mut Pen, place: Rect) {
    if known.sheet.plan.exact { at_cursor(known, pen, place) } else { at_end(known, pen, place) }
}

fn heading(pen: &mut Pen, place: Rect, title: &str, note: &str) {
    titled(pen, (place.left, place.top + 12.0), place.right, title, note);
}

/// Curves of a panel without a title, in a part of the stage.
fn chart(known: &Known, pen: &mut Pen, place: Rect, panel: Panel, number: fn(f64) -> String) {
    let height = (place.bottom - place.top - HEAD).max(40.0);
    let stage = Stage { width: (place.right - place.left).max(60.0), height, ..*pen.stage };
    let ruler = Ruler::steps(known.scene);
    // What was kept from earlier experiments has no place on this map.
    let chart = Chart { scene: known.scene, panels: vec![panel], ruler, quantity: "", number, below: 0.0 };
    let drawn = chart.draw(&stage);
    add(pen, drawn, (place.left, place.top + HEAD));
}

/// Puts one picture into another.
fn add(pen: &mut Pen, picture: Picture, (dx, dy): (f64, f64)) {
    let over = |point: &mut (f64, f64)| *point = (point.0 + dx, point.1 + dy);
    for mut stroke in picture.strokes {
        match &mut stroke {
            Stroke::Line { points, .. } | Stroke::Area { points, .. } => points.iter_mut().for_each(over),
            Stroke::Circle { center, .. } => over(center),
            Stroke::Text(text) => over(&mut text.at),
        }
        pen.picture.strokes.push(stroke);
    }
    for mut axis in picture.step_axes {
        let r = axis.place;
        axis.place = Rect { left: r.left + dx, top: r.top + dy, right: r.right + dx, bottom: r.bottom + dy };
        pen.picture.step_axes.push(axis);
    }
}

fn panel<'s>(curves: Vec<Curve>, scale: Scale, ticks: Vec<(f64, String)>) -> Panel<'s> {
    Panel {
        title: String::new(),
        curves,
        earlier: Vec::new(),
        reference: Vec::new(),
        scale,
        ticks,
        zero: None,
        words: Vec::new(),
    }
}

fn off(known: &Known, pen: &mut Pen, place: Rect) {
    let curve = |run: &usize| {
        let told = known.points(*run).iter().enumerate();
        let points = told.filter_map(|(idx, point)| Some((f64::from(point.step), known.off(*run, idx)?.by)));
        Curve { run: *run, points: points.collect(), noise: Vec::new(), behind: None }
    };
    let curves: Vec<Curve> = known.runs.iter().map(curve).collect();
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1).fold(0.0, f64::max);
    let ratio = known.measure() == OffMeasure::Ratio;
    let scale = if ratio {
        let decades = most.max(1.0).log10().ceil().clamp(1.0, 12.0);
        Scale::log(1.0, 10f64.powf(decades), 0.0, 1.0)
    } else {
        Scale::linear(0.0, axis::loss_range([most].into_iter(), false).1, 0.0, 1.0)
    };
    let values = scale.ticks();
    let last = values.len().saturating_sub(1);
    let tick = |(at, value): (usize, &f64)| {
        let words = axis::tick(if ratio { *value } else { 100.0 * value });
        let unit = if ratio { " ×" } else { " %" };
        (*value, if at == last { words + unit } else { words })
    };
    let ticks = values.iter().enumerate().map(tick).collect();
    let number: fn(f64) -> String =
        if ratio { |by| format!("{}×", brief(by)) } else { |by| format!("{} %", brief(100.0 * by)) };
    chart(known, pen, place, panel(curves, scale, ticks), number);
}

fn sum_of(known: &Known, losses: &[f64]) -> f64 {
    let sum = HEIGHTS.iter().find(|source| source.unit == HeightUnit::Loss);
    sum.map_or(f64::NAN, |sum| known.of_losses(What::Height(sum), losses))
}

fn sum(known: &Known, pen: &mut Pen, place: Rect) {
    let curve = |run: &usize| {
        let records = known.scene.history.runs[*run].records.iter();
        let points = records.map(|record| (f64::from(record.step), sum_of(known, &record.losses)));
        let points = points.filter(|point| point.1.is_finite()).collect();
        Curve { run: *run, points, noise: Vec::new(), behind: None }
    };
    let curves: Vec<Curve> = known.runs.iter().map(curve).collect();
    let log = known.scene.log_losses && curves.iter().flat_map(|curve| &curve.points).all(|point| point.1 > 0.0);
    let (low, high) = axis::loss_range(axis_values(known.scene, &curves), log);
    let scale = if log { Scale::log(low, high, 0.0, 1.0) } else { Scale::linear(low, high, 0.0, 1.0) };
    let ticks = scale.ticks().into_iter().map(|value| (value, axis::tick(value))).collect();
    chart(known, pen, place, panel(curves, scale, ticks), axis::number);
}

/// True losses, those of the map, and how far they are apart, where every run ends.
fn at_end(known: &Known, pen: &mut Pen, place: Rect) {
    let ink = pen.ink();
    let scene = known.scene;
    let last = known.runs.iter().filter_map(|run| known.points(*run).last()).map(|point| point.step).max();
    let note = last.map_or(String::new(), |last| format!("step {last}"));
    let name_width =
        known.runs.iter().map(|run| pen.stage.text_width(&scene.run_name(*run), LABEL)).fold(0.0, f64::max);
    let name_width = (name_width + 30.0).clamp(60.0, 0.3 * place.width().max(200.0));
    let fitting = ((place.width() - name_width) / 148.0).floor().max(1.0) as usize;
    let n = fitting.min(known.n_tasks());
    let cell = ((place.width() - name_width) / (3 * n) as f64).min(84.0);
    let note =
        if n < known.n_tasks() { format!("{note}; {n} of {} tasks, the table has all", known.n_tasks()) } else { note };
    heading(pen, place, "At the end of each run", &note);
    let x = |task: usize, column: usize| place.left + name_width + cell * (3 * task + column) as f64;
    let top = place.top + HEAD + 28.0;
    for task in 0..n {
        let name = pen.stage.fit(&scene.task_name(task), TICK, 3.0 * cell - 8.0);
        pen.text((x(task, 0), top - 16.0), name, TICK, ink.ink2, Anchor::Start);
        for (column, words) in ["true", "map", "off"].into_iter().enumerate() {
            pen.tick((x(task, column), top), words, Anchor::Start);
        }
    }
    let room = ((place.bottom - top) / ROW).floor().max(0.0) as usize;
    for (row, run) in known.runs.iter().take(room).enumerate() {
        let y = top + ROW * (row + 1) as f64;
        let style = *ink.run(*run);
        pen.marker(&style, (place.left + 6.0, y - 4.0), 4.0, true);
        let name = pen.stage.fit(&scene.run_name(*run), LABEL, name_width - 26.0);
        pen.label((place.left + 18.0, y), name, style.text, Anchor::Start);
        let Some(idx) = known.points(*run).len().checked_sub(1) else { continue };
        for task in 0..n {
            let of = |losses: &[f64]| losses.get(task).map_or("–".to_owned(), |loss| brief(*loss));
            let off = known.off_of(task, *run, idx);
            let cells = [of(known.sheet.truth(*run, idx)), of(known.sheet.shown(*run, idx)), known.off_words(off)];
            for (column, words) in cells.into_iter().enumerate() {
                pen.label((x(task, column), y), words, ink.ink, Anchor::Start);
            }
        }
    }
}

/// Losses at the node nearest to the cross-hair; while there is none, the true ones of the run that is read.
fn at_cursor(known: &Known, pen: &mut Pen, place: Rect) {
    let ink = pen.ink();
    let scene = known.scene;
    let run = known.read_run();
    let stands = run.and_then(|run| Some((run, known.at(run, scene.step)?)));
    let (title, note, at) = match (scene.land.cursor, stands) {
        (Some(cursor), _) => ("At the cross-hair".to_owned(), "nearest node, the same in all maps".to_owned(), cursor),
        (None, Some((run, idx))) => {
            let point = known.points(run)[idx];
            let note = format!("step {}; point at a map to read it", point.step);
            (format!("At {}", scene.run_name(run)), note, point.at)
        }
        _ => return,
    };
    heading(pen, place, &title, &note);
    let node = scene.land.cursor.map(|at| known.nearest_known(at) as usize);
    let losses: Vec<f64> = match (node, stands) {
        (Some(node), _) => known.sheet.losses(node).unwrap_or_default().iter().map(|loss| f64::from(*loss)).collect(),
        (None, Some((run, idx))) => known.sheet.truth(run, idx).to_vec(),
        (None, None) => Vec::new(),
    };
    let mut rows = vec![("position".to_owned(), place_words(known, at))];
    for (task, loss) in losses.iter().enumerate().filter(|(_, loss)| loss.is_finite()) {
        rows.push((scene.task_name(task), axis::number(*loss)));
    }
    if losses.len() > 1 && losses.iter().all(|loss| loss.is_finite()) {
        rows.push(("sum".to_owned(), axis::number(sum_of(known, &losses))));
    }
    let own = stands.and_then(|(run, idx)| known.sheet.true_pull(run, idx));
    let pull = match node {
        Some(node) => known.sheet.pull(node),
        None => own.as_ref().and_then(|numbers| Pull::new(known.n_tasks(), numbers)),
    };
    if let Some(pull) = pull {
        let cosine = pull.smallest_cosine();
        if cosine.is_finite() {
            let word = if cosine < 0.0 { "conflict" } else { "agreement" };
            let angle = format!("{:.0}°, {word}", cosine.acos().to_degrees());
            let name = if known.n_tasks() == 2 { "angle of the gradients" } else { "widest angle of gradients" };
            rows.push((name.to_owned(), angle));
        }
        let lengths = (0..known.n_tasks().min(3)).map(|task| brief(pull.product(task, task).max(0.0).sqrt()));
        rows.push(("lengths".to_owned(), lengths.collect::<Vec<_>>().join(" and ")));
    }
    let room = ((place.bottom - place.top - HEAD) / ROW).floor().max(0.0) as usize;
    let column = rows.iter().map(|row| pen.stage.text_width(&row.0, LABEL)).fold(0.0, f64::max) + 24.0;
    let column = column.min(0.6 * place.width());
    for (row, (name, value)) in rows.into_iter().take(room).enumerate() {
        let y = place.top + HEAD + 14.0 + ROW * row as f64;
        let name = pen.stage.fit(&name, LABEL, column - 8.0);
        pen.label((place.left, y), name, ink.ink2, Anchor::Start);
        pen.label((place.left + column, y), value, ink.ink, Anchor::Start);
    }
}

/// `(1.0, 6.0)`.
pub(super) fn place_words(known: &Known, at: [f64; 2]) -> String {
    if known.is_line() { brief(at[0]) } else { format!("({}, {})", brief(at[0]), brief(at[1])) }
}
