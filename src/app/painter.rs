//! Decides when plots are painted: once an animation frame, never longer than the frame allows.
//!
//! Whatever changed only marks plots. What does not fit into one frame's budget is painted in the next, so the page
//! stays responsive however many plots there are. Callers that must know when the screen is true (a host's
//! `seek`, the worker's back-pressure) ask to be told after the last marked plot.

use leptos::prelude::request_animation_frame;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Milliseconds after which an animation frame begins no further plot.
const BUDGET_MILLIS: f64 = 8.0;

type Paint = Rc<dyn Fn()>;

/// The plots on the screen and which of them must be painted again.
#[derive(Default)]
pub struct Painter {
    plots: RefCell<Vec<Option<Paint>>>,
    marked: RefCell<Vec<usize>>,
    after: RefCell<Vec<Box<dyn FnOnce()>>>,
    scheduled: Cell<bool>,
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
        let start = now();
        while now() - start < BUDGET_MILLIS {
            let next = {
                let mut marked = self.marked.borrow_mut();
                (!marked.is_empty()).then(|| marked.remove(0))
            };
            let Some(plot) = next else { break };
            let paint = self.plots.borrow().get(plot).cloned().flatten();
            if let Some(paint) = paint {
                paint();
            }
        }
        if self.marked.borrow().is_empty() {
            for call in self.after.take() {
                call();
            }
        } else {
            self.schedule();
        }
    }
}

/// Milliseconds since the page was opened; for pacing and budgets, never for results.
pub fn now() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}
