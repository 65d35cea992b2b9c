//! How space is turned before it is drawn: by pointer, by keys, or to a view with a name.

use crate::measure::arrows::Vector;

/// How space is turned before it is drawn, in radians: around the upright axis, then towards the reader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orbit {
    pub azimuth: f64,
    pub elevation: f64,
}

impl Default for Orbit {
    /// A little from the side and from above.
    fn default() -> Self {
        Self { azimuth: 0.55, elevation: 0.38 }
    }
}

/// Views along an axis, by name.
pub const VIEWS: [(&str, Orbit); 3] = [
    ("front", Orbit::FRONT),
    ("top", Orbit { azimuth: 0.0, elevation: std::f64::consts::FRAC_PI_2 }),
    ("side", Orbit { azimuth: std::f64::consts::FRAC_PI_2, elevation: 0.0 }),
];

/// Views of a surface, by name.
pub const SURFACE_VIEWS: [(&str, Orbit); 4] = [VIEWS[0], VIEWS[1], VIEWS[2], ("iso", Orbit::ISO)];

impl Orbit {
    /// x right, y up.
    pub const FRONT: Self = Self { azimuth: 0.0, elevation: 0.0 };

    /// From a corner and from above: all three axes equally short.
    pub const ISO: Self = Self { azimuth: std::f64::consts::FRAC_PI_4, elevation: 0.615_479_708_670_387_3 };

    /// Turned further; never over the top.
    #[must_use]
    pub fn turned(self, around: f64, over: f64) -> Self {
        let quarter = std::f64::consts::FRAC_PI_2;
        let azimuth = (self.azimuth + around).rem_euclid(std::f64::consts::TAU);
        Self { azimuth, elevation: (self.elevation + over).clamp(-quarter, quarter) }
    }

    /// The directions that lie to the right, up and towards the reader on the screen.
    pub fn axes(self) -> [Vector; 3] {
        let (sin_a, cos_a) = (self.azimuth.sin(), self.azimuth.cos());
        let (sin_e, cos_e) = (self.elevation.sin(), self.elevation.cos());
        let right = [cos_a, 0.0, -sin_a];
        let up = [-sin_a * sin_e, cos_e, -cos_a * sin_e];
        [right, up, [sin_a * cos_e, sin_e, cos_a * cos_e]]
    }
}
