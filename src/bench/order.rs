//! What is to be timed, as text from a flag or an address, and how it is timed.

use super::TOLERANCE;
use super::matmul::{PRODUCTS, Product};
use super::trial::{COMPARED, Trial};
#[cfg(feature = "gpu")]
use super::trial::{Comparison, Trials};
use super::workload::{Mode, SIZES, Size};
use crate::backend::cpu::Cpu;
#[cfg(feature = "gpu")]
use crate::backend::gpu::{Family, Gpu, GpuDevice};
use crate::backend::{Backend, BackendError};
use crate::kernels::team::LARGEST;
use crate::kernels::{Arithmetic, Means, Team};
use crate::protocol::BackendKind;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
#[cfg(feature = "gpu")]
use std::rc::Rc;
use std::sync::Arc;

/// Milliseconds that a window may last.
const WINDOW: RangeInclusive<f64> = 1.0..=600_000.0;
const DEFAULT_WINDOW: f64 = 1_000.0;
/// Runs that may go at once.
const RUNS: RangeInclusive<u32> = 1..=32;
/// Losses come back every so many steps.
const PORTION: u32 = 10;
/// Steps before the window; the losses of the last of them are checked.
const CHECKED_STEP: u32 = 3;
/// What warm-up takes at most, so that a browser's compiler is done with what the window times.
const WARM_UP_MILLIS: f64 = 500.0;
/// How far an entry of C may be from the sum in f64: n products of numbers below 1, rounded.
const PRODUCT_TOLERANCE: f64 = 1e-3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    Step {
        size: &'static Size,
        mode: Mode,
    },
    /// C = A·B (n, n).
    Matmul {
        n: usize,
    },
}

/// Which family of matrix products a device computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Products {
    /// The faster one, measured.
    Measured,
    Registers,
    Workgroup,
}

impl Products {
    const ALL: [(&str, Self); 3] =
        [("measured", Self::Measured), ("registers", Self::Registers), ("workgroup", Self::Workgroup)];
}

/// Runs of the step at once, on a graphics device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// So many of the order's mode.
    Same(u32),
    /// So many seeds of so many methods, beside the same runs one after another.
    Compared { methods: u32, seeds: u32 },
}

impl Runs {
    /// Reads `30` or `6x5`.
    fn read(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
        let runs = match text.split_once('x') {
            None => Self::Same(number(text)?),
            Some((methods, seeds)) => Self::Compared { methods: number(methods)?, seeds: number(seeds)? },
        };
        let known = !matches!(runs, Self::Compared { methods, .. } if methods as usize > COMPARED.len());
        Some(runs).filter(|runs| known && RUNS.contains(&runs.count()))
    }

    /// All of them.
    pub fn count(self) -> u32 {
        match self {
            Self::Same(runs) => runs,
            Self::Compared { methods, seeds } => methods.saturating_mul(seeds),
        }
    }
}

/// What to time, where and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    pub work: Work,
    pub backend: BackendKind,
    /// On the CPU always [`Products::Measured`]: there is one way only.
    pub products: Products,
    pub millis: f64,
    /// Threads that share large kernels on the CPU.
    pub threads: usize,
    /// How products join sums on the CPU.
    pub arithmetic: Arithmetic,
    pub runs: Runs,
}

/// How far it is, told between two portions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Whether warm-up is over, so that this counts.
    pub counts: bool,
    /// Steps of all runs, or products, in this phase.
    pub done: u32,
    pub millis: f64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub order: Order,
    /// Steps of all runs, or products, in the window.
    pub count: u32,
    pub millis: f64,
    /// What as many steps of compared runs took one after another, in alternation with the window's.
    pub millis_alone: Option<f64>,
    /// (K) of the third step; empty for products.
    pub losses: Vec<f64>,
    /// Largest relative difference of those from the expected ones, of compared runs from the same runs alone, or of a
    /// product's entry from the exact one.
    pub off: f64,
    /// The graphics adapter's name and its family of products; empty on the CPU.
    pub adapter: String,
}

impl Order {
    /// Reads `size`, `mode`, `backend`, `products`, `threads`, `arithmetic`, `ms`, `runs`, or `kernel` and `n`; `text`
    /// gives the text of a name.
    ///
    /// # Errors
    /// A sentence that names the fault and what is possible.
    pub fn read(text: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let work = match text("kernel") {
            Some(kernel) if kernel == "matmul" => {
                let sides: Vec<String> = PRODUCTS.iter().map(usize::to_string).collect();
                let given = text("n").unwrap_or_else(|| sides[0].clone());
                let n = PRODUCTS.iter().copied().find(|n| n.to_string() == given);
                Work::Matmul { n: n.ok_or_else(|| unknown("n", &given, &sides))? }
            }
            Some(other) => return Err(unknown("kernel", &other, &["matmul".into()])),
            None => {
                let sizes: Vec<String> = SIZES.iter().map(|size| size.id.to_owned()).collect();
                let given = text("size").ok_or_else(|| format!("No size is given; choose {}.", listed(&sizes)))?;
                let size = Size::find(&given).ok_or_else(|| unknown("size", &given, &sizes))?;
                let modes = Mode::ALL.map(|mode| mode.id().to_owned());
                let given = text("mode").unwrap_or_else(|| Mode::Pcgrad.id().into());
                let mode = Mode::ALL.into_iter().find(|mode| mode.id() == given);
                Work::Step { size, mode: mode.ok_or_else(|| unknown("mode", &given, &modes))? }
            }
        };
        let backend = match text("backend").as_deref() {
            None | Some("cpu") => BackendKind::Cpu,
            Some("gpu") => BackendKind::Gpu,
            Some(other) => return Err(unknown("backend", other, &["cpu".into(), "gpu".into()])),
        };
        let products = text("products").map_or(Ok(Products::Measured), |given| {
            let known = Products::ALL.iter().find(|(id, _)| *id == given).map(|(_, products)| *products);
            known.ok_or_else(|| unknown("products", &given, &Products::ALL.map(|(id, _)| id.to_owned())))
        })?;
        if products != Products::Measured && backend == BackendKind::Cpu {
            return Err("products are a choice of graphics adapters; leave them out for the backend cpu.".into());
        }
        let millis = text("ms").map_or(Ok(DEFAULT_WINDOW), |given| {
            let millis = given.parse().ok().filter(|millis| WINDOW.contains(millis));
            millis.ok_or_else(|| {
                let (least, most) = (WINDOW.start(), WINDOW.end());
                format!("ms is {given:?}, and a window lasts {least} to {most} milliseconds.")
            })
        })?;
        let threads = text("threads").map_or(Ok(1), |given| {
            let threads = given.parse().ok().filter(|threads| (1..=LARGEST).contains(threads));
            threads.ok_or_else(|| format!("threads is {given:?}, and 1 to {LARGEST} can share a kernel."))
        })?;
        if threads > 1 && backend == BackendKind::Gpu {
            return Err("threads share kernels on the CPU; leave them out for the backend gpu.".into());
        }
        let arithmetic = match text("arithmetic").as_deref() {
            None => Arithmetic::FASTEST,
            Some(_) if backend == BackendKind::Gpu => {
                return Err("arithmetic is a choice of the CPU; leave it out for the backend gpu.".into());
            }
            Some("separate") => Arithmetic::Separate,
            Some("fused") if Arithmetic::HAS_FUSED => Arithmetic::Fused,
            Some("fused") => {
                return Err("This browser has no relaxed SIMD, so products are not fused with sums.".into());
            }
            Some(other) => return Err(unknown("arithmetic", other, &["separate".into(), "fused".into()])),
        };
        let runs = text("runs").map_or(Ok(Runs::Same(1)), |given| {
            Runs::read(&given).ok_or_else(|| {
                let (least, most, methods) = (RUNS.start(), RUNS.end(), COMPARED.len());
                format!(
                    "runs is {given:?}, and {least} to {most} runs go at once: a number of them, or methods and seeds \
                     as in 6x5, with {methods} methods at most."
                )
            })
        })?;
        if runs != Runs::Same(1) && (backend == BackendKind::Cpu || matches!(work, Work::Matmul { .. })) {
            return Err(
                "Several runs at once are steps on a graphics adapter: with a size, and gpu as the backend.".into()
            );
        }
        if matches!(runs, Runs::Compared { .. }) && text("mode").is_some() {
            return Err("Compared runs have methods of their own; leave the mode out.".into());
        }
        Ok(Self { work, backend, products, millis, threads, arithmetic, runs })
    }

    /// The same of an address's query, such as `size=S&mode=ew`; other names are left alone.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_query(query: &str) -> Result<Self, String> {
        let pairs: Vec<(&str, &str)> =
            query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')).collect();
        Self::read(&|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }
}

fn listed(choices: &[String]) -> String {
    match choices {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => choices.concat(),
    }
}

fn unknown(name: &str, given: &str, choices: &[String]) -> String {
    format!("{name} is {given:?}; choose {}.", listed(choices))
}

impl Done {
    /// Steps or products a second.
    pub fn per_second(&self) -> f64 {
        f64::from(self.count) / self.millis * 1e3
    }

    /// 10⁹ additions and multiplications a second, for products.
    pub fn gflops(&self) -> Option<f64> {
        match self.order.work {
            Work::Step { .. } => None,
            Work::Matmul { n } => Some(2.0 * (n as f64).powi(3) * self.per_second() / 1e9),
        }
    }

    /// (K) losses that the third step has to have; empty for products.
    pub fn expected(&self) -> &'static [f64] {
        match self.order.work {
            Work::Step { size, mode } => size.expected(mode),
            Work::Matmul { .. } => &[],
        }
    }

    /// The same of compared runs one after another.
    pub fn per_second_alone(&self) -> Option<f64> {
        Some(f64::from(self.count) / self.millis_alone? * 1e3)
    }

    /// Whether what was computed is right.
    pub fn agrees(&self) -> bool {
        let tolerance = match self.order.work {
            Work::Step { .. } => TOLERANCE,
            Work::Matmul { .. } => PRODUCT_TOLERANCE,
        };
        self.off <= tolerance
    }

    /// `cpu` or `gpu`.
    pub fn backend(&self) -> &'static str {
        match self.order.backend {
            BackendKind::Cpu => "cpu",
            BackendKind::Gpu => "gpu",
        }
    }

    /// What is wrong with what was computed, in a sentence.
    pub fn fault(&self) -> Option<String> {
        if self.agrees() {
            return None;
        }
        let (backend, off) = (self.backend(), self.off);
        if self.millis_alone.is_some() {
            return Some(format!("Losses of the third step of runs that go together are off by {off:.1e}, relative."));
        }
        Some(match self.order.work {
            Work::Step { .. } => format!(
                "The losses of the third step on {backend} are {:?} and should be {:?}: they differ by {off:.1e}, \
                 relative.",
                self.losses,
                self.expected()
            ),
            Work::Matmul { .. } => format!("The product on {backend} has an entry that is off by {off:.1e}."),
        })
    }

    /// `{"steps_per_s","losses_step3","backend"}`, of compared runs with `"steps_per_s_alone"`, or `{"gflops","backend"}`.
    pub fn to_json(&self) -> Value {
        match self.gflops() {
            Some(gflops) => json!({"gflops": gflops, "backend": self.backend()}),
            None => {
                let mut said =
                    json!({"steps_per_s": self.per_second(), "losses_step3": self.losses, "backend": self.backend()});
                if let Some(alone) = self.per_second_alone() {
                    said["steps_per_s_alone"] = json!(alone);
                }
                said
            }
        }
    }
}

/// Warms up, checks and times. `watch` says between two portions whether the window goes on; an early end leaves what
/// there is. `team` has as many threads as the order names, or is not there for one.
///
/// # Errors
/// A sentence: there is no such device, or it was lost.
pub async fn run(
    order: &Order,
    team: Option<Arc<dyn Team>>,
    clock: &dyn Fn() -> f64,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, String> {
    let said = |error: BackendError| format!("{error}.");
    #[cfg(feature = "gpu")]
    if let (Work::Step { size, .. }, Runs::Compared { methods, seeds }) = (order.work, order.runs) {
        let (device, adapter) = open(order.products, clock).await?;
        let comparison = Comparison::new(size, (methods, seeds), device).await.map_err(said)?;
        let mut comparison = comparison.ok_or(TOO_LARGE)?;
        let done = compare(&mut comparison, (order, size), clock, watch).await.map_err(said)?;
        return Ok(Done { adapter, ..done });
    }
    let mut bench = Bench::new(order, team, clock).await?;
    let runs = order.runs.count();
    let mut phase = Phase::new(clock, false);
    // One by one, so that a step that takes minutes is noticed before the next.
    for _ in 0..CHECKED_STEP {
        bench.advance(1).await.map_err(said)?;
        bench.drain().await.map_err(said)?;
        phase.tell(runs, watch);
    }
    let (losses, off) = bench.check().await.map_err(said)?;
    let warm_up = WARM_UP_MILLIS.min(order.millis / 2.0);
    while phase.millis() < warm_up {
        bench.advance(1).await.map_err(said)?;
        phase.tell(runs, watch);
    }
    bench.drain().await.map_err(said)?;
    let each = phase.millis() / f64::from(phase.done / runs);
    // Where ten steps are most of a window, it ends after whole steps instead.
    let portion = if each * f64::from(PORTION) > order.millis / 2.0 { 1 } else { PORTION };
    let mut phase = Phase::new(clock, true);
    // Whoever measures more than time begins here.
    phase.tell(0, watch);
    loop {
        bench.advance(portion).await.map_err(said)?;
        if !phase.tell(portion * runs, watch) || phase.millis() >= order.millis {
            break;
        }
    }
    bench.drain().await.map_err(said)?;
    let millis = phase.millis();
    Ok(Done { order: *order, count: phase.done, millis, millis_alone: None, losses, off, adapter: bench.adapter })
}

/// Checks runs that go together and times them in alternation with the same runs one after another, whose steps count
/// in what `watch` is told.
#[cfg(feature = "gpu")]
async fn compare(
    comparison: &mut Comparison,
    (order, size): (&Order, &Size),
    clock: &dyn Fn() -> f64,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, BackendError> {
    let mut done = Done {
        order: *order,
        count: 0,
        millis: 0.0,
        millis_alone: None,
        losses: Vec::new(),
        off: 0.0,
        adapter: String::new(),
    };
    let runs = order.runs.count();
    let mut phase = Phase::new(clock, false);
    comparison.advance_together(CHECKED_STEP).await?;
    comparison.advance_alone(CHECKED_STEP).await?;
    phase.tell(2 * CHECKED_STEP * runs, watch);
    let (together, alone) = comparison.losses();
    // The first of them is the sum, which has the losses of equal weights.
    done.losses = together[..size.tasks].to_vec();
    done.off = farthest(together, &alone).max(farthest(&done.losses, size.expected(Mode::Ew)));
    let warm_up = WARM_UP_MILLIS.min(order.millis / 2.0);
    let mut alone_millis = 0.0;
    loop {
        let start = clock();
        comparison.advance_together(PORTION).await?;
        let between = clock();
        comparison.advance_alone(PORTION).await?;
        if phase.counts {
            done.millis += between - start;
            alone_millis += clock() - between;
            done.count += PORTION * runs;
        }
        let goes_on = phase.tell(2 * PORTION * runs, watch);
        if phase.counts && (!goes_on || phase.millis() >= order.millis) {
            break;
        }
        if !phase.counts && phase.millis() >= warm_up {
            phase = Phase::new(clock, true);
        }
    }
    done.millis_alone = Some(alone_millis);
    Ok(done)
}

/// The largest relative difference of losses from the expected ones, which are repeated where there are fewer.
fn farthest(losses: &[f64], expected: &[f64]) -> f64 {
    let off = losses.iter().zip(expected.iter().cycle()).map(|(loss, expected)| (loss / expected - 1.0).abs());
    // Not a number is as far as can be.
    off.fold(0.0, |worst: f64, off| if worst.is_nan() || off <= worst { worst } else { off })
}

/// One stretch of time.
struct Phase<'a> {
    clock: &'a dyn Fn() -> f64,
    start: f64,
    counts: bool,
    done: u32,
}

impl<'a> Phase<'a> {
    fn new(clock: &'a dyn Fn() -> f64, counts: bool) -> Self {
        Self { clock, start: clock(), counts, done: 0 }
    }

    fn millis(&self) -> f64 {
        (self.clock)() - self.start
    }

    fn tell(&mut self, steps: u32, watch: &mut dyn FnMut(Progress) -> bool) -> bool {
        self.done += steps;
        watch(Progress { counts: self.counts, done: self.done, millis: self.millis() })
    }
}

#[cfg(feature = "gpu")]
const TOO_LARGE: &str = "A network of this size fills the device alone; choose 1 run.";

/// A device that computes with these products, and what it is called.
#[cfg(feature = "gpu")]
async fn open(products: Products, clock: &dyn Fn() -> f64) -> Result<(Rc<GpuDevice>, String), String> {
    let device = GpuDevice::open().await?;
    match products {
        Products::Measured => drop(device.tune(clock).await.map_err(|error| format!("{error}."))?),
        Products::Registers => device.use_family(Family::Registers),
        Products::Workgroup => device.use_family(Family::Workgroup),
    }
    let adapter = format!("{}, {}", device.adapter_name(), device.lanes().family.name());
    Ok((device, adapter))
}

/// What is timed, on its backend.
struct Bench {
    subject: Subject,
    expected: &'static [f64],
    adapter: String,
}

enum Subject {
    Step(Box<Trial>),
    #[cfg(feature = "gpu")]
    Steps(Box<Trials>),
    Matmul(Box<Product>),
}

impl Bench {
    async fn new(order: &Order, team: Option<Arc<dyn Team>>, clock: &dyn Fn() -> f64) -> Result<Self, String> {
        match order.backend {
            BackendKind::Cpu => Ok(Self::on_cpu(order.work, Means { team, arithmetic: order.arithmetic })),
            BackendKind::Gpu => Self::on_gpu(order, clock).await,
        }
    }

    fn on_cpu(work: Work, means: Means) -> Self {
        let (subject, expected): (_, &[f64]) = match work {
            Work::Step { size, mode } => {
                let (workload, theta) = size.workload();
                let backend = Backend::Cpu(Box::new(Cpu::with(workload, theta, means)));
                (Subject::Step(Box::new(Trial::new(size, mode, backend))), size.expected(mode))
            }
            Work::Matmul { n } => (Subject::Matmul(Box::new(Product::on_cpu(n, means))), &[]),
        };
        Self { subject, expected, adapter: String::new() }
    }

    #[cfg(feature = "gpu")]
    async fn on_gpu(order: &Order, clock: &dyn Fn() -> f64) -> Result<Self, String> {
        let (device, adapter) = open(order.products, clock).await?;
        let (subject, expected): (_, &[f64]) = match order.work {
            Work::Step { size, mode } if order.runs.count() > 1 => {
                let runs = order.runs.count();
                let trials = Trials::new(size, mode, runs, device).await.map_err(|error| format!("{error}."))?;
                (Subject::Steps(Box::new(trials.ok_or(TOO_LARGE)?)), size.expected(mode))
            }
            Work::Step { size, mode } => {
                let (workload, theta) = size.workload();
                let gpu = Gpu::new(device, &workload, &theta).map_err(|error| format!("{error}."))?;
                let trial = Trial::new(size, mode, Backend::Gpu(Box::new(gpu)));
                (Subject::Step(Box::new(trial)), size.expected(mode))
            }
            Work::Matmul { n } => {
                let product = Product::on_gpu(n, device).map_err(|error| format!("{error}."))?;
                (Subject::Matmul(Box::new(product)), &[])
            }
        };
        Ok(Self { subject, expected, adapter })
    }

    #[cfg(not(feature = "gpu"))]
    #[expect(clippy::unused_async, reason = "with a GPU it waits for one")]
    async fn on_gpu(_order: &Order, _clock: &dyn Fn() -> f64) -> Result<Self, String> {
        Err("There is no graphics adapter that this program can use; choose the backend cpu.".into())
    }

    async fn advance(&mut self, steps: u32) -> Result<(), BackendError> {
        match &mut self.subject {
            Subject::Step(trial) => trial.advance(steps).await,
            #[cfg(feature = "gpu")]
            Subject::Steps(trials) => trials.advance(steps).await,
            Subject::Matmul(product) => {
                (0..steps).try_for_each(|_| product.multiply())?;
                // A queue without an end would be timed as if it were done.
                product.first_row().await.map(drop)
            }
        }
    }

    async fn drain(&mut self) -> Result<(), BackendError> {
        match &mut self.subject {
            Subject::Step(trial) => trial.drain().await,
            #[cfg(feature = "gpu")]
            Subject::Steps(trials) => trials.drain().await,
            Subject::Matmul(_) => Ok(()),
        }
    }

    /// What the last step computed, and how far that is from what it should be.
    async fn check(&mut self) -> Result<(Vec<f64>, f64), BackendError> {
        let told = |losses: &[f64]| {
            (losses[..losses.len().min(self.expected.len())].to_vec(), farthest(losses, self.expected))
        };
        match &mut self.subject {
            Subject::Step(trial) => Ok(told(trial.losses())),
            #[cfg(feature = "gpu")]
            Subject::Steps(trials) => Ok(told(trials.losses())),
            Subject::Matmul(product) => {
                let row = product.first_row().await?;
                Ok((Vec::new(), product.off(&row)))
            }
        }
    }
}
