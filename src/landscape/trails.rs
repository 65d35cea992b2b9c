//! Paths of the same runs from the other starts of a problem: the store that portions of wandering go into.

use crate::protocol::{Wandered, WanderedEnd, WanderedPoint};

/// One run from one start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trail {
    /// Id of the start.
    pub start: String,
    /// Number of the run in the outline.
    pub run: usize,
    pub points: Vec<WanderedPoint>,
    /// `None` while it is under way.
    pub end: Option<WanderedEnd>,
}

/// Everything that is known so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trails {
    list: Vec<Trail>,
    /// Steps of all paths so far, of all that there are; nothing was told while both are 0.
    progress: (u64, u64),
}

impl Trails {
    /// Takes a portion; one of a path that is complete is dropped.
    pub fn take(&mut self, portion: Wandered) {
        let Wandered { start, run, points, end, done, of } = portion;
        let run = run as usize;
        self.progress = (done, of);
        let at = self.list.iter().position(|trail| trail.start == start && trail.run == run).unwrap_or_else(|| {
            self.list.push(Trail { start, run, ..Trail::default() });
            self.list.len() - 1
        });
        let trail = &mut self.list[at];
        if trail.end.is_none() {
            trail.points.extend(points);
            trail.end = end;
        }
    }

    /// In the order in which they were told: start by start.
    pub fn all(&self) -> &[Trail] {
        &self.list
    }

    /// Share of all steps, in [0, 1].
    pub fn share(&self) -> f64 {
        let (done, of) = self.progress;
        if of == 0 { 0.0 } else { done as f64 / of as f64 }
    }

    pub fn is_complete(&self) -> bool {
        let (done, of) = self.progress;
        of > 0 && done >= of
    }
}
