//! Readings of sharpness as they come, by run and step: what a plot of flatness over time draws.

use crate::protocol::{SharpnessReading, TaskSharpness};

/// The readings of one [`Command::Sharpness`](crate::protocol::Command::Sharpness).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    /// One list a run, ascending by step.
    pub runs: Vec<Vec<SharpnessReading>>,
    /// How many there are, and how many there will be.
    pub done: u32,
    pub of: u32,
    /// Why there are none, in a sentence.
    pub refusal: Option<String>,
}

impl Readings {
    /// For this many runs, none yet.
    pub fn new(n_runs: usize) -> Self {
        Self { runs: vec![Vec::new(); n_runs], ..Self::default() }
    }

    /// Takes a reading in; one of a run that is not here is left out.
    pub fn insert(&mut self, reading: SharpnessReading) {
        (self.done, self.of) = (reading.done, reading.of);
        let Some(run) = self.runs.get_mut(reading.run as usize) else { return };
        match run.binary_search_by_key(&reading.step, |known| known.step) {
            Ok(at) => run[at] = reading,
            Err(at) => run.insert(at, reading),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(Vec::is_empty)
    }

    /// (step, what was found) of one task along one run.
    pub fn of_task(&self, run: usize, task: usize) -> impl Iterator<Item = (u32, &TaskSharpness)> {
        let readings = self.runs.get(run).map_or(&[][..], Vec::as_slice);
        readings.iter().filter_map(move |reading| Some((reading.step, reading.tasks.get(task)?)))
    }

    /// The last reading of a run not after `step`.
    pub fn at(&self, run: usize, step: u32) -> Option<&SharpnessReading> {
        self.runs.get(run)?.iter().take_while(|reading| reading.step <= step).last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_kept_in_order() {
        let reading = |run, step, curvature| SharpnessReading {
            run,
            step,
            tasks: vec![TaskSharpness { curvature, ..Default::default() }],
            done: 1,
            of: 4,
            ..Default::default()
        };
        let mut readings = Readings::new(2);
        assert!(readings.is_empty());
        for (run, step, curvature) in [(1, 50, 3.0), (1, 0, 1.0), (0, 0, 2.0), (1, 50, 4.0), (7, 0, 9.0)] {
            readings.insert(reading(run, step, curvature));
        }
        let found: Vec<(u32, f64)> = readings.of_task(1, 0).map(|(step, found)| (step, found.curvature)).collect();
        assert_eq!(found, [(0, 1.0), (50, 4.0)]);
        assert_eq!(readings.of_task(1, 1).count() + readings.of_task(5, 0).count(), 0);
        assert_eq!(readings.at(1, 49).map(|reading| reading.step), Some(0));
        assert_eq!((readings.at(0, 99).map(|reading| reading.step), readings.at(3, 0)), (Some(0), None));
        assert_eq!((readings.done, readings.of), (1, 4));
    }
}
