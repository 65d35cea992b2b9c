//! Projection onto the cone of K vectors, from their products alone: min ½ zᵀAz − bᵀz over z ≥ 0.
//!
//! The active-set method of Lawson & Hanson (Solving Least Squares Problems, 1974, ch. 23): exact
//! after finitely many exchanges. The shortest point of a convex hull and the projection onto a dual
//! cone are both of this form.

use super::{MAX_TASKS, Square, cholesky};
use crate::balance::Outcome;

/// Exchanges after which the best iterate is kept; K ≤ 16 needs far fewer.
const MAX_EXCHANGES: usize = 256;

/// Writes the minimizer z (n). `a` (n, n) is symmetric, positive semidefinite, with a diagonal near 1,
/// in its first n·n places; `noise` is the relative error of its entries.
pub fn project(a: &Square, b: &[f64], noise: f64, z: &mut [f64]) -> Outcome {
    let n = b.len();
    let mut passive = [false; MAX_TASKS];
    let mut barred = [false; MAX_TASKS]; // not to be tried again before z moves
    z.fill(0.0);
    for _ in 0..MAX_EXCHANGES {
        let Some(entering) = steepest(a, b, noise, z, &passive, &barred) else {
            return Outcome::Settled;
        };
        passive[entering] = true;
        let mut aim = [0.0; MAX_TASKS];
        if !solve_on(a, b, noise, &passive, &mut aim) || aim[entering] <= 0.0 {
            // A direction the others span already; what it promised was rounding.
            passive[entering] = false;
            barred[entering] = true;
            continue;
        }
        barred = [false; MAX_TASKS];
        loop {
            let blocking = (0..n).filter(|&i| passive[i] && aim[i] <= 0.0);
            let Some((share, leaving)) =
                blocking.map(|i| (z[i] / (z[i] - aim[i]), i)).min_by(|x, y| x.0.total_cmp(&y.0))
            else {
                z.copy_from_slice(&aim[..n]);
                break;
            };
            for i in 0..n {
                z[i] += share * (aim[i] - z[i]);
            }
            z[leaving] = 0.0;
            passive[leaving] = false;
            aim = [0.0; MAX_TASKS];
            if !solve_on(a, b, noise, &passive, &mut aim) {
                return Outcome::NotSettled;
            }
        }
    }
    Outcome::NotSettled
}

/// The variable whose increase lowers the objective fastest, if by more than rounding.
fn steepest(
    a: &Square,
    b: &[f64],
    noise: f64,
    z: &[f64],
    passive: &[bool; MAX_TASKS],
    barred: &[bool; MAX_TASKS],
) -> Option<usize> {
    let n = b.len();
    let mut best = None;
    let mut best_slope = 0.0;
    for j in (0..n).filter(|&j| !passive[j] && !barred[j]) {
        let mut slope = b[j];
        let mut size = b[j].abs();
        for i in 0..n {
            slope -= a[j * n + i] * z[i];
            size += (a[j * n + i] * z[i]).abs();
        }
        if slope > noise * size && slope > best_slope {
            best_slope = slope;
            best = Some(j);
        }
    }
    best
}

/// Solves A z = b on the passive variables; false where they are dependent.
fn solve_on(a: &Square, b: &[f64], noise: f64, passive: &[bool; MAX_TASKS], out: &mut [f64; MAX_TASKS]) -> bool {
    let n = b.len();
    let mut members = [0; MAX_TASKS];
    let mut size = 0;
    for i in (0..n).filter(|&i| passive[i]) {
        members[size] = i;
        size += 1;
    }
    let mut factor = [0.0; MAX_TASKS * MAX_TASKS];
    let mut right = [0.0; MAX_TASKS];
    for i in 0..size {
        right[i] = b[members[i]];
        for j in 0..size {
            factor[i * size + j] = a[members[i] * n + members[j]];
        }
    }
    if !cholesky::factor(&mut factor, size, noise) {
        return false;
    }
    cholesky::solve(&factor, size, &mut right[..size]);
    for i in 0..size {
        out[members[i]] = right[i];
    }
    true
}
