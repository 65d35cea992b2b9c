//! Conflict over a run: magnitudes, how often, PCGrad's tragic triad, and whether a step lowered the losses.
//!
//! Definitions 1 to 3 and the conditions of theorem 2 of Yu et al., Gradient Surgery for Multi-Task Learning, 2020.

use super::pull;
use crate::protocol::{Outline, Pull};
use crate::train::RunHistory;

/// 2‖a‖‖b‖ / (‖a‖² + ‖b‖²): 1 for equal lengths, near 0 where one is much longer (definition 2). `None` for two
/// gradients without length.
pub fn magnitude_similarity(length: f64, other_length: f64) -> Option<f64> {
    let (short, long) = if length < other_length { (length, other_length) } else { (other_length, length) };
    // By the ratio: squares of tiny lengths would underflow.
    let ratio = short / long;
    (long > 0.0 && long.is_finite() && ratio.is_finite()).then(|| 2.0 * ratio / (1.0 + ratio * ratio))
}

/// ‖a‖ / ‖b‖; `None` where one of them has no length.
pub fn length_ratio(length: f64, other_length: f64) -> Option<f64> {
    let ratio = length / other_length;
    (length > 0.0 && other_length > 0.0 && ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// All pairs of tasks, each once.
pub fn pairs(n_tasks: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_tasks).flat_map(move |i| (i + 1..n_tasks).map(move |j| (i, j)))
}

/// The gradients of one pair of tasks at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meeting {
    pub step: u32,
    pub cosine: f64,
    pub length: f64,
    pub other_length: f64,
    /// Whether both are shorter than 1 % of their own longest: the sign is then noise.
    pub noise: bool,
}

/// What the records of a run say about its Gramians, up to where it diverged.
pub fn known_pulls(run: &RunHistory, n_tasks: usize) -> Vec<(u32, &Pull)> {
    let end = run.diverged.as_ref().map_or(u32::MAX, |end| end.step);
    let whole =
        |pull: &&Pull| pull.gramian.len() == n_tasks * n_tasks && pull.gramian.iter().all(|entry| entry.is_finite());
    let records = run.records.iter().filter(|record| record.step < end);
    records.filter_map(|record| Some((record.step, record.pull.as_ref().filter(whole)?))).collect()
}

/// Every step of a pair that these Gramians know an angle of.
pub fn meetings(known: &[(u32, &Pull)], n_tasks: usize, (i, j): (usize, usize)) -> Vec<Meeting> {
    let length = |pull: &Pull, i: usize| {
        let square = pull.gramian[i * n_tasks + i];
        if square > 0.0 { square.sqrt() } else { 0.0 }
    };
    let most = |i: usize| known.iter().map(|(_, pull)| length(pull, i)).fold(0.0, f64::max);
    let (longest, other_longest) = (most(i), most(j));
    let meeting = |(step, pull): &(u32, &Pull)| {
        let (length, other_length) = (length(pull, i), length(pull, j));
        let cosine = pull::cosine(pull.gramian[i * n_tasks + j], length, other_length)?;
        let noise = pull::is_noise(length, other_length, longest, other_longest);
        Some(Meeting { step: *step, cosine, length, other_length, noise })
    };
    known.iter().filter_map(meeting).collect()
}

/// How many recorded steps were in conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    pub conflicts: usize,
    /// Steps that count.
    pub counted: usize,
    /// Steps left out, because the sign of their cosine is noise.
    pub noise: usize,
}

impl Rate {
    /// Of these meetings up to and with `step`.
    pub fn until(meetings: &[Meeting], step: u32) -> Self {
        let mut rate = Self::default();
        for meeting in meetings.iter().take_while(|meeting| meeting.step <= step) {
            if meeting.noise {
                rate.noise += 1;
            } else {
                rate.counted += 1;
                rate.conflicts += usize::from(meeting.cosine < 0.0);
            }
        }
        rate
    }

    /// The share of conflicts; `None` where no step counts.
    pub fn share(&self) -> Option<f64> {
        (self.counted > 0).then(|| self.conflicts as f64 / self.counted as f64)
    }
}

/// How the summed, scaled losses bend along a step, beside what it gains to first order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bend {
    pub step: u32,
    /// ΔθᵀHΔθ / ‖Δθ‖² of Σ Lᵢ behind the step.
    pub curvature: f64,
    /// ‖Δθ‖.
    pub step_length: f64,
    /// −Σ gᵢ·Δθ.
    pub gain: f64,
}

impl Bend {
    /// Of the last look around not after `step`.
    pub fn at(run: &RunHistory, step: u32) -> Option<Self> {
        let after = run.records.partition_point(|record| record.step <= step);
        run.records[..after].iter().rev().find_map(|record| {
            let (pull, around) = (record.pull.as_ref()?, record.around.as_ref()?);
            if around.curvatures.is_empty() || pull.along_step.is_empty() {
                return None;
            }
            let bend = Self {
                step: record.step,
                curvature: around.curvatures.iter().sum(),
                step_length: pull.step_length,
                gain: -pull.along_step.iter().sum::<f64>(),
            };
            (bend.curvature.is_finite() && bend.gain.is_finite()).then_some(bend)
        })
    }

    /// ½ ΔθᵀHΔθ, what the bend takes back.
    pub fn loss(&self) -> f64 {
        0.5 * self.curvature * self.step_length * self.step_length
    }

    /// The share of the gain that the bend takes back; `None` where there is no gain.
    pub fn share(&self) -> Option<f64> {
        let share = self.loss() / self.gain;
        (self.gain > 0.0 && share.is_finite()).then_some(share)
    }
}

/// PCGrad's tragic triad for one pair of tasks. Each condition is `None` where its numbers are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Triad {
    /// Of a pair whose angle is no noise.
    pub cosine: Option<f64>,
    pub similarity: Option<f64>,
    pub bend: Option<Bend>,
}

impl Triad {
    /// Of the last meeting not after `step`, and the last look around.
    pub fn at(run: &RunHistory, meetings: &[Meeting], step: u32) -> Self {
        let after = meetings.partition_point(|meeting| meeting.step <= step);
        let meeting = after.checked_sub(1).map(|at| meetings[at]).filter(|meeting| !meeting.noise);
        Self {
            cosine: meeting.map(|meeting| meeting.cosine),
            similarity: meeting.and_then(|meeting| magnitude_similarity(meeting.length, meeting.other_length)),
            bend: Bend::at(run, step),
        }
    }

    /// Conflicting gradients: cos < 0 (definition 1).
    pub fn conflicts(&self) -> Option<bool> {
        self.cosine.map(|cosine| cosine < 0.0)
    }

    /// One dominates the conflict: cos ≤ −Φ with the magnitude similarity Φ (theorem 2, condition a). Gradients that
    /// agree never meet it.
    pub fn dominates(&self) -> Option<bool> {
        Some(self.cosine? <= -self.similarity?)
    }

    /// High curvature: the bend takes back all that the step gains to first order, ½ ΔθᵀHΔθ ≥ −Σ gᵢ·Δθ.
    ///
    /// For a plain gradient step of rate t that is t ≥ 2 / curvature, theorem 2's condition c at its mildest (ξ = 0).
    /// Definition 3 averages the curvature over the step; here it is that at its end. Condition b compares with a
    /// Lipschitz constant that nobody knows.
    pub fn bends(&self) -> Option<bool> {
        self.bend.map(|bend| bend.curvature > 0.0 && bend.loss() >= bend.gain)
    }

    /// Conflict, dominance, curvature.
    pub fn conditions(&self) -> [Option<bool>; 3] {
        [self.conflicts(), self.dominates(), self.bends()]
    }

    /// Whether all three are met.
    pub fn is_met(&self) -> bool {
        self.conditions() == [Some(true); 3]
    }
}

/// What a step did to the loss of one task on its own batch, unscaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub step: u32,
    /// gᵢ·Δθ, first order, through the shared parameters alone.
    pub predicted: Option<f64>,
    /// Behind the step minus before it, heads and all.
    pub actual: f64,
}

/// Every change of a task's loss that is known. Where a batch is all rows, the next record tells it; elsewhere only the
/// looks around do.
pub fn changes(outline: &Outline, run: &RunHistory, task: usize) -> Vec<Change> {
    let whole = outline.batch_rows >= outline.train_rows;
    let scale = outline.loss_scales.get(task).copied().filter(|scale| *scale > 0.0).unwrap_or(1.0);
    let change = |(at, record): (usize, &crate::protocol::Record)| {
        let before = *record.losses.get(task)?;
        let next = || {
            let next = run.records.get(at + 1).filter(|next| whole && next.step == record.step + 1)?;
            next.losses.get(task)
        };
        let looked = || record.around.as_ref()?.losses_after.get(task);
        let actual = next().or_else(looked)? - before;
        let along = record.pull.as_ref().and_then(|pull| pull.along_step.get(task));
        let predicted = along.map(|along| along / scale).filter(|along| along.is_finite());
        actual.is_finite().then_some(Change { step: record.step, predicted, actual })
    };
    run.records.iter().enumerate().filter_map(change).collect()
}

/// How often a task's loss fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Falls {
    pub fell: usize,
    pub counted: usize,
    /// Steps that promised a fall to first order, and those of them that kept it.
    pub promised: usize,
    pub kept: usize,
}

impl Falls {
    /// Of these changes up to and with `step`.
    pub fn until(changes: &[Change], step: u32) -> Self {
        let mut falls = Self::default();
        for change in changes.iter().take_while(|change| change.step <= step) {
            let fell = change.actual < 0.0;
            falls.counted += 1;
            falls.fell += usize::from(fell);
            if change.predicted.is_some_and(|predicted| predicted < 0.0) {
                falls.promised += 1;
                falls.kept += usize::from(fell);
            }
        }
        falls
    }

    /// The share of steps that lowered the loss.
    pub fn share(&self) -> Option<f64> {
        (self.counted > 0).then(|| self.fell as f64 / self.counted as f64)
    }

    /// The share of promises that were kept.
    pub fn kept_share(&self) -> Option<f64> {
        (self.promised > 0).then(|| self.kept as f64 / self.promised as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Around, Divergence, Record};

    fn pull(first: f64, product: f64, second: f64) -> Pull {
        Pull { gramian: vec![first, product, product, second], ..Pull::default() }
    }

    fn run(pulls: &[Pull]) -> RunHistory {
        let record = |(step, pull): (usize, &Pull)| Record {
            step: step as u32,
            losses: vec![1.0, 2.0],
            pull: Some(pull.clone()),
            ..Record::default()
        };
        RunHistory { records: pulls.iter().enumerate().map(record).collect(), ..RunHistory::default() }
    }

    #[test]
    fn magnitudes_are_compared_by_their_ratio() {
        // 2·3·1 / (9 + 1).
        assert_eq!(magnitude_similarity(3.0, 1.0), Some(0.6));
        assert_eq!(magnitude_similarity(1.0, 3.0), Some(0.6));
        assert_eq!(magnitude_similarity(2.5, 2.5), Some(1.0));
        assert_eq!(magnitude_similarity(0.0, 4.0), Some(0.0));
        assert_eq!(magnitude_similarity(0.0, 0.0), None);
        assert_eq!(magnitude_similarity(f64::NAN, 1.0), None);
        assert!((magnitude_similarity(3e-200, 1e-200).expect("lengths") - 0.6).abs() < 1e-12);
        assert_eq!((length_ratio(3.0, 2.0), length_ratio(0.0, 2.0), length_ratio(1.0, 0.0)), (Some(1.5), None, None));
    }

    #[test]
    fn noise_counts_neither_way() {
        // Cosines −0.5, 0.5, −1, −0.25; the third is of lengths below 1 % of the longest.
        let run = run(&[pull(4.0, -1.0, 1.0), pull(4.0, 1.0, 1.0), pull(1e-4, -5e-5, 2.5e-5), pull(4.0, -0.5, 1.0)]);
        let meetings = meetings(&known_pulls(&run, 2), 2, (0, 1));
        let cosines: Vec<f64> = meetings.iter().map(|meeting| meeting.cosine).collect();
        assert_eq!(cosines.iter().map(|c| (c * 1e6).round() / 1e6).collect::<Vec<_>>(), [-0.5, 0.5, -1.0, -0.25]);
        assert_eq!(meetings.iter().map(|meeting| meeting.noise).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(Rate::until(&meetings, 1), Rate { conflicts: 1, counted: 2, noise: 0 });
        let all = Rate::until(&meetings, 99);
        assert_eq!((all, all.share()), (Rate { conflicts: 2, counted: 3, noise: 1 }, Some(2.0 / 3.0)));
        assert_eq!(Rate::default().share(), None);
    }

    #[test]
    fn steps_behind_a_divergence_are_not_known() {
        let mut run = run(&[pull(4.0, -1.0, 1.0), pull(f64::NAN, 1.0, 1.0), pull(4.0, -1.0, 1.0)]);
        run.diverged = Some(Divergence { step: 2, cause: String::new() });
        let steps: Vec<u32> = known_pulls(&run, 2).iter().map(|known| known.0).collect();
        assert_eq!(steps, [0]);
    }

    #[track_caller]
    fn check_triad(pull: Pull, curvatures: Vec<f64>, conditions: [Option<bool>; 3]) {
        let mut run = run(&[pull]);
        run.records[0].around = Some(Around { losses_after: vec![1.0, 2.0], curvatures });
        let meetings = meetings(&known_pulls(&run, 2), 2, (0, 1));
        assert_eq!(Triad::at(&run, &meetings, 5).conditions(), conditions);
    }

    #[test]
    fn the_triad_has_the_papers_conditions() {
        // Lengths 3 and 1, Φ = 0.6; Δθ of length 0.5 gains 0.4 + 0.1; with curvature c it takes back c / 8.
        let step =
            |cosine: f64| Pull { along_step: vec![-0.4, -0.1], step_length: 0.5, ..pull(9.0, 3.0 * cosine, 1.0) };
        check_triad(step(-0.7), vec![5.0, -0.5], [Some(true), Some(true), Some(true)]);
        check_triad(step(-0.5), vec![3.0, 1.5], [Some(true), Some(false), Some(true)]);
        check_triad(step(0.5), vec![3.0, 0.5], [Some(false), Some(false), Some(false)]);
        check_triad(step(-0.7), Vec::new(), [Some(true), Some(true), None]);
        check_triad(Pull::default(), Vec::new(), [None, None, None]);
        // A step that gains nothing: whatever bends up takes all.
        let uphill = Pull { along_step: vec![0.4, -0.1], ..step(-0.7) };
        check_triad(uphill.clone(), vec![0.5, 0.5], [Some(true), Some(true), Some(true)]);
        check_triad(uphill, vec![-0.5, 0.0], [Some(true), Some(true), Some(false)]);
    }

    #[test]
    fn bends_take_back_their_share_of_the_gain() {
        let bend = Bend { step: 0, curvature: 2.0, step_length: 0.5, gain: 0.5 };
        assert_eq!((bend.loss(), bend.share()), (0.25, Some(0.5)));
        assert_eq!(Bend { gain: -0.1, ..bend }.share(), None);
    }

    #[test]
    fn changes_come_from_the_next_record_only_where_the_batch_is_the_same() {
        let losses = [[1.0, 2.0], [0.8, 2.5], [0.9, 2.4]];
        let records = losses.iter().enumerate().map(|(step, losses)| Record {
            step: step as u32,
            losses: losses.to_vec(),
            pull: Some(Pull { along_step: vec![-0.5, 1.0], ..Pull::default() }),
            around: (step == 1).then(|| Around { losses_after: vec![0.5, 2.25], curvatures: Vec::new() }),
            ..Record::default()
        });
        let run = RunHistory { records: records.collect(), ..RunHistory::default() };
        let outline = Outline { loss_scales: vec![2.0, 1.0], train_rows: 8, batch_rows: 8, ..Outline::default() };
        let exact = |changes: Vec<Change>| -> Vec<(u32, f64)> {
            changes.iter().map(|change| (change.step, (change.actual * 1e9).round() / 1e9)).collect()
        };
        let whole = changes(&outline, &run, 0);
        assert_eq!(whole[0].predicted, Some(-0.25));
        assert_eq!(Falls::until(&whole, 9), Falls { fell: 1, counted: 2, promised: 2, kept: 1 });
        assert_eq!(exact(whole), [(0, -0.2), (1, 0.1)]);
        let part = Outline { batch_rows: 4, ..outline };
        assert_eq!(exact(changes(&part, &run, 1)), [(1, -0.25)]);
        let falls = Falls::until(&changes(&part, &run, 1), 9);
        assert_eq!((falls.share(), falls.kept_share()), (Some(1.0), None));
    }
}
