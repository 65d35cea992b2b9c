// UPGrad: every gradient projected onto the dual cone, then all are averaged (src/balance/upgrad.rs).

// M/trace M + ridge I as scale lengths; the matrix with unit diagonal is cone_a (src/balance/solve/dual_cone.rs).
var<private> scale_lengths: array<f32, 16>;

fn prepare() {
    let k = n_tasks;
    var longest = 1e-38;
    for (var i = 0u; i < k; i++) {
        longest = max(longest, norms[i]);
    }
    var trace = 1e-38;
    for (var i = 0u; i < k; i++) {
        let relative = norms[i] / longest;
        trace += relative * relative;
    }
    trace = sqrt(trace);
    var shrink: array<f32, 16>;
    for (var i = 0u; i < k; i++) {
        let own = norms[i] / longest / trace;
        scale_lengths[i] = sqrt(own * own + settings().y);
        shrink[i] = select(0.0, own / scale_lengths[i], scale_lengths[i] > 0.0);
    }
    for (var i = 0u; i < k; i++) {
        for (var j = 0u; j < k; j++) {
            cone_a[i * k + j] = select(cosine(i, j) * shrink[i] * shrink[j], 1.0, i == j);
        }
    }
}

fn weigh() {
    let k = n_tasks;
    var square = 0.0;
    for (var i = 0u; i < k; i++) {
        square += norms[i] * norms[i];
        w[i] = preference(i);
    }
    // Below this trace M counts as 0.
    if (square < settings().x) {
        return;
    }
    prepare();
    for (var i = 0u; i < k; i++) {
        // One row alone, in units of its own weight: the aim is 1 at i.
        let largest = preference(i) * scale_lengths[i];
        for (var j = 0u; j < k; j++) {
            cone_b[j] = select(0.0, -cone_a[j * k + i], largest > 0.0);
        }
        settled = project_on_cone() && settled;
        for (var j = 0u; j < k; j++) {
            if (scale_lengths[j] > 0.0 && cone_z[j] != 0.0) {
                w[j] += cone_z[j] * (largest / scale_lengths[j]);
                if (j != i) {
                    moved_by[i] |= 1u << j;
                }
            }
        }
    }
}
