//! Events along the runs: marks of the scrub bar, the list beside it, and the keys that jump between them.

use super::page::Page;
use crate::config::Edit;
use crate::measure::events::{Kind, happenings};
use leptos::prelude::*;

/// Clusters of changes of sign on the track at most.
const MOST_FLIPS: u32 = 12;
/// Edits that are remembered.
const MOST_EDITS: usize = 12;

/// An edit that trained the experiment again, at the step the reader looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redone {
    pub step: u32,
    /// What was changed.
    pub what: &'static str,
}

/// How a mark looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Diamond,
    /// A bare tick.
    Minor,
    Square,
    Bad,
}

impl Look {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Diamond => "ev",
            Self::Minor => "ev minor",
            Self::Square => "ev edit",
            Self::Bad => "ev bad",
        }
    }
}

/// Something worth a mark on the track.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub step: u32,
    pub look: Look,
    /// What happened, as tooltip and in the list.
    pub words: String,
    /// Words below the track.
    pub tag: Option<String>,
}

/// Every event of the open experiment, by step; tracks what it reads.
pub fn marks(page: Page) -> Vec<Mark> {
    let mark = |happening: crate::measure::events::Happening| {
        let (look, tag) = match happening.kind {
            Kind::FirstConflict => (Look::Diamond, Some(format!("first conflict, step {}", happening.step))),
            Kind::Flip => (Look::Minor, None),
            Kind::Divergence => (Look::Bad, Some(happening.words.clone())),
        };
        Mark { step: happening.step, look, words: happening.words, tag }
    };
    let mut marks: Vec<Mark> =
        page.history.with(|history| happenings(history, MOST_FLIPS)).into_iter().map(mark).collect();
    page.edits.with(|edits| {
        marks.extend(edits.iter().map(|edit| Mark {
            step: edit.step,
            look: Look::Square,
            words: format!("you changed the {} at step {}; trained again from step 0", edit.what, edit.step),
            tag: Some(format!("edit: {}", edit.what)),
        }));
    });
    marks.sort_by_key(|mark| mark.step);
    marks
}

/// Takes the cursor to the next event, or to the one before; stays where there is none.
pub fn jump(page: Page, forward: bool) {
    let at = page.cursor.get_untracked();
    let steps: Vec<u32> = untrack(|| marks(page)).into_iter().map(|mark| mark.step).collect();
    let target =
        if forward { steps.into_iter().find(|step| *step > at) } else { steps.into_iter().rfind(|step| *step < at) };
    if let Some(step) = target {
        page.playing.set(false);
        page.seek(step);
    }
}

/// Remembers an edit that trains again.
pub fn remember(page: Page, what: &'static str) {
    let redone = Redone { step: page.cursor.get_untracked(), what };
    page.edits.update(|edits| {
        // A slider on its way is one edit.
        edits.retain(|edit| *edit != redone);
        if edits.len() == MOST_EDITS {
            edits.remove(0);
        }
        edits.push(redone);
    });
}

/// What an edit changes, in a word or two.
pub fn what(edit: &Edit) -> &'static str {
    match edit {
        Edit::Preset(_) | Edit::Data(_) | Edit::DataKnob { .. } => "data",
        Edit::Start(_) => "start",
        Edit::LabelNoise(_) => "training labels",
        Edit::Tasks(_) | Edit::ToggleTask(_) => "tasks",
        Edit::LossScale { .. } => "loss scale",
        Edit::Filters(_)
        | Edit::Width(_)
        | Edit::Depth(_)
        | Edit::Trunk(_)
        | Edit::Head(_)
        | Edit::Activation(_)
        | Edit::Init(_) => "network",
        Edit::Optimizer(_) | Edit::Momentum(_) => "optimizer",
        Edit::LearningRate(_) | Edit::Schedule(_) => "learning rate",
        Edit::WeightDecay(_) => "weight decay",
        Edit::Clip(_) => "clipping",
        Edit::Batch(_) => "batch",
        Edit::Steps(_) => "number of steps",
        Edit::Seed(_) => "seed",
        Edit::Seeds(_) => "number of seeds",
        Edit::Preference(_) => "preference",
        Edit::Backend(_) => "backend",
        Edit::Methods(_) | Edit::AddRun(_) | Edit::RemoveRun(_) | Edit::ToggleMethod(_) | Edit::ReplaceRun { .. } => {
            "methods"
        }
        Edit::RunKnob { .. } | Edit::ToggleModifier { .. } | Edit::ModifierKnob { .. } => "method’s settings",
        Edit::Way { .. } | Edit::LearnerKnob { .. } => "way of training",
        Edit::ViewStep(_) | Edit::Views(_) | Edit::Theme(_) | Edit::Gradients(_) | Edit::Map(_) => "view",
    }
}
