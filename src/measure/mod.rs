//! Quantities read off gradients, losses and fronts.

pub mod delta_m;
pub mod front;
pub mod headline;
pub mod labels;
pub mod pull;
pub mod ranking;
pub mod reckoning;
pub mod spread;
