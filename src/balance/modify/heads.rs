//! Heads scaled by the weights: libraries that run one backward pass of Σ wᵢ Lᵢ scale the heads too, others do not.

use super::{Change, Modifier};

pub const MODIFIER: Modifier = Modifier {
    id: "heads",
    label: "weights scale the heads",
    about: "Multiplies each head's own gradient by the task's weight, as code does that runs one backward pass of the \
            weighted losses. A task with a small weight then also learns its head slowly; under Adam little changes. A \
            negative weight makes the head ascend.",
    paper: "the code of Navon et al., Multi-Task Learning as a Bargaining Game (ICML)",
    year: 2022,
    knob: None,
    change: Change::Heads,
};
