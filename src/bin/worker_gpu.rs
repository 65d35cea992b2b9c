//! The worker of browsers with a WebGPU adapter.

fn main() {
    #[cfg(target_arch = "wasm32")]
    paretoscope::worker::start();
}
