//! The shaders that evaluate losses at many points of a plane, their uniforms and the sizes of their dispatches.
//!
//! They are compiled when a map is first asked for: training needs none of them.

use super::Lanes;
use super::kernel::{Groups, VECTOR_LANES, kernels, uniform};

/// Rows that one invocation of a matrix product takes.
const TILE_ROWS: u32 = 8;

kernels! {
    /// All kernels that surveys need besides those of every run.
    NODE_KERNELS:
    /// A first layer at many points, from its three products.
    AFFINE "affine" false;
    /// One dense layer at many points, each with parameters of its own.
    DENSE_AT "dense_at" true;
    /// Losses at many points.
    LOSS_AT "loss_at" false;
}

uniform! {
    /// shaders/affine.wgsl
    Affine {
        vecs: u32,
        activation: u32,
        spare_0: u32,
        spare_1: u32,
    }
}

uniform! {
    /// shaders/dense_at.wgsl
    DenseAt {
        /// B.
        rows: u32,
        x_vecs: u32,
        y_vecs: u32,
        activation: u32,
        weight: u32,
        bias: u32,
        theta_step: u32,
        total: u32,
        /// T.
        tasks: u32,
        x_node: u32,
        x_task: u32,
        spare_0: u32,
    }
}

uniform! {
    /// shaders/loss_at.wgsl
    LossAt {
        /// B.
        rows: u32,
        /// C.
        outputs: u32,
        /// Numbers, not vecs, in a padded row of z.
        width: u32,
        kind: u32,
        first: u32,
        /// T.
        tasks: u32,
        /// K.
        of_tasks: u32,
        spare_0: u32,
    }
}

impl Affine {
    /// For `nodes` points.
    pub fn groups(&self, nodes: u32) -> Groups {
        [self.vecs.div_ceil(VECTOR_LANES), 1, nodes]
    }
}

impl DenseAt {
    /// For `nodes` points shared among `lanes`.
    pub fn groups(&self, nodes: u32, lanes: Lanes) -> Groups {
        lanes.in_registers((self.rows, TILE_ROWS), self.y_vecs, nodes * self.tasks)
    }
}

impl LossAt {
    /// For `nodes` points.
    pub fn groups(&self, nodes: u32) -> Groups {
        [1, 1, nodes * self.tasks]
    }
}
