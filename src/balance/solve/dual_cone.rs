//! Projection of combinations of the rows onto the dual cone {x : Gx ≥ 0}, as weights.
//!
//! The projection of pᵀG is vᵀG with v = argmin ½ vᵀMv over v ≥ p (Quinton & Rey 2024, prop. 1).

use super::{Column, MAX_TASKS, Square, cone};
use crate::balance::{Gramian, Outcome};

/// M/trace M + ridge·I as scale lengths and a matrix with unit diagonal.
pub struct Scaled {
    n: usize,
    lengths: Column, // √diagonal; 0 for a row that cannot act
    a: Square,       // (n, n)
    noise: f64,
}

impl Scaled {
    pub fn new(gramian: &Gramian, ridge: f64) -> Self {
        let n = gramian.n_tasks();
        let longest = gramian.norms().iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let relative = |i: usize| gramian.norms()[i] / longest;
        let trace = (0..n).map(|i| relative(i) * relative(i)).sum::<f64>().max(f64::MIN_POSITIVE).sqrt();
        let mut lengths = [0.0; MAX_TASKS];
        let mut a = [0.0; MAX_TASKS * MAX_TASKS];
        for i in 0..n {
            lengths[i] = libm::hypot(relative(i) / trace, ridge.sqrt());
        }
        for i in 0..n {
            a[i * n + i] = 1.0;
            for j in (0..n).filter(|&j| j != i && lengths[i] * lengths[j] > 0.0) {
                let shrink = (relative(i) / trace / lengths[i]) * (relative(j) / trace / lengths[j]);
                a[i * n + j] = gramian.cosine(i, j) * shrink;
            }
        }
        Self { n, lengths, a, noise: gramian.noise() }
    }

    /// Adds to w (n) the weights v ≥ p of the projection of Σ pᵢ gᵢ, with p (n) ≥ 0.
    pub fn project(&self, p: &[f64], w: &mut [f64]) -> Outcome {
        let n = self.n;
        let mut aim: Column = [0.0; MAX_TASKS]; // p in unit rows
        let largest = (0..n).map(|i| p[i] * self.lengths[i]).fold(0.0, f64::max);
        for i in 0..n {
            aim[i] = if largest > 0.0 { p[i] * self.lengths[i] / largest } else { 0.0 };
            w[i] += p[i];
        }
        let mut b: Column = [0.0; MAX_TASKS];
        for i in 0..n {
            b[i] = -super::dot(&self.a[i * n..(i + 1) * n], &aim[..n]);
        }
        let mut z: Column = [0.0; MAX_TASKS];
        let outcome = cone::project(&self.a, &b[..n], self.noise, &mut z[..n]);
        for i in (0..n).filter(|&i| self.lengths[i] > 0.0) {
            w[i] += z[i] * (largest / self.lengths[i]);
        }
        outcome
    }
}
