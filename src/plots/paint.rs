//! The one painter: a picture on any plotters backend, as an element of its drawing area.
//!
//! Backends count in whole pixels; `grain` says how many of them make one CSS px, so that curves stay
//! smooth (SVG is drawn eight times larger under a view box, a canvas in device pixels or finer).

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle, TextStyle};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use super::ink::Color;
use super::picture::{Anchor, Face, Image, Picture, Point, Stroke, Text};

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
    /// Whether images are drawn here, as rectangles; who can show pixels smoothly draws
    /// [`Picture::images`] first and says no.
    pub images: bool,
}

impl Paint {
    /// For plotters-canvas with `grain` canvas pixels per CSS px.
    pub const fn canvas(grain: f64) -> Self {
        Self { grain, font_factor: 1.0, images: true }
    }

    /// For plotters' SVG backend; [`svg`] embeds the images itself.
    pub const fn svg(grain: f64) -> Self {
        Self { grain, font_factor: 1.24, images: false }
    }
}

/// A backend that puts an outline around words before they are written: with eight copies of them on a ring, where it
/// knows nothing better.
pub trait Outline: DrawingBackend {
    /// `ring` are the places of the copies around `at`, `reach` pixels away.
    ///
    /// # Errors
    /// What the backend reports.
    fn outline(
        &mut self,
        words: &str,
        style: &TextStyle,
        _at: BackendCoord,
        ring: &[BackendCoord; 8],
        _reach: f64,
    ) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        ring.iter().try_for_each(|place| self.draw_text(words, style, *place))
    }
}

impl Outline for SVGBackend<'_> {}

/// Px that an outline stands out.
const REACH: f64 = 1.8;

/// Paints the picture on an area that was cleared or filled by the caller.
///
/// # Errors
/// What the backend reports.
pub fn paint<DB: Outline>(
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
    // The first line opens the document, the second is the ground: images follow it.
    let mut lines = document.splitn(3, '\n');
    let (open, ground, rest) = (lines.next(), lines.next(), lines.next());
    let open = open.unwrap_or_default().replacen(&fine, &plain, 1);
    let images = embedded_images(&picture.images, GRAIN);
    format!(
        "{open}<title>{escaped}</title>\n{}\n{images}{}",
        ground.unwrap_or_default(),
        joined(rest.unwrap_or_default())
    )
}

/// The same document with neighboring polylines of one style as one path: dashes are many.
fn joined(document: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut open_style = None; // of the path in the last line
    for line in document.lines() {
        let parts = line.strip_prefix("<polyline ").and_then(|rest| rest.split_once("points=\""));
        let Some((style, points)) = parts else {
            open_style = None;
            lines.push(line.to_owned());
            continue;
        };
        let points = points.trim_end_matches("/>").trim_end_matches('"').trim_end();
        match lines.last_mut() {
            Some(last) if open_style == Some(style) => {
                last.truncate(last.len() - "\"/>".len());
                *last += &format!("M{points}\"/>");
            }
            _ => lines.push(format!("<path {style}d=\"M{points}\"/>")),
        }
        open_style = Some(style);
    }
    lines.join("\n") + "\n"
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

impl<DB: Outline> Drawable<DB> for Painted<'_> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut origin: I,
        backend: &mut DB,
        _parent: (u32, u32),
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let brush = Brush { origin: origin.next().unwrap_or((0, 0)), how: self.how };
        if self.how.images {
            self.picture.images.iter().try_for_each(|image| brush.image(backend, image))?;
        }
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
        let width = width.map_or(1, |width| (width * self.how.grain).round().max(1.0) as u32);
        ShapeStyle { color: ink(color), filled: false, stroke_width: width }
    }

    fn stroke<DB: Outline>(&self, backend: &mut DB, stroke: &Stroke) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
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
        }
    }

    fn text<DB: Outline>(&self, backend: &mut DB, text: &Text) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        // Backends center on the x-height; a baseline lies about a quarter of the size lower.
        let lift = -0.27 * text.size;
        let (x, y) = if text.upwards { (text.at.0 + lift, text.at.1) } else { (text.at.0, text.at.1 + lift) };
        let at = self.at((x, y));
        if let Some(halo) = text.halo {
            let ring = std::array::from_fn(|i| {
                let angle = i as f64 * std::f64::consts::TAU / 8.0;
                self.at((x + REACH * angle.cos(), y + REACH * angle.sin()))
            });
            let color = ink(halo);
            backend.outline(&text.words, &self.hand(text, &color), at, &ring, REACH * self.how.grain)?;
        }
        let color = ink(text.color);
        backend.draw_text(&text.words, &self.hand(text, &color), at)
    }

    fn hand<'c>(&self, text: &Text, color: &'c RGBAColor) -> TextStyle<'c> {
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
        let style =
            TextStyle::from((FontFamily::Name(family), size, face)).color(color).pos(Pos::new(h_pos, VPos::Center));
        if text.upwards { style.transform(FontTransform::Rotate270) } else { style }
    }

    fn image<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        image: &Image,
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        let Image { place, columns, pixels } = image;
        let rows = pixels.len() / columns;
        // Whole CSS px, so that no seams show between neighbors.
        let corner = |column: usize, row: usize| {
            let x = place.left + place.width() * column as f64 / *columns as f64;
            let y = place.top + place.height() * row as f64 / rows as f64;
            self.at((x.round(), y.round()))
        };
        for (row, line) in pixels.chunks_exact(*columns).enumerate() {
            let mut first = 0;
            while first < line.len() {
                let same = line[first..].iter().take_while(|pixel| **pixel == line[first]).count();
                let style = self.style(Color { rgb: line[first], alpha: 1.0 }, None);
                backend.draw_rect(corner(first, row), corner(first + same, row + 1), &style, true)?;
                first += same;
            }
        }
        Ok(())
    }
}

fn ink(color: Color) -> RGBAColor {
    let [r, g, b] = color.rgb;
    RGBColor(r, g, b).mix(color.alpha)
}

/// The picture's images as SVG elements with embedded PNG files.
fn embedded_images(images: &[Image], grain: f64) -> String {
    let mut elements = String::new();
    for Image { place, columns, pixels } in images {
        let (x, y) = (place.left * grain, place.top * grain);
        let (width, height) = (place.width() * grain, place.height() * grain);
        let data = base64(&png(*columns, pixels));
        elements += &format!(
            "<image x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             preserveAspectRatio=\"none\" href=\"data:image/png;base64,{data}\"/>\n"
        );
    }
    elements
}

/// An 8-bit RGB PNG file.
fn png(columns: usize, pixels: &[[u8; 3]]) -> Vec<u8> {
    let rows = pixels.len() / columns;
    let mut raw = Vec::with_capacity(rows * (1 + 3 * columns));
    for line in pixels.chunks_exact(columns) {
        raw.push(0); // no filter
        raw.extend(line.iter().flatten());
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing into a vector cannot fail.
    let _ = encoder.write_all(&raw);
    let packed = encoder.finish().unwrap_or_default();
    let mut header = Vec::new();
    header.extend((columns as u32).to_be_bytes());
    header.extend((rows as u32).to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, body) in [(b"IHDR", &header), (b"IDAT", &packed), (b"IEND", &Vec::new())] {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(body);
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(kind);
        file.extend(body);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() { letter as char } else { '=' });
        }
    }
    text
}
