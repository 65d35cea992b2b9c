//! An activation whose slope needs its inputs, which therefore stay.

use crate::math::{Real, gelu};

/// y (n) = GELU(x (n)).
pub fn activate<T: Real>(x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = gelu(x);
    }
}
