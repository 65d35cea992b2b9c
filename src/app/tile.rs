//! A view in its frame: title, one muted phrase, its switches, table and size.

use super::arrows;
use super::frozen_panel::FrozenPanel;
use super::icons;
use super::inside_switches::WholeNetwork;
use super::later::{Awaited, FromLater};
use super::page::{Page, use_page};
use super::plot_canvas::PlotCanvas;
use super::plot_table::PlotTable;
use crate::config::{Along, Aspect, ExperimentConfig};
use crate::plots::{NAMES, Name, Plot, Switch, reads_fronts, reads_probe, subtitle, summary};
use crate::train::Rows;
use leptos::prelude::*;

/// A view, or in its frame that it is on its way.
#[component]
pub fn Tile(
    name: &'static Name,
    /// Place among the tiles; `None` when the view is maximized.
    place: Option<usize>,
) -> impl IntoView {
    let page = use_page();
    move || {
        if let Some(plot) = page.plot(name.id) {
            return view! { <View plot name place /> }.into_any();
        }
        page.later.ask();
        view! {
            <figure class="tile" data-view=name.id>
                <header>
                    <Title name place />
                    <span class="grow"></span>
                    <Resize name place />
                </header>
                <div class="plot">
                    <Awaited />
                </div>
            </figure>
        }
        .into_any()
    }
}

/// What the view is called; among others, a choice of another.
#[component]
fn Title(name: &'static Name, place: Option<usize>) -> impl IntoView {
    let page = use_page();
    let Some(place) = place else { return view! { <h2>{name.title}</h2> }.into_any() };
    let choose = move |event| {
        if let Some(chosen) = crate::plots::name(&event_target_value(&event)) {
            page.tiles.update(|tiles| {
                // Views trade places rather than show twice.
                if let Some(other) = tiles.iter().position(|tile| *tile == chosen.id) {
                    tiles[other] = tiles[place];
                }
                tiles[place] = chosen.id;
            });
        }
    };
    view! {
        <h2 class="sr">{name.title}</h2>
        <select class="pickview" aria-label="View in this tile" on:change=choose>
            {NAMES
                .iter()
                .map(|other| {
                    view! {
                        <option value=other.id selected=other.id == name.id>
                            {other.title}
                        </option>
                    }
                })
                .collect_view()}
        </select>
    }
    .into_any()
}

/// From a tile to all the room there is, and back.
#[component]
fn Resize(name: &'static Name, place: Option<usize>) -> impl IntoView {
    let page = use_page();
    let resize = move |_| page.view.set(if place.is_some() { Some(name.id) } else { None });
    let icon = if place.is_some() { icons::MAXIMIZE } else { icons::RESTORE };
    let words = if place.is_some() { "Maximize" } else { "Restore" };
    view! {
        <button class="btn icon only-l" type="button" aria-label=words title=words on:click=resize>
            {icon.draw()}
        </button>
    }
}

#[component]
fn View(plot: &'static Plot, name: &'static Name, place: Option<usize>) -> impl IntoView {
    let page = use_page();
    let as_table = move || page.tables.with(|tables| tables.contains(&plot.id));
    let toggle = move |_| {
        page.tables.update(|tables| match tables.iter().position(|id| *id == plot.id) {
            Some(at) => drop(tables.remove(at)),
            None => tables.push(plot.id),
        });
    };
    let words = Memo::new(move |_| {
        page.with_scene(|scene| {
            let subtitle = subtitle(plot, scene);
            // GPU sums round differently from one device to the next, and so do fused ones.
            let approximate = page.backend.with(|report| report.as_ref().is_some_and(|report| report.approximate));
            if approximate { format!("≈ {subtitle}") } else { subtitle }
        })
    });
    view! {
        <figure class="tile" data-view=plot.id>
            <header>
                <Title name place /> <span class="sub">{move || words.get()}</span> <Switches plot />
                <button
                    class="btn icon"
                    type="button"
                    aria-label=move || if as_table() { "Show as plot" } else { "Show as table" }
                    title=move || if as_table() { "Show as plot" } else { "Show as table" }
                    aria-pressed=move || as_table().to_string()
                    data-testid=format!("table-toggle-{}", plot.id)
                    on:click=toggle
                >
                    {icons::TABLE.draw()}
                </button>
                <Resize name place />
            </header>
            <Show when=as_table fallback=move || view! { <PlotCanvas plot /> }>
                <PlotTable plot />
            </Show>
            <Panel plot />
            <figcaption class="sr">
                {move || (!page.playing.get()).then(|| page.with_scene(|scene| summary(plot, scene)))}
            </figcaption>
        </figure>
    }
}

/// The one switch that a view may have beside its title.
#[component]
fn Switches(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let switch = Memo::new(move |_| page.with_scene(|scene| (plot.switch)(scene)));
    let flip = move |_| page.log_losses.update(|log| *log = !*log);
    move || match switch.get() {
        Switch::None => ().into_any(),
        Switch::AtRun if reads_probe(plot, Some(0)) => view! { <WholeNetwork /> <RunSwitch page /> }.into_any(),
        Switch::AtRun => view! { <RunSwitch page /> }.into_any(),
        Switch::Arrows => {
            let whole = reads_probe(plot, Some(0)).then(|| view! { <WholeNetwork /> });
            view! { {whole} <ArrowSwitches page /> }.into_any()
        }
        Switch::Landscape => view! {
            <FromLater make=|later| (later.land_switches)() />
            <RunSwitch page />
        }
        .into_any(),
        Switch::Aspect => view! { <AspectSwitch page /> }.into_any(),
        Switch::Front => view! { <FrontSwitch page /> }.into_any(),
        Switch::Inside => view! {
            <FromLater make=|later| (later.inside_switches)() />
            <RunSwitch page />
        }
        .into_any(),
        Switch::Along => view! { <AlongSwitch page /> }.into_any(),
        Switch::LogScale => view! {
            <AlongSwitch page />
            <button
                class="btn small-btn"
                type="button"
                aria-pressed=move || page.log_losses.get().to_string()
                title="Logarithmic or linear axis"
                on:click=flip
            >
                {move || if page.log_losses.get() { "log" } else { "linear" }}
            </button>
        }
        .into_any(),
    }
}

/// What stands under the plot.
#[component]
fn Panel(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let switch = Memo::new(move |_| page.with_scene(|scene| (plot.switch)(scene)));
    // A tile of the overview has no room for more than its map.
    let alone = Memo::new(move |_| page.narrow.get() || page.view.get() == Some(plot.id));
    let three = Memo::new(move |_| page.config.with(ExperimentConfig::n_tasks) == 3);
    move || match switch.get() {
        Switch::Arrows => view! { <FrozenPanel plot /> }.into_any(),
        Switch::Front if alone.get() => view! {
            <Show when=move || three.get()>
                <FromLater make=|later| (later.front_panel)() />
            </Show>
            <FromLater quiet=true make=|later| (later.front_measures)() />
        }
        .into_any(),
        Switch::Front if three.get() => view! { <FromLater make=|later| (later.front_panel)() /> }.into_any(),
        _ if reads_fronts(plot) && alone.get() => {
            view! { <FromLater quiet=true make=|later| (later.front_measures)() /> }.into_any()
        }
        Switch::Landscape if alone.get() => {
            view! { <FromLater make=move |later| (later.land_panel)(plot) /> }.into_any()
        }
        _ => ().into_any(),
    }
}

/// The run whose gradients are shown, unless they are held; lines of methods; the hold itself.
#[component]
fn ArrowSwitches(page: Page) -> impl IntoView {
    let held = Memo::new(move |_| page.arrows.rows.with(Option::is_some));
    view! {
        <Show when=move || !held.get()>
            <RunSwitch page />
        </Show>
        <button
            class="btn small-btn lines"
            type="button"
            aria-label="Construction lines"
            aria-pressed=move || page.arrows.lines.get().to_string()
            title="Construction lines: how methods come from the gradients to their update"
            data-testid="construction-toggle"
            on:click=move |_| page.arrows.lines.update(|lines| *lines = !*lines)
        >
            "lines"
        </button>
        <button
            class="btn small-btn"
            type="button"
            aria-label="Freeze and drag"
            aria-pressed=move || held.get().to_string()
            title="Freeze the gradients of this step and drag them"
            data-testid="freeze-toggle"
            on:click=move |_| arrows::toggle(page)
        >
            {move || if held.get() { "release" } else { "freeze" }}
        </button>
    }
}

/// Which run the view stands at.
#[component]
fn RunSwitch(page: Page) -> impl IntoView {
    let names = Memo::new(move |_| {
        page.config.with(|config| {
            (0..config.runs.len()).map(|run| crate::config::name_of_run(config, run)).collect::<Vec<_>>()
        })
    });
    let choose = move |event| page.at_run.set(event_target_value(&event).parse().unwrap_or(0));
    view! {
        <select class="small plain" aria-label="At run" on:change=choose>
            {move || {
                names
                    .get()
                    .into_iter()
                    .enumerate()
                    .map(|(run, name)| {
                        view! {
                            <option value=run.to_string() selected=move || page.at_run.get() == run>
                                {format!("at {name}")}
                            </option>
                        }
                    })
                    .collect_view()
            }}
        </select>
    }
}

/// What curves are drawn over.
#[component]
fn AlongSwitch(page: Page) -> impl IntoView {
    let choose = move |event| {
        let chosen = event_target_value(&event).parse::<usize>().ok().and_then(|at| Along::ALL.get(at).copied());
        page.along.set(chosen.unwrap_or_default());
    };
    view! {
        <select
            class="small plain"
            aria-label="Horizontal axis"
            title="What a step costs depends on the method: compare over backward passes or over time"
            data-testid="along"
            on:change=choose
        >
            {Along::ALL
                .into_iter()
                .enumerate()
                .map(|(at, along)| {
                    view! {
                        <option value=at.to_string() selected=move || page.along.get() == along>
                            {along.name()}
                        </option>
                    }
                })
                .collect_view()}
        </select>
    }
}

/// What the view of conflicts shows.
#[component]
fn AspectSwitch(page: Page) -> impl IntoView {
    let choose = move |event| {
        let chosen = event_target_value(&event).parse::<usize>().ok().and_then(|at| Aspect::ALL.get(at).copied());
        page.aspect.set(chosen.unwrap_or_default());
    };
    view! {
        <select class="small plain" aria-label="Show" data-testid="aspect" on:change=choose>
            {Aspect::ALL
                .into_iter()
                .enumerate()
                .map(|(at, aspect)| {
                    view! {
                        <option value=at.to_string() selected=move || page.aspect.get() == aspect>
                            {aspect.name()}
                        </option>
                    }
                })
                .collect_view()}
        </select>
    }
}

/// Losses or metrics of a learned front, and of which held-out rows.
#[component]
fn FrontSwitch(page: Page) -> impl IntoView {
    let fronts = page.fronts;
    let choose = move |event| {
        let rows = if event_target_value(&event) == "validation" { Rows::Validation } else { Rows::Test };
        fronts.rows.set(rows);
    };
    let option = move |id: &'static str, rows: Rows| {
        view! {
            <option value=id selected=move || fronts.rows.get() == rows>
                {id}
            </option>
        }
    };
    let judged = Memo::new(move |_| page.config.with(|config| config.analytic().is_none()));
    view! {
        <Show when=move || judged.get()>
            <select class="small" aria-label="Rows that the front is judged on" on:change=choose>
                {option("test", Rows::Test)}
                {option("validation", Rows::Validation)}
            </select>
            <button
                class="btn small-btn"
                type="button"
                aria-pressed=move || fronts.metrics.get().to_string()
                title="Losses or metrics on the axes"
                on:click=move |_| fronts.metrics.update(|metrics| *metrics = !*metrics)
            >
                {move || if fronts.metrics.get() { "metrics" } else { "losses" }}
            </button>
        </Show>
    }
}
