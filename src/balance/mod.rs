//! Balancers: how K task gradients become one update. One file a method, one line each in [`METHODS`].
//!
//! A method declares by type what it looks at, which decides what a step must compute:
//! *losses* give w before any backward pass, *Gramian* methods need M = G Gᵀ, and *rows* methods
//! see the coordinates of G in blocks. The trainer walks [`Balancer`] and never asks for a name.

// Loops over task indices read like the formulas they come from.
#![allow(clippy::needless_range_loop)]

/// A shader of shaders/balance, which only programs that know a GPU carry.
#[cfg(feature = "gpu")]
macro_rules! shader {
    ($name:literal) => {
        include_str!(concat!("../../shaders/balance/", $name, ".wgsl"))
    };
}
#[cfg(not(feature = "gpu"))]
macro_rules! shader {
    ($name:literal) => {
        ""
    };
}

mod cost;
#[cfg(feature = "formulas")]
pub mod formula;
mod gramian;
pub mod modify;
mod promise;
pub mod solve;
mod source;

pub mod aasf;
pub mod aligned_mtl;
pub mod aligned_mtl_ub;
pub mod auto_lambda;
pub mod cagrad;
pub mod coba;
pub mod config;
pub mod constant;
pub mod cosmos;
pub mod db_mtl;
pub mod dualproj;
pub mod dwa;
pub mod epo;
pub mod excess_mtl;
pub mod fairgrad;
pub mod famo;
pub mod gls;
pub mod graddrop;
pub mod graddrop_ub;
pub mod gradnorm;
pub mod gradvac;
pub mod imtl;
pub mod imtl_g;
pub mod imtl_l;
pub mod krum;
pub mod m_config;
pub mod mean;
pub mod mgda;
pub mod mgda_ub;
pub mod moco;
pub mod modified_tchebycheff;
pub mod modo;
pub mod nash_mtl;
pub mod pbi;
pub mod pcd;
pub mod pcgrad;
pub mod pmgda;
pub mod pnorm;
pub mod random;
pub mod rlw;
pub mod sdmgrad;
pub mod si;
pub mod stch;
pub mod stch_mtl;
pub mod sum;
pub mod svd_reweighting;
pub mod tchebycheff;
pub mod trimmed_mean;
pub mod upgrad;
pub mod uw;

pub use cost::Cost;
pub use gramian::Gramian;
pub use promise::Promise;
pub use source::{Source, Venue};

use crate::rng::{Stream, StreamId};

/// A numeric setting of a method, shown as slider and number box and written in links.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knob {
    /// Key in links and in `params` (ASCII snake_case).
    pub name: &'static str,
    /// What the page writes beside the slider.
    pub label: &'static str,
    pub default: f64,
    pub min: f64,
    pub max: f64,
    pub scale: KnobScale,
}

/// How a knob's range is walked by a slider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnobScale {
    Linear,
    Log,
    /// Whole numbers.
    Integer,
    /// Whole numbers over several powers of ten.
    LogInteger,
    /// 0, 1, … stand for these words, which links and `params` may use too.
    Choice(&'static [&'static str]),
}

impl Knob {
    /// A choice between words; the first is the default.
    pub const fn choice(name: &'static str, label: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, label, default: 0.0, min: 0.0, max: words.len() as f64 - 1.0, scale: KnobScale::Choice(words) }
    }

    pub fn allows(&self, value: f64) -> bool {
        // The range holds no NaN, so that is refused here too.
        (self.min..=self.max).contains(&value) && (!self.scale.is_whole() || value.fract() == 0.0)
    }

    /// The words its values stand for, if they do.
    pub fn words(&self) -> Option<&'static [&'static str]> {
        match self.scale {
            KnobScale::Choice(words) => Some(words),
            _ => None,
        }
    }

    /// The allowed values, to stand after "must be" or "set it to".
    pub fn range(&self) -> String {
        match self.words() {
            Some(words) => format!("one of {}", words.join(", ")),
            None if self.scale.is_whole() => format!("a whole number from {} to {}", self.min, self.max),
            None => format!("a number from {} to {}", self.min, self.max),
        }
    }
}

impl KnobScale {
    /// Whether there is nothing between the whole numbers.
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::Linear | Self::Log)
    }
}

/// The family a method is listed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chooses how much each loss counts.
    LossWeighting,
    /// Chooses a combination of the task gradients.
    GradientWeighting,
    /// Changes the gradients' coordinates.
    GradientSurgery,
}

/// What a method wants beyond its stage; served by the backend, never asked by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The heads' gradients are scaled by w too; without it heads keep their plain gradient.
    HeadsScaledByWeights,
    /// The K losses on the same batch after the step ([`LossesMethod::after_step`]).
    LossesAfterStep,
    /// Mean losses of the two last epochs.
    EpochMeans,
    /// The weights depend on the values of the losses, not only on preference, draws or gradients.
    LossValues,
    /// The weights follow the preference α ([`StepContext::preference`]).
    Preference,
    /// The Gramian of the gradients with respect to the last shared layer ([`Served::last_layer`]).
    LastLayer,
    /// Rows kept over steps ([`GramianMethod::keep`]): M is theirs and d = wᵀY.
    KeptRows,
    /// Gradients with respect to the shared representation (B·H numbers a task) instead of the parameters: M is theirs,
    /// or they are the rows; what comes of it goes down the trunk in one backward pass.
    Representation,
    /// The K losses on a batch of validation rows, before the step ([`Served::validation_losses`]).
    ValidationLosses,
    /// A = G₁G₂ᵀ of two more batches ([`Served::cross`]).
    TwoMoreBatches,
    /// A = G·Vᵀ with the gradients V of a validation batch one plain step ahead ([`GramianMethod::look_ahead`],
    /// [`Served::cross`]).
    LookAhead,
    /// The gradients beside the root of all their squares so far ([`Served::excess`]).
    Excess,
    /// Products of the columns Xᵀyᵢ of the training data ([`Served::label_products`]).
    LabelProducts,
}

/// One entry of [`METHODS`].
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// snake_case id: file name, link value, doc anchor.
    pub id: &'static str,
    /// Name as in the paper.
    pub label: &'static str,
    /// Two words that say what it does.
    pub gloss: &'static str,
    /// What it optimizes, in one sentence.
    pub optimizes: &'static str,
    /// When to choose it.
    pub choose: &'static str,
    /// When not to.
    pub avoid: &'static str,
    /// Where implementations disagree, and what this one does.
    pub pitfalls: &'static str,
    /// What holds for any gradients with default settings; tests hold it to that.
    pub promises: &'static [Promise],
    pub source: Source,
    pub kind: Kind,
    pub knobs: &'static [Knob],
    pub needs: &'static [Need],
    /// Ids of methods that give the same direction for K = 2 and a uniform preference (registered ones or not yet).
    pub same_direction_k2: &'static [&'static str],
    pub build: Build,
}

/// Constructors, by what the method looks at.
#[derive(Debug, Clone, Copy)]
pub enum Build {
    Losses(fn(&Setup) -> Box<dyn LossesMethod>),
    Gramian(fn(&Setup) -> Box<dyn GramianMethod>),
    Rows(fn(&Setup) -> Box<dyn RowsMethod>),
}

/// What a method is built from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    pub n_tasks: usize,
    /// One value for each of the method's knobs, in their order, inside their ranges.
    pub knobs: Vec<f64>,
}

/// A built method with its own state.
pub enum Balancer {
    Losses(Box<dyn LossesMethod>),
    Gramian(Box<dyn GramianMethod>),
    Rows(Box<dyn RowsMethod>),
}

/// What every method may look at in a step. All losses are the scaled ones (loss scale included).
#[derive(Clone, Copy)]
pub struct StepContext<'a> {
    /// (K) losses of this batch before the update.
    pub losses: &'a [f64],
    /// (K) losses of step 0.
    pub first_losses: &'a [f64],
    /// (K) mean losses of the last finished epoch and the one before it.
    pub epoch_means: Option<(&'a [f64], &'a [f64])>,
    /// (K) preference, ≥ 0, Σ = 1.
    pub preference: &'a [f64],
    pub learning_rate: f64,
    pub step: u64,
    /// Seed of the run: [`StepContext::draws`] is the only source of randomness.
    pub seed: u32,
    pub served: Served<'a>,
}

/// What a method's [`Need`]s brought. Empty where there is no network behind the gradients (the command line's
/// single steps), so every method says what it does without.
#[derive(Clone, Copy, Default)]
pub struct Served<'a> {
    pub last_layer: Option<&'a Gramian>,
    /// (K) with the loss scales.
    pub validation_losses: Option<&'a [f64]>,
    /// A (K, K) row-major, not symmetric.
    pub cross: Option<&'a [f64]>,
    /// (K) Σₚ gᵢₚ²/√(Sᵢₚ + 1e-7) with S the sum of gᵢₚ² over all steps.
    pub excess: Option<&'a [f64]>,
    /// (K, K), see `measure::labels`.
    pub label_products: Option<&'a [f64]>,
}

impl StepContext<'_> {
    /// The method's own random numbers for this step.
    pub fn draws(&self) -> Stream {
        Stream::new(self.seed, StreamId::Balance, self.step as u32)
    }
}

/// How an inner problem ended; shown as a badge when it is not `Settled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Settled,
    /// The solver stopped at its limit; the weights are its best iterate.
    NotSettled,
    /// The input left the method undefined (e.g. all gradients zero); its written policy was applied.
    Degenerate,
}

/// Weights from losses alone, before any backward pass.
pub trait LossesMethod {
    /// Writes w (K).
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome;
    /// The same rule as a shader, with which a run stays on the device for many steps.
    fn resident(&self) -> Option<ResidentKernel> {
        None
    }
    /// (K) losses on the same batch after the update; called only with [`Need::LossesAfterStep`].
    fn after_step(&mut self, _ctx: &StepContext<'_>, _losses_after: &[f64]) {}
    /// Told once, before the first step: (K) values below which the scaled losses never fall. 0 unless told.
    fn bound_losses(&mut self, _floor: &[f64]) {}
}

/// Lines that show how a method comes from gradients to its update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Construction {
    /// Each gradient, taken to the directions at right angles to one that it conflicts with.
    Projections,
    /// The convex hull of the gradients; d is its shortest point.
    Hull,
    /// A ball around the mean gradient g₀, with this share of ‖g₀‖ as radius.
    Ball { share: f64 },
    /// Each gradient, taken to the nearest direction that hurts no task.
    DualCone,
}

/// Weights from the Gramian of the task gradients.
pub trait GramianMethod {
    /// Writes w (K), so that d = wᵀG.
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome;
    /// As [`LossesMethod::resident`].
    fn resident(&self) -> Option<ResidentKernel> {
        None
    }
    /// With [`Need::KeptRows`], before `weights`: how this step's G with its Gramian enters the kept rows Y (K, P),
    /// which are 0 at first: Y ← diag(keep)·Y + diag(add)·G.
    fn keep(&mut self, _ctx: &StepContext<'_>, _gramian: &Gramian, keep: &mut [f64], add: &mut [f64]) {
        keep.fill(0.0);
        add.fill(1.0);
    }
    /// With [`Need::LookAhead`], before `weights`: w (K) of the plain step to look behind.
    fn look_ahead(&self, w: &mut [f64]) {
        w.fill(1.0);
    }
    /// (K) what the last `weights` changed: bit j of entry i says that row i was moved because of row j. Empty for
    /// methods that move no row by another.
    fn moved_by(&self) -> &[u16] {
        &[]
    }
    /// What may be drawn of how it comes from plain gradients to d.
    fn construction(&self) -> Option<Construction> {
        None
    }
    /// (K) factors of the heads' own gradients in this step, where they are neither 1 nor w.
    fn head_weights(&self) -> Option<&[f64]> {
        None
    }
    /// As [`LossesMethod::after_step`], for a method that weighs losses and is told of gradients by a modifier.
    fn after_step(&mut self, _ctx: &StepContext<'_>, _losses_after: &[f64]) {}
    /// As [`LossesMethod::bound_losses`].
    fn bound_losses(&mut self, _floor: &[f64]) {}
}

/// A direction from the coordinates of G, seen in blocks of columns; with [`Need::Representation`] from those of ∂L/∂z.
pub trait RowsMethod {
    /// Called once a step before the blocks.
    fn begin(&mut self, ctx: &StepContext<'_>, n_shared: usize);
    /// `rows`: K slices with coordinates `first .. first + n`; writes d for them into `out` (n).
    fn direction(&mut self, ctx: &StepContext<'_>, first: usize, rows: &[&[f64]], out: &mut [f64]);
    /// The same rule as a shader; without one the method trains on the CPU alone.
    fn kernel(&self) -> Option<RowsKernel> {
        None
    }
}

/// A rows method's WGSL, behind shaders/common.wgsl: one vec4 of coordinates an invocation, 64 a workgroup.
///
/// Bindings: 0 the uniform `Rows` (see shaders/balance), 1 G, 2 the coordinates' numbers, 3 d. The shader has to
/// read all of them: a binding that is not used is missing from the device's layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowsKernel {
    /// Name of the file.
    pub name: &'static str,
    pub source: &'static str,
    pub settings: [f32; 4],
}

/// A weighting in WGSL, behind shaders/common.wgsl and shaders/balance/common.wgsl: a function `weigh` from losses and
/// Gramian to w, by one invocation in f32.
///
/// What it remembers of a run lies on the device, so a run is either resident from its first step or never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResidentKernel {
    /// Name of the file.
    pub name: &'static str,
    /// Solvers it needs, and the file itself.
    pub sources: &'static [&'static str],
    pub settings: [f32; 4],
}

impl Kind {
    /// In the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::LossWeighting, Self::GradientWeighting, Self::GradientSurgery];

    /// What its methods do.
    pub fn words(self) -> &'static str {
        match self {
            Self::LossWeighting => "weigh the losses",
            Self::GradientWeighting => "weigh the gradients",
            Self::GradientSurgery => "change the gradients",
        }
    }

    /// snake_case name in machine-readable output.
    pub fn id(self) -> &'static str {
        match self {
            Self::LossWeighting => "loss_weighting",
            Self::GradientWeighting => "gradient_weighting",
            Self::GradientSurgery => "gradient_surgery",
        }
    }
}

impl Need {
    /// snake_case name in machine-readable output.
    pub fn id(self) -> &'static str {
        match self {
            Self::HeadsScaledByWeights => "heads_scaled_by_weights",
            Self::LossesAfterStep => "losses_after_step",
            Self::EpochMeans => "epoch_means",
            Self::LossValues => "loss_values",
            Self::Preference => "preference",
            Self::LastLayer => "last_layer",
            Self::KeptRows => "kept_rows",
            Self::Representation => "representation",
            Self::ValidationLosses => "validation_losses",
            Self::TwoMoreBatches => "two_more_batches",
            Self::LookAhead => "look_ahead",
            Self::Excess => "excess",
            Self::LabelProducts => "label_products",
        }
    }
}

impl Method {
    /// Whether a device has all that the method needs beside losses and the Gramian, so that a [`ResidentKernel`] does.
    pub fn can_stay(&self) -> bool {
        use Need::{EpochMeans, HeadsScaledByWeights, LossValues, LossesAfterStep, Preference};
        let there = [HeadsScaledByWeights, LossesAfterStep, EpochMeans, LossValues, Preference];
        self.needs.iter().all(|need| there.contains(need))
    }
}

impl Build {
    /// What the method looks at: `losses`, `gramian` or `rows`.
    pub fn stage(self) -> &'static str {
        match self {
            Self::Losses(_) => "losses",
            Self::Gramian(_) => "gramian",
            Self::Rows(_) => "rows",
        }
    }
}

impl Balancer {
    /// The rule as a shader, where it has one.
    pub fn resident(&self) -> Option<ResidentKernel> {
        match self {
            Self::Losses(method) => method.resident(),
            Self::Gramian(method) => method.resident(),
            Self::Rows(_) => None,
        }
    }

    /// Told once, before the first step: (K) values below which the scaled losses never fall.
    pub fn bound_losses(&mut self, floor: &[f64]) {
        match self {
            Self::Losses(method) => method.bound_losses(floor),
            Self::Gramian(method) => method.bound_losses(floor),
            Self::Rows(_) => {}
        }
    }

    /// (K) losses on the same batch after the update.
    pub fn after_step(&mut self, ctx: &StepContext<'_>, losses_after: &[f64]) {
        match self {
            Self::Losses(method) => method.after_step(ctx, losses_after),
            Self::Gramian(method) => method.after_step(ctx, losses_after),
            Self::Rows(_) => {}
        }
    }
}

impl Method {
    /// A balancer with fresh state. `setup.knobs` has one value for each knob and K ≤ 16.
    pub fn new_balancer(&self, setup: &Setup) -> Balancer {
        match self.build {
            Build::Losses(build) => Balancer::Losses(build(setup)),
            Build::Gramian(build) => Balancer::Gramian(build(setup)),
            Build::Rows(build) => Balancer::Rows(build(setup)),
        }
    }

    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }

    /// Whether w follows from M and the step's context, without anything that only a network serves.
    pub fn answers_alone(&self) -> bool {
        let alone = [Need::HeadsScaledByWeights, Need::LossValues, Need::Preference];
        matches!(self.build, Build::Gramian(_)) && self.needs.iter().all(|need| alone.contains(need))
    }

    /// Whether a backend holds K rows of P numbers for it beside G.
    pub fn stores_rows(&self) -> bool {
        let stored = [Need::KeptRows, Need::TwoMoreBatches, Need::LookAhead, Need::Excess];
        self.needs.iter().any(|need| stored.contains(need))
    }

    /// Whether each word of a search is in its id, name, gloss, purpose, kind, authors, title or year.
    pub fn matches(&self, search: &str) -> bool {
        let Self { id, label, gloss, optimizes, source, kind, .. } = self;
        let year = source.year.to_string();
        let authors = source::searchable(&source.authors.join(" "));
        let text = [id, label, gloss, optimizes, source.title, kind.words(), &year, &authors].join(" ").to_lowercase();
        // Hyphens and underscores are the same to a reader: cagrad, nash-mtl, nash mtl.
        let plain = |text: &str| text.replace(['-', '_'], " ");
        let (text, search) = (plain(&text), plain(&source::searchable(&search.to_lowercase())));
        search.split_whitespace().all(|word| text.contains(word))
    }

    /// Knob values in order, defaults for all.
    pub fn default_knobs(&self) -> Vec<f64> {
        self.knobs.iter().map(|knob| knob.default).collect()
    }
}

/// The one list of methods, in order of increasing complexity.
pub const METHODS: &[Method] = &[
    sum::METHOD,
    mean::METHOD,
    constant::METHOD,
    rlw::METHOD,
    uw::METHOD,
    dwa::METHOD,
    gls::METHOD,
    si::METHOD,
    imtl_l::METHOD,
    tchebycheff::METHOD,
    modified_tchebycheff::METHOD,
    pnorm::METHOD,
    pbi::METHOD,
    cosmos::METHOD,
    stch::METHOD,
    stch_mtl::METHOD,
    aasf::METHOD,
    famo::METHOD,
    random::METHOD,
    coba::METHOD,
    svd_reweighting::METHOD,
    gradnorm::METHOD,
    excess_mtl::METHOD,
    auto_lambda::METHOD,
    pcgrad::METHOD,
    gradvac::METHOD,
    mgda::METHOD,
    mgda_ub::METHOD,
    cagrad::METHOD,
    nash_mtl::METHOD,
    fairgrad::METHOD,
    graddrop::METHOD,
    trimmed_mean::METHOD,
    krum::METHOD,
    graddrop_ub::METHOD,
    upgrad::METHOD,
    dualproj::METHOD,
    imtl_g::METHOD,
    imtl::METHOD,
    aligned_mtl::METHOD,
    aligned_mtl_ub::METHOD,
    config::METHOD,
    pcd::METHOD,
    epo::METHOD,
    pmgda::METHOD,
    m_config::METHOD,
    moco::METHOD,
    modo::METHOD,
    sdmgrad::METHOD,
    db_mtl::METHOD,
];

/// The entry with this id.
pub fn method(id: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.id == id)
}
