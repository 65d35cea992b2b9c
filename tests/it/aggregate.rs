//! `aggregate` and `methods` of the command line: one answer a line, and errors that name the way out.

use paretoscope::balance::METHODS;
use paretoscope::cli::aggregate::aggregate;
use paretoscope::cli::methods::{methods_json, methods_text};
use paretoscope::cli::simulate::simulate;
use serde_json::{Value, json};

fn replies(input: &str) -> Vec<Value> {
    let mut output = Vec::new();
    aggregate(input.as_bytes(), &mut output).expect("writing to memory works");
    let text = String::from_utf8(output).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

/// A bad request must be answered by its id and an error that contains all of `parts`.
#[track_caller]
fn check_error(request: Value, parts: &[&str]) {
    let reply = &replies(&format!("{request}\n"))[0];
    let error = reply["error"].as_str().unwrap_or_else(|| panic!("{request} was answered by {reply}"));
    assert_eq!(reply["id"], request["id"]);
    assert!(reply.get("direction").is_none());
    for part in parts {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
    assert!(error.ends_with('.'), "{error:?} is no sentence");
}

fn request(method: &str, changes: Value) -> Value {
    let mut request = json!({"id": 3, "method": method, "params": {}, "K": 2, "P": 2, "G": [1, 0, -1, 1]});
    for (key, value) in changes.as_object().into_iter().flatten() {
        request[key] = value.clone();
    }
    request
}

#[test]
fn every_line_gets_its_own_answer() {
    let good = json!({"id": "a", "method": "sum", "params": {}, "K": 2, "P": 2, "G": [1, 2, 3, 4]});
    let rows = json!({"id": null, "method": "graddrop", "params": {"U": [0.5, 0.5]}, "K": 1, "P": 2, "G": [1, -2]});
    let input = format!("{good}\nnot json\n\n[1]\n{{\"id\":7}}\n{{\"id\":8,\"G\":[1e999]}}\n{rows}\n{good}");
    let replies = replies(&input);
    assert_eq!(replies.len(), 8);
    assert_eq!(replies[0], json!({"id": "a", "weights": [1.0, 1.0], "direction": [4.0, 6.0]}));
    for bad in &replies[1..4] {
        assert_eq!(bad["id"], Value::Null);
        assert!(bad["error"].is_string());
    }
    assert_eq!(replies[4]["id"], json!(7));
    assert!(replies[5]["error"].is_string());
    assert_eq!(replies[6], json!({"id": null, "weights": null, "direction": [1.0, -2.0]}));
    assert_eq!(replies[7], replies[0]);
    let mut output = Vec::new();
    aggregate(&b"\xff\xfe\n"[..], &mut output).expect("writing to memory works");
    assert!(String::from_utf8_lossy(&output).contains("error"));
}

#[test]
fn bad_requests_are_explained() {
    check_error(request("nope", json!({})), &["nope", "mgda"]);
    check_error(json!({"id": 1}), &["method"]);
    check_error(request("mgda", json!({"K": 0})), &["K is 0", "1 to 16"]);
    check_error(request("mgda", json!({"K": 17})), &["17", "1 to 16"]);
    check_error(request("mgda", json!({"K": -1})), &["K", "whole number"]);
    check_error(request("mgda", json!({"P": 0})), &["P is 0"]);
    check_error(request("mgda", json!({"P": 3})), &["4 numbers", "makes 6"]);
    check_error(request("mgda", json!({"P": u64::MAX})), &["K times P"]);
    check_error(request("mgda", json!({"G": "1 2"})), &["G", "list"]);
    check_error(request("mgda", json!({"G": [1, 2, null, 4]})), &["task 1", "coordinate 0", "finite"]);
    check_error(request("mgda", json!({"g": []})), &["\"g\"", "losses"]);
    check_error(request("imtl_g", json!({"params": {"c": 1}})), &["\"c\"", "has none"]);
    check_error(request("mgda", json!({"params": {"norm": "loss"}})), &["losses", "2 numbers"]);
    check_error(request("mgda", json!({"params": {"norm": "length"}})), &["norm", "none, l2, loss, loss-plus"]);
    check_error(
        request("rlw", json!({"params": {"distribution": "cauchy"}})),
        &["normal, uniform, dirichlet, bernoulli"],
    );
    check_error(request("gradvac", json!({"params": {"order": [[0]]}})), &["order", "2 lists"]);
    check_error(request("mgda", json!({"params": [1]})), &["params", "object"]);
    check_error(request("nash_mtl", json!({"params": {"max_nrm": 1}})), &["max_nrm", "known are max_norm"]);
    check_error(request("nash_mtl", json!({"params": {"max_norm": -1}})), &["max_norm is -1", "from 0 to 10"]);
    check_error(request("nash_mtl", json!({"params": {"max_norm": "x"}})), &["max_norm", "from 0 to 10"]);
    check_error(request("famo", json!({})), &["losses", "2 numbers"]);
    check_error(request("famo", json!({"losses": [1]})), &["losses holds 1", "2"]);
    check_error(request("famo", json!({"losses": [1, null]})), &["losses", "finite"]);
    check_error(request("constant", json!({"params": {"pref": [0.5, 0.6]}})), &["pref", "sum to 1"]);
    check_error(request("constant", json!({"params": {"pref": [1.5, -0.5]}})), &["pref", "at least 0"]);
    check_error(request("constant", json!({"params": {"pref": [1.0]}})), &["pref holds 1"]);
    check_error(request("pcgrad", json!({"params": {"order": [[0]]}})), &["order", "2 lists"]);
    check_error(request("pcgrad", json!({"params": {"order": [[1, 1], [0]]}})), &["order"]);
    check_error(request("pcgrad", json!({"params": {"order": [[9], [0]]}})), &["order"]);
    check_error(request("pcgrad", json!({"params": {"seed": -1}})), &["seed", "whole number"]);
    check_error(request("graddrop", json!({"params": {"U": [0.5]}})), &["U holds 1", "2"]);
    check_error(request("graddrop", json!({"params": {"U": [0.5, 2]}})), &["U holds 2"]);
    check_error(request("graddrop", json!({"params": {"leak": [0.5, 2]}})), &["leak holds 2"]);
    check_error(request("graddrop", json!({"params": {"leak": 2}})), &["leak is 2", "from 0 to 1"]);
    check_error(request("sum", json!({"G": [1e308, 0, 1e308, 1]})), &["f64"]);
}

#[test]
fn good_requests_with_odd_params_are_answered() {
    for (method, changes) in [
        ("graddrop", json!({"params": {"leak": null}})),
        ("graddrop", json!({"params": {"leak": 0.5, "seed": 4}})),
        ("pcgrad", json!({"params": {"order": "irrelevant for K=2"}})),
        ("pcgrad", json!({"params": {"order": [[0, 1], [0, 1]]}})),
        ("constant", json!({"params": {"pref": "1/K"}})),
        ("mgda", json!({"params": null, "G": [1e300, 0, -1e-300, 1e-300]})),
        ("nash_mtl", json!({"G": [0, 0, 0, 0]})),
        ("mgda", json!({"params": {"norm": "l2"}})),
        ("mgda", json!({"params": {"norm": "loss+"}, "losses": [1, 2]})),
        ("rlw", json!({"params": {"distribution": "bernoulli", "seed": 2}})),
        ("random", json!({"params": {"seed": 2}})),
        ("gradvac", json!({"params": {"order": [[1], [0]]}})),
    ] {
        let reply = &replies(&request(method, changes).to_string())[0];
        assert!(reply["direction"].is_array(), "{method}: {reply}");
    }
    let every = METHODS.iter().map(|method| request(method.id, json!({"losses": [1, 2]})).to_string() + "\n");
    for reply in replies(&every.collect::<String>()) {
        assert!(reply["direction"].is_array(), "{reply}");
    }
}

#[test]
fn preference_is_the_constant_weight() {
    let reply = &replies(&request("constant", json!({"params": {"pref": [0.75, 0.25]}})).to_string())[0];
    assert_eq!(reply["weights"], json!([1.5, 0.5]));
    check_error(request("sum", json!({"params": {"pref": [0.75, 0.25]}})), &["\"pref\"", "has none"]);
}

#[test]
fn bad_step_cases_are_explained() {
    let lines = [
        json!({"id": 1, "method": "mgda", "inputs": {}}),
        json!({"id": 2, "method": "uw", "inputs": {"losses": [1, 2]}}),
        json!({"id": 3, "method": "uw", "inputs": {"losses": [1, 2], "log_var": [1]}}),
        json!({"id": 4, "method": "dwa", "params": {"T": 0}, "inputs": {"losses": [1], "avg_loss_prev": [1], "avg_loss_prev2": [1]}}),
        json!({"id": 5, "method": "uw"}),
        json!({"id": 6, "method": "pbi", "inputs": {"losses": [1, 2], "pref": [0, 0]}}),
        json!({"id": 7, "method": "stch_mtl", "inputs": {"losses": [1, 2], "nadir": [0, 1]}}),
        json!({"id": 8, "method": "pcd", "inputs": {"G_steps": [[[1, 0], [0, 1]], [[1, 0]]]}}),
        json!({"id": 9, "method": "gradvac", "inputs": {"G_steps": [[[1, 0], [0, 1]]]}}),
        json!({"id": 10, "method": "metric_hypervolume_2d", "params": {"ref": [1, 1, 1]}, "inputs": {"points": [[0, 0]]}}),
        json!({"id": 11, "method": "metric_hypervolume_2d", "inputs": {"points": [[0, 0, 0]]}}),
        json!({"id": 12, "method": "metric_delta_m", "inputs": {"mtl": [1], "stl": [0], "higher_is_better": [true]}}),
        json!({"id": 13, "method": "metric_delta_m", "inputs": {"mtl": [1], "stl": [1], "higher_is_better": [1]}}),
        json!({"id": 14, "method": "task_arithmetic", "inputs": {"theta0": [1], "theta_k": [[1, 2]]}}),
        json!({"id": 15, "method": "metagpt", "params": {"lambda": 1}, "inputs": {"theta0": [1], "theta_k": [[1]]}}),
        json!({"id": 16, "method": "pamal_multiforward", "inputs": {"alphas": [[1, 0], [0, 1]], "losses": [[1, 2]]}}),
        json!({"id": 17, "method": "fmtl_sam", "inputs": {"H": [[[1]]], "b": [[1, 2]], "theta": [0, 0]}}),
        json!({"id": 18, "method": "cr_mogm", "inputs": {"G_steps": [[[1, 0], [0, 1]]]}}),
        json!({"id": 19, "method": "cr_mogm(graddrop)", "inputs": {"G_steps": [[[1, 0], [0, 1]]]}}),
        json!({"id": 20, "method": "cr_mogm(mgda)", "params": {"alpha": 2}, "inputs": {"G_steps": [[[1, 0], [0, 1]]]}}),
        json!({"id": 21, "method": "metagpt(mgda)", "inputs": {"theta0": [1], "theta_k": [[1]]}}),
        json!({"id": 22, "method": "fmtl_sam", "params": {"aggregator": "pcgrad backwards"},
            "inputs": {"H": [[[1]]], "b": [[1]], "theta": [0]}}),
    ];
    let mut output = Vec::new();
    let text = lines.map(|line| line.to_string()).join("\n");
    simulate(text.as_bytes(), &mut output).expect("writing to memory works");
    let replies = String::from_utf8(output).expect("JSON is UTF-8");
    assert_eq!(replies.lines().count(), 22);
    assert!(replies.lines().all(|line| line.contains("\"error\"")), "{replies}");
}

#[test]
fn the_registry_is_listed() {
    let listed = methods_json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), METHODS.len());
    assert_eq!(methods_text().lines().count(), METHODS.len());
    for entry in listed {
        let fields: Vec<&str> = entry.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(fields.len(), 8, "{entry}");
        for field in ["id", "label", "paper", "year", "kind", "stage", "needs", "knobs"] {
            assert!(fields.contains(&field), "{entry} lacks {field}");
        }
        for knob in entry["knobs"].as_array().into_iter().flatten() {
            assert!(["name", "default", "min", "max"].iter().all(|key| knob.get(key).is_some()), "{knob}");
        }
    }
    let famo = listed.iter().find(|entry| entry["id"] == json!("famo")).expect("registered");
    assert_eq!(famo["needs"], json!(["heads_scaled_by_weights", "losses_after_step", "loss_values"]));
}
