//! Pictures of a history. One file a plot, one line each in [`PLOTS`]; generic over plotters' backends.
//!
//! The page draws them on canvases, tests and exports as SVG, with the same code and ink. What plotters
//! lacks (halos, hatching, direct labels pushed apart) is a drawing element of ours over its backend.

use crate::protocol::RunPredictions;
use crate::train::History;

/// What a plot may look at. Steps are view steps; nothing here changes a number.
pub struct Scene<'a> {
    pub history: &'a History,
    /// Predictions at the view cursor, when they have arrived.
    pub predictions: Option<&'a [RunPredictions]>,
    /// View cursor.
    pub step: u32,
    /// Step under the pointer or keyboard, in any linked plot.
    pub hover: Option<u32>,
    /// Which runs are drawn, by run index; their colors go by position.
    pub shown: &'a [bool],
    /// Losses on a log axis.
    pub log_losses: bool,
    /// The run whose gradients the arrows show (runs stand at different points).
    pub at_run: usize,
}
