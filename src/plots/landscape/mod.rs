//! Maps of the losses over a plane through parameter space, with the paths of all runs and how far the map is off.
//!
//! Everything drawn is a function of a [`Sheet`], what is known of a map so far. A map is a projection unless it says
//! that it is exact, so its dots have the true losses, in the map's own bands, and two numbers tell how far it is off.

use crate::landscape::{HeightChoice, Sheet};

use super::orbit::Orbit;
use super::picture::Pen;
use super::{Picture, Plot, Scene, Stage, Switch, Table};

pub(super) const PLOT: Plot = Plot {
    id: "landscape",
    title: "Landscape",
    subtitle: |_| String::new(),
    least_height: |_| 320.0,
    draw,
    table: |_| Table::new(["run", "step"]),
    data: |_| Table::new(["run", "step"]),
    summary: |scene| absent(scene),
    switch: |_| Switch::Landscape,
    shows_all_seeds: false,
    reads_predictions: false,
};

/// Nodes of a map with where a method would go from there, along both axes of the plane.
pub type Wind<'a> = &'a [(u32, [f64; 2])];

/// What only this view reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Land<'a> {
    /// What is known of the map so far.
    pub sheet: Option<&'a Sheet>,
    /// Why there is none, in a sentence.
    pub why: Option<&'a str>,
    pub height: HeightChoice,
    /// A surface in space instead of contours.
    pub surface: bool,
    /// How the surface is turned.
    pub orbit: Orbit,
    /// The point of the plane under pointer or keyboard, the same in all maps.
    pub cursor: Option<[f64; 2]>,
    /// (K) on the simplex; even where it is empty.
    pub preference: &'a [f64],
    /// At [`wind_nodes`], for the height that needs it; or why there is none, in a sentence.
    pub wind: Option<Result<Wind<'a>, &'a str>>,
    /// Pareto-optimal points of the plane, one list a curve.
    pub pareto: &'a [Vec<[f64; 2]>],
}

/// How exact a map is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    pub exact: bool,
    pub words: String,
}

/// What is said of the map's exactness; `None` before there is a map.
pub fn badge(_scene: &Scene) -> Option<Badge> {
    None
}

/// The nodes that arrows stand on: a grid of at most 17 by 17 of the map.
pub fn wind_nodes(_sheet: &Sheet) -> Vec<u32> {
    Vec::new()
}

fn draw(scene: &Scene, stage: &Stage) -> Picture {
    Pen::new(stage).empty(&absent(scene))
}

/// Why there is no map.
fn absent(scene: &Scene) -> String {
    match scene.land.why {
        Some(why) => why.to_owned(),
        None => "The map of the losses appears here with the first checkpoints of the runs.".to_owned(),
    }
}
