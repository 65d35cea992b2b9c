//! What a worker and those that train for it say to each other.

use serde::{Deserialize, Serialize};

/// One network of an experiment: a run, or behind all runs a single-task reference, from one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Network {
    pub seed: u32,
    /// Its place among runs, then references.
    pub at: u32,
}

/// How far whoever trains for another worker is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HandProgress {
    /// How much of the network under way is done, in [0, 1].
    pub share: f64,
    /// What its training took so far since it was enlisted.
    pub millis: f64,
}
