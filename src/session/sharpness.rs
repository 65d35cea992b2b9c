//! Readings of sharpness along the checkpoints of all runs, a portion at a time between two steps of training.

use super::experiment::Run;
use crate::backend::Backend;
use crate::protocol::{AskedSharpness, Outline, SharpnessReading};
use crate::train::{SHARPNESS_ROWS, SharpnessReader};

/// Checkpoints along a run, fewest and most.
const CHECKPOINTS: (u32, u32) = (2, 21);
/// Parameters that the search for λ_max has room for: it holds twenty vectors of as many f64.
const PARAMETERS: usize = 1_000_000;
/// ρ, smallest and largest.
const RHO: (f64, f64) = (1e-3, 2.0);

/// What was asked, and how far the answer is.
pub struct Survey {
    rho: f64,
    reader: SharpnessReader,
    /// (run, step) in the order in which they are read: early steps of all runs first.
    places: Vec<(usize, u32)>,
    next: usize,
    /// Whether the reader is at the next place.
    begun: bool,
    done: u32,
}

impl Survey {
    /// What is asked beyond the limits is taken to them.
    ///
    /// # Errors
    /// A sentence for networks that are too large, and for runs without checkpoints.
    pub fn new(asked: AskedSharpness, runs: &mut [Run], outline: &Outline) -> Result<Self, String> {
        let (steps, parameters) = (outline.steps, outline.n_parameters);
        if parameters > PARAMETERS {
            return Err(format!(
                "The network has {parameters} parameters. Sharpness is read of networks with at most {PARAMETERS}."
            ));
        }
        let rho = if asked.rho.is_finite() { asked.rho.clamp(RHO.0, RHO.1) } else { AskedSharpness::default().rho };
        let stored = runs.first().and_then(|run| run.checkpoints.as_ref());
        let every = stored.ok_or("These runs keep no checkpoints.")?.every();
        let count = asked.checkpoints.clamp(CHECKPOINTS.0, CHECKPOINTS.1);
        let stored = |part: u32| match u64::from(part) * u64::from(steps) / u64::from(count - 1) {
            last if last >= u64::from(steps) => steps,
            step => step as u32 / every * every,
        };
        let mut at: Vec<u32> = (0..count).map(stored).collect();
        at.dedup();
        let places = at.iter().flat_map(|&step| (0..runs.len()).map(move |run| (run, step))).collect();
        // All runs train the same network on the same rows.
        let reader = match runs.first_mut().map(|run| &*run.trainer.backend()) {
            Some(Backend::Exact(exact)) => {
                let descent = exact.descent();
                SharpnessReader::of_problem(descent.problem, descent.targets.clone(), rho)
            }
            first => {
                let workload = first.and_then(Backend::workload).ok_or("These runs have no network.")?;
                SharpnessReader::of_network(workload, rho, (asked.rows.max(1) as usize).min(SHARPNESS_ROWS))
            }
        };
        Ok(Self { rho, reader, places, next: 0, begun: false, done: 0 })
    }

    /// Whether there is something to do now: the next place was reached, or never will be.
    pub fn wants_to_advance(&self, runs: &[Run]) -> bool {
        self.places.get(self.next).is_some_and(|&(run, step)| {
            let run = &runs[run];
            stored(run, step).is_some() || run.trainer.ending().is_some()
        })
    }

    /// One portion; the reading that it completed.
    pub fn advance(&mut self, runs: &[Run]) -> Option<SharpnessReading> {
        if !self.wants_to_advance(runs) {
            return None;
        }
        let (run, step) = self.places[self.next];
        if !self.begun {
            let Some(theta) = stored(&runs[run], step).filter(|theta| theta.iter().all(|x| x.is_finite())) else {
                // It diverged before.
                self.places.remove(self.next);
                return None;
            };
            self.reader.begin(&runs[run].point(theta));
            self.begun = true;
        }
        let tasks = self.reader.advance()?;
        self.begun = false;
        self.next += 1;
        self.done += 1;
        Some(SharpnessReading {
            run: run as u32,
            step,
            rho: self.rho,
            rows: self.reader.rows() as u32,
            tasks,
            done: self.done,
            of: self.places.len() as u32,
        })
    }
}

fn stored(run: &Run, step: u32) -> Option<&[f32]> {
    let (at, theta) = run.checkpoints.as_ref()?.at(step)?;
    (at == step).then_some(theta)
}
