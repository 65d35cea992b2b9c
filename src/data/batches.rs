//! Which rows make the batch of a step: a function of (seed, step), with nothing to remember.
//!
//! An epoch visits its rows in a random order without repeating one, and drops
//! the last, incomplete batch. The order is not a shuffled list but a keyed
//! permutation that maps a position to a row in a few 32-bit operations: runs
//! that are compared, a step that is replayed and a GPU thread that wants only
//! its own row all compute it alike.

use crate::rng::{Stream, StreamId};

/// Feistel rounds; also the number of keys of an epoch.
pub const ROUNDS: usize = 8;

/// The order in which the rows of a split are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    rows: u32,
    batch: u32,
    stream: Stream,
    /// Half the bits of the smallest power of four that holds all rows.
    half_bits: u32,
}

impl Batches {
    /// Batches of `batch` of `rows` rows.
    ///
    /// When `batch` is `rows` or more, every batch is all rows in their own
    /// order, without shuffling. A batch of 0 counts as 1. `rows` must be 1 or
    /// more and below 2³¹.
    pub fn new(rows: usize, batch: usize, seed: u32) -> Self {
        let rows = rows.clamp(1, (1 << 31) - 1) as u32;
        let bits = u32::BITS - (rows - 1).leading_zeros();
        Self {
            rows,
            batch: batch.clamp(1, rows as usize) as u32,
            stream: Stream::new(seed, StreamId::Batches, 0),
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    /// Batches of the same size in an order of their own; 0 is the order of [`Self::new`].
    pub fn other(&self, number: u32) -> Self {
        Self { stream: self.stream.with_sub(number), ..*self }
    }

    /// B: the rows in a batch.
    pub fn size(&self) -> usize {
        self.batch as usize
    }

    /// Whether each batch is the whole split.
    pub fn is_full(&self) -> bool {
        self.batch == self.rows
    }

    /// Steps until all rows, but for an incomplete batch, were visited once.
    pub fn steps_per_epoch(&self) -> u64 {
        u64::from(self.rows / self.batch)
    }

    /// The epoch that `step` is in, from 0.
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.steps_per_epoch()
    }

    /// Writes the row indices of the batch of `step`.
    ///
    /// `out` must hold [`Batches::size`] indices; of a shorter slice only the
    /// first rows of the batch are written, a longer one keeps its tail.
    pub fn indices(&self, step: u64, out: &mut [u32]) {
        let out_len = out.len().min(self.size());
        let out = &mut out[..out_len];
        if self.is_full() {
            for (i, slot) in out.iter_mut().enumerate() {
                *slot = i as u32;
            }
            return;
        }
        let keys = self.round_keys(self.epoch(step));
        let first = (step % self.steps_per_epoch()) as u32 * self.batch;
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = self.row(&keys, first + i as u32);
        }
    }

    /// The keys of an epoch's order: words 8·epoch .. 8·epoch + 8 of the stream.
    pub fn round_keys(&self, epoch: u64) -> [u32; ROUNDS] {
        let block = epoch.wrapping_mul(2);
        let (a, b) = (self.stream.block(block), self.stream.block(block + 1));
        [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]
    }

    /// The row at a position (below `rows`) of the epoch with these keys.
    ///
    /// A Feistel network permutes the next power of four; applying it again
    /// until the result is a row ("cycle walking") restricts the permutation to
    /// the rows. The walk ends because the position itself is a row.
    pub fn row(&self, keys: &[u32; ROUNDS], position: u32) -> u32 {
        let half = self.half_bits;
        let mask = (1 << half) - 1;
        let mut value = position;
        loop {
            let (mut left, mut right) = (value >> half, value & mask);
            for &key in keys {
                (left, right) = (right, left ^ (mix(right ^ key) & mask));
            }
            value = (left << half) | right;
            if value < self.rows {
                return value;
            }
        }
    }
}

/// A 32-bit hash whose every output bit depends on every input bit (C. Wellons' `lowbias32`).
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}
