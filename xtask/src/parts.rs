//! The page's program in parts: what the first picture needs, and what the page asks for later.
//!
//! Trunk builds the page whole, since it knows no parts; its HTML, names and hashes are kept. The linker's output
//! of the same build is then divided at the functions that are marked `#[wasm_split]` (`src/app/later.rs`), and
//! takes the place of the whole. Dividing needs relocations (`build.rs` asks the linker for them) and comes before
//! wasm-bindgen, which drops them.

use crate::run::{self, Result, run, say};
use crate::rust::TARGET;
use crate::setup::Ready;
use crate::site::Mode;
use std::path::Path;
use std::time::Instant;

/// The page's binary and the beginning of its files' names in the site.
const PROGRAM: &str = "app";
/// What the divider calls a part's file, in front of the name in `#[wasm_split]`.
const PART: &str = "split_";

/// Puts the parts in the place of the whole program that Trunk left in `dist`.
pub fn divide(ready: &Ready, dist: &Path, mode: Mode) -> Result<()> {
    let start = Instant::now();
    let name = whole(dist)?;
    let profile = if mode == Mode::Release { "page" } else { "debug" };
    let linked = run::read(&run::target_dir().join(TARGET).join(profile).join(format!("{PROGRAM}.wasm")))?;
    let work = run::target_dir().join("parts");
    run::remove(&work)?;
    let first = work.join(format!("{name}.wasm"));
    let (script, loader) = (format!("{name}.js"), format!("{name}_parts.js"));
    let (main_module, link_name) = (format!("./{script}"), format!("./{loader}"));
    let mut options = wasm_split_cli_support::Options::new(&linked);
    options.output_dir = &work;
    options.main_out_path = &first;
    options.main_module = &main_module;
    options.link_name = &link_name;
    let parts = wasm_split_cli_support::transform(options)
        .map_err(|e| format!("the page's program could not be divided ({e:#}); look at src/app/later.rs."))?
        .split_modules;
    if parts.is_empty() {
        return Err("the page's program has no parts; src/app/later.rs marks where it is divided.".into());
    }
    let bound = work.join("site");
    run(
        ready
            .rust
            .command("wasm-bindgen")
            // The other parts share the table of functions, whose export it would take away.
            .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-dir"])
            .arg(&bound)
            .arg(&first),
        "wasm-bindgen's message above says why",
    )?;
    let code = format!("{name}_bg.wasm");
    put(ready, &bound.join(&code), &dist.join(&code), mode)?;
    run::write(&dist.join(&script), run::read(&bound.join(&script))?)?;
    let mut text = run::read_text(&work.join(&loader))?;
    for part in &parts {
        let file = part.file_name().unwrap_or_default().to_string_lossy();
        // A name with the hash, as the program's own files have one: no cache mixes two builds.
        let own = format!("{name}_{}", file.strip_prefix(PART).unwrap_or(&file));
        put(ready, part, &dist.join(&own), mode)?;
        text = text.replace(&format!("\"./{file}\""), &format!("\"./{own}\""));
    }
    run::write(&dist.join(&loader), text)?;
    let page = dist.join("index.html");
    run::write(&page, with_preload(&run::read_text(&page)?, &script, &loader)?)?;
    say(&format!("page's program divided in {}", run::duration(start.elapsed())));
    Ok(())
}

/// Copies a module, made small where the build optimizes.
fn put(ready: &Ready, from: &Path, to: &Path, mode: Mode) -> Result<()> {
    if mode == Mode::Dev {
        return run::write(to, run::read(from)?);
    }
    run(ready.rust.command("wasm-opt").arg("-Oz").arg(from).arg("-o").arg(to), "wasm-opt's message above says why")
}

/// The page that fetches `loader` together with the program's `script`, which would ask for it only when it is here.
fn with_preload(page: &str, script: &str, loader: &str) -> Result<String> {
    let address = format!("href=\"./{script}\"");
    let mut links = page.split_inclusive('>').filter(|tag| tag.contains("\"modulepreload\"") && tag.contains(&address));
    let tag = links.next().ok_or("Trunk's page preloads no script; look at its link in index.html.")?.trim_start();
    Ok(page.replacen(tag, &format!("{tag}{}", tag.replace(script, loader)), 1))
}

/// The name of Trunk's files, with their hash: `app-0123456789abcdef`.
fn whole(dist: &Path) -> Result<String> {
    let entries = std::fs::read_dir(dist).map_err(|e| format!("{} could not be listed ({e}).", dist.display()))?;
    let names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    let mut own = names.filter_map(|name| Some(name.strip_suffix("_bg.wasm")?.to_owned()));
    own.find(|name| name.starts_with(&format!("{PROGRAM}-")))
        .ok_or_else(|| "Trunk did not write the page's program; look at its link in index.html.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_fetched_with_the_script() {
        let page = "<head><title>x</title><link rel=\"modulepreload\" href=\"./a.js\"></head>";
        let got = with_preload(page, "a.js", "a_parts.js").unwrap();
        assert!(got.contains("href=\"./a.js\"><link rel=\"modulepreload\" href=\"./a_parts.js\"></head>"), "{got}");
        assert!(with_preload("<head></head>", "a.js", "b.js").is_err());
    }
}
