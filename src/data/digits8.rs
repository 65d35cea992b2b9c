//! Handwritten digits of 8×8 pixels with five questions about each.
//!
//! The smallest real set: 1 437 rows of 64 pixels. All five questions follow
//! from the digit, yet "is it odd" and "is it 5 or more" cut the digits across
//! each other, so that a trunk of three units serves one at the other's cost:
//! the strongest conflict between real tasks that is offered here.

use super::{
    Attribution, BuildRequest, DataError, DataSource, Dataset, InputShape, Seeding, Split, TaskEntry, TaskKind, stored,
    without_last_tenth,
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
    image: Some(|_| [8, 8]),
    truth: None,
    limit: None,
    make,
};

const fn question(id: &'static str, label: &'static str) -> TaskEntry {
    TaskEntry { id, label, kind: TaskKind::Binary }
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let file = request.file(source, FILE)?;
    let wrong = || stored::wrong(source, file, "gray images");
    let image = file.header.image.as_ref().filter(|image| image.channels == 1).ok_or_else(wrong)?;
    let pixels = file.array(&image.array).and_then(|array| array.as_u8()).ok_or_else(wrong)?;
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
        let found = stored::task(source, file, entry)?;
        for (split, rows) in splits.iter_mut().zip(ranges) {
            split.targets.push(stored::targets(file, found, rows));
        }
        tasks.push(stored::info(entry, found));
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
