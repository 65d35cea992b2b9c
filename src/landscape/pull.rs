//! How the tasks pull at one node of a plane: their Gramian, and what each gradient has along the plane's directions.

/// K² + 4K numbers of a node, with the loss scales in them: M (K, K) of the shared parameters, gᵢ·u and gᵢ·v (K each)
/// of the shared parameters, and hᵢ·u and hᵢ·v (K each) of the own head's gradients hᵢ. On a line v is 0.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    n_tasks: usize,
    numbers: &'a [f32],
}

impl<'a> Pull<'a> {
    /// How many numbers there are for a node.
    pub const fn count(n_tasks: usize) -> usize {
        n_tasks * n_tasks + 4 * n_tasks
    }

    /// `None` where these are not as many as K tasks have.
    pub fn new(n_tasks: usize, numbers: &'a [f32]) -> Option<Self> {
        (numbers.len() == Self::count(n_tasks)).then_some(Self { n_tasks, numbers })
    }

    /// gᵢ·gⱼ.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        f64::from(self.numbers[i * self.n_tasks + j])
    }

    /// M (K, K).
    pub fn gramian(&self) -> &'a [f32] {
        &self.numbers[..self.n_tasks * self.n_tasks]
    }

    /// gᵢ along a direction, through the shared parameters.
    pub fn shared(&self, axis: usize, task: usize) -> f64 {
        self.beside(axis, task)
    }

    /// The own head's gradient of a task along a direction.
    pub fn head(&self, axis: usize, task: usize) -> f64 {
        self.beside(2 + axis, task)
    }

    fn beside(&self, row: usize, task: usize) -> f64 {
        f64::from(self.numbers[(self.n_tasks + row) * self.n_tasks + task])
    }

    /// Of all pairs of tasks; NaN where a gradient is 0 or no number, or where there is no pair.
    pub fn smallest_cosine(&self) -> f64 {
        let mut smallest = f64::INFINITY;
        for i in 0..self.n_tasks {
            for j in 0..i {
                let cosine = self.product(i, j) / (self.product(i, i) * self.product(j, j)).sqrt();
                if !cosine.is_finite() {
                    return f64::NAN;
                }
                smallest = smallest.min(cosine.clamp(-1.0, 1.0));
            }
        }
        if smallest.is_finite() { smallest } else { f64::NAN }
    }
}
