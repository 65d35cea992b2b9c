//! Data sets: the registry as data, the file format under every kind of damage, and the protocols.

use std::path::PathBuf;

use paretoscope::data::mtld::{self, MAX_INFLATED, Values};
use paretoscope::data::multimnist::{Digits, Pool, Pools, SplitMix64, compose, draw_pairs};
use paretoscope::data::multimnist3;
use paretoscope::data::{
    self, Batches, BuildRequest, DATASETS, DataError, DataSource, Dataset, Fault, InputShape, Metric, MtldFile,
    Seeding, Split, Targets, TaskKind,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

// ---------------------------------------------------------------- registry

#[test]
fn registry_entries_are_sound() {
    let mut ids = Vec::new();
    for source in DATASETS {
        check_id(source.id);
        assert!(!ids.contains(&source.id), "{} is there twice", source.id);
        ids.push(source.id);
        assert_eq!(data::source(source.id).map(|s| s.id), Some(source.id));
        assert!(!source.title.is_empty() && source.description.ends_with(['.', '?']));
        let mut names: Vec<&str> = source.knobs.iter().map(|k| k.name).collect();
        for knob in source.knobs {
            check_id(knob.name);
            assert!((knob.min..=knob.max).contains(&knob.default), "{}", knob.name);
            if knob.scale.is_whole() {
                assert!([knob.min, knob.max, knob.default].iter().all(|x| x.fract() == 0.0));
            }
            assert!(!knob.label.is_empty());
        }
        names.extend(source.tasks.iter().map(|t| t.id));
        for task in source.tasks {
            check_id(task.id);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}: a name is used twice", source.id);
        assert!(!source.default_tasks.is_empty() && source.tasks.len() <= 16);
        assert!(source.default_tasks.iter().all(|&t| t < source.tasks.len()));
        for n_tasks in 1..=source.tasks.len() {
            assert_eq!(source.check_limit(&source.default_knobs(), n_tasks), Ok(()), "{}: {n_tasks}", source.id);
        }
    }
    assert!(data::source("no-such-set").is_none());
}

#[track_caller]
fn check_id(id: &str) {
    assert!(
        !id.is_empty()
            && id.len() <= 24
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
        "`{id}` does not fit a link"
    );
}

#[test]
fn every_entry_builds_with_its_files() {
    for source in DATASETS {
        let files = files_of(source);
        let every_task: Vec<usize> = (0..source.tasks.len()).collect();
        for tasks in [source.default_tasks, &every_task] {
            let built = build(source, &[], tasks, &files);
            assert_eq!(built.name, source.id);
            assert_eq!(built.tasks.len(), tasks.len());
            assert_eq!(built.attribution.is_some(), !source.files.is_empty());
            if let InputShape::Image { width, height } = built.shape {
                assert_eq!(width * height, built.n_inputs);
            }
            for (info, &task) in built.tasks.iter().zip(tasks) {
                let entry = source.tasks[task];
                assert_eq!((info.id.as_str(), info.kind), (entry.id, entry.kind));
                let classes = match info.kind {
                    TaskKind::Multiclass { classes } => classes,
                    TaskKind::Binary => 2,
                    TaskKind::Regression => 0,
                };
                assert_eq!(info.class_names.len(), classes);
                assert_eq!(info.scale.is_some(), info.metric == Metric::R2);
                assert_eq!(info.metric == Metric::R2, info.kind == TaskKind::Regression);
            }
            for split in [&built.train, &built.validation, &built.test] {
                assert!(split.rows > 0);
                check_split(split, &built);
            }
        }
    }
}

#[track_caller]
fn check_split(split: &Split, set: &Dataset) {
    assert_eq!(split.x.len(), split.rows * set.n_inputs);
    assert!(split.x.iter().all(|x| x.is_finite()));
    match set.shape {
        InputShape::Plane { range } => assert!(split.x.iter().all(|x| x.abs() <= range)),
        InputShape::Image { .. } => assert!(split.x.iter().all(|x| (0.0..=1.0).contains(x))),
        InputShape::Tabular => {}
    }
    assert_eq!(split.targets.len(), set.tasks.len());
    for (targets, task) in split.targets.iter().zip(&set.tasks) {
        assert_eq!(targets.len(), split.rows);
        match (targets, task.kind) {
            (Targets::Class(labels), TaskKind::Multiclass { classes }) => {
                assert!(labels.iter().all(|&l| (l as usize) < classes));
            }
            (Targets::Value(answers), TaskKind::Binary) => {
                assert!(answers.iter().all(|&a| a == 0.0 || a == 1.0));
            }
            (Targets::Value(values), TaskKind::Regression) => {
                assert!(values.iter().all(|v| v.is_finite()));
            }
            _ => panic!("targets and kind of {} do not match", task.id),
        }
    }
}

#[test]
fn a_build_is_a_function_of_its_request() {
    for source in DATASETS {
        let files = files_of(source);
        let with = |seed| {
            let request = BuildRequest { seed, max_rows: Some(200), ..request(&[], source.default_tasks, &files) };
            source.build(&request).expect("the default builds")
        };
        assert_eq!(with(1), with(1));
        assert_eq!(with(1) == with(2), source.seeding == Seeding::Fixed);
    }
}

#[test]
fn a_row_limit_keeps_the_first_rows() {
    for source in DATASETS {
        let files = files_of(source);
        let whole = build(source, &[], source.default_tasks, &files);
        let limited = source
            .build(&BuildRequest { max_rows: Some(50), ..request(&[], source.default_tasks, &files) })
            .expect("fifty rows are enough");
        for (short, long) in
            [(&limited.train, &whole.train), (&limited.validation, &whole.validation), (&limited.test, &whole.test)]
        {
            assert_eq!(short.rows, long.rows.min(50));
            check_split(short, &limited);
            assert_eq!(short.x, long.x[..short.x.len()]);
        }
    }
}

#[track_caller]
fn check_refused(request: &BuildRequest<'_>, id: &str, expected: DataError) {
    let source = data::source(id).expect("the data set exists");
    let error = source.build(request).expect_err("the request is bad");
    check_sentence(&error);
    assert_eq!(error, expected);
}

#[test]
fn bad_requests_are_refused_with_a_reason() {
    let dataset = || "two-labelings".to_owned();
    let angle = |value: f64| DataError::Knob {
        dataset: dataset(),
        knob: "angle".to_owned(),
        value,
        allowed: "to a number from 0 to 180".to_owned(),
    };
    for value in [-1.0, 181.0, f64::INFINITY] {
        check_refused(&request(&[value, 0.0, 100.0], &[0], &[]), "two-labelings", angle(value));
    }
    check_refused(
        &request(&[90.0, 0.0, 100.5], &[0], &[]),
        "two-labelings",
        DataError::Knob {
            dataset: dataset(),
            knob: "points".to_owned(),
            value: 100.5,
            allowed: "to a whole number from 16 to 4096".to_owned(),
        },
    );
    check_refused(
        &request(&[90.0], &[0], &[]),
        "two-labelings",
        DataError::KnobCount { dataset: dataset(), expected: 3, found: 1 },
    );
    check_refused(&request(&[], &[], &[]), "two-labelings", DataError::NoTasks { dataset: dataset() });
    check_refused(
        &request(&[], &[0, 6], &[]),
        "two-labelings",
        DataError::UnknownTask { dataset: dataset(), task: 6, count: 6 },
    );
    check_refused(
        &request(&[], &[1, 1], &[]),
        "two-labelings",
        DataError::RepeatedTask { dataset: dataset(), task: 1 },
    );
    check_refused(
        &BuildRequest { max_rows: Some(0), ..request(&[], &[0], &[]) },
        "two-labelings",
        DataError::NoRows { dataset: dataset() },
    );
    for share in [-0.1, 0.51, f64::INFINITY] {
        let request = BuildRequest { label_noise: share, ..request(&[], &[0], &[]) };
        check_refused(&request, "two-labelings", DataError::LabelNoise { share });
    }
    for (p, tasks, allowed) in [
        (-0.51, &[0, 1, 2][..], "to a number from -0.5 to 1, or choose fewer tasks: no 3 directions"),
        (-0.34, &[0, 1, 2, 5], "to a number from -0.333 to 1, or choose fewer tasks: no 4 directions"),
        (-0.143, &[0, 1, 2, 3, 4, 5, 6, 7], "to a number from -0.142 to 1, or choose fewer tasks: no 8 directions"),
    ] {
        let allowed = format!("{allowed} can be further apart from each other");
        let expected = DataError::Knob { dataset: "multitab".to_owned(), knob: "p".to_owned(), value: p, allowed };
        check_refused(&request(&[p, 2.0, 0.0, 0.01, 100.0], tasks, &[]), "multitab", expected);
    }
    check_refused(
        &request(&[], &[0], &[]),
        "digits8",
        DataError::MissingFile { dataset: "digits8".to_owned(), file: "digits8.mtld.gz".to_owned() },
    );
    check_refused(
        &request(&[1000.0, 100.0, 17.0, 6.0, 1.0], &[0], &[]),
        "multimnist",
        DataError::Knob {
            dataset: "multimnist".to_owned(),
            knob: "size".to_owned(),
            value: 17.0,
            allowed: "to a whole number from 18 to 36".to_owned(),
        },
    );
}

/// A sound file under another set's name is refused, not misread.
#[test]
fn a_file_of_another_set_is_refused() {
    for (id, name, content) in [
        ("digits8", "digits8.mtld.gz", "mnist-lite.mtld.gz"),
        ("multimnist-lite", "mnist-lite.mtld.gz", "digits8.mtld.gz"),
        ("census", "census.mtld.gz", "bike.mtld.gz"),
        ("penguins", "penguins.mtld.gz", "digits8.mtld.gz"),
    ] {
        let mut file = shipped(content);
        file.file_name = name.to_owned();
        let files = [file];
        let source = data::source(id).expect("the data set exists");
        let error = source.build(&request(&[], &[source.tasks.len() - 1], &files)).expect_err("the file does not fit");
        check_sentence(&error);
        assert!(matches!(error, DataError::WrongFile { .. }), "{error}");
    }
}

// -------------------------------------------------------------- generators

#[test]
fn two_sines_is_what_it_is_defined_to_be() {
    let set = build(source("two-sines"), &[], &[0, 1], &[]);
    for split in [&set.train, &set.validation, &set.test] {
        assert_eq!(split.rows, 256);
    }
    assert_ne!(set.train.x, set.test.x);
    assert_ne!(set.validation.x, set.test.x);
    for (task, info) in set.tasks.iter().enumerate() {
        let values = values(&set.train.targets[task]);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 256.0;
        let power = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 256.0;
        assert!(mean.abs() < 1e-6 && (power - 1.0).abs() < 1e-6);
        let scale = info.scale.expect("a regression");
        for split in [&set.train, &set.validation, &set.test] {
            let targets = self::values(&split.targets[task]);
            for (point, &z) in split.x.chunks_exact(2).zip(targets) {
                let sine = (4.0 * f64::from(point[task])).sin();
                assert!((scale.mean + scale.std * f64::from(z) - sine).abs() < 1e-6);
            }
        }
    }
}

/// A link promises the same rows everywhere and for ever, to the last bit.
#[test]
fn generated_rows_are_frozen() {
    let bits = |id| {
        let source = source(id);
        let set = build(source, &[], source.default_tasks, &[]);
        let mut bytes = Vec::new();
        for split in [&set.train, &set.validation, &set.test] {
            let targets = split.targets.iter().flat_map(values);
            bytes.extend(split.x.iter().chain(targets).flat_map(|x| x.to_le_bytes()));
        }
        sha256(&bytes)
    };
    let ids = ["two-sines", "two-labelings", "function-classes", "gradnorm-toy", "outlier-tasks", "mmoe", "multitab"];
    assert_eq!(
        ids.map(bits),
        [
            "c1c3c8d4c317e68d9d8377d0be9ba41b1f7eb764280488145b2c889238b65bff",
            "44a82d4a2f88ef66396bdd1b2e47449a1cd87a6b500818a8c6144c82d6914446",
            "d0689cfa728ecc1dddf9d53e6bb4a299616f9f7b532ea1490b2e5b373461663b",
            "10e7b934b45be4a3ce3153e64bec204d2399343129999ea6a428c98fb5110768",
            "6fb55c8bc62c86ed5b33f904b1f4c3d4009c7636c179db78d75bf9910432d60a",
            "9131bc90110a66e228b0bbe966eb255fd417c589b2e50f78ded884738772ed40",
            "fffaa9501f647a46a02a762c0490204d6e49a49e79aa4a40c183e0f8b4951367",
        ]
    );
    let mut out = [0; 8];
    Batches::new(1000, 8, 42).indices(300, &mut out);
    assert_eq!(out, [700, 739, 715, 850, 55, 673, 733, 969]);
}

/// A task's targets do not depend on which other tasks are chosen.
#[test]
fn tasks_can_be_chosen_in_any_order() {
    for source in DATASETS {
        let files = files_of(source);
        let every: Vec<usize> = (0..source.tasks.len()).collect();
        let backward: Vec<usize> = every.iter().rev().copied().collect();
        let a = build(source, &[], &every, &files);
        let b = build(source, &[], &backward, &files);
        assert_eq!(a.train.x, b.train.x);
        for (i, &task) in backward.iter().enumerate() {
            assert_eq!(b.tasks[i], a.tasks[task]);
            assert_eq!(b.train.targets[i], a.train.targets[task]);
            assert_eq!(b.test.targets[i], a.test.targets[task]);
        }
    }
}

/// The share of equal labels is 1 − θ/180.
#[test]
fn two_labelings_agree_as_the_angle_says() {
    let points = 4096.0;
    for angle in [0.0, 30.0, 90.0, 150.0, 180.0] {
        let set = build(source("two-labelings"), &[angle, 0.0, points], &[0, 1], &[]);
        let expected = 1.0 - angle / 180.0;
        let found = agreement(&set.train.targets[0], &set.train.targets[1]);
        // Three standard errors of a share.
        let bound = 3.0 * (expected * (1.0 - expected) / points).sqrt();
        assert!((found - expected).abs() <= bound, "{angle}: {found}");
        assert!(set.train.x.chunks_exact(2).all(|p| p[0] * p[0] + p[1] * p[1] <= 1.0 + 1e-6));
    }
}

#[test]
fn wrong_labels_are_in_training_only() {
    let clean = build(source("two-labelings"), &[90.0, 0.0, 4096.0], &[0, 1], &[]);
    let noisy = build(source("two-labelings"), &[90.0, 0.2, 4096.0], &[0, 1], &[]);
    assert_eq!(clean.train.x, noisy.train.x);
    assert_eq!(clean.test, noisy.test);
    assert_eq!(clean.validation, noisy.validation);
    for task in 0..2 {
        let kept = agreement(&clean.train.targets[task], &noisy.train.targets[task]);
        assert!((kept - 0.8).abs() < 0.02, "{kept}");
    }
}

/// Pearson's correlation of two tasks' targets.
fn correlation(a: &Targets, b: &Targets) -> f64 {
    let centered = |targets: &Targets| {
        let values: Vec<f64> = values(targets).iter().map(|&v| f64::from(v)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.into_iter().map(|v| v - mean).collect::<Vec<_>>()
    };
    let (a, b) = (centered(a), centered(b));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// The integrals over [−1, 1], by hand.
#[test]
fn function_classes_are_related_as_their_integrals_say() {
    let set = build(source("function-classes"), &[4096.0], &[0, 1, 2, 3, 4, 5], &[]);
    assert_eq!((set.train.rows, set.validation.rows, set.test.rows, set.n_inputs), (4096, 1024, 1024, 1));
    let pi = std::f64::consts::PI;
    let cubic = 0.5 * (17.0_f64 / 35.0).sqrt() * 2.0_f64.sqrt();
    for (a, b, expected) in [
        (0, 4, 8.0_f64.sqrt() / pi),
        (0, 2, 0.8_f64.sqrt()),
        (2, 4, (7.0 / 3.0 / pi) / 0.625_f64.sqrt()),
        (0, 1, 0.0),
        (1, 3, 0.0),
        (3, 4, 0.0),
        (4, 5, -0.125 / (17.0_f64 / 35.0).sqrt()),
        (0, 5, (3.0 / pi.powi(3) - 0.5 / pi) / cubic),
    ] {
        let found = correlation(&set.train.targets[a], &set.train.targets[b]);
        // Three standard errors of a correlation of 4 096 points.
        assert!((found - expected).abs() < 3.0 / 64.0, "{a} and {b}: {found}, expected {expected}");
    }
    // By their formulas, undone from the standardization.
    for (task, info) in set.tasks.iter().enumerate() {
        let scale = info.scale.expect("a regression");
        for (&x, &z) in set.test.x.iter().zip(values(&set.test.targets[task])) {
            let x = f64::from(x);
            let sine = (2.0 * pi * x).sin();
            let expected = match info.id.as_str() {
                "sine" => sine,
                "cosine" => (2.0 * pi * x).cos(),
                "overtone" => sine + 0.5 * (6.0 * pi * x).sin(),
                "tent" => 2.0 * x.abs() - 1.0,
                "square" if sine.abs() > 1e-9 => sine.signum(),
                "square" => continue,
                _ => 4.0 * x.powi(3) - 3.0 * x,
            };
            assert!((scale.mean + scale.std * f64::from(z) - expected).abs() < 1e-6, "{} at {x}", info.id);
        }
    }
}

/// The cosine of two tasks' directions is about 1 / (1 + r²), and with r = 0 all tasks are the same.
#[test]
fn the_gradnorm_toy_is_one_family() {
    let source = source("gradnorm-toy");
    let every: Vec<usize> = (0..10).collect();
    let mean_correlation = |difference: f64| {
        let set = build(source, &[difference, 1.0, 4096.0], &every, &[]);
        assert_eq!(set.n_inputs, 32);
        let pairs = every.iter().flat_map(|&i| (i + 1..10).map(move |j| (i, j)));
        let all: Vec<f64> = pairs.map(|(i, j)| correlation(&set.train.targets[i], &set.train.targets[j])).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    assert!((mean_correlation(0.0) - 1.0).abs() < 1e-9);
    let (near, far) = (mean_correlation(0.59), mean_correlation(5.0));
    // 1 / (1 + 0.59²) = 0.74; directions of 32 numbers scatter by about 1/√32 around it.
    assert!((near - 0.74).abs() < 0.18, "{near}");
    assert!(far.abs() < 0.25, "{far}");
    // Gain 1 leaves tanh its slope; ten times that saturates most of it.
    let saturated = |gain: f64| {
        let set = build(source, &[0.59, gain, 4096.0], &[0], &[]);
        let scale = set.tasks[0].scale.expect("a regression");
        let values = values(&set.train.targets[0]);
        let ends = values.iter().filter(|&&z| (scale.mean + scale.std * f64::from(z)).abs() > 0.99).count();
        ends as f64 / values.len() as f64
    };
    assert!(saturated(1.0) < 0.05 && saturated(10.0) > 0.5, "{} {}", saturated(1.0), saturated(10.0));
}

#[test]
fn outliers_have_another_function_in_common() {
    let source = source("outlier-tasks");
    let every: Vec<usize> = (0..10).collect();
    let set = build(source, &[], &every, &[]);
    assert_eq!((set.train.rows, set.validation.rows, set.test.rows, set.n_inputs), (300, 1000, 1000, 5));
    let of = |set: &Dataset, i: usize, j: usize| correlation(&set.test.targets[i], &set.test.targets[j]);
    for i in 0..10 {
        for j in 0..i {
            let found = of(&set, i, j);
            if (i < 8) == (j < 8) {
                assert!(found > 0.9, "{i} {j}: {found}")
            } else {
                assert!(found < 0.8, "{i} {j}: {found}")
            }
        }
    }
    // Nothing common: strangers. Everything common: two functions.
    let alone = build(source, &[0.0], &every, &[]);
    assert!((0..8).all(|i| of(&alone, i, (i + 1) % 8) < 0.9));
    let whole = build(source, &[1.0], &every, &[]);
    assert!((of(&whole, 0, 7) - 1.0).abs() < 1e-9 && (of(&whole, 8, 9) - 1.0).abs() < 1e-9);
    assert!((of(&whole, 0, 8) - of(&whole, 7, 9)).abs() < 1e-9);
}

/// A regression's values before they were standardized.
fn raw(set: &Dataset, split: &Split, task: usize) -> Vec<f64> {
    let scale = set.tasks[task].scale.expect("a regression");
    values(&split.targets[task]).iter().map(|&z| scale.mean + scale.std * f64::from(z)).collect()
}

/// The weights of least Σ (y − w·x)² over (rows, n) columns, by the normal equations.
fn least_squares(x: &[f64], n: usize, y: &[f64]) -> Vec<f64> {
    let mut system = vec![vec![0.0; n + 1]; n];
    for (row, y) in x.chunks_exact(n).zip(y) {
        for (equation, a) in system.iter_mut().zip(row) {
            for (sum, b) in equation.iter_mut().zip(row.iter().chain([y])) {
                *sum += a * b;
            }
        }
    }
    // Positive definite: no pivoting.
    for at in 0..n {
        let pivot = system[at].clone();
        for (i, equation) in system.iter_mut().enumerate().filter(|(i, _)| *i != at) {
            let factor = equation[at] / pivot[at];
            assert!(factor.is_finite(), "column {at} of {i}");
            for (x, p) in equation.iter_mut().zip(&pivot) {
                *x -= factor * p;
            }
        }
    }
    (0..n).map(|i| system[i][n] / system[i][i]).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn deviation(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}

/// (αᵢ, βᵢ) of the four sines of MMoE's tasks.
const SINES: [(f64, f64); 4] = [(0.5, 0.0), (1.0, 1.0), (1.5, 4.0), (2.0, 9.0)];

fn line_with_sines(z: f64) -> f64 {
    z + SINES.iter().map(|(alpha, beta)| (alpha * z + beta).sin()).sum::<f64>()
}

fn slope_with_sines(z: f64) -> f64 {
    1.0 + SINES.iter().map(|(alpha, beta)| alpha * (alpha * z + beta).cos()).sum::<f64>()
}

/// The weights are found again from the rows: lengths 1, the cosine that was asked for, and the noise that is left.
#[test]
fn mmoe_tasks_are_what_they_are_defined_to_be() {
    for p in [-0.9, 0.0, 0.5, 1.0] {
        let set = build(source("mmoe"), &[p, 8192.0], &[0, 1], &[]);
        assert_eq!((set.train.rows, set.validation.rows, set.test.rows, set.n_inputs), (8192, 1024, 1024, 16));
        let x = wide(&set.train.x);
        let weights = [0, 1].map(|task| {
            let y = raw(&set, &set.train, task);
            let mut w = least_squares(&x, 16, &y);
            let length = dot(&w, &w).sqrt();
            w.iter_mut().for_each(|w| *w /= length);
            // Gauss–Newton from the direction of the best line.
            for _ in 0..20 {
                let z: Vec<f64> = x.chunks_exact(16).map(|row| dot(row, &w)).collect();
                let columns: Vec<f64> = x
                    .chunks_exact(16)
                    .zip(&z)
                    .flat_map(|(row, &z)| row.iter().map(move |x| x * slope_with_sines(z)))
                    .collect();
                let left: Vec<f64> = y.iter().zip(&z).map(|(y, &z)| y - line_with_sines(z)).collect();
                for (w, change) in w.iter_mut().zip(least_squares(&columns, 16, &left)) {
                    *w += change;
                }
            }
            for split in [&set.train, &set.validation, &set.test] {
                let y = raw(&set, split, task);
                let points = wide(&split.x);
                let left: Vec<f64> =
                    points.chunks_exact(16).zip(y).map(|(row, y)| y - line_with_sines(dot(row, &w))).collect();
                assert!((deviation(&left) - 0.1).abs() < 0.01, "{p}: {}", deviation(&left));
            }
            w
        });
        let [a, b] = &weights;
        assert!((dot(a, a) - 1.0).abs() < 0.01 && (dot(b, b) - 1.0).abs() < 0.01, "{} {}", dot(a, a), dot(b, b));
        assert!((dot(a, b) - p).abs() < 0.01, "{p}: {}", dot(a, b));
    }
}

/// The numbers of the description are those of the two-dimensional normal integral, and the rows have them.
#[test]
fn labels_of_mmoe_correlate_less_than_weights() {
    let grid: Vec<(f64, f64)> = (-60..=60).map(|i| f64::from(i) / 10.0).map(|x| (x, (-x * x / 2.0).exp())).collect();
    let total: f64 = grid.iter().map(|(_, weight)| weight).sum();
    let mean = |f: &dyn Fn(f64) -> f64| grid.iter().map(|(x, weight)| weight * f(*x)).sum::<f64>() / total;
    let center = mean(&line_with_sines);
    let variance = mean(&|z| (line_with_sines(z) - center).powi(2)) + 0.01;
    for (p, stated) in [(0.0, 0.0), (0.5, 0.37), (0.8, 0.68), (0.9, 0.82), (1.0, 0.995)] {
        let other = |x: f64| mean(&|y| line_with_sines(p * x + f64::sqrt(1.0 - p * p) * y)) - center;
        let expected = mean(&|x| (line_with_sines(x) - center) * other(x)) / variance;
        assert!((expected - stated).abs() < 0.005, "{p}: {expected}");
        assert!(p == 0.0 || p == 1.0 || source("mmoe").description.contains(&format!("{stated} at")));
        let set = build(source("mmoe"), &[p, 8192.0], &[0, 1], &[]);
        let found = correlation(&set.train.targets[0], &set.train.targets[1]);
        // Three standard errors of a correlation of 8 192 points.
        assert!((found - expected).abs() < 3.0 / 8192.0_f64.sqrt(), "{p}: {found}, expected {expected}");
    }
}

/// With degree 1 and no noise the weights follow from the rows, and W Wᵀ = P; the other degrees are their powers.
#[test]
fn multitab_is_what_it_is_defined_to_be() {
    let points = 2048.0;
    let every = [0, 1, 2, 3, 4, 5, 6, 7];
    for (p, tasks) in [(0.0, &every[..3]), (-0.5, &[6, 1, 3]), (-0.142, &every), (0.9, &every), (1.0, &every[..2])] {
        let plain = build(source("multitab"), &[p, 1.0, 0.0, 0.0, points], tasks, &[]);
        assert_eq!((plain.train.rows, plain.validation.rows, plain.test.rows, plain.n_inputs), (2048, 1024, 1024, 32));
        let x = wide(&plain.train.x);
        let weights: Vec<Vec<f64>> =
            (0..tasks.len()).map(|task| least_squares(&x, 32, &raw(&plain, &plain.train, task))).collect();
        for (i, a) in weights.iter().enumerate() {
            for (j, b) in weights.iter().enumerate() {
                let expected = if i == j { 1.0 } else { p };
                assert!((dot(a, b) - expected).abs() < 1e-5, "{p}: {i} {j} {}", dot(a, b));
            }
        }
        for (degree, degrees, noise) in [(2, 0.0, 0.0), (3, 0.0, 0.0), (3, 1.0, 0.0), (2, 1.0, 0.3)] {
            let knobs = [p, f64::from(degree), degrees, noise, points];
            let set = build(source("multitab"), &knobs, tasks, &[]);
            assert_eq!(set.train.x, plain.train.x);
            for (at, w) in weights.iter().enumerate() {
                let highest = if degrees == 1.0 { 1 + tasks[at] as i32 % degree } else { degree };
                for split in [&set.train, &set.validation, &set.test] {
                    let points = wide(&split.x);
                    let left: Vec<f64> = raw(&set, split, at)
                        .iter()
                        .zip(points.chunks_exact(32))
                        .map(|(y, row)| y - (1..=highest).map(|k| dot(row, w).powi(k)).sum::<f64>())
                        .collect();
                    // Four standard errors, and the rounding of targets.
                    let bound = 4.0 * noise / (2.0 * split.rows as f64).sqrt() + 3e-5;
                    assert!((deviation(&left) - noise).abs() < bound, "{p}: {}", deviation(&left));
                }
            }
        }
    }
}

/// For degree 2 the labels' correlation is (p + 2p²) / 3: z and z² are uncorrelated, and z² correlates with p².
#[test]
fn labels_of_multitab_correlate_as_their_moments_say() {
    for p in [0.0, 0.5, 0.9] {
        let set = build(source("multitab"), &[p, 2.0, 0.0, 0.01, 8192.0], &[0, 1, 2], &[]);
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let found = correlation(&set.train.targets[i], &set.train.targets[j]);
            let expected = (p + 2.0 * p * p) / 3.0;
            // Squares have heavy tails: five standard errors of normal values.
            assert!((found - expected).abs() < 5.0 / 8192.0_f64.sqrt(), "{p}: {found}, expected {expected}");
        }
    }
}

// ------------------------------------------------------------ wrong labels

/// Positions in which two columns of targets differ.
fn changes(a: &Targets, b: &Targets) -> Vec<usize> {
    match (a, b) {
        (Targets::Class(a), Targets::Class(b)) => (0..a.len()).filter(|&i| a[i] != b[i]).collect(),
        (Targets::Value(a), Targets::Value(b)) => (0..a.len()).filter(|&i| a[i].to_bits() != b[i].to_bits()).collect(),
        _ => panic!("targets of two kinds"),
    }
}

/// The same rows with that share of wrong labels.
fn spoiled(source: &DataSource, seed: u32, share: f64, tasks: &[usize], files: &[MtldFile]) -> Dataset {
    let request = BuildRequest { seed, label_noise: share, ..request(&[], tasks, files) };
    source.build(&request).expect("any share up to a half")
}

#[test]
fn wrong_labels_of_any_set_are_as_many_as_asked_for_and_in_training_only() {
    for source in DATASETS {
        let files = files_of(source);
        let every: Vec<usize> = (0..source.tasks.len()).collect();
        let clean = spoiled(source, 1, 0.0, &every, &files);
        assert_eq!(clean, build(source, &[], &every, &files), "{}", source.id);
        let noisy = spoiled(source, 1, 0.3, &every, &files);
        assert_eq!(noisy, spoiled(source, 1, 0.3, &every, &files), "{}", source.id);
        assert_eq!((&noisy.validation, &noisy.test), (&clean.validation, &clean.test), "{}", source.id);
        assert_eq!((&noisy.train.x, &noisy.tasks), (&clean.train.x, &clean.tasks), "{}", source.id);
        check_split(&noisy.train, &noisy);
        let rows = noisy.train.rows as f64;
        for (task, info) in noisy.tasks.iter().enumerate() {
            let (before, after) = (&clean.train.targets[task], &noisy.train.targets[task]);
            let share = changes(before, after).len() as f64 / rows;
            // Four standard errors; where values repeat, the target of another row may be the same.
            let repeats = match before {
                Targets::Value(values) if info.kind == TaskKind::Regression => {
                    let mut bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
                    bits.sort_unstable();
                    let same: f64 = bits.chunk_by(|a, b| a == b).map(|run| (run.len() * (run.len() - 1)) as f64).sum();
                    same / (rows * (rows - 1.0))
                }
                _ => 0.0,
            };
            let expected = 0.3 * (1.0 - repeats);
            let bound = 4.0 * (0.3 * 0.7 / rows).sqrt();
            assert!((share - expected).abs() < bound, "{} {}: {share}, expected {expected}", source.id, info.id);
            if let (Targets::Value(before), Targets::Value(after)) = (before, after) {
                let known: std::collections::BTreeSet<u32> = before.iter().map(|value| value.to_bits()).collect();
                assert!(after.iter().all(|value| known.contains(&value.to_bits())));
            }
        }
    }
}

#[test]
fn which_labels_are_wrong_follows_from_seed_and_task() {
    let source = source("two-labelings");
    let wrong = |seed, share, tasks: &[usize]| {
        let (clean, noisy) = (spoiled(source, seed, 0.0, tasks, &[]), spoiled(source, seed, share, tasks, &[]));
        let both = clean.train.targets.iter().zip(&noisy.train.targets);
        both.map(|(clean, noisy)| changes(clean, noisy)).collect::<Vec<_>>()
    };
    let three = wrong(1, 0.3, &[0, 1, 2]);
    assert_ne!(three[0], three[1], "each task has its own wrong rows");
    assert_ne!(three[0], wrong(2, 0.3, &[0])[0], "another seed has others");
    assert_eq!(wrong(1, 0.3, &[2, 0]), [three[2].clone(), three[0].clone()]);
    // More noise keeps what was wrong with less.
    assert!(wrong(1, 0.1, &[0])[0].iter().all(|row| three[0].contains(row)));
    // The data set's own flips are other draws.
    let flipped = build(source, &[90.0, 0.3, 256.0], &[0], &[]);
    let clean = build(source, &[90.0, 0.0, 256.0], &[0], &[]);
    assert_ne!(changes(&clean.train.targets[0], &flipped.train.targets[0]), three[0]);
}

/// A wrong class is any other with the same probability, a wrong value that of any other row.
#[test]
fn what_wrong_labels_become_is_uniform() {
    let digits = source("digits8");
    let files = files_of(digits);
    let (clean, noisy) = (spoiled(digits, 1, 0.0, &[0], &files), spoiled(digits, 1, 0.5, &[0], &files));
    let (Targets::Class(before), Targets::Class(after)) = (&clean.train.targets[0], &noisy.train.targets[0]) else {
        panic!("the digit is a class");
    };
    let mut steps = [0.0; 10];
    for (before, after) in before.iter().zip(after).filter(|(before, after)| before != after) {
        steps[((after + 10 - before) % 10) as usize] += 1.0;
    }
    let expected = steps.iter().sum::<f64>() / 9.0;
    // χ² with 8 degrees of freedom is below 26.1 in 999 of 1 000 cases.
    let chi_squared: f64 = steps[1..].iter().map(|count| (count - expected).powi(2) / expected).sum();
    assert!(steps[0] == 0.0 && chi_squared < 26.1, "{steps:?}");

    let toy = source("gradnorm-toy");
    let (clean, noisy) = (spoiled(toy, 1, 0.0, &[0], &[]), spoiled(toy, 1, 0.5, &[0], &[]));
    let (before, after) = (values(&clean.train.targets[0]), values(&noisy.train.targets[0]));
    let donors: Vec<f64> = changes(&clean.train.targets[0], &noisy.train.targets[0])
        .into_iter()
        .map(|row| {
            let donor = before.iter().position(|value| *value == after[row]).expect("a row of this value");
            assert_ne!(donor, row);
            donor as f64 / before.len() as f64
        })
        .collect();
    let mean = donors.iter().sum::<f64>() / donors.len() as f64;
    // Four standard errors of the mean of uniform numbers.
    assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / donors.len() as f64).sqrt(), "{mean}");
}

// ------------------------------------------------------------ shipped files

#[test]
fn digits8_answers_follow_from_the_digit() {
    let source = source("digits8");
    let set = build(source, &[], &[0, 1, 2, 3, 4], &files_of(source));
    assert_eq!((set.train.rows, set.validation.rows, set.test.rows), (1294, 143, 360));
    let Targets::Class(digits) = &set.test.targets[0] else {
        panic!("the digit is a class");
    };
    type Question = fn(u32) -> bool;
    let questions: [Question; 4] =
        [|d| d % 2 == 1, |d| d >= 5, |d| [0, 6, 8, 9].contains(&d), |d| [2, 3, 5, 7].contains(&d)];
    for (targets, question) in set.test.targets[1..].iter().zip(questions) {
        for (&digit, &answer) in digits.iter().zip(values(targets)) {
            assert_eq!(answer == 1.0, question(digit));
        }
    }
    let attribution = set.attribution.expect("a real set");
    assert_eq!(attribution.spdx, "CC-BY-4.0");
    assert_eq!(attribution.source, "scikit-learn 1.9.1 pypi");
}

/// What the tables' makers published: bytes, rows, columns of the default tasks, license.
#[test]
fn shipped_tables_are_what_was_published() {
    for (id, hash, rows, n_inputs, license) in [
        (
            "census",
            "9548def2b6e54fd732e7d8d8792042c60745668308b20d76c3b1766d659b5fbd",
            [21_600, 2_400, 8_000],
            462,
            "CC-BY-4.0",
        ),
        (
            "bike",
            "f9ca90ca57895196ca8bd27ed03ab5e65dd912c71b57067907d504d7cb108403",
            [6_225, 691, 1_729],
            59,
            "CC-BY-4.0",
        ),
        ("penguins", "46c9094105ccad76137137e31430ffdede6468cb154bca9b5393e4328c812894", [240, 26, 67], 3, "CC0-1.0"),
        (
            "meats",
            "a636feb002e9354f10f37ca1ee825fffef80a16fbf9708c8d44a4db52c03175e",
            [155, 17, 43],
            100,
            "LicenseRef-Tecator-permission",
        ),
    ] {
        let source = source(id);
        let [file_name] = source.files else { panic!("{id} is one file") };
        assert_eq!(sha256(&std::fs::read(data_folder().join(file_name)).expect("it ships")), hash, "{id}");
        let set = build(source, &[], source.default_tasks, &files_of(source));
        assert_eq!([set.train.rows, set.validation.rows, set.test.rows], rows, "{id}");
        assert_eq!((set.n_inputs, set.shape), (n_inputs, InputShape::Tabular), "{id}");
        assert_eq!(set.attribution.expect("a real set").spdx, license);
    }
}

/// Training and validation rows together, which the files' means and deviations are of.
fn seen(set: &Dataset, pick: impl Fn(&Split) -> Vec<f32>) -> Vec<f64> {
    [&set.train, &set.validation].into_iter().flat_map(pick).map(f64::from).collect()
}

#[track_caller]
fn check_standardized(values: &[f64], what: &str) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let power = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    assert!(mean.abs() < 1e-5 && (power - 1.0).abs() < 1e-5, "{what}: mean {mean}, variance {power}");
}

#[test]
fn columns_are_standardized_or_one_hot() {
    for id in ["census", "bike", "penguins", "meats"] {
        let source = source(id);
        let [file] = &files_of(source)[..] else { panic!("{id} is one file") };
        let set = build(source, &[], source.default_tasks, std::slice::from_ref(file));
        let left_out: Vec<&String> = set.tasks.iter().flat_map(|task| &task.excludes).collect();
        let mut first = 0;
        for feature in file.header.features.iter().filter(|feature| !left_out.contains(&&feature.name)) {
            let column =
                |at: usize| seen(&set, |split| split.x.iter().skip(at).step_by(set.n_inputs).copied().collect());
            if feature.kind == mtld::FeatureKind::Numeric {
                check_standardized(&column(first), &feature.name);
                first += 1;
                continue;
            }
            let next = first + feature.levels.len();
            for row in set.test.x.chunks_exact(set.n_inputs) {
                let codes = &row[first..next];
                assert_eq!(codes.iter().filter(|&&x| x == 1.0).count(), 1, "{id}: {}", feature.name);
                assert_eq!(codes.iter().filter(|&&x| x == 0.0).count(), codes.len() - 1, "{id}: {}", feature.name);
            }
            first = next;
        }
        assert_eq!(first, set.n_inputs, "{id}");
        for (task, info) in set.tasks.iter().enumerate().filter(|(_, info)| info.kind == TaskKind::Regression) {
            let targets = seen(&set, |split| values(&split.targets[task]).to_vec());
            check_standardized(&targets, &info.id);
        }
    }
}

/// A column that answers a chosen question is no input, whichever task is asked first.
#[test]
fn census_leaves_the_answers_out() {
    let source = source("census");
    let files = files_of(source);
    let all = source.tasks.len();
    for (tasks, n_inputs) in
        [(vec![0], COLUMNS), (vec![1], COLUMNS - 1), (vec![2, 1], COLUMNS - 18), (vec![0, 3], COLUMNS - 7)]
    {
        assert_eq!(build(source, &[], &tasks, &files).n_inputs, n_inputs, "{tasks:?}");
    }
    let every: Vec<usize> = (0..all).collect();
    let set = build(source, &[], &every, &files);
    assert_eq!(set.n_inputs, COLUMNS - 25);
    // The shares of yes in the 24 000 rows that are not the test's.
    for (task, yes) in [1568.0, 9532.0, 8125.0, 10273.0].into_iter().enumerate() {
        assert_eq!(seen(&set, |split| values(&split.targets[task]).to_vec()).iter().sum::<f64>(), yes, "task {task}");
    }
}

/// One-hot and numeric inputs of all 36 columns of the census.
const COLUMNS: usize = 480;

/// Targets go back to riders, grams and percent.
#[test]
fn regressions_keep_their_units() {
    let source = source("bike");
    let [file] = &files_of(source)[..] else { panic!("one file") };
    let set = build(source, &[], &[0, 1], std::slice::from_ref(file));
    for (task, info) in set.tasks.iter().enumerate() {
        let scale = info.scale.expect("a regression");
        let riders = file.array(&format!("y.{}", info.id)).expect("it is stored");
        for (row, &z) in values(&set.train.targets[task]).iter().enumerate().take(500) {
            let back = (scale.mean + scale.std * f64::from(z)).exp() - 1.0;
            assert!((back - riders.number(row, 0)).abs() < 1e-3 * (1.0 + back), "{} row {row}", info.id);
        }
    }
    let penguins = self::source("penguins");
    let set = build(penguins, &[], &[2], &files_of(penguins));
    assert_eq!((set.tasks[0].id.as_str(), set.tasks[0].unit.as_deref()), ("body-mass-g", Some("g")));
    let scale = set.tasks[0].scale.expect("a regression");
    let grams: Vec<f64> = values(&set.test.targets[0]).iter().map(|&z| scale.mean + scale.std * f64::from(z)).collect();
    assert!(
        grams.iter().all(|&g| (2700.0..6500.0).contains(&(g + 1e-3)) && ((g / 25.0).round() * 25.0 - g).abs() < 1e-2)
    );
}

/// Every shipped file has a license text beside it that agrees with its header.
#[test]
fn shipped_files_carry_their_licenses() {
    let text = std::fs::read_to_string(data_folder().join("LICENSES.md")).expect("the text ships");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shipped_names = Vec::new();
    for entry in std::fs::read_dir(data_folder()).expect("the folder ships") {
        let name = entry.expect("a file").file_name().into_string().expect("ASCII");
        if name.ends_with(".mtld.gz") {
            let header = shipped(&name).header;
            assert_eq!(format!("{}.mtld.gz", header.name), name);
            assert!(flat.contains(&format!("`{name}`")), "{name}");
            assert!(flat.contains(&header.license.spdx) && flat.contains(&header.license.url));
            for citation in &header.citation {
                assert!(flat.contains(citation.as_str()), "{name}: {citation}");
            }
            shipped_names.push(name);
        }
    }
    for name in DATASETS.iter().flat_map(|source| source.files) {
        assert!(shipped_names.iter().any(|n| n == name), "{name} is missing");
    }
}

// -------------------------------------------------------------- MultiMNIST

#[test]
fn multimnist_reproduces_the_published_vectors() {
    let vectors: Value = serde_json::from_str(include_str!("../data/test_vectors.json")).expect("the vectors are JSON");
    let mut random = SplitMix64::new(0);
    for expected in vectors["splitmix64_seed0_first3"].as_array().expect("a list") {
        let found = format!("0x{:x}", random.next_u64());
        assert_eq!(Some(found.as_str()), expected.as_str());
    }

    let expected = &vectors["multimnist_train_seed0"];
    let file = shipped("mnist.mtld.gz");
    let digits = Digits::of(&file).expect("digits");
    // The vectors draw from all training digits, none held out.
    let pool = digits.pool(file.header.splits.train);
    assert_eq!(json!(pool.len()), expected["n"]);
    let of_size = |side, count| compose(pool, pool, Pools::Same, count, 0, side, 6);

    let long = of_size(18, 1000);
    assert_eq!(json!(long.pairs[..5]), expected["first5"]);
    assert_eq!(json!(long.labels[..5]), expected["labels_first5"]);
    let bytes: Vec<u8> = long.pairs.iter().flatten().flat_map(|i| i.to_le_bytes()).collect();
    assert_eq!(json!(sha256(&bytes)), expected["sha256_pairs_u32le_1000"]);
    for (side, key) in [(36, "sha256_36x36_first100"), (28, "sha256_28x28_first100"), (18, "sha256_18x18_first100")] {
        assert_eq!(json!(sha256(&of_size(side, 100).images)), expected[key], "{key}");
    }

    let two_pools = &vectors["fashion_and_mnist_train_seed0"];
    assert_eq!(json!(draw_pairs(8000, 12000, 5, 0, Pools::Distinct)), two_pools["first5"]);
}

/// The data set is the protocol: seed 0 in training and seed 1 in the test.
#[test]
fn multimnist_sets_follow_the_protocol() {
    let source = source("multimnist-lite");
    let files = files_of(source);
    let digits = Digits::of(&files[0]).expect("digits");
    let whole = build(source, &[500.0, 200.0, 18.0, 6.0, 0.0], &[0, 1], &files);
    assert_eq!((whole.train.rows, whole.validation.rows, whole.test.rows), (500, 0, 200));
    check_pairs(&whole.train, digits.pool((0, 2400)), 0);
    check_pairs(&whole.test, digits.pool((2400, 3000)), 1);

    let held_out = build(source, &[500.0, 200.0, 18.0, 6.0, 1.0], &[0, 1], &files);
    assert_eq!((held_out.train.rows, held_out.validation.rows), (500, 50));
    check_pairs(&held_out.train, digits.pool((0, 2160)), 0);
    check_pairs(&held_out.validation, digits.pool((2160, 2400)), 2);
    assert_eq!(held_out.test, whole.test);

    let defaults = build(source, &[], &[0, 1], &files);
    assert_eq!((defaults.train.rows, defaults.validation.rows), (12_000, 1_200));
    assert_eq!((defaults.test.rows, defaults.n_inputs), (2_000, 324));
}

#[track_caller]
fn check_pairs(split: &Split, pool: Pool<'_>, seed: u64) {
    let composed = compose(pool, pool, Pools::Same, split.rows, seed, 18, 6);
    assert!(composed.pairs.iter().all(|[a, b]| a != b));
    let x: Vec<f32> = composed.images.iter().map(|&p| f32::from(p) / 255.0).collect();
    assert_eq!(split.x, x);
    for side in 0..2 {
        let labels = composed.labels.iter().map(|pair| u32::from(pair[side])).collect();
        assert_eq!(split.targets[side], Targets::Class(labels));
    }
}

#[test]
fn triples_of_digits_lie_where_they_should() {
    // Three images that are told apart by their gray: what is where, and that the lighter one shows.
    let images: Vec<u8> = [90, 180, 45].into_iter().flat_map(|gray| [gray; 28 * 28]).collect();
    let pool = Pool { images: &images, labels: &[0, 1, 2] };
    let image = multimnist3::compose(pool, [0, 1, 2]);
    let at = |y: usize, x: usize| image[y * multimnist3::SIDE + x];
    // Left above, right above, below, and beside what lies below.
    assert_eq!([at(0, 0), at(0, 27), at(27, 14), at(27, 0), at(27, 27)], [90, 45, 180, 0, 0]);
    // The canvas has 14 columns of both upper digits, of which the darker one does not show.
    assert_eq!([at(0, 17), at(0, 18), at(0, 19)], [90, 75, 45]);
    let mean = image.iter().map(|&p| f64::from(p)).sum::<f64>() / 784.0;
    let covered = 28.0 * 28.0 * 180.0 + 14.0 * 28.0 * 90.0 + 14.0 * 14.0 * 45.0 + 7.0 * 14.0 * (90.0 + 45.0);
    assert!(mean > 0.0 && (mean * 1764.0 - covered).abs() < 1764.0, "{} and {covered}", mean * 1764.0);

    let triples = multimnist3::draw_triples(5, 4_000, 0);
    let mut seen = [[0; 5]; 3];
    for triple in &triples {
        let [a, b, c] = *triple;
        assert!(a != b && a != c && b != c && triple.iter().all(|&index| index < 5), "{triple:?}");
        triple.iter().zip(&mut seen).for_each(|(&index, seen)| seen[index as usize] += 1);
    }
    // 800 of each are expected, with a deviation of 25.
    assert!(seen.iter().flatten().all(|count| (680..=920).contains(count)), "{seen:?}");
    assert_ne!(triples, multimnist3::draw_triples(5, 4_000, 1));
    assert_eq!(triples[..7], multimnist3::draw_triples(5, 7, 0));
}

#[test]
fn degenerate_pools_end() {
    // One digit cannot differ from itself: it is paired with itself, not for ever redrawn.
    assert_eq!(draw_pairs(1, 1, 2, 0, Pools::Same), [[0, 0], [0, 0]]);
}

// ------------------------------------------------------------- file format

/// A small file that the tests damage: every dtype, every kind of feature and task.
struct Draft {
    header: Value,
    payload: Vec<u8>,
}

impl Draft {
    fn new() -> Self {
        let mut draft = Self {
            header: json!({
                "format": "MTLD", "version": 1, "name": "draft", "title": "Draft", "kind": "image",
                "rows": 4, "splits": {"train": [0, 3], "test": [3, 4]}, "arrays": [],
                "features": [
                    {"name": "picture", "kind": "pixels", "array": "pixels"},
                    {"name": "height", "kind": "numeric", "array": "grid", "column": 1,
                     "mean": 1.0, "std": 2.0, "transform": "log1p"},
                    {"name": "count", "kind": "numeric", "array": "count", "scale": 0.5,
                     "offset": -1.0, "mean": 0.0, "std": 1.0},
                    {"name": "color", "kind": "categorical", "array": "color",
                     "levels": ["red", "green", "blue"]},
                ],
                "tasks": [
                    {"name": "class", "kind": "multiclass", "array": "label",
                     "classes": ["a", "b", "c"], "excludes": ["color"]},
                    {"name": "odd", "kind": "binary", "array": "label", "map": [0, 1, 0]},
                    {"name": "flag", "kind": "binary", "array": "flag"},
                    {"name": "large", "kind": "binary", "array": "count", "threshold": 10.0},
                    {"name": "depth", "kind": "regression", "array": "grid", "column": 0,
                     "mean": 0.0, "std": 1.5, "unit": "m"},
                ],
                "task_sets": [{"name": "both", "tasks": ["class", "depth"]}],
                "image": {"array": "pixels", "width": 3, "height": 1, "levels": 16, "channels": 1},
                "license": {"spdx": "CC0-1.0", "url": "https://example.org", "note": ""},
                "citation": ["A. Nobody. Nothing."],
                "source": {"package": "none", "registry": "none", "version": "0"},
                "extra": "unknown keys are for later writers",
            }),
            payload: Vec::new(),
        };
        draft.push("pixels", "u4", json!([4, 1, 3]), &[0x21, 0x43, 0x65, 0x87, 0xa9, 0xfb]);
        let grid = [0.0_f32, 1.0, -2.0, 0.5, 3.0, 0.25, 4.5, 2.0];
        let grid: Vec<u8> = grid.iter().flat_map(|x| x.to_le_bytes()).collect();
        draft.push("grid", "f32", json!([4, 2]), &grid);
        let count: Vec<u8> = [1_i16, -5, 300, 7].iter().flat_map(|x| x.to_le_bytes()).collect();
        draft.push("count", "i16", json!([4]), &count);
        draft.push("color", "u16", json!([4]), &[0, 0, 2, 0, 1, 0, 0, 0]);
        draft.push("label", "u8", json!([4]), &[0, 1, 2, 1]);
        draft.push("flag", "bit", json!([4]), &[0b0000_1010]);
        draft
    }

    fn push(&mut self, name: &str, dtype: &str, shape: Value, bytes: &[u8]) {
        self.payload.resize(self.payload.len().next_multiple_of(16), 0);
        let entry = json!({"name": name, "dtype": dtype, "shape": shape,
                           "offset": self.payload.len(), "bytes": bytes.len()});
        self.header["arrays"].as_array_mut().expect("a list").push(entry);
        self.payload.extend_from_slice(bytes);
    }

    /// The raw file, with a checksum that fits unless the header already has one.
    fn raw(&self) -> Vec<u8> {
        let mut header = self.header.clone();
        if header.get("payload_crc32").is_none() {
            let mut crc = flate2::Crc::new();
            crc.update(&self.payload);
            header["payload_crc32"] = json!(crc.sum());
        }
        raw_file(header.to_string().as_bytes(), &self.payload)
    }
}

fn raw_file(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut head = header.to_vec();
    head.resize(head.len().next_multiple_of(16), b' ');
    let mut raw = b"MTLD".to_vec();
    for word in [1, head.len() as u32, payload.len() as u32] {
        raw.extend_from_slice(&word.to_le_bytes());
    }
    raw.extend_from_slice(&head);
    raw.extend_from_slice(payload);
    raw
}

#[test]
fn a_sound_file_is_read_compressed_and_plain() {
    let raw = Draft::new().raw();
    let file = mtld::decode("draft", &raw).expect("the draft is sound");
    assert_eq!(mtld::decode("draft", &gzip(&raw)), Ok(file.clone()));
    let values = |name: &str| file.array(name).expect("it is there").values.clone();
    assert_eq!(values("pixels"), Values::U8(vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15]));
    assert_eq!(values("count"), Values::I16(vec![1, -5, 300, 7]));
    assert_eq!(values("color"), Values::U16(vec![0, 2, 1, 0]));
    assert_eq!(values("flag"), Values::U8(vec![0, 1, 0, 1]));
    let grid = file.array("grid").expect("it is there");
    assert_eq!((grid.number(2, 0), grid.number(2, 1), grid.width()), (3.0, 0.25, 2));
    let height = &file.header.features[1].scaling;
    assert!((height.standardized(1.0) - (2.0_f64.ln() - 1.0) / 2.0).abs() < 1e-15);
    let count = &file.header.features[2].scaling;
    assert_eq!(count.standardized(300.0), 149.0);
}

/// Sets the value at `pointer` of a sound file's header and expects a complaint with `words`.
#[track_caller]
fn check_header(pointer: &str, value: Value, words: &str) {
    let mut draft = Draft::new();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer starts with a slash");
    let place = draft.header.pointer_mut(parent).expect("the parent exists");
    match key.parse::<usize>() {
        Ok(i) if place.is_array() => place[i] = value,
        _ => place[key] = value,
    }
    check_file(&draft.raw(), words);
}

#[track_caller]
fn check_file(bytes: &[u8], words: &str) {
    let error = mtld::decode("some.mtld.gz", bytes).expect_err("the file is broken");
    check_sentence(&error);
    let text = error.to_string();
    assert!(text.contains("`some.mtld.gz`"), "{text}");
    assert!(text.contains(words), "{text}\nlacks: {words}");
}

#[test]
fn broken_headers_are_named() {
    let cases = [
        ("/format", json!("MTLE"), "its `format` is not `MTLD`"),
        ("/version", json!(2), "version 2 of the format"),
        ("/name", json!("a b"), "its `name` is empty or not made of"),
        ("/title", json!(" "), "its `title` is empty"),
        ("/kind", json!("video"), "unknown variant `video`"),
        ("/rows", json!(-4), "invalid value"),
        ("/rows", json!(5), "it has 4 rows, the file says 5"),
        ("/rows", json!(1e300), "broken header"),
        ("/license/spdx", json!(""), "lacks `spdx` or `url`"),
        ("/license", json!(null), "broken header"),
        ("/source/package", json!(""), "names no package"),
        ("/citation", json!([]), "its `citation` is empty"),
        ("/features", json!([]), "no features"),
        ("/tasks", json!([]), "no tasks"),
        ("/arrays", json!([]), "no array `pixels`"),
        ("/payload_crc32", json!(1), "instead of 00000001"),
        ("/splits/train", json!([0, 5]), "train rows 0..5"),
        ("/splits/train", json!([2, 2]), "train rows 2..2"),
        ("/splits/train", json!([3, 1]), "train rows 3..1"),
        ("/splits/train", json!([0, 4]), "overlap"),
        ("/splits/test", json!([4, 9]), "test rows 4..9"),
        ("/splits/test", json!([4]), "broken header"),
        ("/arrays/0/dtype", json!("f64"), "unknown variant `f64`"),
        ("/arrays/0/shape", json!([]), "0 dimensions"),
        ("/arrays/0/shape", json!([4, 1, 1, 1, 3]), "5 dimensions"),
        ("/arrays/0/shape", json!([4, 0, 3]), "is empty"),
        ("/arrays/0/shape", json!([4, 4_000_000_000_u32, 4_000_000_000_u32]), "too large"),
        ("/arrays/0/shape", json!([4, 1, 5]), "takes 10 bytes, the header says 6"),
        ("/arrays/0/bytes", json!(7), "takes 6 bytes, the header says 7"),
        ("/arrays/1/offset", json!(20), "no multiple of 16"),
        ("/arrays/1/offset", json!(0), "inside the array before it"),
        ("/arrays/5/offset", json!(1 << 20), "beyond the payload"),
        ("/arrays/5/offset", json!(u32::MAX - 15), "beyond the payload"),
        ("/arrays/1/name", json!("pixels"), "used twice"),
        ("/image", json!(null), "no `image` block"),
        ("/image/array", json!("none"), "no array `none`"),
        ("/image/array", json!("grid"), "shape [4, 2]"),
        ("/image/width", json!(4), "not 1×4×1 pixels"),
        ("/image/channels", json!(3), "not 1×3×3 pixels"),
        ("/image/levels", json!(1), "allowed are 2 to 256"),
        ("/image/levels", json!(300), "allowed are 2 to 256"),
        ("/image/levels", json!(12), "a pixel is 15"),
        ("/features/1/name", json!("picture"), "used twice"),
        ("/features/0/array", json!("grid"), "not the image's array"),
        ("/features/1/array", json!("none"), "no array `none`"),
        ("/features/1/column", json!(2), "column 2 of `grid`, which has 2"),
        ("/features/1/column", json!(null), "which column of `grid`"),
        ("/features/2/column", json!(0), "not two-dimensional"),
        ("/features/1/std", json!(0.0), "its `std` is 0"),
        ("/features/1/std", json!(-1.0), "its `std` is -1"),
        ("/features/1/offset", json!(-2.0), "does not scale to a finite value"),
        ("/features/2/scale", json!(1e300), "does not scale to a finite value"),
        ("/features/1/transform", json!("sqrt"), "unknown variant `sqrt`"),
        ("/features/3/levels", json!([]), "it has 0 levels"),
        ("/features/3/levels", json!(["red", "green"]), "the code 2, but it has 2 levels"),
        ("/features/3/array", json!("count"), "the code -5"),
        ("/tasks/0/name", json!("a=b"), "not made of letters"),
        ("/tasks/1/name", json!("class"), "used twice"),
        ("/tasks/0/array", json!("none"), "no array `none`"),
        ("/tasks/0/classes", json!(["a", "b"]), "the code 2, but it has 2 classes"),
        ("/tasks/0/classes", json!(["a"]), "needed are 2"),
        ("/tasks/0/excludes", json!(["none"]), "excludes `none`"),
        ("/tasks/1/map", json!([0, 1]), "the code 2"),
        ("/tasks/1/map", json!([0, 1, 2]), "allowed are 0 and 1"),
        ("/tasks/1/threshold", json!(1.0), "both a `map` and a `threshold`"),
        ("/tasks/2/array", json!("label"), "answers to a yes/no question"),
        ("/tasks/4/std", json!(0.0), "its `std` is 0"),
        ("/tasks/4/column", json!(7), "column 7"),
        ("/tasks/4/kind", json!("ranking"), "unknown variant `ranking`"),
        ("/task_sets/0/tasks", json!(["none"]), "the task set `both` lists it"),
    ];
    for (pointer, value, words) in cases {
        check_header(pointer, value, words);
    }
    let mut draft = Draft::new();
    draft.header["tasks"][0]["array"] = json!("grid");
    draft.header["tasks"][0]["column"] = json!(0);
    check_file(&draft.raw(), "does not hold whole numbers");
}

#[test]
fn broken_bytes_are_named() {
    let raw = Draft::new().raw();
    let with_word = |at: usize, word: u32| {
        let mut bytes = raw.clone();
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        bytes
    };
    check_file(b"", "not a data set in the MTLD format");
    check_file(b"<!doctype html>", "not a data set in the MTLD format");
    check_file(b"MTLD", "should have 16 bytes but has 4");
    check_file(&with_word(4, 2), "version 2 of the format");
    check_file(&with_word(4, 0), "version 0 of the format");
    check_file(&with_word(8, 24), "a header of 24 bytes");
    check_file(&with_word(8, 5 << 20), "a header of");
    check_file(&with_word(12, u32::MAX), "more than the 67108864 allowed");
    check_file(&with_word(8, u32::MAX), "more than the 67108864 allowed");
    check_file(&with_word(12, 0), "should have");
    check_file(&raw[..raw.len() - 1], "should have");
    check_file(&[&raw[..], b"x"].concat(), "should have");
    let last = raw.len() - 1;
    let mut flipped = raw.clone();
    flipped[last] ^= 1;
    check_file(&flipped, "so some bytes changed");

    let packed = gzip(&raw);
    check_file(&packed[..packed.len() / 2], "cannot be decompressed");
    check_file(&packed[..packed.len() - 4], "cannot be decompressed");
    check_file(&packed[..5], "cannot be decompressed");
    check_file(&[&packed[..], b"x"].concat(), "goes on after its end");
    check_file(&gzip(&[&raw[..], b"x"].concat()), "goes on after its end");
    check_file(&gzip(&raw[..raw.len() - 1]), "should have");
    check_file(&gzip(b"hello"), "not a data set in the MTLD format");
    check_file(&vec![0x1f; 33 << 20], "not a data set in the MTLD format");
    let mut huge = vec![0; 33 << 20];
    huge[..2].copy_from_slice(&[0x1f, 0x8b]);
    check_file(&huge, "more than the 33554432 allowed");

    check_file(&raw_file(b"{\"format\": \"\xff\"}", b""), "not UTF-8 at byte 12");
    check_file(&raw_file(b"not json", b""), "broken header");
    check_file(&raw_file(b"[1, 2]", b""), "broken header");
    check_file(&raw_file(b"{\"rows\": 1e999}", b""), "broken header");
    check_file(&raw_file(&[b'['; 4000], b""), "broken header");
    check_file(&raw_file(b"", b""), "broken header");
}

/// A few kilobytes that inflate to gigabytes are refused before they are inflated.
#[test]
fn bombs_are_refused() {
    let mut raw = Draft::new().raw();
    raw[12..16].copy_from_slice(&(MAX_INFLATED as u32).to_le_bytes());
    raw.resize(200 << 20, 0);
    check_file(&gzip(&raw), "allowed");
    // An honest preamble with an endless tail is cut at its promise.
    let mut raw = Draft::new().raw();
    raw.resize(200 << 20, 0);
    check_file(&gzip(&raw), "goes on after its end");
    // Many columns of one array are many visits, not many bytes.
    let mut draft = Draft::new();
    draft.header["rows"] = json!(1 << 24);
    draft.payload.clear();
    draft.header["arrays"] = json!([{"name": "label", "dtype": "bit", "shape": [1 << 24],
                                     "offset": 0, "bytes": 1 << 21}]);
    draft.payload.resize(1 << 21, 0);
    draft.header["splits"] = json!({"train": [0, 10], "test": [10, 20]});
    draft.header["kind"] = json!("tabular");
    draft.header["image"] = json!(null);
    let feature = |i: u32| json!({"name": format!("f{i}"), "kind": "numeric", "array": "label"});
    draft.header["features"] = (0..100).map(feature).collect();
    check_file(&draft.raw(), "are too many");
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut draft = Draft::new();
        let offset = draft.header["arrays"][1]["offset"].as_u64().expect("a number") as usize;
        draft.payload[offset..offset + 4].copy_from_slice(&bad.to_le_bytes());
        check_file(&draft.raw(), "number 0 is not finite");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = mtld::decode("any", &bytes);
        let _ = mtld::decode("any", &gzip(&bytes));
        let _ = mtld::decode("any", &raw_file(&bytes, &bytes));
    }

    /// Damage anywhere is either noticed or harmless; nothing panics.
    #[test]
    fn damaged_files_get_an_answer(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        packed in any::<bool>(),
    ) {
        let raw = Draft::new().raw();
        let mut bytes = if packed { gzip(&raw) } else { raw };
        for (at, with) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= with;
        }
        let _ = mtld::decode("damaged", &bytes);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(mtld::decode("cut", &bytes).is_err());
    }

    /// A header whose numbers are anything, under a checksum that fits.
    #[test]
    fn hostile_headers_get_an_answer(
        place in prop::sample::select(&NUMBERS[..]),
        value in prop_oneof![
            any::<i64>().prop_map(|x| json!(x)),
            any::<u64>().prop_map(|x| json!(x)),
            any::<f64>().prop_map(|x| json!(x)),
            (0_u64..40).prop_map(|x| json!(x)),
            Just(json!(null)),
            Just(json!([])),
            Just(json!("text")),
        ],
    ) {
        let mut draft = Draft::new();
        if let Some(slot) = draft.header.pointer_mut(place) {
            *slot = value;
        }
        if let Err(error) = mtld::decode("hostile", &draft.raw()) {
            check_sentence(&error);
        }
    }
}

const NUMBERS: [&str; 18] = [
    "/rows",
    "/version",
    "/splits/train/0",
    "/splits/train/1",
    "/splits/test/1",
    "/arrays/0/shape/0",
    "/arrays/0/shape/1",
    "/arrays/1/shape/1",
    "/arrays/2/offset",
    "/arrays/2/bytes",
    "/arrays/5/offset",
    "/features/1/column",
    "/features/1/std",
    "/features/2/scale",
    "/tasks/1/map/2",
    "/tasks/3/threshold",
    "/tasks/4/column",
    "/image/levels",
];

/// Damage to a shipped file never passes its checksums.
#[test]
fn no_single_flip_of_a_shipped_file_passes() {
    let bytes = std::fs::read(data_folder().join("digits8.mtld.gz")).expect("it ships");
    let sound = mtld::decode("digits8.mtld.gz", &bytes).expect("it is sound");
    for at in (0..bytes.len()).step_by(997) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        // Bytes of gzip's own header, such as its time stamp, change nothing.
        if let Ok(file) = mtld::decode("digits8.mtld.gz", &damaged) {
            assert!(at < 10 && file == sound, "byte {at}");
        }
    }
}

// ----------------------------------------------------------------- batches

#[test]
fn an_epoch_visits_each_row_once() {
    for (rows, batch) in [(1, 1), (2, 1), (3, 1), (5, 2), (64, 8), (100, 7), (1294, 128), (12_000, 256)] {
        let batches = Batches::new(rows, batch, 11);
        assert_eq!(batches.steps_per_epoch(), (rows / batch) as u64);
        for epoch in [0, 1, 1000] {
            let mut seen = vec![false; rows];
            let mut out = vec![0; batch];
            for i in 0..batches.steps_per_epoch() {
                let step = epoch * batches.steps_per_epoch() + i;
                assert_eq!(batches.epoch(step), epoch);
                batches.indices(step, &mut out);
                for &row in &out {
                    assert!(!std::mem::replace(&mut seen[row as usize], true));
                }
            }
            assert_eq!(seen.iter().filter(|&&s| s).count(), rows / batch * batch);
        }
    }
}

#[test]
fn a_batch_of_everything_is_in_order() {
    for batch in [256, 257, usize::MAX] {
        let batches = Batches::new(256, batch, 3);
        assert!(batches.is_full());
        let mut out = vec![9; 256];
        batches.indices(17, &mut out);
        assert!(out.into_iter().eq(0..256));
    }
}

#[test]
fn batches_are_a_function_of_seed_and_step() {
    let at = |seed, step| {
        let mut out = [0; 32];
        Batches::new(1000, 32, seed).indices(step, &mut out);
        out
    };
    assert_eq!(at(1, 500), at(1, 500));
    assert_ne!(at(1, 500), at(2, 500));
    assert_ne!(at(1, 0), at(1, 31));
    assert_ne!(at(1, 0), at(1, 1));
    let other = |number| {
        let mut out = [0; 32];
        Batches::new(1000, 32, 1).other(number).indices(500, &mut out);
        out
    };
    assert_eq!(other(0), at(1, 500));
    assert!(other(1) != other(0) && other(2) != other(0) && other(2) != other(1));
    assert_eq!(Batches::new(0, 0, 0).size(), 1);
    Batches::new(10, 3, 0).indices(u64::MAX, &mut [0; 2]);
}

/// Every row is as likely as any other in every place, also beside any other row.
#[test]
fn orders_are_even() {
    for rows in [2_usize, 3, 4, 5, 7, 16, 17, 100] {
        let batches = Batches::new(rows, 1, 5);
        let epochs = 20_000;
        let mut first = vec![0_u32; rows];
        let mut neighbors = vec![0_u32; rows * rows];
        for epoch in 0..epochs {
            let keys = batches.round_keys(epoch);
            let a = batches.row(&keys, 0) as usize;
            let b = batches.row(&keys, 1) as usize;
            first[a] += 1;
            neighbors[a * rows + b] += 1;
        }
        assert_even(&first, epochs as f64 / rows as f64);
        let pairs: Vec<u32> = (0..rows * rows).filter(|i| i / rows != i % rows).map(|i| neighbors[i]).collect();
        assert_even(&pairs, epochs as f64 / pairs.len() as f64);
    }
}

/// Fails where counts lie further from even than one in ten thousand would.
#[track_caller]
fn assert_even(counts: &[u32], expected: f64) {
    let degrees = (counts.len() as f64 - 1.0).max(1.0);
    let statistic: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    let spread = 2.0 / (9.0 * degrees);
    let limit = degrees * (1.0 - spread + 3.72 * spread.sqrt()).powi(3);
    assert!(statistic < limit, "χ² = {statistic}, limit {limit}, {} cells", counts.len());
}

/// Two epochs' first batches overlap as independent draws would, not more.
#[test]
fn epochs_are_independent() {
    let batches = Batches::new(12_000, 256, 0);
    let (mut a, mut b) = ([0; 256], [0; 256]);
    let mut common = 0;
    for epoch in 0..200 {
        batches.indices(epoch * 46, &mut a);
        batches.indices((epoch + 1) * 46, &mut b);
        a.sort_unstable();
        common += b.iter().filter(|row| a.binary_search(row).is_ok()).count();
    }
    // Expected 200 · 256² / 12 000 = 1 092, standard deviation 33.
    assert!((960..1225).contains(&common), "{common}");
}

// ------------------------------------------------------------------ helpers

fn source(id: &str) -> &'static DataSource {
    data::source(id).expect("the data set exists")
}

fn request<'a>(knobs: &'a [f64], tasks: &'a [usize], files: &'a [MtldFile]) -> BuildRequest<'a> {
    BuildRequest { seed: 1, knobs, tasks, files, label_noise: 0.0, max_rows: None }
}

#[track_caller]
fn build(source: &DataSource, knobs: &[f64], tasks: &[usize], files: &[MtldFile]) -> Dataset {
    match source.build(&request(knobs, tasks, files)) {
        Ok(set) => set,
        Err(error) => panic!("{}: {error}", source.id),
    }
}

fn data_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("www/data")
}

#[track_caller]
fn shipped(name: &str) -> MtldFile {
    let bytes = std::fs::read(data_folder().join(name)).expect("the file ships");
    match mtld::decode(name, &bytes) {
        Ok(file) => file,
        Err(error) => panic!("{error}"),
    }
}

fn files_of(source: &DataSource) -> Vec<MtldFile> {
    source.files.iter().map(|name| shipped(name)).collect()
}

fn values(targets: &Targets) -> &[f32] {
    match targets {
        Targets::Value(values) => values,
        Targets::Class(_) => panic!("values are expected"),
    }
}

/// The share of rows on which two binary tasks agree.
fn agreement(a: &Targets, b: &Targets) -> f64 {
    let (a, b) = (values(a), values(b));
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
    equal as f64 / a.len() as f64
}

/// One or more full sentences, without debris of Rust's debug format.
#[track_caller]
fn check_sentence(error: &DataError) {
    let text = error.to_string();
    assert!(text.starts_with("The ") || text.starts_with("No ") || text.starts_with("Task "), "{text}");
    assert!(text.ends_with('.') && text.matches(". ").count() >= 1, "{text}");
    if let DataError::File { fault, .. } = error {
        assert!(!matches!(fault, Fault::Header(why) if why.is_empty()));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
