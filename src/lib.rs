//! Paretoscope's engine: trains shared-backbone networks on several tasks and records how the tasks pull.
//!
//! Letters, the same everywhere (Rust, WGSL, docs, page):
//! **K** tasks (1..16) · **P** shared parameters · **B** batch rows ·
//! **G** (K, P) task gradients with respect to the shared parameters, row-major ·
//! **M** = G Gᵀ (K, K) the Gramian · **w** (K) weights · **d** (P) direction, used as θ ← θ − lr·d ·
//! **α** preference on the simplex · **θ** flat parameter vector.
//!
//! The modules below are in reading order. Down to `session` none of them knows a browser, a GPU,
//! a clock or a thread (`backend::gpu`, `threads` and the features `app` and `worker` excepted).

pub mod math;
pub mod rng;

pub mod data;

pub mod problem;

pub mod config;

pub mod balance;

pub mod nn;

pub mod kernels;

pub mod backend;

pub mod measure;

pub mod strategy;

pub mod train;

pub mod landscape;

pub mod threads;

pub mod bench;

pub mod session;

pub mod protocol;

#[cfg(feature = "cli")]
pub mod cli;

#[cfg(feature = "plots")]
pub mod plots;

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub mod worker;

#[cfg(all(feature = "app", target_arch = "wasm32"))]
pub mod app;
