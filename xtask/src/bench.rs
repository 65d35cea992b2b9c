//! The benchmark against other engines: the site and their packages made ready, then `benches/peers/run.js`.

use crate::run::{self, Result, find, root, say};
use crate::setup::{self, Ready};
use crate::site::{self, Mode};
use std::process::Command;

/// Folder of the harness, with the lock file of what it needs.
const PEERS: &str = "benches/peers";

/// What is timed and how; `None` leaves it to the harness.
#[derive(Default)]
pub struct Options {
    pub rounds: Option<String>,
    pub ms: Option<String>,
    pub sizes: Option<String>,
    pub peers: Option<String>,
    pub python: Option<String>,
    /// Of `step`, `matmul` and `start`; all by default.
    pub only: Vec<String>,
    /// Takes the site in `dist/` as it is.
    pub built: bool,
}

const PARTS: &[&str] = &["step", "matmul", "start"];

impl Options {
    /// Fails when a part does not exist, before minutes are spent on the others.
    pub fn check(&self) -> Result<()> {
        match self.only.iter().find(|part| !PARTS.contains(&part.as_str())) {
            Some(part) => Err(format!("there is nothing called {part:?} to time; choose from {}.", PARTS.join(", "))),
            None => Ok(()),
        }
    }

    /// The flags as they are typed, and as the harness takes them too; without the place of a program, which differs
    /// between machines.
    fn flags(&self) -> Vec<String> {
        let named =
            [("--rounds", &self.rounds), ("--ms", &self.ms), ("--sizes", &self.sizes), ("--peers", &self.peers)];
        let given = named.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value.clone()?]));
        let only = self.only.iter().map(|part| ["--only".to_owned(), part.clone()]);
        given.chain(only).flatten().collect()
    }
}

/// Times everything that `options` ask for and writes `benches/record/`.
pub fn bench(ready: &Ready, options: &Options) -> Result<()> {
    let browsers = ["chromium", "google-chrome", "chrome"];
    let chromium = std::env::var_os("CHROME").map(Into::into).or_else(|| browsers.iter().find_map(|name| find(name)));
    let chromium = chromium.ok_or("no Chromium is on PATH; install it, or name it in CHROME.")?;
    let modules = setup::node_packages("peers", &root().join(PEERS))?;
    if options.built {
        say("timing the site in dist/ as it is");
        run::read(&site::dist().join("bench/index.html"))?;
    } else {
        site::build(ready, Mode::Release, true)?;
    }
    let typed: Vec<String> =
        ["cargo", "xtask", "bench"].map(str::to_owned).into_iter().chain(options.flags()).collect();
    let mut harness = Command::new("node");
    harness
        .arg(root().join(PEERS).join("run.js"))
        .arg("--site")
        .arg(site::dist())
        .arg("--modules")
        .arg(modules)
        .arg("--record")
        .arg(root().join("benches/record"))
        .arg("--chromium")
        .arg(chromium)
        .args(["--command", &typed.join(" ")])
        .args(options.flags());
    if let Some(python) = &options.python {
        harness.arg("--python").arg(python);
    }
    become_it(harness)
}

/// In place of this program, so that Ctrl-C reaches nobody else and nobody leaves before the record is written.
#[cfg(unix)]
fn become_it(mut harness: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(format!("node could not be started ({}).", harness.exec()))
}

#[cfg(not(unix))]
fn become_it(mut harness: Command) -> Result<()> {
    run::run(&mut harness, "its messages above say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_to_the_harness_as_they_came() {
        let options = Options {
            rounds: Some("2".into()),
            peers: Some("jaxjs".into()),
            only: vec!["step".into(), "start".into()],
            ..Options::default()
        };
        options.check().unwrap();
        assert_eq!(options.flags().join(" "), "--rounds 2 --peers jaxjs --only step --only start");
        let why = Options { only: vec!["stairs".into()], ..Options::default() }.check().unwrap_err();
        assert!(why.contains("stairs") && why.contains("step, matmul, start"), "{why}");
    }
}
