//! The largest eigenvalue of a symmetric matrix that is known by its products with vectors alone, such as a Hessian.

use crate::balance::solve::{MAX_TASKS, eigen};

/// When an eigenvalue counts as found: ‖Hv − λv‖ ≤ this·|λ|. Some eigenvalue is then at most this share off.
pub const TOLERANCE: f64 = 1e-2;
/// Most products for one eigenvalue.
pub const MOST_PRODUCTS: u32 = 40;

/// How the search for λ_max ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// vᵀHv of the unit vector v that it ended with: never above λ_max, wherever it stopped.
    pub value: f64,
    /// ‖Hv − value·v‖.
    pub residual: f64,
    /// Whether the residual came below [`TOLERANCE`] within [`MOST_PRODUCTS`].
    pub settled: bool,
    /// Products of H with a vector that it took.
    pub products: u32,
}

/// Power iteration whose every step takes the best vector in the span of v, Hv and the last step (Knyazev 2001, without
/// preconditioner): it goes to the largest eigenvalue and not to that of largest size, and one product a step suffices.
///
/// The caller multiplies [`Self::vector`] and hands the product to [`Self::take`].
pub struct PowerIteration {
    v: Vec<f64>,
    hv: Vec<f64>,
    last: Option<[Vec<f64>; 2]>, // the last step and its product
    asked: Vec<f64>,
    products: u32,
}

impl PowerIteration {
    /// From `start`, whose length does not matter; it must not be 0.
    pub fn new(mut start: Vec<f64>) -> Self {
        scale_to_unit(&mut start);
        Self { hv: Vec::new(), last: None, asked: start.clone(), v: start, products: 0 }
    }

    /// The unit vector whose product is wanted next.
    pub fn vector(&self) -> &[f64] {
        &self.asked
    }

    /// Takes H times [`Self::vector`]; the answer, once there is one.
    pub fn take(&mut self, product: Vec<f64>) -> Option<Largest> {
        self.products += 1;
        if self.hv.is_empty() {
            self.hv = product;
        } else {
            self.step(product);
        }
        let value = dot(&self.v, &self.hv);
        self.asked.clone_from(&self.hv);
        add(&mut self.asked, -value, &self.v);
        let residual = dot(&self.asked, &self.asked).sqrt();
        let settled = residual <= TOLERANCE * value.abs();
        // What is left of the residual beside v is where to look next.
        let beside = -dot(&self.asked, &self.v);
        add(&mut self.asked, beside, &self.v);
        let goes_on = scale_to_unit(&mut self.asked);
        if settled || self.products >= MOST_PRODUCTS || !goes_on || !value.is_finite() {
            return Some(Largest { value, residual, settled, products: self.products });
        }
        None
    }

    /// The best of v, the asked vector and the last step, by the products of all three.
    fn step(&mut self, product: Vec<f64>) {
        let asked = std::mem::take(&mut self.asked);
        let mut basis = vec![[std::mem::take(&mut self.v), std::mem::take(&mut self.hv)], [asked, product]];
        if let Some(mut last) = self.last.take() {
            // Orthonormal to the others, and its product likewise; twice, because once is not enough.
            for _ in 0..2 {
                for [vector, product] in &basis {
                    let along = dot(&last[0], vector);
                    add(&mut last[0], -along, vector);
                    add(&mut last[1], -along, product);
                }
            }
            let length = dot(&last[0], &last[0]).sqrt();
            if length > 1e-8 {
                last.iter_mut().for_each(|part| part.iter_mut().for_each(|x| *x /= length));
                basis.push(last);
            }
        }
        let n = basis.len();
        let mut small = [0.0; MAX_TASKS * MAX_TASKS];
        let mut vectors = small;
        for i in 0..n {
            for j in 0..n {
                // A difference of gradients is not quite symmetric.
                small[i * n + j] = 0.5 * (dot(&basis[i][0], &basis[j][1]) + dot(&basis[j][0], &basis[i][1]));
            }
        }
        eigen::decompose(&mut small, &mut vectors, n);
        let top = (0..n).max_by(|&i, &j| small[i * n + i].total_cmp(&small[j * n + j])).unwrap_or(0);
        let share = |i: usize| vectors[i * n + top];
        let mix = |part: usize, first: usize| {
            let mut sum = vec![0.0; basis[0][0].len()];
            (first..n).for_each(|i| add(&mut sum, share(i), &basis[i][part]));
            sum
        };
        let (v, hv, last) = (mix(0, 0), mix(1, 0), [mix(0, 1), mix(1, 1)]);
        let length = dot(&v, &v).sqrt();
        self.v = v.iter().map(|x| x / length).collect();
        self.hv = hv.iter().map(|x| x / length).collect();
        self.last = Some(last);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

/// Whether it had a length.
fn scale_to_unit(v: &mut [f64]) -> bool {
    let length = dot(v, v).sqrt();
    if length > 0.0 {
        v.iter_mut().for_each(|x| *x /= length);
    }
    length > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, StreamId};

    fn largest(n: usize, product: impl Fn(&[f64]) -> Vec<f64>) -> Largest {
        let draws = Stream::new(1, StreamId::Probe, 0);
        let mut search = PowerIteration::new((0..n as u64).map(|i| draws.normal(i)).collect());
        loop {
            if let Some(found) = search.take(product(search.vector())) {
                return found;
            }
        }
    }

    fn diagonal(entries: &[f64]) -> Largest {
        largest(entries.len(), |v| entries.iter().zip(v).map(|(entry, v)| entry * v).collect())
    }

    #[test]
    fn the_largest_is_found_among_many() {
        let spread: Vec<f64> = (0..500).map(|i| 7.0 * 0.98_f64.powi(i)).collect();
        let found = diagonal(&spread);
        assert!(found.settled && found.products < MOST_PRODUCTS, "{found:?}");
        assert!((found.value - 7.0).abs() < TOLERANCE * 7.0 && found.value <= 7.0 + 1e-12, "{found:?}");
    }

    #[test]
    fn one_of_larger_size_below_zero_does_not_matter() {
        let found = diagonal(&[-100.0, 3.0, 1.0, -7.0, 0.0, 2.0]);
        assert!(found.settled && (found.value - 3.0).abs() < 0.03, "{found:?}");
        let found = diagonal(&[-4.0, -1.0, -2.0]);
        assert!(found.settled && (found.value + 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn a_plane_has_no_curvature() {
        let found = diagonal(&[0.0; 9]);
        assert_eq!((found.value, found.settled, found.products), (0.0, true, 1));
        assert_eq!(diagonal(&[2.0]).value, 2.0);
    }

    #[test]
    fn what_does_not_settle_is_said_and_below() {
        // Four thousand eigenvalues from −1 to just above 0: the largest is small beside the distance to the others.
        let crowd: Vec<f64> = (0..=4_000).map(|i| -1.0 + 1.001 * f64::from(i) / 4_000.0).collect();
        let found = diagonal(&crowd);
        assert!(!found.settled && found.products == MOST_PRODUCTS, "{found:?}");
        assert!(found.value <= 1e-3 && found.residual > TOLERANCE * found.value.abs(), "{found:?}");
    }
}
