//! Line icons of 16 px, drawn in the color of their text; hidden from screen readers, so a control needs words too.

use leptos::prelude::*;

/// One icon: its stroked path and its filled path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(&'static str, &'static str);

pub const CARET: Icon = Icon("M5 6.5 8 9.5l3-3", "");
pub const UNDO: Icon = Icon("M5.5 3 2.5 6l3 3M2.8 6H10a3.5 3.5 0 0 1 0 7H7", "");
pub const REDO: Icon = Icon("M10.5 3l3 3-3 3M13.2 6H6a3.5 3.5 0 0 0 0 7h3", "");
pub const SHARE: Icon = Icon("M8 10V2M5 4.5 8 1.8l3 2.7M4 7.5H3v6.5h10V7.5h-1", "");
pub const EXPORT: Icon = Icon("M8 2v8M5 7.5 8 10.2l3-2.7M3 11v3h10v-3", "");
pub const HELP: Icon = Icon(
    "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 1 1 8 1.8zM6.2 6.3c.1-2.3 3.7-2.2 3.6 0 0 1.4-1.8 1.4-1.8 2.8",
    "M7.2 11h1.6v1.5H7.2z",
);
pub const THEME: Icon = Icon("M8 2a6 6 0 1 1 0 12A6 6 0 1 1 8 2z", "M8 2a6 6 0 0 1 0 12z");
pub const TABLE: Icon = Icon("M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6", "");
pub const MAXIMIZE: Icon = Icon("M9.5 3h3.5v3.5M6.5 13H3V9.5M13 3 9.5 6.5M3 13l3.5-3.5", "");
pub const RESTORE: Icon = Icon("M13 6.5H9.5V3M3 9.5h3.5V13M9.5 6.5 13 3M6.5 9.5 3 13", "");
pub const EYE: Icon =
    Icon("M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6a2 2 0 1 1 0 4 2 2 0 1 1 0-4z", "");
pub const EYE_OFF: Icon = Icon("M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM3 13 13 3", "");
pub const PLUS: Icon = Icon("M8 3v10M3 8h10", "");
pub const MINUS: Icon = Icon("M3 8h10", "");
pub const CLOSE: Icon = Icon("M4 4l8 8M12 4l-8 8", "");
pub const SAME: Icon = Icon("M3 5.5h10M3 10.5h10", "");
pub const WARNING: Icon = Icon("M8 2 14.5 13.5H1.5zM8 6.5v3.2", "M7.3 11h1.4v1.4H7.3z");
pub const RESET: Icon = Icon("M3.2 6.2A5.2 5.2 0 1 1 2.8 9M3 2.8v3.5h3.5", "");
pub const BACK: Icon = Icon("M10.5 3.5 6 8l4.5 4.5M4 3.5v9", "");
pub const ON: Icon = Icon("M5.5 3.5 10 8l-4.5 4.5M12 3.5v9", "");
pub const PLAY: Icon = Icon("", "M4.5 2.6v10.8L13.5 8z");
pub const PAUSE: Icon = Icon("", "M4 3h3v10H4zM9 3h3v10H9z");
pub const DICE: Icon = Icon(
    "M4.5 2.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z",
    "M5 5h1.8v1.8H5zM9.2 5H11v1.8H9.2zM5 9.2h1.8V11H5zM9.2 9.2H11V11H9.2z",
);
pub const MENU: Icon = Icon("M2.5 4.5h11M2.5 8h11M2.5 11.5h11", "");

impl Icon {
    pub fn draw(self) -> impl IntoView {
        view! {
            <svg class="i" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                <path d=self.0></path>
                <path class="f" d=self.1></path>
            </svg>
        }
    }
}
