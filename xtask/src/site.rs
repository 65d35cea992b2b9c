//! The static site in `dist/`: Trunk's output, and what Trunk does not do.
//!
//! Trunk builds one page. The embed is the same page with another base, so that one build of the code
//! serves both; other pages come from www/ as they are. Afterwards the files that Trunk leaves without a
//! hash get one as `?v=`, and the content security policy learns the hashes of the inline scripts,
//! so that it can forbid every other.

use crate::parts;
use crate::run::{self, Result, root, run, say};
use crate::setup::Ready;
use crate::variants::{RELAXED, THREADS};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Pages that are the app's page seen from one folder below.
const BELOW: &[&str] = &["embed"];
/// Some mail programs escape the `#` of a link, which then leads to a file that is not there. The
/// page for missing files puts it back, at any depth, before it asks for anything else.
const REPAIR: &str = "{ const { pathname, search } = location, at = pathname.search(/%23/); \
    if (at >= 0) location.replace(pathname.slice(0, at) + search + '#' + pathname.slice(at + 3)); }";
/// Where the policy in index.html takes the hashes.
const INLINE_SCRIPTS: &str = "'inline-scripts'";
/// The mark that index.html leaves for the build's hash.
const BUILD_MARK: &str = "<meta name=\"paretoscope-build\" content=\"\"";

/// How much the build optimizes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Release,
    Dev,
}

/// The folder that `build` fills.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Builds the whole site; `with_threads` with the program for isolated pages.
pub fn build(ready: &Ready, mode: Mode, with_threads: bool) -> Result<()> {
    let start = Instant::now();
    ready.rust.drop_stale_objects()?;
    let fetch = ["fetch", "--quiet", "--locked"];
    run(
        ready.rust.cargo().args(fetch),
        "check that the crate registry can be reached and that Cargo.lock is the committed one",
    )?;
    let mut trunk = ready.rust.command("trunk");
    trunk.args(["build", "--offline"]).env_remove("NO_COLOR");
    if mode == Mode::Release {
        trunk.arg("--release");
    }
    run(&mut trunk, "the compiler's message above says why")?;
    parts::divide(ready, &dist(), mode)?;
    if mode == Mode::Release {
        RELAXED.build(ready, &dist())?;
    }
    if with_threads {
        THREADS.build(ready, &dist())?;
    }
    finish(&dist())?;
    say(&format!("site built in {} in {}", dist().display(), run::duration(start.elapsed())));
    Ok(())
}

/// Everything after Trunk.
fn finish(dist: &Path) -> Result<()> {
    let copied = copy_new(&root().join("www"), dist)?;
    let build = stamp(dist)?;
    write_loader(dist, &build)?;
    let shell = run::read_text(&dist.join("index.html"))?;
    if !shell.contains(BUILD_MARK) {
        return Err(format!("index.html has no `{BUILD_MARK}`; put it back, the page needs it to name its worker."));
    }
    let filled = format!("<meta name=\"paretoscope-build\" content=\"{build}\"");
    let shell = with_versions(&shell.replace(BUILD_MARK, &filled), &copied, &build);
    run::write(&dist.join("index.html"), with_policy(&shell)?)?;
    // Pages of the guide lie one folder below what they load.
    for page in copied.iter().filter(|name| name.ends_with(".html")) {
        let page = dist.join(page);
        run::write(&page, with_versions(&run::read_text(&page)?, &copied, &build))?;
    }
    let missing = at_head(&shell, &format!("<script>{REPAIR}</script>"))?;
    run::write(&dist.join("404.html"), with_policy(&missing)?)?;
    for folder in BELOW {
        let page = at_head(&shell, "<base href=\"../\" />")?;
        run::write(&dist.join(folder).join("index.html"), with_policy(&page)?)?;
    }
    Ok(())
}

/// Copies `from` into `to`, and refuses to overwrite what Trunk made. HTML pages among the copied
/// files get their policy like the rest. Gives back the files' addresses.
fn copy_new(from: &Path, to: &Path) -> Result<Vec<String>> {
    let mut copied = Vec::new();
    for file in files(from)? {
        let relative = file.strip_prefix(from).unwrap_or(&file);
        let target = to.join(relative);
        if target.exists() {
            return Err(format!(
                "www/{} would overwrite a file of the build; give it another name.",
                relative.display()
            ));
        }
        let bytes = run::read(&file)?;
        match String::from_utf8(bytes) {
            Ok(text) if text.contains(INLINE_SCRIPTS) => run::write(&target, with_policy(&text)?)?,
            Ok(text) => run::write(&target, text)?,
            Err(e) => run::write(&target, e.as_bytes())?,
        }
        copied.push(relative.to_string_lossy().replace('\\', "/"));
    }
    Ok(copied)
}

/// The page with `?v=` on the scripts and styles that keep their names, so that no cache mixes two
/// builds.
fn with_versions(page: &str, copied: &[String], build: &str) -> String {
    let code = copied.iter().filter(|name| name.ends_with(".css") || name.ends_with(".js"));
    code.fold(page.to_owned(), |page, name| {
        let page = page.replace(&format!("=\"{name}\""), &format!("=\"{name}?v={build}\""));
        page.replace(&format!("=\"../{name}\""), &format!("=\"../{name}?v={build}\""))
    })
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{} could not be listed ({e}).", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A hash of every file of the site but its pages, which carry it.
fn stamp(dist: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files(dist)?.iter().filter(|f| f.extension().is_none_or(|e| e != "html")) {
        let name = file.strip_prefix(dist).unwrap_or(file).to_string_lossy().into_owned();
        let bytes = run::read(file)?;
        hash.update(format!("{name}\0{}\0", bytes.len()));
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect())
}

/// A module of one function that multiplies and adds at once, which only browsers with relaxed SIMD find valid.
const RELAXED_PROBE: [u8; 40] = [
    0, 97, 115, 109, 1, 0, 0, 0, // a module of version 1
    1, 5, 1, 96, 0, 1, 123, // a function without parameters that gives a vector
    3, 2, 1, 0, // is the only one
    10, 19, 1, 17, 0, // and has no locals:
    65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, // three vectors of zeros
    253, 133, 2,  // f32x4.relaxed_madd
    11, // end
];

/// The worker's first script. It takes the program that knows GPUs only where there is an adapter, else the one with
/// threads where the page is isolated, else that with relaxed SIMD where the browser has it. A benchmark gets the
/// program of what it times: that of the adapter, threads where it asks for some, or one without either. A hand
/// (`src/worker/hands.rs`) trains on the CPU alone, and a thread (`src/worker/team.rs`) waits for the program and the
/// memory of the worker that started it. Trunk's own loaders know neither that, nor version, nor failure: an error here
/// has to reach the page's `onerror`, which a rejected promise in a worker does not.
fn write_loader(dist: &Path, build: &str) -> Result<()> {
    let own = dist.join("worker_gpu_loader.js");
    let loader = dist.join("worker_loader.js");
    let programs = ["worker", "worker_gpu"];
    for program in programs {
        for needed in [format!("{program}_loader.js"), format!("{program}.js"), format!("{program}_bg.wasm")] {
            if !dist.join(&needed).is_file() {
                return Err(format!("Trunk did not write {needed}; look at the workers' links in index.html."));
            }
        }
    }
    std::fs::remove_file(&own).map_err(|e| format!("{} could not be removed ({e}).", own.display()))?;
    let [without, with] = programs;
    let (relaxed, shared) = (RELAXED.program, THREADS.program);
    let (has_relaxed, has_threads) = (RELAXED.is_built(dist), THREADS.is_built(dist));
    let text = format!(
        "{{\n\
         const fail = (error) => setTimeout(() => {{ throw error; }});\n\
         const load = (program) => importScripts(`./${{program}}.js?v={build}`);\n\
         const relaxes = WebAssembly.validate(new Uint8Array({RELAXED_PROBE:?}));\n\
         const start = async () => {{\n\
         \x20 const asked = self.location.search;\n\
         \x20 const times = asked.includes(\"&bench&\");\n\
         \x20 const isHand = self.name === \"hand\";\n\
         \x20 const onCpu = isHand || (times && !asked.includes(\"&backend=gpu\"));\n\
         \x20 const shares = {has_threads} && relaxes && self.crossOriginIsolated && !isHand;\n\
         \x20 const wantsThreads = !times || asked.includes(\"&threads=\");\n\
         \x20 const isPlain = asked.includes(\"&arithmetic=separate\");\n\
         \x20 const adapter = onCpu ? null : await self.navigator.gpu?.requestAdapter().catch(() => null);\n\
         \x20 const program = adapter ? \"{with}\"\n\
         \x20   : shares && wantsThreads ? \"{shared}\"\n\
         \x20   : {has_relaxed} && relaxes && !isPlain ? \"{relaxed}\"\n\
         \x20   : \"{without}\";\n\
         \x20 load(program);\n\
         \x20 const code = new URL(`./${{program}}_bg.wasm?v={build}`, self.location.href);\n\
         \x20 await wasm_bindgen({{ module_or_path: code }});\n\
         }};\n\
         const join = async ([module, memory]) => {{\n\
         \x20 load(\"{shared}\");\n\
         \x20 await wasm_bindgen({{ module_or_path: module, memory }});\n\
         \x20 wasm_bindgen.serveTeam();\n\
         }};\n\
         if (self.name === \"thread\") self.onmessage = ({{ data }}) => join(data).catch(fail);\n\
         else start().catch(fail);\n\
         }}\n"
    );
    run::write(&loader, text)
}

/// The page with `text` before everything else in its head, so that it comes before the first address.
fn at_head(page: &str, text: &str) -> Result<String> {
    let head = page.find("<head>").ok_or("index.html has no <head>; put it back.")? + "<head>".len();
    Ok(format!("{}{text}{}", &page[..head], &page[head..]))
}

/// The page with the hashes of its inline scripts in its policy.
fn with_policy(page: &str) -> Result<String> {
    if !page.contains(INLINE_SCRIPTS) {
        return Err(format!("index.html's policy has no {INLINE_SCRIPTS}; put it back, or the page may not start."));
    }
    let hashes: Vec<String> =
        inline_scripts(page).map(|script| format!("'sha256-{}'", base64(&Sha256::digest(script)))).collect();
    // An empty list of hashes allows nothing, which is what a page without inline scripts needs.
    // Only the policy's mark is meant: a comment may speak of it too.
    let at = page.find("script-src").and_then(|s| Some(s + page[s..].find(INLINE_SCRIPTS)?));
    let at = at.ok_or("index.html's policy has no script-src; put it back.")?;
    Ok(format!("{}{}{}", &page[..at], hashes.join(" "), &page[at + INLINE_SCRIPTS.len()..]))
}

/// The text of every `<script>` without `src`. Data blocks are hashed too, which does no harm.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script>")?;
        (!tag.contains("src=")).then_some(text)
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = u32::from_be_bytes([0, chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)]);
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_standard() {
        #[track_caller]
        fn check(plain: &str, expect: &str) {
            assert_eq!(base64(plain.as_bytes()), expect);
        }
        // RFC 4648, section 10.
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foob", "Zm9vYg==");
        check("foobar", "Zm9vYmFy");
    }

    #[test]
    fn the_policy_names_each_inline_script_and_no_other() {
        let page = "<head><meta content=\"script-src 'self' 'inline-scripts'\"></head>\
                    <script type=\"module\">a</script><script src=\"x.js\"></script>";
        let expect = format!("script-src 'self' 'sha256-{}'\"", base64(&Sha256::digest("a")));
        let got = with_policy(page).unwrap();
        assert!(got.contains(&expect), "{got}");
        assert!(with_policy("<head></head>").is_err());
        assert!(with_policy("<!-- 'inline-scripts' --><head></head>").is_err());
    }

    #[test]
    fn scripts_and_styles_from_www_carry_the_build() {
        let copied = ["app.css", "data/x.csv"].map(str::to_owned);
        let got = with_versions("<link href=\"app.css\" /><a href=\"data/x.csv\">", &copied, "7");
        assert_eq!(got, "<link href=\"app.css?v=7\" /><a href=\"data/x.csv\">");
        assert_eq!(with_versions("<link href=\"../app.css\" />", &copied, "7"), "<link href=\"../app.css?v=7\" />");
    }

    #[test]
    fn a_page_below_has_its_base_first() {
        let got = at_head("<html><head><link href=\"./x\"></head>", "<base href=\"../\" />").unwrap();
        assert_eq!(got, "<html><head><base href=\"../\" /><link href=\"./x\"></head>");
        assert!(at_head("<html>", "x").is_err());
    }
}
