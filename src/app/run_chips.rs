//! On narrower screens: the runs as chips that show and hide them, and the drawers' buttons.

use super::page::{Drawer, use_page};
use super::swatch::Swatch;
use crate::config::name_of_run;
use leptos::prelude::*;

#[component]
pub fn RunChips() -> impl IntoView {
    let page = use_page();
    let names = Memo::new(move |_| {
        page.config.with(|config| (0..config.runs.len()).map(|run| name_of_run(config, run)).collect::<Vec<_>>())
    });
    let chips = move || {
        names
            .get()
            .into_iter()
            .enumerate()
            .map(|(run, name)| {
                let drawn = move || page.shown().get(run).copied().unwrap_or(true);
                view! {
                    <button
                        class="runchip"
                        type="button"
                        aria-pressed=move || drawn().to_string()
                        on:click=move |_| page.toggle_run(run)
                    >
                        <Swatch position=run small=true />
                        {name}
                    </button>
                }
            })
            .collect_view()
    };
    let methods = move || {
        let shown = page.shown();
        format!("Methods, {} of {} drawn", shown.iter().filter(|shown| **shown).count(), shown.len())
    };
    let open = move |drawer: Drawer| {
        page.drawer.update(|now| *now = if *now == Some(drawer) { None } else { Some(drawer) });
    };
    view! {
        <Show when=move || page.opened.get()>
            <div class="runchips" role="group" aria-label="Runs">
                {chips}
                <button class="runchip more" type="button" on:click=move |_| open(Drawer::Methods)>
                    "Methods"
                </button>
            </div>
        </Show>
        <div class="drawers">
            <button
                class="btn line"
                type="button"
                aria-expanded=move || (page.drawer.get() == Some(Drawer::Problem)).to_string()
                on:click=move |_| open(Drawer::Problem)
            >
                "Problem"
            </button>
            <button
                class="btn line"
                type="button"
                aria-expanded=move || (page.drawer.get() == Some(Drawer::Methods)).to_string()
                on:click=move |_| open(Drawer::Methods)
            >
                {methods}
            </button>
        </div>
    }
}
