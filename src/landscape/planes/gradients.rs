//! The plane of two task gradients at a checkpoint: the local fight.

use crate::landscape::laid::{Frame, Laid, Terrain, Unsaid, double, orthonormal};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Slot};

pub const PLANE: PlaneSource = PlaneSource {
    id: "gradients",
    label: "Two gradients",
    about: "The plane of two tasks’ gradients at a checkpoint of a run, heads in them. At its middle both losses fall \
            fastest within it; further out it says nothing about the paths.",
    slots: &[Slot::Task, Slot::Task, Slot::Point],
    required: 2,
    suits_exact: false,
    follows_cursor: true,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let point = choice.points().first().copied().unwrap_or_default();
    let (anchor, theta) = terrain.find(point, Unsaid::Cursor)?;
    let [i, j] = choice.tasks()[..] else { return Err("This plane takes two tasks.".into()) };
    let gradients = (terrain.gradients)(theta);
    let (Some(first), Some(second)) = (gradients.get(i), gradients.get(j)) else {
        return Err(format!("There are {} tasks.", gradients.len()));
    };
    let words = terrain.words(anchor);
    if gradients.iter().flatten().any(|g| !g.is_finite()) {
        return Err(format!("The gradients of {words} are no numbers."));
    }
    let directions = orthonormal(double(first), double(second)).ok_or_else(|| {
        format!("At {words} the gradients of tasks {} and {} span no plane: they are parallel or 0.", i + 1, j + 1)
    })?;
    Ok(Laid {
        about: format!("The plane of the gradients of tasks {} and {} at {words}.", i + 1, j + 1),
        notes: Vec::new(),
        origin: double(theta),
        directions: directions.into(),
        labels: vec![format!("up task {}", i + 1), format!("up task {}, at a right angle", j + 1)],
        unit: None,
        frame: Frame::Paths,
        anchors: vec![anchor],
        corners: Vec::new(),
    })
}
