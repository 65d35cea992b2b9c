//! How the labels of the tasks follow the inputs, linearly: products of the columns Xᵀyᵢ.

use crate::data::{Split, Targets};

/// Power iterations for the leading direction of a class task.
const ITERATIONS: usize = 60;

/// (K, K) products cᵢ·cⱼ of cᵢ = Xᵀyᵢ (D), y centered and of length 1.
///
/// A task with classes enters by the direction of its centered one-hot labels (N, C) that follows the inputs most: the
/// leading left singular vector of XᵀY, times its singular value. Its sign is arbitrary, and so are the signs of its
/// products with others.
pub fn label_products(split: &Split, targets: &[usize]) -> Vec<f64> {
    let k = targets.len();
    let columns: Vec<Vec<f64>> = targets.iter().map(|&target| column(split, &split.targets[target])).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    (0..k * k).map(|at| dot(&columns[at / k], &columns[at % k])).collect()
}

fn column(split: &Split, targets: &Targets) -> Vec<f64> {
    let n = split.rows.max(1) as f64;
    let n_inputs = split.x.len() / split.rows.max(1);
    let rows = || split.x.chunks_exact(n_inputs.max(1));
    let add =
        |to: &mut [f64], share: f64, x: &[f32]| to.iter_mut().zip(x).for_each(|(to, &x)| *to += share * f64::from(x));
    match targets {
        Targets::Value(values) => {
            let mean = values.iter().copied().map(f64::from).sum::<f64>() / n;
            let mut column = vec![0.0; n_inputs];
            let mut square = 0.0;
            for (x, &y) in rows().zip(values) {
                add(&mut column, f64::from(y) - mean, x);
                square += (f64::from(y) - mean).powi(2);
            }
            scaled(column, square.sqrt())
        }
        Targets::Class(classes) => {
            let n_classes = classes.iter().map(|&class| class as usize + 1).max().unwrap_or(1);
            let mut columns = vec![vec![0.0; n_inputs]; n_classes];
            let mut counts = vec![0.0; n_classes];
            let mut all = vec![0.0; n_inputs];
            for (x, &class) in rows().zip(classes) {
                add(&mut columns[class as usize], 1.0, x);
                add(&mut all, 1.0, x);
                counts[class as usize] += 1.0;
            }
            let mut square = 0.0;
            for (column, count) in columns.iter_mut().zip(&counts) {
                column.iter_mut().zip(&all).for_each(|(c, all)| *c -= count / n * all);
                square += count * (1.0 - count / n);
            }
            scaled(leading(&columns), square.sqrt())
        }
    }
}

fn scaled(mut column: Vec<f64>, length: f64) -> Vec<f64> {
    // Labels that do not vary follow nothing.
    column.iter_mut().for_each(|c| *c = if length > 0.0 { *c / length } else { 0.0 });
    column
}

/// The leading left singular vector of these columns times its singular value.
fn leading(columns: &[Vec<f64>]) -> Vec<f64> {
    let square = |a: &[f64]| a.iter().map(|a| a * a).sum::<f64>();
    let longest = columns.iter().max_by(|a, b| square(a).total_cmp(&square(b)));
    let mut u = longest.cloned().unwrap_or_default();
    let mut value = 0.0;
    for _ in 0..ITERATIONS {
        let length = square(&u).sqrt();
        if length == 0.0 {
            return u;
        }
        u.iter_mut().for_each(|u| *u /= length);
        let shares: Vec<f64> = columns.iter().map(|c| c.iter().zip(&u).map(|(c, u)| c * u).sum()).collect();
        value = square(&shares).sqrt();
        u.fill(0.0);
        for (share, column) in shares.iter().zip(columns) {
            u.iter_mut().zip(column).for_each(|(u, c)| *u += share * c);
        }
    }
    let length = square(&u).sqrt();
    if length > 0.0 {
        u.iter_mut().for_each(|u| *u *= value / length);
    }
    u
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_follow_the_same_input_have_a_large_product() {
        // Four rows in a plane; y₀ and the classes follow x₁, y₁ follows x₂.
        let split = Split {
            rows: 4,
            x: vec![1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0],
            targets: vec![
                Targets::Value(vec![5.0, 5.0, 3.0, 3.0]),
                Targets::Value(vec![2.0, -2.0, 2.0, -2.0]),
                Targets::Class(vec![1, 1, 0, 0]),
            ],
        };
        let m = label_products(&split, &[0, 1, 2]);
        for (at, exact) in [(0, 4.0), (1, 0.0), (4, 4.0), (5, 0.0), (8, 4.0)] {
            assert!((m[at] - exact).abs() < 1e-12, "{at}: {} instead of {exact}", m[at]);
        }
        assert!((m[2].abs() - 4.0).abs() < 1e-12, "{}", m[2]);
    }
}
