//! COSMOS (Ruchte & Grabocka 2021): the preference is an input of the network, θ(α) adds Uᵀα to the first bias.
//!
//! A dense layer of [x, α] is x W + α U + b, so that what α adds is a bias of its own. To a convolution α is K more
//! planes of one value each with filters of their own, and without padding they add the sum of each filter.

use super::{ANNEAL, Charted, DRAWS, Ground, Map, P, STREAMS, refuses_on_chart};
use crate::balance::Method;
use crate::balance::modify::Applied;
use crate::math::Real;
use crate::nn::{KERNEL, Layer, Owner, Part};
use crate::rng::{Stream, StreamId};
use crate::strategy::Learner;
use std::ops::Range;

pub const LEARNER: Learner = Learner {
    id: "cosmos",
    label: "COSMOS",
    about: "Trains one network that has the preference among its inputs, so one forward pass with another preference is \
            another trade-off. A step draws a preference and trains the losses weighed by it. With the method COSMOS, \
            which adds the angle between losses and preference, it is what the paper trains; with the plain sum it is \
            the input alone. It holds one network and a few weights more.",
    pitfalls: "The weight of the angle is the knob of the method: 8 on MultiMNIST and Census in the paper, 1 elsewhere. \
               Without the angle a network may leave its new inputs aside, and the front is a point. Where the angle \
               weighs much the front runs backward: it asks for losses in the ratio of the preference, so that a large \
               share allows a large loss. For images the published code makes planes of the preference by two more \
               layers; here they are K planes of one value. Curves of training are those of the preferences drawn.",
    paper: "Ruchte & Grabocka, Scalable Pareto Front Approximation for Deep Multi-Objective Learning (ICDM)",
    year: 2021,
    link: "https://arxiv.org/abs/2103.13392",
    knobs: &[P, DRAWS, ANNEAL],
    tasks: (2, 4),
    crowd: None,
    chart: Some(Charted {
        map: |_, ground, k| Box::new(Conditioned::new(ground, k)),
        // A layer has at least one input.
        numbers: |_, n, k| n * (1.0 + k),
        rows: 3.0,
        networks_only: Some("an analytic problem has no inputs that the preference could join. Choose a data set."),
    }),
    refuses: |method: &Method, modifiers: &[Applied], _| refuses_on_chart("COSMOS", method, modifiers),
};

/// φ is θ, then the weights U of every layer that sees the inputs.
pub struct Conditioned {
    n_parameters: usize,
    n_tasks: usize,
    layers: Vec<Seeing>,
    length: usize,
}

/// A layer that sees the inputs.
struct Seeing {
    bias: Range<usize>,
    /// Where its U (area, K, units) begins in φ.
    start: usize,
    /// Pixels that a filter sees at once; 1 for a dense layer.
    area: usize,
    deviation: f64,
}

impl Conditioned {
    pub fn new(ground: Ground<'_>, n_tasks: usize) -> Self {
        let n_parameters = ground.n_parameters();
        let (mut layers, mut length) = (Vec::new(), n_parameters);
        if let Ground::Network(network, layout, init) = ground {
            let sees = |owner| if network.trunk.is_empty() { owner != Owner::Shared } else { owner == Owner::Shared };
            let first = layout.blocks().iter().filter(|block| block.layer == 0 && block.part == Part::Weight);
            for block in first.filter(|block| sees(block.owner)) {
                let layer = block.layer_of(network);
                let area = match layer {
                    Layer::Dense { .. } => 1,
                    Layer::Convolution { .. } => KERNEL * KERNEL,
                };
                let (_, bias) = layout.layer(block.owner, 0);
                let units = bias.len();
                layers.push(Seeing { bias, start: length, area, deviation: block.deviation(layer, init) });
                length += area * n_tasks * units;
            }
        }
        Self { n_parameters, n_tasks, layers, length }
    }
}

impl<T: Real> Map<T> for Conditioned {
    fn start(&self, seed: u32, theta: &[T]) -> Vec<T> {
        let mut phi = theta.to_vec();
        phi.resize(self.length, T::default());
        for (at, layer) in self.layers.iter().enumerate() {
            let draws = Stream::new(seed, StreamId::Strategy, STREAMS + at as u32);
            let own = &mut phi[layer.start..][..layer.area * self.n_tasks * layer.bias.len()];
            for (i, weight) in own.iter_mut().enumerate() {
                *weight = T::of(layer.deviation * draws.normal(i as u64));
            }
        }
        phi
    }

    fn at(&self, phi: &[T], alpha: &[f64], theta: &mut [T]) {
        theta.copy_from_slice(&phi[..self.n_parameters]);
        for Seeing { bias, start, area, .. } in &self.layers {
            let rows = phi[*start..].chunks_exact(bias.len()).take(area * self.n_tasks);
            for (row, weights) in rows.enumerate() {
                let share = T::of(alpha[row % self.n_tasks]);
                for (bias, &weight) in theta[bias.clone()].iter_mut().zip(weights) {
                    *bias += share * weight;
                }
            }
        }
    }

    fn pull_back(&self, _phi: &[T], alpha: &[f64], gradient: &[T], out: &mut [T]) {
        for (out, &slope) in out.iter_mut().zip(gradient) {
            *out += slope;
        }
        for Seeing { bias, start, area, .. } in &self.layers {
            let rows = out[*start..].chunks_exact_mut(bias.len()).take(area * self.n_tasks);
            for (row, weights) in rows.enumerate() {
                let share = T::of(alpha[row % self.n_tasks]);
                for (weight, &slope) in weights.iter_mut().zip(&gradient[bias.clone()]) {
                    *weight += share * slope;
                }
            }
        }
    }

    fn parts(&self) -> Vec<(Range<usize>, f64)> {
        vec![(0..self.length, 1.0)]
    }
}
