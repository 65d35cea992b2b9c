//! The weight of the page: what a reader downloads before anything moves, compressed, against a budget.

use crate::run::{self, Result};
use std::path::Path;

/// The page's and the worker's wasm and JavaScript together, compressed with brotli, in bytes.
pub const BUDGET: usize = 1_500_000;

/// Prints one line a file and fails when their sum is over the budget.
pub fn check(dist: &Path) -> Result<()> {
    let entries = std::fs::read_dir(dist)
        .map_err(|e| format!("{} could not be listed ({e}); run `cargo xtask build` first.", dist.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| is_code(p)).collect();
    files.sort();
    if files.len() < 4 {
        return Err(format!(
            "{} does not hold the page's and the worker's code; run `cargo xtask build` first.",
            dist.display()
        ));
    }
    println!("{:<44} {:>9} {:>9}", "file", "bytes", "brotli");
    let (mut plain, mut packed) = (0, 0);
    for file in &files {
        let bytes = run::read(file)?;
        let small = compressed(&bytes)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("{name:<44} {:>9} {small:>9}", bytes.len());
        plain += bytes.len();
        packed += small;
    }
    println!("{:<44} {plain:>9} {packed:>9}  of {BUDGET} ({} %)", "total", 100 * packed / BUDGET);
    if packed > BUDGET {
        return Err(format!(
            "the page weighs {packed} bytes compressed, {} over its budget; look at what was added with \
             `cargo tree`, or raise BUDGET in xtask/src/size.rs with a reason.",
            packed - BUDGET
        ));
    }
    Ok(())
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
