//! Rows kept over steps: running means, scaled copies.

use crate::math::Real;

/// y (K, n) ← keepₖ·yₖ + addₖ·xₖ by rows.
pub fn blend<T: Real>(keep: &[f64], add: &[f64], x: &[T], y: &mut [T]) {
    let n = (y.len() / keep.len().max(1)).max(1);
    let rows = x.chunks_exact(n).zip(y.chunks_exact_mut(n));
    for ((x, y), (&keep, &add)) in rows.zip(keep.iter().zip(add)) {
        let (keep, add) = (T::of(keep), T::of(add));
        for (y, &x) in y.iter_mut().zip(x) {
            *y = keep * *y + add * x;
        }
    }
}
