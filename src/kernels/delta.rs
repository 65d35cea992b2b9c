//! The gradient one layer down: through the weights and the activation below.

use super::gemm::{Packing, View, gemm};
use crate::config::Activation;
use crate::math::{Real, gelu_slope};

/// dx (R, I) = (dy (R, O)·Wᵀ) ∘ activation′ at the layer below, from its outputs (B, I); where
/// [`Activation::needs_inputs`], from what went into its activation.
///
/// R is a multiple of B: row r of the stack meets row r mod B below.
pub fn delta<T: Real>(
    (stack, inputs, outputs): (usize, usize, usize),
    dy: &[T],
    weight: &[T],
    below: Option<(Activation, &[T])>,
    dx: &mut [T],
    packing: &mut Packing<T>,
) {
    gemm((stack, inputs, outputs), View::rows(dy, outputs), View::transposed(weight, outputs), dx, packing);
    if let Some(below) = below {
        through(below, &mut dx[..stack * inputs]);
    }
}

/// dx (R, I) ← dx ∘ activation′, told from (B, I) of the layer below.
pub fn through<T: Real>((activation, below): (Activation, &[T]), dx: &mut [T]) {
    for dx in dx.chunks_mut(below.len()) {
        match activation {
            Activation::Relu => {
                for (dx, &y) in dx.iter_mut().zip(below) {
                    *dx = if y > T::default() { *dx } else { T::default() };
                }
            }
            Activation::Tanh => {
                for (dx, &y) in dx.iter_mut().zip(below) {
                    *dx *= T::of(1.0) - y * y;
                }
            }
            Activation::Gelu => {
                for (dx, &x) in dx.iter_mut().zip(below) {
                    *dx *= gelu_slope(x);
                }
            }
        }
    }
}
