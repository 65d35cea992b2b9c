//! The planes, one file each.

pub mod gradients;
pub mod line;
pub mod members;
pub mod parameters;
pub mod pca;
pub mod random;
pub mod runs;
