//! GradDrop where its paper has it (Chen et al. 2020): on the gradients of the shared features, with draws per row.
//!
//! The rule of `graddrop` on every entry of ∂Lₖ/∂z, z (B, H) the trunk's output; what is kept goes down the trunk once.
//! The paper multiplies by the sign of z first, which turns all tasks' entries alike and so only swaps which half of
//! the draws keeps which sign. LibMTL sums over the batch before it draws. Entries where all are 0 stay 0.

use super::{Build, Kind, Method, Need, Promise, graddrop};

pub const METHOD: Method = Method {
    id: "graddrop_ub",
    label: "GradDrop at features",
    gloss: "feature sign dropout",
    optimizes: "Drops signs in the gradients of the shared features, entry by entry and row by row of the batch, before they go down the trunk.",
    choose: "When GradDrop's noise is wanted in small doses: every row of the batch has draws of its own, so it averages out over the batch.",
    avoid: "When the noise itself is wanted in full, or tasks differ in gradient size: large entries decide the sign, and the mean over all draws is the plain sum.",
    pitfalls: "In LibMTL, after the paper, the gradients are multiplied by the sign of the feature and summed over the batch, so that one draw serves all rows. This implementation draws for every row apart; there the sign would turn all tasks' entries alike and change no odds. Entries where all tasks have 0 stay 0.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: super::graddrop::METHOD.source,
    kind: Kind::GradientSurgery,
    knobs: graddrop::METHOD.knobs,
    needs: &[Need::Representation],
    same_direction_k2: &[],
    build: Build::Rows(|setup| Box::new(graddrop::GradDrop::new(setup))),
};
