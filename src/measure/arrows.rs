//! Two or three task gradients as arrows, isometric from the Gramian alone, and their cone of common descent.
//!
//! K gradients and every wᵀG have at most K coordinates, so the plane (K = 2) and space (K = 3) lose nothing: all inner
//! products of the drawn vectors are those of the Gramian. Coordinates are x right, y up, z towards the reader; the
//! plane has z = 0. Directions and lengths are kept apart, so that a tiny gradient keeps its angle beside a huge one.

use super::pull::{cosines, lengths};

/// Coordinates (x, y, z).
pub type Vector = [f64; 3];

/// Below this part of a unit vector a direction is rounding of the ones before it.
const INDEPENDENT: f64 = 1e-6;

pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// a + t·b.
pub fn plus(a: Vector, t: f64, b: Vector) -> Vector {
    [a[0] + t * b[0], a[1] + t * b[1], a[2] + t * b[2]]
}

pub fn scaled(t: f64, a: Vector) -> Vector {
    [t * a[0], t * a[1], t * a[2]]
}

/// ‖a‖ without overflow or underflow of the squares.
pub fn length(a: Vector) -> f64 {
    libm::hypot(libm::hypot(a[0], a[1]), a[2])
}

/// a / ‖a‖; zero stays zero.
pub fn unit(a: Vector) -> Vector {
    let top = a.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
    if !(top > 0.0 && top.is_finite()) {
        return [0.0; 3];
    }
    let a = [a[0] / top, a[1] / top, a[2] / top];
    scaled(1.0 / length(a), a)
}

/// K = 2 or 3 gradients in K coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrows {
    lengths: Vec<f64>,
    /// Zero where the gradient is.
    units: Vec<Vector>,
}

impl Arrows {
    /// From M (K, K) row-major, which must be a Gramian up to rounding, turned so that the sum of the unit gradients
    /// points up and the first one to the right. `None` for other K and for numbers that are not finite.
    pub fn of_gramian(gramian: &[f64], n_tasks: usize) -> Option<Self> {
        let k = n_tasks;
        if !(2..=3).contains(&k) || gramian.len() != k * k || gramian.iter().any(|entry| !entry.is_finite()) {
            return None;
        }
        let lengths = lengths(gramian, k);
        let units = upright(&factor(&cosines(gramian, k), &lengths), k);
        Some(Self { lengths, units })
    }

    /// From rows (K, K) row-major as they are. `None` for other K and for numbers that are not finite.
    pub fn of_rows(rows: &[f64], n_tasks: usize) -> Option<Self> {
        let k = n_tasks;
        if !(2..=3).contains(&k) || rows.len() != k * k || rows.iter().any(|entry| !entry.is_finite()) {
            return None;
        }
        let vectors: Vec<Vector> =
            rows.chunks_exact(k).map(|row| [row[0], row[1], row.get(2).copied().unwrap_or(0.0)]).collect();
        Some(Self {
            lengths: vectors.iter().map(|row| length(*row)).collect(),
            units: vectors.into_iter().map(unit).collect(),
        })
    }

    pub fn n_tasks(&self) -> usize {
        self.units.len()
    }

    /// (K) lengths.
    pub fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// (K) gᵢ / ‖gᵢ‖, zero where gᵢ is.
    pub fn units(&self) -> &[Vector] {
        &self.units
    }

    /// gᵢ.
    pub fn gradient(&self, i: usize) -> Vector {
        scaled(self.lengths[i], self.units[i])
    }

    /// Rows (K, K) row-major.
    pub fn rows(&self) -> Vec<f64> {
        let k = self.n_tasks();
        (0..k).flat_map(|i| self.gradient(i)[..k].to_vec()).collect()
    }

    /// wᵀG from weights (K).
    pub fn combine(&self, weights: &[f64]) -> Vector {
        (0..self.n_tasks()).fold([0.0; 3], |sum, i| plus(sum, weights[i], self.gradient(i)))
    }

    /// The part in the span of the gradients of a vector that is known by its products (K) with them and its length.
    ///
    /// Gradients that depend on others say nothing new about it; what rounding would make longer than the whole is cut.
    pub fn place(&self, products: &[f64], length: f64) -> Vector {
        let mut placed = [0.0; 3];
        for (i, axis, pivot) in basis(&self.units) {
            let along = products[i] / self.lengths[i] - dot(self.units[i], placed);
            let left = (length * length - dot(placed, placed)).max(0.0).sqrt();
            let coordinate = (along / pivot).clamp(-left, left);
            if coordinate.is_finite() {
                placed = plus(placed, coordinate, axis);
            }
        }
        placed
    }

    /// The cone of common descent {d : gᵢ·d ≥ 0 for all i}.
    pub fn cone(&self) -> Cone {
        if self.n_tasks() == 2 { plane_cone(&self.units) } else { space_cone(&self.units) }
    }
}

/// Unit vectors with these cosines (K, K): Cholesky, the largest remainder first, so that no pivot is rounding while a
/// sound one is left.
fn factor(cosines: &[f64], lengths: &[f64]) -> Vec<Vector> {
    let k = lengths.len();
    let mut units = vec![[0.0; 3]; k];
    let mut rest: Vec<f64> = lengths.iter().map(|length| if *length > 0.0 { 1.0 } else { 0.0 }).collect();
    let mut done: Vec<bool> = lengths.iter().map(|length| *length <= 0.0).collect();
    for axis in 0..k {
        let open = (0..k).filter(|&i| !done[i]);
        // The first of equals, so that the picture does not depend on the last bit of a sum.
        let Some(top) = open.reduce(|best, i| if rest[i] > rest[best] + 1e-9 { i } else { best }) else { break };
        if rest[top] <= 1e-14 {
            break;
        }
        done[top] = true;
        let pivot = rest[top].sqrt();
        units[top][axis] = pivot;
        for i in (0..k).filter(|&i| !done[i]) {
            let known: f64 = (0..axis).map(|c| units[i][c] * units[top][c]).sum();
            let reach = rest[i].max(0.0).sqrt();
            units[i][axis] = ((cosines[i * k + top] - known) / pivot).clamp(-reach, reach);
            rest[i] -= units[i][axis] * units[i][axis];
        }
    }
    units
}

/// The vectors turned so that their sum points up and the first of them to the right.
fn upright(units: &[Vector], n_axes: usize) -> Vec<Vector> {
    let sum = units.iter().fold([0.0; 3], |sum, u| plus(sum, 1.0, *u));
    let first = units.iter().copied().find(|u| dot(*u, *u) > 0.0).unwrap_or([1.0, 0.0, 0.0]);
    let aside = |a: Vector, from: Vector| plus(a, -dot(a, from), from);
    let (right, up) = if length(sum) > 1e-9 {
        let up = unit(sum);
        let right = aside(first, up);
        // Where all point one way any direction beside it is as good.
        (if length(right) > 1e-9 { unit(right) } else { beside(up, n_axes) }, up)
    } else {
        let right = first;
        let up = units.iter().map(|u| aside(*u, right)).find(|u| length(*u) > 1e-9);
        (right, up.map_or_else(|| beside(right, n_axes), unit))
    };
    let toward = cross(right, up);
    units.iter().map(|u| [dot(*u, right), dot(*u, up), if n_axes == 2 { 0.0 } else { dot(*u, toward) }]).collect()
}

/// A unit vector at right angles to a unit vector, within the first axes.
fn beside(a: Vector, n_axes: usize) -> Vector {
    let least = (0..n_axes).reduce(|best, c| if a[c].abs() < a[best].abs() { c } else { best }).unwrap_or(0);
    let mut axis = [0.0; 3];
    axis[least] = 1.0;
    unit(plus(axis, -dot(axis, a), a))
}

/// An orthonormal basis of the span: each axis with the vector that brings it and how far that one reaches along it.
fn basis(units: &[Vector]) -> Vec<(usize, Vector, f64)> {
    let mut rest = units.to_vec();
    let mut axes = Vec::new();
    while axes.len() < units.len() {
        let longest = (0..rest.len()).reduce(|best, i| if length(rest[i]) > length(rest[best]) { i } else { best });
        let Some(i) = longest.filter(|i| length(rest[*i]) > INDEPENDENT) else { break };
        let pivot = length(rest[i]);
        let axis = unit(rest[i]);
        axes.push((i, axis, pivot));
        for u in &mut rest {
            *u = plus(*u, -dot(*u, axis), axis);
        }
        rest[i] = [0.0; 3];
    }
    axes
}

/// Directions that hurt no task, as what can be drawn of them: everything between the edges and within the faces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cone {
    /// Unit vectors of its edges. Of a line both ends are here.
    pub edges: Vec<Vector>,
    /// Unit vectors along each face's rim, less than half a turn from one to the next. In the plane the one face is the
    /// cone itself; in space they bound it.
    pub faces: Vec<Vec<Vector>>,
    /// A direction that helps all tasks; `None` where there is none or every direction is as good.
    pub inside: Option<Vector>,
}

fn plane_cone(units: &[Vector]) -> Cone {
    let known: Vec<Vector> = units.iter().copied().filter(|u| dot(*u, *u) > 0.0).collect();
    let angle = |u: Vector| libm::atan2(u[1], u[0]);
    let (middle, apart) = match known[..] {
        [] => return Cone::default(),
        [only] => (angle(only), 0.0),
        [a, b, ..] => {
            let turn = libm::atan2(a[0] * b[1] - a[1] * b[0], dot(a, b));
            (angle(a) + turn / 2.0, turn.abs())
        }
    };
    let half = (std::f64::consts::PI - apart) / 2.0;
    let at = |angle: f64| [libm::cos(angle), libm::sin(angle), 0.0];
    let edges = vec![at(middle - half), at(middle + half)];
    if half <= INDEPENDENT {
        // Opposed gradients leave the line at right angles to them.
        let edge = at(middle);
        return Cone { edges: vec![edge, scaled(-1.0, edge)], faces: Vec::new(), inside: None };
    }
    Cone { faces: vec![vec![edges[0], at(middle), edges[1]]], edges, inside: Some(at(middle)) }
}

fn space_cone(units: &[Vector]) -> Cone {
    let known: Vec<Vector> = units.iter().copied().filter(|u| dot(*u, *u) > 0.0).collect();
    let axes: Vec<Vector> = basis(units).into_iter().map(|(_, axis, _)| axis).collect();
    let hurts_none = |d: Vector| known.iter().all(|u| dot(*u, d) >= -1e-9);
    match axes[..] {
        [] => Cone::default(),
        [axis] => {
            let p = beside(axis, 3);
            let q = cross(axis, p);
            let rim = vec![p, q, scaled(-1.0, p), scaled(-1.0, q), p];
            let inside = [axis, scaled(-1.0, axis)].into_iter().find(|d| hurts_none(*d));
            Cone { edges: Vec::new(), faces: vec![rim], inside }
        }
        [a, b] => {
            let normal = unit(cross(a, b));
            let back = scaled(-1.0, normal);
            let mut edges: Vec<Vector> = Vec::new();
            for u in &known {
                for edge in [unit(cross(normal, *u)), unit(cross(*u, normal))] {
                    if hurts_none(edge) && edges.iter().all(|other| dot(*other, edge) < 1.0 - 1e-9) {
                        edges.push(edge);
                    }
                }
            }
            let sum = edges.iter().fold([0.0; 3], |sum, e| plus(sum, 1.0, *e));
            let whole = known.iter().fold([0.0; 3], |sum, u| plus(sum, 1.0, *u));
            // Two edges that are opposite bound a half-space's worth: the gradients' own sum lies in it.
            let inside = [sum, whole].map(unit).into_iter().find(|d| known.iter().all(|u| dot(*u, *d) > 1e-9));
            let faces = edges.iter().map(|edge| vec![normal, *edge, back]).collect();
            edges.extend([normal, back]);
            Cone { edges, faces, inside }
        }
        _ => {
            let [u, v, w] = [known[0], known[1], known[2]];
            let sign = dot(u, cross(v, w)).signum();
            let edges: Vec<Vector> =
                [cross(v, w), cross(w, u), cross(u, v)].map(|edge| unit(scaled(sign, edge))).to_vec();
            let faces = vec![vec![edges[1], edges[2]], vec![edges[2], edges[0]], vec![edges[0], edges[1]]];
            let sum = edges.iter().fold([0.0; 3], |sum, e| plus(sum, 1.0, *e));
            Cone { edges, faces, inside: Some(unit(sum)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gramian(rows: &[Vec<f64>]) -> Vec<f64> {
        let product = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        rows.iter().flat_map(|a| rows.iter().map(|b| product(a, b)).collect::<Vec<_>>()).collect()
    }

    #[track_caller]
    fn check_isometry(rows: &[Vec<f64>], weights: &[f64]) {
        let k = rows.len();
        let m = gramian(rows);
        let arrows = Arrows::of_gramian(&m, k).expect("two or three rows");
        let size = |i: usize| arrows.lengths()[i];
        for i in 0..k {
            for j in 0..k {
                let off = dot(arrows.gradient(i), arrows.gradient(j)) - m[i * k + j];
                assert!(off.abs() <= 1e-9 * size(i) * size(j), "{rows:?}: {i} {j} {off}");
            }
        }
        // Every update keeps its products with the gradients and its length.
        let d = arrows.combine(weights);
        let products: Vec<f64> = (0..k).map(|i| (0..k).map(|j| m[i * k + j] * weights[j]).sum()).collect();
        let square: f64 = products.iter().zip(weights).map(|(p, w)| p * w).sum();
        let reach: f64 = (0..k).map(|i| weights[i].abs() * size(i)).sum();
        assert!((dot(d, d) - square).abs() <= 1e-9 * reach * reach, "{rows:?}: {} {square}", dot(d, d));
        for (i, product) in products.iter().enumerate() {
            let off = dot(arrows.gradient(i), d) - product;
            assert!(off.abs() <= 1e-9 * size(i) * reach, "{rows:?}: {i} {off}");
        }
        // The frame: first gradient not to the left, the sum of the unit vectors up.
        let sum = arrows.units().iter().fold([0.0; 3], |sum, u| plus(sum, 1.0, *u));
        assert!(arrows.units()[0][0] >= -1e-9 && sum[1] >= -1e-9);
        assert!(k == 3 || arrows.units().iter().all(|u| u[2] == 0.0));
    }

    #[test]
    fn ranks_and_sizes_of_every_kind_are_isometric() {
        let w = [0.7, -1.3, 2.0];
        for rows in [
            vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]],
            vec![vec![1.0, 2.0], vec![-2.0, -4.0], vec![0.5, 1.0]],
            vec![vec![1.0, 0.0], vec![-0.5, 0.75f64.sqrt()], vec![-0.5, -(0.75f64.sqrt())]],
            vec![vec![1e-9, 0.0, 2e-9, 1e-9], vec![3e6, 1e6, -2e6, 0.0], vec![1.0, 1.0, 1.0, -4.0]],
            vec![vec![0.0, 0.0], vec![1.0, 0.0], vec![-1.0, 1e-7]],
            vec![vec![1.0, 1.0, 0.0], vec![1.0, 1.0, 1e-8], vec![1.0, 1.0, -1e-8]],
            vec![vec![0.0; 3], vec![0.0; 3], vec![0.0; 3]],
        ] {
            check_isometry(&rows, &w);
            check_isometry(&rows[..2], &w[..2]);
        }
    }

    /// Whether d is a sum of non-negative multiples of the edges, or of directions around the inside of a half-space,
    /// found from the drawn geometry alone; the second number is by how much.
    fn within(cone: &Cone, d: Vector) -> f64 {
        match cone.edges[..] {
            [a, b] => {
                let along = |u: Vector| d[0] * u[1] - d[1] * u[0];
                let turn = a[0] * b[1] - a[1] * b[0];
                (-along(a)).min(along(b)) / turn.abs().max(1e-12)
            }
            [a, b, c] => {
                let volume = dot(a, cross(b, c));
                let parts = [dot(d, cross(b, c)), dot(d, cross(c, a)), dot(d, cross(a, b))].map(|part| part / volume);
                parts.into_iter().fold(f64::INFINITY, f64::min)
            }
            _ => unreachable!("a cone of two or three independent gradients"),
        }
    }

    #[test]
    fn flat_cones_have_the_edges_that_are_left() {
        let rows = |rows: [[f64; 3]; 3]| Arrows::of_rows(&rows.concat(), 3).expect("three rows").cone();
        // Three in a fan leave only the line at right angles to their plane.
        let h = 0.75f64.sqrt();
        let fan = rows([[1.0, 0.0, 0.0], [-0.5, h, 0.0], [-0.5, -h, 0.0]]);
        assert!(fan.edges.len() == 2 && fan.faces.is_empty() && fan.inside.is_none());
        assert!((fan.edges[0][2].abs() - 1.0).abs() < 1e-12);
        // Three within a right angle of a plane: a wedge.
        let wedge = rows([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]);
        assert_eq!((wedge.edges.len(), wedge.faces.len()), (4, 2));
        assert!(wedge.inside.is_some_and(|d| (d[0] - d[1]).abs() < 1e-9 && d[0] > 0.0));
        // Two opposed and one aside: half of the plane at right angles to the two.
        let half = rows([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        assert_eq!((half.edges.len(), half.faces.len()), (3, 1));
        assert!(half.inside.is_none() && half.edges[0][1] > 1.0 - 1e-9);
        // Parallel ones: a half-space.
        let space = rows([[0.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);
        assert_eq!((space.edges.len(), space.faces.len(), space.inside), (0, 1, Some([0.0, 1.0, 0.0])));
        assert_eq!(rows([[0.0; 3]; 3]), Cone::default());
        let line = Arrows::of_rows(&[1.0, 0.0, -3.0, 0.0], 2).expect("two rows").cone();
        assert!(line.faces.is_empty() && line.edges.iter().all(|edge| edge[0].abs() < 1e-6));
        let one = Arrows::of_rows(&[0.0, 2.0, 0.0, 0.0], 2).expect("two rows").cone();
        assert!(one.faces.len() == 1 && one.inside.is_some_and(|d| d[1] > 1.0 - 1e-9));
    }

    #[test]
    fn a_vector_known_by_its_products_is_placed_by_its_part_in_the_span() {
        let arrows = Arrows::of_rows(&[1.0, 0.0, 0.0, 2.0], 2).expect("two rows");
        assert_eq!(arrows.place(&[1.0, 2.0], 9.0), [1.0, 1.0, 0.0]);
        // Products that no vector of this length has are cut to it.
        assert!(length(arrows.place(&[1.0, 2.0], 0.5)) <= 0.5 + 1e-12);
        // Three in a plane: the third says nothing new.
        let flat = Arrows::of_rows(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0], 3).expect("three rows");
        let placed = flat.place(&[0.5, 0.25, 0.75], 4.0);
        assert!(length(plus(placed, -1.0, [0.5, 0.25, 0.0])) < 1e-12);
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert!(Arrows::of_gramian(&[1.0; 16], 4).is_none() && Arrows::of_gramian(&[1.0], 1).is_none());
        assert!(Arrows::of_gramian(&[f64::NAN; 4], 2).is_none() && Arrows::of_rows(&[1.0; 3], 2).is_none());
        assert!(Arrows::of_rows(&[f64::INFINITY; 9], 3).is_none());
        assert_eq!(unit([1e300, 0.0, 0.0]), [1.0, 0.0, 0.0]);
    }

    fn row(n: usize) -> impl Strategy<Value = Vec<f64>> {
        (proptest::collection::vec(-1.0..1.0_f64, n), -6..6_i32)
            .prop_map(|(row, power)| row.into_iter().map(|x| x * 10f64.powi(power)).collect())
    }

    fn entries(n: usize) -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(-1.0..1.0_f64, n)
    }

    proptest! {
        #[test]
        fn all_pairwise_products_are_those_of_the_gramian(
            rows in proptest::collection::vec(row(5), 2..=3),
            weights in proptest::collection::vec(-2.0..2.0_f64, 3),
            dependent: bool,
        ) {
            let mut rows = rows;
            if dependent {
                let last = rows.len() - 1;
                rows[last] = rows[0].iter().map(|x| -3.0 * x).collect();
            }
            let k = rows.len();
            check_isometry(&rows, &weights[..k]);
        }

        #[test]
        fn drawn_inside_the_cone_means_that_no_task_is_hurt(
            rows in prop_oneof![entries(4), entries(9)],
            weights in proptest::collection::vec(-1.0..1.0_f64, 3),
        ) {
            let k = if rows.len() == 4 { 2 } else { 3 };
            let arrows = Arrows::of_rows(&rows, k).expect("finite rows");
            prop_assume!(basis(arrows.units()).iter().all(|(.., pivot)| *pivot > 1e-3));
            prop_assume!(basis(arrows.units()).len() == k);
            let d = unit(arrows.combine(&weights));
            let least = arrows.units().iter().map(|u| dot(*u, d)).fold(f64::INFINITY, f64::min);
            let cone = arrows.cone();
            prop_assume!(least.abs() > 1e-6);
            prop_assert_eq!(within(&cone, d) > 0.0, least > 0.0, "{:?} {:?}", d, &cone);
            // Edges lie in the cone, each at right angles to a gradient; the inside helps all.
            for edge in &cone.edges {
                prop_assert!(arrows.units().iter().all(|u| dot(*u, *edge) >= -1e-9));
                prop_assert!(arrows.units().iter().any(|u| dot(*u, *edge).abs() < 1e-9));
            }
            let inside = cone.inside.expect("independent gradients have a common descent");
            prop_assert!(arrows.units().iter().all(|u| dot(*u, inside) > 0.0));
        }
    }
}
