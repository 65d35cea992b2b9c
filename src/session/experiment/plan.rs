//! Planes through the stored checkpoints of all runs, and the true losses of these checkpoints.

use super::Experiment;
use crate::config::{ExperimentConfig, name_of_run};
use crate::landscape::{Ground, PlaneChoice, Terrain, TerrainSubject, breathe, lay};
use crate::protocol::{MapPlan, MapTruth, PlanRequest, SurveyWhat};
use crate::session::{Clock, Land};
use std::borrow::Cow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Longest stretch of laying or evaluation between two training steps, and most evaluations in one.
const PORTION_MILLIS: f64 = 8.0;
const PORTION: usize = 64;

/// A plane that is being laid. It has checkpoints of its own, so training may go on meanwhile.
pub struct Laying {
    number: u32,
    what: SurveyWhat,
    work: Pin<Box<dyn Future<Output = Laid>>>,
}

/// The plane, or why there is none, and the ground that its true losses are told on.
type Laid = (Result<MapPlan, String>, Ground);

/// True losses that are still to be told.
pub struct Telling {
    number: u32,
    what: SurveyWhat,
    ground: Ground,
    /// Run, position in its path, step.
    points: Vec<(u32, u32, u32)>,
    done: usize,
}

/// What a plane is laid through: one path a run, and where the views stand.
struct Site {
    land: Land,
    paths: Vec<Path>,
    /// All members one behind the other, of runs that learn a front.
    members: Vec<Path>,
    names: Vec<String>,
    cursor: u32,
}

/// Steps and what was stored there, shared with the run.
type Path = Vec<(u32, Rc<[f32]>)>;

/// Shared checkpoints, as a plane looks at them.
fn borrowed(paths: &[Path]) -> Vec<Vec<(u32, &[f32])>> {
    paths.iter().map(|path| path.iter().map(|(step, theta)| (*step, &**theta)).collect()).collect()
}

impl Site {
    async fn lay(mut self, choice: PlaneChoice, number: u32) -> Laid {
        let (rows, of_rows) = (self.land.map_rows(), self.land.train_rows());
        let mut ground = self.land.ground(rows);
        let mut left_out = 0;
        for path in &mut self.paths {
            let mut sound = Vec::new();
            for (step, theta) in path.drain(..) {
                if theta.iter().all(|value| value.is_finite()) {
                    sound.push((step, theta));
                } else {
                    left_out += 1;
                }
                breathe().await;
            }
            *path = sound;
        }
        for path in &mut self.members {
            path.retain(|(_, theta)| theta.iter().all(|value| value.is_finite()));
        }
        let mut terrain = Terrain {
            paths: borrowed(&self.paths),
            members: borrowed(&self.members),
            left_out,
            names: self.names,
            cursor: self.cursor,
            subject: match &self.land {
                Land::Rows(workload) => TerrainSubject::Network(&workload.layout),
                Land::Formulas(analytic) => TerrainSubject::Problem(analytic.problem),
            },
            gradients: &mut |theta: &[f32]| ground.gradients_at(theta),
        };
        let plan = lay(&mut terrain, &choice, (rows, of_rows), number).await;
        (plan, ground)
    }
}

impl Experiment {
    /// Begins to lay a plane. A request before it is not answered any more, and a plan before it told no further.
    pub fn plan(&mut self, config: &ExperimentConfig, request: &PlanRequest) -> Result<(), String> {
        self.telling = None;
        self.laying = None;
        let mut wanted = config.clone();
        wanted.view.map.plane = config.read_plane(&request.plane)?;
        let workload = self.runs.first_mut().and_then(|run| run.trainer.backend().workload().cloned());
        let land = match (workload, config.analytic()) {
            (Some(workload), _) => Land::Rows(Box::new(workload)),
            (None, Some(analytic)) => Land::Formulas(analytic.clone()),
            (None, None) => return Err("This experiment has no run.".into()),
        };
        // A manifold's path is that of the mixture which is looked at.
        let path = |run: &super::Run| {
            let stored = run.checkpoints.iter().flat_map(|stored| stored.all());
            let point = |(step, theta): &(u32, Rc<[f32]>)| match run.point(theta) {
                Cow::Borrowed(all) if all.len() == theta.len() => (*step, theta.clone()),
                point => (*step, point.into()),
            };
            stored.map(point).collect()
        };
        // Those of a population are single points, and a chart has none: no mixture means anything.
        let members = |run: &super::Run| match run.mixture {
            Some(_) if run.points == 0 && run.chart.is_none() => {
                run.checkpoints.iter().flat_map(|stored| stored.all()).cloned().collect()
            }
            _ => Vec::new(),
        };
        let site = Site {
            land,
            paths: self.runs.iter().map(path).collect(),
            members: self.runs.iter().map(members).collect(),
            names: (0..self.runs.len()).map(|run| name_of_run(config, run)).collect(),
            cursor: request.step,
        };
        let (number, what) = (request.number, request.what);
        self.laying = Some(Laying { number, what, work: Box::pin(site.lay(wanted.plane(), number)) });
        Ok(())
    }

    /// Goes on laying for a short while: the number of the request with its answer, once that is there.
    pub fn lay_on(&mut self, clock: &Clock) -> Option<(u32, Result<MapPlan, String>)> {
        let laying = self.laying.as_mut()?;
        let (number, what) = (laying.number, laying.what);
        let end = clock() + PORTION_MILLIS;
        let (plan, ground) = loop {
            // Nobody has to wake what is polled until it is done.
            match laying.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(done) => break done,
                Poll::Pending if clock() >= end => return None,
                Poll::Pending => {}
            }
        };
        self.laying = None;
        if let Ok(plan) = &plan {
            let of_path = |(run, path): (usize, &crate::protocol::MapPath)| {
                let steps: Vec<u32> = path.points.iter().map(|point| point.step).collect();
                steps.into_iter().enumerate().map(move |(idx, step)| (run as u32, idx as u32, step))
            };
            let points = plan.paths.iter().enumerate().flat_map(of_path).collect();
            self.telling = Some(Telling { number, what, ground, points, done: 0 });
        }
        Some((number, plan))
    }

    /// Whether a plane is being laid.
    pub fn is_laying(&self) -> bool {
        self.laying.is_some()
    }

    /// Whether true losses are still to be told.
    pub fn has_truth(&self) -> bool {
        self.telling.is_some()
    }

    /// Some more of them, as many as a short while allows.
    pub fn tell_truth(&mut self, clock: &Clock) -> Option<MapTruth> {
        let telling = self.telling.as_mut()?;
        let end = clock() + PORTION_MILLIS;
        let &(run, first, _) = telling.points.get(telling.done)?;
        let k = telling.ground.n_tasks();
        let (mut losses, mut gramian) = (vec![0.0; k], vec![0.0; k * k]);
        let mut truth = MapTruth { number: telling.number, run, first, ..Default::default() };
        for &(of, _, step) in telling.points[telling.done..].iter().take(PORTION) {
            let stored = self.runs.get(of as usize).and_then(|run| run.stored(step));
            let Some((_, theta)) = stored.filter(|_| of == run) else { break };
            telling.ground.losses_at(&theta, &mut losses);
            truth.losses.extend_from_slice(&losses);
            if telling.what == SurveyWhat::Pull {
                telling.ground.gramian_at(&theta, &mut gramian);
                truth.gramians.extend(gramian.iter().map(|product| *product as f32));
            }
            telling.done += 1;
            if clock() >= end {
                break;
            }
        }
        truth.done = telling.done as u32;
        truth.of = telling.points.len() as u32;
        if telling.done >= telling.points.len() {
            self.telling = None;
        }
        Some(truth)
    }
}
