//! What the first picture does not need: a part of the program of its own, fetched when the browser has nothing else to
//! do or when somebody asks for it.
//!
//! `xtask/src/parts.rs` divides the program here: what only [`Later`] leads to lies in the other part. So nothing else
//! in the page may name what stands in it.

use super::export::{self, File};
use super::page::{Page, use_page};
use super::{
    about_method, backend_chip, export_menu, front_panel, frozen_panel, help, inside_switches, land_switches,
    learner_fold, modifiers, preference_bar, preset_menu, reckoning, share, shelf,
};
use crate::balance::Method;
use crate::plots::{PLOTS, Plot};
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use serde_json::Value;
use std::time::Duration;

/// Where a refusal is said.
type Why = RwSignal<Option<String>>;

/// The entries of the other part.
pub struct Later {
    pub plots: &'static [Plot],
    pub inside_switches: fn() -> AnyView,
    pub land_switches: fn() -> AnyView,
    pub land_panel: fn(&'static Plot) -> AnyView,
    pub held: fn(usize) -> AnyView,
    pub front_panel: fn() -> AnyView,
    pub front_measures: fn() -> AnyView,
    pub preference_bar: fn() -> AnyView,
    pub kept: fn(u32) -> AnyView,
    pub in_numbers: fn(usize, Signal<bool>) -> AnyView,
    pub about: fn(&'static Method, usize) -> AnyView,
    pub learner: fn(usize, Why) -> AnyView,
    pub modifiers: fn(&'static Method, usize, Why) -> AnyView,
    pub presets: fn() -> AnyView,
    pub export_menu: fn() -> AnyView,
    pub share: fn() -> AnyView,
    pub help: fn() -> AnyView,
    pub backend: fn() -> AnyView,
    pub file: fn(Page, &str, Option<&str>) -> Result<File, String>,
    pub metrics: fn(Page) -> Value,
}

static LATER: Later = Later {
    plots: PLOTS,
    inside_switches: || view! { <inside_switches::InsideSwitches /> }.into_any(),
    land_switches: || view! { <land_switches::LandSwitches /> }.into_any(),
    land_panel: |plot| view! { <land_switches::LandPanel plot /> }.into_any(),
    held: |n_tasks| view! { <frozen_panel::Held n_tasks /> }.into_any(),
    front_panel: || view! { <front_panel::FrontPanel /> }.into_any(),
    front_measures: || view! { <front_panel::FrontMeasures /> }.into_any(),
    preference_bar: || view! { <preference_bar::Controls /> }.into_any(),
    kept: |number| view! { <shelf::Item number /> }.into_any(),
    in_numbers: |run, open| view! { <reckoning::InNumbers run open /> }.into_any(),
    about: |method, run| view! { <about_method::AboutMethod method run /> }.into_any(),
    learner: |run, why| view! { <learner_fold::Settings run why /> }.into_any(),
    modifiers: |method, run, why| view! { <modifiers::Modifiers method run why /> }.into_any(),
    presets: || view! { <preset_menu::Presets /> }.into_any(),
    export_menu: || view! { <export_menu::Files /> }.into_any(),
    share: || view! { <share::Link /> }.into_any(),
    help: || view! { <help::Words /> }.into_any(),
    backend: || view! { <backend_chip::Ladder /> }.into_any(),
    file: export::file,
    metrics: export::metrics,
};

/// The one way into the other part.
#[wasm_split(later, wasm_split_path = leptos::wasm_split, fallible)]
fn enter() -> Result<&'static Later, SplitLoaderError> {
    Ok(&LATER)
}

/// How far the other part is.
#[derive(Clone, Copy)]
enum Way {
    Unasked,
    Coming,
    Here(&'static Later),
    Lost,
}

/// The other part as the page has it; copied freely.
#[derive(Clone, Copy)]
pub struct Part(RwSignal<Way>);

impl Part {
    pub fn new() -> Self {
        Self(RwSignal::new(Way::Unasked))
    }

    /// The part once it is here. Tracks its coming.
    pub fn get(self) -> Option<&'static Later> {
        match self.0.get() {
            Way::Here(later) => Some(later),
            _ => None,
        }
    }

    /// Lets the part come where nobody has asked for it yet; what was lost is the reader's to ask for again.
    pub fn ask(self) {
        if matches!(self.0.get_untracked(), Way::Unasked) {
            self.ask_again();
        }
    }

    fn ask_again(self) {
        leptos::task::spawn_local(async move { drop(self.have().await) });
    }

    /// The part, waited for.
    ///
    /// # Errors
    /// A sentence when it cannot be loaded; it can be asked for again.
    pub async fn have(self) -> Result<&'static Later, String> {
        if let Way::Here(later) = self.0.get_untracked() {
            return Ok(later);
        }
        self.0.set(Way::Coming);
        let came = enter().await;
        self.0.set(came.as_ref().map_or(Way::Lost, |later| Way::Here(later)));
        came.map_err(|_| LOST.to_owned())
    }
}

const LOST: &str = "This part of the page could not be loaded. Check the connection; what is here goes on without it.";

/// Fetches the part when the first picture is drawn and nothing else is to be done, so that views open at once.
pub fn fetch_in_peace(page: Page) {
    let begun = Memo::new(move |_| page.history.with(|history| history.runs.iter().any(|run| !run.records.is_empty())));
    Effect::new(move |_| {
        if begun.get() {
            page.painter.get_value().when_drawn(move || when_idle(move || page.later.ask()));
        }
    });
}

/// Calls when the browser has nothing to do, or after a while where it does not tell.
fn when_idle(call: impl Fn() + 'static) {
    if js_sys::Reflect::has(&window(), &"requestIdleCallback".into()) == Ok(true) {
        request_idle_callback(call);
    } else {
        set_timeout(call, Duration::from_secs(1));
    }
}

/// What the other part makes of this place; until it is here, a line that says so.
#[component]
pub fn FromLater(
    make: impl Fn(&'static Later) -> AnyView + Send + 'static,
    /// Where there may be nothing to show nothing is announced.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let part = use_page().later;
    part.ask();
    move || match part.get() {
        Some(later) => make(later),
        None => view! { <Awaited quiet /> }.into_any(),
    }
}

/// Details whose content is in the other part; opening them asks for it. The content learns whether they are open, for
/// what is computed only while somebody looks.
#[component]
pub fn Fold(
    test_id: &'static str,
    /// Extra class names.
    #[prop(optional)]
    class: &'static str,
    #[prop(into)] summary: Signal<String>,
    make: impl Fn(&'static Later, Signal<bool>) -> AnyView + Send + 'static,
) -> impl IntoView {
    let part = use_page().later;
    let open = RwSignal::new(false);
    let node = NodeRef::<html::Details>::new();
    let look = move || {
        let is_open = node.get().is_some_and(|details| details.has_attribute("open"));
        open.set(is_open);
        if is_open {
            part.ask();
        }
    };
    // A card that is made anew in the place of another keeps its folds as they were.
    Effect::new(move |_| look());
    let content = move || match part.get() {
        Some(later) => make(later, open.into()),
        None => view! { <Awaited /> }.into_any(),
    };
    view! {
        <details class=format!("fold {class}") data-testid=test_id node_ref=node on:toggle=move |_| untrack(look)>
            <summary>{move || summary.get()}</summary>
            {content}
        </details>
    }
}

/// That a part of the page is on its way, or what to do when it was lost.
#[component]
pub fn Awaited(
    /// Says nothing while it is on its way.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let part = use_page().later;
    let lost = Memo::new(move |_| matches!(part.0.get(), Way::Lost));
    view! {
        <div class="awaited" aria-busy=move || (!lost.get()).to_string() data-testid="awaited">
            <Show when=move || lost.get() fallback=move || (!quiet).then(|| view! { <p class="note">"Loading this part of the page."</p> })>
                <p class="note" role="alert">
                    {LOST}
                </p>
                <button class="btn line" type="button" data-testid="load-again" on:click=move |_| part.ask_again()>
                    "Try again"
                </button>
            </Show>
        </div>
    }
}
