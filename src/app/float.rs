//! What floats above the page: popovers below their button and sheets in the middle; one at a time, Esc closes.

use super::icons;
use super::page::{Float, use_page};
use leptos::prelude::*;
use leptos::{ev, html};
use leptos_use::use_event_listener;

/// A popover that hangs below the bar.
#[component]
pub fn Popover(
    float: Float,
    /// What a screen reader calls it.
    label: &'static str,
    /// Extra class names.
    #[prop(optional)]
    class: &'static str,
    /// Where it hangs: CSS of its place.
    place: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let page = use_page();
    let node = NodeRef::<html::Div>::new();
    let close = move || page.float.set(None);
    // The first control takes the focus, and gives it back to where it came from.
    let from = StoredValue::new_local(None::<web_sys::Element>);
    Effect::new(move |_| {
        if page.float.get() == Some(float) {
            if from.with_value(Option::is_none) {
                from.set_value(document().active_element());
            }
            // Once more when what comes late has come.
            let _ = page.later.get();
            if let Some(node) = node.get() {
                focus_first(&node);
                request_animation_frame(move || {
                    if !node.contains(document().active_element().as_deref()) {
                        focus_first(&node);
                    }
                });
            }
        } else if let Some(element) = from.try_update_value(Option::take).flatten() {
            focus(&element);
        }
    });
    view! {
        <Show when=move || page.float.get() == Some(float)>
            <div class="veil" on:click=move |_| close()></div>
            <div class=format!("pop {class}") style=place role="dialog" aria-label=label node_ref=node>
                {children()}
            </div>
        </Show>
    }
}

/// A sheet in the middle of the screen that holds the focus while it is open.
#[component]
pub fn Sheet(float: Float, title: &'static str, children: ChildrenFn) -> impl IntoView {
    let page = use_page();
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match page.float.get() == Some(float) {
            true if !dialog.open() => drop(dialog.show_modal()),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let on_close = move |_| {
        if page.float.get_untracked() == Some(float) {
            page.float.set(None);
        }
    };
    view! {
        <dialog class="sheet" aria-label=title node_ref=node on:close=on_close>
            <header>
                <h2>{title}</h2>
                <button class="btn icon" type="button" aria-label="Close" on:click=move |_| page.float.set(None)>
                    {icons::CLOSE.draw()}
                </button>
            </header>
            <Show when=move || page.float.get() == Some(float)>
                <div class="body">{children()}</div>
            </Show>
        </dialog>
    }
}

/// Esc closes popovers and drawers; sheets do it themselves.
pub fn close_with_escape() {
    let page = use_page();
    let _ = use_event_listener(document(), ev::keydown, move |event| {
        if event.key() == "Escape" {
            page.float.set(None);
            page.drawer.set(None);
        }
    });
}

fn focus(element: &web_sys::Element) {
    use wasm_bindgen::JsCast;
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        // An element that is gone takes no focus.
        let _ = element.focus();
    }
}

fn focus_first(within: &web_sys::Element) {
    if let Ok(Some(first)) = within.query_selector("button, a, input, select") {
        focus(&first);
    }
}
