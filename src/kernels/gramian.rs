//! Inner products of rows: the Gramian, and task gradients along a direction.

use crate::math::Real;
use std::ops::Range;

/// Entries whose products are summed in T before they go into the f64 total: long f32 sums lose digits.
const BLOCK: usize = 128;
const LANES: usize = 8;

/// out (R₁, R₂) = a (R₁, n)·b (R₂, n)ᵀ. M is `gramian(G, G)`, gᵢ·d is `gramian(G, d)`.
pub fn gramian<T: Real>(n: usize, a: &[T], b: &[T], out: &mut [f64]) {
    gramian_block(n, 0..n, a, b, out);
}

/// The same over columns `block` of rows of n.
pub fn gramian_block<T: Real>(n: usize, block: Range<usize>, a: &[T], b: &[T], out: &mut [f64]) {
    if n == 0 {
        out.fill(0.0);
        return;
    }
    let columns = b.len() / n;
    let symmetric = std::ptr::eq(a, b);
    for (i, a) in a.chunks_exact(n).enumerate() {
        for (j, b) in b.chunks_exact(n).enumerate() {
            if symmetric && j < i {
                out[i * columns + j] = out[j * columns + i];
            } else {
                out[i * columns + j] = dot(&a[block.clone()], &b[block.clone()]);
            }
        }
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    let mut total = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let mut sums = [T::default(); LANES];
        let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest: T = a_lanes.remainder().iter().zip(b_lanes.remainder()).map(|(&a, &b)| a * b).sum();
        for (a, b) in a_lanes.zip(b_lanes) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        total += sums.iter().map(|sum| sum.to_f64()).sum::<f64>() + rest.to_f64();
    }
    total
}
