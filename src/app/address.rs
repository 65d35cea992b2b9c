//! The address bar holds the experiment: written shortly after the last change, read when it is edited.
//!
//! Only presets and confirmed links make entries in the browser's history, so that Back is meaningful. Browsers
//! refuse many writes in a short time; a refusal costs nothing, the next write carries everything.

use super::page::{Page, Trouble};
use crate::config::link;
use leptos::prelude::*;
use leptos_use::use_event_listener;
use std::time::Duration;
use wasm_bindgen::JsValue;

/// How long the page must be quiet before its address is written.
const QUIET: Duration = Duration::from_millis(300);

/// What follows `#`, with it; empty without one. A link may also stand after `?`.
pub fn hash() -> String {
    let location = window().location();
    let hash = location.hash().unwrap_or_default();
    if hash.len() > 1 {
        return hash;
    }
    let search = location.search().unwrap_or_default();
    if holds_link(&search) { search } else { String::new() }
}

/// Whether a query is a link rather than something of a host's.
fn holds_link(search: &str) -> bool {
    search.trim_start_matches('?').split('&').any(|pair| pair.starts_with("v=") || pair.starts_with("p="))
}

/// The link of what is open, with the view.
pub fn link(page: Page) -> String {
    page.unknown.with_value(|unknown| link::write_keeping(&page.with_view(), unknown))
}

/// A new entry in the browser's history.
pub fn push(page: Page) {
    write(&untrack(move || link(page)), true);
}

fn write(link: &str, push: bool) {
    if window().location().hash().is_ok_and(|hash| hash == link) {
        return;
    }
    let Ok(history) = window().history() else { return };
    let location = window().location();
    // A bare `#…` would be resolved against the page's <base>, which is elsewhere below a folder.
    let path = location.pathname().unwrap_or_default();
    let search = location.search().ok().filter(|search| !holds_link(search)).unwrap_or_default();
    let address = format!("{path}{search}{link}");
    let (state, title) = (JsValue::NULL, "");
    let _ = if push {
        history.push_state_with_url(&state, title, Some(&address))
    } else {
        history.replace_state_with_url(&state, title, Some(&address))
    };
}

/// Keeps address and page the same from now on.
pub fn follow(page: Page) {
    let turn = StoredValue::new(0u32);
    Effect::watch(
        move || (page.opened.get() && !matches!(page.trouble.get(), Some(Trouble::Link(_)))).then(|| link(page)),
        move |link, _, _| {
            let Some(link) = link.clone() else { return };
            turn.update_value(|turn| *turn += 1);
            let mine = turn.get_value();
            set_timeout(
                move || {
                    if turn.get_value() == mine && page.opened.get_untracked() {
                        write(&link, false);
                    }
                },
                QUIET,
            );
        },
        false,
    );
    let read = move || {
        let hash = hash();
        let same = untrack(move || page.opened.get() && link(page) == hash);
        if !same {
            // A write that is still waiting would overwrite what the reader typed.
            turn.update_value(|turn| *turn += 1);
            page.open_address();
        }
    };
    let _ = use_event_listener(window(), leptos::ev::popstate, move |_| read());
    let _ = use_event_listener(window(), leptos::ev::hashchange, move |_| read());
}
