//! Spacing (Schott 1995): how evenly the points of a front are spread.

/// Standard deviation, over n − 1, of each point's distance to its nearest neighbor, in the L₁ norm of the paper.
///
/// In the unit of the losses, which must therefore share one. 0 where neighbors are equally far everywhere, whatever
/// that distance is: it says nothing about how close the points are to a front or how much of it they cover. `None`
/// below two points, or with numbers that are not finite.
pub fn spacing(points: &[Vec<f64>]) -> Option<f64> {
    if points.len() < 2 || points.iter().flatten().any(|x| !x.is_finite()) {
        return None;
    }
    let apart = |i: usize, j: usize| points[i].iter().zip(&points[j]).map(|(a, b)| (a - b).abs()).sum::<f64>();
    let others = |i: usize| (0..points.len()).filter(move |&j| j != i);
    let nearest = |i: usize| others(i).map(|j| apart(i, j)).fold(f64::INFINITY, f64::min);
    let distances: Vec<f64> = (0..points.len()).map(nearest).collect();
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let squares: f64 = distances.iter().map(|distance| (distance - mean) * (distance - mean)).sum();
    Some((squares / (points.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_neighbors_have_no_spacing() {
        let line = |places: &[f64]| places.iter().map(|x| vec![*x, 1.0 - x]).collect::<Vec<_>>();
        assert_eq!(spacing(&line(&[0.0, 0.25, 0.5, 0.75])), Some(0.0));
        // Distances 2, 2, 4 with mean 8/3.
        let uneven = spacing(&line(&[0.0, 1.0, 3.0]));
        assert!((uneven.unwrap_or(0.0) - (4.0_f64 / 3.0).sqrt()).abs() < 1e-15, "{uneven:?}");
        assert_eq!(spacing(&line(&[0.5])), None);
        assert_eq!(spacing(&[vec![0.0, 0.0], vec![f64::INFINITY, 0.0]]), None);
    }
}
