//! Front learners: what a run trains in the place of a single point. One file each, one line each in [`LEARNERS`].

use super::manifold;
use crate::balance::modify::Applied;
use crate::balance::{Knob, Method};

/// One entry of [`LEARNERS`].
#[derive(Debug, Clone, Copy)]
pub struct Learner {
    /// Link value, behind `~way~`.
    pub id: &'static str,
    /// Name as in the paper.
    pub label: &'static str,
    /// A few sentences: what it does, and at what price.
    pub about: &'static str,
    /// Where implementations disagree, and what this one does.
    pub pitfalls: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    pub year: u16,
    pub link: &'static str,
    pub knobs: &'static [Knob],
    /// Fewest and most tasks that it can learn a front of; it has as many members.
    pub tasks: (usize, usize),
    /// Why it does not go with this method, these modifiers and these values of its knobs, in a sentence.
    pub refuses: fn(&Method, &[Applied], &[f64]) -> Option<String>,
}

/// The one list of front learners.
pub const LEARNERS: &[Learner] = &[manifold::LEARNER];

/// The registered front learner with this id.
pub fn learner(id: &str) -> Option<&'static Learner> {
    LEARNERS.iter().find(|learner| learner.id == id)
}

/// A front learner as a run has it.
#[derive(Clone)]
pub struct Learned {
    pub learner: &'static Learner,
    /// One value for each of its knobs.
    pub knobs: Vec<f64>,
}

impl Learned {
    /// With the defaults of its knobs.
    pub fn new(learner: &'static Learner) -> Self {
        Self { learner, knobs: learner.knobs.iter().map(|knob| knob.default).collect() }
    }
}

impl PartialEq for Learned {
    fn eq(&self, other: &Self) -> bool {
        self.learner.id == other.learner.id && self.knobs == other.knobs
    }
}

impl std::fmt::Debug for Learned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.learner.id, self.knobs)
    }
}
