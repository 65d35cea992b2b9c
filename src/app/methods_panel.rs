//! The panel of the compared methods: a card for each run, and the methods that can join.

use super::icons;
use super::page::{Drawer, use_page};
use super::run_card::RunCard;
use super::shelf::ShelfSection;
use crate::balance::{Kind, METHODS, Method};
use crate::config::{Edit, RUNS};
use leptos::prelude::*;

#[component]
pub fn MethodsPanel() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    // Cards are rebuilt only when methods come or go; values inside change by themselves.
    let runs =
        Memo::new(move |_| page.config.with(|config| config.runs.iter().map(|run| run.method.id).collect::<Vec<_>>()));
    let learners = Memo::new(move |_| {
        let learner = |run: &crate::config::RunConfig| run.learned().map(|learned| learned.learner.id);
        page.config.with(|config| config.runs.iter().map(learner).collect::<Vec<_>>())
    });
    let cards = move || {
        let ids = runs.get();
        learners.track();
        (0..ids.len()).map(|run| view! { <RunCard run why /> }).collect_view()
    };
    let search = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let chosen = runs.get();
        let search = search.get();
        let fits = |method: &&Method| !chosen.contains(&method.id) && method.matches(&search);
        METHODS.iter().filter(fits).map(|method| method.id).collect::<Vec<_>>()
    });
    let full = Memo::new(move |_| runs.with(Vec::len) >= *RUNS.end());
    let item = move |method: &'static Method| {
        let add = move |_| why.set(page.edit(Edit::AddRun(method.id.into())).err());
        view! {
            <button
                class="item"
                type="button"
                role="checkbox"
                aria-checked="false"
                aria-disabled=move || full.get().to_string()
                data-testid=format!("method-{}", method.id)
                title=format!("{} {}, {}", method.optimizes, method.source.reference(), method.source.year)
                on:click=add
            >
                <b>{method.label}</b>
                <span>{method.gloss}</span>
            </button>
        }
    };
    let list = move || {
        let found = found.get();
        if found.is_empty() {
            let clear = move |_| search.set(String::new());
            return view! {
                <p class="note">"No other method fits."</p>
                <button class="btn line small-btn" type="button" on:click=clear>
                    "Clear the search"
                </button>
            }
            .into_any();
        }
        Kind::ALL
            .iter()
            .filter_map(|kind| {
                let of_kind: Vec<_> =
                    METHODS.iter().filter(|method| method.kind == *kind && found.contains(&method.id)).collect();
                (!of_kind.is_empty()).then(|| {
                    view! {
                        <h4>
                            {kind.words()} " " <span>{of_kind.len()}</span>
                        </h4>
                        {of_kind.into_iter().map(item).collect_view()}
                    }
                })
            })
            .collect_view()
            .into_any()
    };
    // Enter takes the first that fits.
    let enter = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Enter" => {
            if let Some(first) = found.with_untracked(|found| found.first().copied()) {
                let refused = page.edit(Edit::AddRun(first.into())).err();
                if refused.is_none() {
                    search.set(String::new());
                }
                why.set(refused);
            }
        }
        "Escape" if !search.with_untracked(String::is_empty) => {
            event.stop_propagation();
            search.set(String::new());
        }
        _ => {}
    };
    let to_list = move |_| {
        if let Some(list) = document().get_element_by_id("add-method") {
            list.scroll_into_view();
            if let Ok(Some(first)) = list.query_selector("input") {
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
                <ShelfSection />
                <section class="sec add" id="add-method" aria-label="Add a method">
                    <h3>
                        "Add a method "
                        <span>{move || format!("{} of {} runs", runs.with(Vec::len), RUNS.end())}</span>
                    </h3>
                    <input
                        class="box search"
                        type="search"
                        placeholder="Name, author, year or words"
                        aria-label="Search the methods"
                        data-testid="search-methods"
                        prop:value=move || search.get()
                        on:input=move |event| search.set(event_target_value(&event))
                        on:keydown=enter
                    />
                    {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
                    {list}
                    <p class="note links">
                        <a href="methods/" target="_blank">
                            "Table of all methods"
                        </a>
                        <a href="choose/" target="_blank">
                            "How to choose"
                        </a>
                    </p>
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
