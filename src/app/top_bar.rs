//! The bar at the top: brand, preset, undo, share, export, help, theme and the backend.

use super::backend_chip::BackendChip;
use super::float::{Popover, Sheet};
use super::icons;
use super::later::FromLater;
use super::page::{Float, use_page};
use super::storage;
use crate::config::Theme;
use leptos::prelude::*;

#[component]
pub fn TopBar() -> impl IntoView {
    let page = use_page();
    let toggle = move |float: Float| page.toggle(float);
    let preset = move || {
        if page.opened.get() { page.config.with(|config| config.preset.label) } else { "none" }
    };
    let theme_words = move || match page.theme.get() {
        None => "Theme: as the system",
        Some(Theme::Light) => "Theme: light",
        Some(Theme::Dark) => "Theme: dark",
    };
    let next_theme = move |_| {
        let next = match page.theme.get_untracked() {
            None => Some(Theme::Light),
            Some(Theme::Light) => Some(Theme::Dark),
            Some(Theme::Dark) => None,
        };
        storage::keep_theme(next);
        page.theme.set(next);
    };
    let open = move |float: Float| (page.float.get() == Some(float)).to_string();
    let digits = move || {
        let preset = crate::config::presets::invitation();
        let here = page.config.with(|config| config.preset.id == preset.id);
        (!here).then(|| {
            view! {
                <button class="btn cta wide only-l" type="button" on:click=move |_| page.open_preset(preset)>
                    "Try real digits"
                </button>
            }
        })
    };
    view! {
        <header class="top">
            <a class="brand" href="./" aria-label="Paretoscope, default experiment">
                <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
                    <path d="M2.5 2v15.5H18" fill="none" stroke="var(--ink)" stroke-width="1.5"></path>
                    <path d="M5.5 3c.6 7 3.5 10.5 11.5 11.5" fill="none" stroke="var(--accent)" stroke-width="2"></path>
                    <circle cx="8.4" cy="10.4" r="2.6" fill="var(--accent)" stroke="var(--bg)" stroke-width="1.2"></circle>
                </svg>
                <span>"Paretoscope"</span>
            </a>
            <button
                class="btn pick"
                type="button"
                data-testid="preset"
                aria-haspopup="dialog"
                aria-expanded=move || open(Float::Presets)
                on:click=move |_| toggle(Float::Presets)
            >
                <span class="k only-l">"Preset"</span>
                <span class="clip">{preset}</span>
                {icons::CARET.draw()}
            </button>
            {digits}
            <span class="grow"></span>
            <button
                class="btn icon only-l"
                type="button"
                aria-label="Undo"
                title="Undo (Ctrl+Z)"
                prop:disabled=move || page.past.with(Vec::is_empty)
                on:click=move |_| page.undo()
            >
                {icons::UNDO.draw()}
            </button>
            <button
                class="btn icon only-l"
                type="button"
                aria-label="Redo"
                title="Redo (Ctrl+Shift+Z)"
                prop:disabled=move || page.future.with(Vec::is_empty)
                on:click=move |_| page.redo()
            >
                {icons::REDO.draw()}
            </button>
            <span class="sep only-l"></span>
            <button class="btn only-l" type="button" data-testid="share" on:click=move |_| toggle(Float::Share)>
                {icons::SHARE.draw()}
                "Share"
            </button>
            <button
                class="btn only-l"
                type="button"
                data-testid="export"
                aria-expanded=move || open(Float::Export)
                on:click=move |_| toggle(Float::Export)
            >
                {icons::EXPORT.draw()}
                "Export"
            </button>
            <button
                class="btn icon only-l"
                type="button"
                aria-label="Help"
                title="Help (?)"
                on:click=move |_| toggle(Float::Help)
            >
                {icons::HELP.draw()}
            </button>
            <button
                class="btn icon only-l"
                type="button"
                data-testid="theme"
                aria-label=theme_words
                title=theme_words
                on:click=next_theme
            >
                {icons::THEME.draw()}
            </button>
            <BackendChip />
            <button
                class="btn icon only-s"
                type="button"
                aria-label="Menu"
                aria-expanded=move || open(Float::Menu)
                on:click=move |_| toggle(Float::Menu)
            >
                {icons::MENU.draw()}
            </button>
        </header>
        <Popover float=Float::Presets label="Presets" class="menu" place="left:8px;top:44px;width:360px">
            <FromLater make=|later| (later.presets)() />
        </Popover>
        <Popover float=Float::Export label="Export" class="menu" place="right:16px;top:44px;width:288px">
            <FromLater make=|later| (later.export_menu)() />
        </Popover>
        <Sheet float=Float::Share title="Share this experiment">
            <FromLater make=|later| (later.share)() />
        </Sheet>
        <Sheet float=Float::Help title="What you see">
            <FromLater make=|later| (later.help)() />
        </Sheet>
        <Popover float=Float::Menu label="Menu" class="menu" place="right:8px;top:48px;width:240px">
            {move || {
                [("Share", Float::Share), ("Export", Float::Export), ("Help", Float::Help)]
                    .map(|(label, float)| {
                        view! {
                            <button class="item" type="button" on:click=move |_| page.float.set(Some(float))>
                                <b>{label}</b>
                            </button>
                        }
                    })
                    .collect_view()
            }}
            <button class="item" type="button" on:click=move |_| page.undo()>
                <b>"Undo"</b>
            </button>
            <button class="item" type="button" on:click=move |_| page.redo()>
                <b>"Redo"</b>
            </button>
            <button class="item" type="button" on:click=next_theme>
                <b>{theme_words}</b>
            </button>
            <EventItems />
        </Popover>
    }
}

/// Events of the runs as items of the menu, where the bar below has no room for their list.
#[component]
fn EventItems() -> impl IntoView {
    let page = use_page();
    let marks =
        Memo::new(move |_| if page.float.get() == Some(Float::Menu) { super::events::marks(page) } else { Vec::new() });
    let item = move |mark: super::events::Mark| {
        let go = move |_| {
            page.playing.set(false);
            page.float.set(None);
            page.seek(mark.step);
        };
        view! {
            <button class="item" type="button" on:click=go>
                <span>{mark.words}</span>
            </button>
        }
    };
    move || {
        let marks = marks.get();
        (!marks.is_empty()).then(|| {
            view! {
                <h4>"Go to an event"</h4>
                {marks.into_iter().map(item).collect_view()}
            }
        })
    }
}
