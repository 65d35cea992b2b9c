//! C = A·B of two square matrices by the kernel of dense layers, to time that alone.

use super::kernel::{self, DENSE, vecs};
use super::{Dispatch, FLOAT, GpuDevice};
use crate::backend::BackendError;
use std::rc::Rc;
use wgpu::Buffer;

/// Both operands and C on a device.
pub struct Square {
    device: Rc<GpuDevice>,
    n: usize,
    c: Buffer,
    dispatch: Dispatch,
    staging: Buffer,
}

impl Square {
    /// Of a and b (n, n), n a multiple of 4.
    ///
    /// # Errors
    /// [`BackendError::Refused`] above the device's limits.
    pub fn new(device: Rc<GpuDevice>, n: usize, a: &[f32], b: &[f32]) -> Result<Self, BackendError> {
        let row = vecs(n);
        let x = device.buffer("A matrix", n * row as usize)?;
        // A row of zeros behind B is what the layer adds as its bias.
        let theta = device.buffer("A matrix", (n + 1) * row as usize)?;
        let c = device.buffer("A matrix", n * row as usize)?;
        device.write(&x, a);
        device.write(&theta, b);
        let uniform = kernel::Dense {
            rows: n as u32,
            x_vecs: row,
            y_vecs: row,
            bias: n as u32 * row,
            ..kernel::Dense::default()
        };
        let groups = uniform.groups(1, device.lanes());
        let dispatch = device.dispatch(&DENSE, &uniform, &[&theta, &x, &c], groups)?;
        let staging = device.staging(n as u64 * FLOAT);
        Ok(Self { device, n, c, dispatch, staging })
    }

    /// Submits one product.
    ///
    /// # Errors
    /// [`BackendError::Lost`] when the device is.
    pub fn multiply(&self) -> Result<(), BackendError> {
        self.device.submit(&[&self.dispatch], &[], None)
    }

    /// Submits so many at once.
    ///
    /// # Errors
    /// [`BackendError::Lost`] when the device is.
    pub fn repeat(&self, count: usize) -> Result<(), BackendError> {
        self.device.submit(&vec![&self.dispatch; count], &[], None)
    }

    /// The first row of C, once all that was submitted is done.
    ///
    /// # Errors
    /// [`BackendError::Lost`] when the device is.
    pub async fn first_row(&self) -> Result<Vec<f32>, BackendError> {
        let bytes = self.n as u64 * FLOAT;
        self.device.submit(&[], &[(&self.c, 0, bytes)], Some(&self.staging))?;
        self.device.read(&self.staging, bytes).await
    }
}
