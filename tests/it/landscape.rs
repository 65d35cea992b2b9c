//! Landscapes: planes hold what they were laid through, maps show what is evaluated, and what they hide is told.

use paretoscope::backend::Workload;
use paretoscope::backend::cpu::Cpu;
use paretoscope::balance::METHODS;
use paretoscope::config::link;
use paretoscope::config::{Activation, ExperimentConfig, Init, NetworkConfig, Optimizer, RUNS};
use paretoscope::data::{Split, Targets, TaskKind};
use paretoscope::landscape::{
    Field, Ground, HEIGHTS, HeightUnit, PLANES, Pull, SIDES, Sheet, Survey, Terrain, TerrainSubject, height, lay,
    map_rows,
};
use paretoscope::nn::{Network, Owner, ParamLayout, Part};
use paretoscope::protocol::{
    Command, Event, MapPlan, MapPlane, OffMeasure, PlanRequest, Prepared, RunId, SurveyOrder, SurveyPortion, SurveyWhat,
};
use paretoscope::rng::{Stream, StreamId};
use paretoscope::session::{Land, Session};
use std::fs;
use std::rc::Rc;

const KINDS: [TaskKind; 3] = [TaskKind::Multiclass { classes: 3 }, TaskKind::Binary, TaskKind::Regression];
const INPUTS: usize = 5;
const ROWS: usize = 40;

// --------------------------------------------------------------------- planes

fn config(link: &str) -> ExperimentConfig {
    link::parse(link).unwrap_or_else(|rejected| panic!("{link}: {:?}", rejected.complaints)).config
}

fn layout() -> (Network, ParamLayout) {
    let config = NetworkConfig {
        filters: vec![],
        trunk: vec![4, 3],
        head: vec![2],
        activation: Activation::Tanh,
        init: Init::FanIn,
    };
    let network = Network::mlp(INPUTS, &config, &KINDS);
    let layout = ParamLayout::new(&network);
    (network, layout)
}

/// Paths from a common start: `n` checkpoints of `p` parameters a run.
fn walks(runs: usize, n: usize, p: usize) -> Vec<Vec<(u32, Vec<f32>)>> {
    let draws = |sub: usize| Stream::new(11, StreamId::Data, sub as u32);
    let walk = |run: usize| {
        let mut theta: Vec<f32> = (0..p).map(|i| draws(99).normal(i as u64) as f32).collect();
        let step = |at: usize| {
            let before = theta.clone();
            for (i, value) in theta.iter_mut().enumerate() {
                *value += 0.2 * draws(run).normal((at * p + i) as u64) as f32;
            }
            (10 * at as u32, before)
        };
        (0..n).map(step).collect()
    };
    (0..runs).map(walk).collect()
}

/// Lays `plane=` of `config` through these paths.
fn laid(
    config: &ExperimentConfig,
    subject: TerrainSubject<'_>,
    paths: &[Vec<(u32, Vec<f32>)>],
    step: u32,
) -> Result<MapPlan, String> {
    let paths = paths.iter().map(|path| path.iter().map(|(step, theta)| (*step, &theta[..])).collect());
    let gradient = |theta: &[f32], task: usize| {
        let draws = Stream::new(5, StreamId::Noise, task as u32);
        theta.iter().enumerate().map(|(i, theta)| theta * draws.normal(i as u64) as f32).collect()
    };
    let mut terrain = Terrain {
        paths: paths.collect(),
        members: Vec::new(),
        left_out: 0,
        names: RUNS.map(|run| format!("run {run}")).collect(),
        cursor: step,
        subject,
        gradients: &mut |theta: &[f32]| (0..2).map(|task| gradient(theta, task)).collect(),
    };
    pollster::block_on(lay(&mut terrain, &config.plane(), (7, 9), 3))
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn length(v: &[f32]) -> f64 {
    dot(v, v).sqrt()
}

/// θ₀ + x u + y v in f64.
fn at(plane: &MapPlane, [x, y]: [f64; 2]) -> Vec<f64> {
    let of = |axis: usize, i: usize| plane.directions.get(axis).map_or(0.0, |direction| f64::from(direction[i]));
    (plane.origin.iter().enumerate()).map(|(i, origin)| f64::from(*origin) + x * of(0, i) + y * of(1, i)).collect()
}

fn distance(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

#[track_caller]
fn check_orthonormal(plane: &MapPlane) {
    for (i, u) in plane.directions.iter().enumerate() {
        for (j, v) in plane.directions.iter().enumerate() {
            assert!((dot(u, v) - f64::from(u8::from(i == j))).abs() < 1e-6, "{i} and {j}: {}", dot(u, v));
        }
    }
}

#[test]
fn every_plane_is_orthonormal_and_tells_where_checkpoints_lie() {
    let (_, layout) = layout();
    let paths = walks(3, 6, layout.n_parameters());
    for plane in ["pca", "random~3~2-20", "runs~1~2~3", "runs~1-10~1-30~3", "gradients~2~1~3", "line~1~3", "line~2-0~2"]
    {
        let config = config(&format!("#p=two-sines&m=sum,mgda,uw&st=60&plane={plane}"));
        let plan = laid(&config, TerrainSubject::Network(&layout), &paths, 30).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((plan.choice.as_str(), plan.number, plan.rows, plan.of_rows), (plane, 3, 7, 9));
        assert!(plan.about.ends_with('.') && !plan.exact);
        assert_eq!(plan.measure, OffMeasure::Ratio);
        check_orthonormal(&plan.plane);
        let axes = plan.plane.directions.len();
        assert_eq!((plan.axes.len(), plan.plane.spans.len(), plan.plane.is_line()), (axes, axes, axes == 1));
        for (run, path) in plan.paths.iter().enumerate() {
            for (point, (step, theta)) in path.points.iter().zip(&paths[run]) {
                assert_eq!(point.step, *step);
                // The projection is the nearest point of the plane, as far off as it is said to be.
                let off = distance(&at(&plan.plane, point.at), theta);
                assert!((off - point.off).abs() < 1e-6 * (1.0 + off), "{plane}: {off} and {}", point.off);
                for nudge in [[1e-2, 0.0], [-1e-2, 0.0], [0.0, 1e-2], [0.0, -1e-2]] {
                    let beside = [point.at[0] + nudge[0], point.at[1] + nudge[1]];
                    let farther = distance(&at(&plan.plane, beside), theta);
                    assert!(farther >= off - 1e-9 || (axes == 1 && nudge[0] == 0.0), "{plane}");
                }
                for (axis, span) in plan.plane.spans.iter().enumerate().filter(|_| axes == 2) {
                    assert!((span[0]..=span[1]).contains(&point.at[axis]), "{plane}: {point:?} outside {span:?}");
                }
            }
        }
        // Chosen points lie in the plane.
        for anchor in &plan.anchors {
            let point = plan.paths[anchor.run as usize].points.iter().find(|point| point.step == anchor.step);
            let point = point.expect("an anchor is a checkpoint");
            assert!(point.off < 1e-6 * 8.0, "{plane}: {point:?}");
        }
        // Shares of the variance, by sums in another order.
        let all: Vec<&Vec<f32>> = paths.iter().flatten().map(|(_, theta)| theta).collect();
        let mean = |i: usize| all.iter().map(|theta| f64::from(theta[i])).sum::<f64>() / all.len() as f64;
        let mean: Vec<f32> = (0..all[0].len()).map(|i| mean(i) as f32).collect();
        let off = |theta: &Vec<f32>| -> Vec<f32> { theta.iter().zip(&mean).map(|(a, b)| a - b).collect() };
        let total: f64 = all.iter().map(|theta| length(&off(theta)).powi(2)).sum();
        for (axis, direction) in plan.axes.iter().zip(&plan.plane.directions) {
            let along: f64 = all.iter().map(|theta| dot(&off(theta), direction).powi(2)).sum();
            let told = axis.explained.expect("there is variance");
            assert!((told - along / total).abs() < 1e-5, "{plane}: {told} and {}", along / total);
        }
    }
}

/// Eigenvalues of a symmetric matrix, by Jacobi's rotations: written down again, for there must be two of it.
fn eigenvalues(n: usize, mut a: Vec<f64>) -> Vec<f64> {
    for _ in 0..60 {
        for p in 0..n {
            for q in p + 1..n {
                let angle = 0.5 * (2.0 * a[p * n + q]).atan2(a[q * n + q] - a[p * n + p]);
                let (s, c) = angle.sin_cos();
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[test]
fn principal_axes_leave_what_the_smaller_eigenvalues_hold() {
    let (_, layout) = layout();
    let p = layout.n_parameters();
    // More checkpoints than parameters, and fewer.
    for n in [2 * p, 5] {
        let paths = walks(2, n, p);
        let config = config("#p=two-sines&m=sum,mgda&plane=pca");
        let plan = laid(&config, TerrainSubject::Network(&layout), &paths, 0).expect("a plane");
        let all: Vec<&Vec<f32>> = paths.iter().flatten().map(|(_, theta)| theta).collect();
        let mean: Vec<f64> =
            (0..p).map(|i| all.iter().map(|t| f64::from(t[i])).sum::<f64>() / all.len() as f64).collect();
        let entry = |at: usize| {
            let (i, j) = (at / p, at % p);
            all.iter().map(|t| (f64::from(t[i]) - mean[i]) * (f64::from(t[j]) - mean[j])).sum()
        };
        let values = eigenvalues(p, (0..p * p).map(entry).collect());
        let rest: f64 = values[2..].iter().sum();
        let off: f64 = plan.paths.iter().flat_map(|path| &path.points).map(|point| point.off.powi(2)).sum();
        assert!((off - rest).abs() < 1e-5 * values[0], "{n}: {off}, expected {rest}");
        let shares: Vec<f64> = plan.axes.iter().map(|axis| axis.explained.expect("a share")).collect();
        let total: f64 = values.iter().sum();
        for (share, value) in shares.iter().zip(&values) {
            assert!((share - value / total).abs() < 1e-6, "{n}: {share}, expected {}", value / total);
        }
    }
}

#[test]
fn random_directions_are_as_long_as_every_unit() {
    let (network, layout) = layout();
    let paths = walks(1, 3, layout.n_parameters());
    let theta = &paths[0][2].1;
    let of = |seed: u32| {
        let config = config(&format!("#p=two-sines&m=sum&plane=random~{seed}~1-20"));
        laid(&config, TerrainSubject::Network(&layout), &paths, 0).expect("a plane")
    };
    let plan = of(7);
    let unit = plan.axes[0].unit.expect("a measure of its own");
    for block in layout.blocks() {
        let columns = |vector: &[f32], unit: usize, width: usize| -> Vec<f32> {
            vector[block.range.clone()].iter().skip(unit).step_by(width).copied().collect()
        };
        for direction in &plan.plane.directions {
            if block.part == Part::Bias {
                assert!(direction[block.range.clone()].iter().all(|x| *x == 0.0), "biases stand");
                continue;
            }
            let width = block.range.len() / block.fan_in;
            for idx in 0..width {
                let own = length(&columns(theta, idx, width));
                let found = unit * length(&columns(direction, idx, width));
                assert!((found - own).abs() < 1e-5 * own, "{} unit {idx}: {found}, expected {own}", block.name);
            }
        }
    }
    assert_eq!(layout.layer(Owner::Shared, 0).0.len(), INPUTS * network.trunk[0].outputs());
    // A whole step of a unit's own length is in sight, and another seed is another plane.
    assert!(plan.plane.spans.iter().all(|span| span[0] <= -unit && span[1] >= unit));
    assert_ne!(of(8).plane.directions, plan.plane.directions);
    assert_eq!(of(7), plan);
}

#[test]
fn the_plane_of_two_gradients_holds_both() {
    let (_, layout) = layout();
    let paths = walks(2, 4, layout.n_parameters());
    let config = config("#p=two-sines&m=sum,mgda&plane=gradients~1~2~2-10");
    let plan = laid(&config, TerrainSubject::Network(&layout), &paths, 0).expect("a plane");
    assert_eq!(plan.plane.origin, paths[1][1].1);
    for task in 0..2 {
        let draws = Stream::new(5, StreamId::Noise, task);
        let g: Vec<f32> =
            plan.plane.origin.iter().enumerate().map(|(i, x)| x * draws.normal(i as u64) as f32).collect();
        let inside: f64 = plan.plane.directions.iter().map(|direction| dot(&g, direction).powi(2)).sum();
        assert!((inside.sqrt() - length(&g)).abs() < 1e-5 * length(&g), "task {task}");
    }
}

#[test]
fn problems_are_drawn_in_their_parameters() {
    let of = |link: &str, paths: &[Vec<(u32, Vec<f32>)>]| {
        let config = config(link);
        let problem = config.analytic().expect("a problem").problem;
        laid(&config, TerrainSubject::Problem(problem), paths, 10)
    };
    let plan = of("#p=toy&m=sum,mgda", &walks(2, 5, 2)).expect("a plane");
    assert!(plan.exact && plan.measure == OffMeasure::ShareOfRange);
    assert_eq!((plan.plane.origin.as_slice(), plan.plane.spans.as_slice()), (&[0.0, 0.0][..], &[[-11.0, 11.0]; 2][..]));
    let (point, theta) = (plan.paths[1].points[3], &walks(2, 5, 2)[1][3].1);
    assert_eq!((point.at, point.off), ([f64::from(theta[0]), f64::from(theta[1])], 0.0));
    assert!((plan.axes.iter().filter_map(|axis| axis.explained).sum::<f64>() - 1.0).abs() < 1e-9);
    let more = walks(2, 5, 30);
    let plan = of("#p=toy&d=zdt1&m=sum,mgda&plane=parameters~2-20", &more).expect("a plane");
    assert!(!plan.exact && plan.notes[0].contains("other 28 parameters") && plan.notes[0].contains("run 2 at step 20"));
    assert_eq!(plan.plane.origin[2..], more[1][2].1[2..]);
    let plan = of("#p=toy&d=zdt1&m=sum,mgda&plane=random~2", &more).expect("a plane");
    check_orthonormal(&plan.plane);
}

#[test]
fn planes_that_are_none_are_refused_in_a_sentence() {
    let (_, layout) = layout();
    let p = layout.n_parameters();
    #[track_caller]
    fn refused(plane: &str, layout: &ParamLayout, paths: &[Vec<(u32, Vec<f32>)>], part: &str) {
        let config = config(&format!("#p=two-sines&m=sum,mgda&plane={plane}"));
        let why = laid(&config, TerrainSubject::Network(layout), paths, 0).expect_err("no such plane");
        assert!(why.contains(part) && why.ends_with('.'), "{why}");
    }
    let paths = walks(2, 4, p);
    refused("parameters", &layout, &paths, "too many parameters");
    refused("runs~1~2~2", &layout, &paths, "lie on one line");
    refused("line~2-30~2", &layout, &paths, "the same point");
    // One checkpoint so far, none, and a run without.
    let single = walks(2, 1, p);
    refused("pca", &layout, &single, "span no plane");
    refused("line~1~2", &layout, &single, "the same point");
    refused("pca", &layout, &[Vec::new(), Vec::new()], "No run has");
    refused("random~1~2", &layout, &[single[0].clone(), Vec::new()], "run 2 has no checkpoint");
    refused("random~1", &layout, &[vec![(0, vec![0.0; p])], Vec::new()], "all 0");
    // Around a single checkpoint there is a plane all the same.
    let config = config("#p=two-sines&m=sum,mgda&plane=random~1");
    assert!(laid(&config, TerrainSubject::Network(&layout), &single, 0).is_ok());
}

#[test]
fn registries_are_sound() {
    for (at, plane) in PLANES.iter().enumerate() {
        assert!(PLANES[..at].iter().all(|earlier| earlier.id != plane.id));
        assert!(plane.about.ends_with('.') && plane.required <= plane.slots.len());
    }
    for (at, source) in HEIGHTS.iter().enumerate() {
        assert!(HEIGHTS[..at].iter().all(|earlier| earlier.id != source.id));
        assert!(source.about.ends_with('.'));
        assert_eq!(height(source.id).map(|found| found.label), Some(source.label));
    }
    assert!(SIDES.windows(2).all(|two| (two[1] - 1) == 2 * (two[0] - 1)));
}

// --------------------------------------------------------------------- ground

fn workload(trunk: &[u32], head: &[u32], activation: Activation) -> Workload {
    let config =
        NetworkConfig { filters: vec![], trunk: trunk.into(), head: head.into(), activation, init: Init::FanIn };
    let network = Network::mlp(INPUTS, &config, &KINDS);
    let draws = Stream::new(8, StreamId::Data, 0);
    let classes = Targets::Class((0..ROWS).map(|row| draws.below(row as u64, 3)).collect());
    let signs = Targets::Value((0..ROWS).map(|row| draws.below(100 + row as u64, 2) as f32).collect());
    let values = Targets::Value((0..ROWS).map(|row| draws.normal(200 + row as u64) as f32).collect());
    let x = (0..ROWS * INPUTS).map(|i| draws.normal(300 + i as u64) as f32).collect();
    let data = Rc::new(Split { rows: ROWS, x, targets: vec![classes, signs, values] });
    Workload {
        layout: ParamLayout::new(&network),
        network,
        validation: data.clone(),
        data,
        targets: vec![0, 1, 2],
        loss_scales: vec![1.0, 0.25, 3.0],
        batch_rows: 8,
        optimizer: Optimizer::Adam,
        weight_decay: 0.1,
        clip: Some(1e-3),
    }
}

fn random_plane(p: usize, directions: usize) -> MapPlane {
    let draws = |sub: u32, size: f64| -> Vec<f32> {
        (0..p).map(|i| (size * Stream::new(2, StreamId::Probe, sub).normal(i as u64)) as f32).collect()
    };
    MapPlane {
        origin: draws(9, 0.6),
        directions: (0..directions).map(|axis| draws(axis as u32, 1.0 / (p as f64).sqrt())).collect(),
        spans: vec![[-3.0, 2.0]; directions],
    }
}

/// Losses (K), M (K, K) and all gradients at θ on the first rows, by a backend in f64.
fn truth(workload: &Workload, rows: usize, theta: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>) {
    let all: Vec<u32> = (0..rows as u32).collect();
    let mut cpu = Cpu::<f64>::new(Workload { batch_rows: rows, ..workload.clone() }, theta.to_vec());
    let (mut losses, mut m) = (vec![0.0; 3], vec![0.0; 9]);
    cpu.gradients(&all, &mut losses, &mut m);
    (losses, m, cpu.rows().to_vec(), cpu.gradient().to_vec())
}

#[track_caller]
fn check_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
}

#[test]
fn maps_show_what_direct_evaluation_gives() {
    let shapes: [(&[u32], &[u32], Activation); 4] = [
        (&[4, 4], &[], Activation::Tanh),
        (&[33], &[6], Activation::Relu),
        (&[7, 5, 9], &[3, 4], Activation::Gelu),
        (&[1], &[], Activation::Tanh),
    ];
    for (trunk, head, activation) in shapes {
        let workload = workload(trunk, head, activation);
        let p = workload.layout.n_parameters();
        for directions in [1, 2] {
            let plane = random_plane(p, directions);
            let mut ground = Ground::of_network(&workload, 30);
            ground.stand_on(&plane);
            let (mut losses, mut plain) = ([0.0; 3], [0.0; 3]);
            let mut numbers = vec![0.0_f32; Pull::count(3)];
            for place in [[0.0, 0.0], [1.5, -0.5], [-3.0, 2.0], [0.25, 1.75]] {
                let what = format!("{trunk:?} {head:?} {activation:?} at {place:?}");
                let place = if directions == 1 { [place[0], 0.0] } else { place };
                let theta = at(&plane, place);
                let (expected, m, rows, gradient) = truth(&workload, 30, &theta);
                ground.losses(place, &mut losses);
                // The quick way, the plain way of the same rows in f32, and f64 agree.
                let single: Vec<f32> = theta.iter().map(|x| *x as f32).collect();
                ground.losses_at(&single, &mut plain);
                for task in 0..3 {
                    check_near(losses[task], expected[task], 1e-5 * expected[task].abs(), &what);
                    check_near(losses[task], plain[task], 4e-6 * expected[task].abs(), &what);
                }
                ground.pull(place, &mut losses, &mut numbers);
                let pull = Pull::new(3, &numbers).expect("as many numbers as three tasks have");
                let n = workload.layout.n_shared();
                for i in 0..3 {
                    check_near(losses[i], expected[i], 1e-5 * expected[i].abs(), &what);
                    let norm = m[i * 4].sqrt();
                    for j in 0..3 {
                        check_near(pull.product(i, j), m[i * 3 + j], 3e-5 * norm * m[j * 4].sqrt(), &what);
                    }
                    for axis in 0..2 {
                        let Some(u) = plane.directions.get(axis) else {
                            assert_eq!((pull.shared(axis, i), pull.head(axis, i)), (0.0, 0.0));
                            continue;
                        };
                        let along = |g: &[f64], u: &[f32]| g.iter().zip(u).map(|(g, u)| g * f64::from(*u)).sum::<f64>();
                        let shared = along(&rows[i * n..][..n], &u[..n]);
                        check_near(pull.shared(axis, i), shared, 1e-5 * (norm + 1e-3), &what);
                        let own = workload.layout.head(i);
                        let head = along(&gradient[own.clone()], &u[own]);
                        check_near(pull.head(axis, i), head, 1e-5 * (1.0 + head.abs()), &what);
                    }
                }
            }
        }
    }
}

#[test]
fn rows_of_a_map_are_bounded() {
    assert_eq!((map_rows(42, 400), map_rows(42, 12_000), map_rows(118_000, 12_000)), (400, 512, 512));
    assert_eq!((map_rows(6_000_000, 12_000), map_rows(6_000_000, 20)), (32, 20));
}

fn all(mut survey: Survey, ground: &mut Ground, most: usize) -> Vec<SurveyPortion> {
    let mut portions = Vec::new();
    while !survey.is_done() {
        let mut n = 0;
        portions.push(survey.portion(ground, &mut || {
            n += 1;
            n >= most
        }));
    }
    portions
}

#[test]
fn parts_of_a_survey_make_the_whole() {
    let workload = workload(&[4, 4], &[], Activation::Tanh);
    let plane = random_plane(workload.layout.n_parameters(), 2);
    let order = |part: u32, of: u32| SurveyOrder {
        number: 5,
        plane: plane.clone(),
        rows: 30,
        what: SurveyWhat::Pull,
        side: 21,
        points: vec![[0.0, 0.0], [1.0, -1.0], [0.5, 0.5]],
        part,
        of,
        gpu: false,
    };
    let run = |part: u32, of: u32, most: usize| {
        let mut ground = Ground::of_network(&workload, 30);
        let survey = Survey::new(order(part, of), &mut ground).expect("a sound order");
        all(survey, &mut ground, most)
    };
    let plan = MapPlan {
        plane: plane.clone(),
        paths: vec![paretoscope::protocol::MapPath { points: vec![Default::default(); 3] }],
        ..MapPlan::default()
    };
    let sheet = |portions: Vec<SurveyPortion>| {
        let mut sheet = Sheet::new(plan.clone(), 3, 21, SurveyWhat::Pull);
        portions.iter().for_each(|portion| sheet.take(portion));
        sheet
    };
    let whole = sheet(run(0, 1, 1_000));
    assert!(whole.is_complete() && whole.progress() == (444, 444) && whole.step() == Some(1));
    let halves = sheet([run(0, 2, 7), run(1, 2, 50)].concat());
    for node in 0..441 {
        assert_eq!(whole.losses(node), halves.losses(node));
        assert_eq!(whole.pull(node).expect("known").gramian(), halves.pull(node).expect("known").gramian());
    }
    assert_eq!(
        (0..3).map(|i| whole.shown(0, i)).collect::<Vec<_>>(),
        (0..3).map(|i| halves.shown(0, i)).collect::<Vec<_>>()
    );
    // Points first, then nodes, none twice; the coarse map is there long before the fine one.
    let portions = run(0, 1, 10);
    assert_eq!((portions[0].points.as_slice(), portions[0].nodes.len()), (&[0, 1, 2][..], 7));
    let mut nodes: Vec<u32> = portions.iter().flat_map(|portion| portion.nodes.clone()).collect();
    let first = sheet(portions.into_iter().take(13).collect());
    assert_eq!((first.step(), first.is_complete()), (Some(2), false));
    nodes.sort_unstable();
    assert_eq!(nodes, (0..441).collect::<Vec<_>>());
    // Orders that do not fit.
    let mut ground = Ground::of_network(&workload, 30);
    let mut refuse = |change: &dyn Fn(&mut SurveyOrder), part: &str| {
        let mut wrong = order(0, 1);
        change(&mut wrong);
        let why = Survey::new(wrong, &mut ground).err().expect("a wrong order");
        assert!(why.contains(part) && why.ends_with('.'), "{why}");
    };
    refuse(&|order| order.plane.origin.truncate(3), "has 3 parameters");
    refuse(&|order| order.plane.directions.clear(), "here are 0");
    refuse(&|order| order.plane.spans[1] = [1.0, 1.0], "no numbers");
    refuse(&|order| order.plane.origin[0] = f32::NAN, "no numbers");
    refuse(&|order| order.points[0][1] = f64::INFINITY, "no numbers");
    refuse(&|order| order.side = 12, "not 12");
    refuse(&|order| order.of = 0, "Part 0 of 0");
}

// -------------------------------------------------------------------- heights

/// Everything about a plane of a trained link, by one session.
struct Script {
    session: Session,
    planned: Option<Result<MapPlan, String>>,
    prepared: Vec<Result<Prepared, String>>,
    surveyed: Vec<(RunId, u32, Result<SurveyPortion, String>)>,
    truths: Vec<paretoscope::protocol::MapTruth>,
    /// Checkpoints that the last frame told of.
    stored: u32,
    /// What plans tell of checkpoints.
    what: SurveyWhat,
}

impl Script {
    fn new() -> Self {
        let session = Session::new(Rc::new(|| 0.0));
        Self {
            session,
            planned: None,
            prepared: Vec::new(),
            surveyed: Vec::new(),
            truths: Vec::new(),
            stored: 0,
            what: SurveyWhat::Losses,
        }
    }

    fn say(&mut self, command: Command) {
        let command = Command::from_bytes(&command.to_bytes()).expect("commands survive their bytes");
        pollster::block_on(self.session.handle(command));
        self.hear();
    }

    fn hear(&mut self) {
        for event in self.session.drain() {
            match Event::from_bytes(&event.to_bytes()).expect("events survive their bytes") {
                Event::Frame { frame, .. } => {
                    self.stored = frame.checkpoints.count;
                    self.say(Command::FrameDrawn);
                }
                Event::NeedFile { name } => {
                    let path = format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR"));
                    let bytes = fs::read(path).map_err(|error| error.to_string());
                    self.say(Command::File { name, bytes });
                }
                Event::Planned { plan, .. } => self.planned = Some(plan),
                Event::Truth { truth, .. } => self.truths.push(truth),
                Event::Prepared { prepared, .. } => self.prepared.push(prepared),
                Event::Surveyed { id, number, portion } => self.surveyed.push((id, number, portion)),
                _ => {}
            }
        }
    }

    fn finish(&mut self) {
        while self.session.wants_to_advance() {
            pollster::block_on(self.session.advance());
        }
        self.session.send_frame();
        self.hear();
    }

    fn plan(&mut self, number: u32, plane: &str, step: u32) -> Result<MapPlan, String> {
        self.planned = None;
        let request = PlanRequest { number, plane: plane.into(), step, what: self.what };
        self.say(Command::Plan { id: RunId(1), request });
        self.planned.take().expect("every request is answered")
    }
}

fn trained(link: &str) -> Script {
    let mut script = Script::new();
    script.say(Command::Start { id: RunId(1), link: link.into() });
    script.finish();
    script
}

/// The whole sheet of a plane of a trained experiment.
fn drawn(script: &mut Script, link: &str, plane: &str, (side, what): (u32, SurveyWhat), step: u32) -> Sheet {
    let plan = script.plan(1, plane, step).unwrap_or_else(|why| panic!("{plane}: {why}"));
    let mut sheet = Sheet::new(plan, config(link).n_tasks(), side, what);
    script.truths.clear();
    script.surveyed.clear();
    script.say(Command::Prepare { id: RunId(1), link: link.into() });
    script.say(Command::Survey { id: RunId(1), order: sheet.order(9, (0, 1)) });
    script.finish();
    for (_, number, portion) in &script.surveyed {
        assert_eq!(*number, 9);
        sheet.take(portion.as_ref().expect("a sound order"));
    }
    script.truths.iter().for_each(|truth| sheet.learn(truth));
    assert!(sheet.is_complete() && sheet.progress().0 == sheet.progress().1);
    sheet
}

#[test]
fn maps_of_projected_paths_lie_and_say_so() {
    let link = "#v=1&p=two-sines";
    let mut script = trained(link);
    let sheet = drawn(&mut script, link, "auto", (11, SurveyWhat::Losses), 150);
    assert_eq!(sheet.plan.choice, "pca");
    // Lesson 9. Two axes hold most of four paths through 42 parameters (80.1 %), and yet the loss shown is off by up to
    // a factor of thousands (5,750 near the end of PCGrad's path, where the true loss of task 1 is next to nothing).
    let explained = sheet.explained().expect("there is variance");
    assert!((0.8..0.95).contains(&explained), "{explained}");
    let (run, idx, off) = sheet.worst().expect("everything is known");
    assert!(run == 1 && (1000.0..10_000.0).contains(&off.by), "{run}: {off:?}");
    let (truth, shown) = (sheet.truth(run, idx)[off.task], sheet.shown(run, idx)[off.task]);
    assert!((off.by - (truth / shown).max(shown / truth)).abs() < 1e-9);
    assert!(sheet.plan.paths.iter().all(|path| path.points.len() == 201 && path.points[200].step == 600));
    // Through three ends the map is exact there.
    let through = drawn(&mut script, link, "runs~1~2~4", (11, SurveyWhat::Losses), 150);
    let ranges = through.ranges();
    for anchor in through.plan.anchors.clone() {
        let off = through.off(anchor.run as usize, 200, &ranges).expect("known");
        assert!(off.by < 1.001, "{anchor:?}: {off:?}");
    }
    assert!(through.off(2, 200, &ranges).expect("known").by > 3.0);
    // The losses of the maps are those of training, where a batch is all rows.
    assert_eq!(through.plan.rows, through.plan.of_rows);
}

#[test]
fn maps_of_two_parameters_are_exact() {
    let link = "#v=1&p=toy&st=300";
    let mut script = trained(link);
    let sheet = drawn(&mut script, link, "auto", (41, SurveyWhat::Pull), 150);
    assert!(sheet.plan.exact);
    let worst = sheet.worst();
    assert!(worst.is_none_or(|(_, _, off)| off.by < 1e-6), "{worst:?}");
    // The field of the sum is the gradient of its map, by differences over the grid itself at a smooth place.
    let config = config(link);
    let sum = height("sum").expect("a height");
    let of = |column: usize, row: usize| {
        sheet.height(sum, row * 41 + column, 0, (config.loss_scales(), &config.preference()))
    };
    let field = Field::new(&config, 0, 0).expect("it weighs losses");
    let spacing = 22.0 / 40.0;
    let (column, row) = (8, 6);
    let node = row * 41 + column;
    let arrow = field.at(sheet.losses(node).expect("known"), &sheet.pull(node).expect("known")).expect("numbers");
    let slope = [
        (of(column + 1, row) - of(column - 1, row)) / (2.0 * spacing),
        (of(column, row + 1) - of(column, row - 1)) / (2.0 * spacing),
    ];
    for axis in 0..2 {
        check_near(arrow[axis], -slope[axis], 0.02 * (1.0 + slope[axis].abs()), "the field of the sum");
    }
    // MGDA goes where every loss falls, wherever it goes at all.
    let mgda = config.runs.iter().position(|run| run.method.id == "mgda").expect("a run");
    let field = Field::new(&config, mgda, 0).expect("it weighs gradients");
    for node in 0..sheet.grid.count() {
        let pull = sheet.pull(node).expect("known");
        let Some([x, y]) = field.at(sheet.losses(node).expect("known"), &pull) else { continue };
        for task in 0..2 {
            let along = pull.shared(0, task) * x + pull.shared(1, task) * y;
            assert!(along <= 1e-4 * (1.0 + pull.product(task, task)), "node {node}: task {task} rises by {along}");
        }
    }
}

#[test]
fn heights_are_functions_of_losses_and_pull() {
    let link = "#v=1&p=two-sines&st=40&m=sum,mgda&sc=1,.5&pref=.3,.7";
    let mut script = trained(link);
    let sheet = drawn(&mut script, link, "pca", (11, SurveyWhat::Pull), 20);
    let config = config(link);
    let (scales, preference) = (config.loss_scales(), config.preference());
    for node in 0..sheet.grid.count() {
        let of = |id: &str, task: usize| sheet.height(height(id).expect("a height"), node, task, (scales, &preference));
        let [a, b] = [of("tasks", 0), of("tasks", 1)];
        let losses = sheet.losses(node).expect("known");
        assert_eq!([a, b], [f64::from(losses[0]), f64::from(losses[1])]);
        check_near(of("sum", 0), a + 0.5 * b, 1e-12, "sum");
        check_near(of("max", 0), a.max(0.5 * b), 1e-12, "max");
        check_near(of("weighted", 0), 0.3 * a + 0.7 * 0.5 * b, 1e-9, "weighted");
        assert_eq!(of("worst", 0), f64::from(u8::from(0.5 * b > a)));
        let pull = sheet.pull(node).expect("known");
        let cosine = pull.product(0, 1) / (pull.product(0, 0) * pull.product(1, 1)).sqrt();
        check_near(of("conflict", 0), cosine.clamp(-1.0, 1.0), 1e-12, "conflict");
        assert_eq!(of("dominant", 0), f64::from(u8::from(pull.product(1, 1) > pull.product(0, 0))));
        assert_eq!(of("field", 0), of("sum", 0));
    }
    // Without what they need they have no value; maps are as many as tasks where each has one.
    let plain = drawn(&mut script, link, "pca", (11, SurveyWhat::Losses), 20);
    let conflict = height("conflict").expect("a height");
    assert!(plain.height(conflict, 0, 0, (scales, &preference)).is_nan());
    let n_maps = |source: &paretoscope::landscape::HeightSource| source.n_maps(3);
    assert!(HEIGHTS.iter().all(|source| n_maps(source) == if source.unit == HeightUnit::LossPerTask { 3 } else { 1 }));
}

#[test]
fn fields_go_down_the_sum_heads_and_all() {
    let link = "#v=1&p=two-sines&st=40&m=sum,mean,graddrop,mgda_ub,uw&sc=1,.5";
    let mut script = trained(link);
    let sheet = drawn(&mut script, link, "pca", (41, SurveyWhat::Pull), 40);
    let config = config(link);
    let field = Field::new(&config, 0, 40).expect("it weighs losses");
    let (scales, preference) = (config.loss_scales(), config.preference());
    let sum = height("sum").expect("a height");
    let of = |node: usize| sheet.height(sum, node, 0, (scales, &preference));
    let spacing = sheet.grid.place(sheet.plan.plane.spans[0], 1) - sheet.grid.place(sheet.plan.plane.spans[0], 0);
    let (mut off, mut size) = (0.0, 0.0);
    for row in 1..40 {
        for column in 1..40 {
            let node = row * 41 + column;
            let arrow = field.at(sheet.losses(node).expect("known"), &sheet.pull(node).expect("known"));
            let arrow = arrow.expect("numbers");
            let slope = [of(node + 1) - of(node - 1), of(node + 41) - of(node - 41)].map(|rise| rise / (2.0 * spacing));
            off += (arrow[0] + slope[0]).powi(2) + (arrow[1] + slope[1]).powi(2);
            size += slope[0].powi(2) + slope[1].powi(2);
        }
    }
    // What is left is the third derivative times the spacing's square.
    assert!((off / size).sqrt() < 0.02, "{}", (off / size).sqrt());
    let why = |run: usize| Field::new(&config, run, 0).err().expect("no field");
    assert!(why(2).contains("single coordinates") && why(3).contains("shared features"), "{} {}", why(2), why(3));
    assert!(why(9).contains("no run 10"));
    // Every method has a field or says why not.
    for method in METHODS {
        let config = self::config(&format!("#v=1&p=two-sines&m={}", method.id));
        match Field::new(&config, 0, 0) {
            Ok(field) => {
                let node = 20 * 41 + 20;
                let arrow = field.at(sheet.losses(node).expect("known"), &sheet.pull(node).expect("known"));
                assert!(arrow.is_some(), "{}", method.id);
            }
            Err(why) => assert!(why.ends_with('.') && why.contains("has no field"), "{why}"),
        }
    }
}

#[test]
fn pulls_are_told_of_checkpoints_where_they_are_asked_for() {
    for link in ["#v=1&p=two-sines&st=40&m=sum,mgda&sc=1,.5", "#v=1&p=toy&d=zdt1&st=20&m=sum,mgda"] {
        let mut script = trained(link);
        script.what = SurveyWhat::Pull;
        // Around the end of the second run, so that θ₀ is this checkpoint.
        let sheet = drawn(&mut script, link, "random~3~2", (11, SurveyWhat::Pull), 1_000);
        let last = sheet.plan.paths[1].points.len() - 1;
        assert!(sheet.plan.paths[1].points[last].off < 1e-6);
        let mut ground = Land::build(&config(link), &[]).expect("no files").ground(sheet.plan.rows as usize);
        ground.stand_on(&sheet.plan.plane);
        let (mut losses, mut numbers) = ([0.0; 2], vec![0.0; Pull::count(2)]);
        ground.pull([0.0, 0.0], &mut losses, &mut numbers);
        let exact = Pull::new(2, &numbers).expect("two tasks");
        let own = sheet.true_pull(1, last).expect("told");
        let own = Pull::new(2, &own).expect("two tasks");
        for (i, j) in [(0, 0), (0, 1), (1, 1)] {
            let size = (exact.product(i, i) * exact.product(j, j)).sqrt();
            check_near(own.product(i, j), exact.product(i, j), 1e-5 * size, link);
        }
        assert_eq!(own.product(0, 1), own.product(1, 0));
        assert!((0..sheet.plan.paths[0].points.len()).all(|idx| sheet.true_pull(0, idx).is_some()));
        // Nobody takes backward passes that no map shows.
        script.what = SurveyWhat::Losses;
        let plain = drawn(&mut script, link, "random~3~2", (11, SurveyWhat::Losses), 1_000);
        assert!(plain.true_pull(1, last).is_none() && script.truths.iter().all(|truth| truth.gramians.is_empty()));
    }
}

/// A clock that moves on by a millisecond whenever somebody looks.
fn hasty() -> Rc<dyn Fn() -> f64> {
    let now = std::cell::Cell::new(0.0);
    Rc::new(move || now.replace(now.get() + 1.0))
}

#[test]
fn planes_that_take_long_are_laid_between_steps() {
    let link = "#v=1&p=two-sines&st=80&m=sum,mgda";
    let mut script = trained(link);
    let at_once = script.plan(1, "pca", 0).expect("a plane");
    let mut script = Script { session: Session::new(hasty()), ..Script::new() };
    script.say(Command::Start { id: RunId(1), link: link.into() });
    script.finish();
    let ask = |script: &mut Script, number: u32| {
        let request = PlanRequest { number, plane: "pca".into(), ..PlanRequest::default() };
        script.say(Command::Plan { id: RunId(1), request });
    };
    // The request before the last is not answered.
    ask(&mut script, 7);
    ask(&mut script, 1);
    let mut pieces = 0;
    while script.planned.is_none() {
        assert!(script.session.wants_to_advance());
        pollster::block_on(script.session.advance());
        script.hear();
        pieces += 1;
    }
    assert!(pieces > 5, "{pieces}");
    // In pieces or at once, it is the same plane.
    assert_eq!(script.planned.take(), Some(Ok(at_once)));
    script.finish();
    assert!(script.truths.iter().all(|truth| truth.number == 1));
    assert_eq!(script.truths.last().map(|truth| truth.done), script.truths.last().map(|truth| truth.of));
}

#[test]
fn lines_tell_their_barrier() {
    let link = "#v=1&p=two-sines&m=sum,mgda";
    let mut script = trained(link);
    let sheet = drawn(&mut script, link, "line~1~2", (161, SurveyWhat::Losses), 0);
    let barriers = sheet.barriers().expect("a line between two ends");
    // Two networks that gave up one task each: straight between them a loss rises above both.
    assert!(
        barriers.iter().all(|barrier| *barrier >= 0.0) && barriers.iter().any(|barrier| *barrier > 0.05),
        "{barriers:?}"
    );
    let length = sheet.plan.axes[0].unit.expect("the line's length");
    assert!((sheet.plan.paths[1].points[200].at[0] - length).abs() < 1e-5 * length);
    // Along one path from its start there is no plane, and a plane has no barrier.
    assert!(drawn(&mut script, link, "pca", (11, SurveyWhat::Losses), 0).barriers().is_none());
}

// -------------------------------------------------------------------- session

#[test]
fn surveys_survive_whatever_comes_meanwhile() {
    let link = "#v=1&p=two-sines&st=50";
    let mut script = trained(link);
    let plan = script.plan(1, "pca", 10).expect("a plane");
    let order = Sheet::new(plan.clone(), 2, 81, SurveyWhat::Losses).order(4, (0, 1));
    let survey =
        |id: u32, number: u32| Command::Survey { id: RunId(id), order: SurveyOrder { number, ..order.clone() } };
    // Nothing is prepared.
    script.say(survey(1, 1));
    let (_, number, refused) = script.surveyed.pop().expect("an answer");
    assert!(number == 1 && refused.expect_err("refused").contains("not been prepared"));
    // Stopped, and taken up anew, as often as one likes.
    script.say(Command::Prepare { id: RunId(2), link: link.into() });
    assert_eq!(script.prepared.pop(), Some(Ok(Prepared { n_tasks: 2, n_parameters: 42 })));
    script.say(survey(2, 2));
    pollster::block_on(script.session.advance());
    script.say(Command::StopSurvey { id: RunId(2) });
    script.say(Command::StopSurvey { id: RunId(7) });
    script.finish();
    let told = |script: &Script, number: u32| {
        let portions = script.surveyed.iter().filter(|(_, of, _)| *of == number);
        portions.map(|(_, _, portion)| portion.as_ref().expect("sound").nodes.len()).sum::<usize>()
    };
    assert!((1..1_000).contains(&told(&script, 2)), "{}", told(&script, 2));
    script.say(survey(2, 3));
    pollster::block_on(script.session.advance());
    // Another order ends this one; another experiment ends them all.
    script.say(survey(2, 4));
    script.finish();
    assert!(told(&script, 3) < 1_000);
    assert_eq!(told(&script, 4), 81 * 81);
    script.say(survey(2, 5));
    script.say(Command::Prepare { id: RunId(3), link: "#v=1&p=toy".into() });
    script.finish();
    assert_eq!(told(&script, 5), 0);
    script.say(survey(2, 6));
    script.say(survey(3, 7));
    let said = |script: &mut Script| script.surveyed.pop().expect("an answer").2.expect_err("refused");
    assert!(said(&mut script).contains("42 parameters, but this experiment has 2"));
    assert!(said(&mut script).contains("not been prepared"));
    // Links that are none, and what cannot be started.
    script.say(Command::Prepare { id: RunId(4), link: "#lr=99".into() });
    assert!(script.prepared.pop().expect("an answer").expect_err("refused").contains("99"));
    script.say(survey(4, 8));
    assert!(said(&mut script).contains("not been prepared"));
    // Too many rows for a map.
    script.say(Command::Prepare { id: RunId(5), link: link.into() });
    let greedy = SurveyOrder { rows: 100_000, ..order.clone() };
    script.say(Command::Survey { id: RunId(5), order: greedy });
    script.finish();
    assert!(script.surveyed.last().expect("an answer").2.is_ok(), "there are not more rows than that");
}

#[test]
fn an_order_waits_for_its_files() {
    let link = "#v=1&p=digits8&m=sum&st=3";
    let mut script = trained(link);
    let plan = script.plan(1, "random~3", 0).expect("a plane");
    let order = Sheet::new(plan, 2, 11, SurveyWhat::Losses).order(1, (0, 1));
    let mut other = Session::new(Rc::new(|| 0.0));
    pollster::block_on(other.handle(Command::Prepare { id: RunId(1), link: link.into() }));
    let names = |session: &mut Session| -> Vec<String> {
        let need = |event| match event {
            Event::NeedFile { name } => Some(name),
            _ => None,
        };
        session.drain().into_iter().filter_map(need).collect()
    };
    let needed = names(&mut other);
    assert_eq!(needed.len(), 1);
    pollster::block_on(other.handle(Command::Survey { id: RunId(1), order: order.clone() }));
    assert!(other.drain().is_empty() && !other.wants_to_advance());
    // Without the file both hear why.
    let missing = Command::File { name: needed[0].clone(), bytes: Err("the server is away".into()) };
    pollster::block_on(other.handle(missing));
    let said = other.drain();
    assert!(
        said.iter().any(|event| matches!(event, Event::Surveyed { portion: Err(why), .. } if why.contains("away")))
    );
    assert!(
        said.iter().any(|event| matches!(event, Event::Prepared { prepared: Err(why), .. } if why.contains("away")))
    );
    pollster::block_on(other.handle(Command::Prepare { id: RunId(2), link: link.into() }));
    let needed = names(&mut other);
    pollster::block_on(other.handle(Command::Survey { id: RunId(2), order }));
    let bytes = fs::read(format!("{}/www/data/{}", env!("CARGO_MANIFEST_DIR"), needed[0])).map_err(|e| e.to_string());
    pollster::block_on(other.handle(Command::File { name: needed[0].clone(), bytes }));
    assert!(other.wants_to_advance());
}

#[test]
fn training_goes_on_beside_plans() {
    let mut script = Script::new();
    script.say(Command::Start { id: RunId(1), link: "#v=1&p=two-sines".into() });
    // The first checkpoint alone: no plane of paths, but one around it.
    for _ in 0..20 {
        pollster::block_on(script.session.advance());
    }
    script.hear();
    assert!(script.plan(1, "pca", 0).is_ok() || script.plan(1, "random", 0).is_ok());
    for wrong in ["sphere", "runs~1~2~9", "parameters", "line~1~1"] {
        assert!(script.plan(2, wrong, 0).expect_err("no such plane").ends_with('.'), "{wrong}");
    }
    // Paused, true losses are told all the same.
    for _ in 0..400 {
        pollster::block_on(script.session.advance());
    }
    let plan = script.plan(3, "pca", 0).expect("a plane");
    script.say(Command::Pause);
    script.truths.clear();
    script.finish();
    let n: usize = script.truths.iter().filter(|truth| truth.number == 3).map(|truth| truth.losses.len() / 2).sum();
    assert_eq!(n, plan.paths.iter().map(|path| path.points.len()).sum::<usize>());
    assert_eq!(script.truths.last().map(|truth| truth.done), script.truths.last().map(|truth| truth.of));
    // An old plan is told no further once there is another, and none belongs to another start.
    script.say(Command::Resume);
    script.plan(4, "pca", 0).expect("a plane");
    script.plan(5, "random", 0).expect("a plane");
    script.truths.clear();
    script.finish();
    assert!(script.truths.iter().all(|truth| truth.number == 5) && !script.truths.is_empty());
    script.planned = None;
    script.say(Command::Plan { id: RunId(8), request: PlanRequest::default() });
    assert!(script.planned.is_none());
}

#[test]
fn diverged_runs_are_drawn_as_far_as_they_are_numbers() {
    let link = "#v=1&p=two-sines&m=sum,mgda&opt=sgd&lr=10&sc=10000,10000&st=200";
    let mut script = trained(link);
    let plan = script.plan(1, "random", 0).expect("a plane around the start");
    let points = || plan.paths.iter().flat_map(|path| &path.points);
    assert!(points().all(|point| point.at.iter().chain([&point.off]).all(|x| x.is_finite())));
    assert_eq!(points().count() as u32 + plan.left_out, script.stored);
    assert!((2..100).contains(&points().count()), "{} checkpoints", points().count());
    script.finish();
    // Their true losses may leave the range of numbers, but are told.
    assert_eq!(script.truths.last().map(|truth| truth.done), Some(points().count() as u32));

    let (_, layout) = layout();
    let paths = walks(2, 4, layout.n_parameters());
    let paths: Vec<Vec<(u32, &[f32])>> =
        paths.iter().map(|path| path.iter().map(|(step, theta)| (*step, &theta[..])).collect()).collect();
    let mut terrain = Terrain {
        paths,
        members: Vec::new(),
        left_out: 2,
        names: vec!["a".into(), "b".into()],
        cursor: 0,
        subject: TerrainSubject::Network(&layout),
        gradients: &mut |_| Vec::new(),
    };
    let plan = pollster::block_on(lay(&mut terrain, &config("#plane=pca").plane(), (1, 1), 0)).expect("a plane");
    assert!(plan.left_out == 2 && plan.notes.iter().any(|note| note.starts_with("2 checkpoints are left out")));
}

// --------------------------------------------------------------- command line

#[cfg(feature = "cli")]
mod command {
    use paretoscope::cli::landscape::landscape;
    use paretoscope::cli::run::{self, RunError, RunOptions, Watch};
    use serde_json::Value;
    use std::fs;
    use std::rc::Rc;

    /// Ends training or the survey when it is told to.
    struct Patience {
        steps: u32,
        nodes: u32,
    }

    impl Watch for Patience {
        fn goes_on(&mut self, _: u32, step: u32, _: u32) -> bool {
            step < self.steps
        }

        fn surveyed(&mut self, done: u32, _: u32) -> bool {
            done < self.nodes
        }
    }

    fn drawn(link: &str, mut patience: Patience) -> Result<Value, RunError> {
        let config = run::read(link, &RunOptions::default())?;
        let file = |name: &str| fs::read(format!("{}/www/data/{name}", env!("CARGO_MANIFEST_DIR")));
        pollster::block_on(landscape(&config, &file, Rc::new(|| 0.0), &mut patience))
    }

    const PATIENT: Patience = Patience { steps: u32::MAX, nodes: u32::MAX };

    #[test]
    fn a_link_becomes_its_map() {
        let link = "#v=1&p=two-sines&m=sum,mgda&st=60&plane=runs~1-0~1~2&height=field~2&grid=21";
        let map = drawn(link, PATIENT).expect("a map");
        assert_eq!(map["plane"], "runs~1-0~1~2");
        let axes = map["axes"].as_array().expect("axes");
        assert!(axes.len() == 2 && axes.iter().all(|axis| axis.as_array().is_some_and(|axis| axis.len() == 21)));
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
        for task in 0..2 {
            for row in 0..21 {
                for column in 0..21 {
                    assert!(number(&map["losses"][task][row][column]) > 0.0);
                    assert!(number(&map["field"][row][column][task]).is_finite());
                }
            }
        }
        assert_eq!(map["height"]["id"], "field~2");
        assert!(map["barriers"].is_null());
        let runs = map["trajectories"].as_array().expect("runs");
        assert_eq!((runs.len(), &runs[0]["id"], &runs[1]["method"]), (2, &"m-sum".into(), &"mgda".into()));
        for run in runs {
            let points = run["points"].as_array().expect("points");
            assert_eq!(points.len(), 61);
            assert!(number(&points[60]["off"]) < 1.001 && number(&points[60]["off_plane"]) < 1e-4, "{}", points[60]);
        }
        assert!(number(&map["residual"]["worst"]["by"]) >= 1.0 && map["residual"]["measure"] == "ratio");
        assert!(number(&map["residual"]["explained"][0]) > 0.0 && map["rows"] == map["of_rows"]);
    }

    #[test]
    fn paths_from_other_starts_are_written_where_they_are_asked_for() {
        let link = "#v=1&p=toy&m=sum,mgda&st=40&grid=11";
        let of = |map: &Value| map["trajectories"].as_array().expect("paths").clone();
        let plain = of(&drawn(link, PATIENT).expect("a map"));
        let all = of(&drawn(&format!("{link}&starts=all"), PATIENT).expect("a map"));
        assert_eq!((plain.len(), all.len(), &plain[..]), (2, 12, &all[..2]));
        assert!(plain.iter().all(|path| path["start"] == "upper-right"));
        let starts: Vec<&Value> = all.iter().step_by(2).map(|path| &path["start"]).collect();
        assert_eq!(starts[1..], ["upper-left", "origin", "left", "right", "lower-left"]);
        for path in &all[2..] {
            let points = path["points"].as_array().expect("points");
            assert!(points.len() == 41 && points[40]["step"] == 40 && path["diverged"].is_null());
            assert!(path["distance_to_set"].as_f64().expect("a known set") > 0.0);
        }
        assert_eq!(all[2]["points"][0]["at"], serde_json::json!([-8.5, 7.5]));
        // On a line through the plane they have no place.
        let line = of(&drawn(&format!("{link}&starts=all&plane=line~1~2"), PATIENT).expect("a map"));
        assert_eq!(line.len(), 2);
    }

    #[test]
    fn what_there_is_is_written_when_patience_ends() {
        let link = "#v=1&p=toy&grid=21";
        let map = drawn(link, Patience { steps: 100, nodes: 600 }).expect("a map");
        assert!(map["exact"] == true && map["trajectories"][0]["points"].as_array().expect("points").len() >= 3);
        let values = map["losses"][0].as_array().expect("rows").iter().flat_map(|row| row.as_array().expect("nodes"));
        let (known, unknown): (Vec<_>, Vec<_>) = values.partition(|value| value.is_number());
        assert!(!known.is_empty() && known.len() + unknown.len() == 441);
    }

    #[test]
    fn wrong_links_and_planes_are_input_errors() {
        for (link, part) in [
            ("#v=1&p=two-sines&plane=sphere", "sphere"),
            ("#v=1&p=two-sines&st=5&plane=parameters", "too many parameters"),
            ("#v=1&p=two-sines&st=5&m=sum&plane=line~1~1", "the same point"),
        ] {
            match drawn(link, PATIENT) {
                Err(RunError::Input(why)) => assert!(why.contains(part), "{why}"),
                other => panic!("{link}: {other:?}"),
            }
        }
    }
}
