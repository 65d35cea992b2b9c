//! Decides when plots are painted: once an animation frame, never longer than the frame allows.
//!
//! Whatever changed only marks plots. What does not fit into one frame's budget is painted in the next, so the page
//! stays responsive however many plots there are. The budget follows what the screen manages: a frame that came late
//! halves it, frames in time let it grow again, so that on a slow machine plots take turns and the pointer does not
//! wait. Callers that must know when the screen is true (a host's
//! `seek`, the worker's back-pressure) ask to be told after the last marked plot.

use leptos::prelude::request_animation_frame;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Milliseconds after which an animation frame begins no further plot: at most, and at least.
const MOST_MILLIS: f64 = 8.0;
const LEAST_MILLIS: f64 = 1.0;
/// Added to the budget by every frame in time.
const GROWTH_MILLIS: f64 = 0.25;
/// A frame that comes this long after the one before is late, at the 60 frames a second of most screens.
const LATE_MILLIS: f64 = 25.0;

type Paint = Rc<dyn Fn()>;

/// The plots on the screen and which of them must be painted again.
pub struct Painter {
    plots: RefCell<Vec<Option<Paint>>>,
    marked: RefCell<Vec<usize>>,
    after: RefCell<Vec<Box<dyn FnOnce()>>>,
    scheduled: Cell<bool>,
    budget: Cell<f64>,
    /// When the last frame began; before all time where none was wanted.
    last: Cell<f64>,
}

impl Default for Painter {
    fn default() -> Self {
        Self {
            plots: RefCell::default(),
            marked: RefCell::default(),
            after: RefCell::default(),
            scheduled: Cell::default(),
            budget: Cell::new(MOST_MILLIS),
            last: Cell::new(f64::NEG_INFINITY),
        }
    }
}

/// What a frame may spend, `interval` after the one before; an endless one was a rest.
fn paced(budget: f64, interval: f64) -> f64 {
    let late = interval.is_finite() && interval > LATE_MILLIS;
    let next = if late { budget / 2.0 } else { budget + GROWTH_MILLIS };
    next.clamp(LEAST_MILLIS, MOST_MILLIS)
}

impl Painter {
    /// Adds a plot; its number marks and removes it.
    pub fn add(&self, paint: impl Fn() + 'static) -> usize {
        let mut plots = self.plots.borrow_mut();
        plots.push(Some(Rc::new(paint)));
        plots.len() - 1
    }

    pub fn remove(&self, plot: usize) {
        self.plots.borrow_mut()[plot] = None;
    }

    /// The plot's picture is out of date.
    pub fn mark(self: &Rc<Self>, plot: usize) {
        let mut marked = self.marked.borrow_mut();
        if !marked.contains(&plot) {
            marked.push(plot);
        }
        drop(marked);
        self.schedule();
    }

    /// Calls back in the animation frame in which nothing is left to paint.
    pub fn when_drawn(self: &Rc<Self>, call: impl FnOnce() + 'static) {
        self.after.borrow_mut().push(Box::new(call));
        self.schedule();
    }

    fn schedule(self: &Rc<Self>) {
        if !self.scheduled.replace(true) {
            let painter = self.clone();
            request_animation_frame(move || painter.paint());
        }
    }

    fn paint(self: &Rc<Self>) {
        self.scheduled.set(false);
        if self.marked.borrow().is_empty() && self.after.borrow().is_empty() {
            self.last.set(f64::NEG_INFINITY);
            return;
        }
        let start = now();
        let budget = paced(self.budget.get(), start - self.last.replace(start));
        self.budget.set(budget);
        loop {
            let next = {
                let mut marked = self.marked.borrow_mut();
                (!marked.is_empty()).then(|| marked.remove(0))
            };
            let Some(plot) = next else { break };
            let paint = self.plots.borrow().get(plot).cloned().flatten();
            if let Some(paint) = paint {
                paint();
            }
            if now() - start >= budget {
                break;
            }
        }
        if self.marked.borrow().is_empty() {
            for call in self.after.take() {
                call();
            }
        }
        // What is marked in the next frame is then painted in it, and not in the one after.
        self.schedule();
    }
}

/// Milliseconds since the page was opened; for pacing and budgets, never for results.
pub fn now() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}
