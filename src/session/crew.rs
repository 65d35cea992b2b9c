//! Those that train single networks of further seeds for a session: who has what to do, and who is lost.
//!
//! A session gives orders and is told of answers; who starts programs and carries messages is not its affair. Each
//! network depends on its seed alone, so one that is trained again elsewhere is the same to the last bit, and a session
//! without hands does everything itself.

use crate::protocol::{Command, Event, HandProgress, Network, RunId, SeedCurves};
use std::collections::VecDeque;

/// Questions without an answer after which a hand is taken for dead. Browsers end workers without an event. Counted,
/// not timed: a computer that slept heard nothing either.
const UNANSWERED: u32 = 4;
/// Networks that a hand has at once, so that it need not wait for the next.
const AHEAD: usize = 2;

/// What is to be done about one hand.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Say this to it, after starting it if there is none of this number.
    Say { hand: usize, command: Command },
    /// It is needed no more.
    Dismiss { hand: usize },
}

/// Hands and their work.
#[derive(Default)]
pub struct Crew {
    hands: Vec<Hand>,
    /// Counts what hands were enlisted for: answers about something earlier are none.
    generation: RunId,
    paused: bool,
    orders: Vec<Order>,
    /// What hands took that were lost since the last enlisting.
    lost_millis: f64,
}

#[derive(Default)]
struct Hand {
    /// Whether it cannot be had any more.
    lost: bool,
    started: bool,
    enlisted: bool,
    /// Files it has.
    files: Vec<String>,
    networks: VecDeque<Network>,
    progress: HandProgress,
    /// How often it was asked whether it is there since it last said anything.
    unanswered: u32,
}

impl Hand {
    fn works(&self) -> bool {
        self.enlisted && !self.lost
    }
}

impl Crew {
    /// At most so many hands from now on.
    pub fn offer(&mut self, most: usize) {
        self.hands.resize_with(most, Hand::default);
    }

    /// Whether there can be any.
    pub fn is_offered(&self) -> bool {
        !self.hands.is_empty()
    }

    /// What is to be done, in order.
    pub fn drain(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Hands that train.
    pub fn size(&self) -> usize {
        self.hands.iter().filter(|hand| hand.works()).count()
    }

    /// What all hands took since they were enlisted.
    pub fn millis(&self) -> f64 {
        self.lost_millis + self.hands.iter().map(|hand| hand.progress.millis).sum::<f64>()
    }

    /// What is done of networks under way, in networks.
    pub fn share(&self) -> f64 {
        self.hands.iter().map(|hand| hand.progress.share).sum()
    }

    /// Enlists at most `most` hands for this link, with the files (name and bytes) that it needs, and dismisses others.
    pub fn enlist(&mut self, most: usize, link: &str, files: &[(String, Vec<u8>)]) {
        self.rest();
        let mut enlisted = 0;
        for at in 0..self.hands.len() {
            let hand = &mut self.hands[at];
            if hand.lost {
                continue;
            }
            if enlisted == most {
                self.dismiss(at);
                continue;
            }
            enlisted += 1;
            let first_said = !hand.started;
            (hand.started, hand.enlisted) = (true, true);
            let missing: Vec<_> = files.iter().filter(|(name, _)| !hand.files.contains(name)).cloned().collect();
            hand.files.extend(missing.iter().map(|(name, _)| name.clone()));
            for (name, bytes) in missing {
                self.say(at, Command::File { name, bytes: Ok(bytes) });
            }
            if first_said && self.paused {
                self.say(at, Command::Pause);
            }
            self.say(at, Command::Enlist { id: self.generation, link: link.into() });
        }
    }

    /// Whatever was asked for is wanted no more.
    pub fn rest(&mut self) {
        let id = self.generation;
        for at in 0..self.hands.len() {
            let hand = &mut self.hands[at];
            if std::mem::take(&mut hand.enlisted) && !hand.networks.is_empty() {
                self.say(at, Command::StopSeeds { id });
            }
            let hand = &mut self.hands[at];
            hand.networks.clear();
            hand.progress = HandProgress::default();
        }
        self.lost_millis = 0.0;
        self.generation.0 += 1;
    }

    fn say(&mut self, hand: usize, command: Command) {
        self.orders.push(Order::Say { hand, command });
    }

    fn dismiss(&mut self, at: usize) {
        let hand = &mut self.hands[at];
        if hand.started {
            *hand = Hand { lost: hand.lost, ..Hand::default() };
            self.orders.push(Order::Dismiss { hand: at });
        }
    }

    /// Says it to all that were started.
    fn say_to_all(&mut self, command: &Command) {
        for at in 0..self.hands.len() {
            if self.hands[at].started {
                self.say(at, command.clone());
            }
        }
    }

    pub fn pause(&mut self, paused: bool) {
        if self.paused != paused {
            self.paused = paused;
            self.say_to_all(if paused { &Command::Pause } else { &Command::Resume });
        }
    }

    /// Looks at every manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        let command = Command::Prefer { id: self.generation, preference: preference.to_vec() };
        for at in 0..self.hands.len() {
            if self.hands[at].works() {
                self.say(at, command.clone());
            }
        }
    }

    /// Gives hands what they can take of what waits, fairly: `next` is asked for one network after the other, and
    /// `waiting` says how many there are.
    pub fn give(&mut self, mut waiting: usize, mut next: impl FnMut() -> Option<Network>) {
        for ahead in 0..AHEAD {
            for at in 0..self.hands.len() {
                // Towards the end nobody hoards what another one could begin.
                let can_take = self.hands[at].works() && self.hands[at].networks.len() == ahead;
                if !can_take || (ahead > 0 && waiting <= self.size()) {
                    continue;
                }
                let Some(network) = next() else { return };
                waiting = waiting.saturating_sub(1);
                self.hands[at].networks.push_back(network);
                self.say(at, Command::Train { id: self.generation, network });
            }
        }
    }

    /// What a hand said: a network that is complete.
    pub fn hear(&mut self, at: usize, event: Event) -> Result<Option<(Network, SeedCurves)>, Vec<Network>> {
        let Some(hand) = self.hands.get_mut(at).filter(|hand| hand.started) else { return Ok(None) };
        hand.unanswered = 0;
        match event {
            Event::Trained { id, network, curves } if id == self.generation => {
                let wanted = hand.networks.len();
                hand.networks.retain(|known| *known != network);
                hand.progress.share = 0.0;
                Ok((hand.networks.len() < wanted).then_some((network, curves)))
            }
            Event::Progress { id, progress } if id == self.generation => {
                hand.progress = progress;
                Ok(None)
            }
            Event::Failed { id, .. } if id.is_none_or(|id| id == self.generation) => Err(self.lose(at)),
            _ => Ok(None),
        }
    }

    /// A hand that cannot be had, now or later; what it was to train.
    pub fn lose(&mut self, at: usize) -> Vec<Network> {
        let Some(hand) = self.hands.get_mut(at) else { return Vec::new() };
        hand.lost = true;
        self.lost_millis += hand.progress.millis;
        let networks = std::mem::take(&mut hand.networks);
        self.dismiss(at);
        networks.into()
    }

    /// Asks every hand whether it is there; what those were to train that were asked too often. Hands that nobody needs
    /// are dismissed.
    pub fn pulse(&mut self, needed: bool) -> Vec<Network> {
        let mut networks = Vec::new();
        for at in 0..self.hands.len() {
            let hand = &mut self.hands[at];
            if !hand.started {
                continue;
            }
            hand.unanswered += 1;
            if !needed {
                self.dismiss(at);
            } else if hand.unanswered > UNANSWERED {
                networks.extend(self.lose(at));
            } else {
                self.say(at, Command::Ping);
            }
        }
        networks
    }
}
