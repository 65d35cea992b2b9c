//! The card in the place of the views when there is nothing to draw: what happened, what holds, what to do.

use super::engine::Engine;
use super::page::{Trouble, use_page};
use super::share::copy_text;
use crate::config::link::{Cause, Rejected};
use crate::config::presets::default_preset;
use crate::protocol::FailureCode;
use leptos::prelude::*;

#[component]
pub fn Failure() -> impl IntoView {
    let page = use_page();
    move || {
        page.trouble.get().map(|trouble| {
            let card = match trouble {
                Trouble::Link(rejected) => view! { <BadLink rejected=*rejected /> }.into_any(),
                Trouble::Worker(reason) => view! { <DeadWorker reason /> }.into_any(),
                Trouble::Failed { code, message } => view! { <Failed code message /> }.into_any(),
            };
            view! {
                <div class="msgwrap">
                    <section class="msg" role="alert" data-testid="error">
                        {card}
                    </section>
                </div>
            }
        })
    }
}

#[component]
fn BadLink(rejected: Rejected) -> impl IntoView {
    let page = use_page();
    let received = rejected.received.clone();
    let readable = rejected.readable.clone();
    let read = rejected
        .read
        .iter()
        .map(|(label, value)| {
            view! {
                <tr>
                    <th scope="row">"Read"</th>
                    <td>{format!("{label} {value}")}</td>
                </tr>
            }
        })
        .collect_view();
    let complaints = rejected
        .complaints
        .iter()
        .map(|complaint| {
            view! {
                <tr>
                    <th scope="row">"Not read"</th>
                    <td>{complaint.sentence.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    let run_readable = readable.map(|config| {
        let open = move |_| {
            page.notices.set(Vec::new());
            page.open((*config).clone());
            super::address::push(page);
        };
        view! {
            <button class="btn fill" type="button" data-testid="run-readable" on:click=open>
                "Run what could be read"
            </button>
        }
    });
    let copied = RwSignal::new(None::<bool>);
    let advice = match rejected.cause {
        Cause::Damaged => "Chat and mail programs sometimes cut or change long links. Nothing was run.",
        Cause::NewerVersion => "It stays in the address bar until you choose.",
        Cause::TooLong | Cause::Unreadable => "Nothing was run.",
    };
    view! {
        <h2>{rejected.cause.headline()}</h2>
        <p class="soft">{advice}</p>
        <table>
            <tbody>
                {complaints} {read}
                <tr>
                    <th scope="row">"Received"</th>
                    <td>
                        <code>{received.clone()}</code>
                    </td>
                </tr>
            </tbody>
        </table>
        <div class="row">
            {run_readable} <OpenDefault />
            <button
                class="btn"
                type="button"
                on:click=move |_| copy_text(received.clone(), move |done| copied.set(Some(done)))
            >
                {move || match copied.get() {
                    None => "Copy the link as received",
                    Some(true) => "Copied",
                    Some(false) => "The browser allows no copying",
                }}
            </button>
        </div>
    }
}

#[component]
fn OpenDefault() -> impl IntoView {
    let page = use_page();
    view! {
        <button
            class="btn line"
            type="button"
            data-testid="open-default"
            on:click=move |_| {
                page.notices.set(Vec::new());
                page.unknown.set_value(Vec::new());
                page.open(default_preset().config());
                super::address::push(page);
            }
        >
            "Open the default experiment"
        </button>
    }
}

#[component]
fn DeadWorker(reason: String) -> impl IntoView {
    let page = use_page();
    let again = move |_| {
        page.trouble.set(None);
        Engine::begin(page);
    };
    view! {
        <h2>"The training worker stopped."</h2>
        <p class="soft">
            "The page could not go on training: " {reason.trim_end_matches('.').to_string()}
            ". The experiment and its link are kept; starting again computes the same curves."
        </p>
        <div class="row">
            <button class="btn fill" type="button" data-testid="restart-worker" on:click=again>
                "Start the worker again"
            </button>
            <button class="btn line" type="button" on:click=move |_| drop(window().location().reload())>
                "Reload, keep the link"
            </button>
        </div>
    }
}

#[component]
fn Failed(code: FailureCode, message: String) -> impl IntoView {
    let page = use_page();
    let title = match code {
        FailureCode::Link => "This experiment cannot be trained.",
        FailureCode::Data => "The data could not be loaded.",
        FailureCode::Device => "The device stopped training.",
        FailureCode::Panic => "The training worker stopped.",
    };
    let again = move |_| {
        page.trouble.set(None);
        Engine::train(page);
    };
    view! {
        <h2>{title}</h2>
        <p class="soft">{message}</p>
        <div class="row">
            <Show when=move || code != FailureCode::Link>
                <button class="btn fill" type="button" data-testid="retry" on:click=again>
                    "Try again"
                </button>
            </Show>
            <Show when=move || !page.past.with(Vec::is_empty)>
                <button class="btn line" type="button" on:click=move |_| page.undo()>
                    "Undo the edit"
                </button>
            </Show>
            <OpenDefault />
        </div>
    }
}
