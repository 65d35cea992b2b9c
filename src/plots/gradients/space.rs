//! Three gradients in space, turned as the reader likes; depth is told by feet on a floor and by the axes below.

use std::f64::consts::TAU;

use crate::measure::arrows::{Cone, Vector, dot, length, plus, scaled, unit};

use super::super::axis;
use super::super::picture::{Anchor, LABEL, Pen, Point, Rect, TICK};
use super::super::place::{Wish, along};
use super::super::{Turn, number};
use super::camera::{Camera, extent};
use super::plane::{grip, label_updates, place_names};
use super::{Arrow, Pointer, Scene, draw_pieces, frame, style, subscript, to_scale};

pub(super) fn space(scene: &Scene, pen: &mut Pen, arrows: &[Arrow], bottom: f64) {
    let ink = pen.ink();
    let width = pen.stage.width;
    let Some(frame) = frame(scene) else { return };
    let frozen = super::frozen(scene).is_some();
    let held = to_scale(scene).then(|| extent(scene, arrows));
    let radius = ((width / 2.0 - 12.0).min((bottom - 36.0) / 2.0)).max(20.0);
    let origin: Point = (width / 2.0, 18.0 + (bottom - 36.0).max(2.0 * radius) / 2.0);
    let camera = Camera { origin, radius, extent: held, axes: scene.look.orbit.axes() };
    pen.picture.turn = Some(Turn { radius });

    // The ball that cuts the cone, and a floor at the height of the origin.
    pen.line(ring(origin, radius), 1.0, ink.grid);
    let around = |a: f64| camera.at([a.cos(), 0.0, a.sin()]);
    pen.line((0..=72).map(|i| around(f64::from(i) * TAU / 72.0)).collect(), 1.0, ink.line);

    let cone = frame.cone();
    cone_faces(pen, &camera, &cone);
    draw_pieces(scene, pen, arrows, &camera);

    // Feet first, then arrows from the farthest to the nearest.
    let mut order: Vec<(&Arrow, Vector)> =
        arrows.iter().map(|arrow| (arrow, camera.tip(arrow).0)).filter(|(arrow, _)| arrow.length > 0.0).collect();
    order.sort_by(|a, b| camera.depth(a.1).total_cmp(&camera.depth(b.1)));
    for (arrow, tip) in &order {
        let Pointer::Gradient(_) = arrow.what else { continue };
        let foot = [tip[0], 0.0, tip[2]];
        pen.dashed(&[camera.at(*tip), camera.at(foot), origin], 1.0, ink.edge, &[2.0, 3.0], 0.0);
    }
    let mut taken: Vec<Rect> = Vec::new();
    let mut wishes = Vec::new();
    let mut words = Vec::new();
    for (arrow, tip) in &order {
        let end = camera.at(*tip);
        let a = (origin.1 - end.1).atan2(end.0 - origin.0);
        let near = 1.0 + 0.3 * camera.depth(*tip).clamp(-1.0, 1.0);
        taken.extend(along(origin, end));
        match arrow.what {
            Pointer::Gradient(task) => {
                let chosen = frozen && scene.look.chosen == Some(task);
                let drawn = (end.0 - origin.0).hypot(end.1 - origin.1);
                pen.line(vec![origin, end], 6.0, ink.halo);
                pen.line(vec![origin, end], near * if chosen { 3.5 } else { 2.5 }, ink.ink);
                pen.arrow_head(end, a, (11.0 * near).min(drawn), ink.ink);
                let name = format!("g{} length {}", subscript(task + 1), number(arrow.length));
                let wide = pen.stage.text_width(&name, LABEL) + 4.0;
                wishes.push(Wish { at: end, toward: a, width: wide, clear: 9.0 });
                words.push((name, ink.ink, end));
            }
            what => {
                let style = style(pen, what);
                let step = matches!(what, Pointer::Step(_));
                pen.line(vec![origin, end], 5.0, ink.halo);
                pen.dashed(&[origin, end], near * if step { 1.25 } else { 2.0 }, style.mark, style.dash, 0.0);
            }
        }
    }
    let updates: Vec<Arrow> = arrows[3..].to_vec();
    label_updates(scene, pen, &camera, &updates, &mut taken, &mut wishes, &mut words);
    let label = if cone.inside.is_some() { "common descent: no task loses" } else { "no direction helps all tasks" };
    pen.tick((0.0, 14.0), pen.stage.fit(label, TICK, width), Anchor::Start);
    if cone.inside.is_some() {
        let swatch = pen.stage.text_width(label, TICK) + 8.0;
        let r = Rect { left: swatch, top: 5.0, right: swatch + 18.0, bottom: 15.0 };
        if r.right < width {
            let corners = [(r.left, r.top), (r.right, r.top), (r.right, r.bottom), (r.left, r.bottom)];
            pen.hatch(&corners, 5.0, ink.ink3.at(0.7));
            pen.line(corners.into_iter().chain([corners[0]]).collect(), 1.0, ink.ink3);
        }
    }
    let bounds = Rect { left: 0.0, top: 20.0, right: width, bottom: bottom - 2.0 };
    place_names(pen, wishes, words, &taken, bounds);
    pen.disc(origin, 3.0, ink.ink);
    gnomon(pen, &camera, (26.0, bottom - 26.0));
    if let (true, Some(extent)) = (frozen, held) {
        grip(pen, &camera, arrows, extent);
        let words = format!("rim: length {}", axis::number(extent));
        pen.tick((width, bottom - 6.0), words, Anchor::End);
    }
}

fn ring(center: Point, radius: f64) -> Vec<Point> {
    (0..=72)
        .map(|i| f64::from(i) * TAU / 72.0)
        .map(|a| (center.0 + radius * a.cos(), center.1 + radius * a.sin()))
        .collect()
}

/// Points along a rim of unit vectors, less than half a turn from one to the next.
fn arcs(rim: &[Vector]) -> Vec<Vector> {
    let mut points = Vec::new();
    for pair in rim.windows(2) {
        let angle = dot(pair[0], pair[1]).clamp(-1.0, 1.0).acos();
        for i in 0..=24 {
            let t = f64::from(i) / 24.0;
            let mixed = if angle > 1e-6 {
                plus(scaled(((1.0 - t) * angle).sin(), pair[0]), (t * angle).sin(), pair[1])
            } else {
                pair[0]
            };
            points.push(unit(mixed));
        }
    }
    points
}

/// The faces hatched, the farthest first, and the edges over them; what lies behind is lighter.
fn cone_faces(pen: &mut Pen, camera: &Camera, cone: &Cone) {
    let ink = pen.ink();
    let mut faces: Vec<(f64, Vec<Vector>)> = cone
        .faces
        .iter()
        .map(|rim| arcs(rim))
        .map(|rim| {
            let middle = rim.iter().fold([0.0; 3], |sum, p| plus(sum, 1.0, *p));
            (camera.depth(middle), rim)
        })
        .collect();
    faces.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (depth, rim) in &faces {
        let closed = rim.first().zip(rim.last()).is_some_and(|(a, b)| length(plus(*a, -1.0, *b)) < 1e-6);
        let mut polygon: Vec<Point> = if closed { Vec::new() } else { vec![camera.origin] };
        polygon.extend(rim.iter().map(|p| camera.at(*p)));
        pen.hatch(&polygon, 7.0, ink.ink3.at(if *depth >= 0.0 { 0.6 } else { 0.35 }));
        pen.line(rim.iter().map(|p| camera.at(*p)).collect(), 1.0, ink.ink3);
    }
    for edge in &cone.edges {
        let end = camera.at(*edge);
        if camera.depth(*edge) >= 0.0 {
            pen.line(vec![camera.origin, end], 1.25, ink.ink2);
        } else {
            pen.dashed(&[camera.origin, end], 1.0, ink.ink3, &[5.0, 3.0], 0.0);
        }
    }
}

/// Where x, y and z point.
fn gnomon(pen: &mut Pen, camera: &Camera, center: Point) {
    let ink = pen.ink();
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let mut v = [0.0; 3];
        v[axis] = 1.0;
        let small = Camera { origin: center, radius: 16.0, ..*camera };
        let end = small.at(v);
        pen.line(vec![center, end], 1.0, ink.edge);
        let out = (end.0 - center.0, end.1 - center.1);
        if out.0.hypot(out.1) > 4.0 {
            let far = (center.0 + 1.4 * out.0, center.1 + 1.4 * out.1 + 4.0);
            pen.tick(far, name, Anchor::Middle);
        }
    }
}
