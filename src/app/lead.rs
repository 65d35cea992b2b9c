//! The sentence that says from the numbers what happened, one call to action, and the quiet live region.

use super::engine::Engine;
use super::format::megabytes;
use super::page::{Trouble, use_page};
use super::painter::now;
use crate::measure::headline::headline;
use crate::plots::{Switch, front_headline, held_headline};
use leptos::prelude::*;
use std::time::Duration;

/// Least time between two messages to a screen reader.
const QUIET: Duration = Duration::from_secs(2);
/// A download without news for so long gets a sentence.
const STALLED: Duration = Duration::from_secs(10);

#[component]
pub fn Lead() -> impl IntoView {
    let page = use_page();
    let sentence = Memo::new(move |_| {
        match page.trouble.get() {
            Some(Trouble::Link(_)) => return "Nothing was run.".to_string(),
            Some(_) => return "Training stands still.".to_string(),
            None => {}
        }
        if page.loading.with(Option::is_some) {
            return format!("Loading {}.", page.config.with(|config| config.subject.title()));
        }
        let looks_at_held = page.arrows.rows.with(Option::is_some)
            && page
                .plots_on_screen()
                .iter()
                .any(|plot| page.with_scene(|scene| (plot.switch)(scene)) == Switch::Arrows);
        if looks_at_held && let Some(sentence) = page.with_scene(held_headline) {
            return sentence;
        }
        if let Some(sentence) = page.with_scene(front_headline) {
            return sentence;
        }
        let step = page.step.get();
        page.history.with(|history| {
            if history.runs.iter().all(|run| run.records.is_empty() && run.diverged.is_none()) {
                "One network, several tasks: watch how their gradients pull.".to_string()
            } else {
                headline(history, step)
            }
        })
    });
    let notices = move || {
        let notices = page.notices.get();
        (!notices.is_empty() && page.trouble.with(Option::is_none)).then(|| {
            view! {
                <p class="notice note">
                    {notices.join(" ")} " "
                    <button class="btn small-btn" type="button" on:click=move |_| page.notices.set(Vec::new())>
                        "Dismiss"
                    </button>
                </p>
            }
        })
    };
    view! {
        <div class="lead">
            <h1 data-testid="headline">{move || sentence.get()}</h1>
            <Show when=move || page.opened.get() && page.trouble.with(Option::is_none)>
                <button
                    class="btn line only-l"
                    type="button"
                    on:click=move |_| {
                        page.seek(0);
                        page.set_playing(true);
                    }
                >
                    "Play from 0"
                </button>
            </Show>
        </div>
        {notices}
        <Arriving />
        <Status sentence />
    }
}

/// How much of a file has come, and what to do when no more comes.
#[component]
fn Arriving() -> impl IntoView {
    let page = use_page();
    let stalled = RwSignal::new(false);
    let turn = StoredValue::new(0u32);
    Effect::new(move |_| {
        let waits = page.loading.with(Option::is_some);
        stalled.set(false);
        turn.update_value(|turn| *turn += 1);
        let this = turn.get_value();
        if waits {
            set_timeout(move || stalled.set(turn.get_value() == this), STALLED);
        }
    });
    let again = move |_| {
        page.loading.set(None);
        Engine::begin(page);
    };
    move || {
        let loading = page.loading.get()?;
        page.trouble.with(Option::is_none).then(|| {
            let share = loading.total.map(|total| 100.0 * loading.received as f64 / total.max(1) as f64);
            let amount = match loading.total {
                Some(total) => format!("{} of {}", megabytes(loading.received), megabytes(total)),
                None if loading.received == 0 => "waiting for the server".into(),
                None => megabytes(loading.received),
            };
            view! {
                <div class="arriving" data-testid="loading">
                    <span>{format!("{}, {amount}", loading.name)}</span>
                    <div
                        class="prog"
                        style=format!("--p:{:.1}%", share.unwrap_or(0.0))
                        role="progressbar"
                        aria-label=format!("Loading {}", loading.name)
                        aria-valuemin="0"
                        aria-valuemax="100"
                        aria-valuenow=share.map(|share| format!("{share:.0}"))
                    ></div>
                    {stalled
                        .get()
                        .then(|| {
                            view! {
                                <p class="note" role="alert">
                                    "Nothing has come for ten seconds. Wait, choose another data set, or "
                                    <button class="btn small-btn" type="button" on:click=again>
                                        "load it again"
                                    </button>
                                </p>
                            }
                        })}
                </div>
            }
        })
    }
}

/// Says what changed, politely and at most every two seconds.
#[component]
fn Status(sentence: Memo<String>) -> impl IntoView {
    let page = use_page();
    let words = Memo::new(move |_| {
        let state = if page.trouble.with(Option::is_some) {
            "stopped".to_string()
        } else if let Some(loading) = page.loading.get() {
            format!("loading {}", loading.name)
        } else if page.playing.get() {
            "playing".to_string()
        } else {
            format!("paused at step {}", page.step.get())
        };
        format!("{} {state}", sentence.get())
    });
    let said = RwSignal::new(String::new());
    let last = StoredValue::new(f64::NEG_INFINITY);
    let waiting = StoredValue::new(false);
    let say = move || {
        last.set_value(now());
        said.set(words.get_untracked());
    };
    Effect::new(move |_| {
        words.track();
        if waiting.get_value() {
            return;
        }
        let quiet = QUIET.as_secs_f64() * 1000.0 - (now() - last.get_value());
        if quiet <= 0.0 {
            say();
        } else {
            waiting.set_value(true);
            set_timeout(
                move || {
                    waiting.set_value(false);
                    say();
                },
                Duration::from_millis(quiet as u64),
            );
        }
    });
    view! {
        <p class="sr" role="status" aria-live="polite" data-testid="status">
            {move || said.get()}
        </p>
    }
}
