//! Quantities read off gradients, losses and fronts.

pub mod front;
pub mod pull;
