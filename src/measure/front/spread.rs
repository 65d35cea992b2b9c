//! Maximum spread (Zitzler, Deb & Thiele 2000, M₃* with the square of differences): how far a set of points reaches.

/// Diagonal of the smallest box around the points.
///
/// In the unit of the losses, which must therefore share one. It says nothing about what lies between the ends, which
/// `spacing` does. `None` below two points, or with numbers that are not finite.
pub fn spread(points: &[Vec<f64>]) -> Option<f64> {
    let k = points.first()?.len();
    if points.len() < 2 || points.iter().any(|point| point.len() != k || point.iter().any(|x| !x.is_finite())) {
        return None;
    }
    let extent = |task: usize| {
        let values = points.iter().map(|point| point[task]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        high - low
    };
    Some((0..k).map(|task| extent(task) * extent(task)).sum::<f64>().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_diagonal_of_a_box() {
        let points = [vec![0.0, 4.0], vec![1.0, 1.0], vec![3.0, 0.0]];
        assert_eq!(spread(&points), Some(5.0));
        assert_eq!(spread(&points[1..]), Some(5.0_f64.sqrt()));
        assert_eq!(spread(&[vec![2.0, 1.0], vec![2.0, 1.0]]), Some(0.0));
        assert_eq!(spread(&points[..1]), None);
        assert_eq!(spread(&[vec![0.0, 0.0], vec![f64::INFINITY, 0.0]]), None);
        assert_eq!(spread(&[vec![0.0, 0.0], vec![1.0]]), None);
        assert_eq!(spread(&[]), None);
    }
}
