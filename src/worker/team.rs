//! Threads of a worker whose page is cross-origin isolated: workers that share its memory.
//!
//! A thread that traps is waited for without end, as a trap of the worker itself ends it: the page's heartbeat notices
//! both.

use crate::kernels::Team;
use std::sync::Arc;

/// Most threads that are asked for: beyond that the kernels of our sizes gain nothing.
const MOST: usize = 8;
/// What the loader knows a thread by: it waits for the other worker's program and memory.
const NAME: &str = "thread";

/// As many threads as the machine has cores, or why they are not there; `None` where it has one core, or this program
/// knows no threads.
pub(super) async fn all_cores() -> Option<Result<Arc<dyn Team>, String>> {
    let cores = super::scope().navigator().hardware_concurrency() as usize;
    if cfg!(target_feature = "atomics") && cores > 1 { Some(gathered(cores.min(MOST)).await) } else { None }
}

/// Whether this program was started as a thread: the loader has it serve.
pub(super) fn is_thread() -> bool {
    super::scope().name() == NAME
}

#[cfg(not(target_feature = "atomics"))]
#[expect(clippy::unused_async, reason = "the program with threads waits for them")]
pub(super) async fn gathered(_threads: usize) -> Result<Arc<dyn Team>, String> {
    Err("Threads need a site that was built with them and is served with the headers Cross-Origin-Opener-Policy: \
         same-origin and Cross-Origin-Embedder-Policy: require-corp."
        .into())
}

#[cfg(target_feature = "atomics")]
pub(super) use shared::gathered;

#[cfg(target_feature = "atomics")]
mod shared {
    use super::super::scope;
    use super::NAME;
    use crate::kernels::Team;
    use crate::threads::{Seat, Threads};
    use std::sync::{Arc, Mutex, PoisonError};
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Worker, WorkerOptions};

    /// How often it is looked whether they are there, and how long at most.
    const LOOK_MILLIS: i32 = 5;
    const LOOKS: u32 = 600;

    /// Seats that nobody has taken. All threads see the same.
    static SEATS: Mutex<Vec<Seat>> = Mutex::new(Vec::new());

    /// Takes a seat and serves there, for as long as there is a worker.
    #[wasm_bindgen(js_name = "serveTeam")]
    pub fn serve() {
        let seat = SEATS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(seat) = seat {
            seat.serve();
        }
    }

    /// A team of so many threads, this one among them.
    ///
    /// # Errors
    /// Why they are not there, in a sentence.
    pub async fn gathered(threads: usize) -> Result<Arc<dyn Team>, String> {
        let team = Threads::alone();
        let options = WorkerOptions::new();
        options.set_name(NAME);
        for _ in 1..threads {
            let worker = Worker::new_with_options(&scope().location().href(), &options)
                .map_err(|_| "This browser gives workers no workers, so there are no threads.")?;
            SEATS.lock().unwrap_or_else(PoisonError::into_inner).push(team.seat());
            let program = js_sys::Array::of2(&wasm_bindgen::module(), &wasm_bindgen::memory());
            worker.post_message(&program).map_err(|_| "This page may not share memory, so there are no threads.")?;
            // It lives as long as the program.
            std::mem::forget(worker);
        }
        for _ in 0..LOOKS {
            if team.size() == threads {
                return Ok(Arc::new(team));
            }
            let soon = js_sys::Promise::new(&mut |resolve, _| {
                let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, LOOK_MILLIS);
            });
            let _ = JsFuture::from(soon).await;
        }
        SEATS.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Err("The browser did not start the threads in time.".into())
    }
}
