//! Merging: one θ from K networks that were fine-tuned apart, by their task vectors τₖ = θₖ − θ₀. No training.

/// Task arithmetic (Ilharco et al. 2023): θ₀ + Σ λₖ τₖ, with `lambdas` (K), θ₀ (P) and the fine-tuned θₖ (K) of P
/// parameters each.
pub fn merged(start: &[f64], tuned: &[Vec<f64>], lambdas: &[f64]) -> Vec<f64> {
    let mut theta = start.to_vec();
    for (tuned, lambda) in tuned.iter().zip(lambdas) {
        for ((theta, start), tuned) in theta.iter_mut().zip(start).zip(tuned) {
            *theta += lambda * (tuned - start);
        }
    }
    theta
}

/// MetaGPT (Zhou et al. 2024): λₖ = ‖τₖ‖²/Σ‖τⱼ‖² (K), the closed form under orthogonal task vectors and losses that
/// are quadratic along them. Equal shares where no network has moved.
pub fn metagpt(start: &[f64], tuned: &[Vec<f64>]) -> Vec<f64> {
    let square = |tuned: &Vec<f64>| tuned.iter().zip(start).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    let squares: Vec<f64> = tuned.iter().map(square).collect();
    let total: f64 = squares.iter().sum();
    let share = |square: &f64| if total > 0.0 { square / total } else { 1.0 / tuned.len() as f64 };
    squares.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_change_gets_the_largest_share() {
        let (start, tuned) = ([1.0, 1.0], [vec![3.0, 1.0], vec![1.0, 2.0]]);
        assert_eq!(metagpt(&start, &tuned), [0.8, 0.2]);
        assert_eq!(merged(&start, &tuned, &[0.5, 1.0]), [2.0, 2.0]);
        assert_eq!(merged(&start, &tuned, &[0.0; 2]), start);
        assert_eq!(metagpt(&start, &[start.to_vec(), start.to_vec()]), [0.5, 0.5]);
    }
}
