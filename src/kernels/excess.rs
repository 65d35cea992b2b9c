//! ExcessMTL's estimate: how large the gradients still are beside all gradients so far.

use super::gramian;
use crate::math::Real;

/// Below every sum of squares, so that the root of it divides.
const FLOOR: f64 = 1e-7;
/// Entries that are summed at once.
const BLOCK: usize = 128;

/// sums (K, n) ← sums + g², and out (K) = Σ g²/√(sums + 1e-7) by rows.
pub fn excess<T: Real>(n: usize, g: &[T], sums: &mut [T], out: &mut [f64]) {
    let floor = T::of(FLOOR);
    let rows = g.chunks_exact(n.max(1)).zip(sums.chunks_exact_mut(n.max(1)));
    for ((g, sums), out) in rows.zip(out.iter_mut()) {
        *out = 0.0;
        for (g, sums) in g.chunks(BLOCK).zip(sums.chunks_mut(BLOCK)) {
            let mut quotients = [T::default(); BLOCK];
            let mut part = [0.0];
            for ((&g, sum), quotient) in g.iter().zip(sums).zip(&mut quotients) {
                *sum += g * g;
                *quotient = g / (*sum + floor).sqrt();
            }
            gramian(g.len(), g, &quotients[..g.len()], &mut part);
            *out += part[0];
        }
    }
}
