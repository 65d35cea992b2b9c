//! Networks of further seeds that go together on the GPU: the reader sees what networks that go alone would tell.

use crate::twins::open;
use paretoscope::protocol::{BackendKind, BackendReport, Command, Event, RunId, SeedCurves, SeedProgress};
use paretoscope::session::Session;
use paretoscope::train::History;
use std::rc::Rc;

/// A session with what a page would remember of it.
struct Script {
    session: Session,
    history: History,
    backend: Option<BackendReport>,
    progress: Vec<SeedProgress>,
    failures: Vec<String>,
    starts: usize,
}

impl Script {
    fn of(link: &str) -> Self {
        let mut script = Self {
            session: Session::new(Rc::new(|| 0.0)),
            history: History::default(),
            backend: None,
            progress: Vec::new(),
            failures: Vec::new(),
            starts: 0,
        };
        script.say(Command::Start { id: RunId(1), link: link.into() });
        script
    }

    fn say(&mut self, command: Command) {
        pollster::block_on(self.session.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for event in self.session.drain() {
            match event {
                Event::Started { outline, .. } => {
                    self.starts += 1;
                    self.history = History::new(outline);
                }
                Event::Frame { frame, .. } => {
                    self.history.extend(frame);
                    self.say(Command::FrameDrawn);
                }
                Event::Backend(report) => self.backend = Some(report),
                Event::Seeds { progress, .. } => self.progress.push(progress),
                Event::Failed { message, .. } => self.failures.push(message),
                _ => {}
            }
        }
    }

    /// One step of one network.
    fn advance(&mut self) {
        pollster::block_on(self.session.advance());
        self.session.send_frame();
        self.hear();
    }

    fn advance_while(&mut self, goes_on: impl Fn(&Self) -> bool) {
        while self.session.wants_to_advance() && goes_on(self) {
            self.advance();
        }
    }

    fn finish(&mut self) {
        self.advance_while(|_| true);
    }

    /// Some steps of further seeds, of which none is complete.
    fn go_to_the_middle(&mut self) {
        self.advance_while(|script| !script.history.finished);
        (0..30).for_each(|_| self.advance());
        assert!(self.history.finished && self.history.n_seeds() == 1);
    }

    fn kind(&self) -> Option<BackendKind> {
        self.backend.as_ref().map(|report| report.kind)
    }
}

/// Relative difference after forty steps in f32 with sums in another order.
const TOLERANCE: f64 = 2e-3;

#[track_caller]
fn check_alike(what: &str, ours: &SeedCurves, exact: &SeedCurves) {
    for (ours, exact) in [(&ours.losses, &exact.losses), (&ours.metrics, &exact.metrics)] {
        let steps = |told: &[(u32, Vec<f64>)]| told.iter().map(|(step, _)| *step).collect::<Vec<_>>();
        assert_eq!(steps(ours), steps(exact), "{what}");
        assert!(ours.len() > 2, "{what} tells nothing");
        for ((step, ours), (_, exact)) in ours.iter().zip(exact) {
            assert_eq!(ours.len(), exact.len(), "{what}, step {step}");
            for (ours, exact) in ours.iter().zip(exact) {
                let off = (ours - exact).abs();
                assert!(off <= TOLERANCE * (1.0 + exact.abs()), "{what}, step {step}: {ours} instead of {exact}");
            }
        }
    }
    assert_eq!(ours.diverged.as_ref().map(|end| end.step), exact.diverged.as_ref().map(|end| end.step), "{what}");
}

/// All further seeds of a link, on the GPU as on the CPU, where networks go one by one.
#[track_caller]
fn check(link: &str) -> Script {
    let mut ours = Script::of(&format!("{link}&backend=gpu"));
    assert_eq!(ours.kind(), Some(BackendKind::Gpu));
    ours.finish();
    let mut exact = Script::of(&format!("{link}&backend=cpu"));
    exact.finish();
    assert_eq!(ours.failures, Vec::<String>::new());
    assert_eq!(ours.history.seeds.len(), exact.history.seeds.len());
    for (ours, exact) in ours.history.seeds.iter().zip(&exact.history.seeds) {
        assert_eq!(ours.seed, exact.seed);
        assert_eq!((ours.runs.len(), ours.references.len()), (exact.runs.len(), exact.references.len()));
        let all = |seed: &paretoscope::protocol::SeedRecord| [seed.runs.clone(), seed.references.clone()].concat();
        for (at, (ours, exact)) in all(ours).iter().zip(&all(exact)).enumerate() {
            check_alike(&format!("{link}, network {at}"), ours, exact);
        }
    }
    ours
}

#[test]
fn seeds_that_go_together_tell_what_seeds_tell_that_go_alone() {
    if open().is_none() {
        return;
    }
    let script = check("#v=1&st=40&m=sum,pcgrad,mgda,famo&seeds=4");
    // All three were complete at once, so they did go together.
    let trained: Vec<u32> = script.progress.iter().map(|progress| progress.trained).filter(|&n| n > 0).collect();
    assert!(trained.contains(&1) && trained.contains(&4) && !trained.contains(&2), "{trained:?}");
}

#[test]
fn what_cannot_go_together_goes_alone_beside_it() {
    if open().is_none() {
        return;
    }
    // A modifier, a method that works on coordinates, and references of two seeds only.
    check("#v=1&st=40&m=sum,pcgrad~mod~unit,graddrop,nash_mtl&seeds=3");
    // Nothing at all.
    check("#v=1&st=20&m=graddrop&seeds=2");
}

#[test]
fn one_that_diverges_lets_the_others_go_on() {
    if open().is_none() {
        return;
    }
    let mut script = Script::of("#v=1&st=60&m=sum,pcgrad,mgda&seeds=4&opt=sgd&lr=10&backend=gpu");
    script.finish();
    assert_eq!(script.history.n_seeds(), 4, "{:?}", script.failures);
    let diverged = script.history.seeds.iter().flat_map(|seed| &seed.runs).filter(|run| run.diverged.is_some());
    assert!(diverged.count() > 0);
}

#[test]
fn seeds_that_go_together_can_be_stopped() {
    if open().is_none() {
        return;
    }
    let mut script = Script::of("#v=1&st=40&m=sum,pcgrad&seeds=4&backend=gpu");
    script.go_to_the_middle();
    script.say(Command::StopSeeds { id: RunId(1) });
    assert!(!script.session.wants_to_advance());
    script.advance();
    assert_eq!(script.history.n_seeds(), 1);
    assert!(script.progress.last().is_some_and(|progress| progress.stopped && progress.trained == 1));
    // Another experiment in the middle of it.
    script.say(Command::Start { id: RunId(2), link: "#v=1&st=20&m=sum&seeds=4&backend=gpu".into() });
    script.finish();
    assert_eq!((script.history.n_seeds(), script.history.head()), (4, 20));
}

#[test]
fn a_device_that_vanishes_under_many_restarts_the_experiment() {
    if open().is_none() {
        return;
    }
    let mut script = Script::of("#v=1&st=40&m=sum,pcgrad&seeds=4&backend=gpu");
    for (starts, kind) in [(2, BackendKind::Gpu), (3, BackendKind::Cpu)] {
        script.go_to_the_middle();
        script.say(Command::LoseDevice);
        script.advance_while(|script| script.starts < starts);
        assert_eq!((script.starts, script.kind()), (starts, Some(kind)), "{:?}", script.failures);
        assert!(script.failures.last().is_some_and(|why| why.contains("step 0")), "{:?}", script.failures);
    }
    script.finish();
    assert_eq!(script.history.n_seeds(), 4);
}
