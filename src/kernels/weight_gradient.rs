//! The gradient of one dense layer's weight and bias.

use super::gemm::{Packing, View, gemm};
use crate::math::Real;

/// dW (I, O) = x (B, I)ᵀ·dy (B, O) and db (O) = column sums of dy.
pub fn weight_gradient<T: Real>(
    (rows, inputs, outputs): (usize, usize, usize),
    x: &[T],
    dy: &[T],
    weight: &mut [T],
    bias: &mut [T],
    packing: &mut Packing<T>,
) {
    gemm((inputs, outputs, rows), View::transposed(x, inputs), View::rows(dy, outputs), weight, packing);
    bias.fill(T::default());
    for dy in dy[..rows * outputs].chunks_exact(outputs) {
        for (b, &dy) in bias.iter_mut().zip(dy) {
            *b += dy;
        }
    }
}
