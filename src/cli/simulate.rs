//! `paretoscope simulate`: one step case a line, a method's inner quantities out.
//!
//! What a case's `inputs` and outputs are called differs from method to method; [`CASES`] holds one
//! adapter for each, and the arithmetic stays in the methods' own files. What is no method is in `steps`.

use super::aggregate::{Params, combined, each_line, named_method, numbers, projection_orders};
use super::steps;
use super::values::{Values, rows_of, slices};
use crate::balance::famo::Famo;
use crate::balance::gradvac::GradVac;
use crate::balance::{
    Balancer, Gramian, GramianMethod, LossesMethod, Served, StepContext, aasf, coba, cosmos, gls, gradnorm, imtl_l,
    modified_tchebycheff, pbi, pnorm, rlw, si, solve, stch, stch_mtl, tchebycheff, uw,
};
use crate::kernels::{blend, excess};
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, Write};

type Case = fn(&Inputs<'_>) -> Result<Value, String>;

/// Methods with step cases.
const CASES: &[(&str, Case)] = &[
    ("rlw", rlw_case),
    ("uw", uw_case),
    ("dwa", dwa_case),
    ("gls", gls_case),
    ("si", si_case),
    ("imtl_l", imtl_l_case),
    ("tchebycheff", tchebycheff_case),
    ("modified_tchebycheff", modified_tchebycheff_case),
    ("pnorm", pnorm_case),
    ("pbi", pbi_case),
    ("cosmos", cosmos_case),
    ("stch", stch_case),
    ("stch_mtl", stch_mtl_case),
    ("aasf", aasf_case),
    ("famo", famo_case),
    ("gradvac", gradvac_case),
    ("pcd", pcd_case),
    ("gradnorm", gradnorm_case),
    ("db_mtl", kept_rows_case),
    ("coba", coba_case),
    ("excess_mtl", excess_mtl_case),
    ("modo", cross_case),
    ("sdmgrad", cross_case),
    ("moco", kept_rows_case),
];

/// Params that step cases carry as remarks about a fixed choice.
const REMARKS: &[(&str, &[&str])] =
    &[("rlw", &["dist"]), ("si", &["variant"]), ("famo", &["adam"]), ("gradvac", &["eps"]), ("gradnorm", &["param"])];

/// Writes one line for every input line; fails only if reading or writing does.
pub fn simulate(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    each_line(&mut input, &mut output, simulated)
}

/// The answer to one step case: an object with the keys of its `expected`.
pub fn simulated(request: &Map<String, Value>) -> Result<Value, String> {
    if let Some(answer) = steps::answer(request) {
        return answer;
    }
    let method = named_method(request).map_err(|error| format!("{error} {}", steps::known()))?;
    let known = || CASES.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
    let (_, case) = CASES
        .iter()
        .find(|(id, _)| *id == method.id)
        .ok_or_else(|| format!("Method {} has no step cases; those that have are {}.", method.id, known()))?;
    let remarks = REMARKS.iter().find(|(id, _)| *id == method.id).map_or(&[][..], |(_, names)| names);
    let mut params = request.get("params").cloned().unwrap_or(Value::Null);
    if let Value::Object(params) = &mut params {
        // "libmtl: what that means" is "libmtl".
        if let Some(Value::String(variant)) = params.get_mut("variant") {
            variant.truncate(variant.find(':').unwrap_or(variant.len()));
        }
        params.retain(|name, _| !remarks.contains(&name.as_str()));
    }
    case(&Inputs { params: Params::new(Some(&params), method)?, values: Values::of(request)? })
}

struct Inputs<'a> {
    params: Params<'a>,
    values: Values<'a>,
}

fn gramian_method(inputs: &Inputs<'_>, n_tasks: usize) -> Result<Box<dyn GramianMethod>, String> {
    match inputs.params.method.new_balancer(&inputs.params.setup(n_tasks)?) {
        Balancer::Gramian(method) => Ok(method),
        _ => Err(format!("Method {} does not look at products of gradients.", inputs.params.method.id)),
    }
}

fn context<'a>(losses: &'a [f64], epoch_means: Option<(&'a [f64], &'a [f64])>, step: u64) -> StepContext<'a> {
    let served = Default::default();
    let (first_losses, preference) = (losses, losses);
    StepContext { losses, first_losses, epoch_means, preference, learning_rate: 0.0, step, seed: 0, served }
}

fn rlw_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let mut w = inputs.values.list("normals")?;
    rlw::from_normals(&mut w);
    Ok(json!({"weights": w}))
}

fn uw_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let log_var = inputs.values.sized("log_var", losses.len())?;
    let mut w = vec![0.0; losses.len()];
    let mut gradient = w.clone();
    let value = uw::evaluate(&losses, &log_var, &mut w, &mut gradient);
    Ok(json!({"value": value, "weights": w, "grad_log_var": gradient}))
}

fn gls_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let mut w = vec![0.0; losses.len()];
    Ok(json!({"value": gls::evaluate(&losses, &mut w), "weights": w}))
}

fn si_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let mut w = vec![0.0; losses.len()];
    Ok(json!({"value": si::log_losses(&losses, &mut w), "weights": w}))
}

fn imtl_l_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let log_scale = inputs.values.sized("log_scale", losses.len())?;
    let mut w = vec![0.0; losses.len()];
    let mut gradient = w.clone();
    let value = imtl_l::evaluate(&losses, &log_scale, &mut w, &mut gradient);
    Ok(json!({"value": value, "weights": w, "grad_log_scale": gradient}))
}

/// Losses, preference and, where `inputs` has one, ideal point (0 otherwise).
fn scalarized(inputs: &Inputs<'_>) -> Result<[Vec<f64>; 3], String> {
    let losses = inputs.values.list("losses")?;
    let k = losses.len();
    let ideal = if inputs.values.has("ideal") { inputs.values.sized("ideal", k)? } else { vec![0.0; k] };
    let pref = inputs.values.sized("pref", k)?;
    if pref.iter().any(|&share| share < 0.0) || pref.iter().all(|&share| share == 0.0) {
        return Err("pref must hold numbers of at least 0, not all of them 0.".into());
    }
    Ok([losses, pref, ideal])
}

fn stch_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, ideal] = scalarized(inputs)?;
    let mu = inputs.params.setup(losses.len())?.knobs[0];
    let mut w = vec![0.0; losses.len()];
    let value = stch::evaluate(&losses, &pref, |i| ideal[i], mu, &mut w);
    Ok(json!({"value": value, "weights": w}))
}

fn tchebycheff_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, ideal] = scalarized(inputs)?;
    let mut w = vec![0.0; losses.len()];
    let value = tchebycheff::evaluate(&losses, &pref, |i| ideal[i], &mut w);
    Ok(json!({"value": value, "weights": w}))
}

fn modified_tchebycheff_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, ideal] = scalarized(inputs)?;
    let mut w = vec![0.0; losses.len()];
    let value = modified_tchebycheff::evaluate(&losses, &pref, |i| ideal[i], &mut w);
    Ok(json!({"value": value, "weights": w}))
}

fn pnorm_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, ideal] = scalarized(inputs)?;
    let p = inputs.params.setup(losses.len())?.knobs[0];
    let mut w = vec![0.0; losses.len()];
    let value = pnorm::evaluate(&losses, &pref, |i| ideal[i], p, &mut w);
    Ok(json!({"value": value, "weights": w}))
}

fn pbi_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, _] = scalarized(inputs)?;
    let theta = inputs.params.setup(losses.len())?.knobs[0];
    let mut w = vec![0.0; losses.len()];
    Ok(json!({"value": pbi::evaluate(&losses, &pref, theta, &mut w), "weights": w}))
}

fn cosmos_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, _] = scalarized(inputs)?;
    let lambda = inputs.params.setup(losses.len())?.knobs[0];
    let mut w = vec![0.0; losses.len()];
    Ok(json!({"value": cosmos::evaluate(&losses, &pref, lambda, &mut w), "weights": w}))
}

fn aasf_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let [losses, pref, ideal] = scalarized(inputs)?;
    let knobs = inputs.params.setup(losses.len())?.knobs;
    let mut w = vec![0.0; losses.len()];
    let value = aasf::evaluate(&losses, &pref, |i| ideal[i], (knobs[0], knobs[1]), &mut w);
    Ok(json!({"value": value, "weights": w}))
}

fn stch_mtl_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let nadir = inputs.values.sized("nadir", losses.len())?;
    if let Some(odd) = nadir.iter().find(|&&loss| loss <= 0.0) {
        return Err(format!("nadir holds {odd}; every nadir must be above 0."));
    }
    let mut w = vec![0.0; losses.len()];
    stch_mtl::evaluate(&losses, &nadir, inputs.params.setup(losses.len())?.knobs[0], &mut w);
    Ok(json!({"weights": w}))
}

fn gradvac_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let steps = inputs.values.gradients("G_steps")?;
    let k = steps.first().map_or(0, Vec::len);
    let orders = match inputs.params.get("order") {
        Some(Value::Array(orders)) if orders.len() == steps.len() => orders,
        _ => return Err(format!("order must be {} lists, one a step.", steps.len())),
    };
    let mut gradvac = GradVac::new(&inputs.params.setup(k)?);
    let (mut weights, mut directions) = (Vec::new(), Vec::new());
    for (rows, order) in steps.iter().zip(orders) {
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let order = projection_orders(order, k)?.ok_or("order must be lists of tasks.")?;
        let mut w = vec![0.0; k];
        gradvac.vaccinate(&Gramian::from_rows(&rows), &order, &mut w);
        let answer = combined(w, &rows);
        weights.push(answer.weights);
        directions.push(answer.direction);
    }
    Ok(json!({"weights_steps": weights, "direction_steps": directions}))
}

fn pcd_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let steps = inputs.values.gradients("G_steps")?;
    let k = steps.first().map_or(0, Vec::len);
    let ones = vec![1.0; k];
    let (mut weights, mut directions) = (Vec::new(), Vec::new());
    if let Balancer::Gramian(mut pcd) = inputs.params.method.new_balancer(&inputs.params.setup(k)?) {
        for (step, rows) in steps.iter().enumerate() {
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let mut w = vec![0.0; k];
            pcd.weights(&context(&ones, None, step as u64), &Gramian::from_rows(&rows), &mut w);
            let answer = combined(w, &rows);
            weights.push(answer.weights);
            directions.push(answer.direction);
        }
    }
    Ok(json!({"weights_steps": weights, "direction_steps": directions}))
}

fn dwa_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let k = losses.len();
    let (last, before) = (inputs.values.sized("avg_loss_prev", k)?, inputs.values.sized("avg_loss_prev2", k)?);
    let mut w = vec![0.0; k];
    if let Balancer::Losses(mut dwa) = inputs.params.method.new_balancer(&inputs.params.setup(k)?) {
        dwa.weights(&context(&losses, Some((&last, &before)), 0), &mut w);
    }
    Ok(json!({"value": solve::dot(&w, &losses), "weights": w}))
}

fn famo_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let bounds = inputs.values.list("min_losses")?;
    let k = bounds.len();
    let (before, after) = (inputs.values.steps("losses_before", k)?, inputs.values.steps("losses_after", k)?);
    if before.len() != after.len() {
        return Err(format!(
            "losses_before has {} steps, losses_after {}; give as many of each.",
            before.len(),
            after.len()
        ));
    }
    let mut famo = Famo::with_lower_bounds(&inputs.params.setup(k)?, bounds);
    let (mut weights, mut logits) = (Vec::new(), Vec::new());
    for (step, (before, after)) in before.iter().zip(&after).enumerate() {
        let ctx = context(before, None, step as u64);
        let mut w = vec![0.0; k];
        famo.weights(&ctx, &mut w);
        famo.after_step(&ctx, after);
        weights.push(w);
        logits.push(famo.logits().to_vec());
    }
    Ok(json!({"loss_weights_per_step": weights, "logits_after_step": logits}))
}

/// The case learns logits: w = K softmax(scale).
fn gradnorm_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let losses = inputs.values.list("losses")?;
    let k = losses.len();
    let (first, mut w) = (inputs.values.sized("initial_losses", k)?, inputs.values.sized("scale", k)?);
    let g = inputs.values.rows("G", k)?;
    let alpha = inputs.params.setup(k)?.knobs[0];
    let rows = slices(&g);
    let gramian = Gramian::from_rows(&rows);
    solve::softmax(&mut w);
    w.iter_mut().for_each(|w| *w *= k as f64);
    let (mut targets, mut gradient) = (vec![0.0; k], vec![0.0; k]);
    gradnorm::progress(&losses, &first, alpha, &mut targets);
    let value = gradnorm::evaluate(gramian.norms(), &w, &targets, &mut gradient);
    let mean = solve::dot(&w, &gradient) / k as f64;
    let grad_scale: Vec<f64> = w.iter().zip(&gradient).map(|(w, gradient)| w * (gradient - mean)).collect();
    let direction = combined(w.clone(), &rows).direction;
    Ok(json!({"weights": w, "grad_loss": value, "grad_scale": grad_scale, "direction": direction}))
}

/// Steps of a method that keeps rows.
fn kept_rows_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let g_steps = inputs.values.list_of("G_steps")?;
    let k = g_steps.first().and_then(Value::as_array).map_or(1, Vec::len).clamp(1, solve::MAX_TASKS);
    let losses = inputs.values.steps("losses_steps", k)?;
    if losses.len() != g_steps.len() {
        let (gradients, losses) = (g_steps.len(), losses.len());
        return Err(format!("G_steps has {gradients} steps, losses_steps {losses}; give as many of each."));
    }
    let mut method = gramian_method(inputs, k)?;
    let mut kept: Vec<Vec<f64>> = Vec::new();
    let (mut weights, mut directions) = (Vec::new(), Vec::new());
    for (step, (g, losses)) in g_steps.iter().zip(&losses).enumerate() {
        let g = rows_of(g, "G_steps", k)?;
        kept.resize_with(k, || vec![0.0; g[0].len()]);
        if kept[0].len() != g[0].len() {
            return Err("G_steps holds gradients of different lengths; one step is like the others.".into());
        }
        let ctx = context(losses, None, step as u64);
        let (mut w, mut keep, mut add) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
        method.keep(&ctx, &Gramian::from_rows(&slices(&g)), &mut keep, &mut add);
        for (task, kept) in kept.iter_mut().enumerate() {
            blend(&keep[task..=task], &add[task..=task], &g[task], kept);
        }
        method.weights(&ctx, &Gramian::from_rows(&slices(&kept)), &mut w);
        directions.push(combined(w.clone(), &slices(&kept)).direction);
        weights.push(w);
    }
    Ok(json!({"weights_steps": weights, "direction_steps": directions}))
}

/// One validation loss a task and step; weights at some of them.
fn coba_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let k = inputs.values.list_of("valid_loss_ratio_history")?.len();
    if k > solve::MAX_TASKS {
        return Err(format!("valid_loss_ratio_history has {k} tasks; at most {} are known.", solve::MAX_TASKS));
    }
    let history = inputs.values.rows("valid_loss_ratio_history", k)?;
    let value = inputs.values.value("evaluated_at_steps")?;
    let wanted = numbers(value, "evaluated_at_steps", value.as_array().map_or(0, Vec::len), "one a step")?;
    let mut coba = coba::Coba::new(&inputs.params.setup(k)?);
    let mut w = vec![0.0; k];
    let mut after = Vec::new();
    for step in 0..history[0].len() {
        let losses: Vec<f64> = history.iter().map(|of_task| of_task[step]).collect();
        // The ratios are to a first loss that was before the history.
        coba.observe_ratios(&losses, &mut w);
        after.push(w.clone());
    }
    let at = |step: &f64| {
        let known = after.get((*step as usize).wrapping_sub(1));
        known.ok_or_else(|| format!("evaluated_at_steps holds {step}; the history has steps 1 to {}.", after.len()))
    };
    let weights = wanted.iter().map(at).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"weights_steps": weights}))
}

/// Steps whose gradients are given by rows.
fn excess_mtl_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let g_steps = inputs.values.list_of("G_steps")?;
    let k = g_steps.first().and_then(Value::as_array).map_or(1, Vec::len).clamp(1, solve::MAX_TASKS);
    let mut method = gramian_method(inputs, k)?;
    let mut sums = Vec::new();
    let (mut weights, mut directions) = (Vec::new(), Vec::new());
    for (step, g) in g_steps.iter().enumerate() {
        let g = rows_of(g, "G_steps", k)?;
        let flat = g.concat();
        sums.resize(flat.len().max(sums.len()), 0.0);
        if sums.len() != flat.len() {
            return Err("G_steps holds gradients of different lengths; one step is like the others.".into());
        }
        let (mut w, mut estimate) = (vec![0.0; k], vec![0.0; k]);
        excess(g[0].len(), &flat, &mut sums, &mut estimate);
        let ctx = context(&estimate, None, step as u64);
        let served = Served { excess: Some(&estimate), ..Served::default() };
        method.weights(&StepContext { served, ..ctx }, &Gramian::from_rows(&slices(&g)), &mut w);
        directions.push(combined(w.clone(), &slices(&g)).direction);
        weights.push(w);
    }
    Ok(json!({"weights_steps": weights, "direction_steps": directions}))
}

/// Steps of a method that looks at A = G₁G₂ᵀ.
fn cross_case(inputs: &Inputs<'_>) -> Result<Value, String> {
    let a_steps = inputs.values.list_of("A_steps")?;
    let k = a_steps.first().and_then(Value::as_array).map_or(1, Vec::len).clamp(1, solve::MAX_TASKS);
    let mut method = gramian_method(inputs, k)?;
    let mut weights = Vec::new();
    for (step, a) in a_steps.iter().enumerate() {
        let a = rows_of(a, "A_steps", k)?.concat();
        if a.len() != k * k {
            return Err(format!("A_steps must hold {k} lists of {k} numbers a step."));
        }
        let mut w = vec![0.0; k];
        let ctx = context(&a[..k], None, step as u64);
        let served = Served { cross: Some(&a), ..Served::default() };
        method.weights(&StepContext { served, ..ctx }, &Gramian::new(k), &mut w);
        weights.push(w);
    }
    Ok(json!({"weights_steps": weights}))
}
