//! Learned fronts: what every preference gives, judged on held-out rows, and where the reader stands on them.
//!
//! Two tasks are a curve in the plane of their losses with the losses along it beside; three are points in space and,
//! as more tasks are, lines over one axis a task. Runs that train a single point stand there with theirs.

mod seeds;
mod space;
mod trails;

use super::axis::{self, Scale};
use super::front::{axis_title, grid, square, truth};
use super::indicators::{self, TOGETHER, Worths};
use super::ink::Color;
use super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK, Text};
use super::place::{Wish, settle};
use super::{Picture, Scene, Stage, Table, cosine, exact, number, percent};
use crate::measure::front::{FrontReading, Indicators, dominates, nondominated, reach, read_front, reference};
use crate::protocol::FrontPoint;
use crate::train::{Rows, any_learns};

/// Px from which the losses along a front have a panel of their own.
const WIDE: f64 = 600.0;

/// Whether any run learns a front, so that there is one to draw.
pub(super) fn is_learned(scene: &Scene) -> bool {
    any_learns(&scene.history.outline.runs)
}

/// Whether this run learns a front.
pub(super) fn learns(scene: &Scene, run: usize) -> bool {
    scene.history.outline.runs.get(run).is_some_and(|outline| outline.members > 0)
}

/// (K) Losses where the reader stands, of a run that learns a front: those of a step are of a preference drawn then.
pub(super) fn losses_here<'s>(scene: &Scene<'s>, run: usize) -> Option<&'s [f64]> {
    here(scene, run).filter(|_| learns(scene, run)).map(|point| losses(scene, point))
}

/// Whether the picture is of all seeds and not of the first alone.
pub(super) fn shows_all_seeds(scene: &Scene) -> bool {
    scene.n_tasks() == 2 && seeds::told(scene).is_some()
}

/// Names of the drawn runs that learn a front, for a sentence about them; empty where none does.
pub(super) fn names_of_learners(scene: &Scene) -> String {
    let runs = scene.runs().into_iter().filter(|run| learns(scene, *run));
    runs.map(|run| scene.run_name(run)).collect::<Vec<_>>().join(", ")
}

/// Whether a run's front goes on between its points.
fn mixes(scene: &Scene, run: usize) -> bool {
    scene.history.outline.runs.get(run).is_some_and(|outline| outline.mixes)
}

/// The drawn runs that learn a front, the one that the reader looks at first.
fn learners(scene: &Scene) -> Vec<usize> {
    let mut runs: Vec<usize> = scene.runs().into_iter().filter(|run| learns(scene, *run)).collect();
    runs.sort_by_key(|run| *run != scene.at_run);
    runs
}

fn points<'s>(scene: &Scene<'s>, run: usize) -> &'s [FrontPoint] {
    scene.fronts.known.map_or(&[], |fronts| fronts.of_run(run))
}

/// Where the reader stands on this run's front.
fn here<'s>(scene: &Scene<'s>, run: usize) -> Option<&'s FrontPoint> {
    let known = scene.fronts.known?.here.get(run)?.as_ref()?;
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
    let same = known.preference.len() == scene.fronts.preference.len();
    let there = known.preference.iter().zip(scene.fronts.preference).all(near);
    // The nearest of a population has a preference of its own.
    (same && (there || !mixes(scene, run))).then_some(known)
}

/// Rows that losses are told of: an experiment without validation rows has test rows.
fn rows(scene: &Scene) -> Rows {
    let has = |point: &FrontPoint| !point.validation.losses.is_empty();
    let any = scene.runs().into_iter().any(|run| points(scene, run).iter().any(has));
    if any { scene.fronts.rows } else { Rows::Test }
}

fn rows_word(scene: &Scene) -> &'static str {
    match (scene.is_analytic(), rows(scene)) {
        (true, _) => "exact",
        (_, Rows::Test) => "test",
        (_, Rows::Validation) => "validation",
    }
}

fn losses<'p>(scene: &Scene, point: &'p FrontPoint) -> &'p [f64] {
    &rows(scene).of(point).losses
}

/// What stands on the axes.
fn values<'p>(scene: &Scene, point: &'p FrontPoint) -> &'p [f64] {
    let judged = rows(scene).of(point);
    if shows_metrics(scene) { &judged.metrics } else { &judged.losses }
}

fn shows_metrics(scene: &Scene) -> bool {
    scene.fronts.metrics && !scene.is_analytic()
}

/// (n, K) Losses of a run's front, or of its only point.
pub(super) fn losses_of(scene: &Scene, run: usize) -> Vec<Vec<f64>> {
    points(scene, run).iter().map(|point| losses(scene, point).to_vec()).collect()
}

/// (K) The reference point that all drawn runs share.
pub(super) fn reference_of(scene: &Scene) -> Vec<f64> {
    let all = scene.runs();
    let known = all.iter().flat_map(|run| points(scene, *run)).map(|point| losses(scene, point));
    reference(&scene.history.outline.front, known, scene.n_tasks())
}

/// The reading of a run's front, with the reference point that all drawn runs share.
fn reading(scene: &Scene, run: usize) -> Option<(FrontReading, Vec<f64>)> {
    let points = points(scene, run);
    let first = scene.history.runs.get(run)?.records.first()?;
    let truth = &scene.history.outline.front;
    let reference = reference_of(scene);
    let alphas: Vec<Vec<f64>> = points.iter().map(|point| point.preference.clone()).collect();
    let of_points: Vec<Vec<f64>> = points.iter().map(|point| losses(scene, point).to_vec()).collect();
    (points.len() > 1).then(|| (read_front(&alphas, &of_points, &first.losses, (&reference, truth)), reference))
}

/// What is to be known of the front before one chooses a point of it, in a sentence; empty where it is plain.
pub(super) fn verdict(scene: &Scene, run: usize) -> String {
    let Some((reading, _)) = reading(scene, run) else { return String::new() };
    if reading.is_flat {
        let points = if mixes(scene, run) { "Along the whole line" } else { "At all its points" };
        let best =
            reading.best_for_all.and_then(|(at, _)| self::points(scene, run).get(at)?.preference.first().copied());
        let whole = match best.filter(|_| !reading.is_even) {
            Some(share) if scene.n_tasks() == 2 => {
                format!("At share {} every task has its best; elsewhere losses are only higher.", cosine(share))
            }
            Some(_) => "One point has the best of every task; elsewhere losses are only higher.".to_owned(),
            None => format!("{points} no loss changes much."),
        };
        let front_is_known = !scene.history.outline.front.is_empty();
        return match (scene.is_analytic(), reading.is_degenerate) {
            (true, true) => format!("No trade-off here: one point is best for all. {whole}"),
            (true, false) if front_is_known => {
                format!("Nothing to choose, though the true front has other points. {whole}")
            }
            (false, true) => format!("No trade-off here: the network is big enough for all. {whole}"),
            (_, false) => format!("Nothing to choose yet, and not all is learned. {whole}"),
        };
    }
    let points = points(scene, run);
    if let Some(worst) = reading.wrong_way.iter().max_by(|a, b| a.rise.total_cmp(&b.rise)) {
        let share = |at: usize| cosine(points[at].preference[worst.task]);
        let name = scene.task_name(worst.task);
        // Some problems' tasks are called losses themselves.
        let what = if name.contains("loss") { name } else { format!("the loss of {name}") };
        return format!(
            "From share {} to {} {what} rises by {}.",
            share(worst.from),
            share(worst.to),
            number(worst.rise)
        );
    }
    let beaten = reading.nondominated.iter().filter(|free| !**free).count();
    if beaten > 0 {
        let others = if mixes(scene, run) { "others of the line" } else { "others of them" };
        return format!("{beaten} of {} points are beaten by {others} on every task.", points.len());
    }
    String::new()
}

/// Losses where the reader stands, and which single points are better or worse on every task.
pub(super) fn here_words(scene: &Scene, run: usize) -> String {
    let Some(point) = here(scene, run) else { return String::new() };
    let mine = losses(scene, point);
    let told: Vec<String> =
        mine.iter().enumerate().map(|(task, loss)| format!("{} {}", scene.task_name(task), number(*loss))).collect();
    let compare = |beats: fn(&[f64], &[f64]) -> bool| -> Vec<String> {
        let others = (0..scene.history.runs.len()).filter(|other| !learns(scene, *other));
        let single = others.filter_map(|other| Some((other, losses(scene, points(scene, other).first()?))));
        single.filter(|(_, theirs)| beats(theirs, mine)).map(|(other, _)| scene.run_name(other)).collect()
    };
    let (better, worse) = (compare(dominates), compare(|theirs, mine| dominates(mine, theirs)));
    let every = if scene.n_tasks() == 2 { "both tasks" } else { "every task" };
    let mut words = format!("{} loss: {}.", rows_word(scene), told.join(", "));
    words[..1].make_ascii_uppercase();
    if !mixes(scene, run) {
        let shares: Vec<String> = point.preference.iter().map(|share| cosine(*share)).collect();
        let members = scene.history.outline.runs.get(run).map_or(0, |outline| outline.members);
        words = format!("Nearest of {members} networks trained side by side, at {}. {words}", shares.join(" / "));
    }
    if !better.is_empty() {
        words += &format!(" Lower on {every} than here: {}.", better.join(", "));
    }
    if !worse.is_empty() {
        words += &format!(" Higher on {every} than here: {}.", worse.join(", "));
    }
    words
}

/// What the first run's front offers, in a sentence or two; `None` where that run learns none or nothing is known.
pub(super) fn headline(scene: &Scene) -> Option<String> {
    let front = points(scene, 0);
    let ended = (0..scene.history.runs.len()).any(|run| scene.diverged(run).is_some_and(|end| end <= scene.step));
    if !learns(scene, 0) || front.len() < 2 || ended {
        return None;
    }
    let (reading, _) = reading(scene, 0)?;
    if reading.is_flat {
        return Some(verdict(scene, 0));
    }
    let finite = reading.extents.iter().enumerate().filter(|(_, [low, high])| low.is_finite() && high.is_finite());
    let ranges: Vec<String> = finite
        .map(|(task, [low, high])| format!("{} {} to {}", scene.task_name(task), number(*low), number(*high)))
        .take(3)
        .collect();
    let more = if scene.n_tasks() > 3 { ", and so on" } else { "" };
    let name = scene.run_name(0);
    Some(format!("One training, every trade-off: along {name} the losses are {}{more}.", ranges.join(", ")))
}

pub(super) fn subtitle(scene: &Scene) -> String {
    let Some(run) = learners(scene).first().copied() else { return "no learned front is drawn".to_owned() };
    let Some(fronts) = scene.fronts.known else { return String::new() };
    let swept = &fronts.shown;
    let what = if shows_metrics(scene) { "metrics" } else { "losses" };
    let mut words = format!("{} {what}", rows_word(scene));
    let (looked, all) = match rows(scene) {
        Rows::Test => (swept.rows.test, swept.rows.of_test),
        Rows::Validation => (swept.rows.validation, swept.rows.of_validation),
    };
    if looked < all {
        words += &format!(", first {looked} of {all} rows");
        if trails::differ(scene, (looked, all)) {
            words += ", paths on all";
        }
    }
    if let Some(of_seeds) = seeds::brief(scene).filter(|_| shows_all_seeds(scene)) {
        words += &format!(", {of_seeds}");
    }
    if let Some((reading, reference)) = reading(scene, run) {
        words += ", ";
        words += &indicators::phrase(&reading.worth, &reference);
    }
    words
}

pub(super) fn draw(scene: &Scene, stage: &Stage) -> Picture {
    let mut pen = Pen::new(stage);
    if let Some(why) = scene.fronts.known.and_then(|fronts| fronts.refusal.as_ref()) {
        return pen.empty(why);
    }
    let runs = learners(scene);
    if runs.is_empty() {
        return pen.empty("The run that learns a front is hidden. Draw it to see its front.");
    }
    if runs.iter().all(|run| points(scene, *run).is_empty()) {
        return pen.empty("The front appears here with the first checkpoint: what every preference gives.");
    }
    match scene.n_tasks() {
        2 => plane(scene, pen, &runs),
        3 => three(scene, pen, &runs),
        _ => {
            let all = whole(stage);
            lines(scene, &mut pen, &runs, all);
            pen.picture
        }
    }
}

fn whole(stage: &Stage) -> Rect {
    Rect { left: 0.0, top: 0.0, right: stage.width, bottom: stage.height }
}

/// Space and lines side by side, or what the reader chose of the two.
fn three(scene: &Scene, mut pen: Pen, runs: &[usize]) -> Picture {
    let all = whole(pen.stage);
    if pen.stage.width >= WIDE {
        let middle = (all.right * 0.52).round();
        space::draw(scene, &mut pen, runs, Rect { right: middle, ..all });
        lines(scene, &mut pen, runs, Rect { left: middle + 24.0, ..all });
    } else if scene.fronts.lines {
        lines(scene, &mut pen, runs, all);
    } else {
        space::draw(scene, &mut pen, runs, all);
    }
    pen.picture
}

/// Px that an upright axis needs for its values and the name beside them.
fn tick_room(stage: &Stage, scale: Scale) -> f64 {
    scale.ticks().into_iter().map(|value| stage.text_width(&axis::tick(value), TICK)).fold(0.0, f64::max) + 24.0
}

/// The first of these notes that has room, longest first; nothing where none has.
fn longest<'n>(stage: &Stage, notes: &[&'n str], room: f64) -> &'n str {
    notes.iter().find(|note| stage.text_width(note, TICK) <= room).copied().unwrap_or("")
}

/// A value of an axis: metrics that are shares in percent.
fn told(scene: &Scene, task: usize, value: f64) -> String {
    let share = scene.history.outline.tasks.get(task).is_some_and(|task| task.is_share());
    // What is 0 but for rounding is 0, as on axes.
    let value = if value.abs() < axis::ZERO { 0.0 } else { value };
    if shows_metrics(scene) && share { percent(value) } else { number(value) }
}

fn title_of(scene: &Scene, task: usize, stage: &Stage) -> String {
    let name = stage.fit(&scene.task_name(task), LABEL, 140.0);
    if shows_metrics(scene) {
        let metric = scene.history.outline.tasks.get(task).map_or("metric", |task| task.metric.as_str());
        format!("{name} {metric} →")
    } else {
        axis_title(&name)
    }
}

/// Values of every drawn run's points, and of whoever learns a task alone.
fn range(scene: &Scene, task: usize) -> Scale {
    let of_runs = scene.runs().into_iter().flat_map(|run| points(scene, run));
    let mut all: Vec<f64> = of_runs.filter_map(|point| values(scene, point).get(task).copied()).collect();
    all.extend(alone(scene).map(|corner| corner[task]));
    all.extend(seeds::reach(scene, task));
    axis_of(scene, all.into_iter())
}

/// Losses from 0; metrics and losses below 0 from where they begin.
fn axis_of(scene: &Scene, values: impl Iterator<Item = f64> + Clone) -> Scale {
    if shows_metrics(scene) { axis::around(values, 0.08) } else { axis::from_zero(values, 0.06) }
}

/// Where each task would be if it were learned alone.
fn alone(scene: &Scene) -> Option<[f64; 2]> {
    Some([alone_in(scene, 0)?, alone_in(scene, 1)?])
}

/// Where this task would be if it were learned alone.
fn alone_in(scene: &Scene, task: usize) -> Option<f64> {
    let reference = scene.history.references.get(task)?;
    // Metrics, like test losses, are of test rows; references are not judged on others.
    let known = match (scene.is_analytic(), shows_metrics(scene), rows(scene)) {
        (true, ..) => &reference.losses,
        (false, _, Rows::Validation) => return None,
        (false, true, Rows::Test) => &reference.metrics,
        (false, false, Rows::Test) => &reference.test_losses,
    };
    let after = known.partition_point(|(step, _)| *step <= scene.step);
    after.checked_sub(1).map(|idx| known[idx].1).filter(|value| value.is_finite())
}

fn plane(scene: &Scene, mut pen: Pen, runs: &[usize]) -> Picture {
    let (stage, ink) = (pen.stage, pen.ink());
    let wide = stage.width >= WIDE;
    let right = if wide { (stage.width * 0.6).round() } else { stage.width };
    let bottom = (stage.height - 36.0).max(60.0);
    let y = range(scene, 1).between(bottom, 12.0);
    let place = Rect { left: tick_room(stage, y).max(44.0), top: 12.0, right: right - 12.0, bottom };
    let x = range(scene, 0).between(place.left, place.right);
    let at = |v: &[f64]| -> Option<Point> {
        let pair = [*v.first()?, *v.get(1)?];
        pair.iter().all(|value| value.is_finite()).then(|| (x.at(pair[0]), y.at(pair[1])))
    };
    grid(&mut pen, place, x, y);
    pen.label((place.right, stage.height - 3.0), title_of(scene, 0, stage), ink.ink2, Anchor::End);
    pen.put(Text {
        at: (10.0, place.top),
        words: title_of(scene, 1, stage),
        size: LABEL,
        face: Face::Plain,
        color: ink.ink2,
        anchor: Anchor::End,
        halo: None,
        upwards: true,
    });
    let mut taken: Vec<Rect> = Vec::new();
    let mut wishes: Vec<Wish> = Vec::new();
    let mut words: Vec<(String, Color, f64, Face)> = Vec::new();
    let mut wish = |at: Point, toward: f64, clear: f64, text: String, color: Color, size: f64, face: Face| {
        wishes.push(Wish { at, toward, width: stage.text_width(&text, size) + 4.0, clear });
        words.push((text, color, size, face));
    };

    if !shows_metrics(scene) {
        for (i, curve) in truth(scene).enumerate() {
            let curve: Vec<Point> = curve.iter().filter_map(|losses| at(losses)).collect();
            if let Some(spot) = curve.get(curve.len() / 2).filter(|_| i == 0) {
                let toward = -0.75 * std::f64::consts::PI;
                wish(*spot, toward, 7.0, "true front".to_owned(), ink.ink2, TICK, Face::Plain);
            }
            taken.extend(curve.iter().step_by((curve.len() / 30).max(1)).map(|spot| square(*spot, 2.0)));
            pen.line(curve, 4.0, ink.line);
        }
        // What any weighted sum of the two losses could choose among these points.
        let all = runs.iter().flat_map(|run| points(scene, *run)).filter_map(|point| {
            let losses = values(scene, point);
            Some([*losses.first()?, *losses.get(1)?]).filter(|pair| pair.iter().all(|loss| loss.is_finite()))
        });
        let hull: Vec<Point> = reach(&all.collect::<Vec<_>>()).iter().filter_map(|pair| at(pair)).collect();
        if hull.len() > 1 {
            pen.dashed(&hull, 1.0, ink.ink3, &[1.0, 3.0], 0.0);
        }
    }
    if let Some(corner) = alone(scene).and_then(|pair| at(&pair)) {
        pen.line(vec![(corner.0 - 5.0, corner.1), (corner.0 + 5.0, corner.1)], 1.5, ink.ink2);
        pen.line(vec![(corner.0, corner.1 - 5.0), (corner.0, corner.1 + 5.0)], 1.5, ink.ink2);
        taken.push(square(corner, 6.0));
        wish(corner, 0.0, 9.0, "each task alone".to_owned(), ink.ink2, TICK, Face::Plain);
    }
    let outside = |v: &[f64]| -> Option<Point> {
        let spot = (trails::beyond(x, *v.first()?), trails::beyond(y, *v.get(1)?));
        (spot.0.is_finite() && spot.1.is_finite()).then_some(spot)
    };
    for run in scene.runs() {
        let tail = trails::in_plane(scene, &mut pen, run, (place, outside));
        taken.extend(tail.into_iter().map(|spot| square(spot, 1.5)));
    }
    for &run in runs {
        let style = *ink.run(run);
        let of_run = points(scene, run);
        let curve: Vec<Point> = of_run.iter().filter_map(|point| at(values(scene, point))).collect();
        let goes_on = mixes(scene, run);
        let middles = seeds::middles(scene, run);
        let mut named = curve.clone();
        if goes_on && middles.is_empty() {
            pen.line(curve.clone(), 4.5, ink.halo);
            pen.dashed(&curve, 2.0, style.mark, style.dash, 0.0);
        } else if goes_on {
            seeds::band(&mut pen, run, &middles, &|point| at(values(scene, point)));
            pen.line(curve.clone(), 1.0, style.mark);
            named = middles.iter().filter_map(|middle| at(values(scene, &middle.median))).collect();
            pen.line(named.clone(), 4.5, ink.halo);
            pen.dashed(&named, 2.0, style.mark, style.dash, 0.0);
        } else {
            for spot in seeds::further(scene, run).flat_map(|(_, front)| front).filter_map(|p| at(values(scene, p))) {
                pen.disc(spot, 2.0, style.mark.at(0.6));
            }
        }
        let of_losses: Vec<Vec<f64>> = of_run.iter().map(|point| losses(scene, point).to_vec()).collect();
        let free = nondominated(&of_losses);
        for point in curve.iter().step_by((curve.len() / 50).max(1)) {
            taken.push(square(*point, 1.5));
        }
        let last = of_run.len().saturating_sub(1);
        for (i, (point, free)) in of_run.iter().zip(free).enumerate() {
            let Some(spot) = at(values(scene, point)) else { continue };
            let share = point.preference[0];
            let tenth = (10.0 * share - (10.0 * share).round()).abs() < 1e-6;
            if goes_on && !tenth {
                continue;
            }
            let end = i == 0 || i == last;
            pen.disc(spot, 4.25, ink.halo);
            pen.disc(spot, 3.25, style.mark);
            if !free {
                pen.disc(spot, 2.0, ink.bg);
            }
            if end {
                let text = format!("α = {}", axis::tick(share));
                wish(spot, 0.0, 8.0, text, style.text, TICK, Face::Plain);
            }
        }
        if let Some(middle) = named.get(named.len() / 3) {
            wish(*middle, std::f64::consts::FRAC_PI_4, 9.0, scene.run_name(run), style.text, LABEL, Face::Plain);
        }
    }
    for run in scene.runs().into_iter().filter(|run| !learns(scene, *run)) {
        let style = *ink.run(run);
        let Some(mut spot) = points(scene, run).first().and_then(|point| at(values(scene, point))) else { continue };
        if let [middle] = &seeds::middles(scene, run)[..] {
            let further = seeds::further(scene, run).flat_map(|(_, front)| front);
            for spot in further.filter_map(|point| at(values(scene, point))).chain([spot]) {
                pen.disc(spot, 2.0, style.mark.at(0.6));
                taken.push(square(spot, 2.0));
            }
            let [low, median, high] = [&middle.low, &middle.median, &middle.high].map(|point| at(values(scene, point)));
            spot = median.unwrap_or(spot);
            if let (Some(low), Some(high)) = (low, high) {
                pen.line(vec![(low.0, spot.1), (high.0, spot.1)], 1.5, style.mark);
                pen.line(vec![(spot.0, low.1), (spot.0, high.1)], 1.5, style.mark);
                // Rows of the screen go down where losses go up.
                let (top, bottom) = (low.1.min(high.1), low.1.max(high.1));
                taken.push(Rect { left: low.0, top: spot.1 - 1.0, right: high.0, bottom: spot.1 + 1.0 });
                taken.push(Rect { left: spot.0 - 1.0, top, right: spot.0 + 1.0, bottom });
            }
        }
        pen.marker(&style, spot, 5.0, true);
        taken.push(square(spot, 7.0));
        wish(spot, 0.0, 10.0, scene.run_name(run), style.text, LABEL, Face::Plain);
    }
    for &run in runs {
        let Some((point, spot)) = here(scene, run).and_then(|point| Some((point, at(values(scene, point))?))) else {
            continue;
        };
        pen.dashed(&[(spot.0, spot.1), (spot.0, place.bottom)], 1.0, ink.accent, &[1.0, 3.0], 0.0);
        pen.dashed(&[(place.left, spot.1), (spot.0, spot.1)], 1.0, ink.accent, &[1.0, 3.0], 0.0);
        pen.disc(spot, 7.5, ink.halo);
        pen.disc(spot, 6.0, ink.accent);
        taken.push(square(spot, 8.0));
        let text = format!("α = {}", cosine(point.preference[0]));
        wish(spot, std::f64::consts::FRAC_PI_4, 12.0, text, ink.ink, LABEL, Face::Bold);
    }
    let bounds = Rect { top: 0.0, right, ..place };
    for ((text, color, size, face), spot) in words.into_iter().zip(settle(&wishes, &taken, bounds)) {
        pen.put(Text {
            at: (spot.left + 2.0, spot.bottom - 3.0),
            words: text,
            size,
            face,
            color,
            anchor: Anchor::Start,
            halo: Some(ink.halo),
            upwards: false,
        });
    }
    let better = if shows_metrics(scene) { "↗ better" } else { "↙ lower" };
    let of_seeds = shows_all_seeds(scene).then(|| format!("{better} · band, whiskers: quartiles · hollow: beaten"));
    let notes: &[&str] = if let Some(words) = &of_seeds {
        &[words, better]
    } else if shows_metrics(scene) {
        &["↗ better · hollow: beaten by another", "↗ better · hollow: beaten", "↗ better"]
    } else {
        &[
            "↙ lower · hollow: beaten by another · dotted: reach of weighted sums",
            "↙ lower · hollow: beaten · dotted: reach of weighted sums",
            "↙ lower · hollow: beaten",
            "↙ lower",
        ]
    };
    let room = place.width() - stage.text_width(&title_of(scene, 0, stage), LABEL) - 12.0;
    pen.text((place.left, stage.height - 3.0), longest(stage, notes, room), TICK, ink.ink3, Anchor::Start);
    if wide {
        if runs.len() > 1 {
            // Two fronts in one panel would be four curves.
            let words = stage.fit(&scene.run_name(runs[0]), TICK, stage.width - right - 60.0);
            pen.text((right + 52.0, 10.0), words, TICK, ink.run(runs[0]).text, Anchor::Start);
        }
        along(scene, &mut pen, runs[0], Rect { left: right + 48.0, right: stage.width - 84.0, ..place });
    }
    pen.picture
}

/// Every task's loss over the share of the first.
fn along(scene: &Scene, pen: &mut Pen, run: usize, place: Rect) {
    if place.width() < 80.0 {
        return;
    }
    let (stage, ink) = (pen.stage, pen.ink());
    let of_run = points(scene, run);
    let middles = seeds::middles(scene, run);
    let ends = middles.iter().flat_map(|middle| [&middle.low, &middle.high]);
    let all = of_run.iter().chain(ends).flat_map(|point| values(scene, point)).copied();
    if !all.clone().any(f64::is_finite) {
        return;
    }
    let scale = axis_of(scene, all).between(place.bottom, place.top);
    let across = Scale::linear(0.0, 1.0, place.left, place.right);
    for value in scale.ticks() {
        let y = scale.at(value);
        pen.hairline((place.left, y), (place.right, y), ink.grid);
        pen.tick((place.left - 6.0, y + 4.0), axis::tick(value), Anchor::End);
    }
    for share in [0.0, 0.5, 1.0] {
        let x = across.at(share);
        pen.hairline((x, place.bottom), (x, place.bottom + 4.0), ink.edge);
        pen.tick((x, place.bottom + 16.0), axis::tick(share), Anchor::Middle);
    }
    pen.hairline((place.left, place.bottom), (place.right, place.bottom), ink.edge);
    let title = stage.fit(&format!("α, share of {} →", scene.task_name(0)), LABEL, place.width() + 60.0);
    pen.label((place.right, stage.height - 3.0), title, ink.ink2, Anchor::End);
    let mut ends: Vec<(f64, String)> = Vec::new();
    let dashes: [&[f64]; 2] = [&[], &[5.0, 3.0]];
    for (task, dash) in dashes.into_iter().enumerate() {
        let pair =
            |point: &FrontPoint| Some((across.at(point.preference[0]), scale.at(*values(scene, point).get(task)?)));
        let curve: Vec<Point> = of_run.iter().filter_map(pair).collect();
        ends.extend(curve.last().map(|end| (end.1, scene.task_name(task))));
        if mixes(scene, run) && !middles.is_empty() {
            let spot = |point: &FrontPoint| pair(point).filter(|spot| spot.1.is_finite());
            seeds::band(pen, run, &middles, &spot);
            pen.line(curve, 1.0, ink.ink2);
            let medians: Vec<Point> = middles.iter().filter_map(|middle| spot(&middle.median)).collect();
            pen.dashed(&medians, 2.0, ink.ink, dash, 0.0);
        } else if mixes(scene, run) {
            pen.dashed(&curve, 2.0, ink.ink, dash, 0.0);
        } else {
            for spot in curve {
                pen.disc(spot, 3.0, ink.ink);
                if task > 0 {
                    pen.disc(spot, 1.75, ink.bg);
                }
            }
        }
    }
    let wanted: Vec<f64> = ends.iter().map(|end| end.0).collect();
    let placed = super::spread(&wanted, 13.0, place.top + 4.0, place.bottom - 5.0);
    for ((_, name), y) in ends.into_iter().zip(placed) {
        pen.label((place.right + 8.0, y + 4.0), stage.fit(&name, LABEL, 76.0), ink.ink2, Anchor::Start);
    }
    let Some(point) = here(scene, run) else { return };
    let x = across.at(point.preference[0]);
    pen.hairline((x, place.top), (x, place.bottom), ink.accent);
    for value in values(scene, point) {
        pen.disc((x, scale.at(*value)), 5.5, ink.halo);
        pen.disc((x, scale.at(*value)), 4.0, ink.accent);
    }
}

/// One axis a task, one line a point.
fn lines(scene: &Scene, pen: &mut Pen, runs: &[usize], all: Rect) {
    let (stage, ink) = (pen.stage, pen.ink());
    let k = scene.n_tasks();
    let place = Rect {
        left: all.left + 56.0,
        top: all.top + 34.0,
        right: all.right - 68.0,
        bottom: (all.bottom - 30.0).max(all.top + 70.0),
    };
    let x = |task: usize| place.left + place.width() * task as f64 / (k.max(2) - 1) as f64;
    let scales: Vec<Scale> = (0..k).map(|task| range_of_many(scene, task).between(place.bottom, place.top)).collect();
    let line = |point: &FrontPoint| -> Vec<Point> {
        values(scene, point).iter().enumerate().map(|(task, value)| (x(task), scales[task].at(*value))).collect()
    };
    for &run in runs {
        let style = *ink.run(run);
        let of_losses: Vec<Vec<f64>> = points(scene, run).iter().map(|point| losses(scene, point).to_vec()).collect();
        for (point, free) in points(scene, run).iter().zip(nondominated(&of_losses)) {
            pen.line(line(point), 1.0, style.mark.at(if free { 0.45 } else { 0.12 }));
        }
    }
    // Values stand on the lines, which are many.
    for (task, scale) in scales.iter().enumerate() {
        pen.hairline((x(task), place.top), (x(task), place.bottom), ink.edge);
        for value in scale.ticks() {
            let y = scale.at(value);
            pen.hairline((x(task) - 3.0, y), (x(task), y), ink.edge);
            pen.put(Text {
                at: (x(task) - 6.0, y + 4.0),
                words: if shows_metrics(scene) { told(scene, task, value) } else { axis::tick(value) },
                size: TICK,
                face: Face::Plain,
                color: ink.ink3,
                anchor: Anchor::End,
                halo: Some(ink.halo),
                upwards: false,
            });
        }
        let name = stage.fit(&scene.task_name(task), LABEL, place.width() / (k.max(2) - 1) as f64 - 8.0);
        pen.label((x(task), place.top - 14.0), name, ink.ink2, Anchor::Middle);
    }
    let mut ends: Vec<(f64, String, Color)> = Vec::new();
    for run in scene.runs().into_iter().filter(|run| !learns(scene, *run)) {
        let style = *ink.run(run);
        let Some(point) = points(scene, run).first() else { continue };
        let drawn = line(point);
        pen.dashed(&drawn, 2.0, style.mark, style.dash, 0.0);
        for spot in &drawn {
            pen.marker(&style, *spot, 4.0, true);
        }
        ends.extend(drawn.last().map(|end| (end.1, scene.run_name(run), style.text)));
    }
    for &run in runs {
        let Some(point) = here(scene, run) else { continue };
        let drawn = line(point);
        pen.line(drawn.clone(), 5.0, ink.halo);
        pen.line(drawn.clone(), 3.0, ink.accent);
        for (task, spot) in drawn.iter().enumerate() {
            pen.disc(*spot, 4.5, ink.accent);
            let words = told(scene, task, values(scene, point)[task]);
            if task + 1 == k {
                ends.push((spot.1, words, ink.ink));
            } else {
                pen.halo((spot.0 + 8.0, spot.1 + 4.0), words, ink.ink, Anchor::Start);
            }
        }
    }
    // Behind the last axis there is room for names.
    let wanted: Vec<f64> = ends.iter().map(|end| end.0).collect();
    let placed = super::spread(&wanted, 14.0, place.top + 4.0, place.bottom);
    for ((_, words, color), y) in ends.into_iter().zip(placed) {
        pen.halo((place.right + 8.0, y + 4.0), stage.fit(&words, LABEL, 58.0), color, Anchor::Start);
    }
    let better = if shows_metrics(scene) { "higher is better" } else { "lower is better" };
    let notes = [
        format!("every line a preference, {better} · faint: beaten by another"),
        format!("a line a preference, {better} · faint: beaten"),
        format!("a line a preference, {better}"),
        better.to_owned(),
    ];
    let note = longest(stage, &notes.each_ref().map(String::as_str), all.right - place.left);
    pen.text((place.left, all.bottom - 3.0), note, TICK, ink.ink3, Anchor::Start);
}

fn range_of_many(scene: &Scene, task: usize) -> Scale {
    let of_runs = scene.runs().into_iter().flat_map(|run| points(scene, run));
    axis::around(of_runs.filter_map(|point| values(scene, point).get(task).copied()), 0.06)
}

fn columns(scene: &Scene, worths: &Worths) -> Vec<String> {
    let mut columns = vec!["run".to_owned(), "step".to_owned()];
    columns.extend((0..scene.n_tasks()).map(|task| format!("share of {}", scene.task_name(task))));
    for rows in ["validation", "test"] {
        columns.extend((0..scene.n_tasks()).map(|task| format!("{} loss, {rows}", scene.task_name(task))));
        if !scene.is_analytic() {
            let metric = |task: usize| scene.history.outline.tasks.get(task).map_or("", |task| task.metric.as_str());
            columns
                .extend((0..scene.n_tasks()).map(|task| format!("{} {}, {rows}", scene.task_name(task), metric(task))));
        }
    }
    columns.push("no other point is better on all".to_owned());
    columns.extend(worths.columns());
    columns
}

fn cells(
    scene: &Scene,
    (run, name): (usize, &str),
    point: &FrontPoint,
    free: Option<bool>,
    write: fn(f64) -> String,
) -> Vec<String> {
    let step = scene.fronts.known.and_then(|fronts| fronts.shown.steps.get(run)).map_or(String::new(), u32::to_string);
    cells_at(scene, (step, name), point, free, write)
}

fn cells_at(
    scene: &Scene,
    (step, name): (String, &str),
    point: &FrontPoint,
    free: Option<bool>,
    write: fn(f64) -> String,
) -> Vec<String> {
    let mut cells = vec![name.to_owned(), step];
    cells.extend(point.preference.iter().map(|share| write(*share)));
    for judged in [&point.validation, &point.test] {
        let told =
            |list: &[f64]| (0..scene.n_tasks()).map(|k| list.get(k).map_or(String::new(), |v| write(*v))).collect();
        let losses: Vec<String> = told(&judged.losses);
        cells.extend(losses);
        if !scene.is_analytic() {
            let metrics: Vec<String> = told(&judged.metrics);
            cells.extend(metrics);
        }
    }
    cells.push(free.map_or("", |free| if free { "yes" } else { "no" }).to_owned());
    cells
}

/// Whether a point is one of eleven that a table shows.
fn is_tenth(point: &FrontPoint) -> bool {
    point.preference.iter().all(|share| (10.0 * share - (10.0 * share).round()).abs() < 1e-6)
}

/// What a whole front, or all of them, is worth: a row without losses.
fn whole_row(
    scene: &Scene,
    worths: &Worths,
    name: String,
    worth: &Indicators,
    write: fn(f64) -> String,
) -> Vec<String> {
    let mut row = vec![name];
    row.resize(columns(scene, worths).len() - worths.columns().len(), String::new());
    row.extend(worths.cells(worth, write));
    row
}

pub(super) fn table(scene: &Scene) -> Table {
    rows_of(scene, number, true)
}

pub(super) fn data(scene: &Scene) -> Table {
    rows_of(scene, exact, false)
}

/// A row for every point, of a short table for tenths of a line and where the reader stands; then what each front and
/// all of them are worth.
fn rows_of(scene: &Scene, write: fn(f64) -> String, short: bool) -> Table {
    let worths = Worths::of(scene);
    let mut table = Table { columns: columns(scene, &worths), rows: Vec::new() };
    let blank = worths.blank();
    for run in scene.runs() {
        let name = scene.run_name(run);
        let middles = seeds::middles(scene, run);
        let trail = trails::trail(scene, run);
        let part = if short { trail.get(..1).unwrap_or_default() } else { &[] };
        let of_path = |(step, point): &(u32, FrontPoint)| {
            let told = cells_at(scene, (step.to_string(), &format!("{name}, path")), point, None, write);
            [told, blank.clone()].concat()
        };
        table.rows.extend(part.iter().map(of_path));
        if let Some(point) = here(scene, run).filter(|_| short && learns(scene, run)) {
            let here = cells(scene, (run, &format!("{name}, here")), point, None, write);
            table.rows.push([here, blank.clone()].concat());
        }
        let of_seeds = format!("{name}, median of {} seeds (quartiles)", scene.history.n_seeds());
        for seeds::Middle { low, median, high } in middles.iter().filter(|_| short) {
            if !mixes(scene, run) || is_tenth(median) {
                let rows = [low, median, high].map(|point| cells(scene, (run, &of_seeds), point, None, seeds::word));
                table.rows.push([seeds::joined(rows), blank.clone()].concat());
            }
        }
        let first = match (middles.is_empty(), short) {
            (true, _) => name.clone(),
            (false, true) => format!("{name}, first seed"),
            (false, false) => format!("{name}, seed {}", scene.history.outline.runs[run].seed),
        };
        let mut add = |name: &str, points: &[FrontPoint]| {
            let of_losses: Vec<Vec<f64>> = points.iter().map(|point| losses(scene, point).to_vec()).collect();
            for (point, free) in points.iter().zip(nondominated(&of_losses)) {
                if !short || !mixes(scene, run) || is_tenth(point) {
                    let told = cells(scene, (run, name), point, learns(scene, run).then_some(free), write);
                    table.rows.push([told, blank.clone()].concat());
                }
            }
        };
        add(&first, points(scene, run));
        if short {
            continue;
        }
        for (seed, front) in seeds::further(scene, run).filter(|_| !middles.is_empty()) {
            add(&format!("{name}, seed {seed}"), front);
        }
        for middle in &middles {
            for (which, point) in [("median", &middle.median), ("25 %", &middle.low), ("75 %", &middle.high)] {
                let told = cells(scene, (run, &format!("{name}, {which}")), point, None, write);
                table.rows.push([told, blank.clone()].concat());
            }
        }
        table.rows.extend(trail.iter().map(of_path));
    }
    for (run, worth) in &worths.runs {
        let name = scene.run_name(*run);
        let name = if learns(scene, *run) { format!("{name}, whole front") } else { name };
        table.rows.push(whole_row(scene, &worths, name, worth, write));
    }
    if worths.runs.len() > 1 {
        table.rows.push(whole_row(scene, &worths, TOGETHER.to_owned(), &worths.all, write));
    }
    table
}

pub(super) fn summary(scene: &Scene) -> String {
    let Some(run) = learners(scene).into_iter().find(|run| !points(scene, *run).is_empty()) else {
        return "No learned front yet.".to_owned();
    };
    let mut words = format!("The front of {} at {} preferences, {}.", scene.run_name(run), points(scene, run).len(), {
        format!("{} rows", rows_word(scene)).replace("exact rows", "exact losses")
    });
    if let Some(point) = here(scene, run) {
        words += " Here";
        for task in 0..scene.n_tasks() {
            let (share, loss) = (point.preference.get(task), losses(scene, point).get(task));
            if let (Some(share), Some(loss)) = (share, loss) {
                words += &format!(" {} counts {} and loses {},", scene.task_name(task), cosine(*share), number(*loss));
            }
        }
        words = words.trim_end_matches(',').to_owned() + ".";
    }
    if let Some((reading, reference)) = reading(scene, run) {
        let ranges =
            reading.extents.iter().enumerate().map(|(task, [low, high])| {
                format!("{} from {} to {}", scene.task_name(task), number(*low), number(*high))
            });
        words += &format!(" Along it losses of {}.", ranges.collect::<Vec<_>>().join(", "));
        words += &indicators::sentence(&reading.worth, &reference);
    }
    words += &seeds::summary(scene);
    words += &trails::words(scene);
    let verdict = verdict(scene, run);
    if verdict.is_empty() { words } else { format!("{words} {verdict}") }
}
