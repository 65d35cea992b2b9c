//! Resident steps: batch, gradients, weighting and update on the device, many steps a submit.
//!
//! Five dispatches make a step: all layers up and down, all gradients, their Gramian, the weights, the update. Rows of
//! the batches and learning rates go there once a call, and what the steps told comes back once, from a ring.

use super::kernel::{COMMON, GRAMIAN, Gramian, activation, loss_kind, per_task, vecs};
use super::resident_kernel::{
    GRADIENTS, Gradients, Operation, PASS, Pass, Product, REPORT, RESIDENT_KERNELS, Report, STEP, Step, TALLY_SUMS,
    WEIGH, Weigh,
};
use super::{Batch, Build, Dispatch, FLOAT, Gpu, GpuDevice, PaddedLayout};
use crate::backend::{BackendError, Course, ResidentStep, StepReport, Weighting, Workload};
use crate::balance::ResidentKernel;
use crate::nn::{Layer, Owner};
use crate::rng::StreamId;
use std::collections::VecDeque;
use wgpu::Buffer;

/// Steps of one submit at most.
pub(super) const MOST_STEPS: usize = 64;
/// Multiply-adds of one submit, so that nobody waits long for an answer: a tenth of a second of a software adapter.
const MOST_WORK: usize = 200_000_000;
/// Multiply-adds of one invocation that takes eight rows through all layers, above which a dispatch a layer is faster:
/// hardware has thousands of lanes, and software adapters multiply matrices in larger tiles there.
const FEW_LANES_WORK: usize = 500_000;

/// What a run needs to stay on the device.
pub(super) struct Resident {
    with_rows: Vec<Dispatch>,
    /// One backward pass, where the weights are known before it.
    weighted: Vec<Dispatch>,
    step_with_rows: Dispatch,
    step_weighted: Dispatch,
    report: Dispatch,
    /// The losses behind an update, where the method asks for them.
    after: Option<Dispatch>,
    /// Whether weights need G.
    needs_rows: bool,
    ring: Ring,
    order: Buffer,    // (n, B)
    schedule: Buffer, // (n) vecs
    progress: Buffer,
    sent: VecDeque<Sent>,
    /// Read-back buffers that are free.
    staging: Vec<Buffer>,
}

/// Where each number of a step lies.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) k: usize,
}

struct Ring {
    layout: Layout,
    buffer: Buffer,
}

/// What is under way.
struct Sent {
    staging: Buffer,
    /// Whether G, and what the update did, is told of every step.
    told: Vec<(bool, bool)>,
}

impl Layout {
    fn weights(self) -> usize {
        self.k
    }
    fn moved_by(self) -> usize {
        2 * self.k
    }
    fn gramian(self) -> usize {
        3 * self.k
    }
    fn settled(self) -> usize {
        self.gramian() + self.k * self.k
    }
    fn report(self) -> usize {
        self.settled() + 1
    }
    pub(super) fn stride(self) -> usize {
        self.report() + 2 * (self.k + 1)
    }

    pub(super) fn step(self, numbers: &[f32], (with_gramian, with_report): (bool, bool)) -> ResidentStep {
        let k = self.k;
        let wide =
            |start: usize, n: usize| numbers[start..start + n].iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let report = if with_report {
            let (d, change) = (self.report(), self.report() + k + 1);
            StepReport {
                along_direction: wide(d, k),
                direction_length: f64::from(numbers[d + k]).sqrt(),
                along_step: wide(change, k),
                step_length: f64::from(numbers[change + k]).sqrt(),
            }
        } else {
            StepReport::default()
        };
        ResidentStep {
            losses: wide(0, k),
            weights: wide(self.weights(), k),
            gramian: with_gramian.then(|| wide(self.gramian(), k * k)),
            report,
            settled: numbers[self.settled()] > 0.5,
            moved_by: numbers[self.moved_by()..self.moved_by() + k].iter().map(|&bits| bits as u16).collect(),
        }
    }
}

/// All values and gradients of a batch, one behind the other, and what is done with them.
#[derive(Default)]
pub(super) struct Program {
    pub(super) end: u32,
    pub(super) up: Vec<Operation>,
    /// To the stack of the representation's gradients.
    pub(super) down_heads: Vec<Operation>,
    /// Every task's own way down.
    pub(super) down_rows: Vec<Operation>,
    /// The way down of the sum by w.
    down_weighted: Vec<Operation>,
    pub(super) products_of_rows: Vec<Product>,
    products_weighted: Vec<Product>,
}

/// One layer's values.
#[derive(Clone, Copy)]
struct Values {
    at: u32,
    vecs: u32,
    /// What the slope is told from.
    sloped: u32,
    activation: u32,
}

impl Program {
    fn room(&mut self, vecs: u32) -> u32 {
        let at = self.end;
        self.end += vecs;
        at
    }

    /// `None` where a layer is not dense.
    pub(super) fn new(workload: &Workload, layout: &PaddedLayout) -> Option<Self> {
        let mut program = Self::default();
        let (network, rows) = (&workload.network, workload.batch_rows as u32);
        let k = network.n_tasks() as u32;
        let inputs = vecs(network.n_inputs);
        let x = Values { at: program.room(rows * inputs), vecs: inputs, sloped: 0, activation: 0 };
        let mut trunk = vec![x];
        for (index, layer) in network.trunk.iter().enumerate() {
            let below = trunk[index];
            trunk.push(program.ascend(*layer, layout.layer(Owner::Shared, index), below, rows)?);
        }
        let top = trunk[trunk.len() - 1];
        // Gradients at the outputs of each layer, all tasks' one behind the other; the mixture's own behind those.
        // Inputs are data: no gradient goes there.
        let room = |(layer, values): (usize, &Values)| match layer {
            0 => 0,
            _ => program.room((k + 1) * rows * values.vecs),
        };
        let stacks: Vec<u32> = trunk.iter().enumerate().map(room).collect();
        let stack = |layer: usize, task: u32| stacks[layer] + task * rows * trunk[layer].vecs;
        for (task, head) in network.heads.iter().enumerate() {
            let owner = Owner::Head(task);
            let mut values = vec![top];
            for (index, layer) in head.layers.iter().enumerate() {
                let below = values[index];
                values.push(program.ascend(*layer, layout.layer(owner, index), below, rows)?);
            }
            let z = values[values.len() - 1];
            program.up.push(Operation::Judge {
                z: z.at,
                z_vecs: z.vecs,
                outputs: head.layers.last()?.outputs() as u32,
                task: task as u32,
                kind: loss_kind(head.loss),
                scale: workload.loss_scales[task] as f32,
            });
            let mut dy = z.at;
            for index in (0..head.layers.len()).rev() {
                let (below, above) = (values[index], values[index + 1]);
                let (weight, bias) = layout.layer(owner, index);
                let product =
                    Product { x: below.at, x_vecs: below.vecs, dy, dy_vecs: above.vecs, weight, bias, into_g: false };
                program.products_of_rows.push(product);
                program.products_weighted.push(product);
                let dx = match index {
                    0 => stack(trunk.len() - 1, task as u32),
                    _ => program.room(rows * below.vecs),
                };
                program.down_heads.push(descend((dy, above), (dx, below), weight));
                dy = dx;
            }
        }
        let deepest = trunk.len() - 1;
        let mixed = stack(deepest, k);
        let step = rows * top.vecs;
        program.down_weighted.push(Operation::Mix {
            stack: stacks[deepest],
            step,
            into: mixed,
            vecs: top.vecs,
            tasks: k,
        });
        for index in (0..deepest).rev() {
            let (below, above) = (trunk[index], trunk[index + 1]);
            let (weight, bias) = layout.layer(Owner::Shared, index);
            for task in 0..=k {
                let (start, into_g) = if task < k { (task * layout.shared, true) } else { (0, false) };
                let product = Product {
                    x: below.at,
                    x_vecs: below.vecs,
                    dy: stack(index + 1, task),
                    dy_vecs: above.vecs,
                    weight: start + weight,
                    bias: start + bias,
                    into_g,
                };
                let products = if into_g { &mut program.products_of_rows } else { &mut program.products_weighted };
                products.push(product);
                if index > 0 {
                    let way = if into_g { &mut program.down_rows } else { &mut program.down_weighted };
                    way.push(descend((stack(index + 1, task), above), (stack(index, task), below), weight));
                }
            }
        }
        Some(program)
    }

    fn ascend(&mut self, layer: Layer, (weight, bias): (u32, u32), below: Values, rows: u32) -> Option<Values> {
        let Layer::Dense { outputs, .. } = layer else { return None };
        let kind = activation(layer.activation());
        let width = vecs(outputs);
        let at = self.room(rows * width);
        let keeps = layer.activation().is_some_and(|activation| activation.needs_inputs());
        let keep = keeps.then(|| self.room(rows * width));
        self.up.push(Operation::Ascend {
            x: below.at,
            x_vecs: below.vecs,
            y: at,
            y_vecs: width,
            weight,
            bias,
            activation: kind,
            keep,
        });
        Some(Values { at, vecs: width, sloped: keep.unwrap_or(at), activation: kind })
    }
}

fn descend((dy, above): (u32, Values), (dx, below): (u32, Values), weight: u32) -> Operation {
    Operation::Descend {
        dy,
        dy_vecs: above.vecs,
        dx,
        dx_vecs: below.vecs,
        weight,
        below: below.sloped,
        activation: below.activation,
    }
}

impl Gpu {
    /// Whether the network's steps can stay on the device.
    pub(super) fn can_stay(&self) -> bool {
        let Workload { network, layout, clip, .. } = &self.workload;
        let dense = network.trunk.iter().chain(network.heads.iter().flat_map(|head| &head.layers));
        let few_lanes = 8 * layout.n_shared() * (1 + network.n_tasks()) <= FEW_LANES_WORK;
        let lies_there = matches!(self.batches.train, Batch::Resident { .. });
        let all_dense = dense.into_iter().all(|layer| matches!(layer, Layer::Dense { .. }));
        clip.is_none() && lies_there && all_dense && few_lanes
    }

    /// Binds a weighting and lets the run stay on the device from now on; false where it cannot.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room, or the driver rejects a kernel.
    pub async fn settle(&mut self, weighting: &Weighting<'_>) -> Result<bool, BackendError> {
        let Batch::Resident { source, source_targets, .. } = &self.batches.train else { return Ok(false) };
        if !self.can_stay() {
            return Ok(false);
        }
        let (source, source_targets) = (source.clone(), source_targets.clone());
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let build = Build { device, workload, layout, tensors, groups };
        let Some(program) = Program::new(workload, layout) else { return Ok(false) };
        let batch_rows = build.batch_rows();
        let (head_ends, total, shared) = (build.head_ends(), layout.total, layout.shared);
        let k = workload.network.n_tasks();
        device.prepare(RESIDENT_KERNELS).await.map_err(BackendError::Refused)?;
        self.make_rows()?;
        let Self { device, workload, tensors, .. } = &*self;
        let Some(rows) = &self.rows else { return Ok(false) };
        let ring_layout = Layout { k };
        let plain = Pass {
            rows: batch_rows,
            x_vecs: vecs(workload.network.n_inputs),
            examples: workload.data.rows as u32,
            sums: TALLY_SUMS as u32,
            gathers: 1,
            ..Default::default()
        };
        let sums = k * plain.parts() as usize;
        let sheet = device.buffer("The values of a batch", program.end as usize)?;
        let tally = device.buffer("The tally of a step", (TALLY_SUMS + 2 * sums).div_ceil(4))?;
        let order = device.buffer("The rows of the steps", (MOST_STEPS * workload.batch_rows).div_ceil(4))?;
        let schedule = device.buffer("The learning rates of the steps", MOST_STEPS)?;
        let progress = device.buffer("The step of a call", 1)?;
        let ring = device.buffer("The record of the steps", (MOST_STEPS * ring_layout.stride()).div_ceil(4))?;
        let partials = &tensors.partials;

        let pass = |shape: Pass, operations: &[&[Operation]]| -> Result<Option<Dispatch>, BackendError> {
            let Some(shape) = shape.with(&operations.concat()) else { return Ok(None) };
            let bound = [&tensors.theta, &source, &source_targets, &order, &progress, &sheet, &tally];
            device.dispatch(&PASS, &shape, &bound, shape.groups()).map(Some)
        };
        let gradients = |products: &[Product]| -> Result<Option<Dispatch>, BackendError> {
            let Some(shape) = Gradients::of(batch_rows, products) else { return Ok(None) };
            device.dispatch(&GRADIENTS, &shape, &[&sheet, &rows.g, &tensors.gradient], shape.groups()).map(Some)
        };
        let weigh = Weigh {
            tasks: k as u32,
            loss_parts: plain.parts(),
            loss_factor: 1.0 / batch_rows as f32,
            has_gramian: 1,
            stride: ring_layout.stride() as u32,
            plain_heads: u32::from(!weighting.weighs_heads),
            steps_per_epoch: weighting.steps_per_epoch as u32,
            after: (TALLY_SUMS + sums) as u32,
            key: [weighting.seed, StreamId::Balance as u32],
            settings: weighting.kernel.settings,
            scales: per_task(&workload.loss_scales),
            preference: per_task(weighting.preference),
            floor: per_task(weighting.floor),
            ..Default::default()
        };
        let pipeline = pipeline(device, &weighting.kernel).await?;
        let weigh = |has_gramian: bool| {
            let shape = Weigh { has_gramian: u32::from(has_gramian), ..weigh };
            let bound = [partials, &schedule, &progress, &tally, &ring];
            device.dispatch_with(pipeline.clone(), weighting.kernel.name, &shape, &bound, [1, 1, 1])
        };
        let step = |n_rows: u32| {
            let rule = self.rule(0.0);
            let shape = Step {
                vecs: total,
                shared_end: shared,
                g_rows: n_rows,
                rule: rule.rule,
                momentum: rule.momentum,
                decay: rule.decay,
                head_ends,
                ..Default::default()
            };
            let [first, second] = &tensors.moments;
            let bound = [&rows.g, &tensors.gradient, &tally, &tensors.theta, first, second, &tensors.moved];
            device.dispatch(&STEP, &shape, &bound, shape.groups())
        };
        let report = Report {
            vecs: shared,
            rows: k as u32,
            stride: ring_layout.stride() as u32,
            into: ring_layout.report() as u32,
        };
        let gramian = Gramian { vecs: shared, a_step: shared, b_step: shared, symmetric: 1, ..Default::default() };
        let gramian_groups = gramian.groups(k as u32, k as u32);
        let Program { up, down_heads, down_rows, down_weighted, .. } = &program;
        let (Some(all), Some(all_products), Some(only_up), Some(only_down), Some(weighted_products)) = (
            pass(plain, &[up, down_heads, down_rows])?,
            gradients(&program.products_of_rows)?,
            pass(plain, &[up])?,
            pass(Pass { gathers: 0, ..plain }, &[down_heads, down_weighted])?,
            gradients(&program.products_weighted)?,
        ) else {
            return Ok(false);
        };
        let after = match weighting.losses_after {
            true => pass(Pass { gathers: 0, behind: 1, sums: (TALLY_SUMS + sums) as u32, ..plain }, &[up])?,
            false => None,
        };
        let products = device.dispatch(&GRAMIAN, &gramian, &[&rows.g, &rows.g, partials], gramian_groups)?;
        let bound = [&rows.g, &tensors.gradient, &tensors.moved, &progress, &ring];
        let resident = Resident {
            with_rows: vec![all, all_products, products, weigh(true)?],
            weighted: vec![only_up, weigh(false)?, only_down, weighted_products],
            step_with_rows: step(k as u32)?,
            step_weighted: step(0)?,
            report: device.dispatch(&REPORT, &report, &bound, report.groups())?,
            after,
            needs_rows: weighting.needs_rows,
            ring: Ring { layout: ring_layout, buffer: ring },
            order,
            schedule,
            progress,
            sent: VecDeque::new(),
            staging: Vec::new(),
        };
        self.resident = Some(resident);
        Ok(true)
    }

    /// Steps that one call may take, or 0 where the run does not stay on the device.
    pub fn most_steps(&self) -> usize {
        if self.resident.is_none() {
            return 0;
        }
        most_steps(&self.workload, 1)
    }

    /// Sends steps on their way; [`Self::receive`] tells what came of them, in the order of the calls.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, the run does not stay on it, or rows are not those of a batch.
    pub fn send(&mut self, course: Course<'_>) -> Result<(), BackendError> {
        let n = course.learning_rates.len();
        let Workload { batch_rows, data, .. } = &self.workload;
        if course.rows.len() != n * batch_rows || course.rows.iter().any(|&row| row as usize >= data.rows) {
            let why = format!("a batch must be {batch_rows} rows below {}", data.rows);
            return Err(BackendError::Refused(why));
        }
        if self.resident.is_none() || n == 0 || n > MOST_STEPS {
            return Err(not_resident());
        }
        let mut schedule = Vec::with_capacity(4 * n);
        for (step, &learning_rate) in course.learning_rates.iter().enumerate() {
            self.updates += u64::from(course.moves(step));
            let rule = self.rule(learning_rate);
            schedule.extend([rule.rate, rule.correction, rule.shrink, learning_rate as f32]);
        }
        let Some(resident) = &mut self.resident else { return Err(not_resident()) };
        self.device.write(&resident.order, course.rows);
        self.device.write(&resident.schedule, &schedule);
        self.device.write(&resident.progress, &[0, course.first_step as u32]);
        let mut told = Vec::with_capacity(n);
        let mut dispatches: Vec<&Dispatch> = Vec::new();
        for step in 0..n {
            let (probes, moves) = (course.probes(step) || resident.needs_rows, course.moves(step));
            let reports = probes && moves && course.reports;
            told.push((probes, reports));
            let (plan, update) = if probes {
                (&resident.with_rows[..], &resident.step_with_rows)
            } else {
                (&resident.weighted[..], &resident.step_weighted)
            };
            dispatches.extend(plan);
            if moves {
                dispatches.push(update);
                dispatches.extend(reports.then_some(&resident.report));
                dispatches.extend(&resident.after);
            }
        }
        let bytes = (n * resident.ring.layout.stride()) as u64 * FLOAT;
        let fits = |staging: &Buffer| staging.size() >= bytes;
        let staging = match resident.staging.iter().position(fits) {
            Some(at) => resident.staging.swap_remove(at),
            None => self.device.staging(bytes),
        };
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[(&resident.ring.buffer, 0, bytes)], Some(&staging))?;
        resident.sent.push_back(Sent { staging, told });
        Ok(())
    }

    /// What the steps of the oldest [`Self::send`] told, once they are done.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or nothing is under way.
    pub async fn receive(&mut self) -> Result<Vec<ResidentStep>, BackendError> {
        let Some(resident) = &mut self.resident else { return Err(not_resident()) };
        let Some(Sent { staging, told }) = resident.sent.pop_front() else { return Err(not_resident()) };
        let layout = resident.ring.layout;
        let numbers = self.device.read(&staging, (told.len() * layout.stride()) as u64 * FLOAT).await?;
        resident.staging.push(staging);
        let steps = numbers.chunks_exact(layout.stride()).zip(told);
        Ok(steps.map(|(numbers, told)| layout.step(numbers, told)).collect())
    }

    /// Some steps and what they told.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Self::receive`].
    pub async fn advance(&mut self, course: Course<'_>) -> Result<Vec<ResidentStep>, BackendError> {
        self.send(course)?;
        self.receive().await
    }
}

/// Steps that so many runs may take at once before somebody waits long.
pub(super) fn most_steps(workload: &Workload, runs: usize) -> usize {
    let Workload { network, layout, batch_rows, .. } = workload;
    let work = batch_rows * (layout.n_shared() * (1 + 2 * network.n_tasks()) + 3 * layout.n_parameters());
    (MOST_WORK / (runs * work).max(1)).clamp(1, MOST_STEPS)
}

pub(super) fn not_resident() -> BackendError {
    BackendError::Refused("the run was not made to stay on the device".to_owned())
}

/// The weighting behind what it may look at.
pub fn weighting_source(kernel: &ResidentKernel) -> String {
    [&[COMMON, WEIGH], kernel.sources].concat().join("\n")
}

async fn pipeline(device: &GpuDevice, kernel: &ResidentKernel) -> Result<wgpu::ComputePipeline, BackendError> {
    device.prepare_text(kernel.name, &weighting_source(kernel), &[]).await.map_err(BackendError::Refused)
}
