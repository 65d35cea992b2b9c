//! Charts: stored numbers φ and a map from preferences α to θ, trained by the chain rule at preferences drawn.
//!
//! A step draws α ~ Dirichlet(p), or takes annealed rays, puts θ(φ, α) into the backend, lets any balancer make its
//! update dθ there, and takes dφ = (∂θ/∂φ)ᵀ dθ to an optimizer of its own. Shares reach methods as they do on manifolds
//! of mixtures.

pub mod conditioned;
pub mod hyper;
pub mod low_rank;
pub mod rays;

use super::manifold::{modifiers, refuses_other_points};
use super::single_point::{Mixture, Place, SinglePoint};
use super::{Motion, Step};
use crate::backend::{Backend, BackendError};
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method, Need};
use crate::config::{Init, RunConfig, TrainingConfig};
use crate::data::Batches;
use crate::kernels::{Moments, Rule, gramian, update};
use crate::math::Real;
use crate::nn::{Network, ParamLayout};
use crate::problem::{Edge, Problem};
use rays::{ANNEAL, Rays};
use std::ops::Range;
use std::rc::Rc;

/// Streams of [`crate::rng::StreamId::Strategy`] from here on.
const STREAMS: u32 = 1_000;

/// A chart as a learner has it.
#[derive(Debug, Clone, Copy)]
pub struct Charted {
    /// For values of the knobs, the ground, and K.
    pub map: Draw,
    /// At most so many numbers φ for values of the knobs, so many parameters, and K.
    pub numbers: fn(&[f64], f64, f64) -> f64,
    /// What going through the map costs beside a step, in rows of a batch.
    pub rows: f64,
    /// Why it makes nothing of an analytic problem, in a sentence.
    pub networks_only: Option<&'static str>,
}

/// What makes a map.
pub type Draw = fn(&[f64], Ground<'_>, usize) -> Box<dyn Map<f32>>;

/// What θ is of.
#[derive(Clone, Copy)]
pub enum Ground<'a> {
    Network(&'a Network, &'a ParamLayout, Init),
    Problem(&'static Problem),
}

impl Ground<'_> {
    fn n_parameters(&self) -> usize {
        match self {
            Self::Network(_, layout, _) => layout.n_parameters(),
            Self::Problem(problem) => problem.n_parameters,
        }
    }
}

/// A map from φ and α to θ.
pub trait Map<T: Real> {
    /// Where training starts: φ for this seed, with the θ of a single point.
    fn start(&self, seed: u32, theta: &[T]) -> Vec<T>;

    /// θ at α.
    fn at(&self, phi: &[T], alpha: &[f64], theta: &mut [T]);

    /// dφ += (∂θ/∂φ)ᵀ dθ at α.
    fn pull_back(&self, phi: &[T], alpha: &[f64], gradient: &[T], out: &mut [T]);

    /// Parts of φ in order, without gaps, and the factor of each on the learning rate.
    fn parts(&self) -> Vec<(Range<usize>, f64)>;
}

/// A map with the box that its points must lie in.
pub struct Chart {
    map: Box<dyn Map<f32>>,
    problem: Option<&'static Problem>,
    n_parameters: usize,
}

impl Chart {
    pub fn new(charted: &Charted, knobs: &[f64], ground: Ground<'_>, n_tasks: usize) -> Self {
        let problem = match ground {
            Ground::Network(..) => None,
            Ground::Problem(problem) => Some(problem),
        };
        Self { map: (charted.map)(knobs, ground, n_tasks), problem, n_parameters: ground.n_parameters() }
    }

    /// See [`Map::start`].
    pub fn start(&self, seed: u32, theta: &[f32]) -> Vec<f32> {
        self.map.start(seed, theta)
    }

    /// Writes θ (n_parameters) at α, inside the box.
    pub fn write(&self, phi: &[f32], alpha: &[f64], theta: &mut [f32]) {
        self.map.at(phi, alpha, theta);
        if let Some((low, high)) = self.walls() {
            theta.iter_mut().for_each(|x| *x = x.clamp(low, high));
        }
    }

    /// θ at α, inside the box.
    pub fn at(&self, phi: &[f32], alpha: &[f64]) -> Vec<f32> {
        let mut theta = vec![0.0; self.n_parameters];
        self.write(phi, alpha, &mut theta);
        theta
    }

    /// dφ += (∂θ/∂φ)ᵀ dθ, without what would go on through a wall at which θ stands.
    fn pull_back(&self, phi: &[f32], (alpha, theta): (&[f64], &[f32]), gradient: &mut [f32], out: &mut [f32]) {
        if let Some((low, high)) = self.walls() {
            for (slope, &x) in gradient.iter_mut().zip(theta) {
                if (x <= low && *slope > 0.0) || (x >= high && *slope < 0.0) {
                    *slope = 0.0;
                }
            }
        }
        self.map.pull_back(phi, alpha, gradient, out);
    }

    fn walls(&self) -> Option<(f32, f32)> {
        let bounds = self.problem?.bounds;
        (bounds.edge == Edge::Wall).then_some((bounds.low as f32, bounds.high as f32))
    }
}

/// What makes the strategy of a run besides the run itself.
pub struct Begin<'a> {
    pub chart: Rc<Chart>,
    /// Where φ starts.
    pub phi: Vec<f32>,
    pub training: &'a TrainingConfig,
}

/// A balancer at points of a chart, with the optimizer of φ.
pub struct OnChart {
    point: SinglePoint,
    chart: Rc<Chart>,
    concentration: f64,
    draws: usize,
    rays: Rays,
    rule: Rule,
    clip: Option<f64>,
    phi: Vec<f32>,
    /// Of every part: its place, the factor on the learning rate, the optimizer's memory.
    parts: Vec<(Range<usize>, f64, Moments<f32>)>,
    dphi: Vec<f32>,
    moved: Vec<f32>,
    theta: Vec<f32>,
    before: Vec<f32>,
    gradient: Vec<f32>,
    alpha: Vec<f64>, // (K)
    order: Vec<f64>, // (K) zeros
}

/// The knobs that every chart has first.
const P: Knob = Knob {
    name: "p",
    label: "concentration of drawn preferences",
    default: 1.0,
    min: 0.05,
    max: 20.0,
    scale: KnobScale::Log,
};
const DRAWS: Knob = Knob {
    name: "draws",
    label: "preferences a step",
    default: 1.0,
    min: 1.0,
    max: super::multi_forward::MOST_DRAWS as f64,
    scale: KnobScale::Integer,
};

/// Preferences that a chart draws in a step, from values in the order of its learner's knobs.
pub fn draws(knobs: &[f64]) -> usize {
    knobs.get(1).map_or(1, |draws| *draws as usize)
}

/// See [`ANNEAL`].
fn anneal(run: &RunConfig, knobs: &[f64]) -> f64 {
    let of_learner = run.learned().map_or(&[][..], |learned| learned.learner.knobs);
    let at = of_learner.iter().position(|knob| knob.name == ANNEAL.name);
    at.and_then(|at| knobs.get(at)).copied().unwrap_or(ANNEAL.default)
}

impl OnChart {
    /// The strategy of a run that has this chart, with these knobs of its learner.
    pub fn new(
        (run, knobs): (&RunConfig, &[f64]),
        begin: Begin<'_>,
        backend: &Backend,
        batches: Batches,
        seed: u32,
    ) -> Self {
        let Begin { chart, phi, training } = begin;
        let k = backend.loss_scales().len();
        let theta = vec![0.0; chart.n_parameters];
        let part = |(range, rate): (Range<usize>, f64)| {
            let moments = Moments::new(training.optimizer, range.len());
            (range, rate, moments)
        };
        Self {
            point: SinglePoint::new(run.method, &run.knobs, &modifiers(run), backend, batches, seed),
            concentration: knobs.first().copied().unwrap_or(P.default),
            draws: draws(knobs),
            rays: Rays { anneal: anneal(run, knobs), steps: training.steps },
            rule: Rule {
                optimizer: training.optimizer,
                learning_rate: 0.0,
                weight_decay: training.weight_decay,
                gradient_scale: 1.0,
            },
            clip: training.clip,
            parts: chart.map.parts().into_iter().map(part).collect(),
            chart,
            dphi: vec![0.0; phi.len()],
            moved: vec![0.0; phi.len()],
            phi,
            before: theta.clone(),
            gradient: Vec::with_capacity(theta.len()),
            theta,
            alpha: vec![0.0; k],
            order: vec![0.0; k],
        }
    }

    /// φ.
    pub fn numbers(&self) -> &[f32] {
        &self.phi
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
        let moves = place.motion == Motion::Update;
        // Looking on needs one point.
        let draws = if moves { self.draws } else { 1 };
        self.dphi.fill(0.0);
        for draw in 0..draws {
            let of = (draw, self.draws);
            self.rays.write((place.seed, place.step), of, self.concentration, &mut self.alpha);
            self.chart.write(&self.phi, &self.alpha, &mut self.theta);
            backend.put(&self.theta, None).await?;
            let mixture = Mixture { spread: None, shares: &self.alpha, by_length: false, order: &self.order };
            let probe = place.probe && draw + 1 == draws;
            self.point.step(backend, rows, Place { probe, mixture: Some(mixture), ..place }, out).await?;
            if !out.is_sound() || !moves {
                return Ok(());
            }
            backend.gradient(&mut self.gradient).await?;
            let at = (&self.alpha[..], &self.theta[..]);
            self.chart.pull_back(&self.phi, at, &mut self.gradient, &mut self.dphi);
        }
        let mut square = [0.0];
        gramian(self.dphi.len(), &self.dphi, &self.dphi, &mut square);
        let gradient_scale = self.clip.map_or(1.0, |clip| clip / square[0].sqrt().max(clip));
        for (range, rate, moments) in &mut self.parts {
            let rule = Rule { learning_rate: *rate * place.learning_rate, gradient_scale, ..self.rule };
            let (phi, moved) = (&mut self.phi[range.clone()], &mut self.moved[range.clone()]);
            update(&rule, &self.dphi[range.clone()], moments, phi, moved);
        }
        self.before.copy_from_slice(&self.theta);
        self.chart.write(&self.phi, &self.alpha, &mut self.theta);
        out.report = backend.put(&self.theta, out.probed.then_some(&self.before[..])).await?;
        Ok(())
    }
}

/// Why a chart cannot be trained with this method and these modifiers, in a sentence.
fn refuses_on_chart(label: &str, method: &Method, modifiers: &[Applied]) -> Option<String> {
    if method.needs(Need::LossesAfterStep) {
        return Some(format!(
            "{} looks at the losses behind its own update, but {label} moves other numbers than those it weighs. \
             Choose a method that looks at one step.",
            method.id
        ));
    }
    refuses_other_points(label, method, modifiers)
}
