//! The plane through three stored checkpoints: the ends of runs, or any other.

use crate::landscape::laid::{Frame, Laid, Terrain, Unsaid, difference, double, orthonormal};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Slot};

pub const PLANE: PlaneSource = PlaneSource {
    id: "runs",
    label: "Through three points",
    about: "The plane through three checkpoints, ends of runs unless a step is named: there the map is exact, elsewhere \
            along the paths it is not.",
    slots: &[Slot::Point, Slot::Point, Slot::Point],
    required: 3,
    suits_exact: false,
    follows_cursor: false,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let found: Result<Vec<_>, _> = choice.points().into_iter().map(|point| terrain.find(point, Unsaid::End)).collect();
    let [(a, first), (b, second), (c, third)] = found?[..] else {
        return Err("This plane goes through three checkpoints.".into());
    };
    let words = [a, b, c].map(|anchor| terrain.words(anchor));
    let directions = orthonormal(difference(second, first), difference(third, first)).ok_or_else(|| {
        format!("{}, {} and {} lie on one line, so they span no plane. Choose others.", words[0], words[1], words[2])
    })?;
    Ok(Laid {
        about: format!("The plane through {}, {} and {}.", words[0], words[1], words[2]),
        notes: Vec::new(),
        origin: double(first),
        directions: directions.into(),
        labels: vec!["axis 1".into(), "axis 2".into()],
        unit: None,
        frame: Frame::Paths,
        anchors: vec![a, b, c],
        corners: Vec::new(),
    })
}
