//! How many seeds the runs are repeated over, how far that is, and a way to stop it.

use super::engine::Engine;
use super::page::use_page;
use crate::config::Edit;
use crate::train::{ended, progress_words};
use leptos::prelude::*;

/// Numbers of seeds on offer beside the one that is set.
const OFFERED: [u32; 3] = [1, 5, 20];

#[component]
pub fn SeedsControl() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let now = Memo::new(move |_| page.config.with(|config| config.training.seeds));
    let buttons = move || {
        let mut offered = OFFERED.to_vec();
        if !offered.contains(&now.get()) {
            offered.push(now.get());
            offered.sort_unstable();
        }
        let button = |seeds: u32| {
            view! {
                <button
                    type="button"
                    aria-label=if seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") }
                    aria-pressed=move || (now.get() == seeds).to_string()
                    on:click=move |_| why.set(page.edit(Edit::Seeds(seeds)).err())
                >
                    {seeds.to_string()}
                </button>
            }
        };
        offered.into_iter().map(button).collect_view()
    };
    let words = move || page.seeds.with(|known| known.as_ref().map(progress_words).unwrap_or_default());
    let goes_on = Memo::new(move |_| page.seeds.with(|known| known.as_ref().is_some_and(|known| !ended(known))));
    // Every second another number would be too much to listen to.
    let said = Memo::new(move |_| match (page.seeds.with(Option::is_some), goes_on.get()) {
        (false, _) => String::new(),
        (true, true) => "Training further seeds.".to_owned(),
        (true, false) => words(),
    });
    view! {
        <div class="knob">
            <span class="lab">"Repeat over"</span>
            <div class="two">
                <span class="seg" role="group" aria-label="Seeds to repeat over" data-testid="seeds">
                    {buttons}
                </span>
                <span class="note">"seeds"</span>
            </div>
        </div>
        <Show when=move || page.seeds.with(Option::is_some)>
            <p class="note" data-testid="seeds-progress">
                {words}
                " "
                <Show when=move || goes_on.get()>
                    <button
                        class="btn"
                        type="button"
                        title="Train no further seeds; the complete ones stay"
                        data-testid="stop-seeds"
                        on:click=move |_| Engine::stop_seeds(page)
                    >
                        "Stop"
                    </button>
                </Show>
            </p>
        </Show>
        <p class="sr" role="status" aria-live="polite">
            {move || said.get()}
        </p>
        {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
    }
}
