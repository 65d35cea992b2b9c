//! Tasks as a data file stores them: found by name, held against the registry's kind, read into targets.
//!
//! The files' names have underscores and links have none, so an entry's id is the file's name with `-` for `_`.

use super::mtld::{Task, TaskType};
use super::{DataError, DataSource, MtldFile, TargetScale, Targets, TaskEntry, TaskInfo, TaskKind};

/// A sound file that holds something else than `source` needs.
pub(super) fn wrong(source: &DataSource, file: &MtldFile, needs: &str) -> DataError {
    DataError::WrongFile { dataset: source.id.to_owned(), file: file.file_name.clone(), needs: needs.to_owned() }
}

/// The stored task of an entry.
///
/// # Errors
/// [`DataError::WrongFile`] where the file has none of that name and kind.
pub(super) fn task<'a>(source: &DataSource, file: &'a MtldFile, entry: TaskEntry) -> Result<&'a Task, DataError> {
    let name = entry.id.replace('-', "_");
    let fitting = file.header.tasks.iter().find(|task| task.name == name && fits(task, entry.kind));
    fitting.ok_or_else(|| wrong(source, file, &format!("a task `{name}` of its kind")))
}

fn fits(task: &Task, kind: TaskKind) -> bool {
    match kind {
        TaskKind::Multiclass { classes } => task.kind == TaskType::Multiclass && task.classes.len() == classes,
        TaskKind::Binary => task.kind == TaskType::Binary && task.threshold.is_none(),
        TaskKind::Regression => task.kind == TaskType::Regression,
    }
}

/// Targets of the rows `from..to`; the reader has checked that every code is in range and every value finite.
pub(super) fn targets(file: &MtldFile, task: &Task, (from, to): (usize, usize)) -> Targets {
    let column = task.column.unwrap_or(0);
    let numbers = (from..to).filter_map(|row| file.array(&task.array).map(|array| array.number(row, column)));
    match (task.kind, &task.map) {
        (TaskType::Multiclass, _) => Targets::Class(numbers.map(|code| code as u32).collect()),
        (TaskType::Regression, _) => Targets::Value(numbers.map(|q| task.scaling.standardized(q) as f32).collect()),
        (TaskType::Binary, Some(map)) => Targets::Value(numbers.map(|code| f32::from(map[code as usize])).collect()),
        (TaskType::Binary, None) => Targets::Value(numbers.map(|answer| answer as f32).collect()),
    }
}

/// What is known of a task besides its targets.
pub(super) fn info(entry: TaskEntry, task: &Task) -> TaskInfo {
    TaskInfo {
        id: entry.id.to_owned(),
        name: entry.label.to_owned(),
        kind: entry.kind,
        metric: entry.kind.metric(),
        class_names: match entry.kind {
            TaskKind::Multiclass { .. } => task.classes.clone(),
            TaskKind::Binary => vec!["no".to_owned(), "yes".to_owned()],
            TaskKind::Regression => Vec::new(),
        },
        scale: match entry.kind {
            TaskKind::Regression => Some(TargetScale { mean: task.scaling.mean, std: task.scaling.std }),
            _ => None,
        },
        unit: task.unit.clone(),
        excludes: task.excludes.clone(),
    }
}
