//! One convolution forward, with bias, 2 × 2 pooling and activation.
//!
//! The four places of a pooling square are the four rows of a register tile, so what is pooled away never leaves the
//! registers. Patches are not copied one by one: the image is written once with every number beside those that the
//! other three places see, and each row of a patch is then a strip of it, as in a product of matrices.

use super::dense::bend;
use super::gemm::Packing;
use crate::config::Activation;
use crate::math::Real;
use crate::nn::{Convolution, KERNEL, POOL};

/// Filters of a tile; where at most four remain, four.
const WIDE: usize = 8;
const NARROW: usize = 4;
/// Places of a pooling square.
const CORNERS: usize = POOL * POOL;

/// y (B, pooled pixels, filters) = activation(largest of four (patches of x (B, pixels, channels)·W + b)).
///
/// `taken` (like y) gets which of the four was the largest, the first of equal ones; it may be empty.
#[expect(clippy::too_many_arguments, reason = "a layer is its shape and its operands")]
pub fn convolve<T: Real>(
    (rows, shape): (usize, Convolution),
    x: &[T],
    weight: &[T],
    bias: &[T],
    activation: Option<Activation>,
    y: &mut [T],
    taken: &mut [u8],
    packing: &mut Packing<T>,
) {
    let (filters, outputs) = (shape.filters, shape.outputs());
    let [quads, strips] = packing.rooms(CORNERS * shape.inputs(), filters.next_multiple_of(NARROW) * shape.fan_in());
    pack(weight, filters, strips);
    let images = x.chunks_exact(shape.inputs()).zip(y.chunks_exact_mut(outputs)).take(rows);
    for (row, (x, y)) in images.enumerate() {
        let taken = if taken.is_empty() { &mut [][..] } else { &mut taken[row * outputs..][..outputs] };
        let mut rest = &*strips;
        spread(shape, x, quads);
        for first in (0..filters).step_by(WIDE) {
            let bias = &bias[first..filters.min(first + WIDE)];
            if bias.len() > NARROW {
                let (strip, others) = rest.split_at(WIDE * shape.fan_in());
                rest = others;
                go_over::<T, WIDE>(shape, quads, strip, (first, bias), y, taken);
            } else {
                go_over::<T, NARROW>(shape, quads, rest, (first, bias), y, taken);
            }
        }
        bend(activation, y);
    }
}

/// Strips of filters, each (patch, width of the strip); what no filter fills is 0.
fn pack<T: Real>(weight: &[T], filters: usize, mut room: &mut [T]) {
    let fan_in = weight.len() / filters.max(1);
    for first in (0..filters).step_by(WIDE) {
        let own = WIDE.min(filters - first);
        let width = if own > NARROW { WIDE } else { NARROW };
        let (strip, rest) = std::mem::take(&mut room).split_at_mut(width * fan_in);
        for (out, weight) in strip.chunks_exact_mut(width).zip(weight.chunks_exact(filters)) {
            out[..own].copy_from_slice(&weight[first..][..own]);
            out[own..].fill(T::default());
        }
        room = rest;
    }
}

/// quads (numbers of the image, 4): each with those one pixel to the right, one down, and both. The last row and column
/// have no neighbors, and no square begins there.
fn spread<T: Real>(shape: Convolution, x: &[T], quads: &mut [T]) {
    let (right, down) = (shape.channels, shape.row());
    let places = x.iter().zip(&x[right..]).zip(&x[down..]).zip(&x[down + right..]);
    for (quad, (((&a, &b), &c), &d)) in quads.chunks_exact_mut(CORNERS).zip(places) {
        quad.copy_from_slice(&[a, b, c, d]);
    }
}

/// One strip of filters over one image.
fn go_over<T: Real, const W: usize>(
    shape: Convolution,
    quads: &[T],
    strip: &[T],
    (first, bias): (usize, &[T]),
    y: &mut [T],
    taken: &mut [u8],
) {
    for pixel in 0..y.len() / shape.filters {
        let patch = &quads[CORNERS * shape.patch(pixel, 0)..];
        let sums = square::<T, W>(patch, CORNERS * shape.row(), CORNERS * shape.run(), strip);
        let (top, corner) = largest(&sums);
        let place = pixel * shape.filters + first;
        for ((y, &top), &bias) in y[place..].iter_mut().zip(&top).zip(bias) {
            *y = top + bias;
        }
        if !taken.is_empty() {
            for (taken, &corner) in taken[place..][..bias.len()].iter_mut().zip(&corner) {
                *taken = corner.to_f64() as u8;
            }
        }
    }
}

/// Of each filter the largest of four sums, and which it is. A NaN is taken and stays, or a diverged run would look
/// alive.
///
/// Not inlined and all in one type, so that it becomes a few instructions without a branch: which is largest is noise.
#[inline(never)]
fn largest<T: Real, const W: usize>(sums: &[[T; W]; CORNERS]) -> ([T; W], [T; W]) {
    let (mut top, mut corner) = (sums[0], [T::default(); W]);
    for (at, sums) in sums.iter().enumerate().skip(1) {
        let at = T::of(at as f64);
        for ((top, corner), &sum) in top.iter_mut().zip(&mut corner).zip(sums) {
            let stays = *top >= sum;
            #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
            let takes = !stays & (*top == *top);
            *top = if takes { sum } else { *top };
            *corner = if takes { at } else { *corner };
        }
    }
    (top, corner)
}

/// Products of a strip of filters with the patches at the four places of a pooling square, `run` of every `row`
/// numbers.
///
/// Inlined it would be turned around for what is done with its sums, and run a third as fast.
#[inline(never)]
fn square<T: Real, const W: usize>(patch: &[T], row: usize, run: usize, strip: &[T]) -> [[T; W]; CORNERS] {
    let mut sums = [[T::default(); W]; CORNERS];
    for line in 0..KERNEL {
        let places = patch[line * row..][..run].chunks_exact(CORNERS);
        let weights = strip[line * (run / CORNERS) * W..].chunks_exact(W);
        for (places, weights) in places.zip(weights) {
            for (sums, &value) in sums.iter_mut().zip(places) {
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
    }
    sums
}
