//! A setting as slider and number box that always show the same value.
//!
//! The box takes any number of the range; what is out of range stays in the box with a sentence below, and
//! nothing changes until it is right. The slider rounds to what a hand can place.

use super::format::{plain, rounded};
use crate::balance;
pub use crate::balance::KnobScale as Walk;
use leptos::prelude::*;

/// The values a knob may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub min: f64,
    pub max: f64,
    pub walk: Walk,
}

/// Positions of the slider.
const STOPS: f64 = 1000.0;

impl Span {
    pub const fn new(min: f64, max: f64, walk: Walk) -> Self {
        Self { min, max, walk }
    }

    /// The range of a registered knob.
    pub const fn of(knob: &crate::balance::Knob) -> Self {
        Self::new(knob.min, knob.max, knob.scale)
    }

    fn place(self, value: f64) -> f64 {
        let t = match self.walk {
            Walk::Log | Walk::LogInteger => {
                let low = self.low();
                if value <= low { 0.0 } else { (value / low).ln() / (self.max / low).ln() }
            }
            _ => (value - self.min) / (self.max - self.min),
        };
        (t.clamp(0.0, 1.0) * STOPS).round()
    }

    fn value(self, place: f64) -> f64 {
        let t = (place / STOPS).clamp(0.0, 1.0);
        if t == 0.0 {
            return self.min;
        }
        if t == 1.0 {
            return self.max;
        }
        let value = match self.walk {
            Walk::Log => rounded(self.low() * (self.max / self.low()).powf(t), 2),
            Walk::Linear => {
                // A hundred and some steps of a round size.
                let step = 10f64.powf(((self.max - self.min) / 100.0).log10().floor());
                rounded((self.min + t * (self.max - self.min)) / step, 12).round() * step
            }
            Walk::Integer | Walk::Choice(_) => (self.min + t * (self.max - self.min)).round(),
            Walk::LogInteger => rounded(self.low() * (self.max / self.low()).powf(t), 2).round(),
        };
        rounded(value, 10).clamp(self.min, self.max)
    }

    /// Where a logarithmic walk begins: a range that holds 0 starts a millionth below its end.
    fn low(self) -> f64 {
        match self.walk {
            _ if self.min > 0.0 => self.min,
            Walk::LogInteger => 1.0,
            _ => self.max * 1e-6,
        }
    }

    /// One press of an arrow key.
    fn nudge(self, value: f64, up: bool) -> f64 {
        let sign = if up { 1.0 } else { -1.0 };
        let next = match self.walk {
            Walk::Integer | Walk::Choice(_) => value + sign,
            Walk::Linear => value + sign * (self.max - self.min) / 100.0,
            Walk::LogInteger => {
                // Ones to 100, tens to 1000, hundreds to 10,000: about a hundred presses a decade at most.
                let unit = 10f64.powf(value.max(1.0).log10().floor() - 1.0).max(1.0);
                let unit = if !up && value <= unit * 10.0 { (unit / 10.0).max(1.0) } else { unit };
                value + sign * unit
            }
            Walk::Log => {
                let unit = 10f64.powf(value.abs().max(self.low()).log10().floor());
                value + sign * if !up && value <= unit * 1.000_001 { unit / 10.0 } else { unit }
            }
        };
        rounded(next, 10).clamp(self.min, self.max)
    }

    /// The number a text holds.
    fn read(self, label: &str, text: &str) -> Result<f64, String> {
        let allowed = || format!("{} to {}", plain(self.min), plain(self.max));
        let text = text.trim().replace('−', "-");
        let value: f64 = match text.parse() {
            Ok(value) if f64::is_finite(value) => value,
            _ => return Err(format!("{label} must be a number from {}.", allowed())),
        };
        if self.walk.is_whole() && value.fract() != 0.0 {
            return Err(format!("{label} must be a whole number from {}.", allowed()));
        }
        if value < self.min || value > self.max {
            return Err(format!("{label} can be {}; {} is outside.", allowed(), plain(value)));
        }
        Ok(value)
    }
}

/// Takes a value, or says in a sentence why not.
pub type Commit = Callback<f64, Result<(), String>>;

/// A registered setting: a list where its values are words, slider and number box otherwise.
#[component]
pub fn Setting(knob: &'static balance::Knob, #[prop(into)] value: Signal<f64>, commit: Commit) -> impl IntoView {
    let Some(words) = knob.words() else {
        return view! { <Knob label=knob.label value span=Span::of(knob) commit /> }.into_any();
    };
    let why = RwSignal::new(None::<String>);
    let choose = move |event| {
        let at = event_target_value(&event).parse().unwrap_or(knob.default);
        why.set(commit.run(at).err());
    };
    let options = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let chosen = move || value.get() as usize == at;
            view! { <option value=at.to_string() selected=chosen>{word.replace(['-', '_'], " ")}</option> }
        })
        .collect_view();
    view! {
        <div class="knob">
            <span class="lab" title=knob.label>{knob.label}</span>
            <div class="two">
                <select class="small" aria-label=knob.label on:change=choose>
                    {options}
                </select>
            </div>
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        </div>
    }
    .into_any()
}

/// Label, slider and number box in a row.
#[component]
pub fn Knob(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<f64>,
    span: Span,
    commit: Commit,
    /// What a pointer learns about it.
    #[prop(into, optional)]
    title: String,
) -> impl IntoView {
    let draft = RwSignal::new(None::<String>);
    let why = RwSignal::new(None::<String>);
    let put = move |value: f64| match commit.run(value) {
        Ok(()) => {
            draft.set(None);
            why.set(None);
        }
        Err(sentence) => why.set(Some(sentence)),
    };
    let name = label.clone();
    let typed = move |text: String| {
        match span.read(&name, &text) {
            Ok(number) if (number - value.get_untracked()).abs() == 0.0 => {
                draft.set(None);
                why.set(None);
            }
            Ok(number) => {
                draft.set(Some(text));
                put(number);
            }
            Err(sentence) => {
                draft.set(Some(text));
                why.set(Some(sentence));
            }
        };
    };
    // A value that came from elsewhere (undo, a preset, the slider) replaces what was being typed.
    Effect::watch(
        move || value.get(),
        move |_, _, _| {
            draft.set(None);
            why.set(None);
        },
        false,
    );
    let place = move || span.place(value.get());
    let share = move || format!("{:.1}%", place() / STOPS * 100.0);
    let shown = move || draft.get().unwrap_or_else(|| plain(value.get()));
    // A text needs its sideways arrows; a slider's own move a thousandth of the way, which rounding may swallow.
    let arrows = move |event: web_sys::KeyboardEvent, sideways: bool| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            "ArrowRight" if sideways => true,
            "ArrowLeft" if sideways => false,
            _ => return,
        };
        event.prevent_default();
        put(span.nudge(value.get_untracked(), up));
    };
    view! {
        <div class="knob" title=title>
            <span class="lab" title=label.clone()>
                {label.clone()}
            </span>
            <input
                type="range"
                min="0"
                max=STOPS
                step="1"
                aria-label=label.clone()
                aria-valuetext=move || plain(value.get())
                style=("--p", share)
                prop:value=move || place().to_string()
                on:input=move |event| {
                    let place = event_target_value(&event).parse().unwrap_or(0.0);
                    put(span.value(place));
                }
                on:keydown=move |event| arrows(event, true)
            />
            <input
                class="box"
                type="text"
                inputmode="decimal"
                autocomplete="off"
                aria-label=format!("{label}, number")
                aria-invalid=move || why.with(Option::is_some).to_string()
                prop:value=shown
                on:change=move |event| typed(event_target_value(&event))
                on:keydown=move |event| arrows(event, false)
            />
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        </div>
    }
}
