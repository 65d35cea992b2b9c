//! The weight of the page: what a reader downloads before anything moves, compressed, against budgets.

use crate::run::{self, Result};
use crate::variants::{RELAXED, THREADS};
use std::path::Path;

/// The code of one download, compressed with brotli, in bytes.
struct Budget {
    what: &'static str,
    holds: fn(&str) -> bool,
    limit: usize,
}

/// One worker is loaded instead of the others: that which knows GPUs only where there is an adapter, the one with
/// threads only where the page is isolated.
const BUDGETS: &[Budget] = &[
    Budget {
        what: "until the first picture",
        holds: |name| {
            let others = [GPU, THREADS.program, RELAXED.program];
            !others.iter().any(|other| name.starts_with(other)) && !name.ends_with(LATER)
        },
        limit: 1_335_000,
    },
    Budget { what: "page's later part", holds: |name| name.ends_with(LATER), limit: 268_000 },
    Budget { what: "worker with GPU", holds: |name| name.starts_with(GPU), limit: 750_000 },
    Budget { what: "worker with relaxed SIMD", holds: |name| name.starts_with(RELAXED.program), limit: 750_000 },
    Budget { what: "worker with threads", holds: |name| name.starts_with(THREADS.program), limit: 750_000 },
];
const GPU: &str = "worker_gpu";
/// What the page fetches when its first picture is drawn (`src/app/later.rs`).
const LATER: &str = "_later.wasm";

/// Prints one line a file and fails when a sum is over its budget.
pub fn check(dist: &Path) -> Result<()> {
    let entries = std::fs::read_dir(dist)
        .map_err(|e| format!("{} could not be listed ({e}); run `cargo xtask build` first.", dist.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| is_code(p)).collect();
    files.sort();
    if files.len() < 8 {
        return Err(format!(
            "{} does not hold the page's parts and both workers' code; run `cargo xtask build` first.",
            dist.display()
        ));
    }
    println!("{:<44} {:>9} {:>9}", "file", "bytes", "brotli");
    let mut weights = Vec::new();
    for file in &files {
        let bytes = run::read(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let packed = compressed(&bytes)?;
        println!("{name:<44} {:>9} {packed:>9}", bytes.len());
        weights.push((name, bytes.len(), packed));
    }
    let mut too_heavy = Vec::new();
    for Budget { what, holds, limit } in BUDGETS {
        let (mut plain, mut packed) = (0, 0);
        for (_, bytes, small) in weights.iter().filter(|(name, ..)| holds(name)) {
            plain += bytes;
            packed += small;
        }
        println!("{what:<44} {plain:>9} {packed:>9}  of {limit} ({} %)", 100 * packed / limit);
        if packed > *limit {
            too_heavy.push(format!("{what} weighs {packed} bytes compressed, {} over its budget", packed - limit));
        }
    }
    if too_heavy.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{}; look at what was added with `cargo tree`, or raise the limit in xtask/src/size.rs with a reason.",
            too_heavy.join("; ")
        ))
    }
}

fn is_code(path: &Path) -> bool {
    matches!(path.extension().and_then(|e| e.to_str()), Some("js" | "wasm"))
}

/// Length after brotli at its best quality, as static hosts store it.
fn compressed(bytes: &[u8]) -> Result<usize> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &parameters).map_err(|e| format!("brotli failed ({e})."))?;
    Ok(out.len())
}
