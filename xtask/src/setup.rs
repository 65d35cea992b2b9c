//! What building and testing need beyond git and cargo, found or installed once.
//!
//! Every step looks before it installs and says what it does and why. Tools go to a cache folder
//! outside the checkout, one sub-folder a tool and version, so a second run takes a second and
//! several checkouts share them.

use crate::run::{self, Result, find, output, root, run, say};
use crate::rust::Rust;
use sha2::{Digest, Sha256};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What the machine is prepared for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Build the page and serve it: no browser, no driver, no Vulkan.
    Serve,
    /// All of that and what the gate needs.
    Test,
}

/// Trunk drives the other tools; `Trunk.toml` asks for exactly this version.
const TRUNK: &str = "0.21.14";
/// The npm package that holds wasm-opt; its first number is what `wasm-opt --version` says.
const BINARYEN: &str = "132.0.0";

/// A machine that is ready.
pub struct Ready {
    /// Starts cargo and the tools.
    pub rust: Rust,
}

/// Finds or installs everything `purpose` needs.
pub fn ensure(purpose: Purpose) -> Result<Ready> {
    let start = Instant::now();
    let _lock = lock()?;
    let rust = Rust::ensure(purpose)?;
    let bindgen_version = locked_version("wasm-bindgen")?;
    let path = [
        // An unoptimized trunk is as good, since it only starts other programs, and compiles much sooner.
        cargo_tool(&rust, "trunk", "trunk", TRUNK, &["--locked", "--debug"], "it puts the site together")?,
        // Its own lock file names a crate that not every mirror carries, hence not `--locked`.
        cargo_tool(
            &rust,
            "wasm-bindgen-cli",
            "wasm-bindgen",
            &bindgen_version,
            &[],
            "it writes the JavaScript side of the wasm modules",
        )?,
        wasm_opt()?,
    ];
    let path: Vec<PathBuf> = path.into_iter().flatten().collect();
    if purpose == Purpose::Test {
        browser()?;
        vulkan()?;
    }
    say(&format!("ready ({})", run::duration(start.elapsed())));
    Ok(Ready { rust: rust.with_path(&path) })
}

/// The person's home folder.
pub fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("."))
}

/// Where tools are kept: `${XDG_CACHE_HOME:-~/.cache}/paretoscope`.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    base.unwrap_or_else(|| home().join(".cache")).join("paretoscope")
}

/// Two set-ups at once would build the same tool in the same folder.
fn lock() -> Result<std::fs::File> {
    let path = cache().join("lock");
    run::write(&path, "")?;
    let file = std::fs::File::create(&path).map_err(|e| format!("{} could not be opened ({e}).", path.display()))?;
    if file.try_lock().is_err() {
        say("another set-up is running: waiting for it");
        file.lock().map_err(|e| format!("{} could not be locked ({e}).", path.display()))?;
    }
    Ok(file)
}

/// The version of a crate in the checkout's Cargo.lock.
fn locked_version(name: &str) -> Result<String> {
    let lock = run::read_text(&root().join("Cargo.lock"))?;
    let mut lines = lock.lines().skip_while(|l| *l != format!("name = \"{name}\"")).skip(1);
    let version = lines.next().and_then(|l| l.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_owned).ok_or_else(|| format!("Cargo.lock names no {name}; restore the committed Cargo.lock."))
}

/// The second word of `TOOL --version`.
fn version_of(tool: &Path) -> Option<String> {
    output(Command::new(tool).arg("--version"))?.split_whitespace().nth(1).map(str::to_owned)
}

/// A tool that `cargo install` builds; returns the folder to put on PATH unless it is there already.
fn cargo_tool(
    rust: &Rust,
    krate: &str,
    tool: &str,
    version: &str,
    flags: &[&str],
    why: &str,
) -> Result<Option<PathBuf>> {
    if let Some(path) = find(tool)
        && version_of(&path).as_deref() == Some(version)
    {
        say(&format!("{tool} {version}: {}", path.display()));
        return Ok(None);
    }
    let place = cache().join(format!("{tool}-{version}"));
    let bin = place.join("bin");
    let file = bin.join(tool);
    if version_of(&file).as_deref() == Some(version) {
        say(&format!("{tool} {version}: {}", file.display()));
        return Ok(Some(bin));
    }
    let start = Instant::now();
    say(&format!("building {tool} {version}, once, some minutes ({why})"));
    let work = cache().join(format!("{tool}-{version}.partial"));
    let mut install = rust.cargo();
    // In the cache folder, so that the checkout's cargo configuration has no say.
    install
        .current_dir(cache())
        .args(["install", krate, "--version", &format!("={version}"), "--force", "--root"])
        .arg(&place)
        .arg("--target-dir")
        .arg(&work)
        .args(flags)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_INCREMENTAL", "false")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    run(&mut install, &format!("check that crates.io or its mirror can be reached, or put {tool} {version} on PATH"))?;
    run::remove(&work)?;
    say(&format!("{tool} built in {}", run::duration(start.elapsed())));
    Ok(Some(bin))
}

/// wasm-opt, from PATH, the cache or npm.
fn wasm_opt() -> Result<Option<PathBuf>> {
    // It prints `wasm-opt version 132 (…)`.
    let fits = |file: &Path| {
        let said = output(Command::new(file).arg("--version")).unwrap_or_default();
        said.split_whitespace().nth(2) == BINARYEN.split('.').next()
    };
    if let Some(path) = find("wasm-opt")
        && fits(&path)
    {
        say(&format!("wasm-opt {BINARYEN}: {}", path.display()));
        return Ok(None);
    }
    let place = cache().join(format!("binaryen-{BINARYEN}"));
    let bin = place.join("node_modules/.bin");
    let file = bin.join("wasm-opt");
    if !fits(&file) {
        if find("npm").is_none() {
            apt(&["nodejs", "npm"], "wasm-opt comes as an npm package")?;
        }
        say(&format!("fetching wasm-opt {BINARYEN} from npm (it makes the wasm modules small and fast)"));
        run::write(&place.join("package.json"), "{\"private\":true}\n")?;
        run(
            Command::new("npm")
                .args(["install", "--silent", "--no-save", "--prefix"])
                .arg(&place)
                .arg(format!("binaryen@{BINARYEN}")),
            "check that the npm registry can be reached, or put wasm-opt 132 on PATH",
        )?;
        if !fits(&file) {
            return Err(format!("{} does not run; it needs node 18 or newer.", file.display()));
        }
    }
    say(&format!("wasm-opt {BINARYEN}: {}", file.display()));
    Ok(Some(bin))
}

/// The npm packages that `folder`'s lock file names, kept as `name` with a hash of it; returns the folder that holds
/// their `node_modules`.
pub fn node_packages(name: &str, folder: &Path) -> Result<PathBuf> {
    if find("npm").is_none() {
        apt(&["nodejs", "npm"], "the packages come from npm")?;
    }
    let lock = run::read(&folder.join("package-lock.json"))?;
    let hash: String = Sha256::digest(&lock).iter().take(4).map(|b| format!("{b:02x}")).collect();
    let place = cache().join(format!("{name}-{hash}"));
    // Moved there when complete, so that half an installation is never found.
    if !place.is_dir() {
        say(&format!("fetching npm packages for {name} into {}", place.display()));
        let new = cache().join(format!("{name}-{hash}.partial"));
        run::remove(&new)?;
        run::write(&new.join("package-lock.json"), lock)?;
        run::write(&new.join("package.json"), run::read(&folder.join("package.json"))?)?;
        run(
            Command::new("npm").current_dir(&new).args(["ci", "--silent", "--ignore-scripts"]),
            "check that the npm registry can be reached",
        )?;
        std::fs::rename(&new, &place).map_err(|e| format!("{} could not be made ({e}).", place.display()))?;
    }
    say(&format!("npm packages for {name}: {}", place.display()));
    Ok(place)
}

/// Chromium, or Chrome, with its driver, for the browser tests.
fn browser() -> Result<()> {
    let browser = ["chromium", "google-chrome", "chrome"].iter().find_map(|name| find(name));
    if let (Some(browser), Some(_)) = (&browser, find("chromedriver")) {
        say(&format!("browser: {}", browser.display()));
        return Ok(());
    }
    apt(&["chromium", "chromium-driver"], "the browser tests drive a real one")
}

/// A software Vulkan device, on which the shaders are tested without a graphics card.
fn vulkan() -> Result<()> {
    if let Some(icd) = lavapipe() {
        say(&format!("software Vulkan: {}", icd.display()));
        return Ok(());
    }
    apt(&["libvulkan1", "mesa-vulkan-drivers"], "shaders are tested on a software device")
}

/// Mesa's description of its software device, where it is installed.
pub fn lavapipe() -> Option<PathBuf> {
    let dir = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?;
    let mut found: Vec<_> = dir.flatten().map(|e| e.path()).filter(|p| is_lavapipe(p)).collect();
    found.sort();
    found.into_iter().next()
}

fn is_lavapipe(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let foreign = name.contains('.') && name.matches('.').count() == 2 && !name.contains(std::env::consts::ARCH);
    name.starts_with("lvp_icd") && name.ends_with(".json") && !foreign
}

/// Installs the Debian packages that are missing.
pub fn apt(packages: &[&str], why: &str) -> Result<()> {
    let installed = |package: &&str| {
        output(Command::new("dpkg-query").args(["-Wf", "${db:Status-Status}", package])).as_deref() == Some("installed")
    };
    let missing: Vec<&str> = packages.iter().copied().filter(|p| !installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if find("apt-get").is_none() {
        return Err(format!(
            "{list} would come from Debian's packages ({why}), and there is no apt-get; install the equivalent by hand and try again."
        ));
    }
    say(&format!("installing {list} ({why})"));
    let root_user = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let by_hand = format!("run `sudo apt-get install --no-install-recommends {list}` yourself and try again");
    if !root_user && find("sudo").is_none() {
        return Err(format!("installing {list} needs root; {by_hand}."));
    }
    let apt_get = || {
        let mut command = if root_user {
            Command::new("env")
        } else {
            let mut sudo = Command::new("sudo");
            // Nobody is there to answer a question for a password when this is no terminal.
            if !std::io::stdin().is_terminal() {
                sudo.arg("-n");
            }
            sudo.arg("env");
            sudo
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]);
        command
    };
    // A list of packages that cannot be refreshed may still be good enough.
    let _ = apt_get().arg("update").status();
    let mut install = apt_get();
    install.args(["install", "--no-install-recommends"]).args(&missing).stdout(std::process::Stdio::null());
    run(&mut install, &by_hand)
}
