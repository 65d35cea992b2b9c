//! M = G Gᵀ kept as lengths and cosines, so that rows of very different size lose no digits.

/// The Gramian of K task gradients in f64.
///
/// Cosines come from normalized rows: a pseudo-inverse of raw M loses all digits once lengths differ
/// by 1e8, while cosines stay exact. `noise` tells solvers where digits end and rounding begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gramian {
    n_tasks: usize,
    norms: Vec<f64>,   // (K)
    cosines: Vec<f64>, // (K, K), 1 on the diagonal, 0 where a row is zero
    noise: f64,
    rank_epsilon: f64,
}

/// Error of a cosine whose rows were computed in f32 and multiplied in f32 or better.
const NOISE_F32: f64 = 1e-6;
/// Error of a cosine whose rows are exact in f64.
const NOISE_F64: f64 = 1e-14;

impl Gramian {
    pub fn new(n_tasks: usize) -> Self {
        let mut gramian = Self {
            n_tasks,
            norms: vec![0.0; n_tasks],
            cosines: vec![0.0; n_tasks * n_tasks],
            noise: NOISE_F32,
            rank_epsilon: f64::EPSILON,
        };
        gramian.set_from_products(&vec![0.0; n_tasks * n_tasks]);
        gramian
    }

    /// From rows of G (K, P) that are exact in f64.
    pub fn from_rows(rows: &[&[f64]]) -> Self {
        let n_tasks = rows.len();
        // Scaling by the largest entry first keeps squares inside f64 for entries up to 1e300.
        let scaled: Vec<(f64, Vec<f64>)> = rows
            .iter()
            .map(|row| {
                let top = row.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
                if top == 0.0 {
                    return (0.0, vec![0.0; row.len()]);
                }
                let unit: Vec<f64> = row.iter().map(|x| x / top).collect();
                let length = unit.iter().map(|x| x * x).sum::<f64>().sqrt();
                (top * length, unit.iter().map(|x| x / length).collect())
            })
            .collect();
        let mut gramian = Self::new(n_tasks);
        gramian.noise = NOISE_F64;
        for i in 0..n_tasks {
            gramian.norms[i] = scaled[i].0;
            for j in 0..i {
                let cosine: f64 = scaled[i].1.iter().zip(&scaled[j].1).map(|(a, b)| a * b).sum();
                gramian.set_cosine(i, j, cosine);
            }
        }
        gramian
    }

    /// From M (K, K) row-major of gradients that were computed in f32; allocates nothing.
    pub fn set_from_products(&mut self, m: &[f64]) {
        let k = self.n_tasks;
        self.noise = NOISE_F32;
        for i in 0..k {
            self.norms[i] = m[i * k + i].max(0.0).sqrt();
            self.cosines[i * k + i] = 1.0;
        }
        for i in 0..k {
            for j in 0..i {
                let length = self.norms[i] * self.norms[j];
                let cosine = if length > 0.0 { m[i * k + j] / length } else { 0.0 };
                self.set_cosine(i, j, cosine);
            }
        }
    }

    /// From products of rows in f64 or in f32.
    pub fn set(&mut self, m: &[f64], exact: bool) {
        if exact {
            self.set_from_exact_products(m);
        } else {
            self.set_from_products(m);
        }
    }

    /// The same from products of rows that are exact in f64.
    pub fn set_from_exact_products(&mut self, m: &[f64]) {
        self.set_from_products(m);
        self.noise = NOISE_F64;
    }

    /// That of the rows sᵢ gᵢ with factors s (K); allocates nothing.
    pub fn set_scaled(&mut self, of: &Self, factors: &[f64]) {
        self.n_tasks = of.n_tasks;
        self.noise = of.noise;
        self.cosines.clone_from(&of.cosines);
        for (i, &factor) in factors.iter().enumerate() {
            self.norms[i] = of.norms[i] * factor.abs();
            for j in 0..i {
                let turned = if factor * factors[j] < 0.0 { -1.0 } else { 1.0 };
                let zero = self.norms[i] == 0.0 || self.norms[j] == 0.0;
                self.set_cosine(i, j, if zero { 0.0 } else { turned * of.cosine(i, j) });
            }
        }
    }

    fn set_cosine(&mut self, i: usize, j: usize, cosine: f64) {
        let cosine = cosine.clamp(-1.0, 1.0);
        self.cosines[i * self.n_tasks + j] = cosine;
        self.cosines[j * self.n_tasks + i] = cosine;
    }

    pub fn n_tasks(&self) -> usize {
        self.n_tasks
    }

    /// (K) lengths of the rows of G.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// cos(gᵢ, gⱼ); 1 for i = j, 0 where one of two different rows is zero.
    pub fn cosine(&self, i: usize, j: usize) -> f64 {
        self.cosines[i * self.n_tasks + j]
    }

    /// Absolute error to expect of a cosine: 1e-14 from exact rows, 1e-6 from f32 products.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Share of K times the largest eigenvalue of M below which an eigenvalue counts as 0: the ε of f64 unless
    /// set otherwise.
    pub fn rank_epsilon(&self) -> f64 {
        self.rank_epsilon
    }

    /// Published code decides ranks with the ε of f32 whatever it computes in; to repeat it, so must this.
    pub fn set_rank_epsilon(&mut self, epsilon: f64) {
        self.rank_epsilon = epsilon;
    }

    /// Rows of length 0.
    pub fn is_zero(&self, i: usize) -> bool {
        self.norms[i] == 0.0
    }

    /// gᵢ · gⱼ.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        self.norms[i] * self.norms[j] * self.cosine(i, j)
    }

    /// gᵢ · d for d = wᵀG.
    pub fn along(&self, i: usize, w: &[f64]) -> f64 {
        self.norms[i] * (0..self.n_tasks).map(|j| w[j] * self.norms[j] * self.cosine(i, j)).sum::<f64>()
    }

    /// ‖wᵀG‖.
    pub fn length(&self, w: &[f64]) -> f64 {
        (0..self.n_tasks).map(|i| w[i] * self.along(i, w)).sum::<f64>().max(0.0).sqrt()
    }
}
