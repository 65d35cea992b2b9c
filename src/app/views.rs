//! The views: tabs over four tiles, or one view that has all the room; a card where there is nothing to draw.

use super::engine::Engine;
use super::failure::Failure;
use super::page::use_page;
use super::tile::Tile;
use crate::plots::{NAMES, name, reads_probe};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Px between the chosen tab and the edge of a row that was scrolled to it.
const TAB_AIR: i32 = 24;

#[component]
pub fn Tabs() -> impl IntoView {
    let page = use_page();
    let tab = move |label: &'static str, view: Option<&'static str>| {
        let chosen = move || {
            let here = page.view.get();
            // A narrow screen shows one view at a time and has no overview.
            if page.narrow.get() { here.or_else(|| page.tiles.get().first().copied()) == view } else { here == view }
        };
        view! {
            <button
                type="button"
                role="tab"
                class:only-l=view.is_none()
                aria-selected=move || chosen().to_string()
                data-testid=format!("tab-{}", view.unwrap_or("overview"))
                on:click=move |_| page.view.set(view)
            >
                {label}
            </button>
        }
    };
    // The tab of a view that a link asks for is not left outside a row that scrolls.
    let row = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        page.view.track();
        page.tiles.track();
        let Some(row) = row.get() else { return };
        request_animation_frame(move || {
            let chosen = row.query_selector("[aria-selected=true]").ok().flatten();
            let Some(tab) = chosen.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
            let (left, right) =
                (tab.offset_left() - row.offset_left(), tab.offset_left() - row.offset_left() + tab.offset_width());
            if left < row.scroll_left() {
                row.set_scroll_left(left - TAB_AIR);
            } else if right > row.scroll_left() + row.client_width() {
                row.set_scroll_left(right - row.client_width() + TAB_AIR);
            }
        });
    });
    let state = move || {
        if page.trouble.with(Option::is_some) || !page.opened.get() {
            return String::new();
        }
        let ahead = page.cursor.get() > page.step.get();
        page.history.with(|history| {
            let (steps, head) = (history.outline.steps, history.head());
            match (history.runs.is_empty(), history.finished, page.done.get()) {
                (true, ..) => "starting".to_string(),
                (_, true, _) if head < steps => format!("all ended by step {head}"),
                (_, true, Some(seconds)) => format!("{steps} steps in {} s", super::format::brief(seconds)),
                (_, true, None) => format!("{steps} steps computed"),
                _ if ahead => format!("{head} of {steps}, the plots follow"),
                _ => format!("{head} of {steps} steps"),
            }
        })
    };
    let tooltip = move || {
        let memory = page.history.with(super::backend_chip::memory);
        if memory.is_empty() { state() } else { format!("{}. {memory}", state()) }
    };
    view! {
        <div class="tabs" node_ref=row>
            <div class="tablist" role="tablist" aria-label="Views">
                {tab("Overview", None)} {NAMES.iter().map(|name| tab(name.title, Some(name.id))).collect_view()}
            </div>
            <span class="state" data-testid="progress" title=tooltip>{state}</span>
        </div>
    }
}

#[component]
pub fn Views() -> impl IntoView {
    let page = use_page();
    // Predictions are asked for only while they are looked at.
    Effect::new(move |_| {
        let wanted = page.plots_on_screen().iter().any(|plot| plot.reads_predictions);
        page.step.track();
        page.predictions.track();
        let started = page.history.with(|history| history.runs.iter().any(|run| !run.records.is_empty()));
        if wanted && started {
            Engine::predict(page);
        }
    });
    // So is what is seen inside a network, but not while plots run along with the steps faster than it comes.
    Effect::new(move |_| {
        let layer = page.probing.layer.get();
        let wanted = page.plots_on_screen().iter().any(|plot| reads_probe(plot, layer));
        page.probing.track();
        let started = page.history.with(|history| history.runs.iter().any(|run| !run.records.is_empty()));
        let analytic = page.config.with(|config| config.analytic().is_some());
        if wanted && started && !analytic {
            page.probing.ask(page);
        }
    });
    let shown = Memo::new(move |_| match page.view.get() {
        Some(view) => vec![view],
        None if page.narrow.get() => page.tiles.get().into_iter().take(1).collect(),
        None => page.tiles.get(),
    });
    let tiles = move || {
        let ids = shown.get();
        let alone = ids.len() == 1;
        let tiles = ids
            .into_iter()
            .enumerate()
            .filter_map(|(place, id)| Some(view! { <Tile name=name(id)? place=(!alone).then_some(place) /> }))
            .collect_view();
        view! { <div class="tiles" class:one=alone>{tiles}</div> }
    };
    move || if page.trouble.with(Option::is_some) { view! { <Failure /> }.into_any() } else { tiles().into_any() }
}
