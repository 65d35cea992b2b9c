//! `paretoscope aggregate`: gradients in, weights and direction out, one JSON object a line.
//!
//! Lines are independent of each other: every request builds its method afresh. Arithmetic is f64.
//! What a request cannot say through knobs (a projection order, uniform draws) is listed in [`EXTRAS`].

use crate::balance::gradvac::{self, GradVac};
use crate::balance::solve::MAX_TASKS;
use crate::balance::{
    Balancer, Gramian, Knob, METHODS, Method, Need, Setup, StepContext, graddrop, method, mgda, pcgrad,
};
use crate::rng::{Stream, StreamId};
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, Write};

/// Params beyond a method's knobs: which method takes them. `pref` goes with [`Need::Preference`].
const EXTRAS: &[(&str, &[&str])] = &[
    ("rlw", &["seed"]),
    ("random", &["seed"]),
    ("pcgrad", &["order", "seed"]),
    ("gradvac", &["order", "seed"]),
    ("graddrop", &["U", "seed"]),
];

/// What a method made of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// (K); `None` where the method works on coordinates.
    pub weights: Option<Vec<f64>>,
    /// (P)
    pub direction: Vec<f64>,
}

/// Writes one line for every input line; fails only if reading or writing does.
pub fn aggregate(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    each_line(&mut input, &mut output, |request| {
        let answer = answer(request)?;
        Ok(json!({"weights": answer.weights, "direction": answer.direction}))
    })
}

/// Answers JSON lines one by one; every answer carries the request's `id`, or null where it is unreadable.
pub(super) fn each_line(
    input: &mut impl BufRead,
    output: &mut impl Write,
    answer: impl Fn(&Map<String, Value>) -> Result<Value, String>,
) -> io::Result<()> {
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let parsed = serde_json::from_slice::<Value>(&line);
        let (id, result) = match &parsed {
            Ok(Value::Object(request)) => (request.get("id").cloned().unwrap_or(Value::Null), answer(request)),
            Ok(_) => (Value::Null, Err("A line must be a JSON object, such as {\"id\": …, \"method\": …}.".into())),
            Err(error) => (Value::Null, Err(format!("The line is not valid JSON: {error}."))),
        };
        let mut reply = Map::from_iter([("id".to_string(), id)]);
        match result {
            Ok(Value::Object(fields)) => reply.extend(fields),
            Ok(other) => _ = reply.insert("result".into(), other),
            Err(error) => _ = reply.insert("error".into(), error.into()),
        }
        serde_json::to_writer(&mut *output, &reply)?;
        output.write_all(b"\n")?;
        line.clear();
    }
    output.flush()
}

/// The answer to one request, or a sentence that says what is wrong with it.
pub fn answer(request: &Map<String, Value>) -> Result<Answer, String> {
    if let Some(odd) =
        request.keys().find(|key| !["id", "method", "params", "K", "P", "G", "losses"].contains(&key.as_str()))
    {
        return Err(format!("Unknown field \"{odd}\"; known are id, method, params, K, P, G, losses."));
    }
    let method = named_method(request)?;
    let n_tasks = count(request, "K")?;
    if !(1..=MAX_TASKS).contains(&n_tasks) {
        return Err(format!("K is {n_tasks}; it must be from 1 to {MAX_TASKS}."));
    }
    let n_shared = count(request, "P")?;
    if n_shared == 0 {
        return Err("P is 0; there must be at least one shared parameter.".into());
    }
    let g = gradients(request, n_tasks, n_shared)?;
    let rows: Vec<&[f64]> = g.chunks_exact(n_shared).collect();
    let params = Params::new(request.get("params"), method)?;
    let losses = match request.get("losses") {
        None | Some(Value::Null) if params.looks_at_losses(n_tasks)? => {
            return Err(format!("Method {} looks at the losses; add \"losses\": [{n_tasks} numbers].", method.id));
        }
        None | Some(Value::Null) => vec![1.0; n_tasks],
        Some(value) => numbers(value, "losses", n_tasks, "one for each of the K tasks")?,
    };
    let gramian = Gramian::from_rows(&rows);
    let answer = run(&params, &rows, &gramian, &losses)?;
    let beyond = "leaves the range of f64; scale G down";
    if answer.weights.iter().flatten().any(|w| !w.is_finite()) {
        return Err(format!("A weight {beyond}."));
    }
    if answer.direction.iter().any(|d| !d.is_finite()) {
        return Err(format!("The direction {beyond}."));
    }
    Ok(answer)
}

/// The registry entry a request names.
pub(super) fn named_method(request: &Map<String, Value>) -> Result<&'static Method, String> {
    let known = || METHODS.iter().map(|method| method.id).collect::<Vec<_>>().join(", ");
    match request.get("method") {
        Some(Value::String(id)) => method(id).ok_or_else(|| format!("Unknown method \"{id}\"; known are {}.", known())),
        Some(other) => Err(format!("method is {other}; it must be one of {}.", known())),
        None => Err(format!("The request has no method; give one of {}.", known())),
    }
}

/// Runs a method once. `gramian` may come from rows of lower precision than `rows`.
pub fn run(params: &Params<'_>, rows: &[&[f64]], gramian: &Gramian, losses: &[f64]) -> Result<Answer, String> {
    let n_tasks = rows.len();
    let n_shared = rows.first().map_or(0, |row| row.len());
    let preference = params.preference(n_tasks)?;
    let seed = params.seed()?;
    let ctx = StepContext {
        losses,
        first_losses: losses,
        epoch_means: None,
        preference: &preference,
        learning_rate: 0.01,
        step: 0,
        seed,
        served: Default::default(),
    };
    if let Some(order) = params.get("order")
        && let Some(orders) = projection_orders(order, n_tasks)?
    {
        let mut w = vec![0.0; n_tasks];
        if params.method.id == gradvac::METHOD.id {
            GradVac::new(&params.setup(n_tasks)?).vaccinate(gramian, &orders, &mut w);
        } else {
            pcgrad::project(gramian, &orders, &mut w, &mut vec![0; n_tasks]);
        }
        return Ok(combined(w, rows));
    }
    if params.method.id == graddrop::METHOD.id {
        let leaks = params.leaks(n_tasks)?;
        let uniform = match params.get("U") {
            Some(value) => uniform_draws(value, n_shared)?,
            None => {
                let mut draws = vec![0.0; n_shared];
                Stream::new(seed, StreamId::Balance, 0).fill_uniform(0, &mut draws);
                draws
            }
        };
        let column = |p: usize| rows.iter().map(|row| row[p]).collect::<Vec<_>>();
        let direction = (0..n_shared).map(|p| graddrop::coordinate(&column(p), uniform[p], &leaks)).collect();
        return Ok(Answer { weights: None, direction });
    }
    let setup = params.setup(n_tasks)?;
    let mut w = vec![0.0; n_tasks];
    match params.method.new_balancer(&setup) {
        Balancer::Losses(mut balancer) => _ = balancer.weights(&ctx, &mut w),
        Balancer::Gramian(mut balancer) if params.method.needs(Need::KeptRows) => {
            // One step from kept rows that are 0: they are rows of G times `add`.
            let (mut keep, mut add) = (w.clone(), w.clone());
            balancer.keep(&ctx, gramian, &mut keep, &mut add);
            let mut kept = Gramian::new(n_tasks);
            kept.set_scaled(gramian, &add);
            balancer.weights(&ctx, &kept, &mut w);
            w.iter_mut().zip(&add).for_each(|(w, add)| *w *= add);
        }
        Balancer::Gramian(mut balancer) => _ = balancer.weights(&ctx, gramian, &mut w),
        Balancer::Rows(mut balancer) => {
            let mut direction = vec![0.0; n_shared];
            balancer.begin(&ctx, n_shared);
            balancer.direction(&ctx, 0, rows, &mut direction);
            return Ok(Answer { weights: None, direction });
        }
    }
    Ok(combined(w, rows))
}

/// d = wᵀG.
pub(super) fn combined(w: Vec<f64>, rows: &[&[f64]]) -> Answer {
    let n_shared = rows.first().map_or(0, |row| row.len());
    let direction = (0..n_shared).map(|p| w.iter().zip(rows).map(|(w, row)| w * row[p]).sum()).collect();
    Answer { weights: Some(w), direction }
}

/// The `params` of a request, every name of which its method knows.
pub struct Params<'a> {
    pub method: &'static Method,
    values: Option<&'a Map<String, Value>>,
}

impl<'a> Params<'a> {
    pub fn new(value: Option<&'a Value>, method: &'static Method) -> Result<Self, String> {
        let values = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(values)) => Some(values),
            Some(other) => return Err(format!("params is {other}; it must be an object of named values.")),
        };
        let extras = EXTRAS.iter().find(|(id, _)| *id == method.id).map_or(&[][..], |(_, names)| names);
        let pref = method.needs(Need::Preference).then_some("pref");
        let knobs = method.knobs.iter().map(|knob| knob.name);
        let known: Vec<&str> = knobs.chain(extras.iter().copied()).chain(pref).collect();
        for name in values.iter().flat_map(|values| values.keys()) {
            if !known.contains(&name.as_str()) {
                let list = if known.is_empty() {
                    "it has none".to_string()
                } else {
                    format!("known are {}", known.join(", "))
                };
                return Err(format!("Method {} has no parameter \"{name}\"; {list}.", method.id));
            }
        }
        Ok(Self { method, values })
    }

    /// Whether the method's weights depend on the values of the losses with these knobs.
    fn looks_at_losses(&self, n_tasks: usize) -> Result<bool, String> {
        let divides_by_them = self.method.id == mgda::METHOD.id && self.setup(n_tasks)?.knobs[0] >= 2.0;
        Ok(divides_by_them || self.method.needs(Need::LossValues))
    }

    /// A value that is given and not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.values?.get(name).filter(|value| !value.is_null())
    }

    /// Knob values, checked against their ranges.
    pub fn setup(&self, n_tasks: usize) -> Result<Setup, String> {
        let knobs = self.method.knobs.iter().map(|knob| self.knob(knob)).collect::<Result<_, _>>()?;
        Ok(Setup { n_tasks, knobs })
    }

    fn knob(&self, knob: &Knob) -> Result<f64, String> {
        let Some(value) = self.get(knob.name) else {
            return Ok(knob.default);
        };
        let code =
            value.as_str().and_then(|text| knob.words()?.iter().position(|word| *word == text.replace('+', "-plus")));
        match code.map(|code| code as f64).or(value.as_f64()) {
            Some(x) if knob.allows(x) => Ok(x),
            _ => Err(format!("{} is {value}; it must be {}.", knob.name, knob.range())),
        }
    }

    pub(super) fn preference(&self, n_tasks: usize) -> Result<Vec<f64>, String> {
        let uniform = vec![1.0 / n_tasks as f64; n_tasks];
        match self.get("pref") {
            None => Ok(uniform),
            Some(Value::String(text)) if text == "1/K" || text == "1" => Ok(uniform),
            Some(value) => {
                let pref = numbers(value, "pref", n_tasks, "one for each of the K tasks")?;
                let total: f64 = pref.iter().sum();
                if pref.iter().any(|&x| x < 0.0) || (total - 1.0).abs() > 1e-6 {
                    return Err(format!(
                        "pref is {value}; its numbers must be at least 0 and sum to 1 (they sum to {total})."
                    ));
                }
                Ok(pref)
            }
        }
    }

    pub(super) fn seed(&self) -> Result<u32, String> {
        match self.get("seed") {
            None => Ok(0),
            Some(value) => value
                .as_u64()
                .and_then(|seed| u32::try_from(seed).ok())
                .ok_or_else(|| format!("seed is {value}; it must be a whole number from 0 to {}.", u32::MAX)),
        }
    }

    fn leaks(&self, n_tasks: usize) -> Result<Vec<f64>, String> {
        match self.get("leak") {
            Some(value @ Value::Array(_)) => {
                let leaks = numbers(value, "leak", n_tasks, "one for each of the K tasks")?;
                match leaks.iter().find(|leak| !(0.0..=1.0).contains(*leak)) {
                    Some(odd) => Err(format!("leak holds {odd}; every leak must be from 0 to 1.")),
                    None => Ok(leaks),
                }
            }
            _ => Ok(vec![self.setup(n_tasks)?.knobs[0]; n_tasks]),
        }
    }
}

/// Orders (K, K) from a list of K lists; `None` for a text that leaves the choice to the method.
pub(super) fn projection_orders(value: &Value, n_tasks: usize) -> Result<Option<Vec<usize>>, String> {
    let fix = format!(
        "order must be {n_tasks} lists, the i-th holding the tasks that task i visits, each once (0 to {}).",
        n_tasks - 1
    );
    let lists = match value {
        Value::String(text) if text.starts_with("irrelevant") => return Ok(None),
        Value::Array(lists) if lists.len() == n_tasks => lists,
        _ => return Err(fix),
    };
    let mut orders = Vec::with_capacity(n_tasks * n_tasks);
    for (i, list) in lists.iter().enumerate() {
        let mut visited = vec![false; n_tasks];
        visited[i] = true;
        for entry in list.as_array().ok_or(&fix)? {
            let j = entry.as_u64().map(|j| j as usize).filter(|&j| j < n_tasks).ok_or(&fix)?;
            if j != i && !std::mem::replace(&mut visited[j], true) {
                orders.push(j);
            } else if j != i {
                return Err(fix);
            }
        }
        if visited.contains(&false) {
            return Err(fix);
        }
        orders.push(i); // passed over by the method; keeps rows K long
    }
    Ok(Some(orders))
}

fn uniform_draws(value: &Value, n_shared: usize) -> Result<Vec<f64>, String> {
    let draws = numbers(value, "U", n_shared, "one for each of the P parameters")?;
    match draws.iter().find(|u| !(0.0..=1.0).contains(*u)) {
        Some(odd) => Err(format!("U holds {odd}; every draw must be from 0 to 1.")),
        None => Ok(draws),
    }
}

fn count(request: &Map<String, Value>, name: &str) -> Result<usize, String> {
    let value = request.get(name).ok_or_else(|| format!("The request has no {name}; give it as a whole number."))?;
    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| format!("{name} is {value}; it must be a whole number."))
}

fn gradients(request: &Map<String, Value>, n_tasks: usize, n_shared: usize) -> Result<Vec<f64>, String> {
    let expected = n_tasks.checked_mul(n_shared).ok_or("K times P is too large.")?;
    let values = match request.get("G") {
        Some(Value::Array(values)) => values,
        Some(_) => return Err("G must be a flat list of K·P numbers, row by row.".into()),
        None => return Err("The request has no G; give K·P numbers, row by row.".into()),
    };
    if values.len() != expected {
        let got = values.len();
        return Err(format!("G holds {got} numbers; K = {n_tasks} times P = {n_shared} makes {expected}."));
    }
    let entry = |(at, value): (usize, &Value)| {
        value.as_f64().filter(|x| x.is_finite()).ok_or_else(|| {
            let (task, p) = (at / n_shared, at % n_shared);
            format!("The gradient of task {task} holds {value} at coordinate {p}; every entry must be a finite number.")
        })
    };
    values.iter().enumerate().map(entry).collect()
}

/// A list of `n` finite numbers.
pub(super) fn numbers(value: &Value, name: &str, n: usize, why: &str) -> Result<Vec<f64>, String> {
    let list = value.as_array().ok_or_else(|| format!("{name} is {value}; it must be a list of {n} numbers."))?;
    if list.len() != n {
        return Err(format!("{name} holds {} numbers; it must hold {n}, {why}.", list.len()));
    }
    let entry = |(at, x): (usize, &Value)| {
        x.as_f64()
            .filter(|x| x.is_finite())
            .ok_or_else(|| format!("{name} holds {x} at place {at}; every entry must be a finite number."))
    };
    list.iter().enumerate().map(entry).collect()
}
