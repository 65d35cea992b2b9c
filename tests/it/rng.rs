//! The generator against its published answers, and the distributions drawn from it.

use paretoscope::rng::{Stream, StreamId, normal_quantile, philox4x32};

#[track_caller]
fn check_philox(counter: [u32; 4], key: [u32; 2], expected: [u32; 4]) {
    assert_eq!(philox4x32(counter, key), expected);
}

/// The known-answer tests that the authors publish with Random123.
#[test]
fn philox_known_answers() {
    check_philox([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    check_philox([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    check_philox(
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    );
}

#[test]
fn a_stream_is_addressed_by_seed_stream_sub_and_index() {
    let stream = Stream::new(7, StreamId::Data, 3);
    for index in [0, 1, 2, 3, 4, 5, 1 << 34, u64::MAX] {
        let block = index / 4;
        let words = philox4x32([block as u32, (block >> 32) as u32, 3, 0], [7, StreamId::Data as u32]);
        assert_eq!(stream.u32(index), words[(index % 4) as usize]);
    }
    let others =
        [Stream::new(8, StreamId::Data, 3), Stream::new(7, StreamId::Noise, 3), Stream::new(7, StreamId::Data, 2)];
    for other in others {
        assert_ne!(stream.block(0), other.block(0));
    }
}

/// Links promise the same numbers for ever, so the ids must never move.
#[test]
fn stream_ids_are_frozen() {
    let ids = [
        (StreamId::Init, 1),
        (StreamId::Batches, 2),
        (StreamId::Data, 3),
        (StreamId::Noise, 4),
        (StreamId::Balance, 5),
        (StreamId::Probe, 6),
        (StreamId::Strategy, 7),
        (StreamId::Functions, 8),
    ];
    for (id, value) in ids {
        assert_eq!(id as u32, value);
    }
}

#[test]
fn uniform_draws_fit_f32_and_fill_the_unit_interval() {
    let stream = Stream::new(1, StreamId::Data, 0);
    let n = 40_000;
    let mut cells = [0_u32; 20];
    let mut sum = 0.0;
    for index in 0..n {
        let u = stream.uniform(index);
        assert!((0.0..1.0).contains(&u));
        assert_eq!(f64::from(u as f32), u);
        cells[(u * 20.0) as usize] += 1;
        sum += u;
    }
    assert!((sum / n as f64 - 0.5).abs() < 0.005);
    assert_chi_squared(&cells, n as f64 / 20.0);
}

#[track_caller]
fn check_quantile(p: f64, expected: f64) {
    let error = (normal_quantile(p) - expected).abs();
    assert!(error < 1e-14 * expected.abs().max(1.0), "p = {p}: {} instead of {expected}", normal_quantile(p));
}

/// Exact values to 17 digits, from the inverse error function in 50-digit arithmetic.
#[test]
fn normal_quantiles() {
    check_quantile(0.5, 0.0);
    check_quantile(0.500001, 2.5066282747057052e-06);
    check_quantile(0.55, 0.12566134685507416);
    check_quantile(0.0749, -1.4402382675279637);
    check_quantile(0.075, -1.439531470938456);
    check_quantile(0.0751, -1.43882539275254);
    check_quantile(0.925, 1.4395314709384561);
    check_quantile(0.926, 1.4466320671589787);
    check_quantile(0.975, 1.9599639845400538);
    check_quantile(0.025, -1.9599639845400543);
    check_quantile(0.99, 2.3263478740408408);
    check_quantile(0.001, -3.0902323061678136);
    check_quantile(0.0001, -3.7190164854556804);
    check_quantile(0.99999, 4.264890793923841);
    check_quantile(1e-06, -4.753424308822899);
    check_quantile(1e-08, -5.612001244174789);
    check_quantile(1.1641532182693481e-10, -6.3379577545537895);
    check_quantile(0.9999999998835847, 6.3379577545537895);
    check_quantile(0.3, -0.5244005127080408);
    check_quantile(0.8, 0.8416212335729144);
}

#[test]
fn normal_draws_have_the_moments_of_the_normal_distribution() {
    let stream = Stream::new(5, StreamId::Init, 0);
    let n = 200_000;
    let mut draws = vec![0.0; n];
    stream.fill_normal(0, &mut draws);
    let mean_power = |k: i32| draws.iter().map(|z| z.powi(k)).sum::<f64>() / n as f64;
    // Four standard errors of each sample moment.
    let expected = [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)];
    for (k, moment, variance) in expected {
        let error = (mean_power(k) - moment).abs();
        let bound = 4.0 * f64::sqrt(variance / n as f64);
        assert!(error < bound, "moment {k} is off by {error}, more than {bound}");
    }
    let beyond_two = draws.iter().filter(|z| z.abs() > 2.0).count() as f64 / n as f64;
    assert!((beyond_two - 0.0455).abs() < 0.002);
}

/// The first draws, bit for bit: a change here breaks every published link.
#[test]
fn draws_are_frozen() {
    let stream = Stream::new(42, StreamId::Init, 1);
    let normals: [u64; 4] = [0, 1, 2, 3].map(|i| stream.normal(i).to_bits());
    assert_eq!(stream.block(0), [673_096_351, 703_327_610, 3_556_953_032, 2_512_288_538]);
    assert_eq!(
        normals,
        [13_830_590_667_844_592_254, 13_830_366_535_748_750_734, 4_606_704_579_559_223_124, 4_596_897_707_365_362_996,]
    );
    assert_eq!(stream.permutation(10), [8, 5, 3, 7, 0, 2, 4, 6, 9, 1]);
}

#[test]
fn filled_slices_equal_single_draws() {
    let stream = Stream::new(9, StreamId::Probe, 2);
    for first in [0, 1, 3, 4, 1001] {
        let mut normals = [0.0; 11];
        let mut uniforms = [0.0; 11];
        stream.fill_normal(first, &mut normals);
        stream.fill_uniform(first, &mut uniforms);
        for i in 0..11 {
            assert_eq!(normals[i], stream.normal(first + i as u64));
            assert_eq!(uniforms[i], stream.uniform(first + i as u64));
        }
    }
}

#[test]
fn below_stays_below_and_is_even() {
    let stream = Stream::new(3, StreamId::Balance, 0);
    for n in [1, 2, 3, 7, 10, 1000, u32::MAX] {
        for index in 0..1000 {
            assert!(stream.below(index, n) < n);
        }
    }
    assert_eq!(stream.below(0, 0), 0);
    let mut counts = [0_u32; 7];
    for index in 0..70_000 {
        counts[stream.below(index, 7) as usize] += 1;
    }
    assert_chi_squared(&counts, 10_000.0);
}

#[test]
fn permutations_hold_every_index_once() {
    for n in [0, 1, 2, 5, 100, 1001] {
        let mut order = Stream::new(1, StreamId::Strategy, n).permutation(n);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..n));
    }
}

#[test]
fn permutations_of_three_are_equally_likely() {
    let mut counts = [0_u32; 27];
    for sub in 0..12_000 {
        let order = Stream::new(0, StreamId::Balance, sub).permutation(3);
        counts[(order[0] * 9 + order[1] * 3 + order[2]) as usize] += 1;
    }
    let seen: Vec<u32> = counts.into_iter().filter(|&c| c > 0).collect();
    assert_eq!(seen.len(), 6);
    assert_chi_squared(&seen, 2000.0);
}

/// Fails where the counts lie further from even than one in ten thousand would.
#[track_caller]
fn assert_chi_squared(counts: &[u32], expected: f64) {
    let degrees = counts.len() as f64 - 1.0;
    let statistic: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    // Wilson and Hilferty's cube approximation of the quantile.
    let spread = 2.0 / (9.0 * degrees);
    let limit = degrees * (1.0 - spread + 3.72 * spread.sqrt()).powi(3);
    assert!(statistic < limit, "χ² = {statistic}, limit {limit}: {counts:?}");
}
