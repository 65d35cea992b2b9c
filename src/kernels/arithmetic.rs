//! How products join sums, which is a choice between speed and bits that every machine agrees on.

use crate::math::Real;

/// What happens to a·b on its way into a sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// It is rounded, then added: the same bits on every machine.
    #[default]
    Separate,
    /// It is added before it is rounded: faster where the target has an instruction for it, elsewhere only as exact.
    /// In the browser (relaxed SIMD) the machine decides, so last bits are its own. It is a leave, not a duty: products
    /// of matrices and lists take it, convolutions and the smallest products stay with the other way.
    Fused,
}

impl Arithmetic {
    /// The faster one of this program.
    pub const FASTEST: Self = if cfg!(target_feature = "relaxed-simd") { Self::Fused } else { Self::Separate };

    /// Whether this program has it: one without the instruction does not carry the code along.
    pub const HAS_FUSED: bool = !cfg!(target_arch = "wasm32") || cfg!(target_feature = "relaxed-simd");
}

/// [`Arithmetic`] as a type, so that kernels are compiled for each.
pub(super) trait Adds<T> {
    /// sums ← sums + a·b.
    fn add<const N: usize>(sums: &mut [T; N], a: T, b: &[T; N]);
}

pub(super) struct Separate;
pub(super) struct Fused;

impl<T: Real> Adds<T> for Separate {
    #[inline(always)]
    fn add<const N: usize>(sums: &mut [T; N], a: T, b: &[T; N]) {
        for (sum, &b) in sums.iter_mut().zip(b) {
            *sum += a * b;
        }
    }
}

impl<T: Real> Adds<T> for Fused {
    #[inline(always)]
    fn add<const N: usize>(sums: &mut [T; N], a: T, b: &[T; N]) {
        T::add_fused(sums, a, b);
    }
}
