//! How the learning rate goes over a run: a warm-up, then a constant rate or one that falls.

/// A factor on the learning rate of every step, in (0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Steps over which the factor rises evenly to 1; 0 for none.
    pub warm_up: u32,
    pub decay: Decay,
}

/// What follows the warm-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    Constant,
    /// Evenly toward 0 behind the last step.
    Linear,
    /// Half a cosine from 1 toward 0 behind the last step (Loshchilov & Hutter 2017, without restarts).
    Cosine,
    /// Times `factor` after every `every` steps.
    Steps {
        factor: f64,
        every: u32,
    },
}

impl Schedule {
    /// The learning rate as it is, in every step.
    pub const CONSTANT: Self = Self { warm_up: 0, decay: Decay::Constant };

    /// The factor at `step` of `steps`.
    pub fn factor(self, step: u32, steps: u32) -> f64 {
        if step < self.warm_up {
            return f64::from(step + 1) / f64::from(self.warm_up);
        }
        let past = step - self.warm_up;
        let gone = f64::from(past) / f64::from(steps.saturating_sub(self.warm_up).max(1));
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => (1.0 - gone).max(0.0),
            Decay::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * gone.min(1.0))),
            Decay::Steps { factor, every } => libm::pow(factor, f64::from(past / every.max(1))),
        }
    }
}

/// The learning rates of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub highest: f64,
    pub schedule: Schedule,
    /// Of the whole run.
    pub steps: u32,
}

impl Rates {
    /// The same rate in every step.
    pub fn constant(rate: f64, steps: u32) -> Self {
        Self { highest: rate, schedule: Schedule::CONSTANT, steps }
    }

    pub fn at(&self, step: u32) -> f64 {
        self.highest * self.schedule.factor(step, self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(warm_up: u32, decay: Decay, expected: &[(u32, f64)]) {
        let schedule = Schedule { warm_up, decay };
        for &(step, factor) in expected {
            let ours = schedule.factor(step, 100);
            assert!((ours - factor).abs() < 1e-12, "{schedule:?} at {step}: {ours} instead of {factor}");
        }
    }

    #[test]
    fn factors_are_what_their_names_say() {
        check(0, Decay::Constant, &[(0, 1.0), (99, 1.0)]);
        check(0, Decay::Linear, &[(0, 1.0), (25, 0.75), (99, 0.01)]);
        check(0, Decay::Cosine, &[(0, 1.0), (50, 0.5), (25, 0.5 + 0.5 * 0.5_f64.sqrt())]);
        let thirds = Decay::Steps { factor: 0.1, every: 30 };
        check(0, thirds, &[(0, 1.0), (29, 1.0), (30, 0.1), (60, 0.01)]);
        check(10, Decay::Constant, &[(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0)]);
        check(20, Decay::Linear, &[(19, 1.0), (20, 1.0), (60, 0.5)]);
        check(10, thirds, &[(10, 1.0), (39, 1.0), (40, 0.1)]);
        // A warm-up longer than the run is a rate that only rises.
        check(200, Decay::Cosine, &[(99, 0.5)]);
    }

    #[test]
    fn every_factor_of_a_run_is_above_0_and_at_most_1() {
        for decay in [Decay::Constant, Decay::Linear, Decay::Cosine, Decay::Steps { factor: 0.5, every: 7 }] {
            for warm_up in [0, 1, 50, 100] {
                for step in 0..100 {
                    let factor = Schedule { warm_up, decay }.factor(step, 100);
                    assert!(factor > 0.0 && factor <= 1.0, "{decay:?} {warm_up} {step}: {factor}");
                }
            }
        }
    }
}
