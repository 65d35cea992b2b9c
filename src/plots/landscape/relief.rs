//! One map as values on a grid: which bands it has, and what color they are.

use crate::landscape::{HeightSource, HeightUnit, Node, Pull};
use crate::plots::ink::{Color, Ink};

use super::contour::Lattice;
use super::known::Known;

/// Bands from low to high.
pub(super) const BANDS: usize = 11;
/// Losses that go through at least this factor are shown on log levels.
const DECADE: f64 = 10.0;
/// Beyond this a loss carries no information.
const HUGE: f64 = 1e100;

/// What one map shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Task(usize),
    Height(&'static HeightSource),
}

/// The values of one map at the nodes of the finest grid that is complete.
pub(super) struct Relief {
    pub what: What,
    pub title: String,
    /// What stands muted beside the title.
    pub note: String,
    pub columns: usize,
    /// Values as places on the scale of bands, or cosines, or tasks; NaN where nothing is known.
    pub places: Vec<f64>,
    pub tone: Tone,
}

/// What the values of a map are, and so how they are inked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Bands(Bands),
    /// So many tasks.
    Tasks(usize),
    Cosine,
}

/// A scale of [`BANDS`] bands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bands {
    low: f64,
    high: f64,
    log: bool,
}

impl Bands {
    /// Over what is known: on log levels where losses are above 0 and span a decade, else on even ones.
    pub fn over(values: &[f64]) -> Self {
        let known = values.iter().filter(|value| value.is_finite()).map(|value| value.clamp(-HUGE, HUGE));
        let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return Self { low: 0.0, high: 1.0, log: false };
        }
        Self { low, high, log: low > 1.0 / HUGE && high >= DECADE * low }
    }

    fn measure(&self, value: f64) -> f64 {
        if self.log { value.max(self.low * 1e-9).ln() } else { value }
    }

    /// Where a value lies: 0 is the low end, 11 the high one; NaN for what is no number.
    pub fn place(&self, value: f64) -> f64 {
        if value.is_nan() {
            return value;
        }
        let (low, high) = (self.measure(self.low), self.measure(self.high));
        let share = (self.measure(value.clamp(-HUGE, HUGE)) - low) / (high - low);
        if share.is_finite() { (BANDS as f64 * share).clamp(-1e6, 1e6) } else { 0.0 }
    }

    /// The value at a place.
    pub fn level(&self, place: f64) -> f64 {
        let share = place / BANDS as f64;
        if self.log { self.low * (self.high / self.low).powf(share) } else { self.low + (self.high - self.low) * share }
    }

    pub fn is_log(&self) -> bool {
        self.log
    }

    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The part of the way from low to high at which the band of a place lies.
    fn share(place: f64) -> f64 {
        let band = (place.max(0.0) as usize).min(BANDS - 1);
        band as f64 / (BANDS - 1) as f64
    }

    /// Ground of the band that a place lies in.
    pub fn ground(ink: &Ink, place: f64) -> Color {
        ink.low.mix(ink.high, Self::share(place))
    }

    /// The same band in the tones of dots.
    pub fn dot(ink: &Ink, place: f64) -> Color {
        ink.ink.mix(ink.bg, Self::share(place))
    }
}

impl Relief {
    pub fn of(known: &Known, what: What) -> Self {
        let (nodes, columns) = known.nodes();
        let values: Vec<f64> = nodes.iter().map(|node| known.height_at(what, *node)).collect();
        let unit = match what {
            What::Task(_) => HeightUnit::LossPerTask,
            What::Height(source) => source.unit,
        };
        let (tone, places) = match unit {
            HeightUnit::LossPerTask | HeightUnit::Loss => {
                let bands = Bands::over(&values);
                (Tone::Bands(bands), values.iter().map(|value| bands.place(*value)).collect())
            }
            HeightUnit::Task => (Tone::Tasks(known.n_tasks()), values),
            HeightUnit::Cosine => (Tone::Cosine, values),
        };
        let (title, note) = match what {
            What::Task(task) => (known.scene.task_name(task), String::new()),
            What::Height(source) => (source.label.to_owned(), known.formula(source)),
        };
        Self { what, title, note, columns, places, tone }
    }

    pub fn lattice(&self) -> Lattice<'_> {
        Lattice { values: &self.places, columns: self.columns }
    }

    /// Levels at which lines are drawn.
    pub fn levels(&self) -> Vec<f64> {
        match self.tone {
            Tone::Bands(_) => (1..BANDS).map(|band| band as f64).collect(),
            Tone::Tasks(_) => Vec::new(),
            Tone::Cosine => vec![0.0],
        }
    }

    /// Ground at a place; the color of nothing for what is no number.
    pub fn ground(&self, ink: &Ink, place: f64) -> Color {
        if place.is_nan() {
            return ink.sunk;
        }
        match self.tone {
            Tone::Bands(_) => Bands::ground(ink, place),
            Tone::Tasks(n) => task_tone(ink, place, n),
            // Orange is conflict, everywhere on the page.
            Tone::Cosine => ink.signed(-place, 1.0),
        }
    }

    /// What a dot of this value is filled with; `None` where the value is not known.
    pub fn dot(&self, ink: &Ink, value: f64) -> Option<Color> {
        if value.is_nan() {
            return None;
        }
        Some(match self.tone {
            Tone::Bands(bands) => Bands::dot(ink, bands.place(value)),
            Tone::Tasks(n) => task_tone(ink, value, n),
            Tone::Cosine => ink.signed(-value, 1.0),
        })
    }

    /// How high a place stands on a surface, from 0 to 1.
    pub fn rise(&self, place: f64) -> f64 {
        match self.tone {
            Tone::Bands(_) => (place / BANDS as f64).clamp(0.0, 1.0),
            Tone::Tasks(_) => 0.0,
            Tone::Cosine => ((place + 1.0) / 2.0).clamp(0.0, 1.0),
        }
    }

    /// Pixels of the ground, row-major from the top left.
    pub fn pixels(&self, ink: &Ink, n: usize) -> Vec<[u8; 3]> {
        let lattice = self.lattice();
        let (columns, rows) = (self.columns, lattice.rows());
        if columns < 2 || rows < 2 {
            return vec![ink.sunk.rgb; n * n];
        }
        let along = |pixel: usize, count: usize| {
            let at = (pixel as f64 + 0.5) / n as f64 * (count - 1) as f64;
            let node = (at as usize).min(count - 2);
            (node, at - node as f64)
        };
        let across: Vec<(usize, f64)> = (0..n).map(|pixel| along(pixel, columns)).collect();
        let palette: [[u8; 3]; BANDS] = std::array::from_fn(|band| Bands::ground(ink, band as f64).rgb);
        let values = &self.places;
        let mut pixels = Vec::with_capacity(n * n);
        // One row of nodes between those below and above it, then pixels between its nodes.
        let mut line = vec![0.0; columns];
        for pixel_row in 0..n {
            let (row, b) = along(n - 1 - pixel_row, rows);
            let (below, above) = (&values[row * columns..][..columns], &values[(row + 1) * columns..][..columns]);
            if let Tone::Tasks(_) = self.tone {
                for (column, a) in &across {
                    let corners = [below[*column], below[column + 1], above[column + 1], above[*column]];
                    let weights = [(1.0 - a) * (1.0 - b), a * (1.0 - b), a * b, (1.0 - a) * b];
                    pixels.push(self.ground(ink, heaviest(corners, weights)).rgb);
                }
                continue;
            }
            for (mixed, (below, above)) in line.iter_mut().zip(below.iter().zip(above)) {
                *mixed = below * (1.0 - b) + above * b;
            }
            for (column, a) in &across {
                let value = line[*column] * (1.0 - a) + line[column + 1] * a;
                pixels.push(match self.tone {
                    Tone::Bands(_) if !value.is_nan() => palette[(value.max(0.0) as usize).min(BANDS - 1)],
                    _ => self.ground(ink, value).rgb,
                });
            }
        }
        pixels
    }
}

/// The corner value that holds most of a point between them.
fn heaviest(corners: [f64; 4], weights: [f64; 4]) -> f64 {
    let mut best = (f64::NAN, 0.0);
    for corner in corners {
        let sum: f64 = corners.iter().zip(weights).filter(|(other, _)| **other == corner).map(|(_, w)| w).sum();
        if sum > best.1 {
            best = (corner, sum);
        }
    }
    best.0
}

/// Grounds of tasks: from the high tone to one a little deeper than the low one.
fn task_tone(ink: &Ink, task: f64, n: usize) -> Color {
    ink.high.mix(ink.low.mix(ink.contour, 0.4), task / (n.saturating_sub(1)).max(1) as f64)
}

impl What {
    /// Its value from losses alone; NaN where it needs more.
    pub fn of_losses(self, losses: &[f64], factors: (&[f64], &[f64])) -> f64 {
        self.of_point(losses, None, factors)
    }

    /// The same where the pull is known, too.
    pub fn of_point(self, losses: &[f64], pull: Option<Pull>, (scales, preference): (&[f64], &[f64])) -> f64 {
        match self {
            Self::Task(task) => losses.get(task).copied().filter(|loss| loss.is_finite()).unwrap_or(f64::NAN),
            Self::Height(source) => {
                let losses: Vec<f32> = losses.iter().map(|loss| *loss as f32).collect();
                source.at(&Node { losses: &losses, pull, scales, preference, task: 0 })
            }
        }
    }
}
