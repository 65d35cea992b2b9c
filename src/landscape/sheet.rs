//! What is known of a map so far: the store that portions of a survey and true losses go into.

use super::grid::Grid;
use super::height::{HeightSource, Node};
use super::honesty::{Off, barrier};
use super::pull::Pull;
use crate::protocol::{MapPlan, MapTruth, SurveyOrder, SurveyPortion, SurveyWhat};

/// A plan with the losses over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub plan: MapPlan,
    pub what: SurveyWhat,
    pub grid: Grid,
    /// Points and nodes that the GPU evaluated; several times where they were told several times.
    pub by_gpu: usize,
    /// Why the CPU did what the GPU was asked for, in a sentence.
    pub refused: Option<String>,
    n_tasks: usize,
    losses: Vec<f32>,   // (nodes, K)
    pulls: Vec<f32>,    // (nodes, K² + 4K), or empty
    known: Vec<bool>,   // (nodes)
    shown: Vec<f64>,    // (points, K): the map's losses at projected checkpoints; NaN where not known
    truth: Vec<f64>,    // (points, K): the true ones
    gramians: Vec<f32>, // (points, K, K): true products of gradients, NaN where not known; or empty
}

impl Sheet {
    /// Nothing but the plan, for `side` nodes along each axis.
    pub fn new(plan: MapPlan, n_tasks: usize, side: u32, what: SurveyWhat) -> Self {
        let grid = Grid::new(side, plan.plane.is_line());
        let points = plan.paths.iter().map(|path| path.points.len()).sum::<usize>();
        let numbers = if what == SurveyWhat::Pull { Pull::count(n_tasks) } else { 0 };
        Self {
            losses: vec![f32::NAN; grid.count() * n_tasks],
            pulls: vec![f32::NAN; grid.count() * numbers],
            known: vec![false; grid.count()],
            shown: vec![f64::NAN; points * n_tasks],
            truth: vec![f64::NAN; points * n_tasks],
            gramians: vec![f32::NAN; if what == SurveyWhat::Pull { points * n_tasks * n_tasks } else { 0 }],
            by_gpu: 0,
            refused: None,
            n_tasks,
            plan,
            what,
            grid,
        }
    }

    /// What to ask the `part`-th of `of` workers for.
    pub fn order(&self, number: u32, (part, of): (u32, u32)) -> SurveyOrder {
        SurveyOrder {
            number,
            plane: self.plan.plane.clone(),
            rows: self.plan.rows,
            what: self.what,
            side: self.grid.side(),
            points: self.plan.paths.iter().flat_map(|path| &path.points).map(|point| point.at).collect(),
            part,
            of,
            gpu: false,
        }
    }

    /// Takes a portion of an order that [`Sheet::order`] wrote; what does not fit is dropped.
    pub fn take(&mut self, portion: &SurveyPortion) {
        let k = self.n_tasks;
        let numbers = self.pulls.len() / self.known.len().max(1);
        if portion.by_gpu {
            self.by_gpu += portion.nodes.len() + portion.points.len();
        }
        if portion.refused.is_some() {
            self.refused.clone_from(&portion.refused);
        }
        for (at, &node) in portion.nodes.iter().enumerate() {
            let node = node as usize;
            let Some(losses) = portion.losses.get(at * k..(at + 1) * k).filter(|_| node < self.known.len()) else {
                continue;
            };
            self.losses[node * k..][..k].copy_from_slice(losses);
            if let Some(pull) = portion.pulls.get(at * numbers..(at + 1) * numbers) {
                self.pulls[node * numbers..][..numbers].copy_from_slice(pull);
            }
            self.known[node] = true;
        }
        for (at, &point) in portion.points.iter().enumerate() {
            let room = self.shown.get_mut(point as usize * k..(point as usize + 1) * k);
            if let (Some(room), Some(losses)) = (room, portion.point_losses.get(at * k..(at + 1) * k)) {
                room.copy_from_slice(losses);
            }
        }
    }

    /// Takes true losses of this plan.
    pub fn learn(&mut self, truth: &MapTruth) {
        let Some(first) = self.point(truth.run as usize, truth.first as usize) else { return };
        let room = &mut self.truth[first * self.n_tasks..];
        let n = room.len().min(truth.losses.len());
        room[..n].copy_from_slice(&truth.losses[..n]);
        if let Some(room) = self.gramians.get_mut(first * self.n_tasks * self.n_tasks..) {
            let n = room.len().min(truth.gramians.len());
            room[..n].copy_from_slice(&truth.gramians[..n]);
        }
    }

    /// Number of a checkpoint among those of all runs.
    fn point(&self, run: usize, idx: usize) -> Option<usize> {
        let before: usize = self.plan.paths.iter().take(run).map(|path| path.points.len()).sum();
        let path = self.plan.paths.get(run)?;
        (idx < path.points.len()).then_some(before + idx)
    }

    /// (K) losses that the map shows at a run's checkpoint; NaN where they are not known yet.
    pub fn shown(&self, run: usize, idx: usize) -> &[f64] {
        self.point(run, idx).map_or(&[], |at| &self.shown[at * self.n_tasks..][..self.n_tasks])
    }

    /// (K) true losses there; NaN where they are not known yet.
    pub fn truth(&self, run: usize, idx: usize) -> &[f64] {
        self.point(run, idx).map_or(&[], |at| &self.truth[at * self.n_tasks..][..self.n_tasks])
    }

    /// Numbers of a [`Pull`] at the checkpoint itself, with products alone: nothing along the plane. `None` where they
    /// are not known.
    pub fn true_pull(&self, run: usize, idx: usize) -> Option<Vec<f32>> {
        let of = self.n_tasks * self.n_tasks;
        let known = self.gramians.get(self.point(run, idx)? * of..)?.get(..of)?;
        let mut numbers = vec![0.0; Pull::count(self.n_tasks)];
        numbers[..of].copy_from_slice(known);
        known.iter().all(|product| !product.is_nan()).then_some(numbers)
    }

    /// (K) range of the true losses that are known, over all paths.
    pub fn ranges(&self) -> Vec<f64> {
        let range = |task: usize| {
            let known = self.truth.iter().skip(task).step_by(self.n_tasks.max(1)).filter(|loss| loss.is_finite());
            let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
            if high >= low { high - low } else { 0.0 }
        };
        (0..self.n_tasks).map(range).collect()
    }

    /// How far the map is off at a run's checkpoint; `None` before both are known.
    pub fn off(&self, run: usize, idx: usize, ranges: &[f64]) -> Option<Off> {
        let (truth, shown) = (self.truth(run, idx), self.shown(run, idx));
        let known = !truth.is_empty() && truth.iter().chain(shown).all(|loss| !loss.is_nan());
        known.then(|| self.plan.measure.worst(truth, shown, ranges))
    }

    /// Run, position in its path and how far off: where the map is worst so far.
    pub fn worst(&self) -> Option<(usize, usize, Off)> {
        let ranges = self.ranges();
        let mut worst: Option<(usize, usize, Off)> = None;
        for (run, path) in self.plan.paths.iter().enumerate() {
            for idx in 0..path.points.len() {
                if let Some(off) = self.off(run, idx, &ranges)
                    && worst.is_none_or(|(_, _, before)| off.by > before.by)
                {
                    worst = Some((run, idx, off));
                }
            }
        }
        worst
    }

    /// Share of the variance of all checkpoints that the plane holds.
    pub fn explained(&self) -> Option<f64> {
        self.plan.axes.iter().map(|axis| axis.explained).sum()
    }

    /// Nodes and points that are known, of all.
    pub fn progress(&self) -> (usize, usize) {
        let points = self.shown.chunks_exact(self.n_tasks.max(1)).filter(|losses| !losses[0].is_nan()).count();
        let nodes = self.known.iter().filter(|known| **known).count();
        (points + nodes, self.known.len() + self.shown.len() / self.n_tasks.max(1))
    }

    pub fn is_complete(&self) -> bool {
        self.known.iter().all(|known| *known)
    }

    /// Nodes between two of the finest grid that is complete; `None` before the coarsest is.
    pub fn step(&self) -> Option<usize> {
        let side = self.grid.side() as usize;
        let complete = |step: &usize| {
            let rows = (0..self.grid.rows() as usize).step_by(*step);
            rows.into_iter().all(|row| (0..side).step_by(*step).all(|column| self.known[row * side + column]))
        };
        self.grid.steps().take_while(complete).last()
    }

    /// (K) unscaled losses at a node; `None` before they are known.
    pub fn losses(&self, node: usize) -> Option<&[f32]> {
        self.known.get(node)?.then(|| &self.losses[node * self.n_tasks..][..self.n_tasks])
    }

    /// How the tasks pull at a node, where that was asked for and is known.
    pub fn pull(&self, node: usize) -> Option<Pull<'_>> {
        let numbers = self.pulls.len() / self.known.len().max(1);
        if !*self.known.get(node)? {
            return None;
        }
        Pull::new(self.n_tasks, &self.pulls[node * numbers..][..numbers])
    }

    /// A height at a node, for `task` where there is a map each; NaN where it is not known or has no value.
    pub fn height(
        &self,
        height: &HeightSource,
        node: usize,
        task: usize,
        (scales, preference): (&[f64], &[f64]),
    ) -> f64 {
        let Some(losses) = self.losses(node) else { return f64::NAN };
        height.at(&Node { losses, pull: self.pull(node), scales, preference, task })
    }

    /// (K) heights of the barrier between the two ends of a line; `None` for planes, and before everything is known.
    pub fn barriers(&self) -> Option<Vec<f64>> {
        if !self.plan.plane.is_line() || !self.is_complete() {
            return None;
        }
        let [a, b] = self.plan.anchors[..] else { return None };
        let place = |anchor: crate::protocol::MapAnchor| {
            let run = anchor.run as usize;
            let points = &self.plan.paths.get(run)?.points;
            let idx = points.iter().position(|point| point.step == anchor.step)?;
            let shown = self.shown(run, idx);
            (!shown[0].is_nan()).then_some((points[idx].at[0], shown))
        };
        let ((from, first), (to, last)) = (place(a)?, place(b)?);
        let of = |task: usize| {
            let along = (0..self.grid.count()).filter_map(|node| {
                let at = self.grid.place(self.plan.plane.spans[0], node as u32);
                Some((at, f64::from(self.losses(node)?[task])))
            });
            barrier([(from, first[task]), (to, last[task])], along)
        };
        Some((0..self.n_tasks).map(of).collect())
    }
}
