//! The worker of pages that are cross-origin isolated: its kernels share memory between several threads.

fn main() {
    #[cfg(target_arch = "wasm32")]
    paretoscope::worker::start();
}
