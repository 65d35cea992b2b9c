//! Projection onto the simplex (Held, Wolfe & Crowder 1974).

use super::{Column, MAX_TASKS};

/// Moves `x` (K ≤ 16) to the nearest point with x ≥ 0 and Σ x = 1. Finite input gives a point of the simplex.
pub fn project(x: &mut [f64]) {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sorted: Column = [0.0; MAX_TASKS];
    for (sorted, x) in sorted.iter_mut().zip(x.iter_mut()) {
        // More than 1 below the largest means 0 in any case; relative to it no digits are lost.
        *x = (*x - top).max(-2.0);
        *sorted = *x;
    }
    let sorted = &mut sorted[..x.len()];
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (i, &value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (i + 1) as f64;
        if value > candidate {
            shift = candidate;
        }
    }
    for x in x.iter_mut() {
        *x = (*x - shift).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut x: Vec<f64>, expected: &[f64]) {
        project(&mut x);
        for (x, expected) in x.iter().zip(expected) {
            assert!((x - expected).abs() < 1e-15, "{x} instead of {expected}");
        }
    }

    #[test]
    fn nearest_points() {
        check(vec![0.2, 0.8], &[0.2, 0.8]);
        check(vec![3.0, 3.0, 3.0, 3.0], &[0.25; 4]);
        check(vec![2.0, 0.0, -1.0], &[1.0, 0.0, 0.0]);
        check(vec![0.9, 0.5, -3.0], &[0.7, 0.3, 0.0]);
        check(vec![-1e300, 1e300], &[0.0, 1.0]);
        check(vec![7.0], &[1.0]);
    }
}
