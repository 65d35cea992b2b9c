//! The loss of one task and its gradient with respect to the head's outputs.

use crate::math::Real;
use crate::nn::Loss;

/// One task's loss with its targets for the batch.
pub struct TaskLoss<'a, T> {
    pub loss: Loss,
    /// (B): class index, 0 or 1, or value.
    pub targets: &'a [T],
    /// Factor on the gradient (the loss itself is returned unscaled).
    pub scale: f64,
}

/// Mean loss over the batch of outputs z (B, C); writes dz (B, C) = scale·∂L/∂z.
pub fn loss<T: Real>(task: &TaskLoss<'_, T>, outputs: usize, z: &[T], dz: &mut [T]) -> f64 {
    let rows = task.targets.len();
    let factor = T::of(task.scale / rows as f64);
    let mut total = 0.0;
    for ((z, dz), &target) in z.chunks_exact(outputs).zip(dz.chunks_exact_mut(outputs)).zip(task.targets) {
        match task.loss {
            Loss::SoftmaxCrossEntropy => {
                let top = z.iter().fold(z[0], |top, &z| if z > top { z } else { top });
                let mut sum = T::default();
                for (dz, &z) in dz.iter_mut().zip(z) {
                    *dz = (z - top).exp();
                    sum += *dz;
                }
                let class = target.to_f64() as usize;
                total += (sum.ln() - (z[class] - top)).to_f64();
                let scaled = factor / sum;
                for dz in dz.iter_mut() {
                    *dz *= scaled;
                }
                dz[class] -= factor;
            }
            Loss::BinaryCrossEntropy => {
                // log(1 + eᶻ) − y·z, written so that neither end overflows.
                let size = if z[0] < T::default() { -z[0] } else { z[0] };
                let small = (-size).exp();
                let positive = if z[0] > T::default() { z[0] } else { T::default() };
                total += (positive - target * z[0] + (T::of(1.0) + small).ln()).to_f64();
                let low = small / (T::of(1.0) + small);
                let probability = if z[0] < T::default() { low } else { T::of(1.0) - low };
                dz[0] = factor * (probability - target);
            }
            Loss::SquaredError => {
                let off = z[0] - target;
                total += (off * off).to_f64();
                dz[0] = factor * T::of(2.0) * off;
            }
        }
    }
    total / rows as f64
}
