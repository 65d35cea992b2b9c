//! Numbers as links write them: plain decimals that parse back to the same bits.
//!
//! Rust's own parser also takes `inf`, `NaN` and `+1`; a link that holds those was damaged or is hostile,
//! so the grammar is checked first. Numbers are the same in every locale.

/// The shortest decimal that parses back to `x`, without exponent and without a leading 0: `.05`, `-.5`, `600`.
///
/// For finite `x`; others come out as words that [`read`] refuses.
pub fn write(x: f64) -> String {
    if x == 0.0 {
        // Minus zero is zero here.
        return "0".into();
    }
    let text = format!("{x}");
    match text.strip_prefix("-0.") {
        Some(rest) => format!("-.{rest}"),
        None => match text.strip_prefix("0.") {
            Some(rest) => format!(".{rest}"),
            None => text,
        },
    }
}

/// A finite number from `1`, `.05`, `-2.5` or `1e-3`.
///
/// # Errors
/// Half a sentence that says what is wrong, to stand after the given text.
pub fn read(text: &str) -> Result<f64, &'static str> {
    const NOT: &str = "is not a number like 0.05 or 600";
    if text.len() > 400 {
        return Err("is too long for a number");
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_ok = digits(whole) && (!whole.is_empty() || fraction.is_some());
    // `0.` is what is left of `0.05` when a link is cut.
    let fraction_ok = fraction.is_none_or(|part| !part.is_empty() && digits(part));
    let exponent_ok = exponent.is_none_or(|part| {
        let part = part.strip_prefix('-').unwrap_or(part);
        !part.is_empty() && digits(part)
    });
    if !(whole_ok && fraction_ok && exponent_ok) {
        return Err(NOT);
    }
    let value: f64 = text.parse().map_err(|_| NOT)?;
    if !value.is_finite() {
        return Err("is beyond every number that a computer holds here");
    }
    Ok(if value == 0.0 { 0.0 } else { value })
}

/// A whole number from digits alone.
///
/// # Errors
/// Half a sentence that says what is wrong, to stand after the given text.
pub fn read_whole(text: &str) -> Result<u64, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is not a whole number");
    }
    text.parse().map_err(|_| "is a larger number than anything here allows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(x: f64, text: &str) {
        assert_eq!(write(x), text);
        assert_eq!(read(text).map(f64::to_bits), Ok(x.to_bits()));
    }

    #[test]
    fn numbers_are_short_and_come_back() {
        check(0.05, ".05");
        check(-0.5, "-.5");
        check(1.0, "1");
        check(1e-6, ".000001");
        check(600.0, "600");
        check(1.0 / 3.0, ".3333333333333333");
        check(-1e21, "-1000000000000000000000");
    }

    #[track_caller]
    fn check_refused(text: &str) {
        assert!(read(text).is_err(), "{text}");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let words = ["", "-", ".", "0.", "1.", "e3", "1e", "1e-", "NaN", "nan", "inf", "-inf", "infinity", "+1"];
        words.into_iter().for_each(check_refused);
        ["1e999", "-1e999", "0x10", "1_000", "1,5", "1 ", "--1", "1.2.3", "1e1e1", "１"]
            .into_iter()
            .for_each(check_refused);
        check_refused(&"9".repeat(500));
        assert_eq!(read_whole("12"), Ok(12));
        for text in ["", "-1", "1.5", "1e3", "99999999999999999999999"] {
            assert!(read_whole(text).is_err(), "{text}");
        }
    }
}
