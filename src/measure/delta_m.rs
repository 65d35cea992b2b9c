//! Δm (Maninis et al. 2019): what sharing costs on average, in percent of the single-task results.

/// One task's metric with and without sharing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Trained together with the others.
    pub multi_task: f64,
    /// Trained alone; the baseline.
    pub single_task: f64,
    pub higher_is_better: bool,
}

/// Mean over tasks of the relative loss against the baseline, in percent: **lower is better**, below 0 sharing won.
///
/// The sign is that of Navon et al. 2022 and Liu et al. 2023; Maninis et al. print its negative, a gain. Relative
/// numbers have no unit, so accuracies and errors may stand side by side. `None` without tasks, with numbers that are
/// not finite, and with a baseline at or below 0 (an R² can be), of which a share means nothing.
pub fn delta_m(tasks: &[Compared]) -> Option<f64> {
    let worse = |task: &Compared| {
        let change = (task.multi_task - task.single_task) / task.single_task;
        let known = task.single_task > 0.0 && change.is_finite();
        known.then_some(if task.higher_is_better { -change } else { change })
    };
    let worse = tasks.iter().map(worse).collect::<Option<Vec<_>>>().filter(|worse| !worse.is_empty())?;
    Some(100.0 * worse.iter().sum::<f64>() / worse.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_is_better_whatever_the_metric() {
        let accuracy = Compared { multi_task: 0.9, single_task: 1.0, higher_is_better: true };
        let error = Compared { multi_task: 0.3, single_task: 0.2, higher_is_better: false };
        let check = |tasks: &[Compared], percent: f64| {
            let got = delta_m(tasks).expect("defined");
            assert!((got - percent).abs() < 1e-12, "{got} instead of {percent}");
        };
        check(&[accuracy], 10.0);
        check(&[error], 50.0);
        check(&[accuracy, error], 30.0);
        check(&[Compared { multi_task: 1.1, ..accuracy }], -10.0);
        assert_eq!(delta_m(&[]), None);
        assert_eq!(delta_m(&[Compared { single_task: 0.0, ..error }]), None);
        assert_eq!(delta_m(&[accuracy, Compared { single_task: -0.5, ..accuracy }]), None);
        assert_eq!(delta_m(&[Compared { multi_task: f64::NAN, ..error }]), None);
    }
}
