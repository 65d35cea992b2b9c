//! A sweep of preferences: the run's own method once for every preference of an even spread, side by side.

use super::learner::{Crowd, Learner};
use super::population::{heeds, simplex};
use crate::balance::modify::Applied;
use crate::balance::{Knob, KnobScale, Method};

pub const LEARNER: Learner = Learner {
    id: "sweep",
    label: "Sweep",
    about: "Trains the same network many times side by side, each with its own preference, evenly spread from all for \
            one task to all for another. What comes out is a set of points; the preference picks the nearest of them. \
            A step costs as much as that many runs. With Constant this is the sweep of weighted sums, with \
            Tchebycheff or EPO the sweep of theirs.",
    pitfalls: "Equal steps between preferences are not equal steps along the front: weighted sums crowd at the ends \
               and reach no part of a front that bulges inward. The two ends give a task no weight at all, so its \
               loss is left where it happens to be, and EPO does not get there. Curves of training are those of the \
               member nearest to an even preference. For three tasks or more the number of points is rounded up to a \
               full lattice.",
    paper: "Miettinen, Nonlinear Multiobjective Optimization (Springer), weighting and Tchebycheff methods",
    year: 1998,
    link: "https://doi.org/10.1007/978-1-4615-5563-6",
    knobs: &[
        Knob { name: "points", label: "preferences", default: 9.0, min: 3.0, max: 21.0, scale: KnobScale::Integer },
        Knob::choice("from", "starts", &["same", "own"]),
    ],
    tasks: (2, 3),
    crowd: Some(Crowd {
        size: |knobs, k| spread(knobs, k).len(),
        preferences: spread,
        own_starts: |knobs| knobs.get(1).is_some_and(|from| *from > 0.0),
        shares: None,
        method: None,
    }),
    chart: None,
    refuses,
};

fn spread(knobs: &[f64], k: usize) -> Vec<Vec<f64>> {
    simplex(k, knobs.first().map_or(9, |points| *points as u32))
}

fn refuses(method: &Method, modifiers: &[Applied], _knobs: &[f64]) -> Option<String> {
    (!heeds(method, modifiers)).then(|| {
        format!(
            "{} heeds no preference, so all members would be the same. Choose a method that follows one, such as \
             Constant or Tchebycheff, or add a modifier that does.",
            method.id
        )
    })
}
