//! C = A·B for the shapes of small multi-task networks, on one core.
//!
//! Both operands are packed into strips, so that transposes cost nothing more, and a 4 × 8 tile of C
//! stays in registers over the depth: 8 accumulators, two of B and one of A fill WebAssembly's sixteen
//! (wider tiles spill in V8). The order of sums depends on the shape alone, so results are the same bits
//! on every target.

use crate::math::Real;

const MR: usize = 4;
const NR: usize = 8;
const KC: usize = 256;
const MC: usize = 96;
/// Below this many multiplications packing costs more than it saves.
const SMALL: usize = 2_048;

/// A strided view: element (i, j) is at `i·row + j·column`.
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    pub data: &'a [T],
    pub row: usize,
    pub column: usize,
}

impl<'a, T> View<'a, T> {
    /// A row-major matrix with this many columns.
    pub fn rows(data: &'a [T], columns: usize) -> Self {
        Self { data, row: columns, column: 1 }
    }

    /// The transpose of a row-major matrix with this many columns.
    pub fn transposed(data: &'a [T], columns: usize) -> Self {
        Self { data, row: 1, column: columns }
    }
}

/// Room for packed strips; grows once and is then reused.
#[derive(Debug, Clone, Default)]
pub struct Packing<T> {
    a: Vec<T>,
    b: Vec<T>,
}

impl<T: Real> Packing<T> {
    /// `n` numbers of room, whatever they hold.
    pub fn room(&mut self, n: usize) -> &mut [T] {
        self.rooms(0, n)[1]
    }

    /// `n` and `m` numbers of room, whatever they hold.
    pub fn rooms(&mut self, n: usize, m: usize) -> [&mut [T]; 2] {
        [(&mut self.a, n), (&mut self.b, m)].map(|(room, n)| {
            if room.len() < n {
                room.resize(n, T::default());
            }
            &mut room[..n]
        })
    }
}

/// C (m, n) row-major = A (m, k)·B (k, n), overwriting C.
pub fn gemm<T: Real>(
    (m, n, k): (usize, usize, usize),
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    packing: &mut Packing<T>,
) {
    if m * n * k <= SMALL || n < NR / 2 {
        return naive((m, n, k), a, b, c);
    }
    let strips_n = n.div_ceil(NR);
    packing.a.resize(packing.a.len().max(MC * KC), T::default());
    packing.b.resize(packing.b.len().max(strips_n * NR * KC.min(k)), T::default());
    if k == 0 {
        c[..m * n].fill(T::default());
    }
    for k0 in (0..k).step_by(KC) {
        let depth = KC.min(k - k0);
        pack::<T, NR>(&mut packing.b, n, depth, |j, p| b.data[(k0 + p) * b.row + j * b.column]);
        for m0 in (0..m).step_by(MC) {
            let height = MC.min(m - m0);
            pack::<T, MR>(&mut packing.a, height, depth, |i, p| a.data[(m0 + i) * a.row + (k0 + p) * a.column]);
            for (strip_n, b_strip) in packing.b.chunks_exact(NR * depth).take(strips_n).enumerate() {
                let n0 = strip_n * NR;
                let width = NR.min(n - n0);
                for (strip_m, a_strip) in packing.a.chunks_exact(MR * depth).take(height.div_ceil(MR)).enumerate() {
                    let tile = tile(a_strip, b_strip);
                    let i0 = m0 + strip_m * MR;
                    let rows = MR.min(m - i0);
                    for (i, tile_row) in tile.iter().enumerate().take(rows) {
                        let c_row = &mut c[(i0 + i) * n + n0..][..width];
                        if k0 == 0 {
                            c_row.copy_from_slice(&tile_row[..width]);
                        } else {
                            for (c, &t) in c_row.iter_mut().zip(tile_row) {
                                *c += t;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Strips of W entries by depth; missing entries are 0.
#[inline(always)]
fn pack<T: Real, const W: usize>(strips: &mut [T], count: usize, depth: usize, at: impl Fn(usize, usize) -> T) {
    for (strip, out) in strips.chunks_exact_mut(W * depth).take(count.div_ceil(W)).enumerate() {
        let start = strip * W;
        let width = W.min(count - start);
        for (p, out) in out.chunks_exact_mut(W).enumerate() {
            for (w, out) in out.iter_mut().enumerate() {
                *out = if w < width { at(start + w, p) } else { T::default() };
            }
        }
    }
}

#[inline(always)]
fn tile<T: Real>(a: &[T], b: &[T]) -> [[T; NR]; MR] {
    let mut sums = [[T::default(); NR]; MR];
    for (a, b) in a.chunks_exact(MR).zip(b.chunks_exact(NR)) {
        for (sums, &a) in sums.iter_mut().zip(a) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}

/// The twin that is too simple to be wrong; also the faster one for tiny shapes.
pub fn naive<T: Real>((m, n, k): (usize, usize, usize), a: View<'_, T>, b: View<'_, T>, c: &mut [T]) {
    for i in 0..m {
        let c_row = &mut c[i * n..][..n];
        c_row.fill(T::default());
        for p in 0..k {
            let a = a.data[i * a.row + p * a.column];
            let b_row = &b.data[p * b.row..];
            for (j, c) in c_row.iter_mut().enumerate() {
                *c += a * b_row[j * b.column];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_naive_twin_for_odd_shapes_and_transposes() {
        let values = |n: usize, s: u32| -> Vec<f64> {
            (0..n).map(|i| f64::from((i as u32).wrapping_mul(2_654_435_761).wrapping_add(s) >> 8) / 8e6 - 1.0).collect()
        };
        for (m, n, k) in [(1, 1, 1), (1, 8, 300), (5, 7, 3), (97, 9, 257), (4, 300, 520), (130, 33, 1), (256, 20, 128)]
        {
            let (a, b) = (values(m * k, 1), values(k * n, 2));
            for transposed in [false, true] {
                let view_a = if transposed { View::transposed(&a, m) } else { View::rows(&a, k) };
                let view_b = if transposed { View::transposed(&b, k) } else { View::rows(&b, n) };
                let (mut fast, mut slow) = (vec![f64::NAN; m * n], vec![f64::NAN; m * n]);
                gemm((m, n, k), view_a, view_b, &mut fast, &mut Packing::default());
                naive((m, n, k), view_a, view_b, &mut slow);
                for (fast, slow) in fast.iter().zip(&slow) {
                    assert!((fast - slow).abs() <= 1e-11, "{m}x{n}x{k}: {fast} and {slow}");
                }
            }
        }
    }
}
