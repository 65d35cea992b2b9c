//! What the reader looks at inside the network: the probe that arrived, and which layer, row and batch are chosen.

use super::page::Page;
use crate::plots::{Choice, Inside};
use crate::protocol::{Command, Probed, ProbedRows};
use leptos::prelude::*;

/// A probe's question: run, view step, rows.
type Question = (usize, u32, ProbedRows);

/// State of the views that look inside; copied freely.
#[derive(Clone, Copy)]
pub struct Probing {
    /// The last answer and its question.
    answer: RwSignal<Option<(Question, Result<Probed, String>)>>,
    /// The question whose answer is on its way.
    asked: StoredValue<Option<Question>>,
    pub layer: RwSignal<Option<usize>>,
    pub examples: RwSignal<bool>,
    pub example: RwSignal<Option<u32>>,
    pub worst_first: RwSignal<bool>,
    pub rows: RwSignal<ProbedRows>,
}

impl Probing {
    pub fn new() -> Self {
        Self {
            answer: RwSignal::new(None),
            asked: StoredValue::new(None),
            layer: RwSignal::new(None),
            examples: RwSignal::new(false),
            example: RwSignal::new(None),
            worst_first: RwSignal::new(true),
            rows: RwSignal::new(ProbedRows::default()),
        }
    }

    /// Calls `look` with what plots read of it, tracking every signal.
    pub fn with<T>(self, look: impl FnOnce(Inside) -> T) -> T {
        let (layer, examples, example) = (self.layer.get(), self.examples.get(), self.example.get());
        let worst_first = self.worst_first.get();
        self.answer.with(|answer| {
            let probed = answer.as_ref().map(|(_, probed)| probed);
            look(Inside { probed, layer, examples, example, worst_first })
        })
    }

    /// Tracks everything that pictures show of it.
    pub fn track(self) {
        self.with(|_| ());
    }

    /// What was asked and answered belongs to another experiment or start.
    pub fn forget(self) {
        self.asked.set_value(None);
        if self.answer.with_untracked(Option::is_some) {
            self.answer.set(None);
        }
    }

    /// Shared layers that the last answer knows, if there is one.
    pub fn n_layers(self) -> usize {
        self.answer.with(|answer| match answer {
            Some((_, Ok(probed))) => probed.layers.len(),
            _ => 0,
        })
    }

    /// Asks for the probe at the cursor, unless it is known or an answer is on its way.
    pub fn ask(self, page: Page) {
        let question = (page.at_run.get(), page.step.get(), self.rows.get());
        let known = self.answer.with(|answer| answer.as_ref().is_some_and(|(known, _)| *known == question));
        if known || self.asked.with_value(Option::is_some) {
            return;
        }
        let (run, step, rows) = question.clone();
        let sent = page.engine.with_value(|engine| engine.ask(|id| Command::Probe { id, step, run: run as u32, rows }));
        if sent {
            self.asked.set_value(Some(question));
        }
    }

    /// An answer came.
    pub fn hear(self, probed: Result<Probed, String>) {
        let question = self.asked.try_update_value(Option::take).flatten();
        if let Some(question) = question {
            self.answer.set(Some((question, probed)));
        }
    }

    /// Chooses what a pointer or key meant; choosing a layer again goes back to the whole network.
    pub fn choose(self, choice: Choice) {
        match choice {
            Choice::Layer(layer) => {
                self.layer.update(|now| *now = if *now == Some(layer) { None } else { Some(layer) });
            }
            Choice::Example(row) => {
                self.example.update(|now| *now = if *now == Some(row) { None } else { Some(row) });
            }
        }
    }

    /// Moves the choice to the next layer or row of a picture that has these choices, or to the one before.
    pub fn choose_beside(self, choices: impl Iterator<Item = Choice>, back: bool) {
        let examples = self.examples.get_untracked();
        let mut known: Vec<Choice> = Vec::new();
        // Rows stand twice in a picture, as dots and in their order; the last ones give the order.
        for choice in choices.filter(|choice| matches!(choice, Choice::Example(_)) == examples) {
            known.retain(|earlier| *earlier != choice);
            known.push(choice);
        }
        let now = match examples {
            true => self.example.get_untracked().map(Choice::Example),
            false => self.layer.get_untracked().map(Choice::Layer),
        };
        let at = known.iter().position(|choice| Some(*choice) == now);
        let next = match (at, back) {
            (None, false) => 0,
            (None, true) => known.len().saturating_sub(1),
            (Some(at), false) => (at + 1).min(known.len() - 1),
            (Some(at), true) => at.saturating_sub(1),
        };
        match known.get(next) {
            Some(Choice::Layer(layer)) => self.layer.set(Some(*layer)),
            Some(Choice::Example(row)) => self.example.set(Some(*row)),
            None => {}
        }
    }
}
