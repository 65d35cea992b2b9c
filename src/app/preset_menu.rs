//! The presets, each with what there is to see.

use super::page::use_page;
use crate::config::presets::PRESETS;
use leptos::prelude::*;

#[component]
pub fn Presets() -> impl IntoView {
    let page = use_page();
    view! {
            <h3>"Each starts afresh; what was changed can be undone."</h3>
            {move || {
                let chosen = page.config.with(|config| config.preset.id);
                PRESETS
                    .iter()
                    .map(|preset| {
                        let pick = move |_| {
                            page.float.set(None);
                            page.open_preset(preset);
                        };
                        view! {
                            <button
                                class="item"
                                type="button"
                                role="menuitemradio"
                                data-testid=format!("preset-{}", preset.id)
                                aria-checked=(preset.id == chosen).to_string()
                                on:click=pick
                            >
                                <b>{preset.label}</b>
                                <span>{preset.description}</span>
                            </button>
                        }
                    })
                    .collect_view()
            }}
    }
}
