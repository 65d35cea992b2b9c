//! Random orthonormal directions, which generators build their tasks' weights from.

use crate::rng::{Stream, StreamId};

/// `N` directions of `D` numbers, N ≤ D: normal draws of sequences 0 .. N of the functions, made orthogonal in this
/// order.
pub(super) fn directions<const N: usize, const D: usize>(seed: u32) -> [[f64; D]; N] {
    let mut rows = [[0.0; D]; N];
    for at in 0..N {
        let (before, rest) = rows.split_at_mut(at);
        let row = &mut rest[0];
        Stream::new(seed, StreamId::Functions, at as u32).fill_normal(0, row);
        // Twice: the second round takes away what rounding left over.
        for _ in 0..2 {
            for other in &*before {
                let along = dot(row, other);
                for (x, y) in row.iter_mut().zip(other) {
                    *x -= along * y;
                }
            }
            let length = dot(row, row).sqrt();
            for x in row.iter_mut() {
                *x /= length;
            }
        }
    }
    rows
}

fn dot<const D: usize>(a: &[f64; D], b: &[f64; D]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_orthonormal_and_their_own() {
        let rows = directions::<8, 32>(3);
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((dot(a, b) - expected).abs() < 1e-14, "{i} {j}: {}", dot(a, b));
            }
        }
        // The first ones do not depend on how many follow.
        assert_eq!(directions::<2, 32>(3), rows[..2]);
        assert_ne!(directions::<2, 32>(4), rows[..2]);
    }
}
