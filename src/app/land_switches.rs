//! The controls of the landscape: plane and height beside the title, what they are made of below the map.

use super::page::{Page, use_page};
use crate::config::{Edit, MapConfig, name_of_run};
use crate::landscape::{Argument, HEIGHTS, HeightChoice, PLANES, PlaneChoice, Point, SIDES, Slot};
use crate::plots::{Plot, SURFACE_VIEWS, badge};
use leptos::prelude::*;

/// Changes what the landscape shows; what does not exist stays as it was.
fn change(page: Page, why: RwSignal<Option<String>>, edit: impl FnOnce(&mut MapConfig)) {
    let mut map = page.config.with_untracked(|config| config.view.map.clone());
    edit(&mut map);
    why.set(page.edit(Edit::Map(map)).err());
}

/// The plane that is shown, chosen or not.
fn plane(page: Page) -> PlaneChoice {
    page.config.with(|config| config.plane())
}

#[component]
pub fn LandSwitches() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None);
    // A network has no two parameters to draw.
    let analytic = Memo::new(move |_| page.config.with(|config| config.analytic().is_some()));
    let choose_plane = move |event| {
        let id = event_target_value(&event);
        let Some(source) = PLANES.iter().find(|source| source.id == id) else { return };
        let complete = page.config.with_untracked(|config| complete(PlaneChoice::new(source), config.runs.len()));
        change(page, why, move |map| map.plane = Some(complete));
    };
    let choose_height = move |event| {
        let id = event_target_value(&event);
        if let Some(source) = HEIGHTS.iter().find(|source| source.id == id) {
            let run = page.at_run.get_untracked();
            change(page, why, move |map| {
                map.height = HeightChoice { source, run: if source.takes_run { run } else { 0 } }
            });
        }
    };
    let plane_id = Memo::new(move |_| plane(page).source.id);
    let height_id = Memo::new(move |_| page.config.with(|config| config.view.map.height.source.id));
    view! {
        <select class="small plain" aria-label="Plane" data-testid="land-plane" on:change=choose_plane>
            {move || {
                PLANES
                    .iter()
                    .filter(|source| !source.suits_exact || analytic.get())
                    .map(|source| {
                        view! {
                            <option value=source.id title=source.about selected=move || plane_id.get() == source.id>
                                {source.label}
                            </option>
                        }
                    })
                    .collect_view()
            }}
        </select>
        <select class="small plain" aria-label="Height" data-testid="land-height" on:change=choose_height>
            {HEIGHTS
                .iter()
                .map(|source| {
                    view! {
                        <option value=source.id title=source.about selected=move || height_id.get() == source.id>
                            {source.label}
                        </option>
                    }
                })
                .collect_view()}
        </select>
        {move || why.get().map(|why| view! { <span class="why" role="alert">{why}</span> })}
    }
}

/// A choice with everything it needs: the ends of as many runs as there are, then the start of the first.
fn complete(mut choice: PlaneChoice, n_runs: usize) -> PlaneChoice {
    let source = choice.source;
    let mut tasks = 0;
    for (at, slot) in source.slots.iter().enumerate().skip(choice.arguments.len()).take(source.required) {
        choice.arguments.push(match slot {
            Slot::Seed => Argument::Seed(1),
            Slot::Task => {
                tasks += 1;
                Argument::Task(tasks - 1)
            }
            Slot::Point if at < n_runs => Argument::Point(Point { run: at, step: None }),
            Slot::Point => Argument::Point(Point { run: at % n_runs.max(1), step: Some(0) }),
        });
    }
    choice
}

/// What stands below the map: the plane's points, tasks and seed, the grid, the form, and how far the survey is.
#[component]
pub fn LandPanel(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let told = Memo::new(move |_| page.with_scene(badge));
    let why = RwSignal::new(None);
    let slots = Memo::new(move |_| plane(page).source.id);
    let is_line = Memo::new(move |_| {
        page.land.sheet.with(|sheet| sheet.as_ref().is_some_and(|sheet| sheet.plan.plane.is_line()))
    });
    let old = Memo::new(move |_| {
        let last = page.land.sheet.with(|sheet| {
            let points = sheet.as_ref()?.plan.paths.iter().filter_map(|path| path.points.last());
            points.map(|point| point.step).max()
        })?;
        page.history.with(|history| (!history.finished && history.head() > last).then_some(last))
    });
    let exact = Memo::new(move |_| page.land.sheet.with(|sheet| sheet.as_ref().is_some_and(|sheet| sheet.plan.exact)));
    let side = Memo::new(move |_| page.config.with(|config| config.view.map.side));
    let surface = Memo::new(move |_| page.config.with(|config| config.view.map.surface));
    let field = Memo::new(move |_| page.config.with(|config| config.view.map.height.source.takes_run));
    let progress = Memo::new(move |_| {
        page.land.sheet.with(|sheet| {
            let (done, of) = sheet.as_ref()?.progress();
            (done < of).then(|| 100 * done / of.max(1))
        })
    });
    let everything = Memo::new(move |_| {
        page.land.sheet.with(|sheet| sheet.as_ref().is_some_and(|sheet| sheet.plan.is_everything()))
    });
    // A surface has the runs' own paths only.
    let has_starts = Memo::new(move |_| {
        everything.get() && !surface.get() && page.config.with(|config| !config.other_starts().is_empty())
    });
    let all_starts = Memo::new(move |_| page.config.with(|config| config.view.map.all_starts));
    let trails = Memo::new(move |_| {
        let (share, complete) = page.land.trails.with(|trails| (trails.share(), trails.is_complete()));
        (has_starts.get() && all_starts.get() && !complete).then(|| {
            let share = (100.0 * share).floor();
            let stopped = if page.land.stopped.get() { "stopped at " } else { "" };
            format!("from the other starts: {stopped}{share:.0} %")
        })
    });
    let choose_side = move |event| {
        if let Ok(side) = event_target_value(&event).parse() {
            change(page, why, move |map| map.side = side);
        }
    };
    let said = Memo::new(move |_| match (progress.get(), page.land.stopped.get()) {
        (Some(_), true) => "The map was stopped; what is known of it stays.",
        (Some(_), false) => "Surveying the map.",
        (None, stopped) if trails.get().is_some() => {
            if stopped {
                "Training from the other starts was stopped."
            } else {
                "Training from the other starts."
            }
        }
        (None, _) => "",
    });
    view! {
        <div class="held land" data-testid="land-panel" data-plot=plot.id>
            {move || {
                told.get().map(|badge| {
                    view! {
                        <span class="sr" data-testid="land-badge">
                            {badge.words}
                        </span>
                    }
                })
            }}
            {move || {
                slots.track();
                let source = plane(page).source;
                // An exact map is the same from wherever it is laid.
                let named = if exact.get() { 0 } else { source.slots.len() };
                (0..named).map(|at| view! { <SlotControl at why /> }).collect_view()
            }}
            <Show when=move || field.get()>
                <FieldRun page why />
            </Show>
            <select class="small" aria-label="Grid" data-testid="land-grid" on:change=choose_side>
                {SIDES
                    .iter()
                    .map(|offered| {
                        view! {
                            <option value=offered.to_string() selected=move || side.get() == *offered>
                                {format!("{offered} × {offered}")}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            <Show when=move || !is_line.get()>
            <div class="seg" role="group" aria-label="Form">
                <button
                    type="button"
                    aria-pressed=move || (!surface.get()).to_string()
                    on:click=move |_| change(page, why, |map| map.surface = false)
                >
                    "contours"
                </button>
                <button
                    type="button"
                    data-testid="land-surface"
                    aria-pressed=move || surface.get().to_string()
                    on:click=move |_| change(page, why, |map| map.surface = true)
                >
                    "surface"
                </button>
            </div>
            <Show when=move || has_starts.get()>
                <div class="seg" role="group" aria-label="Starts">
                    <button
                        type="button"
                        data-testid="land-one-start"
                        aria-pressed=move || (!all_starts.get()).to_string()
                        on:click=move |_| change(page, why, |map| map.all_starts = false)
                    >
                        "one start"
                    </button>
                    <button
                        type="button"
                        title="The same runs from every named start of the problem, as the papers draw them"
                        data-testid="land-all-starts"
                        aria-pressed=move || all_starts.get().to_string()
                        on:click=move |_| {
                            page.land.set_out();
                            change(page, why, |map| map.all_starts = true);
                        }
                    >
                        "all starts"
                    </button>
                </div>
            </Show>
            <Show when=move || trails.get().is_some()>
                <span class="note" data-testid="land-trails">
                    {move || trails.get()}
                </span>
            </Show>
            </Show>
            <Show when=move || surface.get() && !is_line.get()>
                <div class="seg" role="group" aria-label="Seen from">
                    {SURFACE_VIEWS
                        .iter()
                        .map(|(name, orbit)| {
                            view! {
                                <button type="button" on:click=move |_| page.arrows.orbit.set(*orbit)>
                                    {*name}
                                </button>
                            }
                        })
                        .collect_view()}
                </div>
            </Show>
            <Show when=move || progress.get().is_some()>
                <span class="note" data-testid="land-progress">
                    {move || {
                        let share = progress.get().unwrap_or(100);
                        if page.land.stopped.get() { format!("stopped at {share} %") } else { format!("{share} %") }
                    }}
                </span>
            </Show>
            <Show when=move || page.land.is_working() || (trails.get().is_some() && !page.land.stopped.get())>
                <button
                    class="btn small-btn"
                    type="button"
                    title="Survey no further; what is known stays"
                    data-testid="land-stop"
                    on:click=move |_| page.land.stop()
                >
                    "Stop"
                </button>
            </Show>
            {move || {
                old.get().map(|step| {
                    view! { <span class="note">{format!("paths to step {step}; surveyed again as training goes on")}</span> }
                })
            }}
            <button
                class="btn small-btn"
                type="button"
                title="Survey again, with every checkpoint that is there by now"
                data-testid="land-renew"
                on:click=move |_| page.land.renew(page)
            >
                "Survey again"
            </button>
            {move || why.get().map(|why| view! { <span class="why" role="alert">{why}</span> })}
            <p class="sr" role="status" aria-live="polite">
                {move || said.get()}
            </p>
        </div>
    }
}

/// One of the plane's points, tasks or seeds.
#[component]
fn SlotControl(at: usize, why: RwSignal<Option<String>>) -> impl IntoView {
    let page = use_page();
    let slot = Memo::new(move |_| plane(page).source.slots.get(at).copied());
    let now = Memo::new(move |_| plane(page).arguments.get(at).copied());
    let set = move |argument: Argument| {
        let mut choice = untrack(move || plane(page));
        // What comes before it is said too; without it the link would mean something else.
        let n_runs = page.config.with_untracked(|config| config.runs.len());
        choice = complete(choice, n_runs);
        while choice.arguments.len() < at {
            let missing = choice.source.slots[choice.arguments.len()];
            choice.arguments.push(match missing {
                Slot::Seed => Argument::Seed(1),
                Slot::Task => Argument::Task(choice.tasks().len()),
                Slot::Point => Argument::Point(Point::default()),
            });
        }
        if at < choice.arguments.len() {
            choice.arguments[at] = argument;
        } else {
            choice.arguments.push(argument);
        }
        change(page, why, move |map| map.plane = Some(choice));
    };
    let names = move || {
        page.config.with(|config| (0..config.runs.len()).map(|run| name_of_run(config, run)).collect::<Vec<_>>())
    };
    move || match slot.get()? {
        Slot::Seed => {
            let value = match now.get() {
                Some(Argument::Seed(seed)) => seed,
                _ => 1,
            };
            let choose = move |event| match event_target_value(&event).trim().parse() {
                Ok(seed) => set(Argument::Seed(seed)),
                Err(_) => why.set(Some("A seed is a whole number from 0.".into())),
            };
            Some(
                view! {
                    <label class="note">
                        "directions of seed "
                        <input class="box" type="number" min="0" data-testid="land-seed" prop:value=value.to_string() on:change=choose />
                    </label>
                }
                .into_any(),
            )
        }
        Slot::Task => {
            let value = match now.get() {
                Some(Argument::Task(task)) => task,
                _ => 0,
            };
            let choose = move |event| {
                if let Ok(task) = event_target_value(&event).parse() {
                    set(Argument::Task(task));
                }
            };
            let tasks = page.config.with(|config| config.subject.task_names());
            let options = tasks
                .into_iter()
                .enumerate()
                .map(|(task, name)| {
                    view! {
                        <option value=task.to_string() selected=task == value>
                            {name}
                        </option>
                    }
                })
                .collect_view();
            Some(
                view! {
                    <select class="small" aria-label=format!("Task {} of the plane", at + 1) on:change=choose>
                        {options}
                    </select>
                }
                .into_any(),
            )
        }
        Slot::Point => {
            let value = match now.get() {
                Some(Argument::Point(point)) => point,
                _ => Point { run: 0, step: None },
            };
            // A run's end, the start that all share, or the step at the cursor: what a reader would name.
            let choose = move |event| {
                let text = event_target_value(&event);
                let point = match text.split_once('-') {
                    Some((run, "cursor")) => {
                        run.parse().ok().map(|run| Point { run, step: Some(page.step.get_untracked()) })
                    }
                    Some((run, step)) => {
                        run.parse().ok().zip(step.parse().ok()).map(|(run, step)| Point { run, step: Some(step) })
                    }
                    None => text.parse().ok().map(|run| Point { run, step: None }),
                };
                if let Some(point) = point {
                    set(Argument::Point(point));
                }
            };
            let mut options = Vec::new();
            for (run, name) in names().into_iter().enumerate() {
                options.push((run.to_string(), name.clone(), value == Point { run, step: None }));
                options.push((format!("{run}-cursor"), format!("{name} at the cursor"), false));
                match value {
                    Point { run: at, step: Some(step) } if at == run && step > 0 => {
                        options.push((format!("{run}-{step}"), format!("{name} at step {step}"), true));
                    }
                    _ => {}
                }
            }
            let at_start = value.step == Some(0);
            options.push(("0-0".into(), "the start".into(), at_start));
            let options = options
                .into_iter()
                .map(|(value, name, selected)| {
                    view! {
                        <option value=value selected=selected>
                            {name}
                        </option>
                    }
                })
                .collect_view();
            Some(
                view! {
                    <select
                        class="small"
                        aria-label=format!("Point {} of the plane", at + 1)
                        data-testid=format!("land-point-{at}")
                        on:change=choose
                    >
                        {options}
                    </select>
                }
                .into_any(),
            )
        }
    }
}

/// The run whose method's direction is drawn.
#[component]
fn FieldRun(page: Page, why: RwSignal<Option<String>>) -> impl IntoView {
    let now = Memo::new(move |_| page.config.with(|config| config.view.map.height.run));
    let choose = move |event| {
        if let Ok(run) = event_target_value(&event).parse() {
            change(page, why, move |map| map.height.run = run);
        }
    };
    let options = move || {
        let names =
            page.config.with(|config| (0..config.runs.len()).map(|run| name_of_run(config, run)).collect::<Vec<_>>());
        names
            .into_iter()
            .enumerate()
            .map(|(run, name)| {
                view! {
                    <option value=run.to_string() selected=move || now.get() == run>
                        {format!("as {name} would go")}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <select class="small" aria-label="Method whose direction is drawn" data-testid="land-field" on:change=choose>
            {options}
        </select>
    }
}
