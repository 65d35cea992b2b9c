//! Under the arrows: views of space, and held gradients by name, number and button, so that no drag is ever needed.

use super::arrows::{self, nudge, set_coordinate};
use super::format::plain;
use super::later::FromLater;
use super::page::use_page;
use super::run_card::subscript;
use crate::config::ExperimentConfig;
use crate::config::gradients::GRADIENTS;
use crate::plots::{Plot, SURFACE_VIEWS};
use leptos::prelude::*;

const AXES: [&str; 3] = ["x", "y", "z"];

#[component]
pub fn FrozenPanel(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let n_tasks = Memo::new(move |_| page.config.with(ExperimentConfig::n_tasks));
    let held = Memo::new(move |_| page.arrows.rows.with(Option::is_some));
    let views = move || {
        (n_tasks.get() == 3).then(|| {
            let view = |(name, orbit): (&'static str, _)| {
                let chosen = move || (page.arrows.orbit.get() == orbit).to_string();
                let turn = move |_| page.arrows.orbit.set(orbit);
                let test_id = format!("orbit-{name}");
                view! {
                    <button type="button" aria-pressed=chosen data-testid=test_id on:click=turn>
                        {name}
                    </button>
                }
            };
            view! {
                <span class="seg" role="group" aria-label="View of space">
                    {SURFACE_VIEWS.map(view).collect_view()}
                </span>
            }
        })
    };
    view! {
        <div class="held" data-testid="arrows-panel">
            {views}
            {move || {
                let n_tasks = n_tasks.get();
                held.get().then(|| view! { <FromLater make=move |later| (later.held)(n_tasks) /> })
            }}
        </div>
        <Signs plot />
    }
}

/// The chosen gradient's coordinates, presets and the way back.
#[component]
pub fn Held(n_tasks: usize) -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let names = page.config.with_untracked(|config| config.subject.task_names());
    let chosen = move || page.arrows.chosen.get() % n_tasks.max(1);
    let arrows = names
        .into_iter()
        .enumerate()
        .map(|(task, name)| {
            view! {
                <option value=task.to_string() selected=move || chosen() == task>
                    {format!("g{} · {name}", subscript(task + 1))}
                </option>
            }
        })
        .collect_view();
    let choose = move |event| page.arrows.chosen.set(event_target_value(&event).parse().unwrap_or(0));
    let boxes = AXES.into_iter().enumerate().take(n_tasks).map(|(axis, name)| {
        let value = move || {
            page.arrows
                .rows
                .with(|rows| rows.as_ref().and_then(|rows| rows.get(chosen() * n_tasks + axis)).copied().unwrap_or(0.0))
        };
        let typed = move |event| {
            let text = event_target_value(&event).trim().replace('−', "-");
            why.set(match text.parse::<f64>() {
                Ok(number) => set_coordinate(page, chosen(), axis, number).err(),
                Err(_) => Some(format!("{name} must be a number such as 0.5; “{text}” is none.")),
            });
        };
        let press = move |up: bool| {
            move |event: web_sys::MouseEvent| why.set(nudge(page, chosen(), axis, up, event.shift_key()).err())
        };
        let label = move |what: &str| format!("{what} {name} of g{}", subscript(chosen() + 1));
        view! {
            <span class="coordinate">
                <span aria-hidden="true">{name}</span>
                <button
                    class="btn icon"
                    type="button"
                    aria-label=move || label("Less")
                    data-testid=format!("less-{name}")
                    on:click=press(false)
                >
                    "−"
                </button>
                <input
                    class="box"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-label=move || label("Coordinate")
                    data-testid=format!("coordinate-{name}")
                    prop:value=move || plain(value())
                    on:change=typed
                />
                <button
                    class="btn icon"
                    type="button"
                    aria-label=move || label("More")
                    data-testid=format!("more-{name}")
                    on:click=press(true)
                >
                    "+"
                </button>
            </span>
        }
    });
    let presets = GRADIENTS.iter().map(|preset| {
        let rows = preset.rows(n_tasks).map(<[f64]>::to_vec);
        let selected = move || page.arrows.rows.get() == rows;
        view! { <option value=preset.id selected=selected>{preset.label}</option> }
    });
    let own = move || {
        let known =
            page.arrows.rows.with(|rows| GRADIENTS.iter().any(|preset| preset.rows(n_tasks) == rows.as_deref()));
        (!known).then(|| view! { <option selected=true disabled=true>"own gradients"</option> })
    };
    let pick = move |event| arrows::choose_preset(page, &event_target_value(&event));
    view! {
        <select class="small" aria-label="Arrow to move" data-testid="arrow-select" on:change=choose>
            {arrows}
        </select>
        {boxes.collect_view()}
        <select class="small" aria-label="Gradients to begin with" data-testid="arrow-presets" on:change=pick>
            {own}
            {presets.collect_view()}
        </select>
        <button class="btn small-btn" type="button" data-testid="arrow-reset" on:click=move |_| arrows::reset(page)>
            "Reset"
        </button>
        {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        <p class="note">
            {format!(
                "Drag a tip, or with the plot focused press arrow keys (Shift: far{}); Enter takes the next arrow.",
                if n_tasks == 3 { "; Page Up and Down: depth" } else { "" },
            )}
        </p>
    }
}

/// Whom each update helps, for screen readers beside the picture.
#[component]
fn Signs(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    // A table that changed with every step would only be noise.
    let table =
        Memo::new(
            move |_| {
                if page.playing.get() { Default::default() } else { page.with_scene(|scene| (plot.table)(scene)) }
            },
        );
    let head = move || {
        table
            .with(|table| table.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect_view())
    };
    let row = |cells: &Vec<String>| {
        let (first, rest) = cells.split_first().map(|(first, rest)| (first.clone(), rest.to_vec())).unwrap_or_default();
        view! {
            <tr>
                <th scope="row">{first}</th>
                {rest.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}
            </tr>
        }
    };
    let body = move || table.with(|table| table.rows.iter().map(row).collect_view());
    view! {
        // A table is as wide as its words, whatever its style says; a box around it is not.
        <div class="sr">
            <table data-testid=format!("signs-{}", plot.id)>
                <caption>"Whom each update helps"</caption>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}
