//! Planes through the stored checkpoints of all runs, and the true losses of these checkpoints.

use super::Experiment;
use crate::config::{ExperimentConfig, name_of_run};
use crate::landscape::{Ground, Terrain, TerrainSubject, lay, map_rows};
use crate::protocol::{MapPlan, MapTruth, PlanRequest};
use crate::session::Clock;
use std::borrow::Cow;

/// Longest stretch of evaluation between two training steps, and most evaluations in one.
const PORTION_MILLIS: f64 = 8.0;
const PORTION: usize = 64;

/// True losses that are still to be told.
pub struct Telling {
    number: u32,
    ground: Ground,
    /// Run, position in its path, step.
    points: Vec<(u32, u32, u32)>,
    done: usize,
}

impl Experiment {
    /// Lays a plane; its true losses are told from now on. A plan that was told before is not any more.
    pub fn plan(&mut self, config: &ExperimentConfig, request: &PlanRequest) -> Result<MapPlan, String> {
        self.telling = None;
        let mut wanted = config.clone();
        wanted.view.map.plane = config.read_plane(&request.plane)?;
        let choice = wanted.plane();
        let workload = self.runs.first_mut().and_then(|run| run.trainer.backend().workload().cloned());
        let (mut ground, rows, of_rows, subject) = match (&workload, config.analytic()) {
            (Some(workload), _) => {
                let of_rows = workload.data.rows;
                let rows = map_rows(workload.layout.work(), of_rows);
                (Ground::of_network(workload, rows), rows, of_rows, TerrainSubject::Network(&workload.layout))
            }
            (None, Some(analytic)) => (Ground::of_problem(analytic), 0, 0, TerrainSubject::Problem(analytic.problem)),
            (None, None) => return Err("This experiment has no run.".into()),
        };
        let mut left_out = 0;
        // A manifold's path is that of the mixture which is looked at.
        let mut points: Vec<Vec<(u32, Cow<'_, [f32]>)>> = Vec::new();
        for run in &self.runs {
            let stored = run.checkpoints.iter().flat_map(|checkpoints| checkpoints.all());
            let (sound, wild): (Vec<_>, Vec<_>) =
                stored.partition(|(_, theta)| theta.iter().all(|value| value.is_finite()));
            left_out += wild.len() as u32;
            points.push(sound.into_iter().map(|(step, theta)| (*step, run.point(theta))).collect());
        }
        let paths = points.iter().map(|path| path.iter().map(|(step, theta)| (*step, &theta[..])).collect()).collect();
        let mut terrain = Terrain {
            paths,
            left_out,
            names: (0..self.runs.len()).map(|run| name_of_run(config, run)).collect(),
            cursor: request.step,
            subject,
            gradients: &mut |theta: &[f32]| ground.gradients_at(theta),
        };
        let plan = lay(&mut terrain, &choice, (rows, of_rows), request.number)?;
        let of_path = |(run, path): (usize, &crate::protocol::MapPath)| {
            let steps: Vec<u32> = path.points.iter().map(|point| point.step).collect();
            steps.into_iter().enumerate().map(move |(idx, step)| (run as u32, idx as u32, step))
        };
        let points = plan.paths.iter().enumerate().flat_map(of_path).collect();
        self.telling = Some(Telling { number: request.number, ground, points, done: 0 });
        Ok(plan)
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
        let mut losses = vec![0.0; telling.ground.n_tasks()];
        let mut truth = MapTruth { number: telling.number, run, first, ..Default::default() };
        for &(of, _, step) in telling.points[telling.done..].iter().take(PORTION) {
            let stored = self.runs.get(of as usize).and_then(|run| run.stored(step));
            let Some((_, theta)) = stored.filter(|_| of == run) else { break };
            telling.ground.losses_at(&theta, &mut losses);
            truth.losses.extend_from_slice(&losses);
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
