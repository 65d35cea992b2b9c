//! What page and worker say of fronts that a run has learned whole.

use serde::{Deserialize, Serialize};

/// Where along the manifolds losses are wanted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AskedSweep {
    /// Comes back with every portion.
    pub number: u32,
    /// Of every run's checkpoint nearest to and not after it.
    pub step: u32,
    /// (K) One point that is answered at once, before all others.
    pub preference: Option<Vec<f64>>,
    /// Least number of points spread over all preferences, answered in portions in the place of those asked for before;
    /// 0 asks for none and leaves what is under way.
    pub points: u32,
    /// Whether runs that train a single point tell theirs too, one point each.
    pub all_runs: bool,
    /// Most rows of a split; 0 is as many as are affordable between two steps of training.
    pub rows: u32,
}

/// Points of one run's manifold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SweepPortion {
    pub number: u32,
    pub run: u32,
    /// The checkpoint's step (≤ the asked one).
    pub step: u32,
    /// Whether it is the one point asked for, which is none of the spread ones.
    pub single: bool,
    /// Spread points told so far with these, of all runs, and how many there will be; both 0 for the single point.
    pub done: u32,
    pub of: u32,
    pub rows: SweptRows,
    pub points: Vec<FrontPoint>,
}

/// The first rows of each split that were looked at, and all there are; 0 for an analytic problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweptRows {
    pub validation: u32,
    pub of_validation: u32,
    pub test: u32,
    pub of_test: u32,
}

/// One mixture of the members.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FrontPoint {
    /// (K) Of a single point's run what the experiment prefers.
    pub preference: Vec<f64>,
    /// Empty without a validation split. An analytic problem has its exact losses here and in `test`.
    pub validation: Judged,
    pub test: Judged,
}

/// Losses and metrics on rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Judged {
    /// (K) unscaled.
    pub losses: Vec<f64>,
    /// (K) as the outline names them; empty for an analytic problem.
    pub metrics: Vec<f64>,
}
