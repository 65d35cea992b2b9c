//! The plane that holds most of all compared paths: the first two principal axes of their checkpoints.

use crate::kernels::gramian;
use crate::landscape::breath::breathe;
use crate::landscape::laid::{Frame, Laid, Terrain, dot, unit};
use crate::landscape::plane::{Lay, PlaneSource};
use crate::rng::{Stream, StreamId};

pub const PLANE: PlaneSource = PlaneSource {
    id: "pca",
    label: "PCA of the runs",
    about: "The plane nearest to all checkpoints of all compared runs. It holds most of the paths, but the loss on it can \
            be far from the loss along them.",
    slots: &[],
    required: 0,
    suits_exact: false,
    follows_cursor: false,
    lay: Lay::InPieces(|terrain, _| Box::pin(lay(terrain))),
};

/// Multiply-adds for products of checkpoints; where there are too many, the axes come of evenly spaced ones.
const WORK: usize = 200_000_000;
/// Axes that are refined together, so that the first two settle soon.
const BLOCK: usize = 6;
const MOST_ROUNDS: usize = 400;

async fn lay(terrain: &mut Terrain<'_>) -> Result<Laid, String> {
    let p = terrain.n_parameters();
    let all = terrain.paths.iter().map(Vec::len).sum::<usize>();
    let most = ((2 * WORK / p.max(1)) as f64).sqrt() as usize;
    let every = if p <= all { 1 } else { all.div_ceil(most.max(3 * terrain.paths.len())).max(1) };
    // The last checkpoint of every run is always among them.
    let chosen: Vec<&[f32]> =
        (terrain.paths.iter()).flat_map(|path| path.iter().rev().step_by(every)).map(|(_, theta)| *theta).collect();
    let n = chosen.len();
    let mut mean = vec![0.0; p];
    for theta in &chosen {
        mean.iter_mut().zip(*theta).for_each(|(sum, value)| *sum += f64::from(*value));
        breathe().await;
    }
    mean.iter_mut().for_each(|sum| *sum /= n as f64);
    let mut deviations: Vec<f32> = Vec::with_capacity(n * p);
    for theta in &chosen {
        deviations.extend(theta.iter().zip(&mean).map(|(value, mean)| (f64::from(*value) - mean) as f32));
        breathe().await;
    }
    let directions = if p <= n { of_parameters(p, &deviations).await } else { of_points(n, p, &deviations).await };
    let directions = directions.ok_or(
        "The checkpoints so far span no plane: they are one point or lie on one line. Let the runs take more steps.",
    )?;
    let runs = terrain.paths.iter().filter(|path| !path.is_empty()).count();
    let mut notes = Vec::new();
    if every > 1 {
        notes.push(format!("The axes come of {n} of {all} checkpoints, evenly spaced; the shares are of all."));
    }
    Ok(Laid {
        about: match runs {
            1 => "The first two principal axes of one run’s checkpoints.".into(),
            _ => format!("The first two principal axes of all checkpoints of {runs} runs."),
        },
        notes,
        origin: mean,
        directions: directions.into_iter().map(upright).collect(),
        labels: vec!["axis 1".into(), "axis 2".into()],
        unit: None,
        frame: Frame::Paths,
        anchors: Vec::new(),
        corners: Vec::new(),
    })
}

/// From the (P, P) products of parameters.
async fn of_parameters(p: usize, deviations: &[f32]) -> Option<Vec<Vec<f64>>> {
    let mut matrix = vec![0.0; p * p];
    for row in deviations.chunks_exact(p) {
        for (i, a) in row.iter().enumerate() {
            for (sum, b) in matrix[i * p..][..p].iter_mut().zip(row) {
                *sum += f64::from(*a) * f64::from(*b);
            }
        }
        breathe().await;
    }
    leading(p, &matrix).await
}

/// From the (n, n) products of checkpoints: an axis is a combination of them.
async fn of_points(n: usize, p: usize, deviations: &[f32]) -> Option<Vec<Vec<f64>>> {
    let row = |i: usize| &deviations[i * p..][..p];
    let mut matrix = vec![0.0; n * n];
    for i in 0..n {
        for j in i..n {
            gramian(p, row(i), row(j), &mut matrix[i * n + j..][..1]);
            matrix[j * n + i] = matrix[i * n + j];
            breathe().await;
        }
    }
    let mut axes = Vec::new();
    for shares in leading(n, &matrix).await? {
        let mut axis = vec![0.0; p];
        for (row, share) in deviations.chunks_exact(p).zip(shares) {
            for (sum, value) in axis.iter_mut().zip(row) {
                *sum += share * f64::from(*value);
            }
            breathe().await;
        }
        axes.push(axis);
    }
    orthonormalized(axes)
}

/// The eigenvectors of the two largest eigenvalues of a symmetric positive matrix, by subspace iteration with rotations
/// inside the subspace; `None` where it has no two.
async fn leading(n: usize, matrix: &[f64]) -> Option<Vec<Vec<f64>>> {
    let size = BLOCK.min(n);
    let draws = Stream::new(0, StreamId::Probe, 2);
    let start = (0..size).map(|k| (0..n).map(|i| draws.normal((k * n + i) as u64)).collect()).collect();
    let mut basis = complete(start);
    let mut before = [f64::INFINITY; 2];
    for round in 0..MOST_ROUNDS {
        let images: Vec<Vec<f64>> =
            basis.iter().map(|x| matrix.chunks_exact(n).map(|row| dot(row, x)).collect()).collect();
        let small: Vec<f64> =
            basis.iter().flat_map(|x| images.iter().map(|y| dot(x, y)).collect::<Vec<f64>>()).collect();
        let (values, vectors) = rotated(size, small);
        let now = [values[0], values.get(1).copied().unwrap_or(0.0)];
        let mixed = |of: &[Vec<f64>], k: usize| {
            let mut sum = vec![0.0; n];
            for (j, x) in of.iter().enumerate() {
                let share = vectors[j * size + k];
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += share * x);
            }
            sum
        };
        let settled = now.iter().zip(before).all(|(now, before)| (now - before).abs() <= 1e-14 * values[0]);
        if (settled && round > 3) || round + 1 == MOST_ROUNDS {
            // Deviations are f32 numbers: what is smaller than their rounding is no axis.
            let enough = now[1] > 1e-12 * now[0] && now[0] > 0.0;
            return enough.then(|| vec![mixed(&basis, 0), mixed(&basis, 1)]);
        }
        before = now;
        breathe().await;
        basis = complete((0..size).map(|k| mixed(&images, k)).collect());
    }
    None
}

/// Orthonormal vectors that span what these span; what they lack is filled up with others.
fn complete(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = vectors.first().map_or(0, Vec::len);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let fill = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect());
    let wanted = vectors.len();
    for mut vector in vectors.into_iter().chain(fill) {
        if basis.len() == wanted {
            break;
        }
        let before = dot(&vector, &vector).sqrt();
        for _ in 0..2 {
            for other in &basis {
                let along = dot(other, &vector);
                vector.iter_mut().zip(other).for_each(|(x, other)| *x -= along * other);
            }
        }
        if dot(&vector, &vector).sqrt() > 1e-10 * before
            && let Some(vector) = unit(vector)
        {
            basis.push(vector);
        }
    }
    basis
}

fn orthonormalized(vectors: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let [first, second] = <[Vec<f64>; 2]>::try_from(vectors).ok()?;
    crate::landscape::laid::orthonormal(first, second).map(Vec::from)
}

/// Eigenvalues in falling order and their vectors (columns) of a small symmetric matrix, by Jacobi's rotations.
fn rotated(n: usize, mut a: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let mut vectors: Vec<f64> = (0..n * n).map(|at| f64::from(u8::from(at / n == at % n))).collect();
    for _ in 0..30 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q] == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (vectors[k * n + p], vectors[k * n + q]);
                    (vectors[k * n + p], vectors[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|x, y| a[y * n + y].total_cmp(&a[x * n + x]));
    let values = order.iter().map(|k| a[k * n + k]).collect();
    let sorted = (0..n * n).map(|at| vectors[at / n * n + order[at % n]]).collect();
    (values, sorted)
}

/// An axis has no sign of its own: the largest component is positive, so that the same checkpoints give the same map.
fn upright(mut axis: Vec<f64>) -> Vec<f64> {
    let top = axis.iter().fold(0.0_f64, |top, x| if x.abs() > top.abs() { *x } else { top });
    if top < 0.0 {
        axis.iter_mut().for_each(|x| *x = -*x);
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn leading_axes_of_a_known_matrix() {
        // Orthonormal columns with eigenvalues 9, 4, 1 and 0.
        let axes = [[0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5], [0.5, 0.5, -0.5, -0.5]];
        let values = [9.0, 4.0, 1.0];
        let entry = |at: usize| (0..3).map(|k| values[k] * axes[k][at / 4] * axes[k][at % 4]).sum();
        let matrix: Vec<f64> = (0..16).map(entry).collect();
        let found = block_on(leading(4, &matrix)).expect("two axes");
        for (found, wanted) in found.iter().zip(axes) {
            assert!((dot(found, &wanted).abs() - 1.0).abs() < 1e-12, "{found:?}");
        }
        // One axis alone spans no plane.
        let line: Vec<f64> = (0..16).map(|at| axes[0][at / 4] * axes[0][at % 4]).collect();
        assert!(block_on(leading(4, &line)).is_none());
        assert!(block_on(leading(4, &[0.0; 16])).is_none());
        assert!(block_on(leading(1, &[3.0])).is_none());
    }
}
