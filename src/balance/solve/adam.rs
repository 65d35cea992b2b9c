//! Adam for a method's own K parameters (Kingma & Ba 2015), apart from the network's optimizer.

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Moments of K parameters, bias-corrected.
#[derive(Debug, Clone)]
pub struct Adam {
    first: Vec<f64>,  // (K)
    second: Vec<f64>, // (K)
    steps: u32,
}

impl Adam {
    pub fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n], steps: 0 }
    }

    /// Moves `parameters` (K) against `gradient` (K) by about `learning_rate` each.
    pub fn step(&mut self, learning_rate: f64, gradient: &[f64], parameters: &mut [f64]) {
        self.steps = self.steps.saturating_add(1);
        let correct_1 = 1.0 - libm::pow(BETA_1, f64::from(self.steps));
        let correct_2 = 1.0 - libm::pow(BETA_2, f64::from(self.steps));
        for (i, &g) in gradient.iter().enumerate() {
            self.first[i] = BETA_1 * self.first[i] + (1.0 - BETA_1) * g;
            self.second[i] = BETA_2 * self.second[i] + (1.0 - BETA_2) * g * g;
            let spread = (self.second[i] / correct_2).sqrt() + EPSILON;
            parameters[i] -= learning_rate * (self.first[i] / correct_1) / spread;
        }
    }
}
