//! Where the runs on an analytic problem begin, and where the problem comes from.

use super::knob::{Knob, Span, Walk};
use super::page::use_page;
use super::problem_panel::commit;
use crate::config::Edit;
use crate::problem::Problem;
use leptos::prelude::*;

/// Coordinates that get a slider of their own; more would only be a wall of numbers.
const MOST_SLIDERS: usize = 3;

#[component]
pub fn StartSection() -> impl IntoView {
    let page = use_page();
    let problem = Memo::new(move |_| page.config.with(|config| config.analytic().map(|analytic| analytic.problem.id)));
    move || {
        problem.get()?;
        let problem = page.config.with_untracked(|config| config.analytic().map(|analytic| analytic.problem))?;
        Some(view! { <Starts problem /> })
    }
}

#[component]
fn Starts(problem: &'static Problem) -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let start = Memo::new(move |_| {
        page.config.with(|config| config.analytic().map(|analytic| analytic.start.clone()).unwrap_or_default())
    });
    let named = move || problem.starts.iter().find(|named| start.with(|x| named.x == x.as_slice())).map(|s| s.id);
    let choose = move |event| {
        let id = event_target_value(&event);
        if let Some(named) = problem.start(&id) {
            why.set(page.edit(Edit::Start(named.x.to_vec())).err());
        }
    };
    let options = problem
        .starts
        .iter()
        .map(|entry| {
            view! {
                <option value=entry.id selected=move || named() == Some(entry.id)>
                    {entry.id.replace('-', " ")}
                </option>
            }
        })
        .collect_view();
    let own = move || named().is_none().then(|| view! { <option selected=true>"own point"</option> });
    let sliders = (0..problem.n_parameters)
        .filter(|_| problem.n_parameters <= MOST_SLIDERS)
        .map(|at| {
            let value = Signal::derive(move || start.with(|x| x.get(at).copied().unwrap_or(0.0)));
            let span = Span::new(problem.bounds.low, problem.bounds.high, Walk::Linear);
            let set = commit(page, move |value| {
                let mut x = start.get_untracked();
                if let Some(entry) = x.get_mut(at) {
                    *entry = value;
                }
                Edit::Start(x)
            });
            view! { <Knob label=format!("x{}", super::run_card::subscript(at + 1)) value span commit=set /> }
        })
        .collect_view();
    let many = (problem.n_parameters > MOST_SLIDERS).then(|| {
        view! {
            <p class="note">{format!("{} parameters; own points go into the link as start=…", problem.n_parameters)}</p>
        }
    });
    view! {
        <section class="sec" data-testid="start">
            <h3>"Start " <span>"of every run"</span></h3>
            <div class="knob">
                <span class="lab">"Point"</span>
                <div class="two">
                    <select class="small" aria-label="Starting point" on:change=choose>
                        {own}
                        {options}
                    </select>
                </div>
            </div>
            {sliders}
            {many}
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
            <p class="note under">{problem.source}</p>
        </section>
    }
}
