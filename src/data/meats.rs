//! Tecator meat spectra (Thodberg 1996): water, fat and protein from 100 channels of near-infrared light.
//!
//! Tasks that help each other: the three shares nearly add up, and neighboring channels nearly agree. The 43
//! test rows are too few to rank methods by.

use super::{DataSource, Seeding, TaskEntry, TaskKind, table};

const FILE: &str = "meats.mtld.gz";

pub const SOURCE: DataSource = DataSource {
    id: "meats",
    title: "Meat spectra",
    description: "215 samples of chopped meat, each the absorbance at 100 wavelengths of near-infrared light. How much \
                  water, fat and protein is in it?",
    files: &[FILE],
    knobs: &[],
    tasks: &[share("water", "water"), share("fat", "fat"), share("protein", "protein")],
    default_tasks: &[0, 1, 2],
    seeding: Seeding::Fixed,
    image: None,
    truth: None,
    limit: None,
    make: |source, request| table::build(source, request, FILE),
};

const fn share(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}
