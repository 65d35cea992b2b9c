//! Every method's rule, written in LaTeX in `formula/<id>.tex` and turned into MathML when the crate is built.

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formula {
    /// The method's id.
    pub id: &'static str,
    pub latex: &'static str,
    /// A `<math>` element for every equation, with spaces between them.
    pub mathml: &'static str,
}

/// Sorted by id.
pub const FORMULAS: &[Formula] = &include!(concat!(env!("OUT_DIR"), "/formulas.rs"));

/// The rule of the method with this id.
pub fn formula(id: &str) -> Option<&'static Formula> {
    FORMULAS.binary_search_by(|formula| formula.id.cmp(id)).ok().map(|at| &FORMULAS[at])
}
