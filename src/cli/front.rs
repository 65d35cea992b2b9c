//! `paretoscope front`: trains an experiment and writes the fronts of its runs, one point for a run that learns none.

use super::run::{ReadFile, RunError, SeedResult, Watch, one_seed};
use super::seeds;
use crate::config::ExperimentConfig;
use crate::measure::front::{FrontReading, Indicators, read_front, reference};
use crate::protocol::{AskedSweep, Command, Event, FrontPoint, Outline, SweptRows};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Instant;

/// Which rows points are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JudgedBy {
    Validation,
    #[default]
    Test,
}

/// What the flags of `front` say beyond the link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrontOptions {
    /// Least number of points of a front.
    pub points: u32,
    pub by: JudgedBy,
    /// How many seeds, from the link's on; 0 is as many as the link says.
    pub seeds: u32,
    /// Seeds trained at once; 0 is as many as suit the machine.
    pub threads: u32,
    /// (K) in losses; empty is a tenth beyond the worst of all points, or of the true front where it is known.
    pub reference: Vec<f64>,
}

/// The fronts of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedFronts {
    pub seed: u32,
    pub outline: Outline,
    /// (K) losses before training, of the first run: what knowing nothing costs.
    pub nothing: Vec<f64>,
    /// Of every run of the outline; empty for one that diverged.
    pub fronts: Vec<Vec<FrontPoint>>,
    pub rows: SweptRows,
}

/// What `front` found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fronts {
    pub config: ExperimentConfig,
    pub by: JudgedBy,
    /// Seeds that reached their end, ascending.
    pub seeds: Vec<SeedFronts>,
    /// (K) in losses.
    pub reference: Vec<f64>,
}

/// Trains every seed to its end, several at once, and goes along the fronts. A seed that `watch` ended is left out.
///
/// # Errors
/// [`RunError`] with the first sentence of a seed that could not be trained.
pub fn front(
    config: &ExperimentConfig,
    options: &FrontOptions,
    read_file: &ReadFile<'_>,
    watch: &mut dyn Watch,
) -> Result<Fronts, RunError> {
    let k = config.n_tasks();
    if !options.reference.is_empty() && options.reference.len() != k {
        let given = options.reference.len();
        return Err(RunError::Input(format!("--reference has {given} numbers for {k} tasks; give one a task.")));
    }
    let seeds = if options.seeds > 0 { options.seeds } else { config.training.seeds };
    let work =
        |seed_idx: u32, watch: &mut dyn Watch| pollster::block_on(seed(config, options, seed_idx, read_file, watch));
    let threads = if options.threads > 0 { options.threads } else { seeds::threads(config) };
    let seeds = seeds::each(seeds, threads, watch, &work)?;
    let seeds: Vec<SeedFronts> = seeds.into_iter().flatten().collect();
    let reference = if options.reference.is_empty() {
        let known = seeds.first().map_or(&[][..], |seed| &seed.outline.front);
        let points = seeds.iter().flat_map(|seed| seed.fronts.iter().flatten());
        reference(known, points.map(|point| losses_of(point, options.by)), k)
    } else {
        options.reference.clone()
    };
    Ok(Fronts { config: config.clone(), by: options.by, seeds, reference })
}

async fn seed(
    config: &ExperimentConfig,
    options: &FrontOptions,
    seed_idx: u32,
    read_file: &ReadFile<'_>,
    watch: &mut dyn Watch,
) -> Result<Option<SeedFronts>, RunError> {
    let mut config = config.clone();
    config.training.seeds = 1;
    config.training.seed = config.training.seed_at(seed_idx);
    let started = Instant::now();
    let clock = Rc::new(move || started.elapsed().as_secs_f64() * 1e3);
    let mut trained = one_seed(config, seed_idx, &|name| read_file(name), clock, watch).await?;
    if !trained.complete {
        return Ok(None);
    }
    let SeedResult { config, history, .. } = &trained.result;
    let step = config.training.steps;
    let asked = AskedSweep { step, points: options.points, all_runs: true, rows: u32::MAX, ..AskedSweep::default() };
    trained.session.handle(Command::Sweep { id: trained.id, asked }).await;
    let mut fronts = vec![Vec::new(); history.outline.runs.len()];
    let mut rows = SweptRows::default();
    loop {
        for event in trained.session.drain() {
            if let Event::Swept { portion, .. } = event {
                let portion = portion.map_err(RunError::Failed)?;
                rows = portion.rows;
                fronts[portion.run as usize].extend(portion.points);
            }
        }
        if !trained.session.wants_to_advance() {
            break;
        }
        trained.session.advance().await;
    }
    let first = history.runs.iter().filter_map(|run| run.records.first()).next();
    Ok(Some(SeedFronts {
        seed: config.training.seed,
        outline: history.outline.clone(),
        nothing: first.map_or_else(Vec::new, |record| record.losses.clone()),
        fronts,
        rows,
    }))
}

fn losses_of(point: &FrontPoint, by: JudgedBy) -> &[f64] {
    match by {
        JudgedBy::Validation => &point.validation.losses,
        JudgedBy::Test => &point.test.losses,
    }
}

fn metrics_of(point: &FrontPoint, by: JudgedBy) -> &[f64] {
    match by {
        JudgedBy::Validation => &point.validation.metrics,
        JudgedBy::Test => &point.test.metrics,
    }
}

impl Fronts {
    fn read(&self, seed: &SeedFronts, run: usize) -> FrontReading {
        let points = &seed.fronts[run];
        let alphas: Vec<Vec<f64>> = points.iter().map(|point| point.preference.clone()).collect();
        let losses: Vec<Vec<f64>> = points.iter().map(|point| losses_of(point, self.by).to_vec()).collect();
        read_front(&alphas, &losses, &seed.nothing, (&self.reference, &seed.outline.front))
    }

    /// `{"runs":[{"id","label","seed","points":[{"alpha","losses","metrics","nondominated"}],"hypervolume","reference",…}]}`.
    pub fn to_json(&self) -> Value {
        let of_seed = |seed: &SeedFronts| {
            let of_run = |(run, points): (usize, &Vec<FrontPoint>)| {
                let reading = self.read(seed, run);
                let told = points.iter().zip(&reading.nondominated).map(|(point, nondominated)| {
                    json!({"alpha": point.preference, "losses": losses_of(point, self.by),
                           "metrics": metrics_of(point, self.by), "nondominated": nondominated})
                });
                let outline = &seed.outline.runs[run];
                json!({
                    "id": outline.id,
                    "label": outline.label,
                    "method": outline.method,
                    "seed": seed.seed,
                    "manifold": outline.mixes,
                    "members": outline.members,
                    "points": told.collect::<Vec<_>>(),
                    "hypervolume": reading.worth.hypervolume,
                    "reference": self.reference,
                    "hypervolume_ratio": reading.worth.ratio,
                    "igd": reading.worth.igd,
                    "spread": reading.worth.spread,
                    "spacing": reading.worth.spacing,
                    "flat": outline.members > 0 && reading.is_flat,
                    "degenerate": outline.members > 0 && reading.is_degenerate,
                    "wrong_way": reading.wrong_way.iter().map(|stretch| json!({
                        "task": stretch.task, "from": points[stretch.from].preference,
                        "to": points[stretch.to].preference, "rise": stretch.rise,
                    })).collect::<Vec<_>>(),
                })
            };
            seed.fronts.iter().enumerate().map(of_run).collect::<Vec<_>>()
        };
        let rows = self.seeds.first().map(|seed| match self.by {
            JudgedBy::Validation => seed.rows.validation,
            JudgedBy::Test => seed.rows.test,
        });
        json!({
            "split": match self.by { JudgedBy::Validation => "validation", JudgedBy::Test => "test" },
            "rows": rows,
            "seeds": self.seeds.iter().map(|seed| seed.seed).collect::<Vec<_>>(),
            "runs": self.seeds.iter().flat_map(of_seed).collect::<Vec<_>>(),
        })
    }

    /// As text: for every run and preference the mean and the standard deviation over seeds, and the hypervolumes.
    pub fn to_table(&self) -> String {
        let Some(first) = self.seeds.first() else { return "No seed reached its end.\n".into() };
        let (mut text, tasks) = (String::new(), &first.outline.tasks);
        let split = if self.by == JudgedBy::Test { "test" } else { "validation" };
        let n = self.seeds.len();
        text += &format!("{n} {} on the {split} split; mean ± standard deviation\n", counted(n, "seed"));
        let has_metrics = tasks.iter().any(|task| !task.metric.is_empty());
        for (run, outline) in first.outline.runs.iter().enumerate() {
            text += &format!("\n{} ({})\n", outline.label, outline.id);
            text += "  alpha";
            tasks.iter().for_each(|task| text += &format!(" | {} loss", task.name));
            if has_metrics {
                tasks.iter().for_each(|task| text += &format!(" | {} {}", task.name, task.metric));
            }
            text.push('\n');
            // A seed in which the run diverged has no points.
            let sound: Vec<&SeedFronts> = self.seeds.iter().filter(|seed| !seed.fronts[run].is_empty()).collect();
            let points = sound.first().map_or(0, |seed| seed.fronts[run].len());
            for at in 0..points {
                let of_point = |seed: &&&SeedFronts| seed.fronts[run].get(at).cloned();
                let points: Vec<FrontPoint> = sound.iter().filter_map(|seed| of_point(&seed)).collect();
                let alpha: Vec<String> = points[0].preference.iter().map(|share| format!("{share:.3}")).collect();
                text += &format!("  {}", alpha.join(","));
                for task in 0..tasks.len() {
                    text += &format!(" | {}", told(points.iter().map(|point| losses_of(point, self.by)[task])));
                }
                if has_metrics {
                    for task in 0..tasks.len() {
                        text += &format!(" | {}", told(points.iter().map(|point| metrics_of(point, self.by)[task])));
                    }
                }
                text.push('\n');
            }
            let reference: Vec<String> = self.reference.iter().map(|loss| format!("{loss:.4}")).collect();
            let worths: Vec<Indicators> = sound.iter().map(|seed| self.read(seed, run).worth).collect();
            let volumes: Vec<f64> = worths.iter().filter_map(|worth| worth.hypervolume).collect();
            if !volumes.is_empty() {
                let of_seeds: Vec<String> = volumes.iter().map(|volume| format!("{volume:.4}")).collect();
                text += &format!(
                    "  hypervolume of losses to ({}): {} ({})\n",
                    reference.join(", "),
                    told(volumes.iter().copied()),
                    of_seeds.join(", ")
                );
            }
            for (name, of) in MEASURES {
                let known: Vec<f64> = worths.iter().filter_map(of).collect();
                if !known.is_empty() {
                    text += &format!("  {name}: {}\n", told(known.into_iter()));
                }
            }
            let (missing, degenerate) = (n - sound.len(), |seed: &&&SeedFronts| self.read(seed, run).is_degenerate);
            if missing > 0 {
                text += &format!("  diverged in {missing} of {n} {}\n", counted(n, "seed"));
            }
            if outline.members > 0 && sound.iter().filter(degenerate).count() == sound.len() {
                text += "  no trade-off here: the network is big enough\n";
            }
        }
        text
    }
}

/// What is measured of a front beside its hypervolume.
type Measure = (&'static str, fn(&Indicators) -> Option<f64>);
const MEASURES: &[Measure] = &[
    ("share of the true front's hypervolume", |worth| worth.ratio),
    ("distance of the true front from it (IGD)", |worth| worth.igd),
    ("spread", |worth| worth.spread),
    ("spacing", |worth| worth.spacing),
];

/// Mean ± standard deviation over n − 1; the mean alone of one number.
fn told(values: impl Iterator<Item = f64>) -> String {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return format!("{mean:.4}");
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    format!("{mean:.4} ± {:.4}", (squares / (n - 1.0)).sqrt())
}

fn counted(n: usize, noun: &str) -> String {
    if n == 1 { noun.into() } else { format!("{noun}s") }
}
