//! How the device goes through a program: all layers for some rows at once, or one layer for all rows at once.

use super::super::kernel::{Delta, Dense};
use super::super::resident_kernel::{
    ASCEND, DESCEND, FIRST, GRADIENTS, Gradients, LayerKernel, Operation, PASS, PRODUCTS, Pass, Product,
};
use super::super::{Dispatch, GpuDevice};
use super::not_resident;
use super::program::Program;
use crate::backend::BackendError;
use wgpu::Buffer;

/// Dispatches of a step but for the weighting and the update.
pub struct Plan {
    /// What comes first: layers of the trunk.
    pub trunk: Vec<Dispatch>,
    /// Losses, every task's gradients and those of the heads.
    pub rows: Vec<Dispatch>,
    /// Losses alone.
    pub up: Vec<Dispatch>,
    /// What follows those where the weights are known: the gradient of the sum by w and those of the heads.
    pub down: Vec<Dispatch>,
    /// Losses behind an update.
    pub after: Vec<Dispatch>,
}

/// What the dispatches of a plan are bound to.
pub struct Bound<'a> {
    pub device: &'a GpuDevice,
    pub theta: &'a Buffer,
    pub source: &'a Buffer,
    pub source_targets: &'a Buffer,
    pub order: &'a Buffer,
    pub progress: &'a Buffer,
    pub sheet: &'a Buffer,
    pub tally: &'a Buffer,
    pub g: &'a Buffer,
    pub gradient: &'a Buffer,
}

impl Plan {
    /// All layers at once, some rows an invocation; `None` where there are too many operations. The second pass is that
    /// behind an update.
    pub fn by_rows(
        bound: &Bound<'_>,
        program: &Program,
        [plain, behind]: [Pass; 2],
    ) -> Result<Option<Self>, BackendError> {
        let Program { up_trunk, up_heads, down_heads, down_rows, mix, down_mixed, .. } = program;
        let (Some(all), Some(products), Some(up), Some(down), Some(mixed), Some(after)) = (
            bound.pass(plain, &[up_trunk, up_heads, down_heads, down_rows])?,
            bound.gradients(plain.rows, &program.products_of_rows)?,
            bound.pass(plain, &[up_trunk, up_heads])?,
            bound.pass(Pass { gathers: 0, ..plain }, &[down_heads, mix, down_mixed])?,
            bound.gradients(plain.rows, &program.products_mixed)?,
            bound.pass(behind, &[up_trunk, up_heads])?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Self {
            trunk: Vec::new(),
            rows: vec![all, products],
            up: vec![up],
            down: vec![down, mixed],
            after: vec![after],
        }))
    }

    /// A dispatch a layer of the trunk, in tiles; heads all at once.
    pub async fn by_layers(
        bound: &Bound<'_>,
        program: &Program,
        [plain, behind]: [Pass; 2],
        n_tasks: u32,
    ) -> Result<Option<Self>, BackendError> {
        let Program { up_trunk, up_heads, down_heads, down_rows, mix, down_mixed, .. } = program;
        let n = plain.rows;
        let (Some(all), Some(up), Some(down), Some(judged), Some(products), Some(mixed)) = (
            bound.pass(plain, &[up_heads, down_heads])?,
            bound.pass(plain, &[up_heads])?,
            bound.pass(Pass { gathers: 0, ..plain }, &[down_heads, mix])?,
            bound.pass(behind, &[up_heads])?,
            bound.products(n, &program.products_of_rows).await?,
            bound.products(n, &program.products_mixed).await?,
        ) else {
            return Ok(None);
        };
        let mut plan = Self { trunk: Vec::new(), rows: vec![all], up: vec![up], down: vec![down], after: Vec::new() };
        for (index, layer) in up_trunk.iter().enumerate() {
            plan.trunk.push(bound.ascend(*layer, n, index == 0).await?);
            // Behind an update the batch lies in the sheet already.
            plan.after.push(bound.ascend(*layer, n, false).await?);
        }
        plan.after.push(judged);
        // Stacks lie one behind the other, so the first task's operation does for all of them.
        for first in down_rows.iter().step_by(n_tasks as usize) {
            plan.rows.push(bound.descend(*first, n, n_tasks).await?);
        }
        for mixed in down_mixed {
            plan.down.push(bound.descend(*mixed, n, 1).await?);
        }
        plan.rows.push(products);
        plan.down.push(mixed);
        Ok(Some(plan))
    }
}

impl Bound<'_> {
    fn pass(&self, shape: Pass, operations: &[&[Operation]]) -> Result<Option<Dispatch>, BackendError> {
        let Some(shape) = shape.with(&operations.concat()) else { return Ok(None) };
        let Self { theta, source, source_targets, order, progress, sheet, tally, .. } = *self;
        let bound = [theta, source, source_targets, order, progress, sheet, tally];
        self.device.dispatch(&PASS, &shape, &bound, shape.groups()).map(Some)
    }

    fn gradients(&self, rows: u32, products: &[Product]) -> Result<Option<Dispatch>, BackendError> {
        let Some(shape) = Gradients::of(rows, products) else { return Ok(None) };
        self.device.dispatch(&GRADIENTS, &shape, &[self.sheet, self.g, self.gradient], shape.groups()).map(Some)
    }

    /// The same in large tiles.
    async fn products(&self, rows: u32, products: &[Product]) -> Result<Option<Dispatch>, BackendError> {
        let Some(shape) = Gradients::of(rows, products) else { return Ok(None) };
        let groups = shape.layer_groups(self.device.lanes());
        self.layer(&PRODUCTS, (0, false), &shape, &[self.sheet, self.g, self.gradient], groups).await.map(Some)
    }

    /// One layer; of the first one x is the step's rows of the data set.
    async fn ascend(&self, operation: Operation, rows: u32, is_first: bool) -> Result<Dispatch, BackendError> {
        let Operation::Ascend { x, x_vecs, y, y_vecs, weight, bias, activation, keep } = operation else {
            return Err(not_resident());
        };
        let shape = Dense { rows, x_vecs, y_vecs, weight, bias, x, y, keep: keep.unwrap_or(0), ..Default::default() };
        let groups = shape.groups(1, self.device.lanes());
        let Self { theta, source, order, progress, sheet, .. } = *self;
        let (kernel, bound) = match is_first {
            true => (&FIRST, &[theta, source, order, progress, sheet][..]),
            false => (&ASCEND, &[theta, sheet][..]),
        };
        self.layer(kernel, (activation, keep.is_some()), &shape, bound, groups).await
    }

    /// The way down of `stacks` tasks.
    async fn descend(&self, operation: Operation, rows: u32, stacks: u32) -> Result<Dispatch, BackendError> {
        let Operation::Descend { dy, dy_vecs, dx, dx_vecs, weight, below, activation } = operation else {
            return Err(not_resident());
        };
        let shape = Delta {
            rows: stacks * rows,
            below_rows: rows,
            dx_vecs,
            dy_vecs,
            weight,
            dy,
            below,
            dx,
            ..Default::default()
        };
        let groups = shape.groups(1, self.device.lanes());
        self.layer(&DESCEND, (activation, false), &shape, &[self.theta, self.sheet], groups).await
    }

    async fn layer<T: bytemuck::NoUninit>(
        &self,
        kernel: &LayerKernel,
        (activation, keeps): (u32, bool),
        shape: &T,
        bound: &[&Buffer],
        groups: [u32; 3],
    ) -> Result<Dispatch, BackendError> {
        let lanes = self.device.lanes();
        let name = format!("{}, {}, {activation}, {keeps}", kernel.name, lanes.family.name());
        let constants = kernel.constants(lanes, activation, keeps);
        let pipeline = self.device.prepare_text(&name, &kernel.shader(lanes.family), &constants).await;
        self.device.dispatch_with(pipeline.map_err(BackendError::Refused)?, kernel.name, shape, bound, groups)
    }
}
