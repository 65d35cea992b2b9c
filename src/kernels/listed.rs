//! Products of the way back that pass over what a ReLU switched off.
//!
//! Where a unit is 0 for a row, its delta there is 0 for every task alike. So the weight gradient of a unit is a sum
//! over the rows where it is on, and the deltas one layer down are sums over the units that are on: about half of the
//! products of the dense way. What is left out is 0 times a number, so sums are those of [`super::weight_gradient`]
//! and [`super::delta`], only not cut into blocks of depth.
//!
//! A tile has the deltas of up to four tasks on one side and 8, 16 or 32 columns on the other, so that eight
//! accumulators of four lanes stay in registers whatever the number of tasks.

use super::arithmetic::{Adds, Arithmetic, Fused, Separate};
use super::gemm::Packing;
use super::team::{self, Team};
use crate::config::TASKS;
use crate::math::Real;
use std::ops::Range;

/// Most tasks of a tile.
const TALLEST: usize = 4;
/// Numbers of a tile, whatever its shape, while it has one, two or four tasks.
const TILE: usize = 32;
/// Bytes of packed strips that are gone through before the next list: they stay in the second cache.
const NEAR: usize = 1 << 18;
/// Lists that share the lines of memory they write to.
const BUNCH: usize = 16;
/// Above this share of deltas that are on, the dense way is the faster one.
const DENSE: f64 = 0.8;

/// Deltas of K tasks by group: those of a unit by rows, or those of a row by units.
#[derive(Debug, Clone, Default)]
pub struct Lists<T> {
    ends: Vec<usize>,
    /// Where each entry lies: a row, or a unit.
    places: Vec<u32>,
    /// By bundle of tasks: (entries, tasks of the bundle).
    values: Vec<T>,
    /// Next free entry of every group while entries are sorted in.
    next: Vec<usize>,
    strips: Vec<T>,
    tasks: usize,
}

/// What the groups of [`Lists`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Unit,
    Row,
}

/// Where the products of one list go: number `column` of task k at `k·task + list·step + column·stride`.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    pub task: usize,
    pub step: usize,
    pub stride: usize,
}

/// The lists and strips of columns of one thread, and where their products go, by task.
struct Piece<'a, T> {
    lists: Range<usize>,
    strips: Range<usize>,
    out: [&'a mut [T]; *TASKS.end()],
}

/// Whether so few of y (B, H), outputs of a ReLU, are on that lists are worth making.
pub fn pays<T: Real>(y: &[T]) -> bool {
    let on = y.iter().filter(|&&y| y > T::default()).count();
    (on as f64) < DENSE * y.len() as f64
}

impl<T: Real> Lists<T> {
    /// Sorts the deltas (K, B, H) of K `tasks` by what is on in y (B, H).
    pub fn sort(&mut self, (tasks, units): (usize, usize), by: By, y: &[T], deltas: &[T]) {
        let rows = y.len() / units;
        let groups = if by == By::Unit { units } else { rows };
        let group = |row: usize, unit: usize| if by == By::Unit { (unit, row) } else { (row, unit) };
        self.tasks = tasks;
        self.ends.clear();
        self.ends.resize(groups, 0);
        for (row, y) in y.chunks_exact(units).enumerate() {
            for (unit, &y) in y.iter().enumerate() {
                self.ends[group(row, unit).0] += usize::from(y > T::default());
            }
        }
        self.next.clear();
        let mut entries = 0;
        for end in &mut self.ends {
            self.next.push(entries);
            entries += *end;
            *end = entries;
        }
        let bundle = tasks.min(TALLEST);
        let bundles = tasks.div_ceil(TALLEST);
        let block = rows * units;
        // Room for everything that could be on, so that no later step has to make any.
        self.places.resize(self.places.len().max(block), 0);
        self.values.resize(self.values.len().max(bundles * bundle * block), T::default());
        for (row, y) in y.chunks_exact(units).enumerate() {
            for (unit, &y) in y.iter().enumerate() {
                if y > T::default() {
                    let (group, place) = group(row, unit);
                    let entry = self.next[group];
                    self.next[group] += 1;
                    self.places[entry] = place as u32;
                    for task in 0..bundles * bundle {
                        let at = (task / bundle * entries + entry) * bundle + task % bundle;
                        let delta = if task < tasks { deltas[task * block + row * units + unit] } else { T::default() };
                        self.values[at] = delta;
                    }
                }
            }
        }
    }

    /// Σ over a list's entries of deltas times the rows (columns) of `matrix` (`rows`, `columns`) that they name, for
    /// every list and task. `at(row, column)` reads the matrix. A team shares columns, or lists where columns lie in
    /// a piece: no sum depends on it.
    pub fn times(
        &mut self,
        (rows, columns): (usize, usize),
        at: impl Fn(usize, usize) -> T + Sync,
        (places, out): (Places, &mut [T]),
        packing: &Packing<T>,
    ) {
        let team = packing.team();
        match packing.arithmetic() {
            Arithmetic::Fused if Arithmetic::HAS_FUSED => {
                self.times_with::<Fused>((rows, columns), at, (places, out), team);
            }
            _ => self.times_with::<Separate>((rows, columns), at, (places, out), team),
        }
    }

    fn times_with<W: Adds<T>>(
        &mut self,
        (rows, columns): (usize, usize),
        at: impl Fn(usize, usize) -> T + Sync,
        (places, out): (Places, &mut [T]),
        team: Option<&dyn Team>,
    ) {
        match self.tasks {
            0 => {}
            1 => self.by_tiles::<W, 1, TILE>((rows, columns), at, (places, out), team),
            2 => self.by_tiles::<W, 2, { TILE / 2 }>((rows, columns), at, (places, out), team),
            3 => self.by_tiles::<W, 3, { TILE / 4 }>((rows, columns), at, (places, out), team),
            _ => self.by_tiles::<W, TALLEST, { TILE / TALLEST }>((rows, columns), at, (places, out), team),
        }
    }

    fn by_tiles<W: Adds<T>, const M: usize, const N: usize>(
        &mut self,
        (rows, columns): (usize, usize),
        at: impl Fn(usize, usize) -> T + Sync,
        (places, out): (Places, &mut [T]),
        team: Option<&dyn Team>,
    ) {
        let n_strips = columns.div_ceil(N);
        self.strips.resize(self.strips.len().max(n_strips * rows * N), T::default());
        let entries = self.ends.last().copied().unwrap_or(0);
        let team = team::worth(team, entries * columns * self.tasks);
        let members = team.map_or(1, Team::size).min(team::LARGEST);
        let strips = &mut self.strips[..n_strips * rows * N];
        let strips_each = n_strips.div_ceil(members).max(1);
        let pack = |(first, strips): (usize, &mut [T])| {
            for (index, strip) in strips.chunks_exact_mut(rows * N).enumerate() {
                let first = (first + index) * N;
                let width = N.min(columns - first);
                for (row, out) in strip.chunks_exact_mut(N).enumerate() {
                    for (column, out) in out.iter_mut().enumerate() {
                        *out = if column < width { at(row, first + column) } else { T::default() };
                    }
                }
            }
        };
        let portions = strips.chunks_mut(strips_each * rows * N).enumerate();
        let portions = portions.map(|(part, strips)| (part * strips_each, strips));
        match team {
            Some(team) => team::share(team, portions, pack),
            None => portions.for_each(pack),
        }
        let (n_lists, lists_each) = (self.ends.len(), self.ends.len().div_ceil(members).max(1));
        let mut rest: [&mut [T]; *TASKS.end()] = std::array::from_fn(|_| Default::default());
        for (rest, own) in rest.iter_mut().zip(out.chunks_mut(places.task)).take(self.tasks) {
            *rest = own;
        }
        let pieces = (0..members).map(|part| {
            let (lists, strips, length) = if places.stride == 1 {
                let lists = (part * lists_each).min(n_lists)..((part + 1) * lists_each).min(n_lists);
                let length = lists.len() * places.step;
                (lists, 0..n_strips, length)
            } else {
                let strips = (part * strips_each).min(n_strips)..((part + 1) * strips_each).min(n_strips);
                let length = ((strips.end * N).min(columns) - (strips.start * N).min(columns)) * places.stride;
                (0..n_lists, strips, length)
            };
            let out = std::array::from_fn(|task| {
                let whole = std::mem::take(&mut rest[task]);
                let (own, others) = whole.split_at_mut(length.min(whole.len()));
                rest[task] = others;
                own
            });
            Piece { lists, strips, out }
        });
        let of: &Self = self;
        let work = |piece| of.piece::<W, M, N>((rows, columns), places, piece);
        match team {
            Some(team) => team::share(team, pieces, work),
            None => pieces.for_each(work),
        }
    }

    /// One thread's share.
    fn piece<W: Adds<T>, const M: usize, const N: usize>(
        &self,
        (rows, columns): (usize, usize),
        places: Places,
        piece: Piece<'_, T>,
    ) {
        let Piece { lists, strips, mut out } = piece;
        let (first_list, first_strip) = (lists.start, strips.start);
        let entries = self.ends.last().copied().unwrap_or(0);
        let near = (NEAR / (rows * N * size_of::<T>()).max(1)).max(1);
        let strips = &self.strips[strips.start * rows * N..strips.end * rows * N];
        for (part, strips) in strips.chunks(near * rows * N).enumerate() {
            for bunch in lists.clone().step_by(BUNCH) {
                let lists = bunch..(bunch + BUNCH).min(lists.end);
                for (bundle, values) in self.values.chunks_exact(entries.max(1) * M).enumerate() {
                    let first_task = bundle * M;
                    if first_task >= self.tasks {
                        break;
                    }
                    let tasks = M.min(self.tasks - first_task);
                    for (index, strip) in strips.chunks_exact(rows * N).enumerate() {
                        let first = (part * near + index) * N;
                        let width = N.min(columns - first_strip * N - first);
                        let strip = strip.as_chunks::<N>().0;
                        for list in lists.clone() {
                            let start = if list == 0 { 0 } else { self.ends[list - 1] };
                            let entries = start..self.ends[list];
                            let values = values[entries.start * M..entries.end * M].as_chunks::<M>().0;
                            let tile = tile::<T, W, M, N>(values, &self.places[entries], strip);
                            let from = (list - first_list) * places.step;
                            for (sums, out) in tile.iter().zip(&mut out[first_task..][..tasks]) {
                                if places.stride == 1 {
                                    let out = &mut out[from + first..][..width];
                                    match <&mut [T; N]>::try_from(&mut *out) {
                                        Ok(out) => *out = *sums,
                                        Err(_) => out.copy_from_slice(&sums[..width]),
                                    }
                                } else {
                                    let out = out[from + first * places.stride..].iter_mut().step_by(places.stride);
                                    for (out, &sum) in out.zip(&sums[..width]) {
                                        *out = sum;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The sum of every list of task `task`: the gradient of biases, where lists are those of units.
    pub fn sums(&self, task: usize, out: &mut [T]) {
        let entries = self.ends.last().copied().unwrap_or(0);
        let bundle = self.tasks.min(TALLEST);
        let values = &self.values[task / bundle * entries * bundle..];
        let mut start = 0;
        for (out, &end) in out.iter_mut().zip(&self.ends) {
            let mut sum = T::default();
            for entry in start..end {
                sum += values[entry * bundle + task % bundle];
            }
            *out = sum;
            start = end;
        }
    }
}

#[inline(always)]
fn tile<T: Real, W: Adds<T>, const M: usize, const N: usize>(
    values: &[[T; M]],
    places: &[u32],
    strip: &[[T; N]],
) -> [[T; N]; M] {
    let mut sums = [[T::default(); N]; M];
    for (values, &place) in values.iter().zip(places) {
        let row = &strip[place as usize];
        for (sums, &value) in sums.iter_mut().zip(values) {
            W::add(sums, value, row);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::{delta, weight_gradient};
    use super::*;

    fn values(n: usize, seed: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from((i as u32 + 1).wrapping_mul(2_654_435_761) ^ seed) / 4e9 - 0.5).collect()
    }

    /// Both products against the dense kernels, for tasks that fill bundles and that do not, and odd shapes.
    #[test]
    fn lists_give_what_the_dense_kernels_give() {
        for tasks in [1, 2, 3, 4, 5, 8] {
            for (rows, below, units) in [(1, 3, 2), (7, 33, 5), (40, 9, 19), (300, 40, 17)] {
                let y: Vec<f64> = values(rows * units, 7).into_iter().map(|y| y.max(0.0)).collect();
                let mut dy = values(tasks * rows * units, 11);
                for (at, dy) in dy.iter_mut().enumerate() {
                    *dy *= if y[at % y.len()] > 0.0 { 1.0 } else { 0.0 };
                }
                let (x, weight) = (values(rows * below, 13), values(below * units, 17));
                let mut lists = Lists::default();
                let mut got = vec![f64::NAN; tasks * (below + 1) * units];
                lists.sort((tasks, units), By::Unit, &y, &dy);
                let size = (below + 1) * units;
                let places = Places { task: size, step: 1, stride: units };
                lists.times(
                    (rows, below),
                    |row, column| x[row * below + column],
                    (places, &mut got),
                    &Packing::default(),
                );
                for task in 0..tasks {
                    lists.sums(task, &mut got[task * size + below * units..][..units]);
                }
                let mut dense = vec![f64::NAN; got.len()];
                for (task, out) in dense.chunks_exact_mut(size).enumerate() {
                    let (w, b) = out.split_at_mut(below * units);
                    let dy = &dy[task * rows * units..][..rows * units];
                    weight_gradient((rows, below, units), &x, dy, w, b, &mut Packing::default());
                }
                near(&got, &dense);

                let mut got = vec![f64::NAN; tasks * rows * below];
                lists.sort((tasks, units), By::Row, &y, &dy);
                let places = Places { task: rows * below, step: below, stride: 1 };
                lists.times(
                    (units, below),
                    |unit, input| weight[input * units + unit],
                    (places, &mut got),
                    &Packing::default(),
                );
                let mut dense = vec![f64::NAN; got.len()];
                let shape = (tasks * rows, below, units);
                delta(shape, &dy, &weight, None, &mut dense, &mut Packing::default());
                near(&got, &dense);
            }
        }
    }

    fn near(got: &[f64], want: &[f64]) {
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= 1e-12 * (1.0 + want.abs()), "{got} and {want}");
        }
    }

    #[test]
    fn a_layer_that_is_nearly_all_on_is_dense() {
        assert!(pays(&[0.0, 1.0, 0.0, 2.0_f32]));
        assert!(!pays(&[1.0, 1.0, 1.0, 2.0_f32]));
    }
}
