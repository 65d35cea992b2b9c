//! Keys that work anywhere outside text fields.

use super::events;
use super::page::{Float, Page};
use super::problem_panel::new_seed;
use super::transport::reset;
use leptos::ev;
use leptos::prelude::*;
use leptos_use::use_event_listener;
use wasm_bindgen::JsCast;

pub fn listen(page: Page) {
    let _ = use_event_listener(document(), ev::keydown, move |event| {
        let handled = pressed(page, &event);
        if handled {
            event.prevent_default();
        }
    });
}

fn pressed(page: Page, event: &web_sys::KeyboardEvent) -> bool {
    let key = event.key();
    // Many keyboards have no key of their own for brackets: they come with AltGr or Option.
    let bracket = matches!(key.as_str(), "[" | "]") && !event.meta_key() && (!event.ctrl_key() || event.alt_key());
    if (event.alt_key() && !bracket) || page.float.get_untracked().is_some() {
        return false;
    }
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let tag = target.as_ref().map(|target| target.tag_name()).unwrap_or_default();
    let kind = target.as_ref().and_then(|target| target.get_attribute("type")).unwrap_or_default();
    let slider = tag == "INPUT" && kind == "range";
    let typing = matches!(tag.as_str(), "TEXTAREA" | "SELECT") || (tag == "INPUT" && kind == "text");
    if typing {
        return false;
    }
    if (event.ctrl_key() || event.meta_key()) && !bracket {
        match key.as_str() {
            "z" => page.undo(),
            "Z" | "y" => page.redo(),
            _ => return false,
        }
        return true;
    }
    if !page.opened.get_untracked() || page.trouble.with_untracked(Option::is_some) {
        return false;
    }
    let far = if event.shift_key() { 10 } else { 1 };
    match key.as_str() {
        // Buttons and check boxes answer to Space themselves; sliders to the arrows.
        " " if matches!(tag.as_str(), "BUTTON" | "A" | "SUMMARY") || kind == "checkbox" => return false,
        "ArrowLeft" | "ArrowRight" | "Home" | "End" if slider => return false,
        " " => page.set_playing(!page.playing.get_untracked()),
        "ArrowLeft" => page.seek_by(-far),
        "ArrowRight" => page.seek_by(far),
        "Home" => reset(page),
        "End" => page.seek_by(i64::from(u32::MAX)),
        "r" | "R" => reset(page),
        "n" | "N" => new_seed(page),
        "[" => events::jump(page, false),
        "]" => events::jump(page, true),
        "?" => page.float.set(Some(Float::Help)),
        _ => return false,
    }
    true
}
