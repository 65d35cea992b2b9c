//! What trains one run: owns θ, optimizer moments and gradients, on the CPU, on the GPU, or exactly in f64.
//!
//! An enum, not a trait object: the GPU's primitives are async, and async traits are not object-safe.
//! G never leaves the backend; losses, M and a few dot products do.

pub mod cpu;
pub mod exact;
#[cfg(feature = "gpu")]
pub mod gpu;

use crate::balance::{RowsMethod, StepContext};
use crate::config::Optimizer;
use crate::data::Split;
use crate::nn::{Network, ParamLayout};
use std::fmt;
use std::rc::Rc;

/// Everything fixed about a run that a backend needs.
#[derive(Clone)]
pub struct Workload {
    pub network: Network,
    pub layout: ParamLayout,
    pub data: Rc<Split>,
    /// Which of the split's targets each head learns (K).
    pub targets: Vec<usize>,
    /// (K) factor on each task's loss.
    pub loss_scales: Vec<f64>,
    /// B.
    pub batch_rows: usize,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    /// Largest length of the whole gradient, shared and heads together.
    pub clip: Option<f64>,
}

/// How d is made.
pub enum Combine<'a> {
    /// d = wᵀG from the rows that [`Backend::gradients`] left.
    Rows(&'a [f64]),
    /// One backward pass of Σ wₖ Lₖ for the batch that [`Backend::losses`] saw; G is not formed.
    Weighted(&'a [f64]),
    /// d by coordinates, from the rows that [`Backend::gradients`] left.
    Direction(&'a mut dyn RowsMethod, &'a StepContext<'a>),
}

/// One update.
pub struct Apply<'a> {
    pub combine: Combine<'a>,
    /// (K) factor on each head's own gradient (which holds the loss scale already).
    pub head_weights: &'a [f64],
    /// Whether to report dot products with the rows of G (needs rows from [`Backend::gradients`]).
    pub probe: bool,
}

/// What an update did to the shared parameters; empty without `probe`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepReport {
    /// (K) gᵢ · d.
    pub along_direction: Vec<f64>,
    pub direction_length: f64,
    /// (K) gᵢ · Δθ.
    pub along_step: Vec<f64>,
    pub step_length: f64,
}

/// Why a backend stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendError {
    /// The device was lost; what it held is gone.
    Lost(String),
    /// The device refuses this network (a buffer above its limit, for instance).
    Refused(String),
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "The graphics device was lost: {why}"),
            Self::Refused(why) => write!(f, "The graphics device refuses this network: {why}"),
        }
    }
}

impl std::error::Error for BackendError {}

/// θ, moments and gradients of one run.
pub enum Backend {
    Cpu(Box<cpu::Cpu<f32>>),
    /// An analytic problem; it has no rows, and what is passed as such is not looked at.
    Exact(Box<exact::Exact>),
    #[cfg(feature = "gpu")]
    Gpu(Box<gpu::Gpu>),
}

impl Backend {
    /// (K) unscaled losses of the batch at θ.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn losses(&mut self, rows: &[u32], losses: &mut [f64]) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.losses(rows, losses);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.losses(losses);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.losses(rows, losses).await,
        }
    }

    /// (K) unscaled losses, and the rows of G and their Gramian (K, K) with the loss scales.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn gradients(
        &mut self,
        rows: &[u32],
        losses: &mut [f64],
        gramian: &mut [f64],
    ) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                cpu.gradients(rows, losses, gramian);
                Ok(())
            }
            Self::Exact(exact) => {
                exact.gradients(losses, gramian);
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.gradients(rows, losses, gramian).await,
        }
    }

    /// θ ← optimizer(θ, d and the heads' gradients).
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn apply(&mut self, apply: Apply<'_>) -> Result<StepReport, BackendError> {
        match self {
            Self::Cpu(cpu) => Ok(cpu.apply(apply)),
            Self::Exact(exact) => Ok(exact.apply(apply)),
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.apply(apply).await,
        }
    }

    /// Copies θ out.
    ///
    /// # Errors
    /// [`BackendError::Lost`] on the GPU.
    pub async fn parameters(&mut self, theta: &mut Vec<f32>) -> Result<(), BackendError> {
        match self {
            Self::Cpu(cpu) => {
                theta.clear();
                theta.extend_from_slice(cpu.parameters());
                Ok(())
            }
            Self::Exact(exact) => {
                theta.clear();
                theta.extend(exact.x().iter().map(|&x| x as f32));
                Ok(())
            }
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.parameters(theta).await,
        }
    }

    /// Whether G was computed in f64, so that its Gramian has all digits.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// GPU dispatches so far; 0 on the CPU.
    pub fn dispatches(&self) -> u64 {
        match self {
            Self::Cpu(_) | Self::Exact(_) => 0,
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.dispatches(),
        }
    }
}
