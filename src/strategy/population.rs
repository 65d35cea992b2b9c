//! Populations: single points trained side by side, each with its own θ, optimizer and balancer, on the same batches.
//!
//! A step of a population of N is N steps. What is looked at is the member whose preference is nearest to the one
//! asked for; where members have no preference of their own, one is told by their losses: with l̂ᵢ the loss of task i
//! from 0 at the best of all members to 1 at the worst, a member's share of task i is in proportion to 1 − l̂ᵢ.

use super::learner::Crowd;
use super::manifold::SHARES;
use super::single_point::{Place, SinglePoint};
use super::{Learned, Step};
use crate::backend::{Backend, BackendError};
use crate::balance::Need;
use crate::balance::modify::{Applied, Change};
use crate::config::RunConfig;
use crate::data::Batches;

/// Members with what they must remember of the run.
pub struct Population {
    crowd: Crowd,
    knobs: Vec<f64>,
    seats: Vec<Seat>,
    /// Whose backend the trainer holds, and whose losses, weights and gradients records tell.
    shown: usize,
    loss_scales: Vec<f64>,
    losses: Vec<f64>, // (N, K) scaled, of the last step
    first: Vec<f64>,  // (N, K) scaled, of step 0
    shares: Vec<f64>, // (N, K) preferences of the step
    aside: Step,      // of a member that is not shown
    theta: Vec<f32>,
    /// Whether there are losses.
    began: bool,
}

/// One member.
struct Seat {
    point: SinglePoint,
    /// `None` for the one that the trainer holds.
    backend: Option<Backend>,
}

impl Population {
    /// The strategy of a run with this front learner, one backend a member, and the backend of the one that is shown.
    pub fn new(
        run: &RunConfig,
        (learned, crowd): (&Learned, Crowd),
        first: Backend,
        others: Vec<Backend>,
        batches: Batches,
        seed: u32,
    ) -> (Self, Backend) {
        let loss_scales = first.loss_scales().to_vec();
        let (n, k) = (1 + others.len(), loss_scales.len());
        let (method, method_knobs) = match crowd.method {
            Some(own) => (own, &learned.knobs),
            None => (run.method, &run.knobs),
        };
        // Shares of a step reach methods that heed no preference as factors of their rows.
        let factors = crowd.shares.is_some() && !method.needs(Need::Preference);
        let factors = factors.then_some(Applied { modifier: &SHARES, value: 0.0 });
        let modifiers: Vec<Applied> = factors.into_iter().chain(run.modifiers.iter().copied()).collect();
        let mut shares = vec![1.0 / k as f64; n * k];
        for (own, preference) in shares.chunks_exact_mut(k).zip((crowd.preferences)(&learned.knobs, k)) {
            own.copy_from_slice(&preference);
        }
        let shown = nearest(shares.chunks_exact(k), &vec![1.0 / k as f64; k]);
        let point = |backend: &Backend| SinglePoint::new(method, method_knobs, &modifiers, backend, batches, seed);
        let mut seats: Vec<Seat> = Vec::with_capacity(n);
        seats.push(Seat { point: point(&first), backend: None });
        seats.extend(others.into_iter().map(|backend| Seat { point: point(&backend), backend: Some(backend) }));
        let mut held = first;
        if let Some(backend) = seats[shown].backend.take() {
            seats[0].backend = Some(std::mem::replace(&mut held, backend));
        }
        let population = Self {
            crowd,
            knobs: learned.knobs.clone(),
            seats,
            shown,
            loss_scales,
            losses: vec![0.0; n * k],
            first: vec![0.0; n * k],
            shares,
            aside: Step::new(k),
            theta: Vec::new(),
            began: false,
        };
        (population, held)
    }

    /// See [`SinglePoint::bound_losses`].
    pub fn bound_losses(&mut self, floor: &[f64]) {
        self.seats.iter_mut().for_each(|seat| seat.point.bound_losses(floor));
    }

    /// One step of every member on the batch `rows`. What it leaves is of the member that is shown, or of one whose
    /// numbers are none any more.
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
        if let Some(shares) = self.crowd.shares {
            for (seat, losses) in self.seats.iter_mut().zip(self.losses.chunks_exact_mut(k)) {
                seat.backend.as_mut().unwrap_or(&mut *backend).losses(rows, losses).await?;
                losses.iter_mut().zip(&self.loss_scales).for_each(|(loss, scale)| *loss *= scale);
            }
            if place.step == 0 {
                self.first.copy_from_slice(&self.losses);
            }
            if self.losses.iter().all(|loss| loss.is_finite()) {
                shares(&self.knobs, (&self.first, &self.losses), k, &mut self.shares);
            }
        }
        let shown = self.shown;
        // The member that is shown comes last, so that its backend is left as its step left it.
        for at in (0..self.seats.len()).filter(|at| *at != shown).chain([shown]) {
            let seat = &mut self.seats[at];
            let own = seat.backend.as_mut().unwrap_or(&mut *backend);
            let left = if at == shown { &mut *out } else { &mut self.aside };
            let preference = &self.shares[at * k..][..k];
            let place = Place { preference, probe: place.probe && at == shown, ..place };
            seat.point.step(own, rows, place, left).await?;
            for (scaled, (loss, scale)) in
                self.losses[at * k..][..k].iter_mut().zip(left.losses.iter().zip(&self.loss_scales))
            {
                *scaled = loss * scale;
            }
            if at != shown && !self.aside.is_sound() {
                out.clone_from(&self.aside);
                return Ok(());
            }
        }
        self.began = true;
        Ok(())
    }

    /// What [`Members`] reads: every member's θ, then the place of each.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn weights(&mut self, backend: &mut Backend, weights: &mut Vec<f32>) -> Result<(), BackendError> {
        weights.clear();
        for seat in &mut self.seats {
            seat.backend.as_mut().unwrap_or(&mut *backend).parameters(&mut self.theta).await?;
            weights.extend_from_slice(&self.theta);
        }
        let k = self.loss_scales.len();
        let preferences = (self.crowd.preferences)(&self.knobs, k);
        if preferences.is_empty() {
            let told =
                if self.began { places_by_losses(&self.losses, k) } else { vec![1.0 / k as f64; self.losses.len()] };
            weights.extend(told.iter().map(|share| *share as f32));
        } else {
            weights.extend(preferences.iter().take(self.seats.len()).flatten().map(|share| *share as f32));
        }
        Ok(())
    }

    /// GPU dispatches of all members but the one that the trainer holds.
    pub fn dispatches(&self) -> u64 {
        self.seats.iter().filter_map(|seat| seat.backend.as_ref()).map(Backend::dispatches).sum()
    }
}

/// (N, K) places that losses (N, K) tell.
fn places_by_losses(losses: &[f64], k: usize) -> Vec<f64> {
    let mut places = vec![0.0; losses.len()];
    for task in 0..k {
        let of_task = || losses.iter().skip(task).step_by(k).copied();
        let (low, high) = (of_task().fold(f64::INFINITY, f64::min), of_task().fold(f64::NEG_INFINITY, f64::max));
        for (place, loss) in places.iter_mut().skip(task).step_by(k).zip(of_task()) {
            *place = if high > low { (high - loss) / (high - low) } else { 1.0 };
        }
    }
    for place in places.chunks_exact_mut(k.max(1)) {
        let sum: f64 = place.iter().sum();
        let even = 1.0 / k as f64;
        place.iter_mut().for_each(|share| *share = if sum > 0.0 { *share / sum } else { even });
    }
    places
}

/// The position of the preference that is nearest to another; the first of those that are equally near.
fn nearest<'a>(places: impl Iterator<Item = &'a [f64]>, alpha: &[f64]) -> usize {
    let away = |place: &[f64]| place.iter().zip(alpha).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    places.enumerate().min_by(|a, b| away(a.1).total_cmp(&away(b.1))).map_or(0, |(at, _)| at)
}

/// A stored population: what [`Population::weights`] wrote.
#[derive(Clone, Copy)]
pub struct Members<'a> {
    theta: &'a [f32],  // (N, n_parameters)
    places: &'a [f32], // (N, K)
    n: usize,
    k: usize,
}

impl<'a> Members<'a> {
    /// Of `n` members and `k` tasks.
    pub fn new(weights: &'a [f32], n: usize, k: usize) -> Self {
        let (theta, places) = weights.split_at(weights.len().saturating_sub(n * k));
        Self { theta, places, n, k }
    }

    /// θ of one of them.
    pub fn theta(&self, member: usize) -> &'a [f32] {
        let length = self.theta.len() / self.n.max(1);
        &self.theta[member * length..][..length]
    }

    /// Its preference (K), to the digits that f32 keeps.
    pub fn place(&self, member: usize) -> Vec<f64> {
        let own = &self.places[member * self.k..][..self.k];
        own.iter().map(|share| (f64::from(*share) * 1e6).round() / 1e6).collect()
    }

    /// The member whose preference is nearest to this one; the first of those that are equally near.
    pub fn nearest(&self, alpha: &[f64]) -> usize {
        let places: Vec<Vec<f64>> = (0..self.n).map(|member| self.place(member)).collect();
        nearest(places.iter().map(Vec::as_slice), alpha)
    }

    /// All members, those of the first task first.
    pub fn in_order(&self) -> Vec<usize> {
        let mut members: Vec<usize> = (0..self.n).collect();
        let place = |member: &usize| self.place(*member);
        members.sort_by(|a, b| place(b).partial_cmp(&place(a)).unwrap_or(std::cmp::Ordering::Equal));
        members
    }
}

/// Whether a run's method or one of its modifiers heeds the preference.
pub(super) fn heeds(method: &crate::balance::Method, modifiers: &[Applied]) -> bool {
    let multiplied = |applied: &Applied| matches!(applied.modifier.change, Change::Preference(_));
    method.needs(Need::Preference) || modifiers.iter().any(multiplied)
}

/// At least so many preferences of K tasks, evenly spread with the corners among them; those of the first task first.
pub fn simplex(n_tasks: usize, at_least: u32) -> Vec<Vec<f64>> {
    let count = |parts: u64| {
        let more = n_tasks.saturating_sub(1) as u64;
        (1..=more).fold(1, |product, i| product * (parts + i) / i)
    };
    let parts = (1..).find(|&parts| n_tasks < 2 || count(parts) >= u64::from(at_least)).unwrap_or(1);
    let mut all = Vec::new();
    let mut place = Vec::new();
    spread(n_tasks, parts, parts, &mut place, &mut all);
    all
}

/// Adds every way to share `left` of `parts` among the tasks that `place` lacks.
fn spread(n_tasks: usize, parts: u64, left: u64, place: &mut Vec<u64>, all: &mut Vec<Vec<f64>>) {
    if place.len() + 1 >= n_tasks {
        let shares = place.iter().chain([&left]).map(|&part| part as f64 / parts as f64);
        return all.push(shares.collect());
    }
    for part in (0..=left).rev() {
        place.push(part);
        spread(n_tasks, parts, left - part, place, all);
        place.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, places_by_losses, simplex};

    #[test]
    fn preferences_are_spread_evenly() {
        assert_eq!(simplex(2, 3), [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]);
        assert_eq!(simplex(2, 101).len(), 101);
        // Thirteen rows of a triangle have 91 points, fourteen 105.
        let triangle = simplex(3, 101);
        assert_eq!((triangle.len(), triangle[0].clone()), (105, vec![1.0, 0.0, 0.0]));
        assert!(triangle.iter().all(|alpha| (alpha.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        for corner in 0..3 {
            assert!(triangle.iter().any(|alpha| alpha[corner] == 1.0));
        }
        assert_eq!(simplex(4, 20).len(), 20);
        assert_eq!(simplex(1, 5), [[1.0]]);
    }

    #[test]
    fn losses_tell_places() {
        // The best of one task, the middle of a line, the best of the other, one that is best at nothing.
        let places = places_by_losses(&[-1.0, 5.0, 0.0, 4.0, 1.0, 3.0, 1.0, 5.0], 2);
        assert_eq!(places, [1.0, 0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5]);
        // A task in which nothing differs counts for every member.
        assert_eq!(places_by_losses(&[2.0, 0.0, 2.0, 1.0], 2), [0.5, 0.5, 1.0, 0.0]);
    }

    #[test]
    fn members_are_found_by_their_places() {
        let stored = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 1.0, 1.0, 0.0, 0.25, 0.75];
        let members = Members::new(&stored, 3, 2);
        assert_eq!((members.theta(1), members.place(2)), (&[3.0, 4.0][..], vec![0.25, 0.75]));
        let near = |share: f64| members.nearest(&[share, 1.0 - share]);
        assert_eq!([near(0.0), near(0.12), near(0.2), near(0.7), near(1.0)], [0, 0, 2, 1, 1]);
        assert_eq!(members.in_order(), [1, 2, 0]);
    }
}
