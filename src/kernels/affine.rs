//! A first layer at points of a plane, from its products with θ₀ and both directions.

use super::bend;
use crate::config::Activation;
use crate::math::Real;

/// out (B, H) = activation(P₀ + x·P₁ + y·P₂); on a line P₂ is empty.
pub fn affine<T: Real>(
    [x, y]: [T; 2],
    [origin, along_u, along_v]: [&[T]; 3],
    activation: Option<Activation>,
    out: &mut [T],
) {
    if along_v.is_empty() {
        for ((out, origin), u) in out.iter_mut().zip(origin).zip(along_u) {
            *out = *origin + x * *u;
        }
    } else {
        for (((out, origin), u), v) in out.iter_mut().zip(origin).zip(along_u).zip(along_v) {
            *out = *origin + x * *u + y * *v;
        }
    }
    bend(activation, out);
}
