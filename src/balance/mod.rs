//! Balancers: how K task gradients become one update. One file a method, one line each in [`METHODS`].
//!
//! A method declares by type what it looks at, which decides what a step must compute:
//! *losses* give w before any backward pass, *Gramian* methods need M = G Gᵀ, and *rows* methods
//! see the coordinates of G in blocks. The trainer walks [`Balancer`] and never asks for a name.

// Loops over task indices read like the formulas they come from.
#![allow(clippy::needless_range_loop)]

mod gramian;
pub mod solve;

pub mod aasf;
pub mod aligned_mtl;
pub mod cagrad;
pub mod config;
pub mod constant;
pub mod cosmos;
pub mod dualproj;
pub mod dwa;
pub mod epo;
pub mod fairgrad;
pub mod famo;
pub mod gls;
pub mod graddrop;
pub mod gradvac;
pub mod imtl_g;
pub mod imtl_l;
pub mod krum;
pub mod mean;
pub mod mgda;
pub mod modified_tchebycheff;
pub mod nash_mtl;
pub mod pbi;
pub mod pcd;
pub mod pcgrad;
pub mod pmgda;
pub mod pnorm;
pub mod random;
pub mod rlw;
pub mod si;
pub mod stch;
pub mod stch_mtl;
pub mod sum;
pub mod tchebycheff;
pub mod trimmed_mean;
pub mod upgrad;
pub mod uw;

pub use gramian::Gramian;

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
    Integer,
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
    /// The rule in one line of plain Unicode mathematics, e.g. `d = Σ wᵢ gᵢ`.
    pub formula: &'static str,
    /// Two or three sentences for the method card: what it does, when it helps, what it costs.
    pub about: &'static str,
    pub paper: &'static str,
    pub year: u16,
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
    /// (K) losses on the same batch after the update; called only with [`Need::LossesAfterStep`].
    fn after_step(&mut self, _ctx: &StepContext<'_>, _losses_after: &[f64]) {}
}

/// Weights from the Gramian of the task gradients.
pub trait GramianMethod {
    /// Writes w (K), so that d = wᵀG.
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome;
}

/// A direction from the coordinates of G, seen in blocks of columns.
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
    /// Id of the method and name of the file.
    pub name: &'static str,
    pub source: &'static str,
    pub settings: [f32; 4],
}

impl Kind {
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
        }
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
    pcgrad::METHOD,
    gradvac::METHOD,
    mgda::METHOD,
    cagrad::METHOD,
    nash_mtl::METHOD,
    fairgrad::METHOD,
    graddrop::METHOD,
    trimmed_mean::METHOD,
    krum::METHOD,
    upgrad::METHOD,
    dualproj::METHOD,
    imtl_g::METHOD,
    aligned_mtl::METHOD,
    config::METHOD,
    pcd::METHOD,
    epo::METHOD,
    pmgda::METHOD,
];

/// The entry with this id.
pub fn method(id: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.id == id)
}
