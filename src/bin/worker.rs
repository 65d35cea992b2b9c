//! The worker of browsers without a WebGPU adapter: it knows the CPU alone, and is the lighter for it.

fn main() {
    #[cfg(target_arch = "wasm32")]
    paretoscope::worker::start();
}
