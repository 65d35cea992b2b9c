//! What a reader learns of methods: cards, the picker, modifiers, the table of all and the guide.

use crate::experiment::{at_step, losses, open};
use crate::harness::{Browser, Options, PATIENCE};
use paretoscope::balance::METHODS;

/// Opens every fold of a card.
fn unfold(run: &str) -> String {
    format!(
        "document.querySelectorAll('[data-testid=\"{run}\"] details').forEach((fold) => (fold.open = true)); return 1"
    )
}

#[tokio::test]
async fn a_card_tells_rule_numbers_cost_and_citation() {
    let browser = Browser::with(Options { size: (1440, 1000), ..Options::default() }).await;
    open(&browser, "#v=1&m=pcgrad,nash_mtl,imtl_g,famo").await;
    at_step(&browser, 150).await;
    let card = Browser::test_id("run-m-pcgrad");
    browser.js(&unfold("run-m-pcgrad")).await;
    let text = browser.wait_text(&card, PATIENCE, |text| text.contains("update") && text.contains("Choose it")).await;
    for word in ["Pitfalls", "K backward, 1 forward", "Yu et al.", "2020", "moved", "before", "after", "Copy BibTeX"] {
        assert!(text.contains(word), "no {word} in {text}");
    }
    let formulas = format!("return document.querySelectorAll('{card} math').length");
    browser.wait_js(&formulas, PATIENCE, |count| count.as_u64() > Some(4)).await;
    // Nothing of a formula is cut off.
    let cut = format!(
        "return [...document.querySelectorAll('{card} .math')].filter((m) => m.scrollWidth > m.clientWidth + 1).length"
    );
    assert_eq!(browser.js(&cut).await, 0);
    // The bisector of two gradients has many names.
    browser
        .wait_text(&Browser::test_id("run-m-nash_mtl"), PATIENCE, |text| {
            text.contains("same direction here as") && text.contains("IMTL-G")
        })
        .await;
    browser.screenshot("cards").await;
    browser.emulate_media("dark", "no-preference").await;
    browser.screenshot("cards-dark").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_picker_searches_and_adds() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&m=sum").await;
    at_step(&browser, 150).await;
    let search = |words: &str| {
        format!(
            "const box = document.querySelector('[data-testid=\"search-methods\"]'); box.focus(); box.value = '{words}'; \
             box.dispatchEvent(new Event('input', {{ bubbles: true }})); return 1"
        )
    };
    let offered = "return [...document.querySelectorAll('#add-method [data-testid^=\"method-\"]')].map((b) => \
                   b.dataset.testid)";
    browser.wait_js(offered, PATIENCE, |all| all.as_array().map(Vec::len) == Some(METHODS.len() - 1)).await;
    browser.js(&search("upgrad quinton")).await;
    browser.wait_js(offered, PATIENCE, |found| *found == serde_json::json!(["method-upgrad"])).await;
    browser.press("\u{E007}").await;
    browser
        .wait_js("return location.hash", PATIENCE, |hash| {
            hash.as_str().is_some_and(|hash| hash.contains("m=sum,upgrad"))
        })
        .await;
    browser.js(&search("no such method")).await;
    browser.wait_text("#add-method", PATIENCE, |text| text.contains("No other method fits")).await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_modifier_with_its_setting_stands_in_the_link_and_changes_the_run() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&m=sum").await;
    let plain = losses(&at_step(&browser, 100).await, "sum");
    browser.js(&unfold("run-m-sum")).await;
    let toggle = "const label = [...document.querySelectorAll('[data-testid=\"modifiers\"] label')].find((l) => \
                  l.textContent.includes('cosine penalty')); label.querySelector('input').click(); return 1";
    browser.js(toggle).await;
    let hash =
        |words: &'static str| move |hash: &serde_json::Value| hash.as_str().is_some_and(|hash| hash.contains(words));
    browser.wait_js("return location.hash", PATIENCE, hash("m=sum~mod~ortho")).await;
    let set = "const box = document.querySelector('[data-testid=\"modifiers\"] input[aria-label=\"λ, number\"]'); \
               box.value = '1'; box.dispatchEvent(new Event('change', { bubbles: true })); return 1";
    browser.wait_for("[data-testid=\"modifiers\"] input[aria-label=\"λ, number\"]").await;
    browser.js(set).await;
    browser.wait_js("return location.hash", PATIENCE, hash("m=sum~mod~ortho~by~1")).await;
    let changed = losses(&at_step(&browser, 100).await, "sum");
    assert_ne!(plain, changed);
    browser.assert_clean().await;
}

#[tokio::test]
async fn the_table_of_methods_filters_without_and_searches_with_scripts() {
    let browser = Browser::with(Options { size: (1440, 1000), ..Options::default() }).await;
    browser.open("methods/").await;
    let shown = "return [...document.querySelectorAll('tbody tr')].filter((r) => getComputedStyle(r).display !== \
                 'none').length";
    browser.wait_js(shown, PATIENCE, |count| count.as_u64() == Some(METHODS.len() as u64)).await;
    browser.screenshot("methods").await;
    browser.js("document.querySelector('#kind-loss_weighting').click(); return 1").await;
    let weightings = METHODS.iter().filter(|method| method.kind.id() == "loss_weighting").count();
    browser.wait_js(shown, PATIENCE, |count| count.as_u64() == Some(weightings as u64)).await;
    browser.js("document.querySelector('#kind-any').click(); return 1").await;
    let search = "const box = document.querySelector('.search input'); box.value = 'senushkin'; \
                  box.dispatchEvent(new Event('input', { bubbles: true })); return 1";
    browser.js(search).await;
    browser.wait_js(shown, PATIENCE, |count| count.as_u64() == Some(2)).await;
    browser.resize(360, 760).await;
    browser.screenshot("methods-narrow").await;
    let wide = "return document.documentElement.scrollWidth";
    assert_eq!(browser.js(wide).await, 360, "the page itself does not scroll sideways");
    browser.open("choose/").await;
    browser.wait_text("main", PATIENCE, |text| text.contains("Start with the sum")).await;
    browser.screenshot("choose-narrow").await;
    assert_eq!(browser.js(wide).await, 360);
    browser.assert_clean().await;
}
