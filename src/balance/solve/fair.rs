//! The fairness equation (C x)ᵢ = qᵢ xᵢ^(−β) for a matrix of cosines, by Newton's method with a line search.
//!
//! It is the stationarity of the strictly convex ½ xᵀCx − Σ qᵢ xᵢ^(1−β)/(1−β). Steps are relative,
//! x ← x (1 + t s), so components of very different size settle alike.

use super::{Column, MAX_TASKS, Square, cholesky, dot};
use crate::balance::Outcome;

const MAX_STEPS: usize = 200;

/// Overwrites the start x > 0 (n) by the solution with (C + noise·I); `q` (n) > 0, β > 0.
pub fn settle(c: &Square, q: &[f64], beta: f64, noise: f64, x: &mut [f64]) -> Outcome {
    let n = x.len();
    let pull = |x: &[f64], i: usize| noise * x[i] + dot(&c[i * n..(i + 1) * n], x);
    let gain = |x: f64, i: usize| q[i] * libm::pow(x, 1.0 - beta);
    let mut last = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        let mut system: Square = [0.0; MAX_TASKS * MAX_TASKS];
        let mut step: Column = [0.0; MAX_TASKS];
        for i in 0..n {
            for j in 0..n {
                system[i * n + j] = x[i] * c[i * n + j] * x[j];
            }
            system[i * n + i] += beta * gain(x[i], i) + noise * x[i] * x[i];
            step[i] = gain(x[i], i) - x[i] * pull(x, i);
        }
        let slope = step;
        if !scaled_solve(&mut system, n, &mut step) {
            return Outcome::NotSettled;
        }
        let descent = dot(&slope[..n], &step[..n]);
        let longest = step[..n].iter().fold(0.0_f64, |top, s| top.max(s.abs()));
        let shortest = step[..n].iter().copied().fold(0.0, f64::min);
        let mut t = if shortest < -0.9 { -0.9 / shortest } else { 1.0 };
        let mut moved: Column = [0.0; MAX_TASKS];
        for _ in 0..40 {
            for i in 0..n {
                moved[i] = x[i] * (1.0 + t * step[i]);
            }
            // Slope of the objective along the step, there: overshot if it has turned upward too far.
            let ahead: f64 =
                (0..n).map(|i| step[i] * x[i] * (pull(&moved[..n], i) - gain(moved[i], i) / moved[i])).sum();
            if ahead <= 0.5 * descent {
                break;
            }
            t *= 0.5;
        }
        x.copy_from_slice(&moved[..n]);
        if longest < 1e-13 || (longest < 1e-6 && longest >= last) {
            return Outcome::Settled;
        }
        last = longest;
    }
    Outcome::NotSettled
}

/// Cholesky solution after scaling the diagonal to 1, which the mixed sizes of x call for.
fn scaled_solve(system: &mut Square, n: usize, right: &mut Column) -> bool {
    let mut scale: Column = [1.0; MAX_TASKS];
    for i in 0..n {
        scale[i] = 1.0 / system[i * n + i].sqrt();
    }
    for i in 0..n {
        right[i] *= scale[i];
        for j in 0..n {
            system[i * n + j] *= scale[i] * scale[j];
        }
    }
    if !cholesky::factor(system, n, 0.0) {
        return false;
    }
    cholesky::solve(system, n, &mut right[..n]);
    for i in 0..n {
        right[i] *= scale[i];
    }
    true
}
