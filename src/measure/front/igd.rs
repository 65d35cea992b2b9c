//! IGD, inverted generational distance (Coello Coello & Reyes Sierra 2004): how far a known front is from a set.

/// Mean Euclidean distance from the points of a known front (n, K) to the nearest of `points` (m, K).
///
/// In the unit of the losses, which must therefore share one: a loss that spans a thousand decides over one that
/// spans 1. 0 where the whole front is among the points; the density with which the front was sampled weighs its
/// parts. This is the plain mean; the paper takes √(Σ d²)/n. `None` without points, without a front, or with
/// numbers that are not finite.
pub fn igd(points: &[Vec<f64>], front: &[Vec<f64>]) -> Option<f64> {
    let nearest = |of: &Vec<f64>| {
        let distance = |point: &Vec<f64>| of.iter().zip(point).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        points.iter().map(distance).fold(f64::INFINITY, f64::min)
    };
    let finite = |point: &Vec<f64>| point.iter().all(|x| x.is_finite());
    if points.is_empty() || front.is_empty() || !points.iter().chain(front).all(finite) {
        return None;
    }
    Some(front.iter().map(nearest).sum::<f64>() / front.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_front_looks_for_its_nearest_point() {
        let front = [vec![0.0, 1.0], vec![1.0, 0.0]];
        assert_eq!(igd(&front, &front), Some(0.0));
        assert_eq!(igd(&[vec![0.0, 1.0]], &front), Some(2.0_f64.sqrt() / 2.0));
        assert_eq!(igd(&[vec![3.0, 5.0], vec![1.0, 4.0]], &[vec![0.0, 1.0]]), Some(10.0_f64.sqrt()));
        assert_eq!(igd(&[], &front), None);
        assert_eq!(igd(&front, &[]), None);
        assert_eq!(igd(&[vec![f64::NAN, 0.0]], &front), None);
    }
}
