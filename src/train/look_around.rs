//! What a step did: the losses of its own batch behind it, and how they bend along it there.
//!
//! The bend is a second difference of losses: it costs two forward passes, gives every task its own and, as sums over a
//! batch lose few digits, is as good as a difference of gradients at this reach. The run goes on from where it was.

use crate::backend::{Backend, BackendError};
use crate::protocol::Around;

/// How far to both sides losses are taken, in parameters: rounding in f32 and the fourth derivative are both small.
const REACH: f64 = 2e-2;
/// The same in f64.
const EXACT_REACH: f64 = 1e-4;

/// Looks around after an update of length `step_length` in the shared parameters on the batch `rows`.
///
/// # Errors
/// [`BackendError`] when the device is lost.
pub(super) async fn look_around(backend: &mut Backend, rows: &[u32], step_length: f64) -> Result<Around, BackendError> {
    let scales = backend.loss_scales().to_vec();
    let mut around = Around { losses_after: vec![0.0; scales.len()], curvatures: Vec::new() };
    backend.losses(rows, &mut around.losses_after).await?;
    let reach = if backend.is_exact() { EXACT_REACH } else { REACH };
    let goes_on = step_length > 0.0 && step_length.is_finite() && backend.aim_along_step(reach).await?;
    if !goes_on {
        return Ok(around);
    }
    let (mut before, mut beyond) = (vec![0.0; scales.len()], vec![0.0; scales.len()]);
    // Looking goes against the way.
    backend.look(reach / step_length).await?;
    backend.losses(rows, &mut before).await?;
    backend.look(-reach / step_length).await?;
    backend.losses(rows, &mut beyond).await?;
    backend.step_back().await?;
    let bends = scales
        .iter()
        .enumerate()
        .map(|(task, scale)| scale * (before[task] - 2.0 * around.losses_after[task] + beyond[task]) / (reach * reach));
    around.curvatures = bends.collect();
    Ok(around)
}
