//! The benchmark in a worker: the page's order comes with the worker's address, answers go back as JSON text.

use super::scope;
use crate::bench::{Order, Progress, run};
use serde_json::{Value, json};
use std::cell::Cell;
use wasm_bindgen::JsValue;

/// The mark in the worker's address; what follows it is the order.
const MARK: &str = "&bench&";
/// Progress is told this often at most.
const TELL_MILLIS: f64 = 100.0;

/// The order's text, where the worker's address has one.
pub(super) fn asked(query: &str) -> Option<String> {
    query.split_once(MARK).map(|(_, order)| order.to_owned())
}

/// Carries out the order and posts `{"progress"}` now and then, at the end `{"result"}` or `{"error"}`.
pub(super) async fn time(query: String) {
    let answer = timed(&query).await.unwrap_or_else(|why| json!({"error": why}));
    post(&answer);
}

async fn timed(query: &str) -> Result<Value, String> {
    let order = Order::of_query(query)?;
    let performance = scope().performance().ok_or("This browser gives workers no clock, so nothing can be timed.")?;
    let clock = || performance.now();
    let told = Cell::new(f64::NEG_INFINITY);
    let mut watch = |progress: Progress| {
        let now = clock();
        let starts = progress.counts && progress.done == 0;
        if starts || now - told.get() >= TELL_MILLIS {
            told.set(now);
            post(&json!({"progress": {
                "counts": progress.counts, "done": progress.done, "ms": progress.millis, "of": order.millis,
            }}));
        }
        true
    };
    let team = if order.threads > 1 { Some(super::team::gathered(order.threads).await?) } else { None };
    let done = run(&order, team, &clock, &mut watch).await?;
    match done.fault() {
        Some(fault) => Err(fault),
        None => Ok(json!({
            "result": done.to_json(),
            "count": done.count, "ms": done.millis, "off": done.off, "adapter": done.adapter,
        })),
    }
}

fn post(answer: &Value) {
    // A text can always be cloned.
    let _ = scope().post_message(&JsValue::from_str(&answer.to_string()));
}
