//! The gradient one layer down of a convolution: through its filters, its pooling and the activation below.

use super::delta::through;
use super::gemm::Packing;
use crate::config::Activation;
use crate::math::Real;
use crate::nn::{Convolution, KERNEL};

/// dx (R, pixels, channels) from dy (R, pooled pixels, filters), ∘ activation′ at the layer below, from its outputs
/// (B, ·); where [`Activation::needs_inputs`], from what went into its activation.
///
/// R is a multiple of B: row r of the stack meets row r mod B of `taken` and below.
pub fn image_delta<T: Real>(
    (stack, shape): (usize, Convolution),
    dy: &[T],
    taken: &[u8],
    weight: &[T],
    below: Option<(Activation, &[T])>,
    dx: &mut [T],
    packing: &mut Packing<T>,
) {
    let (fan_in, outputs) = (shape.fan_in(), shape.outputs());
    let turned = packing.room(shape.filters * fan_in);
    for (filter, turned) in turned.chunks_exact_mut(fan_in).enumerate() {
        for (turned, &weight) in turned.iter_mut().zip(weight[filter..].iter().step_by(shape.filters)) {
            *turned = weight;
        }
    }
    let dx = &mut dx[..stack * shape.inputs()];
    dx.fill(T::default());
    let taken = taken.chunks_exact(outputs).cycle();
    for ((dx, dy), taken) in dx.chunks_exact_mut(shape.inputs()).zip(dy.chunks_exact(outputs)).zip(taken) {
        let pixels = taken.chunks_exact(shape.filters).zip(dy.chunks_exact(shape.filters));
        for (pixel, (taken, dy)) in pixels.enumerate() {
            for ((&corner, &dy), filter) in taken.iter().zip(dy).zip(turned.chunks_exact(fan_in)) {
                if dy == T::default() {
                    continue;
                }
                let patch = &mut dx[shape.patch(pixel, usize::from(corner))..];
                match shape.channels {
                    1 => add(dy, filter, shape.row(), KERNEL, patch),
                    _ => add(dy, filter, shape.row(), shape.run(), patch),
                }
            }
        }
    }
    if let Some(below) = below {
        through(below, dx);
    }
}

/// patch ← patch + dy·filter.
#[inline(always)]
fn add<T: Real>(dy: T, filter: &[T], row: usize, run: usize, patch: &mut [T]) {
    for (line, filter) in filter.chunks_exact(run).enumerate() {
        for (x, &weight) in patch[line * row..][..run].iter_mut().zip(filter) {
            *x += dy * weight;
        }
    }
}
