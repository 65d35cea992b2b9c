//! Multi-forward regularization of Pareto manifold learning (Dimitriadis, Frossard & Fleuret 2023): along the manifold
//! a task that weighs more must not lose more.
//!
//! W points of the manifold, drawn with preferences α (W, K), have losses (W, K). For every task the losses are put
//! in the order of falling α, and neighbors in the wrong order cost Rₖ = log Σ exp(T·excess)/(W − 1).

/// Which neighbors cost something, when a task's losses stand in the order of its falling weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Penalized {
    /// A loss that falls although its task weighs less: what the paper means.
    WrongOrder,
    /// A loss that rises as its task weighs less: the sign of the published code, which penalizes the wanted order.
    RightOrder,
}

/// Temperature T and factor of the regularization term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    pub temperature: f64,
    pub coefficient: f64,
}

/// Σ αₖLₖ over all W draws: what would be trained without the term.
pub fn weighted_loss(alphas: &[Vec<f64>], losses: &[Vec<f64>]) -> f64 {
    alphas.iter().flatten().zip(losses.iter().flatten()).map(|(alpha, loss)| alpha * loss).sum()
}

/// Σₖ Rₖ of at least two draws with K losses each; 0 for fewer. Of equal α the one drawn first comes first.
pub fn order_term(alphas: &[Vec<f64>], losses: &[Vec<f64>], penalized: Penalized, temperature: f64) -> f64 {
    let Some(neighbors) = alphas.len().checked_sub(1).filter(|&n| n > 0) else { return 0.0 };
    let of_task = |task: usize| {
        let mut order: Vec<usize> = (0..alphas.len()).collect();
        order.sort_by(|&a, &b| alphas[b][task].total_cmp(&alphas[a][task]));
        let cost = |pair: &[usize]| {
            let rise = losses[pair[1]][task] - losses[pair[0]][task];
            let excess = if penalized == Penalized::WrongOrder { -rise } else { rise };
            temperature * excess.max(0.0)
        };
        let costs: Vec<f64> = order.windows(2).map(cost).collect();
        // The largest is taken out, so that no exponential overflows.
        let largest = costs.iter().copied().fold(0.0, f64::max);
        let sum: f64 = costs.iter().map(|cost| libm::exp(cost - largest)).sum();
        largest + libm::log(sum / neighbors as f64)
    };
    (0..alphas[0].len()).map(of_task).sum()
}

/// The loss that is trained: the term counts only while its share is below the weighted loss.
pub fn total(weighted: f64, term: f64, strength: Strength) -> f64 {
    let share = strength.coefficient * term;
    if share < weighted { weighted + share } else { weighted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_penalized_order_costs() {
        // Task 0 does better with more weight, task 1 worse.
        let alphas = [vec![0.2, 0.8], vec![0.7, 0.3]];
        let losses = [vec![2.0, 5.0], vec![1.0, 2.0]];
        let term = |penalized| order_term(&alphas, &losses, penalized, 1.0);
        assert!((term(Penalized::WrongOrder) - 3.0).abs() < 1e-14);
        assert!((term(Penalized::RightOrder) - 1.0).abs() < 1e-14);
        assert!((order_term(&alphas, &losses, Penalized::WrongOrder, 1e3) - 3e3).abs() < 1e-9);
        assert_eq!(order_term(&alphas[..1], &losses[..1], Penalized::WrongOrder, 1.0), 0.0);
        assert!((weighted_loss(&alphas, &losses) - (0.4 + 4.0 + 0.7 + 0.6)).abs() < 1e-14);
    }

    #[test]
    fn a_term_beyond_the_loss_is_left_out() {
        let strength = Strength { temperature: 1.0, coefficient: 2.0 };
        assert_eq!(total(5.0, 1.0, strength), 7.0);
        assert_eq!(total(5.0, 2.5, strength), 5.0);
    }
}
