//! Messages about loss landscapes: which plane, what is seen of it, and what a survey found there.
//!
//! The session that trains lays planes, because it has the checkpoints, and tells their true losses. Other workers
//! survey: they build the same data and network from the link and evaluate losses over the plane.

use serde::{Deserialize, Serialize};

/// Asks the session that trains for a plane through what is stored so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Comes back with everything that belongs to this plan; a later request ends an earlier one.
    pub number: u32,
    /// As `plane=` of links has it, `auto` among them.
    pub plane: String,
    /// The view cursor: where points without a step lie that are not ends.
    pub step: u32,
    /// What is told of every checkpoint besides its place.
    pub what: SurveyWhat,
}

/// A plane through parameter space (or a line), and the part of it that is looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MapPlane {
    /// θ₀: all parameters, shared ones and heads.
    pub origin: Vec<f32>,
    /// One or two orthonormal directions, as long as θ₀.
    pub directions: Vec<Vec<f32>>,
    /// From where to where, along each direction.
    pub spans: Vec<[f64; 2]>,
}

impl MapPlane {
    /// Whether it has one direction alone.
    pub fn is_line(&self) -> bool {
        self.directions.len() < 2
    }

    /// Coordinates of a point of parameter space; the second is 0 on a line.
    pub fn place(&self, x: &[f64]) -> [f64; 2] {
        let along = |axis: usize| {
            let direction = self.directions.get(axis).map_or(&[][..], Vec::as_slice);
            let terms = direction.iter().zip(x.iter().zip(&self.origin));
            terms.map(|(u, (x, origin))| f64::from(*u) * (x - f64::from(*origin))).sum::<f64>()
        };
        [along(0), along(1)]
    }
}

/// A plane with everything that is known of it before losses are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MapPlan {
    pub number: u32,
    /// What was laid, as `plane=` of links has it: what `auto` stands for here.
    pub choice: String,
    /// What it is, in a sentence.
    pub about: String,
    /// What the reader must know besides, in sentences.
    pub notes: Vec<String>,
    pub plane: MapPlane,
    /// One a direction.
    pub axes: Vec<MapAxis>,
    /// Every point of parameter space lies in the plane: nothing is projected.
    pub exact: bool,
    /// How losses of the map are held against true ones.
    pub measure: OffMeasure,
    /// One a run, in the order of the outline.
    pub paths: Vec<MapPath>,
    /// The checkpoints that the plane was laid through or around.
    pub anchors: Vec<MapAnchor>,
    /// Where the members of a front lie whose mixtures lie in the plane: ends of a line, corners of a triangle.
    pub manifold: Vec<[f64; 2]>,
    /// Training rows that losses are the mean of, the first of `of_rows`; both 0 for an analytic problem.
    pub rows: u32,
    pub of_rows: u32,
    /// Checkpoints that are no numbers and are left out, of all runs.
    pub left_out: u32,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MapAxis {
    /// `axis 1`, `x₁`, `along g₁`.
    pub label: String,
    /// Share of the variance of all checkpoints that lies along it, in [0, 1]; nothing where there is no variance.
    pub explained: Option<f64>,
    /// Length of one unit of this axis' own measure, where it has one: a filter-normalized step.
    pub unit: Option<f64>,
}

impl MapPlan {
    /// Whether the plane is all of parameter space, so that whatever lies in it can be drawn.
    pub fn is_everything(&self) -> bool {
        self.exact && !self.plane.is_line()
    }
}

/// One run on the plane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MapPath {
    pub points: Vec<MapPoint>,
}

/// One checkpoint on the plane.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct MapPoint {
    pub step: u32,
    /// Coordinates of its projection; the second is 0 on a line.
    pub at: [f64; 2],
    /// How far the checkpoint itself is from there.
    pub off: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MapAnchor {
    /// From 0.
    pub run: u32,
    pub step: u32,
}

/// How far a loss that is shown is from the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OffMeasure {
    /// The larger by the smaller: 1 is exact. For losses that are never below 0.
    #[default]
    Ratio,
    /// Their difference by the range of this task's true losses over all paths: 0 is exact.
    ShareOfRange,
}

/// True losses of checkpoints, at θ itself, on the rows of the plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MapTruth {
    pub number: u32,
    pub run: u32,
    /// Position of the first in the run's path; the others follow it.
    pub first: u32,
    /// (n, K) unscaled.
    pub losses: Vec<f64>,
    /// (n, K, K) products of the task gradients with respect to the shared parameters, loss scales in them; empty where
    /// that was not asked for.
    pub gramians: Vec<f32>,
    /// Checkpoints told so far of all that the plan shows.
    pub done: u32,
    pub of: u32,
}

/// A subject that planes can be surveyed on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prepared {
    pub n_tasks: u32,
    pub n_parameters: u32,
}

/// Asks a prepared session for losses over a plane; another order ends the one before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SurveyOrder {
    /// Comes back with everything that belongs to this order.
    pub number: u32,
    pub plane: MapPlane,
    /// Training rows, as the plan says.
    pub rows: u32,
    pub what: SurveyWhat,
    /// Nodes along each axis.
    pub side: u32,
    /// Points of the plane that come before the nodes: projected checkpoints.
    pub points: Vec<[f64; 2]>,
    /// This worker's share: every `of`-th node and point, from number `part` on.
    pub part: u32,
    pub of: u32,
    /// Losses on the GPU, because the experiment trains there; on the CPU where that cannot be.
    pub gpu: bool,
}

/// What is evaluated at every node; ordered by what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum SurveyWhat {
    /// (K) losses.
    #[default]
    Losses,
    /// Losses, and what the task gradients have to do with each other and with the plane.
    Pull,
}

/// Some of what an order asks for, in the order of evaluation: points, then nodes, coarse ones first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SurveyPortion {
    /// Positions in the order's points.
    pub points: Vec<u32>,
    /// (n, K) unscaled losses there.
    pub point_losses: Vec<f64>,
    /// row·side + column; row 0 and column 0 are at the low ends. On a line the column.
    pub nodes: Vec<u32>,
    /// (n, K) unscaled losses there.
    pub losses: Vec<f32>,
    /// (n, K² + 4K), see [`crate::landscape::Pull`]; empty where it was not asked for.
    pub pulls: Vec<f32>,
    /// Points and nodes of this part so far, of all that it has.
    pub done: u32,
    pub of: u32,
    /// The GPU evaluated these.
    pub by_gpu: bool,
    /// Why the CPU did although the GPU was asked for, in a sentence.
    pub refused: Option<String>,
}

/// More of the path that one run takes from one start of its problem.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Wandered {
    /// Id of the start.
    pub start: String,
    /// Number of the run in the outline.
    pub run: u32,
    /// Its checkpoints behind those that were told before, ascending.
    pub points: Vec<WanderedPoint>,
    /// Where the path is complete.
    pub end: Option<WanderedEnd>,
    /// Steps of all paths so far, of all that there are.
    pub done: u64,
    pub of: u64,
}

/// A checkpoint of two parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WanderedPoint {
    pub step: u32,
    pub x: [f32; 2],
    /// (K) unscaled.
    pub losses: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct WanderedEnd {
    /// The step at which it diverged, if it did.
    pub diverged: Option<u32>,
    /// Distance of the last checkpoint to the Pareto set; nothing where nobody knows the set.
    pub to_set: Option<f64>,
}
