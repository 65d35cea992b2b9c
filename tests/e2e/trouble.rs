//! What goes wrong in front of a reader, and what the page says and keeps.

use crate::experiment::{METRICS, at_step, computed, losses, open};
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::{Value, json};
use std::time::Duration;

/// A script that runs in every page before the page's own.
async fn before_everything(browser: &Browser, script: &str) {
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
}

/// Waits for the card in the place of the views, and gives its text back.
async fn card(browser: &Browser, says: &str) -> String {
    browser.wait_text(&Browser::test_id("error"), Duration::from_secs(60), |text| text.contains(says)).await
}

#[tokio::test]
async fn a_worker_that_dies_in_silence_is_noticed_and_replaced() {
    let browser = Browser::start().await;
    // Browsers end workers without an event; `terminate` is as silent.
    before_everything(
        &browser,
        "const Kind = window.Worker; window.workers = []; \
         window.Worker = class extends Kind { constructor(...given) { super(...given); window.workers.push(this); } };",
    )
    .await;
    open(&browser, "#v=1&m=sum,mgda").await;
    let before = at_step(&browser, 150).await;
    browser.js("window.workers.forEach((worker) => worker.terminate()); return true").await;
    let text = card(&browser, "worker stopped").await;
    assert!(text.contains("are kept"), "{text}");
    let state = browser.js_async("return await paretoscope.getState()").await;
    assert!(state["trouble"].as_str().is_some_and(|text| text.contains("worker")), "{state}");
    browser.click(&Browser::test_id("restart-worker")).await;
    let after = at_step(&browser, 150).await;
    assert_eq!(before["runs"], after["runs"], "the same link gives the same curves");
}

#[tokio::test]
async fn a_browser_without_webassembly_simd_or_scripts_is_told_so() {
    for (script, says) in
        [("delete window.WebAssembly", "no WebAssembly"), ("WebAssembly.validate = () => false", "no SIMD")]
    {
        let browser = Browser::start().await;
        before_everything(&browser, script).await;
        browser.open("#v=1&s=7").await;
        card(&browser, says).await;
        assert_eq!(browser.js("return location.hash").await, "#v=1&s=7", "the link is kept");
    }
    let browser = Browser::start().await;
    browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.open("").await;
    browser.screenshot("no-scripts").await;
    let text = browser.wait_for("noscript").await.text().await.unwrap_or_default();
    assert!(text.contains("Scripts are switched off"), "{text:?}");
}

#[tokio::test]
async fn a_panic_of_the_page_leaves_a_card_and_the_link() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&s=9").await;
    browser
        .js("dispatchEvent(new ErrorEvent('error', { error: new WebAssembly.RuntimeError('unreachable') })); return 1")
        .await;
    let text = card(&browser, "The page stopped").await;
    assert!(text.contains("Reload, keep the link"), "{text}");
    let hash = browser.js("return location.hash").await;
    assert!(hash.as_str().is_some_and(|hash| hash.contains("s=9")), "{hash}");
}

#[tokio::test]
async fn runs_that_diverge_say_so_and_offer_a_way_back() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&opt=sgd&lr=10&m=sum,mean,pcgrad&sc=10,10").await;
    browser.wait_text(&Browser::test_id("headline"), PATIENCE, |text| text.contains("diverged")).await;
    browser.wait_js("return document.querySelectorAll('.card.bad').length", PATIENCE, |cards| *cards == 3).await;
    browser.screenshot("diverged").await;
    let rate = browser.js("return [...document.querySelectorAll('.card.bad button')].filter((button) => button.textContent.startsWith('Set learning rate')).length").await;
    assert_eq!(rate, 3);
    // Not even these leave an axis that reaches to 1e30.
    let svg = browser.js_async("return (await paretoscope.export({ kind: 'svg', view: 'losses' }))").await;
    let svg = svg.as_str().unwrap_or_default();
    assert!(svg.contains("diverged at"), "{svg}");
    let high = ["10⁴", "10⁵", "10⁶", "10⁷", "10⁸", "10⁹", "10¹⁰", "10²⁰", "10³⁰"];
    assert!(high.iter().all(|tick| !svg.contains(tick)), "the axis follows a diverged run");
    browser.js_async("await paretoscope.setState('#v=1&opt=sgd&lr=0.001&m=sum,mean,uw'); return 1").await;
    let metrics = at_step(&browser, 100).await;
    assert!(losses(&metrics, "sum").iter().all(|loss| loss.is_finite()), "{metrics}");
}

#[tokio::test]
async fn a_host_that_asks_for_nonsense_gets_a_sentence_and_changes_nothing() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&st=200").await;
    let before = browser.js_async("return (await paretoscope.getState()).link").await;
    let refused = [
        ("paretoscope.seek(201)", "0 to 200"),
        ("paretoscope.seek(-1)", "whole number"),
        ("paretoscope.seek('x')", "whole number"),
        ("paretoscope.setState('')", "takes a link"),
        ("paretoscope.setState()", "takes a link"),
        ("paretoscope.setState({})", "takes a link"),
        ("paretoscope.setState(7)", "takes a link"),
        ("paretoscope.setState('#v=1&lr=NaN')", "not a number"),
        ("paretoscope.setMethods([])", "No methods"),
        ("paretoscope.setMethods(['sum', 'nope'])", "nope"),
        ("paretoscope.setPreference([2, -1])", "0 to 1"),
        ("paretoscope.setPreference([1])", "one a task"),
        ("paretoscope.reset({ seed: 1.5 })", "whole number"),
        ("paretoscope.export({ kind: 'gif' })", "gif"),
    ];
    for (call, says) in refused {
        match browser.try_js_async(&format!("return await {call}")).await {
            Ok(value) => panic!("{call} was accepted: {value}"),
            Err(sentence) => assert!(sentence.contains(says), "{call}: {sentence}"),
        }
    }
    assert_eq!(browser.js_async("return (await paretoscope.getState()).link").await, before);
    // What the page says of itself is a configuration that it takes back.
    let again = "const state = await paretoscope.getState(); await paretoscope.setState(state); \
                 return (await paretoscope.getState()).link";
    assert_eq!(browser.js_async(again).await, before);
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_step_that_is_not_computed_yet_is_waited_for() {
    let browser = Browser::start().await;
    browser.open("#v=1&p=digits8&st=300&m=sum").await;
    browser.wait_js("return typeof paretoscope", PATIENCE, |kind| kind == "object").await;
    let metrics = browser.js_async(&format!("await paretoscope.seek(250); {METRICS}")).await;
    assert_eq!(metrics["step"], 250, "{metrics}");
    assert!(metrics["head"].as_u64() >= Some(250));
}

#[tokio::test]
async fn a_hidden_tab_pauses_and_goes_on_when_it_is_back() {
    let browser = Browser::start().await;
    before_everything(
        &browser,
        "window.away = false; \
         Object.defineProperty(document, 'visibilityState', { get: () => (window.away ? 'hidden' : 'visible') }); \
         Object.defineProperty(document, 'hidden', { get: () => window.away }); \
         window.leave = (away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); };",
    )
    .await;
    open(&browser, "#v=1&p=multimnist&m=sum").await;
    at_step(&browser, 2).await;
    browser.js("window.leave(true); return 1").await;
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let head = |metrics: Value| metrics["head"].as_u64().unwrap_or(0);
    let there = head(browser.js_async(METRICS).await);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(head(browser.js_async(METRICS).await), there, "a hidden tab went on training");
    browser.js("window.leave(false); return 1").await;
    at_step(&browser, u32::try_from(there).expect("a step") + 3).await;
}

#[tokio::test]
async fn who_asked_for_less_motion_starts_with_a_still_page() {
    for (less, label) in [(true, "Play"), (false, "Pause")] {
        let browser = Browser::with(Options { reduced_motion: less, ..Options::default() }).await;
        open(&browser, "#v=1").await;
        browser.click(&Browser::test_id("preset")).await;
        browser.click(&Browser::test_id("preset-multimnist")).await;
        computed(&browser, 1).await;
        let button = "return document.querySelector('[data-testid=\"play\"]').getAttribute('aria-label')";
        browser.wait_js(button, PATIENCE, |now| now.as_str().is_some_and(|now| now.contains(label))).await;
    }
}
