//! The parameters themselves: exact where there are two, a section through a checkpoint where there are more.

use crate::landscape::laid::{Frame, Laid, Terrain, TerrainSubject, Unsaid, double};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Slot};

pub const PLANE: PlaneSource = PlaneSource {
    id: "parameters",
    label: "Parameters",
    about: "The first two parameters of an analytic problem. With two of them nothing is projected and the map is exact; \
            with more, the others are held where a run stands.",
    slots: &[Slot::Point],
    required: 0,
    suits_exact: true,
    follows_cursor: true,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let TerrainSubject::Problem(problem) = terrain.subject else {
        return Err(
            "A network has too many parameters to draw two of them: its map is a plane across all of them, such \
                    as that of the runs’ paths."
                .into(),
        );
    };
    let point = choice.points().first().copied().unwrap_or_default();
    let (anchor, theta) = terrain.find(point, Unsaid::Cursor)?;
    let n = theta.len();
    let drawn = n.min(2);
    let mut origin = double(theta);
    origin[..drawn].fill(0.0);
    let direction = |axis: usize| (0..n).map(|i| f64::from(u8::from(i == axis))).collect();
    let held = n - drawn;
    let mut notes = Vec::new();
    if held > 0 {
        let rest = if held == 1 { "third parameter is".to_string() } else { format!("other {held} parameters are") };
        notes.push(format!("The {rest} held where {} has them.", terrain.words(anchor)));
    }
    Ok(Laid {
        about: if held == 0 {
            "All parameters are drawn: nothing is projected.".into()
        } else {
            format!("The first two of {n} parameters.")
        },
        notes,
        origin,
        directions: (0..drawn).map(direction).collect(),
        labels: ["x₁", "x₂"].iter().take(drawn).map(ToString::to_string).collect(),
        unit: None,
        frame: Frame::Box(problem.bounds.low, problem.bounds.high),
        anchors: if held > 0 { vec![anchor] } else { Vec::new() },
        corners: Vec::new(),
    })
}
