//! Several seeds in one picture: medians as lines, quartiles as bands, the first seed as a thin line.

use super::series::Curve;
use super::{Scene, exact};
use crate::measure::spread::Spread;
use crate::train::Band;

/// What stands behind a line of medians.
pub(super) struct Behind {
    /// (step, 25 % below, 25 % above) by ascending step; may be infinite.
    pub band: Vec<(f64, f64, f64)>,
    /// The first seed alone.
    pub first: Vec<(f64, f64)>,
    /// Where the median has diverged: half of the seeds have.
    pub ended: Option<u32>,
}

/// A curve of medians over `band` that belongs to a run, or the first seed's own where there is no band.
pub(super) fn curve(run: usize, first: Vec<(f64, f64)>, band: Option<&Band>) -> Curve {
    let Some(band) = band.filter(|band| !band.is_empty()) else {
        return Curve { run, points: first, noise: Vec::new(), behind: None };
    };
    let ended = band.iter().find(|(_, spread)| !spread.median.is_finite()).map(|(step, _)| *step);
    let behind = Behind {
        band: band.iter().map(|(step, spread)| (f64::from(*step), spread.low, spread.high)).collect(),
        first,
        ended,
    };
    Curve { run, points: medians(band), noise: Vec::new(), behind: Some(behind) }
}

/// (step, median) up to where it diverges.
pub(super) fn medians(band: &Band) -> Vec<(f64, f64)> {
    let finite = band.iter().take_while(|(_, spread)| spread.median.is_finite());
    finite.map(|(step, spread)| (f64::from(*step), spread.median)).collect()
}

/// `5 seeds: median, quartiles`, where several are complete.
pub(super) fn words(scene: &Scene) -> Option<String> {
    let several = !scene.history.bands.is_empty();
    several.then(|| format!("{} seeds: median, quartiles", scene.history.n_seeds()))
}

/// The same in fewer words, for a header.
pub(super) fn brief(scene: &Scene) -> Option<String> {
    let several = !scene.history.bands.is_empty();
    several.then(|| format!("median of {} seeds; thin: the first", scene.history.n_seeds()))
}

/// `0.12 (0.10 to 0.14)`: the median and its quartiles.
pub(super) fn cell(spread: &Spread, number: impl Fn(f64) -> String) -> String {
    if !spread.low.is_finite() && !spread.high.is_finite() {
        return "diverged".to_owned();
    }
    let word = |value: f64| if value.is_finite() { number(value) } else { "diverged".to_owned() };
    format!("{} ({} to {})", word(spread.median), word(spread.low), word(spread.high))
}

/// Rows of a data table for one band: what comes before the number and after it, and which number it is.
pub(super) fn data_rows(band: &Band, row: impl Fn(u32, String, &str) -> Vec<String>) -> Vec<Vec<String>> {
    let numbers = |(step, spread): &(u32, Spread)| {
        let numbers = [("median", spread.median), ("25 %", spread.low), ("75 %", spread.high)];
        numbers.map(|(which, value)| row(*step, exact(value), which))
    };
    band.iter().flat_map(numbers).collect()
}
