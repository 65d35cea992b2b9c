//! Fronts and single points of several seeds: at every preference the median and quartiles of each value.
//!
//! A seed that diverged counts with the worst there is, as it does over time.

use super::super::picture::{Pen, Point};
use super::super::{Scene, cosine, number};
use super::{learns, points, values};
use crate::measure::spread::Spread;
use crate::protocol::{FrontPoint, Judged, SeedCurves};

/// Furthest that the shares of two seeds may be apart where they are the same preference.
const SAME: f64 = 1e-6;

/// What all seeds say of one preference, value by value; some may be infinite.
pub(super) struct Middle {
    pub low: FrontPoint,
    pub median: FrontPoint,
    pub high: FrontPoint,
}

/// Whether what is drawn of a run is its end, where further seeds tell theirs.
fn is_end(scene: &Scene, run: usize) -> bool {
    let step = scene.fronts.known.and_then(|fronts| fronts.shown.steps.get(run));
    step == Some(&scene.history.outline.steps) && scene.look.frozen.is_none()
}

/// Every further seed with its front of this run, where that is known.
pub(super) fn further<'s>(scene: &Scene<'s>, run: usize) -> impl Iterator<Item = (u32, &'s [FrontPoint])> + use<'s> {
    let seeds = if is_end(scene, run) { &scene.history.seeds[..] } else { &[] };
    let of = move |curves: &'s [SeedCurves]| curves.get(run).map_or(&[][..], |curves| &curves.front[..]);
    seeds.iter().map(move |seed| (seed.seed, of(&seed.runs))).filter(|(_, front)| !front.is_empty())
}

/// The middle of all seeds at each preference that every one of them tells; none with one seed.
pub(super) fn middles(scene: &Scene, run: usize) -> Vec<Middle> {
    if scene.history.seeds.is_empty() || !is_end(scene, run) {
        return Vec::new();
    }
    let known = |curves: Option<&'_ SeedCurves>| curves.is_some_and(|c| c.diverged.is_some() || !c.front.is_empty());
    if !scene.history.seeds.iter().all(|seed| known(seed.runs.get(run))) {
        return Vec::new();
    }
    let fronts: Vec<&[FrontPoint]> = further(scene, run).map(|(_, front)| front).collect();
    let diverged = scene.history.seeds.len() - fronts.len();
    points(scene, run).iter().filter_map(|first| middle(first, &fronts, diverged)).collect()
}

fn middle(first: &FrontPoint, fronts: &[&[FrontPoint]], diverged: usize) -> Option<Middle> {
    let near = |point: &&FrontPoint| {
        let apart = point.preference.iter().zip(&first.preference).map(|(a, b)| (a - b).abs());
        apart.fold(0.0, f64::max) < SAME
    };
    let others: Option<Vec<&FrontPoint>> = fronts.iter().map(|front| front.iter().find(near)).collect();
    let all: Vec<&FrontPoint> = std::iter::once(first).chain(others?).collect();
    let spreads = |list: &dyn Fn(&FrontPoint) -> &[f64], worst: f64| -> Option<Vec<Spread>> {
        let of = |at: usize| {
            let told: Option<Vec<f64>> = all.iter().map(|point| list(point).get(at).copied()).collect();
            Spread::of(told?.into_iter().chain(std::iter::repeat_n(worst, diverged)))
        };
        (0..list(first).len()).map(of).collect()
    };
    let validation = (
        spreads(&|point| &point.validation.losses, f64::INFINITY)?,
        spreads(&|point| &point.validation.metrics, f64::NEG_INFINITY)?,
    );
    let test = (
        spreads(&|point| &point.test.losses, f64::INFINITY)?,
        spreads(&|point| &point.test.metrics, f64::NEG_INFINITY)?,
    );
    let judged = |(losses, metrics): &(Vec<Spread>, Vec<Spread>), which: fn(&Spread) -> f64| Judged {
        losses: losses.iter().map(which).collect(),
        metrics: metrics.iter().map(which).collect(),
    };
    let [low, median, high] =
        [|s: &Spread| s.low, |s: &Spread| s.median, |s: &Spread| s.high].map(|which| FrontPoint {
            preference: first.preference.clone(),
            validation: judged(&validation, which),
            test: judged(&test, which),
        });
    Some(Middle { low, median, high })
}

/// Complete seeds, where some drawn run's are told together; `None` with one.
pub(super) fn told(scene: &Scene) -> Option<usize> {
    let any = scene.runs().into_iter().any(|run| !middles(scene, run).is_empty());
    any.then(|| scene.history.n_seeds())
}

/// For a header: what stands for several seeds.
pub(super) fn brief(scene: &Scene) -> Option<String> {
    told(scene).map(|n| format!("median of {n} seeds; thin: the first"))
}

/// Values of one axis that the picture of two tasks needs room for.
pub(super) fn reach(scene: &Scene, task: usize) -> Vec<f64> {
    let mut all = Vec::new();
    for run in scene.runs() {
        if !learns(scene, run) {
            all.extend(further(scene, run).flat_map(|(_, front)| front).filter_map(|p| values(scene, p).get(task)));
        }
        let ends = middles(scene, run).into_iter().flat_map(|middle| [middle.low, middle.high]);
        all.extend(ends.filter_map(|point| values(scene, &point).get(task).copied()));
    }
    all
}

/// The band between the curves of both quartiles.
pub(super) fn band(pen: &mut Pen, run: usize, middles: &[Middle], at: &dyn Fn(&FrontPoint) -> Option<Point>) {
    let pairs = || middles.iter().filter_map(|middle| Some((at(&middle.low)?, at(&middle.high)?)));
    let (low, high): (Vec<Point>, Vec<Point>) = pairs().unzip();
    pen.area(low.into_iter().chain(high.into_iter().rev()).collect(), pen.ink().run(run).mark.at(0.18));
}

/// What a table writes of a value that may be infinite.
pub(super) fn word(value: f64) -> String {
    if value.is_finite() { number(value) } else { "diverged".to_owned() }
}

/// `0.12 (0.10 to 0.14)`, of cells that stand at the same place of three rows.
pub(super) fn joined([low, median, high]: [Vec<String>; 3]) -> Vec<String> {
    let of = |((low, median), high): ((String, String), String)| {
        if low == high { median } else { format!("{median} ({low} to {high})") }
    };
    low.into_iter().zip(median).zip(high).map(of).collect()
}

/// Medians and quartiles of every drawn run where the reader stands, in sentences; nothing with one seed.
pub(super) fn summary(scene: &Scene) -> String {
    let Some(n) = told(scene) else { return String::new() };
    let far = |middle: &Middle| -> f64 {
        let pairs = middle.median.preference.iter().zip(scene.fronts.preference);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let mut words = format!(" Median of {n} seeds, quartiles in brackets.");
    for run in scene.runs() {
        let all = middles(scene, run);
        let Some(middle) = all.iter().min_by(|a, b| far(a).total_cmp(&far(b))) else { continue };
        let place = if learns(scene, run) {
            let shares: Vec<String> = middle.median.preference.iter().map(|share| cosine(*share)).collect();
            format!(" at {}", shares.join(" / "))
        } else {
            String::new()
        };
        let of_three = [&middle.low, &middle.median, &middle.high].map(|point| {
            let told = values(scene, point).iter().map(|value| word(*value));
            told.collect::<Vec<_>>()
        });
        let tasks = joined(of_three).into_iter().enumerate();
        let tasks: Vec<String> = tasks.map(|(task, cell)| format!("{} {cell}", scene.task_name(task))).collect();
        words += &format!(" {}{place}: {}.", scene.run_name(run), tasks.join(", "));
    }
    words
}
