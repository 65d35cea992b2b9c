//! The members of a manifold on the CPU: K networks one behind the other, whose mixture is θ.

use super::Cpu;
use crate::backend::{Apply, Spread, StepReport};
use crate::kernels::{Moments, blend, combine, update};
use crate::math::Real;

/// All in the order of the members.
pub(super) struct Members<T> {
    theta: Vec<T>,    // (K, n_parameters)
    gradient: Vec<T>, // (K, n_parameters)
    moved: Vec<T>,    // (K, n_parameters): Δθ of the last update
    moments: Moments<T>,
}

impl<T: Real> Cpu<T> {
    /// Holds these members (K, n_parameters) from now on.
    pub fn hold_members(&mut self, theta: Vec<T>) {
        self.members = Some(Members {
            gradient: vec![T::default(); theta.len()],
            moved: vec![T::default(); theta.len()],
            moments: Moments::new(self.workload.optimizer, theta.len()),
            theta,
        });
    }

    /// (K, n_parameters); empty where there are none.
    pub fn members(&self) -> &[T] {
        self.members.as_ref().map_or(&[], |members| &members.theta)
    }

    /// θ ← Σ αₖθₖ.
    pub fn mix(&mut self, alpha: &[f64]) {
        if let Some(members) = &self.members {
            combine(&members.theta, alpha, &mut self.theta);
        }
    }

    /// One draw's share of the update for every member, and the update itself where `spread` moves them.
    pub fn apply_to_members(&mut self, apply: Apply<'_>, spread: Spread<'_>) -> StepReport {
        let (learning_rate, probe) = (apply.learning_rate, apply.probe);
        self.direct(apply);
        let Some(mut members) = self.members.take() else { return StepReport::default() };
        for (gradient, &alpha) in members.gradient.chunks_exact_mut(self.theta.len()).zip(spread.alpha) {
            blend(&[spread.keep], &[alpha], &self.gradient, gradient);
        }
        if spread.moves {
            let rule = self.rule(learning_rate, &members.gradient);
            let Members { theta, gradient, moved, moments } = &mut members;
            update(&rule, gradient, moments, theta, moved);
            combine(moved, spread.alpha, &mut self.moved);
            combine(theta, spread.alpha, &mut self.theta);
        }
        self.members = Some(members);
        if probe && spread.moves { self.report() } else { StepReport::default() }
    }
}
