//! One step of a method in numbers: its weights, how the gradients lay before and how they lie to the update.

use super::pull::{cosine, cosines, lengths};
use crate::protocol::Record;

/// What a record says about d. Everything is empty where it was not computed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reckoning {
    /// (K) weights of the gradients, or of what the method keeps of them; empty where the method does not weigh.
    pub weights: Vec<f64>,
    /// (K) ‖gᵢ‖.
    pub lengths: Vec<f64>,
    /// ‖d‖.
    pub length: Option<f64>,
    /// (i, j, cos(gᵢ, gⱼ)) of all pairs i < j of gradients that are not zero.
    pub before: Vec<(usize, usize, f64)>,
    /// (i, cos(gᵢ, d)) where both are not zero.
    pub after: Vec<(usize, f64)>,
    /// (i, j): gᵢ was moved because of gⱼ. `None` if the method moves no gradient by another.
    pub moved: Option<Vec<(usize, usize)>>,
}

impl Reckoning {
    pub fn new(record: &Record) -> Self {
        let k = record.losses.len();
        let mut reckoning = Self { weights: record.weights.clone(), ..Self::default() };
        if !record.moved_by.is_empty() {
            let pairs = (0..k * k).map(|at| (at / k, at % k));
            reckoning.moved = Some(pairs.filter(|&(i, j)| record.moved_by[i] >> j & 1 == 1).collect());
        }
        let Some(pull) = &record.pull else { return reckoning };
        reckoning.lengths = lengths(&pull.gramian, k);
        let between = cosines(&pull.gramian, k);
        let lives = |i: usize| reckoning.lengths[i] > 0.0;
        reckoning.before = (0..k)
            .flat_map(|i| (i + 1..k).map(move |j| (i, j)))
            .filter(|&(i, j)| lives(i) && lives(j))
            .map(|(i, j)| (i, j, between[i * k + j]))
            .collect();
        // At the last record no update follows.
        if pull.along_direction.len() == k {
            reckoning.length = Some(pull.direction_length);
            let to_update = |i: usize| cosine(pull.along_direction[i], reckoning.lengths[i], pull.direction_length);
            reckoning.after = (0..k).filter_map(|i| Some((i, to_update(i)?))).collect();
        }
        reckoning
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Pull;

    #[test]
    fn pcgrad_in_numbers() {
        // g₁ = (2, 0), g₂ = (−3, 4): both are projected, w = (1 + 6/4, 1 + 6/25).
        let w = vec![2.5, 1.24];
        let d = [2.0 * w[0] - 3.0 * w[1], 4.0 * w[1]];
        let along_direction = vec![2.0 * d[0], -3.0 * d[0] + 4.0 * d[1]];
        let direction_length = f64::hypot(d[0], d[1]);
        let pull = Pull { gramian: vec![4.0, -6.0, -6.0, 25.0], along_direction, direction_length, ..Pull::default() };
        let record = Record {
            losses: vec![1.0; 2],
            weights: w.clone(),
            moved_by: vec![0b10, 0b01],
            pull: Some(pull),
            ..Record::default()
        };
        let reckoning = Reckoning::new(&record);
        assert_eq!((reckoning.weights, reckoning.lengths), (w, vec![2.0, 5.0]));
        assert_eq!(reckoning.moved, Some(vec![(0, 1), (1, 0)]));
        assert_eq!(reckoning.before, vec![(0, 1, -0.6)]);
        assert_eq!(reckoning.length, Some(direction_length));
        let cosines = [d[0] / direction_length, (-3.0 * d[0] + 4.0 * d[1]) / 5.0 / direction_length];
        for ((task, cosine), expected) in reckoning.after.iter().zip(cosines) {
            assert!((cosine - expected).abs() < 1e-15 && *cosine > 0.0, "task {task}: {cosine}");
        }
        let bare = Reckoning::new(&Record { losses: vec![1.0; 2], weights: vec![1.0; 2], ..Record::default() });
        assert_eq!(bare, Reckoning { weights: vec![1.0; 2], ..Reckoning::default() });
    }
}
