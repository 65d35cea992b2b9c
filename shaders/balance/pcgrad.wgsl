// PCGrad: every gradient loses its part against those it conflicts with, in coefficients (src/balance/pcgrad.rs).

const GIVEN: f32 = 0.0;
const DRAWN: f32 = 1.0;
// Task i meets i + 1, i + 2 and so on in turn: no draws, as in the bench.
const CYCLIC: f32 = 2.0;

fn weigh() {
    let k = n_tasks;
    var order: array<u32, 16>;
    var x: array<f32, 16>;
    for (var i = 0u; i < k; i++) {
        w[i] = 0.0;
    }
    for (var i = 0u; i < k; i++) {
        if (norms[i] == 0.0) {
            w[i] += 1.0;
            continue;
        }
        for (var j = 0u; j < k; j++) {
            order[j] = select(j, (i + j) % k, settings().x == CYCLIC);
            x[j] = 0.0;
        }
        if (settings().x == DRAWN) {
            for (var j = k - 1u; j > 0u; j--) {
                let other = draw_below(i * k + j, j + 1u);
                let held = order[j];
                order[j] = order[other];
                order[other] = held;
            }
        }
        // The projected row in unit rows.
        x[i] = 1.0;
        for (var s = 0u; s < k; s++) {
            let j = order[s];
            if (j == i || norms[j] == 0.0) {
                continue;
            }
            var along = 0.0;
            for (var l = 0u; l < k; l++) {
                along += x[l] * cosine(l, j);
            }
            if (along < 0.0) {
                x[j] -= along;
                moved_by[i] |= 1u << j;
            }
        }
        for (var j = 0u; j < k; j++) {
            if (x[j] != 0.0) {
                w[j] += x[j] * (norms[i] / norms[j]);
            }
        }
    }
}
