//! d = wᵀG.

use crate::math::Real;

/// d (P) = Σₖ wₖ gₖ from G (K, P).
pub fn combine<T: Real>(g: &[T], w: &[f64], d: &mut [T]) {
    let n = d.len();
    d.fill(T::default());
    for (g, &w) in g.chunks_exact(n.max(1)).zip(w) {
        let w = T::of(w);
        for (d, &g) in d.iter_mut().zip(g) {
            *d += w * g;
        }
    }
}
