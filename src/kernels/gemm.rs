//! C = A·B for the shapes of small multi-task networks.
//!
//! Both operands are packed into strips, so that transposes cost nothing more, and a 4 × 8 tile of C
//! stays in registers over the depth: 8 accumulators, two of B and one of A fill WebAssembly's sixteen
//! (wider tiles spill in V8). The order of sums depends on the shape alone, so results are the same bits
//! on every target and with any number of threads, which share the rows of C; but for [`Arithmetic::Fused`].

use super::Means;
use super::arithmetic::{Adds, Arithmetic, Fused, Separate};
use super::team::{self, Team};
use crate::math::Real;

const MR: usize = 4;
const NR: usize = 8;
const KC: usize = 256;
const MC: usize = 96;
/// Below this many multiplications packing costs more than it saves.
const SMALL: usize = 1_024;
/// Fewer columns than that leave most of a tile empty.
const NARROW: usize = 4;
/// Sums that a product with few columns keeps in registers.
const LANES: usize = 16;

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

/// Room for packed strips of every thread that works on a product, and how it adds; grows once and is then reused.
#[derive(Debug, Clone)]
pub struct Packing<T> {
    rooms: Vec<Room<T>>,
    means: Means,
}

/// One thread's.
#[derive(Debug, Clone)]
struct Room<T> {
    a: Vec<T>,
    b: Vec<T>,
}

impl<T> Default for Packing<T> {
    fn default() -> Self {
        Self::of(Means::default())
    }
}

impl<T> Packing<T> {
    /// Room for the whole team; without one, for the thread that calls.
    pub fn of(means: Means) -> Self {
        let members = means.team.as_ref().map_or(1, |_| team::LARGEST);
        Self { rooms: (0..members).map(|_| Room { a: Vec::new(), b: Vec::new() }).collect(), means }
    }

    /// Who shares large products.
    pub fn team(&self) -> Option<&dyn Team> {
        self.means.team.as_deref()
    }

    /// How products are added.
    pub fn arithmetic(&self) -> Arithmetic {
        self.means.arithmetic
    }
}

impl<T: Real> Packing<T> {
    /// `n` numbers of room, whatever they hold.
    pub fn room(&mut self, n: usize) -> &mut [T] {
        self.rooms(0, n)[1]
    }

    /// `n` and `m` numbers of room, whatever they hold.
    pub fn rooms(&mut self, n: usize, m: usize) -> [&mut [T]; 2] {
        let Room { a, b } = &mut self.rooms[0];
        [(a, n), (b, m)].map(|(room, n)| {
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
    match packing.means.arithmetic {
        Arithmetic::Fused if Arithmetic::HAS_FUSED => with::<T, Fused>((m, n, k), a, b, c, packing),
        _ => with::<T, Separate>((m, n, k), a, b, c, packing),
    }
}

fn with<T: Real, W: Adds<T>>(
    (m, n, k): (usize, usize, usize),
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    packing: &mut Packing<T>,
) {
    if n < NARROW {
        return narrow::<T, W>((m, n, k), a, b, c, packing);
    }
    if m * n * k <= SMALL {
        return naive((m, n, k), a, b, c);
    }
    let Packing { rooms, means } = packing;
    let Some(team) = team::worth(means.team.as_deref(), m * n * k) else {
        return blocked::<T, W>((m, n, k), a, b, c, &mut rooms[0]);
    };
    let members = rooms.len().min(team.size());
    let rows = m.div_ceil(members).next_multiple_of(MR);
    team::share(team, c[..m * n].chunks_mut(rows * n).zip(rooms).enumerate(), |(part, (c, room))| {
        let a = View { data: &a.data[part * rows * a.row..], ..a };
        blocked::<T, W>((c.len() / n, n, k), a, b, c, room);
    });
}

/// The product in one thread.
fn blocked<T: Real, W: Adds<T>>(
    (m, n, k): (usize, usize, usize),
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    packing: &mut Room<T>,
) {
    let strips_n = n.div_ceil(NR);
    packing.a.resize(packing.a.len().max(MC * KC), T::default());
    packing.b.resize(packing.b.len().max(strips_n * NR * KC.min(k)), T::default());
    if k == 0 {
        c[..m * n].fill(T::default());
    }
    for k0 in (0..k).step_by(KC) {
        let depth = KC.min(k - k0);
        pack::<T, NR>(&mut packing.b, n, depth, &b.data[k0 * b.row..], (b.column, b.row));
        for m0 in (0..m).step_by(MC) {
            let height = MC.min(m - m0);
            let a_block = &a.data[m0 * a.row + k0 * a.column..];
            pack::<T, MR>(&mut packing.a, height, depth, a_block, (a.row, a.column));
            for (strip_n, b_strip) in packing.b.chunks_exact(NR * depth).take(strips_n).enumerate() {
                let n0 = strip_n * NR;
                let width = NR.min(n - n0);
                for (strip_m, a_strip) in packing.a.chunks_exact(MR * depth).take(height.div_ceil(MR)).enumerate() {
                    let tile = tile::<T, W>(a_strip, b_strip);
                    let i0 = m0 + strip_m * MR;
                    let rows = MR.min(m - i0);
                    for (i, tile_row) in tile.iter().enumerate().take(rows) {
                        let c_row = &mut c[(i0 + i) * n + n0..][..width];
                        if let Ok(c_row) = <&mut [T; NR]>::try_from(&mut *c_row) {
                            // A length known here is two stores; one that is not would be a call for every row.
                            put(k0 > 0, c_row, tile_row);
                        } else {
                            put(k0 > 0, c_row, &tile_row[..width]);
                        }
                    }
                }
            }
        }
    }
}

/// c ← t, or c ← c + t.
#[inline(always)]
fn put<T: Real>(adds: bool, c: &mut [T], t: &[T]) {
    for (c, &t) in c.iter_mut().zip(t) {
        *c = if adds { *c + t } else { t };
    }
}

/// Strips of W entries by depth; missing entries are 0. Entry w at depth p is at `w·along + p·down`, one of them 1.
#[inline(always)]
fn pack<T: Real, const W: usize>(
    strips: &mut [T],
    count: usize,
    depth: usize,
    data: &[T],
    (along, down): (usize, usize),
) {
    for (strip, out) in strips.chunks_exact_mut(W * depth).take(count.div_ceil(W)).enumerate() {
        let data = &data[strip * W * along..];
        let width = W.min(count - strip * W);
        let out = out.as_chunks_mut::<W>().0;
        if width == W && along == 1 {
            for (p, out) in out.iter_mut().enumerate() {
                if let Some(row) = data[p * down..].first_chunk() {
                    *out = *row;
                }
            }
        } else if width == W && down == 1 {
            let rows: [&[T]; W] = std::array::from_fn(|w| &data[w * along..][..depth]);
            for (p, out) in out.iter_mut().enumerate() {
                *out = std::array::from_fn(|w| rows[w][p]);
            }
        } else {
            for (p, out) in out.iter_mut().enumerate() {
                *out = std::array::from_fn(|w| if w < width { data[w * along + p * down] } else { T::default() });
            }
        }
    }
}

#[inline(always)]
fn tile<T: Real, W: Adds<T>>(a: &[T], b: &[T]) -> [[T; NR]; MR] {
    let mut sums = [[T::default(); NR]; MR];
    for (a, b) in a.as_chunks::<MR>().0.iter().zip(b.as_chunks::<NR>().0) {
        for (sums, &a) in sums.iter_mut().zip(a) {
            W::add(sums, a, b);
        }
    }
    sums
}

/// A product with few columns, as the head of a single output has: along the depth where A's rows lie in a piece,
/// else along A's columns.
fn narrow<T: Real, W: Adds<T>>(
    (m, n, k): (usize, usize, usize),
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    packing: &mut Packing<T>,
) {
    let columns = packing.room(n * k);
    for (j, column) in columns.chunks_exact_mut(k.max(1)).enumerate() {
        for (p, x) in column.iter_mut().enumerate() {
            *x = b.data[p * b.row + j * b.column];
        }
    }
    for j in 0..n {
        let column = &columns[j * k..][..k];
        if a.column == 1 {
            for i in 0..m {
                c[i * n + j] = dot(&a.data[i * a.row..][..k], column);
            }
        } else {
            for i0 in (0..m).step_by(LANES) {
                let sums = weighted_rows::<T, W>(&a.data[i0 * a.row..], (a.row, a.column), LANES.min(m - i0), column);
                for (i, &sum) in sums.iter().enumerate().take(m - i0) {
                    c[(i0 + i) * n + j] = sum;
                }
            }
        }
    }
}

#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::default(); LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a * b;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Σ over p of weights[p] times `width` numbers that lie `along` from each other, row p `down` below row 0.
#[inline(always)]
fn weighted_rows<T: Real, W: Adds<T>>(
    data: &[T],
    (along, down): (usize, usize),
    width: usize,
    weights: &[T],
) -> [T; LANES] {
    let mut sums = [T::default(); LANES];
    for (p, &weight) in weights.iter().enumerate() {
        let row = &data[p * down..];
        match row.first_chunk::<LANES>() {
            Some(row) if along == 1 && width == LANES => {
                W::add(&mut sums, weight, row);
            }
            _ => {
                for (lane, sum) in sums.iter_mut().enumerate().take(width) {
                    *sum += weight * row[lane * along];
                }
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
            if b.column == 1 {
                for (c, &b) in c_row.iter_mut().zip(b_row) {
                    *c += a * b;
                }
            } else {
                for (j, c) in c_row.iter_mut().enumerate() {
                    *c += a * b_row[j * b.column];
                }
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
        for (m, n, k) in [
            (1, 1, 1),
            (97, 27, 4),
            (200, 8, 1),
            (1, 8, 300),
            (5, 7, 3),
            (97, 9, 257),
            (4, 300, 520),
            (130, 33, 1),
            (256, 20, 128),
            (64, 1, 32),
            (33, 3, 70),
        ] {
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
