//! Gradients to begin with where the reader moves them: the cases in which methods differ most.

/// One entry of [`GRADIENTS`].
#[derive(Debug, Clone, Copy)]
pub struct GradientsPreset {
    pub id: &'static str,
    pub label: &'static str,
    /// (2, 2) row-major.
    pub two: [f64; 4],
    /// (3, 3) row-major.
    pub three: [f64; 9],
}

/// The one list of them.
pub const GRADIENTS: &[GradientsPreset] = &[
    GradientsPreset {
        id: "orthogonal",
        label: "at right angles",
        two: [1.0, 0.0, 0.0, 1.0],
        three: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    },
    GradientsPreset {
        id: "opposed",
        label: "opposed",
        two: [1.0, 0.0, -1.0, 0.0],
        three: [1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    },
    GradientsPreset {
        id: "huge",
        label: "one huge",
        two: [1.0, 0.0, -6.0, 8.0],
        three: [1.0, 0.0, 0.0, -0.5, 0.9, 0.0, -6.0, 0.0, 8.0],
    },
    GradientsPreset {
        id: "tiny",
        label: "one tiny",
        two: [1.0, 0.0, -0.06, 0.08],
        three: [1.0, 0.0, 0.0, -0.5, 0.9, 0.0, -0.06, 0.0, 0.08],
    },
    GradientsPreset {
        id: "fan",
        label: "in a fan",
        two: [1.0, 0.0, -0.5, 0.866],
        three: [1.0, 0.0, 0.0, -0.5, 0.866, 0.0, -0.5, -0.866, 0.0],
    },
    GradientsPreset {
        id: "dependent",
        label: "rank-deficient",
        two: [1.0, 0.5, 2.0, 1.0],
        three: [1.0, 0.0, 0.0, -0.6, 0.8, 0.0, 0.4, 0.8, 0.0],
    },
];

impl GradientsPreset {
    /// Rows (K, K) for K = 2 or 3.
    pub fn rows(&self, n_tasks: usize) -> Option<&[f64]> {
        match n_tasks {
            2 => Some(&self.two),
            3 => Some(&self.three),
            _ => None,
        }
    }
}
