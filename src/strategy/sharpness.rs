//! Flat regions for all tasks (Phan et al. 2022, after SAM, Foret et al. 2021): every task's gradient is taken once
//! where the network is and once uphill of it, and what the two differ by is balanced apart from the plain part.

/// θ + ρ g/‖g‖: the steepest way uphill for one task, `rho` long. θ itself where the gradient vanishes.
pub fn uphill(theta: &[f64], gradient: &[f64], rho: f64) -> Vec<f64> {
    let length = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let share = if length > 0.0 { rho / length } else { 0.0 };
    theta.iter().zip(gradient).map(|(theta, g)| theta + share * g).collect()
}

/// Plain gradients gᵢ at θ (P) and flat ones hᵢ = ∇Lᵢ(θ + ρ gᵢ/‖gᵢ‖) − gᵢ, one row of P a task each.
///
/// `gradient` is asked for task i at any θ.
pub fn split(
    theta: &[f64],
    n_tasks: usize,
    rho: f64,
    gradient: impl Fn(usize, &[f64]) -> Vec<f64>,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    (0..n_tasks)
        .map(|task| {
            let plain = gradient(task, theta);
            let above = gradient(task, &uphill(theta, &plain, rho));
            let flat = above.iter().zip(&plain).map(|(above, plain)| above - plain).collect();
            (plain, flat)
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_part_is_the_curvature_along_the_gradient() {
        // ½(4x² + y²): the gradient changes by (4, 1) ⊙ ρ g/‖g‖.
        let bowl = |_: usize, at: &[f64]| vec![4.0 * at[0], at[1]];
        let (plain, flat) = split(&[0.75, 4.0], 1, 0.5, bowl);
        assert_eq!(plain, [[3.0, 4.0]]);
        assert!((flat[0][0] - 4.0 * 0.3).abs() < 1e-14 && (flat[0][1] - 0.4).abs() < 1e-14, "{flat:?}");
        // A plane is as flat as can be, and so is the bottom.
        assert_eq!(split(&[1.0, 2.0], 1, 0.5, |_, _| vec![1.0, 1.0]).1, [[0.0, 0.0]]);
        assert_eq!(split(&[0.0, 0.0], 1, 0.5, bowl).1, [[0.0, 0.0]]);
    }
}
