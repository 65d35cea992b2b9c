//! Two ways for a product to join a sum: one with the same bits everywhere, and one that rounds once.

use paretoscope::backend::cpu::Cpu;
use paretoscope::backend::{Apply, Combine};
use paretoscope::bench::{BATCHES, Order, SIZES, Size, cyclic};
use paretoscope::kernels::gemm::{Packing, View, gemm};
use paretoscope::kernels::listed::{By, Lists, Places};
use paretoscope::kernels::{Arithmetic, Means};
use paretoscope::rng::{Stream, StreamId};

const WAYS: [Arithmetic; 2] = [Arithmetic::Separate, Arithmetic::Fused];

fn values(n: usize, index: u32) -> Vec<f32> {
    let draws = Stream::new(5, StreamId::Data, index);
    (0..n).map(|at| draws.normal(at as u64) as f32).collect()
}

fn packing(arithmetic: Arithmetic) -> Packing<f32> {
    Packing::of(Means { arithmetic, ..Means::default() })
}

/// sum + a·b by this way, one number at a time.
fn added(arithmetic: Arithmetic, sum: f32, a: f32, b: f32) -> f32 {
    match arithmetic {
        Arithmetic::Separate => sum + a * b,
        Arithmetic::Fused => a.mul_add(b, sum),
    }
}

/// Tiles, blocks of depth and heads of one output, bit for bit against sums of single numbers.
#[test]
fn a_product_adds_as_it_was_told() {
    for (m, n, k) in [(9, 11, 300), (64, 32, 32), (32, 1, 70)] {
        let (a, b) = (values(m * k, 1), values(k * n, 2));
        let mut sums = Vec::new();
        for way in WAYS {
            let mut c = vec![f32::NAN; m * n];
            // A by columns: few columns of C are sums along those then, in the order of the depth.
            gemm((m, n, k), View::transposed(&a, m), View::rows(&b, n), &mut c, &mut packing(way));
            for (at, &c) in c.iter().enumerate() {
                let (i, j) = (at / n, at % n);
                let block =
                    |from: usize, to: usize| (from..to).fold(0.0, |sum, p| added(way, sum, a[p * m + i], b[p * n + j]));
                let first = block(0, k.min(256));
                let expect = if k > 256 { first + block(256, k) } else { first };
                // The head of one output weighs A by B, and the other way round is the same product.
                assert_eq!(c.to_bits(), expect.to_bits(), "{way:?} {m}×{n}×{k} at {i}, {j}: {c} and {expect}");
            }
            sums.push(c);
        }
        assert!(sums[0] != sums[1], "{m}×{n}×{k}: both ways are one");
    }
}

#[test]
fn lists_add_as_they_were_told() {
    let (tasks, rows, units, below) = (5, 40, 19, 9);
    let y: Vec<f32> = values(rows * units, 3).into_iter().map(|y| y.max(0.0)).collect();
    let dy: Vec<f32> = values(tasks * rows * units, 4)
        .iter()
        .zip(y.iter().cycle())
        .map(|(d, y)| if *y > 0.0 { *d } else { 0.0 })
        .collect();
    let x = values(rows * below, 5);
    let mut products = Vec::new();
    for way in WAYS {
        let mut lists = Lists::default();
        lists.sort((tasks, units), By::Unit, &y, &dy);
        let mut out = vec![f32::NAN; tasks * below * units];
        let places = Places { task: below * units, step: 1, stride: units };
        lists.times((rows, below), |row, input| x[row * below + input], (places, &mut out), &packing(way));
        for (at, &got) in out.iter().enumerate() {
            let (task, input, unit) = (at / (below * units), at / units % below, at % units);
            let on = (0..rows).filter(|row| y[row * units + unit] > 0.0);
            let expect = on
                .fold(0.0, |sum, row| added(way, sum, dy[(task * rows + row) * units + unit], x[row * below + input]));
            assert_eq!(got.to_bits(), expect.to_bits(), "{way:?}, task {task}, input {input}, unit {unit}");
        }
        products.push(out);
    }
    assert!(products[0] != products[1], "both ways are one");
}

/// θ after three steps of PCGrad.
fn trained(size: &Size, arithmetic: Arithmetic) -> (Vec<f32>, Vec<f64>) {
    let (workload, theta) = size.workload();
    let mut cpu = Cpu::<f32>::with(workload, theta, Means { arithmetic, ..Means::default() });
    let (mut losses, mut m) = (vec![0.0; size.tasks], vec![0.0; size.tasks * size.tasks]);
    let (mut w, ones) = (vec![0.0; size.tasks], vec![1.0; size.tasks]);
    for step in 0..3 {
        let rows: Vec<u32> =
            (0..size.rows as u32).map(|row| step as u32 % BATCHES as u32 * size.rows as u32 + row).collect();
        cpu.gradients(&rows, &mut losses, &mut m);
        cyclic(&m, &mut w);
        let combine = Combine::Rows(&w);
        cpu.apply(Apply { combine, head_weights: &ones, learning_rate: 1e-3, aside: 0.0, probe: false });
    }
    (cpu.parameters().to_vec(), losses)
}

#[test]
fn steps_agree_but_for_last_bits() {
    for id in ["S", "M"] {
        let size = SIZES.iter().find(|size| size.id == id).unwrap();
        let [separate, fused] = WAYS.map(|way| trained(size, way));
        assert!(separate.0 != fused.0, "{id}: nothing is fused");
        for (a, b) in separate.1.iter().zip(&fused.1) {
            assert!((a / b - 1.0).abs() < 1e-5, "{id}: losses {a} and {b}");
        }
        let off = separate.0.iter().zip(&fused.0).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
        assert!(off < 1e-4, "{id}: parameters are {off} apart");
    }
}

#[test]
fn the_benchmark_takes_either_and_says_what_it_cannot() {
    let order = |query: &str| Order::of_query(query);
    assert_eq!(order("size=S&arithmetic=separate").unwrap().arithmetic, Arithmetic::Separate);
    assert_eq!(order("size=S&arithmetic=fused").unwrap().arithmetic, Arithmetic::Fused);
    assert_eq!(order("size=S").unwrap().arithmetic, Arithmetic::FASTEST);
    assert!(order("size=S&arithmetic=exact").unwrap_err().contains("separate or fused"));
    assert!(order("size=S&backend=gpu&arithmetic=fused").unwrap_err().contains("CPU"));
}
