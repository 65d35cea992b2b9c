//! Learned fronts: a preference that slides along them without training, and what is said of them.

use crate::experiment::{at_step, computed, open};
use crate::harness::{Browser, Options, PATIENCE};
use paretoscope::cli::front::{FrontOptions, JudgedBy, front};
use paretoscope::cli::run::Watch;
use paretoscope::config::link;
use serde_json::Value;
use std::path::Path;

/// Where the reader stands on the first front, and what is lost there.
const HERE: &str = "return window.paretoscope.metrics().then((told) => told.front.runs[0].here)";
const RECORDS: &str = "return window.paretoscope.metrics().then((told) => told.head)";

/// Nobody watches.
struct Alone;

impl Watch for Alone {
    fn goes_on(&mut self, _seed_idx: u32, _step: u32, _steps: u32) -> bool {
        true
    }
}

/// Focuses the slider.
const FOCUS: &str = "document.querySelector('[data-testid=\"preference-slider\"] input[type=range]').focus(); return 1";

async fn here(browser: &Browser, share: f64) -> Value {
    browser
        .wait_js(HERE, PATIENCE, |value| value["alpha"][0].as_f64().is_some_and(|alpha| (alpha - share).abs() < 1e-9))
        .await
}

#[tokio::test]
async fn the_preference_slides_by_keyboard_and_tells_what_a_fresh_evaluation_tells() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    let text = "#v=1&p=pamal&t=1500";
    open(&browser, text).await;
    at_step(&browser, 1500).await;
    let middle = here(&browser, 0.5).await;
    // A hundredth a press, and nothing is trained again: the head never leaves the end.
    browser.js(FOCUS).await;
    for _ in 0..20 {
        browser.press("\u{e014}").await; // right
    }
    let moved = here(&browser, 0.7).await;
    assert_eq!(browser.js(RECORDS).await, 1500);
    assert!(moved["losses"][0].as_f64() < middle["losses"][0].as_f64(), "{moved} and {middle}");
    browser
        .wait_js("return location.hash", PATIENCE, |hash| hash.as_str().is_some_and(|h| h.contains("pref=.7")))
        .await;
    // The same network, trained natively and evaluated at that preference by the command line.
    let config = link::parse(&format!("{text}&pref=.7,.3")).expect("a valid link").config;
    let options = FrontOptions { points: 11, by: JudgedBy::Test, seeds: 1, threads: 1, reference: Vec::new() };
    let read = |name: &str| std::fs::read(Path::new("www/data").join(name));
    let fronts = front(&config, &options, &read, &mut Alone).expect("a front").to_json();
    let points = fronts["runs"][0]["points"].as_array().expect("points").clone();
    let same = |point: &&Value| point["alpha"][0].as_f64().is_some_and(|alpha| (alpha - 0.7).abs() < 1e-9);
    let point = points.iter().find(same).expect("the point of the preference");
    for task in 0..2 {
        let (here, there) = (moved["losses"][task].as_f64(), point["losses"][task].as_f64());
        let (here, there) = (here.expect("a loss"), there.expect("a loss"));
        assert!((here - there).abs() <= 1e-6 * there.abs(), "task {task}: {here} on the page, {there} natively");
    }
    browser.wait_text(&Browser::test_id("front-here"), PATIENCE, |text| text.contains("Test loss")).await;
    // The front is all there, and told to who does not see it.
    let label = "return document.querySelector('[data-testid=\"plot-front\"]').ariaLabel";
    browser
        .wait_js(label, PATIENCE, |label| label.as_str().is_some_and(|label| label.contains("101 preferences")))
        .await;
    browser.screenshot("pamal").await;
    browser.click(&Browser::test_id("table-toggle-front")).await;
    browser.wait_text(&Browser::test_id("table-front"), PATIENCE, |text| text.contains("here")).await;
    browser.emulate_media("dark", "no-preference").await;
    browser.click(&Browser::test_id("table-toggle-front")).await;
    browser.screenshot("pamal-dark").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_wide_network_has_nothing_to_trade_and_says_so() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&p=pamal&net=16x2&t=1500&view=front").await;
    computed(&browser, 1500).await;
    let told = |text: &str| text.contains("No trade-off here");
    browser.wait_text(&Browser::test_id("front-here"), PATIENCE, told).await;
    browser.screenshot("pamal-wide").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn seeds_of_a_front_are_told_as_a_band_and_runs_come_along_their_paths() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&p=pamal&seeds=3&view=front&t=1500").await;
    let label = "return document.querySelector('[data-testid=\"plot-front\"]').ariaLabel";
    let says = |words: &'static str| move |label: &Value| label.as_str().is_some_and(|label| label.contains(words));
    browser.wait_js(label, 4 * PATIENCE, says("Median of 3 seeds, quartiles in brackets")).await;
    browser.wait_js(label, PATIENCE, says("Paths come to their points: Sum from")).await;
    let header = "return document.querySelector('[data-view=\"front\"] .sub').textContent";
    browser.wait_js(header, PATIENCE, says("median of 3 seeds; thin: the first")).await;
    browser.screenshot("front-seeds").await;
    browser.click(&Browser::test_id("table-toggle-front")).await;
    let told = |text: &str| text.contains("median of 3 seeds (quartiles)") && text.contains("Sum, path");
    browser.wait_text(&Browser::test_id("table-front"), PATIENCE, told).await;
    browser.assert_clean().await;
}
