//! Eigenvalues and vectors of a small symmetric matrix by Jacobi's rotations.
//!
//! Rotations stop when every entry is small against its own two diagonal entries, which keeps small
//! eigenvalues of badly scaled positive definite matrices accurate (Demmel & Veselić 1992).

use super::{MAX_TASKS, Square};

const MAX_SWEEPS: usize = 60;

/// Overwrites the diagonal of `a` (n, n) by its eigenvalues, unordered, and writes the eigenvectors
/// into the columns of `v` (n, n).
pub fn decompose(a: &mut Square, v: &mut Square, n: usize) {
    *v = [0.0; MAX_TASKS * MAX_TASKS];
    for i in 0..n {
        v[i * n + i] = 1.0;
    }
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for i in 0..n {
            for j in i + 1..n {
                let (ii, jj, ij) = (a[i * n + i], a[j * n + j], a[i * n + j]);
                if ij == 0.0 || ij.abs() <= 2.0 * f64::EPSILON * (ii.abs() * jj.abs()).sqrt() {
                    continue;
                }
                rotated = true;
                let half = (jj - ii) / (2.0 * ij);
                let t = half.signum() / (half.abs() + libm::hypot(half, 1.0));
                let t = if t.is_finite() { t } else { 0.0 };
                let c = 1.0 / libm::hypot(t, 1.0);
                rotate(a, v, n, (i, j), (c, t * c));
                a[i * n + i] = ii - t * ij;
                a[j * n + j] = jj + t * ij;
                a[i * n + j] = 0.0;
                a[j * n + i] = 0.0;
            }
        }
        if !rotated {
            return;
        }
    }
}

fn rotate(a: &mut Square, v: &mut Square, n: usize, (i, j): (usize, usize), (c, s): (f64, f64)) {
    for l in 0..n {
        if l != i && l != j {
            let (x, y) = (a[l * n + i], a[l * n + j]);
            a[l * n + i] = c * x - s * y;
            a[l * n + j] = s * x + c * y;
            a[i * n + l] = a[l * n + i];
            a[j * n + l] = a[l * n + j];
        }
        let (x, y) = (v[l * n + i], v[l * n + j]);
        v[l * n + i] = c * x - s * y;
        v[l * n + j] = s * x + c * y;
    }
}

/// Zeroes all but the `rank` largest eigenvalues on the diagonal of `a`.
pub fn truncate(a: &mut Square, n: usize, rank: usize) {
    let mut order = [0; MAX_TASKS];
    for (i, place) in order.iter_mut().enumerate() {
        *place = i;
    }
    order[..n].sort_unstable_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    for &i in &order[rank.min(n)..n] {
        a[i * n + i] = 0.0;
    }
}

/// Writes V f(Λ) Vᵀ b (n) over the eigenvalues above 0.
pub fn apply(a: &Square, v: &Square, n: usize, f: impl Fn(f64) -> f64, b: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for l in (0..n).filter(|&l| a[l * n + l] > 0.0) {
        let part = f(a[l * n + l]) * (0..n).map(|i| v[i * n + l] * b[i]).sum::<f64>();
        for i in 0..n {
            out[i] += part * v[i * n + l];
        }
    }
}
