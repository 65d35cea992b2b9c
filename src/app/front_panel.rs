//! Under loss space: what the runs there are worth, and of a learned front of three tasks views of space, or lines
//! instead of it where both have no room.

use super::page::use_page;
use crate::plots::{SURFACE_VIEWS, front_measures};
use leptos::prelude::*;

/// Controls of a front of three tasks.
#[component]
pub fn FrontPanel() -> impl IntoView {
    let page = use_page();
    let lines = page.fronts.lines;
    let view = move |(name, orbit): (&'static str, _)| {
        let chosen = move || (page.arrows.orbit.get() == orbit).to_string();
        view! {
            <button
                type="button"
                aria-pressed=chosen
                data-testid=format!("front-orbit-{name}")
                on:click=move |_| page.arrows.orbit.set(orbit)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="held" data-testid="front-panel">
            <span class="seg" role="group" aria-label="View of space">
                {SURFACE_VIEWS.map(view).collect_view()}
            </span>
            <button
                class="btn small-btn"
                type="button"
                aria-pressed=move || lines.get().to_string()
                title="Lines over one axis a task instead of space, where there is no room for both"
                data-testid="front-lines"
                on:click=move |_| lines.update(|lines| *lines = !*lines)
            >
                "lines"
            </button>
        </div>
    }
}

/// Hypervolume, spread and spacing of every run's points, and how far they are from a true front that is known.
#[component]
pub fn FrontMeasures() -> impl IntoView {
    let page = use_page();
    let table = Memo::new(move |_| page.with_scene(front_measures));
    let cells = |cells: &[String]| cells.iter().map(|cell| view! { <td>{cell.clone()}</td> }).collect_view();
    view! {
        <Show when=move || table.with(|table| !table.rows.is_empty())>
            <div class="tbl measures" tabindex="0" data-testid="front-measures">
                <table>
                    <caption>"Measures of the points that no other one beats"</caption>
                    <thead>
                        <tr>
                            {move || {
                                table.with(|table| {
                                    table.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect_view()
                                })
                            }}
                        </tr>
                    </thead>
                    <tbody>
                        {move || {
                            table.with(|table| table.rows.iter().map(|row| view! { <tr>{cells(row)}</tr> }).collect_view())
                        }}
                    </tbody>
                </table>
            </div>
        </Show>
    }
}
