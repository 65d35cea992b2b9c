//! Threads change how long a step takes, and no bit of what it computes.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine};
use paretoscope::bench::{BATCHES, SIZES, Size};
use paretoscope::kernels::gemm::{Packing, View, gemm};
use paretoscope::kernels::{Means, Team};
use paretoscope::threads::Threads;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A team that counts how often it was called.
#[derive(Debug)]
struct Counted(Threads, AtomicUsize);

impl Team for Counted {
    fn size(&self) -> usize {
        self.0.size()
    }

    fn call(&self, part: &(dyn Fn(usize) + Sync)) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.call(part);
    }
}

fn counted(size: usize) -> Arc<Counted> {
    Arc::new(Counted(Threads::start(size), AtomicUsize::new(0)))
}

/// θ after three steps, and the losses and M before each.
fn trained(size: &Size, team: Option<Arc<dyn Team>>) -> (Vec<f32>, Vec<f64>) {
    let (workload, theta) = size.workload();
    let mut cpu = Cpu::<f32>::with(workload, theta, Means { team, ..Means::default() });
    let k = size.tasks;
    let (mut losses, mut m, ones) = (vec![0.0; k], vec![0.0; k * k], vec![1.0; k]);
    let mut told = Vec::new();
    for batch in 0..3 {
        let first = (batch % BATCHES * size.rows) as u32;
        let rows: Vec<u32> = (first..first + size.rows as u32).collect();
        cpu.gradients(&rows, &mut losses, &mut m);
        told.extend_from_slice(&losses);
        told.extend_from_slice(&m);
        let combine = Combine::Rows(&ones);
        cpu.apply(Apply { combine, head_weights: &ones, learning_rate: 1e-3, aside: 0.0, probe: false });
    }
    (cpu.parameters().to_vec(), told)
}

#[test]
fn a_step_is_the_same_to_the_last_bit_with_any_number_of_threads() {
    // L goes by lists, M by dense products.
    for id in ["M", "L"] {
        let size = SIZES.iter().find(|size| size.id == id).expect("a size");
        let alone = trained(size, None);
        for members in [2, 3, 5] {
            let team = counted(members);
            let shared = trained(size, Some(team.clone()));
            assert!(team.1.load(Ordering::Relaxed) >= 3 * 5, "{id}: the team was hardly called");
            assert!(alone == shared, "{id} with {members} threads differs");
        }
    }
}

#[test]
fn small_kernels_are_left_to_one_thread() {
    let size = SIZES.iter().find(|size| size.id == "S").expect("a size");
    let team = counted(2);
    assert!(trained(size, Some(team.clone())) == trained(size, None));
    assert_eq!(team.1.load(Ordering::Relaxed), 0);
}

#[test]
fn rows_that_do_not_divide_are_all_computed() {
    let (m, n, k) = (203, 61, 97);
    let values = |n: usize| (0..n).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<f32>>();
    let (a, b) = (values(m * k), values(k * n));
    let mut alone = vec![f32::NAN; m * n];
    gemm((m, n, k), View::transposed(&a, m), View::rows(&b, n), &mut alone, &mut Packing::default());
    for members in [2, 3, 7, 16] {
        let mut shared = vec![f32::NAN; m * n];
        let mut packing = Packing::of(Means { team: Some(counted(members)), ..Means::default() });
        gemm((m, n, k), View::transposed(&a, m), View::rows(&b, n), &mut shared, &mut packing);
        assert!(alone == shared, "{members} threads");
    }
}
