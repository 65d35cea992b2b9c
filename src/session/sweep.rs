//! Losses and metrics along manifolds at a stored checkpoint, a portion at a time between two steps of training.

use super::Clock;
use super::experiment::{Material, Run, point_of};
use crate::backend::Backend;
use crate::data::Split;
use crate::problem::Problem;
use crate::protocol::{AskedSweep, FrontPoint, Judged, Outline, SweepPortion, SweptRows};
use crate::strategy::population::{Members, simplex};
use crate::train::Judging;
use std::rc::Rc;

/// Longest stretch of evaluation between two training steps, and most chunks of rows or exact points in one.
const PORTION_MILLIS: f64 = 8.0;
const PORTION: usize = 64;
/// Most points spread over the preferences of one run.
const POINTS: u32 = 5_151;
/// Multiply-adds of one point on one split that are affordable, and the least rows: a hundred points of the largest
/// preset then take some twenty seconds beside training, and a single one a fraction of one.
const AFFORDABLE: usize = 150_000_000;
const LEAST_ROWS: usize = 256;

/// What was asked, and how far the answer is.
pub struct Sweep {
    number: u32,
    ground: Ground,
    /// What is to be told: run, its checkpoint's step, where on its front.
    places: Vec<(usize, u32, Where)>,
    next: usize,
    done: u32,
    current: Option<Current>,
}

/// One point of a run.
#[derive(Clone)]
enum Where {
    /// A mixture, or the only point there is, with what the experiment prefers.
    Preference(Vec<f64>),
    /// A member of a population.
    Member(usize),
}

/// What points are judged by.
enum Ground {
    Rows { validation: Rc<Split>, test: Rc<Split>, rows: SweptRows },
    Problem(&'static Problem),
}

/// The point at hand.
struct Current {
    theta: Vec<f32>,
    judging: Judging,
    /// Once that split is done.
    validation: Option<Judged>,
}

impl Sweep {
    /// The answers that come at once, and what is left to do where points are spread.
    ///
    /// # Errors
    /// A sentence where no run learns a front, or none has a checkpoint yet.
    pub fn new(
        asked: &AskedSweep,
        (runs, material, outline): (&mut [Run], &Material, &Outline),
        preference: &[f64],
    ) -> Result<(Vec<SweepPortion>, Option<Self>), String> {
        let k = outline.n_tasks;
        let problem = match runs.first_mut().map(|run| &*run.trainer.backend()) {
            Some(Backend::Exact(exact)) => Some(exact.descent().problem),
            _ => None,
        };
        let ground = match (material, problem) {
            (Material::Rows { dataset, test, validation, .. }, _) => {
                let affordable = (AFFORDABLE / outline.n_parameters.max(1)).max(LEAST_ROWS);
                let most = if asked.rows == 0 { affordable } else { asked.rows as usize };
                let first = |split: &Rc<Split>| match split.rows <= most {
                    true => split.clone(),
                    false => Rc::new(split.first(most, dataset.n_inputs)),
                };
                let (first_validation, first_test) = (first(validation), first(test));
                let rows = SweptRows {
                    validation: first_validation.rows as u32,
                    of_validation: validation.rows as u32,
                    test: first_test.rows as u32,
                    of_test: test.rows as u32,
                };
                Ground::Rows { validation: first_validation, test: first_test, rows }
            }
            (Material::Formulas, Some(problem)) => Ground::Problem(problem),
            (Material::Formulas, None) => return Err("This experiment has no run.".into()),
        };
        let told = |run: &&Run| asked.all_runs || run.mixture.is_some();
        if !runs.iter().any(|run| told(&run)) {
            return Err("No run of this experiment learns a front: each is one point.".into());
        }
        let lattice = if asked.points == 0 { Vec::new() } else { simplex(k, asked.points.clamp(2, POINTS)) };
        let (mut single, mut places) = (Vec::new(), Vec::new());
        let mut stored = false;
        for (at, run) in runs.iter().enumerate().filter(|(_, run)| told(run)) {
            let checkpoint = run.checkpoints.as_ref().and_then(|checkpoints| checkpoints.at(asked.step));
            // Where it diverged there is nothing to say.
            let sound = checkpoint.filter(|(_, theta)| theta.iter().all(|x| x.is_finite()));
            let Some((step, weights)) = sound else { continue };
            stored = true;
            if run.mixture.is_none() {
                if asked.points > 0 {
                    places.push((at, step, Where::Preference(preference.to_vec())));
                }
            } else if run.points > 0 {
                let members = Members::new(weights, run.points, k);
                single.extend(asked.preference.iter().map(|alpha| (at, step, Where::Member(members.nearest(alpha)))));
                if asked.points > 0 {
                    places.extend(members.in_order().into_iter().map(|member| (at, step, Where::Member(member))));
                }
            } else {
                let of = |alpha: &Vec<f64>| (at, step, Where::Preference(alpha.clone()));
                single.extend(asked.preference.iter().map(of));
                places.extend(lattice.iter().map(of));
            }
        }
        if !stored {
            return Err("No run that learns a front has a sound checkpoint here yet.".into());
        }
        let sound = |alpha: &[f64]| alpha.len() == k && alpha.iter().all(|a| a.is_finite());
        if asked.preference.as_deref().is_some_and(|alpha| !sound(alpha)) {
            return Err(format!("A point of a front needs one share for each of the {k} tasks."));
        }
        let mut answers = Self { number: asked.number, ground, places: single, next: 0, done: 0, current: None };
        let mut portions = Vec::new();
        while let Some((run, step, point)) = answers.point(runs) {
            portions.push(SweepPortion { single: true, done: 0, of: 0, ..answers.portion(run, step, vec![point]) });
        }
        let spread = (asked.points > 0).then_some(Self { places, next: 0, done: 0, ..answers });
        Ok((portions, spread))
    }

    /// Whether there is something to do.
    pub fn wants_to_advance(&self) -> bool {
        self.next < self.places.len()
    }

    /// As many points of one run as a short while allows; `None` where none was completed in it.
    pub fn advance(&mut self, runs: &mut [Run], clock: &Clock) -> Option<SweepPortion> {
        let end = clock() + PORTION_MILLIS;
        let &(run, step, _) = self.places.get(self.next)?;
        let mut points = Vec::new();
        for _ in 0..PORTION {
            if let Some(point) = self.portion_of_point(runs) {
                points.push(point);
                self.done += 1;
            }
            let same = self.places.get(self.next).is_some_and(|&(next, ..)| next == run);
            if !same || clock() >= end {
                break;
            }
        }
        (!points.is_empty()).then(|| self.portion(run, step, points))
    }

    fn portion(&self, run: usize, step: u32, points: Vec<FrontPoint>) -> SweepPortion {
        let rows = match &self.ground {
            Ground::Rows { rows, .. } => *rows,
            Ground::Problem(_) => SweptRows::default(),
        };
        let (done, of) = (self.done, self.places.len() as u32);
        SweepPortion { number: self.number, run: run as u32, step, single: false, done, of, rows, points }
    }

    /// The next point in one go.
    fn point(&mut self, runs: &mut [Run]) -> Option<(usize, u32, FrontPoint)> {
        let &(run, step, _) = self.places.get(self.next)?;
        loop {
            if let Some(point) = self.portion_of_point(runs) {
                return Some((run, step, point));
            }
        }
    }

    /// A chunk of rows of the next point; the point once it is complete.
    fn portion_of_point(&mut self, runs: &mut [Run]) -> Option<FrontPoint> {
        let (run, step, place) = self.places.get(self.next)?;
        let run = &mut runs[*run];
        let stored = run.checkpoints.as_ref().and_then(|checkpoints| checkpoints.at(*step));
        let weights = stored.map_or(&[][..], |(_, weights)| weights);
        let (is_front, front) = (run.mixture.is_some(), (run.chart.as_deref(), run.points));
        let members = Members::new(weights, run.points, run.targets.len());
        let theta = || match place {
            Where::Preference(alpha) if is_front => point_of(front, weights, alpha).into_owned(),
            Where::Preference(_) => weights.to_vec(),
            Where::Member(member) => members.theta(*member).to_vec(),
        };
        let (validation, test) = match &self.ground {
            Ground::Problem(problem) => {
                let x: Vec<f64> = theta().iter().map(|&x| f64::from(x)).collect();
                let mut losses = vec![0.0; problem.n_tasks()];
                (problem.losses)(&x, &mut losses);
                let exact = Judged { losses, metrics: Vec::new() };
                (exact.clone(), exact)
            }
            Ground::Rows { validation, test, .. } => {
                let evaluator = run.evaluator.as_mut()?;
                let targets = &run.targets;
                let current = match self.current.take() {
                    Some(current) => self.current.insert(current),
                    None => {
                        let validation = (validation.rows == 0).then(Judged::default);
                        self.current.insert(Current { theta: theta(), judging: evaluator.begin(), validation })
                    }
                };
                let split = if current.validation.is_none() { validation } else { test };
                if !evaluator.judge_on(&mut current.judging, &current.theta, split, targets) {
                    return None;
                }
                let judging = std::mem::replace(&mut current.judging, evaluator.begin());
                let (losses, metrics) = evaluator.verdict(judging, split, targets);
                let judged = Judged { losses, metrics };
                let Some(validation) = current.validation.take() else {
                    current.validation = Some(judged);
                    return None;
                };
                self.current = None;
                (validation, judged)
            }
        };
        self.next += 1;
        let preference = match place {
            Where::Preference(alpha) => alpha.clone(),
            Where::Member(member) => members.place(*member),
        };
        Some(FrontPoint { preference, validation, test })
    }
}
