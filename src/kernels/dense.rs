//! One dense layer forward, with bias and activation.

use super::gemm::{Packing, View, gemm_then};
use crate::config::Activation;
use crate::math::{Real, gelu};

/// y (B, O) = activation(x (B, I)·W (I, O) + b (O)).
pub fn dense<T: Real>(
    (rows, inputs, outputs): (usize, usize, usize),
    x: &[T],
    weight: &[T],
    bias: &[T],
    activation: Option<Activation>,
    y: &mut [T],
    packing: &mut Packing<T>,
) {
    let (shape, x, weight) = ((rows, outputs, inputs), View::rows(x, inputs), View::rows(weight, outputs));
    if activation == Some(Activation::Relu) {
        return gemm_then(shape, x, weight, y, packing, |_, first, y| {
            for (y, &b) in y.iter_mut().zip(&bias[first..]) {
                *y = rectified(*y + b);
            }
        });
    }
    gemm_then(shape, x, weight, y, packing, |_, first, y| {
        for (y, &b) in y.iter_mut().zip(&bias[first..]) {
            *y += b;
        }
    });
    bend(activation, &mut y[..rows * outputs]);
}

/// Not `max`: a NaN must stay a NaN, or a diverged run would look alive.
#[inline(always)]
fn rectified<T: Real>(y: T) -> T {
    if y < T::default() { T::default() } else { y }
}

/// y ← activation(y).
#[inline(always)]
pub fn bend<T: Real>(activation: Option<Activation>, y: &mut [T]) {
    match activation {
        Some(Activation::Relu) => {
            for y in y {
                *y = rectified(*y);
            }
        }
        Some(Activation::Tanh) => {
            for y in y {
                *y = y.tanh();
            }
        }
        Some(Activation::Gelu) => {
            for y in y {
                *y = gelu(*y);
            }
        }
        None => {}
    }
}
