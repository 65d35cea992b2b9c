//! Quantities read off gradients, losses and fronts.

pub mod arrows;
pub mod conflict;
pub mod construction;
pub mod curvature;
pub mod delta_m;
pub mod events;
pub mod front;
pub mod headline;
pub mod labels;
pub mod layers;
pub mod pull;
pub mod ranking;
pub mod reckoning;
pub mod spread;
