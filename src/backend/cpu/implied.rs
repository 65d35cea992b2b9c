//! Layers whose rows of G are not formed unless somebody reads them: M, d and the products with it come without.
//!
//! Which layers, shapes alone decide. The deltas of all tasks stay until the next batch, so rows can still be formed
//! when they turn out to be wanted; until then they are *implied*.

use super::Cpu;
use crate::backend::Workload;
use crate::kernels::{ImpliedRoom, combine, gramian_block, implied_gramian, implied_products, weight_gradient};
use crate::math::Real;
use crate::nn::{Layer, Owner};
use std::ops::Range;

/// What lists of what is on leave of the products of explicit rows: benches/record/listed.md.
const LISTED_SHARE: f64 = 0.65;

/// The deltas of implied layers.
#[derive(Clone, Default)]
pub(super) struct Implied<T> {
    /// By shared layer: (K, B, O), or nothing where rows are formed.
    deltas: Vec<Vec<T>>,
    /// Whether rows of these layers are missing in G.
    pub(super) missing: bool,
    room: ImpliedRoom<T>,
    mixed: Vec<T>, // (B, widest implied layer)
}

/// Whether M, one weighted backward pass and two products with every row cost less than K weight gradients of a layer.
fn pays(tasks: usize, rows: usize, layer: Layer) -> bool {
    let Layer::Dense { inputs, outputs, .. } = layer else { return false };
    let [k, b, i, o] = [tasks, rows, inputs, outputs].map(|n| n as f64);
    let listed = super::lists(tasks, layer);
    let explicit = k * b * i * o * if listed { LISTED_SHARE } else { 1.0 };
    let implied = b * b * i + k * b * b * o + k * k / 2.0 * b * o + 3.0 * b * i * o;
    implied < explicit
}

impl<T: Real> Implied<T> {
    pub(super) fn new(workload: &Workload) -> Self {
        let Workload { network, batch_rows, .. } = workload;
        let k = network.n_tasks();
        let implied = |layer: &Layer| if pays(k, *batch_rows, *layer) { layer.outputs() } else { 0 };
        let widths: Vec<usize> = network.trunk.iter().map(implied).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        if widest == 0 {
            return Self::default();
        }
        Self {
            deltas: widths.iter().map(|width| vec![T::default(); k * batch_rows * width]).collect(),
            missing: false,
            room: ImpliedRoom::new(k, *batch_rows, widest),
            mixed: vec![T::default(); batch_rows * widest],
        }
    }

    /// Keeps the deltas (K, B, O) of this layer if its rows are implied; says whether they are.
    pub(super) fn keep(&mut self, layer: usize, deltas: &[T]) -> bool {
        let Some(kept) = self.deltas.get_mut(layer).filter(|kept| !kept.is_empty()) else { return false };
        kept.copy_from_slice(deltas);
        self.missing = true;
        true
    }

    fn is_implied(&self, layer: usize) -> bool {
        self.deltas.get(layer).is_some_and(|deltas| !deltas.is_empty())
    }
}

impl<T: Real> Cpu<T> {
    /// Forms every row of G from now on, whatever it costs: the same numbers on another way.
    #[must_use]
    pub fn with_explicit_rows(mut self) -> Self {
        self.implied = Implied::default();
        self
    }

    /// Whether the rows of some layer are formed only when somebody reads them.
    pub fn implies_rows(&self) -> bool {
        !self.implied.deltas.is_empty()
    }

    /// Columns of G, weight and bias, of a shared layer; and its shape for a batch.
    fn columns(&self, layer: usize) -> ((usize, usize, usize), Range<usize>, usize) {
        let Workload { network, layout, batch_rows, .. } = &self.workload;
        let (weight, bias) = layout.layer(Owner::Shared, layer);
        let shape = (*batch_rows, network.trunk[layer].inputs(), network.trunk[layer].outputs());
        (shape, weight.start..bias.end, weight.len())
    }

    /// M (K, K) where rows are missing.
    pub(super) fn implied_gramian(&mut self, m: &mut [f64]) {
        m.fill(0.0);
        let (k, n_shared) = (self.workload.network.n_tasks(), self.workload.layout.n_shared());
        let mut own = [0.0; super::MAX_TASKS * super::MAX_TASKS];
        let own = &mut own[..k * k];
        for layer in 0..self.workload.network.trunk.len() {
            let (shape, columns, _) = self.columns(layer);
            if self.implied.is_implied(layer) {
                let Implied { deltas, room, .. } = &mut self.implied;
                let x = self.forward.inputs(layer);
                implied_gramian(shape, x, &deltas[layer], m, room, &mut self.packing);
            } else {
                gramian_block(n_shared, columns, &self.g, &self.g, own);
                for (m, own) in m.iter_mut().zip(&*own) {
                    *m += own;
                }
            }
        }
    }

    /// d = wᵀG where rows are missing: one backward pass through the implied layers' weights.
    pub(super) fn combine_implied(&mut self, w: &[f64]) {
        let n_shared = self.workload.layout.n_shared();
        for layer in 0..self.workload.network.trunk.len() {
            let (shape, columns, n_weight) = self.columns(layer);
            let into = &mut self.gradient[columns.clone()];
            if self.implied.is_implied(layer) {
                let Implied { deltas, mixed, .. } = &mut self.implied;
                let mixed = &mut mixed[..shape.0 * shape.2];
                combine(&deltas[layer], w, mixed);
                let (weight, bias) = into.split_at_mut(n_weight);
                weight_gradient(shape, self.forward.inputs(layer), mixed, weight, bias, &mut self.packing);
            } else {
                into.fill(T::default());
                for (row, &w) in self.g.chunks_exact(n_shared).zip(w) {
                    let w = T::of(w);
                    for (d, &g) in into.iter_mut().zip(&row[columns.clone()]) {
                        *d += w * g;
                    }
                }
            }
        }
    }

    /// (K) gᵢ·d and gᵢ·Δθ where rows are missing.
    pub(super) fn implied_products(&mut self) -> [Vec<f64>; 2] {
        let (k, n_shared) = (self.workload.network.n_tasks(), self.workload.layout.n_shared());
        let mut own = [0.0; super::MAX_TASKS];
        let mut packing = std::mem::take(&mut self.packing);
        let products = [Way::Direction, Way::Step].map(|way| {
            let mut products = vec![0.0; k];
            for layer in 0..self.workload.network.trunk.len() {
                let (shape, columns, n_weight) = self.columns(layer);
                let v = match way {
                    Way::Direction => &self.gradient[..n_shared],
                    Way::Step => &self.moved[..n_shared],
                };
                if self.implied.is_implied(layer) {
                    let Implied { deltas, room, .. } = &mut self.implied;
                    let v = v[columns].split_at(n_weight);
                    let x = self.forward.inputs(layer);
                    implied_products(shape, x, &deltas[layer], v, &mut products, room, &mut packing);
                } else {
                    gramian_block(n_shared, columns, &self.g, v, &mut own[..k]);
                    for (product, own) in products.iter_mut().zip(own) {
                        *product += own;
                    }
                }
            }
            products
        });
        self.packing = packing;
        products
    }

    /// Forms what is missing in G, from the deltas of the last [`Cpu::gradients`], whose batch must still be there.
    pub(super) fn form_rows(&mut self) {
        if !std::mem::take(&mut self.implied.missing) {
            return;
        }
        let n_shared = self.workload.layout.n_shared();
        for layer in (0..self.workload.network.trunk.len()).filter(|&layer| self.implied.is_implied(layer)) {
            let (shape, columns, n_weight) = self.columns(layer);
            let x = self.forward.inputs(layer);
            let deltas = self.implied.deltas[layer].chunks_exact(shape.0 * shape.2);
            for (row, delta) in self.g.chunks_exact_mut(n_shared).zip(deltas) {
                let (weight, bias) = row[columns.clone()].split_at_mut(n_weight);
                weight_gradient(shape, x, delta, weight, bias, &mut self.packing);
            }
        }
    }
}

/// Along what products are taken.
#[derive(Clone, Copy)]
enum Way {
    Direction,
    Step,
}
