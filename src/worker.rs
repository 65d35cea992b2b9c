//! Dedicated worker: feeds the session commands and files, and posts its events.
//!
//! Training runs in slices of a few milliseconds; between two slices the message queue is heard, so that
//! pause, edit and stop work within 50 ms.

mod bench;
mod hands;
mod team;

use crate::protocol::{Command, Event, FailureCode};
use crate::session::Session;
use hands::{Hands, News};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, ReadableStreamDefaultReader, Response};

/// Longest stretch of training between two looks at the queue.
const SLICE_MILLIS: f64 = 12.0;

/// What a worker hears.
enum Arrival {
    Command(Command),
    /// From a worker that trains for this one.
    Hand(News),
    /// It is time to look after those.
    Pulse,
}

/// What has arrived, and who waits for it.
#[derive(Default)]
struct Inbox {
    arrivals: VecDeque<Arrival>,
    waiting: Option<Waker>,
}

impl Inbox {
    fn push(inbox: &RefCell<Self>, arrival: Arrival) {
        let mut inbox = inbox.borrow_mut();
        inbox.arrivals.push_back(arrival);
        if let Some(waker) = inbox.waiting.take() {
            waker.wake();
        }
    }

    async fn next(inbox: &RefCell<Self>) -> Arrival {
        poll_fn(|context| {
            let mut inbox = inbox.borrow_mut();
            match inbox.arrivals.pop_front() {
                Some(arrival) => Poll::Ready(arrival),
                None => {
                    inbox.waiting = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn post(event: &Event) {
    let bytes = js_sys::Uint8Array::from(event.to_bytes().as_slice());
    let buffer = bytes.buffer();
    let transfer = js_sys::Array::of1(&buffer);
    // Posting fails only for values that cannot be cloned; a buffer can.
    let _ = scope().post_message_with_transfer(&buffer, &transfer);
}

/// Listens to the page from now on; a thread of another worker only serves.
pub fn start() {
    if team::is_thread() {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
        let what = info.payload().downcast_ref::<&str>().map(|text| (*text).to_owned());
        let what = what.or_else(|| info.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
        let message = format!("The training worker stopped by a fault of this program: {what}{place}.");
        post(&Event::Failed { id: None, code: FailureCode::Panic, message });
        console_error_panic_hook::hook(info);
    }));
    if let Some(query) = bench::asked(&scope().location().search()) {
        return spawn_local(bench::time(query));
    }
    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let arrivals = inbox.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let bytes = js_sys::Uint8Array::new(&event.data()).to_vec();
        match Command::from_bytes(&bytes) {
            Ok(command) => Inbox::push(&arrivals, Arrival::Command(command)),
            Err(garbled) => post(&Event::Failed {
                id: None,
                code: FailureCode::Link,
                message: format!("The worker did not understand a message: {}. Reload the page.", garbled.0),
            }),
        }
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    spawn_local(work(inbox));
}

async fn work(inbox: Rc<RefCell<Inbox>>) {
    let Some(performance) = scope().performance() else {
        let message = "This browser gives workers no clock, so training cannot be paced.".into();
        return post(&Event::Failed { id: None, code: FailureCode::Device, message });
    };
    let now = {
        let performance = performance.clone();
        move || performance.now()
    };
    let mut session = Session::new(Rc::new(now.clone()));
    session.offer_hands(hands::most());
    if let Some(team) = team::all_cores().await {
        session.offer_team(team);
    }
    let mut hands = Hands::new(inbox.clone());
    let pause = Breath::new();
    loop {
        hands.carry_out(&mut session);
        for event in session.drain() {
            match event {
                Event::NeedFile { name } => spawn_local(fetch_file(name, inbox.clone())),
                event => post(&event),
            }
        }
        if session.wants_to_advance() {
            let slice_end = now() + SLICE_MILLIS;
            while now() < slice_end && session.wants_to_advance() {
                session.advance().await;
            }
            session.send_frame();
            pause.take().await;
            loop {
                let arrival = inbox.borrow_mut().arrivals.pop_front();
                let Some(arrival) = arrival else { break };
                take(&mut session, &mut hands, arrival).await;
            }
        } else {
            session.send_frame();
            for event in session.drain() {
                match event {
                    Event::NeedFile { name } => spawn_local(fetch_file(name, inbox.clone())),
                    event => post(&event),
                }
            }
            let arrival = Inbox::next(&inbox).await;
            take(&mut session, &mut hands, arrival).await;
        }
    }
}

async fn take(session: &mut Session, hands: &mut Hands, arrival: Arrival) {
    match arrival {
        Arrival::Command(command) => session.handle(command).await,
        Arrival::Hand(news) => hands.hear(session, news),
        Arrival::Pulse => session.pulse(),
    }
}

/// Lets the browser deliver messages; unlike a timer it is not held back to 4 ms.
struct Breath(Option<MessageChannel>);

impl Breath {
    fn new() -> Self {
        Self(MessageChannel::new().ok())
    }

    async fn take(&self) {
        let promise = js_sys::Promise::new(&mut |resolve, _| match &self.0 {
            Some(channel) => {
                channel.port1().set_onmessage(Some(&resolve));
                if channel.port2().post_message(&JsValue::NULL).is_err() {
                    let _ = resolve.call0(&JsValue::NULL);
                }
            }
            None => {
                let _ = scope().set_timeout_with_callback(&resolve);
            }
        });
        let _ = JsFuture::from(promise).await;
    }
}

async fn fetch_file(name: String, inbox: Rc<RefCell<Inbox>>) {
    let bytes = read(&name).await.map_err(|error| {
        let text = error.as_string().or_else(|| error.dyn_ref::<js_sys::Error>().map(|e| e.message().into()));
        text.unwrap_or_else(|| "the network gave no reason".into())
    });
    Inbox::push(&inbox, Arrival::Command(Command::File { name, bytes }));
}

async fn read(name: &str) -> Result<Vec<u8>, JsValue> {
    post(&Event::Loading { name: name.into(), received: 0, total: None });
    let response = JsFuture::from(scope().fetch_with_str(&format!("data/{name}")))
        .await
        // Browsers word this each in their own way and none says what to do.
        .map_err(|_| "the server could not be reached")?;
    let response: Response = response.dyn_into()?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()).into());
    }
    let total = response.headers().get("content-length")?.and_then(|length| length.parse().ok());
    let body = response.body().ok_or("the answer has no body")?;
    let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&chunk, &"done".into())?.is_truthy() {
            return Ok(bytes);
        }
        let part: js_sys::Uint8Array = js_sys::Reflect::get(&chunk, &"value".into())?.dyn_into()?;
        let start = bytes.len();
        bytes.resize(start + part.length() as usize, 0);
        part.copy_to(&mut bytes[start..]);
        post(&Event::Loading { name: name.into(), received: bytes.len() as u64, total });
    }
}
