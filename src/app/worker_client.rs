//! The page's end of the dedicated worker: starts it, sends commands, hands its events on.

use crate::protocol::{Command, Event};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker};

/// A started worker. Dropping it ends the worker.
pub struct WorkerClient {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl WorkerClient {
    /// Starts the worker of this build. `on_death` gets the reason when it cannot go on.
    ///
    /// # Errors
    /// What the browser says when it refuses workers.
    pub fn start(
        mut on_event: impl FnMut(Event) + 'static,
        on_death: impl Fn(String) + Clone + 'static,
    ) -> Result<Self, String> {
        let worker = Worker::new(&address()).map_err(|error| said(&error))?;
        let garbled = on_death.clone();
        let on_message =
            Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                match Event::from_bytes(&js_sys::Uint8Array::new(&message.data()).to_vec()) {
                    Ok(event) => on_event(event),
                    Err(error) => garbled(format!("its message could not be read ({})", error.0)),
                }
            });
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |error: ErrorEvent| {
            error.prevent_default();
            // A script that does not load gives an event without a message.
            let message = js_sys::Reflect::get(&error, &"message".into()).ok().and_then(|m| m.as_string());
            on_death(message.unwrap_or_else(|| "its program could not be loaded".into()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a command; its bytes are transferred, not copied.
    pub fn send(&self, command: &Command) {
        let buffer = js_sys::Uint8Array::from(command.to_bytes().as_slice()).buffer();
        // Transferring a fresh buffer of our own cannot be refused.
        let _ = self.worker.post_message_with_transfer(&buffer, &js_sys::Array::of1(&buffer));
    }
}

impl Drop for WorkerClient {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// The loader's address below the site's root, with this build's hash so that no stale copy runs.
fn address() -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let base = document.as_ref().and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    let build = document
        .and_then(|document| document.query_selector("meta[name=paretoscope-build]").ok().flatten())
        .and_then(|meta| meta.get_attribute("content"))
        .unwrap_or_default();
    let relative = format!("worker_loader.js?v={build}");
    web_sys::Url::new_with_base(&relative, &base).map_or(relative, |url| url.href())
}

fn said(error: &JsValue) -> String {
    js_sys::Reflect::get(error, &"message".into())
        .ok()
        .and_then(|message| message.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}
