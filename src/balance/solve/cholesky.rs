//! Cholesky factor of a small symmetric positive definite matrix.

use super::Square;

/// Overwrites the lower triangle of A (n, n), row-major with stride n, by L with A = L Lᵀ.
///
/// Returns false, leaving A unusable, when a pivot is not above `floor`: the leading rows are then
/// linearly dependent as far as rounding can tell.
#[must_use]
pub fn factor(a: &mut Square, n: usize, floor: f64) -> bool {
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i * n + j];
            for l in 0..j {
                sum -= a[i * n + l] * a[j * n + l];
            }
            if i > j {
                a[i * n + j] = sum / a[j * n + j];
            } else if sum > floor {
                a[i * n + i] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// Overwrites `b` (n) by the solution of L Lᵀ x = b.
pub fn solve(l: &Square, n: usize, b: &mut [f64]) {
    for i in 0..n {
        for j in 0..i {
            b[i] -= l[i * n + j] * b[j];
        }
        b[i] /= l[i * n + i];
    }
    for i in (0..n).rev() {
        for j in i + 1..n {
            b[i] -= l[j * n + i] * b[j];
        }
        b[i] /= l[i * n + i];
    }
}
