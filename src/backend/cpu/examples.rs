//! How the tasks pull at single rows: each row's own K gradients, told by their products alone.

use super::Cpu;
use crate::backend::Part;
use crate::kernels::{TaskLoss, delta, loss};
use crate::math::Real;
use crate::nn::Owner;

impl<T: Real> Cpu<T> {
    /// (B, K) unscaled losses of every row alone, and (B, K, K) the Gramians of its own task gradients with respect
    /// to the shared parameters, with the loss scales. `rows` is a full batch.
    ///
    /// What a dense layer gets from one row is the outer product of its inputs x and its delta δ, so two tasks'
    /// gradients have the product (x·x + 1)(δᵢ·δⱼ), the 1 for the bias: no row's gradient is ever formed.
    pub fn examples(&mut self, rows: &[u32], losses: &mut [f64], gramians: &mut [f64]) {
        let k = self.workload.network.n_tasks();
        let mut means = vec![0.0; k];
        self.losses_on(Part::Train, rows, &mut means);
        for (task, head) in self.workload.network.heads.iter().enumerate() {
            let outputs = head.layers.last().map_or(0, |layer| layer.outputs());
            let scale = self.workload.loss_scales[task];
            let (z, dz) = (self.forward.outputs(task), &mut self.dz[task]);
            let each = z.chunks_exact(outputs).zip(dz.chunks_exact_mut(outputs));
            for (row, ((z, dz), target)) in each.zip(self.targets[task].chunks_exact(1)).enumerate().take(rows.len()) {
                losses[row * k + task] = loss(&TaskLoss { loss: head.loss, targets: target, scale }, outputs, z, dz);
            }
        }
        self.backward_heads(0..k, None, true);
        gramians.fill(0.0);
        let batch_rows = self.workload.batch_rows;
        let network = &self.workload.network;
        let [stack, spare] = &mut self.stack;
        for (index, layer) in network.trunk.iter().enumerate().rev() {
            let (inputs, outputs) = (layer.inputs(), layer.outputs());
            let below: &[T] = match index.checked_sub(1) {
                Some(index) => &self.forward.trunk[index].y,
                None => &self.forward.x,
            };
            for (row, gramian) in gramians.chunks_exact_mut(k * k).enumerate().take(batch_rows) {
                let x = &below[row * inputs..][..inputs];
                let square = 1.0 + dot(x, x);
                let of = |task: usize| &stack[(task * batch_rows + row) * outputs..][..outputs];
                for i in 0..k {
                    for j in i..k {
                        gramian[i * k + j] += square * dot(of(i), of(j));
                        gramian[j * k + i] = gramian[i * k + j];
                    }
                }
            }
            if let Some(index) = index.checked_sub(1) {
                let (weight, _) = self.workload.layout.layer(Owner::Shared, index + 1);
                let sloped = self.forward.trunk[index].slope_source();
                let below = network.trunk[index].activation().map(|act| (act, &sloped[..batch_rows * inputs]));
                let dy = &stack[..k * batch_rows * outputs];
                let shape = (k * batch_rows, inputs, outputs);
                delta(shape, dy, &self.theta[weight], below, spare, &mut self.packing);
                std::mem::swap(stack, spare);
            }
        }
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}
