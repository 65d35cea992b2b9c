//! Palmer penguins (Horst, Hill & Gorman 2020): species, sex and body mass from three lengths.
//!
//! Three kinds of loss in one network: their gradients differ by an order of magnitude in length, so this is
//! where weighing the losses shows. The 67 test rows are too few to rank methods by.

use super::{DataSource, Seeding, TaskEntry, TaskKind, table};

const FILE: &str = "penguins.mtld.gz";

pub const SOURCE: DataSource = DataSource {
    id: "penguins",
    title: "Palmer penguins",
    description: "333 penguins: length and depth of the bill and length of the flipper. Which of three species, is it \
                  male, how heavy is it?",
    files: &[FILE],
    knobs: &[],
    tasks: &[
        TaskEntry { id: "species", label: "species", kind: TaskKind::Multiclass { classes: 3 } },
        TaskEntry { id: "sex", label: "male", kind: TaskKind::Binary },
        TaskEntry { id: "body-mass-g", label: "body mass", kind: TaskKind::Regression },
    ],
    default_tasks: &[0, 1, 2],
    seeding: Seeding::Fixed,
    image: None,
    truth: None,
    limit: None,
    make: |source, request| table::build(source, request, FILE),
};
