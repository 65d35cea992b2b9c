//! The only source of randomness: Philox4x32-10, addressed by (seed, stream, index).
//!
//! A counter-based generator has no state to share or to advance, so every
//! compared run sees the same initial weights and the same batches whatever
//! else was drawn in between, and a GPU thread can draw "its" number. Words are
//! 32 bits wide throughout because WGSL has no wider integers.
//!
//! Source: J. Salmon, M. Moraes, R. Dror, D. Shaw. Parallel random numbers: as
//! easy as 1, 2, 3. SC 2011.
//!
//! The layout is part of the link format (a link promises the same numbers
//! everywhere) and is frozen: the key is (seed, stream), the counter is (low
//! word of the block, high word of the block, sub, 0), and the word at `index`
//! is word `index % 4` of block `index / 4`.

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Golden ratio and √3 − 1 as 32-bit fractions: added to the key after each round.
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// What a stream of numbers is for.
///
/// The values are part of the link format: never renumber, only append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum StreamId {
    /// Initial parameters; `sub` is the block of the parameter layout, of a manifold's further members 2²⁰ more
    /// for each.
    Init = 1,
    /// Round keys of the batch order; `sub` is 0, of a method's further batches 1 and 2, of validation batches 3.
    Batches = 2,
    /// Points of a generated data set; `sub` is the split (0 train, 1 validation, 2 test).
    Data = 3,
    /// Noise on targets; `sub` is the task, in a generator's validation rows 16 and in its test rows 32 more, for the
    /// wrong labels of any data set 256 more.
    Noise = 4,
    /// Draws of a balancing method; `sub` is the method's own.
    Balance = 5,
    /// Directions of landscapes and other probes; `sub` is the axis.
    Probe = 6,
    /// Draws of a training strategy: `sub` is 0 for the preferences of a manifold, 1 + k for the start of its
    /// member k on an analytic problem, 1000 and more for the blocks of a chart.
    Strategy = 7,
    /// The functions that a generated data set asks for; `sub` is the data set's own.
    Functions = 8,
}

/// One Philox4x32-10 block: four words from a counter and a key.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key[0] = key[0].wrapping_add(KEY_STEPS[0]);
            key[1] = key[1].wrapping_add(KEY_STEPS[1]);
        }
        let (high_0, low_0) = wide_product(MULTIPLIERS[0], counter[0]);
        let (high_1, low_1) = wide_product(MULTIPLIERS[1], counter[2]);
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0];
    }
    counter
}

/// An infinite, randomly addressable sequence of 32-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    sub: u32,
}

impl Stream {
    /// The sequence of `stream` under `seed`; `sub` separates uses within one stream.
    pub fn new(seed: u32, stream: StreamId, sub: u32) -> Self {
        Self { key: [seed, stream as u32], sub }
    }

    /// The sequence of the same seed and purpose for another use.
    pub fn with_sub(self, sub: u32) -> Self {
        Self { sub, ..self }
    }

    /// The words `4·block .. 4·block + 4` at the price of one.
    pub fn block(&self, block: u64) -> [u32; 4] {
        philox4x32([block as u32, (block >> 32) as u32, self.sub, 0], self.key)
    }

    /// The word at `index`, uniform over all 32-bit values.
    pub fn u32(&self, index: u64) -> u32 {
        self.block(index / 4)[(index % 4) as usize]
    }

    /// A uniform draw in [0, 1).
    ///
    /// Only the upper 24 bits are used, so that the value is a multiple of 2⁻²⁴
    /// that f32 holds exactly: WGSL's `f32(word >> 8u) * 0x1p-24` is the same number.
    pub fn uniform(&self, index: u64) -> f64 {
        uniform_from_word(self.u32(index))
    }

    /// A standard normal draw.
    ///
    /// The quantile of (word + ½)·2⁻³², so |draw| ≤ 6.34 and one draw costs one
    /// word. Only + − × ÷ √ and bit operations are used: every machine gets the
    /// same bits. Absolute error against the exact quantile below 1e-14.
    pub fn normal(&self, index: u64) -> f64 {
        normal_from_word(self.u32(index))
    }

    /// A draw in `0..n` by multiply and shift; 0 when `n` is 0.
    ///
    /// The probabilities differ from 1/n by less than 2⁻³², which is the price
    /// of spending exactly one word per draw.
    pub fn below(&self, index: u64, n: u32) -> u32 {
        wide_product(self.u32(index), n).0
    }

    /// Normal draws `first .. first + out.len()`, four to a block.
    pub fn fill_normal(&self, first: u64, out: &mut [f64]) {
        self.for_each_word(first, out.len(), |i, word| out[i] = normal_from_word(word));
    }

    /// Uniform draws `first .. first + out.len()`, four to a block.
    pub fn fill_uniform(&self, first: u64, out: &mut [f64]) {
        self.for_each_word(first, out.len(), |i, word| out[i] = uniform_from_word(word));
    }

    /// A random order of `0..n`.
    pub fn permutation(&self, n: u32) -> Vec<u32> {
        let mut order = vec![0; n as usize];
        self.fill_permutation(&mut order);
        order
    }

    /// Writes a random order of `0..out.len()` without allocating.
    ///
    /// Fisher–Yates from the back; the exchange number i (from 0) uses the word
    /// at index i. Uses `out.len() − 1` words.
    pub fn fill_permutation(&self, out: &mut [u32]) {
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = i as u32;
        }
        let n = out.len();
        self.for_each_word(0, n.saturating_sub(1), |i, word| {
            let last = n - 1 - i;
            let other = wide_product(word, last as u32 + 1).0 as usize;
            out.swap(last, other);
        });
    }

    fn for_each_word(&self, first: u64, count: usize, mut each: impl FnMut(usize, u32)) {
        let mut words = self.block(first / 4);
        for i in 0..count {
            let index = first.wrapping_add(i as u64);
            if i > 0 && index.is_multiple_of(4) {
                words = self.block(index / 4);
            }
            each(i, words[(index % 4) as usize]);
        }
    }
}

/// The quantile function of the standard normal distribution, for 0 < p < 1.
///
/// Wichura's rational approximations (algorithm AS 241, PPND16, Applied
/// Statistics 37, 1988), with a logarithm made of basic operations. The outer
/// tail (p or 1 − p below e⁻²⁵ ≈ 1.4e-11) has no branch of its own, because a
/// 32-bit word never gets there; from 2⁻³³ inwards the error is below 1e-14.
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(&CENTER_NUMERATOR, r) / polynomial(&CENTER_DENOMINATOR, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail)).sqrt() - 1.6;
    let size = polynomial(&TAIL_NUMERATOR, r) / polynomial(&TAIL_DENOMINATOR, r);
    if q < 0.0 { -size } else { size }
}

// Coefficients from the constant term upwards.
const CENTER_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_6,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTER_DENOMINATOR: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_545,
];
const TAIL_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];

fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The natural logarithm of a positive, normal number, in basic operations.
///
/// x = m·2ᵉ with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)). The platform's
/// own `ln` may differ in the last bit from one machine to the next.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i64 - 1023) as f64;
    let mut m = f64::from_bits((bits & MANTISSA) | ONE);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1.0;
    }
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    // |s| ≤ 0.172, so the first omitted term is below 1e-19.
    let series = (0..12).rev().fold(0.0, |sum, k| sum * s2 + 1.0 / f64::from(2 * k + 1));
    2.0 * s * series + exponent * std::f64::consts::LN_2
}

fn uniform_from_word(word: u32) -> f64 {
    f64::from(word >> 8) * (1.0 / 16_777_216.0)
}

fn normal_from_word(word: u32) -> f64 {
    normal_quantile((f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0))
}

/// High and low word of a 32 × 32 → 64 bit product.
fn wide_product(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, product as u32)
}
