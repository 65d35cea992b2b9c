//! Three losses in space, turned as the reader likes; depth is told by shadows on a floor and by the size of points.

use crate::measure::arrows::{Vector, dot, plus, scaled};
use crate::measure::front::nondominated;
use crate::protocol::FrontPoint;

use super::super::axis::{self, Scale};
use super::super::front::square;
use super::super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK, Text};
use super::super::place::{Wish, settle};
use super::super::{Color, Scene, Turn};
use super::{alone_in, here, learns, longest, losses, points, shows_metrics, title_of, told, trails, values};

/// From the middle of the box to its corners, where its edges reach from −1 to 1.
const REACH: f64 = 1.74;
/// Px around the box for its words.
const WORDS: f64 = 18.0;

/// The box of three losses on the screen.
struct Space {
    /// (K) from −1 to 1.
    scales: [Scale; 3],
    axes: [Vector; 3],
    center: Point,
    radius: f64,
}

/// Where an axis of the box points: the first task to the right, the second one away from the reader of the front view,
/// the third one up.
const AXES: [Vector; 3] = [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]];

impl Space {
    fn at(&self, v: Vector) -> Point {
        let [right, up, _] = self.axes;
        (self.center.0 + self.radius * dot(v, right), self.center.1 - self.radius * dot(v, up))
    }

    fn depth(&self, v: Vector) -> f64 {
        dot(v, self.axes[2])
    }

    /// Three values in the box or outside of it.
    fn beyond(&self, values: &[f64]) -> Option<Vector> {
        let [a, b, c] = values else { return None };
        let place = [(a, 0), (b, 1), (c, 2)]
            .into_iter()
            .fold([0.0; 3], |place, (value, task)| plus(place, trails::beyond(self.scales[task], *value), AXES[task]));
        place.iter().all(|x| x.is_finite()).then_some(place)
    }

    /// Three values in the box; `None` for what is no number.
    fn place(&self, values: &[f64]) -> Option<Vector> {
        let [a, b, c] = values else { return None };
        let place = [(a, 0), (b, 1), (c, 2)]
            .into_iter()
            .fold([0.0; 3], |place, (value, task)| plus(place, self.scales[task].at(*value), AXES[task]));
        place.iter().all(|x| x.is_finite()).then_some(place)
    }
}

/// On the floor below a place.
fn foot(place: Vector) -> Vector {
    [place[0], -1.0, place[2]]
}

/// Losses of the true front; of a problem whose front is not known, and of metrics, none.
fn truth<'s>(scene: &Scene<'s>) -> impl Iterator<Item = &'s Vec<f64>> + use<'s> {
    let known = if shows_metrics(scene) { &[][..] } else { &scene.history.outline.front[..] };
    known.iter().flatten()
}

/// Values of one axis: of all points that are drawn, with a little air.
fn range(scene: &Scene, task: usize) -> Scale {
    let of_runs = scene.runs().into_iter().flat_map(|run| points(scene, run));
    let drawn = of_runs.filter_map(|point| values(scene, point).get(task)).copied();
    let all = drawn.chain(truth(scene).filter_map(|losses| losses.get(task)).copied()).chain(alone_in(scene, task));
    let all: Vec<f64> = all.filter(|value| value.is_finite()).collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    let scale = axis::around(all.into_iter(), 0.06).between(-1.0, 1.0);
    // Air does not reach below 0 where nothing else does.
    Scale { low: if least >= 0.0 { scale.low.max(0.0) } else { scale.low }, ..scale }
}

pub(super) fn draw(scene: &Scene, pen: &mut Pen, runs: &[usize], place: Rect) {
    let (stage, ink) = (pen.stage, pen.ink());
    let inner = Rect { top: place.top + WORDS, bottom: place.bottom - 2.0 * WORDS, ..place };
    let center = ((inner.left + inner.right) / 2.0, (inner.top + inner.bottom) / 2.0);
    let radius = ((inner.width() / 2.0 - WORDS).min(inner.height() / 2.0) / REACH * 1.12).max(12.0);
    let scales = [0, 1, 2].map(|task| range(scene, task));
    let space = Space { scales, axes: scene.look.orbit.axes(), center, radius };
    pen.picture.turn = Some(Turn { radius: radius * REACH });

    let mut taken = frame(scene, pen, &space, place);
    for losses in truth(scene) {
        if let Some(spot) = space.place(losses) {
            pen.disc(space.at(spot), 1.5, ink.ink3.at(0.5));
        }
    }
    // Shadows first: they lie below everything.
    let drawn: Vec<(usize, bool, &FrontPoint, Vector)> = runs
        .iter()
        .flat_map(|&run| {
            let of_losses: Vec<Vec<f64>> = points(scene, run).iter().map(|p| losses(scene, p).to_vec()).collect();
            points(scene, run).iter().zip(nondominated(&of_losses)).map(move |(point, free)| (run, free, point))
        })
        .filter_map(|(run, free, point)| Some((run, free, point, space.place(values(scene, point))?)))
        .collect();
    for (_, _, _, spot) in &drawn {
        pen.disc(space.at(foot(*spot)), 1.5, ink.edge);
    }
    for run in scene.runs() {
        trails::in_space(scene, pen, run, (|values: &[f64]| space.beyond(values), |spot| space.at(spot)));
    }
    let mut order: Vec<usize> = (0..drawn.len()).collect();
    order.sort_by(|a, b| space.depth(drawn[*a].3).total_cmp(&space.depth(drawn[*b].3)));
    for (run, free, _, spot) in order.into_iter().map(|at| &drawn[at]) {
        let style = ink.run(*run);
        let at = space.at(*spot);
        let size = 3.0 + 0.6 * (space.depth(*spot) / REACH).clamp(-1.0, 1.0);
        pen.disc(at, size + 0.75, ink.halo);
        pen.disc(at, size, style.mark);
        if !free {
            pen.disc(at, size - 1.25, ink.bg);
        }
        taken.push(square(at, 2.0));
    }
    marks(scene, pen, &space, (runs, place), taken);
    let better = if shows_metrics(scene) { "higher is better" } else { "lower is better" };
    let known = if truth(scene).next().is_some() { " · gray: true front" } else { "" };
    let notes = [
        format!("a point a preference, {better} · hollow: beaten by another{known}"),
        format!("{better} · hollow: beaten{known}"),
        format!("{better}{known}"),
        better.to_owned(),
    ];
    let note = longest(stage, &notes.each_ref().map(String::as_str), place.width());
    pen.text((place.left, place.bottom - 3.0), note, TICK, ink.ink3, Anchor::Start);
}

/// Runs of a single point, where the reader stands, and all names.
fn marks(scene: &Scene, pen: &mut Pen, space: &Space, (runs, place): (&[usize], Rect), mut taken: Vec<Rect>) {
    let (stage, ink) = (pen.stage, pen.ink());
    let mut wishes: Vec<Wish> = Vec::new();
    let mut words: Vec<Text> = Vec::new();
    let mut wish = |at: Point, clear: f64, text: String, color, face: Face| {
        wishes.push(Wish { at, toward: 0.0, width: stage.text_width(&text, LABEL) + 4.0, clear });
        words.push(Text {
            at,
            words: text,
            size: LABEL,
            face,
            color,
            anchor: Anchor::Start,
            halo: Some(ink.halo),
            upwards: false,
        });
    };
    for run in scene.runs().into_iter().filter(|run| !learns(scene, *run)) {
        let style = *ink.run(run);
        let first = points(scene, run).first();
        let Some(spot) = first.and_then(|point| space.place(values(scene, point))) else { continue };
        let at = space.at(spot);
        pen.dashed(&[at, space.at(foot(spot))], 1.0, ink.edge, &[2.0, 3.0], 0.0);
        pen.marker(&style, at, 5.0, true);
        taken.push(square(at, 7.0));
        wish(at, 10.0, scene.run_name(run), style.text, Face::Plain);
    }
    for &run in runs {
        if runs.len() > 1 {
            // One front is what the picture is of; several are told apart by name.
            let far = |point: &&FrontPoint| values(scene, point).first().copied().unwrap_or(f64::NEG_INFINITY);
            let end = points(scene, run).iter().max_by(|a, b| far(a).total_cmp(&far(b)));
            if let Some(spot) = end.and_then(|point| space.place(values(scene, point))) {
                wish(space.at(spot), 8.0, scene.run_name(run), ink.run(run).text, Face::Plain);
            }
        }
        let Some(point) = here(scene, run) else { continue };
        let Some(spot) = space.place(values(scene, point)) else { continue };
        let (at, below) = (space.at(spot), space.at(foot(spot)));
        pen.dashed(&[at, below], 1.0, ink.accent, &[1.0, 3.0], 0.0);
        pen.disc(below, 2.5, ink.accent);
        pen.disc(at, 7.5, ink.halo);
        pen.disc(at, 6.0, ink.accent);
        taken.push(square(at, 8.0));
        wish(at, 12.0, "here".to_owned(), ink.ink, Face::Bold);
    }
    let bounds = Rect { bottom: place.bottom - WORDS, ..place };
    for (text, spot) in words.into_iter().zip(settle(&wishes, &taken, bounds)) {
        pen.put(Text { at: (spot.left + 2.0, spot.bottom - 3.0), ..text });
    }
}

/// The floor, three edges with their values, and the names of the axes; says where words stand.
fn frame(scene: &Scene, pen: &mut Pen, space: &Space, place: Rect) -> Vec<Rect> {
    let ink = pen.ink();
    let corners: [Vector; 4] = [[-1.0, -1.0, 1.0], [1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, -1.0, -1.0]];
    for task in [0, 1] {
        for value in space.scales[task].ticks() {
            let along = scaled(space.scales[task].at(value), AXES[task]);
            let ends = [1.0, -1.0].map(|side| space.at(plus(plus(along, side, AXES[1 - task]), -1.0, AXES[2])));
            pen.line(ends.to_vec(), 1.0, ink.grid);
        }
    }
    let mut rim: Vec<Point> = corners.iter().map(|v| space.at(*v)).collect();
    rim.extend([rim[0], rim[1]]);
    pen.line(rim, 1.0, ink.edge);
    // Words stand at the edges that are nearest to the reader, those of the third task at the leftmost upright one.
    let mut edges: Vec<Edge> = Vec::new();
    for task in [0, 1] {
        let other = AXES[1 - task];
        let side = if space.depth(other) >= 0.0 { 1.0 } else { -1.0 };
        edges.extend(Edge::of(space, task, plus(scaled(-1.0, AXES[2]), side, other)));
    }
    if let Some(corner) = corners.into_iter().min_by(|a, b| space.at(*a).0.total_cmp(&space.at(*b).0)) {
        let middle = [corner[0], 0.0, corner[2]];
        pen.line([-1.0, 1.0].map(|end| space.at(plus(middle, end, AXES[2]))).to_vec(), 1.0, ink.edge);
        edges.extend(Edge::of(space, 2, middle));
    }
    let mut taken = Vec::new();
    for edge in &edges {
        edge.name(scene, pen, space, place, &mut taken);
    }
    for edge in &edges {
        edge.values(scene, pen, space, place, &mut taken);
    }
    taken
}

/// An edge of the box that has a task's values.
struct Edge {
    task: usize,
    middle: Vector,
    /// Unit vector on the screen that leads away from the box.
    out: Point,
    /// Where its ends are on the screen.
    ends: [Point; 2],
}

impl Edge {
    /// The edge through `middle`; none where it points at the reader.
    fn of(space: &Space, task: usize, middle: Vector) -> Option<Self> {
        let ends = [-1.0, 1.0].map(|end| space.at(plus(middle, end, AXES[task])));
        let (dx, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
        let drawn = dx.hypot(dy);
        let center = space.at(middle);
        let away = (center.0 - space.center.0, center.1 - space.center.1);
        let normal = (-dy / drawn, dx / drawn);
        let sign = if normal.0 * away.0 + normal.1 * away.1 >= 0.0 { 1.0 } else { -1.0 };
        (drawn >= 36.0).then_some(Self { task, middle, out: (sign * normal.0, sign * normal.1), ends })
    }

    fn ticks(&self, space: &Space) -> Vec<f64> {
        space.scales[self.task].ticks()
    }

    /// The name of the third task stands above its edge, where it can be long; the others beyond their values.
    fn name(&self, scene: &Scene, pen: &mut Pen, space: &Space, place: Rect, taken: &mut Vec<Rect>) {
        let (stage, color) = (pen.stage, pen.ink().ink2);
        let name = stage.fit(&title_of(scene, self.task, stage), LABEL, 150.0);
        if self.task == 2 {
            let [low, high] = self.ends;
            let top = if high.1 < low.1 { high } else { low };
            return write(pen, (top.0, top.1 - 10.0), (0.0, -1.0), (name, LABEL, color), place, taken);
        }
        let width = |value: f64| stage.text_width(&words(scene, self.task, value), TICK);
        let widest = self.ticks(space).into_iter().map(width).fold(0.0, f64::max);
        let beyond = 8.0 + self.out.0.abs() * (widest + 6.0) + self.out.1.abs() * 14.0;
        let center = space.at(self.middle);
        let at = (center.0 + beyond * self.out.0, center.1 + beyond * self.out.1);
        write(pen, at, self.out, (name, LABEL, color), place, taken);
    }

    fn values(&self, scene: &Scene, pen: &mut Pen, space: &Space, place: Rect, taken: &mut Vec<Rect>) {
        let color = pen.ink().ink3;
        for value in self.ticks(space) {
            let at = space.at(plus(self.middle, space.scales[self.task].at(value), AXES[self.task]));
            let at = (at.0 + 6.0 * self.out.0, at.1 + 6.0 * self.out.1);
            write(pen, at, self.out, (words(scene, self.task, value), TICK, color), place, taken);
        }
    }
}

fn words(scene: &Scene, task: usize, value: f64) -> String {
    if shows_metrics(scene) { told(scene, task, value) } else { axis::tick(value) }
}

/// Words beside a point, on the side that `out` leads to; not where others stand.
fn write(
    pen: &mut Pen,
    at: Point,
    out: Point,
    (words, size, color): (String, f64, Color),
    place: Rect,
    taken: &mut Vec<Rect>,
) {
    let width = pen.stage.text_width(&words, size);
    // The nearer the way out is to level, the more of the words lies beside the point.
    let x = (at.0 + (out.0 - 1.0) * width / 2.0).clamp(place.left, (place.right - width).max(place.left));
    let y = (at.1 + 4.0 + 4.0 * out.1).clamp(place.top + 11.0, (place.bottom - WORDS).max(place.top + 11.0));
    let spot = Rect { left: x - 2.0, top: y - 11.0, right: x + width + 2.0, bottom: y + 3.0 };
    if taken.iter().any(|other| other.overlap(&spot) > 0.0) {
        return;
    }
    taken.push(spot);
    let halo = Some(pen.ink().halo);
    pen.put(Text { at: (x, y), words, size, face: Face::Plain, color, anchor: Anchor::Start, halo, upwards: false });
}
