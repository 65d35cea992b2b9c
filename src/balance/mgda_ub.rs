//! MGDA-UB (Sener & Koltun 2018): MGDA's weights from the gradients with respect to the shared representation.
//!
//! w = argmin ‖Σ wₖ ∂Lₖ/∂z‖ over the simplex with z (B, H) the trunk's output; ‖∂z/∂θ‖ times that length bounds MGDA's
//! objective from above. The gradients of single rows are kept apart, as in the paper (LibMTL sums them over the batch
//! first). One weighted backward pass makes d. Degenerate gradients are treated as in `mgda`.

use super::{Build, Kind, Method, Need, Promise, Source, Venue, mgda};

pub const METHOD: Method = Method {
    id: "mgda_ub",
    label: "MGDA-UB",
    gloss: "shortest, at features",
    optimizes: "MGDA on the gradients of the shared features instead of the shared weights: an upper bound of its objective for the price of one backward pass through the trunk, whatever the number of tasks. Common descent is certain only as far as the bound is tight.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[
        Promise::NoTaskHurt,
        Promise::OrderFree,
        Promise::Linear,
        Promise::OnSimplex,
        Promise::ShortestAverage,
        Promise::RestsWhenOpposed,
    ],
    source: Source {
        authors: &[],
        title: "Sener & Koltun, Multi-Task Learning as Multi-Objective Optimization (NeurIPS)",
        venue: Venue::Preprint,
        year: 2018,
        link: "",
    },
    kind: Kind::GradientWeighting,
    knobs: mgda::METHOD.knobs,
    needs: &[Need::Representation],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(mgda::Mgda::new(setup))),
};
