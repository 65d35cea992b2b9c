//! What a step of a method costs, counted in passes of a batch through the network.

use super::{Build, Method, Need};

/// Passes of one step; the optimizer's update and a method's own arithmetic are small beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Backward passes through the shared trunk. Every one belongs to one loss, or to one weighted sum of losses.
    pub backward: usize,
    /// Forward passes.
    pub forward: usize,
}

impl Method {
    /// The cost of one step with `n_tasks` tasks, without what plots ask for beside it.
    pub fn cost(&self, n_tasks: usize) -> Cost {
        let own = match self.build {
            // Gradients at the representation end there; one backward pass follows.
            _ if self.needs(Need::Representation) => 1,
            Build::Losses(_) => 1,
            Build::Gramian(_) | Build::Rows(_) => n_tasks,
        };
        let mut cost = Cost { backward: own, forward: 1 };
        for need in self.needs {
            let (backward, forward) = match need {
                Need::LossesAfterStep | Need::ValidationLosses => (0, 1),
                // G of each of two more batches; or G before the look ahead and that of the validation batch behind it.
                Need::TwoMoreBatches | Need::LookAhead => (2 * n_tasks, 2),
                Need::HeadsScaledByWeights
                | Need::EpochMeans
                | Need::LossValues
                | Need::Preference
                | Need::LastLayer
                | Need::KeptRows
                | Need::Representation
                | Need::Excess
                | Need::LabelProducts => (0, 0),
            };
            cost.backward += backward;
            cost.forward += forward;
        }
        cost
    }

    /// The cost for any K, e.g. `K backward, 1 forward`.
    pub fn cost_words(&self) -> String {
        // Linear in K, so two values tell the line.
        let (one, two) = (self.cost(1), self.cost(2));
        let line = |at_one: usize, at_two: usize| match (at_two - at_one, 2 * at_one - at_two) {
            (0, base) => base.to_string(),
            (1, 0) => "K".into(),
            (slope, 0) => format!("{slope}K"),
            (1, base) => format!("K + {base}"),
            (slope, base) => format!("{slope}K + {base}"),
        };
        let through = if self.needs(Need::Representation) { " (K through the heads)" } else { "" };
        format!("{} backward{through}, {} forward", line(one.backward, two.backward), line(one.forward, two.forward))
    }
}
