//! What trains one run: owns θ, optimizer moments and gradients, on the CPU, on the GPU, or exactly in f64.
//!
//! An enum, not a trait object: the GPU's primitives are async, and async traits are not object-safe.
//! G never leaves the backend; losses, M and a few dot products do.

pub mod cpu;
pub mod exact;
#[cfg(feature = "gpu")]
pub mod gpu;

use crate::balance::modify::Ascent;
use crate::balance::{ResidentKernel, RowsMethod, StepContext};
use crate::config::Optimizer;
use crate::data::Split;
use crate::nn::{Network, ParamLayout};
use std::fmt;
use std::rc::Rc;

/// Everything fixed about a run that a backend needs.
#[derive(Clone)]
pub struct Workload {
    pub network: Network,
    pub layout: ParamLayout,
    pub data: Rc<Split>,
    /// Rows that no update sees; like `data`, and perhaps empty.
    pub validation: Rc<Split>,
    /// Which of the split's targets each head learns (K).
    pub targets: Vec<usize>,
    /// (K) factor on each task's loss.
    pub loss_scales: Vec<f64>,
    /// B.
    pub batch_rows: usize,
    pub optimizer: Optimizer,
    pub weight_decay: f64,
    /// Largest length of the whole gradient, shared and heads together.
    pub clip: Option<f64>,
}

/// Whose Gramian [`Backend::gramian`] computes, on the batch of the last [`Backend::losses`] or
/// [`Backend::gradients`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The columns of G that belong to the last shared layer, weight and bias.
    LastLayer,
    /// ∂Lₖ/∂z (K, B·H) at the shared representation z, the trunk's output.
    Representation,
    /// A = Y·Gᵀ, kept rows by rows of G; not symmetric.
    Cross,
}

/// Which rows a batch is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Train,
    /// The training rows where there are no validation rows.
    Validation,
}

/// Rows (K, P) that a backend holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// G, as [`Backend::gradients`] left it.
    Batch,
    /// Y, as [`Backend::keep`] left it.
    Kept,
}

/// How d is made.
pub enum Combine<'a> {
    /// d = wᵀG from the rows that [`Backend::gradients`] left.
    Rows(&'a [f64]),
    /// d = wᵀY from the rows that [`Backend::keep`] left.
    Kept(&'a [f64]),
    /// One backward pass of Σ wₖ Lₖ for the batch that [`Backend::losses`] saw; G is not formed.
    Weighted(&'a [f64]),
    /// d by coordinates.
    Direction(Slot, &'a mut dyn RowsMethod, &'a StepContext<'a>),
    /// One backward pass of what the method makes of ∂Lₖ/∂z by coordinates (B·H), for the batch that
    /// [`Backend::losses`] saw.
    ///
    /// It sees them behind the slope of the trunk's last activation, one factor for all tasks of a coordinate.
    AtRepresentation(&'a mut dyn RowsMethod, &'a StepContext<'a>),
}

/// One update.
pub struct Apply<'a> {
    pub combine: Combine<'a>,
    /// (K) factor on each head's own gradient (which holds the loss scale already).
    pub head_weights: &'a [f64],
    pub learning_rate: f64,
    /// Factor with which what was [set aside](Backend::set_aside) joins d and the heads' gradients; 0 for nothing.
    pub aside: f64,
    /// Whether to report dot products with the rows of G (needs rows from [`Backend::gradients`]).
    pub probe: bool,
}

/// How an update reaches the members of a manifold.
#[derive(Debug, Clone, Copy)]
pub struct Spread<'a> {
    /// (K) preference at which θ lies.
    pub alpha: &'a [f64],
    /// Factor on what earlier draws of the step have left: 0 for the first of them.
    pub keep: f64,
    /// Whether the members are moved now; else what they gained waits for the next draw.
    pub moves: bool,
}

/// What an update did to the shared parameters; empty without `probe`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepReport {
    /// (K) gᵢ · d.
    pub along_direction: Vec<f64>,
    pub direction_length: f64,
    /// (K) gᵢ · Δθ.
    pub along_step: Vec<f64>,
    pub step_length: f64,
}

/// A weighting for a run that stays on its device.
#[derive(Debug, Clone, Copy)]
pub struct Weighting<'a> {
    pub kernel: ResidentKernel,
    /// Whether it looks at gradients.
    pub needs_rows: bool,
    /// Whether the heads' gradients get w too.
    pub weighs_heads: bool,
    /// Whether it asks for the losses behind every update.
    pub losses_after: bool,
    /// (K)
    pub preference: &'a [f64],
    /// (K) values below which the scaled losses never fall.
    pub floor: &'a [f64],
    pub steps_per_epoch: u64,
    pub seed: u32,
}

/// Steps that a run takes on its device before it tells of them.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    pub first_step: u64,
    /// (n, B)
    pub rows: &'a [u32],
    /// (n)
    pub learning_rates: &'a [f64],
    /// G is formed at multiples of this, and in a step that only looks; methods that look at gradients have it always.
    pub gramian_every: u32,
    /// Whether steps with G also tell what the update did.
    pub reports: bool,
    /// Whether the last of them only looks.
    pub last_looks: bool,
}

impl Course<'_> {
    /// Whether step `at` of them forms G whatever the method needs.
    pub fn probes(&self, at: usize) -> bool {
        (self.first_step + at as u64).is_multiple_of(u64::from(self.gramian_every)) || !self.moves(at)
    }

    /// Whether step `at` of them moves θ.
    pub fn moves(&self, at: usize) -> bool {
        !(self.last_looks && at + 1 == self.learning_rates.len())
    }
}

/// What one of those steps told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResidentStep {
    /// (K) unscaled losses before the update.
    pub losses: Vec<f64>,
    /// (K)
    pub weights: Vec<f64>,
    /// (K, K) with the loss scales, where G was formed.
    pub gramian: Option<Vec<f64>>,
    pub report: StepReport,
    pub settled: bool,
    /// (K) see [`crate::balance::GramianMethod::moved_by`].
    pub moved_by: Vec<u16>,
}

/// Why a backend stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendError {
    /// The device was lost; what it held is gone.
    Lost(String),
    /// The device refuses this network (a buffer above its limit, for instance).
    Refused(String),
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "The graphics device was lost: {why}"),
            Self::Refused(why) => write!(f, "The graphics device refuses this network: {why}"),
        }
    }
}

impl std::error::Error for BackendError {}

#[cfg(feature = "gpu")]
pub use gpu::Fleet;

/// Runs that go together on a device: there are none without one.
#[cfg(not(feature = "gpu"))]
pub enum Fleet {}

/// θ, moments and gradients of one run.
pub enum Backend {
    Cpu(Box<cpu::Cpu<f32>>),
    /// An analytic problem; it has no rows, and what is passed as such is not looked at.
    Exact(Box<exact::Exact>),
    #[cfg(feature = "gpu")]
    Gpu(Box<gpu::Gpu>),
}

#[cfg(not(feature = "gpu"))]
#[expect(clippy::unused_async, reason = "with a GPU they wait for it")]
impl Fleet {
    pub fn most_steps(&self) -> usize {
        match *self {}
    }

    pub fn send(&mut self, _rows: &[u32], _learning_rates: &[f64], _last_looks: bool) -> Result<(), BackendError> {
        match *self {}
    }

    pub async fn receive(&mut self) -> Result<Vec<Vec<ResidentStep>>, BackendError> {
        match *self {}
    }

    pub async fn parameters(&self) -> Result<Vec<Vec<f32>>, BackendError> {
        match *self {}
    }
}

impl Workload {
    /// The rows of a part.
    pub fn split(&self, part: Part) -> &Rc<Split> {
        match part {
            Part::Validation if self.validation.rows > 0 => &self.validation,
            _ => &self.data,
        }
    }
}

impl Backend {
    /// What the run was made from; an analytic problem has no data.
    pub fn workload(&self) -> Option<&Workload> {
        match self {
            Self::Cpu(cpu) => Some(cpu.workload()),
            Self::Exact(_) => None,
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => Some(gpu.workload()),
        }
    }

    /// (K) factor on each task's loss.
    pub fn loss_scales(&self) -> &[f64] {
        match self {
            Self::Exact(exact) => exact.loss_scales(),
            _ => self.workload().map_or(&[], |workload| &workload.loss_scales),
        }
    }

    /// (K) unscaled losses of the batch at θ.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn losses(&mut self, rows: &[u32], losses: &mut [f64]) -> Result<(), BackendError> {
        self.losses_on(Part::Train, rows, losses).await
    }

    /// The same of a batch of that part.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn losses_on(&mut self, part: Part, rows: &[u32], losses: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.losses_on(part, rows, losses);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.losses(losses);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.losses_on(part, rows, losses).await,
        }
    }

    /// (K) unscaled losses, and the rows of G and their Gramian (K, K) with the loss scales.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn gradients(
        &mut self,
        rows: &[u32],
        losses: &mut [f64],
        gramian: &mut [f64],
    ) -> Result<(), BackendError> {
        self.gradients_on(Part::Train, rows, losses, gramian).await
    }

    /// The same of a batch of that part.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn gradients_on(
        &mut self,
        part: Part,
        rows: &[u32],
        losses: &mut [f64],
        gramian: &mut [f64],
    ) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.gradients_on(part, rows, losses, gramian);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.gradients(losses, gramian);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.gradients_on(part, rows, losses, gramian).await,
        }
    }

    /// Remembers θ and the way v = (wᵀG, headsₖ times head k's own gradient), for [`Self::look`].
    ///
    /// The heads' own gradients are spent by it.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn aim(&mut self, w: &[f64], heads: &[f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.aim(w, heads);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.aim(w);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.aim(w, heads),
        }
    }

    /// θ becomes what [`Self::aim`] remembered minus rate·v, until [`Self::step_back`]; the optimizer does not notice.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn look(&mut self, rate: f64) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.look(rate);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.look(rate);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.look(rate),
        }
    }

    /// Remembers θ and the way v = Δθ of the last update through the shared parameters, for [`Self::look`]. False where
    /// a wall of the problem is nearer than `reach` along it.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn aim_along_step(&mut self, reach: f64) -> Result<bool, BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.aim_along_step();
                Ok(true)
            }
            Self::Exact(exact) => Ok(exact.aim_along_step(reach)),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.aim_along_step().map(|()| true),
        }
    }

    /// A ← keep·A + (wᵀG, wₖ times head k's own gradient) for a vector A like θ that is 0 at first; see
    /// [`Apply::aside`]. The heads' own gradients are spent by it.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn set_aside(&mut self, keep: f64, w: &[f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.set_aside(keep, w);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.set_aside(keep, w);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.set_aside(keep, w),
        }
    }

    /// Y becomes ∇Lᵢ(θ + εᵢ) − gᵢ, one row a task, and the heads' own gradients those of θ + εᵢ; writes Y's Gramian
    /// (K, K). G must be that of `rows` at θ, where it stays as θ does. K forward and K backward passes; a wall of an
    /// analytic problem ends the way up.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn flatten(&mut self, rows: &[u32], ascent: Ascent, gramian: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.flatten(rows, ascent, gramian);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.flatten(ascent, gramian);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.flatten(ascent, gramian).await,
        }
    }

    /// A ← keep·A + (d, 0) with d made of kept rows as `how` says; see [`Apply::aside`]. The heads' own gradients stay.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn set_aside_shared(&mut self, keep: f64, how: Combine<'_>) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.set_aside_shared(keep, how);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.set_aside_shared(keep, how);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.set_aside_shared(keep, how),
        }
    }

    /// θ is again what it was before [`Self::aim`].
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn step_back(&mut self) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.step_back();
                Ok(())
            }
            Self::Exact(exact) => {
                exact.step_back();
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.step_back(),
        }
    }

    /// (K) Σ g²/√(S + 1e-7) after S ← S + g² for sums S (K, P) that are 0 at first.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn excess(&mut self, excess: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.excess(excess);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.excess(excess);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.excess(excess).await,
        }
    }

    /// M (K, K) with the loss scales, of what `scope` names.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn gramian(&mut self, scope: Scope, m: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.gramian(scope, m);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.gramian(scope, m);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.gramian(scope, m).await,
        }
    }

    /// Y ← diag(keep)·Y + diag(add)·G for the kept rows Y (K, P), 0 at first, and their Gramian (K, K).
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn keep(&mut self, keep: &[f64], add: &[f64], gramian: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.keep(keep, add, gramian);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.keep(keep, add, gramian);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.keep(keep, add, gramian).await,
        }
    }

    /// θ ← optimizer(θ, d and the heads' gradients).
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn apply(&mut self, apply: Apply<'_>) -> Result<StepReport, BackendError> {
        match self {
            Self::Cpu(cpu) => Ok(cpu.apply(apply)),
            Self::Exact(exact) => Ok(exact.apply(apply)),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.apply(apply).await,
        }
    }

    /// Lets the run stay on its device with this weighting from now on; false where it cannot.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room for it.
    pub async fn settle(&mut self, weighting: &Weighting<'_>) -> Result<bool, BackendError> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.settle(weighting).await,
            _ => {
                let _ = weighting;
                Ok(false)
            }
        }
    }

    /// Whether its steps are faster with those of others than alone.
    pub fn gains_by_company(&self) -> bool {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.gains_by_company(),
            _ => false,
        }
    }

    /// Runs that begin together where these are, none of which has taken a step; `None` where they cannot. What they
    /// are made of does not change.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room for them, or was lost.
    pub async fn together(runs: &[(&Self, Weighting<'_>)]) -> Result<Option<Fleet>, BackendError> {
        #[cfg(feature = "gpu")]
        {
            let on_gpu = runs.iter().filter_map(|&(backend, weighting)| match backend {
                Self::Gpu(gpu) => Some((&**gpu, weighting)),
                _ => None,
            });
            let on_gpu: Vec<_> = on_gpu.collect();
            if on_gpu.len() == runs.len() {
                return Fleet::new(&on_gpu).await;
            }
        }
        let _ = runs;
        Ok(None)
    }

    /// Steps that one [`Self::advance`] may take; 0 for a run that does not stay on a device.
    pub fn most_steps(&self) -> usize {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.most_steps(),
            _ => 0,
        }
    }

    /// Sends steps on their way; [`Self::receive`] tells of them, in the order of the calls.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or the run does not stay on one.
    pub fn send(&mut self, course: Course<'_>) -> Result<(), BackendError> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.send(course),
            _ => {
                let _ = course;
                Err(nowhere_to_stay())
            }
        }
    }

    /// What the steps of the oldest [`Self::send`] told, once they are done.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or nothing is under way.
    pub async fn receive(&mut self) -> Result<Vec<ResidentStep>, BackendError> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.receive().await,
            _ => Err(nowhere_to_stay()),
        }
    }

    /// Takes all of these steps, and tells of each.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or the run does not stay on one.
    pub async fn advance(&mut self, course: Course<'_>) -> Result<Vec<ResidentStep>, BackendError> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.advance(course).await,
            _ => {
                let _ = course;
                Err(nowhere_to_stay())
            }
        }
    }

    /// Holds these members from now on, K networks like θ one behind the other, each with an optimizer memory of
    /// its own.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room for them.
    pub fn hold_members(&mut self, members: &[f32]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.hold_members(members.to_vec());
                Ok(())
            }
            Self::Exact(exact) => {
                exact.hold_members(members.iter().map(|&x| f64::from(x)).collect());
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.hold_members(members),
        }
    }

    /// θ ← Σ αₖθₖ of the members.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn mix(&mut self, alpha: &[f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.mix(alpha);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.mix(alpha);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.mix(alpha),
        }
    }

    /// Member k's gradient ← keep·gradient + αₖ·(d and the heads' gradients); where it moves them, all members go
    /// by one step of the optimizer, clipped together, and θ follows as their mixture.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn apply_to_members(&mut self, apply: Apply<'_>, spread: Spread<'_>) -> Result<StepReport, BackendError> {
        match self {
            Self::Cpu(cpu) => Ok(cpu.apply_to_members(apply, spread)),
            Self::Exact(exact) => Ok(exact.apply_to_members(apply, spread)),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.apply_to_members(apply, spread).await,
        }
    }

    /// Copies all members out, one behind the other; empty where there are none.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn members(&mut self, members: &mut Vec<f32>) -> Result<(), BackendError> {
        members.clear();
        match self {
            Self::Cpu(cpu) => {
                members.extend_from_slice(cpu.members());
                Ok(())
            }
            Self::Exact(exact) => {
                members.extend(exact.members().iter().map(|&x| x as f32));
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.members(members).await,
        }
    }

    /// Makes d and the heads' gradients of an update and moves nothing, for [`Self::gradient`].
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn direct(&mut self, apply: Apply<'_>) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.direct(apply);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.direct_all(apply.combine, apply.aside);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.direct(apply).await,
        }
    }

    /// Copies out what [`Self::direct`] made, in the order of θ.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn gradient(&mut self, gradient: &mut Vec<f32>) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                gradient.clear();
                gradient.extend_from_slice(cpu.gradient());
                Ok(())
            }
            Self::Exact(exact) => {
                gradient.clear();
                gradient.extend(exact.direction().iter().map(|&d| d as f32));
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.gradient(gradient).await,
        }
    }

    /// θ becomes this, whose optimizer is elsewhere. Where a θ is given from which it comes, Δθ is the way from there,
    /// and what it does is told like an update (needs rows from [`Self::gradients`]).
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn put(&mut self, theta: &[f32], before: Option<&[f32]>) -> Result<StepReport, BackendError> {
        match self {
            Self::Cpu(cpu) => Ok(cpu.put(theta, before)),
            Self::Exact(exact) => Ok(exact.put(theta, before)),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.put(theta, before).await,
        }
    }

    /// Waits until everything is done that was asked for; on the CPU it is.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn drain(&mut self) -> Result<(), BackendError> {
        match self {
            Self::Cpu(_) | Self::Exact(_) => Ok(()),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.drain().await,
        }
    }

    /// Copies θ out.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn parameters(&mut self, theta: &mut Vec<f32>) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                theta.clear();
                theta.extend_from_slice(cpu.parameters());
                Ok(())
            }
            Self::Exact(exact) => {
                theta.clear();
                theta.extend(exact.x().iter().map(|&x| x as f32));
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.parameters(theta).await,
        }
    }

    /// Whether the last [`Self::look`] ended at a wall of an analytic problem, and not where it was sent.
    pub fn is_confined(&self) -> bool {
        matches!(self, Self::Exact(exact) if exact.is_confined())
    }

    /// Whether G was computed in f64, so that its Gramian has all digits.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// GPU dispatches so far; 0 on the CPU.
    pub fn dispatches(&self) -> u64 {
        match self {
            Self::Cpu(_) | Self::Exact(_) => 0,
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.dispatches(),
        }
    }
}

fn nowhere_to_stay() -> BackendError {
    BackendError::Refused("this run has no device to stay on".to_owned())
}
