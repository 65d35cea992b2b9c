//! The gradient view: frozen gradients as they are drawn, what a pointer can take hold of, and whom updates help.

use paretoscope::balance::Construction;
use paretoscope::config::gradients::GRADIENTS;
use paretoscope::config::{Edit, link};
use paretoscope::measure::arrows::{Arrows, dot, length, length as length_of, plus};
use paretoscope::plots::{Frozen, Ink, Look, Orbit, Picture, Pointer, Scene, Stage, VIEWS, arrows, freeze, plot, svg};
use paretoscope::protocol::{Aggregation, Outline, Pull, Record, RunOutline, TaskOutline};
use paretoscope::train::History;
use proptest::prelude::*;

const NAMES: [&str; 4] = ["PCGrad", "MGDA", "CAGrad", "UPGrad"];
const LINES: [Option<Construction>; 4] = [
    Some(Construction::Projections),
    Some(Construction::Hull),
    Some(Construction::Ball { share: 0.4 }),
    Some(Construction::DualCone),
];

/// One record with these gradients (K, P), and for each run the weights that its method gives.
fn history(rows: &[&[f64]], weights: &[&[f64]]) -> History {
    let k = rows.len();
    let run = |r: usize| RunOutline { id: format!("m-{r}"), label: NAMES[r].to_owned(), ..Default::default() };
    let task = |i: usize| TaskOutline { name: format!("task {}", i + 1), ..Default::default() };
    let mut history = History::new(Outline {
        n_tasks: k,
        steps: 10,
        tasks: (0..k).map(task).collect(),
        runs: (0..weights.len()).map(run).collect(),
        ..Outline::default()
    });
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let gramian: Vec<f64> = rows.iter().flat_map(|a| rows.iter().map(|b| product(a, b)).collect::<Vec<_>>()).collect();
    for (run, w) in history.runs.iter_mut().zip(weights) {
        let along: Vec<f64> = (0..k).map(|i| product(&gramian[i * k..(i + 1) * k], w)).collect();
        let direction_length = product(&along, w).max(0.0).sqrt();
        let pull = Pull { gramian: gramian.clone(), along_direction: along, direction_length, ..Pull::default() };
        let compared = weights.iter().map(|w| w.to_vec()).collect();
        let record = Record { losses: vec![1.0; k], pull: Some(pull), compared, ..Record::default() };
        run.records.push(record);
    }
    history
}

fn scene<'a>(history: &'a History, look: Look<'a>) -> Scene<'a> {
    Scene { look, ..Scene::of(history) }
}

fn draw(scene: &Scene, width: f64, height: f64) -> Picture {
    let picture = (plot("gradients").expect("registered").draw)(scene, &Stage::new(width, height, &Ink::LIGHT));
    assert!(picture.is_finite());
    picture
}

fn answer(direction: &[f64]) -> Aggregation {
    Aggregation { weights: vec![0.5; direction.len()], direction: direction.to_vec(), ..Default::default() }
}

#[track_caller]
fn check_svg(name: &str, scene: &Scene, dark: bool, width: f64, height: f64) {
    let entry = plot("gradients").expect("registered");
    let ink = Ink::of(dark);
    let picture = (entry.draw)(scene, &Stage::new(width, height, ink));
    assert!(picture.is_finite(), "{name}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, svg(&picture, ink.bg, &(entry.summary)(scene))));
}

const HALVES: [f64; 2] = [0.5, 0.5];
const PAIR: [f64; 4] = [1.0, 0.2, -0.8, 0.9];
const TRIO: [f64; 9] = [1.0, 0.3, 0.1, -0.6, 0.9, 0.2, -0.1, -0.3, 1.1];

#[test]
fn frozen_gradients_with_their_lines() {
    let none = history(&[&[1.0, 0.0], &[0.0, 1.0]], &[&HALVES[..]; 4]);
    let mut answers = vec![answer(&[0.6, 1.2]), answer(&[0.12, 0.53]), answer(&[0.3, 0.75]), answer(&[0.3, 0.6])];
    answers[1].weights.clear();
    answers[3] = Aggregation { refusal: "it needs labels.".into(), ..Default::default() };
    let frozen = Some(Frozen { rows: &PAIR, answers: &answers });
    let look = Look { frozen, constructions: &LINES, chosen: Some(0), ..Look::default() };
    for (name, dark, width) in [("light-620", false, 620.0), ("dark-360", true, 360.0)] {
        check_svg(&format!("plot-gradients-frozen-{name}"), &scene(&none, look), dark, width, 460.0);
    }
    let running = history(&[&[1.0, 0.2], &[-0.8, 0.9]], &[&[1.0, 1.0], &[0.5, 0.5], &[0.6, 0.7], &[0.9, 0.6]]);
    let look = Look { constructions: &LINES, ..Look::default() };
    check_svg("plot-gradients-lines-light-620", &scene(&running, look), false, 620.0, 460.0);
}

#[test]
fn three_gradients_in_space() {
    let rows: Vec<&[f64]> = TRIO.chunks_exact(3).collect();
    let running = history(&rows, &[&[1.0, 1.0, 1.0], &[0.3, 0.4, 0.3], &[0.2, 0.6, 0.2]]);
    check_svg("plot-gradients-space-light-620", &scene(&running, Look::default()), false, 620.0, 520.0);
    check_svg("plot-gradients-space-dark-360", &scene(&running, Look::default()), true, 360.0, 420.0);
    let answers = vec![answer(&[0.3, 0.9, 1.4]), answer(&[0.2, 0.4, 0.5]), answer(&[-0.1, 0.5, 0.9])];
    let frozen = Some(Frozen { rows: &TRIO, answers: &answers });
    let look = Look { frozen, constructions: &LINES[..3], ..Look::default() };
    check_svg("plot-gradients-space-frozen-620", &scene(&running, look), false, 620.0, 520.0);
}

#[test]
fn a_frozen_step_is_the_same_picture() {
    for rows in [vec![&PAIR[..2], &PAIR[2..]], TRIO.chunks_exact(3).collect::<Vec<_>>()] {
        let k = rows.len();
        let running = history(&rows, &[&[0.5; 3][..k]]);
        let before = arrows(&scene(&running, Look::default()));
        let held = freeze(&scene(&running, Look::default())).expect("two or three gradients");
        let frozen = Some(Frozen { rows: &held, answers: &[] });
        let after = arrows(&scene(&running, Look { frozen, ..Look::default() }));
        assert_eq!(after.len(), k);
        for (a, b) in before.iter().zip(&after) {
            let off: f64 = (0..3).map(|c| (a.drawn[c] - b.drawn[c]).abs()).fold(0.0, f64::max);
            assert!(off <= 1e-3 * a.length && a.what == b.what, "{a:?} {b:?}");
        }
        // Held gradients are held as they are.
        assert_eq!(freeze(&scene(&running, Look { frozen, ..Look::default() })), Some(held.clone()));
    }
    let four = history(&[&[1.0], &[1.0], &[1.0], &[1.0]], &[&[1.0; 4]]);
    assert_eq!(freeze(&scene(&four, Look::default())), None);
    let huge = history(&[&[1e9, 1.0], &[1e-9, 2e-9]], &[&[1.0, 1.0]]);
    let held = freeze(&scene(&huge, Look::default())).expect("two gradients");
    assert!(held[0].hypot(held[1]) > 0.99e9 && (1.9e-9..2.5e-9).contains(&held[2].hypot(held[3])), "{held:?}");
}

#[test]
fn tips_are_where_the_pointer_finds_them() {
    let none = history(&[&[1.0, 0.0], &[0.0, 1.0]], &[&[0.5, 0.5]]);
    let frozen = Some(Frozen { rows: &PAIR, answers: &[] });
    let look = Look { frozen, ..Look::default() };
    let picture = draw(&scene(&none, look), 620.0, 460.0);
    let grip = picture.grip.expect("frozen arrows can be held");
    let origin = (grip.tips[0].0 - PAIR[0] / grip.unit, grip.tips[0].1 + PAIR[1] / grip.unit);
    let other = (origin.0 + PAIR[2] / grip.unit, origin.1 - PAIR[3] / grip.unit);
    assert!((other.0 - grip.tips[1].0).abs() < 1e-9 && (other.1 - grip.tips[1].1).abs() < 1e-9);
    assert_eq!(grip.at(other.0 + 10.0, other.1 - 10.0), Some(1));
    assert_eq!(grip.at(origin.0, origin.1 + 200.0), None);
    // Moving by px and drawing again moves the tip by as many px: the scale is held.
    let moved = grip.moved(30.0, 12.0);
    let rows = [PAIR[0] + moved[0], PAIR[1] + moved[1], PAIR[2], PAIR[3]];
    let look = Look { frozen: Some(Frozen { rows: &rows, answers: &[] }), extent: Some(grip.extent), ..look };
    let again = draw(&scene(&none, look), 620.0, 460.0).grip.expect("still held");
    assert!((again.tips[0].0 - grip.tips[0].0 - 30.0).abs() < 1e-9);
    assert!((again.tips[0].1 - grip.tips[0].1 - 12.0).abs() < 1e-9);
    assert!(draw(&scene(&none, Look::default()), 620.0, 460.0).grip.is_none());
}

#[test]
fn space_turns_and_tips_move_in_the_plane_of_the_screen() {
    let rows: Vec<&[f64]> = TRIO.chunks_exact(3).collect();
    let none = history(&rows, &[&[1.0; 3]]);
    for orbit in VIEWS.map(|(_, orbit)| orbit).into_iter().chain([Orbit::default(), Orbit::default().turned(2.0, -3.0)])
    {
        let [right, up, toward] = orbit.axes();
        for (a, b) in [(right, up), (up, toward), (toward, right)] {
            assert!(dot(a, b).abs() < 1e-12 && (length(a) - 1.0).abs() < 1e-12);
        }
        let look = Look { frozen: Some(Frozen { rows: &TRIO, answers: &[] }), orbit, ..Look::default() };
        let picture = draw(&scene(&none, look), 620.0, 520.0);
        assert!(picture.turn.is_some());
        let grip = picture.grip.expect("held");
        let moved = grip.moved(5.0, 0.0);
        assert!((length(moved) - 5.0 * grip.unit).abs() < 1e-12 && dot(moved, toward).abs() < 1e-12);
    }
    let [front, top, side] = VIEWS.map(|(_, orbit)| orbit.axes());
    let near = |a: [f64; 3], b: [f64; 3]| (0..3).all(|c| (a[c] - b[c]).abs() < 1e-12);
    assert!(near(front[0], [1.0, 0.0, 0.0]) && near(front[1], [0.0, 1.0, 0.0]));
    assert!(near(top[2], [0.0, 1.0, 0.0]) && near(side[2], [1.0, 0.0, 0.0]));
}

#[test]
fn the_table_says_who_helps_whom() {
    let none = history(&[&[1.0, 0.0], &[0.0, 1.0]], &[&HALVES[..]; 2]);
    let answers = [answer(&[1.0, 0.2]), answer(&[0.0, 0.0])];
    let frozen = Some(Frozen { rows: &PAIR, answers: &answers });
    let scene = scene(&none, Look { frozen, ..Look::default() });
    let table = (plot("gradients").expect("registered").table)(&scene);
    assert_eq!(table.rows.len(), 3);
    assert_eq!(table.rows[2][0], "update of PCGrad");
    assert!(table.rows[2][2].starts_with("helps 1.00") && table.rows[2][3].starts_with("hurts −0.5"), "{table:?}");
    let words: Vec<String> = draw(&scene, 620.0, 460.0).texts().map(|text| text.words.clone()).collect();
    assert!(words.join(" ").contains("MGDA rests: its d is next to nothing beside the gradients."), "{words:?}");
}

#[test]
fn gradients_to_begin_with_are_what_they_are_called() {
    let dot = |rows: &[f64], i: usize, j: usize| {
        let k = if rows.len() == 4 { 2 } else { 3 };
        (0..k).map(|c| rows[i * k + c] * rows[j * k + c]).sum::<f64>()
    };
    for (tasks, link) in [(2, "#v=1&p=two-sines"), (3, "#v=1&p=penguins")] {
        let config = link::parse(link).expect("a preset's link is valid").config;
        for (at, preset) in GRADIENTS.iter().enumerate() {
            assert!(GRADIENTS[..at].iter().all(|other| other.id != preset.id && other.label != preset.label));
            let rows = preset.rows(tasks).expect("two or three tasks");
            let held = config.apply(&Edit::Gradients(Some(rows.to_vec()))).expect("a preset is valid");
            assert_eq!(held.view.gradients.as_deref(), Some(rows), "{}", preset.id);
            let length = |i: usize| dot(rows, i, i).sqrt();
            let (first, last) = (length(0), length(tasks - 1));
            match preset.id {
                "orthogonal" => assert!((0..tasks).all(|i| (0..i).all(|j| dot(rows, i, j) == 0.0))),
                "opposed" => assert!(dot(rows, 0, 1) == -first * length(1)),
                "huge" => assert!(last == 10.0 * first),
                "tiny" => assert!((last - 0.1 * first).abs() < 1e-12),
                "fan" => assert!((0..tasks).all(|i| (0..i).all(|j| (dot(rows, i, j) + 0.5).abs() < 1e-3))),
                "dependent" => {
                    let arrows = Arrows::of_rows(rows, tasks).expect("finite rows");
                    assert!(arrows.cone().edges.len() != tasks || tasks == 2, "its cone is not a full one");
                    let [a, b] = [arrows.gradient(0), arrows.gradient(1)];
                    let rest =
                        if tasks == 2 { plus(b, -2.0, a) } else { plus(plus(arrows.gradient(2), -1.0, a), -1.0, b) };
                    assert!(length_of(rest) < 1e-12, "{rest:?}");
                }
                other => panic!("nothing is known of {other}"),
            }
        }
    }
}

proptest! {
    #[test]
    fn no_frozen_gradients_break_a_picture(
        rows in proptest::collection::vec(prop_oneof![
            Just(0.0), -1.0..1.0_f64, Just(1e12), Just(-1e12), Just(1e-300), Just(1.0), Just(-1.0),
        ], 9),
        directions in proptest::collection::vec(prop_oneof![Just(0.0), -1e3..1e3_f64, Just(1e300), Just(1e-300)], 9),
        three: bool,
        lines: bool,
        azimuth in -7.0..7.0_f64,
        elevation in -2.0..2.0_f64,
        (width, height) in prop::sample::select(vec![(620.0, 460.0), (360.0, 340.0), (40.0, 20.0), (1.0, 1.0)]),
    ) {
        let k = if three { 3 } else { 2 };
        let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let basis: Vec<&[f64]> = units[..k].iter().map(|row| &row[..k]).collect();
        let none = history(&basis, &[&[0.5; 3][..k]; 3]);
        let answers: Vec<Aggregation> = directions.chunks_exact(3).map(|d| answer(&d[..k])).collect();
        let frozen = Some(Frozen { rows: &rows[..k * k], answers: &answers });
        let orbit = Orbit::default().turned(azimuth, elevation);
        let look = Look { frozen, orbit, constructions: if lines { &LINES[..3] } else { &[] }, ..Look::default() };
        let scene = scene(&none, look);
        let picture = draw(&scene, width, height);
        prop_assert!(picture.strokes.len() < 60_000, "{}", picture.strokes.len());
        for arrow in arrows(&scene) {
            // Drawn inside the cone or not: the same as what the table says.
            if let Pointer::Update(_) = arrow.what {
                let gradients = arrows(&scene).into_iter().take(k);
                for (task, gradient) in gradients.enumerate().filter(|(_, gradient)| gradient.length > 0.0) {
                    let cosine = arrow.cosines[task].expect("a cosine");
                    let unit = |v: [f64; 3]| paretoscope::measure::arrows::unit(v);
                    prop_assert!((dot(unit(arrow.drawn), unit(gradient.drawn)) - cosine).abs() < 1e-9);
                }
            }
        }
        let table = (plot("gradients").expect("registered").table)(&scene);
        prop_assert!(table.rows.iter().flatten().all(|cell| !cell.contains("NaN") && !cell.contains("inf")));
    }
}
