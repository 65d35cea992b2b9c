//! A plot on a canvas: painted when something it shows changed, read with pointer or keyboard.
//!
//! The canvas is drawn in eighths of a CSS px under a scale, because plotters counts in whole pixels; the screen's
//! own resolution is kept. Screen readers get a sentence and the table instead.

use super::arrows::{Drag, move_by_key, turn_by_key};
use super::batched_canvas::BatchedCanvas;
use super::page::{Page, use_page};
use crate::plots::{Ink, Paint, Picture, Plot, Scene, Stage, Switch, paint, summary};
use crate::train::History;
use leptos::prelude::*;
use leptos::{ev, html};
use leptos_use::use_resize_observer;
use plotters::prelude::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;

/// Canvas units per CSS px.
const GRAIN: f64 = 8.0;

#[component]
pub fn PlotCanvas(plot: &'static Plot) -> impl IntoView {
    let page = use_page();
    let frame = NodeRef::<html::Div>::new();
    let canvas = NodeRef::<html::Canvas>::new();
    let size = RwSignal::new((0.0, 0.0));
    let _ = use_resize_observer(frame, move |entries, _| {
        if let Some(entry) = entries.first() {
            let place = entry.content_rect();
            let now = (place.width(), place.height());
            if size.get_untracked() != now {
                size.set(now);
            }
        }
    });
    // What is on the canvas, for the pointer.
    let drawn = Rc::new(RefCell::new(Picture::default()));
    let painter = page.painter.get_value();
    let number = painter.add({
        let drawn = drawn.clone();
        move || {
            if let Some(canvas) = canvas.get_untracked() {
                *drawn.borrow_mut() = untrack(move || draw(page, plot, &canvas, size.get()));
            }
        }
    });
    let repaint = painter.clone();
    Effect::new(move |_| {
        page.history.track();
        page.predictions.track();
        page.step.track();
        page.hover.track();
        page.visible.track();
        page.narrow.track();
        page.narrow_pick.track();
        page.at_run.track();
        // Few plots read what moves with a pointer; the others need not be painted for it.
        match untrack(move || page.with_scene(|scene| (plot.switch)(scene))) {
            Switch::Arrows => page.arrows.track(),
            Switch::Aspect => page.sharpness.readings.track(),
            Switch::Front => {
                page.fronts.track();
                page.arrows.orbit.track();
                page.config.track();
            }
            Switch::Landscape => {
                page.land.track();
                page.arrows.orbit.track();
                page.config.track();
            }
            _ => {}
        }
        page.log_losses.track();
        page.aspect.track();
        page.along.track();
        page.shelf.drawn.track();
        page.probing.track();
        page.dark.track();
        size.track();
        canvas.track();
        repaint.mark(number);
    });
    let painter = StoredValue::new_local(painter);
    on_cleanup(move || painter.with_value(|painter| painter.remove(number)));

    let picture = StoredValue::new_local(drawn);
    let drag = StoredValue::new_local(None::<Drag>);
    let place = move |event: &web_sys::PointerEvent| {
        let place = frame.get_untracked()?.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - place.left(), f64::from(event.client_y()) - place.top()))
    };
    let step_at = move |event: &web_sys::PointerEvent| {
        let (x, y) = place(event)?;
        picture.with_value(|picture| picture.borrow().step_at(x, y))
    };
    let on_move = move |event: web_sys::PointerEvent| {
        let at = place(&event);
        let dragged = drag.try_update_value(|drag| match (drag, at) {
            (Some(drag), Some(at)) => {
                drag.go_on(page, at);
                true
            }
            _ => false,
        });
        if dragged != Some(true) {
            set_hover(page, step_at(&event));
            set_place(
                page,
                place(&event).and_then(|(x, y)| picture.with_value(|picture| picture.borrow().plane_at(x, y))),
            );
        }
    };
    let choice_at = move |event: &web_sys::PointerEvent| {
        let (x, y) = place(event)?;
        picture.with_value(|picture| picture.borrow().choice_at(x, y))
    };
    let choose_beside = move |event: &ev::KeyboardEvent| {
        let back = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        let choices = picture.with_value(|picture| picture.borrow().choices.clone());
        if !choices.is_empty() {
            event.prevent_default();
            event.stop_propagation();
            page.probing.choose_beside(choices.into_iter().map(|(_, choice)| choice), back);
        }
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if let Some(choice) = choice_at(&event) {
            return page.probing.choose(choice);
        }
        if let Some(step) = step_at(&event) {
            page.playing.set(false);
            page.seek(step);
        }
        let Some(from) = place(&event).filter(|_| event.button() == 0) else { return };
        if let Some(begun) = picture.with_value(|picture| take_hold(page, &picture.borrow(), from)) {
            drag.set_value(Some(begun));
            if let Some(frame) = frame.get_untracked() {
                // Without capture the drag ends at the edge of the plot, which is no harm.
                let _ = frame.set_pointer_capture(event.pointer_id());
            }
        }
    };
    let let_go = move |_: web_sys::PointerEvent| {
        drag.set_value(None);
        if page.arrows.extent.get_untracked().is_some() {
            page.arrows.extent.set(None);
        }
    };
    let words = move || page.with_scene(|scene| summary(plot, scene));
    // A sentence that changed with every step would only be noise.
    let words = Memo::new(move |_| if page.playing.get() { String::new() } else { words() });
    let least = Memo::new(move |_| {
        if page.narrow.get() {
            format!("{}px", page.with_scene(|scene| (plot.least_height)(scene)))
        } else {
            "0".into()
        }
    });
    // A finger on what can be moved does not scroll the page.
    let moves = Memo::new(move |_| page.with_scene(|scene| can_move(plot, scene)));
    view! {
        <div
            class="plot"
            class:moves=move || moves.get()
            style=("min-height", move || least.get())
            node_ref=frame
            tabindex="0"
            role="img"
            aria-label=move || format!("{}. {}", plot.title, words.get())
            data-testid=format!("plot-{}", plot.id)
            on:pointermove=on_move
            on:pointerleave=move |_| {
                set_hover(page, None);
                set_place(page, None);
            }
            on:pointerdown=on_down
            on:pointerup=let_go
            on:pointercancel=let_go
            on:blur=move |_| set_hover(page, None)
            on:keydown=move |event| {
                let done = picture.with_value(|picture| {
                    let picture = picture.borrow();
                    move_arrows(page, &picture, &event) || move_place(page, &picture, &event)
                });
                if !done {
                    choose_beside(&event);
                    read_by_keys(page, &event);
                }
            }
        >
            <canvas node_ref=canvas aria-hidden="true"></canvas>
        </div>
    }
}

fn set_hover(page: Page, step: Option<u32>) {
    if page.hover.get_untracked() != step {
        page.hover.set(step);
    }
}

/// The point of a map that is read, in all maps.
fn set_place(page: Page, place: Option<[f64; 2]>) {
    if page.land.cursor.get_untracked() != place {
        page.land.cursor.set(place);
    }
}

/// Keys that move the cross-hair of a map by a fortieth of its width, with Shift by a quarter; whether this was one.
fn move_place(page: Page, picture: &Picture, event: &ev::KeyboardEvent) -> bool {
    let Some(axis) = picture.plane_axes.first() else { return false };
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    let stride = if event.shift_key() { 0.25 } else { 0.025 };
    let by = match event.key().as_str() {
        "ArrowLeft" => [-stride, 0.0],
        "ArrowRight" => [stride, 0.0],
        "ArrowDown" => [0.0, -stride],
        "ArrowUp" => [0.0, stride],
        "Escape" if page.land.cursor.get_untracked().is_some() => {
            set_place(page, None);
            event.prevent_default();
            event.stop_propagation();
            return true;
        }
        _ => return false,
    };
    let middle = axis.spans.map(|[from, to]| (from + to) / 2.0);
    let now = page.land.cursor.get_untracked().unwrap_or(middle);
    let moved = std::array::from_fn(|c| {
        let [from, to] = axis.spans[c];
        (now[c] + by[c] * (to - from)).clamp(from.min(to), to.max(from))
    });
    set_place(page, Some(moved));
    event.prevent_default();
    event.stop_propagation();
    true
}

/// Whether pointers move something in this plot: held arrows, or space.
fn can_move(plot: &Plot, scene: &Scene) -> bool {
    match (plot.switch)(scene) {
        Switch::Arrows => scene.look.frozen.is_some() || scene.history.outline.n_tasks == 3,
        Switch::Landscape => scene.land.surface,
        Switch::Front => scene.history.outline.n_tasks == 3,
        _ => false,
    }
}

/// What a pointer that goes down at this place moves, if anything.
fn take_hold(page: Page, picture: &Picture, (x, y): (f64, f64)) -> Option<Drag> {
    let tip = picture.grip.as_ref().and_then(|grip| Some((grip, grip.at(x, y)?)));
    if let (Some((grip, task)), Some(rows)) = (tip, page.arrows.rows.get_untracked()) {
        page.playing.set(false);
        page.arrows.chosen.set(task);
        page.arrows.extent.set(Some(grip.extent));
        return Some(Drag::Tip { task, from: (x, y), rows, grip: grip.clone(), begun: false });
    }
    let turn = picture.turn.filter(|_| !page.still.get_untracked())?;
    Some(Drag::Space { last: (x, y), radius: turn.radius })
}

/// Keys of a plot whose arrows can be moved or whose space can be turned; whether this was one.
fn move_arrows(page: Page, picture: &Picture, event: &ev::KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    let (key, far) = (event.key(), event.shift_key());
    let done = match (&picture.grip, picture.turn) {
        (Some(grip), _) => move_by_key(page, grip, &key, far),
        (None, Some(_)) if !page.still.get_untracked() => turn_by_key(page, &key, far),
        _ => false,
    };
    if done {
        event.prevent_default();
        event.stop_propagation();
    }
    done
}

/// Arrows move a cross-hair through all plots, Enter takes the cursor there, Esc ends it.
fn read_by_keys(page: Page, event: &ev::KeyboardEvent) {
    let last = page.history.with_untracked(History::head);
    let at = page.hover.get_untracked().unwrap_or_else(|| page.step.get_untracked());
    let stride = if event.shift_key() { 10 } else { 1 };
    let next = match event.key().as_str() {
        "ArrowLeft" => Some(at.saturating_sub(stride)),
        "ArrowRight" => Some((at + stride).min(last)),
        "Home" => Some(0),
        "End" => Some(last),
        "Enter" => {
            page.seek(at);
            None
        }
        "Escape" => None,
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    set_hover(page, next);
}

/// Draws the plot at this size and returns what was drawn.
fn draw(page: Page, plot: &Plot, canvas: &web_sys::HtmlCanvasElement, (width, height): (f64, f64)) -> Picture {
    let ratio = window().device_pixel_ratio().clamp(1.0, 4.0);
    let (columns, rows) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
    if columns == 0 || rows == 0 {
        return Picture::default();
    }
    if canvas.width() != columns {
        canvas.set_width(columns);
    }
    if canvas.height() != rows {
        canvas.set_height(rows);
    }
    let Some(context) = canvas
        .get_context("2d")
        .ok()
        .flatten()
        .and_then(|context| context.dyn_into::<web_sys::CanvasRenderingContext2d>().ok())
    else {
        return Picture::default();
    };
    let picture = page.with_scene(|scene| {
        let stage = Stage::new(width, height, Ink::of(page.dark.get()));
        (plot.draw)(scene, &stage)
    });
    // A canvas refuses no finite transform.
    let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(columns), f64::from(rows));
    let _ = context.set_transform(ratio / GRAIN, 0.0, 0.0, ratio / GRAIN, 0.0, 0.0);
    context.set_line_join("round");
    draw_images(&context, &picture);
    if let Some(backend) = CanvasBackend::with_canvas_object(canvas.clone()) {
        // What could not be drawn leaves a gap; the table twin holds the numbers.
        let area = BatchedCanvas::new(backend, context).into_drawing_area();
        let _ = paint(&picture, &area, Paint { images: false, ..Paint::canvas(GRAIN) });
        let _ = area.present();
    }
    picture
}

/// Puts the pictures' pixels under the ink, smoothed by the browser.
fn draw_images(context: &web_sys::CanvasRenderingContext2d, picture: &Picture) {
    if picture.images.is_empty() {
        return;
    }
    let Ok(scratch) = document().create_element("canvas") else { return };
    let scratch: web_sys::HtmlCanvasElement = scratch.unchecked_into();
    let Some(pixels) = scratch.get_context("2d").ok().flatten() else { return };
    let pixels: web_sys::CanvasRenderingContext2d = pixels.unchecked_into();
    for image in &picture.images {
        let (columns, rows) = (image.columns, image.pixels.len() / image.columns.max(1));
        scratch.set_width(columns as u32);
        scratch.set_height(rows as u32);
        let bytes: Vec<u8> = image.pixels[..columns * rows].iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        let data = web_sys::ImageData::new_with_u8_clamped_array_and_sh(
            wasm_bindgen::Clamped(&bytes),
            columns as u32,
            rows as u32,
        );
        let Ok(data) = data else { continue };
        let place = image.place;
        // A picture without pixels or area is refused and stays empty.
        let _ = pixels.put_image_data(&data, 0.0, 0.0);
        let _ = context.draw_image_with_html_canvas_element_and_dw_and_dh(
            &scratch,
            place.left * GRAIN,
            place.top * GRAIN,
            place.width() * GRAIN,
            place.height() * GRAIN,
        );
    }
}
