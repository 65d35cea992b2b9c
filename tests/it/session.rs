//! Sessions as scripts: commands in, events out, no browser.

use paretoscope::balance::modify::MODIFIERS;
use paretoscope::balance::{Build, METHODS};
use paretoscope::config::RUNS;
use paretoscope::config::link;
use paretoscope::problem::PROBLEMS;
use paretoscope::protocol::{
    Aggregation, Command, Event, FailureCode, PredictionBody, Probed, ProbedRows, RunId, SeedProgress,
};
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

impl Script {
    /// The answer to a probe of this run.
    fn probe(&mut self, step: u32, run: u32, rows: ProbedRows) -> Result<Probed, String> {
        self.say(Command::Probe { id: RunId(1), step, run, rows });
        match self.others.pop() {
            Some(Event::Probed { probed, .. }) => probed,
            other => panic!("no answer to a probe: {other:?}"),
        }
    }
}

#[test]
fn probes_show_the_gramian_of_the_record_layer_by_layer() {
    let mut script = Script::new();
    script.say(start("#v=1&p=digits8&st=40&m=sum,mgda"));
    script.finish();
    for step in [0, 13, 40] {
        let probed = script.probe(step, 1, ProbedRows::default()).expect("a probe");
        assert_eq!((probed.run, probed.step, probed.counted, probed.of), (1, step, 128, 128));
        assert_eq!(probed.layers.iter().map(|layer| (layer.inputs, layer.width)).collect::<Vec<_>>(), [(64, 64); 2]);
        let pull = script.history.runs[1].at(step).and_then(|record| record.pull.clone()).expect("a Gramian");
        for (idx, expected) in pull.gramian.iter().enumerate() {
            let sum: f64 = probed.layers.iter().map(|layer| layer.gramian[idx]).sum();
            let size = (pull.gramian[0] * pull.gramian[3]).sqrt();
            assert!((sum - expected).abs() <= 1e-6 * size, "step {step}, entry {idx}: {sum}, recorded {expected}");
        }
        // The first rows of the batch, with what they look like and what is said of them.
        assert_eq!(probed.examples.len(), 64);
        for row in &probed.examples {
            assert_eq!((row.losses.len(), row.sample.pixels.len(), row.sample.answers.len()), (2, 64, 2));
            assert_eq!(row.place, None);
        }
    }
    // Another batch at the same weights, and one row.
    let other = script.probe(13, 1, ProbedRows::Batch(Some(14))).expect("a probe");
    assert_ne!(other.layers, script.probe(13, 1, ProbedRows::default()).expect("a probe").layers);
    let row = other.examples[5].clone();
    let alone = script.probe(13, 1, ProbedRows::Chosen(vec![row.row])).expect("a probe");
    assert_eq!((alone.examples.len(), alone.counted), (1, 1));
    assert_eq!((alone.examples[0].row, &alone.examples[0].sample), (row.row, &row.sample));
    for (idx, expected) in row.gramian.iter().enumerate() {
        let sum: f64 = alone.layers.iter().map(|layer| layer.gramian[idx]).sum();
        let size = (row.gramian[0] * row.gramian[3]).sqrt();
        assert!((sum - expected).abs() <= 1e-5 * size, "entry {idx}: {sum}, {expected}");
    }
}

#[test]
fn probes_that_cannot_be_are_refused_in_sentences() {
    let mut script = Script::new();
    script.say(start("#v=1&st=20&m=sum"));
    assert!(script.probe(0, 0, ProbedRows::default()).expect_err("too early").contains("no checkpoint"));
    script.finish();
    let points = script.probe(20, 0, ProbedRows::default()).expect("a probe");
    assert!(points.examples.iter().all(|row| row.place.is_some()));
    let rows = script.history.outline.train_rows as u32;
    let mut refused = |run: u32, rows: ProbedRows, why: &str| {
        let sentence = script.probe(20, run, rows).expect_err(why);
        assert!(sentence.contains(why) && sentence.ends_with('.'), "{sentence}");
    };
    refused(1, ProbedRows::default(), "There is no run 2");
    refused(u32::MAX, ProbedRows::default(), "There is no run");
    refused(0, ProbedRows::Chosen(vec![0, rows]), "There is no training row");
    refused(0, ProbedRows::Chosen(Vec::new()), "No row");
    // An earlier start is not answered.
    script.say(Command::Probe { id: RunId(9), step: 0, run: 0, rows: ProbedRows::default() });
    assert!(!script.others.iter().any(|event| matches!(event, Event::Probed { .. })));

    let mut analytic = Script::new();
    analytic.say(start("#v=1&p=quadratics&st=20"));
    analytic.finish();
    let sentence = analytic.probe(20, 0, ProbedRows::default()).expect_err("no layers");
    assert!(sentence.contains("no layers"), "{sentence}");
}

#[test]
fn a_diverged_run_is_probed_where_its_weights_are_numbers() {
    let mut script = Script::new();
    script.say(start("#v=1&st=200&opt=sgd&lr=10&act=relu&m=sum&sc=100,100"));
    script.finish();
    let end = script.history.runs[0].diverged.as_ref().expect("it diverges").step;
    assert!(script.probe(0, 0, ProbedRows::default()).is_ok());
    match script.probe(end, 0, ProbedRows::default()) {
        Ok(probed) => assert!(probed.layers.iter().all(|layer| layer.gramian.iter().all(|value| value.is_finite()))),
        Err(sentence) => assert!(sentence.contains("diverged"), "{sentence}"),
    }
}

#[test]
fn probing_changes_no_run() {
    let run = |probes: bool| {
        let mut script = Script::new();
        script.say(start("#v=1&p=digits8&st=30&m=sum,graddrop"));
        while script.session.wants_to_advance() {
            script.advance(8);
            if probes {
                let _ = script.probe(script.history.head(), 0, ProbedRows::default());
            }
        }
        script.history
    };
    assert_eq!(run(true), run(false));
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
fn convolutions_are_trained_judged_and_probed_like_any_layer() {
    let mut script = Script::new();
    script.say(start("#v=1&p=lenet&dk=train~300,test~100,size~28&b=32&st=6"));
    script.finish();
    assert_eq!((script.history.outline.n_shared, script.history.outline.n_parameters), (21_330, 27_450));
    let probed = script.probe(6, 1, ProbedRows::default()).expect("a probe");
    let shapes: Vec<(u32, u32)> = probed.layers.iter().map(|layer| (layer.inputs, layer.width)).collect();
    assert_eq!(shapes, [(25, 10), (250, 20), (320, 50)]);
    for (at, run) in script.history.runs.iter().enumerate() {
        assert_eq!((&run.diverged, run.records.len()), (&None, 7), "run {at}");
        assert!(run.evaluations.iter().flat_map(|judged| &judged.metrics).all(|metric| (0.0..=1.0).contains(metric)));
        // The first two steps see other rows: what is learned shows from one look at the test to the next.
        let of = |at: usize| run.evaluations[at].losses.iter().sum::<f64>();
        assert!(of(run.evaluations.len() - 1) < of(0), "run {at} learns nothing");
    }
    let pull = script.history.runs[1].at(6).and_then(|record| record.pull.clone());
    let pull = pull.expect("the last step's Gramian");
    for (at, expected) in pull.gramian.iter().enumerate() {
        let sum: f64 = probed.layers.iter().map(|layer| layer.gramian[at]).sum();
        let size = (pull.gramian[0] * pull.gramian[3]).sqrt();
        assert!((sum - expected).abs() <= 1e-5 * size, "entry {at}: {sum}, recorded {expected}");
    }
    // What has no room for a convolution is refused before anything is built.
    assert!(link::parse("#v=1&p=digits8&net=c4-c4-8").is_err());
    script.say(start("#v=1&p=digits8&net=c4-8&head=8&b=64&st=20&m=sum,graddrop,trimmed_mean"));
    script.finish();
    for run in &script.history.runs {
        assert_eq!((&run.diverged, run.records.len()), (&None, 21));
    }
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
        let together: Vec<&str> = fitting.iter().copied().filter(|id| *id != "asam").collect();
        let all_at_once = format!("{}~mod~{}", method.id, together.join("~mod~"));
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

/// Test metrics of every task (K) of the method's run at the evaluation that is nearest to `step`.
#[track_caller]
fn metrics_near(history: &History, method: &str, step: u32) -> Vec<f64> {
    let at = history.outline.runs.iter().position(|run| run.method == method).expect("the run is there");
    let evaluations = history.runs[at].evaluations.iter();
    evaluations.min_by_key(|evaluation| evaluation.step.abs_diff(step)).expect("it was evaluated").metrics.clone()
}

/// What the preset's description says: behind training alone by 2 to 5 points, and who makes up for it.
#[test]
fn unrelated_tasks_cost_what_the_preset_says() {
    let mut script = Script::new();
    script.say(start("#v=1&p=multitab"));
    script.finish();
    let history = &script.history;
    let alone = |task: usize| history.references[task].metrics.last().expect("references are judged").1;
    let [sum, pcgrad, nash] =
        ["sum", "pcgrad", "nash_mtl"].map(|method| metrics_near(history, method, history.outline.steps));
    for task in 0..3 {
        let lost = alone(task) - sum[task];
        assert!((0.015..0.055).contains(&lost), "task {task}: {} alone, {} together", alone(task), sum[task]);
        assert!((pcgrad[task] - sum[task]).abs() < 0.005, "task {task}: PCGrad {} {}", pcgrad[task], sum[task]);
        assert!(alone(task) - nash[task] < 0.5 * lost, "task {task}: Nash-MTL {}", nash[task]);
    }
}

/// What the preset's description says, of one method and up to the step at which it is plain.
#[test]
fn wrong_labels_are_learned_by_heart() {
    let mut script = Script::new();
    script.say(start("#v=1&p=noisy-labels&m=sum&st=600"));
    script.finish();
    let history = &script.history;
    let (early, late) = (metrics_near(history, "sum", 150)[0], metrics_near(history, "sum", 600)[0]);
    assert!(early > 0.94 && late < 0.9, "digits read rightly: {early} then {late}");
    let train = |step: u32| {
        let mut evaluations = history.runs[0].evaluations.iter();
        evaluations.find(|evaluation| evaluation.step == step).expect("an evaluated step").train[0]
    };
    // 7 of 10 labels are right; more can only be had by heart.
    assert!(train(150) < 0.75 && train(600) > 0.8, "training labels: {} then {}", train(150), train(600));
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

/// What every run makes of these gradients, in the session of this link at its first step.
fn aggregated(link: &str, gradients: &[f64], losses: &[f64]) -> Vec<Aggregation> {
    let mut script = Script::new();
    script.say(start(link));
    let command = |id| Command::Aggregate { id, gradients: gradients.to_vec(), losses: losses.to_vec(), step: 0 };
    // A start that is over is not answered.
    script.say(command(RunId(7)));
    assert!(!script.others.iter().any(|event| matches!(event, Event::Aggregated { .. })));
    script.say(command(RunId(1)));
    let found = script.others.into_iter().find_map(|event| match event {
        Event::Aggregated { id: RunId(1), gradients: echo, answers } => {
            assert_eq!(echo, gradients);
            Some(answers)
        }
        _ => None,
    });
    found.expect("an answer")
}

#[test]
fn frozen_gradients_are_answered_by_every_run() {
    // Shortest vector between (1, 0) and (−1, 2): halfway, (1/2, 1/2), for both the weights of 3/4 and 1/4.
    let answers =
        aggregated("#v=1&st=1&m=sum,mgda,pcgrad,graddrop,mgda_ub,mgda~mod~ortho", &[1.0, 0.0, -1.0, 2.0], &[]);
    assert_eq!(answers[0].direction, [0.0, 2.0]);
    assert!((answers[1].direction[0] - 0.5).abs() < 1e-12 && (answers[1].direction[1] - 0.5).abs() < 1e-12);
    assert!((answers[1].weights[0] - 0.75).abs() < 1e-12);
    // Each loses what opposes the other: (1, 0) − (−1/5)(−1, 2) = (4/5, 2/5), and (−1, 2) + (1, 0) = (0, 2).
    assert!((answers[2].direction[0] - 0.8).abs() < 1e-12 && (answers[2].direction[1] - 2.4).abs() < 1e-12);
    assert!(answers[3].weights.is_empty() && answers[3].direction.len() == 2);
    assert!(answers[4].direction.is_empty() && answers[4].refusal.contains("shared features"));
    assert!(answers[5].refusal.contains("penalty"));
    let uphill = aggregated("#v=1&st=1&m=sum~mod~sam", &[1.0, 0.0, -1.0, 2.0], &[]);
    assert!(uphill[0].refusal.contains("uphill"), "{uphill:?}");
    // The same command gives the same answer, whatever was asked before.
    let again = aggregated("#v=1&st=1&m=sum,mgda,pcgrad,graddrop,mgda_ub,mgda~mod~ortho", &[1.0, 0.0, -1.0, 2.0], &[]);
    assert_eq!(answers, again);
}

#[test]
fn frozen_gradients_come_with_losses_preference_and_modifiers() {
    let link = "#v=1&st=1&pref=.9,.1&m=constant,sum~mod~log,graddrop~mod~unit,moco";
    let g = [3.0, 0.0, 0.0, 4.0];
    let answers = aggregated(link, &g, &[2.0, 40.0]);
    assert!(answers[0].direction[0] > answers[0].direction[1], "{answers:?}");
    // Scaled losses are 2 and 40 · 0.05 = 2: gradients of their logarithms are halves.
    assert_eq!(answers[1].direction, [1.5, 2.0]);
    // Unit rows that agree in sign with nobody against them stay whole.
    assert_eq!(answers[2].direction, [1.0, 1.0]);
    assert!(answers[3].refusal.is_empty() && answers[3].direction.len() == 2);
    // Without losses they are 1.
    assert_eq!(aggregated(link, &g, &[])[1].direction, [3.0, 4.0]);
}

#[test]
fn frozen_gradients_of_every_kind_break_no_method() {
    let hostile: [&[f64]; 6] = [
        &[0.0; 9],
        &[1e12, 0.0, 0.0, 0.0, 1e-12, 0.0, 0.0, 0.0, 1.0],
        &[1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        &[1.0, 0.0, 0.0, -0.5, 0.75, 0.0, -0.5, -0.75, 0.0],
        &[f64::NAN; 9],
        &[1.0; 4],
    ];
    for methods in METHODS.chunks(*RUNS.end()) {
        let ids: Vec<&str> = methods.iter().map(|method| method.id).collect();
        let link = format!("#v=1&p=two-sines&d=two-labelings&tasks=line1,line2,line3&st=1&m={}", ids.join(","));
        for gradients in hostile {
            let mut script = Script::new();
            script.say(start(&link));
            let command = Command::Aggregate { id: RunId(1), gradients: gradients.to_vec(), losses: vec![], step: 1 };
            script.say(command);
            let answers = script.others.iter().find_map(|event| match event {
                Event::Aggregated { answers, .. } => Some(answers),
                _ => None,
            });
            let answers = answers.expect("an answer");
            assert_eq!(answers.len(), methods.len());
            for (answer, method) in answers.iter().zip(methods) {
                let drawn = answer.direction.len() == 3 && answer.direction.iter().all(|d| d.is_finite());
                assert!(drawn != (answer.refusal.ends_with('.') && answer.direction.is_empty()), "{}", method.id);
                let broken = gradients.len() != 9 || gradients[0].is_nan();
                assert!(!(broken && drawn), "{}", method.id);
            }
        }
    }
}

#[test]
fn looks_around_tell_what_steps_did() {
    let mut script = Script::new();
    script.say(start("#v=1&p=two-sines&st=45&m=sum,graddrop&sc=1,.5"));
    script.finish();
    let outline = &script.history.outline;
    assert_eq!((outline.look_every, outline.loss_scales.as_slice()), (10, &[1.0, 0.5][..]));
    for run in &script.history.runs {
        let looked: Vec<u32> = run.records.iter().filter(|r| r.around.is_some()).map(|r| r.step).collect();
        assert_eq!(looked, [0, 10, 20, 30, 40]);
        for (record, next) in run.records.iter().zip(&run.records[1..]) {
            let Some(around) = &record.around else { continue };
            // The batch is all rows: the next record is of the same ones.
            assert_eq!(around.losses_after, next.losses);
            assert!(around.curvatures.len() == 2 && around.curvatures.iter().all(|c| c.is_finite() && *c != 0.0));
        }
    }
}

/// On quadratics a step changes each loss by gᵢ·Δθ and half its curvature, and by nothing else.
#[test]
fn change_slope_and_curvature_agree_on_quadratics() {
    let mut script = Script::new();
    script.say(start("#v=1&p=toy&d=quadratics&st=40&lr=.05&m=sum,mgda&sc=1,2"));
    script.finish();
    let scales = &script.history.outline.loss_scales;
    for run in &script.history.runs {
        let looked: Vec<_> = run.records.iter().filter(|record| record.around.is_some()).collect();
        assert_eq!(looked.len(), 4);
        for record in looked {
            let (Some(pull), Some(around)) = (&record.pull, &record.around) else { panic!("a Gramian") };
            for (task, scale) in scales.iter().enumerate() {
                let change = scale * (around.losses_after[task] - record.losses[task]);
                let half = 0.5 * around.curvatures[task] * pull.step_length * pull.step_length;
                let rest = change - pull.along_step[task] - half;
                assert!(rest.abs() < 1e-6 * (1.0 + change.abs()), "step {}: {change} {half} {rest}", record.step);
            }
        }
    }
}

/// Beyond a wall there is nothing to take a difference with.
#[test]
fn there_is_no_curvature_across_a_wall() {
    let mut script = Script::new();
    script.say(start("#v=1&p=toy&d=zdt1&st=200&lr=.1&m=sum&sc=1000,.001"));
    script.finish();
    let looked: Vec<_> = script.history.runs[0].records.iter().filter_map(|record| record.around.as_ref()).collect();
    let last = looked.last().expect("it looked around");
    assert!(last.curvatures.is_empty() && last.losses_after.iter().all(|loss| loss.is_finite()), "{last:?}");
    assert!(looked.iter().flat_map(|around| &around.curvatures).all(|curvature| curvature.is_finite()));
}

#[test]
fn checkpoints_say_their_memory() {
    let mut script = Script::new();
    script.say(start("#v=1&st=500&m=sum,mgda"));
    script.advance(40);
    let early = script.history.checkpoints;
    script.finish();
    let (stored, outline) = (script.history.checkpoints, &script.history.outline);
    // At most 200 over 500 steps: every third step and the last one.
    assert_eq!(stored.count, 2 * 168);
    assert_eq!(stored.bytes, u64::from(stored.count) * 4 * outline.n_parameters as u64);
    assert!(early.count > 0 && early.count < stored.count && stored.bytes <= stored.most_bytes);
}

/// The view cursor asks for what is behind the computed head; what is computed does not notice.
#[test]
fn looking_back_trains_nothing_and_disturbs_nothing() {
    let link = "#v=1&st=60&m=sum,mgda";
    let mut undisturbed = Script::new();
    undisturbed.say(start(link));
    undisturbed.finish();
    let mut script = Script::new();
    script.say(start(link));
    // A round is two runs and two references.
    script.advance(4 * 30);
    let head = script.history.head();
    assert!((25..60).contains(&head), "{head}");
    for step in [20, 3, 11] {
        script.say(Command::Predict { id: RunId(1), step });
        assert_eq!(script.history.head(), head);
        let Some(Event::Predictions { step: asked, runs, .. }) = script.others.last() else { panic!("an answer") };
        assert_eq!((*asked, runs[0].step, runs[1].step), (step, step, step));
    }
    script.finish();
    assert_eq!(script.history, undisturbed.history);
}
