//! Pareto hypernetwork (Navon et al. 2021): a network of two hidden layers of 100 ReLUs makes all of θ of α.
//!
//! θ(α) = b + h₂ W with h₂ = relu(h₁ W₂ + b₂) and h₁ = relu(α W₁ + b₁). Training starts near a usual start: b is the
//! θ of a single point, and W is small enough that preferences tell its weights apart by a tenth of their spread.

use super::{ANNEAL, Charted, DRAWS, Ground, Map, P, STREAMS, refuses_on_chart};
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method};
use crate::kernels::gramian;
use crate::math::Real;
use crate::nn::Part;
use crate::rng::{Stream, StreamId};
use crate::strategy::Learner;
use std::ops::Range;

/// Width of both hidden layers.
const HIDDEN: usize = 100;
/// How far preferences spread the initial weights, as a share of these weights' deviation.
const APART: f64 = 0.1;
/// The same on an analytic problem, as a share of its box.
const APART_IN_BOX: f64 = 0.05;

pub const LEARNER: Learner = Learner {
    id: "phn",
    label: "PHN",
    about: "Trains a second network that takes the preference and makes every weight of the first one, shared layers \
            and heads. A step draws a preference, and the update of the weights made there goes back into the second \
            network. With the plain sum it is the paper's form with weighted sums, with EPO its form with exact \
            preferences, which also reaches parts of a front that bulge inward.",
    pitfalls: "It holds 100 numbers for every weight, so networks are bounded in size. All of them move a weight \
               together, so it learns at a share of the learning rate, a tenth by default. The third \
               linear layer of the published code in front of the last one is left out: two in a row are one. EPO \
               looks at gradients of the network's weights and not of the numbers behind them, and heads learn by \
               their shares of the preference. Curves of training are those of the preferences drawn.",
    paper: "Navon, Shamsian, Chechik & Fetaya, Learning the Pareto Front with Hypernetworks (ICLR)",
    year: 2021,
    link: "https://arxiv.org/abs/2010.04104",
    knobs: &[
        P,
        DRAWS,
        Knob {
            name: "rate",
            label: "share of the learning rate",
            default: 0.1,
            min: 0.001,
            max: 10.0,
            scale: KnobScale::Log,
        },
        ANNEAL,
    ],
    tasks: (2, 4),
    crowd: None,
    chart: Some(Charted {
        map: |knobs, ground, k| Box::new(Hyper::new(knobs.get(2).copied().unwrap_or(0.1), ground, k)),
        numbers: |_, n, k| (HIDDEN as f64 + 1.0) * n + HIDDEN as f64 * (HIDDEN as f64 + k + 2.0),
        // A product with every number and two on the way back, and the optimizer's step.
        rows: 4.0 * HIDDEN as f64,
        networks_only: None,
    }),
    refuses: |method: &Method, modifiers: &[Applied], _| refuses_on_chart("PHN", method, modifiers),
};

/// φ is W₁ (K, H), b₁ (H), W₂ (H, H), b₂ (H), W (H, n_parameters), b (n_parameters).
pub struct Hyper {
    n_tasks: usize,
    n_parameters: usize,
    rate: f64,
    /// Ranges of θ, and how far preferences spread them at the start.
    spread: Vec<(Range<usize>, f64)>,
}

impl Hyper {
    pub fn new(rate: f64, ground: Ground<'_>, n_tasks: usize) -> Self {
        let spread = match ground {
            Ground::Network(network, layout, init) => {
                let weights = layout.blocks().iter().filter(|block| block.part == Part::Weight);
                let of_block = |block: &crate::nn::Block| {
                    (block.range.clone(), APART * block.deviation(block.layer_of(network), init))
                };
                weights.map(of_block).collect()
            }
            Ground::Problem(problem) => {
                let across = problem.bounds.high - problem.bounds.low;
                vec![(0..problem.n_parameters, APART_IN_BOX * across)]
            }
        };
        Self { n_tasks, n_parameters: ground.n_parameters(), rate, spread }
    }

    /// Where each part begins, and the length of all.
    fn places(&self) -> [usize; 7] {
        let lengths =
            [self.n_tasks * HIDDEN, HIDDEN, HIDDEN * HIDDEN, HIDDEN, HIDDEN * self.n_parameters, self.n_parameters];
        let mut places = [0; 7];
        for (at, length) in lengths.into_iter().enumerate() {
            places[at + 1] = places[at] + length;
        }
        places
    }

    /// h₁ and h₂.
    fn hidden<T: Real>(&self, phi: &[T], alpha: &[f64]) -> [[T; HIDDEN]; 2] {
        let [w1, b1, w2, b2, w, ..] = self.places();
        let mut input = [T::default(); crate::balance::solve::MAX_TASKS];
        input.iter_mut().zip(alpha).for_each(|(input, alpha)| *input = T::of(*alpha));
        let first = rectified(&input[..self.n_tasks], &phi[w1..b1], &phi[b1..w2]);
        [first, rectified(&first, &phi[w2..b2], &phi[b2..w])]
    }
}

/// relu(x W + b).
fn rectified<T: Real>(x: &[T], weights: &[T], bias: &[T]) -> [T; HIDDEN] {
    let mut out = [T::default(); HIDDEN];
    out.copy_from_slice(bias);
    for (&x, row) in x.iter().zip(weights.chunks_exact(HIDDEN)) {
        out.iter_mut().zip(row).for_each(|(out, &weight)| *out += x * weight);
    }
    for out in &mut out {
        if *out < T::default() {
            *out = T::default();
        }
    }
    out
}

/// W += xᵀd.
fn outer<T: Real>(x: &[T], d: &[T], out: &mut [T]) {
    for (&x, row) in x.iter().zip(out.chunks_exact_mut(d.len())).filter(|(x, _)| **x != T::default()) {
        row.iter_mut().zip(d).for_each(|(out, &d)| *out += x * d);
    }
}

/// W d for every unit that is on.
fn back<T: Real>(on: &[T; HIDDEN], weights: &[T], d: &[T]) -> [T; HIDDEN] {
    let mut products = [0.0; HIDDEN];
    gramian(d.len(), weights, d, &mut products);
    std::array::from_fn(|unit| if on[unit] > T::default() { T::of(products[unit]) } else { T::default() })
}

fn add<T: Real>(d: &[T], out: &mut [T]) {
    out.iter_mut().zip(d).for_each(|(out, &d)| *out += d);
}

impl<T: Real> Map<T> for Hyper {
    fn start(&self, seed: u32, theta: &[T]) -> Vec<T> {
        let [w1, b1, w2, b2, w, b, end] = self.places();
        let mut phi = vec![T::default(); end];
        let fill = |out: &mut [T], block: u32, first: usize, deviation: f64| {
            let draws = Stream::new(seed, StreamId::Strategy, STREAMS + block);
            for (i, number) in out.iter_mut().enumerate() {
                *number = T::of(deviation * draws.normal((first + i) as u64));
            }
        };
        fill(&mut phi[w1..b1], 0, 0, (2.0 / self.n_tasks as f64).sqrt());
        fill(&mut phi[w2..b2], 1, 0, (2.0 / HIDDEN as f64).sqrt());
        // With such weights the mean of h² is |α|²/K, from 1/K² to 1/K.
        let unit = (self.n_tasks as f64 / HIDDEN as f64).sqrt();
        for (unit_at, row) in phi[w..b].chunks_exact_mut(self.n_parameters.max(1)).enumerate() {
            for (range, spread) in &self.spread {
                fill(&mut row[range.clone()], 2, unit_at * self.n_parameters + range.start, unit * spread);
            }
        }
        phi[b..end].copy_from_slice(theta);
        phi
    }

    fn at(&self, phi: &[T], alpha: &[f64], theta: &mut [T]) {
        let [_, _, _, _, w, b, end] = self.places();
        theta.copy_from_slice(&phi[b..end]);
        let [_, hidden] = self.hidden(phi, alpha);
        let rows = phi[w..b].chunks_exact(self.n_parameters);
        for (&unit, row) in hidden.iter().zip(rows).filter(|(unit, _)| **unit != T::default()) {
            theta.iter_mut().zip(row).for_each(|(theta, &weight)| *theta += unit * weight);
        }
    }

    fn pull_back(&self, phi: &[T], alpha: &[f64], gradient: &[T], out: &mut [T]) {
        let [w1, b1, w2, b2, w, b, end] = self.places();
        let [first, second] = self.hidden(phi, alpha);
        add(gradient, &mut out[b..end]);
        outer(&second, gradient, &mut out[w..b]);
        let down = back(&second, &phi[w..b], gradient);
        add(&down, &mut out[b2..w]);
        outer(&first, &down, &mut out[w2..b2]);
        let down = back(&first, &phi[w2..b2], &down);
        add(&down, &mut out[b1..w2]);
        for (&share, row) in alpha.iter().zip(out[w1..b1].chunks_exact_mut(HIDDEN)) {
            row.iter_mut().zip(&down).for_each(|(out, &d)| *out += T::of(share) * d);
        }
    }

    fn parts(&self) -> Vec<(Range<usize>, f64)> {
        let [.., end] = self.places();
        vec![(0..end, self.rate)]
    }
}
