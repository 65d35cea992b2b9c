//! What the browser remembers for the reader: the theme. Storage may be forbidden; then nothing is remembered.

use crate::config::Theme;

const THEME: &str = "paretoscope-theme";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The theme chosen earlier.
pub fn theme() -> Option<Theme> {
    match storage()?.get_item(THEME).ok()??.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

pub fn keep_theme(theme: Option<Theme>) {
    let Some(storage) = storage() else { return };
    // A full or forbidden storage costs only the memory of a preference.
    let _ = match theme {
        Some(Theme::Light) => storage.set_item(THEME, "light"),
        Some(Theme::Dark) => storage.set_item(THEME, "dark"),
        None => storage.remove_item(THEME),
    };
}
