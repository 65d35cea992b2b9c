//! A run of the workload on one backend: the only place that knows how a step of it is taken.

use super::workload::{BATCHES, Mode, Size};
#[cfg(feature = "gpu")]
use crate::backend::gpu::{Fleet, Gpu, GpuDevice};
use crate::backend::{Apply, Backend, BackendError, Combine, Course, Weighting};
#[cfg(feature = "gpu")]
use crate::balance::METHODS;
use crate::balance::{Balancer, Method, Need, ResidentKernel, Setup, pcgrad, sum};
use crate::config::TASKS;
#[cfg(feature = "gpu")]
use std::rc::Rc;

const LEARNING_RATE: f64 = 1e-3;
/// Portions of steps that a device may have before it, so that it never waits for the host.
const MOST_UNDER_WAY: usize = 2;

/// Methods that are compared, in the order in which so many of them are taken.
pub(super) const COMPARED: [&str; 6] = ["sum", "pcgrad", "mgda", "cagrad", "nash_mtl", "imtl_g"];

/// A backend that trains the workload.
pub struct Trial {
    backend: Backend,
    mode: Mode,
    /// What a device does by itself.
    rule: Option<Rule>,
    /// Steps taken.
    steps: u32,
    batches: Vec<Vec<u32>>,
    losses: Vec<f64>,
    gramian: Vec<f64>,
    weights: Vec<f64>,
    ones: Vec<f64>,
    /// Whether the run stays on its device, once that is known.
    stays: Option<bool>,
    /// Portions that the device has and whose losses have not come back.
    under_way: usize,
}

impl Trial {
    /// At the workload's start; `backend` was made from it.
    pub fn new(size: &Size, mode: Mode, backend: Backend) -> Self {
        let k = size.tasks;
        Self {
            backend,
            mode,
            rule: Rule::of_mode(mode, k),
            steps: 0,
            batches: batches(size),
            losses: vec![0.0; k],
            gramian: vec![0.0; k * k],
            weights: vec![0.0; k],
            ones: vec![1.0; k],
            stays: None,
            under_way: 0,
        }
    }

    /// (K) losses of a step's batch before its update: after [`Self::drain`] of the last one.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Takes `steps` steps. Losses of the last of them come back, with those before, some calls later at most.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn advance(&mut self, steps: u32) -> Result<(), BackendError> {
        if self.stays().await? {
            return self.send(steps).await;
        }
        for _ in 0..steps {
            self.step().await?;
        }
        Ok(())
    }

    /// Whether the device takes the steps by itself, which is decided at the first one.
    async fn stays(&mut self) -> Result<bool, BackendError> {
        if let Some(stays) = self.stays {
            return Ok(stays);
        }
        let stays = match &self.rule {
            Some(rule) => self.backend.settle(&rule.weighting(&self.ones, 0)).await?,
            None => false,
        };
        self.stays = Some(stays);
        Ok(stays)
    }

    /// The same on the device, as many steps at once as it takes.
    async fn send(&mut self, steps: u32) -> Result<(), BackendError> {
        let mut left = steps;
        while left > 0 {
            let n = left.min(self.backend.most_steps() as u32);
            let rows: Vec<u32> =
                (self.steps..self.steps + n).flat_map(|step| &self.batches[step as usize % BATCHES]).copied().collect();
            let course = Course {
                first_step: u64::from(self.steps),
                rows: &rows,
                learning_rates: &vec![LEARNING_RATE; n as usize],
                gramian_every: u32::MAX,
                reports: false,
                last_looks: false,
            };
            self.backend.send(course)?;
            self.under_way += 1;
            self.steps += n;
            left -= n;
            self.receive(MOST_UNDER_WAY).await?;
        }
        Ok(())
    }

    /// Waits for the oldest portions until no more than `most` are under way.
    async fn receive(&mut self, most: usize) -> Result<(), BackendError> {
        while self.under_way > most {
            self.under_way -= 1;
            if let Some(last) = self.backend.receive().await?.pop() {
                self.losses = last.losses;
            }
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<(), BackendError> {
        let Self { backend, batches, losses, gramian, weights, ones, .. } = self;
        let rows = &batches[self.steps as usize % BATCHES];
        let combine = match self.mode {
            Mode::Ew => {
                backend.losses(rows, losses).await?;
                Combine::Weighted(ones)
            }
            Mode::Pcgrad => {
                backend.gradients(rows, losses, gramian).await?;
                cyclic(gramian, weights);
                Combine::Rows(weights)
            }
        };
        let apply = Apply { combine, head_weights: ones, learning_rate: LEARNING_RATE, aside: 0.0, probe: false };
        backend.apply(apply).await?;
        self.steps += 1;
        Ok(())
    }

    /// Waits until everything is done that was started.
    ///
    /// # Errors
    /// [`BackendError`] on the GPU.
    pub async fn drain(&mut self) -> Result<(), BackendError> {
        self.receive(0).await?;
        self.backend.drain().await
    }
}

/// Runs of the workload at once on a device.
#[cfg(feature = "gpu")]
pub struct Trials {
    fleet: Fleet,
    runs: usize,
    steps: u32,
    batches: Vec<Vec<u32>>,
    losses: Vec<f64>,
    under_way: usize,
}

#[cfg(feature = "gpu")]
impl Trials {
    /// The same run several times, at the workload's start; `None` where the network is too large to go together with
    /// others.
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room.
    pub async fn new(size: &Size, mode: Mode, runs: u32, device: Rc<GpuDevice>) -> Result<Option<Self>, BackendError> {
        match Rule::of_mode(mode, size.tasks) {
            Some(rule) => Self::of(size, &[rule], runs, device).await,
            None => Ok(None),
        }
    }

    /// So many runs of each of these rules.
    async fn of(size: &Size, rules: &[Rule], seeds: u32, device: Rc<GpuDevice>) -> Result<Option<Self>, BackendError> {
        let (workload, theta) = size.workload();
        let ones = vec![1.0; size.tasks];
        let gpu = Gpu::new(device, &workload, &theta)?;
        let of_rule = |rule: &Rule| (0..seeds).map(|seed| (&gpu, rule.weighting(&ones, seed))).collect::<Vec<_>>();
        let starts: Vec<_> = rules.iter().flat_map(of_rule).collect();
        let fleet = Fleet::new(&starts).await?;
        Ok(fleet.map(|fleet| Self {
            fleet,
            runs: starts.len(),
            steps: 0,
            batches: batches(size),
            losses: Vec::new(),
            under_way: 0,
        }))
    }

    /// (runs, K) as [`Trial::losses`].
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// As [`Trial::advance`], all of them.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn advance(&mut self, steps: u32) -> Result<(), BackendError> {
        let mut left = steps;
        while left > 0 {
            let n = left.min(self.fleet.most_steps() as u32);
            let rows = (self.steps..self.steps + n).flat_map(|step| &self.batches[step as usize % BATCHES]).copied();
            let all: Vec<u32> = rows.collect::<Vec<u32>>().repeat(self.runs);
            self.fleet.send(&all, &vec![LEARNING_RATE; n as usize], false)?;
            self.under_way += 1;
            self.steps += n;
            left -= n;
            self.receive(MOST_UNDER_WAY).await?;
        }
        Ok(())
    }

    async fn receive(&mut self, most: usize) -> Result<(), BackendError> {
        while self.under_way > most {
            self.under_way -= 1;
            let told = self.fleet.receive().await?;
            self.losses = told.into_iter().filter_map(|mut run| run.pop()).flat_map(|last| last.losses).collect();
        }
        Ok(())
    }

    /// Waits until everything is done that was started.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn drain(&mut self) -> Result<(), BackendError> {
        self.receive(0).await
    }
}

/// Rows of every batch.
fn batches(size: &Size) -> Vec<Vec<u32>> {
    let rows = size.rows as u32;
    (0..BATCHES as u32).map(|batch| (batch * rows..(batch + 1) * rows).collect()).collect()
}

/// A weighting on a device, without the run that it belongs to.
#[derive(Clone, Copy)]
struct Rule {
    kernel: ResidentKernel,
    needs_rows: bool,
    weighs_heads: bool,
    losses_after: bool,
}

impl Rule {
    fn of_mode(mode: Mode, n_tasks: usize) -> Option<Self> {
        let rule = Self::of_method(&sum::METHOD, n_tasks)?;
        Some(match mode {
            Mode::Ew => rule,
            Mode::Pcgrad => Self { kernel: pcgrad::cyclic(), needs_rows: true, weighs_heads: false, ..rule },
        })
    }

    /// As a run of this method has it whose knobs are where they are at first.
    fn of_method(method: &Method, n_tasks: usize) -> Option<Self> {
        let balancer = method.new_balancer(&Setup { n_tasks, knobs: method.default_knobs() });
        Some(Self {
            kernel: balancer.resident()?,
            needs_rows: matches!(balancer, Balancer::Gramian(_)),
            weighs_heads: method.needs(Need::HeadsScaledByWeights),
            losses_after: method.needs(Need::LossesAfterStep),
        })
    }

    fn weighting<'a>(&self, ones: &'a [f64], seed: u32) -> Weighting<'a> {
        let Self { kernel, needs_rows, weighs_heads, losses_after } = *self;
        let steps_per_epoch = BATCHES as u64;
        Weighting {
            kernel,
            needs_rows,
            weighs_heads,
            losses_after,
            preference: ones,
            floor: ones,
            steps_per_epoch,
            seed,
        }
    }
}

/// Runs of several methods and seeds at once, and the very same runs one after another on the same device.
#[cfg(feature = "gpu")]
pub struct Comparison {
    together: Trials,
    alone: Vec<Trial>,
}

#[cfg(feature = "gpu")]
impl Comparison {
    /// So many of the methods that are compared, and seeds of each; `None` as [`Trials::new`].
    ///
    /// # Errors
    /// [`BackendError`] where the device has no room.
    pub async fn new(
        size: &Size,
        (methods, seeds): (u32, u32),
        device: Rc<GpuDevice>,
    ) -> Result<Option<Self>, BackendError> {
        let method = |id: &&str| METHODS.iter().find(|method| method.id == *id);
        let methods = COMPARED.iter().take(methods as usize).filter_map(method);
        let rules: Vec<Rule> = methods.filter_map(|method| Rule::of_method(method, size.tasks)).collect();
        let Some(together) = Trials::of(size, &rules, seeds, device.clone()).await? else { return Ok(None) };
        let mut alone = Vec::new();
        for rule in rules.iter().flat_map(|rule| (0..seeds).map(move |_| rule)) {
            let (workload, theta) = size.workload();
            let gpu = Gpu::new(device.clone(), &workload, &theta)?;
            let trial = Trial::new(size, Mode::Ew, Backend::Gpu(Box::new(gpu)));
            alone.push(Trial { rule: Some(*rule), ..trial });
        }
        Ok(Some(Self { together, alone }))
    }

    /// Takes `steps` steps of every run, all at once, and waits until they are done.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn advance_together(&mut self, steps: u32) -> Result<(), BackendError> {
        self.together.advance(steps).await?;
        self.together.drain().await
    }

    /// The same steps of one run after another.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn advance_alone(&mut self, steps: u32) -> Result<(), BackendError> {
        for trial in &mut self.alone {
            trial.advance(steps).await?;
        }
        for trial in &mut self.alone {
            trial.drain().await?;
        }
        Ok(())
    }

    /// (runs, K) losses of the last step together, and the same of the runs alone.
    pub fn losses(&self) -> (&[f64], Vec<f64>) {
        (self.together.losses(), self.alone.iter().flat_map(|trial| trial.losses()).copied().collect())
    }
}

/// (K) weights of PCGrad in coefficients, task i going through i + 1, i + 2, … around the circle:
/// A = 𝟙; Aᵢⱼ ← Aᵢⱼ − min(0, (A M)ᵢⱼ)/(Mⱼⱼ + 1e-12); w = column sums of A.
pub fn cyclic(gramian: &[f64], weights: &mut [f64]) {
    let k = weights.len();
    weights.fill(1.0);
    let mut own = [0.0; *TASKS.end()];
    for i in 0..k {
        own.fill(0.0);
        own[i] = 1.0;
        for s in 1..k {
            let j = (i + s) % k;
            let product: f64 = (0..k).map(|l| own[l] * gramian[l * k + j]).sum();
            if product < 0.0 {
                let back = product / (gramian[j * k + j] + 1e-12);
                own[j] -= back;
                weights[j] -= back;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tasks_in_conflict_are_projected_onto_each_other() {
        // g₁ = (1, 0), g₂ = (−1, 1): each loses its part along the other.
        let mut w = [0.0; 2];
        cyclic(&[1.0, -1.0, -1.0, 2.0], &mut w);
        assert!((w[0] - 2.0).abs() < 1e-9 && (w[1] - 1.5).abs() < 1e-9, "{w:?}");
        cyclic(&[1.0, 0.5, 0.5, 2.0], &mut w);
        assert_eq!(w, [1.0, 1.0]);
    }

    #[test]
    fn a_circle_of_three_starts_behind_oneself() {
        // g₁ = (1, 0), g₂ = (−1, 1), g₃ = (0, −1) by hand: g₁ + g₂/2 = (½, ½) meets g₃ and becomes (½, 0);
        // g₂ + g₃ = (−1, 0) meets g₁ and becomes 0; g₃ meets g₂ only and becomes g₃ + g₂/2.
        let mut w = [0.0; 3];
        cyclic(&[1.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 1.0], &mut w);
        let expect = [1.0 + 1.0, 0.5 + 1.0 + 0.5, 0.5 + 1.0 + 1.0];
        assert!(w.iter().zip(expect).all(|(w, e)| (w - e).abs() < 1e-9), "{w:?}");
    }
}
