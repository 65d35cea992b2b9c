//! Front learners: what a run trains in the place of a single point. One file each, one line each in [`LEARNERS`].

use super::chart::{Charted, conditioned, hyper, low_rank};
use super::{hypervolume, manifold, pareto_mtl, starts, sweep};
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
    /// Fewest and most tasks that it can learn a front of.
    pub tasks: (usize, usize),
    /// Single points side by side.
    pub crowd: Option<Crowd>,
    /// A map from preferences to θ. Without it and a crowd: mixtures of as many networks as there are tasks.
    pub chart: Option<Charted>,
    /// Why it does not go with this method, these modifiers and these values of its knobs, in a sentence.
    pub refuses: fn(&Method, &[Applied], &[f64]) -> Option<String>,
}

/// The single points that a learner trains, for values of its knobs and K tasks.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// How many: N.
    pub size: fn(&[f64], usize) -> usize,
    /// (N) preferences (K), one a member; empty where their losses tell where they are.
    pub preferences: fn(&[f64], usize) -> Vec<Vec<f64>>,
    /// Whether every member has a start of its own.
    pub own_starts: fn(&[f64]) -> bool,
    /// What members take for their preferences in a step in the place of their own, if they do.
    pub shares: Option<StepShares>,
    /// What balances in the place of the run's method, with the knobs of the learner.
    pub method: Option<&'static Method>,
}

/// Writes shares (N, K), from knobs, scaled losses (N, K) of step 0 and of this one, and K.
pub type StepShares = fn(&[f64], (&[f64], &[f64]), usize, &mut [f64]);

/// The one list of front learners.
pub const LEARNERS: &[Learner] = &[
    manifold::LEARNER,
    sweep::LEARNER,
    starts::LEARNER,
    hypervolume::LEARNER,
    pareto_mtl::LEARNER,
    conditioned::LEARNER,
    hyper::LEARNER,
    low_rank::LEARNER,
];

/// The registered front learner with this id.
pub fn learner(id: &str) -> Option<&'static Learner> {
    LEARNERS.iter().find(|learner| learner.id == id)
}

impl Learner {
    /// Whether it mixes as many networks as there are tasks.
    pub fn mixes_members(&self) -> bool {
        self.crowd.is_none() && self.chart.is_none()
    }
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

    /// Networks that it trains for so many tasks.
    pub fn members(&self, n_tasks: usize) -> usize {
        match (self.learner.crowd, self.learner.chart) {
            (Some(crowd), _) => (crowd.size)(&self.knobs, n_tasks),
            (None, Some(_)) => 1,
            (None, None) => n_tasks,
        }
    }

    /// How many of them stand side by side without being mixed.
    pub fn points(&self, n_tasks: usize) -> usize {
        if self.learner.crowd.is_some() { self.members(n_tasks) } else { 0 }
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
