//! Where in a network the tasks pull: shares of layers, whom a unit serves, and the pair that disagrees most.

use super::pull;

/// Share of the tasks' lengths from which a unit serves one task.
pub const OWN: f64 = 0.8;
/// Part of an even share of a layer below which a task does not reach a unit.
pub const REACH: f64 = 0.01;

/// Which task's loss a unit's parameters move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    Task(usize),
    Several,
    /// No task's gradient reaches it.
    None,
}

/// (K, K) sum of Gramians: disjoint parameters add up.
pub fn total<'a>(parts: impl Iterator<Item = &'a [f64]>, n_tasks: usize) -> Vec<f64> {
    let mut sum = vec![0.0; n_tasks * n_tasks];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sum
}

/// (K) share of each ‖gᵢ‖² that lies in a part, of the Gramians (K, K) of part and whole; 0 where the whole is 0.
pub fn share_of(part: &[f64], whole: &[f64], n_tasks: usize) -> Vec<f64> {
    let square = |m: &[f64], i: usize| m.get(i * n_tasks + i).copied().filter(|x| x.is_finite()).unwrap_or(0.0);
    let share = |i: usize| {
        let all = square(whole, i);
        if all > 0.0 { (square(part, i) / all).clamp(0.0, 1.0) } else { 0.0 }
    };
    (0..n_tasks).map(share).collect()
}

/// (K) how a unit divides between the tasks, in sum 1: each task's share of its own ‖gᵢ‖² in the layer, so that a task
/// whose gradient is long everywhere owns nothing by that. `None` where no task reaches the unit: less than a hundredth
/// of an even share of `width` units for each.
pub fn division(unit: &[f64], layer: &[f64], width: usize, n_tasks: usize) -> Option<Vec<f64>> {
    let shares = share_of(unit, layer, n_tasks);
    let least = REACH / width.max(1) as f64;
    let sum: f64 = shares.iter().sum();
    (shares.iter().any(|share| *share >= least) && sum > 0.0).then(|| shares.iter().map(|share| share / sum).collect())
}

/// Whom a unit with this [`division`] serves: one task with four fifths or more, else several.
pub fn serves(division: Option<&[f64]>) -> Serves {
    let Some(division) = division else { return Serves::None };
    division.iter().position(|share| *share >= OWN).map_or(Serves::Several, Serves::Task)
}

/// The pair of tasks whose gradients have the least cosine, and that cosine; `None` where no two have one.
pub fn least_cosine(gramian: &[f64], n_tasks: usize) -> Option<(usize, usize, f64)> {
    if gramian.len() != n_tasks * n_tasks {
        return None;
    }
    let lengths = pull::lengths(gramian, n_tasks);
    let pairs = (0..n_tasks).flat_map(|i| (i + 1..n_tasks).map(move |j| (i, j)));
    let cosine = |(i, j): (usize, usize)| Some((i, j, pull::cosine(gramian[i * n_tasks + j], lengths[i], lengths[j])?));
    pairs.filter_map(cosine).min_by(|a, b| a.2.total_cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_have_shares() {
        let (a, b) = ([1.0, 0.5, 0.5, 4.0], [3.0, -1.0, -1.0, 0.0]);
        let whole = total([&a[..], &b[..]].into_iter(), 2);
        assert_eq!(whole, [4.0, -0.5, -0.5, 4.0]);
        assert_eq!(share_of(&a, &whole, 2), [0.25, 1.0]);
        assert_eq!(share_of(&b, &whole, 2), [0.75, 0.0]);
        assert_eq!(share_of(&a, &[0.0; 4], 2), [0.0, 0.0]);
        assert_eq!(share_of(&[f64::NAN; 4], &whole, 2), [0.0, 0.0]);
    }

    #[test]
    fn a_long_gradient_owns_nothing_by_its_length() {
        // The second task's gradients are ten times as long throughout: at this unit both have half of their own.
        let layer = [2.0, 0.0, 0.0, 200.0];
        let unit = [1.0, 0.0, 0.0, 100.0];
        assert_eq!(division(&unit, &layer, 2, 2), Some(vec![0.5, 0.5]));
        assert_eq!(serves(division(&unit, &layer, 2, 2).as_deref()), Serves::Several);
    }

    #[test]
    fn units_serve_one_several_or_none() {
        let layer = [1.0, 0.0, 0.0, 1.0];
        let of = |first: f64, second: f64| serves(division(&[first, 0.0, 0.0, second], &layer, 4, 2).as_deref());
        assert_eq!(of(0.4, 0.1), Serves::Task(0));
        assert_eq!(of(0.39, 0.11), Serves::Several);
        assert_eq!(of(0.0, 0.3), Serves::Task(1));
        assert_eq!(of(0.0, 0.0), Serves::None);
        // An even share is a quarter; a hundredth of it is 0.0025.
        assert_eq!(of(0.0024, 0.0024), Serves::None);
        assert_eq!(of(0.0026, 0.0), Serves::Task(0));
    }

    #[test]
    fn the_least_cosine_names_its_pair() {
        let m = [4.0, -1.0, 1.0, -1.0, 1.0, 0.9, 1.0, 0.9, 1.0];
        assert_eq!(least_cosine(&m, 3), Some((0, 1, -0.5)));
        assert_eq!(least_cosine(&[1.0], 1), None);
        assert_eq!(least_cosine(&[1.0, 0.0, 0.0, 0.0], 2), None);
        assert_eq!(least_cosine(&[1.0; 3], 2), None);
    }
}
