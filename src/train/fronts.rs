//! Learned fronts as they are swept: what a plot of the front draws.

use crate::protocol::{FrontPoint, Judged, RunOutline, SweepPortion, SweptRows};

/// Points of every run's front at one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sweep {
    pub number: u32,
    /// One list a run; of two tasks by rising preference for the first. A run of a single point has one point.
    pub runs: Vec<Vec<FrontPoint>>,
    /// The checkpoint's step, by run.
    pub steps: Vec<u32>,
    pub rows: SweptRows,
    pub done: u32,
    pub of: u32,
}

impl Sweep {
    /// For this many runs, nothing swept yet.
    pub fn new(number: u32, n_runs: usize) -> Self {
        Self { number, runs: vec![Vec::new(); n_runs], steps: vec![0; n_runs], ..Self::default() }
    }

    pub fn is_complete(&self) -> bool {
        self.of > 0 && self.done >= self.of
    }

    fn insert(&mut self, portion: SweepPortion) {
        (self.rows, self.done, self.of) = (portion.rows, portion.done, portion.of);
        let run = portion.run as usize;
        let (Some(points), Some(step)) = (self.runs.get_mut(run), self.steps.get_mut(run)) else { return };
        *step = portion.step;
        points.extend(portion.points);
        if points.iter().all(|point| point.preference.len() == 2) {
            points.sort_by(|a, b| a.preference[0].total_cmp(&b.preference[0]));
        }
    }
}

/// Where losses were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    #[default]
    Test,
    Validation,
}

impl Rows {
    pub fn of(self, point: &FrontPoint) -> &Judged {
        match self {
            Self::Test => &point.test,
            Self::Validation => &point.validation,
        }
    }
}

/// What was swept of the open start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fronts {
    /// Complete, or the first one on its way.
    pub shown: Sweep,
    /// The next one on its way: it takes the place of what is shown when it is complete, so that nothing flickers.
    coming: Option<Sweep>,
    /// (run) each front's point at the preference that was asked for last.
    pub here: Vec<Option<FrontPoint>>,
    /// Why there are none, in a sentence.
    pub refusal: Option<String>,
}

impl Fronts {
    /// A sweep of this number was asked for.
    pub fn expect(&mut self, number: u32, n_runs: usize) {
        self.refusal = None;
        self.here.resize(n_runs, None);
        let next = Sweep::new(number, n_runs);
        if self.shown.is_complete() {
            self.coming = Some(next);
        } else {
            (self.shown, self.coming) = (next, None);
        }
    }

    /// Takes a portion in; one of an older question, or of a run that is not here, is left out.
    pub fn insert(&mut self, portion: SweepPortion) {
        if portion.single {
            let run = portion.run as usize;
            if let (Some(here), Some(point)) = (self.here.get_mut(run), portion.points.into_iter().next()) {
                *here = Some(point);
            }
            return;
        }
        if let Some(coming) = self.coming.as_mut().filter(|coming| coming.number == portion.number) {
            coming.insert(portion);
            if coming.is_complete() {
                self.shown = self.coming.take().unwrap_or_default();
            }
        } else if self.shown.number == portion.number {
            self.shown.insert(portion);
        }
    }

    /// There is no answer to what was asked for last, and why.
    pub fn refuse(&mut self, why: String) {
        self.refusal = Some(why);
        self.coming = None;
        if !self.shown.is_complete() {
            self.shown = Sweep::default();
        }
    }

    /// Whether a sweep is under way.
    pub fn is_under_way(&self) -> bool {
        self.coming.is_some() || self.shown.number > 0 && !self.shown.is_complete()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.runs.iter().all(Vec::is_empty)
    }

    /// The points of a run's front, or its only one.
    pub fn of_run(&self, run: usize) -> &[FrontPoint] {
        self.shown.runs.get(run).map_or(&[], Vec::as_slice)
    }
}

/// Whether any of these runs learns a front.
pub fn any_learns(runs: &[RunOutline]) -> bool {
    runs.iter().any(|run| run.members > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(number: u32, run: u32, shares: &[f64], (done, of): (u32, u32)) -> SweepPortion {
        let point = |share: &f64| FrontPoint { preference: vec![*share, 1.0 - share], ..Default::default() };
        let points = shares.iter().map(point).collect();
        SweepPortion { number, run, step: number * 10, single: of == 0, done, of, points, ..Default::default() }
    }

    fn shares(fronts: &Fronts, run: usize) -> Vec<f64> {
        fronts.of_run(run).iter().map(|point| point.preference[0]).collect()
    }

    #[test]
    fn what_is_complete_stays_until_the_next_one_is() {
        let mut fronts = Fronts::default();
        fronts.expect(1, 2);
        fronts.insert(portion(1, 0, &[0.5, 0.0], (2, 3)));
        // The first one is seen as it comes.
        assert_eq!(shares(&fronts, 0), [0.0, 0.5]);
        assert!(fronts.is_under_way());
        fronts.insert(portion(1, 0, &[1.0], (3, 3)));
        assert!(!fronts.is_under_way());
        fronts.expect(2, 2);
        fronts.insert(portion(2, 0, &[0.25], (1, 2)));
        assert_eq!((shares(&fronts, 0), fronts.is_under_way()), (vec![0.0, 0.5, 1.0], true));
        // What was asked for before is no news.
        fronts.insert(portion(1, 0, &[0.7], (3, 3)));
        fronts.insert(portion(2, 1, &[0.75], (2, 2)));
        assert_eq!((shares(&fronts, 0), shares(&fronts, 1)), (vec![0.25], vec![0.75]));
        assert_eq!((fronts.shown.steps.clone(), fronts.is_under_way()), (vec![20, 20], false));
    }

    #[test]
    fn a_refusal_ends_what_was_under_way() {
        let mut fronts = Fronts::default();
        fronts.expect(1, 1);
        fronts.refuse("No checkpoint yet.".into());
        assert!(!fronts.is_under_way() && fronts.refusal.is_some());
        fronts.expect(2, 1);
        fronts.insert(portion(2, 0, &[0.5], (1, 1)));
        assert!(fronts.refusal.is_none() && !fronts.is_under_way());
        // What is there stays where the next one cannot be had.
        fronts.expect(3, 1);
        fronts.refuse("Diverged.".into());
        assert_eq!((shares(&fronts, 0), fronts.is_under_way()), (vec![0.5], false));
    }

    #[test]
    fn a_single_point_is_none_of_the_front() {
        let mut fronts = Fronts::default();
        fronts.expect(1, 1);
        fronts.insert(portion(1, 0, &[0.3], (0, 0)));
        fronts.insert(portion(1, 4, &[0.3], (0, 0)));
        assert!(fronts.is_empty());
        assert_eq!(fronts.here[0].as_ref().map(|point| point.preference[0]), Some(0.3));
    }
}
