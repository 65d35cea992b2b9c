//! GradDrop where its paper has it (Chen et al. 2020, algorithm 1): on the gradients of the shared representation.
//!
//! The rule of `graddrop` on every entry of ∂Lₖ/∂z, z (B, H) the trunk's output; what is kept goes down the trunk once.
//! The paper multiplies by the sign of z first, which turns all tasks' entries alike and so only swaps which half of
//! the draws keeps which sign. LibMTL sums over the batch before it draws. Entries where all are 0 stay 0.

use super::{Build, Kind, Method, Need, Promise, Source, Venue, graddrop};

pub const METHOD: Method = Method {
    id: "graddrop_ub",
    label: "GradDrop at features",
    gloss: "feature sign dropout",
    optimizes: "Drops signs in the gradients of the shared features, entry by entry and row by row of the batch, before they go down the trunk: the place its authors chose. The noise averages out over the batch. One backward pass through the trunk, whatever the number of tasks.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &[],
        title: "Chen et al., Just Pick a Sign: Gradient Sign Dropout (NeurIPS)",
        venue: Venue::Preprint,
        year: 2020,
        link: "",
    },
    kind: Kind::GradientSurgery,
    knobs: graddrop::METHOD.knobs,
    needs: &[Need::Representation],
    same_direction_k2: &[],
    build: Build::Rows(|setup| Box::new(graddrop::GradDrop::new(setup))),
};
