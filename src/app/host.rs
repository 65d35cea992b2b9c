//! `window.paretoscope`: what a host or a test may ask of the page, the same validators as the link.

use super::page::{Page, Trouble};
use crate::config::{Edit, link};
use leptos::prelude::*;
use serde_json::Value;
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// Puts the object on the window. Every method returns a promise; a refusal rejects with a sentence.
pub fn expose(page: Page) {
    let host = js_sys::Object::new();
    let set = |name: &str, value: &JsValue| {
        // A fresh object takes any property.
        let _ = js_sys::Reflect::set(&host, &name.into(), value);
    };
    set("ready", &computed(page));
    method(&set, "getState", move |_| Ok(now(to_js(&state(page)))));
    method(&set, "setState", move |given| {
        let parsed = link::read(&wanted(&given)?).map_err(|rejected| {
            let sentences: Vec<String> = rejected.complaints.into_iter().map(|complaint| complaint.sentence).collect();
            format!("{} {}", rejected.cause.headline(), sentences.join(" "))
        })?;
        page.unknown.set_value(parsed.unknown);
        page.notices.set(parsed.notices);
        page.open(parsed.config);
        Ok(settled(page))
    });
    method(&set, "play", move |_| {
        page.set_playing(true);
        Ok(now(JsValue::UNDEFINED))
    });
    method(&set, "pause", move |_| {
        page.set_playing(false);
        Ok(drawn(page))
    });
    method(&set, "seek", move |step| {
        let last = page.config.with_untracked(|config| config.training.steps);
        let step = whole(&step)
            .filter(|step| *step <= last)
            .ok_or_else(|| format!("seek takes a step, a whole number from 0 to {last}."))?;
        page.playing.set(false);
        page.seek(step);
        Ok(computed(page))
    });
    method(&set, "reset", move |options| {
        if options.is_object() {
            let seed = js_sys::Reflect::get(&options, &"seed".into()).unwrap_or(JsValue::UNDEFINED);
            if !seed.is_undefined() && !seed.is_null() {
                let seed = whole(&seed).ok_or("The seed must be a whole number from 0 to 4294967295.")?;
                page.edit(Edit::Seed(seed))?;
            }
        }
        super::transport::reset(page);
        Ok(settled(page))
    });
    method(&set, "setMethods", move |list| {
        let methods = strings(&list).ok_or("setMethods takes a list of method ids.")?;
        page.edit(Edit::Methods(methods))?;
        Ok(settled(page))
    });
    method(&set, "setPreference", move |list| {
        let preference = if list.is_null() || list.is_undefined() {
            None
        } else {
            Some(numbers(&list).ok_or("setPreference takes a list of numbers, one a task.")?)
        };
        page.edit(Edit::Preference(preference))?;
        Ok(settled(page))
    });
    method(&set, "metrics", move |_| {
        Ok(future_to_promise(async move {
            let later = page.later.have().await.map_err(|sentence| js_sys::Error::new(&sentence))?;
            Ok(to_js(&(later.metrics)(page)))
        }))
    });
    method(&set, "export", move |options| {
        let field = |name: &str| js_sys::Reflect::get(&options, &name.into()).ok().and_then(|value| value.as_string());
        let kind = field("kind").or_else(|| options.as_string()).ok_or("export takes {kind: csv, json or svg}.")?;
        let view = field("view");
        Ok(future_to_promise(async move {
            let made = async { (page.later.have().await?.file)(page, &kind, view.as_deref()) };
            let file = made.await.map_err(|sentence| js_sys::Error::new(&sentence))?;
            Ok(JsValue::from_str(&file.text))
        }))
    });
    let _ = js_sys::Reflect::set(&window(), &"paretoscope".into(), &host);
}

/// The link or configuration in what a host gave: a link, a configuration, or what `getState` answered.
fn wanted(given: &JsValue) -> Result<String, String> {
    let sentence = || "setState takes a link, a configuration, or what getState answered.".to_owned();
    if let Some(text) = given.as_string() {
        return Some(text).filter(|text| !text.trim().is_empty()).ok_or_else(sentence);
    }
    let inner = js_sys::Reflect::get(given, &"config".into()).ok().filter(JsValue::is_object);
    let config = inner.as_ref().unwrap_or(given);
    let text = js_sys::JSON::stringify(config).ok().and_then(|text| text.as_string());
    text.filter(|text| config.is_object() && text.len() > 2 && text.starts_with('{')).ok_or_else(sentence)
}

/// The configuration, its link and what the page is doing. Nothing is open while a link is refused.
fn state(page: Page) -> Value {
    untrack(move || {
        let config = page.with_view();
        let backend = page.backend.with(|report| {
            report.as_ref().map(|report| {
                serde_json::json!({
                    "kind": if report.kind == crate::protocol::BackendKind::Gpu { "gpu" } else { "cpu" },
                    "adapter": report.adapter,
                    "statement": report.statement,
                    "approximate": report.approximate,
                })
            })
        });
        let opened = page.opened.get();
        let trouble = page.trouble.with(|trouble| trouble.as_ref().map(Trouble::sentence));
        page.history.with(|history| {
            serde_json::json!({
                "link": opened.then(|| super::address::link(page)),
                "config": opened.then(|| serde_json::from_str::<Value>(&link::to_json(&config)).ok()),
                "step": page.step.get(),
                "cursor": page.cursor.get(),
                "head": if page.fresh.get() { history.head() } else { 0 },
                "finished": page.fresh.get() && history.finished,
                "playing": page.playing.get(),
                "backend": backend,
                "opened": opened,
                "trouble": trouble,
            })
        })
    })
}

/// Kept when the curves up to the view cursor are on the screen, or when a card says why there are none.
fn computed(page: Page) -> js_sys::Promise {
    when(page, move || {
        let cursor = page.cursor.get();
        page.fresh.get() && page.history.with(|history| history.finished || history.head() >= cursor)
    })
}

/// Kept when the first curves of what was asked for are on the screen, or a card in their place.
fn settled(page: Page) -> js_sys::Promise {
    when(page, move || page.fresh.get())
}

/// A promise that is kept, with the state, once the condition holds and is drawn.
fn when(page: Page, holds: impl Fn() -> bool + Copy + 'static) -> js_sys::Promise {
    js_sys::Promise::new(&mut |resolve, _| {
        // An owner of its own, so that a promise that was kept leaves nothing behind.
        let owner = Owner::new();
        let kept = owner.clone();
        let told = Cell::new(false);
        owner.with(move || {
            Effect::new(move |_| {
                if told.get() {
                    return;
                }
                let stopped = page.trouble.with(Option::is_some);
                if holds() || stopped {
                    told.set(true);
                    let (resolve, kept) = (resolve.clone(), kept.clone());
                    page.painter.get_value().when_drawn(move || {
                        // A host that no longer listens loses nothing.
                        let _ = resolve.call1(&JsValue::NULL, &to_js(&state(page)));
                        kept.cleanup();
                    });
                }
            });
        });
    })
}

fn method(
    set: &impl Fn(&str, &JsValue),
    name: &str,
    answer: impl Fn(JsValue) -> Result<js_sys::Promise, String> + 'static,
) {
    let call = Closure::<dyn Fn(JsValue) -> js_sys::Promise>::new(move |given: JsValue| {
        answer(given).unwrap_or_else(|sentence| js_sys::Promise::reject(&js_sys::Error::new(&sentence)))
    });
    // The object lives as long as the page.
    set(name, &call.into_js_value());
}

/// A promise that is kept already.
fn now(value: JsValue) -> js_sys::Promise {
    js_sys::Promise::resolve(&value)
}

/// Kept when what changed is on the screen.
fn drawn(page: Page) -> js_sys::Promise {
    js_sys::Promise::new(&mut |resolve, _| {
        let painter = page.painter.get_value();
        painter.when_drawn(move || {
            let _ = resolve.call0(&JsValue::NULL);
        });
    })
}

fn to_js(value: &Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

fn whole(value: &JsValue) -> Option<u32> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

fn numbers(list: &JsValue) -> Option<Vec<f64>> {
    js_sys::Array::is_array(list).then(|| js_sys::Array::from(list).iter().map(|item| item.as_f64()).collect())?
}

fn strings(list: &JsValue) -> Option<Vec<String>> {
    js_sys::Array::is_array(list).then(|| js_sys::Array::from(list).iter().map(|item| item.as_string()).collect())?
}
