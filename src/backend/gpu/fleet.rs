//! Many small runs at once: each is a workgroup that takes whole steps by itself, and a dispatch has many of them.
//!
//! Runs differ by their seed and the θ they start from; network, data, weighting and learning rates are the same.

use super::kernel::{per_task, vecs};
use super::resident::{Layout, MOST_STEPS, Program, not_resident};
use super::resident_kernel::{Gradients, MOST_RUNS, Pass, TALLY_SUMS, Whole, whole_source};
use super::{Batch, Dispatch, FLOAT, Gpu, GpuDevice, PaddedLayout, rule};
use crate::backend::{BackendError, ResidentStep, Weighting, Workload};
use crate::rng::StreamId;
use std::collections::VecDeque;
use std::rc::Rc;
use wgpu::Buffer;

/// Lanes of a run where the CPU plays the GPU: as many as its registers hold, for which barriers cost nothing.
const SOFTWARE_LANES: u32 = 4;
const HARDWARE_LANES: u32 = 64;

/// Runs that go together.
pub struct Fleet {
    device: Rc<GpuDevice>,
    workload: Workload,
    layout: PaddedLayout,
    runs: usize,
    dispatch: Dispatch,
    /// Vecs from one run to the next.
    state_step: u32,
    state: Buffer,
    order: Buffer,
    schedule: Buffer,
    ring: Buffer,
    ring_layout: Layout,
    steps: u64,
    dispatches: u64,
    /// Read-back buffers on their way, with the steps in them and whether these report, and those that are free.
    sent: VecDeque<(Buffer, usize, bool)>,
    staging: Vec<Buffer>,
}

impl Gpu {
    /// Runs like this one, each with its own seed and θ; `None` where the network cannot stay on the device, or there
    /// are more runs than a dispatch takes. This run does not change.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room, or the driver rejects the kernel.
    pub async fn fleet(
        &self,
        weighting: &Weighting<'_>,
        runs: &[(u32, Vec<f32>)],
    ) -> Result<Option<Fleet>, BackendError> {
        let Batch::Resident { source, source_targets, .. } = &self.batches.train else { return Ok(None) };
        let Self { device, workload, layout, .. } = self;
        if !self.can_stay_whole() || runs.is_empty() || runs.len() > MOST_RUNS {
            return Ok(None);
        }
        let Some(program) = Program::new(workload, layout) else { return Ok(None) };
        let lanes = if device.is_software() { SOFTWARE_LANES } else { HARDWARE_LANES };
        let k = workload.network.n_tasks();
        let rows = workload.batch_rows as u32;
        let ring_layout = Layout { k };
        let up_count = (program.up_trunk.len() + program.up_heads.len()) as u32;
        let Program { up_trunk, up_heads, down_heads, down_rows, .. } = &program;
        let operations = [&up_trunk[..], up_heads, down_heads, down_rows].concat();
        let (Some(pass), Some(gradients)) =
            (Pass { rows, ..Default::default() }.with(&operations), Gradients::of(rows, &program.products_of_rows))
        else {
            return Ok(None);
        };
        let parts = pass.parts() as usize;
        let products_at = TALLY_SUMS + 2 * k * parts;
        let tally_step = products_at + (k + 1) * (k + 1) * lanes as usize;
        let state_step = 5 * layout.total + k as u32 * layout.shared + program.end;
        let optimizer = rule(workload, 1, 0.0);
        let mut seeds = [0; MOST_RUNS];
        for (to, (seed, _)) in seeds.iter_mut().zip(runs) {
            *to = *seed;
        }
        let mut head_ends = [u32::MAX; 16];
        for (to, &end) in head_ends.iter_mut().zip(&layout.head_ends) {
            *to = end;
        }
        let shape = Whole {
            rows,
            x_vecs: vecs(workload.network.n_inputs),
            examples: workload.data.rows as u32,
            count: pass.count,
            sums: TALLY_SUMS as u32,
            product_count: gradients.product_count,
            tiles: gradients.tiles,
            up_count,
            vecs: layout.total,
            shared_end: layout.shared,
            g_rows: k as u32,
            rule: optimizer.rule,
            momentum: optimizer.momentum,
            decay: optimizer.decay,
            state_step,
            tally_step: tally_step as u32,
            ring_step: (MOST_STEPS * ring_layout.stride()) as u32,
            products_at: products_at as u32,
            report_at: ring_layout.report() as u32,
            behind: u32::from(weighting.losses_after),
            tasks: k as u32,
            loss_parts: pass.parts(),
            loss_factor: 1.0 / rows as f32,
            stride: ring_layout.stride() as u32,
            plain_heads: u32::from(!weighting.weighs_heads),
            steps_per_epoch: weighting.steps_per_epoch as u32,
            after: (TALLY_SUMS + k * parts) as u32,
            stream: StreamId::Balance as u32,
            settings: weighting.kernel.settings,
            scales: per_task(&workload.loss_scales),
            preference: per_task(weighting.preference),
            floor: per_task(weighting.floor),
            head_ends,
            seeds,
            operations: pass.operations,
            products: gradients.products,
        };
        let n = runs.len();
        let name = format!("whole steps, {}", weighting.kernel.name);
        let constants = [("LANES", f64::from(lanes))];
        let pipeline = device.prepare_text(&name, &whole_source(&weighting.kernel), &constants).await;
        let pipeline = pipeline.map_err(BackendError::Refused)?;
        let state = device.buffer("The runs", n * state_step as usize)?;
        let order = device.buffer("The rows of the steps", 1 + (n * MOST_STEPS * workload.batch_rows).div_ceil(4))?;
        let schedule = device.buffer("The learning rates of the steps", MOST_STEPS)?;
        let tally = device.buffer("The tally of a step", (n * tally_step).div_ceil(4))?;
        let ring = device.buffer("The record of the steps", (n * MOST_STEPS * ring_layout.stride()).div_ceil(4))?;
        for (run, (_, theta)) in runs.iter().enumerate() {
            device.write_at(&state, u64::from(state_step) * 16 * run as u64, &layout.pad(theta));
        }
        let bound = [&state, source, source_targets, &order, &schedule, &tally, &ring];
        let dispatch = device.dispatch_with(pipeline, &name, &shape, &bound, [n as u32, 1, 1])?;
        device.check()?;
        Ok(Some(Fleet {
            device: device.clone(),
            workload: workload.clone(),
            layout: PaddedLayout::new(&workload.layout, k),
            runs: n,
            dispatch,
            state_step,
            state,
            order,
            schedule,
            ring,
            ring_layout,
            steps: 0,
            dispatches: 0,
            sent: VecDeque::new(),
            staging: Vec::new(),
        }))
    }
}

impl Fleet {
    /// Steps that one [`Self::send`] may take.
    pub fn most_steps(&self) -> usize {
        MOST_STEPS
    }

    /// Dispatches so far.
    pub fn dispatches(&self) -> u64 {
        self.dispatches
    }

    /// Sends steps of all runs on their way, one dispatch whatever their number; `rows` (runs, n, B). With `reports`
    /// every step tells what its update did.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are too many steps or other rows than those of a batch.
    pub fn send(&mut self, rows: &[u32], learning_rates: &[f64], reports: bool) -> Result<(), BackendError> {
        let n = learning_rates.len();
        let Workload { batch_rows, data, .. } = &self.workload;
        let fits = rows.len() == self.runs * n * batch_rows && rows.iter().all(|&row| (row as usize) < data.rows);
        if !fits || n == 0 || n > MOST_STEPS {
            let why = format!("{n} steps of {} runs need batches of {batch_rows} rows each", self.runs);
            return Err(BackendError::Refused(why));
        }
        let mut order = vec![n as u32, self.steps as u32, 1, u32::from(reports)];
        order.extend(rows);
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
        self.device.submit(&[&self.dispatch], &copies, Some(&staging))?;
        self.dispatches += 1;
        self.sent.push_back((staging, n, reports));
        Ok(())
    }

    /// (runs, n) what the steps of the oldest [`Self::send`] told, once they are done.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or nothing is under way.
    pub async fn receive(&mut self) -> Result<Vec<Vec<ResidentStep>>, BackendError> {
        let Some((staging, n, reports)) = self.sent.pop_front() else { return Err(not_resident()) };
        let stride = self.ring_layout.stride();
        let numbers = self.device.read(&staging, (self.runs * n * stride) as u64 * FLOAT).await?;
        self.staging.push(staging);
        let step = |numbers: &[f32]| self.ring_layout.step(numbers, (true, reports));
        Ok(numbers.chunks_exact(n * stride).map(|run| run.chunks_exact(stride).map(step).collect()).collect())
    }

    /// θ of one run.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn parameters(&self, run: usize, theta: &mut Vec<f32>) -> Result<(), BackendError> {
        let bytes = u64::from(self.layout.total) * 4 * FLOAT;
        let from = run.min(self.runs - 1) as u64 * u64::from(self.state_step) * 4 * FLOAT;
        let staging = self.device.staging(bytes);
        self.device.submit(&[], &[(&self.state, from, bytes)], Some(&staging))?;
        let padded = self.device.read(&staging, bytes).await?;
        self.layout.strip(&padded, theta);
        Ok(())
    }
}
