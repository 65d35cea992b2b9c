//! Where each layer's parameters lie in the flat vector: shared blocks first, then heads by task.

use super::{Layer, Network};
use crate::config::{Activation, Init};
use crate::math::Real;
use crate::rng::{Stream, StreamId};
use std::ops::Range;

/// Streams of one member of a manifold: more than blocks of any network have.
const MEMBER_STREAMS: u32 = 1 << 20;

/// Whose parameters a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Shared,
    /// The head of this task.
    Head(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// (inputs, outputs) row-major; of a convolution (5, 5, channels, filters).
    Weight,
    /// One number an output or filter.
    Bias,
}

/// A named range of the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `trunk.0.weight`, `head.1.0.bias`.
    pub name: String,
    pub owner: Owner,
    /// Index of the layer in the trunk or in its head.
    pub layer: usize,
    pub part: Part,
    pub range: Range<usize>,
    pub fan_in: usize,
}

/// All blocks of a network, in order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamLayout {
    blocks: Vec<Block>,
    n_shared: usize,
    n_parameters: usize,
    work: usize,
}

impl Block {
    /// Standard deviation of the initial weights of a layer, which is that of this block.
    pub fn deviation(&self, layer: Layer, init: Init) -> f64 {
        let gain = match (init, self.owner) {
            (Init::Gains { first, .. }, Owner::Shared) if self.layer == 0 => first,
            (Init::Gains { trunk, .. }, Owner::Shared) => trunk,
            (Init::Gains { head, .. }, Owner::Head(_)) => head,
            (Init::FanIn, _) => match layer.activation() {
                Some(Activation::Relu | Activation::Gelu) => 2.0_f64.sqrt(),
                Some(Activation::Tanh) | None => 1.0,
            },
        };
        gain / (self.fan_in as f64).sqrt()
    }

    /// The layer whose parameters it holds.
    pub fn layer_of(&self, network: &Network) -> Layer {
        match self.owner {
            Owner::Shared => network.trunk[self.layer],
            Owner::Head(task) => network.heads[task].layers[self.layer],
        }
    }
}

impl ParamLayout {
    pub fn new(network: &Network) -> Self {
        let mut blocks = Vec::new();
        let mut end = 0;
        let mut push = |owner: Owner, prefix: &str, index: usize, layer: Layer| {
            let (fan_in, units) = (layer.fan_in(), layer.units());
            for (part, name, length) in [(Part::Weight, "weight", fan_in * units), (Part::Bias, "bias", units)] {
                blocks.push(Block {
                    name: format!("{prefix}.{index}.{name}"),
                    owner,
                    layer: index,
                    part,
                    range: end..end + length,
                    fan_in,
                });
                end += length;
            }
            end
        };
        let mut n_shared = 0;
        for (index, &layer) in network.trunk.iter().enumerate() {
            n_shared = push(Owner::Shared, "trunk", index, layer);
        }
        let mut n_parameters = n_shared;
        for (task, head) in network.heads.iter().enumerate() {
            for (index, &layer) in head.layers.iter().enumerate() {
                n_parameters = push(Owner::Head(task), &format!("head.{task}"), index, layer);
            }
        }
        Self { blocks, n_shared, n_parameters, work: network.work() }
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// P.
    pub fn n_shared(&self) -> usize {
        self.n_shared
    }

    /// Length of θ: shared parameters and all heads.
    pub fn n_parameters(&self) -> usize {
        self.n_parameters
    }

    /// Multiplications of one row going forward; the parameters, where all layers are dense.
    pub fn work(&self) -> usize {
        self.work
    }

    /// Range of θ that holds weight and bias of this layer.
    pub fn layer(&self, owner: Owner, layer: usize) -> (Range<usize>, Range<usize>) {
        let find = |part| {
            let found = self.blocks.iter().find(|b| b.owner == owner && b.layer == layer && b.part == part);
            found.map_or(0..0, |block| block.range.clone())
        };
        (find(Part::Weight), find(Part::Bias))
    }

    /// All parameters of one head.
    pub fn head(&self, task: usize) -> Range<usize> {
        let mut own = self.blocks.iter().filter(|block| block.owner == Owner::Head(task));
        let start = own.next().map_or(self.n_parameters, |block| block.range.start);
        let end = own.next_back().map_or(start, |block| block.range.end);
        start..end
    }

    /// Initial θ. `task_ids` (K) name the tasks in their data set, so that a head starts the same
    /// whichever other tasks are trained beside it.
    pub fn initial<T: Real>(&self, network: &Network, init: Init, seed: u32, task_ids: &[usize]) -> Vec<T> {
        self.initial_member(network, init, (seed, 0), task_ids)
    }

    /// The same for a member of a manifold, drawn on its own; the first one starts where a single point does.
    pub fn initial_member<T: Real>(
        &self,
        network: &Network,
        init: Init,
        (seed, member): (u32, u32),
        task_ids: &[usize],
    ) -> Vec<T> {
        let mut theta = vec![T::default(); self.n_parameters];
        for block in &self.blocks {
            if block.part == Part::Bias {
                continue;
            }
            let (layer, stream) = match block.owner {
                Owner::Shared => (network.trunk[block.layer], block.layer as u32),
                Owner::Head(task) => {
                    let stream = 1_000 + 100 * task_ids[task] as u32 + block.layer as u32;
                    (network.heads[task].layers[block.layer], stream)
                }
            };
            let sd = block.deviation(layer, init);
            let draws = Stream::new(seed, StreamId::Init, member * MEMBER_STREAMS + stream);
            for (i, value) in theta[block.range.clone()].iter_mut().enumerate() {
                *value = T::of(sd * draws.normal(i as u64));
            }
        }
        theta
    }
}
