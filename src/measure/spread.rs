//! Median and quartiles of one number over seeds, and when two of them tell no difference.

/// The middle of some numbers: half of them lie between `low` and `high`. All three may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// 25 % of the numbers are below.
    pub low: f64,
    pub median: f64,
    /// 25 % of the numbers are above.
    pub high: f64,
    /// How many numbers there were.
    pub n: usize,
}

impl Spread {
    /// Quantiles between two numbers are interpolated (Hyndman & Fan 1996, type 7). `None` without numbers; NaN is
    /// none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        (n > 0).then(|| Self {
            low: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            high: quantile(&sorted, 0.75),
            n,
        })
    }

    /// Whether some number lies in both bands: then they tell no difference.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// `sorted` is ascending and not empty.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let part = place - below as f64;
    // Between equal or infinite neighbors there is nothing to interpolate.
    if part == 0.0 || a == b {
        a
    } else if a.is_infinite() || b.is_infinite() {
        if b.is_infinite() { b } else { a }
    } else {
        a + part * (b - a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(values: &[f64], low: f64, median: f64, high: f64) {
        let n = values.len();
        assert_eq!(Spread::of(values.iter().copied()), Some(Spread { low, median, high, n }));
    }

    #[test]
    fn quartiles_of_a_few_numbers() {
        check(&[3.0], 3.0, 3.0, 3.0);
        check(&[4.0, 2.0], 2.5, 3.0, 3.5);
        check(&[5.0, 1.0, 4.0, 2.0, 3.0], 2.0, 3.0, 4.0);
        check(&[1.0, 2.0, 3.0, 4.0], 1.75, 2.5, 3.25);
        check(&[1.0, f64::INFINITY, 2.0], 1.5, 2.0, f64::INFINITY);
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([f64::NAN]), None);
    }

    #[test]
    fn bands_that_touch_overlap() {
        let band = |low: f64, high: f64| Spread { low, median: low, high, n: 5 };
        assert!(band(0.0, 1.0).overlaps(&band(1.0, 2.0)));
        assert!(band(0.0, 3.0).overlaps(&band(1.0, 2.0)));
        assert!(!band(0.0, 1.0).overlaps(&band(1.1, 2.0)));
    }

    proptest! {
        /// Half of the numbers lie in the band, a half on either side of the median, in whatever order they come.
        #[test]
        fn a_band_holds_the_middle_half(mut values in prop::collection::vec(-1e6f64..1e6, 1..40)) {
            let spread = Spread::of(values.iter().copied()).expect("numbers");
            let count = |holds: &dyn Fn(f64) -> bool| values.iter().filter(|value| holds(**value)).count();
            prop_assert!(spread.low <= spread.median && spread.median <= spread.high);
            prop_assert!(2 * count(&|x| x <= spread.median) >= values.len());
            prop_assert!(2 * count(&|x| x >= spread.median) >= values.len());
            prop_assert!(2 * count(&|x| spread.low <= x && x <= spread.high) + 2 >= values.len());
            // A quarter of the gaps between numbers lies beyond an edge, so of the numbers at most half of one more.
            prop_assert!(4 * count(&|x| x < spread.low) <= values.len() + 2);
            prop_assert!(4 * count(&|x| x > spread.high) <= values.len() + 2);
            values.reverse();
            prop_assert_eq!(Spread::of(values.iter().copied()), Some(spread));
            let shifted = Spread::of(values.iter().map(|x| 2.0 * x)).expect("numbers");
            prop_assert!((shifted.median - 2.0 * spread.median).abs() <= 1e-9 * (1.0 + spread.median.abs()));
        }
    }
}
