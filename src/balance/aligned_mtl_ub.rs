//! Aligned-MTL-UB (Senushkin et al. 2023): Aligned-MTL's weights from the gradients with respect to the representation.
//!
//! The rule of `aligned_mtl` on M of ∂Lₖ/∂z, z (B, H) the trunk's output, rows of the batch kept apart; one weighted
//! backward pass makes d. Degenerate gradients are treated as there.

use super::{Build, Kind, Method, Need, Promise, Source, Venue, aligned_mtl};

pub const METHOD: Method = Method {
    id: "aligned_mtl_ub",
    label: "Aligned-MTL-UB",
    gloss: "orthogonalized features",
    optimizes: "Aligned-MTL on the gradients of the shared features instead of the shared weights: the trunk is passed backward once, whatever the number of tasks. What is stable and orthogonal is the pull on the features; the pull on the weights follows only roughly.",
    choose: "",
    avoid: "",
    pitfalls: "",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::RestsWhenOpposed],
    source: Source {
        authors: &[],
        title: "Senushkin et al., Independent Component Alignment for Multi-Task Learning (CVPR)",
        venue: Venue::Preprint,
        year: 2023,
        link: "",
    },
    kind: Kind::GradientWeighting,
    knobs: aligned_mtl::METHOD.knobs,
    needs: &[Need::Representation, Need::Preference],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(aligned_mtl::AlignedMtl::new(setup))),
};
