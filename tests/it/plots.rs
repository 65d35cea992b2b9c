//! Pictures: snapshots in both inks and two widths, labels that never touch, and histories meant to break them.

use paretoscope::config::{Along, Aspect};
use paretoscope::measure::arrows::{dot, length};
use paretoscope::measure::front::indicators;
use paretoscope::measure::headline::headline;
use paretoscope::plots::{
    Choice, Color, Ink, Inside, Kept, Land, PLOTS, Paint, Picture, Pointer, Rect, Scene, Stage, Stroke, Table, arrows,
    csv, flatness, front_measures, number, plot, spread, svg,
};
use paretoscope::protocol::{
    Answer, Around, Divergence, Evaluation, ExamplePull, Frame, InputOutline, LayerPull, Outline, PredictionBody,
    Probed, ProbedRows, Pull, Record, RunOutline, RunPredictions, Sample, SeedCurves, SeedRecord, SharpnessReading,
    TaskOutline, TaskSharpness,
};
use paretoscope::train::{History, Readings, Reference, RunHistory, Shelved};
use proptest::prelude::*;

use crate::landscape_plots::small_sheet;

/// What a synthetic history is made of.
#[derive(Debug, Clone, Copy)]
struct Shape {
    n_tasks: usize,
    n_runs: usize,
    n_records: usize,
    accuracy: bool,
}

const NAMES: [&str; 4] = ["Sum", "PCGrad", "MGDA", "Nash-MTL"];

/// Smooth losses that split by run; gradients that turn against each other.
fn history(shape: Shape) -> History {
    let Shape { n_tasks: k, n_runs, n_records, accuracy } = shape;
    let steps = 20 * (n_records.max(2) as u32 - 1);
    let task = |i: usize| TaskOutline {
        id: format!("t{i}"),
        name: format!("task {}", i + 1),
        metric: if accuracy { "accuracy" } else { "R²" }.to_owned(),
        classes: if accuracy { (0..10).map(|class| class.to_string()).collect() } else { Vec::new() },
    };
    let run = |r: usize| RunOutline { id: format!("m-{r}"), label: NAMES[r % 4].to_owned(), ..Default::default() };
    let mut history = History::new(Outline {
        n_tasks: k,
        steps,
        tasks: (0..k).map(task).collect(),
        runs: (0..n_runs).map(run).collect(),
        input: InputOutline::Plane { low: -1.0, high: 1.0 },
        ..Outline::default()
    });
    for (r, run) in history.runs.iter_mut().enumerate() {
        for i in 0..n_records {
            let t = i as f64 / n_records as f64;
            let rate = |task: usize| 6.0 * ((r + 2 * task) % 4) as f64 / 3.0 + 0.3;
            let losses: Vec<f64> = (0..k).map(|task| 1.2 * (-rate(task) * t).exp()).collect();
            // Unit gradients in the plane, drifting apart; every task at its own angle and length.
            let angle = |task: usize| task as f64 * (0.8 + 1.3 * t) + 0.2 * r as f64 * t;
            let length = |task: usize| losses[task] / (1.0 + task as f64);
            let gramian: Vec<f64> = (0..k * k)
                .map(|idx| length(idx / k) * length(idx % k) * (angle(idx / k) - angle(idx % k)).cos())
                .collect();
            let weights = |r: usize| -> Vec<f64> {
                let raw: Vec<f64> = (0..k).map(|task| 1.0 + ((r + task) % 3) as f64).collect();
                let sum: f64 = raw.iter().sum();
                raw.iter().map(|w| w / sum).collect()
            };
            let w = weights(r);
            let along: Vec<f64> = (0..k).map(|a| (0..k).map(|b| gramian[a * k + b] * w[b]).sum::<f64>()).collect();
            let square: f64 = along.iter().zip(&w).map(|(a, w)| a * w).sum();
            let pull = Pull {
                along_direction: along.clone(),
                direction_length: square.max(0.0).sqrt(),
                along_step: along.iter().map(|a| -0.01 * a).collect(),
                step_length: 0.02 * square.max(0.0).sqrt(),
                gramian,
            };
            run.records.push(Record {
                step: 20 * i as u32,
                losses: losses.clone(),
                weights: w,
                pull: Some(pull),
                unsettled: false,
                moved_by: Vec::new(),
                compared: (0..n_runs).map(weights).collect(),
                around: (i % 2 == 0).then(|| Around {
                    losses_after: losses
                        .iter()
                        .enumerate()
                        .map(|(k, loss)| loss + 0.01 * (2 * k) as f64 - 0.01)
                        .collect(),
                    curvatures: losses.iter().map(|loss| 40.0 * loss * (1.2 - t)).collect(),
                }),
            });
            let metrics = losses.iter().map(|loss| if accuracy { 0.9 - 0.3 * loss } else { 1.0 - loss }).collect();
            let (step, losses) = (20 * i as u32, losses.clone());
            run.evaluations.push(Evaluation { step, metrics, losses, ..Default::default() });
        }
    }
    for (task, reference) in history.references.iter_mut().enumerate() {
        for i in 0..n_records {
            let loss = 1.2 * (-8.0 * i as f64 / n_records as f64).exp() + 0.001 * task as f64;
            reference.losses.push((20 * i as u32, loss));
            reference.metrics.push((20 * i as u32, if accuracy { 0.92 - 0.3 * loss } else { 1.0 - loss }));
        }
    }
    history
}

fn maps(n_runs: usize, n_tasks: usize) -> Vec<RunPredictions> {
    const SIDE: usize = 6;
    let map = |phase: f32| (0..SIDE * SIDE).map(|i| (i as f32 * 0.4 + phase).sin()).collect::<Vec<f32>>();
    let body = |run: usize| PredictionBody::Maps {
        side: SIDE,
        outputs: (0..n_tasks).map(|task| map(run as f32 + task as f32)).collect(),
        targets: (0..n_tasks).map(|task| map(task as f32)).collect(),
    };
    (0..n_runs).map(|run| RunPredictions { step: 100, body: body(run) }).collect()
}

fn samples(n_runs: usize, n_tasks: usize, side: usize) -> Vec<RunPredictions> {
    let sample = |i: usize| Sample {
        pixels: (0..side * side).map(|p| ((p * (i + 2)) % 7) as f32 / 6.0).collect(),
        answers: (0..n_tasks)
            .map(|task| Answer {
                truth: ((i + task) % 10) as f32,
                predicted: ((i + task + usize::from(i % 3 == 1 && task == 0)) % 10) as f32,
                confidence: 0.5 + 0.05 * (i % 10) as f32,
            })
            .collect(),
    };
    let body = || PredictionBody::Samples((0..12).map(sample).collect());
    (0..n_runs).map(|_| RunPredictions { step: 100, body: body() }).collect()
}

/// Layers whose units turn from agreement to conflict, some of them for one task alone, and rows of both kinds.
fn inside(n_tasks: usize, widths: &[u32], side: usize) -> Probed {
    let k = n_tasks;
    let part = |strength: &dyn Fn(usize) -> f64, angle: f64| -> Vec<f64> {
        let entry = |idx: usize| {
            let (i, j) = (idx / k, idx % k);
            strength(i) * strength(j) * (angle * (i as f64 - j as f64)).cos()
        };
        (0..k * k).map(entry).collect()
    };
    let mut inputs = 2;
    let mut layers = Vec::new();
    for (index, &width) in widths.iter().enumerate() {
        let unit = |unit: usize| {
            let t = unit as f64 / f64::from(width);
            let strength = |task: usize| match unit % 5 {
                0 => f64::from(u32::from(task == 0)),
                1 if unit > 4 => 0.0,
                _ => 0.3 + 0.1 * ((unit + task) % 3) as f64,
            };
            part(&strength, 0.4 + 2.2 * t + 0.2 * index as f64)
        };
        let units: Vec<Vec<f64>> = (0..width as usize).map(unit).collect();
        let gramian = (0..k * k).map(|idx| units.iter().map(|unit| unit[idx]).sum()).collect();
        layers.push(LayerPull { inputs, width, gramian, units });
        inputs = width;
    }
    let answers = |i: usize| {
        let answer = |task: usize| Answer {
            truth: ((i + task) % 2) as f32,
            predicted: ((i + task) % 2 + usize::from(i % 7 == 3)) as f32 % 2.0,
            confidence: 0.8,
        };
        (0..k).map(answer).collect()
    };
    let example = |i: usize| ExamplePull {
        row: (i * 37 % 1000) as u32,
        losses: (0..k).map(|task| 0.1 + 0.07 * ((i + 3 * task) % 9) as f64).collect(),
        gramian: part(&|task| 1.0 + 0.1 * ((i + task) % 4) as f64, 3.1 * (i * 29 % 64) as f64 / 64.0),
        place: Some([(i as f32 * 0.7).sin(), (i as f32 * 1.3).cos()]),
        sample: Sample {
            pixels: (0..side * side).map(|p| ((p * (i + 2)) % 7) as f32 / 6.0).collect(),
            answers: answers(i),
        },
    };
    let examples = (0..64).map(example).collect();
    Probed { run: 0, step: 100, rows: ProbedRows::default(), counted: 128, of: 128, layers, examples }
}

#[test]
fn the_inside_of_a_network_is_drawn() {
    let small = history(SMALL);
    let probed = Ok(inside(2, &[16, 64, 256], 0));
    let show = |name: &str, dark: bool, width: f64, height: f64, history: &History, inside: Inside| {
        check_svg(name, &Scene { inside, ..scene(history, None) }, "layers", dark, width, height);
    };
    let layers = Inside { probed: Some(&probed), layer: Some(1), ..Inside::default() };
    show("plot-layers-stack-light", false, 620.0, 360.0, &small, layers);
    show("plot-layers-stack-dark", true, 620.0, 360.0, &small, layers);
    show("plot-layers-stack-light-narrow", false, 360.0, 400.0, &small, layers);
    show("plot-layers-stack-dark-narrow", true, 360.0, 400.0, &small, layers);
    let rows = Inside { examples: true, worst_first: true, example: Some(37), ..layers };
    show("plot-layers-rows-plane", false, 620.0, 420.0, &small, rows);
    let mut digits = history(Shape { accuracy: true, ..SMALL });
    digits.outline.input = InputOutline::Image { width: 6, height: 6 };
    let pictures = Ok(inside(2, &[3], 6));
    let images = Inside { probed: Some(&pictures), ..rows };
    show("plot-layers-rows-images-light", false, 620.0, 420.0, &digits, images);
    show("plot-layers-rows-images-dark", true, 360.0, 420.0, &digits, images);
    digits.outline.input = InputOutline::Tabular;
    show("plot-layers-rows-table", false, 360.0, 420.0, &digits, Inside { example: None, ..rows });
    let three = history(Shape { n_tasks: 3, ..SMALL });
    let probed = Ok(inside(3, &[4, 4], 0));
    let three_layers = Inside { probed: Some(&probed), ..Inside::default() };
    show("plot-layers-three-tasks", false, 620.0, 360.0, &three, three_layers);
    show("plot-layers-three-tasks-dark-narrow", true, 360.0, 360.0, &three, three_layers);
    show("plot-layers-three-tasks-rows", false, 620.0, 420.0, &three, Inside { examples: true, ..three_layers });
}

#[test]
fn the_gradient_view_stands_at_a_layer() {
    let history = history(SMALL);
    let probed = Ok(inside(2, &[4, 8], 0));
    let gradients = plot("gradients").expect("a registered plot");
    let at = |layer: Option<usize>| {
        let inside = Inside { probed: Some(&probed), layer, ..Inside::default() };
        let scene = Scene { inside, ..scene(&history, None) };
        ((gradients.subtitle)(&scene), (gradients.table)(&scene))
    };
    let (whole, of_all) = at(None);
    assert!(!whole.contains("layer"), "{whole}");
    let (subtitle, of_layer) = at(Some(1));
    assert!(subtitle.contains("layer 2 of 2 only") && subtitle.contains("step 100"), "{subtitle}");
    let layer = &probed.as_ref().expect("a probe").layers[1];
    let cosine = layer.gramian[1] / (layer.gramian[0] * layer.gramian[3]).sqrt();
    assert_eq!(of_layer.rows[0][1], number(layer.gramian[0].sqrt()));
    assert_eq!(of_layer.rows[0][3].replace('−', "-"), format!("{cosine:.2}"));
    // Every run's update is there as before; what the optimizer did to the layer alone is not known.
    let names = |table: &Table| table.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(names(&of_all)[..5], names(&of_layer)[..]);
    assert!(names(&of_all)[5].starts_with("step of"));
    // A layer that is not there, or a probe of another run, changes nothing.
    assert_eq!(at(Some(7)), (whole, of_all));
    check_svg(
        "plot-gradients-layer",
        &Scene {
            inside: Inside { probed: Some(&probed), layer: Some(1), ..Inside::default() },
            ..scene(&history, None)
        },
        "gradients",
        false,
        620.0,
        420.0,
    );
}

#[test]
fn layers_and_rows_are_chosen_where_they_stand() {
    let history = history(SMALL);
    let probed = Ok(inside(2, &[4, 8], 0));
    let layers = plot("layers").expect("a registered plot");
    let inside = Inside { probed: Some(&probed), ..Inside::default() };
    let stage = Stage::new(620.0, 420.0, &Ink::LIGHT);
    let picture = (layers.draw)(&Scene { inside, ..scene(&history, None) }, &stage);
    let (place, _) = picture.choices[1];
    assert_eq!(picture.choice_at(place.left + 5.0, place.top + 5.0), Some(Choice::Layer(1)));
    assert_eq!(picture.choice_at(300.0, 419.0), None);
    let rows = Inside { examples: true, worst_first: true, ..inside };
    let scene = Scene { inside: rows, ..scene(&history, None) };
    let picture = (layers.draw)(&scene, &stage);
    let table = (layers.table)(&scene);
    // The first picture is the worst row, the first of the table.
    let first = picture.choices[64].1;
    assert_eq!(first, Choice::Example(table.rows[0][0].parse().expect("a row")));
    let values: Vec<f64> =
        table.rows[..64].iter().map(|row| row[1].replace('−', "-").parse().expect("a cosine")).collect();
    assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{values:?}");
}

#[test]
fn probes_that_did_not_come_are_explained() {
    let history = history(SMALL);
    let words = |inside: Inside, history: &History| {
        let scene = Scene { inside, ..scene(history, None) };
        (plot("layers").expect("a registered plot").summary)(&scene)
    };
    let refused = Err("There is no training row 9.".to_owned());
    assert_eq!(words(Inside { probed: Some(&refused), ..Inside::default() }, &history), "There is no training row 9.");
    let other = Ok(Probed { run: 2, ..inside(2, &[4], 0) });
    assert!(words(Inside { probed: Some(&other), ..Inside::default() }, &history).contains("appear here"));
    let mut diverged = history.clone();
    diverged.runs[0].diverged = Some(Divergence { step: 80, cause: String::new() });
    let known = Ok(inside(2, &[4], 0));
    assert!(words(Inside { probed: Some(&known), ..Inside::default() }, &diverged).contains("diverged at step 80"));
}

fn scene<'a>(history: &'a History, predictions: Option<&'a [RunPredictions]>) -> Scene<'a> {
    Scene { predictions, step: 100, ..Scene::of(history) }
}

const SMALL: Shape = Shape { n_tasks: 2, n_runs: 3, n_records: 9, accuracy: false };

/// Compares an SVG with its file in `snapshots/`.
#[track_caller]
fn check_svg(name: &str, scene: &Scene, plot_id: &str, dark: bool, width: f64, height: f64) {
    let entry = plot(plot_id).expect("a registered plot");
    let ink = Ink::of(dark);
    let picture = (entry.draw)(scene, &Stage::new(width, height, ink));
    assert!(picture.is_finite(), "{name}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, svg(&picture, ink.bg, &(entry.summary)(scene))));
}

#[test]
fn every_plot_in_both_inks_and_two_widths() {
    let history = history(SMALL);
    let predictions = maps(3, 2);
    let scene = scene(&history, Some(&predictions));
    let probed = Ok(inside(2, &[4, 4], 0));
    let sheet = small_sheet(3);
    let land = Land { sheet: Some(&sheet), ..Land::default() };
    let scene = Scene { inside: Inside { probed: Some(&probed), ..Inside::default() }, land, ..scene };
    for entry in PLOTS {
        for (dark, width, height) in
            [(false, 620.0, 360.0), (true, 620.0, 360.0), (false, 360.0, 340.0), (true, 360.0, 340.0)]
        {
            let ink = if dark { "dark" } else { "light" };
            check_svg(&format!("plot-{}-{ink}-{width}", entry.id), &scene, entry.id, dark, width, height);
        }
    }
}

/// Curvatures that fall at different rates; the last run's search does not settle at first.
fn readings(n_runs: usize, n_tasks: usize, last: u32) -> Readings {
    let mut readings = Readings::new(n_runs);
    for step in (0..=last).step_by(20) {
        for run in 0..n_runs {
            let task = |task: usize| {
                let t = f64::from(step) / f64::from(last);
                let curvature = 8.0 * (-(0.5 + 1.4 * run as f64 + task as f64) * t).exp();
                TaskSharpness {
                    loss: 1.0,
                    curvature,
                    residual: 0.001 * curvature,
                    settled: run + 1 < n_runs || step > 40,
                    products: 9,
                    rise: 0.01 * curvature.sqrt() - if run == 0 && step == 80 { 1.0 } else { 0.0 },
                }
            };
            let tasks = (0..n_tasks).map(task).collect();
            let (run, of) = (run as u32, 27);
            readings.insert(SharpnessReading { run, step, rho: 0.05, rows: 512, tasks, done: step / 20 + 1, of });
        }
    }
    readings
}

#[test]
fn flatness_over_steps_is_drawn() {
    let history = history(SMALL);
    let readings = readings(3, 2, 160);
    let scene = scene(&history, None);
    let summary = flatness::summary(&scene, &readings);
    for (dark, width, height) in
        [(false, 620.0, 460.0), (true, 620.0, 460.0), (false, 360.0, 448.0), (true, 360.0, 448.0)]
    {
        let ink = Ink::of(dark);
        let picture = flatness::draw(&scene, &readings, &Stage::new(width, height, ink));
        assert!(picture.is_finite());
        let name = format!("plot-flatness-{}-{width}", if dark { "dark" } else { "light" });
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, svg(&picture, ink.bg, &summary)));
    }
    assert!(summary.contains("task 1: flattest is MGDA with") && summary.contains("sharpest Sum with"), "{summary}");
    let table = flatness::table(&Scene { step: 45, ..scene }, &readings);
    assert_eq!(table.rows.len(), 6);
    assert!(table.rows[4][0] == "MGDA" && table.rows[4][3].starts_with("at least "), "{:?}", table.rows);
    // What an axis of powers has no room for is in the data all the same.
    let data = flatness::data(&scene, &readings);
    assert_eq!(data.rows.len(), 9 * 3 * 2);
    assert!(data.rows.iter().any(|row| row[7].starts_with('-')), "the rise below 0 is told");
    assert_eq!(flatness::subtitle(&readings), "first 512 training rows, lower is flatter, 9 of 27 read");
    let none = Readings::new(3);
    assert!(flatness::draw(&scene, &none, &Stage::new(400.0, 300.0, Ink::of(false))).is_finite());
    assert!(flatness::table(&scene, &none).rows.is_empty());
    assert_eq!(flatness::summary(&scene, &none), "No sharpness was read yet.");
    let refused = Readings { refusal: Some("Too large.".to_owned()), ..none };
    assert_eq!(flatness::summary(&scene, &refused), "Too large.");
    let picture = flatness::draw(&scene, &refused, &Stage::new(400.0, 300.0, Ink::of(false)));
    assert!(svg(&picture, Ink::of(false).bg, "").contains("Too large."), "the reason stands in the picture");
}

#[test]
fn hover_divergence_and_ties_are_drawn() {
    let mut split = history(SMALL);
    split.runs[0].diverged = Some(Divergence { step: 89, cause: "too large a step".to_owned() });
    split.runs[0].records[4].losses = vec![1e9, f64::NAN];
    let hovered = Scene { hover: Some(120), ..scene(&split, None) };
    check_svg("plot-losses-diverged-hover", &hovered, "losses", false, 620.0, 360.0);

    let mut tied = history(Shape { n_runs: 4, accuracy: true, ..SMALL });
    let first = tied.runs[0].evaluations.clone();
    for run in &mut tied.runs {
        run.evaluations.clone_from(&first);
    }
    check_svg("plot-metrics-tied", &scene(&tied, None), "metrics", false, 620.0, 360.0);
}

/// Four further seeds around the first: the runs' losses lie a little higher or lower.
fn with_seeds(mut history: History, further: u32) -> History {
    history.outline.seeds = further + 1;
    history.outline.seed_every = 20;
    history.outline.evaluate_every = 20;
    let seeds = (0..further).map(|seed| {
        let factor = 0.3 + 0.3 * f64::from(seed);
        let curves = |run: &RunHistory| SeedCurves {
            losses: run.records.iter().map(|r| (r.step, r.losses.iter().map(|l| factor * l).collect())).collect(),
            metrics: run
                .evaluations
                .iter()
                .map(|e| (e.step, e.metrics.iter().map(|m| m + 0.12 - 0.15 * factor).collect()))
                .collect(),
            diverged: run.diverged.clone(),
            front: Vec::new(),
        };
        let alone = |reference: &Reference| SeedCurves {
            losses: reference.losses.iter().map(|(step, loss)| (*step, vec![factor * loss])).collect(),
            metrics: reference.metrics.iter().map(|(step, metric)| (*step, vec![metric - 0.01 * factor])).collect(),
            diverged: None,
            front: Vec::new(),
        };
        SeedRecord {
            seed: seed + 2,
            runs: history.runs.iter().map(curves).collect(),
            references: history.references.iter().map(alone).collect(),
        }
    });
    let seeds = seeds.collect();
    history.extend(Frame { seeds, finished: true, ..Frame::default() });
    history
}

/// Runs whose steps cost 2, 1 and 3 backward passes and take 4, 2 and 6 ms.
fn with_costs(mut history: History) -> History {
    let strides = [2, 1, 3].into_iter().cycle();
    let last = f64::from(history.outline.steps);
    for ((outline, run), passes) in history.outline.runs.iter_mut().zip(&mut history.runs).zip(strides) {
        outline.backward_passes = passes;
        run.computing_millis = 2.0 * passes as f64 * last;
    }
    history
}

#[test]
fn curves_run_over_steps_gradients_or_milliseconds() {
    let known = with_costs(history(SMALL));
    let over = |along| Scene { along, ..scene(&known, None) };
    check_svg("plot-losses-over-gradients", &over(Along::Gradients), "losses", false, 620.0, 360.0);
    let hovered = Scene { hover: Some(120), ..over(Along::Millis) };
    check_svg("plot-losses-over-ms-hover", &hovered, "losses", true, 620.0, 360.0);
    check_svg("plot-metrics-over-gradients-narrow", &over(Along::Gradients), "metrics", false, 360.0, 380.0);

    // The costliest run goes from end to end; one whose steps cost a third of it ends after a third of the way.
    let losses = plot("losses").expect("losses");
    let stage = Stage::new(620.0, 360.0, &Ink::LIGHT);
    let shown = [false, true, true];
    let ends = |along| {
        let picture = (losses.draw)(&Scene { shown: &shown, ..over(along) }, &stage);
        let place = picture.step_axes[0].place;
        let color = |run: usize| Ink::LIGHT.run(run).mark;
        let far = |run: usize| {
            let of_run = picture.strokes.iter().filter_map(|stroke| match stroke {
                Stroke::Line { points, color: of, .. } if *of == color(run) => {
                    points.iter().map(|p| p.0).reduce(f64::max)
                }
                _ => None,
            });
            (of_run.fold(0.0, f64::max) - place.left) / place.width()
        };
        (far(1), far(2), picture.step_axes[0].last)
    };
    let last = known.outline.steps;
    let (cheap, costly, end) = ends(Along::Steps);
    assert!(cheap > 0.97 && costly > 0.97 && end == last, "{cheap} {costly} {end}");
    for along in [Along::Gradients, Along::Millis] {
        let (cheap, costly, end) = ends(along);
        assert!((cheap - 1.0 / 3.0).abs() < 0.04 && costly > 0.97 && end == last, "{along:?}: {cheap} {costly} {end}");
    }
    // Tables and data say where each run stands.
    let table = (losses.table)(&over(Along::Gradients));
    assert_eq!(table.columns[2], "gradient evaluations");
    let column: Vec<&str> = table.rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(column, ["200", "100", "300", "100"]);
    let data = csv(&(losses.data)(&over(Along::Millis)));
    assert!(data.starts_with("step,run,task,loss,ms\n0,Sum,task 1,1.2,0\n"), "{}", &data[..80]);

    // Before anything was measured there is no such axis.
    let unmeasured = history(SMALL);
    let at = |along| (losses.draw)(&Scene { along, ..scene(&unmeasured, None) }, &stage);
    assert_eq!(at(Along::Millis), at(Along::Steps));
}

#[test]
fn kept_runs_lie_behind_the_present_ones() {
    let known = with_costs(history(SMALL));
    let mut longer = with_costs(history(Shape { n_runs: 2, n_records: 60, ..SMALL }));
    longer.finished = true;
    let shelved = Shelved::of(&longer).expect("finished");
    let kept = [
        Kept { name: "Sum, learning rate .03".into(), run: &shelved.runs[0], like: Some(0) },
        Kept { name: "UPGrad, width 8".into(), run: &shelved.runs[1], like: None },
    ];
    let at = Scene { kept: &kept, ..scene(&known, None) };
    check_svg("plot-losses-kept", &at, "losses", false, 620.0, 360.0);
    let hovered = Scene { hover: Some(60), ..at };
    check_svg("plot-losses-kept-hover", &hovered, "losses", false, 620.0, 360.0);
    check_svg("plot-losses-kept-dark", &Scene { along: Along::Gradients, ..at }, "losses", true, 620.0, 360.0);
    check_svg("plot-metrics-kept", &at, "metrics", false, 620.0, 420.0);
    for id in ["losses", "metrics"] {
        let entry = plot(id).expect("a registered plot");
        let table = (entry.table)(&at);
        let names: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
        assert!(names.ends_with(&["Sum, learning rate .03 (kept)", "UPGrad, width 8 (kept)"]), "{names:?}");
        assert!(csv(&(entry.data)(&at)).contains("\"UPGrad, width 8 (kept)\""));
    }
    // What is drawn over steps alone goes no further for them.
    let cosine = plot("cosine").expect("cosine");
    let stage = Stage::new(620.0, 360.0, &Ink::LIGHT);
    assert_eq!((cosine.draw)(&at, &stage), (cosine.draw)(&scene(&known, None), &stage));
}

#[test]
fn several_seeds_are_medians_with_bands() {
    let five = with_seeds(history(SMALL), 4);
    let mut accuracy = with_seeds(history(Shape { accuracy: true, ..SMALL }), 4);
    for (id, history) in [("losses", &five), ("metrics", &accuracy)] {
        let at = scene(history, None);
        for (dark, width, height) in [(false, 620.0, 360.0), (true, 620.0, 360.0), (false, 360.0, 340.0)] {
            let ink = if dark { "dark" } else { "light" };
            check_svg(&format!("plot-{id}-seeds-{ink}-{width}"), &at, id, dark, width, height);
        }
        let entry = plot(id).expect("a registered plot");
        assert!((entry.subtitle)(&at).contains("median of 5 seeds"), "{}", (entry.subtitle)(&at));
        let alone = plot(id).map(|entry| (entry.subtitle)(&scene(&self::history(SMALL), None)));
        assert!(!alone.expect("a registered plot").contains("seeds"));
        // Every number of the band is in the data, under its name.
        let data = (entry.data)(&at);
        assert!(data.rows.iter().all(|row| row.len() == data.columns.len()));
        let count = |which: &str| data.rows.iter().filter(|row| row.last().is_some_and(|cell| cell == which)).count();
        // Of every task for each run and the single-task networks; Δm once a run.
        let costs = if id == "metrics" { 3 * 9 } else { 0 };
        assert!(
            count("median") == (3 + 1) * 2 * 9 + costs && count("25 %") == count("median"),
            "{id}: {}",
            count("median")
        );
        assert!(count("75 %") == count("median") && count("first seed") >= count("median"));
    }
    // The middle of five losses and the quartiles beside it, by hand: factors 0.3, 0.6, 0.9, 1 and 1.2.
    let at = scene(&five, None);
    let loss = five.runs[0].at(100).expect("a record").losses[0];
    let table = (plot("losses").expect("a registered plot").table)(&at);
    assert_eq!(table.rows[0][2], format!("{} ({} to {})", number(0.9 * loss), number(0.6 * loss), number(loss)));
    // A run that diverged in most seeds has no median, and nothing breaks.
    accuracy.runs[0].diverged = Some(Divergence { step: 80, cause: String::new() });
    let diverged = with_seeds(History { seeds: Vec::new(), bands: Default::default(), ..accuracy }, 4);
    for entry in PLOTS {
        let picture = (entry.draw)(&scene(&diverged, None), &Stage::new(620.0, 360.0, &Ink::LIGHT));
        assert!(picture.is_finite(), "{}", entry.id);
    }
    let table = (plot("losses").expect("a registered plot").table)(&scene(&diverged, None));
    assert_eq!(table.rows[0][2], "diverged");
}

#[test]
fn what_sharing_costs_is_said_with_its_sign() {
    let mut known = history(Shape { accuracy: true, ..SMALL });
    for reference in &mut known.references {
        reference.metrics = vec![(0, 0.5), (100, 0.8)];
    }
    for (run, metrics) in known.runs.iter_mut().zip([[0.72, 0.8], [0.88, 0.8], [0.8, 0.8]]) {
        run.evaluations = vec![Evaluation { step: 100, metrics: metrics.to_vec(), ..Default::default() }];
    }
    let metrics = plot("metrics").expect("a registered plot");
    let last = |history: &History| {
        let table = (metrics.table)(&scene(history, None));
        assert!(table.columns.last().is_some_and(|name| name.contains("above 0 sharing costs, below 0 it helps")));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        table.rows.iter().filter_map(|row| row.last().cloned()).collect::<Vec<_>>()
    };
    // A tenth of one task's accuracy is lost, none of the other's: 5 % on average.
    assert_eq!(last(&known), ["+5.0 %", "−5.0 %", "0.0 %", "–"]);
    let further = |metrics: [f64; 2]| SeedCurves { metrics: vec![(100, metrics.to_vec())], ..Default::default() };
    let alone = SeedCurves { metrics: vec![(100, vec![0.8])], ..Default::default() };
    let record = SeedRecord {
        seed: 2,
        runs: vec![further([0.656, 0.8]), further([0.88, 0.8]), further([0.8, 0.864])],
        references: vec![alone.clone(), alone],
    };
    known.outline.evaluate_every = 100;
    known.extend(Frame { seeds: vec![record], ..Frame::default() });
    assert_eq!(last(&known)[..3], ["+7.0 % (+6.0 to +8.0)", "−5.0 % (−5.0 to −5.0)", "−2.0 % (−3.0 to −1.0)"]);
    let picture = (metrics.draw)(&scene(&known, None), &Stage::new(620.0, 360.0, &Ink::LIGHT));
    let texts: Vec<String> = picture.texts().map(|text| text.words.clone()).collect();
    assert!(texts.iter().any(|words| words.contains("above 0 sharing costs")), "{texts:?}");
    assert!(texts.iter().any(|words| words == "Sum +7.0 % (+6.0 to +8.0)"), "{texts:?}");
    // Without a single-task metric there is nothing to hold against.
    known.references.iter_mut().for_each(|reference| reference.metrics.clear());
    let table = (metrics.table)(&scene(&known, None));
    assert!(!table.columns.iter().any(|name| name.contains("Δm")));
}

/// A percentage would claim that rows were answered rightly.
#[test]
fn areas_under_curves_are_no_percentages() {
    let mut mixed = history(Shape { accuracy: true, ..SMALL });
    mixed.outline.tasks[0].metric = "AUC".to_owned();
    mixed.outline.tasks[1].metric = "balanced accuracy".to_owned();
    let last = mixed.runs[0].evaluations.last_mut().expect("evaluations");
    last.metrics[..2].copy_from_slice(&[0.9317, 0.625]);
    let scene = Scene { step: 20 * 20, ..scene(&mixed, None) };
    let metrics = plot("metrics").expect("a registered plot");
    let table = (metrics.table)(&scene);
    assert_eq!(table.columns[3..5], ["task 1 (AUC)", "task 2 (balanced accuracy)"]);
    assert_eq!(table.rows[0][3..5], ["0.932", "62.5 %"]);
    assert_eq!((metrics.data)(&scene).rows[0][4], "AUC");
    assert_eq!((metrics.subtitle)(&scene), "on the test split");
    let picture = (metrics.draw)(&scene, &Stage::new(620.0, 360.0, &Ink::LIGHT));
    let words: Vec<String> = picture.texts().map(|text| text.words.clone()).collect();
    assert!(words.iter().any(|w| w.contains("task 1, AUC")), "{words:?}");
    assert!(words.iter().any(|w| w.contains("task 2, balanced accuracy")), "{words:?}");
    // All of them areas: none is a share. What sharing costs is a share of something else.
    mixed.references.iter_mut().for_each(|reference| reference.metrics.clear());
    for task in &mut mixed.outline.tasks {
        task.metric = "AUC".to_owned();
    }
    let scene = Scene { step: 20 * 20, ..self::scene(&mixed, None) };
    assert_eq!((metrics.subtitle)(&scene), "test AUC");
    let picture = (metrics.draw)(&scene, &Stage::new(620.0, 360.0, &Ink::LIGHT));
    assert!(picture.texts().all(|text| !text.words.contains('%')));
}

#[test]
fn many_tasks_become_small_multiples_and_a_matrix() {
    let three = history(Shape { n_tasks: 3, n_records: 6, ..SMALL });
    check_svg("plot-gradients-three-tasks", &scene(&three, None), "gradients", false, 620.0, 460.0);
    check_svg("plot-cosine-three-tasks", &scene(&three, None), "cosine", true, 620.0, 460.0);
    let single = history(Shape { n_tasks: 1, n_runs: 6, n_records: 6, accuracy: false });
    check_svg("plot-losses-one-task", &scene(&single, None), "losses", true, 360.0, 240.0);
    let many = history(Shape { n_tasks: 16, n_runs: 2, n_records: 4, accuracy: false });
    check_svg("plot-losses-16-tasks", &scene(&many, None), "losses", false, 620.0, 460.0);
}

/// A file name's word for an aspect.
fn word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Cosine => "lines",
        Aspect::Heat => "heat",
        Aspect::Similarity => "similarity",
        Aspect::Ratio => "ratio",
        Aspect::Curvature => "curvature",
        Aspect::Helped => "helped",
        Aspect::Flatness => "flatness",
    }
}

/// The tasks' lengths grow apart, the first run meets the triad, and the second ends in noise.
fn troubled(n_tasks: usize) -> History {
    let mut history = history(Shape { n_tasks, n_records: 21, ..SMALL });
    history.outline.look_every = 40;
    history.outline.batch_rows = 4;
    history.outline.train_rows = 8;
    for record in &mut history.runs[1].records[15..] {
        let pull = record.pull.as_mut().expect("a Gramian");
        pull.gramian.iter_mut().for_each(|entry| *entry *= 1e-7);
    }
    for record in &mut history.runs[0].records {
        let pull = record.pull.as_mut().expect("a Gramian");
        for (at, entry) in pull.gramian.iter_mut().enumerate() {
            let factor = |task: usize| if task == 1 { 0.2 } else { 1.0 };
            *entry *= factor(at / n_tasks) * factor(at % n_tasks);
        }
        if let Some(around) = &mut record.around {
            around.curvatures.iter_mut().for_each(|curvature| *curvature *= 10.0);
        }
    }
    history
}

#[test]
fn every_aspect_of_conflict_in_both_inks_and_two_widths() {
    let mut history = troubled(2);
    for (r, run) in history.runs.iter_mut().enumerate() {
        for (i, around) in run.records.iter_mut().filter_map(|record| record.around.as_mut()).enumerate() {
            // Now and then a step raises the loss that it lowered before.
            if (i + r) % 4 == 1 {
                around.losses_after[0] += 0.02;
            } else if i > 5 {
                around.losses_after[1] -= 0.02;
            }
        }
    }
    for aspect in Aspect::ALL {
        let scene = Scene { step: 240, aspect, ..scene(&history, None) };
        for (dark, width, height) in
            [(false, 620.0, 360.0), (true, 620.0, 360.0), (false, 360.0, 340.0), (true, 360.0, 340.0)]
        {
            let ink = if dark { "dark" } else { "light" };
            check_svg(&format!("plot-conflict-{}-{ink}-{width}", word(aspect)), &scene, "cosine", dark, width, height);
        }
    }
}

#[test]
fn conflicts_of_many_pairs_are_rows_or_the_worst_of_them() {
    let three = troubled(3);
    let many = troubled(16);
    for aspect in [Aspect::Heat, Aspect::Helped, Aspect::Ratio] {
        let word = word(aspect);
        let scene = |history| Scene { step: 240, hover: Some(120), aspect, ..self::scene(history, None) };
        check_svg(&format!("plot-conflict-{word}-three-tasks"), &scene(&three), "cosine", false, 620.0, 460.0);
        check_svg(&format!("plot-conflict-{word}-16-tasks"), &scene(&many), "cosine", true, 620.0, 460.0);
    }
}

/// Numbers and conditions at the cursor, whatever is drawn.
#[test]
fn the_conflict_table_tells_rates_the_triad_and_what_steps_did() {
    let history = troubled(2);
    let scene = Scene { step: 240, ..scene(&history, None) };
    let table = (plot("cosine").expect("a registered plot").table)(&scene);
    let cell = |row: usize, column: &str| {
        let at = table.columns.iter().position(|name| name.starts_with(column)).expect(column);
        table.rows[row][at].as_str()
    };
    // Run 0 at step 240: angles differ by 0.8 + 1.3·12/21, lengths of the unscaled losses by 0.2 / 2 times the losses.
    let t: f64 = 12.0 / 21.0;
    let cosine = (0.8 + 1.3 * t).cos();
    let ratio = 10.0 * ((-0.3 * t).exp() / (-(6.0 * 2.0 / 3.0 + 0.3) * t).exp());
    assert_eq!(cell(0, "cosine"), format!("{cosine:.2}"));
    assert_eq!(cell(0, "length ratio"), number(ratio));
    assert_eq!(cell(0, "magnitude similarity"), format!("{:.2}", 2.0 / (ratio + 1.0 / ratio)));
    // The angle is obtuse from step 260 on: 0.8 + 1.3·12/21 < π/2 < 0.8 + 1.3·13/21.
    assert_eq!((cell(0, "conflict rate"), cell(0, "conflict (")), ("0 %", "not met"));
    let later = Scene { step: 300, ..scene };
    let table = (plot("cosine").expect("a registered plot").table)(&later);
    let row = |run: usize| &table.rows[3 * run];
    // Steps 260 to 300 of the sixteen recorded.
    assert_eq!(row(0)[2..5], ["−0.16", "19 %", "0"].map(str::to_owned));
    assert_eq!(row(0)[9..12], ["met", "met", "met"].map(str::to_owned));
    assert_eq!(row(1)[4], "1");
    assert_eq!(row(1)[9..11], ["unknown", "unknown"].map(str::to_owned));
    // A look every 40 steps; task 1 fell in all of them, task 2 in none.
    assert_eq!(table.rows[1][13..], ["−0.0100", "100 %", "100 %"].map(str::to_owned));
    assert_eq!(table.rows[2][13..], ["0.0100", "0 %", "0 %"].map(str::to_owned));
}

#[test]
fn images_and_rows_show_wrong_answers() {
    let mut digits = history(Shape { accuracy: true, n_records: 6, ..SMALL });
    digits.outline.input = InputOutline::Image { width: 6, height: 6 };
    let pictures = samples(3, 2, 6);
    check_svg("plot-predictions-images", &scene(&digits, Some(&pictures)), "predictions", false, 400.0, 300.0);
    digits.outline.input = InputOutline::Tabular;
    let rows = samples(3, 2, 0);
    check_svg("plot-predictions-rows", &scene(&digits, Some(&rows)), "predictions", false, 400.0, 300.0);
}

#[test]
fn empty_plots_say_what_will_be_here() {
    let empty = history(Shape { n_records: 0, ..SMALL });
    let scene = scene(&empty, None);
    for entry in PLOTS {
        let picture = (entry.draw)(&scene, &Stage::new(360.0, 240.0, &Ink::LIGHT));
        let words: Vec<&str> = picture.texts().map(|text| text.words.as_str()).collect();
        let words = words.join(" ");
        assert!(words.contains("appears here") || words.contains("appear here"), "{}: {words}", entry.id);
        assert!(!(entry.summary)(&scene).is_empty(), "{}", entry.id);
    }
    for aspect in Aspect::ALL {
        let scene = Scene { aspect, ..scene };
        let picture = (plot("cosine").expect("a registered plot").draw)(&scene, &Stage::new(360.0, 240.0, &Ink::LIGHT));
        assert!(picture.texts().any(|text| text.words.contains("appears here")), "{aspect:?}");
    }
}

#[test]
fn analytic_problems_show_their_front_and_say_what_they_lack() {
    let mut problem = history(SMALL);
    problem.outline.input = InputOutline::Parameters { low: -3.0, high: 3.0 };
    for task in &mut problem.outline.tasks {
        task.metric.clear();
    }
    for run in &mut problem.runs {
        run.evaluations.clear();
    }
    let point = |i: usize| vec![0.01 + 0.0025 * (i * i) as f64, 0.01 + 0.0025 * ((20 - i) * (20 - i)) as f64];
    problem.outline.front = vec![(0..=12).map(point).collect(), (16..=20).map(point).collect()];
    check_svg("plot-front-analytic", &scene(&problem, None), "front", false, 620.0, 360.0);
    let words = |history: &History, id: &str| {
        let picture =
            (plot(id).expect("a registered plot").draw)(&scene(history, None), &Stage::new(360.0, 240.0, &Ink::LIGHT));
        picture.texts().map(|text| text.words.clone()).collect::<Vec<_>>().join(" ")
    };
    assert!(words(&problem, "front").contains("true front"));
    assert!(words(&problem, "metrics").contains("no test set"));
    assert!(words(&problem, "predictions").contains("predicts nothing"));
    assert!(!words(&history(SMALL), "front").contains("true front"));
    for entry in PLOTS {
        assert!(!words(&problem, entry.id).is_empty() && !(entry.summary)(&scene(&problem, None)).is_empty());
    }
    // A log axis has no place for what is below 0.
    let subtitle = |history: &History| (plot("losses").expect("losses").subtitle)(&scene(history, None));
    assert_eq!(subtitle(&problem), "log scale");
    problem.runs[0].records[2].losses[1] = -0.5;
    assert_eq!(subtitle(&problem), "linear scale");
}

#[test]
fn the_registry_is_sound() {
    let ids: Vec<&str> = PLOTS.iter().map(|entry| entry.id).collect();
    assert_eq!(
        ids,
        ["losses", "gradients", "cosine", "weights", "front", "metrics", "predictions", "layers", "landscape"]
    );
    let history = history(SMALL);
    let predictions = maps(3, 2);
    let probed = Ok(inside(2, &[4, 4], 0));
    let inside = Inside { probed: Some(&probed), ..Inside::default() };
    let sheet = small_sheet(3);
    let land = Land { sheet: Some(&sheet), ..Land::default() };
    let scene = Scene { inside, land, ..scene(&history, Some(&predictions)) };
    for entry in PLOTS {
        for table in [(entry.table)(&scene), (entry.data)(&scene)] {
            assert!(!table.rows.is_empty(), "{}", entry.id);
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", entry.id);
        }
        assert!((entry.least_height)(&scene) >= 150.0);
        assert!(!entry.title.is_empty() && !(entry.subtitle)(&scene).is_empty(), "{}", entry.id);
    }
}

#[test]
fn drawn_vectors_have_the_products_of_the_gramian() {
    for n_tasks in [2, 3] {
        let history = history(Shape { n_tasks, ..SMALL });
        let scene = scene(&history, None);
        let drawn = arrows(&scene);
        let record = history.runs[0].pull_at(100).expect("a Gramian");
        let gramian = &record.pull.as_ref().expect("a Gramian").gramian;
        let (gradients, updates) = drawn.split_at(n_tasks);
        for (i, a) in gradients.iter().enumerate() {
            for (j, b) in gradients.iter().enumerate() {
                assert!((dot(a.drawn, b.drawn) - gramian[i * n_tasks + j]).abs() < 1e-9);
            }
        }
        for update in updates {
            // A direction outside the span is drawn by its part inside, and never helps where it is told to hurt.
            let inside = (1.0 - update.outside).sqrt();
            assert!((length(update.drawn) - inside * update.length).abs() < 1e-9 * update.length, "{update:?}");
            for (task, gradient) in gradients.iter().enumerate() {
                let cosine = update.cosines[task].expect("a cosine");
                let product = cosine * gradient.length * update.length;
                assert!((dot(update.drawn, gradient.drawn) - product).abs() < 1e-9, "{update:?}");
            }
            let inside_cone = gradients.iter().all(|gradient| dot(update.drawn, gradient.drawn) >= -1e-12);
            assert_eq!(inside_cone, update.cosines.iter().flatten().all(|cosine| *cosine >= -1e-9), "{update:?}");
        }
        let kinds: Vec<Pointer> = drawn.iter().map(|arrow| arrow.what).collect();
        assert_eq!(kinds.last(), Some(&Pointer::Step(0)));
        // The step is half as long along the gradients as its length would allow: three quarters lie outside.
        assert!((drawn.last().expect("a step").outside - 0.75).abs() < 1e-9);
    }
}

#[test]
fn pointers_find_steps() {
    let history = history(SMALL);
    let scene = scene(&history, None);
    let stage = Stage::new(620.0, 360.0, &Ink::LIGHT);
    let losses = (plot("losses").expect("losses").draw)(&scene, &stage);
    let axis = losses.step_axes[0];
    assert_eq!(losses.step_at(axis.place.left, axis.place.top + 5.0), Some(0));
    assert_eq!(losses.step_at(axis.place.right, axis.place.top + 5.0), Some(160));
    assert_eq!(losses.step_at(619.0, 1.0), None);
    let front = (plot("front").expect("front").draw)(&scene, &stage);
    let (point, step) = front.spots[3];
    assert_eq!(front.step_at(point.0, point.1), Some(step));
}

#[test]
fn tables_become_csv() {
    let cells = |row: [&str; 2]| row.map(str::to_owned).to_vec();
    let table = Table { columns: cells(["run", "loss"]), rows: vec![cells(["a, \"b\"", "−0.5"])] };
    assert_eq!(csv(&table), "run,loss\n\"a, \"\"b\"\"\",-0.5\n");
}

#[track_caller]
fn check_number(value: f64, words: &str) {
    assert_eq!(number(value), words);
}

#[test]
fn numbers_have_three_digits_and_a_true_minus() {
    check_number(0.0, "0");
    check_number(0.322_49, "0.322");
    check_number(0.009_999, "0.0100");
    check_number(-12.345, "−12.3");
    check_number(2190.4, "2190");
    check_number(9.996, "10.0");
    check_number(3.217e-7, "3.22×10⁻⁷");
    check_number(1e12, "1.00×10¹²");
    check_number(f64::NAN, "–");
    check_number(f64::NEG_INFINITY, "–");
}

#[test]
fn inks_keep_their_contrast() {
    for ink in [&Ink::LIGHT, &Ink::DARK] {
        for run in &ink.runs {
            assert!(run.mark.contrast(ink.bg) >= 3.0 && run.text.contrast(ink.bg) >= 4.5);
            assert!(run.text.contrast(ink.sunk) >= 4.5);
        }
        for text in [ink.ink, ink.ink2, ink.ink3, ink.accent, ink.bad] {
            assert!(text.contrast(ink.bg) >= 4.5 && text.contrast(ink.sunk) >= 4.5);
        }
        for value in [-1.0, -0.5, 0.0, 0.5, 1.0] {
            let ground = ink.signed(value, 1.0);
            assert!(ink.on(ground).contrast(ground) >= 4.5, "{value}");
        }
    }
    assert_eq!(Ink::LIGHT.signed(f64::NAN, 1.0), Ink::LIGHT.signed[2]);
    assert_eq!(Color::hex(0x010203).rgb, [1, 2, 3]);
}

#[test]
fn painting_works_with_images_as_rectangles() {
    use plotters::prelude::{IntoDrawingArea, SVGBackend};
    let history = history(SMALL);
    let predictions = maps(3, 2);
    let scene = scene(&history, Some(&predictions));
    let picture = (plot("predictions").expect("predictions").draw)(&scene, &Stage::new(360.0, 300.0, &Ink::LIGHT));
    let mut document = String::new();
    let area = SVGBackend::with_string(&mut document, (720, 600)).into_drawing_area();
    paretoscope::plots::paint(&picture, &area, Paint { images: true, ..Paint::svg(2.0) }).expect("strings take all");
    drop(area);
    assert!(document.matches("<rect").count() > 36);
}

/// The box of every end label right of a panel.
fn end_labels(picture: &Picture) -> Vec<Rect> {
    let right = picture.step_axes.first().map_or(f64::MAX, |axis| axis.place.right);
    let labels = picture.texts().filter(|text| (text.at.0 - right - 8.0).abs() < 0.5);
    labels
        .map(|text| Rect { left: text.at.0, top: text.at.1 - 10.0, right: text.at.0 + 10.0, bottom: text.at.1 + 3.0 })
        .collect()
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    None,
    NanLosses,
    HugeLosses,
    ZeroLosses,
    NegativeLosses,
    BrokenGramians,
    ZeroGramians,
    AllDiverged,
    MissingParts,
}

fn damage(history: &mut History, how: Damage) {
    for (r, run) in history.runs.iter_mut().enumerate() {
        if let Damage::AllDiverged = how {
            run.diverged = Some(Divergence { step: 20 * r as u32 + 1, cause: String::new() });
        }
        for (i, record) in run.records.iter_mut().enumerate() {
            match how {
                Damage::NanLosses => record.losses.fill(if i % 2 == 0 { f64::NAN } else { f64::INFINITY }),
                Damage::HugeLosses => record.losses.fill(10f64.powi(300 - 600 * (i as i32 % 2))),
                Damage::ZeroLosses => record.losses.fill(0.0),
                Damage::NegativeLosses => record.losses.fill(-1e9 + i as f64),
                Damage::BrokenGramians => {
                    if let Some(pull) = &mut record.pull {
                        pull.gramian.fill([f64::NAN, f64::INFINITY, 1e308, -1.0][i % 4]);
                        pull.along_step.clear();
                        pull.direction_length = f64::NAN;
                    }
                }
                Damage::ZeroGramians => {
                    if let Some(pull) = &mut record.pull {
                        pull.gramian.fill(0.0);
                        pull.along_direction.fill(0.0);
                    }
                }
                Damage::MissingParts => {
                    record.pull = record.pull.take().filter(|_| i % 2 == 0);
                    record.losses.truncate(i);
                    record.weights.clear();
                    record.compared.clear();
                }
                Damage::None | Damage::AllDiverged => {}
            }
        }
        if let Damage::NanLosses | Damage::HugeLosses = how {
            for evaluation in &mut run.evaluations {
                evaluation.metrics.fill(if r % 2 == 0 { f64::NAN } else { -1e200 });
            }
        }
    }
}

proptest! {
    #[test]
    fn no_history_breaks_a_picture(
        n_tasks in prop::sample::select(vec![0usize, 1, 2, 3, 5, 16]),
        n_runs in prop::sample::select(vec![0usize, 1, 2, 4, 9]),
        n_records in prop::sample::select(vec![0usize, 1, 2, 40]),
        damaged in prop::sample::select(vec![
            Damage::None, Damage::NanLosses, Damage::HugeLosses, Damage::ZeroLosses, Damage::NegativeLosses,
            Damage::BrokenGramians, Damage::ZeroGramians, Damage::AllDiverged, Damage::MissingParts,
        ]),
        accuracy: bool,
        log_losses: bool,
        hover in prop::option::of(0u32..2000),
        step in 0u32..1000,
        at_run in 0usize..10,
        (aspect, along) in (prop::sample::select(Aspect::ALL.to_vec()), prop::sample::select(Along::ALL.to_vec())),
        (width, height) in prop::sample::select(vec![(620.0, 360.0), (200.0, 160.0), (20.0, 10.0), (1.0, 1.0)]),
        pictured in 0usize..4,
        seen in 0usize..6,
    ) {
        let mut history = history(Shape { n_tasks, n_runs, n_records, accuracy });
        damage(&mut history, damaged);
        history.finished = seen > 2;
        for (run, outline) in history.outline.runs.iter_mut().enumerate() {
            outline.backward_passes = run + pictured;
        }
        let predictions = match pictured {
            0 => None,
            1 => Some(maps(n_runs, n_tasks)),
            2 => Some(samples(n_runs, n_tasks, 6)),
            _ => Some(vec![RunPredictions::default(); n_runs]),
        };
        let mut probe = inside(n_tasks, if seen < 4 { &[3, 300] } else { &[1; 6] }, 6);
        probe.run = (at_run % 2) as u32;
        match seen {
            2 => probe.layers.iter_mut().for_each(|layer| layer.gramian.fill(f64::NAN)),
            3 => probe.examples.iter_mut().for_each(|row| row.gramian.fill(0.0)),
            4 => probe.layers.iter_mut().flat_map(|layer| &mut layer.units).for_each(|unit| unit.fill(1e308)),
            5 => probe.examples.iter_mut().for_each(|row| row.losses.fill(f64::INFINITY)),
            _ => {}
        }
        let shelved = Shelved::of(&history);
        let kept: Vec<Kept> = (shelved.iter().flat_map(|shelved| &shelved.runs))
            .map(|run| Kept { name: format!("{}, kept", run.label), run, like: (pictured > 1).then_some(pictured) })
            .collect();
        let probed = (pictured > 0).then_some(Ok(probe));
        let shown = [true, true, false];
        let scene = Scene {
            history: &history, predictions: predictions.as_deref(), step, hover, shown: &shown, log_losses,
            aspect, at_run, along, kept: &kept,
            inside: Inside { probed: probed.as_ref(), layer: Some(1), examples: seen % 2 == 1, ..Inside::default() },
            ..Scene::of(&history)
        };
        let stage = Stage::new(width, height, &Ink::DARK);
        for entry in PLOTS {
            let picture = (entry.draw)(&scene, &stage);
            prop_assert!(picture.is_finite(), "{} is not finite", entry.id);
            prop_assert!(picture.strokes.len() < 60_000, "{}: {}", entry.id, picture.strokes.len());
            let table = (entry.table)(&scene);
            let all = [(entry.summary)(&scene), (entry.subtitle)(&scene), csv(&table), csv(&(entry.data)(&scene))];
            for words in &all {
                prop_assert!(!words.contains("NaN") && !words.contains("inf"), "{}: {words}", entry.id);
            }
            prop_assert!(table.rows.iter().all(|row| row.len() <= table.columns.len()));
            let _ = picture.step_at(width / 2.0, height / 2.0);
        }
        prop_assert!(!headline(&history, step).contains("NaN"));
    }

    #[test]
    fn labels_are_pushed_apart_in_order(
        wanted in prop::collection::vec(-50.0f64..250.0, 0..12),
        gap in 1.0f64..16.0,
    ) {
        let placed = spread(&wanted, gap, 0.0, 200.0);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
        for pair in order.windows(2) {
            prop_assert!(placed[pair[1]] - placed[pair[0]] >= gap - 1e-9);
        }
        prop_assert!(placed.iter().all(|y| (-1e-9..=200.0 + 1e-9).contains(y)));
        // Labels that are fine stay where they want to be.
        let far = wanted.iter().all(|a| (0.0..=200.0).contains(a))
            && order.windows(2).all(|pair| wanted[pair[1]] - wanted[pair[0]] >= gap);
        if far {
            prop_assert!(wanted.iter().zip(&placed).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn end_labels_never_overlap(
        finals in prop::collection::vec(1e-4f64..2.0, 1..9),
        height in 120.0f64..500.0,
    ) {
        let mut history = history(Shape { n_runs: finals.len(), ..SMALL });
        for (run, last) in history.runs.iter_mut().zip(&finals) {
            run.records.last_mut().expect("records").losses.fill(*last);
        }
        let picture = (plot("losses").expect("losses").draw)(
            &scene(&history, None), &Stage::new(620.0, height, &Ink::LIGHT),
        );
        let boxes = end_labels(&picture);
        prop_assert!(!boxes.is_empty());
        for (i, a) in boxes.iter().enumerate() {
            for b in &boxes[i + 1..] {
                prop_assert!(a.overlap(b) < 1e-6, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn pictures_are_made_of_few_strokes() {
    let history = history(Shape { n_records: 4000, ..SMALL });
    let picture =
        (plot("losses").expect("losses").draw)(&scene(&history, None), &Stage::new(620.0, 360.0, &Ink::LIGHT));
    let points: usize = picture
        .strokes
        .iter()
        .map(|stroke| match stroke {
            Stroke::Line { points, .. } => points.len(),
            _ => 1,
        })
        .sum();
    assert!(points < 30_000, "{points}");
}

#[test]
fn loss_space_measures_what_stands_in_it() {
    let history = history(SMALL);
    let scene = scene(&history, None);
    let entry = plot("front").expect("a registered plot");
    let (table, data) = ((entry.table)(&scene), (entry.data)(&scene));
    let at = |name: &str| table.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}"));
    let together = table.rows.iter().find(|row| row[0] == "all runs together").expect("a row");
    let losses: Vec<Vec<f64>> =
        history.runs.iter().filter_map(|run| Some(run.at(scene.step)?.losses.clone())).collect();
    let worth = indicators(&losses, &[1.0, 1.0], &[]);
    let told = |value: Option<f64>| value.map_or(String::new(), number);
    assert_eq!(together[at("hypervolume to (1, 1)")], told(worth.hypervolume));
    assert_eq!(together[at("spread")], told(worth.spread));
    assert_eq!(together[at("spacing")], told(worth.spacing));
    assert!(worth.spread.is_some() && worth.hypervolume.is_some_and(|volume| volume > 0.0));
    // Where each task would be alone is in the table as in the picture.
    assert!(table.rows.iter().any(|row| row[0] == "each task alone"));
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    let picture = (entry.draw)(&scene, &Stage::new(620.0, 360.0, &Ink::LIGHT));
    let words = |wanted: &str| picture.texts().any(|text| text.words.contains(wanted));
    assert!(words("each task alone") && words("reach of weighted sums"));
    // And in the file all of it in full, beside the losses.
    let measured: Vec<&Vec<String>> = data.rows.iter().filter(|row| !row[4].is_empty()).collect();
    assert!(measured.iter().all(|row| row[0] == scene.step.to_string() && row[2].is_empty() && row[3].is_empty()));
    let volume = measured.iter().find(|row| row[1] == "all runs together" && row[4].starts_with("hypervolume"));
    let volume: f64 = volume.expect("a measure")[5].parse().expect("a number");
    assert!((volume - worth.hypervolume.expect("two losses")).abs() < 1e-12);
    assert!(data.rows.iter().any(|row| row[4].is_empty() && !row[3].is_empty()));
    let (subtitle, summary) = ((entry.subtitle)(&scene), (entry.summary)(&scene));
    assert!(subtitle.starts_with("hypervolume ") && subtitle.ends_with(" to (1, 1)"), "{subtitle}");
    assert!(summary.contains("Spread ") && summary.contains("Each task alone comes to "), "{summary}");
    // The true front gives runs of single points a common reference and shares of it.
    let mut problem = history.clone();
    problem.outline.front = vec![(0..=20).map(|i| vec![f64::from(i) / 20.0, 1.0 - f64::from(i) / 20.0]).collect()];
    let measures = front_measures(&Scene { history: &problem, ..scene });
    assert!(measures.columns.iter().any(|name| name == "hypervolume to (1.1, 1.1)"), "{:?}", measures.columns);
    assert!(measures.columns.iter().any(|name| name.contains("IGD")));
    assert_eq!(measures.rows.last().map(|row| row[0].as_str()), Some("all runs together"));
}
