//! The chip that says where training runs, and the ladder that led there.

use super::float::Popover;
use super::format::{megabytes, pace};
use super::icons;
use super::later::FromLater;
use super::page::{Float, use_page};
use super::share::copy_text;
use crate::config::{BackendChoice, Edit};
use crate::protocol::{BackendKind, BackendReport, Command, Stored};
use crate::train::History;
use leptos::prelude::*;

#[component]
pub fn BackendChip() -> impl IntoView {
    let page = use_page();
    let kind = move || match page.backend.with(|report| report.as_ref().map(|report| report.kind)) {
        Some(BackendKind::Gpu) => "GPU",
        Some(BackendKind::Cpu) => "CPU",
        None => "…",
    };
    let speed = move || {
        page.backend.with(|report| {
            let report = report.as_ref()?;
            let pace = report.steps_per_second.map(pace);
            let words = [Some(report.adapter.clone()).filter(|name| !name.is_empty()), pace];
            Some(words.into_iter().flatten().collect::<Vec<_>>().join(", "))
        })
    };
    view! {
        <button
            class="chip"
            type="button"
            data-testid="backend-chip"
            aria-haspopup="dialog"
            aria-expanded=move || (page.float.get() == Some(Float::Backend)).to_string()
            on:click=move |_| page.toggle(Float::Backend)
        >
            <i class="dot"></i>
            <span class="clip">
                <b>{kind}</b>
                <span class="speed">" " {speed}</span>
            </span>
            {icons::CARET.draw()}
        </button>
        <Popover float=Float::Backend label="Backend" place="right:16px;top:44px">
            <FromLater make=|later| (later.backend)() />
        </Popover>
    }
}

/// What was tried, what came of it, and another choice.
#[component]
pub fn Ladder() -> impl IntoView {
    let page = use_page();
    let copied = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = page.backend.with_untracked(|report| report.as_ref().map(details)).unwrap_or_default();
        let version = page.engine.with_value(|engine| engine.version());
        let agent = window().navigator().user_agent().unwrap_or_default();
        copy_text(format!("Paretoscope {version}\n{agent}\n{text}"), move |done| copied.set(Some(done)));
    };
    let choose = move |choice: BackendChoice| {
        // Every value of the enum is allowed everywhere.
        let _ = page.edit(Edit::Backend(choice));
    };
    view! {
        {move || match page.backend.get() {
            None => view! { <p class="soft">"The worker has not reported yet."</p> }.into_any(),
            Some(report) => {
                let (title, rest) = match report.statement.split_once(". ") {
                    Some((title, rest)) => (title.to_string(), rest.to_string()),
                    None => (report.statement.trim_end_matches('.').to_string(), String::new()),
                };
                let rungs = report
                    .rungs
                    .iter()
                    .enumerate()
                    .map(|(i, rung)| {
                        let answer = if rung.passed {
                            view! { <span>{rung.detail.clone()}</span> }.into_any()
                        } else {
                            view! { <b class="failed">{rung.detail.clone()}</b> }.into_any()
                        };
                        view! {
                            <li>
                                <span>{i + 1}</span>
                                <span>{rung.name.clone()}</span>
                                {answer}
                            </li>
                        }
                    })
                    .collect_view();
                view! {
                    <h3>{title}</h3>
                    <p class="soft">{rest}</p>
                    <ol>{rungs}</ol>
                }
                    .into_any()
            }
        }}
        <p class="note" data-testid="memory">{move || page.history.with(memory)}</p>
        <div class="knob two-col">
            <span class="lab">"Train on"</span>
            <div class="two">
                <span class="seg">
                    {[("auto", BackendChoice::Auto), ("CPU", BackendChoice::Cpu), ("GPU", BackendChoice::Gpu)]
                        .map(|(label, choice)| {
                            view! {
                                <button
                                    type="button"
                                    data-testid=format!("backend-{}", label.to_lowercase())
                                    aria-pressed=move || page.config.with(|c| c.backend == choice).to_string()
                                    on:click=move |_| choose(choice)
                                >
                                    {label}
                                </button>
                            }
                        })
                        .collect_view()}
                </span>
            </div>
        </div>
        <p class="note">"What asks for the CPU has the same curves on every machine. Others may be marked ≈: last bits differ."</p>
        <div class="row">
            <button class="btn line" type="button" on:click=move |_| page.send(&Command::ProbeBackend)>
                "Try again"
            </button>
            <button class="btn" type="button" on:click=copy>
                {move || match copied.get() {
                        None => "Copy details",
                        Some(true) => "Copied",
                        Some(false) => "The browser allows no copying",
                    }}
            </button>
        </div>
    }
}

/// `Checkpoints: 4 × 101, 1.2 MB of at most 101 MB. Stepping back trains nothing again.` Empty before the first one.
pub fn memory(history: &History) -> String {
    let Stored { count, bytes, most_bytes } = history.checkpoints;
    let runs = history.runs.len() as u32;
    if count == 0 {
        return String::new();
    }
    let each =
        if runs > 1 && count.is_multiple_of(runs) { format!("{runs} × {}", count / runs) } else { count.to_string() };
    let (bytes, most) = (megabytes(bytes), megabytes(most_bytes));
    format!("Checkpoints: {each}, {bytes} of at most {most}. Stepping back trains nothing again.")
}

fn details(report: &BackendReport) -> String {
    let mut text = format!("{}\n", report.statement);
    for rung in &report.rungs {
        text += &format!("{} {}: {}\n", if rung.passed { "+" } else { "-" }, rung.name, rung.detail);
    }
    text
}
