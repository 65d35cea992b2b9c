//! Data sets of columns: numbers standardized by the training rows, categories one-hot, answers left out.

use super::mtld::{Feature, FeatureKind, Task};
use super::{
    Attribution, BuildRequest, DataError, DataSource, Dataset, InputShape, MtldFile, Split, stored, without_last_tenth,
};

/// Builds the data set from the table in `file_name`.
///
/// Columns that a chosen task excludes, because they contain its answer, are no input of any task: all tasks
/// share one trunk.
pub(super) fn build(source: &DataSource, request: &BuildRequest<'_>, file_name: &str) -> Result<Dataset, DataError> {
    let file = request.file(source, file_name)?;
    let chosen = request.tasks.iter().map(|&task| source.tasks[task]);
    let chosen: Vec<_> =
        chosen.map(|entry| Ok((entry, stored::task(source, file, entry)?))).collect::<Result<_, DataError>>()?;
    let tasks: Vec<&Task> = chosen.iter().map(|(_, task)| *task).collect();
    let features = inputs(file, &tasks);
    if features.iter().any(|feature| feature.kind == FeatureKind::Pixels) {
        return Err(stored::wrong(source, file, "columns, not images"));
    }
    let n_inputs = features.iter().map(|feature| width(feature)).sum();
    if n_inputs == 0 {
        return Err(stored::wrong(source, file, "columns that do not contain the answers"));
    }

    let [train, validation] = without_last_tenth(file.header.splits.train);
    let [train, validation, test] = [train, validation, file.header.splits.test].map(|rows| Split {
        rows: rows.1 - rows.0,
        x: matrix(file, &features, n_inputs, rows),
        targets: tasks.iter().map(|task| stored::targets(file, task, rows)).collect(),
    });
    Ok(Dataset {
        name: source.id.to_owned(),
        title: source.title.to_owned(),
        n_inputs,
        shape: InputShape::Tabular,
        tasks: chosen.iter().map(|(entry, task)| stored::info(*entry, task)).collect(),
        train,
        validation,
        test,
        attribution: Some(Attribution::of(file)),
    })
}

/// The columns that no task excludes.
fn inputs<'a>(file: &'a MtldFile, tasks: &[&Task]) -> Vec<&'a Feature> {
    let excluded = |feature: &Feature| tasks.iter().any(|task| task.excludes.contains(&feature.name));
    file.header.features.iter().filter(|feature| !excluded(feature)).collect()
}

/// Inputs that a column becomes.
fn width(feature: &Feature) -> usize {
    match feature.kind {
        FeatureKind::Categorical => feature.levels.len(),
        FeatureKind::Numeric | FeatureKind::Pixels => 1,
    }
}

/// (to − from, n_inputs) row-major.
fn matrix(file: &MtldFile, features: &[&Feature], n_inputs: usize, (from, to): (usize, usize)) -> Vec<f32> {
    let mut x = vec![0.0; (to - from) * n_inputs];
    let mut first = 0;
    for feature in features {
        if let Some(array) = file.array(&feature.array) {
            let column = feature.column.unwrap_or(0);
            for (row, inputs) in (from..to).zip(x.chunks_exact_mut(n_inputs)) {
                let stored = array.number(row, column);
                match feature.kind {
                    FeatureKind::Categorical => inputs[first + stored as usize] = 1.0,
                    FeatureKind::Numeric | FeatureKind::Pixels => {
                        inputs[first] = feature.scaling.standardized(stored) as f32;
                    }
                }
            }
        }
        first += width(feature);
    }
    x
}
