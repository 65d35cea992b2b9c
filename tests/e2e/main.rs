//! The built site in a real browser; `cargo xtask test` builds the site and runs these.

mod bench;
mod cards;
mod compare;
mod experiment;
mod front;
mod gradients;
mod hands;
mod harness;
mod landscape;
mod later;
mod relaxed;
mod threads;
mod trouble;

use harness::{Browser, Options};

/// A plot that the program drew: the page's frame stands before the program comes.
const RUNNING: &str = "html[data-running] [data-testid^=\"plot-\"] canvas";

#[tokio::test]
async fn the_page_opens_without_an_error_or_another_host() {
    for webgpu in [false, true] {
        let browser = Browser::with(Options { webgpu, ..Options::default() }).await;
        browser.open("").await;
        browser.wait_for(RUNNING).await;
        browser.screenshot(if webgpu { "open-webgpu" } else { "open" }).await;
        browser.assert_clean().await;
    }
}

#[tokio::test]
async fn every_page_works_below_a_path() {
    let browser = Browser::with(Options { prefix: "/sub/dir/".into(), ..Options::default() }).await;
    for page in ["", "embed/"] {
        browser.open(page).await;
        browser.wait_for(RUNNING).await;
    }
    browser.open("bench/?size=S&mode=ew&backend=cpu&ms=100").await;
    browser
        .wait_js("return window.__bench?.steps_per_s ?? 0", harness::PATIENCE, |speed| speed.as_f64() > Some(0.0))
        .await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_link_whose_hash_was_escaped_is_repaired() {
    let browser = Browser::with(Options { prefix: "/sub/dir/".into(), ..Options::default() }).await;
    for page in ["", "embed/"] {
        browser.open(&format!("{page}%23v=1")).await;
        let expect = format!("/sub/dir/{page}");
        browser.wait_js("return location.pathname", harness::PATIENCE, |path| *path == *expect).await;
        browser
            .wait_js("return location.hash", harness::PATIENCE, |hash| {
                hash.as_str().is_some_and(|h| h.starts_with("#v=1"))
            })
            .await;
    }
}
