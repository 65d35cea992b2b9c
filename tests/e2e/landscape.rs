//! Maps of losses: they come row by row beside training, say how exact they are, and can be stopped.

use crate::experiment::{at_step, computed, open};
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::Value;
use std::time::Duration;

/// A map on a loaded machine.
const SURVEY: Duration = Duration::from_secs(120);

const BADGE: &str = "return document.querySelector('[data-testid=\"land-badge\"]')?.textContent ?? ''";
/// Whether a map is there and nothing of it is missing.
const COMPLETE: &str = "return document.querySelector('[data-testid=\"land-badge\"]') !== null \
                        && document.querySelector('[data-testid=\"land-progress\"]') === null";
/// A number that tells pictures apart.
const INK: &str = "const canvas = document.querySelector('[data-testid=\"plot-landscape\"] canvas'); \
                   const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); \
                   let sum = 0; for (let i = 0; i < data.length; i += 4) \
                   sum = (sum * 31 + data[i] + 3 * data[i + 1] + 7 * data[i + 2] + data[i + 3]) % 1000003; return sum";

fn choose(select: &str, value: &str) -> String {
    format!(
        "const select = document.querySelector('[data-testid=\"{select}\"]'); select.value = '{value}'; \
         select.dispatchEvent(new Event('change', {{ bubbles: true }})); return select.value"
    )
}

fn says(words: &'static str) -> impl Fn(&Value) -> bool {
    move |value| value.as_str().is_some_and(|text| text.contains(words))
}

/// Chooses a height or plane: it stands in the link, and its map is none of those before.
async fn another_picture(browser: &Browser, (what, id): (&str, &str), pictures: &mut Vec<Value>) {
    assert_eq!(browser.js(&choose(&format!("land-{what}"), id)).await, id);
    let pair = format!("{what}={id}");
    let linked = |hash: &Value| hash.as_str().is_some_and(|hash| hash.contains(&pair));
    browser.wait_js("return location.hash", PATIENCE, linked).await;
    let picture = browser.wait_js(INK, SURVEY, |sum| !pictures.contains(sum)).await;
    pictures.push(picture);
    browser.wait_js(COMPLETE, SURVEY, |done| *done == true).await;
    browser.screenshot(&format!("landscape-{id}")).await;
}

#[tokio::test]
async fn a_map_of_the_default_runs_comes_says_how_exact_it_is_and_stands_in_the_link() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&view=landscape").await;
    at_step(&browser, 150).await;
    // A projected map has two numbers.
    let badge = browser.wait_js(BADGE, SURVEY, says("×")).await;
    assert!(badge.as_str().is_some_and(|text| text.contains('%')), "{badge}");
    browser.wait_js(COMPLETE, SURVEY, |done| *done == true).await;
    browser.screenshot("landscape").await;
    browser.emulate_media("dark", "no-preference").await;
    browser.screenshot("landscape-dark").await;
    browser.emulate_media("light", "no-preference").await;
    let mut pictures = vec![browser.js(INK).await];
    for height in ["sum", "worst", "conflict", "dominant", "field"] {
        another_picture(&browser, ("height", height), &mut pictures).await;
    }
    browser.js(&choose("land-height", "tasks")).await;
    for plane in ["random", "runs", "gradients", "line"] {
        another_picture(&browser, ("plane", plane), &mut pictures).await;
    }
    // The cross-hair goes over the plane by keyboard, and the table has the numbers.
    browser.js(&choose("land-plane", "pca")).await;
    browser.wait_js(COMPLETE, SURVEY, |done| *done == true).await;
    browser.js("document.querySelector('[data-testid=\"plot-landscape\"]').focus(); return 1").await;
    let before = browser.js(INK).await;
    browser.press("\u{E014}").await;
    browser.wait_js(INK, PATIENCE, |sum| *sum != before).await;
    browser.click(&Browser::test_id("table-toggle-landscape")).await;
    let table = browser.wait_text(&Browser::test_id("table-landscape"), PATIENCE, |text| text.contains("MGDA")).await;
    assert!(table.contains("true") && table.contains("map"), "{table}");
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_survey_blocks_nothing_is_stopped_and_survives_another_start() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&p=multimnist&st=60&m=sum,mgda&view=landscape&grid=161").await;
    let longest = "window.longest = 0; new PerformanceObserver((list) => list.getEntries().forEach((task) => { \
                   window.longest = Math.max(window.longest, task.duration) })) \
                   .observe({ entryTypes: ['longtask'] }); return 1";
    computed(&browser, 60).await;
    browser.js(longest).await;
    let progress = "return document.querySelector('[data-testid=\"land-progress\"]')?.textContent ?? ''";
    browser
        .wait_js(progress, SURVEY, |text| {
            text.as_str().is_some_and(|text| text.contains('%') && !text.starts_with("0 "))
        })
        .await;
    // While it goes on the page answers: a click is a matter of one task.
    browser.js_async("await paretoscope.seek(20); return 1").await;
    let begun = browser.js("return performance.now()").await.as_f64().unwrap_or_default();
    browser.click(&Browser::test_id("step-back")).await;
    let step = "return document.querySelector('[data-testid=\"scrub\"]').value";
    browser.wait_js(step, PATIENCE, |value| *value == "19").await;
    let ended = browser.js("return performance.now()").await.as_f64().unwrap_or_default();
    assert!(ended - begun < 2_000.0, "an answer took {} ms", ended - begun);
    browser.click(&Browser::test_id("land-stop")).await;
    browser.wait_js(progress, PATIENCE, says("stopped at")).await;
    // The portion that was under way still comes; behind it nothing does.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stopped = browser.js(progress).await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(browser.js(progress).await, stopped, "a stopped survey goes no further");
    browser.screenshot("landscape-stopped").await;
    // Asked for again, and another start while it goes on.
    browser.click(&Browser::test_id("land-renew")).await;
    browser
        .wait_js(progress, SURVEY, |text| {
            text.as_str().is_some_and(|text| !text.contains("stopped") && text.contains('%'))
        })
        .await;
    let seed = "const box = document.querySelector('[data-testid=\"seed\"]'); box.focus(); box.value = '9'; \
                box.dispatchEvent(new Event('change', { bubbles: true })); return 1";
    browser.js(seed).await;
    browser.wait_js("return location.hash", PATIENCE, says("s=9")).await;
    computed(&browser, 60).await;
    browser
        .wait_js(progress, SURVEY, |text| {
            text.as_str().is_some_and(|text| text.contains('%') && !text.contains("stopped"))
        })
        .await;
    browser.click(&Browser::test_id("land-stop")).await;
    let longest = browser.js("return window.longest").await.as_f64().unwrap_or_default();
    println!("longest task while surveying MultiMNIST: {longest} ms");
    assert!(longest < 200.0, "the page was blocked for {longest} ms");
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_toy_is_exact_and_its_surface_turns() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&p=toy&view=landscape").await;
    let badge = browser.wait_js(BADGE, SURVEY, says("xact")).await;
    assert!(!badge.as_str().unwrap_or_default().contains('×'), "{badge}");
    computed(&browser, 700).await;
    browser.wait_js(COMPLETE, SURVEY, |done| *done == true).await;
    browser.js_async("await paretoscope.seek(700); return 1").await;
    browser.screenshot("landscape-toy").await;
    browser.emulate_media("dark", "no-preference").await;
    browser.screenshot("landscape-toy-dark").await;
    let svg = browser.js_async("return await paretoscope.export({ kind: 'svg', view: 'landscape' })").await;
    assert!(svg.to_string().contains("<svg") && svg.to_string().contains("Landscape"), "an SVG leaves the page");
    let before = browser.js(INK).await;
    browser.click(&Browser::test_id("land-surface")).await;
    browser.wait_js("return location.hash", PATIENCE, says("surface=1")).await;
    let iso = browser.wait_js(INK, PATIENCE, |sum| *sum != before).await;
    browser.js("document.querySelector('[data-testid=\"plot-landscape\"]').focus(); return 1").await;
    browser.press("\u{E014}").await;
    browser.wait_js(INK, PATIENCE, |sum| *sum != iso).await;
    browser.screenshot("landscape-surface-dark").await;
    browser.assert_clean().await;
}
