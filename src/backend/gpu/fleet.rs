//! Many small runs at once: each is a workgroup that takes its steps by itself, and a dispatch has all of them.
//!
//! Runs share network, data, optimizer and learning rates. Each has its own θ, seed and weighting. A step is one
//! dispatch from weights to weights, whatever they come of, and one more for each method: a text of all methods would
//! be compiled for minutes, and anew for each set of them.

use super::kernel::{per_task, vecs};
use super::resident::{Layout, MOST_STEPS, Program, most_steps, not_resident};
use super::resident_kernel::{Choice, Gradients, MOST_RUNS, Pass, Steps, TALLY_SUMS, choice_source, steps_source};
use super::{Batch, Dispatch, FLOAT, Gpu, GpuDevice, PaddedLayout, rule};
use crate::backend::{BackendError, ResidentStep, Weighting, Workload};
use crate::balance::ResidentKernel;
use crate::rng::StreamId;
use std::collections::VecDeque;
use std::rc::Rc;
use wgpu::Buffer;

/// Lanes of a run where the CPU plays the GPU: as many as its registers hold, for which barriers cost nothing.
const SOFTWARE_LANES: u32 = 4;
/// The same of Mesa's driver, whose registers are twice as wide.
const WIDE_SOFTWARE_LANES: u32 = 8;
const HARDWARE_LANES: u32 = 64;

/// Runs that go together.
pub struct Fleet {
    device: Rc<GpuDevice>,
    workload: Workload,
    layout: PaddedLayout,
    runs: usize,
    /// From weights to weights, and one for each method.
    steps_dispatch: Dispatch,
    choices: Vec<Dispatch>,
    /// Vecs from one run to the next.
    state_step: u32,
    state: Buffer,
    order: Buffer,
    schedule: Buffer,
    progress: Buffer,
    ring: Buffer,
    ring_layout: Layout,
    steps: u64,
    dispatches: u64,
    /// Read-back buffers on their way, with the steps in them, and those that are free.
    sent: VecDeque<(Buffer, usize)>,
    staging: Vec<Buffer>,
}

impl Fleet {
    /// Lanes of a run: the constant LANES of its kernel.
    pub fn lanes(device: &GpuDevice) -> u32 {
        match device.is_software() {
            true if device.adapter_name().contains("llvmpipe") => WIDE_SOFTWARE_LANES,
            true => SOFTWARE_LANES,
            false => HARDWARE_LANES,
        }
    }

    /// Runs of one workload that begin together where their θ lies, each with its own weighting and the seed in it.
    ///
    /// `None` where their network cannot stay on the device, they differ in more, or there are more than a dispatch
    /// takes. What they were made of does not change.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room, or the driver rejects the kernel.
    pub async fn new(runs: &[(&Gpu, Weighting<'_>)]) -> Result<Option<Self>, BackendError> {
        let Some((first, weighting)) = runs.first() else { return Ok(None) };
        let Batch::Resident { source, source_targets, .. } = &first.batches.train else { return Ok(None) };
        let Gpu { device, workload, layout, .. } = first;
        let alike = runs.iter().all(|(other, _)| first.learns_as(other));
        if !first.can_stay_whole() || !alike || runs.len() > MOST_RUNS {
            return Ok(None);
        }
        let Some(program) = Program::new(workload, layout) else { return Ok(None) };
        let lanes = Self::lanes(device);
        let k = workload.network.n_tasks();
        let rows = workload.batch_rows as u32;
        let ring_layout = Layout { k };
        let Program { up_trunk, up_heads, down_heads, down_rows, .. } = &program;
        let operations = [&up_trunk[..], up_heads, down_heads, down_rows].concat();
        let (Some(pass), Some(gradients)) =
            (Pass { rows, ..Default::default() }.with(&operations), Gradients::of(rows, &program.products_of_rows))
        else {
            return Ok(None);
        };
        let parts = pass.parts() as usize;
        let after = TALLY_SUMS + k * parts;
        let products_at = after + k * parts;
        let tally_step = products_at + k * k * lanes as usize;
        let state_step = 5 * layout.total + k as u32 * layout.shared + program.end;
        let optimizer = rule(workload, 1, 0.0);
        let mut head_ends = [u32::MAX; 16];
        for (to, &end) in head_ends.iter_mut().zip(&layout.head_ends) {
            *to = end;
        }
        let mut asks_behind = [0; MOST_RUNS];
        for (to, (_, weighting)) in asks_behind.iter_mut().zip(runs) {
            *to = u32::from(weighting.losses_after);
        }
        let steps = Steps {
            rows,
            x_vecs: vecs(workload.network.n_inputs),
            examples: workload.data.rows as u32,
            count: pass.count,
            product_count: gradients.product_count,
            tiles: gradients.tiles,
            up_count: (up_trunk.len() + up_heads.len()) as u32,
            vecs: layout.total,
            shared_end: layout.shared,
            g_rows: k as u32,
            rule: optimizer.rule,
            momentum: optimizer.momentum,
            decay: optimizer.decay,
            state_step,
            tally_step: tally_step as u32,
            products_at: products_at as u32,
            after: after as u32,
            head_ends,
            asks_behind,
            operations: pass.operations,
            products: gradients.products,
            ..Default::default()
        };
        let choice = Choice {
            tasks: k as u32,
            loss_parts: pass.parts(),
            loss_factor: 1.0 / rows as f32,
            stride: ring_layout.stride() as u32,
            steps_per_epoch: weighting.steps_per_epoch as u32,
            after: after as u32,
            stream: StreamId::Balance as u32,
            tally_step: tally_step as u32,
            ring_step: (MOST_STEPS * ring_layout.stride()) as u32,
            products_at: products_at as u32,
            parts: lanes,
            scales: per_task(&workload.loss_scales),
            ..Default::default()
        };
        let n = runs.len();
        let state = device.buffer("The runs", n * state_step as usize)?;
        let order = device.buffer("The rows of the steps", 1 + (n * MOST_STEPS * workload.batch_rows).div_ceil(4))?;
        let schedule = device.buffer("The learning rates of the steps", MOST_STEPS)?;
        let progress = device.buffer("The steps of a call", 1)?;
        let tally = device.buffer("The tally of a step", (n * tally_step).div_ceil(4))?;
        let ring = device.buffer("The record of the steps", (n * MOST_STEPS * ring_layout.stride()).div_ceil(4))?;
        let bytes = u64::from(layout.total) * 4 * FLOAT;
        let starts = runs.iter().map(|(gpu, _)| (&gpu.tensors.theta, bytes));
        device.copy_into(&state, u64::from(state_step) * 4 * FLOAT, starts)?;
        let name = "steps of many runs";
        let pipeline = device.prepare_text(name, &steps_source(), &[("LANES", f64::from(lanes))]).await;
        let pipeline = pipeline.map_err(BackendError::Refused)?;
        let bound = [&state, source, source_targets, &order, &progress, &tally];
        let steps_dispatch = device.dispatch_with(pipeline, name, &steps, &bound, [n as u32, 1, 1])?;
        let mut choices = Vec::new();
        let with_kernels = choice.of_methods(runs.iter().map(|(_, weighting)| weighting));
        for (kernel, choice) in with_kernels {
            let name = format!("{} of many runs", kernel.name);
            let pipeline = device.prepare_text(&name, &choice_source(&kernel), &[]).await;
            let pipeline = pipeline.map_err(BackendError::Refused)?;
            let bound = [&schedule, &progress, &tally, &ring];
            choices.push(device.dispatch_with(pipeline, &name, &choice, &bound, choice.groups())?);
        }
        device.check()?;
        Ok(Some(Self {
            device: device.clone(),
            workload: workload.clone(),
            layout: PaddedLayout::new(&workload.layout, k),
            runs: n,
            steps_dispatch,
            choices,
            state_step,
            state,
            order,
            schedule,
            progress,
            ring,
            ring_layout,
            steps: 0,
            dispatches: 0,
            sent: VecDeque::new(),
            staging: Vec::new(),
        }))
    }

    /// Steps that one [`Self::send`] takes before somebody would wait long for an answer.
    pub fn most_steps(&self) -> usize {
        most_steps(&self.workload, self.runs, true)
    }

    /// Dispatches so far.
    pub fn dispatches(&self) -> u64 {
        self.dispatches
    }

    /// Sends steps of all runs on their way; `rows` (runs, n, B). With `last_looks` the last of them does not move θ.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are too many steps or other rows than those of a batch.
    pub fn send(&mut self, rows: &[u32], learning_rates: &[f64], last_looks: bool) -> Result<(), BackendError> {
        let n = learning_rates.len();
        let Workload { batch_rows, data, .. } = &self.workload;
        let fits = rows.len() == self.runs * n * batch_rows && rows.iter().all(|&row| (row as usize) < data.rows);
        if !fits || n == 0 || n > MOST_STEPS {
            let why = format!("{n} steps of {} runs need batches of {batch_rows} rows each", self.runs);
            return Err(BackendError::Refused(why));
        }
        let mut order = vec![n as u32, 0, 0, 0];
        order.extend(rows);
        self.device.write(&self.progress, &[0, self.steps as u32]);
        let mut schedule = Vec::with_capacity(4 * n);
        for &learning_rate in learning_rates {
            self.steps += 1;
            let rule = rule(&self.workload, self.steps, learning_rate);
            schedule.extend([rule.rate, rule.correction, rule.shrink, learning_rate as f32]);
        }
        self.device.write(&self.order, &order);
        self.device.write(&self.schedule, &schedule);
        let (stride, all) = (self.ring_layout.stride() as u64 * FLOAT, MOST_STEPS as u64);
        let bytes = n as u64 * stride;
        let copies: Vec<_> = (0..self.runs as u64).map(|run| (&self.ring, run * all * stride, bytes)).collect();
        let needed = self.runs as u64 * bytes;
        let staging = match self.staging.iter().position(|staging| staging.size() >= needed) {
            Some(at) => self.staging.swap_remove(at),
            None => self.device.staging(needed),
        };
        // Each step ends in the dispatch that begins the next one, the last in one of its own.
        let mut dispatches = Vec::new();
        for _ in 0..n {
            dispatches.push(&self.steps_dispatch);
            dispatches.extend(&self.choices);
        }
        dispatches.extend((!last_looks).then_some(&self.steps_dispatch));
        self.device.submit(&dispatches, &copies, Some(&staging))?;
        self.dispatches += dispatches.len() as u64;
        self.sent.push_back((staging, n));
        Ok(())
    }

    /// (runs, n) what the steps of the oldest [`Self::send`] told, once they are done.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or nothing is under way.
    pub async fn receive(&mut self) -> Result<Vec<Vec<ResidentStep>>, BackendError> {
        let Some((staging, n)) = self.sent.pop_front() else { return Err(not_resident()) };
        let stride = self.ring_layout.stride();
        let numbers = self.device.read(&staging, (self.runs * n * stride) as u64 * FLOAT).await?;
        self.staging.push(staging);
        let step = |numbers: &[f32]| self.ring_layout.step(numbers, (true, false));
        Ok(numbers.chunks_exact(n * stride).map(|run| run.chunks_exact(stride).map(step).collect()).collect())
    }

    /// θ of every run.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn parameters(&self) -> Result<Vec<Vec<f32>>, BackendError> {
        let (bytes, step) = (u64::from(self.layout.total) * 4 * FLOAT, u64::from(self.state_step) * 4 * FLOAT);
        let copies: Vec<_> = (0..self.runs as u64).map(|run| (&self.state, run * step, bytes)).collect();
        let staging = self.device.staging(self.runs as u64 * bytes);
        self.device.submit(&[], &copies, Some(&staging))?;
        let padded = self.device.read(&staging, self.runs as u64 * bytes).await?;
        let strip = |padded: &[f32]| {
            let mut theta = Vec::new();
            self.layout.strip(padded, &mut theta);
            theta
        };
        Ok(padded.chunks_exact(4 * self.layout.total as usize).map(strip).collect())
    }
}

impl Gpu {
    /// Whether steps with those of others are faster than alone: on SwiftShader they were not, see docs/performance.md.
    pub(in crate::backend) fn gains_by_company(&self) -> bool {
        self.can_stay_whole() && (!self.device.is_software() || Fleet::lanes(&self.device) == WIDE_SOFTWARE_LANES)
    }

    /// Whether another run on this device has the same network, data and optimizer.
    fn learns_as(&self, other: &Self) -> bool {
        let (one, two) = (&self.workload, &other.workload);
        Rc::ptr_eq(&self.device, &other.device)
            && Rc::ptr_eq(&one.data, &two.data)
            && (&one.network, &one.targets, &one.loss_scales) == (&two.network, &two.targets, &two.loss_scales)
            && (one.batch_rows, one.optimizer, one.clip) == (two.batch_rows, two.optimizer, two.clip)
            && one.weight_decay == two.weight_decay
    }
}

impl Choice {
    /// One of each method among these runs, in the order in which they come, with what its runs have of their own.
    fn of_methods<'a>(&self, runs: impl Iterator<Item = &'a Weighting<'a>>) -> Vec<(ResidentKernel, Self)> {
        let mut known: Vec<(ResidentKernel, Self)> = Vec::new();
        for (run, weighting) in runs.enumerate() {
            let at = known.iter().position(|(kernel, _)| kernel.name == weighting.kernel.name);
            let at = at.unwrap_or_else(|| {
                known.push((weighting.kernel, *self));
                known.len() - 1
            });
            let choice = &mut known[at].1;
            let number = choice.count as usize;
            choice.runs[number] = [run as u32, weighting.seed, u32::from(!weighting.weighs_heads), 0];
            choice.settings[number] = weighting.kernel.settings;
            choice.preferences[number] = per_task(weighting.preference);
            choice.floors[number] = per_task(weighting.floor);
            choice.count += 1;
        }
        if let Some((_, last)) = known.last_mut() {
            last.counts = 1;
        }
        known
    }
}
