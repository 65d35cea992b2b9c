//! The one integration binary: everything that needs no browser.

mod balance;
mod data;
mod gradients;
mod rng;
mod session;

// The command line's functions, without its binary.
#[cfg(feature = "cli")]
mod aggregate;
#[cfg(feature = "cli")]
mod goldens;
