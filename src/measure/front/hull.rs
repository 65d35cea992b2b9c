//! The lower left convex hull: what weighted sums of two losses can reach.

/// Corners of the hull of points of two losses, from left to right: each is the best of all points under some weights
/// that are not negative. Points that are no numbers are left out.
pub fn reach(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut points: Vec<[f64; 2]> =
        points.iter().filter(|point| point.iter().all(|x| x.is_finite())).copied().collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut hull: Vec<[f64; 2]> = Vec::new();
    for point in points {
        while let [.., a, b] = hull[..] {
            let turn = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
            if turn > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    // Behind the lowest point weights would have to be negative.
    let lowest = (0..hull.len()).min_by(|a, b| hull[*a][1].total_cmp(&hull[*b][1])).unwrap_or(0);
    hull.truncate(lowest + 1);
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bend_outwards_is_out_of_reach() {
        let points = [[0.0, 1.0], [0.6, 0.7], [1.0, 0.0], [0.2, 0.4], [1.5, 0.0], [0.0, 2.0], [2.0, 3.0]];
        assert_eq!(reach(&points), [[0.0, 1.0], [0.2, 0.4], [1.0, 0.0]]);
        assert_eq!(reach(&[[0.5, 0.5], [0.5, 0.5], [0.5, 0.7]]), [[0.5, 0.5]]);
        assert_eq!(reach(&[[1.0, 1.0], [0.5, f64::NAN]]), [[1.0, 1.0]]);
        assert!(reach(&[]).is_empty());
    }
}
