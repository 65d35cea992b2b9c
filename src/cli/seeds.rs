//! Several seeds at once, each in a thread of its own: what a seed becomes does not depend on where it is trained.

use super::run::{RunError, Watch};
use crate::config::{BackendChoice, ExperimentConfig};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Seeds trained at once unless it is said how many: each holds the data, so not as many as the largest machine could.
const MOST: usize = 8;
/// Between two looks at how far they are.
const LOOK: Duration = Duration::from_millis(50);

/// How far seeds under way are, by position: step and steps.
type Progress = Mutex<BTreeMap<u32, (u32, u32)>>;

/// A seed's position and what came of it.
type Found<T> = (u32, Result<T, RunError>);

/// Tells the main thread how far training is, and hears from it whether to go on.
struct Distant<'a> {
    progress: &'a Progress,
    goes_on: &'a AtomicBool,
}

impl Watch for Distant<'_> {
    fn goes_on(&mut self, seed_idx: u32, step: u32, steps: u32) -> bool {
        if let Ok(mut progress) = self.progress.lock() {
            progress.insert(seed_idx, (step, steps));
        }
        self.goes_on.load(Ordering::Relaxed)
    }
}

/// Seeds to train at once where nobody says how many: as many as there are cores, and one after the other where a
/// graphics device may train, which is one for all.
pub fn threads(config: &ExperimentConfig) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
    if config.backend == BackendChoice::Cpu { cores as u32 } else { 1 }
}

/// What `work` makes of every seed, at most `threads` at once, in the order of seeds. After `watch` ended them, no
/// other is begun.
///
/// # Errors
/// The error of the first seed that has one; no other is begun then.
pub fn each<T: Send>(
    seeds: u32,
    threads: u32,
    watch: &mut dyn Watch,
    work: &(dyn Fn(u32, &mut dyn Watch) -> Result<T, RunError> + Sync),
) -> Result<Vec<T>, RunError> {
    let (next, goes_on, progress) = (AtomicU32::new(0), AtomicBool::new(true), Progress::default());
    let found: Mutex<Vec<Found<T>>> = Mutex::new(Vec::new());
    let train = || {
        loop {
            let seed_idx = next.fetch_add(1, Ordering::Relaxed);
            if seed_idx >= seeds || !goes_on.load(Ordering::Relaxed) {
                break;
            }
            let result = work(seed_idx, &mut Distant { progress: &progress, goes_on: &goes_on });
            if result.is_err() {
                goes_on.store(false, Ordering::Relaxed);
            }
            if let Ok(mut progress) = progress.lock() {
                progress.remove(&seed_idx);
            }
            if let Ok(mut found) = found.lock() {
                found.push((seed_idx, result));
            }
        }
    };
    std::thread::scope(|scope| {
        let trainers: Vec<_> = (0..threads.clamp(1, seeds.max(1))).map(|_| scope.spawn(train)).collect();
        while trainers.iter().any(|trainer| !trainer.is_finished()) {
            std::thread::sleep(LOOK);
            // The foremost seed that is not complete stands for all: what is shown never goes back.
            let first = progress.lock().ok().and_then(|known| known.first_key_value().map(|(at, far)| (*at, *far)));
            if let Some((seed_idx, (step, steps))) = first
                && !watch.goes_on(seed_idx, step, steps)
            {
                goes_on.store(false, Ordering::Relaxed);
            }
        }
    });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort_by_key(|(seed_idx, _)| *seed_idx);
    found.into_iter().map(|(_, result)| result).collect()
}
