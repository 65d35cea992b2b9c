//! The linear programs of preference methods, against a search over the whole simplex.

use paretoscope::balance::solve::linear::Program;
use proptest::prelude::*;

/// Points of the simplex in three variables, on a grid.
fn simplex() -> impl Iterator<Item = [f64; 3]> {
    let n = 60;
    (0..=n).flat_map(move |i| (0..=n - i).map(move |j| [i, j, n - i - j].map(|part| f64::from(part) / f64::from(n))))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn vector() -> impl Strategy<Value = [f64; 3]> {
    // Halves make ties and degenerate corners common.
    let entry = || prop_oneof![-1.0..1.0_f64, (-2..=2_i32).prop_map(|n| f64::from(n) / 2.0)];
    [entry(), entry(), entry()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_point_of_the_simplex_is_better(
        c in vector(),
        rows in prop::collection::vec((vector(), -0.5..0.5_f64), 0..=4),
    ) {
        let mut program = Program::default();
        program.equal(&[1.0; 3], 1.0);
        for (a, bound) in &rows {
            program.at_least(a, *bound);
        }
        let mut x = [0.0; 3];
        let found = program.maximize(&c, &mut x);
        let keeps = |x: &[f64; 3], slack: f64| rows.iter().all(|(a, bound)| dot(a, x) >= bound - slack);
        let best = simplex().filter(|x| keeps(x, 0.0)).map(|x| dot(&c, &x)).fold(f64::NEG_INFINITY, f64::max);
        if found {
            prop_assert!(x.iter().all(|&x| x >= 0.0) && (dot(&x, &[1.0; 3]) - 1.0).abs() < 1e-9, "{x:?}");
            prop_assert!(keeps(&x, 1e-9), "{x:?} breaks a constraint");
            prop_assert!(dot(&c, &x) >= best - 1e-9, "{x:?} gives {}, the grid {best}", dot(&c, &x));
        } else {
            prop_assert!(best == f64::NEG_INFINITY, "the grid has a point with {best}");
        }
    }
}

#[test]
fn a_program_without_a_solution_says_so() {
    let mut program = Program::default();
    program.equal(&[1.0, 1.0], 1.0);
    program.at_least(&[1.0, 1.0], 2.0);
    assert!(!program.maximize(&[1.0, 0.0], &mut [0.0; 2]));
    program.pop();
    let mut x = [0.0; 2];
    assert!(program.maximize(&[1.0, 0.0], &mut x));
    assert_eq!(x, [1.0, 0.0]);
    // Nothing bounds x from above.
    assert!(!Program::default().maximize(&[1.0], &mut [0.0]));
}
