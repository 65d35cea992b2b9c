//! How the task gradients pull at one run's weights, exact from the Gramian, and whom each update helps.
//!
//! Two gradients span a plane, so the picture is isometric and nothing is projected; the bisector points
//! up. Three or more do not fit a plane: their cosines stand in a matrix, and the sign table decides.
//! Runs stand at different points, so all updates belong to the weights of one run and say so.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::measure::pull::{self, Effect};
use crate::protocol::Record;

use super::axis;
use super::layers;
use super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK, Text};
use super::place::{Wish, along, settle};
use super::{Picture, Plot, RunStyle, Scene, Shape, Stage, Switch, Table, exact, number};

pub(super) const PLOT: Plot = Plot {
    id: "gradients",
    title: "Gradients",
    subtitle: |scene| {
        let what = if scene.n_tasks() > 2 { "cosines of all pairs" } else { "directions only" };
        let layer = layers::layer_words(scene);
        format!("{}, at {}", if layer.is_empty() { what } else { &layer }, scene.run_name(scene.at_run))
    },
    least_height: |scene| match scene.n_tasks() {
        0..=2 => 340.0,
        n => 420.0 + 10.0 * n as f64,
    },
    draw: |scene, stage| layers::at_layer(scene, |scene| draw(scene, stage)),
    table: |scene| layers::at_layer(scene, table),
    data,
    summary: |scene| layers::at_layer(scene, summary),
    switch: |_| Switch::AtRun,
    reads_predictions: false,
};

/// A direction that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrow {
    pub what: Pointer,
    /// Unit direction in the plane (x right, y up) for two tasks, else zero.
    pub toward: [f64; 2],
    /// Its true length.
    pub length: f64,
    /// (K) cosines with the task gradients; `None` where one of the two is zero.
    pub cosines: Vec<Option<f64>>,
    /// Share of its squared length outside the span of the gradients, in [0, 1].
    pub outside: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// gᵢ of this task.
    Gradient(usize),
    /// The direction d this run's method gives here (a step along −d).
    Update(usize),
    /// The step the optimizer of the run took, turned around to compare with d.
    Step(usize),
}

/// The record whose gradients are shown: of `at_run`, at the view cursor or the last one before.
fn record<'s>(scene: &Scene<'s>) -> Option<&'s Record> {
    let k = scene.n_tasks();
    let record = scene.history.runs.get(scene.at_run)?.pull_at(scene.step)?;
    let pull = record.pull.as_ref()?;
    (pull.gramian.len() == k * k && pull.gramian.iter().all(|entry| entry.is_finite())).then_some(record)
}

/// All arrows at the view cursor: K gradients, then the updates of the drawn runs, then the step.
pub fn arrows(scene: &Scene) -> Vec<Arrow> {
    let k = scene.n_tasks();
    let Some(record) = record(scene) else { return Vec::new() };
    let Some(pull) = &record.pull else { return Vec::new() };
    let lengths = pull::lengths(&pull.gramian, k);
    let units = if k == 2 { pull::plane(&pull.gramian) } else { [[0.0; 2]; 2] };
    let embedding = pull::Embedding::new(&pull.gramian, k);

    // A vector known by its products with the gradients and its length.
    let arrow = |what: Pointer, products: &[f64], length: f64| -> Option<Arrow> {
        if products.len() != k || !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let cosines: Vec<Option<f64>> = (0..k).map(|i| pull::cosine(products[i], lengths[i], length)).collect();
        if cosines.iter().all(Option::is_none) {
            return None;
        }
        let inside: f64 = embedding.project(products).iter().map(|c| (c / length).powi(2)).sum();
        let outside = if inside.is_finite() { (1.0 - inside).clamp(0.0, 1.0) } else { 0.0 };
        let mut toward = [0.0; 2];
        if k == 2 {
            let [c0, c1] = [cosines[0].unwrap_or(0.0), cosines[1].unwrap_or(0.0)];
            let [s, c] = units[0];
            let x = if s > 1e-7 { (c0 - c1) / (2.0 * s) } else { 0.0 };
            let y = if c > 1e-7 { (c0 + c1) / (2.0 * c) } else { 0.0 };
            let size = x.hypot(y);
            // Products at the level of rounding have no direction.
            toward = if size > 1e-6 { [x / size, y / size] } else { return None };
        }
        Some(Arrow { what, toward, length, cosines, outside: if outside < 1e-6 { 0.0 } else { outside } })
    };

    let mut arrows = Vec::new();
    for i in 0..k {
        let cosines = (0..k).map(|j| pull::cosine(pull.gramian[i * k + j], lengths[i], lengths[j])).collect();
        let toward = if k == 2 { units[i] } else { [0.0; 2] };
        arrows.push(Arrow { what: Pointer::Gradient(i), toward, length: lengths[i], cosines, outside: 0.0 });
    }
    for run in scene.runs() {
        let what = Pointer::Update(run);
        let weights = record.compared.get(run).filter(|weights| weights.len() == k);
        // After the last step nothing was applied any more: there the weights say what d would be.
        if run == scene.at_run && !pull.along_direction.is_empty() {
            arrows.extend(arrow(what, &pull.along_direction, pull.direction_length));
        } else if let Some(weights) = weights {
            let products: Vec<f64> =
                (0..k).map(|i| (0..k).map(|j| pull.gramian[i * k + j] * weights[j]).sum()).collect();
            let square: f64 = products.iter().zip(weights).map(|(p, w)| p * w).sum();
            arrows.extend(arrow(what, &products, square.max(0.0).sqrt()));
        }
    }
    if !scene.runs().contains(&scene.at_run) {
        return arrows;
    }
    let backwards: Vec<f64> = pull.along_step.iter().map(|product| -product).collect();
    arrows.extend(arrow(Pointer::Step(scene.at_run), &backwards, pull.step_length));
    arrows
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let mut pen = Pen::new(stage);
    if scene.is_empty() {
        return pen.empty("The gradients of all tasks appear here as the runs train.");
    }
    if scene.n_tasks() < 2 {
        return pen.empty("One task cannot conflict. Add a task to see how gradients pull.");
    }
    let name = scene.run_name(scene.at_run);
    if let Some(at) = scene.diverged(scene.at_run).filter(|at| *at <= scene.step) {
        return pen
            .empty(&format!("{name} diverged at step {at}: it has no gradients here. Step back to see its last."));
    }
    let arrows = arrows(scene);
    if arrows.is_empty() {
        return pen.empty(&format!("The gradients at {name} appear here when they are computed."));
    }
    if arrows.iter().take(scene.n_tasks()).all(|arrow| arrow.length == 0.0) {
        let step = scene.step;
        return pen.empty(&format!("All task gradients of {name} are zero at step {step}: nothing pulls."));
    }
    let updates: Vec<&Arrow> = arrows.iter().filter(|arrow| !matches!(arrow.what, Pointer::Gradient(_))).collect();
    let by_task = tasks_are_rows(scene, stage, &updates);
    let table = signs_height(scene, updates.len(), by_task);
    let notes = notes(scene, &updates);
    let notes_height: f64 =
        if notes.is_empty() { 0.0 } else { 16.0 * stage.wrap(&notes, TICK, stage.width - 8.0).len() as f64 + 4.0 };
    let below = table + notes_height;
    let tall = stage.height - below >= 150.0;
    let bottom = if tall { stage.height - below } else { stage.height };
    if scene.n_tasks() == 2 {
        plane(scene, &mut pen, &arrows, bottom);
    } else {
        matrix(scene, &mut pen, bottom);
    }
    if tall {
        signs(scene, &mut pen, &updates, by_task, bottom + 4.0);
        let color = pen.ink().ink3;
        for (i, line) in stage.wrap(&notes, TICK, stage.width - 8.0).into_iter().enumerate() {
            let y = bottom + table + 13.0 + 16.0 * i as f64;
            pen.text((0.0, y), line, TICK, color, Anchor::Start);
        }
    }
    pen.picture
}

/// What the picture alone could hide.
fn notes(scene: &Scene, updates: &[&Arrow]) -> String {
    let mut words = String::new();
    for arrow in updates.iter().filter(|arrow| arrow.outside > 0.05) {
        let percent = (100.0 * arrow.outside).floor().min(99.0);
        let place = if scene.n_tasks() == 2 { "this plane" } else { "the gradients' span" };
        words += &format!(" Hollow: {percent:.0} % of {} lies outside {place}.", owner(scene, arrow.what));
    }
    let hurts = |arrow: &&&Arrow| arrow.cosines.iter().flatten().any(|c| Effect::of(*c) == Effect::Hurts);
    let step = updates.iter().find(|arrow| matches!(arrow.what, Pointer::Step(_)));
    let own = updates.iter().find(|arrow| arrow.what == Pointer::Update(scene.at_run));
    if step.is_some_and(|arrow| hurts(&arrow)) && own.is_some_and(|arrow| !hurts(&arrow)) {
        words += " The optimizer bends d: the step hurts a task that d does not.";
    }
    words.trim_start().to_owned()
}

fn owner(scene: &Scene, what: Pointer) -> String {
    match what {
        Pointer::Gradient(task) => format!("g{}", subscript(task + 1)),
        Pointer::Update(run) => scene.run_name(run),
        Pointer::Step(_) => "the step".to_owned(),
    }
}

fn subscript(n: usize) -> String {
    let low = |c: char| char::from_u32('₀' as u32 + (c as u32 - '0' as u32)).unwrap_or(c);
    n.to_string().chars().map(low).collect()
}

/// Ink of an update: the run's own, neutral for the step.
fn style(pen: &Pen, what: Pointer) -> RunStyle {
    let ink = pen.ink();
    match what {
        Pointer::Update(run) => *ink.run(run),
        _ => RunStyle { mark: ink.ink2, text: ink.ink2, shape: Shape::Circle, dash: &[3.0, 3.0] },
    }
}

fn plane(scene: &Scene, pen: &mut Pen, arrows: &[Arrow], bottom: f64) {
    let ink = pen.ink();
    let width = pen.stage.width;
    let gradients = &arrows[..2];
    let updates = &arrows[2..];
    let cosine = gradients[0].cosines[1];
    let angle = cosine.unwrap_or(1.0).acos();
    // Most pictures need the upper half only; arrows below the horizon get the room they need.
    let depth = arrows.iter().map(|arrow| -0.8 * arrow.toward[1]).fold(0.0, f64::max);
    let room = (bottom - 52.0).max(40.0);
    let radius = (width / 2.0 - 12.0).min(room / (1.0 + depth)).max(20.0);
    let slack = (room - radius * (1.0 + depth)).max(0.0) / 2.0;
    let origin: Point = (width / 2.0, 26.0 + slack + radius);
    let at = |angle: f64, r: f64| (origin.0 + radius * r * angle.cos(), origin.1 - radius * r * angle.sin());
    let arc = |from: f64, to: f64, r: f64| -> Vec<Point> {
        let n = 48;
        (0..=n).map(|i| at(from + (to - from) * f64::from(i) / f64::from(n), r)).collect()
    };

    pen.line(arc(0.0, PI, 1.0), 1.0, ink.grid);
    pen.hairline((origin.0 - radius, origin.1), (origin.0 + radius, origin.1), ink.grid);
    for tick in 0..=6 {
        let a = f64::from(tick) * PI / 6.0;
        pen.line(vec![at(a, 0.985), at(a, 1.015)], 1.0, ink.edge);
    }

    let pull_known = gradients.iter().all(|g| g.length > 0.0);
    let half = FRAC_PI_2 - angle / 2.0;
    if pull_known {
        let (from, to) = (FRAC_PI_2 - half, FRAC_PI_2 + half);
        let mut cone = vec![origin];
        cone.extend(arc(from, to, 1.0));
        if half > 0.005 {
            pen.hatch(&cone, 7.0, ink.ink3.at(0.55));
        }
        pen.line(vec![at(from, 1.0), origin, at(to, 1.0)], 1.0, ink.ink3);
        pen.line(arc(from, to, 1.0), 2.0, ink.ink2);
        pen.label((origin.0, origin.1 - radius - 10.0), "common descent: no task loses", ink.ink2, Anchor::Middle);
    }

    let mut taken: Vec<Rect> = Vec::new();
    for (i, gradient) in gradients.iter().enumerate().filter(|(_, gradient)| gradient.length > 0.0) {
        let a = gradient.toward[1].atan2(gradient.toward[0]);
        pen.line(vec![origin, at(a, 0.985)], 2.5, ink.ink);
        pen.arrow_head(at(a, 1.0), a, 11.0, ink.ink);
        taken.extend(along(origin, at(a, 1.0)));
        let tip = at(a, 1.0);
        let outward = if i == 0 { 60.0 } else { -60.0 };
        let anchor = if i == 0 { Anchor::End } else { Anchor::Start };
        let words = format!("length {}", number(gradient.length));
        let wide = pen.stage.text_width(&words, TICK);
        // Narrow angles leave no room beside the tips; the names step away from the axis.
        let least = if i == 0 { origin.0 + 40.0 + wide } else { origin.0 - 40.0 - wide };
        let x = if i == 0 { (tip.0 + outward).max(least).min(width) } else { (tip.0 + outward).min(least).max(0.0) };
        let y = tip.1 + 18.0;
        pen.put(Text {
            at: (x, y),
            words: format!("g{}", subscript(i + 1)),
            size: 15.0,
            face: Face::Math,
            color: ink.ink,
            anchor,
            halo: None,
            upwards: false,
        });
        pen.tick((x, y + 16.0), words, anchor);
        let (left, right) = if i == 0 { (x - wide, x) } else { (x, x + wide) };
        taken.push(Rect { left, top: y - 12.0, right, bottom: y + 20.0 });
    }

    for arrow in updates {
        let a = arrow.toward[1].atan2(arrow.toward[0]);
        let style = style(pen, arrow.what);
        let step = matches!(arrow.what, Pointer::Step(_));
        pen.line(vec![origin, at(a, 0.8)], 5.0, ink.halo);
        pen.dashed(&[origin, at(a, 0.8)], if step { 1.25 } else { 2.0 }, style.mark, style.dash, 0.0);
        taken.extend(along(origin, at(a, 0.8)));
    }
    // Equal directions share one place: the first marker is large, later ones sit on it.
    let mut groups: Vec<(Point, f64, Vec<usize>)> = Vec::new();
    for (idx, arrow) in updates.iter().enumerate() {
        let a = arrow.toward[1].atan2(arrow.toward[0]);
        let tip = at(a, 0.8);
        let near = |group: &&mut (Point, f64, Vec<usize>)| (group.0.0 - tip.0).hypot(group.0.1 - tip.1) < 6.0;
        match groups.iter_mut().find(near) {
            Some(group) => group.2.push(idx),
            None => groups.push((tip, a, vec![idx])),
        }
    }
    let mut wishes = Vec::new();
    let mut words = Vec::new();
    for (tip, a, members) in &groups {
        for (rank, idx) in members.iter().enumerate() {
            let arrow = &updates[*idx];
            let style = style(pen, arrow.what);
            let radius = match (members.len(), rank) {
                (1, _) => 5.0,
                (_, 0) => 8.0,
                _ => 4.5,
            };
            pen.marker(&style, *tip, radius, arrow.outside <= 0.05);
        }
        let size = if members.len() > 1 { 9.0 } else { 6.0 };
        taken.push(Rect { left: tip.0 - size, top: tip.1 - size, right: tip.0 + size, bottom: tip.1 + size });
        let near_up = (a - FRAC_PI_2).abs() < 0.2;
        let side = if near_up {
            FRAC_PI_2
        } else if a.cos() > 0.0 {
            0.0
        } else {
            PI
        };
        for idx in members {
            let arrow = &updates[*idx];
            let name = match arrow.what {
                Pointer::Step(run) => format!("step of {}", scene.run_name(run)),
                _ => owner(scene, arrow.what),
            };
            let wide = pen.stage.text_width(&name, LABEL) + 4.0;
            wishes.push(Wish { at: *tip, toward: side, width: wide, clear: size + 3.0 });
            words.push((name, style(pen, arrow.what).text, *tip));
        }
    }
    let bounds = Rect { left: 0.0, top: 20.0, right: width, bottom: bottom - 2.0 };
    for ((name, color, tip), place) in words.into_iter().zip(settle(&wishes, &taken, bounds)) {
        let (cx, cy) = ((place.left + place.right) / 2.0, (place.top + place.bottom) / 2.0);
        let far = (cx - tip.0).abs() - place.width() / 2.0;
        if far.max((cy - tip.1).abs() - 7.0) > 20.0 {
            pen.line(vec![tip, (cx, cy)], 0.75, ink.ink3);
        }
        pen.halo((place.left + 2.0, place.bottom - 3.0), name, color, Anchor::Start);
    }
    pen.disc(origin, 3.0, ink.ink);
    if pull_known {
        let (from, to) = (FRAC_PI_2 - angle / 2.0, FRAC_PI_2 + angle / 2.0);
        if angle > 0.05 {
            pen.line(arc(from, to, 0.2), 4.0, ink.halo);
            pen.line(arc(from, to, 0.2), 1.0, ink.ink2);
        }
        let words = format!("{:.0}° apart", angle.to_degrees());
        pen.halo((origin.0, origin.1 + 16.0), words, ink.ink2, Anchor::Middle);
    } else {
        let zero = if gradients[0].length > 0.0 { 1 } else { 0 };
        let words = format!("{} has no gradient here", scene.task_name(zero));
        pen.halo((origin.0, origin.1 + 16.0), words, ink.ink2, Anchor::Middle);
    }
}

/// Cosines of all pairs, one cell a pair.
fn matrix(scene: &Scene, pen: &mut Pen, bottom: f64) {
    let ink = pen.ink();
    let k = scene.n_tasks();
    let Some(pull) = record(scene).and_then(|record| record.pull.as_ref()) else { return };
    let lengths = pull::lengths(&pull.gramian, k);
    let sentence = format!(
        "{} gradients do not fit a plane. Each cell is the cosine of two of them: blue agrees, orange conflicts.",
        capitalized(&axis::count(k))
    );
    let lines = pen.stage.wrap(&sentence, TICK, pen.stage.width - 8.0);
    for (i, line) in lines.iter().enumerate() {
        pen.tick((0.0, 12.0 + 16.0 * i as f64), line.clone(), Anchor::Start);
    }
    let names: Vec<String> = (0..k).map(|task| scene.task_name(task)).collect();
    let wide = names.iter().map(|name| pen.stage.text_width(name, TICK)).fold(0.0, f64::max);
    let left = (wide + 8.0).min(pen.stage.width * 0.3);
    let length_room = 76.0;
    let top = 16.0 * lines.len() as f64 + 28.0;
    let cell = ((pen.stage.width - left - length_room) / k as f64).min((bottom - top - 8.0) / k as f64);
    let cell = cell.clamp(6.0, 56.0);
    if cell >= 12.0 {
        pen.tick((left + cell * k as f64 + 8.0, top - 6.0), "length", Anchor::Start);
    }
    for i in 0..k {
        let y = top + cell * i as f64;
        if cell >= 12.0 {
            let words = pen.stage.fit(&names[i], TICK, left - 6.0);
            pen.tick((left - 6.0, y + cell / 2.0 + 4.0), words, Anchor::End);
            let words = number(lengths[i]);
            pen.tick((left + cell * k as f64 + 8.0, y + cell / 2.0 + 4.0), words, Anchor::Start);
            pen.tick((left + cell * (i as f64 + 0.5), top - 6.0), format!("g{}", subscript(i + 1)), Anchor::Middle);
        }
        for j in 0..k {
            let x = left + cell * j as f64;
            let place = Rect { left: x, top: y, right: x + cell - 1.0, bottom: y + cell - 1.0 };
            if i == j {
                pen.rect(place, ink.sunk);
                continue;
            }
            let cosine = pull::cosine(pull.gramian[i * k + j], lengths[i], lengths[j]);
            let ground = cosine.map_or(ink.sunk, |cosine| ink.signed(-cosine, 1.0));
            pen.rect(place, ground);
            if cell >= 32.0 {
                let words = cosine.map_or("–".to_owned(), axis::cosine);
                pen.text((x + (cell - 1.0) / 2.0, y + cell / 2.0 + 4.0), words, TICK, ink.on(ground), Anchor::Middle);
            }
        }
    }
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

const ROW: f64 = 22.0;

/// What heads a row or column of the sign table.
fn short_name(scene: &Scene, what: Pointer) -> String {
    match what {
        Pointer::Step(_) => "its step".to_owned(),
        _ => owner(scene, what),
    }
}

/// Few tasks are rows under the runs while the runs' names fit; else tasks are columns beside them.
fn tasks_are_rows(scene: &Scene, stage: &Stage, updates: &[&Arrow]) -> bool {
    let widest =
        updates.iter().map(|arrow| stage.text_width(&short_name(scene, arrow.what), LABEL)).fold(0.0, f64::max);
    let column = (stage.width - task_width(scene, stage)) / updates.len().max(1) as f64;
    let room = stage.height - signs_height(scene, updates.len(), false) >= 230.0;
    scene.n_tasks() <= 3 && (widest + 15.0 <= column || !room)
}

fn task_width(scene: &Scene, stage: &Stage) -> f64 {
    let widths = (0..scene.n_tasks()).map(|task| stage.text_width(&scene.task_name(task), TICK));
    (widths.fold(0.0, f64::max) + 12.0).min(stage.width * 0.35)
}

fn signs_height(scene: &Scene, n_updates: usize, by_task: bool) -> f64 {
    if n_updates == 0 {
        return 0.0;
    }
    let rows = if by_task { scene.n_tasks() } else { n_updates };
    30.0 + ROW * rows as f64
}

/// Whom each update helps: word, sign and cosine; only `hurts` is colored.
fn signs(scene: &Scene, pen: &mut Pen, updates: &[&Arrow], by_task: bool, top: f64) {
    if updates.is_empty() {
        return;
    }
    let ink = pen.ink();
    let k = scene.n_tasks();
    let name = |arrow: &Arrow| short_name(scene, arrow.what);
    let head: f64 = if by_task {
        task_width(scene, pen.stage)
    } else {
        updates.iter().map(|arrow| pen.stage.text_width(&name(arrow), LABEL)).fold(0.0, f64::max) + 28.0
    };
    let head = head.min(pen.stage.width * 0.35);
    let (rows, columns) = if by_task { (k, updates.len()) } else { (updates.len(), k) };
    let column = ((pen.stage.width - head) / columns as f64).min(132.0);
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

fn effect_words(cosine: Option<f64>) -> String {
    let Some(cosine) = cosine else { return "–".to_owned() };
    let word = match Effect::of(cosine) {
        Effect::Helps => "helps",
        Effect::Hurts => "hurts",
        Effect::Neither => "neither",
    };
    format!("{word} {}", axis::cosine(cosine))
}

fn table(scene: &Scene) -> Table {
    let mut table = Table::new(["direction", "length"]);
    table.columns.extend((0..scene.n_tasks()).map(|task| scene.task_name(task)));
    table.columns.push("outside the span".to_owned());
    for arrow in arrows(scene) {
        let name = match arrow.what {
            Pointer::Gradient(task) => format!("gradient of {}", scene.task_name(task)),
            Pointer::Update(run) => format!("update of {}", scene.run_name(run)),
            Pointer::Step(run) => format!("step of {}", scene.run_name(run)),
        };
        let gradient = matches!(arrow.what, Pointer::Gradient(_));
        let mut row = vec![name, number(arrow.length)];
        row.extend(arrow.cosines.iter().map(|cosine| match cosine {
            Some(cosine) if gradient => axis::cosine(*cosine),
            cosine => effect_words(*cosine),
        }));
        row.push(if gradient { "0 %".to_owned() } else { format!("{:.0} %", 100.0 * arrow.outside) });
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    let mut table = Table::new(["step", "run", "task", "other_task", "quantity", "value"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        let name = scene.run_name(run);
        for record in &history.records {
            let Some(pull) = &record.pull else { continue };
            let k = scene.n_tasks();
            let mut push = |task: String, other: String, quantity: &str, value: f64| {
                let cells = [record.step.to_string(), name.clone(), task, other, quantity.to_owned(), exact(value)];
                table.rows.push(cells.to_vec());
            };
            for (idx, value) in pull.gramian.iter().enumerate() {
                push(scene.task_name(idx / k.max(1)), scene.task_name(idx % k.max(1)), "gramian", *value);
            }
            for (task, value) in pull.along_direction.iter().enumerate() {
                push(scene.task_name(task), String::new(), "along_direction", *value);
            }
            for (task, value) in pull.along_step.iter().enumerate() {
                push(scene.task_name(task), String::new(), "along_step", *value);
            }
            push(String::new(), String::new(), "direction_length", pull.direction_length);
            push(String::new(), String::new(), "step_length", pull.step_length);
        }
    }
    table
}

fn summary(scene: &Scene) -> String {
    let arrows = arrows(scene);
    if arrows.is_empty() {
        return "No gradients yet.".to_owned();
    }
    let mut words = format!("Gradients at {}, step {}.", scene.run_name(scene.at_run), scene.step);
    if let (2, Some(Some(cosine))) = (scene.n_tasks(), arrows[0].cosines.get(1)) {
        words += &format!(" They are {:.0} degrees apart.", cosine.acos().to_degrees());
    }
    for arrow in &arrows {
        let name = match arrow.what {
            Pointer::Gradient(_) => continue,
            Pointer::Update(run) => scene.run_name(run),
            Pointer::Step(run) => format!("The step of {}", scene.run_name(run)),
        };
        let hurt: Vec<String> = arrow
            .cosines
            .iter()
            .enumerate()
            .filter(|(_, cosine)| cosine.is_some_and(|c| Effect::of(c) == Effect::Hurts))
            .map(|(task, _)| scene.task_name(task))
            .collect();
        words += &if hurt.is_empty() {
            format!(" {name} hurts no task.")
        } else {
            format!(" {name} hurts {}.", hurt.join(", "))
        };
    }
    words
}
