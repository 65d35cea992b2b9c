//! The two inks of every picture, light and dark: one place for colors, dashes and marker shapes.
//!
//! The values repeat the page's tokens. A run's style follows its position and never its method, and
//! color is never alone: marker, dash and name say the same thing.

/// An sRGB color with opacity in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    pub rgb: [u8; 3],
    pub alpha: f64,
}

impl Color {
    pub const fn hex(code: u32) -> Self {
        Self { rgb: [(code >> 16) as u8, (code >> 8) as u8, code as u8], alpha: 1.0 }
    }

    pub const fn at(self, alpha: f64) -> Self {
        Self { rgb: self.rgb, alpha }
    }

    /// The color a part `t` of the way to `other`.
    pub fn mix(self, other: Self, t: f64) -> Self {
        let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
        let channel = |i: usize| {
            let (a, b) = (f64::from(self.rgb[i]), f64::from(other.rgb[i]));
            (a + (b - a) * t).round() as u8
        };
        Self { rgb: [channel(0), channel(1), channel(2)], alpha: self.alpha + (other.alpha - self.alpha) * t }
    }

    /// Relative luminance (WCAG 2).
    fn luminance(self) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.rgb[0]) + 0.7152 * linear(self.rgb[1]) + 0.0722 * linear(self.rgb[2])
    }

    /// Contrast ratio of two opaque colors, 1..21 (WCAG 2).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// Shapes of markers, in run order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Plus,
}

impl Shape {
    /// Its polygon around the origin, y down, in px for this radius; all shapes weigh the same.
    pub fn outline(self, r: f64) -> Vec<(f64, f64)> {
        match self {
            Self::Circle => (0..24)
                .map(|i| f64::from(i) * std::f64::consts::TAU / 24.0)
                .map(|a| (r * a.cos(), r * a.sin()))
                .collect(),
            Self::Square => {
                let s = 0.9 * r;
                vec![(-s, -s), (s, -s), (s, s), (-s, s)]
            }
            Self::Triangle => vec![(0.0, -1.15 * r), (1.1 * r, 0.8 * r), (-1.1 * r, 0.8 * r)],
            Self::Diamond => vec![(0.0, -1.3 * r), (1.1 * r, 0.0), (0.0, 1.3 * r), (-1.1 * r, 0.0)],
            Self::Cross => {
                let (a, b) = (0.62 * r, 1.4 * r);
                vec![
                    (a, 0.0),
                    (b, b - a),
                    (b - a, b),
                    (0.0, a),
                    (a - b, b),
                    (-b, b - a),
                    (-a, 0.0),
                    (-b, a - b),
                    (a - b, -b),
                    (0.0, -a),
                    (b - a, -b),
                    (b, a - b),
                ]
            }
            Self::Plus => {
                let (a, b) = (0.46 * r, 1.45 * r);
                vec![
                    (-a, -b),
                    (a, -b),
                    (a, -a),
                    (b, -a),
                    (b, a),
                    (a, a),
                    (a, b),
                    (-a, b),
                    (-a, a),
                    (-b, a),
                    (-b, -a),
                    (-a, -a),
                ]
            }
        }
    }
}

/// How a run is told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunStyle {
    /// Lines and markers: at least 3:1 on the ground.
    pub mark: Color,
    /// Labels: at least 4.5:1 on the ground.
    pub text: Color,
    pub shape: Shape,
    /// Lengths of dashes and gaps in CSS px; empty for a solid line.
    pub dash: &'static [f64],
}

/// Every color a picture uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink {
    pub dark: bool,
    pub bg: Color,
    pub sunk: Color,
    pub raise: Color,
    pub ink: Color,
    pub ink2: Color,
    pub ink3: Color,
    pub line: Color,
    pub grid: Color,
    pub edge: Color,
    pub accent: Color,
    pub bad: Color,
    pub halo: Color,
    /// Grounds of height maps where losses are high and where they are low, and the lines between.
    pub high: Color,
    pub low: Color,
    pub contour: Color,
    pub runs: [RunStyle; 6],
    /// Signed values −2, −1, 0, 1, 2.
    pub signed: [Color; 5],
}

const SHAPES: [Shape; 6] = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond, Shape::Cross, Shape::Plus];
const DASHES: [&[f64]; 6] =
    [&[], &[7.0, 3.0], &[2.0, 3.0], &[9.0, 3.0, 2.0, 3.0], &[5.0, 2.0, 1.0, 2.0, 1.0, 2.0], &[12.0, 3.0]];

const fn runs(codes: [(u32, u32); 6]) -> [RunStyle; 6] {
    const BLANK: RunStyle = RunStyle { mark: Color::hex(0), text: Color::hex(0), shape: Shape::Circle, dash: &[] };
    let mut styles = [BLANK; 6];
    let mut i = 0;
    while i < 6 {
        styles[i] =
            RunStyle { mark: Color::hex(codes[i].0), text: Color::hex(codes[i].1), shape: SHAPES[i], dash: DASHES[i] };
        i += 1;
    }
    styles
}

impl Ink {
    pub const LIGHT: Self = Self {
        dark: false,
        bg: Color::hex(0xFFFFFF),
        sunk: Color::hex(0xF6F6F4),
        raise: Color::hex(0xFFFFFF),
        ink: Color::hex(0x1A1A1C),
        ink2: Color::hex(0x4E4E54),
        ink3: Color::hex(0x6A6A72),
        line: Color::hex(0xE4E4E1),
        grid: Color::hex(0xEDEDEB),
        edge: Color::hex(0x85858D),
        accent: Color::hex(0x5443C8),
        bad: Color::hex(0xB3261E),
        halo: Color::hex(0xFFFFFF),
        high: Color::hex(0xFFFFFF),
        low: Color::hex(0xDCD9EA),
        contour: Color::hex(0x8F8AAA),
        runs: runs([
            (0x0072B2, 0x0072B2),
            (0xD55E00, 0xB34E00),
            (0x009E73, 0x00785A),
            (0xC266A0, 0xA04A80),
            (0x9A6A00, 0x8A5E00),
            (0x1A1A1C, 0x1A1A1C),
        ]),
        signed: [
            Color::hex(0x0B4F8A),
            Color::hex(0x4A9BD1),
            Color::hex(0xF6F5F2),
            Color::hex(0xF0A348),
            Color::hex(0xA95200),
        ],
    };

    pub const DARK: Self = Self {
        dark: true,
        bg: Color::hex(0x141416),
        sunk: Color::hex(0x1B1B1F),
        raise: Color::hex(0x1F1F24),
        ink: Color::hex(0xECECEE),
        ink2: Color::hex(0xB9B9C0),
        ink3: Color::hex(0x92929B),
        line: Color::hex(0x2B2B30),
        grid: Color::hex(0x232327),
        edge: Color::hex(0x70707A),
        accent: Color::hex(0xA99CFF),
        bad: Color::hex(0xFF8A80),
        halo: Color::hex(0x141416),
        high: Color::hex(0x141416),
        low: Color::hex(0x302D42),
        contour: Color::hex(0x6E6A88),
        runs: runs([
            (0x56B4E9, 0x56B4E9),
            (0xF0803C, 0xF0803C),
            (0x1FB58A, 0x1FB58A),
            (0xDB93BE, 0xDB93BE),
            (0xE6A532, 0xE6A532),
            (0xECECEE, 0xECECEE),
        ]),
        signed: [
            Color::hex(0x7CC4F4),
            Color::hex(0x2F79AE),
            Color::hex(0x1D1D21),
            Color::hex(0xB26A1E),
            Color::hex(0xF7B765),
        ],
    };

    pub const fn of(dark: bool) -> &'static Self {
        if dark { &Self::DARK } else { &Self::LIGHT }
    }

    /// The style of the run at this position; styles repeat after six.
    pub fn run(&self, position: usize) -> &RunStyle {
        &self.runs[position % self.runs.len()]
    }

    /// Color of a signed value; `full` is the value of the deepest color.
    pub fn signed(&self, value: f64, full: f64) -> Color {
        let t = if value.is_finite() && full > 0.0 { (value / full).clamp(-1.0, 1.0) } else { 0.0 };
        let place = (t + 1.0) * 2.0;
        let low = (place as usize).min(3);
        self.signed[low].mix(self.signed[low + 1], place - low as f64)
    }

    /// Black or white, whichever reads better on `ground`.
    pub fn on(&self, ground: Color) -> Color {
        let (white, black) = (Color::hex(0xFFFFFF), Color::hex(0x000000));
        if white.contrast(ground) >= black.contrast(ground) { white } else { black }
    }
}
