//! The presets, each with what there is to see.

use super::float::Popover;
use super::page::{Float, use_page};
use crate::config::presets::PRESETS;
use leptos::prelude::*;

#[component]
pub fn PresetMenu() -> impl IntoView {
    let page = use_page();
    view! {
        <Popover float=Float::Presets label="Presets" class="menu" place="left:8px;top:44px;width:360px">
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
        </Popover>
    }
}
