//! Task gradients uphill of θ, one task at a time, without a number leaving the device on the way.

use super::kernel::{self, ASCEND, BLEND, SLOPE, per_task};
use super::{Build, Dispatch, Gpu, Partials, no_kernel, no_rows, products, scoped};
use crate::backend::{BackendError, Combine, Slot};
use crate::balance::modify::Ascent;

/// What looks uphill; made at the first use.
pub(super) struct Uphill {
    slope: Dispatch,
    slope_uniform: kernel::Slope,
    norm: Dispatch,
    ascend: Dispatch,
    ascend_uniform: kernel::Ascend,
    /// Heads' own gradients go aside; where a task's head is done, its new one lies there.
    keep_heads: Dispatch,
    keep_head: Dispatch,
    give_heads: Dispatch,
    heads: kernel::Blend,
    /// One task's gradient joins its kept row.
    join: Dispatch,
    row: kernel::Blend,
    /// A shared direction joins what was set aside.
    collect: Dispatch,
    shared: kernel::Blend,
}

impl Gpu {
    /// Kept rows become ∇Lᵢ(θ + εᵢ) − gᵢ, heads' own gradients those of θ + εᵢ; and the Gramian (K, K) of these rows.
    /// On the batch of the last [`Gpu::gradients`].
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, a buffer is above its limits, or there are no task gradients yet.
    pub async fn flatten(&mut self, ascent: Ascent, m: &mut [f64]) -> Result<(), BackendError> {
        self.make_uphill()?;
        let k = self.workload.network.n_tasks();
        let (Some(kept), Some(around), Some(up)) = (&self.kept, &self.look_around, &self.uphill) else {
            return Err(no_rows());
        };
        // Y becomes −G, to which the gradients uphill are added.
        let minus = kernel::Blend { add: per_task(&vec![-1.0; k]), ..kept.uniform };
        self.device.set_uniform(&kept.blend, &minus);
        self.device.set_uniform(
            &up.ascend,
            &kernel::Ascend { rho: ascent.rho as f32, adaptive: u32::from(ascent.adaptive), ..up.ascend_uniform },
        );
        let first = [&kept.blend, &around.save[0], &up.keep_heads];
        self.dispatches += first.len() as u64;
        self.device.submit(&first, &[], None)?;
        let shared = self.layout.shared;
        let mut head_start = shared;
        for (task, &head_end) in self.layout.head_ends.iter().enumerate() {
            let row = task as u32 * shared;
            let slope =
                kernel::Slope { row, head_start, head_end, adaptive: u32::from(ascent.adaptive), ..up.slope_uniform };
            self.device.set_uniform(&up.slope, &slope);
            let mut lone = vec![0.0; k];
            lone[task] = 1.0;
            let sum = kernel::Combine { weights: per_task(&lone), ..self.stack_sum.uniform };
            self.device.set_uniform(&self.stack_sum.dispatch, &sum);
            let head =
                kernel::Blend { vecs: head_end - head_start, x_start: head_start, y_start: head_start, ..up.heads };
            self.device.set_uniform(&up.keep_head, &head);
            self.device.set_uniform(&up.join, &kernel::Blend { y_start: row, ..up.row });
            let mut dispatches = vec![&up.slope, &up.norm, &up.ascend];
            dispatches.extend(self.forward.iter().chain(&self.backward_heads));
            dispatches.push(&self.stack_sum.dispatch);
            dispatches.extend(&self.backward_weighted);
            dispatches.extend([&up.join, &up.keep_head]);
            self.dispatches += dispatches.len() as u64;
            self.device.submit(&dispatches, &[], None)?;
            head_start = head_end;
        }
        let last = [&around.restore, &up.give_heads, &kept.gramian];
        let sums = scoped(&self.device, &mut self.staging, &mut self.dispatches, &last, &self.tensors, k).await?;
        products(&sums, k, m);
        Ok(())
    }

    /// A ← keep·A + (d, 0) with d made of kept rows as `how` says.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, there are no kept rows, or a rows method has no kernel.
    pub fn set_aside_shared(&mut self, keep: f64, how: Combine<'_>) -> Result<(), BackendError> {
        self.make_uphill()?;
        match how {
            Combine::Kept(w) => self.collect(keep, Some(w)),
            Combine::Direction(Slot::Kept, method, ctx) => {
                method.begin(ctx, self.workload.layout.n_shared());
                let kernel = method.kernel().ok_or_else(no_kernel)?;
                self.make_direction(Slot::Kept, &kernel, ctx)?;
                self.collect(keep, None)
            }
            _ => Err(BackendError::Refused("only what is made of kept rows can be set aside".to_owned())),
        }
    }

    /// The direction by these weights, or the one that is bound, joins what was set aside.
    fn collect(&mut self, keep: f64, weights: Option<&[f64]>) -> Result<(), BackendError> {
        let (Some(kept), Some(aside), Some(up)) = (&self.kept, &self.aside, &self.uphill) else {
            return Err(no_rows());
        };
        let direction = match weights {
            Some(w) => {
                let ones = [1.0; 16];
                let uniform =
                    kernel::Combine { weights: per_task(w), head_weights: per_task(&ones), ..kept.combine.uniform };
                self.device.set_uniform(&kept.combine.dispatch, &uniform);
                Some(&kept.combine.dispatch)
            }
            None => kept.direction.as_ref().map(|own| &own.dispatch),
        };
        let Some(direction) = direction else { return Err(no_rows()) };
        // All of A by its factor, then the shared part joins.
        self.device.set_uniform(&aside.collect, &kernel::Blend { keep: per_task(&[keep]), ..aside.uniform });
        let join = kernel::Blend { keep: per_task(&[1.0]), add: per_task(&[1.0]), ..up.shared };
        self.device.set_uniform(&up.collect, &join);
        let dispatches = [direction, &aside.collect, &up.collect];
        self.dispatches += dispatches.len() as u64;
        self.device.submit(&dispatches, &[], None)
    }

    /// Binds what looks uphill.
    fn make_uphill(&mut self) -> Result<(), BackendError> {
        self.make_kept()?;
        self.make_look_around()?;
        self.make_aside()?;
        if self.uphill.is_some() {
            return Ok(());
        }
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let (Some(rows), Some(kept), Some(around), Some(aside)) =
            (&self.rows, &self.kept, &self.look_around, &self.aside)
        else {
            return Err(no_rows());
        };
        let (total, shared) = (layout.total, layout.shared);
        let places = Partials { n_tasks: workload.network.n_tasks() };
        let way = device.buffer("The way uphill", total as usize)?;
        let heads = device.buffer("The heads' gradients", total as usize)?;
        let build = Build { device, workload, layout, tensors, groups };
        let slope_uniform = kernel::Slope { vecs: total, shared_end: shared, ..Default::default() };
        let ascend_uniform = kernel::Ascend { vecs: total, norm: (places.norm() / 4) as u32, ..Default::default() };
        let copy = kernel::Blend { add: per_task(&[1.0]), ..Default::default() };
        let all = kernel::Blend { vecs: total, ..copy };
        let own = kernel::Blend { vecs: total - shared, x_start: shared, y_start: shared, ..copy };
        let row = kernel::Blend { vecs: shared, keep: per_task(&[1.0]), ..copy };
        let part = kernel::Blend { vecs: shared, ..Default::default() };
        let bind = |uniform: &kernel::Blend, x: &wgpu::Buffer, y: &wgpu::Buffer| {
            device.dispatch(&BLEND, uniform, &[x, y], uniform.groups(1))
        };
        self.uphill = Some(Uphill {
            slope: device.dispatch(
                &SLOPE,
                &slope_uniform,
                &[&rows.g, &heads, &around.saved, &way],
                slope_uniform.groups(),
            )?,
            slope_uniform,
            norm: build.inner((&way, 1), (&way, 1), total, places.norm())?,
            ascend: device.dispatch(
                &ASCEND,
                &ascend_uniform,
                &[&way, &tensors.partials, &around.saved, &tensors.theta],
                ascend_uniform.groups(),
            )?,
            ascend_uniform,
            keep_heads: bind(&all, &tensors.gradient, &heads)?,
            // Bound for all heads; a step says which one it is.
            keep_head: bind(&own, &tensors.gradient, &heads)?,
            give_heads: bind(&own, &heads, &tensors.gradient)?,
            heads: own,
            join: bind(&row, &tensors.gradient, &kept.y)?,
            row,
            collect: bind(&part, &tensors.gradient, &aside.held)?,
            shared: part,
        });
        Ok(())
    }
}
