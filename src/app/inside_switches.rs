//! The controls of the view into the network: layers or rows, which layer, which batch; and the way back from a layer.

use super::page::{Page, use_page};
use crate::protocol::ProbedRows;
use leptos::prelude::*;

#[component]
pub fn InsideSwitches() -> impl IntoView {
    let page = use_page();
    let inside = page.probing;
    let rows = move || inside.examples.get();
    view! {
        <div class="seg" role="group" aria-label="Layers or rows">
            <button type="button" aria-pressed=move || (!rows()).to_string() on:click=move |_| inside.examples.set(false)>
                "layers"
            </button>
            <button
                type="button"
                aria-pressed=move || rows().to_string()
                data-testid="inside-rows"
                on:click=move |_| inside.examples.set(true)
            >
                "rows"
            </button>
        </div>
        <Show when=rows fallback=move || view! { <LayerChoice page /> }>
            <button
                class="btn small-btn"
                type="button"
                aria-pressed=move || inside.worst_first.get().to_string()
                title="Rows by their cosine, or as in the batch"
                on:click=move |_| inside.worst_first.update(|worst| *worst = !*worst)
            >
                {move || if inside.worst_first.get() { "worst first" } else { "in order" }}
            </button>
        </Show>
        <Show when=rows>
            <RowChoice page />
        </Show>
        <Show when=move || !matches!(inside.rows.get(), ProbedRows::Chosen(_))>
            <BatchChoice page />
        </Show>
    }
}

/// Which layer the gradient view stands at.
#[component]
fn LayerChoice(page: Page) -> impl IntoView {
    let inside = page.probing;
    let n_layers = Memo::new(move |_| inside.n_layers());
    let choose = move |event| inside.layer.set(event_target_value(&event).parse().ok());
    view! {
        <select class="small plain" aria-label="Gradients shows" data-testid="inside-layer" on:change=choose>
            <option value="" selected=move || inside.layer.get().is_none()>
                "arrows: all layers"
            </option>
            {move || {
                (0..n_layers.get())
                    .map(|layer| {
                        view! {
                            <option value=layer.to_string() selected=move || inside.layer.get() == Some(layer)>
                                {format!("arrows: layer {}", layer + 1)}
                            </option>
                        }
                    })
                    .collect_view()
            }}
        </select>
    }
}

/// The batch whose rows are probed, by the step that trains on it; empty for that of the shown step.
#[component]
fn BatchChoice(page: Page) -> impl IntoView {
    let inside = page.probing;
    let why = RwSignal::new(None::<String>);
    let choose = move |event| {
        let text = event_target_value(&event);
        let last = page.config.with_untracked(|config| config.training.steps);
        let batch = match text.trim() {
            "" => Ok(None),
            text => text.parse::<u32>().ok().filter(|step| *step <= last).map(Some).ok_or(text),
        };
        match batch {
            Ok(batch) => {
                why.set(None);
                inside.rows.set(ProbedRows::Batch(batch));
            }
            Err(_) => why.set(Some(format!("A batch is named by its step, 0 to {last}."))),
        }
    };
    let value = move || match inside.rows.get() {
        ProbedRows::Batch(Some(step)) => step.to_string(),
        _ => String::new(),
    };
    view! {
        <input
            class="box"
            type="number"
            min="0"
            inputmode="numeric"
            placeholder="batch"
            aria-label="Batch of step; empty for the batch of the shown step"
            title="Batch of step; empty for the batch of the shown step"
            data-testid="inside-batch"
            aria-invalid=move || why.with(Option::is_some).to_string()
            prop:value=value
            on:change=choose
        />
        {move || why.get().map(|why| view! { <span class="why" role="alert">{why}</span> })}
    }
}

/// Training rows by number in the place of a batch.
#[component]
fn RowChoice(page: Page) -> impl IntoView {
    let inside = page.probing;
    let why = RwSignal::new(None::<String>);
    let choose = move |event| match event_target_value(&event).parse::<ProbedRows>() {
        Ok(rows) => {
            why.set(None);
            inside.rows.set(rows);
        }
        Err(sentence) => why.set(Some(sentence)),
    };
    let value = move || match inside.rows.get() {
        ProbedRows::Chosen(rows) => {
            let listed: Vec<String> = rows.iter().map(u32::to_string).collect();
            listed.join(", ")
        }
        ProbedRows::Batch(_) => String::new(),
    };
    view! {
        <input
            class="box rows"
            type="text"
            placeholder="rows"
            aria-label="Training rows by number; empty for a batch"
            title="Training rows by number: 3, 17, 20-23. Empty for a batch"
            aria-invalid=move || why.with(Option::is_some).to_string()
            data-testid="inside-chosen"
            prop:value=value
            on:change=choose
        />
        {move || why.get().map(|why| view! { <span class="why" role="alert">{why}</span> })}
    }
}

/// Where the gradient view stands at one layer: the way back to the whole network.
#[component]
pub fn WholeNetwork() -> impl IntoView {
    let inside = use_page().probing;
    move || {
        // A layer that the network lost is no longer stood at.
        let n_layers = inside.n_layers();
        inside.layer.get().filter(|layer| n_layers == 0 || *layer < n_layers).map(|layer| {
            view! {
                <button
                    class="btn small-btn"
                    type="button"
                    title="Back to the gradients of the whole network"
                    data-testid="whole-network"
                    on:click=move |_| inside.layer.set(None)
                >
                    {format!("layer {} only ×", layer + 1)}
                </button>
            }
        })
    }
}
