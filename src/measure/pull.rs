//! How tasks pull, read off the Gramian alone: cosines, exact coordinates in the span, common descent.
//!
//! All task gradients and every wᵀG lie in a space of at most K dimensions, so M fixes the picture up
//! to rotation: nothing is projected. Lengths and cosines are kept apart, because raw M loses all digits
//! once lengths differ by 1e8.

/// What a small step along −d does to one task, to first order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Helps,
    Neither,
    Hurts,
}

impl Effect {
    /// From the cosine of the task's gradient and the direction; below 0.005 two decimals show a zero.
    pub fn of(cosine: f64) -> Self {
        if cosine >= 0.005 {
            Self::Helps
        } else if cosine <= -0.005 {
            Self::Hurts
        } else {
            Self::Neither
        }
    }
}

/// Whether aᵀG and bᵀG point the same way, from M = G Gᵀ (K, K) and weights (K) each; only their lengths may
/// differ. False where one of them vanishes.
pub fn same_direction(gramian: &[f64], a: &[f64], b: &[f64]) -> bool {
    let k = a.len();
    if b.len() != k || gramian.len() != k * k {
        return false;
    }
    let product = |x: &[f64], y: &[f64]| -> f64 {
        (0..k).map(|i| (0..k).map(|j| x[i] * gramian[i * k + j] * y[j]).sum::<f64>()).sum()
    };
    let (aa, bb, ab) = (product(a, a), product(b, b), product(a, b));
    // M comes from single-precision products: its sixth digit is noise.
    aa > 0.0 && bb > 0.0 && ab >= (1.0 - 1e-7) * (aa * bb).sqrt()
}

/// cos of two vectors from their product and lengths; `None` when a length is zero or anything is not finite.
pub fn cosine(product: f64, length: f64, other_length: f64) -> Option<f64> {
    // Divided one after the other: the product of two tiny lengths would underflow.
    let cosine = product / length / other_length;
    (length > 0.0 && other_length > 0.0 && cosine.is_finite()).then(|| cosine.clamp(-1.0, 1.0))
}

/// (K) lengths of the task gradients from M (K, K) row-major.
pub fn lengths(gramian: &[f64], n_tasks: usize) -> Vec<f64> {
    let square = |i: usize| gramian.get(i * n_tasks + i).copied().unwrap_or(0.0);
    (0..n_tasks).map(|i| if square(i) > 0.0 { square(i).sqrt() } else { 0.0 }).collect()
}

/// (K, K) cosines from M; zero where a gradient is zero or not finite, 1 on the diagonal.
pub fn cosines(gramian: &[f64], n_tasks: usize) -> Vec<f64> {
    let lengths = lengths(gramian, n_tasks);
    let mut cosines = vec![0.0; n_tasks * n_tasks];
    for i in 0..n_tasks {
        for j in 0..n_tasks {
            let product = gramian.get(i * n_tasks + j).copied().unwrap_or(0.0);
            cosines[i * n_tasks + j] =
                if i == j { 1.0 } else { cosine(product, lengths[i], lengths[j]).unwrap_or(0.0) };
        }
    }
    cosines
}

/// Whether both cosines of a pair are noise: each length is below 1 % of its own maximum over the run.
pub fn is_noise(length: f64, other_length: f64, most: f64, other_most: f64) -> bool {
    length < 0.01 * most && other_length < 0.01 * other_most
}

/// Coordinates of the K task gradients in K dimensions, exact up to rotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    n_tasks: usize,
    lengths: Vec<f64>,
    units: Vec<f64>, // (K, K): row i = gᵢ / ‖gᵢ‖; lower triangular in the order of the tasks
}

impl Embedding {
    /// From M (K, K) row-major, which must be a Gramian up to rounding.
    ///
    /// Cholesky of the cosines. A pivot below 1e-14 of a unit vector is rounding: the row then lies in the
    /// span of the ones before it.
    pub fn new(gramian: &[f64], n_tasks: usize) -> Self {
        let cosines = cosines(gramian, n_tasks);
        let mut units = vec![0.0; n_tasks * n_tasks];
        for i in 0..n_tasks {
            for j in 0..=i {
                let known: f64 = (0..j).map(|c| units[i * n_tasks + c] * units[j * n_tasks + c]).sum();
                let rest = cosines[i * n_tasks + j] - known;
                let pivot = units[j * n_tasks + j];
                units[i * n_tasks + j] = if i == j {
                    if rest > 1e-14 { rest.sqrt() } else { 0.0 }
                } else if pivot > 0.0 {
                    rest / pivot
                } else {
                    0.0
                };
            }
        }
        Self { n_tasks, lengths: lengths(gramian, n_tasks), units }
    }

    /// (K) lengths.
    pub fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// (K) coordinates of gᵢ / ‖gᵢ‖.
    pub fn unit(&self, i: usize) -> &[f64] {
        &self.units[i * self.n_tasks..(i + 1) * self.n_tasks]
    }

    /// (K) coordinates of wᵀG.
    pub fn combine(&self, weights: &[f64]) -> Vec<f64> {
        let part = |c: usize| (0..self.n_tasks).map(|i| weights[i] * self.lengths[i] * self.unit(i)[c]).sum();
        (0..self.n_tasks).map(part).collect()
    }

    /// (K) coordinates of the part inside the span of a vector v that is known by its products gᵢ · v.
    pub fn project(&self, products: &[f64]) -> Vec<f64> {
        // Solve units · y = products / lengths by forward substitution; dependent rows say nothing new.
        let mut inside = vec![0.0; self.n_tasks];
        for i in 0..self.n_tasks {
            let pivot = self.unit(i)[i];
            if pivot > 1e-6 && self.lengths[i] > 0.0 {
                let known: f64 = (0..i).map(|c| self.unit(i)[c] * inside[c]).sum();
                inside[i] = (products[i] / self.lengths[i] - known) / pivot;
            }
        }
        inside
    }
}

/// Two task gradients in the plane, turned so that their bisector points up: unit vectors (x, y), y up,
/// the first task to the right. Parallel gradients coincide; opposed ones lie left and right.
pub fn plane(gramian: &[f64]) -> [[f64; 2]; 2] {
    let half = cosines(gramian, 2)[1].acos() / 2.0;
    [[half.sin(), half.cos()], [-half.sin(), half.cos()]]
}

/// Whether no task gets worse along −d to first order: gᵢ · d ≥ 0 for all i, up to rounding of the
/// products (1e-12 of ‖gᵢ‖ ‖d‖).
pub fn in_common_descent(products: &[f64], lengths: &[f64], direction_length: f64) -> bool {
    products.iter().zip(lengths).all(|(product, length)| *product >= -1e-12 * length * direction_length)
}

/// Angles (radians, counterclockwise from the right) where the common-descent cone of [`plane`] begins and
/// ends: its edges are at right angles to the gradients.
pub fn plane_cone(gramian: &[f64]) -> (f64, f64) {
    let half = cosines(gramian, 2)[1].acos() / 2.0;
    let width = std::f64::consts::FRAC_PI_2 - half;
    (std::f64::consts::FRAC_PI_2 - width, std::f64::consts::FRAC_PI_2 + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_isometry(rows: &[&[f64]]) {
        let k = rows.len();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let m: Vec<f64> = rows.iter().flat_map(|a| rows.iter().map(|b| dot(a, b)).collect::<Vec<_>>()).collect();
        let embedding = Embedding::new(&m, k);
        let lengths = embedding.lengths().to_vec();
        for i in 0..k {
            for j in 0..k {
                let drawn = lengths[i] * lengths[j] * dot(embedding.unit(i), embedding.unit(j));
                let size = lengths[i] * lengths[j];
                assert!((drawn - m[i * k + j]).abs() <= 1e-9 * size, "{i},{j}: {drawn} {}", m[i * k + j]);
            }
        }
        let weights: Vec<f64> = (0..k).map(|i| 0.3 + i as f64).collect();
        let d: Vec<f64> = (0..rows[0].len()).map(|c| (0..k).map(|i| weights[i] * rows[i][c]).sum()).collect();
        let combined = embedding.combine(&weights);
        assert!((dot(&combined, &combined) - dot(&d, &d)).abs() <= 1e-9 * dot(&d, &d));
        let products: Vec<f64> = rows.iter().map(|row| dot(row, &d)).collect();
        let projected = embedding.project(&products);
        assert!((dot(&projected, &projected) - dot(&d, &d)).abs() <= 1e-6 * dot(&d, &d).max(1e-300));
    }

    #[test]
    fn directions_are_compared_by_angle_alone() {
        let gramian = [2.0, -0.5, -0.5, 1.0];
        assert!(same_direction(&gramian, &[1.0, 2.0], &[0.5, 1.0]));
        assert!(!same_direction(&gramian, &[1.0, 2.0], &[-1.0, -2.0]));
        assert!(!same_direction(&gramian, &[1.0, 2.0], &[1.0, 2.01]));
        assert!(!same_direction(&gramian, &[0.0, 0.0], &[1.0, 1.0]));
        assert!(!same_direction(&gramian, &[1.0], &[1.0, 1.0]));
        // Two opposed gradients are one line: whatever is left of them points along it.
        assert!(same_direction(&[4.0, -2.0, -2.0, 1.0], &[1.0, 0.0], &[1.0, 1.0]));
    }

    #[test]
    fn drawn_vectors_have_the_products_of_the_gramian() {
        check_isometry(&[&[1.0, 2.0, -1.0], &[0.5, -1.0, 3.0]]);
        check_isometry(&[&[1e-6, 2e-6, 0.0], &[3e5, -1e5, 2e5]]);
        check_isometry(&[&[1.0, 0.0, 0.0, 2.0], &[0.0, 1.0, 0.0, -1.0], &[0.2, 0.2, 1.0, 0.0]]);
        check_isometry(&[&[1.0, 2.0], &[-2.0, -4.0]]);
        check_isometry(&[&[3.0]]);
    }

    #[test]
    fn plane_is_isometric_and_points_up() {
        for cosine in [-1.0, -0.6, 0.0, 0.42, 1.0] {
            let m = [4.0, 6.0 * cosine, 6.0 * cosine, 9.0];
            let [a, b] = plane(&m);
            assert!((a[0] * b[0] + a[1] * b[1] - cosine).abs() < 1e-9);
            assert!((a[0] + b[0]).abs() < 1e-12 && a[1] + b[1] >= -1e-12);
            let (from, to) = plane_cone(&m);
            for angle in [from + 1e-6, to - 1e-6] {
                if from + 1e-5 < to {
                    let d = [angle.cos(), angle.sin()];
                    assert!(a[0] * d[0] + a[1] * d[1] >= -1e-9 && b[0] * d[0] + b[1] * d[1] >= -1e-9);
                }
            }
            let out = [(from - 0.01).cos(), (from - 0.01).sin()];
            assert!(a[0] * out[0] + a[1] * out[1] < 0.0 || b[0] * out[0] + b[1] * out[1] < 0.0);
        }
    }

    #[test]
    fn part_outside_the_span_is_not_drawn() {
        // v = (1, 1, 5): only (1, 1) lies in the span of the two gradients.
        let embedding = Embedding::new(&[1.0, 0.0, 0.0, 4.0], 2);
        assert_eq!(embedding.project(&[1.0, 2.0]), [1.0, 1.0]);
    }

    #[test]
    fn zero_and_broken_gradients_stay_finite() {
        for m in [[0.0; 4], [f64::NAN; 4], [1.0, f64::INFINITY, 0.0, 1.0]] {
            assert!(cosines(&m, 2).iter().all(|c| c.is_finite()));
            assert!(Embedding::new(&m, 2).project(&[1.0, 1.0]).iter().all(|c| c.is_finite()));
        }
        assert_eq!(cosine(1.0, 0.0, 1.0), None);
        assert!((cosine(1e-300, 1e-150, 1e-150).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn common_descent_is_no_negative_product() {
        assert!(in_common_descent(&[0.1, 0.0], &[1.0, 1.0], 1.0));
        assert!(in_common_descent(&[0.1, -1e-14], &[1.0, 1.0], 1.0));
        assert!(!in_common_descent(&[0.1, -0.01], &[1.0, 1.0], 1.0));
        assert_eq!(Effect::of(-0.39), Effect::Hurts);
        assert_eq!(Effect::of(0.004), Effect::Neither);
    }
}
