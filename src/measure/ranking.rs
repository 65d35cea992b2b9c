//! How well scores tell yes from no where one of them is rare and plain accuracy says little.

/// Area under the ROC curve: the chance that a random yes scores higher than a random no, ties half; in [0, 1].
///
/// The Mann–Whitney statistic of the ranks (Hanley & McNeil 1982), so no threshold is chosen. NaN where an answer
/// is missing from the rows or a score is NaN.
pub fn auc(scores: &[f32], answers: &[bool]) -> f64 {
    let mut rows: Vec<(f32, bool)> = scores.iter().copied().zip(answers.iter().copied()).collect();
    if rows.iter().any(|row| row.0.is_nan()) {
        return f64::NAN;
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut pairs) = (0.0, 0.0); // no's so far; pairs in which the yes is higher
    // `==` instead of the sort's order, so that 0 and −0 tie.
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let yes = tied.iter().filter(|row| row.1).count() as f64;
        let no = tied.len() as f64 - yes;
        pairs += yes * (below + 0.5 * no);
        below += no;
    }
    pairs / ((rows.len() as f64 - below) * below)
}

/// Mean of the shares of right answers among the yes rows and among the no rows; a score above 0 says yes.
///
/// Half for whoever always gives the same answer, however rare the other is. NaN where an answer is missing.
pub fn balanced_accuracy(scores: &[f32], answers: &[bool]) -> f64 {
    let recall = |answer: bool| {
        let own = || scores.iter().zip(answers).filter(move |row| *row.1 == answer);
        own().filter(|row| (*row.0 > 0.0) == answer).count() as f64 / own().count() as f64
    };
    0.5 * (recall(true) + recall(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, StreamId};

    const Y: bool = true;
    const N: bool = false;

    #[test]
    fn auc_counts_pairs() {
        assert_eq!(auc(&[0.1, 0.2, 0.3, 0.4], &[N, N, Y, Y]), 1.0);
        assert_eq!(auc(&[0.4, 0.3, 0.2, 0.1], &[N, N, Y, Y]), 0.0);
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[N, N, Y, Y]), 0.75);
        assert_eq!(auc(&[1.0, 1.0, 1.0], &[N, Y, N]), 0.5);
        assert_eq!(auc(&[0.0, -0.0, -1.0], &[N, Y, N]), 0.75);
        assert_eq!(auc(&[f32::NEG_INFINITY, f32::INFINITY], &[N, Y]), 1.0);
        assert!(auc(&[1.0, 2.0], &[Y, Y]).is_nan() && auc(&[], &[]).is_nan());
        assert!(auc(&[1.0, f32::NAN], &[N, Y]).is_nan());
    }

    #[test]
    fn auc_is_that_of_all_pairs() {
        let draws = Stream::new(3, StreamId::Data, 0);
        let scores: Vec<f32> = (0..200).map(|i| draws.below(i, 40) as f32 - 20.0).collect();
        let answers: Vec<bool> = (0..200).map(|i| draws.uniform(1000 + i) < 0.1).collect();
        let (mut pairs, mut higher) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(&answers).filter(|row| *row.1) {
            for (b, _) in scores.iter().zip(&answers).filter(|row| !*row.1) {
                pairs += 1.0;
                higher += if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert!((auc(&scores, &answers) - higher / pairs).abs() < 1e-12);
        // Only the order counts.
        let cubed: Vec<f32> = scores.iter().map(|s| s * s * s).collect();
        assert_eq!(auc(&scores, &answers), auc(&cubed, &answers));
    }

    #[test]
    fn balanced_accuracy_is_half_for_one_answer() {
        assert_eq!(balanced_accuracy(&[-1.0; 10], &[N, N, N, N, N, N, N, N, N, Y]), 0.5);
        assert_eq!(balanced_accuracy(&[1.0, -1.0, 2.0, -3.0], &[Y, N, N, N]), 0.5 * (1.0 + 2.0 / 3.0));
        assert_eq!(balanced_accuracy(&[1.0, -1.0], &[N, Y]), 0.0);
        assert!(balanced_accuracy(&[1.0], &[Y]).is_nan());
    }
}
