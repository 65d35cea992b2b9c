//! Further seeds: the first stays what it was, each is what it would be alone, and only complete ones count.

use paretoscope::config::{Edit, SEEDS, link, presets::default_preset};
use paretoscope::measure::headline::headline;
use paretoscope::problem::PROBLEMS;
use paretoscope::protocol::{
    AskedSweep, Command, Divergence, Event, FailureCode, Frame, Outline, Record, RunId, RunOutline, SeedCurves,
    SeedProgress, SeedRecord, SweepPortion, TaskOutline,
};
use paretoscope::session::Session;
use paretoscope::train::{History, RunHistory, ended, progress_words};
use proptest::prelude::*;
use std::cell::Cell;
use std::fs;
use std::rc::Rc;
use std::time::Instant;

/// A session whose clock goes on by one at every look, with what a page would remember of it.
struct Script {
    session: Session,
    history: History,
    progress: Vec<SeedProgress>,
    failures: Vec<(FailureCode, String)>,
    done_after: Option<usize>,
    swept: Vec<SweepPortion>,
}

impl Script {
    fn of(link: &str) -> Self {
        let time = Cell::new(0.0);
        let clock = Rc::new(move || {
            time.set(time.get() + 1.0);
            time.get()
        });
        let session = Session::new(clock);
        let history = History::default();
        let (progress, failures, swept) = (Vec::new(), Vec::new(), Vec::new());
        let mut script = Self { session, history, progress, failures, done_after: None, swept };
        script.say(Command::Start { id: RunId(1), link: link.into() });
        script
    }

    fn say(&mut self, command: Command) {
        pollster::block_on(self.session.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for event in self.session.drain() {
            match Event::from_bytes(&event.to_bytes()).expect("events survive their bytes") {
                Event::Started { outline, .. } => self.history = History::new(outline),
                Event::Frame { frame, .. } => {
                    self.history.extend(frame);
                    self.say(Command::FrameDrawn);
                }
                Event::Seeds { progress, .. } => self.progress.push(progress),
                Event::Done { .. } => self.done_after = Some(self.history.n_seeds()),
                Event::Swept { portion, .. } => self.swept.extend(portion),
                Event::Failed { code, message, .. } => self.failures.push((code, message)),
                Event::NeedFile { name } => {
                    let path = format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"));
                    let bytes = fs::read(path).map_err(|error| error.to_string());
                    self.say(Command::File { name, bytes });
                }
                _ => {}
            }
        }
    }

    fn advance(&mut self, times: usize) {
        for _ in 0..times {
            if self.session.wants_to_advance() {
                pollster::block_on(self.session.advance());
            }
        }
        self.session.send_frame();
        self.hear();
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            self.advance(200);
        }
    }

    fn finished(link: &str) -> Self {
        let mut script = Self::of(link);
        script.finish();
        script
    }
}

/// What a further seed tells of a run that was trained in full.
fn curves(history: &History, run: &RunHistory) -> SeedCurves {
    let outline = &history.outline;
    let told = |step: u32| step.is_multiple_of(outline.seed_every) || step == outline.steps;
    let records = run.records.iter().filter(|record| told(record.step));
    SeedCurves {
        losses: records.map(|record| (record.step, record.losses.clone())).collect(),
        metrics: run.evaluations.iter().map(|known| (known.step, known.metrics.clone())).collect(),
        diverged: run.diverged.clone(),
        front: Vec::new(),
    }
}

const RUNS: &str = "m=sum,mgda,graddrop,famo,modo";

#[test]
fn the_first_seed_is_the_same_bits_with_and_without_others() {
    let analytic = format!("#v=1&d={}&st=40", PROBLEMS[0].id);
    for start in ["#v=1&st=60", "#v=1&p=digits8&st=30", &analytic] {
        let alone = Script::finished(&format!("{start}&{RUNS}")).history;
        let several = Script::finished(&format!("{start}&{RUNS}&seeds=3")).history;
        // Times and what is asked for differ, as they should.
        let only = |history: &History| {
            let records = history.runs.iter().map(|run| (run.records.clone(), run.evaluations.clone()));
            (records.collect::<Vec<_>>(), history.references.clone())
        };
        assert_eq!(only(&alone), only(&several), "{start}");
        assert_eq!((alone.n_seeds(), several.n_seeds()), (1, 3), "{start}");
    }
}

#[test]
fn a_further_seed_is_what_it_would_be_alone() {
    for start in ["#v=1&st=450", "#v=1&p=digits8&st=30"] {
        let several = Script::finished(&format!("{start}&{RUNS}&s=4&seeds=3")).history;
        assert_eq!(several.seeds.iter().map(|record| record.seed).collect::<Vec<_>>(), [5, 6]);
        for record in &several.seeds {
            let alone = Script::finished(&format!("{start}&{RUNS}&s={}", record.seed)).history;
            let expected: Vec<SeedCurves> = alone.runs.iter().map(|run| curves(&alone, run)).collect();
            assert_eq!(record.runs, expected, "{start} seed {}", record.seed);
            assert!(record.runs.iter().all(|run| run.losses.len() <= 200));
            for (known, reference) in record.references.iter().zip(&alone.references) {
                let (last, loss) = reference.losses.last().expect("references run to the end");
                assert_eq!(known.losses.last(), Some(&(*last, vec![*loss])));
                let metrics: Vec<(u32, Vec<f64>)> = reference.metrics.iter().map(|(s, m)| (*s, vec![*m])).collect();
                assert_eq!(known.metrics, metrics);
            }
            assert_ne!(record.runs[0].losses, curves(&several, &several.runs[0]).losses, "seeds differ");
        }
    }
}

#[test]
fn a_front_of_a_further_seed_is_that_of_the_same_networks_alone() {
    let runs = "m=sum~way~pamal,mgda,constant~way~sweep~points~3";
    for (start, n_rows) in [("#v=1&p=two-sines&net=3&st=30", 1), ("#v=1&d=quadratics&st=30", 0)] {
        let several = Script::finished(&format!("{start}&{runs}&s=4&seeds=3")).history;
        assert_eq!(several.n_seeds(), 3, "{start}");
        for record in &several.seeds {
            let mut alone = Script::finished(&format!("{start}&{runs}&s={}", record.seed));
            let asked = AskedSweep { number: 1, step: 30, points: 21, all_runs: true, ..Default::default() };
            alone.say(Command::Sweep { id: RunId(1), asked });
            alone.finish();
            for (run, curves) in record.runs.iter().enumerate() {
                let of_run = alone.swept.iter().filter(|portion| portion.run as usize == run);
                let expected: Vec<_> = of_run.flat_map(|portion| portion.points.clone()).collect();
                assert_eq!(curves.front, expected, "{start} seed {} run {run}", record.seed);
                assert_eq!(curves.front.len(), [21, 1, 3][run], "{start}");
                assert!(curves.front.iter().all(|point| point.test.metrics.len() == 2 * n_rows));
            }
            assert!(record.references.iter().all(|reference| reference.front.is_empty()));
        }
        if n_rows > 0 {
            assert_ne!(several.seeds[0].runs[0].front, several.seeds[1].runs[0].front, "seeds differ");
        }
    }
    // Where no run learns a front there is none to tell.
    let single = Script::finished("#v=1&d=quadratics&st=5&m=sum&seeds=2").history;
    assert!(single.seeds[0].runs[0].front.is_empty());
}

#[test]
fn bands_hold_the_middle_of_all_seeds() {
    let history = Script::finished("#v=1&st=100&m=sum,mgda&seeds=5").history;
    let bands = &history.bands;
    for run in 0..2 {
        for task in 0..2 {
            let spread = bands.loss_at(run, task, 100).expect("a band at the end");
            let mut values = vec![history.runs[run].at(100).expect("a record").losses[task]];
            let last = |curves: &SeedCurves| curves.losses.last().expect("losses").1[task];
            values.extend(history.seeds.iter().map(|record| last(&record.runs[run])));
            values.sort_by(f64::total_cmp);
            assert_eq!((spread.n, spread.low, spread.median, spread.high), (5, values[1], values[2], values[3]));
            assert_eq!(bands.losses[run][task].first().map(|(step, _)| *step), Some(0));
            assert_eq!(bands.losses[run][task].last().map(|(step, _)| *step), Some(100));
            let metric = bands.metric_at(run, task, 100).expect("a band of metrics");
            assert!(metric.low <= metric.median && metric.median <= metric.high && metric.n == 5);
        }
        let costs = history.delta_m(run, 100);
        assert_eq!(costs.len(), 5);
        let alone = history.references.iter().map(|known| known.metrics.last().expect("metrics").1);
        let shared = &history.runs[run].evaluation_at(100).expect("an evaluation").metrics;
        let expected = alone.zip(shared).map(|(alone, shared)| 100.0 * (alone - shared) / alone).sum::<f64>() / 2.0;
        assert!(alone_is_positive(&history) && (costs[0].expect("defined") - expected).abs() < 1e-9);
    }
}

fn alone_is_positive(history: &History) -> bool {
    history.references.iter().all(|known| known.metrics.last().is_some_and(|(_, metric)| *metric > 0.0))
}

#[test]
fn a_seed_that_diverges_counts_with_the_worst() {
    let history = Script::finished("#v=1&st=60&opt=sgd&lr=10&act=relu&m=sum&sc=100,100&seeds=3").history;
    assert!(history.runs[0].diverged.is_some() && history.seeds.iter().all(|seed| seed.runs[0].diverged.is_some()));
    let band = &history.bands.losses[0][0];
    assert!(band.first().is_some_and(|(_, spread)| spread.median.is_finite()));
    assert_eq!(band.last().map(|(step, spread)| (*step, spread.median)), Some((60, f64::INFINITY)));
}

#[test]
fn stopping_keeps_what_is_complete() {
    let mut script = Script::of("#v=1&st=40&m=sum,mgda&seeds=20");
    while script.history.n_seeds() < 3 {
        script.advance(20);
    }
    assert!(script.history.finished);
    let known = script.history.n_seeds();
    script.say(Command::StopSeeds { id: RunId(1) });
    assert!(!script.session.wants_to_advance(), "nothing is left to do");
    script.advance(500);
    assert_eq!((script.history.n_seeds(), script.history.bands.losses.len()), (known, 2));
    let last = script.progress.last().expect("progress");
    assert!(last.stopped && last.trained as usize == known && last.of == 20, "{last:?}");
    // The page still draws, and the next start trains them all.
    script.say(Command::Start { id: RunId(2), link: "#v=1&st=10&m=sum&seeds=2".into() });
    script.finish();
    assert_eq!(script.history.n_seeds(), 2);
}

#[test]
fn the_first_picture_waits_for_no_seed_and_the_time_left_shrinks() {
    let mut script = Script::of("#v=1&st=60&m=sum,mgda&seeds=10");
    script.finish();
    assert_eq!(script.done_after, Some(1), "the first seed is done before the second is complete");
    let progress = &script.progress;
    assert!(progress.len() >= 10 && progress[0].trained == 0 && progress[0].of == 10);
    let left: Vec<f64> = progress.iter().filter_map(|said| said.seconds_left).collect();
    assert!(left[1] > left[left.len() / 2] && left[left.len() / 2] > 0.0, "{left:?}");
    assert_eq!(left.last(), Some(&0.0));
    assert!(progress.windows(2).all(|pair| pair[0].trained <= pair[1].trained));
    // The clock goes by one a look, so the estimate in the middle is known to a few steps.
    let half = progress.iter().find(|said| said.trained == 5).and_then(|said| said.seconds_left).expect("half way");
    let all = progress.iter().find(|said| said.trained == 1).and_then(|said| said.seconds_left).expect("at first");
    assert!((half / all - 5.0 / 9.0).abs() < 0.35, "{half} of {all}");
}

#[test]
fn pausing_holds_further_seeds_too() {
    let mut script = Script::of("#v=1&st=30&m=sum&seeds=4");
    while !script.history.finished {
        script.advance(10);
    }
    script.say(Command::Pause);
    let known = script.history.n_seeds();
    script.advance(1_000);
    assert_eq!(script.history.n_seeds(), known);
    script.say(Command::Resume);
    script.finish();
    assert_eq!(script.history.n_seeds(), 4);
}

#[test]
fn steps_are_timed_run_by_run() {
    let script = Script::finished("#v=1&st=30&m=sum,mgda");
    for run in &script.history.runs {
        // Two looks a step, one apart.
        assert_eq!(run.computing_millis, 31.0);
    }
    let passes: Vec<usize> = script.history.outline.runs.iter().map(|run| run.backward_passes).collect();
    assert_eq!(passes, [1, 2]);
}

#[test]
fn seeds_count_in_the_budget() {
    let config = default_preset().config();
    let twenty = config.apply(&Edit::Seeds(20)).expect("twenty seeds of the default experiment");
    assert!(link::write(&twenty).contains("&seeds=20"));
    assert_eq!(link::parse(&link::write(&twenty)).expect("its own link").config, twenty);
    assert!(!link::write(&config).contains("seeds"), "one seed is what links always meant");
    for wrong in [0, SEEDS.end() + 1] {
        assert!(config.apply(&Edit::Seeds(wrong)).expect_err("out of range").sentence.contains("number of seeds"));
    }
    let heavy = "#v=1&net=256x3&st=20000&b=all&m=sum,mgda,pcgrad";
    let refused = |link: &str| match link::parse(link) {
        Ok(parsed) => panic!("{link} asks for too much: {:?}", parsed.config),
        Err(rejected) => rejected.complaints.iter().map(|c| c.sentence.clone()).collect::<String>(),
    };
    let script = Script::of(heavy);
    assert!(script.failures.is_empty(), "one seed is allowed: {:?}", script.failures);
    let several = format!("{heavy}&seeds=20");
    let words = match link::parse(&several) {
        Err(_) => refused(&several),
        Ok(_) => Script::of(&several).failures[0].1.clone(),
    };
    assert!(words.contains("fewer seeds"), "{words}");
}

/// What the page promises of the default experiment: a bounded time, and bands of a bounded size.
#[test]
fn six_runs_of_twenty_seeds() {
    let started = Instant::now();
    let history = Script::finished("#v=1&m=sum,pcgrad,mgda,nash_mtl,cagrad,aligned_mtl&seeds=20").history;
    let seconds = started.elapsed().as_secs_f64();
    println!("six runs of twenty seeds took {seconds:.2} s");
    assert_eq!((history.n_seeds(), history.runs.len()), (20, 6));
    let numbers: usize = (history.seeds.iter())
        .flat_map(|record| record.runs.iter().chain(&record.references))
        .map(|curves| curves.losses.len() + curves.metrics.len())
        .sum();
    assert!(numbers <= 19 * 8 * (200 + 42), "{numbers} points");
    assert!(history.bands.losses.iter().flatten().all(|band| band.len() <= 200 && band.iter().all(|(_, s)| s.n == 20)));
    // A laptop needs a few seconds; a loaded machine must not need minutes.
    assert!(seconds < 120.0, "{seconds} s");
}

#[cfg(feature = "cli")]
mod command_line {
    use paretoscope::cli::run::{self, RunOptions, SharedClock, Watch};
    use std::sync::Arc;

    struct Silent;

    impl Watch for Silent {
        fn goes_on(&mut self, _seed_idx: u32, _step: u32, _steps: u32) -> bool {
            true
        }
    }

    #[test]
    fn the_command_line_repeats_as_often_as_the_link_says() {
        let seeds = |link: &str, seeds: u32| {
            let options = RunOptions { seeds, ..RunOptions::default() };
            let config = run::read(link, &options).expect("a link");
            let read_file = |_: &str| Err(std::io::Error::other("no files"));
            let mut watch = Silent;
            let clock: SharedClock = Arc::new(|| 0.0);
            let results = run::run(&config, &options, &read_file, &clock, &mut watch).expect("results");
            results.iter().map(|result| result.history.outline.runs[0].seed).collect::<Vec<_>>()
        };
        assert_eq!(seeds("#v=1&st=5&s=7&seeds=3", 0), [7, 8, 9]);
        assert_eq!(seeds("#v=1&st=5&s=7&seeds=3", 2), [7, 8]);
        assert_eq!(seeds("#v=1&st=5&s=7", 0), [7]);
    }

    #[test]
    fn seeds_are_the_same_however_many_are_trained_at_once() {
        let told = |threads: u32| {
            let options = RunOptions { threads, ..RunOptions::default() };
            let config = run::read("#v=1&st=30&m=sum,graddrop&s=7&seeds=5", &options).expect("a link");
            let read_file = |_: &str| Err(std::io::Error::other("no files"));
            let clock: SharedClock = Arc::new(|| 0.0);
            let results = run::run(&config, &options, &read_file, &clock, &mut Silent).expect("results");
            assert_eq!(results.len(), 5);
            run::to_json(&results).to_string()
        };
        let one = told(1);
        for threads in [0, 2, 3, 9] {
            assert_eq!(told(threads), one, "{threads} threads");
        }
    }

    /// Ends everything at the first look that says so.
    struct Impatient;

    impl Watch for Impatient {
        fn goes_on(&mut self, _seed_idx: u32, step: u32, _steps: u32) -> bool {
            step < 20
        }
    }

    #[test]
    fn whoever_interrupts_gets_what_there_is() {
        let options = RunOptions { threads: 2, ..RunOptions::default() };
        let config = run::read("#v=1&st=20000&net=128x3&m=sum&seeds=3", &options).expect("a link");
        let read_file = |_: &str| Err(std::io::Error::other("no files"));
        let clock: SharedClock = Arc::new(|| 0.0);
        let results = run::run(&config, &options, &read_file, &clock, &mut Impatient).expect("results");
        let heads: Vec<u32> = results.iter().map(|result| result.history.head()).collect();
        assert!((1..=2).contains(&heads.len()) && heads.iter().all(|head| *head < 20_000), "{heads:?}");
        // A seed that cannot be trained ends the others, and says why.
        let config = run::read("#v=1&p=digits8&seeds=3", &options).expect("a link");
        let error = run::run(&config, &options, &read_file, &clock, &mut Silent).expect_err("no data");
        assert!(error.to_string().contains("could not be loaded"), "{error}");
    }
}

#[test]
fn how_far_the_seeds_are_is_said() {
    let say = |trained: u32, seconds_left: Option<f64>, stopped: bool| {
        let progress = SeedProgress { trained, of: 20, seconds_left, stopped };
        (progress_words(&progress), ended(&progress))
    };
    let words = |words: &str, ended: bool| (words.to_owned(), ended);
    assert_eq!(say(0, None, false), words("Seed 1 of 20.", false));
    assert_eq!(say(6, Some(4.2), false), words("Seed 7 of 20, about 4 s left.", false));
    assert_eq!(say(19, Some(0.4), false), words("Seed 20 of 20, less than a second left.", false));
    assert_eq!(say(3, Some(300.0), false), words("Seed 4 of 20, about 5 min left.", false));
    assert_eq!(say(20, Some(0.0), false), words("20 seeds trained.", true));
    assert_eq!(say(6, Some(0.0), true), words("Stopped: 6 of 20 seeds are kept.", true));
    assert_eq!(say(0, Some(0.0), true), words("Stopped: one seed is kept.", true));
}

/// Runs with the losses (seeds, tasks) that they start with.
fn told(runs: &[Vec<[f64; 2]>]) -> History {
    const NAMES: [&str; 4] = ["Alpha", "Beta", "Gamma", "Delta"];
    let task = |name: &str| TaskOutline { name: name.into(), metric: "R²".into(), ..Default::default() };
    let run = |at: usize| RunOutline { label: NAMES[at].into(), ..Default::default() };
    let mut history = History::new(Outline {
        n_tasks: 2,
        seed_every: 1,
        evaluate_every: 1,
        tasks: vec![task("one"), task("two")],
        runs: (0..runs.len()).map(run).collect(),
        ..Default::default()
    });
    for (run, seeds) in history.runs.iter_mut().zip(runs) {
        run.records = vec![Record { losses: seeds[0].to_vec(), ..Default::default() }];
    }
    let further = |seed: usize| SeedRecord {
        seed: seed as u32,
        runs: (runs.iter())
            .map(|seeds| SeedCurves { losses: vec![(0, seeds[seed].to_vec())], ..Default::default() })
            .collect(),
        references: Vec::new(),
    };
    history.extend(Frame { seeds: (1..runs[0].len()).map(further).collect(), ..Default::default() });
    history
}

#[test]
fn the_headline_speaks_of_medians() {
    let around = |one: f64, two: f64| (0..5).map(|i| [one + 0.01 * f64::from(i), two + 0.01 * f64::from(i)]).collect();
    let say = |runs: &[Vec<[f64; 2]>]| headline(&told(runs), 0);
    assert_eq!(
        say(&[around(0.1, 0.5), around(0.3, 0.51)]),
        "Over five seeds Alpha has the lowest median loss on one; the bands of Alpha and Beta overlap on two: no \
         difference to tell."
    );
    assert_eq!(
        say(&[around(0.3, 0.5), around(0.1, 0.1)]),
        "Over five seeds Beta has the lowest median loss on both tasks."
    );
    assert_eq!(
        say(&[around(0.1, 0.1), around(0.1, 0.1), around(0.4, 0.4)]),
        "Over five seeds the bands of Alpha and Beta overlap on both tasks: no difference to tell."
    );
    assert_eq!(say(&[around(0.1, 0.5)]), "Over five seeds the median loss of Alpha is 0.12 on one and 0.52 on two.");
    let mut diverged = told(&[around(0.1, 0.5), around(0.3, 0.1)]);
    diverged.runs[0].diverged = Some(Divergence { step: 0, cause: String::new() });
    assert!(headline(&diverged, 0).starts_with("Diverged: Alpha in 1 of 5 seeds."), "{}", headline(&diverged, 0));
}

/// What a screen reader hears of the losses.
#[cfg(feature = "plots")]
fn summary_of_losses(history: &History) -> String {
    use paretoscope::plots::{Scene, plot};
    (plot("losses").expect("a registered plot").summary)(&Scene::of(history))
}

proptest! {
    /// Whoever is named has a band apart from every other, and nothing is called better.
    #[test]
    fn no_sentence_tells_a_difference_where_bands_overlap(
        centers in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0), 2..5),
        widths in prop::collection::vec(0.0f64..0.6, 4),
        noise in prop::collection::vec(0.0f64..1.0, 40),
    ) {
        let runs: Vec<Vec<[f64; 2]>> = centers.iter().enumerate().map(|(run, center)| {
            let value = |seed: usize, task: usize| widths[run] * noise[10 * run + 2 * seed + task];
            (0..5).map(|seed| [center.0 + value(seed, 0), center.1 + value(seed, 1)]).collect()
        }).collect();
        let history = told(&runs);
        let words = headline(&history, 0);
        for word in ["better", "best", "wins", "beats"] {
            prop_assert!(!words.contains(word), "{words}");
        }
        #[cfg(feature = "plots")]
        {
            let losses = summary_of_losses(&history);
            for word in ["better", "best", "wins", "beats", "lowest", "highest"] {
                prop_assert!(!losses.contains(word), "{losses}");
            }
        }
        let band = |run: usize, task: usize| history.bands.loss_at(run, task, 0).expect("a band");
        for (task, name) in ["one", "two"].into_iter().enumerate() {
            let mut order: Vec<usize> = (0..runs.len()).collect();
            order.sort_by(|a, b| band(*a, task).median.total_cmp(&band(*b, task).median));
            let alone = order[1..].iter().all(|other| !band(order[0], task).overlaps(&band(*other, task)));
            let front = &history.outline.runs[order[0]].label;
            let lowest = ["both tasks", name].iter().any(|tasks| {
                words.contains(&format!("{front} has the lowest median loss on {tasks}"))
            });
            prop_assert_eq!(lowest, alone, "{}: {}", name, &words);
            // Two different ties stand in one list: `bands overlap: A and B on one; B and C on two`.
            let listed = words.split("bands overlap: ").nth(1).is_some_and(|list| list.contains(&format!(" on {name}")));
            let tied = ["both tasks", name].iter().any(|tasks| words.contains(&format!("overlap on {tasks}")));
            prop_assert_eq!(tied || listed, !alone, "{}", &words);
            for other in &order[1..] {
                let other = &history.outline.runs[*other].label;
                let claims = format!("{other} has the lowest median loss on {name}");
                prop_assert!(!words.contains(&claims), "{words}");
            }
        }
    }
}
