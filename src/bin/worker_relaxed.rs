//! The worker of browsers with relaxed SIMD: its kernels may multiply and add in one instruction.

fn main() {
    #[cfg(target_arch = "wasm32")]
    paretoscope::worker::start();
}
