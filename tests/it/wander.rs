//! Paths from the other starts of a problem: the same bits as the experiment's own, in portions, and cancelled cleanly.

use paretoscope::config::{ExperimentConfig, link};
use paretoscope::landscape::Trails;
use paretoscope::problem::PROBLEMS;
use paretoscope::protocol::{Command, Event, MapPlan, PlanRequest, RunId, Wandered};
use paretoscope::session::Session;
use std::cell::Cell;
use std::rc::Rc;

/// A session of which only paths and plans are heard.
struct Script {
    session: Session,
    planned: Option<MapPlan>,
    wandered: Vec<(RunId, u32, Result<Wandered, String>)>,
}

impl Script {
    /// With a clock that goes on by so many milliseconds whenever it is read.
    fn new(tick: f64) -> Self {
        let now = Cell::new(0.0);
        let clock = move || {
            now.set(now.get() + tick);
            now.get()
        };
        Self { session: Session::new(Rc::new(clock)), planned: None, wandered: Vec::new() }
    }

    fn say(&mut self, command: Command) {
        let command = Command::from_bytes(&command.to_bytes()).expect("commands survive their bytes");
        pollster::block_on(self.session.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for event in self.session.drain() {
            match Event::from_bytes(&event.to_bytes()).expect("events survive their bytes") {
                Event::Frame { .. } => self.say(Command::FrameDrawn),
                Event::Planned { plan, .. } => self.planned = Some(plan.expect("a plane")),
                Event::Wandered { id, number, portion } => self.wandered.push((id, number, portion)),
                _ => {}
            }
        }
    }

    fn advance(&mut self, times: usize) {
        for _ in 0..times {
            pollster::block_on(self.session.advance());
        }
        self.hear();
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            pollster::block_on(self.session.advance());
        }
        self.hear();
    }
}

fn config(link: &str) -> ExperimentConfig {
    link::parse(link).unwrap_or_else(|rejected| panic!("{link}: {:?}", rejected.complaints)).config
}

/// All paths from the other starts.
fn wandered(link: &str, tick: f64) -> (Trails, usize) {
    let mut script = Script::new(tick);
    script.say(Command::Prepare { id: RunId(1), link: link.into() });
    script.say(Command::Wander { id: RunId(1), number: 3 });
    script.finish();
    let n = script.wandered.len();
    let mut trails = Trails::default();
    for (id, number, portion) in script.wandered {
        assert_eq!((id, number), (RunId(1), 3));
        let before = trails.share();
        trails.take(portion.expect("two parameters"));
        assert!(trails.share() > before && trails.share() <= 1.0);
    }
    assert!(trails.is_complete());
    (trails, n)
}

/// Exact checkpoints of an experiment, as its plan has them.
fn trained(link: &str) -> MapPlan {
    let mut script = Script::new(0.0);
    script.say(Command::Start { id: RunId(1), link: link.into() });
    script.finish();
    let request = PlanRequest { number: 1, plane: "parameters".into(), step: 0, ..Default::default() };
    script.say(Command::Plan { id: RunId(1), request });
    script.planned.expect("an answer")
}

#[test]
fn a_path_from_another_start_is_what_the_experiment_would_do_there() {
    // Random draws, momentum, a schedule and more steps than checkpoints: nothing of it may differ.
    let link = "#v=1&p=toy&st=450&s=5&m=sum,rlw,nash_mtl,pcgrad&sched=cosine&lr=.05";
    let (trails, _) = wandered(link, 0.0);
    let starts = config(link).other_starts();
    assert_eq!(trails.all().len(), starts.len() * 4);
    for start in starts {
        let plan = trained(&format!("{link}&start={}", start.id));
        assert!(plan.is_everything());
        for (run, path) in plan.paths.iter().enumerate() {
            let mine = trails.all().iter().filter(|trail| trail.start == start.id && trail.run == run);
            let [trail] = mine.collect::<Vec<_>>()[..] else { panic!("one path for {} and run {run}", start.id) };
            assert_eq!(trail.points.len(), path.points.len());
            assert!(trail.points.len() <= 201 && trail.points.len() > 100);
            assert_eq!(trail.points[0].x.map(f64::from), start.x);
            for (point, expected) in trail.points.iter().zip(&path.points) {
                assert_eq!((point.step, point.x.map(f64::from)), (expected.step, expected.at));
            }
            assert_eq!(trail.points.last().expect("points").step, 450);
            assert_eq!(trail.end.expect("complete").diverged, None);
        }
    }
}

#[test]
fn portions_make_the_same_paths() {
    let link = "#v=1&p=toy&st=300&m=sum,mgda";
    let (whole, n_whole) = wandered(link, 0.0);
    let (pieces, n_pieces) = wandered(link, 10.0);
    assert_eq!(n_whole, 10);
    // A portion ends at the third look at this clock, and it is looked at every sixteenth step.
    assert!(n_pieces > 40, "{n_pieces}");
    assert_eq!(whole, pieces);
}

#[test]
fn wandering_is_cancelled_by_stop_and_by_another_subject() {
    let link = "#v=1&p=toy&st=2000&m=sum,mgda";
    let mut script = Script::new(10.0);
    let refused = |script: &mut Script| script.wandered.pop().expect("an answer").2.expect_err("refused");
    script.say(Command::Wander { id: RunId(1), number: 1 });
    assert!(refused(&mut script).contains("not been prepared"));
    for ending in
        [Command::StopSurvey { id: RunId(2) }, Command::Prepare { id: RunId(3), link: "#v=1&p=toy&d=zdt1".into() }]
    {
        script.say(Command::Prepare { id: RunId(2), link: link.into() });
        script.say(Command::Wander { id: RunId(2), number: 2 });
        script.advance(5);
        assert_eq!(script.wandered.len(), 5);
        // Of something else.
        script.say(Command::StopSurvey { id: RunId(9) });
        assert!(script.session.wants_to_advance());
        script.say(ending);
        assert!(!script.session.wants_to_advance());
        script.advance(5);
        assert_eq!(script.wandered.len(), 5);
        script.wandered.clear();
    }
    // No map holds all of thirty parameters, nor a network.
    script.say(Command::Wander { id: RunId(3), number: 4 });
    assert!(refused(&mut script).contains("two parameters"));
    // Asked anew it begins anew.
    script.say(Command::Prepare { id: RunId(2), link: link.into() });
    script.say(Command::Wander { id: RunId(2), number: 5 });
    script.advance(4);
    script.say(Command::Wander { id: RunId(2), number: 6 });
    script.finish();
    let again = script.wandered.iter().filter(|(_, number, _)| *number == 6);
    let mut trails = Trails::default();
    again.for_each(|(.., portion)| trails.take(portion.clone().expect("sound")));
    assert!(trails.is_complete() && trails.all().len() == 10);
    assert!(trails.all().iter().all(|trail| trail.points[0].step == 0));
}

#[test]
fn a_path_that_diverges_ends_there() {
    // Two quadratics without a floor under plain descent and far too long steps.
    let (trails, _) = wandered("#v=1&p=quadratics&opt=sgd&lr=1&sc=1000,1000&m=sum&st=400", 0.0);
    for trail in trails.all() {
        let end = trail.end.expect("complete");
        let at = end.diverged.expect("it leaves all bounds");
        assert!(at < 400 && trail.points.iter().all(|point| point.step <= at && point.x.iter().all(|x| x.is_finite())));
    }
}

#[test]
fn distances_to_the_set_are_those_to_its_nearest_point() {
    for problem in PROBLEMS.iter().filter(|problem| problem.n_parameters == 2) {
        let Some(front) = problem.front else { continue };
        let mut on = vec![0.0; 2];
        for curve in front.samples(11) {
            for at in curve {
                (front.set)(&at, &mut on);
                assert!(front.distance(&on) < 1e-4, "{}: {on:?}", problem.id);
                let beside = [on[0] + 0.3, on[1] - 0.4];
                assert!(front.distance(&beside) <= 0.5 + 1e-9);
            }
        }
        // Among many samples none is nearer.
        let x = [problem.bounds.high, problem.bounds.low];
        let nearest = front.samples(2_001).concat().into_iter().map(|at| {
            (front.set)(&at, &mut on);
            (on[0] - x[0]).hypot(on[1] - x[1])
        });
        let nearest = nearest.fold(f64::INFINITY, f64::min);
        assert!((front.distance(&x) - nearest).abs() < 1e-3, "{}", problem.id);
    }
}

/// The figure of CAGrad and Nash-MTL with a larger step: from each of the papers' five starts, where two methods end.
#[test]
fn from_the_five_starts_of_the_papers() {
    let link = "#v=1&p=toy&m=sum,nash_mtl&lr=.05&st=700&start=-8.5,7.5";
    let front = config(link).analytic().and_then(|analytic| analytic.problem.front).expect("a known front");
    let own = trained(link);
    let (trails, _) = wandered(link, 0.0);
    let papers = ["origin", "upper-right", "left", "right"];
    let ends = |run: usize| -> Vec<[f64; 2]> {
        let of = |start: &&str| {
            let trail = trails.all().iter().find(|trail| trail.start == **start && trail.run == run);
            trail.expect("a path").points.last().expect("points").x.map(f64::from)
        };
        std::iter::once(own.paths[run].points.last().expect("points").at).chain(papers.iter().map(of)).collect()
    };
    // Nash-MTL reaches the front from everywhere; the sum ends at one place left of its middle, but for one start.
    assert_eq!(ends(1).iter().filter(|end| front.distance(&end[..]) < 0.1).count(), 5);
    let stays = |end: &[f64; 2]| (end[0] + 5.7).abs() < 0.2;
    assert_eq!(ends(0).iter().map(stays).collect::<Vec<_>>(), [true, true, false, true, true], "{:?}", ends(0));
}
