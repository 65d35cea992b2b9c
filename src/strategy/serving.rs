//! Asks the backend for what a method needs beside losses and M, once a step; all room is reused.

use crate::backend::{Backend, BackendError, Part, Scope};
use crate::balance::{Balancer, Build, Gramian, Method, Need, Served};
use crate::data::Batches;
use crate::measure::labels::label_products;

/// Orders of batches beside the run's own.
const FIRST: u32 = 1;
const SECOND: u32 = 2;
const VALIDATION: u32 = 3;

/// What was brought in this step.
pub struct Serving {
    method: &'static Method,
    loss_scales: Vec<f64>,
    batches: Batches,
    validation_batches: Batches,
    rows: Vec<u32>,           // (B)
    losses: Vec<f64>,         // (K)
    weights: Vec<f64>,        // (K)
    zeros: Vec<f64>,          // (K)
    ones: Vec<f64>,           // (K)
    products: Vec<f64>,       // (K, K)
    cross: Vec<f64>,          // (K, K)
    excess: Vec<f64>,         // (K)
    labels: Option<Vec<f64>>, // (K, K)
    validation: Vec<f64>,     // (K)
    last_layer: Gramian,
    weighs_representation: bool,
    finite: bool,
}

impl Serving {
    pub fn new(method: &'static Method, backend: &Backend, batches: Batches, seed: u32) -> Self {
        let k = backend.loss_scales().len();
        let zeros = vec![0.0; k];
        // An analytic problem has one row, whichever part is asked for, and no labels.
        let workload = backend.workload();
        let held_out = workload.map_or(1, |workload| workload.split(Part::Validation).rows);
        let batch_rows = workload.map_or(1, |workload| workload.batch_rows);
        let labels = workload.filter(|_| method.needs(Need::LabelProducts));
        Self {
            method,
            loss_scales: backend.loss_scales().to_vec(),
            batches,
            validation_batches: Batches::new(held_out, batch_rows, seed).other(VALIDATION),
            rows: vec![0; batch_rows],
            losses: zeros.clone(),
            weights: zeros.clone(),
            ones: vec![1.0; k],
            products: vec![0.0; k * k],
            cross: vec![0.0; k * k],
            excess: zeros.clone(),
            labels: labels.map(|workload| label_products(&workload.data, &workload.targets)),
            validation: zeros.clone(),
            zeros,
            last_layer: Gramian::new(k),
            weighs_representation: method.needs(Need::Representation) && matches!(method.build, Build::Gramian(_)),
            finite: true,
        }
    }

    /// What other batches give; must come before the step's own batch, whose losses and rows it would replace.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn before_gradients(
        &mut self,
        backend: &mut Backend,
        balancer: &Balancer,
        own_rows: &[u32],
        (step, learning_rate): (u64, f64),
    ) -> Result<(), BackendError> {
        self.finite = true;
        if self.method.needs(Need::ValidationLosses) {
            self.take_validation_rows(step);
            backend.losses_on(Part::Validation, &self.rows, &mut self.validation).await?;
            for (loss, scale) in self.validation.iter_mut().zip(&self.loss_scales) {
                *loss *= scale;
            }
            self.finite &= all_finite(&self.validation);
        }
        if self.method.needs(Need::TwoMoreBatches) {
            self.batches.other(FIRST).indices(step, &mut self.rows);
            backend.gradients(&self.rows, &mut self.losses, &mut self.products).await?;
            backend.keep(&self.zeros, &self.ones, &mut self.products).await?;
            self.batches.other(SECOND).indices(step, &mut self.rows);
            backend.gradients(&self.rows, &mut self.losses, &mut self.products).await?;
            backend.gramian(Scope::Cross, &mut self.cross).await?;
            self.finite &= all_finite(&self.cross);
        }
        if self.method.needs(Need::LookAhead)
            && let Balancer::Gramian(method) = balancer
        {
            method.look_ahead(&mut self.weights);
            backend.gradients(own_rows, &mut self.losses, &mut self.products).await?;
            backend.keep(&self.zeros, &self.ones, &mut self.products).await?;
            backend.aim(&self.weights, &self.weights).await?;
            backend.look(learning_rate).await?;
            self.take_validation_rows(step);
            backend.gradients_on(Part::Validation, &self.rows, &mut self.losses, &mut self.products).await?;
            backend.gramian(Scope::Cross, &mut self.cross).await?;
            backend.step_back().await?;
            self.finite &= all_finite(&self.cross);
        }
        Ok(())
    }

    /// What can be asked once the batch's losses, or the rows of G, are there.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn after_gradients(&mut self, backend: &mut Backend) -> Result<(), BackendError> {
        if self.method.needs(Need::LastLayer) {
            backend.gramian(Scope::LastLayer, &mut self.products).await?;
            self.finite &= all_finite(&self.products);
            self.last_layer.set(&self.products, backend.is_exact());
        }
        if self.weighs_representation {
            backend.gramian(Scope::Representation, &mut self.products).await?;
            self.finite &= all_finite(&self.products);
        }
        if self.method.needs(Need::Excess) {
            backend.excess(&mut self.excess).await?;
            self.finite &= all_finite(&self.excess);
        }
        Ok(())
    }

    /// Rows of the validation batch, from the start again where there are fewer than B.
    fn take_validation_rows(&mut self, step: u64) {
        let n = self.validation_batches.size().max(1);
        self.validation_batches.indices(step, &mut self.rows);
        for at in n..self.rows.len() {
            self.rows[at] = self.rows[at - n];
        }
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
        Served {
            last_layer: has(Need::LastLayer).then_some(&self.last_layer),
            validation_losses: has(Need::ValidationLosses).then_some(&self.validation),
            cross: (has(Need::TwoMoreBatches) || has(Need::LookAhead)).then_some(&self.cross),
            excess: has(Need::Excess).then_some(&self.excess),
            label_products: self.labels.as_deref(),
        }
    }
}

fn all_finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|x| x.is_finite())
}
