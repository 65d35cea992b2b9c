//! What methods promise on any input. Tests hold every method to its own promises on random gradients.

/// A promise of a method with its default settings, for d its update and w its weights. What a method at the shared
/// features promises of scales and order, it promises of the gradients there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// gᵢ·d ≥ 0 for all tasks when the rows are independent.
    NoTaskHurt,
    /// Reordering the tasks reorders w and leaves d.
    OrderFree,
    /// d(s·G) = s·d(G).
    Linear,
    /// d stays when single rows are rescaled.
    RowScaleFree,
    /// Σw = 1 and w ≥ 0.
    OnSimplex,
    /// Σw = K and w ≥ 0.
    SumsToK,
    /// gᵢ·d ≥ ‖d‖², with equality where wᵢ > 0.
    ShortestAverage,
    /// wᵢ (gᵢ·d) is the same for all tasks.
    Bargain,
    /// d = 0 for two opposed rows of equal length.
    RestsWhenOpposed,
    /// d = Σ gᵢ where no two rows conflict.
    SumWithoutConflict,
    /// gᵢ·d > 0 for all tasks but the first.
    OthersGain,
    /// gᵢ·d ≥ 0 for the task that lags behind its preference most.
    LaggardGains,
    /// The losses' distance from the ray of equal losses falls by σ of the steepest way, or stays on the ray.
    SteersToRay,
}

impl Promise {
    /// In the order in which they are shown.
    pub const ALL: &[Self] = &[
        Self::NoTaskHurt,
        Self::RowScaleFree,
        Self::OrderFree,
        Self::Linear,
        Self::OnSimplex,
        Self::SumsToK,
        Self::ShortestAverage,
        Self::Bargain,
        Self::RestsWhenOpposed,
        Self::SumWithoutConflict,
        Self::OthersGain,
        Self::LaggardGains,
        Self::SteersToRay,
    ];

    /// kebab-case name in tables and machine-readable output.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoTaskHurt => "no-task-hurt",
            Self::OrderFree => "order-free",
            Self::Linear => "linear",
            Self::RowScaleFree => "row-scale-free",
            Self::OnSimplex => "on-simplex",
            Self::SumsToK => "sums-to-k",
            Self::ShortestAverage => "shortest-average",
            Self::Bargain => "bargain",
            Self::RestsWhenOpposed => "rests-when-opposed",
            Self::SumWithoutConflict => "sum-without-conflict",
            Self::OthersGain => "others-gain",
            Self::LaggardGains => "laggard-gains",
            Self::SteersToRay => "steers-to-ray",
        }
    }

    /// A few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoTaskHurt => "hurts no task",
            Self::OrderFree => "task order does not matter",
            Self::Linear => "scales with the gradients",
            Self::RowScaleFree => "scale of one task does not matter",
            Self::OnSimplex => "weights ≥ 0, sum 1",
            Self::SumsToK => "weights ≥ 0, sum K",
            Self::ShortestAverage => "shortest average of the gradients",
            Self::Bargain => "equal bargain for all tasks",
            Self::RestsWhenOpposed => "rests between opposed gradients",
            Self::SumWithoutConflict => "plain sum without conflict",
            Self::OthersGain => "all tasks but the first gain",
            Self::LaggardGains => "the task that lags is not hurt",
            Self::SteersToRay => "steers to the preference",
        }
    }
}
