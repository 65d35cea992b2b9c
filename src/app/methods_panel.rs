//! The panel of the compared methods: a card for each run, and the methods that can join.

use super::icons;
use super::page::{Drawer, use_page};
use super::run_card::RunCard;
use crate::balance::{Kind, METHODS};
use crate::config::{Edit, RUNS};
use leptos::prelude::*;

const KINDS: [(Kind, &str); 3] = [
    (Kind::LossWeighting, "weigh the losses"),
    (Kind::GradientWeighting, "weigh the gradients"),
    (Kind::GradientSurgery, "change the gradients"),
];

#[component]
pub fn MethodsPanel() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    // Cards are rebuilt only when methods come or go; values inside change by themselves.
    let runs =
        Memo::new(move |_| page.config.with(|config| config.runs.iter().map(|run| run.method.id).collect::<Vec<_>>()));
    let cards = move || {
        let ids = runs.get();
        (0..ids.len()).map(|run| view! { <RunCard run why /> }).collect_view()
    };
    let list = move || {
        let chosen = runs.get();
        KINDS
            .iter()
            .filter_map(|(kind, words)| {
                let items = METHODS
                    .iter()
                    .filter(|method| method.kind == *kind && !chosen.contains(&method.id))
                    .map(|method| {
                        let add = move |_| why.set(page.edit(Edit::AddRun(method.id.into())).err());
                        view! {
                            <button
                                class="item"
                                type="button"
                                role="checkbox"
                                aria-checked="false"
                                data-testid=format!("method-{}", method.id)
                                title=format!("{} {}, {}", method.about, method.paper, method.year)
                                on:click=add
                            >
                                <b>{method.label}</b>
                                <span>{method.gloss}</span>
                            </button>
                        }
                    })
                    .collect_view();
                let any = METHODS.iter().any(|method| method.kind == *kind && !chosen.contains(&method.id));
                any.then(|| {
                    view! {
                        <h4>{*words}</h4>
                        {items}
                    }
                })
            })
            .collect_view()
    };
    let to_list = move |_| {
        if let Some(list) = document().get_element_by_id("add-method") {
            list.scroll_into_view();
            if let Ok(Some(first)) = list.query_selector("button") {
                use wasm_bindgen::JsCast;
                let _ = first.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        }
    };
    view! {
        <aside class="right" aria-label="Methods" data-testid="methods">
            <div class="ph">
                <h2>"Methods"</h2>
                <span class="grow"></span>
                <Show when=move || page.opened.get()>
                    <button class="btn" type="button" on:click=to_list>
                        {icons::PLUS.draw()}
                        "Add"
                    </button>
                </Show>
                <button
                    class="btn icon close-drawer"
                    type="button"
                    aria-label="Close"
                    on:click=move |_| page.drawer.set(None)
                >
                    {icons::CLOSE.draw()}
                </button>
            </div>
            <Show
                when=move || page.opened.get()
                fallback=|| {
                    view! {
                        <div class="foot">
                            <p class="note">"Methods appear here with the experiment."</p>
                        </div>
                    }
                }
            >
                {cards}
                <section class="sec add" id="add-method" aria-label="Add a method">
                    <h3>
                        "Add a method "
                        <span>{move || format!("{} of {} runs", runs.with(Vec::len), RUNS.end())}</span>
                    </h3>
                    {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
                    {list}
                </section>
                <div class="foot">
                    <p class="note">"One seed decides nothing. Try several before you call a method better."</p>
                    <div>
                        <button
                            class="btn line"
                            type="button"
                            on:click=move |_| super::problem_panel::new_seed(page)
                        >
                            {icons::DICE.draw()}
                            "New seed"
                        </button>
                    </div>
                </div>
            </Show>
        </aside>
        <Show when=move || page.drawer.get() == Some(Drawer::Methods) && !page.narrow.get()>
            <div class="veil" on:click=move |_| page.drawer.set(None)></div>
        </Show>
    }
}
