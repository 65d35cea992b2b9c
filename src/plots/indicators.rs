//! Indicators of what stands in loss space, run by run and of all runs together: words, columns and a small table.

use super::{Scene, Table, axis, exact, front, manifold, number, percent};
use crate::measure::front::{Indicators, indicators};

/// What the drawn runs are worth where the cursor is.
pub(super) struct Worths {
    /// (K) What hypervolumes are measured to.
    pub(super) reference: Vec<f64>,
    /// Of every drawn run that stands somewhere.
    pub(super) runs: Vec<(usize, Indicators)>,
    /// Of all their points together.
    pub(super) all: Indicators,
    /// Whether the true front is known.
    known: bool,
}

impl Worths {
    pub(super) fn of(scene: &Scene) -> Self {
        let learned = manifold::is_learned(scene);
        let points = |run: usize| if learned { manifold::losses_of(scene, run) } else { front::losses_of(scene, run) };
        let sets: Vec<(usize, Vec<Vec<f64>>)> = scene.runs().into_iter().map(|run| (run, points(run))).collect();
        let reference = if learned { manifold::reference_of(scene) } else { front::reference(scene) };
        let known = &scene.history.outline.front;
        let all: Vec<Vec<f64>> = sets.iter().flat_map(|(_, points)| points).cloned().collect();
        let worth = |points: &[Vec<f64>]| indicators(points, &reference, known);
        let runs = sets.iter().filter(|(_, points)| !points.is_empty());
        let runs = runs.map(|(run, points)| (*run, worth(points))).collect();
        Self { runs, all: worth(&all), known: !known.is_empty(), reference }
    }

    /// Names of what [`Self::cells`] tells, with the reference point.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        if self.has_volume() {
            columns.push(format!("hypervolume to {}", place(&self.reference)));
        }
        if self.known && self.has_volume() {
            columns.push("share of the true front’s".to_owned());
        }
        if self.known {
            columns.push("distance of the true front (IGD)".to_owned());
        }
        columns.extend(["spread".to_owned(), "spacing".to_owned()]);
        columns
    }

    pub(super) fn cells(&self, worth: &Indicators, write: fn(f64) -> String) -> Vec<String> {
        let mut values = Vec::new();
        if self.has_volume() {
            values.push(worth.hypervolume);
        }
        if self.known && self.has_volume() {
            values.push(worth.ratio);
        }
        if self.known {
            values.push(worth.igd);
        }
        values.extend([worth.spread, worth.spacing]);
        values.into_iter().map(|value| value.map_or(String::new(), write)).collect()
    }

    /// Cells for rows that are not a whole set.
    pub(super) fn blank(&self) -> Vec<String> {
        vec![String::new(); self.columns().len()]
    }

    /// What is known of this run.
    pub(super) fn of_run(&self, run: usize) -> Option<&Indicators> {
        self.runs.iter().find(|(other, _)| *other == run).map(|(_, worth)| worth)
    }

    fn has_volume(&self) -> bool {
        matches!(self.reference.len(), 2 | 3)
    }
}

/// What all runs are called together.
pub(super) const TOGETHER: &str = "all runs together";

/// A row a run and one for all of them; without rows where nothing stands anywhere.
pub(super) fn table(scene: &Scene) -> Table {
    if scene.n_tasks() < 2 {
        return Table::new(["run"]);
    }
    let worths = Worths::of(scene);
    let mut table = Table::new(["run"]);
    table.columns.extend(worths.columns());
    let row = |name: String, worth: &Indicators| [vec![name], worths.cells(worth, number)].concat();
    table.rows = worths.runs.iter().map(|(run, worth)| row(scene.run_name(*run), worth)).collect();
    if table.rows.len() > 1 {
        table.rows.push(row(TOGETHER.to_owned(), &worths.all));
    }
    table
}

/// The same in full, one number a line: run, what it is, value.
pub(super) fn long(scene: &Scene) -> Vec<[String; 3]> {
    let worths = Worths::of(scene);
    let mut lines = Vec::new();
    let mut tell = |name: String, worth: &Indicators| {
        let told = worths.columns().into_iter().zip(worths.cells(worth, exact));
        lines.extend(told.filter(|(_, value)| !value.is_empty()).map(|(what, value)| [name.clone(), what, value]));
    };
    for (run, worth) in &worths.runs {
        tell(scene.run_name(*run), worth);
    }
    if worths.runs.len() > 1 {
        tell(TOGETHER.to_owned(), &worths.all);
    }
    lines
}

/// Beside a title: hypervolume with its reference point, and what there is of the true front.
pub(super) fn phrase(worth: &Indicators, reference: &[f64]) -> String {
    let mut words = Vec::new();
    if let Some(volume) = worth.hypervolume {
        words.push(format!("hypervolume {} to {}", number(volume), place(reference)));
    }
    words.extend(worth.ratio.map(|ratio| format!("{} of the true front’s", percent(ratio))));
    words.extend(worth.igd.map(|igd| format!("IGD {}", number(igd))));
    words.join(", ")
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
    match (worth.spread, worth.spacing) {
        (Some(spread), Some(spacing)) => {
            words += &format!(" Spread {}, spacing {}.", number(spread), number(spacing));
        }
        (Some(spread), None) => words += &format!(" Spread {}.", number(spread)),
        _ => {}
    }
    words
}

/// A point in loss space, three digits a loss: `(1, 0.55)`.
pub(super) fn place(losses: &[f64]) -> String {
    let rounded = |loss: &f64| axis::tick(format!("{loss:.2e}").parse().unwrap_or(*loss));
    format!("({})", losses.iter().map(rounded).collect::<Vec<_>>().join(", "))
}
