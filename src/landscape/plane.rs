//! What a plane through parameter space is laid through, as a value: its kind and the points, tasks or seed it names.

use super::laid::{Laid, Terrain};
use std::fmt;
use std::pin::Pin;

/// An entry of [`super::PLANES`].
pub struct PlaneSource {
    /// Id in links (kebab-case).
    pub id: &'static str,
    pub label: &'static str,
    /// What it shows and what it hides, in a sentence or two.
    pub about: &'static str,
    /// What follows the id in links, in order.
    pub slots: &'static [Slot],
    /// How many of them must be there.
    pub required: usize,
    /// Whether it is what suits where all parameters fit into a plane; of the others the first suits.
    pub suits_exact: bool,
    /// Whether it lies where the view cursor is, as long as no step is named.
    pub follows_cursor: bool,
    /// Lays it through the stored checkpoints, or says in a sentence why that cannot be.
    pub(super) lay: Lay,
}

/// How long it takes to lay a plane.
pub(super) enum Lay {
    AtOnce(fn(&mut Terrain<'_>, &PlaneChoice) -> Result<Laid, String>),
    InPieces(for<'a> fn(&'a mut Terrain<'_>, &'a PlaneChoice) -> Laying<'a>),
}

/// A plane being laid, with a breath after every piece.
pub(super) type Laying<'a> = Pin<Box<dyn Future<Output = Result<Laid, String>> + 'a>>;

/// What stands at one place behind a plane's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A whole number that random directions are drawn from.
    Seed,
    /// A task, from 1.
    Task,
    /// A run from 1, or its checkpoint at a step: `2` or `2-150`.
    Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    Seed(u32),
    /// From 0.
    Task(usize),
    Point(Point),
}

/// A stored checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// From 0.
    pub run: usize,
    /// Without one the plane says where: at the end, or at the view cursor.
    pub step: Option<u32>,
}

/// A plane that somebody asks for.
#[derive(Clone)]
pub struct PlaneChoice {
    pub source: &'static PlaneSource,
    /// At most one for each of the source's slots, in their order.
    pub arguments: Vec<Argument>,
}

/// What choices may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub n_runs: usize,
    pub n_tasks: usize,
    pub steps: u32,
}

impl PlaneChoice {
    pub fn new(source: &'static PlaneSource) -> Self {
        Self { source, arguments: Vec::new() }
    }

    /// Whether everything it names exists.
    pub fn fits(&self, reach: Reach) -> bool {
        self.arguments.iter().all(|argument| match *argument {
            Argument::Seed(_) => true,
            Argument::Task(task) => task < reach.n_tasks,
            Argument::Point(Point { run, step }) => run < reach.n_runs && step.is_none_or(|step| step <= reach.steps),
        })
    }

    /// Its seed, 1 where none is given.
    pub fn seed(&self) -> u32 {
        let seed = |argument: &Argument| match argument {
            Argument::Seed(seed) => Some(*seed),
            _ => None,
        };
        self.arguments.iter().find_map(seed).unwrap_or(1)
    }

    /// Its tasks, in order.
    pub fn tasks(&self) -> Vec<usize> {
        let task = |argument: &Argument| match argument {
            Argument::Task(task) => Some(*task),
            _ => None,
        };
        self.arguments.iter().filter_map(task).collect()
    }

    /// Its points, in order.
    pub fn points(&self) -> Vec<Point> {
        let point = |argument: &Argument| match argument {
            Argument::Point(point) => Some(*point),
            _ => None,
        };
        self.arguments.iter().filter_map(point).collect()
    }

    /// The value of `plane=`.
    pub fn text(&self) -> String {
        let words = self.arguments.iter().map(|argument| match argument {
            Argument::Seed(seed) => seed.to_string(),
            Argument::Task(task) => (task + 1).to_string(),
            Argument::Point(Point { run, step: None }) => (run + 1).to_string(),
            Argument::Point(Point { run, step: Some(step) }) => format!("{}-{step}", run + 1),
        });
        [self.source.id.to_string()].into_iter().chain(words).collect::<Vec<_>>().join("~")
    }
}

impl PartialEq for PlaneChoice {
    fn eq(&self, other: &Self) -> bool {
        self.source.id == other.source.id && self.arguments == other.arguments
    }
}

impl fmt::Debug for PlaneChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for PlaneSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}
