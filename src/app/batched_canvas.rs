//! plotters' canvas with neighboring paths of one style drawn as one: a dashed curve is a hundred short paths, and
//! each stroke of its own costs the browser as much as a long one.

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use plotters_canvas::CanvasBackend;
use web_sys::CanvasRenderingContext2d;

/// Strokes are on the canvas after [`DrawingBackend::present`], which whoever draws must call.
pub struct BatchedCanvas {
    canvas: CanvasBackend,
    context: CanvasRenderingContext2d,
    /// Color and width of the path that is begun and not yet stroked.
    open: Option<(BackendColor, u32)>,
}

type Outcome = Result<(), DrawingErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

impl BatchedCanvas {
    /// Both of the same canvas.
    pub fn new(canvas: CanvasBackend, context: CanvasRenderingContext2d) -> Self {
        Self { canvas, context, open: None }
    }

    fn finish(&mut self) {
        if self.open.take().is_some() {
            self.context.stroke();
        }
    }
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
            let (r, g, b) = color.rgb;
            self.context.set_stroke_style_str(&format!("rgba({r},{g},{b},{})", color.alpha));
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
        self.finish();
        self.canvas.draw_text(text, style, pos)
    }
}
