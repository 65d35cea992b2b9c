//! Numbers as the page writes them: three significant digits, U+2212 for minus, no locale.

/// `x` with three significant digits: `0.322`, `1.50`, `12.4`, `0.0048`, `3.1e-7`.
pub fn brief(x: f64) -> String {
    let text = match x.abs() {
        a if !a.is_finite() => return "–".into(),
        0.0 => "0".into(),
        a if a >= 1e6 => format!("{x:.1e}"),
        a if a >= 100.0 => format!("{x:.0}"),
        a if a >= 10.0 => format!("{x:.1}"),
        a if a >= 1.0 => format!("{x:.2}"),
        a if a >= 0.1 => format!("{x:.3}"),
        a if a >= 1e-4 => {
            let digits = (1.0 - a.log10()).ceil() as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.1e}"),
    };
    text.replace('-', "−")
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share).replace('-', "−") } else { "–".into() }
}

/// A metric by its name: accuracies as percentages, others with two decimals.
pub fn metric(name: &str, value: f64) -> String {
    if name == "accuracy" { percent(value) } else { format!("{value:.2}").replace('-', "−") }
}

/// The value as a number box shows it: plain digits that parse back, nothing cut off.
pub fn plain(x: f64) -> String {
    format!("{x}")
}

/// `x` rounded to `digits` significant digits, for values that come from a slider.
pub fn rounded(x: f64, digits: i32) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    format!("{x:.*e}", (digits - 1).max(0) as usize).parse().unwrap_or(x)
}

/// A count with commas between thousands: `118,676`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let groups: Vec<String> = Some(head.to_owned()).filter(|head| !head.is_empty()).into_iter().chain(groups).collect();
    groups.join(",")
}

/// Bytes in words: `0.9 MB`.
pub fn megabytes(bytes: u64) -> String {
    if bytes < 100_000 { format!("{} kB", bytes.div_ceil(1000)) } else { format!("{:.1} MB", bytes as f64 / 1e6) }
}

/// A rate with a unit prefix: `18k`, `410`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 9950.0 => format!("{:.0}k", r / 1000.0),
        r if r >= 1000.0 => format!("{:.1}k", r / 1000.0),
        r => format!("{r:.0}"),
    }
}

/// Steps a second, or their inverse where they are slow.
pub fn pace(per_second: f64) -> String {
    if per_second >= 1.0 {
        format!("{} steps/s", rate(per_second))
    } else {
        format!("{} s a step", brief(1.0 / per_second.max(1e-9)))
    }
}
