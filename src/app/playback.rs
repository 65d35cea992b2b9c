//! Moves the view cursor while playing: sixty steps a second at ×1, never past what is computed.
//!
//! With reduced motion the cursor jumps in twenty stops instead of gliding. A hidden tab stands still.

use super::engine::hidden;
use super::page::Page;
use super::painter::now;
use crate::protocol::Command;
use leptos::prelude::*;
use leptos_use::use_document_visibility;

/// Steps a second at ×1.
const PACE: f64 = 60.0;
/// Stops of a whole run with reduced motion, and milliseconds between them.
const STOPS: u32 = 20;
const STOP_MILLIS: f64 = 500.0;

/// Speeds on offer; the last one goes as fast as steps are computed.
pub const SPEEDS: [(f64, &str); 6] =
    [(0.25, "×¼"), (0.5, "×½"), (1.0, "×1"), (2.0, "×2"), (4.0, "×4"), (f64::INFINITY, "×∞")];

/// What is left over between two frames.
#[derive(Clone, Copy, Default)]
struct Clock {
    last: f64,
    /// Part of a step that was not moved yet.
    rest: f64,
}

/// Plays from now on whenever the page says so.
pub fn follow(page: Page) {
    let clock = StoredValue::new(Clock::default());
    Effect::new(move |was: Option<bool>| {
        let playing = page.playing.get();
        if playing && was != Some(true) {
            clock.set_value(Clock { last: now(), rest: 0.0 });
            request_animation_frame(move || tick(page, clock));
        }
        playing
    });
    let visibility = use_document_visibility();
    Effect::new(move |before: Option<bool>| {
        let unseen = visibility.get() == web_sys::VisibilityState::Hidden;
        if before.is_some_and(|before| before != unseen) {
            page.send(if unseen { &Command::Pause } else { &Command::Resume });
            clock.update_value(|clock| clock.last = now());
        }
        unseen
    });
}

fn tick(page: Page, clock: StoredValue<Clock>) {
    if !page.playing.get_untracked() {
        return;
    }
    let time = now();
    let Clock { last, rest } = clock.get_value();
    let (head, finished) = page.history.with_untracked(|history| (history.head(), history.finished));
    let last_step = page.config.with_untracked(|config| config.training.steps);
    let cursor = page.cursor.get_untracked();
    let speed = page.speed.get_untracked();
    if page.still.get_untracked() {
        if time - last >= STOP_MILLIS {
            clock.set_value(Clock { last: time, rest: 0.0 });
            let stride = last_step.div_ceil(STOPS).max(1);
            page.seek(((cursor / stride + 1) * stride).min(head.max(cursor)));
        }
    } else {
        // A frame that came late does not make the cursor leap.
        let moved = ((time - last).clamp(0.0, 100.0) / 1000.0) * PACE * speed + rest;
        let whole = moved.floor();
        let next = if speed.is_finite() { cursor.saturating_add(whole as u32) } else { head };
        let next = next.min(head.max(cursor));
        clock.set_value(Clock { last: time, rest: if speed.is_finite() { moved - whole } else { 0.0 } });
        if next != cursor {
            page.seek(next);
        }
    }
    if finished && page.cursor.get_untracked() >= head {
        page.playing.set(false);
        return;
    }
    if !hidden() {
        request_animation_frame(move || tick(page, clock));
    } else {
        // Frames do not come while nobody looks; ask again when they do.
        set_timeout(move || tick(page, clock), std::time::Duration::from_millis(250));
    }
}
