//! Curves over steps: the panels that losses, cosines, weights and metrics share.
//!
//! Up to four panels stand in one column over one step axis; more become small multiples. Axes hold
//! everything recorded so far, so playing moves the cursor and never the curves.

use super::axis::{self, Scale};
use super::ink::Color;
use super::picture::{Anchor, LABEL, Pen, Picture, Point, Rect, Stage, StepAxis, TICK};
use super::place::spread;
use super::ruler::Ruler;
use super::seeds::Behind;
use super::{Kept, Scene};

/// The curve of one run in one panel.
pub(super) struct Curve {
    pub run: usize,
    /// (step, value) by ascending step; only finite values.
    pub points: Vec<(f64, f64)>,
    /// Steps where the value is mostly noise, as closed ranges; drawn faint.
    pub noise: Vec<(f64, f64)>,
    /// Where the points are medians over seeds.
    pub behind: Option<Behind>,
}

impl Curve {
    /// Where the run diverged; of medians, where half of the seeds have.
    fn ended(&self, scene: &Scene) -> Option<u32> {
        match &self.behind {
            Some(behind) => behind.ended,
            None => scene.diverged(self.run),
        }
    }
}

/// The curve of a kept run in one panel.
pub(super) struct Earlier<'s> {
    pub kept: &'s Kept<'s>,
    /// (step, value) by ascending step; only finite values.
    pub points: Vec<(f64, f64)>,
}

/// What is drawn over all panels.
type Late = Vec<Box<dyn FnOnce(&mut Pen)>>;

/// One set of axes.
pub(super) struct Panel<'s> {
    /// Written at the top right.
    pub title: String,
    pub curves: Vec<Curve>,
    /// Kept runs of earlier experiments.
    pub earlier: Vec<Earlier<'s>>,
    /// The single-task reference.
    pub reference: Vec<(f64, f64)>,
    pub scale: Scale,
    pub ticks: Vec<(f64, String)>,
    /// A value with a stronger line (zero of a cosine).
    pub zero: Option<f64>,
    /// Words at values inside the frame, at its right.
    pub words: Vec<(f64, &'static str)>,
}

/// All panels of one plot.
pub(super) struct Chart<'s> {
    pub scene: &'s Scene<'s>,
    pub panels: Vec<Panel<'s>>,
    pub ruler: Ruler,
    /// Written over the first tick column.
    pub quantity: &'static str,
    pub number: fn(f64) -> String,
    /// Px kept free below the step axis.
    pub below: f64,
}

/// Where a chart put its step axis, for what is drawn below it.
pub(super) struct Frame {
    pub left: f64,
    pub right: f64,
    pub bottom: f64,
}

/// Dots far apart: no run's own dash, nor that of the single-task reference.
pub(super) const KEPT_DASH: [f64; 2] = [2.0, 6.0];
/// A loss this many times the largest of step 0 is divergence, no trade-off: axes need not reach it.
const BLOW_UP: f64 = 10.0;

/// The values of a single-task reference up to where it diverged, if it did.
pub(super) fn calm(reference: &[(f64, f64)]) -> impl Iterator<Item = f64> + '_ {
    let start = reference.first().map_or(0.0, |point| point.1.abs());
    let last = reference.last().map_or(0.0, |point| point.1.abs());
    let blown_up = !last.is_finite() || last > 1e3 * BLOW_UP * start;
    reference.iter().map(|point| point.1).take_while(move |value| !blown_up || value.abs() <= BLOW_UP * start)
}

/// The values of every drawn run that is still going, with the first value of those that ended:
/// a diverged run must not stretch the axis.
pub(super) fn axis_values<'c>(scene: &Scene, curves: &'c [Curve]) -> impl Iterator<Item = f64> + use<'c> {
    let all_ended = curves.iter().all(|curve| curve.ended(scene).is_some());
    let ended: Vec<bool> = curves.iter().map(|curve| curve.ended(scene).is_some()).collect();
    let start = curves.iter().filter_map(|curve| Some(curve.points.first()?.1.abs())).fold(0.0, f64::max);
    curves.iter().zip(ended).flat_map(move |(curve, ended)| {
        let keep = if !ended {
            curve.points.len()
        } else if all_ended {
            // Divergence is seen leaving the frame, beside what came before it.
            curve.points.iter().position(|point| point.1.abs() > BLOW_UP * start).unwrap_or(curve.points.len()).max(1)
        } else {
            1
        };
        let band = curve.behind.iter().filter(move |_| !ended).flat_map(|behind| &behind.band);
        let edges = band.flat_map(|(_, low, high)| [*low, *high]).filter(|value| value.is_finite());
        curve.points.iter().take(keep).map(|point| point.1).chain(edges)
    })
}

impl Chart<'_> {
    /// Height that keeps the panels readable on a phone.
    pub fn least_height(n_panels: usize) -> f64 {
        match n_panels {
            0 | 1 => 200.0,
            2..=4 => 48.0 + 100.0 * n_panels as f64,
            _ => 48.0 + 84.0 * n_panels.div_ceil(2) as f64,
        }
    }

    pub fn draw(self, stage: &Stage) -> Picture {
        let mut pen = Pen::new(stage);
        self.draw_with(&mut pen);
        pen.picture
    }

    pub fn draw_with(&self, pen: &mut Pen) -> Frame {
        let n = self.panels.len();
        let small = pen.stage.width < 380.0;
        let columns = if n <= 4 {
            1
        } else {
            let across = (pen.stage.width / 150.0).floor().clamp(2.0, 6.0) as usize;
            across.min(n)
        };
        let rows = n.div_ceil(columns).max(1);
        let labeled = columns == 1;
        let left = self.left_margin(pen.stage);
        let right = if labeled { self.right_margin(pen.stage, small) } else { 8.0 };
        let key = if labeled { 0.0 } else { self.key(pen, left) };
        // Titles stand above their panels, the step above the first title.
        let titled = self.panels.iter().any(|panel| !panel.title.is_empty());
        let title = if titled { 18.0 } else { 6.0 };
        let (top, bottom, gap) = (14.0 + key + title, 32.0 + self.below, title + 4.0);
        let width = ((pen.stage.width - (left + right) * columns as f64) / columns as f64).max(20.0);
        let height = ((pen.stage.height - top - bottom - gap * (rows as f64 - 1.0)) / rows as f64).max(24.0);
        let mut late: Late = Vec::new();
        let mut frame = Frame { left, right: left + width, bottom: top + height };
        for (i, panel) in self.panels.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let x0 = column as f64 * (left + width + right) + left;
            let y0 = top + row as f64 * (height + gap);
            let place = Rect { left: x0, top: y0, right: x0 + width, bottom: y0 + height };
            let lowest = i + columns >= n;
            self.panel(pen, panel, place, lowest, labeled.then_some((right, small)), &mut late);
            if row + 1 == rows {
                frame.bottom = place.bottom;
            }
        }
        let x0 = left;
        let cursor = self.ruler.scale(left, left + width).at(self.ruler.place(self.scene.step));
        if labeled {
            if titled {
                pen.tick((x0 - 6.0, top - 6.0), self.quantity, Anchor::End);
            }
            let (accent, first) = (pen.ink().accent, key + 12.0);
            pen.hairline((cursor, first), (cursor, top), accent);
            if pen.stage.width - (x0 + width) > 44.0 {
                pen.tick((x0 + width + 20.0, frame.bottom + 16.0), self.ruler.unit(), Anchor::Start);
            }
        }
        let accent = pen.ink().accent;
        let words = format!("step {}", self.scene.step);
        let half = pen.stage.text_width(&words, TICK) / 2.0;
        let at = cursor.clamp(half, (pen.stage.width - half).max(half));
        let y = if labeled { key + 9.0 } else { key + 4.0 };
        pen.text((at, y), words, TICK, accent, Anchor::Middle);
        for stroke in late {
            stroke(pen);
        }
        frame
    }

    fn left_margin(&self, stage: &Stage) -> f64 {
        let widest = self
            .panels
            .iter()
            .flat_map(|panel| &panel.ticks)
            .map(|tick| stage.text_width(&tick.1, TICK))
            .fold(stage.text_width(self.quantity, TICK), f64::max);
        (widest + 8.0).max(36.0)
    }

    fn right_margin(&self, stage: &Stage, small: bool) -> f64 {
        let runs = self.scene.runs();
        let names = runs.iter().map(|run| stage.text_width(&self.scene.run_name(*run), LABEL));
        let kept = self.panels.iter().flat_map(|panel| &panel.earlier);
        let names = names.chain(kept.map(|curve| stage.text_width(&curve.kept.name, TICK)));
        let has_reference = self.panels.iter().any(|panel| !panel.reference.is_empty());
        let reference = if has_reference && self.ruler.stride_alone().is_some() {
            stage.text_width(if small { "alone" } else { "single task" }, TICK)
        } else {
            0.0
        };
        let widest = names.fold(reference, f64::max);
        // What stands below may need a column of its own words.
        let least = if self.below > 0.0 { 76.0 } else { 52.0 };
        (widest + 12.0).clamp(least, (stage.width * 0.3).max(least))
    }

    /// Small multiples have no room for labels at line ends: one row names the runs. Returns its height.
    fn key(&self, pen: &mut Pen, left: f64) -> f64 {
        let (mut x, mut y) = (left, 12.0);
        for run in self.scene.runs() {
            let name = self.scene.run_name(run);
            let width = 34.0 + pen.stage.text_width(&name, LABEL) + 12.0;
            if x + width > pen.stage.width && x > left {
                (x, y) = (left, y + 16.0);
            }
            let style = *pen.ink().run(run);
            pen.dashed(&[(x, y - 4.0), (x + 28.0, y - 4.0)], 2.0, style.mark, style.dash, 0.0);
            pen.marker(&style, (x + 14.0, y - 4.0), 4.0, true);
            pen.label((x + 34.0, y), name, style.text, Anchor::Start);
            x += width;
        }
        if self.panels.iter().any(|panel| !panel.earlier.is_empty()) {
            let words = "dotted: kept";
            let width = pen.stage.text_width(words, TICK) + 12.0;
            if x + width > pen.stage.width && x > left {
                (x, y) = (left, y + 16.0);
            }
            let color = pen.ink().ink3;
            pen.text((x, y), words.to_owned(), TICK, color, Anchor::Start);
        }
        y + 12.0
    }

    fn panel(
        &self,
        pen: &mut Pen,
        panel: &Panel,
        place: Rect,
        lowest: bool,
        labeled: Option<(f64, bool)>,
        late: &mut Late,
    ) {
        let ink = pen.ink();
        let scale = panel.scale.between(place.bottom, place.top);
        let across = self.ruler.scale(place.left, place.right);
        pen.picture.step_axes.push(StepAxis { place, last: self.ruler.last_step() });

        let dense = place.height() < 15.0 * (panel.ticks.len() as f64 - 1.0);
        for (i, (value, words)) in panel.ticks.iter().enumerate() {
            let y = scale.at(*value);
            let floor = (y - place.bottom).abs() < 0.5;
            let color = if floor {
                ink.edge
            } else if panel.zero == Some(*value) {
                ink.ink3
            } else {
                ink.grid
            };
            pen.hairline((place.left, y), (place.right, y), color);
            if !dense || i == 0 || i + 1 == panel.ticks.len() {
                pen.tick((place.left - 6.0, y + 4.0), words.clone(), Anchor::End);
            }
        }
        pen.hairline((place.left, place.bottom), (place.right, place.bottom), ink.edge);
        if lowest {
            self.step_ticks(pen, place);
        }
        let alone = self.ruler.stride_alone();
        if let Some(stride) = alone {
            let reference = panel.reference.iter().map(|(s, v)| (across.at(s * stride), scale.beyond(*v))).collect();
            for piece in clip(&thin(reference), place) {
                pen.dashed(&piece, 1.0, ink.ink3, &[1.0, 3.0], 0.0);
            }
        }
        let now = f64::from(self.scene.step);
        let cursor = across.at(self.ruler.place(self.scene.step));
        pen.hairline((cursor, place.top), (cursor, place.bottom), ink.accent);

        let mut ends: Vec<(f64, String, Color, f64)> = self.earlier(pen, panel, place);
        self.behind(pen, panel, place);
        let mut crosses: Vec<Point> = Vec::new();
        for curve in &panel.curves {
            let style = *ink.run(curve.run);
            let stride = self.ruler.stride(curve.run);
            let ended = curve.ended(self.scene);
            let kept = self.kept(curve, panel, ended.is_some());
            let mut left_at = None;
            for (points, noisy) in pieces(kept, &curve.noise) {
                let drawn: Vec<Point> = points.iter().map(|(s, v)| (across.at(s * stride), scale.beyond(*v))).collect();
                let (before, after) = cut(&thin(drawn), across.at(now * stride));
                let mut used = 0.0;
                left_at = None;
                for (half, width) in [(before, 2.0), (after, 1.25)] {
                    for piece in clip(&half, place) {
                        left_at = piece.last().copied();
                        if noisy {
                            pen.line(piece, 1.0, style.mark.at(0.3));
                        } else {
                            used = pen.dashed(&piece, width, style.mark, style.dash, used);
                        }
                    }
                }
            }
            let Some(&(step, value)) = kept.last() else { continue };
            let end = (across.at(step * stride), scale.at(value));
            // A diverged run usually leaves through the top: its cross stands there.
            let end = left_at.filter(|_| ended.is_some()).unwrap_or(end);
            if let Some(at) = ended {
                let words = format!("{} diverged at {at}", self.scene.run_name(curve.run));
                let bad = ink.bad;
                // Runs that leave together would write over each other.
                let line = crosses.iter().filter(|other: &&Point| (other.0 - end.0).abs() < 220.0).count();
                crosses.push(end);
                let down = 4.0 + 14.0 * line as f64;
                let room = pen.stage.text_width(&words, LABEL) + 12.0 < pen.stage.width - end.0;
                late.push(Box::new(move |pen: &mut Pen| {
                    pen.line(vec![(end.0 - 4.0, end.1 - 4.0), (end.0 + 4.0, end.1 + 4.0)], 2.0, bad);
                    pen.line(vec![(end.0 + 4.0, end.1 - 4.0), (end.0 - 4.0, end.1 + 4.0)], 2.0, bad);
                    let (dx, anchor) = if room { (9.0, Anchor::Start) } else { (-9.0, Anchor::End) };
                    pen.halo((end.0 + dx, end.1 + down), words, bad, anchor);
                }));
            } else {
                ends.push((end.1, self.scene.run_name(curve.run), style.text, LABEL));
            }
        }
        for (value, words) in &panel.words {
            let y = scale.at(*value);
            let below = y - place.top < 10.0;
            pen.put(super::Text {
                at: (place.right - 4.0, if below { y + 13.0 } else { y - 5.0 }),
                words: (*words).to_owned(),
                size: TICK,
                face: super::Face::Plain,
                color: ink.ink3,
                anchor: Anchor::End,
                halo: Some(ink.halo),
                upwards: false,
            });
        }
        for curve in &panel.curves {
            if let Some(value) = value_at(self.kept(curve, panel, false), now) {
                let alive = curve.ended(self.scene).is_none_or(|end| now < f64::from(end));
                if alive {
                    let style = *ink.run(curve.run);
                    pen.marker(&style, (across.at(now * self.ruler.stride(curve.run)), scale.at(value)), 4.0, true);
                }
            }
        }

        if let Some((margin, small)) = labeled {
            let spread_of = |ends: &[(f64, String, Color, f64)]| {
                let (low, high) = ends.iter().fold((f64::MAX, f64::MIN), |(l, h), e| (l.min(e.0), h.max(e.0)));
                high - low
            };
            let tied = ends.len() > 2 && spread_of(&ends) < 6.0;
            if tied {
                let words = self.group(panel, ends.len());
                ends = vec![(ends[0].0, words, ink.ink2, LABEL)];
            }
            if let Some((_, value)) = panel.reference.last().filter(|_| alone.is_some()) {
                let words = if small { "alone" } else { "single task" };
                ends.push((scale.at(*value), words.to_owned(), ink.ink3, TICK));
            }
            self.end_labels(pen, place, margin, ends, tied);
            let title = pen.stage.fit(&panel.title, LABEL, place.width());
            pen.label((place.right, place.top - 6.0), title, ink.ink2, Anchor::End);
        } else {
            let words = pen.stage.fit(&panel.title, TICK, place.width());
            pen.text((place.left, place.top - 5.0), words, TICK, ink.ink2, Anchor::Start);
        }
        if let Some(hover) = self.scene.hover {
            self.read_out(panel, place, scale, self.ruler.place(hover), late);
        }
    }

    /// Kept runs of earlier experiments, thin and dotted below everything else; returns what their ends say.
    fn earlier(&self, pen: &mut Pen, panel: &Panel, place: Rect) -> Vec<(f64, String, Color, f64)> {
        let scale = panel.scale.between(place.bottom, place.top);
        let across = self.ruler.scale(place.left, place.right);
        let mut ends = Vec::new();
        for curve in &panel.earlier {
            let Some(stride) = self.ruler.stride_of_kept(curve.kept) else { continue };
            let color = curve.kept.like.map_or(pen.ink().ink3, |run| pen.ink().run(run).mark.at(0.6));
            let drawn = curve.points.iter().map(|(step, value)| (across.at(step * stride), scale.beyond(*value)));
            for piece in clip(&thin(drawn.collect()), place) {
                pen.dashed(&piece, 2.0, color, &KEPT_DASH, 0.0);
            }
            if let Some((step, value)) = curve.points.last() {
                let end = (across.at(step * stride), scale.at(*value));
                let text = curve.kept.like.map_or(pen.ink().ink2, |run| pen.ink().run(run).text);
                pen.disc(end, 2.0, color);
                ends.push((end.1, curve.kept.name.clone(), text, TICK));
            }
        }
        ends
    }

    /// Bands of quartiles and the first seeds, below every line of medians.
    fn behind(&self, pen: &mut Pen, panel: &Panel, place: Rect) {
        let scale = panel.scale.between(place.bottom, place.top);
        let across = self.ruler.scale(place.left, place.right);
        let x = |curve: &Curve, step: f64| across.at(step * self.ruler.stride(curve.run));
        let known = || panel.curves.iter().filter_map(|curve| Some((curve, curve.behind.as_ref()?)));
        for (curve, Behind { band, .. }) in known() {
            let y = |value: f64| scale.beyond(value).clamp(place.top, place.bottom);
            let low = band.iter().map(|(step, low, _)| (x(curve, *step), y(*low)));
            let high = band.iter().rev().map(|(step, _, high)| (x(curve, *step), y(*high)));
            pen.area(low.chain(high).collect(), pen.ink().run(curve.run).mark.at(0.18));
        }
        for (curve, Behind { first, .. }) in known() {
            let drawn = first.iter().map(|(step, value)| (x(curve, *step), scale.beyond(*value))).collect();
            for piece in clip(&thin(drawn), place) {
                pen.line(piece, 1.0, pen.ink().run(curve.run).mark.at(0.4));
            }
        }
    }

    /// A diverged run is drawn to where it leaves the frame.
    fn kept<'c>(&self, curve: &'c Curve, panel: &Panel, ended: bool) -> &'c [(f64, f64)] {
        let out = |point: &(f64, f64)| point.1 > panel.scale.high || point.1 < panel.scale.low;
        let end = if ended {
            // Only the last leave counts: a curve may pass the frame's edge and come back.
            let inside = curve.points.iter().rposition(|point| !out(point));
            inside.map_or(curve.points.len().min(1), |idx| (idx + 2).min(curve.points.len()))
        } else {
            curve.points.len()
        };
        &curve.points[..end]
    }

    fn step_ticks(&self, pen: &mut Pen, place: Rect) {
        let ink = pen.ink();
        let mut values = self.ruler.ticks();
        let last = values.last().copied().unwrap_or(0.0);
        let widest = pen.stage.text_width(&axis::tick(last), TICK) + 10.0;
        if widest * values.len() as f64 > place.width() + widest {
            values = vec![0.0, last];
        }
        for value in values {
            let at = self.ruler.scale(place.left, place.right).at(value);
            pen.hairline((at, place.bottom), (at, place.bottom + 4.0), ink.edge);
            pen.tick((at, place.bottom + 16.0), axis::tick(value), Anchor::Middle);
        }
    }

    /// `four runs: 0.82–0.83`, the values at the view cursor.
    fn group(&self, panel: &Panel, n: usize) -> String {
        let step = f64::from(self.scene.step);
        let alive = panel.curves.iter().filter(|curve| curve.ended(self.scene).is_none());
        let values: Vec<f64> = alive.filter_map(|curve| value_at(&curve.points, step)).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (a, b) = ((self.number)(low), (self.number)(high));
        let n = axis::count(n);
        if low > high {
            format!("{n} runs")
        } else if a == b {
            format!("{n} runs: {a}")
        } else {
            let a = b.strip_suffix(" %").map_or(a.clone(), |_| a.trim_end_matches(" %").to_owned());
            format!("{n} runs: {a} to {b}")
        }
    }

    fn end_labels(
        &self,
        pen: &mut Pen,
        place: Rect,
        margin: f64,
        mut ends: Vec<(f64, String, Color, f64)>,
        tied: bool,
    ) {
        let ink = pen.ink();
        if tied {
            // The group's words are longer than the margin: they stand in the plot, off the lines.
            let (y, words, color, _) = ends.remove(0);
            let below = y + 26.0 < place.bottom;
            let at = (place.right - 4.0, if below { y + 22.0 } else { y - 14.0 });
            pen.halo(at, words, color, Anchor::End);
        }
        const GAP: f64 = 13.0;
        let (low, high) = (place.top + 4.0, place.bottom - 5.0);
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Neighbors share a line when there is no room for all.
        while ends.len() > 1 && (ends.len() as f64 - 1.0) * GAP > (high - low).max(0.0) {
            let nearest =
                (1..ends.len()).min_by(|a, b| (ends[*a].0 - ends[*a - 1].0).total_cmp(&(ends[*b].0 - ends[*b - 1].0)));
            let Some(nearest) = nearest else { break };
            let lower = ends.remove(nearest);
            let upper = &mut ends[nearest - 1];
            *upper = ((upper.0 + lower.0) / 2.0, format!("{}, {}", upper.1, lower.1), ink.ink2, TICK);
        }
        let wanted: Vec<f64> = ends.iter().map(|end| end.0).collect();
        let placed = spread(&wanted, GAP, low, high);
        for ((_, words, color, size), y) in ends.into_iter().zip(placed) {
            let words = pen.stage.fit(&words, size, margin - 8.0);
            pen.text((place.right + 8.0, y + 4.0), words, size, color, Anchor::Start);
        }
    }

    /// A hairline with exact numbers beside it, sorted as the lines lie: every run where it stands at this place.
    fn read_out(&self, panel: &Panel, place: Rect, scale: Scale, units: f64, late: &mut Late) {
        let there = |curve: &Curve| {
            let step = units / self.ruler.stride(curve.run);
            let alive = curve.ended(self.scene).is_none_or(|end| step < f64::from(end));
            // Over gradients or time a run may have come to its end before.
            let ended = self.ruler.column().is_some() && curve.points.last().is_some_and(|last| step > last.0);
            let value = value_at(&curve.points, step).filter(|_| alive && !ended)?;
            let band = curve.behind.as_ref().and_then(|behind| {
                let after = behind.band.partition_point(|told| told.0 <= step);
                after.checked_sub(1).map(|idx| (behind.band[idx].1, behind.band[idx].2))
            });
            Some((value, band, curve.run))
        };
        let mut rows: Vec<_> = panel.curves.iter().filter_map(there).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let words = |value: f64, band: Option<(f64, f64)>| match band {
            Some((low, high)) if low.is_finite() && high.is_finite() => {
                format!("{} ({} to {})", (self.number)(value), (self.number)(low), (self.number)(high))
            }
            _ => (self.number)(value),
        };
        let mut rows: Vec<(Option<usize>, String, String, f64)> = rows
            .into_iter()
            .map(|(value, band, run)| (Some(run), self.scene.run_name(run), words(value, band), scale.at(value)))
            .collect();
        // Kept runs have a dot in the place of a marker.
        rows.extend(panel.earlier.iter().filter_map(|curve| {
            let step = units / self.ruler.stride_of_kept(curve.kept)?;
            let value = value_at(&curve.points, step).filter(|_| step <= f64::from(curve.kept.run.last_step()))?;
            Some((None, curve.kept.name.clone(), (self.number)(value), scale.at(value)))
        }));
        rows.sort_by(|a, b| a.3.total_cmp(&b.3));
        let across = self.ruler.scale(place.left, place.right);
        let at = across.at(units);
        let top_row = if panel.title.is_empty() { place.top - 11.0 } else { place.top - 23.0 };
        let first = place.top < 60.0;
        let title = self.ruler.words(units);
        let near_cursor = (at - across.at(self.ruler.place(self.scene.step))).abs() < 56.0;
        late.push(Box::new(move |pen: &mut Pen| {
            let ink = pen.ink();
            pen.hairline((at, place.top), (at, place.bottom), ink.ink2);
            let mark = |pen: &mut Pen, run: Option<usize>, at: Point| match run {
                Some(run) => pen.marker(ink.run(run), at, 3.5, true),
                None => pen.disc(at, 2.0, ink.ink3),
            };
            for (run, .., y) in &rows {
                mark(pen, *run, (at, *y));
            }
            if first && !near_cursor {
                pen.label((at, top_row), title, ink.ink2, Anchor::Middle);
            }
            if rows.is_empty() {
                return;
            }
            let measure = |words: &str| pen.stage.text_width(words, TICK);
            let widest = rows.iter().map(|row| measure(&row.1) + measure(&row.2)).fold(0.0, f64::max);
            let (width, height) = (widest + 21.0 + 20.0, 16.0 * rows.len() as f64 + 8.0);
            let flips = at + 10.0 + width > pen.stage.width;
            let left = if flips { (at - 10.0 - width).max(0.0) } else { at + 10.0 };
            let top = (place.top + 8.0).min(pen.stage.height - height).max(0.0);
            let shape = rounded(Rect { left, top, right: left + width, bottom: top + height }, 4.0);
            let mut outline = shape.clone();
            outline.push(shape[0]);
            pen.area(shape, ink.raise);
            pen.line(outline, 1.0, ink.edge);
            for (i, (run, name, value, _)) in rows.into_iter().enumerate() {
                let y = top + 16.0 + 16.0 * i as f64;
                mark(pen, run, (left + 11.0, y - 4.0));
                pen.text((left + 21.0, y), name, TICK, ink.ink2, Anchor::Start);
                pen.text((left + width - 8.0, y), value, TICK, ink.ink, Anchor::End);
            }
        }));
    }
}

/// The value at the last point not after `step`.
pub(super) fn value_at(points: &[(f64, f64)], step: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 <= step);
    after.checked_sub(1).map(|idx| points[idx].1)
}

/// Splits a curve into runs of clear and noisy points.
fn pieces<'p>(points: &'p [(f64, f64)], noise: &[(f64, f64)]) -> Vec<(&'p [(f64, f64)], bool)> {
    let noisy = |step: f64| noise.iter().any(|range| range.0 <= step && step <= range.1);
    let mut pieces = Vec::new();
    let mut first = 0;
    for i in 1..points.len() {
        if noisy(points[i].0) != noisy(points[first].0) {
            pieces.push((&points[first..=i], noisy(points[first].0)));
            first = i;
        }
    }
    if first < points.len() {
        pieces.push((&points[first..], noisy(points[first].0)));
    }
    pieces
}

/// The polyline left and right of x, both with the point on it.
fn cut(points: &[Point], x: f64) -> (Vec<Point>, Vec<Point>) {
    let first_after = points.partition_point(|point| point.0 <= x);
    let mut before = points[..first_after].to_vec();
    let mut after = points[first_after..].to_vec();
    if let (Some(a), Some(b)) = (before.last().copied(), after.first().copied()) {
        let t = if b.0 > a.0 { (x - a.0) / (b.0 - a.0) } else { 0.0 };
        let on = (x, a.1 + t * (b.1 - a.1));
        before.push(on);
        after.insert(0, on);
    }
    (before, after)
}

/// The pieces of a polyline between the frame's top and bottom.
fn clip(points: &[Point], frame: Rect) -> Vec<Vec<Point>> {
    let inside = |p: &Point| p.1 >= frame.top - 0.5 && p.1 <= frame.bottom + 0.5;
    let edge = |a: &Point, b: &Point| {
        // One of the two is inside: where the segment meets the frame.
        let y = if a.1.min(b.1) < frame.top - 0.5 { frame.top } else { frame.bottom };
        let t = if (b.1 - a.1).abs() > 0.0 { ((y - a.1) / (b.1 - a.1)).clamp(0.0, 1.0) } else { 0.0 };
        (a.0 + t * (b.0 - a.0), y)
    };
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut piece: Vec<Point> = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &points[i]);
        match (before.is_some_and(inside), inside(point)) {
            (was, true) => {
                if let (false, Some(before)) = (was, before) {
                    piece.push(edge(before, point));
                }
                piece.push(*point);
            }
            (true, false) => {
                if let Some(before) = before {
                    piece.push(edge(before, point));
                }
                pieces.push(std::mem::take(&mut piece));
            }
            (false, false) => {}
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// At most four points a px column (first, lowest, highest, last): the same ink from any number of records.
fn thin(points: Vec<Point>) -> Vec<Point> {
    let span = points.last().map_or(0.0, |p| p.0) - points.first().map_or(0.0, |p| p.0);
    if (points.len() as f64) < 2.0 * span.abs() + 64.0 {
        return points;
    }
    let mut kept: Vec<Point> = Vec::new();
    let mut first = 0;
    while first < points.len() {
        let column = points[first].0.floor();
        let n = points[first..].iter().take_while(|p| p.0.floor() == column).count().max(1);
        let slice = &points[first..first + n];
        let extreme = |sign: f64| (0..n).max_by(|a, b| (sign * slice[*a].1).total_cmp(&(sign * slice[*b].1)));
        let mut chosen = vec![0, n - 1];
        chosen.extend(extreme(1.0));
        chosen.extend(extreme(-1.0));
        chosen.sort_unstable();
        chosen.dedup();
        kept.extend(chosen.into_iter().map(|i| slice[i]));
        first += n;
    }
    kept
}

/// A rectangle with round corners as a polygon.
pub(super) fn rounded(r: Rect, radius: f64) -> Vec<Point> {
    let corners = [
        (r.right - radius, r.top + radius, -90.0f64),
        (r.right - radius, r.bottom - radius, 0.0),
        (r.left + radius, r.bottom - radius, 90.0),
        (r.left + radius, r.top + radius, 180.0),
    ];
    corners
        .into_iter()
        .flat_map(|(x, y, from)| {
            (0..=3).map(move |i| {
                let angle = (from + 30.0 * f64::from(i)).to_radians();
                (x + radius * angle.cos(), y + radius * angle.sin())
            })
        })
        .collect()
}
