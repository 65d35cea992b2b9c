//! The members of a manifold on a device: K networks one behind the other, whose mixture is θ.

use super::kernel::{self, BLEND, UPDATE, per_task};
use super::{Build, Dispatch, FLOAT, Gpu, GpuDevice, Partials, Reach, Weighing, no_members};
use crate::backend::{Apply, BackendError, Spread, StepReport};
use wgpu::Buffer;

/// All in the order of the members, each as long as θ.
pub(super) struct Members {
    theta: Buffer, // (K, θ)
    /// θ from the members, and Δθ from theirs.
    mix: Weighing,
    mix_moved: Weighing,
    /// Of each member: its share of the gradient joins what it has.
    take: Vec<(Dispatch, kernel::Blend)>,
    norm: Dispatch,
    update: Dispatch,
    vecs: u32,
}

impl Members {
    /// Every member's share of the gradient.
    pub(super) fn take(&self, device: &GpuDevice, spread: Spread<'_>) -> impl Iterator<Item = &Dispatch> {
        for ((dispatch, uniform), &alpha) in self.take.iter().zip(spread.alpha) {
            let uniform = kernel::Blend { keep: per_task(&[spread.keep]), add: per_task(&[alpha]), ..*uniform };
            device.set_uniform(dispatch, &uniform);
        }
        self.take.iter().map(|(dispatch, _)| dispatch)
    }

    /// One step of the optimizer for all members, then θ and Δθ as their mixture.
    pub(super) fn go(
        &self,
        device: &GpuDevice,
        (rule, clips): (kernel::Update, bool),
        alpha: &[f64],
    ) -> impl Iterator<Item = &Dispatch> {
        device.set_uniform(&self.update, &kernel::Update { vecs: self.vecs, ..rule });
        for mix in [&self.mix, &self.mix_moved] {
            device.set_uniform(&mix.dispatch, &kernel::Combine { weights: per_task(alpha), ..mix.uniform });
        }
        let norm = clips.then_some(&self.norm);
        norm.into_iter().chain([&self.update, &self.mix_moved.dispatch, &self.mix.dispatch])
    }
}

impl Gpu {
    /// Holds these members (K, n_parameters) from now on.
    ///
    /// # Errors
    /// [`BackendError`] where a buffer would be above the device's limits.
    pub fn hold_members(&mut self, members: &[f32]) -> Result<(), BackendError> {
        let Self { device, workload, layout, tensors, groups, .. } = &*self;
        let build = Build { device, workload, layout, tensors, groups };
        let n = workload.layout.n_parameters();
        let (count, total) = (members.len() / n.max(1), layout.total);
        let vecs = count as u32 * total;
        let room = |what| device.buffer(what, vecs as usize);
        let (theta, gradient, moved) = (room("The members")?, room("Their gradients")?, room("Their update")?);
        let moments = [room("Their optimizers' memory")?, room("Their optimizers' memory")?];
        let padded: Vec<f32> = members.chunks_exact(n).flat_map(|member| layout.pad(member)).collect();
        device.write(&theta, &padded);
        let mixture =
            kernel::Combine { end: total, shared_end: total, step: total, rows: count as u32, ..Default::default() };
        let take = |member: u32| {
            let uniform = kernel::Blend { vecs: total, y_start: member * total, ..Default::default() };
            let bound = [&tensors.gradient, &gradient];
            Ok((device.dispatch(&BLEND, &uniform, &bound, uniform.groups(1))?, uniform))
        };
        let take = (0..count as u32).map(take).collect::<Result<Vec<_>, BackendError>>()?;
        let places = Partials { n_tasks: workload.network.n_tasks() };
        let rule = kernel::Update { vecs, ..Default::default() };
        let [first, second] = &moments;
        let update = device.dispatch(
            &UPDATE,
            &rule,
            &[&gradient, &tensors.partials, &theta, first, second, &moved],
            rule.groups(),
        )?;
        let held = Members {
            mix: build.weighing(mixture, &theta, &tensors.theta)?,
            mix_moved: build.weighing(mixture, &moved, &tensors.moved)?,
            take,
            norm: build.inner((&gradient, 1), (&gradient, 1), vecs, places.norm())?,
            update,
            theta,
            vecs,
        };
        self.members = Some(held);
        self.device.check()
    }

    /// θ ← Σ αₖθₖ.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or there are no members.
    pub fn mix(&mut self, alpha: &[f64]) -> Result<(), BackendError> {
        let Some(Members { mix, .. }) = &self.members else { return Err(no_members()) };
        self.device.set_uniform(&mix.dispatch, &kernel::Combine { weights: per_task(alpha), ..mix.uniform });
        self.dispatches += 1;
        self.device.submit(&[&mix.dispatch], &[], None)
    }

    /// One draw's share of the update for every member, and the update itself where `spread` moves them.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost, or a rows method has no kernel.
    pub async fn apply_to_members(&mut self, apply: Apply<'_>, spread: Spread<'_>) -> Result<StepReport, BackendError> {
        self.apply_with(apply, Reach::Members(spread)).await
    }

    /// Copies all members out.
    ///
    /// # Errors
    /// [`BackendError`] when the device is lost.
    pub async fn members(&mut self, members: &mut Vec<f32>) -> Result<(), BackendError> {
        let Some(held) = &self.members else { return Ok(()) };
        let bytes = u64::from(held.vecs) * 4 * FLOAT;
        let staging = self.device.staging(bytes);
        self.device.submit(&[], &[(&held.theta, 0, bytes)], Some(&staging))?;
        let padded = self.device.read(&staging, bytes).await?;
        let mut member = Vec::new();
        for own in padded.chunks_exact(4 * self.layout.total as usize) {
            self.layout.strip(own, &mut member);
            members.extend_from_slice(&member);
        }
        Ok(())
    }
}
