//! Pictures of loss landscapes: snapshots of every plane and height, honest words, and sheets meant to break them.

use paretoscope::config::link;
use paretoscope::landscape::{Grid, HEIGHTS, HeightChoice, HeightUnit, Pull, Sheet, Trails, height};
use paretoscope::plots::{
    Ink, Land, Orbit, Picture, SURFACE_VIEWS, Scene, Stage, Stroke, badge, csv, pareto, plot, subtitle, svg, wind,
};
use paretoscope::problem::{PROBLEMS, Problem};
use paretoscope::protocol::{
    Command, Divergence, Event, InputOutline, MapAnchor, MapAxis, MapPath, MapPlan, MapPlane, MapPoint, MapTruth,
    OffMeasure, Outline, PlanRequest, Record, RunId, RunOutline, SurveyPortion, SurveyWhat, TaskOutline,
};
use paretoscope::session::Session;
use paretoscope::train::History;
use proptest::prelude::*;
use std::rc::Rc;

const NAMES: [&str; 4] = ["Sum", "PCGrad", "MGDA", "Nash-MTL"];

/// What a map shows at a point of the plane: K losses.
type Losses<'f> = &'f dyn Fn([f64; 2]) -> Vec<f64>;

/// A history of as many runs and tasks, with losses that fall over 600 steps.
fn history(n_tasks: usize, n_runs: usize) -> History {
    let task = |i: usize| TaskOutline { id: format!("t{i}"), name: format!("task {}", i + 1), ..Default::default() };
    let run = |r: usize| RunOutline { id: format!("m-{r}"), label: NAMES[r % 4].to_owned(), ..Default::default() };
    let mut history = History::new(Outline {
        n_tasks,
        steps: 600,
        tasks: (0..n_tasks).map(task).collect(),
        runs: (0..n_runs).map(run).collect(),
        input: InputOutline::Plane { low: -1.0, high: 1.0 },
        loss_scales: (0..n_tasks).map(|task| if task == 1 { 0.05 } else { 1.0 }).collect(),
        ..Outline::default()
    });
    for (r, run) in history.runs.iter_mut().enumerate() {
        for step in (0..=600).step_by(20) {
            let loss = |task: usize| (-f64::from(step) / 100.0 * (1.0 + ((r + task) % 3) as f64)).exp() + 0.01;
            run.records.push(Record { step, losses: (0..n_tasks).map(loss).collect(), ..Record::default() });
        }
    }
    history
}

/// Paths from one start into different valleys, farther and farther off the plane.
fn paths(n_runs: usize) -> Vec<MapPath> {
    let ends = [[1.5, -2.6], [0.2, -4.8], [0.4, 4.9], [-10.6, 0.1]];
    let bends = [[0.2, 0.4], [-1.0, 0.6], [-0.5, -0.3], [1.0, -1.5]];
    let path = |run: usize| {
        let (end, bend) = (ends[run % 4], bends[run % 4]);
        let start = [0.9, 0.6];
        let point = |i: u32| {
            let t = 1.0 - (-4.5 * f64::from(i) / 60.0).exp();
            let at = [0, 1].map(|axis| {
                start[axis]
                    + t * (end[axis] - start[axis] + f64::from(run as u32 / 4))
                    + 4.0 * bend[axis] * t * (1.0 - t)
            });
            MapPoint { step: 10 * i, at, off: 3.0 * t * (1.0 + 0.3 * run as f64) }
        };
        MapPath { points: (0..=60).map(point).collect() }
    };
    (0..n_runs).map(path).collect()
}

/// Two valleys for two tasks, and more of that kind.
fn valleys(n_tasks: usize) -> impl Fn([f64; 2]) -> Vec<f64> {
    move |[x, y]| {
        let loss = |task: usize| {
            let (a, b, turn) = [(1.8, -2.8, 0.3), (-9.0, 0.4, -0.1), (0.5, 4.5, 1.2), (-4.0, -4.0, 0.7)][task % 4];
            let (dx, dy) = (x - a, y - b + 0.15 * (x - a) * turn);
            let hill = 0.7 * (-((x + 3.0).powi(2) + (y - 2.0).powi(2)) / 9.0).exp();
            0.05 + 0.02 * dx * dx + 0.06 * dy * dy + hill + 0.02 * ((x - 0.4 * task as f64) * 1.1).sin().powi(2)
        };
        (0..n_tasks).map(loss).collect()
    }
}

fn projected(n_runs: usize) -> MapPlan {
    MapPlan {
        number: 1,
        choice: "pca".into(),
        about: "The plane of the two directions in which the checkpoints of all runs vary most.".into(),
        plane: MapPlane {
            origin: vec![0.0; 42],
            directions: (0..2).map(|axis| (0..42).map(|i| f32::from(u8::from(i == axis))).collect()).collect(),
            spans: vec![[-12.0, 4.0], [-8.0, 8.0]],
        },
        axes: vec![
            MapAxis { label: "axis 1".into(), explained: Some(0.553), unit: None },
            MapAxis { label: "axis 2".into(), explained: Some(0.271), unit: None },
        ],
        paths: paths(n_runs),
        rows: 256,
        of_rows: 256,
        ..MapPlan::default()
    }
}

/// Evaluates the first `n_nodes` nodes of a plan; true losses are `shrunk` ones, the more the farther off.
fn survey(plan: MapPlan, side: u32, what: SurveyWhat, losses: Losses, n_nodes: usize) -> Sheet {
    let n_tasks = losses([0.0, 0.0]).len();
    let grid = Grid::new(side, plan.plane.is_line());
    let mut sheet = Sheet::new(plan.clone(), n_tasks, side, what);
    let mut portion = SurveyPortion { nodes: grid.order(), ..SurveyPortion::default() };
    portion.nodes.truncate(n_nodes);
    let at = |node: &u32| grid.node(&plan.plane.spans, *node);
    portion.losses = portion.nodes.iter().flat_map(|node| losses(at(node))).map(|loss| loss as f32).collect();
    if what == SurveyWhat::Pull {
        portion.pulls = portion.nodes.iter().flat_map(|node| pull(losses, at(node))).collect();
    }
    let points: Vec<[f64; 2]> = plan.paths.iter().flat_map(|path| &path.points).map(|point| point.at).collect();
    portion.points = (0..points.len() as u32).collect();
    portion.point_losses = points.iter().flat_map(|point| losses(*point)).collect();
    sheet.take(&portion);
    for (run, path) in plan.paths.iter().enumerate() {
        let truth = |point: &MapPoint| -> Vec<f64> {
            let shrunk =
                |(task, loss): (usize, f64)| loss * (-point.off * (0.2 + 0.4 * ((run + task) % 3) as f64)).exp();
            losses(point.at).into_iter().enumerate().map(shrunk).collect()
        };
        let losses = path.points.iter().flat_map(truth).collect();
        sheet.learn(&MapTruth { number: 1, run: run as u32, losses, done: 1, of: 1, ..MapTruth::default() });
    }
    sheet
}

/// Gradients in the plane by central differences, as a survey tells them.
fn pull(losses: Losses, [x, y]: [f64; 2]) -> Vec<f32> {
    const H: f64 = 1e-4;
    let along = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| (a - b) / (2.0 * H)).collect() };
    let u = along(losses([x + H, y]), losses([x - H, y]));
    let v = along(losses([x, y + H]), losses([x, y - H]));
    let k = u.len();
    let products = (0..k * k).map(|idx| u[idx / k] * u[idx % k] + v[idx / k] * v[idx % k]);
    let numbers = products.chain(u.iter().copied()).chain(v.iter().copied()).chain(std::iter::repeat_n(0.0, 2 * k));
    numbers.map(|x| x as f32).collect()
}

/// A complete map of two tasks for as many runs as a history has, for tests that walk all plots.
pub(crate) fn small_sheet(n_runs: usize) -> Sheet {
    survey(projected(n_runs), 21, SurveyWhat::Losses, &valleys(2), usize::MAX)
}

fn chosen(id: &str, run: usize) -> HeightChoice {
    HeightChoice { source: height(id).expect("a registered height"), run }
}

fn scene<'a>(history: &'a History, land: Land<'a>) -> Scene<'a> {
    Scene { step: 150, at_run: 2, land, ..Scene::of(history) }
}

fn drawn(scene: &Scene, ink: &Ink, width: f64, height: f64) -> Picture {
    (plot("landscape").expect("a registered plot").draw)(scene, &Stage::new(width, height, ink))
}

fn words_of(picture: &Picture) -> String {
    picture.texts().map(|text| text.words.as_str()).collect::<Vec<_>>().join(" ")
}

/// Compares an SVG with its file in `snapshots/`.
#[track_caller]
fn check(name: &str, scene: &Scene, dark: bool, width: f64, height: f64) {
    let ink = Ink::of(dark);
    let picture = drawn(scene, ink, width, height);
    assert!(picture.is_finite(), "{name}");
    let summary = (plot("landscape").expect("a registered plot").summary)(scene);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("landscape-{name}"), svg(&picture, ink.bg, &summary)));
}

#[test]
fn projected_maps_tell_how_far_they_are_off() {
    let history = history(2, 4);
    let sheet = survey(projected(4), 41, SurveyWhat::Losses, &valleys(2), usize::MAX);
    let land = Land { sheet: Some(&sheet), ..Land::default() };
    let scene = scene(&history, land);
    check("pca-light", &scene, false, 1360.0, 700.0);
    check("pca-dark", &scene, true, 1360.0, 700.0);
    check("pca-tile", &scene, false, 430.0, 290.0);
    check("pca-narrow", &scene, false, 360.0, 770.0);
    check("pca-narrow-dark", &scene, true, 360.0, 770.0);
    let badge = badge(&scene).expect("a badge");
    assert!(!badge.exact);
    let (run, idx, off) = sheet.worst().expect("a worst point");
    assert!(badge.words.starts_with("Two axes hold 82 % of the paths; the loss shown is off by up to "), "{badge:?}");
    assert!(badge.words.contains(&format!("task {}, {} at step {}", off.task + 1, NAMES[run], 10 * idx)), "{badge:?}");
    // The picture says it, too, and what stands at the marker of the run that is read.
    let words = words_of(&drawn(&scene, &Ink::LIGHT, 1360.0, 700.0));
    let near = (sheet.shown(2, 15)[1], sheet.truth(2, 15)[1]);
    let brief = |x: f64| format!("{x:.*}", if x >= 1.0 { 1 } else { 2 });
    assert!(near.0 >= 0.1 && near.1 >= 0.1, "{near:?}");
    assert!(words.contains(&format!("map {}, true {}", brief(near.0), brief(near.1))), "{words}");
    assert!(words.contains("axis 1, 55 %") && words.contains("At the end of each run"), "{words}");
    assert_eq!(
        subtitle(plot("landscape").expect("a registered plot"), &scene).split('.').next(),
        Some("41 × 41 nodes")
    );
}

#[test]
fn the_cross_hair_is_linked_and_told() {
    let history = history(2, 4);
    let sheet = survey(projected(4), 41, SurveyWhat::Losses, &valleys(2), usize::MAX);
    let bare = scene(&history, Land { sheet: Some(&sheet), ..Land::default() });
    let picture = drawn(&bare, &Ink::LIGHT, 1360.0, 700.0);
    assert_eq!(picture.plane_axes.len(), 3);
    for axis in &picture.plane_axes {
        let (x, y) = ((axis.place.left + axis.place.right) / 2.0, axis.place.bottom);
        assert_eq!(picture.plane_at(x, y), Some([-4.0, -8.0]));
    }
    assert_eq!(picture.plane_at(1.0, 1.0), None);
    // A point of a path stands for its step.
    let (at, step) = picture.spots[3];
    assert_eq!(picture.step_at(at.0, at.1), Some(step));
    let with = Scene { land: Land { cursor: Some([-4.1, 2.1]), ..bare.land }, ..bare };
    check("cross-hair", &with, false, 1360.0, 700.0);
    let loss = sheet.losses(
        sheet
            .grid
            .order()
            .into_iter()
            .find(|n| sheet.grid.node(&sheet.plan.plane.spans, *n) == [-4.0, 2.0])
            .expect("a node") as usize,
    );
    let words = words_of(&drawn(&with, &Ink::LIGHT, 1360.0, 700.0));
    for loss in loss.expect("known") {
        assert!(words.contains(&paretoscope::plots::number(f64::from(*loss))), "{loss} in {words}");
    }
    let table = (plot("landscape").expect("a registered plot").table)(&with);
    assert_eq!(table.rows.last().expect("a row")[0], "cross-hair");
}

#[test]
fn what_is_not_known_yet_is_left_open() {
    let history = history(2, 3);
    let coarse = survey(projected(3), 41, SurveyWhat::Losses, &valleys(2), 11 * 11 + 150);
    check("coarse", &scene(&history, Land { sheet: Some(&coarse), ..Land::default() }), false, 620.0, 360.0);
    let begun = survey(projected(3), 41, SurveyWhat::Losses, &valleys(2), 60);
    let scene = scene(&history, Land { sheet: Some(&begun), ..Land::default() });
    check("begun", &scene, true, 620.0, 360.0);
    let words = subtitle(plot("landscape").expect("a registered plot"), &scene);
    assert!(words.starts_with("13 % of 41 × 41 nodes"), "{words}");
}

/// The real toy problem with paths that go down its weighted sum.
fn toy() -> (&'static Problem, Sheet) {
    let problem = PROBLEMS.first().expect("a problem");
    let losses = |at: [f64; 2]| {
        let mut losses = vec![0.0; 2];
        (problem.losses)(&at, &mut losses);
        losses
    };
    let path = |start: [f64; 2], weights: [f64; 2]| {
        let mut at = start;
        let mut points = vec![MapPoint { step: 0, at, off: 0.0 }];
        for step in 1..=600u32 {
            let mut rows = vec![0.0; 4];
            (problem.gradients)(&at, &mut rows);
            let d = [0, 1].map(|axis| weights[0] * rows[axis] + weights[1] * rows[2 + axis]);
            let length = d[0].hypot(d[1]).max(1e-9);
            at = [0, 1].map(|axis| at[axis] - 0.03 * d[axis] / length.max(0.05));
            if step % 10 == 0 {
                points.push(MapPoint { step, at, off: 0.0 });
            }
        }
        MapPath { points }
    };
    let plan = MapPlan {
        exact: true,
        measure: OffMeasure::ShareOfRange,
        about: "The plane of both parameters.".into(),
        plane: MapPlane {
            origin: vec![0.0; 2],
            directions: vec![vec![1.0, 0.0], vec![0.0, 1.0]],
            spans: vec![[-10.0, 10.0]; 2],
        },
        axes: ["x₁", "x₂"].map(|label| MapAxis { label: label.into(), ..MapAxis::default() }).into(),
        paths: vec![
            path([-8.5, 7.5], [0.5, 0.5]),
            path([9.0, 9.0], [0.9, 0.1]),
            path([-7.5, -0.5], [0.1, 0.9]),
            path([9.0, -1.0], [0.6, 0.4]),
        ],
        rows: 0,
        of_rows: 0,
        ..projected(4)
    };
    let mut sheet = survey(plan, 81, SurveyWhat::Pull, &losses, usize::MAX);
    let told: Vec<Vec<f64>> =
        sheet.plan.paths.iter().map(|path| path.points.iter().flat_map(|point| losses(point.at)).collect()).collect();
    for (run, losses) in told.into_iter().enumerate() {
        sheet.learn(&MapTruth { run: run as u32, losses, ..MapTruth::default() });
    }
    (problem, sheet)
}

#[test]
fn exact_maps_say_so_and_show_the_pareto_set() {
    let mut history = history(2, 4);
    history.outline.input = InputOutline::Parameters { low: -10.0, high: 10.0 };
    history.outline.loss_scales = vec![1.0, 1.0];
    let (problem, sheet) = toy();
    let set = problem.front.as_ref().map(|front| pareto(&sheet, front)).unwrap_or_default();
    let land = Land { sheet: Some(&sheet), pareto: &set, cursor: Some([1.0, 6.0]), ..Land::default() };
    let with = scene(&history, land);
    check("exact-light", &with, false, 1100.0, 640.0);
    check("exact-dark", &with, true, 1100.0, 640.0);
    assert_eq!(badge(&with).expect("a badge").words, "Exact: both parameters are drawn, nothing is projected.");
    let words = words_of(&drawn(&with, &Ink::LIGHT, 1100.0, 640.0));
    assert!(words.contains("At the cross-hair") && words.contains("angle of the gradients"), "{words}");
    assert!(!words.contains("true "), "{words}");
    // Every point of the set has no descent for both: it is drawn where the problem says it is.
    for point in set.iter().flatten() {
        let mut rows = vec![0.0; 4];
        (problem.gradients)(point, &mut rows);
        assert!(point.iter().all(|x| x.is_finite()));
    }
    // Nothing of the kind on a projection.
    if let Some(front) = &problem.front {
        assert!(pareto(&small_sheet(2), front).is_empty());
    }
}

/// The preset of the toy as its link draws it: trained, surveyed, and with the paths from all other starts.
fn figure(link: &str, head: u32) -> (History, Sheet, Trails) {
    const ID: RunId = RunId(1);
    let config = link::parse(link).unwrap_or_else(|rejected| panic!("{:?}", rejected.complaints)).config;
    let mut session = Session::new(Rc::new(|| 0.0));
    let mut history = History::default();
    let (mut planned, mut truths, mut portions, mut trails) = (None, Vec::new(), Vec::new(), Trails::default());
    let mut finish = |session: &mut Session| {
        let mut hear = |session: &mut Session| {
            for event in session.drain() {
                match event {
                    Event::Started { outline, .. } => history = History::new(outline),
                    Event::Frame { frame, .. } => history.extend(frame),
                    Event::Planned { plan, .. } => planned = Some(plan.expect("a plane")),
                    Event::Truth { truth, .. } => truths.push(truth),
                    Event::Surveyed { portion, .. } => portions.push(portion.expect("a sound order")),
                    Event::Wandered { portion, .. } => trails.take(portion.expect("two parameters")),
                    _ => {}
                }
            }
        };
        while session.wants_to_advance() {
            pollster::block_on(session.advance());
            session.send_frame();
            hear(session);
            pollster::block_on(session.handle(Command::FrameDrawn));
        }
        hear(session);
        planned.clone()
    };
    pollster::block_on(session.handle(Command::Start { id: ID, link: link.into() }));
    finish(&mut session);
    let request = PlanRequest { number: 1, plane: "auto".into(), step: head, ..Default::default() };
    pollster::block_on(session.handle(Command::Plan { id: ID, request }));
    let plan = finish(&mut session).expect("an answer");
    let mut sheet = Sheet::new(plan, config.n_tasks(), config.view.map.side, SurveyWhat::Losses);
    pollster::block_on(session.handle(Command::Prepare { id: ID, link: link.into() }));
    pollster::block_on(session.handle(Command::Survey { id: ID, order: sheet.order(1, (0, 1)) }));
    pollster::block_on(session.handle(Command::Wander { id: ID, number: 1 }));
    finish(&mut session);
    portions.iter().for_each(|portion| sheet.take(portion));
    truths.iter().for_each(|truth| sheet.learn(truth));
    assert!(sheet.is_complete() && trails.is_complete());
    (history, sheet, trails)
}

#[test]
fn the_toy_of_the_papers_has_paths_from_every_start() {
    let link = "#v=1&p=toy&view=landscape&starts=all&lr=.05&st=700";
    let (history, sheet, trails) = figure(link, 700);
    let problem = PROBLEMS.first().expect("a problem");
    let set = problem.front.as_ref().map(|front| pareto(&sheet, front)).unwrap_or_default();
    let land = Land { sheet: Some(&sheet), pareto: &set, trails: trails.all(), ..Land::default() };
    let scene = Scene { step: 700, land, ..Scene::of(&history) };
    check("starts-light", &scene, false, 1100.0, 640.0);
    check("starts-dark", &scene, true, 1100.0, 640.0);
    check("starts-narrow", &scene, false, 360.0, 770.0);
    let words = words_of(&drawn(&scene, &Ink::LIGHT, 1100.0, 640.0));
    let plot = plot("landscape").expect("a registered plot");
    let (summary, table, data) = ((plot.summary)(&scene), (plot.table)(&scene), (plot.data)(&scene));
    let others: Vec<&str> = problem.starts.iter().map(|start| start.id).filter(|id| *id != "upper-right").collect();
    for start in &others {
        assert!(words.contains(start), "{start} in {words}");
        assert!(summary.contains(&format!("From {start}: Sum ends at (")), "{summary}");
    }
    // A row for every path, each with the distance to the set, which is a number that was told.
    assert_eq!(table.columns.last().expect("columns"), "distance to the Pareto set");
    assert_eq!(table.rows.len(), 5 * problem.starts.len());
    for row in &table.rows {
        assert_eq!(row.len(), table.columns.len());
        assert!(row.last().is_some_and(|told| !told.is_empty()), "{row:?}");
    }
    for trail in trails.all() {
        let name = format!("{} from {}", history.outline.runs[trail.run].label, trail.start);
        let row = table.rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no row for {name}"));
        let to_set = trail.end.and_then(|end| end.to_set).expect("a known set");
        assert_eq!(row.last(), Some(&paretoscope::plots::number(to_set)));
        assert_eq!(row[4], paretoscope::plots::number(trail.points.last().expect("points").losses[0]));
    }
    let start = data.columns.iter().position(|column| column == "start").expect("a column");
    let of = |id: &str| data.rows.iter().filter(|row| row[start] == id).count();
    let points = |id: &str| -> usize {
        trails.all().iter().filter(|trail| trail.start == id).map(|trail| trail.points.len()).sum()
    };
    assert!(others.iter().all(|id| of(id) == 2 * points(id) && points(id) > 500));
    assert!(data.rows.iter().all(|row| row.len() == data.columns.len()));
    // Runs that are not drawn have no paths from elsewhere either, and projections have none at all.
    let hidden = Scene { shown: &[true, false, false, false, false], ..scene };
    assert_eq!((plot.table)(&hidden).rows.len(), problem.starts.len());
    let mut projected = sheet.clone();
    projected.plan.exact = false;
    let land = Land { sheet: Some(&projected), pareto: &[], ..land };
    assert_eq!((plot.table)(&Scene { land, ..scene }).rows.len(), 5);
}

#[test]
fn other_heights_have_pictures_of_their_own() {
    let three = history(3, 3);
    let sheet = survey(projected(3), 81, SurveyWhat::Pull, &valleys(3), usize::MAX);
    let land = |id: &str| Land { sheet: Some(&sheet), height: chosen(id, 0), ..Land::default() };
    check("conflict", &scene(&three, land("conflict")), false, 620.0, 460.0);
    check("conflict-dark", &scene(&three, land("conflict")), true, 620.0, 460.0);
    check("worst", &scene(&three, land("worst")), false, 620.0, 460.0);
    check("dominant-dark", &scene(&three, land("dominant")), true, 620.0, 460.0);
    check("sum", &scene(&three, land("sum")), false, 1360.0, 700.0);
    let gusts =
        wind(&sheet, |_, pull| Some([0, 1].map(|axis| -(0..3).map(|task| pull.shared(axis, task)).sum::<f64>())));
    assert_eq!(gusts.len(), 17 * 17);
    let field = Land { wind: Some(Ok(&gusts)), ..land("field") };
    check("field", &scene(&three, field), false, 620.0, 520.0);
    let refused = Land { wind: Some(Err("GradDrop has no field: it works on single coordinates.")), ..land("field") };
    let words = words_of(&drawn(&scene(&three, refused), &Ink::LIGHT, 620.0, 460.0));
    assert!(words.contains("GradDrop has no field"), "{words}");
    // Downhill is where the arrows point.
    let downhill = gusts.iter().filter(|(node, toward)| {
        let at = sheet.grid.node(&sheet.plan.plane.spans, *node);
        let size = toward[0].hypot(toward[1]).max(1e-12);
        let next = [0, 1].map(|axis| at[axis] + 1e-3 * toward[axis] / size);
        valleys(3)(next).iter().sum::<f64>() < valleys(3)(at).iter().sum::<f64>()
    });
    assert!(downhill.count() > 280);
}

/// A line between the ends of two runs, with a hill between them for the first task.
fn line(side: u32) -> Sheet {
    let plan = MapPlan {
        about: "The straight way from Sum at its end to MGDA at its end.".into(),
        plane: MapPlane { origin: vec![0.0; 4], directions: vec![vec![1.0, 0.0, 0.0, 0.0]], spans: vec![[-2.5, 12.5]] },
        axes: vec![MapAxis { label: "distance".into(), explained: Some(0.31), unit: Some(10.0) }],
        paths: (0..3)
            .map(|run| MapPath {
                points: (0..=6u32)
                    .map(|i| MapPoint {
                        step: 100 * i,
                        at: [5.0 + (5.0 * f64::from(run) - 5.0) * f64::from(i) / 6.0, 0.0],
                        off: f64::from(6 - i),
                    })
                    .collect(),
            })
            .collect(),
        anchors: vec![MapAnchor { run: 0, step: 600 }, MapAnchor { run: 2, step: 600 }],
        ..projected(0)
    };
    let losses = |[x, _]: [f64; 2]| {
        let hill = 0.9 * (-(x - 4.5).powi(2) / 6.0).exp();
        vec![0.02 + 0.005 * (x - 2.0).powi(2) + hill, 0.6 * (1.0 - x / 14.0).max(0.05)]
    };
    survey(plan, side, SurveyWhat::Losses, &losses, usize::MAX)
}

#[test]
fn lines_show_their_barriers() {
    let history = history(2, 3);
    let sheet = line(81);
    let with = scene(&history, Land { sheet: Some(&sheet), ..Land::default() });
    check("line-light", &with, false, 1100.0, 640.0);
    check("line-tile-dark", &with, true, 430.0, 300.0);
    check("line-narrow", &with, false, 360.0, 540.0);
    let barriers = sheet.barriers().expect("barriers");
    let words = words_of(&drawn(&with, &Ink::LIGHT, 1100.0, 640.0));
    assert!(words.contains(&format!("barrier {:.2}", barriers[0])) && words.contains("no barrier"), "{words}");
    let table = (plot("landscape").expect("a registered plot").table)(&with);
    let row = table.rows.last().expect("a row");
    assert_eq!((row[0].as_str(), row[5].as_str()), ("barrier", paretoscope::plots::number(barriers[0]).as_str()));
}

#[test]
fn surfaces_are_turned_and_seen_from_all_sides() {
    let history = history(2, 4);
    let sheet = survey(projected(4), 41, SurveyWhat::Losses, &valleys(2), usize::MAX);
    let seen = |orbit: Orbit, id: &str| {
        let height = chosen(id, 0);
        scene(&history, Land { sheet: Some(&sheet), surface: true, orbit, height, ..Land::default() })
    };
    check("surface-sum", &seen(Orbit::default(), "sum"), false, 520.0, 420.0);
    check("surface-tasks-dark", &seen(Orbit::ISO, "tasks"), true, 900.0, 420.0);
    for (name, orbit) in SURFACE_VIEWS {
        let picture = drawn(&seen(orbit, "tasks"), &Ink::LIGHT, 900.0, 420.0);
        assert!(picture.is_finite() && picture.turn.is_some(), "{name}");
    }
    // From above nothing is hidden: the nodes lie as on the map, with the second axis upwards.
    let (_, top) = SURFACE_VIEWS[1];
    let [right, up, toward] = top.axes();
    assert!(right[0] > 0.999 && up[2] < -0.999 && toward[1] > 0.999);
}

#[test]
fn numbers_leave_as_they_are() {
    let history = history(2, 2);
    let sheet = small_sheet(2);
    let scene = scene(&history, Land { sheet: Some(&sheet), ..Land::default() });
    let entry = plot("landscape").expect("a registered plot");
    let table = (entry.table)(&scene);
    assert_eq!(table.columns.len(), 4 + 3 * 2);
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[0][..2], ["Sum", "150"]);
    let (truth, shown) = (sheet.truth(0, 15)[0], sheet.shown(0, 15)[0]);
    assert_eq!(table.rows[0][4..6], [paretoscope::plots::number(truth), paretoscope::plots::number(shown)]);
    let data = (entry.data)(&scene);
    assert_eq!(data.rows.len(), 2 * 61 * 2 + 21 * 21 * 2);
    assert_eq!(data.rows[30][8], sheet.truth(0, 15)[0].to_string());
    let node = data.rows.iter().position(|row| row[0] == "node").expect("nodes");
    assert_eq!(data.rows[node][3..5], ["-12", "-8"]);
    assert_eq!(data.rows[node][7], sheet.losses(0).expect("known")[0].to_string());
}

#[test]
fn a_map_that_is_not_there_is_explained() {
    let history = history(2, 2);
    let words = |land: Land| words_of(&drawn(&scene(&history, land), &Ink::LIGHT, 360.0, 240.0));
    assert!(words(Land::default()).contains("appears here"));
    assert!(words(Land { why: Some("Sum and MGDA end at the same point."), ..Land::default() }).contains("same point"));
    // A sheet of other tasks belongs to an experiment that is gone.
    let other = survey(projected(2), 11, SurveyWhat::Losses, &valleys(3), usize::MAX);
    assert!(words(Land { sheet: Some(&other), ..Land::default() }).contains("laid anew"));
    // A single checkpoint is a map already.
    let mut plan = projected(2);
    plan.paths.iter_mut().for_each(|path| path.points.truncate(1));
    let one = survey(plan, 11, SurveyWhat::Losses, &valleys(2), usize::MAX);
    let land = Land { sheet: Some(&one), ..Land::default() };
    let told = (plot("landscape").expect("a registered plot").summary)(&scene(&history, land));
    assert!(told.contains("single checkpoint so far"), "{told}");
}

#[test]
fn dots_of_maps_of_gradients_have_true_values() {
    let history = history(2, 2);
    let mut sheet = survey(projected(2), 21, SurveyWhat::Pull, &valleys(2), usize::MAX);
    let height = chosen("conflict", 0);
    let circles = |sheet: &Sheet| {
        let land = Land { sheet: Some(sheet), height, ..Land::default() };
        let picture = drawn(&scene(&history, land), &Ink::LIGHT, 700.0, 520.0);
        picture.strokes.iter().filter(|stroke| matches!(stroke, Stroke::Circle { .. })).count()
    };
    let before = circles(&sheet);
    for (run, path) in sheet.plan.paths.clone().iter().enumerate() {
        let gramians = path.points.iter().flat_map(|_| [1.0, -0.5, -0.5, 1.0]).collect();
        sheet.learn(&MapTruth { number: 1, run: run as u32, gramians, ..MapTruth::default() });
    }
    let land = Land { sheet: Some(&sheet), height, ..Land::default() };
    let told = (plot("landscape").expect("a registered plot").summary)(&scene(&history, land));
    assert!(told.contains("Dots have the true values"), "{told}");
    // Every dot is a disc with a ring of its run around it.
    let after = circles(&sheet);
    assert!(after >= before + 6, "{before} and {after}");
}

#[test]
fn who_evaluated_a_map_is_told() {
    let history = history(2, 2);
    let whole = survey(projected(2), 11, SurveyWhat::Losses, &valleys(2), usize::MAX);
    let of = whole.progress().1;
    let told = |by_gpu: usize, refused: Option<&str>| {
        let mut sheet = whole.clone();
        (sheet.by_gpu, sheet.refused) = (by_gpu, refused.map(Into::into));
        let land = Land { sheet: Some(&sheet), ..Land::default() };
        (plot("landscape").expect("a registered plot").summary)(&scene(&history, land))
    };
    let why = "The graphics device was lost: gone.";
    assert!(!told(0, None).contains("valuated on"), "{}", told(0, None));
    assert!(told(of, None).contains("≈ Evaluated on the GPU, whose sums round differently."));
    assert!(told(0, Some(why)).contains(&format!("Evaluated on the CPU. {why}")));
    assert!(
        told(7, Some(why)).contains(&format!("≈ Evaluated on the GPU at 7 of {of} points, then on the CPU. {why}"))
    );
}

#[test]
fn names_on_maps_do_not_touch() {
    let history = history(2, 4);
    let sheet = survey(projected(4), 41, SurveyWhat::Losses, &valleys(2), usize::MAX);
    for (width, height) in [(1360.0, 700.0), (620.0, 420.0), (360.0, 770.0)] {
        let stage = Stage::new(width, height, &Ink::LIGHT);
        let scene = scene(&history, Land { sheet: Some(&sheet), ..Land::default() });
        let picture = drawn(&scene, &Ink::LIGHT, width, height);
        let boxes: Vec<_> = picture
            .texts()
            .filter(|text| text.halo.is_some() && text.size > 11.5)
            .map(|text| {
                let wide = (stage.measure)(&text.words, text.size, text.face);
                let (left, bottom) = (text.at.0, text.at.1 + 2.0);
                (paretoscope::plots::Rect { left, top: bottom - 12.0, right: left + wide, bottom }, text.words.clone())
            })
            .collect();
        assert!(boxes.len() > 4);
        for (i, (a, first)) in boxes.iter().enumerate() {
            for (b, second) in &boxes[i + 1..] {
                assert!(a.overlap(b) < 1.0, "{first} and {second} at {width}");
            }
        }
    }
}

#[test]
fn a_large_picture_is_drawn_within_a_frame() {
    let history = history(3, 4);
    let sheet = survey(projected(4), 81, SurveyWhat::Losses, &valleys(3), usize::MAX);
    let scene = scene(&history, Land { sheet: Some(&sheet), cursor: Some([0.0, 0.0]), ..Land::default() });
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let begin = std::time::Instant::now();
            let picture = drawn(&scene, &Ink::LIGHT, 1360.0, 700.0);
            assert_eq!(picture.plane_axes.len(), 4);
            1e3 * begin.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("four maps of 81² nodes: {:.1} ms, at best {:.1} ms", times[4], times[0]);
    // Twelve on a quiet machine; others build on this one.
    assert!(times[0] < 60.0, "{times:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_sheet_breaks_a_picture(
        n_tasks in prop::sample::select(vec![1usize, 2, 5, 16]),
        n_runs in prop::sample::select(vec![0usize, 1, 4, 9]),
        side in prop::sample::select(vec![11u32, 21]),
        (damage, known) in (0usize..9, prop::sample::select(vec![0usize, 40, 130, usize::MAX])),
        which in 0usize..HEIGHTS.len(),
        (surface, on_line, exact, dark) in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        cursor in prop::option::of((-20.0f64..20.0, -20.0f64..20.0)),
        (step, hover) in (0u32..1000, prop::option::of(0u32..1000)),
        (azimuth, elevation) in (-9.0f64..9.0, -1.6f64..1.6),
        (width, height) in prop::sample::select(vec![
            (1360.0, 700.0), (620.0, 360.0), (200.0, 160.0), (20.0, 10.0), (1.0, 1.0),
        ]),
    ) {
        let mut history = history(n_tasks, n_runs);
        let mut plan = MapPlan { exact, ..projected(n_runs) };
        if on_line {
            plan.plane.directions.truncate(1);
            plan.plane.spans.truncate(1);
            plan.axes.truncate(1);
            plan.anchors = vec![MapAnchor { run: 0, step: 600 }, MapAnchor { run: 1, step: 600 }];
            plan.paths.iter_mut().flat_map(|path| &mut path.points).for_each(|point| point.at[1] = 0.0);
        }
        match damage {
            5 => plan.paths.iter_mut().for_each(|path| path.points.clear()),
            6 => plan.paths.iter_mut().flat_map(|path| &mut path.points).for_each(|point| point.at = [f64::NAN; 2]),
            7 => plan.plane.spans[0] = [1.0, 1.0],
            8 => history.runs.iter_mut().for_each(|run| {
                run.diverged = Some(Divergence { step: 80, cause: String::new() });
            }),
            _ => {}
        }
        let plain = valleys(n_tasks);
        let losses = |at: [f64; 2]| -> Vec<f64> {
            let broken = |loss: f64| match damage {
                1 if at[0] > 0.0 => f64::NAN,
                2 => f64::INFINITY,
                3 => 1e300 * loss,
                4 => loss - loss.floor() - 0.5,
                _ => loss,
            };
            plain(at).into_iter().map(broken).collect()
        };
        let source = &HEIGHTS[which];
        let sheet = survey(plan, side, source.needs, &losses, known);
        let gusts = wind(&sheet, |losses, pull: &Pull| Some([f64::from(losses[0]) - 0.5, pull.shared(0, 0)]));
        let land = Land {
            sheet: Some(&sheet), height: HeightChoice { source, run: 0 }, surface, orbit: Orbit { azimuth, elevation },
            cursor: cursor.map(|(x, y)| [x, y]), wind: Some(Ok(&gusts)), ..Land::default()
        };
        let scene = Scene { step, hover, land, ..Scene::of(&history) };
        let entry = plot("landscape").expect("a registered plot");
        let picture = drawn(&scene, Ink::of(dark), width, height);
        prop_assert!(picture.is_finite());
        prop_assert!(picture.strokes.len() < 60_000, "{}", picture.strokes.len());
        let finite = |stroke: &Stroke| !matches!(stroke, Stroke::Text(text) if text.words.contains("NaN"));
        prop_assert!(picture.strokes.iter().all(finite));
        for axis in &picture.plane_axes {
            let middle = picture.plane_at(axis.place.left, axis.place.top);
            prop_assert!(middle.is_some_and(|at| at.iter().all(|x| x.is_finite())));
        }
        let table = (entry.table)(&scene);
        prop_assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        let told = [(entry.summary)(&scene), (entry.subtitle)(&scene), csv(&table), csv(&(entry.data)(&scene))];
        for words in &told {
            prop_assert!(!words.contains("NaN") && !words.contains("inf"), "{words}");
        }
        prop_assert!((entry.least_height)(&scene) >= 150.0);
        if source.unit == HeightUnit::LossPerTask && damage == 0 && width > 1000.0 && !surface && n_runs > 0 {
            prop_assert_eq!(picture.plane_axes.len(), n_tasks + usize::from(n_tasks > 1));
        }
    }
}
