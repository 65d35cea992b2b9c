//! From the coordinates of arrows to the screen: orthographic, so nothing but depth is lost.

use crate::measure::arrows::{Vector, dot, length, scaled, unit};

use super::super::picture::Point;
use super::{Arrow, Pointer, Scene, construction_pieces};

/// Where a vector lies on the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Camera {
    pub origin: Point,
    /// CSS px of `extent`.
    pub radius: f64,
    /// Length that reaches to the rim; `None` where only directions are drawn.
    pub extent: Option<f64>,
    pub axes: [Vector; 3],
}

impl Camera {
    /// A vector in units of the radius.
    pub fn at(&self, v: Vector) -> Point {
        let [right, up, _] = self.axes;
        (self.origin.0 + self.radius * dot(v, right), self.origin.1 - self.radius * dot(v, up))
    }

    /// How near to the reader a vector ends.
    pub fn depth(&self, v: Vector) -> f64 {
        dot(v, self.axes[2])
    }

    /// The arrow's tip in units of the radius, and whether it was cut at the rim.
    pub fn tip(&self, arrow: &Arrow) -> (Vector, bool) {
        match self.extent {
            None => {
                let share = if matches!(arrow.what, Pointer::Gradient(_)) { 1.0 } else { 0.8 };
                (scaled(share, unit(arrow.drawn)), false)
            }
            Some(extent) => {
                let tip = scaled(1.0 / extent, arrow.drawn);
                let gradient = matches!(arrow.what, Pointer::Gradient(_));
                if gradient || length(tip) <= 1.0 + 1e-9 { (tip, false) } else { (unit(arrow.drawn), true) }
            }
        }
    }
}

/// The length that reaches to the rim: room for all gradients, and for updates and lines up to twice as long.
pub(super) fn extent(scene: &Scene, arrows: &[Arrow]) -> f64 {
    if let Some(held) = scene.look.extent {
        return held;
    }
    let gradient = |arrow: &&Arrow| matches!(arrow.what, Pointer::Gradient(_));
    let longest = arrows.iter().filter(gradient).map(|arrow| arrow.length).fold(0.0, f64::max);
    let others = arrows.iter().filter(|arrow| !gradient(arrow)).map(|arrow| length(arrow.drawn));
    let lines = construction_pieces(scene, arrows).into_iter().map(|(_, piece)| piece.reach());
    let reach = others.chain(lines).filter(|reach| reach.is_finite()).fold(0.0, f64::max);
    let wanted = if longest > 0.0 { longest.max(reach.min(2.0 * longest)) } else { reach };
    if wanted > 0.0 { round_up(wanted) } else { 1.0 }
}

/// The next number that is short to write, so that small changes leave the scale alone.
fn round_up(x: f64) -> f64 {
    let power = 10f64.powf(x.log10().floor());
    let step = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0].into_iter().find(|step| step * power >= x * 0.999);
    let up = step.unwrap_or(10.0) * power;
    if up.is_finite() && up > 0.0 { up } else { x }
}
