//! Pictures of learned fronts: snapshots of every kind, and words and tables that say what the picture shows.

use paretoscope::measure::front::{indicators, reference};
use paretoscope::plots::{
    Anchor, Color, Ink, Orbit, Picture, Rect, Scene, Stage, Stroke, Swept, Text, front_headline, front_here,
    front_measures, front_verdict, number, percent, plot, subtitle, summary, svg,
};
use paretoscope::protocol::{
    Divergence, Evaluation, Frame, FrontPoint, InputOutline, Judged, Outline, PredictionBody, Record, RunOutline,
    RunPredictions, SeedCurves, SeedRecord, SweepPortion, SweptRows, TaskOutline,
};
use paretoscope::train::{Fronts, History, Reference, Rows};

/// Losses of a run at shares of the tasks.
type Losses<'f> = &'f dyn Fn(&[f64]) -> Vec<f64>;

const ROWS: SweptRows = SweptRows { validation: 200, of_validation: 200, test: 500, of_test: 2000 };

/// Runs by name; those that learn a front have members.
fn history(k: usize, runs: &[(&str, usize)], analytic: bool) -> History {
    let task = |i: usize| TaskOutline {
        id: format!("t{i}"),
        name: if analytic {
            format!("f{}", ["₁", "₂", "₃", "₄"][i])
        } else {
            ["left digit", "right digit", "parity", "sum"][i].into()
        },
        metric: if analytic { "" } else { "accuracy" }.into(),
        classes: Vec::new(),
    };
    let run = |(label, members): &(&str, usize)| RunOutline {
        label: (*label).into(),
        members: *members,
        mixes: *members > 0,
        ..Default::default()
    };
    let input = if analytic { InputOutline::Parameters { low: 0.0, high: 1.0 } } else { InputOutline::Tabular };
    let mut history = History::new(Outline {
        n_tasks: k,
        steps: 400,
        tasks: (0..k).map(task).collect(),
        runs: runs.iter().map(run).collect(),
        input,
        ..Outline::default()
    });
    for run in &mut history.runs {
        for (step, loss) in [(0, 1.2), (200, 0.5), (400, 0.25)] {
            run.records.push(Record { step, losses: vec![loss; k], ..Record::default() });
        }
    }
    history
}

/// Shares of K tasks in whole tenths, or finer ones of two.
fn lattice(k: usize, n: usize) -> Vec<Vec<f64>> {
    let share = |count: usize| count as f64 / n as f64;
    match k {
        2 => (0..=n).map(|i| vec![share(i), share(n - i)]).collect(),
        3 => (0..=n).flat_map(|i| (0..=n - i).map(move |j| vec![share(i), share(j), share(n - i - j)])).collect(),
        _ => (0..=n)
            .flat_map(|i| (0..=n - i).map(move |j| (i, j)))
            .flat_map(|(i, j)| (0..=n - i - j).map(move |l| vec![share(i), share(j), share(l), share(n - i - j - l)]))
            .collect(),
    }
}

fn point(preference: Vec<f64>, losses: Losses, analytic: bool) -> FrontPoint {
    let judged = |more: f64| {
        let losses: Vec<f64> = losses(&preference).iter().map(|loss| loss + more).collect();
        let metrics = if analytic { Vec::new() } else { losses.iter().map(|loss| 0.98 - 0.4 * loss).collect() };
        Judged { losses, metrics }
    };
    let (validation, test) = if analytic { (judged(0.0), judged(0.0)) } else { (judged(0.02), judged(0.0)) };
    FrontPoint { preference, validation, test }
}

/// What a sweep told: of every run either its front or its only point, and of fronts the point at `here`.
fn fronts(history: &History, n: usize, here: &[f64], losses: &[Losses]) -> Fronts {
    let k = history.outline.n_tasks;
    let analytic = matches!(history.outline.input, InputOutline::Parameters { .. });
    let rows = if analytic { SweptRows::default() } else { ROWS };
    let mut fronts = Fronts::default();
    fronts.expect(1, losses.len());
    let places = |run: usize| if history.outline.runs[run].members > 0 { lattice(k, n) } else { vec![here.to_vec()] };
    let of: usize = (0..losses.len()).map(|run| places(run).len()).sum();
    let mut done = 0;
    for (run, losses) in losses.iter().enumerate() {
        let points: Vec<FrontPoint> = places(run).into_iter().map(|alpha| point(alpha, losses, analytic)).collect();
        done += points.len() as u32;
        let portion = SweepPortion { number: 1, run: run as u32, step: 400, rows, ..SweepPortion::default() };
        if history.outline.runs[run].members > 0 {
            let points = vec![point(here.to_vec(), losses, analytic)];
            fronts.insert(SweepPortion { single: true, points, ..portion.clone() });
        }
        fronts.insert(SweepPortion { done, of: of as u32, points, ..portion });
    }
    fronts
}

fn scene<'a>(history: &'a History, fronts: &'a Fronts, preference: &'a [f64]) -> Scene<'a> {
    Scene { step: 400, fronts: Swept { known: Some(fronts), preference, ..Swept::default() }, ..Scene::of(history) }
}

/// A curve that bends inwards.
fn bent(alpha: &[f64]) -> Vec<f64> {
    alpha.iter().map(|share| 0.05 + 0.6 * (1.0 - share).powi(2)).collect()
}

/// Higher than the other one everywhere, and for the first task it rises where that counts most.
fn worse(alpha: &[f64]) -> Vec<f64> {
    let late = (alpha[0] - 0.8).max(0.0);
    alpha
        .iter()
        .enumerate()
        .map(|(task, share)| 0.12 + 0.6 * (1.0 - share).powf(1.6) + if task == 0 { 1.5 * late } else { 0.0 })
        .collect()
}

fn flat(alpha: &[f64]) -> Vec<f64> {
    alpha.iter().map(|share| 0.011 - 0.002 * share).collect()
}

/// A part of a sphere, a little outside the true front.
fn sphere(alpha: &[f64], radius: f64) -> Vec<f64> {
    let length = alpha.iter().map(|a| (1.0 - a) * (1.0 - a)).sum::<f64>().sqrt();
    alpha.iter().map(|a| radius * (1.0 - a) / length).collect()
}

fn constant(alpha: &[f64]) -> Vec<f64> {
    (0..alpha.len()).map(|task| 0.24 + 0.06 * task as f64).collect()
}

fn drawn(scene: &Scene, ink: &Ink, (width, height): (f64, f64)) -> Picture {
    let picture = (plot("front").expect("a registered plot").draw)(scene, &Stage::new(width, height, ink));
    assert!(picture.is_finite());
    picture
}

const WIDE: (f64, f64) = (900.0, 420.0);
const TILE: (f64, f64) = (460.0, 330.0);
const NARROW: (f64, f64) = (328.0, 300.0);

/// Holds that no words touch or leave the picture.
#[track_caller]
fn check_words(name: &str, picture: &Picture, size: (f64, f64)) {
    let stage = Stage::new(size.0, size.1, &Ink::LIGHT);
    let place = |text: &Text| {
        let wide = (stage.measure)(&text.words, text.size, text.face);
        let before = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => wide / 2.0,
            Anchor::End => wide,
        };
        let left = text.at.0 - before;
        Rect { left, top: text.at.1 - 9.0, right: left + wide, bottom: text.at.1 + 1.0 }
    };
    let level = picture.texts().filter(|text| !text.upwards);
    let boxes: Vec<(Rect, &str)> = level.map(|text| (place(text), text.words.as_str())).collect();
    for (i, (a, first)) in boxes.iter().enumerate() {
        let inside = a.left > -2.0 && a.right < size.0 + 2.0 && a.top > -2.0 && a.bottom < size.1 + 4.0;
        assert!(inside, "{name}: {first} is cut, {a:?}");
        for (b, second) in &boxes[i + 1..] {
            assert!(a.overlap(b) < 8.0, "{name}: {first} and {second} touch");
        }
    }
}

/// Compares an SVG with its file in `snapshots/`.
#[track_caller]
fn check(name: &str, scene: &Scene, dark: bool, size: (f64, f64)) {
    let ink = Ink::of(dark);
    let picture = drawn(scene, ink, size);
    let words = (plot("front").expect("a registered plot").summary)(scene);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("learned-{name}"), svg(&picture, ink.bg, &words)));
    check_words(name, &picture, size);
}

#[test]
fn a_front_of_two_tasks_is_a_curve() {
    let mut history = history(2, &[("PaMaL", 2), ("Sum", 0), ("MGDA", 0)], false);
    history.references = [0.04, 0.05]
        .map(|loss| Reference {
            losses: vec![(400, loss / 3.0)],
            test_losses: vec![(400, loss)],
            metrics: vec![(400, 0.98 - 0.4 * loss)],
        })
        .into();
    let here = [0.3, 0.7];
    let sum = |_: &[f64]| vec![0.2, 0.21];
    let known = fronts(&history, 20, &here, &[&bent, &sum, &constant]);
    let plain = scene(&history, &known, &here);
    check("two-light", &plain, false, WIDE);
    check("two-dark", &plain, true, WIDE);
    check("two-tile-light", &plain, false, TILE);
    check("two-narrow-dark", &plain, true, NARROW);
    let swept = |change: fn(&mut Swept)| {
        let mut scene = scene(&history, &known, &here);
        change(&mut scene.fronts);
        scene
    };
    check("two-metrics", &swept(|fronts| fronts.metrics = true), false, WIDE);
    check("two-validation", &swept(|fronts| fronts.rows = Rows::Validation), false, TILE);
    let hidden = [false, true, true];
    let picture = drawn(&Scene { shown: &hidden, ..plain }, &Ink::LIGHT, TILE);
    assert!(picture.texts().any(|text| text.words.contains("hidden")));
    let alone = [true, false, false];
    check("two-others-hidden", &Scene { shown: &alone, ..plain }, false, TILE);
}

/// Ten evaluations of a run on its way from afar to the losses of [`constant`], or from inside the picture.
fn evaluations(from: [f64; 2]) -> Vec<Evaluation> {
    let losses = |share: f64, more: f64| -> Vec<f64> {
        (0..2).map(|task| more + 0.24 + 0.06 * task as f64 + (from[task] - 0.24) * (1.0 - share).powi(3)).collect()
    };
    let metrics = |losses: &[f64]| losses.iter().map(|loss| 0.98 - 0.4 * loss).collect::<Vec<f64>>();
    (0..10u32)
        .map(|at| {
            let share = f64::from(at) / 10.0;
            let (test, validation) = (losses(share, 0.0), losses(share, 0.02));
            Evaluation {
                step: 40 * at,
                metrics: metrics(&test),
                validation: metrics(&validation),
                losses: test,
                validation_losses: validation,
                ..Evaluation::default()
            }
        })
        .collect()
}

#[test]
fn runs_of_a_single_point_come_along_their_paths() {
    let mut history = history(2, &[("PaMaL", 2), ("Sum", 0), ("PCGrad", 0)], false);
    // The front's run is evaluated too, where the reader stands, and has no path.
    for (run, from) in [(0, [0.5, 0.5]), (1, [1.3, 0.9]), (2, [0.6, 0.3])] {
        history.runs[run].evaluations = evaluations(from);
    }
    let here = [0.3, 0.7];
    let sum = |_: &[f64]| vec![0.2, 0.21];
    let known = fronts(&history, 20, &here, &[&bent, &sum, &constant]);
    let plain = scene(&history, &known, &here);
    check("paths-light", &plain, false, WIDE);
    check("paths-narrow-dark", &plain, true, NARROW);
    let strokes = |scene: &Scene| -> Vec<(Vec<(f64, f64)>, f64)> {
        let picture = drawn(scene, &Ink::LIGHT, WIDE);
        let mark = Ink::LIGHT.run(2).mark;
        let of = |stroke: &Stroke| match stroke {
            Stroke::Line { points, color, .. } if color.rgb == mark.rgb => Some((points.clone(), color.alpha)),
            _ => None,
        };
        picture.strokes.iter().filter_map(of).collect()
    };
    // Ten pieces, each from where the last one ended and stronger than it.
    let pieces = strokes(&plain);
    assert_eq!(pieces.len(), 10);
    for two in pieces.windows(2) {
        assert!(two[0].0[1] == two[1].0[0] && two[0].1 < two[1].1, "{two:?}");
    }
    // A path is told up to the cursor, and no further than its run went.
    let earlier = Scene { step: 100, ..plain };
    let entry = plot("front").expect("a registered plot");
    let of_path = |scene: &Scene, name: &str| -> Vec<String> {
        let rows = (entry.data)(scene).rows.into_iter().filter(|row| row[0] == name);
        rows.map(|row| row[1].clone()).collect()
    };
    assert_eq!(of_path(&earlier, "PCGrad, path"), ["0", "40", "80"]);
    assert_eq!(of_path(&plain, "PCGrad, path").len(), 10);
    assert!(of_path(&plain, "PaMaL, path").is_empty());
    let mut ended = history.clone();
    ended.runs[2].diverged = Some(Divergence { step: 81, cause: String::new() });
    assert_eq!(of_path(&Scene { history: &ended, ..plain }, "PCGrad, path"), ["0", "40", "80"]);
    // The rows that are shown are those of the path.
    let mut other = plain;
    other.fronts.rows = Rows::Validation;
    assert!((entry.summary)(&plain).contains("PCGrad from (0.600, 0.360)"), "{}", (entry.summary)(&plain));
    assert!((entry.summary)(&other).contains("PCGrad from (0.620, 0.380)"), "{}", (entry.summary)(&other));
    assert!((entry.subtitle)(&plain).contains("first 500 of 2000 rows, paths on all"), "{}", (entry.subtitle)(&plain));
    let table = (entry.table)(&plain);
    let start = table.rows.iter().find(|row| row[0] == "PCGrad, path").expect("where it began");
    assert!(start[1] == "0" && start.len() == table.columns.len());
}

#[test]
fn a_true_front_and_two_learners_are_told_apart() {
    let mut history = history(2, &[("PaMaL Sum", 2), ("PaMaL MGDA", 2)], true);
    history.outline.front =
        vec![lattice(2, 40).iter().map(|alpha| bent(alpha).iter().map(|f| f - 0.03).collect()).collect()];
    let here = [0.9, 0.1];
    let known = fronts(&history, 20, &here, &[&bent, &worse]);
    let both = scene(&history, &known, &here);
    check("analytic-light", &both, false, WIDE);
    check("analytic-dark-narrow", &both, true, NARROW);
    // The second front goes the wrong way at its end, the first one does not.
    assert_eq!(front_verdict(&both, 0), "");
    let verdict = front_verdict(&both, 1);
    assert!(verdict.starts_with("From share 0.80 to 1.00 the loss of f₁ rises by 0.2"), "{verdict}");
}

/// Further seeds that lost so much times what the first one lost; 0 is one that diverged.
fn with_seeds(mut history: History, factors: &[f64], n: usize, here: &[f64], losses: &[Losses]) -> History {
    let k = history.outline.n_tasks;
    let analytic = matches!(history.outline.input, InputOutline::Parameters { .. });
    let seeds = factors.iter().enumerate().map(|(at, factor)| {
        let curves = |(run, losses): (usize, &Losses)| {
            let places = if history.outline.runs[run].members > 0 { lattice(k, n) } else { vec![here.to_vec()] };
            // The first task of a later seed loses more still, so that no seed is the middle of both.
            let tilted = |alpha: &[f64]| -> Vec<f64> {
                let all = losses(alpha).into_iter().enumerate();
                all.map(|(task, loss)| factor * loss * if task == 0 { 1.0 + 0.1 * at as f64 } else { 1.0 }).collect()
            };
            let points = places.into_iter().map(|alpha| point(alpha, &tilted, analytic));
            let diverged = (*factor == 0.0).then(|| Divergence { step: 10, cause: String::new() });
            let front = if diverged.is_some() { Vec::new() } else { points.collect() };
            SeedCurves { diverged, front, ..SeedCurves::default() }
        };
        let runs = losses.iter().enumerate().map(curves).collect();
        SeedRecord { seed: at as u32 + 1, runs, references: Vec::new() }
    });
    let seeds = seeds.collect();
    history.extend(Frame { seeds, finished: true, ..Frame::default() });
    history
}

#[test]
fn several_seeds_are_a_band_and_whiskers() {
    let here = [0.3, 0.7];
    let sum = |_: &[f64]| vec![0.3, 0.36];
    let mgda = |_: &[f64]| vec![0.42, 0.2];
    let losses: [Losses; 3] = [&bent, &sum, &mgda];
    let alone = history(2, &[("PaMaL", 2), ("Sum", 0), ("MGDA", 0)], false);
    // Further seeds are told at fewer preferences than the first.
    let history = with_seeds(alone.clone(), &[0.9, 1.1, 1.3, 1.15], 10, &here, &losses);
    let known = fronts(&history, 20, &here, &losses);
    let plain = scene(&history, &known, &here);
    check("seeds-light", &plain, false, WIDE);
    check("seeds-dark", &plain, true, WIDE);
    check("seeds-narrow-dark", &plain, true, NARROW);
    let mut metrics = plain;
    metrics.fronts.metrics = true;
    check("seeds-metrics", &metrics, false, TILE);

    let entry = plot("front").expect("a registered plot");
    assert!(subtitle(entry, &plain).contains(", median of 5 seeds; thin: the first"), "{}", subtitle(entry, &plain));
    // The middle of five at the end of the first task: 0.05 times 0.9, 1, 1.21, 1.495 and 1.56.
    let (table, data) = ((entry.table)(&plain), (entry.data)(&plain));
    let column =
        |name: &str| table.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}"));
    let left = column("left digit loss, test");
    let row = |name: &str, share: &str| {
        let found = table.rows.iter().find(|row| row[0] == name && row[2] == share);
        found.unwrap_or_else(|| panic!("{name} at {share}")).clone()
    };
    let of_seeds = row("PaMaL, median of 5 seeds (quartiles)", &number(1.0));
    let expected = [1.1 * 0.05 * 1.1, 0.05, 1.15 * 0.05 * (1.0 + 0.1 * 3.0)].map(number);
    assert_eq!(of_seeds[left], format!("{} ({} to {})", expected[0], expected[1], expected[2]));
    assert_eq!(of_seeds[column("share of left digit")], number(1.0));
    assert_eq!(row("PaMaL, first seed", &number(1.0))[left], number(0.05));
    let count = |name: &str| data.rows.iter().filter(|row| row[0] == name).count();
    assert_eq!([count("PaMaL, seed 0"), count("PaMaL, seed 3"), count("PaMaL, median")], [21, 11, 11]);
    assert_eq!([count("Sum, seed 4"), count("Sum, 25 %"), count("Sum, 75 %")], [1, 1, 1]);
    assert!(table.rows.iter().chain(&data.rows).all(|row| row.len() == table.columns.len()));
    let words = summary(entry, &plain);
    let both = [0, 1].map(|task| {
        let tilt = |at: usize| if task == 0 { 1.0 + 0.1 * at as f64 } else { 1.0 };
        let mut all = [1.0, 0.9 * tilt(0), 1.1 * tilt(1), 1.3 * tilt(2), 1.15 * tilt(3)];
        all.sort_by(f64::total_cmp);
        let at = |i: usize| number(all[i] * sum(&here)[task]);
        format!("{} ({} to {})", at(2), at(1), at(3))
    });
    let expected = format!(" Sum: left digit {}, right digit {}.", both[0], both[1]);
    assert!(!words.starts_with("Of the first seed") && words.contains("Median of 5 seeds"), "{words}");
    assert!(words.contains(&expected) && words.contains(" PaMaL at 0.30 / 0.70: left digit "), "{words}");

    // A seed that diverged is the worst of all, so of three the upper quartile ends nowhere.
    let history = with_seeds(alone.clone(), &[0.9, 0.0], 10, &here, &losses);
    let ended = scene(&history, &known, &here);
    assert!(drawn(&ended, &Ink::LIGHT, WIDE).is_finite());
    let cells: Vec<String> = (entry.table)(&ended).rows.into_iter().map(|row| row[left].clone()).collect();
    assert!(cells.iter().any(|cell| cell.ends_with("to diverged)")), "{cells:?}");

    // Further seeds are told of their ends alone, and before all of them are there the first is by itself.
    let mut earlier = known.clone();
    earlier.shown.steps.fill(200);
    for (history, known) in [(&history, &earlier), (&alone, &known)] {
        let scene = scene(history, known, &here);
        assert!((entry.table)(&scene).rows.iter().all(|row| !row[0].contains("seed")));
        assert!(!(entry.summary)(&scene).contains("seeds"));
    }
    assert!(summary(entry, &scene(&history, &earlier, &here)).starts_with("Of the first seed."));
}

#[test]
fn a_front_without_a_trade_off_says_so() {
    let history = history(2, &[("PaMaL", 2)], false);
    let here = [0.5, 0.5];
    let known = fronts(&history, 20, &here, &[&flat]);
    let scene = scene(&history, &known, &here);
    check("degenerate", &scene, false, TILE);
    let words = front_verdict(&scene, 0);
    assert!(words.starts_with("No trade-off here: the network is big enough"), "{words}");
    assert_eq!(front_headline(&scene), Some(words));
}

#[test]
fn what_is_not_there_yet_is_said() {
    let history = history(2, &[("PaMaL", 2)], false);
    let words = |fronts: &Fronts| {
        let scene = scene(&history, fronts, &[0.5, 0.5]);
        drawn(&scene, &Ink::LIGHT, WIDE).texts().map(|text| text.words.clone()).collect::<Vec<_>>().join(" ")
    };
    assert!(words(&Fronts::default()).contains("appears here with the first checkpoint"));
    let mut refused = Fronts::default();
    refused.expect(1, 1);
    refused.refusal = Some("No run has a sound checkpoint.".into());
    assert_eq!(words(&refused), "No run has a sound checkpoint.");
    let entry = plot("front").expect("a registered plot");
    let none = Fronts::default();
    let scene = scene(&history, &none, &[0.5, 0.5]);
    assert_eq!((entry.summary)(&scene), "No learned front yet.");
    assert!((entry.table)(&scene).rows.is_empty() && (entry.data)(&scene).rows.is_empty());
    assert!(front_here(&scene, 0).is_empty() && front_headline(&scene).is_none());
}

#[test]
fn three_tasks_are_points_in_space() {
    let mut history = history(3, &[("PaMaL", 3), ("Sum", 0)], true);
    let octant = lattice(3, 12);
    history.outline.front = vec![octant.iter().map(|alpha| sphere(alpha, 1.0)).collect()];
    let here = [0.2, 0.5, 0.3];
    let near = |alpha: &[f64]| sphere(alpha, 1.08 + 0.05 * alpha[0]);
    let sum = |_: &[f64]| vec![0.9, 0.95, 0.8];
    let known = fronts(&history, 10, &here, &[&near, &sum]);
    let plain = scene(&history, &known, &here);
    check("three-light", &plain, false, WIDE);
    check("three-dark", &plain, true, WIDE);
    check("three-tile-light", &plain, false, TILE);
    check("three-narrow-dark", &plain, true, NARROW);
    let mut lines = plain;
    lines.fronts.lines = true;
    check("three-lines-tile", &lines, false, TILE);
    assert!(drawn(&lines, &Ink::LIGHT, TILE).turn.is_none() && drawn(&plain, &Ink::LIGHT, TILE).turn.is_some());
    // Words keep apart from every side.
    for around in 0..12 {
        for over in [-0.3, 0.0, 0.4, 0.9, 1.4, std::f64::consts::FRAC_PI_2] {
            let mut turned = plain;
            turned.look.orbit = Orbit { azimuth: f64::from(around) * 0.55, elevation: over };
            for size in [WIDE, TILE, NARROW] {
                check_words(&format!("{around}, {over}"), &drawn(&turned, &Ink::LIGHT, size), size);
            }
        }
    }
    let mut turned = plain;
    turned.look.orbit = Orbit { azimuth: 3.6, elevation: 0.6 };
    check("three-turned", &turned, false, TILE);
    turned.look.orbit = Orbit { azimuth: 0.0, elevation: std::f64::consts::FRAC_PI_2 };
    check("three-top", &turned, false, TILE);
}

#[test]
fn space_keeps_its_proportions() {
    // A point that is lowest in every loss lies at the corner of the box that all axes leave from.
    let history = history(3, &[("PaMaL", 3)], true);
    let here = [1.0, 0.0, 0.0];
    let ends = |alpha: &[f64]| alpha.to_vec();
    let known = fronts(&history, 1, &here, &[&ends]);
    let mut scene = scene(&history, &known, &here);
    scene.look.orbit = Orbit::FRONT;
    let picture = drawn(&scene, &Ink::LIGHT, TILE);
    let discs = |wanted: Color, least: f64| -> Vec<(f64, f64)> {
        let center = |stroke: &Stroke| match stroke {
            Stroke::Circle { center, radius, color, .. } if *color == wanted && *radius > least => Some(*center),
            _ => None,
        };
        picture.strokes.iter().filter_map(center).collect()
    };
    let (accent, marks) = (discs(Ink::LIGHT.accent, 5.0), discs(Ink::LIGHT.run(0).mark, 2.0));
    // From the front the first loss is to the right and the third one up.
    assert_eq!((accent.len(), marks.len()), (1, 3));
    let right = marks.iter().map(|at| at.0).fold(f64::MIN, f64::max);
    let top = marks.iter().map(|at| at.1).fold(f64::MAX, f64::min);
    let low = marks.iter().map(|at| at.1).fold(f64::MIN, f64::max);
    assert!((accent[0].0 - right).abs() < 1e-9 && (accent[0].1 - low).abs() < 1e-9 && top < low - 50.0);
}

#[test]
fn metrics_in_space_and_four_tasks_are_drawn() {
    let three = history(3, &[("PaMaL", 3), ("COSMOS", 3)], false);
    let here = [0.2, 0.5, 0.3];
    let known = fronts(&three, 8, &here, &[&bent, &worse]);
    let mut metrics = scene(&three, &known, &here);
    metrics.fronts.metrics = true;
    check("three-metrics-dark", &metrics, true, WIDE);
    let four = history(4, &[("PaMaL", 4)], false);
    let here = [0.25; 4];
    let known = fronts(&four, 5, &here, &[&bent]);
    check("four-light", &scene(&four, &known, &here), false, WIDE);
}

#[test]
fn tables_hold_what_is_drawn() {
    let history = history(2, &[("PaMaL", 2), ("Sum", 0)], false);
    let here = [0.3, 0.7];
    let known = fronts(&history, 20, &here, &[&bent, &constant]);
    let scene = scene(&history, &known, &here);
    let entry = plot("front").expect("a registered plot");
    let (table, data) = ((entry.table)(&scene), (entry.data)(&scene));
    // Eleven tenths, where the reader stands, the run of a single point, and what each of the two and both are worth.
    assert_eq!((table.rows.len(), data.rows.len()), (16, 25));
    for row in table.rows.iter().chain(&data.rows) {
        assert_eq!(row.len(), table.columns.len());
    }
    let column =
        |name: &str| table.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(table.rows[0][0], "PaMaL, here");
    assert_eq!(table.rows[0][column("share of left digit")], "0.300");
    assert_eq!(table.rows[0][column("left digit loss, test")], number(bent(&here)[0]));
    assert_eq!(table.rows[0][column("left digit loss, validation")], number(bent(&here)[0] + 0.02));
    assert_eq!(table.rows[0][column("right digit accuracy, test")], number(0.98 - 0.4 * bent(&here)[1]));
    assert_eq!(table.rows[12][0], "Sum");
    // What a front is worth stands in rows of its own, which have no losses.
    let names: Vec<&str> = table.rows[13..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["PaMaL, whole front", "Sum", "all runs together"]);
    let points = |losses: Losses| lattice(2, 20).iter().map(|alpha| losses(alpha)).collect::<Vec<_>>();
    let (front, single) = (points(&bent), vec![constant(&here)]);
    let all = [front.clone(), single.clone()].concat();
    let reference = reference(&[], all.iter().map(Vec::as_slice), 2);
    let volume = table.columns.iter().position(|name| name.starts_with("hypervolume to (0.7")).expect("a column");
    for (row, set) in [(13, &front), (14, &single), (15, &all)] {
        let worth = indicators(set, &reference, &[]);
        let told = |value: Option<f64>| value.map_or(String::new(), number);
        assert_eq!(table.rows[row][volume], told(worth.hypervolume));
        assert_eq!(table.rows[row][column("spread")], told(worth.spread));
        assert_eq!(table.rows[row][column("spacing")], told(worth.spacing));
        assert!(table.rows[row][column("left digit loss, test")].is_empty());
        let full: f64 = data.rows[row + 9][volume].parse().expect("a number");
        assert!((full - worth.hypervolume.expect("two losses")).abs() < 1e-12);
    }
    assert_eq!(front_measures(&scene).rows.len(), 3);
    assert!(!table.columns.iter().any(|name| name.contains("IGD")));
    // Every share of the sweep is in the data, in full.
    let shares: Vec<f64> = data.rows[..21].iter().map(|row| row[2].parse().expect("a share")).collect();
    assert!(shares.iter().enumerate().all(|(i, share)| (share - i as f64 / 20.0).abs() < 1e-12));
    // Of three tasks as well.
    let three = self::history(3, &[("PaMaL", 3)], true);
    let known = fronts(&three, 10, &[0.2, 0.5, 0.3], &[&bent]);
    let scene = self::scene(&three, &known, &[0.2, 0.5, 0.3]);
    assert_eq!((entry.data)(&scene).rows.len(), 67);
    assert_eq!((entry.table)(&scene).rows.len(), 68);
}

#[test]
fn a_true_front_is_what_learned_ones_are_measured_against() {
    let mut history = history(2, &[("PaMaL Sum", 2), ("Sum", 0)], true);
    let truth: Vec<Vec<f64>> = lattice(2, 40).iter().map(|alpha| bent(alpha)).collect();
    history.outline.front = vec![truth.clone()];
    let here = [0.5, 0.5];
    let single = |_: &[f64]| vec![0.3, 5.0];
    let known = fronts(&history, 20, &here, &[&bent, &single]);
    let scene = scene(&history, &known, &here);
    let table = front_measures(&scene);
    let cell = |row: usize, name: &str| {
        let at = table.columns.iter().position(|column| column.contains(name)).unwrap_or_else(|| panic!("{name}"));
        table.rows[row][at].clone()
    };
    // A tenth beyond the true front, although a run stands far behind it, which so is worth nothing.
    assert!(table.columns[1].starts_with("hypervolume to (0.71, 0.71)"), "{:?}", table.columns);
    let reference = [0.71, 0.71];
    let worth = indicators(
        &(0..=20).map(|i| truth[2 * i].clone()).collect::<Vec<_>>(),
        &reference,
        std::slice::from_ref(&truth),
    );
    assert_eq!(cell(0, "share of the true"), number(worth.ratio.expect("a true front")));
    assert_eq!(cell(0, "IGD"), number(worth.igd.expect("a true front")));
    assert_eq!((cell(1, "hypervolume to").as_str(), cell(1, "share of the true").as_str()), ("0", "0"));
    assert_eq!(cell(2, "IGD"), cell(0, "IGD"));
    let entry = plot("front").expect("a registered plot");
    let (subtitle, summary) = ((entry.subtitle)(&scene), (entry.summary)(&scene));
    let share = percent(worth.ratio.expect("a true front"));
    assert!(subtitle.contains(&format!("to (0.71, 0.71), {share} of the true front’s, IGD ")), "{subtitle}");
    assert!(summary.contains(&format!("{share} of the true front’s.")) && summary.contains("(IGD)"), "{summary}");
}

#[test]
fn rounding_has_no_axis_of_its_own() {
    // A plain sum on DTLZ2 leaves a first loss of rounding at every preference.
    let history = history(3, &[("PaMaL Sum", 3)], true);
    let here = [0.2, 0.5, 0.3];
    let rest = |alpha: &[f64]| vec![5e-17 * (1.0 + alpha[0]), alpha[1], alpha[2]];
    let known = fronts(&history, 8, &here, &[&rest]);
    let mut scene = scene(&history, &known, &here);
    for (lines, size) in [(false, WIDE), (false, TILE), (true, TILE)] {
        scene.fronts.lines = lines;
        let picture = drawn(&scene, &Ink::LIGHT, size);
        let tiny = picture.texts().find(|text| text.words.contains('⁻') && !text.words.contains("loss"));
        assert!(tiny.is_none(), "{tiny:?}");
        assert!(picture.texts().any(|text| text.words == "0.5" || text.words == "0.4"));
    }
    let two = self::history(2, &[("PaMaL Sum", 2)], true);
    let rest = |alpha: &[f64]| vec![5e-17 * (1.0 + alpha[0]), alpha[1]];
    let known = fronts(&two, 8, &[0.5, 0.5], &[&rest]);
    let picture = drawn(&self::scene(&two, &known, &[0.5, 0.5]), &Ink::LIGHT, TILE);
    assert!(!picture.texts().any(|text| text.words.contains('⁻')));
}

#[test]
fn points_that_nobody_needs_are_told_from_a_trade_off() {
    let history = history(2, &[("PaMaL", 2)], false);
    // Toward the second task alone the first one gets worse, and the second one no better.
    let one_end = |alpha: &[f64]| vec![0.05 + 0.3 * alpha[1], 0.04];
    let known = fronts(&history, 20, &[0.5, 0.5], &[&one_end]);
    let words = front_verdict(&scene(&history, &known, &[0.5, 0.5]), 0);
    let told = "No trade-off here: the network is big enough for all. At share 1.00 every task has its best; elsewhere \
                losses are only higher.";
    assert_eq!(words, told);
    // One end of a true front is not all of it.
    let mut analytic = self::history(2, &[("PaMaL", 2)], true);
    analytic.outline.front = vec![lattice(2, 10)];
    let end = |_: &[f64]| vec![0.0, 1.0];
    let known = fronts(&analytic, 20, &[0.5, 0.5], &[&end]);
    let words = front_verdict(&scene(&analytic, &known, &[0.5, 0.5]), 0);
    assert!(words.starts_with("Nothing to choose, though the true front has other points."), "{words}");
}

#[test]
fn words_say_where_the_reader_stands() {
    let history = history(2, &[("PaMaL", 2), ("Sum", 0), ("MGDA", 0)], false);
    let here = [0.5, 0.5];
    let high = |_: &[f64]| vec![0.4, 0.4];
    let low = |_: &[f64]| vec![0.1, 0.1];
    let known = fronts(&history, 20, &here, &[&bent, &high, &low]);
    let scene = scene(&history, &known, &here);
    assert_eq!(
        front_here(&scene, 0),
        "Test loss: left digit 0.200, right digit 0.200. Lower on both tasks than here: MGDA. Higher on both tasks than \
         here: Sum."
    );
    let entry = plot("front").expect("a registered plot");
    let subtitle = (entry.subtitle)(&scene);
    assert!(subtitle.starts_with("test losses, first 500 of 2000 rows, hypervolume "), "{subtitle}");
    let summary = (entry.summary)(&scene);
    assert!(summary.contains("Here left digit counts 0.50 and loses 0.200, right digit counts 0.50"), "{summary}");
    assert_eq!(
        front_headline(&scene).as_deref(),
        Some(
            "One training, every trade-off: along PaMaL the losses are left digit 0.0500 to 0.650, right digit 0.0500 to \
             0.650."
        )
    );
    // Elsewhere than what is known nothing is said, and a run that diverged comes first.
    let elsewhere = Scene { fronts: Swept { preference: &[0.4, 0.6], ..scene.fronts }, ..scene };
    assert_eq!(front_here(&elsewhere, 0), "");
    let mut ended = history.clone();
    ended.runs[1].diverged = Some(Divergence { step: 300, cause: String::new() });
    assert_eq!(front_headline(&Scene { history: &ended, ..scene }), None);
}

#[test]
fn losses_of_a_step_are_not_told_as_those_of_a_front() {
    let mut history = history(2, &[("PaMaL", 2), ("Sum", 0)], false);
    history.outline.input = InputOutline::Plane { low: -1.0, high: 1.0 };
    let here = [0.5, 0.5];
    let known = fronts(&history, 10, &here, &[&bent, &constant]);
    let map = |phase: f32| (0..16).map(|i| (i as f32 * 0.4 + phase).sin()).collect::<Vec<f32>>();
    let body =
        || PredictionBody::Maps { side: 4, outputs: vec![map(0.0), map(1.0)], targets: vec![map(0.2), map(1.1)] };
    let predictions = [0, 1].map(|_| RunPredictions { step: 400, body: body() });
    let scene = Scene { predictions: Some(&predictions), ..scene(&history, &known, &here) };
    let entry = plot("predictions").expect("a registered plot");
    let table = (entry.table)(&scene);
    let loss = |row: usize| table.rows[row][3].clone();
    // Batch losses are 0.25 for both; the front's is that of where the reader stands.
    assert_eq!((loss(0), loss(2)), (number(0.2), number(0.25)));
    assert!((entry.summary)(&scene).contains("PaMaL at the preference has loss 0.200 on held-out rows"));
    assert!((entry.subtitle)(&scene).contains("of PaMaL at your preference"));
    let elsewhere = Scene { fronts: Swept { preference: &[0.4, 0.6], ..scene.fronts }, ..scene };
    assert_eq!((entry.table)(&elsewhere).rows[0][3], "–");
    let losses = plot("losses").expect("a registered plot");
    assert_eq!((losses.subtitle)(&scene), "log scale; PaMaL: at the preference each step drew");
    let alone = [false, true];
    assert_eq!((losses.subtitle)(&Scene { shown: &alone, ..scene }), "log scale");
}
