//! MGDA-UB (Sener & Koltun 2018): MGDA's weights from the gradients with respect to the shared representation.
//!
//! w = argmin ‖Σ wₖ ∂Lₖ/∂z‖ over the simplex with z (B, H) the trunk's output; ‖∂z/∂θ‖ times that length bounds MGDA's
//! objective from above. The gradients of single rows are kept apart, as in the paper (LibMTL sums them over the batch
//! first). One weighted backward pass makes d. Degenerate gradients are treated as in `mgda`.

use super::{Build, Kind, Method, Need, Promise, mgda};

pub const METHOD: Method = Method {
    id: "mgda_ub",
    label: "MGDA-UB",
    gloss: "shortest, at features",
    optimizes: "MGDA on the gradients of the shared features instead of the shared weights: their shortest average bounds MGDA's objective from above, up to a factor.",
    choose: "When MGDA's caution is wanted, but there are many tasks or the trunk is large.",
    avoid: "When common descent has to be sure: it is so only as far as the bound is tight. As in MGDA, small gradients decide.",
    pitfalls: "LibMTL sums the feature gradients over the batch before it compares tasks; Samsung's code and the paper keep the rows of the batch apart, and so does this implementation. Only w comes from the features: d is the weighted gradient of the shared weights. Gradients are divided by lengths or losses only if set so.",
    promises: &[Promise::OrderFree, Promise::Linear, Promise::OnSimplex, Promise::RestsWhenOpposed],
    source: super::mgda::METHOD.source,
    kind: Kind::GradientWeighting,
    knobs: mgda::METHOD.knobs,
    needs: &[Need::Representation],
    same_direction_k2: &[],
    build: Build::Gramian(|setup| Box::new(mgda::Mgda::new(setup))),
};
