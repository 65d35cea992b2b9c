//! A picture as a list of ink strokes in CSS px: what a plot makes and what the painter reads.
//!
//! Plots are pure functions from a scene to a picture, so they are tested without any backend, and one
//! painter serves canvas and SVG. Halos, dashes, hatching and markers, which plotters lacks, become
//! plain lines and areas here.

use super::ink::{Color, Ink, RunStyle, Shape};

/// A point in CSS px, y down.
pub type Point = (f64, f64);

/// A rectangle in CSS px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn contains(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    /// Area common to both.
    pub fn overlap(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Plain,
    Bold,
    /// Serif italic, for mathematics.
    Math,
}

/// A line of text; `at` is on the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    pub at: Point,
    pub words: String,
    pub size: f64,
    pub face: Face,
    pub color: Color,
    pub anchor: Anchor,
    /// Outline of 2 px that keeps the words legible over lines.
    pub halo: Option<Color>,
    /// Reads upwards.
    pub upwards: bool,
}

/// One stroke of ink.
#[derive(Debug, Clone, PartialEq)]
pub enum Stroke {
    Line {
        points: Vec<Point>,
        width: f64,
        color: Color,
    },
    Area {
        points: Vec<Point>,
        color: Color,
    },
    /// `width` of the outline, or a filled disc.
    Circle {
        center: Point,
        radius: f64,
        width: Option<f64>,
        color: Color,
    },
    Text(Text),
}

/// Opaque pixels, row-major from the top left; shown smoothly where the backend can.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub place: Rect,
    pub columns: usize,
    pub pixels: Vec<[u8; 3]>,
}

/// Where x means a step: for hover, click and keyboard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepAxis {
    pub place: Rect,
    pub last: u32,
}

/// Where a place means a point of a plane: for hover and keyboard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneAxis {
    pub place: Rect,
    /// From where to where, to the right and upwards.
    pub spans: [[f64; 2]; 2],
}

impl PlaneAxis {
    /// The point of the plane at (x, y), held inside.
    pub fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let along = |share: f64, [from, to]: [f64; 2]| from + share.clamp(0.0, 1.0) * (to - from);
        let r = self.place;
        let right = (x - r.left) / r.width().max(1.0);
        let up = (r.bottom - y) / r.height().max(1.0);
        [along(right, self.spans[0]), along(up, self.spans[1])]
    }
}

/// Tips of arrows that a pointer can move.
#[derive(Debug, Clone, PartialEq)]
pub struct Grip {
    /// One a task.
    pub tips: Vec<Point>,
    /// Length of one CSS px.
    pub unit: f64,
    /// The length that reaches to the rim.
    pub extent: f64,
    /// Unit vectors (x, y, z) that lie to the right, up and towards the reader.
    pub right: [f64; 3],
    pub up: [f64; 3],
    pub toward: [f64; 3],
}

impl Grip {
    /// The arrow meant by a pointer at (x, y), if any.
    pub fn at(&self, x: f64, y: f64) -> Option<usize> {
        let far = |tip: &Point| (tip.0 - x).hypot(tip.1 - y);
        let near = self.tips.iter().enumerate().map(|(task, tip)| (far(tip), task)).filter(|(far, _)| *far <= 24.0);
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, task)| task)
    }

    /// What moving a tip by so many px to the right and down adds to its vector.
    pub fn moved(&self, dx: f64, dy: f64) -> [f64; 3] {
        std::array::from_fn(|c| self.unit * (dx * self.right[c] - dy * self.up[c]))
    }
}

/// A picture of space that a pointer can turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// CSS px of a radian.
    pub radius: f64,
}

/// What a plot draws.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picture {
    /// CSS px.
    pub width: f64,
    pub height: f64,
    /// They lie under all strokes.
    pub images: Vec<Image>,
    pub strokes: Vec<Stroke>,
    pub step_axes: Vec<StepAxis>,
    /// Maps of one plane.
    pub plane_axes: Vec<PlaneAxis>,
    /// Drawn points that stand for a step (paths in planes).
    pub spots: Vec<(Point, u32)>,
    /// Arrows that can be dragged.
    pub grip: Option<Grip>,
    /// Whether dragging elsewhere turns it.
    pub turn: Option<Turn>,
    /// What can be chosen where; later ones lie above.
    pub choices: Vec<(Rect, super::Choice)>,
}

impl Picture {
    /// The step meant by a pointer at (x, y), if any.
    pub fn step_at(&self, x: f64, y: f64) -> Option<u32> {
        let near = |axis: &&StepAxis| {
            let r = axis.place;
            Rect { left: r.left - 8.0, top: r.top - 12.0, right: r.right + 8.0, bottom: r.bottom + 24.0 }
                .contains((x, y))
        };
        if let Some(axis) = self.step_axes.iter().find(near) {
            let t = ((x - axis.place.left) / axis.place.width().max(1.0)).clamp(0.0, 1.0);
            return Some((t * f64::from(axis.last)).round() as u32);
        }
        let distance = |at: Point| (at.0 - x).hypot(at.1 - y);
        self.spots
            .iter()
            .map(|(at, step)| (distance(*at), *step))
            .filter(|(far, _)| *far <= 24.0)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, step)| step)
    }

    /// The point of the plane meant by a pointer at (x, y), if any.
    pub fn plane_at(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        self.plane_axes.iter().find(|axis| axis.place.contains((x, y))).map(|axis| axis.at(x, y))
    }

    /// What a pointer at (x, y) chooses, if anything.
    pub fn choice_at(&self, x: f64, y: f64) -> Option<super::Choice> {
        self.choices.iter().rev().find(|(place, _)| place.contains((x, y))).map(|(_, choice)| *choice)
    }

    /// All words in drawing order.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.strokes.iter().filter_map(|stroke| match stroke {
            Stroke::Text(text) => Some(text),
            _ => None,
        })
    }

    /// The same picture with a line above it that says what it shows: what leaves the page has no header.
    pub fn captioned(mut self, stage: &Stage, title: &str, words: &str) -> Self {
        const ROOM: f64 = 30.0;
        let down = |point: &mut Point| point.1 += ROOM;
        for stroke in &mut self.strokes {
            match stroke {
                Stroke::Line { points, .. } | Stroke::Area { points, .. } => points.iter_mut().for_each(down),
                Stroke::Circle { center, .. } => down(center),
                Stroke::Text(text) => down(&mut text.at),
            }
        }
        for image in &mut self.images {
            image.place.top += ROOM;
            image.place.bottom += ROOM;
        }
        self.height += ROOM;
        // Where things lie for a pointer is no matter of a document.
        self.step_axes.clear();
        self.plane_axes.clear();
        self.spots.clear();
        self.choices.clear();
        let (ink, start) = (stage.ink, 8.0);
        let line = |x: f64, words: String, face: Face, color: Color| {
            Stroke::Text(Text {
                at: (x, 18.0),
                words,
                size: LABEL,
                face,
                color,
                anchor: Anchor::Start,
                halo: None,
                upwards: false,
            })
        };
        let after = start + 1.1 * stage.text_width(title, LABEL) + 10.0;
        let words = stage.fit(words, LABEL, stage.width - after - 8.0);
        self.strokes.push(line(start, title.to_owned(), Face::Bold, ink.ink));
        self.strokes.push(line(after, words, Face::Plain, ink.ink2));
        self
    }

    /// Whether every number is finite: what adversarial histories must not break.
    pub fn is_finite(&self) -> bool {
        let fine = |p: &Point| p.0.is_finite() && p.1.is_finite();
        let corners = |r: &Rect| fine(&(r.left, r.top)) && fine(&(r.right, r.bottom));
        let images = self.images.iter().all(|image| corners(&image.place));
        images
            && self.strokes.iter().all(|stroke| match stroke {
                Stroke::Line { points, width, .. } => points.iter().all(fine) && width.is_finite(),
                Stroke::Area { points, .. } => points.iter().all(fine),
                Stroke::Circle { center, radius, .. } => fine(center) && radius.is_finite(),
                Stroke::Text(text) => fine(&text.at) && !text.words.contains("NaN") && !text.words.contains("inf"),
            })
    }
}

/// Width of words in CSS px: (words, size, face).
pub type Measure = fn(&str, f64, Face) -> f64;

/// What a plot draws on: size, ink and how wide words are there.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// CSS px.
    pub width: f64,
    pub height: f64,
    pub ink: &'a Ink,
    pub measure: Measure,
}

impl<'a> Stage<'a> {
    /// A stage with the built-in width table.
    pub fn new(width: f64, height: f64, ink: &'a Ink) -> Self {
        Self { width, height, ink, measure: typical_width }
    }

    pub fn text_width(&self, words: &str, size: f64) -> f64 {
        (self.measure)(words, size, Face::Plain)
    }

    /// `words`, shortened with an ellipsis until they fit.
    pub fn fit(&self, words: &str, size: f64, width: f64) -> String {
        if self.text_width(words, size) <= width {
            return words.to_owned();
        }
        let mut kept: Vec<char> = words.chars().collect();
        while kept.pop().is_some() {
            let short: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
            if self.text_width(&short, size) <= width {
                return short;
            }
        }
        String::new()
    }

    /// Words broken into lines no wider than `width`.
    pub fn wrap(&self, words: &str, size: f64, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in words.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.text_width(&format!("{line} {word}"), size) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

/// Widths of a common sans-serif: a little wide rather than narrow, so nothing clips in other fonts.
pub fn typical_width(words: &str, size: f64, face: Face) -> f64 {
    let units: f64 = words
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '\'' | '|' => 0.28,
            '.' | ',' | ':' | ';' | '!' | 'I' | 'f' | 't' | '/' | ' ' => 0.34,
            '(' | ')' | '[' | ']' | 'r' | '-' => 0.4,
            'm' | 'M' | 'W' | '%' | '@' => 0.94,
            '+' | '−' | '=' | '×' | '<' | '>' => 0.8,
            'w' | 'C' | 'D' | 'G' | 'H' | 'N' | 'O' | 'Q' | 'U' => 0.75,
            'A' | 'B' | 'E' | 'K' | 'P' | 'R' | 'S' | 'T' | 'V' | 'X' | 'Y' | 'Z' | 'F' | 'L' | '&' => 0.66,
            '₀'..='₉' | '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' | '⁻' => 0.4,
            '→' | '↙' | '≈' | '…' => 1.0,
            _ => 0.61,
        })
        .sum();
    units * size * if face == Face::Bold { 1.06 } else { 1.0 }
}

/// Draws into a picture with the words of the visual standard.
pub(super) struct Pen<'a> {
    pub stage: &'a Stage<'a>,
    pub picture: Picture,
}

/// Size of tick labels and captions.
pub(super) const TICK: f64 = 11.0;
/// Size of labels.
pub(super) const LABEL: f64 = 12.0;

impl<'a> Pen<'a> {
    pub fn new(stage: &'a Stage<'a>) -> Self {
        let picture = Picture { width: stage.width, height: stage.height, ..Picture::default() };
        Self { stage, picture }
    }

    pub fn ink(&self) -> &'a Ink {
        self.stage.ink
    }

    /// A solid polyline.
    pub fn line(&mut self, points: Vec<Point>, width: f64, color: Color) {
        if points.len() > 1 {
            self.picture.strokes.push(Stroke::Line { points, width, color });
        }
    }

    /// A polyline in dashes; returns how much of the pattern was used, so that a next piece goes on.
    pub fn dashed(&mut self, points: &[Point], width: f64, color: Color, dash: &[f64], from: f64) -> f64 {
        let (pieces, used) = dashes(points, dash, from);
        for piece in pieces {
            self.line(piece, width, color);
        }
        used
    }

    /// A 1 px line on whole device pixels (horizontal or vertical).
    pub fn hairline(&mut self, a: Point, b: Point, color: Color) {
        let crisp = |v: f64| v.floor() + 0.5;
        let (a, b) = if (a.0 - b.0).abs() < 1e-9 {
            ((crisp(a.0), a.1), (crisp(b.0), b.1))
        } else {
            ((a.0, crisp(a.1)), (b.0, crisp(b.1)))
        };
        self.line(vec![a, b], 1.0, color);
    }

    pub fn area(&mut self, points: Vec<Point>, color: Color) {
        if points.len() > 2 {
            self.picture.strokes.push(Stroke::Area { points, color });
        }
    }

    pub fn rect(&mut self, r: Rect, color: Color) {
        self.area(vec![(r.left, r.top), (r.right, r.top), (r.right, r.bottom), (r.left, r.bottom)], color);
    }

    pub fn disc(&mut self, center: Point, radius: f64, color: Color) {
        self.picture.strokes.push(Stroke::Circle { center, radius, width: None, color });
    }

    pub fn ring(&mut self, center: Point, radius: f64, width: f64, color: Color) {
        self.picture.strokes.push(Stroke::Circle { center, radius, width: Some(width), color });
    }

    pub fn image(&mut self, place: Rect, columns: usize, pixels: Vec<[u8; 3]>) {
        if columns > 0 && !pixels.is_empty() {
            self.picture.images.push(Image { place, columns, pixels });
        }
    }

    /// Words in the muted tick size.
    pub fn tick(&mut self, at: Point, words: impl Into<String>, anchor: Anchor) {
        self.text(at, words, TICK, self.ink().ink3, anchor);
    }

    /// Words in label size.
    pub fn label(&mut self, at: Point, words: impl Into<String>, color: Color, anchor: Anchor) {
        self.text(at, words, LABEL, color, anchor);
    }

    pub fn text(&mut self, at: Point, words: impl Into<String>, size: f64, color: Color, anchor: Anchor) {
        self.put(Text { at, words: words.into(), size, face: Face::Plain, color, anchor, halo: None, upwards: false });
    }

    /// Label-size words with a halo.
    pub fn halo(&mut self, at: Point, words: impl Into<String>, color: Color, anchor: Anchor) {
        self.put(Text {
            at,
            words: words.into(),
            size: LABEL,
            face: Face::Plain,
            color,
            anchor,
            halo: Some(self.ink().halo),
            upwards: false,
        });
    }

    pub fn put(&mut self, text: Text) {
        if !text.words.is_empty() {
            self.picture.strokes.push(Stroke::Text(text));
        }
    }

    /// A run's marker with its halo.
    pub fn marker(&mut self, style: &RunStyle, at: Point, radius: f64, filled: bool) {
        let ink = self.ink();
        let (fill, edge) = if filled { (style.mark, ink.halo) } else { (ink.bg, style.mark) };
        if style.shape == Shape::Circle {
            if filled {
                self.disc(at, radius + 0.75, edge);
                self.disc(at, radius - 0.25, fill);
            } else {
                self.disc(at, radius, fill);
                self.ring(at, radius, 1.5, edge);
            }
            return;
        }
        let outline: Vec<Point> = style.shape.outline(radius).into_iter().map(|(x, y)| (at.0 + x, at.1 + y)).collect();
        let mut closed = outline.clone();
        closed.push(outline[0]);
        closed.push(outline[1]);
        if filled {
            self.line(closed, 1.5, edge);
            self.area(outline, fill);
        } else {
            self.area(outline, fill);
            self.line(closed, 1.5, edge);
        }
    }

    /// An arrow head with its tip at `tip`, pointing along `angle` (radians, y up).
    pub fn arrow_head(&mut self, tip: Point, angle: f64, size: f64, color: Color) {
        let (cos, sin) = (angle.cos(), angle.sin());
        let at = |along: f64, aside: f64| (tip.0 + along * cos - aside * sin, tip.1 - along * sin - aside * cos);
        self.area(vec![at(0.0, 0.0), at(-size, 0.46 * size), at(-0.72 * size, 0.0), at(-size, -0.46 * size)], color);
    }

    /// 45° hatching inside a convex polygon, lines `gap` apart.
    pub fn hatch(&mut self, polygon: &[Point], gap: f64, color: Color) {
        // Along a hatch line y + x is constant; the polygon spans these values.
        let key = |p: &Point| p.0 + p.1;
        let low = polygon.iter().map(key).fold(f64::INFINITY, f64::min);
        let high = polygon.iter().map(key).fold(f64::NEG_INFINITY, f64::max);
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let stride = gap * std::f64::consts::SQRT_2;
        let mut value = (low / stride).ceil() * stride;
        while value < high {
            let mut cuts: Vec<Point> = Vec::new();
            for (i, a) in polygon.iter().enumerate() {
                let b = &polygon[(i + 1) % polygon.len()];
                let (ka, kb) = (key(a), key(b));
                if (ka < value) != (kb < value) {
                    let t = (value - ka) / (kb - ka);
                    cuts.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
                }
            }
            if let [a, b] = cuts[..] {
                self.line(vec![a, b], 1.0, color);
            }
            value += stride;
        }
    }

    /// Sentences in the middle of an empty plot: what will be here and what brings it.
    pub fn empty(mut self, words: &str) -> Picture {
        let width = (self.stage.width - 48.0).clamp(40.0, 320.0);
        let lines = self.stage.wrap(words, LABEL, width);
        let top = self.stage.height / 2.0 - 8.0 * (lines.len() as f64 - 1.0);
        let color = self.ink().ink3;
        for (i, line) in lines.into_iter().enumerate() {
            self.label((self.stage.width / 2.0, top + 16.0 * i as f64), line, color, Anchor::Middle);
        }
        self.picture
    }
}

/// The pieces of a polyline that a dash pattern inks, and the length walked since the pattern began.
fn dashes(points: &[Point], dash: &[f64], from: f64) -> (Vec<Vec<Point>>, f64) {
    let period: f64 = dash.iter().sum();
    if dash.is_empty() || period <= 0.0 {
        return (vec![points.to_vec()], 0.0);
    }
    let mut walked = from;
    let mut phase = from % period;
    let mut slot = 0;
    while phase >= dash[slot] {
        phase -= dash[slot];
        slot = (slot + 1) % dash.len();
    }
    let mut left = dash[slot] - phase;
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        if !(length > 0.0 && length < 1e6) {
            continue;
        }
        let mut done = 0.0;
        if slot % 2 == 0 && piece.is_empty() {
            piece.push(a);
        }
        while length - done > left {
            done += left;
            let t = done / length;
            let at = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            if slot % 2 == 0 {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece.push(at);
            }
            slot = (slot + 1) % dash.len();
            left = dash[slot];
        }
        left -= length - done;
        if slot % 2 == 0 {
            piece.push(b);
        }
        walked += length;
    }
    if slot % 2 == 0 && piece.len() > 1 {
        pieces.push(piece);
    }
    (pieces, walked)
}
