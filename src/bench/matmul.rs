//! C = A·B of square matrices, with the product that the engine's dense layers are made of.

use super::workload::Mulberry32;
use crate::backend::BackendError;
#[cfg(feature = "gpu")]
use crate::backend::gpu::{GpuDevice, Square};
use crate::kernels::Means;
use crate::kernels::gemm::{Packing, View, gemm};
#[cfg(feature = "gpu")]
use std::rc::Rc;

/// Sides n that are timed.
pub const PRODUCTS: &[usize] = &[256, 512, 1024];
const SEED: u32 = 1;

/// A product whose operands lie where it is computed.
pub struct Product {
    n: usize,
    place: Place,
}

enum Place {
    Cpu {
        a: Vec<f32>,
        b: Vec<f32>,
        c: Vec<f32>,
        packing: Packing<f32>,
    },
    #[cfg(feature = "gpu")]
    Gpu(Box<Square>),
}

fn operands(n: usize) -> (Vec<f32>, Vec<f32>) {
    let mut draws = Mulberry32(SEED);
    let mut matrix = || (0..n * n).map(|_| draws.signed() as f32).collect();
    (matrix(), matrix())
}

impl Product {
    pub fn on_cpu(n: usize, means: Means) -> Self {
        let (a, b) = operands(n);
        Self { n, place: Place::Cpu { a, b, c: vec![0.0; n * n], packing: Packing::of(means) } }
    }

    /// # Errors
    /// [`BackendError::Refused`] above the device's limits.
    #[cfg(feature = "gpu")]
    pub fn on_gpu(n: usize, device: Rc<GpuDevice>) -> Result<Self, BackendError> {
        let (a, b) = operands(n);
        Ok(Self { n, place: Place::Gpu(Box::new(Square::new(device, n, &a, &b)?)) })
    }

    /// Computes C once more.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub fn multiply(&mut self) -> Result<(), BackendError> {
        match &mut self.place {
            Place::Cpu { a, b, c, packing } => {
                gemm((self.n, self.n, self.n), View::rows(a, self.n), View::rows(b, self.n), c, packing);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Place::Gpu(square) => square.multiply(),
        }
    }

    /// The first row of C, once all products are done.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn first_row(&mut self) -> Result<Vec<f32>, BackendError> {
        match &mut self.place {
            Place::Cpu { c, .. } => Ok(c[..self.n].to_vec()),
            #[cfg(feature = "gpu")]
            Place::Gpu(square) => square.first_row().await,
        }
    }

    /// Largest difference of a first row from one that was added up in f64.
    pub fn off(&self, row: &[f32]) -> f64 {
        let (a, b) = operands(self.n);
        let exact = |j: usize| -> f64 { (0..self.n).map(|p| f64::from(a[p]) * f64::from(b[p * self.n + j])).sum() };
        row.iter().enumerate().map(|(j, &c)| (f64::from(c) - exact(j)).abs()).fold(0.0, f64::max)
    }
}
