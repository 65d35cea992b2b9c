//! Which backend trains: the rungs from the first doubt to a measured choice, each with its sentence.

use super::Clock;
use crate::backend::{Backend, Workload, cpu::Cpu};
use crate::config::BackendChoice;
use crate::kernels::{Arithmetic, Means, Team};
use crate::protocol::{BackendKind, BackendReport, Rung};
use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::backend::{
    Apply, Combine,
    gpu::{Gpu, GpuDevice},
};
#[cfg(feature = "gpu")]
use std::rc::Rc;

/// How long each backend runs in the race between them.
#[cfg(feature = "gpu")]
const RACE_MILLIS: f64 = 50.0;
/// How far the GPU's losses and Gramian may be from the CPU's in the self-test, relative.
#[cfg(feature = "gpu")]
const SELF_TEST_TOLERANCE: f64 = 1e-4;

/// Said where [`Arithmetic::Fused`] trains.
const FUSED: &str = " It multiplies and adds at once, so curves are marked ≈: last bits are this machine's own.";
const CPU_WORKS: &str = "Everything works; widths above 64 are slower.";
/// In the browser this program is the one of readers without an adapter.
#[cfg(not(feature = "gpu"))]
pub const NO_DEVICE: &str = if cfg!(target_arch = "wasm32") {
    "This browser offers no WebGPU adapter."
} else {
    "This program was built without GPU support."
};

/// Remembers the device between experiments.
pub struct Ladder {
    #[cfg_attr(not(feature = "gpu"), expect(dead_code, reason = "only the race between backends needs it"))]
    clock: Clock,
    #[cfg(feature = "gpu")]
    device: Option<Rc<GpuDevice>>,
    losses: u32,
    /// Who shares large kernels on the CPU, or why nobody does although somebody could.
    pub(super) team: Option<Result<Arc<dyn Team>, String>>,
    /// Whether the device is somebody else's.
    cpu_alone: bool,
}

/// A choice that makes backends.
pub struct Chosen {
    pub report: BackendReport,
    means: Means,
    #[cfg(feature = "gpu")]
    device: Option<Rc<GpuDevice>>,
}

impl Chosen {
    /// A backend for one run at `theta`.
    pub fn backend(&self, workload: Workload, theta: Vec<f32>) -> Result<Backend, String> {
        #[cfg(feature = "gpu")]
        if let Some(device) = &self.device {
            let gpu = Gpu::new(device.clone(), &workload, &theta);
            return gpu.map(|gpu| Backend::Gpu(Box::new(gpu))).map_err(|error| error.to_string());
        }
        Ok(Backend::Cpu(Box::new(Cpu::with(workload, theta, self.means.clone()))))
    }
}

fn on_cpu(why: &str, rungs: Vec<Rung>, means: Means) -> Chosen {
    let threads =
        means.team.as_ref().map(|team| format!(" {} threads share large layers.", team.size())).unwrap_or_default();
    let approximate = means.arithmetic == Arithmetic::Fused;
    let fused = if approximate { FUSED } else { "" };
    let statement = format!("Running on your CPU. {why}{threads}{fused}");
    let adapter = String::new();
    let report =
        BackendReport { kind: BackendKind::Cpu, adapter, statement, rungs, approximate, steps_per_second: None };
    Chosen {
        report,
        means,
        #[cfg(feature = "gpu")]
        device: None,
    }
}

/// What computes an analytic problem: nothing to choose, whatever was asked for.
pub fn exact() -> BackendReport {
    on_cpu("Analytic problems are computed there in 64-bit numbers.", Vec::new(), Means::default()).report
}

impl Ladder {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            #[cfg(feature = "gpu")]
            device: None,
            losses: 0,
            team: None,
            cpu_alone: false,
        }
    }

    fn on_cpu(&self, why: &str, rungs: Vec<Rung>, choice: BackendChoice) -> Chosen {
        match &self.team {
            Some(Err(alone)) => on_cpu(&format!("{why} One thread works alone: {alone}"), rungs, self.means(choice)),
            _ => on_cpu(why, rungs, self.means(choice)),
        }
    }

    /// From now on the CPU trains whatever is asked for, by the arithmetic that was: who helps has no device.
    pub fn keep_to_cpu(&mut self) {
        self.cpu_alone = true;
    }

    /// What the CPU computes with: who asks for it gets the bits that it has everywhere.
    fn means(&self, choice: BackendChoice) -> Means {
        let arithmetic = if choice == BackendChoice::Cpu { Arithmetic::Separate } else { Arithmetic::FASTEST };
        Means { team: self.team.clone().and_then(Result::ok), arithmetic }
    }

    /// Probes anew at the next start.
    pub fn forget(&mut self) {
        self.losses = 0;
        #[cfg(feature = "gpu")]
        {
            self.device = None;
        }
    }

    /// Takes the device away, as a driver would.
    pub fn lose(&mut self) {
        #[cfg(feature = "gpu")]
        if let Some(device) = &self.device {
            device.lose();
        }
    }

    /// Notes a lost device; says where training goes on.
    pub fn device_lost(&mut self) -> &'static str {
        self.losses += 1;
        #[cfg(feature = "gpu")]
        {
            self.device = None;
        }
        if self.losses > 1 { "on the CPU, since this was the second time" } else { "on a new device" }
    }

    /// The open device, or a new one.
    ///
    /// # Errors
    /// Why there is none, in a sentence.
    #[cfg(feature = "gpu")]
    pub async fn device(&mut self) -> Result<Rc<GpuDevice>, String> {
        match &self.device {
            Some(device) if !device.is_lost() => Ok(device.clone()),
            _ => {
                let device = GpuDevice::open().await?;
                self.device = Some(device.clone());
                Ok(device)
            }
        }
    }

    /// Climbs the ladder for this workload.
    pub async fn choose(&mut self, choice: BackendChoice, workload: &Workload, theta: &[f32]) -> Chosen {
        if choice == BackendChoice::Cpu || self.cpu_alone {
            return self.on_cpu("This experiment asks for it.", Vec::new(), choice);
        }
        if self.losses > 1 {
            let why = "The graphics device was lost twice. Everything works on the CPU too.";
            return self.on_cpu(why, Vec::new(), choice);
        }
        self.climb(choice, workload, theta).await
    }

    #[cfg(not(feature = "gpu"))]
    async fn climb(&mut self, choice: BackendChoice, _workload: &Workload, _theta: &[f32]) -> Chosen {
        let rungs = vec![Rung::new("adapter", false, NO_DEVICE)];
        self.on_cpu(&format!("{NO_DEVICE} {CPU_WORKS}"), rungs, choice)
    }

    #[cfg(feature = "gpu")]
    async fn climb(&mut self, choice: BackendChoice, workload: &Workload, theta: &[f32]) -> Chosen {
        let means = self.means(choice);
        let mut rungs = Vec::new();
        let mut rung = |name: &str, passed: bool, detail: String| rungs.push(Rung::new(name, passed, detail));
        let device = match self.device().await {
            Ok(device) => device,
            Err(why) => {
                rung("adapter", false, why.clone());
                return self.on_cpu(&format!("{why} {CPU_WORKS}"), rungs, choice);
            }
        };
        let adapter = device.adapter_name();
        rung("adapter", true, adapter.clone());
        if device.is_software() {
            let detail = format!("{adapter} computes on the CPU");
            rung("hardware", choice == BackendChoice::Gpu, detail);
            if choice == BackendChoice::Auto {
                let why = format!("The only WebGPU adapter here is software ({adapter}), which is slower. {CPU_WORKS}");
                return self.on_cpu(&why, rungs, choice);
            }
        } else {
            rung("hardware", true, adapter.clone());
        }
        match device.tune(&*self.clock).await {
            Ok(tuning) => rung("products", true, tuning.sentence()),
            Err(why) => rung("products", false, why.to_string()),
        }
        match self_test(&device, workload, theta).await {
            Ok(worst) => rung("self-test", true, format!("agrees with the CPU within {worst:.0e}")),
            Err(why) => {
                rung("self-test", false, why.clone());
                let why = format!("The graphics device failed its self-test: {why}. {CPU_WORKS}");
                return self.on_cpu(&why, rungs, choice);
            }
        }
        if choice == BackendChoice::Auto {
            let cpu = Cpu::with(workload.clone(), theta.to_vec(), means.clone());
            let cpu = self.race(Backend::Cpu(Box::new(cpu)), workload).await;
            let gpu = match Gpu::new(device.clone(), workload, theta) {
                Ok(gpu) => self.race(Backend::Gpu(Box::new(gpu)), workload).await,
                Err(_) => 0.0,
            };
            rung("race", gpu > cpu, format!("GPU {gpu:.0} steps/s, CPU {cpu:.0} steps/s"));
            if gpu <= cpu {
                return self.on_cpu("It was faster than the graphics device for this network.", rungs, choice);
            }
        }
        let statement =
            format!("Running on {adapter} through WebGPU. Curves are marked ≈: GPU sums round differently.");
        let report = BackendReport {
            kind: BackendKind::Gpu,
            adapter,
            statement,
            rungs,
            approximate: true,
            steps_per_second: None,
        };
        Chosen { report, means, device: Some(device) }
    }

    /// Steps per second of plain training within [`RACE_MILLIS`].
    #[cfg(feature = "gpu")]
    async fn race(&self, mut backend: Backend, workload: &Workload) -> f64 {
        let k = workload.network.n_tasks();
        let rows: Vec<u32> = (0..workload.batch_rows as u32).collect();
        let (mut losses, mut m, ones) = (vec![0.0; k], vec![0.0; k * k], vec![1.0; k]);
        let mut steps = 0;
        let mut started = (self.clock)();
        loop {
            let went = async {
                backend.gradients(&rows, &mut losses, &mut m).await?;
                // What the race trains is thrown away.
                let (combine, head_weights) = (Combine::Rows(&ones), &ones[..]);
                backend.apply(Apply { combine, head_weights, learning_rate: 1e-3, aside: 0.0, probe: false }).await
            };
            if went.await.is_err() {
                return 0.0;
            }
            // The first step warms pipelines and caches up.
            if steps == 0 {
                started = (self.clock)();
            }
            steps += 1;
            let millis = (self.clock)() - started;
            if millis >= RACE_MILLIS {
                return f64::from(steps - 1) / millis * 1e3;
            }
        }
    }
}

/// One forward and one stacked backward pass on both; the worst relative difference.
#[cfg(feature = "gpu")]
async fn self_test(device: &Rc<GpuDevice>, workload: &Workload, theta: &[f32]) -> Result<f64, String> {
    let k = workload.network.n_tasks();
    let rows: Vec<u32> = (0..workload.batch_rows as u32).collect();
    let (mut exact, mut exact_m) = (vec![0.0; k], vec![0.0; k * k]);
    Cpu::<f32>::new(workload.clone(), theta.to_vec()).gradients(&rows, &mut exact, &mut exact_m);
    let mut gpu = Gpu::new(device.clone(), workload, theta).map_err(|error| error.to_string())?;
    let (mut losses, mut m) = (vec![0.0; k], vec![0.0; k * k]);
    gpu.gradients(&rows, &mut losses, &mut m).await.map_err(|error| error.to_string())?;
    // Inner products of nearly orthogonal gradients are compared on the scale of their lengths.
    let size = |i: usize, j: usize| (exact_m[i * k + i] * exact_m[j * k + j]).sqrt().max(f64::MIN_POSITIVE);
    let of_losses = losses.iter().zip(&exact).map(|(a, b)| (a - b).abs() / b.abs().max(f64::MIN_POSITIVE));
    let of_m = (0..k * k).map(|ij| (m[ij] - exact_m[ij]).abs() / size(ij / k, ij % k));
    let worst = of_losses.chain(of_m).fold(0.0, |worst: f64, off| if off.is_nan() { f64::NAN } else { worst.max(off) });
    if worst <= SELF_TEST_TOLERANCE {
        Ok(worst)
    } else {
        Err(format!("one step differs from the CPU's by {worst:.1e}"))
    }
}
