//! Where a run's method would go from a node of a map: its direction there, seen along the plane.

use super::pull::Pull;
use crate::balance::modify::Change;
use crate::balance::{Balancer, Build, Gramian, Need, StepContext};
use crate::config::{ExperimentConfig, RunConfig, name_of_run};
use crate::strategy::afresh::{built, floor, refusal, weigh};

/// A method that is asked at many nodes. At each it is built afresh: where it would go says what it makes of the
/// gradients there, not of a path. Optimizer, clipping and weight decay are left out.
pub struct Field {
    run: RunConfig,
    scales: Vec<f64>,
    preference: Vec<f64>,
    floor: Vec<f64>,
    learning_rate: f64,
    seed: u32,
    step: u32,
    scales_heads: bool,
    exact: bool,
}

impl Field {
    /// Of run number `run`, with the learning rate and the draws of `step`.
    ///
    /// # Errors
    /// Why this method has none, in a sentence.
    pub fn new(config: &ExperimentConfig, run: usize, step: u32) -> Result<Self, String> {
        let Some(of_run) = config.runs.get(run) else {
            return Err(format!("There is no run {}: this experiment has {}.", run as u64 + 1, config.runs.len()));
        };
        let name = name_of_run(config, run);
        if matches!(of_run.method.build, Build::Rows(_)) {
            return Err(format!("{name} has no field: it works on single coordinates of the gradients."));
        }
        if let Some(why) = refusal(of_run) {
            return Err(format!("{name} has no field: {why}"));
        }
        let scales_heads = of_run.method.needs(Need::HeadsScaledByWeights)
            || of_run.modifiers.iter().any(|applied| matches!(applied.modifier.change, Change::Heads));
        Ok(Self {
            run: of_run.clone(),
            scales: config.loss_scales().to_vec(),
            preference: config.preference(),
            floor: floor(config),
            learning_rate: config.training.rates().at(step),
            seed: config.training.seed,
            step,
            scales_heads,
            exact: config.analytic().is_some(),
        })
    }

    /// −d along both directions of the plane at a node with these unscaled losses (K); `None` where the method gives no
    /// numbers.
    pub fn at(&self, losses: &[f32], pull: &Pull<'_>) -> Option<[f64; 2]> {
        let k = self.scales.len();
        let losses: Vec<f64> = losses.iter().zip(&self.scales).map(|(loss, scale)| f64::from(*loss) * scale).collect();
        let products: Vec<f64> = pull.gramian().iter().map(|product| f64::from(*product)).collect();
        if losses.iter().chain(&products).any(|x| !x.is_finite()) {
            return None;
        }
        let mut gramian = Gramian::new(k);
        gramian.set(&products, self.exact);
        let ctx = StepContext {
            losses: &losses,
            first_losses: &losses,
            epoch_means: None,
            preference: &self.preference,
            learning_rate: self.learning_rate,
            step: u64::from(self.step),
            seed: self.seed,
            served: Default::default(),
        };
        let mut balancer = built(&self.run, &self.floor);
        let mut w = vec![0.0; k];
        weigh(&mut balancer, self.run.method, &ctx, &gramian, &mut w);
        let own = match &balancer {
            Balancer::Gramian(method) if !self.scales_heads => method.head_weights(),
            _ => None,
        };
        let head = |task: usize| if self.scales_heads { w[task] } else { own.map_or(1.0, |own| own[task]) };
        let along = |axis: usize| {
            -(0..k).map(|task| w[task] * pull.shared(axis, task) + head(task) * pull.head(axis, task)).sum::<f64>()
        };
        let arrow = [along(0), along(1)];
        arrow.iter().all(|x| x.is_finite()).then_some(arrow)
    }
}
