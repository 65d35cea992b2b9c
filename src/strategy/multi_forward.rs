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

/// Draws that [`order_gradient`] has room for.
pub const MOST_DRAWS: usize = 8;

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

/// The gradient of [`order_term`] by the losses, for at most [`MOST_DRAWS`] draws: `alphas`, `losses` and what is
/// written are (W, K) row-major. Returns the term. 0 where neighbors are equal, whose kink has no slope.
pub fn order_gradient(
    (alphas, losses): (&[f64], &[f64]),
    n_tasks: usize,
    penalized: Penalized,
    temperature: f64,
    gradient: &mut [f64],
) -> f64 {
    gradient.fill(0.0);
    let draws = alphas.len() / n_tasks.max(1);
    let Some(neighbors) = draws.checked_sub(1).filter(|&n| n > 0 && draws <= MOST_DRAWS) else { return 0.0 };
    let mut term = 0.0;
    for task in 0..n_tasks {
        let mut order: [usize; MOST_DRAWS] = std::array::from_fn(|draw| draw);
        // Of equal α the one drawn first comes first, without room that a stable sort would take.
        order[..draws].sort_unstable_by(|&a, &b| {
            alphas[b * n_tasks + task].total_cmp(&alphas[a * n_tasks + task]).then(a.cmp(&b))
        });
        let sign = if penalized == Penalized::WrongOrder { -1.0 } else { 1.0 };
        let mut costs = [0.0; MOST_DRAWS];
        let mut largest: f64 = 0.0;
        for (cost, pair) in costs.iter_mut().zip(order[..draws].windows(2)) {
            let rise = losses[pair[1] * n_tasks + task] - losses[pair[0] * n_tasks + task];
            *cost = temperature * (sign * rise).max(0.0);
            largest = largest.max(*cost);
        }
        let sum: f64 = costs[..neighbors].iter().map(|cost| libm::exp(cost - largest)).sum();
        for (&cost, pair) in costs.iter().zip(order[..draws].windows(2)).filter(|(cost, _)| **cost > 0.0) {
            let slope = sign * temperature * libm::exp(cost - largest) / sum;
            gradient[pair[1] * n_tasks + task] += slope;
            gradient[pair[0] * n_tasks + task] -= slope;
        }
        term += largest + libm::log(sum / neighbors as f64);
    }
    term
}

/// The loss that is trained: the term counts only while its share is below the weighted loss.
pub fn total(weighted: f64, term: f64, strength: Strength) -> f64 {
    let share = strength.coefficient * term;
    if share < weighted { weighted + share } else { weighted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, StreamId};

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
    fn the_gradient_is_that_of_finite_differences() {
        let draws = Stream::new(5, StreamId::Probe, 0);
        for (case, (n_draws, k)) in [(2, 2), (3, 2), (4, 3), (8, 4), (1, 2)].into_iter().enumerate() {
            for penalized in [Penalized::WrongOrder, Penalized::RightOrder] {
                let number = |at: usize| draws.uniform((case * 100 + at) as u64);
                let alphas: Vec<f64> = (0..n_draws * k).map(number).collect();
                let mut losses: Vec<f64> = (0..n_draws * k).map(|at| 3.0 * number(50 + at)).collect();
                let rows = |flat: &[f64]| flat.chunks_exact(k).map(<[f64]>::to_vec).collect::<Vec<_>>();
                let term = |losses: &[f64]| order_term(&rows(&alphas), &rows(losses), penalized, 1.5);
                let mut gradient = vec![7.0; n_draws * k];
                let told = order_gradient((&alphas, &losses), k, penalized, 1.5, &mut gradient);
                assert!((told - term(&losses)).abs() < 1e-12);
                let mut slopes = 0.0;
                for at in 0..losses.len() {
                    let (middle, step) = (losses[at], 1e-6);
                    losses[at] = middle + step;
                    let above = term(&losses);
                    losses[at] = middle - step;
                    let slope = (above - term(&losses)) / (2.0 * step);
                    losses[at] = middle;
                    assert!((slope - gradient[at]).abs() < 1e-7, "{n_draws} {k} {at}: {slope} {}", gradient[at]);
                    slopes += slope.abs();
                }
                // Among many numbers some are in the wrong order and some in the right one.
                assert!(n_draws < 4 || slopes > 0.1);
            }
        }
    }

    #[test]
    fn a_term_beyond_the_loss_is_left_out() {
        let strength = Strength { temperature: 1.0, coefficient: 2.0 };
        assert_eq!(total(5.0, 1.0, strength), 7.0);
        assert_eq!(total(5.0, 2.5, strength), 5.0);
    }
}
