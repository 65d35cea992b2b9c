//! Scalar functions that give the same bits natively and in wasm, and that compilers can vectorize.
//!
//! Only + − × ÷ √ and bit moves are used: the platform's own `exp` and `tanh` differ between
//! targets, and a run must be the same function of its configuration everywhere.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// f32 for training, f64 for gradient checks: every CPU kernel is written once for both.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + Send
    + Sync
    + 'static
{
    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn tanh(self) -> Self;
    /// sums ← sums + a·b, rounded once: in one instruction where the target has it, and so with last bits of its own.
    fn add_fused<const N: usize>(sums: &mut [Self; N], a: Self, b: &[Self; N]);
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        libm::logf(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh_f32(self)
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn add_fused<const N: usize>(sums: &mut [Self; N], a: Self, b: &[Self; N]) {
        use std::arch::wasm32::{f32x4, f32x4_extract_lane as lane, f32x4_relaxed_madd, f32x4_splat};
        let ((sums, sums_rest), (b, b_rest)) = (sums.as_chunks_mut::<4>(), b.as_chunks::<4>());
        for (sums, b) in sums.iter_mut().zip(b) {
            let old = f32x4(sums[0], sums[1], sums[2], sums[3]);
            let new = f32x4_relaxed_madd(f32x4_splat(a), f32x4(b[0], b[1], b[2], b[3]), old);
            *sums = [lane::<0>(new), lane::<1>(new), lane::<2>(new), lane::<3>(new)];
        }
        for (sum, &b) in sums_rest.iter_mut().zip(b_rest) {
            *sum += a * b;
        }
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
    #[inline(always)]
    fn add_fused<const N: usize>(sums: &mut [Self; N], a: Self, b: &[Self; N]) {
        for (sum, &b) in sums.iter_mut().zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    fn exp(self) -> Self {
        libm::exp(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
    fn tanh(self) -> Self {
        libm::tanh(self)
    }
    fn add_fused<const N: usize>(sums: &mut [Self; N], a: Self, b: &[Self; N]) {
        for (sum, &b) in sums.iter_mut().zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
}

/// eˣ, relative error below 2e-7 on [−87, 88]; 0 below, +∞ above, NaN for NaN.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    // x = n·ln 2 + r with |r| ≤ ln 2 / 2. Adding and taking away 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with trailing zeros, so that n·LN2_HIGH is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > 88.8 { 88.8 } else { x };
    let clamped = if clamped < -87.4 { -87.4 } else { clamped };
    let n = (clamped * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (clamped - n * LN2_HIGH) - n * LN2_LOW;
    // Taylor's series to r⁷: the next term is below 6e-9.
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    // 2ⁿ in two factors, since n reaches 128 and −126.
    // The rounding constant leaves n in the low mantissa bits, which spares a float-to-int conversion.
    let n_int = ((n + ROUND).to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = n_int >> 1;
    let power = |e: i32| f32::from_bits((e.wrapping_add(127) as u32) << 23);
    let value = p * power(half) * power(n_int.wrapping_sub(half));
    let value = if x < -87.4 { 0.0 } else { value };
    if x > 88.8 {
        f32::INFINITY
    } else if x.is_nan() {
        x
    } else {
        value
    }
}

/// tanh x, relative error below 5e-7; ±1 far out, NaN for NaN.
#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp_f32(2.0 * size) + 1.0);
    // Near 0 the difference above loses digits; the odd series does not.
    let square = x * x;
    let series = 62.0 / 2835.0;
    let series = series * square - 17.0 / 315.0;
    let series = series * square + 2.0 / 15.0;
    let series = series * square - 1.0 / 3.0;
    let near = x + x * square * series;
    if size < 0.3 { near } else { far.copysign(x) }
}

/// √(2/π).
const GELU_SLOPE: f64 = 0.797_884_560_802_865_4;
const GELU_CUBE: f64 = 0.044_715;

/// ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
#[inline(always)]
pub fn gelu<T: Real>(x: T) -> T {
    T::of(0.5) * x * (T::of(1.0) + gelu_inside(x).tanh())
}

/// The derivative of [`gelu`] at x.
#[inline(always)]
pub fn gelu_slope<T: Real>(x: T) -> T {
    let one = T::of(1.0);
    let t = gelu_inside(x).tanh();
    let inside = T::of(GELU_SLOPE) * (one + T::of(3.0 * GELU_CUBE) * x * x);
    T::of(0.5) * (one + t) + T::of(0.5) * x * (one - t * t) * inside
}

#[inline(always)]
fn gelu_inside<T: Real>(x: T) -> T {
    T::of(GELU_SLOPE) * (x + T::of(GELU_CUBE) * x * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, ours: f32, exact: f64, tolerance: f64) {
        let off = (f64::from(ours) - exact).abs() / exact.abs().max(1e-30);
        assert!(off <= tolerance, "{name}: {ours} instead of {exact}, off by {off:.1e}");
    }

    #[test]
    fn exp_and_tanh_are_within_their_stated_errors() {
        for i in -8700..8800 {
            let x = i as f32 * 0.01 + 0.003;
            check(&format!("exp {x}"), exp_f32(x), f64::from(x).exp(), 2e-7);
        }
        for i in -20_000..20_000 {
            let x = i as f32 * 0.0006 + 1e-5;
            check(&format!("tanh {x}"), tanh_f32(x), f64::from(x).tanh(), 5e-7);
        }
    }

    #[test]
    fn gelu_and_its_slope_are_near_those_of_the_normal_distribution() {
        // Hendrycks & Gimpel: x Φ(x), which the tanh form meets within 5e-4.
        for i in -600..600 {
            let x = f64::from(i) * 0.01;
            let exact = 0.5 * x * (1.0 + libm::erf(x / 2.0_f64.sqrt()));
            assert!((gelu(x) - exact).abs() < 5e-4, "gelu {x}: {} instead of {exact}", gelu(x));
            let slope = (gelu(x + 1e-6) - gelu(x - 1e-6)) / 2e-6;
            assert!((gelu_slope(x) - slope).abs() < 1e-8, "slope at {x}: {} instead of {slope}", gelu_slope(x));
            assert!((f64::from(gelu(x as f32)) - gelu(x)).abs() < 1e-6);
        }
        assert!(gelu(f32::NAN).is_nan() && gelu_slope(f32::NAN).is_nan());
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!(exp_f32(0.0), 1.0);
        assert_eq!(exp_f32(-1e9), 0.0);
        assert_eq!(exp_f32(1e9), f32::INFINITY);
        assert_eq!(exp_f32(f32::NEG_INFINITY), 0.0);
        assert!(exp_f32(f32::NAN).is_nan() && tanh_f32(f32::NAN).is_nan());
        assert_eq!(tanh_f32(0.0), 0.0);
        assert_eq!((tanh_f32(50.0), tanh_f32(-50.0)), (1.0, -1.0));
    }
}
