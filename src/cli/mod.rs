//! What the command line does, apart from reading its flags: text in, text out.

pub mod aggregate;
pub mod bench;
pub mod front;
pub mod guide;
pub mod landscape;
pub mod methods;
pub mod run;
pub mod seeds;
pub mod simulate;
mod steps;
pub mod toy;
mod values;
