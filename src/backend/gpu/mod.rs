//! The GPU backend: WGSL kernels through wgpu, WebGPU in the browser and Vulkan natively.
//!
//! All buffers and bindings of a run are made once. A call of `losses`, `gradients` or `apply` is one pass and
//! one submit, and what it reads back is K losses and the partial sums of inner products: θ, G and moments stay.

mod convolution;
mod device;
pub mod family;
mod flat;
mod fleet;
pub mod kernel;
mod layout;
mod members;
pub mod node_kernel;
mod nodes;
mod resident;
pub mod resident_kernel;
mod square;

pub use device::{Copy, Dispatch, GpuDevice, padded_rows};
pub use family::{Family, Lanes, Tuning};
pub use fleet::Fleet;
pub use layout::PaddedLayout;
pub use nodes::NodeLosses;
pub use resident::weighting_source;
pub use square::Square;

use super::{Apply, BackendError, Combine, Part, Scope, Slot, Spread, StepReport, Workload};
use crate::balance::{RowsKernel, StepContext};
use crate::config::Optimizer;
use crate::data::{Split, Targets};
use crate::nn::{Layer, Owner};
use crate::rng::StreamId;
use kernel::{
    ACTIVATE, BLEND, COMBINE, DELTA, DENSE, EXCESS, GATHER, GRAMIAN, Kernel, LOSS, PARTS, UPDATE, WEIGHT_GRADIENT,
    activation, loss_kind, per_task, vecs,
};
use std::ops::Range;
use std::rc::Rc;
use wgpu::Buffer;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const FLOAT: u64 = size_of::<f32>() as u64;

/// θ, moments and gradients of one run on a device.
pub struct Gpu {
    device: Rc<GpuDevice>,
    workload: Workload,
    layout: PaddedLayout,
    tensors: Tensors,
    groups: Vec<HeadGroup>,
    batches: Batches,
    forward: Vec<Dispatch>,
    backward_heads: Vec<Dispatch>,
    stack_sum: Weighing,
    backward_weighted: Vec<Dispatch>,
    weigh_heads: Weighing,
    norm: Dispatch,
    update: Dispatch,
    rows: Option<TaskRows>,
    kept: Option<KeptRows>,
    /// ∂L/∂z stacked and their Gramian; made at the first use.
    representation: Vec<Dispatch>,
    /// Made at the first use, like the next three.
    look_around: Option<LookAround>,
    aside: Option<Aside>,
    uphill: Option<flat::Uphill>,
    excess: Option<Dispatch>,
    members: Option<members::Members>,
    resident: Option<resident::Resident>,
    /// A rows method at the representation; made at the first use.
    at_representation: Option<Coordinates>,
    /// Taken while it is mapped, so that an abandoned read-back costs a buffer and no error.
    staging: Option<Buffer>,
    updates: u64,
    dispatches: u64,
}

/// What several kernels share.
struct Tensors {
    theta: Buffer,
    gradient: Buffer,     // like θ: d, then every head's own gradient
    moved: Buffer,        // like θ: Δθ
    moments: [Buffer; 2], // like θ: the optimizer's memory
    x: Buffer,            // (B, D)
    targets: Buffer,      // (K, B)
    trunk: Vec<Activations>,
    stack: [Buffer; 2], // (K·B, widest trunk layer): deltas on their way down
    losses: Buffer,
    partials: Buffer,
}

/// Consecutive tasks whose heads have the same shape and loss: one dispatch serves them all.
struct HeadGroup {
    first: usize,
    count: usize,
    outputs: Vec<Activations>, // per layer, count of them
    deltas: Vec<Buffer>,       // per layer (count, B, width): gradients at the layers' outputs
}

/// What one layer leaves behind.
struct Activations {
    y: Buffer, // (B, width)
    /// (B, width) what went into the activation, if the way back needs it.
    inputs: Option<Buffer>,
    /// (B, width) which of four values a convolution's pooling took.
    taken: Option<Buffer>,
}

impl Activations {
    /// What the activation's slope is told from.
    fn slope_source(&self) -> &Buffer {
        self.inputs.as_ref().unwrap_or(&self.y)
    }
}

/// How the rows of a batch reach the device.
enum Batch {
    /// The data set lies there; only the indices travel.
    Resident { rows: Buffer, gather: Dispatch, source: Buffer, source_targets: Buffer },
    /// The data set is larger than a buffer may be.
    Host,
}

/// One way for each part of the data.
struct Batches {
    train: Batch,
    /// Made at the first use.
    validation: Option<Batch>,
}

impl Batches {
    fn of(&self, part: Part) -> &Batch {
        match part {
            Part::Train => &self.train,
            Part::Validation => self.validation.as_ref().unwrap_or(&self.train),
        }
    }

    fn gather(&self, part: Part) -> Option<&Dispatch> {
        match self.of(part) {
            Batch::Resident { gather, .. } => Some(gather),
            Batch::Host => None,
        }
    }
}

/// G and what needs it; made at the first use, since many methods never form G.
struct TaskRows {
    g: Buffer, // (K, P)
    backward: Vec<Dispatch>,
    gramian: Dispatch,
    last_layer: Dispatch,
    combine: Weighing,
    direction: Option<Coordinates>,
    along_direction: [Dispatch; 2],
    along_step: [Dispatch; 2],
}

/// Rows that a method keeps over steps, and what needs them; made at the first use.
struct KeptRows {
    blend: Dispatch,
    uniform: kernel::Blend,
    gramian: Dispatch,
    cross: Dispatch,
    combine: Weighing,
    direction: Option<Coordinates>,
    y: Buffer, // (K, P)
}

/// θ stored while the run looks elsewhere, and the way there.
struct LookAround {
    save: [Dispatch; 2],
    /// The way becomes 0, then Δθ where it is shared.
    save_step: [Dispatch; 2],
    step: Dispatch,
    uniform: kernel::Blend,
    restore: Dispatch,
    saved: Buffer,
}

/// A gradient that joins the update's.
struct Aside {
    held: Buffer,
    collect: Dispatch,
    join: Dispatch,
    uniform: kernel::Blend,
}

/// A rows method's kernel and its numbers.
struct Coordinates {
    kernel: &'static str,
    dispatch: Dispatch,
    uniform: kernel::Rows,
}

/// A `combine` whose weights change.
struct Weighing {
    dispatch: Dispatch,
    uniform: kernel::Combine,
}

/// What an update moves.
enum Reach<'a> {
    Theta,
    Members(Spread<'a>),
    Nothing,
}

/// Where each inner product's partial sums lie, in numbers.
struct Partials {
    n_tasks: usize,
}

impl Partials {
    fn gramian(&self) -> Range<usize> {
        0..self.n_tasks * self.n_tasks * PARTS
    }
    fn norm(&self) -> usize {
        self.gramian().end
    }
    fn along_direction(&self) -> usize {
        self.norm() + PARTS
    }
    fn direction(&self) -> usize {
        self.along_direction() + self.n_tasks * PARTS
    }
    fn along_step(&self) -> usize {
        self.direction() + PARTS
    }
    fn step(&self) -> usize {
        self.along_step() + self.n_tasks * PARTS
    }
    /// What [`Gpu::gramian`] asks for.
    fn scoped(&self) -> usize {
        self.step() + PARTS
    }
    /// What tells of an update: from products along d to the length of the step.
    fn report<'a>(&self, tensors: &'a Tensors) -> Copy<'a> {
        let start = self.along_direction();
        (&tensors.partials, start as u64 * FLOAT, (self.scoped() - start) as u64 * FLOAT)
    }
    fn read_report(&self, sums: &[f32]) -> StepReport {
        let start = self.along_direction();
        let along = |from: usize| (0..self.n_tasks).map(|task| total(sums, from - start + task * PARTS)).collect();
        StepReport {
            along_direction: along(self.along_direction()),
            direction_length: total(sums, self.direction() - start).sqrt(),
            along_step: along(self.along_step()),
            step_length: total(sums, self.step() - start).sqrt(),
        }
    }
    fn end(&self) -> usize {
        self.scoped() + self.n_tasks * self.n_tasks * PARTS
    }
}

impl Gpu {
    /// A run at `theta` (n_parameters).
    ///
    /// # Errors
    /// [`BackendError::Refused`] where a buffer would be above the device's limits.
    pub fn new(device: Rc<GpuDevice>, workload: &Workload, theta: &[f32]) -> Result<Self, BackendError> {
        device.check()?;
        let network = &workload.network;
        let (k, batch_rows) = (network.n_tasks(), workload.batch_rows);
        if network.trunk.is_empty() {
            return Err(BackendError::Refused("it has no shared layer. The CPU can do it".to_owned()));
        }
        let layout = PaddedLayout::new(&workload.layout, k);
        let total = layout.total as usize;
        let room = |what, layers: usize, width: usize| device.buffer(what, layers * batch_rows * vecs(width) as usize);
        let widest = network.trunk.iter().map(|layer| layer.outputs()).max().unwrap_or(0);
        let activations = |what, layers: usize, layer: &Layer| -> Result<Activations, BackendError> {
            let keeps = layer.activation().is_some_and(|activation| activation.needs_inputs());
            let pools = matches!(layer, Layer::Convolution { .. });
            Ok(Activations {
                y: room(what, layers, layer.outputs())?,
                inputs: keeps.then(|| room(what, layers, layer.outputs())).transpose()?,
                taken: pools.then(|| room(what, layers, layer.outputs())).transpose()?,
            })
        };
        let trunk: Result<_, _> =
            network.trunk.iter().map(|layer| activations("The activations of a layer", 1, layer)).collect();
        let places = Partials { n_tasks: k };
        let tensors = Tensors {
            theta: device.buffer("The network", total)?,
            gradient: device.buffer("The gradient", total)?,
            moved: device.buffer("The update", total)?,
            moments: [device.buffer("The optimizer's memory", total)?, device.buffer("The optimizer's memory", total)?],
            x: room("A batch", 1, network.n_inputs)?,
            targets: device.buffer("The targets of a batch", vecs(k * batch_rows) as usize)?,
            trunk: trunk?,
            stack: [room("The stacked gradients", k, widest)?, room("The stacked gradients", k, widest)?],
            losses: device.buffer("The losses", vecs(k) as usize)?,
            partials: device.buffer("The inner products", places.end() / 4)?,
        };
        device.write(&tensors.theta, &layout.pad(theta));
        let mut groups: Vec<HeadGroup> = Vec::new();
        for (task, head) in network.heads.iter().enumerate() {
            match groups.last_mut() {
                Some(group) if network.heads[group.first] == *head => group.count += 1,
                _ => groups.push(HeadGroup { first: task, count: 1, outputs: Vec::new(), deltas: Vec::new() }),
            }
        }
        for group in &mut groups {
            for layer in &network.heads[group.first].layers {
                group.outputs.push(activations("The outputs of the heads", group.count, layer)?);
                group.deltas.push(room("The gradients of the heads", group.count, layer.outputs())?);
            }
        }
        let build = Build { device: &device, workload, layout: &layout, tensors: &tensors, groups: &groups };
        let forward = build.forward()?;
        let backward_heads = build.backward_heads(true)?;
        let shared = layout.shared;
        let heads = kernel::Combine {
            start: shared,
            end: layout.total,
            shared_end: shared,
            head_ends: build.head_ends(),
            ..Default::default()
        };
        let representation = network.trunk.last().map_or(0, |layer| layer.outputs());
        let sum_vecs = batch_rows as u32 * vecs(representation);
        let sum = kernel::Combine {
            end: sum_vecs,
            shared_end: sum_vecs,
            step: sum_vecs,
            rows: k as u32,
            ..Default::default()
        };
        let stack = &tensors.stack;
        let stack_sum = build.weighing(sum, &stack[0], &stack[1])?;
        let weigh_heads = build.weighing(heads, &stack[0], &tensors.gradient)?;
        let backward_weighted = build.backward_trunk([&stack[1], &stack[0]], 1, &tensors.gradient)?;
        let norm = build.inner((&tensors.gradient, 1), (&tensors.gradient, 1), layout.total, places.norm())?;
        let rule = kernel::Update { vecs: layout.total, ..Default::default() };
        let Tensors { gradient, partials, theta, moved, moments, .. } = &tensors;
        let update = device.dispatch(
            &UPDATE,
            &rule,
            &[gradient, partials, theta, &moments[0], &moments[1], moved],
            rule.groups(),
        )?;
        device.check()?;
        Ok(Self {
            workload: workload.clone(),
            batches: Batches { train: build.batch(&workload.data)?, validation: None },
            forward,
            backward_heads,
            stack_sum,
            backward_weighted,
            weigh_heads,
            norm,
            update,
            rows: None,
            kept: None,
            representation: Vec::new(),
            look_around: None,
            aside: None,
            uphill: None,
            excess: None,
            members: None,
            resident: None,
            at_representation: None,
            staging: None,
            updates: 0,
            dispatches: 0,
            layout,
            tensors,
            groups,
            device,
        })
    }

    /// Dispatches so far.
    pub fn dispatches(&self) -> u64 {
        self.dispatches
    }

    /// What the run was made from.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Waits until the device has done everything that was submitted.
    ///
    /// # Errors
    /// [`BackendError::Lost`] when the device is.
    pub async fn drain(&mut self) -> Result<(), BackendError> {
        let copies = [(&self.tensors.losses, 0, self.workload.network.n_tasks() as u64 * FLOAT)];
        run(&self.device, &mut self.staging, &mut self.dispatches, &[], &copies).await.map(drop)
    }

    /// (K) unscaled losses of the batch `rows` (B).
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost or ran out of memory.
    pub async fn losses(&mut self, rows: &[u32], losses: &mut [f64]) -> Result<(), BackendError> {
        self.losses_on(Part::Train, rows, losses).await
    }

    /// The same of a batch of that part.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost or ran out of memory.
    pub async fn losses_on(&mut self, part: Part, rows: &[u32], losses: &mut [f64]) -> Result<(), BackendError> {
        self.stage(part, rows)?;
        let copies = [(&self.tensors.losses, 0, losses.len() as u64 * FLOAT)];
        let dispatches: Vec<&Dispatch> = self.batches.gather(part).into_iter().chain(&self.forward).collect();
        let numbers = run(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &copies).await?;
        for (loss, number) in losses.iter_mut().zip(numbers) {
            *loss = f64::from(number);
        }
        Ok(())
    }

    /// Losses, the rows of G, the heads' own gradients and M (K, K).
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or G is above its limits.
    pub async fn gradients(&mut self, rows: &[u32], losses: &mut [f64], m: &mut [f64]) -> Result<(), BackendError> {
        self.gradients_on(Part::Train, rows, losses, m).await
    }

    /// The same of a batch of that part.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or G is above its limits.
    pub async fn gradients_on(
        &mut self,
        part: Part,
        rows: &[u32],
        losses: &mut [f64],
        m: &mut [f64],
    ) -> Result<(), BackendError> {
        self.make_rows()?;
        self.stage(part, rows)?;
        let Some(task_rows) = &self.rows else { return Ok(()) };
        let k = losses.len();
        let places = Partials { n_tasks: k };
        let forward = self.batches.gather(part).into_iter().chain(&self.forward);
        let mut dispatches: Vec<&Dispatch> = forward.chain(&self.backward_heads).collect();
        dispatches.extend(task_rows.backward.iter().chain([&task_rows.gramian]));
        let copies = [
            (&self.tensors.losses, 0, k as u64 * FLOAT),
            (&self.tensors.partials, 0, places.gramian().len() as u64 * FLOAT),
        ];
        let numbers = run(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &copies).await?;
        let (first, sums) = numbers.split_at(k);
        for (loss, &number) in losses.iter_mut().zip(first) {
            *loss = f64::from(number);
        }
        products(sums, k, m);
        Ok(())
    }

    /// M (K, K) of what `scope` names, on the batch of the last [`Self::gradients`].
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are no task gradients yet.
    pub async fn gramian(&mut self, scope: Scope, m: &mut [f64]) -> Result<(), BackendError> {
        let k = self.workload.network.n_tasks();
        if scope == Scope::Representation {
            self.make_representation()?;
        }
        let dispatches = match (scope, &self.rows) {
            (Scope::LastLayer, Some(rows)) => vec![&rows.last_layer],
            (Scope::LastLayer, None) => return Err(no_rows()),
            (Scope::Representation, _) => self.representation.iter().collect(),
            (Scope::Cross, _) => self.kept.iter().map(|kept| &kept.cross).collect(),
        };
        if dispatches.is_empty() {
            return Err(no_rows());
        }
        let sums = scoped(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &self.tensors, k).await?;
        if scope == Scope::Cross {
            for (at, m) in m.iter_mut().enumerate() {
                *m = total(&sums, at * PARTS);
            }
        } else {
            products(&sums, k, m);
        }
        Ok(())
    }

    /// Remembers θ and the way v = (wᵀG, headsₖ times head k's own gradient).
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are no task gradients yet.
    pub fn aim(&mut self, w: &[f64], heads: &[f64]) -> Result<(), BackendError> {
        self.make_look_around()?;
        let (Some(rows), Some(around)) = (&self.rows, &self.look_around) else { return Err(no_rows()) };
        let uniform = kernel::Combine { weights: per_task(w), head_weights: per_task(heads), ..rows.combine.uniform };
        self.device.set_uniform(&rows.combine.dispatch, &uniform);
        let [save_theta, save_way] = &around.save;
        let dispatches = [&rows.combine.dispatch, save_theta, save_way];
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// Remembers θ and the way v = Δθ of the last [`Self::apply`] through the shared parameters, the heads standing.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub fn aim_along_step(&mut self) -> Result<(), BackendError> {
        self.make_look_around()?;
        let Some(around) = &self.look_around else { return Err(no_rows()) };
        let [save_theta, _] = &around.save;
        let [clear, save_step] = &around.save_step;
        let dispatches = [save_theta, clear, save_step];
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// θ becomes what [`Self::aim`] remembered minus rate·v, until [`Self::step_back`].
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or nothing is remembered.
    pub fn look(&mut self, rate: f64) -> Result<(), BackendError> {
        let Some(around) = &self.look_around else { return Err(no_rows()) };
        self.device.set_uniform(&around.step, &kernel::Blend { add: per_task(&[-rate]), ..around.uniform });
        let dispatches = [&around.restore, &around.step];
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// θ is again what it was before [`Self::aim`].
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub fn step_back(&mut self) -> Result<(), BackendError> {
        let dispatches: Vec<&Dispatch> = self.look_around.iter().map(|around| &around.restore).collect();
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// A ← keep·A + (wᵀG, wₖ times head k's own gradient).
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are no task gradients yet.
    pub fn set_aside(&mut self, keep: f64, w: &[f64]) -> Result<(), BackendError> {
        self.make_aside()?;
        let (Some(rows), Some(aside)) = (&self.rows, &self.aside) else { return Err(no_rows()) };
        let uniform = kernel::Combine { weights: per_task(w), head_weights: per_task(w), ..rows.combine.uniform };
        self.device.set_uniform(&rows.combine.dispatch, &uniform);
        let uniform = kernel::Blend { keep: per_task(&[keep]), add: per_task(&[1.0]), ..aside.uniform };
        self.device.set_uniform(&aside.collect, &uniform);
        let dispatches = [&rows.combine.dispatch, &aside.collect];
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// (K) Σ g²/√(S + 1e-7) after S ← S + g².
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, S is above its limits, or there are no task gradients yet.
    pub async fn excess(&mut self, excess: &mut [f64]) -> Result<(), BackendError> {
        let k = excess.len();
        let Some(rows) = &self.rows else { return Err(no_rows()) };
        if self.excess.is_none() {
            let squares = self.device.buffer("The sums of squared gradients", k * self.layout.shared as usize)?;
            let into = Partials { n_tasks: k }.scoped() as u32;
            let uniform = kernel::Excess { vecs: self.layout.shared, into, ..Default::default() };
            let bound = [&rows.g, &squares, &self.tensors.partials];
            self.excess = Some(self.device.dispatch(&EXCESS, &uniform, &bound, uniform.groups(k as u32))?);
        }
        let dispatches: Vec<&Dispatch> = self.excess.iter().collect();
        let sums = scoped(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &self.tensors, k).await?;
        for (task, excess) in excess.iter_mut().enumerate() {
            *excess = total(&sums, task * PARTS);
        }
        Ok(())
    }

    /// Y ← diag(keep)·Y + diag(add)·G, and the Gramian (K, K) of Y.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, Y is above its limits, or there are no task gradients yet.
    pub async fn keep(&mut self, keep: &[f64], add: &[f64], m: &mut [f64]) -> Result<(), BackendError> {
        self.make_kept()?;
        let Some(kept) = &self.kept else { return Ok(()) };
        let uniform = kernel::Blend { keep: per_task(keep), add: per_task(add), ..kept.uniform };
        self.device.set_uniform(&kept.blend, &uniform);
        let dispatches = [&kept.blend, &kept.gramian];
        let k = keep.len();
        let sums = scoped(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &self.tensors, k).await?;
        products(&sums, k, m);
        Ok(())
    }

    /// One update of θ.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or a rows method has no kernel.
    pub async fn apply(&mut self, apply: Apply<'_>) -> Result<StepReport, BackendError> {
        self.apply_with(apply, Reach::Theta).await
    }

    /// d and the heads' gradients of an update that moves nothing.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or a rows method has no kernel.
    pub async fn direct(&mut self, apply: Apply<'_>) -> Result<(), BackendError> {
        self.apply_with(apply, Reach::Nothing).await.map(|_| ())
    }

    /// Copies out what [`Self::direct`] made.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn gradient(&mut self, gradient: &mut Vec<f32>) -> Result<(), BackendError> {
        let copies = [(&self.tensors.gradient, 0, u64::from(self.layout.total) * 4 * FLOAT)];
        let padded = run(&self.device, &mut self.staging, &mut self.dispatches, &[], &copies).await?;
        self.layout.strip(&padded, gradient);
        Ok(())
    }

    /// θ becomes this; where a θ is given from which it comes, Δθ is the way from there, and what it does is told.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or `theta` has another length.
    pub async fn put(&mut self, theta: &[f32], before: Option<&[f32]>) -> Result<StepReport, BackendError> {
        self.write_parameters(theta)?;
        let Some(before) = before else { return Ok(StepReport::default()) };
        let moved: Vec<f32> = theta.iter().zip(before).map(|(theta, before)| theta - before).collect();
        self.device.write(&self.tensors.moved, &self.layout.pad(&moved));
        self.report_move().await
    }

    /// What Δθ does along the rows of G.
    async fn report_move(&mut self) -> Result<StepReport, BackendError> {
        let Some(rows) = &self.rows else { return Err(no_rows()) };
        let dispatches: Vec<&Dispatch> = rows.along_direction.iter().chain(&rows.along_step).collect();
        let k = self.workload.network.n_tasks();
        let places = Partials { n_tasks: k };
        let copies = places.report(&self.tensors);
        let sums = run(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &[copies]).await?;
        Ok(places.read_report(&sums))
    }

    /// One update of θ, or of the members it is a mixture of.
    async fn apply_with(&mut self, mut apply: Apply<'_>, reach: Reach<'_>) -> Result<StepReport, BackendError> {
        let one_pass = matches!(apply.combine, Combine::Weighted(_) | Combine::AtRepresentation(..));
        let needs_rows = apply.probe || !one_pass;
        let takes_kept = matches!(apply.combine, Combine::Kept(_) | Combine::Direction(Slot::Kept, ..));
        let has_kept = self.kept.is_some() || !takes_kept;
        if needs_rows && self.rows.is_none() || !has_kept {
            return Err(no_rows());
        }
        match &mut apply.combine {
            Combine::Direction(slot, method, ctx) => {
                method.begin(ctx, self.workload.layout.n_shared());
                let kernel = method.kernel().ok_or_else(no_kernel)?;
                self.make_direction(*slot, &kernel, ctx)?;
            }
            Combine::AtRepresentation(method, ctx) => {
                method.begin(ctx, self.workload.batch_rows * self.workload.network.representation());
                let kernel = method.kernel().ok_or_else(no_kernel)?;
                self.make_at_representation(&kernel, ctx)?;
            }
            _ => {}
        }
        let plain_heads = apply.head_weights.iter().all(|&weight| weight == 1.0);
        let mut dispatches: Vec<&Dispatch> = Vec::new();
        let mut heads_weighed = plain_heads;
        let combine = match apply.combine {
            Combine::Rows(_) => self.rows.as_ref().map(|rows| &rows.combine),
            Combine::Kept(_) => self.kept.as_ref().map(|kept| &kept.combine),
            _ => None,
        };
        match (&apply.combine, &self.rows) {
            (Combine::Rows(w) | Combine::Kept(w), _) => {
                let Some(combine) = combine else { return Err(no_rows()) };
                let uniform = kernel::Combine {
                    weights: per_task(w),
                    head_weights: per_task(apply.head_weights),
                    ..combine.uniform
                };
                self.device.set_uniform(&combine.dispatch, &uniform);
                dispatches.push(&combine.dispatch);
                heads_weighed = true;
            }
            (Combine::Weighted(w), _) => {
                let uniform = kernel::Combine { weights: per_task(w), ..self.stack_sum.uniform };
                self.device.set_uniform(&self.stack_sum.dispatch, &uniform);
                dispatches.extend(self.backward_heads.iter());
                dispatches.push(&self.stack_sum.dispatch);
                dispatches.extend(self.backward_weighted.iter());
            }
            (Combine::Direction(Slot::Batch, ..), Some(rows)) => {
                dispatches.extend(rows.direction.iter().map(|own| &own.dispatch));
            }
            (Combine::Direction(Slot::Kept, ..), _) => {
                let direction = self.kept.iter().filter_map(|kept| kept.direction.as_ref());
                dispatches.extend(direction.map(|own| &own.dispatch));
            }
            (Combine::AtRepresentation(..), _) => {
                dispatches.extend(self.backward_heads.iter());
                dispatches.extend(self.at_representation.iter().map(|own| &own.dispatch));
                dispatches.extend(self.backward_weighted.iter());
            }
            (Combine::Direction(Slot::Batch, ..), None) => {}
        }
        if !heads_weighed {
            let uniform = kernel::Combine { head_weights: per_task(apply.head_weights), ..self.weigh_heads.uniform };
            self.device.set_uniform(&self.weigh_heads.dispatch, &uniform);
            dispatches.push(&self.weigh_heads.dispatch);
        }
        if apply.aside != 0.0 {
            let Some(aside) = &self.aside else { return Err(no_rows()) };
            let uniform = kernel::Blend { keep: per_task(&[1.0]), add: per_task(&[apply.aside]), ..aside.uniform };
            self.device.set_uniform(&aside.join, &uniform);
            dispatches.push(&aside.join);
        }
        let moves = match reach {
            Reach::Theta => true,
            Reach::Members(spread) => spread.moves,
            Reach::Nothing => false,
        };
        self.updates += u64::from(moves);
        match (reach, &self.members) {
            (Reach::Nothing, _) => {}
            (Reach::Members(spread), Some(members)) => {
                dispatches.extend(members.take(&self.device, spread));
                if moves {
                    let rule = self.rule(apply.learning_rate);
                    dispatches.extend(members.go(&self.device, (rule, self.workload.clip.is_some()), spread.alpha));
                }
            }
            (Reach::Members(_), None) => return Err(no_members()),
            (Reach::Theta, _) => {
                if self.workload.clip.is_some() {
                    dispatches.push(&self.norm);
                }
                self.device.set_uniform(&self.update, &self.rule(apply.learning_rate));
                dispatches.push(&self.update);
            }
        }
        let (true, Some(rows)) = (apply.probe && moves, &self.rows) else {
            self.dispatches += dispatches.len() as u64;
            self.device.submit(&dispatches, &[], None)?;
            return Ok(StepReport::default());
        };
        dispatches.extend(rows.along_direction.iter().chain(&rows.along_step));
        let places = Partials { n_tasks: apply.head_weights.len() };
        let copies = [places.report(&self.tensors)];
        let sums = run(&self.device, &mut self.staging, &mut self.dispatches, &dispatches, &copies).await?;
        Ok(places.read_report(&sums))
    }

    /// Copies θ out.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn parameters(&mut self, theta: &mut Vec<f32>) -> Result<(), BackendError> {
        let bytes = u64::from(self.layout.total) * 4 * FLOAT;
        let staging = self.device.staging(bytes);
        self.device.submit(&[], &[(&self.tensors.theta, 0, bytes)], Some(&staging))?;
        let padded = self.device.read(&staging, bytes).await?;
        self.layout.strip(&padded, theta);
        Ok(())
    }

    /// Moves θ; the optimizer's memory stays.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or `theta` has another length.
    pub fn write_parameters(&mut self, theta: &[f32]) -> Result<(), BackendError> {
        let n_parameters = self.workload.layout.n_parameters();
        if theta.len() != n_parameters {
            let why = format!("{} parameters were given to a network of {n_parameters}", theta.len());
            return Err(BackendError::Refused(why));
        }
        self.device.write(&self.tensors.theta, &self.layout.pad(theta));
        self.device.check()
    }

    /// Sends the batch on its way, before the next submit.
    fn stage(&mut self, part: Part, rows: &[u32]) -> Result<(), BackendError> {
        if part == Part::Validation && self.batches.validation.is_none() {
            let Self { device, workload, layout, tensors, groups, .. } = &*self;
            let build = Build { device, workload, layout, tensors, groups };
            self.batches.validation = Some(build.batch(workload.split(part))?);
        }
        let Workload { batch_rows, .. } = &self.workload;
        let data = self.workload.split(part);
        if rows.len() != *batch_rows || rows.iter().any(|&row| row as usize >= data.rows) {
            let why = format!("a batch must be {batch_rows} rows below {}", data.rows);
            return Err(BackendError::Refused(why));
        }
        match self.batches.of(part) {
            Batch::Resident { rows: buffer, .. } => self.device.write(buffer, rows),
            Batch::Host => {
                let n_inputs = self.workload.network.n_inputs;
                let mut x = vec![0.0; rows.len() * n_inputs];
                crate::kernels::gather(&data.x, n_inputs, rows, &mut x);
                self.device.write(&self.tensors.x, &padded_rows(&x, n_inputs));
                let targets = (0..self.workload.network.n_tasks()).flat_map(|task| {
                    let targets = &data.targets[self.workload.targets[task]];
                    rows.iter().map(move |&row| target(targets, row as usize))
                });
                self.device.write(&self.tensors.targets, &targets.collect::<Vec<f32>>());
            }
        }
        Ok(())
    }

    fn rule(&self, learning_rate: f64) -> kernel::Update {
        let places = Partials { n_tasks: self.workload.network.n_tasks() };
        kernel::Update {
            vecs: self.layout.total,
            norm: (places.norm() / 4) as u32,
            clip: self.workload.clip.unwrap_or(0.0) as f32,
            ..rule(&self.workload, self.updates, learning_rate)
        }
    }

    /// Makes room for G and binds what needs it.
    fn make_rows(&mut self) -> Result<(), BackendError> {
        if self.rows.is_some() {
            return Ok(());
        }
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let k = workload.network.n_tasks();
        let (shared, places) = (layout.shared, Partials { n_tasks: k });
        let g = device.buffer("The task gradients", k * shared as usize)?;
        let build = Build { device, workload, layout, tensors, groups };
        let combine = build.combining();
        let Tensors { gradient, moved, stack, .. } = tensors;
        let last = workload.network.trunk.len().saturating_sub(1);
        let last_layer = Columns { start: layout.layer(Owner::Shared, last).0, end: shared, step: shared };
        let rows = TaskRows {
            backward: build.backward_trunk([&stack[0], &stack[1]], k, &g)?,
            gramian: build.inner((&g, k), (&g, k), shared, places.gramian().start)?,
            last_layer: build.inner_block((&g, k), (&g, k), last_layer, places.scoped())?,
            combine: build.weighing(combine, &g, gradient)?,
            direction: None,
            along_direction: [
                build.inner((&g, k), (gradient, 1), shared, places.along_direction())?,
                build.inner((gradient, 1), (gradient, 1), shared, places.direction())?,
            ],
            along_step: [
                build.inner((&g, k), (moved, 1), shared, places.along_step())?,
                build.inner((moved, 1), (moved, 1), shared, places.step())?,
            ],
            g,
        };
        self.rows = Some(rows);
        Ok(())
    }

    /// Makes room for kept rows and binds what needs them.
    fn make_kept(&mut self) -> Result<(), BackendError> {
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let Some(rows) = &self.rows else { return Err(no_rows()) };
        if self.kept.is_some() {
            return Ok(());
        }
        let k = workload.network.n_tasks();
        let y = device.buffer("The kept task gradients", k * layout.shared as usize)?;
        let build = Build { device, workload, layout, tensors, groups };
        let uniform = kernel::Blend { vecs: layout.shared, ..Default::default() };
        let kept = KeptRows {
            blend: device.dispatch(&BLEND, &uniform, &[&rows.g, &y], uniform.groups(k as u32))?,
            uniform,
            gramian: build.inner((&y, k), (&y, k), layout.shared, Partials { n_tasks: k }.scoped())?,
            cross: build.inner((&y, k), (&rows.g, k), layout.shared, Partials { n_tasks: k }.scoped())?,
            combine: build.weighing(build.combining(), &y, &tensors.gradient)?,
            direction: None,
            y,
        };
        self.kept = Some(kept);
        Ok(())
    }

    /// Binds a rows method's kernel and sets this step's numbers.
    fn make_direction(
        &mut self,
        slot: Slot,
        rows_kernel: &RowsKernel,
        ctx: &StepContext<'_>,
    ) -> Result<(), BackendError> {
        let k = self.workload.network.n_tasks();
        let held = match slot {
            Slot::Batch => self.rows.as_mut().map(|rows| (&rows.g, &mut rows.direction)),
            Slot::Kept => self.kept.as_mut().map(|kept| (&kept.y, &mut kept.direction)),
        };
        let Some((rows, direction)) = held else { return Err(no_rows()) };
        if direction.as_ref().is_none_or(|own| own.kernel != rows_kernel.name) {
            let bound = (rows, &self.tensors.gradient);
            *direction = Some(coordinates(&self.device, rows_kernel, &self.layout.coordinates(), k, bound)?);
        }
        if let Some(own) = direction {
            own.set(&self.device, rows_kernel, ctx);
        }
        Ok(())
    }

    /// The same for a rows method at the representation.
    fn make_at_representation(&mut self, rows_kernel: &RowsKernel, ctx: &StepContext<'_>) -> Result<(), BackendError> {
        let Workload { network, batch_rows, .. } = &self.workload;
        if self.at_representation.as_ref().is_none_or(|own| own.kernel != rows_kernel.name) {
            let width = network.representation();
            let padded = 4 * vecs(width) as usize;
            let number = |at: usize| {
                let (row, column) = (at / padded, at % padded);
                if column < width { (row * width + column) as u32 } else { 0 }
            };
            let numbers: Vec<u32> = (0..batch_rows * padded).map(number).collect();
            let [stack, spare] = &self.tensors.stack;
            let k = network.n_tasks();
            self.at_representation = Some(coordinates(&self.device, rows_kernel, &numbers, k, (stack, spare))?);
        }
        if let Some(own) = &mut self.at_representation {
            own.set(&self.device, rows_kernel, ctx);
        }
        Ok(())
    }

    /// Binds what collects a gradient and lets it join.
    fn make_aside(&mut self) -> Result<(), BackendError> {
        if self.aside.is_some() {
            return Ok(());
        }
        let (vecs, gradient) = (self.layout.total, &self.tensors.gradient);
        let held = self.device.buffer("A gradient set aside", vecs as usize)?;
        let uniform = kernel::Blend { vecs, ..Default::default() };
        let bind = |x: &Buffer, y: &Buffer| self.device.dispatch(&BLEND, &uniform, &[x, y], uniform.groups(1));
        self.aside = Some(Aside { collect: bind(gradient, &held)?, join: bind(&held, gradient)?, uniform, held });
        Ok(())
    }

    /// Binds what moves θ elsewhere and back.
    fn make_look_around(&mut self) -> Result<(), BackendError> {
        if self.look_around.is_some() {
            return Ok(());
        }
        let (vecs, Tensors { theta, gradient, moved, .. }) = (self.layout.total, &self.tensors);
        let saved = self.device.buffer("The network before a look around", vecs as usize)?;
        let way = self.device.buffer("The way of a look around", vecs as usize)?;
        let copy = kernel::Blend { vecs, add: per_task(&[1.0]), ..Default::default() };
        let uniform = kernel::Blend { vecs, keep: per_task(&[1.0]), ..Default::default() };
        let clear = kernel::Blend { vecs, ..Default::default() };
        let copy_shared = kernel::Blend { vecs: self.layout.shared, ..copy };
        let bind = |uniform: &kernel::Blend, x: &Buffer, y: &Buffer| {
            self.device.dispatch(&BLEND, uniform, &[x, y], uniform.groups(1))
        };
        self.look_around = Some(LookAround {
            save: [bind(&copy, theta, &saved)?, bind(&copy, gradient, &way)?],
            save_step: [bind(&clear, moved, &way)?, bind(&copy_shared, moved, &way)?],
            step: bind(&uniform, &way, theta)?,
            uniform,
            restore: bind(&copy, &saved, theta)?,
            saved,
        });
        Ok(())
    }

    /// Binds what leaves ∂L/∂z and its Gramian.
    fn make_representation(&mut self) -> Result<(), BackendError> {
        if !self.representation.is_empty() {
            return Ok(());
        }
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let k = workload.network.n_tasks();
        let build = Build { device, workload, layout, tensors, groups };
        let length = workload.batch_rows as u32 * vecs(workload.network.representation());
        let z = (&tensors.stack[0], k);
        let mut plan = build.backward_heads(false)?;
        plan.push(build.inner(z, z, length, Partials { n_tasks: k }.scoped())?);
        self.representation = plan;
        Ok(())
    }
}

impl Coordinates {
    /// Sets this step's numbers.
    fn set(&mut self, device: &GpuDevice, rows_kernel: &RowsKernel, ctx: &StepContext<'_>) {
        self.uniform.key = [ctx.seed, StreamId::Balance as u32];
        self.uniform.sub = ctx.step as u32;
        self.uniform.settings = rows_kernel.settings;
        device.set_uniform(&self.dispatch, &self.uniform);
    }
}

/// Binds a rows method's kernel from K rows to one; `numbers` are those of the coordinates, whole vecs.
fn coordinates(
    device: &GpuDevice,
    rows_kernel: &RowsKernel,
    numbers: &[u32],
    k: usize,
    (rows, out): (&Buffer, &Buffer),
) -> Result<Coordinates, BackendError> {
    let width = numbers.len() / 4;
    let buffer = device.buffer("The coordinates", width)?;
    device.write(&buffer, numbers);
    let uniform = kernel::Rows { vecs: width as u32, step: width as u32, rows: k as u32, ..Default::default() };
    let kernel = Kernel { name: rows_kernel.name, source: rows_kernel.source, has_lanes: false };
    let dispatch = device.dispatch(&kernel, &uniform, &[rows, &buffer, out], uniform.groups())?;
    Ok(Coordinates { kernel: rows_kernel.name, dispatch, uniform })
}

fn no_kernel() -> BackendError {
    let why = "this method reads every coordinate and has no kernel for the GPU. The CPU can run it";
    BackendError::Refused(why.to_owned())
}

/// Submits, and reads back what was copied.
async fn run(
    device: &GpuDevice,
    kept: &mut Option<Buffer>,
    count: &mut u64,
    dispatches: &[&Dispatch],
    copies: &[Copy<'_>],
) -> Result<Vec<f32>, BackendError> {
    let bytes = copies.iter().map(|copy| copy.2).sum();
    let staging = match kept.take() {
        Some(staging) if staging.size() >= bytes => staging,
        _ => device.staging(bytes),
    };
    *count += dispatches.len() as u64;
    device.submit(dispatches, copies, Some(&staging))?;
    let numbers = device.read(&staging, bytes).await?;
    *kept = Some(staging);
    Ok(numbers)
}

/// Submits, and reads back the K·K inner products that [`Partials::scoped`] places.
async fn scoped(
    device: &GpuDevice,
    kept: &mut Option<Buffer>,
    count: &mut u64,
    dispatches: &[&Dispatch],
    tensors: &Tensors,
    k: usize,
) -> Result<Vec<f32>, BackendError> {
    let start = Partials { n_tasks: k }.scoped() as u64;
    let copies = [(&tensors.partials, start * FLOAT, (k * k * PARTS) as u64 * FLOAT)];
    run(device, kept, count, dispatches, &copies).await
}

fn no_rows() -> BackendError {
    BackendError::Refused("an update needs task gradients that were not computed before it".to_owned())
}

fn no_members() -> BackendError {
    BackendError::Refused("there are no members to mix".to_owned())
}

/// A symmetric (K, K) from the partial sums of its upper half.
fn products(sums: &[f32], k: usize, m: &mut [f64]) {
    for i in 0..k {
        for j in i..k {
            m[i * k + j] = total(sums, (i * k + j) * PARTS);
            m[j * k + i] = m[i * k + j];
        }
    }
}

/// The sum of the partial sums that begin at `start`.
fn total(sums: &[f32], start: usize) -> f64 {
    sums[start..start + PARTS].iter().map(|&sum| f64::from(sum)).sum()
}

fn target(targets: &Targets, row: usize) -> f32 {
    match targets {
        Targets::Class(classes) => classes[row] as f32,
        Targets::Value(values) => values[row],
    }
}

/// A range of columns, in vecs, of rows that are `step` vecs long.
struct Columns {
    start: u32,
    end: u32,
    step: u32,
}

/// Binds the kernels of a run.
struct Build<'a> {
    device: &'a GpuDevice,
    workload: &'a Workload,
    layout: &'a PaddedLayout,
    tensors: &'a Tensors,
    groups: &'a [HeadGroup],
}

/// The optimizer's numbers for the update that makes `updates` of them.
fn rule(workload: &Workload, updates: u64, learning_rate: f64) -> kernel::Update {
    let Workload { optimizer, weight_decay, .. } = workload;
    let plain = match optimizer {
        Optimizer::AdamW => {
            kernel::Update { shrink: (learning_rate * weight_decay) as f32, ..kernel::Update::default() }
        }
        Optimizer::Sgd { .. } | Optimizer::Adam => {
            kernel::Update { decay: *weight_decay as f32, ..kernel::Update::default() }
        }
    };
    match *optimizer {
        Optimizer::Sgd { momentum } => {
            kernel::Update { rate: learning_rate as f32, momentum: momentum as f32, ..plain }
        }
        Optimizer::Adam | Optimizer::AdamW => kernel::Update {
            rule: 1,
            rate: (learning_rate / (1.0 - libm::pow(BETA1, updates as f64))) as f32,
            correction: (1.0 / (1.0 - libm::pow(BETA2, updates as f64))) as f32,
            ..plain
        },
    }
}

impl Build<'_> {
    fn batch_rows(&self) -> u32 {
        self.workload.batch_rows as u32
    }

    fn head_ends(&self) -> [u32; 16] {
        let mut ends = [u32::MAX; 16];
        for (end, &known) in ends.iter_mut().zip(&self.layout.head_ends) {
            *end = known;
        }
        ends
    }

    /// Vecs from one head's parameters to the next one's in a group.
    fn theta_step(&self, group: &HeadGroup) -> u32 {
        if group.count < 2 {
            return 0;
        }
        self.layout.head_ends[group.first + 1] - self.layout.head_ends[group.first]
    }

    fn batch(&self, data: &Rc<Split>) -> Result<Batch, BackendError> {
        let Workload { network, targets, batch_rows, .. } = self.workload;
        let k = network.n_tasks();
        let (Some(source), Ok(source_targets)) = (
            self.device.source(data, network.n_inputs),
            self.device.buffer("The targets", vecs(k * data.rows) as usize),
        ) else {
            return Ok(Batch::Host);
        };
        let by_task = targets.iter().flat_map(|&own| (0..data.rows).map(move |row| target(&data.targets[own], row)));
        self.device.write(&source_targets, &by_task.collect::<Vec<f32>>());
        let rows = self.device.buffer("The rows of a batch", vecs(*batch_rows) as usize)?;
        let uniform = kernel::Gather {
            rows: self.batch_rows(),
            vecs: vecs(network.n_inputs),
            tasks: k as u32,
            examples: data.rows as u32,
        };
        let buffers = [&rows, &source, &source_targets, &self.tensors.x, &self.tensors.targets];
        let gather = self.device.dispatch(&GATHER, &uniform, &buffers, uniform.groups())?;
        Ok(Batch::Resident { rows, gather, source, source_targets })
    }

    fn forward(&self) -> Result<Vec<Dispatch>, BackendError> {
        let Workload { network, loss_scales, .. } = self.workload;
        let mut plan = Vec::new();
        let mut below = &self.tensors.x;
        for (index, (layer, out)) in network.trunk.iter().zip(&self.tensors.trunk).enumerate() {
            plan.extend(self.go_up(*layer, (Owner::Shared, index), 0, 1, (below, 0), out)?);
            below = &out.y;
        }
        for group in self.groups {
            let head = &network.heads[group.first];
            let step = self.theta_step(group);
            let (mut below, mut below_step) = (below, 0);
            for (index, (layer, out)) in head.layers.iter().zip(&group.outputs).enumerate() {
                let owner = Owner::Head(group.first);
                let count = group.count as u32;
                plan.extend(self.go_up(*layer, (owner, index), step, count, (below, below_step), out)?);
                (below, below_step) = (&out.y, self.batch_rows() * vecs(layer.outputs()));
            }
            let (Some(layer), Some(dz)) = (head.layers.last(), group.deltas.last()) else { continue };
            let uniform = kernel::Loss {
                rows: self.batch_rows(),
                outputs: layer.outputs() as u32,
                width: 4 * vecs(layer.outputs()),
                kind: loss_kind(head.loss),
                first: group.first as u32,
                scales: per_task(loss_scales),
                ..Default::default()
            };
            let buffers = [below, &self.tensors.targets, dz, &self.tensors.losses];
            plan.push(self.device.dispatch(&LOSS, &uniform, &buffers, uniform.groups(group.count as u32))?);
        }
        Ok(plan)
    }

    fn go_up(
        &self,
        layer: Layer,
        (owner, index): (Owner, usize),
        theta_step: u32,
        layers: u32,
        (x, x_step): (&Buffer, u32),
        out: &Activations,
    ) -> Result<Vec<Dispatch>, BackendError> {
        let (weight, bias) = self.layout.layer(owner, index);
        let (y, fused) = match &out.inputs {
            None => (&out.y, layer.activation()),
            Some(inputs) => (inputs, None),
        };
        let first = match layer {
            Layer::Convolution { shape, .. } => self.convolve(shape, fused, (weight, bias), x, (y, out))?,
            Layer::Dense { inputs, outputs, .. } => {
                let uniform = kernel::Dense {
                    rows: self.batch_rows(),
                    x_vecs: vecs(inputs),
                    y_vecs: vecs(outputs),
                    activation: activation(fused),
                    weight,
                    bias,
                    theta_step,
                    x_step,
                    y_step: self.batch_rows() * vecs(outputs),
                    ..Default::default()
                };
                let groups = uniform.groups(layers, self.device.lanes());
                self.device.dispatch(&DENSE, &uniform, &[&self.tensors.theta, x, y], groups)?
            }
        };
        let mut plan = vec![first];
        if let Some(inputs) = &out.inputs {
            let vecs = layers * self.batch_rows() * vecs(layer.outputs());
            let uniform = kernel::Activate { vecs, activation: activation(layer.activation()), ..Default::default() };
            plan.push(self.device.dispatch(&ACTIVATE, &uniform, &[inputs, &out.y], uniform.groups())?);
        }
        Ok(plan)
    }

    /// Heads' own gradients, and in `stack[0]` (K·B, R) the deltas at the representation; ∂L/∂z itself unless
    /// `through` the trunk's last activation.
    fn backward_heads(&self, through: bool) -> Result<Vec<Dispatch>, BackendError> {
        let network = &self.workload.network;
        let rows = self.batch_rows();
        let mut plan = Vec::new();
        for group in self.groups {
            let layers = &network.heads[group.first].layers;
            let (count, theta_step) = (group.count as u32, self.theta_step(group));
            for (index, layer) in layers.iter().enumerate().rev() {
                let (weight, bias) = self.layout.layer(Owner::Head(group.first), index);
                let (x_vecs, y_vecs) = (vecs(layer.inputs()), vecs(layer.outputs()));
                let dy = &group.deltas[index];
                // Below the first layer of a head lies the representation, which all of them share.
                let (below, below_step, below_activation, dx, dx_start) = match index.checked_sub(1) {
                    Some(index) => {
                        let kind = layers[index].activation();
                        (Some(&group.outputs[index]), rows * x_vecs, kind, &group.deltas[index], 0)
                    }
                    None => {
                        let kind = network.trunk.last().and_then(|layer| layer.activation()).filter(|_| through);
                        let start = group.first as u32 * rows * x_vecs;
                        (self.tensors.trunk.last(), 0, kind, &self.tensors.stack[0], start)
                    }
                };
                let sloped = below.map_or(&self.tensors.x, Activations::slope_source);
                let below = below.map_or(&self.tensors.x, |below| &below.y);
                let uniform = kernel::WeightGradient {
                    rows,
                    x_vecs,
                    dy_vecs: y_vecs,
                    weight,
                    bias,
                    x_step: below_step,
                    dy_step: rows * y_vecs,
                    into_step: theta_step,
                };
                let groups = uniform.groups(count, self.device.lanes());
                let buffers = [below, dy, &self.tensors.gradient];
                plan.push(self.device.dispatch(&WEIGHT_GRADIENT, &uniform, &buffers, groups)?);
                let uniform = kernel::Delta {
                    rows,
                    below_rows: rows,
                    dx_vecs: x_vecs,
                    dy_vecs: y_vecs,
                    activation: activation(below_activation),
                    weight,
                    theta_step,
                    below_step,
                    dy_step: rows * y_vecs,
                    dx: dx_start,
                    dx_step: rows * x_vecs,
                    ..Default::default()
                };
                let groups = uniform.groups(count, self.device.lanes());
                let buffers = [&self.tensors.theta, dy, sloped, dx];
                plan.push(self.device.dispatch(&DELTA, &uniform, &buffers, groups)?);
            }
        }
        Ok(plan)
    }

    /// From the first stack (`n_stacks`·B rows) down the trunk; stack k's gradient goes to row k of `into`.
    fn backward_trunk(
        &self,
        [mut dy, mut spare]: [&Buffer; 2],
        n_stacks: usize,
        into: &Buffer,
    ) -> Result<Vec<Dispatch>, BackendError> {
        let network = &self.workload.network;
        let (rows, stacks) = (self.batch_rows(), n_stacks as u32);
        let mut plan = Vec::new();
        for (index, layer) in network.trunk.iter().enumerate().rev() {
            let (weight, bias) = self.layout.layer(Owner::Shared, index);
            let (x_vecs, y_vecs) = (vecs(layer.inputs()), vecs(layer.outputs()));
            let below = match index.checked_sub(1) {
                Some(index) => &self.tensors.trunk[index].y,
                None => &self.tensors.x,
            };
            if let Layer::Convolution { shape, .. } = *layer {
                let out = &self.tensors.trunk[index];
                plan.push(self.filter_gradient(shape, (weight, bias), (below, out), (dy, stacks), into)?);
                let Some(under) = index.checked_sub(1) else { continue };
                let under = (&self.tensors.trunk[under], network.trunk[under].activation());
                plan.push(self.image_delta(shape, weight, (dy, stacks, out), under, spare)?);
                std::mem::swap(&mut dy, &mut spare);
                continue;
            }
            let uniform = kernel::WeightGradient {
                rows,
                x_vecs,
                dy_vecs: y_vecs,
                weight,
                bias,
                x_step: 0,
                dy_step: rows * y_vecs,
                into_step: self.layout.shared,
            };
            let groups = uniform.groups(stacks, self.device.lanes());
            plan.push(self.device.dispatch(&WEIGHT_GRADIENT, &uniform, &[below, dy, into], groups)?);
            // The first layer's inputs are data: no gradient goes there.
            let Some(below_index) = index.checked_sub(1) else { continue };
            let uniform = kernel::Delta {
                rows: stacks * rows,
                below_rows: rows,
                dx_vecs: x_vecs,
                dy_vecs: y_vecs,
                activation: activation(network.trunk[below_index].activation()),
                weight,
                ..Default::default()
            };
            let groups = uniform.groups(1, self.device.lanes());
            let sloped = self.tensors.trunk[below_index].slope_source();
            let buffers = [&self.tensors.theta, dy, sloped, spare];
            plan.push(self.device.dispatch(&DELTA, &uniform, &buffers, groups)?);
            std::mem::swap(&mut dy, &mut spare);
        }
        Ok(plan)
    }

    /// Inner products of the rows of `a` and `b` (buffer, number of rows), `length` vecs each.
    fn inner(
        &self,
        (a, a_rows): (&Buffer, usize),
        (b, b_rows): (&Buffer, usize),
        length: u32,
        into: usize,
    ) -> Result<Dispatch, BackendError> {
        self.inner_block((a, a_rows), (b, b_rows), Columns { start: 0, end: length, step: length }, into)
    }

    /// The same over some columns of the rows.
    fn inner_block(
        &self,
        (a, a_rows): (&Buffer, usize),
        (b, b_rows): (&Buffer, usize),
        columns: Columns,
        into: usize,
    ) -> Result<Dispatch, BackendError> {
        let uniform = kernel::Gramian {
            vecs: columns.end - columns.start,
            a_step: columns.step,
            b_step: columns.step,
            a_start: columns.start,
            b_start: columns.start,
            symmetric: u32::from(a == b),
            into: into as u32,
            ..Default::default()
        };
        let groups = uniform.groups(a_rows as u32, b_rows as u32);
        self.device.dispatch(&GRAMIAN, &uniform, &[a, b, &self.tensors.partials], groups)
    }

    /// d from K stored rows, and the heads by their weights.
    fn combining(&self) -> kernel::Combine {
        kernel::Combine {
            end: self.layout.total,
            shared_end: self.layout.shared,
            step: self.layout.shared,
            rows: self.workload.network.n_tasks() as u32,
            head_ends: self.head_ends(),
            ..Default::default()
        }
    }

    fn weighing(&self, uniform: kernel::Combine, g: &Buffer, d: &Buffer) -> Result<Weighing, BackendError> {
        let dispatch = self.device.dispatch(&COMBINE, &uniform, &[g, d], uniform.groups())?;
        Ok(Weighing { dispatch, uniform })
    }
}
