//! Shares of three tasks as a point of a triangle: where they lie, and which shares a place has.

use super::Point;

/// The point of a task's corner has all for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triangle {
    pub corners: [Point; 3],
}

impl Triangle {
    /// Where shares (Σ = 1) lie.
    pub fn at(&self, shares: [f64; 3]) -> Point {
        let corners = self.corners.iter().zip(shares);
        corners.fold((0.0, 0.0), |(x, y), (corner, share)| (x + share * corner.0, y + share * corner.1))
    }

    /// The shares of a place, in whole hundredths; of one outside those of the nearest place inside.
    pub fn shares(&self, (x, y): Point) -> [f64; 3] {
        let [a, b, c] = self.corners;
        let area = |p: Point, q: Point, r: Point| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
        let whole = area(a, b, c);
        let first = area((x, y), b, c) / whole;
        let second = area(a, (x, y), c) / whole;
        let shares = [first, second, 1.0 - first - second];
        if shares.iter().all(|share| *share >= 0.0) {
            return hundredths(shares);
        }
        let sides = [(0, 1), (1, 2), (2, 0)].map(|(from, to)| {
            let (p, q) = (self.corners[from], self.corners[to]);
            let (dx, dy) = (q.0 - p.0, q.1 - p.1);
            let along = (((x - p.0) * dx + (y - p.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            let far = (p.0 + along * dx - x).hypot(p.1 + along * dy - y);
            let mut shares = [0.0; 3];
            (shares[from], shares[to]) = (1.0 - along, along);
            (far, shares)
        });
        let nearest = sides.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        hundredths(nearest.map_or([1.0 / 3.0; 3], |(_, shares)| shares))
    }

    /// Shares after `by` of them went from one task to another; no more than it has.
    pub fn passed(shares: [f64; 3], from: usize, to: usize, by: f64) -> [f64; 3] {
        let mut passed = shares;
        let by = by.min(shares[from]);
        passed[from] -= by;
        passed[to] += by;
        hundredths(passed)
    }

    /// Shares with `by` more for one task (less, where below 0), which the others give in proportion to what they have.
    pub fn raised(shares: [f64; 3], task: usize, by: f64) -> [f64; 3] {
        let share = (shares[task] + by).clamp(0.0, 1.0);
        let rest = 1.0 - shares[task];
        hundredths(std::array::from_fn(|other| match other {
            _ if other == task => share,
            _ if rest > 1e-9 => (1.0 - share) * shares[other] / rest,
            _ => (1.0 - share) / 2.0,
        }))
    }
}

/// In whole hundredths that add up to 1: what is left over goes where rounding took most.
fn hundredths(shares: [f64; 3]) -> [f64; 3] {
    let mut counts = shares.map(|share| (100.0 * share).floor().clamp(0.0, 100.0));
    let mut order = [0, 1, 2];
    let left = |task: usize| 100.0 * shares[task] - (100.0 * shares[task]).floor();
    order.sort_by(|a, b| left(*b).total_cmp(&left(*a)));
    let missing = 100.0 - counts.iter().sum::<f64>();
    for task in order.into_iter().take(missing.clamp(0.0, 3.0) as usize) {
        counts[task] += 1.0;
    }
    counts.map(|count| count / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIANGLE: Triangle = Triangle { corners: [(50.0, 0.0), (0.0, 90.0), (100.0, 90.0)] };

    #[test]
    fn places_and_shares_are_each_others_inverse() {
        for i in 0..=100 {
            for j in (0..=100 - i).step_by(7) {
                let shares = [f64::from(i), f64::from(j), f64::from(100 - i - j)].map(|count| count / 100.0);
                assert_eq!(TRIANGLE.shares(TRIANGLE.at(shares)), shares);
            }
        }
        assert_eq!(TRIANGLE.at([1.0, 0.0, 0.0]), (50.0, 0.0));
    }

    #[test]
    fn outside_the_nearest_place_is_meant() {
        assert_eq!(TRIANGLE.shares((50.0, -30.0)), [1.0, 0.0, 0.0]);
        assert_eq!(TRIANGLE.shares((-80.0, 95.0)), [0.0, 1.0, 0.0]);
        assert_eq!(TRIANGLE.shares((75.0, 300.0)), [0.0, 0.25, 0.75]);
        // Left of the left side: its middle.
        assert_eq!(TRIANGLE.shares((25.0 - 9.0, 45.0 - 5.0)), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn what_one_task_gains_others_give() {
        assert_eq!(Triangle::passed([0.5, 0.3, 0.2], 1, 2, 0.05), [0.5, 0.25, 0.25]);
        assert_eq!(Triangle::passed([0.5, 0.03, 0.47], 1, 2, 0.05), [0.5, 0.0, 0.5]);
        assert_eq!(Triangle::raised([0.5, 0.3, 0.2], 0, 0.1), [0.6, 0.24, 0.16]);
        assert_eq!(Triangle::raised([1.0, 0.0, 0.0], 0, -0.1), [0.9, 0.05, 0.05]);
        assert_eq!(Triangle::raised([0.98, 0.01, 0.01], 0, 0.1), [1.0, 0.0, 0.0]);
        for thirds in [[1.0 / 3.0; 3], [0.666_67, 0.166_66, 0.166_67]] {
            let sum: f64 = Triangle::passed(thirds, 0, 1, 0.0).iter().map(|share| (100.0 * share).round()).sum();
            assert!((sum - 100.0).abs() < 1e-9);
        }
    }
}
