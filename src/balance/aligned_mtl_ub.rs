//! Aligned-MTL-UB (Senushkin et al. 2023): Aligned-MTL's weights from the gradients with respect to the representation.
//!
//! The rule of `aligned_mtl` on M of ∂Lₖ/∂z, z (B, H) the trunk's output, rows of the batch kept apart; one weighted
//! backward pass makes d. Degenerate gradients are treated as there.

use super::{Build, Kind, Method, Need, Promise, aligned_mtl};

pub const METHOD: Method = Method {
    id: "aligned_mtl_ub",
    label: "Aligned-MTL-UB",
    gloss: "orthogonalized features",
    optimizes: "Aligned-MTL on the gradients of the shared features instead of the shared weights. What is stable and orthogonal is the pull on the features; the pull on the weights follows only roughly.",
    choose: "When Aligned-MTL suits the tasks but a backward pass through the trunk for each of them is too slow.",
    avoid: "When the pull on the shared weights itself has to be balanced: gradients that are orthogonal at the features need not be so there.",
    pitfalls: "LibMTL sums the feature gradients over the batch before it multiplies them with each other, the authors' code keeps every row of the batch; the weights differ. Here the rows are kept apart. Preference, rank and length are those of Aligned-MTL, and so are its pitfalls.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: super::aligned_mtl::METHOD.source,
    kind: Kind::GradientWeighting,
    knobs: aligned_mtl::METHOD.knobs,
    needs: &[Need::Representation, Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(aligned_mtl::AlignedMtl::new(setup))),
};
