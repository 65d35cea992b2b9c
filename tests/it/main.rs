//! The one integration binary: everything that needs no browser.

mod allocations;
mod arithmetic;
mod balance;
mod bench;
mod convolution;
#[cfg(feature = "gpu")]
mod convoy;
mod crew;
mod data;
mod flat;
mod front;
mod front_reading;
mod gradients;
mod implied;
mod inspect;
mod landscape;
mod learned;
mod link;
mod look_around;
mod manifold;
mod modify;
mod oracles;
mod problem;
mod programs;
mod rng;
mod seeds;
mod served;
mod session;
mod sharpness;
mod threads;
mod tidy;
mod twins;
mod wander;
mod width;

// What needs a graphics device.
#[cfg(feature = "gpu")]
mod backends;
#[cfg(feature = "gpu")]
mod family;
#[cfg(feature = "gpu")]
mod ladder;
#[cfg(feature = "gpu")]
mod nodes;
#[cfg(feature = "gpu")]
mod resident;

// The command line's functions, without its binary.
#[cfg(feature = "cli")]
mod aggregate;
#[cfg(feature = "cli")]
mod chart;
#[cfg(feature = "cli")]
mod goldens;
#[cfg(feature = "cli")]
mod guide;
#[cfg(feature = "cli")]
mod no_trade_off;
#[cfg(feature = "cli")]
mod population;
#[cfg(feature = "cli")]
mod rays;
#[cfg(feature = "cli")]
mod toy;

#[cfg(feature = "plots")]
mod arrows;
#[cfg(feature = "plots")]
mod front_plots;
#[cfg(feature = "plots")]
mod landscape_plots;
#[cfg(feature = "plots")]
mod plots;
