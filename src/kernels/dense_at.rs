//! One dense layer forward at a point of a plane, whose parameters are θ₀ + x u + y v.

use super::{affine, dense, gemm::Packing};
use crate::config::Activation;
use crate::math::Real;

/// y (B, O) = activation(x (B, I)·W + b) with W and b from three each at this place.
pub fn dense_at<T: Real>(
    shape: (usize, usize, usize),
    place: [T; 2],
    x: &[T],
    (weights, biases): ([&[T]; 3], [&[T]; 3]),
    activation: Option<Activation>,
    y: &mut [T],
    packing: &mut Packing<T>,
) {
    let at = |vectors: [&[T]; 3]| {
        let mut parameters = vec![T::default(); vectors[0].len()];
        affine(place, vectors, None, &mut parameters);
        parameters
    };
    dense(shape, x, &at(weights), &at(biases), activation, y, packing);
}
