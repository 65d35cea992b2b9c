//! Asks the backend for what a method needs beside losses and M, once a step; all room is reused.

use crate::backend::{Backend, BackendError, Scope};
use crate::balance::{Build, Gramian, Method, Need, Served};

/// What was brought in this step.
pub struct Serving {
    method: &'static Method,
    products: Vec<f64>, // (K, K)
    last_layer: Gramian,
    weighs_representation: bool,
    finite: bool,
}

impl Serving {
    pub fn new(method: &'static Method, n_tasks: usize) -> Self {
        Self {
            method,
            products: vec![0.0; n_tasks * n_tasks],
            last_layer: Gramian::new(n_tasks),
            weighs_representation: method.needs(Need::Representation) && matches!(method.build, Build::Gramian(_)),
            finite: true,
        }
    }

    /// What can be asked once the batch's losses, or the rows of G, are there.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn after_gradients(&mut self, backend: &mut Backend) -> Result<(), BackendError> {
        self.finite = true;
        if self.method.needs(Need::LastLayer) {
            backend.gramian(Scope::LastLayer, &mut self.products).await?;
            self.take_products();
            self.last_layer.set_from_products(&self.products);
        }
        if self.weighs_representation {
            backend.gramian(Scope::Representation, &mut self.products).await?;
            self.take_products();
        }
        Ok(())
    }

    fn take_products(&mut self) {
        self.finite &= self.products.iter().all(|x| x.is_finite());
    }

    /// (K, K) products of ∂L/∂z, where the method's M is theirs.
    pub fn representation(&self) -> Option<&[f64]> {
        self.weighs_representation.then_some(&self.products)
    }

    /// Whether all numbers are; a method may assume it.
    pub fn is_finite(&self) -> bool {
        self.finite
    }

    pub fn served(&self) -> Served<'_> {
        let has = |need| self.method.needs(need);
        Served { last_layer: has(Need::LastLayer).then_some(&self.last_layer) }
    }
}
