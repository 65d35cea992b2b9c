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

/// Values that differ by a smaller share of the largest of them differ by rounding, in f32; so do values that are all
/// below it, of losses that are of the order of 1.
const ROUNDING: f64 = 1e-6;
/// A loss below this is told as 0.
pub const ZERO: f64 = 1e-9;

/// Least and largest of the finite values; of values that differ by rounding alone a range around them, so that ticks
/// do not spell that out. `None` without any.
fn sensible(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let size = low.abs().max(high.abs());
    match low <= high {
        false => None,
        true if size < ROUNDING => Some((0.0, 1.0)),
        true if high - low <= ROUNDING * size => Some((low - 0.05 * size, high + 0.05 * size)),
        true => Some((low, high)),
    }
}

/// A linear axis around values with air at both ends, a share of their range; 0 to 1 without values.
pub fn around(values: impl Iterator<Item = f64>, air: f64) -> Scale {
    let (low, high) = sensible(values).unwrap_or((0.0, 1.0));
    Scale::linear(low - air * (high - low), high + air * (high - low), 0.0, 1.0)
}

/// The same that begins at 0, where none of the values is below 0 and rounding does not count as being below.
pub fn from_zero(values: impl Iterator<Item = f64> + Clone, air: f64) -> Scale {
    let (low, high) = sensible(values.clone()).unwrap_or((0.0, 1.0));
    if low < 0.0 { around(values, air) } else { Scale::linear(0.0, high * (1.0 + air), 0.0, 1.0) }
}

/// The range of a logarithmic axis over positive values, with a little air and at least half a decade; of values that
/// are all rounding a linear one. Eight decades are the most that is told apart.
pub fn decades_around(low: f64, high: f64) -> Scale {
    if high < ZERO {
        return Scale::linear(0.0, 1.0, 0.0, 1.0);
    }
    let high = high.min(1e100);
    let low = low.max(high * 1e-8) / 1.35;
    let high = (high * 1.35).max(low * 3.5);
    Scale::log(low, high, 0.0, 1.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The two-digit words on an axis.
    fn words(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(tick).collect()
    }

    #[test]
    fn rounding_is_no_range() {
        let noise = [5e-17, 3e-17, 0.0, 4e-17];
        for scale in [around(noise.into_iter(), 0.0), from_zero(noise.into_iter(), 0.0), decades_around(3e-17, 5e-17)] {
            assert_eq!(words(scale), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        }
        // A cosine of π/2 may be below 0, more so where π/2 came through f32.
        assert_eq!(words(from_zero([-5e-17, 3e-17].into_iter(), 0.0))[0], "0");
        assert_eq!(words(around([-1.9e-7, 6e-17].into_iter(), 0.0))[0], "0");
        let same = [0.8, 0.8 + 3e-8, 0.8 - 3e-8];
        assert_eq!(words(around(same.into_iter(), 0.0)), ["0.76", "0.78", "0.8", "0.82", "0.84"]);
        assert_eq!(words(around([-20.0].into_iter(), 0.0)), ["−21", "−20.5", "−20", "−19.5", "−19"]);
    }

    #[test]
    fn what_is_small_and_is_no_rounding_keeps_its_range() {
        let small = around([1e-6, 3e-6].into_iter(), 0.0);
        assert_eq!((small.low, small.high), (1e-6, 3e-6));
        let airy = around([1.0, 2.0].into_iter(), 0.1);
        assert!((airy.low - 0.9).abs() < 1e-12 && (airy.high - 2.1).abs() < 1e-12);
        let whole = from_zero([0.25, 0.5].into_iter(), 0.0);
        assert_eq!((whole.low, whole.high), (0.0, 0.5));
        assert_eq!(from_zero([-0.5, 0.5].into_iter(), 0.0).low, -0.5);
        let log = decades_around(1e-7, 2e-3);
        assert!(log.log && log.low < 1e-7 && log.high > 2e-3);
        // Without values there is an axis all the same.
        for scale in [around(std::iter::empty(), 0.1), from_zero([f64::NAN].into_iter(), 0.0)] {
            assert!(scale.low <= 0.0 && scale.high >= 1.0);
        }
    }
}
