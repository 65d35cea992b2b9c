//! The table twin of a plot: the same facts as numbers, at the view cursor.

use super::page::use_page;
use crate::plots::Plot;
use leptos::prelude::*;

#[component]
pub fn PlotTable(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let table = Memo::new(move |_| page.with_scene(|scene| (plot.table)(scene)));
    let caption = move || format!("{} at step {}", plot.title, page.step.get());
    view! {
        <div class="tbl" tabindex="0" data-testid=format!("table-{}", plot.id)>
            <table>
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        {move || {
                            table.with(|table| table.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect_view())
                        }}
                    </tr>
                </thead>
                <tbody>
                    {move || {
                        table
                            .with(|table| {
                                table
                                    .rows
                                    .iter()
                                    .map(|row| {
                                        view! { <tr>{row.iter().map(|cell| view! { <td>{cell.clone()}</td> }).collect_view()}</tr> }
                                    })
                                    .collect_view()
                            })
                    }}
                </tbody>
            </table>
        </div>
    }
}
