//! The page: one component a file around the state in [`page`]. It owns no parameters and computes only pictures.
//!
//! Reading order: `page` (state and the ways to change it), `engine` and `worker_client` (the worker), `address`
//! (the link), `painter` and `playback` (animation frames), `host` (`window.paretoscope`), then the components.

mod about_method;
mod address;
mod arrows;
mod attribution;
mod backend_chip;
mod batched_canvas;
mod engine;
mod events;
mod export;
mod export_menu;
mod failure;
mod float;
mod format;
mod front_panel;
mod fronts;
mod frozen_panel;
mod help;
mod host;
mod icons;
mod inside_switches;
mod keys;
mod knob;
mod land;
mod land_switches;
mod later;
mod lead;
mod learner_fold;
mod methods_panel;
mod modifiers;
mod network_drawing;
mod page;
mod painter;
mod playback;
mod plot_canvas;
mod plot_table;
mod preference;
mod preference_bar;
mod preference_triangle;
mod preset_menu;
mod probing;
mod problem_panel;
mod reckoning;
mod run_card;
mod run_chips;
mod seeds_control;
mod share;
mod sharpness;
mod shelf;
mod start_section;
mod storage;
mod swatch;
mod tile;
mod top_bar;
mod transport;
mod views;
mod worker_client;

use engine::Engine;
use leptos::prelude::*;
use page::{Drawer, Page};
use wasm_bindgen::prelude::*;

/// Starts the page in the place of its static frame.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let message = info.to_string();
        let crash = js_sys::Reflect::get(&js_sys::global(), &"paretoscopeCrash".into());
        if let Some(crash) = crash.ok().and_then(|crash| crash.dyn_into::<js_sys::Function>().ok()) {
            // Nothing is left to do if even this fails.
            let _ = crash.call1(&JsValue::NULL, &message.into());
        }
    }));
    let Some(place) = document().get_element_by_id("app") else { return };
    place.set_inner_html("");
    mount_to(place.unchecked_into(), App).forget();
    if let Some(root) = document().document_element() {
        // From here on a rejected promise is no failed start.
        let _ = root.set_attribute("data-running", "");
    }
}

#[component]
fn App() -> impl IntoView {
    let page = Page::new();
    provide_context(page);
    page.open_address();
    Engine::begin(page);
    address::follow(page);
    playback::follow(page);
    arrows::follow(page);
    land::follow(page);
    sharpness::follow(page);
    fronts::follow(page);
    keys::listen(page);
    float::close_with_escape();
    host::expose(page);
    later::fetch_in_peace(page);
    Effect::new(move |_| {
        if let Some(root) = document().document_element() {
            // An attribute of ours with a plain value is never refused.
            let _ = root.set_attribute("data-theme", if page.dark.get() { "dark" } else { "light" });
        }
    });
    let drawer = move || match page.drawer.get() {
        Some(Drawer::Problem) => "problem",
        Some(Drawer::Methods) => "methods",
        None => "",
    };
    view! {
        <div class="app" data-drawer=drawer>
            <top_bar::TopBar />
            <problem_panel::ProblemPanel />
            <main class="main">
                <lead::Lead />
                <views::Tabs />
                <views::Views />
                <preference_bar::PreferenceBar />
                <run_chips::RunChips />
            </main>
            <methods_panel::MethodsPanel />
            <transport::Transport />
        </div>
    }
}
