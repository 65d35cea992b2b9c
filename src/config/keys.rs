//! The keys of a link: one table that reads them, writes them and documents them.
//!
//! Order matters: a key may reset what later keys describe (another data set brings its own tasks, other
//! tasks bring loss scales of 1), so reading and writing both walk the table from top to bottom. A reader
//! leaves the draft valid whatever it is given: it changes the draft or complains.

use super::map;
use super::number;
use super::presets::{self, Preset};
use super::{
    Activation, Along, AnalyticConfig, Aspect, BATCH, BackendChoice, Batch, CLIP, CONVOLUTIONS, COORDINATE, Complaint,
    DECAY_FACTOR, Decay, ExperimentConfig, FEWEST_INPUTS, FEWEST_ROWS, FILTERS, GAIN, HEAD_LAYERS, Init, LABEL_NOISE,
    LEARNING_RATE, LOSS_SCALE, MOMENTUM, NetworkConfig, Optimizer, RUNS, RunConfig, SEEDS, STEPS, Subject, TASKS,
    TRUNK_LAYERS, Theme, VIEWS, WEIGHT_DECAY, WIDTH, Way,
};
use crate::balance::modify::{Applied, MODIFIERS, modifier};
use crate::balance::{Knob, METHODS, Method, method};
use crate::data::{self, DATASETS};
use crate::landscape::PlaneChoice;
use crate::problem::{self, PROBLEMS};
use crate::strategy::{LEARNERS, Learned, learner};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// One key of a link, which is also a field of a configuration file.
pub struct Key {
    pub name: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// What may stand after `=`, in a sentence.
    pub about: &'static str,
    pub example: &'static str,
    /// How its value looks in JSON.
    pub form: Form,
    /// What experiments it describes; in others it is an error, and it is not written.
    pub scope: Scope,
    /// Reads a value into the draft or complains.
    pub(super) read: fn(&mut Reader, &str),
    /// The value of a configuration in its scope; never empty.
    pub(super) text: fn(&ExperimentConfig) -> String,
}

/// Which experiments a key describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Any,
    /// Those in which a network learns from data.
    Network,
    /// Those on an analytic problem.
    Analytic,
}

impl Scope {
    /// Whether a key of this scope says something about the configuration.
    pub fn holds(self, config: &ExperimentConfig) -> bool {
        match self {
            Self::Any => true,
            Self::Network => config.analytic().is_none(),
            Self::Analytic => config.analytic().is_some(),
        }
    }
}

/// The JSON type of a key's value. A string with the link's text is always accepted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Word,
    Number,
    Words,
    Numbers,
}

/// The key that names the schema version.
pub const VERSION_KEY: &str = "v";
/// The key of the runs, which tasks may be at odds with too.
const RUNS_KEY: &str = "m";
/// The key of a data set's knobs, which tasks may be at odds with.
const DATA_KNOBS_KEY: &str = "dk";
const NETWORK_KEY: &str = "net";
/// The key that holds the checksum.
pub const CHECK_KEY: &str = "h";
/// What stands in the place of a setting's name before a modifier. No knob of a method is called so.
pub const MODIFIER: &str = "mod";
/// What stands before a front learner, whose settings follow it. No knob of a method is called so.
pub const WAY: &str = "way";
/// What stands before the setting of the modifier before it.
pub const MODIFIER_VALUE: &str = "by";

/// Every key of version 1, in the order in which links are read and written.
///
/// Defaults of a version never change; a new key must be optional.
pub const KEYS: &[Key] = &[
    Key {
        name: VERSION_KEY,
        label: "version",
        about: "Version of the link format: 1.",
        example: "1",
        form: Form::Number,
        scope: Scope::Any,
        read: read_version,
        text: |_| "1".into(),
    },
    Key {
        name: "p",
        label: "preset",
        about: "Preset whose values hold wherever the link says nothing.",
        example: "two-sines",
        form: Form::Word,
        scope: Scope::Any,
        read: read_preset,
        text: |config| config.preset.id.into(),
    },
    Key {
        name: "d",
        label: "data",
        about: "Data set or analytic problem. Another one than the preset's brings its own settings and tasks, and \
                loss scales of 1.",
        example: "digits8",
        form: Form::Word,
        scope: Scope::Any,
        read: read_data,
        text: |config| config.subject.id().into(),
    },
    Key {
        name: DATA_KNOBS_KEY,
        label: "data settings",
        about: "Knobs of the data set, name~value; those left out have their default. `default` for all defaults.",
        example: "angle~60",
        form: Form::Words,
        scope: Scope::Network,
        read: read_data_knobs,
        text: |config| {
            let pairs = config.data().map(|data| knobs_text(data.source.knobs, &data.knobs)).unwrap_or_default();
            if pairs.is_empty() { "default".into() } else { pairs.join(",") }
        },
    },
    Key {
        name: "tasks",
        label: "tasks",
        about: "Tasks of the data set, in order. Other tasks than before bring loss scales of 1.",
        example: "odd,ge5",
        form: Form::Words,
        scope: Scope::Network,
        read: read_tasks,
        text: |config| {
            let data = config.data().into_iter();
            let ids = data.flat_map(|data| data.tasks.iter().filter_map(|&task| Some(data.source.tasks.get(task)?.id)));
            ids.collect::<Vec<_>>().join(",")
        },
    },
    Key {
        name: "noise",
        label: "wrong labels",
        about: "Share of training labels that are wrong, 0 to 0.5; held-out rows stay true. Another data set brings 0.",
        example: ".2",
        form: Form::Number,
        scope: Scope::Network,
        read: |reader, text| {
            let share = reader.number("The share of wrong labels", text, LABEL_NOISE);
            if let (Some(share), Subject::Network { data, .. }) = (share, &mut reader.config.subject) {
                data.label_noise = share;
            }
        },
        text: |config| number::write(config.data().map_or(0.0, |data| data.label_noise)),
    },
    Key {
        name: "start",
        label: "starting point",
        about: "Where an analytic problem's runs begin: the name of a starting point, or one number a parameter.",
        example: "-8.5,7.5",
        form: Form::Numbers,
        scope: Scope::Analytic,
        read: read_start,
        text: |config| {
            let Some(AnalyticConfig { problem, start, .. }) = config.analytic() else { return "none".into() };
            let named = problem.starts.iter().find(|named| named.x == start);
            named.map_or_else(|| numbers_text(start), |named| named.id.into())
        },
    },
    Key {
        name: "sc",
        label: "loss scales",
        about: "Factor on the loss of each task, one a task.",
        example: "1,.05",
        form: Form::Numbers,
        scope: Scope::Any,
        read: read_loss_scales,
        text: |config| numbers_text(config.loss_scales()),
    },
    Key {
        name: NETWORK_KEY,
        label: "shared layers",
        about: "Widths of the shared layers, first to last: width x depth, or widths with hyphens. A c and a number \
                before them is a pooled 5 × 5 convolution with so many filters, for images: c10-c20-50.",
        example: "4x2",
        form: Form::Word,
        scope: Scope::Network,
        read: |reader, text| {
            let shared = reader.shared_layers(text);
            reader.set_network(shared, |network, shared| (network.filters, network.trunk) = shared);
        },
        text: |config| {
            let written = |network: &NetworkConfig| {
                let filters = network.filters.iter().map(|filters| format!("c{filters}-"));
                filters.collect::<String>() + &widths_text(&network.trunk)
            };
            config.network().map_or_else(String::new, written)
        },
    },
    Key {
        name: "head",
        label: "head layers",
        about: "Widths of the hidden layers of every head; 0 for linear heads.",
        example: "16",
        form: Form::Word,
        scope: Scope::Network,
        read: |reader, text| {
            let widths = if text == "0" { Some(Vec::new()) } else { reader.widths("Each head", text, HEAD_LAYERS) };
            reader.set_network(widths, |network, widths| network.head = widths);
        },
        text: |config| config.network().map_or_else(String::new, |network| widths_text(&network.head)),
    },
    Key {
        name: "act",
        label: "activation",
        about: "Activation of hidden layers: relu, tanh or gelu.",
        example: "tanh",
        form: Form::Word,
        scope: Scope::Network,
        read: |reader, text| {
            let choices = [("relu", Activation::Relu), ("tanh", Activation::Tanh), ("gelu", Activation::Gelu)];
            let activation = reader.choice("activation", text, &choices);
            reader.set_network(activation, |network, activation| network.activation = activation);
        },
        text: |config| match config.network().map(|network| network.activation) {
            Some(Activation::Relu) => "relu".into(),
            Some(Activation::Tanh) => "tanh".into(),
            Some(Activation::Gelu) => "gelu".into(),
            None => String::new(),
        },
    },
    Key {
        name: "init",
        label: "initial weights",
        about: "fan-in, or gains of the first shared layer, the other shared layers and the head layers.",
        example: "gains~1.5~1.2~1",
        form: Form::Word,
        scope: Scope::Network,
        read: read_init,
        text: |config| match config.network().map(|network| network.init) {
            Some(Init::FanIn) => "fan-in".into(),
            Some(Init::Gains { first, trunk, head }) => {
                format!("gains~{}~{}~{}", number::write(first), number::write(trunk), number::write(head))
            }
            None => String::new(),
        },
    },
    Key {
        name: "opt",
        label: "optimizer",
        about: "adam, adamw, sgd, or sgd~ with a momentum.",
        example: "sgd~.9",
        form: Form::Word,
        scope: Scope::Any,
        read: read_optimizer,
        text: |config| match config.training.optimizer {
            Optimizer::Adam => "adam".into(),
            Optimizer::AdamW => "adamw".into(),
            Optimizer::Sgd { momentum: 0.0 } => "sgd".into(),
            Optimizer::Sgd { momentum } => format!("sgd~{}", number::write(momentum)),
        },
    },
    Key {
        name: "wd",
        label: "weight decay",
        about: "Weight decay, 0 to 1: joins the gradient, and with adamw shortens the parameters beside the step.",
        example: ".01",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(decay) = reader.number("The weight decay", text, WEIGHT_DECAY) {
                reader.config.training.weight_decay = decay;
            }
        },
        text: |config| number::write(config.training.weight_decay),
    },
    Key {
        name: "lr",
        label: "learning rate",
        about: "Learning rate, 0.000001 to 10.",
        example: ".01",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(rate) = reader.number("The learning rate", text, LEARNING_RATE) {
                reader.config.training.learning_rate = rate;
            }
        },
        text: |config| number::write(config.training.learning_rate),
    },
    Key {
        name: "sched",
        label: "learning-rate schedule",
        about: "constant, linear or cosine (down to 0 at the end), or steps~ with a factor and after how many steps \
                it is applied again.",
        example: "steps~.5~200",
        form: Form::Word,
        scope: Scope::Any,
        read: read_schedule,
        text: |config| match config.training.schedule.decay {
            Decay::Constant => "constant".into(),
            Decay::Linear => "linear".into(),
            Decay::Cosine => "cosine".into(),
            Decay::Steps { factor, every } => format!("steps~{}~{every}", number::write(factor)),
        },
    },
    Key {
        name: "warm",
        label: "warm-up",
        about: "Steps over which the learning rate rises evenly to its highest, 0 to 20000.",
        example: "50",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(steps) = reader.whole("The warm-up", text, 0..=*STEPS.end()) {
                reader.config.training.schedule.warm_up = steps;
            }
        },
        text: |config| config.training.schedule.warm_up.to_string(),
    },
    Key {
        name: "clip",
        label: "gradient clipping",
        about: "Largest length of the whole gradient, or none.",
        example: "1",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if text == "none" {
                reader.config.training.clip = None;
            } else if let Some(clip) = reader.number("The clipping length", text, CLIP) {
                reader.config.training.clip = Some(clip);
            }
        },
        text: |config| config.training.clip.map_or_else(|| "none".into(), number::write),
    },
    Key {
        name: "b",
        label: "batch",
        about: "Rows of a batch, or all. More rows than the data set has is an error when the data are loaded.",
        example: "256",
        form: Form::Number,
        scope: Scope::Network,
        read: |reader, text| {
            if text == "all" {
                reader.config.training.batch = Batch::All;
            } else if let Some(rows) = reader.whole("The batch", text, BATCH) {
                reader.config.training.batch = Batch::Rows(rows);
            }
        },
        text: |config| match config.training.batch {
            Batch::All => "all".into(),
            Batch::Rows(rows) => rows.to_string(),
        },
    },
    Key {
        name: "st",
        label: "steps",
        about: "Training steps, 1 to 20000.",
        example: "600",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(steps) = reader.whole("The number of steps", text, STEPS) {
                reader.config.training.steps = steps;
                // The preset's view cursor, not a given one: that is `t`, read later.
                reader.config.view.step = reader.config.view.step.min(steps);
            }
        },
        text: |config| config.training.steps.to_string(),
    },
    Key {
        name: "s",
        label: "seed",
        about: "Seed of initial weights, batches and methods, 0 to 4294967295.",
        example: "7",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(seed) = reader.whole("The seed", text, 0..=u32::MAX) {
                reader.config.training.seed = seed;
            }
        },
        text: |config| config.training.seed.to_string(),
    },
    Key {
        name: "seeds",
        label: "number of seeds",
        about: "How many seeds the runs are trained from, the seed and those behind it, 1 to 20: medians and bands.",
        example: "5",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(seeds) = reader.whole("The number of seeds", text, SEEDS) {
                reader.config.training.seeds = seeds;
            }
        },
        text: |config| config.training.seeds.to_string(),
    },
    Key {
        name: RUNS_KEY,
        label: "methods",
        about: "One method a run; knobs other than the default follow as ~name~value, modifiers as ~mod~name or \
                ~mod~name~by~value; behind all of that ~way~pamal trains a front, with its settings behind it.",
        example: "sum,famo~gamma~.01,mgda~mod~unit",
        form: Form::Words,
        scope: Scope::Any,
        read: read_runs,
        text: |config| {
            let run = |run: &RunConfig| {
                let knobs = knobs_text(run.method.knobs, &run.knobs);
                let modifiers = run.modifiers.iter().map(|Applied { modifier, value }| {
                    let other = modifier.knob.filter(|knob| knob.default != *value);
                    let by = other.map_or_else(String::new, |_| format!("~{MODIFIER_VALUE}~{}", number::write(*value)));
                    format!("{MODIFIER}~{}{by}", modifier.id)
                });
                let way = run.learned().map_or_else(Vec::new, |Learned { learner, knobs }| {
                    [vec![format!("{WAY}~{}", learner.id)], knobs_text(learner.knobs, knobs)].concat()
                });
                [vec![run.method.id.to_string()], knobs, modifiers.collect(), way].concat().join("~")
            };
            config.runs.iter().map(run).collect::<Vec<_>>().join(",")
        },
    },
    Key {
        name: "pref",
        label: "preference",
        about: "Weight of each task, 0 or more, together 1; or uniform.",
        example: ".7,.3",
        form: Form::Numbers,
        scope: Scope::Any,
        read: read_preference,
        text: |config| match &config.training.preference {
            None => "uniform".into(),
            Some(parts) => numbers_text(parts),
        },
    },
    Key {
        name: "backend",
        label: "backend",
        about: "cpu, gpu, or auto: what is faster here.",
        example: "cpu",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| {
            let choices = [("auto", BackendChoice::Auto), ("cpu", BackendChoice::Cpu), ("gpu", BackendChoice::Gpu)];
            if let Some(backend) = reader.choice("backend", text, &choices) {
                reader.config.backend = backend;
            }
        },
        text: |config| match config.backend {
            BackendChoice::Auto => "auto".into(),
            BackendChoice::Cpu => "cpu".into(),
            BackendChoice::Gpu => "gpu".into(),
        },
    },
    Key {
        name: "t",
        label: "shown step",
        about: "Step at which the views stand, 0 to the number of steps.",
        example: "150",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            let steps = reader.config.training.steps;
            if let Some(step) = reader.whole("The shown step", text, 0..=steps) {
                reader.config.view.step = step;
            }
        },
        text: |config| config.view.step.to_string(),
    },
    Key {
        name: "view",
        label: "views",
        about: "Views to show, in order, or overview.",
        example: "losses,front",
        form: Form::Words,
        scope: Scope::Any,
        read: read_views,
        text: |config| match config.view.views.as_slice() {
            [] => "overview".into(),
            views => views.join(","),
        },
    },
    Key {
        name: "g",
        label: "frozen gradients",
        about: "Gradients of two or three tasks in as many coordinates, to be moved in the gradient view: a row a task, \
                rows with ~ between; or none.",
        example: "1,0~-.3,1",
        form: Form::Word,
        scope: Scope::Any,
        read: read_gradients,
        text: |config| match &config.view.gradients {
            None => "none".into(),
            Some(rows) => {
                let width = (config.n_tasks().max(1)).min(rows.len().max(1));
                rows.chunks(width).map(numbers_text).collect::<Vec<_>>().join("~")
            }
        },
    },
    Key {
        name: "plane",
        label: "map plane",
        about: "Plane of the landscape: auto, parameters, pca, random~ and a seed, runs~ and three runs, members, \
                gradients~ and two tasks, or line~ and two runs. A run may name a step: 2-150.",
        example: "runs~1~2~3-100",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| match reader.config.read_plane(text) {
            Ok(plane) => reader.config.view.map.plane = plane,
            Err(sentence) => reader.complain(sentence),
        },
        text: |config| config.view.map.plane.as_ref().map_or_else(|| map::AUTO.into(), PlaneChoice::text),
    },
    Key {
        name: "height",
        label: "map height",
        about: "What the landscape shows: tasks, sum, max, weighted, worst, conflict, dominant, or field~ and a run.",
        example: "field~2",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| match reader.config.read_height(text) {
            Ok(height) => reader.config.view.map.height = height,
            Err(sentence) => reader.complain(sentence),
        },
        text: |config| config.view.map.height.text(),
    },
    Key {
        name: "grid",
        label: "map nodes",
        about: "Nodes along each axis of the landscape: 11, 21, 41, 81 or 161.",
        example: "81",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            let sides = map::sides();
            let choices: Vec<(&str, u32)> = sides.iter().map(|(text, side)| (text.as_str(), *side)).collect();
            if let Some(side) = reader.choice("number of nodes", text, &choices) {
                reader.config.view.map.side = side;
            }
        },
        text: |config| config.view.map.side.to_string(),
    },
    Key {
        name: "surface",
        label: "map in space",
        about: "1 for the landscape as a surface in space, 0 for contours.",
        example: "1",
        form: Form::Number,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(surface) = reader.choice("form of the landscape", text, &[("0", false), ("1", true)]) {
                reader.config.view.map.surface = surface;
            }
        },
        text: |config| u32::from(config.view.map.surface).to_string(),
    },
    Key {
        name: "starts",
        label: "map starts",
        about: "all for the runs' paths from every start of a two-parameter problem, as papers draw them, one for the \
                experiment's own; without effect elsewhere.",
        example: "all",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| {
            if let Some(all) = reader.choice("choice of starts", text, &[("one", false), ("all", true)]) {
                reader.config.view.map.all_starts = all;
            }
        },
        text: |config| if config.view.map.all_starts { "all" } else { "one" }.into(),
    },
    Key {
        name: "theme",
        label: "theme",
        about: "light, dark, or auto: as the system has it.",
        example: "dark",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| {
            let choices = [("auto", None), ("light", Some(Theme::Light)), ("dark", Some(Theme::Dark))];
            if let Some(theme) = reader.choice("theme", text, &choices) {
                reader.config.view.theme = theme;
            }
        },
        text: |config| match config.view.theme {
            None => "auto".into(),
            Some(Theme::Light) => "light".into(),
            Some(Theme::Dark) => "dark".into(),
        },
    },
    Key {
        name: "x",
        label: "horizontal axis",
        about: "What losses and test metrics are drawn over: steps, gradients (backward passes) or ms.",
        example: "gradients",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| {
            let choices = Along::ALL.map(|along| (along.id(), along));
            if let Some(along) = reader.choice("horizontal axis", text, &choices) {
                reader.config.view.along = along;
            }
        },
        text: |config| config.view.along.id().into(),
    },
    Key {
        name: "aspect",
        label: "aspect of conflict",
        about: "What the view of conflicts shows: cosine, map, similarity, ratio, curvature, helped or
                flatness.",
        example: "map",
        form: Form::Word,
        scope: Scope::Any,
        read: |reader, text| {
            let choices = Aspect::ALL.map(|aspect| (aspect.id(), aspect));
            if let Some(aspect) = reader.choice("aspect of conflict", text, &choices) {
                reader.config.view.aspect = aspect;
            }
        },
        text: |config| config.view.aspect.id().into(),
    },
    Key {
        name: CHECK_KEY,
        label: "check",
        about: "Six characters computed from the rest of the link; optional, for links edited by hand.",
        example: "k3x07q",
        form: Form::Word,
        scope: Scope::Any,
        // Compared by the link codec, which alone sees the other pairs as they were written.
        read: |_, _| {},
        text: |_| "none".into(),
    },
];

/// The table's entry of this name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// A configuration read from key-value pairs, with everything that was wrong about them.
pub(super) struct Outcome {
    /// Valid, and equal to the preset in whatever could not be read.
    pub config: ExperimentConfig,
    pub complaints: Vec<Complaint>,
    /// Keys that were read in full.
    pub read: Vec<&'static Key>,
    /// The configuration asks for more work or memory than is allowed.
    pub over_budget: bool,
}

/// Reads the pairs over the preset, in the order of the table. Unknown keys are ignored, of a repeated
/// key the first counts: the codec reports both.
pub(super) fn read_all<K: AsRef<str>, V: AsRef<str>>(
    preset: &'static Preset,
    pairs: impl IntoIterator<Item = (K, V)>,
) -> Outcome {
    let mut values: Vec<Option<V>> = KEYS.iter().map(|_| None).collect();
    for (name, value) in pairs {
        if let Some(at) = KEYS.iter().position(|key| key.name == name.as_ref()) {
            values[at].get_or_insert(value);
        }
    }
    let mut reader = Reader { key: "", config: preset.config(), complaints: Vec::new() };
    let mut read = Vec::new();
    for (key, value) in KEYS.iter().zip(&values) {
        let Some(value) = value else { continue };
        let before = reader.complaints.len();
        reader.key = key.name;
        if key.scope.holds(&reader.config) {
            (key.read)(&mut reader, value.as_ref());
        } else {
            reader.misplaced(key);
        }
        if reader.complaints.len() == before && key.name != CHECK_KEY {
            read.push(key);
        }
    }
    if let Subject::Network { data, .. } = &mut reader.config.subject
        && let Err(error) = data.source.check_limit(&data.knobs, data.tasks.len())
    {
        reader.complaints.push(Complaint::new(DATA_KNOBS_KEY, error.to_string()));
        data.knobs = data.source.default_knobs();
        read.retain(|key| key.name != DATA_KNOBS_KEY);
    }
    if let Subject::Network { data, network } = &mut reader.config.subject
        && let Err(why) = data.convolutions(network)
    {
        reader.complaints.push(Complaint::new(NETWORK_KEY, why));
        network.filters.clear();
        read.retain(|key| key.name != NETWORK_KEY);
    }
    let before = reader.complaints.len();
    reader.check_strategies();
    if reader.complaints.len() > before {
        read.retain(|key| key.name != RUNS_KEY);
    }
    let before = reader.complaints.len();
    if let Err(complaint) = reader.config.check_budget(FEWEST_INPUTS, FEWEST_ROWS) {
        reader.complaints.push(complaint);
    }
    let over_budget = reader.complaints.len() > before;
    Outcome { config: reader.config, complaints: reader.complaints, read, over_budget }
}

/// All values that describe a configuration, in the order of the table, without the checksum.
pub(super) fn texts(config: &ExperimentConfig) -> Vec<(&'static str, String)> {
    let keys = KEYS.iter().filter(|key| key.name != CHECK_KEY && key.scope.holds(config));
    keys.map(|key| (key.name, (key.text)(config))).collect()
}

/// The values in which a configuration differs from its preset, version and preset first.
pub(super) fn differences(config: &ExperimentConfig) -> Vec<(&'static str, String)> {
    let mut reader = Reader { key: "", config: config.preset.config(), complaints: Vec::new() };
    let mut pairs = Vec::new();
    for (name, text) in texts(config) {
        let always = name == VERSION_KEY || name == "p";
        let key = key(name).expect("texts come from the table");
        if always || (key.text)(&reader.config) != text {
            // What the key resets must be known before the next one is compared.
            reader.key = key.name;
            (key.read)(&mut reader, &text);
            pairs.push((name, text));
        }
    }
    pairs
}

/// The draft, and what was wrong so far.
pub(super) struct Reader {
    key: &'static str,
    config: ExperimentConfig,
    complaints: Vec<Complaint>,
}

impl Reader {
    fn complain(&mut self, sentence: impl Into<String>) {
        self.complaints.push(Complaint::new(self.key, sentence));
    }

    /// A key that says nothing about this experiment.
    fn misplaced(&mut self, key: &Key) {
        let Key { name, label, .. } = key;
        self.complain(match &self.config.subject {
            Subject::Analytic(analytic) => format!(
                "“{name}=” ({label}) says nothing about the analytic problem {}, which has neither data nor a \
                 network. Leave it out, or choose a data set with “d=”.",
                analytic.problem.id
            ),
            Subject::Network { .. } => format!(
                "“{name}=” ({label}) says nothing about a network, whose first weights come from the seed. Leave it \
                 out, or choose an analytic problem with “d=”."
            ),
        });
    }

    /// Changes the network where there is one and a value was read.
    fn set_network<T>(&mut self, value: Option<T>, set: impl FnOnce(&mut NetworkConfig, T)) {
        if let (Some(value), Subject::Network { network, .. }) = (value, &mut self.config.subject) {
            set(network, value);
        }
    }

    /// `subject` is the beginning of a sentence: `The learning rate`.
    fn number(&mut self, subject: &str, text: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let allowed = || format!("Allowed: {} to {}.", plain(*range.start()), plain(*range.end()));
        match number::read(text) {
            Ok(value) if range.contains(&value) => Some(value),
            Ok(_) => {
                self.complain(format!("{subject} is {}, out of range. {}", shown(text), allowed()));
                None
            }
            Err(why) => {
                self.complain(format!("{subject}: “{}” {why}. {}", shown(text), allowed()));
                None
            }
        }
    }

    fn whole(&mut self, subject: &str, text: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let allowed = || format!("Allowed: whole numbers from {} to {}.", range.start(), range.end());
        match number::read_whole(text) {
            Ok(value) => match u32::try_from(value) {
                Ok(value) if range.contains(&value) => Some(value),
                _ => {
                    self.complain(format!("{subject} is {}, out of range. {}", shown(text), allowed()));
                    None
                }
            },
            Err(why) => {
                self.complain(format!("{subject}: “{}” {why}. {}", shown(text), allowed()));
                None
            }
        }
    }

    fn choice<T: Copy>(&mut self, what: &str, text: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == text).map(|&(_, value)| value);
        if found.is_none() {
            let names = listed(choices.iter().map(|(name, _)| *name));
            self.complain(format!("There is no {what} “{}”. There are: {names}.", shown(text)));
        }
        found
    }

    /// Filters of convolutions and widths of what follows: `c10-c20-50`.
    fn shared_layers(&mut self, text: &str) -> Option<(Vec<u32>, Vec<u32>)> {
        let count = text.split('-').take_while(|item| item.starts_with('c')).count();
        let most = *CONVOLUTIONS.end();
        if count > most {
            self.complain(format!("The shared part has {count} convolutions. Allowed: at most {most}."));
            return None;
        }
        if text.split('-').skip(count).any(|item| item.starts_with('c')) {
            self.complain("A convolution stands behind a plain layer; convolutions come first, as in c10-c20-50.");
            return None;
        }
        let mut items = text.splitn(count + 1, '-');
        let filters = items.by_ref().take(count).filter_map(|item| item.strip_prefix('c'));
        // Every wrong number is named, so no short cut at the first.
        let filters: Vec<_> =
            filters.map(|item| self.whole("The number of filters of a convolution", item, FILTERS)).collect();
        let Some(widths) = items.next() else {
            self.complain("Behind the convolutions stands no plain layer; write its width too, as in c10-c20-50.");
            return None;
        };
        let widths = self.widths("The shared part", widths, TRUNK_LAYERS);
        Some((filters.into_iter().collect::<Option<_>>()?, widths?))
    }

    /// `256-128` or `4x2`. `subject` is the beginning of a sentence: `The shared part`.
    fn widths(&mut self, subject: &str, text: &str, layers: RangeInclusive<usize>) -> Option<Vec<u32>> {
        let (first, last) = ((*layers.start()).max(1), *layers.end());
        let allowed = format!("Allowed: {first} to {last} layers.");
        if let Some((width, depth)) = text.split_once('x') {
            let width = self.whole("A layer's width", width, WIDTH);
            let depth = self.whole("The number of layers", depth, first as u32..=last as u32);
            return Some(vec![width?; depth? as usize]);
        }
        let count = text.split('-').count();
        if count > last {
            self.complain(format!("{subject} has {count} layers. {allowed}"));
            return None;
        }
        // Every wrong width is named, so no short cut at the first.
        let widths: Vec<_> = text.split('-').map(|width| self.whole("A layer's width", width, WIDTH)).collect();
        widths.into_iter().collect()
    }

    /// Values in the order of `knobs`; those that `pairs` does not name have their default.
    fn knobs<'a>(
        &mut self,
        owner: &str,
        knobs: &[Knob],
        pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<Vec<f64>> {
        let before = self.complaints.len();
        let mut values: Vec<Option<f64>> = vec![None; knobs.len()];
        for (name, value) in pairs.take(64) {
            let Some(at) = knobs.iter().position(|knob| knob.name == name) else {
                let names = match knobs {
                    [] => "It has no settings".to_string(),
                    _ => format!("There are: {}", listed(knobs.iter().map(|knob| knob.name))),
                };
                self.complain(format!("{owner} has no setting “{}”. {names}.", shown(name)));
                continue;
            };
            let Some(value) = value else {
                self.complain(format!("{owner}: the setting {name} has no value; write {name}~ and a number."));
                continue;
            };
            let knob = &knobs[at];
            let subject = format!("{owner}: {name}");
            let word = knob.words().and_then(|words| words.iter().position(|word| *word == value));
            let number = match word {
                Some(at) => at as f64,
                None if knob.words().is_some() && number::read(value).is_err() => {
                    self.complain(format!("{subject} is “{}”; it must be {}.", shown(value), knob.range()));
                    continue;
                }
                None => match self.number(&subject, value, knob.min..=knob.max) {
                    Some(number) => number,
                    None => continue,
                },
            };
            if !knob.allows(number) {
                self.complain(format!("{subject} is {}; it must be {}.", shown(value), knob.range()));
                continue;
            }
            if values[at].replace(number).is_some() {
                self.complain(format!("{owner}: the setting {name} stands twice."));
            }
        }
        (self.complaints.len() == before)
            .then(|| values.iter().zip(knobs).map(|(value, knob)| value.unwrap_or(knob.default)).collect())
    }

    /// Modifiers in the order given, each perhaps with its setting behind it; complains about those that are unknown,
    /// repeated or refuse the method, and about settings that are not theirs.
    fn modifiers<'a>(
        &mut self,
        owner: &str,
        method: &Method,
        words: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<Vec<Applied>> {
        let before = self.complaints.len();
        let mut modifiers: Vec<Applied> = Vec::new();
        for (word, value) in words {
            let known = || listed(MODIFIERS.iter().map(|modifier| modifier.id));
            if word == MODIFIER_VALUE {
                let Some(Applied { modifier, .. }) = modifiers.last().copied() else {
                    self.complain(format!("{owner}: {MODIFIER_VALUE}~ stands behind no modifier."));
                    continue;
                };
                let (Some(knob), Some(text)) = (modifier.knob, value) else {
                    let id = modifier.id;
                    self.complain(format!("{owner}: the modifier {id} has no setting, or none is given for it."));
                    continue;
                };
                let subject = format!("{owner}: {} of the modifier {}", knob.label, modifier.id);
                if let Some(value) = self.number(&subject, text, knob.min..=knob.max) {
                    modifiers.pop();
                    modifiers.push(Applied { modifier, value });
                }
                continue;
            }
            let Some(name) = value else {
                self.complain(format!("{owner}: no modifier stands after {MODIFIER}~. There are: {}.", known()));
                continue;
            };
            match modifier(name) {
                None => {
                    self.complain(format!("{owner}: there is no modifier “{}”. There are: {}.", shown(name), known()));
                }
                Some(modifier) if modifiers.iter().any(|other| other.modifier.id == modifier.id) => {
                    self.complain(format!("{owner}: the modifier {name} stands twice."));
                }
                Some(modifier) if modifiers.iter().any(|other| other.modifier.excludes(modifier)) => {
                    let others = modifiers.iter().filter(|other| other.modifier.excludes(modifier));
                    let other = others.map(|other| other.modifier.id).collect::<String>();
                    self.complain(format!("{owner}: {name} is another form of {other}; a run has one of them."));
                }
                Some(modifier) => match modifier.refuses(method) {
                    Some(why) => self.complain(format!("{owner}: the modifier {name} cannot be used. {why}")),
                    None => modifiers.push(Applied::new(modifier)),
                },
            }
        }
        (self.complaints.len() == before).then_some(modifiers)
    }

    /// The front learner that a run's words end with, if they do.
    fn way(&mut self, owner: &str, way: Option<&[(&str, Option<&str>)]>) -> Option<Way> {
        let Some([(_, name), settings @ ..]) = way else { return Some(Way::SinglePoint) };
        let name = name.unwrap_or_default();
        let Some(learner) = learner(name) else {
            let names = listed(LEARNERS.iter().map(|learner| learner.id));
            self.complain(format!(
                "{owner}: there is no way to train a front called “{}”. There are: {names}.",
                shown(name)
            ));
            return None;
        };
        let owner = format!("{owner}, {WAY}~{}", learner.id);
        let knobs = self.knobs(&owner, learner.knobs, settings.iter().copied())?;
        Some(Way::Front(Learned { learner, knobs }))
    }

    /// Runs whose front learners do not go with their methods or with the tasks train a single point.
    fn check_strategies(&mut self) {
        let (n_tasks, analytic) = (self.config.n_tasks(), self.config.analytic().is_some());
        let mut sentences = Vec::new();
        for run in &mut self.config.runs {
            let networks_only = run.charted().and_then(|(_, chart)| chart.networks_only).filter(|_| analytic);
            let why = networks_only.map(str::to_owned).or_else(|| run.refusal(n_tasks));
            if let (Some(why), Some(learned)) = (why, run.learned()) {
                sentences.push(format!("{} does not go with {}: {why}", learned.learner.label, run.method.id));
                run.way = Way::SinglePoint;
            }
        }
        self.complaints.extend(sentences.into_iter().map(|sentence| Complaint::new(RUNS_KEY, sentence)));
    }

    /// One number a task; complains about a wrong count.
    fn number_per_task(&mut self, subject: &str, text: &str, range: RangeInclusive<f64>) -> Option<Vec<f64>> {
        let k = self.config.n_tasks();
        let count = text.split(',').count();
        if count != k {
            self.complain(format!("{subject}: {count} given for {k} {}; give one a task.", counted(k, "task")));
            return None;
        }
        let numbers: Vec<_> = text.split(',').map(|part| self.number(subject, part, range.clone())).collect();
        numbers.into_iter().collect()
    }
}

fn read_version(reader: &mut Reader, text: &str) {
    if text != "1" {
        reader.complain(format!("There is no version “{}” of links. This page reads version 1.", shown(text)));
    }
}

fn read_preset(reader: &mut Reader, text: &str) {
    match presets::preset(text) {
        Some(preset) => reader.config = preset.config(),
        None => {
            let names = listed(presets::PRESETS.iter().map(|preset| preset.id));
            reader.complain(format!("There is no preset “{}”. There are: {names}.", shown(text)));
        }
    }
}

fn read_data(reader: &mut Reader, text: &str) {
    let config = &mut reader.config;
    if config.subject.id() == text {
        return;
    }
    if let Some(source) = data::source(text) {
        config.choose_data(source);
    } else if let Some(problem) = problem::problem(text) {
        config.choose_problem(problem);
    } else {
        let names = listed(DATASETS.iter().map(|source| source.id));
        let problems = listed(PROBLEMS.iter().map(|problem| problem.id));
        reader.complain(format!(
            "There is no data set or analytic problem “{}”. Data sets are: {names}. Analytic problems are: {problems}.",
            shown(text)
        ));
    }
}

fn read_data_knobs(reader: &mut Reader, text: &str) {
    let Some(source) = reader.config.data().map(|data| data.source) else { return };
    let owner = format!("The data set {}", source.id);
    let pairs = text.split(',').filter(|_| text != "default").map(|pair| match pair.split_once('~') {
        Some((name, value)) => (name, Some(value)),
        None => (pair, None),
    });
    let knobs = reader.knobs(&owner, source.knobs, pairs);
    if let (Some(knobs), Subject::Network { data, .. }) = (knobs, &mut reader.config.subject) {
        data.knobs = knobs;
    }
}

fn read_tasks(reader: &mut Reader, text: &str) {
    let Some(source) = reader.config.data().map(|data| data.source) else { return };
    let count = text.split(',').count();
    if !TASKS.contains(&count) {
        let (first, last) = (TASKS.start(), TASKS.end());
        return reader.complain(format!("{count} tasks are given. Allowed: {first} to {last}."));
    }
    let mut tasks = Vec::new();
    for name in text.split(',') {
        match source.tasks.iter().position(|task| task.id == name) {
            Some(task) if tasks.contains(&task) => reader.complain(format!("The task {name} stands twice.")),
            Some(task) => tasks.push(task),
            None => {
                let names = listed(source.tasks.iter().map(|task| task.id));
                let sentence = format!("{} has no task “{}”. There are: {names}.", source.id, shown(name));
                reader.complain(sentence);
            }
        }
    }
    if let Subject::Network { data, .. } = &mut reader.config.subject
        && !tasks.is_empty()
        && tasks != data.tasks
    {
        data.loss_scales = vec![1.0; tasks.len()];
        data.tasks = tasks;
        reader.config.training.preference = None;
        reader.config.release_gradients();
    }
}

fn read_start(reader: &mut Reader, text: &str) {
    let Some(problem) = reader.config.analytic().map(|analytic| analytic.problem) else { return };
    let start = if let Some(named) = problem.start(text) {
        named.x.to_vec()
    } else {
        let names = listed(problem.starts.iter().map(|start| start.id));
        let count = text.split(',').count();
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return reader.complain(format!(
                "{} has no start “{}”. There are: {names}; or give {} numbers.",
                problem.id,
                shown(text),
                problem.n_parameters
            ));
        }
        if count != problem.n_parameters {
            return reader.complain(format!(
                "The start has {count} {}, but {} has {} parameters. Give one number each, or one of: {names}.",
                counted(count, "number"),
                problem.id,
                problem.n_parameters
            ));
        }
        let range = problem.bounds.low..=problem.bounds.high;
        let numbers: Vec<_> = text.split(',').map(|part| reader.number("The start", part, range.clone())).collect();
        let Some(numbers) = numbers.into_iter().collect() else { return };
        numbers
    };
    if let Subject::Analytic(analytic) = &mut reader.config.subject {
        analytic.start = start;
    }
}

fn read_loss_scales(reader: &mut Reader, text: &str) {
    if let Some(scales) = reader.number_per_task("Loss scales", text, LOSS_SCALE) {
        *reader.config.loss_scales_mut() = scales;
    }
}

fn read_init(reader: &mut Reader, text: &str) {
    if text == "fan-in" {
        return reader.set_network(Some(Init::FanIn), |network, init| network.init = init);
    }
    let parts: Vec<&str> = text.splitn(5, '~').collect();
    let ["gains", first, trunk, head] = parts[..] else {
        return reader.complain(format!(
            "Initial weights “{}” are not known. Write fan-in, or gains~ and three numbers as in gains~1.5~1.2~1.",
            shown(text)
        ));
    };
    let [first, trunk, head] = [first, trunk, head].map(|gain| reader.number("An initial gain", gain, GAIN));
    if let (Some(first), Some(trunk), Some(head)) = (first, trunk, head) {
        let gains = Init::Gains { first, trunk, head };
        reader.set_network(Some(gains), |network, init| network.init = init);
    }
}

fn read_optimizer(reader: &mut Reader, text: &str) {
    if let Some(momentum) = text.strip_prefix("sgd~") {
        if let Some(momentum) = reader.number("The momentum", momentum, MOMENTUM) {
            reader.config.training.optimizer = Optimizer::Sgd { momentum };
        }
        return;
    }
    let choices = [("adam", Optimizer::Adam), ("adamw", Optimizer::AdamW), ("sgd", Optimizer::Sgd { momentum: 0.0 })];
    if let Some(optimizer) = reader.choice("optimizer", text, &choices) {
        reader.config.training.optimizer = optimizer;
    }
}

fn read_schedule(reader: &mut Reader, text: &str) {
    let decay = if let Some(rest) = text.strip_prefix("steps~") {
        let Some((factor, every)) = rest.split_once('~') else {
            return reader.complain(format!(
                "The schedule “{}” needs two numbers: a factor and after how many steps it is applied again, as in \
                 steps~.5~200.",
                shown(text)
            ));
        };
        let factor = reader.number("The schedule’s factor", factor, DECAY_FACTOR);
        let every = reader.whole("The schedule’s number of steps", every, STEPS);
        factor.zip(every).map(|(factor, every)| Decay::Steps { factor, every })
    } else {
        let choices = [("constant", Decay::Constant), ("linear", Decay::Linear), ("cosine", Decay::Cosine)];
        reader.choice("schedule", text, &choices)
    };
    if let Some(decay) = decay {
        reader.config.training.schedule.decay = decay;
    }
}

fn read_runs(reader: &mut Reader, text: &str) {
    if text.is_empty() {
        return reader.complain(format!("No methods are given. Allowed: {} to {}.", RUNS.start(), RUNS.end()));
    }
    let count = text.split(',').count();
    if !RUNS.contains(&count) {
        let (first, last) = (RUNS.start(), RUNS.end());
        return reader.complain(format!("{count} runs are given. Allowed: {first} to {last}."));
    }
    let mut runs = Vec::new();
    for part in text.split(',') {
        let mut words = part.split('~');
        let id = words.next().unwrap_or_default();
        let Some(method) = method(id) else {
            let names = listed(METHODS.iter().map(|method| method.id));
            reader.complain(format!("There is no method “{}”. There are: {names}.", shown(id)));
            continue;
        };
        let owner = format!("The method {id}");
        let pairs = std::iter::from_fn(|| Some((words.next()?, words.next())));
        let mut pairs: Vec<_> = pairs.take(64).collect();
        // All that stands behind a front learner is its own.
        let way = pairs.iter().position(|(name, _)| *name == WAY).map(|at| pairs.split_off(at));
        let (changes, settings): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| [MODIFIER, MODIFIER_VALUE].contains(name));
        let modifiers = reader.modifiers(&owner, method, changes.into_iter());
        let knobs = reader.knobs(&owner, method.knobs, settings.into_iter());
        let way = reader.way(&owner, way.as_deref());
        if let (Some(knobs), Some(modifiers), Some(way)) = (knobs, modifiers, way) {
            runs.push(RunConfig { method, knobs, modifiers, way });
        }
    }
    if !runs.is_empty() {
        reader.config.runs = runs;
    }
}

fn read_preference(reader: &mut Reader, text: &str) {
    if text == "uniform" {
        reader.config.training.preference = None;
        return;
    }
    let Some(parts) = reader.number_per_task("The preference", text, 0.0..=1.0) else { return };
    let sum: f64 = parts.iter().sum();
    // Room for decimals cut after the second digit, not for another meaning of the numbers.
    if (sum - 1.0).abs() > 0.02 {
        return reader
            .complain(format!("The preference adds up to {}; it must add up to 1.", plain((sum * 1e6).round() / 1e6)));
    }
    reader.config.training.preference = Some(parts);
}

fn read_gradients(reader: &mut Reader, text: &str) {
    if text == "none" {
        reader.config.view.gradients = None;
        return;
    }
    let k = reader.config.n_tasks();
    if !(2..=3).contains(&k) {
        return reader.complain(format!(
            "Gradients can be frozen for 2 or 3 tasks; here are {k}. More cannot be drawn without loss. Leave “g=” out."
        ));
    }
    let rows: Vec<&str> = text.split('~').collect();
    if rows.len() != k {
        return reader.complain(format!(
            "Frozen gradients: {} {} given for {k} tasks; give one row a task with ~ between, as in {}.",
            rows.len(),
            counted(rows.len(), "row"),
            if k == 2 { "1,0~-.3,1" } else { "1,0,0~0,1,0~0,0,1" }
        ));
    }
    let mut entries = Vec::new();
    for (task, row) in rows.into_iter().enumerate() {
        let count = row.split(',').count();
        if count != k {
            let (at, noun) = (task + 1, counted(count, "number"));
            reader.complain(format!("Frozen gradients: row {at} has {count} {noun}; {k} tasks need {k} in each row."));
            continue;
        }
        let subject = format!("Frozen gradient {}", task + 1);
        entries.extend(row.split(',').filter_map(|part| reader.number(&subject, part, COORDINATE)));
    }
    if entries.len() == k * k {
        reader.config.view.gradients = Some(entries);
    }
}

fn read_views(reader: &mut Reader, text: &str) {
    if text == "overview" {
        reader.config.view.views = Vec::new();
        return;
    }
    let count = text.split(',').count();
    if count > VIEWS.len() {
        return reader.complain(format!("{count} views are given. Allowed: at most {}.", VIEWS.len()));
    }
    let mut views = Vec::new();
    for name in text.split(',') {
        match VIEWS.iter().find(|view| **view == name) {
            Some(view) if views.contains(view) => reader.complain(format!("The view {name} stands twice.")),
            Some(view) => views.push(*view),
            None => {
                let names = listed(VIEWS.iter().copied());
                reader.complain(format!("There is no view “{}”. There are: overview, {names}.", shown(name)));
            }
        }
    }
    if !views.is_empty() {
        reader.config.view.views = views;
    }
}

fn numbers_text(numbers: &[f64]) -> String {
    numbers.iter().map(|&x| number::write(x)).collect::<Vec<_>>().join(",")
}

fn widths_text(widths: &[u32]) -> String {
    match widths {
        [] => "0".into(),
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|width| width == first) => {
            format!("{first}x{}", widths.len())
        }
        _ => widths.iter().map(u32::to_string).collect::<Vec<_>>().join("-"),
    }
}

/// `name~value` for each knob that differs from its default.
fn knobs_text(knobs: &[Knob], values: &[f64]) -> Vec<String> {
    let pairs = knobs.iter().zip(values).filter(|(knob, value)| knob.default != **value);
    let written = |knob: &Knob, value: f64| match knob.words().and_then(|words| words.get(value as usize)) {
        Some(word) => (*word).to_owned(),
        None => number::write(value),
    };
    pairs.map(|(knob, value)| format!("{}~{}", knob.name, written(knob, *value))).collect()
}

/// A number in a sentence.
fn plain(x: f64) -> String {
    format!("{x}")
}

/// A given text in a sentence: its beginning, without control characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut start: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        start.push('…');
    }
    start
}

pub(super) fn listed<T: Display>(names: impl Iterator<Item = T>) -> String {
    names.map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { noun.into() } else { format!("{noun}s") }
}
