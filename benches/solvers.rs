//! Time of one call of every Gramian method at K = 2, 4, 8 and 16: `cargo bench --bench solvers`.
//!
//! The matrices are a formula, so that other programs (`benches/torchjd.py`) can time theirs on the same ones.

use divan::{Bencher, black_box};
use paretoscope::balance::{Balancer, Gramian, METHODS, Setup, StepContext, method};

/// P of the matrices: small enough that sixteen tasks conflict.
const N_SHARED: usize = 20;

fn main() {
    divan::main();
}

/// Ids of the registered Gramian methods.
fn gramian_methods() -> impl Iterator<Item = &'static str> {
    METHODS.iter().filter(|method| method.build.stage() == "gramian").map(|method| method.id)
}

/// Entry p of row i is sin(n²) with n = i·P + p + 1: spread like an arcsine law, without pattern.
fn rows(n_tasks: usize) -> Vec<Vec<f64>> {
    let entry = |n: usize| libm::sin((n * n) as f64);
    (0..n_tasks).map(|i| (1..=N_SHARED).map(|p| entry(i * N_SHARED + p)).collect()).collect()
}

/// Weights from a Gramian that is at hand; methods with state keep it from call to call.
#[divan::bench(args = gramian_methods(), consts = [2, 4, 8, 16], sample_count = 1000)]
fn weights<const K: usize>(bencher: Bencher, id: &str) {
    let rows = rows(K);
    let slices: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let gramian = Gramian::from_rows(&slices);
    let losses: Vec<f64> = (1..=K).map(|i| i as f64 / K as f64).collect();
    let preference = [1.0 / K as f64; K];
    let method = method(id).expect("an id from the registry");
    let Balancer::Gramian(mut balancer) = method.new_balancer(&Setup { n_tasks: K, knobs: method.default_knobs() })
    else {
        unreachable!("{id} was listed as a Gramian method");
    };
    let mut w = [0.0; K];
    let mut step = 0;
    bencher.bench_local(|| {
        let ctx = StepContext {
            losses: &losses,
            first_losses: &losses,
            epoch_means: None,
            preference: &preference,
            learning_rate: 0.01,
            step,
            seed: 1,
            served: Default::default(),
        };
        step += 1;
        black_box(balancer.weights(&ctx, black_box(&gramian), &mut w));
    });
    assert!(w.iter().all(|w| w.is_finite()), "{id}: {w:?}");
}
