//! Hypervolume-gradient populations (Emmerich & Deutz 2014; layers as in HIGA-MO, Wang et al. 2017): members weigh the
//! tasks so that together they dominate more.
//!
//! The weight of task k at a point is −∂HV/∂ℓₖ, the size of the facet of the dominated region that moves with ℓₖ,
//! divided by the sum of its weights. Points that others dominate have no part in the hypervolume: they are sorted into
//! layers, and every layer is a front of its own. The reference point is beyond the worst first losses and stays. A
//! point that is not below it first goes back, by the losses that are above.

use super::learner::{Crowd, Learner};
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method, constant, sum};
use crate::measure::front::{dominates, hypervolume};

pub const LEARNER: Learner = Learner {
    id: "hv",
    label: "Hypervolume",
    about: "Trains the same network from many initial weights side by side. In every step each of them weighs the \
            tasks by how much the region that all of them dominate together would grow, so they go to the front and \
            spread along it, bulging inward or not. The preference picks the member whose losses are nearest to it. A \
            step costs as much as that many runs, and one more forward pass each.",
    pitfalls: "Hypervolume needs losses in comparable units and a reference point; here that is beyond the worst \
               losses before training, further by a share of their size or of their range, whichever is larger, and \
               it stays. Weights of a point add up to 1, so they say where it goes and not how far, and points at \
               rest keep stepping around their place. A member's preference is told by its losses: for every task how \
               much of the range between the worst and the best member it has won, in shares. Curves of training are \
               those of the first member.",
    paper: "Deist, Grewal, Dankers, Alderliesten & Bosman, Multi-objective learning to predict Pareto fronts using \
            hypervolume maximization",
    year: 2021,
    link: "https://arxiv.org/abs/2102.04523",
    knobs: &[
        Knob { name: "points", label: "networks", default: 9.0, min: 3.0, max: 21.0, scale: KnobScale::Integer },
        Knob {
            name: "reach",
            label: "reference beyond the start",
            default: 0.5,
            min: 0.0,
            max: 10.0,
            scale: KnobScale::Linear,
        },
    ],
    tasks: (2, 3),
    crowd: Some(Crowd {
        size: |knobs, _| knobs.first().map_or(9, |points| *points as usize),
        preferences: |_, _| Vec::new(),
        own_starts: |_| true,
        shares: Some(shares),
        method: None,
    }),
    chart: None,
    refuses,
};

/// Writes the shares (N, K) of a step.
fn shares(knobs: &[f64], (first, losses): (&[f64], &[f64]), k: usize, out: &mut [f64]) {
    let reference = reference(knobs.get(1).copied().unwrap_or(0.5), first, k);
    let points: Vec<&[f64]> = losses.chunks_exact(k).collect();
    let mut left: Vec<usize> = (0..points.len()).collect();
    while !left.is_empty() {
        let beaten = |at: &usize| left.iter().any(|other| dominates(points[*other], points[*at]));
        let (behind, layer): (Vec<usize>, Vec<usize>) = left.iter().partition(|at| beaten(at));
        for &at in &layer {
            let own = &mut out[at * k..][..k];
            let above = |task: usize| (points[at][task] - reference[task]).max(0.0);
            let is_below = (0..k).all(|task| points[at][task] < reference[task]);
            for (task, share) in own.iter_mut().enumerate() {
                *share = if is_below { facet(&points, &layer, at, task, &reference) } else { above(task) };
            }
            let sum: f64 = own.iter().sum();
            let even = 1.0 / k as f64;
            own.iter_mut().for_each(|share| *share = if sum > 0.0 { *share / sum } else { even });
        }
        left = behind;
    }
}

/// (K) beyond the worst losses of step 0.
fn reference(reach: f64, first: &[f64], k: usize) -> Vec<f64> {
    let of_task = |task: usize| {
        let values = first.iter().skip(task).step_by(k);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
        high + reach * (high - low).max(high.abs())
    };
    (0..k).map(of_task).collect()
}

/// −∂HV/∂ℓ of `task` at the point `at` of a layer: what it dominates in the other losses alone, where its own moves.
fn facet(points: &[&[f64]], layer: &[usize], at: usize, task: usize, reference: &[f64]) -> f64 {
    let others = |point: &[f64]| -> Vec<f64> {
        let rest = point.iter().enumerate().filter(|(other, _)| *other != task);
        rest.map(|(_, loss)| *loss).collect()
    };
    let (own, limit) = (points[at], others(reference));
    let size = |clipped: &[Vec<f64>]| match limit[..] {
        [limit] => clipped.iter().map(|point| limit - point[0]).fold(0.0, f64::max),
        _ => hypervolume(clipped, &limit).unwrap_or(0.0),
    };
    let mine = others(own);
    // What is dominated on this side of the point already.
    let before = layer.iter().filter(|other| **other != at && points[**other][task] <= own[task]);
    let covered: Vec<Vec<f64>> = before
        .map(|other| others(points[*other]).iter().zip(&mine).map(|(theirs, mine)| theirs.max(*mine)).collect())
        .collect();
    (size(&[mine]) - size(&covered)).max(0.0)
}

fn refuses(method: &Method, modifiers: &[Applied], _knobs: &[f64]) -> Option<String> {
    if ![sum::METHOD.id, constant::METHOD.id].contains(&method.id) {
        return Some(format!(
            "it weighs the tasks itself, and {} would weigh them again. Choose {} or {}.",
            method.id,
            sum::METHOD.label,
            constant::METHOD.label
        ));
    }
    let named = modifiers.first()?.modifier.id;
    Some(format!("it weighs the tasks itself, and the modifier {named} would change that. Leave it out."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, StreamId};

    /// Facets of points (N, K) below 1 held to central differences of their hypervolume.
    fn check(n: usize, k: usize, seed: u32) {
        let mut losses = vec![0.0; n * k];
        Stream::new(seed, StreamId::Data, 0).fill_uniform(0, &mut losses);
        let lists = |losses: &[f64]| losses.chunks_exact(k).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let volume = |losses: &[f64]| hypervolume(&lists(losses), &vec![1.0; k]).expect("two or three losses");
        let points: Vec<&[f64]> = losses.chunks_exact(k).collect();
        let free = crate::measure::front::nondominated(&lists(&losses));
        let layer: Vec<usize> = (0..n).filter(|at| free[*at]).collect();
        for at in 0..n {
            for task in 0..k {
                let mut moved = losses.clone();
                moved[at * k + task] -= 1e-7;
                let below = volume(&moved);
                moved[at * k + task] += 2e-7;
                let slope = (below - volume(&moved)) / 2e-7;
                let found = if free[at] { facet(&points, &layer, at, task, &vec![1.0; k]) } else { 0.0 };
                assert!((found - slope).abs() < 1e-6, "{n} {k} {at} {task}: {found} for {slope}");
            }
        }
    }

    #[test]
    fn weights_are_the_gradient_of_the_hypervolume() {
        for seed in 0..8 {
            check(7, 2, seed);
            check(9, 3, seed);
        }
    }

    #[test]
    fn layers_and_points_outside_have_their_own_weights() {
        // Two of a front, two behind it that are a front of their own, one above the reference of (1, 1).
        let losses = [0.2, 0.6, 0.6, 0.2, 0.7, 0.8, 0.8, 0.7, 0.3, 1.4];
        let first = [1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let mut out = [0.0; 10];
        shares(&[5.0, 0.0], (&first, &losses), 2, &mut out);
        let near = |at: usize, expected: [f64; 2]| {
            let found = &out[2 * at..][..2];
            assert!((0..2).all(|i| (found[i] - expected[i]).abs() < 1e-12), "{at}: {found:?}");
        };
        // Of the first, task 1 moves a side of 0.4 and task 2 one of 0.4; of the third, sides of 0.2 and 0.1.
        near(0, [0.5, 0.5]);
        near(1, [0.5, 0.5]);
        near(2, [2.0 / 3.0, 1.0 / 3.0]);
        near(3, [1.0 / 3.0, 2.0 / 3.0]);
        near(4, [0.0, 1.0]);
    }
}
