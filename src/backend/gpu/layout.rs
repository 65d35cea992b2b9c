//! θ as the kernels want it: every row of a weight padded by zeros to whole vec4s, weights to whole vec4s of rows.
//!
//! Zeros stay zeros: the gradient of a padded weight is a product with a padded input or delta, which is 0,
//! and both optimizers leave a parameter alone whose gradient was always 0.

use super::kernel::vecs;
use crate::nn::{Owner, ParamLayout, Part};
use std::ops::Range;

struct Block {
    owner: Owner,
    layer: usize,
    part: Part,
    range: Range<usize>,
    columns: usize,
    start: u32, // vecs
}

/// Where each block lies on the device.
pub struct PaddedLayout {
    blocks: Vec<Block>,
    n_parameters: usize,
    /// Vecs of the shared parameters.
    pub shared: u32,
    /// Vecs of all parameters.
    pub total: u32,
    /// (K) vecs behind each head.
    pub head_ends: Vec<u32>,
}

impl PaddedLayout {
    pub fn new(layout: &ParamLayout, n_tasks: usize) -> Self {
        let mut blocks = Vec::new();
        let (mut end, mut shared) = (0, 0);
        let mut head_ends = vec![0; n_tasks];
        for block in layout.blocks() {
            let (rows, columns) = match block.part {
                Part::Weight => (4 * vecs(block.fan_in), block.range.len() / block.fan_in.max(1)),
                Part::Bias => (1, block.range.len()),
            };
            blocks.push(Block {
                owner: block.owner,
                layer: block.layer,
                part: block.part,
                range: block.range.clone(),
                columns,
                start: end,
            });
            end += rows * vecs(columns);
            match block.owner {
                Owner::Shared => shared = end,
                Owner::Head(task) => head_ends[task] = end,
            }
        }
        Self { blocks, n_parameters: layout.n_parameters(), shared, total: end, head_ends }
    }

    /// Where weight and bias of a layer begin, in vecs.
    pub fn layer(&self, owner: Owner, layer: usize) -> (u32, u32) {
        let find = |part| {
            let found = self.blocks.iter().find(|b| b.owner == owner && b.layer == layer && b.part == part);
            found.map_or(0, |block| block.start)
        };
        (find(Part::Weight), find(Part::Bias))
    }

    /// θ with its padding.
    pub fn pad(&self, theta: &[f32]) -> Vec<f32> {
        let mut padded = vec![0.0; 4 * self.total as usize];
        self.each(|at, index| padded[at] = theta[index]);
        padded
    }

    /// θ without its padding.
    pub fn strip(&self, padded: &[f32], theta: &mut Vec<f32>) {
        theta.clear();
        theta.resize(self.n_parameters, 0.0);
        self.each(|at, index| theta[index] = padded[at]);
    }

    /// The index of every shared parameter without padding; 0 at padding.
    pub fn coordinates(&self) -> Vec<u32> {
        let mut coordinates = vec![0; 4 * self.shared as usize];
        self.each(|at, index| {
            if let Some(coordinate) = coordinates.get_mut(at) {
                *coordinate = index as u32;
            }
        });
        coordinates
    }

    /// Calls with the padded and the plain index of every parameter.
    fn each(&self, mut call: impl FnMut(usize, usize)) {
        for block in &self.blocks {
            let stride = 4 * vecs(block.columns) as usize;
            for (i, index) in block.range.clone().enumerate() {
                let (row, column) = (i / block.columns, i % block.columns);
                call(4 * block.start as usize + row * stride + column, index);
            }
        }
    }
}
