//! What is trained with a backend's primitives: single points of weight space, many of them side by side, manifolds
//! of mixtures, and charts that lead from preferences to θ.
//!
//! A strategy composes `losses`, `gradients` and `apply`, with any balancer inside. Arithmetic that needs no backend is
//! here too: merging, the order along a manifold, what sharpness adds to a gradient.

pub mod afresh;
pub mod chart;
mod flat_part;
pub mod hypervolume;
pub mod learner;
pub mod manifold;
pub mod merging;
pub mod multi_forward;
pub mod pareto_mtl;
mod penalty;
pub mod population;
mod serving;
pub mod sharpness;
pub mod single_point;
pub mod starts;
pub mod sweep;

pub use learner::{Crowd, LEARNERS, Learned, Learner, learner};
pub use single_point::SinglePoint;

use crate::backend::{Backend, BackendError, StepReport, Weighting};
use crate::balance::Outcome;
use chart::OnChart;
use manifold::Manifold;
use population::Population;
use single_point::Place;

/// What one step of a strategy leaves; all room is reused.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// (K) unscaled losses of the batch before the update.
    pub losses: Vec<f64>,
    /// (K) weights; empty for rows methods.
    pub weights: Vec<f64>,
    /// (K, K) with the loss scales; meaningful when `probed`.
    pub gramian: Vec<f64>,
    pub probed: bool,
    pub report: StepReport,
    pub outcome: Outcome,
    /// What the method's last weights moved, see [`crate::balance::GramianMethod::moved_by`].
    pub moved_by: Vec<u16>,
}

impl Step {
    pub fn new(n_tasks: usize) -> Self {
        Self {
            losses: vec![0.0; n_tasks],
            weights: vec![0.0; n_tasks],
            gramian: vec![0.0; n_tasks * n_tasks],
            probed: false,
            report: StepReport::default(),
            outcome: Outcome::Settled,
            moved_by: Vec::with_capacity(n_tasks),
        }
    }

    /// Whether losses, weights and what was probed are numbers.
    fn is_sound(&self) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        finite(&self.losses) && finite(&self.weights) && (!self.probed || finite(&self.gramian))
    }
}

/// One of the ways to train.
pub enum Strategy {
    SinglePoint(Box<SinglePoint>),
    Manifold(Box<Manifold>),
    Population(Box<Population>),
    Chart(Box<OnChart>),
}

impl Strategy {
    /// What a run needs to stay on its device; `None` where it does not train a single point, or its method has no such
    /// form.
    pub fn weighting<'a>(&'a self, preference: &'a [f64], seed: u32) -> Option<Weighting<'a>> {
        match self {
            Self::SinglePoint(point) => point.weighting(preference, seed),
            Self::Chart(_) | Self::Manifold(_) | Self::Population(_) => None,
        }
    }

    /// One step on the batch `rows`.
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
        match self {
            Self::SinglePoint(point) => point.step(backend, rows, place, out).await,
            Self::Manifold(manifold) => manifold.step(backend, rows, place, out).await,
            Self::Population(population) => population.step(backend, rows, place, out).await,
            Self::Chart(chart) => chart.step(backend, rows, place, out).await,
        }
    }

    /// Tells the method values (K) below which the scaled losses never fall.
    pub fn bound_losses(&mut self, floor: &[f64]) {
        match self {
            Self::SinglePoint(point) => point.bound_losses(floor),
            Self::Manifold(manifold) => manifold.bound_losses(floor),
            Self::Population(population) => population.bound_losses(floor),
            Self::Chart(chart) => chart.bound_losses(floor),
        }
    }
}

/// Whether a step moves θ or only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Update,
    /// Losses, Gramian and weights at θ; θ stays.
    Observe,
}
