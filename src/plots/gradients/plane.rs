//! Two gradients in their plane.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::measure::arrows::{Vector, dot, length, unit};

use super::super::axis;
use super::super::orbit::Orbit;
use super::super::picture::{Anchor, Face, LABEL, Pen, Point, Rect, TICK, Text};
use super::super::place::{Wish, along, settle};
use super::super::{Grip, number};
use super::camera::{Camera, extent};
use super::{Arrow, Pointer, Scene, draw_pieces, frame, owner, style, subscript, to_scale};

pub(super) fn plane(scene: &Scene, pen: &mut Pen, arrows: &[Arrow], bottom: f64) {
    let ink = pen.ink();
    let width = pen.stage.width;
    let Some(frame) = frame(scene) else { return };
    let frozen = super::frozen(scene).is_some();
    let gradients = &arrows[..2];
    let updates = &arrows[2..];
    let angle = gradients[0].cosines[1].unwrap_or(1.0).acos();
    let held = to_scale(scene).then(|| extent(scene, arrows));
    let directions = Camera { origin: (0.0, 0.0), radius: 1.0, extent: held, axes: Orbit::FRONT.axes() };
    // Most pictures need the upper half only; arrows below the horizon get the room they need. What can be dragged
    // anywhere has all of it, so that nothing moves beside the arrow.
    let lowest = |arrow: &Arrow| if held.is_some() { -directions.tip(arrow).0[1] } else { -0.8 * unit(arrow.drawn)[1] };
    let depth = if frozen { 1.0 } else { arrows.iter().map(lowest).fold(0.0, f64::max) };
    let room = (bottom - 52.0).max(40.0);
    let radius = (width / 2.0 - 12.0).min(room / (1.0 + depth)).max(20.0);
    let slack = (room - radius * (1.0 + depth)).max(0.0) / 2.0;
    let origin: Point = (width / 2.0, 26.0 + slack + radius);
    let camera = Camera { origin, radius, ..directions };
    let at = |angle: f64, r: f64| (origin.0 + radius * r * angle.cos(), origin.1 - radius * r * angle.sin());
    let arc = |from: f64, to: f64, r: f64| -> Vec<Point> {
        let n = 48;
        (0..=n).map(|i| at(from + (to - from) * f64::from(i) / f64::from(n), r)).collect()
    };

    pen.line(arc(0.0, if frozen { 2.0 * PI } else { PI }, 1.0), 1.0, ink.grid);
    pen.hairline((origin.0 - radius, origin.1), (origin.0 + radius, origin.1), ink.grid);
    if frozen {
        pen.hairline((origin.0, origin.1 - radius), (origin.0, origin.1 + radius), ink.grid);
    }
    for tick in 0..=if frozen { 11 } else { 6 } {
        let a = f64::from(tick) * PI / 6.0;
        pen.line(vec![at(a, 0.985), at(a, 1.015)], 1.0, ink.edge);
    }

    let pull_known = gradients.iter().all(|g| g.length > 0.0);
    let turn = |v: Vector| v[1].atan2(v[0]);
    let middle = match frame.units() {
        [a, b] => turn(*a) + (a[0] * b[1] - a[1] * b[0]).atan2(dot(*a, *b)) / 2.0,
        _ => FRAC_PI_2,
    };
    let cone = frame.cone();
    let mut taken: Vec<Rect> = Vec::new();
    if pull_known || frozen {
        let half = FRAC_PI_2 - if pull_known { angle / 2.0 } else { 0.0 };
        let center = if pull_known { middle } else { cone.inside.map_or(FRAC_PI_2, turn) };
        let (from, to) = (center - half, center + half);
        let mut sector = vec![origin];
        sector.extend(arc(from, to, 1.0));
        if !cone.edges.is_empty() {
            if half > 0.005 {
                pen.hatch(&sector, 7.0, ink.ink3.at(0.55));
                pen.line(vec![at(from, 1.0), origin, at(to, 1.0)], 1.0, ink.ink3);
                pen.line(arc(from, to, 1.0), 2.0, ink.ink2);
            } else {
                // Opposed gradients leave a line.
                pen.line(vec![at(center, 1.0), at(center + PI, 1.0)], 1.0, ink.ink3);
            }
            let words = "common descent: no task loses";
            let wide = pen.stage.text_width(words, LABEL);
            if frozen {
                let (x, y) = at(center, 1.0);
                let x = (x + (wide / 2.0 + 8.0) * center.cos()).clamp(wide / 2.0, (width - wide / 2.0).max(wide / 2.0));
                let y = (y - 10.0 - 8.0 * center.sin()).clamp(12.0, (bottom - 4.0).max(12.0));
                pen.halo((x, y), words, ink.ink2, Anchor::Middle);
                taken.push(Rect { left: x - wide / 2.0, top: y - 11.0, right: x + wide / 2.0, bottom: y + 3.0 });
            } else {
                pen.label((origin.0, origin.1 - radius - 10.0), words, ink.ink2, Anchor::Middle);
            }
        }
    }
    draw_pieces(scene, pen, arrows, &camera);

    let mut wishes = Vec::new();
    let mut words = Vec::new();
    for (i, gradient) in gradients.iter().enumerate().filter(|(_, gradient)| gradient.length > 0.0) {
        let a = turn(gradient.drawn);
        let reach = length(camera.tip(gradient).0);
        let head = 11.0_f64.min(reach * radius);
        let chosen = frozen && scene.look.chosen == Some(i);
        pen.line(vec![origin, at(a, (reach - 0.015).max(0.0))], if chosen { 3.5 } else { 2.5 }, ink.ink);
        pen.arrow_head(at(a, reach), a, head, ink.ink);
        let tip = at(a, reach);
        taken.extend(along(origin, tip));
        let length_words = format!("length {}", number(gradient.length));
        if held.is_some() {
            let name = format!("g{} {length_words}", subscript(i + 1));
            let wide = pen.stage.text_width(&name, LABEL) + 4.0;
            wishes.push(Wish { at: tip, toward: a, width: wide, clear: 9.0 });
            words.push((name, ink.ink, tip));
            continue;
        }
        let outward = if i == 0 { 60.0 } else { -60.0 };
        let anchor = if i == 0 { Anchor::End } else { Anchor::Start };
        let wide = pen.stage.text_width(&length_words, TICK);
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
        pen.tick((x, y + 16.0), length_words, anchor);
        let (left, right) = if i == 0 { (x - wide, x) } else { (x, x + wide) };
        taken.push(Rect { left, top: y - 12.0, right, bottom: y + 20.0 });
    }

    for arrow in updates {
        let tip = camera.at(camera.tip(arrow).0);
        let style = style(pen, arrow.what);
        let step = matches!(arrow.what, Pointer::Step(_));
        pen.line(vec![origin, tip], 5.0, ink.halo);
        pen.dashed(&[origin, tip], if step { 1.25 } else { 2.0 }, style.mark, style.dash, 0.0);
        taken.extend(along(origin, tip));
    }
    label_updates(scene, pen, &camera, updates, &mut taken, &mut wishes, &mut words);
    let bounds = Rect { left: 0.0, top: 20.0, right: width, bottom: bottom - 2.0 };
    place_names(pen, wishes, words, &taken, bounds);
    pen.disc(origin, 3.0, ink.ink);
    if pull_known {
        let (from, to) = (middle - angle / 2.0, middle + angle / 2.0);
        if angle > 0.05 {
            pen.line(arc(from, to, 0.2), 4.0, ink.halo);
            pen.line(arc(from, to, 0.2), 1.0, ink.ink2);
        }
        let words = format!("{:.0}° apart", angle.to_degrees());
        let y = if frozen { bottom - 6.0 } else { origin.1 + 16.0 };
        pen.halo((origin.0, y), words, ink.ink2, Anchor::Middle);
    } else {
        let zero = if gradients[0].length > 0.0 { 1 } else { 0 };
        let words = format!("{} has no gradient here", scene.task_name(zero));
        pen.halo((origin.0, if frozen { bottom - 6.0 } else { origin.1 + 16.0 }), words, ink.ink2, Anchor::Middle);
    }
    if let (true, Some(extent)) = (frozen, held) {
        grip(pen, &camera, arrows, extent);
        pen.tick((0.0, 14.0), format!("rim: length {}", axis::number(extent)), Anchor::Start);
    }
}

/// What a pointer can take hold of.
pub(super) fn grip(pen: &mut Pen, camera: &Camera, arrows: &[Arrow], extent: f64) {
    let tips = arrows.iter().filter(|arrow| matches!(arrow.what, Pointer::Gradient(_)));
    let tips = tips.map(|arrow| camera.at(camera.tip(arrow).0)).collect();
    let [right, up, toward] = camera.axes;
    pen.picture.grip = Some(Grip { tips, unit: extent / camera.radius, extent, right, up, toward });
}

/// Markers at the tips of updates. Equal directions share one place: the first marker is large, later ones sit on it.
pub(super) fn label_updates(
    scene: &Scene,
    pen: &mut Pen,
    camera: &Camera,
    updates: &[Arrow],
    taken: &mut Vec<Rect>,
    wishes: &mut Vec<Wish>,
    words: &mut Vec<(String, super::super::Color, Point)>,
) {
    let mut groups: Vec<(Point, f64, Vec<usize>)> = Vec::new();
    for (idx, arrow) in updates.iter().enumerate() {
        let tip = camera.at(camera.tip(arrow).0);
        let a = (camera.origin.1 - tip.1).atan2(tip.0 - camera.origin.0);
        let near = |group: &&mut (Point, f64, Vec<usize>)| (group.0.0 - tip.0).hypot(group.0.1 - tip.1) < 6.0;
        match groups.iter_mut().find(near) {
            Some(group) => group.2.push(idx),
            None => groups.push((tip, a, vec![idx])),
        }
    }
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
            let mut name = match arrow.what {
                Pointer::Step(run) => format!("step of {}", scene.run_name(run)),
                _ => owner(scene, arrow.what),
            };
            if camera.tip(arrow).1 {
                name.push_str(", cut");
            }
            let wide = pen.stage.text_width(&name, LABEL) + 4.0;
            wishes.push(Wish { at: *tip, toward: side, width: wide, clear: size + 3.0 });
            words.push((name, style(pen, arrow.what).text, *tip));
        }
    }
}

/// Names in the nearest free places, with a line where they had to go far.
pub(super) fn place_names(
    pen: &mut Pen,
    wishes: Vec<Wish>,
    words: Vec<(String, super::super::Color, Point)>,
    taken: &[Rect],
    bounds: Rect,
) {
    let line = pen.ink().ink3;
    for ((name, color, tip), place) in words.into_iter().zip(settle(&wishes, taken, bounds)) {
        let (cx, cy) = ((place.left + place.right) / 2.0, (place.top + place.bottom) / 2.0);
        let far = (cx - tip.0).abs() - place.width() / 2.0;
        if far.max((cy - tip.1).abs() - 7.0) > 20.0 {
            pen.line(vec![tip, (cx, cy)], 0.75, line);
        }
        pen.halo((place.left + 2.0, place.bottom - 3.0), name, color, Anchor::Start);
    }
}
