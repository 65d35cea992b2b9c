//! The rank of G: dependence is judged on cosines, dominance on M.
//!
//! Dependent rows show in the cosines whatever their lengths. Besides, eigenvalues of M below K·ε·λmax count
//! as 0 (the usual pseudo-inverse; ε is that of f64 in training): a row 1e8 times shorter than the longest has no say.

use super::{MAX_TASKS, Square, eigen};
use crate::balance::Gramian;

/// Indices of nonzero rows and the ranks of their cosines and of M.
pub struct Members {
    pub index: [usize; MAX_TASKS],
    pub n: usize,
    /// Rank of C.
    pub independent: usize,
    /// Rank of M, at most that of C.
    pub rank: usize,
}

impl Members {
    pub fn new(gramian: &Gramian) -> Self {
        let mut members = Self { index: [0; MAX_TASKS], n: 0, independent: 0, rank: 0 };
        for i in (0..gramian.n_tasks()).filter(|&i| !gramian.is_zero(i)) {
            members.index[members.n] = i;
            members.n += 1;
        }
        let n = members.n;
        let (mut c, mut v) = (members.cosines(gramian), [0.0; MAX_TASKS * MAX_TASKS]);
        eigen::decompose(&mut c, &mut v, n);
        let floor = n as f64 * gramian.noise();
        members.independent = (0..n).filter(|&i| c[i * n + i] > floor).count();
        let mut m = members.products(gramian);
        eigen::decompose(&mut m, &mut v, n);
        let top = (0..n).map(|i| m[i * n + i]).fold(0.0, f64::max);
        let heard = (0..n).filter(|&i| m[i * n + i] > n as f64 * gramian.rank_epsilon() * top).count();
        members.rank = members.independent.min(heard);
        members
    }

    pub fn is_full_rank(&self) -> bool {
        self.rank == self.n
    }

    /// C (n, n) of the nonzero rows.
    pub fn cosines(&self, gramian: &Gramian) -> Square {
        self.fill(|i, j| gramian.cosine(i, j))
    }

    /// M/(longest row)² (n, n) of the nonzero rows.
    pub fn products(&self, gramian: &Gramian) -> Square {
        let longest = longest(gramian);
        let relative = |i: usize| gramian.norms()[i] / longest;
        self.fill(|i, j| relative(i) * relative(j) * gramian.cosine(i, j))
    }

    fn fill(&self, entry: impl Fn(usize, usize) -> f64) -> Square {
        let mut a = [0.0; MAX_TASKS * MAX_TASKS];
        for i in 0..self.n {
            for j in 0..self.n {
                a[i * self.n + j] = entry(self.index[i], self.index[j]);
            }
        }
        a
    }
}

/// max ‖gᵢ‖, above 0.
pub fn longest(gramian: &Gramian) -> f64 {
    gramian.norms().iter().copied().fold(f64::MIN_POSITIVE, f64::max)
}
