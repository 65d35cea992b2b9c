//! Populations: points trained side by side are the runs that each of them names, and what they reach of a true front.

use paretoscope::balance::{METHODS, Need};
use paretoscope::cli::front::{FrontOptions, SeedFronts, front};
use paretoscope::cli::run::Watch;
use paretoscope::config::{ExperimentConfig, link};
use paretoscope::measure::front::{igd, nondominated};
use paretoscope::protocol::{AskedSweep, Command, Event, FrontPoint, RunId};
use paretoscope::session::Session;
use paretoscope::strategy::population::simplex;
use std::rc::Rc;

struct ToTheEnd;

impl Watch for ToTheEnd {
    fn goes_on(&mut self, _seed: u32, _step: u32, _steps: u32) -> bool {
        true
    }
}

fn config(text: &str) -> ExperimentConfig {
    let parsed = link::parse(text);
    parsed.unwrap_or_else(|rejected| panic!("{text}: {:?}", rejected.complaints)).config
}

/// Trains what the link says and tells the fronts of all runs.
#[track_caller]
fn fronts(text: &str) -> SeedFronts {
    let read = |name: &str| std::fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR")));
    let options = FrontOptions { points: 11, ..FrontOptions::default() };
    let mut found = front(&config(text), &options, &read, &mut ToTheEnd).unwrap_or_else(|error| panic!("{error}"));
    found.seeds.remove(0)
}

fn losses(points: &[FrontPoint]) -> Vec<Vec<f64>> {
    points.iter().map(|point| point.test.losses.clone()).collect()
}

/// Losses of run `run` and how far the true front is from them.
fn reached(swept: &SeedFronts, run: usize) -> (Vec<Vec<f64>>, f64) {
    let losses = losses(&swept.fronts[run]);
    let far = igd(&losses, &swept.outline.front.concat()).expect("a known front");
    (losses, far)
}

// -------------------------------------------------------- true fronts

#[test]
fn on_a_concave_front_weighted_sums_reach_the_ends_and_others_fill_it() {
    let swept = fronts(
        "#v=1&d=fonseca-fleming&start=upper&st=2000&lr=.02&opt=adam&\
         m=constant~way~sweep,tchebycheff~way~sweep,stch~way~sweep,epo~way~sweep,sum~way~hv,mgda~way~starts",
    );
    let (sums, far) = reached(&swept, 0);
    // The losses of an end are 0 and 1 − exp(−4) = .98; the even point has .63 of both.
    assert!(sums.iter().all(|losses| losses[0].min(losses[1]) < 0.03) && far > 0.2, "{far} {sums:?}");
    assert!(sums.iter().any(|losses| losses[0] < 0.03) && sums.iter().any(|losses| losses[1] < 0.03), "{sums:?}");
    for (run, (most, inside)) in [(0.06, 5), (0.08, 3), (0.08, 5), (0.08, 5)].into_iter().enumerate() {
        let (losses, far) = reached(&swept, run + 1);
        let middle = losses.iter().filter(|losses| losses[0].min(losses[1]) > 0.1).count();
        assert!(far < most && middle >= inside, "{}: {far} {losses:?}", swept.outline.runs[run + 1].id);
    }
    // Nothing spreads what MGDA meets from its starts, but all of it is on the front.
    for losses in reached(&swept, 5).0 {
        let front = swept.outline.front.concat();
        let away = front.iter().map(|best| (best[0] - losses[0]).hypot(best[1] - losses[1]));
        assert!(away.fold(f64::INFINITY, f64::min) < 0.02, "{losses:?}");
    }
}

#[test]
fn on_convex_fronts_every_learner_comes_near() {
    let runs = "m=constant~way~sweep,tchebycheff~way~sweep,stch~way~sweep,epo~way~sweep,constant~way~hv";
    // The true fronts of the quadratics go to losses of 6.4, those of ZDT1 to 1.
    for (problem, most) in [("quadratics", [0.4, 0.5, 0.5, 0.6, 0.5]), ("zdt1", [0.13, 0.07, 0.08, 0.08, 0.08])] {
        let swept = fronts(&format!("#v=1&d={problem}&st=2000&lr=.02&opt=adam&{runs}"));
        for (run, most) in most.into_iter().enumerate() {
            let (losses, far) = reached(&swept, run);
            assert!(far < most, "{problem} {}: {far} {losses:?}", swept.outline.runs[run].id);
            // Two of three members or more are beaten by no other.
            assert!(3 * nondominated(&losses).iter().filter(|free| **free).count() >= 2 * losses.len(), "{losses:?}");
        }
    }
    let swept = fronts("#v=1&d=quadratics&st=2000&lr=.02&opt=adam&m=mgda~way~starts");
    assert!(reached(&swept, 0).1 < 0.7, "{:?}", reached(&swept, 0));
}

#[test]
fn every_cone_has_its_member_on_the_front() {
    let text = "#v=1&d=fonseca-fleming&start=upper&st=2000&lr=.02&opt=adam&m=mgda~way~pareto_mtl";
    let (losses, far) = reached(&fronts(text), 0);
    assert!(far < 0.2, "{far} {losses:?}");
    // Cones of five are 22.5 degrees wide; those of the ends are half of it.
    for (at, losses) in losses.iter().enumerate() {
        let degrees = losses[0].atan2(losses[1]).to_degrees();
        assert!((degrees - 22.5 * at as f64).abs() < 13.0, "{at}: {degrees} {losses:?}");
    }
}

#[test]
fn a_population_trains_networks() {
    let swept = fronts("#v=1&p=two-sines&net=3&st=600&m=constant~way~sweep,mgda~way~starts~points~4,sum~way~hv");
    let [sweep, starts, volume] = &swept.fronts[..] else { panic!("three runs") };
    assert_eq!((sweep.len(), starts.len(), volume.len()), (9, 4, 9));
    let all_for = |points: &[FrontPoint], task: usize| {
        let best = points.iter().max_by(|a, b| a.preference[task].total_cmp(&b.preference[task])).expect("points");
        best.test.losses[task]
    };
    for points in [sweep, starts, volume] {
        assert!(points.iter().all(|point| (point.preference.iter().sum::<f64>() - 1.0).abs() < 1e-5));
    }
    // All for one task is near to it alone; where starts lead is left to them.
    assert!(all_for(sweep, 0) < 0.1 && all_for(sweep, 1) < 0.1, "{:?}", losses(sweep));
    assert!(all_for(starts, 0) < 0.4 && all_for(starts, 1) < 0.4, "{:?}", losses(starts));
    let before = |task: usize| volume.iter().all(|point| point.test.losses[task] > swept.nothing[task]);
    assert!(!before(0) && !before(1), "{:?}", losses(volume));
    let outline = &swept.outline.runs[0];
    assert_eq!((outline.id.as_str(), outline.members, outline.mixes), ("m-sweep-constant", 9, false));
}

// ---------------------------------------------------------- members

#[test]
fn a_member_is_the_run_that_its_preference_names() {
    for text in [
        "#v=1&d=zdt1&st=60&pref=.75,.25&m=constant,constant~way~sweep",
        "#v=1&d=quadratics&st=60&pref=.75,.25&m=tchebycheff,tchebycheff~way~sweep",
        "#v=1&p=two-sines&net=3&st=60&pref=.75,.25&m=constant,constant~way~sweep",
    ] {
        let swept = fronts(text);
        let alone = &swept.fronts[0][0];
        let member = swept.fronts[1].iter().find(|point| point.preference == [0.75, 0.25]).expect("one of nine");
        for (a, b) in alone.test.losses.iter().zip(&member.test.losses) {
            // A member's d is one backward pass of the weighted losses, a single point's a sum of rows: f32 rounds.
            assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "{text}: {alone:?} {member:?}");
        }
    }
}

/// A session that has gone to the end of its runs.
fn trained(text: &str) -> Session {
    let mut session = Session::new(Rc::new(|| 0.0));
    pollster::block_on(session.handle(Command::Start { id: RunId(1), link: text.into() }));
    while session.wants_to_advance() {
        pollster::block_on(session.advance());
        if session.drain().iter().any(|event| matches!(event, Event::Frame { .. })) {
            pollster::block_on(session.handle(Command::FrameDrawn));
        }
    }
    session
}

/// The points at a step, and the single one that is looked at for this preference.
fn swept(session: &mut Session, step: u32, preference: &[f64]) -> (Vec<FrontPoint>, FrontPoint) {
    let asked =
        AskedSweep { number: 1, step, preference: Some(preference.to_vec()), points: 101, ..Default::default() };
    pollster::block_on(session.handle(Command::Sweep { id: RunId(1), asked }));
    let (mut points, mut single) = (Vec::new(), None);
    loop {
        for event in session.drain() {
            if let Event::Swept { portion, .. } = event {
                let portion = portion.expect("a front");
                if portion.single { single = portion.points.into_iter().next() } else { points.extend(portion.points) }
            }
        }
        if !session.wants_to_advance() {
            break;
        }
        pollster::block_on(session.advance());
    }
    (points, single.expect("asked for"))
}

#[test]
fn the_preference_picks_a_member_and_no_mixture() {
    let mut session = trained("#v=1&d=zdt1&st=200&m=constant~way~sweep~points~5");
    let (points, single) = swept(&mut session, 200, &[0.7, 0.3]);
    let shares: Vec<f64> = points.iter().map(|point| point.preference[0]).collect();
    assert_eq!(shares, [1.0, 0.75, 0.5, 0.25, 0.0]);
    assert_eq!(single, points[1]);
    assert_eq!(swept(&mut session, 200, &[0.1, 0.9]).1, points[4]);
}

#[test]
fn members_start_together_or_each_on_its_own() {
    let distinct = |text: &str| {
        let points = swept(&mut trained(text), 0, &[0.5, 0.5]).0;
        let mut all: Vec<String> = losses(&points).iter().map(|losses| format!("{losses:?}")).collect();
        all.sort();
        all.dedup();
        all.len()
    };
    assert_eq!(distinct("#v=1&d=quadratics&st=3&m=constant~way~sweep~points~5"), 1);
    assert_eq!(distinct("#v=1&d=quadratics&st=3&m=constant~way~sweep~points~5~from~own"), 5);
    assert_eq!(distinct("#v=1&d=quadratics&st=3&m=mgda~way~starts~points~5"), 5);
    assert_eq!(distinct("#v=1&p=two-sines&st=3&m=constant~way~sweep~points~5~from~own"), 5);
}

#[test]
fn three_tasks_have_a_lattice() {
    let swept = fronts("#v=1&d=dtlz2&st=400&lr=.02&opt=adam&m=tchebycheff~way~sweep,sum~way~hv");
    let mut places: Vec<Vec<f64>> = swept.fronts[0].iter().map(|point| point.preference.clone()).collect();
    places.iter_mut().flatten().for_each(|share| *share = (3.0 * *share).round() / 3.0);
    assert_eq!(places, simplex(3, 9));
    assert_eq!((places.len(), swept.fronts[1].len()), (10, 9));
    for run in 0..2 {
        let (losses, far) = reached(&swept, run);
        // Ten points of an octant of the unit sphere are some .3 apart.
        assert!(far < 0.4, "{run}: {far} {losses:?}");
    }
}

#[test]
fn further_seeds_train_populations_too() {
    let mut session = Session::new(Rc::new(|| 0.0));
    let link = "#v=1&p=two-sines&net=3&st=4&seeds=2&m=constant~way~sweep~points~3";
    pollster::block_on(session.handle(Command::Start { id: RunId(1), link: link.into() }));
    let mut told = 0;
    while session.wants_to_advance() {
        pollster::block_on(session.advance());
        for event in session.drain() {
            if let Event::Frame { frame, .. } = event {
                told += frame.seeds.len();
                let sound = |seed: &paretoscope::protocol::SeedRecord| !seed.runs[0].metrics.is_empty();
                assert!(frame.seeds.iter().all(sound));
                pollster::block_on(session.handle(Command::FrameDrawn));
            }
        }
    }
    session.send_frame();
    told += session
        .drain()
        .iter()
        .map(|event| if let Event::Frame { frame, .. } = event { frame.seeds.len() } else { 0 })
        .sum::<usize>();
    assert_eq!(told, 1);
}

// ------------------------------------------------------- what goes with what

#[test]
fn a_method_goes_with_a_sweep_or_with_starts() {
    let mut trained = [0, 0];
    for method in METHODS {
        for (at, way) in ["sweep", "starts"].into_iter().enumerate() {
            let text = format!("#v=1&d=quadratics&st=3&m={}~way~{way}~points~3", method.id);
            let Ok(parsed) = link::parse(&text) else {
                assert!(link::parse(&text).is_err_and(|rejected| rejected.complaints.len() == 1), "{text}");
                continue;
            };
            assert_eq!(at == 0, method.needs(Need::Preference), "{text}");
            assert_eq!(parsed.config.runs[0].backward_passes(2), 3 * parsed.config.runs[0].method.cost(2).backward);
            let swept = fronts(&text);
            assert_eq!(swept.fronts[0].len(), 3, "{text}");
            trained[at] += 1;
        }
    }
    assert!(trained[0] >= 8 && trained[1] >= 25, "{trained:?}");
}

#[test]
fn what_does_not_go_is_said() {
    #[track_caller]
    fn check(run: &str, words: &str) {
        let rejected = link::parse(&format!("#v=1&p=two-sines&m={run}")).expect_err("refused");
        let sentences: Vec<String> = rejected.complaints.iter().map(|complaint| complaint.sentence.clone()).collect();
        assert!(sentences.iter().any(|sentence| sentence.contains(words)), "{run}: {sentences:?}");
    }
    check("sum~way~sweep", "heeds no preference");
    check("constant~way~starts", "heeds the preference");
    check("mgda~way~hv", "weighs the tasks itself");
    check("sum~way~pareto_mtl", "shortest averages");
    check("sum~mod~pref~way~hv", "weighs the tasks itself");
    check("constant~way~sweep~points~2", "3 to 21");
    // Rows that a modifier multiplies by the preference heed it.
    assert!(link::parse("#v=1&p=two-sines&m=mgda~mod~pref~way~sweep").is_ok());
}

#[test]
fn budgets_count_every_member() {
    let heavy = |way: &str| link::parse(&format!("#v=1&p=two-sines&net=256x3&b=128&st=20000&m=constant{way}"));
    assert!(heavy("").is_ok() && heavy("~way~sweep~points~21").is_err());
}
