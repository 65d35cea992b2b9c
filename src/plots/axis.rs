//! Scales, round ticks and how numbers are written.

/// A map from values to px on one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Values at the two ends, `low < high`; positive when `log`.
    pub low: f64,
    pub high: f64,
    /// Px at the two ends.
    pub from: f64,
    pub to: f64,
    pub log: bool,
}

impl Scale {
    pub fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to, log: false }
    }

    pub fn log(low: f64, high: f64, from: f64, to: f64) -> Self {
        let low = if low > 0.0 { low } else { 1e-3 };
        let high = if high > low { high } else { low * 10.0 };
        Self { low, high, from, to, log: true }
    }

    /// Px of a value, held inside the axis; the low end for what is no number.
    pub fn at(&self, value: f64) -> f64 {
        if value.is_nan() {
            return self.from;
        }
        self.beyond(value.clamp(self.low, self.high))
    }

    /// Px of a value that may lie outside the axis, at most ten axes away.
    pub fn beyond(&self, value: f64) -> f64 {
        let value = if self.log { value.max(self.low * 1e-9) } else { value };
        let t = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + t.clamp(-10.0, 10.0) * (self.to - self.from)
    }

    /// The same scale between other ends.
    pub fn between(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// Three to six round values.
    pub fn ticks(&self) -> Vec<f64> {
        if self.log { decades(self.low, self.high) } else { round_values(self.low, self.high, 5) }
    }
}

/// Powers of ten inside [low, high], thinned to at most six.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    let every = ((last - first) / 5 + 1).max(1);
    let mut exponents: Vec<i32> = (first..=last).filter(|e| e.rem_euclid(every) == 0).collect();
    if exponents.len() < 2 {
        exponents = (first..=last).collect();
    }
    if exponents.len() < 2 {
        // Less than two decades: 1, 2, 5 times powers of ten.
        let all = (first - 1..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(e)));
        return all.filter(|v| *v >= low * 0.999 && *v <= high * 1.001).collect();
    }
    exponents.into_iter().map(|e| 10f64.powi(e)).collect()
}

/// About `n` round values inside [low, high].
pub fn round_values(low: f64, high: f64, n: usize) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return vec![low];
    }
    let raw = span / n as f64;
    let power = 10f64.powf(raw.log10().floor());
    let stride = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.999);
    let stride = stride.unwrap_or(10.0 * power);
    let first = (low / stride - 1e-9).ceil() as i64;
    let last = (high / stride + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * stride).collect()
}

/// Three to five round steps from 0 to `last`, with `last` itself when it divides well.
pub fn step_values(last: u32) -> Vec<f64> {
    let last_value = f64::from(last);
    for parts in [4, 3, 5, 6] {
        if last.is_multiple_of(parts) {
            let stride = last / parts;
            let power = 10u32.pow(stride.max(1).ilog10());
            let round = [10, 15, 20, 25, 30, 40, 50, 60, 75, 80].iter().any(|m| stride * 10 == m * power);
            if round && stride > 0 {
                return (0..=parts).map(|i| f64::from(i * stride)).collect();
            }
        }
    }
    let values: Vec<f64> = round_values(0.0, last_value.max(1.0), 4).into_iter().filter(|v| v.fract() == 0.0).collect();
    if values.len() > 1 { values } else { vec![0.0, last_value.max(1.0)] }
}

/// The range of a loss axis over `values`; on a log axis whole decades below and a round value above.
pub fn loss_range(values: impl Iterator<Item = f64>, log: bool) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        if !log || value > 0.0 {
            low = low.min(value);
            high = high.max(value);
        }
    }
    if low > high {
        return if log { (0.001, 1.0) } else { (0.0, 1.0) };
    }
    if log {
        // Kept inside 1e±100: a decade outside carries no information and would overflow.
        let (low, high) = (low.max(1e-100), high.clamp(1e-99, 1e100));
        let top = above(high);
        let bottom = 10f64.powf((low.log10() + 0.02).floor()).max(top * 1e-7);
        let bottom = 10f64.powf(bottom.log10().round());
        (bottom.min(top / 10.0), top)
    } else {
        let (low, high) = (low.max(-1e100), high.min(1e100));
        (if low >= 0.0 { 0.0 } else { -above(-low) }, if high <= 0.0 { 1e-3 } else { above(high) })
    }
}

/// The next value of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not below `value` > 0.
fn above(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|m| m * power).find(|v| *v >= value * 0.9999).unwrap_or(10.0 * power)
}

/// A tick's number: `1`, `0.1`, `−0.5`, `10⁻⁷`.
pub fn tick(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".to_owned();
    }
    if !(1e-4 * 0.999..1e6).contains(&size) {
        return scientific(value, 1);
    }
    let text = format!("{value:.6}");
    minus(text.trim_end_matches('0').trim_end_matches('.'))
}

/// Three significant digits with U+2212; a dash for what is no number.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(9.995e-5..999_500.0).contains(&size) {
        return scientific(value, 3);
    }
    // Rounding first, so that 0.9996 becomes 1.00 and not 1.000.
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    let places = (2 - rounded.abs().log10().floor() as i32).max(0) as usize;
    minus(&format!("{rounded:.places$}"))
}

/// A share or accuracy in percent with one decimal.
pub fn percent(value: f64) -> String {
    if value.is_finite() { minus(&format!("{:.1} %", 100.0 * value)) } else { "–".to_owned() }
}

/// Two decimals, as for cosines; a dash for what is no number.
pub fn cosine(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { minus(&text) }
}

/// `three`, `12`.
pub fn count(n: usize) -> String {
    const WORDS: [&str; 11] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let raised: String = exponent
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            digit => char::from_u32('⁰' as u32 + (digit as u32 - '0' as u32)).unwrap_or(digit),
        })
        .collect();
    let sign = if mantissa.starts_with('-') { "−" } else { "" };
    match mantissa.trim_start_matches('-') {
        "1" => format!("{sign}10{raised}"),
        digits => format!("{sign}{digits}×10{raised}"),
    }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}
