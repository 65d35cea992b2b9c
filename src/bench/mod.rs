//! The benchmark: one multi-task training step whose data, network and arithmetic are fixed, so that engines can be
//! compared.
//!
//! h₁ = relu(X W₁ + b₁), h₂ = relu(h₁ W₂ + b₂), zₖ = h₂ Vₖ + cₖ for K tasks; Adam on everything, each head with the
//! plain gradient of its own loss. The losses of the third step are known ([`Size::expected`]) and every engine has to
//! reproduce them. Time comes from a clock that is handed in.

mod matmul;
mod order;
mod trial;
mod workload;

pub use matmul::{PRODUCTS, Product};
pub use order::{Done, Order, Products, Progress, Runs, Work, run};
#[cfg(feature = "gpu")]
pub use trial::{Comparison, Trials};
pub use trial::{Trial, cyclic};
pub use workload::{BATCHES, Mode, SIZES, Size};

/// How far losses of the third step may be from the expected ones, relative.
pub const TOLERANCE: f64 = 1e-4;
