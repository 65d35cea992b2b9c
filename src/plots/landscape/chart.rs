//! One map as ink: ground, lines, axes, the paths of all runs with their true losses, and the cross-hair.

use std::f64::consts::FRAC_PI_2;

use super::super::axis;
use super::super::ink::Color;
use super::super::picture::{Anchor, Face, LABEL, Pen, PlaneAxis, Point, Rect, TICK, Text};
use super::super::place::{Wish, settle};
use super::super::{Ink, Stage};
use super::contour::Spot;
use super::known::{Known, brief};
use super::relief::{Relief, Tone};

/// Pixels of a ground along each side, at most: lines lie over the edges of bands.
const FINEST: f64 = 200.0;
/// Radius of dots on the plane and of those farthest off it.
const DOTS: (f64, f64) = (5.0, 3.2);
/// How many dots a path has.
const SIXTHS: u32 = 6;

/// One map in its frame.
pub(super) struct Map<'k> {
    pub known: &'k Known<'k>,
    pub relief: &'k Relief,
    pub place: Rect,
    /// Whether numbers stand at the axis on the left, and below.
    pub labeled: [bool; 2],
    /// Whether runs are named.
    pub named: bool,
}

impl Map<'_> {
    /// CSS px of a point of the plane, at most a little outside of the frame.
    pub fn at(&self, point: [f64; 2]) -> Point {
        let share = |axis: usize| {
            let [from, to] = self.known.spans[axis];
            let share = (point[axis] - from) / (to - from);
            if share.is_finite() { share.clamp(-0.02, 1.02) } else { 0.5 }
        };
        let r = self.place;
        (r.left + share(0) * r.width(), r.bottom - share(1) * r.height())
    }

    /// CSS px of a place on the grid.
    fn on_grid(&self, (x, y): Spot) -> Point {
        let (columns, rows) = (self.relief.columns.max(2) - 1, self.relief.lattice().rows().max(2) - 1);
        let r = self.place;
        (r.left + x / columns as f64 * r.width(), r.bottom - y / rows as f64 * r.height())
    }

    pub fn draw(&self, pen: &mut Pen) {
        let ink = pen.ink();
        let n = self.place.width().round().clamp(2.0, FINEST) as usize;
        pen.image(self.place, n, self.relief.pixels(ink, n));
        let mut lines = self.lines(pen);
        self.frame(pen);
        if let Tone::Tasks(_) = self.relief.tone {
            self.edges_of_tasks(pen);
        }
        self.wind(pen);
        let mut names = Names::default();
        self.pareto(pen, &mut names);
        self.trails(pen, &mut names);
        self.manifold(pen, &mut names);
        self.paths(pen, &mut names);
        self.names_of_tasks(pen.stage, ink, &mut names);
        self.cross_hair(pen, &mut names);
        names.put(pen, self.place);
        if self.place.width() >= 180.0 {
            lines.sort_by_key(|line| std::cmp::Reverse(line.1.len()));
            self.name_levels(pen, &lines, &mut names.taken);
        }
        let spans = self.known.spans;
        pen.picture.plane_axes.push(PlaneAxis { place: self.place, spans });
    }

    /// Lines of equal height; returns them with their levels.
    fn lines(&self, pen: &mut Pen) -> Vec<(f64, Vec<Point>)> {
        let ink = pen.ink();
        let mut drawn = Vec::new();
        let zero = matches!(self.relief.tone, Tone::Cosine);
        for (level, line) in self.relief.lattice().lines(&self.relief.levels()) {
            let points: Vec<Point> = line.into_iter().map(|spot| self.on_grid(spot)).collect();
            let (width, color) = if zero { (1.5, ink.ink2) } else { (0.75, ink.contour) };
            pen.line(points.clone(), width, color);
            drawn.push((level, points));
        }
        drawn
    }

    /// Values of a few levels on their longest lines, where nothing else stands.
    fn name_levels(&self, pen: &mut Pen, lines: &[(f64, Vec<Point>)], taken: &mut Vec<Rect>) {
        let ink = pen.ink();
        let words = |level: f64| match self.relief.tone {
            Tone::Bands(bands) => brief(bands.level(level)),
            _ => "0".to_owned(),
        };
        let mut named: Vec<f64> = Vec::new();
        for (level, line) in lines {
            let near = |other: &f64| (other - level).abs() < 2.5;
            if named.len() >= 3 || named.iter().any(near) || line.len() < 8 {
                continue;
            }
            let words = words(*level);
            let width = pen.stage.text_width(&words, TICK) + 4.0;
            let free = |at: &&Point| {
                let half = width / 2.0;
                let place = Rect { left: at.0 - half, top: at.1 - 7.0, right: at.0 + half, bottom: at.1 + 7.0 };
                let r = self.place;
                let inside = place.left > r.left + 3.0
                    && place.right < r.right - 3.0
                    && place.top > r.top + 3.0
                    && place.bottom < r.bottom - 3.0;
                inside && taken.iter().all(|other| place.overlap(other) <= 0.0)
            };
            // From the middle of the line outwards.
            let middle = line.len() / 2;
            let places = (0..middle).flat_map(|i| [middle + i, middle - i]).filter_map(|i| line.get(i));
            let Some(at) = places.step_by(2).find(free) else { continue };
            taken.push(Rect { left: at.0 - width, top: at.1 - 12.0, right: at.0 + width, bottom: at.1 + 12.0 });
            named.push(*level);
            pen.put(Text {
                at: (at.0, at.1 + 4.0),
                words,
                size: TICK,
                face: Face::Plain,
                color: ink.ink3,
                anchor: Anchor::Middle,
                halo: Some(self.ground_at(ink, *at)),
                upwards: false,
            });
        }
    }

    /// The ground below a point, for halos that do not shine.
    fn ground_at(&self, ink: &Ink, at: Point) -> Color {
        let r = self.place;
        let (columns, rows) = (self.relief.columns.max(2) - 1, self.relief.lattice().rows().max(2) - 1);
        let spot = (
            (at.0 - r.left) / r.width().max(1.0) * columns as f64,
            (r.bottom - at.1) / r.height().max(1.0) * rows as f64,
        );
        self.relief.lattice().between(spot).map_or(ink.halo, |place| self.relief.ground(ink, place))
    }

    fn frame(&self, pen: &mut Pen) {
        let ink = pen.ink();
        let r = self.place;
        titled(pen, (r.left, r.top - 7.0), r.right, &self.relief.title, &self.relief.note);
        for axis in [0, 1] {
            let [from, to] = self.known.spans[axis];
            let words = self.known.axis_words(axis);
            let n = (if axis == 0 { r.width() } else { r.height() } / 60.0).clamp(2.0, 5.0) as usize;
            let ticks = axis::round_values(from, to, n);
            let wide = pen.stage.text_width(&words, TICK);
            let mut free = if axis == 0 { r.right - wide - 6.0 } else { r.top + wide + 4.0 };
            if !self.labeled[axis] {
                free = if axis == 0 { f64::INFINITY } else { f64::NEG_INFINITY };
            }
            for value in ticks {
                let at = self.at(if axis == 0 { [value, from] } else { [from, value] });
                if axis == 0 {
                    pen.hairline((at.0, r.bottom), (at.0, r.bottom + 4.0), ink.edge);
                    let words = axis::tick(value);
                    let half = pen.stage.text_width(&words, TICK) / 2.0;
                    if self.labeled[0] && at.0 + half < free {
                        pen.tick((at.0, r.bottom + 15.0), words, Anchor::Middle);
                    }
                } else {
                    pen.hairline((r.left - 4.0, at.1), (r.left, at.1), ink.edge);
                    if self.labeled[1] {
                        pen.tick((r.left - 7.0, at.1 + 4.0), axis::tick(value), Anchor::End);
                    }
                }
            }
            if axis == 0 && self.labeled[0] {
                let words = pen.stage.fit(&words, TICK, r.width());
                pen.tick((r.right, r.bottom + 15.0), words, Anchor::End);
            } else if axis == 1 && self.labeled[1] {
                pen.put(Text {
                    at: (r.left - LEFT + 9.0, r.top),
                    words: pen.stage.fit(&words, TICK, r.height()),
                    size: TICK,
                    face: Face::Plain,
                    color: ink.ink3,
                    anchor: Anchor::End,
                    halo: None,
                    upwards: true,
                });
            }
        }
        pen.line(
            vec![
                (r.left, r.top),
                (r.right, r.top),
                (r.right, r.bottom),
                (r.left, r.bottom),
                (r.left, r.top),
                (r.right, r.top),
            ],
            1.0,
            ink.edge,
        );
    }

    /// Where one task takes over from another.
    fn edges_of_tasks(&self, pen: &mut Pen) {
        let Tone::Tasks(n) = self.relief.tone else { return };
        let color = pen.ink().contour;
        for task in 0..n {
            let of_task =
                |place: &f64| if place.is_nan() { f64::NAN } else { f64::from(u8::from(*place == task as f64)) };
            let values: Vec<f64> = self.relief.places.iter().map(of_task).collect();
            let lattice = super::contour::Lattice { values: &values, columns: self.relief.columns };
            for (_, line) in lattice.lines(&[0.5]) {
                pen.line(line.into_iter().map(|spot| self.on_grid(spot)).collect(), 0.75, color);
            }
        }
    }

    /// Each task's name in the middle of the widest part of its region.
    fn names_of_tasks(&self, stage: &Stage, ink: &Ink, names: &mut Names) {
        let Tone::Tasks(n) = self.relief.tone else { return };
        let depth = depths(&self.relief.places, self.relief.columns);
        for task in 0..n {
            let of_task = |node: &usize| self.relief.places[*node] == task as f64;
            let inside = || (0..self.relief.places.len()).filter(of_task);
            let deepest = inside().map(|node| depth[node]).fold(0.0, f64::max);
            // Well inside, and there as far as can be from everything that stands on the map.
            let columns = self.relief.columns;
            let place = |node: usize| self.on_grid(((node % columns) as f64, (node / columns) as f64));
            let free = |at: Point| {
                let far = |r: &Rect| ((r.left + r.right) / 2.0 - at.0).hypot((r.top + r.bottom) / 2.0 - at.1);
                names.taken.iter().map(far).fold(1e6, f64::min)
            };
            let deep = inside().filter(|node| depth[*node] >= 0.6 * deepest).step_by(3);
            let best = deep.map(|node| (free(place(node)), place(node))).max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, at)) = best else { continue };
            let name = self.known.scene.task_name(task);
            let width = stage.text_width(&name, LABEL) + 4.0;
            names.wish(Wish { at, toward: FRAC_PI_2, width, clear: 0.0 }, name, ink.ink2, Face::Plain);
        }
    }

    /// Where a method would go: arrows of one length, what counts is where they point.
    fn wind(&self, pen: &mut Pen) {
        let scene = self.known.scene;
        if !scene.land.height.source.takes_run {
            return;
        }
        let Some(Ok(wind)) = scene.land.wind else { return };
        let color = pen.ink().ink2;
        let per_side = (wind.len() as f64).sqrt().max(2.0);
        let length = 0.72 * self.place.width() / per_side;
        let r = self.place;
        let px = [r.width(), -r.height()];
        for (node, toward) in wind {
            if *node as usize >= self.known.sheet.grid.count() {
                continue;
            }
            let at = self.at(self.known.sheet.grid.node(&self.known.sheet.plan.plane.spans, *node));
            let [dx, dy] = [0, 1].map(|axis| {
                let [from, to] = self.known.spans[axis];
                toward[axis] / (to - from) * px[axis]
            });
            let size = dx.hypot(dy);
            if !(size > 0.0 && size.is_finite()) {
                pen.disc(at, 1.0, color);
                continue;
            }
            let (ux, uy) = (dx / size, dy / size);
            let tip = (at.0 + ux * length / 2.0, at.1 + uy * length / 2.0);
            let tail = (at.0 - ux * length / 2.0, at.1 - uy * length / 2.0);
            let inside = |p: Point| self.place.contains(p);
            if inside(tip) && inside(tail) {
                pen.line(vec![tail, tip], 1.0, color);
                pen.arrow_head(tip, (-uy).atan2(ux), (0.42 * length).clamp(3.0, 7.0), color);
            }
        }
    }

    fn pareto(&self, pen: &mut Pen, names: &mut Names) {
        let ink = pen.ink();
        let is_near = |point: &&[f64; 2]| {
            (0..2).all(|axis| {
                let [from, to] = self.known.spans[axis];
                point[axis].is_finite() && point[axis] >= from && point[axis] <= to
            })
        };
        let curves = self.known.scene.land.pareto.iter();
        let curves: Vec<Vec<Point>> =
            curves.map(|curve| curve.iter().filter(is_near).map(|point| self.at(*point)).collect()).collect();
        let longest = curves.iter().max_by_key(|curve| curve.len()).filter(|curve| !curve.is_empty());
        if let Some(longest) = longest {
            let words = "Pareto set";
            let at = longest[longest.len() / 4];
            let width = pen.stage.text_width(words, TICK) + 4.0;
            if self.named {
                names.wish(Wish { at, toward: -FRAC_PI_2, width, clear: 5.0 }, words.to_owned(), ink.ink2, Face::Plain);
            }
        }
        for curve in curves {
            names.taken.extend(curve.iter().step_by((curve.len() / 30).max(1)).map(|point| square(*point, 2.0)));
            pen.line(curve.clone(), 5.0, ink.halo);
            pen.line(curve, 2.5, ink.ink);
        }
    }

    /// Members of a front, and the line or triangle of their mixtures.
    fn manifold(&self, pen: &mut Pen, names: &mut Names) {
        let ink = pen.ink();
        let corners: Vec<Point> = self.known.sheet.plan.manifold.iter().map(|corner| self.at(*corner)).collect();
        let Some(first) = corners.first() else { return };
        let mut outline = corners.clone();
        if corners.len() > 2 {
            outline.push(*first);
        }
        pen.line(outline.clone(), 5.0, ink.halo);
        pen.line(outline, 2.0, ink.accent);
        for (member, corner) in corners.iter().enumerate() {
            pen.disc(*corner, 5.0, ink.halo);
            pen.disc(*corner, 3.75, ink.accent);
            names.taken.push(square(*corner, 5.0));
            if self.named && self.place.width() >= 220.0 {
                let words = format!("member {}", member + 1);
                let width = pen.stage.text_width(&words, TICK) + 4.0;
                names.wish(Wish { at: *corner, toward: FRAC_PI_2, width, clear: 8.0 }, words, ink.ink, Face::Plain);
            }
        }
    }

    fn paths(&self, pen: &mut Pen, names: &mut Names) {
        let ink = pen.ink();
        let known = self.known;
        let scene = known.scene;
        let farthest = known.runs.iter().flat_map(|run| known.points(*run)).map(|point| point.off);
        let farthest = farthest.filter(|off| off.is_finite()).fold(0.0, f64::max);
        let small = self.place.width() < 220.0;
        let mut starts: Vec<Point> = Vec::new();
        for &run in &known.runs {
            let style = *ink.run(run);
            let points: Vec<Point> = known.points(run).iter().map(|point| self.at(point.at)).collect();
            let now = known.at(run, scene.step).map_or(0, |idx| idx + 1);
            let (before, after) = (&points[..now], &points[now.saturating_sub(1)..]);
            pen.line(points.clone(), if small { 3.5 } else { 4.5 }, ink.halo);
            let used = pen.dashed(before, 2.0, style.mark, style.dash, 0.0);
            pen.dashed(after, 1.25, style.mark, style.dash, used);
            for (point, told) in points.iter().zip(known.points(run)) {
                let far = |last: &(Point, u32)| (last.0.0 - point.0).hypot(last.0.1 - point.1) > 3.0;
                if pen.picture.spots.last().is_none_or(far) {
                    pen.picture.spots.push((*point, told.step));
                }
            }
            names.taken.extend(points.iter().step_by((points.len() / 60).max(1)).map(|point| square(*point, 2.0)));
            starts.extend(points.first());
        }
        for &run in &known.runs {
            self.dots(pen, run, farthest, small, names);
        }
        let mut seen: Vec<Point> = Vec::new();
        for start in starts {
            let near = |other: &Point| (other.0 - start.0).hypot(other.1 - start.1) < 6.0;
            if seen.iter().any(near) {
                continue;
            }
            seen.push(start);
            pen.disc(start, if small { 3.5 } else { 4.5 }, ink.ink);
            pen.disc(start, if small { 2.25 } else { 3.0 }, ink.bg);
            names.taken.push(square(start, 5.0));
        }
        if let ([start], true, false) = (&seen[..], self.named, small) {
            let width = pen.stage.text_width("start", TICK) + 4.0;
            names.wish(
                Wish { at: *start, toward: FRAC_PI_2 / 2.0, width, clear: 7.0 },
                "start".to_owned(),
                ink.ink3,
                Face::Plain,
            );
        }
        for &run in &known.runs {
            self.stands(pen, run, small, names);
        }
    }

    /// Dots with the true losses, about every sixth of the run.
    fn dots(&self, pen: &mut Pen, run: usize, farthest: f64, small: bool, names: &mut Names) {
        let ink = pen.ink();
        let known = self.known;
        if known.sheet.plan.exact || known.is_line() {
            return;
        }
        let style = *ink.run(run);
        let last = known.scene.last_step();
        let mut before = None;
        for sixth in 1..=SIXTHS {
            let step = (u64::from(last) * u64::from(sixth) / u64::from(SIXTHS)) as u32;
            let Some(idx) = known.at(run, step).filter(|idx| Some(*idx) != before && *idx > 0) else { continue };
            before = Some(idx);
            let point = &known.points(run)[idx];
            let at = self.at(point.at);
            let share = if farthest > 0.0 { (point.off / farthest).clamp(0.0, 1.0) } else { 0.0 };
            let radius = (DOTS.0 + (DOTS.1 - DOTS.0) * share) * if small { 0.75 } else { 1.0 };
            names.taken.push(square(at, radius + 1.0));
            match self.relief.dot(ink, known.truth(self.relief.what, run, idx)) {
                Some(fill) => {
                    pen.disc(at, radius, fill);
                    pen.ring(at, radius, if small { 1.5 } else { 2.0 }, style.mark);
                }
                None => pen.disc(at, 2.0, style.mark),
            }
        }
    }

    /// The run's marker where it stands, its name at its end, and the numbers of the run that is read.
    fn stands(&self, pen: &mut Pen, run: usize, small: bool, names: &mut Names) {
        let ink = pen.ink();
        let known = self.known;
        let scene = known.scene;
        let style = *ink.run(run);
        let name = scene.run_name(run);
        let points = known.points(run);
        let Some(last) = points.last() else { return };
        let end = self.at(last.at);
        let hover = scene.hover.filter(|hover| !known.is_over(run, *hover));
        if let Some(idx) = hover.and_then(|hover| known.at(run, hover)) {
            pen.marker(&style, self.at(points[idx].at), 3.5, true);
        }
        let mut label = (name, style.text);
        if let Some(ended) = scene.diverged(run) {
            pen.line(vec![(end.0 - 4.0, end.1 - 4.0), (end.0 + 4.0, end.1 + 4.0)], 2.0, ink.bad);
            pen.line(vec![(end.0 + 4.0, end.1 - 4.0), (end.0 - 4.0, end.1 + 4.0)], 2.0, ink.bad);
            label = (format!("{} diverged at {ended}", label.0), ink.bad);
        }
        if let Some(idx) = known.at(run, scene.step).filter(|_| !known.is_over(run, scene.step)) {
            let at = self.at(points[idx].at);
            pen.marker(&style, at, if small { 4.0 } else { 5.0 }, true);
            names.taken.push(square(at, 6.0));
            let is_read = known.read_run() == Some(run);
            if is_read && !known.sheet.plan.exact && !small && scene.land.cursor.is_none() {
                let (truth, shown) = (known.truth(self.relief.what, run, idx), known.shown(self.relief.what, run, idx));
                if let (Tone::Bands(_), false) = (self.relief.tone, truth.is_nan() || shown.is_nan()) {
                    let words = format!("map {}, true {}", brief(shown), brief(truth));
                    let width = (pen.stage.measure)(&words, LABEL, Face::Bold) + 4.0;
                    let wish = Wish { at, toward: std::f64::consts::PI, width, clear: 9.0 };
                    // In the run's color: crowds push it away from its marker.
                    names.first(wish, words, style.text, Face::Bold);
                }
            }
        }
        if self.named {
            let width = pen.stage.text_width(&label.0, LABEL) + 4.0;
            let toward = match points.len() {
                0 | 1 => 0.0,
                n => {
                    // Away from where the path came from.
                    let from = self.at(points[n - 1 - (n / 4).max(1)].at);
                    (from.1 - end.1).atan2(end.0 - from.0)
                }
            };
            names.wish(Wish { at: end, toward, width, clear: 9.0 }, label.0, label.1, Face::Plain);
        }
    }

    /// The linked cross-hair, with the value at the nearest node.
    fn cross_hair(&self, pen: &mut Pen, names: &mut Names) {
        let Some(cursor) = self.known.scene.land.cursor.filter(|at| at.iter().all(|x| x.is_finite())) else { return };
        let ink = pen.ink();
        let r = self.place;
        let at = self.at(cursor);
        let at = (at.0.clamp(r.left, r.right), at.1.clamp(r.top, r.bottom));
        pen.hairline((r.left, at.1), (r.right, at.1), ink.accent);
        pen.hairline((at.0, r.top), (at.0, r.bottom), ink.accent);
        pen.disc(at, 4.0, ink.halo);
        pen.disc(at, 3.25, ink.accent);
        names.taken.push(square(at, 4.0));
        let value = self.known.height_at(self.relief.what, self.known.nearest_known(cursor));
        let words = self.value_words(value);
        let width = (pen.stage.measure)(&words, LABEL, Face::Bold) + 4.0;
        names.first(Wish { at, toward: FRAC_PI_2 / 2.0, width, clear: 6.0 }, words, ink.ink, Face::Bold);
    }

    fn value_words(&self, value: f64) -> String {
        match self.relief.tone {
            _ if value.is_nan() => "not known".to_owned(),
            Tone::Bands(_) => axis::number(value),
            Tone::Cosine => axis::cosine(value),
            Tone::Tasks(_) => self.known.scene.task_name(value as usize),
        }
    }
}

/// Px that numbers and the name of an axis take on the left.
pub(super) const LEFT: f64 = 48.0;

/// Words that look for a place.
#[derive(Default)]
pub(super) struct Names {
    wishes: Vec<Wish>,
    words: Vec<(String, Color, Face)>,
    pub taken: Vec<Rect>,
}

impl Names {
    pub fn wish(&mut self, wish: Wish, words: String, color: Color, face: Face) {
        self.wishes.push(wish);
        self.words.push((words, color, face));
    }

    /// Before all others, which go out of its way.
    pub fn first(&mut self, wish: Wish, words: String, color: Color, face: Face) {
        self.wishes.insert(0, wish);
        self.words.insert(0, (words, color, face));
    }

    /// Writes them and remembers where.
    pub fn put(&mut self, pen: &mut Pen, place: Rect) {
        let inner =
            Rect { left: place.left + 2.0, top: place.top + 1.0, right: place.right - 2.0, bottom: place.bottom - 1.0 };
        let leader = pen.ink().ink3;
        let wishes = std::mem::take(&mut self.wishes);
        let settled = settle(&wishes, &self.taken, inner);
        for (((words, color, face), wish), spot) in self.words.drain(..).zip(&wishes).zip(settled) {
            let (cx, cy) = ((spot.left + spot.right) / 2.0, (spot.top + spot.bottom) / 2.0);
            let far = ((cx - wish.at.0).abs() - spot.width() / 2.0).max((cy - wish.at.1).abs() - 7.0);
            if far > 20.0 && wish.clear > 0.0 {
                // To the nearest edge: a line through words reads as a dash.
                let edge = (wish.at.0.clamp(spot.left, spot.right), wish.at.1.clamp(spot.top, spot.bottom));
                pen.line(vec![wish.at, edge], 0.75, leader);
            }
            pen.put(Text {
                at: (spot.left + 2.0, spot.bottom - 3.0),
                words,
                size: LABEL,
                face,
                color,
                anchor: Anchor::Start,
                halo: Some(pen.ink().halo),
                upwards: false,
            });
            self.taken.push(spot);
        }
    }
}

/// A title with muted words beside it, as far as there is room.
pub(super) fn titled(pen: &mut Pen, at: Point, right: f64, title: &str, note: &str) {
    let color = pen.ink().ink;
    let title = pen.stage.fit(title, LABEL, right - at.0);
    // Bold letters of other fonts are wider.
    let after = at.0 + 1.14 * (pen.stage.measure)(&title, LABEL, Face::Bold) + 8.0;
    pen.put(bold(at, title, color, Anchor::Start));
    let note = pen.stage.fit(note, TICK, right - after);
    if note.chars().count() > 1 {
        pen.tick((after, at.1), note, Anchor::Start);
    }
}

/// Title-size words without a halo.
pub(super) fn bold(at: Point, words: String, color: Color, anchor: Anchor) -> Text {
    Text { at, words, size: LABEL, face: Face::Bold, color, anchor, halo: None, upwards: false }
}

pub(super) fn square(center: Point, half: f64) -> Rect {
    Rect { left: center.0 - half, top: center.1 - half, right: center.0 + half, bottom: center.1 + half }
}

/// How many nodes every node is away from one of another value, or from the rim.
fn depths(values: &[f64], columns: usize) -> Vec<f64> {
    let columns = columns.max(1);
    let rows = values.len() / columns;
    let mut depth = vec![0.0; values.len()];
    let mut pass = |nodes: &mut dyn Iterator<Item = usize>, beside: [(isize, isize); 4]| {
        for node in nodes {
            let (column, row) = ((node % columns) as isize, (node / columns) as isize);
            let nearest = beside.iter().fold(f64::INFINITY, |nearest: f64, (dx, dy)| {
                let (x, y) = (column + dx, row + dy);
                if x < 0 || y < 0 || x >= columns as isize || y >= rows as isize {
                    return nearest.min(1.0);
                }
                let other = y as usize * columns + x as usize;
                let way = f64::from((dx.abs() + dy.abs()) as i32).sqrt();
                nearest.min(if values[other] == values[node] { depth[other] + way } else { way })
            });
            depth[node] = if beside[0].1 < 0 { nearest } else { depth[node].min(nearest) };
        }
    };
    pass(&mut (0..values.len()), [(0, -1), (-1, 0), (-1, -1), (1, -1)]);
    pass(&mut (0..values.len()).rev(), [(0, 1), (1, 0), (1, 1), (-1, 1)]);
    depth
}
