//! What the methods of all runs make of gradients that belong to no run: each built afresh, in f64.

use crate::balance::modify::RowFactors;
use crate::balance::{Balancer, Gramian, StepContext};
use crate::config::{ExperimentConfig, RunConfig};
use crate::protocol::Aggregation;
use crate::strategy::afresh::{built, floor, refusal, weigh};
use crate::strategy::manifold::modifiers;

/// One entry a run of the configuration, for gradients (K, K) row-major in K coordinates. `losses` (K) are unscaled;
/// where they are not given, every scaled loss is 1.
pub fn aggregate(config: &ExperimentConfig, gradients: &[f64], losses: &[f64], step: u32) -> Vec<Aggregation> {
    let k = config.n_tasks();
    let refused = |why: &str| Aggregation { refusal: why.into(), ..Default::default() };
    if gradients.len() != k * k || k == 0 || gradients.iter().any(|entry| !entry.is_finite()) {
        return config.runs.iter().map(|_| refused("The gradients do not fit the tasks.")).collect();
    }
    let rows: Vec<&[f64]> = gradients.chunks_exact(k).collect();
    let known = losses.len() == k && losses.iter().all(|loss| loss.is_finite());
    let scales = config.loss_scales();
    let scaled = |task: usize| if known { losses[task] * scales[task] } else { 1.0 };
    let losses: Vec<f64> = (0..k).map(scaled).collect();
    let floor = floor(config);
    let preference = config.preference();
    let ctx = StepContext {
        losses: &losses,
        first_losses: &losses,
        epoch_means: None,
        preference: &preference,
        learning_rate: config.training.rates().at(step),
        step: u64::from(step),
        seed: config.training.seed,
        served: Default::default(),
    };
    config
        .runs
        .iter()
        .map(|run| answer(run, &rows, &floor, &ctx))
        .map(|answer| answer.unwrap_or_else(|why| refused(&why)))
        .collect()
}

fn answer(run: &RunConfig, rows: &[&[f64]], floor: &[f64], ctx: &StepContext<'_>) -> Result<Aggregation, String> {
    let k = rows.len();
    if let Some(why) = refusal(run) {
        return Err(why);
    }
    let mut balancer = built(run, floor);
    let gramian = Gramian::from_rows(rows);
    let mut w = vec![0.0; k];
    match &mut balancer {
        Balancer::Rows(method) => {
            let factors = RowFactors::new(run.method, &modifiers(run)).factors(ctx, Some(gramian.norms()));
            let rows: Vec<Vec<f64>> =
                rows.iter().zip(factors).map(|(row, factor)| row.iter().map(|x| x * factor).collect()).collect();
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let mut direction = vec![0.0; k];
            method.begin(ctx, k);
            method.direction(ctx, 0, &rows, &mut direction);
            finite(Vec::new(), rested(direction, &rows))
        }
        weighing => {
            weigh(weighing, run.method, ctx, &gramian, &mut w);
            let direction = (0..k).map(|c| w.iter().zip(rows).map(|(w, row)| w * row[c]).sum()).collect();
            finite(w, rested(direction, rows))
        }
    }
}

/// An update this short beside the longest gradient is what rounding and typed digits leave of none.
const REST: f64 = 1e-4;

/// The update, or none where it is next to none.
fn rested(direction: Vec<f64>, rows: &[&[f64]]) -> Vec<f64> {
    let length = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
    let longest = rows.iter().map(|row| length(row)).fold(0.0, f64::max);
    if length(&direction) <= REST * longest { vec![0.0; direction.len()] } else { direction }
}

fn finite(weights: Vec<f64>, direction: Vec<f64>) -> Result<Aggregation, String> {
    if weights.iter().chain(&direction).all(|x| x.is_finite()) {
        Ok(Aggregation { weights, direction, refusal: String::new() })
    } else {
        Err("its update leaves the range of numbers; shorter gradients help.".into())
    }
}
