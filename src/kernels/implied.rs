//! Inner products of the task gradients of one dense layer without those gradients.
//!
//! With Gᵢ = Σᵣ xᵣ ⊗ δⁱᵣ for weights and Σᵣ δⁱᵣ for biases, ⟨Gᵢ, Gⱼ⟩ = Σᵣₛ (xᵣ·xₛ + 1)(δⁱᵣ·δʲₛ) and
//! ⟨Gᵢ, V⟩ = Σᵣ (xᵣV + v)·δⁱᵣ. Where a batch has few rows beside the layer's width, that is far less than forming G.
//! The first is how norms of gradients by example are computed (Goodfellow 2015, arXiv 1510.01799; "ghost norms" of
//! Li et al. 2022, arXiv 2110.05679, §4), for pairs of tasks in the place of examples.

use super::gemm::{Packing, View, gemm};
use super::{dense, gramian};
use crate::math::Real;

/// Room that every layer of a network uses in turn.
#[derive(Debug, Clone, Default)]
pub struct ImpliedRoom<T> {
    alike: Vec<T>,      // (B, B)
    spread: Vec<T>,     // (B, O)
    products: Vec<f64>, // (K)
}

impl<T: Real> ImpliedRoom<T> {
    /// Room for layers of at most that many outputs.
    pub fn new(tasks: usize, rows: usize, outputs: usize) -> Self {
        Self {
            alike: vec![T::default(); rows * rows],
            spread: vec![T::default(); rows * outputs],
            products: vec![0.0; tasks],
        }
    }
}

/// m (K, K) ← m + ⟨Gᵢ, Gⱼ⟩ from x (B, I) and the deltas (K, B, O) of a dense layer.
pub fn implied_gramian<T: Real>(
    (rows, inputs, outputs): (usize, usize, usize),
    x: &[T],
    deltas: &[T],
    m: &mut [f64],
    room: &mut ImpliedRoom<T>,
    packing: &mut Packing<T>,
) {
    let ImpliedRoom { alike, spread, products } = room;
    let (alike, spread) = (&mut alike[..rows * rows], &mut spread[..rows * outputs]);
    gemm((rows, rows, inputs), View::rows(x, inputs), View::transposed(x, inputs), alike, packing);
    for alike in &mut *alike {
        *alike += T::of(1.0);
    }
    let tasks = products.len();
    for (j, delta) in deltas.chunks_exact(rows * outputs).enumerate() {
        gemm((rows, outputs, rows), View::rows(alike, rows), View::rows(delta, outputs), spread, packing);
        let products = &mut products[..=j];
        gramian(rows * outputs, &deltas[..(j + 1) * rows * outputs], spread, products);
        for (i, &product) in products.iter().enumerate() {
            m[i * tasks + j] += product;
            if i != j {
                m[j * tasks + i] += product;
            }
        }
    }
}

/// along (K) ← along + ⟨Gᵢ, V⟩ for V, a weight (I, O) and a bias (O).
pub fn implied_products<T: Real>(
    (rows, inputs, outputs): (usize, usize, usize),
    x: &[T],
    deltas: &[T],
    (weight, bias): (&[T], &[T]),
    along: &mut [f64],
    room: &mut ImpliedRoom<T>,
    packing: &mut Packing<T>,
) {
    let ImpliedRoom { spread, products, .. } = room;
    let spread = &mut spread[..rows * outputs];
    dense((rows, inputs, outputs), x, weight, bias, None, spread, packing);
    gramian(rows * outputs, deltas, spread, products);
    for (along, product) in along.iter_mut().zip(products) {
        *along += *product;
    }
}
