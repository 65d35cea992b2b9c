//! The gradient view by mouse, by keyboard and by buttons: held arrows, what the table says of them, and their link.

use crate::experiment::{at_step, open};
use crate::harness::{Browser, Options, PATIENCE};
use serde_json::{Value, json};

/// Two orthogonal gradients, and two methods that differ as soon as they are not.
const HELD: &str = "#v=1&m=sum,mgda&view=gradients&g=1,0~0,1";

/// Cells of the table beside the picture: first column and, for the rest, `helps`, `hurts`, `neither` or a number.
const SIGNS: &str = "return [...document.querySelectorAll('[data-testid=\"signs-gradients\"] tbody tr')]\
                     .map((row) => [...row.children].map((cell) => cell.textContent))";

/// The sign words of one method, by task.
fn signs(table: &Value, method: &str) -> Vec<String> {
    let rows = table.as_array().into_iter().flatten();
    let row = rows.map(|row| row.as_array().cloned().unwrap_or_default());
    let wanted = format!("update of {method}");
    let found = row.into_iter().find(|row| row.first() == Some(&Value::from(wanted.clone())));
    let cells = found.unwrap_or_default();
    // Direction and length come first, the share outside the span last.
    let words = cells.iter().skip(2).take(cells.len().saturating_sub(3)).filter_map(Value::as_str);
    words.map(|cell| cell.split(' ').next().unwrap_or_default().to_owned()).collect()
}

/// Waits until the table says this of the method.
async fn says(browser: &Browser, method: &str, words: &[&str]) {
    browser.wait_js(SIGNS, PATIENCE, |table| signs(table, method) == words).await;
}

/// The held gradients as the address has them.
async fn held(browser: &Browser, ok: impl Fn(&[f64]) -> bool) -> Vec<f64> {
    let read = |hash: &Value| -> Option<Vec<f64>> {
        let text = hash.as_str()?.split('&').find_map(|pair| pair.strip_prefix("g="))?.to_owned();
        text.split(['~', ',']).map(|number| number.parse().ok()).collect()
    };
    let hash = browser.wait_js("return location.hash", PATIENCE, |hash| read(hash).is_some_and(|g| ok(&g))).await;
    read(&hash).unwrap_or_default()
}

async fn mouse(browser: &Browser, kind: &str, (x, y): (f64, f64)) {
    let buttons = i32::from(kind != "mouseReleased");
    let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
    browser.cdp("Input.dispatchMouseEvent", event).await;
}

/// Presses the mouse at one place of the screen and lets go at another.
async fn drag(browser: &Browser, from: (f64, f64), to: (f64, f64)) {
    mouse(browser, "mousePressed", from).await;
    for step in 1..=8 {
        let t = f64::from(step) / 8.0;
        mouse(browser, "mouseMoved", (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))).await;
    }
    mouse(browser, "mouseReleased", to).await;
}

/// Left, top, width and height of the plot on the screen.
async fn plot(browser: &Browser) -> (f64, f64, f64, f64) {
    let script = "const r = document.querySelector('[data-testid=\"plot-gradients\"]').getBoundingClientRect(); \
                  return [r.left, r.top, r.width, r.height]";
    let place = browser.js(script).await;
    let part = |at: usize| place[at].as_f64().unwrap_or_default();
    (part(0), part(1), part(2), part(3))
}

#[tokio::test]
async fn an_arrow_is_dragged_by_mouse_and_undo_takes_the_drag_back() {
    let browser = Browser::with(Options { size: (1440, 900), ..Options::default() }).await;
    open(&browser, HELD).await;
    // At right angles both methods help both tasks.
    says(&browser, "Sum", &["helps", "helps"]).await;
    says(&browser, "MGDA", &["helps", "helps"]).await;
    // The tip of g₂ is straight above the origin: somewhere on the vertical line through the middle, which a press
    // finds by trying from the top, as a hand would that sees it.
    let (left, top, width, height) = plot(&browser).await;
    let middle = left + width / 2.0;
    let mut taken = None;
    for at in 0..30 {
        let y = top + 20.0 + f64::from(at) * 14.0;
        if y > top + height {
            break;
        }
        mouse(&browser, "mousePressed", (middle, y)).await;
        mouse(&browser, "mouseMoved", (middle - 40.0, y)).await;
        mouse(&browser, "mouseReleased", (middle - 40.0, y)).await;
        let moved = "return document.querySelector('[data-testid=\"arrow-select\"]').value";
        if browser.js(moved).await == "1" {
            taken = Some(y);
            break;
        }
    }
    let y = taken.expect("the tip of g₂ is on the vertical line through the middle");
    let moved = held(&browser, |g| g.len() == 4 && g[2] < -0.05).await;
    assert_eq!(moved[..2], [1.0, 0.0], "only g₂ moves");
    assert!((moved[3] - 1.0).abs() < 0.02, "it went sideways: {moved:?}");
    // One drag is one step of undo.
    browser.js("document.activeElement.blur(); document.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true })); return 1").await;
    held(&browser, |g| *g == [1.0, 0.0, 0.0, 1.0]).await;
    // Far to the left and longer, g₂ turns the sum against g₁; MGDA still hurts nobody.
    let scale = 40.0 / -moved[2];
    drag(&browser, (middle, y), (middle - 1.4 * scale, y + 0.6 * scale)).await;
    let moved = held(&browser, |g| g.len() == 4 && g[2] < -1.2).await;
    assert!(moved[3] < 0.6, "{moved:?}");
    says(&browser, "Sum", &["hurts", "helps"]).await;
    says(&browser, "MGDA", &["helps", "helps"]).await;
    browser.screenshot("gradients-held").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn an_arrow_is_moved_by_keys_alone() {
    let browser = Browser::start().await;
    open(&browser, HELD).await;
    says(&browser, "Sum", &["helps", "helps"]).await;
    browser.js("document.querySelector('[data-testid=\"plot-gradients\"]').focus(); return 1").await;
    let key = |key: fantoccini::key::Key| char::from(key).to_string();
    let left = key(fantoccini::key::Key::Left);
    browser.press(&left).await;
    // 5 % of the picture's radius, which is the next short number above the longest of gradients and updates.
    let once = held(&browser, |g| g.len() == 4 && g[0] < 1.0).await;
    assert!(once[0] >= 0.8 && once[1..] == [0.0, 0.0, 1.0], "{once:?}");
    browser.press(&key(fantoccini::key::Key::Enter)).await;
    let chosen = "return document.querySelector('[data-testid=\"arrow-select\"]').value";
    browser.wait_js(chosen, PATIENCE, |chosen| chosen == "1").await;
    let shift = key(fantoccini::key::Key::Shift);
    for _ in 0..6 {
        browser.press(&(shift.clone() + &left)).await;
    }
    let far = held(&browser, |g| g.len() == 4 && g[2] < -1.2).await;
    assert_eq!(far[..2], once[..2]);
    says(&browser, "Sum", &["hurts", "helps"]).await;
    says(&browser, "MGDA", &["helps", "helps"]).await;
    // The step under the cursor has not moved with the keys.
    assert_eq!(browser.js_async("return (await paretoscope.getState()).step").await, 150);
    browser.assert_clean().await;
}

#[tokio::test]
async fn buttons_boxes_and_presets_do_what_a_drag_does() {
    let browser = Browser::start().await;
    open(&browser, HELD).await;
    says(&browser, "Sum", &["helps", "helps"]).await;
    browser.click(&Browser::test_id("less-y")).await;
    held(&browser, |g| *g == [1.0, -0.05, 0.0, 1.0]).await;
    browser.click(&Browser::test_id("more-y")).await;
    held(&browser, |g| *g == [1.0, 0.0, 0.0, 1.0]).await;
    let choose = |id: &str, value: &str| {
        format!(
            "const s = document.querySelector('[data-testid=\"{id}\"]'); s.value = '{value}'; \
             s.dispatchEvent(new Event('change', {{ bubbles: true }})); return 1"
        )
    };
    browser.js(&choose("arrow-select", "1")).await;
    browser.js(&choose("coordinate-x", "-3")).await;
    held(&browser, |g| *g == [1.0, 0.0, -3.0, 1.0]).await;
    says(&browser, "Sum", &["hurts", "helps"]).await;
    says(&browser, "MGDA", &["helps", "helps"]).await;
    // What is no number, or too large, is said and changes nothing.
    browser.js(&choose("coordinate-x", "1e13")).await;
    let why = "return document.querySelector('[data-testid=\"arrows-panel\"] [role=alert]')?.textContent ?? ''";
    browser.wait_js(why, PATIENCE, |why| why.as_str().is_some_and(|why| why.contains("1000000000000"))).await;
    held(&browser, |g| *g == [1.0, 0.0, -3.0, 1.0]).await;
    browser.click(&Browser::test_id("arrow-reset")).await;
    held(&browser, |g| *g == [1.0, 0.0, 0.0, 1.0]).await;
    browser.js(&choose("arrow-presets", "opposed")).await;
    held(&browser, |g| *g == [1.0, 0.0, -1.0, 0.0]).await;
    // Opposed and equally long, nothing is left of the sum: there is no update to tell of.
    browser.wait_js(SIGNS, PATIENCE, |table| signs(table, "Sum").is_empty()).await;
    browser.click(&Browser::test_id("freeze-toggle")).await;
    browser.wait_js("return location.hash", PATIENCE, |h| h.as_str().is_some_and(|h| !h.contains("g="))).await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn freezing_a_step_keeps_its_signs_and_training_goes_on_untouched() {
    let browser = Browser::start().await;
    open(&browser, "#v=1&m=sum,mgda&view=gradients").await;
    let before = at_step(&browser, 150).await;
    let table = browser.wait_js(SIGNS, PATIENCE, |table| signs(table, "Sum").len() == 2).await;
    let (sum, mgda) = (signs(&table, "Sum"), signs(&table, "MGDA"));
    browser.click(&Browser::test_id("freeze-toggle")).await;
    held(&browser, |g| g.len() == 4).await;
    browser.wait_js(SIGNS, PATIENCE, |table| signs(table, "Sum") == sum && signs(table, "MGDA") == mgda).await;
    assert_eq!(before["runs"], at_step(&browser, 150).await["runs"]);
    browser.click(&Browser::test_id("construction-toggle")).await;
    browser.screenshot("gradients-frozen").await;
    browser.assert_clean().await;
}

#[tokio::test]
async fn three_gradients_turn_by_keys_mouse_and_buttons() {
    let link = "#v=1&p=penguins&m=sum,upgrad,graddrop&st=20&t=10&view=gradients&g=1,0,0~-.5,.9,0~0,-.4,1";
    for reduced_motion in [false, true] {
        let browser = Browser::with(Options { reduced_motion, ..Options::default() }).await;
        open(&browser, link).await;
        says(&browser, "UPGrad", &["helps", "helps", "helps"]).await;
        let pressed = "return [...document.querySelectorAll('[data-testid^=\"orbit-\"]')]\
                       .filter((b) => b.ariaPressed === 'true').map((b) => b.textContent)";
        for view in ["front", "top", "side"] {
            browser.click(&Browser::test_id(&format!("orbit-{view}"))).await;
            browser.wait_js(pressed, PATIENCE, |names| *names == json!([view])).await;
        }
        // In the upper left corner there is no arrow: a drag there turns space, unless less motion is wanted.
        let (left, top, width, _) = plot(&browser).await;
        drag(&browser, (left + width * 0.15, top + 60.0), (left + width * 0.3, top + 60.0)).await;
        let names = if reduced_motion { json!(["side"]) } else { json!([]) };
        browser.wait_js(pressed, PATIENCE, |now| *now == names).await;
        held(&browser, |g| g.len() == 9 && g[..3] == [1.0, 0.0, 0.0]).await;
        browser.screenshot(&format!("gradients-space-{}", if reduced_motion { "still" } else { "turned" })).await;
        browser.assert_clean().await;
    }
}

#[tokio::test]
async fn a_wrong_link_of_gradients_is_explained() {
    for (link, says) in [
        ("#v=1&g=1,0", "1 row given for 2 tasks"),
        ("#v=1&g=1,0~0,NaN", "not a number"),
        ("#v=1&g=1,0~0,1e13", "out of range"),
    ] {
        let browser = Browser::start().await;
        browser.open(link).await;
        browser.wait_text(&Browser::test_id("error"), PATIENCE, |text| text.contains(says)).await;
    }
}
