//! Threads that share memory: only where the page is isolated, and to the same results.

use crate::experiment::{at_step, losses, open};
use crate::harness::{Browser, Options};
use serde_json::Value;
use std::time::Duration;

const ANSWER: &str = "return window.__bench ?? null";
/// A step of the benchmark's large network takes a slow machine seconds.
const BENCH_PATIENCE: Duration = Duration::from_secs(90);
/// Layers of this network are worth several threads.
const LINK: &str = "#v=1&p=multimnist&net=256x2&m=pcgrad,mgda&st=12&s=3";

async fn isolated() -> Browser {
    Browser::with(Options { isolated: true, ..Options::default() }).await
}

/// Losses of both runs after the last step, and what the backend's details say.
async fn trained(browser: &Browser) -> (Vec<f64>, String) {
    open(browser, LINK).await;
    let metrics = at_step(browser, 12).await;
    let told = ["pcgrad", "mgda"].map(|method| losses(&metrics, method)).concat();
    browser.click(&Browser::test_id("backend-chip")).await;
    let said = browser.js("return document.body.innerText").await;
    (told, said.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_isolated_page_shares_layers_between_threads_and_computes_the_same() {
    let alone = Browser::start().await;
    let (expected, said) = trained(&alone).await;
    assert!(!said.contains("threads share"), "{said}");
    assert_eq!(expected.len(), 4);
    let browser = isolated().await;
    let (told, said) = trained(&browser).await;
    assert_eq!(browser.js("return self.crossOriginIsolated").await, true);
    assert_eq!(told, expected);
    let cores = browser.js("return Math.min(8, navigator.hardwareConcurrency)").await;
    assert_eq!(said.contains(&format!("{cores} threads share large layers")), cores != 1, "{said}");
    browser.screenshot("threads").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_benchmark_takes_threads_where_there_can_be_any() {
    let browser = isolated().await;
    browser.open("bench/?size=M&mode=pcgrad&backend=cpu&threads=2&ms=500").await;
    let found = browser.wait_js(ANSWER, BENCH_PATIENCE, |answer| !answer.is_null()).await;
    assert!(found["steps_per_s"].as_f64().is_some_and(|speed| speed > 0.0), "{found}");
    let losses: Vec<f64> = found["losses_step3"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert!(losses.iter().zip([2.400298, 2.524481]).all(|(l, e)| (l / e - 1.0).abs() < 1e-4), "{found}");
    let asked = browser.server.requests();
    assert!(asked.iter().any(|request| request.target.contains("worker_threads_bg.wasm")), "{asked:?}");
    let browser = Browser::start().await;
    browser.open("bench/?size=M&mode=pcgrad&backend=cpu&threads=2&ms=500").await;
    let found = browser.wait_js(ANSWER, BENCH_PATIENCE, |answer| !answer.is_null()).await;
    assert!(found["error"].as_str().is_some_and(|why| why.contains("Cross-Origin-Opener-Policy")), "{found}");
}
