//! A small drawing of the network: inputs, shared layers, one head a task. Wide layers are cut with dots; filters are
//! squares.

use super::page::use_page;
use leptos::prelude::*;

/// Units drawn in a layer, tasks drawn as heads.
const MOST: usize = 6;
const WIDTH: f64 = 224.0;
const HEIGHT: f64 = 104.0;

#[component]
pub fn NetworkDrawing() -> impl IntoView {
    let page = use_page();
    let shape = Memo::new(move |_| {
        page.config.with(|config| {
            let network = config.network();
            let filters = network.map(|network| network.filters.clone()).unwrap_or_default();
            let trunk = network.map(|network| network.trunk.clone()).unwrap_or_default();
            (filters, trunk, config.subject.task_names())
        })
    });
    let inputs = move || {
        page.history.with(|history| match history.outline.input {
            crate::protocol::InputOutline::Plane { .. } => 2,
            _ => MOST + 1,
        })
    };
    let inputs = Memo::new(move |_| inputs());
    move || {
        let (filters, trunk, tasks) = shape.get();
        let mut layers: Vec<usize> = vec![inputs.get()];
        layers.extend(filters.iter().chain(&trunk).map(|width| *width as usize));
        let heads = tasks.len().min(MOST);
        let right = 150.0;
        let x = |layer: usize| 8.0 + (right - 8.0) * layer as f64 / layers.len() as f64;
        let places = |units: usize| -> Vec<f64> {
            let drawn = units.min(MOST);
            let gap = ((HEIGHT - 16.0) / MOST as f64).min(22.0).max(if drawn <= 3 { 22.0 } else { 0.0 });
            (0..drawn).map(|i| HEIGHT / 2.0 + (i as f64 - (drawn as f64 - 1.0) / 2.0) * gap).collect()
        };
        let mut edges = String::new();
        let mut join = |x0: f64, from: &[f64], x1: f64, to: &[f64]| {
            for a in from {
                for b in to {
                    edges += &format!("M{x0:.1} {a:.1}L{x1:.1} {b:.1}");
                }
            }
        };
        for layer in 1..layers.len() {
            join(x(layer - 1), &places(layers[layer - 1]), x(layer), &places(layers[layer]));
        }
        join(x(layers.len() - 1), &places(layers[layers.len() - 1]), right, &places(heads));
        let units = layers
            .iter()
            .enumerate()
            .flat_map(|(layer, units)| {
                let cx = x(layer);
                // A square is a circle with no rounding left.
                let round = if (1..=filters.len()).contains(&layer) { 0 } else { 4 };
                places(*units).into_iter().map(move |cy| {
                    view! {
                        <rect
                            x=cx - 4.0
                            y=cy - 4.0
                            width="8"
                            height="8"
                            rx=round
                            fill="var(--bg)"
                            stroke="var(--ink2)"
                            stroke-width="1.25"
                        ></rect>
                    }
                })
            })
            .collect_view();
        let cut = layers
            .iter()
            .enumerate()
            .filter(|(_, units)| **units > MOST)
            .map(|(layer, units)| {
                let words = if layer == 0 { "…".to_string() } else { units.to_string() };
                view! { <text x=x(layer) y=HEIGHT - 1.0 text-anchor="middle">{words}</text> }
            })
            .collect_view();
        let named = places(heads)
            .into_iter()
            .zip(tasks)
            .map(|(y, name)| {
                let short: String = if name.chars().count() > 12 {
                    name.chars().take(11).chain(['…']).collect()
                } else {
                    name.into()
                };
                view! {
                    <rect x=right - 4.0 y=y - 4.0 width="8" height="8" rx="1.5" fill="var(--ink2)"></rect>
                    <text x=right + 9.0 y=y + 4.0>{short}</text>
                }
            })
            .collect_view();
        view! {
            <svg class="net" viewBox=format!("0 0 {WIDTH} {HEIGHT}") aria-hidden="true">
                <path d=edges fill="none" stroke="var(--line)" stroke-width="1"></path>
                {units}
                {cut}
                {named}
            </svg>
        }
    }
}
