//! Files to take away: every record as CSV, a plot as SVG, the experiment as JSON.

use super::export;
use super::page::use_page;
use leptos::prelude::*;

#[component]
pub fn Files() -> impl IntoView {
    let page = use_page();
    let save = move |kind: &'static str, view: Option<&'static str>| {
        move |_| {
            page.float.set(None);
            if let Ok(file) = export::file(page, kind, view) {
                export::save(&file);
            }
        }
    };
    view! {
            <button class="item" type="button" on:click=save("csv", None)>
                <b>"Records, CSV"</b>
                <span>"One line a run, step and quantity"</span>
            </button>
            <button class="item" type="button" on:click=save("json", None)>
                <b>"Experiment, JSON"</b>
                <span>"Configuration, link and records"</span>
            </button>
            <h3>"Plot, SVG, light"</h3>
            {move || {
                page.plots_on_screen()
                    .into_iter()
                    .map(|plot| {
                        view! {
                            <button class="item" type="button" on:click=save("svg", Some(plot.id))>
                                <b>{plot.title}</b>
                            </button>
                        }
                    })
                    .collect_view()
            }}
            <h3>"Numbers of a plot, CSV"</h3>
            {move || {
                page.plots_on_screen()
                    .into_iter()
                    .map(|plot| {
                        view! {
                            <button class="item" type="button" on:click=save("csv", Some(plot.id))>
                                <b>{plot.title}</b>
                            </button>
                        }
                    })
                    .collect_view()
            }}
    }
}
