//! Programs of the worker for machines that can do more, which Trunk cannot build: they need instructions of their own,
//! one of them a standard library too. The site works without them.
//!
//! Relaxed SIMD multiplies and adds in one instruction. Threads need shared memory, and a standard library with atomics
//! that cargo builds with the program from the compiler's own sources.

use crate::run::{self, Result, run, say};
use crate::rust::TARGET;
use crate::setup::Ready;
use std::path::Path;
use std::time::Instant;

/// One such program.
pub struct Variant {
    /// The program's binary, and its files' name in the site.
    pub program: &'static str,
    what: &'static str,
    /// Instructions beside SIMD, as the compiler and as wasm-opt name them.
    target_features: &'static str,
    optimizer_features: &'static [&'static str],
    shares_memory: bool,
    /// Cargo keeps objects of one target apart by nothing but their folder when flags differ.
    folder: &'static str,
}

/// For browsers with relaxed SIMD.
pub const RELAXED: Variant = Variant {
    program: "worker_relaxed",
    what: "worker with relaxed SIMD",
    target_features: "+simd128,+relaxed-simd",
    optimizer_features: &[],
    shares_memory: false,
    folder: "relaxed",
};

/// For those among them whose page is cross-origin isolated.
pub const THREADS: Variant = Variant {
    program: "worker_threads",
    what: "worker with threads",
    target_features: "+simd128,+relaxed-simd,+atomics,+bulk-memory,+mutable-globals",
    optimizer_features: &["threads"],
    shares_memory: true,
    folder: "threads",
};

const OPTIMIZER_FEATURES: &[&str] = &[
    "simd",
    "relaxed-simd",
    "bulk-memory",
    "mutable-globals",
    "nontrapping-float-to-int",
    "sign-ext",
    "reference-types",
    "multivalue",
];
/// As much as 32-bit addresses reach; pages of it are taken when they are used.
const MOST_BYTES: u64 = 1 << 32;
/// What the linker has to leave for wasm-bindgen, which gives every thread a stack and thread-local memory.
const EXPORTS: &[&str] = &["__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"];

impl Variant {
    /// Builds the program into `dist`.
    pub fn build(&self, ready: &Ready, dist: &Path) -> Result<()> {
        let start = Instant::now();
        let Self { program, what, target_features, optimizer_features, shares_memory, folder } = *self;
        let folder = run::target_dir().join(folder);
        let mut flags = vec![format!("-Ctarget-feature={target_features}")];
        let mut cargo = ready.rust.cargo();
        cargo.args(["build", "--quiet", "--locked", "--release", "--target", TARGET]);
        cargo.args(["--bin", program, "--features", "worker"]);
        if shares_memory {
            let linked = ["--shared-memory".to_owned(), "--import-memory".into(), format!("--max-memory={MOST_BYTES}")];
            let exported = EXPORTS.iter().map(|name| format!("--export={name}"));
            flags.extend(linked.into_iter().chain(exported).map(|flag| format!("-Clink-arg={flag}")));
            cargo.arg("-Zbuild-std=std,panic_abort");
            // Features of a compiler that is not stable yet: a standard library of one's own, and atomics.
            cargo.env("RUSTC_BOOTSTRAP", "1");
        }
        cargo.env("CARGO_TARGET_DIR", &folder).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        let hint = if shares_memory {
            "the compiler needs its own sources for it; with rustup, `rustup component add rust-src`"
        } else {
            "the compiler's message above says why"
        };
        run(&mut cargo, hint)?;
        let built = folder.join(TARGET).join("release").join(format!("{program}.wasm"));
        let out = folder.join("site");
        let mut bindgen = ready.rust.command("wasm-bindgen");
        bindgen.args(["--target", "no-modules", "--no-typescript", "--out-dir"]).arg(&out).arg(&built);
        run(&mut bindgen, "wasm-bindgen's message above says why")?;
        let code = format!("{program}_bg.wasm");
        let enabled = OPTIMIZER_FEATURES.iter().chain(optimizer_features).map(|feature| format!("--enable-{feature}"));
        let mut optimizer = ready.rust.command("wasm-opt");
        optimizer.arg("-O3").args(enabled).arg(out.join(&code)).arg("-o").arg(dist.join(&code));
        run(&mut optimizer, "wasm-opt's message above says why")?;
        let script = format!("{program}.js");
        run::write(&dist.join(&script), run::read(&out.join(&script))?)?;
        say(&format!("{what} built in {}", run::duration(start.elapsed())));
        Ok(())
    }

    /// Whether the site has the program.
    pub fn is_built(&self, dist: &Path) -> bool {
        dist.join(format!("{}_bg.wasm", self.program)).is_file()
    }
}
