//! Edits: the page's controls as values, applied to a configuration that stays valid.
//!
//! An edit returns another configuration or one complaint. What it resets is decided here: another data set
//! brings its tasks, other tasks keep the loss scales they had. Steps below the shown step move the cursor;
//! that is the only adjustment nobody asked for.

use super::keys::{KEYS, Key};
use super::{
    Activation, AnalyticConfig, BATCH, BackendChoice, Batch, Complaint, DataConfig, ExperimentConfig, Init, MapConfig,
    NetworkConfig, Optimizer, RUNS, RunConfig, Schedule, Subject, Theme, VIEWS, Way, keys, presets,
};
use crate::balance::Knob;
use crate::balance::modify::{Applied, modifier};
use crate::strategy::{Learned, learner};
use crate::{balance, data, problem};

/// One change of a configuration. Ids are those of the registries, positions count from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Starts from a preset; backend and theme stay.
    Preset(String),
    /// Another data set with its default knobs and tasks and no wrong labels, or an analytic problem from its first
    /// starting point; loss scales of 1.
    Data(String),
    /// Where an analytic problem's runs begin (P).
    Start(Vec<f64>),
    DataKnob {
        knob: usize,
        value: f64,
    },
    /// Positions in the source's tasks. A task that stays keeps its loss scale; the preference becomes uniform.
    Tasks(Vec<usize>),
    /// Adds the task at the end, or takes it away.
    ToggleTask(usize),
    /// Share of training labels that are wrong.
    LabelNoise(f64),
    LossScale {
        position: usize,
        scale: f64,
    },
    /// Filters of the convolutions before the shared layers; none takes them away.
    Filters(Vec<u32>),
    /// All shared layers get this width; convolutions keep their filters.
    Width(u32),
    /// Adds shared layers as wide as the last one, or takes the last ones away; convolutions stay.
    Depth(usize),
    Trunk(Vec<u32>),
    Head(Vec<u32>),
    Activation(Activation),
    Init(Init),
    Optimizer(Optimizer),
    /// Momentum of SGD; a complaint under Adam.
    Momentum(f64),
    LearningRate(f64),
    WeightDecay(f64),
    Schedule(Schedule),
    Clip(Option<f64>),
    Batch(Batch),
    Steps(u32),
    Seed(u32),
    /// How many seeds the runs are repeated over.
    Seeds(u32),
    /// All runs at once, each as in the link's `m=`: `sum` or `famo~gamma~.01`.
    Methods(Vec<String>),
    /// A run of this method with its defaults, at the end.
    AddRun(String),
    RemoveRun(usize),
    /// Adds a run of the method, or removes all of its runs.
    ToggleMethod(String),
    ReplaceRun {
        run: usize,
        method: String,
    },
    RunKnob {
        run: usize,
        knob: usize,
        value: f64,
    },
    /// Adds the modifier at the end of the run's list, or takes it away.
    ToggleModifier {
        run: usize,
        modifier: String,
    },
    /// The setting of a modifier that the run has.
    ModifierKnob {
        run: usize,
        modifier: String,
        value: f64,
    },
    /// What the run trains: a front by the learner of this id, with its defaults, or a single point.
    Way {
        run: usize,
        learner: Option<String>,
    },
    /// A setting of the run's front learner.
    LearnerKnob {
        run: usize,
        knob: usize,
        value: f64,
    },
    Preference(Option<Vec<f64>>),
    Backend(BackendChoice),
    /// Moves the view cursor.
    ViewStep(u32),
    /// View ids; none is the overview.
    Views(Vec<String>),
    Theme(Option<Theme>),
    /// (K, K) gradients that the reader moves; none shows a run's own.
    Gradients(Option<Vec<f64>>),
    /// What the landscape shows.
    Map(MapConfig),
}

impl ExperimentConfig {
    /// This configuration with one change.
    ///
    /// # Errors
    /// One sentence that names what was given and what is allowed; the configuration is then unchanged.
    pub fn apply(&self, edit: &Edit) -> Result<Self, Complaint> {
        let mut next = self.clone();
        next.change(edit)?;
        if !matches!(edit, Edit::Map(_)) {
            next.release_map();
        }
        // The readers of links are the validator, for edits as for everything else.
        match next.check() {
            Ok(()) => Ok(next),
            Err(complaints) => Err(complaints.into_iter().next().expect("a failed check says why")),
        }
    }

    fn change(&mut self, edit: &Edit) -> Result<(), Complaint> {
        match edit {
            Edit::Preset(id) => {
                let preset = presets::preset(id).ok_or_else(|| absent("p", "preset", id))?;
                let (backend, theme) = (self.backend, self.view.theme);
                let chosen = backend != self.preset.config().backend;
                *self = preset.config();
                self.view.theme = theme;
                if chosen {
                    self.backend = backend;
                }
            }
            Edit::Data(id) => {
                if let Some(problem) = problem::problem(id) {
                    self.choose_problem(problem);
                    return Ok(());
                }
                let source = data::source(id).ok_or_else(|| absent("d", "data set or analytic problem", id))?;
                self.choose_data(source);
                // All rows of a large set are slow, and a generator's few rows may be fewer than a batch.
                self.training.batch = match (source.files.is_empty(), self.training.batch) {
                    (true, _) => Batch::All,
                    (false, Batch::All) => Batch::Rows(256.min(*BATCH.end())),
                    (false, rows) => rows,
                };
            }
            Edit::Start(start) => self.analytic_mut()?.start.clone_from(start),
            Edit::DataKnob { knob, value } => {
                *self.data_mut()?.knobs.get_mut(*knob).ok_or_else(|| absent("dk", "data setting", knob))? = *value;
            }
            Edit::Tasks(tasks) => self.set_tasks(tasks)?,
            Edit::ToggleTask(task) => {
                let mut tasks = self.data_mut()?.tasks.clone();
                match tasks.iter().position(|chosen| chosen == task) {
                    Some(_) if tasks.len() == 1 => {
                        return Err(Complaint::new("tasks", "The last task cannot be taken away; add another first."));
                    }
                    Some(at) => drop(tasks.remove(at)),
                    None => tasks.push(*task),
                }
                self.set_tasks(&tasks)?;
            }
            Edit::LabelNoise(share) => self.data_mut()?.label_noise = *share,
            Edit::LossScale { position, scale } => {
                let scales = self.loss_scales_mut();
                *scales.get_mut(*position).ok_or_else(|| absent("sc", "task", position))? = *scale;
            }
            Edit::Filters(filters) => self.network_mut()?.filters.clone_from(filters),
            Edit::Width(width) => self.network_mut()?.trunk.fill(*width),
            Edit::Depth(depth) => {
                let trunk = &mut self.network_mut()?.trunk;
                let last = trunk.last().copied().unwrap_or(1);
                // Not longer than the complaint about it needs.
                trunk.resize((*depth).min(99), last);
            }
            Edit::Trunk(widths) => self.network_mut()?.trunk.clone_from(widths),
            Edit::Head(widths) => self.network_mut()?.head.clone_from(widths),
            Edit::Activation(activation) => self.network_mut()?.activation = *activation,
            Edit::Init(init) => self.network_mut()?.init = *init,
            Edit::Optimizer(optimizer) => self.training.optimizer = *optimizer,
            Edit::Momentum(value) => match &mut self.training.optimizer {
                Optimizer::Sgd { momentum } => *momentum = *value,
                Optimizer::Adam | Optimizer::AdamW => {
                    return Err(Complaint::new("opt", "Adam has no momentum to set; choose SGD first."));
                }
            },
            Edit::LearningRate(rate) => self.training.learning_rate = *rate,
            Edit::WeightDecay(decay) => self.training.weight_decay = *decay,
            Edit::Schedule(schedule) => self.training.schedule = *schedule,
            Edit::Clip(clip) => self.training.clip = *clip,
            Edit::Batch(batch) => {
                self.network_mut().map_err(|_| no_network("b"))?;
                self.training.batch = *batch;
            }
            Edit::Steps(steps) => {
                self.training.steps = *steps;
                self.view.step = self.view.step.min(*steps);
            }
            Edit::Seed(seed) => self.training.seed = *seed,
            Edit::Seeds(seeds) => self.training.seeds = *seeds,
            Edit::Methods(methods) => {
                // An item with a comma in it would count as two.
                if let Some(odd) = methods.iter().find(|item| item.contains(',')) {
                    return Err(absent("m", "method", odd));
                }
                let read = keys::read_all(self.preset, [("m", methods.join(","))]);
                match read.complaints.into_iter().find(|complaint| complaint.key == "m") {
                    Some(complaint) => return Err(complaint),
                    None => self.runs = read.config.runs,
                }
            }
            Edit::AddRun(id) => {
                if self.runs.len() >= *RUNS.end() {
                    let sentence = format!("{} runs are the most that are compared; remove one first.", RUNS.end());
                    return Err(Complaint::new("m", sentence));
                }
                self.runs.push(run(id)?);
            }
            Edit::RemoveRun(at) => {
                if *at >= self.runs.len() {
                    return Err(absent("m", "run", at));
                }
                if self.runs.len() == 1 {
                    return Err(last_run());
                }
                self.runs.remove(*at);
            }
            Edit::ToggleMethod(id) => {
                if !self.runs.iter().any(|run| run.method.id == id) {
                    return self.change(&Edit::AddRun(id.clone()));
                }
                if self.runs.iter().all(|run| run.method.id == id) {
                    return Err(last_run());
                }
                self.runs.retain(|run| run.method.id != id);
            }
            Edit::ReplaceRun { run: at, method } => {
                *self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))? = run(method)?;
            }
            Edit::RunKnob { run: at, knob, value } => {
                let run = self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))?;
                *run.knobs.get_mut(*knob).ok_or_else(|| absent("m", "setting", knob))? = *value;
            }
            Edit::ToggleModifier { run: at, modifier: id } => {
                let run = self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))?;
                let modifier = modifier(id).ok_or_else(|| absent("m", "modifier", id))?;
                match run.modifiers.iter().position(|other| other.modifier.id == modifier.id) {
                    Some(place) => drop(run.modifiers.remove(place)),
                    None => run.modifiers.push(Applied::new(modifier)),
                }
            }
            Edit::ModifierKnob { run: at, modifier: id, value } => {
                let run = self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))?;
                let applied = run.modifiers.iter_mut().find(|applied| applied.modifier.id == id);
                applied.ok_or_else(|| absent("m", "modifier", id))?.value = *value;
            }
            Edit::Way { run: at, learner: id } => {
                let run = self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))?;
                run.way = match id {
                    Some(id) => {
                        Way::Front(Learned::new(learner(id).ok_or_else(|| absent("m", "way to train a front", id))?))
                    }
                    None => Way::SinglePoint,
                };
            }
            Edit::LearnerKnob { run: at, knob, value } => {
                let run = self.runs.get_mut(*at).ok_or_else(|| absent("m", "run", at))?;
                let Way::Front(learned) = &mut run.way else {
                    return Err(Complaint::new("m", "This run trains a single point and has no such setting."));
                };
                *learned.knobs.get_mut(*knob).ok_or_else(|| absent("m", "setting", knob))? = *value;
            }
            Edit::Preference(preference) => self.training.preference.clone_from(preference),
            Edit::Backend(backend) => self.backend = *backend,
            Edit::ViewStep(step) => self.view.step = *step,
            Edit::Views(views) => {
                let known = |id: &String| VIEWS.iter().copied().find(|view| view == id);
                let views: Result<Vec<_>, _> =
                    views.iter().map(|id| known(id).ok_or_else(|| absent("view", "view", id))).collect();
                self.view.views = views?;
            }
            Edit::Theme(theme) => self.view.theme = *theme,
            Edit::Gradients(rows) => self.view.gradients.clone_from(rows),
            Edit::Map(map) => self.view.map.clone_from(map),
        }
        Ok(())
    }

    fn set_tasks(&mut self, tasks: &[usize]) -> Result<(), Complaint> {
        let data = self.data_mut()?;
        if let Some(task) = tasks.iter().find(|task| **task >= data.source.tasks.len()) {
            return Err(absent("tasks", "task", task));
        }
        let scale = |task: &usize| {
            let position = data.tasks.iter().position(|chosen| chosen == task);
            position.map_or(1.0, |position| data.loss_scales[position])
        };
        let scales = tasks.iter().map(scale).collect();
        let others = tasks != data.tasks;
        data.loss_scales = scales;
        data.tasks = tasks.to_vec();
        if others {
            self.training.preference = None;
            self.release_gradients();
        }
        Ok(())
    }

    fn data_mut(&mut self) -> Result<&mut DataConfig, Complaint> {
        match &mut self.subject {
            Subject::Network { data, .. } => Ok(data),
            Subject::Analytic(_) => Err(no_network("d")),
        }
    }

    fn network_mut(&mut self) -> Result<&mut NetworkConfig, Complaint> {
        match &mut self.subject {
            Subject::Network { network, .. } => Ok(network),
            Subject::Analytic(_) => Err(no_network("net")),
        }
    }

    fn analytic_mut(&mut self) -> Result<&mut AnalyticConfig, Complaint> {
        match &mut self.subject {
            Subject::Network { .. } => {
                Err(Complaint::new("start", "A network starts where the seed says; choose an analytic problem first."))
            }
            Subject::Analytic(analytic) => Ok(analytic),
        }
    }
}

/// Whether going from `old` to `new` means training again, and not only looking elsewhere.
pub fn needs_restart(old: &ExperimentConfig, new: &ExperimentConfig) -> bool {
    !old.same_training(new) || old.backend != new.backend
}

/// In what training of `one` differs from that of `other`, compared methods aside: `learning rate .01`, in the words
/// of [`super::keys::KEYS`] and with the values of `one`.
pub fn differences(one: &ExperimentConfig, other: &ExperimentConfig) -> Vec<String> {
    let of_one =
        ExperimentConfig { preset: other.preset, runs: other.runs.clone(), view: other.view.clone(), ..one.clone() };
    let differs = |key: &&Key| match (key.scope.holds(&of_one), key.scope.holds(other)) {
        (true, true) => (key.text)(&of_one) != (key.text)(other),
        (here, there) => here != there,
    };
    let told = |key: &Key| {
        let text = if key.scope.holds(&of_one) { (key.text)(&of_one) } else { "none".to_owned() };
        format!("{} {text}", key.label)
    };
    KEYS.iter().filter(differs).map(told).collect()
}

/// What run `at` is called: what trains a front, if anything does, its method, the knobs in which that differs from its
/// defaults, its modifiers. The knobs of what trains a front are told where they tell two runs apart.
///
/// Runs that are equal in all of that are numbered: `PCGrad`, `PCGrad (2)`. Empty if there is no such run.
pub fn name_of_run(config: &ExperimentConfig, at: usize) -> String {
    let Some(run) = config.runs.get(at) else { return String::new() };
    let mut name = String::new();
    if let Some(learned) = run.learned() {
        name.push_str(learned.learner.label);
        let is_twin = |other: &RunConfig| {
            let same = other.learned().is_some_and(|theirs| theirs.learner.id == learned.learner.id);
            same && other.method.id == run.method.id && other.learned() != Some(learned)
        };
        if config.runs.iter().any(is_twin) {
            name_knobs(learned.learner.knobs, &learned.knobs, &mut name);
        }
        name.push_str(" · ");
    }
    name.push_str(run.method.label);
    name_knobs(run.method.knobs, &run.knobs, &mut name);
    for Applied { modifier, value } in &run.modifiers {
        name.push_str(&format!(", {}", modifier.label));
        if let Some(knob) = modifier.knob.filter(|knob| knob.default != *value) {
            name.push_str(&format!(" {} {value}", knob.label));
        }
    }
    match config.runs[..at].iter().filter(|earlier| *earlier == run).count() {
        0 => name,
        earlier => format!("{name} ({})", earlier + 1),
    }
}

/// Adds the knobs that differ from their defaults.
fn name_knobs(knobs: &[Knob], values: &[f64], name: &mut String) {
    for (knob, value) in knobs.iter().zip(values).filter(|(knob, value)| **value != knob.default) {
        match knob.words().and_then(|words| words.get(*value as usize)) {
            Some(word) => name.push_str(&format!(" {} {word}", knob.label)),
            None => name.push_str(&format!(" {} {value}", knob.label)),
        }
    }
}

/// How many earlier runs have run `at`'s method, whatever their knobs. 0 if there is no such run.
pub fn copy_of_run(config: &ExperimentConfig, at: usize) -> usize {
    let Some(run) = config.runs.get(at) else { return 0 };
    config.runs[..at].iter().filter(|earlier| earlier.method.id == run.method.id).count()
}

fn run(id: &str) -> Result<RunConfig, Complaint> {
    balance::method(id).map(RunConfig::new).ok_or_else(|| absent("m", "method", id))
}

fn no_network(key: &str) -> Complaint {
    Complaint::new(key, "An analytic problem has neither data nor a network; choose a data set first.")
}

fn last_run() -> Complaint {
    Complaint::new("m", "The last run cannot be removed; add another first.")
}

fn absent(key: &str, what: &str, id: impl std::fmt::Display) -> Complaint {
    Complaint::new(key, format!("There is no {what} “{}” here.", keys::shown(&id.to_string())))
}
