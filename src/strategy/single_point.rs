//! One θ, one balancer: the ordinary multi-task step.

use super::flat_part::FlatPart;
use super::penalty::CosinePenalty;
use super::serving::Serving;
use super::{Motion, Step};
use crate::backend::{Apply, Backend, BackendError, Combine, ResidentStep, Slot, Spread, Weighting};
use crate::balance::modify::{Applied, Change, RowFactors, modified};
use crate::balance::{Balancer, Gramian, Method, Need, Outcome, Setup, StepContext};
use crate::data::Batches;

/// A balancer with what it must remember of the run.
pub struct SinglePoint {
    method: &'static Method,
    balancer: Balancer,
    /// What multiplies the rows of a method that works on coordinates.
    row_factors: RowFactors,
    scales_heads: bool,
    is_modified: bool,
    floor: Vec<f64>, // (K)
    penalty: Option<CosinePenalty>,
    flat_part: Option<FlatPart>,
    gramian: Gramian,
    serving: Serving,
    loss_scales: Vec<f64>,
    scaled: Vec<f64>,
    scaled_after: Vec<f64>,
    first_losses: Vec<f64>,
    ones: Vec<f64>,
    keep: Vec<f64>,          // (K)
    add: Vec<f64>,           // (K)
    kept_products: Vec<f64>, // (K, K)
    shares: Vec<f64>,        // (K) of a mixture
    head_weights: Vec<f64>,  // (K) of a mixture
    epochs: EpochMeans,
}

/// Mean scaled losses of the running epoch and of the two before it.
struct EpochMeans {
    steps_per_epoch: u64,
    running: Vec<f64>,
    last: Vec<f64>,
    before_last: Vec<f64>,
    finished: u64,
}

impl EpochMeans {
    fn add(&mut self, step: u64, losses: &[f64]) {
        for (sum, loss) in self.running.iter_mut().zip(losses) {
            *sum += loss / self.steps_per_epoch as f64;
        }
        if (step + 1).is_multiple_of(self.steps_per_epoch) {
            std::mem::swap(&mut self.before_last, &mut self.last);
            std::mem::swap(&mut self.last, &mut self.running);
            self.running.fill(0.0);
            self.finished += 1;
        }
    }

    fn two(&self) -> Option<(&[f64], &[f64])> {
        (self.finished >= 2).then_some((&self.last[..], &self.before_last[..]))
    }
}

/// The step's place in its run.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub step: u64,
    pub seed: u32,
    pub learning_rate: f64,
    /// (K)
    pub preference: &'a [f64],
    /// Whether the Gramian and the dot products are wanted whatever the method needs.
    pub probe: bool,
    pub motion: Motion,
    /// Where θ is a mixture of members, which the update reaches in its place.
    pub mixture: Option<Mixture<'a>>,
}

/// A draw of a manifold.
#[derive(Clone, Copy)]
pub struct Mixture<'a> {
    /// `None` where θ comes of a chart, which reads the update and makes it itself.
    pub spread: Option<Spread<'a>>,
    /// (K) factors of tasks, which methods that do not heed a preference find on their rows.
    pub shares: &'a [f64],
    /// Whether a share is divided by the length of its row.
    pub by_length: bool,
    /// (K) added to the weights: what the order of several draws' losses asks for.
    pub order: &'a [f64],
}

/// What keeps the division by a row's length away from 0.
const LEAST_LENGTH: f64 = 1e-3;

impl SinglePoint {
    /// A balancer for what `backend` trains; `batches` are the run's own.
    pub fn new(
        method: &'static Method,
        knobs: &[f64],
        modifiers: &[Applied],
        backend: &Backend,
        batches: Batches,
        seed: u32,
    ) -> Self {
        let loss_scales = backend.loss_scales();
        let k = loss_scales.len();
        let setup = Setup { n_tasks: k, knobs: knobs.to_vec() };
        let zeros = vec![0.0; k];
        let scales_heads = modifiers.iter().any(|applied| matches!(applied.modifier.change, Change::Heads));
        Self {
            method,
            balancer: modified(method, &setup, modifiers),
            row_factors: RowFactors::new(method, modifiers),
            scales_heads: scales_heads || method.needs(Need::HeadsScaledByWeights),
            is_modified: !modifiers.is_empty(),
            floor: zeros.clone(),
            penalty: CosinePenalty::new(modifiers, k),
            flat_part: FlatPart::new(method, &setup, modifiers),
            gramian: Gramian::new(k),
            serving: Serving::new(method, backend, batches, seed),
            loss_scales: loss_scales.to_vec(),
            scaled: zeros.clone(),
            scaled_after: zeros.clone(),
            first_losses: zeros.clone(),
            ones: vec![1.0; k],
            keep: zeros.clone(),
            add: zeros.clone(),
            kept_products: vec![0.0; k * k],
            shares: zeros.clone(),
            head_weights: zeros.clone(),
            epochs: EpochMeans {
                steps_per_epoch: batches.steps_per_epoch().max(1),
                running: zeros.clone(),
                last: zeros.clone(),
                before_last: zeros,
                finished: 0,
            },
        }
    }

    /// Tells the method values (K) below which the scaled losses never fall.
    pub fn bound_losses(&mut self, floor: &[f64]) {
        self.floor.copy_from_slice(floor);
        self.balancer.bound_losses(floor);
        if let Some(flat_part) = &mut self.flat_part {
            flat_part.bound_losses(floor);
        }
    }

    /// See [`Gramian::set_rank_epsilon`].
    pub fn set_rank_epsilon(&mut self, epsilon: f64) {
        self.gramian.set_rank_epsilon(epsilon);
        if let Some(flat_part) = &mut self.flat_part {
            flat_part.set_rank_epsilon(epsilon);
        }
    }

    /// What a run with this balancer needs to stay on its device; `None` where the method has no such form.
    pub fn weighting<'a>(&'a self, preference: &'a [f64], seed: u32) -> Option<Weighting<'a>> {
        let kernel = self.balancer.resident().filter(|_| self.method.can_stay() && !self.is_modified)?;
        Some(Weighting {
            kernel,
            needs_rows: matches!(self.balancer, Balancer::Gramian(_)),
            weighs_heads: self.scales_heads,
            losses_after: self.method.needs(Need::LossesAfterStep),
            preference,
            floor: &self.floor,
            steps_per_epoch: self.epochs.steps_per_epoch,
            seed,
        })
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
        let at_representation = self.method.needs(Need::Representation);
        let needs_rows = !matches!(self.balancer, Balancer::Losses(_)) && !at_representation;
        // A penalty and a way uphill need the rows, whatever the method looks at.
        let by_length = place.mixture.is_some_and(|mixture| mixture.by_length);
        out.probed = place.probe || needs_rows || self.penalty.is_some() || self.flat_part.is_some() || by_length;
        let when = (place.step, place.learning_rate);
        self.serving.before_gradients(backend, &self.balancer, rows, when).await?;
        if out.probed {
            backend.gradients(rows, &mut out.losses, &mut out.gramian).await?;
        } else {
            backend.losses(rows, &mut out.losses).await?;
        }
        if let Some(penalty) = &mut self.penalty
            && place.motion == Motion::Update
            && out.gramian.iter().all(|m| m.is_finite())
        {
            self.gramian.set(&out.gramian, backend.is_exact());
            penalty.set_aside(backend, rows, &self.gramian).await?;
            backend.gradients(rows, &mut out.losses, &mut out.gramian).await?;
        }
        self.serving.after_gradients(backend).await?;
        scale(&out.losses, &self.loss_scales, &mut self.scaled);
        if place.step == 0 {
            self.first_losses.copy_from_slice(&self.scaled);
        }
        let preference = match place.mixture {
            Some(Mixture { shares, by_length, .. }) => {
                let k = shares.len();
                for (task, (own, share)) in self.shares.iter_mut().zip(shares).enumerate() {
                    let length = if by_length { out.gramian[task * k + task].sqrt() + LEAST_LENGTH } else { 1.0 };
                    *own = share / length;
                }
                &self.shares
            }
            None => place.preference,
        };
        let ctx = StepContext {
            losses: &self.scaled,
            first_losses: &self.first_losses,
            epoch_means: self.epochs.two(),
            preference,
            learning_rate: place.learning_rate,
            step: place.step,
            seed: place.seed,
            served: self.serving.served(),
        };
        out.report = Default::default();
        let finite = out.losses.iter().all(|loss| loss.is_finite())
            && (!out.probed || out.gramian.iter().all(|m| m.is_finite()));
        if !finite {
            // A method may assume finite input; the trainer reports the divergence.
            return Ok(());
        }
        let moves = place.motion == Motion::Update;
        out.weights.resize(self.loss_scales.len(), 0.0);
        if !self.serving.is_finite() {
            out.weights.fill(f64::NAN);
            return Ok(());
        }
        let mut aside = self.penalty.as_ref().map_or(0.0, CosinePenalty::strength);
        let mut flat_outcome = Outcome::Settled;
        if moves && let Some(flat_part) = &mut self.flat_part {
            // The penalty's factor is in what it set aside from here on.
            let Some(outcome) = flat_part.set_aside(backend, rows, aside, &ctx).await? else {
                out.weights.fill(f64::NAN);
                return Ok(());
            };
            (aside, flat_outcome) = (1.0, outcome);
        }
        let (combine, own_heads) = match &mut self.balancer {
            Balancer::Losses(method) => {
                out.outcome = method.weights(&ctx, &mut out.weights);
                join(place.mixture, &mut out.weights);
                let w = &out.weights;
                (if out.probed { Combine::Rows(w) } else { Combine::Weighted(w) }, None)
            }
            Balancer::Gramian(method) => {
                let exact = backend.is_exact();
                let products = self.serving.representation().unwrap_or(&out.gramian);
                self.gramian.set(products, exact);
                let keeps = self.method.needs(Need::KeptRows);
                if keeps {
                    method.keep(&ctx, &self.gramian, &mut self.keep, &mut self.add);
                    backend.keep(&self.keep, &self.add, &mut self.kept_products).await?;
                    if self.kept_products.iter().any(|m| !m.is_finite()) {
                        out.weights.fill(f64::NAN);
                        return Ok(());
                    }
                    self.gramian.set(&self.kept_products, exact);
                }
                out.outcome = method.weights(&ctx, &self.gramian, &mut out.weights);
                out.moved_by.clear();
                out.moved_by.extend_from_slice(method.moved_by());
                join(place.mixture, &mut out.weights);
                let w = &out.weights;
                let combine = match (keeps, out.probed) {
                    (true, _) => Combine::Kept(w),
                    (false, true) => Combine::Rows(w),
                    (false, false) => Combine::Weighted(w),
                };
                (combine, method.head_weights())
            }
            Balancer::Rows(method) => {
                out.weights.clear();
                let method = method.as_mut();
                self.gramian.set(&out.gramian, backend.is_exact());
                let combine = if at_representation {
                    Combine::AtRepresentation(method, &ctx)
                } else if !self.row_factors.is_empty() {
                    let factors = self.row_factors.factors(&ctx, Some(self.gramian.norms()));
                    self.keep.fill(0.0);
                    backend.keep(&self.keep, &factors[..self.add.len()], &mut self.kept_products).await?;
                    Combine::Direction(Slot::Kept, method, &ctx)
                } else {
                    Combine::Direction(Slot::Batch, method, &ctx)
                };
                (combine, None)
            }
        };
        if (out.outcome, flat_outcome) == (Outcome::Settled, Outcome::NotSettled) {
            out.outcome = flat_outcome;
        }
        if moves {
            let head_weights = match (&combine, place.mixture) {
                (Combine::Rows(w) | Combine::Kept(w) | Combine::Weighted(w), _) if self.scales_heads => w,
                (_, None) => own_heads.unwrap_or(&self.ones),
                (_, Some(Mixture { order, .. })) => {
                    let own = own_heads.unwrap_or(&self.ones);
                    for (task, weight) in self.head_weights.iter_mut().enumerate() {
                        *weight = preference[task] * own[task] + order.get(task).copied().unwrap_or(0.0);
                    }
                    &self.head_weights
                }
            };
            let learning_rate = place.learning_rate;
            let apply = Apply { combine, head_weights, learning_rate, aside, probe: out.probed };
            out.report = match place.mixture {
                Some(Mixture { spread: Some(spread), .. }) => backend.apply_to_members(apply, spread).await?,
                Some(Mixture { spread: None, .. }) => {
                    backend.direct(apply).await?;
                    Default::default()
                }
                None => backend.apply(apply).await?,
            };
            if self.method.needs(Need::LossesAfterStep) {
                backend.losses(rows, &mut self.scaled_after).await?;
                for (loss, scale) in self.scaled_after.iter_mut().zip(&self.loss_scales) {
                    *loss *= scale;
                }
                self.balancer.after_step(&ctx, &self.scaled_after);
                if let Some(flat_part) = &mut self.flat_part {
                    flat_part.after_step(&ctx, &self.scaled_after);
                }
            }
            if self.method.needs(Need::EpochMeans) {
                self.epochs.add(place.step, &self.scaled);
            }
        }
        Ok(())
    }
}

/// Writes what a step on the device told, as [`SinglePoint::step`] does.
pub fn take_told(told: ResidentStep, out: &mut Step) {
    out.probed = told.gramian.is_some();
    if let Some(gramian) = told.gramian {
        out.gramian = gramian;
    }
    out.losses = told.losses;
    out.weights = told.weights;
    out.report = told.report;
    out.outcome = if told.settled { Outcome::Settled } else { Outcome::NotSettled };
    out.moved_by = told.moved_by;
}

/// Adds what the order of losses asks for to the weights.
fn join(mixture: Option<Mixture<'_>>, w: &mut [f64]) {
    for (w, order) in w.iter_mut().zip(mixture.iter().flat_map(|mixture| mixture.order)) {
        *w += order;
    }
}

fn scale(losses: &[f64], scales: &[f64], scaled: &mut [f64]) {
    for ((out, loss), scale) in scaled.iter_mut().zip(losses).zip(scales) {
        *out = loss * scale;
    }
}
