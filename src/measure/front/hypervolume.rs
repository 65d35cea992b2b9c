//! Hypervolume (Zitzler & Thiele 1998): how much of loss space a set of points dominates below a reference point.
//!
//! Its unit is the product of the units of the losses and it grows with the reference point, so a value means
//! nothing without that point: whoever prints one prints the other. Lower losses are better. Points that are not
//! better than the reference in every loss, and points that are no numbers, add nothing.

/// Area that the points dominate below the reference point, in O(n log n).
pub fn hypervolume_2d(points: &[[f64; 2]], reference: [f64; 2]) -> f64 {
    let mut inside = within(points, reference);
    inside.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut height = reference[1];
    let mut area = 0.0;
    for [x, y] in inside {
        if y < height {
            area += (reference[0] - x) * (height - y);
            height = y;
        }
    }
    area
}

/// Volume that the points dominate below the reference point: a sweep along the third loss over the staircase of
/// the first two, as in Fonseca, Paquete & López-Ibáñez 2006.
pub fn hypervolume_3d(points: &[[f64; 3]], reference: [f64; 3]) -> f64 {
    let mut inside = within(points, reference);
    inside.sort_by(|a, b| a[2].total_cmp(&b[2]));
    let mut staircase = Staircase { corners: Vec::new(), reference: [reference[0], reference[1]] };
    let (mut area, mut volume) = (0.0, 0.0);
    for (at, &[x, y, z]) in inside.iter().enumerate() {
        area += staircase.insert(x, y);
        let next = inside.get(at + 1).map_or(reference[2], |next| next[2]);
        volume += area * (next - z);
    }
    volume
}

/// The same for points of any kind: two or three losses, `None` for another number of them or for points of
/// different length.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> Option<f64> {
    fn sized<const K: usize>(points: &[Vec<f64>]) -> Option<Vec<[f64; K]>> {
        points.iter().map(|point| point.as_slice().try_into().ok()).collect()
    }
    match *reference {
        [a, b] => Some(hypervolume_2d(&sized(points)?, [a, b])),
        [a, b, c] => Some(hypervolume_3d(&sized(points)?, [a, b, c])),
        _ => None,
    }
}

fn within<const K: usize>(points: &[[f64; K]], reference: [f64; K]) -> Vec<[f64; K]> {
    // A NaN is below nothing; −∞ would dominate an infinite volume.
    let inside = |point: &&[f64; K]| point.iter().zip(&reference).all(|(x, limit)| x.is_finite() && x < limit);
    points.iter().filter(inside).copied().collect()
}

/// Corners of a dominated area: x rises, y falls strictly.
struct Staircase {
    corners: Vec<[f64; 2]>,
    reference: [f64; 2],
}

impl Staircase {
    /// Adds a corner below the reference and returns the area that only it dominates.
    fn insert(&mut self, x: f64, y: f64) -> f64 {
        let from = self.corners.partition_point(|corner| corner[0] <= x);
        let mut height = if from == 0 { self.reference[1] } else { self.corners[from - 1][1] };
        if height <= y {
            return 0.0;
        }
        let (mut gained, mut left, mut to) = (0.0, x, from);
        while let Some(&[right, lower]) = self.corners.get(to).filter(|corner| corner[1] >= y) {
            gained += (right - left) * (height - y);
            (left, height) = (right, lower);
            to += 1;
        }
        let end = self.corners.get(to).map_or(self.reference[0], |corner| corner[0]);
        self.corners.splice(from..to, [[x, y]]);
        gained + (end - left) * (height - y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_area(points: &[[f64; 2]], area: f64) {
        assert!((hypervolume_2d(points, [1.0, 1.0]) - area).abs() < 1e-15);
    }

    #[test]
    fn the_area_is_that_of_the_union() {
        check_area(&[], 0.0);
        check_area(&[[0.0, 0.0]], 1.0);
        check_area(&[[0.25, 0.5], [0.5, 0.25]], 0.375 + 0.125);
        check_area(&[[0.25, 0.5], [0.5, 0.25], [0.6, 0.6], [0.25, 0.75]], 0.5);
        check_area(&[[2.0, 0.0], [f64::NAN, 0.0], [f64::NEG_INFINITY, 0.5], [1.0, 0.5]], 0.0);
    }

    #[track_caller]
    fn check_volume(points: &[[f64; 3]], volume: f64) {
        assert!((hypervolume_3d(points, [1.0; 3]) - volume).abs() < 1e-15);
    }

    #[test]
    fn the_volume_is_that_of_the_union() {
        check_volume(&[], 0.0);
        check_volume(&[[0.0; 3]], 1.0);
        check_volume(&[[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]], 0.5);
        // Twice the same point, one behind it, one on the wall.
        check_volume(&[[0.5; 3], [0.5; 3], [0.5, 0.5, 0.75], [1.0, 0.0, 0.0]], 0.125);
        // Corners that stand above each other.
        check_volume(&[[0.5, 0.75, 0.0], [0.5, 0.5, 0.0], [0.25, 0.5, 0.0]], 0.375);
    }

    #[test]
    fn other_numbers_of_losses_have_no_hypervolume_here() {
        assert_eq!(hypervolume(&[vec![0.5, 0.5]], &[1.0, 1.0]), Some(0.25));
        assert_eq!(hypervolume(&[vec![0.5; 3]], &[1.0; 3]), Some(0.125));
        assert_eq!(hypervolume(&[vec![0.5; 3]], &[1.0; 2]), None);
        assert_eq!(hypervolume(&[vec![0.5; 4]], &[1.0; 4]), None);
        assert_eq!(hypervolume(&[], &[1.0]), None);
    }
}
