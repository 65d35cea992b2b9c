//! Convolutions of the trunk on the device: what binds their kernels.

use super::kernel::{self, CONVOLVE, FILTER_GRADIENT, IMAGE_DELTA, activation, vecs};
use super::{Activations, BackendError, Build, Dispatch};
use crate::config::Activation;
use crate::nn::Convolution;
use wgpu::Buffer;

/// Numbers from one padded row to the next.
fn step(width: usize) -> u32 {
    4 * vecs(width)
}

/// Columns and pixels of the pooled image.
fn pooled(shape: Convolution) -> (u32, u32) {
    let [rows, columns] = shape.pooled();
    (columns as u32, (rows * columns) as u32)
}

impl Build<'_> {
    /// One convolution forward into `y`, which is `out.y` or what goes into its activation.
    pub(super) fn convolve(
        &self,
        shape: Convolution,
        fused: Option<Activation>,
        (weight, bias): (u32, u32),
        x: &Buffer,
        (y, out): (&Buffer, &Activations),
    ) -> Result<Dispatch, BackendError> {
        let (columns, pixels) = pooled(shape);
        let uniform = kernel::Convolve {
            rows: self.batch_rows(),
            width: shape.width as u32,
            channels: shape.channels as u32,
            filters: shape.filters as u32,
            columns,
            pixels,
            x_step: step(shape.inputs()),
            y_step: step(shape.outputs()),
            activation: activation(fused),
            weight,
            bias,
            spare_0: 0,
        };
        let taken = out.taken.as_ref().ok_or_else(no_pooling)?;
        self.device.dispatch(&CONVOLVE, &uniform, &[&self.tensors.theta, x, y, taken], uniform.groups())
    }

    /// Gradients of its filters and biases, stack k's into row k of `into`.
    pub(super) fn filter_gradient(
        &self,
        shape: Convolution,
        (weight, bias): (u32, u32),
        (x, out): (&Buffer, &Activations),
        (dy, stacks): (&Buffer, u32),
        into: &Buffer,
    ) -> Result<Dispatch, BackendError> {
        let (columns, pixels) = pooled(shape);
        let uniform = kernel::FilterGradient {
            rows: self.batch_rows(),
            width: shape.width as u32,
            channels: shape.channels as u32,
            filters: shape.filters as u32,
            columns,
            pixels,
            x_step: step(shape.inputs()),
            dy_step: step(shape.outputs()),
            weight,
            bias,
            into_step: self.layout.shared,
            spare_0: 0,
        };
        let taken = out.taken.as_ref().ok_or_else(no_pooling)?;
        self.device.dispatch(&FILTER_GRADIENT, &uniform, &[x, taken, dy, into], uniform.groups(stacks))
    }

    /// Deltas of the layer below it.
    pub(super) fn image_delta(
        &self,
        shape: Convolution,
        weight: u32,
        (dy, stacks, out): (&Buffer, u32, &Activations),
        (below, below_activation): (&Activations, Option<Activation>),
        dx: &Buffer,
    ) -> Result<Dispatch, BackendError> {
        let (columns, pixels) = pooled(shape);
        let uniform = kernel::ImageDelta {
            rows: self.batch_rows(),
            width: shape.width as u32,
            channels: shape.channels as u32,
            filters: shape.filters as u32,
            columns,
            pixels,
            inputs: shape.inputs() as u32,
            dx_vecs: vecs(shape.inputs()),
            dy_step: step(shape.outputs()),
            activation: activation(below_activation),
            weight,
            spare_0: 0,
        };
        let taken = out.taken.as_ref().ok_or_else(no_pooling)?;
        let buffers = [&self.tensors.theta, dy, taken, below.slope_source(), dx];
        self.device.dispatch(&IMAGE_DELTA, &uniform, &buffers, uniform.groups(stacks))
    }
}

fn no_pooling() -> BackendError {
    BackendError::Refused("a convolution has no room for what its pooling takes".to_owned())
}
