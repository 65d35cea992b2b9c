//! How runs of a single point came to where they stand among learned fronts: fading tails through loss space.

use super::super::axis::Scale;
use super::super::picture::{Pen, Point, Rect};
use super::super::{Color, Scene};
use super::{learns, points, values};
use crate::protocol::{FrontPoint, Judged};

/// Most pieces of a tail where every step is known.
const PIECES: usize = 60;
/// How strong a tail is where it begins and where it ends.
const FADES: [f64; 2] = [0.15, 0.8];

/// Where a run of a single point was before the point at which it is drawn: its steps, ascending, and what held-out
/// rows said then, or the exact losses of an analytic problem. Runs that learn a front have none.
pub(super) fn trail(scene: &Scene, run: usize) -> Vec<(u32, FrontPoint)> {
    let Some(known) = scene.history.runs.get(run).filter(|_| !learns(scene, run)) else { return Vec::new() };
    let at_mark = points(scene, run).first().and_then(|_| scene.fronts.known?.shown.steps.get(run).copied());
    let end = known.diverged.as_ref().map_or(u32::MAX, |end| end.step).min(at_mark.unwrap_or(u32::MAX));
    let before = |step: u32| step < end && step <= scene.step;
    let point = |validation: Judged, test: Judged| FrontPoint {
        preference: scene.fronts.preference.to_vec(),
        validation,
        test,
    };
    if scene.is_analytic() {
        let records: Vec<_> = known.records.iter().filter(|record| before(record.step)).collect();
        let stride = records.len().div_ceil(PIECES).max(1);
        let exact = |losses: &[f64]| Judged { losses: losses.to_vec(), metrics: Vec::new() };
        let told = records.into_iter().step_by(stride);
        return told.map(|record| (record.step, point(exact(&record.losses), exact(&record.losses)))).collect();
    }
    let told = known.evaluations.iter().filter(|known| before(known.step));
    told.map(|known| {
        let validation = Judged { losses: known.validation_losses.clone(), metrics: known.validation.clone() };
        let test = Judged { losses: known.losses.clone(), metrics: known.metrics.clone() };
        (known.step, point(validation, test))
    })
    .collect()
}

/// Where a value is on a linear axis, beyond its ends too: a scale puts what is outside at its end, and a line to there
/// would have another slope.
pub(super) fn beyond(scale: Scale, value: f64) -> f64 {
    let (from, to) = (scale.at(scale.low), scale.at(scale.high));
    from + (value - scale.low) / (scale.high - scale.low) * (to - from)
}

/// Places along a run's tail up to its mark.
fn places<const N: usize>(scene: &Scene, run: usize, at: impl Fn(&[f64]) -> Option<[f64; N]>) -> Vec<[f64; N]> {
    let trail = trail(scene, run);
    let all = trail.iter().map(|(_, point)| point).chain(points(scene, run).first());
    all.filter_map(|point| at(values(scene, point))).collect()
}

/// The part of a piece that lies in a box, if any (Liang & Barsky 1984).
fn inside<const N: usize>(a: [f64; N], b: [f64; N], low: [f64; N], high: [f64; N]) -> Option<[[f64; N]; 2]> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for c in 0..N {
        let way = b[c] - a[c];
        if way == 0.0 {
            if a[c] < low[c] || a[c] > high[c] {
                return None;
            }
            continue;
        }
        let (enters, leaves) = ((low[c] - a[c]) / way, (high[c] - a[c]) / way);
        from = from.max(enters.min(leaves));
        to = to.min(enters.max(leaves));
    }
    let at = |t: f64| std::array::from_fn(|c| a[c] + t * (b[c] - a[c]));
    (from < to).then(|| [at(from), at(to)])
}

/// Strokes of a tail inside a box, the older the fainter: ends of a piece and how strong it is.
fn pieces<const N: usize>(places: &[[f64; N]], low: [f64; N], high: [f64; N]) -> Vec<([[f64; N]; 2], f64)> {
    let last = places.len().saturating_sub(1).max(1);
    let strength = |i: usize| FADES[0] + (FADES[1] - FADES[0]) * (i + 1) as f64 / last as f64;
    let all = places.windows(2).enumerate();
    all.filter_map(|(i, ends)| Some((inside(ends[0], ends[1], low, high)?, strength(i)))).collect()
}

/// Draws a run's tail in the plane; says where it is.
pub(super) fn in_plane(
    scene: &Scene,
    pen: &mut Pen,
    run: usize,
    (place, at): (Rect, impl Fn(&[f64]) -> Option<Point>),
) -> Vec<Point> {
    let places = places(scene, run, |values| at(values).map(|spot| [spot.0, spot.1]));
    let (low, high) = ([place.left, place.top], [place.right, place.bottom]);
    let strokes = pieces(&places, low, high).into_iter().map(|(ends, strength)| (ends.map(|[x, y]| (x, y)), strength));
    strokes.flat_map(|(ends, strength)| draw(pen, run, (ends, strength))).collect()
}

/// Draws a run's tail in a box of three losses from −1 to 1, which `to_screen` puts on the page.
pub(super) fn in_space(
    scene: &Scene,
    pen: &mut Pen,
    run: usize,
    (at, to_screen): (impl Fn(&[f64]) -> Option<[f64; 3]>, impl Fn([f64; 3]) -> Point),
) {
    for (ends, strength) in pieces(&places(scene, run, at), [-1.0; 3], [1.0; 3]) {
        draw(pen, run, (ends.map(&to_screen), strength));
    }
}

fn draw(pen: &mut Pen, run: usize, (ends, strength): ([Point; 2], f64)) -> [Point; 2] {
    let color: Color = pen.ink().run(run).mark;
    pen.line(ends.to_vec(), 2.0, color.at(strength));
    ends
}

/// Whether tails are of more rows than the points are, so that a picture says it.
pub(super) fn differ(scene: &Scene, (looked, all): (u32, u32)) -> bool {
    looked < all && scene.runs().into_iter().any(|run| !trail(scene, run).is_empty())
}

/// Where the drawn tails begin, in a sentence; empty where there is none.
pub(super) fn words(scene: &Scene) -> String {
    let begins = scene.runs().into_iter().filter_map(|run| {
        let trail = trail(scene, run);
        let told: Vec<String> = values(scene, &trail.first()?.1).iter().map(|value| super::number(*value)).collect();
        (!told.is_empty()).then(|| format!("{} from ({})", scene.run_name(run), told.join(", ")))
    });
    let begins: Vec<String> = begins.collect();
    if begins.is_empty() { String::new() } else { format!(" Paths come to their points: {}.", begins.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_cut_off() {
        let (low, high) = ([0.0, 0.0], [2.0, 1.0]);
        assert_eq!(inside([-1.0, 0.5], [3.0, 0.5], low, high), Some([[0.0, 0.5], [2.0, 0.5]]));
        assert_eq!(inside([0.5, 0.25], [1.5, 0.75], low, high), Some([[0.5, 0.25], [1.5, 0.75]]));
        assert_eq!(inside([1.0, 3.0], [1.0, 0.5], low, high), Some([[1.0, 1.0], [1.0, 0.5]]));
        assert_eq!(inside([-1.0, 0.5], [1.0, 2.5], low, high), None);
        assert_eq!(inside([0.0, 2.0], [2.0, 2.0], low, high), None);
    }
}
