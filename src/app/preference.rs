//! The preference: what share of the attention each task gets from the methods that heed one.

use super::format::rounded;
use super::knob::{Knob, Span, Walk};
use super::page::use_page;
use super::problem_panel::commit;
use crate::balance::{METHODS, Need};
use crate::config::{Edit, RunConfig};
use leptos::prelude::*;

#[component]
pub fn Preference() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let tasks = Memo::new(move |_| page.config.with(|config| config.subject.task_names()));
    let even = Memo::new(move |_| page.config.with(|config| config.training.preference.is_none()));
    let sliders = move || {
        tasks
            .get()
            .into_iter()
            .enumerate()
            .map(|(position, task)| {
                let value = Signal::derive(move || {
                    page.config.with(|config| rounded(config.preference().get(position).copied().unwrap_or(0.0), 4))
                });
                let set = commit(page, move |share| {
                    let before = page.config.with_untracked(crate::config::ExperimentConfig::preference);
                    Edit::Preference(Some(with_share(&before, position, share)))
                });
                let title = "Share of this task; the other shares keep their proportions and all add up to 1";
                view! { <Knob label=task value span=Span::new(0.0, 1.0, Walk::Linear) commit=set title /> }
            })
            .collect_view()
    };
    let heeding = move || {
        page.config.with(|config| {
            let names = |which: fn(&RunConfig) -> bool| {
                let mut names: Vec<&str> = Vec::new();
                for run in config.runs.iter().filter(|run| which(run)) {
                    let name = run.learned().map_or(run.method.label, |learned| learned.learner.label);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                names.join(", ")
            };
            let (heeding, learning) = (names(RunConfig::heeds_preference), names(|run| run.learned().is_some()));
            let all = config.runs.iter().all(RunConfig::heeds_preference);
            match (heeding.is_empty(), learning.is_empty()) {
                (true, true) => {
                    let heeding = || METHODS.iter().filter(|method| method.needs(Need::Preference));
                    let some = heeding().take(3).map(|method| method.label).collect::<Vec<_>>().join(", ");
                    let (count, all) = (heeding().count(), METHODS.len());
                    format!("No compared method heeds it; {count} of {all} do, such as {some}.")
                }
                (true, false) => format!("Moves along the front of {learning}; nothing is trained again."),
                (false, false) => format!("Heeded by {heeding}; moves along the front of {learning}."),
                (false, true) if all => "Every compared method heeds it.".to_owned(),
                (false, true) => format!("Heeded by {heeding}; the other methods have no place for one."),
            }
        })
    };
    view! {
        <Show when=move || tasks.with(|tasks| tasks.len() > 1)>
            <section class="sec" data-testid="preference">
                <h3>
                    "Preference " <span>{move || if even.get() { "even" } else { "shares of the tasks" }}</span>
                    <Show when=move || !even.get()>
                        <button
                            class="btn line small-btn end"
                            type="button"
                            on:click=move |_| why.set(page.edit(Edit::Preference(None)).err())
                        >
                            "Even"
                        </button>
                    </Show>
                </h3>
                {sliders}
                {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
                <p class="note under">{heeding}</p>
            </section>
        </Show>
    }
}

/// Shares (K) with one of them set: the others keep their proportions, or share evenly where they had nothing.
pub fn with_share(before: &[f64], position: usize, share: f64) -> Vec<f64> {
    let rest: f64 = before.iter().enumerate().filter(|(at, _)| *at != position).map(|(_, share)| share).sum();
    let left = 1.0 - share;
    let others = before.len().saturating_sub(1).max(1) as f64;
    before
        .iter()
        .enumerate()
        .map(|(at, old)| match at {
            _ if at == position => share,
            _ if rest > 0.0 => rounded(left * old / rest, 4),
            _ => rounded(left / others, 4),
        })
        .collect()
}
