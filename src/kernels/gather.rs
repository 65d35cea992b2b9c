//! Takes the rows of a batch out of a data set.

use crate::math::Real;

/// x (B, width) = source (N, width) at `rows` (B).
pub fn gather<T: Real>(source: &[f32], width: usize, rows: &[u32], x: &mut [T]) {
    for (&row, x) in rows.iter().zip(x.chunks_exact_mut(width)) {
        for (x, &value) in x.iter_mut().zip(&source[row as usize * width..][..width]) {
            *x = T::of(f64::from(value));
        }
    }
}
