//! How the tasks pull at single rows: each row's own K gradients, told by their products alone.

use super::{Cpu, go_down};
use crate::backend::Part;
use crate::kernels::{TaskLoss, filter_sums, loss};
use crate::math::Real;
use crate::nn::{Convolution, Layer, Owner};

impl<T: Real> Cpu<T> {
    /// (B, K) unscaled losses of every row alone, and (B, K, K) the Gramians of its own task gradients with respect
    /// to the shared parameters, with the loss scales. `rows` is a full batch.
    ///
    /// What a dense layer gets from one row is the outer product of its inputs x and its delta δ, so two tasks'
    /// gradients have the product (x·x + 1)(δᵢ·δⱼ), the 1 for the bias: no such gradient is ever formed. A convolution
    /// adds up products of many patches, which have no such form; its filters are few, and a row's gradient is formed.
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
            let mut filters = match *layer {
                Layer::Dense { .. } => Filters::default(),
                Layer::Convolution { shape, .. } => Filters::new(k, shape),
            };
            let taken = &self.forward.trunk[index].taken;
            for (row, gramian) in gramians.chunks_exact_mut(k * k).enumerate().take(batch_rows) {
                let x = &below[row * inputs..][..inputs];
                let of = |task: usize| &stack[(task * batch_rows + row) * outputs..][..outputs];
                let mut add = |product: &dyn Fn(usize, usize) -> f64| {
                    for i in 0..k {
                        for j in i..k {
                            gramian[i * k + j] += product(i, j);
                            gramian[j * k + i] = gramian[i * k + j];
                        }
                    }
                };
                match *layer {
                    Layer::Dense { .. } => {
                        let square = 1.0 + dot(x, x);
                        add(&|i, j| square * dot(of(i), of(j)));
                    }
                    Layer::Convolution { shape, .. } => {
                        filters.form(shape, x, &taken[row * outputs..][..outputs], &of);
                        add(&|i, j| dot(filters.of(i), filters.of(j)));
                    }
                }
            }
            if index > 0 {
                let (weight, _) = self.workload.layout.layer(Owner::Shared, index);
                let dy = &stack[..k * batch_rows * outputs];
                let at = (network, &self.forward, index);
                go_down(at, (k, batch_rows), dy, &self.theta[weight], spare, &mut self.packing);
                std::mem::swap(stack, spare);
            }
        }
    }
}

/// (K, parameters) one row's gradients of one convolution.
#[derive(Default)]
struct Filters<T> {
    gradients: Vec<T>,
    length: usize,
}

impl<T: Real> Filters<T> {
    fn new(n_tasks: usize, shape: Convolution) -> Self {
        let length = (shape.fan_in() + 1) * shape.filters;
        Self { gradients: vec![T::default(); n_tasks * length], length }
    }

    fn form<'a>(&mut self, shape: Convolution, x: &[T], taken: &[u8], dy: &impl Fn(usize) -> &'a [T]) {
        self.gradients.fill(T::default());
        for (task, gradient) in self.gradients.chunks_exact_mut(self.length).enumerate() {
            let (sums, bias) = gradient.split_at_mut(shape.fan_in() * shape.filters);
            filter_sums(shape, x, taken, dy(task), sums, bias);
        }
    }

    fn of(&self, task: usize) -> &[T] {
        &self.gradients[task * self.length..][..self.length]
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}
