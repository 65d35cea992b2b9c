//! What is known of the map: the sheet with everything that reading it takes.

use crate::landscape::{HEIGHTS, HeightSource, HeightUnit, Off, Pull, Sheet};
use crate::protocol::{MapPoint, OffMeasure};

use super::super::axis;
use super::relief::What;
use super::{Badge, Scene};

/// A sheet that fits the scene.
pub(super) struct Known<'s> {
    pub scene: &'s Scene<'s>,
    pub sheet: &'s Sheet,
    /// From where to where along both axes; [0, 0] for the second of a line.
    pub spans: [[f64; 2]; 2],
    /// The drawn runs that have points.
    pub runs: Vec<usize>,
    scales: Vec<f64>,
    preference: Vec<f64>,
    ranges: Vec<f64>,
}

impl<'s> Known<'s> {
    /// # Errors
    /// Why there is no map, in a sentence.
    pub fn of(scene: &'s Scene<'s>) -> Result<Self, String> {
        let Some(sheet) = scene.land.sheet else {
            let soon = "The map of the losses appears here with the first checkpoints of the runs.";
            return Err(scene.land.why.unwrap_or(soon).to_owned());
        };
        let k = scene.n_tasks();
        let ranges = sheet.ranges();
        let spans = &sheet.plan.plane.spans;
        let is_line = sheet.plan.plane.is_line();
        let is_wide = |span: &[f64; 2]| span[0].is_finite() && span[1].is_finite() && span[1] > span[0];
        let wide = spans.len() >= if is_line { 1 } else { 2 } && spans.iter().all(is_wide);
        if k == 0 || ranges.len() != k || !wide {
            return Err("The map of the losses appears here when its plane is laid anew.".to_owned());
        }
        let even = |numbers: &[f64], value: f64| if numbers.len() == k { numbers.to_vec() } else { vec![value; k] };
        let has_points = |run: &usize| sheet.plan.paths.get(*run).is_some_and(|path| !path.points.is_empty());
        Ok(Self {
            spans: [spans[0], if is_line { [0.0, 0.0] } else { spans[1] }],
            runs: scene.runs().into_iter().filter(has_points).collect(),
            scales: even(&scene.history.outline.loss_scales, 1.0),
            preference: even(scene.land.preference, 1.0 / k as f64),
            ranges,
            scene,
            sheet,
        })
    }

    pub fn n_tasks(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_line(&self) -> bool {
        self.sheet.plan.plane.is_line()
    }

    fn factors(&self) -> (&[f64], &[f64]) {
        (&self.scales, &self.preference)
    }

    /// Nodes of the finest grid that is complete, or of the coarsest before that, and how many stand in a row.
    pub fn nodes(&self) -> (Vec<u32>, usize) {
        let grid = &self.sheet.grid;
        let step = self.sheet.step().or_else(|| grid.steps().next()).unwrap_or(1).max(1);
        let (side, rows) = (grid.side(), grid.rows());
        let along = |count: u32| (0..count).step_by(step);
        let nodes = along(rows).flat_map(|row| along(side).map(move |column| row * side + column)).collect();
        (nodes, along(side).count())
    }

    pub fn height_at(&self, what: What, node: u32) -> f64 {
        match what {
            What::Task(task) => {
                let loss = self.sheet.losses(node as usize).map(|losses| f64::from(losses[task]));
                loss.filter(|loss| loss.is_finite()).unwrap_or(f64::NAN)
            }
            What::Height(source) => self.sheet.height(source, node as usize, 0, self.factors()),
        }
    }

    /// The maps to draw: one a task, and their sum beside them where there is room; or the height that is chosen.
    pub fn maps(&self, with_sum: bool) -> Vec<What> {
        let source = self.scene.land.height.source;
        if source.unit != HeightUnit::LossPerTask {
            return vec![What::Height(source)];
        }
        let sum = HEIGHTS.iter().find(|source| source.unit == HeightUnit::Loss).map(What::Height);
        (0..self.n_tasks()).map(What::Task).chain(sum.filter(|_| with_sum && self.n_tasks() > 1)).collect()
    }

    /// `L₁ + 0.05 L₂` for what sums losses, a word on scales where tasks are compared; nothing for others or where
    /// that would be long.
    pub fn formula(&self, source: &'static HeightSource) -> String {
        if source.unit == HeightUnit::Task {
            return "loss scales in it".to_owned();
        }
        let sums = source.unit == HeightUnit::Loss && !source.takes_run;
        if !sums || self.n_tasks() > 3 {
            return String::new();
        }
        // What the height makes of one task's loss alone is its factor; the largest has none.
        let factor = |task: usize| {
            let mut losses = vec![0.0; self.n_tasks()];
            losses[task] = 1.0;
            What::Height(source).of_losses(&losses, self.factors())
        };
        let all = What::Height(source).of_losses(&vec![1.0; self.n_tasks()], self.factors());
        let factors: Vec<f64> = (0..self.n_tasks()).map(factor).collect();
        if (factors.iter().sum::<f64>() - all).abs() > 1e-6 * all.abs() {
            return String::new();
        }
        let low = |n: usize| char::from_u32('₀' as u32 + n as u32).unwrap_or('ᵢ');
        let term = |(task, factor): (usize, &f64)| {
            let factor = if (factor - 1.0).abs() < 1e-9 { String::new() } else { axis::tick(*factor) + " " };
            format!("{factor}L{}", low(task + 1))
        };
        factors.iter().enumerate().map(term).collect::<Vec<_>>().join(" + ")
    }

    /// What a map shows where a run truly stands, from its true losses and gradients; NaN where they are not known.
    pub fn truth(&self, what: What, run: usize, idx: usize) -> f64 {
        let (losses, numbers) = (self.sheet.truth(run, idx), self.sheet.true_pull(run, idx));
        let pull = numbers.as_ref().and_then(|numbers| Pull::new(self.n_tasks(), numbers));
        if losses.len() == self.n_tasks() { what.of_point(losses, pull, self.factors()) } else { f64::NAN }
    }

    /// What the map shows where its projection lies.
    pub fn shown(&self, what: What, run: usize, idx: usize) -> f64 {
        self.of_losses(what, self.sheet.shown(run, idx))
    }

    pub fn of_losses(&self, what: What, losses: &[f64]) -> f64 {
        if losses.len() == self.n_tasks() { what.of_losses(losses, self.factors()) } else { f64::NAN }
    }

    pub fn points(&self, run: usize) -> &'s [MapPoint] {
        self.sheet.plan.paths.get(run).map_or(&[], |path| &path.points)
    }

    /// Position of the last point of a run that is not after a step.
    pub fn at(&self, run: usize, step: u32) -> Option<usize> {
        self.points(run).partition_point(|point| point.step <= step).checked_sub(1)
    }

    /// Whether the run has left before this step.
    pub fn is_over(&self, run: usize, step: u32) -> bool {
        self.scene.diverged(run).is_some_and(|end| end <= step)
    }

    /// The run whose numbers stand beside its marker: the one that is read, if it is drawn.
    pub fn read_run(&self) -> Option<usize> {
        let at_run = self.scene.at_run;
        if self.runs.contains(&at_run) { Some(at_run) } else { self.runs.first().copied() }
    }

    pub fn off(&self, run: usize, idx: usize) -> Option<Off> {
        self.sheet.off(run, idx, &self.ranges).filter(|off| off.by.is_finite())
    }

    /// How far one task's loss is off at a point.
    pub fn off_of(&self, task: usize, run: usize, idx: usize) -> f64 {
        let (Some(truth), Some(shown)) = (self.sheet.truth(run, idx).get(task), self.sheet.shown(run, idx).get(task))
        else {
            return f64::NAN;
        };
        self.measure().of(*truth, *shown, self.ranges[task])
    }

    pub fn measure(&self) -> OffMeasure {
        self.sheet.plan.measure
    }

    /// `400×`, `12 % of the range`.
    pub fn off_words(&self, by: f64) -> String {
        match self.measure() {
            _ if !by.is_finite() => "–".to_owned(),
            OffMeasure::Ratio => format!("{}×", brief(by)),
            OffMeasure::ShareOfRange => format!("{} %", brief(100.0 * by)),
        }
    }

    /// The node nearest to a point of the plane.
    pub fn nearest(&self, at: [f64; 2]) -> u32 {
        let grid = &self.sheet.grid;
        let along = |axis: usize, count: u32| {
            let [from, to] = self.spans[axis];
            let share = ((at[axis] - from) / (to - from)).clamp(0.0, 1.0);
            if share.is_finite() { (share * f64::from(count.saturating_sub(1))).round() as u32 } else { 0 }
        };
        along(1, grid.rows()) * grid.side() + along(0, grid.side())
    }

    /// The nearest known node of the grid that is drawn.
    pub fn nearest_known(&self, at: [f64; 2]) -> u32 {
        let node = self.nearest(at);
        if self.sheet.losses(node as usize).is_some() {
            return node;
        }
        let step = self.sheet.step().or_else(|| self.sheet.grid.steps().next()).unwrap_or(1).max(1) as u32;
        let side = self.sheet.grid.side();
        let round = |at: u32| (at + step / 2) / step * step;
        round(node / side) * side + round(node % side)
    }

    /// `axis 1, 55 %`, with the length of a unit where it has one.
    pub fn axis_words(&self, axis: usize) -> String {
        let Some(told) = self.sheet.plan.axes.get(axis) else { return String::new() };
        match told.explained.filter(|_| !self.sheet.plan.exact && !self.is_line()) {
            Some(share) => format!("{}, {:.0} %", told.label, (100.0 * share).floor()),
            None => told.label.clone(),
        }
    }

    /// How exact the map is, in both numbers.
    pub fn badge(&self) -> Badge {
        let plan = &self.sheet.plan;
        if plan.exact {
            let words = match self.is_line() {
                true => "Exact: the only parameter is drawn, nothing is projected.",
                false => "Exact: both parameters are drawn, nothing is projected.",
            };
            return Badge { exact: true, words: words.to_owned() };
        }
        let axes = if self.is_line() { "The line holds" } else { "Two axes hold" };
        let share = self.sheet.explained().map_or_else(
            || "How much of the paths the map holds is not known".to_owned(),
            |share| format!("{axes} {:.0} % of the paths", (100.0 * share + 1e-9).floor().min(100.0)),
        );
        let off = match self.sheet.worst() {
            None => "how far the loss shown is off is not known yet".to_owned(),
            Some((run, idx, off)) => {
                let step = self.points(run).get(idx).map_or(0, |point| point.step);
                let place =
                    format!("({}, {} at step {step})", self.scene.task_name(off.task), self.scene.run_name(run));
                match self.measure() {
                    _ if !off.by.is_finite() => format!("the loss shown is no number at one point {place}"),
                    OffMeasure::Ratio => {
                        format!("the loss shown is off by up to {} {place}", self.off_words(off.by))
                    }
                    OffMeasure::ShareOfRange => {
                        format!("the loss shown is off by up to {} of its range {place}", self.off_words(off.by))
                    }
                }
            }
        };
        Badge { exact: false, words: format!("{share}; {off}.") }
    }

    /// What the reader must know besides.
    pub fn notes(&self) -> Vec<String> {
        let plan = &self.sheet.plan;
        let mut notes = plan.notes.clone();
        if plan.rows < plan.of_rows {
            notes.push(format!("Losses are means over the first {} of {} training rows.", plan.rows, plan.of_rows));
        }
        match plan.left_out {
            0 => {}
            1 => notes.push("One checkpoint is no numbers and is left out.".to_owned()),
            n => notes.push(format!("{n} checkpoints are no numbers and are left out.")),
        }
        if !self.runs.is_empty() && self.runs.iter().all(|run| self.points(*run).len() == 1) {
            notes.push("Every run has a single checkpoint so far; paths grow as they train.".to_owned());
        }
        // Those of losses say so in their legend.
        let by_gradients = matches!(self.scene.land.height.source.unit, HeightUnit::Cosine | HeightUnit::Task);
        let told = self.runs.first().is_some_and(|run| self.sheet.true_pull(*run, 0).is_some());
        if by_gradients && told && !plan.exact && !self.is_line() {
            notes.push("Dots have the true values at their checkpoints.".to_owned());
        }
        match (self.sheet.by_gpu, &self.sheet.refused) {
            (0, None) => {}
            (0, Some(why)) => notes.push(format!("Evaluated on the CPU. {why}")),
            (_, None) => notes.push("≈ Evaluated on the GPU, whose sums round differently.".to_owned()),
            (n, Some(why)) => {
                let of = self.sheet.progress().1;
                notes.push(format!("≈ Evaluated on the GPU at {} of {of} points, then on the CPU. {why}", n.min(of)));
            }
        }
        if let Some(Err(why)) = self.scene.land.wind.filter(|_| self.scene.land.height.source.takes_run) {
            notes.push(why.to_owned());
        }
        notes
    }

    /// How much is known, in words.
    pub fn progress(&self) -> String {
        let grid = &self.sheet.grid;
        let size = |step: usize| {
            let along = |count: u32| (count as usize).div_ceil(step);
            if self.is_line() {
                format!("{} nodes", along(grid.side()))
            } else {
                format!("{} × {} nodes", along(grid.side()), along(grid.rows()))
            }
        };
        if self.sheet.is_complete() {
            return size(1);
        }
        let (done, of) = self.sheet.progress();
        let share = (100.0 * done as f64 / of.max(1) as f64).floor().min(99.0);
        match self.sheet.step() {
            Some(step) => format!("{} so far, {share:.0} % of {}", size(step), size(1)),
            None => format!("{share:.0} % of {}", size(1)),
        }
    }
}

/// Two significant digits; a dash for what is no number.
pub(super) fn brief(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || !(9.95e-5..99_500.0).contains(&size) {
        return axis::number(value);
    }
    // Rounding first, so that 0.0996 becomes 0.10 and not 0.100.
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    let places = (1 - rounded.abs().log10().floor() as i32).max(0) as usize;
    format!("{rounded:.places$}").replace('-', "−")
}
