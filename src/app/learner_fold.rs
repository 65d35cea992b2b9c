//! What a run trains: a single point, or a front by one of the learners, with its settings.

use super::knob::Setting;
use super::later::{Fold, Later};
use super::page::use_page;
use super::problem_panel::commit;
use crate::config::Edit;
use crate::strategy::{LEARNERS, learner};
use leptos::prelude::*;

/// The value of the list that stands for a single point.
const POINT: &str = "point";

/// The learner of the run by its id, or [`POINT`].
fn chosen(run: usize) -> Memo<&'static str> {
    let page = use_page();
    Memo::new(move |_| page.config.with(|config| Some(config.runs.get(run)?.learned()?.learner.id)).unwrap_or(POINT))
}

#[component]
pub fn LearnerFold(
    run: usize,
    /// Where a refusal is said.
    why: RwSignal<Option<String>>,
) -> impl IntoView {
    let id = chosen(run);
    let summary = Signal::derive(move || match learner(id.get()) {
        Some(learner) => format!("Trains a front, by {}", learner.label),
        None => "Trains a single point".to_owned(),
    });
    view! { <Fold test_id="learner" summary make=move |later: &'static Later, _| (later.learner)(run, why) /> }
}

/// What may be chosen, and what comes with it.
#[component]
pub fn Settings(run: usize, why: RwSignal<Option<String>>) -> impl IntoView {
    let page = use_page();
    let id = chosen(run);
    let choose = move |event| {
        let wanted = event_target_value(&event);
        let learner = (wanted != POINT).then_some(wanted);
        why.set(page.edit(Edit::Way { run, learner }).err());
        // A refused choice is taken back.
        page.config.notify();
    };
    let options = LEARNERS
        .iter()
        .map(|learner| {
            view! {
                <option value=learner.id selected=move || id.get() == learner.id>
                    {format!("a front, by {}", learner.label)}
                </option>
            }
        })
        .collect_view();
    let settings = move || {
        let learner = learner(id.get())?;
        let knobs = learner
            .knobs
            .iter()
            .enumerate()
            .map(|(at, knob)| {
                let value = Signal::derive(move || {
                    page.config.with(|config| {
                        let learned = config.runs.get(run).and_then(|run| run.learned());
                        learned.and_then(|learned| learned.knobs.get(at).copied()).unwrap_or(knob.default)
                    })
                });
                let set = commit(page, move |value| Edit::LearnerKnob { run, knob: at, value });
                view! { <Setting knob value commit=set /> }
            })
            .collect_view();
        let price = move || {
            page.config.with(|config| {
                let run = config.runs.get(run)?;
                let (k, learned) = (config.n_tasks(), run.learned()?);
                let (members, passes) = (learned.members(k), run.backward_passes(k));
                let networks = if members == 1 { "network" } else { "networks" };
                Some(format!("{members} {networks}, {passes} gradient evaluations a step."))
            })
        };
        Some(view! {
            <p class="small soft">{learner.about}</p>
            {knobs}
            <p class="small soft" data-testid="learner-price">{price}</p>
            <p class="small soft">{learner.pitfalls}</p>
            <p class="note">
                <a href=learner.link target="_blank" rel="noreferrer">
                    {learner.paper}
                </a>
                {format!(", {}", learner.year)}
            </p>
        })
    };
    view! {
        <div class="knob">
            <span class="lab">"Trains"</span>
            <div class="two">
                <select class="small" aria-label="What this run trains" on:change=choose>
                    <option value=POINT selected=move || id.get() == POINT>
                        "a single point"
                    </option>
                    {options}
                </select>
            </div>
        </div>
        {settings}
    }
}
