//! Census-Income (KDD): four yes/no questions about 32 000 people of the U.S. surveys of 1994 and 1995.
//!
//! The tabular benchmark of Lin et al. (NeurIPS 2019), Ma et al. (ICML 2020) and Pareto Manifold Learning
//! (Dimitriadis et al., ICML 2023). Age, schooling and marital state are columns of the survey and are left
//! out with the question that they answer. A Master's degree counts as college here; a widely copied script
//! misspells it and counts it as none.

use super::{BuildRequest, DataError, DataSource, Dataset, Metric, Seeding, TaskEntry, TaskKind, table};

const FILE: &str = "census.mtld.gz";

pub const SOURCE: DataSource = DataSource {
    id: "census",
    title: "Census income",
    description: "32,000 people of U.S. surveys, 36 columns each. Do they earn over 50,000 dollars a year, are they \
                  40 or older, have they been to college, were they never married?",
    files: &[FILE],
    knobs: &[],
    tasks: &[
        question("income", "income over $50,000"),
        question("age", "40 or older"),
        question("education", "been to college"),
        question("never-married", "never married"),
    ],
    default_tasks: &[1, 2],
    seeding: Seeding::Fixed,
    image: None,
    truth: None,
    limit: None,
    make,
};

const fn question(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Binary }
}

/// 6.5 % earn so much: who says no to all is right about 94 % and has learned nothing, so income is judged by AUC.
fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let mut set = table::build(source, request, FILE)?;
    for task in set.tasks.iter_mut().filter(|task| task.id == source.tasks[0].id) {
        task.metric = Metric::Auc;
    }
    Ok(set)
}
