//! What a card says about its method: what it optimizes, when to choose it, pitfalls, cost, promises, citation.

use super::page::use_page;
use super::share::copy_text;
use crate::balance::Method;
use leptos::prelude::*;

#[component]
pub fn AboutMethod(
    method: &'static Method,
    /// The run, whose modifiers have their price.
    run: usize,
) -> impl IntoView {
    let page = use_page();
    let said = RwSignal::new("Copy BibTeX");
    let copy = move |_| {
        copy_text(method.source.bibtex(method.id), move |done| {
            said.set(if done { "Copied" } else { "No clipboard here: see the table of methods" });
        });
    };
    let promises = method.promises.iter().map(|promise| promise.words()).collect::<Vec<_>>().join("; ");
    let cost = Memo::new(move |_| {
        page.config.with(|config| {
            let modifiers = config.runs.get(run).map_or(&[][..], |run| &run.modifiers);
            let more = modifiers.iter().filter_map(|applied| {
                Some(format!("; {}: {}", applied.modifier.label, applied.modifier.cost_words(method)?))
            });
            format!("{}{}.", method.cost_words(), more.collect::<String>())
        })
    });
    let facts = [
        ("Choose it", method.choose.to_string()),
        ("Leave it", method.avoid.to_string()),
        ("Pitfalls", method.pitfalls.to_string()),
        ("Promises", format!("{promises}.")),
    ];
    view! {
        <p class="small soft">{method.optimizes}</p>
        <dl class="facts">
            {facts
                .map(|(name, text)| {
                    view! {
                        <dt>{name}</dt>
                        <dd>{text}</dd>
                    }
                })
                .collect_view()}
            <dt>"A step"</dt>
            <dd>{move || cost.get()}</dd>
        </dl>
        <p class="note">
            <a href=method.source.link target="_blank" rel="noreferrer">
                {method.source.reference()}
            </a>
            {format!(", {}", method.source.year)}
        </p>
        <div class="row">
            <button class="btn line small-btn" type="button" on:click=copy>
                {move || said.get()}
            </button>
            <a class="small" href=format!("methods/#{}", method.id) target="_blank">
                "In the table of methods"
            </a>
        </div>
    }
}
