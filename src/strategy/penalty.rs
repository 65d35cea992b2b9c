//! The cosine penalty's gradient, from gradients beside θ; its formula is in `balance/modify/penalty.rs`.

use crate::backend::{Backend, BackendError};
use crate::balance::Gramian;
use crate::balance::modify::{Applied, Change, penalty_way};

/// How far beside θ gradients are taken, in parameters: the error of a central difference in f32 is least about here.
const REACH: f64 = 1e-2;
/// The same in f64.
const EXACT_REACH: f64 = 1e-4;

/// λ Σᵢ Hᵢ vᵢ, set aside for the update.
pub struct CosinePenalty {
    /// λ.
    strength: f64,
    way: Vec<f64>,      // (K)
    share: Vec<f64>,    // (K)
    zeros: Vec<f64>,    // (K)
    losses: Vec<f64>,   // (K)
    products: Vec<f64>, // (K, K)
}

impl CosinePenalty {
    /// If one of the modifiers asks for it; of one task nothing is orthogonal.
    pub fn new(modifiers: &[Applied], n_tasks: usize) -> Option<Self> {
        let asked = modifiers.iter().find(|applied| matches!(applied.modifier.change, Change::CosinePenalty))?;
        let zeros = vec![0.0; n_tasks];
        (n_tasks > 1).then(|| Self {
            strength: asked.value,
            way: zeros.clone(),
            share: zeros.clone(),
            losses: zeros.clone(),
            zeros,
            products: vec![0.0; n_tasks * n_tasks],
        })
    }

    /// λ, the factor of what was set aside.
    pub fn strength(&self) -> f64 {
        self.strength
    }

    /// Sets Σᵢ Hᵢ vᵢ aside; a task whose vᵢ leads over a wall of an analytic problem has no part in it.
    ///
    /// G must be that of `rows` at θ, as `gramian` says; afterwards it is another.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn set_aside(
        &mut self,
        backend: &mut Backend,
        rows: &[u32],
        gramian: &Gramian,
    ) -> Result<(), BackendError> {
        let reach = if backend.is_exact() { EXACT_REACH } else { REACH };
        backend.set_aside(0.0, &self.zeros).await?;
        let mut elsewhere = false;
        for task in 0..self.way.len() {
            penalty_way(gramian, task, &mut self.way);
            let length = gramian.length(&self.way);
            if length == 0.0 {
                continue;
            }
            // G is that of θ until the first look. What was set aside spent the heads' gradients, which a way through
            // the trunk does without.
            if elsewhere {
                backend.gradients(rows, &mut self.losses, &mut self.products).await?;
            }
            backend.aim(&self.way, &self.zeros).await?;
            if backend.is_exact() {
                backend.look(reach / length).await?;
                let one_side = backend.is_confined();
                backend.look(-reach / length).await?;
                if one_side || backend.is_confined() {
                    backend.step_back().await?;
                    continue;
                }
            }
            elsewhere = true;
            for side in [-1.0, 1.0] {
                // Looking goes against the way.
                backend.look(side * reach / length).await?;
                backend.gradients(rows, &mut self.losses, &mut self.products).await?;
                self.share.fill(0.0);
                self.share[task] = -side * length / (2.0 * reach);
                backend.set_aside(1.0, &self.share).await?;
            }
            backend.step_back().await?;
        }
        Ok(())
    }
}
