//! The page's program.

#[cfg(target_arch = "wasm32")]
fn main() {
    paretoscope::app::start();
}

/// Cargo builds every binary natively too; there is no page outside a browser.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
