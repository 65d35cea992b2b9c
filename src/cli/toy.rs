//! `paretoscope toy`: one method on the two-parameter toy of CAGrad and Nash-MTL, in f64, checkpoints out.
//!
//! The optimizer is Adam, and ranks are decided with the ε of f32, as in the published experiments. Flags
//! arrive as text, so that every fault becomes one sentence that names the flag.

use super::aggregate::{Params, numbers};
use super::run::RunError;
use crate::backend::exact::{Descent, Exact};
use crate::backend::{Backend, BackendError};
use crate::balance::{Build, METHODS, method};
use crate::config::Optimizer;
use crate::data::Batches;
use crate::problem::{Problem, problem};
use crate::strategy::single_point::Place;
use crate::strategy::{Motion, SinglePoint, Step};
use serde_json::{Map, Value, json};

/// Updates that one call may ask for: a few minutes.
const MOST_STEPS: u64 = 10_000_000;
/// A param of every method that looks at losses alone: bounds below which they do not fall.
const FLOOR: &str = "min_losses";
/// A param that fixes the draws of one step, which a run of many steps cannot use.
const ONE_STEP: &str = "U";

/// The flags as they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToyFlags {
    pub method: String,
    pub params: String,
    pub init: String,
    pub scale: String,
    pub multiplier: String,
    pub clip_norm: String,
    pub steps: String,
    pub lr: String,
    pub at: String,
}

/// The experiment of valid flags.
struct Toy {
    problem: &'static Problem,
    strategy: SinglePoint,
    backend: Backend,
    preference: Vec<f64>,
    seed: u32,
    learning_rate: f64,
    steps: u64,
    /// Ascending.
    at: Vec<u64>,
}

/// Trains as the flags say: `{"checkpoints":{"0":[x₁,x₂,L₁,L₂],…}}` with scaled losses.
///
/// # Errors
/// [`RunError::Input`] for a bad flag, [`RunError::Failed`] where a run leaves the range of f64.
pub async fn toy(flags: &ToyFlags) -> Result<Value, RunError> {
    let toy = read(flags).map_err(RunError::Input)?;
    let failed = |error: BackendError| RunError::Failed(error.to_string());
    let Toy { problem, mut strategy, mut backend, preference, seed, learning_rate, steps, at } = toy;
    let scales = backend.loss_scales().to_vec();
    let mut step = Step::new(problem.n_tasks());
    let mut due = at.into_iter().peekable();
    let mut checkpoints = Map::new();
    for now in 0..=steps {
        if due.next_if_eq(&now).is_some() {
            let Backend::Exact(exact) = &mut backend else { break };
            let mut losses = vec![0.0; scales.len()];
            exact.losses(&mut losses);
            let scaled = losses.iter().zip(&scales).map(|(loss, scale)| loss * scale);
            let values: Vec<f64> = exact.x().iter().copied().chain(scaled).collect();
            if values.iter().any(|value| !value.is_finite()) {
                let sentence = format!("The run left the range of f64 before step {now}; a smaller --lr may hold.");
                return Err(RunError::Failed(sentence));
            }
            checkpoints.insert(now.to_string(), json!(values));
        }
        if now == steps || due.peek().is_none() {
            break;
        }
        let place = Place {
            step: now,
            seed,
            learning_rate,
            preference: &preference,
            probe: false,
            motion: Motion::Update,
            mixture: None,
        };
        strategy.step(&mut backend, &[], place, &mut step).await.map_err(failed)?;
    }
    Ok(json!({"checkpoints": checkpoints}))
}

fn read(flags: &ToyFlags) -> Result<Toy, String> {
    let problem = problem("toy").ok_or("This program was built without the toy.")?;
    let k = problem.n_tasks();
    let known = || METHODS.iter().map(|method| method.id).collect::<Vec<_>>().join(", ");
    let method = method(&flags.method).ok_or_else(|| format!("--method {}: known are {}.", flags.method, known()))?;
    let init = list(&flags.init)
        .filter(|init| init.len() == problem.n_parameters)
        .ok_or_else(|| format!("--init {} must be two numbers with a comma, such as -8.5,7.5.", flags.init))?;
    let loss_scales = scales(&flags.scale).ok_or_else(|| {
        let given = &flags.scale;
        format!("--scale {given} must be cagrad, nash:S with S above 0, or aligned:S with S from 0 to 1.")
    })?;
    let positive = |name: &str, text: &str, most: f64| {
        let value = number(text).filter(|value| *value > 0.0 && *value <= most);
        value.ok_or_else(|| format!("--{name} {text} must be a number above 0, at most {most}."))
    };
    let clip = match flags.clip_norm.as_str() {
        "none" => None,
        text => Some(
            positive("clip-norm", text, 1e6)
                .map_err(|_| format!("--clip-norm {text} must be none, or a number above 0, at most 1000000."))?,
        ),
    };
    let steps = whole(&flags.steps)
        .filter(|steps| *steps <= MOST_STEPS)
        .ok_or_else(|| format!("--steps {} must be a whole number from 0 to {MOST_STEPS}.", flags.steps))?;
    let at: Option<Vec<u64>> = flags.at.split(',').map(whole).collect();
    let mut at = at.filter(|at| at.iter().all(|step| *step <= steps)).ok_or_else(|| {
        format!("--at {} must be steps with commas, whole numbers from 0 to {steps} (--steps).", flags.at)
    })?;
    at.sort_unstable();
    at.dedup();
    let in_params = |sentence: String| format!("--params: {sentence}");
    let mut params: Map<String, Value> = serde_json::from_str(&flags.params)
        .map_err(|error| in_params(format!("not a JSON object such as {{\"c\": 0.4}} ({error}).")))?;
    if params.contains_key(ONE_STEP) {
        return Err(in_params(format!("{ONE_STEP} holds the draws of one step; give a seed instead.")));
    }
    let floor = match params.remove(FLOOR) {
        Some(_) if !matches!(method.build, Build::Losses(_)) => {
            return Err(in_params(format!("Method {} does not look at losses; leave out {FLOOR}.", method.id)));
        }
        Some(value) => numbers(&value, FLOOR, k, "one for each of the K tasks").map_err(in_params)?,
        None => problem.floor.iter().zip(&loss_scales).map(|(floor, scale)| floor * scale).collect(),
    };
    let params = Value::Object(params);
    let params = Params::new(Some(&params), method).map_err(in_params)?;
    let setup = params.setup(k).map_err(in_params)?;
    let seed = params.seed().map_err(in_params)?;
    let learning_rate = positive("lr", &flags.lr, 1e3)?;
    let descent = Descent {
        problem,
        targets: (0..k).collect(),
        loss_scales,
        optimizer: Optimizer::Adam,
        weight_decay: 0.0,
        clip,
        multiplier: positive("multiplier", &flags.multiplier, 1e6)?,
    };
    let backend = Backend::Exact(Box::new(Exact::new(descent, init)));
    let mut strategy = SinglePoint::new(method, &setup.knobs, &[], &backend, Batches::new(1, 1, seed), seed);
    strategy.bound_losses(&floor);
    strategy.set_rank_epsilon(f64::from(f32::EPSILON));
    Ok(Toy {
        problem,
        strategy,
        preference: params.preference(k).map_err(in_params)?,
        backend,
        seed,
        learning_rate,
        steps,
        at,
    })
}

/// The factors of the published experiments: none, on the first loss, or shared between both.
fn scales(text: &str) -> Option<Vec<f64>> {
    match text.split_once(':') {
        None if text == "cagrad" => Some(vec![1.0, 1.0]),
        Some(("nash", first)) => number(first).filter(|first| *first > 0.0).map(|first| vec![first, 1.0]),
        Some(("aligned", share)) => {
            number(share).filter(|share| (0.0..=1.0).contains(share)).map(|share| vec![share, 1.0 - share])
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

fn whole(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn list(text: &str) -> Option<Vec<f64>> {
    text.split(',').map(number).collect()
}
