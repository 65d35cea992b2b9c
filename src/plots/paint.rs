//! The one painter: a picture on any plotters backend, as an element of its drawing area.
//!
//! Backends count in whole pixels; `grain` says how many of them make one CSS px, so that curves stay
//! smooth (SVG is drawn eight times larger under a view box, a canvas in device pixels or finer).

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use super::ink::Color;
use super::picture::{Anchor, Face, Picture, Point, Rect, Stroke, Text};

/// The page's sans-serif stack.
pub const SANS: &str = "-apple-system, BlinkMacSystemFont, \"Segoe UI Variable Text\", \"Segoe UI\", Inter, \
                        Roboto, \"Noto Sans\", Ubuntu, Cantarell, \"Liberation Sans\", system-ui, sans-serif";
/// The page's stack for mathematics.
pub const SERIF: &str = "\"STIX Two Text\", \"STIX Two Math\", Cambria, \"Liberation Serif\", \
                         \"Times New Roman\", Georgia, serif";

/// How a picture meets its backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paint {
    /// Backend pixels per CSS px, greater than 0.
    pub grain: f64,
    /// Factor on font sizes that undoes a backend's own (1 for the canvas, 1.24 for SVG).
    pub font_factor: f64,
    /// Whether images are drawn here; a page may rather draw [`Stroke::Image`] smoothly by itself first.
    pub images: bool,
}

impl Paint {
    /// For plotters-canvas with `grain` canvas pixels per CSS px.
    pub const fn canvas(grain: f64) -> Self {
        Self { grain, font_factor: 1.0, images: true }
    }

    /// For plotters' SVG backend.
    pub const fn svg(grain: f64) -> Self {
        Self { grain, font_factor: 1.24, images: true }
    }
}

/// Paints the picture on an area that was cleared or filled by the caller.
///
/// # Errors
/// What the backend reports.
pub fn paint<DB: DrawingBackend>(
    picture: &Picture,
    area: &DrawingArea<DB, Shift>,
    how: Paint,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.draw(&Painted { picture, how })
}

/// The picture as an SVG document of its size in CSS px; `title` is what a screen reader says.
pub fn svg(picture: &Picture, ground: Color, title: &str) -> String {
    const GRAIN: f64 = 8.0;
    let (width, height) = (picture.width.max(1.0).round(), picture.height.max(1.0).round());
    let size = ((width * GRAIN) as u32, (height * GRAIN) as u32);
    let mut document = String::new();
    {
        let area = SVGBackend::with_string(&mut document, size).into_drawing_area();
        let [r, g, b] = ground.rgb;
        // Writing into a string cannot fail.
        let _ = area.fill(&RGBColor(r, g, b));
        let _ = paint(picture, &area, Paint::svg(GRAIN));
        let _ = area.present();
    }
    let fine = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let plain = format!(
        "width=\"{width}\" height=\"{height}\" role=\"img\" stroke-linejoin=\"round\" \
         style=\"font-variant-numeric:tabular-nums\""
    );
    let escaped = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    document.replacen(&fine, &plain, 1).replacen(">\n", &format!("><title>{escaped}</title>\n"), 1)
}

/// A picture as an element of plotters.
struct Painted<'a> {
    picture: &'a Picture,
    how: Paint,
}

impl<'a> PointCollection<'a, (i32, i32)> for &'a Painted<'a> {
    type Point = &'a (i32, i32);
    type IntoIter = std::iter::Once<&'a (i32, i32)>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(&(0, 0))
    }
}

impl<DB: DrawingBackend> Drawable<DB> for Painted<'_> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut origin: I,
        backend: &mut DB,
        _parent: (u32, u32),
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let brush = Brush { origin: origin.next().unwrap_or((0, 0)), how: self.how };
        self.picture.strokes.iter().try_for_each(|stroke| brush.stroke(backend, stroke))
    }
}

struct Brush {
    origin: BackendCoord,
    how: Paint,
}

impl Brush {
    fn at(&self, (x, y): Point) -> BackendCoord {
        let place = |v: f64| (v * self.how.grain).round() as i32;
        (self.origin.0 + place(x), self.origin.1 + place(y))
    }

    fn style(&self, color: Color, width: Option<f64>) -> ShapeStyle {
        let [r, g, b] = color.rgb;
        let width = width.map_or(1, |width| (width * self.how.grain).round().max(1.0) as u32);
        ShapeStyle { color: RGBColor(r, g, b).mix(color.alpha), filled: false, stroke_width: width }
    }

    fn stroke<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        stroke: &Stroke,
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        match stroke {
            Stroke::Line { points, width, color } => {
                backend.draw_path(points.iter().map(|p| self.at(*p)), &self.style(*color, Some(*width)))
            }
            Stroke::Area { points, color } => {
                backend.fill_polygon(points.iter().map(|p| self.at(*p)), &self.style(*color, None))
            }
            Stroke::Circle { center, radius, width, color } => {
                let radius = (radius * self.how.grain).round().max(1.0) as u32;
                backend.draw_circle(self.at(*center), radius, &self.style(*color, *width), width.is_none())
            }
            Stroke::Text(text) => self.text(backend, text),
            Stroke::Image { place, columns, pixels } if self.how.images => {
                self.image(backend, place, *columns, pixels)
            }
            Stroke::Image { .. } => Ok(()),
        }
    }

    fn text<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        text: &Text,
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        // Backends center on the x-height; a baseline lies about a quarter of the size lower.
        let lift = -0.27 * text.size;
        let (x, y) = if text.upwards { (text.at.0 + lift, text.at.1) } else { (text.at.0, text.at.1 + lift) };
        if let Some(halo) = text.halo {
            // Twelve copies on a ring: a backend can fill words but not outline them.
            for i in 0..12 {
                let angle = f64::from(i) * std::f64::consts::TAU / 12.0;
                self.words(backend, text, (x + 1.8 * angle.cos(), y + 1.8 * angle.sin()), halo)?;
            }
        }
        self.words(backend, text, (x, y), text.color)
    }

    fn words<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        text: &Text,
        at: Point,
        color: Color,
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let [r, g, b] = color.rgb;
        let h_pos = match text.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let (family, face) = match text.face {
            Face::Plain => (SANS, FontStyle::Normal),
            Face::Bold => (SANS, FontStyle::Bold),
            Face::Math => (SERIF, FontStyle::Italic),
        };
        let size = text.size * self.how.grain * self.how.font_factor;
        let color = RGBColor(r, g, b).mix(color.alpha);
        let mut style = TextStyle::from((FontFamily::Name(family), size, face))
            .color(&color)
            .pos(Pos::new(h_pos, VPos::Center));
        if text.upwards {
            style = style.transform(FontTransform::Rotate270);
        }
        backend.draw_text(&text.words, &style, self.at(at))
    }

    fn image<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        place: &Rect,
        columns: usize,
        pixels: &[[u8; 3]],
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let rows = pixels.len() / columns;
        let (right, bottom) = self.at((place.right, place.bottom));
        for row in 0..rows {
            let line = &pixels[row * columns..(row + 1) * columns];
            let y = place.top + place.height() * row as f64 / rows as f64;
            let mut first = 0;
            while first < columns {
                // Equal neighbors become one rectangle; each reaches under its successors, so no seams show.
                let same = line[first..].iter().take_while(|pixel| **pixel == line[first]).count();
                let x = place.left + place.width() * first as f64 / columns as f64;
                let low = self.at((0.0, y + 2.0 * place.height() / rows as f64)).1.min(bottom);
                let style = self.style(Color { rgb: line[first], alpha: 1.0 }, None);
                backend.draw_rect(self.at((x, y)), (right, low), &style, true)?;
                first += same;
            }
        }
        Ok(())
    }
}
