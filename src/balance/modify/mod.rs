//! Modifiers: what is done to the gradients before a method sees them, or to its weights afterwards. One file each.
//!
//! Most wrap a built method, so that everything that walks a [`Balancer`] has them without knowing: with row factors
//! s the method sees S M S and what it answers becomes w = S w′, the weights of the plain rows. Several are applied in
//! the order in which they are listed, row factors before the method and changes of weights behind it. A method that
//! weighs losses is wrapped into one that looks at gradients where lengths are asked for. A method that works on
//! coordinates is given the multiplied rows by its strategy ([`RowFactors`]), as it is the strategy that scales
//! heads and adds a penalty's gradient.
//!
//! What is served besides M follows: the last layer's Gramian becomes S M S, A = G₁G₂ᵀ becomes S A S with the factors
//! of the step's own batch, and an excess is multiplied by s. Kept rows are kept of SG. Heads keep their own gradient
//! where the method leaves it to them. A look one step ahead goes with the method's own weights.

mod cr_mogm;
mod heads;
mod log;
mod penalty;
mod preference;
mod scale;
mod unit;
mod uphill;

pub use cr_mogm::CrMogm;
pub use penalty::along as penalty_way;
pub use uphill::Ascent;

use super::solve::{Column, MAX_TASKS};
use super::{
    Balancer, Build, Gramian, GramianMethod, Knob, LossesMethod, Method, Need, Outcome, Served, Setup, StepContext,
};

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
    /// Its one setting, if it has any.
    pub knob: Option<Knob>,
    pub change: Change,
}

/// A modifier as a run has it.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    pub modifier: &'static Modifier,
    /// Of its knob; 0 without one.
    pub value: f64,
}

impl Applied {
    /// With the default of its knob.
    pub fn new(modifier: &'static Modifier) -> Self {
        Self { modifier, value: modifier.knob.map_or(0.0, |knob| knob.default) }
    }
}

impl PartialEq for Applied {
    fn eq(&self, other: &Self) -> bool {
        self.modifier.id == other.modifier.id && self.value == other.value
    }
}

/// What a modifier changes.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// Factors sᵢ > 0 of the rows, from the K losses (with their scales).
    Losses(fn(&[f64], &mut [f64])),
    /// Factors sᵢ > 0 of the rows, from their K lengths.
    Lengths(fn(&[f64], &mut [f64])),
    /// Factors sᵢ ≥ 0 of the rows, from the preference (K).
    Preference(fn(&[f64], &mut [f64])),
    /// A factor on d, from K.
    Length(fn(usize) -> f64),
    /// The weights (K) that refer to the plain rows; built from the knob's value.
    Weights(fn(f64) -> Box<dyn WeightsModifier>),
    /// Heads' own gradients are scaled by the weights.
    Heads,
    /// λ Σ_{i<j} cos²(gᵢ, gⱼ) joins the losses, with λ the knob's value.
    CosinePenalty,
    /// What the method makes of ∇Lᵢ(θ + εᵢ) − gᵢ joins d, with ρ = ‖εᵢ‖ the knob's value; `adaptive` measures it in
    /// units of each parameter.
    Uphill { adaptive: bool },
}

/// A change of weights with its own memory.
pub trait WeightsModifier {
    fn change(&mut self, w: &mut [f64]);
}

/// The one list of modifiers.
pub const MODIFIERS: &[Modifier] = &[
    log::MODIFIER,
    unit::MODIFIER,
    preference::MODIFIER,
    cr_mogm::MODIFIER,
    scale::SUM,
    scale::MEAN,
    scale::K_MEAN,
    heads::MODIFIER,
    penalty::MODIFIER,
    uphill::PLAIN,
    uphill::ADAPTIVE,
];

/// The registered modifier with this id.
pub fn modifier(id: &str) -> Option<&'static Modifier> {
    MODIFIERS.iter().find(|modifier| modifier.id == id)
}

impl Modifier {
    /// Why it does not go with this method, in a sentence; `None` if it does.
    pub fn refuses(&self, method: &Method) -> Option<String> {
        let (id, label) = (method.id, self.label);
        match (method.build, self.change) {
            (Build::Rows(_), Change::Weights(_) | Change::Heads) => Some(format!(
                "{id} works on single coordinates and has no weights, which {label} would use. Choose a method that \
                 weighs losses or gradients."
            )),
            (Build::Rows(_), Change::Losses(_) | Change::Lengths(_) | Change::Preference(_) | Change::Length(_))
                if method.needs(Need::Representation) =>
            {
                Some(format!(
                    "{id} works on the gradients at the shared features, which are not among the rows that {label} \
                     multiplies. Choose its form for parameters."
                ))
            }
            (_, Change::Heads) if method.needs(Need::HeadsScaledByWeights) => {
                Some(format!("{id} scales the heads by its weights already."))
            }
            (_, Change::Heads) if method.needs(Need::KeptRows) => Some(format!(
                "{id} weighs gradients that it keeps over steps, not those that the heads get. Choose a method that \
                 weighs the gradients of the step."
            )),
            (_, Change::Uphill { .. }) => uphill::refuses(method, label),
            _ => None,
        }
    }

    /// Whether a run cannot have both: the same thing in two forms.
    pub fn excludes(&self, other: &Self) -> bool {
        let uphill = |modifier: &Self| matches!(modifier.change, Change::Uphill { .. });
        self.id != other.id && uphill(self) && uphill(other)
    }

    /// What a step costs beside the method's own passes, in words; `None` for nothing.
    pub fn cost_words(&self, method: &Method) -> Option<&'static str> {
        match self.change {
            Change::Lengths(_) if matches!(method.build, Build::Losses(_)) => Some("K backward instead of 1"),
            Change::CosinePenalty => Some("3K² backward and 3K forward more"),
            Change::Uphill { .. } if matches!(method.build, Build::Losses(_)) => {
                Some("2K backward instead of 1, and K forward more")
            }
            Change::Uphill { .. } => Some("K backward and K forward more"),
            _ => None,
        }
    }

    /// Whether it multiplies rows before the method sees them.
    fn multiplies_rows(&self, method: &Method) -> bool {
        match self.change {
            Change::Losses(_) | Change::Lengths(_) | Change::Preference(_) => true,
            // Methods without weights go along with a common factor of the rows.
            Change::Length(_) => matches!(method.build, Build::Rows(_)),
            Change::Weights(_) | Change::Heads | Change::CosinePenalty | Change::Uphill { .. } => false,
        }
    }
}

/// A balancer with `modifiers` around it, which must not [refuse](Modifier::refuses) the method.
pub fn modified(method: &Method, setup: &Setup, modifiers: &[Applied]) -> Balancer {
    let balancer = method.new_balancer(setup);
    let stack = Stack::new(method, modifiers);
    if stack.rows.is_empty() && stack.weights.is_empty() {
        return balancer;
    }
    let looks_at_lengths = stack.rows.modifiers.iter().any(|modifier| matches!(modifier.change, Change::Lengths(_)));
    let inner: Box<dyn GramianMethod> = match balancer {
        Balancer::Losses(inner) if looks_at_lengths => Box::new(FromLosses { inner }),
        Balancer::Losses(inner) => return Balancer::Losses(Box::new(ModifiedLosses { inner, stack })),
        Balancer::Gramian(inner) => inner,
        rows @ Balancer::Rows(_) => return rows,
    };
    Balancer::Gramian(Box::new(ModifiedGramian {
        inner,
        stack,
        keeps_rows: method.needs(Need::KeptRows),
        scaled: Gramian::new(setup.n_tasks),
        last_layer: Gramian::new(setup.n_tasks),
        cross: Vec::new(),
    }))
}

/// The modifiers of one run that multiply rows.
pub struct RowFactors {
    modifiers: Vec<&'static Modifier>,
}

/// The modifiers of one run around a method with weights, in two piles.
struct Stack {
    rows: RowFactors,
    weights: Vec<Box<dyn WeightsModifier>>,
}

impl Stack {
    fn new(method: &Method, modifiers: &[Applied]) -> Self {
        let mut weights: Vec<Box<dyn WeightsModifier>> = Vec::new();
        for &Applied { modifier, value } in modifiers.iter().filter(|applied| !applied.modifier.multiplies_rows(method))
        {
            match modifier.change {
                Change::Weights(build) => weights.push(build(value)),
                Change::Length(factor) => weights.push(Box::new(scale::Factor(factor))),
                _ => {}
            }
        }
        Self { rows: RowFactors::new(method, modifiers), weights }
    }

    fn change(&mut self, w: &mut [f64]) {
        self.weights.iter_mut().for_each(|modifier| modifier.change(w));
    }
}

impl RowFactors {
    /// What `modifiers` say around `method`.
    pub fn new(method: &Method, modifiers: &[Applied]) -> Self {
        let modifiers = modifiers.iter().map(|applied| applied.modifier);
        Self { modifiers: modifiers.filter(|modifier| modifier.multiplies_rows(method)).collect() }
    }

    /// Whether no row is multiplied.
    pub fn is_empty(&self) -> bool {
        self.modifiers.is_empty()
    }

    /// s (K), the first entries. Without lengths those of modifiers that look at them stay 1.
    pub fn factors(&self, ctx: &StepContext<'_>, lengths: Option<&[f64]>) -> Column {
        let k = ctx.losses.len();
        let mut factors: Column = [1.0; MAX_TASKS];
        for modifier in &self.modifiers {
            let mut own: Column = [1.0; MAX_TASKS];
            match (modifier.change, lengths) {
                (Change::Losses(factor), _) => factor(ctx.losses, &mut own[..k]),
                (Change::Preference(factor), _) => factor(ctx.preference, &mut own[..k]),
                (Change::Length(factor), _) => own[..k].fill(factor(k)),
                (Change::Lengths(factor), Some(lengths)) => {
                    let mut so_far: Column = [0.0; MAX_TASKS];
                    (0..k).for_each(|i| so_far[i] = lengths[i] * factors[i]);
                    factor(&so_far[..k], &mut own[..k]);
                }
                (Change::Lengths(_), None)
                | (Change::Weights(_) | Change::Heads | Change::CosinePenalty | Change::Uphill { .. }, _) => {}
            }
            (0..k).for_each(|i| factors[i] *= own[i]);
        }
        factors
    }
}

/// A method that weighs losses, told after the gradients.
struct FromLosses {
    inner: Box<dyn LossesMethod>,
}

impl GramianMethod for FromLosses {
    fn weights(&mut self, ctx: &StepContext<'_>, _gramian: &Gramian, w: &mut [f64]) -> Outcome {
        self.inner.weights(ctx, w)
    }

    fn after_step(&mut self, ctx: &StepContext<'_>, losses_after: &[f64]) {
        self.inner.after_step(ctx, losses_after);
    }

    fn bound_losses(&mut self, floor: &[f64]) {
        self.inner.bound_losses(floor);
    }
}

struct ModifiedLosses {
    inner: Box<dyn LossesMethod>,
    stack: Stack,
}

impl LossesMethod for ModifiedLosses {
    fn weights(&mut self, ctx: &StepContext<'_>, w: &mut [f64]) -> Outcome {
        let outcome = self.inner.weights(ctx, w);
        let factors = self.stack.rows.factors(ctx, None);
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
            let factors = self.stack.rows.factors(ctx, Some(gramian.norms()));
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
        let factors = self.stack.rows.factors(ctx, Some(gramian.norms()));
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

    fn after_step(&mut self, ctx: &StepContext<'_>, losses_after: &[f64]) {
        self.inner.after_step(ctx, losses_after);
    }

    fn bound_losses(&mut self, floor: &[f64]) {
        self.inner.bound_losses(floor);
    }
}
