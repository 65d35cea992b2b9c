//! Loss space: the paths of all runs, who is beaten by whom, and the area the runs dominate.

use crate::measure::front::{self, nondominated, reach};

use super::axis::{self, Scale};
use super::indicators::{self, TOGETHER, Worths};
use super::manifold;
use super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK, Text};
use super::place::{Wish, settle};
use super::series::KEPT_DASH;
use super::{Picture, Plot, Scene, Stage, Switch, Table, exact, number};

pub(super) const PLOT: Plot = Plot {
    id: "front",
    title: "Loss space",
    subtitle,
    least_height: |_| 300.0,
    draw,
    table,
    data,
    summary,
    switch: |scene| if manifold::is_learned(scene) { Switch::Front } else { Switch::None },
    shows_all_seeds: |scene| manifold::is_learned(scene) && manifold::shows_all_seeds(scene),
    reads_predictions: false,
    at_once: true,
};

/// A run's losses of the first two tasks at the cursor.
struct Standing {
    run: usize,
    losses: [f64; 2],
    beaten: bool,
}

fn standings(scene: &Scene) -> Vec<Standing> {
    let now = |run: usize| {
        let record = scene.history.runs[run].at(scene.step)?;
        let losses = [*record.losses.first()?, *record.losses.get(1)?];
        let alive = scene.diverged(run).is_none_or(|end| scene.step < end);
        (alive && losses.iter().all(|loss| loss.is_finite())).then_some((run, losses))
    };
    let known: Vec<(usize, [f64; 2])> = scene.runs().into_iter().filter_map(now).collect();
    let points: Vec<Vec<f64>> = known.iter().map(|(_, losses)| losses.to_vec()).collect();
    let free = nondominated(&points);
    known.into_iter().zip(free).map(|((run, losses), free)| Standing { run, losses, beaten: !free }).collect()
}

/// (1, K) Losses of all tasks where a run stands; empty where it does not.
pub(super) fn losses_of(scene: &Scene, run: usize) -> Vec<Vec<f64>> {
    let alive = scene.diverged(run).is_none_or(|end| scene.step < end);
    let record = scene.history.runs[run].at(scene.step).filter(|_| alive);
    record
        .filter(|record| record.losses.iter().all(|loss| loss.is_finite()))
        .map(|r| r.losses.clone())
        .into_iter()
        .collect()
}

/// (K) Where the true front is known, a tenth beyond it; 1 for standardized values (the loss of always answering the
/// mean); else the start's loss, rounded up.
pub(super) fn reference(scene: &Scene) -> Vec<f64> {
    let known = &scene.history.outline.front;
    if !known.is_empty() {
        return front::reference(known, std::iter::empty(), scene.n_tasks());
    }
    let of_task = |task: usize| {
        let standardized = scene.history.outline.tasks.get(task).is_some_and(|outline| outline.metric == "R²");
        let first = scene.history.runs.iter().filter_map(|run| run.records.first()?.losses.get(task));
        let start = first.copied().filter(|loss| loss.is_finite() && *loss > 0.0).fold(0.0, f64::max);
        if standardized || start == 0.0 { 1.0 } else { axis::loss_range([start].into_iter(), false).1 }
    };
    (0..scene.n_tasks()).map(of_task).collect()
}

fn subtitle(scene: &Scene) -> String {
    if manifold::is_learned(scene) {
        return manifold::subtitle(scene);
    }
    if scene.n_tasks() < 2 || scene.is_empty() {
        return String::new();
    }
    let worths = Worths::of(scene);
    let words = indicators::phrase(&worths.all, &worths.reference);
    let drawn = if scene.n_tasks() > 2 { "first two tasks drawn" } else { "" };
    [drawn, &words].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ")
}

/// (step, losses of the first two tasks), finite only.
fn path(scene: &Scene, run: usize) -> Vec<(u32, [f64; 2])> {
    let end = scene.diverged(run).unwrap_or(u32::MAX);
    let records = scene.history.runs[run].records.iter().filter(|record| record.step < end);
    records
        .filter_map(|record| Some((record.step, [*record.losses.first()?, *record.losses.get(1)?])))
        .filter(|(_, losses)| losses.iter().all(|loss| loss.is_finite()))
        .collect()
}

/// The true front's curves in the plane of two tasks; of more tasks the plane shows no front.
pub(super) fn truth<'s>(scene: &Scene<'s>) -> impl Iterator<Item = Vec<[f64; 2]>> + 's {
    let known = if scene.n_tasks() == 2 { &scene.history.outline.front[..] } else { &[] };
    let pair = |losses: &Vec<f64>| Some([*losses.first()?, *losses.get(1)?]);
    known.iter().map(move |curve| curve.iter().filter_map(pair).collect())
}

/// A range for one axis over everything recorded and the true front; diverged runs count with their start only.
fn range(scene: &Scene, task: usize) -> Scale {
    let mut values: Vec<f64> = truth(scene).flatten().map(|losses| losses[task]).collect();
    for run in scene.runs() {
        let keep = if scene.diverged(run).is_some() { 1 } else { usize::MAX };
        values.extend(path(scene, run).into_iter().take(keep).map(|(_, losses)| losses[task]));
    }
    let kept = scene.kept.iter().filter(|kept| kept.run.diverged.is_none()).flat_map(|kept| &kept.run.losses);
    values.extend(kept.filter_map(|(_, losses)| losses.get(task)));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    // A task alone may do better by decades, which would leave the runs no room: its corner is drawn at the edge then.
    let alone = alone(scene, task).filter(|alone| low <= 0.0 || *alone > 0.0);
    let (low, high) = match alone {
        Some(alone) if low <= high => (low.min(if low > 0.0 { alone.max(0.2 * low) } else { alone }), high.max(alone)),
        _ => (low, high),
    };
    if low > high {
        return Scale::log(0.01, 1.0, 0.0, 1.0);
    }
    if low > 0.0 {
        axis::decades_around(low, high)
    } else {
        let (low, high) = axis::loss_range(values.into_iter().chain(alone), false);
        Scale::linear(low, high, 0.0, 1.0)
    }
}

/// The last loss of a task that was learned alone; its batches wiggle as those of the runs do.
fn alone(scene: &Scene, task: usize) -> Option<f64> {
    let known = &scene.history.references.get(task)?.losses;
    known.last().map(|(_, loss)| *loss).filter(|loss| loss.is_finite())
}

/// What weighted sums could choose of points, as a line through both axes' scales, which may bend what is straight.
fn reach_of(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    const PIECES: u32 = 16;
    let corners = reach(points);
    let between = |pair: &[[f64; 2]], i: u32| {
        let t = f64::from(i) / f64::from(PIECES);
        [0, 1].map(|task| pair[0][task] + t * (pair[1][task] - pair[0][task]))
    };
    let bent = corners.windows(2).flat_map(|pair| (0..PIECES).map(move |i| between(pair, i)));
    bent.chain(corners.last().copied()).collect()
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    if manifold::is_learned(scene) {
        return manifold::draw(scene, stage);
    }
    let mut pen = Pen::new(stage);
    if scene.n_tasks() < 2 {
        return pen.empty("Loss space needs two tasks. Add a task to see who pays for whom.");
    }
    if scene.runs().iter().all(|run| path(scene, *run).is_empty()) {
        return pen.empty("Each run's path through loss space appears here as it trains.");
    }
    let ink = pen.ink();
    let place = Rect { left: 44.0, top: 12.0, right: stage.width - 12.0, bottom: (stage.height - 36.0).max(60.0) };
    let (x, y) = (range(scene, 0).between(place.left, place.right), range(scene, 1).between(place.bottom, place.top));
    let at = |losses: [f64; 2]| -> Point { (x.at(losses[0]), y.at(losses[1])) };
    let standings = standings(scene);

    // Grid first, then the dominated region, so that it reads as a surface.
    let mut free: Vec<[f64; 2]> = standings.iter().filter(|s| !s.beaten).map(|s| s.losses).collect();
    free.sort_by(|a, b| a[0].total_cmp(&b[0]).then(b[1].total_cmp(&a[1])));
    free.dedup();
    if let (Some(first), Some(last)) = (free.first(), free.last()) {
        let mut stairs = vec![(x.at(first[0]), place.top)];
        for (i, point) in free.iter().enumerate() {
            stairs.push(at(*point));
            if let Some(next) = free.get(i + 1) {
                stairs.push((x.at(next[0]), y.at(point[1])));
            }
        }
        stairs.push((place.right, y.at(last[1])));
        let mut region = stairs.clone();
        region.push((place.right, place.top));
        pen.area(region, ink.sunk);
        grid(&mut pen, place, x, y);
        pen.dashed(&stairs, 1.0, ink.ink3, &[1.0, 3.0], 0.0);
    } else {
        grid(&mut pen, place, x, y);
    }
    let reached: Vec<Point> = reach_of(&free).into_iter().map(at).collect();
    if reached.len() > 1 {
        pen.dashed(&reached, 1.0, ink.ink3, &[5.0, 3.0], 0.0);
    }
    let label_color = ink.ink2;
    let name = |task: usize| stage.fit(&scene.task_name(task), LABEL, 140.0);
    pen.label((place.right, stage.height - 3.0), axis_title(&name(0)), label_color, Anchor::End);
    pen.put(Text {
        at: (10.0, place.top),
        words: axis_title(&name(1)),
        size: LABEL,
        face: Face::Plain,
        color: label_color,
        anchor: Anchor::End,
        halo: None,
        upwards: true,
    });

    let mut taken: Vec<Rect> = Vec::new();
    let mut wishes = Vec::new();
    let mut words: Vec<(String, super::Color, f64)> = Vec::new();
    let curves: Vec<Vec<Point>> = truth(scene).map(|curve| curve.into_iter().map(at).collect()).collect();
    if let Some(longest) = curves.iter().max_by_key(|curve| curve.len()) {
        // Near its upper end, where runs rarely stop.
        let width = stage.text_width("true front", TICK) + 4.0;
        wishes.extend(longest.get(longest.len() / 8).map(|&at| Wish { at, toward: 0.0, width, clear: 6.0 }));
        words.extend(wishes.iter().map(|_| ("true front".to_owned(), ink.ink2, TICK)));
    }
    for curve in curves {
        pen.line(curve, 1.5, ink.ink2);
    }
    if let (Some(a), Some(b)) = (alone(scene, 0), alone(scene, 1)) {
        let (corner, inside) = (at([a, b]), a >= x.low && b >= y.low);
        pen.line(vec![(corner.0 - 5.0, corner.1), (corner.0 + 5.0, corner.1)], 1.5, ink.ink2);
        pen.line(vec![(corner.0, corner.1 - 5.0), (corner.0, corner.1 + 5.0)], 1.5, ink.ink2);
        taken.push(square(corner, 6.0));
        let name = if inside { "each task alone" } else { "each task alone, lower" };
        let width = stage.text_width(name, TICK) + 4.0;
        wishes.push(Wish { at: corner, toward: 0.0, width, clear: 9.0 });
        words.push((name.to_owned(), ink.ink2, TICK));
    }
    // Kept runs of earlier experiments, dotted below the others.
    for kept in scene.kept {
        let pair = |(_, losses): &(u32, Vec<f64>)| Some(at([*losses.first()?, *losses.get(1)?]));
        let points: Vec<Point> = kept.run.losses.iter().filter_map(pair).collect();
        // Its mark stands where the run was at the cursor's step, as the others do.
        let now = kept.run.losses.partition_point(|(step, _)| *step <= scene.step).clamp(1, points.len().max(1));
        let Some(end) = points.get(now - 1).copied() else { continue };
        let (color, text) =
            kept.like.map_or((ink.ink3, ink.ink2), |run| (ink.run(run).mark.at(0.6), ink.run(run).text));
        pen.dashed(&points, 2.0, color, &KEPT_DASH, 0.0);
        pen.ring(end, 4.0, 1.5, color);
        taken.push(square(end, 5.0));
        wishes.push(Wish { at: end, toward: 0.0, width: stage.text_width(&kept.name, TICK) + 4.0, clear: 8.0 });
        words.push((kept.name.clone(), text, TICK));
    }
    for run in scene.runs() {
        let style = *ink.run(run);
        let path = path(scene, run);
        let ended = scene.diverged(run).is_some();
        let inside = |l: &[f64; 2]| l[0] <= x.high && l[1] <= y.high;
        let keep = if ended { path.iter().rposition(|(_, l)| inside(l)).map_or(1, |i| i + 2) } else { path.len() };
        let path = &path[..keep.min(path.len())];
        let now = path.partition_point(|(step, _)| *step <= scene.step);
        let points: Vec<Point> = path.iter().map(|(_, losses)| at(*losses)).collect();
        let points_before = &spaced(&points[..now])[..];
        let points_after = &spaced(&points[now.saturating_sub(1)..])[..];
        pen.line(points_before.to_vec(), 4.0, ink.halo);
        let used = pen.dashed(points_before, 2.0, style.mark, style.dash, 0.0);
        pen.dashed(points_after, 1.25, style.mark, style.dash, used);
        for (point, (step, _)) in points.iter().zip(path) {
            let far = |last: &(Point, u32)| (last.0.0 - point.0).hypot(last.0.1 - point.1) > 3.0;
            if pen.picture.spots.last().is_none_or(far) {
                pen.picture.spots.push((*point, *step));
            }
        }
        for point in points.iter().step_by((points.len() / 60).max(1)) {
            taken.push(Rect {
                left: point.0 - 0.75,
                top: point.1 - 0.75,
                right: point.0 + 0.75,
                bottom: point.1 + 0.75,
            });
        }
        if let Some(end) = points.last() {
            if ended {
                pen.line(vec![(end.0 - 4.0, end.1 - 4.0), (end.0 + 4.0, end.1 + 4.0)], 2.0, ink.bad);
                pen.line(vec![(end.0 + 4.0, end.1 - 4.0), (end.0 - 4.0, end.1 + 4.0)], 2.0, ink.bad);
            } else {
                pen.disc(*end, 2.5, style.mark);
            }
        }
    }
    if let Some((_, start)) = scene.runs().iter().find_map(|run| path(scene, *run).first().copied()) {
        let point = at(start);
        pen.disc(point, 4.25, ink.ink);
        pen.disc(point, 2.75, ink.bg);
        taken.push(square(point, 5.0));
        let width = stage.text_width("start", TICK) + 4.0;
        wishes.push(Wish { at: point, toward: std::f64::consts::FRAC_PI_2, width, clear: 7.0 });
        words.push(("start".to_owned(), ink.ink3, TICK));
    }
    let mut drawn: Vec<Point> = Vec::new();
    for standing in &standings {
        let point = at(standing.losses);
        let style = *ink.run(standing.run);
        let near = |other: &Point| (other.0 - point.0).hypot(other.1 - point.1) < 6.0;
        let coincide = standings.iter().filter(|other| near(&at(other.losses))).count() > 1;
        let radius = match (coincide, drawn.iter().any(near)) {
            (false, _) => 5.0,
            (true, false) => 8.0,
            (true, true) => 4.5,
        };
        if !standing.beaten {
            pen.ring(point, if coincide { 11.0 } else { 9.0 }, 1.25, ink.ink);
        }
        pen.marker(&style, point, radius, !standing.beaten);
        drawn.push(point);
        taken.push(square(point, 9.0));
        let name = scene.run_name(standing.run);
        let width = stage.text_width(&name, LABEL) + 4.0;
        wishes.push(Wish { at: point, toward: 0.0, width, clear: 11.0 });
        words.push((name, style.text, LABEL));
    }
    if let Some(hover) = scene.hover {
        for run in scene.runs() {
            let path = path(scene, run);
            let after = path.partition_point(|(step, _)| *step <= hover);
            if let Some((_, losses)) = after.checked_sub(1).map(|idx| path[idx]) {
                pen.marker(ink.run(run), at(losses), 3.5, true);
            }
        }
    }
    // Below the axis, where no path and no front can cross it.
    let room = place.width() - stage.text_width(&axis_title(&name(0)), LABEL) - 12.0;
    let notes: &[&str] = if reached.len() > 1 {
        &[
            "↙ lower · ringed: no run is lower on both · dashed: reach of weighted sums",
            "↙ lower · ringed: unbeaten · dashed: reach of sums",
            "↙ lower · ringed: no run is lower on both",
            "↙ lower · ringed: unbeaten",
        ]
    } else {
        &["↙ lower · ringed: no run is lower on both", "↙ lower · ringed: unbeaten"]
    };
    let note = notes.iter().find(|note| stage.text_width(note, TICK) <= room).or(notes.last()).unwrap_or(&"");
    let note = stage.fit(note, TICK, room);
    pen.text((place.left, stage.height - 3.0), note, TICK, ink.ink3, Anchor::Start);
    let bounds = Rect { right: stage.width, top: 0.0, ..place };
    for ((name, color, size), spot) in words.into_iter().zip(settle(&wishes, &taken, bounds)) {
        pen.put(Text {
            at: (spot.left + 2.0, spot.bottom - 3.0),
            words: name,
            size,
            face: Face::Plain,
            color,
            anchor: Anchor::Start,
            halo: Some(ink.halo),
            upwards: false,
        });
    }
    pen.picture
}

/// The ends of a path and what lies at least a px from the point before: the same ink from any number of records.
fn spaced(points: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let far = kept.last().is_none_or(|last| (last.0 - point.0).hypot(last.1 - point.1) >= 1.0);
        if far || i + 1 == points.len() {
            kept.push(*point);
        }
    }
    kept
}

/// The loss of a task; some problems' tasks are called losses themselves.
pub(super) fn axis_title(task: &str) -> String {
    if task.contains("loss") { format!("{task} →") } else { format!("{task} loss →") }
}

pub(super) fn square(center: Point, half: f64) -> Rect {
    Rect { left: center.0 - half, top: center.1 - half, right: center.0 + half, bottom: center.1 + half }
}

pub(super) fn grid(pen: &mut Pen, place: Rect, x: Scale, y: Scale) {
    let ink = pen.ink();
    for value in x.ticks() {
        let at = x.at(value);
        pen.hairline((at, place.top), (at, place.bottom), ink.grid);
        pen.tick((at, place.bottom + 16.0), axis::tick(value), Anchor::Middle);
    }
    for value in y.ticks() {
        let at = y.at(value);
        pen.hairline((place.left, at), (place.right, at), ink.grid);
        pen.tick((place.left - 6.0, at + 4.0), axis::tick(value), Anchor::End);
    }
    pen.hairline((place.left, place.top), (place.left, place.bottom), ink.edge);
    pen.hairline((place.left, place.bottom), (place.right, place.bottom), ink.edge);
}

fn table(scene: &Scene) -> Table {
    if manifold::is_learned(scene) {
        return manifold::table(scene);
    }
    let mut table = Table::new(["run", "step"]);
    table.columns.extend((0..scene.n_tasks()).map(|task| format!("{} loss", scene.task_name(task))));
    table.columns.push("no run is better on all".to_owned());
    let worths = (scene.n_tasks() > 1).then(|| Worths::of(scene));
    table.columns.extend(worths.iter().flat_map(Worths::columns));
    let now: Vec<(usize, u32, Vec<f64>)> = scene
        .runs()
        .into_iter()
        .filter_map(|run| {
            let record = scene.history.runs[run].at(scene.step)?;
            let alive = scene.diverged(run).is_none_or(|end| scene.step < end);
            Some((run, record.step, if alive { record.losses.clone() } else { vec![f64::NAN] }))
        })
        .collect();
    let points: Vec<Vec<f64>> = now.iter().map(|(_, _, losses)| losses.clone()).collect();
    for ((run, step, losses), free) in now.into_iter().zip(nondominated(&points)) {
        let mut row = vec![scene.run_name(run), step.to_string()];
        row.extend((0..scene.n_tasks()).map(|task| losses.get(task).map_or("–".to_owned(), |l| number(*l))));
        row.push(if free { "yes" } else { "no" }.to_owned());
        if let Some(worths) = &worths {
            row.extend(worths.of_run(run).map_or_else(|| worths.blank(), |worth| worths.cells(worth, number)));
        }
        table.rows.push(row);
    }
    if let Some(worths) = worths.filter(|worths| worths.runs.len() > 1) {
        let mut row = vec![TOGETHER.to_owned(), scene.step.to_string()];
        row.resize(3 + scene.n_tasks(), String::new());
        row.extend(worths.cells(&worths.all, number));
        table.rows.push(row);
    }
    // Batch losses of networks that learn one task, as they are drawn.
    let alone: Vec<Option<f64>> = (0..scene.n_tasks()).map(|task| alone(scene, task)).collect();
    if alone.iter().any(Option::is_some) {
        let mut row = vec!["each task alone".to_owned(), scene.history.outline.steps.to_string()];
        row.extend(alone.into_iter().map(|loss| loss.map_or("–".to_owned(), number)));
        row.resize(table.columns.len(), String::new());
        table.rows.push(row);
    }
    table
}

fn data(scene: &Scene) -> Table {
    if manifold::is_learned(scene) {
        return manifold::data(scene);
    }
    let mut table = Table::new(["step", "run", "task", "loss", "measure", "value"]);
    for (run, history) in scene.history.runs.iter().enumerate() {
        for record in &history.records {
            for (task, loss) in record.losses.iter().enumerate() {
                let mut cells = vec![record.step.to_string(), scene.run_name(run), scene.task_name(task), exact(*loss)];
                cells.resize(6, String::new());
                table.rows.push(cells);
            }
        }
    }
    // Of the cursor's step, which is what measures are told of everywhere.
    let measured = if scene.n_tasks() > 1 { indicators::long(scene) } else { Vec::new() };
    for [run, measure, value] in measured {
        table.rows.push(vec![scene.step.to_string(), run, String::new(), String::new(), measure, value]);
    }
    table
}

fn summary(scene: &Scene) -> String {
    if manifold::is_learned(scene) {
        return manifold::summary(scene);
    }
    if scene.n_tasks() < 2 || scene.is_empty() {
        return "No path through loss space yet.".to_owned();
    }
    let free: Vec<String> = standings(scene).iter().filter(|s| !s.beaten).map(|s| scene.run_name(s.run)).collect();
    let worths = Worths::of(scene);
    let known = if truth(scene).next().is_some() { " The true front is drawn." } else { "" };
    let alone = match (alone(scene, 0), alone(scene, 1)) {
        (Some(a), Some(b)) => format!(" Each task alone comes to {} and {}.", number(a), number(b)),
        _ => String::new(),
    };
    format!(
        "Loss space at step {}. No run is better on both of {} and {} than: {}.{}{alone}{known}",
        scene.step,
        scene.task_name(0),
        scene.task_name(1),
        if free.is_empty() { "none".to_owned() } else { free.join(", ") },
        indicators::sentence(&worths.all, &worths.reference),
    )
}
