//! The ladder with a real (software) adapter: it names what it found, and survives a device that vanishes.

use paretoscope::protocol::{BackendKind, BackendReport, Command, Event, FailureCode, RunId};
use paretoscope::session::Session;
use paretoscope::train::History;
use std::rc::Rc;
use std::time::Instant;

/// A session on a real clock, with what a page would remember of it.
struct Script {
    session: Session,
    history: History,
    starts: u32,
    backends: Vec<BackendReport>,
    failures: Vec<(FailureCode, String)>,
    done: bool,
}

impl Script {
    fn start(link: &str) -> Self {
        let begun = Instant::now();
        let clock = Rc::new(move || begun.elapsed().as_secs_f64() * 1e3);
        let mut script = Self {
            session: Session::new(clock),
            history: History::default(),
            starts: 0,
            backends: Vec::new(),
            failures: Vec::new(),
            done: false,
        };
        script.say(Command::Start { id: RunId(7), link: link.into() });
        script
    }

    fn say(&mut self, command: Command) {
        pollster::block_on(self.session.handle(command));
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
                Event::Backend(report) => self.backends.push(report),
                Event::Failed { code, message, .. } => self.failures.push((code, message)),
                Event::Done { .. } => self.done = true,
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
        self.say(Command::Resume);
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            self.advance(50);
        }
        assert!(self.done);
    }

    fn backend(&self) -> &BackendReport {
        self.backends.last().expect("a backend was reported")
    }
}

#[test]
fn an_explicit_choice_trains_on_the_adapter_and_names_it() {
    let mut script = Script::start("#v=1&st=10&m=sum,mgda&backend=gpu");
    script.finish();
    let report = script.backend();
    assert_eq!(report.kind, BackendKind::Gpu, "{report:?}");
    assert!(!report.adapter.is_empty() && report.statement.contains(&report.adapter), "{report:?}");
    assert!(report.rungs.iter().any(|rung| rung.name == "self-test" && rung.passed), "{report:?}");
    let products = report.rungs.iter().find(|rung| rung.name == "products").expect("how products are computed");
    let both = ["register tiles", "workgroup tiles"].iter().all(|family| products.detail.contains(family));
    assert!(products.passed && both && products.detail.matches(" ms").count() == 2, "{products:?}");
    assert!(script.history.runs.iter().all(|run| run.dispatches > 0));
}

#[test]
fn auto_keeps_off_software_adapters_and_says_why() {
    let mut script = Script::start("#v=1&st=3&m=sum&backend=auto");
    script.finish();
    let report = script.backend();
    // On a machine with a real adapter the race decides; either way the choice has its reasons.
    assert!(!report.rungs.is_empty() && !report.statement.is_empty(), "{report:?}");
    if report.rungs.iter().any(|rung| rung.name == "hardware" && !rung.passed) {
        assert_eq!(report.kind, BackendKind::Cpu);
        assert!(report.statement.contains("software"), "{report:?}");
    }
}

#[test]
fn a_lost_device_restarts_once_and_then_moves_to_the_cpu() {
    let mut script = Script::start("#v=1&st=40&m=sum,pcgrad&backend=gpu");
    script.advance(20);
    for (starts, kind) in [(2, BackendKind::Gpu), (3, BackendKind::Cpu)] {
        script.say(Command::LoseDevice);
        script.advance(8);
        assert_eq!((script.starts, script.backend().kind), (starts, kind), "{:?}", script.failures);
        let (code, message) = script.failures.last().expect("the loss was told");
        assert_eq!(*code, FailureCode::Device);
        assert!(message.contains("step 0"), "{message}");
    }
    script.finish();
    assert_eq!(script.history.head(), 40);
    assert!(script.history.runs.iter().all(|run| run.diverged.is_none()));
}
