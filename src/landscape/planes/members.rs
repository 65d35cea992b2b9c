//! The plane of a learned front: its members, and for two of them another run's end.

use crate::landscape::laid::{Frame, Laid, Terrain, Unsaid, difference, double, orthonormal};
use crate::landscape::plane::{Lay, PlaneChoice, PlaneSource, Point, Slot};

pub const PLANE: PlaneSource = PlaneSource {
    id: "members",
    label: "Through the members of a front",
    about: "The manifold itself: every mixture of the members lies in this plane. Two members span a line, so the end \
            of another run is the third point; three span their triangle.",
    slots: &[Slot::Point, Slot::Point],
    required: 0,
    suits_exact: false,
    follows_cursor: false,
    lay: Lay::AtOnce(lay),
};

fn lay(terrain: &mut Terrain<'_>, choice: &PlaneChoice) -> Result<Laid, String> {
    let points = choice.points();
    let learns = |run: usize| terrain.members.get(run).is_some_and(|members| !members.is_empty());
    let n_runs = terrain.paths.len();
    let point = match points.first() {
        Some(point) => *point,
        None => Point { run: (0..n_runs).find(|run| learns(*run)).unwrap_or(0), step: None },
    };
    if !learns(point.run) {
        return Err(format!(
            "{} has no members whose mixtures are a front. Choose a run that learns one as a manifold.",
            terrain.name(point.run)
        ));
    }
    let (anchor, members) = terrain.find_members(point)?;
    let words = terrain.words(anchor);
    let [first, second, ..] = members[..] else { return Err(format!("{words} has a single member.")) };
    let mut anchors = vec![anchor];
    let (third, about) = match members.get(2) {
        Some(third) => (*third, format!("The plane through the members of {words}.")),
        None => {
            // What the members do not span: the end of a single point, or where the mixture began.
            let other = (0..n_runs).find(|run| !learns(*run) && !terrain.paths[*run].is_empty());
            let other = points.get(1).copied().unwrap_or(match other {
                Some(run) => Point { run, step: None },
                None => Point { run: point.run, step: Some(0) },
            });
            let (beside, third) = terrain.find(other, Unsaid::End)?;
            anchors.push(beside);
            (third, format!("The plane through both members of {words} and {}.", terrain.words(beside)))
        }
    };
    let directions = orthonormal(difference(second, first), difference(third, first))
        .ok_or_else(|| format!("The members of {words} and the third point lie on one line. Choose another."))?;
    Ok(Laid {
        about,
        notes: Vec::new(),
        origin: double(first),
        directions: directions.into(),
        labels: vec!["from member 1 to 2".into(), "axis 2".into()],
        unit: None,
        frame: Frame::Paths,
        anchors,
        corners: members.into_iter().map(<[f32]>::to_vec).collect(),
    })
}
