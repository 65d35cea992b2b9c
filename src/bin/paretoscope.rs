//! The native command line: methods, aggregation, and the page's experiments without the page.

use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use paretoscope::cli::bench::{self, BenchFlags};
use paretoscope::cli::front::{self, FrontOptions, JudgedBy};
use paretoscope::cli::run::{RunError, RunOptions, SharedClock, Watch};
use paretoscope::cli::toy::{self, ToyFlags};
use paretoscope::cli::{aggregate, landscape, methods, run, simulate};
use paretoscope::config::BackendChoice;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

#[derive(Parser)]
#[command(version, about = "See what happens when one neural network learns several tasks at once")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// List every method with its knobs.
    Methods {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read JSON lines {"id","method","params","K","P","G"} and write {"id","weights","direction"}.
    Aggregate,
    /// Read JSON lines {"id","method","params","inputs"} and write each method's step.
    Simulate,
    /// Run a method on the two-parameter toy of CAGrad and Nash-MTL; write {"checkpoints":{"0":[x1,x2,L1,L2],…}}.
    Toy {
        /// Id of a method (see `methods`).
        #[arg(long)]
        method: String,
        /// Its params as a JSON object, named as for `aggregate`; min_losses bounds the losses from below.
        #[arg(long, default_value = "{}", allow_hyphen_values = true)]
        params: String,
        /// Starting point.
        #[arg(long, value_name = "X1,X2", default_value = "-8.5,7.5", allow_hyphen_values = true)]
        init: String,
        /// Factors on the losses: cagrad (1, 1), nash:S (S, 1) or aligned:S (S, 1 − S).
        #[arg(long, default_value = "cagrad", allow_hyphen_values = true)]
        scale: String,
        /// Factor on the update before clipping.
        #[arg(long, default_value = "1", allow_hyphen_values = true)]
        multiplier: String,
        /// Largest length of the update, or none.
        #[arg(long, default_value = "none", allow_hyphen_values = true)]
        clip_norm: String,
        #[arg(long, default_value = "35000", allow_hyphen_values = true)]
        steps: String,
        /// Learning rate of Adam.
        #[arg(long, default_value = "0.001", allow_hyphen_values = true)]
        lr: String,
        /// Steps whose checkpoints are written, with commas; the last one by default.
        #[arg(long, allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Train the experiment of a link, or of a configuration file.
    Run {
        /// A link of the page (or what follows its #), or the path of a configuration file.
        experiment: String,
        /// Steps instead of the experiment's.
        #[arg(long)]
        steps: Option<u32>,
        /// Number of seeds, from the experiment's on; as many as the experiment says by default.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
        seeds: Option<u32>,
        /// Seeds trained at once; as many as there are cores by default, at most 8, and one where a GPU may train.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
        threads: Option<u32>,
        #[arg(long)]
        backend: Option<BackendFlag>,
        /// Folder of the data files.
        #[arg(long)]
        data: Option<PathBuf>,
        /// As JSON (the default).
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// As CSV, one row per run, step and task.
        #[arg(long)]
        csv: bool,
    },
    /// Train the experiment of a link and write the fronts of its runs as JSON: losses and metrics at every preference.
    Front {
        /// A link of the page (or what follows its #), or the path of a configuration file.
        experiment: String,
        /// Least number of points of a front; 11 are those of the paper.
        #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(2..=1001))]
        points: u32,
        /// Rows that points are judged by.
        #[arg(long, value_enum, default_value = "test")]
        split: SplitFlag,
        /// Steps instead of the experiment's.
        #[arg(long)]
        steps: Option<u32>,
        /// Number of seeds, from the experiment's on; as many as the experiment says by default.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
        seeds: Option<u32>,
        /// Seeds trained at once; as many as there are cores by default, at most 8, and one where a GPU may train.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
        threads: Option<u32>,
        /// Losses that hypervolumes are measured to, one a task; a tenth beyond the worst point by default, of the true
        /// front where it is known.
        #[arg(long, value_delimiter = ',')]
        reference: Vec<f64>,
        /// Folder of the data files.
        #[arg(long)]
        data: Option<PathBuf>,
        /// As text: mean and standard deviation over seeds.
        #[arg(long)]
        table: bool,
    },
    /// Train the experiment of a link and write the map of losses that it asks for (plane=, height=, grid=), as JSON.
    Landscape {
        /// A link of the page (or what follows its #), or the path of a configuration file.
        experiment: String,
        /// What trains, and evaluates maps of losses.
        #[arg(long)]
        backend: Option<BackendFlag>,
        /// Folder of the data files.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Time one training step of fixed size, or a product of matrices; write {"steps_per_s","losses_step3","backend"}.
    Bench {
        /// S, M, L or XL.
        #[arg(long)]
        size: Option<String>,
        /// ew (equal weights) or pcgrad, the default.
        #[arg(long)]
        mode: Option<String>,
        /// cpu, the default, or gpu.
        #[arg(long)]
        backend: Option<String>,
        /// measured (the default), registers or workgroup: which tiles a graphics device multiplies with.
        #[arg(long)]
        products: Option<String>,
        /// How long the window lasts; 1000 by default.
        #[arg(long, value_name = "N", allow_hyphen_values = true)]
        ms: Option<String>,
        /// How many threads share large kernels on the CPU; 1 by default.
        #[arg(long, value_name = "N", allow_hyphen_values = true)]
        threads: Option<String>,
        /// matmul: a product of square matrices instead of a step.
        #[arg(long, conflicts_with_all = ["size", "mode"])]
        kernel: Option<String>,
        /// Its side: 256, 512 or 1024.
        #[arg(long, requires = "kernel", allow_hyphen_values = true)]
        n: Option<String>,
        /// Runs of the step at once, on the GPU: 2 to 32, or methods and seeds as in 6x5, beside the same one by one.
        #[arg(long, conflicts_with = "kernel", allow_hyphen_values = true)]
        runs: Option<String>,
        /// As JSON instead of a sentence.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitFlag {
    Validation,
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendFlag {
    Cpu,
    Gpu,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Task::Methods { json } => write_out(|out| {
            if json {
                writeln!(out, "{:#}", methods::methods_json())
            } else {
                write!(out, "{}", methods::methods_text())
            }
        }),
        Task::Aggregate => write_out(|out| aggregate::aggregate(io::stdin().lock(), out)),
        Task::Simulate => write_out(|out| simulate::simulate(io::stdin().lock(), out)),
        Task::Toy { method, params, init, scale, multiplier, clip_norm, steps, lr, at } => {
            let at = at.unwrap_or_else(|| steps.clone());
            let flags = ToyFlags { method, params, init, scale, multiplier, clip_norm, steps, lr, at };
            pollster::block_on(toy::toy(&flags)).and_then(|answer| write_out(|out| writeln!(out, "{answer}")))
        }
        Task::Run { experiment, steps, seeds, threads, backend, data, csv, json: _ } => {
            let (seeds, threads) = (seeds.unwrap_or_default(), threads.unwrap_or_default());
            let options = RunOptions { steps, seeds, threads, backend: choice(backend) };
            train(&experiment, &options, data.as_deref(), csv)
        }
        Task::Landscape { experiment, backend, data } => {
            survey(&experiment, &RunOptions { backend: choice(backend), ..RunOptions::default() }, data.as_deref())
        }
        Task::Front { experiment, points, split, steps, seeds, threads, reference, data, table } => {
            let by = match split {
                SplitFlag::Validation => JudgedBy::Validation,
                SplitFlag::Test => JudgedBy::Test,
            };
            let (seeds, threads) = (seeds.unwrap_or_default(), threads.unwrap_or_default());
            let options = FrontOptions { points, by, seeds, threads, reference };
            sweep(&experiment, steps, &options, data.as_deref(), table)
        }
        Task::Bench { size, mode, backend, products, ms, threads, kernel, n, runs, json } => {
            time(&BenchFlags { size, mode, backend, products, ms, threads, kernel, n, runs }, json)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(match error {
                RunError::Input(_) => 2,
                RunError::Failed(_) => 1,
            })
        }
    }
}

fn write_out(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // The reader of a pipe may have had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(RunError::Failed(format!("Reading or writing failed: {error}."))),
        Ok(()) => Ok(()),
    }
}

/// The text of a link, or of the file at this path.
fn text_of(experiment: &str) -> Result<String, RunError> {
    if Path::new(experiment).is_file() {
        fs::read_to_string(experiment)
            .map_err(|error| RunError::Input(format!("{experiment} cannot be read: {error}.")))
    } else {
        Ok(experiment.to_owned())
    }
}

fn choice(backend: Option<BackendFlag>) -> Option<BackendChoice> {
    backend.map(|backend| match backend {
        BackendFlag::Cpu => BackendChoice::Cpu,
        BackendFlag::Gpu => BackendChoice::Gpu,
    })
}

/// Refuses a flag that this build cannot follow.
fn check_backend(options: &RunOptions) -> Result<(), RunError> {
    if options.backend == Some(BackendChoice::Gpu) && !cfg!(feature = "gpu") {
        let message = "--backend gpu needs a build with the feature gpu: cargo run --release --features cli,gpu …";
        return Err(RunError::Input(message.into()));
    }
    Ok(())
}

fn survey(experiment: &str, options: &RunOptions, data: Option<&Path>) -> Result<(), RunError> {
    check_backend(options)?;
    let config = run::read(&text_of(experiment)?, options)?;
    let read_file = |name: &str| read_data(name, data);
    let started = Instant::now();
    let clock = Rc::new(move || started.elapsed().as_secs_f64() * 1e3);
    let mut watch = Bar::new(1);
    let answer = pollster::block_on(landscape::landscape(&config, &read_file, clock, &mut watch))?;
    watch.bar.finish_and_clear();
    write_out(|out| writeln!(out, "{answer}"))
}

fn time(flags: &BenchFlags, json: bool) -> Result<(), RunError> {
    if flags.backend.as_deref() == Some("gpu") {
        check_backend(&RunOptions { backend: Some(BackendChoice::Gpu), ..RunOptions::default() })?;
    }
    let started = Instant::now();
    let clock = move || started.elapsed().as_secs_f64() * 1e3;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    // The window ends early and what it had is written; without a handler the program ends, which is only less kind.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let mut watch = |_| !interrupted.load(Ordering::Relaxed);
    let done = pollster::block_on(bench::bench(flags, &clock, &mut watch))?;
    write_out(
        |out| if json { writeln!(out, "{}", done.to_json()) } else { writeln!(out, "{}", bench::sentence(&done)) },
    )
}

fn sweep(
    experiment: &str,
    steps: Option<u32>,
    options: &FrontOptions,
    data: Option<&Path>,
    table: bool,
) -> Result<(), RunError> {
    let config = run::read(&text_of(experiment)?, &RunOptions { steps, ..RunOptions::default() })?;
    let read_file = |name: &str| read_data(name, data);
    let seeds = if options.seeds > 0 { options.seeds } else { config.training.seeds };
    let mut watch = Bar::new(seeds);
    let fronts = front::front(&config, options, &read_file, &mut watch)?;
    watch.bar.finish_and_clear();
    write_out(|out| if table { write!(out, "{}", fronts.to_table()) } else { writeln!(out, "{}", fronts.to_json()) })
}

fn train(experiment: &str, options: &RunOptions, data: Option<&Path>, csv: bool) -> Result<(), RunError> {
    let config = run::read(&text_of(experiment)?, options)?;
    check_backend(options)?;
    let read_file = |name: &str| read_data(name, data);
    let started = Instant::now();
    let clock: SharedClock = Arc::new(move || started.elapsed().as_secs_f64() * 1e3);
    let seeds = if options.seeds > 0 { options.seeds } else { config.training.seeds };
    let mut watch = Bar::new(seeds);
    let results = run::run(&config, options, &read_file, &clock, &mut watch)?;
    watch.bar.finish_and_clear();
    write_out(|out| {
        if csv {
            run::write_csv(&results, out).map_err(io::Error::other)
        } else {
            serde_json::to_writer(&mut *out, &run::to_json(&results)).map_err(io::Error::other)?;
            writeln!(out)
        }
    })
}

/// From the given folder, the checkout's, or one beside the program.
fn read_data(name: &str, folder: Option<&Path>) -> io::Result<Vec<u8>> {
    if let Some(folder) = folder {
        return fs::read(folder.join(name));
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("data")));
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/data");
    let found =
        [Some(checkout), beside].into_iter().flatten().map(|folder| folder.join(name)).find(|path| path.exists());
    match found {
        Some(path) => fs::read(path),
        None => Err(io::Error::new(io::ErrorKind::NotFound, "no such file; name its folder with --data")),
    }
}

/// A progress bar on stderr; Ctrl-C ends the run and keeps what there is.
struct Bar {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
    /// Whether training is over and a map is drawn.
    surveys: bool,
}

impl Bar {
    fn new(seeds: u32) -> Self {
        let bar = ProgressBar::no_length();
        let template = "{prefix} {wide_bar} step {pos} of {len}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(if seeds > 1 { format!("seed 1 of {seeds}") } else { "training".into() });
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        // Without a handler Ctrl-C ends the program at once, which is only less kind.
        let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
        Self { bar, interrupted, surveys: false }
    }
}

impl Watch for Bar {
    fn goes_on(&mut self, seed_idx: u32, step: u32, steps: u32) -> bool {
        if seed_idx > 0 {
            self.bar.set_prefix(format!("seed {}", seed_idx + 1));
        }
        self.bar.set_length(u64::from(steps));
        self.bar.set_position(u64::from(step));
        !self.interrupted.load(Ordering::Relaxed)
    }

    fn surveyed(&mut self, done: u32, of: u32) -> bool {
        if !self.surveys {
            self.surveys = true;
            self.bar.set_prefix("map");
            if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} point {pos} of {len}, {eta} left") {
                self.bar.set_style(style);
            }
            // Whoever ended training early wants the map of what there is.
            self.interrupted.store(false, Ordering::Relaxed);
        }
        self.bar.set_length(u64::from(of));
        self.bar.set_position(u64::from(done));
        !self.interrupted.load(Ordering::Relaxed)
    }
}
