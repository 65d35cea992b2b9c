//! A run of the workload on one backend: the only place that knows how a step of it is taken.

use super::workload::{BATCHES, Mode, Size};
use crate::backend::{Apply, Backend, BackendError, Combine};
use crate::config::TASKS;

const LEARNING_RATE: f64 = 1e-3;

/// A backend that trains the workload.
pub struct Trial {
    backend: Backend,
    mode: Mode,
    /// Steps taken.
    steps: u32,
    batches: Vec<Vec<u32>>,
    losses: Vec<f64>,
    gramian: Vec<f64>,
    weights: Vec<f64>,
    ones: Vec<f64>,
}

impl Trial {
    /// At the workload's start; `backend` was made from it.
    pub fn new(size: &Size, mode: Mode, backend: Backend) -> Self {
        let (k, rows) = (size.tasks, size.rows as u32);
        Self {
            backend,
            mode,
            steps: 0,
            batches: (0..BATCHES as u32).map(|batch| (batch * rows..(batch + 1) * rows).collect()).collect(),
            losses: vec![0.0; k],
            gramian: vec![0.0; k * k],
            weights: vec![0.0; k],
            ones: vec![1.0; k],
        }
    }

    /// (K) losses of the last step's batch before its update.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Takes `steps` steps. Losses are known of the last of them at least.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn advance(&mut self, steps: u32) -> Result<(), BackendError> {
        for _ in 0..steps {
            self.step().await?;
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<(), BackendError> {
        let Self { backend, batches, losses, gramian, weights, ones, .. } = self;
        let rows = &batches[self.steps as usize % BATCHES];
        let combine = match self.mode {
            Mode::Ew => {
                backend.losses(rows, losses).await?;
                Combine::Weighted(ones)
            }
            Mode::Pcgrad => {
                backend.gradients(rows, losses, gramian).await?;
                cyclic(gramian, weights);
                Combine::Rows(weights)
            }
        };
        let apply = Apply { combine, head_weights: ones, learning_rate: LEARNING_RATE, aside: 0.0, probe: false };
        backend.apply(apply).await?;
        self.steps += 1;
        Ok(())
    }

    /// Waits until everything is done that was started.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn drain(&mut self) -> Result<(), BackendError> {
        self.backend.drain().await
    }
}

/// (K) weights of PCGrad in coefficients, task i going through i + 1, i + 2, … around the circle:
/// A = 𝟙; Aᵢⱼ ← Aᵢⱼ − min(0, (A M)ᵢⱼ)/(Mⱼⱼ + 1e-12); w = column sums of A.
pub fn cyclic(gramian: &[f64], weights: &mut [f64]) {
    let k = weights.len();
    weights.fill(1.0);
    let mut own = [0.0; *TASKS.end()];
    for i in 0..k {
        own.fill(0.0);
        own[i] = 1.0;
        for s in 1..k {
            let j = (i + s) % k;
            let product: f64 = (0..k).map(|l| own[l] * gramian[l * k + j]).sum();
            if product < 0.0 {
                let back = product / (gramian[j * k + j] + 1e-12);
                own[j] -= back;
                weights[j] -= back;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tasks_in_conflict_are_projected_onto_each_other() {
        // g₁ = (1, 0), g₂ = (−1, 1): each loses its part along the other.
        let mut w = [0.0; 2];
        cyclic(&[1.0, -1.0, -1.0, 2.0], &mut w);
        assert!((w[0] - 2.0).abs() < 1e-9 && (w[1] - 1.5).abs() < 1e-9, "{w:?}");
        cyclic(&[1.0, 0.5, 0.5, 2.0], &mut w);
        assert_eq!(w, [1.0, 1.0]);
    }

    #[test]
    fn a_circle_of_three_starts_behind_oneself() {
        // g₁ = (1, 0), g₂ = (−1, 1), g₃ = (0, −1) by hand: g₁ + g₂/2 = (½, ½) meets g₃ and becomes (½, 0);
        // g₂ + g₃ = (−1, 0) meets g₁ and becomes 0; g₃ meets g₂ only and becomes g₃ + g₂/2.
        let mut w = [0.0; 3];
        cyclic(&[1.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 1.0], &mut w);
        let expect = [1.0 + 1.0, 0.5 + 1.0 + 0.5, 0.5 + 1.0 + 1.0];
        assert!(w.iter().zip(expect).all(|(w, e)| (w - e).abs() < 1e-9), "{w:?}");
    }
}
