//! The part of the program that the first picture does not need: it comes afterwards, and says when it cannot come.

use crate::RUNNING;
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::json;

/// When the later part was asked for, and when a plot was first there; in milliseconds, null before.
const MOMENTS: &str = "const asked = performance.getEntriesByType('resource').find((file) => file.name.includes('_later.wasm')); \
                       return { asked: asked?.startTime ?? null, drawn: window.drawnAt ?? null }";
/// The line in the place of a view that is not there.
const LINE: &str = "return document.querySelector('[data-testid=\"awaited\"]')?.textContent ?? ''";
const AGAIN: &str = "[data-testid=\"load-again\"]";
/// Inner width of the tile's plot or of what stands in its place, and its height.
const PLACE: &str = "const { width, height } = document.querySelector('.tile .plot').getBoundingClientRect(); \
                     return [Math.round(width), Math.round(height)]";

/// Takes the part away from the page, or gives it back.
async fn block(browser: &Browser, urls: &[&str]) {
    browser.cdp("Network.enable", json!({})).await;
    browser.cdp("Network.setBlockedURLs", json!({ "urls": urls })).await;
}

#[tokio::test]
async fn the_default_page_draws_before_it_asks_for_the_rest() {
    let browser = Browser::start().await;
    let watch = format!(
        "const look = () => {{ if (document.querySelector({})) window.drawnAt ??= performance.now(); \
         requestAnimationFrame(look); }}; requestAnimationFrame(look);",
        json!(RUNNING)
    );
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
    browser.open("").await;
    let moments =
        browser.wait_js(MOMENTS, PATIENCE, |told| told["asked"].is_number() && told["drawn"].is_number()).await;
    assert!(moments["asked"].as_f64() > moments["drawn"].as_f64(), "{moments}");
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_hidden_view_comes_below_any_path_and_in_the_embed() {
    let browser = Browser::with(Options { prefix: "/sub/dir/".into(), ..Options::default() }).await;
    for page in ["#v=1&view=cosine", "embed/#v=1&view=layers"] {
        browser.open(page).await;
        let view = page.rsplit('=').next().unwrap_or_default();
        browser.wait_for(&format!("[data-testid=\"plot-{view}\"] canvas")).await;
    }
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_view_that_cannot_come_says_so_and_comes_when_asked_again() {
    for (size, scheme) in [((1440, 900), "light"), ((1440, 900), "dark"), ((360, 740), "light"), ((360, 740), "dark")] {
        let browser = Browser::with(Options { size, color_scheme: scheme, ..Options::default() }).await;
        block(&browser, &["*_later.wasm"]).await;
        browser.open("#v=1&view=weights").await;
        browser
            .wait_js(LINE, PATIENCE, |line| line.as_str().is_some_and(|line| line.contains("could not be loaded")))
            .await;
        let place = browser.js(PLACE).await;
        browser.screenshot(&format!("lost-{}-{scheme}", size.0)).await;
        // What is there goes on: the default views are drawn, and popovers say the same.
        browser.click(&Browser::test_id("tab-losses")).await;
        browser.wait_for("[data-testid=\"plot-losses\"] canvas").await;
        browser.click(&Browser::test_id("tab-weights")).await;
        browser.wait_for(AGAIN).await;
        block(&browser, &[]).await;
        browser.click(AGAIN).await;
        browser.wait_for("[data-testid=\"plot-weights\"] canvas").await;
        assert_eq!(browser.js(LINE).await, "", "the line is gone");
        assert_eq!(browser.js(PLACE).await[0], place[0], "the plot is as wide as what stood in its place");
    }
}

#[tokio::test]
async fn what_is_on_its_way_keeps_its_place() {
    for (width, scheme) in [(1440, "light"), (360, "dark")] {
        let browser = Browser::with(Options { size: (width, 800), color_scheme: scheme, ..Options::default() }).await;
        // An answer that never comes, until the page lets it.
        let hold = "const own = window.fetch; window.fetch = (what, ...rest) => String(what.url ?? what).includes('_later.wasm') \
                    ? new Promise((go) => { window.letCome = () => go(own(what, ...rest)); }) : own(what, ...rest);";
        browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": hold })).await;
        browser.open("#v=1&view=weights").await;
        browser.wait_js(LINE, PATIENCE, |line| line.as_str().is_some_and(|line| line.contains("Loading"))).await;
        assert_eq!(browser.js("return document.querySelector('.awaited').getAttribute('aria-busy')").await, "true");
        let place = browser.js(PLACE).await;
        browser.screenshot(&format!("awaited-{width}-{scheme}")).await;
        browser.js("window.letCome(); return true").await;
        browser.wait_for("[data-testid=\"plot-weights\"] canvas").await;
        let now = browser.js(PLACE).await;
        assert_eq!(now[0], place[0], "its width");
        if width > 700 {
            assert_eq!(now[1], place[1], "its height");
        }
        browser.assert_clean().await;
    }
}
