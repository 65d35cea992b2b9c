//! The commands that set up, build, serve and prove Paretoscope, so that a machine with git and cargo needs no other.

mod bench;
mod gate;
mod parts;
mod run;
mod rust;
mod server;
mod setup;
mod site;
mod size;
mod variants;

use lexopt::prelude::*;
use run::{Result, say};
use setup::Purpose;
use site::Mode;
use std::net::TcpListener;
use std::process::{Command, ExitCode};
use std::sync::Arc;

const HELP: &str = "\
cargo xtask COMMAND

  serve [--open] [--port N] [--dev] [--threads]
                                      build the page and serve it on 127.0.0.1
  test [--only LAYER]...              everything CI runs
  build [--dev] [--threads]           the static site in dist/; with a program for pages that are cross-origin
                                      isolated, whose kernels share several threads
  setup [--for serve|test]            only find or install what is needed (default: test)
  bench [--rounds N] [--ms N] [--sizes S,M,L,XL] [--peers NAME,...] [--only step|matmul|start]... [--built]
        [--python PROGRAM]            time our engine and others in one browser, into benches/record/
  size                                compressed size of dist/ against the budget
  bless                               accept the tests' new snapshots and the README's picture

PARETOSCOPE_WASM_STD=auto|rustup|debian says where the compiler's wasm32 library comes from.
Tools are kept in ${XDG_CACHE_HOME:-~/.cache}/paretoscope.";

/// Where `serve` starts to look for a free port.
const PORT: u16 = 8080;

enum Action {
    Help,
    Setup(Purpose),
    Build { mode: Mode, threads: bool },
    Serve { mode: Mode, threads: bool, port: Option<u16>, open: bool },
    Test { only: Vec<String> },
    Bench(bench::Options),
    Size,
    Bless,
}

fn main() -> ExitCode {
    let action = match parse() {
        Ok(action) => action,
        Err(e) => {
            eprintln!("xtask: {e}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match perform(action) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> std::result::Result<Action, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut command: Option<String> = None;
    let (mut mode, mut port, mut open, mut only, mut purpose) = (Mode::Release, None, false, Vec::new(), Purpose::Test);
    let mut threads = false;
    let mut timed = bench::Options::default();
    while let Some(arg) = parser.next()? {
        let c = command.as_deref().unwrap_or_default();
        match arg {
            Short('h') | Long("help") => return Ok(Action::Help),
            Value(v) if command.is_none() => command = Some(v.string()?),
            Long("dev") if matches!(c, "build" | "serve") => mode = Mode::Dev,
            Long("release") if matches!(c, "build" | "serve") => mode = Mode::Release,
            Long("threads") if matches!(c, "build" | "serve") => threads = true,
            Long("port") if c == "serve" => port = Some(parser.value()?.parse()?),
            Long("open") if c == "serve" => open = true,
            Long("only") if c == "test" => only.push(parser.value()?.string()?),
            Long("only") if c == "bench" => timed.only.push(parser.value()?.string()?),
            Long("rounds") if c == "bench" => timed.rounds = Some(parser.value()?.string()?),
            Long("ms") if c == "bench" => timed.ms = Some(parser.value()?.string()?),
            Long("sizes") if c == "bench" => timed.sizes = Some(parser.value()?.string()?),
            Long("peers") if c == "bench" => timed.peers = Some(parser.value()?.string()?),
            Long("python") if c == "bench" => timed.python = Some(parser.value()?.string()?),
            Long("built") if c == "bench" => timed.built = true,
            Long("for") if c == "setup" => {
                purpose = match &*parser.value()?.string()? {
                    "serve" => Purpose::Serve,
                    "test" => Purpose::Test,
                    other => return Err(format!("--for takes serve or test, not {other:?}").into()),
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(match command.as_deref() {
        None | Some("help") => Action::Help,
        Some("setup") => Action::Setup(purpose),
        Some("build") => Action::Build { mode, threads },
        Some("serve") => Action::Serve { mode, threads, port, open },
        Some("test") => Action::Test { only },
        Some("bench") => Action::Bench(timed),
        Some("size") => Action::Size,
        Some("bless") => Action::Bless,
        Some(other) => return Err(format!("there is no command {other:?}").into()),
    })
}

fn perform(action: Action) -> Result<()> {
    match action {
        Action::Help => println!("{HELP}"),
        Action::Setup(purpose) => drop(setup::ensure(purpose)?),
        Action::Build { mode, threads } => {
            site::build(&setup::ensure(Purpose::Serve)?, mode, threads)?;
            if mode == Mode::Release {
                size::check(&site::dist())?;
            }
        }
        Action::Serve { mode, threads, port, open } => {
            // Before the build, so that a taken port is known at once and not after minutes.
            let listener = listen(port)?;
            site::build(&setup::ensure(Purpose::Serve)?, mode, threads)?;
            serve(&listener, open, threads)?;
        }
        Action::Test { only } => {
            gate::check_names(&only)?;
            gate::test(&setup::ensure(Purpose::Test)?, &only)?;
        }
        Action::Bench(options) => {
            options.check()?;
            bench::bench(&setup::ensure(Purpose::Serve)?, &options)?;
        }
        Action::Size => size::check(&site::dist())?,
        Action::Bless => gate::bless(&setup::ensure(Purpose::Test)?)?,
    }
    Ok(())
}

/// The asked port, or the first free one from the usual on.
fn listen(port: Option<u16>) -> Result<TcpListener> {
    let open = |port| TcpListener::bind(("127.0.0.1", port));
    if let Some(port) = port {
        return open(port)
            .map_err(|e| format!("port {port} cannot be used ({e}); choose another with --port, or leave it out."));
    }
    (PORT..PORT + 50)
        .find_map(|port| open(port).ok())
        .ok_or_else(|| format!("no port from {PORT} to {} is free; choose one with --port.", PORT + 49))
}

fn serve(listener: &TcpListener, open: bool, isolated: bool) -> Result<()> {
    let address = listener.local_addr().map_err(|e| format!("the server lost its address ({e})."))?;
    let url = format!("http://{address}/");
    say(&format!("serving at {url} (Ctrl-C ends it)"));
    if open {
        let opener = ["xdg-open", "open"].iter().find(|name| run::find(name).is_some());
        match opener.map(|name| Command::new(name).arg(&url).spawn()) {
            Some(Ok(_)) => {}
            _ => say("no browser could be opened from here: open that address yourself"),
        }
    }
    let site = server::Site {
        root: site::dist(),
        prefix: "/".into(),
        isolated,
        on_request: Box::new(|request| {
            if request.status >= 400 {
                say(&format!("{} {} {}", request.status, request.method, request.target));
            }
        }),
    };
    server::run(listener, &Arc::new(site));
    Err("the server stopped; start it again.".into())
}
