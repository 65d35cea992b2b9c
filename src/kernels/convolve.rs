//! One convolution forward, with bias, 2 × 2 pooling and activation.
//!
//! The four places of a pooling square are the four rows of a register tile, so no patch is ever copied: a filter's five
//! rows lie in the image as they are, and what is pooled away never leaves the registers.

use super::dense::bend;
use super::gemm::Packing;
use crate::config::Activation;
use crate::math::Real;
use crate::nn::{Convolution, POOL};

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
    let room = packing.room(filters.next_multiple_of(NARROW) * shape.fan_in());
    pack(weight, filters, room);
    let images = x.chunks_exact(shape.inputs()).zip(y.chunks_exact_mut(outputs)).take(rows);
    for (row, (x, y)) in images.enumerate() {
        let taken = if taken.is_empty() { &mut [][..] } else { &mut taken[row * outputs..][..outputs] };
        let mut rest = &room[..];
        for first in (0..filters).step_by(WIDE) {
            let bias = &bias[first..filters.min(first + WIDE)];
            if bias.len() > NARROW {
                let (strip, others) = rest.split_at(WIDE * shape.fan_in());
                rest = others;
                go_over::<T, WIDE>(shape, x, strip, (first, bias), y, taken);
            } else {
                go_over::<T, NARROW>(shape, x, rest, (first, bias), y, taken);
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

/// One strip of filters over one image.
fn go_over<T: Real, const W: usize>(
    shape: Convolution,
    x: &[T],
    strip: &[T],
    (first, bias): (usize, &[T]),
    y: &mut [T],
    taken: &mut [u8],
) {
    for pixel in 0..y.len() / shape.filters {
        let patch = &x[shape.patch(pixel, 0)..];
        // Written twice, so that the loops over the five numbers of a gray row have a known length.
        let sums = match shape.channels {
            1 => square::<T, W>(patch, shape.row(), 1, strip),
            channels => square::<T, W>(patch, shape.row(), channels, strip),
        };
        let [mut top, others @ ..] = sums;
        let mut corner = [0_u8; W];
        for (at, sums) in (1..).zip(&others) {
            for ((top, corner), &sum) in top.iter_mut().zip(&mut corner).zip(sums) {
                // A NaN is taken and stays, or a diverged run would look alive.
                #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
                let is_nan = sum != sum;
                if sum > *top || is_nan {
                    (*top, *corner) = (sum, at);
                }
            }
        }
        let place = pixel * shape.filters + first;
        for ((y, &top), &bias) in y[place..].iter_mut().zip(&top).zip(bias) {
            *y = top + bias;
        }
        if !taken.is_empty() {
            taken[place..][..bias.len()].copy_from_slice(&corner[..bias.len()]);
        }
    }
}

/// Products of a strip of filters with the patches at the four places of a pooling square.
#[inline(always)]
fn square<T: Real, const W: usize>(patch: &[T], row: usize, channels: usize, strip: &[T]) -> [[T; W]; CORNERS] {
    let run = crate::nn::KERNEL * channels;
    let mut sums = [[T::default(); W]; CORNERS];
    for (line, strip) in strip.chunks_exact(run * W).enumerate() {
        let upper = &patch[line * row..][..run + channels];
        let lower = &patch[(line + 1) * row..][..run + channels];
        let ((a, b), (c, d)) = ((&upper[..run], &upper[channels..]), (&lower[..run], &lower[channels..]));
        for ((((weights, a), b), c), d) in strip.chunks_exact(W).zip(a).zip(b).zip(c).zip(d) {
            for (sums, &value) in sums.iter_mut().zip([a, b, c, d]) {
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
    }
    sums
}
