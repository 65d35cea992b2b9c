//! One map as a surface in space, the farthest cells first, with its lines on it and the paths of all runs.

use crate::measure::arrows::{Vector, dot, plus, scaled, unit};

use super::super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK};
use super::super::place::{Wish, settle};
use super::super::{Stroke, Text};
use super::chart::{square, titled};
use super::contour::{Spot, pieces};
use super::known::{Known, brief};
use super::relief::{Relief, Tone};

/// Nodes along each axis, at most: more would be smaller than a reader can see.
const MOST: usize = 41;
/// From the ground to the highest place, where the ground reaches from −1 to 1.
const RISE: f64 = 1.0;
/// Half the diagonal of that box.
const REACH: f64 = 1.5;

struct Space<'k> {
    known: &'k Known<'k>,
    relief: &'k Relief,
    axes: [Vector; 3],
    center: Point,
    radius: f64,
    /// Steps of the relief's grid from one drawn node to the next.
    stride: usize,
}

impl Space<'_> {
    fn at(&self, v: Vector) -> Point {
        let [right, up, _] = self.axes;
        (self.center.0 + self.radius * dot(v, right), self.center.1 - self.radius * dot(v, up))
    }

    /// How near to the reader a place of the ground is, whatever stands there.
    fn depth(&self, v: Vector) -> f64 {
        v[0] * self.axes[2][0] + v[2] * self.axes[2][2]
    }

    /// A place on the grid with its height, in the box.
    fn lift(&self, (x, y): Spot, place: f64) -> Vector {
        let (columns, rows) = (self.relief.columns.max(2) - 1, self.relief.lattice().rows().max(2) - 1);
        let along = |at: f64, count: usize| 2.0 * at / count as f64 - 1.0;
        [along(x, columns), RISE * (self.relief.rise(place) - 0.5), -along(y, rows)]
    }

    /// Where a point of the plane lies on the grid.
    fn spot(&self, at: [f64; 2]) -> Spot {
        let (columns, rows) = (self.relief.columns.max(2) - 1, self.relief.lattice().rows().max(2) - 1);
        let share = |axis: usize| {
            let [from, to] = self.known.spans[axis];
            let share = (at[axis] - from) / (to - from);
            if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.5 }
        };
        (share(0) * columns as f64, share(1) * rows as f64)
    }

    /// A point of the plane on the surface; `None` where the surface is not known.
    fn on_surface(&self, at: [f64; 2]) -> Option<Vector> {
        let spot = self.spot(at);
        self.relief.lattice().between(spot).map(|place| self.lift(spot, place))
    }
}

pub(super) fn draw(known: &Known, relief: &Relief, place: Rect, pen: &mut Pen) {
    let steps = relief.columns.saturating_sub(1);
    let stride = (1..=steps.max(1)).find(|stride| steps.is_multiple_of(*stride) && steps / stride < MOST).unwrap_or(1);
    let center = ((place.left + place.right) / 2.0, (place.top + place.bottom) / 2.0);
    let radius = (place.width().min(place.height()) / 2.0 / REACH).max(4.0);
    let axes = known.scene.land.orbit.axes();
    let space = Space { known, relief, axes, center, radius, stride };
    titled(pen, (place.left, place.top - 7.0), place.right, &relief.title, &relief.note);

    base(&space, pen);
    let mut pieces: Vec<(f64, Vec<Stroke>)> = Vec::new();
    cells(&space, pen, &mut pieces);
    paths(&space, pen, &mut pieces);
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
    pen.picture.strokes.extend(pieces.into_iter().flat_map(|(_, strokes)| strokes));
    stands(&space, pen, place);
}

/// The box's floor with the names of both axes, and the heights at its rear edge.
fn base(space: &Space, pen: &mut Pen) {
    let ink = pen.ink();
    let corner = |x: f64, z: f64| [x, -RISE / 2.0, z];
    let corners = [corner(-1.0, 1.0), corner(1.0, 1.0), corner(1.0, -1.0), corner(-1.0, -1.0)];
    let mut rim: Vec<Point> = corners.iter().map(|v| space.at(*v)).collect();
    rim.push(rim[0]);
    rim.push(rim[1]);
    pen.line(rim, 1.0, ink.edge);
    // The names stand at the two edges that are nearest to the reader.
    let flat = space.axes[2][1].abs() > 0.999;
    for axis in [0, 1] {
        let edge = |side: f64| if axis == 0 { [0.0, -RISE / 2.0, side] } else { [side, -RISE / 2.0, 0.0] };
        let (one, other) = (edge(1.0), edge(-1.0));
        let near = if flat && axis == 1 {
            other
        } else if space.depth(one) >= space.depth(other) {
            one
        } else {
            other
        };
        let out = space.at(scaled(1.12, near));
        let (dx, dy) = (out.0 - space.center.0, out.1 - space.center.1);
        // An axis that points at the reader has no edge to stand at.
        let along = if axis == 0 { [1.0, 0.0, 0.0] } else { [0.0, 0.0, -1.0] };
        if dot(along, space.axes[2]).abs() > 0.98 {
            continue;
        }
        let words = space.known.axis_words(axis);
        let anchor = match dx / space.radius {
            share if share > 0.3 => Anchor::Start,
            share if share < -0.3 => Anchor::End,
            _ => Anchor::Middle,
        };
        let y = out.1 + if dy > 0.0 { 10.0 } else { 0.0 };
        let width = pen.stage.text_width(&words, TICK);
        let x = match anchor {
            Anchor::Start => out.0.min(pen.stage.width - width),
            Anchor::Middle => out.0,
            Anchor::End => out.0.max(width),
        };
        pen.tick((x, y), words, anchor);
    }
    if let (Tone::Bands(bands), true) = (space.relief.tone, space.axes[1][1] > 0.3) {
        let leftmost = corners.into_iter().min_by(|a, b| space.at(*a).0.total_cmp(&space.at(*b).0));
        let Some(foot) = leftmost else { return };
        let (low, high) = (space.at(foot), space.at(plus(foot, RISE, [0.0, 1.0, 0.0])));
        pen.line(vec![low, high], 1.0, ink.edge);
        let (least, most) = bands.ends();
        for (value, point) in [(least, low), (most, high)] {
            let words = brief(value);
            let x = (point.0 - 5.0).max(pen.stage.text_width(&words, TICK));
            pen.tick((x, point.1 + 4.0), words, Anchor::End);
        }
    }
}

/// Every known cell with its lines, keyed by how near it is.
fn cells(space: &Space, pen: &Pen, found: &mut Vec<(f64, Vec<Stroke>)>) {
    let ink = pen.ink();
    let relief = space.relief;
    let lattice = relief.lattice();
    let (columns, rows, stride) = (relief.columns, lattice.rows(), space.stride);
    let light = unit([-0.5, 0.8, 0.3]);
    let cell = 2.0 * stride as f64 / columns.max(2) as f64;
    let levels = relief.levels();
    for row in (0..rows.saturating_sub(stride)).step_by(stride) {
        for column in (0..columns.saturating_sub(stride)).step_by(stride) {
            let spots = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| (column + x * stride, row + y * stride));
            let places = spots.map(|(x, y)| relief.places[y * columns + x]);
            if places.iter().any(|place| place.is_nan()) {
                continue;
            }
            let corner = |i: usize| space.lift((spots[i].0 as f64, spots[i].1 as f64), places[i]);
            let corners = [corner(0), corner(1), corner(2), corner(3)];
            let middle = corners.iter().fold([0.0; 3], |sum, corner| plus(sum, 0.25, *corner));
            let normal = cross(plus(corners[2], -1.0, corners[0]), plus(corners[3], -1.0, corners[1]));
            let shade = 0.5 - 0.5 * dot(unit(normal), light).abs();
            let place = match relief.tone {
                Tone::Tasks(_) => places[0],
                _ => places.iter().sum::<f64>() / 4.0,
            };
            let color = relief.ground(ink, place).mix(ink.ink2, 0.42 * shade);
            let polygon: Vec<Point> = corners.iter().map(|corner| space.at(*corner)).collect();
            let mut closed = polygon.clone();
            closed.push(polygon[0]);
            // The outline closes the seams between neighbors.
            let mut strokes =
                vec![Stroke::Area { points: polygon, color }, Stroke::Line { points: closed, width: 0.75, color }];
            found.push((space.depth(middle), std::mem::take(&mut strokes)));
            // Over the outlines of the cells beside it, but under those that stand before it.
            for side in 0..4 {
                let (a, b) = (spots[side], spots[(side + 1) % 4]);
                let at_rim =
                    (a.0 == b.0 && (a.0 == 0 || a.0 + 1 == columns)) || (a.1 == b.1 && (a.1 == 0 || a.1 + 1 == rows));
                if at_rim {
                    let points = vec![space.at(corners[side]), space.at(corners[(side + 1) % 4])];
                    strokes.push(Stroke::Line { points, width: 0.75, color: ink.edge });
                }
            }
            for level in &levels {
                for piece in pieces(places, *level) {
                    let on = |(x, y): Spot| {
                        let (x, y) = (column as f64 + x * stride as f64, row as f64 + y * stride as f64);
                        space.at(space.lift((x, y), *level))
                    };
                    strokes.push(Stroke::Line { points: piece.map(on).to_vec(), width: 0.75, color: ink.contour });
                }
            }
            if !strokes.is_empty() {
                found.push((space.depth(middle) + cell, strokes));
            }
        }
    }
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Paths on the surface, in pieces that hills hide.
fn paths(space: &Space, pen: &Pen, found: &mut Vec<(f64, Vec<Stroke>)>) {
    let ink = pen.ink();
    let cell = 2.0 * space.stride as f64 / space.relief.columns.max(2) as f64;
    for &run in &space.known.runs {
        let color = ink.run(run).mark;
        let now = space.known.at(run, space.known.scene.step).unwrap_or(0);
        let mut before: Option<(Vector, [f64; 2])> = None;
        for (idx, told) in space.known.points(run).iter().enumerate() {
            let Some(here) = space.on_surface(told.at) else {
                before = None;
                continue;
            };
            let Some((_, from)) = before else {
                before = Some((here, told.at));
                continue;
            };
            // Where cells are small beside a step, the path follows them.
            let (start, end) = (space.spot(from), space.spot(told.at));
            let cells = (end.0 - start.0).hypot(end.1 - start.1) / space.stride as f64;
            let n = (cells.ceil() as usize).clamp(1, 24);
            let mut last = space.on_surface(from);
            for i in 1..=n {
                let t = i as f64 / n as f64;
                let next = space.on_surface([0, 1].map(|axis| from[axis] + t * (told.at[axis] - from[axis])));
                if let (Some(a), Some(b)) = (last, next) {
                    let points: Vec<Point> =
                        [a, b].iter().map(|v| space.at(plus(*v, 0.012, [0.0, 1.0, 0.0]))).collect();
                    let length = (points[0].0 - points[1].0).hypot(points[0].1 - points[1].1);
                    // Pieces too short to see wait for the next one.
                    if length < 1.0 && i < n {
                        continue;
                    }
                    let key = space.depth(a).max(space.depth(b)) + 1.1 * cell;
                    let width = if idx <= now { 2.0 } else { 1.25 };
                    let strokes = vec![
                        Stroke::Line { points: points.clone(), width: width + 1.5, color: ink.halo.at(0.75) },
                        Stroke::Line { points, width, color },
                    ];
                    found.push((key, strokes));
                }
                last = next;
            }
            before = Some((here, told.at));
        }
    }
}

/// Starts, markers and names; they are never hidden.
fn stands(space: &Space, pen: &mut Pen, place: Rect) {
    let ink = pen.ink();
    let known = space.known;
    let (mut taken, mut wishes, mut words) = (Vec::new(), Vec::new(), Vec::new());
    let starts = known.runs.iter().filter_map(|run| space.on_surface(known.points(*run).first()?.at));
    let mut seen: Vec<Point> = Vec::new();
    for start in starts.map(|v| space.at(v)).collect::<Vec<_>>() {
        if seen.iter().all(|other| (other.0 - start.0).hypot(other.1 - start.1) > 6.0) {
            pen.disc(start, 4.5, ink.ink);
            pen.disc(start, 3.0, ink.bg);
            taken.push(square(start, 5.0));
            seen.push(start);
        }
    }
    for &run in &known.runs {
        let style = *ink.run(run);
        let at_step = known.at(run, known.scene.step).filter(|_| !known.is_over(run, known.scene.step));
        if let Some(v) = at_step.and_then(|idx| space.on_surface(known.points(run)[idx].at)) {
            let at = space.at(v);
            pen.marker(&style, at, 5.0, true);
            taken.push(square(at, 6.0));
        }
        if let Some(end) = known.points(run).last().and_then(|last| space.on_surface(last.at)) {
            let at = space.at(end);
            taken.push(square(at, 3.0));
            let name = known.scene.run_name(run);
            let width = pen.stage.text_width(&name, LABEL) + 4.0;
            wishes.push(Wish { at, toward: std::f64::consts::FRAC_PI_2, width, clear: 9.0 });
            words.push((name, style.text));
        }
    }
    for ((name, color), spot) in words.into_iter().zip(settle(&wishes, &taken, place)) {
        pen.put(Text {
            at: (spot.left + 2.0, spot.bottom - 3.0),
            words: name,
            size: LABEL,
            face: Face::Plain,
            color,
            anchor: Anchor::Start,
            halo: Some(ink.halo),
            upwards: false,
        });
    }
}
