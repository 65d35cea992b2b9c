//! The CPU twin of each shader: same name, same meaning, written once for f32 and f64.
//!
//! Matrices are row-major. `[K, B, ·]` means task-major stacks: K·B rows, task 0 first.

mod activate;
mod ascend;
mod blend;
mod combine;
mod convolve;
mod delta;
mod dense;
mod excess;
mod filter_gradient;
mod gather;
pub mod gemm;
mod gramian;
mod image_delta;
mod loss;
mod slope;
mod update;
mod weight_gradient;

pub use activate::activate;
pub use ascend::ascend;
pub use blend::blend;
pub use combine::combine;
pub use convolve::convolve;
pub use delta::delta;
pub use dense::{bend, dense};
pub use excess::excess;
pub use filter_gradient::{filter_gradient, filter_sums};
pub use gather::gather;
pub use gramian::{gramian, gramian_block};
pub use image_delta::image_delta;
pub use loss::{TaskLoss, loss};
pub use slope::slope;
pub use update::{Moments, Rule, update};
pub use weight_gradient::weight_gradient;
