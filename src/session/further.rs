//! Further seeds of an experiment: the same runs and references again, kept only as far as medians and bands need.
//!
//! One seed's networks exist at a time. A seed that is not complete is told to nobody, so seeds that are compared
//! have all gone equally far.

use super::Clock;
use super::experiment::{Material, Run, StartError, diverged, due, next_due};
use super::sweep::Sweep;
use super::workshop::Workshop;
use crate::protocol::{AskedSweep, Outline, SeedCurves, SeedRecord};
use crate::train::{Checkpoints, any_learns};

/// Most losses told of one run of one seed.
const POINTS: u32 = 200;

/// Steps between the losses that are told, so that with step 0 and the last they are at most [`POINTS`].
pub fn every(steps: u32) -> u32 {
    steps.div_ceil(POINTS - 2).max(1)
}

/// Points of one front of one seed: of two tasks every fifth of those that the page looks at, of more tasks all.
fn front_points(n_tasks: usize) -> u32 {
    if n_tasks == 2 { 21 } else { 101 }
}

/// The seeds behind the first.
pub struct FurtherSeeds {
    workshop: Workshop,
    first: u32,
    /// Seeds asked for and complete, the first among them.
    of: u32,
    trained: u32,
    record: SeedRecord,
    current: Option<UnderWay>,
    /// Networks of the current seed that are complete.
    done: usize,
    stopped: bool,
}

/// The network that is trained, then swept.
struct UnderWay {
    run: Run,
    curves: SeedCurves,
    sweep: Option<Sweep>,
}

impl FurtherSeeds {
    pub fn new(workshop: Workshop, first: u32, of: u32) -> Self {
        let record = SeedRecord::default();
        Self { workshop, first, of: of.max(1), trained: 1, record, current: None, done: 0, stopped: false }
    }

    /// Looks at every manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        self.workshop.prefer(preference);
        if let Some(mixture) = self.current.as_mut().and_then(|current| current.run.mixture.as_mut()) {
            mixture.copy_from_slice(preference);
        }
    }

    pub fn finished(&self) -> bool {
        self.stopped || self.trained >= self.of
    }

    pub fn trained(&self) -> u32 {
        self.trained
    }

    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Trains no more; the seed that was under way is lost.
    pub fn stop(&mut self) {
        if self.trained < self.of {
            self.stopped = true;
            self.current = None;
            self.record = SeedRecord::default();
        }
    }

    /// How much of all further seeds is done, in [0, 1], by steps of networks.
    pub fn share(&self, steps: u32) -> f64 {
        let networks = (self.workshop.n_runs() + self.workshop.n_tasks()) as f64;
        let under_way = self.current.as_ref().map_or(0.0, |current| f64::from(current.run.trainer.next_step()));
        let of_seed = (self.done as f64 + under_way / f64::from(steps + 1)) / networks;
        (f64::from(self.trained - 1) + of_seed) / f64::from((self.of - 1).max(1))
    }

    /// One step of one network, or a portion of its front; the record of a seed that this completed.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn advance(
        &mut self,
        (outline, material, preference): (&Outline, &Material, &[f64]),
        theta: &mut Vec<f32>,
        clock: &Clock,
    ) -> Result<Option<SeedRecord>, String> {
        if self.finished() {
            return Ok(None);
        }
        let mut current = match self.current.take() {
            Some(under_way) => under_way,
            None => UnderWay { run: self.next()?, curves: SeedCurves::default(), sweep: None },
        };
        let sweeps = self.done < self.workshop.n_runs() && any_learns(&outline.runs);
        if current.run.trainer.ending().is_none() {
            current.train((outline, material), theta, sweeps).await?;
            if current.run.trainer.ending().is_some() && sweeps && current.curves.diverged.is_none() {
                let (n_tasks, step) = (outline.n_tasks, outline.steps);
                let asked = AskedSweep { step, points: front_points(n_tasks), all_runs: true, ..Default::default() };
                let of = (std::slice::from_mut(&mut current.run), material, outline);
                // A network of no numbers has no front.
                current.sweep = Sweep::new(&asked, of, preference).ok().and_then(|(_, spread)| spread);
            }
        } else if let Some(sweep) = &mut current.sweep {
            let portion = sweep.advance(std::slice::from_mut(&mut current.run), clock);
            current.curves.front.extend(portion.into_iter().flat_map(|portion| portion.points));
        }
        let is_swept = current.sweep.as_ref().is_none_or(|sweep| !sweep.wants_to_advance());
        if current.run.trainer.ending().is_none() || !is_swept {
            self.current = Some(current);
            return Ok(None);
        }
        let n_runs = self.workshop.n_runs();
        let list = if self.done < n_runs { &mut self.record.runs } else { &mut self.record.references };
        list.push(current.curves);
        self.done += 1;
        if self.done < n_runs + self.workshop.n_tasks() {
            return Ok(None);
        }
        self.record.seed = self.seed();
        self.done = 0;
        self.trained += 1;
        Ok(Some(std::mem::take(&mut self.record)))
    }

    fn seed(&self) -> u32 {
        self.first.wrapping_add(self.trained)
    }

    /// The network after those that are complete: runs first, then references.
    fn next(&self) -> Result<Run, String> {
        let (at, n_runs) = (self.done, self.workshop.n_runs());
        let made = match at.checked_sub(n_runs) {
            None => self.workshop.run(at, self.seed(), false),
            Some(task) => self.workshop.reference(task, self.seed()),
        };
        made.map_err(|error| match error {
            StartError::Config(why) | StartError::Data(why) | StartError::Device(why) => why,
        })
    }
}

impl UnderWay {
    /// One step; keeps the last weights where they are swept.
    async fn train(
        &mut self,
        (outline, material): (&Outline, &Material),
        theta: &mut Vec<f32>,
        sweeps: bool,
    ) -> Result<(), String> {
        let Self { run, curves, .. } = self;
        let step = run.trainer.next_step();
        let test =
            material.test().filter(|_| run.evaluator.is_some() && due(step, outline.evaluate_every, outline.steps));
        let keeps = sweeps && step == outline.steps;
        if test.is_some() || keeps {
            run.trainer.weights(theta).await.map_err(|error| error.to_string())?;
        }
        if let Some(test) = test {
            let point = run.point(theta);
            if let Some(evaluator) = &mut run.evaluator
                && theta.iter().all(|x| x.is_finite())
            {
                let metrics = evaluator.judge(&point, test, &run.targets).1;
                curves.metrics.push((step, metrics));
            }
        }
        if keeps {
            let mut checkpoints = Checkpoints::new(outline.steps, theta.len(), size_of_val(&theta[..]));
            checkpoints.store(step, theta);
            run.checkpoints = Some(checkpoints);
        }
        let judging = run.evaluator.as_ref().map_or(u32::MAX, |_| outline.evaluate_every);
        run.trainer.be_quiet_until(next_due(step, judging, outline.steps));
        let record = run.trainer.advance().await.map_err(|error| error.to_string())?;
        if let Some(record) = record.filter(|record| due(record.step, outline.seed_every, outline.steps)) {
            curves.losses.push((record.step, record.losses));
        }
        curves.diverged = diverged(&run.trainer);
        Ok(())
    }
}
