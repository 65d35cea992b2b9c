//! What a person does with the page: opens it, plays, scrubs, toggles, learns digits, shares.

use crate::harness::{Browser, Options, PATIENCE};
use fantoccini::Locator;
use paretoscope::cli::run::{self, RunOptions, SharedClock, Watch};
use paretoscope::train::History;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Training on a loaded machine takes its time; a step that never comes fails all the same.
const TRAINING: Duration = Duration::from_secs(300);

pub const METRICS: &str = "return await paretoscope.metrics()";

pub async fn open(browser: &Browser, link: &str) {
    browser.open(link).await;
    // The page may be loaded before its program runs.
    browser.wait_js("return typeof paretoscope", PATIENCE, |kind| kind == "object").await;
    browser.js_async("await paretoscope.ready; return true").await;
}

/// Waits until every run has been computed up to `step`; changes nothing.
pub async fn computed(browser: &Browser, step: u32) {
    let end = Instant::now() + TRAINING;
    while browser.js_async(METRICS).await["head"].as_u64() < Some(u64::from(step)) {
        assert!(Instant::now() < end, "step {step} was not reached in {TRAINING:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until every run has been computed up to `step`, and looks there, paused.
pub async fn at_step(browser: &Browser, step: u32) -> Value {
    computed(browser, step).await;
    browser.js_async(&format!("await paretoscope.seek({step}); {METRICS}")).await
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

pub fn losses(metrics: &Value, method: &str) -> Vec<f64> {
    let runs = metrics["runs"].as_array().expect("metrics hold runs");
    let run = runs.iter().find(|run| run["method"] == method).unwrap_or_else(|| panic!("no run {method} in {metrics}"));
    numbers(&run["losses"])
}

#[tokio::test]
async fn a_cold_open_shows_the_default_experiment() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "").await;
    let headline =
        browser.wait_text(&Browser::test_id("headline"), PATIENCE, |text| text.contains("gave up task 2")).await;
    assert!(headline.contains("gave up task 1"), "{headline}");
    let metrics = at_step(&browser, 150).await;
    assert_eq!(metrics["step"], 150);
    let (sum, mgda) = (losses(&metrics, "sum"), losses(&metrics, "mgda"));
    assert!(sum[1] > 0.5 && mgda[0] > 0.5, "one run a task is given up by: {metrics}");
    for view in ["losses", "gradients", "front", "predictions"] {
        browser.wait_for(&Browser::test_id(&format!("plot-{view}"))).await;
    }
    computed(&browser, 600).await;
    // The curves of the last frame are on the screen a moment later.
    tokio::time::sleep(Duration::from_millis(400)).await;
    browser.screenshot("readme").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn play_step_scrub_and_reset() {
    let browser = Browser::start().await;
    open(&browser, "#v=1").await;
    at_step(&browser, 600).await;
    browser.click(&Browser::test_id("reset")).await;
    browser.wait_js("return document.querySelector('[data-testid=\"scrub\"]').value", PATIENCE, |v| *v == "0").await;
    browser.click(&Browser::test_id("step")).await;
    let metrics = browser.js_async(METRICS).await;
    assert_eq!(metrics["step"], 1);
    browser.click(&Browser::test_id("play")).await;
    browser
        .wait_js("return +document.querySelector('[data-testid=\"scrub\"]').value", PATIENCE, |v| {
            v.as_f64() > Some(20.0)
        })
        .await;
    browser.click(&Browser::test_id("play")).await;
    let scrub = "const scrub = document.querySelector('[data-testid=\"scrub\"]'); scrub.value = 42; \
                 scrub.dispatchEvent(new Event('input', { bubbles: true })); return 1";
    browser.js(scrub).await;
    browser.wait_js("return document.querySelector('[data-testid=\"step-box\"]').value", PATIENCE, |v| v == "42").await;
    // Scrubbing is a view of what was computed: the same step gives the same numbers.
    let before = browser.js_async(&format!("await paretoscope.seek(300); {METRICS}")).await;
    browser.js_async("await paretoscope.seek(10); return true").await;
    let again = browser.js_async(&format!("await paretoscope.seek(300); {METRICS}")).await;
    assert_eq!(before, again);
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_method_toggles_at_once_and_stands_in_the_link() {
    let browser = Browser::start().await;
    open(&browser, "").await;
    at_step(&browser, 150).await;
    browser.click(&Browser::test_id("method-mgda")).await;
    browser.click(&Browser::test_id("method-graddrop")).await;
    browser
        .wait_js("return location.hash", PATIENCE, |hash| {
            hash.as_str().is_some_and(|h| h.contains("m=sum,pcgrad,nash_mtl,graddrop"))
        })
        .await;
    let metrics = at_step(&browser, 150).await;
    let methods: Vec<&str> =
        metrics["runs"].as_array().into_iter().flatten().filter_map(|run| run["method"].as_str()).collect();
    assert_eq!(methods, ["sum", "pcgrad", "nash_mtl", "graddrop"]);
    // The same numbers stand in the table behind the plot.
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    let table = browser.wait_text(&Browser::test_id("table-losses"), PATIENCE, |text| text.contains("GradDrop")).await;
    assert!(table.contains("PCGrad") && !table.contains("MGDA"), "{table}");
    browser.assert_clean().await;
}

/// Never stops a run.
struct Patient;

impl Watch for Patient {
    fn goes_on(&mut self, _: u32, _: u32, _: u32) -> bool {
        true
    }
}

/// The history of this link's runs, trained as `paretoscope run` trains them.
fn native(link: &str, steps: u32) -> History {
    let options = RunOptions { steps: Some(steps), seeds: 1, ..RunOptions::default() };
    let config = run::read(link, &options).unwrap_or_else(|error| panic!("{link}: {error}"));
    let no_files = |name: &str| Err(std::io::Error::other(format!("{name} is not needed here")));
    let clock: SharedClock = Arc::new(|| 0.0);
    let run = run::run(&config, &options, &no_files, &clock, &mut Patient);
    let mut results = run.unwrap_or_else(|error| panic!("{link}: {error}"));
    results.remove(0).history
}

#[tokio::test]
async fn the_page_and_the_command_line_compute_the_same_losses() {
    const METHODS: &str = "#v=1&p=two-sines&m=sum,pcgrad,mgda,nash_mtl,famo,graddrop";
    const SOLVERS: &str = "#v=1&p=two-sines&m=aligned_mtl,imtl_g,config,upgrad,dualproj,cagrad";
    for link in [METHODS, SOLVERS] {
        same_losses(link).await;
    }
}

async fn same_losses(link: &'static str) {
    let native = std::thread::spawn(|| native(link, 100)).join().expect("the native run ends");
    let browser = Browser::start().await;
    open(&browser, link).await;
    for step in [0, 1, 10, 50, 100] {
        let metrics = at_step(&browser, step).await;
        for (run, outline) in native.runs.iter().zip(&native.outline.runs) {
            let exact = &run.at(step).expect("the native run has the step").losses;
            for (page, exact) in losses(&metrics, &outline.method).iter().zip(exact) {
                let off = (page - exact).abs() / exact.abs();
                assert!(off <= 1e-5, "{} at step {step}: {page} in the page, {exact} natively", outline.method);
            }
        }
    }
}

/// Test accuracy of the only run's tasks at the view cursor.
async fn accuracies(browser: &Browser) -> Vec<f64> {
    let metrics = browser.js_async(METRICS).await;
    numbers(&metrics["runs"][0]["test"]["metrics"])
}

#[tokio::test]
async fn digits_are_learned_without_webgpu_and_the_page_stays_responsive() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&p=multimnist&m=sum").await;
    // Loading and starting may cost what they cost; training must not hold the page up.
    at_step(&browser, 5).await;
    browser
        .js("window.longest = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) \
             window.longest = Math.max(window.longest, entry.duration) }).observe({ type: 'longtask' }); return true")
        .await;
    at_step(&browser, 800).await;
    let longest = browser.js("return window.longest").await;
    let right = accuracies(&browser).await;
    println!("without WebGPU, step 800: test accuracy {right:?}; longest task {longest} ms");
    assert!(right.len() == 2 && right.iter().all(|&accuracy| accuracy >= 0.82), "{right:?}");
    // The observer reports nothing below 50 ms.
    assert_eq!(longest, 0.0, "a task held the page up for {longest} ms");
    browser.screenshot("digits").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn digits_are_learned_with_webgpu_on_the_software_adapter() {
    let browser = Browser::start_webgpu().await;
    open(&browser, "#v=1&p=multimnist&m=sum&st=300&backend=gpu").await;
    at_step(&browser, 300).await;
    let right = accuracies(&browser).await;
    let metrics = browser.js_async(METRICS).await;
    let dispatches = metrics["runs"][0]["gpu_dispatches"].as_u64();
    println!("with WebGPU, step 300: test accuracy {right:?}; {dispatches:?} dispatches");
    assert!(right.len() == 2 && right.iter().all(|&accuracy| accuracy >= 0.78), "{right:?}");
    assert!(dispatches > Some(0), "no dispatch was counted: {metrics}");
    let chip = browser.wait_text(&Browser::test_id("backend-chip"), PATIENCE, |text| text.contains("GPU")).await;
    browser.click(&Browser::test_id("backend-chip")).await;
    let popover = browser.js("return document.body.innerText").await;
    let popover = popover.as_str().unwrap_or_default().to_lowercase();
    assert!(popover.contains("swiftshader") || popover.contains("llvmpipe"), "the chip {chip:?} names no adapter");
    browser.screenshot("digits-gpu").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_link_reopened_elsewhere_gives_the_same_configuration_and_losses() {
    let first = Browser::start().await;
    open(&first, "#v=1&net=6x2&s=11&m=sum,mgda&lr=0.02&st=200").await;
    let losses_there = at_step(&first, 120).await;
    first.click(&Browser::test_id("share")).await;
    let link = first
        .wait_js(
            "const field = document.querySelector('[data-testid=\"share-link\"]'); return field && (field.value ?? field.textContent)",
            PATIENCE,
            |value| value.as_str().is_some_and(|text| text.contains("#v=1")),
        )
        .await;
    let state = first.js_async("return await paretoscope.getState()").await;
    let hash = link.as_str().and_then(|link| link.split_once('#')).map(|(_, hash)| format!("#{hash}"));
    let second = Browser::start().await;
    open(&second, &hash.expect("the link has a hash")).await;
    let losses_here = at_step(&second, 120).await;
    assert_eq!(losses_there["runs"], losses_here["runs"]);
    let other = second.js_async("return await paretoscope.getState()").await;
    for key in ["d", "net", "lr", "s", "m", "st", "sc"] {
        assert!(!state["config"][key].is_null(), "{key} is missing in {state}");
        assert_eq!(state["config"][key], other["config"][key], "{key}");
    }
}

#[tokio::test]
async fn a_damaged_link_says_so_and_runs_nothing() {
    for (link, says) in [
        ("#v=1&net=4x2&h=zzzzzz", "This link is damaged"),
        ("#v=1&lr=NaN", "NaN” is not a number"),
        ("#v=1&net=1000000000", "1 to 1024"),
        ("#v=1&lr=1e999", "0.000001 to 10"),
        ("#v=99&p=two-sines", "newer version"),
        ("#v=1&m=nope", "no method “nope”"),
    ] {
        let browser = Browser::start().await;
        browser.open(link).await;
        let text = browser.wait_text(&Browser::test_id("error"), PATIENCE, |text| text.contains(says)).await;
        println!("{link}: {text}");
        let runs = browser.client.find_all(Locator::Css("[data-testid^=\"plot-\"]")).await.unwrap_or_default();
        assert!(runs.is_empty(), "{link} was run all the same");
        assert!(browser.console_errors().await.is_empty());
    }
}

/// The step under the view cursor.
async fn step(browser: &Browser) -> Option<u64> {
    browser.js_async("return (await paretoscope.getState()).step").await.as_u64()
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&t=100").await;
    at_step(&browser, 100).await;
    let key = |key: fantoccini::key::Key| char::from(key).to_string();
    browser.press(&key(fantoccini::key::Key::Right)).await;
    assert_eq!(step(&browser).await, Some(101));
    browser.press(&key(fantoccini::key::Key::Left)).await;
    assert_eq!(step(&browser).await, Some(100));
    browser.press(&key(fantoccini::key::Key::Home)).await;
    assert_eq!(step(&browser).await, Some(0));
    browser.press(" ").await;
    browser
        .wait_js("return document.querySelector('[data-testid=\"scrub\"]').value > 5", PATIENCE, |v| *v == true)
        .await;
    browser.press(" ").await;
    // A slider takes its own arrows: one press, one visible change.
    browser.js("document.querySelector('.knob input[type=range][aria-label=\"Width\"]').focus(); return 1").await;
    browser.press(&key(fantoccini::key::Key::Right)).await;
    let width = "return document.querySelector('.knob input[type=range][aria-label=\"Width\"]').ariaValueText";
    browser.wait_js(width, PATIENCE, |width| width == "5").await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| h.contains("net=5x2"))).await;
    browser.press(&key(fantoccini::key::Key::Left)).await;
    browser.wait_js(width, PATIENCE, |width| width == "4").await;
    // Help opens, takes the focus and gives it back.
    browser.js("document.activeElement.blur(); return 1").await;
    browser.press("?").await;
    browser
        .wait_js("return document.querySelectorAll('dialog[open], [role=dialog]').length > 0", PATIENCE, |open| {
            *open == true
        })
        .await;
    browser.press(&key(fantoccini::key::Key::Escape)).await;
    browser
        .wait_js("return document.querySelectorAll('dialog[open], [role=dialog]').length", PATIENCE, |open| *open == 0)
        .await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn undo_and_the_back_button_bring_back_what_was() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&t=120").await;
    let before = at_step(&browser, 120).await;
    browser.js_async("await paretoscope.reset({ seed: 77 }); return 1").await;
    let edited = at_step(&browser, 120).await;
    assert_ne!(before["runs"], edited["runs"]);
    browser.js("document.activeElement.blur(); document.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true })); return 1").await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| !h.contains("s=77"))).await;
    assert_eq!(before["runs"], at_step(&browser, 120).await["runs"]);
    browser.click(&Browser::test_id("preset")).await;
    browser.click(&Browser::test_id("preset-digits8")).await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| h.contains("p=digits8"))).await;
    browser.js("history.back(); return 1").await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| !h.contains("digits8"))).await;
    browser.js_async("await paretoscope.ready; return 1").await;
    assert_eq!(before["runs"], at_step(&browser, 120).await["runs"]);
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_preference_moves_the_methods_that_heed_one() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&m=constant,pcgrad").await;
    let even = at_step(&browser, 100).await;
    let section = Browser::test_id("preference");
    let note = browser.wait_text(&section, PATIENCE, |text| text.contains("Heeded by Constant")).await;
    assert!(!note.contains("PCGrad"), "{note}");
    let slider = format!("document.querySelector('{section} input[type=range]')");
    browser
        .js(&format!(
            "const s = {slider}; s.value = 900; s.dispatchEvent(new Event('input', {{ bubbles: true }})); return 1"
        ))
        .await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| h.contains("pref=.9,.1"))).await;
    let skewed = at_step(&browser, 100).await;
    assert_ne!(losses(&even, "constant"), losses(&skewed, "constant"));
    assert_eq!(losses(&even, "pcgrad"), losses(&skewed, "pcgrad"));
    browser.assert_clean().await;
}

#[tokio::test]
async fn screens_in_both_themes_wide_and_narrow() {
    for scheme in ["light", "dark"] {
        for size in [(1440, 900), (900, 900), (360, 780)] {
            let browser = Browser::with(Options { size, color_scheme: scheme, ..Options::default() }).await;
            for (name, link) in [("two-sines", "#v=1"), ("digits8", "#v=1&p=digits8&t=200")] {
                open(&browser, link).await;
                at_step(&browser, 150).await;
                // Predictions follow the cursor after a round trip to the worker.
                tokio::time::sleep(Duration::from_millis(400)).await;
                browser.screenshot(&format!("{name}-{scheme}-{}", size.0)).await;
                let wide = browser.js("return document.documentElement.scrollWidth - innerWidth").await;
                assert!(wide.as_f64() <= Some(0.0), "{name} is {wide} px wider than a screen of {}", size.0);
            }
            browser.assert_clean().await;
        }
    }
}
