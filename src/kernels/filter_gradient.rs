//! The gradient of one convolution's filters and biases.

use super::gemm::Packing;
use crate::math::Real;
use crate::nn::{Convolution, KERNEL};

/// dW (patch, filters) and db (filters) from x (B, pixels, channels) and dy (B, pooled pixels, filters).
///
/// Of four patches only the one that `taken` names has a part in a pooled value, and none where dy is 0: so single
/// patches are added up, which are a quarter of the products or fewer.
pub fn filter_gradient<T: Real>(
    (rows, shape): (usize, Convolution),
    x: &[T],
    taken: &[u8],
    dy: &[T],
    weight: &mut [T],
    bias: &mut [T],
    packing: &mut Packing<T>,
) {
    let sums = packing.room(shape.filters * shape.fan_in());
    sums.fill(T::default());
    bias.fill(T::default());
    let (inputs, outputs) = (shape.inputs(), shape.outputs());
    let taken = taken.chunks_exact(outputs).take(rows);
    for ((x, dy), taken) in x.chunks_exact(inputs).zip(dy.chunks_exact(outputs)).zip(taken) {
        filter_sums(shape, x, taken, dy, sums, bias);
    }
    for (filter, sums) in sums.chunks_exact(shape.fan_in()).enumerate() {
        for (weight, &sum) in weight[filter..].iter_mut().step_by(shape.filters).zip(sums) {
            *weight = sum;
        }
    }
}

/// One row's part: sums (filters, patch) ← sums + …, bias (filters) ← bias + ….
pub fn filter_sums<T: Real>(shape: Convolution, x: &[T], taken: &[u8], dy: &[T], sums: &mut [T], bias: &mut [T]) {
    let fan_in = shape.fan_in();
    let pixels = taken.chunks_exact(shape.filters).zip(dy.chunks_exact(shape.filters));
    for (pixel, (taken, dy)) in pixels.enumerate() {
        let filters = sums.chunks_exact_mut(fan_in).zip(bias.iter_mut());
        for ((&corner, &dy), (sums, bias)) in taken.iter().zip(dy).zip(filters) {
            if dy == T::default() {
                continue;
            }
            *bias += dy;
            let patch = &x[shape.patch(pixel, usize::from(corner))..];
            // Written twice, so that the loops over the five numbers of a gray row have a known length.
            match shape.channels {
                1 => add(dy, patch, shape.row(), KERNEL, sums),
                _ => add(dy, patch, shape.row(), shape.run(), sums),
            }
        }
    }
}

/// sums ← sums + dy·patch.
#[inline(always)]
fn add<T: Real>(dy: T, patch: &[T], row: usize, run: usize, sums: &mut [T]) {
    for (line, sums) in sums.chunks_exact_mut(run).enumerate() {
        for (sum, &x) in sums.iter_mut().zip(&patch[line * row..][..run]) {
            *sum += dy * x;
        }
    }
}
