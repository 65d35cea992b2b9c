//! What one learned front is worth: whether there is a trade-off at all, where it goes the wrong way, what it covers.

use super::{Indicators, indicators, nondominated};

/// A task's loss that changes by less along a front, as a share of the loss of knowing nothing, does not change: noise
/// of a mini-batch and of the split it is judged on is of this size, and on a chart from that loss down to 0 it is a
/// line's width.
pub const NO_CHANGE: f64 = 0.03;
/// One point serves all tasks if it is this near to the best of each, in the same shares. Measured (`docs/pamal.md`):
/// networks that are big enough have such a point, at .3 % and once at .8; others have none nearer than 1.1 %.
pub const SERVES_ALL: f64 = 0.01;
/// A task has been learned where its least loss is at most this share of the loss of knowing nothing. Labels that only
/// chance decides keep the census at 57 %.
pub const LEARNED: f64 = 2.0 / 3.0;
/// Rises below this share of a task's range along the front are no stretch: evaluations on finite rows wiggle.
pub const RISE: f64 = 0.02;

/// Points of a front that follow each other, along which a task's loss rises although the task weighs more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub task: usize,
    /// Positions in the points that were given: where the task weighs least and most.
    pub from: usize,
    pub to: usize,
    /// How far the loss rises, in its own unit.
    pub rise: f64,
}

/// A front of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontReading {
    /// For every point, whether no other point of the front dominates it.
    pub nondominated: Vec<bool>,
    /// (K) least and largest loss.
    pub extents: Vec<[f64; 2]>,
    /// The point that is nearest to the best of all tasks at once, and how far the worst of them is from its own
    /// best, as a share of the loss of knowing nothing.
    pub best_for_all: Option<(usize, f64)>,
    /// Whether there is nothing to choose: one point serves all tasks as well as any other, and none changes along the
    /// points that nobody beats.
    pub is_flat: bool,
    /// Whether no task changes along beaten points either.
    pub is_even: bool,
    /// Whether it is flat for want of a trade-off: all tasks have been learned. Where the true front is known, that is
    /// to have their best on it.
    pub is_degenerate: bool,
    /// For two tasks: where a loss rises with its task's weight.
    pub wrong_way: Vec<Stretch>,
    pub worth: Indicators,
}

/// Reads the points of one front: `alphas` (n, K) and `losses` (n, K), lower is better, in any order. `nothing` (K) are
/// the losses of knowing nothing, such as those before training; `reference` (K) is what the hypervolume is
/// measured to, and `known` the curves of the true front where there is one.
pub fn read_front(
    alphas: &[Vec<f64>],
    losses: &[Vec<f64>],
    nothing: &[f64],
    (reference, known): (&[f64], &[Vec<Vec<f64>>]),
) -> FrontReading {
    let k = nothing.len();
    let finite = |losses: &Vec<f64>| losses.len() == k && losses.iter().all(|loss| loss.is_finite());
    let sound: Vec<&Vec<f64>> = losses.iter().filter(|losses| finite(losses)).collect();
    let flags = nondominated(losses);
    let free: Vec<&Vec<f64>> = losses.iter().zip(&flags).filter(|(_, free)| **free).map(|(losses, _)| losses).collect();
    let extents = extents_of(sound.iter().copied(), k);
    let of_front = extents_of(known.iter().flatten(), k);
    // What a whole loss is: as much as the true front spans, or the loss of knowing nothing.
    let unit = |task: usize| {
        let [low, high] = of_front[task];
        if high > low { high - low } else { nothing[task].abs().max(f64::MIN_POSITIVE) }
    };
    let share = |task: usize, difference: f64| difference / unit(task);
    let even = |extents: &[[f64; 2]]| {
        extents.iter().enumerate().all(|(task, [low, high])| share(task, high - low) <= NO_CHANGE)
    };
    let off = |losses: &Vec<f64>| (0..k).map(|task| share(task, losses[task] - extents[task][0])).fold(0.0, f64::max);
    let offs = losses.iter().enumerate().filter(|(_, losses)| finite(losses)).map(|(at, losses)| (at, off(losses)));
    let best_for_all = offs.min_by(|a, b| a.1.total_cmp(&b.1));
    let is_flat = best_for_all.is_some_and(|(_, off)| off <= SERVES_ALL) && even(&extents_of(free.into_iter(), k));
    let learned = extents.iter().enumerate().all(|(task, [low, _])| match of_front[task] {
        [ideal, high] if high > ideal => share(task, low - ideal) <= NO_CHANGE,
        _ => *low <= LEARNED * nothing[task].abs(),
    });
    let wrong_way = if k == 2 { wrong_way(alphas, losses, &extents) } else { Vec::new() };
    FrontReading {
        nondominated: flags,
        best_for_all,
        is_flat,
        is_even: even(&extents),
        is_degenerate: is_flat && learned,
        wrong_way,
        worth: indicators(losses, reference, known),
        extents,
    }
}

/// (K) Least and largest of every loss.
fn extents_of<'p>(points: impl Iterator<Item = &'p Vec<f64>> + Clone, k: usize) -> Vec<[f64; 2]> {
    let of_task = |task: usize| {
        let values = points.clone().filter_map(move |losses| losses.get(task).copied());
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
    };
    (0..k).map(of_task).collect()
}

/// The reference point that a comparison of fronts has unless it is given one: in every loss a tenth of the range of
/// all points beyond the worst of them, so that every point counts and the ends of fronts do not count without limit.
/// Where all points have the same loss it is a tenth of that loss. Where the true front is known it is taken from that
/// alone, and so it is the same for all runs, steps and experiments; points beyond it then count for nothing.
pub fn reference<'a>(
    known: &'a [Vec<Vec<f64>>],
    losses: impl Iterator<Item = &'a [f64]> + Clone,
    n_tasks: usize,
) -> Vec<f64> {
    let of_front = known.iter().flatten().map(Vec::as_slice);
    if of_front.clone().next().is_some() { beyond(of_front, n_tasks) } else { beyond(losses, n_tasks) }
}

fn beyond<'a>(points: impl Iterator<Item = &'a [f64]> + Clone, n_tasks: usize) -> Vec<f64> {
    let of_task = |task: usize| {
        let values = points.clone().filter_map(move |losses| losses.get(task).copied()).filter(|loss| loss.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        match low.is_finite() {
            true if high > low => high + 0.1 * (high - low),
            true => high + 0.1 * high.abs(),
            false => 0.0,
        }
    };
    (0..n_tasks).map(of_task).collect()
}

/// Longest stretches of points of two tasks, in the order of a task's weight, over which its loss only rises.
fn wrong_way(alphas: &[Vec<f64>], losses: &[Vec<f64>], extents: &[[f64; 2]]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (task, [low, high]) in extents.iter().enumerate() {
        let sound = |at: &usize| losses[*at].get(task).is_some() && alphas[*at].get(task).is_some();
        let mut order: Vec<usize> = (0..alphas.len().min(losses.len())).filter(sound).collect();
        order.sort_by(|&a, &b| alphas[a][task].total_cmp(&alphas[b][task]));
        let mut begin = 0;
        for at in 1..=order.len() {
            let rises = at < order.len() && losses[order[at]][task] > losses[order[at - 1]][task];
            if rises {
                continue;
            }
            if let (Some(&from), Some(&to)) = (order.get(begin), order.get(at - 1)) {
                let rise = losses[to][task] - losses[from][task];
                if rise > RISE * (high - low) {
                    found.push(Stretch { task, from, to, rise });
                }
            }
            begin = at;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize, losses: impl Fn(f64) -> [f64; 2]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let at = |i: usize| i as f64 / (n - 1) as f64;
        let alphas = (0..n).map(|i| vec![at(i), 1.0 - at(i)]).collect();
        (alphas, (0..n).map(|i| losses(at(i)).to_vec()).collect())
    }

    #[test]
    fn a_trade_off_is_told_from_none() {
        let (alphas, losses) = line(11, |a| [0.5 * (1.0 - a), 0.5 * a]);
        let reading = read_front(&alphas, &losses, &[0.6, 0.6], (&[1.0, 1.0], &[]));
        assert!(!reading.is_degenerate && reading.wrong_way.is_empty());
        assert_eq!(reading.nondominated, [true; 11]);
        let (at, off) = reading.best_for_all.expect("points");
        assert!(at == 5 && (off - 0.25 / 0.6).abs() < 1e-12);
        // A square of 1 without the stairs above the line.
        assert!((reading.worth.hypervolume.expect("two losses") - (1.0 - 0.125 - 0.5 * 0.5 * 0.05 * 2.0)).abs() < 0.02);
        let (alphas, losses) = line(11, |a| [0.004 * (1.0 - a), 0.005 * a]);
        assert!(read_front(&alphas, &losses, &[0.6, 0.6], (&[1.0, 1.0], &[])).is_degenerate);
        // The same losses everywhere, one of them that of knowing nothing: no credit to the network.
        let (alphas, losses) = line(11, |a| [0.004 * (1.0 - a), 0.6 - 0.005 * a]);
        let reading = read_front(&alphas, &losses, &[0.6, 0.6], (&[1.0, 1.0], &[]));
        assert!(reading.is_flat && !reading.is_degenerate);
        // One end serves both; toward the other one the second task only gets worse.
        let (alphas, losses) = line(11, |a| [0.001, 0.3 * a]);
        let reading = read_front(&alphas, &losses, &[0.6, 0.6], (&[1.0, 1.0], &[]));
        assert!(reading.is_degenerate && !reading.is_even);
        // A hundredth of 0.6 is what one point may be away from the best of each.
        for (small, is_flat) in [(0.011, true), (0.014, false)] {
            let (alphas, losses) = line(11, |a| [small * (1.0 - a), small * a]);
            assert_eq!(read_front(&alphas, &losses, &[0.6, 0.6], (&[1.0, 1.0], &[])).is_flat, is_flat, "{small}");
        }
    }

    #[test]
    fn one_end_of_a_known_front_is_not_all_there_is() {
        let known = [line(5, |a| [a, 1.0 - a * a]).1];
        // As a plain sum on a concave front: every preference leads to the same end.
        let (alphas, losses) = line(11, |_| [0.0, 1.0]);
        let reading = read_front(&alphas, &losses, &[0.75, 5.5], (&[1.1, 1.1], &known));
        assert!(reading.is_flat && !reading.is_degenerate);
        // Without knowing the front it would seem that there is nothing else.
        assert!(read_front(&alphas, &losses, &[0.75, 5.5], (&[1.1, 1.1], &[])).is_degenerate);
        // A front that is one point has been reached.
        let (alphas, losses) = line(11, |a| [0.0, 0.001 * a]);
        assert!(read_front(&alphas, &losses, &[0.75, 5.5], (&[1.1, 1.1], &[vec![vec![0.0, 0.0]]])).is_degenerate);
    }

    #[test]
    fn what_rises_the_wrong_way_is_found() {
        // Falls, rises from .5 to .7, falls again.
        let (alphas, losses) = line(11, |a| [if (0.45..0.75).contains(&a) { a } else { 1.0 - a }, a]);
        let reading = read_front(&alphas, &losses, &[1.0, 1.0], (&[2.0, 2.0], &[]));
        let [stretch] = reading.wrong_way[..] else { panic!("{:?}", reading.wrong_way) };
        assert_eq!((stretch.task, stretch.from, stretch.to), (0, 5, 7));
        assert!((stretch.rise - 0.2).abs() < 1e-12);
        assert!(!reading.nondominated[7]);
        // A wiggle of a hundredth of the range is none.
        let (alphas, losses) = line(11, |a| [1.0 - a + if a == 0.5 { 0.109 } else { 0.0 }, a]);
        assert!(read_front(&alphas, &losses, &[1.0, 1.0], (&[2.0, 2.0], &[])).wrong_way.is_empty());
    }

    #[test]
    fn points_that_are_no_numbers_count_for_nothing() {
        let (alphas, mut losses) = line(5, |a| [1.0 - a, a]);
        losses[2] = vec![f64::NAN, 0.0];
        let reading = read_front(&alphas, &losses, &[1.0, 1.0], (&[2.0, 2.0], &[]));
        assert_eq!(reading.nondominated, [true, true, false, true, true]);
        assert!(reading.extents == [[0.0, 1.0]; 2] && reading.best_for_all.is_some_and(|(at, _)| at != 2));
        let none = read_front(&[], &[], &[1.0, 1.0], (&[2.0, 2.0], &[]));
        assert!(!none.is_degenerate && none.best_for_all.is_none());
    }

    #[test]
    fn the_reference_is_beyond_every_point() {
        let points = [vec![0.0, 4.0], vec![1.0, 2.0]];
        let found = reference(&[], points.iter().map(Vec::as_slice), 2);
        assert!((found[0] - 1.1).abs() < 1e-12 && (found[1] - 4.2).abs() < 1e-12);
        // One point has a box below the reference too.
        assert_eq!(reference(&[], [[0.5, -2.0].as_slice()].into_iter(), 2), [0.55, -1.8]);
        // The true front decides where there is one, wherever the points are.
        let known = [vec![vec![0.0, 1.0]], vec![vec![2.0, 0.5]]];
        assert_eq!(reference(&known, points.iter().map(Vec::as_slice), 2), [2.2, 1.05]);
    }
}
