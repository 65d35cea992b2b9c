//! Pareto manifold learning (Dimitriadis, Frossard & Fleuret 2023): K networks at once, whose mixtures are a front.
//!
//! Member k stands for task k alone. A step draws preferences α ~ Dirichlet(p), trains at θ(α) = Σ αₖθₖ the loss
//! Σ αₖLₖ, by any balancer, and member k gets αₖ·d: the chain rule. After training, every α is a trade-off without
//! training again.
//!
//! The balancer inside: methods that heed a preference get α as theirs; all others see rows multiplied by their
//! shares αᵢ, as modifiers multiply rows, so that the plain sum has exactly the gradient of Σ αᵢLᵢ. Losses are those
//! without α, because a method that does not see the scale of a loss would take α out again.

use super::learner::Learner;
use super::multi_forward::Penalized;
use crate::balance::modify::{Applied, Change};
use crate::balance::{Build, Knob, KnobScale, Method, Need};

/// Most draws of a step.
pub const DRAWS: usize = 8;
/// Losses that the loss ratio looks back on at most.
pub const WINDOW: usize = 200;

pub const LEARNER: Learner = Learner {
    id: "pamal",
    label: "PaMaL",
    about: "Trains one network for every task at once, shared layers and heads, so that every mixture of them is a \
            trade-off: the preference is moved after training, and nothing is trained again. A step draws a \
            preference, trains the mixture that it names, and every member gets its share of the update. It holds \
            as many networks as there are tasks.",
    pitfalls: "Curves of training are those of the preferences drawn, so they jump from step to step; the front tells \
               what was learned. The term for the order of losses has the sign that the paper means: a task must not \
               lose more where it weighs more. The published code has the other sign, which can be chosen. Its ratio \
               of losses is that of the last 25 losses; a line of it that compares with the 25 before has no effect \
               and is left out. A corner of the front need not be the best that its task can have.",
    paper: "Dimitriadis, Frossard & Fleuret, Pareto Manifold Learning: Tackling multiple tasks via ensembles of \
            single-task models (ICML)",
    year: 2023,
    link: "https://arxiv.org/abs/2210.09759",
    knobs: &[
        Knob {
            name: "p",
            label: "concentration of drawn preferences",
            default: 1.0,
            min: 0.05,
            max: 20.0,
            scale: KnobScale::Log,
        },
        Knob {
            name: "draws",
            label: "preferences a step",
            default: 1.0,
            min: 1.0,
            max: DRAWS as f64,
            scale: KnobScale::Integer,
        },
        Knob { name: "order", label: "order term", default: 0.0, min: 0.0, max: 20.0, scale: KnobScale::Linear },
        Knob::choice("balance", "balancing", &["none", "ratio", "norm"]),
        Knob {
            name: "window",
            label: "losses of the ratio",
            default: 25.0,
            min: 1.0,
            max: WINDOW as f64,
            scale: KnobScale::Integer,
        },
        Knob::choice("sign", "sign of the order term", &["paper", "code"]),
    ],
    tasks: (2, 4),
    refuses,
};

/// Factors of the rows besides α.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    None,
    /// 1 − |w̄ᵢ|/Σ|w̄| with w̄ the mean of the last losses.
    Ratio,
    /// 1/(‖gᵢ‖ + 0.001).
    Norm,
}

/// What the knobs say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// p of the Dirichlet distribution.
    pub concentration: f64,
    /// W.
    pub draws: usize,
    /// Factor on the order term.
    pub order: f64,
    pub penalized: Penalized,
    pub balance: Balance,
    /// Losses that the ratio looks back on.
    pub window: usize,
}

impl Settings {
    /// From values in the order of the learner's knobs.
    pub fn of(knobs: &[f64]) -> Self {
        let value = |at: usize| knobs.get(at).copied().unwrap_or(LEARNER.knobs[at].default);
        Self {
            concentration: value(0),
            draws: value(1) as usize,
            order: value(2),
            balance: match value(3) as usize {
                0 => Balance::None,
                1 => Balance::Ratio,
                _ => Balance::Norm,
            },
            window: value(4) as usize,
            penalized: if value(5) == 0.0 { Penalized::WrongOrder } else { Penalized::RightOrder },
        }
    }
}

/// Why a manifold cannot be trained so, in a sentence.
fn refuses(method: &Method, modifiers: &[Applied], knobs: &[f64]) -> Option<String> {
    let (id, label) = (method.id, LEARNER.label);
    let settings = Settings::of(knobs);
    let by_coordinates = matches!(method.build, Build::Rows(_));
    let memory = [
        (Need::KeptRows, "keeps gradients over steps"),
        (Need::TwoMoreBatches, "compares gradients of several batches"),
        (Need::LookAhead, "looks one step ahead of a single network"),
        (Need::Excess, "adds up all gradients so far"),
    ];
    if let Some((_, what)) = memory.into_iter().find(|(need, _)| method.needs(*need)) {
        return Some(format!(
            "{id} {what}, but {label} trains another mixture in every step. Choose a method that looks at one step."
        ));
    }
    if by_coordinates && method.needs(Need::Representation) {
        return Some(format!(
            "{id} works on the gradients at the shared features, which are not among the rows that {label} \
             multiplies by the preference. Choose its form for parameters."
        ));
    }
    for applied in modifiers {
        let (name, why) = match applied.modifier.change {
            Change::Uphill { .. } | Change::CosinePenalty => (applied.modifier.id, "looks beside a single network"),
            Change::Weights(_) => (applied.modifier.id, "remembers weights, which are of another mixture every step"),
            Change::Preference(_) => (applied.modifier.id, "multiplies rows by the preference, which is done already"),
            Change::Losses(_) | Change::Lengths(_) | Change::Length(_) | Change::Heads => continue,
        };
        return Some(format!("the modifier {name} {why}. Leave it out."));
    }
    if settings.order > 0.0 && settings.draws < 2 {
        return Some("the order term compares several preferences of a step. Set draws to 2 or more.".into());
    }
    if settings.order > 0.0 && by_coordinates {
        return Some(format!(
            "{id} works on single coordinates and has no weights that the order term could join. Choose a method \
             that weighs losses or gradients, or set order to 0."
        ));
    }
    if settings.balance != Balance::None && method.needs(Need::Preference) {
        return Some(format!(
            "{id} heeds the preference itself, so balancing would change what it is asked for. Set balance to none."
        ));
    }
    None
}
