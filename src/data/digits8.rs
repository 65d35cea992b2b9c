//! Handwritten digits of 8×8 pixels with five questions about each.
//!
//! The smallest real set: 1 437 rows of 64 pixels. All five questions follow
//! from the digit, yet "is it odd" and "is it 5 or more" cut the digits across
//! each other, so that a trunk of three units serves one at the other's cost:
//! the strongest conflict between real tasks that is offered here.

use super::mtld::{Task, TaskType};
use super::{
    Attribution, BuildRequest, DataError, DataSource, Dataset, InputShape, MtldFile, Seeding, Split, Targets,
    TaskEntry, TaskInfo, TaskKind, without_last_tenth,
};

const FILE: &str = "digits8.mtld.gz";

pub const SOURCE: DataSource = DataSource {
    id: "digits8",
    title: "Handwritten digits 8×8",
    description: "1,797 real digits of 8×8 pixels. Which digit is it, is it odd, is it 5 or more, \
                  has it a closed loop, is it prime?",
    files: &[FILE],
    knobs: &[],
    tasks: &[
        TaskEntry { id: "class", label: "which digit", kind: TaskKind::Multiclass { classes: 10 } },
        question("odd", "odd digit"),
        question("ge5", "digit ≥ 5"),
        question("loop", "has a closed loop"),
        question("prime", "prime digit"),
    ],
    default_tasks: &[1, 2],
    seeding: Seeding::Fixed,
    truth: None,
    make,
};

const fn question(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Binary }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let file = request.file(source, FILE)?;
    let wrong = |needs: &str| DataError::WrongFile {
        dataset: source.id.to_owned(),
        file: FILE.to_owned(),
        needs: needs.to_owned(),
    };
    let image = file.header.image.as_ref().filter(|image| image.channels == 1).ok_or_else(|| wrong("gray images"))?;
    let pixels = file.array(&image.array).and_then(|array| array.as_u8()).ok_or_else(|| wrong("gray images"))?;
    let n_inputs = image.width * image.height;
    let white = (image.levels - 1) as f32;

    let [train, validation] = without_last_tenth(file.header.splits.train);
    let ranges = [train, validation, file.header.splits.test];
    let mut splits = ranges.map(|(from, to)| Split {
        rows: to - from,
        x: pixels[from * n_inputs..to * n_inputs].iter().map(|&q| f32::from(q) / white).collect(),
        targets: Vec::new(),
    });
    let mut tasks = Vec::new();
    for &task in request.tasks {
        let entry = source.tasks[task];
        let stored = file
            .header
            .tasks
            .iter()
            .find(|t| t.name == entry.id && fits(t, entry.kind))
            .ok_or_else(|| wrong(&format!("a task `{}` of its kind", entry.id)))?;
        for (split, (from, to)) in splits.iter_mut().zip(ranges) {
            split.targets.push(answers(file, stored, from, to));
        }
        tasks.push(TaskInfo {
            id: entry.id.to_owned(),
            name: entry.label.to_owned(),
            kind: entry.kind,
            class_names: match entry.kind {
                TaskKind::Multiclass { .. } => stored.classes.clone(),
                _ => vec!["no".to_owned(), "yes".to_owned()],
            },
            scale: None,
            unit: None,
            excludes: stored.excludes.clone(),
        });
    }
    let [train, validation, test] = splits;
    Ok(Dataset {
        name: source.id.to_owned(),
        title: source.title.to_owned(),
        n_inputs,
        shape: InputShape::Image { width: image.width, height: image.height },
        tasks,
        train,
        validation,
        test,
        attribution: Some(Attribution::of(file)),
    })
}

fn fits(task: &Task, kind: TaskKind) -> bool {
    match kind {
        TaskKind::Multiclass { classes } => task.kind == TaskType::Multiclass && task.classes.len() == classes,
        TaskKind::Binary => task.kind == TaskType::Binary && task.threshold.is_none(),
        TaskKind::Regression => false,
    }
}

/// Targets of the rows `from..to`; the reader has checked that every code is in range.
fn answers(file: &MtldFile, task: &Task, from: usize, to: usize) -> Targets {
    let column = task.column.unwrap_or(0);
    let codes = (from..to).filter_map(|row| file.array(&task.array).map(|array| array.number(row, column) as usize));
    match (task.kind, &task.map) {
        (TaskType::Multiclass, _) => Targets::Class(codes.map(|code| code as u32).collect()),
        (_, Some(map)) => Targets::Value(codes.map(|code| f32::from(map[code])).collect()),
        (_, None) => Targets::Value(codes.map(|code| code as f32).collect()),
    }
}
