//! The gradient of one dense layer's weight and bias.

use super::gemm::{Packing, View, gemm};
use crate::math::Real;

const LANES: usize = 16;

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
    column_sums(outputs, &dy[..rows * outputs], bias);
}

/// Sums down the columns of dy (B, O); those of several columns stay in registers.
fn column_sums<T: Real>(outputs: usize, dy: &[T], sums: &mut [T]) {
    let (blocks, rest) = sums.as_chunks_mut::<LANES>();
    let n_blocks = blocks.len();
    for (block, sums) in blocks.iter_mut().enumerate() {
        let mut total = [T::default(); LANES];
        for dy in dy.chunks_exact(outputs) {
            if let Some(dy) = dy[block * LANES..].first_chunk::<LANES>() {
                for (total, &dy) in total.iter_mut().zip(dy) {
                    *total += dy;
                }
            }
        }
        *sums = total;
    }
    rest.fill(T::default());
    for dy in dy.chunks_exact(outputs) {
        for (sum, &dy) in rest.iter_mut().zip(&dy[n_blocks * LANES..]) {
            *sum += dy;
        }
    }
}
