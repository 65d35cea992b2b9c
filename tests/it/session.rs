//! Sessions as scripts: commands in, events out, no browser.

use paretoscope::balance::modify::MODIFIERS;
use paretoscope::balance::{Build, METHODS};
use paretoscope::config::RUNS;
use paretoscope::config::link;
use paretoscope::problem::PROBLEMS;
use paretoscope::protocol::{Command, Event, FailureCode, PredictionBody, RunId, SeedProgress};
use paretoscope::session::Session;
use paretoscope::train::History;
use std::fs;
use std::rc::Rc;

/// A session with what a page would remember of it.
struct Script {
    session: Session,
    history: History,
    others: Vec<Event>,
    progress: Vec<SeedProgress>,
    done: bool,
}

impl Script {
    fn new() -> Self {
        Self {
            session: Session::new(Rc::new(|| 0.0)),
            history: History::default(),
            others: Vec::new(),
            progress: Vec::new(),
            done: false,
        }
    }

    fn say(&mut self, command: Command) {
        // What travels must survive its bytes.
        let command = Command::from_bytes(&command.to_bytes()).expect("commands survive their bytes");
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
                Event::Done { .. } => self.done = true,
                Event::Seeds { progress, .. } => self.progress.push(progress),
                Event::NeedFile { name } => {
                    let path = format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"));
                    let bytes = fs::read(path).map_err(|error| error.to_string());
                    self.say(Command::File { name, bytes });
                }
                event => self.others.push(event),
            }
        }
    }

    fn advance(&mut self, times: usize) {
        for _ in 0..times {
            if !self.session.wants_to_advance() {
                break;
            }
            pollster::block_on(self.session.advance());
        }
        self.session.send_frame();
        self.hear();
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            self.advance(1_000);
        }
        assert!(self.done);
    }

    fn failure(&self) -> (FailureCode, &str) {
        let found = self.others.iter().find_map(|event| match event {
            Event::Failed { code, message, .. } => Some((*code, message.as_str())),
            _ => None,
        });
        found.expect("a failure was said")
    }
}

fn start(link: &str) -> Command {
    Command::Start { id: RunId(1), link: link.into() }
}

#[test]
fn the_default_experiment_gives_the_promised_fates() {
    let mut script = Script::new();
    assert!(matches!(&script.session.drain()[..], [Event::Ready { .. }]));
    script.say(start(""));
    script.finish();
    let history = &script.history;
    assert_eq!(history.head(), 600);
    assert!(history.finished);
    let losses = |method: &str| {
        let idx = history.outline.runs.iter().position(|run| run.method == method).expect("the run is there");
        history.runs[idx].at(600).expect("it has a last record").losses.clone()
    };
    let (sum, mgda, nash) = (losses("sum"), losses("mgda"), losses("nash_mtl"));
    assert!(sum[0] < 0.05 && sum[1] > 0.5, "sum gave up task 2: {sum:?}");
    assert!(mgda[0] > 0.2 && mgda[1] < 0.05, "mgda gave up task 1: {mgda:?}");
    assert!(nash[0] < 0.15 && nash[1] < 0.15, "nash_mtl kept both: {nash:?}");
    // A task alone needs no compromise.
    for reference in &history.references {
        assert!(reference.losses.last().expect("references run to the end").1 < 0.1);
    }
    let starts: Vec<_> = history.runs.iter().map(|run| run.records[0].losses.clone()).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "all runs start alike: {starts:?}");
}

#[test]
fn the_same_link_gives_the_same_bits() {
    let run = || {
        let mut script = Script::new();
        script.say(start("#v=1&st=40&m=sum,rlw,graddrop,famo"));
        script.finish();
        script.history
    };
    assert_eq!(run(), run());
}

#[test]
fn other_runs_beside_it_change_nothing() {
    let losses = |link: &str| {
        let mut script = Script::new();
        script.say(start(link));
        script.finish();
        script.history.runs[0].records.iter().map(|record| record.losses.clone()).collect::<Vec<_>>()
    };
    assert_eq!(losses("#v=1&st=30&m=mgda"), losses("#v=1&st=30&m=mgda,graddrop,rlw"));
}

#[test]
fn pause_stops_and_resume_goes_on() {
    let mut script = Script::new();
    script.say(start("#v=1&st=50"));
    script.advance(12);
    script.say(Command::Pause);
    let head = script.history.head();
    assert!(!script.session.wants_to_advance());
    script.advance(100);
    assert_eq!(script.history.head(), head);
    script.say(Command::Resume);
    script.finish();
    assert_eq!(script.history.head(), 50);
}

#[test]
fn a_frame_waits_until_the_last_one_is_drawn() {
    let mut session = Session::new(Rc::new(|| 0.0));
    pollster::block_on(session.handle(start("#v=1&st=50")));
    let mut frames = 0;
    for _ in 0..10 {
        for _ in 0..5 {
            pollster::block_on(session.advance());
        }
        session.send_frame();
        frames += session.drain().iter().filter(|event| matches!(event, Event::Frame { .. })).count();
    }
    assert_eq!(frames, 1);
}

#[test]
fn too_high_a_learning_rate_ends_a_run_at_its_last_finite_step() {
    let mut script = Script::new();
    script.say(start("#v=1&st=200&opt=sgd&lr=10&act=relu&m=sum&sc=100,100"));
    script.finish();
    let run = &script.history.runs[0];
    let divergence = run.diverged.as_ref().expect("it diverges");
    assert!(divergence.cause.contains("learning rate"), "{}", divergence.cause);
    assert_eq!(run.records.last().map(|record| record.step), divergence.last_finite_step());
    assert!(run.records.iter().all(|record| record.losses.iter().all(|loss| loss.is_finite())));
}

#[test]
fn predictions_come_from_the_checkpoint_before() {
    let mut script = Script::new();
    script.say(start("#v=1&st=100&m=sum,mgda"));
    script.finish();
    script.say(Command::Predict { id: RunId(1), step: 100 });
    let predictions = script.others.iter().find_map(|event| match event {
        Event::Predictions { runs, .. } => Some(runs),
        _ => None,
    });
    let predictions = predictions.expect("predictions were drawn");
    assert_eq!(predictions.len(), 2);
    for prediction in predictions {
        let PredictionBody::Maps { side, outputs, targets } = &prediction.body else {
            panic!("a plane is drawn as maps");
        };
        assert_eq!((outputs.len(), targets.len(), outputs[0].len()), (2, 2, side * side));
        assert_eq!(prediction.step, 100);
    }
    assert_ne!(predictions[0].body, predictions[1].body);
}

#[test]
fn real_digits_learn() {
    let mut script = Script::new();
    script.say(start("#v=1&p=digits8&st=150&m=sum"));
    script.finish();
    let last = script.history.runs[0].evaluations.last().expect("it was judged");
    assert!(last.metrics.iter().all(|&accuracy| accuracy > 0.9), "{:?}", last.metrics);
    assert!(!script.history.outline.attribution.is_empty(), "real data names its source");
}

#[test]
fn bad_input_gets_a_sentence_and_the_session_lives_on() {
    let mut script = Script::new();
    script.say(start("#v=1&lr=NaN"));
    assert_eq!(script.failure().0, FailureCode::Link);
    script.others.clear();
    pollster::block_on(script.session.handle(start("#v=1&p=digits8")));
    script.session.drain();
    script.say(Command::File { name: "digits8.mtld.gz".into(), bytes: Ok(b"not a data file".to_vec()) });
    assert_eq!(script.failure().0, FailureCode::Data);
    assert!(script.failure().1.contains("digits8"), "{}", script.failure().1);
    script.others.clear();
    pollster::block_on(script.session.handle(start("#v=1&p=digits8")));
    script.session.drain();
    script.say(Command::File { name: "digits8.mtld.gz".into(), bytes: Err("the server answered 404".into()) });
    assert!(script.failure().1.contains("404"), "{}", script.failure().1);
    script.say(start("#v=1&st=5"));
    script.finish();
    assert_eq!(script.history.head(), 5);
}

#[test]
fn every_method_trains_the_default_experiment_and_real_digits() {
    for preset in ["#v=1&st=50", "#v=1&p=multimnist&d=multimnist-lite&net=32&b=64&st=50"] {
        for methods in METHODS.chunks(6) {
            let mut script = Script::new();
            let ids: Vec<&str> = methods.iter().map(|method| method.id).collect();
            script.say(start(&format!("{preset}&m={}", ids.join(","))));
            script.finish();
            for (run, id) in script.history.runs.iter().zip(&ids) {
                assert_eq!((&run.diverged, run.records.len()), (&None, 51), "{id} in {preset}");
                for record in &run.records {
                    let pull = record.pull.iter().flat_map(|pull| pull.gramian.iter().chain(&pull.along_step));
                    let numbers = record.losses.iter().chain(&record.weights).chain(pull);
                    assert!(numbers.into_iter().all(|x| x.is_finite()), "{id} in {preset}, step {}", record.step);
                }
                assert_ne!(run.records[0].losses, run.records[50].losses, "{id} in {preset} does not move");
            }
        }
    }
}

#[test]
fn every_problem_takes_every_method() {
    for problem in PROBLEMS {
        for methods in METHODS.chunks(6) {
            let mut script = Script::new();
            let ids: Vec<&str> = methods.iter().map(|method| method.id).collect();
            script.say(start(&format!("#v=1&p=toy&d={}&st=5&lr=.01&m={}", problem.id, ids.join(","))));
            script.finish();
            let outline = &script.history.outline;
            assert_eq!((outline.n_tasks, outline.n_shared), (problem.n_tasks(), problem.n_parameters));
            assert_eq!(outline.front.is_empty(), problem.front.is_none());
            for (run, id) in script.history.runs.iter().zip(&ids) {
                let name = format!("{} {id}", problem.id);
                assert_eq!((&run.diverged, run.records.len(), run.evaluations.len()), (&None, 6, 0), "{name}");
                for record in &run.records {
                    assert!(record.losses.iter().chain(&record.weights).all(|x| x.is_finite()), "{name}");
                    let pull = record.pull.as_ref().expect("the Gramian is cheap");
                    assert!(pull.gramian.iter().chain(&pull.along_step).all(|x| x.is_finite()), "{name}");
                }
                assert_ne!(run.records[0].losses, run.records[5].losses, "{name} does not move");
            }
            for reference in &script.history.references {
                assert!(reference.metrics.is_empty() && reference.losses.len() == 6);
            }
            script.say(Command::Predict { id: RunId(1), step: 5 });
            let predictions = script.others.iter().find_map(|event| match event {
                Event::Predictions { runs, .. } => Some(runs),
                _ => None,
            });
            for prediction in predictions.expect("an answer") {
                assert_eq!((prediction.step, &prediction.body), (5, &PredictionBody::default()));
            }
        }
    }
}

#[test]
fn every_modifier_trains_with_every_method_that_it_does_not_refuse() {
    for method in METHODS {
        let fitting: Vec<&str> = MODIFIERS
            .iter()
            .filter(|modifier| modifier.refuses(method).is_none())
            .map(|modifier| modifier.id)
            .collect();
        assert!(fitting.contains(&"ortho"), "{}", method.id);
        let all_at_once = format!("{}~mod~{}", method.id, fitting.join("~mod~"));
        let alone = fitting.iter().map(|id| format!("{}~mod~{id}", method.id));
        let runs: Vec<String> = alone.chain([all_at_once]).collect();
        for runs in runs.chunks(*RUNS.end()) {
            let mut script = Script::new();
            script.say(start(&format!("#v=1&p=two-sines&st=5&m={}", runs.join(","))));
            script.finish();
            assert_eq!(script.history.runs.len(), runs.len());
            for (run, name) in script.history.runs.iter().zip(runs) {
                assert_eq!((&run.diverged, run.records.len()), (&None, 6), "{name}");
                for record in &run.records {
                    let numbers = record.losses.iter().chain(&record.weights);
                    let n_weights = if matches!(method.build, Build::Rows(_)) { 0 } else { 2 };
                    assert!(record.weights.len() == n_weights, "{name}");
                    assert!(numbers.clone().all(|x| x.is_finite()), "{name}");
                }
                assert_ne!(run.records[0].losses, run.records[5].losses, "{name} does not move");
            }
        }
    }
}

/// The modified run is another run, its weights are what the modifier says, and runs beside it do not notice.
#[test]
fn a_modifier_changes_its_own_run_alone() {
    let losses = |link: &str| {
        let mut script = Script::new();
        script.say(start(link));
        script.finish();
        let runs = &script.history.runs;
        let of = |run: usize| runs[run].records.iter().map(|r| r.losses.clone()).collect::<Vec<_>>();
        let weights = (0..runs.len()).map(|run| runs[run].records[0].weights.clone()).collect::<Vec<_>>();
        let names: Vec<String> = script.history.outline.runs.iter().map(|run| run.label.clone()).collect();
        ((0..runs.len()).map(of).collect::<Vec<_>>(), weights, names)
    };
    let (plain, weights, _) = losses("#v=1&p=two-sines&st=20&m=mgda,pcgrad");
    let (changed, other, names) = losses("#v=1&p=two-sines&st=20&m=mgda,pcgrad~mod~mean");
    assert_eq!(plain[0], changed[0]);
    assert_ne!(plain[1].last(), changed[1].last());
    assert_eq!(other[1], weights[1].iter().map(|w| w / 2.0).collect::<Vec<_>>());
    assert_eq!(names, ["MGDA", "PCGrad, divided by K"]);
}

#[test]
fn the_toy_shows_the_fates_of_the_papers() {
    let mut script = Script::new();
    script.say(start("#v=1&p=toy"));
    script.finish();
    let history = &script.history;
    let front = &history.outline.front[0];
    // How far the end is above the front: the least excess over a point of it in both losses.
    let above = |method: &str| {
        let run = history.outline.runs.iter().position(|run| run.method == method).expect("the run is there");
        let end = &history.runs[run].records.last().expect("it has records").losses;
        let excess = |point: &Vec<f64>| end.iter().zip(point).map(|(loss, best)| loss - best).fold(0.0, f64::max);
        front.iter().map(excess).fold(f64::INFINITY, f64::min)
    };
    assert!(above("sum") > 5.0, "sum stays in its valley: {}", above("sum"));
    for method in ["mgda", "nash_mtl"] {
        assert!(above(method) < 0.3, "{method} comes down to the front: {}", above(method));
    }
}

#[test]
fn walls_keep_a_run_inside() {
    let mut script = Script::new();
    // Along −f₁ the box ends at 0, where the root of ZDT1 is infinitely steep.
    script.say(start("#v=1&p=toy&d=zdt1&st=200&lr=.1&m=sum,mgda&sc=1000,.001"));
    script.finish();
    for run in &script.history.runs {
        assert_eq!(run.diverged, None);
        assert!(run.records.iter().all(|record| (0.0..=1.0).contains(&record.losses[0])));
    }
    let end = script.history.runs[0].records.last().expect("it has records");
    assert!(end.losses[0] < 1e-3, "sum ends at the wall: {:?}", end.losses);
}

#[test]
fn links_of_every_preset_start() {
    for preset in paretoscope::config::presets::PRESETS {
        let mut script = Script::new();
        let config = link::parse(&format!("#v=1&p={}&st=2", preset.id)).expect("a preset's link is valid").config;
        script.say(start(&link::write(&config)));
        script.finish();
        assert_eq!(script.history.head(), 2, "{}", preset.id);
    }
}

/// Every run of the table presets learns every task on rows that it has not seen.
#[test]
fn tables_train_to_finite_numbers() {
    for (preset, steps) in [("penguins", 600), ("bike", 400), ("census", 60)] {
        let mut script = Script::new();
        script.say(start(&format!("#v=1&p={preset}&st={steps}")));
        script.finish();
        assert_eq!(script.history.head(), steps, "{preset}");
        for (run, outline) in script.history.runs.iter().zip(&script.history.outline.runs) {
            assert_eq!(run.diverged, None, "{preset}: {}", outline.label);
            assert!(run.records.iter().flat_map(|record| &record.losses).all(|loss| loss.is_finite()));
            let [first, .., last] = &run.evaluations[..] else { panic!("{preset}: too few evaluations") };
            for (task, (before, after)) in first.losses.iter().zip(&last.losses).enumerate() {
                assert!(after < before, "{preset}: {}, task {task}: {before} to {after}", outline.label);
                assert!(last.metrics[task] > first.metrics[task], "{preset}: {}, task {task}", outline.label);
            }
        }
    }
}

/// Few earn over 50,000 dollars: whoever says no to all scores one half.
#[test]
fn rare_answers_are_judged_by_the_area_under_the_curve() {
    let mut script = Script::new();
    script.say(start("#v=1&p=census&tasks=income,age&m=sum&st=200"));
    script.finish();
    let outline = &script.history.outline;
    assert_eq!([outline.tasks[0].metric.as_str(), outline.tasks[1].metric.as_str()], ["AUC", "accuracy"]);
    let [first, .., last] = &script.history.runs[0].evaluations[..] else { panic!("too few evaluations") };
    assert!((0.2..0.8).contains(&first.metrics[0]), "{}", first.metrics[0]);
    assert!((0.85..1.0).contains(&last.metrics[0]), "{}", last.metrics[0]);
    let reference = script.history.references[0].metrics.last().expect("it is judged alike");
    assert!((0.85..1.0).contains(&reference.1), "{}", reference.1);
}
