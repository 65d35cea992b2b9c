//! Workers that this one starts to train for it: the same program again, one for every hand of the session.

use super::{Arrival, Inbox, scope};
use crate::protocol::{Command, Event};
use crate::session::{Order, Session};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions};

/// Most of them: more seeds at once than this are seldom asked for, and each takes a program and the data.
const MOST: usize = 4;
/// What the loader knows them by: they train on the CPU, so it need not look for an adapter.
const NAME: &str = "hand";
/// How often they are asked whether they are there.
const PULSE_MILLIS: i32 = 4_000;

/// Something from a hand.
pub struct News {
    hand: usize,
    /// Of which start it is: what one says that was dismissed is nothing of the next.
    start: u32,
    /// `None` where it ended.
    said: Option<Event>,
}

/// Those that were started.
pub struct Hands {
    inbox: Rc<RefCell<Inbox>>,
    hands: Vec<Option<Started>>,
    starts: u32,
    pulse: Option<(i32, Closure<dyn FnMut()>)>,
}

struct Started {
    worker: Worker,
    start: u32,
    /// What was said before it heard; `None` from then on.
    waiting: Option<Vec<Command>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// How many a session can have here: one core is for the session itself, and some browsers give workers no workers.
pub fn most() -> usize {
    let can = js_sys::Reflect::has(&js_sys::global(), &"Worker".into()).unwrap_or(false);
    let cores = scope().navigator().hardware_concurrency() as usize;
    if can && scope().name() != NAME { cores.saturating_sub(1).min(MOST) } else { 0 }
}

impl Hands {
    pub fn new(inbox: Rc<RefCell<Inbox>>) -> Self {
        Self { inbox, hands: Vec::new(), starts: 0, pulse: None }
    }

    /// Does what the session wants done.
    pub fn carry_out(&mut self, session: &mut Session) {
        loop {
            let orders = session.drain_orders();
            if orders.is_empty() {
                break;
            }
            for order in orders {
                match order {
                    Order::Say { hand, command } => {
                        if !self.say(hand, command) {
                            session.lose_hand(hand);
                        }
                    }
                    Order::Dismiss { hand } => {
                        if let Some(known) = self.hands.get_mut(hand) {
                            *known = None;
                        }
                    }
                }
            }
        }
        let any = self.hands.iter().any(Option::is_some);
        if any && self.pulse.is_none() {
            let inbox = self.inbox.clone();
            let beat = Closure::<dyn FnMut()>::new(move || Inbox::push(&inbox, Arrival::Pulse));
            let timer = scope()
                .set_interval_with_callback_and_timeout_and_arguments_0(beat.as_ref().unchecked_ref(), PULSE_MILLIS);
            self.pulse = timer.ok().map(|timer| (timer, beat));
        } else if let (false, Some((timer, _))) = (any, &self.pulse) {
            scope().clear_interval_with_handle(*timer);
            self.pulse = None;
        }
    }

    /// Whether there is someone to say it to.
    fn say(&mut self, at: usize, command: Command) -> bool {
        if self.hands.len() <= at {
            self.hands.resize_with(at + 1, || None);
        }
        if self.hands[at].is_none() {
            self.starts += 1;
            self.hands[at] = Started::start((at, self.starts), &self.inbox);
        }
        match &mut self.hands[at] {
            Some(Started { waiting: Some(waiting), .. }) => waiting.push(command),
            Some(started) => started.send(&command),
            None => return false,
        }
        true
    }

    /// Hands the session what a hand said.
    pub fn hear(&mut self, session: &mut Session, news: News) {
        let News { hand, start, said } = news;
        let Some(Some(started)) = self.hands.get_mut(hand) else { return };
        if started.start != start {
            return;
        }
        match said {
            Some(event) => {
                if matches!(event, Event::Ready { .. }) {
                    for command in started.waiting.take().into_iter().flatten() {
                        started.send(&command);
                    }
                }
                session.hear_hand(hand, event);
            }
            None => session.lose_hand(hand),
        }
    }
}

impl Started {
    fn start((hand, start): (usize, u32), inbox: &Rc<RefCell<Inbox>>) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_name(NAME);
        let worker = Worker::new_with_options(&scope().location().href(), &options).ok()?;
        let arrivals = inbox.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            // What cannot be read is a fault of its program.
            let said = Event::from_bytes(&js_sys::Uint8Array::new(&message.data()).to_vec()).ok();
            Inbox::push(&arrivals, Arrival::Hand(News { hand, start, said }));
        });
        let arrivals = inbox.clone();
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |error: web_sys::Event| {
            // The page does not stop for it: what it was to train is trained elsewhere.
            error.prevent_default();
            Inbox::push(&arrivals, Arrival::Hand(News { hand, start, said: None }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { worker, start, waiting: Some(Vec::new()), _on_message: on_message, _on_error: on_error })
    }

    fn send(&self, command: &Command) {
        let buffer = js_sys::Uint8Array::from(command.to_bytes().as_slice()).buffer();
        // Transferring a fresh buffer of our own cannot be refused.
        let _ = self.worker.post_message_with_transfer(&buffer, &js_sys::Array::of1(&buffer));
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
