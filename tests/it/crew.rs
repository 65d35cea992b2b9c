//! Several workers for several seeds: whoever trains a network, and whoever dies over it, the reader sees the same.

use paretoscope::protocol::{BackendReport, Command, Event, FailureCode, Network, RunId, SeedProgress};
use paretoscope::session::{Order, Session};
use paretoscope::train::History;
use std::cell::Cell;
use std::fs;
use std::rc::Rc;

/// A session whose clock goes on by one at every look.
fn session() -> Session {
    let time = Cell::new(0.0);
    Session::new(Rc::new(move || {
        time.set(time.get() + 1.0);
        time.get()
    }))
}

fn read(name: &str) -> Vec<u8> {
    fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a data file of the site")
}

/// A worker that trains for another one.
struct Hand {
    session: Session,
    /// Whether it still says something.
    lives: bool,
    /// Networks that it was asked for.
    asked: Vec<Network>,
    said: Vec<Event>,
}

/// A session with hands, and what a page would remember.
struct Stage {
    main: Session,
    hands: Vec<Option<Hand>>,
    /// Steps of each hand, then of the main session, in a round.
    pace: Vec<usize>,
    hired: usize,
    dismissed: usize,
    history: History,
    progress: Vec<SeedProgress>,
    backend: Option<BackendReport>,
    done_after: Option<usize>,
    seeds_before_done: usize,
}

impl Stage {
    fn of(link: &str, pace: &[usize]) -> Self {
        let mut main = session();
        main.offer_hands(pace.len() - 1);
        let mut stage = Self {
            main,
            hands: (1..pace.len()).map(|_| None).collect(),
            pace: pace.to_vec(),
            hired: 0,
            dismissed: 0,
            history: History::default(),
            progress: Vec::new(),
            backend: None,
            done_after: None,
            seeds_before_done: 0,
        };
        stage.say(Command::Start { id: RunId(1), link: link.into() });
        stage
    }

    fn say(&mut self, command: Command) {
        pollster::block_on(self.main.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for order in self.main.drain_orders() {
            match order {
                Order::Say { hand, command } => {
                    let hired = &mut self.hired;
                    let hand = self.hands[hand].get_or_insert_with(|| {
                        *hired += 1;
                        Hand { session: session(), lives: true, asked: Vec::new(), said: Vec::new() }
                    });
                    let command = Command::from_bytes(&command.to_bytes()).expect("commands survive their bytes");
                    if let Command::Train { network, .. } = &command {
                        hand.asked.push(*network);
                    }
                    pollster::block_on(hand.session.handle(command));
                }
                Order::Dismiss { hand } => {
                    self.dismissed += 1;
                    self.hands[hand] = None;
                }
            }
        }
        for event in self.main.drain() {
            match event {
                Event::Started { outline, .. } => self.history = History::new(outline),
                Event::Frame { frame, .. } => {
                    if !self.history.finished && !frame.finished {
                        self.seeds_before_done += frame.seeds.len();
                    }
                    self.history.extend(frame);
                    self.say(Command::FrameDrawn);
                }
                Event::Seeds { progress, .. } => self.progress.push(progress),
                Event::Backend(report) => self.backend = Some(report),
                Event::Done { .. } => self.done_after = Some(self.history.n_seeds()),
                Event::NeedFile { name } => {
                    let bytes = Ok(read(&name));
                    self.say(Command::File { name, bytes });
                }
                Event::Failed { message, .. } => panic!("{message}"),
                _ => {}
            }
        }
    }

    /// Everyone goes on at their own pace, and what hands say arrives.
    fn round(&mut self) {
        for at in 0..self.hands.len() {
            let Some(hand) = &mut self.hands[at] else { continue };
            for _ in 0..self.pace[at] {
                if hand.session.wants_to_advance() {
                    pollster::block_on(hand.session.advance());
                }
            }
            let said = hand.session.drain();
            hand.said.extend(said.iter().cloned());
            if hand.lives {
                for event in said {
                    assert!(!matches!(event, Event::NeedFile { .. }), "a hand has its files from who enlists it");
                    self.main.hear_hand(at, Event::from_bytes(&event.to_bytes()).expect("events survive their bytes"));
                }
            }
        }
        for _ in 0..self.pace[self.hands.len()] {
            if self.main.wants_to_advance() {
                pollster::block_on(self.main.advance());
            }
        }
        self.main.send_frame();
        self.hear();
    }

    fn is_over(&self) -> bool {
        self.history.finished && self.progress.last().is_some_and(|said| said.trained == said.of || said.stopped)
    }

    fn finish(&mut self) {
        let mut rounds = 0;
        while !self.is_over() {
            self.round();
            rounds += 1;
            assert!(rounds < 200_000, "it never ends: {:?}", self.progress.last());
        }
    }

    fn finished(link: &str, pace: &[usize]) -> Self {
        let mut stage = Self::of(link, pace);
        stage.finish();
        stage
    }

    /// How many networks each hand was asked for and has answered.
    fn answered(&self) -> Vec<usize> {
        let of = |hand: &Option<Hand>| {
            let said = hand.as_ref().map_or(&[][..], |hand| &hand.said);
            said.iter().filter(|event| matches!(event, Event::Trained { .. })).count()
        };
        self.hands.iter().map(of).collect()
    }

    fn seeds(&self) -> Vec<u32> {
        self.history.seeds.iter().map(|record| record.seed).collect()
    }
}

/// All that is told of an experiment but times.
fn told(history: &History) -> impl PartialEq + std::fmt::Debug + use<> {
    let runs = history.runs.iter().map(|run| (run.records.clone(), run.evaluations.clone(), run.diverged.clone()));
    (runs.collect::<Vec<_>>(), history.references.clone(), history.seeds.clone())
}

const LINKS: [&str; 4] = [
    "#v=1&st=60&m=sum,mgda,graddrop,famo&seeds=4",
    "#v=1&p=digits8&st=20&m=sum,modo&seeds=4",
    "#v=1&d=quadratics&st=30&m=sum~way~pamal,mgda&seeds=4",
    "#v=1&st=60&opt=sgd&lr=10&act=relu&m=sum,mgda&sc=100,100&s=4294967294&seeds=4",
];

#[test]
fn hands_change_no_bit_and_no_order() {
    for link in LINKS {
        let alone = Stage::finished(link, &[40]);
        assert_eq!((alone.hired, alone.history.n_seeds()), (0, 4), "{link}");
        // Hands that are as quick, one that is far ahead of the other, and ones that are ahead of the first seed.
        for pace in [&[40, 40][..], &[3, 90, 40], &[90, 2, 2], &[500, 400, 300, 1]] {
            let stage = Stage::finished(link, pace);
            assert_eq!(told(&stage.history), told(&alone.history), "{link} at {pace:?}");
            assert_eq!(stage.hired, pace.len() - 1, "{link}");
            assert_eq!(stage.seeds_before_done, 0, "no seed is told before the first");
            assert!(stage.done_after.is_some());
            assert!(stage.progress.windows(2).all(|pair| pair[0].trained <= pair[1].trained));
            assert!(stage.answered().iter().any(|n| *n > 0), "{link}: hands helped: {:?}", stage.answered());
        }
    }
}

#[test]
fn hands_start_while_the_first_seed_trains_and_who_enlists_them_waits_for_the_last() {
    let mut stage = Stage::of("#v=1&st=60&m=sum,mgda&seeds=2", &[1, 40]);
    assert_eq!(stage.hired, 1, "at once");
    let mut waited = false;
    while !stage.is_over() {
        waited |= stage.history.finished && !stage.main.wants_to_advance();
        stage.round();
    }
    assert!(waited, "a slow hand has the last network");
    assert!(!stage.main.wants_to_advance());
    // Nobody needs them now; the next experiment has them again.
    stage.main.pulse();
    stage.hear();
    assert_eq!(stage.dismissed, 1);
    stage.say(Command::Start { id: RunId(2), link: "#v=1&st=20&m=sum&seeds=3".into() });
    stage.progress.clear();
    stage.finish();
    assert_eq!((stage.hired, stage.history.n_seeds()), (2, 3));
}

#[test]
fn a_hand_that_dies_loses_nothing_and_tells_nothing_twice() {
    let link = "#v=1&st=60&m=sum,mgda,famo&s=1&seeds=5";
    let alone = Stage::finished(link, &[40]);
    for how in ["silence", "error", "panic", "all in silence"] {
        let mut stage = Stage::of(link, &[30, 30, 10]);
        while stage.answered().iter().sum::<usize>() < 3 {
            stage.round();
        }
        match how {
            "error" => {
                stage.main.lose_hand(0);
                stage.hear();
            }
            "panic" => {
                let message = "It stopped.".into();
                stage.main.hear_hand(0, Event::Failed { id: None, code: FailureCode::Panic, message });
                stage.hear();
            }
            _ => {
                let dead = if how == "silence" { 1 } else { 2 };
                for hand in stage.hands.iter_mut().flatten().take(dead) {
                    hand.lives = false;
                }
                let mut late = Vec::new();
                for _ in 0..6 {
                    stage.round();
                    stage.round();
                    late.extend(
                        stage.hands.iter().flatten().filter(|hand| !hand.lives).flat_map(|hand| hand.said.clone()),
                    );
                    stage.main.pulse();
                    stage.hear();
                }
                assert_eq!(stage.dismissed, dead, "{how}");
                // It was only slow: what it says now is known already, or somebody else's.
                assert!(late.iter().any(|event| matches!(event, Event::Trained { .. })), "{how}");
                for event in late {
                    stage.main.hear_hand(0, event);
                }
            }
        }
        let hired = stage.hired;
        stage.finish();
        assert_eq!(told(&stage.history), told(&alone.history), "{how}");
        assert_eq!(stage.seeds(), [2, 3, 4, 5], "{how}");
        assert_eq!(stage.hired, hired, "{how}: one that died is not hired again");
    }
}

#[test]
fn hands_that_live_are_not_taken_for_dead() {
    let mut stage = Stage::of("#v=1&st=400&m=sum,mgda&seeds=3", &[1, 1, 1]);
    for _ in 0..50 {
        stage.round();
        stage.main.pulse();
        stage.hear();
    }
    stage.say(Command::Pause);
    for _ in 0..50 {
        stage.round();
        stage.main.pulse();
        stage.hear();
    }
    assert_eq!((stage.hired, stage.dismissed), (2, 0));
}

#[test]
fn pausing_holds_hands_too() {
    let link = "#v=1&st=60&m=sum,mgda&seeds=6";
    let mut stage = Stage::of(link, &[30, 30, 5]);
    while stage.answered().iter().sum::<usize>() < 2 {
        stage.round();
    }
    stage.say(Command::Pause);
    stage.round();
    let known = (stage.answered(), stage.history.n_seeds());
    for _ in 0..200 {
        stage.round();
    }
    assert_eq!((stage.answered(), stage.history.n_seeds()), known);
    assert!(stage.hands.iter().flatten().all(|hand| !hand.session.wants_to_advance()));
    stage.say(Command::Resume);
    stage.finish();
    assert_eq!(told(&stage.history), told(&Stage::finished(link, &[40]).history));
    // Whoever starts while nobody looks holds its hands from the start.
    let mut stage = Stage::of("#v=1&st=20&m=sum", &[30, 30]);
    stage.say(Command::Pause);
    stage.say(Command::Start { id: RunId(2), link: link.into() });
    for _ in 0..50 {
        stage.round();
    }
    assert_eq!((stage.hired, stage.answered()), (1, vec![0]));
}

#[test]
fn stopping_stops_hands_and_keeps_what_is_complete() {
    let mut stage = Stage::of("#v=1&st=60&m=sum,mgda&seeds=20", &[30, 30, 30]);
    while stage.history.n_seeds() < 3 {
        stage.round();
    }
    let known = stage.history.n_seeds();
    stage.say(Command::StopSeeds { id: RunId(1) });
    assert!(stage.hands.iter().flatten().all(|hand| !hand.session.wants_to_advance()));
    let answered = stage.answered();
    for _ in 0..100 {
        stage.round();
    }
    assert_eq!((stage.history.n_seeds(), stage.answered()), (known, answered));
    let last = stage.progress.last().expect("progress");
    assert!(last.stopped && last.trained as usize == known, "{last:?}");
}

#[test]
fn an_edit_gives_hands_other_work_and_hears_nothing_of_the_old() {
    let link = "#v=1&st=50&m=sum,mgda&s=9&seeds=4";
    let mut stage = Stage::of("#v=1&st=60&m=sum,mgda&seeds=4", &[30, 30, 5]);
    while stage.answered().iter().sum::<usize>() < 1 {
        stage.round();
    }
    // Answers that are on their way when the reader edits.
    let old: Vec<Vec<Event>> = stage.hands.iter().map(|hand| hand.as_ref().expect("hired").said.clone()).collect();
    stage.say(Command::Start { id: RunId(2), link: link.into() });
    for (hand, events) in old.into_iter().enumerate() {
        for event in events {
            stage.main.hear_hand(hand, event);
        }
    }
    stage.progress.clear();
    stage.finish();
    assert_eq!(told(&stage.history), told(&Stage::finished(link, &[40]).history));
    assert_eq!((stage.hired, stage.dismissed), (2, 0), "hands are kept over an edit");
    // One seed needs none.
    stage.say(Command::Start { id: RunId(3), link: "#v=1&st=50&m=sum".into() });
    assert_eq!(stage.dismissed, 2);
}

#[test]
fn a_moved_preference_reaches_hands() {
    let link = "#v=1&p=two-sines&net=3&st=30&m=sum~way~pamal&seeds=3";
    let moved = |pace: &[usize]| {
        let mut stage = Stage::of(link, pace);
        stage.say(Command::Prefer { id: RunId(1), preference: vec![0.9, 0.1] });
        stage.finish();
        stage.history
    };
    let alone = moved(&[40]);
    assert_eq!(told(&moved(&[40, 40])), told(&alone));
    assert_ne!(alone.seeds, Stage::finished(link, &[40]).history.seeds, "metrics are those of the preference");
}

#[test]
fn the_time_left_counts_every_hand() {
    let left = |pace: &[usize]| {
        let stage = Stage::finished("#v=1&st=100&m=sum,mgda,famo&seeds=10", pace);
        let half = stage.progress.iter().find(|said| said.trained >= 3).and_then(|said| said.seconds_left);
        assert_eq!(stage.progress.last().and_then(|said| said.seconds_left), Some(0.0));
        half.expect("half way")
    };
    let (alone, three) = (left(&[20]), left(&[20, 20, 20]));
    assert!((0.2..0.55).contains(&(three / alone)), "{three} s of {alone} s");
}

#[test]
fn who_has_no_use_for_hands_hires_none() {
    let link = "#v=1&st=10&m=sum&seeds=2";
    assert_eq!(Stage::finished(link, &[40, 40, 40, 40]).hired, 1, "three networks are for two");
    let mut stage = Stage::of("#v=1&st=10&m=sum", &[40, 40]);
    stage.round();
    assert_eq!(stage.hired, 0);
    // Data that is large beside the memory of a browser is not held five times.
    let stage = Stage::of("#v=1&p=multimnist&seeds=3", &[0, 0, 0, 0, 0]);
    assert!((1..5).contains(&stage.hired), "{}", stage.hired);
}

#[cfg(feature = "gpu")]
#[test]
fn on_a_gpu_the_session_trains_alone() {
    use paretoscope::protocol::BackendKind;

    let mut stage = Stage::of("#v=1&st=5&m=sum&seeds=3&backend=gpu", &[40, 40]);
    let on_gpu = stage.backend.as_ref().is_some_and(|report| report.kind == BackendKind::Gpu);
    stage.finish();
    assert_eq!(stage.hired, usize::from(!on_gpu));
    assert_eq!(stage.history.n_seeds(), 3);
}
