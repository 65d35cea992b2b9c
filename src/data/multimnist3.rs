//! MultiMNIST with three digits: one at the top left, one at the bottom center, one at the top right.
//!
//! The layout is that of Dimitriadis, Frossard & Fleuret, "Pareto Manifold Learning" (ICML 2023): 28×28 digits on a
//! 42×42 canvas, pixelwise maximum, made 28×28. Which digits meet is drawn here, three different images of one pool
//! each, and a pixel of the result is the mean over the 1.5×1.5 pixels that it covers, where the paper's code leaves
//! the filter to its library. Like the pairs of [`super::multimnist`], triples do not depend on the seed of the data,
//! and those of validation come from the last tenth of the training pool.

use super::multimnist::{DIGIT, Digits, FULL, Pool};
use super::{
    Attribution, BuildRequest, DataError, DataSource, Dataset, InputShape, Split, Targets, TaskEntry, TaskInfo,
    TaskKind, without_last_tenth,
};
use crate::balance::{Knob, KnobScale};
use crate::rng::{Stream, StreamId};

/// Side of the canvas.
const CANVAS: usize = 42;
/// Side of the result: two of its pixels cover three of the canvas.
pub const SIDE: usize = CANVAS * 2 / 3;
/// Rows and columns at which the digits begin, in the order of the tasks.
const PLACES: [(usize, usize); 3] = [(0, 0), (14, 7), (0, 14)];
/// Training triples for one validation triple.
const VALIDATION_RATIO: usize = 10;

pub const SOURCE: DataSource = DataSource {
    id: "multimnist-3",
    title: "MultiMNIST, three digits",
    description: "Three overlaid handwritten digits, composed from 14,000 digits of MNIST: read the one at the top left, \
                  the one at the bottom and the one at the top right. A 1.3 MB download.",
    knobs: &[
        Knob {
            name: "train",
            label: "Training triples",
            default: 12_000.0,
            min: 100.0,
            max: 20_000.0,
            scale: KnobScale::Integer,
        },
        Knob {
            name: "test",
            label: "Test triples",
            default: 2_000.0,
            min: 100.0,
            max: 10_000.0,
            scale: KnobScale::Integer,
        },
    ],
    tasks: &[
        TaskEntry { id: "left", label: "left digit", kind: TaskKind::Multiclass { classes: 10 } },
        TaskEntry { id: "bottom", label: "bottom digit", kind: TaskKind::Multiclass { classes: 10 } },
        TaskEntry { id: "right", label: "right digit", kind: TaskKind::Multiclass { classes: 10 } },
    ],
    default_tasks: &[0, 1, 2],
    image: Some(|_| [SIDE; 2]),
    make,
    ..FULL
};

/// `count` triples of different indices below `n`, at least 3; `split` numbers what they are for.
pub fn draw_triples(n: u32, count: usize, split: u32) -> Vec<[u32; 3]> {
    let draws = [0, 1, 2].map(|place| Stream::new(0, StreamId::Data, 10 * split + place));
    let triple = |row: u64| {
        let a = draws[0].below(row, n);
        // A draw among those that are left, numbered past the ones that are gone.
        let b = draws[1].below(row, n - 1);
        let b = b + u32::from(b >= a);
        let (low, high) = (a.min(b), a.max(b));
        let c = draws[2].below(row, n - 2);
        let c = c + u32::from(c >= low);
        [a, b, c + u32::from(c >= high)]
    };
    (0..count as u64).map(triple).collect()
}

/// (28, 28) gray values of three digits.
pub fn compose(pool: Pool<'_>, triple: [u32; 3]) -> Vec<u8> {
    let mut canvas = [0_u8; CANVAS * CANVAS];
    for (index, (top, left)) in triple.into_iter().zip(PLACES) {
        let digit = &pool.images[index as usize * DIGIT * DIGIT..][..DIGIT * DIGIT];
        for (y, row) in digit.chunks_exact(DIGIT).enumerate() {
            let start = (y + top) * CANVAS + left;
            for (pixel, &value) in canvas[start..][..DIGIT].iter_mut().zip(row) {
                *pixel = (*pixel).max(value);
            }
        }
    }
    let at = |y: usize, x: usize| u32::from(canvas[y * CANVAS + x]);
    // A pixel covers one of the canvas wholly, half of its neighbor, and a quarter of the one across.
    let spans = |i: usize| if i.is_multiple_of(2) { (3 * i / 2, 3 * i / 2 + 1) } else { (3 * i / 2 + 1, 3 * i / 2) };
    let mean = |i: usize| {
        let ((y, y_half), (x, x_half)) = (spans(i / SIDE), spans(i % SIDE));
        let sum = 4 * at(y, x) + 2 * at(y_half, x) + 2 * at(y, x_half) + at(y_half, x_half);
        ((2 * sum + 9) / 18) as u8
    };
    (0..SIDE * SIDE).map(mean).collect()
}

fn make(source: &DataSource, request: &BuildRequest<'_>) -> Result<Dataset, DataError> {
    let &[n_train, n_test] = request.knobs else {
        unreachable!("the registry entry has two knobs, and their number is checked");
    };
    let file = request.file(source, source.files[0])?;
    let wrong = |needs: &str| DataError::WrongFile {
        dataset: source.id.to_owned(),
        file: file.file_name.clone(),
        needs: needs.to_owned(),
    };
    let digits = Digits::of(file).map_err(|needs| wrong(&needs))?;
    let [train, held_out] = without_last_tenth(file.header.splits.train);
    let n_train = n_train as usize;
    let parts = [(train, n_train), (held_out, n_train / VALIDATION_RATIO), (file.header.splits.test, n_test as usize)];
    if parts.iter().any(|&((from, to), _)| to - from < 3) {
        return Err(wrong("three digits or more in every split"));
    }
    let mut number = 0;
    let [train, validation, test] = parts.map(|(rows, n)| {
        let split = split_of(digits.pool(rows), n.min(request.max_rows.unwrap_or(n)), number, request.tasks);
        number += 1;
        split
    });
    let tasks = request.tasks.iter().map(|&task| {
        let entry = source.tasks[task];
        TaskInfo {
            id: entry.id.to_owned(),
            name: entry.label.to_owned(),
            kind: entry.kind,
            metric: entry.kind.metric(),
            class_names: (0..10).map(|digit| digit.to_string()).collect(),
            scale: None,
            unit: None,
            excludes: Vec::new(),
        }
    });
    Ok(Dataset {
        name: source.id.to_owned(),
        title: source.title.to_owned(),
        n_inputs: SIDE * SIDE,
        shape: InputShape::Image { width: SIDE, height: SIDE },
        tasks: tasks.collect(),
        train,
        validation,
        test,
        attribution: Some(Attribution::of(file)),
    })
}

/// Inputs in 0..=1 and the labels of the chosen places.
fn split_of(pool: Pool<'_>, rows: usize, split: u32, places: &[usize]) -> Split {
    let triples = draw_triples(pool.len() as u32, rows, split);
    let labels = |&place: &usize| {
        Targets::Class(triples.iter().map(|triple| u32::from(pool.labels[triple[place] as usize])).collect())
    };
    Split {
        rows,
        x: triples.iter().flat_map(|&triple| compose(pool, triple)).map(|p| f32::from(p) / 255.0).collect(),
        targets: places.iter().map(labels).collect(),
    }
}
