//! `paretoscope bench`: times the benchmark's step, or a product of matrices, on this machine.
//!
//! Flags arrive as text, so that every fault becomes one sentence that names the flag.

use super::run::RunError;
use crate::bench::{Done, Order, Progress, Runs, Work, run};
use crate::kernels::Team;
use crate::threads::Threads;
use std::sync::Arc;

/// The flags as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenchFlags {
    pub size: Option<String>,
    pub mode: Option<String>,
    pub backend: Option<String>,
    pub products: Option<String>,
    pub ms: Option<String>,
    pub threads: Option<String>,
    pub kernel: Option<String>,
    pub n: Option<String>,
    pub runs: Option<String>,
}

/// Times what the flags say.
///
/// # Errors
/// [`RunError::Input`] for a bad flag, [`RunError::Failed`] where the device fails or what it computes is wrong.
pub async fn bench(
    flags: &BenchFlags,
    clock: &dyn Fn() -> f64,
    watch: &mut dyn FnMut(Progress) -> bool,
) -> Result<Done, RunError> {
    let text = |name: &str| match name {
        "size" => flags.size.clone(),
        "mode" => flags.mode.clone(),
        "backend" => flags.backend.clone(),
        "products" => flags.products.clone(),
        "ms" => flags.ms.clone(),
        "threads" => flags.threads.clone(),
        "kernel" => flags.kernel.clone(),
        "n" => flags.n.clone(),
        "runs" => flags.runs.clone(),
        _ => None,
    };
    let order = Order::read(&text).map_err(RunError::Input)?;
    let team = (order.threads > 1).then(|| Arc::new(Threads::start(order.threads)) as Arc<dyn Team>);
    let done = run(&order, team, clock, watch).await.map_err(RunError::Failed)?;
    match done.fault() {
        Some(fault) => Err(RunError::Failed(fault)),
        None => Ok(done),
    }
}

/// One line for a person.
pub fn sentence(done: &Done) -> String {
    let place = if done.adapter.is_empty() { done.backend().to_owned() } else { format!("gpu ({})", done.adapter) };
    let seconds = done.millis / 1e3;
    let runs = match done.order.runs {
        Runs::Same(1) => String::new(),
        Runs::Same(runs) => format!(", {runs} runs at once"),
        Runs::Compared { methods, seeds } => format!(", {methods} methods of {seeds} seeds at once"),
    };
    if let (Work::Step { size, .. }, Some(alone)) = (done.order.work, done.per_second_alone()) {
        let (together, off) = (done.per_second(), done.off);
        return format!(
            "{} on {place}{runs}: {together:.4} steps/s, one run after another {alone:.4} steps/s, which is {:.2} times \
             as fast ({} steps each in {:.2} s); losses of the third step agree to {off:.0e}.",
            size.id,
            together / alone,
            done.count,
            (done.millis + done.millis_alone.unwrap_or_default()) / 1e3,
        );
    }
    match (done.order.work, done.gflops()) {
        (Work::Step { size, mode }, _) => format!(
            "{} {} on {place}{runs}: {:.4} steps/s ({} steps in {seconds:.2} s); losses of the third step agree to {:.0e}.",
            size.id,
            mode.id(),
            done.per_second(),
            done.count,
            done.off
        ),
        (Work::Matmul { n }, gflops) => format!(
            "C = A·B ({n}, {n}) on {place}: {:.3} GFLOP/s ({} products in {seconds:.2} s).",
            gflops.unwrap_or_default(),
            done.count
        ),
    }
}
