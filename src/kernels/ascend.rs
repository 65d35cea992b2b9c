//! θ uphill of where it was.

use super::slope::size;
use crate::math::Real;

/// θ (n) ← saved + reach·y, with `adaptive` saved + reach·|saved|·y.
pub fn ascend<T: Real>(adaptive: bool, reach: f64, y: &[T], saved: &[T], theta: &mut [T]) {
    let reach = T::of(reach);
    for ((theta, &saved), &y) in theta.iter_mut().zip(saved).zip(y) {
        let unit = if adaptive { size(saved) } else { T::of(1.0) };
        *theta = saved + reach * (unit * y);
    }
}
