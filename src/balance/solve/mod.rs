//! Inner problems of the methods, for K ≤ 16, in f64, on stack arrays.
//!
//! Everything works on unit rows and cosines, so thresholds are relative and rows of very different
//! length lose no digits. Nothing here allocates, and finite input never gives a NaN.

pub mod adam;
pub mod cholesky;
pub mod cone;
pub mod dual_cone;
pub mod eigen;
pub mod fair;
pub mod linear;
pub mod nash;
pub mod rank;
pub mod simplex;

/// Largest K of every solver.
pub const MAX_TASKS: usize = 16;

/// (K, K) row-major in its first K·K places.
pub type Square = [f64; MAX_TASKS * MAX_TASKS];

/// (K) in its first K places.
pub type Column = [f64; MAX_TASKS];

/// Overwrites `z` with softmax(z).
pub fn softmax(z: &mut [f64]) {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for z in z.iter_mut() {
        *z = libm::exp(*z - top);
        total += *z;
    }
    for z in z.iter_mut() {
        *z /= total;
    }
}

/// Σ aᵢ bᵢ.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
