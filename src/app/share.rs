//! The link of the experiment: readable, its length, and whether it carries where the reader looks.

use super::page::use_page;
use crate::config::link;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Link() -> impl IntoView {
    let page = use_page();
    let (with_view, with_theme, with_backend) = (RwSignal::new(true), RwSignal::new(false), RwSignal::new(true));
    let said = RwSignal::new("Copy link");
    let address = Memo::new(move |_| {
        let mut config = if with_view.get() { page.with_view() } else { page.config.get() };
        config.view.theme = if with_theme.get() { page.theme.get() } else { None };
        if !with_backend.get() {
            config.backend = config.preset.config().backend;
        }
        let base = document().base_uri().ok().flatten().unwrap_or_default();
        let base = base.split(['#', '?']).next().unwrap_or_default().to_string();
        page.unknown.with_value(|unknown| format!("{base}{}", link::write_keeping(&config, unknown)))
    });
    let field = NodeRef::<html::Input>::new();
    let copy = move |_| {
        if let Some(field) = field.get_untracked() {
            field.select();
        }
        copy_text(address.get_untracked(), move |done| {
            // The link stays selected, so that a hand can copy it.
            said.set(if done { "Copied" } else { "Press Ctrl+C" });
        });
    };
    Effect::new(move |_| {
        address.track();
        said.set("Copy link");
    });
    let length = move || {
        let length = address.with(String::len);
        if length > link::LONG {
            format!("{length} characters. Some chat programs cut links of more than {}.", link::LONG)
        } else {
            format!("{length} characters")
        }
    };
    let option = move |label: &'static str, signal: RwSignal<bool>| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || signal.get()
                    on:change=move |event| signal.set(event_target_checked(&event))
                />
                {label}
            </label>
        }
    };
    view! {
            <p class="soft">
                "Whoever opens the link gets the same data, the same start and the same batches. It holds only what differs from the preset."
            </p>
            <div class="copy">
                <input
                    class="box"
                    type="text"
                    readonly
                    aria-label="Link"
                    data-testid="share-link"
                    node_ref=field
                    prop:value=move || address.get()
                />
                <button class="btn fill" type="button" data-testid="share-copy" on:click=copy>
                    {move || said.get()}
                </button>
            </div>
            <p class="note">{length}</p>
            <div>
                {option("Include the current step and view", with_view)}
                {option("Include the backend", with_backend)} {option("Include the theme", with_theme)}
            </div>
    }
}

/// Puts a text on the clipboard and tells whether that worked.
pub fn copy_text(text: String, done: impl FnOnce(bool) + 'static) {
    let navigator = window().navigator();
    // Pages without a secure origin and sandboxed frames have none.
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into()).ok().filter(|found| found.is_object());
    if clipboard.is_none() {
        return done(false);
    }
    let promise = navigator.clipboard().write_text(&text);
    leptos::task::spawn_local(async move {
        done(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok());
    });
}
