//! One task's own gradient on all of θ, perhaps measured in units of θ.

use crate::math::Real;
use std::ops::Range;

/// y (n) ← row over the first parameters and `gradient` over the task's head, 0 over other heads; `adaptive` multiplies
/// every entry by |θ|.
pub fn slope<T: Real>(adaptive: bool, row: &[T], (gradient, head): (&[T], Range<usize>), theta: &[T], y: &mut [T]) {
    y[..row.len()].copy_from_slice(row);
    y[row.len()..].fill(T::default());
    y[head.clone()].copy_from_slice(&gradient[head]);
    if adaptive {
        for (y, &theta) in y.iter_mut().zip(theta) {
            *y = size(theta) * *y;
        }
    }
}

/// |x|.
pub(super) fn size<T: Real>(x: T) -> T {
    if x < T::default() { -x } else { x }
}
