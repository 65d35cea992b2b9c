//! Comparison and time: seeds, budgets on the axis, the run shelf, events, and where tasks disagree.

use crate::experiment::{at_step, computed, open};
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::{Value, json};
use std::time::Duration;

/// Ctrl+Z outside every box.
const UNDO: &str = "document.activeElement.blur(); document.dispatchEvent(new KeyboardEvent('keydown', \
                    { key: 'z', ctrlKey: true, bubbles: true })); return 1";
/// Twenty seeds of six runs on a loaded machine.
const MANY_SEEDS: Duration = Duration::from_secs(240);

/// What a screen reader is told of a plot.
fn label(plot: &str) -> String {
    format!("return document.querySelector('[data-testid=\"plot-{plot}\"]')?.ariaLabel ?? ''")
}

/// Sets a `select` by the words of its option.
fn choose(select: &str, words: &str) -> String {
    format!(
        "const select = document.querySelector('[data-testid=\"{select}\"]'); \
         const option = [...select.options].find((option) => option.textContent.includes('{words}')); \
         select.value = option.value; select.dispatchEvent(new Event('change', {{ bubbles: true }})); return 1"
    )
}

/// Types into a box and leaves it.
fn fill(input: &str, text: &str) -> String {
    format!(
        "const box = document.querySelector('[data-testid=\"{input}\"]'); box.focus(); box.value = '{text}'; \
         box.dispatchEvent(new Event('change', {{ bubbles: true }})); return 1"
    )
}

fn says(words: &'static str) -> impl Fn(&Value) -> bool {
    move |value| value.as_str().is_some_and(|text| text.contains(words))
}

#[tokio::test]
async fn several_seeds_become_medians_with_bands_and_the_rest_says_first_seed() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&st=300&seeds=5&m=sum,mgda").await;
    browser.wait_text(&Browser::test_id("seeds-progress"), MANY_SEEDS, |text| text.contains("5 seeds trained")).await;
    let losses = browser.wait_js(&label("losses"), PATIENCE, says("5 seeds")).await;
    assert!(losses.as_str().is_some_and(|text| text.contains(" to ")), "{losses}");
    for plot in ["gradients", "front", "predictions"] {
        let told = browser.wait_js(&label(plot), PATIENCE, says("first seed")).await;
        assert!(!told.as_str().unwrap_or_default().contains("5 seeds"), "{told}");
        let header = format!("return document.querySelector('[data-view=\"{plot}\"] .sub').textContent");
        browser.wait_js(&header, PATIENCE, says("first seed")).await;
    }
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    browser.wait_text(&Browser::test_id("table-losses"), PATIENCE, |text| text.contains("5 seeds: median")).await;
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    browser.screenshot("seeds").await;
    browser.emulate_media("dark", "no-preference").await;
    browser.screenshot("seeds-dark").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn further_seeds_can_be_stopped_and_the_complete_ones_stay() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&st=4000&seeds=20&m=sum").await;
    let progress = Browser::test_id("seeds-progress");
    browser.wait_text(&progress, MANY_SEEDS, |text| text.contains("Seed 2 of 20") || text.contains("Seed 3 of")).await;
    browser.click(&Browser::test_id("stop-seeds")).await;
    let text = browser.wait_text(&progress, PATIENCE, |text| text.starts_with("Stopped")).await;
    assert!(text.contains("kept"), "{text}");
    browser.assert_clean().await;
}

#[tokio::test]
async fn six_runs_of_twenty_seeds_come_in_a_told_time_and_are_scrubbed_smoothly() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&seeds=20&m=sum,pcgrad,mgda,nash_mtl,cagrad,famo").await;
    let progress = Browser::test_id("seeds-progress");
    // How long it takes is told before it is over.
    browser.wait_text(&progress, MANY_SEEDS, |text| text.contains("left")).await;
    browser.wait_text(&progress, MANY_SEEDS, |text| text.contains("20 seeds trained")).await;
    // Every picture of the overview is drawn anew for every step. The page's own share of a frame is the time from the
    // frame's first callback to one that was asked for behind the page's; what follows is the browser's raster.
    let scrub = "const scrub = document.querySelector('[data-testid=\"scrub\"]'); const own = [], frames = []; \
                 const frame = () => new Promise((done) => requestAnimationFrame(done)); let i = 0; \
                 await new Promise((done) => { const tick = async (time) => { frames.push(time); \
                   if (i > 150) return done(); \
                   const first = frame(); scrub.value = (i * 37) % 600; i += 1; \
                   scrub.dispatchEvent(new Event('input', { bubbles: true })); \
                   for (let turn = 0; turn < 8; turn++) await Promise.resolve(); const last = frame(); \
                   requestAnimationFrame(tick); await first; const begun = performance.now(); await last; \
                   own.push(performance.now() - begun); }; requestAnimationFrame(tick); }); \
                 own.sort((a, b) => a - b); \
                 return { own: own[own.length >> 1], longest: own[own.length - 1], \
                          rate: 1000 * (frames.length - 1) / (frames[frames.length - 1] - frames[0]) }";
    let told = browser.js_async(scrub).await;
    println!("scrubbing six runs of 20 seeds: {told}");
    let own = told["own"].as_f64().expect("a time");
    assert!(own < 1000.0 / 60.0, "a frame of {own} ms is less than 60 a second: {told}");
    browser.screenshot("six-runs-twenty-seeds").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn budgets_are_gradients_or_time_and_stand_in_the_link() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&m=sum,mgda&view=losses").await;
    at_step(&browser, 150).await;
    browser.js(&choose("along", "gradients")).await;
    browser.wait_js("return location.hash", PATIENCE, says("x=gradients")).await;
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    let table = browser
        .wait_text(&Browser::test_id("table-losses"), PATIENCE, |text| text.contains("gradient evaluations"))
        .await;
    // At step 150 the sum has taken one backward pass a step, MGDA one a task.
    assert!(table.contains("150") && table.contains("300"), "{table}");
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    browser.js(&choose("along", "ms")).await;
    browser.wait_js("return location.hash", PATIENCE, says("x=ms")).await;
    browser.screenshot("losses-over-ms").await;
    // A link says it, too.
    open(&browser, "#v=1&m=sum,mgda&view=losses&x=gradients").await;
    browser
        .wait_js(
            "return document.querySelector('[data-testid=\"along\"]').selectedOptions[0].textContent",
            PATIENCE,
            says("gradients"),
        )
        .await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn finished_runs_stay_on_the_shelf_are_drawn_and_opened_again() {
    let browser = Browser::with(Options { size: (1440, 1000), ..Options::default() }).await;
    open(&browser, "#v=1&m=sum,mgda&s=4").await;
    computed(&browser, 600).await;
    let entries = "return document.querySelectorAll('[data-testid=\"shelf-entry\"]').length";
    assert_eq!(browser.js(entries).await, 0);
    // Another seed trains these runs away: they are kept.
    browser.js(&fill("seed", "5")).await;
    browser.wait_js(entries, PATIENCE, |count| *count == 1).await;
    computed(&browser, 600).await;
    let kept = browser.wait_text(&Browser::test_id("shelf-entry"), PATIENCE, |text| text.contains("seed 4")).await;
    assert!(kept.contains("Sum") && kept.contains("MGDA") && kept.contains("600 steps"), "{kept}");
    browser.click(&Browser::test_id("shelf-draw-1-0")).await;
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    browser.wait_text(&Browser::test_id("table-losses"), PATIENCE, |text| text.contains("Sum, seed 4 (kept)")).await;
    browser.click(&Browser::test_id("table-toggle-losses")).await;
    browser.screenshot("shelf").await;
    browser.emulate_media("dark", "no-preference").await;
    browser.screenshot("shelf-dark").await;
    // Back to it, and undo.
    browser.click(&Browser::test_id("shelf-open-1")).await;
    let seed = |seed: &'static str| {
        move |hash: &Value| hash.as_str().is_some_and(|hash| hash.split('&').any(|pair| pair == seed))
    };
    let no_seed_5 = |hash: &Value| hash.as_str().is_some_and(|hash| !hash.contains("s=5"));
    browser.wait_js("return location.hash", PATIENCE, no_seed_5).await;
    // What was open is kept in turn; the opened one is not kept twice when it is trained away again.
    browser.wait_js(entries, PATIENCE, |count| *count == 2).await;
    computed(&browser, 600).await;
    browser.js(UNDO).await;
    browser.wait_js("return location.hash", PATIENCE, seed("s=5")).await;
    computed(&browser, 600).await;
    assert_eq!(browser.js(entries).await, 2);
    // An experiment that takes the place of another as a whole leaves it on the shelf, too.
    browser.js_async("await paretoscope.setState('#v=1&m=sum,mgda&s=6'); return 1").await;
    computed(&browser, 600).await;
    browser.js_async("await paretoscope.setState('#v=1&m=sum,mgda&s=7'); return 1").await;
    browser.wait_js(entries, PATIENCE, |count| *count == 3).await;
    computed(&browser, 600).await;
    // Runs on other tasks cannot be drawn beside these, and say so.
    browser.js(&choose("dataset", "labelings")).await;
    browser.wait_text(&Browser::test_id("shelf"), PATIENCE, |text| text.contains("Other tasks than now")).await;
    let off = "return document.querySelector('[data-testid=\"shelf-draw-1-0\"]').disabled";
    browser.wait_js(off, PATIENCE, |off| *off == true).await;
    browser.click(&Browser::test_id("shelf-remove-1")).await;
    browser
        .wait_js("return document.querySelector('[data-testid=\"shelf-remove-1\"]') === null", PATIENCE, |gone| {
            *gone == true
        })
        .await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn events_are_listed_and_keys_jump_between_them() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1").await;
    at_step(&browser, 600).await;
    let words = "return [...document.querySelector('[data-testid=\"events\"]').options].map((o) => o.textContent)";
    let known = browser.wait_js(words, PATIENCE, |all| all.to_string().contains("first conflict")).await;
    let listed = known.as_array().expect("options").len();
    assert!(listed > 2, "{known}");
    let step = "return +document.querySelector('[data-testid=\"scrub\"]').value";
    browser.js_async("await paretoscope.seek(0); document.activeElement.blur(); return 1").await;
    browser.press("]").await;
    let first = browser.wait_js(step, PATIENCE, |at| at.as_u64() > Some(0)).await;
    browser.press("]").await;
    let second = browser.wait_js(step, PATIENCE, |at| at.as_u64() > first.as_u64()).await;
    browser.press("[").await;
    browser.wait_js(step, PATIENCE, |at| *at == first).await;
    assert!(second.as_u64() <= Some(600));
    // The list leads there too.
    let last = format!(
        "const list = document.querySelector('[data-testid=\"events\"]'); list.value = '{}'; \
         list.dispatchEvent(new Event('change', {{ bubbles: true }})); return 1",
        listed - 2
    );
    browser.js(&last).await;
    browser.wait_js(step, PATIENCE, |at| at.as_u64() > second.as_u64()).await;
    // An edit is an event.
    browser.js(&fill("seed", "7")).await;
    browser.wait_js(words, PATIENCE, |all| all.to_string().contains("you changed the seed")).await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn every_aspect_of_conflict_is_drawn_told_and_linked() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&view=cosine").await;
    at_step(&browser, 600).await;
    let ink = "const canvas = document.querySelector('[data-testid=\"plot-cosine\"] canvas'); \
               const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); \
               let sum = 0; for (let i = 0; i < data.length; i += 4) \
               sum = (sum * 31 + data[i] + data[i + 3]) % 1000003; return sum";
    let mut pictures = vec![browser.js(ink).await];
    let aspects = [
        ("heat map", "aspect=map"),
        ("similarity", "aspect=similarity"),
        ("ratio", "aspect=ratio"),
        ("curvature", "aspect=curvature"),
        ("help", "aspect=helped"),
        ("flatness", "aspect=flatness"),
    ];
    for (words, pair) in aspects {
        browser.js(&choose("aspect", words)).await;
        browser.wait_js("return location.hash", PATIENCE, says(pair)).await;
        let earlier = pictures.clone();
        pictures.push(browser.wait_js(ink, PATIENCE, |sum| !earlier.contains(sum)).await);
        browser.click(&Browser::test_id("table-toggle-cosine")).await;
        let table = browser.wait_text(&Browser::test_id("table-cosine"), PATIENCE, |text| text.contains("Sum")).await;
        // One table holds the numbers of all aspects but the last.
        let columns = match words {
            "flatness" => vec!["largest curvature", "rise"],
            _ => vec!["magnitude similarity", "length ratio", "curvature along step", "steps that lowered it"],
        };
        for column in columns {
            assert!(table.contains(column), "{words}: {table}");
        }
        browser.click(&Browser::test_id("table-toggle-cosine")).await;
        browser.wait_for(&Browser::test_id("plot-cosine")).await;
        browser.screenshot(&format!("conflict-{}", &pair["aspect=".len()..])).await;
    }
    open(&browser, "#v=1&view=cosine&aspect=map").await;
    browser
        .wait_js(
            "return document.querySelector('[data-testid=\"aspect\"]').selectedOptions[0].textContent",
            PATIENCE,
            says("heat map"),
        )
        .await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn a_layer_shows_its_own_arrows_and_rows_are_picked_by_number() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, "#v=1&view=layers&m=sum,mgda").await;
    at_step(&browser, 300).await;
    browser.wait_js(&label("layers"), PATIENCE, says("Layer 2")).await;
    browser.screenshot("layers").await;
    // Down the layers by keyboard; the gradient view follows.
    browser.js("document.querySelector('[data-testid=\"plot-layers\"]').focus(); return 1").await;
    browser.press("\u{E015}").await;
    browser.press("\u{E015}").await;
    let layer = "return document.querySelector('[data-testid=\"inside-layer\"]').value";
    browser.wait_js(layer, PATIENCE, |value| *value == "1").await;
    browser.click(&Browser::test_id("tab-gradients")).await;
    browser.wait_text(&Browser::test_id("whole-network"), PATIENCE, |text| text.contains("layer 2 only")).await;
    // What leaves the page says it too.
    let svg = browser.js_async("return await paretoscope.export({ kind: 'svg', view: 'gradients' })").await;
    assert!(svg.to_string().contains("layer 2 of 2 only"), "{}", &svg.to_string()[..300]);
    browser.click(&Browser::test_id("whole-network")).await;
    browser.wait_js("return document.querySelector('[data-testid=\"whole-network\"]')", PATIENCE, Value::is_null).await;
    browser.click(&Browser::test_id("tab-layers")).await;
    browser.click(&Browser::test_id("inside-rows")).await;
    browser.wait_js(&label("layers"), PATIENCE, says("batch")).await;
    browser.js(&fill("inside-chosen", "3, 17, 20-22")).await;
    let header = "return document.querySelector('[data-view=\"layers\"] .sub').textContent";
    browser.wait_js(header, PATIENCE, says("5 chosen rows")).await;
    browser.click(&Browser::test_id("table-toggle-layers")).await;
    let rows = "return [...document.querySelectorAll('[data-testid=\"table-layers\"] tbody tr')].slice(0, 5)\
                .map((row) => row.children[0].textContent).sort()";
    browser.wait_js(rows, PATIENCE, |rows| *rows == json!(["17", "20", "21", "22", "3"])).await;
    browser.click(&Browser::test_id("table-toggle-layers")).await;
    browser.screenshot("rows").await;
    browser.js(&fill("inside-chosen", "3, x")).await;
    browser.wait_text("[data-view=\"layers\"] .why", PATIENCE, |text| text.contains("“x” is no row")).await;
    browser.js(&fill("inside-chosen", "999999")).await;
    browser.wait_js(&label("layers"), PATIENCE, says("There is no training row 999999")).await;
    browser.js(&fill("inside-chosen", "")).await;
    browser.wait_js(header, PATIENCE, says("batch of step")).await;
    browser.assert_clean().await;
}
