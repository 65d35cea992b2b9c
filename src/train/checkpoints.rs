//! Stored θ along a run, so that looking back needs no training; memory is bounded.

use std::rc::Rc;

/// Most checkpoints kept for a run.
const MOST: u32 = 200;

/// θ of one run at multiples of `every`.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoints {
    every: u32,
    stored: Vec<(u32, Rc<[f32]>)>,
}

impl Checkpoints {
    /// At most 200 checkpoints over `steps` and at most `bytes` for `n_parameters` f32 each.
    pub fn new(steps: u32, n_parameters: usize, bytes: usize) -> Self {
        let affordable = (bytes / (4 * n_parameters.max(1))).clamp(2, MOST as usize) as u32;
        Self { every: steps.div_ceil(affordable).max(1), stored: Vec::new() }
    }

    /// Steps between checkpoints.
    pub fn every(&self) -> u32 {
        self.every
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.stored.len()
    }

    /// Memory of all of them.
    pub fn bytes(&self) -> usize {
        self.stored.iter().map(|(_, theta)| size_of_val(&theta[..])).sum()
    }

    /// Whether θ before the update of `step` is to be stored.
    pub fn wants(&self, step: u32, last: u32) -> bool {
        step.is_multiple_of(self.every) || step == last
    }

    /// Stores θ; steps come in ascending order.
    pub fn store(&mut self, step: u32, theta: &[f32]) {
        self.stored.push((step, theta.into()));
    }

    /// All of them, ascending: steps and θ.
    pub fn all(&self) -> &[(u32, Rc<[f32]>)] {
        &self.stored
    }

    /// The last stored θ not after `step`.
    pub fn at(&self, step: u32) -> Option<(u32, &[f32])> {
        let after = self.stored.partition_point(|(stored, _)| *stored <= step);
        after.checked_sub(1).map(|idx| (self.stored[idx].0, &self.stored[idx].1[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_number_are_bounded() {
        let many = Checkpoints::new(20_000, 10, usize::MAX / 8);
        assert_eq!(many.every(), 100);
        let large = Checkpoints::new(800, 118_000, 8_000_000);
        assert!(800 / large.every() + 2 <= 18, "{}", large.every());
    }

    #[test]
    fn the_nearest_one_before_is_found() {
        let mut checkpoints = Checkpoints::new(10, 1, 1_000);
        assert_eq!(checkpoints.at(5), None);
        for step in [0, 2, 4] {
            checkpoints.store(step, &[step as f32]);
        }
        assert_eq!(checkpoints.at(3), Some((2, &[2.0][..])));
        assert_eq!(checkpoints.at(99), Some((4, &[4.0][..])));
        assert_eq!((checkpoints.count(), checkpoints.bytes()), (3, 12));
    }
}
