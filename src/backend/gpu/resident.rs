//! Resident steps: batch, gradients, weighting and update on the device, many steps a submit.
//!
//! Five dispatches make a step of a small network: all layers up and down, all gradients, their Gramian, the weights,
//! the update. A larger one takes a dispatch for every layer up and down, 2 L + 4 of them for a trunk of L layers. Rows
//! of the batches and learning rates go there once a call, and what the steps told comes back once, from a ring.

mod plan;
mod program;

use super::kernel::{COMMON, GRAMIAN, Gramian, per_task, vecs};
use super::resident_kernel::{Pass, REPORT, RESIDENT_KERNELS, Report, STEP, Step, TALLY_SUMS, WEIGH, Weigh};
use super::{Batch, Build, Dispatch, FLOAT, Gpu, GpuDevice};
use crate::backend::{BackendError, Course, ResidentStep, StepReport, Weighting, Workload};
use crate::balance::ResidentKernel;
use crate::nn::Layer;
use crate::rng::StreamId;
use plan::{Bound, Plan};
pub(super) use program::Program;
use std::collections::VecDeque;
use wgpu::Buffer;

/// Steps of one submit at most.
pub(super) const MOST_STEPS: usize = 64;
/// Multiply-adds of one submit, so that nobody waits long for an answer: a tenth of a second of a software adapter that
/// goes through a small network, and a third where it has a dispatch a layer.
const MOST_WORK: [usize; 2] = [200_000_000, 2_500_000_000];
/// Multiply-adds of one invocation that takes eight rows through all layers, above which a dispatch a layer is faster:
/// hardware has thousands of lanes, and software adapters multiply matrices in larger tiles there.
const FEW_LANES_WORK: usize = 500_000;

/// What a run needs to stay on the device.
pub(super) struct Resident {
    plan: Plan,
    gramian: Dispatch,
    weigh_with_rows: Dispatch,
    /// Without G, where the weights are known before the backward pass.
    weigh_alone: Dispatch,
    step_with_rows: Dispatch,
    step_weighted: Dispatch,
    report: Dispatch,
    /// Whether the method asks for the losses behind an update.
    asks_after: bool,
    /// Whether weights need G.
    needs_rows: bool,
    /// Of one submit.
    most_steps: usize,
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

impl Gpu {
    /// Whether the network's steps can stay on the device.
    fn can_stay(&self) -> bool {
        let Workload { network, clip, .. } = &self.workload;
        let mut layers = network.trunk.iter().chain(network.heads.iter().flat_map(|head| &head.layers));
        let lies_there = matches!(self.batches.train, Batch::Resident { .. });
        clip.is_none() && lies_there && layers.all(|layer| matches!(layer, Layer::Dense { .. }))
    }

    /// Whether one invocation may also take rows through all of its layers.
    pub(super) fn can_stay_whole(&self) -> bool {
        let Workload { network, layout, .. } = &self.workload;
        self.can_stay() && 8 * layout.n_shared() * (1 + network.n_tasks()) <= FEW_LANES_WORK
    }

    /// Binds a weighting and lets the run stay on the device from now on; false where it cannot, or has no room there.
    ///
    /// # Errors
    /// [`BackendError`] where the device is lost, or the driver rejects a kernel.
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
        if self.make_rows().is_err() {
            return Ok(false);
        }
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
        let Ok(sheet) = device.buffer("The values of a batch", program.end as usize) else { return Ok(false) };
        let tally = device.buffer("The tally of a step", (TALLY_SUMS + 2 * sums).div_ceil(4))?;
        let order = device.buffer("The rows of the steps", (MOST_STEPS * workload.batch_rows).div_ceil(4))?;
        let schedule = device.buffer("The learning rates of the steps", MOST_STEPS)?;
        let progress = device.buffer("The step of a call", 1)?;
        let ring = device.buffer("The record of the steps", (MOST_STEPS * ring_layout.stride()).div_ceil(4))?;
        let partials = &tensors.partials;
        let bound = Bound {
            device,
            theta: &tensors.theta,
            source: &source,
            source_targets: &source_targets,
            order: &order,
            progress: &progress,
            sheet: &sheet,
            tally: &tally,
            g: &rows.g,
            gradient: &tensors.gradient,
        };
        let behind = Pass { gathers: 0, behind: 1, sums: (TALLY_SUMS + sums) as u32, ..plain };
        let whole = if self.can_stay_whole() { Plan::by_rows(&bound, &program, [plain, behind])? } else { None };
        let is_whole = whole.is_some();
        let plan = match whole {
            Some(plan) => Some(plan),
            None => Plan::by_layers(&bound, &program, [plain, behind], k as u32).await?,
        };
        let Some(plan) = plan else { return Ok(false) };
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
        let bound = [&rows.g, &tensors.gradient, &tensors.moved, &progress, &ring];
        let resident = Resident {
            plan,
            gramian: device.dispatch(&GRAMIAN, &gramian, &[&rows.g, &rows.g, partials], gramian_groups)?,
            weigh_with_rows: weigh(true)?,
            weigh_alone: weigh(false)?,
            step_with_rows: step(k as u32)?,
            step_weighted: step(0)?,
            report: device.dispatch(&REPORT, &report, &bound, report.groups())?,
            asks_after: weighting.losses_after,
            needs_rows: weighting.needs_rows,
            most_steps: most_steps(workload, 1, is_whole),
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
        self.resident.as_ref().map_or(0, |resident| resident.most_steps)
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
            let Plan { trunk, rows, up, down, after } = &resident.plan;
            dispatches.extend(trunk);
            if probes {
                dispatches.extend(rows);
                dispatches.extend([&resident.gramian, &resident.weigh_with_rows]);
            } else {
                dispatches.extend(up);
                dispatches.push(&resident.weigh_alone);
                dispatches.extend(down);
            }
            if moves {
                dispatches.push(if probes { &resident.step_with_rows } else { &resident.step_weighted });
                dispatches.extend(reports.then_some(&resident.report));
                dispatches.extend(after.iter().filter(|_| resident.asks_after));
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
pub(super) fn most_steps(workload: &Workload, runs: usize, is_whole: bool) -> usize {
    let Workload { network, layout, batch_rows, .. } = workload;
    let work = batch_rows * (layout.n_shared() * (1 + 2 * network.n_tasks()) + 3 * layout.n_parameters());
    (MOST_WORK[usize::from(!is_whole)] / (runs * work).max(1)).clamp(1, MOST_STEPS)
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
