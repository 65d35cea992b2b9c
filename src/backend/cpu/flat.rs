//! Task gradients beside θ, one task at a time: what sharpness-aware training and read-outs of sharpness are made of.

use super::{Cpu, MAX_TASKS};
use crate::backend::{Combine, Part};
use crate::balance::modify::Ascent;
use crate::kernels::{ascend, blend, gramian, slope};
use crate::math::Real;

impl<T: Real> Cpu<T> {
    /// The unscaled loss of one task at θ, and its gradient with respect to shared parameters and own head into `out`
    /// (n_parameters), with the loss scale; 0 over other heads. `rows` is a full batch.
    pub fn task_gradient(&mut self, rows: &[u32], task: usize, out: &mut [T]) -> f64 {
        let mut losses = [0.0; MAX_TASKS];
        self.losses_on(Part::Train, rows, &mut losses[..self.workload.network.n_tasks()]);
        let n_shared = self.workload.layout.n_shared();
        self.backward_heads(task..task + 1, None, true);
        let (shared, heads) = out.split_at_mut(n_shared);
        self.backward_trunk(1, shared, n_shared);
        heads.fill(T::default());
        let head = self.workload.layout.head(task);
        out[head.clone()].copy_from_slice(&self.gradient[head]);
        losses[task]
    }

    /// Kept rows become ∇Lᵢ(θ + εᵢ) − gᵢ, heads' own gradients those of θ + εᵢ; and the Gramian (K, K) of these rows.
    pub fn flatten(&mut self, rows: &[u32], ascent: Ascent, m: &mut [f64]) {
        let n_shared = self.workload.layout.n_shared();
        let k = self.workload.network.n_tasks();
        let mut losses = [0.0; MAX_TASKS];
        self.form_rows();
        self.saved.clone_from(&self.theta);
        self.way.resize(self.theta.len(), T::default());
        self.kept.resize(self.g.len(), T::default());
        let mut kept = std::mem::take(&mut self.kept);
        for (task, row) in kept.chunks_exact_mut(n_shared.max(1)).enumerate().take(k) {
            let g = &self.g[task * n_shared..][..n_shared];
            let head = self.workload.layout.head(task);
            slope(ascent.adaptive, g, (&self.gradient, head), &self.saved, &mut self.way);
            let mut square = [0.0];
            gramian(self.way.len(), &self.way, &self.way, &mut square);
            ascend(ascent.adaptive, ascent.reach(square[0].sqrt()), &self.way, &self.saved, &mut self.theta);
            self.losses_on(Part::Train, rows, &mut losses[..k]);
            self.backward_heads(task..task + 1, None, true);
            self.backward_trunk(1, row, n_shared);
        }
        blend(&[1.0; MAX_TASKS][..k], &[-1.0; MAX_TASKS][..k], &self.g, &mut kept);
        gramian(n_shared, &kept, &kept, m);
        self.kept = kept;
        self.step_back();
    }

    /// A ← keep·A + (d, 0) with d as `how` says.
    pub fn set_aside_shared(&mut self, keep: f64, how: Combine<'_>) {
        self.direct_shared(how);
        let n_shared = self.workload.layout.n_shared();
        self.aside.resize(self.gradient.len(), T::default());
        let (shared, heads) = self.aside.split_at_mut(n_shared);
        blend(&[keep], &[1.0], &self.gradient[..n_shared], shared);
        let keep = T::of(keep);
        heads.iter_mut().for_each(|entry| *entry = keep * *entry);
    }
}
