//! What a map shows at every node, derived from losses and from the pull of the tasks there: one place for all of it.

use super::pull::Pull;
use crate::protocol::SurveyWhat;
use std::fmt;

/// An entry of [`HEIGHTS`].
pub struct HeightSource {
    /// Id in links (kebab-case).
    pub id: &'static str,
    pub label: &'static str,
    /// What it shows, in a sentence.
    pub about: &'static str,
    pub needs: SurveyWhat,
    pub unit: HeightUnit,
    /// Whether a run follows the id in links.
    pub takes_run: bool,
    /// Its value at a node; for [`HeightUnit::Loss`] of several tasks that of the task asked for.
    value: fn(&Node<'_>) -> f64,
}

/// What its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightUnit {
    /// One map a task, of unscaled losses.
    LossPerTask,
    /// A loss with the loss scales in it.
    Loss,
    /// A task, from 0; NaN where none stands out.
    Task,
    /// A cosine, −1 to 1; NaN where a gradient is 0.
    Cosine,
}

/// What is known at one node.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// (K) unscaled.
    pub losses: &'a [f32],
    /// What [`SurveyWhat::Pull`] brings.
    pub pull: Option<Pull<'a>>,
    /// (K) factor on each task's loss.
    pub scales: &'a [f64],
    /// (K) on the simplex.
    pub preference: &'a [f64],
    /// The task asked for where there is a map each.
    pub task: usize,
}

/// The one list of heights.
pub const HEIGHTS: &[HeightSource] = &[
    HeightSource {
        id: "tasks",
        label: "Each task",
        about: "The loss of each task, one map each.",
        needs: SurveyWhat::Losses,
        unit: HeightUnit::LossPerTask,
        takes_run: false,
        value: |node| node.losses.get(node.task).map_or(f64::NAN, |loss| f64::from(*loss)),
    },
    HeightSource {
        id: "sum",
        label: "Sum",
        about: "The sum of the losses times their scales.",
        needs: SurveyWhat::Losses,
        unit: HeightUnit::Loss,
        takes_run: false,
        value: |node| node.scaled().sum(),
    },
    HeightSource {
        id: "max",
        label: "Largest",
        about: "The largest of the losses times their scales.",
        needs: SurveyWhat::Losses,
        unit: HeightUnit::Loss,
        takes_run: false,
        value: |node| node.scaled().fold(f64::NEG_INFINITY, larger),
    },
    HeightSource {
        id: "weighted",
        label: "Weighted",
        about: "The losses times their scales, weighted by the preference.",
        needs: SurveyWhat::Losses,
        unit: HeightUnit::Loss,
        takes_run: false,
        value: |node| node.scaled().zip(node.preference).map(|(loss, part)| loss * part).sum(),
    },
    HeightSource {
        id: "worst",
        label: "Worst task",
        about: "Which task has the largest loss, scales in it.",
        needs: SurveyWhat::Losses,
        unit: HeightUnit::Task,
        takes_run: false,
        value: |node| largest(node.scaled()),
    },
    HeightSource {
        id: "conflict",
        label: "Conflict",
        about: "The smallest cosine of two tasks' gradients of the shared parameters: below 0 some tasks conflict.",
        needs: SurveyWhat::Pull,
        unit: HeightUnit::Cosine,
        takes_run: false,
        value: |node| node.pull.map_or(f64::NAN, |pull| pull.smallest_cosine()),
    },
    HeightSource {
        id: "dominant",
        label: "Dominant task",
        about: "Which task's gradient of the shared parameters is longest, scales in it.",
        needs: SurveyWhat::Pull,
        unit: HeightUnit::Task,
        takes_run: false,
        value: |node| {
            node.pull.map_or(f64::NAN, |pull| largest((0..node.losses.len()).map(|task| pull.product(task, task))))
        },
    },
    HeightSource {
        id: "field",
        label: "Descent",
        about: "Where a run's method would go from every node, as arrows over the sum of the losses.",
        needs: SurveyWhat::Pull,
        unit: HeightUnit::Loss,
        takes_run: true,
        value: |node| node.scaled().sum(),
    },
];

/// The entry with this id.
pub fn height(id: &str) -> Option<&'static HeightSource> {
    HEIGHTS.iter().find(|height| height.id == id)
}

impl HeightSource {
    /// The value at a node; NaN where it has none, or where a loss is no number.
    pub fn at(&self, node: &Node<'_>) -> f64 {
        if node.losses.iter().all(|loss| loss.is_finite()) { (self.value)(node) } else { f64::NAN }
    }

    /// Maps it takes.
    pub fn n_maps(&self, n_tasks: usize) -> usize {
        if self.unit == HeightUnit::LossPerTask { n_tasks } else { 1 }
    }
}

impl fmt::Debug for HeightSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Node<'_> {
    /// (K) losses times their scales.
    fn scaled(&self) -> impl Iterator<Item = f64> {
        self.losses.iter().zip(self.scales).map(|(loss, scale)| f64::from(*loss) * scale)
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// Where the largest value is; NaN where several are, or none is a number.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    let (mut at, mut best, mut ties) = (f64::NAN, f64::NEG_INFINITY, 0);
    for (place, value) in values.enumerate() {
        if value > best {
            (at, best, ties) = (place as f64, value, 1);
        } else if value == best {
            ties += 1;
        }
    }
    if ties == 1 { at } else { f64::NAN }
}

/// A height that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct HeightChoice {
    pub source: &'static HeightSource,
    /// From 0; of those that take one.
    pub run: usize,
}

impl Default for HeightChoice {
    fn default() -> Self {
        Self { source: &HEIGHTS[0], run: 0 }
    }
}

impl PartialEq for HeightChoice {
    fn eq(&self, other: &Self) -> bool {
        self.source.id == other.source.id && self.run == other.run
    }
}

impl HeightChoice {
    /// The value of `height=`.
    pub fn text(&self) -> String {
        let Self { source, run } = self;
        if source.takes_run { format!("{}~{}", source.id, run + 1) } else { source.id.into() }
    }
}
