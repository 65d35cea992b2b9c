//! Where labels go: pushed apart along an axis, or set in the nearest free place of a plane.

use super::picture::{Point, Rect};

/// Positions as near as possible (least squares) to `wanted`, in the same order and at least `gap` apart
/// inside [low, high]. When they cannot fit, they are spread evenly over the whole range.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let n = wanted.len();
    if n == 0 {
        return Vec::new();
    }
    let room = high - low;
    if room < gap * (n as f64 - 1.0) {
        let stride = if n > 1 { room.max(0.0) / (n as f64 - 1.0) } else { 0.0 };
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
        let mut placed = vec![low; n];
        for (rank, idx) in order.into_iter().enumerate() {
            placed[idx] = low + stride * rank as f64;
        }
        return placed;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    // Taking `rank · gap` off turns "at least gap apart" into "not decreasing": pool adjacent violators.
    let mut blocks: Vec<(f64, f64)> = Vec::new(); // (sum, count)
    for (rank, idx) in order.iter().enumerate() {
        blocks.push((wanted[*idx] - gap * rank as f64, 1.0));
        while let [.., before, last] = blocks[..] {
            if before.0 / before.1 <= last.0 / last.1 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push((before.0 + last.0, before.1 + last.1));
        }
    }
    let top = high - gap * (n as f64 - 1.0);
    let mut placed = vec![0.0; n];
    let mut rank = 0;
    for (sum, count) in blocks {
        let level = (sum / count).clamp(low, top.max(low));
        for _ in 0..count as usize {
            placed[order[rank]] = level + gap * rank as f64;
            rank += 1;
        }
    }
    placed
}

/// A label that looks for a place around its mark.
pub struct Wish {
    pub at: Point,
    /// Preferred side in radians, y up.
    pub toward: f64,
    pub width: f64,
    /// Free distance to the mark's center.
    pub clear: f64,
}

/// Boxes (14 px high) for the labels, each in the nearest free place around its mark: away from
/// `taken`, from each other and inside `bounds`.
pub fn settle(wishes: &[Wish], taken: &[Rect], bounds: Rect) -> Vec<Rect> {
    const HEIGHT: f64 = 14.0;
    let mut taken = taken.to_vec();
    let mut places = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let mut best = (f64::INFINITY, Rect { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 });
        for far in [0.0, 5.0, 11.0, 19.0, 29.0, 41.0] {
            for turn in 0..16 {
                let side = f64::from(turn / 2 + turn % 2) * if turn % 2 == 0 { 1.0 } else { -1.0 };
                let angle = wish.toward + side * std::f64::consts::PI / 8.0;
                let (ux, uy) = (angle.cos(), -angle.sin());
                let reach = wish.clear + far;
                let left = wish.at.0 + ux * reach + (ux - 1.0) * wish.width / 2.0;
                let top = wish.at.1 + uy * reach + (uy - 1.0) * HEIGHT / 2.0;
                let place = Rect { left, top, right: left + wish.width, bottom: top + HEIGHT };
                let outside = place.left < bounds.left
                    || place.right > bounds.right
                    || place.top < bounds.top
                    || place.bottom > bounds.bottom;
                // What costs more than the best place so far before all of it is added up need not be.
                let mut cost = 1.5 * far + 1.2 * f64::from(turn) + if outside { 4000.0 } else { 0.0 };
                for other in &taken {
                    if cost >= best.0 {
                        break;
                    }
                    cost += 4.0 * place.overlap(other);
                }
                if cost < best.0 {
                    best = (cost, place);
                }
            }
        }
        taken.push(best.1);
        places.push(best.1);
    }
    places
}

/// Small boxes along a segment, as obstacles for [`settle`].
pub fn along(a: Point, b: Point) -> impl Iterator<Item = Rect> {
    (1..=14).map(move |i| {
        let t = f64::from(i) / 14.0;
        let (x, y) = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
        Rect { left: x - 4.0, top: y - 4.0, right: x + 4.0, bottom: y + 4.0 }
    })
}
