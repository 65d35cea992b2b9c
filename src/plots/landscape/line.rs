//! Losses along the straight way between two checkpoints, and how high they rise above the line between its ends.

use super::super::axis::{self, Scale};
use super::super::picture::{Anchor, Face, LABEL, Pen, PlaneAxis, Point, Rect, TICK};
use super::super::place::{Wish, along};
use super::chart::{Names, square, titled};
use super::known::{Known, brief};
use super::relief::{Relief, Tone, What};

/// An end of the way: its run, its step, where it lies and the losses that the map shows there.
pub(super) struct End<'k> {
    pub run: usize,
    pub step: u32,
    pub at: f64,
    pub shown: &'k [f64],
}

/// The ends, as far as they are known.
pub(super) fn ends<'k>(known: &'k Known) -> Vec<End<'k>> {
    let anchors = known.sheet.plan.anchors.iter();
    let end = |anchor: &crate::protocol::MapAnchor| {
        let run = anchor.run as usize;
        let points = &known.sheet.plan.paths.get(run)?.points;
        let idx = points.iter().position(|point| point.step == anchor.step)?;
        let shown = known.sheet.shown(run, idx);
        Some(End { run, step: anchor.step, at: points[idx].at[0], shown }).filter(|end| end.at.is_finite())
    };
    anchors.filter_map(end).collect()
}

pub(super) fn draw(known: &Known, relief: &Relief, place: Rect, pen: &mut Pen) {
    let ink = pen.ink();
    let [from, to] = known.spans[0];
    let across = Scale::linear(from, to, place.left, place.right);
    let (nodes, _) = known.nodes();
    let value = |node: &u32| (known.sheet.grid.place([from, to], *node), known.height_at(relief.what, *node));
    let ends = ends(known);
    let at_end = |end: &End| known.of_losses(relief.what, end.shown);
    // Nodes pass the ends by; a narrow valley may lie between two of them.
    let at_ends = ends.iter().map(|end| (end.at, at_end(end)));
    let mut curve: Vec<(f64, f64)> =
        nodes.iter().map(value).chain(at_ends).filter(|(_, value)| value.is_finite()).collect();
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let values = curve.iter().map(|point| point.1).chain(ends.iter().map(at_end)).filter(|value| value.is_finite());
    let values: Vec<f64> = values.collect();
    let scale = match relief.tone {
        Tone::Bands(bands) => {
            let log = bands.is_log() && values.iter().all(|value| *value > 0.0);
            if log {
                let (low, high) = values.iter().fold((1e100, 1e-100), |(l, h): (f64, f64), v| (l.min(*v), h.max(*v)));
                Scale::log((low / 1.5).max(1e-100), (high * 1.6).min(1e100), 0.0, 1.0)
            } else {
                let (low, high) = axis::loss_range(values.iter().copied(), false);
                Scale::linear(low, high, 0.0, 1.0)
            }
        }
        Tone::Cosine => Scale::linear(-1.0, 1.0, 0.0, 1.0),
        Tone::Tasks(n) => Scale::linear(-0.25, n as f64 - 0.75, 0.0, 1.0),
    };
    let up = scale.between(place.bottom, place.top);
    let at = |(x, y): (f64, f64)| -> Point { (across.at(x), up.at(y)) };
    frame(known, relief, place, pen, across, up);
    if curve.is_empty() {
        pen.tick((place.left + 8.0, place.top + 16.0), "not known yet", Anchor::Start);
    }

    let mut names = Names::default();
    for end in &ends {
        let x = across.at(end.at);
        pen.dashed(&[(x, place.top), (x, place.bottom)], 1.0, ink.edge, &[2.0, 3.0], 0.0);
    }
    let drawn: Vec<Point> = curve.iter().map(|point| at(*point)).collect();
    names.taken.extend(drawn.iter().map(|point| square(*point, 3.0)));
    pen.line(drawn, 2.0, ink.ink);
    if let (Tone::Bands(_), [a, b]) = (relief.tone, &ends[..]) {
        barrier(known, relief.what, &curve, [(a.at, at_end(a)), (b.at, at_end(b))], &at, pen, &mut names);
    }
    for (number, end) in ends.iter().enumerate() {
        let value = at_end(end);
        if !value.is_finite() {
            continue;
        }
        let style = *ink.run(end.run);
        let point = at((end.at, value));
        pen.marker(&style, point, 5.0, true);
        names.taken.push(square(point, 6.0));
        let name = known.scene.run_name(end.run);
        let words = if place.width() < 260.0 { name } else { format!("{name}, step {}", end.step) };
        let width = pen.stage.text_width(&words, LABEL) + 4.0;
        let toward = if number == 0 { -0.6 } else { -std::f64::consts::PI + 0.6 };
        names.wish(Wish { at: point, toward, width, clear: 9.0 }, words, style.text, Face::Plain);
    }
    if let Some([x, _]) = known.scene.land.cursor.filter(|at| at[0].is_finite()) {
        let x = x.clamp(from, to);
        pen.hairline((across.at(x), place.top), (across.at(x), place.bottom), ink.accent);
        let value = known.height_at(relief.what, known.nearest_known([x, 0.0]));
        if value.is_finite() {
            let point = at((x, value));
            pen.disc(point, 3.25, ink.accent);
            names.taken.push(square(point, 4.0));
            let words = axis::number(value);
            let width = (pen.stage.measure)(&words, LABEL, Face::Bold) + 4.0;
            names.first(Wish { at: point, toward: 0.8, width, clear: 6.0 }, words, ink.ink, Face::Bold);
        }
    }
    names.put(pen, place);
    pen.picture.plane_axes.push(PlaneAxis { place, spans: known.spans });
}

/// The straight line between the ends' losses, and where the curve rises above it most.
fn barrier(
    known: &Known,
    what: What,
    curve: &[(f64, f64)],
    [(from, first), (to, last)]: [(f64, f64); 2],
    at: &dyn Fn((f64, f64)) -> Point,
    pen: &mut Pen,
    names: &mut Names,
) {
    let ink = pen.ink();
    if !(first.is_finite() && last.is_finite() && to > from) {
        return;
    }
    let straight = |x: f64| first + (last - first) * (x - from) / (to - from);
    // Straight in losses, so bent on a log axis.
    let chord = (0..=32).map(|i| from + (to - from) * f64::from(i) / 32.0);
    let chord: Vec<Point> = chord.map(|x| at((x, straight(x)))).collect();
    pen.dashed(&chord, 1.0, ink.ink2, &[4.0, 3.0], 0.0);
    names.taken.extend(chord.iter().map(|point| square(*point, 2.0)));
    if !known.sheet.is_complete() {
        return;
    }
    let between = curve.iter().filter(|(x, _)| *x >= from && *x <= to);
    let highest = between.map(|(x, value)| (*x, value - straight(*x))).max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((x, rise)) = highest else { return };
    let of_task = match what {
        What::Task(task) => known.sheet.barriers().and_then(|barriers| barriers.get(task).copied()),
        What::Height(_) => None,
    };
    let rise = of_task.unwrap_or(rise.max(0.0));
    // What is below a thousandth of the losses is the rounding of single numbers.
    if rise <= 1e-3 * first.abs().max(last.abs()) {
        let words = "no barrier".to_owned();
        let width = pen.stage.text_width(&words, LABEL) + 4.0;
        let middle = at(((from + to) / 2.0, straight((from + to) / 2.0)));
        names.wish(Wish { at: middle, toward: 1.5, width, clear: 5.0 }, words, ink.ink2, Face::Plain);
        return;
    }
    let (foot, top) = (at((x, straight(x))), at((x, straight(x) + rise)));
    pen.line(vec![foot, top], 1.5, ink.ink2);
    names.taken.extend(along(foot, top));
    for end in [foot, top] {
        pen.line(vec![(end.0 - 3.5, end.1), (end.0 + 3.5, end.1)], 1.5, ink.ink2);
    }
    let words = format!("barrier {}", brief(rise));
    let width = (pen.stage.measure)(&words, LABEL, Face::Bold) + 4.0;
    names.first(Wish { at: top, toward: std::f64::consts::FRAC_PI_2, width, clear: 6.0 }, words, ink.ink, Face::Bold);
}

fn frame(known: &Known, relief: &Relief, place: Rect, pen: &mut Pen, across: Scale, up: Scale) {
    let ink = pen.ink();
    let ticks: Vec<(f64, String)> = match relief.tone {
        Tone::Tasks(n) => (0..n).map(|task| (task as f64, known.scene.task_name(task))).collect(),
        _ => up.ticks().into_iter().map(|value| (value, axis::tick(value))).collect(),
    };
    let dense = place.height() < 15.0 * (ticks.len() as f64 - 1.0);
    let n = ticks.len();
    for (i, (value, words)) in ticks.into_iter().enumerate() {
        let y = up.at(value);
        let zero = matches!(relief.tone, Tone::Cosine) && value == 0.0;
        pen.hairline((place.left, y), (place.right, y), if zero { ink.ink3 } else { ink.grid });
        if !dense || i == 0 || i + 1 == n {
            pen.tick((place.left - 6.0, y + 4.0), pen.stage.fit(&words, TICK, 44.0), Anchor::End);
        }
    }
    let words = known.axis_words(0);
    let free = place.right - pen.stage.text_width(&words, TICK) - 6.0;
    for value in across.ticks() {
        let x = across.at(value);
        pen.hairline((x, place.bottom), (x, place.bottom + 4.0), ink.edge);
        let words = axis::tick(value);
        if x + pen.stage.text_width(&words, TICK) / 2.0 < free {
            pen.tick((x, place.bottom + 15.0), words, Anchor::Middle);
        }
    }
    pen.tick((place.right, place.bottom + 15.0), words, Anchor::End);
    pen.hairline((place.left, place.top), (place.left, place.bottom), ink.edge);
    pen.hairline((place.left, place.bottom), (place.right, place.bottom), ink.edge);
    titled(pen, (place.left, place.top - 7.0), place.right, &relief.title, &relief.note);
}
