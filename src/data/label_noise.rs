//! Wrong training labels for any data set: a chosen share of them answers wrongly, and held-out rows stay true.

use super::{BuildRequest, Dataset, Targets, TaskKind};
use crate::rng::{Stream, StreamId};

/// Where the wrong labels of task t draw in [`StreamId::Noise`]: t further, beyond the noise of every generator.
const FIRST: u32 = 256;

/// Makes each training label wrong with the request's probability, each task by itself.
///
/// A yes/no answer is inverted, a class becomes another one drawn uniformly, a regression's target that of another
/// training row drawn uniformly. Row i takes draws 2i, whether it is wrong, and 2i + 1, what it becomes; a larger
/// share so keeps the wrong labels of a smaller one. The draws belong to the registry's task, so that they are the
/// same whichever other tasks are chosen.
pub(super) fn spoil(set: &mut Dataset, request: &BuildRequest<'_>) {
    if request.label_noise == 0.0 {
        return;
    }
    for ((targets, info), &task) in set.train.targets.iter_mut().zip(&set.tasks).zip(request.tasks) {
        let stream = Stream::new(request.seed, StreamId::Noise, FIRST + task as u32);
        let wrong = |row: usize| stream.uniform(2 * row as u64) < request.label_noise;
        // One of `n` that is not `own`.
        let other = |row: usize, own: u32, n: usize| {
            let drawn = stream.below(2 * row as u64 + 1, n as u32 - 1);
            drawn + u32::from(drawn >= own)
        };
        match (targets, info.kind) {
            (Targets::Class(labels), TaskKind::Multiclass { classes }) if classes > 1 => {
                for (row, label) in labels.iter_mut().enumerate().filter(|(row, _)| wrong(*row)) {
                    *label = other(row, *label, classes);
                }
            }
            (Targets::Value(values), TaskKind::Regression) if values.len() > 1 => {
                let truth = values.clone();
                for (row, value) in values.iter_mut().enumerate().filter(|(row, _)| wrong(*row)) {
                    *value = truth[other(row, row as u32, truth.len()) as usize];
                }
            }
            (Targets::Value(answers), TaskKind::Binary) => {
                for (_, answer) in answers.iter_mut().enumerate().filter(|(row, _)| wrong(*row)) {
                    *answer = 1.0 - *answer;
                }
            }
            // One class or one row: there is nothing else to say.
            _ => {}
        }
    }
}
