//! One network of a further seed, trained and swept, and kept only as far as medians and bands need.

use super::Clock;
use super::experiment::{Material, Run, diverged, due, next_due};
use super::sweep::Sweep;
use super::workshop::Workshop;
use crate::backend::{Backend, ResidentStep, Weighting};
use crate::protocol::{AskedSweep, Network, Outline, SeedCurves};
use crate::train::{Checkpoints, any_learns};
use std::ops::Range;

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

/// What a network is trained in: what to learn, how it is judged, and the preference of the experiment (K).
pub type Surroundings<'a> = (&'a Outline, &'a Material, &'a [f64]);

/// The network that is trained, then swept.
pub struct UnderWay {
    run: Run,
    curves: SeedCurves,
    sweep: Option<Sweep>,
    /// Whether its front, or its only point, is told in the end.
    sweeps: bool,
}

impl UnderWay {
    /// # Errors
    /// Why the device cannot have it.
    pub fn new(workshop: &Workshop, outline: &Outline, network: Network) -> Result<Self, String> {
        let at = network.at as usize;
        let made = match at.checked_sub(workshop.n_runs()) {
            None => workshop.run(at, network.seed, false),
            Some(task) => workshop.reference(task, network.seed),
        };
        let run = made.map_err(|error| error.sentence())?;
        let sweeps = at < workshop.n_runs() && any_learns(&outline.runs);
        Ok(Self { run, curves: SeedCurves::default(), sweep: None, sweeps })
    }

    /// Looks at a manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        if let Some(mixture) = &mut self.run.mixture {
            mixture.copy_from_slice(preference);
        }
    }

    /// How much of its training is done, in [0, 1].
    pub fn share(&self, steps: u32) -> f64 {
        f64::from(self.run.trainer.next_step()) / f64::from(steps + 1)
    }

    /// What is told of it, once it is complete.
    pub fn into_curves(self) -> SeedCurves {
        self.curves
    }

    /// One step, or a portion of its front; whether that completed it.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn advance(
        &mut self,
        (outline, material, preference): Surroundings<'_>,
        theta: &mut Vec<f32>,
        clock: &Clock,
    ) -> Result<bool, String> {
        if self.run.trainer.ending().is_none() {
            self.train((outline, material), theta).await?;
            if self.run.trainer.ending().is_some() && self.sweeps && self.curves.diverged.is_none() {
                let (n_tasks, step) = (outline.n_tasks, outline.steps);
                let asked = AskedSweep { step, points: front_points(n_tasks), all_runs: true, ..Default::default() };
                let of = (std::slice::from_mut(&mut self.run), material, outline);
                // A network of no numbers has no front.
                self.sweep = Sweep::new(&asked, of, preference).ok().and_then(|(_, spread)| spread);
            }
        } else if let Some(sweep) = &mut self.sweep {
            let portion = sweep.advance(std::slice::from_mut(&mut self.run), clock);
            self.curves.front.extend(portion.into_iter().flat_map(|portion| portion.points));
        }
        let is_swept = self.sweep.as_ref().is_none_or(|sweep| !sweep.wants_to_advance());
        Ok(self.run.trainer.ending().is_some() && is_swept)
    }

    /// One step, before which its weights are looked at where that is due.
    async fn train(&mut self, of: (&Outline, &Material), theta: &mut Vec<f32>) -> Result<(), String> {
        if self.is_looked_at(of) {
            self.run.trainer.weights(theta).await.map_err(|error| error.to_string())?;
            self.look_at(of, theta);
        }
        self.step(of.0).await
    }

    /// Whether its weights are looked at before the next step.
    pub fn is_looked_at(&self, (outline, material): (&Outline, &Material)) -> bool {
        let step = self.next_step();
        let judges = self.run.evaluator.is_some() && material.test().is_some();
        (judges && due(step, outline.evaluate_every, outline.steps)) || (self.sweeps && step == outline.steps)
    }

    /// Judges them, and keeps the last ones where they are swept.
    fn look_at(&mut self, (outline, material): (&Outline, &Material), theta: &[f32]) {
        let Self { run, curves, .. } = self;
        let step = run.trainer.next_step();
        if let Some(test) = material.test().filter(|_| due(step, outline.evaluate_every, outline.steps)) {
            let point = run.point(theta);
            if let Some(evaluator) = &mut run.evaluator
                && theta.iter().all(|x| x.is_finite())
            {
                let metrics = evaluator.judge(&point, test, &run.targets).1;
                curves.metrics.push((step, metrics));
            }
        }
        if self.sweeps && step == outline.steps {
            let mut checkpoints = Checkpoints::new(outline.steps, theta.len(), size_of_val(theta));
            checkpoints.store(step, theta);
            run.checkpoints = Some(checkpoints);
        }
    }

    async fn step(&mut self, outline: &Outline) -> Result<(), String> {
        let Self { run, curves, .. } = self;
        let judging = run.evaluator.as_ref().map_or(u32::MAX, |_| outline.evaluate_every);
        run.trainer.be_quiet_until(next_due(run.trainer.next_step(), judging, outline.steps));
        let record = run.trainer.advance().await.map_err(|error| error.to_string())?;
        if let Some(record) = record.filter(|record| due(record.step, outline.seed_every, outline.steps)) {
            curves.losses.push((record.step, record.losses));
        }
        curves.diverged = diverged(&run.trainer);
        Ok(())
    }
}

/// Where the device trains it with others.
impl UnderWay {
    /// What it is on the device; `None` where it goes alone.
    pub fn companion(&self) -> Option<(&Backend, Weighting<'_>)> {
        self.run.trainer.companion().filter(|_| !self.sweeps)
    }

    /// Which tasks it learns: what one experiment trains of the same tasks is the same network.
    pub fn targets(&self) -> &[usize] {
        &self.run.targets
    }

    pub fn is_trained(&self) -> bool {
        self.run.trainer.ending().is_some()
    }

    pub fn next_step(&self) -> u32 {
        self.run.trainer.next_step()
    }

    /// (n, B) what it learns from in these steps.
    pub fn rows(&self, steps: Range<u32>) -> Vec<u32> {
        self.run.trainer.rows(steps)
    }

    pub fn learning_rates(&self, steps: Range<u32>) -> Vec<f64> {
        self.run.trainer.learning_rates(steps)
    }

    /// What the device did of its next steps.
    pub fn hear(&mut self, told: Vec<ResidentStep>) {
        self.run.trainer.hear(told);
    }

    /// The next of those steps; `theta` is where the first of them began, if somebody looks.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn follow(&mut self, of: (&Outline, &Material), theta: Option<&Vec<f32>>) -> Result<(), String> {
        if self.is_trained() {
            return Ok(());
        }
        if let Some(theta) = theta.filter(|_| self.is_looked_at(of)) {
            self.look_at(of, theta);
        }
        self.step(of.0).await
    }
}
