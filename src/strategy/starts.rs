//! Several starts: the run's own method from many initial points, side by side; where each ends is left to the method.

use super::learner::{Crowd, Learner};
use super::population::heeds;
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method};

pub const LEARNER: Learner = Learner {
    id: "starts",
    label: "Starts",
    about: "Trains the same network from many initial weights side by side, without any preference. A method that \
            stops at the first Pareto-stationary point it meets, such as MGDA, stops at another one from every start, \
            and together they are a set of points. The preference picks the member whose losses are nearest to it. A \
            step costs as much as that many runs.",
    pitfalls: "Nothing spreads the points: they lie where the starts happened to lead, often all in the middle of the \
               front. A member's preference is told by its losses: for every task how much of the range between the \
               worst and the best member it has won, in shares, so it changes while they train. Curves of training are \
               those of the first start, where a single point would begin on a network.",
    paper: "Désidéri, Multiple-gradient descent algorithm (MGDA) for multiobjective optimization (Comptes Rendus)",
    year: 2012,
    link: "https://doi.org/10.1016/j.crma.2012.03.014",
    knobs: &[Knob { name: "points", label: "starts", default: 9.0, min: 3.0, max: 21.0, scale: KnobScale::Integer }],
    tasks: (2, 3),
    crowd: Some(Crowd {
        size: |knobs, _| knobs.first().map_or(9, |points| *points as usize),
        preferences: |_, _| Vec::new(),
        own_starts: |_| true,
        shares: None,
        method: None,
    }),
    chart: None,
    refuses,
};

fn refuses(method: &Method, modifiers: &[Applied], _knobs: &[f64]) -> Option<String> {
    heeds(method, modifiers).then(|| {
        format!(
            "{} heeds the preference, and here no member has one. Choose a method that heeds none, or a sweep of \
             preferences.",
            method.id
        )
    })
}
