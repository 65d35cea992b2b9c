//! What stands between the gradients and a run's method, or behind it.

use super::knob::Setting;
use super::later::{Fold, Later};
use super::page::use_page;
use super::problem_panel::commit;
use crate::balance::Method;
use crate::balance::modify::{MODIFIERS, Modifier};
use crate::config::{Edit, RunConfig};
use leptos::prelude::*;

/// Those that go with the method.
fn fitting(method: &'static Method) -> impl Iterator<Item = &'static Modifier> {
    MODIFIERS.iter().filter(|modifier| modifier.refuses(method).is_none())
}

/// Ids of those that the run has.
fn chosen(run: usize) -> Memo<Vec<&'static str>> {
    let page = use_page();
    Memo::new(move |_| {
        page.config.with(|config| {
            let ids = |run: &RunConfig| run.modifiers.iter().map(|applied| applied.modifier.id).collect::<Vec<_>>();
            config.runs.get(run).map_or_else(Vec::new, ids)
        })
    })
}

#[component]
pub fn ModifiersFold(
    method: &'static Method,
    run: usize,
    /// Where a refusal is said.
    why: RwSignal<Option<String>>,
) -> impl IntoView {
    let on = chosen(run);
    let summary = Signal::derive(move || match on.with(Vec::len) {
        0 => "Modifiers".to_string(),
        count => format!("Modifiers, {count} on"),
    });
    fitting(method).next().map(|_| {
        view! {
            <Fold test_id="modifiers" summary make=move |later: &'static Later, _| (later.modifiers)(method, run, why) />
        }
    })
}

#[component]
pub fn Modifiers(method: &'static Method, run: usize, why: RwSignal<Option<String>>) -> impl IntoView {
    let page = use_page();
    let on = chosen(run);
    fitting(method)
        .map(|modifier| {
            let toggle = move |_| {
                why.set(page.edit(Edit::ToggleModifier { run, modifier: modifier.id.into() }).err());
            };
            let title = format!("{} {}, {}", modifier.about, modifier.paper, modifier.year);
            let is_on = Memo::new(move |_| on.with(|on| on.contains(&modifier.id)));
            let setting = modifier.knob.as_ref().map(|knob| {
                let value = Signal::derive(move || {
                    page.config.with(|config| {
                        let modifiers = config.runs.get(run).map_or(&[][..], |run| &run.modifiers);
                        let applied = modifiers.iter().find(|applied| applied.modifier.id == modifier.id);
                        applied.map_or(knob.default, |applied| applied.value)
                    })
                });
                let set = commit(page, move |value| Edit::ModifierKnob { run, modifier: modifier.id.into(), value });
                view! {
                    <Show when=move || is_on.get()>
                        <Setting knob value commit=set />
                    </Show>
                }
            });
            view! {
                <label class="check" title=title>
                    <input type="checkbox" prop:checked=move || is_on.get() on:change=toggle />
                    {modifier.label}
                </label>
                {setting}
            }
        })
        .collect_view()
}
