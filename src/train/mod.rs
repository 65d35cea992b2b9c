//! The in-process history of runs and what trains them.

pub mod history;

pub use history::{History, Reference, RunHistory};
