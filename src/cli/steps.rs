//! Step cases of `paretoscope simulate` that are not a method of the registry: what is done around methods, to
//! networks, and to what they have reached. One adapter each; the arithmetic is the engine's.

use super::aggregate::{Params, combined, numbers};
use super::values::{Values, rows_of, slices};
use crate::balance::modify::CrMogm;
use crate::balance::solve::MAX_TASKS;
use crate::balance::{Balancer, Build, Gramian, METHODS, Method, Need, Served, StepContext, method};
use crate::measure::delta_m::{Compared, delta_m};
use crate::measure::front::hypervolume;
use crate::strategy::multi_forward::{Penalized, Strength, order_term, total, weighted_loss};
use crate::strategy::{merging, sharpness};
use serde_json::{Map, Value, json};

/// What an adapter reads.
struct Case<'a> {
    /// What stands between the parentheses of `cr_mogm(upgrad)`.
    around: Option<&'a str>,
    params: Map<String, Value>,
    values: Values<'a>,
}

/// One kind of case.
struct Adapter {
    /// The request's `method`, up to a parenthesis.
    name: &'static str,
    params: &'static [&'static str],
    answer: fn(&Case<'_>) -> Result<Value, String>,
}

const ADAPTERS: &[Adapter] = &[
    Adapter { name: "metric_hypervolume_2d", params: &["ref"], answer: hypervolume_case },
    Adapter { name: "metric_delta_m", params: &[], answer: delta_m_case },
    Adapter { name: "task_arithmetic", params: &["lambda"], answer: task_arithmetic_case },
    Adapter { name: "metagpt", params: &[], answer: metagpt_case },
    Adapter { name: "pamal_multiforward", params: &["temperature", "reg_coefficient"], answer: multi_forward_case },
    Adapter { name: "fmtl_sam", params: &["rho", "aggregator"], answer: sharpness_case },
    // Its other params are those of the method inside.
    Adapter { name: "cr_mogm", params: &[], answer: cr_mogm_case },
];

/// Thresholds that the library behind the cases of wrapped methods has by default; ours are 0.
const LIBRARY_DEFAULTS: &[(&str, &[(&str, f64)])] =
    &[("upgrad", &[("norm_eps", 1e-4), ("reg_eps", 1e-4)]), ("dualproj", &[("norm_eps", 1e-4), ("reg_eps", 1e-4)])];

/// The answer to a case of these kinds; `None` if it is none of them.
pub fn answer(request: &Map<String, Value>) -> Option<Result<Value, String>> {
    let name = request.get("method")?.as_str()?;
    let (name, around) = match name.strip_suffix(')').and_then(|name| name.split_once('(')) {
        Some((name, around)) => (name, Some(around)),
        None => (name, None),
    };
    let adapter = ADAPTERS.iter().find(|adapter| adapter.name == name)?;
    Some(adapted(adapter, around, request))
}

/// A sentence that names them.
pub fn known() -> String {
    let names = ADAPTERS.iter().map(|adapter| adapter.name).collect::<Vec<_>>().join(", ");
    format!("Cases that are not of one method are: {names}.")
}

fn adapted(adapter: &Adapter, around: Option<&str>, request: &Map<String, Value>) -> Result<Value, String> {
    let wraps = adapter.name == "cr_mogm";
    match around {
        None if wraps => return Err("cr_mogm goes around a method; write it as cr_mogm(upgrad).".into()),
        Some(inside) if !wraps => {
            return Err(format!("{} goes around nothing; leave out ({inside}).", adapter.name));
        }
        _ => {}
    }
    let params = match request.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(other) => return Err(format!("params is {other}; it must be an object of named values.")),
    };
    if let Some(odd) = params.keys().find(|name| !wraps && !adapter.params.contains(&name.as_str())) {
        let list = match adapter.params {
            [] => "it has none".to_string(),
            names => format!("known are {}", names.join(", ")),
        };
        return Err(format!("{} has no parameter \"{odd}\"; {list}.", adapter.name));
    }
    (adapter.answer)(&Case { around, params, values: Values::of(request)? })
}

impl Case<'_> {
    /// A number in a range.
    fn number(&self, name: &str, default: f64, (low, high): (f64, f64)) -> Result<f64, String> {
        let Some(value) = self.params.get(name) else { return Ok(default) };
        let number = value.as_f64().filter(|number| (low..=high).contains(number));
        number.ok_or_else(|| format!("{name} is {value}; it must be a number from {low} to {high}."))
    }

    /// θ₀ (P) and the fine-tuned θₖ (K, P).
    fn networks(&self) -> Result<(Vec<f64>, Vec<Vec<f64>>), String> {
        let tuned = self.values.list_of("theta_k")?;
        let tuned = rows_of(self.values.value("theta_k")?, "theta_k", tuned.len())?;
        let start = numbers(self.values.value("theta0")?, "theta0", tuned[0].len(), "as many as theta_k's lists")?;
        Ok((start, tuned))
    }
}

fn hypervolume_case(case: &Case<'_>) -> Result<Value, String> {
    let reference = match case.params.get("ref") {
        None => vec![1.0; 2],
        Some(value) => numbers(value, "ref", 2, "one for each of two losses")?,
    };
    let points = case.values.steps("points", 2)?;
    let hv = hypervolume(&points, &reference).ok_or("points must hold pairs of losses.")?;
    Ok(json!({"hv": hv}))
}

fn delta_m_case(case: &Case<'_>) -> Result<Value, String> {
    let multi_task = case.values.list("mtl")?;
    let single_task = case.values.sized("stl", multi_task.len())?;
    let higher = case.values.list_of("higher_is_better")?;
    let higher: Option<Vec<bool>> = higher.iter().map(Value::as_bool).collect();
    let higher = higher.filter(|higher| higher.len() == multi_task.len());
    let higher = higher.ok_or("higher_is_better must hold true or false for each task.")?;
    let tasks: Vec<Compared> = (0..higher.len())
        .map(|i| Compared { multi_task: multi_task[i], single_task: single_task[i], higher_is_better: higher[i] })
        .collect();
    let percent = delta_m(&tasks).ok_or("stl holds a number at or below 0; a share of it means nothing.")?;
    Ok(json!({"delta_m_percent": percent}))
}

fn task_arithmetic_case(case: &Case<'_>) -> Result<Value, String> {
    let (start, tuned) = case.networks()?;
    let lambda = case.number("lambda", 0.3, (-1e3, 1e3))?;
    Ok(json!({"theta": merging::merged(&start, &tuned, &vec![lambda; tuned.len()])}))
}

fn metagpt_case(case: &Case<'_>) -> Result<Value, String> {
    let (start, tuned) = case.networks()?;
    let lambdas = merging::metagpt(&start, &tuned);
    Ok(json!({"theta": merging::merged(&start, &tuned, &lambdas), "lambdas": lambdas}))
}

fn multi_forward_case(case: &Case<'_>) -> Result<Value, String> {
    let draws = case.values.list_of("alphas")?.len();
    let alphas = rows_of(case.values.value("alphas")?, "alphas", draws)?;
    let losses = case.values.steps("losses", alphas[0].len())?;
    if losses.len() != draws {
        return Err(format!("alphas holds {draws} draws, losses {}; give as many of each.", losses.len()));
    }
    let strength = Strength {
        temperature: case.number("temperature", 1.0, (0.0, 1e6))?,
        coefficient: case.number("reg_coefficient", 0.0, (0.0, 1e6))?,
    };
    let weighted = weighted_loss(&alphas, &losses);
    let [intended, coded] = [Penalized::WrongOrder, Penalized::RightOrder]
        .map(|penalized| order_term(&alphas, &losses, penalized, strength.temperature));
    Ok(json!({
        "linear_term": weighted,
        "reg_intended": intended,
        "total_intended": total(weighted, intended, strength),
        "reg_as_coded": coded,
        "total_as_coded": total(weighted, coded, strength),
    }))
}

/// Losses ½ θᵀHᵢθ − bᵢᵀθ; plain and flat gradients go through the aggregator one after the other.
fn sharpness_case(case: &Case<'_>) -> Result<Value, String> {
    let k = case.values.list_of("b")?.len();
    if k > MAX_TASKS {
        return Err(format!("b has {k} tasks; at most {MAX_TASKS} are known."));
    }
    let b = rows_of(case.values.value("b")?, "b", k)?;
    let p = b[0].len();
    let theta = numbers(case.values.value("theta")?, "theta", p, "as many as b's lists")?;
    let matrices = case.values.list_of("H")?;
    if matrices.len() != k {
        return Err(format!("H holds {} matrices; it must hold {k}, one for each task.", matrices.len()));
    }
    let h = matrices.iter().map(|matrix| rows_of(matrix, "H", p)).collect::<Result<Vec<_>, _>>()?;
    if h.iter().flatten().any(|row| row.len() != p) {
        return Err(format!("H must hold {p} lists of {p} numbers for each task."));
    }
    let rho = case.number("rho", 0.05, (0.0, 1e6))?;
    let gradient = |task: usize, at: &[f64]| -> Vec<f64> {
        let row = |row: &Vec<f64>| row.iter().zip(at).map(|(h, x)| h * x).sum::<f64>();
        h[task].iter().zip(&b[task]).map(|(of, b)| row(of) - b).collect()
    };
    let (plain, flat) = sharpness::split(&theta, k, rho, gradient);
    let sum = |aggregator: &str| -> Result<Vec<f64>, String> {
        let (of_plain, of_flat) = (aggregated(aggregator, &plain)?, aggregated(aggregator, &flat)?);
        Ok(of_plain.iter().zip(&of_flat).map(|(plain, flat)| plain + flat).collect())
    };
    let aggregator = case.params.get("aggregator").and_then(Value::as_str).unwrap_or("pcgrad order=ascending");
    let (direction, mean) = (sum(aggregator)?, sum("mean")?);
    Ok(json!({"G_plain": plain, "G_flat": flat, "direction": direction, "direction_mean": mean}))
}

/// d of the aggregator named as in `"pcgrad order=ascending"`, which stands for tasks visited as listed.
fn aggregated(text: &str, rows: &[Vec<f64>]) -> Result<Vec<f64>, String> {
    let params = match text.split_once(' ') {
        None => Map::new(),
        Some((_, "order=ascending")) => Map::from_iter([("shuffle".to_string(), json!("listed"))]),
        Some((_, odd)) => return Err(format!("aggregator has \"{odd}\" in it; known is order=ascending.")),
    };
    let id = text.split(' ').next().unwrap_or_default();
    let rows = slices(rows);
    let mut method = weighing(id, params, rows.len())?;
    let w = weights(&mut method, &rows, 0);
    Ok(combined(w, &rows).direction)
}

fn cr_mogm_case(case: &Case<'_>) -> Result<Value, String> {
    let steps = case.values.gradients("G_steps")?;
    let k = steps.first().map_or(0, Vec::len);
    let id = case.around.unwrap_or_default();
    let mut slow = CrMogm::new(case.number("alpha", 0.9, (0.0, 1.0))?);
    let mut params = case.params.clone();
    params.remove("alpha");
    for (name, value) in LIBRARY_DEFAULTS.iter().filter(|(of, _)| *of == id).flat_map(|(_, defaults)| *defaults) {
        params.entry(*name).or_insert(json!(value));
    }
    let mut method = weighing(id, params, k)?;
    let (mut weights_steps, mut directions) = (Vec::new(), Vec::new());
    for (step, rows) in steps.iter().enumerate() {
        let rows = slices(rows);
        let mut w = weights(&mut method, &rows, step as u64);
        slow.smooth(&mut w);
        directions.push(combined(w.clone(), &rows).direction);
        weights_steps.push(w);
    }
    Ok(json!({"weights_steps": weights_steps, "direction_steps": directions}))
}

/// A method that needs nothing but gradients.
fn weighing(id: &str, params: Map<String, Value>, n_tasks: usize) -> Result<Balancer, String> {
    let fits = |method: &Method| {
        let known = [Need::HeadsScaledByWeights, Need::Preference];
        !matches!(method.build, Build::Rows(_)) && method.needs.iter().all(|need| known.contains(need))
    };
    let known = || METHODS.iter().filter(|&method| fits(method)).map(|method| method.id).collect::<Vec<_>>().join(", ");
    let method = method(id).ok_or_else(|| format!("Unknown method \"{id}\"; known are {}.", known()))?;
    if !fits(method) {
        return Err(format!("Method {id} needs more than gradients; those that do not are {}.", known()));
    }
    let params = Value::Object(params);
    Ok(method.new_balancer(&Params::new(Some(&params), method)?.setup(n_tasks)?))
}

/// Its weights (K) in a step.
fn weights(balancer: &mut Balancer, rows: &[&[f64]], step: u64) -> Vec<f64> {
    let mut w = vec![0.0; rows.len()];
    let preference = vec![1.0 / rows.len() as f64; rows.len()];
    let losses = vec![1.0; rows.len()];
    let ctx = StepContext {
        losses: &losses,
        first_losses: &losses,
        epoch_means: None,
        preference: &preference,
        learning_rate: 0.0,
        step,
        seed: 0,
        served: Served::default(),
    };
    match balancer {
        Balancer::Losses(method) => _ = method.weights(&ctx, &mut w),
        Balancer::Gramian(method) => _ = method.weights(&ctx, &Gramian::from_rows(rows), &mut w),
        Balancer::Rows(_) => {}
    }
    w
}
