//! Fronts that runs learn whole: what the session tells of them, how they slide, and what no single point reaches.

#[cfg(feature = "cli")]
use paretoscope::config::link;
use paretoscope::protocol::{AskedSweep, Command, Event, FrontPoint, RunId, SweepPortion};
use paretoscope::session::Session;
use paretoscope::train::History;
use pollster::block_on;
use std::rc::Rc;

/// A session that has heard everything so far.
struct Told {
    session: Session,
    history: History,
    swept: Vec<Result<SweepPortion, String>>,
    predictions: usize,
}

const ID: RunId = RunId(1);

impl Told {
    fn start(link: &str) -> Self {
        let session = Session::new(Rc::new(|| 0.0));
        let mut told = Self { session, history: History::default(), swept: Vec::new(), predictions: 0 };
        told.say(Command::Start { id: ID, link: link.into() });
        told
    }

    fn say(&mut self, command: Command) {
        let command = Command::from_bytes(&command.to_bytes()).expect("commands survive their bytes");
        block_on(self.session.handle(command));
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
                Event::Swept { portion, .. } => self.swept.push(portion),
                Event::Predictions { .. } => self.predictions += 1,
                Event::Failed { message, .. } => panic!("{message}"),
                _ => {}
            }
        }
    }

    fn advance(&mut self, times: usize) {
        for _ in 0..times {
            if !self.session.wants_to_advance() {
                break;
            }
            block_on(self.session.advance());
        }
        self.session.send_frame();
        self.hear();
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            self.advance(1_000);
        }
    }

    fn sweep(&mut self, asked: AskedSweep) -> Vec<SweepPortion> {
        self.swept.clear();
        self.say(Command::Sweep { id: ID, asked });
        self.swept.iter().map(|portion| portion.clone().expect("an answer")).collect()
    }
}

fn at(alpha: f64) -> Option<Vec<f64>> {
    Some(vec![alpha, 1.0 - alpha])
}

#[test]
fn outlines_say_what_learns_a_front() {
    let told = Told::start("#v=1&p=two-sines&st=4&m=sum,sum~way~pamal,mgda~way~pamal~draws~3,sum~way~pamal");
    let runs = &told.history.outline.runs;
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["m-sum", "m-pamal-sum", "m-pamal-mgda", "m-pamal-sum-2"]);
    let members: Vec<usize> = runs.iter().map(|run| run.members).collect();
    assert_eq!(members, [0, 2, 2, 2]);
    assert_eq!(runs[2].backward_passes, 3 * 2);
}

#[test]
fn a_run_does_not_notice_a_manifold_beside_it() {
    let mut alone = Told::start("#v=1&p=two-sines&st=60&m=sum,mgda");
    alone.finish();
    let mut beside = Told::start("#v=1&p=two-sines&st=60&m=sum,mgda,sum~way~pamal~draws~2");
    beside.finish();
    for (one, other) in alone.history.runs.iter().zip(&beside.history.runs) {
        let losses = |history: &paretoscope::train::RunHistory| -> Vec<Vec<f64>> {
            history.records.iter().map(|record| record.losses.clone()).collect()
        };
        assert_eq!(losses(one), losses(other));
        assert_eq!(one.evaluations, other.evaluations);
    }
}

#[test]
fn one_point_is_a_fresh_evaluation_and_trains_nothing() {
    let mut told = Told::start("#v=1&p=two-sines&sc=1,1&st=60&m=sum~way~pamal,sum");
    told.finish();
    let before = told.history.clone();
    // The metrics of the last evaluation are those at the preference in force: the same bits.
    let last = before.runs[0].evaluations.last().expect("an evaluation").clone();
    let [portion] = &told.sweep(AskedSweep { number: 3, step: 60, preference: at(0.5), ..Default::default() })[..]
    else {
        panic!("one answer for one manifold")
    };
    assert!((portion.number, portion.run, portion.step, portion.single) == (3, 0, 60, true), "{portion:?}");
    let [FrontPoint { test, validation, preference }] = &portion.points[..] else { panic!("one point") };
    assert!(test.losses == last.losses && test.metrics == last.metrics, "{test:?} for {last:?}");
    assert!(preference == &[0.5, 0.5] && validation.metrics == last.validation);
    assert!(validation.losses == last.validation_losses && validation.losses.len() == 2);
    assert!(portion.rows.test == portion.rows.of_test && portion.rows.test > 0);
    // Elsewhere it is elsewhere, and looking there changes nothing.
    let other = told.sweep(AskedSweep { step: 60, preference: at(0.9), ..Default::default() });
    assert_ne!(other[0].points[0].test, *test);
    told.say(Command::Prefer { id: ID, preference: vec![0.9, 0.1] });
    told.say(Command::Predict { id: ID, step: 60 });
    assert_eq!(told.predictions, 1);
    told.finish();
    assert_eq!(told.history, before);
    // What is no preference is not heard.
    for wrong in [vec![1.0], vec![f64::NAN, 1.0], vec![0.0, 0.0], vec![-1.0, 2.0]] {
        told.say(Command::Prefer { id: ID, preference: wrong });
    }
    let again = told.sweep(AskedSweep { step: 60, preference: at(0.5), ..Default::default() });
    assert_eq!(again[0].points, portion.points);
}

#[test]
fn evaluations_follow_the_preference_and_training_does_not() {
    let link = "#v=1&p=two-sines&sc=1,1&st=120&m=sum~way~pamal";
    let mut still = Told::start(link);
    still.finish();
    let mut moved = Told::start(link);
    moved.advance(60);
    moved.say(Command::Prefer { id: ID, preference: vec![3.0, 1.0] });
    moved.finish();
    let (still, moved) = (&still.history.runs[0], &moved.history.runs[0]);
    assert_eq!(still.records, moved.records);
    let differ = still.evaluations.iter().zip(&moved.evaluations).filter(|(a, b)| a.metrics != b.metrics).count();
    assert!(differ > 10 && still.evaluations[1] == moved.evaluations[1], "{differ}");
}

#[test]
fn a_whole_front_comes_in_portions_while_paused() {
    let mut told = Told::start("#v=1&p=two-sines&sc=1,1&st=40&m=sum~way~pamal,sum,mgda~way~pamal");
    told.advance(5 * 20);
    told.say(Command::Pause);
    let head = told.history.head();
    let asked = AskedSweep { number: 8, step: head, preference: at(0.3), points: 101, ..Default::default() };
    let first = told.sweep(asked.clone());
    assert!(first.len() == 2 && first.iter().all(|portion| portion.single));
    told.finish();
    assert_eq!(told.history.head(), head);
    let portions: Vec<SweepPortion> = told.swept.iter().flatten().filter(|portion| !portion.single).cloned().collect();
    let of_run = |run: u32| -> Vec<FrontPoint> {
        portions.iter().filter(|portion| portion.run == run).flat_map(|portion| portion.points.clone()).collect()
    };
    assert_eq!((of_run(0).len(), of_run(1).len(), of_run(2).len()), (101, 0, 101));
    let last = portions.last().expect("portions");
    assert!((last.done, last.of, last.number) == (202, 202, 8) && portions.len() > 2);
    let spread = of_run(0);
    assert!(spread[0].preference == [1.0, 0.0] && spread[100].preference == [0.0, 1.0]);
    // A point of the whole is the point alone.
    let alone = told.sweep(AskedSweep { step: head, preference: Some(spread[30].preference.clone()), ..asked.clone() });
    assert_eq!(alone[0].points[0], spread[30]);
    // The newest question takes the place of the one under way.
    told.advance(1);
    told.sweep(AskedSweep { number: 9, points: 5, preference: None, all_runs: true, ..asked });
    told.finish();
    let numbers: Vec<u32> = told.swept.iter().flatten().map(|portion| portion.number).collect();
    assert!(numbers.iter().all(|number| *number == 9), "{numbers:?}");
    assert_eq!(told.swept.iter().flatten().map(|portion| portion.points.len()).sum::<usize>(), 5 + 1 + 5);
}

#[test]
fn fronts_of_nobody_and_of_odd_preferences_get_a_sentence() {
    let mut told = Told::start("#v=1&p=two-sines&st=9&m=sum,mgda");
    told.finish();
    told.say(Command::Sweep { id: ID, asked: AskedSweep { step: 9, points: 9, ..Default::default() } });
    assert!(told.swept[0].as_ref().is_err_and(|why| why.contains("learns a front")));
    let mut told = Told::start("#v=1&p=two-sines&st=9&m=sum~way~pamal");
    told.finish();
    told.say(Command::Sweep { id: ID, asked: AskedSweep { preference: Some(vec![1.0]), ..Default::default() } });
    assert!(told.swept[0].as_ref().is_err_and(|why| why.contains("2 tasks")), "{:?}", told.swept);
}

#[test]
fn the_views_look_at_the_mixture() {
    for learner in ["pamal", "palora", "phn", "cosmos"] {
        check_views(&format!("#v=1&p=two-sines&sc=1,1&st=30&m=sum~way~{learner},sum"));
    }
}

#[track_caller]
fn check_views(link: &str) {
    use paretoscope::protocol::{AskedSharpness, PlanRequest, ProbedRows, SurveyWhat};
    let mut told = Told::start(link);
    told.finish();
    let id = ID;
    let mut answers = Vec::new();
    for command in [
        Command::Probe { id, step: 30, run: 0, rows: ProbedRows::default() },
        Command::Sharpness { id, asked: AskedSharpness { checkpoints: 2, ..Default::default() } },
        Command::Plan {
            id,
            request: PlanRequest { number: 1, step: 30, plane: "pca".into(), what: SurveyWhat::Losses },
        },
    ] {
        block_on(told.session.handle(command));
        while told.session.wants_to_advance() {
            block_on(told.session.advance());
        }
        answers.extend(told.session.drain());
    }
    let probed = answers.iter().any(|event| matches!(event, Event::Probed { probed: Ok(_), .. }));
    let read = answers.iter().filter(|event| matches!(event, Event::Sharpness { reading: Ok(_), .. })).count();
    let told_true = answers.iter().any(|event| matches!(event, Event::Truth { .. }));
    assert!(probed && read == 4 && told_true, "{probed} {read} {told_true}");
}

#[test]
fn the_plane_of_the_members_holds_every_mixture() {
    use paretoscope::protocol::{PlanRequest, SurveyWhat};
    for (link, corners) in [
        ("#v=1&p=two-sines&sc=1,1&st=30&m=sum~way~pamal,sum&pref=.25,.75", 2),
        ("#v=1&p=quadratics&d=dtlz2&st=20&m=sum~way~pamal&pref=.5,.3,.2", 3),
    ] {
        let mut told = Told::start(link);
        told.finish();
        let request = PlanRequest { number: 1, step: 30, plane: "members".into(), what: SurveyWhat::Losses };
        block_on(told.session.handle(Command::Plan { id: ID, request }));
        let mut answers = told.session.drain();
        while told.session.wants_to_advance() {
            block_on(told.session.advance());
            answers.extend(told.session.drain());
        }
        let planned = answers.into_iter().find_map(|event| match event {
            Event::Planned { plan, .. } => Some(plan),
            _ => None,
        });
        let plan = planned.expect("an answer").expect("a plane");
        assert_eq!(plan.manifold.len(), corners, "{link}");
        assert_eq!(plan.manifold[0], [0.0; 2]);
        // The mixture that is looked at is where its preference says, and in the plane.
        let config = paretoscope::config::link::parse(link).expect("a valid link").config;
        let share = config.preference();
        let end = plan.paths[0].points.last().expect("an end");
        for axis in 0..2 {
            let wanted: f64 = plan.manifold.iter().zip(&share).map(|(corner, share)| corner[axis] * share).sum();
            assert!((end.at[axis] - wanted).abs() < 1e-5, "{link}: {:?} and {wanted}", end.at);
        }
        assert!(end.off < 1e-5, "{link}: {} off", end.off);
        for corner in &plan.manifold {
            let inside = |axis: usize| (plan.plane.spans[axis][0]..=plan.plane.spans[axis][1]).contains(&corner[axis]);
            assert!(inside(0) && inside(1), "{link}: member at {corner:?} is outside");
        }
    }
    // Neither single points nor a population of them have members that mix, nor has a chart.
    for runs in ["sum,mgda", "stch~way~sweep~points~3", "sum~way~palora"] {
        let link = &format!("#v=1&p=two-sines&st=5&m={runs}");
        let mut told = Told::start(link);
        told.finish();
        let request = PlanRequest { number: 1, step: 5, plane: "members".into(), what: SurveyWhat::Losses };
        block_on(told.session.handle(Command::Plan { id: ID, request }));
        let mut answers = told.session.drain();
        while told.session.wants_to_advance() {
            block_on(told.session.advance());
            answers.extend(told.session.drain());
        }
        let refused =
            |event: &Event| matches!(event, Event::Planned { plan: Err(why), .. } if why.contains("no members"));
        assert!(answers.iter().any(refused), "{link}: {answers:?}");
    }
}

// ------------------------------------------------------- what a front is worth

#[cfg(feature = "cli")]
mod trained {
    use super::link;
    use paretoscope::cli::front::{FrontOptions, Fronts, JudgedBy, front};
    use paretoscope::cli::run::Watch;
    use paretoscope::measure::front::{excess, nondominated, read_front};
    use paretoscope::problem::problem;
    use std::io;

    struct Quiet;

    impl Watch for Quiet {
        fn goes_on(&mut self, _: u32, _: u32, _: u32) -> bool {
            true
        }
    }

    fn fronts(text: &str, points: u32, seeds: u32) -> Fronts {
        let config = link::parse(text).unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.complaints)).config;
        let options = FrontOptions { points, by: JudgedBy::Test, seeds, threads: 2, reference: Vec::new() };
        let no_files = |name: &str| Err(io::Error::other(name.to_owned()));
        front(&config, &options, &no_files, &mut Quiet).expect("fronts")
    }

    /// (n, K) losses of a run of a seed.
    fn losses(fronts: &Fronts, seed: usize, run: usize) -> Vec<Vec<f64>> {
        fronts.seeds[seed].fronts[run].iter().map(|point| point.test.losses.clone()).collect()
    }

    #[test]
    fn the_preset_slides_from_one_task_to_the_other() {
        let found = fronts("#v=1&p=pamal", 11, 3);
        assert_eq!(found.seeds.len(), 3);
        for seed in 0..3 {
            let losses = losses(&found, seed, 0);
            assert_eq!(losses.len(), 11);
            let (first, last) = (&losses[0], &losses[10]);
            // Each end is several times better at its own task than the other end is.
            assert!(5.0 * first[0] < last[0] && 5.0 * last[1] < first[1], "seed {seed}: {first:?} {last:?}");
            for step in 2..=10 {
                for from in 0..=10 - step {
                    let (a, b) = (&losses[from], &losses[from + step]);
                    assert!(a[0] < b[0] && a[1] > b[1], "seed {seed}, from {from} by {step}: {a:?} {b:?}");
                }
            }
            let nothing = &found.seeds[seed].nothing;
            let reading = read_front(&alphas(&found, seed, 0), &losses, nothing, (&found.reference, &[]));
            assert!(!reading.is_degenerate && reading.worth.hypervolume.is_some_and(|volume| volume > 0.0));
        }
        let text = found.to_table();
        assert!(text.contains("m-pamal-sum") && text.contains("±") && !text.contains("no trade-off"), "{text}");
        let json = found.to_json();
        assert_eq!(json["runs"].as_array().map(Vec::len), Some(6));
        assert_eq!(json["runs"][0]["points"][10]["alpha"], serde_json::json!([0.0, 1.0]));
    }

    fn alphas(fronts: &Fronts, seed: usize, run: usize) -> Vec<Vec<f64>> {
        fronts.seeds[seed].fronts[run].iter().map(|point| point.preference.clone()).collect()
    }

    #[test]
    fn a_network_that_is_big_enough_has_no_trade_off() {
        let found = fronts("#v=1&p=pamal&net=16&m=sum~way~pamal~p~.5~draws~4", 11, 3);
        for seed in 0..3 {
            let nothing = &found.seeds[seed].nothing;
            let reading =
                read_front(&alphas(&found, seed, 0), &losses(&found, seed, 0), nothing, (&found.reference, &[]));
            assert!(reading.is_degenerate, "{:?}", reading.extents);
        }
        assert!(found.to_table().contains("no trade-off here"));
    }

    /// The losses of nine single points, one for each preference.
    fn nine(method: &str) -> Vec<Vec<f64>> {
        let one = |tenth: u32| {
            let preference = format!(".{tenth},.{}", 10 - tenth);
            let link = format!("#v=1&p=toy&d=fonseca-fleming&lr=.01&st=2000&m={method}&pref={preference}");
            losses(&fronts(&link, 2, 1), 0, 0).remove(0)
        };
        (1..=9).map(one).collect()
    }

    #[test]
    fn on_a_concave_front_a_weighted_sum_reaches_the_ends_alone() {
        let problem = problem("fonseca-fleming").expect("registered");
        let known = problem.front.expect("its front is known");
        let samples = known.samples(401).into_iter().map(|curve| {
            let losses = |at: [f64; 2]| {
                let mut losses = vec![0.0; 2];
                (known.losses)(&at, &mut losses);
                losses
            };
            curve.into_iter().map(losses).collect::<Vec<_>>()
        });
        let samples: Vec<Vec<Vec<f64>>> = samples.collect();
        // Whether one task has all that it can get: the middle half of the front has neither.
        let is_end = |losses: &Vec<f64>| losses.iter().any(|loss| *loss < 0.05);
        let middle = |points: &[Vec<f64>]| points.iter().filter(|losses| !is_end(losses)).count();
        let sums = nine("constant");
        assert_eq!(middle(&sums), 0, "{sums:?}");
        let worst = nine("tchebycheff");
        assert!(middle(&worst) == 9 && nondominated(&worst).iter().all(|flag| *flag), "{worst:?}");
        assert!(worst.windows(2).all(|pair| pair[0][0] - pair[1][0] > 0.02), "distinct: {worst:?}");
        // The family of one manifold fills the middle, even with the plain sum inside: it is trained at every mixture,
        // and its mixtures lie on a line between the ends.
        for inside in ["sum", "tchebycheff"] {
            let found =
                fronts(&format!("#v=1&p=toy&d=fonseca-fleming&lr=.01&st=2000&m={inside}~way~pamal~draws~4"), 101, 2);
            for seed in 0..2 {
                let points = losses(&found, seed, 0);
                assert!(middle(&points) > 30, "{inside}: {}", middle(&points));
                // No loss between .1 and .9 is further than a twentieth from some point, in either task.
                for task in 0..2 {
                    for twentieth in 2..=18 {
                        let wanted = f64::from(twentieth) / 20.0;
                        let nearest = points.iter().map(|losses| (losses[task] - wanted).abs()).fold(1.0, f64::min);
                        assert!(nearest < 0.05, "{inside}, task {task}: nothing near {wanted}");
                    }
                }
                // And what lies in the middle is near the true front: steps of .01 at preferences that are drawn anew
                // never come to rest, which keeps the members some hundredths beside the line between its ends.
                let off = points.iter().filter(|losses| !is_end(losses)).filter_map(|losses| excess(losses, &samples));
                let off = off.fold(0.0, f64::max);
                assert!(off < 0.1, "{inside}, seed {seed}: {off}");
            }
        }
    }

    #[test]
    fn seeds_are_the_same_however_many_are_trained_at_once() {
        let text = "#v=1&p=pamal&st=60&m=sum~way~pamal,sum";
        let config = link::parse(text).expect("a link").config;
        let no_files = |name: &str| Err(io::Error::other(name.to_owned()));
        let with = |threads: u32| {
            let options = FrontOptions { points: 3, by: JudgedBy::Test, seeds: 3, threads, reference: vec![1.0, 1.0] };
            front(&config, &options, &no_files, &mut Quiet).expect("fronts").to_json().to_string()
        };
        assert_eq!(with(1), with(3));
        let odd = FrontOptions { points: 3, reference: vec![1.0], threads: 1, ..Default::default() };
        assert!(front(&config, &odd, &no_files, &mut Quiet).is_err());
    }
}
