//! Under a learned front of three tasks: views of space, and lines instead of it where both have no room.

use super::page::use_page;
use crate::config::ExperimentConfig;
use crate::plots::SURFACE_VIEWS;
use leptos::prelude::*;

#[component]
pub fn FrontPanel() -> impl IntoView {
    let page = use_page();
    let three = Memo::new(move |_| page.config.with(ExperimentConfig::n_tasks) == 3);
    let lines = page.fronts.lines;
    let view = move |(name, orbit): (&'static str, _)| {
        let chosen = move || (page.arrows.orbit.get() == orbit).to_string();
        view! {
            <button
                type="button"
                aria-pressed=chosen
                data-testid=format!("front-orbit-{name}")
                on:click=move |_| page.arrows.orbit.set(orbit)
            >
                {name}
            </button>
        }
    };
    view! {
        <Show when=move || three.get()>
            <div class="held" data-testid="front-panel">
                <span class="seg" role="group" aria-label="View of space">
                    {SURFACE_VIEWS.map(view).collect_view()}
                </span>
                <button
                    class="btn small-btn"
                    type="button"
                    aria-pressed=move || lines.get().to_string()
                    title="Lines over one axis a task instead of space, where there is no room for both"
                    data-testid="front-lines"
                    on:click=move |_| lines.update(|lines| *lines = !*lines)
                >
                    "lines"
                </button>
            </div>
        </Show>
    }
}
