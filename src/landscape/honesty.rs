//! How far what a map shows is from the truth, and how high the barrier is between two points.

use crate::protocol::OffMeasure;

/// Losses below this count as it: ratios of rounding errors say nothing.
const LEAST: f64 = 1e-9;

/// One loss held against another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Off {
    /// In the plan's measure.
    pub by: f64,
    /// From 0: the task that is off by most.
    pub task: usize,
}

impl OffMeasure {
    /// What is exact.
    pub fn exact(self) -> f64 {
        match self {
            Self::Ratio => 1.0,
            Self::ShareOfRange => 0.0,
        }
    }

    /// How far `shown` is from `truth`; `range` is that of the task's true losses. Infinite where one is no number.
    pub fn of(self, truth: f64, shown: f64, range: f64) -> f64 {
        if !truth.is_finite() || !shown.is_finite() {
            return f64::INFINITY;
        }
        match self {
            Self::Ratio => {
                let (truth, shown) = (truth.max(LEAST), shown.max(LEAST));
                (truth / shown).max(shown / truth)
            }
            Self::ShareOfRange if truth == shown => 0.0,
            Self::ShareOfRange => (truth - shown).abs() / range.max(f64::MIN_POSITIVE),
        }
    }

    /// The worst of K tasks.
    pub fn worst(self, truth: &[f64], shown: &[f64], ranges: &[f64]) -> Off {
        let mut worst = Off { by: self.exact(), task: 0 };
        for (task, ((truth, shown), range)) in truth.iter().zip(shown).zip(ranges).enumerate() {
            let by = self.of(*truth, *shown, *range);
            if by > worst.by {
                worst = Off { by, task };
            }
        }
        worst
    }
}

/// How far losses rise above the straight line between their values at `ends`, at most; 0 where they nowhere do
/// (Entezari et al. 2022). `along` holds places and losses in any order.
pub fn barrier(ends: [(f64, f64); 2], along: impl Iterator<Item = (f64, f64)>) -> f64 {
    let [(from, first), (to, last)] = ends;
    let above = along.filter(|(at, _)| (from..=to).contains(at)).map(|(at, loss)| {
        let share = (at - from) / (to - from);
        loss - (first * (1.0 - share) + last * share)
    });
    above.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_task_is_named() {
        let off = OffMeasure::Ratio.worst(&[0.5, 0.002, 3.0], &[0.25, 0.8, 3.0], &[1.0; 3]);
        assert_eq!((off.by, off.task), (400.0, 1));
        let off = OffMeasure::ShareOfRange.worst(&[-0.5, 0.0], &[-0.5, 1.0], &[1.0, 4.0]);
        assert_eq!((off.by, off.task), (0.25, 1));
        assert_eq!(OffMeasure::Ratio.worst(&[0.0], &[0.0], &[0.0]).by, 1.0);
        assert!(OffMeasure::Ratio.worst(&[f64::NAN], &[1.0], &[1.0]).by.is_infinite());
    }

    #[test]
    fn a_barrier_is_above_the_straight_line() {
        let along = [(-1.0, 50.0), (0.0, 1.0), (0.5, 4.0), (1.0, 3.0), (2.0, 90.0)];
        assert_eq!(barrier([(0.0, 1.0), (1.0, 3.0)], along.into_iter()), 2.0);
        assert_eq!(barrier([(0.0, 1.0), (1.0, 1.0)], [(0.5, 0.2)].into_iter()), 0.0);
    }
}
