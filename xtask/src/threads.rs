//! The worker program of cross-origin isolated pages, whose threads share one memory.
//!
//! It needs a standard library with atomics, which cargo builds with it from the compiler's own sources; Trunk knows
//! neither that nor shared memory. The site works without this program, so `serve` and `build` make it only when
//! asked to.

use crate::run::{self, Result, run, say};
use crate::rust::TARGET;
use crate::setup::Ready;
use std::path::Path;
use std::time::Instant;

/// The program's binary, and its files' name in the site.
pub const PROGRAM: &str = "worker_threads";
/// Cargo keeps objects of one target apart by nothing but their folder when flags differ.
const FOLDER: &str = "threads";
/// As much as 32-bit addresses reach; pages of it are taken when they are used.
const MOST_BYTES: u64 = 1 << 32;
/// What the linker has to leave for wasm-bindgen, which gives every thread a stack and thread-local memory.
const EXPORTS: &[&str] = &["__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"];

/// Builds the program into `dist`.
pub fn build(ready: &Ready, dist: &Path) -> Result<()> {
    let start = Instant::now();
    let folder = run::target_dir().join(FOLDER);
    let mut flags = vec!["-Ctarget-feature=+simd128,+atomics,+bulk-memory,+mutable-globals".to_owned()];
    let linked = ["--shared-memory".to_owned(), "--import-memory".into(), format!("--max-memory={MOST_BYTES}")];
    let exported = EXPORTS.iter().map(|name| format!("--export={name}"));
    flags.extend(linked.into_iter().chain(exported).map(|flag| format!("-Clink-arg={flag}")));
    let mut cargo = ready.rust.cargo();
    cargo
        .args(["build", "--quiet", "--locked", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort"])
        .args(["--bin", PROGRAM, "--features", "worker"])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // Features of a compiler that is not stable yet: a standard library of one's own, and atomics.
        .env("RUSTC_BOOTSTRAP", "1");
    run(&mut cargo, "the compiler needs its own sources for it; with rustup, `rustup component add rust-src`")?;
    let program = folder.join(TARGET).join("release").join(format!("{PROGRAM}.wasm"));
    let out = folder.join("site");
    run(
        ready
            .rust
            .command("wasm-bindgen")
            .args(["--target", "no-modules", "--no-typescript", "--out-dir"])
            .arg(&out)
            .arg(&program),
        "wasm-bindgen's message above says why",
    )?;
    let code = format!("{PROGRAM}_bg.wasm");
    let features = [
        "simd",
        "threads",
        "bulk-memory",
        "mutable-globals",
        "nontrapping-float-to-int",
        "sign-ext",
        "reference-types",
        "multivalue",
    ];
    run(
        ready
            .rust
            .command("wasm-opt")
            .arg("-O3")
            .args(features.map(|feature| format!("--enable-{feature}")))
            .arg(out.join(&code))
            .arg("-o")
            .arg(dist.join(&code)),
        "wasm-opt's message above says why",
    )?;
    let script = format!("{PROGRAM}.js");
    run::write(&dist.join(&script), run::read(&out.join(&script))?)?;
    say(&format!("worker with threads built in {}", run::duration(start.elapsed())));
    Ok(())
}

/// Whether the site has the program.
pub fn is_built(dist: &Path) -> bool {
    dist.join(format!("{PROGRAM}_bg.wasm")).is_file()
}
