//! The preference below the views: where on the learned fronts the reader stands. Moving it trains nothing.

use super::fronts::learns;
use super::icons;
use super::knob::{Knob, Span, Walk};
use super::later::FromLater;
use super::page::use_page;
use super::preference::with_share;
use super::preference_triangle::PreferenceTriangle;
use super::problem_panel::commit;
use crate::config::{Edit, ExperimentConfig};
use crate::plots::{front_here, front_verdict};
use leptos::prelude::*;

/// One press of − or +.
const PRESS: f64 = 0.05;

#[component]
pub fn PreferenceBar() -> impl IntoView {
    let page = use_page();
    let shown = Memo::new(move |_| page.opened.get() && page.trouble.with(Option::is_none) && page.config.with(learns));
    view! {
        <Show when=move || shown.get()>
            <section class="prefbar" aria-label="Preference" data-testid="preference-slider">
                <FromLater make=|later| (later.preference_bar)() />
            </section>
        </Show>
    }
}

#[component]
pub fn Controls() -> impl IntoView {
    let page = use_page();
    let tasks = Memo::new(move |_| page.config.with(|config| config.subject.task_names()));
    let share = move |position: usize| {
        Signal::derive(move || page.config.with(|config| config.preference().get(position).copied().unwrap_or(0.0)))
    };
    let put = move |position: usize| {
        commit(page, move |share| {
            let before = page.config.with_untracked(ExperimentConfig::preference);
            Edit::Preference(Some(with_share(&before, position, share)))
        })
    };
    let why = RwSignal::new(None::<String>);
    let press = move |by: f64| {
        move |_| {
            let before = page.config.with_untracked(ExperimentConfig::preference);
            let share = super::format::rounded((before.first().copied().unwrap_or(0.0) + by).clamp(0.0, 1.0), 4);
            why.set(page.edit(Edit::Preference(Some(with_share(&before, 0, share)))).err());
        }
    };
    let controls = move || {
        let names = tasks.get();
        match &names[..] {
            [first, second] => {
                let title = format!("Share of {first}; {second} has the rest");
                view! {
                    <div class="ends">
                        <span>{format!("all for {second}")}</span>
                        <b>"Preference"</b>
                        <span>{format!("all for {first}")}</span>
                    </div>
                    <div class="one-share">
                        <button class="btn icon line" type="button" aria-label=format!("Less for {first}") on:click=press(-PRESS)>
                            {icons::MINUS.draw()}
                        </button>
                        <Knob
                            label=format!("Share of {first}")
                            value=share(0)
                            span=Span::new(0.0, 1.0, Walk::Linear)
                            commit=put(0)
                            title
                        />
                        <button class="btn icon line" type="button" aria-label=format!("More for {first}") on:click=press(PRESS)>
                            {icons::PLUS.draw()}
                        </button>
                    </div>
                }
                .into_any()
            }
            names => {
                let triangle = match names {
                    [a, b, c] => Some(view! { <PreferenceTriangle names=[a, b, c].map(ToString::to_string) /> }),
                    _ => None,
                };
                let names = names.to_vec();
                let sliders = names
                    .into_iter()
                    .enumerate()
                    .map(|(position, name)| {
                        let title = "Share of this task; the other shares keep their proportions and all add up to 1";
                        view! {
                            <Knob
                                label=name
                                value=share(position)
                                span=Span::new(0.0, 1.0, Walk::Linear)
                                commit=put(position)
                                title
                            />
                        }
                    })
                    .collect_view();
                view! {
                    <div class="ends"><b>"Preference"</b></div>
                    <div class="simplex">{triangle} <div class="shares">{sliders}</div></div>
                }
                .into_any()
            }
        }
    };
    // The first front that is drawn is what the words are about.
    let words = Memo::new(move |_| {
        page.with_scene(|scene| {
            let learner = |run: &usize| scene.history.outline.runs.get(*run).is_some_and(|run| run.members > 0);
            let run = (0..scene.history.outline.runs.len()).find(learner)?;
            Some((front_here(scene, run), front_verdict(scene, run)))
        })
    });
    let restarts = Memo::new(move |_| {
        page.config.with(|config| {
            let heeding = (0..config.runs.len()).filter(|run| config.runs[*run].heeds_preference());
            heeding.map(|run| crate::config::name_of_run(config, run)).collect::<Vec<_>>().join(", ")
        })
    });
    view! {
        {controls}
        {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        <p class="note" data-testid="front-here">
            {move || {
                let (here, verdict) = words.get().unwrap_or_default();
                let restarts = restarts.get();
                let price = if restarts.is_empty() {
                    String::new()
                } else {
                    format!(" {restarts} heeds the preference while it trains, so moving it trains all runs again.")
                };
                format!("{here} {verdict}{price}")
            }}
        </p>
    }
}
