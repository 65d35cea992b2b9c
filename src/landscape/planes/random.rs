//! Two random directions around a checkpoint, filter-normalized (Li et al. 2018).
//!
//! In every unit (the weights that lead into it) each direction is as long as the unit's own weights, and the two are
//! at right angles unit by unit, so that they are at right angles as a whole. Biases stand, as in the paper's
//! experiments. A unit with a single input has no second direction: it moves along the first alone.

use crate::landscape::laid::{Frame, Laid, Terrain, TerrainSubject, Unsaid, dot, double, unit};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Slot};
use crate::nn::{ParamLayout, Part};
use crate::rng::{Stream, StreamId};

pub const PLANE: PlaneSource = PlaneSource {
    id: "random",
    label: "Random",
    about: "Two random directions around a checkpoint of a run, in every unit as long as its own weights. They say how \
            the loss bends there on average, and next to nothing about the paths.",
    slots: &[Slot::Seed, Slot::Point],
    required: 0,
    suits_exact: false,
    follows_cursor: true,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let point = choice.points().first().copied().unwrap_or_default();
    let (anchor, theta) = terrain.find(point, Unsaid::Cursor)?;
    let seed = choice.seed();
    let mut draws = [0, 1].map(|axis| {
        let mut draws = vec![0.0; theta.len()];
        Stream::new(seed, StreamId::Probe, axis).fill_normal(0, &mut draws);
        draws
    });
    let words = terrain.words(anchor);
    let (frame, own, notes) = match terrain.subject {
        TerrainSubject::Network(layout) => {
            normalize(layout, theta, &mut draws);
            let length = dot(&draws[0], &draws[0]).sqrt();
            (Frame::Around(length), Some(length), vec!["Biases stand; a unit of weight is its own length.".to_string()])
        }
        TerrainSubject::Problem(problem) => {
            let [first, second] = draws;
            let along = dot(&first, &second) / dot(&first, &first);
            let second = second.iter().zip(&first).map(|(second, first)| second - along * first).collect();
            draws = [first, second];
            let half = 0.5 * (problem.bounds.high - problem.bounds.low);
            (
                Frame::Around(half),
                None,
                vec!["An analytic problem has no units: the directions are plain draws.".into()],
            )
        }
    };
    let directions: Option<Vec<_>> = draws.into_iter().map(unit).collect();
    let directions = directions
        .ok_or_else(|| format!("The weights of {words} are all 0, so directions as long as they are none."))?;
    Ok(Laid {
        about: format!("Random directions (seed {seed}) around {words}."),
        notes,
        origin: double(theta),
        directions,
        labels: vec!["random 1".into(), "random 2".into()],
        unit: own,
        frame,
        anchors: vec![anchor],
        corners: Vec::new(),
    })
}

/// Makes both draws as long as θ in every unit and at right angles to each other there; biases become 0.
fn normalize(layout: &ParamLayout, theta: &[f32], [first, second]: &mut [Vec<f64>; 2]) {
    for block in layout.blocks() {
        if block.part == Part::Bias {
            first[block.range.clone()].fill(0.0);
            second[block.range.clone()].fill(0.0);
            continue;
        }
        let width = block.range.len() / block.fan_in.max(1);
        for unit in 0..width {
            let of_unit = || block.range.clone().skip(unit).step_by(width);
            let product =
                |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| of_unit().map(|i| a(i) * b(i)).sum::<f64>();
            let length = product(&|i| f64::from(theta[i]), &|i| f64::from(theta[i])).sqrt();
            let square = product(&|i| first[i], &|i| first[i]);
            let along = product(&|i| first[i], &|i| second[i]) / square;
            for i in of_unit() {
                second[i] -= along * first[i];
            }
            // Twice, so that rounding leaves nothing of the first in the second.
            let along = product(&|i| first[i], &|i| second[i]) / square;
            for i in of_unit() {
                second[i] -= along * first[i];
            }
            let rest = product(&|i| second[i], &|i| second[i]);
            let factors = [length / square.sqrt(), if block.fan_in > 1 { length / rest.sqrt() } else { 0.0 }];
            for i in of_unit() {
                first[i] *= factors[0];
                second[i] *= factors[1];
            }
        }
    }
}
