//! Modifiers: what is done to the gradients before a method sees them, or to its weights afterwards. One file each.
//!
//! They wrap a built method, so that everything that walks a [`Balancer`] has them without knowing: with row factors
//! s the method sees S M S and what it answers becomes w = S w′, the weights of the plain rows. Several are applied in
//! the order in which they are listed, row factors before the method and changes of weights behind it.
//!
//! What is served besides M follows: the last layer's Gramian becomes S M S, A = G₁G₂ᵀ becomes S A S with the factors
//! of the step's own batch, and an excess is multiplied by s. Kept rows are kept of SG. Heads keep their own gradient
//! where the method leaves it to them.

mod cr_mogm;
mod log;
mod scale;
mod unit;

pub use cr_mogm::CrMogm;

use super::solve::{Column, MAX_TASKS};
use super::{Balancer, Build, Gramian, GramianMethod, LossesMethod, Method, Need, Outcome, Served, Setup, StepContext};

/// One entry of [`MODIFIERS`].
#[derive(Debug, Clone, Copy)]
pub struct Modifier {
    /// Link value, in the place of a setting: `mgda~mod~unit`.
    pub id: &'static str,
    pub label: &'static str,
    /// Two sentences: what it does, and at what price.
    pub about: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    pub year: u16,
    pub change: Change,
}

/// What a modifier changes.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// Factors sᵢ > 0 of the rows, from the K losses (with their scales).
    Losses(fn(&[f64], &mut [f64])),
    /// Factors sᵢ > 0 of the rows, from their K lengths.
    Lengths(fn(&[f64], &mut [f64])),
    /// The weights (K) that refer to the plain rows.
    Weights(fn() -> Box<dyn WeightsModifier>),
}

/// A change of weights with its own memory.
pub trait WeightsModifier {
    fn change(&mut self, w: &mut [f64]);
}

/// The one list of modifiers.
pub const MODIFIERS: &[Modifier] =
    &[log::MODIFIER, unit::MODIFIER, cr_mogm::MODIFIER, scale::SUM, scale::MEAN, scale::K_MEAN];

/// The registered modifier with this id.
pub fn modifier(id: &str) -> Option<&'static Modifier> {
    MODIFIERS.iter().find(|modifier| modifier.id == id)
}

impl Modifier {
    /// Why it does not go with this method, in a sentence; `None` if it does.
    pub fn refuses(&self, method: &Method) -> Option<String> {
        let (id, label) = (method.id, self.label);
        match (method.build, self.change) {
            (Build::Rows(_), _) => Some(format!(
                "{id} works on single coordinates and has no weights, which {label} would change. Choose a method that \
                 weighs losses or gradients."
            )),
            (Build::Losses(_), Change::Lengths(_)) => Some(format!(
                "{id} weighs losses before there are gradients, whose lengths {label} would need. Choose a method that \
                 weighs gradients."
            )),
            _ => None,
        }
    }
}

/// A balancer with `modifiers` around it, which must not [refuse](Modifier::refuses) the method.
pub fn modified(method: &Method, setup: &Setup, modifiers: &[&'static Modifier]) -> Balancer {
    let balancer = method.new_balancer(setup);
    if modifiers.is_empty() {
        return balancer;
    }
    let stack = Stack::new(modifiers);
    match balancer {
        Balancer::Losses(inner) => Balancer::Losses(Box::new(ModifiedLosses { inner, stack })),
        Balancer::Gramian(inner) => Balancer::Gramian(Box::new(ModifiedGramian {
            inner,
            stack,
            keeps_rows: method.needs(Need::KeptRows),
            scaled: Gramian::new(setup.n_tasks),
            last_layer: Gramian::new(setup.n_tasks),
            cross: Vec::new(),
        })),
        rows @ Balancer::Rows(_) => rows,
    }
}

/// The modifiers of one run, in two piles.
struct Stack {
    rows: Vec<&'static Modifier>,
    weights: Vec<Box<dyn WeightsModifier>>,
}

impl Stack {
    fn new(modifiers: &[&'static Modifier]) -> Self {
        let mut stack = Self { rows: Vec::new(), weights: Vec::new() };
        for &modifier in modifiers {
            match modifier.change {
                Change::Weights(build) => stack.weights.push(build()),
                Change::Losses(_) | Change::Lengths(_) => stack.rows.push(modifier),
            }
        }
        stack
    }

    /// s (K), the first `losses.len()` entries. Without lengths those of modifiers that look at them stay 1.
    fn factors(&self, losses: &[f64], lengths: Option<&[f64]>) -> Column {
        let k = losses.len();
        let mut factors: Column = [1.0; MAX_TASKS];
        for modifier in &self.rows {
            let mut own: Column = [1.0; MAX_TASKS];
            match (modifier.change, lengths) {
                (Change::Losses(factor), _) => factor(losses, &mut own[..k]),
                (Change::Lengths(factor), Some(lengths)) => {
                    let mut so_far: Column = [0.0; MAX_TASKS];
                    (0..k).for_each(|i| so_far[i] = lengths[i] * factors[i]);
                    factor(&so_far[..k], &mut own[..k]);
                }
                (Change::Lengths(_), None) | (Change::Weights(_), _) => {}
            }
            (0..k).for_each(|i| factors[i] *= own[i]);
        }
        factors
    }

    fn change(&mut self, w: &mut [f64]) {
        self.weights.iter_mut().for_each(|modifier| modifier.change(w));
    }
}

struct ModifiedLosses {
    inner: Box<dyn LossesMethod>,
    stack: Stack,
}

impl LossesMethod for ModifiedLosses {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let outcome = self.inner.weights(ctx, w);
        let factors = self.stack.factors(ctx.losses, None);
        w.iter_mut().zip(factors).for_each(|(w, factor)| *w *= factor);
        self.stack.change(w);
        outcome
    }

    fn after_step(&mut self, ctx: &StepContext<'_>, losses_after: &[f64]) {
        self.inner.after_step(ctx, losses_after);
    }

    fn bound_losses(&mut self, floor: &[f64]) {
        self.inner.bound_losses(floor);
    }
}

struct ModifiedGramian {
    inner: Box<dyn GramianMethod>,
    stack: Stack,
    /// The factors go into the kept rows, whose weights then need none.
    keeps_rows: bool,
    scaled: Gramian,
    last_layer: Gramian,
    cross: Vec<f64>, // (K, K)
}

impl GramianMethod for ModifiedGramian {
    fn weights(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, w: &mut [f64]) -> Outcome {
        let k = w.len();
        let outcome = if self.stack.rows.is_empty() || self.keeps_rows {
            self.inner.weights(ctx, gramian, w)
        } else {
            let factors = self.stack.factors(ctx.losses, Some(gramian.norms()));
            let factors = &factors[..k];
            self.scaled.set_rank_epsilon(gramian.rank_epsilon());
            self.scaled.set_scaled(gramian, factors);
            let served = &ctx.served;
            if let Some(last_layer) = served.last_layer {
                self.last_layer.set_scaled(last_layer, factors);
            }
            if let Some(cross) = served.cross {
                self.cross.clear();
                self.cross.extend((0..k * k).map(|at| factors[at / k] * cross[at] * factors[at % k]));
            }
            let mut excess: Column = [0.0; MAX_TASKS];
            for (excess, (given, factor)) in excess.iter_mut().zip(served.excess.into_iter().flatten().zip(factors)) {
                *excess = given * factor;
            }
            let served = Served {
                last_layer: served.last_layer.map(|_| &self.last_layer),
                cross: served.cross.map(|_| &self.cross[..]),
                excess: served.excess.map(|_| &excess[..k]),
                ..*served
            };
            let outcome = self.inner.weights(&StepContext { served, ..*ctx }, &self.scaled, w);
            w.iter_mut().zip(factors).for_each(|(w, factor)| *w *= factor);
            outcome
        };
        self.stack.change(w);
        outcome
    }

    fn keep(&mut self, ctx: &StepContext<'_>, gramian: &Gramian, keep: &mut [f64], add: &mut [f64]) {
        let factors = self.stack.factors(ctx.losses, Some(gramian.norms()));
        self.scaled.set_rank_epsilon(gramian.rank_epsilon());
        self.scaled.set_scaled(gramian, &factors[..add.len()]);
        self.inner.keep(ctx, &self.scaled, keep, add);
        add.iter_mut().zip(factors).for_each(|(add, factor)| *add *= factor);
    }

    fn look_ahead(&self, w: &mut [f64]) {
        self.inner.look_ahead(w);
    }

    fn moved_by(&self) -> &[u16] {
        self.inner.moved_by()
    }

    fn head_weights(&self) -> Option<&[f64]> {
        self.inner.head_weights()
    }
}
