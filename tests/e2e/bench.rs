//! The benchmark's page: what an address orders, what the form orders, and what goes wrong.

use crate::harness::{Browser, Options};
use serde_json::Value;
use std::time::Duration;

const ANSWER: &str = "return window.__bench ?? null";
/// Software adapters take seconds to compile shaders.
const PATIENCE: Duration = Duration::from_secs(90);

async fn answer(browser: &Browser, query: &str) -> Value {
    browser.open(&format!("bench/{query}")).await;
    browser.wait_js(ANSWER, PATIENCE, |answer| !answer.is_null()).await
}

/// A speed, and the known losses of the third step.
fn check(answer: &Value, backend: &str, expected: &[f64]) {
    assert!(answer["steps_per_s"].as_f64().is_some_and(|speed| speed > 0.0), "{answer}");
    assert_eq!(answer["backend"], backend, "{answer}");
    let losses: Vec<f64> = answer["losses_step3"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert_eq!(losses.len(), expected.len(), "{answer}");
    assert!(losses.iter().zip(expected).all(|(loss, e)| (loss / e - 1.0).abs() < 1e-4), "{answer}");
}

#[tokio::test]
async fn an_address_is_an_order() {
    let browser = Browser::with(Options { size: (360, 800), ..Options::default() }).await;
    let found = answer(&browser, "?size=S&mode=pcgrad&backend=cpu&ms=300").await;
    check(&found, "cpu", &[0.993362, 0.854192]);
    let found = answer(&browser, "?size=S&mode=ew&backend=cpu&ms=100").await;
    check(&found, "cpu", &[0.993546, 0.854167]);
    let found = answer(&browser, "?kernel=matmul&n=256&backend=cpu&ms=100").await;
    assert!(found["gflops"].as_f64().is_some_and(|speed| speed > 0.0) && found["backend"] == "cpu", "{found}");
    let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.js(overflow).await, 0, "nothing leaves a narrow screen");
    browser.screenshot("bench-narrow").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn an_order_for_the_gpu_runs_on_an_adapter_or_says_that_there_is_none() {
    let browser = Browser::start_webgpu().await;
    let found = answer(&browser, "?size=S&mode=pcgrad&backend=gpu&ms=200").await;
    check(&found, "gpu", &[0.993362, 0.854192]);
    browser.assert_clean().await;
    let browser = Browser::start().await;
    let found = answer(&browser, "?size=S&mode=pcgrad&backend=gpu&ms=200").await;
    assert!(found["error"].as_str().is_some_and(|why| why.contains("cpu") && why.ends_with('.')), "{found}");
}

#[tokio::test]
async fn a_wrong_order_is_answered_with_a_sentence() {
    let browser = Browser::start().await;
    for (query, says) in [
        ("?size=Q", "S, M, L or XL"),
        ("?size=S&mode=mgda", "ew or pcgrad"),
        ("?size=S&backend=npu", "cpu or gpu"),
        ("?size=S&ms=0", "milliseconds"),
        ("?mode=ew", "size"),
        ("?kernel=matmul&n=300", "256, 512 or 1024"),
    ] {
        let found = answer(&browser, query).await;
        assert!(
            found["error"].as_str().is_some_and(|why| why.contains(says) && why.ends_with('.')),
            "{query}: {found}"
        );
        let status = browser.wait_text(&Browser::test_id("status"), PATIENCE, |text| text.contains(says)).await;
        assert_eq!(found["error"], *status);
    }
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_form_orders_runs_can_be_canceled_and_are_kept_as_rows() {
    let browser = Browser::with(Options { color_scheme: "dark", ..Options::default() }).await;
    browser.open("bench/").await;
    let choose = |name: &str, value: &str| {
        format!("document.querySelector('[name=\"{name}\"][value=\"{value}\"]').click(); return window.__bench ?? null")
    };
    assert!(browser.js(&choose("ms", "10000")).await.is_null(), "nothing runs before it is asked for");
    browser.click(".go").await;
    let status = Browser::test_id("status");
    browser.wait_text(&status, PATIENCE, |text| text.contains("timing")).await;
    browser.click("[data-action=cancel]").await;
    let found = browser.wait_js(ANSWER, PATIENCE, |answer| !answer.is_null()).await;
    assert_eq!(found["error"], "The run was canceled.");
    browser.js(&choose("ms", "300")).await;
    browser.js(&choose("mode", "ew")).await;
    browser.click(".go").await;
    let found = browser.wait_js(ANSWER, PATIENCE, |answer| answer["error"].is_null()).await;
    check(&found, "cpu", &[0.993546, 0.854167]);
    let rows = browser.js("return [...document.querySelectorAll('tbody tr')].map((row) => row.textContent)").await;
    let rows: Vec<&str> = rows.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert!(rows.len() == 2 && rows[0].contains("steps/s") && rows[1].contains("canceled"), "{rows:?}");
    browser.screenshot("bench-dark").await;
    browser.assert_clean().await;
}
