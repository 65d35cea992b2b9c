//! A preference among three tasks as a point of a triangle, moved by pointer or keys; number boxes beside it are exact.

use super::page::{Page, use_page};
use crate::config::{Edit, ExperimentConfig};
use crate::plots::Triangle;
use leptos::prelude::*;
use leptos::{ev, svg};
use wasm_bindgen::JsCast;

const WIDTH: f64 = 208.0;
const HEIGHT: f64 = 132.0;
/// The first task's corner is above, the second one's to the left, the third one's to the right.
const TRIANGLE: Triangle = Triangle { corners: [(104.0, 20.0), (48.0, 112.0), (160.0, 112.0)] };
/// Characters of a corner's name.
const NAME: usize = 14;
/// One press of an arrow key; with Shift.
const PRESS: f64 = 0.01;
const FAR: f64 = 0.1;

fn shares(config: &ExperimentConfig) -> [f64; 3] {
    let preference = config.preference();
    std::array::from_fn(|task| preference.get(task).copied().unwrap_or(0.0))
}

/// A name that a corner has room for.
fn brief(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).collect::<String>().trim_end().to_owned() + "…"
}

/// The shares that a key leads to; `None` for keys that move nothing. Up and down is more and less for the top corner,
/// sideways is from one lower corner to the other.
fn moved(now: [f64; 3], key: &str, by: f64) -> Option<[f64; 3]> {
    Some(match key {
        "ArrowUp" => Triangle::raised(now, 0, by),
        "ArrowDown" => Triangle::raised(now, 0, -by),
        "ArrowLeft" => Triangle::passed(now, 2, 1, by),
        "ArrowRight" => Triangle::passed(now, 1, 2, by),
        "PageUp" => Triangle::raised(now, 0, FAR),
        "PageDown" => Triangle::raised(now, 0, -FAR),
        "Home" => [0.34, 0.33, 0.33],
        _ => return None,
    })
}

/// Takes the shares; a drag is one step of undo, so its later moves go `further`.
fn prefer(page: Page, shares: [f64; 3], further: bool) {
    let edit = Edit::Preference(Some(shares.to_vec()));
    // Shares of a triangle are a preference always.
    let _ = if further { page.edit_further(&edit) } else { page.edit(edit) };
}

#[component]
pub fn PreferenceTriangle(names: [String; 3]) -> impl IntoView {
    let page = use_page();
    let drawing = NodeRef::<svg::Svg>::new();
    let now = Memo::new(move |_| page.config.with(shares));
    let place = Memo::new(move |_| TRIANGLE.at(now.get()));
    // Whether a drag is under way, and has moved already.
    let drag = StoredValue::new(None::<bool>);
    let meant = move |event: &web_sys::PointerEvent| {
        let frame: web_sys::Element = drawing.get_untracked()?.unchecked_into();
        let frame = frame.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - frame.left()) * WIDTH / frame.width().max(1.0);
        let y = (f64::from(event.client_y()) - frame.top()) * HEIGHT / frame.height().max(1.0);
        Some(TRIANGLE.shares((x, y)))
    };
    let go = move |event: &web_sys::PointerEvent| {
        let (Some(begun), Some(meant)) = (drag.get_value(), meant(event)) else { return };
        if meant != now.get_untracked() {
            prefer(page, meant, begun);
            drag.set_value(Some(true));
        }
    };
    let down = move |event: web_sys::PointerEvent| {
        if event.button() != 0 {
            return;
        }
        drag.set_value(Some(false));
        if let Some(drawing) = drawing.get_untracked() {
            let drawing: web_sys::Element = drawing.unchecked_into();
            // Without capture the drag ends at the edge, which is no harm.
            let _ = drawing.set_pointer_capture(event.pointer_id());
        }
        go(&event);
    };
    let let_go = move |_: web_sys::PointerEvent| drag.set_value(None);
    let press = move |event: ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let by = if event.shift_key() { FAR } else { PRESS };
        if let Some(moved) = moved(now.get_untracked(), &event.key(), by) {
            event.prevent_default();
            event.stop_propagation();
            prefer(page, moved, false);
        }
    };
    let told = {
        let names = names.clone();
        move || {
            let shares = now.get();
            let told: Vec<String> =
                names.iter().zip(shares).map(|(name, share)| format!("{name} {share:.2}")).collect();
            told.join(", ")
        }
    };
    let label = format!(
        "Shares of {}, {} and {}; up and down for the first, sideways between the others",
        names[0], names[1], names[2]
    );
    let [top, left, right] = names.map(|name| brief(&name));
    let [a, b, c] = TRIANGLE.corners;
    let outline = [a, b, c].map(|(x, y)| format!("{x},{y}")).join(" ");
    // Lines on which a task has a third of all.
    let third = |task: usize| {
        let ends = [1, 2].map(|step| {
            let mut shares = [0.0; 3];
            (shares[task], shares[(task + step) % 3]) = (1.0 / 3.0, 2.0 / 3.0);
            TRIANGLE.at(shares)
        });
        view! { <line class="third" x1=ends[0].0 y1=ends[0].1 x2=ends[1].0 y2=ends[1].1 /> }
    };
    view! {
        <svg
            class="triangle"
            node_ref=drawing
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            tabindex="0"
            role="slider"
            aria-roledescription="slider in two dimensions"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="1"
            aria-valuenow=move || format!("{:.2}", now.get()[0])
            aria-valuetext=told
            data-testid="preference-triangle"
            on:pointerdown=down
            on:pointermove=move |event| go(&event)
            on:pointerup=let_go
            on:pointercancel=let_go
            on:keydown=press
        >
            <polygon class="face" points=outline />
            {[0, 1, 2].map(third).collect_view()}
            <text x=a.0 y="13" text-anchor="middle">{top}</text>
            <text x=b.0 y="127" text-anchor="middle">{left}</text>
            <text x=c.0 y="127" text-anchor="middle">{right}</text>
            <circle class="reach" r="14" cx=move || place.get().0 cy=move || place.get().1 />
            <circle class="halo" r="8.5" cx=move || place.get().0 cy=move || place.get().1 />
            <circle class="point" r="7" cx=move || place.get().0 cy=move || place.get().1 />
        </svg>
    }
}
