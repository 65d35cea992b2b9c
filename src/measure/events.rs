//! What happened along a run, for marks on a time line: first conflicts, changes of sign, divergence.

use super::conflict::{Meeting, known_pulls, meetings, pairs};
use crate::train::History;

/// With more tasks, a run's pairs are one: that of the lowest cosine.
const PAIRED_TASKS: usize = 3;
/// Records of a run that are read where there are many pairs.
const READ: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    FirstConflict,
    /// One or more changes of sign.
    Flip,
    Divergence,
}

/// Something that happened at a step, or from a step on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub step: u32,
    pub kind: Kind,
    /// A sentence without its full stop.
    pub words: String,
}

/// Happenings by step. Changes of sign in the same 1/`most` of the run are one.
pub fn happenings(history: &History, most: u32) -> Vec<Happening> {
    let n_runs = history.runs.len();
    let name = |run: usize| {
        let label = history.outline.runs.get(run).map(|outline| outline.label.clone());
        label.filter(|label| !label.is_empty()).unwrap_or_else(|| format!("run {}", run + 1))
    };
    let names = |runs: &[usize]| match runs.len() {
        n if n == n_runs && n > 1 => "all runs".to_owned(),
        _ => runs.iter().map(|run| name(*run)).collect::<Vec<_>>().join(", "),
    };
    let mut firsts: Vec<(u32, Vec<usize>)> = Vec::new();
    let mut flips: Vec<(u32, usize, bool)> = Vec::new();
    for run in 0..n_runs {
        let series = angles(history, run);
        let clear = |series: &Vec<Meeting>| series.iter().find(|m| m.cosine < 0.0 && !m.noise).map(|m| m.step);
        if let Some(step) = series.iter().filter_map(clear).min() {
            match firsts.iter_mut().find(|first| first.0 == step) {
                Some(first) => first.1.push(run),
                None => firsts.push((step, vec![run])),
            }
        }
        flips.extend(series.iter().flat_map(|series| changes_of_sign(series)).map(|(step, up)| (step, run, up)));
    }
    let mut happenings: Vec<Happening> = Vec::new();
    for (step, runs) in firsts {
        let words = format!("first conflict at step {step}: {}", names(&runs));
        happenings.push(Happening { step, kind: Kind::FirstConflict, words });
    }
    flips.sort_unstable();
    let room = history.outline.steps.div_ceil(most.max(1)).max(1);
    while let Some(&(first, ..)) = flips.first() {
        let n = flips.partition_point(|flip| flip.0 < first + room);
        let cluster: Vec<(u32, usize, bool)> = flips.drain(..n).collect();
        let mut runs: Vec<usize> = cluster.iter().map(|flip| flip.1).collect();
        runs.sort_unstable();
        runs.dedup();
        let last = cluster.last().map_or(first, |flip| flip.0);
        let words = match &cluster[..] {
            [(_, _, true)] => format!("conflict ends at step {first}: {}", names(&runs)),
            [(_, _, false)] => format!("conflict begins at step {first}: {}", names(&runs)),
            many if last == first => format!("{} cosines change sign at step {first}: {}", many.len(), names(&runs)),
            many => format!("{} changes of sign, steps {first} to {last}: {}", many.len(), names(&runs)),
        };
        happenings.push(Happening { step: first, kind: Kind::Flip, words });
    }
    for (run, known) in history.runs.iter().enumerate() {
        if let Some(end) = &known.diverged {
            let words = format!("{} diverged at step {}", name(run), end.step);
            happenings.push(Happening { step: end.step, kind: Kind::Divergence, words });
        }
    }
    happenings.sort_by_key(|happening| happening.step);
    happenings
}

/// The angles of every pair of a run; of many pairs the lowest one at each step.
fn angles(history: &History, run: usize) -> Vec<Vec<Meeting>> {
    let k = history.outline.n_tasks;
    let mut known = known_pulls(&history.runs[run], k);
    if k <= PAIRED_TASKS {
        return pairs(k).map(|pair| meetings(&known, k, pair)).collect();
    }
    let every = known.len() / READ + 1;
    known = known.into_iter().step_by(every).collect();
    let mut lowest: Vec<Meeting> = Vec::new();
    for pair in pairs(k) {
        for meeting in meetings(&known, k, pair).into_iter().filter(|meeting| !meeting.noise) {
            match lowest.binary_search_by_key(&meeting.step, |known| known.step) {
                Ok(at) if lowest[at].cosine > meeting.cosine => lowest[at] = meeting,
                Ok(_) => {}
                Err(at) => lowest.insert(at, meeting),
            }
        }
    }
    vec![lowest]
}

/// Steps at which the cosine has another sign than before, noise left out, and whether it rose.
fn changes_of_sign(series: &[Meeting]) -> Vec<(u32, bool)> {
    let clear: Vec<(u32, bool)> =
        series.iter().filter(|meeting| !meeting.noise).map(|meeting| (meeting.step, meeting.cosine >= 0.0)).collect();
    clear.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Divergence, Outline, Pull, Record, RunOutline};

    /// Two runs of unit gradients with these cosines; a length of 0.001 where it is `None`.
    fn history(cosines: [&[Option<f64>]; 2]) -> History {
        let label = |name: &str| RunOutline { label: name.into(), ..RunOutline::default() };
        let mut history =
            History::new(Outline { n_tasks: 2, steps: 40, runs: vec![label("A"), label("B")], ..Outline::default() });
        for (run, cosines) in history.runs.iter_mut().zip(cosines) {
            run.records.extend(cosines.iter().enumerate().map(|(step, cosine)| {
                let gramian = cosine.map_or(vec![1e-6, -1e-6, -1e-6, 1e-6], |cosine| vec![1.0, cosine, cosine, 1.0]);
                let pull = Some(Pull { gramian, ..Pull::default() });
                Record { step: step as u32, losses: vec![1.0; 2], pull, ..Record::default() }
            }));
        }
        history
    }

    fn words(history: &History, most: u32) -> Vec<String> {
        happenings(history, most).into_iter().map(|happening| happening.words).collect()
    }

    #[test]
    fn conflicts_and_changes_of_sign_are_told_with_their_runs() {
        let mut history =
            history([&[Some(0.5), Some(-0.5), Some(-0.5), Some(0.5)], &[Some(0.5), Some(0.5), None, Some(0.5)]]);
        assert_eq!(
            words(&history, 40),
            ["first conflict at step 1: A", "conflict begins at step 1: A", "conflict ends at step 3: A"]
        );
        assert_eq!(words(&history, 4), ["first conflict at step 1: A", "2 changes of sign, steps 1 to 3: A"]);
        history.runs[1].diverged = Some(Divergence { step: 3, cause: String::new() });
        assert_eq!(words(&history, 4).last().map(String::as_str), Some("B diverged at step 3"));
    }

    #[test]
    fn a_common_first_conflict_is_one_happening() {
        let both: &[Option<f64>] = &[Some(-0.5), Some(-0.25), Some(-0.1)];
        assert_eq!(words(&history([both, both]), 12), ["first conflict at step 0: all runs"]);
    }

    #[test]
    fn a_flickering_sign_is_few_happenings() {
        let flicker: Vec<Option<f64>> = (0..40).map(|step| Some(if step % 2 == 0 { 0.5 } else { -0.5 })).collect();
        let happenings = happenings(&history([&flicker, &[]]), 4);
        let flips = happenings.iter().filter(|happening| happening.kind == Kind::Flip).count();
        assert_eq!(flips, 4);
        assert_eq!(happenings[1].words, "10 changes of sign, steps 1 to 10: A");
    }
}
