//! Everything CI runs, in layers: each says what it is, how long it took and whether it held.

use crate::run::{self, Result, find, root, run, say};
use crate::rust::TARGET;
use crate::setup::{Ready, lavapipe};
use crate::{site, size};
use std::process::Command;
use std::time::{Duration, Instant};

/// What the native tests of everything but the page are built with. The browser tests share them,
/// so that the library is compiled once for both.
const NATIVE: &str = "gpu,plots,cli,e2e";

/// One layer of the gate.
struct Layer {
    id: &'static str,
    what: &'static str,
    /// A layer that makes no sense after this one failed.
    needs: Option<&'static str>,
    run: fn(&Ready) -> Result<()>,
}

const LAYERS: &[Layer] = &[
    Layer { id: "fmt", what: "formatting", needs: None, run: fmt },
    Layer { id: "clippy", what: "lints, native and wasm32", needs: None, run: clippy },
    Layer { id: "xtask", what: "tests of these commands", needs: None, run: own },
    Layer { id: "engine", what: "tests without features", needs: None, run: engine },
    Layer { id: "native", what: "tests with shaders, plots and command line", needs: None, run: native },
    Layer { id: "site", what: "build of the site", needs: None, run: site },
    Layer {
        id: "size",
        what: "compressed size against the budget",
        needs: Some("site"),
        run: |_| size::check(&site::dist()),
    },
    Layer { id: "e2e", what: "a real browser on the built site", needs: Some("site"), run: e2e },
];

/// Fails when a name is no layer's, before minutes are spent on the others.
pub fn check_names(only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|id| LAYERS.iter().all(|l| l.id != **id)) {
        let known: Vec<_> = LAYERS.iter().map(|l| l.id).collect();
        return Err(format!("there is no layer {unknown:?}; the layers are {}.", known.join(", ")));
    }
    Ok(())
}

/// Runs every layer, or only the named ones, and fails if one of them does.
pub fn test(ready: &Ready, only: &[String]) -> Result<()> {
    ready.rust.drop_stale_objects()?;
    let start = Instant::now();
    let mut done: Vec<(&Layer, Outcome, Duration)> = Vec::new();
    for layer in LAYERS.iter().filter(|l| only.is_empty() || only.iter().any(|id| id == l.id)) {
        let blocked =
            layer.needs.filter(|id| done.iter().any(|(l, o, _)| l.id == *id && !matches!(o, Outcome::Passed)));
        let layer_start = Instant::now();
        let outcome = if let Some(cause) = blocked {
            Outcome::Failed(format!("not run, since {cause} failed."))
        } else {
            println!("\n== {}: {}", layer.id, layer.what);
            match (layer.run)(ready) {
                Ok(()) => Outcome::Passed,
                Err(message) => Outcome::Failed(message),
            }
        };
        if let Outcome::Failed(message) = &outcome {
            eprintln!("xtask: {}: {message}", layer.id);
        }
        done.push((layer, outcome, layer_start.elapsed()));
    }
    println!();
    for (layer, outcome, time) in &done {
        let word = if matches!(outcome, Outcome::Passed) { "ok" } else { "FAILED" };
        println!("{word:<7} {:<7} {:>12}  {}", layer.id, run::duration(*time), layer.what);
    }
    println!("        {:<7} {:>12}", "total", run::duration(start.elapsed()));
    let failed: Vec<_> = done.iter().filter(|(_, o, _)| !matches!(o, Outcome::Passed)).map(|(l, _, _)| l.id).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("these layers failed: {}.", failed.join(", "))) }
}

enum Outcome {
    Passed,
    Failed(String),
}

/// Reruns the snapshot tests so that they accept what they see, and takes the README's picture from
/// the browser tests' artifacts.
pub fn bless(ready: &Ready) -> Result<()> {
    let mut tests = with_gpu(native_tests(ready));
    run(tests.env("INSTA_UPDATE", "always"), "tests other than snapshots have to be mended by hand")?;
    let shot = run::target_dir().join("e2e/readme.png");
    if shot.is_file() {
        run::write(&root().join("docs/screenshot.png"), run::read(&shot)?)?;
        say("docs/screenshot.png is now the browser tests' picture");
    } else {
        say("there is no target/e2e/readme.png: run `cargo xtask test --only site --only e2e`, then bless again");
    }
    Ok(())
}

fn fmt(ready: &Ready) -> Result<()> {
    run(ready.rust.cargo().args(["fmt", "--all", "--check"]), "run `cargo fmt --all`")
}

fn clippy(ready: &Ready) -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    let native = format!("--features={NATIVE}");
    let wasm = format!("--target={TARGET}");
    let sets: &[&[&str]] = &[
        &["-p", "xtask", "--all-targets"],
        &["--lib"],
        &["--all-targets", &native],
        &[&wasm, "--bin=app", "--features=app"],
        &[&wasm, "--bin=worker", "--features=worker"],
        &[&wasm, "--bin=worker_gpu", "--features=worker,gpu"],
    ];
    // All of them, so that one run shows every complaint.
    let failures: Vec<String> = sets
        .iter()
        .filter_map(|set| {
            run(ready.rust.cargo().args(["clippy", "--quiet", "--locked"]).args(*set).args(deny), "").err()
        })
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(format!("{} of {} sets have complaints above.", failures.len(), sets.len()))
    }
}

fn own(ready: &Ready) -> Result<()> {
    run(ready.rust.cargo().args(["test", "--quiet", "--locked", "-p", "xtask"]), "the failed tests are named above")
}

fn engine(ready: &Ready) -> Result<()> {
    run(ready.rust.cargo().args(["test", "--locked"]), "the failed tests are named above")
}

fn native_tests(ready: &Ready) -> Command {
    let mut tests = ready.rust.cargo();
    tests.args(["test", "--locked", "--features", NATIVE, "--lib", "--bins", "--test", "it"]);
    tests
}

fn native(ready: &Ready) -> Result<()> {
    run(&mut with_gpu(native_tests(ready)), "the failed tests are named above")
}

/// Shader tests take the software device unless the person chose another, and must find one.
fn with_gpu(mut tests: Command) -> Command {
    tests.env("REQUIRE_GPU", "1");
    if std::env::var_os("VK_ICD_FILENAMES").is_none()
        && std::env::var_os("VK_DRIVER_FILES").is_none()
        && let Some(icd) = lavapipe()
    {
        tests.env("VK_ICD_FILENAMES", icd);
    }
    tests
}

fn site(ready: &Ready) -> Result<()> {
    site::build(ready, site::Mode::Release, true)
}

fn e2e(ready: &Ready) -> Result<()> {
    let mut tests = ready.rust.cargo();
    tests.args(["test", "--locked", "--features", NATIVE, "--test", "e2e"]);
    // One browser at a time: several on few cores would spoil every test that measures time.
    tests.args(["--", "--test-threads=1"]);
    tests.env("PARETOSCOPE_DIST", site::dist());
    tests.env("PARETOSCOPE_ARTIFACTS", run::target_dir().join("e2e"));
    for (variable, names) in
        [("CHROMEDRIVER", &["chromedriver"][..]), ("CHROME", &["chromium", "google-chrome", "chrome"])]
    {
        if std::env::var_os(variable).is_none()
            && let Some(path) = names.iter().find_map(|n| find(n))
        {
            tests.env(variable, path);
        }
    }
    run(&mut tests, "the failed tests are named above, their screenshots are in target/e2e")
}
