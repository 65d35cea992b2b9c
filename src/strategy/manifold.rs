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
use super::multi_forward::{MOST_DRAWS, Penalized, Strength, order_gradient, total};
use super::single_point::{Mixture, Place, SinglePoint};
use super::{Motion, Step};
use crate::backend::{Backend, BackendError, Spread};
use crate::balance::modify::{Applied, Change, Modifier};
use crate::balance::{Build, Knob, KnobScale, Method, Need};
use crate::config::RunConfig;
use crate::data::Batches;
use crate::problem::Problem;
use crate::rng::{Stream, StreamId};
use libm::{exp, log as ln};

/// Most draws of a step.
const DRAWS: usize = MOST_DRAWS;
/// Losses that the loss ratio looks back on at most.
const WINDOW: usize = 200;
/// Of the order term, as published.
const TEMPERATURE: f64 = 1.0;
/// Streams of [`StreamId::Strategy`].
const PREFERENCES: u32 = 0;
const STARTS: u32 = 1;
/// Words that one draw of a gamma distribution may take; that it needs more has a chance below 1e-30.
const GAMMA_WORDS: u64 = 64;
/// How far around the start members of an analytic problem begin, as a share of its box, to both sides.
const AROUND: f64 = 0.25;

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
    crowd: None,
    chart: None,
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

/// What multiplies the rows of methods that heed no preference; it is no modifier that a run could list.
pub(super) const SHARES: Modifier = Modifier {
    id: "shares",
    label: "shares of a mixture",
    about: "Multiplies every task gradient by its share of the preference that a step drew.",
    paper: LEARNER.paper,
    year: LEARNER.year,
    knob: None,
    change: Change::Preference(|shares, factors| factors.copy_from_slice(shares)),
};

/// What is around a run's method: on a manifold the shares of a mixture before the run's own modifiers.
pub fn modifiers(run: &RunConfig) -> Vec<Applied> {
    let shared = run.learned().is_some() && !run.method.needs(Need::Preference);
    let shares = shared.then_some(Applied { modifier: &SHARES, value: 0.0 });
    shares.into_iter().chain(run.modifiers.iter().copied()).collect()
}

/// A balancer at mixtures of members, with what it must remember of the run.
pub struct Manifold {
    point: SinglePoint,
    settings: Settings,
    loss_scales: Vec<f64>,
    alphas: Vec<f64>, // (W, K)
    losses: Vec<f64>, // (W, K) with the loss scales
    order: Vec<f64>,  // (W, K)
    shares: Vec<f64>, // (K)
    ratio: Vec<f64>,  // (K) factors of the rows
    mean: Vec<f64>,   // (K) losses of the draws of this step
    past: Vec<f64>,   // (window, K) losses of the last steps
    steps: usize,
}

impl Manifold {
    /// The strategy of a run that has this front learner, with these knobs of it.
    pub fn new(run: &RunConfig, knobs: &[f64], backend: &Backend, batches: Batches, seed: u32) -> Self {
        let settings = Settings::of(knobs);
        let modifiers = modifiers(run);
        let loss_scales = backend.loss_scales().to_vec();
        let k = loss_scales.len();
        let drawn = vec![0.0; settings.draws * k];
        Self {
            point: SinglePoint::new(run.method, &run.knobs, &modifiers, backend, batches, seed),
            loss_scales,
            alphas: drawn.clone(),
            losses: drawn.clone(),
            order: drawn,
            shares: vec![0.0; k],
            ratio: vec![1.0; k],
            mean: vec![0.0; k],
            past: vec![0.0; settings.window * k],
            steps: 0,
            settings,
        }
    }

    /// See [`SinglePoint::bound_losses`].
    pub fn bound_losses(&mut self, floor: &[f64]) {
        self.point.bound_losses(floor);
    }

    /// One step on the batch `rows`, which all draws share. What it leaves is of the last draw.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn step(
        &mut self,
        backend: &mut Backend,
        rows: &[u32],
        place: Place<'_>,
        out: &mut Step,
    ) -> Result<(), BackendError> {
        let k = self.loss_scales.len();
        // Looking on needs one mixture.
        let draws = if place.motion == Motion::Update { self.settings.draws } else { 1 };
        for (draw, alpha) in self.alphas.chunks_exact_mut(k).enumerate() {
            draw_preference((place.seed, place.step), draw, self.settings.concentration, alpha);
        }
        if self.settings.balance == Balance::Ratio {
            self.take_ratio();
        }
        self.order.fill(0.0);
        if self.settings.order > 0.0 && draws > 1 {
            self.put_in_order(backend, rows).await?;
        }
        self.mean.fill(0.0);
        for draw in 0..draws {
            let alpha = &self.alphas[draw * k..][..k];
            for (task, share) in self.shares.iter_mut().enumerate() {
                *share = alpha[task] * self.ratio[task];
            }
            backend.mix(alpha).await?;
            let last = draw + 1 == draws;
            let mixture = Mixture {
                spread: Some(Spread { alpha, keep: if draw == 0 { 0.0 } else { 1.0 }, moves: last }),
                shares: &self.shares,
                by_length: self.settings.balance == Balance::Norm,
                order: &self.order[draw * k..][..k],
            };
            let probe = place.probe && last;
            self.point.step(backend, rows, Place { probe, mixture: Some(mixture), ..place }, out).await?;
            for (mean, (loss, scale)) in self.mean.iter_mut().zip(out.losses.iter().zip(&self.loss_scales)) {
                *mean += loss * scale / draws as f64;
            }
            if !out.is_sound() {
                return Ok(());
            }
        }
        if place.motion == Motion::Update {
            let at = self.steps % self.settings.window;
            self.past[at * k..][..k].copy_from_slice(&self.mean);
            self.steps += 1;
        }
        Ok(())
    }

    /// Factors 1 − |w̄ᵢ|/Σ|w̄| from the means of the last losses; equal ones before there are any.
    fn take_ratio(&mut self) {
        let k = self.ratio.len();
        let known = self.steps.min(self.settings.window);
        self.ratio.fill(0.0);
        for past in self.past.chunks_exact(k).take(known) {
            for (sum, loss) in self.ratio.iter_mut().zip(past) {
                *sum += loss;
            }
        }
        let all: f64 = self.ratio.iter().map(|sum| sum.abs()).sum();
        for ratio in &mut self.ratio {
            let share = if all > 0.0 { ratio.abs() / all } else { 1.0 / k as f64 };
            *ratio = 1.0 - share;
        }
    }

    /// What the order term adds to the weight of every draw and task: coefficient·∂R/∂L. Nothing where the term is
    /// larger than the loss it joins, Σ αᵢLᵢ with the ratio's factors.
    async fn put_in_order(&mut self, backend: &mut Backend, rows: &[u32]) -> Result<(), BackendError> {
        let k = self.loss_scales.len();
        for (alpha, losses) in self.alphas.chunks_exact(k).zip(self.losses.chunks_exact_mut(k)) {
            backend.mix(alpha).await?;
            backend.losses(rows, losses).await?;
            losses.iter_mut().zip(&self.loss_scales).for_each(|(loss, scale)| *loss *= scale);
        }
        let Settings { penalized, order: coefficient, .. } = self.settings;
        let drawn = (&self.alphas[..], &self.losses[..]);
        let term = order_gradient(drawn, k, penalized, TEMPERATURE, &mut self.order);
        let weighed = self.alphas.iter().zip(&self.losses).enumerate();
        let weighted: f64 = weighed.map(|(at, (alpha, loss))| alpha * self.ratio[at % k] * loss).sum();
        let strength = Strength { temperature: TEMPERATURE, coefficient };
        let counts = total(weighted, term, strength) > weighted;
        let factor = if counts { coefficient } else { 0.0 };
        self.order.iter_mut().for_each(|slope| *slope *= factor);
        Ok(())
    }
}

/// α ~ Dirichlet(p) of one draw of a step: a function of seed, step and draw alone.
pub fn draw_preference((seed, step): (u32, u64), draw: usize, p: f64, alpha: &mut [f64]) {
    let words = Stream::new(seed, StreamId::Strategy, PREFERENCES);
    let mut largest = f64::NEG_INFINITY;
    for (task, alpha) in alpha.iter_mut().enumerate() {
        let place = ((step * DRAWS as u64 + draw as u64) * LEARNER.tasks.1 as u64 + task as u64) * GAMMA_WORDS;
        *alpha = ln_gamma_draw(words, place, p);
        largest = largest.max(*alpha);
    }
    let mut sum = 0.0;
    for alpha in &mut *alpha {
        *alpha = exp(*alpha - largest);
        sum += *alpha;
    }
    alpha.iter_mut().for_each(|alpha| *alpha /= sum);
}

/// The logarithm of a draw of the gamma distribution of shape p (Marsaglia & Tsang 2000), which for small p would be
/// below every number.
fn ln_gamma_draw(words: Stream, place: u64, p: f64) -> f64 {
    let uniform = |at: u64| (f64::from(words.u32(place + at)) + 0.5) / 4_294_967_296.0;
    // Below 1 the shape is one more, and a power of a uniform number takes that back.
    let (shape, back) = if p < 1.0 { (p + 1.0, ln(uniform(0)) / p) } else { (p, 0.0) };
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    for at in (2..GAMMA_WORDS).step_by(2) {
        let x = words.normal(place + at);
        let v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
        if v > 0.0 && ln(uniform(at + 1)) < 0.5 * x * x + d - d * v + d * ln(v) {
            return ln(d * v) + back;
        }
    }
    ln(d) + back
}

/// Where the members of a manifold begin on an analytic problem (K, P): each drawn on its own, evenly around the
/// start, a quarter of the box to both sides and inside the box.
pub fn member_starts(problem: &Problem, start: &[f64], n_members: usize, seed: u32) -> Vec<f32> {
    let reach = AROUND * (problem.bounds.high - problem.bounds.low);
    let mut all = Vec::new();
    for member in 0..n_members {
        let words = Stream::new(seed, StreamId::Strategy, STARTS + member as u32);
        let beside = |(at, x): (usize, &f64)| x + reach * (2.0 * words.uniform(at as u64) - 1.0);
        let mut x: Vec<f64> = start.iter().enumerate().map(beside).collect();
        problem.confine(&mut x);
        all.extend(x.iter().map(|&x| x as f32));
    }
    all
}

/// Why a manifold cannot be trained so, in a sentence.
fn refuses(method: &Method, modifiers: &[Applied], knobs: &[f64]) -> Option<String> {
    if let Some(why) = refuses_other_points(LEARNER.label, method, modifiers) {
        return Some(why);
    }
    let id = method.id;
    let settings = Settings::of(knobs);
    let by_coordinates = matches!(method.build, Build::Rows(_));
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

/// Why this method cannot balance what is at another θ in every step, in a sentence.
pub(super) fn refuses_other_points(label: &str, method: &Method, modifiers: &[Applied]) -> Option<String> {
    let id = method.id;
    let memory = [
        (Need::KeptRows, "keeps gradients over steps"),
        (Need::TwoMoreBatches, "compares gradients of several batches"),
        (Need::LookAhead, "looks one step ahead of a single network"),
        (Need::Excess, "adds up all gradients so far"),
    ];
    if let Some((_, what)) = memory.into_iter().find(|(need, _)| method.needs(*need)) {
        return Some(format!(
            "{id} {what}, but {label} trains another preference in every step. Choose a method that looks at one step."
        ));
    }
    if matches!(method.build, Build::Rows(_)) && method.needs(Need::Representation) {
        return Some(format!(
            "{id} works on the gradients at the shared features, which are not among the rows that {label} \
             multiplies by the preference. Choose its form for parameters."
        ));
    }
    for applied in modifiers {
        let (name, why) = match applied.modifier.change {
            Change::Uphill { .. } | Change::CosinePenalty => (applied.modifier.id, "looks beside a single network"),
            Change::Weights(_) => {
                (applied.modifier.id, "remembers weights, which are of another preference every step")
            }
            Change::Preference(_) => (applied.modifier.id, "multiplies rows by the preference, which is done already"),
            Change::Losses(_) | Change::Lengths(_) | Change::Length(_) | Change::Heads => continue,
        };
        return Some(format!("the modifier {name} {why}. Leave it out."));
    }
    None
}
