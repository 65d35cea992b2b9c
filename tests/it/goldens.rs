//! Every method against values of independent solvers (tests/data/golden_vectors.json).
//!
//! A case whose method is registered is checked, so a new method is covered by its registry line.

use paretoscope::balance::{Gramian, METHODS, method};
use paretoscope::cli::aggregate::{Answer, Params, answer, run};
use paretoscope::cli::simulate::simulated;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn file() -> Value {
    serde_json::from_str(include_str!("../data/golden_vectors.json")).expect("the file of golden values is JSON")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn length(a: &[f64]) -> f64 {
    distance(a, &vec![0.0; a.len()])
}

/// Also true for NaN.
fn exceeds(off: f64, allowed: f64) -> bool {
    off.is_nan() || off > allowed
}

/// The request `aggregate` would read for a gradient case.
fn request(file: &Value, case: &Value) -> Map<String, Value> {
    let matrix = &file["matrices"][case["m"].as_str().unwrap_or_default()];
    let mut request = Map::new();
    for (key, value) in [("id", &case["id"]), ("method", &case["method"]), ("params", &case["params"])] {
        request.insert(key.into(), value.clone());
    }
    for key in ["K", "P", "G"] {
        request.insert(key.into(), matrix[key].clone());
    }
    request
}

/// Whether the answer is within the case's tolerance; the measured excess over it otherwise.
fn check(case: &Value, answer: &Answer, tolerance: &str) -> Result<f64, String> {
    let allowed = case[tolerance].as_f64().unwrap_or(0.0);
    let off = distance(&answer.direction, &list(&case["direction"]));
    if exceeds(off, allowed) {
        return Err(format!("{} {}: d is off by {off:e}, allowed {allowed:e}", case["id"], case["method"]));
    }
    if tolerance == "tol_dir_f64" && case["weights_unique"] == json!(true) {
        let expected = list(&case["weights"]);
        let given = answer.weights.as_deref().unwrap_or(&[]);
        let off = distance(given, &expected);
        // Weights have no tolerance of their own: the direction's, relative to d, or six digits.
        let share = allowed / length(&list(&case["direction"])).max(1e-300);
        let allowed = length(&expected) * share.clamp(1e-6, 1e-3);
        if exceeds(off, allowed) {
            return Err(format!("{} {}: w is {given:?}, not {expected:?}", case["id"], case["method"]));
        }
    }
    Ok(if allowed > 0.0 { off / allowed } else { 0.0 })
}

/// G in f32 and M from f32 products accumulated in f32, as a backend without f64 has them.
fn answer_in_f32(request: &Map<String, Value>) -> Result<Answer, String> {
    let method = method(request["method"].as_str().unwrap_or_default()).ok_or("unknown method")?;
    let params = Params::new(request.get("params"), method)?;
    let k = request["K"].as_u64().unwrap_or(0) as usize;
    let g: Vec<f32> = list(&request["G"]).iter().map(|&x| x as f32).collect();
    let p = g.len() / k;
    let product = |i: usize, j: usize| (0..p).fold(0.0_f32, |sum, c| sum + g[i * p + c] * g[j * p + c]);
    let m: Vec<f64> = (0..k * k).map(|at| f64::from(product(at / k, at % k))).collect();
    let mut gramian = Gramian::new(k);
    gramian.set_from_products(&m);
    let rounded: Vec<f64> = g.iter().map(|&x| f64::from(x)).collect();
    let rows: Vec<&[f64]> = rounded.chunks_exact(p).collect();
    run(&params, &rows, &gramian, &vec![1.0; k])
}

/// Checks the cases of a section that are `included` by their method and returns per method (cases, worst share of
/// the tolerance).
fn walk(
    section: &str,
    included: impl Fn(&str) -> bool,
    judge: impl Fn(&Value, &Value) -> Result<f64, String>,
) -> BTreeMap<String, (usize, f64)> {
    let file = file();
    let mut tally = BTreeMap::new();
    let mut failures = Vec::new();
    for case in file[section].as_array().into_iter().flatten() {
        let id = case["method"].as_str().unwrap_or_default();
        if !included(id) {
            continue;
        }
        match judge(&file, case) {
            Ok(share) => {
                let entry = tally.entry(id.to_string()).or_insert((0, 0.0_f64));
                *entry = (entry.0 + 1, entry.1.max(share));
            }
            Err(failure) => failures.push(failure),
        }
    }
    for (id, (n, worst)) in &tally {
        println!("{section} {id}: {n} cases, at most {:.2e} of the tolerance", worst);
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    tally
}

fn is_registered(id: &str) -> bool {
    method(id).is_some()
}

fn count(section: &str, id: &str) -> usize {
    file()[section].as_array().into_iter().flatten().filter(|case| case["method"] == json!(id)).count()
}

#[test]
fn gradient_cases_in_f64() {
    let tally =
        walk("grad_cases", is_registered, |file, case| check(case, &answer(&request(file, case))?, "tol_dir_f64"));
    for method in METHODS {
        assert_eq!(tally.get(method.id).map_or(0, |t| t.0), count("grad_cases", method.id), "{}", method.id);
    }
    assert!(tally.len() >= 6, "only {} methods have gradient cases", tally.len());
}

#[test]
fn gradient_cases_from_f32_products() {
    let tally = walk("grad_cases", is_registered, |file, case| {
        check(case, &answer_in_f32(&request(file, case))?, "tol_dir_f32")
    });
    assert!(tally.values().map(|t| t.0).sum::<usize>() > 0);
}

/// Relative distance of two values of the same shape, over all their numbers.
fn relative(given: &Value, expected: &Value) -> f64 {
    fn flat(value: &Value, out: &mut Vec<f64>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| flat(item, out)),
            other => out.push(other.as_f64().unwrap_or(f64::NAN)),
        }
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    flat(given, &mut a);
    flat(expected, &mut b);
    let size = length(&b);
    distance(&a, &b) / if size < 1e-9 { 1.0 } else { size }
}

fn check_step(case: &Value, given: &Value) -> Result<f64, String> {
    let allowed = case["tol_rel"].as_f64().unwrap_or(0.0);
    let mut worst = 0.0_f64;
    if case["expected"].as_object().is_none_or(Map::is_empty) {
        return Err(format!("{} {}: nothing is expected", case["id"], case["method"]));
    }
    for (key, expected) in case["expected"].as_object().into_iter().flatten() {
        let off = relative(&given[key], expected);
        if exceeds(off, allowed) {
            return Err(format!("{} {}: {key} is off by {off:e}, allowed {allowed:e}", case["id"], case["method"]));
        }
        worst = worst.max(off / allowed);
    }
    Ok(worst)
}

#[test]
fn step_cases() {
    let answers = |_: &Value, case: &Value| {
        let fields = ["id", "method", "params", "inputs"].map(|key| (key.to_string(), case[key].clone()));
        check_step(case, &simulated(&Map::from_iter(fields))?)
    };
    let tally = walk("step_cases", |_| true, answers);
    let file = file();
    let cases = file["step_cases"].as_array().map_or(0, Vec::len);
    // Methods and everything else: none is passed over.
    assert_eq!(tally.values().map(|t| t.0).sum::<usize>(), cases);
    assert!(cases >= 70, "only {cases} step cases");
    let outside = tally.keys().filter(|id| method(id).is_none()).count();
    assert_eq!(outside, 7, "kinds of cases that are not a method's");
}

#[test]
fn a_wrong_method_is_caught() {
    let file = file();
    let cases = file["grad_cases"].as_array().cloned().unwrap_or_default();
    let mut caught = 0;
    let mut passed = 0;
    for case in cases.iter().filter(|case| case["method"] == json!("mgda")) {
        let mut wrong = request(&file, case);
        wrong.insert("method".into(), json!("pcgrad"));
        match check(case, &answer(&wrong).expect("pcgrad takes every matrix"), "tol_dir_f64") {
            Err(_) => caught += 1,
            Ok(_) => passed += 1,
        }
    }
    // Two opposed rows give d = 0 under both, with other weights.
    assert!(caught >= 15 && passed <= 1, "{caught} caught, {passed} passed");

    let step = file["step_cases"].as_array().and_then(|all| all.iter().find(|case| case["method"] == json!("uw")));
    let step = step.expect("there are cases of uw");
    let mut given = step["expected"].clone();
    given["weights"][0] = json!(given["weights"][0].as_f64().unwrap_or(0.0) * (1.0 + 1e-9));
    assert!(check_step(step, &step["expected"]).is_ok());
    assert!(check_step(step, &given).is_err());
}
