//! What sharpness-aware training adds to an update: the method once more, on what gradients gain uphill of θ.

use crate::backend::{Backend, BackendError, Combine, Slot};
use crate::balance::modify::{Applied, Ascent, RowFactors, modified};
use crate::balance::{Balancer, Gramian, Method, Outcome, Setup, StepContext};

/// The method for the hᵢ = ∇Lᵢ(θ + εᵢ) − gᵢ, with a memory of its own.
pub struct FlatPart {
    ascent: Ascent,
    balancer: Balancer,
    row_factors: RowFactors,
    gramian: Gramian,
    products: Vec<f64>, // (K, K)
    weights: Vec<f64>,  // (K)
    zeros: Vec<f64>,    // (K)
}

impl FlatPart {
    /// If one of the modifiers asks for it.
    pub fn new(method: &Method, setup: &Setup, modifiers: &[Applied]) -> Option<Self> {
        let k = setup.n_tasks;
        Some(Self {
            ascent: Ascent::among(modifiers)?,
            balancer: modified(method, setup, modifiers),
            row_factors: RowFactors::new(method, modifiers),
            gramian: Gramian::new(k),
            products: vec![0.0; k * k],
            weights: vec![0.0; k],
            zeros: vec![0.0; k],
        })
    }

    pub fn bound_losses(&mut self, floor: &[f64]) {
        self.balancer.bound_losses(floor);
    }

    pub fn set_rank_epsilon(&mut self, epsilon: f64) {
        self.gramian.set_rank_epsilon(epsilon);
    }

    pub fn after_step(&mut self, ctx: &StepContext<'_>, losses_after: &[f64]) {
        self.balancer.after_step(ctx, losses_after);
    }

    /// A ← keep·A + what the method makes of the hᵢ; the heads' own gradients become those of θ + εᵢ. `None` where
    /// numbers are none any more.
    ///
    /// G must be that of `rows` at θ.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn set_aside(
        &mut self,
        backend: &mut Backend,
        rows: &[u32],
        keep: f64,
        ctx: &StepContext<'_>,
    ) -> Result<Option<Outcome>, BackendError> {
        backend.flatten(rows, self.ascent, &mut self.products).await?;
        if self.products.iter().any(|m| !m.is_finite()) {
            return Ok(None);
        }
        self.gramian.set(&self.products, backend.is_exact());
        let outcome = match &mut self.balancer {
            Balancer::Losses(method) => method.weights(ctx, &mut self.weights),
            Balancer::Gramian(method) => method.weights(ctx, &self.gramian, &mut self.weights),
            Balancer::Rows(method) => {
                if !self.row_factors.is_empty() {
                    let factors = self.row_factors.factors(ctx, Some(self.gramian.norms()));
                    backend.keep(&factors[..self.zeros.len()], &self.zeros, &mut self.products).await?;
                }
                let direction = Combine::Direction(Slot::Kept, method.as_mut(), ctx);
                backend.set_aside_shared(keep, direction).await?;
                return Ok(Some(Outcome::Settled));
            }
        };
        backend.set_aside_shared(keep, Combine::Kept(&self.weights)).await?;
        Ok(Some(outcome))
    }
}
