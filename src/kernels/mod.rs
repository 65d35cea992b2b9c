//! The CPU twin of each shader: same name, same meaning, written once for f32 and f64.
//!
//! Matrices are row-major. `[K, B, ·]` means task-major stacks: K·B rows, task 0 first.

mod activate;
mod affine;
mod arithmetic;
mod ascend;
mod blend;
mod combine;
mod convolve;
mod delta;
mod dense;
mod dense_at;
mod excess;
mod filter_gradient;
mod gather;
pub mod gemm;
mod gramian;
mod image_delta;
mod implied;
pub mod listed;
mod loss;
mod loss_at;
mod means;
mod slope;
pub mod team;
mod update;
mod weight_gradient;

pub use activate::activate;
pub use affine::affine;
pub use arithmetic::Arithmetic;
pub use ascend::ascend;
pub use blend::blend;
pub use combine::combine;
pub use convolve::convolve;
pub use delta::{delta, through};
pub use dense::{bend, dense};
pub use dense_at::dense_at;
pub use excess::excess;
pub use filter_gradient::{filter_gradient, filter_sums};
pub use gather::gather;
pub use gramian::{gramian, gramian_block};
pub use image_delta::image_delta;
pub use implied::{ImpliedRoom, implied_gramian, implied_products};
pub use loss::{TaskLoss, loss};
pub use loss_at::loss_at;
pub use means::Means;
pub use slope::slope;
pub use team::Team;
pub use update::{Moments, Rule, update};
pub use weight_gradient::weight_gradient;
