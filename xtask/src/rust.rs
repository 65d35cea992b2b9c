//! The compiler: finds or makes one with a standard library for wasm32, and starts cargo with it.
//!
//! Ordinary machines have rustup and get the target from its server. Where only package registries
//! can be reached, Debian's compiler gets a standard library built once from Debian's own sources,
//! in a sysroot of our own, so nothing under /usr changes.

use crate::run::{self, Result, find, output, root, run, say};
use crate::setup::{Purpose, apt, cache};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The target of everything that runs in the browser.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// What the sysroot is called among rustup's toolchains.
const LINKED: &str = "paretoscope-wasm";

/// A Rust toolchain that compiles for the host and for wasm32.
pub struct Rust {
    /// `RUSTUP_TOOLCHAIN` for every cargo call; `None` leaves it as it is.
    rustup_toolchain: Option<String>,
    /// Folders that come before PATH.
    path: Vec<PathBuf>,
    /// Changes whenever the wasm32 standard library does.
    std_stamp: String,
}

/// Where the wasm32 standard library may come from, by `PARETOSCOPE_WASM_STD`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Auto,
    Rustup,
    Debian,
}

impl Source {
    fn from_env() -> Result<Self> {
        match std::env::var("PARETOSCOPE_WASM_STD").as_deref() {
            Err(_) | Ok("" | "auto") => Ok(Self::Auto),
            Ok("rustup") => Ok(Self::Rustup),
            Ok("debian") => Ok(Self::Debian),
            Ok(other) => {
                Err(format!("PARETOSCOPE_WASM_STD is {other:?}; set it to auto, rustup or debian, or leave it out."))
            }
        }
    }
}

impl Rust {
    /// Looks for a toolchain with the wasm32 target and makes one where there is none.
    pub fn ensure(purpose: Purpose) -> Result<Self> {
        let source = Source::from_env()?;
        let current = Self { rustup_toolchain: None, path: Vec::new(), std_stamp: String::new() };
        if source != Source::Debian {
            if let Some(ready) = current.with_target() {
                say(&format!("{} has {TARGET} already", ready.version()));
                return ready.with_lints(purpose);
            }
            // One that we built before needs no server.
            if source == Source::Auto
                && let Some(stamp) = output(Command::new("/usr/bin/rustc").arg("-vV"))
                && sysroot_is_current(&sysroot(&stamp), &stamp)
            {
                return debian(purpose);
            }
            if find("rustup").is_some() {
                say(&format!("{TARGET} is missing: asking rustup for it (the compiler needs it to build the page)"));
                let mut add = current.command("rustup");
                add.args(["target", "add", TARGET]);
                if run::succeeds_within(&mut add, Duration::from_secs(300))
                    && let Some(ready) = current.with_target()
                {
                    return ready.with_lints(purpose);
                }
            }
            if source == Source::Rustup {
                return Err(format!(
                    "rustup could not add {TARGET}; check that its server can be reached, or set PARETOSCOPE_WASM_STD=debian on Debian."
                ));
            }
            say("rustup could not provide it: taking Debian's compiler and building its standard library for wasm32");
        }
        debian(purpose)
    }

    /// `cargo` with this toolchain, in the checkout.
    pub fn cargo(&self) -> Command {
        self.command("cargo")
    }

    /// Any program with this toolchain's environment, in the checkout.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(root());
        // `cargo xtask` runs under some toolchain and tells its children so; they shall not listen.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if matches!(&*text, "CARGO" | "RUSTC" | "RUSTDOC" | "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH")
                || text.starts_with("CARGO_PKG_")
            {
                command.env_remove(&name);
            }
        }
        match library_path() {
            Some(path) => command.env("LD_LIBRARY_PATH", path),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
        if let Some(toolchain) = &self.rustup_toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command.env("PATH", run::path_with(&self.path));
        // PATH above decides what the child finds, not where the child itself is looked up.
        if let Some(file) = self.path.iter().map(|d| d.join(program)).find(|f| run::is_executable(f)) {
            let mut again = Command::new(file);
            again.current_dir(root());
            for (key, value) in command.get_envs() {
                match value {
                    Some(value) => again.env(key, value),
                    None => again.env_remove(key),
                };
            }
            return again;
        }
        command
    }

    /// The same toolchain with more folders before PATH.
    pub fn with_path(&self, front: &[PathBuf]) -> Self {
        let path = front.iter().chain(&self.path).cloned().collect();
        Self { rustup_toolchain: self.rustup_toolchain.clone(), path, std_stamp: self.std_stamp.clone() }
    }

    /// Removes wasm32 objects made with another standard library: cargo does not notice the change
    /// and fails with E0463.
    pub fn drop_stale_objects(&self) -> Result<()> {
        let folder = run::target_dir().join(TARGET);
        let mark = folder.join("standard-library");
        let known = std::fs::read_to_string(&mark).unwrap_or_default();
        if known == self.std_stamp {
            return Ok(());
        }
        if folder.exists() {
            say(&format!("the standard library for {TARGET} changed: removing objects made with the old one"));
            run::remove(&folder)?;
        }
        run::write(&mark, &self.std_stamp)
    }

    fn version(&self) -> String {
        output(self.command("rustc").arg("-V")).unwrap_or_else(|| "rustc".into())
    }

    /// This toolchain with its stamp, if it has the wasm32 standard library.
    fn with_target(&self) -> Option<Self> {
        let libdir = output(self.command("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
        let std = std_library(Path::new(&libdir))?;
        let mut ready = self.with_path(&[]);
        let made = Path::new(&libdir).join(&std).metadata().and_then(|m| m.modified()).ok()?;
        let made = made.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        let version = output(self.command("rustc").arg("-vV"))?;
        ready.std_stamp = format!("{version}\n{} of {made}\n", std.display());
        Some(ready)
    }

    /// For tests, clippy and rustfmt too.
    fn with_lints(self, purpose: Purpose) -> Result<Self> {
        if purpose == Purpose::Test {
            for (component, probe) in [("clippy", "clippy"), ("rustfmt", "fmt")] {
                if output(self.cargo().args([probe, "--version"])).is_none() {
                    say(&format!("{component} is missing: asking rustup for it (the gate needs it)"));
                    run(
                        self.command("rustup").args(["component", "add", component]),
                        &format!("install {component} for this compiler, or set PARETOSCOPE_WASM_STD=debian on Debian"),
                    )?;
                }
            }
        }
        Ok(self)
    }
}

/// `LD_LIBRARY_PATH` without what cargo put there for `xtask` itself.
fn library_path() -> Option<OsString> {
    let all = std::env::var_os("LD_LIBRARY_PATH")?;
    let target = run::target_dir();
    let kept = std::env::split_paths(&all).filter(|dir| {
        !dir.starts_with(&target)
            && !dir.components().any(|c| c.as_os_str() == "toolchains" || c.as_os_str() == "rustlib")
    });
    std::env::join_paths(kept).ok().filter(|path| !path.is_empty())
}

/// The file name of the standard library in `libdir`, with its hash.
fn std_library(libdir: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(libdir).ok()?.flatten().map(|e| PathBuf::from(e.file_name()));
    files.into_iter().find(|f| {
        let name = f.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// A line `key: value` of `rustc -vV`.
fn field<'a>(stamp: &'a str, key: &str) -> Option<&'a str> {
    stamp.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

fn sysroot(stamp: &str) -> PathBuf {
    cache().join(format!("rust-{}", field(stamp, "release").unwrap_or("unknown")))
}

fn sysroot_is_current(sysroot: &Path, stamp: &str) -> bool {
    std::fs::read_to_string(sysroot.join("stamp")).is_ok_and(|s| s.trim() == stamp)
        && std_library(&sysroot.join("lib/rustlib").join(TARGET).join("lib")).is_some()
}

/// Debian's compiler with a wasm32 standard library of our own.
fn debian(purpose: Purpose) -> Result<Rust> {
    let mut packages = vec!["rustc-web", "rust-web-src", "cargo-web"];
    if purpose == Purpose::Test {
        packages.extend(["rust-web-clippy", "rustfmt-web"]);
    }
    apt(&packages, "a compiler whose sources come with it, to build the wasm32 standard library")?;
    let stamp = output(Command::new("/usr/bin/rustc").arg("-vV"))
        .ok_or("/usr/bin/rustc does not run although Debian's rustc-web is installed; reinstall that package.")?;
    let llvm = field(&stamp, "LLVM version").and_then(|v| v.split('.').next()).unwrap_or("22").to_owned();
    apt(&[&format!("lld-{llvm}")], "the linker for wasm32, of the compiler's LLVM version")?;

    let tc = sysroot(&stamp);
    if sysroot_is_current(&tc, &stamp) {
        say(&format!(
            "Debian's rustc {} has {TARGET} already, in {}",
            field(&stamp, "release").unwrap_or(""),
            tc.display()
        ));
    } else {
        let start = Instant::now();
        say("building Debian's standard library for wasm32, once, about a minute");
        build_sysroot(&tc, &stamp, &llvm)?;
        say(&format!("standard library built in {}", run::duration(start.elapsed())));
    }
    let mut rust = Rust { rustup_toolchain: None, path: Vec::new(), std_stamp: String::new() };
    if find("rustup").is_some() {
        link(&tc)?;
        rust.rustup_toolchain = Some(LINKED.into());
    } else {
        rust.path.push(tc.join("bin"));
    }
    rust.with_target().ok_or_else(|| {
        format!(
            "the compiler in {0} does not find its own {TARGET} library; remove {0} and run `cargo xtask setup` again.",
            tc.display()
        )
    })
}

/// Makes the sysroot known to rustup, so that `RUSTUP_TOOLCHAIN` and `cargo +paretoscope-wasm` name it.
fn link(tc: &Path) -> Result<()> {
    let home = std::env::var_os("RUSTUP_HOME").map_or_else(|| crate::setup::home().join(".rustup"), PathBuf::from);
    let there = home.join("toolchains").join(LINKED);
    if std::fs::canonicalize(&there).ok().is_some_and(|p| std::fs::canonicalize(tc).is_ok_and(|t| t == p)) {
        return Ok(());
    }
    say(&format!("linking it as rustup toolchain {LINKED}"));
    run(
        Command::new("rustup").args(["-q", "toolchain", "link", LINKED]).arg(tc),
        &format!("remove rustup's toolchain {LINKED} and try again"),
    )
}

#[cfg(unix)]
fn build_sysroot(tc: &Path, stamp: &str, llvm: &str) -> Result<()> {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let host = field(stamp, "host").ok_or("`rustc -vV` names no host; reinstall Debian's rustc-web.")?;
    // Built beside its place and moved there when complete, so that a broken build is never found.
    let new = tc.with_extension("partial");
    run::remove(&new)?;
    let io = |e: std::io::Error| format!("{} could not be filled ({e}); is the disk full?", new.display());
    let rustlib = new.join("lib/rustlib");
    let std_dir = rustlib.join(TARGET).join("lib");
    for dir in [new.join("bin"), rustlib.join(host).join("bin"), std_dir.clone()] {
        std::fs::create_dir_all(dir).map_err(io)?;
    }
    for name in ["cargo", "rustfmt", "cargo-fmt"] {
        symlink(Path::new("/usr/bin").join(name), new.join("bin").join(name)).map_err(io)?;
    }
    // rustc takes its sysroot from where its driver library lies, so links would still report /usr.
    for (name, script) in [
        ("rustc", format!("exec /usr/bin/rustc --sysroot '{}' \"$@\"", tc.display())),
        ("rustdoc", format!("exec /usr/bin/rustdoc --sysroot '{}' \"$@\"", tc.display())),
        ("cargo-clippy", format!("SYSROOT='{}' exec /usr/bin/cargo-clippy \"$@\"", tc.display())),
        ("clippy-driver", format!("SYSROOT='{}' exec /usr/bin/clippy-driver \"$@\"", tc.display())),
    ] {
        let file = new.join("bin").join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).map_err(io)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).map_err(io)?;
    }
    let usr = Path::new("/usr/lib/rustlib");
    symlink(usr.join(host).join("lib"), rustlib.join(host).join("lib")).map_err(io)?;
    symlink(format!("/usr/bin/lld-{llvm}"), rustlib.join(host).join("bin/rust-lld")).map_err(io)?;
    for name in ["src", "etc"] {
        symlink(usr.join(name), rustlib.join(name)).map_err(io)?;
    }

    // An empty crate, so that cargo builds the standard library and nothing else.
    let work = new.join("build");
    run::write(
        &work.join("Cargo.toml"),
        "[package]\nname = \"nothing\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[profile.release]\ncodegen-units = 1\n[workspace]\n",
    )?;
    run::write(&work.join("src/lib.rs"), "")?;
    let base = Rust { rustup_toolchain: None, path: Vec::new(), std_stamp: String::new() };
    let mut build = base.command("/usr/bin/cargo");
    build
        .current_dir(&work)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        // Without the bitcode nothing that asks for link-time optimization can be linked with it.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .args(["build", "--quiet", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,proc_macro,test"]);
    run(
        &mut build,
        "the packages rustc-web, rust-web-src and cargo-web have to be of one version; run `apt-get install` for them again",
    )?;
    let deps = work.join("target").join(TARGET).join("release/deps");
    for file in std::fs::read_dir(&deps).map_err(io)?.flatten() {
        let name = file.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libnothing-") {
            std::fs::copy(file.path(), std_dir.join(&name)).map_err(io)?;
        }
    }
    run::remove(&work)?;
    run::write(&new.join("stamp"), format!("{stamp}\n"))?;
    run::remove(tc)?;
    std::fs::rename(&new, tc).map_err(io)
}

#[cfg(not(unix))]
fn build_sysroot(_: &Path, _: &str, _: &str) -> Result<()> {
    Err("Debian's compiler exists only on Debian; install rustup and run `rustup target add wasm32-unknown-unknown`."
        .into())
}
