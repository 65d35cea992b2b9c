//! Loss landscapes: planes through parameter space, losses over them, and how far they are from the truth.
//!
//! A [`PlaneChoice`] becomes a plan in the session that trains, which has the checkpoints ([`lay`]). Surveys evaluate
//! it on a [`Ground`], data and network of the same link, wherever there is time for it. [`Sheet`] holds what is known
//! so far; heights, barriers and fields are functions of it.

mod breath;
mod field;
mod grid;
mod ground;
mod height;
mod honesty;
mod laid;
mod plane;
mod planes;
mod pull;
mod sheet;
mod survey;
mod trails;

pub use breath::breathe;
pub use field::Field;
pub use grid::{Grid, SIDES};
pub use ground::{Ground, map_rows};
pub use height::{HEIGHTS, HeightChoice, HeightSource, HeightUnit, Node, height};
pub use honesty::{Off, barrier};
pub use laid::{Terrain, TerrainSubject, lay};
pub use plane::{Argument, PlaneChoice, PlaneSource, Point, Reach, Slot};
pub use pull::Pull;
pub use sheet::Sheet;
pub use survey::Survey;
pub use trails::{Trail, Trails};

/// The one list of planes.
pub const PLANES: &[PlaneSource] = &[
    planes::parameters::PLANE,
    planes::pca::PLANE,
    planes::random::PLANE,
    planes::runs::PLANE,
    planes::members::PLANE,
    planes::gradients::PLANE,
    planes::line::PLANE,
];

/// The entry with this id.
pub fn plane(id: &str) -> Option<&'static PlaneSource> {
    PLANES.iter().find(|plane| plane.id == id)
}
