//! Indicators of sets of points in words.

use super::{axis, number, percent};
use crate::measure::front::Indicators;

/// Behind other words beside a title: hypervolume with its reference point, and what there is of the true front.
pub(super) fn phrase(worth: &Indicators, reference: &[f64]) -> String {
    let mut words = String::new();
    if let Some(volume) = worth.hypervolume {
        words += &format!(", hypervolume {} to {}", number(volume), place(reference));
    }
    if let Some(ratio) = worth.ratio {
        words += &format!(", {} of the true front’s", percent(ratio));
    }
    if let Some(igd) = worth.igd {
        words += &format!(", IGD {}", number(igd));
    }
    words
}

/// All of them, behind other sentences.
pub(super) fn sentence(worth: &Indicators, reference: &[f64]) -> String {
    let mut words = String::new();
    if let Some(volume) = worth.hypervolume {
        words += &format!(" Hypervolume {} below {}", number(volume), place(reference));
        words += &worth.ratio.map_or(String::new(), |ratio| format!(", {} of the true front’s", percent(ratio)));
        words += ".";
    }
    if let Some(igd) = worth.igd {
        words += &format!(" The true front is {} away on average (IGD).", number(igd));
    }
    let told = [("spread", worth.spread), ("spacing", worth.spacing)];
    let told: Vec<String> =
        told.iter().filter_map(|(name, value)| value.map(|value| format!("{name} {}", number(value)))).collect();
    if !told.is_empty() {
        let mut last = told.join(", ");
        last[..1].make_ascii_uppercase();
        words += &format!(" {last}.");
    }
    words
}

/// A point in loss space, three digits a loss: `(1, 0.55)`.
pub(super) fn place(losses: &[f64]) -> String {
    let rounded = |loss: &f64| axis::tick(format!("{loss:.2e}").parse().unwrap_or(*loss));
    format!("({})", losses.iter().map(rounded).collect::<Vec<_>>().join(", "))
}
