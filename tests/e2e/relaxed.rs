//! Relaxed SIMD: taken and marked where the choice is left to the program, not where the CPU's own bits are asked for.

use crate::experiment::{at_step, losses, open};
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::Value;

const ANSWER: &str = "return window.__bench ?? null";
const LINK: &str = "#v=1&p=multimnist&m=pcgrad&st=12&s=3";

fn asked_for(browser: &Browser, program: &str) -> bool {
    browser.server.requests().iter().any(|request| request.target.contains(&format!("/{program}_bg.wasm")))
}

/// Losses after the last step, the subtitle of the losses, and what the backend's details say.
async fn trained(browser: &Browser, link: &str) -> (Vec<f64>, String, String) {
    open(browser, link).await;
    let metrics = at_step(browser, 12).await;
    let subtitle = browser.js("return document.querySelector('.tile .sub').innerText").await;
    browser.click(&Browser::test_id("backend-chip")).await;
    let said = browser.js("return document.body.innerText").await;
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    (losses(&metrics, "pcgrad"), text(subtitle), text(said))
}

#[tokio::test]
async fn fused_curves_are_marked_and_those_of_the_cpu_are_the_same_everywhere() {
    let browser = Browser::start().await;
    let (fused, subtitle, said) = trained(&browser, &format!("{LINK}&backend=auto")).await;
    assert!(asked_for(&browser, "worker_relaxed"), "{:?}", browser.server.requests());
    assert!(subtitle.starts_with('≈') && said.contains("multiplies and adds at once"), "{subtitle}: {said}");
    browser.screenshot("relaxed").await;

    let browser = Browser::start().await;
    let (exact, subtitle, said) = trained(&browser, &format!("{LINK}&backend=cpu")).await;
    assert!(!subtitle.contains('≈') && !said.contains("multiplies and adds at once"), "{subtitle}: {said}");
    assert_eq!(exact.len(), fused.len());
    assert!(exact != fused, "nothing was fused");
    assert!(exact.iter().zip(&fused).all(|(a, b)| (a / b - 1.0).abs() < 1e-3), "{exact:?} and {fused:?}");
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_benchmark_takes_the_program_of_what_it_times() {
    for (asked, program) in [("", "worker_relaxed"), ("&arithmetic=separate", "worker")] {
        // With an adapter there: what is timed on the CPU does not load code of GPUs.
        let browser = Browser::with(Options { webgpu: true, ..Options::default() }).await;
        browser.open(&format!("bench/?size=S&mode=pcgrad&backend=cpu&ms=200{asked}")).await;
        let found = browser.wait_js(ANSWER, PATIENCE, |answer| !answer.is_null()).await;
        assert!(found["steps_per_s"].as_f64().is_some_and(|speed| speed > 0.0), "{found}");
        assert!(asked_for(&browser, program) && !asked_for(&browser, "worker_gpu"), "{:?}", browser.server.requests());
    }
}
