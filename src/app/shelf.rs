//! The run shelf: finished runs stay to be drawn and opened again while the reader changes things.
//!
//! Whatever is finished when an edit trains it away is kept by itself. The shelf is of this visit: links hold
//! experiments, and each entry is one.

use super::icons;
use super::later::FromLater;
use super::page::{Page, use_page};
use crate::config::{ExperimentConfig, differences, needs_restart};
use crate::plots::Kept;
use crate::train::{History, Shelved};
use leptos::prelude::*;

/// Experiments that are kept; the oldest makes room.
const MOST_KEPT: usize = 12;
/// Kept runs that are drawn at once; the one chosen longest ago makes room.
const MOST_DRAWN: usize = 4;

/// Letters of two differences that still fit beside a curve.
const LONGEST_NAME: usize = 32;

/// A kept experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Counts entries of this visit.
    pub number: u32,
    pub config: ExperimentConfig,
    pub shelved: Shelved,
}

/// What is kept, the newest last, and which runs of it are drawn: (entry's number, run).
#[derive(Clone, Copy)]
pub struct Shelf {
    pub entries: RwSignal<Vec<Entry>>,
    pub drawn: RwSignal<Vec<(u32, usize)>>,
    /// What each drawn run is called; said once, not for every picture.
    names: Memo<Vec<String>>,
    last: StoredValue<u32>,
    /// What a screen reader is told of it.
    pub said: RwSignal<String>,
}

impl Shelf {
    /// Nothing yet; `config` is what is open.
    pub fn new(config: RwSignal<ExperimentConfig>) -> Self {
        let entries = RwSignal::new(Vec::<Entry>::new());
        let drawn = RwSignal::new(Vec::<(u32, usize)>::new());
        let names = Memo::new(move |_| {
            let name = |(number, run): &(u32, usize)| {
                let of = |entries: &Vec<Entry>| {
                    let entry = entries.iter().find(|entry| entry.number == *number)?;
                    let kept = entry.shelved.runs.get(*run)?;
                    Some(format!("{}, {}", kept.label, config.with(|now| difference(entry, now))))
                };
                entries.with(of).unwrap_or_default()
            };
            drawn.with(|drawn| drawn.iter().map(name).collect())
        });
        Self { entries, drawn, names, last: StoredValue::new(0), said: RwSignal::new(String::new()) }
    }

    /// Keeps what is known of this experiment if it is finished; one that trains the same takes the place of an
    /// earlier one. Whether it is kept.
    pub fn keep(self, config: &ExperimentConfig, history: &History) -> bool {
        let complete = history.runs.len() == config.runs.len();
        let Some(shelved) = Shelved::of(history).filter(|_| complete) else { return false };
        self.last.update_value(|last| *last += 1);
        let mut entry = Entry { number: self.last.get_value(), config: config.clone(), shelved };
        self.entries.update(|entries| {
            if let Some(same) = entries.iter().position(|old| !needs_restart(&old.config, config)) {
                // It is the same to the last digit, and stays drawn as it was.
                entry.number = entries.remove(same).number;
            } else if entries.len() == MOST_KEPT {
                // What is drawn is in use: others go first.
                let drawn = self.drawn.get_untracked();
                let idle = |entry: &Entry| drawn.iter().all(|(number, _)| *number != entry.number);
                let oldest = entries.remove(entries.iter().position(idle).unwrap_or(0)).number;
                self.drawn.update(|drawn| drawn.retain(|(number, _)| *number != oldest));
                self.said.set(format!("The shelf holds {MOST_KEPT} experiments; the oldest one is gone."));
            }
            entries.push(entry);
        });
        true
    }

    pub fn remove(self, number: u32) {
        self.drawn.update(|drawn| drawn.retain(|(of, _)| *of != number));
        self.entries.update(|entries| entries.retain(|entry| entry.number != number));
    }

    /// Draws a kept run, or hides it.
    pub fn toggle(self, number: u32, run: usize) {
        self.drawn.update(|drawn| match drawn.iter().position(|chosen| *chosen == (number, run)) {
            Some(at) => drop(drawn.remove(at)),
            None => {
                if drawn.len() == MOST_DRAWN {
                    drawn.remove(0);
                    self.said.set(format!("{MOST_DRAWN} kept runs are drawn at most; the first one gave way."));
                }
                drawn.push((number, run));
            }
        });
    }

    /// Calls `look` with the kept runs that are drawn beside this history; tracks what it reads.
    pub fn with_drawn<T>(self, history: &History, look: impl FnOnce(&[Kept]) -> T) -> T {
        let (drawn, names) = (self.drawn.get(), self.names.get());
        self.entries.with(|entries| {
            let kept = |((number, run), name): (&(u32, usize), &String)| {
                let entry = entries.iter().find(|entry| entry.number == *number)?;
                let kept = entry.shelved.runs.get(*run)?;
                entry.shelved.is_comparable(&history.outline.tasks).then(|| Kept {
                    name: name.clone(),
                    run: kept,
                    like: history.outline.runs.iter().position(|run| run.method == kept.method),
                })
            };
            look(&drawn.iter().zip(&names).filter_map(kept).collect::<Vec<_>>())
        })
    }
}

/// What was different in a kept experiment, as short as it can be said.
fn difference(entry: &Entry, now: &ExperimentConfig) -> String {
    let all = differences(&entry.config, now);
    match &all[..] {
        [] if entry.shelved.seeds > 1 => format!("kept, {} seeds", entry.shelved.seeds),
        [] => "kept".to_owned(),
        [first, second] if first.len() + second.len() <= LONGEST_NAME => format!("{first}, {second}"),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// Keeps the runs of the open experiment, unless what is drawn is still that of the one before.
pub fn keep_now(page: Page) -> bool {
    page.fresh.get_untracked()
        && page.config.with_untracked(|config| page.history.with_untracked(|history| page.shelf.keep(config, history)))
}

#[component]
pub fn ShelfSection() -> impl IntoView {
    let page = use_page();
    let shelf = page.shelf;
    let numbers = Memo::new(move |_| {
        shelf.entries.with(|entries| entries.iter().rev().map(|entry| entry.number).collect::<Vec<_>>())
    });
    let finished = Memo::new(move |_| page.fresh.get() && page.history.with(|history| history.finished));
    let keep = move |_| {
        if keep_now(page) {
            shelf.said.set("These runs are kept.".into());
        }
    };
    view! {
        <section class="sec shelf" aria-label="Run shelf" data-testid="shelf">
            <h3 tabindex="-1" id="run-shelf">
                "Run shelf "
                <span>{move || numbers.with(|numbers| format!("{} of {MOST_KEPT} kept", numbers.len()))}</span>
            </h3>
            <p class="note">
                {move || {
                    if numbers.with(Vec::is_empty) {
                        "Finished runs stay here while you change things, to be drawn beside the new ones."
                    } else {
                        "Choose runs to draw them, dotted, beside the present ones: up to 4, in losses, loss space \
                         and test metrics. The shelf lasts as long as this page is open."
                    }
                }}
            </p>
            <For each=move || numbers.get() key=|number| *number let:number>
                <FromLater make=move |later| (later.kept)(number) />
            </For>
            <button
                class="btn line small-btn"
                type="button"
                data-testid="shelf-keep"
                disabled=move || !finished.get()
                title="Keep the runs as they are now"
                on:click=keep
            >
                {icons::PLUS.draw()}
                "Keep these runs"
            </button>
            <p class="sr" role="status" aria-live="polite">
                {move || shelf.said.get()}
            </p>
        </section>
    }
}

/// The control that had the focus is gone; what follows it is reached from the heading.
fn focus_shelf() {
    use wasm_bindgen::JsCast;
    let heading = document().get_element_by_id("run-shelf");
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok()) {
        // An element that cannot take the focus leaves it where it is.
        let _ = heading.focus();
    }
}

/// One kept experiment: what differs from the open one, its runs, and the ways back and out.
#[component]
pub fn Item(number: u32) -> impl IntoView {
    let page = use_page();
    let shelf = page.shelf;
    let Some(entry) =
        shelf.entries.with_untracked(|entries| entries.iter().find(|entry| entry.number == number).cloned())
    else {
        return ().into_any();
    };
    let config = entry.config.clone();
    let what = Memo::new(move |_| {
        let all = page.config.with(|now| differences(&config, now));
        if all.is_empty() { "same settings".to_owned() } else { all.join(", ") }
    });
    let steps = entry.config.training.steps;
    let seeds = match entry.shelved.seeds {
        1 => format!("{steps} steps"),
        n => format!("{steps} steps, medians of {n} seeds"),
    };
    let tasks = entry.shelved.tasks.clone();
    let other =
        Memo::new(move |_| page.history.with(|history| !history.runs.is_empty() && history.outline.tasks != tasks));
    let chips = entry
        .shelved
        .runs
        .iter()
        .enumerate()
        .map(|(run, kept)| {
            let chosen = move || shelf.drawn.with(|drawn| drawn.contains(&(number, run)));
            let ended = kept.diverged.map(|step| format!("diverged at step {step}"));
            let losses = kept.losses.last().map(|(step, losses)| {
                let all: Vec<String> = losses.iter().map(|loss| crate::plots::number(*loss)).collect();
                format!("losses {} at step {step}", all.join(", "))
            });
            let facts: Vec<String> = losses.into_iter().chain(ended).collect();
            let facts = facts.join("; ");
            view! {
                <button
                    class="keep"
                    type="button"
                    aria-pressed=move || chosen().to_string()
                    disabled=move || other.get()
                    title=facts
                    data-testid=format!("shelf-draw-{number}-{run}")
                    on:click=move |_| shelf.toggle(number, run)
                >
                    {kept.label.clone()}
                </button>
            }
        })
        .collect_view();
    let back = entry.config.clone();
    view! {
        <article class="kept" data-testid="shelf-entry" aria-label=move || format!("Kept: {}", what.get())>
            <header>
                <p class="what" title=move || what.get()>
                    {move || what.get()}
                </p>
                <button
                    class="btn small-btn"
                    type="button"
                    title="Open this experiment again; undo leads back"
                    data-testid=format!("shelf-open-{number}")
                    on:click=move |_| page.open_kept(back.clone())
                >
                    "Open"
                </button>
                <button
                    class="btn icon"
                    type="button"
                    aria-label="Take off the shelf"
                    title="Take off the shelf"
                    data-testid=format!("shelf-remove-{number}")
                    on:click=move |_| {
                        shelf.remove(number);
                        focus_shelf();
                    }
                >
                    {icons::CLOSE.draw()}
                </button>
            </header>
            <p class="note">
                {seeds} {move || other.get().then_some(". Other tasks than now: open it to see it.")}
            </p>
            <div class="keeps" role="group" aria-label="Draw kept runs">
                {chips}
            </div>
        </article>
    }
    .into_any()
}
