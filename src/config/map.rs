//! What the landscape view shows, as a part of the link that changes no training.

use super::keys::shown;
use super::{ExperimentConfig, number};
use crate::landscape::{
    Argument, HEIGHTS, HeightChoice, PLANES, PlaneChoice, PlaneSource, Point, Reach, SIDES, Slot, height, plane,
};
use crate::problem::Start;

/// Plane, height, grid and form of the landscape.
#[derive(Debug, Clone, PartialEq)]
pub struct MapConfig {
    /// `None` is what suits the subject, see [`ExperimentConfig::plane`].
    pub plane: Option<PlaneChoice>,
    pub height: HeightChoice,
    /// Nodes along each axis, one of [`SIDES`].
    pub side: u32,
    /// A surface in space instead of contours.
    pub surface: bool,
    /// The paths from every start of the problem, where the map is exact; see [`ExperimentConfig::other_starts`].
    pub all_starts: bool,
}

/// What stands for the plane that suits the subject.
pub const AUTO: &str = "auto";

impl Default for MapConfig {
    fn default() -> Self {
        Self { plane: None, height: HeightChoice::default(), side: 41, surface: false, all_starts: false }
    }
}

impl ExperimentConfig {
    /// What a plane may name here.
    pub fn reach(&self) -> Reach {
        Reach { n_runs: self.runs.len(), n_tasks: self.n_tasks(), steps: self.training.steps }
    }

    /// The plane to lay: the one chosen, or the parameters themselves where there are two, or the plane of all paths.
    pub fn plane(&self) -> PlaneChoice {
        self.view.map.plane.clone().unwrap_or_else(|| {
            let exact = self.analytic().is_some_and(|analytic| analytic.problem.n_parameters <= 2);
            let suits = |source: &&PlaneSource| source.suits_exact == exact && source.required == 0;
            PlaneChoice::new(PLANES.iter().find(suits).unwrap_or(&PLANES[0]))
        })
    }

    /// The named starts besides the one that the runs have; none where no map holds both of all parameters.
    pub fn other_starts(&self) -> Vec<&'static Start> {
        let Some(analytic) = self.analytic().filter(|analytic| analytic.problem.n_parameters == 2) else {
            return Vec::new();
        };
        analytic.problem.starts.iter().filter(|start| start.x != analytic.start).collect()
    }

    /// Whether paths from other starts are to be drawn.
    pub fn wanders(&self) -> bool {
        self.view.map.all_starts && !self.other_starts().is_empty()
    }

    /// Reads a plane as `plane=` has it; `None` for what suits.
    ///
    /// # Errors
    /// One sentence: what was given and what is allowed.
    pub fn read_plane(&self, text: &str) -> Result<Option<PlaneChoice>, String> {
        if text == AUTO {
            return Ok(None);
        }
        let mut words = text.split('~');
        let id = words.next().unwrap_or_default();
        let Some(source) = plane(id) else {
            let names: Vec<&str> = PLANES.iter().map(|source| source.id).collect();
            return Err(format!("There is no plane “{}”. There are: {AUTO}, {}.", shown(id), names.join(", ")));
        };
        let words: Vec<&str> = words.take(9).collect();
        if !(source.required..=source.slots.len()).contains(&words.len()) {
            let count = words.len();
            return Err(format!("The plane {id} has {count} words behind it; it takes {}.", takes(source)));
        }
        let mut arguments = Vec::new();
        for (slot, word) in source.slots.iter().zip(words) {
            arguments.push(self.argument(*slot, word).map_err(|why| format!("The plane {id}: {why}"))?);
        }
        let choice = PlaneChoice { source, arguments };
        match choice.tasks()[..] {
            [first, second] if first == second => {
                Err(format!("The plane {id} names task {} twice; it takes two different ones.", first + 1))
            }
            _ => Ok(Some(choice)),
        }
    }

    fn argument(&self, slot: Slot, word: &str) -> Result<Argument, String> {
        let Reach { n_runs, n_tasks, steps } = self.reach();
        let whole = |what: &str, text: &str, low: u64, high: u64| match number::read_whole(text) {
            Ok(value) if (low..=high).contains(&value) => Ok(value as u32),
            Ok(_) => Err(format!("{what} is {}, out of range; allowed are {low} to {high}.", shown(text))),
            Err(why) => Err(format!("{what}: “{}” {why}; allowed are {low} to {high}.", shown(text))),
        };
        match slot {
            Slot::Seed => Ok(Argument::Seed(whole("the seed", word, 0, u64::from(u32::MAX))?)),
            Slot::Task => Ok(Argument::Task(whole("a task", word, 1, n_tasks as u64)? as usize - 1)),
            Slot::Point => {
                let (run, step) = match word.split_once('-') {
                    Some((run, step)) => (run, Some(whole("a step", step, 0, u64::from(steps))?)),
                    None => (word, None),
                };
                Ok(Argument::Point(Point { run: whole("a run", run, 1, n_runs as u64)? as usize - 1, step }))
            }
        }
    }

    /// Reads a height as `height=` has it.
    pub(super) fn read_height(&self, text: &str) -> Result<HeightChoice, String> {
        let (id, run) = match text.split_once('~') {
            Some((id, run)) => (id, Some(run)),
            None => (text, None),
        };
        let Some(source) = height(id) else {
            let names: Vec<&str> = HEIGHTS.iter().map(|source| source.id).collect();
            return Err(format!("There is no height “{}”. There are: {}.", shown(id), names.join(", ")));
        };
        match (source.takes_run, run) {
            (false, None) => Ok(HeightChoice { source, run: 0 }),
            (false, Some(_)) => Err(format!("The height {id} is of no single run; nothing stands behind it.")),
            (true, run) => match self.argument(Slot::Point, run.unwrap_or("1")) {
                Ok(Argument::Point(Point { run, step: None })) => Ok(HeightChoice { source, run }),
                Ok(_) => Err(format!("The height {id} takes a run alone, as in {id}~1.")),
                Err(why) => Err(format!("The height {id}: {why}")),
            },
        }
    }

    /// A map of what does not exist any more is the one that suits.
    pub(super) fn release_map(&mut self) {
        let (reach, map) = (self.reach(), &mut self.view.map);
        map.plane.take_if(|plane| !plane.fits(reach));
        if map.height.run >= reach.n_runs {
            map.height = HeightChoice::default();
        }
    }
}

/// What may stand behind a plane's id.
fn takes(source: &PlaneSource) -> String {
    let word = |(at, slot): (usize, &Slot)| {
        let word = match slot {
            Slot::Seed => "a seed",
            Slot::Task => "a task",
            Slot::Point => "a run (or run-step)",
        };
        if at < source.required { word.to_string() } else { format!("perhaps {word}") }
    };
    match source.slots {
        [] => "none".into(),
        slots => slots.iter().enumerate().map(word).collect::<Vec<_>>().join(", "),
    }
}

/// The sides that `grid=` may say, with their text.
pub(super) fn sides() -> Vec<(String, u32)> {
    SIDES.iter().map(|side| (side.to_string(), *side)).collect()
}
