//! The straight way between two stored checkpoints: linear mode connectivity (Frankle et al. 2020).

use crate::landscape::laid::{Frame, Laid, Terrain, Unsaid, difference, dot, double, unit};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Slot};

pub const PLANE: PlaneSource = PlaneSource {
    id: "line",
    label: "Between two points",
    about: "The straight way between two checkpoints, ends of runs unless a step is named. A barrier is how far a loss rises \
            above the straight line between its values at the ends.",
    slots: &[Slot::Point, Slot::Point],
    required: 2,
    suits_exact: false,
    follows_cursor: false,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let found: Result<Vec<_>, _> = choice.points().into_iter().map(|point| terrain.find(point, Unsaid::End)).collect();
    let [(a, first), (b, second)] = found?[..] else {
        return Err("This line goes through two checkpoints.".into());
    };
    let words = [a, b].map(|anchor| terrain.words(anchor));
    let way = difference(second, first);
    let length = dot(&way, &way).sqrt();
    let direction =
        unit(way).ok_or_else(|| format!("{} and {} are the same point. Choose others.", words[0], words[1]))?;
    Ok(Laid {
        about: format!("The straight way from {} to {}.", words[0], words[1]),
        notes: Vec::new(),
        origin: double(first),
        directions: vec![direction],
        labels: vec!["distance".into()],
        unit: Some(length),
        frame: Frame::Segment(length),
        anchors: vec![a, b],
        corners: Vec::new(),
    })
}
