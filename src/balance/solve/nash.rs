//! The bargaining equation C x = 1/x for a matrix of cosines, by Newton's method.
//!
//! It is the stationarity of the strictly convex, self-concordant ½ xᵀCx − Σ log xᵢ, so damped Newton
//! steps x ← x (1 + t s) keep x positive and converge from anywhere (Nesterov 2004, ch. 4). In the
//! coordinates s the system matrix is I + diag(x) C diag(x), well conditioned even for rank-deficient C.

use super::{Column, MAX_TASKS, Square, cholesky, dot};
use crate::balance::Outcome;

const MAX_STEPS: usize = 200;

/// Writes x > 0 (n) with (C + noise·I) x = 1/x, C (n, n) in its first n·n places.
///
/// The ridge is the rounding error of C. It keeps x finite (below 1/√noise) where no bargain exists,
/// that is where some nonnegative combination of the rows vanishes; xᵀCx then falls below n.
pub fn bargain(c: &Square, n: usize, noise: f64, x: &mut [f64]) -> Outcome {
    x.fill(1.0 / (n.max(1) as f64).sqrt());
    let mut last = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        let mut system: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let mut step: Column = [0.0; MAX_TASKS];
        for i in 0..n {
            let mut pull = noise * x[i];
            for j in 0..n {
                pull += c[i * n + j] * x[j];
                system[i * n + j] = x[i] * c[i * n + j] * x[j];
            }
            system[i * n + i] += 1.0 + noise * x[i] * x[i];
            step[i] = 1.0 - x[i] * pull;
        }
        let slope = step;
        if !cholesky::factor(&mut system, n, 0.0) {
            return Outcome::NotSettled;
        }
        cholesky::solve(&system, n, &mut step[..n]);
        let decrement = dot(&slope[..n], &step[..n]).max(0.0).sqrt();
        let damping = if decrement > 0.25 { 1.0 / (1.0 + decrement) } else { 1.0 };
        for i in 0..n {
            x[i] *= 1.0 + damping * step[i];
        }
        // The system's entries carry rounding of this size; a shorter step would be made of nothing else.
        let longest = x.iter().copied().fold(1.0, f64::max);
        let rounding = 8.0 * n as f64 * f64::EPSILON * longest * longest;
        if decrement <= rounding || (decrement < 1e-7 && decrement >= last) {
            return Outcome::Settled;
        }
        last = decrement;
    }
    Outcome::NotSettled
}
