//! The loss of one task at several points, without gradients.

use super::{TaskLoss, loss};
use crate::math::Real;

/// Mean losses (N) over the batch of outputs z (N, B, C).
pub fn loss_at<T: Real>(task: &TaskLoss<'_, T>, outputs: usize, z: &[T], losses: &mut [f64]) {
    let size = task.targets.len() * outputs;
    let mut unused = vec![T::default(); size];
    for (z, value) in z.chunks_exact(size.max(1)).zip(losses) {
        *value = loss(task, outputs, z, &mut unused);
    }
}
