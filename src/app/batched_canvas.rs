//! plotters' canvas without what a browser is slow at: neighboring paths of one style are drawn as one (a dashed curve
//! is a hundred short paths), a font is told once and not for every word (the browser reads its whole list of families
//! each time), and outlines of words are strokes and not copies.

use crate::plots::Outline;
use plotters::style::TextStyle;
use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};
use plotters_canvas::CanvasBackend;
use web_sys::CanvasRenderingContext2d;

/// Strokes are on the canvas after [`DrawingBackend::present`], which whoever draws must call.
pub struct BatchedCanvas {
    canvas: CanvasBackend,
    context: CanvasRenderingContext2d,
    /// Color and width of the path that is begun and not yet stroked.
    open: Option<(BackendColor, u32)>,
    /// As it was last told to the canvas.
    font: String,
}

/// What is written: the letters, or a line around them.
#[derive(Clone, Copy)]
enum Write {
    Fill,
    /// Its width.
    Outline(f64),
}

type Outcome = Result<(), DrawingErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

impl BatchedCanvas {
    /// Both of the same canvas.
    pub fn new(canvas: CanvasBackend, context: CanvasRenderingContext2d) -> Self {
        Self { canvas, context, open: None, font: String::new() }
    }

    fn finish(&mut self) {
        if self.open.take().is_some() {
            self.context.stroke();
        }
    }

    fn write<S: BackendTextStyle>(&mut self, words: &str, style: &S, (x, y): BackendCoord, how: Write) -> Outcome {
        let color = style.color();
        if color.alpha == 0.0 {
            return Ok(());
        }
        self.finish();
        let context = &self.context;
        let font = format!("{} {}px {}", style.style().as_str(), style.size(), style.family().as_str());
        if self.font != font {
            context.set_font(&font);
            self.font = font;
        }
        context.set_text_baseline(match style.anchor().v_pos {
            VPos::Top => "top",
            VPos::Center => "middle",
            VPos::Bottom => "bottom",
        });
        context.set_text_align(match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "center",
        });
        let quarters = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 1.0,
            FontTransform::Rotate180 => 2.0,
            FontTransform::Rotate270 => 3.0,
        };
        let (x, y) = (f64::from(x), f64::from(y));
        let turned = quarters != 0.0;
        if turned {
            context.save();
            // A canvas refuses no finite transform.
            let _ = context.translate(x, y);
            let _ = context.rotate(quarters * std::f64::consts::FRAC_PI_2);
        }
        let (x, y) = if turned { (0.0, 0.0) } else { (x, y) };
        let paint = css(&color);
        // Words that could not be written are in the table twin.
        let _ = match how {
            Write::Fill => {
                context.set_fill_style_str(&paint);
                context.fill_text(words, x, y)
            }
            Write::Outline(width) => {
                context.set_stroke_style_str(&paint);
                context.set_line_width(width);
                context.stroke_text(words, x, y)
            }
        };
        if turned {
            context.restore();
        }
        Ok(())
    }
}

impl Outline for BatchedCanvas {
    fn outline(
        &mut self,
        words: &str,
        style: &TextStyle,
        at: BackendCoord,
        _ring: &[BackendCoord; 8],
        reach: f64,
    ) -> Outcome {
        self.write(words, style, at, Write::Outline(2.0 * reach))
    }
}

fn css(color: &BackendColor) -> String {
    let (r, g, b) = color.rgb;
    format!("rgba({r},{g},{b},{})", color.alpha)
}

fn same(a: &BackendColor, b: &BackendColor) -> bool {
    a.rgb == b.rgb && a.alpha == b.alpha
}

impl DrawingBackend for BatchedCanvas {
    type ErrorType = <CanvasBackend as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.canvas.get_size()
    }

    fn ensure_prepared(&mut self) -> Outcome {
        self.canvas.ensure_prepared()
    }

    fn present(&mut self) -> Outcome {
        self.finish();
        self.canvas.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Outcome {
        self.finish();
        self.canvas.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        self.finish();
        self.canvas.draw_rect(upper_left, bottom_right, style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        let (color, width) = (style.color(), style.stroke_width());
        if color.alpha == 0.0 {
            return Ok(());
        }
        if !self.open.as_ref().is_some_and(|open| same(&open.0, &color) && open.1 == width) {
            self.finish();
            self.context.set_stroke_style_str(&css(&color));
            self.context.set_line_width(f64::from(width));
            self.context.begin_path();
            self.open = Some((color, width));
        }
        let mut path = path.into_iter();
        if let Some((x, y)) = path.next() {
            self.context.move_to(f64::from(x), f64::from(y));
        }
        for (x, y) in path {
            self.context.line_to(f64::from(x), f64::from(y));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        self.finish();
        self.canvas.fill_polygon(path, style)
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Outcome {
        self.finish();
        self.canvas.draw_circle(center, radius, style, fill)
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, pos: BackendCoord) -> Outcome {
        self.write(text, style, pos, Write::Fill)
    }
}
