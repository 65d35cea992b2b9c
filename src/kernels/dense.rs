//! One dense layer forward, with bias and activation.

use super::gemm::{Packing, View, gemm};
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
    gemm((rows, outputs, inputs), View::rows(x, inputs), View::rows(weight, outputs), y, packing);
    for y in y[..rows * outputs].chunks_exact_mut(outputs) {
        match activation {
            Some(Activation::Relu) => {
                for (y, &b) in y.iter_mut().zip(bias) {
                    *y = rectified(*y + b);
                }
            }
            _ => {
                for (y, &b) in y.iter_mut().zip(bias) {
                    *y += b;
                }
                bend(activation, y);
            }
        }
    }
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
