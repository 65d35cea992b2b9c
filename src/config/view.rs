//! What a reader can choose to see of the same numbers; links hold it, training never reads it.

/// What curves are drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Along {
    #[default]
    Steps,
    /// Backward passes through the shared network: what a step costs on any machine.
    Gradients,
    /// Milliseconds of computing so far, on the machine that trains.
    Millis,
}

impl Along {
    /// In the order of the switch.
    pub const ALL: [Self; 3] = [Self::Steps, Self::Gradients, Self::Millis];

    /// As links write it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Gradients => "gradients",
            Self::Millis => "ms",
        }
    }

    /// As the switch says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Gradients => "gradients",
            Self::Millis => "ms",
        }
    }
}

/// What the view of conflicts shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aspect {
    #[default]
    Cosine,
    Heat,
    Similarity,
    Ratio,
    Curvature,
    Helped,
    /// How sharp each task's loss is where the runs stand.
    Flatness,
}

impl Aspect {
    /// In the order of the switch.
    pub const ALL: [Self; 7] =
        [Self::Cosine, Self::Heat, Self::Similarity, Self::Ratio, Self::Curvature, Self::Helped, Self::Flatness];

    /// As links write it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Heat => "map",
            Self::Similarity => "similarity",
            Self::Ratio => "ratio",
            Self::Curvature => "curvature",
            Self::Helped => "helped",
            Self::Flatness => "flatness",
        }
    }

    /// As the switch says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Heat => "cosine, heat map",
            Self::Similarity => "magnitude similarity",
            Self::Ratio => "length ratio",
            Self::Curvature => "curvature",
            Self::Helped => "did it help?",
            Self::Flatness => "flatness",
        }
    }
}
