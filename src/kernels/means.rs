//! What the kernels of a run compute with, which is not their shape.

use super::arithmetic::Arithmetic;
use super::team::Team;
use std::sync::Arc;

/// Who shares large kernels, and how products join sums.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// `None`: the thread that calls does everything.
    pub team: Option<Arc<dyn Team>>,
    pub arithmetic: Arithmetic,
}
