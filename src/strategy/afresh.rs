//! What a run's method, built afresh, makes of a Gramian that belongs to no step: of held gradients, of a map's nodes.

use super::manifold::modifiers;
use crate::balance::modify::{Change, modified};
use crate::balance::{Balancer, Gramian, Method, Need, Setup, StepContext};
use crate::config::{ExperimentConfig, RunConfig};

/// Why the method can say nothing without a network in training, half a sentence; `None` where it can.
pub fn refusal(run: &RunConfig) -> Option<String> {
    if let Some(missing) = run.method.needs.iter().find_map(|need| missing(*need)) {
        return Some(format!("it needs {missing}, which only a network in training has."));
    }
    if run.ascent().is_some() {
        return Some("it needs gradients uphill of the weights, which only what is in training has.".to_string());
    }
    let penalized = run.modifiers.iter().any(|applied| matches!(applied.modifier.change, Change::CosinePenalty));
    penalized
        .then(|| "its penalty needs gradients beside the weights, which only a network in training has.".to_string())
}

/// The run's method, told how low the scaled losses can fall (K).
pub fn built(run: &RunConfig, floor: &[f64]) -> Balancer {
    let setup = Setup { n_tasks: floor.len(), knobs: run.knobs.clone() };
    let mut balancer = modified(run.method, &setup, &modifiers(run));
    balancer.bound_losses(floor);
    balancer
}

/// Writes w (K), so that d = wᵀG; false for a method that works on coordinates.
pub fn weigh(
    balancer: &mut Balancer,
    method: &Method,
    ctx: &StepContext<'_>,
    gramian: &Gramian,
    w: &mut [f64],
) -> bool {
    match balancer {
        Balancer::Losses(method) => _ = method.weights(ctx, w),
        Balancer::Gramian(balancer) if method.needs(Need::KeptRows) => {
            // One step from kept rows that are 0: they are rows of G times `add`.
            let (mut keep, mut add) = (w.to_vec(), w.to_vec());
            balancer.keep(ctx, gramian, &mut keep, &mut add);
            let mut kept = Gramian::new(w.len());
            kept.set_scaled(gramian, &add);
            balancer.weights(ctx, &kept, w);
            w.iter_mut().zip(&add).for_each(|(w, add)| *w *= add);
        }
        Balancer::Gramian(balancer) => _ = balancer.weights(ctx, gramian, w),
        Balancer::Rows(_) => return false,
    }
    true
}

/// (K) values that the scaled losses of an experiment nowhere go below.
pub fn floor(config: &ExperimentConfig) -> Vec<f64> {
    let scales = config.loss_scales();
    config.analytic().map_or_else(
        || vec![0.0; scales.len()],
        |analytic| analytic.problem.floor.iter().zip(scales).map(|(floor, scale)| floor * scale).collect(),
    )
}

/// What no frozen gradients can bring.
fn missing(need: Need) -> Option<&'static str> {
    match need {
        Need::HeadsScaledByWeights
        | Need::LossesAfterStep
        | Need::EpochMeans
        | Need::LossValues
        | Need::Preference
        | Need::KeptRows => None,
        Need::LastLayer => Some("the gradients of the last shared layer"),
        Need::Representation => Some("the gradients at the shared features"),
        Need::ValidationLosses => Some("losses on validation rows"),
        Need::TwoMoreBatches => Some("the gradients of two more batches"),
        Need::LookAhead => Some("the gradients of validation rows one step ahead"),
        Need::Excess => Some("the gradients of all past steps"),
        Need::LabelProducts => Some("inputs and labels"),
    }
}
