//! Quantities read off gradients, losses and fronts.
