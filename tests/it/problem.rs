//! Analytic problems: every entry of the registry, and the toy against published-code values.

use paretoscope::data::DATASETS;
use paretoscope::measure::front::{dominates, nondominated};
use paretoscope::problem::{Edge, PROBLEMS, Parameter, Problem, problem};
use paretoscope::rng::{Stream, StreamId};
use serde_json::Value;

fn losses(problem: &Problem, x: &[f64]) -> Vec<f64> {
    let mut losses = vec![f64::NAN; problem.n_tasks()];
    (problem.losses)(x, &mut losses);
    losses
}

/// (K, P)
fn gradients(problem: &Problem, x: &[f64]) -> Vec<f64> {
    let mut rows = vec![f64::NAN; problem.n_tasks() * problem.n_parameters];
    (problem.gradients)(x, &mut rows);
    rows
}

/// Points spread over the box, `margin` of its width away from its walls.
fn points(problem: &Problem, n: usize, margin: f64) -> Vec<Vec<f64>> {
    let stream = Stream::new(7, StreamId::Data, 0);
    let width = problem.bounds.high - problem.bounds.low;
    let at = |index: usize| problem.bounds.low + width * (margin + (1.0 - 2.0 * margin) * stream.uniform(index as u64));
    (0..n).map(|i| (0..problem.n_parameters).map(|j| at(i * problem.n_parameters + j)).collect()).collect()
}

/// Pareto-optimal points with the losses the front claims for them.
fn front(problem: &Problem, n: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
    let Some(front) = &problem.front else { return Vec::new() };
    let of = |at: [f64; 2]| {
        let (mut x, mut losses) = (vec![f64::NAN; problem.n_parameters], vec![f64::NAN; problem.n_tasks()]);
        (front.set)(&at, &mut x);
        (front.losses)(&at, &mut losses);
        (x, losses)
    };
    front.samples(n).into_iter().flatten().map(of).collect()
}

#[test]
fn entries_are_complete() {
    for problem in PROBLEMS {
        let id = problem.id;
        let kebab = |id: &str| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(kebab(id) && !id.is_empty());
        assert!(DATASETS.iter().all(|source| source.id != id), "{id} is a data set too");
        assert_eq!(PROBLEMS.iter().filter(|other| other.id == id).count(), 1, "{id}");
        for text in [problem.label, problem.about, problem.source] {
            assert!(text.len() > 3, "{id}: {text}");
        }
        assert!((2..=16).contains(&problem.n_tasks()) && problem.floor.len() == problem.n_tasks(), "{id}");
        assert!(problem.bounds.low < problem.bounds.high);
        assert!(!problem.starts.is_empty(), "{id}");
        for start in problem.starts {
            assert!(kebab(start.id) && start.id.starts_with(|c: char| c.is_ascii_lowercase()), "{id} {}", start.id);
            assert_eq!(start.x.len(), problem.n_parameters, "{id} {}", start.id);
            assert!(start.x.iter().all(|x| (problem.bounds.low..=problem.bounds.high).contains(x)), "{id}");
            assert_eq!(problem.starts.iter().filter(|other| other.id == start.id || other.x == start.x).count(), 1);
        }
    }
}

#[test]
fn gradients_are_those_of_the_losses() {
    const STEP: f64 = 1e-6;
    for problem in PROBLEMS {
        let p = problem.n_parameters;
        for x in points(problem, 60, 0.01) {
            let rows = gradients(problem, &x);
            for j in 0..p {
                let moved = |by: f64| {
                    let mut x = x.clone();
                    x[j] += by;
                    losses(problem, &x)
                };
                for (task, (up, down)) in moved(STEP).iter().zip(moved(-STEP)).enumerate() {
                    let slope = (up - down) / (2.0 * STEP);
                    let given = rows[task * p + j];
                    // Central differences keep about eight digits of losses up to 50.
                    assert!((slope - given).abs() < 1e-6 * (1.0 + given.abs()), "{}: {given} is {slope}", problem.id);
                }
            }
        }
    }
}

#[test]
fn nothing_inside_the_box_is_not_a_number() {
    for problem in PROBLEMS {
        let (low, high) = (problem.bounds.low, problem.bounds.high);
        let p = problem.n_parameters;
        let mut tried = points(problem, 500, 0.0);
        for value in [low, high, 0.5 * (low + high), 0.0] {
            tried.push(vec![value; p]);
            let mut mixed = vec![high; p];
            mixed[0] = value;
            tried.push(mixed);
        }
        tried.extend(problem.starts.iter().map(|start| start.x.to_vec()));
        for x in tried {
            let found = losses(problem, &x);
            assert!(found.iter().chain(&gradients(problem, &x)).all(|v| v.is_finite()), "{} at {x:?}", problem.id);
            assert!(found.iter().zip(problem.floor).all(|(loss, floor)| loss >= floor), "{} at {x:?}", problem.id);
        }
    }
}

#[test]
fn fronts_are_where_their_sets_say_and_nothing_beats_them() {
    for problem in PROBLEMS {
        let n = if problem.front.is_some_and(|front| front.parameter == Parameter::Square) { 9 } else { 41 };
        let front = front(problem, n);
        let points: Vec<Vec<f64>> = front.iter().map(|(_, losses)| losses.clone()).collect();
        assert!(nondominated(&points).iter().all(|&free| free), "{}: the front beats itself", problem.id);
        let stream = Stream::new(3, StreamId::Data, 1);
        let (low, high) = (problem.bounds.low, problem.bounds.high);
        for (i, (x, claimed)) in front.iter().enumerate() {
            for (loss, claimed) in losses(problem, x).iter().zip(claimed) {
                assert!(
                    (loss - claimed).abs() < 1e-12 * (1.0 + claimed.abs()),
                    "{}: {loss}, not {claimed}",
                    problem.id
                );
            }
            for neighbor in 0..200 {
                let reach = (high - low) * [1e-2, 1e-4][neighbor % 2];
                let moved: Vec<f64> = (0..x.len())
                    .map(|j| stream.normal(((i * 200 + neighbor) * x.len() + j) as u64))
                    .zip(x)
                    .map(|(shift, x)| (x + reach * shift).clamp(low, high))
                    .collect();
                // Beyond rounding.
                let found: Vec<f64> = losses(problem, &moved).iter().map(|loss| loss + 1e-11).collect();
                assert!(!dominates(&found, claimed), "{}: {moved:?} beats {x:?}", problem.id);
            }
        }
    }
}

#[test]
fn walls_hold_and_open_edges_do_not() {
    for problem in PROBLEMS {
        let mut x = vec![problem.bounds.high + 1.0; problem.n_parameters];
        problem.confine(&mut x);
        let held = problem.bounds.high + if problem.bounds.edge == Edge::Wall { 0.0 } else { 1.0 };
        assert!(x.iter().all(|x| *x == held), "{}", problem.id);
    }
}

#[test]
fn the_toy_is_the_published_one() {
    let file: Value =
        serde_json::from_str(include_str!("../data/toy_golden.json")).expect("the file of golden values is JSON");
    let toy = problem("toy").expect("the toy is registered");
    let list =
        |value: &Value| -> Vec<f64> { value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect() };
    let allowed = file["point_tol"].as_f64().expect("a tolerance");
    let points = file["points"].as_array().expect("a list of points");
    assert_eq!(points.len(), 50);
    for point in points {
        let x = list(&point["x"]);
        let found = [losses(toy, &x), gradients(toy, &x)].concat();
        let expected = [list(&point["L"]), list(&point["g1"]), list(&point["g2"])].concat();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let off = (found - expected).abs() / (1.0 + expected.abs());
            assert!(off <= allowed, "at {x:?}: {found}, not {expected}");
        }
    }
}
