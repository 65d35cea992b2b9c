//! Bike sharing (Fanaee-T & Gama 2014): how many casual and registered riders rent a bike in an hour of 2011.
//!
//! Targets are ln(1 + riders), standardized. Both follow hour and weather, so a wide trunk finds them aligned;
//! they differ in their weekdays, so a trunk of three to six units must choose.

use super::{DataSource, Seeding, TaskEntry, TaskKind, table};

const FILE: &str = "bike.mtld.gz";

pub const SOURCE: DataSource = DataSource {
    id: "bike",
    title: "Bike sharing",
    description: "8,645 hours of 2011 in Washington: hour, weekday and weather. How many casual and how many \
                  registered riders, on a log scale?",
    files: &[FILE],
    knobs: &[],
    tasks: &[riders("casual", "casual riders (log)"), riders("registered", "registered riders (log)")],
    default_tasks: &[0, 1],
    seeding: Seeding::Fixed,
    image: None,
    truth: None,
    limit: None,
    make: |source, request| table::build(source, request, FILE),
};

const fn riders(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Regression }
}
