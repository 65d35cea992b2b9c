//! The same runs from every other start of their problem, trained beside the experiment for pictures of all paths.

use super::experiment::{Run, StartError};
use super::workshop::{Stuff, Workshop};
use crate::config::{AnalyticConfig, ExperimentConfig};
use crate::problem::Start;
use crate::protocol::{Wandered, WanderedEnd, WanderedPoint};
use crate::train::Ending;

/// Steps between two looks at the clock.
const STRIDE: u32 = 16;

/// Where the paths of a problem stand.
pub struct Wander {
    number: u32,
    config: ExperimentConfig,
    analytic: AnalyticConfig,
    starts: Vec<&'static Start>,
    /// Paths that are complete: those of the first start come first.
    done: usize,
    current: Option<Run>,
    theta: Vec<f32>,
}

impl Wander {
    /// # Errors
    /// Why there are no such paths, in a sentence.
    pub fn new(number: u32, config: &ExperimentConfig) -> Result<Self, String> {
        let starts = config.other_starts();
        match config.analytic() {
            Some(analytic) if !starts.is_empty() => Ok(Self {
                number,
                config: config.clone(),
                analytic: analytic.clone(),
                starts,
                done: 0,
                current: None,
                theta: Vec::new(),
            }),
            _ => Err("Paths from several starts are drawn for problems of two parameters only.".into()),
        }
    }

    /// What was asked.
    pub fn number(&self) -> u32 {
        self.number
    }

    pub fn is_done(&self) -> bool {
        self.done == self.starts.len() * self.config.runs.len()
    }

    /// Trains on one path until it ends or `over` says so.
    ///
    /// # Errors
    /// Why training cannot go on, in a sentence.
    pub async fn portion(&mut self, over: &mut dyn FnMut() -> bool) -> Result<Wandered, String> {
        let (start, at) = (self.starts[self.done / self.config.runs.len()], self.done % self.config.runs.len());
        let mut run = match self.current.take() {
            Some(run) => run,
            None => self.begin(start, at)?,
        };
        let (problem, steps) = (self.analytic.problem, self.config.training.steps);
        let mut points = Vec::new();
        loop {
            let step = run.trainer.next_step();
            if run.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.wants(step, steps)) {
                run.trainer.weights(&mut self.theta).await.map_err(|error| error.to_string())?;
                if run.mixture.is_some() {
                    self.theta = run.point(&self.theta).into_owned();
                }
                run.checkpoints.iter_mut().for_each(|checkpoints| checkpoints.store(step, &self.theta));
                if let [a, b] = self.theta[..]
                    && a.is_finite()
                    && b.is_finite()
                {
                    let mut losses = vec![0.0; problem.n_tasks()];
                    (problem.losses)(&[f64::from(a), f64::from(b)], &mut losses);
                    points.push(WanderedPoint { step, x: [a, b], losses });
                }
            }
            run.trainer.advance().await.map_err(|error| error.to_string())?;
            if run.trainer.ending().is_some() || (step % STRIDE == STRIDE - 1 && over()) {
                break;
            }
        }
        let end = run.trainer.ending().map(|ending| {
            let stored = run.checkpoints.iter().flat_map(|checkpoints| checkpoints.all());
            let last = stored.map(|(_, theta)| theta).rfind(|theta| theta.iter().all(|x| x.is_finite()));
            let x: Option<Vec<f64>> = last.map(|theta| theta.iter().map(|x| f64::from(*x)).collect());
            WanderedEnd {
                diverged: match ending {
                    Ending::Complete => None,
                    Ending::Diverged(divergence) => Some(divergence.step),
                },
                to_set: problem.front.zip(x).map(|(front, x)| front.distance(&x)),
            }
        });
        let of_path = u64::from(steps) + 1;
        let of = of_path * (self.starts.len() * self.config.runs.len()) as u64;
        let under_way = if end.is_some() {
            self.done += 1;
            0
        } else {
            let next = run.trainer.next_step();
            self.current = Some(run);
            u64::from(next)
        };
        let done = of_path * self.done as u64 + under_way;
        Ok(Wandered { start: start.id.into(), run: at as u32, points, end, done, of })
    }

    /// The run as the experiment would have it from this start.
    fn begin(&self, start: &Start, at: usize) -> Result<Run, String> {
        let analytic = AnalyticConfig { start: start.x.to_vec(), ..self.analytic.clone() };
        let workshop = Workshop::new(&self.config, Stuff::Formulas(analytic));
        workshop.run(at, self.config.training.seed, true).map_err(|error| match error {
            StartError::Config(why) | StartError::Data(why) | StartError::Device(why) => why,
        })
    }
}
