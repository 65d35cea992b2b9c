//! The transport: reset, back, play, on, scrub with events, speed and the step as a number.

use super::events::{self, Look, Mark};
use super::icons;
use super::page::{Page, use_page};
use super::playback::SPEEDS;
use crate::train::History;
use leptos::prelude::*;

#[component]
pub fn Transport() -> impl IntoView {
    let page = use_page();
    let steps = Memo::new(move |_| page.config.with(|config| config.training.steps.max(1)));
    let head = Memo::new(move |_| page.history.with(History::head));
    let share = move |step: u32| f64::from(step.min(steps.get())) / f64::from(steps.get());
    // The thumb's center travels between its own radii.
    let along = move |step: u32| format!("calc(8px + (100% - 16px) * {:.5})", share(step));
    let marks = Memo::new(move |_| events::marks(page));
    let drawn = move || {
        let marks = marks.get();
        let labels = labeled(&marks, steps.get());
        marks
            .into_iter()
            .zip(labels)
            .map(|(mark, labeled)| {
                let place = along(mark.step);
                let first = share(mark.step) < 0.12;
                let bad = mark.look == Look::Bad;
                let tag = mark.tag.clone().filter(|_| labeled).map(|words| {
                    let style = if first { format!("left:{place};margin-left:-4px") } else { format!("left:{place}") };
                    view! { <span class="tag" class:l=first class:bad=bad style=style>{words}</span> }
                });
                view! {
                    <i class=mark.look.class() title=mark.words.clone() style=format!("left:{place}")></i>
                    {tag}
                }
            })
            .collect_view()
    };
    let go = move |event| {
        let chosen = event_target_value(&event).parse::<usize>().ok();
        if let Some(mark) = chosen.and_then(|at| marks.with_untracked(|marks| marks.get(at).cloned())) {
            page.playing.set(false);
            page.seek(mark.step);
        }
        // The list is a menu: its title shows, whatever was chosen.
        event_target::<web_sys::HtmlSelectElement>(&event).set_selected_index(0);
    };
    let off = move || page.trouble.with(Option::is_some) || !page.opened.get();
    let play_label = move || if page.playing.get() { "Pause" } else { "Play" };
    let draft = RwSignal::new(None::<String>);
    let wrong = RwSignal::new(false);
    let typed = move |event| {
        let text = event_target_value(&event);
        match text.trim().parse::<u32>() {
            Ok(step) if step <= steps.get_untracked() => {
                draft.set(None);
                wrong.set(false);
                page.playing.set(false);
                page.seek(step);
            }
            _ => {
                draft.set(Some(text));
                wrong.set(true);
            }
        }
    };
    Effect::watch(
        move || page.cursor.get(),
        move |_, _, _| {
            draft.set(None);
            wrong.set(false);
        },
        false,
    );
    view! {
        <footer class="bar" class:off=off aria-label="Playback">
            <button
                class="btn icon"
                type="button"
                data-testid="reset"
                aria-label="Back to step 0, same seed"
                title="Back to step 0 (R)"
                prop:disabled=off
                on:click=move |_| reset(page)
            >
                {icons::RESET.draw()}
            </button>
            <button
                class="btn icon"
                type="button"
                data-testid="step-back"
                aria-label="One step back"
                title="One step back (←)"
                prop:disabled=off
                on:click=move |_| page.seek_by(-1)
            >
                {icons::BACK.draw()}
            </button>
            <button
                class="play"
                type="button"
                data-testid="play"
                aria-label=play_label
                title=move || format!("{} (Space)", play_label())
                aria-pressed=move || page.playing.get().to_string()
                prop:disabled=off
                on:click=move |_| page.set_playing(!page.playing.get_untracked())
            >
                {move || if page.playing.get() { icons::PAUSE.draw() } else { icons::PLAY.draw() }}
            </button>
            <button
                class="btn icon"
                type="button"
                data-testid="step"
                aria-label="One step on"
                title="One step on (→)"
                prop:disabled=off
                on:click=move |_| page.seek_by(1)
            >
                {icons::ON.draw()}
            </button>
            <div class="scrub">
                {drawn} <i class="rest"></i>
                <i class="done" style=("width", move || format!("{:.3}%", 100.0 * share(head.get())))></i>
                <i class="gone" style=("width", move || along(page.cursor.get()))></i>
                <input
                    type="range"
                    data-testid="scrub"
                    min="0"
                    max=move || steps.get().to_string()
                    step="1"
                    aria-label="Step"
                    aria-valuetext=move || format!("step {} of {}", page.cursor.get(), steps.get())
                    prop:disabled=off
                    prop:value=move || {
                        // The range must be there before the value, or the browser cuts it.
                        steps.track();
                        page.cursor.get().to_string()
                    }
                    on:input=move |event| {
                        page.playing.set(false);
                        page.seek(event_target_value(&event).parse().unwrap_or(0));
                    }
                />
            </div>
            <select
                class="small plain only-l"
                aria-label="Go to an event"
                title="Events: [ goes to the one before, ] to the next"
                data-testid="events"
                prop:disabled=move || off() || marks.with(Vec::is_empty)
                on:change=go
            >
                <option value="">{move || format!("events ({})", marks.with(Vec::len))}</option>
                {move || {
                    marks
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, mark)| view! { <option value=at.to_string()>{mark.words}</option> })
                        .collect_view()
                }}
            </select>
            <select
                class="small plain"
                aria-label="Speed"
                data-testid="speed"
                on:change=move |event| {
                    let chosen = event_target_value(&event).parse::<usize>().ok().and_then(|at| SPEEDS.get(at));
                    page.speed.set(chosen.map_or(1.0, |(speed, _)| *speed));
                }
            >
                {SPEEDS
                    .iter()
                    .enumerate()
                    .map(|(at, (speed, label))| {
                        view! {
                            <option value=at.to_string() selected=move || page.speed.get() == *speed>
                                {*label}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            <span class="count">
                <input
                    class="box"
                    type="text"
                    inputmode="numeric"
                    aria-label="Step, number"
                    data-testid="step-box"
                    aria-invalid=move || wrong.get().to_string()
                    title=move || if wrong.get() { format!("A step is a whole number from 0 to {}.", steps.get()) } else { String::new() }
                    prop:disabled=off
                    prop:value=move || draft.get().unwrap_or_else(|| page.cursor.get().to_string())
                    on:change=typed
                />
                <span>{move || format!("of {}", steps.get())}</span>
            </span>
        </footer>
    }
}

/// Back to step 0 with the same seed: nothing is trained again.
pub fn reset(page: Page) {
    page.playing.set(false);
    page.seek(0);
}

/// Which marks get their words: those that do not touch the words before them. The first one stays.
fn labeled(marks: &[Mark], steps: u32) -> Vec<bool> {
    // A label takes about a sixth of a track of usual width.
    let room = f64::from(steps) / 6.0;
    let mut last = f64::NEG_INFINITY;
    marks
        .iter()
        .map(|mark| {
            let fits = mark.tag.is_some() && f64::from(mark.step) - last >= room;
            if fits {
                last = f64::from(mark.step);
            }
            fits
        })
        .collect()
}
