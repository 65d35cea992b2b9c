//! The panel of what is trained: data, tasks, network and training.

use super::attribution::Attribution;
use super::format::grouped;
use super::icons;
use super::knob::{Commit, Knob, Setting, Span, Walk};
use super::network_drawing::NetworkDrawing;
use super::page::{Drawer, Page, use_page};
use super::preference::Preference;
use super::seeds_control::SeedsControl;
use super::start_section::StartSection;
use crate::balance;
use crate::config::{
    Activation, BATCH, Batch, CLIP, DECAY_FACTOR, Decay, Edit, LABEL_NOISE, LEARNING_RATE, LOSS_SCALE, MOMENTUM,
    Optimizer, STEPS, Schedule, TRUNK_LAYERS, WEIGHT_DECAY, WIDTH,
};
use crate::data::DATASETS;
use crate::problem::PROBLEMS;
use leptos::prelude::*;

/// Batch sizes on offer beside the one that is set.
const BATCHES: [u32; 7] = [16, 32, 64, 128, 256, 512, 1024];

#[component]
pub fn ProblemPanel() -> impl IntoView {
    let page = use_page();
    let open = move || page.drawer.get() == Some(Drawer::Problem);
    view! {
        <aside class="left" aria-label="Problem" data-open=move || open().to_string()>
            <div class="ph">
                <h2>"Problem"</h2>
                <button
                    class="btn icon close-drawer"
                    type="button"
                    aria-label="Close"
                    on:click=move |_| page.drawer.set(None)
                >
                    {icons::CLOSE.draw()}
                </button>
            </div>
            <Show
                when=move || page.opened.get()
                fallback=|| view! { <section class="sec first"><p class="note">"Nothing is loaded yet."</p></section> }
            >
                <DataSection />
                <StartSection />
                <TaskSection />
                <Preference />
                <Show when=move || page.config.with(|config| config.network().is_some())>
                    <NetworkSection />
                </Show>
                <TrainingSection />
                <Attribution />
            </Show>
        </aside>
    }
}

/// A commit that turns the value into an edit.
pub fn commit(page: Page, edit: impl Fn(f64) -> Edit + Send + Sync + 'static) -> Commit {
    Callback::new(move |value| page.edit(edit(value)))
}

#[component]
fn DataSection() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let source = Memo::new(move |_| page.config.with(|config| config.subject.id()));
    let choose = move |event| why.set(page.edit(Edit::Data(event_target_value(&event))).err());
    let option = move |id: &'static str, title: &'static str| {
        view! {
            <option value=id selected=move || source.get() == id>
                {title}
            </option>
        }
    };
    view! {
        <section class="sec first">
            <select class="small wide" aria-label="Data set or problem" data-testid="dataset" prop:value=move || source.get() on:change=choose>
                <optgroup label="Data sets">
                    {DATASETS.iter().map(|entry| option(entry.id, entry.title)).collect_view()}
                </optgroup>
                <optgroup label="Analytic problems">
                    {PROBLEMS.iter().map(|entry| option(entry.id, entry.label)).collect_view()}
                </optgroup>
            </select>
            <p class="note under">{move || page.config.with(|config| config.subject.about())}</p>
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
            {move || {
                source.track();
                let knobs = page
                    .config
                    .with_untracked(|config| config.data().map_or(&[][..], |data| data.source.knobs));
                knobs
                    .iter()
                    .enumerate()
                    .map(|(at, knob)| view! { <DataSetting at knob /> })
                    .collect_view()
            }}
        </section>
    }
}

#[component]
fn DataSetting(at: usize, knob: &'static balance::Knob) -> impl IntoView {
    let page = use_page();
    let value = Signal::derive(move || {
        let set = page.config.with(|config| config.data().and_then(|data| data.knobs.get(at).copied()));
        set.unwrap_or(knob.default)
    });
    let set = commit(page, move |value| Edit::DataKnob { knob: at, value });
    view! { <Setting knob value commit=set /> }
}

#[component]
fn TaskSection() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    // Rebuilt only when the tasks change, so that a slider keeps its focus while it moves.
    let chosen = Memo::new(move |_| page.config.with(|config| (config.subject.id(), config.subject.task_names())));
    let rows = move || {
        let (_, names) = chosen.get();
        names
            .into_iter()
            .enumerate()
            .map(|(position, name)| {
                let value = Signal::derive(move || {
                    page.config.with(|config| config.loss_scales().get(position).copied().unwrap_or(1.0))
                });
                let span = Span::new(*LOSS_SCALE.start(), *LOSS_SCALE.end(), Walk::Log);
                let set = commit(page, move |scale| Edit::LossScale { position, scale });
                view! { <Knob label=name value span commit=set title="Factor on this task’s loss" /> }
            })
            .collect_view()
    };
    let choices = move || {
        chosen.track();
        let data = page.config.with_untracked(|config| config.data().map(|data| (data.source, data.tasks.clone())));
        let (source, tasks) = data?;
        (source.tasks.len() > tasks.len() || source.tasks.len() > 2).then(|| {
            let boxes = source
                .tasks
                .iter()
                .enumerate()
                .map(|(task, entry)| {
                    let on = tasks.contains(&task);
                    let toggle = move |_| why.set(page.edit(Edit::ToggleTask(task)).err());
                    view! {
                        <label class="check">
                            <input type="checkbox" prop:checked=on on:change=toggle />
                            {entry.label}
                        </label>
                    }
                })
                .collect_view();
            view! {
                <details class="fold">
                    <summary>{format!("Choose tasks, {} of {}", tasks.len(), source.tasks.len())}</summary>
                    {boxes}
                </details>
            }
        })
    };
    let learned = Memo::new(move |_| page.config.with(|config| config.data().is_some()));
    let wrong = Signal::derive(move || page.config.with(|config| config.data().map_or(0.0, |data| data.label_noise)));
    view! {
        <section class="sec">
            <h3>"Tasks " <span>"weight of each loss"</span></h3>
            {rows}
            {choices}
            <Show when=move || learned.get()>
                <Knob
                    label="Wrong labels"
                    value=wrong
                    span=Span::new(*LABEL_NOISE.start(), *LABEL_NOISE.end(), Walk::Linear)
                    commit=commit(page, Edit::LabelNoise)
                    title="Share of the training rows whose label is wrong, for each task. Held-out rows stay true."
                />
            </Show>
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        </section>
    }
}

#[component]
fn NetworkSection() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let width = Signal::derive(move || {
        let first = page.config.with(|config| config.network().and_then(|network| network.trunk.first().copied()));
        f64::from(first.unwrap_or(1))
    });
    let depth = Signal::derive(move || {
        page.config.with(|config| config.network().map_or(1.0, |network| network.trunk.len() as f64))
    });
    let mixed = move || {
        page.config.with(|config| {
            let trunk = &config.network()?.trunk;
            trunk.iter().any(|width| *width != trunk[0]).then(|| {
                let widths = trunk.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
                view! { <p class="note">{format!("Widths {widths}. Setting a width sets all layers.")}</p> }
            })
        })
    };
    let activation = move |label: &'static str, activation: Activation| {
        view! {
            <button
                type="button"
                aria-pressed=move || {
                    let network = page.config.with(|config| config.network().cloned());
                    network.is_some_and(|network| network.activation == activation).to_string()
                }
                on:click=move |_| why.set(page.edit(Edit::Activation(activation)).err())
            >
                {label}
            </button>
        }
    };
    let pictures =
        Memo::new(move |_| page.config.with(|config| config.data().is_some_and(|data| data.source.image.is_some())));
    let convolutions = move |label: &'static str, filters: &'static [u32]| {
        view! {
            <button
                type="button"
                aria-pressed=move || {
                    let network = page.config.with(|config| config.network().cloned());
                    network.is_some_and(|network| network.filters == filters).to_string()
                }
                on:click=move |_| why.set(page.edit(Edit::Filters(filters.to_vec())).err())
            >
                {label}
            </button>
        }
    };
    let parameters = move || {
        page.history.with(|history| match history.outline.n_parameters {
            0 => String::new(),
            count => format!("{} parameters", grouped(count)),
        })
    };
    let span = |range: (f64, f64), walk| Span::new(range.0, range.1, walk);
    view! {
        <section class="sec">
            <h3>"Network " <span>{parameters}</span></h3>
            <NetworkDrawing />
            <Show when=move || pictures.get()>
                <div class="knob">
                    <span class="lab" title="Filters of 5 × 5 pixels before the layers, each pooled 2 × 2">
                        "Convolutions"
                    </span>
                    <div class="two">
                        <span class="seg">
                            {convolutions("none", &[])} {convolutions("10", &[10])} {convolutions("10, 20", &[10, 20])}
                        </span>
                    </div>
                </div>
            </Show>
            <Knob
                label="Width"
                value=width
                span=span((f64::from(*WIDTH.start()), f64::from(*WIDTH.end())), Walk::LogInteger)
                commit=commit(page, |value| Edit::Width(value as u32))
            />
            {mixed}
            <Knob
                label="Depth"
                value=depth
                span=span((*TRUNK_LAYERS.start() as f64, *TRUNK_LAYERS.end() as f64), Walk::Integer)
                commit=commit(page, |value| Edit::Depth(value as usize))
            />
            <div class="knob">
                <span class="lab">"Activation"</span>
                <div class="two">
                    <span class="seg">
                        {activation("tanh", Activation::Tanh)} {activation("ReLU", Activation::Relu)}
                        {activation("GELU", Activation::Gelu)}
                    </span>
                </div>
            </div>
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
        </section>
    }
}

#[component]
fn TrainingSection() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let act = move |edit: Edit| why.set(page.edit(edit).err());
    let rate = Signal::derive(move || page.config.with(|config| config.training.learning_rate));
    let steps = Signal::derive(move || page.config.with(|config| f64::from(config.training.steps)));
    let momentum = Memo::new(move |_| {
        page.config.with(|config| match config.training.optimizer {
            Optimizer::Sgd { momentum } => Some(momentum),
            Optimizer::Adam | Optimizer::AdamW => None,
        })
    });
    let sgd = Memo::new(move |_| momentum.get().is_some());
    let clip = Memo::new(move |_| page.config.with(|config| config.training.clip));
    let clipped = Memo::new(move |_| clip.get().is_some());
    let batch = Memo::new(move |_| {
        page.config.with(|config| match config.training.batch {
            Batch::All => 0,
            Batch::Rows(rows) => rows,
        })
    });
    let learned = Memo::new(move |_| page.config.with(|config| config.network().is_some()));
    let optimizer = move |event| {
        let optimizer = match event_target_value(&event).as_str() {
            "sgd" => Optimizer::Sgd { momentum: 0.9 },
            "adamw" => Optimizer::AdamW,
            _ => Optimizer::Adam,
        };
        act(Edit::Optimizer(optimizer));
    };
    let chosen = Memo::new(move |_| page.config.with(|config| config.training.optimizer));
    let option = move |value: &'static str, label: &'static str, is: fn(Optimizer) -> bool| {
        view! { <option value=value selected=move || is(chosen.get())>{label}</option> }
    };
    // Known once the data is built.
    let rows =
        Memo::new(move |_| page.history.with(|history| Some(history.outline.train_rows).filter(|rows| *rows > 0)));
    let batches = move || {
        let now = batch.get();
        let rows = rows.get();
        let fits = |size: &u32| BATCH.contains(size) && rows.is_none_or(|rows| *size as usize <= rows);
        let mut sizes: Vec<u32> = BATCHES.iter().copied().filter(fits).collect();
        if now > 0 && !sizes.contains(&now) {
            sizes.push(now);
            sizes.sort_unstable();
        }
        sizes.insert(0, 0);
        sizes
            .into_iter()
            .map(|size| {
                let label = if size == 0 { "all rows".to_string() } else { size.to_string() };
                view! { <option value=size.to_string() selected=size == now>{label}</option> }
            })
            .collect_view()
    };
    let choose_batch = move |event| {
        let size = event_target_value(&event).parse().unwrap_or(0);
        act(Edit::Batch(if size == 0 { Batch::All } else { Batch::Rows(size) }));
    };
    let seed_text = move || page.config.with(|config| config.training.seed.to_string());
    let set_seed = move |event: web_sys::Event| {
        let text = event_target_value(&event);
        match text.trim().parse::<u32>() {
            Ok(seed) => act(Edit::Seed(seed)),
            Err(_) => why.set(Some(format!("A seed is a whole number from 0 to {}.", u32::MAX))),
        }
    };
    view! {
        <section class="sec">
            <h3>"Training"</h3>
            <div class="knob">
                <span class="lab">"Optimizer"</span>
                <div class="two">
                    <select class="small" aria-label="Optimizer" on:change=optimizer>
                        {option("adam", "Adam", |optimizer| optimizer == Optimizer::Adam)}
                        {option("adamw", "AdamW", |optimizer| optimizer == Optimizer::AdamW)}
                        {option("sgd", "SGD", |optimizer| matches!(optimizer, Optimizer::Sgd { .. }))}
                    </select>
                </div>
            </div>
            <Show when=move || sgd.get()>
                <Knob
                    label="Momentum"
                    value=Signal::derive(move || momentum.get().unwrap_or(0.0))
                    span=Span::new(*MOMENTUM.start(), *MOMENTUM.end(), Walk::Linear)
                    commit=commit(page, Edit::Momentum)
                />
            </Show>
            <Knob
                label="Learning rate"
                value=rate
                span=Span::new(*LEARNING_RATE.start(), *LEARNING_RATE.end(), Walk::Log)
                commit=commit(page, Edit::LearningRate)
            />
            <ScheduleSection />
            <Knob
                label="Weight decay"
                value=Signal::derive(move || page.config.with(|config| config.training.weight_decay))
                span=Span::new(*WEIGHT_DECAY.start(), *WEIGHT_DECAY.end(), Walk::Log)
                commit=commit(page, Edit::WeightDecay)
                title="λ: with AdamW the parameters shrink beside the step, else λθ joins the gradient"
            />
            <Show when=move || learned.get()>
                <div class="knob">
                    <span class="lab">"Batch"</span>
                    <div class="two">
                        <select class="small" aria-label="Batch" on:change=choose_batch>
                            {batches}
                        </select>
                    </div>
                </div>
            </Show>
            <Knob
                label="Steps"
                value=steps
                span=Span::new(f64::from(*STEPS.start()), f64::from(*STEPS.end()), Walk::LogInteger)
                commit=commit(page, |value| Edit::Steps(value as u32))
            />
            <div class="knob">
                <span class="lab">"Seed"</span>
                <div class="two">
                    <button
                        class="btn icon"
                        type="button"
                        aria-label="New seed"
                        title="New seed (N)"
                        data-testid="new-seed"
                        on:click=move |_| new_seed(page)
                    >
                        {icons::DICE.draw()}
                    </button>
                    <input
                        class="box"
                        type="text"
                        inputmode="numeric"
                        aria-label="Seed"
                        data-testid="seed"
                        prop:value=seed_text
                        on:change=set_seed
                    />
                </div>
            </div>
            <SeedsControl />
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || clipped.get()
                    on:change=move |event| act(Edit::Clip(event_target_checked(&event).then_some(1.0)))
                />
                "Clip the gradient’s length"
            </label>
            <Show when=move || clipped.get()>
                <Knob
                    label="Longest"
                    value=Signal::derive(move || clip.get().unwrap_or(1.0))
                    span=Span::new(*CLIP.start(), *CLIP.end(), Walk::Log)
                    commit=commit(page, |value| Edit::Clip(Some(value)))
                />
            </Show>
            {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
            <p class="note under">
                {move || {
                    if !learned.get() {
                        "The seed serves methods that draw; runs start at the same point whatever it is."
                    } else {
                        "The seed sets initial weights and batches, the same for every run."
                    }
                }}
            </p>
        </section>
    }
}

/// How the learning rate goes over the run.
#[component]
fn ScheduleSection() -> impl IntoView {
    let page = use_page();
    let why = RwSignal::new(None::<String>);
    let now = Memo::new(move |_| page.config.with(|config| (config.training.schedule, config.training.steps)));
    let set = move |schedule: Schedule| why.set(page.edit(Edit::Schedule(schedule)).err());
    let choose = move |event| {
        let (schedule, steps) = now.get_untracked();
        let decay = match event_target_value(&event).as_str() {
            "linear" => Decay::Linear,
            "cosine" => Decay::Cosine,
            // A third of the run at each rate, to begin with.
            "steps" => Decay::Steps { factor: 0.3, every: (steps / 3).max(1) },
            _ => Decay::Constant,
        };
        set(Schedule { decay, ..schedule });
    };
    let option = move |value: &'static str, label: &'static str, is: fn(Decay) -> bool| {
        view! { <option value=value selected=move || is(now.get().0.decay)>{label}</option> }
    };
    let steps = Memo::new(move |_| match now.get().0.decay {
        Decay::Steps { factor, every } => Some((factor, every)),
        Decay::Constant | Decay::Linear | Decay::Cosine => None,
    });
    let in_steps = Memo::new(move |_| steps.get().is_some());
    let edit = move |change: fn(Schedule, f64) -> Schedule| {
        commit(page, move |value| Edit::Schedule(change(now.get_untracked().0, value)))
    };
    view! {
        <div class="knob">
            <span class="lab">"Schedule"</span>
            <div class="two">
                <select class="small" aria-label="Learning-rate schedule" data-testid="schedule" on:change=choose>
                    {option("constant", "constant", |decay| decay == Decay::Constant)}
                    {option("linear", "linear to 0", |decay| decay == Decay::Linear)}
                    {option("cosine", "cosine to 0", |decay| decay == Decay::Cosine)}
                    {option("steps", "in steps", |decay| matches!(decay, Decay::Steps { .. }))}
                </select>
            </div>
        </div>
        <Show when=move || in_steps.get()>
            <Knob
                label="Times"
                value=Signal::derive(move || steps.get().map_or(1.0, |(factor, _)| factor))
                span=Span::new(*DECAY_FACTOR.start(), *DECAY_FACTOR.end(), Walk::Log)
                commit=edit(|schedule, value| match schedule.decay {
                    Decay::Steps { every, .. } => Schedule { decay: Decay::Steps { factor: value, every }, ..schedule },
                    _ => schedule,
                })
            />
            <Knob
                label="After steps"
                value=Signal::derive(move || steps.get().map_or(1.0, |(_, every)| f64::from(every)))
                span=Span::new(f64::from(*STEPS.start()), f64::from(*STEPS.end()), Walk::LogInteger)
                commit=edit(|schedule, value| match schedule.decay {
                    Decay::Steps { factor, .. } => {
                        Schedule { decay: Decay::Steps { factor, every: value as u32 }, ..schedule }
                    }
                    _ => schedule,
                })
            />
        </Show>
        <Knob
            label="Warm-up"
            value=Signal::derive(move || f64::from(now.get().0.warm_up))
            span=Span::new(0.0, f64::from(*STEPS.end()), Walk::LogInteger)
            commit=edit(|schedule, value| Schedule { warm_up: value as u32, ..schedule })
            title="Steps over which the learning rate rises to its highest"
        />
        {move || why.get().map(|why| view! { <p class="why" role="alert">{why}</p> })}
    }
}

/// The next seed: everything else stays.
pub fn new_seed(page: Page) {
    let seed = page.config.with_untracked(|config| config.training.seed);
    // Any u32 is a seed.
    let _ = page.edit(Edit::Seed(seed.wrapping_add(1)));
}
