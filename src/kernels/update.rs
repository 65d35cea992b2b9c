//! One optimizer step: θ ← θ − lr·(what the rule makes of the gradient).

use crate::config::Optimizer;
use crate::math::Real;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The optimizer's memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments<T> {
    /// Velocity of momentum, or Adam's first moment.
    pub first: Vec<T>,
    /// Adam's second moment; empty for SGD.
    pub second: Vec<T>,
    /// Updates so far.
    pub step: u64,
}

impl<T: Real> Moments<T> {
    pub fn new(optimizer: Optimizer, n_parameters: usize) -> Self {
        let second = match optimizer {
            Optimizer::Adam | Optimizer::AdamW => n_parameters,
            Optimizer::Sgd { .. } => 0,
        };
        Self { first: vec![T::default(); n_parameters], second: vec![T::default(); second], step: 0 }
    }
}

/// The numbers of one update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    /// λ: added to the gradient as λθ; with AdamW θ shrinks by lr·λ·θ beside the step.
    pub weight_decay: f64,
    /// Factor on the whole gradient, below 1 where it was longer than the clip length.
    pub gradient_scale: f64,
}

/// Moves θ against the gradient and writes Δθ.
///
/// SGD: v ← μv + g, Δθ = −lr·v. Adam (Kingma & Ba 2015, algorithm 1): Δθ = −lr·m̂/(√v̂ + ε). The gradient is clipped
/// before weight decay joins it.
pub fn update<T: Real>(rule: &Rule, gradient: &[T], moments: &mut Moments<T>, theta: &mut [T], moved: &mut [T]) {
    moments.step += 1;
    let scale = T::of(rule.gradient_scale);
    let decay = T::of(if rule.optimizer == Optimizer::AdamW { 0.0 } else { rule.weight_decay });
    match rule.optimizer {
        Optimizer::Sgd { momentum } => {
            let (mu, lr) = (T::of(momentum), T::of(rule.learning_rate));
            for (((&g, v), theta), moved) in gradient.iter().zip(&mut moments.first).zip(theta).zip(moved) {
                *v = mu * *v + (scale * g + decay * *theta);
                *moved = -(lr * *v);
                *theta += *moved;
            }
        }
        Optimizer::Adam | Optimizer::AdamW => {
            let steps = moments.step as f64;
            // Bias corrections folded into the rate and into v: lr/(1−β₁ᵗ) and 1/(1−β₂ᵗ).
            let rate = T::of(rule.learning_rate / (1.0 - libm::pow(BETA1, steps)));
            let correction = T::of(1.0 / (1.0 - libm::pow(BETA2, steps)));
            let (b1, c1) = (T::of(BETA1), T::of(1.0 - BETA1));
            let (b2, c2) = (T::of(BETA2), T::of(1.0 - BETA2));
            let epsilon = T::of(EPSILON);
            let shrink = match rule.optimizer {
                Optimizer::AdamW => T::of(rule.learning_rate * rule.weight_decay),
                _ => T::default(),
            };
            let memory = moments.first.iter_mut().zip(&mut moments.second);
            for (((&g, (m, v)), theta), moved) in gradient.iter().zip(memory).zip(theta).zip(moved) {
                let g = scale * g + decay * *theta;
                *m = b1 * *m + c1 * g;
                *v = b2 * *v + c2 * g * g;
                *moved = -(rate * *m / ((*v * correction).sqrt() + epsilon) + shrink * *theta);
                *theta += *moved;
            }
        }
    }
}
