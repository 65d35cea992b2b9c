//! Tidiness: what reviewers would otherwise say again and again, checked over the files of the repository.

use paretoscope::balance::METHODS;
use paretoscope::config::{link::KEYS, presets::PRESETS};
use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", "dist", "node_modules", ".git"];
/// Modules that know no clock and no thread: a run is a function of its configuration.
const TIMELESS: &[&str] = &["balance", "data", "problem", "nn", "kernels", "measure", "train", "landscape", "config"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository with its path from the root, sorted.
fn files() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![root().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    open.push(path);
                }
            } else if !name.starts_with(".tmp") {
                let relative = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push((relative, path));
            }
        }
    }
    found.sort();
    found
}

/// Files whose names end in one of these, as text.
fn texts(endings: &[&str]) -> Vec<(String, String)> {
    let wanted = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
    let read = |(name, path): (String, PathBuf)| fs::read_to_string(path).ok().map(|text| (name, text));
    files().into_iter().filter(|(name, _)| wanted(name)).filter_map(read).collect()
}

fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_default()
}

/// Fails with all findings at once, one a line.
#[track_caller]
fn check(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn files_open_with_a_sentence() {
    let mut findings = Vec::new();
    for (name, text) in texts(&[".rs", ".wgsl"]) {
        let opening = if name.ends_with(".rs") { "//! " } else { "// " };
        let first = text.lines().next().unwrap_or_default();
        // The sentence may go on in the second line, but it starts in the first.
        let block: String = text.lines().take_while(|line| line.starts_with(opening.trim_end())).collect();
        let starts = first.strip_prefix(opening).and_then(|rest| rest.chars().next());
        let well = starts.is_some_and(|c| c.is_alphanumeric() || "`[".contains(c)) && block.contains(['.', ':', '?']);
        if !well {
            findings.push(format!("{name}:1 does not say in a sentence what it is: {first}"));
        }
    }
    check(findings);
}

#[test]
fn words_that_have_no_place() {
    // Written in two halves, or this file would find itself.
    let code: Vec<String> =
        [["todo", "!("], ["unimplemented", "!("], ["dbg", "!("], ["#[igno", "re"], ["#[should_", "panic"]]
            .iter()
            .map(|halves| halves.concat())
            .collect();
    let places: Vec<String> = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]].iter().map(|h| h.concat()).collect();
    let mut findings = Vec::new();
    for (name, text) in texts(&[".rs", ".wgsl"]) {
        for (at, line) in text.lines().enumerate() {
            if let Some(word) = code.iter().find(|word| line.contains(word.as_str())) {
                findings.push(format!("{name}:{} has {word}", at + 1));
            }
        }
    }
    for (name, text) in texts(&[".rs", ".wgsl", ".toml", ".md", ".html", ".css", ".js", ".txt", ".sh", ".ci/run"]) {
        for (at, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(place.as_str())) {
                findings.push(format!("{name}:{} names a place on one machine: {place}", at + 1));
            }
        }
    }
    check(findings);
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    let drawers = ["utils", "util", "helpers", "misc", "common_utils"];
    let stem = |name: &str| Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let is_drawer = |name: &str| {
        name.ends_with(".rs")
            && (stem(name).is_some_and(|stem| drawers.contains(&stem.as_str())) || name.contains("/utils/"))
    };
    check(files().into_iter().map(|(name, _)| name).filter(|name| is_drawer(name)).collect());
}

#[test]
fn lines_fit_and_hold_no_tab() {
    let mut findings = Vec::new();
    for (name, text) in texts(&[".rs", ".wgsl"]) {
        for (at, line) in text.lines().enumerate() {
            let length = line.chars().count();
            // Like rustfmt, leave literals and markup alone: breaking those does not make them easier to read.
            let is_code = !line.contains('"') && !line.contains("view! {");
            if length > 120 && is_code && !line.contains("https://") {
                findings.push(format!("{name}:{} is {length} characters long", at + 1));
            }
            if line.contains('\t') {
                findings.push(format!("{name}:{} holds a tab", at + 1));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            findings.push(format!("{name} does not end with a line break"));
        }
    }
    check(findings);
}

#[test]
fn the_engine_reads_no_clock_and_starts_no_thread() {
    let words = ["std::time", "std::thread", "std::env", "SystemTime", "web_sys", "js_sys", "leptos"];
    let mut findings = Vec::new();
    for (name, text) in texts(&[".rs"]) {
        if !TIMELESS.iter().any(|module| name.starts_with(&format!("src/{module}/"))) {
            continue;
        }
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                findings.push(format!("{name}:{} uses {word}", at + 1));
            }
        }
    }
    check(findings);
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = file("ARCHITECTURE.md");
    assert!(!reasons.is_empty(), "ARCHITECTURE.md is missing");
    let mut in_dependencies = false;
    let mut findings = Vec::new();
    for line in file("Cargo.toml").lines().chain(file("xtask/Cargo.toml").lines()) {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        } else if let (true, Some((name, _))) = (in_dependencies, line.split_once('=')) {
            let name = name.trim().split('.').next().unwrap_or_default();
            // As code or as a word of its own, so that `serde` is not found in `serde_json`.
            let named =
                reasons.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).any(|word| word == name);
            if !name.starts_with('#') && !named {
                findings.push(format!("ARCHITECTURE.md does not say why there is {name}"));
            }
        }
    }
    check(findings);
}

/// Stems of the files of a folder that end in `ending`, sorted.
fn stems(folder: &str, ending: &str) -> Vec<String> {
    let folder = format!("{folder}/");
    let stem = |(name, _): (String, PathBuf)| {
        let rest = name.strip_prefix(&folder)?.strip_suffix(ending)?.to_string();
        (!rest.contains('/')).then_some(rest)
    };
    files().into_iter().filter_map(stem).collect()
}

#[test]
fn every_kernel_has_its_twin() {
    let shaders = stems("shaders", ".wgsl");
    assert!(!shaders.is_empty(), "shaders/ holds no kernel");
    let kernels = stems("src/kernels", ".rs");
    let lonely = shaders.iter().filter(|name| *name != "common" && !kernels.contains(name));
    check(lonely.map(|name| format!("shaders/{name}.wgsl has no twin src/kernels/{name}.rs")).collect());
}

#[test]
fn every_method_has_its_file_and_every_file_its_line() {
    let registry = file("src/balance/mod.rs");
    let mut findings = Vec::new();
    for method in METHODS {
        if !root().join(format!("src/balance/{}.rs", method.id)).is_file() {
            findings.push(format!("the method {} has no file src/balance/{}.rs", method.id, method.id));
        }
    }
    for stem in stems("src/balance", ".rs") {
        let declares = file(&format!("src/balance/{stem}.rs")).contains("pub const METHOD: Method");
        if declares && !registry.contains(&format!("{stem}::METHOD")) {
            findings.push(format!("src/balance/{stem}.rs has no line in METHODS"));
        }
    }
    check(findings);
}

#[test]
fn the_pages_of_the_repository_exist() {
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
    let mut findings = Vec::new();
    for page in pages {
        if file(page).trim().is_empty() {
            findings.push(format!("{page} is missing"));
        }
    }
    let readme = file("README.md");
    for part in ["cargo xtask serve", "cargo xtask test", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        if !readme.contains(part) {
            findings.push(format!("README.md does not mention {part}"));
        }
    }
    if !readme.contains(&format!("{} multi-task optimizers", METHODS.len())) {
        findings.push(format!("README.md does not say that there are {} methods", METHODS.len()));
    }
    if readme.lines().count() > 120 {
        findings.push("README.md is longer than 120 lines".into());
    }
    for page in pages.into_iter().filter(|page| page.ends_with(".md")) {
        for target in relative_links(&file(page)) {
            if !root().join(&target).exists() {
                findings.push(format!("{page} links to {target}, which does not exist"));
            }
        }
    }
    check(findings);
}

/// Targets of Markdown links and pictures that are paths in the repository.
fn relative_links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let path = targets.map(|target| target.split('#').next().unwrap_or_default().to_string());
    path.filter(|path| !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:")).collect()
}

#[test]
fn registered_names_appear_nowhere_twice() {
    let mut ids: Vec<&str> = METHODS.iter().map(|method| method.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.name).chain(PRESETS.iter().map(|preset| preset.id)).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}
