//! One compared run: what it is called, its rule, its weights and values at the cursor, its knobs.

use super::format::{brief, metric};
use super::icons;
use super::knob::Setting;
use super::later::{Fold, Later};
use super::learner_fold::LearnerFold;
use super::modifiers::ModifiersFold;
use super::page::{Page, use_page};
use super::problem_panel::commit;
use super::swatch::Swatch;
use crate::balance::formula::formula;
use crate::config::{Edit, RunConfig, name_of_run};
use crate::measure::pull::same_direction;
use crate::train::History;
use leptos::prelude::*;

#[component]
pub fn RunCard(
    /// Position of the run.
    run: usize,
    /// Where a refusal is said.
    why: RwSignal<Option<String>>,
) -> impl IntoView {
    let page = use_page();
    let Some((entry, learner, copy)) = page.config.with_untracked(|config| {
        let own = config.runs.get(run)?;
        let learner = own.learned().map(|learned| learned.learner);
        // Counted as the outline does, whose ids the cards have.
        let of = |run: &RunConfig| (run.method.id, run.learned().map(|learned| learned.learner.id));
        Some((own.method, learner, config.runs[..run].iter().filter(|other| of(other) == of(own)).count()))
    }) else {
        return ().into_any();
    };
    let rule = formula(entry.id).map_or("", |formula| formula.mathml);
    let suffix = if copy == 0 { String::new() } else { format!("-{}", copy + 1) };
    let name = Memo::new(move |_| page.config.with(|config| name_of_run(config, run)));
    // What was put around the method tells it from its twin on the next card.
    let with = Memo::new(move |_| {
        page.config.with(|config| match config.runs.get(run).map(|run| &run.modifiers[..]) {
            Some([first, ..]) => name_of_run(config, run)
                .split_once(", ")
                .map_or(first.modifier.label.to_string(), |(_, rest)| format!("with {rest}")),
            _ if learner.is_some() => format!("{} inside", entry.label),
            _ => entry.gloss.to_string(),
        })
    });
    // A front is called after what learns it.
    let title = learner.map_or(entry.label, |learner| learner.label);
    let of_learner = learner.map_or(String::new(), |learner| format!("{}-", learner.id));
    let hidden = move || !page.shown().get(run).copied().unwrap_or(true);
    let diverged =
        Memo::new(move |_| page.history.with(|history| history.runs.get(run).and_then(|run| run.diverged.clone())));
    let unsettled = Memo::new(move |_| {
        let step = page.told.get();
        page.history.with(|history| {
            let record = history.runs.get(run)?.at(step)?;
            record.unsettled.then_some(record.step)
        })
    });
    // While it plays the badge stays as it was, so that cards do not jump.
    let same = Memo::new(move |before: Option<&Option<String>>| {
        if page.playing.get()
            && let Some(before) = before
        {
            return before.clone();
        }
        let step = page.told.get();
        page.history.with(|history| twins(history, run, step))
    });
    let knobs = entry
        .knobs
        .iter()
        .enumerate()
        .map(|(knob, setting)| {
            let value = Signal::derive(move || {
                page.config.with(|config| {
                    config.runs.get(run).and_then(|run| run.knobs.get(knob).copied()).unwrap_or(setting.default)
                })
            });
            let set = commit(page, move |value| Edit::RunKnob { run, knob, value });
            view! { <Setting knob=setting value commit=set /> }
        })
        .collect_view();
    view! {
        <article
            class="card"
            class:bad=move || diverged.with(Option::is_some)
            class:off=hidden
            data-testid=format!("run-m-{of_learner}{}{suffix}", entry.id)
            aria-label=move || name.get()
        >
            <header>
                <Swatch position=run />
                <h3 title=move || name.get()>{title}</h3>
                <span class="aka">{move || with.get()}</span>
                <span class="grow"></span>
                <button
                    class="btn icon"
                    type="button"
                    aria-label=format!("Draw {title}")
                    aria-pressed=move || (!hidden()).to_string()
                    title=move || if hidden() { "Draw this run" } else { "Hide this run" }
                    on:click=move |_| page.toggle_run(run)
                >
                    {move || if hidden() { icons::EYE_OFF.draw() } else { icons::EYE.draw() }}
                </button>
                <button
                    class="btn icon"
                    type="button"
                    role="checkbox"
                    aria-checked="true"
                    data-testid=format!("method-{of_learner}{}{suffix}", entry.id)
                    aria-label=format!("Compare {title}")
                    title="Remove this run"
                    on:click=move |_| why.set(page.edit(Edit::RemoveRun(run)).err())
                >
                    {icons::CLOSE.draw()}
                </button>
            </header>
            {move || match diverged.get() {
                Some(end) => {
                    view! {
                        <Diverged step=end.step cause=end.cause />
                    }
                        .into_any()
                }
                None => {
                    view! {
                        {learner
                            .is_some_and(|learner| learner.mixes_members())
                            .then(|| view! { <p class="math">"θ(α) = Σ αₖθₖ, one network a task"</p> })}
                        <div class="math" title=entry.optimizes inner_html=rule></div>
                        <Weights run />
                    }
                        .into_any()
                }
            }}
            <Values run />
            {knobs}
            <div class="folds">
                <Fold
                    test_id="in-numbers"
                    class="numbers"
                    summary="In numbers"
                    make=move |later: &'static Later, open| (later.in_numbers)(run, open)
                />
                <Fold
                    test_id="about"
                    class="about"
                    summary="About"
                    make=move |later: &'static Later, _| (later.about)(entry, run)
                />
                <LearnerFold run why />
                <ModifiersFold method=entry run why />
            </div>
            {move || {
                same.get()
                    .map(|names| {
                        view! {
                            <p class="badge" title="With this run’s gradients at this step these methods give the same direction; at most its length differs.">
                                {icons::SAME.draw()}
                                <span>{format!("same direction here as {names}")}</span>
                            </p>
                        }
                    })
            }}
            {move || {
                unsettled
                    .get()
                    .map(|step| {
                        view! {
                            <p class="badge" data-testid="unsettled">
                                {icons::WARNING.draw()}
                                <span>{format!("its inner problem did not settle at step {step}: best iterate taken")}</span>
                            </p>
                        }
                    })
            }}
        </article>
    }
        .into_any()
}

/// Names of the other runs whose methods give the same direction with this run's gradients at this step.
fn twins(history: &History, run: usize, step: u32) -> Option<String> {
    let known = history.runs.get(run)?;
    if known.diverged.as_ref().is_some_and(|end| end.step <= step) {
        return None;
    }
    let record = known.at(step)?;
    let gramian = &record.pull.as_ref()?.gramian;
    let own = record.compared.get(run)?;
    let same = |other: &usize| *other != run && same_direction(gramian, own, &record.compared[*other]);
    let names = (0..record.compared.len()).filter(same).filter_map(|other| history.outline.runs.get(other));
    let names: Vec<&str> = names.map(|outline| outline.label.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What ended the run, why, what still holds, and two ways out.
#[component]
fn Diverged(step: u32, cause: String) -> impl IntoView {
    let page = use_page();
    let safe = Memo::new(move |_| page.config.with(|config| safe_rate(config.training.learning_rate)));
    view! {
        <p class="row err">
            {icons::WARNING.draw()}
            <span>{format!("Diverged at step {step}")}</span>
        </p>
        <p class="small soft">
            {cause.trim_end_matches('.').to_string()} ". "
            {match step {
                0 => "There is nothing to replay.".to_string(),
                1 => "Step 0 can be looked at.".to_string(),
                _ => format!("Steps 0 to {} can be replayed.", step - 1),
            }}
        </p>
        <div class="row">
            <Show when=move || !page.past.with(Vec::is_empty)>
                <button class="btn line" type="button" on:click=move |_| page.undo()>
                    "Undo the edit"
                </button>
            </Show>
            <button
                class="btn line"
                type="button"
                on:click=move |_| drop(page.edit(Edit::LearningRate(safe.get_untracked())))
            >
                {move || format!("Set learning rate {}", safe.get())}
            </button>
        </div>
    }
}

/// A tenth of the rate, on a round number.
fn safe_rate(rate: f64) -> f64 {
    let tenth = super::format::rounded(rate / 10.0, 1);
    tenth.clamp(*crate::config::LEARNING_RATE.start(), 0.1)
}

/// The weights at the cursor, scaled to sum 1: a bar for two tasks, numbers for more.
#[component]
fn Weights(run: usize) -> impl IntoView {
    let page = use_page();
    let weights = Memo::new(move |_| {
        let step = page.told.get();
        page.history
            .with(|history| history.runs.get(run).and_then(|run| run.at(step)).map(|record| record.weights.clone()))
    });
    move || {
        let weights = weights.get()?;
        let total: f64 = weights.iter().map(|weight| weight.abs()).sum();
        if weights.is_empty() {
            return Some(view! { <p class="small muted">"acts on coordinates, not by weights"</p> }.into_any());
        }
        if !total.is_finite() || total <= 0.0 {
            return Some(view! { <p class="small muted">"all weights are 0 here: no common direction"</p> }.into_any());
        }
        let share = |i: usize| weights[i] / total;
        if weights.len() == 2 {
            let place = format!("--w:{:.1}%", 100.0 * share(0).clamp(0.0, 1.0));
            return Some(
                view! {
                    <div class="wbar" title="Weights of the tasks at this step, as shares">
                        <span>{format!("w₁ {:.2}", share(0)).replace('-', "−")}</span>
                        <i style=place></i>
                        <span>{format!("{:.2} w₂", share(1)).replace('-', "−")}</span>
                    </div>
                }
                .into_any(),
            );
        }
        let list = (0..weights.len())
            .map(|i| view! { <span>{format!("w{} {:.2}", subscript(i + 1), share(i)).replace('-', "−")}</span> })
            .collect_view();
        Some(view! { <div class="wlist" title="Weights of the tasks at this step, as shares">{list}</div> }.into_any())
    }
}

pub fn subscript(n: usize) -> String {
    n.to_string().chars().filter_map(|digit| char::from_u32('₀' as u32 + digit.to_digit(10)?)).collect()
}

/// Each task's value at the cursor: test accuracy where there is one, else the batch loss.
#[component]
fn Values(run: usize) -> impl IntoView {
    let page = use_page();
    let values = Memo::new(move |_| values(page, run));
    move || {
        let rows = values
            .get()
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <div>
                        <dt title=name.clone()>{name.clone()}</dt>
                        <dd>{value}</dd>
                    </div>
                }
            })
            .collect_view();
        view! { <dl>{rows}</dl> }
    }
}

fn values(page: Page, run: usize) -> Vec<(String, String)> {
    let step = page.told.get();
    let here = page.fronts.fronts.with(|fronts| Some(fronts.here.get(run)?.as_ref()?.test.losses.clone()));
    page.history.with(|history| {
        let Some(record) = history.runs.get(run).and_then(|run| run.at(step)) else { return Vec::new() };
        let learns = history.outline.runs.get(run).is_some_and(|outline| outline.members > 0);
        let evaluation = history.runs[run].evaluation_at(step);
        history
            .outline
            .tasks
            .iter()
            .enumerate()
            .map(|(i, task)| {
                let tested = evaluation
                    .and_then(|evaluation| evaluation.metrics.get(i))
                    .filter(|_| task.metric == "accuracy")
                    .map(|value| metric(&task.metric, *value));
                // Of a front what it gives where the reader stands; its steps stand elsewhere every time.
                let there =
                    learns.then(|| here.as_ref().and_then(|here| here.get(i)).map_or("–".into(), |x| brief(*x)));
                let of_step = || record.losses.get(i).map_or("–".into(), |loss| brief(*loss));
                let value = tested.or(there).unwrap_or_else(of_step);
                (task.name.clone(), value)
            })
            .collect()
    })
}
