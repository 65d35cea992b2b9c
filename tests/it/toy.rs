//! `paretoscope toy` against trajectories of an independent implementation (tests/data/toy_golden.json).
//!
//! The file names the experiments; what a trajectory's words mean in our terms (method, params, factor on the
//! update) is the table here. A trajectory whose method is registered is checked to its stated tolerance.

use paretoscope::balance;
use paretoscope::cli::run::RunError;
use paretoscope::cli::toy::{ToyFlags, toy};
use serde_json::Value;

/// (suite, name in the file, method, params, multiplier).
const EXPERIMENTS: &[(&str, &str, &str, &str, &str)] = &[
    ("nash35k", "ls", "sum", "{}", "1"),
    ("nash35k", "mgda", "mgda", "{}", "2"),
    ("nash35k", "pcgrad", "pcgrad", "{}", "1"),
    ("nash35k", "cagrad", "cagrad", r#"{"c": 0.4, "rescale": 1}"#, "2"),
    ("nash35k", "nashmtl", "nash_mtl", r#"{"max_norm": 1}"#, "1"),
    ("nash35k", "imtl_g", "imtl_g", "{}", "1"),
    ("nash35k", "aligned_mtl", "aligned_mtl", r#"{"scale_mode": "min"}"#, "2"),
    ("nash35k", "upgrad", "upgrad", "{}", "1"),
    ("cagrad100k", "sgd_mean", "mean", "{}", "1"),
    ("cagrad100k", "mgd", "mgda", "{}", "1"),
    ("cagrad100k", "pcgrad", "pcgrad", "{}", "0.5"),
    ("cagrad100k", "cagrad", "cagrad", r#"{"c": 0.5, "rescale": 2}"#, "1"),
    ("aligned35k", "ls", "sum", "{}", "1"),
    ("aligned35k", "aligned_mtl", "aligned_mtl", r#"{"scale_mode": "min"}"#, "2"),
    ("aligned35k", "pcgrad", "pcgrad", "{}", "1"),
    ("famo50k", "famo", "famo", r#"{"w_lr": 0.025, "gamma": 0, "min_losses": [-2.1, -21]}"#, "1"),
    ("famo50k_clip", "famo", "famo", r#"{"w_lr": 0.025, "gamma": 0, "min_losses": [-2.1, -21]}"#, "1"),
];

/// A published repository's bug, not a method.
const NOT_REPRODUCED: &str = "mgda_as_coded";

fn file() -> Value {
    serde_json::from_str(include_str!("../data/toy_golden.json")).expect("the file of golden values is JSON")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn flags() -> ToyFlags {
    let [method, params, init, scale] = ["sum", "{}", "-8.5,7.5", "cagrad"].map(String::from);
    let [multiplier, clip_norm, steps, lr, at] = ["1", "none", "100", "0.001", "0,100"].map(String::from);
    ToyFlags { method, params, init, scale, multiplier, clip_norm, steps, lr, at }
}

/// Off by how much, as shares of the tolerances, over all trajectories of a suite.
fn check_suite(suite: &str) {
    let file = file();
    let mut checked = 0;
    let mut findings = Vec::new();
    for case in file["trajectories"].as_array().into_iter().flatten().filter(|case| case["suite"] == suite) {
        let name = case["method"].as_str().unwrap_or_default();
        let row = EXPERIMENTS.iter().find(|row| row.0 == suite && row.1 == name);
        let Some((_, _, method, params, multiplier)) = row else {
            assert_eq!(name, NOT_REPRODUCED, "no row of the table says what {suite} {name} is");
            continue;
        };
        if balance::method(method).is_none() {
            continue;
        }
        let text = |value: &Value| value.to_string();
        let scale = match case["scheme"].as_str().unwrap_or_default() {
            "cagrad" => "cagrad".to_owned(),
            scheme => format!("{scheme}:{}", case["scale"]),
        };
        let expected = case["checkpoints"].as_object().expect("checkpoints");
        let init = list(&case["init"]);
        let flags = ToyFlags {
            method: (*method).into(),
            params: (*params).into(),
            init: format!("{},{}", init[0], init[1]),
            scale,
            multiplier: (*multiplier).into(),
            clip_norm: if case["clip_norm"].is_null() { "none".into() } else { text(&case["clip_norm"]) },
            steps: text(&case["steps"]),
            lr: text(&case["lr"]),
            at: expected.keys().cloned().collect::<Vec<_>>().join(","),
        };
        let answer = pollster::block_on(toy(&flags)).expect("a golden experiment runs");
        let found = |step: &str| list(&answer["checkpoints"][step]);
        let last = found(&flags.steps);
        let (x_off, loss_off) =
            (distance(&last[..2], &list(&case["end_x"])), distance(&last[2..], &list(&case["end_loss"])));
        let tolerance = |key: &str| case[key].as_f64().unwrap_or(0.0);
        let shares = (x_off / tolerance("tol_end_x"), loss_off / tolerance("tol_end_loss"));
        // Early on nothing has grown yet: the trajectory itself must agree, whatever its end tolerates. Where
        // the rule had no answer, the file used the step before; that is not part of any method.
        let defined = case["undefined_steps"] == 0;
        let early = if defined { distance(&found("100"), &list(&expected["100"])) } else { 0.0 };
        println!("{suite} {name} {init:?}: early {early:.1e}, end {:.2e} {:.2e} of the tolerances", shares.0, shares.1);
        let right = shares.0 <= 1.0 && shares.1 <= 1.0 && early <= 1e-5 && found("0")[..2] == init[..];
        if !right {
            findings.push(format!(
                "{name} {init:?}: ends at {last:?}, not {} {}; after 100 steps off by {early:e}",
                case["end_x"], case["end_loss"]
            ));
        }
        checked += 1;
    }
    assert!(checked > 0, "no trajectory of {suite} was checked");
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn nash_trajectories() {
    check_suite("nash35k");
}

#[test]
fn cagrad_trajectories() {
    check_suite("cagrad100k");
}

#[test]
fn aligned_trajectories() {
    check_suite("aligned35k");
}

#[test]
fn famo_trajectories() {
    check_suite("famo50k");
    check_suite("famo50k_clip");
}

#[test]
fn the_table_names_nothing_that_the_file_has_not() {
    let file = file();
    let cases = file["trajectories"].as_array().expect("trajectories");
    for (suite, name, ..) in EXPERIMENTS {
        assert!(cases.iter().any(|case| case["suite"] == *suite && case["method"] == *name), "{suite} {name}");
    }
}

#[track_caller]
fn complains(change: impl FnOnce(&mut ToyFlags), words: &[&str]) {
    let mut flags = flags();
    change(&mut flags);
    match pollster::block_on(toy(&flags)) {
        Err(RunError::Input(sentence)) => {
            assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
            assert!(!sentence.contains('\n') && sentence.ends_with('.'), "{sentence}");
        }
        other => panic!("{flags:?} gave {other:?}"),
    }
}

#[test]
fn bad_flags_get_a_sentence_that_names_them() {
    complains(|flags| flags.method = "adam".into(), &["--method adam", "mgda"]);
    complains(|flags| flags.init = "1".into(), &["--init 1", "-8.5,7.5"]);
    complains(|flags| flags.init = "1,NaN".into(), &["--init 1,NaN"]);
    complains(|flags| flags.scale = "nash:0".into(), &["--scale nash:0", "above 0"]);
    complains(|flags| flags.scale = "aligned:2".into(), &["--scale aligned:2", "from 0 to 1"]);
    complains(|flags| flags.scale = "nash".into(), &["--scale nash", "nash:S"]);
    complains(|flags| flags.multiplier = "-1".into(), &["--multiplier -1"]);
    complains(|flags| flags.clip_norm = "0".into(), &["--clip-norm 0", "none"]);
    complains(|flags| flags.steps = "-5".into(), &["--steps -5"]);
    complains(|flags| flags.steps = "99999999".into(), &["--steps 99999999", "10000000"]);
    complains(|flags| flags.lr = "fast".into(), &["--lr fast"]);
    complains(|flags| flags.at = "0,101".into(), &["--at 0,101", "100"]);
    complains(|flags| flags.at = String::new(), &["--at"]);
    complains(|flags| flags.params = "[1]".into(), &["--params", "JSON object"]);
    complains(|flags| flags.params = r#"{"c": 1}"#.into(), &["--params", "sum", "\"c\""]);
    complains(
        |flags| {
            flags.method = "cagrad".into();
            flags.params = r#"{"c": -1}"#.into();
        },
        &["--params", "c is -1"],
    );
    complains(|flags| flags.params = r#"{"min_losses": [1]}"#.into(), &["--params", "min_losses", "2"]);
    complains(
        |flags| {
            flags.method = "mgda".into();
            flags.params = r#"{"min_losses": [0, 0]}"#.into();
        },
        &["--params", "mgda", "min_losses"],
    );
    complains(
        |flags| {
            flags.method = "graddrop".into();
            flags.params = r#"{"U": [0, 0]}"#.into();
        },
        &["--params", "seed"],
    );
}

#[test]
fn every_method_runs_on_it() {
    for method in balance::METHODS {
        let flags = ToyFlags { method: method.id.into(), ..flags() };
        let answer = pollster::block_on(toy(&flags)).expect("it runs");
        assert_eq!(list(&answer["checkpoints"]["100"]).len(), 4, "{}", method.id);
    }
}
