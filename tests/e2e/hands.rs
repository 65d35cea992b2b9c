//! Several workers for several seeds: they help, losing one costs nothing, and a browser need not have any.

use crate::experiment::open;
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Six runs of several seeds on a loaded machine, and the time that a silent worker is given.
const LONG: Duration = Duration::from_secs(240);

/// Puts a script before the worker's own, which says so many cores and counts the workers that it starts; `kill()`
/// ends those in silence. A script of its own has another address, so the worker's gets its real one back.
fn cores(cores: u32) -> String {
    let before = format!(
        "const Address = URL, load = importScripts, Kind = self.Worker, started = []; \
         self.URL = class extends Address {{ constructor(url) {{ super(url, real); }} }}; \
         self.importScripts = (...urls) => load(...urls.map((url) => new Address(url, real).href)); \
         Object.defineProperty(navigator, 'hardwareConcurrency', {{ get: () => {cores} }}); \
         const channel = new BroadcastChannel('hands'); \
         self.Worker = class extends Kind {{ constructor(...given) {{ \
             super(...given); started.push(this); channel.postMessage('started'); \
             this.addEventListener('message', () => channel.postMessage('said')); }} }}; \
         channel.onmessage = ({{ data }}) => data === 'kill' && started.forEach((hand) => hand.terminate()); \
         importScripts(real);"
    );
    format!(
        "const Kind = window.Worker, channel = new BroadcastChannel('hands'); \
         window.hands = {{ started: 0, said: 0 }}; \
         channel.onmessage = ({{ data }}) => window.hands[data]++; \
         window.kill = () => channel.postMessage('kill'); \
         window.Worker = class extends Kind {{ constructor(address, options) {{ \
             const text = `const real = ${{JSON.stringify(String(address))}}; ` + {before}; \
             super(URL.createObjectURL(new Blob([text], {{ type: 'text/javascript' }})), options); }} }};",
        before = json!(before)
    )
}

async fn browser_with(cores_of_it: u32) -> Browser {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    let source = cores(cores_of_it);
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    browser
}

/// Trains the link until all its seeds are there; the seconds that took, and every number of them.
async fn trained(browser: &Browser, link: &str, seeds: u32) -> (f64, String) {
    let begun = Instant::now();
    open(browser, link).await;
    finished(browser, seeds).await;
    (begun.elapsed().as_secs_f64(), numbers(browser).await)
}

async fn finished(browser: &Browser, seeds: u32) {
    let words = format!("{seeds} seeds trained");
    browser.wait_text(&Browser::test_id("seeds-progress"), LONG, |text| text.contains(&words)).await;
}

/// Every loss of every seed, as the page writes them once its last frame is drawn, which may be after it said so.
async fn numbers(browser: &Browser) -> String {
    let mut known = Value::Null;
    loop {
        let csv = browser.js_async("return await paretoscope.export({ kind: 'csv', view: 'losses' })").await;
        if csv == known {
            return csv.as_str().unwrap_or_default().to_owned();
        }
        known = csv;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn several_workers_train_the_same_seeds() {
    const LINK: &str = "#v=1&seeds=9&m=sum,pcgrad,mgda,nash_mtl,cagrad,famo";
    let mut told = Vec::new();
    for (cores, started) in [(1, 0), (2, 1), (3, 2)] {
        let browser = browser_with(cores).await;
        let (seconds, csv) = trained(&browser, LINK, 9).await;
        println!("six runs of nine seeds with {started} hands: {seconds:.2} s with the page's start");
        let hands = browser.js("return window.hands").await;
        assert_eq!(hands["started"], started, "{hands}");
        assert!(started == 0 || hands["said"].as_u64() > Some(1), "hands answer: {hands}");
        browser.assert_clean().await;
        told.push(csv);
    }
    assert!(told[0].lines().count() > 100, "{}", told[0]);
    assert!(told.iter().all(|csv| *csv == told[0]), "the same numbers whoever trains");
}

#[tokio::test]
async fn a_hand_that_dies_in_silence_loses_nothing() {
    const LINK: &str = "#v=1&st=6000&seeds=6&m=sum,mgda,cagrad";
    let alone = trained(&browser_with(1).await, LINK, 6).await.1;
    let browser = browser_with(3).await;
    open(&browser, LINK).await;
    let said = "return window.hands.said";
    browser.wait_js(said, PATIENCE, |said| said.as_u64() > Some(4)).await;
    browser.js("window.kill(); return 1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let last = browser.js(said).await;
    let text = browser.js("return document.querySelector('[data-testid=\"seeds-progress\"]').textContent").await;
    assert!(!text.to_string().contains("trained"), "they died at their work: {text}");
    finished(&browser, 6).await;
    assert_eq!(browser.js(said).await, last, "they said nothing more");
    assert_eq!(numbers(&browser).await, alone);
    assert_eq!(browser.js_async("return (await paretoscope.getState()).trouble ?? null").await, Value::Null);
    browser.assert_clean().await;
}

/// For `benches/record/hands.md`: `PARETOSCOPE_ROUNDS=5 cargo test --features e2e,cli --test e2e -- timed --nocapture`.
#[tokio::test]
async fn seeds_are_the_same_and_timed_with_and_without_hands() {
    let rounds = std::env::var("PARETOSCOPE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1).max(1);
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let browsers = [browser_with(1).await, browser_with(n_cores).await];
    let (plays, still) = ("", "await paretoscope.pause();");
    let all = [("600 steps", 600, plays), ("3,000 steps", 3_000, plays), ("3,000 steps, nothing plays", 3_000, still)];
    for (what, steps, view) in all.into_iter().take(if rounds == 1 { 1 } else { 3 }) {
        let mut seconds = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            let mut told = Vec::new();
            for (browser, seconds) in browsers.iter().zip(&mut seconds) {
                open(browser, "#v=1&st=10&m=sum").await;
                let link = format!("#v=1&st={steps}&seeds=5&s={round}&m=sum,pcgrad,mgda,nash_mtl,cagrad,famo");
                let script = format!(
                    "const said = () => document.querySelector('[data-testid=\"seeds-progress\"]')?.textContent ?? ''; \
                     const begun = performance.now(); await paretoscope.setState('{link}'); {view} \
                     while (!said().includes('5 seeds trained')) await new Promise((done) => setTimeout(done, 10)); \
                     return (performance.now() - begun) / 1e3"
                );
                seconds.push(browser.js_async(&script).await.as_f64().expect("a time"));
                told.push(numbers(browser).await);
                // Nothing of this page is to run beside the other one.
                browser.client.goto("about:blank").await.expect("an empty page");
            }
            assert!(told[0] == told[1] && told[0].lines().count() > 100, "{}", told[0]);
        }
        let median = |seconds: &[f64]| {
            let mut sorted = seconds.to_vec();
            sorted.sort_by(f64::total_cmp);
            (sorted[rounds / 2], sorted[0], sorted[rounds - 1])
        };
        let ([one, several], ratio) = (
            [median(&seconds[0]), median(&seconds[1])],
            median(&seconds[0].iter().zip(&seconds[1]).map(|(one, several)| one / several).collect::<Vec<_>>()),
        );
        println!("{what}: alone {one:.2?} s, {n_cores} cores {several:.2?} s (median, least, most); ratio {ratio:.2?}");
    }
}
